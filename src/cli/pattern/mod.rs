//! Regular expressions as Go has them, but for classes of Unicode. All ways through a pattern are followed at once, so that no
//! text takes long, nor much stack.

mod parse;

use parse::{Ranges, wrong};

/// A pattern that was understood, as steps; each names the next by its place.
pub struct Pattern {
    steps: Vec<(Step, usize)>,
    start: usize,
}

#[derive(Clone, Debug)]
enum Step {
    /// A character that has to come: see [`Kind::Class`].
    Class(Ranges, bool),
    /// A place that it has to be.
    At(Place),
    /// Both ways.
    Fork(usize, usize),
    Done,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Start,
    End,
    LineStart,
    LineEnd,
    /// The border of a word, or anything else.
    Edge,
    NoEdge,
}

#[derive(Clone, Debug)]
struct Item {
    kind: Kind,
    least: usize,
    most: usize,
    /// The bounds were given in braces.
    counted: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    At(Place),
    /// Ranges, and whether they are what must not match.
    Class(Ranges, bool),
    Group(Vec<Vec<Item>>),
}

/// Steps a pattern may have; Go has its limits too.
const MOST: usize = 5000;

impl Pattern {
    /// Reads a pattern; errors are Go's words.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let alternatives = parse::parse(text)?;
        let mut pattern = Pattern {
            steps: vec![(Step::Done, 0)],
            start: 0,
        };
        let placed = pattern.place(&alternatives, 0);
        pattern.start = placed.ok_or_else(|| wrong("expression too large", text))?;
        Ok(pattern)
    }

    /// Whether it matches anywhere in a text.
    pub fn is_match(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.find(&chars, 0).is_some()
    }

    /// The first match from `from` on, the longest there: where it begins and ends.
    pub fn find(&self, text: &[char], from: usize) -> Option<(usize, usize)> {
        let mut best: Option<(usize, usize)> = None;
        // Steps with where their match began, the earliest first: of several that come to one step, that one goes on.
        let mut now: Vec<(usize, usize)> = Vec::new();
        let mut seen = vec![usize::MAX; self.steps.len()];
        for at in from..=text.len() {
            match best {
                Some((first, _)) => now.retain(|(_, start)| *start <= first),
                None => now.push((self.start, at)),
            }
            if now.is_empty() {
                break;
            }
            let mut next = Vec::new();
            for (place, start) in now {
                let mut open = vec![place];
                while let Some(place) = open.pop() {
                    if std::mem::replace(&mut seen[place], at) == at {
                        continue;
                    }
                    let (step, after) = &self.steps[place];
                    match step {
                        Step::Done => best = Some((start, at)),
                        Step::Fork(one, other) => open.extend([*one, *other]),
                        Step::At(place) if place.is_at(text, at) => open.push(*after),
                        Step::Class(ranges, negated)
                            if text.get(at).is_some_and(|c| fits(c, ranges, *negated)) =>
                        {
                            next.push((*after, start));
                        }
                        _ => {}
                    }
                }
            }
            now = next;
        }
        best
    }

    /// Lays alternatives out in front of the step `after`; where they begin.
    fn place(&mut self, alternatives: &[Vec<Item>], after: usize) -> Option<usize> {
        let mut start = None;
        for items in alternatives.iter().rev() {
            let mut here = after;
            for item in items.iter().rev() {
                here = self.place_item(item, here)?;
            }
            start = Some(match start {
                None => here,
                Some(other) => self.push(Step::Fork(here, other), 0)?,
            });
        }
        Some(start.unwrap_or(after))
    }

    fn place_item(&mut self, item: &Item, after: usize) -> Option<usize> {
        let mut next = after;
        if item.most == usize::MAX {
            next = self.push(Step::Fork(after, after), 0)?;
            let here = self.place_once(&item.kind, next)?;
            self.steps[next].0 = Step::Fork(here, after);
        } else {
            for _ in item.least..item.most {
                let here = self.place_once(&item.kind, next)?;
                next = self.push(Step::Fork(here, after), 0)?;
            }
        }
        for _ in 0..item.least {
            next = self.place_once(&item.kind, next)?;
        }
        Some(next)
    }

    fn place_once(&mut self, kind: &Kind, after: usize) -> Option<usize> {
        let step = match kind {
            Kind::Group(group) => return self.place(group, after),
            Kind::Class(ranges, negated) => Step::Class(ranges.clone(), *negated),
            Kind::At(place) => Step::At(*place),
        };
        self.push(step, after)
    }

    fn push(&mut self, step: Step, after: usize) -> Option<usize> {
        if self.steps.len() == MOST {
            return None;
        }
        self.steps.push((step, after));
        Some(self.steps.len() - 1)
    }
}

impl Place {
    fn is_at(self, text: &[char], at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let after = text.get(at);
        let word = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_');
        match self {
            Place::Start => before.is_none(),
            Place::End => after.is_none(),
            Place::LineStart => before.is_none_or(|c| *c == '\n'),
            Place::LineEnd => after.is_none_or(|c| *c == '\n'),
            Place::Edge => word(before) != word(after),
            Place::NoEdge => word(before) == word(after),
        }
    }
}

