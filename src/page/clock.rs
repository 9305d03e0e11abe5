//! The line at the bottom: the server's time, and moving it ahead.

use super::{keep, link, messages::time_of_day, panes::Pane, state::Page, storage};
use crate::wire::time::Time;
use leptos::prelude::*;

const SECOND: i64 = 1_000_000_000;

/// The clock.
#[component]
pub fn Clock(page: Page) -> impl IntoView {
    let tick = move || {
        let now = page.runtime().now();
        page.clock.set(now.0);
        link::refresh(page);
        page.stream.tick(now, page);
    };
    set_interval(tick, std::time::Duration::from_secs(1));
    let ahead = move |ns: i64| {
        let host = page.room().host.clone();
        page.runtime().spawn(Box::pin(async move {
            host.advance(ns).await;
            tick();
            page.stream.look(page);
        }));
    };
    let next = move || {
        page.clock.track();
        page.stream.version.track();
        page.stream.model.with_value(|model| model.next_expiry()).map(|at| at.0 - page.clock.get())
    };
    let real = move || page.link.get().is_real();
    view! {
        <div class="clock" role="group" aria-label="Clock" hidden=move || page.panes.narrow() && !page.panes.is_open(Pane::Stream)>
            <time>{move || time_of_day(Time(page.clock.get()))}</time>
            <button type="button" disabled=real on:click=move |_| ahead(SECOND)>"+1 s"</button>
            <button type="button" disabled=real on:click=move |_| ahead(60 * SECOND)>"+1 min"</button>
            <button
                type="button"
                title="To the time when the next value expires"
                disabled=move || real() || next().is_none()
                on:click=move |_| ahead(untrack(next).unwrap_or(0).max(0) + SECOND / 1000)
            >"Fast-forward"</button>
            <span class="clock__why" role="status">{move || if real() { "A real server’s time cannot be moved." } else { page.notice.get() }}</span>
            <span class="clock__space"></span>
            <button type="button" title="Begin again: lesson, terminals and server" on:click=move |_| page.runtime().spawn(Box::pin(reset()))>"Reset"</button>
        </div>
    }
    .into_any()
}

/// Begins again.
async fn reset() {
    storage::clear();
    keep::forget().await.ok();
    let location = window().location();
    if let Ok(history) = window().history() {
        let address = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
        history.replace_state_with_url(&leptos::wasm_bindgen::JsValue::NULL, "", Some(&address)).ok();
    }
    location.reload().ok();
}
