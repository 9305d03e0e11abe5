//! Bytes in any chunking to operations, one parser a direction.

mod client;
mod server;

pub use client::{ClientOpParser, Limits, NO_HEADERS, ParseError, Parsed};
pub use server::{BadServerOp, ServerOpParser};

/// Collects chunks until an operation is complete; operations within one chunk are read in place.
#[derive(Clone, Debug, Default)]
struct Chunks {
    buffer: Vec<u8>,
    /// Bytes of `buffer` already read.
    start: usize,
    /// Bytes of `buffer` after `start` that came in earlier chunks.
    earlier: usize,
}

impl Chunks {
    /// Drops what was read, and joins `input` to what was kept, if anything was.
    fn join(&mut self, input: &mut &[u8]) {
        if self.start > 0 && (self.start == self.buffer.len() || !input.is_empty()) {
            self.buffer.drain(..self.start);
            self.start = 0;
            if self.buffer.is_empty() && self.buffer.capacity() > 1 << 16 {
                self.buffer = Vec::new();
            }
        }
        if !self.buffer.is_empty() && !input.is_empty() {
            self.earlier = self.buffer.len();
            self.buffer.extend_from_slice(input);
            *input = &[];
        }
    }

    /// Keeps the first `keep` unread bytes for the next chunk; the rest means nothing.
    fn keep(&mut self, input: &mut &[u8], keep: usize) {
        if self.buffer.is_empty() {
            self.buffer.extend_from_slice(input);
            *input = &[];
        }
        self.buffer.truncate(self.start + keep);
    }

    /// Hands out the next `length` bytes.
    fn take<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8], length: usize) -> &'a [u8] {
        if self.buffer.is_empty() {
            let (taken, rest) = input.split_at(length.min(input.len()));
            *input = rest;
            taken
        } else {
            let from = self.start;
            self.start = (from + length).min(self.buffer.len());
            self.earlier = self.earlier.saturating_sub(length);
            &self.buffer[from..self.start]
        }
    }

    fn unread<'a>(&'a self, input: &'a [u8]) -> &'a [u8] {
        if self.buffer.is_empty() {
            input
        } else {
            &self.buffer[self.start..]
        }
    }
}

/// 1 to 9 ASCII digits.
fn size(text: &[u8]) -> Option<usize> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter().try_fold(0, |n, b| {
        b.is_ascii_digit().then(|| n * 10 + usize::from(b - b'0'))
    })
}
