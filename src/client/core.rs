//! What a connection is at any time: subscriptions, waiting requests, what is sent and what arrives. Never waits.

use super::{
    connection::{Event, RECONNECTED, ServerInfo, State},
    error::Error,
    mailbox::Mailbox,
    message::{Headers, Message, Status},
    transport::Transport,
};
use crate::wire::{
    json,
    op::{ClientOp, Delivery, ServerOp},
    parser::ServerOpParser,
    sorted::Sorted,
};
use std::{collections::VecDeque, task::Waker};

/// Most that is kept for the next connection, as in nats.go.
const RECONNECT_BUFFER: usize = 8 << 20;

pub(super) struct Core {
    pub info: ServerInfo,
    pub state: State,
    /// `_INBOX.<nuid>.`, under which answers to requests arrive.
    pub inbox: String,
    /// By sid, which only grows.
    subscriptions: Sorted<u64, Sub>,
    pub next_sid: u64,
    /// Waiting requests in the order of the last token of their reply subject, once [`Core::inbox`] is subscribed.
    requests: Sorted<String, Mailbox>,
    pub inbox_sid: Option<u64>,
    /// Who waits for the PONGs to come; `None`: a PING of our own.
    pub pongs: VecDeque<Option<Mailbox>>,
    pub transport: Option<Box<dyn Transport>>,
    parser: ServerOpParser,
    pub info_seen: bool,
    /// Written while there is no connection.
    kept: Vec<u8>,
    pub events: Vec<Event>,
    pub driver: Option<Waker>,
    pub retry_now: bool,
    auth_failed: Option<String>,
}

pub(super) struct Sub {
    pub subject: String,
    pub queue: Option<String>,
    pub mailbox: Mailbox,
    /// Gets a message of status [`RECONNECTED`] with each reconnect.
    pub told: bool,
    pub delivered: u64,
    pub max: Option<u64>,
}

impl Sub {
    pub fn new(subject: &str, queue: Option<&str>) -> Sub {
        Sub {
            subject: subject.into(),
            queue: queue.map(Into::into),
            mailbox: Mailbox::default(),
            told: false,
            delivered: 0,
            max: None,
        }
    }
}

/// Why reading stopped.
pub(super) enum Stop {
    /// The connection is broken; worth another try.
    Broken(Error),
    /// Closed by us, or the server's refusal is final.
    Final(Option<Error>),
}

impl Core {
    pub fn new(inbox: String) -> Core {
        Core {
            info: ServerInfo::default(),
            state: State::Reconnecting {
                attempts: 0,
                next: None,
                why: String::new(),
            },
            inbox,
            subscriptions: Sorted::default(),
            next_sid: 1,
            requests: Sorted::default(),
            inbox_sid: None,
            pongs: VecDeque::new(),
            transport: None,
            parser: ServerOpParser::default(),
            info_seen: false,
            kept: Vec::new(),
            events: Vec::new(),
            driver: None,
            retry_now: false,
            auth_failed: None,
        }
    }

    pub fn connected(&self) -> bool {
        self.state == State::Connected
    }

    /// Sends, or keeps it for the next connection.
    pub fn write(&mut self, op: ClientOp<'_>) -> Result<(), Error> {
        match self.state {
            State::Closed(_) => return Err(Error::ConnectionClosed),
            State::Reconnecting { .. } => {
                if self.kept.len() >= RECONNECT_BUFFER {
                    return Err(Error::ReconnectBufferExceeded);
                }
                op.write(&mut self.kept);
            }
            State::Connected => self.send(op),
        }
        Ok(())
    }

    pub fn send(&mut self, op: ClientOp<'_>) {
        let mut bytes = Vec::with_capacity(64);
        op.write(&mut bytes);
        if let Some(transport) = &mut self.transport {
            transport.send(&bytes);
        }
    }

    /// A subscription; while there is no connection the next one makes it.
    pub fn subscribe(&mut self, sub: Sub) -> Result<u64, Error> {
        if matches!(self.state, State::Closed(_)) {
            return Err(Error::ConnectionClosed);
        }
        let sid = self.next_sid;
        self.next_sid += 1;
        if self.connected() {
            self.send_subscribe(sid, &sub);
        }
        self.subscriptions.insert(sid, sub);
        Ok(sid)
    }

