//! What the stream view knows of a bucket's stream: the messages it has been sent, and what has become of each. Works
//! from what any client can see; knows no DOM.

use crate::{
    client::{
        kv::{Entry, Operation},
        types::StreamInfo,
    },
    wire::time::Time,
};
use std::collections::{BTreeMap, VecDeque};

/// Messages remembered; older ones are forgotten first.
const ROWS: usize = 2_000;
/// Bytes of a value remembered; the whole is asked for when it is looked at.
const VALUE: usize = 256;

/// Why a message is no longer in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The key has as many newer ones as history keeps.
    History,
    /// A purge of the key.
    Purged,
    /// Older than the bucket's TTL.
    Expired,
    /// Taken out in another way: purge of the stream, removal of one message, a size limit, a TTL of its own.
    Removed,
}

/// A message of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Stream sequence, which is the revision.
    pub sequence: u64,
    /// The key.
    pub key: String,
    /// What it did.
    pub operation: Operation,
    /// The value's beginning.
    pub value: Vec<u8>,
    /// Bytes of the whole value.
    pub size: usize,
    /// When it was stored.
    pub created: Time,
    /// `None` while it is kept.
    pub fate: Option<Fate>,
}

/// A bucket as it is seen.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The bucket's name.
    pub bucket: String,
    /// The stream as the server last described it.
    pub info: StreamInfo,
    rows: VecDeque<Row>,
    /// Sequences kept of each key, oldest first.
    kept: BTreeMap<String, VecDeque<u64>>,
}

impl Model {
    /// A bucket of which nothing has been seen yet.
    pub fn new(bucket: &str, info: StreamInfo) -> Model {
        Model {
            bucket: bucket.into(),
            info,
            ..Model::default()
        }
    }

