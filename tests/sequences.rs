//! Numbers that a client makes up, mostly sequences, as large as they go. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{Bench, number};
use nats_kv_playground::wire::time::SECOND;

const MAX: u64 = u64::MAX;

/// With five messages in a stream `Z`, delivered by a consumer `k` whose ack floor a client has put at the highest number.
fn with_a_floor_at_the_end() -> Bench {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.Z", "{\"name\":\"Z\",\"subjects\":[\"z\"]}");
    bench.send("SUB d 2\r\n");
    let fields = "\"durable_name\":\"k\",\"deliver_subject\":\"d\",\"ack_policy\":\"all\",\"flow_control\":true,\
                  \"idle_heartbeat\":10000000000";
    let config = format!("{{\"stream_name\":\"Z\",\"config\":{{{fields}}}}}");
    bench.ask("CONSUMER.CREATE.Z.k", &config);
    bench.publish(&["z"; 5]);
    bench.send("PUB $JS.ACK.Z.k.1.x.5.0.0 4\r\n+ACK\r\n");
    let info = bench.ask("CONSUMER.INFO.Z.k", "");
    assert_eq!(number(&info, "num_ack_pending"), 0, "{info}");
    bench
}

#[test]
fn a_reset_to_a_floor_at_the_end_begins_anew() {
    let mut bench = with_a_floor_at_the_end();
    let answer = bench.ask("CONSUMER.RESET.Z.k", "");
    assert_eq!(number(&answer, "num_pending"), 5, "{answer}");
    assert_eq!(number(&answer, "reset_seq"), 1, "{answer}");
    let info = bench.ask("CONSUMER.INFO.Z.k", "");
    assert_eq!(number(&info, "num_ack_pending"), 5, "{info}");
}

#[test]
fn a_floor_beyond_the_end_removes_nothing() {
    let mut bench = with_a_floor_at_the_end();
    let config = "{\"name\":\"Z\",\"subjects\":[\"z\"],\"retention\":\"interest\"}";
    let updated = bench.ask("STREAM.UPDATE.Z", config);
    assert_eq!(number(&updated, "messages"), 5, "{updated}");
    let info = bench.ask("STREAM.INFO.Z", "");
    assert_eq!(number(&info, "messages"), 5, "{info}");
}

/// Every policy and every request that takes a sequence lives with the highest ones.
#[test]
fn nothing_comes_after_the_highest_sequence() {
    for policy in ["explicit", "all", "flow_control"] {
        let mut bench = Bench::new();
        bench.ask("STREAM.CREATE.Z", "{\"name\":\"Z\",\"subjects\":[\"z\"]}");
        bench.send("SUB d 2\r\n");
        let create = |bench: &mut Bench, name: &str, more: &str| {
            let fields = format!(
                "\"durable_name\":\"{name}\",\"deliver_subject\":\"d\",\"ack_policy\":\"{policy}\",\
                 \"flow_control\":true,\"idle_heartbeat\":10000000000{more}"
            );
            let config = format!("{{\"stream_name\":\"Z\",\"config\":{{{fields}}}}}");
            let made = bench.ask(&format!("CONSUMER.CREATE.Z.{name}"), &config);
            assert!(made.contains("\"num_pending\""), "{made}");
        };
        let start = ",\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":";
        create(&mut bench, "k", "");
        create(&mut bench, "l", &format!("{start}{MAX}"));
        bench.publish(&["z"; 3]);
        for at in [MAX, MAX - 1, 1 << 63, 0] {
            for payload in ["+ACK", "-NAK", "-NAK 1s", "+WPI", "+TERM", "+NXT"] {
                for consumer in ["k", "l"] {
                    let (size, tokens) = (payload.len(), format!("1.{at}.{at}.0.0"));
                    bench.send(&format!(
                        "PUB $JS.ACK.Z.{consumer}.{tokens} {size}\r\n{payload}\r\n"
                    ));
                }
            }
            for consumer in ["k", "l"] {
                bench.ask(
                    &format!("CONSUMER.RESET.Z.{consumer}"),
                    &format!("{{\"seq\":{at}}}"),
                );
                bench.publish(&["z"]);
                let info = bench.ask(&format!("CONSUMER.INFO.Z.{consumer}"), "");
                assert!(info.contains("\"delivered\""), "{info}");
            }
        }
        let config = "{\"name\":\"Z\",\"subjects\":[\"z\"],\"retention\":\"interest\"}";
        bench.ask("STREAM.UPDATE.Z", config);
        bench.wait(60 * SECOND);
        let info = bench.ask("STREAM.INFO.Z", "");
        assert!(info.contains("\"messages\""), "{info}");
    }
}

