//! A table whose rows come, change and go while it is looked at: what has not changed stays in the document as it
//! is. Must not know what the rows say.

use super::element::{Element, element};
use std::collections::VecDeque;

/// Such a table; a row is drawn anew when its `T` is another.
pub struct Table<T> {
    /// The table, in what scrolls it.
    pub scroll: Element,
    body: Element,
    drawn: VecDeque<(T, Element)>,
}

impl<T: PartialEq> Table<T> {
    /// A table by its name, what else it is said to be where it is scrolled, and its columns: class, as of
    /// their cells, and head.
    pub fn new(name: &str, what: &str, columns: &[(&str, &str)]) -> Table<T> {
        let body = element("tbody", "");
        let head = |&(class, head): &(&str, &str)| element("th", class).attr("scope", "col").text(head);
        let heads: Vec<Element> = columns.iter().map(head).collect();
        let table = element("table", "messages").attr("aria-label", name).with(&[
            element("thead", "").with(&[element("tr", "").with(&heads)]),
            body.clone(),
        ]);
        let scroll = element("div", "stream__body")
            .attr("tabindex", "0")
            .attr("role", "group")
            .attr("aria-label", what)
            .with(&[table]);
        Table { scroll, body, drawn: VecDeque::new() }
    }

    /// Whether new rows come in without a show.
    pub fn still(&self, still: bool) {
        self.scroll.toggle_attribute_with_force("data-still", still).ok();
    }

    /// Draws what has changed. Rows that are `gone` are taken from the start first, so that those behind them are still known.
    pub fn draw<F: FnOnce() -> Element>(&mut self, gone: impl Fn(&T) -> bool, rows: impl Iterator<Item = (T, F)>) {
        while self.drawn.front().is_some_and(|(what, _)| gone(what))
            && let Some((_, row)) = self.drawn.pop_front()
        {
            row.remove();
        }
        let mut length = 0;
        for (at, (what, make)) in rows.enumerate() {
            length = at + 1;
            match self.drawn.get_mut(at) {
                Some((before, _)) if *before == what => {}
                Some(before) => {
                    let row = make();
                    before.1.replace_with_with_node_1(&row).ok();
                    *before = (what, row);
                }
                None => {
                    let row = make();
                    self.body.append_child(&row).ok();
                    self.drawn.push_back((what, row));
                }
            }
        }
        for (_, row) in self.drawn.drain(length..) {
            row.remove();
        }
    }

    /// The rows, as they are drawn.
    pub fn rows(&self) -> impl Iterator<Item = &Element> {
        self.drawn.iter().map(|(_, row)| row)
    }
}

/// A row of cells.
pub fn row(cells: &[Element]) -> Element {
    element("tr", "").with(cells)
}

/// A cell with a text; `class` may be empty.
pub fn cell(class: &str, text: &str) -> Element {
    element("td", class).text(text)
}
