//! How mirrors and sources read their origins, as whoever listens to everything hears it. Every expected value was seen on
//! nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{Bench, number};
use nats_kv_playground::wire::time::SECOND;

/// What a subscription to `>` brings while `act` is done: `<subject> <reply> <headers and payload>`, without heartbeats and
/// answers to the client.
fn hear(bench: &mut Bench, act: impl FnOnce(&mut Bench)) -> Vec<String> {
    let all = bench.open();
    bench.send_as(all, "CONNECT {\"headers\":true}\r\nSUB > 2\r\n");
    act(bench);
    let text = bench.send_as(all, "UNSUB 2\r\n");
    let mut heard = Vec::new();
    let mut rest = text.as_str();
    while let Some((line, after)) = rest.split_once("\r\n") {
        let words: Vec<&str> = line.split_whitespace().collect();
        let sizes = match words[0] {
            "MSG" => 1,
            "HMSG" => 2,
            _ => 0,
        };
        rest = after;
        if sizes == 0 {
            continue;
        }
        let size: usize = words[words.len() - 1].parse().expect("a size");
        let (body, after) = rest.split_at(size);
        rest = &after[2..];
        let reply = if words.len() == 3 + sizes {
            ""
        } else {
            words[3]
        };
        if words[1] != "r" && !body.contains("Idle Heartbeat") {
            heard.push(format!("{} {reply} {body}", words[1]));
        }
    }
    heard
}

/// Is `text` what `pattern` says? A `*` there stands for anything.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let start = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(start) else {
        return false;
    };
    let mut end = true;
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        end = part.is_empty();
    }
    end || rest.is_empty()
}

#[track_caller]
fn assert_heard(heard: &[String], patterns: &[&str]) {
    for (at, pattern) in patterns.iter().enumerate() {
        let text = heard.get(at).map_or("", String::as_str);
        assert!(is_like(text, pattern), "{at}: {pattern}\n{heard:#?}");
    }
    assert_eq!(heard.len(), patterns.len(), "{heard:#?}");
}

fn origin() -> Bench {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.O", "{\"name\":\"O\",\"subjects\":[\"o.>\"]}");
    bench.publish(&["o.1", "o.2"]);
    bench
}

