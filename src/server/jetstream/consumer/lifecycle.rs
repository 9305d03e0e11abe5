//! How a consumer comes, changes and goes: creation with everything it listens to, updates, pauses, the inactivity
//! threshold and deletion.

use super::check::{check, check_update};
use super::config::{AckPolicy, Config, ReplayPolicy};
use super::deliver::Replay;
use super::pin::Pin;
use super::progress::Progress;
use super::push::{Flow, Rate};
use super::requests::Requests;
use super::{Consumer, Consumers, View, Work, start};
use crate::server::core::{ConsumerId, Core, Endpoint, Timer, Watcher};
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::journal::Record;
use crate::server::jetstream::store::Filters;
use crate::server::jetstream::stream::{Retention, StreamConfig};
use crate::wire::json::Moment;
use crate::wire::subject;
use crate::wire::time::Time;

/// Consumers of a stream that sets no limit of its own.
const DEFAULT_MAX_CONSUMERS: usize = 1000;
/// Longest durable name, in bytes.
const MAX_NAME: usize = 255;
/// Bytes a second that may go at once under a rate limit where messages have no limit of their own.
const MAX_PAYLOAD: i64 = 1024 * 1024;
/// How long after a change of the ack wait what waits is looked at, in nanoseconds.
const NEW_ACK_WAIT: i64 = 100_000_000;
/// The account's name as ack subjects of the second form have it.
const ACCOUNT_HASH: &str = "szMpdrwD";

/// `action` of a create request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Create, or update what exists.
    #[default]
    CreateOrUpdate,
    /// Create; what exists must be the same.
    Create,
    /// Update what exists.
    Update,
}

fn fail<T>(code: u16, err_code: u16, description: &str) -> Result<T, ApiError> {
    Err(ApiError::new(code, err_code, description))
}

impl Consumers {
    /// Creates or updates a consumer and returns its id. Delivery waits for [`Consumers::start`], so that the answer
    /// shows the state before it.
    ///
    /// # Errors
    /// What the API answers.
    pub fn create(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        mut config: Config,
        action: Action,
        pedantic: bool,
    ) -> Result<ConsumerId, ApiError> {
        config.set_required_level();
        config.set_defaults(view.config, pedantic)?;
        check(&config, view.config)?;
        let id = match self.by_name.get(config.asked_name()).copied() {
            Some(id) => {
                self.update(core, view, id, config, action)?;
                id
            }
            None if action == Action::Update => {
                return fail(400, 10149, "consumer does not exist");
            }
            None => {
                let name = self.admit(core, view, &config)?;
                self.add(core, view, name, config)
            }
        };
        self.with(core, view, id, |consumer, work| {
            if consumer.is_paused(work.core.now()) {
                consumer.advise_pause(work.core);
            }
        });
        Ok(id)
    }

    /// The name of a new consumer with this configuration, if there may be one.
    pub(super) fn admit(
        &self,
        core: &mut Core,
        view: View<'_>,
        config: &Config,
    ) -> Result<String, ApiError> {
        self.check_room(config, view.config)?;
        if config.durable_name.len() > MAX_NAME {
            return fail(
                400,
                10102,
                "consumer name is too long, maximum allowed is 255",
            );
        }
        Ok(match config.asked_name() {
            "" => self.fresh_name(core),
            name => name.to_owned(),
        })
    }

    /// May there be one more, with this configuration?
    fn check_room(&self, config: &Config, stream: &StreamConfig) -> Result<(), ApiError> {
        if config.direct || config.sourcing {
            return Ok(());
        }
        let limit = usize::try_from(stream.max_consumers)
            .ok()
            .filter(|limit| *limit > 0)
            .unwrap_or(DEFAULT_MAX_CONSUMERS);
        // Counted only when it may be too many.
        if self.len() >= limit && self.of_clients().count() >= limit {
            return fail(400, 10026, "maximum consumers limit reached");
        }
        if stream.retention != Retention::WorkQueue {
            return Ok(());
        }
        if !matches!(
            config.ack_policy,
            AckPolicy::Explicit | AckPolicy::FlowControl
        ) {
            return fail(400, 10098, "workqueue stream requires explicit ack");
        }
        if config.deliver_policy != super::DeliverPolicy::All {
            return fail(
                400,
                10101,
                "consumer must be deliver all on workqueue stream",
            );
        }
        if self.of_clients().next().is_some() && config.filters().is_empty() {
            let text = "multiple non-filtered consumers not allowed on workqueue stream";
            return fail(400, 10099, text);
        }
        self.check_unique(config, None)
    }

    fn of_clients(&self) -> impl Iterator<Item = &Consumer> {
        self.iter().filter(|consumer| !consumer.is_internal())
    }

    /// In a work queue no two consumers may want the same message.
    fn check_unique(&self, config: &Config, except: Option<ConsumerId>) -> Result<(), ApiError> {
        let collides = |other: &Consumer, filter: &str| {
            let own = other.config.filters();
            let overlaps = |own: &&str| subject::overlap(filter.as_bytes(), own.as_bytes());
            own.is_empty() || own.iter().any(overlaps)
        };
        let others = || self.of_clients().filter(|other| Some(other.id) != except);
        if config
            .filters()
            .iter()
            .any(|filter| others().any(|other| collides(other, filter)))
        {
            return fail(
                400,
                10100,
                "filtered consumer not unique on workqueue stream",
            );
        }
        Ok(())
    }

