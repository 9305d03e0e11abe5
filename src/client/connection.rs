//! A connection to a server as its users see it: publish, subscribe, request. Knows the core protocol, not JetStream.

use super::{
    core::{Core, Stop, Sub},
    driver::Inner,
    error::Error,
    mailbox::Mailbox,
    message::{Headers, Message},
    runtime::Runtime,
    transport::Connector,
};
use crate::wire::{
    base62,
    json::record,
    op::{ClientOp, Publish},
    time::{SECOND, Time},
};
use std::{
    cell::{RefCell, RefMut},
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll},
};

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
    /// For servers whose users have keys.
    pub signer: Option<Signer>,
    /// What subjects to be answered at begin with, without the dot after it. Not empty, no wildcards.
    pub inbox_prefix: String,
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
            signer: None,
            inbox_prefix: "_INBOX".into(),
            connect_timeout: 2 * SECOND,
            reconnect: true,
            lang: "rust".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            on_event: None,
        }
    }
}

/// Who is there, said by a signature; see [`super::nkeys`].
#[derive(Clone)]
pub struct Signer {
    /// Who.
    pub who: Who,
    /// Makes CONNECT's `sig` of INFO's `nonce`, empty if there is none to be; or says why it cannot.
    pub sign: SignFn,
}

/// What says who signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// CONNECT's `nkey`: the public key. The server must ask for a signature.
    Nkey(String),
    /// CONNECT's `jwt`.
    Jwt(String),
}

/// Signs a text; signatures are in base64 for URLs.
pub type SignFn = Rc<dyn Fn(&[u8]) -> Result<String, String>>;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    pub nonce: String,
}

record!(ServerInfo, "serverInfo":
    server_id, server_name, version, host, port, headers, auth_required, max_payload, jetstream, client_id, client_ip,
    domain, cluster, api_lvl, nonce
);

/// A connection; clones share it. Dropping the last clone, subscriptions included, closes it.
#[derive(Clone)]
pub struct Client(Rc<Handle>);

/// Closes the connection when nobody has it any more; the driver holds [`Inner`] itself.
struct Handle(Rc<Inner>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.core.borrow_mut().close(None);
    }
}

/// Messages of one subscription. Dropping it unsubscribes.
pub struct Subscription {
    client: Client,
    sid: u64,
    subject: String,
    mailbox: Mailbox,
}

/// Status of the message that tells a subscription of a reconnect; no server sends it.
pub(super) const RECONNECTED: u16 = 0;

const FLUSH_TIMEOUT: i64 = 10 * SECOND;

impl Client {
    /// Connects once: no attempt is repeated before a first success. Errors: [`Error::Transport`], [`Error::Server`]
    /// (`Authorization Violation`), [`Error::NoInfo`], [`Error::Timeout`], [`Error::Invalid`] for a prefix of inboxes that is none.
    pub async fn connect(
        connector: Rc<dyn Connector>,
        runtime: Rc<dyn Runtime>,
        options: Options,
    ) -> Result<Client, Error> {
        let prefix = &options.inbox_prefix;
        if prefix.is_empty() || prefix.contains(['>', '*']) || prefix.ends_with('.') {
            return Err(Error::Invalid("invalid custom prefix"));
        }
        let inbox = format!("{}.", fresh_inbox(prefix, &*runtime));
        let inner = Rc::new(Inner {
            connector,
            runtime,
            options,
            core: RefCell::new(Core::new(inbox)),
        });
        let client = Client(Rc::new(Handle(inner.clone())));
        match inner.open().await {
            Ok(()) => {}
            Err(Stop::Broken(error) | Stop::Final(Some(error))) => return Err(error),
            Err(Stop::Final(None)) => return Err(Error::ConnectionClosed),
        }
        inner.runtime.spawn(Box::pin(inner.clone().drive()));
        Ok(client)
    }

