//! What consumers count and when they look, seen by a client. Every expected value was seen on nats-server 2.15.2, which
//! also played the longer sequences these come from (`tests/differential`).
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{Bench, number};
use nats_kv_playground::wire::time::SECOND;

/// With a stream `S` of subjects `s.>`; `more` are further fields.
fn with_stream(more: &str) -> Bench {
    let mut bench = Bench::new();
    let config = format!("{{\"name\":\"S\",\"subjects\":[\"s.>\"]{more}}}");
    bench.ask("STREAM.CREATE.S", &config);
    bench
}

/// Makes a consumer `C` of these fields.
fn consumer(bench: &mut Bench, fields: &str) {
    let config = format!("{{\"stream_name\":\"S\",\"config\":{{\"name\":\"C\",{fields}}}}}");
    let answer = bench.ask("CONSUMER.CREATE.S.C", &config);
    assert!(answer.contains("\"num_pending\":"), "{answer}");
}

/// Messages before the first one that a consumer wants count as pending, until somebody looks.
#[test]
fn names_look_at_no_consumer() {
    let start =
        "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":3,\"ack_policy\":\"explicit\"";
    for (look, pending) in [("CONSUMER.NAMES.S", 2), ("CONSUMER.LIST.S", 0)] {
        let mut bench = with_stream("");
        consumer(&mut bench, start);
        bench.publish(&["s.a"]);
        bench.ask(look, "");
        bench.publish(&["s.a"]);
        bench.ask(look, "");
        bench.publish(&["s.a"]);
        let message = bench.ask("CONSUMER.MSG.NEXT.S.C", "1");
        let reply = message.split(' ').find(|word| word.starts_with("$JS.ACK"));
        let left = reply.and_then(|reply| reply.rsplit('.').next());
        assert_eq!(left, Some(pending.to_string().as_str()), "{message}");
    }
}

/// A page is all that is looked at.
#[test]
fn a_list_looks_at_its_page_alone() {
    let start =
        "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":3,\"ack_policy\":\"explicit\"";
    let mut bench = with_stream("");
    consumer(&mut bench, start);
    bench.publish(&["s.a", "s.a"]);
    bench.ask("CONSUMER.LIST.S", "{\"offset\":1}");
    bench.publish(&["s.a"]);
    let info = bench.ask("CONSUMER.INFO.S.C", "");
    assert_eq!(number(&info, "num_pending"), 1);
}

/// Interest that was there before makes a push consumer look no second time.
#[test]
fn more_of_the_same_interest_changes_nothing() {
    let mut bench = with_stream("");
    let push = "\"deliver_subject\":\"d\",\"ack_policy\":\"none\",\"filter_subject\":\"s.a\"";
    bench.send("SUB d 2\r\nSUB d 3\r\n");
    consumer(&mut bench, &format!("{push},\"mem_storage\":true"));
    bench.publish(&["s.b"]);
    bench.send("UNSUB 2\r\nSUB d 4\r\n");
    let info = bench.ask("CONSUMER.INFO.S.C", "");
    assert_eq!(number(&info, "stream_seq"), 0, "{info}");
}

/// A reset that changes nothing counts nothing, nor does one to the floor of a consumer that acknowledges in order.
#[test]
fn a_reset_counts_where_it_has_to() {
    let fields =
        "\"deliver_policy\":\"last_per_subject\",\"filter_subject\":\"s.a\",\"ack_policy\":";
    for (ack, pull, pending) in [
        ("explicit", false, 2),
        ("explicit", true, 1),
        ("all", false, 2),
        ("all", true, 2),
    ] {
        let mut bench = with_stream(",\"max_msgs_per_subject\":3");
        consumer(&mut bench, &format!("{fields}\"{ack}\""));
        bench.publish(&["s.a", "s.a"]);
        if pull {
            bench.ask("CONSUMER.MSG.NEXT.S.C", "1");
        }
        let answer = bench.ask("CONSUMER.RESET.S.C", "");
        assert_eq!(number(&answer, "reset_seq"), 1, "{answer}");
        assert_eq!(number(&answer, "num_pending"), pending, "{answer}");
    }
}

/// A reset beyond the stream's end leaves the messages of a stream of retention interest.
#[test]
fn a_reset_beyond_the_end_removes_nothing() {
    for (seq, messages) in [(2, 0), (3, 1)] {
        let mut bench = with_stream(",\"retention\":\"interest\"");
        consumer(&mut bench, "\"ack_policy\":\"explicit\"");
        bench.publish(&["s.a"]);
        bench.ask("CONSUMER.RESET.S.C", &format!("{{\"seq\":{seq}}}"));
        let info = bench.ask("STREAM.INFO.S", "");
        assert_eq!(number(&info, "messages"), messages, "{info}");
    }
}

