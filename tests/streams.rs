//! Streams and their messages, asked for by a client. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{Bench, number};
use nats_kv_playground::wire::time::SECOND;

/// A `>` that is not the last token matches nothing, wherever a filter may be given.
#[test]
fn a_filter_with_its_rest_in_the_middle_matches_nothing() {
    for filter in ["s.>.a", ">.a", "s.>.*"] {
        let mut bench = Bench::new();
        bench.ask(
            "STREAM.CREATE.S",
            "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"allow_direct\":true}",
        );
        bench.publish(&["s.a", "s.b", "s.b.a", "s.a.b.a"]);
        let info = bench.ask(
            "STREAM.INFO.S",
            &format!("{{\"subjects_filter\":\"{filter}\"}}"),
        );
        assert_eq!(number(&info, "total"), 0, "{filter}: {info}");
        let missing = "404 Message Not Found\r\n";
        for (request, payload, want) in [
            (
                "STREAM.MSG.GET.S",
                "{\"last_by_subj\":\"FILTER\"}",
                "\"err_code\":10037",
            ),
            (
                "STREAM.MSG.GET.S",
                "{\"seq\":1,\"next_by_subj\":\"FILTER\"}",
                "\"err_code\":10037",
            ),
            ("DIRECT.GET.S.FILTER", "", missing),
            (
                "DIRECT.GET.S",
                "{\"batch\":3,\"seq\":1,\"next_by_subj\":\"FILTER\"}",
                missing,
            ),
            (
                "DIRECT.GET.S",
                "{\"multi_last\":[\"FILTER\"]}",
                "404 No Results\r\n",
            ),
            ("STREAM.PURGE.S", "{\"filter\":\"FILTER\"}", "\"purged\":0"),
            (
                "STREAM.PURGE.S",
                "{\"filter\":\"FILTER\",\"keep\":1}",
                "\"purged\":0",
            ),
        ] {
            let answer = bench.ask(
                &request.replace("FILTER", filter),
                &payload.replace("FILTER", filter),
            );
            assert!(
                answer.contains(want),
                "{filter}, {request} {payload}: {answer}"
            );
        }
    }
}

/// What a request comes to: its error, or nothing.
fn refusal(answer: &str) -> u64 {
    match answer.contains("\"err_code\"") {
        true => number(answer, "err_code"),
        false => 0,
    }
}

/// A create that names its storage must find room for its bytes before anything else is looked at, be the stream there or
/// not; a stream without a limit needs one byte.
#[test]
fn creates_look_for_room_first() {
    let mut bench = Bench::new();
    const HALF: &str = ",\"max_bytes\":6442450944";
    const BAD: &str = ",\"subjects\":[\"a b\"],\"max_bytes\":6442450944";
    const MEMORY: &str = ",\"storage\":\"memory\"";
    const FILE: &str = ",\"storage\":\"file\"";
    const TEXT: &str = ",\"description\":\"o\"";
    let bytes = |n: i64| format!(",\"max_bytes\":{n}");
    for (request, more, want) in [
        ("CREATE.f", [HALF, FILE].concat(), 0),
        ("CREATE.f", [HALF, FILE].concat(), 10047),
        ("CREATE.f", HALF.into(), 0),
        ("CREATE.f", [HALF, FILE, TEXT].concat(), 10047),
        ("CREATE.f", [HALF, TEXT].concat(), 10058),
        ("CREATE.g", [BAD, FILE].concat(), 10047),
        ("CREATE.g", [BAD, MEMORY].concat(), 10028),
        ("CREATE.g", BAD.into(), 10052),
        ("CREATE.m", bytes(2 << 30) + MEMORY, 0),
        ("CREATE.m", bytes(2 << 30) + MEMORY, 10028),
        ("DELETE.f", String::new(), 0),
        ("CREATE.W", String::new(), 0),
        ("CREATE.Z", bytes(10 << 30), 0),
        ("CREATE.Y", String::new(), 10047),
        ("CREATE.Y", bytes(-1), 10047),
        ("CREATE.Y", MEMORY.into(), 0),
        ("CREATE.W", String::new(), 0),
        ("CREATE.W", FILE.into(), 0),
        ("CREATE.W", bytes(-1) + FILE, 10047),
        ("UPDATE.W", TEXT.into(), 0),
        ("UPDATE.W", bytes(-7), 0),
        ("UPDATE.W", bytes(1), 10047),
        ("UPDATE.Z", bytes(10 << 30), 0),
        ("UPDATE.Z", bytes((10 << 30) + 1), 10047),
        ("UPDATE.Z", bytes(-1), 0),
    ] {
        let (verb, name) = request.split_once('.').expect("a verb and a name");
        let payload = match verb {
            "DELETE" => String::new(),
            _ => format!("{{\"name\":\"{name}\"{more}}}"),
        };
        let answer = bench.ask(&format!("STREAM.{request}"), &payload);
        assert_eq!(refusal(&answer), want, "{request} {more}: {answer}");
    }
}

