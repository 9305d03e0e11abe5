//! JSON as Go's `encoding/json` reads and writes it, because nats-server and nats.go do: the same texts for the same
//! mistakes, field order by the caller, Go's escapes. Must not know any request or reply; those describe themselves with
//! [`Decoder`] and [`Writer`].

mod decode;
mod moment;
mod parse;
mod record;
mod write;

pub use decode::{Decoder, decode, decode_lenient};
pub use moment::Moment;
pub use parse::{Document, Kind, Value, is_empty_request, looks_like_json};
pub use record::{FromJson, ToJson, from_json, read_json, to_json};
pub(crate) use record::{choice, record};
pub use write::{Writer, indent};

/// Go's `%q` of bytes: double quotes, escapes, everything printable as it is.
pub fn quote(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_quoted(&mut text, c, '"');
        }
        for byte in chunk.invalid() {
            push_hex(&mut text, "\\x", u32::from(*byte), 2);
        }
    }
    text.push('"');
    text
}

/// Without the blanks around it, as Go's `bytes.TrimSpace`.
pub fn trim(text: &[u8]) -> &[u8] {
    let first = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let text = &text[first.len() - first.trim_start().len()..];
    let last = text.utf8_chunks().last();
    let last = last.filter(|chunk| chunk.invalid().is_empty());
    let last = last.map_or("", |chunk| chunk.valid());
    &text[..text.len() - (last.len() - last.trim_end().len())]
}

/// One character inside Go quotes of the kind `quotes`.
fn push_quoted(text: &mut String, c: char, quotes: char) {
    match c {
        '\\' => text.push_str("\\\\"),
        '\x07' => text.push_str("\\a"),
        '\x08' => text.push_str("\\b"),
        '\x0c' => text.push_str("\\f"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\x0b' => text.push_str("\\v"),
        _ if c == quotes => {
            text.push('\\');
            text.push(c);
        }
        ' ' => text.push(' '),
        _ if c.is_ascii_control() => push_hex(text, "\\x", c as u32, 2),
        _ if !is_printable(c) && c as u32 > 0xffff => push_hex(text, "\\U", c as u32, 8),
        _ if !is_printable(c) => push_hex(text, "\\u", c as u32, 4),
        _ => text.push(c),
    }
}

/// Go's `unicode.IsPrint` above ASCII: not controls, blanks, joiners, marks of direction and characters of one's own. What is not
/// assigned counts as printable.
pub fn is_printable(c: char) -> bool {
    let other = matches!(
        c as u32,
        0xad | 0x200b..=0x200f
            | 0x202a..=0x202e
            | 0x2060..=0x206f
            | 0xe000..=0xf8ff
            | 0xfeff
            | 0xfff0..=0xfffb
            | 0xe0000..=0xe00ff
            | 0xf0000..
    );
    !(other || c.is_control() || c.is_whitespace())
}

/// `prefix` and `value` in at least `digits` lower-case hexadecimal digits.
fn push_hex(text: &mut String, prefix: &str, value: u32, digits: u32) {
    text.push_str(prefix);
    for place in (0..digits).rev() {
        text.push(char::from_digit(value >> (4 * place) & 0xf, 16).unwrap_or('0'));
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
