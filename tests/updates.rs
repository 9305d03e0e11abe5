//! What an update of a consumer changes and what it does not, seen by a client. Every expected value was seen on
//! nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::Bench;
use nats_kv_playground::wire::time::SECOND;

/// Creates or updates consumer `C` of stream `S`.
fn consumer(bench: &mut Bench, fields: &str) -> String {
    let config = format!("{{\"stream_name\":\"S\",\"config\":{{\"name\":\"C\",{fields}}}}}");
    bench.ask("CONSUMER.CREATE.S.C", &config)
}

/// With a stream `S` of subjects `s.>` and a consumer `C`.
fn with_consumer(fields: &str) -> Bench {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.S", "{\"name\":\"S\",\"subjects\":[\"s.>\"]}");
    let answer = consumer(&mut bench, fields);
    assert!(answer.contains("\"num_pending\":0"), "{answer}");
    bench
}

/// Messages that wait for their ack are looked at a tenth of a second after the ack wait changed.
#[test]
fn a_shorter_ack_wait_counts_at_once() {
    let ack = "\"ack_policy\":\"explicit\",\"max_deliver\":9";
    for (before, after, times) in [
        (
            "\"ack_wait\":20000000000",
            "\"ack_wait\":1000000000",
            vec![1, 11],
        ),
        (
            "\"backoff\":[10000000000,10000000000]",
            "\"backoff\":[500000000,700000000]",
            vec![1, 8, 15],
        ),
    ] {
        let mut bench = with_consumer(&format!("{ack},{before}"));
        bench.publish(&["s.a"]);
        bench.ask("CONSUMER.MSG.NEXT.S.C", "1");
        bench.wait(SECOND * 12 / 10);
        bench.ask("CONSUMER.MSG.NEXT.S.C", "5");
        consumer(&mut bench, &format!("{ack},{after}"));
        let mut seen = Vec::new();
        for tenth in 1..=16 {
            bench.wait(SECOND / 10);
            if bench.send("").contains("$JS.ACK.S.C.") {
                seen.push(tenth);
            }
        }
        assert_eq!(seen, times, "{after}");
    }
}

/// The group whose interest counts stays that of the creation; a new deliver subject takes the group that was there before.
#[test]
fn a_new_deliver_group_does_not_count() {
    let durable = "\"durable_name\":\"C\",\"deliver_subject\"";
    let subject = format!("{durable}:\"d.1\"");
    let bound = |answer: &str| answer.contains("\"push_bound\":true");
    let messages = |text: &str| text.matches("$JS.ACK.S.C.").count();
    for (before, after, sub, other) in [
        (",\"deliver_group\":\"g\"", "", "d.1 g", "d.1"),
        ("", ",\"deliver_group\":\"g\"", "d.1", "d.1 g"),
    ] {
        let mut bench = with_consumer(&format!("{subject}{before}"));
        bench.send(&format!("SUB {sub} 2\r\n"));
        let updated = consumer(&mut bench, &format!("{subject}{after}"));
        assert!(bound(&updated), "{updated}");
        bench.send(&format!("UNSUB 2\r\nSUB {other} 3\r\n"));
        assert!(!bound(&bench.ask("CONSUMER.INFO.S.C", "")), "{after}");
        assert_eq!(messages(&bench.send("PUB s.a 1\r\nv\r\n")), 0);
        assert_eq!(messages(&bench.send(&format!("SUB {sub} 4\r\n"))), 2);
    }
    let mut bench = with_consumer(&format!("{subject},\"deliver_group\":\"g\""));
    consumer(
        &mut bench,
        &format!("{durable}:\"d.2\",\"deliver_group\":\"h\""),
    );
    assert_eq!(
        messages(&bench.send("SUB d.2 h 2\r\nPUB s.a 1\r\nv\r\n")),
        0
    );
    assert_eq!(messages(&bench.send("SUB d.2 g 3\r\n")), 2);
    bench.send("UNSUB 3\r\n");
    assert!(!bound(&bench.ask("CONSUMER.INFO.S.C", "")));
}

