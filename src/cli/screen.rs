//! What a terminal shows: bytes in, lines of styled spans out. Pure; knows no DOM, so that the page only renders.
//!
//! Understood: UTF-8 in any chunking, `\n` (as CR LF), `\r`, `\b`, tab stops of eight, SGR, and of the cursor controls
//! those that the `nats` command uses: `\e[nA B C D G K J`, `\e[r;cH`, `\e7 \e8`. Everything else is swallowed.

use super::width::char_width;

/// A colour of the sixteen, as SGR numbers them: 0 black, 1 red, 2 green, 3 yellow, 4 blue, 5 magenta, 6 cyan, 7 white,
/// 8 to 15 bright.
pub type Colour = u8;

/// How a span looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Colour of the text; the terminal's own where `None`.
    pub colour: Option<Colour>,
    /// Colour behind the text.
    pub background: Option<Colour>,
    /// SGR 1.
    pub bold: bool,
    /// SGR 2.
    pub dim: bool,
    /// SGR 4.
    pub underline: bool,
    /// SGR 7.
    pub inverse: bool,
}

/// A run of one style in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Printable text.
    pub text: String,
    /// Its look.
    pub style: Style,
}

/// One line: cells, so that what is overwritten is replaced in place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    cells: Vec<Cell>,
}

/// What stands in one column: a character, the marks that combine with it, and how they look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    text: [char; 3],
    style: Style,
}

impl Cell {
    fn new(c: char, style: Style) -> Cell {
        let text = [c, FILLER, FILLER];
        Cell { text, style }
    }

    fn blank() -> Cell {
        Cell::new(' ', Style::default())
    }

    fn chars(&self) -> impl Iterator<Item = char> {
        self.text.into_iter().filter(|c| *c != FILLER)
    }
}

impl Line {
    /// The line as text, trailing blanks kept.
    pub fn text(&self) -> String {
        self.cells.iter().flat_map(Cell::chars).collect()
    }

    /// The line as spans, neighbours of one style joined.
    pub fn spans(&self) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for cell in &self.cells {
            match spans.last_mut() {
                Some(last) if last.style == cell.style => last.text.extend(cell.chars()),
                _ => spans.push(Span {
                    text: cell.chars().collect(),
                    style: cell.style,
                }),
            }
        }
        spans
    }
}

/// Stands in the second cell of a wide character, and where a cell has no mark.
const FILLER: char = '\u{0}';

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    Escape,
    Csi,
    /// An operating system command, swallowed up to BEL or ST.
    Osc,
    /// ESC inside one: the next byte ends it.
    OscEnd,
}

/// The lines of one terminal, oldest first, with a cursor. Lines never wrap here; the page wraps or scrolls them.
#[derive(Clone, Debug)]
pub struct Screen {
    lines: Vec<Line>,
    limit: usize,
    dropped: usize,
    /// First line of what `\e[H` addresses: 0 or where the last clear left it.
    top: usize,
    row: usize,
    column: usize,
    saved: (usize, usize),
    style: Style,
    state: State,
    parameters: String,
    partial: Vec<u8>,
    /// Lowest line changed since [`Screen::take_changed`].
    changed: usize,
}

impl Screen {
    /// An empty screen that keeps at most `limit` lines (at least 1).
    pub fn new(limit: usize) -> Screen {
        Screen {
            lines: vec![Line::default()],
            limit: limit.max(1),
            dropped: 0,
            top: 0,
            row: 0,
            column: 0,
            saved: (0, 0),
            style: Style::default(),
            state: State::Text,
            parameters: String::new(),
            partial: Vec::new(),
            changed: 0,
        }
    }

    /// All lines kept, the one with the cursor included.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// How many lines were dropped at the top so far; `dropped() + index` names a line for ever.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// The cursor: index into [`Screen::lines`], and column.
    pub fn cursor(&self) -> (usize, usize) {
        (self.row.min(self.lines.len() - 1), self.column)
    }

    /// The index of the first line changed since the last call (`lines().len()` if none); everything above is unchanged.
    pub fn take_changed(&mut self) -> usize {
        std::mem::replace(&mut self.changed, self.lines.len()).min(self.lines.len())
    }

    /// Empties the screen.
    pub fn clear(&mut self) {
        self.dropped += self.lines.len();
        self.lines.clear();
        self.lines.push(Line::default());
        (self.top, self.row, self.column, self.saved, self.changed) = (0, 0, 0, (0, 0), 0);
    }