    pub fn sids(&self) -> Vec<u64> {
        self.subscriptions.keys().copied().collect()
    }

    pub fn subscription(&mut self, sid: u64) -> Option<&mut Sub> {
        self.subscriptions.get_mut(&sid)
    }

    /// Takes a subscription out; `None` if it has ended before.
    pub fn end_subscription(&mut self, sid: u64) -> Option<Sub> {
        self.subscriptions.remove(&sid)
    }

    /// Has the answer that arrives under `token` put into a mailbox.
    pub fn await_answer(&mut self, token: &str, mailbox: Mailbox) {
        self.requests.insert(token.into(), mailbox);
    }

    /// Ends waiting under `token`.
    pub fn take_request(&mut self, token: &str) -> Option<Mailbox> {
        self.requests.remove(token)
    }

    /// Where the answer to a request arrives that waits under `token`.
    pub fn answer_subject(&mut self, token: &str) -> Result<String, Error> {
        if self.inbox_sid.is_none() {
            let all = format!("{}*", self.inbox);
            self.inbox_sid = Some(self.subscribe(Sub::new(&all, None))?);
        }
        Ok(format!("{}{token}", self.inbox))
    }

    fn send_subscribe(&mut self, sid: u64, sub: &Sub) {
        self.send(ClientOp::Subscribe {
            subject: sub.subject.as_bytes(),
            queue: sub.queue.as_deref().map(str::as_bytes),
            sid: sid.to_string().as_bytes(),
        });
    }

    pub fn send_unsubscribe(&mut self, sid: u64, max: Option<u64>) {
        if self.connected() {
            self.send(ClientOp::Unsubscribe {
                sid: sid.to_string().as_bytes(),
                max,
            });
        }
    }

    /// The driver looks again.
    fn wake(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    pub fn retry_now(&mut self) {
        self.retry_now = true;
        self.wake();
    }

    /// Ends everything; the driver tells why.
    pub fn close(&mut self, why: Option<Error>) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        if let Some(mut transport) = self.transport.take() {
            transport.close();
        }
        self.state = State::Closed(why.clone());
        self.events.push(Event::Closed(why));
        let subs = std::mem::take(&mut self.subscriptions);
        let requests = std::mem::take(&mut self.requests);
        let pongs = std::mem::take(&mut self.pongs);
        subs.values().for_each(|sub| sub.mailbox.end());
        requests.values().for_each(Mailbox::end);
        pongs.iter().flatten().for_each(Mailbox::end);
        self.wake();
    }

    /// Puts a PING on its way; the mailbox gets an empty message with its PONG.
    pub fn ping(&mut self, waiting: Option<Mailbox>) {
        self.pongs.push_back(waiting);
        self.send(ClientOp::Ping);
    }

    pub fn disconnect(&mut self) {
        if let Some(mut transport) = self.transport.take() {
            transport.close();
        }
        for mailbox in self.pongs.drain(..).flatten() {
            mailbox.end();
        }
        self.parser = ServerOpParser::default();
        self.info_seen = false;
    }

