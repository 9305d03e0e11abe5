//! What an ordinary user may ask of `$SYS`. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::Bench;
use nats_kv_playground::server::{Config, jetstream};
use nats_kv_playground::wire::time::SECOND;

/// The ids of the connections of an answer, in order.
fn ids(answer: &str) -> Vec<u64> {
    let parts = answer.split("{\"cid\":").skip(1);
    let digits = |part: &str| {
        part.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    };
    parts.filter_map(|part| digits(part).parse().ok()).collect()
}

/// Asks CONNZ.
fn connz(bench: &mut Bench, query: &str) -> String {
    let size = query.len();
    bench.send(&format!(
        "PUB $SYS.REQ.SERVER.PING.CONNZ r {size}\r\n{query}\r\n"
    ))
}

/// The value of a string of the connection with this id.
fn field<'a>(answer: &'a str, id: u64, name: &str) -> &'a str {
    let start = format!("{{\"cid\":{id},");
    let connection = answer.split_once(&start).map_or("", |(_, rest)| rest);
    let key = format!("\"{name}\":\"");
    let value = connection.split_once(&key).map_or("", |(_, rest)| rest);
    value.split_once('"').map_or("", |(value, _)| value)
}

#[test]
fn activity_is_interest_and_messages_both_ways_but_no_ping() {
    let mut bench = Bench::new();
    bench.wait(SECOND);
    let reader = bench.open();
    bench.send_as(reader, "CONNECT {\"verbose\":false}\r\nSUB a 1\r\n");
    let pinger = bench.open();
    bench.send_as(pinger, "CONNECT {\"verbose\":false}\r\n");
    let all = connz(&mut bench, "{}");
    let begun = field(&all, pinger.0, "last_activity").to_owned();

    bench.wait(SECOND);
    bench.publish(&["a"]);
    bench.wait(SECOND);
    assert_eq!(bench.send_as(pinger, "PING\r\n"), "PONG\r\n");
    let all = connz(&mut bench, "{\"sort\":\"idle\"}");
    assert_eq!(field(&all, pinger.0, "last_activity"), begun);
    assert_eq!(field(&all, pinger.0, "idle"), "2s");
    assert_eq!(field(&all, reader.0, "idle"), "1s");
    assert_eq!(ids(&all), [pinger.0, reader.0, 5]);
    let all = connz(&mut bench, "{\"sort\":\"last\"}");
    assert_eq!(ids(&all), [5, reader.0, pinger.0]);
}

#[test]
fn connections_are_sorted_and_shown_as_by_nats_server() {
    let mut bench = Bench::new();
    bench.wait(SECOND);
    let other = bench.open();
    bench.wait(775_432);
    bench.send_as(other, "CONNECT {\"verbose\":false}\r\n");
    let all = connz(&mut bench, "{\"sort\":\"uptime\"}");
    assert_eq!(ids(&all), [other.0, 5]);
    assert_eq!(field(&all, other.0, "rtt"), "775µs");
    // It has no subscription.
    let all = connz(&mut bench, "{\"filter_subject\":\">\"}");
    assert_eq!(ids(&all), [5, other.0]);
}

/// A request that cannot be read is for every server.
#[test]
fn a_wrong_query_is_answered_whoever_is_meant() {
    let mut bench = Bench::new();
    assert_eq!(connz(&mut bench, "{\"host\":\"x\"}"), "");
    for (query, field) in [
        ("{\"host\":\"x\",\"offset\":\"1\"}", "offset of type int"),
        ("{\"acc\":[]}", "acc of type string"),
    ] {
        let answer = connz(&mut bench, query);
        let named = format!("Go struct field ConnzEventOptions.ConnzOptions.{field}");
        assert!(answer.contains(&named), "{answer}");
    }
}

/// What CONNZ and STATZ say to requests they cannot serve: everything behind the server's own object.
#[test]
fn system_requests_that_are_wrong() {
    const CONNZ: &str = "SERVER.PING.CONNZ";
    const STATZ: &str = "ACCOUNT.PING.STATZ";
    let rows = [
        (CONNZ, "{", 400, "unexpected end of JSON input"),
        (
            CONNZ,
            "{} x",
            400,
            "invalid character 'x' after top-level value",
        ),
        (
            CONNZ,
            "{\"state\":1.5}",
            400,
            "json: cannot unmarshal number 1.5 into Go struct field \
             ConnzEventOptions.ConnzOptions.state of type server.ConnState",
        ),
        (
            STATZ,
            "[]",
            400,
            "json: cannot unmarshal array into Go value of type server.AccountStatzEventOptions",
        ),
        (
            STATZ,
            "{\"server_name\":7}",
            400,
            "json: cannot unmarshal number into Go struct field \
             AccountStatzEventOptions.EventFilterOptions.server_name of type string",
        ),
        (
            CONNZ,
            "{\"state\":\"x\"}",
            400,
            "json: cannot unmarshal string into Go struct field \
             ConnzEventOptions.ConnzOptions.state of type server.ConnState",
        ),
        (
            CONNZ,
            "{\"sort\":\"bogus\"}",
            500,
            "invalid sorting option: bogus",
        ),
        (
            CONNZ,
            "{\"sort\":\"stop\"}",
            500,
            "sort by stop only valid on closed connections",
        ),
    ];
    for (subject, body, code, text) in rows {
        let mut bench = Bench::new();
        let length = body.len();
        let got = bench.send(&format!("PUB $SYS.REQ.{subject} r {length}\r\n{body}\r\n"));
        let data = if code == 500 { "\"data\":null," } else { "" };
        let end = format!(",{data}\"error\":{{\"code\":{code},\"description\":\"{text}\"}}}}\r\n");
        assert!(got.ends_with(&end), "{body}: {got}");
    }
}

