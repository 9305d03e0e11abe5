//! Values to text with Go's escapes. Fields come out in the order they are written; commas take care of themselves.

use crate::wire::{base64, decimal, time::Time};

/// Zero time of Go.
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// Compact JSON on lines, indented by two, as Go's `json.MarshalIndent` has it.
pub fn indent(json: &[u8]) -> String {
    let mut out = Vec::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut last = b' ';
    for &byte in json {
        let closes = matches!(byte, b'}' | b']') && !quoted;
        depth -= usize::from(closes && depth > 0);
        // Nothing stands between the brackets of what is empty.
        if !quoted && (matches!(last, b'{' | b'[') && !closes || last == b',')
            || closes && !matches!(last, b'{' | b'[')
        {
            out.push(b'\n');
            out.resize(out.len() + 2 * depth, b' ');
        }
        out.push(byte);
        if quoted {
            quoted = byte != b'"' || escaped;
            escaped = byte == b'\\' && !escaped;
            last = b' ';
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b':' => out.push(b' '),
            b'{' | b'[' => depth += 1,
            _ => {}
        }
        last = byte;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends JSON to a buffer. Every method adds one piece; a comma goes before it where one is due.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// What has been written.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    fn comma(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[' | b':')) {
            self.out.push(b',');
        }
    }

    /// `{`
    pub fn open(&mut self) -> &mut Writer {
        self.comma();
        self.out.push(b'{');
        self
    }

    /// `}`
    pub fn close(&mut self) -> &mut Writer {
        self.out.push(b'}');
        self
    }

    /// `[`
    pub fn open_list(&mut self) -> &mut Writer {
        self.comma();
        self.out.push(b'[');
        self
    }

    /// `]`
    pub fn close_list(&mut self) -> &mut Writer {
        self.out.push(b']');
        self
    }

    /// The name of a member; its value is to follow.
    pub fn key(&mut self, name: &str) -> &mut Writer {
        self.string(name);
        self.out.push(b':');
        self
    }

    /// The name of a member that need not be UTF-8.
    pub fn key_bytes(&mut self, name: &[u8]) -> &mut Writer {
        self.bytes(name);
        self.out.push(b':');
        self
    }

    /// Text as it is: a number, `null`, JSON made elsewhere.
    pub fn raw(&mut self, json: &[u8]) -> &mut Writer {
        self.comma();
        self.out.extend_from_slice(json);
        self
    }

    /// `true` or `false`
    pub fn bool(&mut self, value: bool) -> &mut Writer {
        self.raw(if value { b"true" } else { b"false" })
    }

    /// A signed number.
    pub fn int(&mut self, value: i64) -> &mut Writer {
        self.raw(value.to_string().as_bytes())
    }

    /// An unsigned number.
    pub fn uint(&mut self, value: u64) -> &mut Writer {
        self.comma();
        decimal::push(&mut self.out, value);
        self
    }

    /// A time in UTC; Go's zero time for `None`.
    pub fn time(&mut self, value: Option<Time>) -> &mut Writer {
        match value {
            Some(time) => self.string(&time.rfc3339()),
            None => self.string(ZERO_TIME),
        }
    }

    /// A string.
    pub fn string(&mut self, text: &str) -> &mut Writer {
        self.bytes(text.as_bytes())
    }

    /// A string of bytes that need not be UTF-8; each that is not comes out as `\ufffd`.
    pub fn bytes(&mut self, text: &[u8]) -> &mut Writer {
        self.comma();
        self.out.push(b'"');
        for chunk in text.utf8_chunks() {
            for c in chunk.valid().chars() {
                self.escaped(c);
            }
            for _ in chunk.invalid() {
                self.out.extend_from_slice(b"\\ufffd");
            }
        }
        self.out.push(b'"');
        self
    }

    fn escaped(&mut self, c: char) {
        let short = match c {
            '"' | '\\' => c as u8,
            '\x08' => b'b',
            '\x0c' => b'f',
            '\n' => b'n',
            '\r' => b'r',
            '\t' => b't',
            '\0'..='\x1f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                self.out.extend_from_slice(b"\\u");
                for place in (0..4).rev() {
                    let digit = (c as u32 >> (4 * place) & 0xf) as usize;
                    self.out.push(b"0123456789abcdef"[digit]);
                }
                return;
            }
            _ => {
                self.out
                    .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return;
            }
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }

    /// A string with the bytes in base64, as Go writes `[]byte`.
    pub fn base64(&mut self, bytes: &[u8]) -> &mut Writer {
        self.string(&base64::encode(bytes))
    }

    /// A list of strings.
    pub fn strings(&mut self, list: &[String]) -> &mut Writer {
        self.open_list();
        for text in list {
            self.string(text);
        }
        self.close_list()
    }
}