/// Each create request for a consumer that is paused tells so, also one that changes nothing.
#[test]
fn a_paused_consumer_says_so_whenever_it_is_created() {
    let mut bench = with_stream("");
    bench.send("SUB $JS.EVENT.ADVISORY.CONSUMER.PAUSE.> 2\r\n");
    let config = "{\"stream_name\":\"S\",\"config\":{\"name\":\"C\",\"ack_policy\":\"none\",\
        \"pause_until\":\"2126-01-01T00:00:00Z\"}}";
    for _ in 0..2 {
        let seen = bench.ask("CONSUMER.CREATE.S.C", config);
        let advisory =
            "\"consumer\":\"C\",\"paused\":true,\"pause_until\":\"2126-01-01T00:00:00Z\"}";
        assert!(
            seen.contains("MSG $JS.EVENT.ADVISORY.CONSUMER.PAUSE.S.C 2 "),
            "{seen}"
        );
        assert!(seen.contains(advisory), "{seen}");
    }
}

/// Batches are off, which a message is told only if the stream would take its size.
#[test]
fn a_message_of_a_batch_is_refused_after_its_size() {
    let mut bench = with_stream(",\"max_msg_size\":60");
    let block = "NATS/1.0\r\nNats-Batch-Id: 1\r\nNats-Expected-Stream: T\r\n\r\n";
    let size = block.len();
    for (payload, error) in [
        (
            "x",
            "{\"code\":400,\"err_code\":10174,\"description\":\"atomic publish is disabled\"}",
        ),
        (
            "too long",
            "{\"code\":400,\"err_code\":10054,\"description\":\"message size exceeds maximum allowed\"}",
        ),
    ] {
        let total = size + payload.len();
        let seen = bench.send(&format!(
            "HPUB s.a r {size} {total}\r\n{block}{payload}\r\n"
        ));
        assert!(seen.contains(error), "{seen}");
    }
}

/// A rate limit lets at most `max_msg_size` bytes go at once, subjects and headers included: more never goes.
#[test]
fn a_message_larger_than_a_rate_limits_burst_is_never_sent() {
    for (limit, sent) in [(20, false), (60, true)] {
        let mut bench = with_stream(&format!(",\"max_msg_size\":{limit}"));
        bench.publish(&["s.a"]);
        let fields =
            "\"deliver_subject\":\"d\",\"ack_policy\":\"none\",\"rate_limit_bps\":1000000000";
        consumer(&mut bench, fields);
        let delivered = bench.send("SUB d 2\r\n");
        assert_eq!(
            delivered.contains("MSG s.a 2 $JS.ACK.S.C.1.1.1."),
            sent,
            "{limit}"
        );
    }
}

/// A rate limit of less than a byte a second lets its burst go and no more.
#[test]
fn the_smallest_rate_limit() {
    let mut bench = with_stream(",\"max_msg_size\":300");
    let message = format!("PUB s.a 150\r\n{}\r\n", "x".repeat(150));
    bench.send(&message.repeat(4));
    let fields = "\"deliver_subject\":\"r\",\"ack_policy\":\"none\",\"rate_limit_bps\":7";
    consumer(&mut bench, fields);
    bench.wait(60 * SECOND);
    let info = bench.ask("CONSUMER.INFO.S.C", "");
    assert_eq!(number(&info, "consumer_seq"), 1, "{info}");
}

/// Whose time is over before anybody looks gets nothing, and what is wrong in a request has Go's place in it.
#[test]
fn requests_that_get_nothing() {
    let place = "json: cannot unmarshal number into Go struct field JSApiConsumerGetNextRequest";
    for (request, status) in [
        (
            "{\"expires\":1,\"batch\":1}",
            "408 Request Timeout\r\nNats-Pending-Messages: 1\r\n".into(),
        ),
        (
            "{\"group\":1,\"batch\":1}",
            format!("400 Bad Request - {place}.PriorityGroup.group of type string\r\n"),
        ),
        (
            "{\"no_wait\":1,\"batch\":1}",
            format!("400 Bad Request - {place}.no_wait of type bool\r\n"),
        ),
    ] {
        let mut bench = with_stream("");
        consumer(&mut bench, "\"ack_policy\":\"explicit\"");
        bench.publish(&["s.a"]);
        let answer = bench.ask("CONSUMER.MSG.NEXT.S.C", request);
        assert!(answer.contains(&format!("NATS/1.0 {status}")), "{answer}");
    }
}

