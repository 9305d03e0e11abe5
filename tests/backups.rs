//! A backup that nats-server 2.15.2 made, and what becomes of it; how chunks go back and forth, in simulated time.
#![cfg(not(target_arch = "wasm32"))]

use nats_kv_playground::server::jetstream::snapshot::archive::{MAGIC, Part, Reader};
use nats_kv_playground::server::{Config, ConnectionId, Peer, Server, jetstream};
use nats_kv_playground::wire::op::ServerOp;
use nats_kv_playground::wire::parser::ServerOpParser;
use nats_kv_playground::wire::s2::{Decoder, Encoder};
use nats_kv_playground::wire::time::{SECOND, Time};

/// Shortly after the backup was made.
const START: Time = Time(1_795_893_800 * SECOND);

/// Six of ten messages on two subjects, one with a time to live, and three consumers: a durable that pulls, with three messages
/// pending and one of them redelivered, an ephemeral, and one that pushes.
const BACKUP: &[u8] = include_bytes!("backups/T.arc.s2");

/// The same of nats-server 2.14.10, half an hour later.
const OLDER: &[u8] = include_bytes!("backups/T.tar.s2");

const CONFIG: &str = r#"{"name":"T","subjects":["t.>"],"storage":"file","allow_msg_ttl":true,"metadata":{"_nats.req.level":"1"}}"#;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    subject: String,
    reply: String,
    headers: String,
    payload: Vec<u8>,
}

impl Seen {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }
}

/// A server and one client, subscribed to where it wants answers.
struct Node {
    server: Server,
    client: ConnectionId,
    now: Time,
    log: Vec<u8>,
}

impl Node {
    fn start(log: &[u8], now: Time) -> Node {
        let config = Config {
            jetstream: Some(jetstream::start),
            utc_offset: None,
            ..Config::default()
        };
        let mut server = Server::new(config, 7, now);
        server.restore(log, now);
        let log = server.snapshot();
        let peer = Peer {
            ip: "127.0.0.1".into(),
            port: 4000,
            websocket: false,
        };
        let client = server.connect(peer, now);
        let mut node = Node {
            server,
            client,
            now,
            log,
        };
        node.send(
            b"CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\nSUB r.answer 4\r\nSUB r.ack 5\r\nSUB r.pull 6\r\n",
        );
        node
    }

