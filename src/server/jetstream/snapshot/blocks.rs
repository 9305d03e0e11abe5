//! Blocks of messages as nats-server's file store writes them (`server/filestore.go`), plain and decompressed as they are in
//! backups. Checksums of records are not looked at: those of the stream around them were. Must not know which messages are wanted.

/// Bytes before a record's subject: length, sequence, time, length of the subject.
const HEAD: usize = 22;
const CHECKSUM: usize = 8;
/// Most bytes of a record.
const MAX_RECORD: usize = 32 << 20;

/// In a record's length: there are headers.
const HEADERS: u32 = 1 << 31;
/// In a sequence: the message is gone.
const ERASED: u64 = 1 << 63;
/// In a sequence: an earlier message is gone.
const TOMBSTONE: u64 = 1 << 62;

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A message.
    Message(Stored<'a>),
    /// What is left of a message, or of a sequence that never had one.
    Gone(u64),
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // what they are is in their names
pub struct Stored<'a> {
    pub seq: u64,
    pub time: i64,
    pub subject: &'a [u8],
    pub headers: &'a [u8],
    pub payload: &'a [u8],
}

/// The records of a block, up to the first that is none: what follows it is lost, as with nats-server.
pub fn records(mut block: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || record(&mut block))
}

fn record<'a>(block: &mut &'a [u8]) -> Option<Record<'a>> {
    let mut head = block.get(..HEAD)?;
    let length = u32::from_le_bytes(*take(&mut head)?);
    let seq = u64::from_le_bytes(*take(&mut head)?);
    let time = i64::from_le_bytes(*take(&mut head)?);
    let subject = usize::from(u16::from_le_bytes(*take(&mut head)?));
    let size = (length & !HEADERS) as usize;
    if size > MAX_RECORD {
        return None;
    }
    let (record, rest) = block.split_at_checked(size)?;
    let data = record.get(HEAD..)?;
    let data = data.get(..data.len().checked_sub(CHECKSUM)?)?;
    let (subject, mut data) = data.split_at_checked(subject)?;
    let mut headers = &data[..0];
    if length & HEADERS != 0 {
        let size = u32::from_le_bytes(*take(&mut data)?);
        // What was erased has random bytes.
        (headers, data) = match data.split_at_checked(size as usize) {
            Some(parts) => parts,
            None if seq & ERASED != 0 => (headers, data),
            None => return None,
        };
    }
    *block = rest;
    Some(match seq & !(ERASED | TOMBSTONE) {
        plain if plain != seq || plain == 0 => Record::Gone(plain),
        seq => Record::Message(Stored {
            seq,
            time,
            subject,
            headers,
            payload: data,
        }),
    })
}

/// The first bytes, which go.
fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(taken)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    /// From a block of nats-server's: message 1, which was erased, and message 2.
    const BLOCK: &[u8] = b"\x21\0\0\0\x01\0\0\0\0\0\0\x80\0\0\0\0\0\0\0\0\0\0\x87\r\x90\x93/\xe1\x1fn \xf5W\
        \x44\0\0\x80\x02\0\0\0\0\0\0\0c\xe1\xbaD#M\xec\x18\x03\0t.1\x1c\0\0\0NATS/1.0\r\nNats-Msg-Id: 1\r\n\r\nabc\x94t\xbcN %7?";

    #[test]
    fn records_of_nats_server() {
        let message = Stored {
            seq: 2,
            time: 1_795_895_165_286_277_475,
            subject: b"t.1",
            headers: b"NATS/1.0\r\nNats-Msg-Id: 1\r\n\r\n",
            payload: b"abc",
        };
        let wanted = [Record::Gone(1), Record::Message(message)];
        assert_eq!(records(BLOCK).collect::<Vec<_>>(), wanted);
        for end in 0..BLOCK.len() {
            let found: Vec<_> = records(&BLOCK[..end]).collect();
            assert_eq!(found, wanted[..usize::from(end >= 33)]);
        }
        let mut changed = BLOCK.to_vec();
        for at in 0..BLOCK.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                changed[at] = byte;
                assert!(records(&changed).count() < 4);
            }
            changed[at] = BLOCK[at];
        }
    }
}