/// What takes the place of a message that waits for its ack gives room to the next one, which counts what is behind it:
/// not yet the new message, unless that is a rollup.
#[test]
fn room_comes_before_the_new_message_counts_unless_it_is_a_rollup() {
    for (put, pending) in [
        ("PUB s.a 1\r\nv\r\n", 0),
        (
            "HPUB s.a 30 30\r\nNATS/1.0\r\nNats-Rollup: sub\r\n\r\n\r\n",
            1,
        ),
    ] {
        let mut bench = with_stream(",\"max_msgs_per_subject\":1,\"allow_rollup_hdrs\":true");
        bench.publish(&["s.a"]);
        let fields = "\"deliver_subject\":\"d\",\"ack_policy\":\"all\",\"max_ack_pending\":2";
        consumer(&mut bench, fields);
        bench.send("SUB d 2\r\n");
        bench.publish(&["s.b", "s.c"]);
        let third = bench.send(put);
        let reply = third
            .split_whitespace()
            .find(|word| word.starts_with("$JS.ACK.S.C.1.3.3."));
        let reply = reply.expect("the third message");
        assert!(reply.ends_with(&format!(".{pending}")), "{reply}");
    }
}

/// Nobody was given message 0, yet an ack of it is confirmed where it is the store's affair alone.
#[test]
fn an_ack_of_sequence_zero() {
    let rows = [
        ("", "explicit", true),
        ("", "all", false),
        (",\"retention\":\"workqueue\"", "explicit", false),
        (",\"retention\":\"interest\"", "explicit", false),
    ];
    for (more, policy, confirmed) in rows {
        let mut bench = with_stream(more);
        consumer(&mut bench, &format!("\"ack_policy\":\"{policy}\""));
        bench.publish(&["s.a"]);
        for (payload, acks) in [
            ("", true),
            ("+TERM", true),
            ("+WPI", false),
            ("-NAK", false),
        ] {
            let size = payload.len();
            let ack = format!("PUB $JS.ACK.S.C.1.0.0.1.0 r {size}\r\n{payload}\r\n");
            let answer = bench.send(&ack);
            let want = if confirmed && acks {
                "MSG r 1 0\r\n\r\n"
            } else {
                ""
            };
            assert_eq!(answer, want, "{more} {policy} {payload}");
        }
    }
}

/// The server's own metadata makes no difference, but what only looks like it does.
#[test]
fn metadata_of_a_repeated_create() {
    for (key, same) in [
        ("_nats.req.level", true),
        ("_nats.ver", true),
        ("_nats.x", false),
    ] {
        let mut bench = with_stream(&format!(",\"metadata\":{{\"{key}\":\"9\"}}"));
        let config = "{\"name\":\"S\",\"subjects\":[\"s.>\"]}";
        let answer = bench.ask("STREAM.CREATE.S", config);
        assert_eq!(!answer.contains("\"err_code\":10058"), same, "{answer}");
    }
}

/// A pause that a request lifts wakes nobody: what is there comes with the next message. One that runs out does.
#[test]
fn a_consumer_resumed_by_a_request_waits_for_the_next_message() {
    let acks = |seen: &str| seen.matches("$JS.ACK.").count();
    let push = "\"deliver_subject\":\"d\",\"ack_policy\":\"explicit\"";
    for lift in ["", "{\"pause_until\":\"2020-01-01T00:00:00Z\"}"] {
        let mut bench = with_stream("");
        bench.send("SUB d 2\r\n");
        consumer(
            &mut bench,
            &format!("{push},\"pause_until\":\"2126-01-01T00:00:00Z\""),
        );
        bench.publish(&["s.a"]);
        assert_eq!(acks(&bench.ask("CONSUMER.PAUSE.S.C", lift)), 0);
        bench.wait(SECOND);
        assert_eq!(acks(&bench.send("PING\r\n")), 0);
        assert_eq!(acks(&bench.send("PUB s.a 1\r\nv\r\n")), 2);
    }
    let mut bench = with_stream("");
    bench.send("SUB d 2\r\n");
    // The bench begins at 2026-11-24T16:19:09Z.
    consumer(
        &mut bench,
        &format!("{push},\"pause_until\":\"2026-11-24T16:19:10Z\""),
    );
    bench.publish(&["s.a"]);
    bench.wait(2 * SECOND);
    assert_eq!(acks(&bench.send("PING\r\n")), 1);
}

