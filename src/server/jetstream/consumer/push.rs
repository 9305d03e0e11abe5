//! What only push consumers do: follow the interest in their deliver subject, send heartbeats, control the flow and
//! keep to a rate.

use super::config::AckPolicy;
use super::{Consumer, Work};
use crate::server::core::{Core, Message, Timer};
use crate::wire::base62;
use crate::wire::time::Time;

/// Unanswered bytes at which delivery stops, at first.
const FIRST_WINDOW: i64 = 2 * 1024 * 1024;
/// The window doubles with every answer up to here.
const LAST_WINDOW: i64 = 32 * 1024 * 1024;

/// Flow control: how many bytes were sent since the client last said that it keeps up.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    /// Bytes that may be unanswered; 0 without flow control.
    window: i64,
    /// Bytes sent and not answered.
    unanswered: i64,
    /// Reply subject of the request under way.
    request: Vec<u8>,
    /// Bytes its answer takes off.
    asked: i64,
}

impl Flow {
    /// Flow control, if `enabled`.
    pub fn new(enabled: bool) -> Flow {
        Flow {
            window: if enabled { FIRST_WINDOW } else { 0 },
            ..Flow::default()
        }
    }

    /// Must delivery wait for an answer?
    pub fn is_over(&self) -> bool {
        self.window > 0 && self.unanswered > self.window
    }
}

/// `rate_limit_bps`: a token bucket.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    /// Bytes a second; 0, of less than a byte, lets nothing follow.
    rate: u64,
    burst: u64,
    /// Bytes that may go at `at`; negative while delivery is held.
    tokens: f64,
    at: Time,
}

impl Rate {
    /// A bucket, full at `now`.
    pub fn new(bits_per_second: u64, burst: u64, now: Time) -> Rate {
        Rate {
            rate: bits_per_second / 8,
            burst,
            tokens: burst as f64,
            at: now,
        }
    }

    /// Takes `size` bytes and returns how long they have to wait, in nanoseconds: forever (`i64::MAX`) if they are more
    /// than ever may go at once, as in nats-server.
    pub fn reserve(&mut self, size: usize, now: Time) -> i64 {
        if size as u64 > self.burst {
            return i64::MAX;
        }
        let passed = now.since(self.at).max(0) as f64 / 1e9;
        self.tokens =
            (self.tokens + passed * self.rate as f64).min(self.burst as f64) - size as f64;
        self.at = now;
        if self.tokens >= 0.0 {
            0
        } else {
            (-self.tokens / self.rate as f64 * 1e9) as i64
        }
    }
}

impl Consumer {
    /// Is anybody there to deliver to?
    pub(super) fn has_interest(&self, core: &Core) -> bool {
        let subject = self.config.deliver_subject.as_bytes();
        let group = (!self.group.is_empty()).then_some(self.group.as_bytes());
        self.config.is_push() && core.has_exact_interest(subject, group)
    }

    /// Looks whether there is interest in the deliver subject now.
    pub(super) fn check_interest(&mut self, work: &mut Work<'_>) {
        let interest = self.has_interest(work.core);
        if interest == self.active {
            return;
        }
        self.set_active(work, interest);
        if interest {
            // nats-server looks twice: that matters where the start of a last_per_subject consumer is gone.
            self.deliver(work);
            self.deliver(work);
        }
    }

    /// Becomes active or idle; an idle consumer goes away after its inactive threshold.
    pub(super) fn set_active(&mut self, work: &mut Work<'_>, active: bool) {
        self.active = active;
        let timer = Timer::ConsumerInactive(work.stream.id, self.id);
        if active {
            if std::mem::take(&mut self.going) {
                work.core.set_timer(timer, None);
            }
        } else if self.threshold > 0 && !self.going {
            self.going = true;
            let at = work.core.now().after(self.threshold);
            work.core.set_timer(timer, Some(at));
        }
    }

    /// The heartbeat timer fired: sends one unless something was sent meanwhile or is held, and sets the timer again. Only
    /// where one was due does nats-server look for messages (`loopAndGatherMsgs`): a delivery puts its timer off.
    pub(super) fn heartbeat_due(&mut self, work: &mut Work<'_>) {
        let period = self.config.idle_heartbeat;
        let now = work.core.now();
        let due = now >= self.last_sent.after(period);
        if due {
            if self.active && self.held.is_none() {
                self.send_heartbeat(work.core, self.config.deliver_subject.as_bytes());
                if self.config.ack_policy == AckPolicy::FlowControl
                    && !self.progress.pending.is_empty()
                    && self.flow.request.is_empty()
                {
                    self.ask_flow(work.core);
                }
            }
            self.last_sent = now;
        }
        let at = self.last_sent.after(period);
        work.core
            .set_timer(Timer::ConsumerHeartbeat(work.stream.id, self.id), Some(at));
        if due {
            self.deliver(work);
        }
    }

    /// `100 Idle Heartbeat` with the last sequences, and what it waits for if delivery stalls.
    pub(super) fn send_heartbeat(&self, core: &mut Core, to: &[u8]) {
        let last = self.progress.before_next();
        let mut block = format!(
            "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: {}\r\nNats-Last-Stream: {}\r\n",
            last.consumer, last.stream
        )
        .into_bytes();
        if !self.flow.request.is_empty() {
            block.extend_from_slice(b"Nats-Consumer-Stalled: ");
            block.extend_from_slice(&self.flow.request);
            block.extend_from_slice(b"\r\n");
        }
        block.extend_from_slice(b"\r\n");
        core.publish(
            Message {
                subject: to,
                reply: b"",
                headers: &block,
                payload: b"",
            },
            false,
        );
    }

    /// Counts `size` bytes sent and asks the client whether it keeps up.
    pub(super) fn count_flow(&mut self, core: &mut Core, size: i64) {
        let flow = &mut self.flow;
        if flow.window == 0 {
            return;
        }
        flow.unanswered += size;
        if !flow.request.is_empty() {
            if flow.unanswered - flow.asked >= flow.window {
                flow.asked += size;
            }
            return;
        }
        let limit = self.config.max_ack_pending;
        let full = self.config.ack_policy == AckPolicy::FlowControl
            && limit > 0
            && self.progress.pending.len() as i64 >= limit;
        if flow.unanswered > flow.window / 2 || full {
            self.ask_flow(core);
        }
    }

    /// Sends a flow control request.
    pub(super) fn ask_flow(&mut self, core: &mut Core) {
        let mut request = self.flow_prefix();
        request.extend(base62::digits(core.random(), 4).bytes());
        let headers = b"NATS/1.0 100 FlowControl Request\r\n\r\n";
        let subject = self.config.deliver_subject.as_bytes();
        core.publish(
            Message {
                subject,
                reply: &request,
                headers,
                payload: b"",
            },
            false,
        );
        self.flow.asked = self.flow.unanswered;
        self.flow.request = request;
    }

    /// An answer to a flow control request; only the latest one counts.
    pub(super) fn on_flow(&mut self, work: &mut Work<'_>, message: Message<'_>) {
        let flow = &mut self.flow;
        if message.subject != flow.request {
            return;
        }
        flow.window = (flow.window * 2).min(LAST_WINDOW);
        flow.unanswered = (flow.unanswered - flow.asked).max(0);
        flow.asked = 0;
        flow.request.clear();
        if self.config.ack_policy == AckPolicy::FlowControl {
            self.ack_by_flow(work, message.headers);
        }
        self.deliver(work);
    }
}
