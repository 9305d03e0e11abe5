//! Points in time as nanoseconds since 1970 UTC, passed in by whoever owns a clock, and how NATS writes them (RFC 3339
//! as Go does). Reads no clock itself.

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;

/// A point in time: nanoseconds since 1970-01-01 UTC, years 1677 to 2262. "No time" is an `Option`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// A date and time of day in some zone (years count as in ISO 8601; no leap seconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month, 1 to 31.
    pub day: u32,
    /// Hour, 0 to 23.
    pub hour: u32,
    /// Minute, 0 to 59.
    pub minute: u32,
    /// Second, 0 to 59.
    pub second: u32,
    /// Nanosecond, 0 to 999,999,999.
    pub nanosecond: u32,
}

impl Time {
    /// This time plus `ns` nanoseconds, saturating.
    pub fn after(self, ns: i64) -> Time {
        Time(self.0.saturating_add(ns))
    }

    /// Nanoseconds from `earlier` to this time (negative if it is later).
    pub fn since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Date and time of day in UTC; add an offset with [`Time::after`] first for another zone.
    pub fn civil(self) -> Civil {
        let seconds = self.0.div_euclid(SECOND);
        let of_day = seconds.rem_euclid(86_400) as u32;
        let (year, month, day) = date(seconds.div_euclid(86_400));
        Civil {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            nanosecond: self.0.rem_euclid(SECOND) as u32,
        }
    }

    /// Day of the week in UTC, 0 for Sunday.
    pub fn weekday(self) -> u32 {
        (self.0.div_euclid(86_400 * SECOND) + 4).rem_euclid(7) as u32
    }

    /// RFC 3339 in UTC with nanoseconds, trailing zeros dropped, as Go's JSON has it: `2026-11-24T16:19:09.84694561Z`.
    pub fn rfc3339(self) -> String {
        let civil = self.civil();
        let mut text = String::with_capacity(30);
        push_padded(&mut text, civil.year as u32, 4);
        for (separator, value) in [
            ('-', civil.month),
            ('-', civil.day),
            ('T', civil.hour),
            (':', civil.minute),
            (':', civil.second),
        ] {
            text.push(separator);
            push_padded(&mut text, value, 2);
        }
        if civil.nanosecond > 0 {
            text.push('.');
            push_padded(&mut text, civil.nanosecond, 9);
            while text.ends_with('0') {
                text.pop();
            }
        }
        text.push('Z');
        text
    }

    /// Reads RFC 3339 as Go's `time.RFC3339` does: any zone, a fraction of any length after `.` or `,` (digits past the
    /// ninth are dropped). `None` if it is something else or does not fit.
    pub fn parse_rfc3339(text: &str) -> Option<Time> {
        let bytes = text.as_bytes();
        let (Time(utc), fraction, at) = read(bytes, b"--T::")?;
        let offset = match bytes.get(at..)? {
            b"Z" => 0,
            [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
                let number = |from| number(bytes.get(from..from + 2)?);
                let (hours, minutes) = (number(at + 1)?, number(at + 4)?);
                if hours > 24 || minutes > 60 {
                    return None;
                }
                let seconds = hours * 3600 + minutes * 60;
                if *sign == b'-' { -seconds } else { seconds }
            }
            _ => return None,
        };
        utc.checked_sub(offset * SECOND)?
            .checked_add(fraction)
            .map(Time)
    }

    /// Reads `2006-01-02 15:04:05` in UTC as Go's `time.DateTime` does, so also with a fraction; `between` is what stands
    /// between the numbers.
    pub fn parse_date_time(text: &str, between: &[u8; 5]) -> Option<Time> {
        let (time, fraction, end) = read(text.as_bytes(), between)?;
        let whole = end == text.len();
        time.0.checked_add(fraction).filter(|_| whole).map(Time)
    }
}

/// Date and time of day at the start of a text, the nanoseconds of the fraction behind it, and where that ends.
fn read(bytes: &[u8], between: &[u8; 5]) -> Option<(Time, i64, usize)> {
    let field = |from, to| number(bytes.get(from..to)?);
    let places = [4, 7, 10, 13, 16];
    let mut separators = places.iter().zip(between);
    if !separators.all(|(at, byte)| bytes.get(*at) == Some(byte)) {
        return None;
    }
    let civil = Civil {
        year: field(0, 4)?,
        month: field(5, 7)? as u32,
        day: field(8, 10)? as u32,
        hour: field(11, 13)? as u32,
        minute: field(14, 16)? as u32,
        second: field(17, 19)? as u32,
        nanosecond: 0,
    };
    let (mut at, mut fraction) = (19, 0);
    if let Some([b'.' | b',', digits @ ..]) = bytes.get(at..) {
        let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
        let kept = count.min(9);
        if kept == 0 {
            return None;
        }
        fraction = number(digits.get(..kept)?)? * 10i64.pow(9 - kept as u32);
        at += 1 + count;
    }
    Some((civil.time()?, fraction, at))
}

