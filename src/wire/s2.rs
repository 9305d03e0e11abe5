//! S2 streams, as `github.com/klauspost/compress/s2` writes and reads them: Snappy's framing (google/snappy's
//! `framing_format.txt`) with bigger blocks and repeated offsets. Written as Snappy would. Must not know what the bytes are.

use super::encoding::{self, put_number};
use super::input::Input;

/// Starts a stream.
const MAGIC: &[u8] = b"\xff\x06\x00\x00S2sTwO";
const MAGIC_BODY: &[u8] = b"S2sTwO";
const SNAPPY_BODY: &[u8] = b"sNaPpY";

const COMPRESSED: u8 = 0;
const PLAIN: u8 = 1;
const IDENTIFIER: u8 = 0xff;
/// Chunks of this kind and higher say nothing that must be understood.
const SKIPPABLE: u8 = 0x80;

/// Bytes of a chunk's kind and length.
const HEAD: usize = 4;
const CHECKSUM: usize = 4;
/// Bytes in a block that is written: as far as two bytes can say.
const WRITTEN: usize = 64 * 1024;
/// How many bits of a hash say where to look for the same bytes.
const HASH_BITS: u32 = 14;
/// Most bytes of a block.
const MAX_BLOCK: usize = 4 << 20;
/// The same in a stream of Snappy's.
const MAX_SNAPPY: usize = 1 << 16;
/// Most bytes of a chunk with a block: the block as literals, their lengths and the checksum.
const MAX_CHUNK: usize = MAX_BLOCK + 8 + CHECKSUM;

/// Why a stream cannot be read, as the Go package says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not a stream, or damaged.
    Corrupt,
    /// A checksum does not fit.
    Crc,
    /// A chunk of a kind that must be understood and is not.
    Unsupported,
}

impl Error {
    /// Go's text.
    pub fn text(self) -> &'static str {
        match self {
            Error::Corrupt => "s2: corrupt input",
            Error::Crc => "s2: corrupt input, crc mismatch",
            Error::Unsupported => "s2: unsupported input",
        }
    }
}

/// Makes a stream of bytes that come in parts.
#[derive(Debug, Default)]
pub struct Encoder {
    started: bool,
    block: Vec<u8>,
}

impl Encoder {
    /// Takes bytes; whole blocks go to `out`.
    pub fn write(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while self.block.len() + bytes.len() >= WRITTEN {
            let (now, later) = bytes.split_at(WRITTEN - self.block.len());
            self.block.extend_from_slice(now);
            self.flush(out);
            bytes = later;
        }
        self.block.extend_from_slice(bytes);
    }

    /// Puts what is left into `out`.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            out.extend_from_slice(MAGIC);
            self.started = true;
        }
        if !self.block.is_empty() {
            let short = compress(&self.block);
            let (kind, data) = match short.len() < self.block.len() {
                true => (COMPRESSED, &short),
                false => (PLAIN, &self.block),
            };
            let size = (data.len() + CHECKSUM) as u32;
            out.push(kind);
            out.extend_from_slice(&size.to_le_bytes()[..3]);
            out.extend_from_slice(&checksum(&self.block).to_le_bytes());
            out.extend_from_slice(data);
            self.block.clear();
        }
    }
}

/// The block with copies in place of what it had before.
fn compress(block: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_number(&mut out, block.len() as u64);
    let mut seen = vec![0; 1 << HASH_BITS];
    let (mut at, mut done) = (1, 0);
    while let Some(word) = block.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        let hash = u32::from_le_bytes(*word).wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS);
        let before = std::mem::replace(&mut seen[hash as usize], at);
        let same = block[at..].iter().zip(&block[before..]);
        let mut length = same.take_while(|(a, b)| a == b).count();
        if length < word.len() {
            // Where little is found, little is looked for.
            at += 1 + (at - done) / 32;
            continue;
        }
        put_literal(&block[done..at], &mut out);
        let offset = (at - before) as u16;
        at += length;
        done = at;
        while length > 0 {
            let now = length.min(64);
            out.push((now as u8 - 1) << 2 | 2);
            out.extend_from_slice(&offset.to_le_bytes());
            length -= now;
        }
    }
    put_literal(&block[done..], &mut out);
    out
}

