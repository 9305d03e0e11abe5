//! A mirror's or source's side of following its origin: where it is, what it takes and what it makes of a message. Must not
//! know how the origin is reached.

use super::config::write_transforms;
use super::publish::{Accepted, FULL};
use super::{Origin, Source, Stream};
use crate::server::core::{Core, StreamId};
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::store::{Filters, LAST_SEQ, Store};
use crate::server::jetstream::transform::Transform;
use crate::server::sha256::short_hash;
use crate::wire::json::Writer;
use crate::wire::time::{SECOND, Time};
use crate::wire::{headers, subject};

/// Names where a sourced message comes from.
const SOURCE_HEADER: &str = "Nats-Stream-Source";
/// A message that a stream refuses, since it is full or the message too large, is tried again after this, in nanoseconds.
pub const REFUSED: i64 = 2 * SECOND;
/// The origin shows that it is alive this often, in nanoseconds.
const HEARTBEAT: i64 = SECOND;

/// One origin that is followed.
#[derive(Clone, Debug)]
pub struct Follow {
    /// As configured.
    pub source: Source,
    /// The stream is its mirror.
    pub mirror: bool,
    /// The origin, once found.
    pub origin: Option<StreamId>,
    /// Name of the consumer that reads the origin, where it needs one.
    pub consumer: String,
    /// Its deliver subject; empty without one.
    pub deliver: Vec<u8>,
    /// Sequences of the stream and of the consumer that it delivered last.
    pub delivered: (u64, u64),
    /// When to look for the origin (again), or to go on with a message that was refused.
    pub retry: Option<Time>,
    /// The origin has more than was to be taken in one step.
    pub more: bool,
    /// Where its consumer is to be told that the stream keeps up; empty if it does not ask.
    pub asked: Vec<u8>,
    /// Looks that found nothing, in a row.
    pub failures: i64,
    /// What the last one was told.
    pub error: Option<ApiError>,
    /// What its own consumer told to be pending, where the configuration names one.
    pub lag: u64,
    /// What is taken.
    pub filters: Filters,
    /// Next sequence of the origin to look at; 0 before the first contact.
    pub next: u64,
    /// Nothing of the origin that is lower is still to be taken: each message that is not wanted is looked at once.
    pub looked: u64,
    /// Last sequence of the origin that was stored.
    pub seq: u64,
    /// The stream does not take what is next.
    pub refused: bool,
    identity: String,
    active: Option<Time>,
    transforms: Vec<(Vec<u8>, Option<Transform>)>,
}

/// A message of an origin.
pub struct Followed<Bytes> {
    /// Its sequence there.
    pub seq: u64,
    /// When the origin stored it.
    pub time: Time,
    /// Its subject.
    pub subject: Bytes,
    /// Its header block.
    pub headers: Bytes,
    /// What follows the headers.
    pub payload: Bytes,
}

/// A message that the stream has no room for, say: it is to be tried again.
pub struct Refused;

impl Follow {
    /// Follows `source` from `at` on.
    pub fn new(source: Source, mirror: bool, consumer: String, at: Time) -> Follow {
        let mut transforms = Vec::new();
        for config in &source.subject_transforms {
            // Checked with the configuration.
            let transform = Transform::new(&config.src, &config.dest).ok().flatten();
            transforms.push((or_all(&config.src).as_bytes().to_vec(), transform));
        }
        let filters = if transforms.is_empty() {
            Filters::new([&source.filter_subject])
        } else {
            Filters::new(transforms.iter().map(|(pattern, _)| pattern))
        };
        Follow {
            source,
            mirror,
            origin: None,
            consumer,
            deliver: Vec::new(),
            delivered: (0, 0),
            retry: Some(at),
            more: false,
            asked: Vec::new(),
            failures: 0,
            error: None,
            lag: 0,
            filters,
            next: 0,
            looked: 0,
            seq: 0,
            refused: false,
            identity: String::new(),
            active: None,
            transforms,
        }
    }

