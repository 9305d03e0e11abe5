//! What pipelines make: values, fields, and what functions say of them.

use super::{
    super::{LONGEST, Value, functions, literal, quote},
    Lex, Span, Token, Walk,
};
use std::mem::replace;

impl<'a> Walk<'a> {
    /// The names at the beginning of a pipeline that are set to what it makes, and whether they are there already.
    fn names(&mut self, context: &str) -> Option<(Vec<&'a str>, bool)> {
        let mut names = Vec::new();
        while self.peek_solid().lex == Lex::Variable {
            let start = self.next;
            let name = self.take_solid().text;
            let sign = self.take_solid();
            match sign.lex {
                Lex::Assign | Lex::Declare => {
                    names.push(name);
                    return Some((names, sign.lex == Lex::Assign));
                }
                Lex::Char if sign.text == "," => names.push(name),
                _ => {
                    self.next = start;
                    break;
                }
            }
            if context != "range" || names.len() > 1 {
                return self.error(format_args!("too many declarations in {context}"));
            }
            let next = self.peek_solid().lex;
            if !matches!(next, Lex::Variable | Lex::Right | Lex::Close) {
                return self.error(format_args!("range can only initialize variables"));
            }
        }
        Some((names, false))
    }

    /// A pipeline up to a token, in something called `context`.
    pub(super) fn pipe(&mut self, context: &str, until: Lex) -> Option<Value> {
        let start = self.peek_solid().at;
        let (names, assigns) = self.names(context)?;
        if !self.live {
            let new = names.iter().map(|name| (*name, Value::Nil));
            self.variables.extend(new);
        }
        let (mut value, mut odd, mut stage) = (None, None, 0);
        loop {
            let token = self.peek_solid();
            if token.lex == until {
                break;
            }
            if !begins_operand(token) {
                return self.unexpected(token, context);
            }
            stage += 1;
            if is_literal(token) || token.is(".") {
                odd = odd.or((stage > 1).then_some(stage));
            }
            value = Some(self.command(start, value)?);
        }
        self.next += 1;
        let Some(value) = value else {
            return self.error(format_args!("missing value for {context}"));
        };
        if let Some(stage) = odd {
            return self.error(format_args!(
                "non executable command in pipeline stage {stage}"
            ));
        }
        if self.live {
            for name in &names {
                match assigns {
                    true => self.set(name, value.clone())?,
                    false => self.variables.push((name, value.clone())),
                }
            }
        }
        self.sets = names;
        Some(value)
    }

    /// Walks a command of a pipeline that starts at a byte; it may get what the one before it made.
    fn command(&mut self, pipe: usize, last: Option<Value>) -> Option<Value> {
        let (start, known) = (self.next, self.variables.len());
        let live = replace(&mut self.live, false);
        let (mut terms, mut to) = (0, pipe);
        loop {
            if begins_operand(self.peek_solid()) {
                self.operand(None)?;
                terms += 1;
                let last = self.token(self.next - 1);
                to = last.at + last.text.len();
            }
            let token = self.peek();
            match token.lex {
                Lex::Space => continue,
                Lex::Right | Lex::Close => break,
                Lex::Bar => {
                    self.next += 1;
                    break;
                }
                _ => return self.unexpected(token, "operand"),
            }
        }
        self.live = live;
        if !live {
            return Some(Value::Nil);
        }
        self.variables.truncate(known);
        let end = replace(&mut self.next, start);
        let first = self.token(start);
        let chained = self.token(start + 1).lex == Lex::Field;
        let value = if first.lex == Lex::Name && !is_literal(first) && !chained {
            self.next += 1;
            let (at, from) = (first.at, first.at);
            let value = self.call(first, Span { at, from, to }, terms - 1, last)?;
            self.count(value)?
        } else {
            // Where a group stands first, Go is still at the pipeline.
            let (at, from) = (pipe, pipe);
            self.at = Span { at, from, to };
            let given = terms - 1 + usize::from(last.is_some());
            self.operand(Some(given))?
        };
        self.next = end;
        Some(value)
    }

