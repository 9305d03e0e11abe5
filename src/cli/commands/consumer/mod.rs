//! `nats consumer`: positions of readers in a stream. Here: which consumer is meant, lists and reports; [`config`] makes
//! consumers, [`edit`] changes and copies them, [`receive`] gets messages from them.

pub mod cluster;
mod fields;
mod form;
mod report;
mod schema;

use report::{ack_policy, show};
pub mod config;
pub mod edit;

pub mod receive;

use super::{
    Call, Outcome, ask_api, check_name, failed, json, require,
    stream::{self, jetstream, really},
};

use crate::{
    cli::{
        parse::Failure,
        render::{
            self, columns::Columns, count, go_duration, human_duration, number, rounded_duration,
            table::Table,
        },
        values,
    },
    client::{
        Error, JetStream,
        types::{
            AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy, ReplayPolicy, SequenceInfo,
        },
    },
    wire::{
        json::from_json,
        time::{SECOND, Time},
    },
};

/// The consumer of the names given, if there is one.
async fn known(call: &Call, jetstream: &JetStream, name: &str) -> Option<ConsumerInfo> {
    let stream = call.values.arg("stream");
    check_name("stream", stream).ok()?;
    check_name("consumer", name).ok()?;
    jetstream.consumer_info(stream, name).await.ok()
}

/// The stream meant: by its name, else by asking.
async fn pick_stream(call: &Call, jetstream: &JetStream) -> Result<String, Failure> {
    let picked = stream::choose(call, jetstream, call.values.arg("stream")).await;
    Ok(picked.map_err(|e| e.context("could not select Stream"))?.0)
}

/// Connects and finds the consumer meant: by its name, else by asking.
async fn pick(call: &Call) -> Result<(JetStream, ConsumerInfo), Failure> {
    let jetstream = jetstream(call).await?;
    let name = call.values.arg("consumer");
    if let Some(info) = known(call, &jetstream, name).await {
        return Ok((jetstream, info));
    }
    let stream = pick_stream(call, &jetstream).await?;
    let info = select(call, &jetstream, &stream, name).await;
    Ok((
        jetstream,
        info.map_err(|e| e.context("could not select Consumer"))?,
    ))
}

/// The consumer as it is now: natscli asks for it once more.
async fn again(jetstream: &JetStream, info: &ConsumerInfo) -> Result<ConsumerInfo, Failure> {
    let asked = jetstream.consumer_info(&info.stream_name, &info.name);
    asked.await.map_err(failed)
}

async fn select(
    call: &Call,
    jetstream: &JetStream,
    stream: &str,
    name: &str,
) -> Result<ConsumerInfo, Failure> {
    if check_name("consumer", name).is_ok()
        && let Ok(info) = jetstream.consumer_info(stream, name).await
    {
        return Ok(info);
    }
    if call.values.is("force") || call.values.is("no-select") {
        return Err(format!(
            "unknown consumer {} > {}",
            values::quote(stream),
            values::quote(name)
        )
        .into());
    }
    let io = &call.session.io;
    if !io.stdin_is_terminal() || !io.stdout_is_terminal() {
        return Err(
            "cannot pick a Consumer without a terminal and no Consumer name supplied".into(),
        );
    }
    let names = jetstream.consumer_names(stream).await.map_err(failed)?;
    if names.is_empty() {
        return Err(format!("no Consumers are defined for Stream {stream}").into());
    }
    let chosen = call
        .prompt()
        .select("Select a Consumer", &names, "", "")
        .await?;
    jetstream
        .consumer_info(stream, &chosen)
        .await
        .map_err(failed)
}