    fn seen(&mut self) -> Vec<Seen> {
        self.log.extend(self.server.take_journal());
        self.server.take_ready();
        let output = self.server.take_output(self.client).bytes;
        let (mut parser, mut input, mut seen) = (ServerOpParser::default(), &output[..], vec![]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        while let Some(op) = parser.next(&mut input).expect("an operation") {
            if let ServerOp::Message(message) = op {
                seen.push(Seen {
                    subject: text(message.subject),
                    reply: text(message.reply),
                    headers: text(message.headers),
                    payload: message.payload.to_vec(),
                });
            }
        }
        seen
    }

    fn send(&mut self, bytes: &[u8]) -> Vec<Seen> {
        self.server.receive(self.client, bytes, self.now);
        self.seen()
    }

    fn publish(&mut self, subject: &str, reply: &str, payload: &[u8]) -> Vec<Seen> {
        let line = format!("PUB {subject} {reply} {}\r\n", payload.len());
        self.send(&[line.as_bytes(), payload, b"\r\n"].concat())
    }

    /// What is sent until nothing more happens at `now`, after so much time.
    fn wait(&mut self, ns: i64) -> Vec<Seen> {
        self.now = self.now.after(ns);
        let mut seen = vec![];
        while self.server.next_deadline().is_some_and(|at| at <= self.now) {
            self.server.advance(self.now);
            seen.extend(self.seen());
        }
        seen
    }

    /// The answer to a request, times of the moment left out.
    fn ask(&mut self, subject: &str, payload: &str) -> String {
        let seen = self.publish(subject, "r.answer", payload.as_bytes());
        let text = seen.first().map(Seen::text).unwrap_or_default();
        let mut parts = text.split(",\"ts\":");
        let start = parts.next().unwrap_or_default().to_owned();
        parts.fold(start, |text, part| {
            text + part.split_at(part.find(['}', ',']).unwrap_or(0)).1
        })
    }

    fn begin_restore(&mut self) -> String {
        self.begin_restore_with(CONFIG)
    }

    fn begin_restore_with(&mut self, config: &str) -> String {
        let answer = self.ask(
            "$JS.API.STREAM.RESTORE.T",
            &format!("{{\"config\":{config}}}"),
        );
        let subject = answer
            .split('"')
            .find(|text| text.starts_with("$JS.SNAPSHOT.RESTORE.T."));
        subject.expect(&answer).to_owned()
    }

    /// Restores `T` from chunks of a size; the last answer.
    fn restore(&mut self, backup: &[u8], size: usize) -> String {
        let subject = self.begin_restore();
        for chunk in backup.chunks(size) {
            let answers = self.publish(&subject, "r.ack", chunk);
            assert_eq!(answers.last().map(Seen::text).as_deref(), Some(""));
        }
        self.ask(&subject, "")
    }

    fn snapshot(&mut self, fields: &str) -> Vec<Seen> {
        let request = format!("{{\"deliver_subject\":\"r.chunks\"{fields}}}");
        let mut seen = self.publish("$JS.API.STREAM.SNAPSHOT.T", "r.answer", request.as_bytes());
        assert!(!seen[0].text().contains("\"error\""), "{}", seen[0].text());
        seen.remove(0);
        seen
    }

    /// A whole backup of `T`.
    fn back_up(&mut self) -> Vec<u8> {
        self.send(b"SUB r.chunks 2\r\n");
        let mut seen = self.snapshot("");
        self.send(b"UNSUB 2\r\n");
        assert!(seen.pop().is_some_and(|last| last.payload.is_empty()));
        seen.into_iter().flat_map(|chunk| chunk.payload).collect()
    }

    fn log(&mut self) -> Vec<String> {
        let lines = self.server.take_log();
        lines
            .iter()
            .map(|line| line.split_once("] ").map_or("", |(_, text)| text).into())
            .collect()
    }
}

/// The archive in a backup: names, sequences, times of messages, and what is in the entries.
fn entries(backup: &[u8]) -> Vec<(String, u64, i64, String)> {
    let (mut decoder, mut reader) = (Decoder::default(), Reader::default());
    decoder.feed(backup);
    while decoder.next_block(reader.input.end()).expect("a stream") {}
    assert_eq!(reader.input.take(MAGIC.len()), Some(&MAGIC[..]));
    let (mut entries, mut header) = (vec![], None);
    while let Some(part) = reader.next_part().expect("an archive") {
        match part {
            Part::Header(found) => header = Some(found),
            Part::Body(body) => {
                let header = header.take().expect("before its bytes");
                let time = if header.sequence > 0 {
                    header.timestamp
                } else {
                    0
                };
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                entries.push((text(&header.name), header.sequence, time, text(&body)));
            }
        }
    }
    assert!(!decoder.is_inside() && !reader.is_inside());
    entries
}

/// With the consumers' names, in the order of the backup and in ours.
fn sorted(mut entries: Vec<(String, u64, i64, String)>) -> Vec<(String, u64, i64, String)> {
    entries.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    entries
}

#[test]
fn a_backup_of_nats_server() {
    for size in [1, 100, 1 << 20] {
        let mut node = Node::start(b"", START);
        let answer = node.restore(BACKUP, size);
        let state = concat!(
            r#""state":{"messages":6,"bytes":420,"first_seq":2,"first_ts":"2026-11-28T19:22:38.989926655Z","#,
            r#""last_seq":10,"last_ts":"2026-11-28T19:22:38.99761307Z","num_subjects":2,"num_deleted":3,"consumer_count":3}"#,
        );
        assert!(
            answer.contains("stream_create_response") && answer.contains(state),
            "{answer}"
        );
        let info = node.ask("$JS.API.STREAM.INFO.T", "{\"deleted_details\":true}");
        assert!(info.contains("\"deleted\":[4,5,9]"), "{info}");
        let message = node.ask("$JS.API.STREAM.MSG.GET.T", "{\"seq\":3}");
        let wanted = concat!(
            r#""message":{"subject":"t.0","seq":3,"hdrs":"TkFUUy8xLjANCk5hdHMtTXNnLUlkOiAyDQoNCg==","#,
            r#""data":"YWJjYWJj","time":"2026-11-28T19:22:38.990349163Z"}"#,
        );
        assert!(message.contains(wanted), "{message}");
        for (name, wanted) in [
            (
                "c",
                r#""delivered":{"consumer_seq":5,"stream_seq":7},"ack_floor":{"consumer_seq":0,"stream_seq":1},"num_ack_pending":3,"num_redelivered":1,"num_waiting":0,"num_pending":2"#,
            ),
            (
                "e",
                r#""delivered":{"consumer_seq":0,"stream_seq":1},"ack_floor":{"consumer_seq":0,"stream_seq":1},"num_ack_pending":0,"num_redelivered":0,"num_waiting":0,"num_pending":4"#,
            ),
            (
                "p",
                r#""num_ack_pending":0,"num_redelivered":0,"num_waiting":0,"num_pending":6"#,
            ),
        ] {
            let info = node.ask(&format!("$JS.API.CONSUMER.INFO.T.{name}"), "");
            assert!(info.contains(wanted), "{info}");
        }
        // What is made of it again says the same, and so does what is made after a restart.
        let wanted = sorted(entries(BACKUP));
        assert_eq!(sorted(entries(&node.back_up())), wanted);
        let mut other = Node::start(&node.log, node.now);
        assert_eq!(sorted(entries(&other.back_up())), wanted);
        // It works: the next message, and the next to pull.
        assert!(node.ask("t.0", "new").contains("\"seq\":11"));
        let pulled = node.publish("$JS.API.CONSUMER.MSG.NEXT.T.c", "r.pull", b"");
        assert_eq!((&*pulled[0].subject, pulled[0].payload.len()), ("t.1", 21));
    }
}

#[test]
fn a_backup_of_an_older_nats_server() {
    for size in [1, 100, 1 << 20] {
        let mut node = Node::start(b"", START.after(1800 * SECOND));
        let answer = node.restore(OLDER, size);
        let wanted = concat!(
            r#""created":"2026-11-28T19:46:05.280179842Z","state":{"messages":6,"bytes":420,"first_seq":2,"#,
            r#""first_ts":"2026-11-28T19:46:05.286277475Z","last_seq":10,"last_ts":"2026-11-28T19:46:05.301962189Z","#,
            r#""num_subjects":2,"num_deleted":3,"consumer_count":3}"#,
        );
        assert!(answer.contains(wanted), "{answer}");
        let info = node.ask("$JS.API.CONSUMER.INFO.T.c", "");
        let created = r#""created":"2026-11-28T19:46:05.30289037Z""#;
        assert!(info.contains(created), "{info}");
        // But for times it is the other one.
        let (backup, wanted) = (sorted(entries(&node.back_up())), sorted(entries(BACKUP)));
        let told = |entries: &[(String, u64, i64, String)]| -> Vec<_> {
            let messages = entries.iter().filter(|entry| entry.1 > 0);
            messages
                .map(|(name, seq, _, body)| (name.clone(), *seq, body.clone()))
                .collect()
        };
        assert_eq!(told(&backup), told(&wanted));
        let consumer = |entries: &[(String, u64, i64, String)]| {
            let consumer = entries.iter().find(|entry| entry.0 == "consumers/c");
            let text = &consumer.expect("a consumer").3;
            text.split("\"Timestamp\":")
                .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()))
                .collect::<String>()
        };
        assert_eq!(consumer(&backup), consumer(&wanted));
        let mut other = Node::start(&node.log, node.now);
        assert_eq!(sorted(entries(&other.back_up())), backup);
    }
}

