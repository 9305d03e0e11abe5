//! `nats server check`: one line for a monitoring system, and an exit code.

mod findings;
mod help;
mod stream;

pub use stream::{consumer, message, stream};

use super::{Call, Library, Outcome, check_name, failed, json};
use findings::{Findings, seconds};

use crate::{
    cli::{
        FileError,
        parse::Failure,
        pattern::Pattern,
        render::{self, go_duration, table::Table},
        values::quote,
    },
    client::{
        DirectGet, Error, Headers, JetStream,
        types::{ConsumerInfo, SourceInfo, StreamInfo},
    },
    wire::{
        subject,
        time::{SECOND, Time},
    },
};

use serde_json::json;

fn limits(call: &Call, flag: &str) -> (i64, i64) {
    let of = |which: &str| call.values.duration(&format!("{flag}-{which}"));
    (of("warn"), of("critical"))
}

fn numbers(call: &Call, flag: &str) -> (i64, i64) {
    let of = |which: &str| call.values.int(&format!("{flag}-{which}"));
    (of("warn"), of("critical"))
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Error(text) | Failure::Fatal(text) | Failure::Usage(text) => text,
        Failure::Exit(_) => String::new(),
    }
}

/// A threshold that may be larger than what it is compared with.
fn saturated(limit: u64) -> i64 {
    limit.try_into().unwrap_or(i64::MAX)
}

/// Connects, or says in the check's words why not: those for a connection, and those for JetStream over it.
async fn connect(
    call: &Call,
    findings: &mut Findings,
    (connection, setup): (&str, &str),
) -> Result<Option<JetStream>, Failure> {
    match told(call.connect().await, findings, connection)? {
        Some(client) => told(call.jetstream_of(client, Library::Jsm), findings, setup),
        None => Ok(None),
    }
}

/// The same for checks that take no account of flags and contexts about JetStream.
async fn plain(
    call: &Call,
    findings: &mut Findings,
    before: &str,
) -> Result<Option<JetStream>, Failure> {
    let connected = call.connect().await.map(JetStream::new);
    told(connected, findings, before)
}

fn told<T>(
    connected: Result<T, Failure>,
    findings: &mut Findings,
    before: &str,
) -> Result<Option<T>, Failure> {
    match connected {
        Ok(made) => Ok(Some(made)),
        Err(fatal @ Failure::Fatal(_)) => Err(fatal),
        Err(error) => {
            findings.critical(format!("{before}: {}", words(error)));
            Ok(None)
        }
    }
}

/// `server check connection`.
pub async fn connection(call: Call) -> Outcome {
    let mut found = Findings::new("connections", "Connection");
    let started = call.now();
    let client = match call.connect().await {
        Ok(client) => client,
        Err(fatal @ Failure::Fatal(_)) => return Err(fatal),
        Err(error) => {
            found.critical(format!("connection failed: {}", words(error)));
            return found.end(&call);
        }
    };
    let url = call.connected.borrow().0.clone();
    let ns = call.now().since(started);
    found.figure("connect_time", ns, limits(&call, "connect"), "s");
    let good = format!("connected to {url} in {}", go_duration(ns));
    let bad = |limit| {
        format!(
            "connected to {url}, connect time exceeded {}",
            seconds(limit)
        )
    };
    found.timed(ns, limits(&call, "connect"), &bad, good);
    match client.rtt().await {
        Ok(ns) => {
            found.figure("rtt", ns, limits(&call, "rtt"), "s");
            let bad = |limit| format!("rtt time exceeded {}", seconds(limit));
            found.timed(
                ns,
                limits(&call, "rtt"),
                &bad,
                format!("rtt time {}", go_duration(ns)),
            );
        }
        Err(error) => {
            found.critical(format!("rtt failed: {error}"));
            return found.end(&call);
        }
    }
    let inbox = client.new_inbox();
    let started = call.now();
    let received = async {
        let mut messages = client.subscribe(&inbox, None)?;
        client.publish(&inbox, &[b'x'; 100])?;
        messages.next_timeout(call.timeout()).await
    };
    match received.await {
        Ok(_) => {
            let ns = call.now().since(started);
            found.figure("request_time", ns, limits(&call, "req"), "s");
            let micros = (ns + 500) / 1000;
            let shown = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            let bad = |_| format!("round trip request took {shown}");
            found.timed(
                ns,
                limits(&call, "req"),
                &bad,
                format!("round trip took {shown}s"),
            );
        }
        Err(error) => found.critical(format!("did not receive from {inbox}: {error}")),
    }
    found.end(&call)
}

