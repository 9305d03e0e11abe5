//! What mirrors answer, seen by a client. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{Bench, number};
use nats_kv_playground::wire::{base64, time::SECOND};

/// With a stream `O` of `o.1`, `o.2`, `o.3`, mirrors `A` and `B` of it, and `C`, of `o.1` alone.
fn mirrored() -> Bench {
    let mut bench = Bench::new();
    origin(&mut bench, "CREATE", true);
    bench.publish(&["o.1", "o.2", "o.3"]);
    for (name, more) in [("A", ""), ("B", ""), ("C", ",\"filter_subject\":\"o.1\"")] {
        let mirror = format!("{{\"name\":\"{name}\",\"mirror\":{{\"name\":\"O\"{more}}}}}");
        bench.ask(&format!("STREAM.CREATE.{name}"), &mirror);
    }
    bench.wait(SECOND);
    bench
}

fn origin(bench: &mut Bench, verb: &str, direct: bool) {
    let config = format!("{{\"name\":\"O\",\"subjects\":[\"o.>\"],\"allow_direct\":{direct}}}");
    bench.ask(&format!("STREAM.{verb}.O"), &config);
}

/// Which streams answer a direct get, and how if none has it; in alphabetical order.
fn answers(bench: &mut Bench, request: &str, payload: &str) -> Vec<String> {
    let mut all: Vec<String> = (0..60)
        .map(|_| {
            let answer = bench.ask(request, payload);
            assert_eq!(answer.matches("MSG r ").count(), 1, "{answer}");
            let stream = answer.lines().find_map(|l| l.strip_prefix("Nats-Stream: "));
            let status = answer.lines().find_map(|l| l.strip_prefix("NATS/1.0 "));
            stream.or(status).unwrap_or_default().to_owned()
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn mirrors_answer_direct_gets_for_their_origin() {
    const MISSING: &str = "404 Message Not Found";
    let (first, second) = ("{\"seq\":1}", "DIRECT.GET.O.o.2");
    let mut bench = mirrored();
    assert_eq!(
        answers(&mut bench, "DIRECT.GET.O", first),
        ["A", "B", "C", "O"]
    );
    // The filtered one answers for what it does not have, too.
    assert_eq!(answers(&mut bench, second, ""), [MISSING, "A", "B", "O"]);
    assert_eq!(answers(&mut bench, "DIRECT.GET.A", first), ["503"]);

    origin(&mut bench, "UPDATE", false);
    assert_eq!(answers(&mut bench, "DIRECT.GET.O", first), ["A", "B", "C"]);
    let off = "{\"name\":\"A\",\"mirror\":{\"name\":\"O\"},\"mirror_direct\":false}";
    bench.ask("STREAM.UPDATE.A", off);
    assert_eq!(answers(&mut bench, second, ""), [MISSING, "B"]);

    bench.ask("STREAM.DELETE.O", "");
    assert_eq!(answers(&mut bench, "DIRECT.GET.O", first), ["B", "C"]);
    bench.ask("STREAM.DELETE.B", "");
    bench.ask("STREAM.DELETE.C", "");
    assert_eq!(answers(&mut bench, "DIRECT.GET.O", first), ["503"]);
}

#[test]
fn a_missing_origin_elsewhere_is_no_error() {
    let mut bench = mirrored();
    let elsewhere = ",\"external\":{\"api\":\"$JS.x.API\",\"deliver\":\"d\"}";
    for (more, error) in [("", true), (elsewhere, false)] {
        let config = format!("{{\"name\":\"S\",\"sources\":[{{\"name\":\"NOPE\"{more}}}]}}");
        bench.ask("STREAM.CREATE.S", &config);
        bench.wait(3 * SECOND);
        let info = bench.ask("STREAM.INFO.S", "");
        let want =
            ",\"error\":{\"code\":404,\"err_code\":10059,\"description\":\"stream not found\"}";
        assert!(info.contains("\"active\":-1"), "{info}");
        assert_eq!(info.contains(want), error, "{info}");
        bench.ask("STREAM.DELETE.S", "");
    }
}

#[test]
fn an_origin_that_keeps_messages_for_consumers_is_read_by_one() {
    for (kind, stored, first) in [("workqueue", 6, 1), ("interest", 3, 4)] {
        let mut bench = Bench::new();
        let config = format!("{{\"name\":\"Q\",\"subjects\":[\"q.>\"],\"retention\":\"{kind}\"}}");
        bench.ask("STREAM.CREATE.Q", &config);
        let subjects = ["q.0", "q.1", "q.2"];
        let create = |bench: &mut Bench, verb: &str, more: &str| {
            let sources = "\"sources\":[{\"name\":\"Q\"";
            let config = format!("{{\"name\":\"Sworkqueue\",{sources}{more}}}]}}");
            bench.ask(&format!("STREAM.{verb}.Sworkqueue"), &config)
        };
        bench.publish(&subjects);
        create(&mut bench, "CREATE", "");
        let mirror = "{\"name\":\"Mworkqueue\",\"mirror\":{\"name\":\"Q\"}}";
        bench.ask("STREAM.CREATE.Mworkqueue", mirror);
        bench.wait(SECOND / 4);
        bench.publish(&subjects);
        let info = bench.ask("STREAM.INFO.Q", "");
        let state = format!("\"state\":{{\"messages\":{stored},");
        assert!(info.contains(&state), "{info}");
        assert!(info.contains(&format!("\"first_seq\":{first},")), "{info}");
        assert!(info.contains("\"consumer_count\":2}"), "{info}");
        let names = "\"consumers\":[\"JS_MIRROR_BBnlrJGG\",\"JS_SRC_ynIp5uxd\"]}";
        assert!(bench.ask("CONSUMER.NAMES.Q", "").contains(names));

        bench.wait(3 * SECOND);
        let info = bench.ask("STREAM.INFO.Q", "");
        assert!(
            info.contains("\"messages\":0,\"bytes\":0,\"first_seq\":7,"),
            "{info}"
        );
        let list = bench.ask("CONSUMER.LIST.Q", "");
        let config = "\"config\":{\"durable_name\":\"JS_SRC_ynIp5uxd\",\"name\":\"JS_SRC_ynIp5uxd\",\
            \"deliver_policy\":\"all\",\"ack_policy\":\"flow_control\",\"max_deliver\":-1,\
            \"replay_policy\":\"instant\",\"max_ack_pending\":1000,\"flow_control\":true,\
            \"deliver_subject\":\"$JS.S.";
        assert!(list.contains(config), "{list}");
        let metadata = "\"sourcing\":true,\"metadata\":{\"_nats.req.level\":\"4\",\
            \"_nats.src.acc\":\"$G\",\"_nats.src.stream\":\"Sworkqueue\"}}";
        assert!(list.contains(metadata), "{list}");
        assert_eq!(list.matches("\"num_ack_pending\":0,").count(), 2, "{list}");
        assert_eq!(list.matches("\"push_bound\":true").count(), 2, "{list}");

        let updated = create(&mut bench, "UPDATE", ",\"filter_subject\":\"q.1\"");
        let source = "{\"name\":\"Q\",\"lag\":0,\"active\":-1,\"filter_subject\":\"q.1\"}";
        assert!(updated.contains(source), "{updated}");
        bench.wait(SECOND / 2);
        bench.publish(&subjects);
        bench.wait(3 * SECOND);
        let list = bench.ask("CONSUMER.LIST.Q", "");
        let delivered = "\"delivered\":{\"consumer_seq\":1,\"stream_seq\":8,";
        assert!(list.contains(delivered), "{list}");

        bench.ask("STREAM.DELETE.Mworkqueue", "");
        let names = bench.ask("CONSUMER.NAMES.Q", "");
        assert!(
            names.contains("\"consumers\":[\"JS_SRC_ynIp5uxd\"]}"),
            "{names}"
        );
        bench.ask("STREAM.DELETE.Sworkqueue", "");
        let names = bench.ask("CONSUMER.NAMES.Q", "");
        assert!(names.contains("\"consumers\":[]}"), "{names}");
    }
}

/// A consumer made for a mirror or source must have a name and deliver to one subject.
#[test]
fn a_consumer_for_an_origin_is_complete() {
    let mut bench = mirrored();
    for consumer in [
        "{}",
        "{\"name\":\"C\"}",
        "{\"name\":\"C\",\"deliver_subject\":\"d.*\"}",
        "{\"name\":\"C\",\"deliver_subject\":\"d. e\"}",
        "{\"name\":\"\",\"deliver_subject\":\"d\"}",
    ] {
        for (origin, code) in [("\"mirror\":{", 10213), ("\"sources\":[{", 10215)] {
            let end = if code == 10213 { "}" } else { "}]" };
            let config =
                format!("{{\"name\":\"X\",{origin}\"name\":\"O\",\"consumer\":{consumer}{end}}}");
            let answer = bench.ask("STREAM.CREATE.X", &config);
            assert_eq!(number(&answer, "err_code"), code, "{config}: {answer}");
        }
    }
}

/// It stores what that delivers and no more, acknowledges by flow control, and goes on with a consumer that was made anew.
#[test]
fn an_origin_may_be_read_by_a_consumer_of_ones_own() {
    let mut bench = Bench::new();
    origin(&mut bench, "CREATE", false);
    bench.publish(&["o.a", "o.b", "o.a"]);
    let consumer = |bench: &mut Bench, name: &str, policy: &str, filter: &str| {
        let config = format!(
            "{{\"stream_name\":\"O\",\"config\":{{\"durable_name\":\"{name}\",\"deliver_subject\":\"to.{name}\",\
             \"ack_policy\":\"{policy}\",\"flow_control\":true,\"idle_heartbeat\":1000000000,\
             \"filter_subject\":\"{filter}\"}}}}"
        );
        bench.ask(&format!("CONSUMER.DURABLE.CREATE.O.{name}"), &config);
    };
    consumer(&mut bench, "D", "flow_control", "o.a");
    consumer(&mut bench, "E", "flow_control", "o.>");
    consumer(&mut bench, "X", "explicit", "o.>");
    let by = |name: &str| {
        format!("\"consumer\":{{\"name\":\"{name}\",\"deliver_subject\":\"to.{name}\"}}")
    };
    let transform = ",\"subject_transforms\":[{\"src\":\"o.*\",\"dest\":\"n.{{wildcard(1)}}\"}]";
    for (name, origin, more) in [
        ("M", by("D"), ""),
        ("Q", by("X"), ""),
        ("R", by("NO"), ""),
        ("N", by("E"), transform),
        ("P", by("X"), ""),
    ] {
        let (kind, end) = match name {
            "M" | "Q" | "R" => ("\"mirror\":{", "}"),
            _ => ("\"sources\":[{", "}]"),
        };
        let config = format!("{{\"name\":\"{name}\",{kind}\"name\":\"O\",{origin}{more}{end}}}");
        let created = bench.ask(&format!("STREAM.CREATE.{name}"), &config);
        assert!(created.contains("\"did_create\":true"), "{created}");
    }
    bench.wait(3 * SECOND);
    let state = |bench: &mut Bench, stream: &str| {
        let info = bench.ask(&format!("STREAM.INFO.{stream}"), "");
        ["messages", "bytes", "last_seq"].map(|name| number(&info, name))
    };
    assert_eq!(state(&mut bench, "M"), [2, 68, 3]);
    assert_eq!(state(&mut bench, "N"), [3, 363, 3]);
    for (stream, code) in [("P", 10217), ("Q", 10214)] {
        let info = bench.ask(&format!("STREAM.INFO.{stream}"), "");
        assert_eq!(number(&info, "err_code"), code, "{info}");
        assert!(info.contains("consumer requires flow control ack policy"));
    }
    let info = bench.ask("STREAM.INFO.R", "");
    assert!(
        info.contains("{\"name\":\"O\",\"lag\":0,\"active\":-1}"),
        "{info}"
    );

    bench.publish(&["o.b", "o.b", "o.a", "o.c"]);
    bench.wait(3 * SECOND);
    assert_eq!(state(&mut bench, "M"), [3, 102, 6]);
    assert_eq!(state(&mut bench, "N"), [7, 847, 7]);
    let place = |bench: &mut Bench, name: &str| {
        let info = bench.ask(&format!("CONSUMER.INFO.O.{name}"), "");
        let floor = &info[info.find("\"ack_floor\"").expect("a floor")..];
        (number(floor, "consumer_seq"), number(floor, "stream_seq"))
    };
    assert_eq!(place(&mut bench, "D"), (3, 6));
    assert_eq!(place(&mut bench, "E"), (7, 7));
    let message = bench.ask("STREAM.MSG.GET.N", "{\"seq\":4}");
    assert!(message.contains("\"subject\":\"n.b\""), "{message}");
    let headers = message
        .split("\"hdrs\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let headers = headers.and_then(base64::decode).unwrap_or_default();
    let source = "NATS/1.0\r\nNats-Stream-Source: O:C=jxLe3f5z 4 o.* n.{{wildcard(1)}} o.b ";
    assert!(headers.starts_with(source.as_bytes()), "{message}");

    bench.ask("CONSUMER.DELETE.O.D", "");
    bench.publish(&["o.a"]);
    bench.wait(SECOND);
    assert_eq!(state(&mut bench, "M"), [3, 102, 6]);
    consumer(&mut bench, "D", "flow_control", "o.a");
    bench.wait(20 * SECOND);
    assert_eq!(state(&mut bench, "M"), [4, 136, 8]);
    assert_eq!(place(&mut bench, "D"), (4, 8));
    bench.ask("STREAM.DELETE.M", "");
    let names = bench.ask("CONSUMER.NAMES.O", "");
    assert!(
        names.contains("\"consumers\":[\"D\",\"E\",\"X\"]"),
        "{names}"
    );
}

/// Clients may publish to where its consumer delivers. nats-server stores nothing of that and answers nothing.
#[test]
fn only_its_consumer_brings_a_mirror_messages() {
    let mut bench = Bench::new();
    origin(&mut bench, "CREATE", false);
    let consumer = "{\"stream_name\":\"O\",\"config\":{\"durable_name\":\"D\",\"deliver_subject\":\"to.D\",\
         \"ack_policy\":\"flow_control\",\"max_ack_pending\":100}}";
    bench.ask("CONSUMER.DURABLE.CREATE.O.D", consumer);
    let mirror = "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\
         \"consumer\":{\"name\":\"D\",\"deliver_subject\":\"to.D\"}}}";
    bench.ask("STREAM.CREATE.M", mirror);
    bench.publish(&["o.1"]);
    bench.wait(SECOND);
    bench.send("SUB $JS.FC.> 2\r\n");
    let denied = |reply: &str| {
        format!("-ERR 'Permissions Violation for Publish with Reply of \"{reply}\"'\r\n")
    };
    for (seq, in_consumer) in [(2, 2), (52, 2), (u64::MAX, 2), (u64::MAX, u64::MAX)] {
        for kind in ["X.ACK", "X.FC", "$JS.FC", "$JS.ACK"] {
            let reply = format!("{kind}.O.D.1.{seq}.{in_consumer}.0.0");
            let want = match kind {
                "$JS.ACK" => denied(&reply),
                _ => String::new(),
            };
            let got = bench.send(&format!("PUB to.D {reply} 6\r\nforged\r\n"));
            assert_eq!(got, want);
            let block = format!("NATS/1.0\r\nNats-Consumer-Stalled: {reply}\r\n\r\n");
            let (size, all) = (block.len(), block.len() + 6);
            let got = bench.send(&format!("HPUB to.D {size} {all}\r\n{block}forged\r\n"));
            assert_eq!(got, "");
        }
    }
    // Nor is anybody sent a subject with a blank.
    let block = "NATS/1.0 100 x\r\nNats-Consumer-Stalled: $JS.FC.O.D.a b\r\n\r\n";
    let size = block.len();
    bench.send(&format!("HPUB to.D {size} {size}\r\n{block}\r\n"));
    bench.wait(0);
    assert_eq!(bench.send(""), "");
    bench.publish(&["o.2"]);
    let info = bench.ask("STREAM.INFO.M", "");
    let state = ["messages", "bytes", "last_seq"].map(|name| number(&info, name));
    assert_eq!(state, [2, 68, 2], "{info}");
}

/// No step of the server takes longer than a consumer that waits for acknowledgements has it take.
#[test]
fn consumers_that_read_an_origin_go_on_step_by_step() {
    const ALL: u64 = 5000;
    for kind in ["limits", "workqueue"] {
        let mut bench = Bench::new();
        let config = format!("{{\"name\":\"O\",\"subjects\":[\"o.>\"],\"retention\":\"{kind}\"}}");
        bench.ask("STREAM.CREATE.O", &config);
        bench.publish(&["o.1"; ALL as usize]);
        let mut consumer = "";
        if kind == "limits" {
            let config = "{\"stream_name\":\"O\",\"config\":{\"durable_name\":\"D\",\"deliver_subject\":\"to.D\",\
                 \"ack_policy\":\"flow_control\",\"flow_control\":true,\"idle_heartbeat\":1000000000}}";
            bench.ask("CONSUMER.DURABLE.CREATE.O.D", config);
            consumer = ",\"consumer\":{\"name\":\"D\",\"deliver_subject\":\"to.D\"}";
        }
        let config = format!("{{\"name\":\"S\",\"sources\":[{{\"name\":\"O\"{consumer}}}]}}");
        bench.ask("STREAM.CREATE.S", &config);
        // Those of a work queue go when the consumer is told that they were stored.
        let (of, name) = match kind {
            "limits" => ("S", "messages"),
            _ => ("O", "first_seq"),
        };
        let mut before = number(&bench.ask(&format!("STREAM.INFO.{of}"), ""), name);
        let end = before + ALL;
        for _ in 0..20 {
            bench.step();
            let done = number(&bench.ask(&format!("STREAM.INFO.{of}"), ""), name);
            // The step, and the request.
            assert!(done - before <= 2 * 2048, "{kind}: {before} to {done}");
            before = done;
        }
        assert_eq!(before, end, "{kind}");
    }
}

/// Two streams that source each other never come to an end, but nobody waits for that.
#[test]
fn a_circle_is_gone_round_step_by_step() {
    let mut bench = Bench::new();
    // What a stream takes from another is not looked at when it is asked whether that makes a circle.
    for (name, other, subject) in [("A", "B", "a"), ("B", "A", "x")] {
        let source = format!("{{\"name\":\"{other}\",\"filter_subject\":\"x\"}}");
        let config =
            format!("{{\"name\":\"{name}\",\"subjects\":[\"{subject}\"],\"sources\":[{source}]}}");
        let made = bench.ask(&format!("STREAM.CREATE.{name}"), &config);
        assert!(made.contains("\"did_create\":true"), "{made}");
    }
    bench.wait(SECOND);
    bench.publish(&["x"]);
    let mut before = 0;
    for _ in 0..5 {
        let messages = number(&bench.ask("STREAM.INFO.A", ""), "messages");
        assert!(
            before < messages && messages <= before + 2048,
            "{before} to {messages}"
        );
        before = messages;
        bench.step();
    }
}

/// There are 2⁴⁰ ways back to the first.
#[test]
fn ways_to_an_origin_are_not_gone_one_by_one() {
    let mut bench = Bench::new();
    origin(&mut bench, "CREATE", false);
    let mut before = "O".to_owned();
    for at in 0..40 {
        let source =
            |filter| format!("{{\"name\":\"{before}\",\"filter_subject\":\"o.{filter}\"}}");
        let (a, b) = (source("a"), source("b"));
        let created = bench.ask(
            &format!("STREAM.CREATE.S{at}"),
            &format!("{{\"name\":\"S{at}\",\"sources\":[{a},{b}]}}"),
        );
        assert!(created.contains("\"did_create\":true"), "{created}");
        before = format!("S{at}");
    }
}

#[test]
fn a_mirror_begins_where_its_origin_does() {
    let mut bench = mirrored();
    bench.ask("STREAM.PURGE.O", "");
    for (name, more, first) in [
        ("D", "", 4),
        ("E", ",\"opt_start_seq\":3", 4),
        ("F", ",\"opt_start_seq\":9", 9),
        ("G", ",\"opt_start_time\":\"2126-01-01T00:00:00Z\"", 4),
    ] {
        let mirror = format!("{{\"name\":\"{name}\",\"mirror\":{{\"name\":\"O\"{more}}}}}");
        bench.ask(&format!("STREAM.CREATE.{name}"), &mirror);
        bench.wait(SECOND);
        let info = bench.ask(&format!("STREAM.INFO.{name}"), "");
        let places = (number(&info, "first_seq"), number(&info, "last_seq"));
        assert_eq!(places, (first, first - 1), "{name}: {info}");
    }
}

/// The start of a configuration is for the first time only: a mirror that is purged before it began has had its first time.
#[test]
fn a_mirror_that_is_purged_before_it_began_reads_everything() {
    let mut bench = mirrored();
    let mirror = "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"opt_start_seq\":7}}";
    bench.ask("STREAM.CREATE.M", mirror);
    bench.ask("STREAM.PURGE.M", "");
    bench.wait(SECOND);
    let info = bench.ask("STREAM.INFO.M", "");
    let numbers = ["messages", "first_seq", "last_seq"].map(|field| number(&info, field));
    assert_eq!(numbers, [3, 1, 3], "{info}");
}

/// A source's header counts as part of a message. Whatever the stream refuses is tried again, until it is gone.
#[test]
fn a_source_waits_with_what_its_stream_refuses() {
    let mut bench = mirrored();
    let sourced = |limit: u64| {
        format!("{{\"name\":\"S\",\"sources\":[{{\"name\":\"O\"}}],\"max_msg_size\":{limit}}}")
    };
    bench.ask("STREAM.CREATE.S", &sourced(3));
    bench.wait(5 * SECOND);
    let info = bench.ask("STREAM.INFO.S", "");
    assert_eq!(number(&info, "messages"), 0, "{info}");
    assert_eq!(number(&info, "lag"), 1, "{info}");
    bench.ask("STREAM.UPDATE.S", &sourced(300));
    bench.wait(5 * SECOND);
    let info = bench.ask("STREAM.INFO.S", "");
    assert_eq!(number(&info, "messages"), 3, "{info}");
}

#[test]
fn sources_that_take_the_same_are_one_too_many() {
    let mut bench = mirrored();
    let config =
        "{\"name\":\"S\",\"sources\":[{\"name\":\"O\"},{\"name\":\"O\",\"filter_subject\":\">\"}]}";
    let answer = bench.ask("STREAM.CREATE.S", config);
    assert!(answer.contains("\"err_code\":10140"), "{answer}");
}

/// A stream's limits for consumers hold for the one by which it is mirrored, too.
#[test]
fn consumer_limits_of_an_origin_may_refuse_its_followers() {
    let mut bench = Bench::new();
    for (limits, refused) in [
        ("\"max_ack_pending\":5", 10082),
        ("\"inactive_threshold\":2000000000", 10153),
        ("\"inactive_threshold\":60000000000", 0),
    ] {
        let origin =
            format!("{{\"name\":\"A\",\"subjects\":[\"A.>\"],\"consumer_limits\":{{{limits}}}}}");
        bench.ask("STREAM.CREATE.A", &origin);
        bench.publish(&["A.1"]);
        for (kind, end) in [("\"mirror\":{", "}"), ("\"sources\":[{", "}]")] {
            let config = format!("{{\"name\":\"B\",{kind}\"name\":\"A\"{end}}}");
            bench.ask("STREAM.CREATE.B", &config);
            bench.wait(SECOND);
            let info = bench.ask("STREAM.INFO.B", "");
            let taken = u64::from(refused == 0);
            assert_eq!(number(&info, "messages"), taken, "{info}");
            if refused > 0 {
                assert_eq!(number(&info, "err_code"), refused, "{info}");
            }
            bench.ask("STREAM.DELETE.B", "");
        }
        bench.ask("STREAM.DELETE.A", "");
    }
}

/// nats-server's would not be: there the consumer that was hidden keeps them all until the server starts again.
#[test]
fn an_origin_that_becomes_one_of_interest_keeps_what_is_not_taken_yet() {
    let mut bench = mirrored();
    let config =
        "{\"name\":\"O\",\"subjects\":[\"o.>\"],\"allow_direct\":true,\"retention\":\"interest\"}";
    let answer = bench.ask("STREAM.UPDATE.O", config);
    assert!(answer.contains("\"retention\":\"interest\""), "{answer}");
    bench.publish(&["o.4"]);
    bench.wait(3 * SECOND);
    for stream in ["A", "B"] {
        let info = bench.ask(&format!("STREAM.INFO.{stream}"), "");
        assert_eq!(number(&info, "messages"), 4, "{info}");
    }
    let info = bench.ask("STREAM.INFO.O", "");
    assert_eq!(number(&info, "messages"), 0, "{info}");
}

#[test]
fn a_deleted_consumer_of_a_source_is_made_again() {
    let mut bench = Bench::new();
    let queue = "{\"name\":\"Q\",\"subjects\":[\"q.>\"],\"retention\":\"workqueue\"}";
    bench.ask("STREAM.CREATE.Q", queue);
    bench.ask(
        "STREAM.CREATE.E",
        "{\"name\":\"E\",\"sources\":[{\"name\":\"Q\"}]}",
    );
    bench.wait(SECOND);
    bench.ask("CONSUMER.DELETE.Q.JS_SRC_UrAm5kLd", "");
    bench.publish(&["q.1"]);
    let stored = |bench: &mut Bench| {
        let info = bench.ask("STREAM.INFO.E", "");
        number(&info, "messages")
    };
    bench.wait(9 * SECOND);
    assert_eq!(stored(&mut bench), 0);
    bench.wait(20 * SECOND);
    assert_eq!(stored(&mut bench), 1);
    let names = bench.ask("CONSUMER.NAMES.Q", "");
    assert!(names.contains("[\"JS_SRC_UrAm5kLd\"]"), "{names}");
}

#[test]
fn a_source_that_comes_later_brings_nothing_old() {
    let mut bench = Bench::new();
    origin(&mut bench, "CREATE", false);
    let follow = |bench: &mut Bench, verb: &str, sources: &str| {
        let config = format!("{{\"name\":\"D\",\"sources\":[{sources}]}}");
        bench.ask(&format!("STREAM.{verb}.D"), &config);
        bench.wait(SECOND);
    };
    let transformed =
        "{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"o.>\",\"dest\":\"t.>\"}]}";
    follow(&mut bench, "CREATE", transformed);
    bench.publish(&["o.1", "o.2"]);
    bench.ask("STREAM.PURGE.D", "");
    bench.publish(&["o.3"]);
    follow(&mut bench, "UPDATE", "");
    follow(&mut bench, "UPDATE", "{\"name\":\"O\"}");
    let info = bench.ask("STREAM.INFO.D", "");
    assert_eq!(number(&info, "messages"), 1, "{info}");
    bench.publish(&["o.4"]);
    let info = bench.ask("STREAM.INFO.D", "");
    assert_eq!(number(&info, "messages"), 2, "{info}");
}

/// A follower begins to read a moment after it was made; until then an update may have it start elsewhere.
#[test]
fn where_a_source_starts_is_settled_when_it_is_read() {
    for (wait, messages) in [(0, 3), (SECOND, 0)] {
        let mut bench = mirrored();
        let late = "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"opt_start_seq\":10}]}";
        bench.ask("STREAM.CREATE.S", late);
        bench.wait(wait);
        bench.ask(
            "STREAM.UPDATE.S",
            "{\"name\":\"S\",\"sources\":[{\"name\":\"O\"}]}",
        );
        bench.wait(2 * SECOND);
        let info = bench.ask("STREAM.INFO.S", "");
        assert_eq!(number(&info, "messages"), messages, "{info}");
    }
}

/// Of two sources of a stream that was purged the one that is read first brings all it has, the other nothing old.
#[test]
fn sources_of_a_purged_stream_are_read_one_after_the_other() {
    let mut bench = mirrored();
    let config = "{\"name\":\"P\",\"subjects\":[\"p.>\"]}";
    bench.ask("STREAM.CREATE.P", config);
    bench.publish(&["p.1", "p.2"]);
    let both = "{\"name\":\"S\",\"sources\":[{\"name\":\"O\"},{\"name\":\"P\"}]}";
    bench.ask("STREAM.CREATE.S", both);
    bench.ask("STREAM.PURGE.S", "{\"seq\":9}");
    bench.wait(SECOND);
    let info = bench.ask("STREAM.INFO.S", "");
    let messages = number(&info, "messages");
    assert!(messages == 3 || messages == 2, "{info}");
}

/// What stands in for its origin goes on when it is no mirror any more, until `mirror_direct` is taken back or a restart.
#[test]
fn a_promoted_mirror_still_answers_for_its_origin() {
    let (by_seq, by_subject) = (("DIRECT.GET.O", "{\"seq\":1}"), ("DIRECT.GET.O.o.1", ""));
    for allowed in [true, false] {
        let mut bench = Bench::new();
        origin(&mut bench, "CREATE", allowed);
        bench.publish(&["o.1"]);
        let mirror = "{\"name\":\"A\",\"mirror\":{\"name\":\"O\"}}";
        bench.ask("STREAM.CREATE.A", mirror);
        bench.wait(SECOND);
        for (direct, who) in [(true, "A"), (false, "503"), (true, "503")] {
            let config = format!("{{\"name\":\"A\",\"mirror_direct\":{direct}}}");
            bench.ask("STREAM.UPDATE.A", &config);
            bench.ask("STREAM.DELETE.O", "");
            for (get, payload) in [by_seq, by_subject] {
                assert_eq!(answers(&mut bench, get, payload), [who]);
                assert_eq!(answers(&mut bench.restarted(), get, payload), ["503"]);
            }
        }
    }
}
