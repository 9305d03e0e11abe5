//! How messages and their ids go, seen by a client. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{Bench, number};
use nats_kv_playground::wire::time::SECOND;

const MS: i64 = SECOND / 1000;

/// Four messages, one every 50 ms, by `put`; how many are left so many milliseconds after the first.
fn left(bench: &mut Bench, put: &str, seen: &[(i64, u64)]) {
    for _ in 0..4 {
        bench.send(put);
        bench.wait(50 * MS);
    }
    let mut now = 200;
    for (at, left) in seen {
        bench.wait((at - now) * MS);
        now = *at;
        let info = bench.ask("STREAM.INFO.S", "");
        assert_eq!(number(&info, "messages"), *left, "after {at} ms: {info}");
    }
}

/// A full stream has no room for two of three delete markers; those messages stay, and are tried again 2 s later.
#[test]
fn a_marker_without_room_is_tried_again_after_two_seconds() {
    let mut bench = Bench::new();
    bench.ask(
        "STREAM.CREATE.S",
        "{\"name\":\"S\",\"subjects\":[\"$KV.a.>\"],\"max_msgs_per_subject\":2,\"discard\":\"new\",\"allow_rollup_hdrs\":true,\
         \"allow_msg_ttl\":true,\"subject_delete_marker_ttl\":1000000000,\"max_age\":1200000000,\
         \"duplicate_window\":650000000,\"max_bytes\":323}",
    );
    bench.send("PUB $KV.a.b 0\r\n\r\n");
    bench.send("PUB $KV.a.x.y.z 1\r\nv\r\n");
    bench.send("HPUB $KV.a.c.e 25 31\r\nNATS/1.0\r\nOther: x: y\r\n\r\né\r\n<>\r\n");
    // Milliseconds since then; messages, bytes, and the first and the last sequence.
    let want = [
        (0, [3, 153, 1, 3]),
        (1100, [3, 153, 1, 3]),
        (1700, [3, 229, 2, 4]),
        (2900, [2, 116, 2, 4]),
        (4100, [2, 232, 5, 6]),
        (5300, [0, 0, 7, 6]),
    ];
    let mut now = 0;
    for (at, state) in want {
        bench.wait((at - now) * MS);
        now = at;
        let info = bench.ask("STREAM.INFO.S", "");
        let got = ["messages", "bytes", "first_seq", "last_seq"].map(|name| number(&info, name));
        assert_eq!(got, state, "after {at} ms");
    }
}

/// A transform that came later takes the marker elsewhere: the message stays, and has another marker 2 s later.
#[test]
fn a_marker_on_another_subject_is_made_again_after_two_seconds() {
    let mut bench = Bench::new();
    let config = "\"name\":\"S\",\"subjects\":[\"s.>\"],\"allow_rollup_hdrs\":true,\"allow_msg_ttl\":true,\
         \"subject_delete_marker_ttl\":1000000000,\"max_age\":1200000000,\"duplicate_window\":650000000";
    bench.ask("STREAM.CREATE.S", &format!("{{{config}}}"));
    bench.send("PUB s.a 1\r\nv\r\n");
    bench.ask(
        "STREAM.UPDATE.S",
        &format!("{{{config},\"subject_transform\":{{\"src\":\"s.a\",\"dest\":\"s.b\"}}}}"),
    );
    // Milliseconds since then; messages and the last sequence.
    let mut now = 0;
    for (at, state) in [
        (1100, [1, 1]),
        (1700, [2, 2]),
        (2300, [2, 2]),
        (2900, [1, 2]),
        (4300, [2, 3]),
    ] {
        bench.wait((at - now) * MS);
        now = at;
        let info = bench.ask("STREAM.INFO.S", "");
        let got = ["messages", "last_seq"].map(|name| number(&info, name));
        assert_eq!(got, state, "after {at} ms");
    }
}

