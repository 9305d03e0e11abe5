//! What mirrors answer, seen by a client. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{Bench, number};
use nats_kv_playground::wire::time::SECOND;

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
