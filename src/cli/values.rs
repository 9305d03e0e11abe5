//! Values of flags and arguments as text: what fisk and natscli accept, and what they say about the rest.

use super::spec::Kind;
use crate::wire::json;

const SECOND: i128 = 1_000_000_000;
const HOUR: i64 = 3_600_000_000_000;

/// Quotes as Go's `%q`.
pub fn quote(text: &str) -> String {
    json::quote(text.as_bytes())
}

/// A size (`ParseStringAsBytes`): bytes, -1 for unlimited. `bits` limits the number before the unit.
pub fn size(text: &str, bits: u32) -> Result<i64, String> {
    let text = text.trim();
    if text.starts_with('-') {
        return Ok(-1);
    }
    let most: i128 = if bits == 32 {
        i32::MAX.into()
    } else {
        i64::MAX.into()
    };
    let invalid = || {
        format!(
            "invalid bytes specification {text}: bytes must end in B, K, KB, M, MB, G, GB, T or TB"
        )
    };
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        let value = digits.parse::<i128>().ok().filter(|v| *v <= most);
        if let Some(value) = value {
            return Ok(value as i64);
        }
    }
    // What `^(\d+)(\w+)` finds: a unit of at least one character, which may be the last digit; the rest does not count.
    let end_of = |accept: fn(u8) -> bool, from: usize| {
        let rest = text.bytes().skip(from);
        from + rest.take_while(|b| accept(*b)).count()
    };
    let mut start = end_of(|b| b.is_ascii_digit(), 0);
    let end = end_of(|b| b.is_ascii_alphanumeric() || b == b'_', start);
    if start == end {
        start = start.saturating_sub(1);
    }
    let (number, unit) = (&text[..start], &text[start..end]);
    if number.is_empty() {
        return Err(invalid());
    }
    let value = number.parse::<i128>().ok().filter(|v| *v <= most);
    let value = value.ok_or_else(|| {
        let most = super::render::number(most as i64);
        format!("bytes value out of allowed range: maximum value {most}")
    })?;
    let shift = match unit.to_ascii_uppercase().as_str() {
        "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err(invalid()),
    };
    Ok((value as i64).wrapping_shl(shift))
}

/// Digits with at most one point: the whole part and the fraction's digits.
fn decimal(text: &str) -> Option<(i128, &str)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
        return None;
    }
    let whole = if whole.is_empty() {
        0
    } else {
        whole.get(..30.min(whole.len()))?.parse().ok()?
    };
    Some((
        whole,
        fraction.get(..fraction.len().min(18)).unwrap_or_default(),
    ))
}

/// `number` of `unit`, cut to whole nanoseconds.
fn scaled((whole, fraction): (i128, &str), unit: i128) -> i128 {
    let digits: i128 = fraction.parse().unwrap_or(0);
    whole
        .saturating_mul(unit)
        .saturating_add(digits.saturating_mul(unit) / 10i128.pow(fraction.len() as u32))
}

/// A duration in ns, as fisk reads it: every `[-+]?[0-9.]+[a-zA-Z]+` in it is summed.
pub fn duration(text: &str) -> Result<i64, String> {
    if text == "0" {
        return Ok(0);
    }
    let bytes = text.as_bytes();
    let (mut at, mut parts) = (0, Vec::new());
    while at < bytes.len() {
        let number = at + usize::from(matches!(bytes.get(at), Some(b'-' | b'+')));
        let run = |from: usize, accept: fn(u8) -> bool| {
            bytes
                .iter()
                .skip(from)
                .position(|b| !accept(*b))
                .map_or(bytes.len(), |n| from + n)
        };
        let unit = run(number, |b| b.is_ascii_digit() || b == b'.');
        let end = run(unit, |b| b.is_ascii_alphabetic());
        if unit > number && end > unit {
            let piece = |a: usize, b: usize| text.get(a..b).unwrap_or_default();
            parts.push((
                piece(at, number) == "-",
                piece(number, unit),
                piece(unit, end),
            ));
            at = end;
        } else {
            at = if unit > number { unit } else { at + 1 };
        }
    }
    let Some((negative, ..)) = parts.first().copied() else {
        return Err("invalid duration".into());
    };
    // Hours and sums wrap around as Go's do; a part of ParseDuration's own units that is too long is refused.
    let mut total: i64 = 0;
    for (_, number, unit) in parts {
        let hours = match unit {
            "d" | "D" => 24,
            "w" | "W" => 24 * 7,
            "M" => 24 * 30,
            "y" | "Y" => 24 * 365,
            _ => 0,
        };
        if hours > 0 {
            let Some(number) = decimal(number) else {
                return Err(format!(
                    "invalid duration: strconv.ParseFloat: parsing {}: invalid syntax",
                    quote(number)
                ));
            };
            let hours = i64::try_from(scaled(number, hours)).unwrap_or(i64::MIN);
            total = total.wrapping_add(hours.wrapping_mul(HOUR));
            continue;
        }
        let unit_ns: i128 = match unit {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            _ => return Err(format!("invalid duration: invalid unit {unit}")),
        };
        let Some(value) = decimal(number) else {
            return Err(format!(
                "invalid duration: time: missing unit in duration {}",
                quote(&format!("{number}{unit}"))
            ));
        };
        let Ok(ns) = i64::try_from(scaled(value, unit_ns)) else {
            return Err(format!(
                "invalid duration: time: invalid duration {}",
                quote(&format!("{number}{unit}"))
            ));
        };
        total = total.wrapping_add(ns);
    }
    Ok(if negative {
        total.wrapping_neg()
    } else {
        total
    })
}

