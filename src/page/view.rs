//! The page as a client of the server, like any other: it lists, asks for descriptions, watches. Its code comes with JetStream
//! or a real server, as there is nothing to see before; the rest of the page gets here by [`VIEW`] and [`Viewer`] only.

use super::{
    cancel::Cancel,
    chunks,
    link::{self, Credentials, Link, Remote},
    model::Model,
    state::Page,
    stream_pane::stream_pane,
};
use crate::{
    client::{
        Client, Error, Event, JetStream, Options, Signer, State,
        kv::WatchOptions,
        transport::{Connector, LocalFuture, TransportError},
        types::StreamInfo,
        websocket::WebSocketConnector,
    },
    host::BrowserRuntime,
    wire::{json::from_json, time::SECOND},
};
use leptos::prelude::window;
use std::{cell::RefCell, rc::Rc};

/// Messages of a bucket that are asked for when it comes to be shown.
const BACKLOG: u64 = 1_000;
/// Deleted messages between others that are asked for one by one.
const GAPS: u64 = 10_000;

/// The ways to a [`Viewer`].
pub struct View {
    /// [`attach`]
    pub attach: fn(Page) -> LocalFuture<'static, Option<Cancel>>,
    /// [`connect`]
    pub connect: fn(Page, String, Credentials) -> LocalFuture<'static, Result<(), String>>,
}

/// All of it.
pub static VIEW: View = View {
    attach: |page| Box::pin(attach(page)),
    connect: |page, url, credentials| Box::pin(connect(page, url, credentials)),
};

/// The page's own connection.
pub trait Viewer {
    /// Looks which buckets there are, and whether the lesson's step is done.
    fn look(&self, page: Page) -> LocalFuture<'_, ()>;
    /// Shows where the connection to a real server stands, and measures its round-trip time.
    fn refresh(&self, page: Page);
    /// Does not wait for the next attempt.
    fn reconnect_now(&self);
    /// Ends it.
    fn close(&self);
}

/// What shows a bucket is there before the first one is.
fn prepare(page: Page) {
    let pane = page.stream.pane;
    if pane.with_untracked(Option::is_none) {
        pane.set(Some(stream_pane));
    }
}

/// Connects the page itself to the server in this page, unless that refuses; what it gives is cancelled when the connection is
/// over for good, as when the server was started again with another password.
async fn attach(page: Page) -> Option<Cancel> {
    prepare(page);
    let host = &page.room().host;
    let over = Cancel::default();
    let closed = over.clone();
    let seen = move |event: &Event| {
        if let Event::Closed(_) = event {
            closed.cancel();
        }
        // Whether a server runs is seen at once.
        page.stream.look(page);
    };
    let config = host.running().unwrap_or_default();
    let options = Options {
        name: "playground".into(),
        user: config.user,
        pass: config.pass,
        token: config.token,
        on_event: Some(Rc::new(seen)),
        ..Options::default()
    };
    let client = Client::connect(host.connector(), host.runtime(), options).await.ok()?;
    page.attached(Rc::new(Own::new(client, page)));
    Some(over)
}

/// Connects the page to a real server; what went wrong, in words that say what to do.
async fn connect(page: Page, url: String, mut credentials: Credentials) -> Result<(), String> {
    let signer = signer(&mut credentials).await?;
    prepare(page);
    page.link.set(Link::Connecting);
    let connector: Rc<dyn Connector> = Rc::new(WebSocketConnector::new(&url));
    let seen = move |event: &Event| happened(page, event);
    let options = Options {
        name: "NATS KV Playground".into(),
        user: credentials.user.clone(),
        pass: credentials.pass.clone(),
        token: credentials.token.clone(),
        signer,
        on_event: Some(Rc::new(seen)),
        ..Options::default()
    };
    let runtime = Rc::new(BrowserRuntime::new());
    let client = Client::connect(connector.clone(), runtime, options).await.map_err(|error| words(&error, &url))?;
    let foreign = JetStream::new(client.clone()).key_value_names().await.unwrap_or_default();
    // Not before: until here whoever waits may have enough of it, and all of this is gone.
    let viewer = Rc::new(Own::new(client, page));
    let remote = Remote { connector, credentials, viewer, foreign: RefCell::new(foreign), used: Default::default() };
    page.room().remote.replace(Some(Rc::new(remote)));
    page.stream.forget(page);
    link::refresh(page);
    Ok(())
}

/// Who connects by the file there may be; the commands get to know of it.
async fn signer(credentials: &mut Credentials) -> Result<Option<Signer>, String> {
    let Some(content) = credentials.file.take() else {
        return Ok(None);
    };
    let read = (chunks::credentials().await?.from_file)(&content);
    let identity = read.map_err(|why| format!("The file has neither credentials nor an NKey seed ({why}): choose another."))?;
    credentials.variable = Some(identity.variable);
    Ok(Some(identity.signer))
}

fn happened(page: Page, event: &Event) {
    if page.link.get_untracked() == Link::Connecting {
        return;
    }
    link::refresh(page);
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
            "The server refuses these credentials (Authorization Violation). Check user and password, the token, or the file.".into()
        }
        Error::NoInfo | Error::Protocol(_) => {
            format!("{url} is a WebSocket, but not of a nats-server: it does not begin with INFO. Use the port of the websocket block, as below.")
        }
        Error::Timeout => format!("{url} did not answer in time."),
        error => format!("The connection failed: {error}"),
    }
}

