//! What the log says of connections. Every expected line was seen in nats-server 2.15.2's.
#![cfg(not(target_arch = "wasm32"))]

use nats_kv_playground::server::{Config, Peer, Server, jetstream};
use nats_kv_playground::wire::time::{SECOND, Time};

fn peer() -> Peer {
    Peer {
        ip: "127.0.0.1".into(),
        port: 4000,
        websocket: false,
    }
}

/// The lines about clients that each send one of these and leave, two seconds later; without times and addresses.
fn lines(config: Config, sent: &[&str]) -> Vec<String> {
    let now = Time(1_795_537_149 * SECOND);
    let mut server = Server::new(config, 1, now);
    server.take_log();
    for text in sent {
        let id = server.connect(peer(), now);
        server.receive(id, text.as_bytes(), now);
        server.advance(now.after(2 * SECOND));
        server.disconnect(id, now);
    }
    let of_client = |line: String| {
        let (head, rest) = line.split_once(" - cid:")?;
        let tag = head.split(' ').nth(3)?;
        Some(format!("{tag} {}", rest.split_once(" - ")?.1))
    };
    server
        .take_log()
        .into_iter()
        .filter_map(of_client)
        .collect()
}

/// It says whose credentials were wrong; who sent none in time is of no interest.
#[test]
fn strangers() {
    let config = Config {
        user: Some("u".into()),
        pass: Some("p".into()),
        ..Config::default()
    };
    let sent = [
        "CONNECT {}\r\n",
        "CONNECT {\"user\":\"x\",\"auth_token\":\"t\"}\r\n",
        "CONNECT {\"auth_token\":\"t\"}\r\n",
        "",
    ];
    let want = [
        "[ERR] authentication error",
        "[ERR] authentication error - User \"x\"",
        "[ERR] authentication error - Token \"[REDACTED]\"",
    ];
    assert_eq!(lines(config, &sent), want);
}

/// Nobody can come in: it begins as ever, says why, and is over.
#[test]
fn doors_that_do_not_open() {
    let start = [
        "Starting nats-server",
        "  Version:  2.15.2",
        "  Git:      [not set]",
        "  Name:     ",
        "  ID:       ",
    ];
    let busy = "listen tcp 0.0.0.0:4222: bind: address already in use";
    let refused = |jetstream: bool, websocket| {
        let config = Config {
            host: "0.0.0.0".into(),
            jetstream: jetstream.then_some(jetstream::start),
            utc_offset: None,
            ..Config::default()
        };
        Server::cannot_listen(config, 1, Time(0), websocket, busy)
    };
    let lines = refused(false, false);
    let (end, begin) = lines.split_last().expect("lines");
    for (line, want) in begin.iter().zip(start) {
        assert!(line.contains(&format!("[INF] {want}")), "{line}");
    }
    assert_eq!(begin.len(), start.len());
    let want = format!("[FTL] Error listening on port: 0.0.0.0:4222, \"{busy}\"");
    assert!(end.ends_with(&want), "{end}");
    let lines = refused(true, true);
    let [.., took, end] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(took.ends_with("to start JetStream"), "{took}");
    let want = format!("[FTL] Unable to listen for websocket connections: {busy}");
    assert!(end.ends_with(&want), "{end}");
}

/// What comes before what.
#[test]
fn order() {
    let config = Config {
        debug: true,
        trace: true,
        ..Config::default()
    };
    let long = format!("SUB {} 1\r\n", "a".repeat(5000));
    for (sent, want) in [
        (
            "FOO\r\n",
            [
                "[DBG] Client connection created",
                "[TRC] ->> [-ERR Unknown Protocol Operation]",
                "[ERR] Client parser ERROR, state=0, i=0: proto='\"FOO\\r\"...'",
                "[DBG] Client connection closed: Protocol Violation",
            ]
            .as_slice(),
        ),
        (
            "CONNECT {\"verbose\":false}\r\nHPUB a 12 13\r\n",
            &[
                "[DBG] Client connection created",
                "[TRC] <<- [CONNECT {\"verbose\":false}]",
                "[TRC] <<- [HPUB a 12 13]",
                "[ERR] message headers not supported",
                "[DBG] Client connection closed: Protocol Violation",
            ],
        ),
        (
            &long,
            &[
                "[DBG] Client connection created",
                "[TRC] ->> [-ERR maximum control line exceeded]",
                "[DBG] Client connection closed: Maximum Control Line Exceeded",
                "[ERR] maximum control line exceeded",
            ],
        ),
        (
            "SUB a 1\r\n",
            &[
                "[DBG] Client connection created",
                "[TRC] <<- [SUB a 1]",
                "[TRC] ->> [OK]",
                "[DBG] Client connection closed: Client Closed",
                "[TRC] <-> [DELSUB 1]",
            ],
        ),
    ] {
        assert_eq!(lines(config.clone(), &[sent]), want);
    }
    let sent = "CONNECT {\"verbose\":false}\r\nSUB a 1\r\nUNSUB 1 1\r\nPUB a 1\r\nx\r\n";
    let got = lines(config, &[sent]);
    let at = |text: &str| got.iter().position(|line| line.contains(text));
    assert!(
        at("Auto-unsubscribe limit of 1 reached for sid '1'") < at("->> [MSG a 1 1]"),
        "{got:#?}"
    );
    assert!(at("->> [MSG a 1 1]") < at("<-> [DELSUB 1]"), "{got:#?}");
}

