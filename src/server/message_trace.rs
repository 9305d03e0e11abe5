//! The report that a message with the header `Nats-Trace-Dest` asks for: who got it, or with `Nats-Trace-Only` would have
//! got it. Must not know JetStream's rules.

use super::core::{Core, Endpoint, Form, Message, Owner, SubscriptionId};
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
    /// Up to the last event, which is still open.
    json: Writer,
}

impl Core {
    /// Begins a report on a client's message, if its headers ask for one.
    pub(super) fn begin_message_trace(&mut self, from: ConnectionId, message: &Message<'_>) {
        let Some(destination) = headers::get(message.headers, DESTINATION) else {
            return;
        };
        let destination = destination.trim_ascii();
        if !subject::is_valid(destination) || !subject::is_literal(destination) {
            return;
        }
        let only = headers::get(message.headers, ONLY).unwrap_or_default();
        let only = only.trim_ascii().to_ascii_lowercase();
        let mut fields = Sorted::<String, String>::default();
        for (key, value) in headers::fields(message.headers) {
            let values = fields.get_or_insert(key.to_owned(), String::new());
            values.push_str(if values.is_empty() { "[" } else { "," });
            values.push_str(&quote(value.as_bytes()));
        }
        self.sent += 1;
        let mut json = Writer::default();
        self.write_server(json.open().key("server"));
        json.key("request").open().key("header").open();
        for (key, values) in fields.iter() {
            json.key(key).raw(values.as_bytes()).close_list();
        }
        let size = message.headers.len() + message.payload.len();
        json.close().key("msgsize").uint(size as u64).close();
        json.key("events").open_list();
        self.message_trace = Some(MessageTrace {
            destination: destination.to_vec(),
            only: matches!(&only[..], b"1" | b"true" | b"on"),
            json,
        });
        let fields = [("acc", &b"$G"[..]), ("subj", message.subject)];
        self.trace_event("in", Some(from), &fields);
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
        for (key, value) in [("name", name)].iter().chain(fields) {
            if !value.is_empty() {
                json.key(key).bytes(value);
            }
        }
        trace.only
    }

    /// Reports that a subscription gets the message; true if it is not to get it.
    pub(super) fn trace_egress(&mut self, from: ConnectionId, id: SubscriptionId) -> bool {
        let Some(subscription) = self.subscription(id).cloned() else {
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
        self.trace_event("eg", Some(connection), &fields)
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

    /// Reports that a stream takes the message under `subject`, `wanted` or not, or refuses it; true if it is not to take it.
    pub fn trace_stream(
        &mut self,
        stream: &str,
        subject: &[u8],
        error: &str,
        wanted: bool,
    ) -> bool {
        let fields = [
            ("stream", stream.as_bytes()),
            ("subject", subject),
            ("error", error.as_bytes()),
        ];
        let only = self.trace_event("js", None, &fields);
        if let Some(trace) = self.message_trace.as_mut().filter(|_| !wanted) {
            trace.json.key("nointerest").bool(true);
        }
        only
    }

    /// `block` as streams keep it while a report is made: whoever reads it there causes no other.
    pub fn without_trace(&self, block: &[u8]) -> Option<Vec<u8>> {
        self.message_trace.as_ref()?;
        Some(headers::replace(block, DESTINATION, b"trace disabled"))
    }

    /// Sends the report.
    pub(super) fn end_message_trace(&mut self) {
        if let Some(mut trace) = self.message_trace.take() {
            trace.json.close().close_list().close();
            let payload = trace.json.finish();
            let message = Message {
                subject: &trace.destination,
                reply: b"",
                headers: b"",
                payload: &payload,
            };
            let form = Form {
                double_space: true,
                ..Form::default()
            };
            self.queue_route(message.subject, message, form);
        }
    }
}
