//! The consumers of a stream: who they are, which of them a message concerns, and what reaches them from outside.
//! Messages are the store's and removing them is the stream's affair; consumers only say which may go (`settled`).

mod ack;
mod advisory;
mod again;
mod backup;
mod check;
mod config;
mod config_json;
mod deliver;
mod inactivity;
mod info;
mod lifecycle;
mod pin;
mod progress;
mod pull;
mod push;
mod requests;
mod saved;
mod setup;
mod start;

pub use self::backup::{BackedUp, Backup};
pub(super) use self::check::{INVALID_GROUP, check, is_valid_group};
pub use self::config::{AckPolicy, Config, DeliverPolicy};
pub use self::lifecycle::Action;
use self::progress::Progress;
use self::requests::Requests;
pub use self::saved::Saved;
use super::store::{Filters, Store};
use super::stream::StreamConfig;
use crate::server::core::{ConsumerId, Core, Endpoint, Message, StreamId, Timer};
use crate::server::routes::Routes;
use crate::wire::sorted::Sorted;
use crate::wire::subject;
use crate::wire::time::Time;

/// What consumers see of their stream.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The stream.
    pub id: StreamId,
    /// Which of its name it is.
    pub created: Time,
    /// Its configuration.
    pub config: &'a StreamConfig,
    /// Its messages.
    pub store: &'a Store,
}

/// What a purge took.
#[derive(Clone, Copy, Debug)]
pub enum Gone<'a> {
    /// Nothing.
    Nothing,
    /// One message: the subject that nats-server tells its consumers (the purge's filter, from files) and its sequence.
    One(&'a [u8], u64),
    /// More, or nobody keeps count.
    Many,
}

impl Gone<'_> {
    /// A number of messages, told without naming any.
    pub fn many(number: u64) -> Self {
        if number == 0 {
            Gone::Nothing
        } else {
            Gone::Many
        }
    }
}

/// What a consumer works with.
struct Work<'a> {
    core: &'a mut Core,
    stream: View<'a>,
    settled: &'a mut Vec<u64>,
}

/// The start of a `last_per_subject` consumer: these messages first, then everything after `resume`.
#[derive(Clone, Debug)]
struct SkipList {
    resume: u64,
    sequences: std::collections::VecDeque<u64>,
}

/// One consumer.
#[derive(Clone, Debug)]
pub struct Consumer {
    id: ConsumerId,
    stream: String,
    name: String,
    created: Time,
    config: Config,
    filters: Filters,
    progress: Progress,
    /// Matching messages still to be delivered for the first time; below zero for moments.
    num_pending: i64,
    /// Messages up to this sequence are in `num_pending` already.
    counted_to: u64,
    skip_list: Option<SkipList>,
    /// Push: has interest.
    active: bool,
    /// The queue group whose interest counts: as it was when the consumer or, before that update, its deliver subject came.
    group: String,
    flow: push::Flow,
    /// `rate_limit_bps`, if there is one.
    rate: Option<push::Rate>,
    /// When something was last sent that makes a heartbeat unnecessary.
    last_sent: Time,
    requests: Requests,
    requests_timer: Option<Time>,
    pin: pin::Pin,
    replay: Option<deliver::Replay>,
    /// The message that was just stored, which matches.
    stored: Option<u64>,
    held: Option<deliver::Held>,
    /// Was created or changed so that delivery begins once the answer is out.
    start_due: bool,
    ack_timer: Option<Time>,
    /// How long it stays without interest, in nanoseconds; 0 is for ever.
    threshold: i64,
    /// The inactivity timer runs.
    going: bool,
    /// Ack subject of the message being delivered; the first `ack_prefix` bytes stay.
    ack_reply: Vec<u8>,
    ack_prefix: usize,
}

impl Consumer {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn is_paused(&self, now: Time) -> bool {
        self.config
            .pause_until
            .as_ref()
            .is_some_and(|until| now < until.time)
    }

    /// Belongs to a mirror or a source, not to a client.
    fn is_internal(&self) -> bool {
        self.config.direct || self.config.sourcing
    }

