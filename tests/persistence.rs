//! What a server writes down, another one brings back: the same streams, messages and consumers, whenever it is
//! stopped; and whatever becomes of the bytes meanwhile, nothing but what was hit is lost.

#![cfg(not(target_arch = "wasm32"))]

use nats_kv_playground::server::jetstream::journal::{Reader, Record};
use nats_kv_playground::server::{Config, ConnectionId, Peer, Server, jetstream};
use nats_kv_playground::wire::time::{SECOND, Time};
use proptest::collection::vec;
use proptest::prelude::*;

const START: Time = Time(1_795_537_149 * SECOND);

/// A server and one client.
struct Node {
    server: Server,
    client: ConnectionId,
    now: Time,
    log: Vec<u8>,
}

impl Node {
    fn start(log: &[u8], now: Time, seed: u64) -> Node {
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
    fn send(&mut self, text: &str) -> String {
        self.now = self.now.after(1_000_000);
        self.server.receive(self.client, text.as_bytes(), self.now);
        let changes = self.server.take_journal();
        self.log.extend_from_slice(&changes);
        self.server.take_ready();
        let output = self.server.take_output(self.client);
        String::from_utf8_lossy(&output.bytes).into_owned()
    }

    fn request(&mut self, subject: &str, payload: &str) -> String {
        self.send(&format!(
            "PUB {subject} r {}\r\n{payload}\r\n",
            payload.len()
        ))
    }

    /// Creates the stream `name` with these fields.
    fn create(&mut self, name: &str, fields: &str) {
        let config = format!("{{\"name\":\"{name}\"{fields}}}");
        self.request(&format!("$JS.API.STREAM.CREATE.{name}"), &config);
    }

    fn publish(&mut self, subject: &str, headers: &str, payload: &str) {
        let block = format!("NATS/1.0\r\n{headers}\r\n");
        let (header, total) = (block.len(), block.len() + payload.len());
        self.send(&format!(
            "HPUB {subject} r {header} {total}\r\n{block}{payload}\r\n"
        ));
    }

    fn wait(&mut self, ns: i64) {
        let until = self.now.after(ns);
        while let Some(at) = self.server.next_deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.server.advance(self.now);
        }
        self.now = until;
        self.send("");
    }

