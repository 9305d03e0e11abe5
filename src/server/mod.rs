//! An in-memory nats-server: a pure state machine. Bytes, time and a seed go in; bytes and the next deadline come out.
//!
//! The drain rule, for every driver (host, examples/server, tests): after each call of [`Server::connect`],
//! [`Server::receive`], [`Server::disconnect`] or [`Server::advance`], take [`Server::take_ready`] and for each
//! connection in it call [`Server::take_output`]; then wait until [`Server::next_deadline`] or new bytes. A driver whose writes
//! take time says so by [`Server::writing`].
//!
//! Must not know a clock, a random source, a socket, an async runtime, the client or the DOM.

mod connection;
pub mod core;
mod endpoints;
mod engine;
pub mod flags;
mod handshake;
pub mod hash;
mod info;
pub mod jetstream;
pub mod journal;
mod lame_duck;
mod log;
mod message_trace;
mod options;
mod random;
pub mod routes;

mod sha256;
mod startup;
mod subscriptions;
mod system;
mod timers;
mod trace;

pub use engine::{Engine, StartEngine};
pub use info::{API_LEVEL, GO_VERSION, MAX_PAYLOAD, VERSION};
pub use lame_duck::LameDuck;

use self::core::{Core, Endpoint, Form, Message, Timer, Work};
use crate::wire::op::{ClientOp, Publish};
use crate::wire::time::Time;
use std::collections::VecDeque;

/// How long a client may take for the bytes it is sent, in seconds (`DEFAULT_FLUSH_DEADLINE` of nats-server). It is the driver who
/// waits, and calls [`Server::write_timed_out`].
pub const WRITE_DEADLINE: u64 = 10;

/// How a server is started; what nats-server takes as flags. All limits are in bytes.
#[derive(Clone, Debug)]
pub struct Config {
    /// `-n`; the server's id when `None`.
    pub server_name: Option<String>,
    /// `-a`, shown in INFO and in the log.
    pub host: String,
    /// `-p`, shown in INFO and in the log.
    pub port: u16,
    /// `-js`: what starts JetStream, [`jetstream::start`]; a server without it when `None`.
    pub jetstream: Option<StartEngine>,
    /// `-sd`, shown in the log; file-backed streams are kept by the journal, wherever the driver puts it.
    pub store_dir: String,
    /// `--user`.
    pub user: Option<String>,
    /// `--pass`.
    pub pass: Option<String>,
    /// `--auth`.
    pub token: Option<String>,
    /// Does a bcrypt hash, as `--pass` and `--auth` may be, belong to a password? With `None` it belongs to none.
    pub verify_hash: Option<fn(hash: &str, password: &str) -> bool>,
    /// `-D`: debug lines in the log.
    pub debug: bool,
    /// `-V`: protocol trace in the log.
    pub trace: bool,
    /// Port of the WebSocket door, if there is one; shown in INFO to those who come through it, and in the log.
    pub websocket_port: Option<u16>,
    /// Process id shown in the log.
    pub pid: u32,
    /// Offset of the log's local time from UTC, in nanoseconds; `None` (`-T=false`) shows no times.
    pub utc_offset: Option<i64>,
    /// Times of the log in UTC (`--logtime_utc`): the driver then leaves `utc_offset` at 0.
    pub log_utc: bool,
    /// Memory that streams may reserve, in bytes.
    pub max_memory: i64,
    /// Storage that file-backed streams may reserve, in bytes.
    pub max_storage: i64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            server_name: None,
            host: "127.0.0.1".into(),
            port: 4222,
            jetstream: None,
            store_dir: startup::TEMPORARY_STORE.into(),
            user: None,
            pass: None,
            token: None,
            verify_hash: None,
            debug: false,
            trace: false,
            websocket_port: None,
            pid: 1,
            utc_offset: Some(0),
            log_utc: false,
            max_memory: 3 << 30,
            max_storage: 10 << 30,
        }
    }
}

impl Config {
    /// Clients must authenticate.
    pub(crate) fn auth_required(&self) -> bool {
        self.user.is_some() || self.token.is_some()
    }

