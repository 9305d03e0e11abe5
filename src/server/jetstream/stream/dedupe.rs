//! Message ids a stream has seen within its dedupe window.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::server::hash::Map;
use crate::wire::time::Time;

/// Ids by age. Whether an id is in the table is all that counts; only [`Dedupe::expire`] takes one out.
#[derive(Clone, Debug, Default)]
pub struct Dedupe {
    sequences: Map<Arc<[u8]>, u64>,
    order: VecDeque<(Time, Arc<[u8]>)>,
}

impl Dedupe {
    /// The sequence stored under this id.
    pub fn get(&self, id: &[u8]) -> Option<u64> {
        self.sequences.get(id).copied()
    }

    /// Remembers an id.
    pub fn insert(&mut self, id: &[u8], seq: u64, now: Time) {
        let id: Arc<[u8]> = id.into();
        if self.sequences.insert(id.clone(), seq).is_none() {
            self.order.push_back((now, id));
        }
    }

    /// Forgets ids older than `window` nanoseconds; tells when the next one is due.
    pub fn expire(&mut self, window: i64, now: Time) -> Option<Time> {
        while let Some((at, _)) = self.order.front() {
            let due = at.after(window);
            if due > now {
                return Some(due);
            }
            if let Some((_, id)) = self.order.pop_front() {
                self.sequences.remove(&id);
            }
        }
        None
    }

    /// Are there no ids?
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}