/// `consumer ls`.
pub async fn list(call: Call) -> Outcome {
    let jetstream = jetstream(&call).await?;
    let stream = pick_stream(&call, &jetstream).await?;
    let load = |error: Error| failed(error).context("could not load Consumers");
    jetstream.stream_info(&stream).await.map_err(load)?;
    let names = jetstream.consumer_names(&stream).await.map_err(load)?;
    if call.values.is("json") || call.values.is("names") {
        if call.values.is("json") {
            call.line(&json::names(&names));
        } else {
            names.iter().for_each(|name| call.line(name));
        }
        return Ok(());
    }
    if names.is_empty() {
        call.line("No Consumers defined");
        return Ok(());
    }
    let consumers = jetstream.consumers(&stream).await.map_err(load)?;
    let headers = [
        "Name",
        "Description",
        "Created",
        "Ack Pending",
        "Unprocessed",
        "Last Delivery",
    ];
    let mut table = Table::new("Consumers", &headers).numbers(&[3, 4]);
    for info in &consumers {
        let now = info.ts.unwrap_or_else(|| call.now());
        let last = info
            .delivered
            .last_active
            .map_or(i64::MAX, |last| now.since(last));
        table.row(vec![
            info.name.clone(),
            info.config.description.clone(),
            call.time_or_zero(info.created),
            info.num_ack_pending.to_string(),
            info.num_pending.to_string(),
            human_duration(last),
        ]);
    }
    call.table(&table);
    call.print("\n\n");
    Ok(())
}

/// `consumer find`.
pub async fn find(call: Call) -> Outcome {
    let jetstream = jetstream(&call).await?;
    let stream = pick_stream(&call, &jetstream).await?;
    for info in query(&call, &jetstream, &stream).await? {
        call.line(&info.name);
    }
    Ok(())
}

/// The consumers that the flags of `consumer find` are true for.
async fn query(
    call: &Call,
    jetstream: &JetStream,
    stream: &str,
) -> Result<Vec<ConsumerInfo>, Failure> {
    let values = &call.values;
    if !values.text("expression").is_empty() {
        let path = call.path;
        let text = "this playground does not have expressions; use the other flags of nats";
        return Err(format!("{text} {path}").into());
    }
    jetstream.stream_info(stream).await.map_err(failed)?;
    if values.is("pull") && values.is("push") {
        return Err("cannot match pull and push concurrently".into());
    }
    let (now, invert) = (call.now(), values.is("invert"));
    let (idle, created) = (values.duration("idle"), values.duration("created"));
    let (replicas, level) = (values.int("replicas"), values.int("api-level"));
    let leader = values.text("leader");
    // Each test is inverted by itself; what there is nothing of matches neither way.
    let fewer = |limit: i64, value: i64| match invert {
        _ if limit <= 0 => true,
        true => value > limit,
        false => value > 0 && value < limit,
    };
    let matches = |c: &ConsumerInfo| {
        let push = !c.config.deliver_subject.is_empty();
        let bound = c.push_bound || c.num_waiting > 0;
        let pinned = c.priority_groups.iter();
        let pinned = pinned.filter(|g| !g.pinned_client_id.is_empty()).count();
        let all_pinned = pinned == c.config.priority_groups.len();
        let required = stream::required_level(&c.config.metadata).parse();
        (!values.is("push") || push != invert)
            && (!values.is("pull") || push == invert)
            && (!values.is("bound") || bound != invert)
            && (!values.is("pinned")
                || (c.config.priority_policy == "pinned_client" && all_pinned != invert))
            && fewer(values.int("waiting"), c.num_waiting as i64)
            && fewer(values.int("ack-pending"), c.num_ack_pending as i64)
            && fewer(values.int("pending"), c.num_pending as i64)
            && (idle <= 0
                || c.delivered
                    .last_active
                    .is_some_and(|at| (now.since(at) < idle) != invert))
            && (created <= 0
                || c.created
                    .is_some_and(|at| (now.since(at) > created) != invert))
            && (replicas <= 0 || stream::at_most(c.config.num_replicas, replicas, invert))
            && (leader.is_empty()
                || c.cluster
                    .as_ref()
                    .is_some_and(|c| (c.leader == leader) != invert))
            && (level <= 0 || (required.unwrap_or(0) >= level) != invert)
    };
    let mut consumers = jetstream.consumers(stream).await.map_err(failed)?;
    consumers.retain(matches);
    Ok(consumers)
}