    /// Streams, messages and consumers as the API shows them, without what a restart may change.
    fn view(&mut self) -> Vec<String> {
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
    fn counts(&mut self) -> Vec<String> {
        let mut counts = Vec::new();
        for name in ["F", "T"] {
            let info = self.request(&format!("$JS.API.STREAM.INFO.{name}"), "");
            counts.push(cut(&info, "\"messages\"", ",\"first_ts\""));
            counts.push(cut(&info, "\"last_seq\"", ",\"last_ts\""));
        }
        counts
    }
}

/// How far the consumers of a snapshot are.
fn states(log: &[u8]) -> Vec<Vec<u8>> {
    let state = |record| match record {
        Record::ConsumerState { state, .. } => Some(state.to_vec()),
        _ => None,
    };
    Reader::new(log)
        .into_iter()
        .flatten()
        .filter_map(state)
        .collect()
}

/// The part of `text` from `from` up to `to`.
fn cut(text: &str, from: &str, to: &str) -> String {
    let start = text.find(from).unwrap_or(text.len());
    let rest = &text[start..];
    rest[..rest.find(to).unwrap_or(rest.len())].to_owned()
}

#[derive(Clone, Debug)]
enum Step {
    Create(usize, usize),
    Update(usize, usize),
    Delete(usize),
    Put(usize, u8, u8),
    Ttl(u8),
    Rollup(u8),
    Purge(usize, u8),
    Remove(usize, u8),
    Consumer(usize),
    DropConsumer(usize),
    Pull(usize),
    Ack(usize, u8),
    Wait(u8),
}

const NAMES: [&str; 3] = ["F", "M", "T"];
const OPTIONS: [&str; 4] = [
    "",
    ",\"max_msgs_per_subject\":2",
    ",\"max_msgs\":5,\"description\":\"d\"",
    ",\"duplicate_window\":1000000000,\"metadata\":{\"a\":\"b\"}",
];

fn step() -> impl Strategy<Value = Step> {
    let stream = 0..3usize;
    prop_oneof![
        3 => (stream.clone(), 0..4usize).prop_map(|(s, o)| Step::Create(s, o)),
        2 => (stream.clone(), 0..4usize).prop_map(|(s, o)| Step::Update(s, o)),
        1 => stream.clone().prop_map(Step::Delete),
        12 => (stream.clone(), any::<u8>(), any::<u8>()).prop_map(|(s, k, v)| Step::Put(s, k, v)),
        2 => (0..5u8).prop_map(Step::Ttl),
        2 => (0..5u8).prop_map(Step::Rollup),
        2 => (stream.clone(), any::<u8>()).prop_map(|(s, n)| Step::Purge(s, n)),
        3 => (stream.clone(), any::<u8>()).prop_map(|(s, n)| Step::Remove(s, n)),
        2 => stream.clone().prop_map(Step::Consumer),
        1 => stream.clone().prop_map(Step::DropConsumer),
        3 => stream.clone().prop_map(Step::Pull),
        3 => (stream, any::<u8>()).prop_map(|(s, n)| Step::Ack(s, n)),
        2 => (1..200u8).prop_map(Step::Wait),
    ]
}

fn config(stream: usize, options: usize) -> String {
    let name = NAMES[stream];
    let (storage, more) = match stream {
        1 => ("memory", ""),
        2 => (
            "file",
            ",\"allow_msg_ttl\":true,\"subject_delete_marker_ttl\":1000000000",
        ),
        _ => ("file", ""),
    };
    format!(
        "{{\"name\":\"{name}\",\"subjects\":[\"{name}.>\"],\"storage\":\"{storage}\",\"allow_direct\":true,\
         \"allow_rollup_hdrs\":true{more}{}}}",
        OPTIONS[options]
    )
}

fn take(node: &mut Node, acks: &mut Vec<String>, step: &Step) {
    match *step {
        Step::Create(s, o) => {
            node.request(
                &format!("$JS.API.STREAM.CREATE.{}", NAMES[s]),
                &config(s, o),
            );
        }
        Step::Update(s, o) => {
            node.request(
                &format!("$JS.API.STREAM.UPDATE.{}", NAMES[s]),
                &config(s, o),
            );
        }
        Step::Delete(s) => {
            node.request(&format!("$JS.API.STREAM.DELETE.{}", NAMES[s]), "");
        }
        Step::Put(s, key, value) => {
            let id = if key > 200 {
                format!("Nats-Msg-Id: {value}\r\n")
            } else {
                String::new()
            };
            node.publish(
                &format!("{}.{}", NAMES[s], key % 5),
                &id,
                &"v".repeat(value.into()),
            );
        }
        Step::Ttl(key) => node.publish(&format!("T.{key}"), "Nats-TTL: 1s\r\n", "short"),
        Step::Rollup(key) => node.publish(&format!("F.{key}"), "Nats-Rollup: sub\r\n", "one"),
        Step::Purge(s, n) => {
            let body = match n % 4 {
                0 => String::new(),
                1 => format!("{{\"seq\":{n}}}"),
                2 => format!("{{\"keep\":{}}}", n % 7),
                _ => format!("{{\"filter\":\"{}.{}\"}}", NAMES[s], n % 5),
            };
            node.request(&format!("$JS.API.STREAM.PURGE.{}", NAMES[s]), &body);
        }
        Step::Remove(s, seq) => {
            let body = format!("{{\"seq\":{}}}", seq % 40);
            node.request(&format!("$JS.API.STREAM.MSG.DELETE.{}", NAMES[s]), &body);
        }
        Step::Consumer(s) => {
            let name = NAMES[s];
            let body = format!(
                "{{\"stream_name\":\"{name}\",\"config\":{{\"durable_name\":\"c\",\"ack_policy\":\"explicit\",\
                 \"filter_subject\":\"{name}.>\"}}}}"
            );
            node.request(&format!("$JS.API.CONSUMER.DURABLE.CREATE.{name}.c"), &body);
        }
        Step::DropConsumer(s) => {
            node.request(&format!("$JS.API.CONSUMER.DELETE.{}.c", NAMES[s]), "");
        }
        Step::Pull(s) => {
            let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.c", NAMES[s]);
            let got = node.request(&subject, "{\"batch\":2,\"no_wait\":true}");
            let replies = got
                .split_whitespace()
                .filter(|word| word.starts_with("$JS.ACK."));
            acks.extend(replies.map(str::to_owned));
        }
        Step::Ack(s, n) => {
            let own = format!("$JS.ACK.{}.", NAMES[s]);
            let mut own = (0..acks.len()).filter(|at| acks[*at].starts_with(&own));
            if let Some(at) = own.nth(usize::from(n / 8 % 3)) {
                let answers = [
                    "+ACK",
                    "-NAK",
                    "-NAK {\"delay\":9000000000}",
                    "+WPI",
                    "+TERM",
                ];
                let answer = answers.get(usize::from(n % 8)).unwrap_or(&"+ACK");
                let ack = acks.remove(at);
                node.request(&ack, answer);
            }
        }
        Step::Wait(n) => node.wait(i64::from(n) * 10_000_000),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_restart_changes_nothing(steps in vec(step(), 1..80), seed in any::<u64>()) {
        let mut node = Node::start(b"", START, seed);
        let mut acks = Vec::new();
        for step in &steps {
            take(&mut node, &mut acks, step);
        }
        // A restart puts expiry off or brings it forward, by a quarter of a second: what counts is what comes of it.
        let mut early = Node::start(&node.log, node.now, seed ^ 2);
        early.now = node.now;
        early.wait(3 * SECOND);
        node.wait(3 * SECOND);
        prop_assert_eq!(early.counts(), node.counts());
        // Memory streams go, with everything in them.
        let mut again = Node::start(&node.log, node.now, seed ^ 1);
        again.now = node.now;
        let gone = again.request("$JS.API.STREAM.INFO.M", "");
        prop_assert!(gone.contains("10059"));
        // A purge of one message may leave it in num_pending, in nats-server too; a restart counts anew.
        let purged = steps.iter().any(|step| matches!(step, Step::Purge(..)));
        let (want, got) = (node.view(), again.view());
        for (want, got) in want.iter().zip(&got) {
            if !(purged && want.starts_with("\"num_pending\"")) {
                prop_assert_eq!(want, got);
            }
        }
        // Changes since the start say what everything written anew does.
        let whole = node.server.snapshot();
        let [told, whole] = [&node.log, &whole].map(|log| Node::start(log, node.now, seed).log);
        prop_assert_eq!(states(&told), states(&whole));
    }

    #[test]
    fn damage_costs_what_it_hits(
        steps in vec(step(), 20..80),
        seed in any::<u64>(),
        at in any::<prop::sample::Index>(),
        flip in any::<u8>(),
    ) {
        let mut node = Node::start(b"", START, seed);
        let mut acks = Vec::new();
        take(&mut node, &mut acks, &Step::Create(0, 0));
        for step in &steps {
            take(&mut node, &mut acks, step);
        }
        let at = at.index(node.log.len());
        // A torn tail is a shorter history: what is left of it must hold together.
        Node::start(&node.log[..at], node.now, seed ^ 1).view();
        let mut damaged = node.log.clone();
        damaged[at] ^= flip;
        let mut again = Node::start(&damaged, node.now, seed ^ 1);
        let warned = again.server.take_log().iter().any(|line| line.contains("[WRN]") && line.contains("stored state"));
        // The header is kept threefold; in records every flipped bit is seen.
        prop_assert_eq!(warned, flip != 0 && at >= 32 || warned && at < 32);
        again.view();
    }
}

/// As with nats-server, whose clients come back to their consumers after a restart.
#[test]
fn ephemerals_wait_for_their_clients() {
    let mut node = Node::start(b"", START, 1);
    node.request(
        "$JS.API.STREAM.CREATE.F",
        "{\"name\":\"F\",\"subjects\":[\"F.>\"]}",
    );
    let create = |node: &mut Node, name: &str, config: &str| {
        node.request(
            &format!("$JS.API.CONSUMER.CREATE.F{name}"),
            &format!(
                "{{\"stream_name\":\"F\",\"config\":{{\"ack_policy\":\"explicit\"{config}}}}}"
            ),
        )
    };
    let created = create(&mut node, "", "");
    let name = cut(&created, "\"name\":\"", "\",\"created")["\"name\":\"".len()..].to_owned();
    create(&mut node, ".E1", ",\"name\":\"E1\"");
    create(&mut node, ".E2", ",\"name\":\"E2\",\"mem_storage\":true");
    let push = ",\"name\":\"E3\",\"deliver_subject\":\"nobody\"";
    create(&mut node, ".E3", push);
    let there = |node: &mut Node| {
        ["E1", "E2", "E3", &name].map(|name| {
            let info = node.request(&format!("$JS.API.CONSUMER.INFO.F.{name}"), "");
            info.contains(&format!("\"name\":\"{name}\",\"deliver_policy\":\"all\""))
        })
    };
    let mut again = Node::start(&node.log, node.now, 2);
    assert_eq!(there(&mut again), [true, false, true, true]);
    again.wait(4 * SECOND);
    assert_eq!(there(&mut again), [true, false, true, true]);
    again.wait(3 * SECOND);
    assert_eq!(there(&mut again), [false; 4]);
    let mut later = Node::start(&again.log, again.now, 3);
    assert_eq!(there(&mut later), [false; 4]);
}

/// nats-server loses them; see `tests/differential/differences.md`.
#[test]
fn messages_before_a_raised_first_seq_stay() {
    let mut node = Node::start(b"", START, 1);
    let stream = |rest: &str| format!("{{\"name\":\"F\",\"subjects\":[\"f\"]{rest}}}");
    node.request("$JS.API.STREAM.CREATE.F", &stream(""));
    node.publish("f", "", "1");
    node.request("$JS.API.STREAM.UPDATE.F", &stream(",\"first_seq\":5"));
    for expected in ["\"seq\":2", "\"seq\":3"] {
        node = Node::start(&node.log, node.now, 1);
        let ack = node.send("PUB f r 1\r\nx\r\n");
        assert!(ack.contains(expected), "{ack}");
    }
    let info = node.request("$JS.API.STREAM.INFO.F", "");
    assert!(info.contains("\"messages\":3"), "{info}");
    node.request("$JS.API.STREAM.PURGE.F", "");
    node = Node::start(&node.log, node.now, 1);
    let ack = node.send("PUB f r 1\r\nx\r\n");
    assert!(ack.contains("\"seq\":5"), "{ack}");
}

/// As nats-server does it: one that was to begin beyond the end of its stream begins with what comes next.
#[test]
fn a_consumer_goes_back_to_the_end_of_its_stream() {
    let mut node = Node::start(b"", START, 1);
    node.create("F", ",\"subjects\":[\"f\"]");
    node.publish("f", "", "1");
    let consumer = "{\"stream_name\":\"F\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit\",\
                    \"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":10}}";
    let made = node.request("$JS.API.CONSUMER.CREATE.F.c", consumer);
    assert!(made.contains("\"stream_seq\":9"), "{made}");
    node = Node::start(&node.log, node.now, 1);
    let info = node.request("$JS.API.CONSUMER.INFO.F.c", "");
    assert!(
        info.contains("\"delivered\":{\"consumer_seq\":0,\"stream_seq\":1}"),
        "{info}"
    );
    node.publish("f", "", "2");
    let pulled = node.request("$JS.API.CONSUMER.MSG.NEXT.F.c", "");
    assert!(pulled.contains("$JS.ACK.F.c.1.2.1."), "{pulled}");
}