    /// Are these credentials good? The token counts alone if there is one.
    pub(crate) fn admits(&self, user: &str, pass: &str, token: &str) -> bool {
        match (&self.token, &self.user) {
            (Some(wanted), _) => self.same(wanted, token),
            (None, Some(wanted)) => {
                wanted == user && self.same(self.pass.as_deref().unwrap_or_default(), pass)
            }
            (None, None) => true,
        }
    }

    /// Is a password the one that is wanted, or that of the hash that is wanted?
    fn same(&self, wanted: &str, given: &str) -> bool {
        if is_hash(wanted) {
            self.verify_hash.is_some_and(|verify| verify(wanted, given))
        } else {
            wanted == given
        }
    }
}

/// Is a password a bcrypt hash, as nats-server recognizes it: `$2a$11$` and more?
fn is_hash(password: &str) -> bool {
    matches!(
        password.as_bytes(),
        [
            b'$',
            b'2',
            b'a' | b'b' | b'x' | b'y',
            b'$',
            b'0'..=b'9',
            b'0'..=b'9',
            b'$',
            ..
        ]
    )
}

/// Names one client connection; INFO's `client_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Where a connection comes from, for INFO, the log and CONNZ.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// IP address of the client, as text.
    pub ip: String,
    /// Port of the client.
    pub port: u16,
    /// Came through the WebSocket door (`wid` in the log, `type` "websocket").
    pub websocket: bool,
}

/// What [`Server::take_output`] hands out.
#[derive(Debug, Default)]
pub struct Output {
    /// Bytes to send, in order; may be empty.
    pub bytes: Vec<u8>,
    /// After the bytes: close the connection, with this reason (`Client Closed`, `Slow Consumer (Pending Bytes)` …).
    pub close: Option<String>,
}

/// A nats-server.
pub struct Server {
    core: Core,
    jetstream: Option<Box<dyn Engine>>,
    /// Endpoints of the message being routed.
    endpoints: Vec<Endpoint>,
    /// Requests among the bytes that are being taken in.
    requests: Vec<Work>,
    /// Takes no new clients, and answers nothing itself.
    lame_duck: bool,
}

impl Server {
    /// Starts a server. The same `config`, `seed`, times and bytes always give the same output.
    pub fn new(config: Config, seed: u64, now: Time) -> Server {
        let jetstream = config.jetstream;
        let mut core = Core::new(config, seed, now);
        core.log_start();
        core.subscribe_system();
        let jetstream = jetstream.map(|start| start(&mut core));
        core.log_ready();
        Server {
            core,
            jetstream,
            endpoints: Vec::new(),
            requests: Vec::new(),
            lame_duck: false,
        }
    }

    /// The log of a server that would start as with [`Server::new`], but cannot listen for clients, or for those that come by
    /// WebSocket, because of `error` (`listen tcp 0.0.0.0:4222: bind: address already in use`).
    pub fn cannot_listen(
        config: Config,
        seed: u64,
        now: Time,
        websocket: bool,
        error: &str,
    ) -> Vec<String> {
        let mut core = Core::new(config, seed, now);
        core.log_start();
        core.log_closed(websocket, error);
        core.log.take()
    }

    /// Accepts a connection; its first output is INFO.
    pub fn connect(&mut self, peer: Peer, now: Time) -> ConnectionId {
        self.core.now = now;
        self.core.accept(peer)
    }

