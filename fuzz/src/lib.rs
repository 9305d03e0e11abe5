//! What each fuzz target does with its bytes: no input may panic, and what is checked here must hold for all. The stable
//! toolchain replays the seeds through the same functions (`tests/fuzz_seeds.rs`).

#[path = "../../tests/common/ops.rs"]
mod ops;
mod restore;

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use nats_kv_playground::cli::{self, FileError, Files, Io, Session};
use nats_kv_playground::client::runtime::Runtime;
use nats_kv_playground::client::transport::LocalFuture;
use nats_kv_playground::server::journal::{Journal, Reader, Record};
use nats_kv_playground::server::routes::Routes;
use nats_kv_playground::server::{Config, ConnectionId, Peer, Server, jetstream};
use nats_kv_playground::wire::parser::{Limits, ServerOpParser};
use nats_kv_playground::wire::time::{SECOND, Time};
use nats_kv_playground::wire::{headers as block, subject};
use ops::{client_ops, server_ops};
pub use restore::restore;

const START: Time = Time(1_795_537_149 * SECOND);

/// Both parsers: however the bytes are cut, the same operations come out.
pub fn parser(data: &[u8]) {
    let Some((first, bytes)) = data.split_first() else {
        return;
    };
    let limits = Limits {
        max_control_line: 4096,
        max_payload: 1 << 20,
        headers: first & 1 == 0,
        pedantic: false,
    };
    let (a, b) = bytes.split_at(usize::from(*first).min(bytes.len()));
    assert_eq!(client_ops(&limits, &[bytes]), client_ops(&limits, &[a, b]));
    assert_eq!(server_ops(&[bytes]), server_ops(&[a, b]));
    client_ops(
        &Limits {
            pedantic: true,
            ..limits
        },
        &[a, b],
    );
}

/// Header blocks: what is added is found, what is removed is gone.
pub fn headers(data: &[u8]) {
    block::status(data);
    block::fields(data).count();
    let Some(at) = data.iter().position(|b| *b == b'\n') else {
        return;
    };
    let (key, rest) = (&data[..at], &data[at + 1..]);
    let Ok(key) = str::from_utf8(key) else { return };
    if key.is_empty() || key.contains(['\r', ':']) {
        return;
    }
    let without = block::remove(rest, key);
    assert!(without.len() <= rest.len());
    block::get(rest, key);
    let mut made = Vec::new();
    let value: Vec<u8> = rest
        .iter()
        .copied()
        .filter(|b| !b" \r\n".contains(b))
        .collect();
    block::push(&mut made, key, &value);
    assert_eq!(block::get(&made, key), Some(&value[..]));
    assert!(block::remove(&made, key).is_empty());
}

/// Subjects, a line each: the routes find what asking each pattern finds.
pub fn subjects(data: &[u8]) {
    let mut lines: Vec<&[u8]> = data.split(|b| *b == b'\n').take(12).collect();
    // A value is at a subject once, however often it is added.
    lines.sort_unstable();
    lines.dedup();
    let mut routes = Routes::default();
    let patterns: Vec<&[u8]> = lines
        .iter()
        .copied()
        .filter(|p| routes.insert(p, *p))
        .collect();
    for line in &lines {
        let mut found = Vec::new();
        routes.matches(line, &mut |pattern: &&[u8]| found.push(*pattern));
        let mut wanted: Vec<_> = patterns
            .iter()
            .copied()
            .filter(|p| subject::matches(p, line))
            .collect();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
        for pattern in &patterns {
            assert_eq!(
                subject::overlap(line, pattern),
                subject::overlap(pattern, line)
            );
            // Where a token only begins with `*`, nats-server takes it for a wildcard in the one, and for text in the other.
            let odd = subject::tokens(pattern).any(|token| token.len() > 1 && token[0] == b'*');
            if !odd && subject::is_subset(line, pattern) && subject::is_subscribable(line) {
                assert!(subject::overlap(line, pattern));
            }
        }
    }
    for pattern in patterns {
        assert!(routes.remove(pattern, &pattern));
    }
    assert!(routes.is_empty());
}

