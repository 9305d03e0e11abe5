//! Regular expressions in small: `. * + ? | ( ) [ ] ^ $` and `\d \w \s` with their opposites. Enough for people who look for
//! something; the work a pattern may cause is bounded.

/// A pattern that was understood.
pub struct Pattern {
    alternatives: Vec<Vec<Item>>,
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
    /// Ranges, and whether they are what must not match.
    Class(Vec<(char, char)>, bool),
    Group(Vec<Vec<Item>>),
}

/// Steps after which a search gives up.
const STEPS: usize = 200_000;

impl Pattern {
    /// Reads a pattern; errors are Go's words.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        let alternatives = alternatives(&chars, &mut at, 0)?;
        if at < chars.len() {
            return Err(format!("error parsing regexp: unexpected ): `{text}`"));
        }
        Ok(Pattern { alternatives })
    }

    /// Whether it matches anywhere in a text.
    pub fn is_match(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        let mut steps = STEPS;
        (0..=chars.len()).any(|start| {
            self.alternatives
                .iter()
                .any(|items| run(items, &chars, start, &mut steps, &mut |_, _| true))
        })
    }
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
        let (least, most) = match chars.get(*at) {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            _ => (1, 1),
        };
        if (least, most) != (1, 1) {
            *at += 1;
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

/// Matches items from `at` on, then asks `next` whether the rest fits.
fn run(
    items: &[Item],
    text: &[char],
    at: usize,
    steps: &mut usize,
    next: &mut dyn FnMut(usize, &mut usize) -> bool,
) -> bool {
    if *steps == 0 {
        return false;
    }
    *steps -= 1;
    let Some((item, rest)) = items.split_first() else {
        return next(at, steps);
    };
    match &item.kind {
        Kind::Start => (at == 0 || item.least == 0) && run(rest, text, at, steps, next),
        Kind::End => (at == text.len() || item.least == 0) && run(rest, text, at, steps, next),
        Kind::Class(ranges, negated) => {
            let fits =
                |c: &char| ranges.iter().any(|(low, high)| (low..=high).contains(&c)) != *negated;
            let longest = text
                .iter()
                .skip(at)
                .take(item.most)
                .take_while(|c| fits(c))
                .count();
            (item.least..=longest)
                .rev()
                .any(|count| run(rest, text, at + count, steps, next))
        }
        Kind::Group(group) => repeat(group, item.least, item.most, rest, text, at, steps, next),
    }
}

#[allow(clippy::too_many_arguments)]
fn repeat(
    group: &[Vec<Item>],
    least: usize,
    most: usize,
    rest: &[Item],
    text: &[char],
    at: usize,
    steps: &mut usize,
    next: &mut dyn FnMut(usize, &mut usize) -> bool,
) -> bool {
    if most > 0 {
        for items in group {
            let found = run(items, text, at, steps, &mut |end, steps| {
                // A turn that takes nothing would go on for ever.
                (end > at || least > 0)
                    && repeat(
                        group,
                        least.saturating_sub(1),
                        most - 1,
                        rest,
                        text,
                        end,
                        steps,
                        next,
                    )
            });
            if found {
                return true;
            }
        }
    }
    least == 0 && run(rest, text, at, steps, next)
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
    }

    #[test]
    fn says_what_is_wrong() {
        for (pattern, words) in [
            ("(", "missing closing )"),
            ("[", "missing closing ]"),
            ("*", "missing argument"),
            (")", "unexpected )"),
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
