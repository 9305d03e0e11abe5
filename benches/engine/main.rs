//! The engine alone, in this process, through the whole protocol: bytes in, bytes out. `cargo bench` prints the figures;
//! `cargo bench -- NAME` only those of parts whose name contains NAME. `scripts/bench.py process` runs it as WebAssembly too.

mod platform;

use std::hint::black_box;

use platform::{arguments, clock, processor_time, resident, say};

use nats_kv_playground::server::{Config, ConnectionId, Peer, Server, jetstream};
use nats_kv_playground::wire::time::{SECOND, Time};

const START: Time = Time(1_795_537_149 * SECOND);

/// A server with JetStream, one client, and the time it is told.
struct Engine {
    server: Server,
    client: ConnectionId,
    now: Time,
}

impl Engine {
    /// With a bucket `b`; `more` are further fields of its stream's configuration.
    fn new(more: &str) -> Engine {
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
                port: 4000,
                websocket: false,
            },
            START,
        );
        let mut engine = Engine {
            server,
            client,
            now: START,
        };
        engine.send(b"CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true}\r\nSUB r.* 1\r\n");
        let config = format!(
            "{{\"name\":\"KV_b\",\"subjects\":[\"$KV.b.>\"],\"storage\":\"memory\",\"max_msgs_per_subject\":1,\
             \"discard\":\"new\",\"allow_direct\":true,\"allow_rollup_hdrs\":true,\"deny_delete\":true{more}}}"
        );
        engine.request("$JS.API.STREAM.CREATE.KV_b", &config);
        engine
    }

    fn send(&mut self, bytes: &[u8]) {
        self.now = self.now.after(1000);
        self.server.receive(self.client, bytes, self.now);
    }

    /// Takes what the client was sent; its length.
    fn drain(&mut self) -> usize {
        self.server
            .take_ready()
            .into_iter()
            .map(|id| self.server.take_output(id).bytes.len())
            .sum()
    }

    fn request(&mut self, subject: &str, payload: &str) -> String {
        self.drain();
        self.send(format!("PUB {subject} r.1 {}\r\n{payload}\r\n", payload.len()).as_bytes());
        let reply =
            String::from_utf8_lossy(&self.server.take_output(self.client).bytes).into_owned();
        assert!(
            !reply.is_empty() && !reply.contains("\"error\""),
            "{subject} {payload}: {reply}"
        );
        reply
    }

    /// Puts keys 0 to `count`.
    fn fill(&mut self, count: usize) {
        for key in 0..count {
            let bytes = put(key);
            self.send(&bytes);
            self.drain();
        }
    }

    /// A push consumer on one key or wildcard, delivering to the client as `nats kv watch` has it.
    fn watch(&mut self, index: usize, filter: &str) {
        let config = format!(
            "{{\"stream_name\":\"KV_b\",\"config\":{{\"deliver_policy\":\"new\",\"ack_policy\":\"none\",\
             \"max_deliver\":1,\"filter_subject\":\"{filter}\",\"deliver_subject\":\"w.{index}\",\"mem_storage\":true,\
             \"num_replicas\":1,\"name\":\"c{index}\"}}}}"
        );
        self.send(format!("SUB w.{index} w{index}\r\n").as_bytes());
        self.request(
            &format!("$JS.API.CONSUMER.CREATE.KV_b.c{index}.{filter}"),
            &config,
        );
    }
}

/// A key of 16 bytes.
fn key(index: usize) -> String {
    format!("$KV.b.key-{index:012}")
}

/// A put of 16 bytes.
fn put(index: usize) -> Vec<u8> {
    format!("PUB {} r.1 16\r\nvalue-{index:010}\r\n", key(index)).into_bytes()
}

/// Spreads `count` picks over `of` keys.
fn picks(count: usize, of: usize) -> impl Iterator<Item = usize> {
    let mut state = 1u64;
    (0..count).map(move |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 20) as usize % of
    })
}

/// Time of one operation in ns: the median over batches, which leaves out those that were interrupted.
fn measure(engine: &mut Engine, messages: &[Vec<u8>]) -> f64 {
    let mut batches = Vec::new();
    for batch in messages.chunks(100) {
        let start = clock();
        for message in batch {
            engine.send(message);
            black_box(engine.drain());
        }
        batches.push((clock() - start) / batch.len() as f64);
    }
    batches.sort_by(f64::total_cmp);
    batches[batches.len() / 2]
}

