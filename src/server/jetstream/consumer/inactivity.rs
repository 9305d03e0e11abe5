//! The inactivity threshold: how long a consumer stays when nobody seems to be there.

use super::{Consumer, Work};
use crate::server::core::{Core, Timer};

/// `inactive_threshold` of an ephemeral that names none, in nanoseconds.
const DEFAULT_THRESHOLD: i64 = 5_000_000_000;
/// What the server adds to it: this and up to `JITTER` more, in nanoseconds.
const MIN_JITTER: i64 = 100_000_000;
const JITTER: u64 = 900_000_000;

impl Consumer {
    /// Works out how long the consumer stays without interest, and shows the default for ephemerals: for what was one before
    /// the update, as in nats-server.
    pub(super) fn set_threshold(&mut self, core: &mut Core, durable: bool) {
        let default = !durable && self.config.inactive_threshold <= 0;
        if default {
            self.config.inactive_threshold = DEFAULT_THRESHOLD;
        }
        self.threshold = self.config.inactive_threshold;
        if self.threshold > 0 && (default || !self.config.is_push()) {
            let jitter = MIN_JITTER + (core.random() % JITTER) as i64;
            self.threshold = self.threshold.saturating_add(jitter);
        }
    }

    /// Counts the inactivity from now.
    pub(super) fn restart_inactivity(&mut self, work: &mut Work<'_>) {
        self.going = self.threshold > 0;
        let at = self.going.then(|| work.core.now().after(self.threshold));
        work.core
            .set_timer(Timer::ConsumerInactive(work.stream.id, self.id), at);
    }

    /// An ack came: somebody is there.
    pub(super) fn show_life(&mut self, work: &mut Work<'_>) {
        if !self.config.is_push() {
            self.requests.last_active = work.core.now();
        }
        if self.config.inactive_threshold > 0 && self.going {
            self.restart_inactivity(work);
        }
    }

    /// The inactivity timer fired: is it time to go? If not, the timer is set again.
    pub(super) fn is_over(&mut self, work: &mut Work<'_>) -> bool {
        self.going = false;
        if self.config.is_push() {
            return !self.active;
        }
        self.prune_requests(work.core, true);
        let now = work.core.now();
        let idle = now.since(self.requests.last_active);
        let mut wait = 0;
        if !self.requests.queue.is_empty() {
            wait = self.threshold;
        } else if idle < self.threshold {
            wait = self.threshold - idle;
        } else {
            for (seq, pending) in &self.progress.pending {
                let again = self.progress.redelivered.get(seq).copied().unwrap_or(0);
                let due = pending
                    .since
                    .after(self.ack_wait(again))
                    .after(self.threshold);
                wait = wait.max(due.since(now));
            }
        }
        if wait > 0 {
            self.going = true;
            let timer = Timer::ConsumerInactive(work.stream.id, self.id);
            work.core.set_timer(timer, Some(now.after(wait)));
        }
        wait <= 0
    }
}
