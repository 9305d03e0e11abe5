//! Messages as commands show and make them: bodies, headers, templates, and what a delivery from a stream says of itself.

use super::Call;
use crate::{
    cli::{
        parse::Failure,
        render,
        template::{self, Source, Value},
    },
    client::{Headers, Message, runtime::Runtime},
    wire::time::{Time, push_padded},
};
use std::rc::Rc;

/// A body in full, with empty lines after it.
pub fn framed(mut body: Vec<u8>) -> Vec<u8> {
    let end: &[u8] = if body.ends_with(b"\n") {
        b"\n"
    } else {
        b"\n\n\n"
    };
    body.extend_from_slice(end);
    body
}

/// A body by itself, ending in a newline.
pub fn ended(mut body: Vec<u8>) -> Vec<u8> {
    if !body.ends_with(b"\n") {
        body.push(b'\n');
    }
    body
}

/// Header lines, each with `indent` before it.
pub fn header_lines(headers: &Headers, indent: &str) -> String {
    headers
        .iter()
        .map(|(key, value)| format!("{indent}{key}: {value}\n"))
        .collect()
}

/// What the reply subject of a stream's message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its stream.
    pub stream: String,
    /// The consumer that delivered it.
    pub consumer: String,
    /// How often it has been delivered.
    pub delivered: u64,
    /// Number in the stream.
    pub stream_sequence: u64,
    /// Number of the delivery.
    pub consumer_sequence: u64,
    /// When it was stored.
    pub time: Time,
    /// How many come after it.
    pub pending: u64,
}

impl Delivery {
    /// Reads `$JS.ACK.[domain.account.]stream.consumer.delivered.sseq.cseq.time.pending[.token]`.
    pub fn of(message: &Message) -> Option<Delivery> {
        let tokens: Vec<&str> = message.reply.as_deref()?.split('.').collect();
        let rest = match tokens.as_slice() {
            ["$JS", "ACK", rest @ ..] if rest.len() == 7 => rest,
            ["$JS", "ACK", _, _, rest @ ..] if rest.len() >= 7 => rest,
            _ => return None,
        };
        let number = |index: usize| rest.get(index)?.parse::<u64>().ok();
        Some(Delivery {
            stream: rest.first()?.to_string(),
            consumer: rest.get(1)?.to_string(),
            delivered: number(2)?,
            stream_sequence: number(3)?,
            consumer_sequence: number(4)?,
            time: Time(number(5)? as i64),
            pending: number(6)?,
        })
    }
}

/// What templates in messages can ask for.
pub struct Made {
    /// Number of the message.
    pub count: i64,
    /// When it is made.
    pub now: Time,
    /// Seconds east of UTC.
    pub offset: i32,
    /// For random texts.
    pub runtime: Rc<dyn Runtime>,
    /// The request that is answered.
    pub request: Option<String>,
}

impl Made {
    /// For message number `count` of a command.
    pub fn new(call: &Call, count: i64) -> Made {
        let now = call.now();
        let offset = call.session.io.utc_offset(now);
        Made {
            count,
            now,
            offset,
            runtime: call.session.runtime.clone(),
            request: None,
        }
    }

    fn letters(&self, count: usize, alphabet: &[u8]) -> String {
        let pick = |_| alphabet[(self.runtime.random() % alphabet.len() as u64) as usize] as char;
        (0..count).map(pick).collect()
    }
}

