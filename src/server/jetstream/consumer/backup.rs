//! A consumer in a backup of its stream: configuration and progress as the JSON of nats-server's `SnapshotConsumerState`
//! (`server/stream_backup.go`). Must not know the archive it is in.

use super::config::Config;
use super::progress::{Pending, Position, Progress};
use super::{Consumer, Consumers, View};
use crate::server::core::{ConsumerId, Core};
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::store::{LAST_SEQ, Store};
use crate::wire::json::{Decoder, Value, Writer, decode_lenient};
use crate::wire::time::Time;

/// What a backup says of a consumer, where it does.
#[derive(Default)]
pub struct Backup {
    /// `config`
    pub config: Option<Config>,
    /// `state`
    pub state: Option<BackedUp>,
}

/// How far a consumer of a backup had come.
#[derive(Default)]
pub struct BackedUp(Progress);

impl Backup {
    /// Reads one.
    ///
    /// # Errors
    /// Go's text.
    pub fn read(text: &[u8]) -> Result<Backup, String> {
        let mut backup = Backup::default();
        decode_lenient(text, |d, value| {
            d.object(value, "SnapshotConsumerState", &mut |d, name, value| {
                match name {
                    "config" if !value.is_null() => {
                        let config = backup.config.get_or_insert_default();
                        d.object(value, "ConsumerConfig", &mut |d, name, value| {
                            config.decode(d, name, value)
                        });
                    }
                    "state" if !value.is_null() => {
                        let state = backup.state.get_or_insert_default();
                        d.object(value, "ConsumerState", &mut |d, name, value| {
                            read_state(d, name, value, state)
                        });
                    }
                    _ => return false,
                }
                true
            });
        })?;
        Ok(backup)
    }
}

fn read_state(d: &mut Decoder, name: &str, value: Value<'_>, state: &mut BackedUp) -> bool {
    match name {
        "delivered" => read_position(d, value, &mut state.0.shown_delivered),
        "ack_floor" => read_position(d, value, &mut state.0.shown_floor),
        "pending" => d.members(value, "*server.Pending", &mut |d, seq, value| {
            let (mut sent, mut since) = (0, 0);
            d.object(value, "Pending", &mut |d, name, value| {
                match name {
                    "sequence" => d.uint64(value, &mut sent),
                    "timestamp" => d.int64(value, &mut since),
                    _ => return false,
                }
                true
            });
            if let Some(seq) = read_key(d, &seq, value) {
                state.add_pending(seq, sent, Time(since));
            }
        }),
        "redelivered" => d.members(value, "uint64", &mut |d, seq, value| {
            let mut count = 0;
            d.uint64(value, &mut count);
            if let Some(seq) = read_key(d, &seq, value) {
                state.add_redelivered(seq, count);
            }
        }),
        _ => return false,
    }
    true
}

fn read_position(d: &mut Decoder, value: Value<'_>, position: &mut Position) {
    d.object(value, "SequencePair", &mut |d, name, value| {
        match name {
            "consumer_seq" => d.uint64(value, &mut position.consumer),
            "stream_seq" => d.uint64(value, &mut position.stream),
            _ => return false,
        }
        true
    });
}

/// The key of a `map[uint64]…`.
fn read_key(d: &mut Decoder, key: &str, value: Value<'_>) -> Option<u64> {
    d.unmarshal(value, |_| {
        let error = "json: cannot unmarshal number {key} into Go value of type uint64";
        key.parse().map_err(|_| error.replace("{key}", key))
    })
}

impl BackedUp {
    /// Sequences of the consumer and of the stream: what was delivered last, and up to where all is acknowledged.
    pub fn set(&mut self, delivered: (u64, u64), floor: (u64, u64)) {
        let position = |(consumer, stream)| Position { consumer, stream };
        self.0.shown_delivered = position(delivered);
        self.0.shown_floor = position(floor);
    }

    /// A message that waits for its ack: its sequence, that of its delivery, and since when.
    pub fn add_pending(&mut self, seq: u64, consumer: u64, since: Time) {
        let pending = Pending {
            consumer,
            since,
            // A time of its own: that of the message may be another by now.
            put_off: (since.0 != 0).then_some(since),
        };
        self.0.pending.insert(seq, pending);
    }

    /// A message that was delivered so many times more than once.
    pub fn add_redelivered(&mut self, seq: u64, count: u64) {
        self.0.redelivered.insert(seq, count);
    }

