//! The table "Messages": every message of the bucket as it landed, and what has become of it.

use super::{
    element::{Element, element, react},
    live::Live,
    model::{Fate, Row},
    programs::utc_offset,
    rows::{Table, cell, row},
    sight::Sight,
    state::Page,
    stream_pane::Tab,
};
use crate::{client::kv::Operation, wire::base64, wire::time::Time};

/// Rows shown, the newest ones.
const SHOWN: usize = 200;
/// Characters of a value shown.
const VALUE: usize = 160;

/// The table. It says what the tape shows: to those who listen it is there with that, too.
pub fn messages(page: Page, tab: Live<Tab>) -> Element {
    let columns = [("number", "Sequence"), ("name", "Subject"), ("", "Operation"), ("value", "Value"), ("time", "Time")];
    let mut table = Table::new("Messages", "Messages of the bucket", &columns);
    let sight = Sight::new(&table.scroll, false);
    // Where it is not seen, it takes no keyboard to scroll it.
    let scroll = table
        .scroll
        .clone()
        .attr_of("tabindex", move || (tab.get() != Tab::Tape).then_some("0"))
        .attr_of("style", move || (tab.get() == Tab::Tape).then_some("overflow: visible"));
    react(move || {
        if !matches!(tab.get(), Tab::Messages | Tab::Tape) {
            return;
        }
        page.stream.pace.track();
        let model = page.stream.model.borrow();
        sight.keep();
        let shown = page.stream.pace.rows(SHOWN, Some(&sight));
        let mut rows = model.newest(shown).peekable();
        let first = rows.peek().map_or(u64::MAX, |row| row.sequence);
        table.still(page.stream.pace.is_flooded());
        table.draw(
            |(sequence, ..)| *sequence < first,
            rows.map(|row| ((row.sequence, row.created, row.fate), || message(row))),
        );
    });
    element("div", "")
        .attr_of("class", move || Some(if tab.get() == Tab::Tape { "visually-hidden" } else { "stream__table" }))
        .shown(move || matches!(tab.get(), Tab::Messages | Tab::Tape))
        .with(&[scroll])
}

fn message(of: &Row) -> Element {
    let value = shown_value(&of.value, of.size);
    let value = match of.fate {
        None => cell("value", &value),
        Some(fate) => {
            let (gone, why) = (element("s", "").text(&value), element("span", "fate").text(why(fate)));
            element("td", "value").with(&[gone]).text(if value.is_empty() { "" } else { " " }).with(&[why])
        }
    };
    let drawn = row(&[
        cell("number", &of.sequence.to_string()),
        cell("name", &of.subject),
        element("td", "").with(&[tag(operation(of.operation))]),
        value,
        cell("time", &time_of_day(of.created)),
    ]);
    if of.fate.is_some() { drawn.attr("data-fate", "dropped") } else { drawn }
}

/// A word in a frame.
pub fn tag(word: &str) -> Element {
    element("span", "operation").text(word)
}

/// The name of an operation, as `nats kv watch` prints it.
pub fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Put => "PUT",
        Operation::Delete => "DELETE",
        Operation::Purge => "PURGE",
    }
}

/// Why a message is gone.
pub fn why(fate: Fate) -> &'static str {
    match fate {
        Fate::History => "dropped: history is full",
        Fate::Purged => "dropped: purged",
        Fate::Expired => "dropped: TTL",
        Fate::Removed => "removed",
    }
}

/// A value to look at: text as it is, anything else in base64.
pub fn shown_value(value: &[u8], size: usize) -> String {
    // A character may have been cut in two.
    let text = match std::str::from_utf8(value) {
        Err(error) if error.error_len().is_none() && value.len() < size => std::str::from_utf8(&value[..error.valid_up_to()]),
        whole => whole,
    };
    let text = match text {
        Ok(text) if !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') => text.to_string(),
        _ => base64::encode(value),
    };
    let mut shown: String = text.chars().take(VALUE).collect();
    if shown.len() < text.len() || value.len() < size {
        shown += "…";
    }
    shown
}

/// Hours, minutes and seconds of local time.
pub fn time_of_day(time: Time) -> String {
    let seconds = time.0.div_euclid(1_000_000_000) + i64::from(utc_offset(time));
    let day = seconds.rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", day / 3600, day / 60 % 60, day % 60)
}
