//! What mirrors answer, seen by a client. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

use nats_kv_playground::server::{Config, ConnectionId, Peer, Server, jetstream};
use nats_kv_playground::wire::time::{SECOND, Time};

/// A server with a client whose requests are answered on `r`.
struct Bench {
    server: Server,
    client: ConnectionId,
    now: Time,
}

impl Bench {
    /// With a stream `O` of `o.1`, `o.2`, `o.3`, mirrors `A` and `B` of it, and `C`, of `o.1` alone.
    fn new() -> Bench {
        let now = Time(1_795_537_149 * SECOND);
        let config = Config {
            jetstream: Some(jetstream::start),
            ..Config::default()
        };
        let mut server = Server::new(config, 1, now);
        let peer = Peer {
            ip: "127.0.0.1".into(),
            port: 4000,
            websocket: false,
        };
        let client = server.connect(peer, now);
        let mut bench = Bench {
            server,
            client,
            now,
        };
        bench.send(
            "CONNECT {\"headers\":true,\"no_responders\":true,\"verbose\":false}\r\nSUB r 1\r\n",
        );
        bench.origin("CREATE", true);
        for n in 1..=3 {
            bench.send(&format!("PUB o.{n} 1\r\nv\r\n"));
        }
        for (name, more) in [("A", ""), ("B", ""), ("C", ",\"filter_subject\":\"o.1\"")] {
            let mirror = format!("{{\"name\":\"{name}\",\"mirror\":{{\"name\":\"O\"{more}}}}}");
            bench.ask(&format!("STREAM.CREATE.{name}"), &mirror);
        }
        bench.now = bench.now.after(SECOND);
        bench.server.advance(bench.now);
        bench
    }

    fn origin(&mut self, verb: &str, direct: bool) {
        let config = format!("{{\"name\":\"O\",\"subjects\":[\"o.>\"],\"allow_direct\":{direct}}}");
        self.ask(&format!("STREAM.{verb}.O"), &config);
    }

    fn send(&mut self, text: &str) -> String {
        self.server.receive(self.client, text.as_bytes(), self.now);
        self.server.take_ready();
        let bytes = self.server.take_output(self.client).bytes;
        String::from_utf8(bytes).expect("text")
    }

    fn ask(&mut self, request: &str, payload: &str) -> String {
        let size = payload.len();
        self.send(&format!("PUB $JS.API.{request} r {size}\r\n{payload}\r\n"))
    }

    /// Which streams answer a direct get, and how if none has it; in alphabetical order.
    fn answers(&mut self, request: &str, payload: &str) -> Vec<String> {
        let mut all: Vec<String> = (0..60)
            .map(|_| {
                let answer = self.ask(request, payload);
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
}

#[test]
fn mirrors_answer_direct_gets_for_their_origin() {
    const MISSING: &str = "404 Message Not Found";
    let (first, second) = ("{\"seq\":1}", "DIRECT.GET.O.o.2");
    let mut bench = Bench::new();
    assert_eq!(bench.answers("DIRECT.GET.O", first), ["A", "B", "C", "O"]);
    // The filtered one answers for what it does not have, too.
    assert_eq!(bench.answers(second, ""), [MISSING, "A", "B", "O"]);
    assert_eq!(bench.answers("DIRECT.GET.A", first), ["503"]);

    bench.origin("UPDATE", false);
    assert_eq!(bench.answers("DIRECT.GET.O", first), ["A", "B", "C"]);
    let off = "{\"name\":\"A\",\"mirror\":{\"name\":\"O\"},\"mirror_direct\":false}";
    bench.ask("STREAM.UPDATE.A", off);
    assert_eq!(bench.answers(second, ""), [MISSING, "B"]);

    bench.ask("STREAM.DELETE.O", "");
    assert_eq!(bench.answers("DIRECT.GET.O", first), ["B", "C"]);
    bench.ask("STREAM.DELETE.B", "");
    bench.ask("STREAM.DELETE.C", "");
    assert_eq!(bench.answers("DIRECT.GET.O", first), ["503"]);
}

#[test]
fn a_missing_origin_elsewhere_is_no_error() {
    let mut bench = Bench::new();
    let elsewhere = ",\"external\":{\"api\":\"$JS.x.API\",\"deliver\":\"d\"}";
    for (more, error) in [("", true), (elsewhere, false)] {
        let config = format!("{{\"name\":\"S\",\"sources\":[{{\"name\":\"NOPE\"{more}}}]}}");
        bench.ask("STREAM.CREATE.S", &config);
        bench.now = bench.now.after(3 * SECOND);
        bench.server.advance(bench.now);
        let info = bench.ask("STREAM.INFO.S", "");
        let want =
            ",\"error\":{\"code\":404,\"err_code\":10059,\"description\":\"stream not found\"}";
        assert!(info.contains("\"active\":-1"), "{info}");
        assert_eq!(info.contains(want), error, "{info}");
        bench.ask("STREAM.DELETE.S", "");
    }
}
