//! A server that is kept, with one client: it can be stopped at any time and started from what it wrote down.

use nats_kv_playground::server::{Config, ConnectionId, Peer, Server, jetstream};
use nats_kv_playground::wire::time::{SECOND, Time};

/// When tests begin.
pub const START: Time = Time(1_795_537_149 * SECOND);

/// A server and one client.
pub struct Node {
    pub server: Server,
    pub client: ConnectionId,
    pub now: Time,
    pub log: Vec<u8>,
}

impl Node {
    pub fn start(log: &[u8], now: Time, seed: u64) -> Node {
        let config = Config {
            jetstream: Some(jetstream::start),
            ..Config::default()
        };
        let mut server = Server::new(config, seed, now);
        server.restore(log, now);
        let log = server.snapshot();
        let client = server.connect(
            Peer {
                ip: "127.0.0.1".into(),
                port: 4000,
                websocket: false,
            },
            now,
        );
        let mut node = Node {
            server,
            client,
            now,
            log,
        };
        node.send("CONNECT {\"verbose\":false,\"headers\":true}\r\nSUB r 1\r\nPING\r\n");
        node
    }

    /// Everything the client is sent after these bytes. The journal is taken before, as a driver does.
    pub fn send(&mut self, text: &str) -> String {
        self.now = self.now.after(1_000_000);
        self.server.receive(self.client, text.as_bytes(), self.now);
        let changes = self.server.take_journal();
        self.log.extend_from_slice(&changes);
        self.server.take_ready();
        let output = self.server.take_output(self.client);
        String::from_utf8_lossy(&output.bytes).into_owned()
    }

    pub fn request(&mut self, subject: &str, payload: &str) -> String {
        self.send(&format!(
            "PUB {subject} r {}\r\n{payload}\r\n",
            payload.len()
        ))
    }

    /// Creates the stream `name` with these fields.
    pub fn create(&mut self, name: &str, fields: &str) {
        let config = format!("{{\"name\":\"{name}\"{fields}}}");
        self.request(&format!("$JS.API.STREAM.CREATE.{name}"), &config);
    }

    pub fn publish(&mut self, subject: &str, headers: &str, payload: &str) {
        let block = format!("NATS/1.0\r\n{headers}\r\n");
        let (header, total) = (block.len(), block.len() + payload.len());
        self.send(&format!(
            "HPUB {subject} r {header} {total}\r\n{block}{payload}\r\n"
        ));
    }

    pub fn wait(&mut self, ns: i64) {
        let until = self.now.after(ns);
        while let Some(at) = self.server.next_deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.server.advance(self.now);
        }
        self.now = until;
        self.send("");
    }

    /// Streams, messages and consumers as the API shows them, without what a restart may change.
    pub fn view(&mut self) -> Vec<String> {
        let mut view = Vec::new();
        for name in ["F", "T"] {
            let info = self.request(
                &format!("$JS.API.STREAM.INFO.{name}"),
                "{\"deleted_details\":true}",
            );
            view.push(cut(&info, "\"config\"", ",\"cluster\""));
            let last = cut(&info, "\"last_seq\":", ",\"last_ts\"");
            let last: u64 = last
                .rsplit(':')
                .next()
                .and_then(|n| n.parse().ok())
                .unwrap_or(0);
            for seq in last.saturating_sub(40)..=last {
                let subject = format!("$JS.API.STREAM.MSG.GET.{name}");
                let message = self.request(&subject, &format!("{{\"seq\":{seq}}}"));
                view.push(cut(&message, "{", "\r\n"));
            }
            let consumer = self.request(&format!("$JS.API.CONSUMER.INFO.{name}.c"), "");
            // When it was active is forgotten, by nats-server too.
            let mut parts = consumer.split(",\"last_active\":\"");
            let mut consumer = parts.next().unwrap_or_default().to_owned();
            consumer.extend(
                parts
                    .filter_map(|part| part.split_once('"'))
                    .map(|(_, rest)| rest),
            );
            view.push(cut(&consumer, "\"stream_name\"", ",\"num_waiting\""));
            view.push(cut(&consumer, "\"num_pending\"", ",\"ts\""));
        }
        view
    }

    /// How much is in the streams, and under which sequences.
    pub fn counts(&mut self) -> Vec<String> {
        let mut counts = Vec::new();
        for name in ["F", "T"] {
            let info = self.request(&format!("$JS.API.STREAM.INFO.{name}"), "");
            counts.push(cut(&info, "\"messages\"", ",\"first_ts\""));
            counts.push(cut(&info, "\"last_seq\"", ",\"last_ts\""));
        }
        counts
    }
}

/// The part of `text` from `from` up to `to`.
pub fn cut(text: &str, from: &str, to: &str) -> String {
    let start = text.find(from).unwrap_or(text.len());
    let rest = &text[start..];
    rest[..rest.find(to).unwrap_or(rest.len())].to_owned()
}
