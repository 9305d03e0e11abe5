//! Draws a [`Screen`] into the page: one element a line, a hundred lines a chunk. The style sheet keeps far
//! chunks that are out of sight from costing anything; what is drawn is never drawn again unless it changed, so that a `log` is read out once.
//! Lines are inline and end in a newline, so that what is copied is what was written.

use crate::cli::{screen::{Line, Screen, Style}, width::char_width};
use leptos::web_sys::{Document, Element, HtmlElement};
use std::collections::VecDeque;

/// Lines a chunk.
const CHUNK: usize = 100;

/// Lines drawn at a time; more wait for the next frame, so that keys are answered in between.
const BATCH: usize = 1_000;

/// Chunks at the end that are always laid out.
const NEAR: u32 = 10;

/// The drawn lines of one terminal. Lines are named by how many came before them, dropped ones included.
pub struct Output {
    document: Document,
    root: HtmlElement,
    lines: VecDeque<Element>,
    first: usize,
    /// The line the cursor was drawn in.
    cursor: Option<usize>,
    /// The first line that waits for the next frame.
    waiting: usize,
}

impl Output {
    /// Draws into `root`.
    pub fn new(document: Document, root: HtmlElement) -> Output {
        Output { document, root, lines: VecDeque::new(), first: 0, cursor: None, waiting: usize::MAX }
    }

    /// Draws what changed; with `cursor`, the cursor too. `drawn` gets each line that changed. True if there is more to draw.
    pub fn draw(&mut self, screen: &mut Screen, cursor: bool, drawn: impl Fn(&str)) -> bool {
        let dropped = screen.dropped();
        let mut changed = self.waiting.min(dropped + screen.take_changed());
        let lines = screen.lines();
        let cursor = cursor.then(|| screen.cursor());
        // The line after the last newline is nothing yet, unless the cursor is there.
        let nothing = usize::from(
            cursor.is_none() && lines.last().is_some_and(|line| line.text().is_empty()),
        );
        let end = dropped + lines.len() - nothing;

        while self.first < dropped && let Some(line) = self.lines.pop_front() {
            self.first += 1;
            remove(&line);
        }
        if self.lines.is_empty() {
            self.first = dropped;
        }
        while self.first + self.lines.len() > end && let Some(line) = self.lines.pop_back() {
            remove(&line);
        }
        let cursor_line = cursor.map(|(row, _)| dropped + row);
        for line in [cursor_line, std::mem::replace(&mut self.cursor, cursor_line)] {
            changed = changed.min(line.unwrap_or(changed));
        }
        let from = changed.min(self.first + self.lines.len()).max(self.first);
        let last = end.min(from + BATCH);
        for number in from..last {
            let Some(line) = lines.get(number - dropped) else { break };
            let column = cursor.filter(|_| cursor_line == Some(number)).map(|(_, column)| column);
            self.draw_line(number, line, column);
            drawn(&line.text());
        }
        self.waiting = if last < end { last } else { usize::MAX };
        last < end
    }

    fn draw_line(&mut self, number: usize, line: &Line, cursor: Option<usize>) {
        let element = match self.lines.get(number - self.first) {
            Some(element) => element.clone(),
            None => {
                let element = self.element("span", "");
                self.chunk(number).append_child(&element).ok();
                self.lines.push_back(element.clone());
                element
            }
        };
        element.set_text_content(None);
        let mut column = 0;
        for span in line.spans() {
            let width: usize = span.text.chars().map(char_width).sum();
            match cursor.filter(|at| (column..column + width).contains(at)) {
                None => self.append(&element, &span.text, &classes(&span.style)),
                Some(at) => {
                    let mut end = column;
                    let before: String = span.text.chars().take_while(|c| { end += char_width(*c); end <= at }).collect();
                    let mut rest = span.text[before.len()..].chars();
                    let under = rest.next().map(String::from).unwrap_or_default();
                    self.append(&element, &before, &classes(&span.style));
                    self.append(&element, &under, "terminal__cursor");
                    self.append(&element, rest.as_str(), &classes(&span.style));
                }
            }
            column += width;
        }
        if let Some(at) = cursor.filter(|at| *at >= column) {
            self.append(&element, &" ".repeat(at - column), "");
            self.append(&element, " ", "terminal__cursor");
        }
        // The end of a chunk is a new line already.
        if number % CHUNK != CHUNK - 1 {
            self.append(&element, "\n", "");
        }
    }

    /// The chunk a new last line belongs to.
    fn chunk(&self, number: usize) -> Element {
        let last = self.lines.back().and_then(|line| line.parent_element());
        match last {
            Some(chunk) if !number.is_multiple_of(CHUNK) => chunk,
            _ => {
                let chunk = self.element("div", "terminal__chunk");
                self.root.append_child(&chunk).ok();
                let far = self.root.child_element_count().checked_sub(NEAR + 1);
                if let Some(far) = far.and_then(|far| self.root.children().item(far)) {
                    far.set_class_name("terminal__chunk terminal__chunk--far");
                }
                chunk
            }
        }
    }

    fn append(&self, line: &Element, text: &str, class: &str) {
        if text.is_empty() {
            return;
        }
        if class.is_empty() {
            line.append_child(&self.document.create_text_node(text)).ok();
        } else {
            let span = self.element("span", class);
            span.set_text_content(Some(text));
            line.append_child(&span).ok();
        }
    }

    #[allow(clippy::expect_used)]
    fn element(&self, name: &str, class: &str) -> Element {
        let element = self.document.create_element(name).expect("a plain element");
        element.set_class_name(class);
        element
    }
}

/// Removes a line, and its chunk with the last of its lines.
fn remove(line: &Element) {
    let chunk = line.parent_element();
    line.remove();
    if let Some(chunk) = chunk.filter(|chunk| chunk.child_element_count() == 0) {
        chunk.remove();
    }
}

fn classes(style: &Style) -> String {
    let mut classes = Vec::new();
    let colour = style.colour.map(|colour| format!("fg-{colour}"));
    classes.extend(colour.as_deref());
    classes.extend(style.bold.then_some("sgr-bold"));
    classes.extend(style.dim.then_some("sgr-dim"));
    classes.extend(style.underline.then_some("sgr-underline"));
    classes.extend((style.inverse || style.background.is_some()).then_some("sgr-inverse"));
    classes.join(" ")
}
