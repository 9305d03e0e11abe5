//! What clients send, read as nats-server's `parse` does: verbs in any letter case, blanks, limits, and an error at the
//! first impossible byte.

use super::{Chunks, size};
use crate::wire::op::{ClientOp, Publish};
use crate::wire::subject;

/// What a server grants a client while reading.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a control line's arguments.
    pub max_control_line: usize,
    /// Bytes of a message, headers included.
    pub max_payload: usize,
    /// HPUB was negotiated.
    pub headers: bool,
    /// Warn about publish subjects with empty or wildcard tokens.
    pub pedantic: bool,
}

/// What [`ClientOpParser::next`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// The verb, in upper case.
    pub verb: &'static str,
    /// The arguments as typed.
    pub args: &'a [u8],
    /// What they mean; `None` is the warning for a bad publish subject, which precedes the publish itself (pedantic).
    pub op: Option<ClientOp<'a>>,
}

/// Why a client's bytes cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// No operation starts like this.
    Unknown {
        /// nats-server's number of the parser state, for the log.
        state: u8,
        /// Index of the first impossible byte in the chunk it came in.
        at: usize,
        /// Bytes from there.
        snippet: Vec<u8>,
    },
    /// A control line is over its limit.
    ControlLine,
    /// A message is over its limit.
    Payload {
        /// The verb, in upper case.
        verb: &'static str,
        /// The arguments as typed.
        args: Vec<u8>,
        /// Size announced.
        size: usize,
        /// Where it was to go.
        subject: Vec<u8>,
        /// As much of its headers as came with the line.
        headers: Vec<u8>,
    },
    /// Arguments of the wrong number or kind, or an HPUB that was not negotiated.
    Arguments {
        /// The verb, in upper case.
        verb: &'static str,
        /// The arguments as typed.
        args: Vec<u8>,
        /// What is wrong, in the log's words.
        problem: &'static str,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Connect,
    Pub,
    Hpub,
    Hmsg,
    Sub,
    Unsub,
    Ping,
    Pong,
    Ok,
    Err,
    Info,
}

/// Verbs a server knows, with nats-server's parser states after 1, 2, … bytes of each.
const VERBS: [(Verb, &str, &[u8]); 11] = [
    (Verb::Pub, "PUB", &[29, 30, 31]),
    (Verb::Hpub, "HPUB", &[18, 19, 20, 21]),
    (Verb::Ping, "PING", &[29, 34, 35, 36]),
    (Verb::Pong, "PONG", &[29, 37, 38, 39]),
    (Verb::Sub, "SUB", &[43, 44, 45]),
    (Verb::Unsub, "UNSUB", &[59, 60, 61, 62, 63]),
    (Verb::Connect, "CONNECT", &[10, 11, 12, 13, 14, 15, 16]),
    (Verb::Hmsg, "HMSG", &[18, 24, 25, 26]),
    (Verb::Ok, "+OK", &[1, 2, 3]),
    (Verb::Err, "-ERR", &[4, 5, 6, 7]),
    (Verb::Info, "INFO", &[71, 72, 73, 74]),
];
const STATE_MSG_END_R: u8 = 41;
const STATE_MSG_END_N: u8 = 42;

/// Bytes of an unknown operation that the log shows.
const SNIPPET: usize = 32;

/// Where an operation's parts are, counted from its first byte.
struct Found {
    verb: usize,
    args: (usize, usize),
    body: usize,
    length: usize,
    warn: bool,
}

enum Scan {
    Found(Found),
    /// More bytes are needed; only the first `usize` of these matter.
    Need(usize),
}

/// Reads what clients send.
#[derive(Clone, Debug)]
pub struct ClientOpParser {
    /// May change between operations.
    pub limits: Limits,
    chunks: Chunks,
    /// Warnings given for the publish being read.
    warned: u8,
}

impl ClientOpParser {
    /// A parser at the start of a connection.
    pub fn new(limits: Limits) -> ClientOpParser {
        ClientOpParser {
            limits,
            chunks: Chunks::default(),
            warned: 0,
        }
    }

    /// The first unread byte, if there is one: servers that want CONNECT first look at it.
    pub fn peek(&self, input: &[u8]) -> Option<u8> {
        self.chunks.unread(input).first().copied()
    }

