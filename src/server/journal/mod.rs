//! What file-backed streams and their consumers leave behind: a log of records, each framed and checksummed, so that a
//! torn tail or a flipped bit costs at most the record it hits. Pure bytes; must not know streams, files or time.
//!
//! ```text
//! log     = header record*
//! header  = "NKVJRNL1" salt salt salt            (salt: 8 bytes; the majority of the three counts)
//! record  = MARK length checksum body            (2, 4 and 4 bytes; the checksum covers salt, length and body)
//! body    = kind fields                          (numbers as varints, texts with their length before them)
//! ```
//!
//! After damage the reader looks for the next mark whose checksum fits. The salt, drawn from the server's seed, keeps
//! bytes that a client put into a value from being taken for a record.

use crate::server::core::{ConsumerId, StreamId};
use crate::wire::encoding::{crc, crc_table, number, put_number};
use crate::wire::time::Time;

const MAGIC: &[u8; 8] = b"NKVJRNL1";
const HEADER_BYTES: usize = 32;
const MARK: [u8; 2] = [0xf5, 0x4b];
const FRAME_BYTES: usize = 10;
/// Longest body of a record: a message at nats-server's record limit (32 MiB) and some room.
const BODY_MAX: usize = 33 << 20;

/// One change. Texts are borrowed from the log or from what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A stream exists, with this configuration (JSON) from now on; also written when the configuration changes.
    Stream {
        /// The stream, by a number that is not used again.
        id: StreamId,
        /// When it was created.
        created: Time,
        /// Configuration, as JSON.
        config: &'a [u8],
    },
    /// A stream is gone, with its messages and consumers.
    StreamGone {
        /// The stream.
        id: StreamId,
    },
    /// A message was stored.
    Message {
        /// The stream.
        id: StreamId,
        /// Its sequence.
        seq: u64,
        /// When it was stored.
        time: Time,
        /// Its subject.
        subject: &'a [u8],
        /// Its header block.
        headers: &'a [u8],
        /// Its payload.
        payload: &'a [u8],
    },
    /// All messages with sequences from `from` to `to`, both included, are gone.
    Gone {
        /// The stream.
        id: StreamId,
        /// First sequence.
        from: u64,
        /// Last sequence.
        to: u64,
    },
    /// The numbers of a stream that its messages do not tell.
    State {
        /// The stream.
        id: StreamId,
        /// First sequence.
        first: u64,
        /// Last sequence.
        last: u64,
        /// Time of the last message ever stored; 0 for none.
        last_time: Time,
    },
    /// A consumer exists, with this configuration (JSON) from now on.
    Consumer {
        /// Its stream.
        stream: StreamId,
        /// The consumer, by a number that is not used again.
        id: ConsumerId,
        /// When it was created.
        created: Time,
        /// Configuration, as JSON.
        config: &'a [u8],
    },
    /// A consumer is gone.
    ConsumerGone {
        /// Its stream.
        stream: StreamId,
        /// The consumer.
        id: ConsumerId,
    },
    /// How far a consumer has come, as it writes that itself.
    ConsumerState {
        /// Its stream.
        stream: StreamId,
        /// The consumer.
        id: ConsumerId,
        /// Its own encoding.
        state: &'a [u8],
    },
    /// A piece of a state that is too long for one record: it goes before the next state of the same consumer.
    ConsumerPart {
        /// Its stream.
        stream: StreamId,
        /// The consumer.
        id: ConsumerId,
        /// The piece.
        part: &'a [u8],
    },
    /// What changed in the state of a consumer.
    ConsumerChange {
        /// Its stream.
        stream: StreamId,
        /// The consumer.
        id: ConsumerId,
        /// Its own encoding.
        change: &'a [u8],
    },
    /// How far a stream has come with one of its sources; messages tell it while they are there.
    Source {
        /// The stream.
        id: StreamId,
        /// `Nats-Stream-Source` of the last message from there.
        value: &'a [u8],
    },
}

/// Gathers records until somebody takes them.
#[derive(Clone, Debug)]
pub struct Journal {
    salt: u64,
    out: Vec<u8>,
    urgent: bool,
}

impl Journal {
    /// A journal whose records carry `salt`.
    pub fn new(salt: u64) -> Journal {
        Journal {
            salt,
            out: Vec::new(),
            urgent: false,
        }
    }

