//! How far a consumer has come: what was delivered, what is acknowledged, what waits for an ack and what is to be
//! delivered again. Plain bookkeeping; must not know messages, subscribers or timers.

use super::ack::GROUPING;
use super::again::Again;
use super::config::AckPolicy;
use super::saved::Written;
use crate::wire::sorted::Sorted;
use crate::wire::time::Time;

/// A position: in the consumer's own deliveries and in the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Consumer sequence.
    pub consumer: u64,
    /// Stream sequence.
    pub stream: u64,
}

/// A message that was delivered and not acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// Consumer sequence of its first delivery.
    pub consumer: u64,
    /// When the ack wait began; shifted by delayed NAKs.
    pub since: Time,
    /// When the client put the ack wait off: the same. Otherwise it begins with the message's time after a restart, as in
    /// nats-server.
    pub put_off: Option<Time>,
}

/// What the ack wait of a pending message came to.
#[derive(Debug, Default)]
pub struct Overdue {
    /// To be delivered again, ascending.
    pub again: Vec<u64>,
    /// Given up, with the number of deliveries they had.
    pub given_up: Vec<(u64, u64)>,
    /// When to look again.
    pub next: Option<Time>,
}

/// The delivery and ack state of one consumer.
///
/// nats-server keeps it twice, in the consumer and in its store, and shows the store's floors. They part when messages
/// are given up or removed while pending, and clients see that; hence `shown_delivered` and `shown_floor`.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Stream sequence to look at next.
    pub next_stream: u64,
    /// Consumer sequence of the next delivery.
    pub next_consumer: u64,
    /// Everything up to here is acknowledged.
    pub floor: Position,
    /// `delivered` of the consumer info.
    pub shown_delivered: Position,
    /// `ack_floor` of the consumer info.
    pub shown_floor: Position,
    /// When something was delivered last.
    pub last_delivered: Option<Time>,
    /// When something was acknowledged last.
    pub last_acked: Option<Time>,
    /// Waiting for an ack, by stream sequence.
    pub pending: Sorted<u64, Pending>,
    /// Deliveries beyond the first, by stream sequence.
    pub redelivered: Sorted<u64, u64>,
    /// To be delivered again.
    pub again: Again,
    /// What is written down of it; `None` if nothing is, or nothing that the rest could be told from.
    pub(super) written: Option<Written>,
}

impl Progress {
    /// Starts before stream sequence `next`.
    pub fn starting_at(next: u64) -> Progress {
        let before = Position {
            consumer: 0,
            stream: next.saturating_sub(1),
        };
        Progress {
            next_stream: next,
            next_consumer: 1,
            floor: before,
            shown_delivered: before,
            shown_floor: before,
            ..Progress::default()
        }
    }

    /// Goes on where what it shows ends.
    pub fn go_on_as_shown(&mut self) {
        self.floor = self.shown_floor;
        self.next_consumer = self.shown_delivered.consumer.saturating_add(1);
        self.next_stream = self.shown_delivered.stream.saturating_add(1);
    }

    /// Notes the `count`-th delivery of `seq` as consumer sequence `consumer`.
    pub fn delivered(&mut self, consumer: u64, seq: u64, policy: AckPolicy, now: Time) {
        self.last_delivered = Some(now);
        if consumer <= self.shown_floor.consumer {
            return;
        }
        let shown = &mut self.shown_delivered;
        shown.consumer = shown.consumer.max(consumer);
        shown.stream = shown.stream.max(seq);
        if policy == AckPolicy::None {
            self.shown_floor = *shown;
        }
    }

    /// Starts or restarts the ack wait of `seq`.
    pub fn track(&mut self, consumer: u64, seq: u64, now: Time) {
        let pending = Pending {
            consumer,
            since: now,
            put_off: None,
        };
        let pending = self.pending.get_or_insert(seq, pending);
        (pending.since, pending.put_off) = (now, None);
        self.note(seq);
    }

    /// The client lets the ack wait of `seq` begin at `since`.
    pub fn put_off(&mut self, seq: u64, since: Time, now: Time) {
        if let Some(pending) = self.pending.get_mut(&seq) {
            (pending.since, pending.put_off) = (since, Some(since));
            self.last_delivered = Some(now);
            self.note(seq);
        }
    }

    /// Counts another delivery of `seq` and returns its number (2 for the first redelivery).
    pub fn count_delivery(&mut self, seq: u64) -> u64 {
        let count = self.redelivered.get_or_insert(seq, 0);
        *count += 1;
        let number = *count + 1;
        self.note(seq);
        number
    }

