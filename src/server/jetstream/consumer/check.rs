//! Is a configuration acceptable, and may one replace another? The checks in the order of nats-server's
//! `checkConsumerCfg` and `checkNewConsumerConfig`, since the first one that fails is the answer.

use super::config::{
    AckPolicy, Config, DeliverPolicy, FLOW_CONTROL_HEARTBEAT, MAX_DESCRIPTION, PriorityPolicy,
};
use crate::server::core::ConsumerId;
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::stream::{Retention, StreamConfig};
use crate::server::routes::Routes;
use crate::wire::{duration, json::quote, subject};

/// Smallest `idle_heartbeat` of a push consumer, in nanoseconds.
const MIN_HEARTBEAT: i64 = 100_000_000;
/// Smallest `max_expires`, in nanoseconds.
const MIN_EXPIRES: i64 = 1_000_000;
/// Most bytes of all keys and values of `metadata`.
const MAX_METADATA: usize = 128 * 1024;

fn fail<T>(code: u16, err_code: u16, description: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::new(code, err_code, description))
}

/// 500/10052, the error of everything that has no number of its own.
fn invalid<T>(description: &str) -> Result<T, ApiError> {
    fail(500, 10052, description)
}

/// Whether `name` can be a consumer's (or a stream's) name.
fn is_valid_name(name: &str) -> bool {
    !name.contains([' ', '\t', '\r', '\n', '\x0c', '.', '*', '>', '\\', '/'])
}

/// Checks a configuration that has its defaults against itself and its stream's.
pub fn check(config: &Config, stream: &StreamConfig) -> Result<(), ApiError> {
    check_basics(config, stream)?;
    if config.is_push() {
        check_push(config, stream)?;
    } else {
        check_pull(config, stream)?;
    }
    check_stream_limits(config, stream)?;
    if config.direct {
        if !config.is_push() {
            return fail(400, 10090, "consumer direct requires a push based consumer");
        }
        if config.is_durable() {
            return fail(400, 10091, "consumer direct requires an ephemeral consumer");
        }
    }
    check_filters(config)?;
    check_start(config)?;
    check_sampling(config)?;
    if config.flow_control && config.idle_heartbeat == 0 {
        return fail(
            400,
            10108,
            "consumer with flow control also needs heartbeats",
        );
    }
    if config.is_durable() && !config.name.is_empty() && config.name != config.durable_name {
        let text = "Consumer Durable and Name have to be equal if both are provided";
        return fail(400, 10132, text);
    }
    let size: usize = config
        .metadata
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if size > MAX_METADATA {
        return fail(
            400,
            10135,
            "consumer metadata exceeds maximum size of 128KB",
        );
    }
    check_priority(config)
}

fn check_basics(config: &Config, stream: &StreamConfig) -> Result<(), ApiError> {
    if !is_valid_name(&config.name) {
        return invalid("consumer name can not contain '.', '*', '>', '\\', '/'");
    }
    if !is_valid_name(&config.durable_name) {
        return invalid("consumer durable name can not contain '.', '*', '>', '\\', '/'");
    }
    if config.num_replicas > stream.num_replicas {
        return fail(
            400,
            10126,
            "consumer config replica count exceeds parent stream",
        );
    }
    if config.num_replicas < 0 {
        return fail(400, 10133, "replicas count cannot be negative");
    }
    if config.backoff.iter().any(|wait| *wait < 0) {
        return fail(400, 10184, "consumer backoff needs to be positive");
    }
    if config.ack_wait < 0 {
        return fail(400, 10183, "consumer ack wait needs to be positive");
    }
    if config.ack_policy == AckPolicy::FlowControl {
        check_ack_flow_control(config)?;
    }
    let backoffs = config.backoff.len() as i64;
    if backoffs > 0 && config.max_deliver != -1 && backoffs > config.max_deliver {
        return fail(
            400,
            10116,
            "max deliver is required to be > length of backoff values",
        );
    }
    if config.description.len() > MAX_DESCRIPTION {
        return fail(
            400,
            10107,
            "consumer description is too long, maximum allowed is 4096",
        );
    }
    Ok(())
}