    /// Starts a log: every log begins with this, once. What was not taken is gone.
    pub fn start(&mut self) {
        self.out.clear();
        self.out.extend_from_slice(MAGIC);
        for _ in 0..3 {
            self.out.extend_from_slice(&self.salt.to_le_bytes());
        }
    }

    /// Takes what was written since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        self.urgent = false;
        std::mem::take(&mut self.out)
    }

    /// Somebody is about to be told that what was written is there to stay.
    pub fn urge(&mut self) {
        self.urgent |= !self.out.is_empty();
    }

    /// Is somebody told so of what waits to be taken? Of each message that is stored; of others if [`Journal::urge`] says so.
    pub fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// Writes a record.
    pub fn write(&mut self, record: Record<'_>) {
        self.urgent |= matches!(record, Record::Message { .. });
        let frame = self.out.len();
        self.out.extend_from_slice(&MARK);
        self.out.extend_from_slice(&[0; 8]);
        record.encode(&mut self.out);
        let length = (self.out.len() - frame - FRAME_BYTES) as u32;
        self.out[frame + 2..frame + 6].copy_from_slice(&length.to_le_bytes());
        let sum = checksum(self.salt, length, &self.out[frame + FRAME_BYTES..]);
        self.out[frame + 6..frame + 10].copy_from_slice(&sum.to_le_bytes());
    }
}

/// CRC-32 (IEEE) of salt, length and body.
fn checksum(salt: u64, length: u32, body: &[u8]) -> u32 {
    const TABLE: &[u32; 256] = &crc_table(0xedb8_8320);
    let sum = crc(TABLE, !0, &salt.to_le_bytes());
    let sum = crc(TABLE, sum, &length.to_le_bytes());
    !crc(TABLE, sum, body)
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// Reads the fields of a body, each `None` past its end.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn number(&mut self) -> Option<u64> {
        number(&mut self.0).ok().flatten()
    }

    fn time(&mut self) -> Option<Time> {
        self.number().map(|value| Time(value as i64))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }
}

impl<'a> Record<'a> {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut numbers = |kind: u8, numbers: &[u64]| {
            out.push(kind);
            for &number in numbers {
                put_number(out, number);
            }
        };
        match *self {
            Record::Stream {
                id,
                created,
                config,
            } => {
                numbers(1, &[id, created.0 as u64]);
                put_text(out, config);
            }
            Record::StreamGone { id } => numbers(2, &[id]),
            Record::Message {
                id,
                seq,
                time,
                subject,
                headers,
                payload,
            } => {
                numbers(3, &[id, seq, time.0 as u64]);
                put_text(out, subject);
                put_text(out, headers);
                put_text(out, payload);
            }
            Record::Gone { id, from, to } => numbers(4, &[id, from, to]),
            Record::State {
                id,
                first,
                last,
                last_time,
            } => {
                numbers(5, &[id, first, last, last_time.0 as u64]);
            }
            Record::Consumer {
                stream,
                id,
                created,
                config,
            } => {
                numbers(6, &[stream, id, created.0 as u64]);
                put_text(out, config);
            }
            Record::ConsumerGone { stream, id } => numbers(7, &[stream, id]),
            Record::ConsumerState { stream, id, state } => {
                numbers(8, &[stream, id]);
                put_text(out, state);
            }
            Record::Source { id, value } => {
                numbers(9, &[id]);
                put_text(out, value);
            }
            Record::ConsumerPart { stream, id, part } => {
                numbers(10, &[stream, id]);
                put_text(out, part);
            }
            Record::ConsumerChange { stream, id, change } => {
                numbers(11, &[stream, id]);
                put_text(out, change);
            }
        }
    }

    fn decode(body: &'a [u8]) -> Option<Record<'a>> {
        let (&kind, rest) = body.split_first()?;
        let mut f = Fields(rest);
        let record = match kind {
            1 => Record::Stream {
                id: f.number()?,
                created: f.time()?,
                config: f.text()?,
            },
            2 => Record::StreamGone { id: f.number()? },
            3 => Record::Message {
                id: f.number()?,
                seq: f.number()?,
                time: f.time()?,
                subject: f.text()?,
                headers: f.text()?,
                payload: f.text()?,
            },
            4 => Record::Gone {
                id: f.number()?,
                from: f.number()?,
                to: f.number()?,
            },
            5 => Record::State {
                id: f.number()?,
                first: f.number()?,
                last: f.number()?,
                last_time: f.time()?,
            },
            6 => Record::Consumer {
                stream: f.number()?,
                id: f.number()?,
                created: f.time()?,
                config: f.text()?,
            },
            7 => Record::ConsumerGone {
                stream: f.number()?,
                id: f.number()?,
            },
            8 => Record::ConsumerState {
                stream: f.number()?,
                id: f.number()?,
                state: f.text()?,
            },
            9 => Record::Source {
                id: f.number()?,
                value: f.text()?,
            },
            10 => Record::ConsumerPart {
                stream: f.number()?,
                id: f.number()?,
                part: f.text()?,
            },
            11 => Record::ConsumerChange {
                stream: f.number()?,
                id: f.number()?,
                change: f.text()?,
            },
            _ => return None,
        };
        f.0.is_empty().then_some(record)
    }
}

