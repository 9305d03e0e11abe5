//! A consumer's configuration as the struct natscli compares.

use super::report;
use crate::cli::differences::{Fields, Value};
use crate::client::types::{ConsumerConfig, DeliverPolicy};

/// The fields; those of `empty`, by their names in JSON, are there without anything in them, where others are Go's nil.
pub(super) fn fields(config: &ConsumerConfig, empty: &[String]) -> Fields {
    let there = |name: &str| empty.iter().any(|empty| empty == name);
    let (number, duration, named) = (Value::number, Value::duration, Value::named);
    let (text, flag) = (Value::text, Value::flag);
    let backoff = config.backoff.iter().map(|ns| duration(*ns));
    vec![
        ("Description", text(&config.description)),
        ("AckPolicy", named(report::ack_policy(config.ack_policy))),
        ("AckWait", duration(config.ack_wait)),
        (
            "DeliverPolicy",
            named(deliver_policy(config.deliver_policy)),
        ),
        ("DeliverSubject", text(&config.deliver_subject)),
        ("DeliverGroup", text(&config.deliver_group)),
        ("Durable", text(&config.durable_name)),
        ("Name", text(&config.name)),
        ("FilterSubject", text(&config.filter_subject)),
        ("FilterSubjects", Value::strings(&config.filter_subjects)),
        ("FlowControl", flag(config.flow_control)),
        ("Heartbeat", duration(config.idle_heartbeat)),
        ("MaxAckPending", number(config.max_ack_pending)),
        ("MaxDeliver", number(config.max_deliver)),
        (
            "BackOff",
            Value::list("[]time.Duration", backoff).or_empty(there("backoff")),
        ),
        ("MaxWaiting", number(config.max_waiting)),
        ("OptStartSeq", Value::unsigned(config.opt_start_seq)),
        ("OptStartTime", Value::time_if_any(config.opt_start_time)),
        ("RateLimit", Value::unsigned(config.rate_limit_bps)),
        (
            "ReplayPolicy",
            named(report::replay_policy(config.replay_policy)),
        ),
        ("SampleFrequency", text(&config.sample_freq)),
        ("HeadersOnly", flag(config.headers_only)),
        ("MaxRequestBatch", number(config.max_batch)),
        ("MaxRequestExpires", duration(config.max_expires)),
        ("MaxRequestMaxBytes", number(config.max_bytes)),
        ("InactiveThreshold", duration(config.inactive_threshold)),
        ("Replicas", number(config.num_replicas)),
        ("MemoryStorage", flag(config.mem_storage)),
        (
            "Metadata",
            Value::map(&config.metadata).or_empty(there("metadata")),
        ),
        ("PauseUntil", Value::time(config.pause_until)),
        ("PriorityGroups", Value::strings(&config.priority_groups)),
        (
            "PriorityPolicy",
            named(priority_policy(&config.priority_policy)),
        ),
        ("PinnedTTL", duration(config.priority_timeout)),
        ("Direct", flag(false)),
        ("Sourcing", flag(false)),
    ]
}

fn deliver_policy(policy: DeliverPolicy) -> &'static str {
    match policy {
        DeliverPolicy::All => "All",
        DeliverPolicy::Last => "Last",
        DeliverPolicy::New => "New",
        DeliverPolicy::ByStartSequence => "By Start Sequence",
        DeliverPolicy::ByStartTime => "By Start Time",
        DeliverPolicy::LastPerSubject => "Last Per Subject",
    }
}

fn priority_policy(policy: &str) -> &'static str {
    match policy {
        "overflow" => "Overflow",
        "pinned_client" => "Pinned Client",
        "prioritized" => "Prioritized",
        _ => "None",
    }
}
