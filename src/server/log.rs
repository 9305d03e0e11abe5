//! The server's log: `[pid] YYYY/MM/DD hh:mm:ss.uuuuuu [TAG] text`. Keeps lines until the driver takes them.

use crate::wire::time::{Time, push_padded};

/// Lines not yet taken, and which kinds are wanted.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Process id shown.
    pub pid: u32,
    /// Offset of the local time shown, in nanoseconds.
    pub utc_offset: i64,
    /// `DBG` lines are wanted.
    pub debug: bool,
    /// `TRC` lines are wanted.
    pub trace: bool,
    pub(super) lines: Vec<String>,
}

impl Log {
    /// Adds a line.
    pub fn write(&mut self, now: Time, tag: &str, text: &str) {
        if tag == "DBG" && !self.debug || tag == "TRC" && !self.trace {
            return;
        }
        let at = now.after(self.utc_offset).civil();
        let mut line = format!("[{}] ", self.pid);
        for (value, width, separator) in [
            (at.year as u32, 4, '/'),
            (at.month, 2, '/'),
            (at.day, 2, ' '),
            (at.hour, 2, ':'),
            (at.minute, 2, ':'),
            (at.second, 2, '.'),
            (at.nanosecond / 1000, 6, ' '),
        ] {
            push_padded(&mut line, value, width);
            line.push(separator);
        }
        for part in ["[", tag, "] ", text] {
            line.push_str(part);
        }
        self.lines.push(line);
    }

    /// Lines since the last call.
    pub fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }
}

/// Text in double quotes as Go's `%q` writes it.
pub fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\x07' => out.push_str("\\a"),
                '\x08' => out.push_str("\\b"),
                '\x0c' => out.push_str("\\f"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\x0b' => out.push_str("\\v"),
                '\0'..='\x1f' | '\x7f' => push_hex(&mut out, c as u8),
                _ => out.push(c),
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|byte| push_hex(&mut out, *byte));
    }
    out.push('"');
    out
}

fn push_hex(out: &mut String, byte: u8) {
    out.push_str("\\x");
    for digit in [byte >> 4, byte & 15] {
        out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_quotes() {
        let mut log = Log {
            pid: 7,
            ..Log::default()
        };
        log.write(Time(1_795_537_149_846_945_610), "INF", "Server is ready");
        log.write(Time(0), "DBG", "no");
        assert_eq!(
            log.take(),
            ["[7] 2026/11/24 16:19:09.846945 [INF] Server is ready"]
        );
        assert_eq!(
            quoted(b"a\"\\\r\n\x01\xff\xc3\xa9"),
            "\"a\\\"\\\\\\r\\n\\x01\\xffé\""
        );
    }
}
