//! Is a stream's configuration acceptable, and may one replace another? Puts in defaults and checks in the order of
//! nats-server's `checkStreamCfgLocked` and `configUpdateCheckLocked`, since the first check that fails is the answer.

use super::check_origins::{
    check_cycle, check_external, check_mirror, check_sources, check_transform_config,
};
use super::config::{Discard, Placement, Retention, StreamConfig};
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::store::Storage;
use crate::wire::json::quote;
use crate::wire::subject;
use crate::wire::transform::Transform;

/// Most bytes of a stream's name.
const NAME_MAX: usize = 255;
/// Most bytes of `description`.
const DESCRIPTION_MAX: usize = 4096;
/// Most bytes of all keys and values of `metadata`.
const METADATA_MAX: usize = 128 * 1024;
/// Most replicas anywhere.
const REPLICAS_MAX: i64 = 5;
/// Smallest `max_age` and `duplicate_window`, in nanoseconds.
const SPAN_MIN: i64 = 100_000_000;
/// `duplicate_window` of a stream that names none, in nanoseconds.
const WINDOW_DEFAULT: i64 = 120_000_000_000;
/// Smallest `subject_delete_marker_ttl`, in nanoseconds.
const MARKER_TTL_MIN: i64 = 1_000_000_000;

/// How checks see the other streams.
pub type Lookup<'f, 'a> = &'f dyn Fn(&str) -> Option<&'a StreamConfig>;

/// What each check gives.
pub(super) type Checked = Result<(), ApiError>;

pub(super) fn invalid<T>(description: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::invalid_config(description))
}

pub(super) fn fail<T>(err_code: u16, description: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::new(400, err_code, description))
}

/// A silent fix, refused if the request said so.
pub(super) fn fix(pedantic: bool, text: &str) -> Checked {
    match pedantic {
        true => fail(10157, format!("pedantic mode: {text}")),
        false => Ok(()),
    }
}

/// Whether `name` can be a stream's (or consumer's) name.
pub fn is_valid_name(name: &str) -> bool {
    !name.is_empty() && !name.contains([' ', '\t', '\r', '\n', '\x0c', '.', '*', '>', '\\', '/'])
}

/// The configuration with defaults put in.
///
/// # Errors
/// The first rule it breaks, or, if `pedantic`, the first default that would change what was asked for.
pub fn check(
    mut config: StreamConfig,
    pedantic: bool,
    streams: Lookup<'_, '_>,
) -> Result<StreamConfig, ApiError> {
    check_texts(&config)?;
    put_limits(&mut config, pedantic)?;
    put_window(&mut config, pedantic)?;
    put_features(&mut config, pedantic)?;
    check_mirror(&mut config, pedantic, streams)?;
    check_sources(&config, streams)?;
    check_external(&config, streams)?;
    check_cycle(&config, streams)?;
    check_subjects(&mut config)?;
    check_transform(&config)?;
    put_republish(&mut config, pedantic)?;
    let placement = config.placement.as_ref();
    if placement.is_some_and(|placement| !placement.preferred.is_empty()) {
        return invalid("preferred server not permitted in placement");
    }
    Ok(config)
}

fn check_texts(config: &StreamConfig) -> Checked {
    if !is_valid_name(&config.name) {
        return invalid("stream name is required and can not contain '.', '*', '>', '\\', '/'");
    }
    if config.name.len() > NAME_MAX {
        return invalid("stream name is too long, maximum allowed is 255");
    }
    if config.description.len() > DESCRIPTION_MAX {
        return invalid("stream description is too long, maximum allowed is 4096");
    }
    let metadata: usize = config
        .metadata
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if metadata > METADATA_MAX {
        return invalid("stream metadata exceeds maximum size of 131072 bytes");
    }
    Ok(())
}

