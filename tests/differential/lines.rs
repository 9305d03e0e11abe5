//! Random lines of the protocol on two connections, from well-formed to garbage, each sent to both servers: what every connection
//! is told must be the same bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use nats_kv_playground::server::{ConnectionId, Peer, Server};

use crate::random::Random;
use crate::sides::Real;

/// How many connections a scenario has.
const CONNECTIONS: usize = 2;
/// How long nats-server may take for what ours does at once.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long nats-server may take for what has no answer.
const UNSEEN: Duration = Duration::from_millis(3);
/// How long to look for bytes that ours did not send.
const SILENCE: Duration = Duration::from_millis(10);

/// Bytes that a connection sends.
#[derive(Clone, Debug)]
pub struct Line {
    pub connection: usize,
    pub bytes: Vec<u8>,
}

/// A scenario, from its seed.
pub fn scenario(seed: u64) -> Vec<Line> {
    let mut random = Random::new(seed ^ 0x1155);
    let mut lines: Vec<Line> = (0..CONNECTIONS)
        .map(|connection| Line {
            connection,
            bytes: connect(&mut random, true),
        })
        .collect();
    for _ in 0..4 + random.below(28) {
        let mut bytes = line(&mut random);
        // Whatever it does is done when the PONG is there.
        if !random.one_in(16) {
            bytes.extend(b"PING\r\n");
        }
        lines.push(Line {
            connection: random.below(CONNECTIONS as u64) as usize,
            bytes,
        });
    }
    lines
}

fn connect(random: &mut Random, sane: bool) -> Vec<u8> {
    let mut fields = Vec::new();
    for name in ["verbose", "pedantic", "headers", "no_responders", "echo"] {
        let mostly = matches!(name, "headers" | "no_responders" | "echo");
        match random.below(4) {
            0 => {}
            1 => fields.push(format!("\"{name}\":{}", !mostly)),
            _ => fields.push(format!("\"{name}\":{mostly}")),
        }
    }
    let odd = [
        "\"protocol\":1",
        "\"lang\":\"x\",\"version\":\"1\"",
        "\"name\":\"\\u00e9\"",
        "\"user\":\"u\",\"pass\":\"p\"",
        "\"nope\":[1,{}]",
        "\"PEDANTIC\":true",
        "\"verbose\":1",
        "\"protocol\":-1",
        "\"protocol\":2",
        "\"echo\":null",
        "\"lang\":1",
    ];
    let choice = if sane { 4 } else { odd.len() as u64 };
    for _ in 0..random.below(3) {
        fields.push(odd[random.below(choice) as usize].into());
    }
    let body = format!("{{{}}}", fields.join(","));
    match random.below(8) {
        0 if !sane => b"CONNECT {\"verbose\":\r\n".to_vec(),
        1 if !sane => b"CONNECT\r\n".to_vec(),
        _ => format!("CONNECT {body}\r\n").into_bytes(),
    }
}

fn subject(random: &mut Random) -> &'static str {
    random.pick(&[
        "a", "a", "a.b", "a.b", "b", "b.c.d", "a.*", "a.>", ">", "*", "*.b", "_R.1", "a..b", ".a",
        "a.", "a.b>", "a*", "\u{e9}.b", "a.*.>", "a.>.b", "",
    ])
}

/// The letters of an operation may be large or small.
fn operation(random: &mut Random, name: &str) -> String {
    match random.below(6) {
        0 => name.to_lowercase(),
        1 => name[..1].to_lowercase() + &name[1..],
        _ => name.to_string(),
    }
}

fn blank(random: &mut Random) -> &'static str {
    random.pick(&[" ", " ", " ", " ", " ", "  ", "\t", " \t "])
}

