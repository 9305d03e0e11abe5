//! What passes over the terminals' connections: the newest lines of the protocol, without secrets, with the beginnings of
//! what follows them. Listens only: the bytes go on as they are, well-formed or not. Knows no DOM.

use super::tap::{Passing, What};
use crate::{
    client::Message,
    lesson::Terminal,
    wire::{
        json::{Document, Writer},
        time::Time,
    },
};
use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::VecDeque,
};

/// Lines remembered.
const LINES: usize = 500;
/// Bytes of a line and of a payload remembered.
const TEXT: usize = 1024;
const PAYLOAD: usize = 256;
/// Bytes of a line looked at; no client or server sends longer ones unless it is set up to.
const LONGEST: usize = 64 << 10;
/// Operations that a payload follows.
const FOLLOWED: [&[u8]; 4] = [b"PUB", b"HPUB", b"MSG", b"HMSG"];
/// The operation that has secrets, and those that nobody looking over a shoulder should read.
const CONNECT: &str = "CONNECT";
const SECRETS: [&str; 4] = ["pass", "auth_token", "sig", "jwt"];

/// An operation that has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Counts all that have passed.
    pub number: u64,
    /// Whose connection.
    pub terminal: Terminal,
    /// By the terminal, or to it.
    pub sent: bool,
    /// The line.
    pub text: String,
    /// The beginning of the payload, and its size.
    pub payload: Option<(Vec<u8>, usize)>,
    /// When.
    pub at: Time,
}

/// How far a terminal's consumer has come in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    connection: u32,
    /// Whose connection.
    pub terminal: Terminal,
    /// The stream.
    pub stream: String,
    /// Sequence of the last message that was sent to it.
    pub sequence: u64,
}

/// All of it.
#[derive(Default)]
pub struct Traffic {
    /// The newest lines, oldest first.
    pub lines: RefCell<VecDeque<Line>>,
    /// Consumers of connections that are open.
    pub reached: RefCell<Vec<Reached>>,
    counted: Cell<u64>,
    /// One for each direction of each connection that is open.
    scanners: RefCell<Vec<(u32, What, Scanner)>>,
}

impl Traffic {
    /// Lines that have ever passed.
    pub fn counted(&self) -> u64 {
        self.counted.get()
    }

    /// Bytes pass. Whether [`Traffic::reached`] is another for them.
    pub fn hear(&self, passing: Passing, mut bytes: &[u8]) -> bool {
        let Passing {
            connection, what, ..
        } = passing;
        let mut scanners = self.scanners.borrow_mut();
        if what == What::End {
            scanners.retain(|(of, ..)| *of != connection);
            let mut reached = self.reached.borrow_mut();
            let before = reached.len();
            reached.retain(|at| at.connection != connection);
            return reached.len() < before;
        }
        let same = |(of, way, _): &(u32, What, Scanner)| (*of, *way) == (connection, what);
        let at = scanners.iter().position(same).unwrap_or(scanners.len());
        if at == scanners.len() {
            scanners.push((connection, what, Scanner::default()));
        }
        let mut further = false;
        while let Some((line, payload)) = scanners[at].2.next(&mut bytes) {
            let text = String::from_utf8_lossy(&line);
            further |= passing.what == What::Got && payload.is_some() && self.reach(passing, &text);
            self.remember(passing, text, payload);
        }
        further
    }

