//! What of a consumer outlives the server: its configuration and how far it has come. Who waits for messages and
//! what was being sent does not. An ephemeral outlives it, too: nats-server gives its client the threshold to come back.

use super::config::Config;
use super::progress::{Pending, Position, Progress};
use super::{Consumer, Consumers, View, Work};
use crate::server::core::{ConsumerId, Core, StreamId};
use crate::server::jetstream::journal::{Journal, Record};
use crate::server::jetstream::store::{Storage, Store};
use crate::server::jetstream::stream::{Retention, StreamConfig};
use crate::wire::json::{self, Writer};
use crate::wire::time::{SECOND, Time};

impl Consumer {
    /// The number that names it.
    pub fn id(&self) -> ConsumerId {
        self.id
    }

    /// With the name in it, also if the server chose it.
    fn config_json(&self) -> Vec<u8> {
        let mut config = self.config.clone();
        if !config.is_durable() {
            config.name.clone_from(&self.name);
        }
        let mut w = Writer::default();
        config.write(&mut w, false);
        w.finish()
    }

    /// How far it has come as it shows it: numbers of eight bytes each, the lists with their lengths before them. Not when it
    /// was active, which nats-server does not remember either.
    pub fn state(&self) -> Vec<u8> {
        let progress = &self.progress;
        let mut numbers = Vec::new();
        for place in [progress.shown_delivered, progress.shown_floor] {
            numbers.extend([place.consumer, place.stream]);
        }
        numbers.push(progress.pending.len() as u64);
        for (seq, pending) in &progress.pending {
            let put_off = pending.put_off.map_or(0, |since| since.0);
            numbers.extend([*seq, pending.consumer, put_off as u64]);
        }
        numbers.push(progress.redelivered.len() as u64);
        for (seq, count) in progress.redelivered.iter() {
            numbers.extend([*seq, *count]);
        }
        numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
    }

    /// Writes down that it exists, and its state.
    pub fn save(&self, journal: &mut Journal, stream: StreamId) {
        journal.write(Record::Consumer {
            stream,
            id: self.id,
            created: self.created,
            config: &self.config_json(),
        });
        journal.write(Record::ConsumerState {
            stream,
            id: self.id,
            state: &self.state(),
        });
    }

    /// Writes its configuration down, if it outlives the server.
    pub(super) fn record_config(&self, core: &mut Core, stream: StreamId, of: &StreamConfig) {
        if core.journal.is_some() && self.is_saved(of) {
            core.record(Record::Consumer {
                stream,
                id: self.id,
                created: self.created,
                config: &self.config_json(),
            });
            core.touch(stream, self.id);
        }
    }

    /// What it has acknowledged may go, if no other needs it (retention interest and work queue).
    pub(super) fn settle_acked(&self, work: &mut Work<'_>) {
        if work.config.retention != Retention::Limits {
            let floor = self.progress.shown_floor.stream;
            let acked = work.store.from(0).take_while(|(seq, _)| *seq <= floor);
            let wanted = acked.filter(|(_, message)| self.filters.matches(message.subject));
            work.settled.extend(wanted.map(|(seq, _)| seq));
        }
    }

    /// Does it outlive the server?
    pub(super) fn is_saved(&self, stream: &StreamConfig) -> bool {
        stream.storage == Storage::File && self.config.is_saved()
    }
}

impl Config {
    /// Does a consumer with it outlive the server, if its stream does? What a mirror or source reads without acks does not.
    fn is_saved(&self) -> bool {
        !self.mem_storage && !self.direct
    }
}

/// The state that [`Consumer::state`] wrote; `None` if it is something else. Ack waits begin on whole seconds, as in nats-server's
/// files.
fn read_state(state: &[u8], store: &Store) -> Option<Progress> {
    let mut numbers = state
        .chunks_exact(8)
        .map(|chunk| chunk.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b)));
    let mut progress = Progress::default();
    for place in [&mut progress.shown_delivered, &mut progress.shown_floor] {
        *place = Position {
            consumer: numbers.next()?,
            stream: numbers.next()?,
        };
    }
    progress.go_on_as_shown();
    for _ in 0..numbers.next()? {
        let seq = numbers.next()?;
        let consumer = numbers.next()?;
        let put_off = Some(Time(numbers.next()? as i64)).filter(|since| since.0 > 0);
        let stored = store.get(seq).map(|message| message.time);
        let since = put_off.or(stored).unwrap_or_default();
        let pending = Pending {
            consumer,
            since: Time(since.0 / SECOND * SECOND),
            put_off,
        };
        progress.pending.insert(seq, pending);
    }
    for _ in 0..numbers.next()? {
        let seq = numbers.next()?;
        progress.redelivered.insert(seq, numbers.next()?);
    }
    Some(progress)
}

impl Progress {
    /// As nats-server does at its start: a consumer that is to begin beyond the end of the stream gets what comes next, unless
    /// the stream is new.
    fn go_back_to(&mut self, last: u64) {
        if last == 0 {
            return;
        }
        self.next_stream = self.next_stream.min(last + 1);
        for place in [
            &mut self.floor,
            &mut self.shown_delivered,
            &mut self.shown_floor,
        ] {
            place.stream = place.stream.min(last);
        }
    }
}

impl Consumers {
    /// Those that outlive the server, if their stream does.
    pub fn saved(&self) -> impl Iterator<Item = &Consumer> {
        self.iter().filter(|c| c.config.is_saved())
    }

    /// Brings a consumer back; false if its configuration cannot be read, and it is left out.
    pub fn restore(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        created: Time,
        config: &[u8],
        state: &[u8],
    ) -> bool {
        let mut read = Config::default();
        let decoded = json::decode(config, |d, value| {
            d.object(value, "ConsumerConfig", &mut |d, name, value| {
                read.decode(d, name, value)
            });
        });
        let name = if read.is_durable() {
            read.durable_name.clone()
        } else {
            read.name.clone()
        };
        if decoded.is_err() || !read.is_saved() || name.is_empty() || self.get(&name).is_some() {
            return decoded.is_ok();
        }
        let id = self.insert(core, view, name, read);
        self.with(core, view, id, |consumer, work| {
            consumer.created = created;
            if let Some(progress) = read_state(state, work.store) {
                consumer.progress = progress;
                consumer.progress.go_back_to(work.store.last_seq());
                consumer.skip_list = None;
                consumer.settle_acked(work);
                consumer.count_pending(work.store);
            }
            consumer.resume(work);
        });
        true
    }
}