/// An integer as Go's `ParseInt`/`ParseUint` with base 0 reads it: magnitude and sign.
fn integer(text: &str) -> Option<(bool, Option<u128>)> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, body) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        _ if lower.len() > 1 && lower.starts_with('0') => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    // Underscores stand between digits, or after a prefix.
    let prefixed = body.len() < lower.len();
    if body.ends_with('_') || body.contains("__") || (!prefixed && body.starts_with('_')) {
        return None;
    }
    let body = body.replace('_', "");
    if body.is_empty() || !body.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    Some((negative, u128::from_str_radix(&body, base).ok()))
}

fn number_error(function: &str, text: &str, what: &str) -> String {
    format!("strconv.{function}: parsing {}: {what}", quote(text))
}

/// An unsigned integer of `bits`.
pub fn uint(text: &str, bits: u32) -> Result<u64, String> {
    let most = if bits >= 64 {
        u64::MAX
    } else {
        (1 << bits) - 1
    };
    match integer(text) {
        Some((false, magnitude)) if !text.starts_with('+') => magnitude
            .filter(|v| *v <= most.into())
            .map(|v| v as u64)
            .ok_or_else(|| number_error("ParseUint", text, "value out of range")),
        _ => Err(number_error("ParseUint", text, "invalid syntax")),
    }
}

/// A signed integer.
pub fn int64(text: &str) -> Result<i64, String> {
    let Some((negative, magnitude)) = integer(text) else {
        return Err(number_error("ParseInt", text, "invalid syntax"));
    };
    let value = magnitude
        .and_then(|m| i128::try_from(m).ok())
        .map(|m| if negative { -m } else { m });
    value
        .and_then(|v| i64::try_from(v).ok())
        .ok_or_else(|| number_error("ParseInt", text, "value out of range"))
}

/// A truth value.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(number_error("ParseBool", text, "invalid syntax")),
    }
}

/// An unsigned number in decimal digits only.
pub fn natural(text: &str) -> Result<u64, String> {
    let what = match text.is_empty() || text.bytes().any(|b| !b.is_ascii_digit()) {
        true => "invalid syntax",
        false => "value out of range",
    };
    let number = text.parse().ok().filter(|_| what != "invalid syntax");
    number.ok_or_else(|| number_error("ParseUint", text, what))
}

/// A whole number that is typed at a question: decimal digits and a sign.
pub fn atoi(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let what = match digits.is_empty() || digits.bytes().any(|b| !b.is_ascii_digit()) {
        true => "invalid syntax",
        false => "value out of range",
    };
    text.parse().map_err(|_| number_error("Atoi", text, what))
}

/// An `int`, given as a float and cut. What is no number or too large for an `int` is the lowest one, as on most machines.
pub fn int(text: &str) -> Result<i64, String> {
    let error = |what| number_error("ParseFloat", text, what);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let named = |name: &str| digits.eq_ignore_ascii_case(name);
    let number = float(text)
        .filter(|_| digits == text || !named("nan"))
        .ok_or_else(|| error("invalid syntax"))?;
    if number.is_infinite() && !named("inf") && !named("infinity") {
        return Err(error("value out of range"));
    }
    let fits = (-(2f64.powi(63))..2f64.powi(63)).contains(&number);
    Ok(if fits { number as i64 } else { i64::MIN })
}

