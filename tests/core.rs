//! Core messaging as a client sees it: bytes into a server, bytes out. What is expected was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

use nats_kv_playground::server::{Config, ConnectionId, Output, Peer, Server, jetstream};
use nats_kv_playground::wire::time::{SECOND, Time};

/// A server and the time it is told.
struct Bench {
    server: Server,
    now: Time,
}

const QUIET: &str = "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,\"protocol\":1}\r\n";

impl Bench {
    fn new(config: Config) -> Bench {
        let now = Time(1_795_537_149 * SECOND);
        Bench {
            server: Server::new(config, 1, now),
            now,
        }
    }

    /// A connection that has read its INFO.
    fn open(&mut self) -> ConnectionId {
        let peer = Peer {
            ip: "127.0.0.1".into(),
            port: 4000,
            websocket: false,
        };
        let id = self.server.connect(peer, self.now);
        assert!(self.read(id).starts_with("INFO {"));
        id
    }

    /// A connection that has sent CONNECT.
    fn client(&mut self) -> ConnectionId {
        let id = self.open();
        assert_eq!(self.ask(id, QUIET), "");
        id
    }

    fn send(&mut self, id: ConnectionId, text: &str) {
        self.server.receive(id, text.as_bytes(), self.now);
    }

    fn output(&mut self, id: ConnectionId) -> Output {
        self.server.take_output(id)
    }

    /// What a connection was sent; ends in `closed` if it was closed.
    fn read(&mut self, id: ConnectionId) -> String {
        let output = self.output(id);
        let end = if output.close.is_some() { "closed" } else { "" };
        String::from_utf8(output.bytes).expect("text") + end
    }

    fn ask(&mut self, id: ConnectionId, text: &str) -> String {
        self.send(id, text);
        self.read(id)
    }

    fn wait(&mut self, ns: i64) {
        self.now = self.now.after(ns);
        self.server.advance(self.now);
    }
}

/// Sends each text on a new connection, after `first`, and compares all that comes back.
fn table(config: &Config, first: &str, rows: &[(&str, &str)]) {
    for (text, want) in rows {
        let mut bench = Bench::new(config.clone());
        let id = bench.open();
        assert_eq!(bench.ask(id, first), "", "{first:?}");
        assert_eq!(bench.ask(id, text), *want, "{text:?}");
    }
}

#[test]
fn what_the_wire_tolerates() {
    table(
        &Config::default(),
        QUIET,
        &[
            ("\r\n", "-ERR 'Unknown Protocol Operation'\r\nclosed"),
            (" PING\r\n", "-ERR 'Unknown Protocol Operation'\r\nclosed"),
            ("FOO\r\n", "-ERR 'Unknown Protocol Operation'\r\nclosed"),
            ("X", "-ERR 'Unknown Protocol Operation'\r\nclosed"),
            ("SUB\r\n", "-ERR 'Unknown Protocol Operation'\r\nclosed"),
            ("CONNECT {\"import\":1}\r\n", "closed"),
            ("CONNECT {\"export\":{\"allow\":\"a\"}}\r\n", "closed"),
            ("CONNECT {\"import\":{\"deny\":[\"a\"],\"x\":1}}\r\n", ""),
            ("CONNECT {\"remote_account\":true}\r\n", "closed"),
            ("CONNECT {\"proxy_sig\":[]}\r\n", "closed"),
            ("CONNECT {\"proxy_sig\":null,\"any\":1}\r\n", ""),
            ("SUB \r\n", "closed"),
            ("SUB a\r\n", "closed"),
            ("UNSUB \r\n", "closed"),
            ("PUB a\r\n", "closed"),
            ("PUB a 1234567890\r\n", "closed"),
            ("PUB a -1\r\n", "closed"),
            ("HPUB a 5 3\r\n", "closed"),
            ("CONNECT {]\r\n", "closed"),
            ("CONNECT {\"verbose\":1}\r\n", "closed"),
            ("INFO x\r\n", "closed"),
            ("-ERR 'x'\r\n", "closed"),
            (
                "PUB a 2\r\nabX",
                "-ERR 'Unknown Protocol Operation'\r\nclosed",
            ),
            (
                "PUB a 2\r\nab\n",
                "-ERR 'Unknown Protocol Operation'\r\nclosed",
            ),
            (
                "PUB a 1048577\r\n",
                "-ERR 'Maximum Payload Violation'\r\nclosed",
            ),
            (
                "sUb  foo.*\t abc-1 \nPUB \tfoo.a  007\n1234567\r\n",
                "MSG foo.a abc-1 007\r\n1234567\r\n",
            ),
            (
                "SUB foo *\r\nHPUB foo r 5 007\r\nabcdehi\r\n",
                "HMSG foo * r 5 007\r\nabcdehi\r\n",
            ),
            (
                "SUB foo 1\r\nHPUB foo 0 2\r\nhi\r\n",
                "MSG foo 1 2\r\nhi\r\n",
            ),
        ],
    );
}

