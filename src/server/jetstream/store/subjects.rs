//! Which sequences each subject has. A subject has an id, which its messages bear; it is found by the hash of its name, and
//! filters walk the ordered names from their literal prefix on, so what lies outside of the prefix costs nothing. Must not
//! know messages.

use std::{hash::Hasher, slice};

use super::filters::Filters;
use super::order::{Ids, Order};
use super::sequences::Sequences;
use super::table::Table;
use crate::server::hash::FixedHasher;

/// Longest name that is kept in its record.
const SHORT: usize = 38;
/// Unused records that are not worth the trouble.
const FEW: usize = 1024;
/// Spent records that are dropped with each subject's message: all are before the next compaction.
const SPENT: usize = 64;

/// A subject, in one line of the processor's cache if its name is not long.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Record {
    name: Name,
    sequences: Sequences,
}

#[derive(Clone, Debug)]
enum Name {
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl Name {
    fn new(name: &[u8]) -> Name {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..name.len()) {
            Some(start) => {
                start.copy_from_slice(name);
                Name::Short(name.len() as u8, bytes)
            }
            None => Name::Long(name.into()),
        }
    }
}

impl Record {
    /// The subject.
    pub fn name(&self) -> &[u8] {
        match &self.name {
            Name::Short(length, bytes) => &bytes[..usize::from(*length)],
            Name::Long(name) => name,
        }
    }
}

/// Sequences by subject.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    /// By id.
    records: Vec<Record>,
    /// Ids not in use.
    free: Vec<u32>,
    table: Table,
    order: Order,
    /// What a compaction left: to drop a million at once takes ten milliseconds.
    spent: Vec<Record>,
}

impl Subjects {
    /// How many subjects there are.
    pub fn len(&self) -> usize {
        self.records.len() - self.free.len()
    }

    /// The subject with this id.
    pub fn name(&self, id: u32) -> &[u8] {
        self.records[id as usize].name()
    }

    /// Sequences of exactly this subject.
    pub fn get(&self, subject: &[u8]) -> Option<&Sequences> {
        let id = self.find(hash(subject), subject)?;
        Some(&self.records[id as usize].sequences)
    }

    /// Adds a sequence, the highest so far, and returns the subject's id.
    pub fn push(&mut self, subject: &[u8], seq: u64) -> u32 {
        let hash = hash(subject);
        if let Some(id) = self.find(hash, subject) {
            self.records[id as usize].sequences.push(seq);
            return id;
        }
        let record = Record {
            name: Name::new(subject),
            sequences: Sequences::One(seq),
        };
        let id = match self.free.pop() {
            Some(id) => {
                self.records[id as usize] = record;
                id
            }
            None => {
                self.records.push(record);
                self.records.len() as u32 - 1
            }
        };
        self.table.insert(hash, id);
        self.order.insert(id, &self.records);
        id
    }

    /// Takes a sequence out of the subject with this id, and the subject with its last.
    pub fn remove(&mut self, id: u32, seq: u64) {
        self.drop_spent();
        let record = &mut self.records[id as usize];
        if record.sequences.remove(seq) {
            self.order.remove(id, &self.records);
            self.table.remove(hash(self.name(id)), id);
            self.records[id as usize].name = Name::new(b"");
            self.free.push(id);
        }
    }

    fn drop_spent(&mut self) {
        if !self.spent.is_empty() {
            self.spent.truncate(self.spent.len().saturating_sub(SPENT));
            if self.spent.is_empty() {
                self.spent = Vec::new();
            }
        }
    }

    /// When nearly all records are unused: leaves them out, and returns the new id of each old one.
    pub fn compact(&mut self) -> Option<Vec<u32>> {
        if self.free.len() < FEW + 31 * self.len() {
            return None;
        }
        let mut numbers = vec![0; self.records.len()];
        let (mut records, mut table) = (Vec::with_capacity(self.len()), Table::default());
        for id in self.order.from(b"", &self.records) {
            let record = &self.records[id as usize];
            numbers[id as usize] = records.len() as u32;
            table.insert(hash(record.name()), records.len() as u32);
            records.push(record.clone());
        }
        self.order.renumber(&numbers);
        (self.table, self.free) = (table, Vec::new());
        self.spent = std::mem::replace(&mut self.records, records);
        Some(numbers)
    }

    /// Subjects that match, each once, with their sequences: first those of filters without wildcards, sorted; then those of
    /// each other filter, sorted.
    pub fn matching<'s>(&'s self, filters: &'s Filters) -> Matching<'s> {
        let mut matching = Matching {
            subjects: self,
            filters,
            literals: filters.literals.iter(),
            begun: 0,
            ids: Ids::default(),
        };
        if filters.is_everything() {
            matching.ids = self.order.from(b"", &self.records);
        }
        matching
    }

    fn find(&self, hash: u32, subject: &[u8]) -> Option<u32> {
        self.table.find(hash, |id| self.name(id) == subject)
    }
}

/// Subjects that match, each once, with their sequences.
pub struct Matching<'s> {
    subjects: &'s Subjects,
    filters: &'s Filters,
    literals: slice::Iter<'s, Box<[u8]>>,
    /// How many filters with wildcards have begun; what is found matches the last of them.
    begun: usize,
    ids: Ids<'s>,
}

impl<'s> Iterator for Matching<'s> {
    type Item = (&'s [u8], &'s Sequences);

    fn next(&mut self) -> Option<Self::Item> {
        for literal in self.literals.by_ref() {
            if let Some(id) = self.subjects.find(hash(literal), literal) {
                return Some((literal, &self.subjects.records[id as usize].sequences));
            }
        }
        let patterns = &self.filters.patterns;
        loop {
            let Some(id) = self.ids.next() else {
                let prefix = patterns.get(self.begun)?.prefix();
                self.begun += 1;
                self.ids = self.subjects.order.from(prefix, &self.subjects.records);
                continue;
            };
            let record = &self.subjects.records[id as usize];
            let name = record.name();
            if let Some((pattern, earlier)) = patterns[..self.begun].split_last() {
                if !name.starts_with(pattern.prefix()) {
                    self.ids = Ids::default();
                    continue;
                }
                if !pattern.matches(name)
                    || self.filters.has_literal(name)
                    || earlier.iter().any(|pattern| pattern.matches(name))
                {
                    continue;
                }
            }
            return Some((name, &record.sequences));
        }
    }
}

fn hash(name: &[u8]) -> u32 {
    let mut hasher = FixedHasher::default();
    hasher.write(name);
    hasher.finish() as u32
}
