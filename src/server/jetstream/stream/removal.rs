//! How messages leave a stream: limits, purges, deletes, expiry with its delete markers, and messages that every consumer
//! is done with.

use super::publish::Origin;
use super::{Discard, Retention, Storage, Stream};
use crate::server::core::{Core, Timer};
use crate::server::jetstream::consumer::Gone;
use crate::server::jetstream::store::Filters;
use crate::server::journal::Record;
use crate::wire::time::{SECOND, Time};
use crate::wire::{duration, headers, subject};

/// Expiry does not look more often than this, in nanoseconds, as in nats-server.
const INTERVAL: i64 = SECOND / 4;

/// How far the clock is behind, in nanoseconds, by which nats-server's file store tells the age of messages: it ticks ten
/// times a second. So `max_age` is mostly found out at the second look.
const LAG: i64 = SECOND / 20;

/// A delete marker that did not take the place of its message is not tried again for this long, in nanoseconds, as in nats-server.
const RETRY: i64 = 2 * SECOND;

/// Messages that expire in one go; the rest follows in the next step, so that no step takes long.
const BATCH: usize = 2048;

/// Subject and sequence of the message a purge took last.
type Taken = (Vec<u8>, u64);

/// Later than any deadline.
pub(super) const NEVER: Time = Time(i64::MAX);

/// What a purge is to remove.
#[derive(Clone, Debug, Default)]
pub struct Purge {
    /// Only what matches; empty is everything.
    pub filter: String,
    /// Only sequences below; 0 is unset.
    pub seq: u64,
    /// All but this many of the newest; 0 is unset.
    pub keep: u64,
}

impl Stream {
    /// Takes one message out and tells the consumers. False if it is not there.
    pub fn remove(&mut self, core: &mut Core, seq: u64) -> bool {
        let Some(message) = self.store.get(seq) else {
            return false;
        };
        let subject = message.subject.to_vec();
        self.remove_from(core, &subject, seq)
    }

    /// As [`Stream::remove`], of a message whose subject is known.
    fn remove_from(&mut self, core: &mut Core, subject: &[u8], seq: u64) -> bool {
        if !self.store.remove(seq) {
            return false;
        }
        self.record_gone(core, seq, seq);
        if !self.consumers.is_empty() {
            self.consumers.removed(subject, seq, core.now());
        }
        true
    }

    /// Takes one message out for a purge.
    fn take(&mut self, seq: u64, taken: &mut Taken) {
        if let Some(message) = self.store.get(seq) {
            taken.0.clear();
            taken.0.extend_from_slice(message.subject);
            taken.1 = seq;
            self.store.remove(seq);
        }
    }

    /// After a message on `subject` was stored: the oldest give way.
    pub(super) fn enforce_limits(&mut self, core: &mut Core, subject: &[u8]) {
        if self.config.max_msgs_per_subject > 0 {
            self.trim_subject(core, subject, self.config.max_msgs_per_subject as u64);
        }
        self.enforce_totals(core);
    }

    /// `max_msgs` and `max_bytes`.
    pub fn enforce_totals(&mut self, core: &mut Core) {
        let (max_msgs, max_bytes) = (self.config.max_msgs, self.config.max_bytes);
        if self.config.discard != Discard::Old {
            return;
        }
        while max_msgs > 0 && self.store.len() > max_msgs as u64
            || max_bytes > 0 && self.store.bytes() > max_bytes as u64
        {
            if !self.remove(core, self.store.first_seq()) {
                break;
            }
        }
    }

    /// `max_msgs_per_subject` of every subject.
    pub fn enforce_per_subject(&mut self, core: &mut Core) {
        let limit = self.config.max_msgs_per_subject;
        if limit <= 0 {
            return;
        }
        let everything = Filters::default();
        let over = self.store.subjects(&everything);
        let over: Vec<Vec<u8>> = over
            .filter(|(_, sequences)| sequences.count() as i64 > limit)
            .map(|(subject, _)| subject.to_vec())
            .collect();
        for subject in over {
            self.trim_subject(core, &subject, limit as u64);
        }
    }

    fn trim_subject(&mut self, core: &mut Core, subject: &[u8], keep: u64) {
        while let Some(sequences) = self.store.sequences(subject)
            && sequences.count() > keep
        {
            let first = sequences.first();
            self.remove_from(core, subject, first);
        }
    }

    /// Rollup `sub`: the newest `keep` messages of the subject stay. A purge for consumers, whether anything goes or not.
    /// A message published on a pattern does so for all that match it, as in nats-server.
    pub(super) fn purge_subject(&mut self, core: &mut Core, subject: &[u8], keep: u64) {
        if !subject::is_literal(subject) {
            let purge = Purge {
                filter: String::from_utf8_lossy(subject).into_owned(),
                keep,
                ..Purge::default()
            };
            self.purge(core, &purge);
            return;
        }
        let mut gone = Gone::Nothing;
        while let Some(sequences) = self.store.sequences(subject)
            && sequences.count() > keep
        {
            let first = sequences.first();
            self.store.remove(first);
            self.record_gone(core, first, first);
            gone = match gone {
                Gone::Nothing => Gone::One(subject, first),
                _ => Gone::Many,
            };
        }
        self.tell_purged(core, Some(subject), gone);
    }

