//! Text to [`ast`](super::ast): commands, lists, redirections; words are in [`word`](super::word). Total: any text gives a
//! tree or an error in bash's words. Runs nothing.

use super::ast::{Command, Item, Kind, List, Pipeline, Redirect, Redirection, Word};
use std::rc::Rc;

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What bash says after `bash: `.
    pub message: String,
    /// The text ends too early: more lines could make it right.
    pub incomplete: bool,
}

/// Nesting that is refused: it keeps every recursion over a tree within the stack.
const DEEPEST: usize = 50;

/// Words with a meaning of their own where a command begins.
pub(super) const RESERVED: &[&str] = &[
    "for", "in", "do", "done", "while", "until", "if", "then", "elif", "else", "fi", "{", "}", "!",
    "time", "case", "esac", "function", "select",
];

/// Parses a whole text.
pub fn parse(text: &str) -> Result<List, ParseError> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        bodies: None,
    };
    parser.whole()
}

/// How long the first command of a text is, to the end of its last line; `None` if it has no end, or ends in the text's last line.
pub(super) fn first_command(text: &str) -> Option<usize> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        bodies: None,
    };
    match parser.line() {
        Err(error) if error.incomplete => return None,
        _ => parser.at += parser.rest().find('\n')?,
    }
    parser.newline();
    Some(parser.at)
}

/// The text and where the parser is in it.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    depth: usize,
    /// Where the bodies of here-documents begin (at a newline) and end.
    pub(super) bodies: Option<(usize, usize)>,
}

pub(super) type Parsed<T> = Result<T, ParseError>;