    /// Reads the next operation; call again until there is none. What is left of `input` is kept for the next chunk.
    pub fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Parsed<'a>>, ParseError> {
        self.chunks.join(input);
        let bytes = self.chunks.unread(input);
        if bytes.is_empty() {
            return Ok(None);
        }
        let found = match scan(bytes, &self.limits, self.chunks.earlier, self.warned)? {
            Scan::Found(found) => found,
            Scan::Need(keep) => {
                self.chunks.keep(input, keep);
                self.chunks.earlier = keep;
                return Ok(None);
            }
        };
        let (kind, verb, _) = VERBS[found.verb];
        if found.warn {
            self.warned += 1;
            let bytes = self.chunks.unread(input);
            return Ok(Some(Parsed {
                verb,
                args: &bytes[found.args.0..found.args.1],
                op: None,
            }));
        }
        self.warned = 0;
        let bytes = self.chunks.take(input, found.length);
        let args = &bytes[found.args.0..found.args.1];
        let op = match kind {
            Verb::Pub | Verb::Hpub => {
                let (mut message, sizes) = publish(kind, verb, args)?;
                let body = &bytes[found.body..bytes.len() - 2];
                (message.headers, message.payload) = body.split_at(sizes.0);
                ClientOp::Publish(message)
            }
            Verb::Hmsg => ClientOp::Publish(Publish {
                sizes: (b"", b"0"),
                ..Default::default()
            }),
            Verb::Sub => match words(args, true) {
                ([subject, sid, ..], 2) => ClientOp::Subscribe {
                    subject,
                    queue: None,
                    sid,
                },
                ([subject, queue, sid, ..], 3) => ClientOp::Subscribe {
                    subject,
                    queue: Some(queue),
                    sid,
                },
                _ => return Err(arguments(verb, args, "processSub Parse Error")),
            },
            Verb::Unsub => match words(args, true) {
                ([sid, ..], 1) => ClientOp::Unsubscribe { sid, max: None },
                ([sid, max, ..], 2) => ClientOp::Unsubscribe {
                    sid,
                    max: size(max).map(|n| n as u64),
                },
                _ => return Err(arguments(verb, args, "processUnsub Parse Error")),
            },
            Verb::Connect => ClientOp::Connect(args),
            Verb::Info => ClientOp::Info(args),
            Verb::Err => ClientOp::Err(args),
            Verb::Ping => ClientOp::Ping,
            Verb::Pong => ClientOp::Pong,
            Verb::Ok => ClientOp::Ok,
        };
        Ok(Some(Parsed {
            verb,
            args,
            op: Some(op),
        }))
    }
}

/// Looks for the first operation in `bytes`, of which the first `earlier` came in chunks before this one.
fn scan(bytes: &[u8], limits: &Limits, earlier: usize, warned: u8) -> Result<Scan, ParseError> {
    let unknown = |state: u8, at: usize| ParseError::Unknown {
        state,
        at: at.saturating_sub(earlier),
        // One byte short at the end of a chunk, as nats-server cuts it.
        snippet: match at + SNIPPET > bytes.len() {
            true => bytes[at..(bytes.len() - 1).max(at)].to_vec(),
            false => bytes[at..at + SNIPPET].to_vec(),
        },
    };
    let mut best = (0, 0);
    let mut index = None;
    for (i, (_, name, states)) in VERBS.iter().enumerate() {
        let same = name
            .bytes()
            .zip(bytes)
            .take_while(|(a, b)| *a == b.to_ascii_uppercase())
            .count();
        if same == name.len() {
            index = Some(i);
            break;
        }
        if same == bytes.len() {
            return Ok(Scan::Need(same));
        }
        if same > best.0 {
            best = (same, states[same - 1]);
        }
    }
    let Some(index) = index else {
        return Err(unknown(best.1, best.0));
    };
    let (verb, name, states) = VERBS[index];
    let after = name.len();
    let newline = |from: usize| {
        let mut rest = bytes.get(from..)?.iter();
        rest.position(|b| *b == b'\n').map(|n| from + n)
    };

    if matches!(verb, Verb::Ping | Verb::Pong | Verb::Ok) {
        return Ok(match newline(after) {
            Some(end) => Scan::Found(Found {
                verb: index,
                args: (after, after),
                body: end,
                length: end + 1,
                warn: false,
            }),
            None => Scan::Need(after),
        });
    }
    let blanks = bytes[after..]
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    if blanks == 0 && bytes.len() > after && !matches!(verb, Verb::Connect | Verb::Info) {
        return Err(unknown(states[after - 1], after));
    }
    let start = after + blanks;
    // To nats-server the byte after the blanks is an argument's, even if it ends a line. Where a carriage return comes later,
    // wherever it is, the line is one byte shorter.
    let cut = |end: usize| {
        let mut later = bytes[(start + 1).min(end)..end].iter().rev();
        usize::from(later.any(|b| *b == b'\r'))
    };
    let Some(newline) = newline(start + 1) else {
        if bytes.len() - start - cut(bytes.len()) > limits.max_control_line {
            return Err(ParseError::ControlLine);
        }
        return Ok(Scan::Need(if start == bytes.len() {
            after + blanks.min(1)
        } else {
            bytes.len()
        }));
    };
    let end = newline - cut(newline);
    if end - start > limits.max_control_line {
        return Err(ParseError::ControlLine);
    }
    let found = |body: usize, length: usize, warn: bool| {
        Ok(Scan::Found(Found {
            verb: index,
            args: (start, end),
            body,
            length,
            warn,
        }))
    };
    let body = newline + 1;
    if !matches!(verb, Verb::Pub | Verb::Hpub | Verb::Hmsg) {
        return found(body, body, false);
    }
    let args = &bytes[start..end];
    let mut total = 0;
    if verb != Verb::Hmsg {
        if verb == Verb::Hpub && !limits.headers {
            return Err(arguments(name, args, NO_HEADERS));
        }
        let (message, sizes) = publish(verb, name, args)?;
        total = sizes.1;
        if total > limits.max_payload {
            return Err(ParseError::Payload {
                verb: name,
                args: args.to_vec(),
                size: total,
                subject: message.subject.to_vec(),
                headers: bytes[body..].iter().take(sizes.0).copied().collect(),
            });
        }
        // nats-server checks once more when the payload is not complete in the same read, and nothing is wrong with it so far.
        let waits = matches!(bytes.get(body + total..), None | Some([] | [b'\r']));
        let checks = 1 + u8::from(waits);
        if limits.pedantic && warned < checks && !is_publishable(message.subject) {
            return found(body, 0, true);
        }
    }
    match bytes.get(body + total..) {
        Some([b'\r', b'\n', ..]) => found(body, body + total + 2, false),
        Some([b'\r', _, ..]) => Err(unknown(STATE_MSG_END_N, body + total + 1)),
        Some([b'\r']) | Some([]) | None => Ok(Scan::Need(bytes.len())),
        Some(_) => Err(unknown(STATE_MSG_END_R, body + total)),
    }
}

