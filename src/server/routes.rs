//! Subjects with wildcards to values: a trie by tokens, so that looking up costs what matches, not what is subscribed.
//! Values at one subject keep the order in which they came. Must not know what a value is.

use super::hash::Map;
use crate::wire::subject;

/// Values by subject. Inserting the same value twice keeps both.
#[derive(Clone, Debug)]
pub struct Routes<V> {
    root: Level<V>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Level<V> {
    /// Values whose subject ends in `>` here.
    full: Vec<V>,
    star: Option<Box<Node<V>>>,
    literals: Map<Box<[u8]>, Node<V>>,
}

#[derive(Clone, Debug)]
struct Node<V> {
    /// Values whose subject ends with this token.
    values: Vec<V>,
    next: Option<Box<Level<V>>>,
}

impl<V> Default for Routes<V> {
    fn default() -> Self {
        Routes {
            root: Level::default(),
            len: 0,
        }
    }
}

impl<V> Default for Level<V> {
    fn default() -> Self {
        Level {
            full: Vec::new(),
            star: None,
            literals: Map::default(),
        }
    }
}

impl<V> Default for Node<V> {
    fn default() -> Self {
        Node {
            values: Vec::new(),
            next: None,
        }
    }
}

impl<V: PartialEq> Routes<V> {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Has no values.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a value; false if `subject` cannot be subscribed to ([`subject::is_subscribable`]).
    pub fn insert(&mut self, subject: &[u8], value: V) -> bool {
        if !subject::is_subscribable(subject) {
            return false;
        }
        let mut level = &mut self.root;
        let mut tokens = subject::tokens(subject).peekable();
        while let Some(token) = tokens.next() {
            let node = match token {
                b">" => {
                    level.full.push(value);
                    break;
                }
                b"*" => level.star.get_or_insert_default(),
                _ => level.literals.entry(token.into()).or_default(),
            };
            if tokens.peek().is_none() {
                node.values.push(value);
                break;
            }
            level = node.next.get_or_insert_default();
        }
        self.len += 1;
        true
    }

    /// Removes one `value` at exactly `subject`; false if it is not there.
    pub fn remove(&mut self, subject: &[u8], value: &V) -> bool {
        let removed = self.root.remove(subject, value);
        self.len -= usize::from(removed);
        removed
    }

    /// The values inserted at exactly `subject`, wildcards taken literally.
    pub fn exact(&self, subject: &[u8]) -> &[V] {
        let mut level = &self.root;
        let mut tokens = subject::tokens(subject).peekable();
        while let Some(token) = tokens.next() {
            let node = match token {
                b">" => {
                    return if tokens.peek().is_none() {
                        &level.full
                    } else {
                        &[]
                    };
                }
                b"*" => level.star.as_deref(),
                _ => level.literals.get(token),
            };
            let Some(node) = node else { break };
            if tokens.peek().is_none() {
                return &node.values;
            }
            let Some(next) = &node.next else { break };
            level = next;
        }
        &[]
    }

    /// Calls `hit` with each value whose subject matches the literal `subject`, in nats-server's order (`core.md` 7.2).
    /// A subject with an empty token matches nothing.
    pub fn matches<'a>(&'a self, subject: &[u8], hit: &mut dyn FnMut(&'a V)) {
        let empty_token = subject.first().is_none_or(|b| *b == b'.')
            || subject.last() == Some(&b'.')
            || subject.windows(2).any(|pair| pair == b"..");
        if self.len > 0 && !empty_token {
            self.root.matches(subject, hit);
        }
    }

    /// Does any value's subject match?
    pub fn has_match(&self, subject: &[u8]) -> bool {
        let mut found = false;
        self.matches(subject, &mut |_| found = true);
        found
    }
}

impl<V: PartialEq> Level<V> {
    fn is_empty(&self) -> bool {
        self.full.is_empty() && self.star.is_none() && self.literals.is_empty()
    }

