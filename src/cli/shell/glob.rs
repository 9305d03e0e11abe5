//! Patterns with `*`, `?` and `[…]`, for `${X%.*}` and `[[ $X == a* ]]`. Files are never matched: `*` is a subject here.

/// Whether all of `text` matches.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // The last `*`, and where it has got to: going back there alone is enough.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(t) {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => class(pattern.get(p..).unwrap_or_default(), *c),
            Some(wanted) if wanted == c => Some(1),
            _ => None,
        };
        match (step, star) {
            (Some(step), _) => {
                p += step;
                t += 1;
            }
            (None, Some((at, from))) => {
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            }
            (None, None) => return false,
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|c| *c == '*')
}

/// The length of the `[…]` that `pattern` begins with, if `c` is in it. Without an end `[` stands for itself.
pub fn class(pattern: &[char], c: char) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let start = 1 + usize::from(negated);
    let length = pattern.iter().skip(start + 1).position(|c| *c == ']');
    let Some(end) = length.map(|length| start + 1 + length) else {
        return (c == '[').then_some(1);
    };
    let mut found = false;
    let mut at = start;
    while at < end {
        let low = *pattern.get(at)?;
        let range = pattern.get(at + 1) == Some(&'-') && at + 2 < end;
        let high = if range { *pattern.get(at + 2)? } else { low };
        found |= (low..=high).contains(&c);
        at += if range { 3 } else { 1 };
    }
    (found != negated).then_some(end + 1)
}

/// Longest text that is tried at every character.
const LONGEST: usize = 10_000;

/// `text` without the beginning or end that matches, the shortest or the longest. Very long texts stay as they are: the
/// work grows with the square.
pub fn strip<'a>(text: &'a str, pattern: &str, end: bool, longest: bool) -> &'a str {
    if text.len() > LONGEST {
        return text;
    }
    let mut cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    cuts.push(text.len());
    // A cut near the end leaves a long beginning and a short end.
    if end != longest {
        cuts.reverse();
    }
    for cut in cuts {
        let (head, tail) = text.split_at(cut);
        if matches(pattern, if end { tail } else { head }) {
            return if end { head } else { tail };
        }
    }
    text
}
