//! Replaces what changes from run to run by placeholders, by the same rules as tests/golden.py.

use regex_lite::{Captures, Regex};

const RULES: &[(&str, &str)] = &[
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\b", "{{time}}"),
    (
        r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
        "{{rfc3339}}",
    ),
    (r"\b\d\d:\d\d:\d\d\b", "{{clock}}"),
    (r"\bN[A-Z2-7]{55}\b", "{{server_id}}"),
    (r"\b127\.0\.0\.1:\d{4,5}\b", "{{addr}}"),
    (r"\b(Client ID: |cid:)\d+", "${1}{{n}}"),
    (r"_INBOX\.[A-Za-z0-9.]+", "{{inbox}}"),
    (
        r"\b(nats-server|Server Version:|v?)\s?2\.15\.\d\b",
        "${1} {{version}}",
    ),
];
const DURATION: &str = r"\b(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ns|µs|ms|s)\b";
/// Durations in such lines were configured, and are exact.
const CONFIGURED: &str =
    r"Maximum Age|Marker TTL|Max(?:imum)? |TTL|Duplicate|Ack Wait|Per-Key|Inactive";
const USAGE: &str = r"(?sm)^usage: nats .*?(Pass --help[^\n]*|\z)";

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of ours")
}

/// The text with placeholders.
pub fn normalise(text: &str) -> String {
    let rules: Vec<(Regex, &str)> = RULES.iter().map(|(p, with)| (regex(p), *with)).collect();
    let (duration, configured) = (regex(DURATION), regex(CONFIGURED));
    let padding = regex(r"(\}\}) +(│|$)");
    let text = regex(USAGE).replace_all(text, "{{usage}}").into_owned();
    let lines = text.split('\n').map(|line| {
        let mut line = line.to_string();
        for (pattern, with) in &rules {
            line = pattern.replace_all(&line, *with).into_owned();
        }
        if !configured.is_match(&line) {
            line = durations(&duration, &line);
        }
        if line.contains("{{") {
            line = padding.replace_all(&line, "${1} ${2}").into_owned(); // padding moves with what was replaced
        }
        line
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Replaces durations, but not `2s TTL`: there is no look-ahead in this engine.
fn durations(pattern: &Regex, line: &str) -> String {
    let with = |found: &Captures| {
        let all = found.get(0).expect("a match");
        let after = line[all.end()..].trim_start_matches(' ');
        match after.starts_with("TTL") || after.starts_with("ttl") {
            true => all.as_str().to_string(),
            false => "{{duration}}".into(),
        }
    };
    pattern.replace_all(line, with).into_owned()
}