    /// A token that was taken, with the fields behind it if it is one itself, or a variable.
    fn span(&self, token: Token<'_>) -> Span {
        let mut span = Span {
            at: token.at,
            from: token.at,
            to: token.at + token.text.len(),
        };
        if matches!(token.lex, Lex::Field | Lex::Variable) {
            let fields = self.tokens.iter().skip(self.next);
            for (index, field) in fields.take_while(|t| t.lex == Lex::Field).enumerate() {
                span.to = field.at + field.text.len();
                if index == 0 {
                    span.at = field.at;
                }
            }
        }
        span
    }

    /// A term with the fields behind it; of the first in a command it is known how many arguments it is given.
    fn operand(&mut self, given: Option<usize>) -> Option<Value> {
        let token = self.take_solid();
        let arguments = given.unwrap_or(0);
        if self.live {
            if token.lex != Lex::Open {
                self.at = self.span(token);
            }
            if arguments > 0 {
                self.is_field(token)?;
            }
        }
        let mut value = self.term(token)?;
        if self.live && given.is_some() && token.is("nil") {
            return self.error(format_args!("nil is not a command"));
        }
        let mut field = Some(token).filter(|token| token.lex == Lex::Field);
        if field.is_none() && self.peek().lex == Lex::Field {
            if is_literal(token) || token.is(".") {
                let term = quote(token.text);
                return self.error(format_args!("unexpected . after term {term}"));
            }
            field = Some(self.take_solid());
        }
        while let Some(this) = field {
            field = Some(self.peek()).filter(|next| next.lex == Lex::Field);
            self.next += usize::from(field.is_some());
            if self.live {
                let given = if field.is_none() { arguments } else { 0 };
                value = self.field(&value, this.text.get(1..).unwrap_or_default(), given)?;
            }
        }
        self.count(value)
    }

    /// Counts what is made or copied, as values outlive what is printed.
    fn count(&mut self, value: Value) -> Option<Value> {
        if let Value::Text(text) = &value {
            self.made += text.len();
        }
        match self.made > 4 * LONGEST {
            true => self.error(format_args!("more text than any message has")),
            false => Some(value),
        }
    }

    /// Only fields may be given arguments, for all that is known before they are looked at.
    fn is_field(&mut self, token: Token<'a>) -> Option<()> {
        let start = self.next;
        let (mut from, mut to) = (token.at, token.at + token.text.len());
        if token.lex == Lex::Open {
            self.live = false;
            self.pipe(GROUP, Lex::Close)?;
            self.live = true;
            (from, to) = (to, self.token(self.next - 1).at);
        }
        let next = self.token(self.next);
        self.next = start;
        if token.lex == Lex::Field || next.lex == Lex::Field {
            return Some(());
        }
        let text = self.text.get(from..to).unwrap_or_default().trim();
        self.error(format_args!("can't give argument to non-function {text}"))
    }

    fn term(&mut self, token: Token<'a>) -> Option<Value> {
        let text = token.text;
        Some(match token.lex {
            Lex::Name if is_literal(token) => Value::Bool(text == "true"),
            Lex::Name => {
                let known = match text {
                    "Random" => self.source.random(0, 0).is_some(),
                    _ => functions::is_known(text) || self.source.value(text).is_some(),
                };
                match (known, self.live) {
                    (true, true) => self.call(token, self.span(token), 0, None)?,
                    (true, false) => Value::Nil,
                    (false, _) => {
                        return self.error(format_args!("function {} not defined", quote(text)));
                    }
                }
            }
            Lex::Variable => match self.variables.iter().rfind(|known| known.0 == text) {
                Some((_, value)) => value.clone(),
                // One that is used where it is set is known, but is not there yet.
                None if self.checked && !self.live => Value::Nil,
                None if self.checked => {
                    return self.error(format_args!("undefined variable: {text}"));
                }
                None => return self.error(format_args!("undefined variable {}", quote(text))),
            },
            Lex::Open => {
                self.deeper()?;
                let value = self.pipe(GROUP, Lex::Close)?;
                self.depth -= 1;
                value
            }
            Lex::Keyword if text == "nil" => Value::Nil,
            Lex::Keyword | Lex::Field => self.dot.clone(),
            Lex::Letter => self.read(literal::letter(text))?,
            Lex::Number => self.read(literal::number(text))?,
            _ => Value::Text(self.read(literal::unquoted(text))?),
        })
    }