#[test]
fn control_lines_end_at_4096_bytes() {
    let mut bench = Bench::new(Config::default());
    let id = bench.client();
    let fits = format!("SUB {} 1\r\n", "a".repeat(4094));
    assert_eq!(bench.ask(id, &fits), "");
    let over = format!("SUB {} 2", "a".repeat(4095));
    assert_eq!(
        bench.ask(id, &over),
        "-ERR 'maximum control line exceeded'\r\nclosed"
    );
}

#[test]
fn pings_before_and_after_connect() {
    let mut bench = Bench::new(Config::default());
    let id = bench.open();
    assert_eq!(bench.ask(id, "PING\r\n"), "PONG\r\n");
    let text = bench.ask(id, &format!("{QUIET}piNG junk\r\nPINGxyz\n"));
    let rest = text.strip_prefix("PONG\r\nINFO ").unwrap();
    let (info, rest) = rest.split_once("\r\n").unwrap();
    assert!(
        info.contains("\"connect_info\":true,\"remote_account\":\"$G\",\"api_lvl\":5,")
            && info.ends_with("} ")
    );
    assert_eq!(rest, "PONG\r\n");
}

#[test]
fn info_fields_in_order() {
    let mut bench = Bench::new(Config {
        jetstream: Some(jetstream::start),
        server_name: Some("n<".into()),
        ..Config::default()
    });
    let peer = Peer {
        ip: "::1".into(),
        port: 1,
        websocket: false,
    };
    let id = bench.server.connect(peer, bench.now);
    assert_eq!(id, ConnectionId(5));
    let info = bench.read(id);
    let (start, rest) = info.split_at(20);
    assert_eq!(start, "INFO {\"server_id\":\"N");
    let rest = &rest[rest.find(',').unwrap()..];
    assert!(rest.starts_with(
        ",\"server_name\":\"n\\u003c\",\"version\":\"2.15.2\",\"proto\":1,\"go\":\"go1.26.8\",\"host\":\"127.0.0.1\",\
         \"port\":4222,\"headers\":true,\"max_payload\":1048576,\"jetstream\":true,\"client_id\":5,\"client_ip\":\"::1\",\
         \"api_lvl\":5,\"xkey\":\"X"
    ), "{rest}");
}

#[test]
fn defaults_before_connect_are_verbose_and_pedantic() {
    let mut bench = Bench::new(Config::default());
    let id = bench.open();
    assert_eq!(
        bench.ask(id, "SUB foo 1\r\nSUB a..b 2\r\nUNSUB 9\r\n"),
        "+OK\r\n-ERR 'Invalid Subject'\r\n+OK\r\n"
    );
    assert_eq!(
        bench.ask(id, "PUB foo.* 0\r\n\r\n"),
        "-ERR 'Invalid Publish Subject'\r\n+OK\r\n"
    );
    bench.send(id, "PUB foo.* 1\r\n");
    let twice = "-ERR 'Invalid Publish Subject'\r\n".repeat(2);
    assert_eq!(bench.read(id), twice);
    assert_eq!(bench.ask(id, "x\r\n"), "+OK\r\n");
    assert_eq!(bench.ask(id, "CONNECT {}\r\n"), "+OK\r\n");
    assert_eq!(bench.ask(id, "HPUB foo 0 0\r\n"), "closed");
    let id = bench.open();
    assert_eq!(
        bench.ask(id, "PUB foo.* 1\r\n\r\n"),
        "-ERR 'Invalid Publish Subject'\r\n-ERR 'Unknown Protocol Operation'\r\nclosed"
    );
}

