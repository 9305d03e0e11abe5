//! Where a server lives in-process: hands out transports, drains outputs in order, owns the clock.
//! The only module that knows both the server and the client.
//!
//! A client's bytes reach the server at once, but nothing ever comes back inside a call: deliveries are queued and their
//! reader is woken, log lines are handed out by a task of the host's own.

mod link;
#[cfg(target_arch = "wasm32")]
mod runtime;
mod starting;
mod store;
#[cfg(target_arch = "wasm32")]
mod turns;

#[cfg(target_arch = "wasm32")]
pub use runtime::BrowserRuntime;
#[cfg(all(feature = "js", target_arch = "wasm32"))]
pub use turns::Turns;

pub use crate::server::{Config, StartEngine, flags, jetstream};

use crate::client::{
    runtime::Runtime,
    transport::{Connector, LocalFuture},
};
use crate::server::{ConnectionId, Peer, Server};
use crate::wire::{
    sorted::Sorted,
    time::{SECOND, Time},
};
use link::{Link, LinkTransport, Place, Port};
use starting::Expected;
pub use starting::Starting;
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    rc::{Rc, Weak},
    task::{Context, Poll, Waker},
};
use store::Stores;
pub use store::{Change, KeepFn};

/// Where the clock stands still, the year 2200: not far behind it, times in ns leave their 64 bits.
const LAST: Time = Time(7_258_118_400 * SECOND);

/// Gets log lines, each without its newline.
pub type LogFn = Rc<dyn Fn(&str)>;

/// A place where one nats-server can run at a time; clones are the same place.
#[derive(Clone)]
pub struct Host(Rc<Shared>);

struct Shared {
    runtime: Rc<dyn Runtime>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    running: Option<(Server, Config)>,
    expected: Expected,
    stores: Stores,
    /// How far the clock was moved ahead of the runtime's, in ns.
    ahead: i64,
    /// Open connections by id, which only grows; those of servers before this one have ended.
    links: Sorted<ConnectionId, Link>,
    last_port: u16,
    lines: Vec<String>,
    log: Option<LogFn>,
    tender: Option<Waker>,
    /// What it waits for.
    tended: Option<Due>,
}

/// The next deadline, and how far ahead the clock is.
type Due = (Time, i64);

/// First of the port numbers connections seem to come from.
const FIRST_PORT: u16 = 40_000;
/// Sleeps are cut to this, as timers of browsers end at 24 days.
const LONGEST_SLEEP: i64 = 3600 * SECOND;

impl Host {
    /// A place with nothing running. `runtime` gives time, timers, tasks and randomness.
    pub fn new(runtime: Rc<dyn Runtime>) -> Host {
        let shared = Rc::new(Shared {
            runtime: runtime.clone(),
            state: RefCell::default(),
        });
        runtime.spawn(tend(Rc::downgrade(&shared)));
        Host(shared)
    }

    /// Starts a server. File-backed streams that the store directory had are there again; what could not be read whole is
    /// also kept under another name, `<store_dir>.damaged-<time>`. `Err` when a server is running
    /// already, in nats-server's words.
    pub fn start(&self, config: Config) -> Result<(), String> {
        let mut state = self.0.state.borrow_mut();
        if let Some((_, running)) = &state.running {
            let Config { host, port, .. } = running;
            return Err(format!(
                "listen tcp {host}:{port}: bind: address already in use"
            ));
        }
        let now = state.now(&*self.0.runtime);
        let mut server = Server::new(config.clone(), self.0.runtime.random(), now);
        state.stores.restore(&mut server, &config, now);
        state.stores.started(&mut server, &config);
        state.running = Some((server, config));
        state.expected.wake();
        state.drain();
        Ok(())
    }

    /// The log of a server that [`Host::start`] has refused with this error.
    pub fn log_of_refused(&self, config: Config, error: &str) -> Vec<String> {
        Server::cannot_listen(config, self.0.runtime.random(), self.now(), false, error)
    }

    /// Puts what was kept of an earlier server into a store directory; for the next [`Host::start`].
    pub fn load(&self, store_dir: &str, kept: Vec<u8>) {
        self.0.state.borrow_mut().stores.put(store_dir, kept);
    }

    /// File-backed streams of a store directory as bytes, for [`Host::load`]; empty if there never were any.
    pub fn save(&self, store_dir: &str) -> Vec<u8> {
        let state = &mut *self.0.state.borrow_mut();
        if let Some((server, config)) = &mut state.running
            && config.store_dir == store_dir
        {
            state.stores.save(server, config);
        }
        state.stores.get(store_dir).cloned().unwrap_or_default()
    }