    /// A field of a value, which, were it a function, would have been given so many arguments.
    fn field(&mut self, value: &Value, name: &str, given: usize) -> Option<Value> {
        let field = match value {
            Value::Nil => return Some(Value::Nil),
            Value::Data(_) => self.source.field(name),
            _ => None,
        };
        match field {
            None => {
                let kind = value.kind();
                self.error(format_args!("can't evaluate field {name} in type {kind}"))
            }
            Some(field) if given == 0 => Some(field),
            _ if self.source.fields().contains(&name) => self.error(format_args!(
                "{name} has arguments but cannot be invoked as function"
            )),
            _ => self.error(format_args!(
                "wrong number of args for {name}: want 0 got {given}"
            )),
        }
    }

    /// Calls a function with the terms that stand behind it and, then, what the pipeline has.
    fn call(
        &mut self,
        name: Token<'a>,
        whole: Span,
        written: usize,
        last: Option<Value>,
    ) -> Option<Value> {
        self.at = self.span(name);
        let name = name.text;
        let given = written + usize::from(last.is_some());
        self.read(functions::check(name, written, given))?;
        let mut values = Vec::new();
        for index in 0..written {
            let value = self.argument(functions::wants(name, index))?;
            if matches!(name, "and" | "or") && value.is_true() == (name == "or") {
                return Some(value);
            }
            values.push(value);
        }
        if let Some(value) = last {
            self.fits(&value, functions::wants(name, written))?;
            values.push(value);
        }
        if let ("Random", [Value::Int(shortest), Value::Int(longest)]) = (name, &values[..]) {
            return self.source.random(*shortest, *longest).map(Value::Text);
        }
        if let Some(value) = self.source.value(name) {
            return Some(value);
        }
        let called = functions::call(name, values);
        if called.is_err() {
            self.at = whole;
        }
        self.read(called.map_err(|why| format!("error calling {name}: {why}")))
    }

    /// An argument of a function that may want it to be of one type.
    fn argument(&mut self, wanted: Option<&str>) -> Option<Value> {
        let token = self.peek_solid();
        let value = self.operand(None)?;
        let Some(wanted) = wanted else {
            return Some(value);
        };
        match &value {
            Value::Text(_) if wanted == "string" => {}
            Value::Int(0..) if wanted == "uint" && is_literal(token) => {}
            _ if !is_literal(token) => self.fits(&value, Some(wanted))?,
            Value::Nil => return self.error(format_args!("cannot assign nil to {wanted}")),
            _ => {
                let wanted = wanted.replace("uint", "unsigned integer");
                return self.error(format_args!("expected {wanted}; found {}", token.text));
            }
        }
        Some(value)
    }

    fn fits(&mut self, value: &Value, wanted: Option<&str>) -> Option<()> {
        let kind = value.kind();
        match wanted {
            Some(wanted) if *value == Value::Nil => {
                self.error(format_args!("invalid value; expected {wanted}"))
            }
            Some(wanted) if wanted != kind => self.error(format_args!(
                "wrong type for value; expected {wanted}; got {kind}"
            )),
            _ => Some(()),
        }
    }
}

const GROUP: &str = "parenthesized pipeline";

/// Does it say its value itself?
fn is_literal(token: Token<'_>) -> bool {
    match token.lex {
        Lex::Letter | Lex::Number | Lex::Quoted | Lex::Raw => true,
        Lex::Name => token.text == "true" || token.text == "false",
        _ => token.is("nil"),
    }
}

fn begins_operand(token: Token<'_>) -> bool {
    let others = [Lex::Name, Lex::Variable, Lex::Field, Lex::Open];
    is_literal(token) || token.is(".") || others.contains(&token.lex)
}
