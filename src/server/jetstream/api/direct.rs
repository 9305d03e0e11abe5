//! `$JS.API.DIRECT.GET.*`: messages as they are stored, without JSON. Also what MSG.GET and direct get ask for.

use crate::server::core::{Core, Message as Sent};
use crate::server::jetstream::store::{Filters, Message, Storage, Store};
use crate::server::jetstream::stream::Stream;
use crate::wire::json::{Decoder, Moment, Value, decode_lenient};
use crate::wire::{headers, subject};

/// Most subjects of a `multi_last`.
const MULTI_LIMIT: usize = 1024;
/// `max_bytes` where none is given: the server's `max_pending`.
const MAX_BYTES: i64 = 64 * 1024 * 1024;

/// A request for messages.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // The fields are those of ADR-31, with its names.
pub struct Get {
    pub seq: u64,
    pub last_by_subj: String,
    pub next_by_subj: String,
    pub batch: i64,
    pub max_bytes: i64,
    pub start_time: Option<Moment>,
    pub multi_last: Vec<String>,
    pub up_to_seq: u64,
    pub up_to_time: Option<Moment>,
    pub no_hdr: bool,
}

impl Get {
    /// Reads a request's value.
    pub fn read(&mut self, d: &mut Decoder, value: Value<'_>) {
        d.object(value, "JSApiMsgGetRequest", &mut |d, name, value| {
            match name {
                "seq" => d.uint64(value, &mut self.seq),
                "last_by_subj" => d.string(value, &mut self.last_by_subj),
                "next_by_subj" => d.string(value, &mut self.next_by_subj),
                "batch" => d.int(value, &mut self.batch),
                "max_bytes" => d.int(value, &mut self.max_bytes),
                "start_time" => d.moment(value, &mut self.start_time),
                "multi_last" => d.strings(value, &mut self.multi_last),
                "up_to_seq" => d.uint64(value, &mut self.up_to_seq),
                "up_to_time" => d.moment(value, &mut self.up_to_time),
                "no_hdr" => d.bool(value, &mut self.no_hdr),
                _ => return false,
            }
            true
        });
    }

    /// Asks for more than one place to start from.
    pub fn conflicts(&self) -> bool {
        let (last, next) = (!self.last_by_subj.is_empty(), !self.next_by_subj.is_empty());
        self.seq > 0 && (last || self.start_time.is_some())
            || last && (self.start_time.is_some() || next)
    }

    /// The sequence it starts from, 0 if that is not said.
    fn from(&self, store: &Store) -> u64 {
        match &self.start_time {
            Some(at) => store.first_since(at.time).unwrap_or(store.last_seq() + 1),
            None => self.seq,
        }
    }

    /// The one message it asks for (which need not be there).
    pub fn first(&self, store: &Store) -> Option<u64> {
        let from = self.from(store);
        if !self.next_by_subj.is_empty() {
            store.next_match(&Filters::new([&self.next_by_subj]), from)
        } else if from > 0 {
            Some(from)
        } else {
            last_by_subject(store, self.last_by_subj.as_bytes())
        }
    }
}

/// The newest message of a subject; for `>` and nothing, only the one with the last sequence.
fn last_by_subject(store: &Store, subject: &[u8]) -> Option<u64> {
    if subject::is_literal(subject)
        && let Some(sequences) = store.sequences(subject)
    {
        return Some(sequences.last());
    }
    let filters = Filters::new([subject]);
    if filters.is_everything() {
        return Some(store.last_seq());
    }
    store.last_match(&filters, u64::MAX)
}

impl Stream {
    /// A direct get came in.
    pub fn direct_get(&self, core: &mut Core, message: Sent<'_>) {
        if message.reply.is_empty() {
            return;
        }
        if let Err(status) = self.answer(core, message) {
            let block = [b"NATS/1.0 ", status.as_bytes(), b"\r\n\r\n"].concat();
            send(core, message.reply, &block, b"");
        }
    }

