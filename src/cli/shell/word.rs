//! The words of a line: quotes, backslashes, variables, substitutions. Runs nothing.

use super::{
    ast::{Change, Piece, Word},
    parse::{ParseError, Parsed, Parser, ends_word},
};

/// Where the text that is being read ends, and what is special in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A word of a command.
    Bare,
    /// Between double quotes.
    Double,
    /// A here-document: like double quotes, up to the end, `"` is nothing special.
    Here,
    /// In `${…}`, outside and inside double quotes.
    Brace { quoted: bool },
    /// In `((…))`.
    Arithmetic,
}

impl Mode {
    fn quoted(self) -> bool {
        !matches!(self, Mode::Bare | Mode::Brace { quoted: false })
    }
}

/// Text in quotes.
pub(super) fn quoted(text: &str) -> Piece {
    Piece::Text {
        text: text.to_string(),
        quoted: true,
    }
}

/// Collects pieces, joining neighbours of one kind.
#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    fn push(&mut self, c: char, is_quoted: bool) {
        if let Some(Piece::Text { text, quoted }) = self.0.last_mut()
            && *quoted == is_quoted
        {
            text.push(c);
            return;
        }
        self.0.push(Piece::Text {
            text: c.to_string(),
            quoted: is_quoted,
        });
    }
}

fn unclosed(quote: char) -> ParseError {
    ParseError {
        message: format!("unexpected EOF while looking for matching `{quote}'"),
        incomplete: true,
    }
}