#[test]
fn connect_checks() {
    let open = Config::default();
    let user = Config {
        user: Some("u".into()),
        pass: Some("p".into()),
        ..Config::default()
    };
    let token = Config {
        token: Some("t".into()),
        ..user.clone()
    };
    let bare = Config {
        user: Some("u".into()),
        ..Config::default()
    };
    let hashed = Config {
        pass: Some("$2a$04$h".into()),
        verify_hash: Some(|hash, password| (hash, password) == ("$2a$04$h", "p")),
        ..user.clone()
    };
    let unverified = Config {
        verify_hash: None,
        ..hashed.clone()
    };
    let violation = "-ERR 'Authorization Violation'\r\nclosed";
    for (config, text, want) in [
        (
            &open,
            "{\"protocol\":2}",
            "-ERR 'invalid client protocol'\r\nclosed",
        ),
        (
            &open,
            "{\"no_responders\":true}",
            "-ERR 'no responders requires headers support'\r\nclosed",
        ),
        (&open, "{\"account\":\"a\"}", violation),
        (&open, "{\"new_account\":true}", violation),
        (
            &open,
            "{\"VERBOSE\":null,\"nope\":1,\"user\":\"x\",\"Jwt\":\"y\"}",
            "+OK\r\n",
        ),
        (&user, "{\"verbose\":false}", violation),
        (
            &user,
            "{\"user\":\"u\",\"pass\":\"x\",\"protocol\":7}",
            violation,
        ),
        (
            &user,
            "{\"user\":\"u\",\"pass\":\"p\",\"auth_token\":\"z\"}",
            "+OK\r\n",
        ),
        (&token, "{\"user\":\"u\",\"pass\":\"p\"}", violation),
        (&token, "{\"auth_token\":\"t\"}", "+OK\r\n"),
        (&bare, "{\"user\":\"u\"}", "+OK\r\n"),
        (&bare, "{\"user\":\"u\",\"pass\":\"p\"}", violation),
        (&hashed, "{\"user\":\"u\",\"pass\":\"p\"}", "+OK\r\n"),
        (&hashed, "{\"user\":\"u\",\"pass\":\"$2a$04$h\"}", violation),
        (
            &unverified,
            "{\"user\":\"u\",\"pass\":\"$2a$04$h\"}",
            violation,
        ),
    ] {
        table(config, "", &[(&format!("CONNECT {text}\r\n"), want)]);
    }
    table(&user, "", &[("PING\r\n", violation), ("P", violation)]);
}

#[test]
fn a_second_connect_drops_subscriptions() {
    let mut bench = Bench::new(Config::default());
    let id = bench.client();
    assert_eq!(
        bench.ask(id, "SUB foo 1\r\nCONNECT {}\r\nPUB foo 1\r\nx\r\n"),
        ""
    );
    assert_eq!(
        bench.ask(id, "SUB bar 1\r\nPUB bar 1\r\nx\r\n"),
        "MSG bar 1 1\r\nx\r\n"
    );
}

#[test]
fn unsubscribing() {
    let mut bench = Bench::new(Config::default());
    let id = bench.client();
    let mut ask = |text: &str| bench.ask(id, text);
    assert_eq!(
        ask("SUB foo 1\r\nSUB bar 1\r\nPUB bar 0\r\n\r\nPUB foo 0\r\n\r\n"),
        "MSG foo 1 0\r\n\r\n"
    );
    assert_eq!(
        ask("UNSUB 1 3\r\nPUB foo 0\r\n\r\nPUB foo 0\r\n\r\nPUB foo 0\r\n\r\n"),
        "MSG foo 1 0\r\n\r\n".repeat(2)
    );
    assert_eq!(ask("SUB foo 1\r\nUNSUB 1 0\r\nPUB foo 0\r\n\r\n"), "");
    assert_eq!(
        ask("SUB foo 1\r\nUNSUB 1 5\r\nUNSUB 1 1\r\nPUB foo 0\r\n\r\nPUB foo 0\r\n\r\n"),
        "MSG foo 1 0\r\n\r\n"
    );
    assert_eq!(ask("SUB foo 1\r\nUNSUB 1 -1\r\nPUB foo 0\r\n\r\n"), "");
}

