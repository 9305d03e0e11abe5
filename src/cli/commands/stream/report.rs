//! Streams described: the reports of one and of all.

use super::*;
use crate::cli::commands::users_metadata;

pub(super) fn storage(storage: StorageType) -> &'static str {
    match storage {
        StorageType::File => "File",
        StorageType::Memory => "Memory",
    }
}

pub(super) fn retention(retention: RetentionPolicy) -> &'static str {
    match retention {
        RetentionPolicy::Limits => "Limits",
        RetentionPolicy::Interest => "Interest",
        RetentionPolicy::WorkQueue => "WorkQueue",
    }
}

pub(super) fn discard(discard: DiscardPolicy) -> &'static str {
    match discard {
        DiscardPolicy::Old => "Old",
        DiscardPolicy::New => "New",
    }
}

/// Shows a stream as a report or JSON.
pub fn show(call: &Call, info: &StreamInfo, state_only: bool) {
    if call.values.is("json") {
        call.line(&json::print(info));
        return;
    }
    let name = &info.config.name;
    let created = call.time_or_zero(info.created);
    let what = if state_only { "State" } else { "Information" };
    let mut report = Columns::new(format!("{what} for Stream {name} created {created}"));
    if !state_only {
        show_config(&mut report, &info.config);
    }
    if let Some(cluster) = info.cluster.as_ref().filter(|c| !c.name.is_empty()) {
        self::cluster(&mut report, cluster);
        report.line("");
    }
    if let Some(mirror) = &info.mirror {
        report.title("Mirror Information");
        source_info(&mut report, mirror);
    }
    if !info.sources.is_empty() {
        report.title("Source Information");
        for source in &info.sources {
            source_info(&mut report, source);
            report.line("");
        }
    }
    report.title("State");
    host(&mut report, &info.config.metadata);
    let state = &info.state;
    report.row("Messages", count(state.messages));
    report.row("Bytes", render::size(state.bytes));
    let at = |sequence: u64, time| match time {
        Some(time) => format!("{} @ {}", count(sequence), call.time(time)),
        None => count(sequence),
    };
    report.row("First Sequence", at(state.first_seq, state.first_ts));
    report.row("Last Sequence", at(state.last_seq, state.last_ts));
    let deleted = if state.deleted.is_empty() {
        state.num_deleted
    } else {
        state.deleted.len() as u64
    };
    if deleted > 0 {
        report.row("Deleted Messages", count(deleted));
    }
    report.row("Active Consumers", count(state.consumer_count));
    if state.num_subjects > 0 {
        report.row("Number of Subjects", count(state.num_subjects));
    }
    call.report(&report);
}

/// The API level that a stream or consumer needs, from metadata: digits, `0` where there is none.
pub fn required_level(metadata: &Sorted<String, String>) -> &str {
    let level = metadata.get("_nats.req.level").map(String::as_str);
    level.filter(|level| !level.is_empty()).unwrap_or("0")
}

/// Rows about the server that keeps a stream or consumer, from metadata.
pub fn host(report: &mut Columns, metadata: &Sorted<String, String>) {
    let of = |key: &str| metadata.get(key).map_or("", String::as_str);
    let (version, level, required) = (of("_nats.ver"), of("_nats.level"), required_level(metadata));
    report.row_if("Host Version", version);
    if !level.is_empty() || !of("_nats.req.level").is_empty() {
        report.row(
            "Required API Level",
            format!("{required} hosted at level {level}"),
        );
    }
}

pub(super) fn unlimited(value: i64, shown: fn(u64) -> String) -> String {
    if value == -1 {
        "unlimited".into()
    } else {
        shown(value as u64)
    }
}

