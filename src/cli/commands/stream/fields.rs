//! A stream's configuration as the struct natscli compares.

use super::*;
use crate::cli::differences::{Fields, Value};
use crate::client::types::{
    Compression, External, PersistMode, SourceConsumer, StreamSource, SubjectTransform,
};

/// The fields; those of `empty`, by their names in JSON, are there without anything in them, where others are Go's nil.
pub(super) fn fields(config: &StreamConfig, empty: &[String]) -> Fields {
    let there = |name: &str| empty.iter().any(|empty| empty == name);
    let (number, duration, named) = (Value::number, Value::duration, Value::named);
    let flag = Value::flag;
    let metadata = Value::map(&config.metadata).or_empty(there("metadata"));
    let sources = config.sources.iter();
    let sources = sources.map(|s| Value::Pointer("api.StreamSource", Some(source(s))));
    let sources = Value::list("[]*api.StreamSource", sources).or_empty(there("sources"));
    let limits = &config.consumer_limits;
    vec![
        ("Name", Value::text(&config.name)),
        ("Description", Value::text(&config.description)),
        ("Subjects", Value::strings(&config.subjects)),
        ("Retention", named(report::retention(config.retention))),
        ("MaxConsumers", number(config.max_consumers)),
        ("MaxMsgsPer", number(config.max_msgs_per_subject)),
        ("MaxMsgs", number(config.max_msgs)),
        ("MaxBytes", number(config.max_bytes)),
        ("MaxAge", duration(config.max_age)),
        ("MaxMsgSize", number(config.max_msg_size.into())),
        ("Storage", named(report::storage(config.storage))),
        ("Discard", named(report::discard(config.discard))),
        ("Replicas", number(config.num_replicas)),
        ("NoAck", flag(config.no_ack)),
        ("Duplicates", duration(config.duplicate_window)),
        (
            "Placement",
            Value::Pointer(
                "api.Placement",
                config.placement.as_ref().map(|placement| {
                    vec![
                        ("Cluster", Value::text(&placement.cluster)),
                        ("Tags", Value::strings(&placement.tags)),
                        // Not in our types: the server has nothing to prefer.
                        ("Preferred", Value::text("")),
                    ]
                }),
            ),
        ),
        (
            "Mirror",
            Value::Pointer("api.StreamSource", config.mirror.as_ref().map(source)),
        ),
        ("Sources", sources),
        (
            "Compression",
            named(match config.compression {
                Compression::None => "None",
                Compression::S2 => "S2 Compression",
            }),
        ),
        (
            "SubjectTransform",
            Value::Pointer(
                "api.SubjectTransformConfig",
                config.subject_transform.as_ref().map(transform),
            ),
        ),
        (
            "RePublish",
            Value::Pointer(
                "api.RePublish",
                config.republish.as_ref().map(|republish| {
                    vec![
                        ("Source", Value::text(&republish.src)),
                        ("Destination", Value::text(&republish.dest)),
                        ("HeadersOnly", flag(republish.headers_only)),
                    ]
                }),
            ),
        ),
        ("Sealed", flag(config.sealed)),
        ("DenyDelete", flag(config.deny_delete)),
        ("DenyPurge", flag(config.deny_purge)),
        ("RollupAllowed", flag(config.allow_rollup_hdrs)),
        ("AllowDirect", flag(config.allow_direct)),
        ("MirrorDirect", flag(config.mirror_direct)),
        ("DiscardNewPer", flag(config.discard_new_per_subject)),
        ("FirstSeq", Value::unsigned(config.first_seq)),
        ("Metadata", metadata),
        ("AllowMsgTTL", flag(config.allow_msg_ttl)),
        (
            "SubjectDeleteMarkerTTL",
            duration(config.subject_delete_marker_ttl),
        ),
        (
            "ConsumerLimits",
            Value::Struct(
                "api.StreamConsumerLimits",
                vec![
                    ("InactiveThreshold", duration(limits.inactive_threshold)),
                    ("MaxAckPending", number(limits.max_ack_pending)),
                ],
            ),
        ),
        ("AllowAtomicPublish", flag(config.allow_atomic)),
        ("AllowMsgCounter", flag(config.allow_msg_counter)),
        ("AllowMsgSchedules", flag(config.allow_msg_schedules)),
        (
            "PersistMode",
            named(match config.persist_mode {
                PersistMode::Default => "Default",
                PersistMode::Async => "Async",
            }),
        ),
        ("AllowBatchPublish", flag(config.allow_batched)),
    ]
}

fn source(source: &StreamSource) -> Fields {
    let transforms = source.subject_transforms.iter();
    let transforms = transforms.map(|t| Value::Struct("api.SubjectTransformConfig", transform(t)));
    let external = |external: &External| {
        vec![
            ("ApiPrefix", Value::text(&external.api)),
            ("DeliverPrefix", Value::text(&external.deliver)),
        ]
    };
    let consumer = |consumer: &SourceConsumer| {
        vec![
            ("Name", Value::text(&consumer.name)),
            ("DeliverSubject", Value::text(&consumer.deliver_subject)),
        ]
    };
    vec![
        ("Name", Value::text(&source.name)),
        ("OptStartSeq", Value::unsigned(source.opt_start_seq)),
        ("OptStartTime", Value::time_if_any(source.opt_start_time)),
        ("FilterSubject", Value::text(&source.filter_subject)),
        (
            "External",
            Value::Pointer("api.ExternalStream", source.external.as_ref().map(external)),
        ),
        (
            "SubjectTransforms",
            Value::list("[]api.SubjectTransformConfig", transforms),
        ),
        (
            "Consumer",
            Value::Pointer(
                "api.StreamConsumerSource",
                source.consumer.as_ref().map(consumer),
            ),
        ),
    ]
}

fn transform(transform: &SubjectTransform) -> Fields {
    vec![
        ("Source", Value::text(&transform.src)),
        ("Destination", Value::text(&transform.dest)),
    ]
}