fn check_ack_flow_control(config: &Config) -> Result<(), ApiError> {
    let fail =
        |err_code, what: &str| fail(400, err_code, format!("flow control ack policy {what}"));
    if !config.is_push() {
        return fail(10218, "requires a push based consumer");
    }
    if !config.flow_control {
        return fail(10219, "requires flow control");
    }
    if config.idle_heartbeat != FLOW_CONTROL_HEARTBEAT {
        return invalid("flow control ack policy heartbeat needs to be 1s");
    }
    if config.max_ack_pending <= 0 {
        return fail(10220, "requires max ack pending");
    }
    if config.ack_wait != 0 || !config.backoff.is_empty() {
        return fail(10221, "requires unset ack wait");
    }
    if config.max_deliver > 0 {
        return fail(10222, "requires unset max deliver");
    }
    Ok(())
}

fn check_push(config: &Config, stream: &StreamConfig) -> Result<(), ApiError> {
    let deliver = config.deliver_subject.as_bytes();
    if !subject::is_literal(deliver) {
        return fail(400, 10079, "consumer deliver subject has wildcards");
    }
    if !subject::is_valid(deliver) {
        return fail(400, 10112, "invalid push consumer deliver subject");
    }
    if stream
        .subjects
        .iter()
        .any(|own| subject::is_subset(deliver, own.as_bytes()))
    {
        return fail(400, 10081, "consumer deliver subject forms a cycle");
    }
    if config.max_waiting != 0 {
        return fail(400, 10080, "consumer in push mode can not set max waiting");
    }
    if config.max_ack_pending > 0 && config.ack_policy == AckPolicy::None {
        return fail(
            400,
            10082,
            "consumer requires ack policy for max ack pending",
        );
    }
    if config.idle_heartbeat > 0 && config.idle_heartbeat < MIN_HEARTBEAT {
        return fail(400, 10083, "consumer idle heartbeat needs to be >= 100ms");
    }
    Ok(())
}

fn check_pull(config: &Config, stream: &StreamConfig) -> Result<(), ApiError> {
    if config.ack_policy == AckPolicy::None && stream.retention == Retention::WorkQueue {
        let text = "consumer in pull mode requires explicit ack policy on workqueue stream";
        return fail(400, 10084, text);
    }
    if config.rate_limit_bps > 0 {
        return fail(
            400,
            10086,
            "consumer in pull mode can not have rate limit set",
        );
    }
    if config.idle_heartbeat > 0 {
        return fail(
            400,
            10088,
            "consumer idle heartbeat requires a push based consumer",
        );
    }
    if config.flow_control {
        return fail(
            400,
            10089,
            "consumer flow control requires a push based consumer",
        );
    }
    if config.max_expires != 0 && config.max_expires < MIN_EXPIRES {
        return fail(
            400,
            10115,
            "consumer max request expires needs to be >= 1ms",
        );
    }
    Ok(())
}

fn check_stream_limits(config: &Config, stream: &StreamConfig) -> Result<(), ApiError> {
    let limits = &stream.consumer_limits;
    if limits.max_ack_pending > 0 && config.max_ack_pending > limits.max_ack_pending {
        let limit = limits.max_ack_pending;
        let text = format!("consumer max ack pending exceeds system limit of {limit}");
        return fail(400, 10121, text);
    }
    if limits.inactive_threshold > 0 && config.inactive_threshold > limits.inactive_threshold {
        let limit = duration::format(limits.inactive_threshold);
        let text = format!("consumer inactive threshold exceeds system limit of {limit}");
        return fail(400, 10153, text);
    }
    Ok(())
}

