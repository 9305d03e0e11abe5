//! `nats subscribe`: messages as they come, from subjects or from a stream.

mod check;
mod core;
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
        parse::{Failure, Values},
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
    let stream = check::stream(&call, &jetstream, &subjects).await?;
    if subjects.is_empty() && values.is("inbox") {
        subjects.push(reply_inbox(&call, &client));
    }
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

fn direct(call: &Call, info: &StreamInfo) -> bool {
    let kept = info.config.retention != RetentionPolicy::Limits;
    call.values.text("durable").is_empty() && (call.values.is("direct") || kept)
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

    fn is_ignored(&self, name: &str) -> bool {
        self.ignored
            .iter()
            .any(|pattern| subject::overlap(name.as_bytes(), pattern.as_bytes()))
    }

    fn count(&mut self, subject: &str, bytes: usize) {
        let entry = self.report.get_or_insert(subject.into(), (0, 0));
        entry.0 += 1;
        entry.1 += bytes as u64;
    }
}
