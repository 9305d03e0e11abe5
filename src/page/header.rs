//! The line at the top: name, state of the connection, theme.

use super::{
    link::{self, Link},
    state::Page,
    storage,
};
use leptos::prelude::*;

/// The header.
#[component]
pub fn Header(page: Page) -> impl IntoView {
    view! {
        <header class="header">
            <h1 class="header__name">"NATS KV" <span>" Playground"</span></h1>
            <span class="header__space"></span>
            <button type="button" class="header__optional" on:click=move |_| page.sharing.set(true)>"Share"</button>
            <State page />
            {move || if page.link.get().is_real() {
                view! { <button type="button" on:click=move |_| link::disconnect(page)>"Disconnect"</button> }.into_any()
            } else {
                view! { <button type="button" on:click=move |_| page.connecting.set(Some(String::new()))>"Connect"</button> }.into_any()
            }}
            <button type="button" aria-label="Theme" title="Light or dark" on:click=|_| turn_theme()>
                "◐"
            </button>
        </header>
    }
    .into_any()
}

/// Which server is connected, and how that stands.
#[component]
fn State(page: Page) -> impl IntoView {
    let kind = move || match page.link.get() {
        Link::InPage | Link::Connected { .. } => "right",
        Link::Connecting | Link::Reconnecting { .. } => "waiting",
        Link::Closed(_) => "wrong",
    };
    let text = move || match page.link.get() {
        Link::InPage => "In this page".to_string(),
        Link::Connecting => "Connecting…".to_string(),
        Link::Connected { name, version, rtt } => {
            // A server without a name of its own has its id for one.
            let name = if name.len() > 30 { name.chars().take(8).chain(['…']).collect() } else { name };
            let rtt = rtt.map(|ns| format!(" · {:.1} ms", ns as f32 / 1e6)).unwrap_or_default();
            format!("Connected · {name} {version}{rtt}")
        }
        Link::Reconnecting { why, seconds: 0 } => format!("Reconnecting… ({why})"),
        Link::Reconnecting { why, seconds } => format!("Reconnecting in {seconds} s ({why})"),
        Link::Closed(why) => format!("Closed: {why}"),
    };
    let now = move |_| {
        if let Some(jetstream) = page.jetstream() {
            jetstream.client.reconnect_now();
        }
    };
    view! {
        <span class="state" data-state=kind>
            <span>{text}</span>
            {move || matches!(page.link.get(), Link::Reconnecting { .. }).then(|| {
                view! { <button type="button" on:click=now>"Now"</button> }
            })}
        </span>
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
