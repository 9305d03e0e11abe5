//! The two servers that are compared: ours, in this process and in simulated time, and a nats-server over TCP.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nats_kv_playground::server::{ConnectionId, Server};
use nats_kv_playground::wire::time::Time;
use tokio::net::TcpSocket;

use crate::mask;
use crate::step::{Act, STREAMS, Step};

const CONNECT: &str = "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,\"protocol\":1}\r\n";

/// Nanoseconds between the beginning of a step and what happens in it.
const MOMENT: i64 = 50_000;
/// How long nats-server may take for what ours does at once.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long nats-server may take for what has no answer.
const UNSEEN: Duration = Duration::from_millis(3);
/// Subscriptions beyond those of steps.
const FIRST_SID_TO_CLEAN: u32 = 900_000;
/// How long to look for messages of nats-server that ours did not send, at the end of a sequence.
const SILENCE: Duration = Duration::from_millis(40);

/// A message a client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub subject: String,
    pub reply: String,
    pub headers: String,
    pub payload: String,
    masked: OnceCell<String>,
}

impl Seen {
    /// It as text, with what differs from run to run masked.
    pub fn masked(&self) -> &str {
        self.masked.get_or_init(|| mask::masked(self))
    }
}

/// Everything a client got, by subscription.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    pub by_sid: BTreeMap<u32, Vec<Seen>>,
    /// When steps began.
    began: BTreeMap<u32, Time>,
    rest: Vec<u8>,
}

impl Transcript {
    /// Takes bytes from the server. Counts PONGs.
    fn take(&mut self, bytes: &[u8]) -> usize {
        self.rest.extend_from_slice(bytes);
        let mut pongs = 0;
        let mut at = 0;
        while let Some(end) = find(&self.rest[at..], b"\r\n").map(|end| at + end) {
            let line = String::from_utf8_lossy(&self.rest[at..end]).into_owned();
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| words[words.len() - at].parse::<usize>().expect("a size");
            let (head, all) = match words.first().copied() {
                Some("MSG") => (0, number(1)),
                Some("HMSG") => (number(2), number(1)),
                word => {
                    pongs += usize::from(word == Some("PONG"));
                    assert_ne!(word, Some("-ERR"), "{line}");
                    at = end + 2;
                    continue;
                }
            };
            let body = end + 2;
            if self.rest.len() < body + all + 2 {
                break;
            }
            let text = |from: usize, to: usize| {
                String::from_utf8_lossy(&self.rest[body + from..body + to]).into_owned()
            };
            let sizes = if words[0] == "MSG" { 1 } else { 2 };
            let seen = Seen {
                subject: words[1].into(),
                reply: if words.len() - sizes > 3 {
                    words[3].into()
                } else {
                    String::new()
                },
                headers: text(0, head),
                payload: text(head, all),
                masked: OnceCell::new(),
            };
            self.by_sid
                .entry(words[2].parse().expect("a sid"))
                .or_default()
                .push(seen);
            at = body + all + 2;
        }
        self.rest.drain(..at);
        pongs
    }

    /// Ack subject of the `nth` message of `sid` that has one.
    fn ack(&self, sid: u32, nth: usize) -> Option<String> {
        let seen = self.by_sid.get(&sid)?;
        let mut acks = seen
            .iter()
            .map(|seen| &seen.reply)
            .filter(|reply| reply.starts_with("$JS.ACK."));
        acks.nth(nth).cloned()
    }

    fn commands(&self, step: &Step) -> Vec<u8> {
        // A step that was left out began with the one before.
        let began = |at| {
            let before = self.began.range(..=at).next_back();
            let time = before.map_or(Time(0), |(_, time)| *time).rfc3339();
            // Of one length on both sides, since errors name places.
            let (seconds, fraction) = time.trim_end_matches('Z').split_at(19);
            format!("{seconds}.{:0<9}Z", fraction.trim_start_matches('.'))
        };
        match &step.act {
            Act::Answer { of, nth, .. } => step.commands(&began, self.ack(*of, *nth).as_deref()),
            _ => step.commands(&began, None),
        }
    }

    /// Forgets what came for a step, so that it can be done again.
    pub fn forget(&mut self, step: &Step) {
        self.by_sid.remove(&step.id);
    }

    /// Do the answers to a step name an origin from which nothing was heard yet? One that was refused stays so.
    pub fn tells_of_unread(&self, step: &Step) -> bool {
        let seen = self.by_sid.get(&step.id).into_iter().flatten();
        seen.map(|seen| &seen.payload)
            .any(|text| text.contains("\"active\":-1") && !text.contains("\"error\""))
    }

    fn count(&self) -> usize {
        self.by_sid.values().map(Vec::len).sum()
    }

