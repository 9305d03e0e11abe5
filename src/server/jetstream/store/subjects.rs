//! Which sequences each subject has, and filters over subjects. Exact subjects are found by hash; filters walk an ordered
//! set from their literal prefix on, so what lies outside of the prefix costs nothing. Must not know messages.

use std::collections::{BTreeSet, VecDeque, hash_map};
use std::sync::Arc;

use crate::server::hash::Map;
use crate::wire::subject;

/// Subject filters of a consumer or a request. None at all, or `>`, stand for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters(Vec<Filter>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Filter {
    pattern: Box<[u8]>,
    /// Length of the part before the first wildcard token; all of it for a literal.
    prefix: usize,
}

impl Filter {
    fn is_literal(&self) -> bool {
        self.prefix == self.pattern.len()
    }

    fn prefix(&self) -> &[u8] {
        &self.pattern[..self.prefix]
    }

    fn matches(&self, subject: &[u8]) -> bool {
        if self.is_literal() {
            *self.pattern == *subject
        } else {
            subject::matches(&self.pattern, subject)
        }
    }
}

impl Filters {
    /// Filters of these patterns; empty patterns are left out.
    pub fn new<P: AsRef<[u8]>>(patterns: impl IntoIterator<Item = P>) -> Filters {
        let mut filters = Vec::new();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            if pattern == b">" {
                return Filters::default();
            }
            if pattern.is_empty() {
                continue;
            }
            let mut prefix = 0;
            for token in subject::tokens(pattern) {
                if token == b"*" || token == b">" {
                    break;
                }
                prefix += token.len() + 1;
            }
            filters.push(Filter {
                pattern: pattern.into(),
                prefix: prefix.min(pattern.len()),
            });
        }
        Filters(filters)
    }

    /// Does every subject match?
    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Does `subject` match one of them?
    pub fn matches(&self, subject: &[u8]) -> bool {
        self.0.is_empty() || self.0.iter().any(|filter| filter.matches(subject))
    }
}

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

    fn push(&mut self, seq: u64) {
        match self {
            Sequences::One(first) => *self = Sequences::Two(*first, seq),
            Sequences::Two(first, second) => {
                *self = Sequences::Many(Box::new(VecDeque::from([*first, *second, seq])));
            }
            Sequences::Many(list) => list.push_back(seq),
        }
    }

    /// True if none is left (and then the value is stale).
    fn remove(&mut self, seq: u64) -> bool {
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

/// Sequences by subject.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    exact: Map<Arc<[u8]>, Sequences>,
    ordered: BTreeSet<Arc<[u8]>>,
}

impl Subjects {
    /// How many subjects there are.
    pub fn len(&self) -> usize {
        self.ordered.len()
    }

    /// Sequences of exactly this subject.
    pub fn get(&self, subject: &[u8]) -> Option<&Sequences> {
        self.exact.get(subject)
    }

    /// Adds a sequence, the highest so far, and returns the subject as it is shared by all its messages.
    pub fn push(&mut self, subject: &[u8], seq: u64) -> Arc<[u8]> {
        // Looked up twice only when the subject is new, so that a known one needs no allocation.
        if let Some(sequences) = self.exact.get_mut(subject) {
            sequences.push(seq);
            if let Some((name, _)) = self.exact.get_key_value(subject) {
                return name.clone();
            }
        }
        let name: Arc<[u8]> = subject.into();
        self.exact.insert(name.clone(), Sequences::One(seq));
        self.ordered.insert(name.clone());
        name
    }

    /// Takes a sequence out.
    pub fn remove(&mut self, subject: &Arc<[u8]>, seq: u64) {
        if let hash_map::Entry::Occupied(mut entry) = self.exact.entry(subject.clone())
            && entry.get_mut().remove(seq)
        {
            entry.remove();
            self.ordered.remove(subject);
        }
        // Moving what is left takes time; it is not much when most is gone.
        if self.exact.capacity() > 64 * self.exact.len() + 64 {
            self.exact.shrink_to_fit();
        }
    }

    /// Subjects that match, each once, with their sequences; sorted within each filter.
    pub fn matching<'s>(
        &'s self,
        filters: &'s Filters,
    ) -> impl Iterator<Item = (&'s [u8], &'s Sequences)> {
        let everything = filters.is_everything().then(|| self.ordered.iter());
        let names = everything.into_iter().flatten().map(|name| &**name).chain(
            filters.0.iter().enumerate().flat_map(move |(at, filter)| {
                let earlier = &filters.0[..at];
                self.range(filter)
                    .filter(move |name| !earlier.iter().any(|f| f.matches(name)))
            }),
        );
        names.filter_map(|name| Some((name, self.exact.get(name)?)))
    }

    fn range<'s>(&'s self, filter: &'s Filter) -> impl Iterator<Item = &'s [u8]> {
        let literal = filter.is_literal();
        let exact = literal
            .then(|| self.exact.get_key_value(&*filter.pattern))
            .flatten()
            .map(|(name, _)| &**name);
        let from: &[u8] = filter.prefix();
        let range = (!literal).then(|| {
            self.ordered
                .range::<[u8], _>((std::ops::Bound::Included(from), std::ops::Bound::Unbounded))
                .map(|name| &**name)
                .take_while(move |name| name.starts_with(from))
                .filter(move |name| filter.matches(name))
        });
        exact.into_iter().chain(range.into_iter().flatten())
    }
}