    /// Until the origin is found, what came from it tells how far it is.
    pub fn recall(&mut self, stream: &Stream) {
        let known = stream.sourced.get(&self.source.key());
        if let Some((_, seq, identity)) = known.and_then(|value| read_source(value)) {
            self.seq = seq;
            self.identity = identity;
        }
    }

    /// The origin was found: decides where to start. `store` is the following stream's.
    pub fn attach(&mut self, origin: &Stream, store: &Store, now: Time) {
        let identity = short_hash(&origin.created.rfc3339());
        let recreated = !self.identity.is_empty() && self.identity != identity;
        if self.mirror && store.first_seq() > 0 {
            self.next = store.last_seq() + 1;
        } else if self.next == 0 || recreated {
            if recreated {
                self.seq = 0;
            }
            self.next = match self.seq {
                0 => self.start(&origin.store, store, recreated),
                // As a message of a client may say it: nats-server starts anew at the highest number.
                seq => seq.wrapping_add(1),
            };
        }
        self.looked = 0;
        self.refused = false;
        self.identity = identity;
        self.origin = Some(origin.id);
        self.active = Some(now);
        self.retry = None;
        self.failures = 0;
        self.error = None;
    }

    /// Where to start with an origin from which nothing came yet. A stream that had messages of other origins wants nothing
    /// that is older than its last, which it has stored a moment after the origin did.
    fn start(&self, origin: &Store, store: &Store, recreated: bool) -> u64 {
        let last = store.last_time().after(1);
        let time = match (self.source.opt_start_seq, &self.source.opt_start_time) {
            (seq @ 1.., _) => return seq,
            (0, Some(at)) => at.time.max(last),
            (0, None) if store.first_seq() > 1 && last > Time::default().after(1) && !recreated => {
                last
            }
            (0, None) => return 1,
        };
        origin.first_since(time).unwrap_or(origin.last_seq() + 1)
    }

    /// The consumer that the configuration names was started again behind `delivered`.
    pub fn attach_durable(&mut self, origin: &Stream, store: &Store, delivered: u64, now: Time) {
        self.attach(origin, store, now);
        let stored = if self.mirror {
            store.last_seq()
        } else {
            self.seq
        };
        self.delivered = (stored.max(delivered), 0);
        self.next = self.delivered.0.wrapping_add(1);
    }

    /// A message of the origin as the stream is to store it.
    pub fn convert(&self, core: &mut Core, message: Followed<&[u8]>) -> Followed<Vec<u8>> {
        let original = message.subject;
        let random = core.random();
        let mut to = original.to_vec();
        if let Some((_, transform)) = self
            .transforms
            .iter()
            .find(|(pattern, _)| subject::matches(pattern, original))
            && let Some(new) = transform.as_ref().and_then(|t| t.apply(original, random))
        {
            to = new;
        }
        let mut block = without(message.headers, self.mirror);
        if !self.mirror {
            let (filter, dest) = self.source.names();
            let name = self.source.index_name();
            let head = format!("{name} {} {filter} {dest} ", message.seq);
            let tail = format!(" {}", self.identity);
            let value = [head.as_bytes(), original, tail.as_bytes()].concat();
            headers::push(&mut block, SOURCE_HEADER, &value);
        }
        Followed {
            seq: message.seq,
            time: message.time,
            subject: to,
            headers: block,
            payload: message.payload.to_vec(),
        }
    }

    /// Has its consumer asked, and was all taken that it delivered?
    pub fn keeps_up(&self) -> bool {
        !self.asked.is_empty() && self.next > self.delivered.0
    }

    /// Message `seq` was `stored` or passed over. What a source did not store it does not count (`sourcesInfo`).
    pub fn passed(&mut self, seq: u64, stored: bool, now: Time) {
        self.next = seq + 1;
        if stored || self.mirror {
            self.seq = seq;
        }
        self.refused = false;
        self.active = Some(now);
    }

