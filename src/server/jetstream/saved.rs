//! What outlives the server: the whole state as one log, changes since, and the way back. Only file-backed streams and
//! their consumers are in it, as with nats-server's store directory.

use super::JetStream;
use super::consumer::Saved;
use super::store::{LAST_SEQ, Storage, Store};
use super::stream::check::put_features;
use super::stream::{Stream, StreamConfig};
use crate::server::core::{ConsumerId, Core, StreamId};
use crate::server::journal::{Journal, Reader, Record};
use crate::wire::json::{self, Writer};
use crate::wire::sorted::Sorted;
use crate::wire::time::Time;

/// A consumer of a log, until its stream is complete.
#[derive(Default)]
struct SavedConsumer {
    created: Time,
    config: Vec<u8>,
    state: Saved,
}

impl JetStream {
    /// See [`Engine::snapshot`](crate::server::Engine::snapshot).
    pub(super) fn save(&mut self, core: &mut Core) -> Vec<u8> {
        // One salt as long as the server runs: changes fit behind each of its logs.
        let before = core.journal.take();
        let mut journal = before.unwrap_or_else(|| Journal::new(core.random()));
        journal.start();
        for stream in self.streams.values_mut().filter(|s| s.is_saved()) {
            stream.save(&mut journal);
            for consumer in stream.consumers.saved() {
                consumer.save(&mut journal, stream.id);
            }
        }
        let log = journal.take();
        core.journal = Some(journal);
        core.touched.clear();
        log
    }

    /// See [`Engine::take_journal`](crate::server::Engine::take_journal).
    pub(super) fn save_changes(&mut self, core: &mut Core) -> Vec<u8> {
        for ((stream, consumer), ()) in std::mem::take(&mut core.touched) {
            if let Some(saved) = self.streams.get_mut(&stream)
                && let Some(consumer) = saved.consumers.by_id_mut(consumer)
                && let Some(journal) = &mut core.journal
            {
                consumer.save_changes(journal, stream);
            }
        }
        core.journal.as_mut().map(Journal::take).unwrap_or_default()
    }

    /// See [`Engine::restore`](crate::server::Engine::restore).
    pub(super) fn read_back(&mut self, core: &mut Core, log: &[u8]) -> usize {
        if log.is_empty() {
            return 0;
        }
        let Some(mut reader) = Reader::new(log) else {
            core.log(
                "WRN",
                "The stored state is damaged at its start and cannot be read",
            );
            return log.len();
        };
        let mut lost = 0;
        let mut ids: Sorted<StreamId, StreamId> = Sorted::default();
        let mut consumers: Sorted<(StreamId, ConsumerId), SavedConsumer> = Sorted::default();
        while let Some(record) = reader.next() {
            let before = reader.lost();
            lost += self.replay(core, record, before, &mut ids, &mut consumers);
        }
        lost += reader.lost();
        for id in ids.values() {
            if let Some(stream) = self.streams.get_mut(id) {
                stream.start_at_first_seq();
            }
        }
        for ((stream, _), saved) in consumers {
            if let Some(stream) = ids.get(&stream).and_then(|id| self.streams.get_mut(id)) {
                let (consumers, view) = stream.parts();
                if !consumers.restore(core, view, saved.created, &saved.config, saved.state) {
                    lost += saved.config.len();
                }
            }
        }
        if lost > 0 {
            let text = format!("{lost} bytes of the stored state were damaged");
            core.log("WRN", &text);
        }
        let torn = reader.torn();
        if torn > 0 {
            let text = format!("The last {torn} bytes of the stored state were not written whole");
            core.log("WRN", &text);
        }
        // It is part of the start of JetStream, which the log may have said is over.
        let over = core.log.started.take();
        let after = over.map(|at| core.log.lines.split_off(at));
        for (_, id) in ids {
            if let Some(stream) = self.streams.get_mut(&id) {
                stream.restored(core);
                let name = format!("'$G > {}'", stream.config.name);
                let (messages, consumers) = (grouped(stream.store.len()), stream.consumers.len());
                core.log("INF", &format!("  Starting restore for stream {name}"));
                let text = format!("  Restored {messages} messages for stream {name} in 0s");
                core.log("INF", &text);
                if consumers > 0 {
                    let text = format!("  Recovering {consumers} consumers for stream - {name}");
                    core.log("INF", &text);
                }
                stream.follow(core);
            }
        }
        core.log.lines.extend(after.unwrap_or_default());
        lost
    }

