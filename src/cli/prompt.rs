//! Questions at a terminal, drawn key by key as survey draws them for natscli.

use super::{Io, parse::Failure};
use std::rc::Rc;

const NO_TERMINAL: &str = "cannot ask for confirmation without a terminal";
const ERASE: &str = "\x1b[0G\x1b[2K";

/// Asks at a terminal.
pub struct Prompt {
    /// Where.
    pub io: Rc<dyn Io>,
    /// The icon: `?`, with the context's name before it where one is loaded.
    pub icon: String,
    /// SGR of the icon and of the row where the cursor stands: `0;37`, or bold and bright in the colour of the scheme.
    pub icon_style: String,
    /// No colours.
    pub plain: bool,
}

/// Keys by the codes that survey gives them, which are keys themselves.
const LEFT: char = '\x02';
const RIGHT: char = '\x06';
const UP: char = '\x10';
const DOWN: char = '\x0e';
const HOME: char = '\x01';
const END: char = '\x11';
const DELETE: char = '\x12';
const DONE: char = '\x04';
const INTERRUPT: char = '\x03';
const ESCAPE: char = '\x1b';

enum Edit {
    Enter,
    Changed,
    Interrupted,
}

/// What is being typed.
#[derive(Default)]
struct Line {
    text: Vec<char>,
    cursor: usize,
    /// Keys that came with the last one.
    pending: std::collections::VecDeque<char>,
}

impl Prompt {
    fn write(&self, text: &str) {
        match self.plain {
            true => self.io.stdout(without_colours(text).as_bytes()),
            false => self.io.stdout(text.as_bytes()),
        }
    }

    fn can_ask(&self) -> bool {
        self.io.stdin_is_terminal() && self.io.stdout_is_terminal()
    }

    fn head(&self, message: &str) -> String {
        self.question(&format!("{message} "))
    }

    /// The beginning of a question, in bold.
    fn question(&self, text: &str) -> String {
        format!(
            "{ERASE}\x1b[{}m{} \x1b[0m\x1b[0;1;99m{text}\x1b[0m",
            self.icon_style, self.icon
        )
    }

    /// Yes or no. Errors: `cannot ask for confirmation without a terminal`, `interrupt`.
    pub async fn confirm(&self, message: &str, default: bool) -> Result<bool, Failure> {
        if !self.can_ask() {
            return Err(NO_TERMINAL.into());
        }
        let choices = if default { "(Y/n) " } else { "(y/N) " };
        let question = format!("{}\x1b[0;37m{choices}\x1b[0m", self.head(message));
        let mut line = Line::default();
        self.write(&question);
        loop {
            let answer = self.edit(&mut line).await?;
            let yes = match answer.to_ascii_lowercase().as_str() {
                "" => default,
                "y" | "yes" => true,
                "n" | "no" => false,
                _ => {
                    self.write(&format!(
                        "\x1b[1A{ERASE}\x1b[0;31mX Sorry, your reply was invalid: \"{answer}\" is not a valid answer, please try again.\x1b[0m\r\n{question}"
                    ));
                    continue;
                }
            };
            let word = if yes { "Yes" } else { "No" };
            self.write(&format!(
                "\x1b[1A{}\x1b[0;36m{word}\x1b[0m\r\n",
                self.head(message)
            ));
            return Ok(yes);
        }
    }

    /// A line of text; empty takes the default. Errors as [`Prompt::confirm`].
    pub async fn input(
        &self,
        message: &str,
        default: &str,
        help: &str,
        required: bool,
    ) -> Result<String, Failure> {
        if !self.can_ask() {
            return Err("cannot prompt for user input without a terminal".into());
        }
        let mut hint = match help.is_empty() {
            true => "",
            false => "\x1b[0;36m[? for help]\x1b[0m ",
        };
        let default_text = match default.is_empty() {
            true => String::new(),
            false => format!("\x1b[0;37m({default}) \x1b[0m"),
        };
        let head = self.head(message);
        self.write(&format!("{head}{hint}{default_text}"));
        // The help stays above the question until that is answered.
        let (mut shown, mut rows) = (String::new(), 1);
        loop {
            let mut answer = self.edit(&mut Line::default()).await?;
            let erased = format!("\x1b[1A{ERASE}").repeat(rows);
            let above = match answer.as_str() {
                "?" if !help.is_empty() => {
                    hint = "";
                    shown = format!("\x1b[0;36m? {help}\x1b[0m\r\n");
                    let columns = self.io.size().0.max(1);
                    rows = 1 + (help.chars().count() + 2).div_ceil(columns);
                    ""
                }
                "" if default.is_empty() && required => {
                    "\x1b[0;31mX Sorry, your reply was invalid: Value is required\x1b[0m\r\n"
                }
                _ => {
                    if answer.is_empty() {
                        answer = default.into();
                    }
                    self.write(&format!("{erased}{head}\x1b[0;36m{answer}\x1b[0m\r\n"));
                    return Ok(answer);
                }
            };
            self.write(&format!("{erased}{above}{shown}{head}{hint}{default_text}"));
        }
    }

