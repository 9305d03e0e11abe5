//! Acknowledgements: what a client answers to `$JS.ACK.…`, what it does to the state, and what happens to messages
//! that nobody acknowledged in time.

use super::config::AckPolicy;
use super::{Consumer, Work};
use crate::server::core::{Message, Timer};
use crate::server::jetstream::stream::{Retention, parse_seq};
use crate::wire::json;
use crate::wire::time::{SECOND, Time};
use crate::wire::{duration, headers};

/// Ack waits that end within this many nanoseconds are looked at together.
pub(super) const GROUPING: i64 = 1_000_000;
/// Reason of a TERM when a message goes while it waits for its ack.
pub(super) const GONE: &[u8] = b"Unacknowledged message was deleted";

/// The numbers of an ack subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Acked {
    deliveries: u64,
    seq: u64,
    consumer: u64,
}

/// Reads the numbers of an ack subject: `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.…`, or
/// the form with domain and account before the stream.
fn parse_subject(subject: &[u8]) -> Acked {
    let tokens: Vec<&[u8]> = subject.split(|byte| *byte == b'.').collect();
    let first = match tokens.len() {
        9 => 4,
        11.. => 6,
        _ => return Acked::default(),
    };
    let number = |at: usize| tokens.get(at).map_or(u64::MAX, |token| parse_seq(token));
    Acked {
        deliveries: number(first),
        seq: number(first + 1),
        consumer: number(first + 2),
    }
}

/// When ack waits are looked at after one was put off, in nanoseconds.
const LOOK: i64 = SECOND / 100;

impl Consumer {
    /// A message came on one of the consumer's ack subjects.
    pub(super) fn on_ack(&mut self, work: &mut Work<'_>, message: Message<'_>) {
        self.show_life(work);
        let (full, queued) = (self.is_full(), self.progress.again.len());
        let acked = parse_subject(message.subject);
        let payload = message.payload;
        let mut confirm = acked.seq != 0;
        // Sequence 0 is nothing to confirm, but where nats-server's store does that, which looks at no sequence.
        let by_store = self.config.ack_policy == AckPolicy::Explicit
            && work.stream.config.retention == Retention::Limits;
        match payload {
            b"" | b"+ACK" | b"+OK" => {
                confirm = self.ack(work, acked, true) && (confirm || by_store);
            }
            b"+WPI" => self.work_in_progress(work, acked.seq),
            _ if payload.starts_with(b"+NXT") => {
                self.ack(work, acked, true);
                if !message.reply.is_empty() {
                    self.request(work, message.reply, &payload[b"+NXT".len()..]);
                }
                confirm = false;
            }
            _ if payload.starts_with(b"-NAK") => self.nak(work, acked, &payload[b"-NAK".len()..]),
            _ if payload.starts_with(b"+TERM") => {
                let reason = json::trim(&payload[b"+TERM".len()..]);
                confirm = self.terminate_by(work, acked, reason) && (confirm || by_store);
            }
            _ => {}
        }
        if confirm && !message.reply.is_empty() {
            let reply = Message::plain(message.reply, b"");
            work.core.publish(reply, false);
        }
        // Nothing else is a reason to look for messages, or at requests.
        if (full && !self.is_full()) || self.progress.again.len() > queued {
            self.deliver(work);
        }
    }

