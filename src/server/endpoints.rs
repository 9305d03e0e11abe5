//! The names by which routes and timers point at what is inside the server. Must not know what any of them does.

/// Names a stream while it exists; never reused within a server.
pub type StreamId = u64;
/// Names a consumer while it exists; never reused within a server.
pub type ConsumerId = u64;
/// Names a snapshot or restore of a stream while it runs; never reused within a server.
pub type TransferId = u64;

/// Who takes a message inside the server. A subscription in the routes is either a client's or one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `$JS.API.>`
    JetStreamApi,
    /// `$SYS.REQ.…` of an ordinary user.
    System,
    /// One of a stream's subjects.
    Stream(StreamId),
    /// `$JS.API.DIRECT.GET.S` and `…S.>`, of a mirror also those of its origin
    DirectGet(StreamId),
    /// Where a consumer delivers that reads an origin for a stream, and where requests for one are answered.
    Follow(StreamId),
    /// `$JS.API.CONSUMER.MSG.NEXT.S.C`
    ConsumerNext(StreamId, ConsumerId),
    /// `$JS.ACK.S.C.>` and its v2 form.
    ConsumerAck(StreamId, ConsumerId),
    /// `$JS.FC.S.C.>`
    ConsumerFlow(StreamId, ConsumerId),
    /// `$JS.API.CONSUMER.RESET.S.C`
    ConsumerReset(StreamId, ConsumerId),
    /// `$JS.SNAPSHOT.ACK.S.<nuid>.>` of a snapshot, `$JS.SNAPSHOT.RESTORE.S.<nuid>` of a restore.
    Transfer(TransferId),
}

/// Who is told when interest in a subject comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watcher {
    /// A push consumer.
    Consumer(StreamId, ConsumerId),
    /// A snapshot.
    Transfer(TransferId),
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
    /// The other side of a snapshot or restore was silent for too long.
    Transfer(TransferId),
}
