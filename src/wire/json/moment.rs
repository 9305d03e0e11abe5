//! A point in time as it is written in JSON, read with the rules and error texts of Go's package `time`.

use super::push_hex;
use crate::wire::time::{SECOND, Time, days, month_days};

/// The layout Go names in errors about times.
const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";

/// A time of a request: remembers the zone it was sent with, because replies show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The point in time. Beyond the year 2262 the nanoseconds wrap, as Go's `UnixNano` does.
    pub time: Time,
    /// As replies show it: fraction without trailing zeros, zone as sent, but for its 60th minute.
    pub text: String,
}

impl Moment {
    /// `time.Time`'s reading of a JSON string, with its error texts.
    pub(super) fn parse(raw: &[u8]) -> Result<Moment, String> {
        let text = match raw {
            // A char a byte: what is not ASCII is wrong, and shown by its bytes, be they UTF-8 or not.
            [b'"', inner @ .., b'"'] => inner.iter().map(|b| char::from(*b)).collect::<String>(),
            _ => return Err("Time.UnmarshalJSON: input is not a JSON string".to_owned()),
        };
        let bad = |rest: &str, element: &str| {
            Err(format!(
                "parsing time {} as \"{LAYOUT}\": cannot parse {} as \"{element}\"",
                quote_time(&text),
                quote_time(rest)
            ))
        };
        let range = |what: &str| {
            let time = quote_time(&text);
            Err(format!("parsing time {time}: {what} out of range"))
        };
        let mut rest = text.as_str();
        let mut numbers = [0u32; 6];
        let elements = [
            ("2006", "-"),
            ("01", "-"),
            ("02", "T"),
            ("15", ":"),
            ("04", ":"),
            ("05", ""),
        ];
        for (number, (element, separator)) in numbers.iter_mut().zip(elements) {
            // Hours alone may be of one digit.
            let short = element == "15" && rest.as_bytes().get(1) == Some(&b':');
            match rest.split_at_checked(element.len() - usize::from(short)) {
                Some((digits, after)) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                    *number = digits.parse().unwrap_or(0);
                    match element {
                        "01" if !(1..=12).contains(number) => return range("month"),
                        "15" if *number > 23 => return range("hour"),
                        "04" if *number > 59 => return range("minute"),
                        "05" if *number > 59 => return range("second"),
                        _ => {}
                    }
                    rest = after;
                }
                _ => return bad(rest, element),
            }
            match rest.strip_prefix(separator) {
                Some(after) => rest = after,
                None => return bad(rest, separator),
            }
        }
        let mut shown = text[..text.len() - rest.len()].to_owned();
        if shown.len() < "2006-01-02T15:04:05".len() {
            shown.insert("2006-01-02T".len(), '0');
        }
        let mut fraction = "";
        if let Some(after) = rest.strip_prefix(['.', ',']) {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                fraction = &after[..digits.min(9)];
                rest = &after[digits..];
            }
        }
        let mut offset = 0;
        let mut zone = "Z".to_owned();
        let tail = match rest.as_bytes() {
            [b'Z', ..] => &rest[1..],
            [sign, a, b, b':', c, d, ..]
                if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()) =>
            {
                let of =
                    |tens: &u8, ones: &u8| i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
                let (hours, minutes) = (of(a, b), of(c, d));
                if hours > 24 {
                    return range("time zone offset hour");
                }
                if minutes > 60 {
                    return range("time zone offset minute");
                }
                offset = (hours * 60 + minutes) * 60 * SECOND;
                match sign {
                    b'+' => {}
                    b'-' => offset = -offset,
                    _ => return bad(rest, "Z07:00"),
                }
                // No offset is `Z`, and 60 minutes are an hour.
                if offset != 0 {
                    let (hours, minutes) = (hours + minutes / 60, minutes % 60);
                    zone = format!("{}{hours:02}:{minutes:02}", char::from(*sign));
                }
                &rest[6..]
            }
            _ => return bad(rest, "Z07:00"),
        };
        if !tail.is_empty() {
            let (time, extra) = (quote_time(&text), quote_time(tail));
            return Err(format!("parsing time {time}: extra text: {extra}"));
        }
        let [year, month, day, ..] = numbers;
        if day < 1 || day > month_days(i64::from(year), month) {
            return range("day");
        }
        let days = days(i64::from(year), month, day);
        let of_day = numbers[3] * 3600 + numbers[4] * 60 + numbers[5];
        let nanoseconds =
            fraction.parse::<i64>().unwrap_or(0) * 10i64.pow(9 - fraction.len() as u32);
        let time = (days * 86_400 + i64::from(of_day))
            .wrapping_mul(SECOND)
            .wrapping_add(nanoseconds)
            .wrapping_sub(offset);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        Ok(Moment {
            time: Time(time),
            text: shown + point + fraction + &zone,
        })
    }

    /// Is it Go's zero time, which is none?
    pub fn is_zero(&self) -> bool {
        self.text == "0001-01-01T00:00:00Z"
    }

    /// For those who compare it: what nanoseconds cannot count is as early or as late as can be.
    pub fn clamped(mut self) -> Moment {
        if self.text.as_str() < "1677-09-22" {
            self.time = Time(i64::MIN);
        } else if self.text.as_str() > "2262-04-11" {
            self.time = Time(i64::MAX);
        }
        self
    }

    /// The same point in time without a zone of its own.
    pub fn utc(time: Time) -> Moment {
        Moment {
            time,
            text: time.rfc3339(),
        }
    }
}

/// How Go's package `time` puts text in quotes: ASCII as it is, of all else the bytes, which the chars of `text` stand for.
fn quote_time(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            ' '..='\x7f' => quoted.push(char),
            _ => push_hex(&mut quoted, "\\x", u32::from(char), 2),
        }
    }
    quoted.push('"');
    quoted
}
