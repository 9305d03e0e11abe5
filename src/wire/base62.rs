//! Letters and digits for names made by chance: of NUIDs, inboxes and hashes.

/// The digit for what is left of a number above the others.
pub fn digit(number: u64) -> char {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char::from(DIGITS[(number % 62) as usize])
}

/// So many digits of a number, the lowest first; of 64 random bits 10 are really random.
pub fn digits(mut number: u64, length: usize) -> String {
    let mut next = || {
        let last = digit(number);
        number /= 62;
        last
    };
    (0..length).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_digit_is_the_first() {
        assert_eq!(digits(61 + 62 * (10 + 62 * 36), 4), "zAa0");
    }
}
