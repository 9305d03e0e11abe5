//! `nats kv`: buckets and keys.

mod config;
mod list;

pub use config::{add, edit};
pub use list::list;

use super::{Call, Library, Outcome};
use config::status;

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

async fn jetstream(call: &Call) -> Result<JetStream, Failure> {
    call.jetstream(Library::JetStream).await
}

/// The bucket named by the first argument, or chosen where that is empty.
async fn bucket(call: &Call) -> Result<Bucket, Failure> {
    let jetstream = jetstream(call).await?;
    let mut name = call.values.arg("bucket").to_string();
    if name.is_empty() {
        let mut untraced = jetstream.clone(); // as with natscli
        untraced.trace = None;
        let known = untraced.key_value_names().await?;
        if known.is_empty() {
            return Err("no KV buckets found".into());
        }
        let prompt = call.prompt();
        name = prompt.select("Select a Bucket", &known, "", "").await?;
    }
    Ok(jetstream.key_value(&name).await?)
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
    let name = bucket.name();
    if !call.values.is("force") && !call.confirm(&format!("Delete key {name} > {key}?")).await? {
        call.line("Skipping delete");
        return Ok(());
    }
    Ok(bucket.delete(key, 0).await?)
}

/// `kv purge`.
pub async fn purge(call: Call) -> Outcome {
    let bucket = bucket(&call).await?;
    let (name, key) = (bucket.name(), call.values.arg("key"));
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
    // natscli goes on as `kv history`, which asks for the bucket anew.
    let bucket = bucket.context().key_value(bucket.name()).await?;
    show_history(&call, &bucket).await
}

/// `kv info`.
pub async fn info(call: Call) -> Outcome {
    status(&call, &bucket(&call).await?.status().await?);
    Ok(())
}

/// The bucket's name in a stream's name.
fn bucket_of(stream: &str) -> &str {
    stream.strip_prefix("KV_").unwrap_or(stream)
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
        if let Some(entry) = watch.next().await?
            && (entry.operation == Operation::Put || values.is("deletes"))
        {
            show_change(&call, &entry);
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

/// `kv compact`.
pub async fn compact(call: Call) -> Outcome {
    let bucket = bucket(&call).await?;
    let name = bucket.name();
    let question =
        format!("Purge all historic values and audit trails for deleted keys in bucket {name}?");
    if !call.values.is("force") && !call.confirm(&question).await? {
        call.line("Skipping delete");
        return Ok(());
    }
    Ok(bucket.purge_deletes(30 * 60 * 1_000_000_000).await?)
}
