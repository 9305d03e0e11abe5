//! What the stream view knows of a bucket's stream: the messages it has been sent, and what has become of each. Works
//! from what any client can see; knows no DOM.

use crate::{
    client::{
        kv::{Entry, Operation, Ttl},
        types::{StreamConfig, StreamInfo},
    },
    wire::{sorted::Sorted, time::Time},
};
use std::collections::VecDeque;

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
    /// Older than the bucket's TTL, or than its own.
    Expired,
    /// Taken out in another way: purge of the stream, removal of one message, a size limit.
    Removed,
}

/// A message of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Stream sequence, which is the revision.
    pub sequence: u64,
    /// Where it was published: behind the name of the bucket, or of the one that the bucket mirrors, the key.
    pub subject: String,
    /// What it did.
    pub operation: Operation,
    /// The value's beginning.
    pub value: Vec<u8>,
    /// Bytes of the whole value.
    pub size: usize,
    /// When it was stored.
    pub created: Time,
    /// How long it may stay, if it says so itself.
    pub ttl: Option<Ttl>,
    /// `None` while it is kept.
    pub fate: Option<Fate>,
    /// The sequence of the one before it of the same subject, if that was seen.
    before: Option<u64>,
}

impl Row {
    /// The key.
    pub fn key(&self) -> &str {
        let behind = self
            .subject
            .strip_prefix("$KV.")
            .and_then(|rest| rest.split_once('.'));
        behind.map_or(&self.subject, |(_, key)| key)
    }

    /// When its time runs out, if it does.
    fn end(&self, config: &StreamConfig) -> Option<Time> {
        let own = self.ttl.filter(|_| config.allow_msg_ttl);
        let ends = match (own, config.max_age) {
            (Some(Ttl::Never), _) | (None, ..=0) => return None,
            (Some(Ttl::Ns(own)), ..=0) => own,
            (Some(Ttl::Ns(own)), age) => own.min(age),
            (None, age) => age,
        };
        Some(self.created.after(ends))
    }

    fn is_over(&self, config: &StreamConfig, now: Time) -> bool {
        self.end(config).is_some_and(|end| end <= now)
    }
}

/// A key of the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// The newest of its messages that are kept: its value, or a marker.
    pub newest: &'a Row,
    /// How many of its messages are kept.
    pub kept: usize,
}