/// A server with a bucket, a consumer and one client.
struct Bench {
    server: Server,
    client: ConnectionId,
    now: Time,
}

impl Bench {
    /// A server with nothing in it.
    fn start() -> Bench {
        let mut server = Server::new(
            Config {
                jetstream: Some(jetstream::start),
                ..Config::default()
            },
            1,
            START,
        );
        let client = server.connect(
            Peer {
                ip: "127.0.0.1".into(),
                port: 1,
                websocket: false,
            },
            START,
        );
        let mut bench = Bench {
            server,
            client,
            now: START,
        };
        bench.send(b"CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true}\r\nSUB r.> 1\r\n");
        bench
    }

    /// With a bucket and a consumer.
    fn new() -> Bench {
        let mut bench = Bench::start();
        bench.publish(
            "$JS.API.STREAM.CREATE.KV_b",
            b"",
            br#"{"name":"KV_b","subjects":["$KV.b.>"],"max_msgs_per_subject":3,"allow_direct":true,"allow_rollup_hdrs":true,"allow_msg_ttl":true,"subject_delete_marker_ttl":60000000000}"#,
        );
        bench.publish(
            "$JS.API.CONSUMER.CREATE.KV_b.c",
            b"",
            br#"{"stream_name":"KV_b","config":{"name":"c","ack_policy":"explicit"}}"#,
        );
        for key in ["a", "b.c", "a"] {
            bench.publish(&format!("$KV.b.{key}"), b"", b"value");
        }
        bench
    }

    fn send(&mut self, bytes: &[u8]) {
        self.server.receive(self.client, bytes, self.now);
        self.drain();
    }

    fn publish(&mut self, subject: &str, headers: &[u8], payload: &[u8]) {
        let total = headers.len() + payload.len();
        let line = if headers.is_empty() {
            format!("PUB {subject} r.1 {total}\r\n")
        } else {
            format!("HPUB {subject} r.1 {} {total}\r\n", headers.len())
        };
        self.send(&[line.as_bytes(), headers, payload, b"\r\n"].concat());
    }

