//! Messages by sequence, in blocks that are only appended to. Taking a message out marks it; a block with more gone than
//! left is written anew, an empty one goes. Must not know what subjects are called, nor limits.

use std::collections::VecDeque;

use crate::wire::time::Time;

/// Most messages of a block.
const ENTRIES: usize = 128;
/// Bytes of headers and payloads a block may have, unless it has only one message.
const BYTES: usize = 32 << 10;
/// The subject of an entry whose message is gone.
const GONE: u32 = u32::MAX;
/// Later than any deadline.
const NEVER: Time = Time(i64::MAX);

/// A message as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// Id of its subject.
    pub subject: u32,
    /// When it was stored.
    pub time: Time,
    /// When its TTL ends.
    pub deadline: Option<Time>,
    /// The whole header block; empty when there is none.
    pub headers: &'a [u8],
    /// Payload without headers.
    pub payload: &'a [u8],
}

/// What a message was that is gone.
#[derive(Clone, Copy, Debug)]
pub struct Removed {
    /// Id of its subject.
    pub subject: u32,
    /// When its TTL would have ended.
    pub deadline: Option<Time>,
    /// Bytes of its header block.
    pub headers: usize,
    /// Bytes of its payload.
    pub payload: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    time: Time,
    deadline: Time,
    /// Sequence, from the block's first on.
    offset: u32,
    /// Where its bytes end, and those of the next entry begin.
    end: u32,
    /// How many of them are headers.
    headers: u32,
    subject: u32,
}

#[derive(Clone, Debug)]
struct Block {
    first: u64,
    /// Ascending; empty only if all are gone.
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    /// Bytes of messages that are there.
    live_bytes: u32,
    /// How many are there.
    live: u16,
    /// Entries before are gone.
    start: u16,
}

impl Block {
    /// Index of the entry with this sequence, or of the next one.
    fn find(&self, seq: u64) -> Result<usize, usize> {
        let offset = seq - self.first;
        // Dense from the start is the common case.
        let guess = usize::try_from(offset).unwrap_or(usize::MAX);
        match self.entries.get(guess) {
            Some(entry) if u64::from(entry.offset) == offset => Ok(guess),
            _ => self
                .entries
                .binary_search_by_key(&offset, |entry| entry.offset.into()),
        }
    }

    /// Where the bytes of an entry begin.
    fn begin(&self, at: usize) -> usize {
        let before = at.checked_sub(1).and_then(|at| self.entries.get(at));
        before.map_or(0, |entry| entry.end as usize)
    }

    fn message(&self, at: usize) -> Option<(u64, Stored<'_>)> {
        let entry = self.entries.get(at).filter(|entry| entry.subject != GONE)?;
        let body = &self.bytes[self.begin(at)..entry.end as usize];
        let (headers, payload) = body.split_at(entry.headers as usize);
        let stored = Stored {
            subject: entry.subject,
            time: entry.time,
            deadline: Some(entry.deadline).filter(|at| *at < NEVER),
            headers,
            payload,
        };
        Some((self.first + u64::from(entry.offset), stored))
    }

    /// Has room for a message?
    fn takes(&self, seq: u64, size: usize) -> bool {
        self.entries.len() < ENTRIES
            && self.bytes.len() + size <= BYTES
            && seq - self.first < u64::from(u32::MAX)
    }

    /// Nothing will be added any more, or something was taken out since: gives back what is not needed.
    fn tidy(&mut self) {
        let entries = self.entries.len();
        if usize::from(self.live) * 2 >= entries && self.live_bytes as usize * 2 >= self.bytes.len()
        {
            return;
        }
        let mut bytes = Vec::with_capacity(self.live_bytes as usize);
        let mut kept = Vec::with_capacity(self.live.into());
        for at in self.start.into()..entries {
            let mut entry = self.entries[at];
            if entry.subject != GONE {
                bytes.extend_from_slice(&self.bytes[self.begin(at)..entry.end as usize]);
                entry.end = bytes.len() as u32;
                kept.push(entry);
            }
        }
        (self.entries, self.bytes, self.start) = (kept, bytes, 0);
    }
}