    /// A line that is a number or a size. Errors as [`Prompt::confirm`].
    pub async fn quantity(
        &self,
        message: &str,
        default: &str,
        help: &str,
    ) -> Result<String, Failure> {
        if !self.can_ask() {
            return Err(NO_TERMINAL.into());
        }
        self.input(message, default, help, true).await
    }

    /// One of a list; `default` is where the cursor stands first. Errors as [`Prompt::input`].
    pub async fn select(
        &self,
        message: &str,
        options: &[String],
        default: &str,
        help: &str,
    ) -> Result<String, Failure> {
        if !self.can_ask() {
            return Err("cannot prompt for user input without a terminal".into());
        }
        let (mut line, mut helps, mut vim) = (Line::default(), false, false);
        let mut at = options.iter().position(|o| o == default).unwrap_or(0);
        let (columns, height) = self.io.size();
        let page = height.saturating_sub(4).max(1);
        loop {
            let typed: String = line.text.iter().collect();
            let filter = typed.to_lowercase();
            let shown: Vec<&String> = options
                .iter()
                .filter(|o| o.to_lowercase().contains(&filter))
                .collect();
            if !shown.is_empty() {
                at = at.min(shown.len() - 1);
            }
            let first = at
                .saturating_sub(page / 2)
                .min(shown.len().saturating_sub(page));
            let (mut text, mut rows) = (String::new(), 1);
            if helps {
                text = format!("{ERASE}\x1b[0;36m? {help}\x1b[0m\r\n");
                rows += (help.chars().count() + 2).div_ceil(columns.max(1));
            }
            text.push_str(&match typed.as_str() {
                "" => self.question(message),
                typed => self.question(&format!("{message} {typed}")),
            });
            let more = match helps || help.is_empty() {
                true => "",
                false => ", ? for more help",
            };
            text.push_str(&format!(
                "  \x1b[0;36m[Use arrows to move, type to filter{more}]\x1b[0m\r\n"
            ));
            let visible = shown.iter().enumerate().skip(first).take(page);
            for (index, option) in visible.clone() {
                text.push_str(&match index == at {
                    true => format!("\x1b[{}m> {option}\x1b[0m\r\n", self.icon_style),
                    false => format!("\x1b[0;39m  {option}\x1b[0m\r\n"),
                });
            }
            self.write(&text);
            rows += visible.count();
            let key = loop {
                let key = self.rune(&mut line).await?;
                if !matches!(key, '\n' | DONE) || !shown.is_empty() {
                    break key;
                }
            };
            if key == INTERRUPT {
                // What was asked stays to be read.
                return Err("interrupt".into());
            }
            let last = shown.len().saturating_sub(1);
            self.write(&format!("{ERASE}\x1b[1A").repeat(rows));
            match key {
                '\n' | DONE => {
                    if let Some(choice) = shown.get(at) {
                        let head = self.question(message);
                        self.write(&format!("{head}\x1b[0;36m {choice}\x1b[0m\r\n"));
                        return Ok(choice.to_string());
                    }
                }
                'k' if vim => at = at.checked_sub(1).unwrap_or(last),
                UP => at = at.checked_sub(1).unwrap_or(last),
                'j' if vim => at = if at < last { at + 1 } else { 0 },
                DOWN | '\t' => at = if at < last { at + 1 } else { 0 },
                '?' if !help.is_empty() => helps = true,
                ESCAPE => vim = !vim,
                '\x17' | '\x18' => line.text.clear(),
                '\x7f' | '\x08' => drop(line.text.pop()),
                key if key >= ' ' => {
                    line.text.push(key);
                    vim = false;
                }
                _ => {}
            }
        }
    }

    /// Lets a line be typed, echoing it, up to Enter.
    async fn edit(&self, line: &mut Line) -> Result<String, Failure> {
        line.text.clear();
        line.cursor = 0;
        loop {
            match self.keys(line).await? {
                Edit::Enter => {
                    self.write("\r\n");
                    return Ok(line.text.iter().collect());
                }
                Edit::Interrupted => {
                    self.write("\r\n");
                    return Err("interrupt".into());
                }
                _ => {}
            }
        }
    }