    /// Has `keep` called with every change of file-backed streams, of servers started from now on. Calls come in order,
    /// from a task of the host's own.
    pub fn on_change(&self, keep: KeepFn) {
        self.0.state.borrow_mut().stores.keep = Some(keep);
    }

    /// Stops the server as SIGINT (`interrupt`) or SIGTERM (`terminated`) would; connections end with EOF.
    pub fn stop(&self, signal: &str) {
        let state = &mut *self.0.state.borrow_mut();
        let now = state.now(&*self.0.runtime);
        if let Some((server, _)) = &mut state.running {
            server.note("INF", &format!("Trapped \"{signal}\" signal"), now);
            server.shutdown(now);
        }
        state.drain();
        if let Some((mut server, config)) = state.running.take() {
            state.stores.save(&mut server, &config);
        }
        for (_, link) in std::mem::take(&mut state.links) {
            link.end("EOF");
        }
    }

    /// Configuration of the server that runs, if one does.
    pub fn running(&self) -> Option<Config> {
        let state = self.0.state.borrow();
        state.running.as_ref().map(|(_, config)| config.clone())
    }

    /// Opens connections to whatever server runs at the time; refused when none does.
    pub fn connector(&self) -> Rc<dyn Connector> {
        Rc::new(Place {
            host: self.clone(),
            at: None,
        })
    }

    /// As [`Host::connector`], but only if the server listens where `url` points to (`nats://127.0.0.1:4222`, scheme and
    /// port optional); refused, or unknown as a host, as the network of a computer with only this server would do.
    pub fn connector_at(&self, url: &str) -> Rc<dyn Connector> {
        Rc::new(Place {
            host: self.clone(),
            at: Some(url.into()),
        })
    }

    /// The runtime for clients of this place: its clock is [`Host::now`].
    pub fn runtime(&self) -> Rc<dyn Runtime> {
        Rc::new(self.clone())
    }

    /// The server's time: the runtime's plus what it was moved ahead.
    pub fn now(&self) -> Time {
        self.0.state.borrow().now(&*self.0.runtime)
    }

    /// The time in `ns` from now, in the year 2200 at most.
    pub fn later(&self, ns: i64) -> Time {
        self.now().after(ns).min(LAST)
    }

    /// Moves the clock ahead by `ns`, to the year 2200 at most; everything due in between happens in order, and clients get to
    /// answer.
    pub async fn advance(&self, ns: i64) {
        let end = self.later(ns);
        for step in 0.. {
            let delivered = {
                let mut state = self.0.state.borrow_mut();
                let now = state.now(&*self.0.runtime);
                let due = state.deadline().unwrap_or(end);
                // With very much to do it is done in strides: shorter than the time between PINGs, unless even of such there
                // were more than anybody waits for.
                let stride = match step {
                    ..5_000 => 0,
                    _ => (ns / 1_000).min(60 * SECOND).max(ns / 100_000),
                };
                let to = due.max(now.after(stride)).min(end);
                state.ahead += to.since(now).max(0);
                state.advance(to.max(now))
            };
            if delivered {
                // Readers may be waiting for the same.
                if let Some(turn) = self.0.runtime.turn() {
                    turn.await;
                }
                // As often as a client takes to read a PING and answer it, one in JavaScript too.
                for _ in 0..16 {
                    yield_now().await;
                }
            }
            if self.now() >= end && self.0.state.borrow().deadline().is_none_or(|at| at > end) {
                return;
            }
        }
    }

    /// Calls `log` with every log line of the servers to come, without its newline.
    pub fn on_log(&self, log: LogFn) {
        self.0.state.borrow_mut().log = Some(log);
    }

    /// A connection's bytes on the way in.
    fn receive(&self, id: ConnectionId, bytes: &[u8]) {
        let mut state = self.0.state.borrow_mut();
        let now = state.now(&*self.0.runtime);
        if let Some((server, _)) = &mut state.running {
            server.receive(id, bytes, now);
            state.drain();
        }
    }

    fn disconnect(&self, id: ConnectionId) {
        let mut state = self.0.state.borrow_mut();
        let now = state.now(&*self.0.runtime);
        state.links.remove(&id);
        if let Some((server, _)) = &mut state.running {
            server.disconnect(id, now);
            state.drain();
        }
    }

    /// Opens a connection, `None` when no server runs.
    fn open(&self) -> Option<LinkTransport> {
        let mut state = self.0.state.borrow_mut();
        let now = state.now(&*self.0.runtime);
        state.last_port = state.last_port.wrapping_add(2).max(FIRST_PORT);
        let peer = Peer {
            ip: "127.0.0.1".into(),
            port: state.last_port,
            ..Peer::default()
        };
        let (server, _) = state.running.as_mut()?;
        let id = server.connect(peer, now);
        let link = Link::default();
        state.links.insert(id, link.clone());
        state.drain();
        Some(LinkTransport::new(self.clone(), id, link))
    }
}