#[test]
fn no_responders() {
    let mut bench = Bench::new(Config::default());
    let id = bench.client();
    assert_eq!(bench.ask(id, "PUB foo r.1 0\r\n\r\n"), "");
    let want = "HMSG r.1 1 37 37\r\nNATS/1.0 503\r\nNats-Subject: a.b\r\n\r\n\r\n";
    assert_eq!(
        bench
            .ask(
                id,
                "SUB r.* 1\r\nSUB r.> 2 \r\nUNSUB 1 1\r\nPUB a.b r.1 0\r\n\r\n"
            )
            .len(),
        want.len()
    );
    assert_eq!(
        bench
            .ask(id, "PUB r.1 0\r\n\r\nPUB r.1 0\r\n\r\n")
            .matches(" 1 0")
            .count(),
        1
    );
    let other = bench.client();
    assert_eq!(bench.ask(other, "SUB r.* q 1\r\nPUB a.b r.1 0\r\n\r\n"), "");
    let own = bench.open();
    let echo =
        "CONNECT {\"verbose\":false,\"echo\":false,\"headers\":true,\"no_responders\":true}\r\n";
    assert_eq!(bench.ask(own, echo), "");
    assert_eq!(
        bench.ask(own, "SUB mine 7\r\nSUB r 8\r\nPUB mine r 0\r\n\r\n"),
        "HMSG r 8 36 36\r\nNATS/1.0 503\r\nNats-Subject: mine\r\n\r\n\r\n"
    );
}

#[test]
fn headers_only_for_those_who_want_them() {
    let mut bench = Bench::new(Config::default());
    let (with, without) = (bench.client(), bench.open());
    bench.ask(without, "CONNECT {\"verbose\":false}\r\nSUB foo 1\r\n");
    bench.ask(with, "HPUB foo 014 016\r\nNATS/1.0\r\nA:\r\nhi\r\n");
    assert_eq!(bench.read(without), "MSG foo 1 2\r\nhi\r\n");
}

#[test]
fn queue_groups_take_each_message_once() {
    let mut bench = Bench::new(Config::default());
    let id = bench.client();
    bench.ask(
        id,
        "SUB foo q 1\r\nSUB foo.* q 2\r\nSUB > q 3\r\nSUB foo.a r 4\r\nSUB foo.a 5\r\n",
    );
    let mut counts = [0; 6];
    for _ in 0..300 {
        let text = bench.ask(id, "PUB foo.a 0\r\n\r\n");
        let sids: Vec<usize> = text
            .lines()
            .filter_map(|l| l.split(' ').nth(2))
            .map(|sid| sid.parse().unwrap())
            .collect();
        assert_eq!(sids.len(), 3);
        assert_eq!(sids[0], 5, "plain subscriptions come first");
        sids.iter().for_each(|sid| counts[*sid] += 1);
    }
    assert_eq!((counts[1], counts[4], counts[5]), (0, 300, 300));
    assert!(
        counts[2] > 100 && counts[3] > 100 && counts[2] + counts[3] == 300,
        "{counts:?}"
    );
}

#[test]
fn reserved_subjects() {
    table(
        &Config::default(),
        QUIET,
        &[
            (
                "PUB $NRG.x 0\r\n\r\n",
                "-ERR 'Permissions Violation for Publish to \"$NRG.x\"'\r\n",
            ),
            (
                "PUB _GR_.x 0\r\n\r\n",
                "-ERR 'Permissions Violation for Publish to \"_GR_.x\"'\r\n",
            ),
            (
                "PUB a $JS.ACK.x 0\r\n\r\n",
                "-ERR 'Permissions Violation for Publish with Reply of \"$JS.ACK.x\"'\r\n",
            ),
            (
                "PUB a _R_. 0\r\n\r\n",
                "-ERR 'Permissions Violation for Publish with Reply of \"_R_.\"'\r\n",
            ),
            ("PUB a $JS.ACK. 0\r\n\r\nPUB a _GR_. 0\r\n\r\n", ""),
            (
                "PUB _GR_. 0\r\n\r\nPUB $GR. $GR. 0\r\n\r\nPUB $NRG. 0\r\n\r\n",
                "-ERR 'Permissions Violation for Publish to \"$NRG.\"'\r\n",
            ),
            (
                "SUB a _sys_ 1\r\n",
                "-ERR 'Permissions Violation for Subscription to \"a\" using queue \"_sys_\"'\r\n",
            ),
        ],
    );
}

#[test]
fn pings_then_stale() {
    let mut bench = Bench::new(Config::default());
    let id = bench.client();
    let first = bench.server.next_deadline().unwrap().since(bench.now);
    assert!((2 * SECOND..=2_400_000_000).contains(&first), "{first}");
    bench.wait(first);
    assert_eq!(bench.read(id), "PING\r\n");
    bench.wait(120 * SECOND);
    assert_eq!(bench.read(id), "PING\r\n");
    bench.wait(120 * SECOND);
    assert_eq!(bench.read(id), "-ERR 'Stale Connection'\r\nclosed");
    assert_eq!(bench.server.next_deadline(), None);
}

