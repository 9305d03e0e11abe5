//! Bytes that come in parts and are worked off from the front, each moved only once. Must not know what they are.

/// What has come and is not done with.
#[derive(Debug, Default)]
pub struct Input {
    bytes: Vec<u8>,
    /// Bytes at the start of `bytes` that are done with.
    done: usize,
}

impl Input {
    /// What is left.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.done..).unwrap_or_default()
    }

    /// Where to put more.
    pub fn end(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.done.min(self.bytes.len()));
        self.done = 0;
        &mut self.bytes
    }

    /// So many bytes are done with.
    pub fn skip(&mut self, count: usize) {
        self.done = self.done.saturating_add(count);
    }

    /// Takes so many bytes as they are, if they are there.
    pub fn take(&mut self, count: usize) -> Option<&[u8]> {
        let taken = self.bytes.get(self.done..)?.get(..count)?;
        self.done += count;
        Some(taken)
    }
}
