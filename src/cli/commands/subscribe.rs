//! `nats subscribe`: messages as they come, from subjects or from a stream.

use super::{
    Call, Library, Outcome,
    message::{self, Delivery},
    publish::refuse_programs,
    pull::Pull,
};
use crate::{
    cli::{
        parse::Failure,
        race::{First, race},
        render::{self, count, date_time, go_duration, human_duration, table::Table},
        values,
    },
    client::{
        Client, JetStream, Message, Subscription,
        transport::LocalFuture,
        types::{AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StreamInfo},
    },
    wire::{base64, subject, time::Time},
};
use serde_json::json;
use std::{collections::BTreeMap, future::poll_fn, task::Poll};

const SECOND: i64 = 1_000_000_000;

/// What a subscription shows and when it ends.
struct Shown<'a> {
    call: &'a Call,
    started: Time,
    ignored: Vec<String>,
    seen: u64,
    /// Messages and bytes by subject, for the report.
    report: BTreeMap<String, (u64, u64)>,
    /// Requests whose reply is awaited, by its subject.
    requests: BTreeMap<String, (u64, Message)>,
}

/// Subjects given as one or many, split at blanks and commas.
pub fn split_subjects(given: &[String]) -> Vec<String> {
    let parts = given
        .iter()
        .flat_map(|text| text.split([' ', ',', '\t', '\n']));
    parts.filter(|s| !s.is_empty()).map(String::from).collect()
}

/// `subscribe`.
pub async fn subscribe(call: Call) -> Outcome {
    let values = &call.values;
    let mut subjects = values.args("subjects");
    if subjects.is_empty() && values.text("stream").is_empty() && !values.is("inbox") {
        call.line("No subjects or --stream flag provided.");
        return Err(Failure::Usage("required argument".into()));
    }
    refuse_programs(&call, &["translate"])?;
    let client = call.connect().await?;
    let jetstream = call.jetstream_of(client.clone(), Library::JetStream)?;
    let stream = check(&call, &jetstream, &mut subjects).await?;
    let mut shown = Shown {
        call: &call,
        started: call.now(),
        ignored: split_subjects(&values.list("ignore-subject")),
        seen: 0,
        report: BTreeMap::new(),
        requests: BTreeMap::new(),
    };
    match stream {
        Some(info) if direct(&call, &info) => shown.direct(&jetstream, &info, &subjects).await,
        Some(info) => shown.consume(&jetstream, &info, &subjects).await,
        None => shown.core(&client, &subjects).await,
    }
}

fn direct(call: &Call, info: &StreamInfo) -> bool {
    let kept = info.config.retention != RetentionPolicy::Limits;
    call.values.text("durable").is_empty() && (call.values.is("direct") || kept)
}

/// Checks flags against each other, in natscli's order; finds the stream of the JetStream forms.
async fn check(
    call: &Call,
    jetstream: &JetStream,
    subjects: &mut Vec<String>,
) -> Result<Option<StreamInfo>, Failure> {
    let values = &call.values;
    let forms = ["all", "new", "last", "last-per-subject", "direct"];
    let streams = values.uint("start-sequence") > 0
        || ["durable", "since", "stream"]
            .iter()
            .any(|flag| !values.text(flag).is_empty())
        || forms.iter().any(|flag| values.is(flag));
    let (inbox, dump) = (values.is("inbox"), values.text("dump"));
    let reports = values.is("report-subjects") || values.is("report-subscriptions");
    if !subjects.is_empty() && !values.text("durable").is_empty() {
        return Err("cannot specify both subjects and a durable consumer".into());
    }
    if subjects.is_empty() && inbox {
        subjects.push(jetstream.client.new_inbox());
    } else if subjects.is_empty() && values.text("stream").is_empty() {
        return Err("subject is required".into());
    } else if subjects.len() > 1 && streams {
        return Err("streams subscribe support only 1 subject".into());
    }
    let wrong = [
        (
            values.is("terminate-at-end") && !streams,
            "--terminate-at-end is only supported for JetStream subscriptions",
        ),
        (
            inbox && streams,
            "generating inboxes is not compatible with JetStream subscriptions",
        ),
        (
            !values.text("queue").is_empty() && streams,
            "queue group subscriptions are not supported with JetStream",
        ),
        (
            dump == "-" && inbox,
            "generating inboxes is not compatible with dumping to stdout using null terminated strings",
        ),
        (
            reports && values.int("report-top") == 0,
            "subject count must be at least one",
        ),
        (
            values.is("timestamp") && values.is("delta-time"),
            "timestamp and delta-time flags are mutually exclusive",
        ),
        (
            values.is("quiet") && values.text("backup").is_empty(),
            "--quiet requires --backup",
        ),
        (
            !values.text("backup").is_empty(),
            "this playground has no folders for a backup; --dump=- prints messages as JSON",
        ),
        (
            values.is("graph"),
            "this playground does not draw graphs; --report-subjects counts messages",
        ),
    ];
    if let Some((_, text)) = wrong.iter().find(|(wrong, _)| *wrong) {
        return Err((*text).into());
    }
    if !streams {
        return Ok(None);
    }
    let name = match values.text("stream") {
        "" => {
            let subject = subjects.first().cloned().unwrap_or_default();
            let names = jetstream.stream_names(&subject).await?;
            names
                .first()
                .cloned()
                .ok_or(format!("no stream found with subject: {subject}"))?
        }
        name => name.into(),
    };
    let info = jetstream.stream_info(&name).await?;
    if values.is("direct") && !values.text("durable").is_empty() {
        return Err("cannot use direct get when a durable name is supplied".into());
    }
    if direct(call, &info) && !info.config.allow_direct {
        return Err(format!(
            "cannot enable direct gets: allow_direct is not set to true for stream {name}"
        )
        .into());
    }
    if values.is("match-replies") {
        return Err("cannot enable --match-replies for JetStream streams".into());
    }
    Ok(Some(info))
}