/// Only what comes later than CONNECT puts a PING off.
#[test]
fn another_connect_brings_another_ping() {
    let mut bench = Bench::new(Config::default());
    let id = bench.client();
    bench.wait(3 * SECOND);
    assert_eq!(bench.read(id), "PING\r\n");
    bench.wait(97 * SECOND);
    assert_eq!(bench.ask(id, QUIET), "");
    bench.wait(3 * SECOND);
    assert_eq!(bench.read(id), "PING\r\n");
    bench.wait(120 * SECOND);
    assert_eq!(bench.read(id), "-ERR 'Stale Connection'\r\nclosed");
}

#[test]
fn pings_wait_while_the_client_talks() {
    let mut bench = Bench::new(Config::default());
    let id = bench.client();
    bench.wait(3 * SECOND);
    assert_eq!(bench.ask(id, "PONG\r\n"), "PING\r\n");
    bench.wait(100 * SECOND);
    bench.send(id, "PUB a 0\r\n\r\n");
    bench.wait(20 * SECOND);
    assert_eq!(bench.read(id), "");
    bench.wait(120 * SECOND);
    assert_eq!(bench.read(id), "PING\r\n");
}

#[test]
fn authentication_has_two_seconds() {
    let mut bench = Bench::new(Config {
        token: Some("t".into()),
        ..Config::default()
    });
    let id = bench.open();
    bench.wait(2 * SECOND - 1);
    assert_eq!(bench.read(id), "");
    bench.wait(1);
    assert_eq!(bench.read(id), "-ERR 'Authentication Timeout'\r\nclosed");
}

#[test]
fn closing_ends_subscriptions_and_shutdown_closes_all() {
    let mut bench = Bench::new(Config::default());
    let (a, b) = (bench.client(), bench.client());
    bench.send(a, "SUB foo 1\r\n");
    bench.server.disconnect(a, bench.now);
    assert!(
        bench
            .ask(b, "SUB r 1\r\nPUB foo r 0\r\n\r\n")
            .contains(" 503\r\n")
    );
    bench.server.shutdown(bench.now);
    assert_eq!(bench.output(b).close.as_deref(), Some("Server Shutdown"));
    assert_eq!(bench.server.next_deadline(), None);
}

#[test]
fn the_global_account_is_not_named_among_connections() {
    let mut bench = Bench::new(Config::default());
    let id = bench.client();
    let text = bench.ask(
        id,
        "SUB r 1\r\nPUB $SYS.REQ.ACCOUNT.PING.CONNZ r 13\r\n{\"auth\":true}\r\n",
    );
    let end = ",\"pending_bytes\":0,\"in_msgs\":1,\"out_msgs\":0,\"in_bytes\":13,\"out_bytes\":0,\
        \"subscriptions\":1,\"name_tag\":\"$G\"}]}}\r\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn connections_are_filtered() {
    let rows = [
        // Request, connections found, total, limit.
        ("{\"user\":\"x\"}", 0, 1, 1024),
        ("{\"mqtt_client\":\"x\"}", 0, 1, 1024),
        ("{\"cid\":9999}", 0, 1, 1),
        ("{\"state\":1,\"sort\":\"stop\"}", 0, 0, 1024),
        ("{\"state\":2}", 1, 1, 1024),
        ("{\"filter_subject\":\"r.>\"}", 1, 1, 1024),
        ("{\"filter_subject\":\"*.x\"}", 1, 1, 1024),
        ("{\"filter_subject\":\"zz\"}", 0, 1, 1024),
    ];
    for (body, found, total, limit) in rows {
        let mut bench = Bench::new(Config::default());
        let id = bench.client();
        let length = body.len();
        let got = bench.ask(
            id,
            &format!("SUB r.* 1\r\nPUB $SYS.REQ.SERVER.PING.CONNZ r.x {length}\r\n{body}\r\n"),
        );
        let counts = format!(
            "\"num_connections\":{found},\"total\":{total},\"offset\":0,\"limit\":{limit},"
        );
        assert!(got.contains(&counts), "{body}: {got}");
    }
}
