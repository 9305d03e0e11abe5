//! CONNECT, who may come in, and the PINGs that tell whether a client is still there (nats-server's `client.go`, `auth.go`).

use super::ConnectionId;
use super::core::{Core, Timer};
use super::info::Occasion;
use super::options::Options;
use crate::wire::json::quote;
use crate::wire::op::ServerOp;
use crate::wire::time::SECOND;

const FIRST_PING: i64 = 2 * SECOND;
/// Between later PINGs; also how long a client may be silent before its first CONNECT.
pub(super) const PING_INTERVAL: i64 = 120 * SECOND;
const MAX_PINGS_OUT: u32 = 2;
/// A round trip older than this is measured again.
const RTT_AGE: i64 = 3600 * SECOND;

impl Core {
    /// Something other than CONNECT came first.
    pub(super) fn auth_violation(&mut self, id: ConnectionId) {
        let options = &self.connection_mut(id).options;
        let suffix = if !options.nkey.is_empty() {
            format!(" - Nkey {}", quote(options.nkey.as_bytes()))
        } else if !options.user.is_empty() {
            format!(" - User {}", quote(options.user.as_bytes()))
        } else if !options.auth_token.is_empty() {
            " - Token \"[REDACTED]\"".into()
        } else {
            String::new()
        };
        self.write_log(id, "ERR", &format!("authentication error{suffix}"));
        self.fail(id, "Authorization Violation", "Authentication Failure");
    }

    pub(super) fn client_connect(&mut self, id: ConnectionId, json: &[u8]) {
        let now = self.now;
        let jitter = self.random_below((FIRST_PING / 5) as usize) as i64;
        self.timers
            .set(Timer::Connection(id), Some(now.after(FIRST_PING + jitter)));
        let connection = self.connection_mut(id);
        connection.last = now;
        connection.rtt = now.since(connection.started).max(1);
        if let Err(error) = connection.options.overlay(json) {
            self.write_log(id, "ERR", &error);
            return self.close(id, "Protocol Violation");
        }
        let again = std::mem::replace(&mut connection.connected, true);
        let options = connection.options.clone();
        if again {
            let ended = std::mem::take(&mut connection.subscriptions);
            for (_, subscription) in ended {
                self.drop_subscription(id, subscription);
            }
        }
        if !self
            .config
            .admits(&options.user, &options.pass, &options.auth_token)
            || options.new_account
            || !options.account.is_empty()
        {
            return self.auth_violation(id);
        }
        if !again {
            self.relabel(id, &options);
        }
        if !(0..=1).contains(&options.protocol) {
            let text = "invalid client protocol";
            self.fail(id, text, "Bad Client Protocol Version");
            self.write_log(id, "ERR", text);
        } else if options.no_responders && !options.headers {
            let text = "no responders requires headers support";
            self.fail(id, text, "No Responders Requires Headers");
            self.write_log(id, "ERR", text);
        } else {
            self.acknowledge(id);
        }
    }

    fn relabel(&mut self, id: ConnectionId, options: &Options) {
        let client = options.label();
        let user = match options.shown_user() {
            "" => String::new(),
            nkey if !options.nkey.is_empty() => format!("$G/nkey:{nkey}"),
            user if !options.user.is_empty() => format!("$G/user:{user}"),
            _ => "$G/token".into(),
        };
        let label = &mut self.connection_mut(id).label;
        for part in [client, user].iter().filter(|part| !part.is_empty()) {
            label.push_str(" - ");
            label.push_str(&quote(part.as_bytes()));
        }
    }

    pub(super) fn ping(&mut self, id: ConnectionId) {
        let now = self.now;
        let connection = self.connection_mut(id);
        connection.last_in = now;
        ServerOp::Pong.write(&mut connection.out);
        let first = connection.connected
            && !std::mem::replace(&mut connection.first_pong, connection.connected);
        let wants_info = first && connection.options.protocol >= 1;
        self.mark_ready(id);
        self.trace(id, "TRC", || "->> [PONG]".into());
        if wants_info && let Some(connection) = self.connections.get(&id) {
            let info = self.info(id, connection, Occasion::FirstPong);
            ServerOp::Info(&info).write(&mut self.connection_mut(id).out);
        }
    }

    /// The timer of a connection is due: it did not authenticate, or it is time to PING.
    pub(super) fn connection_timer(&mut self, id: ConnectionId) {
        let now = self.now;
        if self.awaits_connect(id) {
            self.trace(id, "DBG", || "Authentication Timeout".into());
            return self.fail(id, "Authentication Timeout", "Authentication Timeout");
        }
        if !self.is_open(id) {
            return;
        }
        self.trace(id, "DBG", || "Client Ping Timer".into());
        let connection = self.connection_mut(id);
        let measure = connection
            .rtt_start
            .is_none_or(|start| now.since(start) > RTT_AGE);
        if now.since(connection.last_in) >= PING_INTERVAL || measure {
            if connection.pings_out >= MAX_PINGS_OUT {
                self.trace(id, "DBG", || "Stale Client Connection - Closing".into());
                return self.fail(id, "Stale Connection", "Stale Connection");
            }
            connection.pings_out += 1;
            connection.rtt_start = Some(now);
            ServerOp::Ping.write(&mut connection.out);
            self.mark_ready(id);
            self.trace(id, "TRC", || "->> [PING]".into());
        } else {
            let ago = now.since(connection.last_in) + SECOND / 2;
            let text = || {
                format!(
                    "Delaying PING due to remote client data or ping {}s ago",
                    ago / SECOND
                )
            };
            self.trace(id, "DBG", text);
        }
        self.timers
            .set(Timer::Connection(id), Some(now.after(PING_INTERVAL)));
    }
}
