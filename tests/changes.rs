//! How much is written down of what happens to a consumer: what changed, and no more.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{number, start_at};
use nats_kv_playground::server::{ConnectionId, Server};
use nats_kv_playground::wire::time::{SECOND, Time};

const START: Time = Time(1_795_537_149 * SECOND);

/// A server, a client of it, and what was written down.
struct Node {
    server: Server,
    client: ConnectionId,
    log: Vec<u8>,
}

impl Node {
    fn start(log: &[u8]) -> Node {
        let (mut server, client) = start_at(START, log);
        let log = server.snapshot();
        let mut node = Node {
            server,
            client,
            log,
        };
        node.send("CONNECT {\"verbose\":false,\"headers\":true}\r\nSUB r 1\r\nSUB d 2\r\n");
        node
    }

    fn send(&mut self, text: &str) -> String {
        self.server.receive(self.client, text.as_bytes(), START);
        self.log.extend(self.server.take_journal());
        self.server.take_ready();
        let output = self.server.take_output(self.client);
        String::from_utf8(output.bytes).expect("text")
    }

    fn ask(&mut self, request: &str, payload: &str) -> String {
        let size = payload.len();
        self.send(&format!("PUB $JS.API.{request} r {size}\r\n{payload}\r\n"))
    }
}

/// With a consumer `c` that waits for 5,000 acks, whose subjects come along; it sends heartbeats.
fn with_pending() -> (Node, Vec<String>) {
    let mut node = Node::start(b"");
    node.ask("STREAM.CREATE.F", "{\"name\":\"F\",\"subjects\":[\"f\"]}");
    let fields = "\"durable_name\":\"c\",\"deliver_subject\":\"d\",\"ack_policy\":\"explicit\",\"max_ack_pending\":-1,\
                  \"idle_heartbeat\":200000000";
    let config = format!("{{\"stream_name\":\"F\",\"config\":{{{fields}}}}}");
    node.ask("CONSUMER.CREATE.F.c", &config);
    let got = node.send(&"PUB f 0\r\n\r\n".repeat(5000));
    let acks = (got.split_whitespace()).filter(|word| word.starts_with("$JS.ACK"));
    let acks: Vec<String> = acks.map(str::to_owned).collect();
    assert_eq!(acks.len(), 5000);
    (node, acks)
}

#[test]
fn heartbeats_are_not_written_down() {
    let (mut node, _) = with_pending();
    let mut heartbeats = 0;
    while let Some(at) = node
        .server
        .next_deadline()
        .filter(|at| *at < START.after(5 * SECOND))
    {
        node.server.advance(at);
        node.server.take_ready();
        let sent = String::from_utf8(node.server.take_output(node.client).bytes).expect("text");
        heartbeats += sent.matches("100 Idle Heartbeat").count();
        assert_eq!(node.server.take_journal(), b"");
    }
    assert!(heartbeats > 20, "{heartbeats}");
}

#[test]
fn an_ack_is_written_down_as_one() {
    let (mut node, acks) = with_pending();
    for ack in &acks[..500] {
        let before = node.log.len();
        node.send(&format!("PUB {ack} 4\r\n+ACK\r\n"));
        assert!((1..110).contains(&(node.log.len() - before)));
    }
    let info = Node::start(&node.log).ask("CONSUMER.INFO.F.c", "");
    assert_eq!(number(&info, "num_ack_pending"), 4500, "{info}");
}

#[test]
fn only_what_is_promised_has_to_be_on_the_disk() {
    let mut node = Node::start(b"");
    let mut written = |text: &str| {
        node.server.receive(node.client, text.as_bytes(), START);
        let promised = node.server.has_promised();
        let written = !node.server.take_journal().is_empty();
        assert!(!node.server.has_promised());
        let output = node.server.take_output(node.client);
        let output = String::from_utf8(output.bytes).expect("text");
        let ack = output
            .split_whitespace()
            .find(|word| word.starts_with("$JS.ACK"));
        ((written, promised), ack.map(str::to_owned))
    };
    let ask = |subject: &str, payload: &str| {
        let size = payload.len();
        format!("PUB $JS.API.{subject} r {size}\r\n{payload}\r\n")
    };
    let stream = "{\"name\":\"W\",\"subjects\":[\"w\"],\"retention\":\"workqueue\"}";
    let consumer =
        "{\"stream_name\":\"W\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit\"}}";
    assert_eq!(written(&ask("STREAM.CREATE.W", stream)).0, (true, true));
    assert_eq!(written(&ask("STREAM.INFO.W", "")).0, (false, false));
    assert_eq!(
        written(&ask("CONSUMER.CREATE.W.c", consumer)).0,
        (true, true)
    );
    for _ in 0..3 {
        assert_eq!(written("PUB w r 1\r\na\r\n").0, (true, true));
    }
    let interest = "{\"name\":\"I\",\"subjects\":[\"i\"],\"retention\":\"interest\"}";
    assert_eq!(written(&ask("STREAM.CREATE.I", interest)).0, (true, true));
    // Nobody wants it: what its answer tells is its sequence.
    assert_eq!(written("PUB i r 1\r\na\r\n").0, (true, true));
    // A delivery, and an ack that takes the message out of the stream.
    let (delivered, ack) = written(&ask("CONSUMER.MSG.NEXT.W.c", ""));
    assert_eq!(delivered, (true, false));
    let ack = ack.expect("a message");
    assert_eq!(
        written(&format!("PUB {ack} r 4\r\n+ACK\r\n")).0,
        (true, false)
    );
    let delete = ask("STREAM.MSG.DELETE.W", "{\"seq\":2}");
    assert_eq!(written(&delete).0, (true, true));
    assert_eq!(written(&delete).0, (false, false));
    assert_eq!(written(&ask("STREAM.PURGE.W", "")).0, (true, true));
    assert_eq!(written(&ask("STREAM.DELETE.W", "")).0, (true, true));
}

#[test]
fn changes_fit_behind_an_earlier_snapshot_as_well() {
    let mut node = Node::start(b"");
    node.ask("STREAM.CREATE.F", "{\"name\":\"F\",\"subjects\":[\"f\"]}");
    node.send("PUB f 1\r\na\r\n");
    let mut second = node.server.snapshot();
    let had = node.log.len();
    node.send("PUB f 1\r\nb\r\n");
    second.extend_from_slice(&node.log[had..]);
    for log in [&node.log, &second] {
        let (mut server, _) = start_at(START, b"");
        assert_eq!(server.restore(log, START), 0);
        assert_eq!(server.file_bytes(), node.server.file_bytes());
        let info = Node::start(log).ask("STREAM.INFO.F", "");
        assert_eq!(number(&info, "messages"), 2, "{info}");
    }
}
