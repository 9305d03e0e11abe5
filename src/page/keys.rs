//! The table "Keys": what the bucket is to those who use it, computed from the messages: each key with its value of now.

use super::{
    element::{Element, element, react},
    live::Live,
    messages::{operation, shown_value, tag},
    model::{Key, Row},
    rows::{Table, cell, row},
    state::Page,
    stream_pane::Tab,
};
use crate::{
    client::kv::Operation,
    wire::{
        duration,
        time::{SECOND, Time},
    },
};

/// Keys shown, those with the newest messages.
const SHOWN: usize = 200;

/// The table, drawn only while it is looked at.
pub fn keys(page: Page, tab: Live<Tab>) -> Element {
    let columns = [("name", "Key"), ("value", "Value"), ("number", "Revision"), ("number", "Kept"), ("number", "TTL left")];
    let mut table = Table::new("Keys", "Keys of the bucket", &columns);
    let some = Live::new(String::new());
    let scroll = table.scroll.clone();
    react(move || {
        if tab.get() != Tab::Keys {
            return;
        }
        page.stream.pace.track();
        let model = page.stream.model.borrow();
        let mut keys = model.keys();
        let shown = page.stream.pace.rows(SHOWN, None);
        if keys.len() > shown {
            keys.sort_unstable_by_key(|key| u64::MAX - key.newest.sequence);
            keys.truncate(shown);
            keys.sort_unstable_by_key(|key| key.newest.key());
        }
        let all = model.info.state.num_subjects;
        some.set(match keys.len() as u64 {
            shown if shown < all => format!("{shown} of {all} keys: those of the newest messages."),
            _ => String::new(),
        });
        let named = keys.iter().map(|key| ((key.newest.subject.clone(), key.newest.sequence, key.kept), || drawn(key)));
        table.still(page.stream.pace.is_flooded());
        table.draw(|_| false, named);
        // Not a reason to draw a row anew: it changes every second.
        for (key, row) in keys.iter().zip(table.rows()) {
            if let Some(cell) = row.last_element_child() {
                cell.set_text_content(Some(left(page, key.newest).as_deref().unwrap_or("–")));
            }
        }
    });
    element("div", "stream__table")
        .shown(move || tab.get() == Tab::Keys)
        .with(&[element("p", "stream__some").text_of(move || some.get()), scroll])
}

fn drawn(key: &Key<'_>) -> Element {
    let newest = key.newest;
    let (value, gone) = match newest.operation {
        Operation::Put => (cell("value", &shown_value(&newest.value, newest.size)), false),
        marker => (element("td", "value").with(&[tag(operation(marker))]), true),
    };
    let drawn = row(&[
        cell("name", newest.key()),
        value,
        cell("number", &newest.sequence.to_string()),
        cell("number", &key.kept.to_string()),
        cell("number", ""),
    ]);
    if gone { drawn.attr("data-fate", "dropped") } else { drawn }
}

/// How long a message stays, in whole seconds, if its time runs out.
pub fn left(page: Page, row: &Row) -> Option<String> {
    let ns = page.stream.model.borrow().left(row, Time(page.clock.get()))?;
    Some(duration::format((ns + SECOND - 1) / SECOND * SECOND))
}
