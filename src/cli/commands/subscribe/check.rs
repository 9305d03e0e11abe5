//! What `nats subscribe` refuses before it listens, and the stream that its JetStream forms are of.

use super::*;

/// Whether flags ask for messages of a stream.
fn of_stream(values: &Values) -> bool {
    let texts = ["durable", "since", "stream"];
    let flags = ["all", "new", "last", "last-per-subject", "direct"];
    values.uint("start-sequence") > 0
        || texts.iter().any(|flag| !values.text(flag).is_empty())
        || flags.iter().any(|flag| values.is(flag))
}

/// Checks subjects and flags against each other, in natscli's order.
fn flags(call: &Call, subjects: &[String], of_stream: bool) -> Outcome {
    let values = &call.values;
    let given = |flag| !values.text(flag).is_empty();
    let (inbox, dump) = (values.is("inbox"), values.text("dump"));
    if !subjects.is_empty() && given("durable") {
        return Err("cannot specify both subjects and a durable consumer".into());
    }
    if subjects.len() > 1 && of_stream {
        return Err("streams subscribe support only 1 subject".into());
    }
    let wrong = [
        (
            values.is("terminate-at-end") && !of_stream,
            "--terminate-at-end is only supported for JetStream subscriptions",
        ),
        (
            inbox && of_stream,
            "generating inboxes is not compatible with JetStream subscriptions",
        ),
        (
            given("queue") && of_stream,
            "queue group subscriptions are not supported with JetStream",
        ),
        (
            dump == "-" && inbox,
            "generating inboxes is not compatible with dumping to stdout using null terminated strings",
        ),
        (
            (values.is("report-subjects") || values.is("report-subscriptions"))
                && values.int("report-top") == 0,
            "subject count must be at least one",
        ),
        (
            values.is("timestamp") && values.is("delta-time"),
            "timestamp and delta-time flags are mutually exclusive",
        ),
        (
            values.is("quiet") && !given("backup"),
            "--quiet requires --backup",
        ),
        (
            given("backup"),
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
    match dump {
        "" | "-" => Ok(()),
        folder => check_folder(&call.session, folder),
    }
}

/// The stream that messages are wanted of, or nothing where they are wanted of core NATS.
pub(super) async fn stream(
    call: &Call,
    jetstream: &JetStream,
    subjects: &[String],
) -> Result<Option<StreamInfo>, Failure> {
    let values = &call.values;
    let of_stream = of_stream(values);
    flags(call, subjects, of_stream)?;
    if !of_stream {
        return Ok(None);
    }
    let name = match values.text("stream") {
        "" => find(jetstream, subjects).await?,
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

/// The name of the first stream that holds a subject.
async fn find(jetstream: &JetStream, subjects: &[String]) -> Result<String, Failure> {
    let subject = subjects.first().map_or("", String::as_str);
    check_subject(subject)?;
    let names = jetstream.stream_names(subject).await?;
    let none = || format!("no stream found with subject: {subject}").into();
    names.into_iter().next().ok_or_else(none)
}

/// Refuses what nats.go does not take for the name of a stream or consumer.
pub(super) fn check_name(kind: &str, name: &str) -> Outcome {
    match name.contains(['>', '*', '.', ' ', '/', '\\', '\t', '\r', '\n']) {
        true => Err(format!("nats: invalid {kind} name: {}", values::quote(name)).into()),
        false => Ok(()),
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