/// An update that republishes to nowhere republishes to the subject itself; a create takes it for none.
#[test]
fn an_update_republishes_somewhere() {
    let mut bench = Bench::new();
    let config = |src: &str| {
        format!(
            "{{\"name\":\"S\",\"subjects\":[\"s\"],\"republish\":{{\"src\":\"{src}\",\"dest\":\"\"}}}}"
        )
    };
    assert_eq!(refusal(&bench.ask("STREAM.CREATE.S", &config("a.x"))), 0);
    let updated = bench.ask("STREAM.UPDATE.S", &config("c.>"));
    let stored = "\"republish\":{\"src\":\"c.\\u003e\",\"dest\":\"\\u003e\"}";
    assert!(updated.contains(stored), "{updated}");
    assert_eq!(
        refusal(&bench.ask("STREAM.CREATE.S", &config("c.>"))),
        10058
    );
    let refused = bench.ask("STREAM.UPDATE.S", &config("a.x"));
    let text = "{\"code\":500,\"err_code\":10069,\"description\":\"stream configuration for republish from 'a.x' to \
                '\\u003e': invalid subject\"}";
    assert!(refused.contains(text), "{refused}");
    assert!(bench.ask("STREAM.INFO.S", "").contains(stored));
}

/// An empty list of tags is a placement, and not the same as none.
#[test]
fn a_placement_of_no_tags_is_kept() {
    let mut bench = Bench::new();
    let mut create = |name: &str, placement: &str| {
        let config = format!("{{\"name\":\"{name}\"{placement}}}");
        bench.ask(&format!("STREAM.CREATE.{name}"), &config)
    };
    let (empty, null) = (
        ",\"placement\":{\"tags\":[]}",
        ",\"placement\":{\"tags\":null}",
    );
    assert!(create("S", empty).contains("\"placement\":{},\"compression\""));
    for (placement, want) in [("", 10058), (empty, 0), (null, 10058)] {
        assert_eq!(refusal(&create("S", placement)), want, "{placement}");
    }
    assert!(!create("T", null).contains("\"placement\""));
    for (placement, want) in [("", 0), (empty, 10058)] {
        assert_eq!(refusal(&create("T", placement)), want, "{placement}");
    }
}

/// Publishes with this header block; what the stream says.
fn publish(bench: &mut Bench, subject: &str, block: &str) -> String {
    let (header, size) = (block.len(), block.len() + 1);
    let answer = bench.send(&format!("HPUB {subject} r {header} {size}\r\n{block}v\r\n"));
    answer
        .trim_end()
        .rsplit("\r\n")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The first of a name decides, even if it says nothing, and a block need not end as it should.
#[test]
fn the_first_header_of_a_name_decides() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.S", "{\"name\":\"S\"}");
    let twice = |name: &str, value: &str| format!("NATS/1.0\r\n{name}:\r\n{name}: {value}\r\n\r\n");
    for (block, want) in [
        (twice("Nats-Msg-Id", "q"), "\"seq\":1}"),
        (twice("Nats-Msg-Id", "q"), "\"seq\":2}"),
        (twice("Nats-Expected-Stream", "q"), "\"seq\":3}"),
        (twice("Nats-TTL", "5s"), "\"seq\":4}"),
        ("NATS/1.0\r\nNats-Msg-Id: b10".into(), "\"seq\":5}"),
        (
            "NATS/1.0\r\nNats-Msg-Id: b10".into(),
            "\"seq\":5,\"duplicate\": true}",
        ),
        (
            "NATS/1.0\r\nX: y\nNats-Msg-Id: b10\r\n\r\n".into(),
            "\"seq\":6}",
        ),
        ("NATS/1.0\r\nNats-Msg-Id: a\nb\r\n\r\n".into(), "\"seq\":7}"),
        (
            "NATS/1.0\r\nNats-Msg-Id: a\nb\r\n\r\n".into(),
            "\"seq\":7,\"duplicate\": true}",
        ),
        ("NATS/1.0\r\nNats-Msg-Id: a\nc\r\n\r\n".into(), "\"seq\":8}"),
    ] {
        let answer = publish(&mut bench, "S", &block);
        assert!(answer.ends_with(want), "{block}: {answer}");
    }
}

