//! What consumers count and when they look, seen by a client. Every expected value was seen on nats-server 2.15.2, which
//! also played the longer sequences these come from (`tests/differential`).
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
    /// With a stream `S` of subjects `s.>`; `more` are further fields.
    fn new(more: &str) -> Bench {
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
        bench.send("CONNECT {\"headers\":true,\"verbose\":false}\r\nSUB r 1\r\n");
        let config = format!("{{\"name\":\"S\",\"subjects\":[\"s.>\"]{more}}}");
        bench.ask("STREAM.CREATE.S", &config);
        bench
    }

    /// Sends commands; what comes back.
    fn send(&mut self, text: &str) -> String {
        self.server.receive(self.client, text.as_bytes(), self.now);
        self.server.take_ready();
        let bytes = self.server.take_output(self.client).bytes;
        String::from_utf8(bytes).expect("text")
    }

    fn publish(&mut self, subjects: &[&str]) {
        for subject in subjects {
            self.send(&format!("PUB {subject} 1\r\nv\r\n"));
        }
    }

    fn ask(&mut self, request: &str, payload: &str) -> String {
        let size = payload.len();
        self.send(&format!("PUB $JS.API.{request} r {size}\r\n{payload}\r\n"))
    }

    /// Makes a consumer `C` of these fields.
    fn consumer(&mut self, fields: &str) {
        let config = format!("{{\"stream_name\":\"S\",\"config\":{{\"name\":\"C\",{fields}}}}}");
        let answer = self.ask("CONSUMER.CREATE.S.C", &config);
        assert!(answer.contains("\"num_pending\":"), "{answer}");
    }
}

/// A number of an answer.
fn number(answer: &str, name: &str) -> u64 {
    let key = format!("\"{name}\":");
    let at = answer.find(&key).expect("a field of the answer") + key.len();
    let digits: String = answer[at..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().expect("a number")
}

/// Messages before the first one that a consumer wants count as pending, until somebody looks.
#[test]
fn names_look_at_no_consumer() {
    let start =
        "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":3,\"ack_policy\":\"explicit\"";
    for (look, pending) in [("CONSUMER.NAMES.S", 2), ("CONSUMER.LIST.S", 0)] {
        let mut bench = Bench::new("");
        bench.consumer(start);
        bench.publish(&["s.a"]);
        bench.ask(look, "");
        bench.publish(&["s.a"]);
        bench.ask(look, "");
        bench.publish(&["s.a"]);
        let message = bench.ask("CONSUMER.MSG.NEXT.S.C", "1");
        let reply = message.split(' ').find(|word| word.starts_with("$JS.ACK"));
        let left = reply.and_then(|reply| reply.rsplit('.').next());
        assert_eq!(left, Some(pending.to_string().as_str()), "{message}");
    }
}

/// A page is all that is looked at.
#[test]
fn a_list_looks_at_its_page_alone() {
    let start =
        "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":3,\"ack_policy\":\"explicit\"";
    let mut bench = Bench::new("");
    bench.consumer(start);
    bench.publish(&["s.a", "s.a"]);
    bench.ask("CONSUMER.LIST.S", "{\"offset\":1}");
    bench.publish(&["s.a"]);
    let info = bench.ask("CONSUMER.INFO.S.C", "");
    assert_eq!(number(&info, "num_pending"), 1);
}

/// Interest that was there before makes a push consumer look no second time.
#[test]
fn more_of_the_same_interest_changes_nothing() {
    let mut bench = Bench::new("");
    let push = "\"deliver_subject\":\"d\",\"ack_policy\":\"none\",\"filter_subject\":\"s.a\"";
    bench.send("SUB d 2\r\nSUB d 3\r\n");
    bench.consumer(&format!("{push},\"mem_storage\":true"));
    bench.publish(&["s.b"]);
    bench.send("UNSUB 2\r\nSUB d 4\r\n");
    let info = bench.ask("CONSUMER.INFO.S.C", "");
    assert_eq!(number(&info, "stream_seq"), 0, "{info}");
}

/// A reset that changes nothing counts nothing, nor does one to the floor of a consumer that acknowledges in order.
#[test]
fn a_reset_counts_where_it_has_to() {
    let fields =
        "\"deliver_policy\":\"last_per_subject\",\"filter_subject\":\"s.a\",\"ack_policy\":";
    for (ack, pull, pending) in [
        ("explicit", false, 2),
        ("explicit", true, 1),
        ("all", false, 2),
        ("all", true, 2),
    ] {
        let mut bench = Bench::new(",\"max_msgs_per_subject\":3");
        bench.consumer(&format!("{fields}\"{ack}\""));
        bench.publish(&["s.a", "s.a"]);
        if pull {
            bench.ask("CONSUMER.MSG.NEXT.S.C", "1");
        }
        let answer = bench.ask("CONSUMER.RESET.S.C", "");
        assert_eq!(number(&answer, "reset_seq"), 1, "{answer}");
        assert_eq!(number(&answer, "num_pending"), pending, "{answer}");
    }
}

/// A reset beyond the stream's end leaves the messages of a stream of retention interest.
#[test]
fn a_reset_beyond_the_end_removes_nothing() {
    for (seq, messages) in [(2, 0), (3, 1)] {
        let mut bench = Bench::new(",\"retention\":\"interest\"");
        bench.consumer("\"ack_policy\":\"explicit\"");
        bench.publish(&["s.a"]);
        bench.ask("CONSUMER.RESET.S.C", &format!("{{\"seq\":{seq}}}"));
        let info = bench.ask("STREAM.INFO.S", "");
        assert_eq!(number(&info, "messages"), messages, "{info}");
    }
}

/// Each create request for a consumer that is paused tells so, also one that changes nothing.
#[test]
fn a_paused_consumer_says_so_whenever_it_is_created() {
    let mut bench = Bench::new("");
    bench.send("SUB $JS.EVENT.ADVISORY.CONSUMER.PAUSE.> 2\r\n");
    let config = "{\"stream_name\":\"S\",\"config\":{\"name\":\"C\",\"ack_policy\":\"none\",\
        \"pause_until\":\"2126-01-01T00:00:00Z\"}}";
    for _ in 0..2 {
        let seen = bench.ask("CONSUMER.CREATE.S.C", config);
        let advisory =
            "\"consumer\":\"C\",\"paused\":true,\"pause_until\":\"2126-01-01T00:00:00Z\"}";
        assert!(
            seen.contains("MSG $JS.EVENT.ADVISORY.CONSUMER.PAUSE.S.C 2 "),
            "{seen}"
        );
        assert!(seen.contains(advisory), "{seen}");
    }
}

/// Batches are off, which a message is told only if the stream would take its size.
#[test]
fn a_message_of_a_batch_is_refused_after_its_size() {
    let mut bench = Bench::new(",\"max_msg_size\":60");
    let block = "NATS/1.0\r\nNats-Batch-Id: 1\r\nNats-Expected-Stream: T\r\n\r\n";
    let size = block.len();
    for (payload, error) in [
        (
            "x",
            "{\"code\":400,\"err_code\":10174,\"description\":\"atomic publish is disabled\"}",
        ),
        (
            "too long",
            "{\"code\":400,\"err_code\":10054,\"description\":\"message size exceeds maximum allowed\"}",
        ),
    ] {
        let total = size + payload.len();
        let seen = bench.send(&format!(
            "HPUB s.a r {size} {total}\r\n{block}{payload}\r\n"
        ));
        assert!(seen.contains(error), "{seen}");
    }
}