/// Expiry looks four times a second: what comes due in between goes together.
#[test]
fn expiry_looks_four_times_a_second() {
    let mut bench = Bench::new();
    bench.ask(
        "STREAM.CREATE.S",
        "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"allow_msg_ttl\":true}",
    );
    let put = "HPUB s.a 26 27\r\nNATS/1.0\r\nNats-TTL: 1s\r\n\r\nv\r\n";
    let seen = [(900, 4), (1050, 3), (1120, 3), (1220, 3), (1300, 0)];
    left(&mut bench, put, &seen);
}

/// `max_age` of a file-backed stream is found out at the second look, since the clock of its store is a little behind.
#[test]
fn messages_of_files_live_a_little_longer_than_max_age() {
    for (storage, seen) in [
        ("file", [(900, 4), (1100, 4), (1200, 4), (1300, 0)]),
        ("memory", [(900, 4), (1050, 3), (1200, 3), (1300, 0)]),
    ] {
        let mut bench = Bench::new();
        let config = format!(
            "{{\"name\":\"S\",\"subjects\":[\"s.>\"],\"storage\":\"{storage}\",\"max_age\":1000000000,\
             \"duplicate_window\":1000000000}}"
        );
        bench.ask("STREAM.CREATE.S", &config);
        left(&mut bench, "PUB s.a 1\r\nv\r\n", &seen);
    }
}

/// The id of a message that an interest stream does not keep has no time: it goes when ids are looked at next.
#[test]
fn an_id_of_what_is_not_kept_goes_at_the_next_look() {
    for (retention, kept) in [("interest", false), ("limits", true)] {
        let mut bench = Bench::new();
        let config = |window: u64| {
            format!(
                "{{\"name\":\"S\",\"subjects\":[\"s.>\"],\"retention\":\"{retention}\",\"duplicate_window\":{window}}}"
            )
        };
        let put = "HPUB s.a r 28 29\r\nNATS/1.0\r\nNats-Msg-Id: m\r\n\r\nv\r\n";
        bench.ask("STREAM.CREATE.S", &config(120_000_000_000));
        bench.send(put);
        assert!(bench.send(put).contains("\"duplicate\": true"));
        bench.ask("STREAM.UPDATE.S", &config(60_000_000_000));
        bench.wait(MS);
        assert_eq!(
            bench.send(put).contains("\"duplicate\": true"),
            kept,
            "{retention}"
        );
    }
}

/// A rollup published on a pattern takes what matches it, as a purge of `s.*` by nats.py asks for.
#[test]
fn a_rollup_of_a_pattern_takes_all_that_match() {
    let mut bench = Bench::new();
    let config = "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"allow_rollup_hdrs\":true}";
    bench.ask("STREAM.CREATE.S", config);
    bench.publish(&["s.a", "s.b", "s.a.b", "s.c"]);
    bench.send("HPUB s.* r 30 30\r\nNATS/1.0\r\nNats-Rollup: sub\r\n\r\n\r\n");
    let info = bench.ask("STREAM.INFO.S", "");
    let got = ["messages", "first_seq", "last_seq"].map(|name| number(&info, name));
    assert_eq!(got, [2, 3, 5]);
}

/// Markers live for whole seconds, and what lives as long is left as it came.
#[test]
fn a_part_of_a_second_is_none_to_markers() {
    let mut bench = Bench::new();
    let config = "{\"name\":\"S\",\"subjects\":[\"s\"],\"allow_msg_ttl\":true,\"subject_delete_marker_ttl\":1500000000,\"allow_direct\":true}";
    bench.ask("STREAM.CREATE.S", config);
    let block = "NATS/1.0\r\nNats-TTL: 1s\r\nA: b\r\n\r\n";
    let size = block.len();
    bench.send(&format!("HPUB s {size} {size}\r\n{block}\r\n"));
    bench.send("SUB s 2\r\n");
    let stored = bench.ask("DIRECT.GET.S.s", "");
    assert!(
        stored.contains("NATS/1.0\r\nNats-TTL: 1s\r\nA: b\r\n"),
        "{stored}"
    );
    bench.wait(SECOND * 3 / 2);
    let marker = bench.ask("DIRECT.GET.S.s", "");
    assert!(marker.contains("Nats-TTL: 1s\r\n"), "{marker}");
}

