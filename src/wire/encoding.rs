//! How the journal and backups write numbers and check bytes: varints as Go's `encoding/binary` has them, and CRCs of 32 bits.
//! Must not know what they are used for.

/// Not a number of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// Appends a number of seven bits a byte, the lowest first.
pub fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes such a number from the front; `None` if it is cut short.
///
/// # Errors
/// When it goes on beyond 64 bits.
pub fn number(rest: &mut &[u8]) -> Result<Option<u64>, Overflow> {
    let mut number = 0u64;
    for at in 0..10 {
        let Some((byte, after)) = rest.split_first() else {
            return Ok(None);
        };
        *rest = after;
        if at == 9 && *byte > 1 {
            break;
        }
        number |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Ok(Some(number));
        }
    }
    Err(Overflow)
}

/// The table of a CRC, whose polynomial is given with its bits reversed.
pub const fn crc_table(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let (mut crc, mut bit) = (at as u32, 0);
        while bit < 8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { polynomial } else { 0 };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
}

/// Goes on with a CRC, which begins and ends inverted.
pub fn crc(table: &[u32; 256], crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| {
        crc >> 8 ^ table[usize::from(crc as u8 ^ byte)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for wanted in [0, 1, 0x7f, 0x80, 1 << 35, u64::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, wanted);
            assert_eq!(number(&mut &bytes[..]), Ok(Some(wanted)));
            assert_eq!(number(&mut &bytes[..bytes.len() - 1]), Ok(None));
        }
        assert_eq!(
            number(&mut &b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"[..]),
            Err(Overflow)
        );
    }

    /// The check values of both, from Williams' list.
    #[test]
    fn checksums() {
        for (polynomial, wanted) in [(0xedb8_8320, 0xcbf4_3926), (0x82f6_3b78, 0xe306_9283)] {
            assert_eq!(!crc(&crc_table(polynomial), !0, b"123456789"), wanted);
        }
    }
}
