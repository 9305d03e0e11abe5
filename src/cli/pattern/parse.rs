//! The text of a pattern to its items, with the grammar, flags and errors of Go's `regexp`. Classes of Unicode (`\pL`) are refused.

use super::{Item, Kind, Place};

/// Characters, from and to.
pub type Ranges = Vec<(char, char)>;

/// Groups within one another; Go takes more.
const DEEPEST: usize = 200;

/// An error in Go's words.
pub fn wrong(what: &str, text: &str) -> String {
    format!("error parsing regexp: {what}: `{text}`")
}

#[derive(Clone, Copy, Default)]
struct Flags {
    /// `i`: letters of either case.
    fold: bool,
    /// `m`: `^` and `$` at lines.
    lines: bool,
    /// `s`: `.` is a newline, too.
    all: bool,
}

/// A group that is not closed yet, or the whole.
struct Open {
    alternatives: Vec<Vec<Item>>,
    /// What holds again behind it.
    flags: Flags,
}

struct Parser<'a> {
    whole: &'a str,
    rest: &'a str,
    flags: Flags,
    open: Vec<Open>,
}

/// Reads a pattern: its alternatives.
pub fn parse(text: &str) -> Result<Vec<Vec<Item>>, String> {
    let mut parser = Parser {
        whole: text,
        rest: text,
        flags: Flags::default(),
        open: Vec::new(),
    };
    parser.enter();
    let mut before = ""; // a repetition right before
    while let Some(c) = parser.rest.chars().next() {
        let here = parser.rest;
        let was = std::mem::take(&mut before);
        parser.rest = &here[c.len_utf8()..];
        match c {
            '*' => parser.repeat((0, usize::MAX), false, here, was)?,
            '+' => parser.repeat((1, usize::MAX), false, here, was)?,
            '?' => parser.repeat((0, 1), false, here, was)?,
            '{' => match bounds(here) {
                Some((least, most, rest)) => {
                    parser.rest = rest;
                    if least > 1000 || (most != usize::MAX && (most > 1000 || least > most)) {
                        return Err(wrong("invalid repeat count", cut(here, rest)));
                    }
                    parser.repeat((least, most), true, here, was)?;
                }
                None => {
                    parser.literal(c);
                    continue;
                }
            },
            c => {
                parser.one(c, here)?;
                continue;
            }
        }
        before = here;
    }
    match parser.open.pop() {
        Some(whole) if parser.open.is_empty() => Ok(whole.alternatives),
        _ => Err(wrong("missing closing )", text)),
    }
}

impl<'a> Parser<'a> {
    fn enter(&mut self) {
        self.open.push(Open {
            alternatives: vec![Vec::new()],
            flags: self.flags,
        });
    }

    fn push(&mut self, kind: Kind) {
        let items = self.open.last_mut().and_then(|o| o.alternatives.last_mut());
        if let Some(items) = items {
            items.push(Item {
                kind,
                least: 1,
                most: 1,
                counted: false,
            });
        }
    }

    fn literal(&mut self, c: char) {
        let ranges = self.folded((c, c));
        self.push(Kind::Class(ranges, false));
    }

    /// A range, with the other case of its letters where that does not count.
    fn folded(&self, (low, high): (char, char)) -> Ranges {
        let mut ranges = vec![(low, high)];
        if self.flags.fold {
            // Long ranges have what they need but for ASCII.
            let long = high as u32 - low as u32 > 500;
            let last = if long { high.min('\x7f') } else { high };
            for c in low..=last {
                let others = c.to_lowercase().chain(c.to_uppercase());
                ranges.extend(others.filter(|other| *other != c).map(|c| (c, c)));
            }
        }
        ranges
    }