fn row(name: &str, value: f64, unit: &str, goal: &str) {
    let decimals = if unit == "times" { 2 } else { 0 };
    say(&format!(
        "{name:<66}  {value:>9.decimals$}  {unit:<9}  {goal}"
    ));
}

/// What one operation takes in ns.
struct Costs {
    /// Keys as they come.
    spread: Vec<f64>,
    /// The same key again and again.
    one: Vec<f64>,
}

const SPREAD: [(&str, &str); 2] = [("put", "2000"), ("direct get", "1500")];
const ONE: [(&str, &str); 4] = [
    ("put", "2000"),
    ("direct get", "1500"),
    ("delivery to a watcher", "500"),
    ("consumer `last_per_subject`, made and deleted", ""),
];

/// Operations on a bucket of `keys` keys.
fn costs(keys: usize) -> Costs {
    let before = resident();
    let mut engine = Engine::new("");
    engine.fill(keys);
    let memory = resident() - before;
    let get = |k| format!("PUB $JS.API.DIRECT.GET.KV_b.{} r.1 0\r\n\r\n", key(k)).into_bytes();
    let mut of = |messages: Vec<Vec<u8>>| measure(&mut engine, &messages);
    let spread = vec![
        of(picks(50_000, keys).map(put).collect()),
        of(picks(50_000, keys).map(get).collect()),
    ];
    let one = keys / 2;
    let mut single = vec![of(vec![put(one); 20_000]), of(vec![get(one); 20_000])];
    let filter = key(one);
    let config = format!(
        "{{\"stream_name\":\"KV_b\",\"config\":{{\"deliver_policy\":\"last_per_subject\",\"ack_policy\":\"none\",\
         \"filter_subject\":\"{filter}\",\"deliver_subject\":\"r.2\",\"mem_storage\":true,\"name\":\"one\"}}}}"
    );
    let consumer = format!(
        "PUB $JS.API.CONSUMER.CREATE.KV_b.one.{filter} r.1 {}\r\n{config}\r\n\
         PUB $JS.API.CONSUMER.DELETE.KV_b.one r.1 0\r\n\r\n",
        config.len()
    );
    let last_per_subject = of(vec![consumer.into_bytes(); 5_000]);
    engine.watch(0, &filter);
    let watched = measure(&mut engine, &vec![put(one); 20_000]);
    single.extend([watched - single[0], last_per_subject]);
    for ((name, goal), ns) in SPREAD.iter().zip(&spread) {
        row(
            &format!("{name}, keys as they come, {keys} keys"),
            *ns,
            "ns",
            goal,
        );
    }
    for ((name, goal), ns) in ONE.iter().zip(&single) {
        row(&format!("{name}, one key of {keys}"), *ns, "ns", goal);
    }
    if keys == LARGE {
        let each = memory / keys as f64;
        row(&format!("memory, {keys} keys"), each, "bytes/key", "250");
    }
    Costs {
        spread,
        one: single,
    }
}

const SMALL: usize = 1_000;
const LARGE: usize = 1_000_000;

/// What more keys cost.
fn sizes() {
    let (small, large) = (costs(SMALL), costs(LARGE));
    let rows = |names: &[(&str, &str)], what, few: &[f64], many: &[f64], goal| {
        for ((name, _), (few, many)) in names.iter().zip(few.iter().zip(many)) {
            let name = format!("{name}, {what}: {LARGE} keys to {SMALL}");
            row(&name, many / few, "times", goal);
        }
    };
    rows(&ONE, "one key", &small.one, &large.one, "1.5");
    rows(&SPREAD, "as they come", &small.spread, &large.spread, "");
}

fn deletes() {
    let mut engine = Engine::new("");
    engine.fill(100_000);
    let headers = "NATS/1.0\r\nKV-Operation: DEL\r\n\r\n";
    let messages: Vec<_> = picks(50_000, 100_000)
        .map(|k| {
            format!(
                "HPUB {} r.1 {} {}\r\n{headers}\r\n",
                key(k),
                headers.len(),
                headers.len()
            )
            .into_bytes()
        })
        .collect();
    row(
        "delete, 100000 keys",
        measure(&mut engine, &messages),
        "ns",
        "2000",
    );
}