    /// Takes bytes from a connection and does everything that follows from them, deliveries to others included. Clients get at
    /// once what they are sent by the client. What is for the server itself comes after: in nats-server other goroutines work
    /// on it, and what they say meets the subscriptions that there are when these bytes have been read.
    pub fn receive(&mut self, connection: ConnectionId, bytes: &[u8], now: Time) {
        // What was due before comes before, though the driver's timer may go off a little late.
        if self.core.timers.next().is_some_and(|due| due < now) {
            self.advance(now);
        }
        self.core.now = now;
        let Some(mut parser) = self.core.take_parser(connection) else {
            return;
        };
        self.core.behind = None;
        let mut awaits_connect = self.core.awaits_connect(connection);
        let mut input = bytes;
        while self.core.is_open(connection) {
            if awaits_connect
                && parser
                    .peek(input)
                    .is_some_and(|b| !b.eq_ignore_ascii_case(&b'C'))
            {
                self.core.auth_violation(connection);
                break;
            }
            let parsed = match parser.next(&mut input) {
                Ok(Some(parsed)) => parsed,
                Ok(None) => break,
                Err(error) => {
                    self.core.parse_error(connection, error);
                    break;
                }
            };
            self.core.operation(connection, &parsed);
            match parsed.op {
                Some(ClientOp::Publish(message)) => {
                    self.publish(connection, &message);
                    if self.core.work.len() + self.requests.len() >= core::MOST_WORK / 2 {
                        self.take_in();
                    }
                }
                Some(ClientOp::Connect(_)) => {
                    awaits_connect = false;
                    if let Some(limits) = self.core.limits(connection) {
                        parser.limits = limits;
                    }
                }
                _ => {}
            }
        }
        self.take_in();
        self.core.put_parser(connection, parser);
    }

    /// The client's side sends no more: the connection is closed once it has what is queued for it.
    pub fn end_of_input(&mut self, connection: ConnectionId, now: Time) {
        self.core.now = now;
        self.core.close(connection, "Client Closed");
        self.finish();
    }

    /// What carries a connection's bytes is broken, such as a WebSocket's frames: nothing can be read any more.
    pub fn broken(&mut self, connection: ConnectionId, why: &str, now: Time) {
        self.core.now = now;
        let text = format!("read error: {why}");
        self.core.write_log(connection, "ERR", &text);
        self.core.close(connection, "Read Error");
        self.finish();
    }

    /// The client did not take `bytes` bytes within [`WRITE_DEADLINE`]: it is a slow consumer.
    pub fn write_timed_out(&mut self, connection: ConnectionId, bytes: usize, now: Time) {
        self.core.now = now;
        let why = format!(
            "WriteDeadline of {WRITE_DEADLINE}s exceeded with 1 chunks of {bytes} total bytes."
        );
        let reason = "Slow Consumer (Write Deadline)";
        self.core.slow_consumer(connection, &why, reason);
        self.finish();
    }

    /// Adds a line of whoever runs the server to its log.
    pub fn note(&mut self, tag: &'static str, text: &str, now: Time) {
        self.core.now = now;
        self.core.log(tag, text);
    }

    /// The client's side closed the connection.
    pub fn disconnect(&mut self, connection: ConnectionId, now: Time) {
        self.core.now = now;
        self.core.forget(connection);
        self.finish();
    }

    /// Connections that have output to take, oldest first; each is named once.
    pub fn take_ready(&mut self) -> Vec<ConnectionId> {
        std::mem::take(&mut self.core.ready)
    }

    /// A connection that got something in the last [`Server::receive`] and is behind: a driver does well to receive no more
    /// from the sender for a moment.
    pub fn behind(&self) -> Option<ConnectionId> {
        self.core.behind
    }

    /// Does so much wait to be taken that the connection may soon be closed as a slow consumer?
    pub fn is_behind(&self, connection: ConnectionId) -> bool {
        let connection = self.core.connections.get(&connection);
        connection.is_some_and(|connection| connection.is_behind())
    }

    /// Takes what a connection should be sent.
    pub fn take_output(&mut self, connection: ConnectionId) -> Output {
        self.core.output(connection)
    }

    /// So many bytes of what was taken last are being written, none when that is done. Until then they count as pending, and
    /// with what waits to be taken make a connection a slow consumer.
    pub fn writing(&mut self, connection: ConnectionId, bytes: usize) {
        self.core.writing(connection, bytes);
    }