impl Parser<'_> {
    /// The word that begins here.
    pub(super) fn word(&mut self) -> Parsed<Option<Word>> {
        if self.peek().is_none_or(ends_word) {
            return Ok(None);
        }
        self.pieces(Mode::Bare).map(Some)
    }

    /// A whole here-document.
    pub(super) fn here_text(&mut self) -> Parsed<Word> {
        self.pieces(Mode::Here)
    }

    /// The rest of `((…))`.
    pub(super) fn expression(&mut self) -> Parsed<Word> {
        let expression = self.nested(|parser| parser.pieces(Mode::Arithmetic))?;
        if self.take("))") {
            return Ok(expression);
        }
        Err(match self.peek() {
            None => unclosed(')'),
            Some(_) => self.unexpected(),
        })
    }

    fn pieces(&mut self, mode: Mode) -> Parsed<Word> {
        let mut pieces = Pieces::default();
        // Parentheses open in an expression.
        let mut open = 0usize;
        while let Some(c) = self.peek() {
            match (mode, c) {
                (Mode::Bare, c) if ends_word(c) => break,
                (Mode::Double, '"') | (Mode::Brace { .. }, '}') => break,
                (Mode::Arithmetic, ')') if open == 0 => break,
                (Mode::Arithmetic, '(') => open += 1,
                (Mode::Arithmetic, ')') => open -= 1,
                _ => {}
            }
            self.at += c.len_utf8();
            match c {
                '\'' if !mode.quoted() => self.single(&mut pieces)?,
                '"' if mode != Mode::Here && mode != Mode::Arithmetic => {
                    let inner = self.nested(|parser| parser.pieces(Mode::Double))?;
                    if !self.take("\"") {
                        return Err(unclosed('"'));
                    }
                    // An empty piece makes `""` a word; `"$@"` is none, as there are no arguments here.
                    let arguments = |piece: &Piece| matches!(piece, Piece::Variable { name, .. } if name == "@");
                    if inner.0.is_empty() || !inner.0.iter().all(arguments) {
                        pieces.0.push(quoted(""));
                    }
                    pieces.0.extend(inner.0);
                }
                '\\' => self.backslash(mode, &mut pieces),
                '$' if !mode.quoted() && self.take("'") => self.ansi(&mut pieces)?,
                '$' => match self.dollar(mode.quoted())? {
                    Some(piece) => pieces.0.push(piece),
                    None => pieces.push('$', mode.quoted()),
                },
                '`' => {
                    let list = self.backquoted()?;
                    pieces.0.push(Piece::Command {
                        list,
                        quoted: mode.quoted(),
                    });
                }
                c => pieces.push(c, mode.quoted()),
            }
        }
        Ok(Word(pieces.0))
    }

    fn single(&mut self, pieces: &mut Pieces) -> Parsed<()> {
        let Some((text, _)) = self.rest().split_once('\'') else {
            return Err(unclosed('\''));
        };
        let piece = quoted(text);
        self.at += text.len() + 1;
        pieces.0.push(piece);
        Ok(())
    }

    fn backslash(&mut self, mode: Mode, pieces: &mut Pieces) {
        let Some(c) = self.peek() else {
            pieces.push('\\', true);
            return;
        };
        let escapes = match mode {
            Mode::Bare | Mode::Brace { quoted: false } => true,
            Mode::Here => matches!(c, '$' | '`' | '\\' | '\n'),
            _ => matches!(c, '$' | '`' | '\\' | '\n' | '"') || (c == '}' && mode != Mode::Double),
        };
        if escapes {
            self.at += c.len_utf8();
        } else {
            pieces.push('\\', true);
        }
        if escapes && c != '\n' {
            pieces.push(c, true);
        }
    }

    /// The rest of `$'…'`.
    fn ansi(&mut self, pieces: &mut Pieces) -> Parsed<()> {
        let start = self.at;
        loop {
            match self.bump() {
                None => return Err(unclosed('\'')),
                Some('\'') => break,
                Some('\\') => {
                    self.bump();
                }
                Some(_) => {}
            }
        }
        let text = self.text.get(start..self.at - 1).unwrap_or_default();
        let text = String::from_utf8_lossy(&unescape(text)).into_owned();
        pieces.0.push(quoted(&text));
        Ok(())
    }

    /// What follows a `$`; `None` if it stands for itself.
    fn dollar(&mut self, quoted: bool) -> Parsed<Option<Piece>> {
        if self.take("((") {
            let expression = self.expression()?;
            return Ok(Some(Piece::Arithmetic { expression, quoted }));
        }
        if self.take("(") {
            let list = self.nested(Parser::list)?;
            if !self.take(")") {
                return Err(match self.peek() {
                    None => unclosed(')'),
                    Some(_) => self.unexpected(),
                });
            }
            return Ok(Some(Piece::Command { list, quoted }));
        }
        if self.take("{") {
            let (name, change) = if quoted {
                self.nested(|parser| parser.braces(Mode::Brace { quoted: true }))?
            } else {
                self.nested(|parser| parser.braces(Mode::Brace { quoted: false }))?
            };
            return Ok(Some(Piece::Variable {
                name,
                change,
                quoted,
            }));
        }
        let name = self.variable_name().to_string();
        self.at += name.len();
        Ok((!name.is_empty()).then_some(Piece::Variable {
            name,
            change: Change::None,
            quoted,
        }))
    }

    /// The name of a variable that begins here; empty if there is none.
    fn variable_name(&self) -> &str {
        let rest = self.rest();
        let length = match rest.bytes().next() {
            Some(b'?' | b'#' | b'$' | b'!' | b'@' | b'*' | b'-' | b'0'..=b'9') => 1,
            Some(b'_' | b'a'..=b'z' | b'A'..=b'Z') => rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len()),
            _ => 0,
        };
        rest.get(..length).unwrap_or_default()
    }

    /// The rest of `${…}`.
    fn braces(&mut self, mode: Mode) -> Parsed<(String, Change)> {
        let start = self.at;
        let length = self.rest().starts_with('#') && !self.rest().starts_with("#}");
        if length {
            self.at += 1;
        }
        let name = self.variable_name().to_string();
        self.at += name.len();
        let or_empty = !length && self.take(":");
        let change = match self.peek() {
            _ if name.is_empty() => None,
            Some('}') if length => Some(Change::Length),
            Some('}') if !or_empty => Some(Change::None),
            Some(operator @ ('-' | '=' | '+' | '?')) if !length => {
                self.at += 1;
                Some(Change::Default {
                    operator,
                    or_empty,
                    word: self.pieces(mode)?,
                })
            }
            Some(sign @ ('#' | '%')) if !length && !or_empty => {
                self.at += 1;
                let longest = self.peek() == Some(sign);
                if longest {
                    self.at += 1;
                }
                Some(Change::Strip {
                    end: sign == '%',
                    longest,
                    pattern: self.pieces(mode)?,
                })
            }
            _ => None,
        };
        if change.is_none() {
            self.pieces(mode)?;
        }
        if !self.take("}") {
            return Err(unclosed('}'));
        }
        let text = || self.text.get(start..self.at).unwrap_or_default();
        let change = change.unwrap_or_else(|| Change::Unknown(text().to_string()));
        Ok((name, change))
    }

    /// The rest of `` `…` ``.
    fn backquoted(&mut self) -> Parsed<super::ast::List> {
        let mut inner = String::new();
        loop {
            match self.bump() {
                None => return Err(unclosed('`')),
                Some('`') => break,
                Some('\\') => match self.bump() {
                    Some(c @ ('`' | '\\' | '$')) => inner.push(c),
                    other => {
                        inner.push('\\');
                        inner.extend(other);
                    }
                },
                Some(c) => inner.push(c),
            }
        }
        self.apart(&inner, |parser| parser.whole())
    }
}