/// One operation, right or wrong.
fn line(random: &mut Random) -> Vec<u8> {
    let end = random.pick(&[
        "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", " \r\n",
    ]);
    let gap = blank(random);
    let (subject, other) = (subject(random), subject(random));
    let sid = random.pick(&["1", "1", "2", "2", "3", "x", "9"]);
    match random.below(40) {
        0..9 => {
            let sub = operation(random, "SUB");
            let queue = random.pick(&["", "", "", "q ", "q r ", "q.1 "]);
            format!("{sub}{gap}{subject} {queue}{sid}{end}").into_bytes()
        }
        9..13 => {
            let unsub = operation(random, "UNSUB");
            let max = random.pick(&["", "", " 1", " 2", " 3", " 0", " -1", " x", " 1 2"]);
            format!("{unsub}{gap}{sid}{max}{end}").into_bytes()
        }
        13..25 => {
            let publish = operation(random, "PUB");
            let reply = reply(random, other);
            let (size, payload) = body(random);
            format!("{publish}{gap}{subject} {reply}{size}{end}{payload}\r\n").into_bytes()
        }
        25..33 => {
            let publish = operation(random, "HPUB");
            let reply = reply(random, other);
            let block = random.pick(&[
                "NATS/1.0\r\nA: b\r\n\r\n",
                "NATS/1.0\r\nA: b\r\n\r\n",
                "NATS/1.0\r\n\r\n",
                "NATS/1.0 503\r\n\r\n",
                "NATS/1.0\r\nA:b\r\nA: c\r\n\r\n",
                "NATS/1.0\r\nA: b",
                "A: b\r\n\r\n",
                "",
            ]);
            let (size, payload) = body(random);
            let head = match random.below(16) {
                0 => "x".into(),
                1 => (block.len() + 1).to_string(),
                2 => "0".into(),
                _ => block.len().to_string(),
            };
            let all = match size.parse::<usize>() {
                Ok(size) => (block.len() + size).to_string(),
                Err(_) => size,
            };
            let sizes = match random.below(24) {
                0 => head,
                1 => format!("{all} {head}"),
                _ => format!("{head} {all}"),
            };
            format!("{publish}{gap}{subject} {reply}{sizes}{end}{block}{payload}\r\n").into_bytes()
        }
        33 => connect(random, false),
        34 => {
            let name = random.pick(&["PING", "PONG", "+OK", "-ERR 'x'", "INFO {}", "PING x"]);
            let name = operation(random, name);
            format!("{name}{end}").into_bytes()
        }
        35 => {
            let name = random.pick(&[
                "MSG a 1 0\r\n",
                "HMSG a 1 0 0\r\n",
                "RS+ $G a",
                "LS+ a",
                "A+ x",
                "RMSG $G a 1",
                "SUBX a 1",
                "PUBB a 0",
                "HELLO",
                "\u{e9}",
                "",
                "P",
                "GET / HTTP/1.1",
            ]);
            format!("{name}{end}").into_bytes()
        }
        36 => {
            let name = random.pick(&["SUB", "UNSUB", "PUB", "HPUB", "SUB a", "PUB a", "HPUB a 1"]);
            format!("{name}{end}").into_bytes()
        }
        37 => format!("PUB a 3{end}xxxxxx\r\n").into_bytes(),
        38 => format!("SUB a 1 2 3 4{end}").into_bytes(),
        _ => b"\r\n".to_vec(),
    }
}

/// A reply subject with the blank behind it, now and then.
fn reply(random: &mut Random, subject: &str) -> String {
    match random.below(3) {
        0 => format!("{subject} "),
        _ => String::new(),
    }
}

/// The size a publish claims, and its payload.
fn body(random: &mut Random) -> (String, &'static str) {
    let payload = random.pick(&["", "x", "hello", "\r\n", "PING\r\n"]);
    let size = match random.below(24) {
        0 => "x".into(),
        1 => "-1".into(),
        2 => format!("0{}", payload.len()),
        3 => (payload.len() + 1).to_string(),
        4 => "99999999".into(),
        _ => payload.len().to_string(),
    };
    (size, payload)
}

/// What a connection was told, and whether it was closed.
#[derive(Default, Clone, PartialEq)]
struct Told {
    bytes: Vec<u8>,
    closed: bool,
}

