//! One client connection and what its operations do, in nats-server's order of checks (its `parser.go` and `client.go`). Of
//! JetStream it knows but the subjects of acks, which a client must not ask for replies on.

use super::core::{Core, Form, Message, Timer};
use super::handshake::PING_INTERVAL;
use super::info::{MAX_PAYLOAD, Occasion};
use super::options::Options;
use super::subscriptions::{Owner, Subscription, SubscriptionId};
use super::{ConnectionId, Output, Peer};
use crate::wire::json::{self, quote};
use crate::wire::op::{ClientOp, Delivery, ServerOp};
use crate::wire::parser::{ClientOpParser, Limits, Parsed};
use crate::wire::sorted::Sorted;
use crate::wire::time::{SECOND, Time};

const MAX_CONTROL_LINE: usize = 4096;
/// Bytes queued for a client before it counts as a slow consumer.
const MAX_PENDING: usize = 64 << 20;
/// From here on a client is behind, and what can wait for it does.
const BEHIND: usize = MAX_PENDING / 4;
const MAX_CONNECTIONS: usize = 65_536;
const AUTH_TIMEOUT: i64 = 2 * SECOND;

/// A client's connection.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(super) peer: Peer,
    pub(super) options: Options,
    pub(super) subscriptions: Sorted<Box<[u8]>, SubscriptionId>,
    parser: ClientOpParser,
    pub(super) out: Vec<u8>,
    /// Reason, once it is to be closed after `out`.
    pub(super) closing: Option<&'static str>,
    ready: bool,
    /// Bytes that were taken and are being written.
    writing: usize,
    /// How much of that and of `out` is there for one long answer and makes nobody a slow consumer.
    excused: usize,
    /// A CONNECT was accepted.
    pub(super) connected: bool,
    pub(super) first_pong: bool,
    pub(super) pings_out: u32,
    pub(super) rtt: i64,
    pub(super) rtt_start: Option<Time>,
    pub(super) started: Time,
    /// When it last sent something that puts off a PING.
    pub(super) last_in: Time,
    /// When it last connected, changed its interest, or sent or got a message.
    pub(super) last: Time,
    pub(super) stats: Stats,
    /// `127.0.0.1:4 - cid:5`, longer after CONNECT.
    pub(super) label: String,
}

/// Messages and bytes of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Stats {
    pub in_msgs: u64,
    pub in_bytes: u64,
    pub out_msgs: u64,
    pub out_bytes: u64,
}

impl Connection {
    pub(super) fn new(id: ConnectionId, peer: Peer, now: Time) -> Connection {
        let options = Options::default();
        let kind = if peer.websocket { "wid" } else { "cid" };
        Connection {
            label: format!("{}:{} - {kind}:{}", peer.ip, peer.port, id.0),
            peer,
            parser: ClientOpParser::new(limits(&options)),
            options,
            subscriptions: Sorted::default(),
            out: Vec::new(),
            closing: None,
            ready: false,
            writing: 0,
            excused: 0,
            connected: false,
            first_pong: false,
            pings_out: 0,
            rtt: 0,
            rtt_start: None,
            started: now,
            // Too long ago to put off any: CONNECT alone does not.
            last_in: now.after(-PING_INTERVAL),
            last: now,
            stats: Stats::default(),
        }
    }

    /// It sent a message or changed its interest.
    fn acts(&mut self, now: Time) {
        self.last = now;
        self.last_in = now;
    }

    /// Bytes that are not written yet.
    pub(super) fn pending(&self) -> usize {
        self.out.len() + self.writing
    }

    /// Is it behind with reading?
    pub(super) fn is_behind(&self) -> bool {
        self.out.len() > BEHIND
    }

    /// Queues a message; its size as delivered.
    pub(super) fn write_message(
        &mut self,
        sid: &[u8],
        message: &Message<'_>,
        form: Form<'_>,
    ) -> usize {
        let headers = if self.options.headers {
            message.headers
        } else {
            &[]
        };
        let delivery = Delivery {
            subject: message.subject,
            sid,
            reply: message.reply,
            headers,
            payload: message.payload,
        };
        // A size as typed counts headers that this client does not get.
        let typed = if headers.len() == message.headers.len() {
            form.sizes
        } else {
            Default::default()
        };
        if form.double_space {
            delivery.write_double_space(&mut self.out);
        } else {
            delivery.write(&mut self.out, typed);
        }
        let size = headers.len() + message.payload.len();
        self.stats.out_msgs += 1;
        self.stats.out_bytes += size as u64;
        size
    }
}

