//! Numbers as the protocol has them. Many go out with each message, so they are written without a string in between.

/// Appends a number in decimal.
pub fn push(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    loop {
        // Two at a time: dividing takes longest.
        let pair = (number % 100) as u8;
        number /= 100;
        at -= 2;
        digits[at] = b'0' + pair / 10;
        digits[at + 1] = b'0' + pair % 10;
        if number == 0 {
            at += usize::from(pair < 10);
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_standard_library_has_it() {
        let powers = (0..20).map(|n| 10u64.pow(n));
        let around = powers.flat_map(|power| [power - 1, power, power + 1]);
        for number in around.chain([12_345, u64::MAX]) {
            let mut out = b"x".to_vec();
            push(&mut out, number);
            assert_eq!(out, format!("x{number}").into_bytes());
        }
    }
}