impl Told {
    /// Without INFO, which differs; messages that went to several subscriptions in the order of these: see differences.md.
    fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut operations: Vec<(String, String)> = Vec::new();
        let mut rest = &text[..];
        while !rest.is_empty() {
            let (line, after) = rest.split_once("\r\n").unwrap_or((rest, ""));
            rest = after;
            if line.starts_with("INFO ") {
                continue;
            }
            let mut words: Vec<&str> = line.split(' ').collect();
            if !matches!(words[0], "MSG" | "HMSG") {
                operations.push((line.into(), String::new()));
                continue;
            }
            let size = words.last().and_then(|size| size.parse::<usize>().ok());
            let (body, after) = rest.split_at(size.map_or(rest.len(), |n| rest.len().min(n + 2)));
            rest = after;
            let sid = words.remove(2);
            operations.push((format!("{}\r\n{body}", words.join(" ")), sid.into()));
        }
        let alike = |one: &(String, String), next: &(String, String)| one.0 == next.0;
        let runs = operations.chunk_by_mut(alike).map(|run| {
            run.sort();
            format!("{run:?}")
        });
        let text = runs.collect::<Vec<_>>().join("\n    ");
        format!("{text}{}", if self.closed { " closed" } else { "" })
    }
}

/// Plays a scenario on both servers; the first difference, if there is one.
pub fn play(real: &Real, lines: &[Line]) -> Option<String> {
    let (mut server, first, now) = crate::bench::start();
    let peer = Peer {
        ip: "127.0.0.1".into(),
        port: 4001,
        websocket: false,
    };
    let ids = [first, server.connect(peer, now)];
    let mut sockets: Vec<TcpStream> = ids.iter().map(|_| real.connect()).collect();
    let mut ours = vec![Told::default(); CONNECTIONS];
    let mut theirs = vec![Told::default(); CONNECTIONS];
    let info = |told: &Told| told.bytes.starts_with(b"INFO ") && told.bytes.ends_with(b"\r\n");
    for (socket, told) in sockets.iter_mut().zip(&mut theirs) {
        while !info(told) {
            read(socket, told, PATIENCE);
        }
    }
    collect(&mut server, &ids, &mut ours);
    for line in lines {
        if ours[line.connection].closed {
            continue;
        }
        let before = ours[line.connection].bytes.len();
        server.receive(ids[line.connection], &line.bytes, now);
        collect(&mut server, &ids, &mut ours);
        // A broken pipe shows in what is read.
        let _ = sockets[line.connection].write_all(&line.bytes);
        if ours[line.connection].bytes.len() == before {
            // Nothing to wait for, but nats-server may do this later than what is sent next.
            read(
                &mut sockets[line.connection],
                &mut theirs[line.connection],
                UNSEEN,
            );
        }
        let end = Instant::now() + PATIENCE;
        for ((socket, told), ours) in sockets.iter_mut().zip(&mut theirs).zip(&ours) {
            let behind = |told: &Told| {
                (told.text().len() < ours.text().len() || ours.closed) && !told.closed
            };
            while behind(told) && Instant::now() < end {
                read(socket, told, end.saturating_duration_since(Instant::now()));
            }
        }
        if let Some(difference) = compare(&ours, &theirs) {
            return Some(difference);
        }
    }
    for (socket, told) in sockets.iter_mut().zip(&mut theirs) {
        read(socket, told, SILENCE);
    }
    compare(&ours, &theirs)
}

fn compare(ours: &[Told], theirs: &[Told]) -> Option<String> {
    let mut pairs = ours.iter().zip(theirs).enumerate();
    let (at, (ours, theirs)) = pairs.find(|(_, (ours, theirs))| ours.text() != theirs.text())?;
    Some(format!(
        "connection {at}\n  real: {}\n  ours: {}",
        theirs.text(),
        ours.text()
    ))
}

fn collect(server: &mut Server, ids: &[ConnectionId], told: &mut [Told]) {
    server.take_ready();
    for (id, told) in ids.iter().zip(told) {
        if told.closed {
            continue;
        }
        let output = server.take_output(*id);
        told.bytes.extend(output.bytes);
        told.closed = output.close.is_some();
    }
}

fn read(socket: &mut TcpStream, told: &mut Told, time: Duration) {
    let mut buffer = [0; 65536];
    let time = time.max(Duration::from_micros(1));
    socket.set_read_timeout(Some(time)).expect("a socket");
    match socket.read(&mut buffer) {
        Ok(0) => told.closed = true,
        Ok(length) => told.bytes.extend(&buffer[..length]),
        Err(error) => told.closed |= error.kind() == ErrorKind::ConnectionReset,
    }
}