    /// Everything but a repetition; `here` begins with `c`.
    fn one(&mut self, c: char, here: &'a str) -> Result<(), String> {
        match c {
            '(' if self.rest.starts_with('?') => return self.perl(here),
            '(' if self.open.len() > DEEPEST => {
                return Err(wrong("expression nests too deeply", self.whole));
            }
            '(' => self.enter(),
            '|' => {
                if let Some(open) = self.open.last_mut() {
                    open.alternatives.push(Vec::new());
                }
            }
            ')' if self.open.len() < 2 => return Err(wrong("unexpected )", self.whole)),
            ')' => {
                if let Some(group) = self.open.pop() {
                    self.flags = group.flags;
                    self.push(Kind::Group(group.alternatives));
                }
            }
            '^' if self.flags.lines => self.push(Kind::At(Place::LineStart)),
            '^' => self.push(Kind::At(Place::Start)),
            '$' if self.flags.lines => self.push(Kind::At(Place::LineEnd)),
            '$' => self.push(Kind::At(Place::End)),
            '.' if self.flags.all => self.push(Kind::Class(Vec::new(), true)),
            '.' => self.push(Kind::Class(vec![('\n', '\n')], true)),
            '[' => return self.class(here),
            '\\' => return self.escaped(here),
            c => self.literal(c),
        }
        Ok(())
    }

