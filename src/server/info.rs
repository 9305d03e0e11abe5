//! Who this server is, and the INFO it sends.

use super::connection::Connection;
use super::core::Core;
use super::random::Random;
use super::{Config, ConnectionId};

/// The nats-server whose behaviour this is.
pub const VERSION: &str = "2.15.2";
/// The Go that nats-server release was built with.
pub const GO_VERSION: &str = "go1.26.8";
/// Level of the JetStream API.
pub const API_LEVEL: u32 = 5;
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
}

impl Core {
    /// The JSON of INFO for a connection.
    pub(super) fn info(
        &self,
        id: ConnectionId,
        connection: &Connection,
        occasion: Occasion,
    ) -> String {
        let config = &self.config;
        let mut json = String::with_capacity(512);
        let mut field = |text: &str| json.push_str(text);
        field("{\"server_id\":\"");
        field(&self.identity.id);
        field("\",\"server_name\":");
        field(&json_string(&self.identity.name));
        field(",\"version\":\"");
        field(VERSION);
        field("\",\"proto\":1,\"go\":\"");
        field(GO_VERSION);
        field("\",\"host\":");
        field(&json_string(&config.host));
        field(",\"port\":");
        let port = if connection.peer.websocket {
            config.websocket_port.unwrap_or(config.port)
        } else {
            config.port
        };
        field(&port.to_string());
        field(",\"headers\":true");
        if config.auth_required() {
            field(",\"auth_required\":true");
        }
        field(",\"max_payload\":");
        field(&MAX_PAYLOAD.to_string());
        if config.jetstream {
            field(",\"jetstream\":true");
        }
        field(",\"client_id\":");
        field(&id.0.to_string());
        field(",\"client_ip\":");
        field(&json_string(&connection.peer.ip));
        if occasion == Occasion::FirstPong {
            field(",\"connect_info\":true,\"remote_account\":\"$G\"");
        }
        field(",\"api_lvl\":");
        field(&API_LEVEL.to_string());
        field(",\"xkey\":\"");
        field(&self.identity.xkey);
        field("\"}");
        json
    }
}

/// Text as a JSON string, escaped as Go does.
pub(super) fn json_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\0'..='\x1f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str("\\u");
                let code = u32::from(c);
                out.extend(
                    [12, 8, 4, 0]
                        .map(|shift| char::from_digit(code >> shift & 15, 16).unwrap_or('0')),
                );
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
