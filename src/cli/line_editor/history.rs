//! Past lines, and where in them the line shown comes from.

/// Lines kept.
const MOST: usize = 1000;

/// Lines that were run, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    lines: Vec<String>,
    /// Where the line shown comes from; `lines.len()` is the line being typed.
    at: usize,
    /// The line being typed while others are looked at.
    draft: Vec<char>,
}

impl History {
    /// One with these lines, oldest first.
    pub fn new(lines: Vec<String>) -> History {
        History {
            at: lines.len(),
            lines,
            draft: Vec::new(),
        }
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Where the line shown comes from; the number of lines if it is the one being typed.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Adds a line, unless it is blank or was the last one. The line shown is a new one.
    pub fn remember(&mut self, line: &str) {
        let line = line.trim_end();
        if !line.trim().is_empty() && self.lines.last().map(String::as_str) != Some(line) {
            self.lines.push(line.to_string());
            if self.lines.len() > MOST {
                self.lines.remove(0);
            }
        }
        self.leave();
    }

    /// The line shown is a new one, and empty.
    pub fn leave(&mut self) {
        self.at = self.lines.len();
        self.draft.clear();
    }

    /// The line at a place, which is shown from now on, instead of `shown`; `None` if there is no such place.
    pub fn recall(&mut self, at: usize, shown: &[char]) -> Option<Vec<char>> {
        if at > self.lines.len() {
            return None;
        }
        if self.at == self.lines.len() {
            self.draft = shown.to_vec();
        }
        self.at = at;
        Some(match self.lines.get(at) {
            Some(line) => line.chars().collect(),
            None => self.draft.clone(),
        })
    }

    /// The line shown comes from a place, if that is one.
    pub fn stand_at(&mut self, at: usize) {
        if at < self.lines.len() {
            self.at = at;
        }
    }

    /// The newest line below `from` that contains a text, with its place.
    pub fn find(&self, from: usize, text: &str) -> Option<(usize, &str)> {
        let mut lines = self.lines.iter().enumerate().take(from);
        let (at, line) = lines.rfind(|(_, line)| line.contains(text))?;
        Some((at, line))
    }

    /// The last word of the last line.
    pub fn last_word(&self) -> Option<&str> {
        self.lines.last()?.split_whitespace().last()
    }
}