    /// A matching message was stored.
    fn on_stored(&mut self, work: &mut Work<'_>, seq: u64) {
        let ready = if self.config.is_push() {
            self.active
        } else {
            !self.requests.queue.is_empty()
        };
        if seq > self.counted_to {
            self.num_pending += 1;
        }
        if ready && seq >= self.progress.next_stream {
            self.stored = Some(seq);
            self.deliver(work);
            self.stored = None;
        }
    }

    /// A matching message was removed. What is known of it if it waits for its ack.
    fn on_removed(&mut self, subject: &[u8], seq: u64, now: Time) -> Option<Lost> {
        self.uncount(subject, seq);
        let Some(pending) = self.progress.pending.get(&seq) else {
            self.progress.drop_redelivered(seq, now);
            return None;
        };
        Some(Lost {
            consumer: self.id,
            seq,
            sent: pending.consumer,
            deliveries: self.progress.deliveries(seq),
        })
    }

    /// `max_ack_pending` is reached.
    fn is_full(&self) -> bool {
        let limit = self.config.max_ack_pending;
        limit > 0 && self.progress.pending.len() as i64 >= limit
    }

    /// A message that was to be delivered is gone.
    fn uncount(&mut self, subject: &[u8], seq: u64) {
        if seq >= self.progress.next_stream && self.filters.cover(subject) {
            self.num_pending -= 1;
        }
    }

    /// Is a message kept for this consumer (retention interest and work queue)?
    fn needs(&self, seq: u64, subject: &[u8]) -> bool {
        if !self.filters.matches(subject) {
            return false;
        }
        let progress = &self.progress;
        let needed = seq > progress.floor.stream
            && (self.config.ack_policy != AckPolicy::Explicit
                || seq >= progress.next_stream
                || progress.pending.contains_key(&seq));
        needed || progress.redelivered.contains_key(&seq)
    }
}

/// A message that was removed while a consumer waited for its ack.
#[derive(Clone, Copy, Debug)]
struct Lost {
    consumer: ConsumerId,
    seq: u64,
    /// Consumer sequence it was sent with.
    sent: u64,
    deliveries: u64,
}

/// The consumers of one stream.
#[derive(Clone, Debug, Default)]
pub struct Consumers {
    by_id: Sorted<ConsumerId, Box<Consumer>>,
    by_name: Sorted<String, ConsumerId>,
    /// Which consumers a subject concerns.
    filters: Routes<ConsumerId>,
    /// Room for some of them, see [`Consumers::concerned`].
    concerned: Vec<ConsumerId>,
    settled: Vec<u64>,
    /// Pending messages that were removed, in order.
    lost: Vec<Lost>,
    /// Consumers that removals gave room.
    waiting: Vec<ConsumerId>,
    /// A consumer of a stream of retention interest went, and nobody wants what is there.
    orphaned: bool,
}

impl Consumers {
    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Consumer> {
        self.by_name.values().filter_map(|id| self.by_id(*id))
    }

    /// Those that are listed, by name.
    pub fn public(&self) -> impl Iterator<Item = &Consumer> {
        self.iter().filter(|consumer| !consumer.config.direct)
    }

    /// Number of all consumers.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The consumer of that name.
    pub fn get(&self, name: &str) -> Option<&Consumer> {
        self.by_id(*self.by_name.get(name)?)
    }

    /// The consumer of that id.
    pub fn by_id(&self, id: ConsumerId) -> Option<&Consumer> {
        self.by_id.get(&id).map(|consumer| &**consumer)
    }

    /// The consumer of that id, to be described.
    pub fn by_id_mut(&mut self, id: ConsumerId) -> Option<&mut Consumer> {
        self.by_id.get_mut(&id).map(|consumer| &mut **consumer)
    }

    /// The id of the consumer of that name.
    pub fn id(&self, name: &str) -> Option<ConsumerId> {
        self.by_name.get(name).copied()
    }

    /// Is any consumer interested in `subject`?
    pub fn has_interest(&self, subject: &[u8]) -> bool {
        self.filters.has_match(subject)
    }