/// A bucket as it is seen.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The bucket's name.
    pub bucket: String,
    /// The stream as the server last described it.
    pub info: StreamInfo,
    /// That description as the server wrote it: the answer to STREAM.INFO.
    pub described_as: Vec<u8>,
    rows: VecDeque<Row>,
    /// The newest sequence of each subject that has a row.
    newest: Sorted<String, u64>,
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

    /// The newest so many of the messages remembered, oldest first.
    pub fn newest(&self, many: usize) -> impl ExactSizeIterator<Item = &Row> {
        self.rows.iter().skip(self.rows.len().saturating_sub(many))
    }

    /// The newest sequence seen.
    pub fn last(&self) -> u64 {
        self.rows.back().map_or(0, |row| row.sequence)
    }

    /// How many of the messages seen are gone.
    pub fn dropped(&self) -> usize {
        self.rows.iter().filter(|row| row.fate.is_some()).count()
    }

    /// The keys of which messages are kept, by name.
    pub fn keys(&self) -> Vec<Key<'_>> {
        let mut kept: Vec<&Row> = self.rows.iter().filter(|row| row.fate.is_none()).collect();
        kept.sort_unstable_by_key(|row| (row.key(), &row.subject, row.sequence));
        kept.chunk_by(|a, b| a.subject == b.subject)
            .filter_map(|of| {
                of.last().map(|newest| Key {
                    newest,
                    kept: of.len(),
                })
            })
            .collect()
    }

    /// How many ns a message has left, if its time runs out.
    pub fn left(&self, row: &Row, now: Time) -> Option<i64> {
        let end = row.end(&self.info.config)?;
        Some(end.since(now).max(0))
    }

    /// A message has landed; its key is the whole subject.
    pub fn push(&mut self, entry: Entry) {
        if entry.revision <= self.last() {
            return;
        }
        // How many older ones of the key stay, and what becomes of the rest.
        let history = usize::try_from(self.info.config.max_msgs_per_subject).unwrap_or(0);
        let (mut stay, fate) = match (entry.operation, history) {
            (Operation::Purge, _) => (0, Fate::Purged),
            (_, 0) => (usize::MAX, Fate::History),
            (_, history) => (history - 1, Fate::History),
        };
        let before = self.newest.insert(entry.key.clone(), entry.revision);
        let config = &self.info.config;
        let mut next = before;
        while let Some(at) = next.and_then(|sequence| find(&self.rows, sequence)) {
            let row = &mut self.rows[at];
            next = row.before;
            match (row.fate, stay.checked_sub(1)) {
                // Those before it went then, or earlier.
                (Some(Fate::History | Fate::Purged), _) => break,
                (Some(_), _) => {}
                (None, Some(fewer)) => stay = fewer,
                // Where a time runs out, the server leaves a marker that looks like a purge.
                (None, None) if row.is_over(config, entry.created) => {
                    row.fate = Some(Fate::Expired)
                }
                (None, None) => row.fate = Some(fate),
            }
        }
        self.rows.push_back(Row {
            sequence: entry.revision,
            subject: entry.key,
            operation: entry.operation,
            size: entry.value.len(),
            value: entry.value.into_iter().take(VALUE).collect(),
            created: entry.created,
            ttl: entry.ttl,
            fate: None,
            before,
        });
        if self.rows.len() > ROWS
            && let Some(oldest) = self.rows.pop_front()
            && self.newest.get(&oldest.subject) == Some(&oldest.sequence)
        {
            self.newest.remove(&oldest.subject);
        }
    }

    /// Time has passed: messages whose time has run out are gone. True if any went.
    pub fn expire(&mut self, now: Time) -> bool {
        self.settle(|row, config| row.is_over(config, now).then_some(Fate::Expired))
    }

    /// The server has described the stream: what it no longer has is gone. True if any went. While it has messages that have
    /// not landed here yet, nothing goes: one of them may be what took a row's place.
    pub fn described(&mut self, info: StreamInfo) -> bool {
        let StreamInfo { state, ts, .. } = &info;
        let (first, deleted, messages) = (state.first_seq, state.deleted.clone(), state.messages);
        let now = ts.unwrap_or_default();
        // Newer messages than the description knows are left alone.
        let known = state.last_seq;
        let unseen = first.max(self.last() + 1)..known + 1;
        let missing = match deleted.len() {
            0 => state.num_deleted, // Very many: nobody has asked which.
            _ => deleted.iter().filter(|at| unseen.contains(at)).count() as u64,
        };
        if unseen.end.saturating_sub(unseen.start) > missing {
            self.info = info;
            return false;
        }
        self.info = info;
        self.settle(|row, config| {
            let there = row.sequence >= first
                && messages > 0
                && deleted.binary_search(&row.sequence).is_err();
            (row.sequence <= known && !there).then_some(if row.is_over(config, now) {
                Fate::Expired
            } else {
                Fate::Removed
            })
        })
    }

    /// When the next message's time runs out.
    pub fn next_expiry(&self) -> Option<Time> {
        let kept = self.rows.iter().filter(|row| row.fate.is_none());
        kept.filter_map(|row| row.end(&self.info.config)).min()
    }

    fn settle(&mut self, fate: impl Fn(&Row, &StreamConfig) -> Option<Fate>) -> bool {
        let (mut any, config) = (false, &self.info.config);
        for row in self.rows.iter_mut().filter(|row| row.fate.is_none()) {
            row.fate = fate(row, config);
            any |= row.fate.is_some();
        }
        any
    }
}

