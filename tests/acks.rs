//! What acknowledgements, and those that do not come, leave behind, seen by a client. Every expected value was seen on
//! nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{Bench, number};
use nats_kv_playground::wire::time::SECOND;

/// A stream `S` of subjects `s.>` with a consumer `C`, and some messages.
fn with(stream: &str, consumer: &str, subjects: &[&str]) -> Bench {
    let mut bench = Bench::new();
    let config = format!("{{\"name\":\"S\",\"subjects\":[\"s.>\"]{stream}}}");
    bench.ask("STREAM.CREATE.S", &config);
    durable(&mut bench, "C", consumer);
    bench.publish(subjects);
    bench
}

/// Creates or updates a durable consumer.
fn durable(bench: &mut Bench, name: &str, fields: &str) {
    let config =
        format!("{{\"stream_name\":\"S\",\"config\":{{\"durable_name\":\"{name}\"{fields}}}}}");
    let answer = bench.ask(&format!("CONSUMER.DURABLE.CREATE.S.{name}"), &config);
    assert!(!answer.contains("\"error\""), "{answer}");
}

/// Says something of the message with this sequence, the same in the consumer.
fn say(bench: &mut Bench, seq: u64, what: &str) {
    let size = what.len();
    bench.send(&format!(
        "PUB $JS.ACK.S.C.1.{seq}.{seq}.1.0 {size}\r\n{what}\r\n"
    ));
}

fn info(bench: &mut Bench) -> String {
    bench.ask("CONSUMER.INFO.S.C", "")
}

/// An ack of all before it forgets those that were given up, too, where it looks at each.
#[test]
fn what_was_given_up_is_acknowledged_with_the_rest() {
    let consumer = ",\"ack_policy\":\"all\",\"max_deliver\":2";
    for stream in ["", ",\"retention\":\"interest\""] {
        let mut bench = with(stream, consumer, &["s.a"; 6]);
        bench.ask("CONSUMER.MSG.NEXT.S.C", "6");
        for _ in 0..2 {
            say(&mut bench, 2, "-NAK");
            let request = "{\"batch\":1,\"expires\":200000000}";
            bench.ask("CONSUMER.MSG.NEXT.S.C", request);
            bench.wait(SECOND * 3 / 10);
        }
        let counted = |bench: &mut Bench| number(&info(bench), "num_redelivered");
        assert_eq!(counted(&mut bench), 1);
        say(&mut bench, 4, "");
        assert_eq!(counted(&mut bench), 0);
    }
}

/// Who puts one message off has the consumer look at all that wait, and find those that are gone.
#[test]
fn a_late_nak_is_a_reason_to_look() {
    let consumer = ",\"ack_policy\":\"explicit\"";
    let mut bench = with(
        "",
        &format!("{consumer},\"filter_subject\":\"s.1\""),
        &["s.1"; 3],
    );
    bench.ask("CONSUMER.MSG.NEXT.S.C", "3");
    durable(
        &mut bench,
        "C",
        &format!("{consumer},\"filter_subject\":\"s.2\""),
    );
    for seq in [1, 2] {
        bench.ask("STREAM.MSG.DELETE.S", &format!("{{\"seq\":{seq}}}"));
    }
    say(&mut bench, 3, "-NAK {\"delay\":3600000000000}");
    bench.wait(SECOND / 2);
    let info = info(&mut bench);
    let floor = "\"ack_floor\":{\"consumer_seq\":2,\"stream_seq\":2";
    assert!(info.contains(floor), "{info}");
    assert_eq!(number(&info, "num_ack_pending"), 1);
}

/// What was acknowledged out of turn need not be kept for this consumer after a restart either.
#[test]
fn acks_out_of_turn_count_after_a_restart() {
    let stream = ",\"retention\":\"interest\"";
    let consumer = ",\"ack_policy\":\"explicit\"";
    let mut bench = with(stream, consumer, &[]);
    durable(&mut bench, "M", &format!("{consumer},\"mem_storage\":true"));
    bench.publish(&["s.a"; 5]);
    bench.ask("CONSUMER.MSG.NEXT.S.C", "4");
    say(&mut bench, 2, "");
    say(&mut bench, 3, "");
    let messages = |bench: &mut Bench| number(&bench.ask("STREAM.INFO.S", ""), "messages");
    assert_eq!(messages(&mut bench), 5);
    let mut again = bench.restarted();
    assert_eq!(messages(&mut again), 3);
}