    /// `(?…`: flags, and groups that nobody looks at.
    fn perl(&mut self, here: &'a str) -> Result<(), String> {
        let named = here.strip_prefix("(?P<").or(here.strip_prefix("(?<"));
        if let Some(name) = named {
            let Some((name, rest)) = name.split_once('>') else {
                return Err(wrong("invalid named capture", here));
            };
            let plain = |c: char| c == '_' || c.is_ascii_alphanumeric();
            if name.is_empty() || !name.chars().all(plain) {
                return Err(wrong("invalid named capture", cut(here, rest)));
            }
            self.rest = rest;
            self.enter();
            return Ok(());
        }
        let (mut flags, mut on, mut seen) = (self.flags, true, false);
        let mut chars = here[2..].chars();
        while let Some(c) = chars.next() {
            match c {
                'i' => flags.fold = on,
                'm' => flags.lines = on,
                's' => flags.all = on,
                'U' => {} // which of several matches counts
                '-' if on => {
                    (on, seen) = (false, false);
                    continue;
                }
                ':' | ')' if on || seen => {
                    self.rest = chars.as_str();
                    if c == ':' {
                        self.enter();
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => {
                    let text = cut(here, chars.as_str());
                    return Err(wrong("invalid or unsupported Perl syntax", text));
                }
            }
            seen = true;
        }
        Err(wrong("invalid or unsupported Perl syntax", here))
    }

    fn repeat(
        &mut self,
        (least, most): (usize, usize),
        counted: bool,
        here: &'a str,
        was: &'a str,
    ) -> Result<(), String> {
        self.rest = self.rest.strip_prefix('?').unwrap_or(self.rest);
        if !was.is_empty() {
            let text = cut(was, self.rest);
            return Err(wrong("invalid nested repetition operator", text));
        }
        let last = self.open.last_mut().and_then(|o| o.alternatives.last_mut());
        let text = cut(here, self.rest);
        let Some(item) = last.and_then(|items| items.last_mut()) else {
            return Err(wrong("missing argument to repetition operator", text));
        };
        let before = std::mem::replace(&mut item.kind, Kind::At(Place::Start));
        let inner = Item {
            kind: before,
            ..*item
        };
        // What is repeated already, as by a flag in between, is a group.
        let once = (inner.least, inner.most) == (1, 1);
        item.kind = match once {
            true => inner.kind,
            false => Kind::Group(vec![vec![inner]]),
        };
        (item.least, item.most, item.counted) = (least, most, counted);
        match counted && !fits(item, 1000) {
            true => Err(wrong("invalid repeat count", text)),
            false => Ok(()),
        }
    }

    /// A backslash and what follows.
    fn escaped(&mut self, here: &'a str) -> Result<(), String> {
        let Some(c) = self.rest.chars().next() else {
            return Err(wrong("trailing backslash at end of expression", ""));
        };
        let after = &self.rest[c.len_utf8()..];
        let kind = match c {
            'A' => Kind::At(Place::Start),
            'z' => Kind::At(Place::End),
            'b' => Kind::At(Place::Edge),
            'B' => Kind::At(Place::NoEdge),
            'Q' => {
                let (text, rest) = after.split_once("\\E").unwrap_or((after, ""));
                self.rest = rest;
                text.chars().for_each(|c| self.literal(c));
                return Ok(());
            }
            'p' | 'P' => return Err(wrong("no classes of Unicode in this playground", here)),
            c => match perl_class(c) {
                Some(ranges) => Kind::Class(ranges, false),
                None => {
                    let (c, rest) = escape(here)?;
                    self.rest = rest;
                    self.literal(c);
                    return Ok(());
                }
            },
        };
        self.rest = after;
        self.push(kind);
        Ok(())
    }

    /// `[…]`
    fn class(&mut self, here: &'a str) -> Result<(), String> {
        let negated = self.rest.starts_with('^');
        let mut rest = self.rest.strip_prefix('^').unwrap_or(self.rest);
        let (mut ranges, mut first) = (Vec::new(), true);
        while first || !rest.starts_with(']') {
            first = false;
            if let Some(name) = rest.strip_prefix("[:")
                && let Some((name, after)) = name.split_once(":]")
            {
                let (name, not) = match name.strip_prefix('^') {
                    Some(name) => (name, true),
                    None => (name, false),
                };
                let Some(class) = posix_class(name) else {
                    return Err(wrong("invalid character class range", cut(rest, after)));
                };
                ranges.extend(if not { all_but(class) } else { class });
                rest = after;
                continue;
            }
            if rest.starts_with("\\p") || rest.starts_with("\\P") {
                return Err(wrong("no classes of Unicode in this playground", rest));
            }
            let escaped = rest.strip_prefix('\\').and_then(|r| r.chars().next());
            if let Some(class) = escaped.and_then(perl_class) {
                ranges.extend(class);
                rest = &rest[2..];
                continue;
            }
            let begin = rest;
            let (low, after) = class_char(rest, here)?;
            let (mut high, mut end) = (low, after);
            if let Some(second) = after.strip_prefix('-')
                && !second.is_empty()
                && !second.starts_with(']')
            {
                (high, end) = class_char(second, here)?;
                if high < low {
                    return Err(wrong("invalid character class range", cut(begin, end)));
                }
            }
            rest = end;
            ranges.extend(self.folded((low, high)));
        }
        self.rest = &rest[1..];
        self.push(Kind::Class(ranges, negated));
        Ok(())
    }
}

/// What stands before `rest`, its end.
fn cut<'a>(text: &'a str, rest: &str) -> &'a str {
    &text[..text.len() - rest.len()]
}

/// Whether counts within one another stay below a limit.
fn fits(item: &Item, limit: usize) -> bool {
    let count = match item.most {
        usize::MAX => item.least,
        most => most,
    };
    if item.counted && item.most == 0 {
        return true;
    }
    let counts = item.counted && count > 0;
    if counts && count > limit {
        return false;
    }
    let left = if counts { limit / count } else { limit };
    match &item.kind {
        Kind::Group(group) => group.iter().flatten().all(|item| fits(item, left)),
        _ => true,
    }
}

/// `{2}`, `{2,}` or `{2,3}`: its bounds and what follows.
fn bounds(text: &str) -> Option<(usize, usize, &str)> {
    let (inner, rest) = text.strip_prefix('{')?.split_once('}')?;
    let number = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let leading = text.len() > 1 && text.starts_with('0');
        // More than anybody may have is told apart from what is no number.
        (plain && !leading).then(|| text.parse().unwrap_or(100_000_000).min(100_000_000))
    };
    let (least, most) = match inner.split_once(',') {
        None => (number(inner)?, number(inner)?),
        Some((least, "")) => (number(least)?, usize::MAX),
        Some((least, most)) => (number(least)?, number(most)?),
    };
    Some((least, most, rest))
}

