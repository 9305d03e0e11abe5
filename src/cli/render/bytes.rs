//! Sizes as humanize's `IBytes` writes them.

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// `1.0 KiB`, `977 KiB`: base 1024, one decimal below ten.
pub fn size(bytes: u64) -> String {
    let mut power = 0;
    while power < 6 && (bytes >> (10 * power)) >= 1024 {
        power += 1;
    }
    // 2^60 and above a float has no digits to tell 2^64-1 from 2^64, which the tenths below give by themselves.
    let unit = 1u128 << (10 * power);
    let tenths = (u128::from(bytes) * 20 + unit) / (2 * unit);
    let suffix = UNITS[power];
    if power == 0 {
        format!("{bytes} B")
    } else if tenths < 100 {
        format!("{}.{} {suffix}", tenths / 10, tenths % 10)
    } else {
        let (whole, rest) = (tenths / 10, tenths % 10);
        let up = rest > 5 || (rest == 5 && whole % 2 == 1);
        format!("{} {suffix}", whole + u128::from(up))
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn as_humanize_writes_them() {
        for (bytes, text) in [
            (0, "0 B"),
            (9, "9 B"),
            (150, "150 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1075, "1.0 KiB"),
            (1076, "1.1 KiB"),
            (10188, "9.9 KiB"),
            (10189, "10 KiB"),
            (1_024_000, "1000 KiB"),
            (1_048_575, "1024 KiB"),
            (1 << 20, "1.0 MiB"),
            (1_000_000, "977 KiB"),
            (1_500_000_000, "1.4 GiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(size(bytes), text, "{bytes}");
        }
    }
}