/// Splits the arguments of PUB or HPUB; the message's body is still to be filled in. Second: header size, total size.
fn publish<'a>(
    verb: Verb,
    name: &'static str,
    args: &'a [u8],
) -> Result<(Publish<'a>, (usize, usize)), ParseError> {
    let none: &[u8] = b"";
    let (words, count) = words(args, false);
    let problem = match (verb, words, count) {
        (Verb::Pub, [subject, total, ..], 2) => {
            return pub_sizes(name, args, [subject, none, none, total]);
        }
        (Verb::Pub, [subject, reply, total, ..], 3) => {
            return pub_sizes(name, args, [subject, reply, none, total]);
        }
        (Verb::Hpub, [subject, header, total, ..], 3) => {
            return pub_sizes(name, args, [subject, none, header, total]);
        }
        (Verb::Hpub, words, 4) => return pub_sizes(name, args, words),
        (Verb::Pub, ..) => "processPub Parse Error",
        _ => "processHeaderPub Parse Error",
    };
    Err(arguments(name, args, problem))
}

fn pub_sizes<'a>(
    name: &'static str,
    args: &'a [u8],
    [subject, reply, header, total]: [&'a [u8]; 4],
) -> Result<(Publish<'a>, (usize, usize)), ParseError> {
    let with_headers = name == "HPUB";
    let header_size = if with_headers { size(header) } else { Some(0) };
    let problem = match (header_size, size(total)) {
        (Some(h), Some(t)) if h <= t => {
            let message = Publish {
                subject,
                reply,
                sizes: (header, total),
                ..Default::default()
            };
            return Ok((message, (h, t)));
        }
        (None, _) => "processHeaderPub Bad or Missing Header Size",
        (_, None) if with_headers => "processHeaderPub Bad or Missing Total Size",
        (_, None) => "processPub Bad or Missing Size",
        _ => "processHeaderPub Header Size larger then TotalSize",
    };
    Err(arguments(name, args, problem))
}

/// What is wrong with an HPUB that was not negotiated.
pub const NO_HEADERS: &str = "message headers not supported";

fn arguments(verb: &'static str, args: &[u8], problem: &'static str) -> ParseError {
    ParseError::Arguments {
        verb,
        args: args.to_vec(),
        problem,
    }
}

/// The first four words and how many there are. To nats-server the ends of lines are blanks in some operations.
fn words(args: &[u8], line_ends: bool) -> ([&[u8]; 4], usize) {
    let mut words: [&[u8]; 4] = [b""; 4];
    let mut count = 0;
    let blank = |b: &u8| matches!(b, b' ' | b'\t') || line_ends && matches!(b, b'\r' | b'\n');
    for word in args.split(blank).filter(|w| !w.is_empty()) {
        if let Some(slot) = words.get_mut(count) {
            *slot = word;
        }
        count += 1;
    }
    (words, count)
}

fn is_publishable(subject: &[u8]) -> bool {
    subject::tokens(subject).all(|token| !matches!(token, b"" | b"*" | b">"))
}