/// What has had its time is there until the stream looks for it, but not in what an older server would have loaded from files.
#[test]
fn a_backup_of_old_messages() {
    for (backup, left) in [
        (BACKUP, "\"messages\":5,\"bytes\":356,\"first_seq\":2,"),
        (OLDER, "\"messages\":0,\"bytes\":0,\"first_seq\":11,"),
    ] {
        // By then the one with a time to live is over, too.
        let mut node = Node::start(b"", START.after(48 * 3600 * SECOND));
        node.send(b"SUB nowhere 9\r\n");
        let aged = "\"max_age\":1000000000,\"duplicate_window\":1000000000,\"name\"";
        let subject = node.begin_restore_with(&CONFIG.replacen("\"name\"", aged, 1));
        let delivered = node.publish(&subject, "r.ack", backup).len() - 1;
        let answer = node.ask(&subject, "");
        assert!(answer.contains(left), "{answer}");
        assert_eq!(delivered, if backup == BACKUP { 5 } else { 0 });
        node.wait(SECOND / 4);
        let info = node.ask("$JS.API.STREAM.INFO.T", "");
        let none = "\"messages\":0,\"bytes\":0,\"first_seq\":11,";
        assert!(info.contains(none), "{info}");
    }
}

#[test]
fn a_log_of_both() {
    let mut node = Node::start(b"", START);
    node.log();
    node.restore(BACKUP, 300);
    node.back_up();
    let said = node.log().join("\n");
    let wanted = [
        "[INF] Starting restore for stream '$G > T'",
        "[INF] Completed restore of 886 B for stream '$G > T' in 0s",
        "[INF] Starting snapshot for stream '$G > T'",
        "[INF] Completed snapshot of 420 B for stream '$G > T' in 0s",
    ];
    assert_eq!(said, wanted.join("\n"));
}

