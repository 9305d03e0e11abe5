//! How messages of a subscription are shown: in full, raw, as JSON, counted in a report.

use super::*;

/// A message as `--dump` writes it: nats.go's message as JSON.
fn dumped(message: &Message, payload: &[u8]) -> String {
    let mut headers: Sorted<&str, Vec<String>> = Sorted::default();
    for (key, value) in message.headers.iter() {
        headers.get_or_insert(key, Vec::new()).push(value.into());
    }
    let mut writer = Writer::default();
    let reply = message.reply.as_deref().unwrap_or_default();
    writer.open().key("Subject").string(&message.subject);
    writer.key("Reply").string(reply).key("Header");
    if headers.is_empty() {
        writer.raw(b"null");
    } else {
        writer.open();
        for (key, values) in &headers {
            writer.key(key).strings(values);
        }
        writer.close();
    }
    writer.key("Data").base64(payload);
    writer.key("Sub").raw(b"null").close();
    String::from_utf8_lossy(&writer.finish()).into_owned()
}

impl Shown<'_> {
    /// The time of a line, as `-t` and `-d` want it.
    pub(super) fn stamp(&self, time: Time, since: Time) -> String {
        let call = self.call;
        if call.values.is("timestamp") {
            return format!(
                " @ {}",
                message::stamp(time, call.session.io.utc_offset(time))
            );
        }
        match call.values.is("delta-time") {
            true => format!(" @ {}", go_duration(call.now().since(since))),
            false => String::new(),
        }
    }

    pub(super) fn trace_reply(&self, message: &Message) {
        if let (true, Some(reply)) = (self.call.values.is("trace"), &message.reply) {
            self.call.line(&format!("<<< Reply Subject: {reply}"));
        }
    }

    pub(super) async fn print_core(&self, number: u64, message: &Message, reply: Option<&Message>) {
        let call = self.call;
        let stamp = self.stamp(call.now(), self.started);
        self.trace_reply(message);
        if self.print_plain(number, message, reply).await {
            return;
        }
        let mut line = format!(
            "[#{number}]{stamp} Received on {}",
            values::quote(&message.subject)
        );
        if let Some(reply) = &message.reply {
            line.push_str(&format!(" with reply {}", values::quote(reply)));
        }
        call.line(&line);
        self.print_content(message).await;
        if let Some(reply) = reply {
            call.line(&format!(
                "[#{number}]{stamp} Matched reply on {}",
                values::quote(&reply.subject)
            ));
            self.print_content(reply).await;
        }
    }

    /// The forms for other programs, `--dump` and `--raw`; false if neither is wanted.
    pub(super) async fn print_plain(
        &self,
        number: u64,
        message: &Message,
        reply: Option<&Message>,
    ) -> bool {
        let call = self.call;
        match call.values.text("dump") {
            "" => {}
            "-" => {
                for message in [Some(message), reply].into_iter().flatten() {
                    if let Some(text) = self.dumped(message).await {
                        call.print(&format!("{text}\0"));
                    }
                }
                return true;
            }
            folder => {
                let number = Delivery::of(message).map_or(number, |d| d.stream_sequence);
                for (message, suffix) in [(Some(message), ""), (reply, "_reply")] {
                    let Some(message) = message else { continue };
                    let Some(text) = self.dumped(message).await else {
                        continue;
                    };
                    let path = format!("{folder}/{number}{suffix}.json");
                    if let Err(error) = call.session.io.files().write(&path, text.as_bytes()) {
                        call.log(&format!(
                            "Could not save message: open {path}: {}",
                            error.text()
                        ));
                    }
                }
                return true;
            }
        }
        if call.values.is("raw") {
            let place = (message.subject.as_str(), "");
            let body = program::shown_compact(call, &message.payload, place).await;
            call.session.io.stdout(&body);
            if let Some(reply) = reply {
                call.session.io.stdout(&reply.payload);
                call.line("");
            }
            return true;
        }
        false
    }

    /// A message as `--dump` writes it, with what `--translate` makes of its body; nothing where that fails.
    async fn dumped(&self, message: &Message) -> Option<String> {
        let place = (message.subject.as_str(), "");
        match program::translate(self.call, &message.payload, place).await {
            Ok(payload) => Some(dumped(message, &payload)),
            Err(text) => {
                self.call.log(&text);
                None
            }
        }
    }

    /// Headers and body.
    pub(super) async fn print_content(&self, message: &Message) {
        let call = self.call;
        if call.values.is("subjects-only") {
            return;
        }
        let mut lines = message::header_lines(&message.headers, "");
        if let Some(status) = &message.status {
            lines.push_str(&format!("Status: {}\n", status.code));
            if !status.description.is_empty() {
                lines.push_str(&format!("Description: {}\n", status.description));
            }
        }
        if !lines.is_empty() {
            lines.push('\n');
            call.print(&lines);
        }
        if !call.values.is("headers-only") {
            let place = (message.subject.as_str(), "");
            let body = program::shown(call, &message.payload, place).await;
            call.session.io.stdout(&body);
        }
    }

    pub(super) fn show_report(&self) {
        let call = self.call;
        let top = call.values.int("report-top");
        let title = match top {
            1 => "Top Subject Report".into(),
            top => format!("Top {top} Active Subjects Report"),
        };
        let mut rows: Vec<_> = self.report.iter().collect();
        rows.sort_by_key(|(_, (messages, _))| std::cmp::Reverse(*messages));
        if top > 0 {
            rows.truncate(top as usize);
        }
        let mut table = Table::new(title, &["Subject", "Message Count", "Bytes"]);
        let (mut messages, mut bytes) = (0, 0);
        for (subject, (m, b)) in rows {
            table.row(vec![subject.clone(), count(*m), render::size(*b)]);
            messages += m;
            bytes += b;
        }
        table.footer(vec!["Totals".into(), count(messages), render::size(bytes)]);
        call.print("\x1b[2J\x1b[H");
        call.table(&table);
        call.line("");
    }

    pub(super) async fn print_delivery(&self, message: &Message, delivery: &Delivery) {
        let call = self.call;
        let stamp = self.stamp(delivery.time, delivery.time);
        self.trace_reply(message);
        if self.print_plain(self.seen, message, None).await {
            return;
        }
        call.line(&format!(
            "[#{}]{stamp} Received JetStream message: stream: {} seq: {} / pending: {} / subject: {} / time: {}",
            self.seen,
            delivery.stream,
            count(delivery.stream_sequence),
            count(delivery.pending),
            message.subject,
            date_time(delivery.time, call.session.io.utc_offset(delivery.time)),
        ));
        self.print_content(message).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Headers;

    #[test]
    fn a_dump_has_the_escapes_of_go() {
        let mut headers = Headers::new();
        for (name, value) in [("X", "a<b"), ("A", "1"), ("X", "2")] {
            headers.append(name, value);
        }
        let message = Message {
            subject: "a.<b".into(),
            reply: None,
            headers,
            status: None,
            payload: Vec::new(),
        };
        let want = r#"{"Subject":"a.\u003cb","Reply":"","Header":{"A":["1"],"X":["a\u003cb","2"]},"Data":"aGk=","Sub":null}"#;
        assert_eq!(dumped(&message, b"hi"), want);
    }
}
