//! `kv ls`: buckets, or the keys of one.

use super::*;

/// `kv ls`: buckets, or the keys of one.
pub async fn list(call: Call) -> Outcome {
    match call.values.arg("bucket") {
        "" => list_buckets(&call).await,
        name => list_keys(&call, name).await,
    }
}

pub(super) async fn list_buckets(call: &Call) -> Outcome {
    let jetstream = call.jetstream(Library::Jsm).await?;
    let mut buckets = jetstream
        .streams("")
        .await
        .map_err(crate::cli::commands::failed)?;
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

pub(super) async fn list_keys(call: &Call, name: &str) -> Outcome {
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

pub(super) async fn list_details(call: &Call, bucket: &Bucket, keys: &[String]) -> Outcome {
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