/// A request for a negative number of messages wants more than there can be.
#[test]
fn a_negative_batch_is_a_large_one() {
    let consumer = ",\"ack_policy\":\"explicit\",\"max_ack_pending\":1";
    let mut bench = with("", consumer, &["s.a"]);
    let next = "CONSUMER.MSG.NEXT.S.C";
    bench.ask(next, "1");
    bench.ask(next, "{\"batch\":-2,\"expires\":5000000000}");
    bench.publish(&["s.a"]);
    let answer = bench.ask(next, "{\"batch\":1,\"no_wait\":true}");
    assert!(answer.contains("408 Requests Pending"), "{answer}");
}

/// Blanks around requests and delays are those of Go.
#[test]
fn what_is_blank_is_more_than_ascii() {
    let asked = |request: &str, count: usize| {
        let mut bench = with("", ",\"ack_policy\":\"explicit\"", &["s.a"; 3]);
        let got = bench.ask("CONSUMER.MSG.NEXT.S.C", request);
        assert_eq!(got.matches("$JS.ACK.S.C.").count(), count, "{got}");
        bench
    };
    for request in [
        "\u{b}2 ",
        "\u{a0}2",
        "2\u{2003}",
        "\t\u{85}{\"batch\":2}\u{3000}",
    ] {
        asked(request, 2);
    }
    // Not to Unicode.
    asked("\u{200b}2", 1);
    for delay in [
        "\u{b}10s",
        "\u{a0}10s\u{2028}",
        " \u{85}{\"delay\":10000000000}",
    ] {
        let mut bench = asked("1", 1);
        say(&mut bench, 1, &format!("-NAK {delay}"));
        bench.wait(SECOND);
        let got = bench.ask("CONSUMER.MSG.NEXT.S.C", "1");
        assert!(got.contains("$JS.ACK.S.C.1.2."), "{delay:?}: {got}");
    }
}

/// A purge, also of nothing, forgets what waits to be delivered again. Looking at the ack waits finds it.
#[test]
fn what_a_purge_forgets_is_delivered_again() {
    for wait in ["\"ack_wait\":1000000000", "\"backoff\":[1000000000]"] {
        let consumer = format!(",\"ack_policy\":\"explicit\",{wait}");
        let mut bench = with("", &consumer, &["s.a"; 3]);
        bench.ask("CONSUMER.MSG.NEXT.S.C", "3");
        bench.wait(SECOND * 5 / 2);
        bench.ask("STREAM.PURGE.S", "{\"seq\":1}");
        bench.ask("CONSUMER.MSG.NEXT.S.C", "3");
        assert_eq!(number(&info(&mut bench), "num_redelivered"), 0);
        bench.wait(SECOND);
        assert_eq!(number(&info(&mut bench), "num_redelivered"), 3);
    }
}

/// A message goes without the consumer's notice where its filter has changed. That shows when it is to be delivered again.
#[test]
fn a_message_that_went_unnoticed_is_given_up() {
    let wanted = |subject| {
        format!(
            ",\"ack_policy\":\"explicit\",\"ack_wait\":1000000000,\"filter_subject\":\"{subject}\""
        )
    };
    let mut bench = with("", &wanted("s.a"), &["s.b", "s.a", "s.b"]);
    bench.send("SUB $JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.S.C 7\r\n");
    bench.ask("CONSUMER.MSG.NEXT.S.C", "1");
    durable(&mut bench, "C", &wanted("s.b"));
    let deleted = bench.ask("STREAM.MSG.DELETE.S", "{\"seq\":2}");
    assert!(!deleted.contains("MSG_TERMINATED"), "{deleted}");
    bench.wait(SECOND * 3 / 2);
    let said = bench.send("SUB in 8\r\nPUB $JS.API.CONSUMER.MSG.NEXT.S.C in 1\r\n1\r\n");
    assert!(
        said.contains("\"reason\":\"Unacknowledged message was deleted\""),
        "{said}"
    );
    assert!(said.contains("$JS.ACK.S.C.1.3.2."), "{said}");
}

