//! The report that a message with the header `Nats-Trace-Dest` asks for: who got it, or with `Nats-Trace-Only` would have
//! got it. Must not know JetStream's rules.

use super::core::{Core, Endpoint, Form, Message};
use super::subscriptions::{Owner, SubscriptionId};
use super::{ConnectionId, system};
use crate::wire::json::{Writer, quote};
use crate::wire::sorted::Sorted;
use crate::wire::{headers, subject};

/// Where to report to.
const DESTINATION: &str = "Nats-Trace-Dest";
/// `1`, `true` or `on`: deliver nothing.
const ONLY: &str = "Nats-Trace-Only";

/// The report on the message that is being routed.
#[derive(Clone, Debug)]
pub(super) struct MessageTrace {
    destination: Vec<u8>,
    only: bool,
    /// Headers of the report.
    headers: Vec<u8>,
    /// Up to the last event, which is still open.
    json: Writer,
}

/// Adds the fields that are not empty.
fn add(json: &mut Writer, fields: &[(&str, &[u8])]) {
    for (key, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        json.key(key).bytes(value);
    }
}

/// The fields of a header block that have a value, without the blanks around it (`genHeaderMapIfTraceHeadersPresent`). A name is
/// all that stands before a colon.
fn fields(block: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    let mut rest = block.strip_prefix(b"NATS/1.0\r\n").unwrap_or_default();
    let fields = std::iter::from_fn(move || {
        let colon = rest.iter().position(|byte| *byte == b':')?;
        let (key, after) = (&rest[..colon], &rest[colon + 1..]);
        let end = after.windows(2).position(|pair| pair == b"\r\n")?;
        let mut value = &after[..end];
        while let [b' ' | b'\t', inner @ ..] | [inner @ .., b' ' | b'\t'] = value {
            value = inner;
        }
        rest = &after[end + 2..];
        Some((key, value))
    });
    fields.filter(|(key, value)| !key.is_empty() && !value.is_empty())
}

/// How whoever asks would like to read what comes.
pub(super) const ACCEPT_ENCODING: &str = "Accept-Encoding";

/// The headers that say in which of the encodings that are `wanted` something comes: as it is, in nats-server's words for what
/// it cannot do.
pub(super) fn encoding(wanted: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    if !wanted.is_empty() {
        headers::push(&mut block, "Content-Encoding", b"identity");
    }
    block
}

/// Instead of a destination: no report.
const DISABLED: &[u8] = b"trace disabled";

impl Core {
    /// Begins a report on a client's message of this size, if its headers ask for one; true if nothing at all is to come of it.
    pub(super) fn begin_message_trace(
        &mut self,
        from: ConnectionId,
        message: &Message<'_>,
        size: usize,
    ) -> bool {
        let fields = fields(message.headers);
        let first = |name: &str| {
            let found = fields.clone().find(|(key, _)| *key == name.as_bytes());
            found.map_or(&b""[..], |(_, value)| value)
        };
        let destination = first(DESTINATION);
        if destination.is_empty() || destination == DISABLED {
            return false;
        }
        let only = first(ONLY).to_ascii_lowercase();
        let only = matches!(&only[..], b"1" | b"true" | b"on");
        if !subject::is_valid_literal(destination) {
            let shown = quote(destination);
            let text = format!("Destination {shown} is not valid, won't be able to trace events");
            self.write_log(from, "ERR", &text);
            return only;
        }
        if self.is_refused(from, destination) {
            return true;
        }
        let headers = encoding(first(ACCEPT_ENCODING));
        let mut named = Sorted::<&[u8], Vec<&[u8]>>::default();
        for (key, value) in fields {
            named.get_or_insert(key, Vec::new()).push(value);
        }
        self.sent += 1;
        let mut json = Writer::default();
        self.write_server(json.open().key("server"));
        json.key("request").open().key("header").open();
        for (key, values) in named.iter() {
            json.key_bytes(key).open_list();
            for value in values {
                json.bytes(value);
            }
            json.close_list();
        }
        json.close().key("msgsize").uint(size as u64).close();
        json.key("events").open_list();
        self.message_trace = Some(MessageTrace {
            destination: destination.to_vec(),
            only,
            headers,
            json,
        });
        let fields = [("acc", &b"$G"[..]), ("subj", message.subject)];
        self.trace_event("in", Some(from), &fields);
        false
    }

