//! What becomes of messages that a mirror's own limits refuse. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{Bench, number};
use nats_kv_playground::wire::time::SECOND;

/// What its origin lacks before a message that it refuses, a mirror lacks as well.
#[test]
fn a_mirror_passes_what_its_origin_lacks() {
    let mut bench = Bench::new();
    let config = "{\"name\":\"O\",\"subjects\":[\"o.>\"],\"max_msgs_per_subject\":1}";
    bench.ask("STREAM.CREATE.O", config);
    bench.publish(&["o.1", "o.2"]);
    bench.send(&format!("PUB o.2 100\r\n{}\r\n", "x".repeat(100)));
    bench.ask(
        "STREAM.CREATE.M",
        "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"max_msg_size\":60}",
    );
    bench.wait(2 * SECOND);
    let info = bench.ask("STREAM.INFO.M", "");
    let numbers =
        ["messages", "first_seq", "last_seq", "num_deleted"].map(|field| number(&info, field));
    assert_eq!(numbers, [1, 1, 2, 1], "{info}");
    let time = |field: &str| {
        info.split(field)
            .nth(1)
            .and_then(|rest| rest.split('"').nth(2))
    };
    assert_eq!(time("first_ts"), time("last_ts"), "{info}");
}

/// A mirror stays where it refuses a message, and tries again while there are later ones. One that never had anything begins
/// behind it.
#[test]
fn a_mirror_waits_with_what_it_refuses() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.O", "{\"name\":\"O\",\"subjects\":[\"o.>\"]}");
    let mirror = |limit: u64| {
        format!("{{\"name\":\"M\",\"mirror\":{{\"name\":\"O\"}},\"max_msg_size\":{limit}}}")
    };
    bench.ask("STREAM.CREATE.M", &mirror(10));
    bench.wait(SECOND);
    let large = format!("PUB o.1 20\r\n{}\r\n", "x".repeat(20));
    let place = |bench: &mut Bench| {
        bench.wait(3 * SECOND);
        let info = bench.ask("STREAM.INFO.M", "");
        ["messages", "first_seq", "last_seq", "lag"].map(|field| number(&info, field))
    };
    bench.send(&large);
    bench.publish(&["o.1"]);
    assert_eq!(place(&mut bench), [1, 2, 2, 0]);
    bench.send(&large);
    assert_eq!(place(&mut bench), [1, 2, 2, 0]);
    bench.publish(&["o.1", "o.1", "o.1"]);
    assert_eq!(place(&mut bench), [1, 2, 2, 2]);
    bench.ask("STREAM.UPDATE.M", &mirror(100));
    assert_eq!(place(&mut bench), [5, 2, 6, 0]);
    bench.ask("STREAM.UPDATE.M", &mirror(10));
    bench.send(&large);
    assert_eq!(place(&mut bench), [5, 2, 6, 0]);
    bench.ask("STREAM.UPDATE.M", &mirror(100));
    assert_eq!(place(&mut bench), [5, 2, 6, 0]);
    bench.publish(&["o.1"]);
    assert_eq!(place(&mut bench), [7, 2, 8, 0]);
}

/// A follower of retention `interest` uses up the sequences of what no consumer of its own wants; what a source did not store
/// does not count as how far it is.
#[test]
fn what_nobody_wants_is_passed_over() {
    for (origin, seq) in [
        ("\"mirror\":{\"name\":\"O\"}", ""),
        ("\"sources\":[{\"name\":\"O\"}]", "\"lag\":0,\"seq\":7,"),
    ] {
        let mut bench = Bench::new();
        bench.ask("STREAM.CREATE.O", "{\"name\":\"O\",\"subjects\":[\"o.*\"]}");
        bench.publish(&["o.0", "o.1", "o.0", "o.1"]);
        let config = format!("{{\"name\":\"I\",\"retention\":\"interest\",{origin}}}");
        bench.ask("STREAM.CREATE.I", &config);
        bench.wait(SECOND);
        let info = bench.ask("STREAM.INFO.I", "");
        assert!(
            info.contains("\"messages\":0,\"bytes\":0,\"first_seq\":5,"),
            "{info}"
        );
        assert!(info.contains("\"last_seq\":4,"), "{info}");
        assert!(info.contains("\"lag\":0,\"active\":"), "{info}");
        let consumer = "{\"stream_name\":\"I\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit\",\
                        \"filter_subject\":\"o.1\"}}";
        bench.ask("CONSUMER.CREATE.I.c", consumer);
        bench.publish(&["o.1", "o.0", "o.1", "o.0"]);
        bench.wait(SECOND);
        let info = bench.ask("STREAM.INFO.I", "{\"deleted_details\":true}");
        assert_eq!(number(&info, "messages"), 2, "{info}");
        assert_eq!(number(&info, "first_seq"), 5, "{info}");
        assert_eq!(number(&info, "last_seq"), 8, "{info}");
        assert!(info.contains("\"deleted\":[6,8]"), "{info}");
        assert!(info.contains(seq), "{info}");
    }
}

/// To a sealed mirror nothing comes any more, whatever becomes of its origin.
#[test]
fn a_sealed_mirror_stays_as_it_is() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.O", "{\"name\":\"O\",\"subjects\":[\"o\"]}");
    bench.ask(
        "STREAM.CREATE.M",
        "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"}}",
    );
    bench.publish(&["o"]);
    bench.wait(SECOND);
    bench.ask(
        "STREAM.UPDATE.M",
        "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"sealed\":true}",
    );
    bench.publish(&["o", "o", "o"]);
    for _ in 0..2 {
        bench.wait(10 * SECOND);
        let info = bench.ask("STREAM.INFO.M", "");
        assert!(!info.contains("\"num_deleted\""), "{info}");
        let state = ["messages", "first_seq", "last_seq", "lag"].map(|field| number(&info, field));
        assert_eq!(state, [1, 1, 1, 0], "{info}");
        bench.ask("STREAM.PURGE.O", "");
        bench.publish(&["o"]);
    }
}