fn put_limits(config: &mut StreamConfig, pedantic: bool) -> Checked {
    if config.num_replicas == 0 {
        config.num_replicas = 1;
    }
    if config.num_replicas > REPLICAS_MAX {
        return invalid("maximum replicas is 5");
    }
    if config.num_replicas < 0 {
        return fail(10133, "replicas count cannot be negative");
    }
    let limits = [
        ("max_msgs", &mut config.max_msgs),
        ("max_msgs_per_subject", &mut config.max_msgs_per_subject),
        ("max_bytes", &mut config.max_bytes),
        ("max_msg_size", &mut config.max_msg_size),
        ("max_consumers", &mut config.max_consumers),
    ];
    for (name, limit) in limits {
        if *limit < -1 {
            fix(pedantic, &format!("{name} must be set to -1"))?;
        }
        if *limit <= 0 {
            *limit = -1;
        }
    }
    if config.max_age < 0 {
        return invalid("max age can not be negative");
    }
    if config.max_age != 0 && config.max_age < SPAN_MIN {
        return invalid("max age needs to be >= 100ms");
    }
    Ok(())
}

fn put_window(config: &mut StreamConfig, pedantic: bool) -> Checked {
    let window = &mut config.duplicate_window;
    let own = config.mirror.is_none() && config.sources.as_ref().is_none_or(Vec::is_empty);
    if *window == 0 && own {
        *window = WINDOW_DEFAULT;
        if config.max_age != 0 && config.max_age < WINDOW_DEFAULT {
            fix(pedantic, "duplicate window cannot be bigger than max age")?;
            *window = config.max_age;
        }
    }
    if *window < 0 {
        return invalid("duplicates window can not be negative");
    }
    if config.max_age != 0 && *window > config.max_age {
        return invalid("duplicates window can not be larger then max age");
    }
    if *window > 0 && *window < SPAN_MIN {
        return invalid("duplicates window needs to be >= 100ms");
    }
    Ok(())
}

/// What settings demand of each other. A server does this at its start, too, so a stream with delete markers that was sealed
/// allows roll-ups and purges again.
///
/// # Errors
/// The first that do not go together, or, if `pedantic`, the first that would have to be changed.
pub fn put_features(config: &mut StreamConfig, pedantic: bool) -> Checked {
    // An empty list of tags is not written down: a placement that has nothing else is gone after a restart.
    if config.placement == Some(Placement::default()) {
        config.placement = None;
    }
    let discard_new = config.discard == Discard::New;
    if config.deny_purge && config.allow_rollup_hdrs {
        return invalid("roll-ups require the purge permission");
    }
    if config.allow_msg_counter {
        if discard_new {
            return invalid("counter stream cannot use discard new");
        }
        if config.allow_msg_ttl {
            return invalid("counter stream cannot use message TTLs");
        }
        if config.allow_msg_schedules {
            return invalid("counter stream cannot use message schedules");
        }
        if config.retention != Retention::Limits {
            return invalid("counter stream can only use limits retention");
        }
    }
    if config.discard_new_per_subject {
        if !discard_new {
            return invalid("discard new per subject requires discard new policy to be set");
        }
        if config.max_msgs_per_subject <= 0 {
            return invalid("discard new per subject requires max msgs per subject > 0");
        }
    }
    let marker_ttl = config.subject_delete_marker_ttl;
    if marker_ttl < 0 {
        return invalid("subject delete marker TTL must not be negative");
    }
    if marker_ttl > 0 {
        if marker_ttl < MARKER_TTL_MIN {
            return invalid("subject delete marker TTL must be at least 1 second");
        }
        if !config.allow_msg_ttl && pedantic {
            return invalid("subject delete marker cannot be set if message TTLs are disabled");
        }
        config.allow_msg_ttl = true;
        put_rollup(config, pedantic, "subject delete marker")?;
    }
    if config.allow_msg_schedules {
        if discard_new {
            return invalid("message scheduling cannot use discard new");
        }
        put_rollup(config, pedantic, "message scheduling")?;
    }
    if config.async_persist {
        if config.storage != Storage::File {
            return invalid("async persist mode is only supported on file storage");
        }
        if config.num_replicas > 1 {
            return invalid("async persist mode is not supported on replicated streams");
        }
        if config.allow_atomic {
            return invalid("async persist mode is not supported with atomic batch publish");
        }
    }
    Ok(())
}