    fn remember(&self, passing: Passing, text: Cow<'_, str>, payload: Option<(Vec<u8>, usize)>) {
        let text = match text.trim_start().split_at_checked(CONNECT.len()) {
            Some((verb, json)) if verb.eq_ignore_ascii_case(CONNECT) => {
                format!("{CONNECT} {}", without_secrets(json)).into()
            }
            _ => text,
        };
        let number = self.counted.get();
        self.counted.set(number + 1);
        let line = Line {
            number,
            terminal: passing.terminal,
            sent: passing.what == What::Sent,
            text: shortened(text),
            payload,
            at: passing.at,
        };
        let mut lines = self.lines.borrow_mut();
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// A message of a stream tells by its reply subject which it is. Whether it is one.
    fn reach(&self, passing: Passing, line: &str) -> bool {
        let reply = line.split_ascii_whitespace().nth(3).map(String::from);
        let message = Message {
            reply,
            ..Message::default()
        };
        let Some(info) = message.info() else {
            return false;
        };
        let mut all = self.reached.borrow_mut();
        let same =
            |at: &&mut Reached| at.connection == passing.connection && at.stream == info.stream;
        match all.iter_mut().find(same) {
            Some(reached) => reached.sequence = info.stream_sequence,
            None => all.push(Reached {
                connection: passing.connection,
                terminal: passing.terminal,
                stream: info.stream,
                sequence: info.stream_sequence,
            }),
        }
        true
    }
}

/// Finds operations in bytes, however they are cut. Not by the parsers of `wire`: those hold a message until it is whole, and
/// refuse what is none.
#[derive(Default)]
struct Scanner {
    line: Vec<u8>,
    /// What follows the line: its beginning, its size, and how much of it, the line's end included, is still to come.
    payload: Option<(Vec<u8>, usize, usize)>,
}

/// A line, the beginning of its payload, and the payload's size.
type Operation = (Vec<u8>, Option<(Vec<u8>, usize)>);

impl Scanner {
    /// The next operation; `None` when the bytes are used up.
    fn next(&mut self, bytes: &mut &[u8]) -> Option<Operation> {
        if self.payload.is_none() {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = bytes.split_off(..end.map_or(bytes.len(), |end| end + 1))?;
            let room = LONGEST.saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            end?;
            let Some(size) = payload_size(&self.line) else {
                return Some((self.line(), None));
            };
            self.payload = Some((Vec::new(), size, size.saturating_add(2)));
        }
        let (head, size, left) = self.payload.as_mut()?;
        let part = bytes.split_off(..bytes.len().min(*left))?;
        *left -= part.len();
        let room = PAYLOAD.min(*size) - head.len();
        head.extend_from_slice(&part[..part.len().min(room)]);
        if *left > 0 {
            return None;
        }
        let (head, size, _) = self.payload.take()?;
        Some((self.line(), Some((head, size))))
    }

    fn line(&mut self) -> Vec<u8> {
        let mut line = std::mem::take(&mut self.line);
        line.truncate(line.trim_ascii_end().len());
        line
    }
}

/// The size at the end of a line that a payload follows.
fn payload_size(line: &[u8]) -> Option<usize> {
    let mut words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let verb = words.next()?;
    let follows = FOLLOWED
        .iter()
        .any(|known| known.eq_ignore_ascii_case(verb));
    let size = words.next_back().filter(|_| follows)?;
    str::from_utf8(size).ok()?.parse().ok()
}

/// CONNECT's options with what is secret in them blotted out; all of it where they cannot be read.
fn without_secrets(json: &str) -> String {
    let Ok(Some((document, _))) = Document::parse(json.as_bytes(), 0) else {
        return "***".into();
    };
    let mut written = Writer::default();
    written.open();
    let mut parts = document.root().children();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        let name = name.text();
        written.key(&name);
        // Servers read names in any letter case.
        if SECRETS
            .iter()
            .any(|secret| secret.eq_ignore_ascii_case(&name))
        {
            written.string("***");
        } else {
            written.raw(value.raw());
        }
    }
    written.close();
    String::from_utf8_lossy(&written.finish()).into_owned()
}

