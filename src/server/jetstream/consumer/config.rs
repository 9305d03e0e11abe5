//! A consumer's configuration: the fields of `ConsumerConfig` under their JSON names and the defaults the server puts
//! in. Must not know messages, what time it is, or how JSON is read and written: that is `config_json.rs`.

use crate::wire::sorted::Sorted;

use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::named::named;
use crate::server::jetstream::stream::{StreamConfig, level};
use crate::wire::json::Moment;

/// Most bytes of `description`.
pub const MAX_DESCRIPTION: usize = 4096;
/// `max_waiting` of a pull consumer that names none.
const DEFAULT_MAX_WAITING: i64 = 512;
/// `max_ack_pending` of a consumer that acknowledges and names none.
const DEFAULT_MAX_ACK_PENDING: i64 = 1000;
/// `ack_wait`, in nanoseconds, for the policies explicit and all.
const DEFAULT_ACK_WAIT: i64 = 30_000_000_000;
/// `priority_timeout`, in nanoseconds, for the policy pinned_client.
const DEFAULT_PRIORITY_TIMEOUT: i64 = 120_000_000_000;
/// `idle_heartbeat`, in nanoseconds, that the ack policy flow_control demands.
pub const FLOW_CONTROL_HEARTBEAT: i64 = 1_000_000_000;

named! {
    /// Where in the stream a consumer starts.
    DeliverPolicy {
        /// At the first message.
        #[default]
        All = "all",
        /// At the last matching message.
        Last = "last",
        /// After the last message.
        New = "new",
        /// At `opt_start_seq`.
        ByStartSequence = "by_start_sequence",
        /// At the first message not older than `opt_start_time`.
        ByStartTime = "by_start_time",
        /// With the last message of every matching subject.
        LastPerSubject = "last_per_subject",
    }
}

named! {
    /// How messages are acknowledged.
    AckPolicy {
        /// Not at all.
        #[default]
        None = "none",
        /// An ack stands for everything before it, too.
        All = "all",
        /// Each message by itself.
        Explicit = "explicit",
        /// By the answers to flow control requests.
        FlowControl = "flow_control",
    }
}

named! {
    /// How fast stored messages are delivered.
    ReplayPolicy {
        /// As fast as possible.
        #[default]
        Instant = "instant",
        /// At the pace at which they were stored.
        Original = "original",
    }
}

named! {
    /// Which of several pull requests are served first.
    PriorityPolicy {
        /// In turn.
        #[default]
        None = "none",
        /// Only when enough is pending.
        Overflow = "overflow",
        /// One client at a time.
        PinnedClient = "pinned_client",
        /// By the request's number.
        Prioritized = "prioritized",
    }
}

/// `ConsumerConfig`. Durations are nanoseconds; empty strings and zeros stand for "not set".
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)] // the fields are the protocol's own
pub struct Config {
    pub durable_name: String,
    pub name: String,
    pub description: String,
    pub deliver_policy: DeliverPolicy,
    pub opt_start_seq: u64,
    pub opt_start_time: Option<Moment>,
    pub ack_policy: AckPolicy,
    pub ack_wait: i64,
    pub max_deliver: i64,
    pub backoff: Vec<i64>,
    pub filter_subject: String,
    pub filter_subjects: Vec<String>,
    pub replay_policy: ReplayPolicy,
    pub rate_limit_bps: u64,
    pub sample_freq: String,
    pub max_waiting: i64,
    pub max_ack_pending: i64,
    pub flow_control: bool,
    pub headers_only: bool,
    pub max_batch: i64,
    pub max_expires: i64,
    pub max_bytes: i64,
    pub deliver_subject: String,
    pub deliver_group: String,
    pub idle_heartbeat: i64,
    pub inactive_threshold: i64,
    pub num_replicas: i64,
    pub mem_storage: bool,
    pub direct: bool,
    pub sourcing: bool,
    pub metadata: Sorted<String, String>,
    pub pause_until: Option<Moment>,
    pub priority_groups: Vec<String>,
    pub priority_policy: PriorityPolicy,
    pub priority_timeout: i64,
}

impl Config {
    /// Delivers to a subject of its own accord.
    pub fn is_push(&self) -> bool {
        !self.deliver_subject.is_empty()
    }

    /// Stays when nobody is interested, unless it has an `inactive_threshold`.
    pub fn is_durable(&self) -> bool {
        !self.durable_name.is_empty()
    }

    /// The name it is to have; empty if the server is to choose one.
    pub fn asked_name(&self) -> &str {
        match self.is_durable() {
            true => &self.durable_name,
            false => &self.name,
        }
    }

