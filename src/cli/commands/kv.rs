//! `nats kv`: buckets and keys.

use super::{Call, Library, Outcome};
use crate::{
    cli::{
        parse::Failure,
        render::{self, columns::Columns, table::Table},
        values,
    },
    client::{
        Error, JetStream,
        kv::{Bucket, Config, Entry, Operation, WatchOptions},
        types::{
            Compression, External, Placement, Republish, SourceInfo, StorageType, StreamInfo,
            StreamSource,
        },
    },
    wire::base64,
};
use std::collections::BTreeMap;

async fn jetstream(call: &Call) -> Result<JetStream, Failure> {
    call.jetstream(Library::JetStream).await
}

/// The bucket named by the first argument.
async fn bucket(call: &Call) -> Result<Bucket, Failure> {
    Ok(jetstream(call)
        .await?
        .key_value(call.values.arg("bucket"))
        .await?)
}

/// A size flag; 0 if not given.
fn size(call: &Call, flag: &str) -> i64 {
    match call.values.text(flag) {
        "" => 0,
        text => values::size(text, 64).unwrap_or(0),
    }
}

fn placement(call: &Call) -> Option<Placement> {
    let (cluster, tags) = (call.values.text("cluster"), call.values.list("tags"));
    (!cluster.is_empty() || !tags.is_empty()).then(|| Placement {
        cluster: cluster.into(),
        tags,
    })
}

fn republish(call: &Call) -> Option<Republish> {
    let destination = call.values.text("republish-destination");
    (!destination.is_empty()).then(|| Republish {
        src: call.values.text("republish-source").into(),
        dest: destination.into(),
        headers_only: call.values.is("republish-headers"),
    })
}

fn source(name: String) -> StreamSource {
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
    let created = jetstream(&call).await?.create_key_value(&config).await;
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
        history: current.max_msgs_per_subject,
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

/// The value: the argument, else standard input if that is no terminal.
async fn value(call: &Call) -> Vec<u8> {
    let argument = call.values.arg("value");
    if argument.is_empty() && !call.session.io.stdin_is_terminal() {
        return call.read_all().await;
    }
    argument.as_bytes().to_vec()
}

/// `kv put`.
pub async fn put(call: Call) -> Outcome {
    let bucket = bucket(&call).await?;
    let value = value(&call).await;
    bucket.put(call.values.arg("key"), &value).await?;
    call.line(call.values.arg("value"));
    Ok(())
}

/// `kv create`.
pub async fn create(call: Call) -> Outcome {
    let bucket = bucket(&call).await?;
    let value = value(&call).await;
    let ttl = call.values.duration("ttl").max(0);
    bucket.create(call.values.arg("key"), &value, ttl).await?;
    call.line(call.values.arg("value"));
    Ok(())
}

/// `kv update`.
pub async fn update(call: Call) -> Outcome {
    let bucket = bucket(&call).await?;
    let value = value(&call).await;
    let revision = revision_argument(&call);
    bucket
        .update(call.values.arg("key"), &value, revision)
        .await?;
    call.line(call.values.arg("value"));
    Ok(())
}

fn revision_argument(call: &Call) -> u64 {
    values::uint(call.values.arg("revision"), 64).unwrap_or(0)
}

/// Base64 unless all of it is printable ASCII.
fn printable(value: &[u8]) -> String {
    match value.iter().all(|b| (0x20..0x7f).contains(b)) {
        true => String::from_utf8_lossy(value).into_owned(),
        false => base64::encode(value),
    }
}

/// A value short enough for a table.
fn short(value: &[u8]) -> String {
    let text = printable(value);
    match text.len() > 40 {
        true => format!("{}...{}", &text[..15], &text[text.len() - 15..]),
        false => text,
    }
}

/// `kv get`.
pub async fn get(call: Call) -> Outcome {
    let bucket = bucket(&call).await?;
    let key = call.values.arg("key");
    let entry = match call.values.uint("revision") {
        0 => bucket.get(key).await?,
        revision => bucket.get_revision(key, revision).await?,
    };
    if call.values.is("raw") {
        call.session.io.stdout(&entry.value);
        return Ok(());
    }
    let text = printable(&entry.value);
    let created = call.time(entry.created);
    call.print(&format!(
        "{} > {key} revision: {} created @ {created}\n\n",
        entry.bucket, entry.revision
    ));
    if text.len() > 120 {
        let length = render::number(text.len() as i64);
        call.print(&format!(
            "Showing first 120 bytes of {length}, use --raw for full data\n\n"
        ));
        call.print(&format!("{}\n\n", &text[..120]));
    } else {
        call.print(&format!("{text}\n\n"));
    }
    Ok(())
}

/// `kv del`: a key, or the bucket.
pub async fn delete(call: Call) -> Outcome {
    let (name, key) = (call.values.arg("bucket"), call.values.arg("key"));
    if key.is_empty() {
        if !call.values.is("force") && !call.confirm(&format!("Delete bucket {name}?")).await? {
            call.line("Skipping delete");
            return Ok(());
        }
        return Ok(jetstream(&call).await?.delete_key_value(name).await?);
    }
    let bucket = bucket(&call).await?;
    if !call.values.is("force") && !call.confirm(&format!("Delete key {name} > {key}?")).await? {
        call.line("Skipping delete");
        return Ok(());
    }
    Ok(bucket.delete(key, 0).await?)
}

/// `kv purge`.
pub async fn purge(call: Call) -> Outcome {
    let (name, key) = (call.values.arg("bucket"), call.values.arg("key"));
    let bucket = bucket(&call).await?;
    if !call.values.is("force") && !call.confirm(&format!("Purge key {name} > {key}?")).await? {
        call.line("Skipping purge");
        return Ok(());
    }
    Ok(bucket
        .purge(key, 0, call.values.duration("ttl").max(0))
        .await?)
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Put => "PUT",
        Operation::Delete => "DELETE",
        Operation::Purge => "PURGE",
    }
}