    /// Writes the info object.
    pub fn write_info(&self, w: &mut Writer, origin: Option<&Stream>, now: Time) {
        let from = self.next.max(self.looked);
        let pending = |o: &Stream| o.store.num_pending(&self.filters, from, false);
        w.open().key("name").string(&self.source.name);
        self.source.write_external(w);
        // As the last message told: how many follow the next one. A message that is refused comes again and again.
        let refused = if self.refused { 2 } else { 0 };
        let lag = match self.source.consumer {
            Some(_) => self.lag,
            None => origin.map_or(0, pending).saturating_sub(refused),
        };
        w.key("lag").uint(lag);
        if !self.mirror && self.seq > 0 {
            w.key("seq").uint(self.seq);
        }
        let active = match (self.active, origin) {
            (Some(at), Some(_)) => now.since(at).rem_euclid(HEARTBEAT),
            (Some(at), None) => now.since(at),
            (None, _) => -1,
        };
        w.key("active").int(active);
        if let Some(error) = &self.error {
            error.write(w.key("error"));
        }
        // A mirror's is known once it asked for its origin.
        let known = self.active.is_some() || self.failures > 0 || !self.mirror;
        if known && !self.source.filter_subject.is_empty() {
            let filter = &self.source.filter_subject;
            w.key("filter_subject").string(filter);
        }
        write_transforms(w, &self.source.subject_transforms);
        w.close();
    }
}

/// What `Nats-Stream-Source` tells: the key of the source, the sequence there, and which of the streams of that name it was.
fn read_source(value: &[u8]) -> Option<(String, u64, String)> {
    let words: Vec<&str> = str::from_utf8(value).ok()?.split(' ').collect();
    let [name, seq, filter, dest, _, rest @ ..] = &*words else {
        return None;
    };
    let key = format!("{name} {filter} {dest}");
    let identity = rest.first().copied().unwrap_or_default().to_owned();
    // A backup may say anything.
    let seq = seq.parse().ok().filter(|seq| *seq <= LAST_SEQ)?;
    Some((key, seq, identity))
}

impl Stream {
    /// Stores a message of the origin that is followed as number `at`. True if it was not there before.
    pub fn store_followed(
        &mut self,
        core: &mut Core,
        at: usize,
        message: &Followed<Vec<u8>>,
    ) -> Result<bool, Refused> {
        let (seq, mirror) = (message.seq, self.follows[at].mirror);
        let (kind, known) = match mirror {
            true => (
                Origin::Mirror(seq, message.time),
                seq <= self.store.last_seq(),
            ),
            false => (Origin::Source, false),
        };
        let (mut new, mut stored) = (false, false);
        if !known {
            let (headers, payload) = (&message.headers, &message.payload);
            match self.publish(core, &message.subject, b"", headers, payload, kind) {
                Ok(accepted) => {
                    new = true;
                    stored = matches!(accepted, Accepted::Stored(_));
                    if stored {
                        self.note_source(headers);
                    }
                }
                Err(_) if !mirror => return Err(Refused),
                Err(error) => {
                    self.pass_gap(core, self.follows[at].seq, seq);
                    // A full mirror goes on without.
                    if error.err_code != FULL {
                        return Err(Refused);
                    }
                }
            }
        }
        self.follows[at].passed(seq, stored, core.now());
        Ok(new)
    }

    /// Message `seq` was refused; are there `later` ones? It is tried again: by a source soon, by a mirror when it finds out
    /// with a later one that it is behind. One that never had anything does not find out, and begins with the next.
    pub fn try_again(&mut self, at: usize, seq: u64, later: bool, now: Time) {
        let never_used = self.store.first_seq() == 0;
        let follow = &mut self.follows[at];
        if follow.mirror && !later && never_used {
            return follow.passed(seq, false, now);
        }
        follow.refused = true;
        if later || !follow.mirror {
            follow.retry = Some(now.after(REFUSED));
        }
    }

