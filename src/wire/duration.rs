//! Durations as Go prints and reads them (`time.Duration`): `1m0s`, `1.5s`, `250ms`. Everything is nanoseconds.

/// Units from the largest to the smallest that [`parse`] knows.
const UNITS: [(&str, i64); 8] = [
    ("h", 3_600_000_000_000),
    ("ms", 1_000_000),
    ("m", 60_000_000_000),
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("s", 1_000_000_000),
];

/// As `time.Duration.String`.
pub fn format(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    let (unit, name) = match ns {
        0 => return "0s".into(),
        1..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let (whole, rest) = (ns / unit, ns % unit);
    let mut fraction = String::new();
    if rest > 0 {
        let digits = unit.ilog10() as usize;
        fraction = format!(".{rest:0digits$}").trim_end_matches('0').into();
    }
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    match (name, whole) {
        ("s", 3600..) => format!("{sign}{hours}h{minutes}m{seconds}{fraction}s"),
        ("s", 60..) => format!("{sign}{minutes}m{seconds}{fraction}s"),
        _ => format!("{sign}{whole}{fraction}{name}"),
    }
}

/// As `time.ParseDuration`; `None` for what Go refuses.
pub fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum: i64 = 0;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let length = digits(rest);
        let (whole, after) = rest.split_at(length);
        let mut fraction = "";
        rest = after;
        if let Some(after) = rest.strip_prefix('.') {
            (fraction, rest) = after.split_at(digits(after));
        }
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (name, unit) = UNITS.iter().find(|(name, _)| {
            rest.strip_prefix(name).is_some_and(|after| {
                after
                    .bytes()
                    .next()
                    .is_none_or(|byte| byte.is_ascii_digit() || byte == b'.')
            })
        })?;
        rest = &rest[name.len()..];
        let whole: i64 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        sum = sum.checked_add(whole.checked_mul(*unit)?)?;
        let mut scale = *unit;
        for digit in fraction.bytes() {
            scale /= 10;
            sum = sum.checked_add(i64::from(digit - b'0') * scale)?;
        }
    }
    Some(if negative { -sum } else { sum })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_as_go() {
        for (ns, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (60_000_000_000, "1m0s"),
            (245_001_000_000, "4m5.001s"),
            (5_410_000_000_000, "1h30m10s"),
            (-1_500_000_000, "-1.5s"),
        ] {
            assert_eq!(format(ns), text);
            assert_eq!(parse(text), Some(ns), "{text}");
        }
    }

    #[test]
    fn parses_as_go() {
        assert_eq!(parse("1h15m30.918s"), Some(4_530_918_000_000));
        assert_eq!(parse(".5s"), Some(500_000_000));
        assert_eq!(parse("0"), Some(0));
        for text in [
            "",
            "3",
            "-",
            "s",
            ".",
            "1.s2",
            "1 s",
            "1x",
            "9223372036854775808ns",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
