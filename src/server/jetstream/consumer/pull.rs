//! Pull requests at work: what a request must say, who gets the next message, expiry, heartbeats and the statuses a
//! request ends with (`$JS.API.CONSUMER.MSG.NEXT.S.C`).

use super::config::PriorityPolicy;
use super::pin::{Pin, Turn};
use super::requests::{Ask, Priority, Request, Served};
use super::{Consumer, Work};
use crate::server::core::{Core, Message, Timer};
use crate::server::jetstream::api::level_ok;
use crate::wire::duration;
use crate::wire::json;
use crate::wire::time::SECOND;

/// Highest `priority` of a request.
const MAX_PRIORITY: i64 = 9;

impl Consumer {
    /// A message came on the consumer's MSG.NEXT subject.
    pub(super) fn on_next(&mut self, work: &mut Work<'_>, message: Message<'_>) {
        if message.reply.is_empty() {
            return;
        }
        if !self.config.is_push() && !level_ok(message.headers) {
            self.send_status(work.core, message.reply, "412 Required Api Level", None);
            return;
        }
        self.request(work, message.reply, message.payload);
    }

    /// Takes a pull request, from MSG.NEXT or behind `+NXT`. Those that are read in one go are all taken before the first is
    /// served, as by nats-server: it puts them into a queue (`processInboundNextMsgReqs`) before its consumer wakes up.
    pub(super) fn request(&mut self, work: &mut Work<'_>, reply: &[u8], payload: &[u8]) {
        let now = work.core.now();
        let ask = match self.check_request(payload) {
            Ok(ask) => ask,
            Err(status) => return self.send_status(work.core, reply, &status, None),
        };
        let pin = ask.priority.as_ref().map_or("", |priority| &priority.id);
        if !pin.is_empty() && pin == self.pin.id {
            self.keep_pin(work.core);
        }
        if self.requests.queue.len() as i64 >= self.config.max_waiting
            && now.since(self.requests.looked_at) > SECOND
        {
            self.prune_requests(work.core, false);
        }
        if ask.no_wait {
            let pending = self
                .num_pending
                .max(0)
                .saturating_add(self.progress.again.len() as i64);
            if pending == 0 && ask.expires == 0 {
                self.requests.last_active = now;
                return self.send_status(work.core, reply, "404 No Messages", None);
            }
            if pending > 0 {
                self.prune_requests(work.core, false);
                // nats-server compares without signs: one with a negative batch waits for more than there can be.
                if (pending as u64) < self.requests.wanted() as u64 {
                    self.requests.last_active = now;
                    return self.send_status(work.core, reply, "408 Requests Pending", None);
                }
            }
        }
        if self.requests.queue.len() as i64 >= self.config.max_waiting {
            if ask.idle_heartbeat == 0 {
                self.send_status(work.core, reply, "409 Exceeded MaxWaiting", None);
            }
            return;
        }
        if !work.core.has_interest(reply) {
            self.requests.ended = None;
        }
        let prioritized = self.config.priority_policy == PriorityPolicy::Prioritized;
        self.requests
            .add(Request::new(reply, ask, now), prioritized);
        self.requests.last_active = now;
        work.core.serve(work.stream.id, self.id);
    }

    /// Reads a request; the error is a status line.
    fn check_request(&mut self, payload: &[u8]) -> Result<Ask, String> {
        let config = &self.config;
        if config.is_push() {
            return Err("409 Consumer is push based".into());
        }
        let ask = parse(payload).map_err(|error| format!("400 Bad Request - {error}"))?;
        if config.max_batch > 0 && ask.batch > config.max_batch {
            return Err(format!(
                "409 Exceeded MaxRequestBatch of {}",
                config.max_batch
            ));
        }
        if config.max_expires > 0 && ask.expires > config.max_expires {
            let limit = duration::format(config.max_expires);
            return Err(format!("409 Exceeded MaxRequestExpires of {limit}"));
        }
        if config.max_bytes > 0 && ask.max_bytes > config.max_bytes {
            return Err(format!(
                "409 Exceeded MaxRequestMaxBytes of {}",
                config.max_bytes
            ));
        }
        if let Some(priority) = &ask.priority {
            self.check_priority(priority)?;
        }
        Ok(ask)
    }

