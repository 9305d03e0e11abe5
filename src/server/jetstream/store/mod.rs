//! The messages of one stream: kept by sequence and by subject, counted as nats-server counts them. Does as it is told;
//! must not know limits, headers' meaning, consumers or time (deadlines are handed in).
//!
//! # Reading (what consumers build on)
//! [`Store::first_seq`], [`Store::last_seq`], [`Store::get`], [`Store::next_match`], [`Store::last_match`],
//! [`Store::num_pending`], [`Store::last_per_subject`], [`Store::first_since`]. All take prepared [`Filters`].

mod filters;
mod messages;
mod order;
mod sequences;
mod subjects;
mod table;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

pub use filters::Filters;
use messages::{Messages, Stored};
pub use sequences::Sequences;
pub use subjects::Matching;
use subjects::Subjects;

use super::named::named;
use crate::wire::sorted::Sorted;
use crate::wire::time::Time;

/// Sequences that a request names go up to here: whatever is added to one does not overflow.
pub const LAST_SEQ: u64 = u64::MAX >> 1;

/// Most deleted sequences that are listed: a gap may be as long as sequences go.
const MAX_DELETED: usize = 1 << 20;

named! {
    /// Where a stream keeps its messages; here it decides how bytes are counted and whether the journal keeps them.
    Storage {
        /// In files.
        #[default]
        File = "file",
        /// In memory.
        Memory = "memory",
    }
}

impl Storage {
    /// Bytes a message counts for (`fileStoreMsgSize`, `memStoreMsgSize`).
    pub fn size(self, subject: usize, headers: usize, payload: usize) -> u64 {
        let overhead = match self {
            Storage::Memory => 16,
            Storage::File if headers == 0 => 30,
            Storage::File => 34,
        };
        (subject + headers + payload + overhead) as u64
    }
}

/// A stored message.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Subject it is stored under.
    pub subject: &'a [u8],
    /// When it was stored (a mirror keeps its origin's time).
    pub time: Time,
    headers: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The whole header block; empty when there is none.
    pub fn headers(&self) -> &'a [u8] {
        self.headers
    }

    /// Payload without headers.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Bytes of headers and payload together.
    pub fn size(&self) -> usize {
        self.headers.len() + self.payload.len()
    }
}

/// Messages of one stream.
#[derive(Clone, Debug, Default)]
pub struct Store {
    storage: Storage,
    messages: Messages,
    subjects: Subjects,
    bytes: u64,
    first_seq: u64,
    last_seq: u64,
    /// 0 for never.
    last_time: Time,
    /// Sequences by deadline, of messages that have one.
    deadlines: Sorted<(Time, u64), ()>,
}

impl Store {
    /// An empty store. `first_seq` above 0 is the sequence of its first message.
    pub fn new(storage: Storage, first_seq: u64) -> Store {
        let first_seq = first_seq.min(LAST_SEQ);
        Store {
            storage,
            first_seq,
            last_seq: first_seq.saturating_sub(1),
            ..Store::default()
        }
    }

    /// Kind of storage.
    pub fn storage(&self) -> Storage {
        self.storage
    }

    /// Number of messages.
    pub fn len(&self) -> u64 {
        self.messages.len()
    }

    /// Are there no messages?
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Bytes as nats-server counts them.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Sequence of the oldest message. When there is none: `last_seq` + 1, or 0 if the stream was never used.
    pub fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// The highest sequence ever used; never goes back.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// When the oldest message was stored.
    pub fn first_time(&self) -> Option<Time> {
        let (_, first) = self.messages.first()?;
        Some(first.time)
    }

    /// When the last sequence was used; 0 for never.
    pub fn last_time(&self) -> Time {
        self.last_time
    }

    /// Number of subjects that have messages.
    pub fn num_subjects(&self) -> usize {
        self.subjects.len()
    }

    /// Sequences between first and last that have no message.
    pub fn num_deleted(&self) -> u64 {
        if self.last_seq > self.first_seq {
            self.last_seq - self.first_seq + 1 - self.len()
        } else {
            0
        }
    }

    /// The first of the sequences [`Store::num_deleted`] counts, ascending.
    pub fn deleted(&self) -> Vec<u64> {
        if self.num_deleted() == 0 {
            return Vec::new();
        }
        let mut deleted = Vec::new();
        let mut expected = self.first_seq;
        let ends = self.messages.from(self.first_seq).map(|(seq, _)| seq);
        for end in ends.chain([self.last_seq + 1]) {
            deleted.extend((expected..end).take(MAX_DELETED - deleted.len()));
            expected = end + 1;
        }
        deleted
    }

