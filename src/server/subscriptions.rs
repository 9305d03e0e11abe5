//! Who is subscribed to what, clients and the server's own [`Endpoint`]s, and whom it concerns when readers of a subject come
//! or go. Must not know how a message is delivered.

use std::collections::VecDeque;

use super::ConnectionId;
use super::endpoints::{Endpoint, Watcher};
use super::routes::Routes;
use crate::wire::sorted::Sorted;

/// Names a subscription while it exists.
pub type SubscriptionId = usize;

/// A subscription in the routes.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub owner: Owner,
    /// Grows from one to the next: the order of those on one subject.
    number: u64,
    pub subject: Box<[u8]>,
    /// Queue group.
    pub queue: Option<Box<[u8]>>,
    /// Messages delivered since the SUB.
    pub delivered: u64,
    /// Ends by itself when `delivered` reaches this; 0 is never.
    pub max: u64,
}

impl Subscription {
    /// One that has got nothing yet, and does not end by itself.
    pub fn new(owner: Owner, subject: &[u8], queue: Option<&[u8]>) -> Subscription {
        Subscription {
            owner,
            number: 0,
            subject: subject.into(),
            queue: queue.map(Into::into),
            delivered: 0,
            max: 0,
        }
    }
}

/// Whose subscription it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Client {
        connection: ConnectionId,
        sid: Box<[u8]>,
    },
    Internal(Endpoint),
}

impl Owner {
    /// Whether consumers deliver to it: clients, streams that read others, and those that have the subject for one of theirs.
    fn is_reader(&self) -> bool {
        matches!(
            self,
            Owner::Client { .. } | Owner::Internal(Endpoint::Follow(_) | Endpoint::Stream(_))
        )
    }
}

/// All subscriptions.
#[derive(Clone, Debug, Default)]
pub struct Subscriptions {
    all: Vec<Option<Subscription>>,
    free: Vec<SubscriptionId>,
    /// By their number, as ids are used again.
    routes: Routes<(u64, SubscriptionId)>,
    last_number: u64,
    /// Those that ended so far.
    pub ended: u64,
    /// Whom to tell about readers of a subject.
    watched: Sorted<Box<[u8]>, Vec<Watcher>>,
    /// Those whose interest changed, to be told after the current step.
    pub changed: VecDeque<Watcher>,
}

impl Subscriptions {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (SubscriptionId, &Subscription)> {
        let there = |(id, subscription)| Some((id, Option::as_ref(subscription)?));
        self.all.iter().enumerate().filter_map(there)
    }

    pub fn get(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.all.get(id)?.as_ref()
    }

    pub fn get_mut(&mut self, id: SubscriptionId) -> Option<&mut Subscription> {
        self.all.get_mut(id)?.as_mut()
    }

    /// Adds one; `None` if its subject is malformed.
    pub fn add(&mut self, mut subscription: Subscription) -> Option<SubscriptionId> {
        self.last_number += 1;
        subscription.number = self.last_number;
        let id = self.free.last().copied().unwrap_or(self.all.len());
        let value = (subscription.number, id);
        if !self.routes.insert(&subscription.subject, value) {
            return None;
        }
        self.interest_changed(&subscription);
        if self.free.pop().is_some() {
            self.all[id] = Some(subscription);
        } else {
            self.all.push(Some(subscription));
        }
        Some(id)
    }

    /// Removes one (not from its connection).
    pub fn remove(&mut self, id: SubscriptionId) {
        if let Some(subscription) = self.all.get_mut(id).and_then(Option::take) {
            let value = (subscription.number, id);
            self.routes.remove(&subscription.subject, &value);
            self.free.push(id);
            self.ended += 1;
            self.interest_changed(&subscription);
        }
    }

    /// Calls `visit` with each that matches, those with the same subject in their order.
    pub fn matches(&self, subject: &[u8], visit: &mut dyn FnMut(SubscriptionId)) {
        self.routes.matches(subject, &mut |(_, id)| visit(*id));
    }

    /// That of an endpoint to exactly `subject`.
    pub fn internal(&self, subject: &[u8], endpoint: Endpoint) -> Option<SubscriptionId> {
        let owner = Owner::Internal(endpoint);
        let mut ids = self.routes.exact(subject).map(|(_, id)| *id);
        ids.find(|id| self.get(*id).is_some_and(|s| s.owner == owner))
    }

    /// Would a message to `subject` be taken?
    pub fn has_interest(&self, subject: &[u8]) -> bool {
        let mut found = false;
        self.matches(subject, &mut |id| {
            found |= match self.get(id).map(|s| &s.owner) {
                Some(Owner::Internal(endpoint)) => serves(*endpoint, subject),
                Some(Owner::Client { .. }) => true,
                None => false,
            };
        });
        found
    }

    /// Is there a reader's on exactly `subject`, plain or in queue `group`?
    pub fn has_reader(&self, subject: &[u8], group: Option<&[u8]>) -> bool {
        self.routes
            .exact(subject)
            .filter_map(|(_, id)| self.get(*id))
            .any(|s| s.owner.is_reader() && s.queue.as_deref() == group)
    }

    /// From now on, `changed` has `watcher` when a reader of exactly `subject` comes or goes.
    pub fn watch(&mut self, subject: &[u8], watcher: Watcher) {
        self.watched
            .get_or_insert(subject.into(), Vec::new())
            .push(watcher);
    }

    /// Ends [`Subscriptions::watch`].
    pub fn unwatch(&mut self, subject: &[u8], watcher: Watcher) {
        if let Some(watchers) = self.watched.get_mut(subject) {
            watchers.retain(|w| *w != watcher);
            if watchers.is_empty() {
                self.watched.remove(subject);
            }
        }
    }

    fn interest_changed(&mut self, subscription: &Subscription) {
        if subscription.owner.is_reader()
            && let Some(watchers) = self.watched.get(&*subscription.subject)
        {
            self.changed.extend(watchers);
        }
    }
}

/// The API does not stand in for direct gets and pulls that nobody serves: they bypass it.
pub fn serves(endpoint: Endpoint, subject: &[u8]) -> bool {
    endpoint != Endpoint::JetStreamApi
        || !(subject.starts_with(b"$JS.API.DIRECT.GET")
            || subject.starts_with(b"$JS.API.CONSUMER.MSG.NEXT."))
}
