//! A mirror's or source's side of following its origin: where it is and what it makes of a message. Must not know how the
//! origin is reached: see [`super::origins`].

use super::config::write_transforms;
use super::{Source, Stream, StreamConfig};
use crate::server::core::{Core, Endpoint, Message, StreamId};
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::store::LAST_SEQ;
use crate::server::sha256::short_hash;
use crate::wire::headers;
use crate::wire::json::Writer;
use crate::wire::sorted::Sorted;
use crate::wire::subject;
use crate::wire::time::Time;
use crate::wire::transform::Transform;

/// Names where a sourced message comes from.
pub(super) const SOURCE_HEADER: &str = "Nats-Stream-Source";

/// One origin that is followed. Times are `None` for never.
#[derive(Clone, Debug)]
pub struct Follow {
    /// As configured.
    pub source: Source,
    /// The stream is its mirror.
    pub mirror: bool,
    /// The name a consumer is asked for by; origins that do not keep messages for consumers put something behind it.
    pub name: String,
    /// The consumer that reads the origin; empty while none does.
    pub consumer: String,
    /// Where that delivers; without a consumer, where one is to be heard of. Empty while nothing is listened to.
    pub deliver: Vec<u8>,
    /// Where the answer to the request under way is to come; empty if there is none.
    pub inbox: Vec<u8>,
    /// When the origin was asked last.
    pub asked: Option<Time>,
    /// When it is to be asked.
    pub retry: Option<Time>,
    /// When it should have answered, or shown that it is alive.
    pub check: Option<Time>,
    /// When something came last.
    pub heard: Option<Time>,
    /// Requests that failed, in a row.
    pub failures: i64,
    /// What the last one was told.
    pub error: Option<ApiError>,
    /// Messages of the origin that were still to come.
    pub lag: u64,
    /// The sequence of the origin a source is to start from; 0 and 1 are for where the configuration says.
    pub from: u64,
    /// Last sequence of the origin that came.
    pub seq: u64,
    /// How many its consumer had delivered by then.
    pub count: u64,
    /// Which stream of that name it is.
    pub identity: String,
    /// It is another than it was.
    pub recreated: bool,
    transforms: Vec<Transform>,
}

/// A message of an origin as a stream is to store it.
pub struct Followed<'a> {
    /// Its new subject.
    pub subject: Vec<u8>,
    /// Its header block.
    pub headers: Vec<u8>,
    /// What follows the headers.
    pub payload: &'a [u8],
}

impl Follow {
    /// Follows `source`, which is not asked yet.
    pub fn new(source: Source, mirror: bool) -> Follow {
        // Checked with the configuration. Those without destination transform nothing.
        let transforms = source.subject_transforms.iter();
        let transforms = transforms.filter_map(|t| Transform::new(&t.src, &t.dest).ok().flatten());
        let transforms = transforms.collect();
        Follow {
            source,
            mirror,
            name: String::new(),
            consumer: String::new(),
            deliver: Vec::new(),
            inbox: Vec::new(),
            asked: None,
            retry: None,
            check: None,
            heard: None,
            failures: 0,
            error: None,
            lag: 0,
            from: 0,
            seq: 0,
            count: 0,
            identity: String::new(),
            recreated: false,
            transforms,
        }
    }

    /// What was `sourced` from the origin tells how far it is.
    pub fn recall(&mut self, sourced: &Sorted<String, Vec<u8>>) {
        let known = sourced.get(&self.source.key());
        if let Some((_, seq, identity)) = known.and_then(|value| read_source(value)) {
            self.seq = seq;
            self.identity = identity;
        }
        self.from = self.seq.wrapping_add(1);
    }

    /// The stream of that id listens no more to what comes from the origin, nor to what it may answer.
    pub fn let_go(&mut self, core: &mut Core, stream: StreamId) {
        for subject in [&mut self.deliver, &mut self.inbox] {
            core.unsubscribe(subject, Endpoint::Follow(stream));
            subject.clear();
        }
        self.consumer.clear();
        (self.retry, self.check) = (None, None);
    }

