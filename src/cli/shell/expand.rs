//! Words to arguments: braces, variables, substitutions, splitting. Commands in `$(…)` are run by [`exec`](super::exec).

use super::{
    LONGEST, arithmetic,
    ast::{Change, List, Piece, Word},
    braces,
    exec::Context,
    glob,
    options::Options,
    stdio::Output,
};
use crate::client::transport::LocalFuture;
use std::{cell::RefCell, rc::Rc};

/// Arguments of one command; the shortest are empty.
const MOST: usize = 2_000_000;
/// What bash says where there is no room.
const TOO_LARGE: &str = "cannot allocate memory";

/// Arguments in the making.
struct Fields {
    done: Vec<String>,
    current: Option<String>,
    /// Whether blanks in values split.
    split: bool,
    bytes: usize,
}

impl Fields {
    fn new(split: bool) -> Fields {
        Fields {
            done: Vec::new(),
            current: None,
            split,
            bytes: 0,
        }
    }

    fn add(&mut self, text: &str, quoted: bool) -> Result<(), String> {
        self.bytes += text.len();
        if self.bytes > LONGEST {
            return Err(TOO_LARGE.to_string());
        }
        if quoted || !self.split {
            self.current.get_or_insert_default().push_str(text);
            return Ok(());
        }
        for (index, part) in text.split([' ', '\t', '\n']).enumerate() {
            if index > 0 {
                self.end()?;
            }
            if !part.is_empty() {
                self.current.get_or_insert_default().push_str(part);
            }
        }
        Ok(())
    }

    /// The current argument, if there is one, is whole.
    fn end(&mut self) -> Result<(), String> {
        self.done.extend(self.current.take());
        if self.done.len() > MOST {
            return Err(TOO_LARGE.to_string());
        }
        Ok(())
    }
}

impl Context {
    /// The arguments that words stand for; one each unless their values are split. Errors are what bash says after `bash: `.
    pub(super) async fn words(&self, words: &[Word], split: bool) -> Result<Vec<String>, String> {
        let mut fields = Fields::new(split);
        for word in words {
            for word in braces::expand(word)? {
                self.pieces(&word, true, &mut fields).await?;
                if !split {
                    fields.current.get_or_insert_default();
                }
                fields.end()?;
            }
        }
        Ok(fields.done)
    }

    /// The one text that a word stands for.
    pub(super) async fn text(&self, word: &Word) -> Result<String, String> {
        let mut fields = Fields::new(false);
        self.pieces(word, true, &mut fields).await?;
        Ok(fields.current.unwrap_or_default())
    }