    /// Purges and returns how many messages went (`PurgeEx`).
    pub fn purge(&mut self, core: &mut Core, purge: &Purge) -> u64 {
        let Purge { filter, seq, keep } = purge;
        let (seq, keep) = (*seq, *keep);
        if filter.is_empty() || filter == ">" {
            let filter = (!filter.is_empty()).then_some(filter.as_bytes());
            return match (seq, keep) {
                (0, 0) => self.purge_all(core, filter, 0),
                (1, _) => self.purge_below(core, filter, 0),
                (seq @ 1.., _) if seq > self.store.last_seq() => self.purge_all(core, filter, seq),
                (seq @ 1.., _) => self.purge_below(core, filter, seq),
                (0, keep) => {
                    let kept = usize::try_from(keep - 1).unwrap_or(usize::MAX);
                    let first = self.store.down_from(u64::MAX).nth(kept);
                    let first = first.map_or(0, |(seq, _)| seq);
                    let (removed, last) = self.take_below(core, first);
                    self.tell_purged(core, filter, self.gone(removed, &last, b">"));
                    removed
                }
            };
        }
        let filters = Filters::new([filter]);
        let mut matching: Vec<u64> = Vec::new();
        for (_, sequences) in self.store.subjects(&filters) {
            let below = if seq > 0 { seq - 1 } else { u64::MAX };
            matching.extend(sequences.iter().take_while(|seq| *seq <= below));
        }
        if seq == 1 {
            matching.clear();
        }
        if keep > 0 {
            matching.sort_unstable();
            matching.truncate(
                matching
                    .len()
                    .saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX)),
            );
        }
        let mut last = Taken::default();
        for seq in &matching {
            self.take(*seq, &mut last);
            self.record_gone(core, *seq, *seq);
        }
        let (filter, removed) = (filter.as_bytes(), matching.len() as u64);
        self.tell_purged(core, Some(filter), self.gone(removed, &last, filter));
        removed
    }

    /// What to tell consumers about a purge that went through the messages one by one.
    fn gone<'a>(&self, removed: u64, last: &'a Taken, filter: &'a [u8]) -> Gone<'a> {
        match removed {
            1 if self.store.storage() == Storage::File => Gone::One(filter, last.1),
            1 => Gone::One(&last.0, last.1),
            _ => Gone::many(removed),
        }
    }

    fn purge_all(&mut self, core: &mut Core, filter: Option<&[u8]>, next_seq: u64) -> u64 {
        let removed = self.clear(core, next_seq);
        self.tell_purged(core, filter, Gone::many(removed));
        removed
    }

    fn clear(&mut self, core: &mut Core, next_seq: u64) -> u64 {
        self.record_gone(core, 0, self.store.last_seq());
        let removed = self.store.clear(next_seq);
        self.record_state(core);
        removed
    }

    fn purge_below(&mut self, core: &mut Core, filter: Option<&[u8]>, seq: u64) -> u64 {
        let (removed, _) = self.take_below(core, seq);
        self.tell_purged(core, filter, Gone::many(removed));
        removed
    }

    /// Takes out everything below `seq`; the first sequence becomes the next message, or the one after the last.
    fn take_below(&mut self, core: &mut Core, seq: u64) -> (u64, Taken) {
        let (mut removed, mut last) = (0, Taken::default());
        self.record_gone(core, 0, seq.saturating_sub(1));
        while !self.store.is_empty() && self.store.first_seq() < seq {
            self.take(self.store.first_seq(), &mut last);
            removed += 1;
        }
        (removed, last)
    }

    fn record_gone(&self, core: &mut Core, from: u64, to: u64) {
        let id = self.id;
        self.record(core, Record::Gone { id, from, to });
    }

    fn tell_purged(&mut self, core: &mut Core, filter: Option<&[u8]>, gone: Gone<'_>) {
        if !self.consumers.is_empty() {
            let (consumers, view) = self.parts();
            consumers.purged(core, view, filter, gone);
        }
    }

    /// Retention has become interest: removes what consumers have done with, and what is before the next message of each.
    pub(super) fn remove_unneeded(&mut self, core: &mut Core) {
        let (next, last) = (
            self.consumers.next_needed(&self.store),
            self.store.last_seq(),
        );
        let all: Vec<u64> = self.store.from(0).map(|(seq, _)| seq).collect();
        for seq in all {
            let Some(message) = self.store.get(seq) else {
                continue;
            };
            if !self.consumers.needs(seq, message.subject)
                && (seq < next || self.consumers.may_be_done(message.subject, last))
            {
                self.remove(core, seq);
            }
        }
    }

    /// Lets consumers go on that removals gave room, and (retention interest and work queue) removes what they are done
    /// with.
    pub fn settle(&mut self, core: &mut Core) {
        if self.consumers.take_orphaned() {
            self.consumers.take_settled();
            self.clear(core, 0);
        }
        loop {
            let (consumers, view) = self.parts();
            consumers.go_on(core, view);
            let settled = self.consumers.take_settled();
            if settled.is_empty() {
                return;
            }
            for seq in settled {
                let Some(message) = self.store.get(seq) else {
                    continue;
                };
                if self.config.retention != Retention::Limits
                    && !self.consumers.needs(seq, message.subject)
                {
                    self.remove(core, seq);
                }
            }
        }
    }

    /// A message with `deadline`, stored at `time`, came in: the timer may have to ring earlier.
    pub(super) fn arm_expiry(&mut self, core: &mut Core, deadline: Time, time: Time) {
        let by_age = match self.config.max_age {
            0 => NEVER,
            age => time.after(age),
        };
        let at = deadline.min(by_age).max(core.now().after(INTERVAL));
        if at < self.next_expiry {
            self.next_expiry = at;
            core.set_timer(Timer::StreamAge(self.id), Some(at));
        }
    }

    /// Removes what has had its time, or puts delete markers in its place: 2048 messages at most, then the timer is
    /// due again at once.
    pub fn expire(&mut self, core: &mut Core) {
        let now = core.now();
        self.refused.retain(|seq, _| self.store.get(*seq).is_some());
        let mut due = self.store.due(now, BATCH);
        if self.config.max_age > 0 {
            let lag = match self.config.storage {
                Storage::File => LAG,
                Storage::Memory => 0,
            };
            self.skip_exempt();
            for (seq, message) in self.store.from(self.aged_from).take(BATCH) {
                if message.time.after(self.config.max_age).after(lag) > now {
                    break;
                }
                if !is_exempt(message.headers()) {
                    due.push(seq);
                }
            }
            due.sort_unstable();
            due.dedup();
        }
        due.truncate(BATCH);
        let more = due.len() == BATCH;
        let mut gone = false;
        for seq in due {
            self.expire_one(core, seq);
            gone |= self.store.get(seq).is_none();
        }
        self.settle(core);
        let mut next = self.store.next_deadline().map_or(NEVER, |(at, _)| at);
        if self.config.max_age > 0 {
            self.skip_exempt();
            if let Some((_, oldest)) = self.store.from(self.aged_from).next() {
                next = next.min(oldest.time.after(self.config.max_age));
            }
        }
        if next < NEVER {
            let pause = if more && gone { 0 } else { INTERVAL };
            next = next.max(now.after(pause));
        }
        self.next_expiry = next;
        core.set_timer(
            Timer::StreamAge(self.id),
            Some(next).filter(|at| *at < NEVER),
        );
    }

    /// Moves `aged_from` over messages that never expire, so that each is looked at once.
    fn skip_exempt(&mut self) {
        let mut messages = self.store.from(self.aged_from);
        let first = messages.find(|(_, message)| !is_exempt(message.headers()));
        self.aged_from = first.map_or(self.store.last_seq() + 1, |(seq, _)| seq);
    }

    fn expire_one(&mut self, core: &mut Core, seq: u64) {
        let Some(message) = self.store.get(seq) else {
            return;
        };
        let now = core.now();
        let refused = self.refused.get(&seq);
        if refused.is_some_and(|at| at.after(RETRY) > now) {
            return;
        }
        let ttl = self.config.subject_delete_marker_ttl;
        let sequences = self.store.sequences(message.subject);
        // Those whose marker was refused do not count, as in nats-server (`shouldProcessSdm`).
        let is_other = |at| at != seq && !self.refused.contains_key(&at);
        let alone = sequences.is_some_and(|sequences| !sequences.iter().any(is_other));
        let fields = super::fields::Fields::read(message.headers());
        if ttl == 0 || !alone || !fields.marker_reason.is_empty() || fields.kv_operation == b"PURGE"
        {
            self.remove(core, seq);
            return;
        }
        let subject = message.subject.to_vec();
        let mut block = Vec::new();
        headers::push(&mut block, "Nats-Marker-Reason", b"MaxAge");
        headers::push(
            &mut block,
            "Nats-TTL",
            duration::format(ttl / SECOND * SECOND).as_bytes(),
        );
        headers::push(&mut block, "Nats-Rollup", b"sub");
        let _ = self.publish(core, &subject, b"", &block, b"", Origin::Marker);
        // The expired message stays for now if there is no room, or if a transform takes the marker to another subject.
        if self.store.get(seq).is_some() {
            self.refused.insert(seq, now);
        }
    }
}

/// `Nats-TTL: never`
fn is_exempt(block: &[u8]) -> bool {
    !block.is_empty()
        && headers::get(block, "Nats-TTL").is_some_and(|ttl| ttl.eq_ignore_ascii_case(b"never"))
}
