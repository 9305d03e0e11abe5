//! What a consumer tells whoever listens to `$JS.EVENT.…`: advisories and ack metrics.

use super::Consumer;
use crate::server::core::Core;
use crate::server::jetstream::advisory::advise;
use crate::wire::json::{Moment, Writer};

/// Priority events name the account; there is one.
const ACCOUNT: &str = "$G";

impl Consumer {
    /// Sends an event to `$JS.EVENT.<place>.<stream>.<consumer>`; `fields` writes what follows the common members.
    fn advise(&self, core: &mut Core, place: &str, kind: &str, fields: &dyn Fn(&mut Writer)) {
        let (stream, name) = (&self.stream, &self.name);
        let subject = format!("{place}.{stream}.{name}");
        advise(core, &subject, kind, false, &|w, _| {
            if kind.contains("group") {
                w.key("account").string(ACCOUNT);
            }
            w.key("stream").string(stream).key("consumer").string(name);
            fields(w);
        });
    }

    pub(super) fn advise_created(&self, core: &mut Core) {
        self.advise(
            core,
            "ADVISORY.CONSUMER.CREATED",
            "advisory.v1.consumer_action",
            &|w| {
                w.key("action").string("create");
            },
        );
    }

    pub(super) fn advise_deleted(&self, core: &mut Core) {
        self.advise(
            core,
            "ADVISORY.CONSUMER.DELETED",
            "advisory.v1.consumer_action",
            &|w| {
                w.key("action").string("delete");
            },
        );
    }

    pub(super) fn advise_pause(&self, core: &mut Core) {
        let paused = self.is_paused(core.now());
        self.advise(
            core,
            "ADVISORY.CONSUMER.PAUSE",
            "advisory.v1.consumer_pause",
            &|w| {
                w.key("paused").bool(paused).key("pause_until");
                write_moment(w, self.config.pause_until.as_ref());
            },
        );
    }

    pub(super) fn advise_pinned(&self, core: &mut Core, group: &str) {
        let suffix = "advisory.v1.consumer_group_pinned";
        self.advise(core, "ADVISORY.CONSUMER.PINNED", suffix, &|w| {
            w.key("group")
                .string(group)
                .key("pinned_id")
                .string(&self.pin.id);
        });
    }

    pub(super) fn advise_unpinned(&self, core: &mut Core, group: &str, reason: &str) {
        let suffix = "advisory.v1.consumer_group_unpinned";
        self.advise(core, "ADVISORY.CONSUMER.UNPINNED", suffix, &|w| {
            w.key("group").string(group).key("reason").string(reason);
        });
    }

    pub(super) fn advise_max_deliveries(&self, core: &mut Core, seq: u64, deliveries: u64) {
        self.advise(
            core,
            "ADVISORY.CONSUMER.MAX_DELIVERIES",
            "advisory.v1.max_deliver",
            &|w| {
                w.key("stream_seq")
                    .uint(seq)
                    .key("deliveries")
                    .uint(deliveries);
            },
        );
    }

    pub(super) fn advise_nak(&self, core: &mut Core, seq: u64, consumer: u64, deliveries: u64) {
        self.advise(
            core,
            "ADVISORY.CONSUMER.MSG_NAKED",
            "advisory.v1.nak",
            &|w| {
                w.key("consumer_seq")
                    .uint(consumer)
                    .key("stream_seq")
                    .uint(seq);
                w.key("deliveries").uint(deliveries);
            },
        );
    }

    pub(super) fn advise_terminated(
        &self,
        core: &mut Core,
        seq: u64,
        consumer: u64,
        deliveries: u64,
        reason: &[u8],
    ) {
        self.advise(
            core,
            "ADVISORY.CONSUMER.MSG_TERMINATED",
            "advisory.v1.terminated",
            &|w| {
                w.key("consumer_seq")
                    .uint(consumer)
                    .key("stream_seq")
                    .uint(seq);
                w.key("deliveries").uint(deliveries);
                if !reason.is_empty() {
                    w.key("reason").bytes(reason);
                }
            },
        );
    }

    /// `METRIC.CONSUMER.ACK`, for as many acks in a hundred as `sample_freq` says.
    pub(super) fn sample_ack(
        &self,
        core: &mut Core,
        seq: u64,
        consumer: u64,
        deliveries: u64,
        ack_time: i64,
    ) {
        let percent = self.config.sample_percent();
        if percent <= 0 || (percent < 100 && (core.random() % 100) as i64 > percent) {
            return;
        }
        self.advise(
            core,
            "METRIC.CONSUMER.ACK",
            "metric.v1.consumer_ack",
            &|w| {
                w.key("consumer_seq")
                    .uint(consumer)
                    .key("stream_seq")
                    .uint(seq);
                w.key("ack_time")
                    .int(ack_time)
                    .key("deliveries")
                    .uint(deliveries);
            },
        );
    }
}

/// A time in UTC; Go's zero time if there is none.
fn write_moment(w: &mut Writer, moment: Option<&Moment>) {
    match moment {
        Some(moment) => w.string(&moment.text),
        None => w.time(None),
    };
}
