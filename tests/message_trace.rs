//! Reports on messages with `Nats-Trace-Dest`. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::Bench;
use nats_kv_playground::server::Config;

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
    let mut send = |destination: &str, more: &str| {
        let block = format!("NATS/1.0\r\nNats-Trace-Dest: {destination}\r\n{more}\r\n");
        let size = block.len();
        bench.send(&format!("HPUB x {size} {size}\r\n{block}\r\n"))
    };
    let only = "Nats-Trace-Only: true\r\n";
    for destination in ["a b", "a..b", "T.*", ""] {
        assert_eq!(send(destination, "").matches("MSG ").count(), 1);
        // A message that was only to be traced is not delivered when it cannot be.
        let delivered = usize::from(destination.is_empty());
        assert_eq!(send(destination, only).matches("MSG ").count(), delivered);
    }
    for destination in ["$NRG.x", "_GR_.x", "$GR.x"] {
        let refused = format!("-ERR 'Permissions Violation for Publish to \"{destination}\"'\r\n");
        assert_eq!(send(destination, ""), refused);
        assert_eq!(send(destination, only), refused);
    }
}

/// Names are what stands before a colon, and only with the version first are there any.
#[test]
fn a_destination_is_named_exactly() {
    let mut bench = Bench::new();
    bench.send("SUB T 9\r\n");
    for (block, reported) in [
        ("NATS/1.0\r\nNats-Trace-Dest:\t T \t\r\n\r\n", true),
        (
            "NATS/1.0\r\nNats-Trace-Dest: \r\nNats-Trace-Dest: T\r\n\r\n",
            true,
        ),
        ("NATS/1.0 100\r\nNats-Trace-Dest: T\r\n\r\n", false),
        ("NATS/2.0\r\nNats-Trace-Dest: T\r\n\r\n", false),
        ("NATS/1.0\r\n Nats-Trace-Dest: T\r\n\r\n", false),
        ("NATS/1.0\r\nNats-Trace-Dest : T\r\n\r\n", false),
        ("NATS/1.0\r\nA\r\nNats-Trace-Dest: T\r\n\r\n", false),
        ("NATS/1.0\r\nA: b\nNats-Trace-Dest: T\r\n\r\n", false),
    ] {
        let size = block.len();
        let got = bench.send(&format!("HPUB none {size} {size}\r\n{block}\r\n"));
        assert_eq!(got.contains("MSG T 9  "), reported, "{block:?}: {got}");
    }
}

/// nats-server compresses some; neither does others.
#[test]
fn a_report_says_that_it_is_not_compressed_to_who_asked() {
    let mut bench = Bench::new();
    bench.send("SUB T 9\r\n");
    let mut send = |more: &str| {
        let block = format!("NATS/1.0\r\nNats-Trace-Dest: T\r\n{more}\r\n");
        let size = block.len();
        bench.send(&format!("HPUB none {size} {size}\r\n{block}\r\n"))
    };
    for plain in ["", "Accept-Encoding: \r\n", "accept-encoding: br\r\n"] {
        assert!(send(plain).starts_with("MSG T 9  "), "{plain}");
    }
    let seen = send("Accept-Encoding: br\r\n");
    let (head, rest) = seen.split_once("\r\n").expect("a line");
    assert!(head.starts_with("HMSG T 9  40 "), "{head}");
    let block = "NATS/1.0\r\nContent-Encoding: identity\r\n\r\n{\"server\"";
    assert!(rest.starts_with(block), "{rest}");
}

#[test]
fn a_report_is_json_whatever_a_header_holds() {
    let mut bench = Bench::new();
    bench.send("SUB T 9\r\n");
    let (_, seen) = publish(&mut bench, "none", "K: a\x01b\"\x7fé\r\n", 0);
    let header = "{\"header\":{\"A\":[\"1\"],\"K\":[\"a\\u0001b\\\"\x7fé\"],";
    assert!(seen.starts_with(header), "{seen}");
}

/// The last event of a report without its type and stream, and whether the publisher was answered.
fn fate(bench: &mut Bench, subject: &str, more: &str, size: usize) -> (String, bool) {
    let (got, seen) = publish(bench, subject, more, size);
    let event = seen.split("\"type\":\"js\",\"stream\":\"").nth(1);
    let event = event.unwrap_or_default();
    (
        event[1..].trim_end_matches("}]}").to_owned(),
        got.contains("MSG r "),
    )
}

