//! Changing streams and making streams like others.

use super::{config::*, *};
use crate::cli::{commands::subscribe::split_subjects, values};

/// A stream's configuration with what flags change.
pub(super) fn change(call: &Call, mut config: StreamConfig) -> Result<StreamConfig, Failure> {
    let values = &call.values;
    if let Some(mut file) = from_file(call)? {
        if file.name.is_empty() {
            file.name = config.name;
        }
        return Ok(file);
    }
    let (republish, transform) = (republish(call)?, transform(call)?);
    config.no_ack = !values.is("ack");
    let text = |flag: &str| Some(values.text(flag)).filter(|t| !t.is_empty());
    if let Some(policy) = text("discard") {
        config.discard = discard(policy);
    }
    if !values.list("subjects").is_empty() {
        config.subjects = split_subjects(&values.list("subjects"));
    }
    if let Some(kind) = text("storage") {
        config.storage = storage(kind);
    }
    if let Some(policy) = text("retention") {
        config.retention = retention(policy);
    }
    if let Some(size) = text("max-bytes")
        .and_then(|t| values::size(t, 32).ok())
        .filter(|s| *s != 0)
    {
        config.max_bytes = size;
    }
    for (flag, field) in [
        ("max-msgs", &mut config.max_msgs),
        ("max-msgs-per-subject", &mut config.max_msgs_per_subject),
        ("replicas", &mut config.num_replicas),
    ] {
        if values.int(flag) != 0 {
            *field = values.int(flag);
        }
    }
    if let Some(age) = text("max-age") {
        let age = values::duration(age);
        config.max_age =
            age.map_err(|e| Failure::from(e).context("invalid maximum age limit format"))?;
    }
    if let Some(size) = text("max-msg-size")
        .and_then(|t| values::size(t, 32).ok())
        .filter(|s| *s != 0)
    {
        config.max_msg_size = size as i32;
    }
    if values.int("max-consumers") != -1 {
        config.max_consumers = values.int("max-consumers");
    }
    if let Some(window) = text("dupe-window") {
        let window = values::duration(window);
        config.duplicate_window =
            window.map_err(|e| Failure::from(e).context("invalid duplicate window"))?;
    }
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
    if !values.list("source").is_empty() || text("mirror").is_some() {
        return Err("cannot edit mirrors, or sources using the CLI, use --config instead".into());
    }
    if let Some(description) = text("description") {
        config.description = description.into();
    }
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
    if values.given("metadata") {
        config.metadata = values.map("metadata").into_iter().collect();
    }
    if let Some(compression) = text("compression") {
        config.compression = if compression == "s2" {
            Compression::S2
        } else {
            Compression::None
        };
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
    if values.given("subject-del-markers-ttl") {
        config.subject_delete_marker_ttl = values.duration("subject-del-markers-ttl");
    }
    if values.is("no-mirror") {
        config.mirror = None;
    }
    Ok(config)
}

/// What differs between two objects, in the manner of Go's cmp: `- ` and `+ ` lines between those that stay.
pub fn differences(kind: &str, old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    // The longest run of lines in both, by dynamic programming over their ends: configurations are short.
    let mut common = vec![vec![0usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = match old[i] == new[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            i += 1;
            j += 1;
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    let changed = |at: usize| lines.get(at).is_some_and(|(mark, _)| *mark != ' ');
    let mut out = format!("  {kind}{{\n");
    let mut hidden = 0;
    // The outermost braces are the kind's own.
    let inner = lines.len().saturating_sub(2);
    for (at, (mark, line)) in lines.iter().enumerate().skip(1).take(inner) {
        let near = (at.saturating_sub(2)..=at + 2).any(changed);
        if !near {
            hidden += 1;
            continue;
        }
        if hidden > 0 {
            out.push_str(&format!("  \t... // {hidden} identical fields\n"));
            hidden = 0;
        }
        out.push_str(&format!(
            "{mark} \t{}\n",
            line.strip_prefix("  ").unwrap_or(line)
        ));
    }
    if hidden > 0 {
        out.push_str(&format!("  \t... // {hidden} identical fields\n"));
    }
    out.push_str("  }\n");
    out
}

/// `stream edit`.
pub async fn edit(call: Call) -> Outcome {
    let values = &call.values;
    let (jetstream, info) = pick(&call).await?;
    let name = &info.config.name;
    if values.is("interactive") {
        return Err(
            "this playground has no editor to open; use the flags of nats stream edit or --config"
                .into(),
        );
    }
    let mut old = info.config.clone();
    old.metadata = own_metadata(old.metadata);
    let words = format!("could not create new configuration for Stream {name}");
    let new = change(&call, old.clone()).map_err(|e| e.context(&words))?;
    if old == new {
        if !values.is("dry-run") {
            call.line("No difference in configuration");
        }
        return Ok(());
    }
    let text = |config: &StreamConfig| json::print_typed(config, "stream_config");
    call.print("Differences (-old +new):\n");
    call.print(&differences("api.StreamConfig", &text(&old), &text(&new)));
    if values.is("dry-run") {
        return Err(Failure::Exit(1));
    }
    warn_of_bucket(&call, name).await?;
    if !values.is("force") && !really(&call, &format!("Really edit Stream {name}")).await? {
        return Ok(());
    }
    let updated = jetstream.update_stream(&new).await;
    updated.map_err(|e| failed(e).context(&format!("could not edit Stream {name}")))?;
    if !values.is("json") {
        call.print(&format!("Stream {name} was updated\n\n"));
    }
    show(
        &call,
        &jetstream.stream_info(name).await.map_err(failed)?,
        false,
    );
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
    let mut config = change(&call, info.config).map_err(|e| e.context(&words))?;
    config.name = destination.into();
    config.metadata = own_metadata(config.metadata);
    let words = "could not create Stream";
    check_name("stream", destination).map_err(|e| e.context(words))?;
    let info = jetstream
        .create_stream(&config)
        .await
        .map_err(|e| failed(e).context(words))?;
    if !call.values.is("json") {
        call.print(&format!("Stream {destination} was created\n\n"));
    }
    show(&call, &info, false);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn differences_show_what_is_near() {
        let old = "{\n  a\n  b\n  c\n  d\n  e\n  f\n}";
        let new = "{\n  a\n  b\n  c\n  d\n  X\n  f\n}";
        let want = "  K{\n  \t... // 2 identical fields\n  \tc\n  \td\n- \te\n+ \tX\n  \tf\n  }\n";
        assert_eq!(differences("K", old, new), want);
    }
}