/// `consumer info`.
pub async fn info(call: Call) -> Outcome {
    let (_, info) = pick(&call).await?;
    show(&call, &info, false);
    Ok(())
}

/// `consumer state`.
pub async fn state(call: Call) -> Outcome {
    let (_, info) = pick(&call).await?;
    show(&call, &info, true);
    Ok(())
}

/// `consumer report`.
pub async fn report(call: Call) -> Outcome {
    let jetstream = jetstream(&call).await?;
    let stream = pick_stream(&call, &jetstream).await?;
    let state = jetstream.stream_info(&stream).await.map_err(failed)?.state;
    let title = format!(
        "Consumer report for {stream} with {} consumers",
        count(state.consumer_count)
    );
    let headers = [
        "Consumer",
        "Mode",
        "Ack Policy",
        "Ack Wait",
        "Ack Pending",
        "Redelivered",
        "Unprocessed",
        "Ack Floor",
        "API Level",
        "Cluster",
    ];
    let raw = call.values.is("raw");
    let mut table = Table::new(title, &headers).numbers(if raw { &[3, 4, 5, 6, 7] } else { &[] });
    let plain = |value: u64| if raw { value.to_string() } else { count(value) };
    for info in jetstream.consumers(&stream).await.map_err(failed)? {
        let config = &info.config;
        let percent = match state.messages {
            0 => 100,
            messages => (u128::from(info.num_pending) * 100 / u128::from(messages)).min(100),
        };
        let unprocessed = match info.num_pending {
            0 => "0".into(),
            pending if raw => pending.to_string(),
            pending => format!("{} / {percent}%", count(pending)),
        };
        table.row(vec![
            info.name.clone(),
            if config.deliver_subject.is_empty() {
                "Pull"
            } else {
                "Push"
            }
            .into(),
            ack_policy(config.ack_policy).into(),
            if raw {
                go_duration(config.ack_wait)
            } else {
                human_duration(config.ack_wait)
            },
            plain(info.num_ack_pending),
            plain(info.num_redelivered),
            unprocessed,
            plain(info.ack_floor.stream_seq),
            stream::required_level(&config.metadata).into(),
            stream::replicas(info.cluster.as_ref()),
        ]);
    }
    call.table(&table);
    call.line("");
    Ok(())
}

/// `consumer rm`.
pub async fn remove(call: Call) -> Outcome {
    let (stream, name) = (call.values.arg("stream"), call.values.arg("consumer"));
    if call.values.is("force") {
        if stream.is_empty() || name.is_empty() {
            return Err("--force requires a stream and consumer name".into());
        }
        let jetstream = jetstream(&call).await?;
        check_name("stream", stream)?;
        check_name("consumer", name)?;
        return jetstream
            .delete_consumer(stream, name)
            .await
            .map_err(failed);
    }
    let (jetstream, info) = pick(&call).await?;
    if !really(
        &call,
        &format!(
            "Really delete Consumer {} > {}",
            info.stream_name, info.name
        ),
    )
    .await?
    {
        return Ok(());
    }
    jetstream
        .delete_consumer(&info.stream_name, &info.name)
        .await
        .map_err(failed)
}

/// `consumer reset`.
pub async fn reset(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    if !call.values.is("force") && !really(&call, "Really reset the consumer").await? {
        return Ok(());
    }
    let body = match call.values.uint("sequence") {
        0 => "{}".into(),
        sequence => format!("{{\"seq\":{sequence}}}"),
    };
    let subject = format!("CONSUMER.RESET.{}.{}", info.stream_name, info.name);
    let answer = ask_api(&jetstream, &subject, body.as_bytes()).await?;
    let info: ConsumerInfo = from_json(answer.to_string().as_bytes())?;
    show(&call, &info, true);
    Ok(())
}

