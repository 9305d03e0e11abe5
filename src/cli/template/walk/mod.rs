//! Templates walked, token by token: once to see that they are right, which also finds the templates they define; then once
//! more, live, to make what they say. What is not taken (a branch, the rest of a list after `break`) is walked and not live.

mod evaluate;

use super::{
    LONGEST, Source, Value,
    lex::{Lex, Token, tokens},
    literal, quote,
};
use std::{
    fmt::Arguments,
    mem::{replace, take},
};

/// Lists and parentheses within one another. Go takes more of them; its stack grows.
const DEEPEST: usize = 100;
/// Lists walked after which no more is made: a range may be long and make nothing.
const MOST: usize = 4 << 20;

/// What a list ends with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Text,
    End,
    Else,
}

/// What is evaluated, for errors: where it is said to be, and its text.
#[derive(Clone, Copy, Default)]
struct Span {
    at: usize,
    from: usize,
    to: usize,
}

struct Walk<'a> {
    /// The name of the whole text, and the template that is executed.
    name: &'a str,
    current: String,
    text: &'a str,
    source: &'a dyn Source,
    tokens: Vec<Token<'a>>,
    /// What is wrong with the last token; then what is wrong at all.
    wrong: String,
    next: usize,
    /// The furthest token that was looked at, which is where the first walk finds errors.
    seen: usize,
    /// Is this the second walk?
    checked: bool,
    live: bool,
    /// `break` or `continue`, until their range sees it.
    leaving: &'a str,
    /// Templates, at which tokens they begin, and whether there are but blanks in them.
    templates: Vec<(String, usize, bool)>,
    /// Was there nothing but blanks in this template yet?
    blank: bool,
    variables: Vec<(&'a str, Value)>,
    /// What the last pipeline set.
    sets: Vec<&'a str>,
    dot: Value,
    ranges: usize,
    depth: usize,
    walked: usize,
    /// Bytes of all texts that were values.
    made: usize,
    /// Where the current action begins.
    action: Option<usize>,
    at: Span,
    out: String,
}

/// What a template makes, or what is wrong with it.
pub fn expand(name: &str, text: &str, source: &dyn Source) -> Result<String, String> {
    let (tokens, wrong) = tokens(text);
    let mut walk = Walk {
        name,
        current: name.into(),
        text,
        source,
        tokens,
        wrong,
        next: 0,
        seen: 0,
        checked: false,
        live: false,
        leaving: "",
        templates: Vec::new(),
        blank: true,
        variables: vec![("$", Value::Nil)],
        sets: Vec::new(),
        dot: Value::Nil,
        ranges: 0,
        depth: 0,
        walked: 0,
        made: 0,
        action: None,
        at: Span::default(),
        out: String::new(),
    };
    match walk.whole() {
        Some(()) => Ok(walk.out),
        None => Err(walk.wrong),
    }
}

/// `None` is said where something is wrong, which then stands in `wrong`.
impl<'a> Walk<'a> {
    fn whole(&mut self) -> Option<()> {
        match self.list(true)? {
            Stop::Text => {}
            Stop::End => return self.error(format_args!("unexpected {{{{end}}}}")),
            Stop::Else => return self.error(format_args!("unexpected {{{{else}}}}")),
        }
        self.add(self.name.into(), 0)?;
        let fields = self.source.fields();
        if !fields.is_empty() {
            let values = fields.iter().filter_map(|name| self.source.field(name));
            let values: Vec<String> = values.map(|value| value.text()).collect();
            self.dot = Value::Data(format!("{{{}}}", values.join(" ")));
        }
        (self.checked, self.live) = (true, true);
        self.template(self.name, self.dot.clone())
    }

    /// The line of a byte, and how many stand before it there.
    fn place(&self, at: usize) -> (usize, usize) {
        let (mut line, mut column) = (1, 0);
        for byte in self.text.bytes().take(at) {
            column += 1;
            if byte == b'\n' {
                (line, column) = (line + 1, 0);
            }
        }
        (line, column)
    }