    /// Acknowledges. False if that sequence cannot have been delivered.
    fn ack(&mut self, work: &mut Work<'_>, acked: Acked, sample: bool) -> bool {
        if acked.seq >= self.progress.next_stream && !self.config.flow_control {
            let (seq, last) = (acked.seq, work.stream.store.last_seq());
            if seq > last {
                let whose = format!("JetStream consumer '$G > {} > {}'", self.stream, self.name);
                let text =
                    format!("{whose} ACK sequence {seq} past last stream sequence of {last}");
                work.core.log("WRN", &text);
            }
            return false;
        }
        let now = work.core.now();
        match self.config.ack_policy {
            AckPolicy::None => return false,
            AckPolicy::Explicit => {
                let since = self
                    .progress
                    .pending
                    .get(&acked.seq)
                    .map(|pending| pending.since);
                if let Some(since) = since.filter(|_| sample) {
                    let Acked {
                        deliveries,
                        seq,
                        consumer,
                    } = acked;
                    self.sample_ack(work.core, seq, consumer, deliveries, now.since(since));
                }
                self.progress.ack_one(acked.consumer, acked.seq, now);
                self.settle(work, acked.seq);
            }
            AckPolicy::All | AckPolicy::FlowControl => {
                if let Some(below) = self.progress.ack_all(acked.consumer, acked.seq, now) {
                    self.settle(work, acked.seq);
                    below.into_iter().for_each(|seq| self.settle(work, seq));
                }
            }
        }
        true
    }

    /// Tells the stream that it may not have to keep `seq` for this consumer any more.
    fn settle(&self, work: &mut Work<'_>, seq: u64) {
        if work.stream.config.retention != Retention::Limits {
            work.settled.push(seq);
        }
    }

    /// An answer to a flow control request acknowledges what the client says it has.
    pub(super) fn ack_by_flow(&mut self, work: &mut Work<'_>, block: &[u8]) {
        let number = |key| headers::get(block, key).map_or(0, parse_seq);
        let (consumer, seq) = (number("Nats-Last-Consumer"), number("Nats-Last-Stream"));
        if seq > 0 && seq != u64::MAX {
            let consumer = if consumer == u64::MAX { 0 } else { consumer };
            self.ack(
                work,
                Acked {
                    deliveries: 1,
                    seq,
                    consumer,
                },
                false,
            );
        }
    }

    /// `+WPI`: the ack wait starts anew.
    fn work_in_progress(&mut self, work: &mut Work<'_>, seq: u64) {
        let now = work.core.now();
        self.progress.put_off(seq, now, now);
    }

    /// `-NAK`: deliver again, at once or after the delay in `rest`.
    fn nak(&mut self, work: &mut Work<'_>, acked: Acked, rest: &[u8]) {
        let Acked {
            deliveries,
            seq,
            consumer,
        } = acked;
        if consumer <= self.progress.floor.consumer
            || consumer > self.progress.next_consumer
            || !self.progress.pending.contains_key(&seq)
        {
            return;
        }
        self.advise_nak(work.core, seq, consumer, deliveries);
        let Some(delay) = parse_delay(rest) else {
            self.progress.again.push(seq);
            return;
        };
        let now = work.core.now();
        let since = now.after(-self.config.ack_wait).after(delay);
        self.progress.again.remove(seq);
        self.progress.put_off(seq, since, now);
        // What is gone from the stream is noticed then, too.
        self.arm_ack_timer(work, now.after(LOOK));
    }

    /// `+TERM`, with the client's reason.
    fn terminate_by(&mut self, work: &mut Work<'_>, acked: Acked, reason: &[u8]) -> bool {
        let done = self.ack(work, acked, false);
        self.advise_terminated(
            work.core,
            acked.seq,
            acked.consumer,
            acked.deliveries,
            reason,
        );
        done
    }

    /// Gives up on a pending message that is gone.
    pub(super) fn terminate(
        &mut self,
        work: &mut Work<'_>,
        seq: u64,
        consumer: u64,
        deliveries: u64,
        reason: &[u8],
    ) {
        let acked = Acked {
            deliveries,
            seq,
            consumer,
        };
        self.terminate_by(work, acked, reason);
    }

    /// The ack wait after `again` redeliveries, in nanoseconds.
    pub(super) fn ack_wait(&self, again: u64) -> i64 {
        let last = self.config.backoff.len().saturating_sub(1);
        let index = usize::try_from(again).unwrap_or(last).min(last);
        self.config
            .backoff
            .get(index)
            .copied()
            .unwrap_or(self.config.ack_wait)
    }