#[test]
fn a_consumer_is_asked_for_and_goes_when_nobody_listens() {
    let mut bench = origin();
    let heard = hear(&mut bench, |bench| {
        let mirror = "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"}}";
        bench.ask("STREAM.CREATE.M", mirror);
        bench.wait(SECOND);
        bench.publish(&["o.1"]);
    });
    let config = "\"deliver_policy\":\"all\",\"ack_policy\":\"none\",\"ack_wait\":79200000000000,\"max_deliver\":1,\
        \"replay_policy\":\"instant\",\"flow_control\":true,\"deliver_subject\":\"$JS.M.*\",\"idle_heartbeat\":1000000000,\
        \"inactive_threshold\":10000000000,\"num_replicas\":0,\"direct\":true,\"sourcing\":true,\"metadata\":{";
    let request = format!(
        "$JS.API.CONSUMER.CREATE.O $JSC.R.* NATS/1.0\r\nNats-Required-Api-Level: 4\r\n\r\n{{\"stream_name\":\"O\",\
         \"config\":{{\"name\":\"JS_MIRROR_ih8eMwqr\",{config}\"_nats.mirror.acc\":\"$G\",\"_nats.mirror.stream\":\"M\"}}}},\
         \"action\":\"\"}}"
    );
    let answer = format!(
        "$JSC.R.*  NATS/1.0\r\nNats-Stream-Identity: *\r\n\r\n{{\"type\":\"io.nats.jetstream.api.v1.consumer_create_response\",\
         \"stream_name\":\"O\",\"name\":\"JS_MIRROR_ih8eMwqr-*\",*{config}*\"num_pending\":2,\"ts\":*"
    );
    assert_heard(
        &heard,
        &[
            "$JS.API.STREAM.CREATE.M r {\"name\":\"M\",*",
            "$JS.EVENT.ADVISORY.STREAM.CREATED.M  {*",
            "$JS.EVENT.ADVISORY.API  {*",
            &request,
            "$JS.EVENT.ADVISORY.CONSUMER.CREATED.O.JS_MIRROR_ih8eMwqr-*  {*",
            &answer,
            "$JS.EVENT.ADVISORY.API  {*",
            "o.1 $JS.ACK.O.JS_MIRROR_ih8eMwqr-*.1.1.1.*.1 v",
            "o.2 $JS.ACK.O.JS_MIRROR_ih8eMwqr-*.1.2.2.*.0 v",
            "o.1  v",
            "o.1 $JS.ACK.O.JS_MIRROR_ih8eMwqr-*.1.3.3.*.0 v",
        ],
    );
    // It is there, but neither listed nor counted.
    assert!(bench.ask("CONSUMER.NAMES.O", "").contains("\"total\":0,"));
    assert!(
        bench
            .ask("STREAM.INFO.O", "")
            .contains("\"consumer_count\":0}")
    );
    assert_eq!(number(&bench.ask("INFO", ""), "consumers"), 1);

    let heard = hear(&mut bench, |bench| {
        bench.ask("STREAM.DELETE.M", "");
        bench.wait(13 * SECOND);
    });
    assert_heard(
        &heard,
        &[
            "$JS.API.STREAM.DELETE.M r ",
            "$JS.EVENT.ADVISORY.STREAM.DELETED.M  {*",
            "$JS.API.CONSUMER.DELETE.O.JS_MIRROR_ih8eMwqr $JSC.R.* ",
            "$JS.EVENT.ADVISORY.API  {*",
            "$JSC.R.*  {*\"error\":{\"code\":404,\"err_code\":10014,\"description\":\"consumer not found\"}}",
            "$JS.EVENT.ADVISORY.API  {*",
            "$JS.EVENT.ADVISORY.CONSUMER.DELETED.O.JS_MIRROR_ih8eMwqr-*  {*",
        ],
    );
    assert_eq!(number(&bench.ask("INFO", ""), "consumers"), 0);
}

/// A stream that was deleted and made anew is found out, and read from its start.
#[test]
fn a_source_asks_for_the_stream_it_knows() {
    let mut bench = origin();
    bench.ask(
        "STREAM.CREATE.S",
        "{\"name\":\"S\",\"sources\":[{\"name\":\"O\"}]}",
    );
    bench.wait(SECOND);
    let heard = hear(&mut bench, |bench| {
        bench.ask("STREAM.DELETE.O", "");
        bench.ask("STREAM.CREATE.O", "{\"name\":\"O\",\"subjects\":[\"o.>\"]}");
        bench.publish(&["o.1"]);
        bench.wait(25 * SECOND);
    });
    let requests: Vec<String> = heard
        .into_iter()
        .filter(|text| text.contains("JS_SRC_") || text.starts_with("$JSC.R."))
        .filter(|text| !text.contains("ADVISORY"))
        .collect();
    assert_heard(
        &requests,
        &[
            "$JS.API.CONSUMER.CREATE.O $JSC.R.* NATS/1.0\r\nNats-Required-Api-Level: 5\r\nNats-Stream-Identity: *\r\n\r\n\
             *\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":3,*",
            "$JSC.R.*  {*\"err_code\":10225,\"description\":\"consumer's stream identity does not match: *\"}}",
            "$JS.API.CONSUMER.CREATE.O $JSC.R.* NATS/1.0\r\nNats-Required-Api-Level: 5\r\nNats-Stream-Identity: \r\n\r\n\
             *\"deliver_policy\":\"all\",*",
            "$JSC.R.*  NATS/1.0\r\nNats-Stream-Identity: *",
            "o.1 $JS.ACK.O.JS_SRC_N6lXlrSF-*.1.1.1.*.0 v",
        ],
    );
    let info = bench.ask("STREAM.INFO.S", "");
    assert_eq!(number(&info, "messages"), 3, "{info}");
    assert!(info.contains("\"lag\":0,\"seq\":1,"), "{info}");
}

/// Makes a consumer `D` of `O` by which a stream may read; it delivers to `to`.
fn durable(bench: &mut Bench) {
    let config =
        "{\"durable_name\":\"D\",\"deliver_subject\":\"to\",\"ack_policy\":\"flow_control\"}";
    let create = format!("{{\"stream_name\":\"O\",\"config\":{config}}}");
    bench.ask("CONSUMER.CREATE.O.D", &create);
}