/// As many bytes at once as would make a slow consumer of the client: it gets them all, in pieces.
#[test]
fn deliveries_wait_for_a_client_that_reads() {
    let message = format!("PUB s.a 1048576\r\n{}\r\n", "x".repeat(1 << 20));
    for (fields, ask) in [
        ("\"deliver_subject\":\"r\",\"ack_policy\":\"none\"", None),
        (
            "\"ack_policy\":\"explicit\"",
            Some("{\"batch\":70,\"no_wait\":true}"),
        ),
    ] {
        let mut bench = with_stream("");
        for _ in 0..70 {
            bench.send(&message);
        }
        let config =
            format!("{{\"stream_name\":\"S\",\"config\":{{\"durable_name\":\"C\",{fields}}}}}");
        let mut output = bench.ask("CONSUMER.DURABLE.CREATE.S.C", &config);
        if let Some(request) = ask {
            output = bench.ask("CONSUMER.MSG.NEXT.S.C", request);
        }
        let mut got = 0;
        while output.contains("$JS.ACK.S.C.") {
            got += output.matches("$JS.ACK.S.C.").count();
            bench.wait(SECOND / 100);
            output = bench.send("");
        }
        assert_eq!(got, 70, "{fields}");
    }
}

/// A request that carries the pin keeps it, even one that gets nothing; messages and acks do not.
#[test]
fn requests_keep_the_pin_they_carry() {
    let pinning = "\"ack_policy\":\"explicit\",\"priority_groups\":[\"g\"],\
        \"priority_policy\":\"pinned_client\",\"priority_timeout\":1000000000";
    let mut bench = with_stream("");
    consumer(&mut bench, pinning);
    bench.publish(&["s.a"]);
    let message = bench.ask("CONSUMER.MSG.NEXT.S.C", "{\"batch\":3,\"group\":\"g\"}");
    let pin = message
        .split("Nats-Pin-Id: ")
        .nth(1)
        .map(|rest| &rest[..22]);
    let pin = pin.expect("a pin");
    let with_pin = format!("{{\"batch\":1,\"group\":\"g\",\"id\":\"{pin}\",\"no_wait\":true}}");
    let stale = "{\"batch\":1,\"group\":\"g\",\"id\":\"x\",\"no_wait\":true,\"expires\":1}";
    bench.wait(SECOND * 6 / 10);
    let none = bench.ask("CONSUMER.MSG.NEXT.S.C", &with_pin);
    assert!(none.contains(" 404 No Messages\r\n"), "{none}");
    bench.wait(SECOND * 9 / 10);
    bench.publish(&["s.a"]);
    let refused = bench.ask("CONSUMER.MSG.NEXT.S.C", stale);
    assert!(
        refused.contains(" 423 Nats-Pin-Id mismatch\r\n"),
        "{refused}"
    );
    bench.wait(SECOND * 2 / 10);
    let accepted = bench.ask("CONSUMER.MSG.NEXT.S.C", stale);
    assert!(!accepted.contains("mismatch"), "{accepted}");
}

/// Who gets the threshold of ephemerals with an update is what was one before, so that it ends a durable.
#[test]
fn an_ephemeral_made_durable_keeps_a_threshold() {
    let mut bench = with_stream("");
    consumer(&mut bench, "\"ack_policy\":\"none\"");
    consumer(&mut bench, "\"ack_policy\":\"none\",\"durable_name\":\"C\"");
    let info = bench.ask("CONSUMER.INFO.S.C", "");
    assert_eq!(number(&info, "inactive_threshold"), 5_000_000_000, "{info}");
    bench.wait(6 * SECOND);
    let names = bench.ask("CONSUMER.NAMES.S", "");
    assert!(names.contains("\"consumers\":[]"), "{names}");
    let threshold = "\"durable_name\":\"C\",\"inactive_threshold\":9000000000";
    consumer(&mut bench, threshold);
    consumer(&mut bench, "\"description\":\"d\"");
    let info = bench.ask("CONSUMER.INFO.S.C", "");
    assert!(!info.contains("inactive_threshold"), "{info}");
}

