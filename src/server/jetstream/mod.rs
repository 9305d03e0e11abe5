//! JetStream: streams, consumers and their API, on top of core messaging.

pub mod consumer;
pub mod error;
pub mod store;
pub mod stream;
pub mod transform;

use super::ConnectionId;
use super::core::{ConsumerId, Core, Endpoint, Message, StreamId, Timer};

/// The account's streams and consumers.
#[derive(Clone, Debug, Default)]
pub struct JetStream {}

impl JetStream {
    /// Starts JetStream: subscribes to its API.
    pub fn new(core: &mut Core) -> JetStream {
        core.subscribe(b"$JS.API.>", Endpoint::JetStreamApi);
        JetStream {}
    }

    /// A message for one of JetStream's endpoints; `from` is the client that published it, if one did.
    pub fn on_message(
        &mut self,
        core: &mut Core,
        endpoint: Endpoint,
        message: Message<'_>,
        from: Option<ConnectionId>,
    ) {
        let _ = (core, endpoint, message, from);
    }

    /// A timer set with [`Core::set_timer`] is due.
    pub fn timer(&mut self, core: &mut Core, timer: Timer) {
        let _ = (core, timer);
    }

    /// Exact interest that [`Core::watch_interest`] asked about came or went.
    pub fn interest_changed(&mut self, core: &mut Core, stream: StreamId, consumer: ConsumerId) {
        let _ = (core, stream, consumer);
    }

    /// The server is about to stop.
    pub fn shutdown(&mut self, core: &mut Core) {
        let _ = core;
    }
}
