//! Checks of streams, consumers and their messages.

use super::*;
use crate::{cli::values, wire::sorted::Sorted};

/// What is said without a connection, or without JetStream.
const NO_INFO: (&str, &str) = ("could not load info", "could not load info");

/// Are these names, each of its kind? What is none is found.
fn named(found: &mut Findings, names: &[(&str, &str)]) -> bool {
    if let Some((kind, _)) = names.iter().find(|(_, name)| name.is_empty()) {
        found.critical(format!("{kind} name is required"));
        return false;
    }
    let checked = names
        .iter()
        .try_for_each(|(kind, name)| check_name(kind, name));
    match checked {
        Ok(()) => true,
        Err(error) => {
            found.critical(format!("could not load info: {}", words(error)));
            false
        }
    }
}

/// `server check stream`.
pub async fn stream(call: Call) -> Outcome {
    let name = call.values.text("stream");
    let mut found = Findings::new("stream", name);
    if let Some(jetstream) = connect(&call, &mut found, NO_INFO).await?
        && named(&mut found, &[("stream", name)])
    {
        match jetstream.stream_info(name).await {
            Ok(info) => match Limits::new(&call, &info.config.metadata) {
                Ok(limits) => stream_findings(&limits, &mut found, &info),
                Err(error) => {
                    found.critical(format!("could not configure based on metadata: {error}"));
                }
            },
            Err(error) => found.critical(format!("could not load info: {}", words(failed(error)))),
        }
    }
    found.end(&call)
}

/// How what stands in a stream's metadata is read.
#[derive(Clone, Copy)]
enum Kind {
    Duration,
    Natural,
    Whole,
}

