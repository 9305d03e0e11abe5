//! A snapshot on its way to a client: `streamSnapshot` of nats-server's `jetstream_api.go` and the archive of its
//! `stream_backup.go`. State and consumers are taken down when it is asked for; messages are read when they are due, up to
//! the last one there was then. Must not know requests.

use super::archive::{self, Header};
use crate::server::core::{Core, Endpoint, Message, Timer, TransferId, Watcher};
use crate::server::jetstream::store::Store;
use crate::server::jetstream::stream::{InfoRequest, Stream};
use crate::wire::json::Writer;
use crate::wire::s2;
use crate::wire::time::{SECOND, Time};

/// How long somebody may take to subscribe, in nanoseconds.
const INTEREST: i64 = 2 * SECOND;
/// How long an ack may take, in nanoseconds.
const ACK: i64 = 5 * SECOND;

/// How much goes at once.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Bytes in a chunk.
    pub chunk: usize,
    /// Chunks that may go before one of them is acknowledged.
    pub window: usize,
}

impl Flow {
    /// What a request asks for, within limits; 0 asks for nothing.
    pub fn new(chunk_size: i64, window_size: i64) -> Flow {
        let or = |size: i64, default| if size == 0 { default } else { size };
        let chunk = or(chunk_size, 128 << 10).clamp(1 << 10, 1 << 20);
        let window = or(window_size, 8 << 20).clamp(1 << 10, 32 << 20).max(chunk);
        Flow {
            chunk: chunk as usize,
            window: (window / chunk) as usize,
        }
    }
}

/// The archive, as much of it as is ready.
struct Source {
    encoder: s2::Encoder,
    ready: Vec<u8>,
    /// Next sequence to look at, and the last one.
    next: u64,
    last: u64,
    over: bool,
}

impl Source {
    fn new(stream: &Stream, consumers: bool, now: Time) -> Source {
        let mut source = Source {
            encoder: s2::Encoder::default(),
            ready: Vec::new(),
            next: stream.store.first_seq(),
            last: stream.store.last_seq(),
            over: false,
        };
        source.encoder.write(archive::MAGIC, &mut source.ready);
        let count = stream.consumers.public().count();
        let mut w = Writer::default();
        let count = if consumers { count } else { 0 };
        stream.write_state_with(&mut w, &InfoRequest::default(), count);
        source.add_json("state.json", &w.finish(), now);
        for consumer in stream.consumers.public().take(count) {
            let mut w = Writer::default();
            consumer.write_backup(&mut w, &stream.store);
            source.add_json(&format!("consumers/{}", consumer.name()), &w.finish(), now);
        }
        source
    }

    fn add_json(&mut self, name: &str, json: &[u8], now: Time) {
        let header = Header {
            name: name.into(),
            timestamp: now.0,
            payload_size: json.len() as u64,
            ..Header::default()
        };
        self.add(&header, &[json]);
    }

    fn add(&mut self, header: &Header, parts: &[&[u8]]) {
        let mut entry = Vec::new();
        archive::write_header(header, &mut entry);
        self.encoder.write(&entry, &mut self.ready);
        for part in parts {
            self.encoder.write(part, &mut self.ready);
        }
    }

    /// Makes a number of bytes ready, or all that are left.
    fn fill(&mut self, store: &Store, size: usize) {
        if self.over || self.ready.len() >= size {
            return;
        }
        let (next, last) = (self.next, self.last);
        for (seq, message) in store.from(next).take_while(|(seq, _)| *seq <= last) {
            let (headers, payload) = (message.headers(), message.payload());
            let header = Header {
                name: message.subject.into(),
                timestamp: message.time.0,
                sequence: seq,
                header_size: headers.len() as u64,
                payload_size: payload.len() as u64,
            };
            self.add(&header, &[headers, payload]);
            self.next = seq + 1;
            if self.ready.len() >= size {
                return;
            }
        }
        // An entry that says nothing ends it.
        self.add(&Header::default(), &[]);
        self.encoder.flush(&mut self.ready);
        self.over = true;
    }
}

/// Where a snapshot stands.
enum Phase {
    /// For somebody to subscribe.
    Waiting,
    /// Chunks go out. The numbers are of chunks: those that went, and those that may go now.
    Sending { sent: usize, free: usize },
}

/// A snapshot that is being sent.
pub struct Snapshot {
    id: TransferId,
    deliver: Vec<u8>,
    /// Where acks come, without size and number of the chunk.
    acks: String,
    flow: Flow,
    source: Source,
    phase: Phase,
    /// Somebody is subscribed.
    interest: bool,
}

/// It has ended: why, if that was early.
pub type Ended = Option<&'static str>;

