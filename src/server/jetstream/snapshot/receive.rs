//! A backup on its way into a stream: `RestoreStreamV2` of nats-server's `stream_backup.go`, step by step as chunks come. What
//! was restored before something turned out to be wrong stays, as there. Must not know requests and chunks' replies.

use super::archive::{self, Header, Invalid, Part, Reader};
use super::legacy::Files;
use super::state::State;
use super::tar;
use crate::server::MAX_PAYLOAD;
use crate::server::core::{ConsumerId, Core, StreamId};
use crate::server::jetstream::JetStream;
use crate::server::jetstream::consumer::{Backup, Consumer};
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::stream::{Mismatch, Restored, Stream, StreamConfig};
use crate::wire::json::quote;
use crate::wire::s2::{self, Decoder};
use crate::wire::time::Time;

/// Bytes in which it must show what kind of backup it is: a stream's start and a chunk of the largest size.
const DETECT: usize = 10 + 4 + ((1 << 24) - 1);
/// Most bytes of an entry that is no message. nats-server has no limit.
const MAX_JSON: u64 = 64 << 20;
/// How much of a backup is worked off in one go, in bytes, so that others are not kept waiting: a chunk may stand for a
/// thousand times its size.
const PORTION: usize = 4 << 20;
/// What an entry costs besides its bytes.
const ENTRY: usize = 512;
/// Bytes of chunks that may wait. Who sends more without waiting for acks is worked off in one go.
const MAX_WAITING: usize = 16 << 20;

/// What comes next in the archive.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// What it starts with.
    Magic,
    /// Files, in the backup of a server before 2.15.
    Files,
    /// `state.json`
    State,
    /// So many consumers, then messages.
    Consumers(u64),
}

/// Why it failed.
enum Failure {
    Api(ApiError),
    Text(String),
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Failure {
        Failure::Api(error)
    }
}

impl From<Invalid> for Failure {
    fn from(_: Invalid) -> Failure {
        Failure::Text(Invalid::TEXT.into())
    }
}

fn fail<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Text(text.into()))
}

/// An error of the API inside of another's text.
fn within(what: &str, error: &ApiError) -> Failure {
    Failure::Text(format!(
        "{what}: {} ({})",
        error.description, error.err_code
    ))
}

/// A backup that is being restored.
pub struct Restore {
    config: StreamConfig,
    decoder: Decoder,
    archive: Reader,
    fed: usize,
    step: Step,
    /// The entry whose bytes are to come.
    entry: Option<Header>,
    state: State,
    /// Bytes that the state speaks of and that are still to come.
    promised: u64,
    /// The last sequence that came.
    last: u64,
    stream: Option<StreamId>,
    consumers: Vec<ConsumerId>,
    /// What has come of them.
    files: (tar::Reader, Files),
    /// What may still be worked off in this go.
    left: usize,
    /// How it ended, as soon as it has.
    result: Option<Result<StreamId, ApiError>>,
}

impl Restore {
    /// For a stream of a checked configuration.
    pub fn new(config: StreamConfig) -> Restore {
        Restore {
            config,
            decoder: Decoder::default(),
            archive: Reader::default(),
            fed: 0,
            step: Step::Magic,
            entry: None,
            state: State::default(),
            promised: 0,
            last: 0,
            stream: None,
            consumers: Vec::new(),
            files: Default::default(),
            left: 0,
            result: None,
        }
    }

    /// Name of the stream.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Takes a chunk. What comes after the end, or after something went wrong, is ignored.
    pub fn take(&mut self, chunk: &[u8]) {
        if self.result.is_none() {
            self.fed = self.fed.saturating_add(chunk.len());
            self.decoder.feed(chunk);
        }
    }

    /// Works off a portion of what was taken; true if there is more.
    pub fn go_on(&mut self, js: &mut JetStream, core: &mut Core) -> bool {
        while self.result.is_none() {
            self.left = PORTION;
            let done = self.portion(js, core);
            self.settle(js, core, done);
            if self.left > 0 || self.decoder.waiting() <= MAX_WAITING {
                break;
            }
        }
        self.result.is_none() && self.left == 0
    }