/// Status and description of a chunk without bytes.
fn status(seen: &Seen) -> &str {
    assert!(seen.payload.is_empty() && seen.reply.is_empty());
    seen.headers.lines().next().unwrap_or_default()
}

/// With a stream `T` of a hundred messages of a kilobyte.
fn with_messages() -> Node {
    let mut node = Node::start(b"", START);
    node.ask("$JS.API.STREAM.CREATE.T", CONFIG);
    let mut random = 1u32;
    for _ in 0..100 {
        // Nothing in it comes twice.
        let letters = (0..1000).map(|_| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'0' + (random >> 26) as u8)
        });
        node.ask("t.x", &letters.collect::<String>());
    }
    node.send(b"SUB $JS.EVENT.ADVISORY.STREAM.> 3\r\n");
    node
}

const SMALL: &str = ",\"chunk_size\":1024,\"window_size\":3100";

#[test]
fn a_window_of_chunks() {
    let mut node = with_messages();
    node.send(b"SUB r.chunks 2\r\n");
    let mut seen = node.snapshot(SMALL);
    assert!(seen.remove(0).subject.ends_with("SNAPSHOT_CREATE.T"));
    let (mut sent, mut bytes) = (0, vec![]);
    // Three wait for their acks at any time, whatever is acknowledged, until the last one comes without.
    let last = loop {
        for chunk in &seen[..seen.len().min(3)] {
            bytes.extend_from_slice(&chunk.payload);
            if chunk.reply.is_empty() {
                break;
            }
            sent += 1;
            assert!(
                chunk.reply.ends_with(&format!(".1024.{sent}")),
                "{}",
                chunk.reply
            );
        }
        if let Some(last) = seen.iter().position(|chunk| chunk.payload.is_empty()) {
            break seen.split_off(last);
        }
        let ack = seen.last().expect("a chunk").reply.clone();
        seen = node.publish(&ack, "", b"");
        assert!(seen.len() == 1 || seen.iter().any(|chunk| chunk.payload.is_empty()));
    };
    assert_eq!(status(&last[0]), "NATS/1.0 204");
    assert!(last[1].subject.ends_with("SNAPSHOT_COMPLETE.T"));
    assert!(!last[1].text().contains("\"error\""));
    assert!(sent > 90 && entries(&bytes).len() == 102);
    assert_eq!(
        node.publish("$JS.SNAPSHOT.ACK.T.x.1024.1", "r.ack", b"")
            .len(),
        1
    );
}