/// Messages by sequence.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    /// Ascending; the first and the last are not empty, and at most half of the others. Only the last is added to.
    blocks: VecDeque<Block>,
    empty: usize,
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
    pub fn push(&mut self, seq: u64, message: Stored<'_>) {
        let size = message.headers.len() + message.payload.len();
        if !self
            .blocks
            .back()
            .is_some_and(|block| block.takes(seq, size))
        {
            if let Some(full) = self.blocks.back_mut() {
                full.tidy();
                full.entries.shrink_to_fit();
                full.bytes.shrink_to_fit();
            }
            self.blocks.push_back(Block {
                first: seq,
                entries: Vec::new(),
                bytes: Vec::with_capacity(size),
                live_bytes: 0,
                live: 0,
                start: 0,
            });
        }
        if let Some(block) = self.blocks.back_mut() {
            block.bytes.extend_from_slice(message.headers);
            block.bytes.extend_from_slice(message.payload);
            block.entries.push(Entry {
                time: message.time,
                deadline: message.deadline.unwrap_or(NEVER),
                offset: (seq - block.first) as u32,
                end: block.bytes.len() as u32,
                headers: message.headers.len() as u32,
                subject: message.subject,
            });
            block.live += 1;
            block.live_bytes += size as u32;
            self.len += 1;
        }
    }

    /// The message with this sequence.
    pub fn get(&self, seq: u64) -> Option<Stored<'_>> {
        let block = self.blocks.get(self.block_of(seq)?)?;
        let (_, message) = block.message(block.find(seq).ok()?)?;
        Some(message)
    }

    /// Sets the deadline of a message and returns the one it had, or one that never comes; `None` if it is not there.
    pub fn set_deadline(&mut self, seq: u64, deadline: Time) -> Option<Time> {
        let at = self.block_of(seq)?;
        let block = &mut self.blocks[at];
        let at = block.find(seq).ok()?;
        let entry = block.entries.get_mut(at).filter(|e| e.subject != GONE)?;
        Some(std::mem::replace(&mut entry.deadline, deadline))
    }

    /// Takes the message with this sequence out; what is left of it to be known.
    pub fn remove(&mut self, seq: u64) -> Option<Removed> {
        let number = self.block_of(seq)?;
        let is_last = number + 1 == self.blocks.len();
        let block = &mut self.blocks[number];
        let at = block.find(seq).ok()?;
        let size = block.entries[at].end as usize - block.begin(at);
        let entry = block.entries.get_mut(at)?;
        let subject = std::mem::replace(&mut entry.subject, GONE);
        if subject == GONE {
            return None;
        }
        let removed = Removed {
            subject,
            deadline: Some(entry.deadline).filter(|at| *at < NEVER),
            headers: entry.headers as usize,
            payload: size - entry.headers as usize,
        };
        block.live_bytes -= size as u32;
        block.live -= 1;
        self.len -= 1;
        if block.live == 0 {
            (block.entries, block.bytes) = (Vec::new(), Vec::new());
            self.empty += 1;
            self.drop_empty();
            return Some(removed);
        }
        while block.entries[usize::from(block.start)].subject == GONE {
            block.start += 1;
        }
        if !is_last {
            block.tidy();
        }
        Some(removed)
    }

    /// Drops empty blocks at the ends, and all when they are many.
    fn drop_empty(&mut self) {
        while self.blocks.front().is_some_and(|block| block.live == 0) {
            self.blocks.pop_front();
            self.empty -= 1;
        }
        while self.blocks.back().is_some_and(|block| block.live == 0) {
            self.blocks.pop_back();
            self.empty -= 1;
        }
        if self.empty * 2 > self.blocks.len() {
            self.blocks.retain(|block| block.live > 0);
            self.empty = 0;
        }
        if self.blocks.len() * 4 < self.blocks.capacity() {
            self.blocks.shrink_to_fit();
        }
    }

    /// The first message.
    pub fn first(&self) -> Option<(u64, Stored<'_>)> {
        self.from(0).next()
    }

    /// The last message.
    pub fn last(&self) -> Option<(u64, Stored<'_>)> {
        self.down_from(u64::MAX).next()
    }

    /// Messages with a sequence of `from` or higher, ascending.
    pub fn from(&self, from: u64) -> From<'_> {
        let number = self.block_of(from);
        let at = number.map_or(0, |number| match self.blocks[number].find(from) {
            Ok(at) | Err(at) => at,
        });
        From {
            messages: self,
            number: number.unwrap_or(0),
            at,
        }
    }

    /// Messages with a sequence of `to` or lower, descending.
    pub fn down_from(&self, to: u64) -> DownFrom<'_> {
        let number = self.block_of(to);
        let end = number.map_or(0, |number| match self.blocks[number].find(to) {
            Ok(at) => at + 1,
            Err(at) => at,
        });
        DownFrom {
            messages: self,
            number: number.unwrap_or(0),
            end,
        }
    }

    /// How many messages have a sequence of `from` or higher.
    pub fn count_from(&self, from: u64) -> u64 {
        let Some(number) = self.block_of(from) else {
            return self.len;
        };
        let after = self.blocks.range(number + 1..);
        let after: u64 = after.map(|block| u64::from(block.live)).sum();
        let block = &self.blocks[number];
        let start = block.find(from).unwrap_or_else(|at| at);
        let here = (start..block.entries.len()).filter(|at| block.message(*at).is_some());
        after + here.count() as u64
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

    /// Gives subjects new ids.
    pub fn renumber(&mut self, ids: &[u32]) {
        for block in &mut self.blocks {
            for entry in &mut block.entries {
                if entry.subject != GONE {
                    entry.subject = ids[entry.subject as usize];
                }
            }
        }
    }

    /// Index of the last block that does not begin after `seq`.
    fn block_of(&self, seq: u64) -> Option<usize> {
        let first = |at: usize| self.blocks[at].first;
        let (mut low, mut high) = (0, self.blocks.len());
        if high == 0 || seq < first(0) {
            return None;
        }
        // Invariant: it is in low..high.
        while high - low > 1 {
            let (from, to) = (first(low), first(high - 1));
            // Blocks are mostly alike: first where it would be if all were, then in the middle.
            let share = (seq.min(to) - from) as f64 / (to - from) as f64;
            let guess = low + (share * (high - 1 - low) as f64) as usize;
            for at in [guess, guess + 1, low.midpoint(high)] {
                if low < at && at < high {
                    if first(at) <= seq {
                        low = at;
                    } else {
                        high = at;
                    }
                }
            }
        }
        Some(low)
    }
}

/// See [`Messages::from`].
pub struct From<'a> {
    messages: &'a Messages,
    /// Its block and the next entry there.
    number: usize,
    at: usize,
}

impl<'a> Iterator for From<'a> {
    type Item = (u64, Stored<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let block = self.messages.blocks.get(self.number)?;
            self.at = self.at.max(block.start.into());
            while self.at < block.entries.len() {
                self.at += 1;
                if let Some(found) = block.message(self.at - 1) {
                    return Some(found);
                }
            }
            self.number += 1;
            self.at = 0;
        }
    }
}

/// See [`Messages::down_from`].
pub struct DownFrom<'a> {
    messages: &'a Messages,
    /// Its block, and the entry after the next one.
    number: usize,
    end: usize,
}

impl<'a> Iterator for DownFrom<'a> {
    type Item = (u64, Stored<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let block = self.messages.blocks.get(self.number)?;
            while self.end > block.start.into() {
                self.end -= 1;
                if let Some(found) = block.message(self.end) {
                    return Some(found);
                }
            }
            self.number = self.number.checked_sub(1)?;
            self.end = self.messages.blocks[self.number].entries.len();
        }
    }
}
