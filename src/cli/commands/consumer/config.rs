//! Making consumers: configurations from flags, files and questions.

use super::{Call, Outcome, known, parse_until, pick_stream, require, show};
use crate::{
    cli::{
        commands::{
            check_name, config_file, failed, json, nuid, stream::jetstream,
            subscribe::split_subjects, users_metadata,
        },
        parse::Failure,
        render::go_duration,
        values,
    },
    client::{
        Error, JetStream,
        types::{AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy, ReplayPolicy},
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
            config.opt_start_time = Some(call.now().after(-ns));
            DeliverPolicy::ByStartTime
        }
    };
    Ok(())
}

/// Delays that grow by equal steps, each step cut to whole milliseconds.
fn linear(steps: i64, shortest: i64, longest: i64) -> Result<Vec<i64>, Failure> {
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

async fn ask_backoff(call: &Call) -> Result<Vec<i64>, Failure> {
    let prompt = call.prompt();
    if !prompt.confirm("Add a Retry Backoff Policy", false).await? {
        return Ok(Vec::new());
    }
    let options = ["linear", "none"].map(String::from);
    let help = "Linear grows by equal steps from the shortest to the longest delay";
    if prompt
        .select("Backoff policy", &options, "none", help)
        .await?
        == "none"
    {
        return Ok(Vec::new());
    }
    let help = "Delays grow from the minimum to the maximum";
    let least = values::duration(
        &prompt
            .input("Minimum retry time", "1m", help, false)
            .await?,
    )?;
    let most = values::duration(
        &prompt
            .input("Maximum retry time", "10m", help, false)
            .await?,
    )?;
    let help = "Delays between the minimum and the maximum";
    let steps = prompt
        .input(
            "Number of steps to generate in the policy",
            "20",
            help,
            false,
        )
        .await?;
    linear(values::int64(&steps)?, least, most)
}

async fn ask(
    call: &Call,
    words: &str,
    question: &str,
    default: &str,
    help: &str,
    required: bool,
) -> Result<String, Failure> {
    call.prompt()
        .input(question, default, help, required)
        .await
        .map_err(|e| e.context(words))
}

/// The configuration that `consumer add` is asked for.
async fn prepare(call: &Call) -> Result<ConsumerConfig, Failure> {
    let values = &call.values;
    if let Some(mut config) = config_file::<ConsumerConfig>(call)? {
        let name = values.arg("consumer");
        if !config.durable_name.is_empty() && !name.is_empty() {
            config.durable_name = name.into();
        }
        if !config.deliver_subject.is_empty() && !values.text("target").is_empty() {
            config.deliver_subject = values.text("target").into();
        }
        config.metadata = users_metadata(config.metadata);
        return Ok(config);
    }
    let (defaults, ephemeral) = (values.is("defaults"), values.is("ephemeral"));
    let mut config = ConsumerConfig {
        description: values.text("description").into(),
        max_deliver: -1,
        ..ConsumerConfig::default()
    };
    let mut name = values.arg("consumer").to_string();
    if name.is_empty() && !ephemeral {
        let help = "The name the consumer is known by";
        name = ask(
            call,
            "could not request durable name",
            "Consumer name",
            "",
            help,
            true,
        )
        .await?;
    }
    if ephemeral {
        config.name = name;
    } else {
        if name.contains(['.', '*', '>']) {
            return Err("durable name can not contain '.', '*', '>'".into());
        }
        config.durable_name = name;
    }
    config.deliver_subject = values.text("target").into();
    if !values.is("pull") && config.deliver_subject.is_empty() {
        let question = "Delivery target (empty for Pull Consumers)";
        let help = "Subject that messages are pushed to; without one clients pull. See --target and --pull";
        let words = "could not request delivery target";
        config.deliver_subject = ask(call, words, question, "", help, false).await?;
    }
    let push = !config.deliver_subject.is_empty();
    config.deliver_group = values.text("deliver-group").into();
    if config.deliver_group == "_unset_" {
        config.deliver_group.clear();
        if push && !defaults {
            let words = "could not request delivery group";
            let help = "Messages go to subscribers of this queue group only";
            config.deliver_group =
                ask(call, words, "Delivery Queue Group", "", help, false).await?;
        }
    }
    let policy = match values.text("deliver") {
        "" if defaults => "all".into(),
        "" => {
            let question = "Start policy (all, new, last, subject, 1h, msg sequence)";
            let help = "The first message that is delivered. See --deliver";
            ask(
                call,
                "could not request start policy",
                question,
                "all",
                help,
                true,
            )
            .await?
        }
        given => given.to_string(),
    };
    start(call, &mut config, &policy)?;
    let pulls = !push || defaults && values.is("pull");
    let default = if pulls { "explicit" } else { "none" };
    let policy = match values.text("ack") {
        "" if defaults => default.to_string(),
        "" => {
            let options = ["explicit", "all", "none"].map(String::from);
            let help = "What is not acknowledged comes again: each message by itself, all up to one, or nothing. See --ack";
            let asked = call
                .prompt()
                .select("Acknowledgment policy", &options, default, help)
                .await;
            asked.map_err(|e| e.context("could not ask acknowledgement policy"))?
        }
        given => given.to_string(),
    };
    config.ack_policy = ack_policy(&policy);
    let policy = match values.text("replay") {
        "" if defaults => "instant".into(),
        "" => {
            let options = ["instant", "original"].map(String::from);
            let help = "As fast as possible, or at the speed messages were stored. See --replay";
            let asked = call
                .prompt()
                .select("Replay policy", &options, "instant", help)
                .await;
            asked.map_err(|e| e.context("could not ask replay policy"))?
        }
        given => given.to_string(),
    };
    // The defaults of push consumers win over the flag, as in natscli.
    config.replay_policy = if policy == "original" && !(push && defaults) {
        ReplayPolicy::Original
    } else {
        ReplayPolicy::Instant
    };
    config.ack_wait = values.duration("wait").max(0);
    let sample = values.int("sample");
    if sample > 100 {
        return Err("sample percent is not between 0 and 100".into());
    }
    if sample > 0 {
        config.sample_freq = sample.to_string();
    }
    let mut filters = values.list("filter");
    if filters.is_empty() && !defaults {
        let words = "could not ask for filtering subject";
        let help =
            "Only these subjects, separated by blanks or commas, with wildcards. See --filter";
        let question = "Filter Stream by subjects (blank for all)";
        filters = split_subjects(&[ask(call, words, question, "", help, false).await?]);
        filters.retain(|filter| !filter.is_empty());
    }
    match filters.len() {
        0 if config.deliver_policy == DeliverPolicy::LastPerSubject => {
            config.filter_subject = ">".into();
        }
        0 => {}
        1 => config.filter_subject = filters.remove(0),
        _ => config.filter_subjects = filters,
    }
    let acks = config.ack_policy != AckPolicy::None;
    let mut deliveries = values.int("max-deliver");
    if deliveries == 0 {
        deliveries = -1;
        if acks && !defaults {
            let words = "could not ask for maximum allowed deliveries";
            let help = "How often a message is delivered at most. See --max-deliver";
            let answer = ask(call, words, "Maximum Allowed Deliveries", "-1", help, false).await?;
            deliveries = values::int64(&answer)?;
        }
    }
    let mut pending = values.int_of_either(MAX_PENDING);
    if pending == -1 {
        pending = 0;
        if acks && !defaults {
            let words = "could not ask for maximum outstanding acknowledgements";
            let help =
                "Deliveries wait when so many messages are not acknowledged. See --max-pending";
            let answer = ask(
                call,
                words,
                "Maximum Acknowledgments Pending",
                "0",
                help,
                false,
            )
            .await?;
            pending = values::int64(&answer)?;
        }
    }
    let heartbeat = values.text("heartbeat");
    if push {
        let text = match heartbeat {
            "-1" => "0s".into(),
            "" if defaults => "0s".into(),
            "" => {
                let words = "could not ask for idle heartbeat";
                let help = "An empty message after so long without others. See --heartbeat";
                ask(call, words, "Idle Heartbeat", "0s", help, false).await?
            }
            given => given.to_string(),
        };
        let ns = values::duration(&text);
        config.idle_heartbeat =
            ns.map_err(|e| Failure::from(e).context("invalid heartbeat duration"))?;
        config.flow_control = values.is("flow-control");
        if !values.given("flow-control") && !defaults {
            let asked = call
                .prompt()
                .confirm("Enable Flow Control, ie --flow-control", false)
                .await;
            config.flow_control = asked.map_err(|e| e.context("could not ask flow control"))?;
        }
    }
    config.headers_only = values.is("headers-only");
    if !values.given("headers-only") && !defaults {
        let asked = call
            .prompt()
            .confirm("Deliver headers only without bodies", false)
            .await;
        config.headers_only = asked.map_err(|e| e.context("could not ask headers only"))?;
    }
    config.backoff = match values.text("backoff") {
        "" if acks && !defaults => ask_backoff(call).await?,
        "" => Vec::new(),
        _ => backoff(call)?,
    };
    if deliveries == -1 && !config.backoff.is_empty() {
        deliveries = config.backoff.len() as i64 + 1;
    }
    if acks {
        config.max_deliver = deliveries;
    }
    config.max_ack_pending = pending;
    config.inactive_threshold = values.duration("inactive-threshold");
    config.max_batch = values.int("max-pull-batch").max(0);
    config.max_expires = values.duration("max-pull-expire").max(0);
    config.max_bytes = values.int("max-pull-bytes").max(0);
    if !push {
        config.max_waiting = values.int("max-waiting");
        if values.uint("bps") > 0 {
            return Err("rate limits are only possible on Push consumers".into());
        }
        if !matches!(heartbeat, "" | "-1") {
            return Err("pull subscribers does not support idle heartbeats".into());
        }
    }
    config.rate_limit_bps = values.uint("bps");
    config.num_replicas = values.int("replicas");
    config.mem_storage = values.is("memory");
    config.metadata = values.map("metadata").into_iter().collect();
    config.metadata = users_metadata(config.metadata);
    if !values.text("pause").is_empty() {
        config.pause_until = Some(parse_until(call, values.text("pause"))?);
    }
    let group = |flag: &str| values.list(flag);
    if !group("pinned-groups").is_empty() && !group("overflow-groups").is_empty() {
        return Err("setting both overflow and pinned groups are not supported".into());
    }
    // The groups of overflow are those of the flag for pinned clients, none: natscli's mistake, which the server refuses.
    for (flag, policy, groups) in [
        ("pinned-groups", "pinned_client", "pinned-groups"),
        ("overflow-groups", "overflow", "pinned-groups"),
        ("prioritized-groups", "prioritized", "prioritized-groups"),
    ] {
        if !group(flag).is_empty() {
            config.priority_policy = policy.into();
            config.priority_groups = group(groups);
            break;
        }
    }
    if !group("pinned-groups").is_empty() {
        config.priority_timeout = values.duration("pinned-ttl");
    }
    Ok(config)
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
    let mut config = prepare(&call).await?;
    let text = json::print_typed(&config, "consumer_config");
    if call.values.is("validate") {
        call.print(&format!("{text}\n\nConfiguration is a valid Consumer\n"));
        return Ok(());
    }
    let path = call.values.text("output");
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
