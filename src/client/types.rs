//! JetStream's API objects in the ADRs' words. Written in the order natscli prints them, with what it leaves out left out;
//! reading takes missing fields as their defaults. Durations are nanoseconds. Knows no request and no connection.

use crate::wire::sorted::Sorted;
use crate::wire::{
    json::{choice, record},
    time::Time,
};

/// Stands for "no limit" in stream and account limits.
pub const UNLIMITED: i64 = -1;

/// `error` of an API answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP-like status.
    pub code: u16,
    /// Which error it is, as `nats errors` lists them.
    pub err_code: u32,
    /// In words.
    pub description: String,
}

record!(ApiError, "ApiError": code, err_code, description);

/// When a stream's messages may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RetentionPolicy {
    #[default]
    Limits,
    Interest,
    WorkQueue,
}

choice!(RetentionPolicy, "RetentionPolicy": Limits "limits", Interest "interest", WorkQueue "workqueue");

/// What gives way when a stream is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DiscardPolicy {
    #[default]
    Old,
    New,
}

choice!(DiscardPolicy, "DiscardPolicy": Old "old", New "new");

/// Where a stream's messages are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StorageType {
    #[default]
    File,
    Memory,
}

choice!(StorageType, "StorageType": File "file", Memory "memory");

/// Compression of file storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Compression {
    #[default]
    None,
    S2,
}

choice!(Compression, "Compression": None "none" or "", S2 "s2");

/// When what is published is in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PersistMode {
    #[default]
    Default,
    Async,
}

choice!(PersistMode, "PersistModeType": Default "default" or "", Async "async");

/// Where a stream should live in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Placement {
    pub cluster: String,
    pub tags: Vec<String>,
}

record!(Placement, "Placement": [cluster], [tags]);

/// Renames subjects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SubjectTransform {
    pub src: String,
    pub dest: String,
}

record!(SubjectTransform, "SubjectTransformConfig": src, dest);

/// Publishes what was stored again under another subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Republish {
    pub src: String,
    pub dest: String,
    pub headers_only: bool,
}

record!(Republish, "RePublish": [src], dest, [headers_only]);

/// Reaches a stream in another domain or account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct External {
    pub api: String,
    pub deliver: String,
}

record!(External, "ExternalStream": api, deliver);

/// A consumer made beforehand that a mirror or source reads by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SourceConsumer {
    pub name: String,
    pub deliver_subject: String,
}

record!(SourceConsumer, "StreamConsumerSource": name, deliver_subject);

/// A mirror's or a source's origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct StreamSource {
    pub name: String,
    pub opt_start_seq: u64,
    pub opt_start_time: Option<Time>,
    pub filter_subject: String,
    pub subject_transforms: Vec<SubjectTransform>,
    pub external: Option<External>,
    pub consumer: Option<SourceConsumer>,
}

record!(StreamSource, "StreamSource":
    name, [opt_start_seq], [opt_start_time], [filter_subject], [subject_transforms], [external], [consumer]
);

/// What a stream asks of its consumers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ConsumerLimits {
    pub inactive_threshold: i64,
    pub max_ack_pending: i64,
}

record!(ConsumerLimits, "StreamConsumerLimits": [inactive_threshold], [max_ack_pending]);

/// A stream's configuration. 0 in a limit is what the server makes of it (mostly [`UNLIMITED`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct StreamConfig {
    pub name: String,
    pub description: String,
    pub subjects: Vec<String>,
    pub retention: RetentionPolicy,
    pub max_consumers: i64,
    pub max_msgs_per_subject: i64,
    pub max_msgs: i64,
    pub max_bytes: i64,
    pub max_age: i64,
    pub max_msg_size: i32,
    pub storage: StorageType,
    pub discard: DiscardPolicy,
    pub num_replicas: i64,
    pub no_ack: bool,
    pub duplicate_window: i64,
    pub placement: Option<Placement>,
    pub mirror: Option<StreamSource>,
    pub sources: Vec<StreamSource>,
    pub compression: Compression,
    pub subject_transform: Option<SubjectTransform>,
    pub republish: Option<Republish>,
    pub sealed: bool,
    pub deny_delete: bool,
    pub deny_purge: bool,
    pub allow_rollup_hdrs: bool,
    pub allow_direct: bool,
    pub mirror_direct: bool,
    pub discard_new_per_subject: bool,
    pub first_seq: u64,
    pub metadata: Sorted<String, String>,
    pub allow_msg_ttl: bool,
    pub subject_delete_marker_ttl: i64,
    pub consumer_limits: ConsumerLimits,
    pub allow_atomic: bool,
    pub allow_msg_counter: bool,
    pub allow_msg_schedules: bool,
    pub persist_mode: PersistMode,
    pub allow_batched: bool,
}

