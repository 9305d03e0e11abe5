//! Random numbers from the server's seed: SplitMix64. Not for secrets.

use crate::wire::{base62, nkey};

/// A source of random numbers; the same seed gives the same numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts at `seed`.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// 64 random bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// A NUID: 22 base-62 characters.
    pub fn nuid(&mut self) -> String {
        (0..22).map(|_| base62::digit(self.next())).collect()
    }

    /// What looks like a public nkey: `prefix` and 32 random bytes, 56 characters.
    pub fn nkey(&mut self, prefix: u8) -> String {
        let mut key = vec![prefix];
        for _ in 0..4 {
            key.extend_from_slice(&self.next().to_be_bytes());
        }
        nkey::encode(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nkeys_look_like_servers_and_curves() {
        let mut random = Random::new(1);
        for (prefix, letter) in [(13 << 3, 'N'), (23 << 3, 'X')] {
            let key = random.nkey(prefix);
            assert_eq!(key.len(), 56);
            assert!(key.starts_with(letter), "{key}");
        }
        assert_eq!(random.nuid().len(), 22);
    }
}
