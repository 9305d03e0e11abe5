//! Durations in the three forms natscli has.

use super::push_fraction;

use crate::wire::time::SECOND;

/// Go's `Duration.String`: `1h0m0s`, `1.5s`, `64.996µs`, `0s`.
pub fn go_duration(ns: i64) -> String {
    let mut text = String::new();
    if ns < 0 {
        text.push('-');
    }
    let ns = ns.unsigned_abs();
    let seconds = ns / SECOND as u64;
    if seconds == 0 {
        let (unit, scale) = match ns {
            0 => return "0s".into(),
            1..1_000 => ("ns", 1),
            1_000..1_000_000 => ("µs", 1_000),
            _ => ("ms", 1_000_000),
        };
        text.push_str(&(ns / scale).to_string());
        push_fraction(&mut text, (ns % scale * (SECOND as u64 / scale)) as u32);
        text.push_str(unit);
        return text;
    }
    let (hours, minutes) = (seconds / 3600, seconds / 60);
    if hours > 0 {
        text.push_str(&format!("{hours}h"));
    }
    if minutes > 0 {
        text.push_str(&format!("{}m", minutes % 60));
    }
    text.push_str(&(seconds % 60).to_string());
    push_fraction(&mut text, (ns % SECOND as u64) as u32);
    text.push('s');
    text
}

/// Rounds half away from zero.
pub fn round(ns: i64, to: i64) -> i64 {
    let half = if ns < 0 { -to / 2 } else { to / 2 };
    ns.saturating_add(half) / to * to
}

/// [`go_duration`] after rounding to seconds.
pub fn rounded_duration(ns: i64) -> String {
    go_duration(round(ns, SECOND))
}

/// natscli's `HumanizeDuration`: `never`, `65µs`, `572ms`, `3.41s`, `1m30s`, `1d12h0m0s`, `1y35d0h0m0s`.
pub fn human_duration(ns: i64) -> String {
    if ns == i64::MAX {
        return "never".into();
    }
    if ns < 1_000_000 {
        return go_duration(round(ns, 1_000));
    }
    if ns < SECOND {
        return go_duration(round(ns, 1_000_000));
    }
    if ns < 60 * SECOND {
        let hundredths = round(ns, SECOND / 100) / (SECOND / 100);
        return format!("{}.{:02}s", hundredths / 100, hundredths % 100);
    }
    let seconds = ns / SECOND;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let mut text = String::new();
    for (shown, value, unit) in [
        (days >= 365, days / 365, 'y'),
        (days > 0, days % 365, 'd'),
        (hours > 0, hours % 24, 'h'),
        (true, minutes % 60, 'm'),
        (true, seconds % 60, 's'),
    ] {
        if shown {
            text.push_str(&value.to_string());
            text.push(unit);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations() {
        for (ns, text) in [
            (0, "0s"),
            (64_996, "64.996µs"),
            (1_500_000, "1.5ms"),
            (30 * SECOND, "30s"),
            (SECOND * 3 / 2, "1.5s"),
            (120 * SECOND, "2m0s"),
            (3600 * SECOND, "1h0m0s"),
            (-5 * SECOND, "-5s"),
            (7, "7ns"),
            (909_394_195, "909.394195ms"),
        ] {
            assert_eq!(go_duration(ns), text);
        }
        assert_eq!(rounded_duration(SECOND * 59 + 600_000_000), "1m0s");
    }

    #[test]
    fn human_durations() {
        for (ns, text) in [
            (i64::MAX, "never"),
            (0, "0s"),
            (65_400, "65µs"),
            (999_500, "1ms"),
            (572_300_000, "572ms"),
            (999_500_000, "1s"),
            (SECOND, "1.00s"),
            (3_410_000_000, "3.41s"),
            (59_999_000_000, "60.00s"),
            (60 * SECOND, "1m0s"),
            (5400 * SECOND, "1h30m0s"),
            (86_400 * SECOND, "1d0h0m0s"),
            (400 * 86_400 * SECOND, "1y35d0h0m0s"),
            (-7200 * SECOND, "-2h0m0s"),
        ] {
            assert_eq!(human_duration(ns), text);
        }
    }
}