    /// Whether the cursor stands at the start of an empty line (a shell's prompt can go there as it is).
    pub fn at_line_start(&self) -> bool {
        self.column == 0
            && self
                .lines
                .get(self.row)
                .is_none_or(|line| line.cells.is_empty())
    }

    /// Takes output of any chunking.
    pub fn write(&mut self, bytes: &[u8]) {
        if self.partial.is_empty() {
            self.decode(bytes);
        } else {
            let mut all = std::mem::take(&mut self.partial);
            all.extend_from_slice(bytes);
            self.decode(&all);
        }
    }

    fn decode(&mut self, mut bytes: &[u8]) {
        loop {
            match std::str::from_utf8(bytes) {
                Ok(text) => return text.chars().for_each(|c| self.put(c)),
                Err(error) => {
                    let (valid, rest) = bytes.split_at(error.valid_up_to());
                    String::from_utf8_lossy(valid)
                        .chars()
                        .for_each(|c| self.put(c));
                    let Some(length) = error.error_len() else {
                        self.partial = rest.to_vec();
                        return;
                    };
                    self.put(char::REPLACEMENT_CHARACTER);
                    bytes = rest.get(length..).unwrap_or_default();
                }
            }
        }
    }

    fn put(&mut self, c: char) {
        match self.state {
            State::Text => self.text(c),
            State::Escape => {
                self.state = State::Text;
                match c {
                    '[' => {
                        self.parameters.clear();
                        self.state = State::Csi;
                    }
                    ']' | 'P' | '^' | '_' => self.state = State::Osc,
                    '7' => self.saved = (self.row, self.column),
                    '8' => self.move_to(self.saved.0, self.saved.1),
                    'c' => self.clear(),
                    _ => {}
                }
            }
            State::Csi => match c {
                '\x1b' => self.state = State::Escape,
                '@'..='~' => {
                    self.state = State::Text;
                    self.control(c);
                }
                // A sequence longer than any real one is noise.
                _ if self.parameters.len() < 64 => self.parameters.push(c),
                _ => self.state = State::Text,
            },
            State::Osc => match c {
                '\x07' => self.state = State::Text,
                '\x1b' => self.state = State::OscEnd,
                _ => {}
            },
            State::OscEnd => self.state = State::Text,
        }
    }

    fn text(&mut self, c: char) {
        match c {
            '\x1b' => self.state = State::Escape,
            '\n' => self.move_to(self.row + 1, 0),
            '\r' => self.column = 0,
            '\x08' => self.column = self.column.saturating_sub(1),
            '\t' => self.column = (self.column / 8 + 1) * 8,
            c if c.is_control() => {}
            c => {
                let width = char_width(c);
                self.move_to(self.row, self.column);
                let (column, style) = (self.column, self.style);
                self.changed = self.changed.min(self.row);
                let Some(line) = self.lines.get_mut(self.row) else {
                    return;
                };
                if width == 0 {
                    // A combining mark shares the cell before it, as far as there is room.
                    let before = line.cells.iter_mut().take(column);
                    let marked = before.rev().take(2).find(|cell| cell.text[0] != FILLER);
                    let mut room = marked.into_iter().flat_map(|cell| &mut cell.text);
                    if let Some(free) = room.find(|mark| **mark == FILLER) {
                        *free = c;
                    }
                    return;
                }
                if line.cells.len() < column + width {
                    line.cells.resize(column + width, Cell::blank());
                }
                for (offset, cell) in line.cells.iter_mut().skip(column).take(width).enumerate() {
                    *cell = Cell::new(if offset == 0 { c } else { FILLER }, style);
                }
                self.column += width;
            }
        }
    }

    /// Moves the cursor, adding and dropping lines as needed.
    fn move_to(&mut self, row: usize, column: usize) {
        self.row = row;
        self.column = column;
        while self.lines.len() <= self.row {
            self.changed = self.changed.min(self.lines.len());
            self.lines.push(Line::default());
        }
        // Dropping in batches keeps the cost of a line constant.
        let slack = self.limit + self.limit / 8;
        if self.lines.len() > slack {
            let surplus = self.lines.len() - self.limit;
            self.lines.drain(..surplus);
            self.dropped += surplus;
            for index in [
                &mut self.row,
                &mut self.top,
                &mut self.saved.0,
                &mut self.changed,
            ] {
                *index = index.saturating_sub(surplus);
            }
        }
    }

