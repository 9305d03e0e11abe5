//! Command line to matches, in the order and with the words of fisk, the parser of natscli. Must not know what a command
//! does.

use super::{
    FileError, Files,
    spec::{Command, Kind, Param, Spec},
    values,
};
use std::{collections::VecDeque, rc::Rc};

/// What ends a command, or a command line that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// `nats: error: …`, exit code 1. May have several lines.
    Error(String),
    /// As [`Failure::Error`], but the program ends where it comes up: nothing is said around it.
    Fatal(String),
    /// `error: …`, an empty line and the usage block, exit code 1.
    Usage(String),
    /// Nothing more to say.
    Exit(i32),
}

impl Failure {
    /// The same error with words in front.
    pub fn context(self, words: &str) -> Failure {
        match self {
            Failure::Error(text) => Failure::Error(format!("{words}: {text}")),
            other => other,
        }
    }
}

impl<T: Into<String>> From<T> for Failure {
    fn from(text: T) -> Failure {
        Failure::Error(text.into())
    }
}

impl From<crate::client::Error> for Failure {
    fn from(error: crate::client::Error) -> Failure {
        Failure::Error(error.to_string())
    }
}

/// A flag or argument with the value it was given.
#[derive(Clone, Debug)]
pub struct Element {
    /// Which one.
    pub param: Param,
    /// `true` and `false` for flags without a value.
    pub value: String,
}

/// What a command line says.
pub struct Parsed<'a> {
    /// Innermost command named.
    pub command: &'a Command,
    /// Flags and arguments in the order they came.
    pub elements: Vec<Element>,
    /// What was wrong with the rest.
    pub error: Option<Failure>,
    /// Words after `help`, when that was the command.
    pub help: Option<Vec<String>>,
}

impl Parsed<'_> {
    /// Whether a flag without a value was given.
    pub fn has(&self, flag: &str) -> bool {
        self.elements
            .iter()
            .any(|e| !e.param.argument && e.param.name == flag)
    }

    /// Whether this is a command to be run, whatever other commands and help there may be.
    pub fn settled(&self, spec: &Spec) -> bool {
        let asks = self.error.is_some() || self.help.is_some();
        let shows = self.has("help") || self.has("version");
        !asks && !shows && spec.children(self.command).next().is_none()
    }
}

/// Files of arguments that a command line may have.
const MOST_FILES: usize = 100;

#[derive(Clone, Debug)]
enum Token {
    Argument(String),
    Long(String),
    Short(String),
    Error(String),
}

struct Tokens<'a> {
    words: VecDeque<String>,
    pushed: Vec<Token>,
    plain: bool,
    files: &'a Rc<dyn Files>,
    /// Files of arguments that may still be read: one may name itself.
    more_files: usize,
}

impl Tokens<'_> {
    /// Short flags are cut off their bundle with the flags known at that point.
    fn next(&mut self, flags: &[&Param]) -> Option<Token> {
        if let Some(token) = self.pushed.pop() {
            return Some(token);
        }
        let mut word = self.words.pop_front()?;
        // None of them is an argument, not even those after the first.
        while word == "--" {
            self.plain = true;
            word = self.words.pop_front()?;
        }
        if self.plain {
            return Some(Token::Argument(word));
        }
        if let Some(long) = word.strip_prefix("--") {
            return Some(match long.split_once('=') {
                Some((name, value)) => {
                    self.pushed.push(Token::Argument(value.into()));
                    Token::Long(name.into())
                }
                None => Token::Long(long.into()),
            });
        }
        if let Some(bundle) = word.strip_prefix('-') {
            let Some(first) = bundle.chars().next() else {
                return Some(Token::Argument(String::new()));
            };
            let rest = &bundle[first.len_utf8()..];
            if !rest.is_empty() {
                let takes_value =
                    |f: &&&Param| f.short == Some(first) && !matches!(f.kind, Kind::Bool);
                if flags.iter().any(|f| takes_value(&f)) {
                    self.pushed.push(Token::Argument(rest.into()));
                } else {
                    self.words.push_front(format!("-{rest}"));
                }
            }
            return Some(Token::Short(first.into()));
        }
        if let Some(path) = word.strip_prefix('@') {
            return match self.expand(path) {
                Ok(()) => self.next(flags),
                Err(error) => Some(Token::Error(error)),
            };
        }
        Some(Token::Argument(word))
    }

    /// `@file`: its lines come instead, one argument each.
    fn expand(&mut self, path: &str) -> Result<(), String> {
        if path.is_empty() {
            return Err("expected @ file to expand arguments from".into());
        }
        let more = self.more_files.checked_sub(1);
        self.more_files = more.ok_or("too many files of arguments")?;
        let content = self.files.read(path).map_err(|error| {
            let why = error.text();
            format!(
                "failed to open arguments file {}: open {path}: {why}",
                values::quote(path)
            )
        })?;
        let text = String::from_utf8_lossy(&content);
        let lines = text
            .lines()
            .filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
        for (at, line) in lines.enumerate() {
            self.words.insert(at, line.into());
        }
        Ok(())
    }
}