/// Makes a stream `S` that reads `O` by what `D` delivers to `place`.
fn reader(bench: &mut Bench, place: &str) {
    let consumer = format!("{{\"name\":\"D\",\"deliver_subject\":\"{place}\"}}");
    let source = format!("{{\"name\":\"O\",\"consumer\":{consumer}}}");
    let config = format!("{{\"name\":\"S\",\"sources\":[{source}]}}");
    bench.ask("STREAM.CREATE.S", &config);
}

/// The configured consumer is asked for as soon as it shows itself, even if somebody else hears all it delivers.
#[test]
fn a_consumer_that_comes_later_is_read_from_its_start() {
    let mut bench = origin();
    hear(&mut bench, |bench| {
        reader(bench, "to");
        bench.wait(6 * SECOND);
        durable(bench);
        bench.wait(3 * SECOND);
    });
    let info = bench.ask("STREAM.INFO.S", "");
    assert_eq!(number(&info, "messages"), 2, "{info}");
    assert!(info.contains("\"lag\":0,\"seq\":2,"), "{info}");
}

/// What shows itself where it should deliver has it asked for, but is no word of the origin.
#[test]
fn a_consumer_that_does_not_answer_leaves_its_origin_unheard() {
    let mut bench = origin();
    durable(&mut bench);
    let source = "{\"name\":\"O\",\"consumer\":{\"name\":\"\\ud800\",\"deliver_subject\":\"to\"}}";
    let config = format!("{{\"name\":\"S\",\"sources\":[{source}]}}");
    bench.ask("STREAM.CREATE.S", &config);
    for _ in 0..15 {
        bench.wait(SECOND);
        let info = bench.ask("STREAM.INFO.S", "");
        let unheard = "\"sources\":[{\"name\":\"O\",\"lag\":0,\"active\":-1}]";
        assert!(info.contains(unheard), "{info}");
    }
}

/// It is listened to where the configuration says, and nowhere else.
#[test]
fn a_consumer_that_delivers_elsewhere_is_not_heard() {
    for (place, messages) in [("to", 2), ("elsewhere", 0)] {
        let mut bench = origin();
        durable(&mut bench);
        reader(&mut bench, place);
        bench.wait(3 * SECOND);
        let info = bench.ask("STREAM.INFO.S", "");
        assert_eq!(number(&info, "messages"), messages, "{info}");
    }
}

/// One that lives elsewhere is asked at its prefix, and nobody answers.
#[test]
fn an_origin_elsewhere_is_asked_there() {
    let mut bench = origin();
    let heard = hear(&mut bench, |bench| {
        let source = "{\"name\":\"E\",\"external\":{\"api\":\"$JS.hub.API\",\"deliver\":\"del\"}}";
        bench.ask(
            "STREAM.CREATE.S",
            &format!("{{\"name\":\"S\",\"sources\":[{source}]}}"),
        );
        bench.wait(20 * SECOND);
    });
    let elsewhere: Vec<String> = heard
        .into_iter()
        .filter(|text| text.starts_with("$JS.hub"))
        .collect();
    let request = "$JS.hub.API.CONSUMER.CREATE.E $JSC.R.* *\"deliver_subject\":\"del.S.*\",*";
    assert_heard(&elsewhere, &[request]);
    let info = bench.ask("STREAM.INFO.S", "");
    assert!(info.contains("\"lag\":0,\"active\":-1}"), "{info}");
}