impl Snapshot {
    /// Takes down what a snapshot of `stream` begins with.
    pub fn new(
        core: &mut Core,
        id: TransferId,
        stream: &Stream,
        deliver: &str,
        flow: Flow,
        consumers: bool,
    ) -> Snapshot {
        Snapshot {
            id,
            deliver: deliver.into(),
            acks: format!("$JS.SNAPSHOT.ACK.{}.{}", stream.config.name, core.nuid()),
            flow,
            source: Source::new(stream, consumers, core.now()),
            phase: Phase::Waiting,
            interest: false,
        }
    }

    fn ack_subject(&self) -> Vec<u8> {
        format!("{}.>", self.acks).into_bytes()
    }

    /// The client knows of it: sends, if somebody is there, or waits for them.
    pub fn start(&mut self, core: &mut Core, store: &Store) -> Option<Ended> {
        core.subscribe(&self.ack_subject(), Endpoint::Transfer(self.id));
        core.watch_interest(&self.deliver, Watcher::Transfer(self.id));
        self.interest = core.has_exact_interest(&self.deliver, None);
        if self.interest {
            return self.begin(core, store);
        }
        self.set_timer(core, INTEREST);
        None
    }

    fn begin(&mut self, core: &mut Core, store: &Store) -> Option<Ended> {
        self.phase = Phase::Sending {
            sent: 0,
            free: self.flow.window,
        };
        self.set_timer(core, ACK);
        self.send(core, store)
    }

    fn set_timer(&self, core: &mut Core, after: i64) {
        let at = core.now().after(after);
        core.set_timer(Timer::Transfer(self.id), Some(at));
    }

    /// A chunk was acknowledged.
    pub fn on_ack(&mut self, core: &mut Core, store: &Store) -> Option<Ended> {
        if let Phase::Sending { free, .. } = &mut self.phase {
            *free = (*free + 1).min(self.flow.window);
        }
        self.send(core, store)
    }

    /// Nothing came for too long.
    pub fn on_silence(&mut self, core: &mut Core, store: &Store) -> Option<Ended> {
        match self.phase {
            Phase::Waiting => self.begin(core, store),
            Phase::Sending { .. } => {
                self.end(core, b"NATS/1.0 408 No Flow Response\r\n\r\n");
                Some(Some("no flow response"))
            }
        }
    }

    /// Somebody may have come or gone. As in nats-server who comes late is taken for somebody who goes.
    pub fn on_interest(&mut self, core: &mut Core, store: &Store) -> Option<Ended> {
        let interest = core.has_exact_interest(&self.deliver, None);
        if interest == std::mem::replace(&mut self.interest, interest) {
            return None;
        }
        match self.phase {
            Phase::Waiting => self.begin(core, store),
            Phase::Sending { .. } => {
                self.end(core, b"NATS/1.0 408 No Interest\r\n\r\n");
                Some(Some("no interest"))
            }
        }
    }

    fn send(&mut self, core: &mut Core, store: &Store) -> Option<Ended> {
        while let Phase::Sending { sent, free: 1.. } = self.phase {
            let size = self.flow.chunk;
            self.source.fill(store, size);
            if self.source.ready.len() < size {
                let rest = std::mem::take(&mut self.source.ready);
                if !rest.is_empty() {
                    self.publish(core, b"", b"", &rest);
                }
                let headers: &[u8] = if sent > 0 {
                    b"NATS/1.0 204\r\n\r\n"
                } else {
                    b""
                };
                self.end(core, headers);
                return Some(None);
            }
            let chunk: Vec<u8> = self.source.ready.drain(..size).collect();
            let reply = format!("{}.{size}.{}", self.acks, sent + 1);
            self.publish(core, reply.as_bytes(), b"", &chunk);
            self.set_timer(core, ACK);
            if let Phase::Sending { sent, free } = &mut self.phase {
                (*sent, *free) = (*sent + 1, *free - 1);
            }
        }
        None
    }

    fn publish(&self, core: &mut Core, reply: &[u8], headers: &[u8], payload: &[u8]) {
        let message = Message {
            subject: &self.deliver,
            reply,
            headers,
            payload,
        };
        core.publish(message, false);
    }

    fn end(&mut self, core: &mut Core, headers: &[u8]) {
        self.publish(core, b"", headers, b"");
        self.close(core);
    }

    /// Nothing more is sent or heard.
    pub fn close(&self, core: &mut Core) {
        core.unsubscribe(&self.ack_subject(), Endpoint::Transfer(self.id));
        core.unwatch_interest(&self.deliver, Watcher::Transfer(self.id));
        core.set_timer(Timer::Transfer(self.id), None);
    }
}
