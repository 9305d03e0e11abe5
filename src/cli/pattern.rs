//! Regular expressions in small: `. * + ? {2,3} | ( ) [ ] ^ $`, `\b`, and `\d \w \s` with their opposites. Enough for people
//! who look for something. All ways through a pattern are followed at once, so that no text takes long, nor much stack.

/// A pattern that was understood, as steps; each names the next by its place.
pub struct Pattern {
    steps: Vec<(Step, usize)>,
    start: usize,
}

#[derive(Clone, Debug)]
enum Step {
    /// A character that has to come: see [`Kind::Class`].
    Class(Vec<(char, char)>, bool),
    Start,
    End,
    Edge,
    /// Both ways.
    Fork(usize, usize),
    Done,
}

#[derive(Clone, Debug)]
struct Item {
    kind: Kind,
    least: usize,
    most: usize,
}

#[derive(Clone, Debug)]
enum Kind {
    Start,
    End,
    /// The border of a word.
    Edge,
    /// Ranges, and whether they are what must not match.
    Class(Vec<(char, char)>, bool),
    Group(Vec<Vec<Item>>),
}

/// Steps a pattern may have; Go has its limits too.
const MOST: usize = 5000;

impl Pattern {
    /// Reads a pattern; errors are Go's words.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        let alternatives = alternatives(&chars, &mut at, 0)?;
        if at < chars.len() {
            return Err(format!("error parsing regexp: unexpected ): `{text}`"));
        }
        let mut pattern = Pattern {
            steps: vec![(Step::Done, 0)],
            start: 0,
        };
        pattern.start = pattern.place(&alternatives, 0)?;
        Ok(pattern)
    }

    /// Whether it matches anywhere in a text.
    pub fn is_match(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.find(&chars, 0).is_some()
    }

    /// The first match from `from` on, the longest there: where it begins and ends.
    pub fn find(&self, text: &[char], from: usize) -> Option<(usize, usize)> {
        (from..=text.len()).find_map(|start| Some((start, self.longest(text, start)?)))
    }

    fn longest(&self, text: &[char], start: usize) -> Option<usize> {
        let mut best = None;
        let mut now = vec![self.start];
        for at in start..=text.len() {
            let c = text.get(at);
            let mut seen = vec![false; self.steps.len()];
            let mut next = Vec::new();
            while let Some(place) = now.pop() {
                if std::mem::replace(&mut seen[place], true) {
                    continue;
                }
                let (step, after) = &self.steps[place];
                match step {
                    Step::Done => best = Some(at),
                    Step::Fork(one, other) => now.extend([*one, *other]),
                    Step::Start if at == 0 => now.push(*after),
                    Step::End if at == text.len() => now.push(*after),
                    Step::Edge if word(text, at.wrapping_sub(1)) != word(text, at) => {
                        now.push(*after);
                    }
                    Step::Class(ranges, negated)
                        if c.is_some_and(|c| fits(c, ranges, *negated)) =>
                    {
                        next.push(*after);
                    }
                    _ => {}
                }
            }
            if next.is_empty() {
                break;
            }
            now = next;
        }
        best
    }

    /// Lays alternatives out in front of the step `after`; where they begin.
    fn place(&mut self, alternatives: &[Vec<Item>], after: usize) -> Result<usize, String> {
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
        Ok(start.unwrap_or(after))
    }

    fn place_item(&mut self, item: &Item, after: usize) -> Result<usize, String> {
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
        Ok(next)
    }

    fn place_once(&mut self, kind: &Kind, after: usize) -> Result<usize, String> {
        let step = match kind {
            Kind::Group(group) => return self.place(group, after),
            Kind::Class(ranges, negated) => Step::Class(ranges.clone(), *negated),
            Kind::Start => Step::Start,
            Kind::End => Step::End,
            Kind::Edge => Step::Edge,
        };
        self.push(step, after)
    }

    fn push(&mut self, step: Step, after: usize) -> Result<usize, String> {
        if self.steps.len() == MOST {
            return Err("error parsing regexp: expression too large".into());
        }
        self.steps.push((step, after));
        Ok(self.steps.len() - 1)
    }
}

fn fits(c: &char, ranges: &[(char, char)], negated: bool) -> bool {
    ranges.iter().any(|(low, high)| (low..=high).contains(&c)) != negated
}

fn word(text: &[char], at: usize) -> bool {
    text.get(at)
        .is_some_and(|c| c.is_alphanumeric() || *c == '_')
}

/// `{2}`, `{2,}` or `{2,3}`, which begins at `at`: its bounds and where it ends.
fn bounds(chars: &[char], at: usize) -> Option<(usize, usize, usize)> {
    let length = chars.get(at..)?.iter().position(|c| *c == '}')?;
    let inner: String = chars.get(at + 1..at + length)?.iter().collect();
    let (least, most) = inner.split_once(',').unwrap_or((&inner, &inner));
    let least = least.parse().ok()?;
    let most = match most {
        "" => usize::MAX,
        most => most.parse().ok()?,
    };
    Some((least, most, at + length + 1))
}