fn show_config(report: &mut Columns, config: &StreamConfig) {
    report.row_if("Description", &config.description);
    if !config.subjects.is_empty() {
        report.list("Subjects", &config.subjects);
    }
    report.row("Replicas", number(config.num_replicas));
    report.row_if_true("Sealed", config.sealed);
    report.row("Storage", storage(config.storage));
    if config.compression != Compression::None {
        report.row("Compression", "S2 Compression");
    }
    if config.persist_mode == PersistMode::Async {
        report.row("Persistence Mode", "Async");
    }
    if config.first_seq > 0 {
        report.row("First Sequence", count(config.first_seq));
    }
    if let Some(placement) = &config.placement {
        report.row_if("Placement Cluster", &placement.cluster);
        if !placement.tags.is_empty() {
            report.list("Placement Tags", &placement.tags);
        }
    }
    report.title("Options");
    show_options(report, config);
    report.title("Limits");
    show_limits(report, config);
    metadata(report, &config.metadata);
    if config.mirror.is_some() || !config.sources.is_empty() {
        report.title("Replication");
    }
    if let Some(mirror) = &config.mirror {
        report.row("Mirror", source(mirror));
    }
    let mut sources: Vec<&StreamSource> = config.sources.iter().collect();
    sources.sort_by_key(|s| &s.name);
    for (index, from) in sources.into_iter().enumerate() {
        report.row(if index == 0 { "Sources" } else { "" }, source(from));
    }
    report.line("");
}

fn show_options(report: &mut Columns, config: &StreamConfig) {
    let transform = config.subject_transform.as_ref();
    if let Some(transform) = transform.filter(|t| !t.dest.is_empty()) {
        let source = match transform.src.as_str() {
            "" => ">",
            source => source,
        };
        let text = format!("{source} to {}", transform.dest);
        report.row("Subject Transform", text);
    }
    if let Some(republish) = &config.republish {
        let label = match republish.headers_only {
            true => "Republishing Headers",
            false => "Republishing",
        };
        report.row(label, format!("{} to {}", republish.src, republish.dest));
    }
    report.row("Retention", retention(config.retention));
    report.row("Acknowledgments", render::yes(!config.no_ack));
    let policy = match config.discard_new_per_subject {
        true => "New Per Subject",
        false => discard(config.discard),
    };
    report.row("Discard Policy", policy);
    report.row("Duplicate Window", human_duration(config.duplicate_window));
    report.row_if_true("Direct Get", config.allow_direct);
    report.row_if_true("Mirror Direct Get", config.mirror_direct);
    for (label, value) in [
        ("Allows Atomic Batch Publish", config.allow_atomic),
        ("Allows Fast Batch Publish", config.allow_batched),
        ("Allows Counters", config.allow_msg_counter),
        ("Allows Msg Delete", !config.deny_delete),
        ("Allows Per-Message TTL", config.allow_msg_ttl),
        ("Allows Purge", !config.deny_purge),
        ("Allows Schedules", config.allow_msg_schedules),
    ] {
        report.row(label, render::yes(value));
    }
    if config.allow_msg_ttl {
        let markers = config.subject_delete_marker_ttl;
        report.row_if_positive("Subject Delete Markers TTL", markers, human_duration);
    }
    report.row("Allows Rollups", render::yes(config.allow_rollup_hdrs));
}

fn show_limits(report: &mut Columns, config: &StreamConfig) {
    report.row("Maximum Messages", unlimited(config.max_msgs, count));
    let per_subject = match config.max_msgs_per_subject {
        ..=0 => "unlimited".into(),
        most => count(most as u64),
    };
    report.row("Maximum Per Subject", per_subject);
    report.row("Maximum Bytes", unlimited(config.max_bytes, render::size));
    let age = match config.max_age {
        ..=0 => "unlimited".into(),
        age => human_duration(age),
    };
    report.row("Maximum Age", age);
    let size = unlimited(config.max_msg_size.into(), render::size);
    report.row("Maximum Message Size", size);
    report.row("Maximum Consumers", unlimited(config.max_consumers, count));
    let limits = &config.consumer_limits;
    let (label, threshold) = ("Consumer Inactive Threshold", limits.inactive_threshold);
    report.row_if_positive(label, threshold, human_duration);
    report.row_if_positive("Consumer Max Ack Pending", limits.max_ack_pending, number);
}

