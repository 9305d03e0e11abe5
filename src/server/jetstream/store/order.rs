//! Ids of subjects in the order of their names: a list of short sorted lists, four bytes an id. Must not know sequences.

use std::slice;

use super::subjects::Record;

/// Most ids in a run: shifting that many is cheap.
const RUN: usize = 512;

/// Ids in the order of their names.
#[derive(Default)]
pub struct Ids<'a> {
    ids: slice::Iter<'a, u32>,
    runs: slice::Iter<'a, Vec<u32>>,
}

impl Iterator for Ids<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        loop {
            if let Some(id) = self.ids.next() {
                return Some(*id);
            }
            self.ids = self.runs.next()?.iter();
        }
    }
}

/// Ids by name. `records` are always those whose ids are in it.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// None is empty; each is sorted, and all of it comes before the next.
    runs: Vec<Vec<u32>>,
}

impl Order {
    /// Adds an id, whose name is not there.
    pub fn insert(&mut self, id: u32, records: &[Record]) {
        let (run, at) = self.place(records[id as usize].name(), records);
        let Some(ids) = self.runs.get_mut(run) else {
            // Behind all others: ascending names fill one run after another.
            match self.runs.last_mut() {
                Some(ids) if ids.len() < RUN => ids.push(id),
                _ => self.runs.push(vec![id]),
            }
            return;
        };
        ids.insert(at, id);
        if ids.len() > RUN {
            let upper = ids.split_off(RUN / 2);
            self.runs.insert(run + 1, upper);
        }
    }

    /// Takes an id out, which must be there.
    pub fn remove(&mut self, id: u32, records: &[Record]) {
        let (run, at) = self.place(records[id as usize].name(), records);
        let ids = &mut self.runs[run];
        ids.remove(at);
        if ids.is_empty() {
            self.runs.remove(run);
        } else if ids.len() * 4 <= ids.capacity() {
            ids.shrink_to_fit();
        }
    }

    /// Ids from the first on whose name is not before `name`.
    pub fn from(&self, name: &[u8], records: &[Record]) -> Ids<'_> {
        let (run, at) = self.place(name, records);
        let mut runs = self.runs[run..].iter();
        let ids = runs.next().map_or(&[][..], |ids| &ids[at..]).iter();
        Ids { ids, runs }
    }

    /// Gives ids new numbers.
    pub fn renumber(&mut self, numbers: &[u32]) {
        for id in self.runs.iter_mut().flatten() {
            *id = numbers[*id as usize];
        }
    }

    /// Run, and place within it, of the first name that is not before `name`.
    fn place(&self, name: &[u8], records: &[Record]) -> (usize, usize) {
        let is_before = |id: &u32| records[*id as usize].name() < name;
        let run = self
            .runs
            .partition_point(|ids| ids.last().is_some_and(is_before));
        let ids = self.runs.get(run);
        (run, ids.map_or(0, |ids| ids.partition_point(is_before)))
    }
}
