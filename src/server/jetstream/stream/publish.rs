//! The way of a message into a stream: nats-server's checks in its order (`processJetStreamMsgWithBatch`), storing, and
//! what follows from it.

use std::borrow::Cow;

use super::fields::{Fields, clean, parse_seq};
use super::{Discard, Purge, Retention, Stream};
use crate::server::core::{Core, Message, Timer};
use crate::server::jetstream::error::{ApiError, SEALED};
use crate::server::jetstream::store::Filters;
use crate::server::journal::Record;
use crate::wire::json::{Writer, quote};
use crate::wire::time::{SECOND, Time};
use crate::wire::ttl::{self, Ttl};
use crate::wire::{headers, subject};

/// `Nats-TTL`
const TTL: &str = "Nats-TTL";
/// Most bytes of a header block.
const MAX_HEADERS: usize = 65_535;

/// The `err_code` of a message for which a stream that discards the new has no room.
pub(super) const FULL: u16 = 10077;

/// Where a message comes from, which decides what is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A client, or the server as a client.
    Client,
    /// The stream itself: a delete marker.
    Marker,
    /// A source.
    Source,
    /// The mirrored stream, with its sequence and time.
    Mirror(u64, Time),
}

/// How it went when it was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Stored under this sequence.
    Stored(u64),
    /// The id is known; stored earlier under this sequence.
    Duplicate(u64),
    /// Nobody is interested: the sequence is used up, nothing is stored.
    Unwanted(u64),
    /// It would be, but it is only to be told what happens to it.
    Reported,
}

impl Stream {
    /// A message came on one of the stream's subjects.
    pub fn receive(&mut self, core: &mut Core, message: Message<'_>) {
        let mut block = clean(message.headers);
        if let Some(other) = core.without_trace(&block) {
            block = Cow::Owned(other);
        }
        let reply = if self.config.no_ack {
            b""
        } else {
            message.reply
        };
        core.trace_stream(&self.config.name);
        let fast = message.reply.ends_with(b".$FI");
        let accepted = if fast {
            Err(ApiError::new(400, 10205, "batch publish is disabled"))
        } else {
            let (subject, payload) = (message.subject, message.payload);
            self.publish(core, subject, reply, &block, payload, Origin::Client)
        };
        match &accepted {
            Err(error) => core.trace_refusal(|| cause(error, &block)),
            Ok(Accepted::Duplicate(_)) => core.trace_refusal(|| "msgid is duplicate".into()),
            Ok(_) => {}
        }
        match accepted {
            Err(error) if !reply.is_empty() => {
                let mut w = Writer::default();
                error.write(w.open().key("error"));
                w.key("stream").string(&self.config.name);
                w.key("seq").uint(0).close();
                core.publish(Message::plain(reply, &w.finish()), false);
            }
            Ok(Accepted::Duplicate(seq)) => self.acknowledge(core, reply, seq, true),
            _ => {}
        }
    }

