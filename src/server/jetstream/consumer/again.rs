//! The messages that wait to be delivered again, in the order in which they came to. Knows sequences only.

use crate::wire::sorted::Sorted;

/// A queue whose members can be found and taken out in any place of it, however long it is.
#[derive(Clone, Debug, Default)]
pub struct Again {
    /// Sequences by their places.
    queue: Sorted<u64, u64>,
    /// Places by their sequences.
    places: Sorted<u64, u64>,
}

impl Again {
    /// Puts `seq` at the end, unless it is in it.
    pub fn push(&mut self, seq: u64) {
        if !self.contains(seq) {
            let place = self.queue.last().map_or(0, |(place, _)| place + 1);
            self.queue.insert(place, seq);
            self.places.insert(seq, place);
        }
    }

    /// Takes the next one.
    pub fn pop(&mut self) -> Option<u64> {
        let (_, seq) = self.queue.first()?;
        let seq = *seq;
        self.remove(seq);
        Some(seq)
    }

    /// Is `seq` in it?
    pub fn contains(&self, seq: u64) -> bool {
        self.places.contains_key(&seq)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Takes `seq` out.
    pub fn remove(&mut self, seq: u64) {
        if let Some(place) = self.places.remove(&seq) {
            self.queue.remove(&place);
        }
    }

    /// Takes all below `first` out.
    pub fn remove_below(&mut self, first: u64) {
        self.queue.retain(|_, seq| *seq >= first);
        self.places.retain(|seq, _| *seq >= first);
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.places.clear();
    }
}
