//! `nats subscribe`: messages as they come, from subjects or from a stream.

mod print;
mod stream;

use super::{
    Call, Library, Outcome, check_folder,
    message::{self, Delivery},
    nuid, program,
    pull::Feed,
    require,
};

use crate::{
    cli::{
        parse::Failure,
        race::{First, race},
        render::{self, count, date_time, go_duration, human_duration, table::Table},
        values,
    },
    client::{
        Client, Error, JetStream, Message, Subscription,
        transport::LocalFuture,
        types::{
            AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy, RetentionPolicy, StreamInfo,
            StreamState,
        },
    },
    wire::{
        json::Writer,
        sorted::Sorted,
        subject,
        time::{SECOND, Time},
    },
};

use serde_json::json;

use std::{future::poll_fn, task::Poll};

/// What a subscription shows and when it ends.
struct Shown<'a> {
    call: &'a Call,
    started: Time,
    ignored: Vec<String>,
    seen: u64,
    /// Messages and bytes by subject, for the report.
    report: Sorted<String, (u64, u64)>,
    /// Requests whose reply is awaited, by its subject.
    requests: Sorted<String, (u64, Message)>,
}

/// Subjects given as one or many, split at blanks and commas.
pub fn split_subjects(given: &[String]) -> Vec<String> {
    let parts = given.iter().flat_map(|text| {
        let parts = text.split(|c: char| c == ',' || c.is_whitespace());
        // A text of nothing stays: the server is to refuse it.
        parts.filter(|part| !part.is_empty() || text.is_empty())
    });
    parts.map(String::from).collect()
}

/// `subscribe`.
pub async fn subscribe(call: Call) -> Outcome {
    let values = &call.values;
    let mut subjects = values.args("subjects");
    if subjects.is_empty() && values.text("stream").is_empty() && !values.is("inbox") {
        call.line("No subjects or --stream flag provided.");
        return Err(Failure::Usage("required argument".into()));
    }
    let client = call.connect().await?;
    let jetstream = call.jetstream_of(client.clone(), Library::JetStream)?;
    let stream = check(&call, &jetstream, &mut subjects).await?;
    let mut shown = Shown {
        call: &call,
        started: call.now(),
        ignored: split_subjects(&values.list("ignore-subject")),
        seen: 0,
        report: Sorted::default(),
        requests: Sorted::default(),
    };
    match stream {
        // Reports count what a consumer delivers.
        Some(info) if direct(&call, &info) && !shown.reports() => {
            shown.direct(&jetstream, &info, &subjects).await
        }
        Some(info) => shown.consume(&jetstream, &info, &subjects).await,
        None => shown.core(&client, &subjects).await,
    }
}

/// An inbox as nats.go makes them for replies: a token of its own below a common one.
fn reply_inbox(call: &Call, client: &Client) -> String {
    format!("{}.{}", client.new_inbox(), short_name(call))
}

/// Eight digits and letters.
fn short_name(call: &Call) -> String {
    nuid(&call.session).chars().take(8).collect()
}

/// Refuses what nats.go does not take for the name of a stream or consumer.
fn check_name(kind: &str, name: &str) -> Outcome {
    match name.contains(['>', '*', '.', ' ', '/', '\\', '\t', '\r', '\n']) {
        true => Err(format!("nats: invalid {kind} name: {}", values::quote(name)).into()),
        false => Ok(()),
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
        subjects.push(reply_inbox(call, &jetstream.client));
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
    if !matches!(dump, "" | "-") {
        check_folder(&call.session, dump)?;
    }
    if !streams {
        return Ok(None);
    }
    let name = match values.text("stream") {
        "" => {
            let subject = subjects.first().cloned().unwrap_or_default();
            check_subject(&subject)?;
            let names = jetstream.stream_names(&subject).await?;
            names
                .first()
                .cloned()
                .ok_or(format!("no stream found with subject: {subject}"))?
        }
        name => name.into(),
    };
    check_name("stream", &name)?;
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
    if direct(call, &info) {
        let jsm = call.jetstream_of(jetstream.client.clone(), Library::Jsm)?;
        let words = "subscribing using direct get requires NATS Server 2.11";
        require(&jsm, 1, words).await?;
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
        let mut replies = None;
        if matching {
            let prefix = match call.context.get("inbox_prefix") {
                "" => "_INBOX",
                prefix => prefix,
            };
            if !quiet {
                call.log(&format!("Matching replies with inbox prefix {prefix}.>"));
            }
            replies = Some(client.subscribe(&format!("{prefix}.>"), None)?);
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
                // Replies come last, after the requests that they belong to.
                let (list, replies) = (&mut subscriptions, &mut replies);
                let mut next: LocalFuture<_> = Box::pin(poll_fn(move |cx| {
                    let mut ended = true;
                    let all = list.iter_mut().chain(replies.as_mut());
                    for (index, subscription) in all.enumerate() {
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
                Next::Message(Some((index, reply))) if index == subjects.len() => {
                    if let Some((number, request)) = self.requests.remove(&reply.subject) {
                        self.print_core(number, &request, Some(&reply)).await;
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
                    if self.take_core(client, message, &filter).await
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
    async fn take_core(&mut self, client: &Client, message: Message, filter: &str) -> bool {
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
            self.print_core(self.seen, &message, None).await;
        }
        if values.is("ack") && Delivery::of(&message).is_some() {
            let reply = message.reply.as_deref().unwrap_or_default();
            let _ = client.publish(reply, b"");
        }
        self.full()
    }

    fn count(&mut self, subject: &str, bytes: usize) {
        let entry = self.report.get_or_insert(subject.into(), (0, 0));
        entry.0 += 1;
        entry.1 += bytes as u64;
    }
}

/// Refuses subjects for which nats.go looks for no stream.
fn check_subject(subject: &str) -> Result<(), String> {
    let start = subject.strip_suffix('>').unwrap_or(subject);
    let wrong = match subject {
        "" => "subject cannot be empty",
        _ if start.contains([' ', '>']) => subject,
        _ if subject.starts_with('.') || subject.ends_with('.') => subject,
        _ => return Ok(()),
    };
    Err(format!("nats: invalid subject name: {wrong}"))
}
