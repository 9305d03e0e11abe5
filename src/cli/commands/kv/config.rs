//! Making, changing and describing buckets.

use super::*;

/// A size flag; 0 if not given.
pub(super) fn size(call: &Call, flag: &str) -> i64 {
    match call.values.text(flag) {
        "" => 0,
        text => values::size(text, 64).unwrap_or(0),
    }
}

pub(super) fn placement(call: &Call) -> Option<Placement> {
    let (cluster, tags) = (call.values.text("cluster"), call.values.list("tags"));
    (!cluster.is_empty() || !tags.is_empty()).then(|| Placement {
        cluster: cluster.into(),
        tags,
    })
}

pub(super) fn republish(call: &Call) -> Option<Republish> {
    let destination = call.values.text("republish-destination");
    (!destination.is_empty()).then(|| Republish {
        src: call.values.text("republish-source").into(),
        dest: destination.into(),
        headers_only: call.values.is("republish-headers"),
    })
}

pub(super) fn source(name: String) -> StreamSource {
    StreamSource {
        name,
        ..StreamSource::default()
    }
}

/// `kv add`.
pub async fn add(call: Call) -> Outcome {
    let values = &call.values;
    let mirror = values.text("mirror");
    let domain = values.text("mirror-domain");
    let config = Config {
        bucket: values.arg("bucket").into(),
        description: values.text("description").into(),
        max_value_size: size(&call, "max-value-size") as i32,
        history: values.int("history"),
        ttl: values.duration("ttl"),
        max_bytes: size(&call, "max-bucket-size"),
        storage: match values.text("storage").starts_with('m') {
            true => StorageType::Memory,
            false => StorageType::File,
        },
        replicas: values.uint("replicas") as i64,
        placement: placement(&call),
        republish: republish(&call),
        mirror: (!mirror.is_empty()).then(|| StreamSource {
            external: (!domain.is_empty()).then(|| External {
                api: format!("$JS.{domain}.API"),
                deliver: String::new(),
            }),
            ..source(mirror.into())
        }),
        sources: values.list("source").into_iter().map(source).collect(),
        compression: values.is("compress"),
        limit_marker_ttl: values.duration("marker-ttl"),
        metadata: values.map("metadata").into_iter().collect(),
    };
    let jetstream = jetstream(&call).await?;
    let created = jetstream.create_key_value(&config).await;
    if let Err(Error::BucketExists(..)) = &created {
        // nats.go looks at the bucket that is there; it could be one of its old ones.
        let _ = jetstream
            .stream_info(&format!("KV_{}", config.bucket))
            .await;
    }
    let bucket = created.map_err(|error| match error {
        // nats.go asks for the account first, and takes silence for this answer.
        Error::NoResponders => Failure::from(
            "nats: API error: code=503 err_code=10076 description=jetstream not enabled",
        ),
        error => error.into(),
    })?;
    status(&call, &bucket.status().await?);
    Ok(())
}

/// `kv edit`: the current configuration with what was given.
pub async fn edit(call: Call) -> Outcome {
    let values = &call.values;
    let jetstream = jetstream(&call).await?;
    let current = jetstream
        .key_value(values.arg("bucket"))
        .await?
        .status()
        .await?
        .config;
    let mut config = Config {
        bucket: values.arg("bucket").into(),
        description: current.description,
        max_value_size: current.max_msg_size,
        // nats.go keeps it in a byte.
        history: i64::from(current.max_msgs_per_subject as u8),
        ttl: current.max_age,
        max_bytes: current.max_bytes,
        storage: current.storage,
        replicas: current.num_replicas,
        placement: current.placement,
        republish: current.republish,
        mirror: current.mirror,
        sources: current.sources,
        compression: current.compression != Compression::None,
        limit_marker_ttl: current.subject_delete_marker_ttl,
        metadata: current.metadata,
    };
    if values.given("description") {
        config.description = values.text("description").into();
    }
    if values.given("max-value-size") {
        config.max_value_size = size(&call, "max-value-size") as i32;
    }
    if values.given("history") {
        config.history = values.int("history");
    }
    if values.given("ttl") {
        config.ttl = values.duration("ttl");
    }
    if values.given("max-bucket-size") {
        config.max_bytes = size(&call, "max-bucket-size");
    }
    if values.given("replicas") {
        config.replicas = values.uint("replicas") as i64;
    }
    if values.given("metadata") {
        config.metadata = values.map("metadata").into_iter().collect();
    }
    if values.given("cluster") || values.given("tags") {
        let tags = values.list("tags");
        config.placement = Some(Placement {
            cluster: values.text("cluster").into(),
            tags,
        });
    }
    if values.given("republish-destination") {
        config.republish = Some(republish(&call).unwrap_or_default());
    }
    config
        .sources
        .extend(values.list("source").into_iter().map(source));
    if values.given("compress") {
        config.compression = values.is("compress");
    }
    if values.given("marker-ttl") {
        config.limit_marker_ttl = values.duration("marker-ttl");
    }
    if values.is("no-mirror") {
        config.mirror = None;
    }
    let bucket = jetstream.update_key_value(&config).await?;
    status(&call, &bucket.status().await?);
    Ok(())
}