#[test]
fn acks_that_do_not_come() {
    let mut node = with_messages();
    node.send(b"SUB r.chunks 2\r\n");
    let seen = node.snapshot(SMALL);
    assert_eq!(seen.len(), 1 + 3);
    node.wait(4 * SECOND);
    // An ack makes room for a chunk, and more time.
    assert_eq!(node.publish(&seen[1].reply, "", b"").len(), 1);
    assert_eq!(node.wait(4 * SECOND), []);
    let seen = node.wait(SECOND);
    assert_eq!(status(&seen[0]), "NATS/1.0 408 No Flow Response");
    assert!(seen[1].text().contains("\"error\":\"no flow response\""));
    let said = node.log().pop();
    let wanted = "[WRN] Snapshot for stream '$G > T' failed after 9s: no flow response";
    assert_eq!(said.as_deref(), Some(wanted));
    assert_eq!(node.wait(60 * SECOND), []);
}

#[test]
fn somebody_who_comes_late_or_goes() {
    let mut node = with_messages();
    assert_eq!(node.snapshot(SMALL).len(), 1);
    assert_eq!(node.wait(SECOND), []);
    // The chunks come with the subscription.
    assert_eq!(node.send(b"SUB r.chunks 2\r\n").len(), 3);
    let seen = node.send(b"UNSUB 2\r\n");
    assert!(
        seen[0].text().contains("\"error\":\"no interest\""),
        "{}",
        seen[0].text()
    );
    // After two seconds they go to nobody, or to a subscription that is not that of the subject alone.
    assert_eq!(node.snapshot(SMALL).len(), 1);
    node.send(b"SUB *.chunks 2\r\n");
    assert_eq!(node.wait(2 * SECOND).len(), 3);
    assert_eq!(
        status(&node.wait(5 * SECOND)[0]),
        "NATS/1.0 408 No Flow Response"
    );
}

#[test]
fn a_stream_that_changes_or_goes() {
    let mut node = with_messages();
    node.send(b"SUB r.chunks 2\r\n");
    let mut seen = node.snapshot(SMALL);
    // What is deleted before it is sent is not in the backup, nor is what comes later.
    node.ask("$JS.API.STREAM.MSG.DELETE.T", "{\"seq\":100}");
    node.ask("t.x", "later");
    let mut bytes = vec![];
    seen.remove(0);
    while let Some(chunk) = seen.iter().position(|seen| seen.subject == "r.chunks") {
        let chunk = seen.remove(chunk);
        bytes.extend_from_slice(&chunk.payload);
        if !chunk.reply.is_empty() {
            seen.extend(node.publish(&chunk.reply, "", b""));
        }
    }
    assert_eq!(entries(&bytes).len(), 101);

    let chunk = node.snapshot(SMALL).pop().expect("a chunk");
    node.ask("$JS.API.STREAM.DELETE.T", "");
    let seen = node.publish(&chunk.reply, "", b"");
    assert!(seen[0].text().contains("\"error\":\"store is closed\""));
}

#[test]
fn a_client_that_stops_sending() {
    let mut node = Node::start(b"", START);
    let subject = node.begin_restore();
    let (start, end) = BACKUP.split_at(800);
    node.publish(&subject, "r.ack", start);
    assert_eq!(node.wait(4 * SECOND), []);
    node.publish(&subject, "r.ack", &end[..1]);
    assert_eq!(node.wait(4 * SECOND), []);
    // Nobody hears of it.
    assert_eq!(node.wait(SECOND), []);
    let late = node.publish(&subject, "r.ack", end);
    assert_eq!(status(&late[0]), "NATS/1.0 503");
    assert!(
        node.ask("$JS.API.STREAM.INFO.T", "")
            .contains("stream not found")
    );
}

