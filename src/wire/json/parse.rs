//! Text to values. A [`Document`] is a flat list of nodes in the order of the text, so that neither reading nor dropping
//! it recurses, however deep the text nests.

use super::push_quoted;

/// Go's `maxNestingDepth`.
const MAX_DEPTH: usize = 10_000;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, not yet read.
    Number,
    /// A string, quotes and escapes still in place.
    String,
    /// `[…]`
    Array,
    /// `{…}`
    Object,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    start: usize,
    end: usize,
    /// Index of the node after this one and all it contains.
    next: usize,
}

/// One JSON value of a text, with everything in it.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a [u8],
    nodes: Vec<Node>,
}

/// A value in a [`Document`].
#[derive(Clone, Copy, Debug)]
pub struct Value<'d> {
    document: &'d Document<'d>,
    at: usize,
}

impl<'a> Document<'a> {
    /// Reads the first value of `text[from..]`; `None` when only blanks are left. Also tells where it ended.
    ///
    /// # Errors
    /// Go's text with ` at offset N` for a syntax error, `unexpected EOF` for a text cut short.
    pub fn parse(text: &'a [u8], from: usize) -> Result<Option<(Document<'a>, usize)>, String> {
        let mut scanner = Scanner {
            text,
            at: from,
            nodes: Vec::new(),
        };
        scanner.blanks();
        if scanner.at == text.len() {
            return Ok(None);
        }
        scanner.document()?;
        let Scanner { at, nodes, .. } = scanner;
        Ok(Some((Document { text, nodes }, at)))
    }

    /// The value itself.
    pub fn root(&self) -> Value<'_> {
        Value {
            document: self,
            at: 0,
        }
    }
}

impl<'d> Value<'d> {
    fn node(self) -> Node {
        self.document.nodes[self.at]
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// Its text, as sent.
    pub fn raw(self) -> &'d [u8] {
        let node = self.node();
        &self.document.text[node.start..node.end]
    }

    /// Is it `null`?
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The text of a string, escapes undone; what is not UTF-8 becomes U+FFFD, byte for byte. Empty for other kinds.
    pub fn text(self) -> String {
        match self.kind() {
            Kind::String => {
                let raw = self.raw();
                unescape(&raw[1..raw.len() - 1])
            }
            _ => String::new(),
        }
    }

    /// Elements of an array; names and values of an object, alternating; nothing for other kinds.
    pub fn children(self) -> impl Iterator<Item = Value<'d>> {
        let end = match self.kind() {
            Kind::Array | Kind::Object => self.node().next,
            _ => self.at,
        };
        let document = self.document;
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let child = Value { document, at };
                at = child.node().next;
                child
            })
        })
    }
}

/// `isEmptyRequest`: nothing at all, or an object without members.
pub fn is_empty_request(payload: &[u8]) -> bool {
    payload.is_empty()
        || matches!(Document::parse(payload, 0), Ok(Some((document, end)))
            if document.root().kind() == Kind::Object
                && document.nodes.len() == 1
                && payload[end..].iter().all(|b| is_blank(*b)))
}

/// Requests that take any payload read it as JSON only if it starts with `{` or `[`.
pub fn looks_like_json(payload: &[u8]) -> bool {
    matches!(
        payload.iter().find(|b| !is_blank(**b)),
        Some(b'{') | Some(b'[')
    )
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
}

