//! Backups of servers before 2.15: the files of a stream's folder in a tape archive, as `RestoreStream` of nats-server's
//! `stream.go` takes them. All of it has to be there before a stream can be made of it. Must not know how it comes.

use super::archive::signed;
use super::blocks::{Record, Stored, records};
use super::index::Index;
use super::tar::{BLOCK, File};
use crate::server::core::{Core, StreamId};
use crate::server::jetstream::JetStream;
use crate::server::jetstream::consumer::{BackedUp, Config};
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::stream::{Restored, Stream, StreamConfig};
use crate::wire::encoding::number;
use crate::wire::json::{Moment, decode_lenient, quote};
use crate::wire::sorted::Sorted;
use crate::wire::time::{SECOND, Time};

/// The files of a stream.
#[derive(Default)]
pub struct Files {
    meta: Option<Vec<u8>>,
    /// By number.
    blocks: Sorted<u64, Vec<u8>>,
    index: Vec<u8>,
    consumers: Sorted<String, ConsumerFiles>,
    /// Bytes in all files that came, and how many they were.
    bytes: i64,
    files: i64,
}

/// The files of a consumer.
#[derive(Default)]
struct ConsumerFiles {
    meta: Option<Vec<u8>>,
    sum: bool,
    state: Option<Vec<u8>>,
}

/// What a file of the name `meta.inf` says.
#[derive(Default)]
struct Meta {
    created: Option<Moment>,
    name: String,
    consumer: Config,
}

impl Meta {
    fn read(text: &[u8]) -> Result<Meta, String> {
        let mut meta = Meta::default();
        decode_lenient(text, |d, value| {
            d.object(value, "FileStreamInfo", &mut |d, name, value| match name {
                "created" => {
                    d.moment(value, &mut meta.created);
                    true
                }
                "name" => {
                    d.string(value, &mut meta.name);
                    true
                }
                _ => true,
            });
        })?;
        Ok(meta)
    }

    fn read_consumer(text: &[u8]) -> Result<Meta, String> {
        let mut meta = Meta::read(text)?;
        decode_lenient(text, |d, value| {
            d.object(value, "FileConsumerInfo", &mut |d, name, value| {
                meta.consumer.decode(d, name, value)
            });
        })?;
        Ok(meta)
    }

    /// When it was created, if it says so.
    fn created(&self) -> Option<Time> {
        let created = self.created.as_ref().filter(|created| !created.is_zero());
        created.map(|created| created.time)
    }
}

fn failed(text: &str) -> ApiError {
    ApiError::new(500, 10062, format!("restore failed: {text}"))
}

