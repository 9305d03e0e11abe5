//! The line at the bottom: the server's time, moving it ahead, and beginning again.

use super::{
    element::{Element, button, dialog, element},
    keep, link,
    messages::time_of_day,
    panes::Pane,
    state::Page,
    storage,
};
use crate::wire::time::Time;
use leptos::{
    prelude::{set_interval, window},
    wasm_bindgen::JsValue,
};

const SECOND: i64 = 1_000_000_000;

/// The clock.
pub fn clock(page: Page) -> Element {
    set_interval(move || tick(page), std::time::Duration::from_secs(1));
    let ahead = move |ns: i64| {
        let host = page.room().host.clone();
        page.runtime().spawn(Box::pin(async move {
            host.advance(ns).await;
            storage::keep_ahead(ns);
            tick(page);
            page.stream.look(page);
        }));
    };
    let next = move || {
        page.stream.pace.track();
        let expiry = page.stream.model.borrow().next_expiry();
        expiry.map(|at| at.0 - page.clock.get())
    };
    let real = move || page.link.with(|link| link.is_real());
    let why = move || if real() { "A real server’s time cannot be moved." } else { "" }.to_string();
    element("div", "clock")
        .attr("role", "group")
        .attr("aria-label", "Clock")
        .shown(move || !page.panes.narrow() || page.panes.is_open(Pane::Stream))
        .with(&[
            element("time", "").text_of(move || time_of_day(Time(page.clock.get()))),
            button("", move || ahead(SECOND)).flag("disabled", real).text("+1 s"),
            button("", move || ahead(60 * SECOND)).flag("disabled", real).text("+1 min"),
            button("", move || ahead(next().unwrap_or(0).max(0) + SECOND / 1000))
                .attr("title", "To the time when the next value expires")
                .flag("disabled", move || real() || next().is_none())
                .text("Fast-forward"),
            element("span", "clock__why").attr("role", "status").text_of(why),
            element("span", "clock__space"),
            button("", move || page.resetting.set(true))
                .attr("title", "Begin again: lesson, terminals and server")
                .text("Reset"),
        ])
}

/// Another second.
fn tick(page: Page) {
    let now = page.runtime().now();
    page.clock.set(now.0);
    link::refresh(page);
    page.stream.tick(now, page);
}

/// Asks before all is begun again: what is erased cannot be had back.
pub fn ask_to_reset(page: Page) -> Element {
    let close = move || page.resetting.set(false);
    let go = move || {
        close();
        page.runtime().spawn(Box::pin(reset(page)));
    };
    let what = move || {
        if page.guest.get() {
            "Terminals and server of this tab begin again. What this browser keeps stays as it is."
        } else {
            "Every bucket of the server in this page, also those that this browser keeps, what the terminals show and the progress \
             of the lesson are erased. A real server is left as it is."
        }
        .into()
    };
    dialog("reset", "Begin again?", move || page.resetting.get(), close).with(&[
        element("p", "").text_of(what),
        element("div", "dialog__ends").with(&[button("", close).text("Cancel"), button("dialog__main", go).text("Begin again")]),
    ])
}

/// Begins again.
async fn reset(page: Page) {
    // What is kept is not a guest's to erase.
    if !page.guest.get_untracked() {
        storage::clear();
        keep::forget().await.ok();
    }
    let location = window().location();
    // A shared session begins again with its own commands, which the address holds.
    if page.room().shared.is_empty()
        && let Ok(history) = window().history()
    {
        let address = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
        history.replace_state_with_url(&JsValue::NULL, "", Some(&address)).ok();
    }
    location.reload().ok();
}