/// Rollups as `feature` needs them.
fn put_rollup(config: &mut StreamConfig, pedantic: bool, feature: &str) -> Checked {
    if !config.allow_rollup_hdrs {
        if pedantic {
            return invalid(format!("{feature} cannot be set if roll-ups are disabled"));
        }
        (config.allow_rollup_hdrs, config.deny_purge) = (true, false);
    }
    Ok(())
}

fn check_subjects(config: &mut StreamConfig) -> Checked {
    if config.subjects.is_empty() {
        if config.mirror.is_none() && config.sources().is_empty() {
            config.subjects.push(config.name.clone());
        }
        return Ok(());
    }
    for (at, own) in config.subjects.iter().enumerate() {
        let bytes = own.as_bytes();
        if !subject::is_valid(bytes) {
            return invalid("invalid subject");
        }
        if own == ">" {
            if !config.no_ack {
                return invalid("capturing all subjects requires no-ack to be true");
            }
            if config.num_replicas != 1 {
                return invalid("capturing all subjects requires replicas of 1");
            }
        }
        let meets = |space: &&str| subject::overlap(bytes, space.as_bytes());
        if !config.no_ack {
            let api = ["$JS.>", "$JSC.>", "$NRG.>"].iter().any(&meets);
            if api && !subject::is_subset(bytes, b"$JS.EVENT.>") {
                return invalid(
                    "subjects that overlap with jetstream api require no-ack to be true",
                );
            }
            if meets(&"$SYS.>") && !subject::is_subset(bytes, b"$SYS.ACCOUNT.>") {
                return invalid("subjects that overlap with system api require no-ack to be true");
            }
        }
        let rest = &config.subjects[at + 1..];
        if let Some(other) = rest
            .iter()
            .find(|other| subject::overlap(other.as_bytes(), bytes))
        {
            let (own, other) = (quote(bytes), quote(other.as_bytes()));
            return invalid(format!("subject {own} overlaps with {other}"));
        }
    }
    Ok(())
}

fn check_transform(config: &StreamConfig) -> Checked {
    match &config.subject_transform {
        Some(transform) => {
            let source = (10155, "stream transform source");
            check_transform_config(transform, source, (10156, "stream transform"))
        }
        None => Ok(()),
    }
}

fn put_republish(config: &mut StreamConfig, pedantic: bool) -> Checked {
    let Some(republish) = &mut config.republish else {
        return Ok(());
    };
    if republish.src.is_empty() {
        fix(pedantic, "republish source can not be empty")?;
        republish.src = ">".into();
    }
    if republish.src == ">" && republish.dest == ">" {
        // Everything as it was transformed, if the transform covers all that the stream takes.
        let transform = config.subject_transform.as_ref();
        let whole = transform.filter(|t| config.subjects == [t.src.clone()]);
        if let Some(transform) = whole {
            fix(pedantic, "implicit republish based on subject transform")?;
            republish.src.clone_from(&transform.dest);
            republish.dest.clone_from(&transform.dest);
        }
    }
    let destination = republish.dest.as_bytes();
    if config
        .subjects
        .iter()
        .any(|own| subject::overlap(destination, own.as_bytes()))
    {
        return invalid("stream configuration for republish destination forms a cycle");
    }
    if Transform::new(&republish.src, &republish.dest).is_err() {
        return invalid(format!(
            "stream configuration for republish with transform from '{}' to '{}' not valid",
            republish.src, republish.dest
        ));
    }
    Ok(())
}

