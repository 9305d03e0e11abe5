//! Lame duck mode (`lameDuckMode` of nats-server's `server.go`): a server that is to go takes no new clients, ends JetStream,
//! tells its clients, and lets them go one after another, so that they do not all come to another server at once. Only a
//! driver with a signal to deliver calls this. Of JetStream it knows no more than that it can be taken away.

use super::core::{Core, Endpoint};
use super::info::Occasion;
use super::subscriptions::Owner;
use super::{ConnectionId, Server};
use crate::wire::op::ServerOp;
use crate::wire::time::{SECOND, Time};

/// From the first to the last step; there is no flag for it.
const DURATION: i64 = 120 * SECOND;
/// Before the first client has to go.
const GRACE: i64 = 10 * SECOND;
/// The longest time between two clients.
const MAX_INTERVAL: i64 = SECOND;

/// Who is still to go, and when.
#[derive(Debug)]
pub struct LameDuck {
    /// The last goes first.
    clients: Vec<ConnectionId>,
    interval: i64,
    next: Time,
    begun: bool,
}

impl Server {
    /// SIGUSR2: JetStream ends here, without a word to those who wait for it, and clients that understand it get an INFO
    /// with `ldm`. The driver listens no more, has taken [`Server::take_journal`], and calls [`Server::let_go`] next.
    pub fn enter_lame_duck_mode(&mut self, now: Time) -> LameDuck {
        self.core.now = now;
        self.lame_duck = true;
        let text = "Entering lame duck mode, stop accepting new clients";
        self.core.log("INF", text);
        if self.jetstream.take().is_some() {
            self.core.log("INF", "Initiating JetStream Shutdown...");
            self.core.drop_endpoints();
            self.core.log("INF", "JetStream Shutdown");
        }
        self.finish();
        let core = &mut self.core;
        let mut clients: Vec<_> = core.connections.keys().copied().collect();
        clients.retain(|id| core.is_open(*id));
        clients.iter().for_each(|id| core.send_lame_duck_info(*id));
        for last in (1..clients.len()).rev() {
            clients.swap(last, core.random_below(last + 1));
        }
        LameDuck {
            interval: ((DURATION - GRACE) / clients.len().max(1) as i64).clamp(1, MAX_INTERVAL),
            clients,
            next: now.after(GRACE),
            begun: false,
        }
    }

    /// Closes the clients that are due; when the next is. With `None` there is nobody left to wait for, and the driver is to
    /// call [`Server::shutdown`]. Who goes by itself leaves its turn empty.
    pub fn let_go(&mut self, duck: &mut LameDuck, now: Time) -> Option<Time> {
        self.core.now = now;
        while duck.next <= now && !duck.clients.is_empty() {
            if !std::mem::replace(&mut duck.begun, true) {
                self.core.log("INF", "Closing existing clients");
            }
            if let Some(id) = duck.clients.pop() {
                self.core.close(id, "Server Shutdown");
                self.finish();
            }
            let wait = self.core.random_below(duck.interval as usize) as i64;
            duck.next = now.after(wait.max(duck.interval / 2));
        }
        (!duck.clients.is_empty()).then_some(duck.next)
    }
}

impl Core {
    /// Ends JetStream's subscriptions. Requests to its API stay without an answer, everything else has no responders.
    fn drop_endpoints(&mut self) {
        let stays = |endpoint| matches!(endpoint, Endpoint::System | Endpoint::JetStreamApi);
        let all = self.subscriptions.iter();
        let ended =
            all.filter(|(_, s)| matches!(s.owner, Owner::Internal(endpoint) if !stays(endpoint)));
        let ended: Vec<_> = ended.map(|(id, _)| id).collect();
        for id in ended {
            self.subscriptions.remove(id);
        }
    }

    /// INFO with `ldm`, for a client that takes INFOs at any time and has had the one after its first PING.
    fn send_lame_duck_info(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get(&id)
            && connection.options.protocol >= 1
            && connection.first_pong
        {
            let info = self.info(id, connection, Occasion::LameDuck);
            ServerOp::Info(&info).write(&mut self.connection_mut(id).out);
            self.mark_ready(id);
        }
    }
}
