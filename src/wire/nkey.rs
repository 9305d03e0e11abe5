//! How nkeys are written: base-32 of the bytes and a CRC-16 behind them. Knows no cryptography, nor what a prefix means.

const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Writes bytes, the first of which is a key's prefix.
pub fn encode(bytes: &[u8]) -> String {
    let whole = [bytes, &crc(bytes).to_le_bytes()].concat();
    let mut text = String::with_capacity(whole.len().div_ceil(5) * 8);
    for five in whole.chunks(5) {
        let bits = five.iter().fold(0u64, |bits, b| bits << 8 | u64::from(*b));
        let bits = bits << (8 * (5 - five.len()));
        for place in 0..(five.len() * 8).div_ceil(5) {
            text.push(char::from(DIGITS[(bits >> (35 - 5 * place) & 31) as usize]));
        }
    }
    text
}

/// The bytes before the checksum. Line ends are skipped as Go does; errors are in the words of Go and its nkeys.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, String> {
    let (mut bytes, mut bits, mut have) = (Vec::new(), 0u32, 0);
    let digits = text.iter().filter(|c| !matches!(c, b'\r' | b'\n'));
    for (at, digit) in digits.enumerate() {
        let value = DIGITS.iter().position(|d| d == digit);
        let value = value.ok_or_else(|| format!("illegal base32 data at input byte {at}"))?;
        bits = bits << 5 | value as u32;
        have += 5;
        if have >= 8 {
            have -= 8;
            bytes.push((bits >> have) as u8);
        }
    }
    if bytes.len() < 4 {
        return Err("nkeys: invalid encoded key".into());
    }
    let sum = bytes.split_off(bytes.len() - 2);
    match sum == crc(&bytes).to_le_bytes() {
        true => Ok(bytes),
        false => Err("nkeys: invalid checksum".into()),
    }
}

/// CRC-16/XMODEM.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => crc << 1 ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        // The checksum that the catalogue of CRCs has for these digits.
        assert_eq!(crc(b"123456789"), 0x31c3);
        for length in 2..40u8 {
            let bytes: Vec<u8> = (0..length).map(|b| b.wrapping_mul(41)).collect();
            assert_eq!(decode(encode(&bytes).as_bytes()), Ok(bytes));
        }
        // As Go's encoding/base32 has it without padding, the checksum aside.
        assert!(encode(b"fooba").starts_with("MZXW6YTB"));
    }

    #[test]
    fn what_is_none_is_said() {
        let wrong = |text: &str| decode(text.as_bytes()).unwrap_err();
        // Seen from nats 0.5.1.
        assert_eq!(wrong("SUAA\n"), "nkeys: invalid encoded key");
        assert_eq!(wrong("SUAAx"), "illegal base32 data at input byte 4");
        assert_eq!(wrong("bad"), "illegal base32 data at input byte 0");
        let altered = "SUAAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZDINRYHI6D4QCCIUGBA";
        assert_eq!(wrong(altered), "nkeys: invalid checksum");
    }
}
