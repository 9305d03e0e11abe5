//! Pull requests that are read in one go. Every expected value was seen on nats-server 2.15.2, each in all or almost all of
//! a dozen tries.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::Bench;

/// What six requests that come together bring for so many messages, of a consumer that lets three wait: the statuses, and `m`
/// for a message.
fn six(messages: usize, request: &str) -> String {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.S", "{\"name\":\"S\",\"subjects\":[\"s\"]}");
    let config = "{\"durable_name\":\"C\",\"ack_policy\":\"explicit\",\"max_waiting\":3}";
    let create = format!("{{\"stream_name\":\"S\",\"config\":{config}}}");
    bench.ask("CONSUMER.CREATE.S.C", &create);
    bench.publish(&vec!["s"; messages]);
    bench.send("SUB n 2\r\n");
    let next = "PUB $JS.API.CONSUMER.MSG.NEXT.S.C n";
    let one = format!("{next} {}\r\n{request}\r\n", request.len());
    let output = bench.send(&one.repeat(6));
    let words = output.lines().filter_map(|line| {
        let status = line.strip_prefix("NATS/1.0 ").map(|status| &status[..3]);
        status.or(line.starts_with("MSG s 2 ").then_some("m"))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// All are taken before the first is served: what is there goes to those that may wait, and the others are refused.
#[test]
fn requests_that_come_together_are_taken_before_one_is_served() {
    let refused = "409 409 409 m m m m m m";
    for request in [
        "2",
        "{\"batch\":2,\"no_wait\":true}",
        "{\"batch\":2,\"expires\":300000000}",
        "{\"batch\":2,\"expires\":300000000,\"no_wait\":true}",
    ] {
        assert_eq!(six(50, request), refused, "{request}");
    }
    let shot = "{\"batch\":2,\"expires\":300000000,\"no_wait\":true}";
    assert_eq!(six(1, shot), "408 408 408 408 408 m 404");
}

/// So a request whose client says in the same bytes that it has gone is not kept for a while.
#[test]
fn a_request_that_is_taken_back_in_the_same_bytes_is_forgotten() {
    for (unsubscribe, refused) in [("UNSUB 2\r\n", false), ("", true)] {
        let mut bench = Bench::new();
        bench.ask("STREAM.CREATE.S", "{\"name\":\"S\",\"subjects\":[\"s\"]}");
        let config = "{\"name\":\"C\",\"ack_policy\":\"explicit\",\"max_waiting\":1}";
        let create = format!("{{\"stream_name\":\"S\",\"config\":{config}}}");
        bench.ask("CONSUMER.CREATE.S.C", &create);
        let next = "PUB $JS.API.CONSUMER.MSG.NEXT.S.C i 1\r\n1\r\n";
        bench.send(&format!("SUB i 2\r\n{next}{unsubscribe}"));
        bench.send("UNSUB 2\r\n");
        let seen = bench.ask("CONSUMER.MSG.NEXT.S.C", "1");
        assert_eq!(
            seen.contains(" 409 Exceeded MaxWaiting\r\n"),
            refused,
            "{seen}"
        );
    }
}