    /// Takes one key of a line.
    async fn keys(&self, line: &mut Line) -> Result<Edit, Failure> {
        let before = line.cursor;
        match self.rune(line).await? {
            '\n' | DONE => return Ok(Edit::Enter),
            INTERRUPT => return Ok(Edit::Interrupted),
            '\x7f' | '\x08' => {
                if line.cursor == 0 {
                    self.write("\x07");
                } else {
                    line.cursor -= 1;
                    line.text.remove(line.cursor);
                    self.write("\x08");
                    self.redraw_tail(line);
                }
                return Ok(Edit::Changed);
            }
            DELETE if line.cursor < line.text.len() => {
                line.text.remove(line.cursor);
                self.redraw_tail(line);
            }
            LEFT => line.cursor = line.cursor.saturating_sub(1),
            RIGHT => line.cursor = (line.cursor + 1).min(line.text.len()),
            HOME => line.cursor = 0,
            END => line.cursor = line.text.len(),
            c if c.is_control() => {}
            c => {
                line.text.insert(line.cursor, c);
                line.cursor += 1;
                self.write(&c.to_string());
                self.redraw_tail(line);
                return Ok(Edit::Changed);
            }
        }
        if line.cursor != before {
            let (low, high) = (line.cursor.min(before), line.cursor.max(before));
            let passed = line.text.get(low..high).unwrap_or_default();
            let widths = passed.iter().map(|c| super::width::char_width(*c));
            let columns: usize = widths.sum();
            let way = if line.cursor < before { 'D' } else { 'C' };
            self.write(&format!("\x1b[{columns}{way}"));
        }
        Ok(Edit::Changed)
    }

    /// The next key, or what an escape sequence stands for; one that comes alone is the key Escape.
    async fn rune(&self, line: &mut Line) -> Result<char, Failure> {
        let key = self.next_key(line).await?;
        if key != ESCAPE || line.pending.is_empty() {
            return Ok(key);
        }
        let kind = self.next_key(line).await?;
        if !matches!(kind, '[' | 'O') {
            let text = format!("unexpected escape sequence from terminal: ['\\x1b' {kind:?}]");
            return Err(text.into());
        }
        let mut key = self.next_key(line).await?;
        let number = key;
        while key.is_ascii_digit() || key == ';' {
            key = self.next_key(line).await?;
        }
        Ok(match (key, number) {
            ('A', _) => UP,
            ('B', _) => DOWN,
            ('C', _) => RIGHT,
            ('D', _) => LEFT,
            ('H', _) | ('~', '1' | '7') => HOME,
            ('F', _) | ('~', '4' | '8') => END,
            ('~', '3') => DELETE,
            // The answer to a question for the cursor, and keys that mean nothing here.
            _ => '\0',
        })
    }

    /// Draws what is right of the cursor again.
    fn redraw_tail(&self, line: &Line) {
        let tail: String = line.text.iter().skip(line.cursor).collect();
        let back = match super::width::text_width(&tail) {
            0 => String::new(),
            width => format!("\x1b[{width}D"),
        };
        self.write(&format!("\x1b[0K{tail}{back}"));
    }

    async fn next_key(&self, line: &mut Line) -> Result<char, Failure> {
        loop {
            if let Some(key) = line.pending.pop_front() {
                return Ok(key);
            }
            // A terminal that has gone away answers nothing any more, which survey reports as the end of input.
            let Some(keys) = self.io.read_keys().await else {
                return Err("EOF".into());
            };
            // Enter is the end of a line, as survey leaves that to the terminal.
            let keys = String::from_utf8_lossy(&keys).replace('\r', "\n");
            line.pending.extend(keys.chars());
        }
    }
}

/// A text without what sets colours.
fn without_colours(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let mut out = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        match piece.split_once(|c: char| c.is_ascii_alphabetic()) {
            Some((codes, rest)) if piece[codes.len()..].starts_with('m') => out.push_str(rest),
            _ => {
                out.push_str("\x1b[");
                out.push_str(piece);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::without_colours;

    #[test]
    fn colours_are_all_that_goes() {
        let text = "\x1b[0G\x1b[2K\x1b[0;37m? \x1b[0m\x1b[0;1;99mReally \x1b[0mü\x1b[";
        assert_eq!(without_colours(text), "\x1b[0G\x1b[2K? Really ü\x1b[");
    }
}