    /// Is any consumer interested in `subject` that cannot be done with more than there is? A client's ack may put a floor
    /// beyond the stream's `last` message, and then nats-server removes nothing on that consumer's word.
    pub fn may_be_done(&self, subject: &[u8], last: u64) -> bool {
        let has_sound_floor = |c: &Consumer| c.progress.floor.stream <= last;
        let mut concerned = false;
        self.filters.matches(subject, &mut |id| {
            concerned |= self.by_id(*id).is_some_and(has_sound_floor);
        });
        concerned
    }

    /// Does any consumer need message `seq` to be kept?
    pub fn needs(&self, seq: u64, subject: &[u8]) -> bool {
        self.by_id
            .values()
            .any(|consumer| consumer.needs(seq, subject))
    }

    /// The lowest sequence above its ack floor that a consumer matches; 0 if one of them matches none.
    pub fn next_needed(&self, store: &Store) -> u64 {
        let next = |consumer: &Consumer| {
            let above_floor = consumer.progress.floor.stream.saturating_add(1);
            let next = store.next_match(&consumer.filters, above_floor);
            next.unwrap_or(0)
        };
        self.by_id
            .values()
            .map(|consumer| next(consumer))
            .min()
            .unwrap_or(0)
    }

    /// Sequences that were acknowledged or delivered for good since the last call: in streams of retention interest and
    /// work queue, each may go unless some consumer still needs it.
    pub fn take_settled(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.settled)
    }

    /// Is a stream of retention interest to keep nothing, since a consumer went after the last call?
    pub fn take_orphaned(&mut self) -> bool {
        std::mem::take(&mut self.orphaned)
    }

    /// Message `seq` was stored.
    pub fn stored(&mut self, core: &mut Core, view: View<'_>, subject: &[u8], seq: u64) {
        let concerned = self.concerned(subject);
        for id in &concerned {
            self.with(core, view, *id, |consumer, work| {
                consumer.on_stored(work, seq)
            });
        }
        self.concerned = concerned;
    }

    /// Message `seq` was removed, by itself. [`Consumers::go_on`] follows, or [`Consumers::purged`]: nobody hears of a
    /// pending message that is gone before all is done that the same publish or request does.
    pub fn removed(&mut self, subject: &[u8], seq: u64, now: Time) {
        let concerned = self.concerned(subject);
        for id in &concerned {
            let consumer = self.by_id.get_mut(id);
            let lost = consumer.and_then(|consumer| consumer.on_removed(subject, seq, now));
            self.lost.extend(lost);
        }
        self.concerned = concerned;
    }

    /// Gives up on pending messages that are gone, and lets consumers deliver that this gives room.
    pub fn go_on(&mut self, core: &mut Core, view: View<'_>) {
        for lost in std::mem::take(&mut self.lost) {
            // A message that takes the room of one is pending when the next is given up.
            if self.terminate(core, view, lost) {
                self.with(core, view, lost.consumer, Consumer::deliver);
            }
        }
        for id in std::mem::take(&mut self.waiting) {
            self.with(core, view, id, Consumer::deliver);
        }
    }

    /// Gives up on a message that is gone. Did that give its consumer room?
    fn terminate(&mut self, core: &mut Core, view: View<'_>, lost: Lost) -> bool {
        let mut room = false;
        self.with(core, view, lost.consumer, |consumer, work| {
            room = consumer.is_full() && consumer.progress.pending.contains_key(&lost.seq);
            consumer.terminate(work, lost.seq, lost.sent, lost.deliveries, ack::GONE);
        });
        room
    }

    /// Several messages were removed at once: everything is counted anew.
    pub fn recount(&mut self, view: View<'_>) {
        for consumer in self.by_id.values_mut() {
            consumer.count_pending(view.store);
            consumer
                .progress
                .drop_redelivered_below(view.store.first_seq());
        }
    }

    /// The stream was purged, of what `filter` matches if there is one. This alone starts no delivery.
    pub fn purged(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        filter: Option<&[u8]>,
        gone: Gone<'_>,
    ) {
        match gone {
            Gone::Nothing => {}
            Gone::One(subject, seq) => self.removed(subject, seq, core.now()),
            Gone::Many => self.recount(view),
        }
        let ids = match filter {
            Some(subject) if subject::is_literal(subject) => self.concerned(subject),
            _ => self.by_id.keys().copied().collect(),
        };
        for id in &ids {
            self.with(core, view, *id, |consumer, work| {
                consumer.on_purged(work.stream.store, filter, work.core.now());
            });
        }
        self.concerned = ids;
        for lost in std::mem::take(&mut self.lost) {
            if self.terminate(core, view, lost) {
                self.waiting.push(lost.consumer);
            }
        }
    }

    /// A message came on an endpoint of consumer `id`.
    pub fn on_message(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        endpoint: Endpoint,
        message: Message<'_>,
    ) {
        match endpoint {
            Endpoint::ConsumerNext(_, id) => self.with(core, view, id, |consumer, work| {
                consumer.on_next(work, message);
            }),
            Endpoint::ConsumerAck(_, id) => self.with(core, view, id, |consumer, work| {
                consumer.on_ack(work, message);
            }),
            Endpoint::ConsumerFlow(_, id) => self.with(core, view, id, |consumer, work| {
                consumer.on_flow(work, message);
            }),
            Endpoint::ConsumerReset(_, id) => self.with(core, view, id, |consumer, work| {
                consumer.on_reset(work, message);
            }),
            _ => {}
        }
    }

    /// A timer of one of the consumers fired.
    pub fn timer(&mut self, core: &mut Core, view: View<'_>, timer: Timer) {
        match timer {
            Timer::ConsumerAckWait(_, id) => self.with(core, view, id, Consumer::ack_wait_due),
            Timer::ConsumerHeartbeat(_, id) => self.with(core, view, id, Consumer::heartbeat_due),
            Timer::ConsumerRequests(_, id) => self.with(core, view, id, |consumer, work| {
                consumer.requests_timer = None;
                if consumer.pin_is_over(work.core) {
                    consumer.deliver(work);
                }
                consumer.check_requests(work, true);
                // nats-server looks for messages again, and heartbeats show how far it looked.
                consumer.deliver(work);
            }),
            Timer::ConsumerPause(_, id) => self.with(core, view, id, |consumer, work| {
                consumer.advise_pause(work.core);
                consumer.deliver(work);
            }),
            Timer::ConsumerDeliver(_, id) => self.with(core, view, id, Consumer::deliver_held),
            Timer::ConsumerInactive(_, id) => {
                let mut over = false;
                self.with(core, view, id, |consumer, work| {
                    over = consumer.is_over(work)
                });
                if over {
                    self.remove(core, view, id);
                }
            }
            _ => {}
        }
    }

    /// Interest in the deliver subject of consumer `id` came or went.
    pub fn interest_changed(&mut self, core: &mut Core, view: View<'_>, id: ConsumerId) {
        self.with(core, view, id, Consumer::check_interest);
    }

    /// Consumer `id` gives messages to those who asked for some.
    pub fn serve(&mut self, core: &mut Core, view: View<'_>, id: ConsumerId) {
        self.with(core, view, id, Consumer::deliver);
    }

    /// Consumers whose filter matches `subject`, each once, in the list that is kept for that: who is done with it gives
    /// it back.
    fn concerned(&mut self, subject: &[u8]) -> Vec<ConsumerId> {
        let mut ids = std::mem::take(&mut self.concerned);
        ids.clear();
        self.filters.matches(subject, &mut |id| ids.push(*id));
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn with(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        id: ConsumerId,
        act: impl FnOnce(&mut Consumer, &mut Work<'_>),
    ) {
        if let Some(consumer) = self.by_id.get_mut(&id) {
            if consumer.is_saved(view.config) {
                core.touch(view.id, id);
            }
            act(
                consumer,
                &mut Work {
                    core,
                    stream: view,
                    settled: &mut self.settled,
                },
            );
        }
    }
}
