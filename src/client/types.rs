//! JetStream's API objects in the ADRs' words. Serialised in the order natscli prints them, with what it leaves out left
//! out; reading takes missing fields as their defaults. Durations are nanoseconds. Knows no request and no connection.

use crate::wire::time::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// Go's zero time, as JSON shows it where there is no time.
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// Stands for "no limit" in stream and account limits.
pub const UNLIMITED: i64 = -1;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Go's zero time is `None`.
mod rfc3339 {
    use super::*;

    pub fn serialize<S: Serializer>(time: &Option<Time>, to: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.serialize_str(&time.rfc3339()),
            None => to.serialize_str(ZERO_TIME),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Time>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.and_then(|text| Time::parse_rfc3339(&text)))
    }
}

/// `error` of an API answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiError {
    /// HTTP-like status.
    pub code: u16,
    /// Which error it is, as `nats errors` lists them.
    pub err_code: u32,
    /// In words.
    pub description: String,
}

/// When a stream's messages may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum RetentionPolicy {
    #[default]
    Limits,
    Interest,
    WorkQueue,
}

/// What gives way when a stream is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum DiscardPolicy {
    #[default]
    Old,
    New,
}

/// Where a stream's messages are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum StorageType {
    #[default]
    File,
    Memory,
}

/// Compression of file storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Compression {
    #[default]
    None,
    S2,
}

/// Where a stream should live in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Placement {
    #[serde(skip_serializing_if = "is_default")]
    pub cluster: String,
    #[serde(skip_serializing_if = "is_default")]
    pub tags: Vec<String>,
}

/// Renames subjects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct SubjectTransform {
    pub src: String,
    pub dest: String,
}

/// Publishes what was stored again under another subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Republish {
    #[serde(skip_serializing_if = "is_default")]
    pub src: String,
    pub dest: String,
    #[serde(skip_serializing_if = "is_default")]
    pub headers_only: bool,
}

/// Reaches a stream in another domain or account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct External {
    pub api: String,
    pub deliver: String,
}

/// A mirror's or a source's origin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct StreamSource {
    pub name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub opt_start_seq: u64,
    #[serde(skip_serializing_if = "is_default", with = "rfc3339")]
    pub opt_start_time: Option<Time>,
    #[serde(skip_serializing_if = "is_default")]
    pub filter_subject: String,
    #[serde(skip_serializing_if = "is_default")]
    pub subject_transforms: Vec<SubjectTransform>,
    #[serde(skip_serializing_if = "is_default")]
    pub external: Option<External>,
}

/// What a stream asks of its consumers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ConsumerLimits {
    #[serde(skip_serializing_if = "is_default")]
    pub inactive_threshold: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub max_ack_pending: i64,
}

/// A stream's configuration. 0 in a limit is what the server makes of it (mostly [`UNLIMITED`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct StreamConfig {
    pub name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub description: String,
    #[serde(skip_serializing_if = "is_default")]
    pub subjects: Vec<String>,
    pub retention: RetentionPolicy,
    pub max_consumers: i64,
    pub max_msgs_per_subject: i64,
    pub max_msgs: i64,
    pub max_bytes: i64,
    pub max_age: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub max_msg_size: i32,
    pub storage: StorageType,
    pub discard: DiscardPolicy,
    pub num_replicas: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub no_ack: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub duplicate_window: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub placement: Option<Placement>,
    #[serde(skip_serializing_if = "is_default")]
    pub mirror: Option<StreamSource>,
    #[serde(skip_serializing_if = "is_default")]
    pub sources: Vec<StreamSource>,
    #[serde(skip_serializing_if = "is_default")]
    pub compression: Compression,
    #[serde(skip_serializing_if = "is_default")]
    pub subject_transform: Option<SubjectTransform>,
    #[serde(skip_serializing_if = "is_default")]
    pub republish: Option<Republish>,
    pub sealed: bool,
    pub deny_delete: bool,
    pub deny_purge: bool,
    pub allow_rollup_hdrs: bool,
    pub allow_direct: bool,
    pub mirror_direct: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub discard_new_per_subject: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub first_seq: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_default")]
    pub allow_msg_ttl: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub subject_delete_marker_ttl: i64,
    pub consumer_limits: ConsumerLimits,
    #[serde(skip_serializing_if = "is_default")]
    pub allow_atomic: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub allow_msg_counter: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub allow_msg_schedules: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub persist_mode: String,
    #[serde(skip_serializing_if = "is_default")]
    pub allow_batched: bool,
}

