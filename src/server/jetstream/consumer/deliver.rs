//! The way of a message to a consumer's client: which one is next, to whom it goes, and what is written down about it.
//! Runs until there is nothing to do; whatever changes that (a message, a request, interest, an ack) calls it again.

use super::config::{AckPolicy, DeliverPolicy};
use super::requests::Served;
use super::{Consumer, Work};
use crate::server::core::{Message, Timer};
use crate::server::jetstream::store::Store;
use crate::server::jetstream::stream::Retention;
use crate::wire::decimal;
use crate::wire::headers;
use crate::wire::time::Time;

/// `Nats-Msg-Size`, the payload's size where only headers are delivered.
const MSG_SIZE: &str = "Nats-Msg-Size";
/// `Nats-Pin-Id`, the pin a message was delivered for.
const PIN_ID: &str = "Nats-Pin-Id";
/// Gaps up to this long are not waited for when replaying, in nanoseconds.
const REPLAY_GAP: i64 = 1_000_000;
/// How long a client that is behind with reading is left alone, in nanoseconds.
const BREATH: i64 = 1_000_000;

/// What [`Consumer::next_message`] found.
enum Next {
    /// Deliver this sequence for the so-manieth time.
    Message(u64, u64),
    /// There is nothing more, for now.
    Nothing,
    /// `max_ack_pending` is reached.
    Full,
}

/// Replay at the original pace.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    /// The stream's last sequence when it began; later messages are delivered at once.
    pub until: u64,
    /// When the message delivered last was stored.
    pub last: Option<Time>,
}

/// A message that waits for its time (replay, rate limit), with everything it takes to send it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    to: Vec<u8>,
    subject: Vec<u8>,
    headers: Vec<u8>,
    payload: Vec<u8>,
    seq: u64,
    count: u64,
    request: Option<Served>,
}

impl Consumer {
    /// Delivers what can be delivered now.
    pub(super) fn deliver(&mut self, work: &mut Work<'_>) {
        let mut more = false;
        while self.held.is_none() && !self.is_paused(work.core.now()) && self.can_take() {
            match self.next_message(work) {
                Next::Message(seq, count) => {
                    if !self.dispatch(work, seq, count) {
                        break;
                    }
                    if self.held.is_none() && work.core.delivered_behind {
                        let timer = Timer::ConsumerDeliver(work.stream.id, self.id);
                        let at = work.core.now().after(BREATH);
                        work.core.set_timer(timer, Some(at));
                        more = true;
                        break;
                    }
                }
                Next::Nothing => break,
                Next::Full => {
                    more = true;
                    break;
                }
            }
        }
        let next = self.progress.next_stream;
        self.replay = self
            .replay
            .take()
            .filter(|replay| self.held.is_some() || next <= replay.until);
        if !self.config.is_push() {
            self.check_requests(work, !more);
        }
    }

    /// Is there anybody to deliver to?
    fn can_take(&self) -> bool {
        if self.config.is_push() {
            self.active && !self.flow.is_over()
        } else {
            !self.requests.queue.is_empty()
        }
    }

    fn next_message(&mut self, work: &mut Work<'_>) -> Next {
        while let Some(seq) = self.progress.again.pop() {
            let count = self.progress.count_delivery(seq);
            let max = self.max_deliver();
            if max > 0 && count > max {
                self.advise_max_deliveries(work.core, seq, count - 1);
                self.progress
                    .give_up(seq, self.config.ack_policy, work.core.now());
            } else if work.stream.store.get(seq).is_none() {
                self.progress.uncount_delivery(seq);
                if let Some(pending) = self.progress.pending.get(&seq).copied() {
                    self.terminate(work, seq, pending.consumer, count - 1, super::ack::GONE);
                }
            } else {
                return Next::Message(seq, count);
            }
        }
        if self.is_full() {
            return Next::Full;
        }
        if let Some(list) = &mut self.skip_list
            && let Some(seq) = list.sequences.pop_front()
        {
            self.progress.next_stream = seq + 1;
            if list.sequences.is_empty() {
                self.progress.next_stream = list.resume + 1;
                self.skip_list = None;
            }
            return match work.stream.store.get(seq) {
                Some(_) => Next::Message(seq, 1),
                None => Next::Nothing,
            };
        }
        let next = self.progress.next_stream;
        // Mostly there is nothing before what was just stored.
        let stored = self.stored.take().filter(|stored| *stored == next);
        match stored.or_else(|| work.stream.store.next_match(&self.filters, next)) {
            Some(seq) => {
                self.progress.next_stream = seq + 1;
                Next::Message(seq, 1)
            }
            None => {
                let last = work.stream.store.last_seq();
                self.progress.next_stream = self.progress.next_stream.max(last + 1);
                if self.progress.next_stream > last && self.num_pending != 0 {
                    self.num_pending = 0;
                    self.counted_to = last;
                }
                Next::Nothing
            }
        }
    }

