//! `ConsumerConfig` in JSON, in and out. Must not know what the fields mean.

use super::config::{AckPolicy, Config, DeliverPolicy, PriorityPolicy, ReplayPolicy};
use crate::server::jetstream::named;
use crate::server::jetstream::stream::write_metadata;
use crate::wire::json::{Decoder, Moment, Value, Writer};

impl Config {
    /// Reads the member `name`, in lower case. False if there is no such field.
    pub fn decode(&mut self, d: &mut Decoder, name: &str, value: Value<'_>) -> bool {
        match name {
            "durable_name" => d.string(value, &mut self.durable_name),
            "name" => d.string(value, &mut self.name),
            "description" => d.string(value, &mut self.description),
            "deliver_policy" => {
                named::read(d, value, &mut self.deliver_policy, |name| match name {
                    "undefined" => Some(DeliverPolicy::All),
                    name => DeliverPolicy::from_name(name),
                })
            }
            "opt_start_seq" => d.uint64(value, &mut self.opt_start_seq),
            "opt_start_time" => d.moment(value, &mut self.opt_start_time),
            "ack_policy" => named::read(d, value, &mut self.ack_policy, AckPolicy::from_name),
            "ack_wait" => d.duration(value, &mut self.ack_wait),
            "max_deliver" => d.int(value, &mut self.max_deliver),
            "backoff" => d.list(
                value,
                "time.Duration",
                &mut self.backoff,
                |d, value, wait| {
                    d.duration(value, wait);
                },
            ),
            "filter_subject" => d.string(value, &mut self.filter_subject),
            "filter_subjects" => d.strings(value, &mut self.filter_subjects),
            "replay_policy" => {
                named::read(d, value, &mut self.replay_policy, ReplayPolicy::from_name)
            }
            "rate_limit_bps" => d.uint64(value, &mut self.rate_limit_bps),
            "sample_freq" => d.string(value, &mut self.sample_freq),
            "max_waiting" => d.int(value, &mut self.max_waiting),
            "max_ack_pending" => d.int(value, &mut self.max_ack_pending),
            "flow_control" => d.bool(value, &mut self.flow_control),
            "headers_only" => d.bool(value, &mut self.headers_only),
            "max_batch" => d.int(value, &mut self.max_batch),
            "max_expires" => d.duration(value, &mut self.max_expires),
            "max_bytes" => d.int(value, &mut self.max_bytes),
            "deliver_subject" => d.string(value, &mut self.deliver_subject),
            "deliver_group" => d.string(value, &mut self.deliver_group),
            "idle_heartbeat" => d.duration(value, &mut self.idle_heartbeat),
            "inactive_threshold" => d.duration(value, &mut self.inactive_threshold),
            "num_replicas" => d.int(value, &mut self.num_replicas),
            "mem_storage" => d.bool(value, &mut self.mem_storage),
            "direct" => d.bool(value, &mut self.direct),
            "sourcing" => d.bool(value, &mut self.sourcing),
            "metadata" => d.map(value, &mut self.metadata),
            "pause_until" => {
                d.moment(value, &mut self.pause_until);
                self.pause_until = self.pause_until.take().map(Moment::clamped);
            }
            "priority_groups" => d.strings(value, &mut self.priority_groups),
            "priority_policy" => {
                let read = d.unmarshal(value, |raw| {
                    named::quoted(raw)
                        .and_then(PriorityPolicy::from_name)
                        .ok_or_else(|| {
                            format!("unknown priority policy: {}", String::from_utf8_lossy(raw))
                        })
                });
                self.priority_policy = read.unwrap_or_default();
            }
            "priority_timeout" => d.duration(value, &mut self.priority_timeout),
            _ => return false,
        }
        true
    }

    /// Writes the object; `own` adds what the server says about itself in `metadata`.
    pub fn write(&self, w: &mut Writer, own: bool) {
        w.open();
        w.filled("durable_name", &self.durable_name);
        w.filled("name", &self.name);
        w.filled("description", &self.description);
        w.key("deliver_policy").string(self.deliver_policy.name());
        w.filled("opt_start_seq", &self.opt_start_seq);
        w.filled("opt_start_time", &self.opt_start_time);
        w.key("ack_policy").string(self.ack_policy.name());
        w.filled("ack_wait", &self.ack_wait);
        w.filled("max_deliver", &self.max_deliver);
        w.filled("backoff", &self.backoff);
        w.filled("filter_subject", &self.filter_subject);
        w.filled("filter_subjects", &self.filter_subjects);
        w.key("replay_policy").string(self.replay_policy.name());
        w.filled("rate_limit_bps", &self.rate_limit_bps);
        w.filled("sample_freq", &self.sample_freq);
        w.filled("max_waiting", &self.max_waiting);
        w.filled("max_ack_pending", &self.max_ack_pending);
        w.filled("flow_control", &self.flow_control);
        w.filled("headers_only", &self.headers_only);
        w.filled("max_batch", &self.max_batch);
        w.filled("max_expires", &self.max_expires);
        w.filled("max_bytes", &self.max_bytes);
        w.filled("deliver_subject", &self.deliver_subject);
        w.filled("deliver_group", &self.deliver_group);
        w.filled("idle_heartbeat", &self.idle_heartbeat);
        w.filled("inactive_threshold", &self.inactive_threshold);
        w.key("num_replicas").int(self.num_replicas);
        w.filled("mem_storage", &self.mem_storage);
        w.filled("direct", &self.direct);
        w.filled("sourcing", &self.sourcing);
        write_metadata(w, &self.metadata, own);
        w.filled("pause_until", &self.pause_until);
        w.filled("priority_groups", &self.priority_groups);
        if self.priority_policy != PriorityPolicy::None {
            w.key("priority_policy").string(self.priority_policy.name());
        }
        w.filled("priority_timeout", &self.priority_timeout);
        w.close();
    }
}
