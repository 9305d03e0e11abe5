//! Who this server is, and the INFO it sends.

use super::connection::Connection;
use super::core::Core;
use super::random::Random;
use super::{Config, ConnectionId};
use crate::wire::json::Writer;

/// The nats-server whose behaviour this is.
pub const VERSION: &str = "2.15.2";
/// The Go that nats-server release was built with.
pub const GO_VERSION: &str = "go1.26.8";
/// Level of the JetStream API.
pub const API_LEVEL: i64 = 5;
/// Bytes of a message, headers included.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// Names of a running server.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `N` and 55 characters.
    pub id: String,
    /// `-n`, or the id.
    pub name: String,
    /// `X` and 55 characters.
    pub xkey: String,
}

impl Identity {
    pub(super) fn new(config: &Config, random: &mut Random) -> Identity {
        let id = random.nkey(13 << 3);
        let xkey = random.nkey(23 << 3);
        Identity {
            name: config.server_name.clone().unwrap_or_else(|| id.clone()),
            id,
            xkey,
        }
    }
}

/// What an INFO is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    Accept,
    FirstPong,
    LameDuck,
}

impl Core {
    /// The JSON of INFO for a connection.
    pub(super) fn info(
        &self,
        id: ConnectionId,
        connection: &Connection,
        occasion: Occasion,
    ) -> Vec<u8> {
        let config = &self.config;
        let by_websocket = connection
            .peer
            .websocket
            .then_some(config.websocket_port)
            .flatten();
        let mut json = Writer::default();
        json.open();
        json.key("server_id").string(&self.identity.id);
        json.key("server_name").string(&self.identity.name);
        json.key("version").string(VERSION);
        json.key("proto").int(1);
        json.key("go").string(GO_VERSION);
        json.key("host").string(&config.host);
        json.key("port")
            .uint(by_websocket.unwrap_or(config.port).into());
        json.key("headers").bool(true);
        if config.auth_required() {
            json.key("auth_required").bool(true);
        }
        json.key("max_payload").uint(MAX_PAYLOAD as u64);
        if config.jetstream.is_some() {
            json.key("jetstream").bool(true);
        }
        json.key("client_id").uint(id.0);
        json.key("client_ip").string(&connection.peer.ip);
        if occasion == Occasion::FirstPong {
            json.key("connect_info").bool(true);
            json.key("remote_account").string("$G");
        }
        if occasion == Occasion::LameDuck {
            json.key("ldm").bool(true);
        }
        json.key("api_lvl").int(API_LEVEL);
        json.key("xkey").string(&self.identity.xkey);
        json.close();
        json.finish()
    }
}
