//! Messages by sequence, in blocks of neighbouring sequences: as compact as a plain list where sequences are dense, and
//! small where most of them are gone. Must not know subjects' meaning or limits.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::wire::time::Time;

/// Sequences a block covers. Small enough that shifting a block is cheap, large enough that the map of blocks is small.
const BLOCK: u64 = 32;

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Subject it is stored under.
    pub subject: Arc<[u8]>,
    /// When it was stored (a mirror keeps its origin's time).
    pub time: Time,
    body: Box<[u8]>,
    header_length: u32,
    /// Sequence within the block; set by [`Messages::push`].
    slot: u8,
}

impl Message {
    /// A message; `headers` is the whole block or empty.
    pub fn new(subject: Arc<[u8]>, headers: &[u8], payload: &[u8], time: Time) -> Message {
        Message {
            subject,
            time,
            body: [headers, payload].concat().into_boxed_slice(),
            header_length: u32::try_from(headers.len()).unwrap_or(u32::MAX),
            slot: 0,
        }
    }

    /// The whole header block; empty when there is none.
    pub fn headers(&self) -> &[u8] {
        &self.body[..self.header_length as usize]
    }

    /// Payload without headers.
    pub fn payload(&self) -> &[u8] {
        &self.body[self.header_length as usize..]
    }

    /// Bytes of headers and payload together.
    pub fn size(&self) -> usize {
        self.body.len()
    }
}

/// Messages by sequence.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    /// By sequence / [`BLOCK`]; none is empty, each is sorted by slot.
    blocks: BTreeMap<u64, Vec<Message>>,
    len: u64,
}

impl Messages {
    /// How many there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a message behind all others: `seq` must be higher than theirs.
    pub fn push(&mut self, seq: u64, mut message: Message) {
        debug_assert!(self.last().is_none_or(|(last, _)| last < seq));
        message.slot = (seq % BLOCK) as u8;
        self.blocks.entry(seq / BLOCK).or_default().push(message);
        self.len += 1;
    }

    /// The message with this sequence.
    pub fn get(&self, seq: u64) -> Option<&Message> {
        let block = self.blocks.get(&(seq / BLOCK))?;
        block.get(find(block, seq).ok()?)
    }

    /// Takes the message with this sequence out.
    pub fn remove(&mut self, seq: u64) -> Option<Message> {
        let block = self.blocks.get_mut(&(seq / BLOCK))?;
        let message = block.remove(find(block, seq).ok()?);
        if block.is_empty() {
            self.blocks.remove(&(seq / BLOCK));
        } else if block.len() * 2 <= block.capacity() {
            block.shrink_to_fit();
        }
        self.len -= 1;
        Some(message)
    }

    /// The first message.
    pub fn first(&self) -> Option<(u64, &Message)> {
        let (number, block) = self.blocks.first_key_value()?;
        numbered(*number, block.first()?)
    }

    /// The last message.
    pub fn last(&self) -> Option<(u64, &Message)> {
        let (number, block) = self.blocks.last_key_value()?;
        numbered(*number, block.last()?)
    }

    /// Messages with a sequence of `from` or higher, ascending.
    pub fn from(&self, from: u64) -> impl Iterator<Item = (u64, &Message)> {
        self.blocks
            .range(from / BLOCK..)
            .flat_map(move |(number, block)| {
                let start = if *number == from / BLOCK {
                    find(block, from).unwrap_or_else(|at| at)
                } else {
                    0
                };
                block[start..].iter().filter_map(|m| numbered(*number, m))
            })
    }

    /// Messages with a sequence of `to` or lower, descending.
    pub fn down_from(&self, to: u64) -> impl Iterator<Item = (u64, &Message)> {
        self.blocks
            .range(..=to / BLOCK)
            .rev()
            .flat_map(move |(number, block)| {
                let end = if *number == to / BLOCK {
                    find(block, to).map_or_else(|at| at, |at| at + 1)
                } else {
                    block.len()
                };
                block[..end]
                    .iter()
                    .rev()
                    .filter_map(|m| numbered(*number, m))
            })
    }

    /// How many messages have a sequence of `from` or higher.
    pub fn count_from(&self, from: u64) -> u64 {
        let (Some((first, _)), Some((last, _))) = (self.first(), self.last()) else {
            return 0;
        };
        if from <= first {
            self.len
        } else if last - first + 1 == self.len {
            (last + 1).saturating_sub(from)
        } else {
            let blocks = self.blocks.range(from / BLOCK..);
            blocks
                .map(|(number, block)| {
                    let gone = if *number == from / BLOCK {
                        find(block, from).unwrap_or_else(|at| at)
                    } else {
                        0
                    };
                    (block.len() - gone) as u64
                })
                .sum()
        }
    }

    /// Sequence of the first message stored at `time` or later. Times ascend with sequences.
    pub fn first_since(&self, time: Time) -> Option<u64> {
        let (mut low, _) = self.first()?;
        let (mut high, last) = self.last()?;
        if last.time < time {
            return None;
        }
        // Invariant: the answer lies in low..=high.
        while low < high {
            let middle = low + (high - low) / 2;
            match self.from(middle).next() {
                Some((seq, message)) if message.time < time => low = seq + 1,
                _ => high = middle,
            }
        }
        self.from(low).next().map(|(seq, _)| seq)
    }
}

fn find(block: &[Message], seq: u64) -> Result<usize, usize> {
    let slot = (seq % BLOCK) as u8;
    // Dense from the start is the common case.
    if block.get(usize::from(slot)).is_some_and(|m| m.slot == slot) {
        return Ok(usize::from(slot));
    }
    block.binary_search_by_key(&slot, |message| message.slot)
}

fn numbered(block: u64, message: &Message) -> Option<(u64, &Message)> {
    Some((block * BLOCK + u64::from(message.slot), message))
}