#[test]
fn refusals_are_reported_in_the_words_of_the_server() {
    const TRACE_ONLY: &str = "Nats-Trace-Only: true\r\n";
    let mut bench = Bench::new();
    bench.send("SUB T 9\r\n");
    for (name, more) in [
        ("A", "\"max_msg_size\":200"),
        ("B", "\"max_msgs\":1,\"discard\":\"new\""),
        ("E", "\"allow_msg_ttl\":true"),
        ("F", "\"retention\":\"interest\""),
    ] {
        let subject = name.to_lowercase();
        let config = format!("{{\"name\":\"{name}\",\"subjects\":[\"{subject}.*\"],{more}}}");
        bench.ask(&format!("STREAM.CREATE.{name}"), &config);
    }
    bench.publish(&["b.1"]);
    let long = format!("K: {}\r\n", "z".repeat(66_000));
    for only in [TRACE_ONLY, ""] {
        for (subject, headers, size, error) in [
            ("a.1", "", 200, "maximum payload exceeded"),
            ("e.1", &long, 1, "maximum payload exceeded"),
            ("a.1", "Nats-TTL: 1s\r\n", 1, "message TTL disabled"),
            (
                "e.1",
                "Nats-Expected-Stream: X\r\n",
                1,
                "expected stream does not match",
            ),
            (
                "e.1",
                "Nats-Expected-Last-Sequence: 77\r\n",
                1,
                "last sequence mismatch: 77 vs 0",
            ),
            (
                "e.1",
                "Nats-Expected-Last-Sequence: abc\r\n",
                1,
                "last sequence mismatch: 18446744073709551615 vs 0",
            ),
            (
                "e.1",
                "Nats-Expected-Last-Subject-Sequence: 77\r\n",
                1,
                "last sequence by subject mismatch: 77 vs 0",
            ),
            (
                "e.1",
                "Nats-Expected-Last-Msg-Id: 77\r\n",
                1,
                "last msgid mismatch: \\\"77\\\" vs \\\"\\\"",
            ),
            (
                "e.1",
                "Nats-Batch-Id: u\r\n",
                1,
                "atomic publish is disabled (10174)",
            ),
            (
                "e.1",
                "Nats-Incr: +1\r\n",
                1,
                "message counters is disabled (10168)",
            ),
            (
                "e.1",
                "Nats-Schedule: @every 1s\r\n",
                1,
                "message schedules is disabled (10188)",
            ),
        ] {
            let seen = fate(&mut bench, subject, &format!("{headers}{only}"), size);
            assert_eq!(seen, (format!("\",\"error\":\"{error}\""), true));
        }
        // What only storing would show stays unseen without it.
        for (subject, headers, error) in [
            ("b.2", "", "maximum messages exceeded"),
            (
                "e.1",
                "Nats-TTL: bad\r\n",
                "invalid per-message TTL (10165)",
            ),
        ] {
            let seen = fate(&mut bench, subject, &format!("{headers}{only}"), 1);
            let mut want = format!("\",\"subject\":\"{subject}\"");
            if only.is_empty() {
                want += &format!(",\"error\":\"{error}\"");
            }
            assert_eq!(seen, (want, only.is_empty()));
        }
        let seen = fate(&mut bench, "f.1", only, 1);
        let want = "\",\"subject\":\"f.1\",\"nointerest\":true".to_owned();
        assert_eq!(seen, (want, only.is_empty()));
    }
    bench.ask(
        "STREAM.UPDATE.E",
        "{\"name\":\"E\",\"subjects\":[\"e.*\"],\"allow_msg_ttl\":true,\"sealed\":true}",
    );
    let seen = fate(&mut bench, "e.1", "", 1);
    let error = "\",\"error\":\"invalid operation on sealed stream (10109)\"";
    assert_eq!(seen, (error.to_owned(), true));
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
    // Who else would get it is somebody who responds.
    let other = bench.open();
    for queue in ["", "q "] {
        bench.send_as(other, &format!("SUB $JS.API.* {queue}2\r\n"));
        let (got, seen) = publish(&mut bench, "$JS.API.INFO", "Nats-Trace-Only: true\r\n", 0);
        assert_eq!(got, "");
        assert!(seen.contains("\"sub\":\"$JS.API.*\""), "{seen}");
        bench.send_as(other, "UNSUB 2\r\n");
    }
}

/// The first destination that says something counts, and one that says so asks for no report.
#[test]
fn empty_destinations_and_those_that_are_off() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.S", "{\"name\":\"S\"}");
    let mut stored = |headers: &str| {
        let block = format!("NATS/1.0\r\n{headers}\r\n");
        let size = block.len();
        bench.send(&format!("HPUB S 9 {size} {size}\r\n{block}\r\n"));
        bench.ask("STREAM.INFO.S", "")
    };
    let info = stored("Nats-Trace-Dest:\r\nNats-Trace-Dest: tr\r\n");
    // What was empty is off from then on, in 14 letters.
    assert!(info.contains("\"messages\":1,\"bytes\":100,"), "{info}");
    let info = stored("Nats-Trace-Dest: trace disabled\r\nNats-Trace-Only: true\r\n");
    assert!(info.contains("\"messages\":2,\"bytes\":203,"), "{info}");
}

