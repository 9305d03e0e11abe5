//! Subjects with wildcards to values: a trie by tokens, so that looking up costs what matches, not what is subscribed.
//! Values at one subject come in their own order. Must not know what a value is.

use super::hash::Map;
use crate::wire::{sorted::Sorted, subject};

/// Values by subject; a value is at a subject once. The nodes lie side by side, so that nothing recurses, however many tokens
/// a subject has.
#[derive(Clone, Debug)]
pub struct Routes<V> {
    /// The first is the root.
    nodes: Vec<Node<V>>,
    /// Nodes not in use.
    free: Vec<usize>,
    len: usize,
}

/// Where subjects are after some tokens.
#[derive(Clone, Debug)]
struct Node<V> {
    /// Values whose subject ends here.
    values: Sorted<V, ()>,
    /// The nodes after one more token: `>`, `*` or another.
    full: Option<usize>,
    star: Option<usize>,
    literals: Map<Box<[u8]>, usize>,
}

impl<V> Default for Routes<V> {
    fn default() -> Self {
        Routes {
            nodes: vec![Node::default()],
            free: Vec::new(),
            len: 0,
        }
    }
}

impl<V> Default for Node<V> {
    fn default() -> Self {
        Node {
            values: Sorted::default(),
            full: None,
            star: None,
            literals: Map::default(),
        }
    }
}

impl<V: Ord> Routes<V> {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Has no values.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a value, once however often it is added; false if `subject` cannot be subscribed to ([`subject::is_subscribable`]).
    pub fn insert(&mut self, subject: &[u8], value: V) -> bool {
        if !subject::is_subscribable(subject) {
            return false;
        }
        let mut at = 0;
        for token in subject::tokens(subject) {
            at = match self.nodes[at].next(token) {
                Some(next) => next,
                None => {
                    let new = self.free.pop().unwrap_or(self.nodes.len());
                    if new == self.nodes.len() {
                        self.nodes.push(Node::default());
                    }
                    self.nodes[at].link(token, new);
                    new
                }
            };
        }
        let added = self.nodes[at].values.insert(value, ()).is_none();
        self.len += usize::from(added);
        true
    }

    /// Removes `value` at exactly `subject`; false if it is not there.
    pub fn remove(&mut self, subject: &[u8], value: &V) -> bool {
        let mut way = Vec::new();
        let mut at = 0;
        for token in subject::tokens(subject) {
            way.push((at, token));
            let Some(next) = self.nodes[at].next(token) else {
                return false;
            };
            at = next;
        }
        if self.nodes[at].values.remove(value).is_none() {
            return false;
        }
        self.len -= 1;
        if self.is_empty() {
            *self = Routes::default();
            return true;
        }
        // What leads nowhere any more goes.
        while let Some((before, token)) = way.pop()
            && self.nodes[at].is_empty()
        {
            self.nodes[at] = Node::default();
            self.free.push(at);
            self.nodes[before].unlink(token);
            at = before;
        }
        true
    }

    /// The values inserted at exactly `subject`, wildcards taken literally.
    pub fn exact(&self, subject: &[u8]) -> impl Iterator<Item = &V> {
        let next = |at: usize, token| self.nodes[at].next(token);
        let at = subject::tokens(subject).try_fold(0, next);
        at.into_iter().flat_map(|at| self.nodes[at].values.keys())
    }

    /// Calls `hit` with each value whose subject matches the literal `subject`, in nats-server's order.
    /// A subject with an empty token matches nothing.
    pub fn matches<'a>(&'a self, subject: &[u8], hit: &mut dyn FnMut(&'a V)) {
        if self.len == 0 || has_empty_token(subject) {
            return;
        }
        let mut all = |at: Option<usize>| {
            if let Some(at) = at {
                self.nodes[at].values.keys().for_each(&mut *hit);
            }
        };
        // Where literal tokens lead goes on when all is done where `*` led.
        let mut waiting = Vec::new();
        let mut place = Some((0, subject));
        while let Some((at, subject)) = place.take().or_else(|| waiting.pop()) {
            let node = &self.nodes[at];
            all(node.full);
            let (token, rest) = split(subject);
            let literal = if node.literals.is_empty() {
                None
            } else {
                node.literals.get(token).copied()
            };
            let Some(rest) = rest else {
                all(literal);
                all(node.star);
                continue;
            };
            let (star, literal) = (node.star.map(|at| (at, rest)), literal.map(|at| (at, rest)));
            if star.is_some() {
                waiting.extend(literal);
            }
            place = star.or(literal);
        }
    }

    /// Does any value's subject match?
    pub fn has_match(&self, subject: &[u8]) -> bool {
        let mut found = false;
        self.matches(subject, &mut |_| found = true);
        found
    }
}