/// `server check kv`.
pub async fn kv(call: Call) -> Outcome {
    let (name, key) = (call.values.text("bucket"), call.values.text("key"));
    let mut found = Findings::new("kv", name);
    let Some(jetstream) = plain(&call, &mut found, "connection failed").await? else {
        return found.end(&call);
    };
    let loaded = match jetstream.key_value(name).await {
        Ok(bucket) => bucket.status().await.map(|info| (bucket, info)),
        Err(error) => Err(error),
    };
    let (bucket, info) = match loaded {
        Ok(loaded) => loaded,
        Err(Error::BucketNotFound) => {
            found.critical(format!("bucket {name} not found"));
            return found.end(&call);
        }
        Err(error) => {
            found.critical(format!("could not load bucket: {error}"));
            return found.end(&call);
        }
    };
    found.ok(format!("bucket {name}"));
    let (warn, crit) = numbers(&call, "values");
    let count = info.state.messages as i64;
    found.figure("values", count, (warn.max(0), crit.max(0)), "");
    if !key.is_empty() {
        match bucket.get(key).await {
            Ok(_) => found.ok(format!("key {key} found")),
            Err(Error::KeyNotFound) => found.critical(format!("key {key} not found")),
            Err(error) => found.critical(format!("key {key} not loaded: {error}")),
        }
    }
    if warn > -1 || crit > -1 {
        let reached = |limit: i64| {
            limit > -1
                && if crit < warn {
                    count <= limit
                } else {
                    count >= limit
                }
        };
        let text = format!("{count} values");
        match () {
            _ if reached(crit) => found.critical(text),
            _ if reached(warn) => found.warnings.push(text),
            _ => found.ok(text),
        }
    }
    found.figure("bytes", info.state.bytes as i64, (0, 0), "B");
    found.figure("replicas", info.config.num_replicas, (0, 0), "");
    found.end(&call)
}

/// `server check jetstream`.
pub async fn jetstream(call: Call) -> Outcome {
    let mut found = Findings::new("jetstream", "JetStream");
    let before = ("connection failed", "setup failed");
    let Some(jetstream) = connect(&call, &mut found, before).await? else {
        return found.end(&call);
    };
    let info = match jetstream.account_info().await {
        Ok(info) => info,
        Err(error) => {
            let text = match error {
                Error::NoResponders => "nats: jetstream not enabled".to_string(),
                error => words(failed(error)),
            };
            found.critical(format!("JetStream not available: {text}"));
            found.critical("JetStream not available: invalid account status".into());
            return found.end(&call);
        }
    };
    let names = [
        (
            "memory",
            "memory_pct",
            "mem",
            info.limits.max_memory,
            info.memory,
            "B",
        ),
        (
            "storage",
            "storage_pct",
            "store",
            info.limits.max_storage,
            info.storage,
            "B",
        ),
        (
            "streams",
            "streams_pct",
            "streams",
            info.limits.max_streams,
            info.streams,
            "",
        ),
        (
            "consumers",
            "consumers_pct",
            "consumers",
            info.limits.max_consumers,
            info.consumers,
            "",
        ),
    ];
    for (name, percent_name, flag, most, used, unit) in names {
        let percent = match most {
            1.. => (i128::from(used) * 100 / i128::from(most)) as i64,
            _ => 0,
        };
        let (warn, crit) = numbers(&call, flag);
        found.figure(name, used as i64, (0, 0), unit);
        found.figure(percent_name, percent, (warn.max(0), crit.max(0)), "%");
        match () {
            _ if warn != -1 && crit != -1 && warn >= crit => {
                found.critical(format!("{name}: invalid thresholds"))
            }
            _ if percent > 100 => found.critical(format!("{name}: exceed server limits")),
            _ if warn < 0 || crit < 0 => {}
            _ if percent > crit => found.critical(format!("{percent}% {name}")),
            _ if percent > warn => found.warnings.push(format!("{percent}% {name}")),
            _ => {}
        }
    }
    if call.values.is("replicas") {
        match jetstream.streams("").await {
            Ok(streams) => replicas(&call, &mut found, &streams),
            Err(error) => {
                found.critical(format!("JetStream not available: {}", words(failed(error))))
            }
        }
    }
    found.end(&call)
}