    /// Does it contradict itself? In nats-server's words; it takes sequences that leave no room for more.
    fn check(&self) -> Result<(), String> {
        let (delivered, floor) = (self.0.shown_delivered, self.0.shown_floor);
        if floor.consumer > delivered.consumer {
            return Err("bad ack floor for consumer".into());
        }
        if floor.stream > delivered.stream {
            return Err("bad ack floor for stream".into());
        }
        let mut pending = self.0.pending.keys();
        if let Some(seq) = pending.find(|seq| **seq <= floor.stream || **seq > delivered.stream) {
            return Err(format!("bad pending entry, sequence [{seq}] out of range"));
        }
        let sent = self.0.pending.values().map(|pending| pending.consumer);
        let again = self.0.redelivered.iter().flat_map(|(seq, n)| [*seq, *n]);
        let mut numbers = sent
            .chain(again)
            .chain([delivered.consumer, delivered.stream]);
        match numbers.find(|number| *number > LAST_SEQ) {
            Some(number) => Err(format!("sequence [{number}] out of range")),
            None => Ok(()),
        }
    }
}

impl Consumer {
    /// Writes what a backup of its stream says of it.
    pub fn write_backup(&self, w: &mut Writer, store: &Store) {
        let last = store.last_seq();
        let mut config = self.config.clone();
        config.name.clone_from(&self.name);
        w.open().key("config");
        config.write(w, false);
        let (delivered, floor) = (self.progress.shown_delivered, self.progress.shown_floor);
        w.key("state").open();
        for (name, position) in [("delivered", delivered), ("ack_floor", floor)] {
            w.key(name).open();
            w.key("consumer_seq").uint(position.consumer);
            w.key("stream_seq").uint(position.stream.min(last)).close();
        }
        // What was given up or is gone may still be waited for beyond what is shown, and nobody takes that back.
        let end = delivered.stream.min(last);
        let shown = |seq: &u64| *seq > floor.stream && *seq <= end;
        let mut pending = (self.progress.pending.iter().filter(|(seq, _)| shown(seq))).peekable();
        if pending.peek().is_some() {
            w.key("pending").open();
            for (seq, pending) in pending {
                w.key(&seq.to_string()).open();
                w.key("Sequence").uint(pending.consumer);
                // As its files have it: the ack wait begins with the message.
                let stored = store.get(*seq).map(|message| message.time);
                let since = pending.put_off.or(stored).unwrap_or(pending.since);
                w.key("Timestamp").int(since.0).close();
            }
            w.close();
        }
        let again = self.progress.redelivered.iter();
        let mut again = again.filter(|(seq, _)| **seq <= last).peekable();
        if again.peek().is_some() {
            w.key("redelivered").open();
            for (seq, count) in again {
                w.key(&seq.to_string()).uint(*count);
            }
            w.close();
        }
        w.close().close();
    }
}

impl Consumers {
    /// Adds a consumer of a backup, which sleeps until the stream has its messages.
    ///
    /// # Errors
    /// What the API would answer.
    pub fn add_sleeping(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        name: &str,
        mut config: Config,
    ) -> Result<ConsumerId, ApiError> {
        // Nobody is interested in it yet, so an ephemeral comes as if it were durable.
        let durable = config.is_durable();
        if !durable {
            config.durable_name = name.into();
        }
        config.set_defaults(view.config, false)?;
        super::check(&config, view.config)?;
        if self.id(config.asked_name()).is_some() {
            return Err(ApiError::new(400, 10148, "consumer already exists"));
        }
        let name = self.admit(core, view, &config)?;
        if !durable {
            config.durable_name.clear();
            config.name.clone_from(&name);
        }
        let id = self.place(core, view, name, config);
        if let Some(consumer) = self.by_id(id) {
            consumer.advise_created(core);
            consumer.record_config(core, view.id, view.config);
        }
        Ok(id)
    }

    /// Puts a consumer where it was. What is behind where it starts by itself counts only if it is to go `back`.
    ///
    /// # Errors
    /// When the state contradicts itself.
    pub fn put_back(&mut self, id: ConsumerId, state: BackedUp, back: bool) -> Result<(), String> {
        state.check()?;
        if let Some(consumer) = self.by_id_mut(id)
            && (back || state.0.shown_floor.stream >= consumer.progress.shown_floor.stream)
        {
            consumer.progress = state.0;
            consumer.progress.go_on_as_shown();
            consumer.skip_list = None;
        }
        Ok(())
    }

    /// Says when a consumer was created, if that is known.
    pub fn set_created(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        id: ConsumerId,
        created: Option<Time>,
    ) {
        if let (Some(consumer), Some(created)) = (self.by_id_mut(id), created) {
            consumer.created = created;
            consumer.record_config(core, view.id, view.config);
        }
    }

    /// The stream has its messages: the consumer begins.
    pub fn wake(&mut self, core: &mut Core, view: View<'_>, id: ConsumerId) {
        self.with(core, view, id, |consumer, work| {
            consumer.listen(work);
            consumer.active = consumer.has_interest(work.core);
            consumer.settle_acked(work);
            consumer.count_pending(work.stream.store);
            consumer.resume(work);
        });
        self.start(core, view, id);
    }
}
