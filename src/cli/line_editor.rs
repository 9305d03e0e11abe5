//! One line being typed, edited as readline users expect. Pure; knows no DOM and no shell: keys in, what to do out.

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
    history: Vec<String>,
    /// Where in the history the line shown comes from; `history.len()` is the line being typed.
    at: usize,
    /// The line being typed while the history is looked through.
    draft: Vec<char>,
    killed: Vec<String>,
    yank: Option<(usize, usize, usize)>,
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

/// Lines kept.
const HISTORY: usize = 1000;
/// Kills kept for ^Y and Alt-Y.
const KILLS: usize = 16;

impl LineEditor {
    /// An empty line with a history, oldest first.
    pub fn new(history: Vec<String>) -> LineEditor {
        LineEditor {
            at: history.len(),
            history,
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
        &self.history
    }

    /// Empties the history.
    pub fn clear_history(&mut self) {
        self.history.clear();
        self.at = 0;
    }

    /// Adds a line to the history, as running it does: not if blank, nor twice in a row.
    pub fn remember(&mut self, line: &str) {
        let line = line.trim_end();
        if !line.trim().is_empty() && self.history.last().map(String::as_str) != Some(line) {
            self.history.push(line.to_string());
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
        }
        self.at = self.history.len();
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
                    at: self.history.len(),
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
            Key::WordLeft | Key::Alt('b') => self.go(self.word_start(self.cursor)),
            Key::WordRight | Key::Alt('f') => self.go(self.word_end(self.cursor)),
            Key::Backspace | Key::Ctrl('h') if self.cursor > 0 => {
                self.remove(self.cursor - 1, self.cursor)
            }
            Key::Delete | Key::Ctrl('d') if self.cursor < self.text.len() => {
                self.remove(self.cursor, self.cursor + 1)
            }
            Key::Ctrl('k') => self.kill(self.cursor, self.text.len(), last),
            Key::Ctrl('u') => self.kill(0, self.cursor, last),
            Key::Ctrl('w') => self.kill(self.blank_word_start(), self.cursor, last),
            Key::WordBackspace => self.kill(self.word_start(self.cursor), self.cursor, last),
            Key::Alt('d') => self.kill(self.cursor, self.word_end(self.cursor), last),
            Key::Ctrl('y') => self.yank_last(),
            Key::Alt('y') if last == Last::Yanked => self.yank_earlier(),
            Key::Ctrl('t') => self.transpose(),
            Key::Ctrl('_' | '/') => match self.undo.pop() {
                Some((text, cursor)) => {
                    (self.text, self.cursor) = (text, cursor);
                    Action::Redraw
                }
                None => Action::Bell,
            },
            Key::Up | Key::Ctrl('p') if self.at > 0 => self.recall(self.at - 1),
            Key::Down | Key::Ctrl('n') if self.at < self.history.len() => self.recall(self.at + 1),
            Key::Alt('<') => self.recall(0),
            Key::Alt('>') => self.recall(self.history.len()),
            Key::Alt(kind @ ('u' | 'l' | 'c')) => self.change_case(kind),
            Key::Alt('.') => match self
                .history
                .last()
                .and_then(|l| l.split_whitespace().last())
            {
                Some(word) => {
                    let word = word.to_string();
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
                    let from = (search.at + 1).min(self.history.len());
                    self.find(from);
                }
                Action::Redraw
            }
            Key::Backspace | Key::Ctrl('h') => {
                if let Some(search) = &mut self.search {
                    search.query.pop();
                    self.find(self.history.len());
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
                if let Some(search) = self.search.take()
                    && search.at < self.history.len()
                {
                    self.at = search.at;
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
        let found = self
            .history
            .iter()
            .take(from)
            .rposition(|l| l.contains(&search.query));
        search.failed = found.is_none() && !search.query.is_empty();
        if search.query.is_empty() {
            (self.text, self.cursor) = search.before.clone();
        } else if let Some((at, line)) = found.and_then(|at| Some((at, self.history.get(at)?))) {
            search.at = at;
            self.text = line.chars().collect();
            let bytes = line.find(&search.query).unwrap_or(0);
            self.cursor = line.get(..bytes).unwrap_or_default().chars().count();
        }
    }

    fn reset(&mut self) {
        self.text.clear();
        self.draft.clear();
        self.undo.clear();
        self.cursor = 0;
        self.at = self.history.len();
        self.last = Last::Other;
    }

    fn keep_for_undo(&mut self) {
        self.undo.push((self.text.clone(), self.cursor));
        if self.undo.len() > 200 {
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
        match self.killed.last_mut() {
            Some(ring) if last == Last::Killed && backwards => *ring = removed + ring,
            Some(ring) if last == Last::Killed => ring.push_str(&removed),
            _ => {
                self.killed.push(removed);
                if self.killed.len() > KILLS {
                    self.killed.remove(0);
                }
            }
        }
        Action::Redraw
    }

    fn yank_last(&mut self) -> Action {
        let Some(text) = self.killed.last().cloned() else {
            return Action::Bell;
        };
        let start = self.cursor;
        self.insert(&text);
        self.yank = Some((start, self.cursor, self.killed.len() - 1));
        self.last = Last::Yanked;
        Action::Redraw
    }

    fn yank_earlier(&mut self) -> Action {
        let Some((start, end, ring)) = self.yank else {
            return Action::Bell;
        };
        let ring = if ring == 0 {
            self.killed.len().saturating_sub(1)
        } else {
            ring - 1
        };
        let Some(text) = self.killed.get(ring).cloned() else {
            return Action::Bell;
        };
        self.text.drain(start..end.min(self.text.len()));
        self.cursor = start;
        self.insert(&text);
        self.yank = Some((start, self.cursor, ring));
        self.last = Last::Yanked;
        Action::Redraw
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
        let end = self.word_end(self.cursor);
        let mut first = true;
        self.keep_for_undo();
        for c in self.text.iter_mut().take(end).skip(self.cursor) {
            let upper = kind == 'u' || (kind == 'c' && first);
            first &= !in_word(*c);
            *c = if upper {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            };
        }
        self.go(end)
    }

    fn recall(&mut self, at: usize) -> Action {
        if self.at == self.history.len() {
            self.draft = self.text.clone();
        }
        self.at = at;
        self.text = match self.history.get(at) {
            Some(line) => line.chars().collect(),
            None => self.draft.clone(),
        };
        self.go(self.text.len())
    }

    /// Start of the word (letters and digits) at or before `from`.
    fn word_start(&self, from: usize) -> usize {
        let before = self.text.get(..from).unwrap_or_default();
        let end = before
            .iter()
            .rposition(|c| in_word(*c))
            .map_or(0, |i| i + 1);
        let word = before.get(..end).unwrap_or_default();
        word.iter().rposition(|c| !in_word(*c)).map_or(0, |i| i + 1)
    }

    /// End of the word at or after `from`.
    fn word_end(&self, from: usize) -> usize {
        let mut rest = self
            .text
            .iter()
            .enumerate()
            .skip(from)
            .skip_while(|(_, c)| !in_word(**c));
        rest.find(|(_, c)| !in_word(**c))
            .map_or(self.text.len(), |(i, _)| i)
    }

    /// Start of the blank-separated word before the cursor.
    fn blank_word_start(&self) -> usize {
        let before = self.text.get(..self.cursor).unwrap_or_default();
        let end = before
            .iter()
            .rposition(|c| !c.is_whitespace())
            .map_or(0, |i| i + 1);
        let word = before.get(..end).unwrap_or_default();
        word.iter()
            .rposition(|c| c.is_whitespace())
            .map_or(0, |i| i + 1)
    }
}

/// Whether a character belongs to a word: letters and digits. All that is not ASCII counts, as the tables of what is a letter
/// elsewhere weigh more than the editor.
fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types `keys`: `^x` is control, `~x` Alt, other characters themselves.
    fn typed(editor: &mut LineEditor, keys: &str) -> Action {
        let mut keys = keys.chars();
        let mut action = Action::Bell;
        while let Some(c) = keys.next() {
            action = editor.key(match c {
                '^' => Key::Ctrl(keys.next().unwrap()),
                '~' => Key::Alt(keys.next().unwrap()),
                '\n' => Key::Enter,
                '\t' => Key::Tab,
                '\x7f' => Key::Backspace,
                c => Key::Text(c.into()),
            });
        }
        action
    }

    fn after(keys: &str) -> String {
        let mut editor = LineEditor::default();
        typed(&mut editor, keys);
        let (text, cursor) = (editor.text(), editor.cursor());
        text.chars()
            .take(cursor)
            .chain(['|'])
            .chain(text.chars().skip(cursor))
            .collect()
    }

    #[test]
    fn moves_and_deletes_as_readline() {
        assert_eq!(after("nats kv^a"), "|nats kv");
        assert_eq!(after("nats kv^a^f^fX^e!"), "naXts kv!|");
        assert_eq!(after("nats kv put~b~b"), "nats |kv put");
        assert_eq!(after("nats kv put^a~f~f"), "nats kv| put");
        assert_eq!(after("nats kv my-kv^w"), "nats kv |");
        assert_eq!(after("one two three^a~d"), "| two three");
        assert_eq!(after("abc^a^d"), "|bc");
        assert_eq!(after("abc\x7f"), "ab|");
        assert_eq!(after("ab^t"), "ba|");
        assert_eq!(after("^b^h^w"), "|");
    }

    #[test]
    fn kills_join_and_come_back() {
        assert_eq!(after("one two three^w^w^y"), "one two three|");
        assert_eq!(after("one two^u^y^y"), "one twoone two|");
        assert_eq!(after("one two^a^k^y"), "one two|");
        assert_eq!(after("a^ub^u^y~y"), "a|");
    }

    #[test]
    fn history_keeps_the_line_being_typed() {
        let mut editor = LineEditor::new(vec!["first".into(), "second".into()]);
        typed(&mut editor, "draft^p");
        assert_eq!(editor.text(), "second");
        typed(&mut editor, "^p");
        assert_eq!(editor.text(), "first");
        assert_eq!(typed(&mut editor, "^p"), Action::Bell);
        typed(&mut editor, "^n^n");
        assert_eq!(editor.text(), "draft");
        assert_eq!(typed(&mut editor, "\n"), Action::Run("draft".into()));
        assert_eq!(editor.history(), ["first", "second", "draft"]);
        typed(&mut editor, "draft\n  \n");
        assert_eq!(editor.history().len(), 3);
    }

    #[test]
    fn searches_backwards() {
        let history = [
            "nats kv add b",
            "nats kv put b k 1",
            "nats kv get b k",
            "ls",
        ];
        let mut editor = LineEditor::new(history.map(String::from).to_vec());
        typed(&mut editor, "x^rkv");
        assert_eq!(editor.text(), "nats kv get b k");
        typed(&mut editor, "^r");
        assert_eq!(editor.text(), "nats kv put b k 1");
        typed(&mut editor, "zzz");
        assert!(editor.search().unwrap().failed);
        typed(&mut editor, "^g");
        assert_eq!(editor.text(), "x");
        assert_eq!(
            typed(&mut editor, "^radd\n"),
            Action::Run("nats kv add b".into())
        );
    }

    #[test]
    fn tells_what_to_do() {
        let mut editor = LineEditor::default();
        assert_eq!(typed(&mut editor, "^d"), Action::EndOfInput);
        assert_eq!(
            typed(&mut editor, "na\t"),
            Action::Complete { again: false }
        );
        assert_eq!(typed(&mut editor, "\t"), Action::Complete { again: true });
        assert_eq!(typed(&mut editor, "^l"), Action::ClearScreen);
        assert_eq!(editor.text(), "na");
        assert_eq!(typed(&mut editor, "^c"), Action::Interrupt);
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn undo_and_completion() {
        assert_eq!(after("abc^u^_"), "abc|");
        let mut editor = LineEditor::default();
        typed(&mut editor, "nats k");
        editor.replace_before(1, "kv ");
        assert_eq!(editor.text(), "nats kv ");
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_keys_make_it_panic(keys in proptest::collection::vec((0u8..20, proptest::char::any()), 0..200)) {
            let mut editor = LineEditor::new(vec!["nats kv put b k".into(), "ä ö".into()]);
            for (kind, c) in keys {
                editor.key(match kind {
                    0..=5 => Key::Text(c.into()),
                    6 => Key::Ctrl(c),
                    7..=9 => Key::Ctrl((b'a' + (c as u32 % 26) as u8) as char),
                    10..=11 => Key::Alt((b'a' + (c as u32 % 26) as u8) as char),
                    12 => Key::Enter,
                    13 => Key::Backspace,
                    14 => Key::Up,
                    15 => Key::Down,
                    16 => Key::WordLeft,
                    17 => Key::WordBackspace,
                    18 => Key::WordRight,
                    _ => Key::Left,
                });
                assert!(editor.cursor() <= editor.text().chars().count());
            }
        }
    }
}