fn watchers() {
    let messages: Vec<_> = picks(20_000, 1000).map(put).collect();
    let mut engine = Engine::new("");
    engine.fill(1000);
    let alone = measure(&mut engine, &messages);
    engine.watch(0, "$KV.b.>");
    let one = measure(&mut engine, &messages);
    row("delivery to a watcher", one - alone, "ns", "500");
    for index in 1..10 {
        engine.watch(index, "$KV.b.>");
    }
    row(
        "delivery to each of 10 watchers",
        (measure(&mut engine, &messages) - alone) / 10.0,
        "ns",
        "500",
    );

    let mut engine = Engine::new(",\"max_consumers\":20000");
    engine.fill(1000);
    for index in 0..10_000 {
        engine.watch(index, &format!("$KV.b.other-{index}"));
    }
    let many = measure(&mut engine, &messages);
    row(
        "put beside 10000 watchers of other keys",
        many,
        "ns",
        "2000",
    );
    row("the same beside none", alone, "ns", "");
}

fn expiry() {
    let mut engine = Engine::new(",\"allow_msg_ttl\":true,\"max_age\":3600000000000");
    for index in 0..1_000_000 {
        let headers = "NATS/1.0\r\nNats-TTL: 60s\r\n\r\n";
        let bytes = format!(
            "HPUB {} r.1 {} {}\r\n{headers}value\r\n",
            key(index),
            headers.len(),
            headers.len() + 5
        );
        engine.send(bytes.as_bytes());
        engine.drain();
    }
    let now = engine.now.after(120 * SECOND);
    let (mut calls, mut longest, start) = (0, 0.0_f64, clock());
    while engine.server.next_deadline().is_some_and(|at| at <= now) {
        let before = processor_time();
        engine.server.advance(now);
        longest = longest.max(processor_time() - before);
        engine.drain();
        calls += 1;
    }
    engine.now = now;
    let info = engine.request("$JS.API.STREAM.INFO.KV_b", "");
    assert!(info.contains("\"messages\":0,"), "{info}");
    row(
        "1000000 TTLs due at once: longest call",
        longest / 1e3,
        "µs",
        "16000",
    );
    row(
        &format!("  all of them, {calls} calls"),
        (clock() - start) / 1e3,
        "µs",
        "",
    );
}

fn last_per_subject() {
    let mut engine = Engine::new("");
    engine.fill(100_000);
    let start = clock();
    let config = "{\"stream_name\":\"KV_b\",\"config\":{\"deliver_policy\":\"last_per_subject\",\"ack_policy\":\"none\",\
        \"max_deliver\":1,\"filter_subject\":\"$KV.b.>\",\"deliver_subject\":\"w.all\",\"headers_only\":true,\"name\":\"all\"}}";
    engine.send(b"SUB w.all all\r\n");
    let request = format!(
        "PUB $JS.API.CONSUMER.CREATE.KV_b.all.$KV.b.> r.1 {}\r\n{config}\r\n",
        config.len()
    );
    engine.send(request.as_bytes());
    let mut bytes = engine.drain();
    while engine
        .server
        .next_deadline()
        .is_some_and(|at| at <= engine.now)
    {
        engine.server.advance(engine.now);
        bytes += engine.drain();
    }
    assert!(bytes > 100_000 * 40, "{bytes}");
    row(
        "keys of 100000: each",
        (clock() - start) / 100_000.0,
        "ns",
        "",
    );
}

fn core_messages() {
    let mut engine = Engine::new("");
    engine.send(b"SUB foo.bar 2\r\n");
    let messages: Vec<_> = (0..50_000)
        .map(|_| b"PUB foo.bar 16\r\n0123456789abcdef\r\n".to_vec())
        .collect();
    row(
        "core publish with one subscriber",
        measure(&mut engine, &messages),
        "ns",
        "",
    );
}

fn main() {
    let wanted = arguments();
    let parts: [(&str, fn()); 6] = [
        ("core", core_messages),
        ("keys", sizes),
        ("deletes", deletes),
        ("watchers", watchers),
        ("list", last_per_subject),
        ("expiry", expiry),
    ];
    for (name, part) in parts {
        if name.contains(&wanted) {
            part();
        }
    }
}
