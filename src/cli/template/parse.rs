//! Templates as text, read into nodes. Must not compute anything.

use super::Value;
use crate::cli::values::quote;

/// Commands, each with its arguments behind it.
pub type Pipe = Vec<Vec<Term>>;

/// A piece of a template.
pub enum Node {
    /// What stands there.
    Text(String),
    /// What a pipeline makes.
    Action(Pipe),
    /// One of two lists.
    If(Pipe, Vec<Node>, Vec<Node>),
}

/// An operand, and where it stands.
pub struct Term {
    pub from: usize,
    pub to: usize,
    pub kind: Kind,
}

pub enum Kind {
    Value(Value),
    /// A field of the dot; the dot itself without a name.
    Field(String),
    Function(String),
    Group(Pipe),
}

/// What a list of nodes ends with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Text,
    End,
    Else,
    ElseIf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Bar,
    Open,
    Close,
    /// The end of the action.
    End,
    Odd(char),
}

/// Ifs and parentheses within one another.
const DEEPEST: usize = 100;

/// See the module.
pub struct Parser<'a> {
    name: &'a str,
    text: &'a str,
    known: &'a dyn Fn(&str) -> bool,
    at: usize,
    depth: usize,
    /// A `-}}` trims what follows.
    trim: bool,
}

impl<'a> Parser<'a> {
    /// For a template of that name, with the names of functions.
    pub fn new(name: &'a str, text: &'a str, known: &'a dyn Fn(&str) -> bool) -> Parser<'a> {
        Parser {
            name,
            text,
            known,
            at: 0,
            depth: 0,
            trim: false,
        }
    }

    /// The whole template.
    pub fn whole(&mut self) -> Result<Vec<Node>, String> {
        match self.list()? {
            (nodes, Stop::Text) => Ok(nodes),
            (_, Stop::End) => self.error("unexpected {{end}}"),
            _ => self.error("unexpected {{else}}"),
        }
    }

    fn error<T>(&self, words: &str) -> Result<T, String> {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        Err(format!("template: {}:{line}: {words}", self.name))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn list(&mut self) -> Result<(Vec<Node>, Stop), String> {
        let mut nodes = Vec::new();
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.error("too deep");
        }
        loop {
            let rest = self.rest();
            let start = rest.find("{{");
            let plain = &rest[..start.unwrap_or(rest.len())];
            let left = start.is_some_and(|start| {
                rest[start + 2..].starts_with("-")
                    && rest[start + 3..].starts_with([' ', '\t', '\r', '\n'])
            });
            self.at += plain.len();
            let plain = if self.trim { plain.trim_start() } else { plain };
            let plain = if left { plain.trim_end() } else { plain };
            self.trim = false;
            if !plain.is_empty() {
                nodes.push(Node::Text(plain.into()));
            }
            if start.is_none() {
                self.depth -= 1;
                return Ok((nodes, Stop::Text));
            }
            self.at += if left { 3 } else { 2 };
            if self.comment(left)? {
                continue;
            }
            let stop = match self.keyword() {
                Some("if") => {
                    let node = self.conditional()?;
                    nodes.push(node);
                    continue;
                }
                Some("end") => Stop::End,
                Some("else") => match self.keyword() {
                    Some("if") => Stop::ElseIf,
                    _ => Stop::Else,
                },
                _ => {
                    nodes.push(Node::Action(self.pipe("command", Token::End)?));
                    continue;
                }
            };
            if stop != Stop::ElseIf {
                let (token, from) = self.token()?;
                if token != Token::End {
                    let odd = quote(self.text.get(from..self.at).unwrap_or_default());
                    return self.error(&format!("unexpected {odd} in end"));
                }
            }
            self.depth -= 1;
            return Ok((nodes, stop));
        }
    }

    /// Skips a comment, if there is one.
    fn comment(&mut self, blank: bool) -> Result<bool, String> {
        let rest = self.rest();
        let inner = if blank { rest.trim_start() } else { rest };
        if !inner.starts_with("/*") {
            return Ok(false);
        }
        let Some(end) = inner.find("*/") else {
            return self.error("unclosed comment");
        };
        self.at = self.text.len() - inner.len() + end + 2;
        match self.token()?.0 {
            Token::End => Ok(true),
            _ => self.error("comment ends before closing delimiter"),
        }
    }

    /// The next word if it is one of the keywords, which it is past then.
    fn keyword(&mut self) -> Option<&'static str> {
        let rest = self.rest().trim_start();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let word = &rest[..end.unwrap_or(rest.len())];
        let keyword = ["if", "else", "end"].into_iter().find(|k| *k == word)?;
        self.at = self.text.len() - rest.len() + word.len();
        Some(keyword)
    }

    /// What follows an `if`: condition, list, and what else there is.
    fn conditional(&mut self) -> Result<Node, String> {
        let condition = self.pipe("if", Token::End)?;
        let (yes, stop) = self.list()?;
        let no = match stop {
            Stop::End => Vec::new(),
            Stop::ElseIf => {
                self.depth += 1;
                let nested = self.conditional()?;
                self.depth -= 1;
                vec![nested]
            }
            Stop::Else => match self.list()? {
                (no, Stop::End) => no,
                (_, Stop::Text) => return self.error("unexpected EOF"),
                _ => return self.error("expected end; found {{else}}"),
            },
            Stop::Text => return self.error("unexpected EOF"),
        };
        Ok(Node::If(condition, yes, no))
    }

