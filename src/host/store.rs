//! What file-backed streams leave behind when their server stops: bytes by store directory, and their changes for
//! whoever keeps them longer than the process. Knows a server's journal, not what is in it.

use crate::server::{Config, Server};
use crate::wire::{sorted::Sorted, time::Time};
use std::rc::Rc;

/// How what is kept of a store directory goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// In the place of everything before.
    Snapshot(Vec<u8>),
    /// After what is there.
    Append(Vec<u8>),
}

/// Gets the store directory and what changed there, soon after it did; [`super::Host::load`] takes it back.
pub type KeepFn = Rc<dyn Fn(&str, Change)>;

/// A journal longer than this, and than the last snapshot, becomes a snapshot.
const COMPACT: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Stores {
    /// As stopped servers left them.
    kept: Sorted<String, Vec<u8>>,
    pub keep: Option<KeepFn>,
    /// Not yet handed out.
    pub changes: Vec<(String, Change)>,
    /// Bytes of the last snapshot, and those appended since.
    snapshot: usize,
    appended: usize,
}

impl Stores {
    pub fn put(&mut self, directory: &str, kept: Vec<u8>) {
        self.kept.insert(directory.into(), kept);
    }

    pub fn get(&self, directory: &str) -> Option<&Vec<u8>> {
        self.kept.get(directory)
    }

    /// Brings back what was kept. What cannot be read whole goes elsewhere, before a snapshot takes its place.
    pub fn restore(&mut self, server: &mut Server, config: &Config, now: Time) {
        let Some(kept) = self.kept.get(&config.store_dir) else {
            return;
        };
        if server.restore(kept, now) > 0 {
            let elsewhere = format!("{}.damaged-{}", config.store_dir, now.0);
            let text = format!("The damaged state is kept as {elsewhere}");
            server.note("WRN", &text, now);
            let kept = kept.clone();
            if self.keep.is_some() {
                let change = Change::Snapshot(kept.clone());
                self.changes.push((elsewhere.clone(), change));
            }
            self.put(&elsewhere, kept);
        }
    }

    /// A server has started on what was kept.
    pub fn started(&mut self, server: &mut Server, config: &Config) {
        if self.keep.is_some() {
            self.take_snapshot(server, config);
        }
    }

    /// Something may have happened.
    pub fn changed(&mut self, server: &mut Server, config: &Config) {
        let journal = server.take_journal();
        if journal.is_empty() || self.keep.is_none() {
            return;
        }
        self.appended += journal.len();
        if self.appended > self.snapshot.max(COMPACT) {
            self.take_snapshot(server, config);
        } else {
            let change = Change::Append(journal);
            self.changes.push((config.store_dir.clone(), change));
        }
    }

    /// Keeps everything as it is now; without JetStream the store is left as it was.
    pub fn save(&mut self, server: &mut Server, config: &Config) {
        if config.jetstream.is_some() {
            let snapshot = self.take_snapshot(server, config);
            self.put(&config.store_dir, snapshot);
        }
    }

    fn take_snapshot(&mut self, server: &mut Server, config: &Config) -> Vec<u8> {
        let snapshot = server.snapshot();
        (self.snapshot, self.appended) = (snapshot.len(), 0);
        if self.keep.is_some() && config.jetstream.is_some() {
            let change = Change::Snapshot(snapshot.clone());
            self.changes.push((config.store_dir.clone(), change));
        }
        snapshot
    }
}