    /// Bytes this message counts for.
    pub fn size_of(&self, message: Message<'_>) -> u64 {
        let (headers, payload) = (message.headers.len(), message.payload.len());
        self.storage.size(message.subject.len(), headers, payload)
    }

    /// The message with this sequence.
    pub fn get(&self, seq: u64) -> Option<Message<'_>> {
        let stored = self.messages.get(seq)?;
        Some(self.message(stored))
    }

    /// Messages from this sequence on, ascending.
    pub fn from(&self, seq: u64) -> impl Iterator<Item = (u64, Message<'_>)> {
        let messages = self.messages.from(seq);
        messages.map(|(seq, stored)| (seq, self.message(stored)))
    }

    /// Messages from this sequence down, descending.
    pub fn down_from(&self, seq: u64) -> impl Iterator<Item = (u64, Message<'_>)> {
        let messages = self.messages.down_from(seq);
        messages.map(|(seq, stored)| (seq, self.message(stored)))
    }

    fn message<'a>(&'a self, stored: Stored<'a>) -> Message<'a> {
        Message {
            subject: self.subjects.name(stored.subject),
            time: stored.time,
            headers: stored.headers,
            payload: stored.payload,
        }
    }

    /// Sequences of exactly this subject; `None` if it has no message.
    pub fn sequences(&self, subject: &[u8]) -> Option<&Sequences> {
        self.subjects.get(subject)
    }

    /// Subjects that match and their sequences, each once; sorted if there is at most one filter.
    pub fn subjects<'s>(&'s self, filters: &'s Filters) -> Matching<'s> {
        self.subjects.matching(filters)
    }

    /// Sequence of the first message stored at `time` or later.
    pub fn first_since(&self, time: Time) -> Option<u64> {
        self.messages.first_since(time)
    }

    /// The lowest sequence of `from` or higher that matches.
    ///
    /// Walks messages and matching subjects in turns, each turn twice as long, and stops at what answers first: cost is
    /// that of the cheaper of the two, whatever lies between.
    pub fn next_match(&self, filters: &Filters, from: u64) -> Option<u64> {
        if from > self.last_seq {
            return None;
        }
        let candidate = |sequences: &Sequences| sequences.at_or_after(from);
        self.search(filters, &mut self.from(from), &candidate, u64::min)
    }

    /// The highest sequence of `to` or lower that matches. Cost as [`Store::next_match`].
    pub fn last_match(&self, filters: &Filters, to: u64) -> Option<u64> {
        let candidate = |sequences: &Sequences| sequences.at_or_before(to);
        self.search(filters, &mut self.down_from(to), &candidate, u64::max)
    }

    /// The first match of `messages`, or the best candidate of the matching subjects.
    fn search<'s>(
        &'s self,
        filters: &'s Filters,
        messages: &mut dyn Iterator<Item = (u64, Message<'s>)>,
        candidate: &dyn Fn(&Sequences) -> Option<u64>,
        better: fn(u64, u64) -> u64,
    ) -> Option<u64> {
        let mut turn = 32;
        loop {
            for _ in 0..turn {
                let (seq, message) = messages.next()?;
                if filters.matches(message.subject) {
                    return Some(seq);
                }
            }
            let mut subjects = self.subjects.matching(filters);
            let mut best = None;
            for _ in 0..turn {
                let Some((_, sequences)) = subjects.next() else {
                    return best;
                };
                if let Some(seq) = candidate(sequences) {
                    best = Some(best.map_or(seq, |best| better(best, seq)));
                }
            }
            turn *= 2;
        }
    }

    /// How many messages from `from` on match; with `last_per_subject`, how many subjects have their newest there.
    pub fn num_pending(&self, filters: &Filters, from: u64, last_per_subject: bool) -> u64 {
        if from > self.last_seq {
            return 0;
        }
        if !last_per_subject && filters.is_everything() {
            return self.messages.count_from(from);
        }
        let mut count = 0;
        for (_, sequences) in self.subjects.matching(filters) {
            count += if last_per_subject {
                u64::from(sequences.last() >= from)
            } else {
                sequences.count_from(from)
            };
        }
        count
    }

    /// The newest sequence, `up_to` at most, of every subject that matches, ascending.
    pub fn last_per_subject(&self, filters: &Filters, up_to: u64) -> Vec<u64> {
        let subjects = self.subjects.matching(filters);
        let mut found: Vec<u64> = subjects
            .filter_map(|(_, sequences)| sequences.at_or_before(up_to))
            .collect();
        found.sort_unstable();
        found
    }

    /// Stores a message under `seq`, which must be higher than [`Store::last_seq`]; sequences between count as deleted.
    /// `deadline` is when its TTL ends.
    pub fn push(
        &mut self,
        seq: u64,
        subject: &[u8],
        headers: &[u8],
        payload: &[u8],
        time: Time,
        deadline: Option<Time>,
    ) {
        self.bytes += self
            .storage
            .size(subject.len(), headers.len(), payload.len());
        let subject = self.subjects.push(subject, seq);
        if self.is_empty() {
            self.first_seq = seq;
        }
        self.last_seq = seq;
        self.last_time = time;
        let stored = Stored {
            subject,
            time,
            deadline,
            headers,
            payload,
        };
        self.messages.push(seq, stored);
        if let Some(at) = deadline {
            self.deadlines.insert((at, seq), ());
        }
    }

    /// Uses up sequences to `seq` without storing anything.
    pub fn skip_to(&mut self, seq: u64, time: Time) {
        self.last_seq = self.last_seq.max(seq);
        self.last_time = time;
        if self.is_empty() {
            self.first_seq = self.last_seq + 1;
        }
    }

    /// Puts in what messages do not tell, as it was: the numbers and the time of a restored store.
    pub fn put_state(&mut self, first: u64, last: u64, last_time: Time) {
        self.last_seq = self.last_seq.max(last.min(LAST_SEQ));
        self.last_time = last_time;
        if self.is_empty() {
            self.first_seq = first.clamp(self.last_seq.min(1), self.last_seq + 1);
        }
    }

    /// Takes a message out; false if it is not there.
    pub fn remove(&mut self, seq: u64) -> bool {
        let Some(gone) = self.messages.remove(seq) else {
            return false;
        };
        let subject = self.subjects.name(gone.subject).len();
        self.bytes -= self.storage.size(subject, gone.headers, gone.payload);
        if let Some(at) = gone.deadline {
            self.deadlines.remove(&(at, seq));
        }
        self.subjects.remove(gone.subject, seq);
        if let Some(ids) = self.subjects.compact() {
            self.messages.renumber(&ids);
        }
        if seq == self.first_seq {
            let first = self.messages.first();
            self.first_seq = first.map_or(self.last_seq + 1, |(seq, _)| seq);
        }
        true
    }

    /// Takes all messages out; the next one gets `next_seq`, or the sequence after the last if that is higher. Returns
    /// how many there were.
    pub fn clear(&mut self, next_seq: u64) -> u64 {
        let removed = self.len();
        let before_next = next_seq.saturating_sub(1).min(LAST_SEQ);
        *self = Store {
            storage: self.storage,
            last_seq: self.last_seq.max(before_next),
            last_time: self.last_time,
            ..Store::default()
        };
        self.first_seq = self.last_seq + 1;
        removed
    }

    /// Sets the deadline of a message, if it is there.
    pub fn set_deadline(&mut self, seq: u64, at: Time) {
        if let Some(old) = self.messages.set_deadline(seq, at) {
            self.deadlines.remove(&(old, seq));
            self.deadlines.insert((at, seq), ());
        }
    }

    /// The earliest deadline and its message.
    pub fn next_deadline(&self) -> Option<(Time, u64)> {
        self.deadlines.first().map(|(first, ())| *first)
    }

    /// The first `limit` messages whose deadline is not after `now`, by sequence.
    pub fn due(&self, now: Time, limit: usize) -> Vec<u64> {
        let due = self.deadlines.keys().take_while(|(at, _)| *at <= now);
        let mut due: Vec<u64> = due.take(limit).map(|(_, seq)| *seq).collect();
        due.sort_unstable();
        due
    }

    /// Panics if what is kept twice disagrees. For tests and fuzzing; costs a full walk.
    pub fn check(&self) {
        let mut bytes = 0;
        let mut count = 0;
        for (seq, message) in self.from(0) {
            assert!(seq >= self.first_seq && seq <= self.last_seq);
            let sequences = self.subjects.get(message.subject);
            let Some(sequences) = sequences else {
                panic!("message {seq} is missing from its subject");
            };
            assert_eq!(sequences.at_or_after(seq), Some(seq));
            bytes += self.size_of(message);
            count += 1;
        }
        assert_eq!((bytes, count), (self.bytes, self.len()));
        let indexed: u64 = self
            .subjects(&Filters::default())
            .map(|(_, sequences)| sequences.count())
            .sum();
        assert_eq!(indexed, count);
        match self.messages.first() {
            Some((seq, _)) => assert_eq!(seq, self.first_seq),
            None => assert!(self.first_seq == self.last_seq + 1 || self.last_seq == 0),
        }
        let with_deadline = self.messages.from(0);
        let with_deadline =
            with_deadline.filter_map(|(seq, stored)| Some(((stored.deadline?, seq), ())));
        assert_eq!(with_deadline.collect::<Sorted<_, _>>(), self.deadlines);
    }
}
