//! Reports on messages with `Nats-Trace-Dest`. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::Bench;

/// Publishes with these headers after the destination `T`; what the client got but the report, and the report without
/// what differs each time.
fn publish(bench: &mut Bench, subject: &str, more: &str, size: usize) -> (String, String) {
    let block = format!("NATS/1.0\r\nA: 1\r\nNats-Trace-Dest: T\r\n{more}\r\n");
    let (headers, all) = (block.len(), block.len() + size);
    let payload = "x".repeat(size);
    let output = bench.send(&format!(
        "HPUB {subject} r {headers} {all}\r\n{block}{payload}\r\n"
    ));
    let (rest, report) = output.split_once("MSG T 9  ").unwrap_or((&output, ""));
    let report = report
        .split_once(",\"request\":")
        .map_or("", |(_, end)| end);
    let mut parts = report.split("\"ts\":\"");
    let mut stable = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        stable += part.split_once("\",").map_or("", |(_, end)| end);
    }
    (rest.to_owned(), stable.trim_end().to_owned())
}

fn report(more: &str, size: usize, subject: &str, events: &str) -> String {
    format!(
        "{{\"header\":{{\"A\":[\"1\"],\"Nats-Trace-Dest\":[\"T\"]{more}}},\"msgsize\":{size}}},\"events\":[\
         {{\"type\":\"in\",\"kind\":0,\"cid\":5,\"acc\":\"$G\",\"subj\":\"{subject}\"}}{events}]}}"
    )
}

const ONLY: &str = ",\"Nats-Trace-Only\":[\"true\"]";

#[test]
fn who_gets_a_message_is_reported() {
    let mut bench = Bench::new();
    bench.send("SUB T 9\r\nSUB foo.* 2\r\nUNSUB 2 2\r\nSUB foo.> q 3\r\n");
    let events = ",{\"type\":\"eg\",\"kind\":0,\"cid\":5,\"sub\":\"foo.*\"},\
        {\"type\":\"eg\",\"kind\":0,\"cid\":5,\"sub\":\"foo.\\u003e\",\"queue\":\"q\"}";
    let (got, seen) = publish(&mut bench, "foo.a", "", 2);
    assert_eq!(got.matches("HMSG foo.a ").count(), 2, "{got}");
    assert_eq!(seen, report("", 40, "foo.a", events));

    // Nothing is delivered, nor counted.
    let (got, seen) = publish(&mut bench, "foo.a", "Nats-Trace-Only: true\r\n", 2);
    assert_eq!(got, "");
    assert_eq!(seen, report(ONLY, 63, "foo.a", events));
    let (got, _) = publish(&mut bench, "foo.a", "", 2);
    assert_eq!(got.matches("HMSG foo.a ").count(), 2, "{got}");

    let (got, seen) = publish(&mut bench, "none", "", 2);
    assert!(got.contains("NATS/1.0 503\r\n"), "{got}");
    assert_eq!(seen, report("", 40, "none", ""));
    bench.send("SUB > 4\r\n");
    for destination in ["a b", "a..b", "T.*", ""] {
        let block = format!("NATS/1.0\r\nNats-Trace-Dest: {destination}\r\n\r\n");
        let size = block.len();
        let got = bench.send(&format!("HPUB x {size} {size}\r\n{block}\r\n"));
        assert_eq!(got.matches("MSG ").count(), 1, "{got}");
    }
}

#[test]
fn what_a_stream_does_is_reported() {
    let mut bench = Bench::new();
    bench.send("SUB T 9\r\n");
    let transform = "\"subject_transform\":{\"src\":\"s.*\",\"dest\":\"s.x.{{wildcard(1)}}\"}";
    bench.ask(
        "STREAM.CREATE.S",
        &format!("{{\"name\":\"S\",\"subjects\":[\"s.>\"],{transform}}}"),
    );
    let stored = ",{\"type\":\"js\",\"stream\":\"S\",\"subject\":\"s.x.a\"}";
    let (got, seen) = publish(&mut bench, "s.a", "Nats-Trace-Only: true\r\n", 1);
    assert_eq!(got, "");
    assert_eq!(seen, report(ONLY, 62, "s.a", stored));
    let (got, seen) = publish(&mut bench, "s.a", "", 1);
    assert!(got.ends_with("{\"stream\":\"S\",\"seq\":1}\r\n"), "{got}");
    assert_eq!(seen, report("", 39, "s.a", stored));
    // What is stored asks for no further report.
    let message = bench.ask("STREAM.MSG.GET.S", "{\"seq\":1}");
    let headers = "TkFUUy8xLjANCkE6IDENCk5hdHMtVHJhY2UtRGVzdDogdHJhY2UgZGlzYWJsZWQNCg0K";
    assert!(message.contains(headers), "{message}");

    let refused = ",{\"type\":\"js\",\"stream\":\"S\",\"error\":\"rollup not permitted\"}";
    let (got, seen) = publish(&mut bench, "s.a", "Nats-Rollup: x\r\n", 1);
    assert!(got.contains("\"err_code\":10111"), "{got}");
    assert!(seen.ends_with(&format!("{refused}]}}")), "{seen}");

    let (got, seen) = publish(&mut bench, "$JS.API.INFO", "Nats-Trace-Only: true\r\n", 0);
    assert!(got.contains("NATS/1.0 503\r\n"), "{got}");
    let service =
        ",{\"type\":\"si\",\"acc\":\"$SYS\",\"from\":\"$JS.API.INFO\",\"to\":\"$JS.API.INFO\"}";
    assert_eq!(seen, report(ONLY, 61, "$JS.API.INFO", service));
}