/// Whoever knows its deliver subject can send what reads an origin anything.
#[test]
fn what_a_client_says_the_origin_sent() {
    for kind in ["\"mirror\":{", "\"sources\":[{"] {
        let mut bench = Bench::new();
        bench.ask("STREAM.CREATE.O", "{\"name\":\"O\",\"subjects\":[\"o\"]}");
        bench.ask(
            "CONSUMER.DURABLE.CREATE.O.D",
            "{\"stream_name\":\"O\",\"config\":{\"durable_name\":\"D\",\"deliver_subject\":\"to.D\",\
             \"ack_policy\":\"flow_control\",\"flow_control\":true,\"idle_heartbeat\":1000000000}}",
        );
        let by = "\"name\":\"O\",\"consumer\":{\"name\":\"D\",\"deliver_subject\":\"to.D\"}}";
        let end = if kind.ends_with("[{") { "]}" } else { "}" };
        bench.ask(
            "STREAM.CREATE.M",
            &format!("{{\"name\":\"M\",{kind}{by}{end}"),
        );
        bench.wait(3 * SECOND);
        for (seq, sent) in [(1, MAX), (2, 1), (2, MAX), (2, 0), (MAX, 1), (MAX, MAX)] {
            bench.send(&format!(
                "PUB to.D $JS.ACK.O.D.1.{seq}.{sent}.0.0 1\r\nx\r\n"
            ));
        }
        bench.wait(60 * SECOND);
        let info = bench.ask("STREAM.INFO.M", "");
        assert!(number(&info, "last_seq") < 10, "{info}");
    }
}

/// How far a source is, as a message says it that was published by hand.
#[test]
fn a_source_that_is_said_to_be_at_the_end() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.O", "{\"name\":\"O\",\"subjects\":[\"o\"]}");
    let config = |sources| format!("{{\"name\":\"M\",\"subjects\":[\"m\"]{sources}}}");
    bench.ask("STREAM.CREATE.M", &config(""));
    let block = format!("NATS/1.0\r\nNats-Stream-Source: O {MAX} > > o\r\n\r\n");
    let size = block.len();
    bench.send(&format!("HPUB m {size} {size}\r\n{block}\r\n"));
    bench.publish(&["o"]);
    bench.ask(
        "STREAM.UPDATE.M",
        &config(",\"sources\":[{\"name\":\"O\"}]"),
    );
    bench.wait(3 * SECOND);
    let info = bench.ask("STREAM.INFO.M", "");
    assert_eq!(number(&info, "messages"), 1, "{info}");
    assert!(info.contains("\"lag\":0,\"seq\":1,"), "{info}");
}

/// A stream that nothing was published to has no first sequence, until a consumer goes that was to start beyond its end.
#[test]
fn an_empty_interest_stream_begins_anew_when_a_consumer_beyond_its_end_goes() {
    for (start, first) in [(1, 0), (9, 1)] {
        let mut bench = Bench::new();
        bench.ask(
            "STREAM.CREATE.Z",
            "{\"name\":\"Z\",\"subjects\":[\"z\"],\"retention\":\"interest\"}",
        );
        for name in ["stays", "goes"] {
            let fields = format!(
                "\"name\":\"{name}\",\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":{start}"
            );
            let config = format!("{{\"stream_name\":\"Z\",\"config\":{{{fields}}}}}");
            bench.ask(&format!("CONSUMER.CREATE.Z.{name}"), &config);
        }
        bench.ask("CONSUMER.DELETE.Z.goes", "");
        let info = bench.ask("STREAM.INFO.Z", "");
        assert_eq!(number(&info, "first_seq"), first, "{info}");
        let floor = bench.ask("CONSUMER.INFO.Z.stays", "");
        let at = format!(
            "\"ack_floor\":{{\"consumer_seq\":0,\"stream_seq\":{}}}",
            start - 1
        );
        assert!(floor.contains(&at), "{floor}");
    }
}

/// A heartbeat whose double is no number of 64 bits is not too large.
#[test]
fn the_largest_heartbeat() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.Z", "{\"name\":\"Z\",\"subjects\":[\"z\"]}");
    let config = "{\"stream_name\":\"Z\",\"config\":{\"name\":\"k\",\"ack_policy\":\"explicit\"}}";
    bench.ask("CONSUMER.CREATE.Z.k", config);
    bench.publish(&["z"]);
    let mut ask = |heartbeat: i64| {
        let request = format!("{{\"batch\":1,\"idle_heartbeat\":{heartbeat}}}");
        bench.ask("CONSUMER.MSG.NEXT.Z.k", &request)
    };
    let refused = ask(i64::MAX / 2);
    assert!(refused.contains("heartbeat value too large"), "{refused}");
    let message = ask(i64::MAX);
    assert!(message.contains("$JS.ACK.Z.k."), "{message}");
}
