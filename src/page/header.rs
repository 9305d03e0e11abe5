//! The line at the top: name, state of the connection, theme.

use super::{link::Link, state::Page, storage};
use leptos::prelude::*;

/// The header.
#[component]
pub fn Header(page: Page) -> impl IntoView {
    view! {
        <header class="header">
            <h1 class="header__name">"NATS KV" <span>" Playground"</span></h1>
            <span class="header__space"></span>
            <span class="state" role="status" aria-label="Server" data-state="right">
                {move || match page.link.get() {
                    Link::InPage => "In this page",
                }}
            </span>
            <button type="button" aria-label="Theme" title="Light or dark" on:click=|_| turn_theme()>
                "◐"
            </button>
        </header>
    }
    .into_any()
}

/// Goes from what is seen to the other theme.
fn turn_theme() {
    let Some(root) = document().document_element() else { return };
    let dark = match root.get_attribute("data-theme") {
        Some(theme) => theme == "dark",
        None => window()
            .match_media("(prefers-color-scheme: dark)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches()),
    };
    let theme = if dark { "light" } else { "dark" };
    root.set_attribute("data-theme", theme).ok();
    storage::set("theme", theme);
}
