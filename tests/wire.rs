//! The parsers of both directions: the same operations come out however the bytes are cut, whatever is written reads back,
//! and no bytes at all make them panic.

#![cfg(not(target_arch = "wasm32"))]

#[path = "common/ops.rs"]
mod ops;

use nats_kv_playground::server::routes::Routes;
use nats_kv_playground::server::{Config, ConnectionId, Peer, Server, jetstream};
use nats_kv_playground::wire::op::{ClientOp, Delivery, Publish, ServerOp};
use nats_kv_playground::wire::parser::{ClientOpParser, Limits, ServerOpParser};
use nats_kv_playground::wire::subject;
use nats_kv_playground::wire::time::{SECOND, Time};
use ops::{client_ops, server_ops};
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    max_control_line: 4096,
    max_payload: 1 << 20,
    headers: true,
    pedantic: false,
};

/// Every kind of operation, written in ways that clients use and ways that only the server tolerates.
const FROM_CLIENTS: &[u8] = b"CONNECT {\"verbose\":false}\r\nconnect{}\nPING\r\nPong junk\r\n+OK\r\nSUB foo 1\r\n\
    sUb \t foo.*  queue\tsid-2 \r\nUNSUB 1\r\nUNSUB sid-2 007\r\nPUB foo 0\r\n\r\nPUB foo.bar reply 5\r\nhel\r\n\r\n\
    HPUB foo 12 17\r\nNATS/1.0\r\n\r\nhello\r\nHPUB foo reply 012 012\nNATS/1.0\r\n\r\n\r\n-ERR 'text'\r\nINFO {}\r\n\
    HMSG any thing\r\n\r\nPUB a 1\r\n\n\r\n";

const FROM_SERVERS: &[u8] = b"INFO {\"a\":1} \r\nPING\r\nPONG\r\n+OK\r\n-ERR 'Invalid Subject'\r\nMSG foo 1 5\r\nhello\r\n\
    MSG foo.bar 12 reply 0\r\n\r\nMSG foo 9  2\r\n\r\n\r\nHMSG foo 1 12 17\r\nNATS/1.0\r\n\r\nhello\r\n\
    HMSG foo 1 re.ply 12 12\r\nNATS/1.0\r\n\r\n\r\n";

#[test]
fn every_split_gives_the_same_operations() {
    let whole = client_ops(&LIMITS, &[FROM_CLIENTS]);
    assert_eq!(whole.len(), 17, "{whole:#?}");
    assert!(whole.iter().all(|op| op.contains("Some")), "{whole:#?}");
    for at in 0..=FROM_CLIENTS.len() {
        let (a, b) = FROM_CLIENTS.split_at(at);
        assert_eq!(client_ops(&LIMITS, &[a, b]), whole, "split at {at}");
    }
    let bytes: Vec<&[u8]> = FROM_CLIENTS.chunks(1).collect();
    assert_eq!(client_ops(&LIMITS, &bytes), whole);

    let whole = server_ops(&[FROM_SERVERS]);
    assert_eq!(whole.len(), 10, "{whole:#?}");
    for at in 0..=FROM_SERVERS.len() {
        let (a, b) = FROM_SERVERS.split_at(at);
        assert_eq!(server_ops(&[a, b]), whole, "split at {at}");
    }
    let bytes: Vec<&[u8]> = FROM_SERVERS.chunks(1).collect();
    assert_eq!(server_ops(&bytes), whole);
}

#[test]
fn operations_read_as_they_should() {
    let mut parser = ClientOpParser::new(LIMITS);
    let mut input: &[u8] = b"HPUB a.b r 3 007\r\nabcdefg\r\nSUB a q 1\r\nUNSUB 1 -2\r\n";
    let mut next = || {
        parser
            .next(&mut input)
            .unwrap()
            .and_then(|parsed| parsed.op)
            .map(|op| format!("{op:?}"))
    };
    let publish = Publish {
        subject: b"a.b",
        reply: b"r",
        headers: b"abc",
        payload: b"defg",
        sizes: (b"3", b"007"),
    };
    assert_eq!(next(), Some(format!("{:?}", ClientOp::Publish(publish))));
    let subscribe = ClientOp::Subscribe {
        subject: b"a",
        queue: Some(b"q"),
        sid: b"1",
    };
    assert_eq!(next(), Some(format!("{subscribe:?}")));
    assert_eq!(
        next(),
        Some(format!(
            "{:?}",
            ClientOp::Unsubscribe {
                sid: b"1",
                max: None
            }
        ))
    );
    assert_eq!(next(), None);

    let message = Delivery {
        subject: b"s",
        sid: b"2",
        reply: b"",
        headers: b"",
        payload: b"xy",
    };
    assert_eq!(
        server_ops(&[b"MSG s 2  2\r\nxy\r\n"]),
        [format!("{:?}", ServerOp::Message(message))]
    );
    for bad in [
        "MSG s 1\r\n",
        "MSG s 1 x\r\n",
        "HMSG s 1 5 3\r\n",
        "MSG s 1 r x 3\r\n",
        "NOPE\r\n",
        "MSG s 1 1\r\nab\r\n",
    ] {
        let ops = server_ops(&[bad.as_bytes()]);
        assert!(ops[0].starts_with("BadServerOp"), "{bad:?} {ops:?}");
    }
}

