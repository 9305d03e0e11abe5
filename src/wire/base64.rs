//! Standard base64 with padding (RFC 4648), as JSON carries bytes.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes with padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, b| word << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            text.push(match place <= chunk.len() {
                true => ALPHABET[(word >> (18 - 6 * place) & 63) as usize] as char,
                false => '=',
            });
        }
    }
    text
}

/// Encodes for URLs and names, without padding.
pub fn encode_url(bytes: &[u8]) -> String {
    let text = encode(bytes).replace('+', "-").replace('/', "_");
    text.trim_end_matches('=').into()
}

/// Decodes; line ends are skipped as Go does. `None` for anything that is not whole, padded base64.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    try_decode(text).ok()
}

/// Decodes as [`decode`].
///
/// # Errors
/// Where Go finds the text wrong: "illegal base64 data at input byte N".
pub fn try_decode(text: &str) -> Result<Vec<u8>, usize> {
    let text = text.as_bytes();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut word, mut digits, mut at) = (0u32, 0, 0);
    while let Some(c) = text.get(at) {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'=' if digits >= 2 => {
                padding(text, at, 4 - digits)?;
                word <<= 6 * (4 - digits);
                bytes.extend_from_slice(&word.to_be_bytes()[1..digits]);
                return Ok(bytes);
            }
            _ => return Err(at),
        };
        at += 1;
        word = word << 6 | u32::from(digit);
        digits += 1;
        if digits == 4 {
            bytes.extend_from_slice(&word.to_be_bytes()[1..]);
            (word, digits) = (0, 0);
        }
    }
    match digits {
        0 => Ok(bytes),
        _ => Err(at - digits),
    }
}

/// Looks at the end of a text that is padded from `at` on.
fn padding(text: &[u8], at: usize, length: usize) -> Result<(), usize> {
    let after_ends = |at: usize| {
        let rest = text.get(at..).unwrap_or_default().iter();
        at + rest.take_while(|c| matches!(c, b'\r' | b'\n')).count()
    };
    let mut end = after_ends(at + 1);
    if length == 2 {
        match text.get(end) {
            Some(b'=') => end = after_ends(end + 1),
            Some(_) => return Err(end - 1),
            None => return Err(end),
        }
    }
    match end == text.len() {
        true => Ok(()),
        false => Err(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4648_vectors() {
        for (plain, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(plain.as_bytes()));
        }
        for bad in [
            "Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9v!", "Zg=a",
        ] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn line_ends_are_skipped_wherever_they_stand() {
        for text in ["Z\ng\r\n=\n=\n", "\nZg==", "Zg=\n="] {
            assert_eq!(decode(text).as_deref(), Some(&b"f"[..]), "{text:?}");
        }
        assert_eq!(decode("Zm8\n=\n").as_deref(), Some(&b"fo"[..]));
        assert_eq!(try_decode("Zg=\nx"), Err(3));
        assert_eq!(try_decode("Zg==\nx"), Err(5));
    }
}
