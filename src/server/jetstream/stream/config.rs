//! What a stream is configured with: the fields of a request and of replies, in nats-server's order. Checks and defaults
//! are `check`'s.

use crate::wire::sorted::Sorted;

use super::level;
use crate::server::jetstream::named::{self, named};
use crate::server::jetstream::store::Storage;
use crate::server::{API_LEVEL, VERSION};
use crate::wire::json::{Decoder, Kind, Moment, Value, Writer};

named! {
    /// What happens to messages nobody needs any more.
    Retention {
        /// Kept until a limit is reached.
        #[default]
        Limits = "limits",
        /// Kept while some consumer still needs them.
        Interest = "interest",
        /// Gone once acknowledged.
        WorkQueue = "workqueue",
    }
}

named! {
    /// Which messages give way at a limit.
    Discard {
        /// The oldest.
        #[default]
        Old = "old",
        /// The new message is refused.
        New = "new",
    }
}

/// A subject transform as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransformConfig {
    /// Subjects it applies to.
    pub src: String,
    /// What they become.
    pub dest: String,
}

/// `republish`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Republish {
    /// Subjects it applies to.
    pub src: String,
    /// What they become.
    pub dest: String,
    /// Leave the payload out.
    pub headers_only: bool,
}

/// `placement`; means nothing to a single server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Cluster name.
    pub cluster: String,
    /// Server tags; an empty list is not the same as `None`, which makes a placement without a cluster none at all.
    pub tags: Option<Vec<String>>,
    /// Preferred server.
    pub preferred: String,
}

/// `external`: a stream of another account or domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct External {
    /// Prefix of its API.
    pub api: String,
    /// Prefix of deliveries.
    pub deliver: String,
}

/// `consumer` of a source: a ready-made durable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceConsumer {
    /// Its name.
    pub name: String,
    /// Where it delivers.
    pub deliver_subject: String,
}

/// A mirror's or source's origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Origin stream.
    pub name: String,
    /// First sequence to take; 0 is unset.
    pub opt_start_seq: u64,
    /// First time to take.
    pub opt_start_time: Option<Moment>,
    /// Only what matches; empty is everything.
    pub filter_subject: String,
    /// Filters and new subjects.
    pub subject_transforms: Vec<TransformConfig>,
    /// Where the origin lives, if not here.
    pub external: Option<External>,
    /// Durable to use.
    pub consumer: Option<SourceConsumer>,
}

/// `consumer_limits`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerLimits {
    /// Nanoseconds; 0 is unset.
    pub inactive_threshold: i64,
    /// 0 is unset.
    pub max_ack_pending: i64,
}

/// A stream's configuration. Durations are nanoseconds; for limits -1 is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // The fields are those of nats-server's documentation, with its names.
pub struct StreamConfig {
    pub name: String,
    pub description: String,
    pub subjects: Vec<String>,
    pub retention: Retention,
    pub max_consumers: i64,
    pub max_msgs: i64,
    pub max_bytes: i64,
    pub max_age: i64,
    pub max_msgs_per_subject: i64,
    pub max_msg_size: i64,
    pub discard: Discard,
    pub storage: Storage,
    pub num_replicas: i64,
    pub no_ack: bool,
    pub duplicate_window: i64,
    pub placement: Option<Placement>,
    pub mirror: Option<Source>,
    /// `Some` of an empty list is not the same as `None` when a repeated create is compared.
    pub sources: Option<Vec<Source>>,
    pub s2: bool,
    pub first_seq: u64,
    pub subject_transform: Option<TransformConfig>,
    pub republish: Option<Republish>,
    pub allow_direct: bool,
    pub mirror_direct: bool,
    pub discard_new_per_subject: bool,
    pub sealed: bool,
    pub deny_delete: bool,
    pub deny_purge: bool,
    pub allow_rollup_hdrs: bool,
    pub consumer_limits: ConsumerLimits,
    pub allow_msg_ttl: bool,
    pub subject_delete_marker_ttl: i64,
    pub allow_msg_counter: bool,
    pub allow_atomic: bool,
    pub allow_msg_schedules: bool,
    pub async_persist: bool,
    pub allow_batched: bool,
    pub metadata: Sorted<String, String>,
}