/// The escapes of `$'…'`, `printf` and `echo -e`.
pub(super) fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        let mut chars = after.chars();
        let plain = match chars.next() {
            Some('a') => 7,
            Some('b') => 8,
            Some('e' | 'E') => 27,
            Some('f') => 12,
            Some('n') => 10,
            Some('r') => 13,
            Some('t') => 9,
            Some('v') => 11,
            Some(c @ ('\\' | '\'' | '"' | '?')) => c as u8,
            _ => 0,
        };
        if plain != 0 {
            out.push(plain);
            rest = chars.as_str();
            continue;
        }
        let (radix, prefix, most) = match after.as_bytes().first() {
            Some(b'x') => (16, 1, 2),
            Some(b'u') => (16, 1, 4),
            Some(b'U') => (16, 1, 8),
            Some(b'0'..=b'7') => (8, 0, if after.starts_with('0') { 4 } else { 3 }),
            _ => (10, 0, 0),
        };
        let digits = after.get(prefix..).unwrap_or_default();
        let length = digits
            .chars()
            .take(most)
            .take_while(|c| c.is_digit(radix))
            .count();
        let digits = digits.get(..length).unwrap_or_default();
        match u32::from_str_radix(digits, radix) {
            Ok(value) if most <= 4 && prefix == 0 || most == 2 => out.push(value as u8),
            Ok(value) => {
                let c = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Err(_) => {
                out.push(b'\\');
                rest = after;
                continue;
            }
        }
        rest = after.get(prefix + length..).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// A word as a shell would have to be given it, as bash writes it: with backslashes, or `$'…'` around control characters.
pub fn quote(word: &str) -> String {
    if word.is_empty() {
        return "''".to_string();
    }
    if !word.chars().any(char::is_control) {
        let mut out = String::new();
        for (index, c) in word.char_indices() {
            let special =
                " !\"$&'()*,;<>?[\\]^`{|}".contains(c) || (index == 0 && "#~".contains(c));
            if special {
                out.push('\\');
            }
            out.push(c);
        }
        return out;
    }
    let mut out = String::from("$'");
    for c in word.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\x1b' => out.push_str("\\E"),
            '\'' | '\\' => out.extend(['\\', c]),
            c if c.is_ascii_control() => out.push_str(&format!("\\{:03o}", c as u32)),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}
