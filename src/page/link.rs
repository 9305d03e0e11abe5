//! Which server the page is a client of: the one in this page, which is always kept, or a real one across a WebSocket.
//! Credentials stay in memory here; they go into CONNECT and nowhere else.

use super::{state::Page, view::Viewer};
use crate::{
    client::{
        runtime::Runtime,
        transport::{Connector, LocalFuture},
    },
    host::{BrowserRuntime, Host},
    lesson::Terminal,
    wire::time::Time,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// The connection, as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The server in this page.
    InPage,
    /// The server in this page, which does not run.
    Stopped,
    /// A real server is being connected to.
    Connecting,
    /// Connected.
    Connected {
        /// The server's name.
        name: String,
        /// Its version.
        version: String,
        /// Round-trip time in ns, once it is known.
        rtt: Option<i64>,
    },
    /// The connection broke, and is tried again.
    Reconnecting {
        /// Why.
        why: String,
        /// Seconds until the next attempt.
        seconds: i64,
    },
    /// Ended for good.
    Closed(String),
}

/// What to say to a server that asks who is there.
#[derive(Clone, Default)]
pub struct Credentials {
    /// User, with a password.
    pub user: Option<String>,
    /// Password.
    pub pass: Option<String>,
    /// Token, instead.
    pub token: Option<String>,
    /// Content of a file of credentials or with a seed, instead; until it is read.
    pub file: Option<Vec<u8>>,
    /// The variable that the commands find the file in, and how it is written there.
    pub variable: Option<(&'static str, String)>,
}

/// A real server.
pub struct Remote {
    /// Opens connections to it.
    pub connector: Rc<dyn Connector>,
    /// Who is there.
    pub credentials: Credentials,
    /// The page's own connection.
    pub viewer: Rc<dyn Viewer>,
    /// Buckets that were there before, and that nobody has agreed to write to.
    pub foreign: RefCell<Vec<String>>,
    /// Terminals where something was run on it.
    pub used: [Cell<bool>; 3],
}

/// The real server that is connected, if one is; shared with the terminals.
pub type Remotes = Rc<RefCell<Option<Rc<Remote>>>>;

impl Link {
    /// Is it, or was it, a real server? While one is being connected to, the one in this page still is what there is.
    pub fn is_real(&self) -> bool {
        !matches!(self, Link::InPage | Link::Stopped | Link::Connecting)
    }
}

impl Remote {
    /// The bucket of a command line that would change a bucket that was there before.
    pub fn endangered(&self, line: &str) -> Option<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["nats", "kv", "put" | "create" | "update" | "del" | "purge" | "rm", bucket, ..] => {
                let foreign = self.foreign.borrow();
                foreign.iter().find(|name| *name == bucket).cloned()
            }
            _ => None,
        }
    }

    /// The person has agreed.
    pub fn agreed(&self, bucket: &str) {
        self.foreign.borrow_mut().retain(|name| name != bucket);
    }
}

/// Goes back to the server in this page.
pub fn disconnect(page: Page) {
    if let Some(remote) = page.room().remote.take() {
        remote.viewer.close();
        // What still runs there is a client of it, too.
        for terminal in [Terminal::A, Terminal::B] {
            let console = page.console(terminal);
            if remote.used[terminal as usize].get() && console.busy() {
                console.interrupt();
            }
        }
    }
    page.link.set(Link::InPage);
    page.stream.forget(page);
}

/// Goes back to the server of before: another could not be connected to, or is not wanted any more.
pub fn fall_back(page: Page) {
    page.link.set(Link::InPage);
    refresh(page);
}

/// Shows where the connection stands.
pub fn refresh(page: Page) {
    let remote = page.room().remote.borrow().clone();
    match remote {
        Some(remote) => remote.viewer.refresh(page),
        // Before it has run for the first time, it is about to start.
        None if page.ready.get_untracked() && page.link.with_untracked(|link| matches!(link, Link::InPage | Link::Stopped)) => {
            show(page, if page.room().host.running().is_some() { Link::InPage } else { Link::Stopped });
        }
        None => {}
    }
}

/// Shows that it stands so, if it did not before.
pub fn show(page: Page, link: Link) {
    if page.link.get_untracked() != link {
        page.link.set(link);
    }
}

/// Time and tasks of the terminals: the clock of the server that is connected.
pub struct PageRuntime {
    /// The place of the server in this page.
    pub host: Host,
    /// The real server.
    pub remotes: Remotes,
    /// The wall clock.
    pub wall: BrowserRuntime,
}

impl Runtime for PageRuntime {
    fn now(&self) -> Time {
        match &*self.remotes.borrow() {
            Some(_) => self.wall.now(),
            None => self.host.now(),
        }
    }

    fn sleep(&self, ns: i64) -> LocalFuture<'static, ()> {
        match &*self.remotes.borrow() {
            Some(_) => self.wall.sleep(ns),
            None => self.host.runtime().sleep(ns),
        }
    }

    fn spawn(&self, task: LocalFuture<'static, ()>) {
        self.wall.spawn(task);
    }

    fn turn(&self) -> Option<LocalFuture<'static, ()>> {
        self.host.runtime().turn()
    }

    fn random(&self) -> u64 {
        self.wall.random()
    }
}
