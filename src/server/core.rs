//! What every part of the server works with: routing, timers, randomness, the log and the time of the current step.
//! JetStream gets `&mut Core` in each call and sends everything it has to say through it. Must not know JetStream's
//! rules; it only names JetStream's [`Endpoint`]s and [`Timer`]s so that routes and timers can point at them.

use crate::wire::time::Time;

/// Names a stream while it exists; never reused within a server.
pub type StreamId = u64;
/// Names a consumer while it exists; never reused within a server.
pub type ConsumerId = u64;

/// Who takes a message inside the server. A subscription in the routes is either a client's or one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `$JS.API.>`
    JetStreamApi,
    /// `$SYS.REQ.…` of an ordinary user.
    System,
    /// One of a stream's subjects.
    Stream(StreamId),
    /// `$JS.API.DIRECT.GET.S` and `…S.>`
    DirectGet(StreamId),
    /// `$JS.API.CONSUMER.MSG.NEXT.S.C`
    ConsumerNext(StreamId, ConsumerId),
    /// `$JS.ACK.S.C.>` and its v2 form.
    ConsumerAck(StreamId, ConsumerId),
    /// `$JS.FC.S.C.>`
    ConsumerFlow(StreamId, ConsumerId),
    /// `$JS.API.CONSUMER.RESET.S.C`
    ConsumerReset(StreamId, ConsumerId),
}

/// What fires at a deadline. Setting a timer again moves it; at most one deadline a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The next PING to a connection, or its auth timeout.
    Connection(super::ConnectionId),
    /// Oldest message of a stream reaches `max_age`, or a per-message TTL is due.
    StreamAge(StreamId),
    /// Ids of the dedupe window run out.
    StreamDedupe(StreamId),
    /// Mirror and sources: attach or retry.
    StreamSources(StreamId),
    /// Ack waits and delayed NAKs.
    ConsumerAckWait(StreamId, ConsumerId),
    /// Idle heartbeats of a push consumer.
    ConsumerHeartbeat(StreamId, ConsumerId),
    /// Expiry and heartbeats of waiting pull requests.
    ConsumerRequests(StreamId, ConsumerId),
    /// Inactive threshold.
    ConsumerInactive(StreamId, ConsumerId),
    /// End of a pause.
    ConsumerPause(StreamId, ConsumerId),
    /// Replay `original`, rate limit: the next delivery may go.
    ConsumerDeliver(StreamId, ConsumerId),
}

/// A message on its way through the server. Subjects are bytes: the server passes on whatever it is given.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Subject it was published to.
    pub subject: &'a [u8],
    /// Reply subject; empty when there is none.
    pub reply: &'a [u8],
    /// The whole header block, `NATS/1.0␍␊` to the empty line included; empty when there is none.
    pub headers: &'a [u8],
    /// Payload without headers.
    pub payload: &'a [u8],
}

/// The shared middle of the server. (The server-core work fills this in; these signatures are what JetStream may use.)
pub struct Core {}

#[allow(unused_variables, clippy::todo)]
impl Core {
    /// The time of the current step (what `receive` or `advance` was given).
    pub fn now(&self) -> Time {
        todo!()
    }

    /// 64 random bits from the seed.
    pub fn random(&mut self) -> u64 {
        todo!()
    }

    /// A fresh 22-character NUID, for advisory ids.
    pub fn nuid(&mut self) -> String {
        todo!()
    }

    /// This server's name and id.
    pub fn server_name(&self) -> &str {
        todo!()
    }

    /// See [`Core::server_name`].
    pub fn server_id(&self) -> &str {
        todo!()
    }

    /// Adds an internal subscription; matches count as interest (no 503). `queue` makes it a queue member.
    pub fn subscribe(&mut self, subject: &[u8], endpoint: Endpoint) {
        todo!()
    }

    /// Removes what [`Core::subscribe`] added for this subject and endpoint.
    pub fn unsubscribe(&mut self, subject: &[u8], endpoint: Endpoint) {
        todo!()
    }

    /// Publishes as the server: to clients at once and to internal subscriptions (streams!) after the current step's
    /// work, in order. `double_space` is the account client's form (advisories, `core.md` 7.2). True if anybody took it.
    pub fn publish(&mut self, message: Message<'_>, double_space: bool) -> bool {
        todo!()
    }

    /// Delivers a stored message: routed by `to` (a deliver subject or a pull request's reply), shown under
    /// `message.subject`. Goes to clients (and internal subscriptions on `to`). True if anybody took it.
    pub fn deliver(&mut self, to: &[u8], message: Message<'_>) -> bool {
        todo!()
    }

    /// Is anybody (client or internal) subscribed so that a publish to `subject` would be taken?
    pub fn has_interest(&self, subject: &[u8]) -> bool {
        todo!()
    }

    /// Push consumers: is there a subscription on exactly `subject` (no wildcard), plain, or in queue group `group`?
    pub fn has_exact_interest(&self, subject: &[u8], group: Option<&[u8]>) -> bool {
        todo!()
    }

    /// From now on, tell JetStream (`interest_changed(stream, consumer)`) when exact interest on `subject` comes or goes.
    pub fn watch_interest(&mut self, subject: &[u8], stream: StreamId, consumer: ConsumerId) {
        todo!()
    }

    /// Ends [`Core::watch_interest`].
    pub fn unwatch_interest(&mut self, subject: &[u8], stream: StreamId, consumer: ConsumerId) {
        todo!()
    }

    /// Sets, moves or (`None`) clears a timer. A timer due fires once, from `Server::advance`, as `JetStream::timer`.
    pub fn set_timer(&mut self, timer: Timer, at: Option<Time>) {
        todo!()
    }

    /// Writes a log line (`INF`, `WRN`, `ERR`, `DBG`; debug lines only with `-D`).
    pub fn log(&mut self, tag: &'static str, text: &str) {
        todo!()
    }

    /// The next id of the counter shared by clients and internal clients (`core.md` 4).
    pub fn next_client_id(&mut self) -> u64 {
        todo!()
    }
}
