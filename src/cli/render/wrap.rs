//! Wraps help as Go's doc-comment printer does: as even as possible, rather after punctuation.

/// Lines of at most `width` columns where words allow.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return vec![String::new()];
    }
    // best[i]: cost of the words from i on, and where their first line ends. A line too long costs more than any other.
    let mut best = vec![((0i64, 0i64), words.len()); words.len() + 1];
    for start in (0..words.len()).rev() {
        let mut length = 0;
        let mut choice = ((i64::MAX, 0), words.len());
        for end in start + 1..=words.len() {
            length += words[end - 1].chars().count() + usize::from(end > start + 1);
            let spare = width as i64 - length as i64;
            let penalty = if words[end - 1].ends_with(['.', ',', ':', ';']) {
                0
            } else {
                64
            };
            let cost = match spare {
                0.. if end == words.len() => (0, 0),
                0.. => (0, spare * spare + penalty),
                _ => (spare * spare, penalty),
            };
            let rest = best[end].0;
            let total = (cost.0 + rest.0, cost.1 + rest.1);
            if total < choice.0 {
                choice = (total, end);
            }
            if spare < 0 && end > start + 1 {
                break;
            }
        }
        best[start] = choice;
    }
    let mut lines = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let end = best[at].1;
        lines.push(words[at..end].join(" "));
        at = end;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_are_even() {
        // A help text of nats 0.5.1 at 80 columns.
        let text = "These cheats are compatible with the 'cheat' CLI tool and by saving the output using --save these \
            cheats become accessible within that application.";
        assert_eq!(
            wrap(text, 80),
            [
                "These cheats are compatible with the 'cheat' CLI tool and by saving the output",
                "using --save these cheats become accessible within that application."
            ]
        );
        assert_eq!(wrap("one", 2), ["one"]);
        assert_eq!(wrap("", 10), [""]);
    }
}