/// Numbers of headers wrap around beyond 64 bits.
#[test]
fn long_numbers_of_headers_wrap_around() {
    for (ttls, refused) in [("false", 10166), ("true", 0)] {
        let mut bench = Bench::new();
        let config = format!("{{\"name\":\"S\",\"allow_msg_ttl\":{ttls}}}");
        bench.ask("STREAM.CREATE.S", &config);
        for (ttl, want) in [
            ("00", 0),
            ("000", 0),
            ("0", 10165),
            ("18446744073709551616", 0),
            ("99999999999999999999", refused),
            ("12345678901234567890123", refused),
            ("18446744073709551621", refused),
            ("9223372036854775808", 10165),
            ("18446744073709551615", 10165),
        ] {
            let answer = publish(
                &mut bench,
                "S",
                &format!("NATS/1.0\r\nNats-TTL: {ttl}\r\n\r\n"),
            );
            assert_eq!(refusal(&answer), want, "{ttl}, {ttls}: {answer}");
        }
    }
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.S", "{\"name\":\"S\",\"subjects\":[\"s.>\"]}");
    for (subject, seq, want) in [
        ("s.a", "18446744073709551616", "\"seq\":1}"),
        ("s.b", "36893488147419103232", "\"seq\":2}"),
        (
            "s.c",
            "18446744073709551617",
            "wrong last sequence: 0\"},\"stream\":\"S\",\"seq\":0}",
        ),
        ("s.a", "18446744073709551617", "\"seq\":3}"),
    ] {
        let block = format!("NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: {seq}\r\n\r\n");
        let answer = publish(&mut bench, subject, &block);
        assert!(answer.ends_with(want), "{subject} {seq}: {answer}");
    }
}

/// The newest on a pattern is that of all which match it, even if a message is stored under the pattern itself.
#[test]
fn the_newest_on_a_pattern() {
    let mut bench = Bench::new();
    bench.ask(
        "STREAM.CREATE.S",
        "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"allow_direct\":true}",
    );
    bench.publish(&["s.*", "s.a", "s.b"]);
    let message = bench.ask("STREAM.MSG.GET.S", "{\"last_by_subj\":\"s.*\"}");
    assert_eq!(number(&message, "seq"), 3, "{message}");
    let message = bench.ask("DIRECT.GET.S.s.*", "");
    assert!(message.contains("Nats-Sequence: 3\r\n"), "{message}");
    let expected = "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 7\r\n";
    let other = format!("{expected}Nats-Expected-Last-Subject-Sequence-Subject: s.*\r\n\r\n");
    for (subject, block) in [("s.*", format!("{expected}\r\n")), ("s.q", other)] {
        let answer = publish(&mut bench, subject, &block);
        assert!(
            answer.contains("wrong last sequence: 3\""),
            "{subject}: {answer}"
        );
    }
}

/// What a rollup header says instead is passed back, as text.
#[test]
fn a_rollup_that_is_no_text() {
    let mut bench = Bench::new();
    bench.ask(
        "STREAM.CREATE.S",
        "{\"name\":\"S\",\"allow_rollup_hdrs\":true}",
    );
    let answer = bench.send_bytes(b"HPUB S r 30 30\r\nNATS/1.0\r\nNats-Rollup: AB\xff\r\n\r\n\r\n");
    assert!(
        answer.contains("rollup value invalid: \\\"ab\u{fffd}\\\""),
        "{answer}"
    );
    // A capital with a dot becomes the plain letter.
    let answer = publish(&mut bench, "S", "NATS/1.0\r\nNats-Rollup: \u{130}\r\n\r\n");
    assert!(
        answer.contains("rollup value invalid: \\\"i\\\""),
        "{answer}"
    );
}