    /// Makes sure that the timer fires when the ack wait of a message is over that is delivered now, after `again` redeliveries.
    pub(super) fn arm_ack_wait(&mut self, work: &mut Work<'_>, again: u64) {
        if self.config.ack_wait > 0 {
            let at = work.core.now().after(self.ack_wait(again));
            self.arm_ack_timer(work, at.after(GROUPING));
        }
    }

    /// Makes sure that the timer fires by `at`.
    pub(super) fn arm_ack_timer(&mut self, work: &mut Work<'_>, at: Time) {
        if self.ack_timer.is_none_or(|timer| at < timer) {
            self.set_ack_timer(work, Some(at));
        }
    }

    /// Has the timer fire at `at`, and at no other time.
    pub(super) fn set_ack_timer(&mut self, work: &mut Work<'_>, at: Option<Time>) {
        self.ack_timer = at;
        work.core
            .set_timer(Timer::ConsumerAckWait(work.stream.id, self.id), at);
    }

    /// The ack wait timer fired, or the wait itself changed.
    pub(super) fn ack_wait_due(&mut self, work: &mut Work<'_>) {
        self.ack_timer = None;
        if self.config.ack_wait == 0 {
            return;
        }
        let (now, first) = (work.core.now(), work.stream.store.first_seq());
        let full = self.is_full();
        let mut progress = std::mem::take(&mut self.progress);
        let policy = self.config.ack_policy;
        let wait = |again| self.ack_wait(again);
        let overdue = progress.overdue(now, first, self.max_deliver(), policy, &wait);
        self.progress = progress;
        // As in nats-server, what an update of the filter made match does not come because of a mere look.
        let wakes = !overdue.again.is_empty() || full && !overdue.given_up.is_empty();
        for (seq, deliveries) in overdue.given_up {
            self.advise_max_deliveries(work.core, seq, deliveries);
        }
        self.set_ack_timer(work, overdue.next);
        if wakes {
            self.deliver(work);
        }
    }

    /// Everything pending is delivered again, at once.
    pub(super) fn redeliver_all(&mut self, work: &mut Work<'_>) {
        let overdue =
            self.progress
                .expire_all(work.core.now(), self.max_deliver(), self.config.ack_policy);
        for (seq, deliveries) in overdue.given_up {
            self.advise_max_deliveries(work.core, seq, deliveries);
        }
        self.ack_timer = None;
        self.arm_ack_wait(work, 0);
    }
}

/// The delay of a NAK in nanoseconds: `{"delay":ns}` or a Go duration. `None` if there is none or it is unreadable.
fn parse_delay(rest: &[u8]) -> Option<i64> {
    let text = json::trim(rest);
    if text.first() == Some(&b'{') {
        let mut delay = 0;
        let read = json::decode_lenient(text, |d, value| {
            d.object(value, "ConsumerNakOptions", &mut |d, name, value| {
                if name == "delay" {
                    d.duration(value, &mut delay);
                }
                name == "delay"
            });
        });
        read.ok()?;
        return Some(delay);
    }
    duration::parse(std::str::from_utf8(text).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_of_ack_subjects() {
        let acked = Acked {
            deliveries: 1,
            seq: 2,
            consumer: 3,
        };
        assert_eq!(parse_subject(b"$JS.ACK.S.C.1.2.3.4.5"), acked);
        assert_eq!(parse_subject(b"$JS.ACK._.szMpdrwD.S.C.1.2.3.4.5"), acked);
        assert_eq!(parse_subject(b"$JS.ACK._.szMpdrwD.S.C.1.2.3.4.5.6"), acked);
        assert_eq!(parse_subject(b"$JS.ACK.S.C.1.2.3.4.5.6"), Acked::default());
        assert_eq!(parse_subject(b"$JS.ACK.S.C.1.x.3.4.5").seq, u64::MAX);
        assert_eq!(parse_subject(b"$JS.ACK.S.C.1.+1.3.4.5").seq, u64::MAX);
        // Beyond 64 bits, where numbers wrap around.
        let wrapped = parse_subject(b"$JS.ACK.S.C.1.18446744073709551617.3.4.5");
        assert_eq!(wrapped.seq, 1);
    }
}