    fn control(&mut self, kind: char) {
        let parameters = std::mem::take(&mut self.parameters);
        if parameters.starts_with(['?', '>', '<', '=']) {
            return;
        }
        let numbers: Vec<usize> = parameters
            .split(';')
            .map(|n| n.parse().unwrap_or(0))
            .collect();
        let first = numbers.first().copied().unwrap_or(0);
        // Counts from the outside are bounded, so that no sequence can ask for a million lines.
        let count = first.clamp(1, 1000);
        match kind {
            'A' => self.row = self.row.saturating_sub(count).max(self.top),
            'B' => self.move_to((self.row + count).min(self.lines.len() - 1), self.column),
            // A terminal's edge ends it; here it is where the counts end, or the text.
            'C' => {
                let text = self.lines.get(self.row).map_or(0, |line| line.cells.len());
                let edge = text.max(999).max(self.column);
                self.column = (self.column + count).min(edge);
            }
            'D' => self.column = self.column.saturating_sub(count),
            'G' => self.column = first.clamp(1, 1000) - 1,
            'H' | 'f' => {
                let column = numbers.get(1).copied().unwrap_or(0).clamp(1, 1000) - 1;
                // Lines come with what is written on them: programs go to \e[999;999H only to ask where the corner is.
                (self.row, self.column) = (self.top + count - 1, column);
            }
            'K' => self.erase_in_line(first),
            'J' => self.erase_in_display(first),
            'm' => self.sgr(&numbers),
            _ => {}
        }
    }

    fn erase_in_line(&mut self, mode: usize) {
        self.changed = self.changed.min(self.row);
        let column = self.column;
        let Some(line) = self.lines.get_mut(self.row) else {
            return;
        };
        match mode {
            0 => line.cells.truncate(column),
            1 => line
                .cells
                .iter_mut()
                .take(column + 1)
                .for_each(|cell| *cell = Cell::blank()),
            _ => line.cells.clear(),
        }
    }

    fn erase_in_display(&mut self, mode: usize) {
        match mode {
            0 => {
                self.erase_in_line(0);
                self.lines.truncate(self.row + 1);
            }
            2 => {
                self.changed = self.changed.min(self.top);
                let rows = self.row;
                self.lines.truncate(self.top);
                self.move_to(rows.max(self.top), self.column);
            }
            3 => self.clear(),
            _ => {}
        }
    }

    fn sgr(&mut self, numbers: &[usize]) {
        let mut numbers = numbers.iter().copied();
        while let Some(number) = numbers.next() {
            let style = &mut self.style;
            match number {
                0 => *style = Style::default(),
                1 => style.bold = true,
                2 => style.dim = true,
                4 => style.underline = true,
                7 => style.inverse = true,
                22 => (style.bold, style.dim) = (false, false),
                24 => style.underline = false,
                27 => style.inverse = false,
                30..=37 => style.colour = Some((number - 30) as Colour),
                39 => style.colour = None,
                40..=47 => style.background = Some((number - 40) as Colour),
                49 => style.background = None,
                90..=97 => style.colour = Some((number - 82) as Colour),
                // Bright "default": what prompts of the real CLI use for their message; the terminal's own colour.
                99 => style.colour = None,
                100..=107 => style.background = Some((number - 92) as Colour),
                38 | 48 => {
                    let colour = match numbers.next() {
                        Some(5) => numbers.next().map(to_sixteen),
                        Some(2) => {
                            numbers.by_ref().take(3).for_each(drop);
                            None
                        }
                        _ => None,
                    };
                    if number == 38 {
                        style.colour = colour
                    } else {
                        style.background = colour
                    }
                }
                _ => {}
            }
        }
    }
}

