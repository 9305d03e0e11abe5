//! Backups of streams: `$JS.API.STREAM.SNAPSHOT.<stream>` and `$JS.API.STREAM.RESTORE.<stream>`, and what goes back and forth
//! after them. Backups are those of nats-server 2.15: an [`archive`] in an [S2](crate::wire::s2) stream. Those of servers before it are taken, too.

pub mod archive;
mod blocks;
mod events;
mod index;
mod legacy;
mod receive;
mod send;
mod state;
mod tar;

use self::events::{advise, shown, size, took, write_span};
use self::receive::Restore;
use self::send::{Ended, Flow, Snapshot};
use self::state::State;
use super::JetStream;
use super::api::{Done, Request, envelope};
use super::error::{ApiError, Known, STREAM_MISMATCH, STREAM_NOT_FOUND};
use super::store::Storage;
use super::stream::{InfoRequest, Stream, StreamConfig, check};
use crate::server::core::{Core, Endpoint, Message, StreamId, Timer, TransferId};
use crate::wire::json::Writer;
use crate::wire::sorted::Sorted;
use crate::wire::time::{SECOND, Time};
use crate::wire::{duration, subject};

/// How long a client may take for its next chunk, in nanoseconds.
const STALLED: i64 = 5 * SECOND;

/// Most restores at a time: each may hold some 100 MB that are not in its stream yet.
const MAX_RESTORES: usize = 32;

const NO_ROOM: Known = (503, 10023, "insufficient resources");
const EXISTS: Known = (400, 10130, "stream name already in use, cannot restore");
const DELIVER_SUBJECT: Known = (400, 10015, "deliver subject not valid");

/// Snapshots and restores that are going on.
#[derive(Default)]
pub(super) struct Transfers {
    last: TransferId,
    all: Sorted<TransferId, Box<Transfer>>,
}

/// One of them.
struct Transfer {
    /// Name of the stream.
    stream: String,
    /// The client that asked for it.
    client: Vec<u8>,
    start: Time,
    what: What,
}

enum What {
    Snapshot {
        id: StreamId,
        snapshot: Snapshot,
        bytes: u64,
    },
    Restore {
        restore: Box<Restore>,
        subject: Vec<u8>,
        bytes: u64,
        /// Where chunks are acknowledged as soon as they are worked off.
        owed: Vec<Vec<u8>>,
        /// No more chunks come: where to say how it ended.
        ended: Option<Vec<u8>>,
    },
}

impl Transfers {
    fn next_id(&mut self) -> TransferId {
        self.last += 1;
        self.last
    }
}

/// `JSApiStreamSnapshotRequest`
#[derive(Default)]
struct SnapshotRequest {
    deliver_subject: String,
    no_consumers: bool,
    chunk_size: i64,
    window_size: i64,
    /// Messages are sound, so that there is nothing to check.
    jsck: bool,
}

/// Answers `$JS.API.STREAM.SNAPSHOT.<stream>`.
pub fn snapshot(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    request.require_payload()?;
    js.stream_mut(request.stream())?;
    let mut wanted = SnapshotRequest::default();
    request.read("JSApiStreamSnapshotRequest", &mut |d, name, value| {
        match name {
            "deliver_subject" => d.string(value, &mut wanted.deliver_subject),
            "no_consumers" => d.bool(value, &mut wanted.no_consumers),
            "chunk_size" => d.int(value, &mut wanted.chunk_size),
            "window_size" => d.int(value, &mut wanted.window_size),
            "jsck" => d.bool(value, &mut wanted.jsck),
            _ => return false,
        }
        true
    })?;
    let deliver = wanted.deliver_subject.as_bytes();
    if !subject::is_valid_literal(deliver) {
        return Err(DELIVER_SUBJECT.into());
    }
    let id = js.transfers.next_id();
    let stream = js.stream(request.stream())?;
    let name = &stream.config.name;
    let what = if wanted.jsck {
        "health check and snapshot"
    } else {
        "snapshot"
    };
    core.log("INF", &format!("Starting {what} for {}", shown(name)));
    w.key("config");
    stream.config.write(w, false);
    stream.write_state(w.key("state"), &InfoRequest::default());
    let flow = Flow::new(wanted.chunk_size, wanted.window_size);
    let consumers = !wanted.no_consumers;
    let transfer = Transfer {
        stream: name.clone(),
        client: events::client(core, request.from),
        start: core.now(),
        what: What::Snapshot {
            id: stream.id,
            snapshot: Snapshot::new(core, id, stream, &wanted.deliver_subject, flow, consumers),
            bytes: stream.store.bytes(),
        },
    };
    js.transfers.all.insert(id, Box::new(transfer));
    Ok(Done {
        send: Some(id),
        ..Done::default()
    })
}