    /// No more chunks come: how did it end?
    pub fn end(&mut self, js: &mut JetStream, core: &mut Core) -> Result<StreamId, ApiError> {
        if self.result.is_none() {
            let done = match self.cut() {
                Some(failure) => Err(failure),
                None => self.restore_files(js, core),
            };
            self.settle(js, core, done);
        }
        let never = Err(ApiError::new(500, 10062, "restore failed: EOF"));
        self.result.clone().unwrap_or(never)
    }

    /// It is given up.
    pub fn abandon(&mut self, js: &mut JetStream, core: &mut Core, why: &str) -> ApiError {
        if self.result.is_none() {
            self.settle(js, core, fail(why));
        }
        ApiError::new(500, 10062, format!("restore failed: {why}"))
    }

    /// Opens the stream if that is it, for better or worse.
    fn settle(&mut self, js: &mut JetStream, core: &mut Core, done: Result<bool, Failure>) {
        let result = match done {
            Ok(false) => return,
            Ok(true) => self
                .stream
                .ok_or_else(|| ApiError::from(super::STREAM_NOT_FOUND)),
            Err(Failure::Api(error)) => Err(error),
            Err(Failure::Text(text)) => {
                Err(ApiError::new(500, 10062, format!("restore failed: {text}")))
            }
        };
        self.result = Some(result);
        (self.decoder, self.archive) = (Decoder::default(), Reader::default());
        self.files = Default::default();
        if let Some(id) = self.stream
            && let Some(stream) = js.streams.get_mut(&id)
        {
            // Servers before 2.15 took over files, and looked first at what has had its time.
            let old = matches!(self.step, Step::Files);
            if old {
                stream.open(core);
                stream.expire(core);
            }
            let (consumers, view) = stream.parts();
            for id in self.consumers.drain(..) {
                consumers.wake(core, view, id);
            }
            if !old {
                stream.open(core);
            }
            stream.follow(core);
        }
    }

    /// What is wrong with a backup that ends here.
    fn cut(&self) -> Option<Failure> {
        let corrupt = s2::Error::Corrupt.text();
        let text = match (self.step, self.decoder.is_inside()) {
            (Step::Magic | Step::Files, true) => corrupt,
            (Step::Magic, false) if self.archive.is_inside() => "unexpected EOF",
            (Step::Files, false) if self.files.0.is_inside() => "unexpected EOF",
            (Step::Files, false) => return None,
            (Step::State | Step::Consumers(_), inside) if inside || self.archive.is_inside() => {
                return Some(self.invalid());
            }
            _ => "EOF",
        };
        Some(Failure::Text(text.into()))
    }

    /// The archive breaks off or cannot be read, in what is read now.
    fn invalid(&self) -> Failure {
        let text = Invalid::TEXT;
        Failure::Text(match &self.entry {
            None => text.into(),
            Some(_) if matches!(self.step, Step::State) => format!("error in state.json: {text}"),
            Some(entry) if entry.sequence > 0 => {
                format!("failed to read message sequence {}: {text}", entry.sequence)
            }
            Some(entry) => {
                let name = quote(consumer_name(entry));
                format!("failed to decode consumer {name} state: {text}")
            }
        })
    }

    /// Works off what is there, or a portion of it; true at the end of the backup.
    fn portion(&mut self, js: &mut JetStream, core: &mut Core) -> Result<bool, Failure> {
        loop {
            if self.parts(js, core)? {
                return Ok(true);
            }
            if self.left == 0 {
                return Ok(false);
            }
            let input = self.archive.input.end();
            let before = input.len();
            match self.decoder.next_block(input) {
                Ok(true) => self.left = self.left.saturating_sub(input.len() - before),
                Ok(false) if matches!(self.step, Step::Magic) && self.fed >= DETECT => {
                    return fail("snapshot format not detected within size limit");
                }
                Ok(false) => return Ok(false),
                Err(error) if matches!(self.step, Step::Magic | Step::Files) => {
                    return fail(error.text());
                }
                Err(_) => return Err(self.invalid()),
            }
        }
    }

