//! What is after a restart as it is with nats-server, and what is not.

#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::node::{Node, START, cut};
use nats_kv_playground::wire::time::SECOND;

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

/// As with nats-server, which then does not know any more what it was a mirror of.
#[test]
fn a_promoted_mirror_answers_for_its_origin_until_a_restart() {
    let mut node = Node::start(b"", START, 1);
    node.create("F", ",\"subjects\":[\"f\"]");
    node.create("M", ",\"mirror\":{\"name\":\"F\"}");
    node.publish("f", "", "1");
    node.wait(SECOND);
    let promoted = "{\"name\":\"M\",\"mirror_direct\":true}";
    node.request("$JS.API.STREAM.UPDATE.M", promoted);
    for answers in [true, false] {
        let got = node.request("$JS.API.DIRECT.GET.F", "{\"seq\":1}");
        assert_eq!(got.contains("Nats-Stream: M"), answers, "{got}");
        node = Node::start(&node.log, node.now, 1);
    }
}