fn fits(c: &char, ranges: &[(char, char)], negated: bool) -> bool {
    ranges.iter().any(|(low, high)| (low..=high).contains(&c)) != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().is_match(text)
    }

    #[test]
    fn finds_what_it_says() {
        assert!(matches("wrong last", "the wrong last sequence"));
        assert!(matches("^a.*z$", "abcz") && !matches("^a.*z$", "abczd"));
        assert!(matches("a|b+c", "xbbc") && !matches("^(a|b)+$", "abc"));
        assert!(matches("[0-9]+[^a-c]", "12d") && !matches("^[0-9]+[^a-c]$", "12a"));
        assert!(matches(r"\d\.\w?", "1.") && !matches(r"^\d$", "x"));
        assert!(matches("(ab)*c", "ababc") && matches("", "anything"));
        assert!(matches("(a*)*b", "aab") && matches("(a?)+$", "a"));
        assert!(
            matches("^a{2,3}$", "aaa") && !matches("^a{2,3}$", "aaaa") && matches("a{,2}", "a{,2}")
        );
        assert!(matches(r"\bcat\b", "a cat") && !matches(r"\bcat\b", "cats"));
        assert!(matches("^(a|aa)*$", &"a".repeat(100_000)));
    }

    #[test]
    fn a_match_is_the_first_and_there_the_longest() {
        let found = |pattern, text: &str, from| {
            let chars: Vec<char> = text.chars().collect();
            Pattern::new(pattern).unwrap().find(&chars, from)
        };
        assert_eq!(found("b|abc|ab", "xabcb", 0), Some((1, 4)));
        assert_eq!(found("b+|ab{4}", "abbbb", 0), Some((0, 5)));
        assert_eq!(found("b+|ab{4}", "abbb", 0), Some((1, 4)));
        assert_eq!(found("^a|a", "aa", 1), Some((1, 2)));
        assert_eq!(found("b*", "aab", 0), Some((0, 0)));
        assert_eq!(found("b+", "aba", 2), None);
        // Ends before long only if the text is gone through once.
        assert_eq!(found("a*b", &"a".repeat(300_000), 0), None);
    }

    #[test]
    fn takes_flags_and_escapes_of_go() {
        assert!(
            matches("(?i)KEY", "a key")
                && matches("(?i:k)ey", "Key")
                && !matches("(?i:k)ey", "KEY")
        );
        assert!(matches("(?i)[^a]", "b") && !matches("(?i)^[^a]$", "A") && matches("(?i)É", "é"));
        assert!(matches("(?s)a.b", "a\nb") && !matches("a.b", "a\nb") && matches("(?-s)a.", "ab"));
        assert!(matches("(?m)^b$", "a\nb\nc") && !matches("^b$", "a\nb\nc"));
        assert!(matches("(?P<n>a)(?<m>b)", "ab") && matches("a(?i)*", "aaa"));
        assert!(matches(r"\Aa\z", "a") && matches(r"a\Bb", "ab") && !matches(r"a\b", "ab"));
        assert!(matches(r"^\x41\x{42}\103\t$", "ABC\t") && matches(r"\Qa.b\E+", "a.bb"));
        assert!(
            matches("^[[:alpha:]_]+$", "a_B")
                && matches("[[:^digit:]]", "x")
                && matches(r"^[\D]$", "x")
        );
        assert!(!matches(r"\s", "\x0b") && matches(r"[]a]", "]") && matches("a{0}b", "b"));
    }

    #[test]
    fn says_what_is_wrong() {
        for (pattern, words) in [
            ("(", "missing closing ): `(`"),
            ("x[a", "missing closing ]: `[a`"),
            ("*", "missing argument to repetition operator: `*`"),
            ("a|*b", "missing argument to repetition operator: `*`"),
            ("(?i)+?", "missing argument to repetition operator: `+?`"),
            ("a)", "unexpected ): `a)`"),
            ("a{3,2}", "invalid repeat count: `{3,2}`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("((a{100}){100}){2}", "invalid repeat count: `{100}`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a+?{2}", "invalid nested repetition operator: `+?{2}`"),
            ("(?x)", "invalid or unsupported Perl syntax: `(?x`"),
            ("a(?=b)", "invalid or unsupported Perl syntax: `(?=`"),
            ("(?<n", "invalid named capture: `(?<n`"),
            ("(?P<a b>c)", "invalid named capture: `(?P<a b>`"),
            ("\\", "trailing backslash at end of expression: ``"),
            (r"\y", r"invalid escape sequence: `\y`"),
            (r"\8", r"invalid escape sequence: `\8`"),
            (r"\xg1", r"invalid escape sequence: `\xg1`"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("[[:x:]]", "invalid character class range: `[:x:]`"),
        ] {
            let wanted = format!("error parsing regexp: {words}");
            assert_eq!(Pattern::new(pattern).err(), Some(wanted), "{pattern}");
        }
        let large = "(a{1000}b{1000})(c{1000}d{1000}e{1000}f{1000})";
        assert!(
            Pattern::new(large)
                .err()
                .is_some_and(|e| e.contains("too large"))
        );
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in "[()|*+?.a-ciP<>:{},0-9x\\[\\]^$\\\\-]{0,14}", text in "[a-c]{0,12}") {
            if let Ok(pattern) = Pattern::new(&pattern) {
                pattern.is_match(&text);
            }
        }
    }
}
