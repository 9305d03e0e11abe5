//! Templates as text, cut into tokens. Must not know what they are good for.

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lex {
    /// What stands outside of actions.
    Text,
    /// `{{`
    Left,
    /// `}}`
    Right,
    Space,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `|`
    Bar,
    /// `=`
    Assign,
    /// `:=`
    Declare,
    /// A printable character that means nothing, or a comma.
    Char,
    /// `"text"`
    Quoted,
    /// `` `text` ``
    Raw,
    Number,
    /// `'a'`
    Letter,
    /// `.Name`
    Field,
    /// `$name`
    Variable,
    /// A function, `true` or `false`.
    Name,
    /// Words with a meaning of their own, and the dot.
    Keyword,
    /// Where the text is wrong.
    Wrong,
    /// The end of the text.
    End,
}

/// A token, and where it stands.
#[derive(Clone, Copy)]
pub struct Token<'a> {
    pub lex: Lex,
    pub text: &'a str,
    pub at: usize,
}

impl Token<'_> {
    /// Is it this keyword?
    pub fn is(&self, word: &str) -> bool {
        self.lex == Lex::Keyword && self.text == word
    }
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];
const KEYWORDS: &str = ". block break continue define else end if nil range template with ";

/// The tokens of a text, and what is wrong at the last of them if that is `Wrong`.
pub fn tokens(text: &str) -> (Vec<Token<'_>>, String) {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
    };
    match lexer.whole() {
        Ok(()) => {
            lexer.push(Lex::End, 0);
            (lexer.tokens, String::new())
        }
        Err(why) => {
            lexer.push(Lex::Wrong, 0);
            (lexer.tokens, why)
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, lex: Lex, length: usize) {
        let text = self.rest().get(..length).unwrap_or_default();
        let at = self.at;
        self.tokens.push(Token { lex, text, at });
        self.at += length;
    }

    fn whole(&mut self) -> Result<(), String> {
        while let Some((plain, inner)) = self.rest().split_once("{{") {
            let start = self.at + plain.len();
            let trimming = inner.strip_prefix('-').filter(|i| i.starts_with(BLANKS));
            let kept = match trimming {
                Some(_) => plain.trim_end_matches(BLANKS),
                None => plain,
            };
            if !kept.is_empty() {
                self.push(Lex::Text, kept.len());
            }
            self.at = start;
            let marks = if trimming.is_some() { 4 } else { 2 };
            let comment = self.text.get(start + marks..).unwrap_or_default();
            if comment.starts_with("/*") {
                self.at += marks;
                self.comment(comment)?;
            } else {
                self.push(Lex::Left, 2);
                self.at = start + marks;
                self.action()?;
            }
        }
        if !self.rest().is_empty() {
            self.push(Lex::Text, self.rest().len());
        }
        Ok(())
    }

    fn comment(&mut self, text: &str) -> Result<(), String> {
        let end = text.find("*/").ok_or("unclosed comment")? + 2;
        let length = closing(&text[end..]).ok_or("comment ends before closing delimiter")?;
        self.at += end + length;
        Ok(())
    }

    fn action(&mut self) -> Result<(), String> {
        let mut open = 0;
        loop {
            let rest = self.rest();
            if let Some(length) = closing(rest) {
                if open > 0 {
                    return Err("unclosed left paren".into());
                }
                self.push(Lex::Right, 2);
                self.at += length - 2;
                return Ok(());
            }
            let first = rest.chars().next().ok_or("unclosed action")?;
            let (lex, length) = match first {
                _ if BLANKS.contains(&first) => {
                    let length = rest.len() - rest.trim_start_matches(BLANKS).len();
                    // The last blank belongs to what closes the action and trims.
                    let closes = rest[length..].starts_with("-}}");
                    (Lex::Space, length - usize::from(closes))
                }
                '=' => (Lex::Assign, 1),
                ':' if rest.starts_with(":=") => (Lex::Declare, 2),
                ':' => return Err("expected :=".into()),
                '|' => (Lex::Bar, 1),
                '(' => {
                    open += 1;
                    (Lex::Open, 1)
                }
                ')' if open == 0 => return Err("unexpected right paren".into()),
                ')' => {
                    open -= 1;
                    (Lex::Close, 1)
                }
                '"' => (Lex::Quoted, quoted(rest, first, "quoted string")?),
                '`' => (Lex::Raw, quoted(rest, first, "raw quoted string")?),
                '\'' => (Lex::Letter, quoted(rest, first, "character constant")?),
                '+' | '-' | '0'..='9' => (Lex::Number, number(rest)?),
                '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                    (Lex::Number, number(rest)?)
                }
                '.' | '$' => word(rest, first)?,
                _ if is_letter(first) => word(rest, first)?,
                ' '..='~' => (Lex::Char, 1),
                _ => {
                    let odd = named(first);
                    return Err(format!("unrecognized character in action: {odd}"));
                }
            };
            self.push(lex, length);
        }
    }
}