impl StreamConfig {
    /// Sources, whichever way there are none.
    pub fn sources(&self) -> &[Source] {
        self.sources.as_deref().unwrap_or_default()
    }

    /// Reads a member of a request; false if there is no such field. `mirror` and `sources` start from what an earlier
    /// value of the payload set, as Go decodes over it.
    pub fn read(&mut self, d: &mut Decoder, name: &str, value: Value<'_>) -> bool {
        match name {
            "name" => d.string(value, &mut self.name),
            "description" => d.string(value, &mut self.description),
            "subjects" => d.strings(value, &mut self.subjects),
            "retention" => named::read(d, value, &mut self.retention, Retention::from_name),
            "max_consumers" => d.int(value, &mut self.max_consumers),
            "max_msgs" => d.int64(value, &mut self.max_msgs),
            "max_bytes" => d.int64(value, &mut self.max_bytes),
            "max_age" => d.duration(value, &mut self.max_age),
            "max_msgs_per_subject" => d.int64(value, &mut self.max_msgs_per_subject),
            "max_msg_size" => d.int32(value, &mut self.max_msg_size),
            "discard" => {
                let read = d.unmarshal(value, |raw| match raw.to_ascii_lowercase().as_slice() {
                    b"\"old\"" => Ok(Discard::Old),
                    b"\"new\"" => Ok(Discard::New),
                    _ => Err(Decoder::bad_enum(raw)),
                });
                self.discard = read.unwrap_or_default();
            }
            "storage" => named::read(d, value, &mut self.storage, Storage::from_name),
            "num_replicas" => d.int(value, &mut self.num_replicas),
            "no_ack" => d.bool(value, &mut self.no_ack),
            "duplicate_window" => d.duration(value, &mut self.duplicate_window),
            "placement" => optional(d, value, &mut self.placement, read_placement),
            "mirror" => optional(d, value, &mut self.mirror, read_source),
            "sources" if value.is_null() => self.sources = None,
            "sources" => {
                let list = self.sources.get_or_insert_default();
                d.list(value, "*server.StreamSource", list, |d, value, source| {
                    if value.is_null() {
                        *source = Source::default();
                    }
                    read_source(d, value, source);
                });
            }
            // Read as a string first: what is none is refused like any field's, and no unknown name wins over that.
            "compression" if matches!(value.kind(), Kind::String | Kind::Null) => {
                let read = d.unmarshal(value, |_| match value.text().as_str() {
                    "none" => Ok(false),
                    "s2" => Ok(true),
                    _ => Err("unknown compression algorithm".to_owned()),
                });
                self.s2 = read.unwrap_or_default();
            }
            "compression" => d.refuse(value, "string"),
            "first_seq" => d.uint64(value, &mut self.first_seq),
            "subject_transform" => optional(d, value, &mut self.subject_transform, read_transform),
            "republish" => optional(d, value, &mut self.republish, read_republish),
            "allow_direct" => d.bool(value, &mut self.allow_direct),
            "mirror_direct" => d.bool(value, &mut self.mirror_direct),
            "discard_new_per_subject" => d.bool(value, &mut self.discard_new_per_subject),
            "sealed" => d.bool(value, &mut self.sealed),
            "deny_delete" => d.bool(value, &mut self.deny_delete),
            "deny_purge" => d.bool(value, &mut self.deny_purge),
            "allow_rollup_hdrs" => d.bool(value, &mut self.allow_rollup_hdrs),
            "consumer_limits" => {
                let limits = &mut self.consumer_limits;
                d.object(value, "StreamConsumerLimits", &mut |d, name, value| {
                    match name {
                        "inactive_threshold" => d.duration(value, &mut limits.inactive_threshold),
                        "max_ack_pending" => d.int(value, &mut limits.max_ack_pending),
                        _ => return false,
                    }
                    true
                });
            }
            "allow_msg_ttl" => d.bool(value, &mut self.allow_msg_ttl),
            "subject_delete_marker_ttl" => d.duration(value, &mut self.subject_delete_marker_ttl),
            "allow_msg_counter" => d.bool(value, &mut self.allow_msg_counter),
            "allow_atomic" => d.bool(value, &mut self.allow_atomic),
            "allow_msg_schedules" => d.bool(value, &mut self.allow_msg_schedules),
            "persist_mode" => named::read(d, value, &mut self.async_persist, |name| match name {
                "default" | "" => Some(false),
                "async" => Some(true),
                _ => None,
            }),
            "allow_batched" => d.bool(value, &mut self.allow_batched),
            "metadata" => d.map(value, &mut self.metadata),
            _ => return false,
        }
        true
    }