    /// Sends message `seq`, or holds it for later. False if nobody takes it.
    fn dispatch(&mut self, work: &mut Work<'_>, seq: u64, count: u64) -> bool {
        let store = work.stream.store;
        let Some(message) = store.get(seq) else {
            return true;
        };
        if count == 1 {
            self.num_pending -= 1;
        }
        self.write_ack_reply(seq, count, message.time);
        let mut block = Vec::new();
        let (mut headers, mut payload) = (message.headers(), message.payload());
        if self.config.headers_only {
            block.extend_from_slice(headers);
            headers::push(&mut block, MSG_SIZE, payload.len().to_string().as_bytes());
            (headers, payload) = (&block, &[]);
        }
        let size = message.subject.len() + self.ack_reply.len() + headers.len() + payload.len();
        let mut request = None;
        if !self.config.is_push() {
            request = self.next_request(work.core, size as i64);
            if request.is_none() {
                self.put_back(seq, count);
                return false;
            }
            if self.is_pinning() {
                let mut pinned = headers.to_vec();
                headers::push(&mut pinned, PIN_ID, self.pin.id.as_bytes());
                block = pinned;
                headers = &block;
            }
        }
        let now = work.core.now();
        let rate = self.rate.as_mut().map_or(0, |rate| rate.reserve(size, now));
        let delay = self.replay_delay(message.time).max(rate);
        if delay > 0 {
            let to = request
                .as_ref()
                .map_or(self.config.deliver_subject.as_bytes(), |request| {
                    &request.reply
                });
            self.held = Some(Held {
                to: to.to_vec(),
                subject: message.subject.to_vec(),
                headers: headers.to_vec(),
                payload: payload.to_vec(),
                seq,
                count,
                request,
            });
            let timer = Timer::ConsumerDeliver(work.stream.id, self.id);
            let at = (delay < i64::MAX).then(|| now.after(delay));
            work.core.set_timer(timer, at);
            return true;
        }
        let to = match &request {
            Some(request) => request.reply.as_slice(),
            None => self.config.deliver_subject.as_bytes(),
        };
        let message = Message {
            subject: message.subject,
            reply: &self.ack_reply,
            headers,
            payload,
        };
        // Flow control counts the subject that the message goes out on instead.
        let size = size - message.subject.len() + to.len();
        let taken = work.core.deliver(to, message);
        self.sent(work, seq, count, size, taken);
        self.finish_request(work, request);
        true
    }

    /// The time of the held message has come.
    pub(super) fn deliver_held(&mut self, work: &mut Work<'_>) {
        if let Some(held) = self.held.take() {
            let message = Message {
                subject: &held.subject,
                reply: &self.ack_reply,
                headers: &held.headers,
                payload: &held.payload,
            };
            let size =
                held.to.len() + message.reply.len() + message.headers.len() + message.payload.len();
            let taken = work.core.deliver(&held.to, message);
            self.sent(work, held.seq, held.count, size, taken);
            self.finish_request(work, held.request);
            // Its deliver subject may be another one by now.
            if !taken && self.config.is_push() {
                self.check_interest(work);
            }
        }
        self.deliver(work);
    }

    /// Nobody took message `seq` after all.
    fn put_back(&mut self, seq: u64, count: u64) {
        if count == 1 && seq + 1 == self.progress.next_stream {
            self.progress.next_stream -= 1;
            self.num_pending += 1;
        } else if !self.progress.again.contains(seq) {
            self.progress.uncount_delivery(seq);
            self.progress.again.push(seq);
        }
    }

    /// Writes down a delivery.
    fn sent(&mut self, work: &mut Work<'_>, seq: u64, count: u64, size: usize, taken: bool) {
        let now = work.core.now();
        let consumer = self.progress.next_consumer;
        self.progress.next_consumer += 1;
        self.progress
            .delivered(consumer, seq, self.config.ack_policy, now);
        if self.config.ack_policy == AckPolicy::None {
            self.progress.floor = super::progress::Position {
                consumer,
                stream: seq,
            };
            if work.stream.config.retention != Retention::Limits {
                work.settled.push(seq);
            }
        } else {
            self.progress.track(consumer, seq, now);
            let again = self.progress.redelivered.get(&seq).copied().unwrap_or(0);
            self.arm_ack_wait(work, again);
        }
        self.last_sent = now;
        if !self.config.is_push() {
            self.requests.last_active = now;
        } else if taken {
            self.count_flow(work.core, size as i64);
        } else {
            if count > 1 {
                self.progress.uncount_delivery(seq);
            }
            self.set_active(work, false);
        }
    }

    fn finish_request(&mut self, work: &mut Work<'_>, request: Option<Served>) {
        if let Some(request) = request
            && request.batch <= 0
            && request.bytes > 0
        {
            let status = "409 Batch Completed";
            self.send_status(
                work.core,
                &request.reply,
                status,
                Some((request.batch, request.bytes)),
            );
        }
    }

    /// How long a message stored at `time` has to wait in a replay, in nanoseconds.
    fn replay_delay(&mut self, time: Time) -> i64 {
        let Some(replay) = &mut self.replay else {
            return 0;
        };
        let gap = replay.last.map_or(0, |last| time.since(last));
        replay.last = Some(time);
        if gap > REPLAY_GAP { gap } else { 0 }
    }

    /// `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>`, kept in `ack_reply`.
    fn write_ack_reply(&mut self, seq: u64, count: u64, time: Time) {
        let reply = &mut self.ack_reply;
        reply.truncate(self.ack_prefix);
        let pending = self.num_pending.max(0) as u64;
        let numbers = [
            count,
            seq,
            self.progress.next_consumer,
            time.0.max(0) as u64,
            pending,
        ];
        for number in numbers {
            reply.push(b'.');
            decimal::push(reply, number);
        }
    }

    /// `max_deliver`; 0 is no limit.
    pub(super) fn max_deliver(&self) -> u64 {
        self.config.max_deliver.max(0) as u64
    }

    /// Counts what is still to be delivered.
    pub(super) fn count_pending(&mut self, store: &Store) {
        let once = self.config.deliver_policy == DeliverPolicy::LastPerSubject;
        self.num_pending = store.num_pending(&self.filters, self.progress.next_stream, once) as i64;
        self.counted_to = store.last_seq();
    }
}