impl Files {
    /// Takes a file; one that means nothing is dropped.
    ///
    /// # Errors
    /// When there is no room for a stream of what came until now, or the file would not be in the stream's folder.
    pub fn add(
        &mut self,
        js: &JetStream,
        core: &Core,
        config: &StreamConfig,
        file: File,
    ) -> Result<(), ApiError> {
        self.bytes = self.bytes.saturating_add(file.body.len() as i64);
        self.files += 1;
        // Files without anything in them take room, too.
        let held = self
            .bytes
            .saturating_add(self.files.saturating_mul(BLOCK as i64));
        let size = config.max_bytes.max(1).saturating_add(held);
        js.check_reservation(core, config.storage, size)?;
        let name = String::from_utf8_lossy(&file.name).into_owned();
        let path: Vec<&str> = name.split('/').collect();
        if path.contains(&"..") {
            return Err(failed("unexpected content (account=$G)"));
        }
        match path[..] {
            ["meta.inf"] => self.meta = Some(file.body),
            ["msgs", "index.db"] => self.index = file.body,
            ["msgs", block] => {
                let number = block.strip_suffix(".blk").and_then(|n| n.parse().ok());
                if let Some(number) = number {
                    self.blocks.insert(number, file.body);
                }
            }
            ["obs", consumer, what] => {
                let files = ConsumerFiles::default();
                let files = self.consumers.get_or_insert(consumer.to_owned(), files);
                match what {
                    "meta.inf" => files.meta = Some(file.body),
                    "meta.sum" => files.sum = true,
                    "o.dat" => files.state = Some(file.body),
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Makes the stream, all but open, with consumers that sleep.
    ///
    /// # Errors
    /// What the answer says. There is no stream then.
    pub fn restore(
        &mut self,
        js: &mut JetStream,
        core: &mut Core,
        config: &StreamConfig,
    ) -> Result<StreamId, ApiError> {
        let missing = || failed("open meta.inf: no such file or directory");
        let meta = self.meta.as_deref().ok_or_else(missing)?;
        let meta = Meta::read(meta).map_err(|error| failed(&error))?;
        if meta.name != config.name {
            return Err(failed("stream names do not match"));
        }
        if js.config(&config.name).is_some() {
            return Err(super::EXISTS.into());
        }
        js.check_reservation(core, config.storage, config.max_bytes)?;
        js.check_use(core, config.storage, self.bytes.unsigned_abs())?;
        let contents = Contents::of(&self.blocks, &self.index);
        let id = js.add_restoring(core, config.clone(), contents.first)?;
        if let Some(stream) = js.streams.get_mut(&id) {
            if let Some(created) = meta.created() {
                stream.created = created;
                stream.record_config(core);
            }
            contents.put_into(core, stream);
            let consumers = std::mem::take(&mut self.consumers);
            if let Err(error) = add_consumers(core, stream, consumers) {
                js.delete(core, id);
                return Err(failed(&error));
            }
        }
        Ok(id)
    }
}

fn add_consumers(
    core: &mut Core,
    stream: &mut Stream,
    files: Sorted<String, ConsumerFiles>,
) -> Result<(), String> {
    for (name, files) in files {
        let text = |error: &str| {
            let name = quote(name.as_bytes());
            format!("error restoring consumer [{name}]: {error}")
        };
        let (Some(meta), true) = (&files.meta, files.sum) else {
            return Err(text("no such file or directory"));
        };
        let meta = Meta::read_consumer(meta).map_err(|error| text(&error))?;
        let state = files.state.as_deref().map(read_state);
        let state = state
            .transpose()
            .map_err(|Corrupt| text("corrupt state file"))?;
        let (consumers, view) = stream.parts();
        let added = consumers.add_sleeping(core, view, &name, meta.consumer.clone());
        let id = added.map_err(|e| text(&format!("{} ({})", e.description, e.err_code)))?;
        if let Some(state) = state {
            consumers
                .put_back(id, state, true)
                .map_err(|error| text(&error))?;
        }
        consumers.set_created(core, view, id, meta.created());
    }
    Ok(())
}

/// The messages of all blocks.
struct Contents<'a> {
    first: Option<u64>,
    last: u64,
    last_time: Option<Time>,
    messages: Vec<Stored<'a>>,
}

impl<'a> Contents<'a> {
    /// What blocks have and the state file says is left of it. Without one, which messages went because of a limit only the
    /// limit tells.
    fn of(blocks: &'a Sorted<u64, Vec<u8>>, index: &[u8]) -> Contents<'a> {
        let index = Index::read(index);
        let (mut messages, mut gone) = (Vec::<Stored<'a>>::new(), Vec::new());
        let mut last = index.as_ref().map_or(0, |index| index.last);
        for (number, block) in blocks {
            for record in records(block) {
                match (record, &index) {
                    (Record::Message(message), index) => {
                        let seq = message.seq;
                        let left = index.as_ref().is_none_or(|index| index.has(*number, seq));
                        if left && messages.last().is_none_or(|last| last.seq < seq) {
                            messages.push(message);
                            last = last.max(seq);
                        }
                    }
                    (Record::Gone(seq), None) => {
                        gone.push(seq);
                        last = last.max(seq);
                    }
                    _ => {}
                }
            }
        }
        gone.sort_unstable();
        messages.retain(|message| gone.binary_search(&message.seq).is_err());
        let first = match messages.first() {
            Some(message) => Some(message.seq),
            None => (last > 0).then_some(last.saturating_add(1)),
        };
        Contents {
            first,
            last,
            last_time: index.map(|index| index.last_time),
            messages,
        }
    }

    fn put_into(&self, core: &mut Core, stream: &mut Stream) {
        for message in &self.messages {
            let next = stream.store.last_seq() + 1;
            if message.seq > next && stream.skip(core, next, message.seq - 1).is_err() {
                return;
            }
            let restored = Restored {
                seq: message.seq,
                time: Time(message.time),
                subject: message.subject,
                headers: message.headers,
                payload: message.payload,
            };
            // Nobody could take it; its sequence stays used up.
            let put = match super::is_publishable(message.subject) {
                true => stream.put_back(core, restored),
                false => stream.skip(core, message.seq, message.seq),
            };
            if put.is_err() {
                return;
            }
        }
        let next = stream.store.last_seq() + 1;
        if next <= self.last && stream.skip(core, next, self.last).is_err() {
            return;
        }
        if let Some(last_time) = self.last_time {
            let (first, last) = (stream.store.first_seq(), stream.store.last_seq());
            stream.store.put_state(first, last, last_time);
        }
    }
}

struct Corrupt;

/// A consumer's state file (`encodeConsumerState`, `decodeConsumerState`).
fn read_state(file: &[u8]) -> Result<BackedUp, Corrupt> {
    let [22, version @ (1 | 2), rest @ ..] = file else {
        return Err(Corrupt);
    };
    let mut rest = rest;
    let mut next = || number(&mut rest).ok().flatten().ok_or(Corrupt);
    let mut state = BackedUp::default();
    let (floor, mut delivered) = ((next()?, next()?), (next()?, next()?));
    if *version == 1 {
        // Counted from the floor, and up to what was next.
        delivered.0 = delivered.0.saturating_add(floor.0.saturating_sub(1));
        delivered.1 = delivered.1.saturating_add(floor.1.saturating_sub(1));
    }
    state.set(delivered, floor);
    let pending = next()?;
    let base = if pending > 0 { signed(next()?) } else { 0 };
    for _ in 0..pending {
        let seq = floor.1.saturating_add(next()?);
        let sent = match version {
            1 => 0,
            _ => floor.0.saturating_add(next()?),
        };
        let time = signed(next()?);
        let since = match version {
            1 => base.saturating_add(time),
            _ => base.saturating_sub(time),
        };
        state.add_pending(seq, sent, Time(since.saturating_mul(SECOND)));
    }
    for _ in 0..next()? {
        let (seq, count) = (next()?, next()?);
        state.add_redelivered(floor.1.saturating_add(seq), count);
    }
    Ok(state)
}