    /// The filters of `filter_subject` or `filter_subjects`; none means everything.
    pub fn filters(&self) -> Vec<&str> {
        if !self.filter_subject.is_empty() {
            return vec![&self.filter_subject];
        }
        self.filter_subjects.iter().map(String::as_str).collect()
    }

    /// `sample_freq` in percent.
    pub fn sample_percent(&self) -> i64 {
        let text = self
            .sample_freq
            .strip_suffix('%')
            .unwrap_or(&self.sample_freq);
        text.parse().unwrap_or(0)
    }

    /// Writes the API level the configuration needs into `metadata` and drops what only the server may say there.
    pub fn set_required_level(&mut self) {
        for key in level::SHOWN {
            self.metadata.remove(key);
        }
        let priority = !self.priority_groups.is_empty()
            || self.priority_policy != PriorityPolicy::None
            || self.priority_timeout != 0;
        let paused = self
            .pause_until
            .as_ref()
            .is_some_and(|until| !until.is_zero());
        let needed = if self.ack_policy == AckPolicy::FlowControl {
            "4"
        } else if priority || paused {
            "1"
        } else {
            "0"
        };
        self.metadata.insert(level::REQUIRED.into(), needed.into());
    }

    /// Puts in the defaults, as `setConsumerConfigDefaults`. A pedantic request is refused where something would
    /// have to be put right.
    pub fn set_defaults(&mut self, stream: &StreamConfig, pedantic: bool) -> Result<(), ApiError> {
        let refuse = |text: &str| -> Result<(), ApiError> {
            if pedantic {
                return Err(ApiError::new(400, 10157, format!("pedantic mode: {text}")));
            }
            Ok(())
        };
        if self.max_deliver < -1 {
            refuse("max_deliver must be set to -1")?;
        }
        if self.max_deliver == 0 || self.max_deliver < -1 {
            self.max_deliver = -1;
        }
        let not_negative = |value: &mut i64, text: &str| -> Result<(), ApiError> {
            if *value < 0 {
                refuse(text)?;
                *value = 0;
            }
            Ok(())
        };
        not_negative(&mut self.max_waiting, "max_waiting must not be negative")?;
        if self.max_ack_pending < -1 {
            refuse("max_ack_pending must be set to -1")?;
            self.max_ack_pending = -1;
        }
        not_negative(&mut self.max_batch, "max_batch must not be negative")?;
        not_negative(&mut self.max_expires, "max_expires must not be negative")?;
        not_negative(&mut self.max_bytes, "max_bytes must not be negative")?;
        not_negative(
            &mut self.idle_heartbeat,
            "idle_heartbeat must not be negative",
        )?;
        not_negative(
            &mut self.inactive_threshold,
            "inactive_threshold must not be negative",
        )?;
        not_negative(
            &mut self.priority_timeout,
            "priority_timeout must not be negative",
        )?;

        if !self.is_push() && self.max_waiting == 0 {
            self.max_waiting = DEFAULT_MAX_WAITING;
        }
        if self.ack_wait == 0 && matches!(self.ack_policy, AckPolicy::Explicit | AckPolicy::All) {
            self.ack_wait = DEFAULT_ACK_WAIT;
        }
        if let Some(&first) = self.backoff.first() {
            if self.ack_wait != first {
                refuse("first backoff value has to equal batch AckWait")?;
            }
            self.ack_wait = first;
        }
        let limits = &stream.consumer_limits;
        if self.max_ack_pending == 0 {
            if limits.max_ack_pending > 0 {
                refuse("max_ack_pending must be set if it's configured in stream limits")?;
            }
            self.max_ack_pending = limits.max_ack_pending;
        }
        if self.inactive_threshold == 0 {
            if limits.inactive_threshold > 0 {
                refuse("inactive_threshold must be set if it's configured in stream limits")?;
            }
            self.inactive_threshold = limits.inactive_threshold;
        }
        if self.max_ack_pending == 0 && self.ack_policy != AckPolicy::None {
            self.max_ack_pending = DEFAULT_MAX_ACK_PENDING;
        }
        if self.priority_policy == PriorityPolicy::PinnedClient && self.priority_timeout == 0 {
            self.priority_timeout = DEFAULT_PRIORITY_TIMEOUT;
        }
        if self.ack_policy == AckPolicy::FlowControl && !pedantic {
            self.flow_control = true;
            self.idle_heartbeat = FLOW_CONTROL_HEARTBEAT;
        }
        Ok(())
    }
}