impl<V: Ord> Node<V> {
    fn is_empty(&self) -> bool {
        self.values.is_empty()
            && self.full.is_none()
            && self.star.is_none()
            && self.literals.is_empty()
    }

    /// The node that a token leads to.
    fn next(&self, token: &[u8]) -> Option<usize> {
        match token {
            b">" => self.full,
            b"*" => self.star,
            _ => self.literals.get(token).copied(),
        }
    }

    fn link(&mut self, token: &[u8], to: usize) {
        match token {
            b">" => self.full = Some(to),
            b"*" => self.star = Some(to),
            _ => {
                self.literals.insert(token.into(), to);
            }
        }
    }

    fn unlink(&mut self, token: &[u8]) {
        match token {
            b">" => self.full = None,
            b"*" => self.star = None,
            _ => {
                self.literals.remove(token);
            }
        }
    }
}

/// Looks at all of it, which is faster than to stop at the first.
fn has_empty_token(subject: &[u8]) -> bool {
    let pairs = subject.windows(2);
    let found = pairs.fold(false, |found, pair| found | (pair == b".."));
    found || subject.first().is_none_or(|b| *b == b'.') || subject.ends_with(b".")
}

/// The first token and what follows its dot.
fn split(subject: &[u8]) -> (&[u8], Option<&[u8]>) {
    match subject.iter().position(|b| *b == b'.') {
        Some(dot) => (&subject[..dot], Some(&subject[dot + 1..])),
        None => (subject, None),
    }
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
        assert!(routes.exact(b"foo.*").eq(&["foo.*"]));
        assert!(
            routes
                .exact(b"foo")
                .chain(routes.exact(b"bar.>"))
                .next()
                .is_none()
        );
    }

    #[test]
    fn removal_leaves_nothing_behind() {
        let subjects = ["a.b.c", "a.*.c", "a.>", ">", "*"];
        let mut routes = routes(&subjects);
        assert!(!routes.remove(b"a.b.c", &"x") && !routes.remove(b"a.b", &"a.b.c"));
        for subject in subjects {
            assert!(routes.remove(subject.as_bytes(), &subject));
        }
        assert!(routes.is_empty() && routes.nodes.len() == 1);
        assert!(!routes.insert(b"a..b", "x") && routes.is_empty());
    }

    #[test]
    fn nodes_are_used_again() {
        let mut routes = routes(&["keep", "a.b.c", "a.b"]);
        for round in 0..3 {
            assert!(routes.remove(b"a.b.c", &"a.b.c") && found(&routes, "a.b.c").is_empty());
            assert_eq!(found(&routes, "a.b"), ["a.b"]);
            assert!(routes.insert(b"a.b.c", "a.b.c"), "{round}");
        }
        assert_eq!((routes.nodes.len(), routes.free.len()), (5, 0));
    }

    /// A few bytes of stack for a token would be too many.
    #[test]
    fn deep_subjects_need_no_stack() {
        let deep = |last: &str| "*.a.".repeat(20_000) + last;
        let subjects = [deep("x"), deep("*"), deep(">")];
        let mut routes = Routes::default();
        for subject in &subjects {
            assert!(routes.insert(subject.as_bytes(), 1));
        }
        let again = routes.clone();
        let mut hits = 0;
        again.matches(deep("x").as_bytes(), &mut |_| hits += 1);
        assert_eq!(hits, 3);
        assert!(again.exact(subjects[1].as_bytes()).eq(&[1]));
        for subject in &subjects {
            assert!(routes.remove(subject.as_bytes(), &1));
        }
    }

    /// A value that counts how often it is compared.
    #[derive(Clone, Eq)]
    struct Counted(usize, std::rc::Rc<std::cell::Cell<usize>>);

    impl Ord for Counted {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.1.set(self.1.get() + 1);
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Counted {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }

    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other).is_eq()
        }
    }

    /// From either end and from the middle, ten thousand values at one subject take some 20 comparisons each.
    #[test]
    fn many_values_at_one_subject() {
        const MANY: usize = 10_000;
        let work = std::rc::Rc::default();
        let value = |n| Counted(n, std::rc::Rc::clone(&work));
        let mut routes = Routes::default();
        (0..MANY).for_each(|n| assert!(routes.insert(b"a", value(n))));
        assert!(routes.exact(b"a").map(|v| v.0).eq(0..MANY));
        for n in 0..MANY {
            assert!(routes.remove(b"a", &value(n * 7_919 % MANY)));
        }
        assert!(routes.is_empty());
        assert!(work.get() < 2 * 30 * MANY, "{}", work.get());
    }
}