    fn core(&self) -> RefMut<'_, Core> {
        self.0.0.core.borrow_mut()
    }

    /// Publishes. While reconnecting the message is kept (up to 8 MiB in all) and sent afterwards.
    pub fn publish(&self, subject: &str, payload: &[u8]) -> Result<(), Error> {
        self.publish_with(subject, None, &Headers::new(), payload)
    }

    /// Publishes with a reply subject and headers. Errors: [`Error::BadHeader`], [`Error::InvalidSubject`],
    /// [`Error::MaxPayload`], [`Error::ReconnectBufferExceeded`], [`Error::ConnectionClosed`].
    pub fn publish_with(
        &self,
        subject: &str,
        reply: Option<&str>,
        headers: &Headers,
        payload: &[u8],
    ) -> Result<(), Error> {
        if !headers.well_named() {
            return Err(Error::BadHeader);
        }
        if subject.is_empty() || has_blanks(subject) || reply.is_some_and(has_blanks) {
            return Err(Error::InvalidSubject);
        }
        let headers = headers.encode();
        let mut core = self.core();
        if headers.len() + payload.len() > core.info.max_payload {
            return Err(Error::MaxPayload);
        }
        core.write(ClientOp::Publish(Publish {
            subject: subject.as_bytes(),
            reply: reply.unwrap_or_default().as_bytes(),
            headers: &headers,
            payload,
            ..Default::default()
        }))
    }

    /// Subscribes; `queue` makes it a member of a queue group. It outlives reconnects. Errors: [`Error::InvalidSubject`],
    /// [`Error::InvalidQueue`], [`Error::ConnectionClosed`].
    pub fn subscribe(&self, subject: &str, queue: Option<&str>) -> Result<Subscription, Error> {
        if has_blanks(subject) || subject.split('.').any(str::is_empty) {
            return Err(Error::InvalidSubject);
        }
        if queue.is_some_and(has_blanks) {
            return Err(Error::InvalidQueue);
        }
        self.add(Sub::new(subject, queue))
    }

    /// Subscribes so that a message with status [`RECONNECTED`] tells of each reconnect.
    pub(crate) fn subscribe_told(&self, subject: &str) -> Result<Subscription, Error> {
        let mut sub = Sub::new(subject, None);
        sub.told = true;
        self.add(sub)
    }

    fn add(&self, sub: Sub) -> Result<Subscription, Error> {
        let (subject, mailbox) = (sub.subject.clone(), sub.mailbox.clone());
        let sid = self.core().subscribe(sub)?;
        Ok(Subscription {
            client: self.clone(),
            sid,
            subject,
            mailbox,
        })
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
        let runtime = self.runtime();
        let token = base62::digits(runtime.random(), 8);
        let waiting = Mailbox::default();
        let reply = self.core().answer_subject(&token)?;
        self.core().await_answer(&token, waiting.clone());
        let sent = self.publish_with(subject, Some(&reply), headers, payload);
        let answer = match sent {
            Ok(()) => waiting.next_within(runtime.clone(), timeout).await,
            Err(error) => Err(error),
        };
        self.core().take_request(&token);
        let answer = answer?;
        match &answer.status {
            Some(status) if status.code == 503 && answer.payload.is_empty() => {
                Err(Error::NoResponders)
            }
            _ => Ok(answer),
        }
    }

    /// Sends a request whose answer nobody waits for.
    pub(super) fn request_unheard(&self, subject: &str) -> Result<(), Error> {
        let token = base62::digits(self.runtime().random(), 8);
        let reply = self.core().answer_subject(&token)?;
        self.publish_with(subject, Some(&reply), &Headers::new(), b"")
    }

    /// A fresh subject to be answered at, `_INBOX.…` unless [`Options::inbox_prefix`] says otherwise.
    pub fn new_inbox(&self) -> String {
        let inner = &self.0.0;
        fresh_inbox(&inner.options.inbox_prefix, &*inner.runtime)
    }

    /// Waits until the server has taken everything sent before (a PING's PONG), at most 10 s.
    pub async fn flush(&self) -> Result<(), Error> {
        self.rtt().await.map(|_| ())
    }

    /// Round-trip time in ns, by a PING. [`Error::Disconnected`] while reconnecting; what the server said if that ended the
    /// connection.
    pub async fn rtt(&self) -> Result<i64, Error> {
        let runtime = self.runtime();
        let start = runtime.now();
        let pong = Mailbox::default();
        if self.core().connected() {
            self.core().ping(Some(pong.clone()));
        } else {
            pong.end();
        }
        let answer = pong.next_within(runtime.clone(), FLUSH_TIMEOUT).await;
        answer.map_err(|error| match (error, &self.core().state) {
            (_, State::Closed(Some(why @ Error::Server(_)))) => why.clone(),
            (Error::ConnectionClosed, State::Closed(_)) => Error::ConnectionClosed,
            (Error::ConnectionClosed, _) => Error::Disconnected,
            (error, _) => error,
        })?;
        Ok(runtime.now().since(start))
    }

    /// The last INFO.
    pub fn server_info(&self) -> ServerInfo {
        self.core().info.clone()
    }

    /// URL of the server, as its connector shows it.
    pub fn url(&self) -> String {
        self.0.0.connector.url()
    }

    /// Where it runs.
    pub fn runtime(&self) -> Rc<dyn Runtime> {
        self.0.0.runtime.clone()
    }

    /// Where it is now; changes are told by [`Options::on_event`].
    pub fn state(&self) -> State {
        self.core().state.clone()
    }

    /// Ends the wait of [`State::Reconnecting`].
    pub fn reconnect_now(&self) {
        self.core().retry_now();
    }

    /// Unsubscribes everything, lets what is in flight arrive, and closes.
    pub async fn drain(&self) -> Result<(), Error> {
        let sids = self.core().sids();
        for sid in sids {
            self.core().send_unsubscribe(sid, None);
        }
        let flushed = self.flush().await;
        self.close();
        flushed
    }

    /// Closes for good. Waiting calls end with [`Error::ConnectionClosed`], subscriptions end.
    pub fn close(&self) {
        self.core().close(None);
    }
}

