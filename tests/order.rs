//! What the server itself does and says comes after the bytes that were read in one go, as in nats-server, where other goroutines
//! see to it; and pull requests that are read together are all taken before one is served. Every expected value was what
//! nats-server 2.15.2 did in nearly all of 60 or 100 runs, of pull requests a dozen.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{Bench, number};

/// With a stream `S` of subject `s` that has a message, and a consumer `C`.
fn bench() -> Bench {
    let mut bench = Bench::new();
    let config = "{\"name\":\"S\",\"subjects\":[\"s\"],\"allow_direct\":true}";
    bench.ask("STREAM.CREATE.S", config);
    let config = "{\"stream_name\":\"S\",\"config\":{\"name\":\"C\"}}";
    bench.ask("CONSUMER.CREATE.S.C", config);
    bench.publish(&["s"]);
    bench
}

/// Requests that the server itself answers.
const REQUESTS: [&str; 7] = [
    "s",
    "$JS.API.INFO",
    "$JS.API.STREAM.INFO.S",
    "$JS.API.STREAM.MSG.GET.S",
    "$JS.API.DIRECT.GET.S.s",
    "$JS.API.CONSUMER.MSG.NEXT.S.C",
    "$SYS.REQ.USER.INFO",
];

/// `SUB` may follow the request that it is for: a client's buffer is read as a whole.
#[test]
fn a_subscription_behind_a_request_gets_the_answer() {
    for request in REQUESTS {
        let answer = bench().send(&format!("PUB {request} late 0\r\n\r\nSUB late 9\r\n"));
        assert!(answer.contains("MSG "), "{request}: {answer}");
    }
}

/// … and what is gone by then gets none.
#[test]
fn an_unsub_behind_a_request_comes_before_the_answer() {
    for request in REQUESTS {
        let text = format!("SUB soon 9\r\nPUB {request} soon 0\r\n\r\nUNSUB 9\r\n");
        assert_eq!(bench().send(&text), "", "{request}");
    }
}

/// Nobody hears that there are no responders but who listens when it turns out.
#[test]
fn no_responders_are_told_of_at_once() {
    let answer = bench().send("PUB nobody late 0\r\n\r\nSUB late 9\r\n");
    assert_eq!(answer, "");
    let answer = bench().send("SUB soon 9\r\nPUB nobody soon 0\r\n\r\nUNSUB 9\r\n");
    assert!(answer.contains("NATS/1.0 503"), "{answer}");
}

/// A pull request that comes before the subscription for its messages waits for them all the same.
#[test]
fn a_pull_request_waits_for_its_subscription() {
    let mut bench = bench();
    bench.ask("CONSUMER.MSG.NEXT.S.C", "1");
    bench.send("PUB $JS.API.CONSUMER.MSG.NEXT.S.C late 1\r\n1\r\nSUB late 9\r\n");
    let answer = bench.send("PUB s 1\r\nv\r\n");
    assert!(answer.starts_with("MSG s 9 $JS.ACK.S.C.1.2.2."), "{answer}");
}

/// A push consumer whose reader is gone has delivered nothing of what is published right behind: retention interest keeps it.
#[test]
fn what_is_published_behind_an_unsub_is_not_delivered() {
    let mut bench = Bench::new();
    bench.ask(
        "STREAM.CREATE.S",
        "{\"name\":\"S\",\"subjects\":[\"s\"],\"retention\":\"interest\"}",
    );
    bench.send("SUB d 9\r\n");
    let config = "\"durable_name\":\"D\",\"deliver_subject\":\"d\",\"ack_policy\":\"none\"";
    let create = format!("{{\"stream_name\":\"S\",\"config\":{{{config}}}}}");
    bench.ask("CONSUMER.DURABLE.CREATE.S.D", &create);
    bench.send("UNSUB 9\r\nPUB s 1\r\na\r\nPUB s 1\r\nb\r\n");
    let info = bench.ask("STREAM.INFO.S", "");
    assert_eq!(number(&info, "messages"), 2, "{info}");
    let again = bench.send("SUB d 9\r\n");
    assert!(again.contains("MSG s 9 $JS.ACK.S.D.1.1.1."), "{again}");
}

/// What clients tell one another is there before an acknowledgement.
#[test]
fn messages_of_clients_come_first() {
    let answer = bench().send("SUB core 9\r\nPUB s r 0\r\n\r\nPUB core 2\r\nhi\r\n");
    let (core, ack) = (answer.find("MSG core 9 2"), answer.find("\"seq\":2"));
    assert!(core.is_some() && core < ack, "{answer}");
}

/// A stream that is asked for is not there yet for what is published right behind.
#[test]
fn what_is_published_behind_a_create_comes_too_early() {
    let mut bench = Bench::new();
    let config = "{\"name\":\"S\"}";
    let create = format!(
        "PUB $JS.API.STREAM.CREATE.S r {}\r\n{config}\r\n",
        config.len()
    );
    let answer = bench.send(&format!("{create}PUB S r 0\r\n\r\n"));
    let (none, made) = (answer.find("503"), answer.find("\"created\""));
    assert!(none.is_some() && none < made, "{answer}");
}

/// Streams store while the server reads; what it is asked, it does after that.
#[test]
fn messages_are_stored_before_requests_are_looked_at() {
    for request in ["DELETE", "PURGE"] {
        let request = format!("PUB $JS.API.STREAM.{request}.S r 0\r\n\r\n");
        let answer = bench().send(&format!("{request}PUB s r 1\r\nv\r\n"));
        let (stored, done) = (answer.find("\"seq\":2"), answer.find("\"success\""));
        assert!(stored.is_some() && stored < done, "{answer}");
    }
}

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

/// Some bytes ask for a million times as many: what a stream takes of the answers is stored before the next is made.
#[test]
fn requests_that_ask_for_much_are_not_answered_in_one_go() {
    let mut bench = Bench::new();
    let config = "{\"name\":\"K\",\"subjects\":[\"k.*\"],\"allow_direct\":true}";
    bench.ask("STREAM.CREATE.K", config);
    let config = "{\"name\":\"T\",\"subjects\":[\"t\"],\"max_msgs\":1,\"no_ack\":true}";
    bench.ask("STREAM.CREATE.T", config);
    for key in 0..1000 {
        bench.publish(&[&format!("k.{key}")]);
    }
    bench.send("SUB t 2\r\n");
    let batch = "{\"seq\":1,\"batch\":1000}";
    let request = format!("PUB $JS.API.DIRECT.GET.K t {}\r\n{batch}\r\n", batch.len());
    let mut steps = vec![bench.send(&request.repeat(100))];
    while steps.last().is_some_and(|step| !step.is_empty()) {
        bench.step();
        steps.push(bench.send(""));
    }
    // Each with an end of batch.
    let told = steps.iter().map(|step| step.matches("HMSG t 2 ").count());
    assert_eq!(told.clone().sum::<usize>(), 100 * 1001);
    assert!(told.max() < Some(10_000));
}