/// The limits of a check, by the names of their flags. What a stream's metadata says counts more than a flag.
struct Limits(Vec<(&'static str, i64)>);

impl Limits {
    fn new(call: &Call, metadata: &Sorted<String, String>) -> Result<Limits, String> {
        let flags = [
            ("lag-critical", Kind::Natural),
            ("seen-critical", Kind::Duration),
            ("min-sources", Kind::Whole),
            ("max-sources", Kind::Whole),
            ("peer-expect", Kind::Whole),
            ("peer-lag-critical", Kind::Natural),
            ("peer-seen-critical", Kind::Duration),
            ("msgs-warn", Kind::Natural),
            ("msgs-critical", Kind::Natural),
            ("subjects-warn", Kind::Whole),
            ("subjects-critical", Kind::Whole),
        ];
        // Whether it is watched is for other programs, but has to be a truth value.
        if let Some(text) = metadata.get("io.nats.monitor.enabled") {
            values::boolean(text)?;
        }
        let mut limits = Vec::new();
        for (flag, kind) in flags {
            let limit = match (metadata.get(&format!("io.nats.monitor.{flag}")), kind) {
                (Some(text), Kind::Duration) => values::duration(text)?,
                (Some(text), Kind::Natural) => saturated(values::natural(text)?),
                (Some(text), Kind::Whole) => values::atoi(text)?,
                (None, Kind::Duration) => call.values.duration(flag),
                (None, Kind::Natural) => saturated(call.values.uint(flag)),
                (None, Kind::Whole) => call.values.int(flag),
            };
            limits.push((flag, limit));
        }
        Ok(Limits(limits))
    }

    fn of(&self, flag: &str) -> i64 {
        let limit = self.0.iter().find(|(name, _)| *name == flag);
        limit.map_or(0, |(_, limit)| *limit)
    }
}

fn stream_findings(limits: &Limits, found: &mut Findings, info: &StreamInfo) {
    if limits.of("peer-expect") > 0 && info.config.num_replicas <= 1 {
        found.critical("Stream is not clustered".into());
    }
    let (warn, crit) = (limits.of("msgs-warn"), limits.of("msgs-critical"));
    if warn != 0 || crit != 0 {
        message_count(found, info.state.messages as i64, (warn, crit));
    }
    let (warn, crit) = (limits.of("subjects-warn"), limits.of("subjects-critical"));
    if warn > 0 || crit > 0 {
        subject_count(found, info.state.num_subjects as i64, (warn, crit));
    }
    let bounds = (limits.of("min-sources"), limits.of("max-sources"));
    source_count(found, info.sources.len() as i64, bounds);
    let (lag, seen) = (limits.of("lag-critical") as u64, limits.of("seen-critical"));
    if lag == 0 && seen <= 0 {
        return;
    }
    let late = |origin: &SourceInfo| lag > 0 && origin.lag >= lag;
    let unseen = |origin: &SourceInfo| seen > 0 && origin.active >= seen;
    let sources = info.sources.len();
    let lagged = info.sources.iter().filter(|s| late(s)).count();
    let silent = info.sources.iter().filter(|s| unseen(s)).count();
    found.figure("sources_lagged", lagged as i64, (0, 0), "");
    found.figure("sources_inactive", silent as i64, (0, 0), "");
    for (bad, word, good) in [
        (lagged, "lagged", "current"),
        (silent, "inactive", "active"),
    ] {
        match bad {
            0 => found.ok(format!("{sources} sources {good}")),
            bad => found.critical(format!("{bad} sources are {word}")),
        }
    }
    if sources > 0 {
        return;
    }
    let Some(mirror) = &info.mirror else {
        return found.critical("not mirrored".into());
    };
    found.figure("lag", mirror.lag as i64, (0, saturated(lag)), "");
    found.figure("active", mirror.active, (0, seen), "s");
    let (late, unseen) = (late(mirror), unseen(mirror));
    if late {
        found.critical(format!("Mirror Lag {}", mirror.lag));
    }
    if unseen {
        found.critical(format!("Mirror Seen {}", go_duration(mirror.active)));
    }
    if !late && !unseen {
        found.ok(format!("Mirror {}", mirror.name));
    }
}

fn message_count(found: &mut Findings, messages: i64, (warn, crit): (i64, i64)) {
    found.figure("messages", messages, (warn, crit), "");
    let text = format!("{messages} messages");
    match () {
        _ if crit > 0 && messages <= crit => found.critical(text),
        _ if warn > 0 && messages <= warn => found.warnings.push(text),
        _ => found.ok(text),
    }
}

/// Too many subjects are found where the warning comes before the critical limit, else too few.
fn subject_count(found: &mut Findings, subjects: i64, (warn, crit): (i64, i64)) {
    found.figure("subjects", subjects, (warn, crit), "");
    let reached = |limit: i64| match warn < crit {
        true => subjects >= limit,
        false => subjects <= limit,
    };
    let text = format!("{subjects} subjects");
    match () {
        _ if reached(crit) => found.critical(text),
        _ if reached(warn) => found.warnings.push(text),
        _ => found.ok(text),
    }
}

fn source_count(found: &mut Findings, sources: i64, (least, most): (i64, i64)) {
    found.figure("sources", sources, (least, most), "");
    let text = format!("{sources} sources");
    match (least > 0 && sources < least) || (most > 0 && sources > most) {
        true => found.critical(text),
        false => found.ok(text),
    }
}

/// `server check consumer`.
pub async fn consumer(call: Call) -> Outcome {
    let (stream, name) = (call.values.text("stream"), call.values.text("consumer"));
    let mut found = Findings::new("consumer", format!("{stream}_{name}"));
    if let Some(jetstream) = connect(&call, &mut found, NO_INFO).await?
        && named(&mut found, &[("stream", stream), ("consumer", name)])
    {
        match jetstream.consumer_info(stream, name).await {
            Ok(info) => consumer_findings(&call, &mut found, &info),
            Err(error) => found.critical(format!("could not load info: {}", words(failed(error)))),
        }
    }
    found.end(&call)
}

fn consumer_findings(call: &Call, found: &mut Findings, info: &ConsumerInfo) {
    let values = &call.values;
    let counts = [
        (
            "ack_pending",
            info.num_ack_pending,
            "outstanding-ack-critical",
            "Ack Pending",
        ),
        (
            "pull_waiting",
            info.num_waiting,
            "waiting-critical",
            "Waiting Pulls",
        ),
        (
            "pending",
            info.num_pending,
            "unprocessed-critical",
            "Unprocessed Messages",
        ),
        (
            "redelivered",
            info.num_redelivered,
            "redelivery-critical",
            "Redelivered",
        ),
    ];
    for (name, value, flag, _) in counts {
        let most = match values.given(flag) {
            true => values.int(flag),
            false => 0,
        };
        found.figure(name, value as i64, (0, most), "");
    }
    let now = call.now();
    let times = [
        (
            "last_delivery",
            info.delivered.last_active,
            "last-delivery-critical",
            "Last delivery",
            "No deliveries",
        ),
        (
            "last_ack",
            info.ack_floor.last_active,
            "last-ack-critical",
            "Last ack",
            "No acks",
        ),
    ];
    for (name, last, flag, ..) in times {
        if let Some(last) = last {
            found.figure(name, now.since(last), (0, values.duration(flag)), "s");
        }
    }
    for (_, value, flag, label) in counts {
        let text = format!("{label}: {value}");
        match values.int(flag) {
            ..=0 => {}
            most if value as i64 >= most => found.critical(text),
            _ => found.ok(text),
        }
    }
    for (_, last, flag, label, none) in times {
        let longest = values.duration(flag);
        match last {
            _ if longest <= 0 => {}
            None => found.critical(none.into()),
            Some(last) if now.since(last) >= longest => {
                found.critical(format!("{label} {} ago", go_duration(now.since(last))));
            }
            Some(last) => found.ok(format!("{label} {}", render::go_time(last))),
        }
    }
    if values.is("pinned") && info.config.priority_policy != "pinned_client" {
        found.critical("Not pinned client priority mode".into());
    }
}

/// `server check message`.
pub async fn message(call: Call) -> Outcome {
    let mut found = Findings::new("message", "Stream Message");
    if let Some(jetstream) = connect(&call, &mut found, NO_INFO).await? {
        message_findings(&call, &mut found, &jetstream).await;
    }
    found.end(&call)
}

async fn message_findings(call: &Call, found: &mut Findings, jetstream: &JetStream) {
    let (stream, subject) = (call.values.text("stream"), call.values.text("subject"));
    let valid = subject::is_subscribable(subject.as_bytes());
    if !valid || !subject::is_literal(subject.as_bytes()) {
        return found.critical(format!("Check failed: invalid subject {}", quote(subject)));
    }
    if let Err(error) = check_name("stream", stream) {
        return found.critical(format!("msg load failed: {}", words(error)));
    }
    let loaded = jetstream.get_message(stream, DirectGet::Last(subject));
    let message = match loaded.await {
        Ok(message) => message,
        Err(error) if error.api().is_some_and(|e| e.err_code == 10037) => {
            return found.critical("no message found".into());
        }
        Err(error) => {
            return found.critical(format!("msg load failed: {}", words(failed(error))));
        }
    };
    let mut time = message.time;
    let body = String::from_utf8_lossy(&message.payload);
    if call.values.is("body-timestamp") {
        let Ok(seconds) = body.trim().parse::<i64>() else {
            let quoted = quote(body.trim());
            return found.critical(format!(
                "invalid timestamp body: strconv.ParseInt: parsing {quoted}: invalid syntax"
            ));
        };
        time = Time(seconds.saturating_mul(SECOND));
    }
    let age = render::round(call.now().since(time), 1_000_000);
    let (warn, crit) = limits(call, "age");
    found.figure("age", age, (warn, crit), "s");
    found.figure("size", message.payload.len() as i64, (0, 0), "B");
    if crit > 0 && age > crit {
        found.critical(format!("{} old", go_duration(age)));
    } else if warn > 0 && age > warn {
        found.warnings.push(format!("{} old", go_duration(age)));
    }
    let content = call.values.text("content");
    match Pattern::new(content) {
        Ok(pattern) if !pattern.is_match(&body) => {
            found.critical(format!("does not match regex: {content}"))
        }
        Ok(_) => {}
        Err(error) => found.critical(format!("content regex compile failed: {error}")),
    }
    if found.criticals.is_empty() && found.warnings.is_empty() {
        found.ok(format!("Valid message on {stream} > {subject}"));
    }
}