fn class_char<'a>(text: &'a str, class: &str) -> Result<(char, &'a str), String> {
    match text.chars().next() {
        None => Err(wrong("missing closing ]", class)),
        Some('\\') => escape(text),
        Some(c) => Ok((c, &text[c.len_utf8()..])),
    }
}

/// A character behind a backslash, which `here` begins with, and what follows.
fn escape(here: &str) -> Result<(char, &str), String> {
    let mut chars = here.chars();
    chars.next();
    let Some(c) = chars.next() else {
        return Err(wrong("trailing backslash at end of expression", ""));
    };
    let octal = |c: char| c.is_digit(8);
    let found = match c {
        '0'..='7' if c == '0' || chars.as_str().starts_with(octal) => {
            let mut value = c.to_digit(8).unwrap_or(0);
            for _ in 0..2 {
                let Some(digit) = chars.as_str().chars().next().and_then(|c| c.to_digit(8)) else {
                    break;
                };
                value = value * 8 + digit;
                chars.next();
            }
            char::from_u32(value)
        }
        'x' => hexadecimal(&mut chars),
        'a' => Some('\x07'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\x0b'),
        c => (c.is_ascii() && !c.is_ascii_alphanumeric()).then_some(c),
    };
    match found {
        Some(c) => Ok((c, chars.as_str())),
        None => {
            let text = cut(here, chars.as_str());
            Err(wrong("invalid escape sequence", text))
        }
    }
}

/// `41` or `{1F600}`, behind `\x`.
fn hexadecimal(chars: &mut std::str::Chars) -> Option<char> {
    let first = chars.next()?;
    if first != '{' {
        let second = chars.next()?;
        return char::from_u32(first.to_digit(16)? * 16 + second.to_digit(16)?);
    }
    let (mut value, mut some) = (0u32, false);
    loop {
        match chars.next()? {
            '}' => break,
            c => value = value * 16 + c.to_digit(16)?,
        }
        some = true;
        if value > 0x10_ffff {
            return None;
        }
    }
    char::from_u32(value).filter(|_| some)
}

/// `\d` and its like.
fn perl_class(c: char) -> Option<Ranges> {
    let class = match c.to_ascii_lowercase() {
        'd' => posix_class("digit"),
        'w' => posix_class("word"),
        's' => Some(vec![('\t', '\n'), ('\x0c', '\r'), (' ', ' ')]),
        _ => None,
    }?;
    Some(if c.is_uppercase() {
        all_but(class)
    } else {
        class
    })
}

/// A class by its name.
fn posix_class(name: &str) -> Option<Ranges> {
    Some(match name {
        "alnum" => vec![('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => vec![('A', 'Z'), ('a', 'z')],
        "ascii" => vec![('\0', '\x7f')],
        "blank" => vec![('\t', '\t'), (' ', ' ')],
        "cntrl" => vec![('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => vec![('0', '9')],
        "graph" => vec![('!', '~')],
        "lower" => vec![('a', 'z')],
        "print" => vec![(' ', '~')],
        "punct" => vec![('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => vec![('\t', '\r'), (' ', ' ')],
        "upper" => vec![('A', 'Z')],
        "word" => vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => vec![('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}

/// What is outside of ranges that are in order.
fn all_but(ranges: Ranges) -> Ranges {
    let (mut outside, mut from) = (Vec::new(), 0u32);
    let mut add = |from: u32, to: u32| {
        if let (Some(from), Some(to)) = (char::from_u32(from), char::from_u32(to))
            && from <= to
        {
            outside.push((from, to));
        }
    };
    for (low, high) in ranges {
        if low as u32 > from {
            add(from, low as u32 - 1);
        }
        from = high as u32 + 1;
    }
    add(from, 0x10_ffff);
    outside
}
