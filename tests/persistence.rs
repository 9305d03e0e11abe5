//! What a server writes down, another one brings back: the same streams, messages and consumers, whenever it is
//! stopped; and whatever becomes of the bytes meanwhile, nothing but what was hit is lost.

#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::node::{Node, START};
use nats_kv_playground::server::journal::{Reader, Record};
use nats_kv_playground::server::{Config, Server, jetstream};
use nats_kv_playground::wire::time::SECOND;
use proptest::collection::vec;
use proptest::prelude::*;

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