    fn error<T>(&mut self, words: Arguments<'_>) -> Option<T> {
        self.refuse(words);
        None
    }

    fn unexpected<T>(&mut self, token: Token<'_>, context: &str) -> Option<T> {
        self.refuse_token(token, context);
        None
    }

    fn refuse(&mut self, words: Arguments<'_>) {
        let (line, column) = self.place(match self.checked {
            true => self.at.at,
            false => self.token(self.seen).at,
        });
        let mut wrong = format!("template: {}:{line}", self.name);
        if self.checked {
            let piece = self.text.get(self.at.from..self.at.to);
            let (piece, current) = (piece.unwrap_or_default(), quote(&self.current));
            wrong += &format!(":{column}: executing {current} at <{piece}>");
        }
        self.wrong = format!("{wrong}: {words}");
    }

    fn refuse_token(&mut self, token: Token<'_>, context: &str) {
        let shown = match token.lex {
            Lex::Wrong => {
                let mut wrong = take(&mut self.wrong);
                let line = self.place(token.at).0;
                let started = self.action.map_or(line, |at| self.place(at).0);
                if started != line {
                    if !wrong.ends_with(" action") {
                        wrong.push_str(" in action");
                    }
                    wrong += &format!(" started at {}:{started}", self.name);
                }
                return self.refuse(format_args!("{wrong}"));
            }
            Lex::End => "EOF".into(),
            Lex::Keyword => format!("<{}>", token.text),
            _ => {
                let start: String = token.text.chars().take(10).collect();
                let more = if token.text.len() > 10 { "..." } else { "" };
                quote(&start) + more
            }
        };
        self.refuse(format_args!("unexpected {shown} in {context}"));
    }

