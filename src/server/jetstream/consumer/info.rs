//! A consumer described: the consumer info object of the API.

use super::progress::Position;
use super::{Consumer, View};
use crate::server::core::Core;
use crate::server::jetstream::store::{Storage, Store};
use crate::wire::json::Writer;
use crate::wire::time::Time;

impl Consumer {
    /// Writes the members of the info object into one that is open. `own`: as [`super::Config::write`]. Who is asked looks at
    /// its requests and brings `num_pending` within what the stream can hold, for good, as in nats-server.
    pub(in crate::server::jetstream) fn write_info(
        &mut self,
        w: &mut Writer,
        core: &mut Core,
        view: View<'_>,
        own: bool,
    ) {
        self.clamp_pending(view.store);
        self.prune_requests(core, false);
        let now = core.now();
        let progress = &self.progress;
        w.key("stream_name")
            .string(&self.stream)
            .key("name")
            .string(&self.name);
        w.key("created").time(Some(self.created)).key("config");
        self.config.write(w, own);
        let (delivered, floor) = self.shown(view);
        write_position(w, "delivered", delivered, progress.last_delivered);
        write_position(w, "ack_floor", floor, progress.last_acked);
        w.key("num_ack_pending").uint(progress.pending.len() as u64);
        let redelivered = if self.config.max_deliver == 1 {
            0
        } else {
            progress.redelivered.len()
        };
        w.key("num_redelivered").uint(redelivered as u64);
        w.key("num_waiting").uint(self.requests.queue.len() as u64);
        w.key("num_pending").uint(self.num_pending.max(0) as u64);
        if self.active {
            w.key("push_bound").bool(true);
        }
        if let Some(remaining) = self.pause_remaining(now) {
            w.key("paused")
                .bool(true)
                .key("pause_remaining")
                .int(remaining);
        }
        w.key("ts").time(Some(now));
        if let Some(group) = self.config.priority_groups.first() {
            w.key("priority_groups").open_list().open();
            w.key("group").string(group);
            if !self.pin.id.is_empty() {
                w.key("pinned_client_id").string(&self.pin.id);
            }
            w.key("pinned_ts").time(self.pin.since);
            w.close().close_list();
        }
    }

    /// `delivered` and `ack_floor`. Memory consumers and direct ones show where they look before anything was delivered.
    fn shown(&self, view: View<'_>) -> (Position, Position) {
        let progress = &self.progress;
        if self.config.direct {
            return (progress.before_next(), progress.floor);
        }
        let memory = view.config.storage == Storage::Memory || self.config.mem_storage;
        let fresh = progress.shown_delivered == Position::default();
        let delivered = if memory && fresh {
            progress.before_next()
        } else {
            progress.shown_delivered
        };
        (delivered, progress.shown_floor)
    }

    fn clamp_pending(&mut self, store: &Store) {
        let (next, last) = (self.progress.next_stream, store.last_seq());
        if next > last {
            self.num_pending = 0;
        } else if self.num_pending > 0 {
            let most = store.len().min(last - next + 1);
            self.num_pending = self.num_pending.min(most as i64);
        }
    }

    /// Nanoseconds until the pause is over, while it lasts.
    pub(in crate::server::jetstream) fn pause_remaining(&self, now: Time) -> Option<i64> {
        let until = self.config.pause_until.as_ref()?;
        (now < until.time).then(|| match until.time {
            Time(i64::MAX) => i64::MAX,
            time => time.since(now),
        })
    }
}

fn write_position(w: &mut Writer, name: &str, position: Position, last: Option<Time>) {
    w.key(name).open();
    w.key("consumer_seq")
        .uint(position.consumer)
        .key("stream_seq")
        .uint(position.stream);
    if last.is_some() {
        w.key("last_active").time(last);
    }
    w.close();
}
