//! The tape: the stream as a log from left to right, a column a revision, a lane a key. What is kept is filled, what was
//! dropped is an outline, markers are crossed; a lane ends in the key's value. The table of messages says the same in words.

use super::{
    messages::{operation, shown_value, why},
    model::{Model, Row},
    state::Page,
};
use crate::client::kv::Operation;
use leptos::{html, prelude::*};

/// Columns drawn, the newest ones.
const COLUMNS: usize = 200;
/// Lanes drawn, those with the newest messages.
const LANES: usize = 40;

/// The picture.
#[component]
pub fn Tape(page: Page) -> impl IntoView {
    let stream = page.stream;
    let body = NodeRef::<html::Div>::new();
    Effect::new(move || {
        stream.version.track();
        if let Some(body) = body.get() {
            request_animation_frame(move || body.set_scroll_left(body.scroll_width()));
        }
    });
    let picture = move || {
        stream.version.track();
        stream.model.with_value(draw)
    };
    view! {
        <div class="stream__body tape" node_ref=body tabindex="0" role="img" aria-label="Tape: the messages as a picture">
            {picture}
        </div>
    }
    .into_any()
}

fn draw(model: &Model) -> AnyView {
    let skipped = model.rows().len().saturating_sub(COLUMNS);
    let rows: Vec<&Row> = model.rows().skip(skipped).collect();
    let mut keys: Vec<&str> = Vec::new();
    for row in rows.iter().rev() {
        if !keys.contains(&row.key.as_str()) {
            keys.push(&row.key);
        }
    }
    keys.truncate(LANES);
    keys.reverse();
    let newest = model.last();
    let columns = rows.len();
    let numbers = rows
        .iter()
        .enumerate()
        .map(|(column, row)| {
            let place = place(column, 0);
            view! { <span class="tape__number" class:tape__number--newest=row.sequence == newest style=place>{row.sequence}</span> }
        })
        .collect_view();
    let lanes = keys
        .into_iter()
        .enumerate()
        .map(|(lane, key)| self::lane(model, &rows, lane, key, columns))
        .collect_view();
    let style = format!("grid-template-columns: max-content repeat({columns}, 48px) minmax(96px, 1fr)");
    view! {
        <div class="tape__grid" style=style>
            <span class="tape__key">"revision"</span>
            {numbers}
            {lanes}
        </div>
    }
    .into_any()
}

fn lane(model: &Model, rows: &[&Row], lane: usize, key: &str, columns: usize) -> AnyView {
    let line = lane + 1;
    let marks = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.key == key)
        .map(|(column, row)| {
            let kind = match (row.operation, row.fate) {
                (Operation::Put, None) => "put",
                (Operation::Put, Some(_)) => "put dropped",
                (_, None) => "marker",
                (_, Some(_)) => "marker dropped",
            };
            let fate = row.fate.map(|fate| format!(", {}", why(fate))).unwrap_or_default();
            let title = format!("{} {} {}{fate}", row.sequence, operation(row.operation), shown_value(&row.value, row.size));
            view! { <i class="tape__mark" data-kind=kind title=title style=place(column, line)></i> }
        })
        .collect_view();
    let value = model
        .keys()
        .find(|row| row.key == key && row.operation == Operation::Put)
        .map(|row| shown_value(&row.value, row.size));
    let end = place(columns, line);
    let row_style = format!("grid-row: {}", line + 1);
    view! {
        <span class="tape__key" style=row_style.clone()>{key.to_string()}</span>
        <span class="tape__lane" style=row_style></span>
        {marks}
        {value.map(|value| view! { <span class="tape__value" style=end>{value}</span> })}
    }
    .into_any()
}

/// The grid's place of a column and a line.
fn place(column: usize, line: usize) -> String {
    format!("grid-area: {} / {}", line + 1, column + 2)
}
