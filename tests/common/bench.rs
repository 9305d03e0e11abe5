//! A server and one client of it that asks and is told at once, in time that the test moves.

use nats_kv_playground::server::{Config, ConnectionId, Peer, Server, jetstream};
use nats_kv_playground::wire::time::{SECOND, Time};

/// A server with a client whose requests are answered on `r`.
pub struct Bench {
    server: Server,
    client: ConnectionId,
    pub now: Time,
}

/// A server with JetStream, a connection to it, and the time there.
pub fn start() -> (Server, ConnectionId, Time) {
    let now = Time(1_795_537_149 * SECOND);
    let (server, client) = start_at(now, b"");
    (server, client, now)
}

/// The same at another time, with what an earlier server wrote down.
pub fn start_at(now: Time, log: &[u8]) -> (Server, ConnectionId) {
    let config = Config {
        jetstream: Some(jetstream::start),
        ..Config::default()
    };
    let mut server = Server::new(config, 1, now);
    if !log.is_empty() {
        server.restore(log, now);
    }
    let client = server.connect(peer(), now);
    (server, client)
}

fn peer() -> Peer {
    Peer {
        ip: "127.0.0.1".into(),
        port: 4000,
        websocket: false,
    }
}

impl Bench {
    pub fn new() -> Bench {
        let (server, client, now) = start();
        let mut bench = Bench {
            server,
            client,
            now,
        };
        bench.send(
            "CONNECT {\"headers\":true,\"no_responders\":true,\"verbose\":false}\r\nSUB r 1\r\n",
        );
        bench
    }

    /// Another server that has what this one keeps.
    pub fn restarted(&mut self) -> Bench {
        let mut again = Bench::new();
        again.now = self.now;
        again.server.restore(&self.server.snapshot(), self.now);
        again
    }

    /// Another server, with a client that has read its INFO.
    pub fn with(config: Config) -> Bench {
        let (_, _, now) = start();
        let mut server = Server::new(config, 1, now);
        let client = server.connect(peer(), now);
        let mut bench = Bench {
            server,
            client,
            now,
        };
        bench.send("");
        bench
    }

    /// Sends commands; what comes back.
    pub fn send(&mut self, text: &str) -> String {
        self.send_bytes_as(self.client, text.as_bytes())
    }

    /// The same with what need not be text.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> String {
        self.send_bytes_as(self.client, bytes)
    }

    /// Another client, which has read its INFO.
    pub fn open(&mut self) -> ConnectionId {
        let id = self.server.connect(peer(), self.now);
        self.send_as(id, "");
        id
    }

    /// Sends commands as another client; what it is sent.
    pub fn send_as(&mut self, id: ConnectionId, text: &str) -> String {
        self.send_bytes_as(id, text.as_bytes())
    }

    fn send_bytes_as(&mut self, id: ConnectionId, bytes: &[u8]) -> String {
        self.server.receive(id, bytes, self.now);
        self.server.take_ready();
        String::from_utf8(self.server.take_output(id).bytes).expect("text")
    }

    /// Publishes `v` on each.
    pub fn publish(&mut self, subjects: &[&str]) {
        for subject in subjects {
            self.send(&format!("PUB {subject} 1\r\nv\r\n"));
        }
    }

    /// Asks `$JS.API.` and this.
    pub fn ask(&mut self, request: &str, payload: &str) -> String {
        let size = payload.len();
        self.send(&format!("PUB $JS.API.{request} r {size}\r\n{payload}\r\n"))
    }

    /// Waits for the next timer, or what else is due.
    pub fn step(&mut self) {
        if let Some(at) = self.server.next_deadline() {
            self.now = self.now.max(at);
            self.server.advance(self.now);
        }
    }

    /// Lets `ns` nanoseconds pass, each timer in its time.
    pub fn wait(&mut self, ns: i64) {
        let end = self.now.after(ns);
        while let Some(at) = self.server.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.server.advance(self.now);
        }
        self.now = end;
        self.server.advance(end);
    }
}

/// A number of an answer.
pub fn number(answer: &str, name: &str) -> u64 {
    let key = format!("\"{name}\":");
    let at = answer.find(&key).expect("a field of the answer") + key.len();
    let digits: String = answer[at..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().expect("a number")
}