record!(StreamConfig, "StreamConfig":
    name, [description], [subjects], retention, max_consumers, max_msgs_per_subject, max_msgs, max_bytes, max_age,
    [max_msg_size], storage, discard, num_replicas, [no_ack], [duplicate_window], [placement], [mirror], [sources],
    [compression], [subject_transform], [republish], sealed, deny_delete, deny_purge, allow_rollup_hdrs, allow_direct,
    mirror_direct, [discard_new_per_subject], [first_seq], [metadata], [allow_msg_ttl], [subject_delete_marker_ttl],
    consumer_limits, [allow_atomic], [allow_msg_counter], [allow_msg_schedules], [persist_mode], [allow_batched]
);

/// What a stream holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct StreamState {
    pub messages: u64,
    pub bytes: u64,
    pub first_seq: u64,
    pub first_ts: Option<Time>,
    pub last_seq: u64,
    pub last_ts: Option<Time>,
    pub num_deleted: u64,
    /// Only if asked for (`deleted_details`).
    pub deleted: Vec<u64>,
    pub num_subjects: u64,
    /// Messages by subject; only if asked for (`subjects_filter`).
    pub subjects: Vec<(String, u64)>,
    pub consumer_count: u64,
}

record!(StreamState, "StreamState":
    messages, bytes, first_seq, first_ts, last_seq, last_ts, [num_deleted], [deleted], [num_subjects], [subjects],
    consumer_count
);

/// A replica in [`ClusterInfo`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PeerInfo {
    pub name: String,
    pub current: bool,
    pub offline: bool,
    pub active: i64,
    pub lag: u64,
}

record!(PeerInfo, "PeerInfo": name, current, [offline], active, [lag]);

/// Where a stream or consumer lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ClusterInfo {
    pub name: String,
    pub raft_group: String,
    pub leader: String,
    pub replicas: Vec<PeerInfo>,
}

record!(ClusterInfo, "ClusterInfo": [name], [raft_group], [leader], [replicas]);

/// How a mirror or source keeps up with its origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SourceInfo {
    pub name: String,
    pub external: Option<External>,
    pub lag: u64,
    /// Nanoseconds since it was last heard of; -1: never.
    pub active: i64,
    pub error: Option<ApiError>,
    pub filter_subject: String,
    pub subject_transforms: Vec<SubjectTransform>,
}

record!(SourceInfo, "StreamSourceInfo":
    name, [external], lag, active, [error], [filter_subject], [subject_transforms]
);

/// A stream, as CREATE, UPDATE, INFO and LIST describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct StreamInfo {
    pub config: StreamConfig,
    pub created: Option<Time>,
    pub state: StreamState,
    pub domain: String,
    pub cluster: Option<ClusterInfo>,
    pub mirror: Option<SourceInfo>,
    pub sources: Vec<SourceInfo>,
    pub ts: Option<Time>,
}

record!(StreamInfo, "StreamInfo": config, created, state, [domain], [cluster], [mirror], [sources], ts);

/// Where a consumer starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

choice!(DeliverPolicy, "DeliverPolicy":
    All "all", Last "last", New "new", ByStartSequence "by_start_sequence", ByStartTime "by_start_time",
    LastPerSubject "last_per_subject"
);

/// How a consumer's messages are acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AckPolicy {
    #[default]
    None,
    All,
    Explicit,
    FlowControl,
}

choice!(AckPolicy, "AckPolicy": None "none", All "all", Explicit "explicit", FlowControl "flow_control");

/// How fast a consumer sends what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ReplayPolicy {
    #[default]
    Instant,
    Original,
}

choice!(ReplayPolicy, "ReplayPolicy": Instant "instant", Original "original");

/// A consumer's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ConsumerConfig {
    pub description: String,
    pub ack_policy: AckPolicy,
    pub ack_wait: i64,
    pub deliver_policy: DeliverPolicy,
    pub deliver_subject: String,
    pub deliver_group: String,
    pub durable_name: String,
    pub name: String,
    pub filter_subject: String,
    pub filter_subjects: Vec<String>,
    pub flow_control: bool,
    pub idle_heartbeat: i64,
    pub max_ack_pending: i64,
    pub max_deliver: i64,
    pub backoff: Vec<i64>,
    pub max_waiting: i64,
    pub opt_start_seq: u64,
    pub opt_start_time: Option<Time>,
    pub rate_limit_bps: u64,
    pub replay_policy: ReplayPolicy,
    pub sample_freq: String,
    pub headers_only: bool,
    pub max_batch: i64,
    pub max_expires: i64,
    pub max_bytes: i64,
    pub inactive_threshold: i64,
    pub num_replicas: i64,
    pub mem_storage: bool,
    pub metadata: Sorted<String, String>,
    pub pause_until: Option<Time>,
    pub priority_groups: Vec<String>,
    pub priority_policy: String,
    pub priority_timeout: i64,
}