    /// A token by its number; the last one stays.
    fn token(&self, index: usize) -> Token<'a> {
        match self.tokens.get(index).or(self.tokens.last()) {
            Some(token) => *token,
            None => Token {
                lex: Lex::End,
                text: "",
                at: 0,
            },
        }
    }

    fn peek(&mut self) -> Token<'a> {
        let last = self.tokens.len().saturating_sub(1);
        self.seen = self.seen.max(self.next.min(last));
        self.token(self.next)
    }

    /// The next that is no space.
    fn peek_solid(&mut self) -> Token<'a> {
        while self.peek().lex == Lex::Space {
            self.next += 1;
        }
        self.peek()
    }

    fn take_solid(&mut self) -> Token<'a> {
        let token = self.peek_solid();
        self.next += 1;
        token
    }

    fn expect(&mut self, lex: Lex, context: &str) -> Option<()> {
        match self.take_solid() {
            token if token.lex == lex => Some(()),
            token => self.unexpected(token, context),
        }
    }

    fn deeper(&mut self) -> Option<()> {
        self.depth += 1;
        self.walked += 1;
        match self.checked {
            false if self.depth > DEEPEST => {
                self.error(format_args!("max expression depth exceeded"))
            }
            true if self.depth > 2 * DEEPEST => {
                self.error(format_args!("exceeded maximum template depth (100000)"))
            }
            _ => Some(()),
        }
    }

    /// Has it made, or done, as much as any message needs?
    fn is_full(&self) -> bool {
        self.out.len() > LONGEST || self.walked > MOST
    }

    /// Walks on with other ideas of what is live.
    fn list_if(&mut self, live: bool) -> Option<Stop> {
        let live = replace(&mut self.live, live);
        let stop = self.list(false)?;
        self.live = live && self.leaving.is_empty();
        Some(stop)
    }

    /// Nodes, up to what ends them. Only at the `top` there are definitions, and the end of the text.
    fn list(&mut self, top: bool) -> Option<Stop> {
        self.deeper()?;
        let stop = loop {
            let token = self.take_solid();
            match token.lex {
                Lex::End if top => break Stop::Text,
                Lex::End => return self.error(format_args!("unexpected EOF")),
                Lex::Text => {
                    self.blank &= token.text.trim().is_empty();
                    self.print(token.text);
                }
                Lex::Left if top && self.peek_solid().is("define") => {
                    self.next += 1;
                    let name = self.quoted("define clause")?;
                    self.expect(Lex::Right, "define clause")?;
                    self.define(name, "define clause")?;
                }
                Lex::Left => {
                    self.action = Some(token.at);
                    if let Some(stop) = self.action()? {
                        break stop;
                    }
                    self.action = None;
                    self.blank = false;
                }
                _ => return self.unexpected(token, "input"),
            }
        };
        self.action = None;
        self.depth -= 1;
        Some(stop)
    }

    fn print(&mut self, text: &str) {
        if self.live && !self.is_full() {
            self.out.push_str(text);
        }
    }

    /// An action, which may end a list.
    fn action(&mut self) -> Option<Option<Stop>> {
        let token = self.take_solid();
        let keyword = match token.lex {
            Lex::Keyword => token.text,
            _ => "",
        };
        match keyword {
            "end" => {
                self.expect(Lex::Right, "end")?;
                return Some(Some(Stop::End));
            }
            "else" => {
                let next = self.peek_solid();
                if !next.is("if") && !next.is("with") {
                    self.expect(Lex::Right, "else")?;
                }
                return Some(Some(Stop::Else));
            }
            "if" | "with" | "range" => self.control(keyword)?,
            "break" | "continue" => {
                self.expect(Lex::Right, &format!("{{{{{keyword}}}}}"))?;
                if self.ranges == 0 {
                    return self.error(format_args!("{{{{{keyword}}}}} outside {{{{range}}}}"));
                }
                if self.live {
                    self.leaving = keyword;
                    self.live = false;
                }
            }
            "template" | "block" => {
                let from = self.action.unwrap_or_default();
                let context = format!("{keyword} clause");
                let at = self.peek_solid().at;
                let name = self.quoted(&context)?;
                let mut dot = Value::Nil;
                if keyword == "template" && self.peek_solid().lex == Lex::Right {
                    self.next += 1;
                } else {
                    // Go looks for the template before it evaluates what it gets.
                    let live = self.live;
                    self.live &= self.templates.iter().any(|known| known.0 == name);
                    dot = self.pipe(&context, Lex::Right)?;
                    self.live = live;
                }
                let to = self.token(self.next - 1).at + 2;
                if keyword == "block" {
                    self.define(name.clone(), &context)?;
                }
                if self.live {
                    self.at = Span { at, from, to };
                    self.template(&name, dot)?;
                }
            }
            _ => {
                self.next -= 1;
                let value = self.pipe("command", Lex::Right)?;
                if self.sets.is_empty() {
                    self.print(&value.shown());
                }
            }
        }
        Some(None)
    }

    /// The name of a template.
    fn quoted(&mut self, context: &str) -> Option<String> {
        let token = self.take_solid();
        match token.lex {
            Lex::Quoted | Lex::Raw => self.read(literal::unquoted(token.text)),
            _ => self.unexpected(token, context),
        }
    }

    fn read<T>(&mut self, read: Result<T, String>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(why) => self.error(format_args!("{why}")),
        }
    }

    /// The body of a template, which knows no variables of the one around it.
    fn define(&mut self, name: String, context: &str) -> Option<()> {
        let start = self.next;
        let variables = replace(&mut self.variables, vec![("$", Value::Nil)]);
        let ranges = replace(&mut self.ranges, 0);
        let blank = replace(&mut self.blank, true);
        if self.list_if(false)? == Stop::Else {
            return self.error(format_args!("unexpected {{{{else}}}} in {context}"));
        }
        if !self.checked {
            self.add(name, start)?;
        }
        (self.variables, self.ranges, self.blank) = (variables, ranges, blank);
        Some(())
    }

    /// Keeps a template that begins at a token. One that is empty but for blanks gives way to another of its name.
    fn add(&mut self, name: String, start: usize) -> Option<()> {
        let blank = self.blank;
        match self.templates.iter_mut().find(|known| known.0 == name) {
            None => self.templates.push((name, start, blank)),
            Some(known) if known.2 => (known.1, known.2) = (start, blank),
            Some(_) if blank => {}
            Some(_) => {
                let name = quote(&name);
                return self.error(format_args!(
                    "template: multiple definition of template {name}"
                ));
            }
        }
        Some(())
    }

    /// Executes a template, which knows only its own variables.
    fn template(&mut self, name: &str, dot: Value) -> Option<()> {
        let known = self.templates.iter().find(|known| known.0 == name);
        let Some(start) = known.map(|known| known.1) else {
            return self.error(format_args!("template {} not defined", quote(name)));
        };
        let next = replace(&mut self.next, start);
        let current = replace(&mut self.current, name.into());
        let variables = replace(&mut self.variables, vec![("$", dot.clone())]);
        let dot = replace(&mut self.dot, dot);
        self.list(start == 0)?;
        (self.next, self.current, self.variables, self.dot) = (next, current, variables, dot);
        Some(())
    }

    /// What follows `if`, `with` or `range`, up to its end.
    fn control(&mut self, word: &'a str) -> Option<()> {
        let scope = self.variables.len();
        self.deeper()?;
        let value = self.pipe(word, Lex::Right)?;
        let (live, start) = (self.live, self.next);
        let (taken, stop) = match word {
            "range" => {
                let names = take(&mut self.sets);
                let count = self.rounds(&value, &names)?;
                let number = match value {
                    Value::Int64(_) => Value::Int64,
                    _ => Value::Int,
                };
                let dot = self.dot.clone();
                let inner = self.variables.len();
                self.ranges += 1;
                let mut stop = None;
                for index in 0..count {
                    self.next = start;
                    self.dot = number(index);
                    if let [name] = names[..] {
                        self.set(name, number(index))?;
                    }
                    stop = Some(self.list(false)?);
                    self.variables.truncate(inner);
                    self.live = live;
                    if take(&mut self.leaving) == "break" || self.is_full() {
                        break;
                    }
                }
                self.dot = dot;
                let stop = match stop {
                    Some(stop) => stop,
                    None => self.list_if(false)?,
                };
                self.ranges -= 1;
                (count > 0, stop)
            }
            _ => {
                let taken = value.is_true();
                let dot = match word {
                    "with" => value,
                    _ => self.dot.clone(),
                };
                let dot = replace(&mut self.dot, dot);
                let stop = self.list_if(live && taken)?;
                self.dot = dot;
                (taken, stop)
            }
        };
        let live = self.live;
        self.live &= !taken;
        if stop == Stop::Else {
            if word != "range" && self.peek().is(word) {
                self.next += 1;
                self.control(word)?;
            } else if self.list(false)? != Stop::End {
                return self.error(format_args!("expected end; found {{{{else}}}}"));
            }
        }
        self.live = live && self.leaving.is_empty();
        self.variables.truncate(scope);
        self.depth -= 1;
        Some(())
    }

    /// How often a range over a value goes round.
    fn rounds(&mut self, value: &Value, names: &[&str]) -> Option<i64> {
        match value {
            Value::Int(count) | Value::Int64(count) if names.len() > 1 => self.error(format_args!(
                "can't use {count} to iterate over more than one variable"
            )),
            Value::Int(count) | Value::Int64(count) => Some(*count),
            Value::Nil => Some(0),
            _ => self.error(format_args!("range can't iterate over {}", value.shown())),
        }
    }

    /// Changes the last variable of that name.
    fn set(&mut self, name: &str, value: Value) -> Option<()> {
        match self.variables.iter_mut().rfind(|known| known.0 == name) {
            Some(known) => known.1 = value,
            None => return self.error(format_args!("undefined variable: {name}")),
        }
        Some(())
    }
}