/// `kv history`.
pub async fn history(call: Call) -> Outcome {
    let bucket = bucket(&call).await?;
    show_history(&call, &bucket).await
}

async fn show_history(call: &Call, bucket: &Bucket) -> Outcome {
    let key = call.values.arg("key");
    let entries = bucket.history(key).await?;
    let title = format!("History for {} > {key}", bucket.name());
    let headers = ["Key", "Revision", "Op", "Created", "Length", "Value"];
    let mut table = Table::new(title, &headers).numbers(&[1]);
    for entry in &entries {
        table.row(vec![
            entry.key.clone(),
            entry.revision.to_string(),
            operation(entry.operation).into(),
            call.time(entry.created),
            render::number(entry.value.len() as i64),
            short(&entry.value),
        ]);
    }
    call.table(&table);
    call.line("");
    Ok(())
}

/// `kv revert`.
pub async fn revert(call: Call) -> Outcome {
    let bucket = bucket(&call).await?;
    let key = call.values.arg("key");
    let entries = bucket.history(key).await?;
    let Some(latest) = entries.last().filter(|_| entries.len() > 1) else {
        return Err("cannot revert key in a bucket where history=1".into());
    };
    let revision = revision_argument(&call);
    let entry = match revision {
        0 => bucket.get(key).await?,
        revision => bucket.get_revision(key, revision).await?,
    };
    if !call.values.is("force") {
        call.print(&format!(
            "Revision: {}\n\n{}\n\n",
            entry.revision,
            short(&entry.value)
        ));
        let question = format!("Really revert to revision {revision}");
        let answer = call.confirm(&question).await;
        if !answer.map_err(|e| e.context("could not obtain confirmation"))? {
            return Ok(());
        }
    }
    bucket.update(key, &entry.value, latest.revision).await?;
    show_history(&call, &bucket).await
}

/// `kv info`.
pub async fn info(call: Call) -> Outcome {
    let name = call.values.arg("bucket");
    let jetstream = jetstream(&call).await?;
    let name = if name.is_empty() {
        let known = jetstream.key_value_names().await?;
        if known.is_empty() {
            return Err("no KV buckets found".into());
        }
        call.prompt()
            .select("Select a Bucket", &known, "", "")
            .await?
    } else {
        name.to_string()
    };
    status(&call, &jetstream.key_value(&name).await?.status().await?);
    Ok(())
}

/// A limit in bytes; `unlimited` only for -1.
fn limit(bytes: i64) -> String {
    match bytes {
        -1 => "unlimited".into(),
        // A size that does not fit was wrapped; natscli shows it as it comes.
        bytes => render::size(bytes as u64),
    }
}

/// The bucket's name in a stream's name.
fn bucket_of(stream: &str) -> &str {
    stream.strip_prefix("KV_").unwrap_or(stream)
}

fn last_seen(source: &SourceInfo) -> String {
    match source.active {
        ..=0 => "never".into(),
        ns => render::human_duration(ns),
    }
}

/// Metadata that servers and mirrors write themselves.
pub fn own_metadata(key: &str) -> bool {
    matches!(key, "_nats.ver" | "_nats.level" | "_nats.req.level")
}

/// The report of a bucket.
fn status(call: &Call, info: &StreamInfo) {
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
    report.row("Per-Key TTL Supported", render::yes(config.allow_msg_ttl));
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
    let metadata: BTreeMap<&String, &String> = config
        .metadata
        .iter()
        .filter(|(key, _)| !own_metadata(key))
        .collect();
    if !metadata.is_empty() {
        report.title("Metadata");
        report.map(
            metadata
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        );
    }
    if let Some(cluster) = &info.cluster {
        super::stream::cluster(&mut report, cluster);
    }
    call.report(&report);
}

fn origin(report: &mut Columns, label: &str, source: &SourceInfo) {
    report.row(label, bucket_of(&source.name));
    if let Some(external) = &source.external {
        report.row("External API", external.api.as_str());
    }
    report.row("Last Seen", last_seen(source));
    report.row("Lag", render::count(source.lag));
}