/// What ends a wait for the next message.
enum Next<T> {
    Message(T),
    /// Too long without one.
    Idle,
    /// A report is due.
    Report,
}

impl Shown<'_> {
    fn ignored_text(&self) -> String {
        match self.ignored.is_empty() {
            true => String::new(),
            false => format!("\nIgnored subjects: {}", self.ignored.join(", ")),
        }
    }

    fn reports(&self) -> bool {
        self.call.values.is("report-subjects") || self.call.values.is("report-subscriptions")
    }

    /// Waits for a message, at most `--wait` since the last one, and for reports each second.
    async fn next<T>(
        &self,
        message: &mut LocalFuture<'_, T>,
        since: Time,
        reported: Time,
    ) -> Next<T> {
        let runtime = &self.call.session.runtime;
        let now = runtime.now();
        let wait = self.call.values.duration("wait");
        let idle = if wait > 0 {
            since.after(wait).since(now)
        } else {
            i64::MAX
        };
        let report = if self.reports() {
            reported.after(SECOND).since(now)
        } else {
            i64::MAX
        };
        if idle == i64::MAX && report == i64::MAX {
            return Next::Message(message.await);
        }
        match race(message, &mut runtime.sleep(idle.min(report).max(0))).await {
            First::Left(message) => Next::Message(message),
            First::Right(()) if idle <= report => Next::Idle,
            First::Right(()) => Next::Report,
        }
    }

    /// Whether enough messages were seen.
    fn full(&self) -> bool {
        let limit = self.call.values.uint("count");
        limit > 0 && self.seen >= limit
    }

    /// Subjects of core NATS.
    async fn core(&mut self, client: &Client, subjects: &[String]) -> Outcome {
        let (call, values) = (self.call, &self.call.values);
        let quiet = values.is("raw") || !values.text("dump").is_empty();
        let matching = values.is("match-replies");
        let mut subscriptions: Vec<Subscription> = Vec::new();
        if matching {
            let prefix = match call.context.get("inbox_prefix") {
                "" => "_INBOX",
                prefix => prefix,
            };
            if !quiet {
                call.log(&format!("Matching replies with inbox prefix {prefix}.>"));
            }
            subscriptions.push(client.subscribe(&format!("{prefix}.>"), None)?);
        }
        let ignored = self.ignored_text();
        if !quiet || values.is("inbox") {
            if values.is("ack") {
                let first = subjects.first().map_or("", String::as_str);
                call.log(&format!(
                    "Subscribing on {first} with acknowledgement of JetStream messages {ignored}"
                ));
            } else {
                call.log(&format!("Subscribing on {} {ignored}", subjects.join(", ")));
            }
        }
        let queue = Some(values.text("queue")).filter(|q| !q.is_empty());
        for subject in subjects {
            subscriptions.push(client.subscribe(subject, queue)?);
        }
        client.flush().await?;
        if let Some(error) = call.last_error() {
            return Err(error.into());
        }
        let (mut since, mut reported) = (call.now(), call.now());
        loop {
            let arrived = {
                let list = &mut subscriptions;
                let mut next: LocalFuture<_> = Box::pin(poll_fn(move |cx| {
                    let mut ended = true;
                    for (index, subscription) in list.iter_mut().enumerate() {
                        match subscription.poll_next(cx) {
                            Poll::Ready(Some(message)) => {
                                return Poll::Ready(Some((index, message)));
                            }
                            Poll::Ready(None) => {}
                            Poll::Pending => ended = false,
                        }
                    }
                    if ended {
                        Poll::Ready(None)
                    } else {
                        Poll::Pending
                    }
                }));
                self.next(&mut next, since, reported).await
            };
            match arrived {
                Next::Idle | Next::Message(None) => return Ok(()),
                Next::Report => {
                    self.show_report();
                    reported = call.now();
                }
                Next::Message(Some((0, reply))) if matching => {
                    if let Some((number, request)) = self.requests.remove(&reply.subject) {
                        self.print_core(number, &request, Some(&reply));
                    }
                    if self.full() && self.requests.is_empty() {
                        return Ok(());
                    }
                }
                Next::Message(Some((index, message))) => {
                    since = call.now();
                    if self.full() {
                        continue;
                    }
                    let filter = subscriptions
                        .get(index)
                        .map_or(String::new(), |s| s.subject().into());
                    if self.take_core(client, message, &filter)
                        && (!matching || self.requests.is_empty())
                    {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn is_ignored(&self, name: &str) -> bool {
        self.ignored
            .iter()
            .any(|pattern| subject::overlap(name.as_bytes(), pattern.as_bytes()))
    }

    /// Shows a message of core NATS; true if it was the last one wanted.
    fn take_core(&mut self, client: &Client, message: Message, filter: &str) -> bool {
        if self.is_ignored(&message.subject) {
            return false;
        }
        self.seen += 1;
        let values = &self.call.values;
        if self.reports() {
            let key = if values.is("report-subscriptions") {
                filter
            } else {
                &message.subject
            };
            self.count(key, message.payload.len());
        } else if values.is("match-replies") && message.reply.is_some() {
            let reply = message.reply.clone().unwrap_or_default();
            self.requests.insert(reply, (self.seen, message));
            return self.full();
        } else {
            self.print_core(self.seen, &message, None);
        }
        if values.is("ack") && Delivery::of(&message).is_some() {
            let reply = message.reply.as_deref().unwrap_or_default();
            let _ = client.publish(reply, b"");
        }
        self.full()
    }

    fn count(&mut self, subject: &str, bytes: usize) {
        let entry = self.report.entry(subject.into()).or_default();
        entry.0 += 1;
        entry.1 += bytes as u64;
    }

    /// The time of a line, as `-t` and `-d` want it.
    fn stamp(&self, time: Time, since: Time) -> String {
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

    fn trace_reply(&self, message: &Message) {
        if let (true, Some(reply)) = (self.call.values.is("trace"), &message.reply) {
            self.call.line(&format!("<<< Reply Subject: {reply}"));
        }
    }

    fn print_core(&self, number: u64, message: &Message, reply: Option<&Message>) {
        let call = self.call;
        let stamp = self.stamp(call.now(), self.started);
        self.trace_reply(message);
        if self.print_plain(number, message, reply) {
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
        self.print_content(message);
        if let Some(reply) = reply {
            call.line(&format!(
                "[#{number}]{stamp} Matched reply on {}",
                values::quote(&reply.subject)
            ));
            self.print_content(reply);
        }
    }

    /// The forms for other programs, `--dump` and `--raw`; false if neither is wanted.
    fn print_plain(&self, number: u64, message: &Message, reply: Option<&Message>) -> bool {
        let call = self.call;
        match call.values.text("dump") {
            "" => {}
            "-" => {
                for message in [Some(message), reply].into_iter().flatten() {
                    call.print(&format!("{}\0", dumped(message)));
                }
                return true;
            }
            folder => {
                let number = Delivery::of(message).map_or(number, |d| d.stream_sequence);
                for (message, suffix) in [(Some(message), ""), (reply, "_reply")] {
                    let Some(message) = message else { continue };
                    let path = format!("{folder}/{number}{suffix}.json");
                    if let Err(error) = call
                        .session
                        .io
                        .files()
                        .write(&path, dumped(message).as_bytes())
                    {
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
            call.session
                .io
                .stdout(&message::compact_body(&message.payload));
            if let Some(reply) = reply {
                call.session.io.stdout(&reply.payload);
                call.line("");
            }
            return true;
        }
        false
    }

    /// Headers and body.
    fn print_content(&self, message: &Message) {
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
            call.session.io.stdout(&message::body(&message.payload));
        }
    }

    fn show_report(&self) {
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

    /// The JetStream forms, by a pull consumer.
    async fn consume(
        &mut self,
        jetstream: &JetStream,
        info: &StreamInfo,
        subjects: &[String],
    ) -> Outcome {
        let (call, values) = (self.call, &self.call.values);
        let stream = info.config.name.as_str();
        let filter = subjects.first().cloned().unwrap_or_else(|| ">".into());
        let durable = values.text("durable");
        let mut config = self.start_policy(&filter)?;
        config.filter_subject = filter;
        config.ack_policy = AckPolicy::None;
        config.headers_only = values.is("headers-only") || values.is("subjects-only");
        let existing = match durable {
            "" => None,
            name => match jetstream.consumer_info(stream, name).await {
                Ok(info) => Some(info),
                Err(error) if error.api().is_some_and(|e| e.err_code == 10014) => None,
                Err(error) => {
                    let name = values::quote(name);
                    return Err(format!("error loading durable consumer {name}: {error}").into());
                }
            },
        };
        let quoted = (values::quote(stream), values::quote(durable));
        let consumer = match existing {
            Some(info) if !info.config.deliver_subject.is_empty() => {
                call.log(&format!(
                    "Subscribing to JetStream Stream {} using existing push consumer {}",
                    quoted.0, quoted.1
                ));
                return Err("this playground does not subscribe to push consumers here; use nats consumer sub".into());
            }
            Some(info) => {
                call.log(&format!(
                    "Subscribing to JetStream Stream {} using existing pull consumer {}",
                    quoted.0, quoted.1
                ));
                info
            }
            None => {
                let what = match durable {
                    "" => {
                        config.inactive_threshold = 300 * SECOND;
                        config.name = super::nuid(&call.session).chars().take(8).collect();
                        "failed to create consumer".to_string()
                    }
                    name => {
                        config.name = name.into();
                        format!("failed to create durable consumer {}", quoted.1)
                    }
                };
                let created = jetstream.create_consumer(stream, &config, "create").await;
                created.map_err(|e| Failure::from(e).context(&what))?
            }
        };
        let acks = !durable.is_empty() && consumer.config.ack_policy != AckPolicy::None;
        let mut pull = Pull::new(jetstream, stream, &consumer.name)?;
        let (mut since, mut reported) = (call.now(), call.now());
        let outcome = loop {
            let arrived = {
                let mut next: LocalFuture<_> = Box::pin(pull.next());
                self.next(&mut next, since, reported).await
            };
            match arrived {
                Next::Idle => break Ok(()),
                Next::Report => {
                    self.show_report();
                    reported = call.now();
                }
                Next::Message(Err(error)) => break Err(error),
                Next::Message(Ok(message)) => {
                    since = call.now();
                    if self.is_ignored(&message.subject) {
                        continue;
                    }
                    let Some(delivery) = Delivery::of(&message) else {
                        continue;
                    };
                    self.seen += 1;
                    if self.reports() {
                        self.count(&message.subject.clone(), message.payload.len());
                    } else {
                        self.print_delivery(&message, &delivery);
                    }
                    if acks {
                        let reply = message.reply.as_deref().unwrap_or_default();
                        jetstream.client.publish(reply, b"+ACK")?;
                    }
                    if self.full() || (values.is("terminate-at-end") && delivery.pending == 0) {
                        break Ok(());
                    }
                }
            }
        };
        drop(pull);
        jetstream.client.flush().await?;
        outcome
    }

    /// Where a consumer starts, said in a log line.
    fn start_policy(&self, filter: &str) -> Result<ConsumerConfig, Failure> {
        let values = &self.call.values;
        let mut config = ConsumerConfig::default();
        let ignored = self.ignored_text();
        let sequence = values.uint("start-sequence");
        let words = if sequence > 0 {
            config.deliver_policy = DeliverPolicy::ByStartSequence;
            config.opt_start_seq = sequence;
            format!("starting at sequence {sequence}")
        } else if values.is("last") {
            config.deliver_policy = DeliverPolicy::Last;
            "from last received message".into()
        } else if values.is("all") {
            "from first received message".into()
        } else if values.is("new") {
            config.deliver_policy = DeliverPolicy::New;
            "for new messages".into()
        } else if !values.text("since").is_empty() {
            let ns = values::duration(values.text("since"))?;
            config.deliver_policy = DeliverPolicy::ByStartTime;
            config.opt_start_time = Some(self.call.now().after(-ns));
            format!("since {}", human_duration(ns))
        } else if values.is("last-per-subject") {
            config.deliver_policy = DeliverPolicy::LastPerSubject;
            "for last message per subject".into()
        } else {
            return Ok(config);
        };
        self.call.log(&format!(
            "Subscribing to subject {filter} {words} {ignored}"
        ));
        Ok(config)
    }

    fn print_delivery(&self, message: &Message, delivery: &Delivery) {
        let call = self.call;
        let stamp = self.stamp(delivery.time, delivery.time);
        self.trace_reply(message);
        if self.print_plain(self.seen, message, None) {
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
        self.print_content(message);
    }

    /// The JetStream forms, by direct gets, one after the other.
    async fn direct(
        &mut self,
        jetstream: &JetStream,
        info: &StreamInfo,
        subjects: &[String],
    ) -> Outcome {
        let (call, values) = (self.call, &self.call.values);
        let stream = info.config.name.as_str();
        let filter = subjects.first().cloned();
        let shown = filter
            .clone()
            .unwrap_or_else(|| info.config.subjects.join(", "));
        let filter = filter.unwrap_or_else(|| ">".into());
        let ignored = self.ignored_text();
        let sequence = values.uint("start-sequence");
        let mut since_time = None;
        let (words, mut next) = if sequence > 0 {
            (format!("starting with sequence {sequence}"), sequence)
        } else if values.is("last") {
            (
                "starting with the last message received".into(),
                info.state.last_seq,
            )
        } else if values.is("all") {
            (
                "starting with the first message received".into(),
                info.state.first_seq,
            )
        } else if values.is("new") {
            (
                "delivering any new messages received".into(),
                info.state.last_seq + 1,
            )
        } else if !values.text("since").is_empty() {
            let ns = values::duration(values.text("since"))?;
            since_time = Some(call.now().after(-ns));
            (
                format!("starting with messages since {}", human_duration(ns)),
                info.state.last_seq + 1,
            )
        } else if values.is("last-per-subject") {
            let words = "for the last messages for each subject in the Stream";
            (words.into(), info.state.last_seq)
        } else {
            (String::new(), info.state.first_seq)
        };
        if !words.is_empty() {
            call.log(&format!(
                "Subscribing to JetStream Stream (direct) holding messages with subject {shown} {words} {ignored}"
            ));
        }
        let mut since = call.now();
        loop {
            let mut request = json!({"batch": 1, "next_by_subj": filter, "seq": next});
            if let Some(time) = since_time.take() {
                request =
                    json!({"batch": 1, "next_by_subj": filter, "start_time": Time::rfc3339(time)});
            }
            let subject = format!("DIRECT.GET.{stream}");
            let message = jetstream
                .request_raw(&subject, request.to_string().as_bytes())
                .await?;
            if message.status.is_some() {
                let wait = values.duration("wait");
                if values.is("terminate-at-end") || (wait > 0 && call.now().since(since) >= wait) {
                    return Ok(());
                }
                call.session.runtime.sleep(SECOND / 4).await;
                continue;
            }
            since = call.now();
            let header = |name: &str| message.headers.get(name).unwrap_or_default();
            let sequence = header("Nats-Sequence").parse().unwrap_or(next);
            let time = Time::parse_rfc3339(header("Nats-Time-Stamp"));
            let message = Message {
                subject: header("Nats-Subject").into(),
                reply: None,
                ..message
            };
            next = sequence + 1;
            if self.is_ignored(&message.subject) {
                continue;
            }
            self.seen += 1;
            let stamp = self.stamp(call.now(), self.started);
            if self.reports() {
                self.count(&message.subject, message.payload.len());
            } else if !self.print_plain(sequence, &message, None) {
                call.line(&format!(
                    "[#{}]{stamp} Received JetStream message (direct): stream: {stream} seq {} / subject: {} / time: {}",
                    self.seen,
                    sequence,
                    message.subject,
                    call.time_or_zero(time),
                ));
                self.print_content(&message);
            }
            if self.full() {
                return Ok(());
            }
        }
    }
}

/// A message as `--dump` writes it: nats.go's message as JSON.
fn dumped(message: &Message) -> String {
    let mut headers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, value) in message.headers.iter() {
        headers.entry(key).or_default().push(value);
    }
    let headers = if headers.is_empty() {
        json!(null)
    } else {
        json!(headers)
    };
    let data = base64::encode(&message.payload);
    let fields = [
        ("Subject", json!(message.subject)),
        ("Reply", json!(message.reply.clone().unwrap_or_default())),
        ("Header", headers),
        (
            "Data",
            if data.is_empty() {
                json!(null)
            } else {
                json!(data)
            },
        ),
        ("Sub", json!(null)),
    ];
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", fields.join(","))
}
