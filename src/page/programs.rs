//! What the terminals run: a shell with `nats` and `nats-server`, at a [`Tty`], with the server of the page around it.

use super::{
    chunks,
    link::Remotes,
    panes::title,
    tap::Tap,
    tty::{Reading, Tty},
};
use crate::{
    cli::{
        Files, Io, Session,
        shell::{Hooks, Shell},
    },
    client::{
        runtime::Runtime,
        transport::{Connector, LocalFuture},
        websocket::WebSocketConnector,
    },
    host::{Config, Host, Starting, flags},
    lesson::Terminal,
    wire::time::{SECOND, Time},
};
use std::{cell::Cell, rc::Rc};

/// Where a shell runs.
pub struct Place {
    /// Which terminal it is.
    pub terminal: Terminal,
    /// Where its connections can be listened to.
    pub tap: Tap,
    /// The server in this page.
    pub host: Host,
    /// Where it was started.
    pub server: Rc<Cell<Terminal>>,
    /// The real server, while one is connected.
    pub remote: Remotes,
    /// Time and tasks.
    pub runtime: Rc<dyn Runtime>,
}

/// The server that `nats` asks unless told otherwise.
const DEFAULT: &str = "nats://127.0.0.1:4222";

/// The way to the server of a URL: the real one that is connected, one that a page can reach by itself, or the one in
/// this page.
fn connector(host: &Host, remote: &Remotes, url: &str) -> Result<Rc<dyn Connector>, String> {
    match &*remote.borrow() {
        _ if url.starts_with("ws://") || url.starts_with("wss://") => {
            Ok(Rc::new(WebSocketConnector::new(url)))
        }
        Some(remote) if url == DEFAULT => Ok(remote.connector.clone()),
        Some(_) => Err("a page reaches servers by ws:// and wss:// only".into()),
        None => Ok(host.connector_at(url)),
    }
}

/// Seconds east of UTC of local time at `at`.
pub fn utc_offset(at: Time) -> i32 {
    let date = js_sys::Date::new(&(at.0 as f64 / 1e6).into());
    -(date.get_timezone_offset() as i32) * 60
}

/// A shell at a terminal.
pub fn shell(place: Place, tty: Rc<Tty>, files: Rc<dyn Files>, history: Vec<String>) -> Shell {
    let Place { terminal, tap, host, server, remote, runtime } = place;
    let (at, remotes) = (At { host: host.clone(), terminal, server }, remote.clone());
    let session = Session {
        io: Rc::new(Around { tty, files, remote }),
        connector: Rc::new(move |url| connector(&host, &remotes, url).map(|way| tap.on(terminal, way))),
        runtime,
        programs: None,
        parts: &chunks::PARTS,
    };
    let environment = [("HOME", HOME), ("USER", "you"), ("TERM", "xterm-256color")];
    let hooks = Hooks {
        server: Box::new(move |words, io| Box::pin(nats_server(at.clone(), words, io))),
        environment: environment.map(|(name, value)| (name.into(), value.into())).into(),
        history,
    };
    Shell::new(session, hooks)
}

/// Where the shells are at home.
pub const HOME: &str = "/home/you";

/// Where a server is started.
#[derive(Clone)]
struct At {
    host: Host,
    terminal: Terminal,
    /// Where the one was started that runs.
    server: Rc<Cell<Terminal>>,
}

/// `nats-server`: runs until ^C.
async fn nats_server(at: At, words: Vec<String>, io: Rc<dyn Io>) -> i32 {
    match flags::parse(&words) {
        flags::Command::Run { mut config, jetstream } => {
            let starting = at.host.starting();
            if jetstream {
                // Needed as soon as it runs; whoever needs it asks again.
                at.host.runtime().spawn(Box::pin(async { drop(chunks::view().await) }));
                match chunks::jetstream().await {
                    Ok(start) => config.jetstream = Some(start),
                    Err(why) => {
                        io.stderr(format!("nats-server: {why}\n").as_bytes());
                        return 1;
                    }
                }
            }
            serve(at, config, starting, io).await
        }
        flags::Command::Signal(_) => {
            io.stderr(b"nats-server: no nats-server processes running\n");
            1
        }
        flags::Command::Exit { stdout, stderr, code } => {
            // What is wrong comes before the usage.
            io.stderr(stderr.as_bytes());
            io.stdout(stdout.as_bytes());
            code
        }
    }
}

async fn serve(at: At, mut config: Config, starting: Starting, io: Rc<dyn Io>) -> i32 {
    let At { host, terminal, server } = at;
    if config.utc_offset.is_some() && !config.log_utc {
        config.utc_offset = Some(i64::from(utc_offset(host.now())) * SECOND);
    }
    let interrupted = io.interrupt();
    let started = host.start(config.clone());
    drop(starting);
    if let Err(error) = started {
        // At another port a real one would run.
        if host.running().is_some_and(|running| running.port == config.port) {
            for line in host.log_of_refused(config, &error) {
                io.stderr(format!("{line}\n").as_bytes());
            }
        }
        let running = title(server.get());
        io.stderr(format!("One runs in this page already, in “{running}”: ^C there stops it.\n").as_bytes());
        return 1;
    }
    server.set(terminal);
    // Not before: where a server runs already, the log is that one's. Lines wait until a task hands them out.
    let log = io.clone();
    host.on_log(Rc::new(move |line| log.stderr(format!("{line}\n").as_bytes())));
    let running = Running(host.clone());
    interrupted.await;
    io.stderr(b"\n");
    drop(running);
    // The last lines of the log come in a task of their own.
    host.runtime().sleep(0).await;
    0
}

/// A server that runs, until this is dropped.
struct Running(Host);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stop("interrupt");
    }
}

/// A terminal as the `nats` command sees it.
struct Around {
    tty: Rc<Tty>,
    files: Rc<dyn Files>,
    remote: Remotes,
}

impl Io for Around {
    fn stdout(&self, bytes: &[u8]) {
        self.tty.write(bytes);
    }

    fn stderr(&self, bytes: &[u8]) {
        if bytes.starts_with(b"nats: error:") {
            self.tty.write(&[b"\x1b[91m", bytes.trim_ascii_end(), b"\x1b[0m\n"].concat());
        } else {
            self.tty.write(bytes);
        }
    }

    fn stdin_is_terminal(&self) -> bool {
        true
    }

    fn stdout_is_terminal(&self) -> bool {
        true
    }

    fn size(&self) -> (usize, usize) {
        self.tty.size()
    }

    fn read(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        self.tty.read(Reading::Lines)
    }

    fn read_keys(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        self.tty.read(Reading::Keys)
    }

    fn interrupt(&self) -> LocalFuture<'static, ()> {
        self.tty.interrupted()
    }

    /// The shell has the variables. What is only here is not seen by `env` or `echo`: the credentials of the real server.
    fn env(&self, name: &str) -> Option<String> {
        let remote = self.remote.borrow();
        let credentials = &remote.as_ref()?.credentials;
        match name {
            "NATS_USER" => credentials.user.clone(),
            "NATS_PASSWORD" => credentials.pass.clone(),
            "NATS_TOKEN" => credentials.token.clone(),
            _ => credentials.variable.as_ref().filter(|(named, _)| *named == name).map(|(_, file)| file.clone()),
        }
    }

    fn utc_offset(&self, at: Time) -> i32 {
        utc_offset(at)
    }

    fn files(&self) -> Rc<dyn Files> {
        self.files.clone()
    }
}
