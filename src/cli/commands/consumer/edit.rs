//! Changing consumers and making consumers like others.

use super::{
    Call, Outcome,
    config::{CREATION, MAX_PENDING, ack_policy, backoff, name, send, start},
    fields::fields,
    known, pick, pick_stream, show,
};
use crate::{
    cli::{
        commands::{
            check_name, config_file, emptied, failed, no_editor,
            stream::{announce, jetstream, really},
            users_metadata,
        },
        differences::report,
        parse::Failure,
        values,
    },
    client::types::{ConsumerConfig, ReplayPolicy},
};

/// How often deliveries are sampled, if `--sample` says so for a consumer that is there.
fn sampling(call: &Call) -> Result<Option<String>, Failure> {
    match call.values.int("sample") {
        -1 => Ok(None),
        0 => Ok(Some(String::new())),
        percent @ 1..=100 => Ok(Some(percent.to_string())),
        _ => Err("sample percent is not between 0 and 100".into()),
    }
}

/// Changes a consumer's configuration by the flags that mean the same to `edit` and `copy`.
fn change(call: &Call, config: &mut ConsumerConfig) -> Outcome {
    let values = &call.values;
    for (flag, field) in [
        ("description", &mut config.description),
        ("target", &mut config.deliver_subject),
    ] {
        if !values.text(flag).is_empty() {
            *field = values.text(flag).into();
        }
    }
    if values.int("max-deliver") != 0 {
        config.max_deliver = values.int("max-deliver");
    }
    let pending = values.int_of_either(MAX_PENDING);
    if pending != -1 {
        config.max_ack_pending = pending;
    }
    for (value, field) in [
        (values.int("max-pull-batch"), &mut config.max_batch),
        (values.int("max-pull-bytes"), &mut config.max_bytes),
        (values.duration("max-pull-expire"), &mut config.max_expires),
    ] {
        if value > 0 {
            *field = value;
        }
    }
    if !values.text("backoff").is_empty() {
        config.backoff = backoff(call)?;
    }
    if values.given("headers-only") {
        config.headers_only = values.is("headers-only");
    }
    Ok(())
}

/// What `consumer edit` makes of an old configuration; beside both, lists and maps that are there without anything in them.
/// `words` stand before most errors.
fn edited(
    call: &Call,
    (mut config, there): (ConsumerConfig, Vec<String>),
    words: &str,
) -> Result<(ConsumerConfig, Vec<String>), Failure> {
    let values = &call.values;
    if let Some(file) = config_file(call).map_err(|e| e.context(words))? {
        return Ok((file.config, file.collections));
    }
    if let Some(sampling) = sampling(call)? {
        config.sample_freq = sampling;
    }
    change(call, &mut config).map_err(|e| e.context(words))?;
    if values.duration("inactive-threshold") != 0 {
        config.inactive_threshold = values.duration("inactive-threshold");
    }
    if values.duration("wait") != -1_000_000_000 {
        config.ack_wait = values.duration("wait");
    }
    if values.int("replicas") > 0 {
        config.num_replicas = values.int("replicas");
    }
    let mut filters = values.list("filter");
    match filters.len() {
        0 => {}
        1 => (config.filter_subject, config.filter_subjects) = (filters.remove(0), Vec::new()),
        _ => (config.filter_subject, config.filter_subjects) = (String::new(), filters),
    }
    if values.given("metadata") {
        config.metadata = values.map("metadata").into_iter().collect();
    }
    Ok((config, there))
}