    /// Runs everything that is due at `now` (TTLs, pings, heartbeats, ack waits).
    pub fn advance(&mut self, now: Time) {
        self.core.now = now;
        let mut left = core::MOST_WORK;
        self.work(&mut left);
        for (at, timer) in self.core.timers.due(now) {
            if self.core.timers.fire(at, timer) {
                match (timer, &mut self.jetstream) {
                    (Timer::Connection(id), _) => self.core.connection_timer(id),
                    (_, Some(jetstream)) => jetstream.timer(&mut self.core, timer),
                    (_, None) => {}
                }
                self.work(&mut left);
            }
        }
    }

    /// When [`Server::advance`] must be called next, if ever.
    pub fn next_deadline(&self) -> Option<Time> {
        let core = &self.core;
        if core.work.is_empty() && core.subscriptions.changed.is_empty() && core.to_serve.is_empty()
        {
            core.timers.next()
        } else {
            Some(self.core.now)
        }
    }

    /// Log lines since the last call, each without its newline: `[pid] date [INF] text`.
    pub fn take_log(&mut self) -> Vec<String> {
        self.core.log.take()
    }

    /// Bytes of all messages in file-backed streams, as nats-server counts them: about what a [`Server::snapshot`] takes.
    pub fn file_bytes(&self) -> u64 {
        let jetstream = self.jetstream.as_ref();
        jetstream.map_or(0, |jetstream| jetstream.file_bytes())
    }

    /// File-backed streams and their durable consumers as bytes, for [`Server::restore`]. From now on
    /// [`Server::take_journal`] has the changes.
    pub fn snapshot(&mut self) -> Vec<u8> {
        let core = &mut self.core;
        let jetstream = self.jetstream.as_mut();
        jetstream.map_or_else(Vec::new, |jetstream| jetstream.snapshot(core))
    }

    /// Changes since the last call, to be appended to the last [`Server::snapshot`], or to an earlier one that has had all
    /// changes since. Empty before the first snapshot. An acknowledgement counts once these bytes are safe: keep them before
    /// [`Server::take_output`] goes out; [`Server::has_promised`] says how well.
    pub fn take_journal(&mut self) -> Vec<u8> {
        let core = &mut self.core;
        let jetstream = self.jetstream.as_mut();
        jetstream.map_or_else(Vec::new, |jetstream| jetstream.take_journal(core))
    }

    /// Whether what goes out tells somebody that changes are there to stay which [`Server::take_journal`] has not given yet: messages
    /// that were stored, and what requests to the JetStream API did. Then those bytes have to survive a loss of power, too. How far
    /// consumers have come, and what left a stream by that, need not: nats-server writes it later as well, and what was
    /// delivered meanwhile may come again.
    pub fn has_promised(&self) -> bool {
        let journal = self.core.journal.as_ref();
        journal.is_some_and(|journal| journal.is_urgent())
    }

    /// Brings back what a snapshot and the journal after it have, into a server that was just started, and returns how many
    /// bytes are damaged. Any bytes will do: what is damaged is left out, and said so in the log. The next snapshot is
    /// without it, so a driver keeps the old bytes elsewhere before that takes their place. A last record that goes on beyond the
    /// end is none of them: it was not written whole, and nobody was told that it is safe.
    pub fn restore(&mut self, log: &[u8], now: Time) -> usize {
        self.core.now = now;
        let jetstream = self.jetstream.as_mut();
        let lost = jetstream.map_or(0, |jetstream| jetstream.restore(&mut self.core, log));
        self.finish();
        lost
    }

    /// SIGTERM, SIGINT or the end of lame duck mode: answers waiting pulls, closes all.
    pub fn shutdown(&mut self, now: Time) {
        self.core.now = now;
        self.core.log("INF", "Initiating Shutdown...");
        if let Some(jetstream) = &mut self.jetstream {
            self.core.log("INF", "Initiating JetStream Shutdown...");
            jetstream.shutdown(&mut self.core);
            self.core.log("INF", "JetStream Shutdown");
        }
        self.finish();
        let open: Vec<_> = self.core.connections.keys().copied().collect();
        open.into_iter()
            .for_each(|id| self.core.close(id, "Server Shutdown"));
        self.core.log_exit(self.lame_duck);
    }