    fn parts(&mut self, js: &mut JetStream, core: &mut Core) -> Result<bool, Failure> {
        if let Step::Magic = self.step {
            self.step = match self.archive.has_magic() {
                None => return Ok(false),
                Some(true) => Step::State,
                Some(false) => Step::Files,
            };
            if let Step::State = self.step {
                self.archive.input.take(archive::MAGIC.len());
            }
        }
        if let Step::Files = self.step {
            return self.take_files(js, core);
        }
        while self.left > 0
            && let Some(part) = self.archive.next_part().map_err(|_| self.invalid())?
        {
            match part {
                Part::Header(header) => {
                    if self.on_header(&header)? {
                        self.finish(js, core)?;
                        return Ok(true);
                    }
                    self.entry = Some(header);
                }
                Part::Body(body) => {
                    self.left = self.left.saturating_sub(ENTRY + body.len());
                    if let Some(entry) = self.entry.take() {
                        self.on_entry(js, core, &entry, &body)?;
                    }
                }
            }
        }
        Ok(false)
    }

    fn take_files(&mut self, js: &JetStream, core: &Core) -> Result<bool, Failure> {
        let (reader, files) = &mut self.files;
        reader.input.end().append(self.archive.input.end());
        loop {
            match reader.next_file() {
                Ok(Some(file)) => files.add(js, core, &self.config, file)?,
                Ok(None) => return Ok(false),
                Err(error) => return fail(error.text()),
            }
        }
    }

    /// All files are there.
    fn restore_files(&mut self, js: &mut JetStream, core: &mut Core) -> Result<bool, Failure> {
        let id = self.files.1.restore(js, core, &self.config)?;
        self.stream = Some(id);
        if let Some(stream) = js.streams.get(&id) {
            self.consumers = stream.consumers.iter().map(Consumer::id).collect();
        }
        Ok(true)
    }

    /// Looks at what an entry says of itself; true for the one that ends the backup.
    fn on_header(&self, header: &Header) -> Result<bool, Failure> {
        let sizes = [header.header_size, header.payload_size];
        let size = sizes[0].saturating_add(sizes[1]);
        if let Step::State | Step::Consumers(1..) = self.step {
            if let Step::State = self.step
                && header.name != b"state.json"
            {
                return fail("expected state.json first");
            }
            if !matches!(self.step, Step::State) && !header.name.starts_with(CONSUMERS) {
                return fail(format!("expected consumer, found {}", quote(&header.name)));
            }
            if size > MAX_JSON {
                return fail(format!("entry {} is too large", quote(&header.name)));
            }
            return Ok(false);
        }
        let seq = header.sequence;
        if seq == 0 {
            return match *header == Header::default() {
                true => Ok(true),
                false => fail("expected message sequence"),
            };
        }
        if size > MAX_PAYLOAD as u64 {
            let text = format!("message sequence {seq} exceeds maximum payload size");
            return fail(text);
        }
        let limit = self.config.max_msg_size;
        if limit >= 0 && size > limit as u64 {
            let text = format!("message sequence {seq} exceeds maximum message size");
            return fail(text);
        }
        if !super::is_publishable(&header.name) {
            return fail(format!("message sequence {seq} has an invalid subject"));
        }
        Ok(false)
    }

    fn on_entry(
        &mut self,
        js: &mut JetStream,
        core: &mut Core,
        entry: &Header,
        body: &[u8],
    ) -> Result<(), Failure> {
        match self.step {
            Step::Magic | Step::Files | Step::State => {
                let read = State::read(body);
                self.state =
                    read.map_err(|e| Failure::Text(format!("error in state.json: {e}")))?;
                self.state.check().or_else(fail)?;
                self.stream = Some(self.add_stream(js, core)?);
                self.promised = self.state.bytes;
                self.last = self.state.first_seq.wrapping_sub(1);
                self.step = Step::Consumers(self.state.consumers.unsigned_abs());
                Ok(())
            }
            Step::Consumers(left @ 1..) => {
                self.step = Step::Consumers(left - 1);
                self.add_consumer(js, core, entry, body)
            }
            Step::Consumers(0) => self.add_message(js, core, entry, body),
        }
    }

