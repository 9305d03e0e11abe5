//! `StreamState` of nats-server as backups and requests have it. Must not know where it stands.

use crate::wire::json::{Decoder, Value, decode_lenient};

/// What counts of it.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)] // the fields are the protocol's own
pub struct State {
    pub messages: u64,
    pub bytes: u64,
    pub first_seq: u64,
    pub last_seq: u64,
    /// `consumer_count`
    pub consumers: i64,
}

impl State {
    /// Reads one by itself.
    ///
    /// # Errors
    /// Go's text.
    pub fn read(text: &[u8]) -> Result<State, String> {
        let mut state = State::default();
        decode_lenient(text, |d, value| state.decode(d, value))?;
        Ok(state)
    }

    /// Reads one that stands in something else.
    pub fn decode(&mut self, d: &mut Decoder, value: Value<'_>) {
        d.object(value, "StreamState", &mut |d, name, value| {
            let mut other = 0;
            match name {
                "messages" => d.uint64(value, &mut self.messages),
                "bytes" => d.uint64(value, &mut self.bytes),
                "first_seq" => d.uint64(value, &mut self.first_seq),
                "last_seq" => d.uint64(value, &mut self.last_seq),
                "consumer_count" => d.int(value, &mut self.consumers),
                "first_ts" | "last_ts" => d.moment(value, &mut None),
                "num_subjects" | "num_deleted" => d.int(value, &mut 0),
                "subjects" => d.members(value, "uint64", &mut |d, _, value| {
                    d.uint64(value, &mut other);
                }),
                "deleted" => sequences(d, value),
                "lost" => d.object(value, "LostStreamData", &mut |d, name, value| {
                    match name {
                        "msgs" => sequences(d, value),
                        "bytes" => d.uint64(value, &mut other),
                        _ => return false,
                    }
                    true
                }),
                _ => return false,
            }
            true
        });
    }

    /// Does it contradict itself? In nats-server's words.
    pub fn check(&self) -> Result<(), &'static str> {
        const RANGE: &str = "invalid stream state: inconsistent message count or sequence range";
        let (first, last) = (self.first_seq, self.last_seq);
        if self.consumers < 0 {
            return Err("invalid stream state: negative consumer count");
        }
        // An empty stream that was used begins one after its last sequence.
        let empty = first.saturating_sub(1) == last;
        if first == 0 || first > last {
            return match empty && self.messages == 0 {
                true => Ok(()),
                false => Err(RANGE),
            };
        }
        match self.messages > (last - first).saturating_add(1) {
            true => Err("invalid stream state: message count exceeds sequence range"),
            false => Ok(()),
        }
    }
}

/// A list of sequences that nobody needs.
fn sequences(d: &mut Decoder, value: Value<'_>) {
    d.list(value, "uint64", &mut Vec::<u64>::new(), |d, value, seq| {
        d.uint64(value, seq);
    });
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn contradictions() {
        let check = |messages, first_seq, last_seq, consumers| {
            let state = State {
                messages,
                bytes: 0,
                first_seq,
                last_seq,
                consumers,
            };
            state.check().is_ok()
        };
        for (messages, first, last) in [(0, 0, 0), (0, 4, 3), (0, 3, 5), (3, 3, 5), (1, 1, 1)] {
            assert!(check(messages, first, last, 2), "{messages} {first} {last}");
        }
        for (messages, first, last) in [
            (1, 0, 0),
            (0, 0, 1),
            (1, 4, 3),
            (0, 5, 3),
            (4, 3, 5),
            (0, 0, u64::MAX),
        ] {
            assert!(
                !check(messages, first, last, 0),
                "{messages} {first} {last}"
            );
        }
        assert!(!check(0, 0, 0, -1));
        assert!(check(0, 1, u64::MAX, 0));
    }
}
