//! An in-memory nats-server: a pure state machine. Bytes, time and a seed go in; bytes and the next deadline come out.
//!
//! The drain rule, for every driver (host, examples/server, tests): after each call of [`Server::connect`],
//! [`Server::receive`], [`Server::disconnect`] or [`Server::advance`], take [`Server::take_ready`] and for each
//! connection in it call [`Server::take_output`]; then wait until [`Server::next_deadline`] or new bytes.
//!
//! Must not know a clock, a random source, a socket, an async runtime, the client or the DOM.

pub mod core;
pub mod jetstream;
pub mod json;

use crate::wire::time::Time;

/// How a server is started; what nats-server takes as flags. All limits are in bytes.
#[derive(Clone, Debug)]
pub struct Config {
    /// `-n`; the server's id when `None`.
    pub server_name: Option<String>,
    /// `-a`, shown in INFO and in the log.
    pub host: String,
    /// `-p`, shown in INFO and in the log.
    pub port: u16,
    /// `-js`.
    pub jetstream: bool,
    /// `-sd`, shown in the log; file-backed streams are kept by the journal, wherever the driver puts it.
    pub store_dir: String,
    /// `--user`.
    pub user: Option<String>,
    /// `--pass`.
    pub pass: Option<String>,
    /// `--auth`.
    pub token: Option<String>,
    /// `-D`: debug lines in the log.
    pub debug: bool,
    /// `-V`: protocol trace in the log.
    pub trace: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            server_name: None,
            host: "127.0.0.1".into(),
            port: 4222,
            jetstream: false,
            store_dir: "/tmp/nats".into(),
            user: None,
            pass: None,
            token: None,
            debug: false,
            trace: false,
        }
    }
}

/// Names one client connection; INFO's `client_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Where a connection comes from, for INFO, the log and CONNZ.
#[derive(Clone, Debug)]
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
pub struct Server {}

impl Server {
    /// Starts a server. The same `config`, `seed`, times and bytes always give the same output.
    pub fn new(config: Config, seed: u64, now: Time) -> Server {
        let _ = (config, seed, now);
        Server {}
    }

    /// Accepts a connection; its first output is INFO.
    pub fn connect(&mut self, peer: Peer, now: Time) -> ConnectionId {
        let _ = (peer, now);
        ConnectionId(0)
    }

    /// Takes bytes from a connection and does everything that follows from them, deliveries to others included.
    pub fn receive(&mut self, connection: ConnectionId, bytes: &[u8], now: Time) {
        let _ = (connection, bytes, now);
    }

    /// The client's side closed the connection.
    pub fn disconnect(&mut self, connection: ConnectionId, now: Time) {
        let _ = (connection, now);
    }

    /// Connections that have output to take, oldest first; each is named once.
    pub fn take_ready(&mut self) -> Vec<ConnectionId> {
        Vec::new()
    }

    /// Takes what a connection should be sent.
    pub fn take_output(&mut self, connection: ConnectionId) -> Output {
        let _ = connection;
        Output::default()
    }

    /// Runs everything that is due at `now` (TTLs, pings, heartbeats, ack waits).
    pub fn advance(&mut self, now: Time) {
        let _ = now;
    }

    /// When [`Server::advance`] must be called next, if ever.
    pub fn next_deadline(&self) -> Option<Time> {
        None
    }

    /// Log lines since the last call, each without its newline: `[pid] date [INF] text`.
    pub fn take_log(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// SIGTERM or SIGINT (`signal` is "terminated" or "interrupt"): says so in the log, answers waiting pulls, closes all.
    pub fn shutdown(&mut self, signal: &str, now: Time) {
        let _ = (signal, now);
    }
}
