//! What the small commands share: their options, and lines from files or standard input.

use super::super::{
    LONGEST,
    exec::{Context, failed},
    stdio::{Input, Stdio, Stream},
};
use crate::cli::Io;
use std::{collections::VecDeque, rc::Rc};

/// Options and operands of a command line.
pub struct Arguments {
    /// Letters in order, with their value if they take one.
    pub options: Vec<(char, String)>,
    /// The rest.
    pub operands: Vec<String>,
}

impl Arguments {
    /// Whether an option was given.
    pub fn has(&self, option: char) -> bool {
        self.options.iter().any(|(letter, _)| *letter == option)
    }

    /// The value of an option, the last one if given again.
    pub fn value(&self, option: char) -> Option<&str> {
        let mut found = self.options.iter().rev();
        let found = found.find(|(letter, _)| *letter == option)?;
        Some(&found.1)
    }
}

/// What a command takes: letters, a `:` after those with a value, then `,long=letter` for each long name.
pub type Takes = &'static str;

/// Sorts a command line out as getopt does; the error is written, with `status` to return.
pub fn arguments(
    context: &Context,
    name: &str,
    takes: Takes,
    words: &[String],
    status: i32,
) -> Result<Arguments, i32> {
    let fail = |what: String| {
        let text = format!("{name}: {what}\nTry '{name} --help' for more information.\n");
        context.io.stderr(text.as_bytes());
        Err(status)
    };
    let (letters, long) = takes.split_once(',').unwrap_or((takes, ""));
    let with_value = |letter: char| letters.contains(&format!("{letter}:"));
    let mut found = Arguments {
        options: Vec::new(),
        operands: Vec::new(),
    };
    let mut words: VecDeque<String> = words.to_vec().into();
    while let Some(word) = words.pop_front() {
        if word == "--" {
            found.operands.extend(words);
            break;
        }
        if let Some(option) = word.strip_prefix("--") {
            let (option, value) = match option.split_once('=') {
                Some((option, value)) => (option, Some(value.to_string())),
                None => (option, None),
            };
            let letter = long
                .split(',')
                .filter_map(|pair| pair.split_once('='))
                .find(|(name, _)| *name == option)
                .and_then(|(_, letter)| letter.chars().next());
            let Some(letter) = letter else {
                return fail(format!("unrecognized option '--{option}'"));
            };
            let value = match value {
                None if with_value(letter) => words.pop_front(),
                value => Some(value.unwrap_or_default()),
            };
            let Some(value) = value else {
                return fail(format!("option '--{option}' requires an argument"));
            };
            found.options.push((letter, value));
        } else if word.len() > 1 && word.starts_with('-') {
            let mut rest = word.get(1..).unwrap_or_default();
            while let Some(letter) = rest.chars().next() {
                rest = rest.get(letter.len_utf8()..).unwrap_or_default();
                if letter == ':' || !letters.contains(letter) {
                    return fail(format!("invalid option -- '{letter}'"));
                }
                let mut value = String::new();
                if with_value(letter) {
                    value = match rest {
                        "" => match words.pop_front() {
                            Some(value) => value,
                            None => {
                                return fail(format!("option requires an argument -- '{letter}'"));
                            }
                        },
                        rest => rest.to_string(),
                    };
                    rest = "";
                }
                found.options.push((letter, value));
            }
        } else {
            found.operands.push(word);
        }
    }
    Ok(found)
}

/// The content of files one after the other, or standard input for `-` and where none is named.
pub struct Source {
    io: Rc<Stdio>,
    files: VecDeque<String>,
    current: Option<Input>,
    /// The name of the file being read, `-` for standard input.
    pub name: String,
    /// How a file that cannot be read is complained of: `cat: {}`.
    complaint: &'static str,
    /// One could not be read.
    pub failed: bool,
}

impl Source {
    /// Reads these; `complaint` has `{}` in it for the file and its error.
    pub fn new(context: &Context, mut files: Vec<String>, complaint: &'static str) -> Source {
        if files.is_empty() {
            files.push("-".to_string());
        }
        Source {
            io: context.io.clone(),
            files: files.into(),
            current: None,
            name: String::new(),
            complaint,
            failed: false,
        }
    }

    /// Opens the next file that can be read; `false` after the last.
    pub fn open(&mut self) -> bool {
        while let Some(name) = self.files.pop_front() {
            self.name = name;
            if self.name == "-" {
                self.current = Some(self.io.input.clone());
                return true;
            }
            match self.io.files().read(&self.name) {
                Ok(content) => {
                    self.current = Some(Input::Stream(Stream::of(content)));
                    return true;
                }
                Err(error) => {
                    let why = failed(&self.name, &error);
                    let why = match self.complaint.contains('\'') {
                        // `cannot open 'FILE' for reading: WHY`
                        true => self.complaint.replacen("{}", &self.name, 1).replacen(
                            "{}",
                            why.get(self.name.len() + 2..).unwrap_or_default(),
                            1,
                        ),
                        false => self.complaint.replacen("{}", &why, 1),
                    };
                    self.io.stderr(format!("{why}\n").as_bytes());
                    self.failed = true;
                }
            }
        }
        self.current = None;
        false
    }

    /// The next bytes of the open file.
    pub async fn chunk(&mut self) -> Option<Vec<u8>> {
        self.reader()?.read().await
    }

    /// The next line of the open file, with its newline.
    pub async fn line(&mut self) -> Option<Vec<u8>> {
        self.reader()?.read_line().await
    }

    fn reader(&self) -> Option<Stdio> {
        Some(Stdio {
            input: self.current.clone()?,
            ..(*self.io).clone()
        })
    }

    /// The next line of all files.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(line) = self.line().await {
                return Some(line);
            }
            if !self.open() {
                return None;
            }
        }
    }

    /// Everything that is left of the open file, if there is room for it.
    pub async fn rest(&mut self) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await {
            all.extend(chunk);
            if !self.has_room(all.len()) {
                return None;
            }
        }
        Some(all)
    }

    /// Whether a command may keep so many bytes; says so if not, and has failed then.
    pub fn has_room(&mut self, bytes: usize) -> bool {
        let room = bytes <= LONGEST;
        if !room {
            let name = self.complaint.split(':').next().unwrap_or_default();
            self.io
                .stderr(format!("{name}: memory exhausted\n").as_bytes());
            self.failed = true;
        }
        room
    }
}