impl Source for Made {
    fn value(&self, name: &str) -> Option<Value> {
        Some(Value::Text(match name {
            "Count" | "Cnt" => return Some(Value::Int(self.count)),
            "Unix" => return Some(Value::Int64(self.now.0.div_euclid(1_000_000_000))),
            "UnixNano" => return Some(Value::Int64(self.now.0)),
            "Time" => kitchen(self.now, self.offset),
            "TimeStamp" => timestamp(self.now, self.offset),
            "ID" => self.letters(
                22,
                b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            ),
            "Request" => self.request.clone()?,
            _ => return None,
        }))
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Request" => Some(Value::Text(self.request.clone().unwrap_or_default())),
            name => self.value(name),
        }
    }

    fn fields(&self) -> &'static [&'static str] {
        &[
            "Cnt",
            "Count",
            "Unix",
            "UnixNano",
            "TimeStamp",
            "Time",
            "Request",
        ]
    }

    fn random(&self, shortest: i64, longest: i64) -> Option<String> {
        let (low, high) = (shortest.min(longest).max(0), shortest.max(longest).max(0));
        let count = low + (self.runtime.random() % ((high - low) as u64 + 1)) as i64;
        let alphabet = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        Some(self.letters(count.min(1 << 20) as usize, alphabet))
    }
}

/// `3:04PM`.
fn kitchen(time: Time, offset: i32) -> String {
    let civil = time.after(i64::from(offset) * 1_000_000_000).civil();
    let half = if civil.hour < 12 { "AM" } else { "PM" };
    format!("{}:{:02}{half}", (civil.hour + 11) % 12 + 1, civil.minute)
}

/// RFC 3339 with whole seconds in local time.
fn timestamp(time: Time, offset: i32) -> String {
    let mut text = render::date_time(time, offset).replacen(' ', "T", 1);
    if offset == 0 {
        text.push('Z');
    } else {
        text.push(if offset < 0 { '-' } else { '+' });
        let minutes = offset.unsigned_abs() / 60;
        push_padded(&mut text, minutes / 60, 2);
        text.push(':');
        push_padded(&mut text, minutes % 60, 2);
    }
    text
}

/// `Jan _2 15:04:05.000000` in local time.
pub fn stamp(time: Time, offset: i32) -> String {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let civil = time.after(i64::from(offset) * 1_000_000_000).civil();
    let at = (civil.month.clamp(1, 12) as usize - 1) * 3;
    let month = MONTHS.get(at..at + 3).unwrap_or_default();
    let clock = render::clock(time, offset);
    format!(
        "{month} {:>2} {clock}.{:06}",
        civil.day,
        civil.nanosecond / 1000
    )
}

/// Headers given as `K:V`, templates in values expanded.
pub fn headers(given: &[String], source: &Made) -> Result<Headers, Failure> {
    let mut headers = Headers::new();
    for text in given {
        let Some((key, value)) = text.split_once(':') else {
            return Err(format!("invalid header {}", crate::cli::values::quote(text)).into());
        };
        let (key, value) = (key.trim(), value.trim());
        let value = template::expand("body", value, source)
            .map_err(|error| format!("failed to parse Header template for {key}: {error}"))?;
        headers.append(key, &value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_with_and_without_domain() {
        let of = |reply: &str| {
            Delivery::of(&Message {
                reply: Some(reply.into()),
                ..Message::default()
            })
        };
        let plain = of("$JS.ACK.S.C.1.2.3.1700000000000000000.4").unwrap();
        assert_eq!(
            (
                plain.stream_sequence,
                plain.consumer_sequence,
                plain.pending
            ),
            (2, 3, 4)
        );
        let long = of("$JS.ACK.hub.Xy.S.C.1.2.3.1700000000000000000.4.abc").unwrap();
        assert_eq!(long, plain);
        assert_eq!(of("_INBOX.a"), None);
    }

    #[test]
    fn times_of_templates() {
        let time = Time::parse_rfc3339("2026-11-04T00:05:09.466537Z").unwrap();
        assert_eq!(kitchen(time, 0), "12:05AM");
        assert_eq!(kitchen(time, 13 * 3600), "1:05PM");
        assert_eq!(timestamp(time, 0), "2026-11-04T00:05:09Z");
        assert_eq!(timestamp(time, -5400), "2026-11-03T22:35:09-01:30");
        assert_eq!(stamp(time, 0), "Nov  4 00:05:09.466537");
    }
}
