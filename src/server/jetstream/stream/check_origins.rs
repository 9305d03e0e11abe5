//! Are a stream's origins acceptable: its mirror and sources, other domains, and ways back to itself? Part of
//! [`super::check`], whose order of checks this keeps.

use std::collections::VecDeque;

use super::check::{Checked, Lookup, fail, fix, invalid, is_valid_name};
use super::config::{Source, StreamConfig, TransformConfig};
use crate::wire::json::quote;
use crate::wire::sorted::Sorted;
use crate::wire::subject;
use crate::wire::transform::Transform;

pub(super) fn check_mirror(
    config: &mut StreamConfig,
    pedantic: bool,
    streams: Lookup<'_, '_>,
) -> Checked {
    let Some(mirror) = &config.mirror else {
        return Ok(());
    };
    let forbidden = [
        (
            config.first_seq > 0,
            10143,
            "stream mirrors can not have first sequence configured",
        ),
        (
            !config.subjects.is_empty(),
            10034,
            "stream mirrors can not contain subjects",
        ),
        (
            !config.sources().is_empty(),
            10031,
            "stream mirrors can not also contain other sources",
        ),
        (
            config.allow_msg_counter,
            10173,
            "stream mirrors can not also calculate counters",
        ),
        (
            config.allow_atomic,
            10198,
            "stream mirrors can not also use atomic publishing",
        ),
        (
            config.allow_batched,
            10209,
            "stream mirrors can not also use batch publishing",
        ),
        (
            config.allow_msg_schedules,
            10186,
            "stream mirrors can not also schedule messages",
        ),
        (
            !is_valid_consumer(mirror),
            10213,
            "stream mirror consumer config is invalid",
        ),
        (
            !mirror.filter_subject.is_empty() && !mirror.subject_transforms.is_empty(),
            10150,
            "mirror with multiple subject transforms cannot also have a single subject filter",
        ),
    ];
    if let Some((_, err_code, text)) = forbidden.into_iter().find(|(broken, ..)| *broken) {
        return fail(err_code, text);
    }
    if config.subject_delete_marker_ttl > 0 {
        return invalid("subject delete markers forbidden on mirrors");
    }
    for (at, transform) in mirror.subject_transforms.iter().enumerate() {
        check_transform_config(
            transform,
            (10151, "mirror transform source"),
            (10154, "mirror transform"),
        )?;
        let overlaps = |(other_at, other): (usize, &TransformConfig)| {
            other_at != at && subject::overlap(transform.src.as_bytes(), other.src.as_bytes())
        };
        if mirror.subject_transforms.iter().enumerate().any(overlaps) {
            return fail(10152, "mirror subject filters can not overlap");
        }
    }
    if mirror.external.is_some() {
        return Ok(());
    }
    if !is_valid_name(&mirror.name) {
        return fail(10142, "mirrored stream name is invalid");
    }
    if let Some(origin) = streams(&mirror.name) {
        if is_too_small(config, origin) {
            return fail(10030, "stream mirror must have max message size >= source");
        }
        if config.mirror_direct != origin.allow_direct {
            fix(
                pedantic,
                "origin stream has direct get set, mirror has it disabled",
            )?;
            config.mirror_direct = origin.allow_direct;
        }
    }
    Ok(())
}

/// Whether messages of `origin` can be too large for `config`.
fn is_too_small(config: &StreamConfig, origin: &StreamConfig) -> bool {
    config.max_msg_size > 0 && origin.max_msg_size > 0 && config.max_msg_size < origin.max_msg_size
}

/// Whether a source's ready-made consumer, if there is one, can be used.
fn is_valid_consumer(source: &Source) -> bool {
    source.consumer.as_ref().is_none_or(|consumer| {
        is_valid_name(&consumer.name)
            && subject::is_valid_literal(consumer.deliver_subject.as_bytes())
            && source.opt_start_seq == 0
            && source.opt_start_time.is_none()
            && source.filter_subject.is_empty()
    })
}

pub(super) fn check_transform_config(
    transform: &TransformConfig,
    (source_code, source): (u16, &str),
    (code, name): (u16, &str),
) -> Checked {
    let src = &transform.src;
    if !src.is_empty() && !subject::is_valid(src.as_bytes()) {
        return fail(source_code, format!("{source}: invalid subject {src}"));
    }
    match Transform::validate(src, &transform.dest) {
        Ok(()) => Ok(()),
        Err(error) => fail(code, format!("{name}: {error}")),
    }
}

