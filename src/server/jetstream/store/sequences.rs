//! The sequences of one subject. Must not know messages.

use std::collections::VecDeque;

/// Ascending sequences of one subject; never empty while it is in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sequences {
    /// One, as nearly always in a bucket with history 1.
    One(u64),
    /// Two: while the old value of a key makes way for the new one.
    Two(u64, u64),
    /// More, mostly.
    Many(Box<VecDeque<u64>>),
}

impl Sequences {
    /// The oldest.
    pub fn first(&self) -> u64 {
        match self {
            Sequences::One(seq) | Sequences::Two(seq, _) => *seq,
            Sequences::Many(list) => list.front().copied().unwrap_or(0),
        }
    }

    /// The newest.
    pub fn last(&self) -> u64 {
        match self {
            Sequences::One(seq) | Sequences::Two(_, seq) => *seq,
            Sequences::Many(list) => list.back().copied().unwrap_or(0),
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        match self {
            Sequences::One(_) => 1,
            Sequences::Two(..) => 2,
            Sequences::Many(list) => list.len() as u64,
        }
    }

    /// How many are lower than `seq`.
    fn below(&self, seq: u64) -> usize {
        match self {
            Sequences::One(one) => usize::from(*one < seq),
            Sequences::Two(one, two) => usize::from(*one < seq) + usize::from(*two < seq),
            Sequences::Many(list) => list.partition_point(|other| *other < seq),
        }
    }

    fn get(&self, at: usize) -> Option<u64> {
        match (self, at) {
            (Sequences::One(seq) | Sequences::Two(seq, _), 0) => Some(*seq),
            (Sequences::Two(_, seq), 1) => Some(*seq),
            (Sequences::Many(list), at) => list.get(at).copied(),
            _ => None,
        }
    }

    /// How many are `from` or higher.
    pub fn count_from(&self, from: u64) -> u64 {
        self.count() - self.below(from) as u64
    }

    /// The lowest that is `from` or higher.
    pub fn at_or_after(&self, from: u64) -> Option<u64> {
        self.get(self.below(from))
    }

    /// The highest that is `to` or lower.
    pub fn at_or_before(&self, to: u64) -> Option<u64> {
        let below_or_at = to
            .checked_add(1)
            .map_or(self.count() as usize, |next| self.below(next));
        self.get(below_or_at.checked_sub(1)?)
    }

    /// All of them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        (0..self.count() as usize).filter_map(|at| self.get(at))
    }

    pub(super) fn push(&mut self, seq: u64) {
        match self {
            Sequences::One(first) => *self = Sequences::Two(*first, seq),
            Sequences::Two(first, second) => {
                *self = Sequences::Many(Box::new(VecDeque::from([*first, *second, seq])));
            }
            Sequences::Many(list) => list.push_back(seq),
        }
    }

    /// True if none is left (and then the value is stale).
    pub(super) fn remove(&mut self, seq: u64) -> bool {
        match self {
            Sequences::One(only) => return *only == seq,
            Sequences::Two(first, second) if *first == seq => *self = Sequences::One(*second),
            Sequences::Two(first, second) if *second == seq => *self = Sequences::One(*first),
            Sequences::Two(..) => {}
            Sequences::Many(list) => {
                if let Ok(at) = list.binary_search(&seq) {
                    list.remove(at);
                }
                if let (2, Some(first), Some(last)) = (list.len(), list.front(), list.back()) {
                    *self = Sequences::Two(*first, *last);
                }
            }
        }
        false
    }
}
