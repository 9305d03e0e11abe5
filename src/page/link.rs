//! Which server the page is a client of: the one in this page, which is always kept, or a real one across a WebSocket.
//! Credentials stay in memory here; they go into CONNECT and nowhere else.

use super::state::Page;
use crate::{
    client::{
        Client, Error, Event, JetStream, Options, State,
        runtime::Runtime,
        transport::{Connector, LocalFuture, TransportError},
        websocket::WebSocketConnector,
    },
    host::{BrowserRuntime, Host},
    wire::time::{SECOND, Time},
};
use leptos::prelude::window;
use std::{cell::RefCell, rc::Rc};

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
}

/// A real server.
pub struct Remote {
    /// Opens connections to it.
    pub connector: Rc<dyn Connector>,
    /// Who is there.
    pub credentials: Credentials,
    /// The page's own connection.
    pub jetstream: JetStream,
    /// Buckets that were there before, and that nobody has agreed to write to.
    foreign: RefCell<Vec<String>>,
}

/// The real server that is connected, if one is; shared with the terminals.
pub type Remotes = Rc<RefCell<Option<Rc<Remote>>>>;

impl Link {
    /// Is it, or was it, a real server?
    pub fn is_real(&self) -> bool {
        !matches!(self, Link::InPage | Link::Stopped)
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

/// Connects the page to a real server; what went wrong, in words that say what to do.
pub async fn connect(page: Page, url: String, credentials: Credentials) -> Result<(), String> {
    page.link.set(Link::Connecting);
    let connector: Rc<dyn Connector> = Rc::new(WebSocketConnector::new(&url));
    let seen = move |event: &Event| happened(page, event);
    let options = Options {
        name: "NATS KV Playground".into(),
        user: credentials.user.clone(),
        pass: credentials.pass.clone(),
        token: credentials.token.clone(),
        on_event: Some(Rc::new(seen)),
        ..Options::default()
    };
    let runtime = Rc::new(BrowserRuntime::new());
    let connected = Client::connect(connector.clone(), runtime, options).await;
    let client = match connected {
        Ok(client) => client,
        Err(error) => {
            page.link.set(Link::InPage);
            refresh(page);
            return Err(words(&error, &url));
        }
    };
    let jetstream = JetStream::new(client);
    let foreign = jetstream.key_value_names().await.unwrap_or_default();
    let remote = Remote { connector, credentials, jetstream, foreign: RefCell::new(foreign) };
    page.room().remote.replace(Some(Rc::new(remote)));
    page.stream.forget(page);
    refresh(page);
    Ok(())
}

/// Goes back to the server in this page.
pub fn disconnect(page: Page) {
    if let Some(remote) = page.room().remote.take() {
        remote.jetstream.client.close();
    }
    page.link.set(Link::InPage);
    page.stream.forget(page);
}

/// Shows where the connection stands, and measures its round-trip time.
pub fn refresh(page: Page) {
    let Some(remote) = page.room().remote.borrow().clone() else {
        // Before the first connection to it, it is about to start.
        if page.jetstream().is_some() && !page.link.with_untracked(Link::is_real) {
            show(page, if page.room().host.running().is_some() { Link::InPage } else { Link::Stopped });
        }
        return;
    };
    let client = remote.jetstream.client.clone();
    match client.state() {
        State::Connected => {
            let info = client.server_info();
            let rtt = match page.link.get_untracked() {
                Link::Connected { rtt, .. } => rtt,
                _ => None,
            };
            show(page, Link::Connected { name: info.server_name, version: info.version, rtt });
            page.runtime().spawn(Box::pin(async move {
                if let Ok(now) = client.rtt().await {
                    page.link.update(|link| {
                        if let Link::Connected { rtt, .. } = link {
                            *rtt = Some(now);
                        }
                    });
                }
            }));
        }
        State::Reconnecting { next, why, .. } => {
            let now = client.runtime().now();
            let seconds = next.map_or(0, |next| (next.since(now) + SECOND - 1) / SECOND).max(0);
            show(page, Link::Reconnecting { why, seconds });
        }
        State::Closed(error) => {
            let why = error.map_or_else(|| "closed".into(), |error| error.to_string());
            show(page, Link::Closed(why));
        }
    }
}

fn show(page: Page, link: Link) {
    if page.link.get_untracked() != link {
        page.link.set(link);
    }
}

fn happened(page: Page, event: &Event) {
    if page.link.get_untracked() == Link::Connecting {
        return;
    }
    refresh(page);
    if *event == Event::Reconnected {
        page.stream.look(page);
    }
}

fn words(error: &Error, url: &str) -> String {
    let secure = window().location().protocol().is_ok_and(|protocol| protocol == "https:");
    match error {
        // Some browsers refuse it at once, others let it fail.
        Error::Transport(TransportError::Address(_) | TransportError::Refused(_)) if secure && url.starts_with("ws://") => {
            "This page came over https, and browsers let such a page open wss:// only (ws:// at most to this computer). \
             Give the server’s websocket block a tls { … } and connect to wss://…, or open this page over http."
                .into()
        }
        Error::Transport(TransportError::Address(why)) => {
            format!("No connection: {why}. Addresses look like ws://127.0.0.1:8443 or wss://host.")
        }
        Error::Transport(TransportError::Refused(_)) => format!(
            "Nothing that speaks WebSocket can be reached at {url}: nothing listens there, or a web server, or \
             nats-server’s port for other clients (4222). Does nats-server run, with a websocket block as below, on the port it says?"
        ),
        Error::Server(text) if text.contains("uthori") || text.contains("uthentication") => {
            "The server refuses these credentials (Authorization Violation). Check user and password, or the token.".into()
        }
        Error::NoInfo | Error::Protocol(_) => {
            format!("{url} is a WebSocket, but not of a nats-server: it does not begin with INFO. Use the port of the websocket block, as below.")
        }
        Error::Timeout => format!("{url} did not answer in time."),
        error => format!("The connection failed: {error}"),
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

    fn random(&self) -> u64 {
        self.wall.random()
    }
}