impl Subscription {
    /// The subject it was made for.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The next message; `None` when the subscription or the connection has ended and nothing is left.
    pub async fn next(&mut self) -> Option<Message> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`Subscription::next`], to be polled together with something else.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.mailbox.poll_next(cx)
    }

    /// As [`Subscription::next`], waiting at most `timeout` ns: [`Error::Timeout`], [`Error::ConnectionClosed`].
    pub async fn next_timeout(&mut self, timeout: i64) -> Result<Message, Error> {
        let runtime = self.client.runtime();
        self.mailbox
            .clone()
            .next_within(runtime.clone(), timeout)
            .await
    }

    /// Messages that have arrived and not been taken.
    pub fn pending(&self) -> usize {
        self.mailbox.len()
    }

    /// Ends it; messages that have arrived can still be taken.
    pub fn unsubscribe(&mut self) {
        let mut core = self.client.core();
        if core.end_subscription(self.sid).is_some() {
            core.send_unsubscribe(self.sid, None);
            self.mailbox.end();
        }
    }

    /// Ends it once `max` messages have been delivered since the start.
    pub fn unsubscribe_after(&mut self, max: u64) {
        let mut core = self.client.core();
        let Some(sub) = core.subscription(self.sid) else {
            return;
        };
        if sub.delivered < max {
            sub.max = Some(max);
            core.send_unsubscribe(self.sid, Some(max));
        } else {
            drop(core);
            self.unsubscribe();
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.unsubscribe();
    }
}

fn has_blanks(text: &str) -> bool {
    text.contains([' ', '\t', '\r', '\n'])
}

fn fresh_inbox(prefix: &str, runtime: &dyn Runtime) -> String {
    let [a, b] = [runtime.random(), runtime.random()];
    format!(
        "{prefix}.{}{}",
        base62::digits(a, 11),
        base62::digits(b, 11)
    )
}