/// Anybody may answer there: an answer without a consumer is shown as the origin's error, and it is asked again.
#[test]
fn answers_that_are_none_are_errors() {
    let malformed = "\"description\":\"malformed subject\"";
    let invalid = "\"description\":\"invalid consumer create response\"";
    for (answer, code, text) in [
        ("{\"config\":null}", "", invalid),
        ("{\"stream_name\":\"E\",\"name\":\"C\"}", "", invalid),
        ("{}", "", invalid),
        ("{\"config\":{}}", "", malformed),
        ("[]", "10025", "\"description\":\"invalid JSON: {err}\""),
    ] {
        for (kind, setup_failed) in [("mirror", "10029"), ("sources", "10045")] {
            if (kind, code) == ("sources", "10025") {
                continue;
            }
            let mut bench = Bench::new();
            let elsewhere = bench.open();
            bench.send_as(elsewhere, "CONNECT {}\r\nSUB hub.> 2\r\n");
            let origin = "{\"name\":\"E\",\"external\":{\"api\":\"hub\"}}";
            let origin = match kind {
                "mirror" => origin.to_owned(),
                _ => format!("[{origin}]"),
            };
            let config = format!("{{\"name\":\"S\",\"{kind}\":{origin}}}");
            bench.ask("STREAM.CREATE.S", &config);
            let mut asked = 0;
            for _ in 0..200 {
                bench.wait(SECOND / 10);
                let heard = bench.send_as(elsewhere, "");
                if let Some(reply) = heard.split(' ').find(|word| word.starts_with("$JSC.R.")) {
                    asked += 1;
                    let size = answer.len();
                    bench.send_as(elsewhere, &format!("PUB {reply} {size}\r\n{answer}\r\n"));
                }
            }
            let info = bench.ask("STREAM.INFO.S", "");
            let code = if code.is_empty() { setup_failed } else { code };
            let code = format!("\"err_code\":{code},{text}");
            assert!(info.contains(&code), "{kind} {answer}: {info}");
            // What cannot be read is as good as none, and that takes longer to turn out.
            assert!(asked > 1 || answer == "[]", "{kind} {answer}");
        }
    }
}

/// Clients may ask for such consumers as well.
#[test]
fn clients_are_told_which_stream_of_its_name_it_is() {
    let mut bench = origin();
    let ask = |bench: &mut Bench, name: &str, identity: &str, more: &str| {
        let block = format!("NATS/1.0\r\nNats-Stream-Identity: {identity}\r\n\r\n");
        let body = format!(
            "{{\"stream_name\":\"O\",\"config\":{{\"name\":\"{name}\",\"deliver_subject\":\"to.{name}\",{more}}}}}"
        );
        let (size, all) = (block.len(), block.len() + body.len());
        bench.send(&format!(
            "HPUB $JS.API.CONSUMER.CREATE.O.{name} r {size} {all}\r\n{block}{body}\r\n"
        ))
    };
    let identity = |answer: &str| {
        let line = answer
            .lines()
            .find_map(|l| l.strip_prefix("Nats-Stream-Identity: "));
        line.map(str::to_owned)
    };
    let first = ask(&mut bench, "A", "", "\"direct\":true");
    let known = identity(&first).expect("an identity");
    assert!(first.contains("\"name\":\"A\",\"created\""), "{first}");
    let other = ask(&mut bench, "B", "other", "\"sourcing\":true");
    assert_eq!(number(&other, "err_code"), 10225, "{other}");
    assert!(
        other.contains(&format!("does not match: {known}\"")),
        "{other}"
    );
    let both = ask(&mut bench, "C", &known, "\"direct\":true,\"sourcing\":true");
    assert_eq!(identity(&both), Some(known));
    assert!(both.contains("\"name\":\"C-"), "{both}");
    let plain = ask(&mut bench, "D", "other", "\"ack_policy\":\"none\"");
    assert_eq!(identity(&plain), None, "{plain}");
    assert!(plain.contains("\"name\":\"D\""), "{plain}");
}

/// How far a source is that comes back tell the messages it brought that are still there.
#[test]
fn a_source_that_comes_back_goes_on_behind_what_is_left_of_it() {
    for (purge, seq) in [("", "\"seq\":2,"), ("{}", "")] {
        let mut bench = origin();
        let update = |bench: &mut Bench, verb: &str, sources: &str| {
            let config = format!("{{\"name\":\"S\",\"subjects\":[\"s\"],\"sources\":[{sources}]}}");
            bench.ask(&format!("STREAM.{verb}.S"), &config)
        };
        update(&mut bench, "CREATE", "{\"name\":\"O\"}");
        bench.wait(SECOND);
        update(&mut bench, "UPDATE", "");
        if !purge.is_empty() {
            bench.ask("STREAM.PURGE.S", purge);
        }
        let updated = update(&mut bench, "UPDATE", "{\"name\":\"O\"}");
        let source = format!("{{\"name\":\"O\",\"lag\":0,{seq}\"active\":-1}}");
        assert!(updated.contains(&source), "{updated}");
    }
}