/// Matches a command line until its first error.
pub fn parse<'a>(spec: &'a Spec, words: &[String], files: &Rc<dyn Files>) -> Parsed<'a> {
    let mut tokens = Tokens {
        words: words.to_vec().into(),
        pushed: Vec::new(),
        plain: false,
        files,
        more_files: MOST_FILES,
    };
    let root = spec.root();
    let mut parsed = Parsed {
        command: root,
        elements: Vec::new(),
        error: None,
        help: None,
    };
    let mut flags: Vec<&Param> = root.flags().collect();
    let mut arguments: Vec<&Param> = Vec::new();
    let mut used = 0;
    loop {
        match tokens.next(&flags) {
            None => break,
            Some(Token::Error(text)) => {
                parsed.error = Some(Failure::Error(text));
                break;
            }
            Some(token @ (Token::Long(_) | Token::Short(_))) => {
                match flag(&mut tokens, &flags, token) {
                    Ok(element) => parsed.elements.push(element),
                    Err(error) => {
                        parsed.error = Some(Failure::Usage(error));
                        break;
                    }
                }
            }
            Some(Token::Argument(word)) => {
                if let Some(words) = &mut parsed.help {
                    words.push(word);
                } else if spec.children(parsed.command).next().is_some() {
                    if parsed.command.path.is_empty() && word == "help" {
                        parsed.help = Some(Vec::new());
                        continue;
                    }
                    let Some(command) = spec.child(parsed.command, &word) else {
                        parsed.error = Some(Failure::Usage(format!(
                            "expected command but got {}, use --help for full help including flags and arguments",
                            values::quote(&word)
                        )));
                        break;
                    };
                    parsed.command = command;
                    flags.extend(command.flags());
                    arguments = command.arguments().collect();
                } else if let Some(param) = arguments.get(used) {
                    used += usize::from(!param.rest);
                    parsed.elements.push(Element {
                        param: (*param).clone(),
                        value: word,
                    });
                } else {
                    parsed.error = Some(Failure::Usage(format!("unexpected argument {word}")));
                    break;
                }
            }
        }
    }
    parsed
}

fn flag(tokens: &mut Tokens, flags: &[&Param], token: Token) -> Result<Element, String> {
    // A command's own flags win over those around it.
    let long = |name: &str| flags.iter().rev().find(|f| f.name == name);
    let (param, inverted, shown) = match &token {
        Token::Long(name) => {
            let positive = name
                .strip_prefix("no-")
                .and_then(long)
                .filter(|f| f.negatable);
            let found = long(name)
                .map(|f| (f, false))
                .or(positive.map(|f| (f, true)));
            let (param, inverted) = found.ok_or_else(|| format!("unknown long flag '--{name}'"))?;
            (param, inverted, format!("--{name}"))
        }
        Token::Short(name) => {
            let found = flags
                .iter()
                .rev()
                .find(|f| f.short.is_some() && f.short == name.chars().next());
            let param = found.ok_or_else(|| format!("unknown short flag '-{name}'"))?;
            (param, false, format!("-{name}"))
        }
        Token::Argument(_) | Token::Error(_) => return Err("unexpected argument".into()),
    };
    let value = if matches!(param.kind, Kind::Bool) {
        if inverted {
            "false".into()
        } else {
            "true".into()
        }
    } else {
        match tokens.next(flags) {
            Some(Token::Argument(value)) => value,
            _ => return Err(format!("expected argument for flag '{shown}'")),
        }
    };
    Ok(Element {
        param: (*param).clone(),
        value,
    })
}