fn replicas(call: &Call, found: &mut Findings, streams: &[StreamInfo]) {
    let lag = call.values.uint("replica-lag-critical");
    let seen = call.values.duration("replica-seen-critical");
    let [
        mut good,
        mut no_leader,
        mut missing,
        mut lagged,
        mut unseen,
        mut bad,
    ] = [0; 6];
    for stream in streams {
        let wanted = stream.config.num_replicas;
        match &stream.cluster {
            _ if wanted == 1 => good += 1,
            None => bad += 1,
            Some(cluster) if cluster.leader.is_empty() => no_leader += 1,
            Some(cluster) if cluster.replicas.len() as i64 != wanted - 1 => missing += 1,
            Some(cluster) => {
                let offline = cluster.replicas.iter().filter(|r| r.offline).count();
                let silent = cluster
                    .replicas
                    .iter()
                    .filter(|r| seen > 0 && r.active > seen)
                    .count();
                let behind = cluster
                    .replicas
                    .iter()
                    .filter(|r| lag > 0 && r.lag > lag)
                    .count();
                bad += offline as i64;
                unseen += silent as i64;
                lagged += behind as i64;
                good += i64::from(offline + silent + behind == 0);
            }
        }
    }
    found.figure("replicas_ok", good, (0, 0), "");
    found.figure("replicas_no_leader", no_leader, (0, 0), "");
    found.figure("replicas_missing_replicas", missing, (0, 0), "");
    found.figure("replicas_lagged", lagged, (0, saturated(lag)), "");
    found.figure("replicas_not_seen", unseen * SECOND, (0, seen), "s");
    found.figure("replicas_fail", bad, (0, 0), "");
    let unhealthy = bad + missing + no_leader + unseen + lagged;
    if unhealthy > 0 {
        found.critical(format!("{unhealthy} unhealthy streams"));
    }
}

/// `server check request`.
pub async fn request(call: Call) -> Outcome {
    let values = &call.values;
    let subject = values.text("subject");
    let mut found = Findings::new("request", subject);
    let Some(jetstream) = plain(&call, &mut found, "could not load info").await? else {
        return found.end(&call);
    };
    // natscli 0.5.1 sends those to match as well, and matches none. Of several with one name it sends the last.
    let given = values.map_of(&["headers", "match-headers"]);
    let mut headers = Headers::new();
    for (at, (key, value)) in given.iter().enumerate() {
        if given[at + 1..].iter().all(|(later, _)| later != key) {
            headers.append(key, value);
        }
    }
    let started = call.now();
    let body = values.text("payload").as_bytes();
    let answer = jetstream
        .client
        .request(subject, &headers, body, call.timeout())
        .await;
    let took = (call.now().since(started) + 500_000) / 1_000_000 * 1_000_000;
    let (warn, crit) = limits(&call, "response");
    found.figure("time", took, (warn, crit), "s");
    match answer {
        Err(error) => found.critical(format!("could not send request: {error}")),
        Ok(answer) => {
            let text = values.text("match-payload");
            match Pattern::new(text) {
                Ok(pattern) if !pattern.is_match(&String::from_utf8_lossy(&answer.payload)) => {
                    found.critical("response does not match regexp".into());
                }
                Ok(_) => {}
                Err(error) => found.critical(format!("content regex compile failed: {error}")),
            }
            if crit > 0 && took > crit {
                found.critical(format!("response took {}", go_duration(took)));
            } else if warn > 0 && took > warn {
                found
                    .warnings
                    .push(format!("response took {}", go_duration(took)));
            }
            if found.criticals.is_empty() && found.warnings.is_empty() {
                found.ok("Valid response".into());
            }
        }
    }
    found.end(&call)
}

/// The checks that need a system account, which answers nothing here.
pub async fn system(call: Call) -> Outcome {
    let meta = call.path.ends_with("meta");
    let mut found = match meta {
        true => Findings::new("meta", "JetStream Meta Cluster"),
        false => Findings::new("server", call.values.text("name")),
    };
    let Some(jetstream) = plain(&call, &mut found, "connection failed").await? else {
        return found.end(&call);
    };
    if !meta && call.values.text("name").is_empty() {
        found.critical("varz failed: server name is required".into());
        return found.end(&call);
    }
    let (subject, words) = match meta {
        true => ("$SYS.REQ.SERVER.PING.JSZ", "JSZ API request failed"),
        false => ("$SYS.REQ.SERVER.PING.VARZ", "varz failed"),
    };
    let body = json!({"leader_only": true}).to_string();
    let body: &[u8] = if meta { body.as_bytes() } else { b"{}" };
    match jetstream
        .client
        .request(subject, &Headers::new(), body, call.timeout())
        .await
    {
        Err(error) => found.critical(format!("{words}: {error}")),
        Ok(_) => found.critical(format!("{words}: this playground does not read the answer")),
    }
    found.end(&call)
}

/// `server check credential`.
pub async fn credential(call: Call) -> Outcome {
    let path = call.values.text("credential");
    let mut found = Findings::new("credential", "Credential");
    found.critical(match call.session.io.files().read(path) {
        Err(FileError::Folder) => "credential not accessible: is a directory".into(),
        Err(error) => format!("credential not accessible: stat {path}: {}", error.text()),
        Ok(_) => "this playground does not read credentials".into(),
    });
    found.end(&call)
}