/// Answers `$JS.API.STREAM.RESTORE.<stream>`.
pub fn restore(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    request.require_payload()?;
    let mut config = StreamConfig::default();
    request.read("JSApiStreamRestoreRequest", &mut |d, name, value| {
        match name {
            "config" => d.object(value, "StreamConfig", &mut |d, name, value| {
                config.read(d, name, value)
            }),
            "state" => State::default().decode(d, value),
            _ => return false,
        }
        true
    })?;
    if config.name.is_empty() {
        config.name = request.stream().into();
    }
    if config.name != request.stream() {
        return Err(STREAM_MISMATCH.into());
    }
    if config.name.contains(['/', '\\']) {
        let text = "Stream name can not contain path separators";
        return Err(ApiError::new(400, 10128, text));
    }
    let config = check::check(config, false, &|name| js.config(name))?;
    js.check_reservation(core, config.storage, config.max_bytes)?;
    if js.config(&config.name).is_some() {
        return Err(EXISTS.into());
    }
    let restores = js.transfers.all.values();
    let restores = restores.filter(|transfer| matches!(transfer.what, What::Restore { .. }));
    if restores.count() >= MAX_RESTORES {
        return Err(NO_ROOM.into());
    }
    let name = config.name.clone();
    core.log("INF", &format!("Starting restore for {}", shown(&name)));
    let client = events::client(core, request.from);
    advise(core, "RESTORE_CREATE", &name, &|w| {
        w.key("client").raw(&client);
    });
    let id = js.transfers.next_id();
    let subject = format!("$JS.SNAPSHOT.RESTORE.{name}.{}", core.nuid());
    core.subscribe(subject.as_bytes(), Endpoint::Transfer(id));
    w.key("deliver_subject").string(&subject);
    let transfer = Transfer {
        stream: name,
        client,
        start: core.now(),
        what: What::Restore {
            restore: Box::new(Restore::new(config)),
            subject: subject.into(),
            bytes: 0,
            owed: Vec::new(),
            ended: None,
        },
    };
    js.transfers.all.insert(id, Box::new(transfer));
    wait_for_chunk(core, id);
    Ok(Done::default())
}

fn wait_for_chunk(core: &mut Core, id: TransferId) {
    let at = core.now().after(STALLED);
    core.set_timer(Timer::Transfer(id), Some(at));
}

impl JetStream {
    /// The reply to a request for a snapshot is out.
    pub(super) fn send_snapshot(&mut self, core: &mut Core, id: TransferId) {
        let Some(transfer) = self.transfers.all.get(&id) else {
            return;
        };
        if let What::Snapshot { id, .. } = &transfer.what
            && let Some(stream) = self.streams.get(id)
        {
            advise(core, "SNAPSHOT_CREATE", &transfer.stream, &|w| {
                stream.write_state(w.key("state"), &InfoRequest::default());
                w.key("client").raw(&transfer.client);
            });
        }
        self.with_snapshot(core, id, Snapshot::start);
    }