    fn fresh_name(&self, core: &mut Core) -> String {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        loop {
            let mut random = core.random();
            let mut name = String::with_capacity(8);
            for _ in 0..8 {
                name.push(char::from(DIGITS[(random % 62) as usize]));
                random /= 62;
            }
            if !self.by_name.contains_key(&name) {
                return name;
            }
        }
    }

    fn add(&mut self, core: &mut Core, view: View<'_>, name: String, config: Config) -> ConsumerId {
        let id = self.insert(core, view, name, config);
        self.with(core, view, id, |consumer, work| {
            consumer.start_timers(work);
            consumer.advise_created(work.core);
        });
        if let Some(consumer) = self.by_id.get(&id) {
            consumer.record_config(core, view.id, view.config);
        }
        id
    }

    /// Puts a consumer in that does nothing yet.
    pub(super) fn insert(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        name: String,
        config: Config,
    ) -> ConsumerId {
        let id = self.place(core, view, name, config);
        self.with(core, view, id, Consumer::listen);
        id
    }

    /// Puts a consumer in that does not even listen yet.
    pub(super) fn place(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        name: String,
        config: Config,
    ) -> ConsumerId {
        // The real server opens two internal clients for a consumer; client ids show it.
        let id = core.next_client_id();
        core.next_client_id();
        let mut consumer = Consumer::new(core, view, id, name, config);
        for filter in index(&consumer.config) {
            self.filters.insert(filter.as_bytes(), id);
        }
        consumer.count_pending(view.store);
        self.by_name.insert(consumer.name.clone(), id);
        self.by_id.insert(id, Box::new(consumer));
        id
    }

    /// Has a consumer that reads for another stream start again at its ack floor, and returns where that is. Delivery waits
    /// for [`Consumers::start`].
    pub fn restart(&mut self, core: &mut Core, view: View<'_>, id: ConsumerId) -> u64 {
        let mut next = 0;
        self.with(core, view, id, |consumer, work| {
            next = consumer.reset(work, 0).unwrap_or(0);
            consumer.start_due = true;
        });
        next
    }

    /// Lets delivery begin, or go on if an update gave reason to.
    pub fn start(&mut self, core: &mut Core, view: View<'_>, id: ConsumerId) {
        self.with(core, view, id, |consumer, work| {
            if std::mem::take(&mut consumer.start_due) {
                consumer.deliver(work);
            }
        });
    }

    fn update(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        id: ConsumerId,
        mut config: Config,
        action: Action,
    ) -> Result<(), ApiError> {
        let Some(old) = self.by_id.get(&id).map(|consumer| consumer.config.clone()) else {
            return Ok(());
        };
        if action == Action::Create && config != old {
            return fail(400, 10148, "consumer already exists");
        }
        if view.config.retention == Retention::WorkQueue && !config.sourcing {
            self.check_unique(&config, Some(id))?;
        }
        if config == old {
            return Ok(());
        }
        let bound = old.is_push() && core.has_interest(old.deliver_subject.as_bytes());
        check_update(&old, &config, bound)?;
        config.pause_until = config.pause_until.map(in_utc);
        let refilter = config.filters() != old.filters();
        if let Some(consumer) = self.by_id.get_mut(&id).filter(|_| refilter) {
            for filter in index(&consumer.config) {
                self.filters.remove(filter.as_bytes(), &id);
            }
            consumer.filters = Filters::new(config.filters());
            for filter in index(&config) {
                self.filters.insert(filter.as_bytes(), id);
            }
        }
        self.with(core, view, id, |consumer, work| {
            consumer.change(work, &old, config);
            if refilter {
                consumer.count_pending(work.store);
                consumer.settle_all(work);
            }
        });
        Ok(())
    }

    /// Sets or clears the end of a consumer's pause and returns its id, if there is such a consumer.
    pub fn pause(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        name: &str,
        until: Option<Moment>,
    ) -> Option<ConsumerId> {
        let id = self.by_name.get(name).copied()?;
        self.with(core, view, id, |consumer, work| {
            let mut config = consumer.config.clone();
            let until = until.filter(|until| !until.is_zero());
            config.pause_until = until.map(Moment::clamped).map(in_utc);
            config.set_required_level();
            let old = consumer.config.clone();
            consumer.change(work, &old, config);
        });
        Some(id)
    }

    /// Takes the pin from a consumer's client and returns its id, if there is such a consumer.
    pub fn unpin(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        name: &str,
        group: &str,
    ) -> Option<ConsumerId> {
        let id = self.by_name.get(name).copied()?;
        self.with(core, view, id, |consumer, work| {
            consumer.pin = Pin::default();
            consumer.advise_unpinned(work.core, group, "admin");
            consumer.start_due = true;
        });
        Some(id)
    }

