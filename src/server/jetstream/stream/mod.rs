//! One stream: its configuration, its messages and everything that happens to them. Must not know other streams; what a
//! mirror or source takes from its origin is handed in.

mod asking;
pub mod check;
mod check_origins;
mod config;
mod dedupe;
mod fields;
mod follow;
mod info;
pub mod level;
mod origins;
mod publish;
mod removal;
mod restoring;

pub use asking::{IDENTITY, identity};
pub use config::{
    ConsumerLimits, Discard, External, Placement, Republish, Retention, Source, SourceConsumer,
    StreamConfig, TransformConfig, write_metadata,
};
pub use fields::parse_seq;
pub use follow::Follow;
pub use info::{InfoRequest, SUBJECTS_LIMIT};
pub use publish::{Accepted, Origin};
pub use removal::Purge;
pub use restoring::{Mismatch, Restored};

use self::dedupe::Dedupe;
use super::advisory::advise;
use super::consumer::{Consumers, View};
pub use super::store::Storage;
use super::store::Store;
use crate::server::core::{Core, Endpoint, StreamId, Timer};
use crate::wire::json::quote;
use crate::wire::sorted::Sorted;
use crate::wire::time::Time;
use crate::wire::transform::Transform;
use crate::wire::ttl::{self, Ttl};

/// A stream.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Its name within the server.
    pub id: StreamId,
    /// Configuration with defaults put in.
    pub config: StreamConfig,
    /// When it was created.
    pub created: Time,
    /// Its messages.
    pub store: Store,
    /// Its consumers.
    pub consumers: Consumers,
    /// Origins it mirrors or sources.
    pub follows: Vec<Follow>,
    /// `Nats-Stream-Source` of the last message that each source sent, also when that is gone.
    sourced: Sorted<String, Vec<u8>>,
    /// The origin for which a mirror with `mirror_direct` that has caught up answers direct gets, too. As in nats-server it
    /// goes on with that when it is no mirror any more.
    stands_in: Option<String>,
    dedupe: Dedupe,
    /// Id of the message stored last; empty if it had none.
    last_msg_id: Vec<u8>,
    transform: Option<Transform>,
    republish: Option<Transform>,
    /// Start of every acknowledgement: `{"stream":"S","seq":`
    ack: Vec<u8>,
    /// When the expiry timer rings.
    next_expiry: Time,
    /// Messages whose delete marker did not take their place, and when.
    refused: Sorted<u64, Time>,
    /// Every message below is exempt from `max_age`.
    aged_from: u64,
    /// Is being restored from a backup: nothing is published to it yet.
    restoring: bool,
}

impl Stream {
    /// A stream of a checked configuration, listening to its subjects.
    pub fn new(core: &mut Core, id: StreamId, config: StreamConfig, created: Time) -> Stream {
        let stream = Stream::silent(id, config, created);
        stream.listen(core);
        stream
    }

    /// The same, without listening.
    fn silent(id: StreamId, config: StreamConfig, created: Time) -> Stream {
        // Quoted as nats-server does there, which is not as in JSON.
        let ack = format!("{{\"stream\":{},\"seq\":", quote(config.name.as_bytes()));
        let mut stream = Stream {
            id,
            store: Store::new(config.storage, config.first_seq),
            created,
            consumers: Consumers::default(),
            follows: Vec::new(),
            sourced: Sorted::default(),
            stands_in: None,
            dedupe: Dedupe::default(),
            last_msg_id: Vec::new(),
            transform: None,
            republish: None,
            ack: ack.into_bytes(),
            next_expiry: removal::NEVER,
            refused: Sorted::default(),
            aged_from: 0,
            restoring: false,
            config,
        };
        stream.put_transforms();
        stream
    }

    fn put_transforms(&mut self) {
        // Both were checked with the configuration.
        let transform = self.config.subject_transform.as_ref();
        self.transform = transform.and_then(|t| Transform::new(&t.src, &t.dest).ok().flatten());
        let republish = self.config.republish.as_ref();
        self.republish = republish.and_then(|t| Transform::new(&t.src, &t.dest).ok().flatten());
    }

    /// What consumers work on, beside them.
    pub fn parts(&mut self) -> (&mut Consumers, View<'_>) {
        let view = View {
            id: self.id,
            created: self.created,
            config: &self.config,
            store: &self.store,
        };
        (&mut self.consumers, view)
    }

    /// Subjects the stream listens to, and what for.
    fn endpoints(&self) -> Vec<(Vec<u8>, Endpoint)> {
        let of_stream =
            |subject: &String| (subject.clone().into_bytes(), Endpoint::Stream(self.id));
        let mut endpoints: Vec<_> = self.config.subjects.iter().map(of_stream).collect();
        let own = self.config.allow_direct.then_some(&self.config.name);
        for name in own.into_iter().chain(&self.stands_in) {
            let subject = format!("$JS.API.DIRECT.GET.{name}");
            let by_subject = format!("{subject}.>");
            for subject in [subject, by_subject] {
                endpoints.push((subject.into_bytes(), Endpoint::DirectGet(self.id)));
            }
        }
        endpoints
    }

