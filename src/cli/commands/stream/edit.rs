//! Changing streams and making streams like others.

use super::{config::*, fields::fields, *};
use crate::cli::{
    commands::{config_file, emptied, no_editor, subscribe::split_subjects, users_metadata},
    differences::report,
    values,
};

/// A stream's configuration with what flags change, and lists and maps that are there without anything in them; `words` stand
/// before most errors.
fn change(
    call: &Call,
    mut config: StreamConfig,
    words: &str,
) -> Result<(StreamConfig, Vec<String>), Failure> {
    let values = &call.values;
    let wrong = |failure: Failure| failure.context(words);
    if let Some(mut file) = config_file::<StreamConfig>(call).map_err(wrong)? {
        file.config.name = config.name;
        return Ok((file.config, file.collections));
    }
    let (republish, transform) = (republish(call)?, transform(call)?);
    let text = |flag: &str| Some(values.text(flag)).filter(|t| !t.is_empty());
    if let Some(description) = text("description") {
        config.description = description.into();
    }
    if !values.list("subjects").is_empty() {
        config.subjects = split_subjects(&values.list("subjects"));
    }
    if let Some(kind) = text("storage") {
        config.storage = storage(kind);
    }
    if let Some(compression) = text("compression") {
        config.compression = match compression {
            "s2" => Compression::S2,
            _ => Compression::None,
        };
    }
    if let Some(policy) = text("retention") {
        config.retention = retention(policy);
    }
    if let Some(policy) = text("discard") {
        config.discard = discard(policy);
    }
    change_limits(call, &mut config).map_err(wrong)?;
    change_placement(call, &mut config);
    if !values.list("source").is_empty() || text("mirror").is_some() {
        return Err(wrong(
            "cannot edit mirrors, or sources using the CLI, use --config instead".into(),
        ));
    }
    change_features(call, &mut config);
    if values.given("metadata") {
        config.metadata = values.map("metadata").into_iter().collect();
    }
    if values.is("no-republish") {
        config.republish = None;
    } else if republish.is_some() {
        config.republish = republish;
    }
    if values.is("no-transform") {
        config.subject_transform = None;
    } else if transform.is_some() {
        config.subject_transform = transform;
    }
    if values.is("no-mirror") {
        config.mirror = None;
    }
    Ok((config, Vec::new()))
}

/// A limit is changed by what is not its flag's default.
fn change_limits(call: &Call, config: &mut StreamConfig) -> Outcome {
    let values = &call.values;
    for (flag, field) in [
        ("max-msgs", &mut config.max_msgs),
        ("max-msgs-per-subject", &mut config.max_msgs_per_subject),
        ("replicas", &mut config.num_replicas),
    ] {
        if values.int(flag) != 0 {
            *field = values.int(flag);
        }
    }
    if values.int("max-consumers") != -1 {
        config.max_consumers = values.int("max-consumers");
    }
    let size = |flag: &str| values::size(values.text(flag), 32).ok().filter(|s| *s != 0);
    if let Some(size) = size("max-bytes") {
        config.max_bytes = size;
    }
    if let Some(size) = size("max-msg-size") {
        config.max_msg_size = size as i32;
    }
    for (flag, words, field) in [
        (
            "max-age",
            "invalid maximum age limit format",
            &mut config.max_age,
        ),
        (
            "dupe-window",
            "invalid duplicate window",
            &mut config.duplicate_window,
        ),
    ] {
        if !values.text(flag).is_empty() {
            let ns = values::duration(values.text(flag));
            *field = ns.map_err(|e| Failure::from(e).context(words))?;
        }
    }
    Ok(())
}

fn change_placement(call: &Call, config: &mut StreamConfig) {
    let values = &call.values;
    let mut placement = config.placement.take().unwrap_or_default();
    if values.given("cluster") {
        placement.cluster = values.text("cluster").into();
    }
    if values.given("tags") || values.given("tag") {
        placement.tags = tags(call);
    }
    if !placement.cluster.is_empty() || !placement.tags.is_empty() {
        config.placement = Some(placement);
    }
}

/// What a stream allows is changed by each flag that stands there.
fn change_features(call: &Call, config: &mut StreamConfig) {
    let values = &call.values;
    // Not left as it was where nothing is said: natscli takes the flag's default.
    config.no_ack = !values.is("ack");
    for (flag, field) in [
        ("allow-rollup", &mut config.allow_rollup_hdrs),
        ("deny-purge", &mut config.deny_purge),
        ("deny-delete", &mut config.deny_delete),
        ("allow-direct", &mut config.allow_direct),
        ("allow-mirror-direct", &mut config.mirror_direct),
        ("allow-schedules", &mut config.allow_msg_schedules),
        ("allow-msg-ttl", &mut config.allow_msg_ttl),
        ("allow-batch", &mut config.allow_atomic),
        ("allow-fast", &mut config.allow_batched),
        ("allow-counter", &mut config.allow_msg_counter),
        ("discard-per-subject", &mut config.discard_new_per_subject),
    ] {
        if values.given(flag) {
            *field = values.is(flag);
        }
    }
    if values.given("subject-del-markers-ttl") {
        config.subject_delete_marker_ttl = values.duration("subject-del-markers-ttl");
    }
}

/// `stream edit`.
pub async fn edit(call: Call) -> Outcome {
    let values = &call.values;
    let (jetstream, info) = pick(&call).await?;
    let name = &info.config.name;
    let words = format!("could not create new configuration for Stream {name}");
    if values.is("interactive") {
        return Err(no_editor(&call, "the flags of nats stream edit or --config").context(&words));
    }
    let mut old = info.config.clone();
    old.metadata = users_metadata(old.metadata);
    let (new, empty) = change(&call, old.clone(), &words)?;
    let report = report(
        "api.StreamConfig",
        fields(&old, &emptied(&info.config.metadata)),
        fields(&new, &empty),
    );
    if !announce(&call, &report)? {
        return Ok(());
    }
    warn_of_bucket(&call, name).await?;
    if !values.is("force") && !really(&call, &format!("Really edit Stream {name}")).await? {
        return Ok(());
    }
    let updated = at_level(&jetstream, &new).update_stream(&new).await;
    updated.map_err(|e| failed(e).context(&format!("could not edit Stream {name}")))?;
    let info = jetstream.stream_info(name).await.map_err(failed)?;
    if !values.is("json") {
        call.print(&format!("Stream {name} was updated\n\n"));
    }
    show(&call, &info, false);
    Ok(())
}

/// `stream copy`.
pub async fn copy(call: Call) -> Outcome {
    let (source, destination) = (call.values.arg("source"), call.values.arg("destination"));
    if source == destination {
        return Err("source and destination Stream names cannot be the same".into());
    }
    let jetstream = jetstream(&call).await?;
    let picked = super::select(&call, &jetstream, source).await;
    let info = picked.map_err(|e| e.context("could not pick a Stream to operate on"))?;
    let words = format!("could not copy Stream {}", info.config.name);
    let (mut config, _) = change(&call, info.config, &words)?;
    let source = std::mem::replace(&mut config.name, destination.into());
    let mut info = create(&jetstream, &config).await?;
    if !call.values.is("json") {
        call.print(&format!("Stream {destination} was created\n\n"));
        // As natscli heads its report.
        info.config.name = source;
    }
    show(&call, &info, false);
    Ok(())
}