    fn add_stream(&self, js: &mut JetStream, core: &mut Core) -> Result<StreamId, Failure> {
        if js.config(self.name()).is_some() {
            return Err(ApiError::from(super::EXISTS).into());
        }
        let config = &self.config;
        let bytes = i64::try_from(self.state.bytes).unwrap_or(i64::MAX);
        js.check_reservation(core, config.storage, config.max_bytes.max(bytes))?;
        js.check_use(core, config.storage, self.state.bytes)?;
        let first = self.state.first_seq;
        js.add_restoring(core, config.clone(), Some(first))
            .map_err(|error| within("error adding stream", &error))
    }

    fn open_stream<'a>(&self, js: &'a mut JetStream) -> Result<&'a mut Stream, Failure> {
        let stream = self.stream.and_then(|id| js.streams.get_mut(&id));
        match stream {
            Some(stream) => Ok(stream),
            None => fail("store is closed"),
        }
    }

    fn add_consumer(
        &mut self,
        js: &mut JetStream,
        core: &mut Core,
        entry: &Header,
        body: &[u8],
    ) -> Result<(), Failure> {
        let name = consumer_name(entry);
        let shown = quote(name);
        let Backup { config, state } = Backup::read(body)
            .or_else(|error| fail(format!("failed to decode consumer {shown} state: {error}")))?;
        let Some(config) = config else {
            return fail(format!("consumer {shown} is missing config"));
        };
        let Some(state) = state else {
            return fail(format!("consumer {shown} is missing state"));
        };
        let (consumers, view) = self.open_stream(js)?.parts();
        let id = consumers
            .add_sleeping(core, view, &String::from_utf8_lossy(name), config)
            .map_err(|error| within(&format!("failed to add consumer {shown}"), &error))?;
        self.consumers.push(id);
        consumers
            .put_back(id, state, false)
            .or_else(|error| fail(format!("failed to set consumer {shown} state: {error}")))
    }

    fn add_message(
        &mut self,
        js: &mut JetStream,
        core: &mut Core,
        entry: &Header,
        body: &[u8],
    ) -> Result<(), Failure> {
        let seq = entry.sequence;
        let split = usize::try_from(entry.header_size).ok();
        let Some((headers, payload)) = split.and_then(|at| body.split_at_checked(at)) else {
            return Err(Invalid.into());
        };
        if seq <= self.last {
            return fail(format!("message sequence {seq} out of order"));
        }
        let storage = self.config.storage;
        let size = storage.size(entry.name.len(), headers.len(), payload.len());
        let more = size.saturating_sub(self.promised);
        self.promised -= size - more;
        if more > 0 {
            js.check_use(core, storage, more)?;
        }
        let stream = self.open_stream(js)?;
        if seq > self.last + 1 {
            let skipped = stream.skip(core, self.last + 1, seq - 1);
            skipped
                .or_else(|Mismatch| fail(format!("failed to process gap: {}", Mismatch::TEXT)))?;
        }
        self.last = seq;
        Stream::check_ttl(headers).map_err(|e| within("failed to parse message TTL", &e))?;
        let message = Restored {
            seq,
            time: Time(entry.timestamp),
            subject: &entry.name,
            headers,
            payload,
        };
        stream.put_back(core, message).or_else(|Mismatch| {
            let text = Mismatch::TEXT;
            fail(format!("failed to store message sequence {seq}: {text}"))
        })
    }

    /// The end of the backup: sequences after the last message stay used up.
    fn finish(&mut self, js: &mut JetStream, core: &mut Core) -> Result<(), Failure> {
        let (from, to) = (self.last.saturating_add(1), self.state.last_seq);
        if from <= to {
            let skipped = self.open_stream(js)?.skip(core, from, to);
            skipped.or_else(|Mismatch| {
                fail(format!(
                    "failed to process trailing gap: {}",
                    Mismatch::TEXT
                ))
            })?;
        }
        Ok(())
    }
}

/// How names of entries with consumers begin.
const CONSUMERS: &[u8] = b"consumers/";

fn consumer_name(entry: &Header) -> &[u8] {
    entry.name.strip_prefix(CONSUMERS).unwrap_or_default()
}