fn limits(options: &Options) -> Limits {
    Limits {
        max_control_line: MAX_CONTROL_LINE,
        max_payload: MAX_PAYLOAD,
        headers: options.headers,
        pedantic: options.pedantic,
    }
}

/// Is there something after the prefix? Alone, most that are reserved are subjects like any other.
fn is_below(subject: &[u8], prefix: &[u8]) -> bool {
    subject.starts_with(prefix) && subject.len() > prefix.len()
}

fn is_routed(subject: &[u8]) -> bool {
    is_below(subject, b"_GR_.") || is_below(subject, b"$GR.")
}

impl Core {
    /// Accepts a connection and greets it.
    pub(super) fn accept(&mut self, peer: Peer) -> ConnectionId {
        let id = ConnectionId(self.next_client_id());
        let connection = Connection::new(id, peer, self.now);
        self.totals.connections += 1;
        let info = self.info(id, &connection, Occasion::Accept);
        self.connections.insert(id, Box::new(connection));
        self.trace(id, "DBG", || "Client connection created".into());
        ServerOp::Info(&info).write(&mut self.connection_mut(id).out);
        self.mark_ready(id);
        if self.connections.len() > MAX_CONNECTIONS {
            self.write_log(id, "ERR", "maximum connections exceeded");
            self.fail(
                id,
                "maximum connections exceeded",
                "Maximum Connections Exceeded",
            );
            return id;
        }
        let first = if self.config.auth_required() {
            AUTH_TIMEOUT
        } else {
            PING_INTERVAL
        };
        self.timers
            .set(Timer::Connection(id), Some(self.now.after(first)));
        id
    }

    /// Lends out a connection's parser; `None` if the connection is gone or closing.
    pub(super) fn take_parser(&mut self, id: ConnectionId) -> Option<ClientOpParser> {
        let connection = self
            .connections
            .get_mut(&id)
            .filter(|c| c.closing.is_none())?;
        let empty = ClientOpParser::new(connection.parser.limits.clone());
        Some(std::mem::replace(&mut connection.parser, empty))
    }