impl State {
    fn now(&self, runtime: &dyn Runtime) -> Time {
        runtime.now().after(self.ahead)
    }

    fn due(&self) -> Option<Due> {
        self.deadline().map(|at| (at, self.ahead))
    }

    fn deadline(&self) -> Option<Time> {
        self.running
            .as_ref()
            .and_then(|(server, _)| server.next_deadline())
    }

    /// Did anybody get something?
    fn advance(&mut self, now: Time) -> bool {
        if let Some((server, _)) = &mut self.running {
            server.advance(now);
        }
        self.drain()
    }

    /// Hands out what the server has to say. Did anybody get something?
    fn drain(&mut self) -> bool {
        let Some((server, config)) = &mut self.running else {
            return false;
        };
        let ready = server.take_ready();
        for id in &ready {
            let output = server.take_output(*id);
            let Some(link) = self.links.get(id) else {
                continue;
            };
            if !output.bytes.is_empty() {
                link.push(output.bytes);
            }
            if output.close.is_some() {
                link.end("EOF");
                self.links.remove(id);
            }
        }
        self.lines.append(&mut server.take_log());
        self.stores.changed(server, config);
        let news = !self.lines.is_empty() || !self.stores.changes.is_empty();
        if (news || self.due() != self.tended)
            && let Some(tender) = self.tender.take()
        {
            tender.wake();
        }
        !ready.is_empty()
    }
}

/// Runs what is due, and hands out log lines and changes, as long as the host is there.
fn tend(shared: Weak<Shared>) -> LocalFuture<'static, ()> {
    let mut timer: Option<(Due, LocalFuture<'static, ()>)> = None;
    Box::pin(poll_fn(move |cx| {
        let Some(shared) = shared.upgrade() else {
            return Poll::Ready(());
        };
        loop {
            shared.tell();
            let mut state = shared.state.borrow_mut();
            state.tender = Some(cx.waker().clone());
            state.tended = state.due();
            let Some(due) = state.tended else {
                timer = None;
                return Poll::Pending;
            };
            let now = state.now(&*shared.runtime);
            let (at, _) = due;
            if timer.as_ref().is_none_or(|(set, _)| *set != due) {
                let wait = at.since(now).clamp(1, LONGEST_SLEEP);
                timer = Some((due, shared.runtime.sleep(wait)));
            }
            let rung = timer.as_mut().map(|(_, sleep)| sleep.as_mut().poll(cx));
            if rung != Some(Poll::Ready(())) {
                return Poll::Pending;
            }
            timer = None;
            if at <= now {
                state.advance(now);
            }
        }
    }))
}

impl Shared {
    /// Hands out log lines and changes; nothing is borrowed meanwhile.
    fn tell(&self) {
        let (lines, log, changes, keep) = {
            let mut state = self.state.borrow_mut();
            let changes = std::mem::take(&mut state.stores.changes);
            let lines = std::mem::take(&mut state.lines);
            (lines, state.log.clone(), changes, state.stores.keep.clone())
        };
        if let Some(log) = log {
            lines.iter().for_each(|line| log(line));
        }
        if let Some(keep) = keep {
            changes
                .into_iter()
                .for_each(|(store, change)| keep(&store, change));
        }
    }
}

/// Lets other tasks run.
fn yield_now() -> impl Future<Output = ()> {
    let mut yielded = false;
    poll_fn(move |cx: &mut Context<'_>| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

impl Runtime for Host {
    fn now(&self) -> Time {
        Host::now(self)
    }

    fn sleep(&self, ns: i64) -> LocalFuture<'static, ()> {
        self.0.runtime.sleep(ns)
    }

    fn spawn(&self, task: LocalFuture<'static, ()>) {
        self.0.runtime.spawn(task);
    }

    fn turn(&self) -> Option<LocalFuture<'static, ()>> {
        self.0.runtime.turn()
    }

    fn random(&self) -> u64 {
        self.0.runtime.random()
    }
}

/// Whether `url` points to a server with this configuration.
fn points_to(url: &str, config: Option<&Config>) -> Port {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (name, port) = match rest.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().unwrap_or(0)),
        None => (rest, 4222),
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let here = ["127.0.0.1", "localhost", "::1", "0.0.0.0", ""].contains(&name);
    if here && config.is_some_and(|config| config.port == port) {
        Port::Open
    } else if here || is_address(name) {
        Port::Refused(format!("{name}:{port}"))
    } else {
        Port::Unknown(name.into())
    }
}

/// Whether a host is named by its address, so that nobody has to be asked for it.
fn is_address(name: &str) -> bool {
    name.contains(':')
        || (name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok()))
}