/// Each restore holds what has come of it.
#[test]
fn not_too_many_at_a_time() {
    let mut node = Node::start(b"", START);
    let subjects: Vec<_> = (0..32).map(|_| node.begin_restore()).collect();
    let request = format!("{{\"config\":{CONFIG}}}");
    let answer = node.ask("$JS.API.STREAM.RESTORE.T", &request);
    assert!(answer.contains("\"err_code\":10023"), "{answer}");
    assert!(node.ask(&subjects[3], "").contains("restore failed: EOF"));
    node.begin_restore();
}

#[test]
fn a_stream_that_is_deleted_while_it_is_restored() {
    let mut node = Node::start(b"", START);
    let (mut decoder, mut archive) = (Decoder::default(), vec![]);
    decoder.feed(BACKUP);
    while decoder.next_block(&mut archive).expect("a stream") {}
    let mut parts = archive.chunks(archive.len() - 100).map(|part| {
        let (mut encoder, mut out) = (Encoder::default(), vec![]);
        encoder.write(part, &mut out);
        encoder.flush(&mut out);
        out
    });
    let subject = node.begin_restore();
    node.publish(&subject, "r.ack", &parts.next().expect("the most of it"));
    let info = node.ask("$JS.API.STREAM.INFO.T", "");
    assert!(
        info.contains("\"messages\":4") && info.contains("\"consumer_count\":3"),
        "{info}"
    );
    // It is there, but not for what is published, and its consumers sleep.
    assert_eq!(
        status(&node.publish("t.0", "r.answer", b"")[0]),
        "NATS/1.0 503"
    );
    assert_eq!(
        status(&node.publish("$JS.API.CONSUMER.MSG.NEXT.T.c", "r.answer", b"")[0]),
        "NATS/1.0 503"
    );
    assert!(
        node.ask("$JS.API.STREAM.CREATE.T", CONFIG)
            .contains("stream_create_response")
    );
    node.ask("$JS.API.STREAM.DELETE.T", "");
    node.publish(&subject, "r.ack", &parts.next().expect("the rest"));
    let answer = node.ask(&subject, "");
    assert!(
        answer.contains("\"description\":\"restore failed: store is closed\""),
        "{answer}"
    );
    assert!(
        node.ask("$JS.API.STREAM.INFO.T", "")
            .contains("stream not found")
    );
}

/// A chunk may stand for much more than it is: others are served in between.
#[test]
fn a_large_chunk_does_not_keep_others_waiting() {
    const COUNT: usize = 20_000;
    let mut node = Node::start(b"", START);
    let created = node.ask("$JS.API.STREAM.CREATE.T", CONFIG);
    assert!(created.contains("\"did_create\":true"), "{created}");
    for _ in 0..COUNT {
        node.publish("t.1", "", b"");
    }
    let backup = node.back_up();
    node.ask("$JS.API.STREAM.DELETE.T", "");
    let subject = node.begin_restore();
    // The end comes while there is still much to do.
    assert_eq!(node.publish(&subject, "r.ack", &backup), []);
    assert_eq!(node.publish(&subject, "r.answer", b""), []);
    let info = node.ask("$JS.API.STREAM.INFO.T", "");
    assert!(!info.contains(&format!("\"messages\":{COUNT},")), "{info}");
    let mut calls = 0;
    let seen = loop {
        assert_eq!(node.server.next_deadline(), Some(node.now));
        node.server.advance(node.now);
        calls += 1;
        let seen = node.seen();
        if !seen.is_empty() {
            break seen;
        }
    };
    assert!(calls > 1, "{calls}");
    assert_eq!(
        (&*seen[0].subject, seen[0].text()),
        ("r.ack", String::new())
    );
    let answer = seen[1].text();
    assert!(
        answer.contains(&format!("\"messages\":{COUNT},")),
        "{answer}"
    );
}
