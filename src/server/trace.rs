//! What the log says about connections: their operations, deliveries and mistakes.

use super::ConnectionId;
use super::core::{Core, Message};
use super::info::MAX_PAYLOAD;
use super::options::redacted;
use crate::wire::json::quote;
use crate::wire::op::ClientOp;
use crate::wire::parser::{NO_HEADERS, ParseError, Parsed};

impl Core {
    /// Bytes that cannot be read.
    pub(super) fn parse_error(&mut self, id: ConnectionId, error: ParseError) {
        if let ParseError::Payload { verb, args, .. } | ParseError::Arguments { verb, args, .. } =
            &error
        {
            self.trace(id, "TRC", || {
                format!("<<- [{verb} {}]", String::from_utf8_lossy(args))
            });
        }
        match error {
            ParseError::Unknown { state, at, snippet } => {
                let snippet = quote(&snippet);
                let text =
                    format!("Client parser ERROR, state={state}, i={at}: proto='{snippet}...'");
                self.error(id, "Unknown Protocol Operation");
                self.write_log(id, "ERR", &text);
                self.close(id, "Protocol Violation");
            }
            ParseError::ControlLine => {
                let text = "maximum control line exceeded";
                self.fail(id, text, "Maximum Control Line Exceeded");
                self.write_log(id, "ERR", text);
            }
            ParseError::Payload {
                size,
                subject,
                headers,
                ..
            } => {
                let message = Message {
                    headers: &headers,
                    ..Message::plain(&subject, b"")
                };
                self.begin_message_trace(id, &message, size);
                self.trace_refusal(|| "maximum payload exceeded".to_owned());
                self.write_log(
                    id,
                    "ERR",
                    &format!("maximum payload exceeded: {size} vs {MAX_PAYLOAD}"),
                );
                self.fail(
                    id,
                    "Maximum Payload Violation",
                    "Maximum Message Payload Exceeded",
                );
                self.end_message_trace();
            }
            ParseError::Arguments { args, problem, .. } => {
                let mut text = problem.to_owned();
                if problem != NO_HEADERS {
                    text = format!("{problem}: {}", quote(&args));
                }
                self.write_log(id, "ERR", &text);
                self.close(id, "Protocol Violation");
            }
        }
    }

    /// Writes a log line about a connection.
    pub(super) fn write_log(&mut self, id: ConnectionId, tag: &'static str, text: &str) {
        if let Some(connection) = self.connections.get(&id) {
            let line = format!("{} - {text}", connection.label);
            self.log(tag, &line);
        }
    }

    /// Writes a debug or trace line, made only if it is wanted.
    pub(super) fn trace(
        &mut self,
        id: ConnectionId,
        tag: &'static str,
        text: impl FnOnce() -> String,
    ) {
        if if tag == "DBG" {
            self.log.debug
        } else {
            self.log.trace
        } {
            self.write_log(id, tag, &text());
        }
    }

    pub(super) fn trace_operation(&mut self, id: ConnectionId, parsed: &Parsed<'_>) {
        let args = String::from_utf8_lossy(parsed.args);
        let line = match parsed.op {
            Some(ClientOp::Connect(json)) => format!("<<- [CONNECT {}]", redacted(json)),
            Some(ClientOp::Info(_) | ClientOp::Ok | ClientOp::Err(_)) | None => return,
            Some(ClientOp::Ping | ClientOp::Pong) => format!("<<- [{}]", parsed.verb),
            _ => format!("<<- [{} {args}]", parsed.verb),
        };
        self.write_log(id, "TRC", &line);
        if let Some(ClientOp::Publish(message)) = parsed.op {
            self.trace_payload(id, "<<-", message.headers, message.payload);
        }
    }

    /// Traces the message written last.
    pub(super) fn trace_delivery(&mut self, id: ConnectionId, message: &Message<'_>) {
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let headers = if connection.options.headers {
            message.headers
        } else {
            &[]
        };
        let body = headers.len() + message.payload.len() + 2;
        let before = &connection.out[..connection.out.len().saturating_sub(body)];
        let line = before.strip_suffix(b"\r\n").unwrap_or(before);
        let start = line
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let text = format!("->> [{}]", String::from_utf8_lossy(&line[start..]));
        self.write_log(id, "TRC", &text);
        self.trace_payload(id, "->>", headers, message.payload);
    }

    fn trace_payload(&mut self, id: ConnectionId, arrow: &str, headers: &[u8], payload: &[u8]) {
        if !headers.is_empty() || !payload.is_empty() {
            let text = format!(
                "{arrow} MSG_PAYLOAD: [{}]",
                quote(&[headers, payload].concat())
            );
            self.write_log(id, "TRC", &text);
        }
    }
}
