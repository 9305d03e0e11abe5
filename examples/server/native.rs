//! One thread owns the server; a task a connection reads, another writes, one more keeps the server's deadlines.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nats_kv_playground::server::flags::{self, Command};
use nats_kv_playground::server::{
    Config, ConnectionId, LameDuck, Output, Peer, Server, WRITE_DEADLINE, jetstream,
};
use nats_kv_playground::wire::time::Time;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{LocalSet, yield_now};
use tokio::time::{sleep, timeout};

use crate::connection;
use crate::signals::{self, Signals};
use crate::storage::Storage;

/// How long closing connections may take to send what is queued for them.
pub const LINGER: Duration = Duration::from_millis(500);
/// How long those who are behind with reading hold up who sends.
const STALL: Duration = Duration::from_millis(10);

/// The server and those who wait for it.
pub struct Host {
    server: RefCell<Server>,
    /// Keeps file-backed streams, with `-sd`.
    storage: RefCell<Option<Storage>>,
    /// Wakes the writer of a connection.
    writers: RefCell<HashMap<ConnectionId, Rc<Notify>>>,
    /// Nobody new may come in.
    leaving: Cell<bool>,
    /// The next deadline may have changed.
    deadline: Notify,
    /// A connection ended.
    ended: Notify,
    /// A writer took what was waiting.
    taken: Notify,
}

impl Host {
    /// Runs one step of the server and does what the drain rule asks for.
    pub fn step<T>(&self, act: impl FnOnce(&mut Server, Time) -> T) -> T {
        let mut server = self.server.borrow_mut();
        let result = act(&mut server, now());
        for id in server.take_ready() {
            if let Some(writer) = self.writers.borrow().get(&id) {
                writer.notify_one();
            }
        }
        for line in server.take_log() {
            eprintln!("{line}");
        }
        self.deadline.notify_one();
        result
    }

    /// Accepts a client, unless the server is on its way out; its writer is to wait for the second.
    pub fn connect(&self, peer: Peer) -> Option<(ConnectionId, Rc<Notify>)> {
        if self.leaving.get() {
            return None;
        }
        let writer = Rc::new(Notify::new());
        let id = self.step(|server, now| {
            let id = server.connect(peer, now);
            self.writers.borrow_mut().insert(id, writer.clone());
            id
        });
        Some((id, writer))
    }

    /// Bytes from a client. As in nats-server, who sends more than others read waits for them, a little.
    pub async fn receive(&self, id: ConnectionId, bytes: &[u8]) {
        let behind = self.step(|server, now| {
            server.receive(id, bytes, now);
            server.behind()
        });
        if let Some(behind) = behind {
            let caught_up = async {
                while self.server.borrow().is_behind(behind) {
                    self.taken.notified().await;
                }
            };
            let _ = timeout(STALL, caught_up).await;
        }
    }

    /// A line of the log.
    pub fn note(&self, tag: &'static str, text: &str) {
        self.step(|server, now| server.note(tag, text, now));
    }

    /// Starts lame duck mode. Nothing that happens from here on is kept.
    pub fn enter_lame_duck_mode(&self) -> LameDuck {
        self.leaving.set(true);
        self.write();
        self.storage.replace(None);
        self.step(Server::enter_lame_duck_mode)
    }

    /// Closes all connections; nobody new comes in any more.
    fn shutdown(&self) {
        self.leaving.set(true);
        self.step(Server::shutdown);
        self.write();
    }

    /// No more bytes from a client.
    pub fn end_of_input(&self, id: ConnectionId) {
        self.step(|server, now| server.end_of_input(id, now));
    }

    /// What carries the bytes of a client is broken.
    pub fn broken(&self, id: ConnectionId, why: &str) {
        self.step(|server, now| server.broken(id, why, now));
    }

    /// Waits for a write of so many bytes, but no longer than the write deadline; false if it is time to let go.
    pub async fn written<E>(
        &self,
        id: ConnectionId,
        bytes: usize,
        write: impl Future<Output = Result<(), E>>,
    ) -> bool {
        let in_time = timeout(Duration::from_secs(WRITE_DEADLINE), write).await;
        self.server.borrow_mut().writing(id, 0);
        if in_time.is_err() {
            self.step(|server, now| server.write_timed_out(id, bytes, now));
        }
        matches!(in_time, Ok(Ok(())))
    }

    /// A connection is over.
    pub fn disconnect(&self, id: ConnectionId) {
        self.step(|server, now| server.disconnect(id, now));
        self.writers.borrow_mut().remove(&id);
        self.ended.notify_one();
    }

    /// Is everything safe that the steps so far changed?
    fn is_safe(&self) -> bool {
        let storage = &mut *self.storage.borrow_mut();
        let server = &mut self.server.borrow_mut();
        storage
            .as_mut()
            .is_none_or(|storage| storage.is_safe(server))
    }

    /// Makes safe what the steps so far changed, with one write for all connections that have sent something by now. What
    /// comes in while it lasts waits in the sockets, for the next.
    async fn commit(&self) {
        if !self.is_safe() {
            yield_now().await;
            self.write();
        }
    }

    fn write(&self) {
        if let Some(storage) = &mut *self.storage.borrow_mut()
            && let Err(error) = storage.commit(&mut self.server.borrow_mut())
        {
            eprintln!("nats-server: cannot write to the store directory: {error}");
            std::process::exit(1);
        }
    }