fn put_literal(bytes: &[u8], out: &mut Vec<u8>) {
    match bytes.len().checked_sub(1) {
        None => return,
        Some(size @ ..60) => out.push((size as u8) << 2),
        Some(size) => {
            out.push(61 << 2);
            out.extend_from_slice(&(size as u16).to_le_bytes());
        }
    }
    out.extend_from_slice(bytes);
}

/// Reads a stream that comes in parts. Keeps no more than one chunk and what was given last.
#[derive(Debug, Default)]
pub struct Decoder {
    input: Input,
    /// Bytes of a chunk without meaning that are still to come.
    skip: usize,
    started: bool,
    snappy: bool,
}

impl Decoder {
    /// Takes bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.input.end().extend_from_slice(&bytes[skipped..]);
    }

    /// Bytes that were taken and are not worked off.
    pub fn waiting(&self) -> usize {
        self.input.rest().len()
    }

    /// Has the stream a piece of a chunk at its end?
    pub fn is_inside(&self) -> bool {
        self.skip > 0 || !self.input.rest().is_empty()
    }

    /// Puts the next block behind `out`; false if more has to be fed for it.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub fn next_block(&mut self, out: &mut Vec<u8>) -> Result<bool, Error> {
        loop {
            let [kind, a, b, c, rest @ ..] = self.input.rest() else {
                return Ok(false);
            };
            let (kind, size) = (*kind, u32::from_le_bytes([*a, *b, *c, 0]) as usize);
            if !self.started && kind != IDENTIFIER {
                return Err(Error::Corrupt);
            }
            match kind {
                COMPRESSED | PLAIN if !(CHECKSUM..=MAX_CHUNK).contains(&size) => {
                    return Err(Error::Corrupt);
                }
                IDENTIFIER if size != MAGIC_BODY.len() => return Err(Error::Corrupt),
                COMPRESSED | PLAIN | IDENTIFIER => {}
                SKIPPABLE.. => {
                    let here = size.min(rest.len());
                    self.skip = size - here;
                    self.input.skip(HEAD + here);
                    continue;
                }
                _ => return Err(Error::Unsupported),
            }
            let Some(chunk) = rest.get(..size) else {
                return Ok(false);
            };
            if kind == IDENTIFIER {
                self.snappy = chunk == SNAPPY_BODY;
                if !self.snappy && chunk != MAGIC_BODY {
                    return Err(Error::Corrupt);
                }
                self.started = true;
            } else {
                let limit = if self.snappy { MAX_SNAPPY } else { MAX_BLOCK };
                block(kind, chunk, limit, out)?;
            }
            self.input.skip(HEAD + size);
            if kind != IDENTIFIER {
                return Ok(true);
            }
        }
    }
}

/// Puts the block of a chunk behind `out`.
fn block(kind: u8, chunk: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let (wanted, data) = chunk.split_first_chunk().ok_or(Error::Corrupt)?;
    let start = out.len();
    if kind == COMPRESSED {
        decompress(data, limit, out)?;
    } else if data.len() > limit {
        return Err(Error::Corrupt);
    } else {
        out.extend_from_slice(data);
    }
    match checksum(&out[start..]) == u32::from_le_bytes(*wanted) {
        true => Ok(()),
        false => Err(Error::Crc),
    }
}

/// The rest of a compressed block.
struct Block<'a>(&'a [u8]);

impl<'a> Block<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Error::Corrupt)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of up to four bytes, the lowest first.
    fn number(&mut self, bytes: usize) -> Result<usize, Error> {
        let taken = self.take(bytes)?;
        Ok(taken.iter().rev().fold(0, |n, b| n << 8 | usize::from(*b)))
    }

    /// The size of what the block stands for.
    fn size(&mut self) -> Result<usize, Error> {
        let mut size = 0u64;
        for at in 0..5 {
            let byte = self.number(1)? as u64;
            size |= (byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                return usize::try_from(size).map_err(|_| Error::Corrupt);
            }
        }
        Err(Error::Corrupt)
    }
}

