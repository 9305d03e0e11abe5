//! `Nats-TTL`: how long a message says that it stays, as nats-server reads it (ADR-43).

use super::duration;
use super::time::{SECOND, Time};

/// A message's time to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// Seconds, at least 1.
    Seconds(i64),
    /// Exempt from `max_age` too.
    Never,
}

/// It is no time to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

/// Reads `Nats-TTL`; `Ok(None)` without one. Go durations are cut to whole seconds, plain digits are seconds, and digits
/// that come to 0 (but not `0`, which is a duration) count as none.
///
/// # Errors
/// When it is something else.
pub fn parse(value: &[u8]) -> Result<Option<Ttl>, Invalid> {
    if value.is_empty() {
        return Ok(None);
    }
    let text = str::from_utf8(value).map_err(|_| Invalid)?;
    if text.eq_ignore_ascii_case("never") {
        return Ok(Some(Ttl::Never));
    }
    let seconds = match duration::parse(text) {
        Some(ns) => Some(ns / SECOND).filter(|seconds| *seconds > 0),
        None => digits(value).filter(|seconds| *seconds >= 0),
    };
    let seconds = seconds.ok_or(Invalid)?;
    Ok((seconds > 0).then_some(Ttl::Seconds(seconds)))
}

/// When so many seconds after `time` are over. Beyond the end of time that wraps around, as in nats-server.
pub fn deadline(time: Time, seconds: i64) -> Time {
    Time(time.0.wrapping_add(seconds.wrapping_mul(SECOND)))
}

/// A number of digits alone. Too many of them wrap around, as in nats-server.
pub fn digits(value: &[u8]) -> Option<i64> {
    value.iter().try_fold(0i64, |n, b| {
        let digit = b.is_ascii_digit().then(|| i64::from(b - b'0'))?;
        Some(n.wrapping_mul(10).wrapping_add(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ttls() {
        let seconds = |n| Ok(Some(Ttl::Seconds(n)));
        for (text, want) in [
            ("", Ok(None)),
            ("never", Ok(Some(Ttl::Never))),
            ("NEVER", Ok(Some(Ttl::Never))),
            ("1h30m", seconds(5400)),
            ("1.9s", seconds(1)),
            ("61s", seconds(61)),
            ("61", seconds(61)),
            ("0", Err(Invalid)),
            ("0s", Err(Invalid)),
            ("999ms", Err(Invalid)),
            ("1.5", Err(Invalid)),
            ("-1", Err(Invalid)),
            ("+5", Err(Invalid)),
            ("1d", Err(Invalid)),
            ("1e3", Err(Invalid)),
            ("5 ", Err(Invalid)),
            ("00", Ok(None)),
            ("18446744073709551616", Ok(None)),
            ("18446744073709551621", seconds(5)),
            ("18446744073709551615", Err(Invalid)),
        ] {
            assert_eq!(parse(text.as_bytes()), want, "{text}");
        }
    }
}
