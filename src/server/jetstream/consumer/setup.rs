//! One consumer set up, changed and taken down: what it listens to and which of its timers run. Whether it may be is
//! decided before.

use super::config::{AckPolicy, Config, ReplayPolicy};
use super::deliver::Replay;
use super::pin::Pin;
use super::progress::Progress;
use super::push::{Flow, Rate};
use super::requests::Requests;
use super::{Consumer, View, Work, start};
use crate::server::MAX_PAYLOAD;
use crate::server::core::{ConsumerId, Core, Endpoint, StreamId, Timer, Watcher};
use crate::server::jetstream::store::Filters;
use crate::server::jetstream::stream::{Retention, StreamConfig};
use crate::wire::time::Time;

/// How long after a change of the ack wait what waits is looked at, in nanoseconds.
const NEW_ACK_WAIT: i64 = 100_000_000;
/// The account's name as ack subjects of the second form have it.
const ACCOUNT_HASH: &str = "szMpdrwD";

impl Consumer {
    pub(super) fn new(
        core: &Core,
        view: View<'_>,
        id: ConsumerId,
        name: String,
        config: Config,
    ) -> Consumer {
        let now = core.now();
        let stream = view.config.name.clone();
        let filters = Filters::new(config.filters());
        let (next, skip_list) = start::select(&config, &filters, view.config, view.store);
        let ack_reply = format!("$JS.ACK.{stream}.{name}").into_bytes();
        let replay = (config.replay_policy == ReplayPolicy::Original).then(|| Replay {
            until: view.store.last_seq(),
            last: None,
        });
        let mut consumer = Consumer {
            id,
            stream,
            name,
            created: now,
            filters,
            progress: Progress::starting_at(next),
            num_pending: 0,
            counted_to: 0,
            stored: None,
            skip_list,
            active: false,
            group: config.deliver_group.clone(),
            flow: Flow::new(config.flow_control),
            rate: rate_of(&config, view.config, now),
            last_sent: now,
            requests: Requests::default(),
            requests_timer: None,
            pin: Pin::default(),
            replay,
            held: None,
            start_due: true,
            ack_timer: None,
            threshold: 0,
            going: false,
            ack_prefix: ack_reply.len(),
            ack_reply,
            config,
        };
        consumer.active = consumer.has_interest(core);
        consumer
    }

    /// What it subscribes to, beside the deliver subject.
    fn subscriptions(&self, stream: StreamId) -> Vec<(String, Endpoint)> {
        let (id, own) = (self.id, format!("{}.{}", self.stream, self.name));
        let second = format!("_.{ACCOUNT_HASH}.{own}");
        let mut list = vec![
            (
                format!("$JS.API.CONSUMER.MSG.NEXT.{own}"),
                Endpoint::ConsumerNext(stream, id),
            ),
            (
                format!("$JS.API.CONSUMER.RESET.{own}"),
                Endpoint::ConsumerReset(stream, id),
            ),
        ];
        if matches!(self.config.ack_policy, AckPolicy::Explicit | AckPolicy::All) {
            let endpoint = Endpoint::ConsumerAck(stream, id);
            list.push((format!("$JS.ACK.{own}.*.*.*.*.*"), endpoint));
            list.push((format!("$JS.ACK.{second}.*.*.*.*.>"), endpoint));
        }
        if self.config.flow_control {
            let endpoint = Endpoint::ConsumerFlow(stream, id);
            list.push((format!("$JS.FC.{own}.*"), endpoint));
            list.push((format!("$JS.FC.{second}.*"), endpoint));
        }
        list
    }

    /// Where flow control requests are answered, with the dot before their four characters.
    pub(super) fn flow_prefix(&self) -> Vec<u8> {
        format!("$JS.FC.{}.{}.", self.stream, self.name).into_bytes()
    }

    pub(super) fn listen(&mut self, work: &mut Work<'_>) {
        for (subject, endpoint) in self.subscriptions(work.stream.id) {
            work.core.subscribe(subject.as_bytes(), endpoint);
        }
        if self.config.is_push() {
            let subject = self.config.deliver_subject.as_bytes();
            work.core
                .watch_interest(subject, Watcher::Consumer(work.stream.id, self.id));
        }
    }