    /// Writes it. `own` adds what CREATE, UPDATE and INFO add to the metadata: the server's version and API level.
    pub fn write(&self, w: &mut Writer, own: bool) {
        w.open().key("name").string(&self.name);
        w.filled("description", &self.description);
        w.filled("subjects", &self.subjects);
        w.key("retention").string(self.retention.name());
        w.key("max_consumers").int(self.max_consumers);
        w.key("max_msgs").int(self.max_msgs);
        w.key("max_bytes").int(self.max_bytes);
        w.key("max_age").int(self.max_age);
        w.key("max_msgs_per_subject").int(self.max_msgs_per_subject);
        w.filled("max_msg_size", &self.max_msg_size);
        w.key("discard").string(self.discard.name());
        w.key("storage").string(self.storage.name());
        w.key("num_replicas").int(self.num_replicas);
        w.filled("no_ack", &self.no_ack);
        w.filled("duplicate_window", &self.duplicate_window);
        if let Some(placement) = &self.placement {
            w.key("placement").open();
            w.filled("cluster", &placement.cluster);
            if let Some(tags) = &placement.tags {
                w.filled("tags", tags);
            }
            w.filled("preferred", &placement.preferred);
            w.close();
        }
        if let Some(mirror) = &self.mirror {
            mirror.write(w.key("mirror"));
        }
        if !self.sources().is_empty() {
            w.key("sources").open_list();
            self.sources().iter().for_each(|source| source.write(w));
            w.close_list();
        }
        w.key("compression")
            .string(if self.s2 { "s2" } else { "none" });
        w.filled("first_seq", &self.first_seq);
        if let Some(transform) = &self.subject_transform {
            transform.write(w.key("subject_transform"));
        }
        if let Some(republish) = &self.republish {
            w.key("republish").open();
            w.filled("src", &republish.src);
            w.key("dest").string(&republish.dest);
            w.filled("headers_only", &republish.headers_only);
            w.close();
        }
        w.key("allow_direct").bool(self.allow_direct);
        w.key("mirror_direct").bool(self.mirror_direct);
        w.filled("discard_new_per_subject", &self.discard_new_per_subject);
        w.key("sealed").bool(self.sealed);
        w.key("deny_delete").bool(self.deny_delete);
        w.key("deny_purge").bool(self.deny_purge);
        w.key("allow_rollup_hdrs").bool(self.allow_rollup_hdrs);
        w.key("consumer_limits").open();
        let limits = &self.consumer_limits;
        w.filled("inactive_threshold", &limits.inactive_threshold);
        w.filled("max_ack_pending", &limits.max_ack_pending);
        w.close();
        w.key("allow_msg_ttl").bool(self.allow_msg_ttl);
        w.filled("subject_delete_marker_ttl", &self.subject_delete_marker_ttl);
        w.filled("allow_msg_counter", &self.allow_msg_counter);
        w.filled("allow_atomic", &self.allow_atomic);
        w.filled("allow_msg_schedules", &self.allow_msg_schedules);
        if self.async_persist {
            w.key("persist_mode").string("async");
        }
        w.filled("allow_batched", &self.allow_batched);
        write_metadata(w, &self.metadata, own);
        w.close();
    }
}

impl Source {
    fn write(&self, w: &mut Writer) {
        w.open().key("name").string(&self.name);
        w.filled("opt_start_seq", &self.opt_start_seq);
        w.filled("opt_start_time", &self.opt_start_time);
        w.filled("filter_subject", &self.filter_subject);
        write_transforms(w, &self.subject_transforms);
        self.write_external(w);
        if let Some(consumer) = &self.consumer {
            w.key("consumer").open();
            w.filled("name", &consumer.name);
            w.filled("deliver_subject", &consumer.deliver_subject);
            w.close();
        }
        w.close();
    }