/// But not those that a transform of the stream gave another subject than the source asks for.
#[test]
fn what_was_moved_elsewhere_does_not_tell_how_far_a_source_is() {
    let filtered = "{\"name\":\"O\",\"filter_subject\":\"o.*\"}";
    let all = "{\"name\":\"P\"}";
    let (known, unknown) = ("\"lag\":0,\"seq\":2,", "\"lag\":0,\"active\"");
    for (again, seen) in [(vec![filtered], unknown), (vec![filtered, all], known)] {
        let mut bench = origin();
        let update = |bench: &mut Bench, verb: &str, sources: &[&str], more: &str| {
            let sources = sources.join(",");
            let config = format!("{{\"name\":\"S\",\"sources\":[{sources}]{more}}}");
            bench.ask(&format!("STREAM.{verb}.S"), &config)
        };
        let moved = ",\"subject_transform\":{\"src\":\"o.*\",\"dest\":\"y.$1\"}";
        update(&mut bench, "CREATE", &[filtered], moved);
        bench.wait(SECOND);
        update(&mut bench, "UPDATE", &[], "");
        let updated = update(&mut bench, "UPDATE", &again, "");
        let source = format!("\"sources\":[{{\"name\":\"O\",{seen}");
        assert!(updated.contains(&source), "{updated}");
    }
}

/// Where a subject is taken as it is and transformed, the transform counts.
#[test]
fn what_a_consumer_delivers_is_transformed_by_the_first_that_does() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.O", "{\"name\":\"O\",\"subjects\":[\"o.>\"]}");
    durable(&mut bench);
    let consumer = "{\"name\":\"D\",\"deliver_subject\":\"to\"}";
    let transforms = "[{\"src\":\"o.a.*\",\"dest\":\"\"},{\"src\":\"o.*.b\",\"dest\":\"x.$1\"}]";
    let source =
        format!("\"name\":\"O\",\"consumer\":{consumer},\"subject_transforms\":{transforms}");
    bench.ask(
        "STREAM.CREATE.S",
        &format!("{{\"name\":\"S\",\"sources\":[{{{source}}}]}}"),
    );
    bench.publish(&["o.a.b", "o.a.c"]);
    bench.wait(3 * SECOND);
    let info = bench.ask("STREAM.INFO.S", "{\"subjects_filter\":\">\"}");
    assert!(
        info.contains("\"subjects\":{\"o.a.c\":1,\"x.a\":1}"),
        "{info}"
    );
}

/// It takes what its origin has had since its last message, which keeps the origin's time, and that one.
#[test]
fn a_mirror_that_became_a_source_takes_its_last_message_again() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.O", "{\"name\":\"O\",\"subjects\":[\"o.>\"]}");
    for subject in ["o.1", "o.2", "o.3"] {
        bench.publish(&[subject]);
        bench.wait(1);
    }
    let mirror = "{\"name\":\"A\",\"mirror\":{\"name\":\"O\",\"opt_start_seq\":2}}";
    bench.ask("STREAM.CREATE.A", mirror);
    bench.wait(SECOND);
    let source = "{\"name\":\"A\",\"sources\":[{\"name\":\"O\"}]}";
    bench.ask("STREAM.UPDATE.A", source);
    bench.wait(SECOND);
    bench.publish(&["o.4"]);
    let stored = |bench: &mut Bench, seq: u64| {
        let message = bench.ask("STREAM.MSG.GET.A", &format!("{{\"seq\":{seq}}}"));
        let subject = message.split_once("\"subject\":\"").map_or("", |(_, s)| s);
        subject.chars().take(3).collect::<String>()
    };
    let all: Vec<String> = (1..6).map(|seq| stored(&mut bench, seq)).collect();
    assert_eq!(all, ["", "o.2", "o.3", "o.3", "o.4"]);
}
