//! Filters over subjects. Must not know where subjects are kept.

use crate::wire::subject;

/// Subject filters of a consumer or a request. None at all, or `>`, stand for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters(pub(super) Vec<Filter>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    pattern: Box<[u8]>,
    /// Length of the part before the first wildcard token; all of it for a literal.
    prefix: usize,
}

impl Filter {
    fn new(pattern: &[u8]) -> Filter {
        let mut prefix = 0;
        for token in subject::tokens(pattern) {
            if token == b"*" || token == b">" {
                break;
            }
            prefix += token.len() + 1;
        }
        Filter {
            pattern: pattern.into(),
            prefix: prefix.min(pattern.len()),
        }
    }

    pub(super) fn is_literal(&self) -> bool {
        self.prefix == self.pattern.len()
    }

    pub(super) fn prefix(&self) -> &[u8] {
        &self.pattern[..self.prefix]
    }

    pub(super) fn matches(&self, subject: &[u8]) -> bool {
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
        let mut filters = Filters::default();
        for pattern in patterns {
            match pattern.as_ref() {
                b">" => return Filters::default(),
                b"" => {}
                pattern => filters.0.push(Filter::new(pattern)),
            }
        }
        filters
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