fn storage(storage: StorageType) -> &'static str {
    match storage {
        StorageType::Memory => "Memory",
        _ => "File",
    }
}

/// `kv watch`.
pub async fn watch(call: Call) -> Outcome {
    let bucket = bucket(&call).await?;
    let values = &call.values;
    let revision = values.uint("revision");
    let options = WatchOptions {
        include_history: values.is("history"),
        updates_only: values.is("updates"),
        ignore_deletes: false,
        meta_only: false,
        resume_from_revision: revision,
    };
    let mut watch = bucket.watch(&[values.arg("key")], options).await?;
    loop {
        if let Some(entry) = watch.next().await? {
            if entry.operation == Operation::Put || values.is("deletes") {
                show_change(&call, &entry);
            }
        }
    }
}

fn show_change(call: &Call, entry: &Entry) {
    let word = operation(entry.operation);
    let word = match call.coloured() {
        true if entry.operation == Operation::Put => format!("\x1b[32m{word}\x1b[0m"),
        true => format!("\x1b[31m{word}\x1b[0m"),
        false => word.into(),
    };
    let mut line = format!(
        "[{}] {word} {} > {}",
        call.time(entry.created),
        entry.bucket,
        entry.key
    )
    .into_bytes();
    if entry.operation == Operation::Put {
        line.extend_from_slice(b": ");
        line.extend_from_slice(&entry.value);
    }
    line.push(b'\n');
    call.session.io.stdout(&line);
}

/// `kv ls`: buckets, or the keys of one.
pub async fn list(call: Call) -> Outcome {
    match call.values.arg("bucket") {
        "" => list_buckets(&call).await,
        name => list_keys(&call, name).await,
    }
}

async fn list_buckets(call: &Call) -> Outcome {
    let jetstream = call.jetstream(Library::Jsm).await?;
    let mut buckets = jetstream.streams("").await.map_err(super::failed)?;
    buckets.retain(|b| b.config.name.starts_with("KV_"));
    if call.values.is("names") {
        for bucket in &buckets {
            call.line(bucket_of(&bucket.config.name));
        }
        return Ok(());
    }
    if buckets.is_empty() {
        call.line("No Key-Value buckets found");
        return Ok(());
    }
    buckets.sort_by_key(|bucket| bucket.state.bytes);
    let headers = [
        "Bucket",
        "Description",
        "Created",
        "Size",
        "Values",
        "Last Update",
    ];
    let mut table = Table::new("Key-Value Buckets", &headers);
    for bucket in &buckets {
        table.row(vec![
            bucket_of(&bucket.config.name).into(),
            bucket.config.description.clone(),
            call.time_or_zero(bucket.created),
            render::size(bucket.state.bytes),
            render::count(bucket.state.messages),
            call.ago(bucket.state.last_ts),
        ]);
    }
    call.table(&table);
    call.line("");
    Ok(())
}

async fn list_keys(call: &Call, name: &str) -> Outcome {
    let jetstream = jetstream(call)
        .await
        .map_err(|e| e.context("unable to prepare js helper"))?;
    let load = |error: Error| Failure::from(error).context("unable to load bucket");
    let bucket = jetstream.key_value(name).await.map_err(load)?;
    let filter = match call.values.arg("key") {
        "" => ">",
        key => key,
    };
    let keys = bucket.keys(filter).await?;
    if call.values.is("verbose") {
        let shown = list_details(call, &bucket, &keys).await;
        shown.map_err(|e| e.context("unable to display key info"))?;
    } else {
        for key in &keys {
            call.line(key);
        }
    }
    if keys.is_empty() && !call.values.is("names") {
        call.line("No keys found in bucket");
    }
    Ok(())
}

async fn list_details(call: &Call, bucket: &Bucket, keys: &[String]) -> Outcome {
    let with_value = call.values.is("display-value");
    let headers = ["Key", "Created", "Delta", "Revision", "Value"];
    let headers = if with_value {
        &headers[..]
    } else {
        &headers[..4]
    };
    let mut table =
        Table::new(format!("Contents for bucket '{}'", bucket.name()), headers).numbers(&[2, 3]);
    for key in keys {
        let failed =
            |error: Error| Failure::from(error).context(&format!("unable to fetch key {key}"));
        let entry = bucket.get(key).await.map_err(failed)?;
        let mut row = vec![
            entry.key.clone(),
            call.time(entry.created),
            entry.delta.to_string(),
            entry.revision.to_string(),
        ];
        if with_value {
            row.push(String::from_utf8_lossy(&entry.value).into_owned());
        }
        table.row(row);
    }
    call.table(&table);
    call.line("");
    Ok(())
}

/// `kv compact`.
pub async fn compact(call: Call) -> Outcome {
    let bucket = bucket(&call).await?;
    let name = call.values.arg("bucket");
    let question =
        format!("Purge all historic values and audit trails for deleted keys in bucket {name}?");
    if !call.values.is("force") && !call.confirm(&question).await? {
        call.line("Skipping delete");
        return Ok(());
    }
    Ok(bucket.purge_deletes(30 * 60 * 1_000_000_000).await?)
}