    /// Is `consumer` the one that is listened to?
    pub fn reads_by(&self, consumer: &str) -> bool {
        match &self.source.consumer {
            Some(durable) => durable.name == consumer,
            None => self.consumer == consumer,
        }
    }

    /// A message of the origin as the stream is to store it.
    pub fn convert<'a>(&self, core: &mut Core, seq: u64, message: Message<'a>) -> Followed<'a> {
        let original = message.subject;
        let random = core.random();
        let mut transforms = self.transforms.iter();
        let to = transforms.find_map(|t| t.apply(original, random));
        let mut block = without(message.headers, self.mirror);
        if !self.mirror {
            let (filter, dest) = self.source.names();
            let name = self.source.index_name();
            let head = format!("{name} {seq} {filter} {dest} ");
            let tail = match self.identity.as_str() {
                "" => String::new(),
                identity => format!(" {identity}"),
            };
            let value = [head.as_bytes(), original, tail.as_bytes()].concat();
            headers::push(&mut block, SOURCE_HEADER, &value);
        }
        Followed {
            subject: to.unwrap_or_else(|| original.to_vec()),
            headers: block,
            payload: message.payload,
        }
    }

    /// Writes the info object; `sourced` is what the stream knows of its sources.
    fn write_info(&self, w: &mut Writer, sourced: &Sorted<String, Vec<u8>>, now: Time) {
        w.open().key("name").string(&self.source.name);
        self.source.write_external(w);
        w.key("lag").uint(self.lag);
        // What a source did not store it does not count, nor what came from a stream that is no more.
        let known = sourced.get(&self.source.key());
        if let Some((_, seq, identity)) = known.and_then(|value| read_source(value))
            && seq > 0
            && !self.recreated
            && (identity.is_empty() || identity == self.identity)
        {
            w.key("seq").uint(seq);
        }
        w.key("active")
            .int(self.heard.map_or(-1, |at| now.since(at)));
        if let Some(error) = &self.error {
            error.write(w.key("error"));
        }
        // A mirror's is known once it asked for its origin.
        if (self.asked.is_some() || !self.mirror) && !self.source.filter_subject.is_empty() {
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
    /// Writes `mirror` or `sources` of the info object.
    pub fn write_follows(&self, w: &mut Writer, now: Time) {
        if let [follow] = self.follows.as_slice()
            && follow.mirror
        {
            follow.write_info(w.key("mirror"), &self.sourced, now);
        } else if !self.follows.is_empty() {
            w.key("sources").open_list();
            for follow in &self.follows {
                follow.write_info(w, &self.sourced, now);
            }
            w.close_list();
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

    /// The configuration replaced the `old` one: how far a source is that it did not have tell the messages there are, and of
    /// one that it had nothing is known any more. As in nats-server, none is looked at whose subject no such source filters
    /// for: what a transform of the stream moved away from there does not tell.
    pub(super) fn recall_sources(&mut self, old: &StreamConfig) {
        let keyed = |config: &StreamConfig| -> Vec<(String, String)> {
            let sources = config.sources().iter();
            sources
                .map(|s| (s.key(), or_all(&s.filter_subject).to_owned()))
                .collect()
        };
        let (before, mut unknown) = (keyed(old), keyed(&self.config));
        let has = |keyed: &[(String, String)], key: &String| keyed.iter().any(|(of, _)| of == key);
        self.sourced
            .retain(|key, _| has(&before, key) && has(&unknown, key));
        unknown.retain(|source| !before.contains(source));
        for (_, message) in self.store.down_from(self.store.last_seq()) {
            if unknown.is_empty() {
                break;
            }
            if !unknown
                .iter()
                .any(|(_, filter)| subject::matches(filter.as_bytes(), message.subject))
            {
                continue;
            }
            let value = headers::get(message.headers(), SOURCE_HEADER).unwrap_or_default();
            let key = read_source(value).map(|(key, ..)| key);
            if let Some(at) = unknown.iter().position(|(of, _)| Some(of) == key.as_ref()) {
                let (key, _) = unknown.swap_remove(at);
                self.sourced.insert(key, value.to_vec());
            }
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
    pub(super) fn key(&self) -> String {
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
