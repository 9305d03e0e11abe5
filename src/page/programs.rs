//! What the terminals run: the `nats` command in A and B, `nats-server` in the server's.

use super::{
    console::Program,
    tty::{Reading, Tty},
};
use crate::{
    cli::{self, FileError, Files, Io, Session},
    client::{runtime::Runtime, transport::LocalFuture},
    host::{BrowserRuntime, Config, Host, flags},
    wire::time::{SECOND, Time},
};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

/// Time, timers and randomness of the browser.
pub fn runtime() -> Rc<dyn Runtime> {
    Rc::new(BrowserRuntime::new())
}

/// Seconds east of UTC of local time at `at`.
pub fn utc_offset(at: Time) -> i32 {
    let date = js_sys::Date::new(&(at.0 as f64 / 1e6).into());
    -(date.get_timezone_offset() as i32) * 60
}

/// A shell with the `nats` command.
pub fn shell(host: &Host) -> Program {
    let host = host.clone();
    let files: Rc<dyn Files> = Rc::new(MemoryFiles::default());
    Box::new(move |line, tty| {
        let (host, files) = (host.clone(), files.clone());
        Box::pin(async move {
            let words: Vec<String> = line.split_whitespace().map(String::from).collect();
            let connector_host = host.clone();
            let session = Session {
                io: Rc::new(Terminal { tty: tty.clone(), files }),
                connector: Rc::new(move |url| Ok(connector_host.connector_at(url))),
                runtime: host.runtime(),
            };
            match words.split_first() {
                Some((program, args)) if program == "nats" => cli::run(args.to_vec(), session).await,
                Some((program, _)) if program == "clear" => {
                    tty.clear();
                    0
                }
                Some((program, _)) => {
                    tty.write(format!("sh: {program}: command not found\n").as_bytes());
                    127
                }
                None => 0,
            }
        })
    })
}

/// `nats-server`: runs until ^C.
pub fn server(host: &Host) -> Program {
    let host = host.clone();
    Box::new(move |line, tty| {
        let host = host.clone();
        Box::pin(async move {
            let mut words = line.split_whitespace().map(String::from);
            match words.next().as_deref() {
                Some("nats-server") => {}
                Some("clear") => {
                    tty.clear();
                    return 0;
                }
                Some(other) => {
                    let text = format!("{other}: this terminal is the server's: nats-server -js\n");
                    tty.write(text.as_bytes());
                    return 127;
                }
                None => return 0,
            }
            match flags::parse(&words.collect::<Vec<_>>()) {
                flags::Command::Run(config) => serve(&host, config, &tty).await,
                flags::Command::Signal(_) => {
                    tty.write(b"nats-server: no nats-server processes running\n");
                    1
                }
                flags::Command::Exit { stdout, stderr, code } => {
                    tty.write(stdout.as_bytes());
                    tty.write(stderr.as_bytes());
                    code
                }
            }
        })
    })
}

async fn serve(host: &Host, mut config: Config, tty: &Rc<Tty>) -> i32 {
    if config.utc_offset.is_some() && !config.log_utc {
        config.utc_offset = Some(i64::from(utc_offset(host.now())) * SECOND);
    }
    let interrupted = tty.interrupted();
    if let Err(error) = host.start(config) {
        tty.write(format!("{error}\n").as_bytes());
        return 1;
    }
    interrupted.await;
    tty.write(b"\n");
    host.stop("interrupt");
    // The last lines of the log come in a task of their own.
    host.runtime().sleep(0).await;
    0
}

/// A terminal as the `nats` command sees it.
struct Terminal {
    tty: Rc<Tty>,
    files: Rc<dyn Files>,
}

impl Io for Terminal {
    fn stdout(&self, bytes: &[u8]) {
        self.tty.write(bytes);
    }

    fn stderr(&self, bytes: &[u8]) {
        self.tty.write(bytes);
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

    fn env(&self, name: &str) -> Option<String> {
        (name == "HOME").then(|| "/home".into())
    }

    fn utc_offset(&self, at: Time) -> i32 {
        utc_offset(at)
    }

    fn files(&self) -> Rc<dyn Files> {
        self.files.clone()
    }
}

/// Files for as long as the page is open.
#[derive(Default)]
struct MemoryFiles(RefCell<BTreeMap<String, Vec<u8>>>);

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.0.borrow().get(path).cloned().ok_or(FileError::Missing)
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<(), FileError> {
        self.0.borrow_mut().insert(path.into(), content.into());
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        self.0.borrow_mut().remove(path).map(|_| ()).ok_or(FileError::Missing)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let folder = format!("{}/", folder.trim_end_matches('/'));
        let files = self.0.borrow();
        let names = files.keys().filter_map(|path| path.strip_prefix(&folder));
        Ok(names.filter(|name| !name.contains('/')).map(String::from).collect())
    }
}
