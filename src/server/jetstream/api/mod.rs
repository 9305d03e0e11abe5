//! `$JS.API.>`: which request it is, the envelope of its reply, counters and the audit. What a request does is in the
//! module of its family.

mod account;
mod consumer;
pub mod direct;
mod message;
mod stream;

use std::borrow::Cow;

use super::JetStream;
use super::advisory::advise;
use super::error::{
    ApiError, BAD_REQUEST, CLUSTER_REQUIRED, INVALID_JSON, NOT_ENABLED, REQUIRED_LEVEL,
};
use super::stream::{IDENTITY, identity};
use crate::server::core::{ConsumerId, Core, Message, StreamId, TransferId};
use crate::server::{API_LEVEL, ConnectionId};
use crate::wire::headers;
use crate::wire::json::{self, Decoder, Value, Writer};

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Tokens after `$JS.API.`.
    pub tokens: &'a [&'a str],
    /// Its header block.
    pub headers: &'a [u8],
    /// Its payload.
    pub payload: &'a [u8],
    /// The client that sent it.
    pub from: Option<ConnectionId>,
}

impl Request<'_> {
    /// The stream that a request about streams names, `STREAM.INFO.<stream>` or `STREAM.MSG.GET.<stream>`.
    pub fn stream(&self) -> &str {
        self.tokens.last().copied().unwrap_or_default()
    }

    /// Makes sure that it says something.
    ///
    /// # Errors
    /// `bad request` if there is nothing in it.
    pub fn require_payload(&self) -> Result<(), ApiError> {
        match json::is_empty_request(self.payload) {
            true => Err(BAD_REQUEST.into()),
            false => Ok(()),
        }
    }

    /// Reads its members; `name` is the type it has in nats-server, and `member` says whether it knows one.
    ///
    /// # Errors
    /// `invalid JSON` with Go's text.
    pub fn read(&self, name: &'static str, member: Member<'_>) -> Result<(), ApiError> {
        json::decode(self.payload, |d, value| d.object(value, name, member))
            .map_err(|error| ApiError::invalid_json(&error))
    }

    /// Reads its members, if it has some: what does not look like JSON has none.
    ///
    /// # Errors
    /// As [`Request::read`].
    fn read_any(&self, name: &'static str, member: Member<'_>) -> Result<(), ApiError> {
        match json::looks_like_json(self.payload) {
            true => self.read(name, member),
            false => Ok(()),
        }
    }
}

/// Takes a member of a request; false for one it does not know.
type Member<'f> = &'f mut dyn FnMut(&mut Decoder, &str, Value<'_>) -> bool;

/// A request that worked: what is still to be done once its reply is out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// A consumer that may begin to deliver.
    pub start: Option<(StreamId, ConsumerId)>,
    /// The stream of which the reply's headers say which of its name it is.
    pub identity: Option<StreamId>,
    /// A snapshot that may begin to be sent.
    pub send: Option<TransferId>,
    /// The reply goes out past the API: neither counted nor audited.
    pub unseen: bool,
}

