//! The table "Messages": every message of the bucket as it landed, and what has become of it.

use super::{
    element::{Element, element, react},
    model::{Fate, Model, Row},
    programs::utc_offset,
    state::Page,
};
use crate::{client::kv::Operation, wire::base64, wire::time::Time};
use leptos::prelude::request_animation_frame;
use std::collections::VecDeque;

/// Rows shown, the newest ones.
const SHOWN: usize = 200;
/// Characters of a value shown.
const VALUE: usize = 160;

/// The table.
pub fn messages(page: Page) -> Element {
    let body = element("tbody", "");
    let heads = ["Sequence", "Subject", "Operation", "Value", "Time"].map(|head| element("th", "").attr("scope", "col").text(head));
    let table = element("table", "messages").attr("aria-label", "Messages").with(&[
        element("thead", "").with(&[element("tr", "").with(&heads)]),
        body.clone(),
    ]);
    let scroll = element("div", "stream__body")
        .attr("tabindex", "0")
        .attr("role", "group")
        .attr("aria-label", "Messages of the bucket")
        .with(&[table]);
    let scrolled = scroll.clone();
    let mut drawn = VecDeque::new();
    react(move || {
        page.stream.version.track();
        draw(&body, &mut drawn, &page.stream.model.borrow());
        // The newest message is in sight.
        let scrolled = scrolled.clone();
        request_animation_frame(move || scrolled.set_scroll_top(scrolled.scroll_height()));
    });
    scroll
}

/// A row that is drawn: which message, what had become of it.
type Drawn = (u64, Time, Option<Fate>, Element);

/// Draws what has changed: messages come at the end, go at the start, and meet their fate anywhere.
fn draw(body: &Element, drawn: &mut VecDeque<Drawn>, model: &Model) {
    let skipped = model.rows().len().saturating_sub(SHOWN);
    let first = model.rows().nth(skipped).map_or(u64::MAX, |row| row.sequence);
    while drawn.front().is_some_and(|(sequence, ..)| *sequence < first)
        && let Some((.., gone)) = drawn.pop_front()
    {
        gone.remove();
    }
    for (at, row) in model.rows().skip(skipped).enumerate() {
        let new = || (row.sequence, row.created, row.fate, self::row(&model.bucket, row));
        match drawn.get_mut(at) {
            Some((sequence, created, fate, _)) if (*sequence, *created, *fate) == (row.sequence, row.created, row.fate) => {}
            Some(before) => {
                let new = new();
                before.3.replace_with_with_node_1(&new.3).ok();
                *before = new;
            }
            None => {
                let new = new();
                body.append_child(&new.3).ok();
                drawn.push_back(new);
            }
        }
    }
    while drawn.len() > model.rows().len() - skipped
        && let Some((.., gone)) = drawn.pop_back()
    {
        gone.remove();
    }
}

fn row(bucket: &str, row: &Row) -> Element {
    let cell = |text: &str| element("td", "").text(text);
    let value = shown_value(&row.value, row.size);
    let value = match row.fate {
        None => cell(&value),
        Some(fate) => {
            let (gone, why) = (element("s", "").text(&value), element("span", "fate").text(why(fate)));
            element("td", "").with(&[gone]).text(" ").with(&[why])
        }
    };
    let operation = element("span", "operation").text(operation(row.operation));
    let drawn = element("tr", "").with(&[
        cell(&row.sequence.to_string()),
        cell(&format!("$KV.{bucket}.{}", row.key)),
        element("td", "").with(&[operation]),
        value,
        cell(&time_of_day(row.created)),
    ]);
    if row.fate.is_some() { drawn.attr("data-fate", "dropped") } else { drawn }
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
