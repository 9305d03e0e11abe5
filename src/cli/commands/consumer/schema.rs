//! What the schema of consumer configurations forbids. What is left out of them is not looked at.

use crate::cli::commands::schema::{Causes, all, description, filled, group, number, pattern};
use crate::client::types::{ConsumerConfig, DeliverPolicy};

/// What is wrong with a configuration; nothing where it is valid.
pub(super) fn forbidden(config: &ConsumerConfig) -> Vec<String> {
    let mut causes = vec![description(&config.description)];
    for (path, name) in [
        ("/durable_name", &config.durable_name),
        ("/name", &config.name),
    ] {
        if !name.is_empty() {
            causes.push(pattern(path, name, '+'));
        }
    }
    let filters = config.filter_subjects.iter().enumerate();
    let filters = filters.map(|(at, filter)| filled(&format!("/filter_subjects/{at}"), filter));
    causes.push(group("/filter_subjects", filters.collect()));
    let steps = config.backoff.iter().enumerate();
    let steps = steps.map(|(at, step)| number(&format!("/backoff/{at}"), *step, 0, i64::MAX));
    causes.push(group("/backoff", steps.collect()));
    if config.ack_wait != 0 {
        causes.push(number("/ack_wait", config.ack_wait, 1, i64::MAX));
    }
    for (path, value) in [
        ("/idle_heartbeat", config.idle_heartbeat),
        ("/max_waiting", config.max_waiting),
        ("/max_batch", config.max_batch),
        ("/max_expires", config.max_expires),
        ("/max_bytes", config.max_bytes),
        ("/inactive_threshold", config.inactive_threshold),
    ] {
        causes.push(number(path, value, 0, i64::MAX));
    }
    causes.push(number("/num_replicas", config.num_replicas, 0, 5));
    causes.extend(start(config));
    all(causes)
}

/// A policy without the start it asks for is none of those there are, and it is said for each why not.
fn start(config: &ConsumerConfig) -> Vec<Causes> {
    let by_sequence = match config.deliver_policy {
        DeliverPolicy::ByStartSequence if config.opt_start_seq == 0 => true,
        DeliverPolicy::ByStartTime if config.opt_start_time.is_none() => false,
        _ => return Vec::new(),
    };
    let other = |policy: &str| vec![format!("/deliver_policy: value must be \"{policy}\"")];
    let needs = |field: &str| vec![format!("missing properties: '{field}'")];
    let neither = |field, policy| [vec![String::new()], needs(field), other(policy)].concat();
    let mut causes: Vec<Causes> = ["all", "last", "new"].map(other).into();
    causes.extend(match by_sequence {
        true => [
            needs("opt_start_seq"),
            neither("opt_start_time", "by_start_time"),
        ],
        false => [
            neither("opt_start_seq", "by_start_sequence"),
            needs("opt_start_time"),
        ],
    });
    causes.push(other("last_per_subject"));
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_without_its_start_is_none_of_those_there_are() {
        let mut config = ConsumerConfig {
            deliver_policy: DeliverPolicy::ByStartSequence,
            max_waiting: -3,
            ..Default::default()
        };
        // As natscli 0.5.1 prints it.
        let words = [
            "/max_waiting: must be >= 0 but found -3",
            "/deliver_policy: value must be \"all\"",
            "/deliver_policy: value must be \"last\"",
            "/deliver_policy: value must be \"new\"",
            "missing properties: 'opt_start_seq'",
            "",
            "missing properties: 'opt_start_time'",
            "/deliver_policy: value must be \"by_start_time\"",
            "/deliver_policy: value must be \"last_per_subject\"",
        ];
        assert_eq!(forbidden(&config), words);
        config.max_waiting = 0;
        assert_eq!(forbidden(&config), words[1..]);
        config.deliver_policy = DeliverPolicy::ByStartTime;
        let words = [
            "/deliver_policy: value must be \"all\"",
            "/deliver_policy: value must be \"last\"",
            "/deliver_policy: value must be \"new\"",
            "",
            "missing properties: 'opt_start_seq'",
            "/deliver_policy: value must be \"by_start_sequence\"",
            "missing properties: 'opt_start_time'",
            "/deliver_policy: value must be \"last_per_subject\"",
        ];
        assert_eq!(forbidden(&config), words);
        config.deliver_policy = DeliverPolicy::All;
        assert_eq!(forbidden(&config), [""; 0]);
    }
}