/// What a request does. Writes the reply's members only if it succeeds.
pub type Run = fn(&mut JetStream, &mut Core, &Request<'_>, &mut Writer) -> Result<Done, ApiError>;

/// One request of the API.
pub struct Call {
    /// Type of the reply, without its prefix.
    pub kind: &'static str,
    /// What it does.
    pub run: Run,
    /// Members of a reply that is an error, as JSON without braces.
    pub on_error: &'static str,
}

/// Is the level a request asks for (`Nats-Required-Api-Level`) one that this server has?
pub fn level_ok(block: &[u8]) -> bool {
    match headers::get(block, "Nats-Required-Api-Level") {
        None | Some(b"") => true,
        Some(level) => {
            let level = str::from_utf8(level).ok();
            level
                .and_then(|l| l.parse::<i64>().ok())
                .is_some_and(|l| l <= API_LEVEL)
        }
    }
}

/// Starts a reply.
pub fn envelope(kind: &str) -> Writer {
    let mut w = Writer::default();
    let kind = format!("io.nats.jetstream.api.v1.{kind}");
    w.open().key("type").string(&kind);
    w
}

impl JetStream {
    /// A message on `$JS.API.>`. What is no request of the API gets no answer.
    pub(super) fn on_request(
        &mut self,
        core: &mut Core,
        message: Message<'_>,
        from: Option<ConnectionId>,
    ) {
        let Some(rest) = message.subject.strip_prefix(b"$JS.API.") else {
            return;
        };
        let rest: Vec<Cow<'_, str>> = rest
            .split(|b| *b == b'.')
            .map(String::from_utf8_lossy)
            .collect();
        let tokens: Vec<&str> = rest.iter().map(|token| &**token).collect();
        // nats-server finds no account for who asks where it cannot append that to the headers.
        if !headers::is_open(message.headers) {
            let silent = tokens == ["INFO"] || matches!(tokens[0], "META" | "SERVER" | "ACCOUNT");
            if !silent && !message.reply.is_empty() {
                let mut w = envelope("system_response");
                ApiError::from(NOT_ENABLED).write(w.key("error"));
                w.close();
                core.publish(Message::plain(message.reply, &w.finish()), false);
            }
            return;
        }
        let Some(call) = find(&tokens) else {
            return;
        };
        let request = Request {
            tokens: &tokens,
            headers: message.headers,
            payload: message.payload,
            from,
        };
        let mut kind = call.kind;
        // So ask servers of a cluster for their clients.
        if kind == stream::INFO.kind
            && headers::get(message.headers, "Nats-Response-Type") == Some(b"create")
        {
            kind = stream::CREATE.kind;
        }
        let mut w = envelope(kind);
        let done = if level_ok(message.headers) {
            (call.run)(self, core, &request, &mut w)
        } else {
            Err(REQUIRED_LEVEL.into())
        };
        let failed = done.as_ref().is_err_and(|error| error.counts);
        // UNPIN alone is read in a way that the log does not hear of.
        if let Err(error) = &done
            && let Some(error) = error.description.strip_prefix(INVALID_JSON)
            && tokens.get(1) != Some(&"UNPIN")
        {
            self.warn(core, message.subject, error);
        }
        let done = done.unwrap_or_else(|error| {
            w = envelope(kind);
            error.write(w.key("error"));
            if !call.on_error.is_empty() {
                w.raw(call.on_error.as_bytes());
            }
            Done::default()
        });
        w.close();
        let reply = w.finish();
        core.promise();
        if !message.reply.is_empty() {
            let mut headers = Vec::new();
            if let Some(stream) = done.identity.and_then(|id| self.streams.get(&id)) {
                headers::push(&mut headers, IDENTITY, identity(stream.created).as_bytes());
            }
            let message = Message {
                headers: &headers,
                ..Message::plain(message.reply, &reply)
            };
            core.publish(message, false);
        }
        if !done.unseen {
            self.api_total += 1;
            self.api_errors = self.api_errors.wrapping_add(u64::from(failed));
            audit(core, message, from, &reply);
        }
        if let Some((stream, consumer)) = done.start
            && let Some(stream) = self.streams.get_mut(&stream)
        {
            let (consumers, view) = stream.parts();
            consumers.start(core, view, consumer);
            stream.settle(core);
        }
        if let Some(id) = done.send {
            self.send_snapshot(core, id);
        }
    }
}

/// The request a subject stands for; `tokens` are those after `$JS.API.`.
fn find(tokens: &[&str]) -> Option<&'static Call> {
    match tokens {
        ["INFO"] => Some(&account::INFO),
        ["STREAM", rest @ ..] => match rest {
            ["CREATE", _] => Some(&stream::CREATE),
            ["UPDATE", _] => Some(&stream::UPDATE),
            ["INFO", _] => Some(&stream::INFO),
            ["NAMES"] => Some(&stream::NAMES),
            ["LIST"] => Some(&stream::LIST),
            ["DELETE", _] => Some(&stream::DELETE),
            ["PURGE", _] => Some(&stream::PURGE),
            ["MSG", "GET", _] => Some(&message::GET),
            ["MSG", "DELETE", _] => Some(&message::DELETE),
            ["SNAPSHOT", _] => Some(&stream::SNAPSHOT),
            ["RESTORE", _] => Some(&stream::RESTORE),
            ["LEADER", "STEPDOWN", _] => Some(&STEPDOWN),
            ["PEER", "REMOVE", _] => Some(&REMOVE_PEER),
            ["PEER", "EVACUATE", _] => Some(&EVACUATE_PEER),
            ["CANCEL_MOVE", _] => Some(&CANCEL_MOVE),
            _ => None,
        },
        ["CONSUMER", rest @ ..] => consumer::find(rest),
        _ => None,
    }
}

/// A request that needs a cluster.
pub const fn clustered(kind: &'static str) -> Call {
    Call {
        kind,
        run: |_, _, _, _| Err(CLUSTER_REQUIRED.into()),
        on_error: "",
    }
}

static STEPDOWN: Call = clustered("stream_leader_stepdown_response");
static REMOVE_PEER: Call = clustered("stream_remove_peer_response");
static EVACUATE_PEER: Call = clustered("stream_evacuate_peer_response");
static CANCEL_MOVE: Call = clustered("stream_cancel_move_response");

/// Sends the audit advisory of a request, if anybody listens.
fn audit(core: &mut Core, message: Message<'_>, from: Option<ConnectionId>, reply: &[u8]) {
    advise(
        core,
        "ADVISORY.API",
        "advisory.v1.api_audit",
        true,
        &|w, core| {
            w.key("server").string(core.server_name()).key("client");
            write_client(w, core, from);
            w.key("subject").bytes(message.subject);
            if !message.payload.is_empty() {
                w.key("request").bytes(message.payload);
            }
            w.key("response").bytes(reply);
        },
    );
}

/// Writes who a client is.
pub fn write_client(w: &mut Writer, core: &Core, from: Option<ConnectionId>) {
    w.open();
    if let Some((id, connection)) = from.and_then(|id| Some((id, core.connections.get(&id)?))) {
        let options = &connection.options;
        w.key("start").time(Some(connection.started));
        w.key("host").string(&connection.peer.ip);
        w.key("id").uint(id.0).key("acc").string("$G");
        for (name, value) in [
            ("user", options.shown_user()),
            ("name", &options.name[..]),
            ("lang", &options.lang[..]),
            ("ver", &options.version[..]),
        ] {
            if !value.is_empty() {
                w.key(name).string(value);
            }
        }
        if connection.rtt > 0 {
            w.key("rtt").int(connection.rtt);
        }
        w.key("server").string(core.server_name());
        w.key("kind").string("Client");
        w.key("client_type").string("nats");
    }
    w.close();
}