/// How long the end of an action is that stands here, with the blanks it trims.
fn closing(rest: &str) -> Option<usize> {
    let trims = rest
        .strip_prefix(BLANKS)
        .and_then(|r| r.strip_prefix("-}}"));
    match trims {
        Some(after) => Some(rest.len() - after.trim_start_matches(BLANKS).len()),
        None => rest.starts_with("}}").then_some(2),
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A character as Go's `%#U`.
fn named(c: char) -> String {
    let number = u32::from(c);
    match c.is_control() {
        true => format!("U+{number:04X}"),
        false => format!("U+{number:04X} '{c}'"),
    }
}

/// A name, with a dot or `$` before it, or one of those alone.
fn word(rest: &str, first: char) -> Result<(Lex, usize), String> {
    let mark = first.len_utf8();
    let end = rest[mark..].find(|c| !is_letter(c));
    let length = end.map_or(rest.len(), |end| mark + end);
    let (text, after) = rest.split_at(length);
    let odd = after.chars().next();
    if let Some(odd) = odd.filter(|c| !BLANKS.contains(c) && !".,|:)(".contains(*c))
        && !after.starts_with("}}")
    {
        return Err(format!("bad character {}", named(odd)));
    }
    let lex = match first {
        _ if KEYWORDS.split(' ').any(|keyword| keyword == text) => Lex::Keyword,
        '.' => Lex::Field,
        '$' => Lex::Variable,
        _ => Lex::Name,
    };
    Ok((lex, length))
}

/// How long a text between two marks is, marks included.
fn quoted(rest: &str, mark: char, what: &str) -> Result<usize, String> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == '\n' && mark != '`' {
            break;
        }
        if c == mark && !escaped {
            return Ok(at + 1);
        }
        escaped = c == '\\' && !escaped && mark != '`';
    }
    Err(format!("unterminated {what}"))
}

/// How long a number is.
fn number(rest: &str) -> Result<usize, String> {
    let (mut length, mut whole) = scanned(rest);
    let tail = rest.get(length..).unwrap_or_default();
    // Go has complex numbers, which messages do without.
    if whole && tail.starts_with(['+', '-']) {
        (length, whole) = (length + scanned(tail).0, false);
    }
    match whole {
        true => Ok(length),
        false => {
            let text = rest.get(..length).unwrap_or_default();
            Err(format!("bad number syntax: {}", super::quote(text)))
        }
    }
}

/// How far something like a number goes, with the letter behind it that makes it none; whether there is no such letter.
fn scanned(rest: &str) -> (usize, bool) {
    let bytes = rest.as_bytes();
    let skip = |from: usize, set: &str| {
        let length = |tail: &str| tail.find(|c| !set.contains(c)).unwrap_or(tail.len());
        from + rest.get(from..).map_or(0, length)
    };
    let signed = |at: usize| at + usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
    let start = signed(0);
    let base = match bytes.get(start) {
        Some(b'0') => bytes.get(start + 1).map(u8::to_ascii_lowercase),
        _ => None,
    };
    let (digits, exponent) = match base {
        Some(b'x') => ("0123456789abcdefABCDEF_", "pP"),
        Some(b'o') => ("01234567_", ""),
        Some(b'b') => ("01_", ""),
        _ => ("0123456789_", "eE"),
    };
    let mut at = match exponent {
        "eE" => start,
        _ => start + 2,
    };
    at = skip(at, digits);
    if bytes.get(at) == Some(&b'.') {
        at = skip(at + 1, digits);
    }
    if bytes
        .get(at)
        .is_some_and(|b| exponent.contains(char::from(*b)))
    {
        at = skip(signed(at + 1), "0123456789_");
    }
    let tail = rest.get(at..).unwrap_or_default();
    match tail.chars().next() {
        Some(odd) if is_letter(odd) => (at + odd.len_utf8(), false),
        _ => (at, true),
    }
}
