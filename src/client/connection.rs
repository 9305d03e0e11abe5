//! A connection to a server: handshake, subscriptions, request and reply, pings, reconnecting. Knows the core protocol,
//! not JetStream.

use super::{
    error::Error,
    message::{Headers, Message},
    runtime::Runtime,
    transport::Connector,
};
use crate::wire::time::Time;
use serde::Deserialize;
use std::rc::Rc;

/// How to connect. Times are nanoseconds.
#[derive(Clone)]
pub struct Options {
    /// CONNECT's `name`.
    pub name: String,
    /// CONNECT's `user`, with [`Options::pass`].
    pub user: Option<String>,
    /// CONNECT's `pass`.
    pub pass: Option<String>,
    /// CONNECT's `auth_token`.
    pub token: Option<String>,
    /// Wait for the connection: transport, INFO and first PONG each. nats.go: 2 s.
    pub connect_timeout: i64,
    /// Try again when an established connection breaks, for ever: after 0.5 s growing to 20 s, ±50 %, as natscli.
    pub reconnect: bool,
    /// What the server calls this client's language and version; natscli says `go` and nats.go's version.
    pub lang: String,
    /// See [`Options::lang`].
    pub version: String,
    /// Called with everything that happens to the connection itself, in order, never from inside a call of the client.
    pub on_event: Option<EventFn>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            name: String::new(),
            user: None,
            pass: None,
            token: None,
            connect_timeout: 2_000_000_000,
            reconnect: true,
            lang: "rust".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            on_event: None,
        }
    }
}

/// Gets to see what happens to a connection.
pub type EventFn = Rc<dyn Fn(&Event)>;

/// What happens to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The connection broke; why in nats.go's word (`EOF`). It is tried again if [`Options::reconnect`].
    Disconnected(String),
    /// The next attempt comes after this many nanoseconds.
    ReconnectDelay(i64),
    /// Connected again, subscriptions are restored.
    Reconnected,
    /// The server refused something (`Permissions Violation …`).
    Error(Error),
    /// Ended for good: closed by us (`None`) or given up because of an error.
    Closed(Option<Error>),
}

/// Where a connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Connected; see [`Client::server_info`].
    Connected,
    /// Broken; tried again at `next` (`None`: being tried right now).
    Reconnecting {
        /// Failed attempts since it broke.
        attempts: u32,
        /// Time of the next attempt.
        next: Option<Time>,
        /// Why it broke, or why the last attempt failed.
        why: String,
    },
    /// Ended for good, see [`Event::Closed`].
    Closed(Option<Error>),
}

/// INFO, as far as clients care.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ServerInfo {
    pub server_id: String,
    pub server_name: String,
    pub version: String,
    pub host: String,
    pub port: u16,
    pub headers: bool,
    pub auth_required: bool,
    pub max_payload: usize,
    pub jetstream: bool,
    pub client_id: u64,
    pub client_ip: String,
    pub domain: String,
    pub cluster: String,
    pub api_lvl: i64,
}

/// A connection; clones share it. Dropping the last clone closes it.
#[derive(Clone)]
pub struct Client {}

/// Messages of one subscription. Dropping it unsubscribes.
pub struct Subscription {}

#[allow(unused_variables, clippy::todo)]
impl Client {
    /// Connects once: no attempt is repeated before a first success. Errors: [`Error::Transport`], [`Error::Server`]
    /// (`Authorization Violation`), [`Error::Protocol`], [`Error::Timeout`].
    pub async fn connect(
        connector: Rc<dyn Connector>,
        runtime: Rc<dyn Runtime>,
        options: Options,
    ) -> Result<Client, Error> {
        todo!()
    }

    /// Publishes. While reconnecting the message is kept (up to 8 MiB in all) and sent afterwards.
    pub fn publish(&self, subject: &str, payload: &[u8]) -> Result<(), Error> {
        self.publish_with(subject, None, &Headers::new(), payload)
    }

    /// Publishes with a reply subject and headers. Errors: [`Error::InvalidSubject`], [`Error::MaxPayload`],
    /// [`Error::ReconnectBufferExceeded`], [`Error::ConnectionClosed`].
    pub fn publish_with(
        &self,
        subject: &str,
        reply: Option<&str>,
        headers: &Headers,
        payload: &[u8],
    ) -> Result<(), Error> {
        todo!()
    }

    /// Subscribes; `queue` makes it a member of a queue group. It outlives reconnects.
    pub fn subscribe(&self, subject: &str, queue: Option<&str>) -> Result<Subscription, Error> {
        todo!()
    }

    /// Publishes with a fresh reply subject and waits `timeout` ns for the first answer. Errors besides those of
    /// [`Client::publish_with`]: [`Error::NoResponders`], [`Error::Timeout`].
    pub async fn request(
        &self,
        subject: &str,
        headers: &Headers,
        payload: &[u8],
        timeout: i64,
    ) -> Result<Message, Error> {
        todo!()
    }

    /// A fresh subject to be answered at, `_INBOX.…`.
    pub fn new_inbox(&self) -> String {
        todo!()
    }

    /// Waits until the server has taken everything sent before (a PING's PONG), at most 10 s.
    pub async fn flush(&self) -> Result<(), Error> {
        self.rtt().await.map(|_| ())
    }

    /// Round-trip time in ns, by a PING.
    pub async fn rtt(&self) -> Result<i64, Error> {
        todo!()
    }

    /// The last INFO.
    pub fn server_info(&self) -> ServerInfo {
        todo!()
    }

    /// URL of the server, as its connector shows it.
    pub fn url(&self) -> String {
        todo!()
    }

    /// Where it runs.
    pub fn runtime(&self) -> Rc<dyn Runtime> {
        todo!()
    }

    /// Where it is now; changes are told by [`Options::on_event`].
    pub fn state(&self) -> State {
        todo!()
    }

    /// Ends the wait of [`State::Reconnecting`].
    pub fn reconnect_now(&self) {
        todo!()
    }

    /// Unsubscribes everything, lets what is in flight arrive, and closes.
    pub async fn drain(&self) -> Result<(), Error> {
        todo!()
    }

    /// Closes for good. Waiting calls end with [`Error::ConnectionClosed`], subscriptions end.
    pub fn close(&self) {
        todo!()
    }
}

#[allow(unused_variables, clippy::todo)]
impl Subscription {
    /// The next message; `None` when the subscription or the connection has ended and nothing is left.
    pub async fn next(&mut self) -> Option<Message> {
        todo!()
    }

    /// As [`Subscription::next`], waiting at most `timeout` ns: [`Error::Timeout`], [`Error::ConnectionClosed`].
    pub async fn next_timeout(&mut self, timeout: i64) -> Result<Message, Error> {
        todo!()
    }

    /// Messages that have arrived and not been taken.
    pub fn pending(&self) -> usize {
        todo!()
    }

    /// Ends it; messages that have arrived can still be taken.
    pub fn unsubscribe(&mut self) {
        todo!()
    }

    /// Ends it once `max` messages have been delivered since the start.
    pub fn unsubscribe_after(&mut self, max: u64) {
        todo!()
    }
}