#[test]
fn users_are_who_they_say() {
    let plain = || Config {
        jetstream: Some(jetstream::start),
        ..Config::default()
    };
    let token = || Config {
        token: Some("t".into()),
        ..plain()
    };
    let user = || Config {
        user: Some("u".into()),
        pass: Some("p".into()),
        ..plain()
    };
    for (config, options, want) in [
        (plain(), "\"user\":\"u\"", "u"),
        (
            plain(),
            "\"user\":\"u\",\"pass\":\"p\",\"auth_token\":\"t\"",
            "u",
        ),
        (plain(), "\"auth_token\":\"t\"", "[REDACTED]"),
        (plain(), "\"nkey\":\"NK\",\"user\":\"u\"", "NK"),
        (token(), "\"user\":\"u\",\"auth_token\":\"t\"", "u"),
        (
            user(),
            "\"user\":\"u\",\"pass\":\"p\",\"auth_token\":\"x\"",
            "u",
        ),
    ] {
        let mut bench = Bench::with(config);
        bench.send(&format!(
            "CONNECT {{\"verbose\":false,{options}}}\r\nSUB r 1\r\n"
        ));
        let info = bench.send("PUB $SYS.REQ.USER.INFO r 0\r\n\r\n");
        let data = format!(
            "\"data\":{{\"user\":\"{want}\",\"account\":\"$G\",\"account_name\":\"$G\"}}}}\r\n"
        );
        assert!(info.ends_with(&data), "{options}: {info}");
        let all = connz(&mut bench, "{\"auth\":true}");
        assert_eq!(field(&all, 5, "authorized_user"), want);
        for user in ["u", "[REDACTED]", "NK"] {
            let all = connz(&mut bench, &format!("{{\"user\":\"{user}\"}}"));
            assert_eq!(ids(&all).len(), usize::from(user == want), "{options}");
        }
        bench.send("UNSUB 1\r\nSUB $JS.EVENT.ADVISORY.API 2\r\n");
        let advisory = bench.ask("STREAM.CREATE.S", "{\"name\":\"S\"}");
        let named = format!("\"acc\":\"$G\",\"user\":\"{want}\"");
        assert!(advisory.contains(&named), "{options}: {advisory}");
    }
}

/// Who asks is appended to the headers, which takes an end that is whole.
#[test]
fn headers_without_an_end_are_from_nobody() {
    let mut bench = Bench::new();
    bench.ask("STREAM.CREATE.S", "{\"name\":\"S\"}");
    let mut request = |subject: &str, block: &str, payload: &str| {
        let (headers, all) = (block.len(), block.len() + payload.len());
        bench.send(&format!(
            "HPUB {subject} r {headers} {all}\r\n{block}{payload}\r\n"
        ))
    };
    let refused = "MSG r 1 139\r\n{\"type\":\"io.nats.jetstream.api.v1.system_response\",\"error\":\
        {\"code\":503,\"err_code\":10039,\"description\":\"JetStream not enabled for account\"}}\r\n";
    for block in [
        "NATS/1.0\r\nA:b\r\n",
        "NATS/1.0\r\n",
        "abc",
        "x\n\r\n",
        "A:b\n\r\n",
    ] {
        for (subject, answer) in [
            ("$JS.API.STREAM.NAMES", refused),
            ("$JS.API.FOO", refused),
            ("$JS.API.INFO", ""),
            ("$JS.API.META.LEADER.STEPDOWN", ""),
            ("$JS.API.ACCOUNT.X", ""),
        ] {
            assert_eq!(request(subject, block, ""), answer, "{subject} {block:?}");
        }
        let answer = request("$SYS.REQ.USER.INFO", block, "");
        assert!(
            answer.ends_with("},\"error\":{\"code\":400}}\r\n"),
            "{answer}"
        );
    }
    let answer = request("$JS.API.STREAM.NAMES", "ab\r\n\r\n", "");
    assert!(answer.contains("\"streams\":[\"S\"]"), "{answer}");
    // Too short for any end, they are payload.
    let answer = request("$JS.API.STREAM.INFO.S", "{", "\"subjects_filter\":\"x\"}");
    assert!(answer.contains("\"total\":0,"), "{answer}");
    let answer = request("$JS.API.STREAM.NAMES", "[]", "");
    assert!(answer.contains("cannot unmarshal array"), "{answer}");
    let answer = request("$SYS.REQ.USER.INFO", "x", "{}");
    assert!(answer.contains("\"account\":\"$G\""), "{answer}");
}

/// nats-server compresses some; neither does others. Who it is that asks, and what is wrong, comes without a word about it.
#[test]
fn an_answer_says_that_it_is_not_compressed_to_who_asked() {
    let mut bench = Bench::new();
    let block = "NATS/1.0\r\nAccept-Encoding: br\r\n\r\n";
    let mut ask = |subject: &str, query: &str| {
        let (size, all) = (block.len(), block.len() + query.len());
        let subject = format!("$SYS.REQ.{subject}");
        bench.send(&format!(
            "HPUB {subject} r {size} {all}\r\n{block}{query}\r\n"
        ))
    };
    let identity = "NATS/1.0\r\nContent-Encoding: identity\r\n\r\n{\"server\"";
    for subject in ["SERVER.PING.CONNZ", "ACCOUNT.PING.STATZ"] {
        let seen = ask(subject, "");
        assert!(seen.contains(identity), "{seen}");
        assert!(ask(subject, "{").starts_with("MSG "), "{subject}");
    }
    assert!(ask("USER.INFO", "").starts_with("MSG "));
}