    fn check_priority(&self, priority: &Priority) -> Result<(), String> {
        let policy = self.config.priority_policy;
        let bad = |what: &str| Err(format!("400 Bad Request - {what}"));
        let minimum = priority.min_pending != 0 || priority.min_ack_pending != 0;
        if minimum && policy != PriorityPolicy::Overflow {
            return bad("Not a Overflow Priority consumer");
        }
        if !priority.id.is_empty() && policy != PriorityPolicy::PinnedClient {
            return bad("Not a Pinned Client Priority consumer");
        }
        if !(0..=MAX_PRIORITY).contains(&priority.priority) {
            return bad("Priority must be between 0 and 9");
        }
        if policy == PriorityPolicy::None {
            return Ok(());
        }
        if priority.group.is_empty() {
            return bad("Priority Group missing");
        }
        if !self.config.priority_groups.contains(&priority.group) {
            return bad("Invalid Priority Group");
        }
        if !self.pin.id.is_empty() && !priority.id.is_empty() && priority.id != self.pin.id {
            return Err("423 Nats-Pin-Id mismatch".into());
        }
        Ok(())
    }

    /// Takes the request that gets the next message, of `size` bytes; requests that cannot are ended on the way.
    pub(super) fn next_request(&mut self, core: &mut Core, size: i64) -> Option<Served> {
        let now = core.now();
        let mut passed_over = 0;
        let nobody_pinned = self.is_pinning() && self.pin.id.is_empty();
        while let Some(request) = self.requests.queue.front() {
            if request.expires.is_some_and(|expires| now >= expires) {
                self.end_first(core, Some("408 Request Timeout"));
                continue;
            }
            if !core.has_interest(&request.reply) {
                self.end_first(core, None);
                continue;
            }
            let pending = self.num_pending.saturating_add(1);
            let too_early = self.config.priority_policy == PriorityPolicy::Overflow
                && !is_overflowing(request, pending, self.progress.pending.len());
            let turn = match nobody_pinned || !self.pin.id.is_empty() {
                // A pin outlasts an update to another policy.
                true => self.pin_turn(core, nobody_pinned),
                false => Turn::Served,
            };
            if turn == Turn::Wrong {
                self.end_first(core, Some("423 Nats-Wrong-Pin-Id"));
                continue;
            }
            let waits = too_early || turn == Turn::Waits;
            if waits {
                self.requests.cycle();
                passed_over += 1;
                if passed_over >= self.requests.queue.len() {
                    return None;
                }
                continue;
            }
            let request = self.requests.queue.front_mut()?;
            if request.bytes > 0 {
                if size > request.bytes {
                    self.end_first(core, Some("409 Message Size Exceeds MaxBytes"));
                    if nobody_pinned {
                        self.pin = Pin::default();
                    }
                    continue;
                }
                request.bytes -= size;
                if request.bytes == 0 {
                    request.batch = 1;
                }
            }
            let prioritized = self.config.priority_policy == PriorityPolicy::Prioritized;
            return self.requests.serve_first(prioritized, now);
        }
        None
    }

    /// Ends the first request, with a status that tells what it still wanted.
    fn end_first(&mut self, core: &mut Core, status: Option<&str>) {
        let Some(request) = self.requests.pop_first() else {
            return;
        };
        if let Some(status) = status {
            let left = Some((request.batch, request.bytes));
            self.send_status(core, &request.reply, status, left);
        }
        if let Some(expires) = request.expires {
            self.requests.last_active = self.requests.last_active.max(expires.min(core.now()));
        }
    }

    /// Looks at the waiting requests and sets the timer for the next time. `end`: there is nothing more to deliver. While a
    /// message is held nobody looks: nats-server sleeps.
    pub(super) fn check_requests(&mut self, work: &mut Work<'_>, end: bool) {
        if self.held.is_some() {
            return;
        }
        self.prune_requests(work.core, end);
        let timer = Timer::ConsumerRequests(work.stream.id, self.id);
        let deadline = self.requests.due().into_iter().chain(self.pin.until).min();
        if deadline != self.requests_timer {
            self.requests_timer = deadline;
            work.core.set_timer(timer, deadline);
        }
    }