    pub(super) fn unlisten(&mut self, core: &mut Core, stream: StreamId) {
        for (subject, endpoint) in self.subscriptions(stream) {
            core.unsubscribe(subject.as_bytes(), endpoint);
        }
        if self.config.is_push() {
            core.unwatch_interest(
                self.config.deliver_subject.as_bytes(),
                Watcher::Consumer(stream, self.id),
            );
        }
        for timer in [
            Timer::ConsumerAckWait(stream, self.id),
            Timer::ConsumerHeartbeat(stream, self.id),
            Timer::ConsumerRequests(stream, self.id),
            Timer::ConsumerInactive(stream, self.id),
            Timer::ConsumerPause(stream, self.id),
            Timer::ConsumerDeliver(stream, self.id),
        ] {
            core.set_timer(timer, None);
        }
    }

    pub(super) fn start_timers(&mut self, work: &mut Work<'_>) {
        self.set_threshold(work.core, self.config.is_durable());
        if self.config.is_push() {
            self.set_active(work, self.active);
            if self.config.idle_heartbeat > 0 {
                let at = work.core.now().after(self.config.idle_heartbeat);
                work.core
                    .set_timer(Timer::ConsumerHeartbeat(work.stream.id, self.id), Some(at));
            }
        } else {
            self.restart_inactivity(work);
        }
        self.set_pause_timer(work);
    }

    fn set_pause_timer(&self, work: &mut Work<'_>) {
        let now = work.core.now();
        let until = self.config.pause_until.as_ref().map(|until| until.time);
        let until = until.filter(|until| now < *until);
        work.core
            .set_timer(Timer::ConsumerPause(work.stream.id, self.id), until);
    }

    /// Takes a new configuration that passed its checks.
    pub(super) fn change(&mut self, work: &mut Work<'_>, old: &Config, config: Config) {
        let moves = config.deliver_subject != old.deliver_subject;
        if moves {
            // As often as it was to be delivered before.
            self.redeliver_all(work);
        }
        self.config = config;
        if moves {
            work.core.unwatch_interest(
                old.deliver_subject.as_bytes(),
                Watcher::Consumer(work.stream.id, self.id),
            );
            let subject = self.config.deliver_subject.as_bytes();
            work.core
                .watch_interest(subject, Watcher::Consumer(work.stream.id, self.id));
            self.group.clone_from(&old.deliver_group);
            self.set_active(work, self.has_interest(work.core));
        }
        self.start_due |= self.config.max_ack_pending != old.max_ack_pending || moves;
        if self.config.ack_wait != old.ack_wait && self.ack_timer.is_some() {
            let at = work.core.now().after(NEW_ACK_WAIT);
            self.set_ack_timer(work, Some(at));
        }
        if self.config.rate_limit_bps != old.rate_limit_bps {
            self.rate = rate_of(&self.config, work.stream.config, work.core.now());
        }
        if self.config.inactive_threshold != old.inactive_threshold {
            self.set_threshold(work.core, old.is_durable());
            self.restart_inactivity(work);
        }
        let end = |config: &Config| {
            config
                .pause_until
                .as_ref()
                .map_or(Time(i64::MIN), |at| at.time)
        };
        if end(&self.config) != end(old) {
            self.set_pause_timer(work);
            self.advise_pause(work.core);
        }
        self.record_config(work.core, work.stream.id, work.stream.config);
    }

    /// It is back after a restart of the server: its timers run again.
    pub(super) fn resume(&mut self, work: &mut Work<'_>) {
        self.start_timers(work);
        if !self.progress.pending.is_empty() {
            // Some ack waits may be over by now.
            self.arm_ack_timer(work, work.core.now());
        }
    }

    /// Retention interest: messages that it no longer wants may go.
    pub(super) fn settle_all(&self, work: &mut Work<'_>) {
        if work.stream.config.retention == Retention::Interest {
            let left = work.stream.store.from(self.progress.floor.stream);
            work.settled.extend(left.map(|(seq, _)| seq));
        }
    }
}

fn rate_of(config: &Config, stream: &StreamConfig, now: Time) -> Option<Rate> {
    // What may go at once.
    let burst = if stream.max_msg_size > 0 {
        stream.max_msg_size as u64
    } else {
        MAX_PAYLOAD as u64
    };
    let rate = config.rate_limit_bps;
    (rate > 0).then(|| Rate::new(rate, burst, now))
}