fn alternatives(chars: &[char], at: &mut usize, depth: usize) -> Result<Vec<Vec<Item>>, String> {
    let rest = |at: usize| {
        chars
            .get(at..)
            .unwrap_or_default()
            .iter()
            .collect::<String>()
    };
    if depth > 50 {
        return Err("error parsing regexp: expression nests too deeply".into());
    }
    let mut all = vec![Vec::new()];
    while let Some(c) = chars.get(*at).copied() {
        let begin = *at;
        *at += 1;
        let kind = match c {
            ')' => {
                *at -= 1;
                break;
            }
            '|' => {
                all.push(Vec::new());
                continue;
            }
            '(' => {
                if chars.get(*at) == Some(&'?') && chars.get(*at + 1) == Some(&':') {
                    *at += 2;
                }
                let group = alternatives(chars, at, depth + 1)?;
                if chars.get(*at) != Some(&')') {
                    return Err(format!(
                        "error parsing regexp: missing closing ): `{}`",
                        rest(0)
                    ));
                }
                *at += 1;
                Kind::Group(group)
            }
            '^' => Kind::Start,
            '$' => Kind::End,
            '.' => Kind::Class(vec![('\n', '\n')], true),
            '[' => class(chars, at)?,
            '\\' => {
                let Some(escaped) = chars.get(*at).copied() else {
                    return Err(
                        "error parsing regexp: trailing backslash at end of expression: ``".into(),
                    );
                };
                *at += 1;
                escape(escaped)
            }
            '*' | '+' | '?' => {
                return Err(format!(
                    "error parsing regexp: missing argument to repetition operator: `{c}`"
                ));
            }
            c => Kind::Class(vec![(c, c)], false),
        };
        let (least, most, end) = match chars.get(*at) {
            Some('*') => (0, usize::MAX, *at + 1),
            Some('+') => (1, usize::MAX, *at + 1),
            Some('?') => (0, 1, *at + 1),
            Some('{') => bounds(chars, *at).unwrap_or((1, 1, *at)),
            _ => (1, 1, *at),
        };
        if least > most || least > 1000 || (most > 1000 && most != usize::MAX) {
            let count: String = chars.get(*at..end).unwrap_or_default().iter().collect();
            return Err(format!(
                "error parsing regexp: invalid repeat count: `{count}`"
            ));
        }
        if end > *at {
            *at = end;
            if chars.get(*at) == Some(&'?') {
                *at += 1;
            } else if let Some(c @ ('*' | '+')) = chars.get(*at) {
                let operator: String = chars
                    .get(begin + 1..*at)
                    .unwrap_or_default()
                    .iter()
                    .collect();
                return Err(format!(
                    "error parsing regexp: invalid nested repetition operator: `{operator}{c}`"
                ));
            }
        }
        if let Some(items) = all.last_mut() {
            items.push(Item { kind, least, most });
        }
    }
    Ok(all)
}

fn escape(c: char) -> Kind {
    let word = vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')];
    let blank = vec![('\t', '\r'), (' ', ' ')];
    match c {
        'd' | 'D' => Kind::Class(vec![('0', '9')], c == 'D'),
        'w' | 'W' => Kind::Class(word, c == 'W'),
        's' | 'S' => Kind::Class(blank, c == 'S'),
        'b' => Kind::Edge,
        'n' => Kind::Class(vec![('\n', '\n')], false),
        't' => Kind::Class(vec![('\t', '\t')], false),
        c => Kind::Class(vec![(c, c)], false),
    }
}

fn class(chars: &[char], at: &mut usize) -> Result<Kind, String> {
    let begin = *at - 1;
    let negated = chars.get(*at) == Some(&'^');
    *at += usize::from(negated);
    let mut ranges = Vec::new();
    let mut first = true;
    loop {
        let Some(mut c) = chars.get(*at).copied() else {
            let rest: String = chars.get(begin..).unwrap_or_default().iter().collect();
            return Err(format!("error parsing regexp: missing closing ]: `{rest}`"));
        };
        *at += 1;
        if c == ']' && !first {
            return Ok(Kind::Class(ranges, negated));
        }
        first = false;
        if c == '\\'
            && let Some(escaped) = chars.get(*at).copied()
        {
            *at += 1;
            match escape(escaped) {
                Kind::Class(more, false) if more.len() != 1 || more[0].0 != more[0].1 => {
                    ranges.extend(more);
                    continue;
                }
                Kind::Class(more, _) => c = more[0].0,
                _ => {}
            }
        }
        let mut high = c;
        if chars.get(*at) == Some(&'-') && chars.get(*at + 1).is_some_and(|c| *c != ']') {
            high = chars[*at + 1];
            *at += 2;
            if high < c {
                return Err(format!(
                    "error parsing regexp: invalid character class range: `{c}-{high}`"
                ));
            }
        }
        ranges.push((c, high));
    }
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
    fn says_what_is_wrong() {
        for (pattern, words) in [
            ("(", "missing closing )"),
            ("[", "missing closing ]"),
            ("*", "missing argument"),
            (")", "unexpected )"),
            ("a{3,2}", "invalid repeat count"),
            ("((a{1000}){1000}){1000}", "expression too large"),
        ] {
            assert!(
                Pattern::new(pattern).err().unwrap().contains(words),
                "{pattern}"
            );
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in "[()|*+?.a-c\\[\\]^$\\\\-]{0,12}", text in "[a-c]{0,12}") {
            if let Ok(pattern) = Pattern::new(&pattern) {
                pattern.is_match(&text);
            }
        }
    }
}