/// The section of metadata that people gave.
pub fn metadata(report: &mut Columns, metadata: &Sorted<String, String>) {
    let own = users_metadata(metadata.clone());
    if !own.is_empty() {
        report.title("Metadata");
        report.map(
            own.iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        );
    }
}

pub(super) fn source(source: &StreamSource) -> String {
    let mut parts = vec![source.name.clone()];
    if source.opt_start_seq > 0 {
        parts.push(format!("Start Seq: {}", count(source.opt_start_seq)));
    }
    if let Some(time) = source.opt_start_time {
        parts.push(format!("Start Time: {}", render::go_time(time)));
    }
    if let Some(external) = &source.external {
        for (label, prefix) in [
            ("API Prefix", &external.api),
            ("Delivery Prefix", &external.deliver),
        ] {
            if !prefix.is_empty() {
                parts.push(format!("{label}: {prefix}"));
            }
        }
    }
    if let Some(consumer) = &source.consumer {
        let deliver = match consumer.deliver_subject.as_str() {
            "" => String::new(),
            subject => format!(" ({subject})"),
        };
        parts.push(format!("Consumer Name: {}{deliver}", consumer.name));
    }
    parts.join(", ")
}

pub(super) fn last_seen(ns: i64) -> String {
    if ns > 0 {
        human_duration(ns)
    } else {
        "never".into()
    }
}

pub(super) fn source_info(report: &mut Columns, info: &SourceInfo) {
    report.row("Stream Name", info.name.as_str());
    let transforms = &info.subject_transforms;
    if !info.filter_subject.is_empty() {
        report.row("Subject Filter", info.filter_subject.as_str());
    } else {
        let plural = transforms.len() > 1;
        for (index, transform) in transforms.iter().enumerate() {
            let label = match (index, plural) {
                (0, true) => "Subject Filters and Transforms",
                (0, false) => "Subject Filter and Transform",
                _ => "",
            };
            report.row(
                label,
                match transform.dest.as_str() {
                    "" => format!("{} untransformed", transform.src),
                    to => format!("{} to {to}", transform.src),
                },
            );
        }
    }
    report.row("Lag", count(info.lag));
    report.row("Last Seen", last_seen(info.active));
    if let Some(external) = &info.external {
        report.row("Ext. API Prefix", external.api.as_str());
        report.row_if("Ext. Delivery Prefix", &external.deliver);
    }
    if let Some(error) = &info.error {
        report.row("Error", error.description.as_str());
    }
}

/// The section about where a stream or bucket lives.
pub fn cluster(report: &mut Columns, cluster: &ClusterInfo) {
    report.title("Cluster Information");
    report.row("Name", cluster.name.as_str());
    report.row("Leader", cluster.leader.as_str());
    for replica in &cluster.replicas {
        let mut state = vec![replica.name.clone()];
        state.push(
            if replica.current {
                "current"
            } else {
                "outdated"
            }
            .into(),
        );
        if replica.offline {
            state.push("OFFLINE".into());
        }
        state.push(match replica.active {
            ..=0 => "not seen".into(),
            ns => format!("seen {} ago", human_duration(ns)),
        });
        match replica.lag {
            0 => {}
            1 => state.push("1 operation behind".into()),
            lag => state.push(format!("{} operations behind", count(lag))),
        }
        report.row("Replica", state.join(", "));
    }
}