/// Reads a log.
#[derive(Debug)]
pub struct Reader<'a> {
    log: &'a [u8],
    at: usize,
    salt: u64,
    /// Bytes that belong to no record: damage.
    lost: usize,
    /// Bytes of a record at the end that was not written whole.
    torn: usize,
}

impl<'a> Reader<'a> {
    /// A reader of `log`; `None` if it is none (or its header is damaged beyond telling).
    pub fn new(log: &'a [u8]) -> Option<Reader<'a>> {
        let header = log.get(..HEADER_BYTES)?;
        let (magic, salts) = header.split_at(MAGIC.len());
        let differing: u32 = magic
            .iter()
            .zip(MAGIC)
            .map(|(a, b)| (a ^ b).count_ones())
            .sum();
        if differing > 1 {
            return None;
        }
        let mut salt = [0; 8];
        for (at, byte) in salt.iter_mut().enumerate() {
            let (a, b, c) = (salts[at], salts[at + 8], salts[at + 16]);
            *byte = a & b | a & c | b & c;
        }
        Some(Reader {
            log,
            at: HEADER_BYTES,
            salt: u64::from_le_bytes(salt),
            lost: 0,
            torn: 0,
        })
    }

    /// Bytes skipped so far because they belong to no record.
    pub fn lost(&self) -> usize {
        self.lost
    }

    /// Bytes of a last record that goes on beyond the end: it was being written when everything ended.
    pub fn torn(&self) -> usize {
        self.torn
    }

    /// Is what begins at `at` a record of which the end is missing?
    fn is_torn(&self, at: usize) -> bool {
        let rest = self.log.get(at..).unwrap_or_default();
        match frame(rest) {
            Some((length, _)) => rest.len() - FRAME_BYTES < length as usize,
            None if rest.len() < FRAME_BYTES => MARK.starts_with(rest) || rest.starts_with(&MARK),
            None => false,
        }
    }

    fn record_at(&self, at: usize) -> Option<(Record<'a>, usize)> {
        let (length, sum) = frame(self.log.get(at..)?)?;
        let end = at + FRAME_BYTES + length as usize;
        let body = self.log.get(at + FRAME_BYTES..end)?;
        if checksum(self.salt, length, body) != sum {
            return None;
        }
        Record::decode(body).map(|record| (record, end))
    }
}

/// The length and the checksum of the record that `bytes` begin with, if they do.
fn frame(bytes: &[u8]) -> Option<(u32, u32)> {
    let words = bytes.get(..FRAME_BYTES)?.strip_prefix(&MARK)?;
    let (length, sum) = words.split_first_chunk()?;
    let length = u32::from_le_bytes(*length);
    let sum = u32::from_le_bytes(*sum.first_chunk()?);
    (length as usize <= BODY_MAX).then_some((length, sum))
}

impl<'a> Iterator for Reader<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let from = self.at;
        while self.at < self.log.len() {
            if let Some((record, end)) = self.record_at(self.at) {
                self.lost += self.at - from;
                self.at = end;
                return Some(record);
            }
            let rest = &self.log[self.at + 1..];
            self.at += 1 + rest
                .iter()
                .position(|&b| b == MARK[0])
                .unwrap_or(rest.len());
        }
        let rest = self.log.len() - from;
        if self.is_torn(from) {
            self.torn += rest;
        } else {
            self.lost += rest;
        }
        None
    }
}

#[cfg(test)]
mod tests;