    /// A pipeline up to a token, in something called `context`.
    fn pipe(&mut self, context: &str, until: Token<'_>) -> Result<Pipe, String> {
        let (mut pipe, mut command): (Pipe, Vec<Term>) = (Vec::new(), Vec::new());
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.error("max expression depth exceeded");
        }
        loop {
            let (token, from) = self.token()?;
            let kind = match token {
                Token::Word(word) => self.operand(word)?,
                Token::Open => Kind::Group(self.pipe("parenthesized pipeline", Token::Close)?),
                token if token == until || token == Token::Bar => {
                    let stage = pipe.len() + 1;
                    match command.first().map(|term| &term.kind) {
                        None if token == Token::Bar => {
                            return self.error(&format!("unexpected \"|\" in {context}"));
                        }
                        None if stage == 1 => {
                            return self.error(&format!("missing value for {context}"));
                        }
                        None => {}
                        Some(Kind::Value(_)) if stage > 1 => {
                            return self.error(&format!(
                                "non executable command in pipeline stage {stage}"
                            ));
                        }
                        Some(_) => pipe.push(std::mem::take(&mut command)),
                    }
                    if token == until {
                        self.depth -= 1;
                        return Ok(pipe);
                    }
                    continue;
                }
                Token::Close => return self.error("unexpected right paren"),
                Token::End => return self.error("unclosed left paren"),
                Token::Odd(odd) => {
                    let odd = quote(&odd.to_string());
                    return self.error(&format!("unexpected {odd} in {context}"));
                }
                Token::Bar => continue,
            };
            let to = self.at;
            command.push(Term { from, to, kind });
        }
    }

    /// What a word means.
    fn operand(&self, word: &str) -> Result<Kind, String> {
        let quoted = |mark: char| word.strip_prefix(mark).and_then(|w| w.strip_suffix(mark));
        if let Some(text) = quoted('`') {
            return Ok(Kind::Value(Value::Text(text.into())));
        }
        if let Some(text) = quoted('"') {
            return Ok(Kind::Value(Value::Text(unquoted(text))));
        }
        if let Some(field) = word
            .strip_prefix('.')
            .filter(|f| !f.starts_with(char::is_numeric))
        {
            return Ok(Kind::Field(field.into()));
        }
        Ok(match word {
            "true" | "false" => Kind::Value(Value::Bool(word == "true")),
            "nil" => Kind::Value(Value::Nil),
            "$" => Kind::Field(String::new()),
            _ if word.starts_with('$') => {
                return self.error(&format!("undefined variable {}", quote(word)));
            }
            _ if word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
                let hex = word.strip_prefix("0x").map(|w| i64::from_str_radix(w, 16));
                match (hex.unwrap_or_else(|| word.parse()), word.parse()) {
                    (Ok(number), _) => Kind::Value(Value::Int(number)),
                    (_, Ok(number)) => Kind::Value(Value::Float(number)),
                    _ => return self.error(&format!("bad number syntax: {}", quote(word))),
                }
            }
            _ if (self.known)(word) => Kind::Function(word.into()),
            _ => return self.error(&format!("function {} not defined", quote(word))),
        })
    }

    /// The next token of an action, and where it begins.
    fn token(&mut self) -> Result<(Token<'a>, usize), String> {
        let rest = self.rest();
        let inner = rest.trim_start();
        self.at += rest.len() - inner.len();
        let from = self.at;
        let closing = inner.strip_prefix('-').filter(|_| rest.len() > inner.len());
        let closes = closing.is_some_and(|closing| closing.starts_with("}}"));
        if closes || inner.starts_with("}}") {
            self.at += if closes { 3 } else { 2 };
            self.trim = closes;
            return Ok((Token::End, from));
        }
        let Some(first) = inner.chars().next() else {
            return self.error("unclosed action");
        };
        let single = match first {
            '|' => Some(Token::Bar),
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '{'
            | '}'
            | '!'
            | '#'
            | '%'
            | '&'
            | '*'
            | ','
            | '/'
            | ';'..='@'
            | '['..=']'
            | '^'
            | '~' => Some(Token::Odd(first)),
            _ => None,
        };
        if let Some(token) = single {
            self.at += 1;
            return Ok((token, from));
        }
        let length = match first {
            '"' | '`' => {
                let mut escaped = false;
                let end = inner.char_indices().skip(1).find(|(_, c)| {
                    let end = *c == first && !escaped;
                    escaped = *c == '\\' && !escaped && first == '"';
                    end
                });
                match end {
                    Some((end, _)) => end + 1,
                    None if first == '"' => return self.error("unterminated quoted string"),
                    None => return self.error("unterminated raw quoted string"),
                }
            }
            _ => {
                let plain = |c: char| c.is_alphanumeric() || "_.+-$:='/".contains(c);
                let end = inner.char_indices().skip(1).find(|(_, c)| !plain(*c));
                end.map_or(inner.len(), |(end, _)| end)
            }
        };
        self.at += length;
        Ok((Token::Word(&inner[..length]), from))
    }
}

/// A quoted text without its escapes.
fn unquoted(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            c => c,
        });
    }
    out
}