/// Puts what a compressed block stands for behind `out`.
fn decompress(block: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut block = Block(block);
    let size = block.size()?;
    if size > limit {
        return Err(Error::Corrupt);
    }
    let (start, end) = (out.len(), out.len() + size);
    let mut offset = 0;
    while !block.0.is_empty() {
        let tag = block.number(1)?;
        let value = tag >> 2;
        let length = match tag & 3 {
            0 => {
                let length = match value {
                    60.. => block.number(value - 59)?,
                    _ => value,
                };
                let literal = block.take(length.saturating_add(1))?;
                if literal.len() > end - out.len() {
                    return Err(Error::Corrupt);
                }
                out.extend_from_slice(literal);
                continue;
            }
            1 => {
                let near = (tag & 0xe0) << 3 | block.number(1)?;
                let length = value & 7;
                if near != 0 {
                    offset = near;
                    length + 4
                } else {
                    // The offset of before, and more room for the length.
                    match length {
                        5 => block.number(1)? + 8,
                        6 => block.number(2)? + (1 << 8) + 4,
                        7 => block.number(3)? + (1 << 16) + 4,
                        _ => length + 4,
                    }
                }
            }
            2 => {
                offset = block.number(2)?;
                value + 1
            }
            _ => {
                offset = block.number(4)?;
                value + 1
            }
        };
        let known = out.len() - start;
        if offset == 0 || offset > known || length > end - out.len() {
            return Err(Error::Corrupt);
        }
        // What is copied may be part of what it makes.
        let mut left = length;
        while left > 0 {
            let now = left.min(offset);
            let from = out.len() - offset;
            out.extend_from_within(from..from + now);
            left -= now;
        }
    }
    match out.len() == end {
        true => Ok(()),
        false => Err(Error::Corrupt),
    }
}