/// A number as Go reads it: with underscores between digits, or in hexadecimal digits with an exponent of two.
fn float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
    let bytes = digits.as_bytes();
    let digit = |at: usize| match bytes.get(at) {
        Some(b'x' | b'X') => hexadecimal && at == 1,
        Some(byte) if hexadecimal => byte.is_ascii_hexdigit(),
        byte => byte.is_some_and(u8::is_ascii_digit),
    };
    let between = |at: usize| at > 0 && digit(at - 1) && digit(at + 1);
    if !digits.match_indices('_').all(|(at, _)| between(at)) {
        return None;
    }
    let plain = text.replace('_', "");
    if !hexadecimal {
        return plain.parse().ok();
    }
    let (mantissa, exponent) = digits.get(2..)?.split_once(['p', 'P'])?;
    let (mantissa, exponent) = (mantissa.replace('_', ""), exponent.replace('_', ""));
    let (whole, part) = mantissa.split_once('.').unwrap_or((&mantissa, ""));
    let mut number = None;
    for c in whole.chars().chain(part.chars()) {
        number = Some(number.unwrap_or(0.0) * 16.0 + f64::from(c.to_digit(16)?));
    }
    let exponent: i32 = exponent.parse().ok()?;
    let places = i32::try_from(part.len()).ok()?;
    let number = number? * 2f64.powi(exponent.saturating_sub(places.saturating_mul(4)));
    Some(if text.starts_with('-') {
        -number
    } else {
        number
    })
}

/// `KEY=VALUE` or `KEY:VALUE`.
pub fn pair(text: &str) -> Result<(&str, &str), String> {
    match text.find([':', '=']) {
        Some(at) => Ok((&text[..at], &text[at + 1..])),
        None => Err(format!("expected KEY=VALUE got '{text}'")),
    }
}

/// Checks a value as the flag's type does. Files and sizes are checked by whoever uses them.
pub fn check(kind: Kind, text: &str) -> Result<(), String> {
    match kind {
        Kind::Duration => duration(text).map(drop),
        Kind::Int(read) => read(text).map(drop),
        Kind::Int64(_) => int64(text).map(drop),
        Kind::Uint(bits) => uint(text, bits).map(drop),
        Kind::Map => pair(text).map(drop),
        Kind::Pattern(read) => read(text).map(drop),
        Kind::Enum(allowed) if !allowed.split(',').any(|a| a == text) => {
            Err(format!("enum value must be one of {allowed}, got '{text}'"))
        }
        _ => Ok(()),
    }
}