/// Whatever a client asks, what is over by then is over, though the timer for it has not gone off.
#[test]
fn what_is_due_comes_before_a_request() {
    let mut bench = Bench::new();
    let config = "{\"name\":\"S\",\"allow_msg_ttl\":true}";
    bench.ask("STREAM.CREATE.S", config);
    bench.send("HPUB S 25 26\r\nNATS/1.0\r\nNats-TTL: 1\r\n\r\nv\r\n");
    let messages = |bench: &mut Bench| number(&bench.ask("STREAM.INFO.S", ""), "messages");
    bench.now = bench.now.after(SECOND - MS);
    assert_eq!(messages(&mut bench), 1);
    bench.now = bench.now.after(2 * MS);
    assert_eq!(messages(&mut bench), 0);
}

/// However much of it there is.
#[test]
fn what_is_over_when_a_server_starts_is_gone_at_once() {
    const ALL: u64 = 10_000;
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.S", "{\"name\":\"S\",\"max_age\":250000000}");
    bench.send(&"PUB S 1\r\nv\r\n".repeat(ALL as usize));
    bench.now = bench.now.after(SECOND);
    let info = bench.restarted().ask("STREAM.INFO.S", "");
    assert_eq!(number(&info, "messages"), 0, "{info}");
    assert_eq!(number(&info, "first_seq"), ALL + 1, "{info}");
}

/// A TTL that ends beyond the year 2262 ends long ago, but one that goes all the way round.
#[test]
fn a_ttl_beyond_the_end_of_time_wraps() {
    for (ttl, left) in [
        ("2562047h", 0),
        ("7500000000", 0),
        ("9223372036", 0),
        ("9999999999", 0),
        ("20000000000", 1),
        ("99999999999999", 1),
    ] {
        let mut bench = Bench::new();
        let config = "{\"name\":\"S\",\"allow_msg_ttl\":true}";
        bench.ask("STREAM.CREATE.S", config);
        let block = format!("NATS/1.0\r\nNats-TTL: {ttl}\r\n\r\n");
        let size = block.len();
        bench.send(&format!("HPUB S {size} {size}\r\n{block}\r\n"));
        let mut again = bench.restarted();
        bench.wait(300 * MS);
        for bench in [&mut bench, &mut again] {
            let info = bench.ask("STREAM.INFO.S", "");
            assert_eq!(number(&info, "messages"), left, "{ttl}: {info}");
        }
    }
}

/// A message whose marker was refused does not count beside the next one of its subject: the marker of that takes both away.
#[test]
fn a_marker_takes_away_what_was_refused_one() {
    let mut bench = Bench::new();
    bench.ask(
        "STREAM.CREATE.S",
        "{\"name\":\"S\",\"subjects\":[\"k.>\"],\"max_msgs\":3,\"discard\":\"new\",\"max_msgs_per_subject\":2,\
         \"allow_msg_ttl\":true,\"subject_delete_marker_ttl\":1000000000,\"max_age\":1500000000,\
         \"duplicate_window\":1000000000,\"republish\":{\"src\":\"k.>\",\"dest\":\"rp.>\"}}",
    );
    bench.send("PUB k.a 1\r\n1\r\n");
    bench.wait(300 * MS);
    for subject in ["k.b", "k.c"] {
        bench.send(&format!(
            "HPUB {subject} 29 29\r\nNATS/1.0\r\nNats-TTL: never\r\n\r\n\r\n"
        ));
    }
    bench.wait(1700 * MS);
    bench.ask("STREAM.MSG.DELETE.S", "{\"seq\":3}");
    bench.send("HPUB k.a 26 27\r\nNATS/1.0\r\nNats-TTL: 1s\r\n\r\n2\r\n");
    bench.send("SUB rp.> 2\r\n");
    bench.wait(1400 * MS);
    let heard = bench.ask("STREAM.INFO.S", "");
    let state = ["messages", "first_seq", "last_seq"].map(|name| number(&heard, name));
    assert_eq!(state, [2, 2, 5], "{heard}");
    assert!(heard.contains("Nats-Sequence: 5\r\n"), "{heard}");
    assert!(heard.contains("Nats-Last-Sequence: 4\r\n"), "{heard}");
}