/// What a stream holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct StreamState {
    pub messages: u64,
    pub bytes: u64,
    pub first_seq: u64,
    #[serde(with = "rfc3339")]
    pub first_ts: Option<Time>,
    pub last_seq: u64,
    #[serde(with = "rfc3339")]
    pub last_ts: Option<Time>,
    #[serde(skip_serializing_if = "is_default")]
    pub num_deleted: u64,
    /// Only if asked for (`deleted_details`).
    #[serde(skip_serializing_if = "is_default")]
    pub deleted: Vec<u64>,
    #[serde(skip_serializing_if = "is_default")]
    pub num_subjects: u64,
    /// Messages by subject; only if asked for (`subjects_filter`).
    #[serde(skip_serializing_if = "is_default")]
    pub subjects: BTreeMap<String, u64>,
    pub consumer_count: u64,
}

/// A replica in [`ClusterInfo`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct PeerInfo {
    pub name: String,
    pub current: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub offline: bool,
    pub active: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub lag: u64,
}

/// Where a stream or consumer lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ClusterInfo {
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub raft_group: String,
    #[serde(skip_serializing_if = "is_default")]
    pub leader: String,
    #[serde(skip_serializing_if = "is_default")]
    pub replicas: Vec<PeerInfo>,
}

/// How a mirror or source keeps up with its origin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct SourceInfo {
    pub name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub external: Option<External>,
    pub lag: u64,
    /// Nanoseconds since it was last heard of; -1: never.
    pub active: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub error: Option<ApiError>,
    #[serde(skip_serializing_if = "is_default")]
    pub filter_subject: String,
    #[serde(skip_serializing_if = "is_default")]
    pub subject_transforms: Vec<SubjectTransform>,
}

/// A stream, as CREATE, UPDATE, INFO and LIST describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct StreamInfo {
    pub config: StreamConfig,
    #[serde(with = "rfc3339")]
    pub created: Option<Time>,
    pub state: StreamState,
    #[serde(skip_serializing_if = "is_default")]
    pub domain: String,
    #[serde(skip_serializing_if = "is_default")]
    pub cluster: Option<ClusterInfo>,
    #[serde(skip_serializing_if = "is_default")]
    pub mirror: Option<SourceInfo>,
    #[serde(skip_serializing_if = "is_default")]
    pub sources: Vec<SourceInfo>,
    #[serde(with = "rfc3339")]
    pub ts: Option<Time>,
}

/// Where a consumer starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum DeliverPolicy {
    #[default]
    All,
    Last,
    New,
    ByStartSequence,
    ByStartTime,
    LastPerSubject,
}

/// How a consumer's messages are acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum AckPolicy {
    #[default]
    None,
    All,
    Explicit,
    FlowControl,
}

/// How fast a consumer sends what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ReplayPolicy {
    #[default]
    Instant,
    Original,
}