/// nats-server takes a carriage return within a line for a blank, but not in what publishes.
#[test]
fn a_carriage_return_is_a_blank_in_some_operations() {
    let read = |line: &str| {
        let mut parser = ClientOpParser::new(LIMITS);
        let mut input = line.as_bytes();
        let parsed = parser.next(&mut input).map(|parsed| parsed.is_some());
        parsed.map_err(drop)
    };
    for (line, good) in [
        ("SUB a\r5\r\n", true),
        ("UNSUB 1\r2\r\n", true),
        ("PUB a 1\r\nx\r\n", true),
        ("PUB a 1\r\r\nx\r\n", false),
        ("PUB a\r1\r\nx\r\n", false),
        ("HPUB a 12\r13\r\nNATS/1.0\r\n\r\nx\r\n", false),
    ] {
        assert_eq!(read(line), good.then_some(true).ok_or(()), "{line:?}");
    }
}

/// As `PUB_ARG` and its like in nats-server's parser.go, whose `drop` is one byte at the end wherever the carriage return was.
#[test]
fn the_ends_of_lines_are_found_as_nats_server_finds_them() {
    for (line, op) in [
        ("SUB \nfoo 1\n", "Subscribe(foo, 1)"),
        ("SUB foo\r 12\n", "Subscribe(foo, 1)"),
        ("SUB foo 1\r\r\n", "Subscribe(foo, 1)"),
        ("UNSUB 7\r 25\n", "Unsubscribe(7, 2)"),
        ("PUB \nfoo 1\r\nx\r\n", "Publish(\\nfoo, 1)"),
    ] {
        assert_eq!(brief(line), op, "{line:?}");
    }
    for line in ["SUB \r\n", "PUB \r\n", "UNSUB \r\n"] {
        assert!(brief(line).starts_with("Err"), "{line:?}");
    }
    for line in ["SUB \n", "PUB \n", "UNSUB \n", "HPUB\t\n"] {
        assert_eq!(brief(line), "None", "{line:?}");
    }
}

fn brief(line: &str) -> String {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let mut parser = ClientOpParser::new(LIMITS);
    let mut input = line.as_bytes();
    match parser.next(&mut input) {
        Ok(None) => "None".into(),
        Err(error) => format!("Err {error:?}"),
        Ok(Some(parsed)) => match parsed.op.expect("an operation") {
            ClientOp::Subscribe { subject, sid, .. } => {
                format!("Subscribe({}, {})", text(subject), text(sid))
            }
            ClientOp::Unsubscribe { sid, max } => {
                format!("Unsubscribe({}, {})", text(sid), max.unwrap_or(0))
            }
            ClientOp::Publish(message) => format!(
                "Publish({}, {})",
                text(message.subject),
                text(message.sizes.1)
            ),
            op => format!("{op:?}"),
        },
    }
}

#[test]
fn endless_lines_take_no_memory() {
    let mut parser = ClientOpParser::new(LIMITS);
    for start in ["PING", "PONG ", "SUB "] {
        let mut input = start.as_bytes();
        assert_eq!(parser.next(&mut input), Ok(None));
        for _ in 0..1000 {
            let mut blanks: &[u8] = &[b' '; 1000];
            assert_eq!(parser.next(&mut blanks), Ok(None));
        }
        assert!(format!("{parser:?}").len() < 10_000, "{start}");
        let mut end: &[u8] = if start == "SUB " { b"a 1\r\n" } else { b"\n" };
        assert!(parser.next(&mut end).unwrap().is_some());
    }
}

fn token() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[abc]", 1 => Just("*".to_owned()), 1 => Just(">".to_owned()), 1 => "[a*>]{0,2}"]
}

fn any_subject() -> impl Strategy<Value = String> {
    prop::collection::vec(token(), 1..5).prop_map(|tokens| tokens.join("."))
}

