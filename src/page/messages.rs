//! The table "Messages": every message of the bucket as it landed, and what has become of it.

use super::{
    model::{Fate, Row},
    programs::utc_offset,
    state::Page,
};
use crate::{client::kv::Operation, wire::base64, wire::time::Time};
use leptos::{html, prelude::*};

/// Rows shown, the newest ones.
const SHOWN: usize = 200;
/// Characters of a value shown.
const VALUE: usize = 160;

/// The table.
#[component]
pub fn Messages(page: Page) -> impl IntoView {
    let stream = page.stream;
    let body = NodeRef::<html::Div>::new();
    let rows = Memo::new(move |_| {
        stream.version.track();
        stream.model.with_value(|model| {
            let skipped = model.rows().len().saturating_sub(SHOWN);
            model.rows().skip(skipped).cloned().collect::<Vec<Row>>()
        })
    });
    let bucket = move || stream.shown.get().unwrap_or_default();
    // The newest message is in sight.
    Effect::new(move || {
        rows.track();
        if let Some(body) = body.get() {
            request_animation_frame(move || body.set_scroll_top(body.scroll_height()));
        }
    });
    view! {
        <div class="stream__body" node_ref=body tabindex="0" role="group" aria-label="Messages of the bucket">
            <table class="messages" aria-label="Messages">
                <thead>
                    <tr>
                        <th scope="col">"Sequence"</th>
                        <th scope="col">"Subject"</th>
                        <th scope="col">"Operation"</th>
                        <th scope="col">"Value"</th>
                        <th scope="col">"Time"</th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || rows.get() key=|row| (row.sequence, row.created, row.fate.map(|fate| fate as u8)) let:row>
                        {self::row(bucket(), row)}
                    </For>
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(bucket: String, row: Row) -> AnyView {
    let value = shown_value(&row.value, row.size);
    let value = match row.fate {
        None => value.into_any(),
        Some(fate) => view! { <s>{value}</s>" "<span class="fate">{why(fate)}</span> }.into_any(),
    };
    view! {
        <tr data-fate=row.fate.map(|_| "dropped")>
            <td>{row.sequence}</td> " "
            <td>{format!("$KV.{bucket}.{}", row.key)}</td> " "
            <td><span class="operation">{operation(row.operation)}</span></td> " "
            <td>{value}</td> " "
            <td>{time_of_day(row.created)}</td>
        </tr>
    }
    .into_any()
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
    let text = match std::str::from_utf8(value) {
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