/// A limit in bytes; `unlimited` only for -1.
pub(super) fn limit(bytes: i64) -> String {
    match bytes {
        -1 => "unlimited".into(),
        // A size that does not fit was wrapped; natscli shows it as it comes.
        bytes => render::size(bytes as u64),
    }
}

pub(super) fn last_seen(source: &SourceInfo) -> String {
    match source.active {
        ..=0 => "never".into(),
        ns => render::human_duration(ns),
    }
}

/// The report of a bucket.
pub(super) fn status(call: &Call, info: &StreamInfo) {
    let (config, state) = (&info.config, &info.state);
    let name = bucket_of(&config.name);
    let created = call.time_or_zero(info.created);
    let mut report = Columns::new(format!(
        "Information for Key-Value Store Bucket {name} created {created}"
    ));
    report.title("Configuration");
    report.row("Bucket Name", name);
    report.row("History Kept", render::number(config.max_msgs_per_subject));
    report.row("Values Stored", render::count(state.messages));
    report.row(
        "Compressed",
        render::yes(config.compression != Compression::None),
    );
    report.row(
        "Per-Key TTL Supported",
        render::yes(config.subject_delete_marker_ttl > 0),
    );
    if config.subject_delete_marker_ttl > 0 {
        report.row(
            "Limit Marker TTL",
            render::go_duration(config.subject_delete_marker_ttl),
        );
    }
    report.row("Backing Store Kind", "JetStream");
    report.row_if("Description", &config.description);
    report.row("Bucket Size", render::size(state.bytes));
    report.row("Maximum Bucket Size", limit(config.max_bytes));
    report.row("Maximum Value Size", limit(config.max_msg_size.into()));
    report.row(
        "Maximum Age",
        match config.max_age {
            ..=0 => "unlimited".into(),
            age => render::human_duration(age),
        },
    );
    report.row("JetStream Stream", config.name.as_str());
    report.row("Storage", storage(config.storage));
    if let Some(republish) = &config.republish {
        let label = match republish.headers_only {
            true => "Republishing Headers",
            false => "Republishing",
        };
        report.row(label, format!("{} to {}", republish.src, republish.dest));
    }
    if let Some(mirror) = &info.mirror {
        report.title("Mirror Information");
        origin(&mut report, "Origin Bucket", mirror);
    }
    if !info.sources.is_empty() {
        report.title("Sources Information");
        for source in &info.sources {
            origin(&mut report, "Source Bucket", source);
        }
    }
    crate::cli::commands::stream::metadata(&mut report, &config.metadata);
    if let Some(cluster) = &info.cluster {
        crate::cli::commands::stream::cluster(&mut report, cluster);
    }
    call.report(&report);
}

pub(super) fn origin(report: &mut Columns, label: &str, source: &SourceInfo) {
    report.row(label, bucket_of(&source.name));
    if let Some(external) = &source.external {
        report.row("External API", external.api.as_str());
    }
    report.row("Last Seen", last_seen(source));
    report.row("Lag", render::count(source.lag));
}

pub(super) fn storage(storage: StorageType) -> &'static str {
    match storage {
        StorageType::Memory => "Memory",
        _ => "File",
    }
}