/// A start time is the same in each zone, and shown as it was given last.
#[test]
fn a_start_time_may_change_its_zone() {
    let start = |time: &str| {
        format!("\"deliver_policy\":\"by_start_time\",\"opt_start_time\":\"2026-01-01T{time}\"")
    };
    let mut bench = with_consumer(&start("00:00:00Z"));
    let same = consumer(&mut bench, &start("02:00:00+02:00"));
    let shown = "\"opt_start_time\":\"2026-01-01T02:00:00+02:00\"";
    assert!(same.contains(shown), "{same}");
    let other = consumer(&mut bench, &start("01:00:00Z"));
    let refused = "\"err_code\":10012,\"description\":\"start time can not be updated\"";
    assert!(other.contains(refused), "{other}");
}

/// A pause until Go's zero time is none, and one that ends at the same time as before is no news.
#[test]
fn a_pause_is_told_when_its_end_changes() {
    let mut bench = with_consumer("\"ack_policy\":\"none\"");
    bench.send("SUB $JS.EVENT.ADVISORY.CONSUMER.PAUSE.> 2\r\n");
    for (until, told) in [
        ("0001-01-01T00:00:00Z", 0),
        ("2126-01-01T00:00:00.500Z", 1),
        ("2126-01-01T02:00:00.5+02:00", 0),
        ("0001-01-01T00:00:00Z", 1),
    ] {
        let request = format!("{{\"pause_until\":\"{until}\"}}");
        let answer = bench.ask("CONSUMER.PAUSE.S.C", &request);
        let advisories = answer.matches("advisory.v1.consumer_pause").count();
        assert_eq!(advisories, told, "{answer}");
    }
    let info = bench.ask("CONSUMER.INFO.S.C", "");
    assert!(!info.contains("pause_until"), "{info}");
    let ephemeral = "\"name\":\"E\",\"ack_policy\":\"none\"";
    for (until, told) in [
        (",\"pause_until\":\"2126-01-01T02:00:00+02:00\"", 1),
        ("", 1),
    ] {
        let config = format!("{{\"stream_name\":\"S\",\"config\":{{{ephemeral}{until}}}}}");
        let answer = bench.ask("CONSUMER.CREATE.S.E", &config);
        let advisories = answer.matches("advisory.v1.consumer_pause").count();
        assert_eq!(advisories, told, "{answer}");
    }
}

/// Null is no time, and changes none.
#[test]
fn a_pause_until_null_is_what_was_said_before() {
    let mut bench = with_consumer("\"ack_policy\":\"none\"");
    let request = "{\"pause_until\":\"2126-01-01T0:00:00,5Z\",\"pause_until\":null}";
    let answer = bench.ask("CONSUMER.PAUSE.S.C", request);
    let until = "\"paused\":true,\"pause_until\":\"2126-01-01T00:00:00.5Z\"";
    assert!(answer.contains(until), "{answer}");
}

/// The end of a pause may be further away than nanoseconds reach.
#[test]
fn a_pause_may_end_in_any_year() {
    for (until, paused) in [
        ("9999-12-31T23:59:59Z", true),
        ("1500-01-01T00:00:00Z", false),
    ] {
        let fields = format!("\"ack_policy\":\"none\",\"pause_until\":\"{until}\"");
        let mut bench = with_consumer(&fields);
        let info = bench.ask("CONSUMER.INFO.S.C", "");
        let remaining = "\"paused\":true,\"pause_remaining\":9223372036854775807,";
        assert_eq!(info.contains(remaining), paused, "{info}");
        assert_eq!(info.contains("\"paused\""), paused, "{info}");
        let request = format!("{{\"pause_until\":\"{until}\"}}");
        let answer = bench.ask("CONSUMER.PAUSE.S.C", &request);
        let expected = format!("\"paused\":{paused},\"pause_until\":\"{until}\"");
        assert!(answer.contains(&expected), "{answer}");
    }
}

/// A timeout that is none is put right, and then it is the same again, though it asked for another level of the API.
#[test]
fn a_create_of_what_is_there_looks_at_no_level() {
    let mut bench = with_consumer("\"durable_name\":\"C\"");
    for (timeout, code) in [("-1", ""), ("1", "10197")] {
        let config = format!(
            "{{\"stream_name\":\"S\",\"config\":{{\"name\":\"C\",\"durable_name\":\"C\",\
             \"priority_timeout\":{timeout}}},\"action\":\"create\"}}"
        );
        let answer = bench.ask("CONSUMER.CREATE.S.C", &config);
        assert_eq!(
            answer.contains("\"err_code\""),
            !code.is_empty(),
            "{answer}"
        );
        assert!(answer.contains(code), "{answer}");
    }
    let info = bench.ask("CONSUMER.INFO.S.C", "");
    assert!(info.contains("\"_nats.req.level\":\"0\""), "{info}");
}