    /// A message came for a transfer: an ack of a snapshot's chunk, or a restore's chunk.
    pub(super) fn transfer_message(
        &mut self,
        core: &mut Core,
        id: TransferId,
        message: Message<'_>,
    ) {
        let transfer = self.transfers.all.get_mut(&id);
        match transfer.map(|transfer| &mut transfer.what) {
            Some(What::Snapshot { .. }) => self.with_snapshot(core, id, Snapshot::on_ack),
            Some(What::Restore {
                restore,
                subject,
                bytes,
                owed,
                ended,
            }) => {
                if ended.is_some() {
                    return;
                }
                let is_free = owed.is_empty();
                let reply = message.reply.to_vec();
                if reply.is_empty() || message.payload.is_empty() {
                    core.unsubscribe(subject, Endpoint::Transfer(id));
                    *ended = Some(reply);
                } else {
                    *bytes += message.payload.len() as u64;
                    restore.take(message.payload);
                    owed.push(reply);
                }
                if is_free {
                    self.work_off(core, id);
                }
            }
            None => {}
        }
    }

    /// Works off a portion of what came for a restore; the next one when its timer is due, which is at once.
    fn work_off(&mut self, core: &mut Core, id: TransferId) {
        let Some(mut transfer) = self.transfers.all.remove(&id) else {
            return;
        };
        if let What::Restore {
            restore,
            owed,
            ended,
            ..
        } = &mut transfer.what
        {
            if restore.go_on(self, core) {
                core.set_timer(Timer::Transfer(id), Some(core.now()));
            } else {
                wait_for_chunk(core, id);
                for reply in owed.drain(..) {
                    core.publish(Message::plain(&reply, b""), true);
                }
                if let Some(reply) = ended.take() {
                    return self.end_restore(core, id, &mut transfer, &reply);
                }
            }
        }
        self.transfers.all.insert(id, transfer);
    }

    /// There is more to do, or the other side was silent for too long.
    pub(super) fn transfer_due(&mut self, core: &mut Core, id: TransferId) {
        match self.transfers.all.get(&id).map(|transfer| &transfer.what) {
            Some(What::Snapshot { .. }) => self.with_snapshot(core, id, Snapshot::on_silence),
            Some(What::Restore { owed, ended, .. }) if !owed.is_empty() || ended.is_some() => {
                self.work_off(core, id);
            }
            Some(What::Restore { .. }) => {
                if let Some(mut transfer) = self.transfers.all.remove(&id)
                    && let What::Restore {
                        restore, subject, ..
                    } = &mut transfer.what
                {
                    // Nobody hears of it, as with nats-server.
                    core.unsubscribe(subject, Endpoint::Transfer(id));
                    let why = format!("restore for {} is stalled", shown(&transfer.stream));
                    restore.abandon(self, core, &why);
                }
            }
            None => {}
        }
    }

    /// Interest in a snapshot's deliver subject came or went.
    pub(super) fn transfer_interest(&mut self, core: &mut Core, id: TransferId) {
        self.with_snapshot(core, id, Snapshot::on_interest);
    }

    /// Lets something happen to a snapshot, and tells of its end if that was it.
    fn with_snapshot(
        &mut self,
        core: &mut Core,
        id: TransferId,
        act: fn(&mut Snapshot, &mut Core, &super::store::Store) -> Option<Ended>,
    ) {
        let Some(transfer) = self.transfers.all.get_mut(&id) else {
            return;
        };
        let What::Snapshot {
            id: stream,
            snapshot,
            bytes,
        } = &mut transfer.what
        else {
            return;
        };
        let (name, client, start) = (&transfer.stream, &transfer.client, transfer.start);
        let ended = match self.streams.get(stream) {
            Some(stream) => act(snapshot, core, &stream.store),
            None => {
                snapshot.close(core);
                Some(Some("store is closed"))
            }
        };
        let Some(error) = ended else {
            return;
        };
        let end = core.now();
        advise(core, "SNAPSHOT_COMPLETE", name, &|w| {
            write_span(w, start, end);
            w.key("client").raw(client);
            if let Some(error) = error {
                w.key("error").string(error);
            }
        });
        let (name, took) = (shown(name), duration::format(end.since(start)));
        match error {
            Some(error) => {
                let text = format!("Snapshot for {name} failed after {took}: {error}");
                core.log("WRN", &text);
            }
            None => {
                let text = format!(
                    "Completed snapshot of {} for {name} in {took}",
                    size(*bytes)
                );
                core.log("INF", &text);
            }
        }
        self.transfers.all.remove(&id);
    }