/// What a server with JetStream warns of, of messages on these subjects, each with the nanoseconds that follow.
fn warnings(sent: &[(&str, &str, i64)]) -> Vec<String> {
    let mut now = Time(1_795_537_149 * SECOND);
    let config = Config {
        jetstream: Some(jetstream::start),
        ..Config::default()
    };
    let mut server = Server::new(config, 1, now);
    let id = server.connect(peer(), now);
    server.take_log();
    let mut log = Vec::new();
    for (subject, payload, wait) in sent {
        let length = payload.len();
        let request = format!("PUB $JS.{subject} {length}\r\n{payload}\r\n");
        server.receive(id, request.as_bytes(), now);
        now = now.after(*wait);
        server.advance(now);
        log.extend(server.take_log());
    }
    let warnings = log.iter().filter_map(|line| line.split_once(" [WRN] "));
    warnings.map(|(_, text)| text.to_owned()).collect()
}

/// Requests that cannot be read are warned of, the same once a second.
#[test]
fn requests_that_cannot_be_read() {
    let create = "API.STREAM.CREATE.S";
    let unknown = "{\"zz\":1}";
    let got = warnings(&[
        (create, "x", 0),
        (create, "x", 0),
        (create, unknown, SECOND),
        (create, unknown, 0),
    ]);
    let want = [
        "invalid character 'x' looking for beginning of value at offset 1",
        "json: unknown field \"zz\"",
        "json: unknown field \"zz\"",
    ];
    let of = "Invalid JetStream request '$G > $JS.API.STREAM.CREATE.S': ";
    assert_eq!(got, want.map(|error| format!("{of}{error}")));
}

#[test]
fn origins_that_are_missing_and_acks_of_nothing() {
    let consumer =
        "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit\"}}";
    let got = warnings(&[
        ("API.STREAM.CREATE.S", "{\"name\":\"S\"}", 0),
        ("API.CONSUMER.CREATE.S.c", consumer, 0),
        ("ACK.S.c.1.9.9.1.1", "+ACK", 0),
        (
            "API.STREAM.CREATE.M",
            "{\"name\":\"M\",\"mirror\":{\"name\":\"X\"}}",
            SECOND,
        ),
        (
            "API.STREAM.CREATE.Q",
            "{\"name\":\"Q\",\"sources\":[{\"name\":\"X\"}]}",
            SECOND,
        ),
    ]);
    let want = [
        "JetStream consumer '$G > S > c' ACK sequence 9 past last stream sequence of 0",
        "JetStream error response for create mirror consumer: stream not found (10059)",
        "JetStream error response for stream Q create source consumer X: stream not found (10059)",
    ];
    assert_eq!(got, want);
}

/// CONNECT is traced without its secrets, however they are written.
#[test]
fn secrets() {
    let config = Config {
        trace: true,
        ..Config::default()
    };
    let cases = [
        (
            "{\"user\":\"u\",\"pass\": \"secret\", \"x\":1}",
            "{\"user\":\"u\",\"pass\": \"[REDACTED]\", \"x\":1}",
        ),
        (
            "{\"pass\":\"a\",\"pass\":\"b\"}",
            "{\"pass\":\"[REDACTED]\",\"pass\":\"[REDACTED]\"}",
        ),
        (
            "{\"auth_token\" : \"t\"}",
            "{\"auth_token\" : \"[REDACTED]\"}",
        ),
        (
            "{\"passed\":1,\"nkey\":\"U\",\"sig\":\"s-_x\",\"proxy_sig\":\"ps\",\"sign\":\"no\",\"xsig\":\"no\"}",
            "{\"passed\":[REDACTED],\"nkey\":\"[REDACTED]\",\"sig\":\"[REDACTED]\",\"proxy_sig\":\"[REDACTED]\",\"sign\":\"no\",\"xsig\":\"no\"}",
        ),
        (
            "{\"name\":\"pass\",\"lang\":\"x\"}",
            "{\"name\":\"pass\",\"lang\":\"[REDACTED]\"}",
        ),
        (
            "{\"name\":\"my pass word\",\"user\":\"u\"}",
            "{\"name\":\"my pass word\",\"user\":\"u\"}",
        ),
        (
            "{\"pass\":null,\"user\":\"u\"}",
            "{\"pass\":[REDACTED],\"user\":\"u\"}",
        ),
        (
            "{\"pass\":\"a}b\",\"user\":\"u\"}",
            "{\"pass\":\"[REDACTED]}b\",\"user\":\"u\"}",
        ),
        (
            "{\"name\":\"sig=1 nkey = 2, auth_token=3\"}",
            "{\"name\":\"sig=[REDACTED], auth_token=[REDACTED]\"}",
        ),
        (
            "{\"PASS\":\"x\",\"Sig\":\"y\"}",
            "{\"PASS\":\"x\",\"Sig\":\"y\"}",
        ),
    ];
    for (sent, shown) in cases {
        let got = lines(config.clone(), &[&format!("CONNECT {sent}\r\n")]);
        let want = format!("[TRC] <<- [CONNECT {shown}]");
        assert_eq!(got.first(), Some(&want));
    }
}

/// A second CONNECT ends the subscriptions of before, which is traced.
#[test]
fn subscriptions_that_end() {
    let config = Config {
        trace: true,
        ..Config::default()
    };
    let sent = "CONNECT {}\r\nSUB a 1\r\nSUB b 2\r\nCONNECT {}\r\n";
    let mut got = lines(config, &[sent]);
    got.retain(|line| line.contains("<->"));
    got.sort();
    assert_eq!(got, ["[TRC] <-> [DELSUB 1]", "[TRC] <-> [DELSUB 2]"]);
}