pub(super) fn check_sources(config: &StreamConfig, streams: Lookup<'_, '_>) -> Checked {
    if !config.sources().is_empty() && config.allow_msg_schedules {
        return fail(10187, "stream source can not also schedule messages");
    }
    let mut seen: Vec<&Source> = Vec::new();
    for source in config.sources() {
        if !is_valid_name(&source.name) {
            return fail(10141, "sourced stream name is invalid");
        }
        if seen.iter().any(|other| other.is_same(source)) {
            return fail(10140, "duplicate source configuration detected");
        }
        let transforms = &source.subject_transforms;
        if !source.filter_subject.is_empty() && !transforms.is_empty() {
            let text =
                "source with multiple subject transforms cannot also have a single subject filter";
            return fail(10144, text);
        }
        for transform in transforms {
            check_transform_config(
                transform,
                (10145, "source transform source"),
                (10146, "source transform"),
            )?;
        }
        for (at, outer) in transforms.iter().enumerate() {
            let covered = |(other, inner): (usize, &TransformConfig)| {
                other != at && subject::is_subset(outer.src.as_bytes(), inner.src.as_bytes())
            };
            if transforms.iter().enumerate().any(covered) {
                return fail(10147, "source filters can not overlap");
            }
        }
        if let Some(consumer) = &source.consumer {
            if !is_valid_consumer(source) {
                return fail(10215, "stream source consumer config is invalid");
            }
            let again = |other: &&Source| {
                other.name == source.name
                    && other
                        .consumer
                        .as_ref()
                        .is_some_and(|c| c.name == consumer.name)
            };
            if seen.iter().any(again) {
                return fail(10216, "duplicate stream source consumer detected");
            }
        }
        if source.external.is_none()
            && streams(&source.name).is_some_and(|origin| is_too_small(config, origin))
        {
            return fail(10046, "stream source must have max message size >= target");
        }
        seen.push(source);
    }
    Ok(())
}

fn origins(config: &StreamConfig) -> impl Iterator<Item = &Source> {
    config.mirror.iter().chain(config.sources())
}

pub(super) fn check_external(config: &StreamConfig, streams: Lookup<'_, '_>) -> Checked {
    let external = || origins(config).filter_map(|origin| origin.external.as_ref());
    for prefix in external()
        .map(|e| e.deliver.as_str())
        .filter(|p| !p.is_empty())
    {
        if !subject::is_valid_literal(prefix.as_bytes()) {
            let text =
                format!("stream external delivery prefix {prefix} must not contain wildcards");
            return fail(10024, text);
        }
        let local = origins(config).filter(|origin| origin.external.is_none());
        for stream in local.filter_map(|origin| streams(&origin.name)) {
            for own in &stream.subjects {
                if subject::overlap(own.as_bytes(), format!("{prefix}.{own}").as_bytes()) {
                    let text = format!(
                        "stream external delivery prefix {prefix} overlaps with stream subject {own}"
                    );
                    return fail(10022, text);
                }
            }
        }
    }
    for prefix in external().map(|e| e.api.as_str()).filter(|p| !p.is_empty()) {
        if !subject::is_valid_literal(prefix.as_bytes()) {
            let prefix = quote(prefix.as_bytes());
            let text = format!(
                "stream external api prefix {prefix} must be a valid subject without wildcards"
            );
            return invalid(text);
        }
        if prefix == "$JS.API" {
            let text = format!("stream external api prefix {prefix} must not overlap with $JS.API");
            return fail(10021, text);
        }
    }
    Ok(())
}

/// Follows origins through the streams there are, looking for a way back.
pub(super) fn check_cycle<'c, 'a: 'c>(
    config: &'c StreamConfig,
    streams: Lookup<'_, 'a>,
) -> Checked {
    let mut visited = Sorted::default();
    let mut queue = VecDeque::from([config]);
    while let Some(config) = queue.pop_front() {
        // Ways to a stream may be very many; what is behind it is looked at once.
        let first = visited.insert(config.name.as_str(), ()).is_none();
        for origin in config
            .sources()
            .iter()
            .filter(|origin| origin.external.is_none())
        {
            if visited.contains_key(origin.name.as_str()) {
                let filter = origin.filter_subject.as_bytes();
                let meets = |own: &String| subject::overlap(own.as_bytes(), filter);
                if filter.is_empty() || config.subjects.iter().any(meets) {
                    return invalid("detected cycle");
                }
            } else if first && let Some(stream) = streams(&origin.name) {
                queue.push_back(stream);
            }
        }
        let mirror = config
            .mirror
            .as_ref()
            .filter(|mirror| mirror.external.is_none());
        if let Some(mirror) = mirror {
            if visited.contains_key(mirror.name.as_str()) {
                return invalid("detected cycle");
            }
            queue.extend(streams(&mirror.name));
        }
    }
    Ok(())
}