    fn has_all_of(&self, other: &Transcript) -> bool {
        let enough = |(sid, seen): (&u32, &Vec<Seen>)| {
            self.by_sid.get(sid).map_or(0, Vec::len) >= seen.len()
        };
        other.by_sid.iter().all(enough)
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Our server.
pub struct Ours {
    server: Server,
    client: ConnectionId,
    now: Time,
    /// What it has written down.
    log: Vec<u8>,
    pub transcript: Transcript,
}

impl Ours {
    pub fn start() -> Ours {
        let (mut server, client, now) = crate::bench::start();
        server.receive(client, CONNECT.as_bytes(), now);
        Ours {
            log: server.snapshot(),
            server,
            client,
            now,
            transcript: Transcript::default(),
        }
    }

    /// Does a step; `passed` is how long nats-server took for the one before.
    pub fn perform(&mut self, step: &Step, passed: Duration) {
        self.pass(passed.as_nanos() as i64);
        self.transcript.began.insert(step.id, self.now);
        self.pass(MOMENT);
        let commands = self.transcript.commands(step);
        self.server.receive(self.client, &commands, self.now);
        self.collect();
        if let Act::Wait { ms } = step.act {
            self.pass(ms as i64 * 1_000_000);
        }
    }

    /// Stops it, and starts another with what it wrote down.
    pub fn restart(&mut self, passed: Duration) {
        self.pass(passed.as_nanos() as i64);
        self.server.shutdown(self.now);
        self.log.extend(self.server.take_journal());
        let last = self.server.take_output(self.client);
        self.transcript.take(&last.bytes);
        (self.server, self.client) = crate::bench::start_at(self.now, &self.log);
        self.log = self.server.snapshot();
        self.server
            .receive(self.client, CONNECT.as_bytes(), self.now);
    }

    /// Lets time pass after the last step.
    pub fn wait(&mut self, time: Duration) {
        self.pass(time.as_nanos() as i64);
    }

    fn pass(&mut self, ns: i64) {
        let end = self.now.after(ns);
        while let Some(at) = self.server.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.server.advance(self.now);
            self.collect();
        }
        self.now = end;
        self.server.advance(end);
        self.collect();
    }

    fn collect(&mut self) {
        self.server.take_ready();
        let output = self.server.take_output(self.client);
        assert_eq!(output.close, None);
        self.transcript.take(&output.bytes);
    }
}

/// A nats-server of our own, for many sequences.
pub struct Real {
    process: RefCell<Child>,
    port: u16,
    /// Keeps the port: nobody else is given it, before the server listens or while it starts again.
    _held: TcpSocket,
    folder: Folder,
}

struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.process.get_mut().kill();
        let _ = self.process.get_mut().wait();
    }
}

impl Real {
    /// Starts one; `None` if there is no nats-server on PATH.
    pub fn start() -> Option<Real> {
        let held = TcpSocket::new_v4().ok()?;
        held.set_reuseaddr(true).ok()?;
        held.bind(([127, 0, 0, 1], 0).into()).ok()?;
        let port = held.local_addr().ok()?.port();
        let folder =
            std::env::temp_dir().join(format!("differential-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).ok()?;
        let real = Real {
            process: RefCell::new(run(port, &folder)?),
            port,
            _held: held,
            folder: Folder(folder),
        };
        real.listens();
        Some(real)
    }

    /// Waits until it does.
    fn listens(&self) {
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < end, "nats-server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to stop.
    fn stop(&self) {
        let pid = self.process.borrow().id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(asked.is_ok_and(|status| status.success()), "kill");
    }

    /// Waits until it has stopped, and starts it again.
    fn start_again(&self) {
        let mut process = self.process.borrow_mut();
        process.wait().expect("nats-server stops");
        *process = run(self.port, &self.folder.0).expect("nats-server starts");
        self.listens();
    }

    /// A client's connection.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("nats-server listens");
        stream.set_nodelay(true).expect("a socket");
        stream
    }

    pub fn session(&self) -> Session<'_> {
        let stream = self.connect();
        let mut session = Session {
            real: self,
            streams: self.folder.0.join("jetstream/$G/streams"),
            stream,
            transcript: Transcript::default(),
            told: Instant::now(),
        };
        session.send(CONNECT.as_bytes());
        session.sync();
        session
    }
}

fn run(port: u16, folder: &Path) -> Option<Child> {
    Command::new("nats-server")
        .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

/// A client of nats-server for one sequence.
pub struct Session<'a> {
    real: &'a Real,
    /// Where nats-server keeps streams; it takes their files away only after it has answered.
    streams: std::path::PathBuf,
    stream: TcpStream,
    pub transcript: Transcript,
    /// Until when the time that passes was told.
    told: Instant,
}

impl Session<'_> {
    /// The time since it was told last, with what anybody did meanwhile: our server must not live slower.
    fn passed(&mut self) -> Duration {
        let now = Instant::now();
        now - std::mem::replace(&mut self.told, now)
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("nats-server reads");
    }