    /// Adds what a word stands for; a whole word may begin with the home folder's `~`.
    fn pieces<'a>(
        &'a self,
        word: &'a Word,
        whole: bool,
        fields: &'a mut Fields,
    ) -> LocalFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let mut tilde = whole && starts_with_tilde(word);
            if tilde {
                fields.add(&self.value("HOME").unwrap_or_default(), true)?;
            }
            for piece in &word.0 {
                match piece {
                    Piece::Text { text, quoted } => {
                        let skip = usize::from(std::mem::take(&mut tilde));
                        // What stands in `${X-a b}` is split as a value is.
                        let text = text.get(skip..).unwrap_or_default();
                        fields.add(text, whole || *quoted)?;
                    }
                    Piece::Variable {
                        name,
                        change,
                        quoted,
                    } => self.variable(name, change, *quoted, fields).await?,
                    Piece::Command { list, quoted } => {
                        let output = self.substitute(list).await?;
                        fields.add(&output, *quoted)?;
                    }
                    Piece::Arithmetic { expression, quoted } => {
                        let value = self.arithmetic(expression).await?;
                        fields.add(&value.to_string(), *quoted)?;
                    }
                }
            }
            Ok(())
        })
    }

    /// The value of an expression.
    pub(super) async fn arithmetic(&self, expression: &Word) -> Result<i64, String> {
        let text = self.text(expression).await?;
        arithmetic::evaluate(&text, &mut *self.scope.variables.borrow_mut())
    }

    async fn variable(
        &self,
        name: &str,
        change: &Change,
        quoted: bool,
        fields: &mut Fields,
    ) -> Result<(), String> {
        let value = self.value(name);
        let excused = matches!(change, Change::Default { .. } | Change::Unknown(_))
            || matches!(name, "@" | "*");
        if value.is_none() && !excused && self.scope.options.get().nounset {
            return Err(format!("{name}: unbound variable"));
        }
        match change {
            Change::None => match value {
                Some(value) => fields.add(&value, quoted),
                // `"$@"` is no argument at all; there are none here.
                None if quoted && name != "@" => fields.add("", true),
                None => Ok(()),
            },
            Change::Unknown(text) => Err(format!("${{{text}: bad substitution")),
            Change::Length => {
                let length = value.unwrap_or_default().chars().count();
                fields.add(&length.to_string(), quoted)
            }
            Change::Strip {
                end,
                longest,
                pattern,
            } => {
                let pattern = self.text(pattern).await?;
                let value = value.unwrap_or_default();
                fields.add(glob::strip(&value, &pattern, *end, *longest), quoted)
            }
            Change::Default {
                operator,
                or_empty,
                word,
            } => {
                let value = value.filter(|value| !value.is_empty() || !or_empty);
                match (operator, value) {
                    ('+', None) => fields.add("", quoted),
                    ('+', Some(_)) | ('-', None) => self.pieces(word, false, fields).await,
                    ('=', None) => {
                        let text = self.text(word).await?;
                        self.scope.variables.borrow_mut().set(name, text.as_str());
                        fields.add(&text, quoted)
                    }
                    (_, None) => {
                        let why = self.text(word).await?;
                        Err(match why.as_str() {
                            "" => format!("{name}: parameter null or not set"),
                            why => format!("{name}: {why}"),
                        })
                    }
                    (_, Some(value)) => fields.add(&value, quoted),
                }
            }
        }
    }

    /// The value of a variable, special ones too.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        Some(match name {
            "?" => self.scope.status.get().to_string(),
            "#" => "0".to_string(),
            "$" => super::jobs::SHELL_PID.to_string(),
            "!" => self.shell.jobs.last_pid()?.to_string(),
            "0" => "bash".to_string(),
            "-" => "i".to_string(),
            "RANDOM" => (self.shell.session.runtime.random() % 32_768).to_string(),
            name => {
                let variables = self.scope.variables.borrow();
                return match variables.get(name) {
                    Some(value) => Some(value.to_string()),
                    None => match variables.exported(name) {
                        Some(value) => value,
                        None => self.io.base.env(name),
                    },
                };
            }
        })
    }

    /// What `$(…)` prints, without the newlines at its end.
    async fn substitute(&self, list: &List) -> Result<String, String> {
        let collected = Rc::new(RefCell::new(Vec::new()));
        let mut inner = self.subshell();
        let mut io = (*self.io).clone();
        io.output = Output::Collect(collected.clone());
        io.variables = inner.scope.variables.clone();
        inner.io = Rc::new(io);
        // As in bash, which lets `-e` look at the command around it only.
        let options = inner.scope.options.get();
        inner.scope.options.set(Options {
            errexit: false,
            ..options
        });
        let status = inner.list(list).await;
        self.scope.substituted.set(Some(status));
        let mut output = collected.take();
        if output.len() > LONGEST {
            return Err("command substitution: cannot allocate memory".to_string());
        }
        output.retain(|byte| *byte != 0);
        let end = output
            .iter()
            .rposition(|b| *b != b'\n')
            .map_or(0, |at| at + 1);
        output.truncate(end);
        Ok(String::from_utf8_lossy(&output).into_owned())
    }
}

fn starts_with_tilde(word: &Word) -> bool {
    match word.0.first() {
        Some(Piece::Text {
            text,
            quoted: false,
        }) => text.starts_with("~/") || (text == "~" && word.0.len() == 1),
        _ => false,
    }
}