    /// All chunks that come are worked off: says how it ended, in the server's log and at `reply`.
    fn end_restore(
        &mut self,
        core: &mut Core,
        id: TransferId,
        transfer: &mut Transfer,
        reply: &[u8],
    ) {
        let What::Restore { restore, bytes, .. } = &mut transfer.what else {
            return;
        };
        core.set_timer(Timer::Transfer(id), None);
        let name = shown(&transfer.stream);
        let result = if reply.is_empty() {
            let why = format!("restore for {name} requires reply subject for each chunk");
            core.log("WRN", &why);
            Err(restore.abandon(self, core, &why))
        } else {
            restore.end(self, core)
        };
        let (start, end, bytes) = (transfer.start, core.now(), *bytes);
        advise(core, "RESTORE_COMPLETE", &transfer.stream, &|w| {
            write_span(w, start, end);
            w.key("bytes").uint(bytes);
            w.key("client").raw(&transfer.client);
        });
        let mut w = envelope("stream_create_response");
        let (kind, text) = match &result {
            Ok(stream) => {
                if let Some(stream) = self.streams.get(stream) {
                    stream.write_info(&mut w, true, &InfoRequest::default());
                    w.key("ts").time(Some(end));
                }
                let took = took(start, end);
                (
                    "INF",
                    format!("Completed restore of {} for {name} in {took}", size(bytes)),
                )
            }
            Err(error) => {
                error.write(w.key("error"));
                let took = duration::format(end.since(start));
                (
                    "WRN",
                    format!("Restore failed for {} for {name} in {took}", size(bytes)),
                )
            }
        };
        w.close();
        core.log(kind, &text);
        if !reply.is_empty() {
            core.publish(Message::plain(reply, &w.finish()), true);
        }
    }

    /// As much as streams of this storage have and `more` must fit into what the server has.
    fn check_use(&self, core: &Core, storage: Storage, more: u64) -> Result<(), ApiError> {
        let streams = self.streams.values();
        let streams = streams.filter(|stream| stream.config.storage == storage);
        let used = streams.map(|stream| stream.store.bytes());
        let used = used.fold(more, u64::saturating_add);
        super::check_room(core, storage, i64::try_from(used).unwrap_or(i64::MAX))
    }

    /// Adds a stream that a backup goes into, whose first sequence is to be `first`, if that is known.
    fn add_restoring(
        &mut self,
        core: &mut Core,
        config: StreamConfig,
        first: Option<u64>,
    ) -> Result<StreamId, ApiError> {
        if config.num_replicas > 1 {
            return Err(super::error::REPLICAS.into());
        }
        self.check_origin_filters(&config)?;
        if self.overlaps(&config, None) {
            return Err(super::error::SUBJECT_OVERLAP.into());
        }
        let id = super::next_stream_id(core);
        self.names.insert(config.name.clone(), id);
        let stream = Stream::to_restore(id, config, core.now(), first);
        stream.record_config(core);
        stream.record_state(core);
        stream.advise(core, "CREATED", "create");
        self.streams.insert(id, Box::new(stream));
        Ok(id)
    }
}

/// Can clients take messages of this subject? It ends where a blank is.
fn is_publishable(subject: &[u8]) -> bool {
    !subject.is_empty() && !subject.iter().any(u8::is_ascii_whitespace)
}
