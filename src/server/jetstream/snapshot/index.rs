//! What a stream's state file, `msgs/index.db`, says of its messages (`writeFullState` of nats-server's `filestore.go`, sets of
//! sequences as in `avl/seqset.go`). Must not know the messages.

use super::archive::{Invalid, signed};
use crate::wire::encoding::number;
use crate::wire::sorted::Sorted;
use crate::wire::time::Time;

const MAGIC: u8 = 11;
/// Starts a set of sequences, in the form that servers write since 2.10.
const SET: &[u8] = &[22, 2];
/// Words of bits in a part of a set.
const WORDS: usize = 32;
/// Sequences that a part of a set stands for.
const SPAN: u64 = 64 * WORDS as u64;
/// Bytes of a part of a set: its first sequence, bits, and its height in a tree.
const PART: usize = 8 + 8 * WORDS + 2;

/// The state of a stream.
#[derive(Debug, Default)]
pub struct Index<'a> {
    /// Its first sequence.
    pub first: u64,
    /// Its last one.
    pub last: u64,
    /// When that was used.
    pub last_time: Time,
    /// Number and first sequence of blocks.
    blocks: Sorted<u64, u64>,
    /// Bits of sequences that are gone, by the first of them.
    gone: Sorted<u64, &'a [u8]>,
}

impl<'a> Index<'a> {
    /// Reads a file; `None` if it is something else.
    pub fn read(file: &'a [u8]) -> Option<Index<'a>> {
        let [MAGIC, version, rest @ ..] = file else {
            return None;
        };
        let mut index = Index::default();
        index.read_fields(*version, rest).ok()?;
        Some(index)
    }

    fn read_fields(&mut self, version: u8, mut rest: &'a [u8]) -> Result<(), Invalid> {
        let rest = &mut rest;
        skip(rest, 2)?;
        self.first = next(rest)?;
        skip(rest, 1)?;
        self.last = next(rest)?;
        self.last_time = Time(signed(next(rest)?));
        for _ in 0..next(rest)? {
            let size = usize::try_from(next(rest)?).map_err(|_| Invalid)?;
            *rest = rest.get(size..).ok_or(Invalid)?;
            let messages = next(rest)?;
            skip(rest, if messages > 1 || version >= 4 { 2 } else { 1 })?;
        }
        for _ in 0..next(rest)? {
            let number = next(rest)?;
            skip(rest, 1)?;
            self.blocks.insert(number, next(rest)?);
            skip(rest, 3)?;
            let gone = next(rest)?;
            skip(rest, u64::from(version.clamp(1, 3)) - 1)?;
            if gone > 0 {
                self.read_set(rest)?;
            }
        }
        Ok(())
    }

    fn read_set(&mut self, rest: &mut &'a [u8]) -> Result<(), Invalid> {
        let set = rest.strip_prefix(SET).ok_or(Invalid)?;
        let (parts, set) = set.split_first_chunk().ok_or(Invalid)?;
        // After the number of parts that of sequences.
        *rest = set.get(4..).ok_or(Invalid)?;
        for _ in 0..u32::from_le_bytes(*parts) {
            let (part, after) = rest.split_at_checked(PART).ok_or(Invalid)?;
            let (first, bits) = part.split_first_chunk().ok_or(Invalid)?;
            self.gone.insert(u64::from_le_bytes(*first), bits);
            *rest = after;
        }
        Ok(())
    }

    /// Is the message with this sequence, of the block with this number, in the stream?
    pub fn has(&self, block: u64, seq: u64) -> bool {
        let from = self.blocks.get(&block).copied().unwrap_or(self.first);
        let at = seq % SPAN;
        let bits = self.gone.get(&(seq - at));
        let byte = bits.and_then(|bits| bits.get((at / 8) as usize));
        let gone = byte.is_some_and(|byte| byte >> (at % 8) & 1 == 1);
        seq >= from && seq >= self.first && seq <= self.last && !gone
    }
}

fn next(rest: &mut &[u8]) -> Result<u64, Invalid> {
    number(rest)?.ok_or(Invalid)
}

fn skip(rest: &mut &[u8], count: u64) -> Result<(), Invalid> {
    (0..count).try_for_each(|_| next(rest).map(|_| ()))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    /// Of nats-server 2.14: sequences 2 to 10 without 4, 5 and 9.
    fn file() -> Vec<u8> {
        let start = b"\x0b\x04\x06\xa4\x03\x02\xc6\x85\xd7\xcb\xe8\xc8\xa6\xec1\n\x9a\xd7\xd1\xda\xe8\xc8\xa6\xec1\x02\
            \x03t.1\x04\x01\x01\x03t.0\x02\x01\x01\x01\x01\xa4\x03\x02\x00\n\xd4\xd1\xfa\x0e\x03\x01\x00\
            \x16\x02\x01\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x30\x02";
        let bits = vec![0; 8 * WORDS - 2];
        [&start[..], &bits, b"\x01\x00\x01B(\x02\xad\x973\xf9"].concat()
    }

    #[test]
    fn an_index_of_nats_server() {
        let file = file();
        let index = Index::read(&file).expect("an index");
        assert_eq!((index.first, index.last), (2, 10));
        assert_eq!(index.last_time, Time(1_795_895_165_301_962_189));
        let there: Vec<u64> = (0..20).filter(|seq| index.has(1, *seq)).collect();
        assert_eq!(there, [2, 3, 6, 7, 8, 10]);
        for end in 0..file.len() - 10 {
            assert!(Index::read(&file[..end]).is_none(), "{end}");
        }
        for (at, byte) in (0..60).flat_map(|at| [0, 7, 0x7f, 0xff].map(|byte| (at, byte))) {
            let mut changed = file.clone();
            changed[at] = byte;
            if let Some(index) = Index::read(&changed) {
                index.has(1, u64::MAX);
            }
        }
    }
}
