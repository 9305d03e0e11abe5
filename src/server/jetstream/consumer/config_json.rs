//! `ConsumerConfig` in JSON, in and out. Must not know what the fields mean.

use super::config::{AckPolicy, Config, DeliverPolicy, PriorityPolicy, ReplayPolicy};
use crate::server::jetstream::stream::write_metadata;
use crate::wire::json::{Decoder, Moment, Value, Writer};

/// Reads one of the enumerations; null and numbers are errors, too.
fn policy<T>(
    decoder: &mut Decoder,
    value: Value<'_>,
    into: &mut T,
    from_name: impl Fn(&str) -> Option<T>,
) {
    let read = decoder.unmarshal(value, |raw| {
        quoted(raw)
            .and_then(from_name)
            .ok_or_else(|| Decoder::bad_enum(raw))
    });
    if let Some(read) = read {
        *into = read;
    }
}

/// What stands between quotes, as text.
fn quoted(raw: &[u8]) -> Option<&str> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(inner).ok()
}

impl Config {
    /// Reads the member `name`, in lower case. False if there is no such field.
    pub fn decode(&mut self, d: &mut Decoder, name: &str, value: Value<'_>) -> bool {
        match name {
            "durable_name" => d.string(value, &mut self.durable_name),
            "name" => d.string(value, &mut self.name),
            "description" => d.string(value, &mut self.description),
            "deliver_policy" => policy(d, value, &mut self.deliver_policy, |name| match name {
                "undefined" => Some(DeliverPolicy::All),
                name => DeliverPolicy::from_name(name),
            }),
            "opt_start_seq" => d.uint64(value, &mut self.opt_start_seq),
            "opt_start_time" => d.moment(value, &mut self.opt_start_time),
            "ack_policy" => policy(d, value, &mut self.ack_policy, AckPolicy::from_name),
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
            "replay_policy" => policy(d, value, &mut self.replay_policy, ReplayPolicy::from_name),
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
                    quoted(raw)
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
        let mut w = Fields(w);
        w.0.open();
        w.text("durable_name", &self.durable_name);
        w.text("name", &self.name);
        w.text("description", &self.description);
        w.0.key("deliver_policy").string(self.deliver_policy.name());
        w.number("opt_start_seq", self.opt_start_seq);
        w.moment("opt_start_time", &self.opt_start_time);
        w.0.key("ack_policy").string(self.ack_policy.name());
        w.int("ack_wait", self.ack_wait);
        w.int("max_deliver", self.max_deliver);
        if !self.backoff.is_empty() {
            w.0.key("backoff").open_list();
            for wait in &self.backoff {
                w.0.int(*wait);
            }
            w.0.close_list();
        }
        w.text("filter_subject", &self.filter_subject);
        w.texts("filter_subjects", &self.filter_subjects);
        w.0.key("replay_policy").string(self.replay_policy.name());
        w.number("rate_limit_bps", self.rate_limit_bps);
        w.text("sample_freq", &self.sample_freq);
        w.int("max_waiting", self.max_waiting);
        w.int("max_ack_pending", self.max_ack_pending);
        w.flag("flow_control", self.flow_control);
        w.flag("headers_only", self.headers_only);
        w.int("max_batch", self.max_batch);
        w.int("max_expires", self.max_expires);
        w.int("max_bytes", self.max_bytes);
        w.text("deliver_subject", &self.deliver_subject);
        w.text("deliver_group", &self.deliver_group);
        w.int("idle_heartbeat", self.idle_heartbeat);
        w.int("inactive_threshold", self.inactive_threshold);
        w.0.key("num_replicas").int(self.num_replicas);
        w.flag("mem_storage", self.mem_storage);
        w.flag("direct", self.direct);
        w.flag("sourcing", self.sourcing);
        write_metadata(w.0, &self.metadata, own);
        w.moment("pause_until", &self.pause_until);
        w.texts("priority_groups", &self.priority_groups);
        if self.priority_policy != PriorityPolicy::None {
            w.0.key("priority_policy")
                .string(self.priority_policy.name());
        }
        w.int("priority_timeout", self.priority_timeout);
        w.0.close();
    }
}

/// Members that are left out when they say nothing.
struct Fields<'a>(&'a mut Writer);

impl Fields<'_> {
    fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.0.key(name).string(value);
        }
    }

    fn texts(&mut self, name: &str, values: &[String]) {
        if !values.is_empty() {
            self.0.key(name).strings(values);
        }
    }

    fn int(&mut self, name: &str, value: i64) {
        if value != 0 {
            self.0.key(name).int(value);
        }
    }

    fn number(&mut self, name: &str, value: u64) {
        if value != 0 {
            self.0.key(name).uint(value);
        }
    }

    fn flag(&mut self, name: &str, value: bool) {
        if value {
            self.0.key(name).bool(true);
        }
    }

    fn moment(&mut self, name: &str, value: &Option<Moment>) {
        if let Some(moment) = value {
            self.0.key(name).string(&moment.text);
        }
    }
}