fn to_sixteen(index: usize) -> Colour {
    if index < 16 { index as Colour } else { 7 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> Vec<String> {
        let mut screen = Screen::new(1000);
        screen.write(bytes);
        screen.lines().iter().map(Line::text).collect()
    }

    #[test]
    fn keeps_lines_and_overwrites_after_a_carriage_return() {
        assert_eq!(shown(b"one\ntwo\n"), ["one", "two", ""]);
        assert_eq!(shown(b"abcdef\rXY"), ["XYcdef"]);
        assert_eq!(shown(b"a\tb"), ["a       b"]);
    }

    #[test]
    fn a_combining_mark_stays_with_its_character() {
        assert_eq!(shown("e\u{301}bc\rXY".as_bytes()), ["XYc"]);
        assert_eq!(shown("e\u{301}bc\x08\x08X".as_bytes()), ["e\u{301}Xc"]);
        assert_eq!(shown("世\u{fe0f}!".as_bytes()), ["世\u{fe0f}!"]);
        // There is no character before these, and no room for all of those.
        let marks = "\u{301}".repeat(100_000);
        assert_eq!(shown(format!("abc\r{marks}").as_bytes()), ["abc"]);
        assert_eq!(shown(format!("a{marks}b").as_bytes()), ["a\u{301}\u{301}b"]);
    }

    #[test]
    fn the_cursor_goes_no_further_than_a_wide_terminal_or_a_line() {
        let far = "\x1b[1000C".repeat(1000);
        assert_eq!(shown(format!("{far}x").as_bytes())[0].len(), 1000);
        let long = "a".repeat(3000);
        let line = shown(format!("{long}\r{far}x").as_bytes());
        assert_eq!(line, [format!("{long}x")]);
    }

    #[test]
    fn a_confirmed_prompt_is_redrawn_in_place() {
        // What survey sends for `nats kv del` and the answer y, without the cursor's queries.
        let session = b"\x1b[0G\x1b[2K\x1b[0;37m? \x1b[0m\x1b[0;1;99mDelete key b > k? \x1b[0m\x1b[0;37m(y/N) \x1b[0my\r\n\
            \x1b[1A\x1b[0G\x1b[2K\x1b[0;37m? \x1b[0m\x1b[0;1;99mDelete key b > k? \x1b[0m\x1b[0;36mYes\x1b[0m\r\n";
        assert_eq!(shown(session), ["? Delete key b > k? Yes", ""]);
    }

    #[test]
    fn styles_join_into_spans() {
        let mut screen = Screen::new(10);
        screen.write(b"[x] \x1b[32mPUT\x1b[0m b \x1b[1m10071\x1b[22m");
        let spans = screen.lines()[0].spans();
        let texts: Vec<_> = spans.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(texts, ["[x] ", "PUT", " b ", "10071"]);
        assert_eq!(spans[1].style.colour, Some(2));
        assert!(spans[3].style.bold && !spans[2].style.bold);
    }

    #[test]
    fn clears_and_redraws_as_reports_do() {
        let mut screen = Screen::new(100);
        screen.write(b"old\nlines\n\x1b[2J\x1b[Hnew");
        let lines: Vec<_> = screen.lines().iter().map(Line::text).collect();
        assert_eq!(lines[0], "new");
        assert!(lines.iter().skip(1).all(|l| l.is_empty()));
    }

    #[test]
    fn characters_and_sequences_may_be_cut_anywhere() {
        let bytes = "Grüße 世界 🌍 \x1b[31mrot\x1b[0m\n".as_bytes();
        let mut whole = Screen::new(10);
        whole.write(bytes);
        let mut pieces = Screen::new(10);
        bytes.iter().for_each(|b| pieces.write(&[*b]));
        assert_eq!(whole.lines(), pieces.lines());
        assert_eq!(whole.lines()[0].text(), "Grüße 世界 🌍 rot");
    }

    #[test]
    fn asking_for_the_corner_adds_no_lines() {
        let mut screen = Screen::new(80);
        screen.write(b"? \x1b7\x1b[999;999f\x1b[6n\x1b8yes\n");
        assert_eq!(screen.lines().len(), 2);
        assert_eq!(screen.lines()[0].text(), "? yes");
    }

    #[test]
    fn old_lines_are_dropped_and_counted() {
        let mut screen = Screen::new(80);
        for i in 0..1000 {
            screen.write(format!("{i}\n").as_bytes());
        }
        assert!(screen.lines().len() <= 90);
        assert_eq!(screen.lines()[0].text(), screen.dropped().to_string());
        assert_eq!(screen.dropped() + screen.lines().len(), 1001);
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(chunks: Vec<Vec<u8>>, limit in 1usize..50) {
            let mut screen = Screen::new(limit);
            for chunk in chunks {
                screen.write(&chunk);
                screen.write(b"\x1b[");
                let changed = screen.take_changed();
                assert!(changed <= screen.lines().len());
                assert!(screen.cursor().0 < screen.lines().len());
            }
        }
    }
}