    /// Deletes a consumer. False if there is no such consumer.
    pub fn delete(&mut self, core: &mut Core, view: View<'_>, name: &str) -> bool {
        let Some(id) = self.by_name.get(name).copied() else {
            return false;
        };
        self.remove(core, view, id);
        true
    }

    pub(super) fn remove(&mut self, core: &mut Core, view: View<'_>, id: ConsumerId) {
        let Some(mut consumer) = self.by_id.remove(&id) else {
            return;
        };
        self.by_name.remove(&consumer.name);
        for filter in index(&consumer.config) {
            self.filters.remove(filter.as_bytes(), &id);
        }
        if consumer.is_saved(view.config) {
            core.record(Record::ConsumerGone {
                stream: view.id,
                id,
            });
        }
        consumer.advise_deleted(core);
        consumer.end_requests(core, "409 Consumer Deleted", false);
        consumer.unlisten(core, view.id);
        if view.config.retention == Retention::Interest {
            self.orphaned = self.by_id.is_empty();
            let left = view.store.from(consumer.progress.floor.stream);
            self.settled.extend(left.map(|(seq, _)| seq));
        }
    }

    /// The stream is being deleted, and its consumers with it.
    pub fn remove_all(&mut self, core: &mut Core, view: View<'_>) {
        let ids: Vec<ConsumerId> = self.by_name.values().copied().collect();
        for id in ids {
            self.remove(core, view, id);
        }
        self.settled.clear();
    }

    /// The server stops: whoever waits for messages is told.
    pub fn shut_down(&mut self, core: &mut Core) {
        for consumer in self.by_id.values_mut() {
            consumer.end_requests(core, "409 Server Shutdown", true);
        }
    }
}

impl Consumer {
    fn new(core: &Core, view: View<'_>, id: ConsumerId, name: String, config: Config) -> Consumer {
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
    fn subscriptions(&self, stream: crate::server::core::StreamId) -> Vec<(String, Endpoint)> {
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
        for (subject, endpoint) in self.subscriptions(work.stream) {
            work.core.subscribe(subject.as_bytes(), endpoint);
        }
        if self.config.is_push() {
            let subject = self.config.deliver_subject.as_bytes();
            work.core
                .watch_interest(subject, Watcher::Consumer(work.stream, self.id));
        }
    }

    fn unlisten(&mut self, core: &mut Core, stream: crate::server::core::StreamId) {
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

    fn start_timers(&mut self, work: &mut Work<'_>) {
        self.set_threshold(work.core, self.config.is_durable());
        if self.config.is_push() {
            self.set_active(work, self.active);
            if self.config.idle_heartbeat > 0 {
                let at = work.core.now().after(self.config.idle_heartbeat);
                work.core
                    .set_timer(Timer::ConsumerHeartbeat(work.stream, self.id), Some(at));
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
            .set_timer(Timer::ConsumerPause(work.stream, self.id), until);
    }

    /// Takes a new configuration that passed its checks.
    fn change(&mut self, work: &mut Work<'_>, old: &Config, config: Config) {
        self.config = config;
        if self.config.deliver_subject != old.deliver_subject {
            self.redeliver_all(work);
            work.core.unwatch_interest(
                old.deliver_subject.as_bytes(),
                Watcher::Consumer(work.stream, self.id),
            );
            let subject = self.config.deliver_subject.as_bytes();
            work.core
                .watch_interest(subject, Watcher::Consumer(work.stream, self.id));
            self.group.clone_from(&old.deliver_group);
            self.set_active(work, self.has_interest(work.core));
        }
        self.start_due |= self.config.max_ack_pending != old.max_ack_pending
            || self.config.deliver_subject != old.deliver_subject;
        if self.config.ack_wait != old.ack_wait && self.ack_timer.is_some() {
            let at = work.core.now().after(NEW_ACK_WAIT);
            self.set_ack_timer(work, Some(at));
        }
        if self.config.rate_limit_bps != old.rate_limit_bps {
            self.rate = rate_of(&self.config, work.config, work.core.now());
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
        self.record_config(work.core, work.stream, work.config);
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
    fn settle_all(&self, work: &mut Work<'_>) {
        if work.config.retention == Retention::Interest {
            let left = work.store.from(self.progress.floor.stream);
            work.settled.extend(left.map(|(seq, _)| seq));
        }
    }
}

/// The end of a pause in UTC. What nanoseconds cannot count stays as it was given.
fn in_utc(until: Moment) -> Moment {
    match until.time {
        Time(i64::MIN | i64::MAX) => until,
        time => Moment::utc(time),
    }
}

/// A consumer's filters as the index of its stream has them.
fn index(config: &Config) -> Vec<&str> {
    let filters = config.filters();
    if filters.is_empty() {
        vec![">"]
    } else {
        filters
    }
}

fn rate_of(config: &Config, stream: &StreamConfig, now: Time) -> Option<Rate> {
    let burst = if stream.max_msg_size > 0 {
        stream.max_msg_size
    } else {
        MAX_PAYLOAD
    };
    let rate = config.rate_limit_bps;
    (rate > 0).then(|| Rate::new(rate, burst as u64, now))
}