fn shortened(text: Cow<'_, str>) -> String {
    if text.len() <= TEXT {
        return text.into_owned();
    }
    let mut shown: String = text.chars().take(TEXT).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passing(what: What) -> Passing {
        Passing {
            connection: 3,
            terminal: Terminal::B,
            what,
            at: Time(7),
        }
    }

    /// Sent or received, the line, the beginning of its payload and its size.
    type Heard = (bool, String, Option<(String, usize)>);

    /// What is heard of bytes that are sent in pieces of this size, and received so.
    fn heard(sent: &[u8], received: &[u8], size: usize) -> Vec<Heard> {
        let traffic = Traffic::default();
        for (what, bytes) in [(What::Sent, sent), (What::Got, received)] {
            for piece in bytes.chunks(size) {
                traffic.hear(passing(what), piece);
            }
        }
        let lines = traffic.lines.borrow();
        let text = |(head, size): &(Vec<u8>, usize)| (String::from_utf8_lossy(head).into(), *size);
        lines
            .iter()
            .map(|line| {
                (
                    line.sent,
                    line.text.clone(),
                    line.payload.as_ref().map(text),
                )
            })
            .collect()
    }

    #[test]
    fn lines_are_found_however_the_bytes_are_cut() {
        let sent = b"CONNECT {}\r\nhpub a 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPUB a 0\r\n\r\nPUB b r 8\r\nPING\r\nab\r\nPING\r\n";
        let received = b"MSG a 1 2\r\nhi\r\n+OK\r\nPONG\r\n-ERR 'x'\r\n";
        let body = |text: &str| Some((text.to_string(), text.len()));
        for size in 1..=sent.len() {
            let expected = [
                (true, "CONNECT {}", None),
                (true, "hpub a 12 14", body("NATS/1.0\r\n\r\nhi")),
                (true, "PUB a 0", body("")),
                (true, "PUB b r 8", body("PING\r\nab")),
                (true, "PING", None),
                (false, "MSG a 1 2", body("hi")),
                (false, "+OK", None),
                (false, "PONG", None),
                (false, "-ERR 'x'", None),
            ];
            let expected = expected.map(|(sent, line, payload)| (sent, line.to_string(), payload));
            assert_eq!(heard(sent, received, size), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn secrets_are_blotted_out_in_any_form() {
        let connect = |line: &str| heard(format!("{line}\r\n").as_bytes(), b"", 9)[0].1.clone();
        let all = r#"CONNECT {"user":"ada","pass":"x","auth_token":"x","sig":"x","jwt":{"x":"x"},"name":"n","echo":true}"#;
        assert_eq!(
            connect(all),
            r#"CONNECT {"user":"ada","pass":"***","auth_token":"***","sig":"***","jwt":"***","name":"n","echo":true}"#
        );
        for odd in [
            r#"connect	{"PASS":"secret"}"#,
            r#" Connect{"p\u0061ss":"secret"}"#,
            r#"CONNECT {"pass":"secret""#,
            r#"CONNECT "secret""#,
        ] {
            assert!(!connect(odd).contains("secret"), "{odd}: {}", connect(odd));
        }
    }

    #[test]
    fn what_is_remembered_has_bounds() {
        let body = "x".repeat(5_000);
        let long = format!("SUB {} 1\r\nPUB a 5000\r\n{body}\r\n", "ä".repeat(5_000));
        let lines = heard(long.as_bytes(), b"", 1_000);
        assert_eq!(lines[0].1.chars().count(), TEXT + 1);
        assert_eq!(lines[1].2, Some((body[..PAYLOAD].to_string(), 5_000)));
        let many = heard("PING\r\n".repeat(2 * LINES).as_bytes(), b"", 100);
        assert_eq!(many.len(), LINES);
        // No number, or none that can be: the next line is a line again.
        for odd in ["PUB a x", "MSG", "PUB a 99999999999999999999999"] {
            let lines = heard(format!("{odd}\r\nPING\r\n").as_bytes(), b"", 3);
            assert_eq!(lines[1].1, "PING", "{odd}");
        }
        let huge = format!("PUB a {}\r\nPING\r\n", usize::MAX);
        assert_eq!(heard(huge.as_bytes(), b"", 3), []);
    }

    #[test]
    fn a_consumer_has_reached_what_it_was_sent_last_as_long_as_it_is_connected() {
        let traffic = Traffic::default();
        let reached = || {
            let all = traffic.reached.borrow();
            all.iter()
                .map(|at| (at.terminal, at.stream.clone(), at.sequence))
                .collect::<Vec<_>>()
        };
        for sequence in [3, 4] {
            let line = format!("MSG $KV.b.k 1 $JS.ACK.KV_b.c.1.{sequence}.1.5.0 1\r\nv\r\n");
            assert!(!traffic.hear(passing(What::Got), b"PONG\r\nMSG r 1 2\r\nhi\r\n"));
            assert!(!traffic.hear(passing(What::Sent), line.as_bytes()));
            assert!(traffic.hear(passing(What::Got), line.as_bytes()));
            assert_eq!(reached(), [(Terminal::B, "KV_b".to_string(), sequence)]);
        }
        assert!(traffic.hear(passing(What::End), b""));
        assert_eq!(reached(), []);
        assert!(!traffic.hear(passing(What::End), b""));
    }
}