/// What clients say of themselves is not kept, however often they do.
#[test]
fn every_request_info_is_dropped() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.S", "{\"name\":\"S\"}");
    let twice = "NATS/1.0\r\nNats-Request-Info: {}\r\nA: b\r\nNats-Request-Info:\r\n\r\n";
    publish(&mut bench, "S", twice);
    let message = bench.ask("STREAM.MSG.GET.S", "{\"seq\":1}");
    // "NATS/1.0", "A: b" and the end.
    let stored = "\"hdrs\":\"TkFUUy8xLjANCkE6IGINCg0K\"";
    assert!(message.contains(stored), "{message}");
}

/// A compression reads itself, so that its error is told before that of an unknown field.
#[test]
fn a_compression_that_is_no_text_comes_first() {
    let mut bench = Bench::new();
    let answer = bench.ask(
        "STREAM.CREATE.S",
        "{\"name\":\"S\",\"nope\":1,\"compression\":true}",
    );
    let text = "cannot unmarshal bool into Go struct field StreamConfigRequest.StreamConfig.compression of type string";
    assert!(answer.contains(text), "{answer}");
}

/// As many as have just more than 64 MiB, and nobody is a slow consumer for having asked.
#[test]
fn a_batch_ends_where_it_has_too_many_bytes() {
    let mut bench = Bench::new();
    let config = r#"{"name":"L","subjects":["l"],"storage":"memory","allow_direct":true}"#;
    assert!(!bench.ask("STREAM.CREATE.L", config).contains("error"));
    let message = format!("PUB l 1000000\r\n{}\r\n", "x".repeat(1_000_000));
    for _ in 0..80 {
        bench.send(&message);
    }
    let answer = bench.ask("DIRECT.GET.L", r#"{"seq":1,"batch":1000}"#);
    assert_eq!(answer.matches("Nats-Sequence:").count(), 68);
    let end = "NATS/1.0 204 EOB\r\nNats-Num-Pending: 12\r\nNats-Last-Sequence: 68\r\n";
    assert!(answer.contains(end), "{}", &answer[answer.len() - 200..]);
    // Who asks again before anything is taken is.
    let id = bench.open();
    let ask = r#"PUB $JS.API.DIRECT.GET.L r 22|{"seq":1,"batch":1000}|"#.replace('|', "\r\n");
    let text = format!("CONNECT {{\"verbose\":false}}\r\nSUB r 1\r\n{ask}{ask}");
    assert_eq!(bench.send_as(id, &text), "");
}

/// nats-server takes a subject of so many tokens, and lets go of it; here that must not depend on the stack, which in a page
/// has a megabyte.
#[test]
fn subjects_may_be_deep() {
    let work = || {
        let mut bench = Bench::new();
        let subject = "a.".repeat(40_000) + "a";
        let stream = format!("{{\"name\":\"DEEP\",\"subjects\":[\"{subject}\"]}}");
        let consumer = format!(
            "{{\"stream_name\":\"DEEP\",\"config\":{{\"name\":\"c\",\"filter_subject\":\"{subject}\"}}}}"
        );
        for (request, payload) in [
            ("STREAM.CREATE.DEEP", stream.as_str()),
            ("CONSUMER.CREATE.DEEP.c", consumer.as_str()),
            ("CONSUMER.DELETE.DEEP.c", ""),
            ("CONSUMER.CREATE.DEEP.c", consumer.as_str()),
            ("STREAM.DELETE.DEEP", ""),
        ] {
            assert_eq!(refusal(&bench.ask(request, payload)), 0, "{request}");
        }
        let again = bench.ask("STREAM.CREATE.DEEP", &stream);
        assert_eq!(refusal(&again), 0, "{again}");
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    thread
        .spawn(work)
        .expect("a thread")
        .join()
        .expect("no overflow");
}

/// What is out of scope is refused as nats-server does where it is off, whatever the stream was made with.
#[test]
fn features_that_are_not_there_are_off() {
    for (flag, headers, want) in [
        ("allow_msg_counter", "Nats-Incr: +1", 10168),
        ("allow_msg_counter", "Nats-Msg-Id: a", 10169),
        ("allow_msg_schedules", "Nats-Schedule: @every 1s", 10188),
        ("allow_atomic", "Nats-Batch-Id: a", 10174),
    ] {
        let mut bench = Bench::new();
        let made = bench.ask(
            "STREAM.CREATE.S",
            &format!("{{\"name\":\"S\",\"{flag}\":true}}"),
        );
        assert!(made.contains(&format!("\"{flag}\":true")), "{made}");
        let block = format!("NATS/1.0\r\n{headers}\r\n\r\n");
        let size = block.len();
        let answer = bench.send(&format!("HPUB S r {size} {size}\r\n{block}\r\n"));
        assert_eq!(refusal(&answer), want, "{flag}, {headers}: {answer}");
    }
}

#[test]
fn prefixes_of_external_origins_are_subjects_to_publish_to() {
    let mut bench = Bench::new();
    for prefix in ["x y", "x..y", ".x", "x.>", "x.*"] {
        for (fields, error) in [
            ("\"api\":\"PREFIX\"", "\"err_code\":10052"),
            ("\"api\":\"a\",\"deliver\":\"PREFIX\"", "\"err_code\":10024"),
        ] {
            let external = fields.replace("PREFIX", prefix);
            let origin = format!("{{\"name\":\"O\",\"external\":{{{external}}}}}");
            for origins in [
                format!("\"mirror\":{origin}"),
                format!("\"sources\":[{origin}]"),
            ] {
                let config = format!("{{\"name\":\"S\",{origins}}}");
                let answer = bench.ask("STREAM.CREATE.S", &config);
                assert!(answer.contains(error), "{config}: {answer}");
            }
        }
    }
}

/// As with nats-server, which does not look at ids before a window is over since it started.
#[test]
fn a_restart_prolongs_the_window_of_ids() {
    let mut bench = Bench::new();
    let config = "{\"name\":\"S\",\"subjects\":[\"s\"],\"duplicate_window\":5000000000}";
    bench.ask("STREAM.CREATE.S", config);
    let publish = |bench: &mut Bench| {
        let block = "NATS/1.0\r\nNats-Msg-Id: x\r\n\r\n";
        let size = block.len();
        bench.send(&format!("HPUB s r {size} {size}\r\n{block}\r\n"))
    };
    publish(&mut bench);
    bench.wait(4 * SECOND);
    let mut again = bench.restarted();
    again.wait(4 * SECOND);
    assert!(publish(&mut again).contains("\"duplicate\": true"));
    again.wait(2 * SECOND);
    assert!(publish(&mut again).contains("\"seq\":2"));
}

/// An update is checked twice: what the first time put there may not go with the rest. A create is checked once.
#[test]
fn an_update_is_checked_with_what_it_puts_there() {
    let mut bench = Bench::new();
    let counter = "{\"name\":\"S\",\"allow_msg_counter\":true}";
    let marked =
        "{\"name\":\"S\",\"allow_msg_counter\":true,\"subject_delete_marker_ttl\":1000000000}";
    bench.ask("STREAM.CREATE.S", counter);
    let answer = bench.ask("STREAM.UPDATE.S", marked);
    let error = "\"err_code\":10052,\"description\":\"counter stream cannot use message TTLs\"";
    assert!(answer.contains(error), "{answer}");
    bench.ask("STREAM.DELETE.S", "");
    let answer = bench.ask("STREAM.CREATE.S", marked);
    assert_eq!(refusal(&answer), 0, "{answer}");
}

/// A `*` that more follows in its token stands for a whole one, or not.
#[test]
fn tokens_that_begin_with_a_wildcard() {
    let mut bench = Bench::new();
    let config = "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"subject_transform\":{\"src\":\"s.*x\",\"dest\":\"s.y\"}}";
    bench.ask("STREAM.CREATE.S", config);
    bench.publish(&["s.a", "s.a.x"]);
    for (seq, subject) in [(1, "s.y"), (2, "s.a.x")] {
        let answer = bench.ask("STREAM.MSG.GET.S", &format!("{{\"seq\":{seq}}}"));
        assert!(
            answer.contains(&format!("\"subject\":\"{subject}\"")),
            "{answer}"
        );
    }
    for (subject, code) in [
        ("u.*x.*", 0),
        ("u.a.b", 10065),
        ("u.a", 0),
        ("u.*.>y", 10065),
    ] {
        let name = subject.replace(['.', '*', '>'], "_");
        let config = format!("{{\"name\":\"{name}\",\"subjects\":[\"{subject}\"]}}");
        let answer = bench.ask(&format!("STREAM.CREATE.{name}"), &config);
        assert_eq!(refusal(&answer), code, "{subject}: {answer}");
    }
}

/// A placement of an empty list of tags is one, but not after a restart.
#[test]
fn a_placement_without_tags_ends_with_the_server() {
    let mut bench = Bench::new();
    let config = "{\"name\":\"S\",\"subjects\":[\"s\"],\"placement\":{\"tags\":[]}}";
    let made = bench.ask("STREAM.CREATE.S", config);
    assert!(made.contains("\"placement\":{}"), "{made}");
    let info = bench.restarted().ask("STREAM.INFO.S", "");
    assert!(!info.contains("placement"), "{info}");
}

/// A stream reads what is delivered to exactly one of its subjects; it keeps the messages under the subjects they had.
#[test]
fn a_stream_is_interest_in_its_subjects() {
    let mut bench = Bench::new();
    bench.ask(
        "STREAM.CREATE.FROM",
        "{\"name\":\"FROM\",\"subjects\":[\"q\"]}",
    );
    bench.ask(
        "STREAM.CREATE.TO",
        "{\"name\":\"TO\",\"subjects\":[\"a\",\"w.*\"]}",
    );
    bench.publish(&["q", "q"]);
    for (name, deliver, bound) in [
        ("wild", "\"deliver_subject\":\"w.x\"", false),
        (
            "group",
            "\"deliver_subject\":\"a\",\"deliver_group\":\"g\"",
            false,
        ),
        ("plain", "\"deliver_subject\":\"a\"", true),
    ] {
        let config = format!(
            "{{\"stream_name\":\"FROM\",\"config\":{{\"durable_name\":\"{name}\",\"ack_policy\":\"explicit\",{deliver}}}}}"
        );
        let answer = bench.ask(&format!("CONSUMER.CREATE.FROM.{name}"), &config);
        assert_eq!(answer.contains("\"push_bound\":true"), bound, "{answer}");
        let info = bench.ask(&format!("CONSUMER.INFO.FROM.{name}"), "");
        let pending = if bound { 0 } else { 2 };
        assert_eq!(number(&info, "num_pending"), pending, "{info}");
    }
    let kept = bench.ask("STREAM.MSG.GET.TO", "{\"seq\":2}");
    assert!(kept.contains("\"subject\":\"q\""), "{kept}");

    let subjects = |bench: &mut Bench, list: &str| {
        let config = format!("{{\"name\":\"TO\",\"subjects\":[{list}]}}");
        bench.ask("STREAM.UPDATE.TO", &config);
    };
    subjects(&mut bench, "\"z\"");
    bench.publish(&["q"]);
    let info = bench.ask("CONSUMER.INFO.FROM.plain", "");
    assert!(!info.contains("\"push_bound\":true"), "{info}");
    assert_eq!(number(&info, "num_pending"), 1, "{info}");

    subjects(&mut bench, "\"a\"");
    let info = bench.ask("CONSUMER.INFO.FROM.plain", "");
    assert!(info.contains("\"push_bound\":true"), "{info}");
    assert_eq!(number(&info, "num_ack_pending"), 3, "{info}");
    assert_eq!(number(&bench.ask("STREAM.INFO.TO", ""), "messages"), 3);
}

/// A header block that is too short for anything but an end is none to a direct get.
#[test]
fn no_place_is_appended_to_a_block_of_two_bytes() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.S", "{\"name\":\"S\",\"allow_direct\":true}");
    bench.send("HPUB S r 2 3\r\n\r\nv\r\nHPUB S r 1 2\r\nxv\r\n");
    for request in [
        "{\"seq\":1}",
        "{\"seq\":2}",
        "{\"seq\":1,\"batch\":1}",
        "{\"multi_last\":[\"S\"]}",
    ] {
        let answer = bench.ask("DIRECT.GET.S", request);
        let lines: Vec<&str> = answer.split("\r\n").skip(1).collect();
        assert_eq!(lines[..2], ["NATS/1.0", "Nats-Stream: S"], "{answer}");
    }
}