fn check_filters(config: &Config) -> Result<(), ApiError> {
    if !config.filter_subject.is_empty() && !config.filter_subjects.is_empty() {
        let text = "consumer cannot have both FilterSubject and FilterSubjects specified";
        return fail(400, 10136, text);
    }
    if config.filter_subjects.iter().any(String::is_empty) {
        return fail(
            400,
            10139,
            "consumer filter in FilterSubjects cannot be empty",
        );
    }
    let filters = config.filters();
    // Found by their tokens: to compare each with all others would take minutes for as many as a request can hold.
    let mut routes = Routes::default();
    for (index, filter) in (0..).zip(&filters) {
        routes.insert(filter.as_bytes(), index);
    }
    for (index, filter) in (0..).zip(&filters) {
        if !subject::is_valid(filter.as_bytes()) {
            return invalid("invalid subject");
        }
        let mut contained = false;
        routes.matches(filter.as_bytes(), &mut |other: &ConsumerId| {
            let superset = filters[*other as usize].as_bytes();
            contained |= *other != index && subject::is_subset(filter.as_bytes(), superset);
        });
        if contained {
            return fail(400, 10138, "consumer subject filters cannot overlap");
        }
    }
    Ok(())
}

fn check_start(config: &Config) -> Result<(), ApiError> {
    let fail = |policy: &str, rest: &str| {
        let text = format!("consumer delivery policy is deliver {policy}, but optional {rest}");
        fail(400, 10094, text)
    };
    const SEQUENCE_SET: &str = "start sequence is also set";
    const TIME_SET: &str = "start time is also set";
    let has_sequence = config.opt_start_seq > 0;
    let has_time = config.opt_start_time.is_some();
    let policy = match config.deliver_policy {
        DeliverPolicy::All => "all",
        DeliverPolicy::Last => "last",
        DeliverPolicy::New => "new",
        DeliverPolicy::LastPerSubject => "last per subject",
        DeliverPolicy::ByStartSequence => {
            if !has_sequence {
                return fail("by start sequence", "start sequence is not set");
            }
            if has_time {
                return fail("by start sequence", TIME_SET);
            }
            return Ok(());
        }
        DeliverPolicy::ByStartTime => {
            if !has_time {
                return fail("by start time", "start time is not set");
            }
            if has_sequence {
                return fail("by start time", "start start sequence is also set");
            }
            return Ok(());
        }
    };
    if has_sequence {
        return fail(policy, SEQUENCE_SET);
    }
    if has_time {
        return fail(policy, TIME_SET);
    }
    if config.deliver_policy == DeliverPolicy::LastPerSubject && config.filters().is_empty() {
        return fail(policy, "filter subject is not set");
    }
    Ok(())
}

fn check_sampling(config: &Config) -> Result<(), ApiError> {
    if config.sample_freq.is_empty() {
        return Ok(());
    }
    let text = config
        .sample_freq
        .strip_suffix('%')
        .unwrap_or(&config.sample_freq);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let error = |what| format!("strconv.Atoi: parsing {}: {what}", quote(text.as_bytes()));
    let reason = if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        error("invalid syntax")
    } else {
        match text.parse::<i64>() {
            Ok(percent) if percent >= 0 => return Ok(()),
            Ok(_) => "<nil>".into(),
            Err(_) => error("value out of range"),
        }
    };
    fail(
        400,
        10095,
        format!("failed to parse consumer sampling configuration: {reason}"),
    )
}

fn check_priority(config: &Config) -> Result<(), ApiError> {
    if config.priority_policy == PriorityPolicy::None {
        if !config.priority_groups.is_empty() {
            let text = "consumer can not have priority groups when policy is none";
            return fail(400, 10196, text);
        }
        if config.priority_timeout > 0 {
            return fail(
                400,
                10197,
                "PinnedTTL cannot be set when PriorityPolicy is none",
            );
        }
        return Ok(());
    }
    if config.is_push() {
        return fail(
            400,
            10178,
            "priority groups can not be used with push consumers",
        );
    }
    if config.priority_groups.is_empty() {
        let text = "Setting PriorityPolicy requires at least one PriorityGroup to be set";
        return fail(400, 10159, text);
    }
    for group in &config.priority_groups {
        if group.is_empty() {
            return fail(400, 10161, "Group name cannot be an empty string");
        }
        if !is_valid_group(group) {
            return fail(400, 10162, INVALID_GROUP);
        }
    }
    Ok(())
}

/// Description of error 10162.
pub const INVALID_GROUP: &str = "Valid priority group name must match A-Z, a-z, 0-9, -_/=)+ and may not exceed 16 \
                                 characters";