    /// Takes a message in; the acknowledgement goes to `reply`.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn publish(
        &mut self,
        core: &mut Core,
        subject: &[u8],
        reply: &[u8],
        block: &[u8],
        payload: &[u8],
        origin: Origin,
    ) -> Result<Accepted, ApiError> {
        let fields = Fields::read(block);
        let subject = match &self.transform {
            Some(transform) => {
                let random = core.random();
                transform.apply(subject, random).map(Cow::Owned)
            }
            None => None,
        }
        .unwrap_or(Cow::Borrowed(subject));
        if self.config.sealed {
            return Err(SEALED.into());
        }
        self.check_sizes(block, payload)?;
        if !block.is_empty() {
            self.check_fields(&fields, &subject, payload, origin)?;
        }
        if let Some(seq) = self.duplicate(&fields, origin) {
            return Ok(Accepted::Duplicate(seq));
        }
        let rollup = self.check_order(&fields, origin)?;
        let now = core.now();
        if self.config.retention == Retention::Interest && !self.consumers.has_interest(&subject) {
            if origin == Origin::Client && core.trace_stored(&subject, false) {
                return Ok(Accepted::Reported);
            }
            let (seq, _) = self.place(origin, now);
            self.store.skip_to(seq, now);
            self.record_state(core);
            // Forgotten when ids are looked at next, as in nats-server, which gives it no time.
            self.remember(core, fields.msg_id, seq, Time(0));
            self.roll_up(core, rollup, &subject, 0);
            self.acknowledge(core, reply, seq, false);
            return Ok(Accepted::Unwanted(seq));
        }
        if origin == Origin::Client && core.trace_stored(&subject, true) {
            return Ok(Accepted::Reported);
        }
        let (block, seconds) = self.raise_ttl(block, fields.ttl)?;
        self.check_room(&subject, &block, payload, !fields.rollup.is_empty())?;

        let (seq, time) = self.place(origin, now);
        let deadline =
            (seconds > 0 && self.config.allow_msg_ttl).then(|| ttl::deadline(time, seconds));
        let previous = self.republish.as_ref().map(|_| {
            let sequences = self.store.sequences(&subject);
            sequences.map_or(0, |sequences| sequences.last())
        });
        self.store
            .push(seq, &subject, &block, payload, time, deadline);
        self.record(
            core,
            Record::Message {
                id: self.id,
                seq,
                time,
                subject: &subject,
                headers: &block,
                payload,
            },
        );
        self.enforce_limits(core, &subject);
        self.arm_expiry(core, deadline.unwrap_or(super::removal::NEVER), time);
        self.remember(core, fields.msg_id, seq, now);
        self.roll_up(core, rollup, &subject, 1);
        if let Some(previous) = previous {
            self.republish(core, &subject, &block, payload, seq, time, previous);
        }
        self.acknowledge(core, reply, seq, false);
        if !self.consumers.is_empty() {
            let (consumers, view) = self.parts();
            // What limits took gives room before the new message counts (nats-server does both side by side, mostly in this
            // order), what a rollup took after it.
            if matches!(rollup, Rollup::None) {
                consumers.go_on(core, view);
            }
            consumers.stored(core, view, &subject, seq);
            self.settle(core);
        }
        Ok(Accepted::Stored(seq))
    }

    /// Sequence and time that a message gets.
    fn place(&self, origin: Origin, now: Time) -> (u64, Time) {
        match origin {
            Origin::Mirror(seq, time) => (seq, time),
            _ => (self.store.last_seq() + 1, now),
        }
    }

    /// The headers, and for how many seconds they let the message live (0: as long as the stream's limits do). A TTL shorter
    /// than the markers' is raised to theirs, in whole seconds.
    fn raise_ttl<'a>(&self, block: &'a [u8], ttl: &[u8]) -> Result<(Cow<'a, [u8]>, i64), ApiError> {
        let seconds = match ttl::parse(ttl)? {
            Some(Ttl::Seconds(seconds)) => seconds,
            _ => 0,
        };
        let markers = self.config.subject_delete_marker_ttl / SECOND;
        if seconds == 0 || seconds >= markers || self.config.max_msgs_per_subject == 1 {
            return Ok((Cow::Borrowed(block), seconds));
        }
        let mut raised = headers::remove(block, TTL);
        headers::push(&mut raised, TTL, markers.to_string().as_bytes());
        Ok((Cow::Owned(raised), markers))
    }

    /// Removes what a message takes the place of, but the newest `keep`.
    fn roll_up(&mut self, core: &mut Core, rollup: Rollup, subject: &[u8], keep: u64) {
        match rollup {
            Rollup::None => {}
            Rollup::Subject => self.purge_subject(core, subject, keep),
            Rollup::All => {
                let all = Purge {
                    keep,
                    ..Purge::default()
                };
                self.purge(core, &all);
            }
        }
    }

    fn check_sizes(&self, block: &[u8], payload: &[u8]) -> Result<(), ApiError> {
        let limit = self.config.max_msg_size;
        if limit >= 0 && (block.len() + payload.len()) as i64 > limit {
            let text = "message size exceeds maximum allowed";
            return Err(ApiError::new(400, 10054, text));
        }
        if block.len() > MAX_HEADERS {
            let text = "header size exceeds maximum allowed of 64k";
            return Err(ApiError::new(400, 10097, text));
        }
        Ok(())
    }

    /// What the headers say against the stream and its state.
    fn check_fields(
        &self,
        fields: &Fields<'_>,
        on: &[u8],
        payload: &[u8],
        origin: Origin,
    ) -> Result<(), ApiError> {
        let refuse = |code, err_code, text: &str| Err(ApiError::new(code, err_code, text));
        let sourced = origin != Origin::Client;
        if !sourced && !fields.batch_id.is_empty() {
            return refuse(400, 10174, "atomic publish is disabled");
        }
        if !fields.incr.is_empty() {
            let digits = fields
                .incr
                .strip_prefix(b"-")
                .or(fields.incr.strip_prefix(b"+"));
            let digits = digits.unwrap_or(fields.incr);
            if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                return refuse(400, 10171, "message counter increment is invalid");
            }
            if !sourced && !self.config.allow_msg_counter {
                return refuse(400, 10168, "message counters is disabled");
            }
            if !sourced && !payload.is_empty() {
                return refuse(400, 10170, "message counter has payload");
            }
        }
        let stream = fields.expected_stream;
        if !stream.is_empty() && stream != self.config.name.as_bytes() {
            return refuse(400, 10060, "expected stream does not match");
        }
        if !sourced && !self.config.allow_msg_ttl && matches!(ttl::parse(fields.ttl), Ok(Some(_))) {
            return refuse(400, 10166, "per-message TTL is disabled");
        }
        let other = fields.expected_last_subject_sequence_subject;
        if !fields.expected_last_subject_sequence.is_empty() {
            let actual = self.last_on(if other.is_empty() { on } else { other });
            if parse_seq(fields.expected_last_subject_sequence) != actual {
                return Err(wrong_last_sequence(actual));
            }
        } else if !other.is_empty() {
            let text = "missing sequence for expected last sequence per subject";
            return refuse(400, 10193, text);
        }
        let last = self.store.last_seq();
        if !fields.expected_last_sequence.is_empty()
            && parse_seq(fields.expected_last_sequence) != last
        {
            return Err(wrong_last_sequence(last));
        }
        if !sourced {
            if !fields.schedule.is_empty() {
                return refuse(400, 10188, "message schedules is disabled");
            }
            if !fields.schedule_next.is_empty() || !fields.scheduler.is_empty() {
                let next = fields.schedule_next;
                let fits = next == b"purge"
                    && !fields.scheduler.is_empty()
                    && fields.scheduler != on
                    && subject::is_valid(fields.scheduler)
                    && subject::is_literal(fields.scheduler);
                return if fits {
                    refuse(400, 10188, "message schedules is disabled")
                } else {
                    refuse(400, 10212, "message schedules invalid scheduler")
                };
            }
            if !fields.stream_source.is_empty() {
                return refuse(400, 10227, "message stream source header is not allowed");
            }
        }
        Ok(())
    }

    /// The newest sequence on `subject`, wildcards allowed; 0 if there is none.
    fn last_on(&self, subject: &[u8]) -> u64 {
        if subject::is_literal(subject) {
            let sequences = self.store.sequences(subject);
            return sequences.map_or(0, |sequences| sequences.last());
        }
        if subject == b">" {
            let last = self.store.last_seq();
            return self.store.get(last).map_or(0, |_| last);
        }
        let filters = Filters::new([subject]);
        self.store.last_match(&filters, u64::MAX).unwrap_or(0)
    }

    fn duplicate(&self, fields: &Fields<'_>, origin: Origin) -> Option<u64> {
        if fields.msg_id.is_empty() || self.config.mirror.is_some() || origin == Origin::Marker {
            return None;
        }
        self.dedupe.get(fields.msg_id)
    }

    /// Does it follow the message that it names? What it rolls up.
    fn check_order(&self, fields: &Fields<'_>, origin: Origin) -> Result<Rollup, ApiError> {
        let id = fields.expected_last_msg_id;
        if !id.is_empty() && id != self.last_msg_id {
            let last = String::from_utf8_lossy(&self.last_msg_id);
            let text = format!("wrong last msg ID: {last}");
            return Err(ApiError::new(400, 10070, text));
        }
        let mut rollup = Rollup::None;
        if !fields.rollup.is_empty() {
            let permitted = self.config.allow_rollup_hdrs && !self.config.deny_purge;
            if !permitted && origin == Origin::Client {
                return Err(ApiError::new(500, 10111, "rollup not permitted"));
            }
            let value = String::from_utf8_lossy(fields.rollup);
            // One letter for one, as Go has it.
            let small = value.chars().filter_map(|c| c.to_lowercase().next());
            rollup = match small.collect::<String>().as_str() {
                "sub" => Rollup::Subject,
                "all" => Rollup::All,
                other => {
                    let text = format!("rollup value invalid: {}", quote(other.as_bytes()));
                    return Err(ApiError::new(500, 10111, text));
                }
            };
            if !permitted {
                rollup = Rollup::None;
            }
        }
        // No counter is kept here; a stream of counters takes nothing else.
        if self.config.allow_msg_counter {
            let (code, text) = match fields.incr {
                b"" => (10169, "message counter increment is missing"),
                _ => (10168, "message counters is disabled"),
            };
            return Err(ApiError::new(400, code, text));
        }
        Ok(rollup)
    }

    /// A full stream that discards the new.
    fn check_room(
        &self,
        subject: &[u8],
        block: &[u8],
        payload: &[u8],
        rollup: bool,
    ) -> Result<(), ApiError> {
        let config = &self.config;
        let limited = config.max_msgs > 0 || config.max_bytes > 0;
        if config.discard != Discard::New || !(limited || config.discard_new_per_subject) {
            return Ok(());
        }
        let full = |what: &str| {
            let text = format!("maximum {what} exceeded");
            Err(ApiError::new(503, FULL, text))
        };
        let sequences = self.store.sequences(subject);
        let limit = config.max_msgs_per_subject;
        let at_limit = sequences.filter(|seqs| limit > 0 && seqs.count() as i64 >= limit);
        if at_limit.is_some() && config.discard_new_per_subject && !rollup {
            return full("messages per subject");
        }
        if config.max_msgs > 0 && self.store.len() as i64 >= config.max_msgs && at_limit.is_none() {
            return full("messages");
        }
        let storage = self.store.storage();
        let size = storage.size(subject.len(), block.len(), payload.len());
        if config.max_bytes > 0 && self.store.bytes() + size > config.max_bytes as u64 {
            let oldest = at_limit.and_then(|seqs| self.store.get(seqs.first()));
            if oldest.is_none_or(|oldest| self.store.size_of(oldest) < size) {
                return full("bytes");
            }
        }
        Ok(())
    }

    /// Notes the id of a message: the last one, and for the duplicate window whose it is.
    fn remember(&mut self, core: &mut Core, id: &[u8], seq: u64, time: Time) {
        self.last_msg_id.clear();
        self.last_msg_id.extend_from_slice(id);
        if id.is_empty() || self.config.duplicate_window == 0 {
            return;
        }
        if self.dedupe.is_empty() {
            let at = core.now().after(self.config.duplicate_window);
            core.set_timer(Timer::StreamDedupe(self.id), Some(at));
        }
        self.dedupe.insert(id, seq, time);
    }

    fn acknowledge(&self, core: &mut Core, reply: &[u8], seq: u64, duplicate: bool) {
        if reply.is_empty() {
            return;
        }
        let mut ack = self.ack.clone();
        ack.extend_from_slice(seq.to_string().as_bytes());
        ack.extend_from_slice(if duplicate {
            b",\"duplicate\": true}"
        } else {
            b"}"
        });
        core.promise();
        core.publish(Message::plain(reply, &ack), false);
    }

    #[allow(clippy::too_many_arguments)]
    fn republish(
        &self,
        core: &mut Core,
        subject: &[u8],
        block: &[u8],
        payload: &[u8],
        seq: u64,
        time: Time,
        previous: u64,
    ) {
        let (Some(transform), Some(config)) = (&self.republish, &self.config.republish) else {
            return;
        };
        let random = core.random();
        let Some(to) = transform.apply(subject, random) else {
            return;
        };
        if !subject::is_valid_literal(&to) {
            return;
        }
        let mut block = block.to_vec();
        self.push_place(&mut block, subject, seq, time);
        headers::push(
            &mut block,
            "Nats-Last-Sequence",
            previous.to_string().as_bytes(),
        );
        let size = payload.len().to_string();
        let mut payload = payload;
        if config.headers_only {
            headers::push(&mut block, "Nats-Msg-Size", size.as_bytes());
            payload = b"";
        }
        let message = Message {
            subject: &to,
            reply: b"",
            headers: &block,
            payload,
        };
        core.publish(message, false);
    }

    /// Appends the headers that say where a message is stored.
    pub fn push_place(&self, block: &mut Vec<u8>, subject: &[u8], seq: u64, time: Time) {
        headers::push(block, "Nats-Stream", self.config.name.as_bytes());
        headers::push(block, "Nats-Subject", subject);
        headers::push(block, "Nats-Sequence", seq.to_string().as_bytes());
        headers::push(block, "Nats-Time-Stamp", time.rfc3339().as_bytes());
    }
}