    /// Does what a record says, and returns how many bytes of it could not be read.
    fn replay(
        &mut self,
        core: &mut Core,
        record: Record<'_>,
        before: usize,
        ids: &mut Sorted<StreamId, StreamId>,
        consumers: &mut Sorted<(StreamId, ConsumerId), SavedConsumer>,
    ) -> usize {
        match record {
            Record::Stream {
                id,
                created,
                config,
            } => {
                let Some(config) = read_config(config) else {
                    return config.len();
                };
                let known = ids.get(&id).and_then(|id| self.streams.get_mut(id));
                if let Some(stream) = known {
                    if stream.config.name == config.name {
                        stream.reconfigure(core, config);
                    }
                } else if !self.names.contains_key(&config.name) {
                    let new = super::next_stream_id(core);
                    self.names.insert(config.name.clone(), new);
                    ids.insert(id, new);
                    let mut stream = Stream::new(core, new, config, created);
                    // Its messages may be older than the first sequence of its configuration.
                    stream.store = Store::new(Storage::File, 0);
                    self.streams.insert(new, Box::new(stream));
                }
            }
            Record::StreamGone { id } => {
                consumers.retain(|(stream, _), _| *stream != id);
                let stream = ids.remove(&id).and_then(|id| self.streams.remove(&id));
                if let Some(mut stream) = stream {
                    self.names.remove(&stream.config.name);
                    stream.shut(core);
                }
            }
            Record::Message { id, .. }
            | Record::Gone { id, .. }
            | Record::State { id, .. }
            | Record::Source { id, .. } => {
                if let Some(stream) = ids.get(&id).and_then(|id| self.streams.get_mut(id)) {
                    stream.replay(record);
                }
            }
            Record::Consumer {
                stream,
                id,
                created,
                config,
            } => {
                let saved = consumers.get_or_insert((stream, id), SavedConsumer::default());
                saved.created = created;
                saved.config = config.to_vec();
            }
            Record::ConsumerGone { stream, id } => {
                consumers.remove(&(stream, id));
            }
            Record::ConsumerState { stream, id, .. }
            | Record::ConsumerPart { stream, id, .. }
            | Record::ConsumerChange { stream, id, .. } => {
                if let Some(saved) = consumers.get_mut(&(stream, id)) {
                    saved.state.replay(record, before);
                }
            }
        }
        0
    }
}

/// A number with a comma before every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The configuration of a stream that outlives the server; `None` for anything else.
fn read_config(text: &[u8]) -> Option<StreamConfig> {
    let mut config = StreamConfig::default();
    let read = json::decode(text, |d, value| {
        d.object(value, "StreamConfig", &mut |d, name, value| {
            config.read(d, name, value)
        });
    });
    // Whatever was accepted once is kept.
    let _ = put_features(&mut config, false);
    // Nothing is published to it; nats-server drops what clients set when it starts.
    if config.mirror.is_some() {
        config.duplicate_window = 0;
    }
    (read.is_ok() && config.storage == Storage::File).then_some(config)
}

impl Stream {
    /// Does it outlive the server?
    pub fn is_saved(&self) -> bool {
        self.config.storage == Storage::File
    }

    /// Writes a change of the stream down.
    pub(super) fn record(&self, core: &mut Core, record: Record<'_>) {
        if self.is_saved() {
            core.record(record);
        }
    }

    /// Writes the configuration down.
    pub(super) fn record_config(&self, core: &mut Core) {
        if self.is_saved() && core.journal.is_some() {
            let (id, created, config) = (self.id, self.created, &self.config_json());
            core.record(Record::Stream {
                id,
                created,
                config,
            });
        }
    }

    /// Writes down what the messages do not tell.
    pub(super) fn record_state(&self, core: &mut Core) {
        self.record(core, self.state());
    }

    fn config_json(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.config.write(&mut w, false);
        w.finish()
    }

    fn state(&self) -> Record<'static> {
        Record::State {
            id: self.id,
            first: self.store.first_seq(),
            last: self.store.last_seq(),
            last_time: self.store.last_time(),
        }
    }

    fn save(&self, journal: &mut Journal) {
        let id = self.id;
        journal.write(Record::Stream {
            id,
            created: self.created,
            config: &self.config_json(),
        });
        for (seq, message) in self.store.from(0) {
            journal.write(Record::Message {
                id,
                seq,
                time: message.time,
                subject: message.subject,
                headers: message.headers(),
                payload: message.payload(),
            });
        }
        journal.write(self.state());
        for value in self.sourced() {
            journal.write(Record::Source { id, value });
        }
    }

    /// Without messages, the next one is no earlier than the configuration says. nats-server also forgets messages that are
    /// earlier.
    fn start_at_first_seq(&mut self) {
        let before = self.config.first_seq.saturating_sub(1);
        if self.store.is_empty() && self.store.last_seq() < before {
            let time = self.store.last_time();
            self.store.put_state(before + 1, before, time);
        }
    }

    fn replay(&mut self, record: Record<'_>) {
        match record {
            Record::Message {
                seq,
                time,
                subject,
                headers,
                payload,
                ..
            } if seq > self.store.last_seq() && seq <= LAST_SEQ => {
                self.store.push(seq, subject, headers, payload, time, None);
                self.note_source(headers);
            }
            Record::Source { value, .. } => self.remember_source(value),
            Record::Gone { from, to, .. } => {
                let gone = self.store.from(from).map(|(seq, _)| seq);
                let gone: Vec<u64> = gone.take_while(|seq| *seq <= to).collect();
                for seq in gone {
                    self.store.remove(seq);
                }
            }
            Record::State {
                first,
                last,
                last_time,
                ..
            } => {
                self.store.put_state(first, last, last_time);
            }
            _ => {}
        }
    }
}
