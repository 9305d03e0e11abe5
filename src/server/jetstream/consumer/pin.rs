//! Priority policy `pinned_client`: one client gets all messages until it is unpinned or silent for `priority_timeout`.

use super::Consumer;
use super::config::PriorityPolicy;
use crate::server::core::Core;
use crate::wire::time::Time;

/// Who is pinned.
#[derive(Clone, Debug, Default)]
pub(super) struct Pin {
    /// The pin that requests must carry; empty when nobody is pinned.
    pub id: String,
    /// The group it was given in, which the configuration need not have any more.
    group: String,
    /// When it was given.
    pub since: Option<Time>,
    /// When it is taken away unless a request carries it.
    pub until: Option<Time>,
}

/// What the pin has to say to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It may have a message.
    Served,
    /// Another one is pinned.
    Waits,
    /// It carries a pin that is not in force.
    Wrong,
}

impl Consumer {
    pub(super) fn is_pinning(&self) -> bool {
        self.config.priority_policy == PriorityPolicy::PinnedClient
    }

    /// Is it the turn of the first request? `free`: nobody was pinned when the message came up, so the request is
    /// pinned now.
    pub(super) fn pin_turn(&mut self, core: &mut Core, free: bool) -> Turn {
        let priority = self.requests.queue.front().map(|request| &request.priority);
        let (id, group) = match priority {
            Some(Some(priority)) => (priority.id.clone(), priority.group.clone()),
            _ => (String::new(), String::new()),
        };
        if !id.is_empty() && (free || id != self.pin.id) {
            return Turn::Wrong;
        }
        if free && !group.is_empty() {
            self.assign_pin(core, &group);
        }
        if free || !id.is_empty() || self.pin.id.is_empty() {
            Turn::Served
        } else {
            Turn::Waits
        }
    }

    fn assign_pin(&mut self, core: &mut Core, group: &str) {
        let id = core.nuid();
        if let Some(priority) = self
            .requests
            .queue
            .front_mut()
            .and_then(|request| request.priority.as_mut())
        {
            priority.id.clone_from(&id);
        }
        self.pin.id = id;
        self.pin.group = group.into();
        self.pin.since = Some(core.now());
        self.keep_pin(core);
        self.advise_pinned(core, group);
    }

    /// The pinned client was heard of.
    pub(super) fn keep_pin(&mut self, core: &Core) {
        self.pin.until = Some(core.now().after(self.config.priority_timeout));
    }

    /// Takes the pin away once the client was silent for too long. True if it did.
    pub(super) fn pin_is_over(&mut self, core: &mut Core) -> bool {
        if self.pin.until.is_none_or(|until| core.now() < until) {
            return false;
        }
        let pin = std::mem::take(&mut self.pin);
        self.advise_unpinned(core, &pin.group, "timeout");
        true
    }
}
