//! Making consumers, and what their flags mean. Which there are, [`super::form`] knows.

use super::{Call, Outcome, form, known, pick_stream, require, show};
use crate::{
    cli::{
        commands::{check_name, failed, json, nuid, stream::jetstream},
        parse::Failure,
        render::go_duration,
        values,
    },
    client::{
        Error, JetStream,
        types::{AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy},
    },
};

/// Two names of one flag.
pub(super) const MAX_PENDING: [&str; 2] = ["max-pending", "max-outstanding"];

pub(super) fn ack_policy(text: &str) -> AckPolicy {
    match text {
        "none" => AckPolicy::None,
        "all" => AckPolicy::All,
        "flow_control" => AckPolicy::FlowControl,
        _ => AckPolicy::Explicit,
    }
}

/// Sets where a consumer starts: `all`, `new`, `last`, `subject`, a number or a duration.
pub(super) fn start(call: &Call, config: &mut ConsumerConfig, policy: &str) -> Outcome {
    config.deliver_policy = match policy {
        "" | "all" => DeliverPolicy::All,
        "last" => DeliverPolicy::Last,
        "new" | "next" => DeliverPolicy::New,
        "subject" | "last_per_subject" => DeliverPolicy::LastPerSubject,
        number if number.bytes().all(|b| b.is_ascii_digit()) => {
            config.opt_start_seq = number.parse().unwrap_or(u64::MAX);
            DeliverPolicy::ByStartSequence
        }
        text => {
            let ns = values::duration(text);
            let ns = ns.map_err(|e| Failure::from(e).context("could not parse starting delta"))?;
            config.opt_start_time = Some(call.now().after(ns.wrapping_neg()));
            DeliverPolicy::ByStartTime
        }
    };
    Ok(())
}

/// Delays that grow by equal steps, each step cut to whole milliseconds.
pub(super) fn linear(steps: i64, shortest: i64, longest: i64) -> Result<Vec<i64>, Failure> {
    if steps < 1 {
        return Err("steps must be more than 0".into());
    }
    let (low, high) = (shortest.min(longest), shortest.max(longest));
    let step = (high - low) / steps;
    if high != low && step == 0 {
        let (low, high) = (go_duration(low), go_duration(high));
        return Err(
            format!("step range between {low} and {high} is too small for {steps} steps").into(),
        );
    }
    let whole = |ns: i64| (ns + 500_000) / 1_000_000 * 1_000_000;
    Ok((0..steps.min(10_000))
        .map(|n| low + whole(step.saturating_mul(n)))
        .collect())
}

pub(super) fn backoff(call: &Call) -> Result<Vec<i64>, Failure> {
    let values = &call.values;
    let (least, most) = (
        values.duration("backoff-min"),
        values.duration("backoff-max"),
    );
    let steps = values.int("backoff-steps");
    match values.text("backoff") {
        "linear" if steps == 0 || least == 0 || most == 0 => Err(
            "could not determine backoff policy: required policy properties not supplied".into(),
        ),
        "linear" => {
            linear(steps, least, most).map_err(|e| e.context("could not determine backoff policy"))
        }
        _ => Ok(Vec::new()),
    }
}

/// Before what is wrong with a consumer that is to be made.
pub(super) const CREATION: &str = "Consumer creation failed";

/// `consumer add`.
pub async fn add(call: Call) -> Outcome {
    let jetstream = jetstream(&call).await?;
    let stream = match known(&call, &jetstream, call.values.arg("consumer")).await {
        Some(info) => info.stream_name,
        None => pick_stream(&call, &jetstream).await?,
    };
    let mut config = form::fill(&call).await?;
    let text = json::print(&config);
    let (validate, path) = (call.values.is("validate"), call.values.text("output"));
    if validate {
        call.print(&format!("{text}\n\n"));
    }
    if validate || !path.is_empty() {
        let wrong = super::schema::forbidden(&config);
        if !wrong.is_empty() {
            return Err(format!("Validation Failed: {}", wrong.join("\n\t")).into());
        }
    }
    if validate {
        call.line("Configuration is a valid Consumer");
        return Ok(());
    }
    if !path.is_empty() {
        let written = call.session.io.files().write(path, text.as_bytes());
        return written.map_err(|e| format!("open {path}: {}", e.text()).into());
    }
    if config.pause_until.is_some() {
        require(&jetstream, 1, "pausing consumers requires NATS Server 2.11").await?;
    }
    // natscli keeps the level it has seen.
    match config.priority_policy.as_str() {
        _ if config.pause_until.is_some() => {}
        "" if config.priority_groups.is_empty() => {}
        "pinned_client" => {
            let words = "Prioritized Consumer Groups requires NATS Server 2.12";
            require(&jetstream, 2, words).await?;
        }
        _ => require(&jetstream, 1, "Consumer Groups requires NATS Server 2.11").await?,
    }
    name(&call, &mut config);
    check_name("consumer", &config.name).map_err(|e| e.context(CREATION))?;
    let created = send(&jetstream, &stream, &config).await;
    let info = created.map_err(|e| failed(e).context(CREATION))?;
    show(&call, &info, false);
    Ok(())
}

/// Makes or changes a consumer.
pub(super) async fn send(
    jetstream: &JetStream,
    stream: &str,
    config: &ConsumerConfig,
) -> Result<ConsumerInfo, Error> {
    let level = match config.priority_policy.as_str() {
        "prioritized" => 2,
        _ if config.pause_until.is_some() || !config.priority_groups.is_empty() => 1,
        _ => 0,
    };
    let jetstream = jetstream.at_level(level);
    jetstream.create_consumer(stream, config, "").await
}

/// Gives a consumer the name it is created by.
pub(super) fn name(call: &Call, config: &mut ConsumerConfig) {
    if !config.durable_name.is_empty() {
        config.name.clone_from(&config.durable_name);
    } else if config.name.is_empty() {
        config.name = nuid(&call.session);
        // jsm.go's names are short.
        config.name.truncate(8);
    }
}

#[cfg(test)]
mod tests {
    use super::linear;

    #[test]
    fn steps_are_equal() {
        let second = 1_000_000_000;
        assert_eq!(linear(2, second, 5 * second).unwrap(), [second, 3 * second]);
        assert_eq!(linear(2, 5 * second, second).unwrap(), [second, 3 * second]);
        assert!(linear(0, 10, 30).is_err() && linear(30, 1, 2).is_err());
    }
}