/// A message is looked at when its own ack wait is over, not the shortest of a backoff: until then what lies below the floor
/// counts as pending.
#[test]
fn a_message_is_looked_at_by_its_own_backoff() {
    let backoff =
        ",\"ack_policy\":\"all\",\"max_deliver\":5,\"backoff\":[4000000000,4000000000,1000000000]";
    let mut bench = with(",\"allow_rollup_hdrs\":true", backoff, &["s.a", "s.b"]);
    bench.ask("CONSUMER.MSG.NEXT.S.C", "2");
    bench.send("HPUB s.b 30 30\r\nNATS/1.0\r\nNats-Rollup: sub\r\n\r\n\r\n");
    bench.ask("STREAM.MSG.DELETE.S", "{\"seq\":1}");
    for (tenths, pending) in [(0, 1), (35, 1), (10, 0)] {
        bench.wait(tenths * SECOND / 10);
        let info = info(&mut bench);
        let count = format!("\"num_ack_pending\":{pending}");
        assert!(info.contains(&count), "{info}");
    }
}

/// A work queue has what a reset went past after a restart, too.
#[test]
fn a_work_queue_keeps_what_a_reset_went_past() {
    let mut bench = with(
        ",\"retention\":\"workqueue\"",
        ",\"ack_policy\":\"explicit\"",
        &["s.a"; 3],
    );
    let reset = bench.ask("CONSUMER.RESET.S.C", "{\"seq\":3}");
    assert!(reset.contains("\"reset_seq\":3"), "{reset}");
    let info = bench.restarted().ask("STREAM.INFO.S", "");
    assert_eq!(number(&info, "messages"), 3, "{info}");
}

/// Messages that are given up make room for the next.
#[test]
fn what_is_given_up_makes_room() {
    for limit in [1, 2] {
        let consumer = format!(
            ",\"ack_policy\":\"explicit\",\"max_deliver\":1,\"ack_wait\":300000000,\"max_ack_pending\":{limit}"
        );
        let mut bench = with("", &consumer, &["s.a"; 6]);
        let request = "{\"batch\":6,\"expires\":5000000000}";
        let mut got = bench.ask("CONSUMER.MSG.NEXT.S.C", request);
        let mut rounds = 1;
        while got.matches("MSG s.a").count() < 6 && rounds < 9 {
            assert_eq!(got.matches("MSG s.a").count(), limit * rounds, "{got}");
            bench.wait(SECOND * 35 / 100);
            got += &bench.send("");
            rounds += 1;
        }
        assert_eq!(rounds, 6 / limit, "{got}");
    }
}

/// An update to another deliver subject delivers again, or gives up, by the `max_deliver` there was.
#[test]
fn another_deliver_subject_comes_before_another_max_deliver() {
    for (before, after, interest, expected) in [
        (1, 5, true, (0, 1)),
        (1, 2, true, (0, 1)),
        (-1, 1, false, (1, 1)),
    ] {
        let fields = |to: &str, max: i32| {
            format!(
                ",\"ack_policy\":\"explicit\",\"deliver_subject\":\"d.{to}\",\"max_deliver\":{max}"
            )
        };
        let mut bench = Bench::new();
        bench.ask("STREAM.CREATE.S", "{\"name\":\"S\",\"subjects\":[\"s.>\"]}");
        bench.send("SUB d.x 8\r\n");
        durable(&mut bench, "C", &fields("x", before));
        bench.publish(&["s.a"]);
        bench.send("UNSUB 8\r\n");
        if interest {
            bench.send("SUB d.y 9\r\n");
        }
        durable(&mut bench, "C", &fields("y", after));
        bench.wait(SECOND / 10);
        let info = info(&mut bench);
        let seen = (
            number(&info, "num_ack_pending"),
            number(&info, "consumer_seq"),
        );
        assert_eq!(seen, expected, "{before} to {after}: {info}");
    }
}

/// A held message goes where it was to go; when nobody takes it there, the deliver subject of now is looked at.
#[test]
fn a_held_message_that_nobody_takes_does_not_end_the_deliveries() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.S", "{\"name\":\"S\",\"subjects\":[\"s.>\"]}");
    for _ in 0..3 {
        bench.publish(&["s.a"]);
        bench.wait(SECOND / 2);
    }
    bench.send("SUB d.x 8\r\nSUB d.y 9\r\n");
    let fields = |to: &str| {
        format!(
            ",\"ack_policy\":\"explicit\",\"deliver_subject\":\"d.{to}\",\"replay_policy\":\"original\""
        )
    };
    durable(&mut bench, "C", &fields("x"));
    bench.wait(SECOND / 10);
    bench.send("UNSUB 8\r\n");
    durable(&mut bench, "C", &fields("y"));
    bench.wait(3 * SECOND);
    let got = bench.send("");
    let sequences: Vec<&str> = (got.split("$JS.ACK.S.C.").skip(1))
        .filter_map(|rest| rest.split('.').nth(1))
        .collect();
    assert_eq!(sequences, ["1", "3"], "{got}");
}

