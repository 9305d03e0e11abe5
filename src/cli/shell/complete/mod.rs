//! What Tab puts in: commands and flags from the table of `nats`, names from the server, files, variables. The server is
//! asked with `nats` itself, in a subshell that prints to nobody.

mod line;

use super::{
    builtins,
    exec::Context,
    stdio::{Input, Output},
    word::quote,
};
use crate::{
    cli::{
        Io,
        race::{First, race},
        spec::{Command, Kind, Param, Spec},
    },
    client::transport::LocalFuture,
    wire::time::SECOND,
};
use line::Line;
use std::{cell::RefCell, rc::Rc};

/// What Tab does to a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Characters left of the cursor that `insert` replaces.
    pub replaced: usize,
    /// What all candidates begin with; the whole word and a blank if there is just one. Nothing to do if empty.
    pub insert: String,
    /// What fits, in order, to be listed at the second Tab.
    pub candidates: Vec<String>,
}

/// How long the server may take, in ns.
const PATIENCE: i64 = SECOND;
/// Candidates that are looked at.
const MOST: usize = 10_000;
/// Flags of `nats-server` that are taken here.
const SERVER: &[&str] = &[
    "--addr",
    "--auth",
    "--debug",
    "--help",
    "--jetstream",
    "--net",
    "--pass",
    "--port",
    "--signal",
    "--store_dir",
    "--trace",
    "--user",
    "--version",
    "-DV",
    "-js",
];

/// A candidate and whether more of the word may follow (a folder, `--flag=`).
struct Candidate {
    text: String,
    open: bool,
}

impl From<&str> for Candidate {
    fn from(text: &str) -> Candidate {
        Candidate {
            text: text.to_string(),
            open: false,
        }
    }
}

/// Completes the word that ends `text`.
pub fn complete(context: Context, text: String) -> LocalFuture<'static, Completion> {
    Box::pin(completion(context, text))
}