/// CRC-32C, as chunks have it.
fn checksum(bytes: &[u8]) -> u32 {
    static TABLE: [u32; 256] = encoding::crc_table(0x82f6_3b78);
    let crc = encoding::crc(&TABLE, !0, bytes);
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    /// All that a stream stands for, fed in parts of `size`.
    fn decode(stream: &[u8], size: usize) -> Result<Vec<u8>, Error> {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for part in stream.chunks(size) {
            decoder.feed(part);
            while decoder.next_block(&mut out)? {}
        }
        match decoder.is_inside() {
            true => Err(Error::Corrupt),
            false => Ok(out),
        }
    }

    fn framed(kind: u8, chunk: &[u8]) -> Vec<u8> {
        let size = (chunk.len() as u32).to_le_bytes();
        [MAGIC, &[kind], &size[..3], chunk].concat()
    }

    #[test]
    fn what_is_written_is_read() {
        for size in [0, 1, WRITTEN - 1, WRITTEN, WRITTEN + 1, 3 * WRITTEN] {
            let bytes: Vec<u8> = (0..size).map(|n| (n * n / 7) as u8).collect();
            let (mut encoder, mut stream) = (Encoder::default(), Vec::new());
            for part in bytes.chunks(1000) {
                encoder.write(part, &mut stream);
            }
            encoder.flush(&mut stream);
            assert_eq!(decode(&stream, 777).as_ref(), Ok(&bytes));
        }
    }

    #[test]
    fn what_comes_again_is_written_once() {
        let text = b"the same words, and the same words again, and others".repeat(9);
        let zeros = vec![0; WRITTEN];
        let mixed: Vec<u8> = (0..WRITTEN).map(|n| (n * n / 7 % 251) as u8).collect();
        let late = [&vec![1; 100][..], &mixed[..60_000], &mixed[..5000], b"end"].concat();
        for (bytes, most) in [
            (&text[..], 100),
            (&zeros, 3100),
            (&late, 62_000),
            (b"abcab", 30),
            (b"aaaaa", 25),
        ] {
            let (mut encoder, mut stream) = (Encoder::default(), Vec::new());
            encoder.write(bytes, &mut stream);
            encoder.flush(&mut stream);
            assert!(stream.len() <= most, "{} {most}", stream.len());
            assert_eq!(decode(&stream, 777).as_deref(), Ok(bytes));
        }
    }

    #[test]
    fn snappy_is_undone() {
        let block = |block: &[u8]| {
            let mut out = Vec::new();
            decompress(block, MAX_SNAPPY, &mut out).map(|()| out)
        };
        assert_eq!(block(b"\x09\x08abc\x09\x03").unwrap(), b"abcabcabc"); // a literal, then 5 bytes of what is made
        assert_eq!(block(b"\x05\x00a\x0e\x01\x00").unwrap(), b"aaaaa");
        assert_eq!(block(b"\x04\xf0\x01ab\x07\x02\0\0\0").unwrap(), b"abab");
        for wrong in [
            &b"\x03\x08ab"[..],
            b"\x05\x00a\x01\x02",
            b"\x05\x00a\x01\0",
            b"\x02\x00a\x02\x01",
            b"\x01\xf0",
        ] {
            assert_eq!(block(wrong), Err(Error::Corrupt), "{wrong:?}");
        }
    }

    /// Blocks of what s2.NewWriter made: 'ab' and 'abc' again and again.
    #[test]
    fn blocks_with_copies() {
        let decoded = |block: &[u8], limit| {
            let mut out = b"before".to_vec();
            decompress(block, limit, &mut out).map(|()| out[6..].to_vec())
        };
        // A literal of 3, a copy of 8 at offset 3, a repeat of 8 + 1.
        let block = [
            20,
            2 << 2,
            b'a',
            b'b',
            b'c',
            4 << 2 | 1,
            3,
            5 << 2 | 1,
            0,
            1,
        ];
        assert_eq!(
            decoded(&block, 20).as_deref(),
            Ok(&b"abcabcabcabcabcabcab"[..])
        );
        assert_eq!(decoded(&block, 19), Err(Error::Corrupt));
        for end in 0..block.len() {
            assert_eq!(decoded(&block[..end], 20), Err(Error::Corrupt));
        }
        for (at, byte) in [(0, 21), (0, 19), (6, 4), (6, 0)] {
            let mut changed = block;
            changed[at] = byte;
            assert_eq!(decoded(&changed, 99), Err(Error::Corrupt), "{at} {byte}");
        }
        let long = [4, 61 << 2, 3, 0, 1, 2, 3, 4];
        assert_eq!(decoded(&long, 9).as_deref(), Ok(&[1, 2, 3, 4][..]));
        let far = [6, 1 << 2, 1, 2, 1 << 2 | 2, 2, 0, 1 << 2 | 3, 1, 0, 0, 0];
        assert_eq!(decoded(&far, 9).as_deref(), Ok(&[1, 2, 1, 2, 2, 2][..]));
    }

    #[test]
    fn chunks_that_are_none() {
        assert_eq!(decode(b"\x01\x00\x00\x00", 9), Err(Error::Corrupt));
        assert_eq!(decode(&framed(2, b""), 9), Err(Error::Unsupported));
        assert_eq!(decode(&framed(PLAIN, b"123"), 9), Err(Error::Corrupt));
        assert_eq!(decode(&framed(PLAIN, b"12345"), 9), Err(Error::Crc));
        assert_eq!(
            decode(&framed(PLAIN, b"12345")[..14], 9),
            Err(Error::Corrupt)
        );
        assert_eq!(decode(&framed(0xfe, &[7; 5000]), 9), Ok(Vec::new()));
        assert_eq!(
            decode(&framed(IDENTIFIER, b"sNaPpX"), 9),
            Err(Error::Corrupt)
        );
        // Each chunk is worked off at once, however much comes after it.
        let many = b"\xfe\0\0\0".repeat(500_000);
        assert_eq!(decode(&[MAGIC, &many].concat(), 2_000_010), Ok(Vec::new()));
        let big = [MAGIC, b"\x00\xff\xff\xff"].concat();
        assert_eq!(decode(&big, 9), Err(Error::Corrupt));
    }

    #[test]
    fn snappy_has_smaller_blocks() {
        let block = vec![0; MAX_SNAPPY + 1];
        let chunk = [&checksum(&block).to_le_bytes()[..], &block].concat();
        let stream = framed(PLAIN, &chunk);
        assert_eq!(decode(&stream, 1 << 20), Ok(block));
        let snappy = [&framed(IDENTIFIER, SNAPPY_BODY), &stream[MAGIC.len()..]].concat();
        assert_eq!(decode(&snappy, 1 << 20), Err(Error::Corrupt));
    }
}
