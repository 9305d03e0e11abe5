//! Makes what differs from run to run the same: times, random names, ids.

use nats_kv_playground::wire::base64;

use crate::sides::Seen;

/// A message as text, with everything that may differ masked.
pub fn masked(seen: &Seen) -> String {
    let Seen {
        subject,
        reply,
        headers,
        payload,
        ..
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

/// Times, also in the ack subject that a 503 names, and which life of an origin a message is of.
fn mask_headers(block: &str) -> String {
    let line = |line: &str| {
        if let Some(subject) = line.strip_prefix("Nats-Subject: ") {
            return format!("Nats-Subject: {}", mask_reply(subject));
        }
        if line.starts_with("Nats-Pin-Id: ") {
            return "Nats-Pin-Id: ID".into();
        }
        match line.rsplit_once(' ') {
            Some((before, _)) if line.starts_with("Nats-Stream-Source: ") => format!("{before} ID"),
            _ => mask_times(line),
        }
    };
    block
        .split("\r\n")
        .map(line)
        .collect::<Vec<_>>()
        .join("\r\n")
}

fn mask_json(text: &str) -> String {
    let mut text = mask_times(&mask_system(text));
    for key in ["\"pause_remaining\":", "\"ack_time\":", "\"active\":"] {
        text = mask_after(&text, key, |c| c.is_ascii_digit());
    }
    for key in [
        "\"leader\":\"",
        "\"id\":\"",
        "\"pinned_client_id\":\"",
        "\"pinned_id\":\"",
    ] {
        text = mask_after(&text, key, |c| c != '"');
    }
    text = mask_chosen_names(&text);
    text = mask_stored_headers(&text);
    text = sort_sources(&text);
    // Of all sequences together.
    text = mask_after(&text, "\"api\":{", |c| c != '}');
    sort_after(&text, "violates consumers: ")
}

/// Leaves out which server answers on `$SYS` and what connections there are, and masks what it counts.
fn mask_system(text: &str) -> String {
    let server = text.find(",\"data\":").or(text.find(",\"error\":"));
    let Some(at) = server.filter(|_| text.starts_with("{\"server\":")) else {
        return text.into();
    };
    let (answer, _) = text[at..]
        .split_once("\"connections\":")
        .unwrap_or((&text[at..], ""));
    let mut text = mask_after(answer, "\"server_id\":\"", |c| c != '"');
    for key in [
        "num_connections",
        "total",
        "conns",
        "total_conns",
        "num_subscriptions",
        "msgs",
        "bytes",
        "slow_consumers",
    ] {
        text = mask_after(&text, &format!("\"{key}\":"), |c| c.is_ascii_digit());
    }
    text
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

/// Names that servers choose, which are longer than ours.
fn mask_chosen_names(text: &str) -> String {
    let mut pieces = text.split("\"name\":\"");
    let mut out = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        let (name, after) = piece.split_at(piece.find('"').unwrap_or(0));
        let chosen = name.len() == 8 && name.bytes().all(|b| b.is_ascii_alphanumeric());
        out += &format!("\"name\":\"{}{after}", if chosen { "CHOSEN" } else { name });
    }
    out
}

/// Shows the headers of a stored message, masked.
fn mask_stored_headers(text: &str) -> String {
    let parts = text.split_once("\"hdrs\":\"").and_then(|(before, rest)| {
        let (hdrs, after) = rest.split_once('"')?;
        let block = String::from_utf8(base64::decode(hdrs)?).ok()?;
        Some(format!("{before}{:?}{after}", mask_headers(&block)))
    });
    parts.unwrap_or_else(|| text.into())
}

/// Sorts the sources in a stream's info, but not those of its configuration: nats-server walks a map.
fn sort_sources(text: &str) -> String {
    const KEY: &str = "\"sources\":[";
    let mut pieces = text.split(KEY);
    let mut out = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        let mut depth = 1;
        let end = piece.find(|c| {
            depth += match c {
                '[' => 1,
                ']' => -1,
                _ => 0,
            };
            depth == 0
        });
        let (list, after) = piece.split_at(end.unwrap_or(piece.len()));
        let mut list: Vec<&str> = list.split(",{\"name\":").collect();
        if list.iter().all(|source| source.contains("\"lag\":")) {
            list[0] = list[0].trim_start_matches("{\"name\":");
            list.sort();
        }
        out += &format!("{KEY}{}{after}", list.join(","));
    }
    out
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