/// A number of at most nine digits, and nothing but digits.
fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |n, b| {
        b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0'))
    })
}

impl Civil {
    /// The point in time this is in UTC; `None` if there is no such date or it does not fit.
    pub fn time(self) -> Option<Time> {
        let date_ok = (1..=12).contains(&self.month)
            && (1..=month_days(self.year, self.month)).contains(&self.day);
        if !date_ok || self.hour > 23 || self.minute > 59 || self.second > 59 {
            return None;
        }
        let of_day = i64::from(self.hour * 3600 + self.minute * 60 + self.second);
        let seconds = days(self.year, self.month, self.day) * 86_400 + of_day;
        seconds
            .checked_mul(SECOND)?
            .checked_add(i64::from(self.nanosecond))
            .map(Time)
    }
}

/// Appends `value` with at least `width` digits.
pub fn push_padded(text: &mut String, value: u32, width: u32) {
    let mut unit = 10u32.pow(width - 1);
    while value / unit > 9 {
        unit *= 10;
    }
    while unit > 0 {
        text.push(char::from(b'0' + (value / unit % 10) as u8));
        unit /= 10;
    }
}

/// Days of a month of the Gregorian calendar.
pub fn month_days(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date in the Gregorian calendar. Years are counted from March so that the leap day is last.
pub fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since 1970-01-01; the inverse of [`days`].
fn date(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = (of_era - (365 * year + year / 4 - year / 100)) as u32;
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (
        year + era * 400 + i64::from(month <= 2),
        month,
        of_year - (153 * shifted + 2) / 5 + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_as_go_does() {
        assert_eq!(
            Time(1_795_537_149_846_945_610).rfc3339(),
            "2026-11-24T16:19:09.84694561Z"
        );
        assert_eq!(Time(0).rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(Time(951_782_400 * SECOND).rfc3339(), "2000-02-29T00:00:00Z");
        assert_eq!(Time(-1).rfc3339(), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(Time(1_795_537_149 * SECOND).weekday(), 2);
    }

    #[test]
    fn reads_zones_and_fractions() {
        let want = Some(Time(1_795_537_149_500_000_000));
        for text in [
            "2026-11-24T16:19:09.5Z",
            "2026-11-24T17:19:09,500+01:00",
            "2026-11-24T10:49:09.5000000001-05:30",
        ] {
            assert_eq!(Time::parse_rfc3339(text), want, "{text}");
        }
    }

    #[test]
    fn reads_a_plain_date_and_time() {
        let read = |text| Time::parse_date_time(text, b"-- ::");
        let want = Time(1_795_537_149 * SECOND);
        assert_eq!(read("2026-11-24 16:19:09"), Some(want));
        let later = want.after(500_000_000);
        assert_eq!(read("2026-11-24 16:19:09.5"), Some(later));
        for text in [
            "2026-11x24 16:19:09",
            "2026-11-24 16:19x09",
            "2026-+1-24 16:19:09",
            "2026-11-24 16:19:09.",
            "2026-11-24 16:19:09Z",
            "2026-11-24 16:19:60",
            "2026-11-24 16:19",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let colons = Time::parse_date_time("2026:11:24 16:19:09", b":: ::");
        assert_eq!(colons, Some(want));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "bad",
            "2026-11-24",
            "2026-13-24T16:19:09Z",
            "2026-02-30T16:19:09Z",
            "2026-11-24T16:19:09",
            "2026-11-24T16:19:09.Z",
            "2026-11-24T16:19:09z",
            "2026-11-24T24:00:00Z",
            "9999-01-01T00:00:00Z",
            "é026-11-24T16:19:09Z",
        ] {
            assert_eq!(Time::parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn dates_go_both_ways() {
        for day in (-100_000..100_000).step_by(7) {
            let time = Time(day * 86_400 * SECOND + 12_345);
            assert_eq!(time.civil().time(), Some(time));
            assert_eq!(Time::parse_rfc3339(&time.rfc3339()), Some(time));
        }
    }
}