    /// All messages remembered, oldest first.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> + ExactSizeIterator {
        self.rows.iter()
    }

    /// The newest sequence seen.
    pub fn last(&self) -> u64 {
        self.rows.back().map_or(0, |row| row.sequence)
    }

    /// Each key's newest message that is kept, by key.
    pub fn keys(&self) -> impl Iterator<Item = &Row> {
        self.kept
            .values()
            .filter_map(|kept| self.row(*kept.back()?))
    }

    /// A message by its sequence.
    pub fn row(&self, sequence: u64) -> Option<&Row> {
        self.rows.get(self.index(sequence)?)
    }

    /// How many of the messages seen are gone.
    pub fn dropped(&self) -> usize {
        self.rows.len() - self.kept.values().map(VecDeque::len).sum::<usize>()
    }

    /// A message has landed.
    pub fn push(&mut self, entry: Entry) {
        if entry.revision <= self.last() {
            return;
        }
        let history = usize::try_from(self.info.config.max_msgs_per_subject).unwrap_or(0);
        let kept = self.kept.entry(entry.key.clone()).or_default();
        let mut gone = Vec::new();
        if entry.operation == Operation::Purge {
            gone.extend(kept.drain(..).map(|sequence| (sequence, Fate::Purged)));
        }
        kept.push_back(entry.revision);
        while history > 0
            && kept.len() > history
            && let Some(oldest) = kept.pop_front()
        {
            gone.push((oldest, Fate::History));
        }
        self.rows.push_back(Row {
            sequence: entry.revision,
            key: entry.key,
            operation: entry.operation,
            size: entry.value.len(),
            value: entry.value.into_iter().take(VALUE).collect(),
            created: entry.created,
            fate: None,
        });
        for (sequence, fate) in gone {
            if let Some(index) = self.index(sequence)
                && let Some(row) = self.rows.get_mut(index)
            {
                row.fate = Some(fate);
            }
        }
        if self.rows.len() > ROWS
            && let Some(row) = self.rows.pop_front()
        {
            self.forget(&row);
        }
    }

    /// Time has passed: messages older than the bucket's TTL are gone. True if any went.
    pub fn expire(&mut self, now: Time) -> bool {
        let age = self.info.config.max_age;
        age > 0 && self.settle(|row| (row.created.after(age) <= now).then_some(Fate::Expired))
    }

    /// The server has described the stream: what it no longer has is gone. True if any went.
    pub fn described(&mut self, info: StreamInfo) -> bool {
        let StreamInfo {
            config, state, ts, ..
        } = &info;
        let (first, deleted, messages) = (state.first_seq, state.deleted.clone(), state.messages);
        let (age, now) = (config.max_age, ts.unwrap_or_default());
        // Newer messages than the description knows are left alone.
        let known = state.last_seq;
        let gone = self.settle(|row| {
            let there = row.sequence >= first
                && messages > 0
                && deleted.binary_search(&row.sequence).is_err();
            (row.sequence <= known && !there).then_some(
                if age > 0 && row.created.after(age) <= now {
                    Fate::Expired
                } else {
                    Fate::Removed
                },
            )
        });
        self.info = info;
        gone
    }

    /// When the next message is too old, if the bucket has a TTL.
    pub fn next_expiry(&self) -> Option<Time> {
        let age = self.info.config.max_age;
        let oldest = self.rows.iter().find(|row| row.fate.is_none())?;
        (age > 0).then(|| oldest.created.after(age))
    }

    fn settle(&mut self, fate: impl Fn(&Row) -> Option<Fate>) -> bool {
        let mut any = false;
        for index in 0..self.rows.len() {
            let Some(row) = self.rows.get_mut(index).filter(|row| row.fate.is_none()) else {
                continue;
            };
            if let Some(fate) = fate(row) {
                row.fate = Some(fate);
                let row = row.clone();
                self.forget(&row);
                any = true;
            }
        }
        any
    }

    fn forget(&mut self, row: &Row) {
        if let Some(kept) = self.kept.get_mut(&row.key) {
            kept.retain(|sequence| *sequence != row.sequence);
            if kept.is_empty() {
                self.kept.remove(&row.key);
            }
        }
    }

    fn index(&self, sequence: u64) -> Option<usize> {
        self.rows
            .binary_search_by_key(&sequence, |row| row.sequence)
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(history: i64, max_age: i64) -> Model {
        let mut info = StreamInfo::default();
        info.config.max_msgs_per_subject = history;
        info.config.max_age = max_age;
        Model::new("b", info)
    }

    fn entry(revision: u64, key: &str, operation: Operation) -> Entry {
        Entry {
            bucket: "b".into(),
            key: key.into(),
            value: b"v".to_vec(),
            revision,
            created: Time(revision as i64),
            operation,
            delta: 0,
        }
    }

    fn fates(model: &Model) -> Vec<Option<Fate>> {
        model.rows().map(|row| row.fate).collect()
    }

    #[test]
    fn history_is_per_key() {
        let mut model = model(2, 0);
        for (revision, key) in [(1, "a"), (2, "b"), (3, "a"), (4, "a")] {
            model.push(entry(revision, key, Operation::Put));
        }
        assert_eq!(fates(&model), [Some(Fate::History), None, None, None]);
        assert_eq!(model.dropped(), 1);
        let newest: Vec<_> = model
            .keys()
            .map(|row| (row.key.as_str(), row.sequence))
            .collect();
        assert_eq!(newest, [("a", 4), ("b", 2)]);
    }

    #[test]
    fn a_purge_takes_all_of_its_key() {
        let mut model = model(5, 0);
        model.push(entry(1, "a", Operation::Put));
        model.push(entry(2, "b", Operation::Put));
        model.push(entry(3, "a", Operation::Purge));
        assert_eq!(fates(&model), [Some(Fate::Purged), None, None]);
    }

    #[test]
    fn values_age() {
        let mut model = model(1, 10);
        model.push(entry(1, "a", Operation::Put));
        model.push(entry(5, "b", Operation::Put));
        assert_eq!(model.next_expiry(), Some(Time(11)));
        assert!(!model.expire(Time(10)));
        assert!(model.expire(Time(11)));
        assert_eq!(fates(&model), [Some(Fate::Expired), None]);
        assert_eq!(model.next_expiry(), Some(Time(15)));
    }

    #[test]
    fn what_the_server_lacks_is_gone() {
        let mut model = model(1, 0);
        for revision in 1..=4 {
            model.push(entry(revision, &revision.to_string(), Operation::Put));
        }
        let mut info = model.info.clone();
        info.state.messages = 1;
        info.state.first_seq = 2;
        info.state.last_seq = 3;
        info.state.deleted = vec![3];
        assert!(model.described(info));
        assert_eq!(
            fates(&model),
            [Some(Fate::Removed), None, Some(Fate::Removed), None]
        );
        model.push(entry(4, "again", Operation::Put));
        assert_eq!(model.last(), 4);
        assert_eq!(model.rows().len(), 4);
    }
}