/// Flags and arguments in scope of a command.
fn scope<'a>(spec: &'a Spec, command: &Command) -> Vec<&'a Param> {
    spec.lineage(command)
        .into_iter()
        .flat_map(|c| c.params.iter())
        .collect()
}

/// Values of a command's flags and arguments: given, else from the environment, else the default.
#[derive(Clone, Debug, Default)]
pub struct Values {
    given: Vec<Element>,
    /// From variables of the environment.
    env: Vec<(&'static str, String)>,
    defaults: Vec<(bool, &'static str, &'static str)>,
}

impl Values {
    /// Takes what was parsed; reads variables for what was not. Errors are those of step 2 of fisk.
    pub fn new(
        spec: &Spec,
        parsed: &Parsed,
        env: &dyn Fn(&str) -> Option<String>,
        files: &Rc<dyn Files>,
    ) -> Result<Values, Failure> {
        let mut values = Values {
            given: parsed.elements.clone(),
            ..Values::default()
        };
        for param in scope(spec, parsed.command) {
            if let Some(default) = param.default {
                values.defaults.push((param.argument, param.name, default));
            }
            let Some(text) = param.env.and_then(env).filter(|t| !t.is_empty()) else {
                continue;
            };
            if !parsed.has(param.name) && !parsed.has("help") {
                check_value(param.kind, &text, files)?;
                values.env.push((param.name, text));
            }
        }
        Ok(values)
    }

    fn last(&self, argument: bool, name: &str) -> Option<&str> {
        let mut given = self.given.iter().rev();
        let found = given.find(|e| e.param.argument == argument && e.param.name == name);
        let from_env = || {
            let found = self.env.iter().find(|(n, _)| *n == name && !argument);
            found.map(|(_, text)| text.as_str())
        };
        let default = || {
            let found = self
                .defaults
                .iter()
                .rev()
                .find(|d| (d.0, d.1) == (argument, name));
            found.map(|d| d.2)
        };
        found
            .map(|e| e.value.as_str())
            .or_else(from_env)
            .or_else(default)
    }

    /// An argument; empty if there is none.
    pub fn arg(&self, name: &str) -> &str {
        self.last(true, name).unwrap_or_default()
    }

    /// Whether an argument was given, empty or not.
    pub fn has_arg(&self, name: &str) -> bool {
        self.given
            .iter()
            .any(|e| e.param.argument && e.param.name == name)
    }

    /// All values of an argument that takes the rest.
    pub fn args(&self, name: &str) -> Vec<String> {
        let of = |e: &&Element| e.param.argument && e.param.name == name;
        self.given
            .iter()
            .filter(of)
            .map(|e| e.value.clone())
            .collect()
    }

    /// Text of a flag; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.last(false, name).unwrap_or_default()
    }

    /// Whether a flag stands on the command line.
    pub fn given(&self, name: &str) -> bool {
        self.given
            .iter()
            .any(|e| !e.param.argument && e.param.name == name)
    }

    /// A flag without a value.
    pub fn is(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// All values of a flag that may be repeated.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.list_of(&[name])
    }

    /// All values that several flags put into one list, in order.
    pub fn list_of(&self, names: &[&str]) -> Vec<String> {
        let of = |e: &&Element| !e.param.argument && names.contains(&e.param.name);
        self.given
            .iter()
            .filter(of)
            .map(|e| e.value.clone())
            .collect()
    }

    /// Entries of a map flag, in order.
    pub fn map(&self, name: &str) -> Vec<(String, String)> {
        self.map_of(&[name])
    }

    /// Entries of a map that several flags fill, in order.
    pub fn map_of(&self, names: &[&str]) -> Vec<(String, String)> {
        let of = |e: &&Element| !e.param.argument && names.contains(&e.param.name);
        let pair = |e: &Element| {
            let (key, value) = values::pair(&e.value).ok()?;
            Some((key.to_string(), value.to_string()))
        };
        self.given.iter().filter(of).filter_map(pair).collect()
    }

    /// A duration in ns; 0 if not given.
    pub fn duration(&self, name: &str) -> i64 {
        values::duration(self.text(name)).unwrap_or(0)
    }

