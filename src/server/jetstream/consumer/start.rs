//! Where a new consumer starts, and what purges and resets make of where it is.

use super::config::{AckPolicy, Config, DeliverPolicy};
use super::progress::Progress;
use super::{Consumer, SkipList, Work};
use crate::server::core::Message;
use crate::server::jetstream::api::{envelope, level_ok};
use crate::server::jetstream::error::{self, ApiError};
use crate::server::jetstream::store::{Filters, Store};
use crate::server::jetstream::stream::{IDENTITY, Retention, StreamConfig, identity};
use crate::wire::json;
use crate::wire::time::Time;
use crate::wire::{headers, subject};

/// The first stream sequence a new consumer looks at, and the messages of `last_per_subject`.
pub(super) fn select(
    config: &Config,
    filters: &Filters,
    stream: &StreamConfig,
    store: &Store,
) -> (u64, Option<SkipList>) {
    let (first, last) = (store.first_seq(), store.last_seq());
    let mut skip_list = None;
    let start = match config.deliver_policy {
        DeliverPolicy::All => first,
        DeliverPolicy::New => last + 1,
        DeliverPolicy::ByStartSequence => return (config.opt_start_seq.max(first), None),
        DeliverPolicy::Last if filters.is_everything() => last,
        DeliverPolicy::Last => store.last_match(filters, last).unwrap_or(0),
        DeliverPolicy::LastPerSubject if stream.max_msgs_per_subject == 1 => first,
        DeliverPolicy::LastPerSubject => {
            let sequences = store.last_per_subject(filters, last);
            let start = sequences.first().copied().unwrap_or(last);
            // A list of the stream's last message alone is no list.
            if start < last {
                skip_list = Some(SkipList {
                    resume: last,
                    sequences: sequences.into(),
                });
            }
            start
        }
        DeliverPolicy::ByStartTime => {
            let start = config
                .opt_start_time
                .as_ref()
                .map_or(first, |at| seq_at(store, at.time));
            let firsts = config
                .filters()
                .into_iter()
                .filter_map(|filter| store.next_match(&Filters::new([filter]), first));
            let skipped = firsts.filter(|seq| *seq >= start && *seq < last).min();
            skipped.unwrap_or(start)
        }
    };
    // A stream that never had a message has first sequence 0.
    let start = if first == 0 {
        1
    } else {
        start.min(last + 1).max(first)
    };
    (start, skip_list)
}

/// The first sequence stored at `time` or later; the one after the last if there is none.
fn seq_at(store: &Store, time: Time) -> u64 {
    store.first_since(time).unwrap_or(store.last_seq() + 1)
}

impl Consumer {
    /// The stream was purged, of what `purged` matches if there is one.
    pub(super) fn on_purged(&mut self, store: &Store, purged: Option<&[u8]>, now: Time) {
        let (first, last) = (store.first_seq(), store.last_seq());
        let policy = self.config.ack_policy;
        let Some(purged) = purged else {
            return self.progress.purge(first, None, policy, now);
        };
        let filters = self.config.filters();
        let within = |filter: &&str| subject::is_subset(filter.as_bytes(), purged);
        let around = |filter: &&str| subject::is_subset(purged, filter.as_bytes());
        let wider = if filters.iter().any(within) {
            !filters.iter().all(within)
        } else if filters.is_empty() || filters.iter().any(around) {
            true
        } else {
            return;
        };
        if wider {
            self.progress
                .purge(first, Some(&|seq| store.get(seq).is_some()), policy, now);
        } else {
            let left = store.next_match(&Filters::new([purged]), first);
            self.progress
                .purge(left.unwrap_or(last + 1), None, policy, now);
        }
    }

    /// Starts again at `seq`, or at the ack floor for 0, and returns where that is. The error is `invalid reset`'s.
    pub(super) fn reset(&mut self, work: &mut Work<'_>, seq: u64) -> Result<u64, &'static str> {
        let config = &self.config;
        match config.deliver_policy {
            _ if seq == 0 => {}
            DeliverPolicy::All => {}
            DeliverPolicy::ByStartSequence if seq < config.opt_start_seq => {
                return Err("below start seq");
            }
            DeliverPolicy::ByStartSequence => {}
            DeliverPolicy::ByStartTime => {
                let start = config
                    .opt_start_time
                    .as_ref()
                    .map_or(0, |at| seq_at(work.stream.store, at.time));
                if seq < start {
                    return Err("below start time");
                }
            }
            _ => return Err("not allowed"),
        }
        // Clients can put the floor as high as numbers go; what follows is nats-server's 0.
        let above_floor = self.progress.floor.stream.wrapping_add(1);
        let seq = if seq == 0 { above_floor.max(1) } else { seq };
        let in_order = matches!(config.ack_policy, AckPolicy::All | AckPolicy::FlowControl);
        let old = std::mem::replace(&mut self.progress, Progress::starting_at(seq));
        if in_order && seq == above_floor {
            // What nobody counts puts nothing right, either: nats-server's `num_pending` stays where it went astray.
            self.num_pending += old.pending.len() as i64;
        } else if seq != old.next_stream || !old.pending.is_empty() {
            self.count_pending(work.stream.store);
        }
        if work.stream.config.retention == Retention::Interest
            && seq <= work.stream.store.last_seq() + 1
        {
            let before = work.stream.store.from(0).map(|(seq, _)| seq);
            work.settled
                .extend(before.take_while(|before| *before < seq));
        }
        Ok(seq)
    }

    /// A message came on the consumer's RESET subject.
    pub(super) fn on_reset(&mut self, work: &mut Work<'_>, message: Message<'_>) {
        if !message.reply.is_empty() {
            let answer = self.answer_reset(work, message);
            let mut block = Vec::new();
            if headers::get(message.headers, IDENTITY).is_some() {
                headers::push(
                    &mut block,
                    IDENTITY,
                    identity(work.stream.created).as_bytes(),
                );
            }
            let reply = Message {
                headers: &block,
                ..Message::plain(message.reply, &answer)
            };
            work.core.publish(reply, true);
            self.deliver(work);
        }
    }

    fn answer_reset(&mut self, work: &mut Work<'_>, message: Message<'_>) -> Vec<u8> {
        let mut w = envelope("consumer_reset_response");
        let seq = match read_reset(message) {
            Ok(seq) => self
                .reset(work, seq)
                .map_err(|reason| ApiError::new(400, 10204, format!("invalid reset: {reason}"))),
            Err(error) => Err(error),
        };
        if let Err(error) = &seq {
            w.key("error");
            error.write(&mut w);
        } else {
            self.write_info(&mut w, work.core, work.stream, true);
        }
        w.key("reset_seq").uint(seq.unwrap_or(0)).close();
        w.finish()
    }
}

/// The sequence a RESET asks for; 0 for the ack floor.
fn read_reset(message: Message<'_>) -> Result<u64, ApiError> {
    if !level_ok(message.headers) {
        return Err(error::REQUIRED_LEVEL.into());
    }
    let mut seq = 0;
    if message.payload.is_empty() {
        return Ok(seq);
    }
    let read = json::decode_lenient(message.payload, |d, value| {
        d.object(value, "JSApiConsumerResetRequest", &mut |d, name, value| {
            if name == "seq" {
                d.uint64(value, &mut seq);
            }
            name == "seq"
        });
    });
    read.map_err(|error| ApiError::invalid_json(&error))?;
    Ok(seq)
}
