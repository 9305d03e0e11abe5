//! JetStream: streams, consumers and their API, on top of core messaging. Knows of the account what concerns more than one
//! stream; everything else is the stream's own.

mod advisory;
pub mod api;
pub mod consumer;
pub mod error;
mod named;
mod saved;
// Only a program with files makes use of backups: the page carries no more than their refusal.
#[cfg_attr(target_arch = "wasm32", path = "snapshot/refused.rs")]
pub mod snapshot;
pub mod store;
pub mod stream;

use self::error::ApiError;
use self::snapshot::Transfers;
use self::store::Storage;
use self::stream::{InfoRequest, Stream, StreamConfig};
use super::core::{ConsumerId, Core, Endpoint, Message, StreamId, Timer, Watcher};
use super::journal::Record;
use super::{ConnectionId, Engine};
use crate::wire::json::Writer;
use crate::wire::sorted::Sorted;
use crate::wire::subject;
use crate::wire::time::{SECOND, Time};

/// The account's streams and consumers.
#[derive(Default)]
pub struct JetStream {
    streams: Sorted<StreamId, Box<Stream>>,
    names: Sorted<String, StreamId>,
    /// Requests of the API that were answered, and those that failed.
    api_total: u64,
    api_errors: u64,
    /// What the log was told last of a request that cannot be read, and when.
    warned: (String, Time),
    /// Snapshots and restores that are going on.
    transfers: Transfers,
}

/// Starts JetStream: subscribes to its API.
pub fn start(core: &mut Core) -> Box<dyn Engine> {
    core.subscribe(b"$JS.API.>", Endpoint::JetStreamApi);
    Box::<JetStream>::default()
}

impl Engine for JetStream {
    fn on_message(
        &mut self,
        core: &mut Core,
        endpoint: Endpoint,
        message: Message<'_>,
        from: Option<ConnectionId>,
    ) {
        match endpoint {
            Endpoint::JetStreamApi => self.on_request(core, message, from),
            Endpoint::Stream(id) => {
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.receive(core, message);
                }
            }
            Endpoint::DirectGet(id) => {
                if let Some(stream) = self.streams.get(&id) {
                    stream.direct_get(core, message);
                }
            }
            Endpoint::Follow(id) => {
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.on_followed(core, message);
                }
            }
            Endpoint::ConsumerNext(id, _)
            | Endpoint::ConsumerAck(id, _)
            | Endpoint::ConsumerFlow(id, _)
            | Endpoint::ConsumerReset(id, _) => {
                if let Some(stream) = self.streams.get_mut(&id) {
                    let (consumers, view) = stream.parts();
                    consumers.on_message(core, view, endpoint, message);
                    stream.settle(core);
                }
            }
            Endpoint::Transfer(id) => self.transfer_message(core, id, message),
            Endpoint::System => {}
        }
    }

    fn timer(&mut self, core: &mut Core, timer: Timer) {
        let id = match timer {
            Timer::Connection(_) => return,
            Timer::Transfer(id) => return self.transfer_due(core, id),
            Timer::StreamAge(id) | Timer::StreamDedupe(id) | Timer::StreamSources(id) => id,
            Timer::ConsumerAckWait(id, _)
            | Timer::ConsumerHeartbeat(id, _)
            | Timer::ConsumerRequests(id, _)
            | Timer::ConsumerInactive(id, _)
            | Timer::ConsumerPause(id, _)
            | Timer::ConsumerDeliver(id, _) => id,
        };
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        match timer {
            Timer::StreamAge(_) => stream.expire(core),
            Timer::StreamDedupe(_) => stream.expire_ids(core),
            Timer::StreamSources(_) => stream.origins_due(core),
            _ => {
                let (consumers, view) = stream.parts();
                consumers.timer(core, view, timer);
                stream.settle(core);
            }
        }
    }

    fn interest_changed(&mut self, core: &mut Core, watcher: Watcher) {
        let (stream, consumer) = match watcher {
            Watcher::Consumer(stream, consumer) => (stream, consumer),
            Watcher::Transfer(id) => return self.transfer_interest(core, id),
        };
        if let Some(stream) = self.streams.get_mut(&stream) {
            let (consumers, view) = stream.parts();
            consumers.interest_changed(core, view, consumer);
            stream.settle(core);
        }
    }

    fn serve(&mut self, core: &mut Core, stream: StreamId, consumer: ConsumerId) {
        if let Some(stream) = self.streams.get_mut(&stream) {
            let (consumers, view) = stream.parts();
            consumers.serve(core, view, consumer);
            stream.settle(core);
        }
    }

    fn shutdown(&mut self, core: &mut Core) {
        for stream in self.streams.values_mut() {
            stream.consumers.shut_down(core);
        }
    }

    fn file_bytes(&self) -> u64 {
        self.used(Storage::File)
    }

    fn snapshot(&mut self, core: &mut Core) -> Vec<u8> {
        self.save(core)
    }

    fn take_journal(&mut self, core: &mut Core) -> Vec<u8> {
        self.save_changes(core)
    }

    fn restore(&mut self, core: &mut Core, log: &[u8]) -> usize {
        self.read_back(core, log)
    }
}

impl JetStream {
    /// Tells the log of a request that cannot be read: the same once a second.
    fn warn(&mut self, core: &mut Core, subject: &[u8], error: &str) {
        let subject = String::from_utf8_lossy(subject);
        let text = format!("Invalid JetStream request '$G > {subject}': {error}");
        let now = core.now();
        if self.warned.0 != text || now.since(self.warned.1) >= SECOND {
            core.log("WRN", &text);
            self.warned = (text, now);
        }
    }