impl Scanner<'_> {
    /// One value and all it contains. `open` holds the containers around the current place.
    fn document(&mut self) -> Result<(), String> {
        let mut open: Vec<usize> = Vec::new();
        let mut allow_close = false;
        loop {
            // Before a value, or a name if the innermost container is an object.
            self.blanks();
            let container = open.last().map(|at| self.nodes[*at].kind);
            let byte = self.peek()?;
            if allow_close && byte == closing(container) {
                self.at += 1;
                self.close(&mut open);
            } else if container == Some(Kind::Object) {
                if byte != b'"' {
                    return Err(self.syntax(byte, "looking for beginning of object key string"));
                }
                self.scalar(Kind::String)?;
                self.blanks();
                match self.peek()? {
                    b':' => self.at += 1,
                    byte => return Err(self.syntax(byte, "after object key")),
                }
                self.blanks();
                allow_close = self.value(&mut open)?;
                if allow_close {
                    continue;
                }
            } else {
                allow_close = self.value(&mut open)?;
                if allow_close {
                    continue;
                }
            }
            // After a value.
            loop {
                let Some(at) = open.last() else {
                    return Ok(());
                };
                let kind = self.nodes[*at].kind;
                self.blanks();
                let byte = self.peek()?;
                if byte == b',' {
                    self.at += 1;
                    allow_close = false;
                    break;
                } else if byte == closing(Some(kind)) {
                    self.at += 1;
                    self.close(&mut open);
                } else if kind == Kind::Object {
                    return Err(self.syntax(byte, "after object key:value pair"));
                } else {
                    return Err(self.syntax(byte, "after array element"));
                }
            }
        }
    }

    /// A value; true if it was the opening of a container.
    fn value(&mut self, open: &mut Vec<usize>) -> Result<bool, String> {
        let byte = self.peek()?;
        let kind = match byte {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'"' => Kind::String,
            b'-' | b'0'..=b'9' => Kind::Number,
            b't' | b'f' => Kind::Bool,
            b'n' => Kind::Null,
            _ => return Err(self.syntax(byte, "looking for beginning of value")),
        };
        if kind != Kind::Object && kind != Kind::Array {
            return self.scalar(kind).map(|()| false);
        }
        open.push(self.nodes.len());
        self.nodes.push(Node {
            kind,
            start: self.at,
            end: self.at,
            next: 0,
        });
        if open.len() > MAX_DEPTH {
            return Err(self.syntax(byte, "exceeded max depth"));
        }
        self.at += 1;
        Ok(true)
    }

    fn close(&mut self, open: &mut Vec<usize>) {
        let next = self.nodes.len();
        if let Some(at) = open.pop() {
            self.nodes[at].end = self.at;
            self.nodes[at].next = next;
        }
    }

    fn scalar(&mut self, kind: Kind) -> Result<(), String> {
        let start = self.at;
        match kind {
            Kind::String => self.string()?,
            Kind::Number => self.number()?,
            _ => self.literal()?,
        }
        self.nodes.push(Node {
            kind,
            start,
            end: self.at,
            next: self.nodes.len() + 1,
        });
        Ok(())
    }

    fn string(&mut self) -> Result<(), String> {
        self.at += 1;
        loop {
            match self.take()? {
                b'"' => return Ok(()),
                b'\\' => match self.take()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let byte = self.peek()?;
                            if !byte.is_ascii_hexdigit() {
                                return Err(
                                    self.syntax(byte, "in \\u hexadecimal character escape")
                                );
                            }
                            self.at += 1;
                        }
                    }
                    byte => {
                        self.at -= 1;
                        return Err(self.syntax(byte, "in string escape code"));
                    }
                },
                byte if byte < 0x20 => {
                    self.at -= 1;
                    return Err(self.syntax(byte, "in string literal"));
                }
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Result<(), String> {
        if self.text[self.at] == b'-' {
            self.at += 1;
            let byte = self.peek()?;
            if !byte.is_ascii_digit() {
                return Err(self.syntax(byte, "in numeric literal"));
            }
        }
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.digits();
        }
        if self.next_is(b".") {
            self.at += 1;
            let byte = self.peek()?;
            if !byte.is_ascii_digit() {
                return Err(self.syntax(byte, "after decimal point in numeric literal"));
            }
            self.digits();
        }
        if self.next_is(b"eE") {
            self.at += 1;
            if self.next_is(b"+-") {
                self.at += 1;
            }
            let byte = self.peek()?;
            if !byte.is_ascii_digit() {
                return Err(self.syntax(byte, "in exponent of numeric literal"));
            }
            self.digits();
        }
        Ok(())
    }

    fn literal(&mut self) -> Result<(), String> {
        let word = match self.text[self.at] {
            b't' => "true",
            b'f' => "false",
            _ => "null",
        };
        self.at += 1;
        for want in word.bytes().skip(1) {
            let byte = self.peek()?;
            if byte != want {
                let expecting = char::from(want);
                let context = format!("in literal {word} (expecting '{expecting}')");
                return Err(self.syntax(byte, &context));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn next_is(&self, any: &[u8]) -> bool {
        self.text.get(self.at).is_some_and(|b| any.contains(b))
    }

    fn blanks(&mut self) {
        self.at = after_blanks(self.text, self.at);
    }

    fn peek(&self) -> Result<u8, String> {
        self.text
            .get(self.at)
            .copied()
            .ok_or_else(|| "unexpected EOF".to_owned())
    }

    fn take(&mut self) -> Result<u8, String> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// The offset counts the bad byte, which is the one at `self.at`.
    fn syntax(&self, byte: u8, context: &str) -> String {
        let mut text = invalid(byte, context);
        text.push_str(" at offset ");
        text.push_str(&(self.at + 1).to_string());
        text
    }
}

/// Go's text for a byte that cannot stand where it does.
pub(super) fn invalid(byte: u8, context: &str) -> String {
    let mut text = String::from("invalid character '");
    if byte == b'"' {
        text.push('"');
    } else {
        push_quoted(&mut text, char::from(byte), '\'');
    }
    text.push_str("' ");
    text.push_str(context);
    text
}

/// The first place from `at` that is no blank.
pub(super) fn after_blanks(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(|b| is_blank(*b)) {
        at += 1;
    }
    at
}

fn closing(container: Option<Kind>) -> u8 {
    match container {
        Some(Kind::Object) => b'}',
        _ => b']',
    }
}

/// The inside of a string that has passed the scanner.
fn unescape(raw: &[u8]) -> String {
    let mut text = String::with_capacity(raw.len());
    for chunk in raw.utf8_chunks() {
        let mut chars = chunk.valid().chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next() {
                Some('b') => text.push('\x08'),
                Some('f') => text.push('\x0c'),
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some('u') => {
                    let (unit, rest) = hex4(chars.as_str());
                    chars = rest.chars();
                    let mut code = unit;
                    if (0xd800..0xdc00).contains(&unit)
                        && let Some(after) = rest.strip_prefix("\\u")
                        && let (low @ 0xdc00..0xe000, rest) = hex4(after)
                    {
                        code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                        chars = rest.chars();
                    }
                    text.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                }
                Some(c) => text.push(c),
                None => {}
            }
        }
        for _ in chunk.invalid() {
            text.push('\u{fffd}');
        }
    }
    text
}

fn hex4(text: &str) -> (u32, &str) {
    match text.split_at_checked(4) {
        Some((digits, rest)) => (u32::from_str_radix(digits, 16).unwrap_or(0xfffd), rest),
        None => (0xfffd, ""),
    }
}
