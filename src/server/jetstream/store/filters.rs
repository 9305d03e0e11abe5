//! Filters over subjects. Must not know where subjects are kept.

use crate::wire::subject;

/// Subject filters of a consumer or a request. None at all, or `>`, stand for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Those without wildcards, sorted, each once: there may be very many.
    pub(super) literals: Vec<Box<[u8]>>,
    /// Those with wildcards.
    pub(super) patterns: Vec<Pattern>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pattern: Box<[u8]>,
    /// Length of the part before the first wildcard token.
    prefix: usize,
}

impl Pattern {
    /// The part of what matches that is always the same.
    pub(super) fn prefix(&self) -> &[u8] {
        &self.pattern[..self.prefix]
    }

    pub(super) fn matches(&self, subject: &[u8]) -> bool {
        subject::matches(&self.pattern, subject)
    }
}

/// Length of the part before the first wildcard token, if there is one.
fn prefix(pattern: &[u8]) -> Option<usize> {
    let mut prefix = 0;
    for token in subject::tokens(pattern) {
        if token == b"*" || token == b">" {
            return Some(prefix);
        }
        prefix += token.len() + 1;
    }
    None
}

impl Filters {
    /// Filters of these patterns; empty patterns are left out.
    pub fn new<P: AsRef<[u8]>>(patterns: impl IntoIterator<Item = P>) -> Filters {
        let mut filters = Filters::default();
        for pattern in patterns {
            let pattern: Box<[u8]> = pattern.as_ref().into();
            match prefix(&pattern) {
                _ if pattern.is_empty() => {}
                _ if *pattern == *b">" => return Filters::default(),
                Some(prefix) => filters.patterns.push(Pattern { pattern, prefix }),
                None => filters.literals.push(pattern),
            }
        }
        filters.literals.sort_unstable();
        filters.literals.dedup();
        filters
    }

    /// Does every subject match?
    pub fn is_everything(&self) -> bool {
        self.literals.is_empty() && self.patterns.is_empty()
    }

    /// Does `subject` match one of them?
    pub fn matches(&self, subject: &[u8]) -> bool {
        self.is_everything()
            || self.has_literal(subject)
            || self.patterns.iter().any(|pattern| pattern.matches(subject))
    }

    /// Does all match that `subject` may stand for, which can have wildcards?
    pub fn cover(&self, subject: &[u8]) -> bool {
        self.is_everything()
            || self.has_literal(subject)
            || self
                .patterns
                .iter()
                .any(|pattern| subject::is_subset(subject, &pattern.pattern))
    }

    /// Is it one of those without wildcards?
    pub(super) fn has_literal(&self, subject: &[u8]) -> bool {
        let found = self
            .literals
            .binary_search_by(|literal| (**literal).cmp(subject));
        found.is_ok()
    }
}