/// Whether `name` can be a priority group's name.
pub fn is_valid_group(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_=-".contains(&byte);
    (1..=16).contains(&name.len()) && name.bytes().all(allowed)
}

/// May `new` replace `old`? `bound` says whether the old deliver subject has interest now.
pub fn check_update(old: &Config, new: &Config, bound: bool) -> Result<(), ApiError> {
    // In whatever zone it is given.
    let time_of = |config: &Config| config.opt_start_time.as_ref().map(|at| at.time);
    let changed = [
        (
            old.deliver_policy != new.deliver_policy,
            "deliver policy can not be updated",
        ),
        (
            old.mem_storage != new.mem_storage,
            "storage type can not be updated",
        ),
        (old.direct != new.direct, "direct can not be updated"),
        (old.sourcing != new.sourcing, "sourcing can not be updated"),
        (
            old.opt_start_seq != new.opt_start_seq,
            "start sequence can not be updated",
        ),
        (
            time_of(old) != time_of(new),
            "start time can not be updated",
        ),
        (
            old.ack_policy != new.ack_policy,
            "ack policy can not be updated",
        ),
        (
            old.replay_policy != new.replay_policy,
            "replay policy can not be updated",
        ),
        (
            old.idle_heartbeat != new.idle_heartbeat,
            "heart beats can not be updated",
        ),
        (
            old.flow_control != new.flow_control,
            "flow control can not be updated",
        ),
        (
            !old.is_push() && new.is_push(),
            "can not update pull consumer to push based",
        ),
        (
            old.is_push() && !new.is_push(),
            "can not update push consumer to pull based",
        ),
    ];
    if let Some((_, text)) = changed.iter().find(|(changed, _)| *changed) {
        return fail(500, 10012, *text);
    }
    if old.deliver_subject != new.deliver_subject && bound {
        return fail(400, 10013, "consumer name already in use");
    }
    if old.max_waiting != new.max_waiting {
        return fail(500, 10012, "max waiting can not be updated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlap(filters: &[&str]) -> bool {
        let filter_subjects = filters.iter().map(|filter| (*filter).to_owned()).collect();
        let config = Config {
            filter_subjects,
            ..Config::default()
        };
        match check_filters(&config) {
            Ok(()) => false,
            Err(error) => error.err_code == 10138,
        }
    }

    #[test]
    fn a_sampling_is_quoted_as_by_go() {
        for (sample_freq, quoted) in [
            ("\0%", "\\x00"),
            ("\u{301}", "\u{301}"),
            ("\u{7f}", "\\x7f"),
        ] {
            let config = Config {
                sample_freq: sample_freq.into(),
                ..Config::default()
            };
            let error = check_sampling(&config).expect_err("no number");
            let want = format!("strconv.Atoi: parsing \"{quoted}\": invalid syntax");
            assert!(error.description.ends_with(&want), "{}", error.description);
        }
    }

    #[test]
    fn filters_overlap_if_one_is_part_of_another() {
        let mut patterns = vec![String::new()];
        for _ in 0..3 {
            for before in patterns.clone() {
                for token in ["a", "b", "*", ">"] {
                    patterns.push(format!("{before}.{token}"));
                }
            }
        }
        let patterns: std::collections::BTreeSet<&str> = patterns
            .iter()
            .filter_map(|pattern| pattern.strip_prefix('.'))
            .filter(|pattern| subject::is_valid(pattern.as_bytes()))
            .collect();
        for one in &patterns {
            for other in &patterns {
                let (a, b) = (one.as_bytes(), other.as_bytes());
                let wanted = subject::is_subset(a, b) || subject::is_subset(b, a);
                assert_eq!(overlap(&[one, other]), wanted, "{one} {other}");
            }
        }
    }

    /// Were each compared with all others, this would take minutes.
    #[test]
    fn very_many_filters() {
        let filters: Vec<String> = (0..100_000).map(|n| format!("*.{n}")).collect();
        let mut filters: Vec<&str> = filters.iter().map(String::as_str).collect();
        assert!(!overlap(&filters));
        filters.push("a.7");
        assert!(overlap(&filters));
    }
}