/// The report ends with why the server itself took no message.
#[test]
fn what_the_server_refuses_is_reported() {
    let mut bench = Bench::new();
    bench.send("SUB T 9\r\n");
    let denied = |of: &str| format!("Permissions Violation for Publish {of}");
    for only in ["", "Nats-Trace-Only: true\r\n"] {
        for (subject, reply, error) in [
            ("_GR_.x", "", denied("to \"_GR_.x\"")),
            ("$NRG.x", "", denied("to \"$NRG.x\"")),
            ("x", "_R_.x ", denied("with Reply of \"_R_.x\"")),
            ("x", "$JS.ACK.x.y ", denied("with Reply of \"$JS.ACK.x.y\"")),
        ] {
            let mut send = |destination: &str| {
                let block = format!("NATS/1.0\r\nNats-Trace-Dest: {destination}\r\n{only}\r\n");
                let size = block.len();
                bench.send(&format!(
                    "HPUB {subject} {reply}{size} {size}\r\n{block}\r\n"
                ))
            };
            let got = send("T");
            assert!(
                got.starts_with(&format!("-ERR '{error}'\r\nMSG T 9  ")),
                "{got}"
            );
            let event = format!(
                "\"acc\":\"$G\",\"subj\":\"{subject}\",\"error\":\"{}\"}}]}}\r\n",
                error.replace('"', "\\\"")
            );
            assert!(got.ends_with(&event), "{got}");
            // Where the report must not go is looked at first, and then nothing else.
            let want = format!("-ERR '{}'\r\n", denied("to \"_GR_.q\""));
            assert_eq!(send("_GR_.q"), want);
        }
    }
}

/// Who sends too much is gone, but others hear of it, by as many headers as came with the line.
#[test]
fn what_is_too_large_is_reported() {
    for (more, listed) in [
        ("A: b\r\n", "\"A\":[\"b\"],\"Nats-Trace-Dest\":[\"T\"]"),
        ("A: b", "\"Nats-Trace-Dest\":[\"T\"]"),
    ] {
        let mut bench = Bench::new();
        bench.send("SUB T 9\r\n");
        let other = bench.open();
        bench.send_as(other, "SUB T 9\r\n");
        let got = bench.send(&format!(
            "HPUB _GR_.x 50 1048615\r\nNATS/1.0\r\nNats-Trace-Dest: T\r\n{more}"
        ));
        assert_eq!(got, "-ERR 'Maximum Payload Violation'\r\n");
        let got = bench.send_as(other, "");
        let request = format!("\"request\":{{\"header\":{{{listed}}},\"msgsize\":1048615}},");
        assert!(got.contains(&request), "{got}");
        let event = "\"subj\":\"_GR_.x\",\"error\":\"maximum payload exceeded\"}]}\r\n";
        assert!(got.ends_with(event), "{got}");
    }
}

/// A message that nobody would get is answered as such, and `+OK` is for what is not left out altogether.
#[test]
fn what_is_only_traced_is_answered_as_if_it_were_sent() {
    let only = "Nats-Trace-Only: true\r\n";
    let mut bench = Bench::with(Config::default());
    let options = "\"headers\":true,\"no_responders\":true,\"protocol\":1";
    bench.send(&format!(
        "CONNECT {{{options},\"verbose\":false,\"echo\":false}}\r\nSUB r 1\r\nSUB T 9\r\nSUB x 2\r\n"
    ));
    let (got, seen) = publish(&mut bench, "x", only, 1);
    assert!(got.contains("NATS/1.0 503\r\n"), "{got}");
    assert!(
        seen.ends_with("\"error\":\"Not delivered because of no echo\"}]}"),
        "{seen}"
    );

    bench.send("CONNECT {\"headers\":true,\"verbose\":true}\r\n");
    for (destination, answer) in [
        ("T", "+OK\r\n"),
        ("a b", ""),
        (
            "_GR_.q",
            "-ERR 'Permissions Violation for Publish to \"_GR_.q\"'\r\n",
        ),
    ] {
        let block = format!("NATS/1.0\r\nNats-Trace-Dest: {destination}\r\n{only}\r\n");
        let size = block.len();
        let got = bench.send(&format!("HPUB y {size} {size}\r\n{block}\r\n"));
        let got = got.split("MSG T 9  ").next().unwrap_or_default();
        assert_eq!(got, answer);
    }
}

/// A request to the server is answered once it is reported.
#[test]
fn a_report_comes_before_the_answer() {
    let mut bench = Bench::new();
    bench.send("SUB T 9\r\n");
    let (before, _) = publish(&mut bench, "$JS.API.STREAM.NAMES", "", 0);
    assert_eq!(before, "");
    // Who it is a client is told at once.
    let (before, _) = publish(&mut bench, "$SYS.REQ.USER.INFO", "", 0);
    assert!(before.starts_with("MSG r "), "{before}");
}