impl Parser<'_> {
    pub(super) fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Steps over `expected` if it is next.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// A list that ends with the text.
    pub(super) fn whole(&mut self) -> Parsed<List> {
        let list = self.list()?;
        match self.peek() {
            None => Ok(list),
            Some(_) => Err(self.unexpected()),
        }
    }

    /// Runs a part one level deeper.
    pub(super) fn nested<T>(&mut self, part: fn(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEEPEST {
            return Err(ParseError {
                message: "syntax error: nested too deeply".to_string(),
                incomplete: false,
            });
        }
        self.depth += 1;
        let result = part(self);
        self.depth -= 1;
        result
    }

    /// Steps over blanks, continued lines and a comment.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.take("\\\n") => {}
                Some('#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => return,
            }
        }
    }

    /// Steps over one newline, and the here-documents that begin after it.
    fn newline(&mut self) -> bool {
        let here = self.at;
        if !self.take("\n") {
            return false;
        }
        if let Some((start, end)) = self.bodies
            && start == here
        {
            self.at = end;
            self.bodies = None;
        }
        true
    }

    fn newlines(&mut self) {
        self.blanks();
        while self.newline() {
            self.blanks();
        }
    }

    /// The reserved word that stands here, unless it is part of a longer word.
    fn reserved(&self) -> Option<&'static str> {
        let word = raw_word(self.rest());
        RESERVED.iter().find(|reserved| **reserved == word).copied()
    }

    fn take_reserved(&mut self, word: &str) -> bool {
        let found = self.reserved() == Some(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect(&mut self, word: &str) -> Parsed<()> {
        self.newlines();
        if self.take_reserved(word) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// The error about what stands here.
    pub(super) fn unexpected(&self) -> ParseError {
        let token = match self.peek() {
            None => {
                return ParseError {
                    message: "syntax error: unexpected end of file".to_string(),
                    incomplete: true,
                };
            }
            Some('\n') => "newline",
            Some(_) => OPERATORS
                .iter()
                .find(|operator| self.rest().starts_with(**operator))
                .copied()
                .unwrap_or_else(|| raw_word(self.rest())),
        };
        ParseError {
            message: format!("syntax error near unexpected token `{token}'"),
            incomplete: false,
        }
    }

    /// A list, up to something that cannot go on with it: the end, `)`, a closing reserved word, an error.
    pub(super) fn list(&mut self) -> Parsed<List> {
        let mut items = Vec::new();
        self.newlines();
        while !self.list_ends() {
            items.push(Rc::new(self.item()?));
            if !self.separator() {
                break;
            }
            self.newlines();
        }
        Ok(List(items))
    }

    /// A list, up to a newline.
    fn line(&mut self) -> Parsed<()> {
        self.blanks();
        while !self.list_ends() && self.peek() != Some('\n') {
            self.item()?;
            if !self.separator() {
                break;
            }
            self.blanks();
        }
        Ok(())
    }

    /// An and-or list.
    fn item(&mut self) -> Parsed<Item> {
        let start = self.at;
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let and = self.take("&&");
            if !and && !self.take("||") {
                break;
            }
            self.newlines();
            rest.push((and, self.pipeline()?));
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        Ok(Item {
            first,
            rest,
            background: self.peek() == Some('&'),
            text: text.trim().to_string(),
        })
    }

    /// Steps over what ends an item, if something does: the newline stays.
    fn separator(&mut self) -> bool {
        let found = match self.peek() {
            Some(';') => !self.rest().starts_with(";;"),
            next => matches!(next, Some('&' | '\n')),
        };
        self.at += usize::from(found && self.peek() != Some('\n'));
        found
    }

    fn list_ends(&self) -> bool {
        matches!(self.peek(), None | Some(')'))
            || matches!(
                self.reserved(),
                Some("do" | "done" | "then" | "elif" | "else" | "fi" | "}")
            )
    }

    /// A list that must not be empty.
    fn body(&mut self) -> Parsed<List> {
        let list = self.nested(Parser::list)?;
        if list.0.is_empty() {
            return Err(self.unexpected());
        }
        Ok(list)
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        let mut pipeline = Pipeline {
            negated: false,
            timed: false,
            commands: Vec::new(),
        };
        loop {
            self.blanks();
            if self.take_reserved("!") {
                pipeline.negated = !pipeline.negated;
            } else if self.take_reserved("time") {
                pipeline.timed = true;
            } else {
                break;
            }
        }
        loop {
            let mut command = self.command()?;
            self.blanks();
            let both = self.take("|&");
            if both {
                command.redirections.push(Redirection {
                    descriptor: 2,
                    kind: Redirect::Duplicate,
                    target: Word::text("1"),
                });
            }
            let more = both || (!self.rest().starts_with("||") && self.take("|"));
            pipeline.commands.push(command);
            if !more {
                return Ok(pipeline);
            }
            self.newlines();
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        self.blanks();
        let kind = match self.reserved() {
            Some("for") => self.for_loop()?,
            Some(word @ ("while" | "until")) => {
                self.at += word.len();
                let condition = self.body()?;
                let body = self.do_body()?;
                Kind::Loop {
                    until: word == "until",
                    condition,
                    body,
                }
            }
            Some("if") => self.branches()?,
            Some("{") => {
                self.at += 1;
                let list = self.body()?;
                self.expect("}")?;
                Kind::Group(list)
            }
            Some(word @ ("case" | "function" | "select")) => {
                return Err(ParseError {
                    message: format!("{word}: not in this shell; it has for, while, until and if"),
                    incomplete: false,
                });
            }
            Some("in") | None => {
                if self.take("((") {
                    Kind::Arithmetic(self.expression()?)
                } else if self.take("(") {
                    let list = self.body()?;
                    if !self.take(")") {
                        return Err(self.unexpected());
                    }
                    Kind::Subshell(list)
                } else {
                    return self.simple();
                }
            }
            Some(_) => return Err(self.unexpected()),
        };
        let mut redirections = Vec::new();
        self.blanks();
        while let Some(redirection) = self.redirection()? {
            redirections.push(redirection);
            self.blanks();
        }
        Ok(Command { kind, redirections })
    }

    fn for_loop(&mut self) -> Parsed<Kind> {
        self.at += "for".len();
        self.blanks();
        let name = raw_word(self.rest()).to_string();
        if name.is_empty() {
            return Err(match self.peek() {
                None => newline_unexpected(),
                Some(_) => self.unexpected(),
            });
        }
        if !is_name(&name) {
            return Err(ParseError {
                message: format!("`{name}': not a valid identifier"),
                incomplete: false,
            });
        }
        self.at += name.len();
        self.newlines();
        let mut words = Vec::new();
        if self.take_reserved("in") {
            self.blanks();
            while let Some(word) = self.word()? {
                words.push(word);
                self.blanks();
            }
        }
        if !self.take(";") && self.peek() == Some('\n') {
            self.newlines();
        }
        let body = self.do_body()?;
        Ok(Kind::For { name, words, body })
    }

    fn do_body(&mut self) -> Parsed<List> {
        self.expect("do")?;
        let body = self.body()?;
        self.expect("done")?;
        Ok(body)
    }

    fn branches(&mut self) -> Parsed<Kind> {
        let mut branches = Vec::new();
        let mut otherwise = None;
        self.at += "if".len();
        loop {
            let condition = self.body()?;
            self.expect("then")?;
            branches.push((condition, self.body()?));
            if !self.take_reserved("elif") {
                break;
            }
        }
        if self.take_reserved("else") {
            otherwise = Some(self.body()?);
        }
        self.expect("fi")?;
        Ok(Kind::If {
            branches,
            otherwise,
        })
    }

    fn simple(&mut self) -> Parsed<Command> {
        let mut assignments = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut redirections = Vec::new();
        loop {
            self.blanks();
            if let Some(redirection) = self.redirection()? {
                redirections.push(redirection);
            } else if let Some(name) = self.assignment().filter(|_| words.is_empty()) {
                self.at += name.len() + 1;
                assignments.push((name, self.word()?.unwrap_or_default()));
            } else if let Some(word) = self.word()? {
                words.push(word);
            } else {
                break;
            }
        }
        if assignments.is_empty() && words.is_empty() && redirections.is_empty() {
            return Err(self.unexpected());
        }
        if self.peek() == Some('(') {
            return Err(self.function(words.len()));
        }
        let kind = Kind::Simple { assignments, words };
        Ok(Command { kind, redirections })
    }

    /// The error about a `(` after so many words: after one it could only begin a function.
    fn function(&mut self, words: usize) -> ParseError {
        if words != 1 {
            return self.unexpected();
        }
        self.at += 1;
        self.blanks();
        match self.peek() {
            None => newline_unexpected(),
            Some(')') => ParseError {
                message: "functions: not in this shell; it has for, while, until and if"
                    .to_string(),
                incomplete: false,
            },
            Some(_) => self.unexpected(),
        }
    }

    /// The name of an assignment that begins here.
    fn assignment(&self) -> Option<String> {
        let (name, _) = raw_word(self.rest()).split_once('=')?;
        is_name(name).then(|| name.to_string())
    }

    /// Parses another text, one level deeper.
    pub(super) fn apart<T>(&self, text: &str, part: fn(&mut Parser<'_>) -> Parsed<T>) -> Parsed<T> {
        let mut parser = Parser {
            text,
            at: 0,
            depth: self.depth,
            bodies: None,
        };
        parser.nested(part)
    }
}

/// Operators, longest first, as errors name them.
const OPERATORS: &[&str] = &[
    "&&", "&>", "&", "||", "|&", "|", ";;", ";", "<<<", "<<", "<&", "<", ">>", ">&", ">|", ">",
    "(", ")",
];

pub(super) fn newline_unexpected() -> ParseError {
    ParseError {
        message: "syntax error near unexpected token `newline'".to_string(),
        incomplete: false,
    }
}

/// What stands at the beginning of a text up to a character that ends words; quotes are not looked into.
fn raw_word(text: &str) -> &str {
    let end = text.find(ends_word).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Whether an unquoted character ends a word.
pub(super) fn ends_word(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')'
    )
}

/// Whether a variable can be called this.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