    /// Routes a client's message: to clients first, then to the server's own endpoints.
    fn publish(&mut self, from: ConnectionId, publish: &Publish<'_>) {
        let message = Message {
            subject: publish.subject,
            reply: publish.reply,
            headers: publish.headers,
            payload: publish.payload,
        };
        let form = Form {
            sizes: publish.sizes,
            double_space: false,
        };
        let size = message.headers.len() + message.payload.len();
        if self.core.begin_message_trace(from, &message, size) {
            return;
        }
        if !self.core.may_publish(from, &message) {
            return self.core.end_message_trace();
        }
        let trace = self.core.message_trace.take();
        let traced = trace.is_some();
        if traced {
            // What was read before is not in its report.
            self.take_in();
            self.core.message_trace = trace;
        }
        let mut endpoints = std::mem::take(&mut self.endpoints);
        let mut taken = self.core.route(
            Some(from),
            message.subject,
            &message,
            form,
            &mut |endpoint| endpoints.push(endpoint),
        );
        for endpoint in endpoints.drain(..) {
            if self.core.trace_endpoint(endpoint, message.subject) {
                continue;
            }
            taken = true;
            let work = || Work::new(endpoint, &message, Some(from));
            // The report says what became of it in a stream, and comes before answers, but to who asks who it is.
            let is_stream = matches!(endpoint, Endpoint::Stream(_));
            match endpoint {
                _ if traced && (is_stream || message.subject == system::USER_INFO) => {
                    self.hand_over(endpoint, message, Some(from));
                }
                Endpoint::Stream(_) => self.core.work.push_back(work()),
                _ => self.requests.push(work()),
            }
        }
        self.endpoints = endpoints;
        if !taken {
            self.core
                .no_responders(from, message.subject, message.reply);
        }
        self.core.end_message_trace();
    }

    /// Hands over what was queued. What a request sent to streams is done before the next request: a few bytes can ask for very
    /// much.
    fn work_off(&mut self, work: &Work) {
        let waiting = match work.endpoint {
            Endpoint::DirectGet(_) | Endpoint::JetStreamApi | Endpoint::System => {
                std::mem::take(&mut self.core.work)
            }
            _ => VecDeque::new(),
        };
        self.hand_over(work.endpoint, work.message(), work.from);
        if !waiting.is_empty() {
            let made = std::mem::replace(&mut self.core.work, waiting);
            for work in made.into_iter().rev() {
                self.core.work.push_front(work);
            }
        }
    }

    fn hand_over(&mut self, endpoint: Endpoint, message: Message<'_>, from: Option<ConnectionId>) {
        match (endpoint, &mut self.jetstream) {
            (Endpoint::System, _) if self.lame_duck => {}
            (Endpoint::System, _) => self.core.system_request(message, from),
            (_, Some(jetstream)) => jetstream.on_message(&mut self.core, endpoint, message, from),
            (_, None) => {}
        }
    }

    /// Does what the bytes taken in so far have for the server: first it stores what is for streams, which nats-server does
    /// while it reads, then it does what it is asked.
    fn take_in(&mut self) {
        self.core.work.extend(self.requests.drain(..));
        let mut left = core::MOST_WORK.max(self.core.work.len());
        self.work(&mut left);
    }

    /// Does what follows from what was just done.
    fn finish(&mut self) {
        let mut left = core::MOST_WORK;
        self.work(&mut left);
    }

    /// Hands over what is queued, and what follows from that, as far as `left` goes.
    fn work(&mut self, left: &mut usize) {
        while *left > 0 {
            *left -= 1;
            // Who is gone is known before the next message is stored: a consumer would count it as delivered.
            if let Some(watcher) = self.core.subscriptions.changed.pop_front() {
                if let Some(jetstream) = &mut self.jetstream {
                    jetstream.interest_changed(&mut self.core, watcher);
                }
            } else if let Some(work) = self.core.work.pop_front() {
                self.work_off(&work);
            } else if let Some((stream, consumer)) = self.core.to_serve.pop_front() {
                if let Some(jetstream) = &mut self.jetstream {
                    jetstream.serve(&mut self.core, stream, consumer);
                }
            } else {
                break;
            }
        }
    }
}