/// `consumer edit`.
pub async fn edit(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    if info.config.durable_name.is_empty() {
        return Err("only durable consumers can be edited".into());
    }
    let words = format!(
        "could not create new configuration for Consumer {}",
        info.name
    );
    if call.values.is("interactive") {
        let instead = "the flags of nats consumer edit or --config";
        return Err(no_editor(&call, instead).context(&words));
    }
    let mut old = info.config.clone();
    old.metadata = users_metadata(old.metadata);
    let empty = emptied(&info.config.metadata);
    let (mut new, new_empty) = edited(&call, (old.clone(), empty.clone()), &words)?;
    new.metadata = users_metadata(new.metadata);
    if !new.backoff.is_empty() && new.ack_wait != old.ack_wait {
        return Err("consumers with backoff policies do not support editing Ack Wait".into());
    }
    let report = report(
        "api.ConsumerConfig",
        fields(&old, &empty),
        fields(&new, &new_empty),
    );
    if !announce(&call, &report)? {
        return Ok(());
    }
    let question = format!("Really edit Consumer {} > {}", info.stream_name, info.name);
    if !call.values.is("force") && !really(&call, &question).await? {
        return Ok(());
    }
    // A file without a name makes another consumer.
    name(&call, &mut new);
    let sent = send(&jetstream, &info.stream_name, &new).await;
    let info = sent.map_err(failed)?;
    show(&call, &info, false);
    Ok(())
}

/// `consumer copy`.
pub async fn copy(call: Call) -> Outcome {
    let values = &call.values;
    let (source, destination) = (values.arg("source"), values.arg("destination"));
    let jetstream = jetstream(&call).await?;
    let stream = &match known(&call, &jetstream, source).await {
        Some(info) => info.stream_name,
        None => pick_stream(&call, &jetstream).await?,
    };
    let context = |error: Failure| error.context("could not load source Consumer");
    check_name("consumer", source).map_err(context)?;
    let loaded = jetstream.consumer_info(stream, source).await;
    let loaded = loaded.map_err(|error| context(failed(error)))?;
    let mut config = loaded.config;
    if let Some(sampling) = sampling(&call)? {
        config.sample_freq = sampling;
    }
    change(&call, &mut config)?;
    if values.duration("wait") > 0 {
        config.ack_wait = values.duration("wait");
    }
    if values.duration("inactive-threshold") > 0 {
        config.inactive_threshold = values.duration("inactive-threshold");
    }
    if !values.text("deliver").is_empty() {
        start(&call, &mut config, values.text("deliver"))?;
    }
    if !values.text("ack").is_empty() {
        config.ack_policy = ack_policy(values.text("ack"));
    }
    match values.text("replay") {
        "original" => config.replay_policy = ReplayPolicy::Original,
        "instant" => config.replay_policy = ReplayPolicy::Instant,
        _ => {}
    }
    if values.is("pull") {
        config.deliver_subject.clear();
        config.max_waiting = values.int("max-waiting");
    }
    // Filters of the other kind stay, and the server refuses both, as with natscli.
    let mut filters = values.list("filter");
    match filters.len() {
        0 => {}
        1 => config.filter_subject = filters.remove(0),
        _ => config.filter_subjects = filters,
    }
    if values.uint("bps") > 0 {
        config.rate_limit_bps = values.uint("bps");
    }
    let heartbeat = values.text("heartbeat");
    if !matches!(heartbeat, "" | "-1") {
        let ns = values::duration(heartbeat);
        config.idle_heartbeat =
            ns.map_err(|e| Failure::from(e).context("Invalid heartbeat duration"))?;
    }
    if values.given("flow-control") {
        config.flow_control = values.is("flow-control");
    }
    if config.deliver_subject.is_empty() {
        (config.idle_heartbeat, config.flow_control) = (0, false);
    }
    // A group stays only where it is given with a target.
    config.deliver_group = match (values.text("target"), values.text("deliver-group")) {
        ("", _) | (_, "_unset_") => String::new(),
        (_, group) => group.into(),
    };
    // Without a durable name the name stays: an ephemeral copy is the source itself, changed.
    config.durable_name = match values.is("ephemeral") {
        true => String::new(),
        false => destination.into(),
    };
    name(&call, &mut config);
    check_name("consumer", &config.name).map_err(|e| e.context(CREATION))?;
    let created = send(&jetstream, stream, &config).await;
    let info = created.map_err(|e| failed(e).context(CREATION))?;
    if !config.durable_name.is_empty() {
        show(&call, &info, false);
    }
    Ok(())
}