/// What a new filter matches of what is there comes with the next reason to deliver. That the changed ack wait has pending
/// messages looked at is none.
#[test]
fn a_look_at_what_is_pending_delivers_nothing_new() {
    let mut bench = with_consumer("\"ack_policy\":\"explicit\",\"filter_subject\":\"s.a\"");
    bench.ask(
        "CONSUMER.MSG.NEXT.S.C",
        "{\"batch\":2,\"expires\":2000000000}",
    );
    bench.publish(&["s.a", "s.b"]);
    let later = "\"ack_policy\":\"explicit\",\"filter_subject\":\"s.b\",\"ack_wait\":5000000000";
    let info = consumer(&mut bench, later);
    assert!(info.contains("\"num_pending\":1"), "{info}");
    bench.wait(SECOND);
    let heard = bench.send("");
    assert!(!heard.contains("$JS.ACK.S.C."), "{heard}");
    bench.wait(2 * SECOND);
    let heard = bench.send("");
    let timeout = "408 Request Timeout\r\nNats-Pending-Messages: 1\r\n";
    assert!(heard.contains(timeout), "{heard}");
}

/// A message that a new filter gave up is forgotten at the next look, and the floor is where the consumer is then.
#[test]
fn the_floor_goes_with_what_lost_interest() {
    let mut bench = Bench::new();
    bench.ask(
        "STREAM.CREATE.S",
        "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"retention\":\"interest\"}",
    );
    let ack = "\"ack_policy\":\"explicit\"";
    consumer(&mut bench, &format!("{ack},\"filter_subject\":\"s.e\""));
    bench.publish(&["s.e"]);
    bench.ask("CONSUMER.MSG.NEXT.S.C", "1");
    bench.publish(&["s.b"]);
    bench.ask(
        "CONSUMER.MSG.NEXT.S.C",
        "{\"batch\":2,\"expires\":3000000000}",
    );
    let later = format!("{ack},\"filter_subject\":\"s.b\",\"ack_wait\":5000000000");
    let info = consumer(&mut bench, &later);
    assert!(info.contains("\"num_ack_pending\":1"), "{info}");
    bench.wait(SECOND / 5);
    let info = bench.ask("CONSUMER.INFO.S.C", "");
    let floor = "\"ack_floor\":{\"consumer_seq\":1,\"stream_seq\":2},\"num_ack_pending\":0";
    assert!(info.contains(floor), "{info}");
}

/// Until its time is over, also where nobody can carry it any more.
#[test]
fn a_pin_outlasts_an_update() {
    for after in [
        "",
        ",\"priority_groups\":[\"g\"],\"priority_policy\":\"overflow\"",
        ",\"priority_groups\":[\"g\"],\"priority_policy\":\"prioritized\"",
    ] {
        let mut bench = with_consumer(
            "\"ack_policy\":\"explicit\",\"priority_groups\":[\"g\"],\"priority_policy\":\"pinned_client\",\
             \"priority_timeout\":1000000000",
        );
        bench.publish(&["s.a", "s.a"]);
        bench.ask("CONSUMER.MSG.NEXT.S.C", "{\"group\":\"g\"}");
        let updated = consumer(&mut bench, &format!("\"ack_policy\":\"explicit\"{after}"));
        assert!(!updated.contains("pinned_client\""), "{updated}");
        bench.send("SUB $JS.EVENT.ADVISORY.CONSUMER.UNPINNED.> 2\r\n");
        let waits = bench.ask("CONSUMER.MSG.NEXT.S.C", "{\"group\":\"g\"}");
        assert_eq!(waits, "", "{after}");
        bench.wait(2 * SECOND);
        let ended = bench.send("");
        let reason = "\"group\":\"g\",\"reason\":\"timeout\"}";
        assert!(ended.contains(reason), "{ended}");
        assert!(ended.contains("$JS.ACK.S.C.1.2.2."), "{ended}");
    }
}