    /// Ends requests that are over or abandoned and sends heartbeats to the others.
    pub(super) fn prune_requests(&mut self, core: &mut Core, end: bool) {
        if self.requests.queue.is_empty() {
            return;
        }
        let (now, ended) = (core.now(), core.ended());
        self.requests.looked_at = now;
        // Every message and every request comes by here.
        if !self.requests.have_news(now, end, ended) {
            return;
        }
        self.requests.ended = Some(ended);
        for mut request in self.requests.take() {
            let expires = request.expires.filter(|expires| now >= *expires);
            if let Some(expires) = expires {
                let left = Some((request.batch, request.bytes));
                self.send_status(core, &request.reply, "408 Request Timeout", left);
                self.requests.last_active = self.requests.last_active.max(expires);
            } else if end && request.no_wait && (request.expires.is_none() || request.got > 0) {
                self.send_status(core, &request.reply, "404 No Messages", None);
                self.requests.last_active = self.requests.last_active.max(now);
            } else if core.has_interest(&request.reply) {
                if request.next_heartbeat.is_some_and(|due| now >= due) {
                    self.send_heartbeat(core, &request.reply);
                    request.next_heartbeat = Some(now.after(request.heartbeat));
                }
                self.requests.keep(request);
            }
        }
    }

    /// Ends every request with `status`; `left` adds what they still wanted.
    pub(super) fn end_requests(&mut self, core: &mut Core, status: &str, left: bool) {
        for request in self.requests.take() {
            let left = left.then_some((request.batch, request.bytes));
            self.send_status(core, &request.reply, status, left);
        }
    }

    /// Sends `NATS/1.0 <status>`, with what a request still wanted (messages, bytes).
    pub(super) fn send_status(
        &self,
        core: &mut Core,
        to: &[u8],
        status: &str,
        left: Option<(i64, i64)>,
    ) {
        let mut block = format!("NATS/1.0 {status}\r\n");
        if let Some((messages, bytes)) = left {
            block +=
                &format!("Nats-Pending-Messages: {messages}\r\nNats-Pending-Bytes: {bytes}\r\n");
        }
        block += "\r\n";
        let headers = block.as_bytes();
        core.publish(
            Message {
                subject: to,
                reply: b"",
                headers,
                payload: b"",
            },
            false,
        );
    }
}

/// May a request of an overflow consumer have a message while `pending` and `ack_pending` messages wait?
fn is_overflowing(request: &Request, pending: i64, ack_pending: usize) -> bool {
    let Some(priority) = &request.priority else {
        return true;
    };
    let (min_pending, min_ack_pending) = (priority.min_pending, priority.min_ack_pending);
    (min_pending <= 0 && min_ack_pending <= 0)
        || (min_pending > 0 && min_pending <= pending)
        || (min_ack_pending > 0 && min_ack_pending <= ack_pending as i64)
}

/// Reads the payload of a request. The error is Go's.
fn parse(payload: &[u8]) -> Result<Ask, String> {
    let text = json::trim(payload);
    let one = Ask {
        batch: 1,
        ..Ask::default()
    };
    if text.first() != Some(&b'{') {
        let number = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok());
        return Ok(Ask {
            batch: number.unwrap_or(1),
            ..one
        });
    }
    let (mut ask, mut priority) = (Ask::default(), Priority::default());
    let read = json::decode_lenient(text, |d, value| {
        d.object(
            value,
            "JSApiConsumerGetNextRequest",
            &mut |d, name, value| {
                if let "group" | "min_pending" | "min_ack_pending" | "id" | "priority" = name {
                    d.embedded("PriorityGroup");
                }
                match name {
                    "expires" => d.duration(value, &mut ask.expires),
                    "batch" => d.int(value, &mut ask.batch),
                    "max_bytes" => d.int(value, &mut ask.max_bytes),
                    "no_wait" => d.bool(value, &mut ask.no_wait),
                    "idle_heartbeat" => d.duration(value, &mut ask.idle_heartbeat),
                    "group" => d.string(value, &mut priority.group),
                    "min_pending" => d.int64(value, &mut priority.min_pending),
                    "min_ack_pending" => d.int64(value, &mut priority.min_ack_pending),
                    "id" => d.string(value, &mut priority.id),
                    "priority" => d.int(value, &mut priority.priority),
                    _ => return false,
                }
                true
            },
        );
    });
    read?;
    ask.priority = Some(priority);
    if ask.idle_heartbeat > 0 && ask.idle_heartbeat.wrapping_mul(2) > ask.expires {
        return Err("heartbeat value too large".into());
    }
    Ok(ask)
}
