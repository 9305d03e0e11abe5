//! One line being typed, edited as readline users expect. Pure; knows no DOM and no shell: keys in, what to do out.

mod history;
mod kills;
#[cfg(test)]
mod tests;
mod words;

use history::History;
use kills::Kills;

/// A key as the page or a terminal reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Typed or pasted text; newlines in it are kept for the caller, see [`LineEditor::key`].
    Text(String),
    /// Control with a letter, lower case.
    Ctrl(char),
    /// Alt (Meta) with a letter, lower case.
    Alt(char),
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Deletes to the left.
    Backspace,
    /// Deletes to the right.
    Delete,
    /// Arrows.
    Left,
    /// Arrows.
    Right,
    /// Arrows.
    Up,
    /// Arrows.
    Down,
    /// To the start.
    Home,
    /// To the end.
    End,
    /// Control or Alt with the left arrow.
    WordLeft,
    /// Control or Alt with the right arrow.
    WordRight,
    /// Control or Alt with Backspace.
    WordBackspace,
    /// Escape.
    Escape,
}

/// What the caller has to do after a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing but to draw the line again.
    Redraw,
    /// Run this line; the editor is empty again, the line is in the history.
    Run(String),
    /// ^C: the line was given up.
    Interrupt,
    /// ^D on an empty line.
    EndOfInput,
    /// ^L: clear the screen, keep the line.
    ClearScreen,
    /// Tab: complete what is left of the cursor; `again` at the second Tab in a row (show the list).
    Complete {
        /// A Tab came right before.
        again: bool,
    },
    /// Nothing to do here (start of line, no more history).
    Bell,
}

/// A search through the history with ^R.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// What was typed.
    pub query: String,
    /// Nothing matches it.
    pub failed: bool,
    /// The history entry shown.
    at: usize,
    /// The line to go back to.
    before: (Vec<char>, usize),
}

/// The editor: text, cursor, kill ring, history.
#[derive(Clone, Debug, Default)]
pub struct LineEditor {
    text: Vec<char>,
    cursor: usize,
    history: History,
    kills: Kills,
    search: Option<Search>,
    undo: Vec<(Vec<char>, usize)>,
    last: Last,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    Typed,
    Killed,
    Yanked,
    Tab,
}

/// Steps kept for ^_.
const UNDO: usize = 200;

impl LineEditor {
    /// An empty line with a history, oldest first.
    pub fn new(history: Vec<String>) -> LineEditor {
        LineEditor {
            history: History::new(history),
            ..LineEditor::default()
        }
    }

    /// The line.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// The cursor, in characters from the start.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// What is left of the cursor, for completion.
    pub fn before_cursor(&self) -> String {
        self.text.iter().take(self.cursor).collect()
    }

    /// The search that ^R started, to be drawn in place of the prompt as `(reverse-i-search)'query': `.
    pub fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// Past lines, oldest first.
    pub fn history(&self) -> &[String] {
        self.history.lines()
    }

    /// Empties the history.
    pub fn clear_history(&mut self) {
        self.history = History::default();
    }

    /// Adds a line to the history, as running it does: not if blank, nor twice in a row.
    pub fn remember(&mut self, line: &str) {
        self.history.remember(line);
    }

    /// Replaces the line, cursor at its end.
    pub fn set(&mut self, text: &str) {
        self.keep_for_undo();
        self.text = text.chars().collect();
        self.cursor = self.text.len();
    }

    /// Puts the cursor at a character (a click).
    pub fn set_cursor(&mut self, cursor: usize) {
        self.cursor = cursor.min(self.text.len());
        self.last = Last::Other;
    }

    /// Inserts at the cursor: a completion or a paste.
    pub fn insert(&mut self, text: &str) {
        self.keep_for_undo();
        self.insert_raw(text);
    }

    /// Replaces the `count` characters left of the cursor (the word being completed).
    pub fn replace_before(&mut self, count: usize, text: &str) {
        self.keep_for_undo();
        let start = self.cursor.saturating_sub(count);
        self.text.drain(start..self.cursor);
        self.cursor = start;
        self.insert_raw(text);
    }