    fn remove(&mut self, subject: &[u8], value: &V) -> bool {
        let (token, rest) = split(subject);
        match token {
            b">" => rest.is_none() && take(&mut self.full, value),
            b"*" => {
                let Some(node) = &mut self.star else {
                    return false;
                };
                let removed = node.remove(rest, value);
                if node.is_empty() {
                    self.star = None;
                }
                removed
            }
            _ => {
                let Some(node) = self.literals.get_mut(token) else {
                    return false;
                };
                let removed = node.remove(rest, value);
                if node.is_empty() {
                    self.literals.remove(token);
                }
                removed
            }
        }
    }

    fn matches<'a>(&'a self, subject: &[u8], hit: &mut dyn FnMut(&'a V)) {
        self.full.iter().for_each(&mut *hit);
        let (token, rest) = split(subject);
        let literal = if self.literals.is_empty() {
            None
        } else {
            self.literals.get(token)
        };
        let star = self.star.as_deref();
        match rest {
            Some(rest) => {
                for next in [star, literal]
                    .into_iter()
                    .flatten()
                    .filter_map(|node| node.next.as_deref())
                {
                    next.matches(rest, hit);
                }
            }
            None => [literal, star]
                .into_iter()
                .flatten()
                .flat_map(|node| &node.values)
                .for_each(hit),
        }
    }
}

impl<V: PartialEq> Node<V> {
    fn is_empty(&self) -> bool {
        self.values.is_empty() && self.next.is_none()
    }

    fn remove(&mut self, rest: Option<&[u8]>, value: &V) -> bool {
        let Some(rest) = rest else {
            return take(&mut self.values, value);
        };
        let Some(next) = &mut self.next else {
            return false;
        };
        let removed = next.remove(rest, value);
        if next.is_empty() {
            self.next = None;
        }
        removed
    }
}

/// The first token and what follows its dot.
fn split(subject: &[u8]) -> (&[u8], Option<&[u8]>) {
    match subject.iter().position(|b| *b == b'.') {
        Some(dot) => (&subject[..dot], Some(&subject[dot + 1..])),
        None => (subject, None),
    }
}

fn take<V: PartialEq>(values: &mut Vec<V>, value: &V) -> bool {
    let found = values.iter().position(|v| v == value);
    if let Some(index) = found {
        values.remove(index);
        if values.is_empty() {
            *values = Vec::new();
        }
    }
    found.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(routes: &Routes<&'a str>, subject: &str) -> Vec<&'a str> {
        let mut hits = Vec::new();
        routes.matches(subject.as_bytes(), &mut |v| hits.push(*v));
        hits
    }

    fn routes<'a>(subjects: &[&'a str]) -> Routes<&'a str> {
        let mut routes = Routes::default();
        for subject in subjects {
            assert!(routes.insert(subject.as_bytes(), *subject));
        }
        routes
    }

    #[test]
    fn order_is_the_tree_walk() {
        let routes = routes(&["o.*", "o.p", "o.>", "*.*", "*.p", ">", "o.p.q"]);
        assert_eq!(
            found(&routes, "o.p"),
            [">", "*.p", "*.*", "o.>", "o.p", "o.*"]
        );
    }

    #[test]
    fn wildcards_and_empty_tokens() {
        let routes = routes(&["foo.*", "foo.>", ">", "foo.bar"]);
        assert_eq!(found(&routes, "foo.*"), [">", "foo.>", "foo.*"]);
        for subject in ["", ".", "foo..bar", ".foo", "foo."] {
            assert!(found(&routes, subject).is_empty(), "{subject}");
        }
        assert_eq!(routes.exact(b"foo.*"), ["foo.*"]);
        assert!(routes.exact(b"foo").is_empty() && routes.exact(b"bar.>").is_empty());
    }

    #[test]
    fn removal_leaves_nothing_behind() {
        let subjects = ["a.b.c", "a.*.c", "a.>", ">", "*"];
        let mut routes = routes(&subjects);
        assert!(!routes.remove(b"a.b.c", &"x") && !routes.remove(b"a.b", &"a.b.c"));
        for subject in subjects {
            assert!(routes.remove(subject.as_bytes(), &subject));
        }
        assert!(routes.is_empty() && routes.root.is_empty());
        assert!(!routes.insert(b"a..b", "x") && routes.is_empty());
    }
}
