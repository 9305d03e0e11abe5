//! nats-server's archive of a stream (`server/archive/archive.go`, from 2.15 on): entries one after another, each with a name,
//! a time, a sequence and two lengths, for what are headers and what is payload of a message. Must not know what the
//! entries mean.

use crate::wire::encoding::{Overflow, number, put_number};
use crate::wire::input::Input;

/// Starts an archive.
pub const MAGIC: &[u8; 8] = b"NATSARC1";
/// Longest name of an entry.
const MAX_NAME: u64 = 1 << 20;

/// What stands before an entry's bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Its name; of a message the subject.
    pub name: Vec<u8>,
    /// Nanoseconds since 1970.
    pub timestamp: i64,
    /// Sequence of a message, 0 for others.
    pub sequence: u64,
    /// Bytes of headers.
    pub header_size: u64,
    /// Bytes after them.
    pub payload_size: u64,
}

/// Starts an entry; its bytes have to follow.
pub fn write_header(header: &Header, out: &mut Vec<u8>) {
    let zigzag = (header.timestamp << 1 ^ header.timestamp >> 63) as u64;
    let fields = [
        header.name.len() as u64,
        zigzag,
        header.sequence,
        header.header_size,
        header.payload_size,
    ];
    for field in fields {
        put_number(out, field);
    }
    out.extend_from_slice(&header.name);
}

/// A piece of an archive.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// An entry begins.
    Header(Header),
    /// All bytes of the entry that began last.
    Body(Vec<u8>),
}

/// It is no archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

impl Invalid {
    /// Go's text.
    pub const TEXT: &str = "archive: invalid archive stream";
}

impl From<Overflow> for Invalid {
    fn from(_: Overflow) -> Invalid {
        Invalid
    }
}

/// Reads an archive that comes in parts. What an entry may have is the caller's to say when it has seen its header.
#[derive(Debug, Default)]
pub struct Reader {
    /// Where to put bytes, and to take some as they are.
    pub input: Input,
    /// Bytes of the entry whose header was read.
    body: Option<usize>,
}

impl Reader {
    /// Do the bytes that come next begin an archive? `None` when there are too few of them.
    pub fn has_magic(&self) -> Option<bool> {
        let start = self.input.rest().first_chunk()?;
        Some(start == MAGIC)
    }

    /// Is something left that is no whole part?
    pub fn is_inside(&self) -> bool {
        self.body.is_some() || !self.input.rest().is_empty()
    }

    /// The next part; `None` until more bytes are put in.
    ///
    /// # Errors
    /// When it is no archive.
    pub fn next_part(&mut self) -> Result<Option<Part>, Invalid> {
        if let Some(size) = self.body {
            let Some(body) = self.input.take(size).map(<[u8]>::to_vec) else {
                return Ok(None);
            };
            self.body = None;
            return Ok(Some(Part::Body(body)));
        }
        let input = self.input.rest();
        let mut rest = input;
        let Some(fields) = fields(&mut rest)? else {
            return Ok(None);
        };
        let [name, zigzag, sequence, header_size, payload_size] = fields;
        let size = header_size.checked_add(payload_size);
        let size = size.filter(|size| name <= MAX_NAME && *size <= i64::MAX as u64);
        let size = size.and_then(|size| usize::try_from(size).ok());
        let Some(size) = size else {
            return Err(Invalid);
        };
        let Some((name, rest)) = rest.split_at_checked(name as usize) else {
            return Ok(None);
        };
        let header = Header {
            name: name.to_vec(),
            timestamp: signed(zigzag),
            sequence,
            header_size,
            payload_size,
        };
        let read = input.len() - rest.len();
        self.input.skip(read);
        self.body = Some(size);
        Ok(Some(Part::Header(header)))
    }
}

/// The numbers of a header, if they are all there.
fn fields(rest: &mut &[u8]) -> Result<Option<[u64; 5]>, Invalid> {
    let mut fields = [0; 5];
    for field in &mut fields {
        match number(rest)? {
            Some(number) => *field = number,
            None => return Ok(None),
        }
    }
    Ok(Some(fields))
}

/// A signed number, as it stands in one without a sign.
pub fn signed(zigzag: u64) -> i64 {
    (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    fn header(name: &str, timestamp: i64, sequence: u64, sizes: (u64, u64)) -> Header {
        Header {
            name: name.into(),
            timestamp,
            sequence,
            header_size: sizes.0,
            payload_size: sizes.1,
        }
    }

    #[test]
    fn what_is_written_is_read_in_any_parts() {
        let headers = [
            header("state.json", 1_795_892_263_269_567_442, 0, (0, 3)),
            header("a.b", -123, 1 << 60, (2, 200)),
            header("", 0, 0, (0, 0)),
            header("x", i64::MIN, u64::MAX, (0, 1)),
        ];
        let (mut bytes, mut parts) = (Vec::new(), Vec::new());
        for header in headers {
            write_header(&header, &mut bytes);
            let body = vec![7; (header.header_size + header.payload_size) as usize];
            bytes.extend_from_slice(&body);
            parts.extend([Part::Header(header), Part::Body(body)]);
        }
        for size in [1, 2, 7, 1000] {
            let (mut reader, mut found) = (Reader::default(), Vec::new());
            for part in bytes.chunks(size) {
                reader.input.end().extend_from_slice(part);
                while let Some(part) = reader.next_part().expect("an archive") {
                    found.push(part);
                }
            }
            assert!(!reader.is_inside());
            assert_eq!(found, parts);
        }
    }

    #[test]
    fn an_entry_of_nats_server() {
        let mut reader = Reader::default();
        let bytes = b"\x03\xfe\x83\xfc\xee\xfa\xf6\xa5\xec1\x02\x1c\x03t.1NATS/1.0\r\nNats-Msg-Id: 1\r\n\r\nabc";
        reader.input.end().extend_from_slice(bytes);
        let wanted = header("t.1", 1_795_893_758_989_926_655, 2, (28, 3));
        assert_eq!(reader.next_part(), Ok(Some(Part::Header(wanted))));
        assert_eq!(reader.next_part(), Ok(Some(Part::Body(bytes[16..].into()))));
    }

    #[test]
    fn what_is_none() {
        let huge = [0xff; 9];
        let parts = [
            [&huge[..], &[2]].concat(),
            [&huge[..], &[0x81]].concat(),
            b"\x81\x80\x40\0\0\0\0".to_vec(),
            [&[0, 0, 0][..], &huge, &[1, 0]].concat(),
            [&[0, 0, 0][..], &huge, &[0], &huge, &[0]].concat(),
        ];
        for bytes in parts {
            let mut reader = Reader::default();
            reader.input.end().extend_from_slice(&bytes);
            assert_eq!(reader.next_part(), Err(Invalid), "{bytes:?}");
        }
    }
}