/// A consumer's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ConsumerConfig {
    #[serde(skip_serializing_if = "is_default")]
    pub description: String,
    pub ack_policy: AckPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub ack_wait: i64,
    pub deliver_policy: DeliverPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub deliver_subject: String,
    #[serde(skip_serializing_if = "is_default")]
    pub deliver_group: String,
    #[serde(skip_serializing_if = "is_default")]
    pub durable_name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub filter_subject: String,
    #[serde(skip_serializing_if = "is_default")]
    pub filter_subjects: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub flow_control: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub idle_heartbeat: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub max_ack_pending: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub max_deliver: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub backoff: Vec<i64>,
    #[serde(skip_serializing_if = "is_default")]
    pub max_waiting: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub opt_start_seq: u64,
    #[serde(skip_serializing_if = "is_default", with = "rfc3339")]
    pub opt_start_time: Option<Time>,
    #[serde(skip_serializing_if = "is_default")]
    pub rate_limit_bps: u64,
    pub replay_policy: ReplayPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub sample_freq: String,
    #[serde(skip_serializing_if = "is_default")]
    pub headers_only: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub max_batch: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub max_expires: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub max_bytes: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub inactive_threshold: i64,
    pub num_replicas: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub mem_storage: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub metadata: BTreeMap<String, String>,
    #[serde(with = "rfc3339")]
    pub pause_until: Option<Time>,
    #[serde(skip_serializing_if = "is_default")]
    pub priority_groups: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub priority_policy: String,
    #[serde(skip_serializing_if = "is_default")]
    pub priority_timeout: i64,
}

/// A place in a consumer's and its stream's sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct SequenceInfo {
    pub consumer_seq: u64,
    pub stream_seq: u64,
    #[serde(skip_serializing_if = "is_default", with = "rfc3339")]
    pub last_active: Option<Time>,
}

/// A consumer, as CREATE, INFO and LIST describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ConsumerInfo {
    pub stream_name: String,
    pub name: String,
    pub config: ConsumerConfig,
    #[serde(with = "rfc3339")]
    pub created: Option<Time>,
    pub delivered: SequenceInfo,
    pub ack_floor: SequenceInfo,
    pub num_ack_pending: u64,
    pub num_redelivered: u64,
    pub num_waiting: u64,
    pub num_pending: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub cluster: Option<ClusterInfo>,
    #[serde(skip_serializing_if = "is_default")]
    pub push_bound: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub paused: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub pause_remaining: i64,
    #[serde(with = "rfc3339")]
    pub ts: Option<Time>,
}

/// Answer of CONSUMER.PAUSE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct PauseState {
    pub paused: bool,
    #[serde(with = "rfc3339")]
    pub pause_until: Option<Time>,
    #[serde(skip_serializing_if = "is_default")]
    pub pause_remaining: i64,
}

/// What a stored message was acknowledged with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct PubAck {
    pub stream: String,
    pub seq: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub domain: String,
    #[serde(skip_serializing_if = "is_default")]
    pub duplicate: bool,
}

/// Limits of an account; [`UNLIMITED`] where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct AccountLimits {
    pub max_memory: i64,
    pub max_storage: i64,
    pub max_streams: i64,
    pub max_consumers: i64,
    pub max_ack_pending: i64,
    pub memory_max_stream_bytes: i64,
    pub storage_max_stream_bytes: i64,
    pub max_bytes_required: bool,
}

/// API level and counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ApiStats {
    pub level: i64,
    pub total: u64,
    pub errors: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub inflight: u64,
}

/// Answer of `$JS.API.INFO`; a tier has the same numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct AccountInfo {
    pub memory: u64,
    pub storage: u64,
    pub reserved_memory: u64,
    pub reserved_storage: u64,
    pub streams: u64,
    pub consumers: u64,
    pub limits: AccountLimits,
    #[serde(skip_serializing_if = "is_default")]
    pub domain: String,
    pub api: ApiStats,
    #[serde(skip_serializing_if = "is_default")]
    pub tiers: BTreeMap<String, AccountTier>,
}

/// One tier of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct AccountTier {
    pub memory: u64,
    pub storage: u64,
    pub reserved_memory: u64,
    pub reserved_storage: u64,
    pub streams: u64,
    pub consumers: u64,
    pub limits: AccountLimits,
}
