//! The tape: the stream as a log from left to right, a column a revision, a lane a key. What is kept is filled, what was
//! dropped is an outline with the reason below it, markers are crossed; a lane ends in the key's value and what is left of its
//! time. The table of messages says the same in words.
//! Below the lanes a caret a consumer of a terminal: under the last message that it was sent.

use super::{
    element::{Element, element},
    live::Live,
    keys::left,
    messages::{operation, shown_value, why},
    model::{Fate, Model, Row},
    panes::title,
    sight::Sight,
    state::Page,
    stream_pane::Tab,
    traffic::Reached,
    wire_view::Heard,
};
use crate::client::kv::Operation;

/// Columns drawn, the newest ones.
const COLUMNS: usize = 200;
/// Lanes drawn, those with the newest messages.
const LANES: usize = 40;

/// The picture, drawn only while it is looked at.
pub fn tape(page: Page, heard: Heard, tab: Live<Tab>) -> Element {
    let shown = move || tab.get() == Tab::Tape;
    let body = element("div", "stream__body tape")
        .attr("tabindex", "0")
        .attr("role", "img")
        .attr("aria-label", "Tape: the messages as a picture");
    let sight = Sight::new(&body, true);
    body.shown(shown).with_of(move || {
        if !shown() {
            return Vec::new();
        }
        page.stream.pace.track();
        heard.pace.track();
        sight.keep();
        vec![draw(page, &page.stream.model.borrow(), &sight, &heard.traffic.reached.borrow())]
    })
}

fn draw(page: Page, model: &Model, sight: &Sight, reached: &[Reached]) -> Element {
    let rows: Vec<&Row> = model.newest(page.stream.pace.rows(COLUMNS, Some(sight))).collect();
    let mut keys: Vec<&Row> = Vec::new();
    for row in rows.iter().rev() {
        if keys.iter().all(|key| key.subject != row.subject) {
            keys.push(row);
        }
    }
    keys.truncate(LANES);
    keys.reverse();
    let style = format!("grid-template-columns: max-content repeat({}, 48px) minmax(96px, 1fr)", rows.len());
    let mut grid = element("div", "tape__grid").attr("style", &style).with(&[element("span", "tape__key").text("revision")]);
    for (column, row) in rows.iter().enumerate() {
        let newest = if row.sequence == model.last() { "tape__number tape__number--newest" } else { "tape__number" };
        grid = grid.with(&[element("span", newest).attr("style", &place(column, 0)).text(&row.sequence.to_string())]);
    }
    // Values pass below it, too.
    grid = grid.with(&[element("span", "tape__number").attr("style", &place(rows.len(), 0))]);
    let lanes = keys.len();
    for (lane, key) in keys.into_iter().enumerate() {
        grid = self::lane(page, grid, &rows, lane, key);
    }
    let stream = format!("KV_{}", model.bucket);
    for (at, reached) in reached.iter().filter(|reached| reached.stream == stream).enumerate() {
        grid = caret(grid, &rows, lanes + at + 1, reached);
    }
    grid
}

fn caret(grid: Element, rows: &[&Row], line: usize, reached: &Reached) -> Element {
    let name = format!("sent to {}", title(reached.terminal).trim_start_matches("Terminal "));
    let key = element("span", "tape__key tape__key--reader").attr("style", &format!("grid-row: {}", line + 1));
    let grid = grid.with(&[key.text(&name)]);
    match rows.iter().position(|row| row.sequence == reached.sequence) {
        Some(column) => {
            let title = format!("{name}: up to {}", reached.sequence);
            grid.with(&[element("i", "tape__caret").attr("title", &title).attr("style", &place(column, line))])
        }
        None => grid, // Sent before all that is drawn.
    }
}

fn lane(page: Page, grid: Element, rows: &[&Row], lane: usize, key: &Row) -> Element {
    let line = lane + 1;
    let row_style = format!("grid-row: {}", line + 1);
    let mut grid = grid.with(&[
        element("span", "tape__key").attr("style", &row_style).text(key.key()),
        element("span", "tape__lane").attr("style", &row_style),
    ]);
    let mut value = None;
    for (column, row) in rows.iter().enumerate().filter(|(_, row)| row.subject == key.subject) {
        let kind = match (row.operation, row.fate) {
            (Operation::Put, None) => "put",
            (Operation::Put, Some(_)) => "put dropped",
            (_, None) => "marker",
            (_, Some(_)) => "marker dropped",
        };
        let fate = row.fate.map(|fate| format!(", {}", why(fate))).unwrap_or_default();
        let shown = shown_value(&row.value, row.size);
        let title = format!("{} {} {shown}{fate}", row.sequence, operation(row.operation));
        let style = place(column, line);
        grid = grid.with(&[element("i", "tape__mark").attr("data-kind", kind).attr("title", &title).attr("style", &style)]);
        if let Some(fate) = row.fate {
            grid = grid.with(&[element("small", "tape__fate").attr("style", &style).text(in_a_word(fate))]);
        }
        value = (kind == "put").then_some((shown, row));
    }
    let Some((value, row)) = value else { return grid };
    let row = (*row).clone();
    let left = move || left(page, &row).map(|left| format!("{left} left")).unwrap_or_default();
    let end = element("span", "tape__end").attr("style", &place(rows.len(), line));
    grid.with(&[end.with(&[element("span", "tape__value").text(&value), element("small", "").text_of(left)])])
}

/// Why a message is gone, as short as there is room for.
fn in_a_word(fate: Fate) -> &'static str {
    match fate {
        Fate::History => "history",
        Fate::Purged => "purged",
        Fate::Expired => "TTL",
        Fate::Removed => "removed",
    }
}

/// The grid's place of a column and a line.
fn place(column: usize, line: usize) -> String {
    format!("grid-area: {} / {}", line + 1, column + 2)
}