/// What is no UTF-8 in the reason of a TERM is as Go writes it, byte for byte.
#[test]
fn reasons_are_shown_whatever_they_hold() {
    let mut bench = with("", ",\"ack_policy\":\"explicit\"", &["s.a"; 3]);
    bench.ask("CONSUMER.MSG.NEXT.S.C", "3");
    bench.send("SUB $JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.S.C 7\r\n");
    for (seq, reason, shown) in [
        (1, &b" \xe2\x82"[..], ",\"reason\":\"\\ufffd\\ufffd\""),
        (
            2,
            b"\xc2\xa0a\xff \xef\xbf\xbdb\xc2\x85",
            ",\"reason\":\"a\\ufffd \u{fffd}b\"",
        ),
        (3, b" \xc2\xa0", ""),
    ] {
        let size = "+TERM".len() + reason.len();
        let ack = format!("PUB $JS.ACK.S.C.1.{seq}.{seq}.1.0 {size}\r\n+TERM");
        let advisory = bench.send_bytes(&[ack.as_bytes(), reason, b"\r\n"].concat());
        let end = format!("\"deliveries\":1{shown}}}\r\n");
        assert!(advisory.ends_with(&end), "{advisory}");
    }
}

/// Several messages that go at once make room one by one: the first to come is pending before the last is given up.
#[test]
fn what_goes_at_once_makes_room_one_by_one() {
    let consumer = ",\"ack_policy\":\"explicit\",\"max_ack_pending\":2,\"ack_wait\":30000000000";
    for (waits, floor, reset) in [(true, [2, 5], 6), (false, [2, 2], 3)] {
        let mut bench = with("", consumer, &["s.a"; 8]);
        bench.ask(
            "CONSUMER.MSG.NEXT.S.C",
            "{\"batch\":2,\"expires\":5000000000}",
        );
        if waits {
            bench.ask(
                "CONSUMER.MSG.NEXT.S.C",
                "{\"batch\":1,\"expires\":5000000000}",
            );
        }
        let stream = "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"max_msgs\":3}";
        bench.ask("STREAM.UPDATE.S", stream);
        let info = info(&mut bench);
        let (_, after) = info.split_once("\"ack_floor\"").expect("a floor");
        let seen = [number(after, "consumer_seq"), number(after, "stream_seq")];
        assert_eq!(seen, floor, "{info}");
        let answer = bench.ask("CONSUMER.RESET.S.C", "");
        assert_eq!(number(&answer, "reset_seq"), reset, "{answer}");
    }
}

/// Of what changes under it, a list of last messages may count more than there are; an info counts anew.
#[test]
fn an_info_puts_a_count_below_zero_right() {
    let consumer = ",\"ack_policy\":\"none\",\"deliver_policy\":\"last_per_subject\",\"filter_subject\":\"s.>\"";
    let mut bench = Bench::new();
    let stream = "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"max_msgs_per_subject\":2}";
    bench.ask("STREAM.CREATE.S", stream);
    bench.publish(&["s.a", "s.b", "s.c", "s.c"]);
    durable(&mut bench, "C", consumer);
    bench.publish(&["s.c"]);
    let got = bench.ask(
        "CONSUMER.MSG.NEXT.S.C",
        "{\"batch\":4,\"expires\":1000000000}",
    );
    assert_eq!(got.matches("$JS.ACK.").count(), 4, "{got}");
    bench.wait(2 * SECOND);
    bench.send("");
    info(&mut bench);
    bench.publish(&["s.d"]);
    assert_eq!(number(&info(&mut bench), "num_pending"), 1);
    let got = bench.ask("CONSUMER.MSG.NEXT.S.C", "{\"batch\":4,\"no_wait\":true}");
    assert!(
        got.contains("MSG s.d 1 $JS.ACK.") && got.contains("404 No Messages"),
        "{got}"
    );
}