/// Without tokens like `*a`, which stand for more where subjects with wildcards are compared.
fn subscribable() -> impl Strategy<Value = String> {
    let token = prop_oneof![4 => "[abc]", 1 => Just("*".to_owned()), 1 => "[a>][a*>]"];
    (prop::collection::vec(token, 1..4), any::<bool>())
        .prop_map(|(tokens, full)| tokens.join(".") + if full { ".>" } else { "" })
}

fn blank_free() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        any::<u8>().prop_filter("blank", |b| !b" \t\r\n".contains(b)),
        1..12,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
        let (a, b) = bytes.split_at(cut.min(bytes.len()));
        prop_assert_eq!(client_ops(&LIMITS, &[&bytes]), client_ops(&LIMITS, &[a, b]));
        server_ops(&[a, b]);
    }

    /// Bytes that look like operations get further than random ones.
    #[test]
    fn near_misses_do_not_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            "PUB ", "HPUB ", "SUB ", "UNSUB ", "PING", "CONNECT ", "{}", "a", ".", "*", " ", "0", "1", "2", "\r\n", "\n", "\r",
            "MSG ", "HMSG ", "INFO ", "-ERR ", "+OK", "a 1\r\n", "\r\n\r\n",
        ]), 0..30),
        cut in 0usize..100,
        pedantic in any::<bool>(),
    ) {
        let bytes = parts.concat().into_bytes();
        let (a, b) = bytes.split_at(cut.min(bytes.len()));
        let limits = Limits { pedantic, ..LIMITS };
        let warned = |ops: Vec<String>| ops.into_iter().filter(|op| !op.ends_with("None")).collect::<Vec<_>>();
        prop_assert_eq!(warned(client_ops(&limits, &[&bytes])), warned(client_ops(&limits, &[a, b])));
        prop_assert_eq!(server_ops(&[&bytes]), server_ops(&[a, b]));
    }

    #[test]
    fn what_is_written_reads_back(
        subject in blank_free(), reply in prop::option::of(blank_free()), sid in blank_free(),
        headers in prop::option::of(prop::collection::vec(any::<u8>(), 1..40)),
        payload in prop::collection::vec(any::<u8>(), 0..80), max in prop::option::of(0u64..999_999_999),
    ) {
        let (reply, headers) = (reply.unwrap_or_default(), headers.unwrap_or_default());
        let publish = Publish { subject: &subject, reply: &reply, headers: &headers, payload: &payload, sizes: (b"", b"") };
        let mut bytes = Vec::new();
        publish.write(&mut bytes);
        ClientOp::Subscribe { subject: &subject, queue: None, sid: &sid }.write(&mut bytes);
        ClientOp::Unsubscribe { sid: &sid, max }.write(&mut bytes);
        let mut parser = ClientOpParser::new(LIMITS);
        let mut input = &bytes[..];
        let Ok(Some(parsed)) = parser.next(&mut input) else { return Err(TestCaseError::fail("no publish")) };
        let Some(ClientOp::Publish(read)) = parsed.op else { return Err(TestCaseError::fail("not a publish")) };
        prop_assert_eq!(Publish { sizes: (b"", b""), ..read }, publish);
        let subscribed = parser.next(&mut input).unwrap().unwrap().op;
        prop_assert_eq!(subscribed, Some(ClientOp::Subscribe { subject: &subject, queue: None, sid: &sid }));
        let unsubscribed = parser.next(&mut input).unwrap().unwrap().op;
        prop_assert_eq!(unsubscribed, Some(ClientOp::Unsubscribe { sid: &sid, max }));

        let delivery = Delivery { subject: &subject, sid: &sid, reply: &reply, headers: &headers, payload: &payload };
        let mut bytes = Vec::new();
        delivery.write(&mut bytes, (b"", b""));
        let mut input = &bytes[..];
        let mut parser = ServerOpParser::default();
        prop_assert_eq!(parser.next(&mut input), Ok(Some(ServerOp::Message(delivery))));
    }

    /// The trie finds what asking each pattern finds, whatever was added and removed.
    #[test]
    fn routes_match_as_patterns_do(
        changes in prop::collection::vec((any_subject(), 0u8..4, any::<bool>()), 0..40),
        subjects in prop::collection::vec(any_subject(), 0..10),
    ) {
        let mut routes = Routes::default();
        let mut model: Vec<(String, u8)> = Vec::new();
        for (pattern, value, add) in changes {
            if add {
                let added = routes.insert(pattern.as_bytes(), value);
                prop_assert_eq!(added, subject::is_subscribable(pattern.as_bytes()));
                let entry = (pattern, value);
                if added && !model.contains(&entry) {
                    model.push(entry);
                }
            } else {
                let found = model.iter().position(|entry| *entry == (pattern.clone(), value));
                prop_assert_eq!(routes.remove(pattern.as_bytes(), &value), found.is_some());
                found.map(|index| model.remove(index));
            }
            prop_assert_eq!(routes.len(), model.len());
        }
        for subject in subjects {
            let mut hits = Vec::new();
            routes.matches(subject.as_bytes(), &mut |value| hits.push(*value));
            let mut want: Vec<u8> = model
                .iter()
                .filter(|(pattern, _)| subject::matches(pattern.as_bytes(), subject.as_bytes()))
                .map(|(_, value)| *value)
                .collect();
            prop_assert_eq!(routes.has_match(subject.as_bytes()), !want.is_empty());
            hits.sort_unstable();
            want.sort_unstable();
            prop_assert_eq!(hits, want, "{}", subject);
        }
    }

    /// Subset and overlap mean what matching says, over all subjects of up to three tokens.
    #[test]
    fn subset_and_overlap_follow_from_matching(a in subscribable(), b in subscribable()) {
        let mut subset = true;
        let mut overlap = false;
        // Tokens of the patterns, and one that is in neither.
        let mut words: Vec<&str> = a.split('.').chain(b.split('.')).filter(|t| !["*", ">"].contains(t)).collect();
        words.push("other");
        words.sort_unstable();
        words.dedup();
        let mut subjects: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let mut start = 0;
        for _ in 0..4 {
            let end = subjects.len();
            for i in start..end {
                for word in words.iter().rev().take(4) {
                    subjects.push(format!("{}.{word}", subjects[i]));
                }
            }
            start = end;
            if subjects.len() > 3000 { break }
        }
        for s in &subjects {
            let (in_a, in_b) = (subject::matches(a.as_bytes(), s.as_bytes()), subject::matches(b.as_bytes(), s.as_bytes()));
            subset &= !in_a || in_b;
            overlap |= in_a && in_b;
        }
        if subject::is_subset(a.as_bytes(), b.as_bytes()) {
            prop_assert!(subset, "{} in {}", a, b);
        }
        if overlap {
            prop_assert!(subject::overlap(a.as_bytes(), b.as_bytes()), "{} with {}", a, b);
        }
        prop_assert_eq!(subject::overlap(a.as_bytes(), b.as_bytes()), subject::overlap(b.as_bytes(), a.as_bytes()));
    }

    /// The same bytes at the same times give the same output.
    #[test]
    fn the_same_inputs_give_the_same_bytes(
        steps in prop::collection::vec((0usize..3, prop::sample::select(vec![
            "SUB a.* 1\r\n", "SUB a.b q 2\r\n", "SUB > q 3\r\n", "PUB a.b 2\r\nhi\r\n", "PUB a.c r 0\r\n\r\n", "UNSUB 1 2\r\n",
            "PING\r\n", "HPUB a.b 12 13\r\nNATS/1.0\r\n\r\nx\r\n", "CONNECT {\"verbose\":false,\"headers\":true}\r\n", "PUB a.b",
            " 1\r\nx\r\n", "PUB $SYS.REQ.SERVER.PING.CONNZ a.r 0\r\n\r\n",
            "PUB $JS.API.STREAM.CREATE.S a.r 28\r\n{\"name\":\"S\",\"subjects\":[\"a.b\"]\r\n", "PUB $JS.API.INFO a.r 0\r\n\r\n",
        ]), 0i64..3 * SECOND), 0..40),
        seed in any::<u64>(),
    ) {
        let run = || {
            let config = Config { jetstream: Some(jetstream::start), debug: true, trace: true, ..Config::default() };
            let mut now = Time(1_795_537_149 * SECOND);
            let mut server = Server::new(config, seed, now);
            let peer = Peer { ip: "127.0.0.1".into(), port: 1, websocket: false };
            let ids: Vec<ConnectionId> = (0..3).map(|_| server.connect(peer.clone(), now)).collect();
            let mut record = Vec::new();
            for (who, text, wait) in &steps {
                server.receive(ids[*who], text.as_bytes(), now);
                now = now.after(*wait);
                server.advance(now);
                for id in server.take_ready() {
                    let output = server.take_output(id);
                    record.push((id, output.bytes, output.close));
                }
            }
            (record, server.take_log(), server.next_deadline())
        };
        prop_assert_eq!(run(), run());
    }
}