    /// Configuration of a stream.
    fn config(&self, name: &str) -> Option<&StreamConfig> {
        let id = self.names.get(name)?;
        self.streams.get(id).map(|stream| &stream.config)
    }

    /// Does another stream listen to a subject of this configuration?
    fn overlaps(&self, config: &StreamConfig, except: Option<StreamId>) -> bool {
        let others = self.streams.values().filter(|s| Some(s.id) != except);
        let mut theirs = others.flat_map(|stream| &stream.config.subjects);
        theirs.any(|other| {
            let own = &mut config.subjects.iter();
            own.any(|own| subject::overlap(own.as_bytes(), other.as_bytes()))
        })
    }

    /// Bytes of messages in streams of this storage.
    fn used(&self, storage: Storage) -> u64 {
        let streams = self.streams.values();
        let streams = streams.filter(|s| s.config.storage == storage);
        streams.map(|s| s.store.bytes()).sum()
    }

    /// Bytes that streams of this storage may grow to, where they have a limit.
    fn reserved(&self, storage: Storage) -> i64 {
        let streams = self
            .streams
            .values()
            .filter(|s| s.config.storage == storage);
        let limits = streams.map(|stream| stream.config.max_bytes.max(0));
        limits.fold(0, i64::saturating_add)
    }

    /// What is reserved and `more` must fit into what the server has; no limit (-1) needs a byte.
    fn check_reservation(&self, core: &Core, storage: Storage, more: i64) -> Result<(), ApiError> {
        let more = if more < 0 { 1 } else { more };
        check_room(core, storage, self.reserved(storage).saturating_add(more))
    }

    /// Filters of mirrors and sources must be subjects.
    fn check_origin_filters(&self, config: &StreamConfig) -> Result<(), ApiError> {
        let invalid = |filter: &str| !filter.is_empty() && !subject::is_valid(filter.as_bytes());
        let refuse = |text: String| Err(ApiError::new(500, 10049, text));
        if let Some(mirror) = &config.mirror
            && invalid(&mirror.filter_subject)
        {
            let filter = &mirror.filter_subject;
            return refuse(format!(
                "subject filter '{filter}' for the mirror invalid subject"
            ));
        }
        let mut sources = config.sources().iter().map(|s| &s.filter_subject);
        if let Some(filter) = sources.find(|filter| invalid(filter)) {
            return refuse(format!(
                "subject filter '{filter}' for the source: invalid subject"
            ));
        }
        Ok(())
    }

    /// Adds a stream of a checked configuration.
    fn add(&mut self, core: &mut Core, config: StreamConfig) {
        let id = next_stream_id(core);
        let created = core.now();
        self.names.insert(config.name.clone(), id);
        let mut stream = Stream::new(core, id, config, created);
        stream.record_config(core);
        stream.advise(core, "CREATED", "create");
        stream.follow(core);
        self.streams.insert(id, Box::new(stream));
    }

    /// Replaces a stream's configuration by a checked one.
    fn change(&mut self, core: &mut Core, id: StreamId, config: StreamConfig) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.update(core, config);
            stream.record_config(core);
            stream.advise(core, "UPDATED", "modify");
            stream.follow(core);
        }
    }

    /// Deletes a stream.
    fn delete(&mut self, core: &mut Core, id: StreamId) {
        if let Some(mut stream) = self.streams.remove(&id) {
            self.names.remove(&stream.config.name);
            stream.shut(core);
            stream.record(core, Record::StreamGone { id });
            stream.advise(core, "DELETED", "delete");
            stream.unfollow(core);
        }
    }

    /// Writes the info object's members of a stream, but for `cluster`.
    fn write_stream(
        &self,
        w: &mut Writer,
        core: &Core,
        name: &str,
        own: bool,
        request: &InfoRequest,
    ) {
        let id = self.names.get(name);
        if let Some(stream) = id.and_then(|id| self.streams.get(id)) {
            stream.write_info(w, own, request);
            self.write_end(w, core, stream);
        }
    }

    /// Writes `mirror`, `sources` and `ts`, the end of the info object.
    fn write_end(&self, w: &mut Writer, core: &Core, stream: &Stream) {
        stream.write_follows(w, core.now());
        w.key("ts").time(Some(core.now()));
    }

    /// A stream by name.
    fn stream(&self, name: &str) -> Result<&Stream, ApiError> {
        let stream = self.names.get(name).and_then(|id| self.streams.get(id));
        Ok(stream.ok_or(error::STREAM_NOT_FOUND)?)
    }

    /// The same, to change it.
    fn stream_mut(&mut self, name: &str) -> Result<&mut Stream, ApiError> {
        let id = self.names.get(name);
        let stream = id.and_then(|id| self.streams.get_mut(id));
        Ok(stream.ok_or(error::STREAM_NOT_FOUND)?)
    }
}

/// Has the server so many bytes for streams of this storage?
fn check_room(core: &Core, storage: Storage, bytes: i64) -> Result<(), ApiError> {
    let (limit, err_code, what) = match storage {
        Storage::Memory => (core.config().max_memory, 10028, "memory"),
        Storage::File => (core.config().max_storage, 10047, "storage"),
    };
    if bytes > limit {
        let text = format!("insufficient {what} resources available");
        return Err(ApiError::new(500, err_code, text));
    }
    Ok(())
}

/// A number for a new stream. The internal clients it has in nats-server take two more of the ids that clients count by.
fn next_stream_id(core: &mut Core) -> StreamId {
    let id = core.next_client_id();
    core.next_client_id();
    core.next_client_id();
    id
}