    /// Takes a key. Of text with newlines (a paste) only what is before the first newline belongs to this line: the caller
    /// splits, sending `Text`, `Enter`, `Text` ….
    pub fn key(&mut self, key: Key) -> Action {
        if self.search.is_some() {
            return self.search_key(key);
        }
        let last = std::mem::take(&mut self.last);
        match key {
            Key::Text(text) => {
                if last != Last::Typed || text.contains(' ') {
                    self.keep_for_undo();
                }
                self.insert_raw(&text);
                self.last = Last::Typed;
                Action::Redraw
            }
            Key::Enter | Key::Ctrl('j' | 'm') => {
                let line = self.text();
                self.remember(&line);
                self.reset();
                Action::Run(line)
            }
            Key::Tab | Key::Ctrl('i') => {
                self.last = Last::Tab;
                Action::Complete {
                    again: last == Last::Tab,
                }
            }
            Key::Ctrl('c') => {
                self.reset();
                Action::Interrupt
            }
            Key::Ctrl('d') if self.text.is_empty() => Action::EndOfInput,
            Key::Ctrl('l') => Action::ClearScreen,
            Key::Ctrl('r') => {
                self.search = Some(Search {
                    query: String::new(),
                    failed: false,
                    at: self.history.lines().len(),
                    before: (self.text.clone(), self.cursor),
                });
                Action::Redraw
            }
            Key::Home | Key::Ctrl('a') => self.go(0),
            Key::End | Key::Ctrl('e') => self.go(self.text.len()),
            Key::Left | Key::Ctrl('b') if self.cursor > 0 => self.go(self.cursor - 1),
            Key::Right | Key::Ctrl('f') if self.cursor < self.text.len() => {
                self.go(self.cursor + 1)
            }
            Key::WordLeft | Key::Alt('b') => self.go(words::start(&self.text, self.cursor)),
            Key::WordRight | Key::Alt('f') => self.go(words::end(&self.text, self.cursor)),
            Key::Backspace | Key::Ctrl('h') if self.cursor > 0 => {
                self.remove(self.cursor - 1, self.cursor)
            }
            Key::Delete | Key::Ctrl('d') if self.cursor < self.text.len() => {
                self.remove(self.cursor, self.cursor + 1)
            }
            Key::Ctrl('k') => self.kill(self.cursor, self.text.len(), last),
            Key::Ctrl('u') => self.kill(0, self.cursor, last),
            Key::Ctrl('w') => self.kill(
                words::blank_start(&self.text, self.cursor),
                self.cursor,
                last,
            ),
            Key::WordBackspace => {
                self.kill(words::start(&self.text, self.cursor), self.cursor, last)
            }
            Key::Alt('d') => self.kill(self.cursor, words::end(&self.text, self.cursor), last),
            Key::Ctrl('y') => {
                let newest = self.kills.newest();
                self.yank(newest)
            }
            Key::Alt('y') if last == Last::Yanked => self.yank_earlier(),
            Key::Ctrl('t') => self.transpose(),
            Key::Ctrl('_' | '/') => match self.undo.pop() {
                Some((text, cursor)) => {
                    (self.text, self.cursor) = (text, cursor);
                    Action::Redraw
                }
                None => Action::Bell,
            },
            Key::Up | Key::Ctrl('p') => self.recall(self.history.at().checked_sub(1)),
            Key::Down | Key::Ctrl('n') => self.recall(Some(self.history.at() + 1)),
            Key::Alt('<') => self.recall(Some(0)),
            Key::Alt('>') => self.recall(Some(self.history.lines().len())),
            Key::Alt(kind @ ('u' | 'l' | 'c')) => self.change_case(kind),
            Key::Alt('.') => match self.history.last_word().map(String::from) {
                Some(word) => {
                    self.insert(&word);
                    Action::Redraw
                }
                None => Action::Bell,
            },
            _ => Action::Bell,
        }
    }