    /// Reports an event with the fields that are not empty; true if nothing is to come of it.
    fn trace_event(
        &mut self,
        kind: &str,
        client: Option<ConnectionId>,
        fields: &[(&str, &[u8])],
    ) -> bool {
        let Some(trace) = &mut self.message_trace else {
            return false;
        };
        let json = &mut trace.json;
        if kind != "in" {
            json.close();
        }
        json.open().key("type").string(kind);
        json.key("ts").time(Some(self.now));
        let mut name: &[u8] = b"";
        if let Some(id) = client {
            json.key("kind").int(0).key("cid").uint(id.0);
            let client = self.connections.get(&id);
            name = client.map_or(b"", |client| client.options.name.as_bytes());
        }
        add(json, &[("name", name)]);
        add(json, fields);
        trace.only
    }

    /// Adds the fields that are not empty to the last event; true if nothing is to come of the message.
    fn trace_more(&mut self, fields: &[(&str, &[u8])]) -> bool {
        let Some(trace) = &mut self.message_trace else {
            return false;
        };
        add(&mut trace.json, fields);
        trace.only
    }

    /// Reports that a subscription gets the message; true if it is not to get it.
    pub(super) fn trace_egress(&mut self, from: ConnectionId, id: SubscriptionId) -> bool {
        let Some(subscription) = self.subscriptions.get(id).cloned() else {
            return false;
        };
        let Owner::Client { connection, .. } = subscription.owner else {
            return false;
        };
        let echo = self.connections.get(&from).is_none_or(|c| c.options.echo);
        let error: &[u8] = if echo || from != connection {
            b""
        } else {
            b"Not delivered because of no echo"
        };
        let fields = [
            ("sub", &*subscription.subject),
            ("queue", subscription.queue.as_deref().unwrap_or_default()),
            ("error", error),
        ];
        self.trace_event("eg", Some(connection), &fields) && error.is_empty()
    }

    /// Reports a service that gets the message; true if it is not to get it.
    pub(super) fn trace_endpoint(&mut self, endpoint: Endpoint, subject: &[u8]) -> bool {
        let to = match endpoint {
            _ if self.message_trace.is_none() => return false,
            Endpoint::JetStreamApi => subject.to_vec(),
            Endpoint::System => system::account_subject(subject),
            _ => return false,
        };
        let fields = [("acc", &b"$SYS"[..]), ("from", subject), ("to", &to)];
        self.trace_event("si", None, &fields)
    }

    /// Reports that a stream got the message.
    pub fn trace_stream(&mut self, stream: &str) {
        self.trace_event("js", None, &[("stream", stream.as_bytes())]);
    }

    /// Reports why the message was refused, if there is a report.
    pub fn trace_refusal(&mut self, error: impl FnOnce() -> String) {
        if self.message_trace.is_some() {
            self.trace_more(&[("error", error().as_bytes())]);
        }
    }

    /// Reports under what subject the stream would store it, `wanted` or not; true if it is not to.
    pub fn trace_stored(&mut self, subject: &[u8], wanted: bool) -> bool {
        let only = self.trace_more(&[("subject", subject)]);
        if let Some(trace) = self.message_trace.as_mut().filter(|_| !wanted) {
            trace.json.key("nointerest").bool(true);
        }
        only
    }

    /// `block` as streams keep it while a report is made: whoever reads it there causes no other.
    pub fn without_trace(&self, block: &[u8]) -> Option<Vec<u8>> {
        self.message_trace.as_ref()?;
        Some(headers::replace(block, DESTINATION, DISABLED))
    }

    /// Sends the report.
    pub(super) fn end_message_trace(&mut self) {
        if let Some(mut trace) = self.message_trace.take() {
            trace.json.close().close_list().close();
            let payload = trace.json.finish();
            let message = Message {
                headers: &trace.headers,
                ..Message::plain(&trace.destination, &payload)
            };
            let form = Form {
                double_space: true,
                ..Form::default()
            };
            self.queue_route(message.subject, message, form);
        }
    }
}