/// As nats-server has it: delete markers ask for roll-ups at the start, whatever sealing took away.
#[test]
fn a_sealed_stream_with_delete_markers_allows_rollups_after_a_restart() {
    let mut node = Node::start(b"", START, 1);
    node.create("F", ",\"subjects\":[\"f\"]");
    let seal = "{\"name\":\"F\",\"subjects\":[\"f\"],\"sealed\":true,\"subject_delete_marker_ttl\":1000000000}";
    let sealed = node.request("$JS.API.STREAM.UPDATE.F", seal);
    let flags = "\"sealed\":true,\"deny_delete\":true,\"deny_purge\":";
    let now = format!("{flags}true,\"allow_rollup_hdrs\":false");
    assert!(sealed.contains(&now), "{sealed}");
    node = Node::start(&node.log, node.now, 1);
    let info = node.request("$JS.API.STREAM.INFO.F", "");
    let again = format!("{flags}false,\"allow_rollup_hdrs\":true");
    assert!(info.contains(&again), "{info}");
}

/// The stream remembers how far its source is, also without a message of it.
#[test]
fn what_a_source_sent_and_is_gone_does_not_come_again() {
    let mut node = Node::start(b"", START, 1);
    node.create("F", ",\"subjects\":[\"f\"]");
    node.create("T", ",\"sources\":[{\"name\":\"F\"}]");
    node.publish("f", "", "1");
    node.wait(SECOND);
    node.request("$JS.API.STREAM.PURGE.T", "");
    for round in 0..3 {
        node = Node::start(&node.log, node.now, 1);
        node.wait(SECOND);
        let info = node.request("$JS.API.STREAM.INFO.T", "");
        assert!(info.contains("\"messages\":0"), "{round}: {info}");
        assert!(info.contains("\"lag\":0,\"seq\":1"), "{round}: {info}");
    }
    node.publish("f", "", "2");
    let info = node.request("$JS.API.STREAM.INFO.T", "");
    assert!(info.contains("\"messages\":1"), "{info}");
}

