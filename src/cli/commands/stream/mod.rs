//! `nats stream`: streams. Here: which stream is meant, lists and reports; [`config`] makes and changes streams,
//! [`messages`] reads and removes what they hold, `view` pages through it.

pub mod cluster;
mod fields;
mod form;
mod graph;
mod origins;
mod report;
mod schema;

pub use report::{cluster, host, metadata, replicas, report, required_level, show};
pub use view::view;
pub mod config;
pub mod edit;

pub mod messages;
mod view;

use super::{Call, Library, Outcome, check_name, failed, is_name, json};

use crate::{
    cli::{
        parse::Failure,
        pattern::Pattern,
        render::{self, columns::Columns, count, human_duration, number, table::Table},
    },
    client::{
        Error, JetStream,
        types::{
            ClusterInfo, Compression, DiscardPolicy, PersistMode, RetentionPolicy, SourceInfo,
            StorageType, StreamConfig, StreamInfo, StreamSource,
        },
    },
    wire::subject,
};

use crate::wire::sorted::Sorted;

/// Connects as `jsm` commands do.
pub async fn jetstream(call: &Call) -> Result<JetStream, Failure> {
    call.jetstream(Library::Jsm)
        .await
        .map_err(|e| e.context("setup failed"))
}

/// Streams that belong to buckets, object stores or MQTT.
fn internal(name: &str) -> bool {
    ["KV_", "OBJ_", "$MQTT_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// Connects and finds the stream meant: by its name, else by asking.
pub async fn pick(call: &Call) -> Result<(JetStream, StreamInfo), Failure> {
    let jetstream = jetstream(call).await?;
    let name = call.values.arg("stream");
    let picked = select(call, &jetstream, name).await;
    let info = picked.map_err(|e| e.context("could not pick a Stream to operate on"))?;
    Ok((jetstream, info))
}

/// The stream of a name that loads, else one chosen from a list.
pub async fn select(call: &Call, jetstream: &JetStream, name: &str) -> Result<StreamInfo, Failure> {
    match choose(call, jetstream, name).await? {
        (_, Some(info)) => Ok(info),
        (chosen, None) => jetstream.stream_info(&chosen).await.map_err(failed),
    }
}

/// The same, but one that was chosen is not loaded.
pub async fn choose(
    call: &Call,
    jetstream: &JetStream,
    name: &str,
) -> Result<(String, Option<StreamInfo>), Failure> {
    if is_name(name)
        && let Ok(info) = jetstream.stream_info(name).await
    {
        return Ok((info.config.name.clone(), Some(info)));
    }
    let names = jetstream.stream_names("").await.map_err(failed)?;
    let io = &call.session.io;
    if !io.stdin_is_terminal() || !io.stdout_is_terminal() {
        return Err("cannot pick a Stream without a terminal and no Stream name supplied".into());
    }
    if call.values.is("force") || call.values.is("no-select") {
        return Err(format!("unknown stream {}", crate::cli::values::quote(name)).into());
    }
    let all = call.values.is("all");
    let shown: Vec<String> = names.into_iter().filter(|n| all || !internal(n)).collect();
    if shown.is_empty() {
        return Err("no Streams are defined".into());
    }
    let chosen = call
        .prompt()
        .select("Select a Stream", &shown, "", "")
        .await?;
    Ok((chosen, None))
}

/// `stream ls`.
pub async fn list(call: Call) -> Outcome {
    let jetstream = jetstream(&call).await?;
    let filter = call.values.text("subject");
    if call.values.is("names") {
        let names = jetstream.stream_names(filter).await.map_err(failed)?;
        if call.values.is("json") {
            call.line(&json::names(&names));
        } else {
            names.iter().for_each(|name| call.line(name));
        }
        return Ok(());
    }
    let streams = jetstream.streams(filter).await;
    let mut streams = streams.map_err(|e| failed(e).context("could not list streams"))?;
    let total = streams.len();
    if !call.values.is("all") {
        streams.retain(|s| !internal(&s.config.name));
    }
    if call.values.is("json") {
        let names: Vec<String> = streams.iter().map(|s| s.config.name.clone()).collect();
        call.line(&json::names(&names));
    } else if streams.is_empty() && total > 0 {
        call.line("No Streams defined, pass -a to include system streams");
    } else if streams.is_empty() {
        call.line("No Streams defined");
    } else {
        table(&call, streams, filter);
    }
    Ok(())
}

/// The table of `stream ls` and `stream find`, two empty lines after it.
fn table(call: &Call, mut streams: Vec<StreamInfo>, filter: &str) {
    streams.sort_by_key(|s| s.state.bytes);
    let title = match filter {
        "" => "Streams".to_string(),
        filter => format!("Streams matching {filter}"),
    };
    let headers = [
        "Name",
        "Description",
        "Created",
        "Messages",
        "Size",
        "Last Message",
    ];
    let mut table = Table::new(title, &headers);
    for stream in &streams {
        let now = stream.ts.unwrap_or_else(|| call.now());
        table.row(vec![
            stream.config.name.clone(),
            stream.config.description.clone(),
            call.time_or_zero(stream.created),
            count(stream.state.messages),
            render::size(stream.state.bytes),
            human_duration(
                stream
                    .state
                    .last_ts
                    .map_or(i64::MAX, |last| now.since(last)),
            ),
        ]);
    }
    call.table(&table);
    call.print("\n\n");
}

/// Is a number within a limit, or beyond it? At the limit it is both.
pub fn at_most(number: i64, limit: i64, invert: bool) -> bool {
    match invert {
        true => number >= limit,
        false => number <= limit,
    }
}

/// `stream find`.
pub async fn find(call: Call) -> Outcome {
    let jetstream = jetstream(&call).await?;
    let streams = query(&call, &jetstream).await?;
    if call.values.is("names") {
        streams.iter().for_each(|s| call.line(&s.config.name));
        if streams.is_empty() {
            call.line("");
        }
    } else {
        table(&call, streams, call.values.text("subject"));
    }
    Ok(())
}

/// The streams that the flags of `stream find` are true for.
async fn query(call: &Call, jetstream: &JetStream) -> Result<Vec<StreamInfo>, Failure> {
    let values = &call.values;
    if !values.text("expression").is_empty() {
        let path = call.path;
        let text = "this playground does not have expressions; use the other flags of nats";
        return Err(format!("{text} {path}").into());
    }
    let (server, cluster) = (values.text("server-name"), values.text("cluster"));
    let (server_is, cluster_is) = (Pattern::new(server)?, Pattern::new(cluster)?);
    let mut streams = jetstream.streams("").await.map_err(failed)?;
    let now = call.now();
    let (idle, created) = (values.duration("idle"), values.duration("created"));
    let (consumers, level) = (values.int("consumers"), values.int("api-level"));
    let (replicas, leader) = (values.int("replicas"), values.text("leader"));
    let (filter, invert) = (values.text("subject"), values.is("invert"));
    // Each test is inverted by itself.
    let most = |number: i64, limit: i64| at_most(number, limit, invert);
    let matches = |s: &StreamInfo| {
        let own = s.cluster.as_ref();
        let on_server = |c: &ClusterInfo| {
            server_is.is_match(&c.leader) || c.replicas.iter().any(|r| server_is.is_match(&r.name))
        };
        let within = |own: &String| subject::is_subset(own.as_bytes(), filter.as_bytes());
        let required = required_level(&s.config.metadata).parse().unwrap_or(0);
        (server.is_empty() || own.is_some_and(on_server) != invert)
            && (cluster.is_empty() || own.is_some_and(|c| cluster_is.is_match(&c.name)) != invert)
            && (!values.is("empty") || (s.state.messages == 0) != invert)
            && (idle <= 0 || s.state.last_ts.is_none_or(|last| now.since(last) > idle) != invert)
            && (created <= 0 || s.created.is_some_and(|at| now.since(at) > created) != invert)
            && (consumers < 0 || most(s.state.consumer_count as i64, consumers))
            && (filter.is_empty() || s.config.subjects.iter().any(|s| within(s) != invert))
            && (!values.is("sourced") || s.config.sources.is_empty() == invert)
            && (!values.is("mirrored") || s.config.mirror.is_some() != invert)
            && (replicas <= 0 || most(s.config.num_replicas, replicas))
            && (leader.is_empty() || own.is_some_and(|c| (c.leader == leader) != invert))
            && (level <= 0 || (required >= level) != invert)
    };
    streams.retain(matches);
    Ok(streams)
}

/// `stream info`.
pub async fn info(call: Call) -> Outcome {
    let (_, info) = pick(&call).await?;
    show(&call, &info, call.values.is("state"));
    call.line("");
    Ok(())
}

/// `stream state`.
pub async fn state(call: Call) -> Outcome {
    let (_, info) = pick(&call).await?;
    show(&call, &info, true);
    call.line("");
    Ok(())
}

/// `stream rm`.
pub async fn remove(call: Call) -> Outcome {
    let name = call.values.arg("stream");
    if call.values.is("force") {
        if name.is_empty() {
            return Err("--force requires a stream name".into());
        }
        let jetstream = jetstream(&call).await?;
        check_name("stream", name)?;
        return jetstream.delete_stream(name).await.map_err(|error| {
            if error == Error::DeadlineExceeded {
                call.line(
                    "Delete failed due to timeout, the stream might not exist or be in an unmanageable state",
                );
            }
            failed(error)
        });
    }
    let (jetstream, info) = pick(&call).await?;
    let name = &info.config.name;
    if really(&call, &format!("Really delete Stream {name}")).await? {
        let deleted = jetstream.delete_stream(name).await;
        deleted.map_err(|e| failed(e).context("could not remove Stream"))?;
    }
    Ok(())
}

/// Asks, with natscli's words before what can go wrong.
pub async fn really(call: &Call, question: &str) -> Result<bool, Failure> {
    call.confirm(question)
        .await
        .map_err(|e| e.context("could not obtain confirmation"))
}

/// Shows the report of what an edit would change, and ends a dry run; false if that is nothing.
pub fn announce(call: &Call, report: &str) -> Result<bool, Failure> {
    let dry_run = call.values.is("dry-run");
    if report.is_empty() {
        if !dry_run {
            call.line("No difference in configuration");
        }
        return Ok(false);
    }
    call.line("Differences (-old +new):");
    call.print(report);
    if dry_run {
        return Err(Failure::Exit(1));
    }
    Ok(true)
}

/// Warns before something is done to a bucket's stream.
pub async fn warn_of_bucket(call: &Call, stream: &str) -> Outcome {
    if !stream.starts_with("KV_") {
        return Ok(());
    }
    call.print(
        "WARNING: Operating on the underlying stream of a Key-Value bucket is dangerous.\n\n\
         Key-Value stores are an abstraction above JetStream streams and as such require particular\n\
         configuration to be set. Interacting with KV buckets outside of the 'nats kv' subcommand can lead\n\
         unexpected outcomes, data loss and, technically, will mean your KV bucket is no longer a KV bucket.\n\n\
         Continuing this operation is an unsupported action.\n\n",
    );
    match call.confirm("Really operate on the KV stream?").await? {
        true => Ok(()),
        false => Err("aborting Key-Value store operation".into()),
    }
}
