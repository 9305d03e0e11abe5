//! Breaks bodies of requests: a value of another type, a name in other letters or twice, text cut off. What nats-server says of
//! them is what Go's decoder says, to the letter.

use crate::random::Random;

/// Instead of any value. No number is a time in which something happens within a sequence.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "-0",
    "1.5",
    "1e3",
    "1E400",
    "-",
    "01",
    "+1",
    ".5",
    "4000000000000",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "\"\"",
    "\"x\"",
    "\" \"",
    "\"5\"",
    "\"*\"",
    "\">\"",
    "\"a b\"",
    "\"a..b\"",
    "\".a\"",
    "\"a.\"",
    "\"\\u00e9\"",
    "\"\\ud800\"",
    "\"\\x\"",
    "\"\u{1}\"",
    "\"é<&>\"",
    "'x'",
    "\"2020-01-01T00:00:00Z\"",
    "\"2020-01-01\"",
    "\"1h\"",
    "[]",
    "[1]",
    "[null]",
    "[\"\"]",
    "[\"s.a\",null]",
    "[[]]",
    "[{}]",
    "{}",
    "{\"a\":1}",
    "{\"a\":\"b\"}",
    "nul",
    "True",
    "[1,]",
    "{\"a\":1,}",
    "{a:1}",
    "",
];

/// Names of members that requests have, and their configurations. Without those of features we do not have.
const NAMES: &[&str] = &[
    "name",
    "description",
    "subjects",
    "retention",
    "max_consumers",
    "max_msgs",
    "max_bytes",
    "max_age",
    "max_msgs_per_subject",
    "max_msg_size",
    "discard",
    "storage",
    "num_replicas",
    "no_ack",
    "template_owner",
    "duplicate_window",
    "placement",
    "mirror",
    "sources",
    "compression",
    "first_seq",
    "subject_transform",
    "republish",
    "allow_direct",
    "mirror_direct",
    "discard_new_per_subject",
    "sealed",
    "deny_delete",
    "deny_purge",
    "allow_rollup_hdrs",
    "consumer_limits",
    "allow_msg_ttl",
    "subject_delete_marker_ttl",
    "metadata",
    "durable_name",
    "deliver_policy",
    "opt_start_seq",
    "opt_start_time",
    "ack_policy",
    "ack_wait",
    "max_deliver",
    "backoff",
    "filter_subject",
    "filter_subjects",
    "replay_policy",
    "rate_limit_bps",
    "sample_freq",
    "max_waiting",
    "max_ack_pending",
    "flow_control",
    "headers_only",
    "max_batch",
    "max_expires",
    "max_bytes",
    "max_request_batch",
    "max_request_expires",
    "max_request_max_bytes",
    "deliver_subject",
    "deliver_group",
    "idle_heartbeat",
    "inactive_threshold",
    "mem_storage",
    "direct",
    "pause_until",
    "src",
    "dest",
    "external",
    "filter",
    "seq",
    "keep",
    "no_erase",
    "offset",
    "subjects_filter",
    "deleted_details",
    "subject",
    "batch",
    "expires",
    "no_wait",
    "last_by_subj",
    "next_by_subj",
    "start_time",
    "multi_last",
    "up_to_seq",
    "up_to_time",
    "no_hdr",
    "action",
    "pedantic",
    "config",
    "stream_name",
    "cluster",
    "tags",
    "api",
];

/// A piece of JSON text.
#[derive(PartialEq)]
enum Token {
    Name,
    Value,
    /// Where a member may be put.
    Member,
}

/// `text` with one thing wrong or odd.
pub fn mangle(random: &mut Random, text: &str) -> String {
    let mut tokens = tokens(text);
    if random.one_in(3) && tokens.iter().any(|(token, ..)| *token == Token::Member) {
        tokens.retain(|(token, ..)| *token == Token::Member);
    }
    if tokens.is_empty() || random.one_in(12) {
        let at = random.below(text.chars().count() as u64 + 1) as usize;
        let at = text.char_indices().nth(at).map_or(text.len(), |(at, _)| at);
        let (before, after) = text.split_at(at);
        return match random.below(4) {
            0 => before.into(),
            1 => format!("{before} \t\n{after}"),
            2 => format!("{text}{}", random.pick(&["x", "}", " ", "{}", ",", "\0"])),
            _ => format!(
                "{before}{}{after}",
                random.pick(&[",", "}", "\"", "\\", "]", ":", "x"])
            ),
        };
    }
    let (token, start, end) = tokens.swap_remove(random.below(tokens.len() as u64) as usize);
    let (before, this, after) = (&text[..start], &text[start..end], &text[end..]);
    match token {
        Token::Value => format!("{before}{}{after}", random.pick(VALUES)),
        Token::Member => {
            let (name, value) = (random.pick(NAMES), random.pick(VALUES));
            format!("{before}\"{name}\":{value},{after}")
        }
        Token::Name => match random.below(4) {
            0 => format!("{before}{}{after}", this.to_uppercase()),
            1 => format!("{before}{this}:{},{this}{after}", random.pick(VALUES)),
            2 => format!(
                "{before}{}:{},{this}{after}",
                this.to_uppercase(),
                random.pick(VALUES)
            ),
            _ => format!(
                "{before}{}{after}",
                random.pick(&["\"\"", "x", "1", "null", "\"n\\u0061me\"", "\"\u{17f}eq\""])
            ),
        },
    }
}

/// Names and values of a text, lists and objects as the pieces they have.
fn tokens(text: &str) -> Vec<(Token, usize, usize)> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut open = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
                at = (at + 1).min(bytes.len());
                let token = match bytes.get(at) {
                    Some(b':') => Token::Name,
                    _ => Token::Value,
                };
                tokens.push((token, start, at));
            }
            b'{' | b'[' => {
                open.push(at);
                at += 1;
                if bytes[start] == b'{' {
                    tokens.push((Token::Member, at, at));
                }
            }
            b'}' | b']' => {
                at += 1;
                tokens.extend(open.pop().map(|start| (Token::Value, start, at)));
            }
            b',' | b':' => at += 1,
            _ => {
                let end = |b: &u8| b"{}[],:\"".contains(b);
                at += bytes[at..].iter().position(end).unwrap_or(bytes.len() - at);
                tokens.push((Token::Value, start, at));
            }
        }
    }
    tokens
}