/// `consumer unpin`.
pub async fn unpin(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    if info.config.priority_policy != "pinned_client" {
        return Err("consumer is not a pinned priority consumer".into());
    }
    let info = again(&jetstream, &info).await?;
    let groups = info.priority_groups.iter();
    let pinned: Vec<_> = groups.filter(|g| !g.pinned_client_id.is_empty()).collect();
    if pinned.is_empty() {
        return Err("no priority groups have pinned clients".into());
    }
    let group = match call.values.arg("group") {
        "" => {
            let groups: Vec<String> = pinned.iter().map(|g| g.group.clone()).collect();
            call.prompt()
                .select("Select a Group", &groups, "", "")
                .await?
        }
        group => group.to_string(),
    };
    let question = format!(
        "Really unpin client from group {} > {} > {group}",
        info.stream_name, info.name
    );
    if !call.values.is("force") && !really(&call, &question).await? {
        return Ok(());
    }
    let subject = format!("CONSUMER.UNPIN.{}.{}", info.stream_name, info.name);
    let body = serde_json::json!({"group": group}).to_string();
    ask_api(&jetstream, &subject, body.as_bytes()).await?;
    let client = pinned.iter().find(|g| g.group == group);
    call.line(&format!(
        "Unpinned client {} from Priority Group {} > {} > {group}",
        client.map_or("", |g| &g.pinned_client_id),
        info.stream_name,
        info.name
    ));
    Ok(())
}

/// A time (`2006-01-02 15:04:05`) or a duration from now.
pub fn parse_until(call: &Call, text: &str) -> Result<Time, Failure> {
    if let Some(time) = Time::parse_date_time(text, b"-- ::") {
        return Ok(time);
    }
    match values::duration(text) {
        Ok(ns) => Ok(call.now().after(ns)),
        Err(_) => Err("could not parse the pause time as either timestamp or duration".into()),
    }
}

/// `consumer pause`.
pub async fn pause(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    require(&jetstream, 1, "pausing Consumers requires NATS Server 2.11").await?;
    let until = match call.values.arg("until") {
        "" => {
            let default = call.time(call.now().after(3600 * SECOND));
            let help = format!("A duration like 1h30m or a time like '{default}'");
            call.prompt()
                .input("Pause until (time or duration)", &default, &help, true)
                .await?
        }
        until => until.to_string(),
    };
    let until = parse_until(&call, &until)?;
    let (stream, name) = (&info.stream_name, &info.name);
    let question = format!(
        "Really pause Consumer {stream} > {name} until {}",
        call.time(until)
    );
    if !call.values.is("force") && !really(&call, &question).await? {
        return Ok(());
    }
    let paused = jetstream.at_level(1);
    let paused = paused.pause_consumer(stream, name, Some(until));
    let state = paused.await.map_err(failed)?;
    if !state.paused {
        return Err("pause request failed, perhaps due to a time in the past".into());
    }
    let until = call.time_or_zero(state.pause_until);
    call.line(&format!(
        "Paused {stream} > {name} until {until} ({})",
        rounded_duration(state.pause_remaining)
    ));
    Ok(())
}

/// `consumer resume`.
pub async fn resume(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    require(
        &jetstream,
        1,
        "resuming Consumers requires NATS Server 2.11",
    )
    .await?;
    if !info.paused {
        return Err("consumer is not paused".into());
    }
    let (stream, name) = (&info.stream_name, &info.name);
    let question = format!("Really resume Consumer {stream} > {name}");
    if !call.values.is("force") && !really(&call, &question).await? {
        return Ok(());
    }
    jetstream
        .pause_consumer(stream, name, None)
        .await
        .map_err(failed)?;
    let now = info.ts.unwrap_or_else(|| call.now());
    let until = call.time(now.after(info.pause_remaining));
    call.line(&format!(
        "Consumer {stream} > {name} was resumed while previously paused until {until}"
    ));
    Ok(())
}