    /// Takes a counted delivery back.
    pub fn uncount_delivery(&mut self, seq: u64) {
        if let Some(count) = self.redelivered.get_mut(&seq) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.redelivered.remove(&seq);
            }
            self.note(seq);
        }
    }

    /// Deliveries that `seq` had, at least 1.
    pub fn deliveries(&self, seq: u64) -> u64 {
        self.redelivered.get(&seq).copied().unwrap_or(1).max(1)
    }

    /// Forgets everything about `seq`.
    fn forget(&mut self, seq: u64) -> Option<Pending> {
        self.again.remove(seq);
        let (pending, again) = (self.pending.remove(&seq), self.redelivered.remove(&seq));
        if pending.is_some() || again.is_some() {
            self.note(seq);
        }
        pending
    }

    /// Acknowledges one message (policy explicit). True if it was pending.
    pub fn ack_one(&mut self, consumer: u64, seq: u64, now: Time) -> bool {
        let pending = self.forget(seq);
        let consumer = pending.map_or(consumer, |pending| pending.consumer);
        if pending.is_some() {
            self.move_floor(consumer, seq);
        }
        self.show_ack(pending, consumer, seq);
        self.last_acked = Some(now);
        pending.is_some()
    }

    /// Acknowledges everything up to `seq` (policies all and flow_control) and returns what was pending below it.
    /// `None` if it lies below the floor already.
    pub fn ack_all(&mut self, consumer: u64, seq: u64, now: Time) -> Option<Vec<u64>> {
        if consumer <= self.floor.consumer || seq <= self.floor.stream {
            return None;
        }
        let gap = seq - self.floor.stream;
        self.floor = Position {
            consumer,
            stream: seq,
        };
        let shown = self.pending.contains_key(&seq);
        let mut acked = Vec::new();
        if gap > self.pending.len() as u64 {
            let pending = self.pending.keys().copied();
            acked.extend(pending.take_while(|acked| *acked <= seq));
            for seq in &acked {
                self.forget(*seq);
            }
        } else {
            // What was given up goes as well, but only here, and only as long as something is pending.
            for seq in (seq - gap + 1..=seq).rev() {
                if self.pending.is_empty() {
                    break;
                }
                if self.forget(seq).is_some() {
                    acked.push(seq);
                }
            }
        }
        if shown && consumer > self.shown_floor.consumer {
            self.shown_floor = self.floor;
        }
        self.last_acked = Some(now);
        Some(acked.into_iter().filter(|acked| *acked != seq).collect())
    }

    /// Gives up on `seq` after its last delivery: it is no longer pending but stays counted as redelivered.
    pub fn give_up(&mut self, seq: u64, policy: AckPolicy, now: Time) {
        if let Some(pending) = self.pending.remove(&seq) {
            self.note(seq);
            self.delivered(pending.consumer, seq, policy, now);
            self.move_floor(pending.consumer, seq);
        }
    }

    fn move_floor(&mut self, consumer: u64, seq: u64) {
        if self.pending.is_empty() {
            self.floor = self.before_next();
        } else if consumer == self.floor.consumer.saturating_add(1) {
            self.floor = Position {
                consumer,
                stream: seq,
            };
            if let Some((lowest, pending)) = self.pending.from(&(seq + 1)).next()
                && *lowest < self.next_stream
                && pending.consumer > 0
            {
                self.floor = Position {
                    consumer: pending.consumer - 1,
                    stream: lowest - 1,
                };
            }
        }
    }

    /// The store's share of an explicit ack.
    fn show_ack(&mut self, pending: Option<Pending>, consumer: u64, seq: u64) {
        let Some(pending) = pending else { return };
        if consumer <= self.shown_floor.consumer {
            return;
        }
        let consumer = consumer.min(pending.consumer.max(1));
        if self.pending.is_empty() {
            self.shown_floor = self.shown_delivered;
        } else if consumer == self.shown_floor.consumer.saturating_add(1) {
            self.shown_floor = Position {
                consumer,
                stream: seq,
            };
            if self.shown_delivered.consumer > consumer
                && let Some((lowest, pending)) = self.pending.from(&(seq + 1)).next()
                && *lowest <= self.shown_delivered.stream.max(seq + 1)
                && pending.consumer > 0
            {
                self.shown_floor = Position {
                    consumer: pending.consumer - 1,
                    stream: lowest - 1,
                };
            }
        }
    }

    /// The position just before the next delivery.
    pub fn before_next(&self) -> Position {
        Position {
            consumer: self.next_consumer.saturating_sub(1),
            stream: self.next_stream.saturating_sub(1),
        }
    }

    /// A message is gone from the stream and was not pending. If it was given up, that is as good as an ack.
    pub fn drop_redelivered(&mut self, seq: u64, now: Time) {
        if self.redelivered.remove(&seq).is_some() {
            self.note(seq);
            self.last_acked = Some(now);
        }
    }

    /// Everything below `first` is gone from the stream.
    pub fn drop_redelivered_below(&mut self, first: u64) {
        let gone: Vec<u64> = self
            .redelivered
            .keys()
            .copied()
            .take_while(|seq| *seq < first)
            .collect();
        for seq in gone {
            self.redelivered.remove(&seq);
            self.again.remove(seq);
            self.note(seq);
        }
    }

    /// The stream was purged; `first` is the first sequence left for this consumer. `is_left` is given when the
    /// consumer's filter is wider than the purge's and tells which pending messages remain.
    pub fn purge(
        &mut self,
        first: u64,
        is_left: Option<&dyn Fn(u64) -> bool>,
        policy: AckPolicy,
        now: Time,
    ) {
        self.next_stream = self.next_stream.max(first);
        if self.floor.stream < first {
            self.floor.stream = first.saturating_sub(1);
            let gone: Vec<(u64, Pending)> = (self.pending.iter())
                .filter(|(seq, _)| {
                    **seq <= self.floor.stream || is_left.is_some_and(|is_left| !is_left(**seq))
                })
                .map(|(seq, pending)| (*seq, *pending))
                .collect();
            for (seq, pending) in gone {
                if pending.consumer > self.floor.consumer {
                    self.floor.consumer = pending.consumer;
                    self.next_consumer = self.next_consumer.max(pending.consumer);
                }
                self.pending.remove(&seq);
                self.redelivered.remove(&seq);
                self.note(seq);
                self.last_acked = Some(now);
                if policy == AckPolicy::Explicit {
                    self.show_ack(Some(pending), pending.consumer, seq);
                } else if pending.consumer > self.shown_floor.consumer {
                    self.shown_floor = Position {
                        consumer: pending.consumer,
                        stream: seq,
                    };
                }
            }
        }
        if self.pending.is_empty() {
            self.redelivered.clear();
            self.written = None;
            self.floor = self.before_next();
        }
        let next = self.next_stream;
        self.again.remove_below(next);
        self.show_all();
    }

    /// Makes the shown state the real one, unless that would contradict itself or go back.
    fn show_all(&mut self) {
        let (delivered, floor) = (self.before_next(), self.floor);
        let lowest = self.pending.first().map(|(seq, _)| *seq);
        let highest = self.pending.last().map(|(seq, _)| *seq);
        let fits = floor.consumer <= delivered.consumer
            && floor.stream <= delivered.stream
            && lowest.is_none_or(|seq| seq > floor.stream)
            && highest.is_none_or(|seq| seq <= delivered.stream)
            && delivered.consumer >= self.shown_delivered.consumer
            && floor.stream >= self.shown_floor.stream;
        if fits {
            self.shown_delivered = delivered;
            self.shown_floor = floor;
        }
    }

    /// Looks which ack waits are over at `now`. `wait` tells how long the wait after a number of redeliveries is;
    /// `first` is the stream's first sequence, below which nothing can be pending; `max` is `max_deliver` or 0.
    pub fn overdue(
        &mut self,
        now: Time,
        first: u64,
        max: u64,
        policy: AckPolicy,
        wait: &dyn Fn(u64) -> i64,
    ) -> Overdue {
        let mut result = Overdue::default();
        let mut invalid = false;
        // What waits in the queue is looked at again, too: a purge may take it out.
        let mut next = now.after(wait(u64::MAX).max(GROUPING));
        let sequences: Vec<u64> = self.pending.keys().copied().collect();
        for seq in sequences {
            let Some(pending) = self.pending.get(&seq).copied() else {
                continue;
            };
            if seq < first || seq <= self.floor.stream {
                self.forget(seq);
                invalid = true;
                self.floor.stream = self.floor.stream.max(seq);
                self.floor.consumer = self.floor.consumer.max(pending.consumer);
                continue;
            }
            let again = self.redelivered.get(&seq).copied().unwrap_or(0);
            let due = pending.since.after(wait(again));
            next = next.min(now.after(wait(again.saturating_add(1)).max(GROUPING)));
            if now < due {
                next = next.min(due);
            } else if !self.again.contains(seq) {
                let deliveries = self.deliveries(seq);
                if max > 0 && deliveries >= max {
                    result.given_up.push((seq, again + 1));
                    self.give_up(seq, policy, now);
                    self.redelivered.insert(seq, deliveries);
                    self.note(seq);
                } else {
                    result.again.push(seq);
                }
            }
        }
        self.requeue(&result.again, now);
        if self.pending.is_empty() {
            self.again.clear();
            self.floor = self.before_next();
        } else {
            result.next = Some(next);
        }
        if invalid {
            self.show_all();
        }
        result
    }

    /// Queues `sequences` and restarts their waits, keeping the order they were delivered in.
    fn requeue(&mut self, sequences: &[u64], now: Time) {
        let Some(first) = sequences.first().and_then(|seq| self.pending.get(seq)) else {
            return;
        };
        let offset = now.since(first.since);
        for seq in sequences {
            self.again.push(*seq);
            if let Some(pending) = self.pending.get_mut(seq) {
                pending.since = pending.since.after(offset);
            }
        }
    }

    /// Queues everything pending (the deliver subject changed); what had all its deliveries is given up and returned.
    pub fn expire_all(&mut self, now: Time, max: u64, policy: AckPolicy) -> Overdue {
        let first = 0;
        for pending in self.pending.values_mut() {
            pending.since = pending.since.min(now);
        }
        self.overdue(now, first, max, policy, &|_| 0)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Delivers the message of the stream.
    pub fn deliver(progress: &mut Progress, seq: u64) {
        let consumer = progress.next_consumer;
        progress.next_consumer += 1;
        progress.next_stream = progress.next_stream.max(seq + 1);
        progress.delivered(consumer, seq, AckPolicy::Explicit, Time(0));
        progress.track(consumer, seq, Time(0));
    }

    #[test]
    fn floor_follows_the_lowest_pending() {
        let mut progress = Progress::starting_at(1);
        (1..=4).for_each(|seq| deliver(&mut progress, seq));
        assert!(progress.ack_one(2, 2, Time(1)));
        assert_eq!(progress.floor, Position::default());
        assert!(progress.ack_one(1, 1, Time(1)));
        assert_eq!(
            progress.floor,
            Position {
                consumer: 2,
                stream: 2
            }
        );
        assert!(!progress.ack_one(1, 1, Time(1)));
        assert!(progress.ack_one(4, 4, Time(1)));
        assert!(progress.ack_one(3, 3, Time(1)));
        assert_eq!(
            progress.shown_floor,
            Position {
                consumer: 4,
                stream: 4
            }
        );
    }

    #[test]
    fn ack_all_takes_everything_below() {
        let mut progress = Progress::starting_at(1);
        (1..=4).for_each(|seq| deliver(&mut progress, seq));
        assert_eq!(progress.ack_all(3, 3, Time(1)), Some(vec![2, 1]));
        assert_eq!(progress.ack_all(2, 2, Time(1)), None);
        assert_eq!(progress.pending.len(), 1);
        assert_eq!(
            progress.shown_floor,
            Position {
                consumer: 3,
                stream: 3
            }
        );
    }

    #[test]
    fn a_message_is_given_up_after_its_last_delivery() {
        let mut progress = Progress::starting_at(1);
        deliver(&mut progress, 1);
        let wait = |_| 10;
        let overdue = progress.overdue(Time(5), 1, 1, AckPolicy::Explicit, &wait);
        assert_eq!((overdue.again, overdue.next), (vec![], Some(Time(10))));
        let overdue = progress.overdue(Time(10), 1, 1, AckPolicy::Explicit, &wait);
        assert_eq!(overdue.given_up, vec![(1, 1)]);
        assert!(progress.pending.is_empty());
        assert_eq!(progress.redelivered.len(), 1);
    }

    #[test]
    fn overdue_messages_are_delivered_again_in_order() {
        let mut progress = Progress::starting_at(1);
        (1..=3).for_each(|seq| deliver(&mut progress, seq));
        progress.again.push(3);
        let overdue = progress.overdue(Time(10), 1, 0, AckPolicy::Explicit, &|_| 10);
        let next = Time(10).after(GROUPING);
        assert_eq!((overdue.again, overdue.next), (vec![1, 2], Some(next)));
        let queue: Vec<u64> = std::iter::from_fn(|| progress.again.pop()).collect();
        assert_eq!(queue, vec![3, 1, 2]);
        assert_eq!(progress.count_delivery(3), 2);
    }

    /// In a queue of any length: each of these acks would otherwise look at all of it.
    #[test]
    fn late_acks_leave_the_others_in_their_order() {
        const N: u64 = 100_000;
        let mut progress = Progress::starting_at(1);
        (1..=N).for_each(|seq| deliver(&mut progress, seq));
        progress.overdue(Time(10), 1, 0, AckPolicy::Explicit, &|_| 10);
        for n in 1..N / 4 {
            for seq in [n, N - n, N / 2 + n] {
                progress.ack_one(seq, seq, Time(11));
            }
        }
        progress.again.push(N / 4);
        progress.again.remove(N / 4);
        progress.again.push(N / 4);
        let queue: Vec<u64> = std::iter::from_fn(|| progress.again.pop()).collect();
        let left = N / 4 + 1..=N / 2;
        let want: Vec<u64> = left.chain([N * 3 / 4, N, N / 4]).collect();
        assert_eq!(queue, want);
        assert_eq!(progress.pending.len(), queue.len());
    }
}
