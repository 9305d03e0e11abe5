//! What the schema of stream configurations forbids.

use crate::cli::commands::schema::{Causes, all, description, filled, group, number, pattern};
use crate::client::types::StreamConfig;

/// What is wrong with a configuration; nothing where it is valid.
pub(super) fn forbidden(config: &StreamConfig) -> Vec<String> {
    let mut causes = vec![
        pattern("/name", &config.name, '*'),
        description(&config.description),
    ];
    if let Some(mirror) = &config.mirror {
        causes.push(origin("/mirror/name", &mirror.name));
    }
    let sources = config.sources.iter().enumerate();
    let sources = sources.map(|(at, source)| origin(&format!("/sources/{at}/name"), &source.name));
    causes.push(group("/sources", sources.collect()));
    let limits = [
        ("max_consumers", config.max_consumers),
        ("max_msgs", config.max_msgs),
        ("max_msgs_per_subject", config.max_msgs_per_subject),
        ("max_bytes", config.max_bytes),
        ("max_msg_size", config.max_msg_size.into()),
    ];
    let times = [
        ("max_age", config.max_age),
        ("duplicate_window", config.duplicate_window),
        (
            "consumer_limits/inactive_threshold",
            config.consumer_limits.inactive_threshold,
        ),
        (
            "subject_delete_marker_ttl",
            config.subject_delete_marker_ttl,
        ),
    ];
    let at_least = |least| move |(name, value)| number(&format!("/{name}"), value, least, i64::MAX);
    causes.extend(limits.into_iter().map(at_least(-1)));
    causes.extend(times.into_iter().map(at_least(0)));
    causes.push(number("/num_replicas", config.num_replicas, 0, 5));
    all(causes)
}

/// The name of a stream to read from.
fn origin(path: &str, name: &str) -> Causes {
    group(path, vec![filled(path, name), pattern(path, name, '+')])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::types::StreamSource;

    #[test]
    fn several_faults_are_led_by_where_they_are() {
        let source = |name: &str| StreamSource {
            name: name.into(),
            ..Default::default()
        };
        let mut config = StreamConfig {
            sources: vec![source(""), source("ok"), source(">")],
            ..Default::default()
        };
        // As natscli 0.5.1 prints it.
        let empty = [
            "/sources/0/name: length must be >= 1, but got 0",
            "/sources/0/name: does not match pattern '^[^.*>]+$'",
        ];
        let other = "/sources/2/name: does not match pattern '^[^.*>]+$'";
        assert_eq!(
            forbidden(&config),
            ["/sources/0/name: ", empty[0], empty[1], other]
        );
        config.max_msgs = -4;
        assert_eq!(
            forbidden(&config),
            [
                "/sources: ",
                "/sources/0/name: ",
                empty[0],
                empty[1],
                other,
                "/max_msgs: must be >= -1 but found -4"
            ]
        );
        config.max_msgs = 0;
        config.sources.truncate(1);
        assert_eq!(forbidden(&config), empty);
    }
}