    /// The reply to a request without payload, times of the moment left out.
    fn ask(&mut self, subject: &str) -> String {
        self.drain();
        self.server.receive(
            self.client,
            format!("PUB {subject} r.1 0\r\n\r\n").as_bytes(),
            self.now,
        );
        let bytes = self.server.take_output(self.client).bytes;
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Everything that is sent must read as operations of a server.
    fn drain(&mut self) {
        for id in self.server.take_ready() {
            let output = self.server.take_output(id);
            let mut parser = ServerOpParser::default();
            let mut input = &output.bytes[..];
            while let Some(op) = parser.next(&mut input).expect("a server's operation") {
                std::hint::black_box(op);
            }
        }
        self.server.take_log();
    }

    fn wait(&mut self, ns: i64) {
        self.now = self.now.after(ns);
        for _ in 0..20 {
            if self.server.next_deadline().is_none_or(|at| at > self.now) {
                break;
            }
            self.server.advance(self.now);
            self.drain();
        }
    }
}

/// Requests that the API knows, and subjects that streams and consumers serve.
const SUBJECTS: [&str; 31] = [
    "$JS.API.INFO",
    "$JS.API.STREAM.CREATE.S",
    "$JS.API.STREAM.CREATE.KV_b",
    "$JS.API.STREAM.UPDATE.KV_b",
    "$JS.API.STREAM.UPDATE.S",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.INFO.KV_b",
    "$JS.API.STREAM.PURGE.KV_b",
    "$JS.API.STREAM.MSG.GET.KV_b",
    "$JS.API.STREAM.MSG.DELETE.KV_b",
    "$JS.API.STREAM.DELETE.S",
    "$JS.API.STREAM.SNAPSHOT.KV_b",
    "$JS.API.STREAM.RESTORE.T",
    "$JS.API.DIRECT.GET.KV_b",
    "$JS.API.DIRECT.GET.KV_b.$KV.b.a",
    "$JS.API.CONSUMER.CREATE.KV_b",
    "$JS.API.CONSUMER.CREATE.KV_b.d",
    "$JS.API.CONSUMER.CREATE.KV_b.d.$KV.b.>",
    "$JS.API.CONSUMER.DURABLE.CREATE.KV_b.d",
    "$JS.API.CONSUMER.INFO.KV_b.c",
    "$JS.API.CONSUMER.LIST.KV_b",
    "$JS.API.CONSUMER.NAMES.KV_b",
    "$JS.API.CONSUMER.MSG.NEXT.KV_b.c",
    "$JS.API.CONSUMER.PAUSE.KV_b.c",
    "$JS.API.CONSUMER.RESET.KV_b.c",
    "$JS.API.CONSUMER.UNPIN.KV_b.c",
    "$JS.API.CONSUMER.DELETE.KV_b.d",
    "$JS.ACK.KV_b.c.1.1.1.1795537149000000000.2",
    "$SYS.REQ.SERVER.PING.CONNZ",
    "$KV.b.a",
];

/// Lines of a subject's number, a count of seconds to wait, and a payload; a payload may start with a header block.
pub fn api(data: &[u8]) {
    let mut bench = Bench::new();
    for line in data.split(|b| *b == b'\n').take(20) {
        let [number, seconds, payload @ ..] = line else {
            continue;
        };
        let subject = SUBJECTS[usize::from(*number) % SUBJECTS.len()];
        let (headers, payload) = match payload.strip_prefix(b"|") {
            Some(fields) => {
                let (fields, payload) = fields.split_at(
                    fields
                        .iter()
                        .position(|b| *b == b'|')
                        .unwrap_or(fields.len()),
                );
                let fields: Vec<u8> = fields
                    .iter()
                    .flat_map(|b| {
                        if *b == b';' {
                            &b"\r\n"[..]
                        } else {
                            std::slice::from_ref(b)
                        }
                    })
                    .copied()
                    .collect();
                (
                    [b"NATS/1.0\r\n", &fields[..], b"\r\n\r\n"].concat(),
                    payload,
                )
            }
            None => (Vec::new(), payload),
        };
        bench.publish(subject, &headers, payload);
        bench.wait(i64::from(*seconds) * SECOND);
    }
    bench.wait(86_400 * SECOND);
}

/// Raw bytes of a client; byte 0xfe lets time pass.
pub fn server(data: &[u8]) {
    let mut bench = Bench::start();
    for part in data.split(|b| *b == 0xfe).take(20) {
        bench.send(part);
        bench.wait(3 * SECOND);
    }
    bench.server.disconnect(bench.client, bench.now);
    bench.wait(86_400 * SECOND);
}

/// A log of the journal: as it comes, or (first byte odd) lines that make sound records of unsound content. Whatever
/// it is, the server lives on, and what it then writes down brings the same back.
pub fn journal(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let log = if first & 1 == 1 {
        records(data)
    } else {
        data.to_vec()
    };
    if let Some(mut reader) = Reader::new(&log) {
        let records = reader.by_ref().count();
        assert!(reader.lost() <= log.len() && records <= log.len());
    }
    let mut bench = Bench::start();
    bench.server.restore(&log, START);
    bench.wait(SECOND);
    let again = bench.server.snapshot();
    let before = bench.ask("$JS.API.STREAM.LIST");
    if before.contains("\"total\":0,") {
        return;
    }
    let mut other = Bench::start();
    other.server.restore(&again, bench.now);
    other.now = bench.now;
    assert_eq!(before, other.ask("$JS.API.STREAM.LIST"));
    for subject in SUBJECTS {
        bench.publish(subject, b"", b"");
    }
    bench.wait(86_400 * SECOND);
}

/// Numbers that are likely to hurt.
const NUMBERS: [u64; 10] = [
    0,
    1,
    2,
    3,
    64,
    1000,
    1 << 40,
    START.0 as u64,
    i64::MAX as u64,
    u64::MAX,
];

fn records(data: &[u8]) -> Vec<u8> {
    let mut journal = Journal::new(7);
    journal.start();
    for line in data.split(|b| *b == b'\n').take(30) {
        let [kind, a, b, c, text @ ..] = line else {
            continue;
        };
        let number = |n: u8| NUMBERS[usize::from(n) % NUMBERS.len()];
        let (id, x, y) = (number(*a) % 4, number(*b), number(*c));
        journal.write(match kind % 9 {
            0 => Record::Stream {
                id,
                created: Time(x as i64),
                config: text,
            },
            1 => Record::StreamGone { id },
            2 => Record::Message {
                id,
                seq: x,
                time: Time(y as i64),
                subject: b"$KV.b.a",
                headers: b"",
                payload: text,
            },
            3 => Record::Gone { id, from: x, to: y },
            4 => Record::State {
                id,
                first: x,
                last: y,
                last_time: START,
            },
            5 => Record::Consumer {
                stream: id,
                id: x,
                created: START,
                config: text,
            },
            6 => Record::ConsumerGone { stream: id, id: x },
            7 => Record::Source { id, value: text },
            _ if kind / 9 % 3 == 1 => Record::ConsumerPart {
                stream: id,
                id: x,
                part: text,
            },
            _ if kind / 9 % 3 == 2 => Record::ConsumerChange {
                stream: id,
                id: x,
                change: text,
            },
            _ => Record::ConsumerState {
                stream: id,
                id: x,
                state: text,
            },
        });
    }
    journal.take()
}

/// A command line for the shell's parser, and its words for `nats`, with nothing to connect to.
pub fn command(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    cli::shell::is_incomplete(text);
    cli::shell::split_paste(text);
    let nothing: Rc<dyn Io> = Rc::new(Nothing);
    let session = Session {
        io: nothing,
        connector: Rc::new(|_| Err("nats: no servers available for connection".to_owned())),
        runtime: Rc::new(Nothing),
        programs: None,
        parts: &nats_kv_playground::cli::parts::HERE,
    };
    let words = text.split_whitespace().map(str::to_owned).collect();
    let mut context = Context::from_waker(Waker::noop());
    let mut run = pin!(cli::run(words, session));
    for _ in 0..3 {
        if run.as_mut().poll(&mut context).is_ready() {
            break;
        }
    }
}

/// A terminal without anybody, a folder without files, a clock that stands still.
struct Nothing;

impl Io for Nothing {
    fn stdout(&self, _: &[u8]) {}
    fn stderr(&self, _: &[u8]) {}
    fn stdin_is_terminal(&self) -> bool {
        false
    }
    fn stdout_is_terminal(&self) -> bool {
        false
    }
    fn size(&self) -> (usize, usize) {
        (80, 24)
    }
    fn read(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        Box::pin(async { None })
    }
    fn read_keys(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        Box::pin(async { None })
    }
    fn interrupt(&self) -> LocalFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
    fn env(&self, _: &str) -> Option<String> {
        None
    }
    fn utc_offset(&self, _: Time) -> i32 {
        0
    }
    fn files(&self) -> Rc<dyn Files> {
        Rc::new(Nothing)
    }
}

impl Files for Nothing {
    fn read(&self, _: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::Missing)
    }
    fn write(&self, _: &str, _: &[u8]) -> Result<(), FileError> {
        Ok(())
    }
    fn remove(&self, _: &str) -> Result<(), FileError> {
        Err(FileError::Missing)
    }
    fn list(&self, _: &str) -> Result<Vec<String>, FileError> {
        Err(FileError::Missing)
    }
}

impl Runtime for Nothing {
    fn now(&self) -> Time {
        START
    }
    fn sleep(&self, _: i64) -> LocalFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
    fn spawn(&self, _: LocalFuture<'static, ()>) {}
    fn random(&self) -> u64 {
        4
    }
}