    fn listen(&self, core: &mut Core) {
        if self.restoring {
            return;
        }
        for (subject, endpoint) in self.endpoints() {
            core.subscribe(&subject, endpoint);
        }
    }

    fn unlisten(&self, core: &mut Core) {
        for (subject, endpoint) in self.endpoints() {
            core.unsubscribe(&subject, endpoint);
        }
    }

    /// A mirror has all that its origin has.
    pub fn caught_up(&mut self, core: &mut Core) {
        if self.config.mirror_direct && self.stands_in.is_none() {
            self.stand_in(core, true);
        }
    }

    fn stand_in(&mut self, core: &mut Core, on: bool) {
        self.unlisten(core);
        let mirror = self.config.mirror.as_ref().filter(|_| on);
        self.stands_in = mirror.map(|mirror| mirror.name.clone());
        self.listen(core);
    }

    /// Replaces the configuration, which may replace the old one, and does what that asks for.
    pub fn update(&mut self, core: &mut Core, config: StreamConfig) {
        if config.mirror_direct != self.config.mirror_direct {
            self.stand_in(core, config.mirror_direct);
        }
        let old = self.reconfigure(core, config);
        if old.duplicate_window != self.config.duplicate_window {
            self.expire_ids(core);
        }
        if old.retention == Retention::Limits && self.config.retention == Retention::Interest {
            if self.consumers.public().next().is_some() {
                self.remove_unneeded(core);
            } else if self.store.last_seq() > 0 {
                self.purge(core, &Purge::default());
            }
        }
        if !old.allow_msg_ttl && self.config.allow_msg_ttl {
            self.index_deadlines();
        }
        self.enforce_totals(core);
        self.enforce_per_subject(core);
        self.expire(core);
        self.settle(core);
    }

    /// Replaces the configuration and nothing else; returns the old one.
    pub(super) fn reconfigure(&mut self, core: &mut Core, config: StreamConfig) -> StreamConfig {
        self.unlisten(core);
        let old = std::mem::replace(&mut self.config, config);
        self.listen(core);
        self.put_transforms();
        self.recall_sources(&old);
        old
    }

    /// All messages are back: finds again what follows from them.
    pub(super) fn restored(&mut self, core: &mut Core) {
        let now = core.now();
        let window = now.after(-self.config.duplicate_window);
        if self.config.duplicate_window > 0
            && let Some(first) = self.store.first_since(window)
        {
            for (seq, message) in self.store.from(first) {
                let id = fields::Fields::read(message.headers()).msg_id;
                if !id.is_empty() {
                    self.dedupe.insert(id, seq, message.time);
                }
            }
        }
        if let Some(message) = self.store.get(self.store.last_seq()) {
            self.last_msg_id = fields::Fields::read(message.headers()).msg_id.to_vec();
        }
        if self.config.allow_msg_ttl {
            self.index_deadlines();
        }
        // As after the first id of all, nats-server does not look before a window is over (`storeMsgIdLocked`).
        let due = now.after(self.config.duplicate_window);
        let due = (!self.dedupe.is_empty()).then_some(due);
        core.set_timer(Timer::StreamDedupe(self.id), due);
        // What was over while there was no server nobody sees any more (`expireMsgsOnRecover`), however much it is.
        self.expire(core);
        while self.next_expiry <= now {
            self.expire(core);
        }
        self.settle(core);
    }

    /// Puts in the deadlines of all messages that have a TTL.
    fn index_deadlines(&mut self) {
        let with_ttl = self.store.from(0).filter_map(|(seq, message)| {
            let ttl = fields::Fields::read(message.headers()).ttl;
            match ttl::parse(ttl) {
                Ok(Some(Ttl::Seconds(n))) => Some((seq, ttl::deadline(message.time, n))),
                _ => None,
            }
        });
        let with_ttl: Vec<(u64, Time)> = with_ttl.collect();
        for (seq, at) in with_ttl {
            self.store.set_deadline(seq, at);
        }
    }

    /// Forgets message ids whose window is over.
    pub fn expire_ids(&mut self, core: &mut Core) {
        let next = self.dedupe.expire(self.config.duplicate_window, core.now());
        core.set_timer(Timer::StreamDedupe(self.id), next);
    }

    /// Ends it: consumers first, then its subscriptions and timers.
    pub fn shut(&mut self, core: &mut Core) {
        let (consumers, view) = self.parts();
        consumers.remove_all(core, view);
        self.unlisten(core);
        for timer in [
            Timer::StreamAge(self.id),
            Timer::StreamDedupe(self.id),
            Timer::StreamSources(self.id),
        ] {
            core.set_timer(timer, None);
        }
    }

    /// Tells whoever listens that the stream was created, changed or deleted.
    pub fn advise(&self, core: &mut Core, event: &str, action: &str) {
        let name = &self.config.name;
        let subject = format!("ADVISORY.STREAM.{event}.{name}");
        advise(
            core,
            &subject,
            "advisory.v1.stream_action",
            false,
            &|w, _| {
                w.key("stream").string(name).key("action").string(action);
            },
        );
    }
}