#[derive(Clone, Copy)]
enum Rollup {
    None,
    Subject,
    All,
}

/// What a report on a message with these headers says that it was refused for: not the words of the API, but what
/// nats-server itself goes by.
fn cause(error: &ApiError, block: &[u8]) -> String {
    let shown = &error.description;
    match error.err_code {
        10054 | 10097 => "maximum payload exceeded".into(),
        10060 | FULL | 10111 => shown.clone(),
        10070 => {
            let last = shown.split_once(": ").map_or("", |(_, last)| last);
            let (wanted, last) = (Fields::read(block).expected_last_msg_id, last.as_bytes());
            format!("last msgid mismatch: {} vs {}", quote(wanted), quote(last))
        }
        10071 => {
            let fields = Fields::read(block);
            let last = shown.rsplit(' ').next().unwrap_or_default();
            // The subject's is looked at first.
            let on_subject = fields.expected_last_subject_sequence;
            let seq = parse_seq(on_subject);
            if !on_subject.is_empty() && seq.to_string() != last {
                return format!("last sequence by subject mismatch: {seq} vs {last}");
            }
            let seq = parse_seq(fields.expected_last_sequence);
            format!("last sequence mismatch: {seq} vs {last}")
        }
        10166 => "message TTL disabled".into(),
        code => format!("{shown} ({code})"),
    }
}

fn wrong_last_sequence(actual: u64) -> ApiError {
    ApiError::new(400, 10071, format!("wrong last sequence: {actual}"))
}