/// `stream report`.
pub async fn report(call: Call) -> Outcome {
    let values = &call.values;
    let jetstream = jetstream(&call).await?;
    call.print("Obtaining Stream stats\n\n");
    let mut streams = jetstream
        .streams(values.text("subject"))
        .await
        .map_err(failed)?;
    let wanted = values.text("cluster");
    streams.retain(|s| wanted.is_empty() || s.cluster.as_ref().is_none_or(|c| c.name == wanted));
    if streams.is_empty() {
        call.line("No Streams defined");
        return Ok(());
    }
    let graph = super::graph::dot(&streams);
    match () {
        _ if values.is("consumers") => streams.sort_by_key(|s| s.state.consumer_count),
        _ if values.is("messages") => streams.sort_by_key(|s| s.state.messages),
        _ if values.is("name") => streams.sort_by(|a, b| a.config.name.cmp(&b.config.name)),
        _ if values.is("storage") => streams.sort_by_key(|s| storage(s.config.storage)),
        _ => streams.sort_by_key(|s| s.state.bytes),
    }
    let raw = values.is("raw");
    let plain = |value: u64| if raw { value.to_string() } else { count(value) };
    let headers = [
        "Stream",
        "Storage",
        "Placement",
        "Consumers",
        "Messages",
        "Bytes",
        "Lost",
        "Deleted",
        "API Level",
        "Replicas",
    ];
    // Without its API level a row of `--raw` is one cell short, as in natscli: what follows moves to the left.
    let mut table =
        Table::new("Stream Report", &headers).numbers(if raw { &[3, 4, 5, 7] } else { &[] });
    for stream in &streams {
        let (config, state) = (&stream.config, &stream.state);
        let mut placement = String::new();
        if let Some(place) = &config.placement {
            if !place.cluster.is_empty() {
                placement.push_str(&format!("cluster: {} ", place.cluster));
            }
            if !place.tags.is_empty() {
                placement.push_str(&format!("tags: {}", place.tags.join(", ")));
            }
        }
        let mut row = vec![
            config.name.clone(),
            storage(config.storage).into(),
            placement,
            plain(state.consumer_count),
            plain(state.messages),
            if raw {
                state.bytes.to_string()
            } else {
                render::size(state.bytes)
            },
            "0".into(),
            plain(state.num_deleted),
        ];
        if !raw {
            row.push(required_level(&config.metadata).into());
        }
        row.push(replicas(stream.cluster.as_ref()));
        table.row(row);
    }
    call.table(&table);
    call.line("");
    if let Some(graph) = graph {
        replication(&call, &streams, raw);
        let path = values.text("dot");
        if !path.is_empty() {
            // natscli does not look whether that worked.
            let _ = call.session.io.files().write(path, graph.as_bytes());
        }
    }
    Ok(())
}

/// Names of the servers that keep a stream; the leader's ends in `*`. Nothing without a cluster.
pub fn replicas(cluster: Option<&ClusterInfo>) -> String {
    let Some(cluster) = cluster.filter(|c| !c.name.is_empty()) else {
        return String::new();
    };
    let mut names = vec![format!("{}*", cluster.leader)];
    names.extend(cluster.replicas.iter().map(|r| r.name.clone()));
    names.sort();
    names.join(", ")
}

pub(super) fn replication(call: &Call, streams: &[StreamInfo], raw: bool) {
    let headers = [
        "Stream",
        "Kind",
        "API Prefix",
        "Source Stream",
        "Filters and Transforms",
        "Active",
        "Lag",
        "Error",
    ];
    let mut table =
        Table::new("Replication Report", &headers).numbers(if raw { &[5, 6] } else { &[] });
    let mut row = |stream: &StreamInfo, kind: &str, from: &SourceInfo| {
        let mut filters: Vec<String> = from
            .subject_transforms
            .iter()
            .map(|t| format!("{} to {}", t.src, t.dest))
            .collect();
        if filters.is_empty() && !from.filter_subject.is_empty() {
            filters.push(format!("{} untransformed", from.filter_subject));
        }
        if kind == "Mirror" {
            filters.clear();
        }
        let active = match raw {
            true => render::go_duration(from.active),
            false => human_duration(from.active),
        };
        table.row(vec![
            stream.config.name.clone(),
            kind.into(),
            from.external
                .as_ref()
                .map_or(String::new(), |e| e.api.clone()),
            from.name.clone(),
            filters.join(", "),
            active,
            if raw {
                from.lag.to_string()
            } else {
                count(from.lag)
            },
            from.error.as_ref().map_or(String::new(), |e| {
                format!("{} ({})", e.description, e.err_code)
            }),
        ]);
    };
    for stream in streams {
        if let Some(mirror) = &stream.mirror {
            row(stream, "Mirror", mirror);
        }
        for source in &stream.sources {
            row(stream, "Source", source);
        }
    }
    call.table(&table);
    call.line("");
}