async fn completion(context: Context, text: String) -> Completion {
    let line = Line::new(&text);
    if line.quote == Some('\n') {
        return Completion::default();
    }
    if let Some((sign, name)) = line.variable() {
        return variables(&context, sign, name);
    }
    let mut candidates = candidates(&context, &line).await;
    candidates.retain(|candidate| candidate.text.starts_with(&line.word));
    candidates.truncate(MOST);
    let typed = |text: &str| match line.quote {
        Some('"') => {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}", escaped.replace('$', "\\$").replace('`', "\\`"))
        }
        Some(_) => format!("'{}", text.replace('\'', "'\\''")),
        None if text.is_empty() => String::new(),
        None => quote(text),
    };
    let insert = match candidates.as_slice() {
        [] => String::new(),
        [only] => {
            let close = line.quote.map(String::from).unwrap_or_default();
            let end = if only.open {
                String::new()
            } else {
                format!("{close} ")
            };
            format!("{}{end}", typed(&only.text))
        }
        several => typed(common(several)),
    };
    Completion {
        replaced: line.raw.chars().count(),
        insert,
        candidates: candidates
            .into_iter()
            .map(|candidate| candidate.text)
            .collect(),
    }
}

/// What all begin with.
fn common(candidates: &[Candidate]) -> &str {
    let first = candidates.first().map_or("", |candidate| &candidate.text);
    let mut length = first.len();
    for candidate in candidates {
        let same = first.char_indices().zip(candidate.text.chars());
        let differs = same
            .into_iter()
            .find(|((_, a), b)| a != b)
            .map(|((at, _), _)| at);
        length = length.min(differs.unwrap_or(candidate.text.len()));
    }
    first.get(..length).unwrap_or_default()
}

fn variables(context: &Context, sign: &str, name: &str) -> Completion {
    let variables = context.scope.variables.borrow();
    let names = variables.iter().map(|(name, _, _)| name.to_string());
    let names: Vec<Candidate> = names
        .filter(|known| known.starts_with(name))
        .map(|text| Candidate { text, open: false })
        .collect();
    let close = if sign == "${" { "}" } else { "" };
    let insert = match names.as_slice() {
        [] => String::new(),
        [only] => format!("{sign}{}{close}", only.text),
        several => format!("{sign}{}", common(several)),
    };
    Completion {
        replaced: sign.len() + name.len(),
        insert,
        candidates: names
            .into_iter()
            .map(|name| format!("{sign}{}{close}", name.text))
            .collect(),
    }
}

async fn candidates(context: &Context, line: &Line) -> Vec<Candidate> {
    let Some(name) = line.words.first() else {
        if line.file {
            return files(context, &line.word);
        }
        let names = builtins::TERMINAL.iter().chain(builtins::NAMES);
        return names.map(|(name, _)| Candidate::from(*name)).collect();
    };
    match name.as_str() {
        _ if line.file => files(context, &line.word),
        "nats" => nats(context, line).await,
        "nats-server" if line.word.starts_with('-') => {
            SERVER.iter().map(|flag| Candidate::from(*flag)).collect()
        }
        "export" | "unset" | "read" => {
            let variables = context.scope.variables.borrow();
            variables
                .iter()
                .map(|(name, _, _)| Candidate::from(name))
                .collect()
        }
        "help" => {
            let names = builtins::TERMINAL.iter().chain(builtins::NAMES);
            names.map(|(name, _)| Candidate::from(*name)).collect()
        }
        _ => files(context, &line.word),
    }
}

/// Files and folders that begin like this path.
fn files(context: &Context, path: &str) -> Vec<Candidate> {
    let files = context.io.files();
    let folder = path
        .rfind('/')
        .map_or("", |at| path.get(..=at).unwrap_or_default());
    let names = files.list(if folder.is_empty() { "." } else { folder });
    let candidate = |name: String| {
        let text = format!("{folder}{name}");
        let open = files.list(&text).is_ok();
        Candidate {
            text: if open { format!("{text}/") } else { text },
            open,
        }
    };
    names
        .unwrap_or_default()
        .into_iter()
        .map(candidate)
        .collect()
}

/// What a word after `nats` may be.
async fn nats(context: &Context, line: &Line) -> Vec<Candidate> {
    let Ok(rest) = (context.shell.session.parts.rest)().await else {
        return Vec::new();
    };
    let spec = (rest.spec)();
    let mut typed = Typed {
        command: spec.root(),
        given: Vec::new(),
        connection: Vec::new(),
    };
    let mut words = line.words.iter().skip(1);
    while let Some(word) = words.next() {
        if let Some((name, value)) = flag_of(word) {
            let Some(flag) = typed.flag(&spec, name) else {
                continue;
            };
            let value = match value {
                Some(value) => value.to_string(),
                None if matches!(flag.kind, Kind::Bool) => continue,
                None => match words.next() {
                    Some(value) => value.clone(),
                    // The value is what is being typed.
                    None => return typed.values(context, flag, "").await,
                },
            };
            if spec.root().flags().any(|root| root.name == flag.name) && flag.name != "timeout" {
                typed.connection.push(format!("--{}={value}", flag.name));
            }
        } else if let Some(child) = spec
            .child(typed.command, word)
            .filter(|_| typed.given.is_empty())
        {
            typed.command = child;
        } else if typed.command.path.is_empty() && word == "help" {
            // `nats help kv …` names commands.
        } else {
            typed.given.push(word.clone());
        }
    }
    if let Some((name, Some(value))) = flag_of(&line.word) {
        let prefix = line.word.strip_suffix(value).unwrap_or_default();
        return match typed.flag(&spec, name) {
            Some(flag) => typed.values(context, flag, prefix).await,
            None => Vec::new(),
        };
    }
    if line.word.starts_with('-') {
        return typed.flags(&spec, &line.word);
    }
    let children: Vec<Candidate> = spec
        .children(typed.command)
        .filter(|child| !child.hidden && child.instead.is_none())
        .map(|child| Candidate::from(child.name()))
        .collect();
    if !children.is_empty() && !typed.given.is_empty() {
        // After a word that is no command of the group nothing is right.
        return Vec::new();
    }
    if !children.is_empty() {
        // An alias typed in full is a word of its own.
        if let Some(child) = spec.child(typed.command, &line.word)
            && !children.iter().any(|c| c.text.starts_with(&line.word))
        {
            let alias = child.aliases.iter().find(|alias| **alias == line.word);
            return alias
                .map(|alias| Candidate::from(*alias))
                .into_iter()
                .collect();
        }
        return children;
    }
    let arguments: Vec<&Param> = typed.command.arguments().collect();
    let argument = arguments
        .get(typed.given.len())
        .or(arguments.last().filter(|a| a.rest));
    match argument {
        Some(argument) => typed.values(context, argument, "").await,
        None => Vec::new(),
    }
}

/// The name of a flag, and its value after `=`.
fn flag_of(word: &str) -> Option<(&str, Option<&str>)> {
    let name = word.strip_prefix('-').filter(|name| *name != "-")?;
    if let Some(long) = name.strip_prefix('-') {
        return Some(match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        });
    }
    Some((name, None))
}

/// What has been typed after `nats`.
struct Typed<'a> {
    command: &'a Command,
    /// Arguments.
    given: Vec<String>,
    /// Flags that say where to connect.
    connection: Vec<String>,
}

impl<'a> Typed<'a> {
    /// The flag of this name, one letter too.
    fn flag(&self, spec: &'a Spec, name: &str) -> Option<&'a Param> {
        let plain = name.strip_prefix("no-").unwrap_or(name);
        let mut flags = spec
            .lineage(self.command)
            .into_iter()
            .rev()
            .flat_map(Command::flags);
        flags.find(|flag| {
            let letter = flag.short.is_some_and(|short| name == short.to_string());
            letter || flag.name == name || (flag.negatable && flag.name == plain)
        })
    }

    fn flags(&self, spec: &'a Spec, word: &str) -> Vec<Candidate> {
        let negated = word.starts_with("--no-");
        let flags = spec
            .lineage(self.command)
            .into_iter()
            .rev()
            .flat_map(Command::flags);
        let shown = flags.filter(|flag| !flag.hidden);
        let names = shown.flat_map(|flag| {
            let plain = format!("--{}", flag.name);
            let negated = (negated && flag.negatable).then(|| format!("--no-{}", flag.name));
            [Some(plain), negated].into_iter().flatten()
        });
        names.map(|text| Candidate { text, open: false }).collect()
    }

    /// What an argument or a flag may be, after `prefix`.
    async fn values(&self, context: &Context, param: &Param, prefix: &str) -> Vec<Candidate> {
        let group = self.command.path.split(' ').next().unwrap_or_default();
        let of_buckets = group == "kv";
        let first = self.given.first().map(String::as_str);
        let listing: Vec<&str> = match (param.name, param.kind) {
            (_, Kind::Enum(values)) => {
                // Not `m` beside `memory`.
                let short = |value: &&str| {
                    let mut others = values.split(',');
                    others.any(|other| other != *value && other.starts_with(value))
                };
                let whole = values.split(',').filter(|value| !short(value));
                return prefixed(whole, prefix);
            }
            (_, Kind::File) | ("creds" | "nkey", _) => {
                return prefixed(
                    files(context, "").iter().map(|file| file.text.as_str()),
                    prefix,
                );
            }
            ("bucket", _) => vec!["kv", "ls", "--names"],
            ("mirror" | "source", _) if of_buckets => vec!["kv", "ls", "--names"],
            ("key", _) => match first {
                Some(bucket) => vec!["kv", "ls", bucket, "--names"],
                None => return Vec::new(),
            },
            ("stream" | "mirror" | "source", _) => vec!["stream", "ls", "--names"],
            ("consumer", _) => match first {
                Some(stream) => vec!["consumer", "ls", stream, "--names"],
                None => return Vec::new(),
            },
            ("name" | "context", _) if group == "context" || !param.argument => {
                vec!["context", "ls", "--names"]
            }
            _ => return Vec::new(),
        };
        let output = self.ask(context, &listing).await;
        // What is no name is a sentence that says there are none.
        let names = output
            .lines()
            .filter(|line| !line.is_empty() && !line.contains(' '));
        prefixed(names, prefix)
    }

    /// What a `nats` command prints, as far as it gets in time; nothing if it fails.
    async fn ask(&self, context: &Context, words: &[&str]) -> String {
        let collected = Rc::new(RefCell::new(Vec::new()));
        let mut inner = context.subshell();
        let mut io = (*inner.io).clone();
        (io.input, io.error) = (Input::Null, Output::Null);
        io.output = Output::Collect(collected.clone());
        io.background = true;
        inner.io = Rc::new(io);
        let mut command = vec!["nats".to_string()];
        command.extend(self.connection.iter().cloned());
        command.extend(words.iter().map(|word| word.to_string()));
        let mut patience = context.shell.session.runtime.sleep(PATIENCE);
        match race(&mut inner.run(command), &mut patience).await {
            First::Left(status) if status != 0 => String::new(),
            _ => String::from_utf8_lossy(&collected.borrow()).into_owned(),
        }
    }
}

fn prefixed<'a>(values: impl Iterator<Item = &'a str>, prefix: &str) -> Vec<Candidate> {
    let candidate = |value: &str| Candidate {
        text: format!("{prefix}{value}"),
        open: value.ends_with('/'),
    };
    values.map(candidate).collect()
}