/// Checks the bounds of a flag, before any value is set: base 10 only, with the flag's name before the error.
pub fn check_bounds(name: &str, (low, high): (i64, i64), text: &str) -> Result<(), String> {
    let plain = text.trim_start_matches(['-', '+']);
    let value = match text.parse::<i64>() {
        Ok(value) => value,
        Err(_) if !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_digit()) => {
            return Err(format!(
                "{name}: {}",
                number_error("ParseInt", text, "value out of range")
            ));
        }
        Err(_) => {
            return Err(format!(
                "{name}: {}",
                number_error("ParseInt", text, "invalid syntax")
            ));
        }
    };
    if value < low {
        Err(format!("{name}: must be greater than or equal to {low}"))
    } else if value > high {
        Err(format!("{name}: must be less than or equal to {high}"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_typed() {
        let wrong = |text, what| Err(format!("strconv.Atoi: parsing {}: {what}", quote(text)));
        assert_eq!((atoi("-5"), atoi("+07")), (Ok(-5), Ok(7)));
        for text in ["abc", "0x10", "", "-", "1_0", " 1"] {
            assert_eq!(atoi(text), wrong(text, "invalid syntax"));
        }
        let long = "99999999999999999999";
        assert_eq!(atoi(long), wrong(long, "value out of range"));
    }

    #[test]
    fn sizes() {
        assert_eq!(size("1KB", 32), Ok(1024));
        assert_eq!(size(" 10mib ", 64), Ok(10 << 20));
        assert_eq!(size("-5GB", 64), Ok(-1));
        assert_eq!(size("+5", 64), Ok(5));
        assert_eq!(size("3G", 32), Ok(3 << 30));
        let spec = "bytes must end in B, K, KB, M, MB, G, GB, T or TB";
        for bad in ["1.5M", "1 MB", "10X", "lots", "1P", "1Ki", "0x10", "KB"] {
            assert_eq!(
                size(bad, 64),
                Err(format!("invalid bytes specification {bad}: {spec}"))
            );
        }
        assert!(
            size("3000000000", 32)
                .unwrap_err()
                .starts_with("invalid bytes specification")
        );
        assert_eq!(
            size("3000000000K", 32),
            Err("bytes value out of allowed range: maximum value 2,147,483,647".into())
        );
    }

    #[test]
    fn durations() {
        let hour = 3_600_000_000_000;
        assert_eq!(duration("0"), Ok(0));
        assert_eq!(duration("1h30m"), Ok(hour * 3 / 2));
        assert_eq!(duration("1h 30m"), Ok(hour * 3 / 2));
        assert_eq!(duration("foo1h"), Ok(hour));
        assert_eq!(duration("1h,2h"), Ok(3 * hour));
        assert_eq!(duration("1ms5"), Ok(1_000_000));
        assert_eq!(duration("1h-30m"), Ok(hour * 3 / 2));
        assert_eq!(duration("-1h"), Ok(-hour));
        assert_eq!(duration("0.5d"), Ok(12 * hour));
        assert_eq!(duration("0.01d"), Ok(0));
        assert_eq!(duration("1.5s"), Ok(1_500_000_000));
        assert_eq!(duration("1M"), Ok(720 * hour));
        // As nats 0.5.1 and nats-server take them: 106752 days are a negative age, so much more years are none.
        assert!(duration("106752d").is_ok_and(|ns| ns < 0));
        assert_eq!(duration("99999999999999999999y"), Ok(0));
        assert!(duration("9000000000s9000000000s").is_ok_and(|ns| ns < 0));
        assert_eq!(
            duration("9223372037s"),
            Err("invalid duration: time: invalid duration \"9223372037s\"".into())
        );
        for bad in ["", "5", "soon", "1 h"] {
            assert_eq!(duration(bad), Err("invalid duration".into()), "{bad}");
        }
        assert_eq!(
            duration("5x"),
            Err("invalid duration: invalid unit x".into())
        );
        assert_eq!(
            duration("1.2.3d"),
            Err("invalid duration: strconv.ParseFloat: parsing \"1.2.3\": invalid syntax".into())
        );
        assert_eq!(
            duration("1.2.3h"),
            Err("invalid duration: time: missing unit in duration \"1.2.3h\"".into())
        );
    }

    #[test]
    fn numbers() {
        // Larger than any number there is to calculate with.
        assert_eq!(int("1e-2147483648"), Ok(0));
        assert_eq!(int("9223372036854774784"), Ok(9_223_372_036_854_774_784));
        for text in [
            "1e19",
            "-1e19",
            "9223372036854775807",
            "inf",
            "-Infinity",
            "NaN",
        ] {
            assert_eq!(int(text), Ok(i64::MIN), "{text}");
        }
        let range = |text| format!("strconv.ParseFloat: parsing \"{text}\": value out of range");
        assert_eq!(int("1e400"), Err(range("1e400")));
        assert_eq!(int("-1e400"), Err(range("-1e400")));
        assert!(int("-nan").is_err() && int("").is_err() && int(" 5").is_err());
        assert_eq!(uint("0x1", 64), Ok(1));
        assert_eq!(uint("1_0", 64), Ok(10));
        assert_eq!(uint("010", 64), Ok(8));
        assert_eq!(
            uint("x", 64),
            Err("strconv.ParseUint: parsing \"x\": invalid syntax".into())
        );
        assert_eq!(
            uint("256", 8),
            Err("strconv.ParseUint: parsing \"256\": value out of range".into())
        );
        assert_eq!(int64("-5"), Ok(-5));
        assert_eq!(int("2.9"), Ok(2));
        for (text, number) in [
            ("1_000", 1000),
            ("-1_0.5", -10),
            ("1e1_0", 10_000_000_000),
            ("00_1", 1),
            ("0x1p4", 16),
            ("-0x1p3", -8),
            ("0x_1_0p0", 16),
            ("0x1.8p1", 3),
            ("0x.8p1", 1),
            ("0X1P-2", 0),
            ("0x1p1_0", 1024),
            ("0x1p400", i64::MIN),
        ] {
            assert_eq!(int(text), Ok(number), "{text}");
        }
        for text in [
            "1_", "_1", "1__0", "1_.5", "1._5", "1_e3", "1e5_", "inf_", "0x10", "0xp1", "0x1p",
            "0b1",
        ] {
            assert!(int(text).is_err(), "{text}");
        }
        assert_eq!(int("1e3"), Ok(1000));
        assert_eq!(
            int("x"),
            Err("strconv.ParseFloat: parsing \"x\": invalid syntax".into())
        );
        assert_eq!(
            check_bounds("history", (1, 64), "65"),
            Err("history: must be less than or equal to 64".into())
        );
        assert_eq!(
            check_bounds("history", (1, 64), "many"),
            Err("history: strconv.ParseInt: parsing \"many\": invalid syntax".into())
        );
        assert_eq!(check_bounds("history", (1, 64), "010"), Ok(()));
        assert_eq!(pair("a:b=c"), Ok(("a", "b=c")));
        assert_eq!(quote("a\"b\n\u{1}\u{a0}é"), "\"a\\\"b\\n\\x01\\u00a0é\"");
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_text_makes_them_panic(text in ".{0,24}", odd in "[-+]?[0-9._e]{0,40}[a-zA-Z]{0,3}") {
            for text in [&text, &odd] {
                let _ = (size(text, 32), size(text, 64), duration(text), uint(text, 8), int64(text), int(text), quote(text));
            }
        }
    }
}