    fn search_key(&mut self, key: Key) -> Action {
        match key {
            Key::Text(text) => {
                if let Some(search) = &mut self.search {
                    search.query.push_str(&text);
                    // The entry shown may still match the longer query.
                    let from = search.at + 1;
                    self.find(from);
                }
                Action::Redraw
            }
            Key::Backspace | Key::Ctrl('h') => {
                if let Some(search) = &mut self.search {
                    search.query.pop();
                    self.find(usize::MAX);
                }
                Action::Redraw
            }
            Key::Ctrl('r') => {
                let from = self.search.as_ref().map_or(0, |s| s.at);
                self.find(from);
                Action::Redraw
            }
            Key::Ctrl('g' | 'c') => {
                if let Some(search) = self.search.take() {
                    (self.text, self.cursor) = search.before;
                }
                Action::Redraw
            }
            // Any other key takes what was found and does its own work.
            key => {
                if let Some(search) = self.search.take() {
                    self.history.stand_at(search.at);
                }
                if key == Key::Escape {
                    Action::Redraw
                } else {
                    self.key(key)
                }
            }
        }
    }

    /// Shows the newest entry below `from` that contains the query.
    fn find(&mut self, from: usize) {
        let Some(search) = &mut self.search else {
            return;
        };
        let found = self.history.find(from, &search.query);
        search.failed = found.is_none() && !search.query.is_empty();
        if search.query.is_empty() {
            (self.text, self.cursor) = search.before.clone();
        } else if let Some((at, line)) = found {
            search.at = at;
            self.text = line.chars().collect();
            let bytes = line.find(&search.query).unwrap_or(0);
            self.cursor = line.get(..bytes).unwrap_or_default().chars().count();
        }
    }

    fn reset(&mut self) {
        self.text.clear();
        self.undo.clear();
        self.cursor = 0;
        self.history.leave();
        self.last = Last::Other;
    }

    fn keep_for_undo(&mut self) {
        self.undo.push((self.text.clone(), self.cursor));
        if self.undo.len() > UNDO {
            self.undo.remove(0);
        }
    }

    fn insert_raw(&mut self, text: &str) {
        // Control characters of a paste would not be seen: they are left out.
        let added: Vec<char> = text.chars().filter(|c| !c.is_control()).collect();
        let count = added.len();
        self.text.splice(self.cursor..self.cursor, added);
        self.cursor += count;
    }

    fn go(&mut self, cursor: usize) -> Action {
        self.cursor = cursor;
        Action::Redraw
    }

    fn remove(&mut self, from: usize, to: usize) -> Action {
        self.keep_for_undo();
        self.text.drain(from..to);
        self.cursor = from;
        Action::Redraw
    }

    /// Removes a range for ^Y; kills in a row join.
    fn kill(&mut self, from: usize, to: usize, last: Last) -> Action {
        self.last = Last::Killed;
        if from == to {
            return Action::Bell;
        }
        self.keep_for_undo();
        let backwards = to == self.cursor;
        let removed: String = self.text.drain(from..to).collect();
        self.cursor = from;
        if last == Last::Killed {
            self.kills.join(&removed, backwards);
        } else {
            self.kills.keep(removed);
        }
        Action::Redraw
    }

    fn yank(&mut self, text: Option<String>) -> Action {
        let Some(text) = text else {
            return Action::Bell;
        };
        let start = self.cursor;
        self.insert(&text);
        self.kills.yanked(start, self.cursor);
        self.last = Last::Yanked;
        Action::Redraw
    }

    /// Puts the kill before in the place of what was just yanked.
    fn yank_earlier(&mut self) -> Action {
        let (start, end) = self.kills.place();
        self.text.drain(start..end.min(self.text.len()));
        self.cursor = start;
        let earlier = self.kills.earlier();
        self.yank(earlier)
    }

    fn transpose(&mut self) -> Action {
        let right = if self.cursor == self.text.len() {
            self.cursor.saturating_sub(1)
        } else {
            self.cursor
        };
        if right == 0 || self.text.len() < 2 {
            return Action::Bell;
        }
        self.keep_for_undo();
        self.text.swap(right - 1, right);
        self.go(right + 1)
    }

    fn change_case(&mut self, kind: char) -> Action {
        let end = words::end(&self.text, self.cursor);
        self.keep_for_undo();
        words::change_case(
            self.text.get_mut(self.cursor..end).unwrap_or_default(),
            kind,
        );
        self.go(end)
    }

    /// Shows the line at a place in the history, if there is one.
    fn recall(&mut self, at: Option<usize>) -> Action {
        match at.and_then(|at| self.history.recall(at, &self.text)) {
            Some(line) => {
                self.text = line;
                self.go(self.text.len())
            }
            None => Action::Bell,
        }
    }
}