    /// A mirror does not have what its origin lacks between `last` and a message `seq` that cannot be stored.
    fn pass_gap(&mut self, core: &mut Core, last: u64, seq: u64) {
        if last == self.store.last_seq() && last + 1 < seq {
            let time = self.store.last_time();
            self.store.skip_to(seq - 1, time);
            self.record_state(core);
        }
    }

    /// A message with these headers was stored: remembers how far its source is, if it came from one.
    pub fn note_source(&mut self, headers: &[u8]) {
        if !self.config.sources().is_empty()
            && let Some(value) = headers::get(headers, SOURCE_HEADER)
        {
            self.remember_source(value);
        }
    }

    /// The same, with the header's value.
    pub fn remember_source(&mut self, value: &[u8]) {
        if let Some((key, ..)) = read_source(value) {
            self.sourced.insert(key, value.to_vec());
        }
    }

    /// What to remember of sources.
    pub fn sourced(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.sourced.values()
    }

    /// A mirror begins to read its origin after `seq`: it will not have what comes before.
    pub fn mirror_after(&mut self, core: &mut Core, seq: u64) {
        let seq = seq.min(LAST_SEQ);
        if self.store.last_seq() >= seq {
            return;
        }
        if self.store.is_empty() {
            self.store.clear(seq + 1);
        } else {
            self.store.skip_to(seq, core.now());
        }
        self.record_state(core);
    }
}

impl Source {
    /// Filter and destination as they stand in the header; several are joined by form feeds.
    pub fn names(&self) -> (String, String) {
        let transforms = &self.subject_transforms;
        if transforms.is_empty() {
            return (or_all(&self.filter_subject).to_owned(), ">".to_owned());
        }
        let join = |of: fn(&super::TransformConfig) -> &str| {
            let parts: Vec<&str> = transforms.iter().map(|t| or_all(of(t))).collect();
            parts.join("\x0c")
        };
        (join(|t| &t.src), join(|t| &t.dest))
    }

    /// The origin's name, with what sets a source with a consumer of its own apart.
    fn index_name(&self) -> String {
        match &self.consumer {
            Some(consumer) => format!("{}:C={}", self.name, short_hash(&consumer.name)),
            None => self.name.clone(),
        }
    }

    /// Names it among the sources of a stream.
    fn key(&self) -> String {
        let (filter, dest) = self.names();
        format!("{} {filter} {dest}", self.index_name())
    }

    /// Do both take the same from the same stream? Where they start does not matter.
    pub fn is_same(&self, other: &Source) -> bool {
        let api = |source: &Source| source.external.as_ref().map(|e| e.api.clone());
        let consumer = |source: &Source| source.consumer.as_ref().map(|c| c.name.clone());
        // Names first, and mostly last: a stream may have very many sources.
        self.name == other.name
            && self.key() == other.key()
            && api(self) == api(other)
            && consumer(self) == consumer(other)
    }
}

fn or_all(subject: &str) -> &str {
    if subject.is_empty() { ">" } else { subject }
}

/// The block without what only concerns the origin.
fn without(block: &[u8], mirror: bool) -> Vec<u8> {
    let unwanted = |line: &[u8]| {
        line.starts_with(b"Nats-Expected-")
            || line.starts_with(b"Nats-Batch-")
            || !mirror && line.starts_with(b"Nats-Stream-Source:")
    };
    let lines = block.split_inclusive(|b| *b == b'\n');
    let kept: Vec<u8> = lines
        .filter(|line| !unwanted(line))
        .flatten()
        .copied()
        .collect();
    if kept.len() <= headers::VERSION.len() + 4 && kept.len() < block.len() {
        Vec::new()
    } else {
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_no_further_than_sequences_go() {
        let read = |seq: u64| read_source(format!("O {seq} > > o.1 id").as_bytes());
        let known = Some(("O > >".to_owned(), LAST_SEQ, "id".to_owned()));
        assert_eq!(read(LAST_SEQ), known);
        assert_eq!(read(LAST_SEQ + 1), None);
        assert_eq!(read(u64::MAX), None);
    }
}