#[test]
fn any_bytes_will_do() {
    let mut random = 88_172_645_463_325_252u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as u8
    };
    for length in [0, 1, 31, 32, 33, 500] {
        let bytes: Vec<u8> = (0..length).map(|_| next()).collect();
        Node::start(&bytes, START, 1).view();
    }
}

/// Whoever keeps the log is told that some of it could not be read, be it damaged or of another version.
#[test]
fn what_cannot_be_read_is_counted() {
    let mut node = Node::start(b"", START, 1);
    node.create("S", ",\"subjects\":[\"s\"]");
    let restore = |log: &[u8]| {
        let config = Config {
            jetstream: Some(jetstream::start),
            ..Config::default()
        };
        Server::new(config, 1, START).restore(log, START)
    };
    let (whole, length) = (node.log.clone(), node.log.len());
    assert_eq!((restore(&whole), restore(b"")), (0, 0));
    assert_eq!(restore(&whole[..length - 1]), 0, "torn, not damaged");
    let another = [b"NKVJRNL9", &whole[8..]].concat();
    assert_eq!(restore(&another), 0, "a flipped bit does no harm");
    let another = [b"NKVJRN_9", &whole[8..]].concat();
    assert_eq!(restore(&another), length);
}

/// Ack waits after a restart begin with the messages' own times, on whole seconds, but for one that a client put off.
#[test]
fn ack_waits_go_on() {
    let mut node = Node::start(b"", START, 1);
    node.create("F", ",\"subjects\":[\"F.>\"]");
    let consumer = "{\"stream_name\":\"F\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit\",\"ack_wait\":5000000000}}";
    node.request("$JS.API.CONSUMER.DURABLE.CREATE.F.c", consumer);
    node.publish("F.a", "", "old");
    node.publish("F.b", "", "put off");
    node.wait(4 * SECOND + SECOND / 2);
    node.publish("F.c", "", "new");
    let next = "$JS.API.CONSUMER.MSG.NEXT.F.c";
    let got = node.request(next, "{\"batch\":3,\"no_wait\":true}");
    let reply = got
        .split(' ')
        .find(|word| word.starts_with("$JS.ACK.F.c.1.2."));
    node.request(reply.expect("a reply"), "-NAK {\"delay\":3000000000}");
    node.wait(SECOND);
    let mut again = Node::start(&node.log, node.now, 2);
    let mut seen = Vec::new();
    for _ in 0..7 {
        again.wait(SECOND / 2);
        let got = again.request(next, "{\"batch\":9,\"no_wait\":true}");
        let payloads = ["old", "put off", "new"].into_iter();
        seen.push(
            payloads
                .filter(|p| got.contains(&format!("\r\n{p}\r\n")))
                .collect::<Vec<_>>(),
        );
    }
    let none = Vec::new;
    let want = [
        vec!["old"],
        none(),
        vec!["put off"],
        none(),
        none(),
        none(),
        vec!["new"],
    ];
    assert_eq!(seen, want);
}