    /// The next bytes for a connection, waiting for them. What they acknowledge is safe by then.
    pub async fn output(&self, id: ConnectionId, writer: &Notify) -> Output {
        loop {
            self.commit().await;
            let output = self.server.borrow_mut().take_output(id);
            self.server.borrow_mut().writing(id, output.bytes.len());
            if !output.bytes.is_empty() || output.close.is_some() {
                self.taken.notify_waiters();
                return output;
            }
            writer.notified().await;
        }
    }

    async fn keep_deadlines(&self) {
        loop {
            self.commit().await;
            let next = self.server.borrow().next_deadline();
            match next.map(|at| at.since(now())) {
                // Steps may come as fast as they can be taken: what is due does not wait until they pause.
                Some(..=0) => {
                    self.step(Server::advance);
                    yield_now().await;
                }
                Some(wait) => {
                    let wait = Duration::from_nanos(wait as u64);
                    let _ = timeout(wait, self.deadline.notified()).await;
                }
                None => self.deadline.notified().await,
            }
        }
    }
}

/// What time it is.
pub fn now() -> Time {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time(since.as_nanos() as i64)
}

/// Reads the command line and serves until a signal comes.
#[tokio::main(flavor = "current_thread")]
pub async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let config = match flags::parse(&args) {
        Command::Run { config, jetstream } => Config {
            jetstream: jetstream.then_some(jetstream::start),
            verify_hash: Some(verify_hash),
            ..config
        },
        Command::Signal(_) => {
            eprintln!("nats-server: signals are sent with kill here");
            return ExitCode::FAILURE;
        }
        Command::Exit {
            stdout,
            stderr,
            code,
        } => {
            eprint!("{stderr}");
            print!("{stdout}");
            return ExitCode::from(code as u8);
        }
    };
    LocalSet::new().run_until(serve(config)).await
}

/// Whether a bcrypt hash belongs to a password; Go ignores what comes after its 60 characters.
fn verify_hash(hash: &str, password: &str) -> bool {
    let hash = hash.get(..60).unwrap_or(hash);
    bcrypt::verify(password, hash).unwrap_or(false)
}

/// Binds as Go does: the wildcard of IPv4 takes IPv6 as well, where there is any.
async fn listen(host: &str, port: u16) -> std::io::Result<TcpListener> {
    if host == "0.0.0.0"
        && let Ok(both) = TcpListener::bind(("::", port)).await
    {
        return Ok(both);
    }
    TcpListener::bind((host, port)).await
}

/// The same as Go says it; the system's own words are the same.
fn listen_error(host: &str, port: u16, error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let (first, rest) = words.split_at_checked(1).unwrap_or_default();
    let words = first.to_lowercase() + rest;
    format!("listen tcp {host}:{port}: bind: {words}")
}

fn seed(config: &Config) -> u64 {
    now().0 as u64 ^ u64::from(config.pid) << 32
}

/// Ends as nats-server does when it cannot listen at a port.
fn closed(config: Config, port: u16, websocket: bool, error: &std::io::Error) -> ExitCode {
    let error = listen_error(&config.host, port, error);
    let seed = seed(&config);
    for line in Server::cannot_listen(config, seed, now(), websocket, &error) {
        eprintln!("{line}");
    }
    ExitCode::FAILURE
}

async fn serve(mut config: Config) -> ExitCode {
    // Whoever reads that the server is ready may send one.
    let signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            eprintln!("nats-server: cannot wait for signals: {error}");
            return ExitCode::FAILURE;
        }
    };
    config.pid = std::process::id();
    let clients = match listen(&config.host, config.port).await {
        Ok(listener) => listener,
        Err(error) => {
            let port = config.port;
            return closed(config, port, false, &error);
        }
    };
    config.port = clients
        .local_addr()
        .map_or(config.port, |address| address.port());
    let mut websockets = None;
    if let Some(port) = config.websocket_port {
        match listen(&config.host, port).await {
            Ok(listener) => {
                config.websocket_port = listener.local_addr().ok().map(|address| address.port());
                websockets = Some(listener);
            }
            Err(error) => return closed(config, port, true, &error),
        }
    }
    let seed = seed(&config);
    let keep = (config.jetstream.is_some() && config.store_dir != Config::default().store_dir)
        .then(|| config.store_dir.clone());
    let mut server = Server::new(config, seed, now());
    let storage = keep.map(|directory| Storage::open(&mut server, &directory, now()));
    let storage = match storage.transpose() {
        Ok(storage) => storage,
        Err(error) => {
            eprintln!("nats-server: could not create storage directory - {error}");
            return ExitCode::FAILURE;
        }
    };
    let host = Rc::new(Host {
        server: RefCell::new(server),
        storage: RefCell::new(storage),
        writers: RefCell::default(),
        leaving: Cell::new(false),
        deadline: Notify::new(),
        ended: Notify::new(),
        taken: Notify::new(),
    });
    host.step(|_, _| {});
    let deadlines = host.clone();
    tokio::task::spawn_local(async move { deadlines.keep_deadlines().await });
    let mut doors = vec![tokio::task::spawn_local(connection::accept(
        host.clone(),
        clients,
        false,
    ))];
    if let Some(listener) = websockets {
        doors.push(tokio::task::spawn_local(connection::accept(
            host.clone(),
            listener,
            true,
        )));
    }
    signals::until_stopped(&host, signals, &mut doors).await;
    connection::close(&mut doors).await;
    host.shutdown();
    let all_closed = async {
        while !host.writers.borrow().is_empty() {
            host.ended.notified().await;
        }
    };
    tokio::select! {
        () = all_closed => {}
        () = sleep(LINGER) => {}
    }
    ExitCode::SUCCESS
}