/// May `new`, already checked by [`check`], replace `old`? Changes it where an update forces a value.
///
/// # Errors
/// The first change that is not allowed.
pub fn check_update(old: &StreamConfig, new: &mut StreamConfig) -> Checked {
    let refuse = |text: &str| invalid(format!("stream configuration update can not {text}"));
    if new.storage != old.storage {
        return refuse("change storage type");
    }
    let work_queue = |config: &StreamConfig| config.retention == Retention::WorkQueue;
    if work_queue(old) != work_queue(new) {
        return refuse("change retention policy to/from workqueue");
    }
    if old.sealed && !new.sealed {
        return refuse("unseal a sealed stream");
    }
    if old.deny_delete && !new.deny_delete {
        return refuse("cancel deny message deletes");
    }
    if old.deny_purge && !new.deny_purge {
        return refuse("cancel deny purge");
    }
    if new.mirror.is_some() && new.mirror != old.mirror {
        return fail(10055, "stream mirror configuration can not be updated");
    }
    if old.allow_msg_ttl && !new.allow_msg_ttl {
        return invalid("message TTL status can not be disabled");
    }
    if old.allow_msg_counter != new.allow_msg_counter {
        return refuse("change message counter setting");
    }
    if old.allow_msg_schedules && !new.allow_msg_schedules {
        return invalid("message schedules can not be disabled");
    }
    if old.async_persist != new.async_persist {
        return refuse("change persist mode");
    }
    if new.sealed {
        // Nothing comes, nothing goes.
        new.max_age = 0;
        new.discard = Discard::New;
        (new.deny_delete, new.deny_purge, new.allow_rollup_hdrs) = (true, true, false);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::jetstream::stream::Source;

    fn named(name: &str) -> StreamConfig {
        StreamConfig {
            name: name.into(),
            ..StreamConfig::default()
        }
    }

    fn refused(config: StreamConfig) -> (u16, String) {
        let error = check(config, false, &|_| None).unwrap_err();
        (error.err_code, error.description)
    }

    /// What a server answers to `{"name":"S"}`.
    #[test]
    fn defaults() {
        let config = check(named("S"), false, &|_| None).unwrap();
        assert_eq!(config.subjects, ["S"]);
        assert_eq!(
            (config.max_msgs, config.max_bytes, config.max_msg_size),
            (-1, -1, -1)
        );
        assert_eq!(
            (config.num_replicas, config.duplicate_window),
            (1, 120_000_000_000)
        );
    }

    #[test]
    fn a_marker_ttl_brings_what_it_needs() {
        let config = StreamConfig {
            subject_delete_marker_ttl: 1_000_000_000,
            ..named("S")
        };
        let checked = check(config.clone(), false, &|_| None).unwrap();
        assert!(checked.allow_msg_ttl && checked.allow_rollup_hdrs && !checked.deny_purge);
        let error = check(config, true, &|_| None).unwrap_err();
        assert_eq!(
            error.description,
            "subject delete marker cannot be set if message TTLs are disabled"
        );
    }

    #[test]
    fn the_first_broken_rule_answers() {
        let subjects = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
        let age = StreamConfig {
            max_age: 1_000_000,
            ..named("S")
        };
        assert_eq!(refused(age), (10052, "max age needs to be >= 100ms".into()));
        let twice = StreamConfig {
            subjects: subjects(&["a.*", "a.b"]),
            ..named("S")
        };
        assert_eq!(
            refused(twice),
            (10052, "subject \"a.*\" overlaps with \"a.b\"".into())
        );
        let api = StreamConfig {
            subjects: subjects(&["*.>"]),
            ..named("S")
        };
        let text = "subjects that overlap with jetstream api require no-ack to be true";
        assert_eq!(refused(api), (10052, text.into()));
        let mirror = StreamConfig {
            mirror: Some(Source {
                name: "O".into(),
                ..Source::default()
            }),
            subjects: subjects(&["a"]),
            ..named("S")
        };
        assert_eq!(
            refused(mirror),
            (10034, "stream mirrors can not contain subjects".into())
        );
    }

    #[test]
    fn cycles_are_found_through_other_streams() {
        let source = |name: &str| Source {
            name: name.into(),
            ..Source::default()
        };
        let other = StreamConfig {
            sources: Some(vec![source("S")]),
            ..named("O")
        };
        let config = StreamConfig {
            sources: Some(vec![source("O")]),
            ..named("S")
        };
        let error = check(config, false, &|name| (name == "O").then_some(&other)).unwrap_err();
        assert_eq!(error.description, "detected cycle");
    }
}