/// A client with JetStream.
struct Own(JetStream);

impl Viewer for Own {
    fn look(&self, page: Page) -> LocalFuture<'_, ()> {
        Box::pin(async move {
            self.buckets(page).await;
            let in_page = page.link.with_untracked(|link| *link == Link::InPage);
            page.lesson.check(&self.0, in_page).await;
        })
    }

    fn refresh(&self, page: Page) {
        let client = self.0.client.clone();
        match client.state() {
            State::Connected => {
                let info = client.server_info();
                let rtt = match page.link.get_untracked() {
                    Link::Connected { rtt, .. } => rtt,
                    _ => None,
                };
                link::show(page, Link::Connected { name: info.server_name, version: info.version, rtt });
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
                link::show(page, Link::Reconnecting { why, seconds });
            }
            State::Closed(error) => {
                let why = error.map_or_else(|| "closed".into(), |error| error.to_string());
                link::show(page, Link::Closed(why));
            }
        }
    }

    fn reconnect_now(&self) {
        self.0.client.reconnect_now();
    }

    fn close(&self) {
        self.0.client.close();
    }
}

/// How a stream stands, with what is missing in it unless that is very much; and how the server wrote it.
async fn described(jetstream: &JetStream, stream: &str) -> Result<(StreamInfo, Vec<u8>), Error> {
    let answer = jetstream.request_raw(&format!("STREAM.INFO.{stream}"), b"").await?.payload;
    let info: StreamInfo = from_json(&answer).map_err(|_| Error::InvalidResponse)?;
    let info = match info.state.num_deleted {
        _ if info.config.name.is_empty() => return Err(Error::InvalidResponse), // why there is none
        1..=GAPS => jetstream.stream_info_details(stream, true, "").await?,
        _ => info,
    };
    Ok((info, answer))
}

impl Own {
    /// Looks again whenever the server says that somebody has made, changed or removed a stream.
    fn new(client: Client, page: Page) -> Own {
        if let Ok(mut told) = client.subscribe("$JS.EVENT.ADVISORY.STREAM.*.*", None) {
            page.runtime().spawn(Box::pin(async move {
                while told.next().await.is_some() {
                    page.stream.look(page);
                }
            }));
        }
        Own(JetStream::new(client))
    }

    /// Looks which buckets there are, and how the stream of the one that is shown stands.
    async fn buckets(&self, page: Page) {
        let (stream, jetstream) = (page.stream, &self.0);
        let stopped = page.link.with_untracked(|link| *link == Link::Stopped);
        let names = if stopped { Ok(Vec::new()) } else { jetstream.key_value_names().await };
        // What a server has that cannot be reached is there when it is back.
        if names.is_err() && jetstream.client.state() != State::Connected {
            return;
        }
        stream.jetstream.set(names.is_ok());
        let names = names.unwrap_or_default();
        for name in &names {
            page.lesson.bucket(name);
        }
        let before = stream.buckets.get_untracked();
        let new = names.iter().find(|name| !before.contains(name)).cloned();
        let gone = stream.shown.get_untracked().is_none_or(|shown| !names.contains(&shown));
        if let Some(name) = new.filter(|_| !before.is_empty() || gone).or_else(|| names.last().filter(|_| gone).cloned()) {
            stream.shown.set(Some(name));
        } else if gone && stream.shown.get_untracked().is_some() {
            stream.shown.set(None);
        }
        if names != before {
            stream.buckets.set(names);
        }
        let Some(shown) = stream.shown.get_untracked() else {
            stream.turn(Model::default());
            return;
        };
        let Ok((info, answer)) = described(jetstream, &format!("KV_{shown}")).await else { return };
        let same = {
            let model = stream.model.borrow();
            model.bucket == shown && model.info.created == info.created
        };
        if same {
            stream.model.borrow_mut().described(info);
        } else {
            self.follow(&shown, info, page);
        }
        stream.model.borrow_mut().described_as = answer;
        stream.pace.touch();
    }

    /// Watches a bucket from now on, and no other.
    fn follow(&self, name: &str, info: StreamInfo, page: Page) {
        let stream = page.stream;
        let mut model = stream.remembered(name, &info).unwrap_or_else(|| Model::new(name, StreamInfo::default()));
        model.described(info);
        let first = model.info.state.last_seq.saturating_sub(BACKLOG).max(model.last()) + 1;
        let cancel = stream.turn(model);
        let (jetstream, name) = (self.0.clone(), name.to_string());
        page.runtime().spawn(Box::pin(async move {
            let watching = async {
                let bucket = jetstream.key_value(&name).await?.with_subjects();
                let options = WatchOptions { resume_from_revision: first, ..WatchOptions::default() };
                let mut watch = bucket.watch(&[">"], options).await?;
                loop {
                    if let Some(entry) = watch.next().await? {
                        stream.model.borrow_mut().push(entry);
                        stream.pace.touch();
                    }
                    stream.look(page);
                }
            };
            let ended: Option<Result<(), Error>> = cancel.unless(watching).await;
            // Ended by itself: the next look begins anew.
            if ended.is_some() {
                stream.model.replace(Model::default());
            }
        }));
    }
}