    /// Writes `external`, if there is one.
    pub fn write_external(&self, w: &mut Writer) {
        if let Some(external) = &self.external {
            w.key("external").open();
            w.key("api").string(&external.api);
            w.key("deliver").string(&external.deliver).close();
        }
    }
}

impl TransformConfig {
    fn write(&self, w: &mut Writer) {
        w.open().key("src").string(&self.src);
        w.key("dest").string(&self.dest).close();
    }
}

/// Writes `subject_transforms`, if there are any.
pub fn write_transforms(w: &mut Writer, transforms: &[TransformConfig]) {
    if !transforms.is_empty() {
        w.key("subject_transforms").open_list();
        transforms.iter().for_each(|transform| transform.write(w));
        w.close_list();
    }
}

/// Writes `metadata` if there is any; `own` adds the server's version and API level.
pub fn write_metadata(w: &mut Writer, metadata: &Sorted<String, String>, own: bool) {
    let mut all = metadata.clone();
    if own {
        let shown = [VERSION.to_string(), API_LEVEL.to_string()];
        for (key, value) in level::SHOWN.into_iter().zip(shown) {
            all.insert(key.into(), value);
        }
    }
    if !all.is_empty() {
        w.key("metadata").open();
        for (key, value) in &all {
            w.key(key).string(value);
        }
        w.close();
    }
}

fn optional<T: Default>(
    d: &mut Decoder,
    value: Value<'_>,
    into: &mut Option<T>,
    read: impl FnOnce(&mut Decoder, Value<'_>, &mut T),
) {
    if value.is_null() {
        *into = None;
    } else {
        read(d, value, into.get_or_insert_default());
    }
}

fn read_placement(d: &mut Decoder, value: Value<'_>, into: &mut Placement) {
    d.object(value, "Placement", &mut |d, name, value| {
        match name {
            "cluster" => d.string(value, &mut into.cluster),
            "tags" => optional(d, value, &mut into.tags, Decoder::strings),
            "preferred" => d.string(value, &mut into.preferred),
            _ => return false,
        }
        true
    });
}

fn read_source(d: &mut Decoder, value: Value<'_>, into: &mut Source) {
    d.object(value, "StreamSource", &mut |d, name, value| {
        match name {
            "name" => d.string(value, &mut into.name),
            "opt_start_seq" => d.uint64(value, &mut into.opt_start_seq),
            "opt_start_time" => d.moment(value, &mut into.opt_start_time),
            "filter_subject" => d.string(value, &mut into.filter_subject),
            "subject_transforms" => {
                let list = &mut into.subject_transforms;
                d.list(value, "server.SubjectTransformConfig", list, read_transform);
            }
            "external" => optional(d, value, &mut into.external, |d, value, external| {
                d.object(value, "ExternalStream", &mut |d, name, value| {
                    match name {
                        "api" => d.string(value, &mut external.api),
                        "deliver" => d.string(value, &mut external.deliver),
                        _ => return false,
                    }
                    true
                });
            }),
            "consumer" => optional(d, value, &mut into.consumer, |d, value, consumer| {
                d.object(value, "StreamConsumerSource", &mut |d, name, value| {
                    match name {
                        "name" => d.string(value, &mut consumer.name),
                        "deliver_subject" => d.string(value, &mut consumer.deliver_subject),
                        _ => return false,
                    }
                    true
                });
            }),
            _ => return false,
        }
        true
    });
}

fn read_transform(d: &mut Decoder, value: Value<'_>, into: &mut TransformConfig) {
    d.object(value, "SubjectTransformConfig", &mut |d, name, value| {
        match name {
            "src" => d.string(value, &mut into.src),
            "dest" => d.string(value, &mut into.dest),
            _ => return false,
        }
        true
    });
}

fn read_republish(d: &mut Decoder, value: Value<'_>, into: &mut Republish) {
    d.object(value, "RePublish", &mut |d, name, value| {
        match name {
            "src" => d.string(value, &mut into.src),
            "dest" => d.string(value, &mut into.dest),
            "headers_only" => d.bool(value, &mut into.headers_only),
            _ => return false,
        }
        true
    });
}