/// Flow control counts the deliver subject and not the message's own, which a rate limit counts.
#[test]
fn flow_control_counts_the_deliver_subject() {
    let long = "x".repeat(100);
    for (own, deliver, asked, stalled) in [("m", &long[..], 126, 252), (&long[..], "d", 128, 255)] {
        let mut bench = with_stream("");
        for _ in 0..260 {
            let payload = "x".repeat(8192);
            bench.send(&format!("PUB s.{own} 8192\r\n{payload}\r\n"));
        }
        bench.send(&format!("SUB {deliver} 2\r\n"));
        let push = format!("\"deliver_subject\":\"{deliver}\",\"ack_policy\":\"none\"");
        let flow = "\"flow_control\":true,\"idle_heartbeat\":10000000000";
        let config =
            format!("{{\"stream_name\":\"S\",\"config\":{{\"name\":\"C\",{push},{flow}}}}}");
        let mut output = bench.ask("CONSUMER.CREATE.S.C", &config);
        for _ in 0..9 {
            bench.wait(SECOND / 100);
            output += &bench.send("");
        }
        let count = |text: &str| text.matches("$JS.ACK.S.C.").count();
        let (before, after) = output.split_once("FlowControl").expect("a request");
        assert_eq!((count(before), count(after)), (asked, stalled - asked));
    }
}

/// The first says where the consumer was, the next that it looked again and found nothing. A delivery puts them off, and
/// nobody looks when the first would have been.
#[test]
fn heartbeats_show_how_far_a_consumer_looked() {
    let config =
        "\"filter_subject\":\"s.b\",\"deliver_subject\":\"r\",\"idle_heartbeat\":500000000";
    for (subjects, places) in [(&["s.a"][..], [0, 1, 1]), (&["s.b", "s.a"], [1, 2, 2])] {
        let mut bench = with_stream("");
        consumer(&mut bench, config);
        bench.wait(SECOND / 4);
        for subject in subjects {
            bench.publish(&[subject]);
            bench.wait(SECOND / 10);
        }
        for place in places {
            bench.wait(SECOND / 2);
            let beat = bench.send("");
            let expected = format!("Nats-Last-Stream: {place}\r\n");
            assert!(beat.contains(&expected), "{beat}");
        }
    }
}

/// While a message of a replay waits for its time nobody looks at requests, not even for those that are over.
#[test]
fn requests_wait_with_the_message_of_a_replay() {
    for (request, end) in [
        ("{\"batch\":5,\"no_wait\":true}", " 404 No Messages\r\n"),
        (
            "{\"batch\":5,\"expires\":400000000}",
            " 408 Request Timeout\r\nNats-Pending-Messages: 3\r\n",
        ),
    ] {
        let mut bench = with_stream("");
        bench.publish(&["s.a"]);
        bench.wait(SECOND * 6 / 10);
        bench.publish(&["s.b"]);
        consumer(
            &mut bench,
            "\"ack_policy\":\"explicit\",\"replay_policy\":\"original\"",
        );
        let first = bench.ask("CONSUMER.MSG.NEXT.S.C", request);
        assert!(first.contains("MSG s.a 1 $JS.ACK.S.C.1.1.1."), "{first}");
        assert!(!first.contains("NATS/1.0"), "{first}");
        bench.wait(SECOND / 2);
        assert_eq!(bench.send(""), "", "{request}");
        bench.wait(SECOND / 2);
        let rest = bench.send("");
        assert!(
            rest.starts_with("MSG s.b 1 $JS.ACK.S.C.1.2.2.") && rest.contains(end),
            "{rest}"
        );
    }
}

/// Nor are there heartbeats while a message waits for its time; a request that missed some gets
/// one with it.
#[test]
fn no_heartbeats_while_a_message_is_held() {
    let beats = |text: &str| text.matches("Idle Heartbeat").count();
    for (fields, ask, after) in [
        (
            "\"deliver_subject\":\"r\",\"ack_policy\":\"none\",\"idle_heartbeat\":300000000",
            None,
            1,
        ),
        (
            "\"ack_policy\":\"explicit\"",
            Some("{\"batch\":3,\"expires\":4000000000,\"idle_heartbeat\":300000000}"),
            2,
        ),
    ] {
        let mut bench = with_stream("");
        bench.publish(&["s.a"]);
        bench.wait(SECOND * 12 / 10);
        bench.publish(&["s.b"]);
        consumer(
            &mut bench,
            &format!("{fields},\"replay_policy\":\"original\""),
        );
        if let Some(request) = ask {
            bench.ask("CONSUMER.MSG.NEXT.S.C", request);
        }
        bench.wait(SECOND * 11 / 10);
        assert_eq!(beats(&bench.send("")), 0, "{fields}");
        bench.wait(SECOND / 2);
        let rest = bench.send("");
        let (held, beat) = rest.split_once("HMSG r 1").expect("a heartbeat");
        assert!(held.starts_with("MSG s.b 1 $JS.ACK.S.C.1.2.2."), "{rest}");
        assert_eq!(beats(beat), after, "{rest}");
        assert!(beat.contains("Nats-Last-Consumer: 2\r\n"), "{rest}");
    }
}

