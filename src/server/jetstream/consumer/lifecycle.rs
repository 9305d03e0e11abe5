//! How a consumer comes, changes and goes: creation, updates, pauses and deletion.

use super::check::{check, check_update};
use super::config::{AckPolicy, Config};
use super::pin::Pin;
use super::{Consumer, Consumers, View};
use crate::server::core::{ConsumerId, Core};
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::store::Filters;
use crate::server::jetstream::stream::{Retention, StreamConfig, level};
use crate::server::journal::Record;
use crate::wire::json::Moment;
use crate::wire::subject;
use crate::wire::time::Time;

/// Consumers of a stream that sets no limit of its own.
const DEFAULT_MAX_CONSUMERS: usize = 1000;
/// Longest durable name, in bytes.
const MAX_NAME: usize = 255;

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
            // What reads for another stream begins again behind what that has acknowledged.
            if consumer.config.sourcing && consumer.reset(work, 0).is_ok() {
                consumer.start_due = true;
            }
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
        loop {
            let name = core.token();
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
        if action == Action::Create {
            // The level it needs as it was asked for does not make it another (`copyConsumerMetadata`).
            if let Some(level) = old.metadata.get(level::REQUIRED) {
                config
                    .metadata
                    .insert(level::REQUIRED.into(), level.clone());
            }
            if config != old {
                return fail(400, 10148, "consumer already exists");
            }
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
                consumer.count_pending(work.stream.store);
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
            // As nats-server has it, an empty stream begins anew where the consumer was to start beyond its end.
            let beyond = consumer.progress.shown_floor.stream > view.store.last_seq();
            self.orphaned = self.by_id.is_empty() || beyond && view.store.is_empty();
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