record!(ConsumerConfig, "ConsumerConfig":
    [description], ack_policy, [ack_wait], deliver_policy, [deliver_subject], [deliver_group], [durable_name], [name],
    [filter_subject], [filter_subjects], [flow_control], [idle_heartbeat], [max_ack_pending], [max_deliver],
    [backoff], [max_waiting], [opt_start_seq], [opt_start_time], [rate_limit_bps], replay_policy, [sample_freq],
    [headers_only], [max_batch], [max_expires], [max_bytes], [inactive_threshold], num_replicas, [mem_storage],
    [metadata], pause_until, [priority_groups], [priority_policy], [priority_timeout]
);

/// A place in a consumer's and its stream's sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SequenceInfo {
    pub consumer_seq: u64,
    pub stream_seq: u64,
    pub last_active: Option<Time>,
}

record!(SequenceInfo, "SequenceInfo": consumer_seq, stream_seq, [last_active]);

/// A consumer, as CREATE, INFO and LIST describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ConsumerInfo {
    pub stream_name: String,
    pub name: String,
    pub config: ConsumerConfig,
    pub created: Option<Time>,
    pub delivered: SequenceInfo,
    pub ack_floor: SequenceInfo,
    pub num_ack_pending: u64,
    pub num_redelivered: u64,
    pub num_waiting: u64,
    pub num_pending: u64,
    pub cluster: Option<ClusterInfo>,
    pub push_bound: bool,
    pub paused: bool,
    pub pause_remaining: i64,
    pub ts: Option<Time>,
    pub priority_groups: Vec<PriorityGroupState>,
}

record!(ConsumerInfo, "ConsumerInfo":
    stream_name, name, config, created, delivered, ack_floor, num_ack_pending, num_redelivered, num_waiting,
    num_pending, [cluster], [push_bound], [paused], [pause_remaining], ts,
    [priority_groups]
);

/// Who has a priority group's messages to itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PriorityGroupState {
    pub group: String,
    pub pinned_client_id: String,
    pub pinned_ts: Option<Time>,
}

record!(PriorityGroupState, "PriorityGroupState": group, [pinned_client_id], pinned_ts);

/// Answer of CONSUMER.PAUSE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PauseState {
    pub paused: bool,
    pub pause_until: Option<Time>,
    pub pause_remaining: i64,
}

record!(PauseState, "JSApiConsumerPauseResponse": paused, pause_until, [pause_remaining]);

/// What a stored message was acknowledged with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PubAck {
    pub stream: String,
    pub seq: u64,
    pub domain: String,
    pub duplicate: bool,
    /// The sum of a counter.
    pub val: String,
}

record!(PubAck, "PubAck": stream, seq, [domain], [duplicate], [val]);

/// Limits of an account; [`UNLIMITED`] where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

record!(AccountLimits, "JetStreamAccountLimits":
    max_memory, max_storage, max_streams, max_consumers, max_ack_pending, memory_max_stream_bytes,
    storage_max_stream_bytes, max_bytes_required
);

/// API level and counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ApiStats {
    pub level: i64,
    pub total: u64,
    pub errors: u64,
    pub inflight: u64,
}

record!(ApiStats, "JetStreamAPIStats": level, total, errors, [inflight]);

/// Answer of `$JS.API.INFO`; a tier has the same numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct AccountInfo {
    pub memory: u64,
    pub storage: u64,
    pub reserved_memory: u64,
    pub reserved_storage: u64,
    pub streams: u64,
    pub consumers: u64,
    pub limits: AccountLimits,
    pub domain: String,
    pub api: ApiStats,
    pub tiers: Vec<(String, AccountTier)>,
}

record!(AccountInfo, "JetStreamAccountStats":
    memory, storage, reserved_memory, reserved_storage, streams, consumers, limits, [domain], api, [tiers]
);

/// One tier of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

record!(AccountTier, "JetStreamTier": memory, storage, reserved_memory, reserved_storage, streams, consumers, limits);
