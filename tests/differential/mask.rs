//! Makes what differs from run to run the same: times, random names, ids.

use crate::sides::Seen;

/// A message as text, with everything that may differ masked.
pub fn masked(seen: &Seen) -> String {
    let Seen {
        subject,
        reply,
        headers,
        payload,
    } = seen;
    let payload = match payload.starts_with('{') {
        true => mask_json(payload),
        false => payload.clone(),
    };
    format!(
        "{} [{}] {:?} {}",
        subject,
        mask_reply(reply),
        mask_headers(headers),
        payload
    )
}

/// The stored time of an ack subject, the random end of a flow control subject.
fn mask_reply(reply: &str) -> String {
    let mut tokens: Vec<&str> = reply.split('.').collect();
    if reply.starts_with("$JS.ACK.") && tokens.len() == 9 {
        tokens[7] = "TIME";
    } else if reply.starts_with("$JS.FC.") && tokens.len() == 5 {
        tokens[4] = "RAND";
    }
    tokens.join(".")
}

/// Times, also in the ack subject that a 503 names.
fn mask_headers(block: &str) -> String {
    let line = |line: &str| match line.strip_prefix("Nats-Subject: ") {
        Some(subject) => format!("Nats-Subject: {}", mask_reply(subject)),
        None => mask_times(line),
    };
    block
        .split("\r\n")
        .map(line)
        .collect::<Vec<_>>()
        .join("\r\n")
}

fn mask_json(text: &str) -> String {
    let mut text = mask_times(text);
    for key in ["\"pause_remaining\":", "\"ack_time\":"] {
        text = mask_after(&text, key, |c| c.is_ascii_digit());
    }
    for key in ["\"leader\":\"", "\"id\":\""] {
        text = mask_after(&text, key, |c| c != '"');
    }
    // Of all sequences together.
    text = mask_after(&text, "\"api\":{", |c| c != '}');
    sort_after(&text, "violates consumers: ")
}

/// Sorts the list after `key`: nats-server walks a map.
fn sort_after(text: &str, key: &str) -> String {
    let Some((before, rest)) = text.split_once(key) else {
        return text.into();
    };
    let (list, after) = rest.split_at(rest.find('"').unwrap_or(rest.len()));
    let mut names: Vec<&str> = list.split(", ").collect();
    names.sort();
    format!("{before}{key}{}{after}", names.join(", "))
}

/// Replaces what follows each `key` as long as it is `part` of the value.
fn mask_after(text: &str, key: &str, part: impl Fn(char) -> bool) -> String {
    let mut pieces = text.split(key);
    let mut out = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        out += key;
        out += "*";
        out += piece.trim_start_matches(&part);
    }
    out
}

/// Replaces RFC 3339 times, but not Go's zero time.
fn mask_times(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        let start = text.len() - rest.len() + at;
        out += &rest[..at];
        let shape = b"dddd-dd-ddTdd:dd:dd";
        let fits = |byte: u8, shape: u8| match shape {
            b'd' => byte.is_ascii_digit(),
            shape => byte == shape,
        };
        let window = bytes.get(start..start + shape.len());
        if window.is_some_and(|window| window.iter().zip(shape).all(|(b, s)| fits(*b, *s))) {
            let after = &text[start + shape.len()..];
            let after = after.strip_prefix('.').map_or(after, |after| {
                after.trim_start_matches(|c: char| c.is_ascii_digit())
            });
            out += "TIME";
            rest = after;
        } else {
            out += "20";
            rest = &rest[at + 2..];
        }
    }
    out + rest
}