fn find(rows: &VecDeque<Row>, sequence: u64) -> Option<usize> {
    rows.binary_search_by_key(&sequence, |row| row.sequence)
        .ok()
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
            key: format!("$KV.b.{key}"),
            value: b"v".to_vec(),
            revision,
            created: Time(revision as i64),
            operation,
            ttl: None,
            delta: 0,
        }
    }

    fn fates(model: &Model) -> Vec<Option<Fate>> {
        model.rows.iter().map(|row| row.fate).collect()
    }

    #[test]
    fn history_is_per_key() {
        let mut model = model(2, 0);
        for (revision, key) in [(1, "a"), (2, "b"), (3, "a"), (4, "a")] {
            model.push(entry(revision, key, Operation::Put));
        }
        assert_eq!(fates(&model), [Some(Fate::History), None, None, None]);
        assert_eq!(model.dropped(), 1);
    }

    #[test]
    fn what_is_forgotten_is_no_hindrance() {
        let mut model = model(1, 0);
        let rows = ROWS as u64;
        for revision in 1..=rows + 2 {
            let key = if revision == 2 { "again" } else { "b" };
            model.push(entry(revision, key, Operation::Put));
        }
        assert_eq!(model.rows.iter().len(), ROWS);
        assert_eq!(model.dropped(), ROWS - 1);
        model.push(entry(rows + 3, "again", Operation::Put));
        assert_eq!(model.newest.len(), 2);
        assert_eq!(model.dropped(), ROWS - 2);
    }

    #[test]
    fn a_key_has_its_newest_message_and_as_many_as_are_kept() {
        let mut model = model(2, 10);
        for (revision, key, operation) in [
            (1, "b", Operation::Put),
            (2, "a", Operation::Put),
            (3, "b", Operation::Put),
            (4, "b", Operation::Put),
            (5, "c", Operation::Put),
            (6, "a", Operation::Delete),
            (7, "c", Operation::Purge),
        ] {
            model.push(entry(revision, key, operation));
        }
        let seen = |model: &Model| -> Vec<(String, u64, usize)> {
            let keys = model.keys().into_iter();
            keys.map(|key| (key.newest.key().into(), key.newest.sequence, key.kept))
                .collect()
        };
        let (a, b, c) = (("a".into(), 6, 2), ("b".into(), 4, 2), ("c".into(), 7, 1));
        assert_eq!(seen(&model), [a, b, c.clone()]);
        let newest = model.keys()[0].newest;
        assert_eq!(model.left(newest, Time(9)), Some(7));
        assert_eq!(model.left(newest, Time(20)), Some(0));
        // What is gone is no key's any more.
        model.expire(Time(16));
        assert_eq!(seen(&model), [c]);
    }

    #[test]
    fn a_description_that_is_ahead_waits_for_what_took_the_place() {
        let mut model = model(1, 0);
        model.push(entry(1, "a", Operation::Put));
        let mut info = model.info.clone();
        (
            info.state.messages,
            info.state.first_seq,
            info.state.last_seq,
        ) = (1, 2, 2);
        assert!(!model.described(info.clone()));
        model.push(entry(2, "a", Operation::Put));
        assert!(!model.described(info.clone()));
        assert_eq!(fates(&model), [Some(Fate::History), None]);
        // A message that came and went again unseen is waited for by nobody.
        (
            info.state.messages,
            info.state.first_seq,
            info.state.last_seq,
        ) = (0, 4, 3);
        assert!(model.described(info));
        assert_eq!(fates(&model), [Some(Fate::History), Some(Fate::Removed)]);
    }

    #[test]
    fn where_too_much_is_missing_to_say_what_nobody_waits_for_it() {
        let mut model = model(5, 0);
        model.push(entry(1, "a", Operation::Put));
        model.push(entry(2, "b", Operation::Put));
        let mut info = model.info.clone();
        info.state.messages = 1;
        (info.state.first_seq, info.state.last_seq) = (2, 20_003);
        info.state.num_deleted = 20_001;
        assert!(model.described(info));
        assert_eq!(fates(&model), [Some(Fate::Removed), None]);
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
    fn a_message_may_have_a_time_of_its_own() {
        let mut model = model(1, 20);
        model.info.config.allow_msg_ttl = true;
        for (revision, key, ttl) in [
            (1, "own", Some(Ttl::Ns(5))),
            (2, "bucket's", Some(Ttl::Ns(50))),
            (3, "ever", Some(Ttl::Never)),
        ] {
            let entry = entry(revision, key, Operation::Put);
            model.push(Entry { ttl, ..entry });
        }
        let left = |model: &Model| -> Vec<_> {
            let rows = model.rows.iter();
            rows.map(|row| model.left(row, Time(4))).collect()
        };
        assert_eq!(left(&model), [Some(2), Some(18), None]);
        assert_eq!(model.next_expiry(), Some(Time(6)));
        // The server's marker, before anybody has looked at the clock.
        let marker = entry(6, "own", Operation::Purge);
        let ttl = Some(Ttl::Ns(3));
        model.push(Entry { ttl, ..marker });
        assert_eq!(fates(&model), [Some(Fate::Expired), None, None, None]);
        assert_eq!(model.next_expiry(), Some(Time(9)));
        assert!(model.expire(Time(9)) && !model.expire(Time(21)));
        assert_eq!(model.next_expiry(), Some(Time(22)));
        // A copy in a bucket that knows no such times.
        model.info.config.allow_msg_ttl = false;
        assert_eq!(left(&model), [Some(17), Some(18), Some(19), Some(22)]);
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
        assert_eq!(model.rows.iter().len(), 4);
    }
}
