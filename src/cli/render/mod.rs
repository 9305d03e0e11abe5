//! How natscli writes numbers, sizes, times, reports and tables. Pure text; knows no terminal.

mod bytes;
mod cells;
pub mod columns;
mod duration;
pub mod table;
pub mod wrap;

pub use bytes::size;
pub use duration::{go_duration, human_duration, round, rounded_duration};

use crate::wire::time::{Time, push_padded};

/// An integer with commas every three digits.
pub fn number(value: i64) -> String {
    let digits = unsigned(value.unsigned_abs());
    if value < 0 {
        format!("-{digits}")
    } else {
        digits
    }
}

/// As [`number`]; values from 2^63-1 on have no commas.
pub fn count(value: u64) -> String {
    if value >= i64::MAX as u64 {
        value.to_string()
    } else {
        unsigned(value)
    }
}

fn unsigned(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `true` or `false`.
pub fn yes(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// `2006-01-02 15:04:05`, seconds cut, `offset` seconds east of UTC.
pub fn date_time(time: Time, offset: i32) -> String {
    let civil = time.after(i64::from(offset) * 1_000_000_000).civil();
    let mut text = String::with_capacity(19);
    push_padded(&mut text, civil.year.max(0) as u32, 4);
    for (mark, value) in [
        ('-', civil.month),
        ('-', civil.day),
        (' ', civil.hour),
        (':', civil.minute),
        (':', civil.second),
    ] {
        text.push(mark);
        push_padded(&mut text, value, 2);
    }
    text
}

/// `15:04:05`.
pub fn clock(time: Time, offset: i32) -> String {
    date_time(time, offset).split_off(11)
}

/// Go's `%v` of a UTC time: `2026-11-24 20:47:14.907594367 +0000 UTC`.
pub fn go_time(time: Time) -> String {
    let mut text = date_time(time, 0);
    push_fraction(&mut text, time.civil().nanosecond);
    text.push_str(" +0000 UTC");
    text
}

/// `.` and the fraction without trailing zeros; nothing for 0.
fn push_fraction(text: &mut String, nanosecond: u32) {
    if nanosecond > 0 {
        text.push('.');
        push_padded(text, nanosecond, 9);
        text.truncate(text.trim_end_matches('0').len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(number(-1_234), "-1,234");
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(count(u64::MAX), "18446744073709551615");
    }

    #[test]
    fn times_are_cut() {
        let time = Time::parse_rfc3339("2026-11-24T20:47:14.907594367Z").unwrap();
        assert_eq!(date_time(time, 0), "2026-11-24 20:47:14");
        assert_eq!(date_time(time, 3600), "2026-11-24 21:47:14");
        assert_eq!(clock(time, -3600), "19:47:14");
        assert_eq!(go_time(time), "2026-11-24 20:47:14.907594367 +0000 UTC");
        let whole = Time::parse_rfc3339("2026-11-24T20:47:14Z").unwrap();
        assert_eq!(go_time(whole), "2026-11-24 20:47:14 +0000 UTC");
    }
}