    /// Takes back what [`Core::take_parser`] lent.
    pub(super) fn put_parser(&mut self, id: ConnectionId, parser: ClientOpParser) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.parser = parser;
        }
    }

    /// What the parser is to allow from now on; `None` if nothing is to be read any more.
    pub(super) fn limits(&self, id: ConnectionId) -> Option<Limits> {
        let connection = self.connections.get(&id).filter(|c| c.closing.is_none())?;
        Some(limits(&connection.options))
    }

    /// A connection that an operation came from; a stand-in if there is none, so that nothing can go wrong.
    pub(super) fn connection_mut(&mut self, id: ConnectionId) -> &mut Connection {
        self.connections.get_mut(&id).unwrap_or(&mut self.nobody)
    }

    /// Is still open.
    pub(super) fn is_open(&self, id: ConnectionId) -> bool {
        self.connections
            .get(&id)
            .is_some_and(|c| c.closing.is_none())
    }

    /// Must the next operation be CONNECT?
    pub(super) fn awaits_connect(&self, id: ConnectionId) -> bool {
        self.config.auth_required() && self.connections.get(&id).is_some_and(|c| !c.connected)
    }

    /// Does what an operation asks for, except for a publish.
    pub(super) fn operation(&mut self, id: ConnectionId, parsed: &Parsed<'_>) {
        let Some(op) = parsed.op else {
            return self.error(id, "Invalid Publish Subject");
        };
        if self.log.trace {
            self.trace_operation(id, parsed);
        }
        match op {
            // `Server::receive` routes them.
            ClientOp::Publish(_) => {}
            ClientOp::Subscribe {
                subject,
                queue,
                sid,
            } => self.subscribe_client(id, subject, queue, sid),
            ClientOp::Unsubscribe { sid, max } => self.unsubscribe_client(id, sid, max),
            ClientOp::Ping => self.ping(id),
            ClientOp::Pong => {
                let now = self.now;
                let connection = self.connection_mut(id);
                connection.pings_out = 0;
                if let Some(start) = connection.rtt_start {
                    connection.rtt = now.since(start).max(1);
                }
            }
            ClientOp::Connect(json) => self.client_connect(id, json),
            ClientOp::Ok => {}
            ClientOp::Err(text) => {
                self.write_log(
                    id,
                    "ERR",
                    &format!("Client Error {}", String::from_utf8_lossy(text)),
                );
                self.close(id, "Parse Error");
            }
            ClientOp::Info(json) => {
                if json::decode_lenient(json, |decoder, value| {
                    decoder.object(value, "Info", &mut |_, _, _| true)
                })
                .is_err()
                {
                    self.close(id, "Protocol Violation");
                }
            }
        }
    }

    /// Counts a client's message and checks it, and `+OK`; true if it may be routed.
    pub(super) fn may_publish(&mut self, id: ConnectionId, message: &Message<'_>) -> bool {
        let size = (message.headers.len() + message.payload.len()) as u64;
        let now = self.now;
        let connection = self.connection_mut(id);
        connection.stats.in_msgs += 1;
        connection.stats.in_bytes += size;
        connection.acts(now);
        self.totals.in_msgs += 1;
        self.totals.in_bytes += size;
        if self.is_refused(id, message.subject) {
            return false;
        }
        let reply = message.reply;
        if is_routed(reply) || reply.starts_with(b"_R_.") || is_below(reply, b"$JS.ACK.") {
            let reply = quote(reply);
            self.refuse(
                id,
                &format!("Permissions Violation for Publish with Reply of {reply}"),
            );
            self.write_log(id, "ERR", &format!("Publish Violation - Reply {reply}"));
            return false;
        }
        self.acknowledge(id);
        true
    }

    /// Is it for servers to publish to this subject? Then a client is told so.
    pub(super) fn is_refused(&mut self, id: ConnectionId, subject: &[u8]) -> bool {
        let refused = is_routed(subject) || subject.starts_with(b"$NRG.");
        if refused {
            let subject = quote(subject);
            self.refuse(
                id,
                &format!("Permissions Violation for Publish to {subject}"),
            );
            self.write_log(id, "ERR", &format!("Publish Violation - Subject {subject}"));
        }
        refused
    }

    /// Tells a client why its message goes no further, and whoever traces it.
    fn refuse(&mut self, id: ConnectionId, text: &str) {
        self.error(id, text);
        self.trace_refusal(|| text.to_owned());
    }

    /// Tells a publisher that nobody takes its request, if it wants to know.
    pub(super) fn no_responders(&mut self, id: ConnectionId, subject: &[u8], reply: &[u8]) {
        let wanted = self
            .connections
            .get(&id)
            .is_some_and(|c| c.options.no_responders);
        if reply.is_empty() || !wanted {
            return;
        }
        if let Some(sid) = self.plain_match(id, reply).map(<[u8]>::to_vec) {
            let headers = [b"NATS/1.0 503\r\nNats-Subject: ", subject, b"\r\n\r\n"].concat();
            let delivery = Delivery {
                subject: reply,
                sid: &sid,
                headers: &headers,
                ..Delivery::default()
            };
            delivery.write(&mut self.connection_mut(id).out, Default::default());
            self.mark_ready(id);
        }
    }

    /// The first plain subscription of a client that matches `subject`: who is told that nobody responds.
    fn plain_match(&self, connection: ConnectionId, subject: &[u8]) -> Option<&[u8]> {
        let mut found = None;
        self.subscriptions.matches(subject, &mut |id| {
            if let Some(Subscription {
                owner:
                    Owner::Client {
                        connection: owner,
                        sid,
                    },
                queue: None,
                ..
            }) = self.subscriptions.get(id)
                && *owner == connection
            {
                found.get_or_insert(&**sid);
            }
        });
        found
    }

    fn subscribe_client(
        &mut self,
        id: ConnectionId,
        subject: &[u8],
        queue: Option<&[u8]>,
        sid: &[u8],
    ) {
        let now = self.now;
        self.connection_mut(id).acts(now);
        if queue == Some(b"_sys_") {
            let (subject, sid) = (quote(subject), String::from_utf8_lossy(sid));
            self.error(
                id,
                &format!(
                    "Permissions Violation for Subscription to {subject} using queue \"_sys_\""
                ),
            );
            let text =
                format!("Subscription Violation - Subject {subject}, Queue: \"_sys_\", SID {sid}");
            return self.write_log(id, "ERR", &text);
        }
        // A sid in use stays as it is.
        if !self.connection_mut(id).subscriptions.contains_key(sid) {
            let owner = Owner::Client {
                connection: id,
                sid: sid.into(),
            };
            let subscription = Subscription::new(owner, subject, queue);
            let Some(added) = self.subscriptions.add(subscription) else {
                return self.error(id, "Invalid Subject");
            };
            self.connection_mut(id)
                .subscriptions
                .insert(sid.into(), added);
        }
        self.acknowledge(id);
    }

    fn unsubscribe_client(&mut self, id: ConnectionId, sid: &[u8], max: Option<u64>) {
        let now = self.now;
        let connection = self.connection_mut(id);
        connection.acts(now);
        let subscription = connection.subscriptions.get(sid).copied();
        self.acknowledge(id);
        if let Some(subscription_id) = subscription
            && let Some(subscription) = self.subscriptions.get_mut(subscription_id)
        {
            match max {
                Some(max) if max > subscription.delivered => subscription.max = max,
                _ => self.drop_subscription(id, subscription_id),
            }
        }
    }

    /// Ends a subscription.
    pub(super) fn drop_subscription(&mut self, id: ConnectionId, subscription: SubscriptionId) {
        if let Some(Subscription {
            owner: Owner::Client { sid, .. },
            ..
        }) = self.subscriptions.get(subscription)
        {
            let sid = sid.clone();
            self.trace(id, "TRC", || {
                format!("<-> [DELSUB {}]", String::from_utf8_lossy(&sid))
            });
            self.connection_mut(id).subscriptions.remove(&sid);
        }
        self.subscriptions.remove(subscription);
    }

    /// `+OK`, if the client wants it.
    pub(super) fn acknowledge(&mut self, id: ConnectionId) {
        let connection = self.connection_mut(id);
        if connection.options.verbose {
            ServerOp::Ok.write(&mut connection.out);
            self.mark_ready(id);
            self.trace(id, "TRC", || "->> [OK]".into());
        }
    }

    /// `-ERR`; the connection stays open.
    pub(super) fn error(&mut self, id: ConnectionId, text: &str) {
        ServerOp::Err(text.as_bytes()).write(&mut self.connection_mut(id).out);
        self.mark_ready(id);
        self.trace(id, "TRC", || format!("->> [-ERR {text}]"));
    }

    /// `-ERR`, then closed.
    pub(super) fn fail(&mut self, id: ConnectionId, text: &str, reason: &'static str) {
        self.error(id, text);
        self.close(id, reason);
    }

    /// Ends a connection; what is queued for it still goes out.
    pub(super) fn close(&mut self, id: ConnectionId, reason: &'static str) {
        let Some(connection) = self
            .connections
            .get_mut(&id)
            .filter(|c| c.closing.is_none())
        else {
            return;
        };
        connection.closing = Some(reason);
        let ended = std::mem::take(&mut connection.subscriptions);
        self.timers.set(Timer::Connection(id), None);
        self.mark_ready(id);
        self.trace(id, "DBG", || format!("Client connection closed: {reason}"));
        for (_, subscription) in ended {
            self.drop_subscription(id, subscription);
        }
    }

    /// The client is gone: nothing can be sent to it.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        self.close(id, "Client Closed");
        self.connections.remove(&id);
    }

    /// A connection has something to take; too much of it, and it is a slow consumer.
    pub(super) fn mark_ready(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if !std::mem::replace(&mut connection.ready, true) {
            self.ready.push(id);
        }
        let pending = connection.pending();
        if pending <= MAX_PENDING || connection.closing.is_some() {
            return;
        }
        let is_too_much = if self.answering {
            connection.out.len() > 2 * MAX_PENDING
        } else {
            pending > connection.excused + BEHIND
        };
        if is_too_much {
            let why = format!("MaxPending of {MAX_PENDING} Exceeded");
            self.slow_consumer(id, &why, "Slow Consumer (Pending Bytes)");
        } else if self.answering {
            connection.excused = pending;
        }
    }

    /// Ends a connection that does not take what it is sent.
    pub(super) fn slow_consumer(&mut self, id: ConnectionId, why: &str, reason: &'static str) {
        let open = |c: &&mut Box<Connection>| c.closing.is_none();
        if let Some(connection) = self.connections.get_mut(&id).filter(open) {
            connection.out = Vec::new();
            self.totals.slow_consumers += 1;
            self.write_log(id, "INF", &format!("Slow Consumer Detected: {why}"));
            self.close(id, reason);
        }
    }

    /// So many bytes of what was taken are being written.
    pub(super) fn writing(&mut self, id: ConnectionId, bytes: usize) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.writing = bytes;
            // More than may be pending is there only if it was excused.
            connection.excused = Some(connection.pending())
                .filter(|pending| *pending > MAX_PENDING)
                .unwrap_or(0);
        }
    }

    /// Takes what a connection should be sent.
    pub(super) fn output(&mut self, id: ConnectionId) -> Output {
        let Some(connection) = self.connections.get_mut(&id) else {
            return Output::default();
        };
        connection.ready = false;
        connection.excused = 0;
        let output = Output {
            bytes: std::mem::take(&mut connection.out),
            close: connection.closing.map(str::to_owned),
        };
        if output.close.is_some() {
            self.connections.remove(&id);
        }
        output
    }
}
