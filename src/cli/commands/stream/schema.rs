//! What the JSON schema of stream configurations forbids, in the words of its validator. The order in which that finds things
//! is any.

use crate::client::types::StreamConfig;

/// The longest description, in characters.
const DESCRIPTION: usize = 4096;

/// What is wrong below one place, a line each. Several are led by a line of their own.
type Causes = Vec<String>;

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
    causes.push(group(
        "/sources",
        sources
            .map(|(at, source)| origin(&format!("/sources/{at}/name"), &source.name))
            .collect(),
    ));
    causes.extend(numbers(config));
    causes.retain(|c| !c.is_empty());
    match causes.as_mut_slice() {
        // It is all there is, and has no line of its own.
        [only] if only.len() > 1 => only.split_off(1),
        _ => causes.concat(),
    }
}

/// What is wrong at `path`, from what is wrong below it.
fn group(path: &str, mut below: Vec<Causes>) -> Causes {
    below.retain(|causes| !causes.is_empty());
    let mut causes = below.concat();
    if below.len() > 1 {
        causes.insert(0, format!("{path}: "));
    }
    causes
}

/// A name that may be as long as `times` says: `*` or `+`.
fn pattern(path: &str, name: &str, times: char) -> Causes {
    match name.contains(['.', '*', '>']) || times == '+' && name.is_empty() {
        true => vec![format!("{path}: does not match pattern '^[^.*>]{times}$'")],
        false => Vec::new(),
    }
}

/// The name of a stream to read from.
fn origin(path: &str, name: &str) -> Causes {
    let short = match name {
        "" => vec![format!("{path}: length must be >= 1, but got 0")],
        _ => Vec::new(),
    };
    group(path, vec![short, pattern(path, name, '+')])
}

fn description(text: &str) -> Causes {
    let length = text.chars().count();
    match length > DESCRIPTION {
        true => vec![format!(
            "/description: length must be <= {DESCRIPTION}, but got {length}"
        )],
        false => Vec::new(),
    }
}

fn numbers(config: &StreamConfig) -> impl Iterator<Item = Causes> {
    let numbers = [
        ("max_consumers", config.max_consumers, -1, i64::MAX),
        ("max_msgs", config.max_msgs, -1, i64::MAX),
        (
            "max_msgs_per_subject",
            config.max_msgs_per_subject,
            -1,
            i64::MAX,
        ),
        ("max_bytes", config.max_bytes, -1, i64::MAX),
        ("max_age", config.max_age, 0, i64::MAX),
        ("max_msg_size", config.max_msg_size.into(), -1, i64::MAX),
        ("num_replicas", config.num_replicas, 0, 5),
        ("duplicate_window", config.duplicate_window, 0, i64::MAX),
        (
            "consumer_limits/inactive_threshold",
            config.consumer_limits.inactive_threshold,
            0,
            i64::MAX,
        ),
        (
            "subject_delete_marker_ttl",
            config.subject_delete_marker_ttl,
            0,
            i64::MAX,
        ),
    ];
    numbers.into_iter().map(|(name, value, least, most)| {
        let (sign, bound) = match value {
            _ if value < least => (">=", least),
            _ if value > most => ("<=", most),
            _ => return Causes::new(),
        };
        vec![format!("/{name}: must be {sign} {bound} but found {value}")]
    })
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
