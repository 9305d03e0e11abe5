//! The kill ring: what was cut from lines, for ^Y and Alt-Y.

/// Kills kept.
const MOST: usize = 16;

/// What was cut, newest last.
#[derive(Clone, Debug, Default)]
pub struct Kills {
    ring: Vec<String>,
    /// Which of them was put back last,
    at: usize,
    /// and where, from a character to another.
    place: (usize, usize),
}

impl Kills {
    /// Keeps a text of its own.
    pub fn keep(&mut self, text: String) {
        self.ring.push(text);
        if self.ring.len() > MOST {
            self.ring.remove(0);
        }
    }

    /// Adds a text to the newest: before it if it stood before.
    pub fn join(&mut self, text: &str, before: bool) {
        match self.ring.last_mut() {
            Some(newest) if before => newest.insert_str(0, text),
            Some(newest) => newest.push_str(text),
            None => self.keep(text.into()),
        }
    }

    /// The newest.
    pub fn newest(&mut self) -> Option<String> {
        self.at = self.ring.len().saturating_sub(1);
        self.ring.get(self.at).cloned()
    }

    /// The one before the one that was put back last; the newest after the oldest.
    pub fn earlier(&mut self) -> Option<String> {
        match self.at.checked_sub(1) {
            Some(at) => self.at = at,
            None => return self.newest(),
        }
        self.ring.get(self.at).cloned()
    }

    /// One was put back, from a character to another.
    pub fn yanked(&mut self, from: usize, to: usize) {
        self.place = (from, to);
    }

    /// Where one was put back last.
    pub fn place(&self) -> (usize, usize) {
        self.place
    }
}