    /// Takes a chunk of bytes from the server.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let mut parser = std::mem::take(&mut self.parser);
        let mut at = 0;
        let result = loop {
            let mut rest = &bytes[at..];
            let next = parser.next(&mut rest);
            at = bytes.len() - rest.len();
            match next {
                Ok(Some(op)) => match self.take(op) {
                    Ok(()) => {}
                    Err(stop) => break Err(stop),
                },
                Ok(None) => break Ok(()),
                Err(bad) => {
                    let line = String::from_utf8_lossy(&bad.0[..bad.0.len().min(80)]).into_owned();
                    break Err(Stop::Broken(match self.info_seen {
                        true => Error::Protocol(line),
                        false => Error::NoInfo,
                    }));
                }
            }
        };
        self.parser = parser;
        result
    }

    fn take(&mut self, op: ServerOp<'_>) -> Result<(), Stop> {
        if !self.info_seen && !matches!(op, ServerOp::Info(_) | ServerOp::Err(_)) {
            return Err(Stop::Broken(Error::NoInfo));
        }
        match op {
            ServerOp::Info(text) => match json::from_json(text) {
                Ok(info) => {
                    self.info = info;
                    self.info_seen = true;
                }
                Err(_) => return Err(Stop::Broken(Error::NoInfo)),
            },
            ServerOp::Message(delivery) => self.deliver(delivery),
            ServerOp::Ping => self.send(ClientOp::Pong),
            ServerOp::Pong => {
                if let Some(Some(mailbox)) = self.pongs.pop_front() {
                    mailbox.push(Message::default());
                }
            }
            ServerOp::Ok => {}
            ServerOp::Err(text) => {
                return self.refused(String::from_utf8_lossy(text).into_owned());
            }
        }
        Ok(())
    }

    /// An `-ERR`: which are told, which break the connection and which end it, as nats.go's `processErr`.
    fn refused(&mut self, text: String) -> Result<(), Stop> {
        let lower = text.to_ascii_lowercase();
        let is = |prefixes: &[&str]| prefixes.iter().any(|prefix| lower.starts_with(prefix));
        let error = Error::Server(text.clone());
        if is(&["permissions violation", "maximum subscriptions exceeded"]) {
            self.events.push(Event::Error(error));
            Ok(())
        } else if is(&[
            "authorization violation",
            "user authentication",
            "account authentication",
        ]) {
            // The same refusal twice in a row is final.
            match self.auth_failed.replace(text.clone()) == Some(text) {
                true => Err(Stop::Final(Some(error))),
                false => Err(Stop::Broken(error)),
            }
        } else if is(&[
            "stale connection",
            "maximum connections",
            "unknown protocol operation",
        ]) {
            Err(Stop::Broken(error))
        } else {
            // Of those that end it, nats.go tells of this one.
            if is(&["maximum control line exceeded"]) {
                self.events.push(Event::Error(error.clone()));
            }
            Err(Stop::Final(Some(error)))
        }
    }

    fn deliver(&mut self, delivery: Delivery<'_>) {
        let sid = str::from_utf8(delivery.sid)
            .ok()
            .and_then(|sid| sid.parse().ok());
        let Some(sid) = sid else {
            return;
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (headers, status) = Headers::decode(delivery.headers);
        let message = Message {
            subject: text(delivery.subject),
            reply: (!delivery.reply.is_empty()).then(|| text(delivery.reply)),
            headers,
            status,
            payload: delivery.payload.to_vec(),
        };
        if self.inbox_sid == Some(sid) {
            let token = message.subject.strip_prefix(&self.inbox);
            if let Some(waiting) = token.and_then(|token| self.take_request(token)) {
                waiting.push(message);
            }
            return;
        }
        let Some(sub) = self.subscription(sid) else {
            return;
        };
        sub.delivered += 1;
        sub.mailbox.push(message);
        if sub.max.is_some_and(|max| sub.delivered >= max) {
            sub.mailbox.end();
            self.end_subscription(sid);
        }
    }

    /// Restores the subscriptions on a fresh connection and sends what was kept.
    pub fn restore(&mut self) {
        self.state = State::Connected;
        self.auth_failed = None;
        let subs = std::mem::take(&mut self.subscriptions);
        for (sid, sub) in subs.iter() {
            self.send_subscribe(*sid, sub);
            if let Some(max) = sub.max {
                self.send_unsubscribe(*sid, Some(max.saturating_sub(sub.delivered).max(1)));
            }
            if sub.told {
                sub.mailbox.push(Message {
                    status: Some(Status {
                        code: RECONNECTED,
                        ..Status::default()
                    }),
                    ..Message::default()
                });
            }
        }
        self.subscriptions = subs;
        let kept = std::mem::take(&mut self.kept);
        if let Some(transport) = &mut self.transport
            && !kept.is_empty()
        {
            transport.send(&kept);
        }
    }
}