    /// Reads for at most `time`; the number of PONGs.
    fn read(&mut self, time: Duration) -> usize {
        self.read_some(time)
            .expect("nats-server keeps the connection")
    }

    /// The same; nothing when nats-server has closed the connection.
    fn read_some(&mut self, time: Duration) -> Option<usize> {
        let mut buffer = [0; 65536];
        self.stream
            .set_read_timeout(Some(time.max(Duration::from_micros(1))))
            .expect("a socket");
        match self.stream.read(&mut buffer) {
            Ok(0) => None,
            Ok(length) => Some(self.transcript.take(&buffer[..length])),
            Err(error) => (error.kind() != ErrorKind::ConnectionReset).then_some(0),
        }
    }

    /// Waits until everything sent so far was read.
    fn sync(&mut self) {
        self.send(b"PING\r\n");
        let end = Instant::now() + Duration::from_secs(10);
        while self.read(PATIENCE) == 0 {
            assert!(Instant::now() < end, "no PONG");
        }
    }

    /// Stops the server, starts it again and connects; what time passed.
    pub fn restart(&mut self) -> Duration {
        self.real.stop();
        while self.read_some(PATIENCE).is_some() {}
        self.real.start_again();
        self.stream = self.real.connect();
        self.send(CONNECT.as_bytes());
        self.sync();
        self.passed()
    }

    /// Does a step and waits until as much came as ours sent, or too long. What time passed, without the wait it may be.
    pub fn perform(&mut self, step: &Step, ours: &Transcript) -> Duration {
        let time = SystemTime::now().duration_since(UNIX_EPOCH);
        let time = Time(time.expect("a clock").as_nanos() as i64);
        self.transcript.began.insert(step.id, time);
        self.answer(step, ours);
        let wait = match step.act {
            Act::Wait { ms } => Duration::from_millis(ms),
            _ => Duration::ZERO,
        };
        self.passed().saturating_sub(wait)
    }

    fn answer(&mut self, step: &Step, ours: &Transcript) {
        let commands = self.transcript.commands(step);
        self.send(&commands);
        if let Act::Wait { ms } = step.act {
            let end = Instant::now() + Duration::from_millis(ms);
            while let Some(left) = end.checked_duration_since(Instant::now()) {
                self.read(left);
            }
        }
        if matches!(step.act, Act::Subscribe { .. } | Act::Unsubscribe { .. }) {
            self.sync();
        }
        if self.transcript.count() == ours.count() {
            // Nothing to wait for, but nats-server may do this later than what is sent next.
            self.read(UNSEEN);
        }
        let end = Instant::now() + PATIENCE;
        while !self.transcript.has_all_of(ours) {
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                return;
            };
            self.read(left);
        }
    }

    /// Waits for messages too many; how long it did.
    pub fn listen(&mut self) -> Duration {
        let mut count = usize::MAX;
        while count != self.transcript.count() {
            count = self.transcript.count();
            self.read(SILENCE);
        }
        self.passed()
    }

    /// Removes everything the sequence left.
    pub fn clean(&mut self) {
        self.transcript = Transcript::default();
        for sid in 1..400 {
            self.send(format!("UNSUB {sid}\r\n").as_bytes());
        }
        let sids = || FIRST_SID_TO_CLEAN..;
        // Followers first, or they still begin to read while their origins go.
        for (name, sid) in STREAMS.iter().rev().zip(sids()) {
            let delete = format!(
                "SUB _C.{sid} {sid}\r\nPUB $JS.API.STREAM.DELETE.{name} _C.{sid} 0\r\n\r\n"
            );
            self.send(delete.as_bytes());
        }
        let end = Instant::now() + Duration::from_secs(10);
        while !STREAMS
            .iter()
            .zip(sids())
            .all(|(_, sid)| self.transcript.by_sid.contains_key(&sid))
        {
            assert!(Instant::now() < end, "nats-server does not delete");
            self.read(PATIENCE);
        }
        // It has answered, and takes their files away now; or it leaves some when it was still writing.
        let files = || {
            std::fs::read_dir(&self.streams)
                .into_iter()
                .flatten()
                .flatten()
        };
        let end = Instant::now() + PATIENCE;
        while files().next().is_some() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
        for left in files() {
            // It may just be going.
            let _ = std::fs::remove_dir_all(left.path());
        }
    }
}