    /// A number, read as its flag's type is; 0 if not given.
    pub fn int(&self, name: &str) -> i64 {
        let text = self.text(name);
        let of = |e: &&Element| !e.param.argument && e.param.name == name;
        let number = match self.given.iter().find(of).map(|e| &e.param.kind) {
            Some(Kind::Int(read)) => read(text),
            _ => values::int64(text),
        };
        number.unwrap_or(0)
    }

    /// Of two names of a flag the one given last, which counts.
    pub fn either(&self, names: [&'static str; 2]) -> &'static str {
        let mut given = self.given.iter().rev();
        let last = given.find(|e| !e.param.argument && names.contains(&e.param.name));
        last.map_or(names[0], |element| element.param.name)
    }

    /// A number of two names, of which the one given last counts.
    pub fn int_of_either(&self, names: [&'static str; 2]) -> i64 {
        self.int(self.either(names))
    }

    /// An unsigned number; 0 if not given.
    pub fn uint(&self, name: &str) -> u64 {
        values::uint(self.text(name), 64).unwrap_or(0)
    }
}

/// Checks what flags have validators for, before any value is set.
pub fn check_bounds(parsed: &Parsed) -> Result<(), Failure> {
    for element in &parsed.elements {
        if let Kind::Int64(Some(bounds)) = element.param.kind {
            values::check_bounds(element.param.name, bounds, &element.value)?;
        }
    }
    Ok(())
}

/// Sets all values in the order they came: how many could be, and what is wrong with the next.
pub fn check_values(parsed: &Parsed, files: &Rc<dyn Files>) -> (usize, Result<(), Failure>) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, Element { param, value }) in parsed.elements.iter().enumerate() {
        if !param.argument {
            let repeatable = matches!(param.kind, Kind::List | Kind::Map);
            if seen.contains(&param.name) && !repeatable {
                let words = format!("flag '{}' cannot be repeated", param.name);
                return (index, Err(Failure::Usage(words)));
            }
            seen.push(param.name);
        }
        if let Err(why) = check_value(param.kind, value, files) {
            return (index, Err(why.into()));
        }
    }
    (parsed.elements.len(), Ok(()))
}

fn check_value(kind: Kind, value: &str, files: &Rc<dyn Files>) -> Result<(), String> {
    let Kind::File = kind else {
        return values::check(kind, value);
    };
    match files.read(value) {
        Err(FileError::Missing) => Err(format!("path '{value}' does not exist")),
        Err(FileError::Folder) => {
            let name = value.trim_end_matches('/').rsplit('/').next();
            let name = name.filter(|name| !name.is_empty()).unwrap_or("/");
            Err(format!("'{name}' is a directory"))
        }
        _ => Ok(()),
    }
}

/// Checks the sizes among the first values, which natscli does early and in an order of its own: that of the command's flags.
pub fn check_sizes(parsed: &Parsed, set: usize) -> Result<(), Failure> {
    for param in &parsed.command.params {
        let Kind::Size(bits) = param.kind else {
            continue;
        };
        let given = parsed.elements.iter().take(set);
        for element in given.filter(|e| e.param.name == param.name && !e.value.is_empty()) {
            values::size(&element.value, bits)?;
        }
    }
    Ok(())
}

/// Checks that nothing required is missing.
pub fn check_required(spec: &Spec, parsed: &Parsed, values: &Values) -> Result<(), Failure> {
    let scope = scope(spec, parsed.command);
    let missing =
        |param: &&&Param| param.required && values.last(param.argument, param.name).is_none();
    let flags: Vec<String> = scope
        .iter()
        .filter(|p| !p.argument)
        .filter(missing)
        .map(|p| format!("--{}", p.name))
        .collect();
    if !flags.is_empty() {
        let plural = if flags.len() > 1 { "s" } else { "" };
        let names = flags.join(", ");
        return Err(Failure::Usage(format!(
            "required flag{plural} {names} not provided"
        )));
    }
    match scope.iter().filter(|p| p.argument).find(missing) {
        Some(param) => Err(Failure::Usage(format!(
            "required argument '{}' not provided",
            param.name
        ))),
        None => Ok(()),
    }
}
