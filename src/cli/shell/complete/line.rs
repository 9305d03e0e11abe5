//! What stands left of the cursor: the words of the command being typed and the one to complete. Forgiving, unlike the
//! parser: the text is only a beginning.

use super::super::parse::RESERVED;

/// The word at the cursor and what stands before it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Words of this command before the one at the cursor, without quotes and assignments.
    pub words: Vec<String>,
    /// The word at the cursor, without quotes.
    pub word: String,
    /// As it was typed.
    pub raw: String,
    /// The quote that is open at the cursor.
    pub quote: Option<char>,
    /// The word names a file: `>` or `<` stands before it.
    pub file: bool,
}

impl Line {
    /// Reads the text left of the cursor.
    pub fn new(text: &str) -> Line {
        let mut line = Line::default();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match (line.quote, c) {
                (None, ' ' | '\t') => line.end_word(),
                (None, ';' | '|' | '&' | '\n' | '(' | '`') => line = Line::default(),
                (None, '<' | '>') => {
                    line.end_word();
                    // `2>`: a descriptor is no word.
                    line.file = true;
                }
                (None, '#') if line.raw.is_empty() => {
                    // A comment, up to the end of its line.
                    line.raw.push('#');
                    line.quote = Some('\n');
                }
                (Some('\n'), '\n') => line = Line::default(),
                (None, '\'' | '"') => {
                    line.raw.push(c);
                    line.quote = Some(c);
                }
                (Some(quote), c) if quote == c => {
                    line.raw.push(c);
                    line.quote = None;
                }
                (None | Some('"'), '\\') => {
                    line.raw.push('\\');
                    if let Some(next) = chars.next() {
                        line.raw.push(next);
                        line.word.push(next);
                    }
                }
                (_, c) => {
                    line.raw.push(c);
                    line.word.push(c);
                }
            }
        }
        line
    }

    fn end_word(&mut self) {
        if self.raw.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let raw = std::mem::take(&mut self.raw);
        let assignment = super::super::exec::assignment(&word).is_some();
        let leads = self.words.is_empty() && (assignment || RESERVED.contains(&raw.as_str()));
        if !self.file && !leads {
            self.words.push(word);
        }
        self.file = false;
    }

    /// The variable at the cursor: what was typed of its name, after `$` or `${`.
    pub fn variable(&self) -> Option<(&'static str, &str)> {
        if self.quote == Some('\'') {
            return None;
        }
        let (_, name) = self.raw.rsplit_once('$')?;
        let (sign, name) = match name.strip_prefix('{') {
            Some(name) => ("${", name),
            None => ("$", name),
        };
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        name.chars().all(letter).then_some((sign, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> (String, String, bool) {
        let line = Line::new(text);
        (line.words.join("|"), line.word, line.file)
    }

    #[test]
    fn the_command_at_the_cursor_is_found() {
        let found = |words: &str, word: &str, file| (words.to_string(), word.to_string(), file);
        assert_eq!(line("nats kv pu"), found("nats|kv", "pu", false));
        assert_eq!(line("a b; nats "), found("nats", "", false));
        assert_eq!(line("X=1 Y=2 nats 'a b'c"), found("nats", "a bc", false));
        assert_eq!(
            line("nats kv get b \"my k"),
            found("nats|kv|get|b", "my k", false)
        );
        assert_eq!(
            line("for i in 1; do nats kv put b a\\ "),
            found("nats|kv|put|b", "a ", false)
        );
        assert_eq!(line("echo a > fi"), found("echo|a", "fi", true));
        assert_eq!(line("cat < f | gr"), found("", "gr", false));
        assert_eq!(line("echo $(nats k"), found("nats", "k", false));
        assert_eq!(Line::new("echo \"${HO").variable(), Some(("${", "HO")));
        assert_eq!(Line::new("echo '$HO").variable(), None);
        assert_eq!(Line::new("echo $").variable(), Some(("$", "")));
    }
}