/// The log tells of what was restored while JetStream started, as nats-server's does.
#[test]
fn what_the_log_says_of_a_restart() {
    let mut node = Node::start(b"", START, 1);
    node.create("F", ",\"subjects\":[\"F.>\"],\"first_seq\":7");
    let consumer = "{\"stream_name\":\"F\",\"config\":{\"durable_name\":\"c\"}}";
    node.request("$JS.API.CONSUMER.CREATE.F.c", consumer);
    node.create("T", "");
    node.send(&"PUB F.a 0\r\n\r\n".repeat(1234));
    let mut again = Node::start(&node.log, node.now, 2);
    let log = again.server.take_log();
    let said: Vec<&str> = log
        .iter()
        .filter_map(|line| line.split_once("[INF] "))
        .map(|(_, text)| text)
        .skip_while(|text| !text.contains("restore"))
        .collect();
    let want = [
        "  Starting restore for stream '$G > F'",
        "  Restored 1,234 messages for stream '$G > F' in 0s",
        "  Recovering 1 consumers for stream - '$G > F'",
        "  Starting restore for stream '$G > T'",
        "  Restored 0 messages for stream '$G > T' in 0s",
        "Took 0s to start JetStream",
    ];
    assert_eq!(said[..want.len()], want);
}

/// As with nats-server, whose clients give a bucket's mirror one.
#[test]
fn a_mirror_that_comes_back_has_no_window_for_duplicates() {
    let mut node = Node::start(b"", START, 1);
    node.create("O", ",\"subjects\":[\"o\"]");
    let window = ",\"duplicate_window\":1000000000";
    node.create("M", &format!(",\"mirror\":{{\"name\":\"O\"}}{window}"));
    node.create("S", &format!(",\"sources\":[{{\"name\":\"O\"}}]{window}"));
    assert!(node.request("$JS.API.STREAM.INFO.M", "").contains(window));
    let mut next = Node::start(&node.log, node.now, 2);
    let info = next.request("$JS.API.STREAM.INFO.M", "");
    assert!(!info.contains("duplicate_window"), "{info}");
    assert!(next.request("$JS.API.STREAM.INFO.S", "").contains(window));
}