    fn answer(&self, core: &mut Core, message: Sent<'_>) -> Result<(), &'static str> {
        if !super::level_ok(message.headers) {
            return Err("412 Required Api Level");
        }
        // `$JS.API.DIRECT.GET.<stream>[.<subject>]`
        let subject = message.subject.splitn(6, |b| *b == b'.').nth(5);
        let mut get = Get::default();
        if message.payload.is_empty() {
            if subject.is_none() {
                return Err("408 Empty Request");
            }
        } else if decode_lenient(message.payload, |d, value| get.read(d, value)).is_err() {
            return Err("408 Malformed Request");
        }
        let nothing = get.seq == 0
            && get.last_by_subj.is_empty()
            && get.next_by_subj.is_empty()
            && get.multi_last.is_empty()
            && get.start_time.is_none();
        if let Some(subject) = subject {
            if !nothing || get.batch != 0 || get.up_to_seq != 0 || get.up_to_time.is_some() {
                return Err("408 Bad Request");
            }
            let seq = last_by_subject(&self.store, subject);
            let found = seq.and_then(|seq| Some((seq, self.store.get(seq)?)));
            let (seq, stored) = found.ok_or("404 Message Not Found")?;
            self.send_stored(core, message.reply, &get, seq, stored, None);
            return Ok(());
        }
        if nothing {
            return Err("408 Empty Request");
        }
        let multi = !get.multi_last.is_empty();
        if get.conflicts()
            || !get.last_by_subj.is_empty() && (get.batch > 0 || multi)
            || !get.next_by_subj.is_empty() && multi
            || get.up_to_seq > 0 && get.up_to_time.is_some()
        {
            return Err("408 Bad Request");
        }
        if !multi && get.batch == 0 {
            let seq = get.first(&self.store);
            let found = seq.and_then(|seq| Some((seq, self.store.get(seq)?)));
            let (seq, stored) = found.ok_or("404 Message Not Found")?;
            self.send_stored(core, message.reply, &get, seq, stored, None);
            return Ok(());
        }
        core.answering = true;
        let sent = if multi {
            self.send_multi(core, message.reply, &get)
        } else {
            self.send_batch(core, message.reply, &get)
        };
        core.answering = false;
        sent
    }

    fn send_batch(&self, core: &mut Core, reply: &[u8], get: &Get) -> Result<(), &'static str> {
        let filters = Filters::new([&get.next_by_subj]);
        let mut from = get.from(&self.store);
        let mut pending = self.store.num_pending(&filters, from, false);
        let limit = if get.max_bytes == 0 {
            MAX_BYTES
        } else {
            get.max_bytes
        };
        let (mut last, mut bytes, mut sent) = (0, 0, 0);
        while sent < get.batch {
            let next = if from == 0 && get.next_by_subj.is_empty() {
                last_by_subject(&self.store, b"")
            } else {
                self.store.next_match(&filters, from)
            };
            let Some((seq, stored)) = next.and_then(|seq| Some((seq, self.store.get(seq)?))) else {
                if sent == 0 || get.batch == 1 {
                    return Err("404 Message Not Found");
                }
                break;
            };
            // Without headers the count is not kept, as in nats-server.
            if !get.no_hdr {
                pending = pending.saturating_sub(1);
            }
            self.send_stored(core, reply, get, seq, stored, Some((pending, last)));
            (last, from) = (seq, seq + 1);
            sent += 1;
            bytes += (stored.subject.len() + stored.size()) as i64;
            if bytes >= limit {
                break;
            }
        }
        let block = format!(
            "NATS/1.0 204 EOB\r\nNats-Num-Pending: {pending}\r\nNats-Last-Sequence: {last}\r\n\r\n"
        );
        send(core, reply, block.as_bytes(), b"");
        Ok(())
    }

    fn send_multi(&self, core: &mut Core, reply: &[u8], get: &Get) -> Result<(), &'static str> {
        let store = &self.store;
        let mut up_to = get.up_to_seq;
        if let Some(time) = &get.up_to_time {
            let first = store.first_since(time.time).unwrap_or(store.last_seq() + 1);
            if first <= store.first_seq() {
                return Err("404 No Results");
            }
            up_to = first - 1;
        }
        if up_to == 0 {
            up_to = store.last_seq();
        }
        // nats-server finds nothing in its files when it is to look up to where nothing is yet.
        if up_to > store.last_seq() && store.storage() == Storage::File {
            return Err("404 No Results");
        }
        // Nothing matches an empty filter, and to `Filters` no filter is all.
        let mut wanted = get
            .multi_last
            .iter()
            .filter(|filter| !filter.is_empty())
            .peekable();
        if wanted.peek().is_none() {
            return Err("404 No Results");
        }
        let found = store.last_per_subject(&Filters::new(wanted), up_to);
        if found.is_empty() {
            return Err("404 No Results");
        }
        if found.len() > MULTI_LIMIT {
            return Err("413 Too Many Results");
        }
        let limit = if get.max_bytes == 0 {
            MAX_BYTES
        } else {
            get.max_bytes
        };
        let with_headers = Get {
            no_hdr: false,
            ..Get::default()
        };
        let found: Vec<u64> = found.into_iter().filter(|seq| *seq >= get.seq).collect();
        let mut pending = found.len() as u64;
        let (mut last, mut bytes, mut sent) = (0, 0, 0);
        for seq in found {
            let Some(stored) = store.get(seq) else {
                continue;
            };
            pending -= 1;
            self.send_stored(
                core,
                reply,
                &with_headers,
                seq,
                stored,
                Some((pending, last)),
            );
            last = seq;
            sent += 1;
            bytes += (stored.subject.len() + stored.size()) as i64;
            if bytes >= limit || get.batch > 0 && sent >= get.batch {
                break;
            }
        }
        let block = format!(
            "NATS/1.0 204 EOB\r\nNats-Num-Pending: {pending}\r\nNats-Last-Sequence: {last}\r\n\
             Nats-UpTo-Sequence: {up_to}\r\n\r\n"
        );
        send(core, reply, block.as_bytes(), b"");
        Ok(())
    }

    /// Sends a stored message; `place` is how many follow it and the sequence before it, within a batch.
    fn send_stored(
        &self,
        core: &mut Core,
        reply: &[u8],
        get: &Get,
        seq: u64,
        stored: Message<'_>,
        place: Option<(u64, u64)>,
    ) {
        let mut block = Vec::new();
        if !get.no_hdr {
            block.reserve(stored.headers().len() + 160);
            // nats-server takes a block without room for its last line for none.
            if stored.headers().len() > 2 {
                block.extend_from_slice(stored.headers());
            }
            self.push_place(&mut block, stored.subject, seq, stored.time);
            if let Some((pending, last)) = place {
                let pending = pending.to_string();
                headers::push(&mut block, "Nats-Num-Pending", pending.as_bytes());
                headers::push(
                    &mut block,
                    "Nats-Last-Sequence",
                    last.to_string().as_bytes(),
                );
            }
        }
        send(core, reply, &block, stored.payload());
    }
}

fn send(core: &mut Core, reply: &[u8], headers: &[u8], payload: &[u8]) {
    let message = Sent {
        subject: reply,
        reply: b"",
        headers,
        payload,
    };
    core.publish(message, false);
}