/// Who says with the subscription how many messages it takes gets no more.
#[test]
fn a_limit_in_the_same_bytes_as_the_subscription_counts() {
    let mut bench = with_stream("");
    consumer(&mut bench, "\"deliver_subject\":\"d\"");
    bench.publish(&["s.a", "s.a", "s.a", "s.a", "s.a"]);
    let seen = bench.send("SUB d 2\r\nUNSUB 2 2\r\n");
    assert_eq!(seen.matches("$JS.ACK.S.C.").count(), 2, "{seen}");
}

/// A request whose client has gone is forgotten when somebody looks: who asks for the consumer does, an ack does not.
#[test]
fn acks_look_at_no_requests() {
    for (event, served) in [
        ("", true),
        ("$JS.ACK.S.C.1.1.1.1.0 r 4\r\n+ACK", true),
        ("$JS.ACK.S.C.1.1.1.1.0 r 7\r\n-NAK 1h", true),
        ("$JS.ACK.S.C.1.1.1.1.0 r 4\r\n-NAK", false),
        ("$JS.API.CONSUMER.INFO.S.C r 0\r\n", false),
        ("$JS.API.CONSUMER.LIST.S r 0\r\n", false),
    ] {
        let mut bench = with_stream("");
        consumer(&mut bench, "\"ack_policy\":\"explicit\"");
        bench.publish(&["s.a"]);
        bench.ask("CONSUMER.MSG.NEXT.S.C", "1");
        bench.send("SUB i 2\r\nPUB $JS.API.CONSUMER.MSG.NEXT.S.C i 1\r\n1\r\n");
        bench.send("UNSUB 2\r\n");
        if !event.is_empty() {
            bench.send(&format!("PUB {event}\r\n"));
        }
        bench.send("SUB i 3\r\n");
        let seen = bench.send("PUB s.a 1\r\nv\r\n");
        assert_eq!(
            seen.contains("MSG s.a 3 $JS.ACK.S.C.1.2.2."),
            served,
            "{event}"
        );
    }
}

/// Nor does a request that finds the queue full, unless the last look is more than a second ago.
#[test]
fn a_full_queue_is_looked_through_once_a_second() {
    for (tenths, refused) in [(3, true), (14, false)] {
        let mut bench = with_stream("");
        consumer(&mut bench, "\"ack_policy\":\"explicit\",\"max_waiting\":1");
        let request = "{\"batch\":1,\"expires\":5000000000}";
        let size = request.len();
        let next = |reply| {
            let subject = "$JS.API.CONSUMER.MSG.NEXT.S.C";
            format!("PUB {subject} {reply} {size}\r\n{request}\r\n")
        };
        bench.send(&format!("SUB i 2\r\n{}", next("i")));
        bench.send("UNSUB 2\r\n");
        bench.wait(SECOND / 10 * tenths);
        let seen = bench.send(&next("r"));
        assert_eq!(
            seen.contains(" 409 Exceeded MaxWaiting\r\n"),
            refused,
            "{seen}"
        );
    }
}

/// A message that was given up counts as acknowledged, though no floor moves, when it goes.
#[test]
fn what_was_given_up_is_acknowledged_by_its_end() {
    let mut bench = with_stream("");
    let fields = "\"ack_policy\":\"explicit\",\"max_deliver\":1,\"ack_wait\":200000000";
    consumer(&mut bench, fields);
    bench.publish(&["s.a", "s.b", "s.c"]);
    bench.ask("CONSUMER.MSG.NEXT.S.C", "2");
    bench.wait(SECOND / 2);
    let floor = "\"ack_floor\":{\"consumer_seq\":0,\"stream_seq\":0";
    let before = bench.ask("CONSUMER.INFO.S.C", "");
    assert!(before.contains(&format!("{floor}}}")), "{before}");
    bench.ask("STREAM.MSG.DELETE.S", "{\"seq\":1}");
    let after = bench.ask("CONSUMER.INFO.S.C", "");
    assert!(
        after.contains(&format!("{floor},\"last_active\":")),
        "{after}"
    );
}
