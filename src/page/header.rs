//! The line at the top: name, what to know of this browser, state of the connection, theme.

use super::{
    element::{Element, button, element},
    link::{self, Link},
    state::Page,
    storage,
};
use leptos::prelude::{document, window};

/// The header.
pub fn header(page: Page) -> Element {
    let real = move || page.link.with(Link::is_real);
    let turn = move || {
        if real() {
            link::disconnect(page);
        } else {
            page.connecting.set(Some(String::new()));
        }
    };
    element("header", "header").with(&[
        element("h1", "header__name").text("NATS KV ").with(&[element("span", "").text("Playground")]),
        notice(page),
        element("div", "header__ends").with(&[
            button("", move || page.sharing.set(true)).text("Share"),
            state(page),
            button("", turn).text_of(move || if real() { "Disconnect" } else { "Connect" }.into()),
            button("", turn_theme).attr("aria-label", "Theme").attr("title", "Light or dark").text("◐"),
        ]),
    ])
}

/// What the person should know of this browser. It takes the room that the header has, or a line below it: it covers nothing.
fn notice(page: Page) -> Element {
    // There from the start: what comes into it is read out.
    element("div", "header__space").attr("role", "status").with_of(move || match page.notice.get() {
        "" => Vec::new(),
        notice => vec![element("div", "notice").with(&[
            element("span", "").text(notice),
            button("", move || page.notice.set("")).attr("aria-label", "Dismiss").text("✕"),
        ])],
    })
}

/// Which server is connected, and how that stands.
fn state(page: Page) -> Element {
    let kind = move || {
        page.link.with(|link| {
            Some(match link {
                Link::InPage => "right",
                Link::Connected { .. } => "real",
                Link::Connecting | Link::Reconnecting { .. } => "waiting",
                Link::Closed(_) | Link::Stopped => "wrong",
            })
        })
    };
    let now = move || {
        if let Some(viewer) = page.viewer() {
            viewer.reconnect_now();
        }
    };
    let waits = move || page.link.with(|link| matches!(link, Link::Reconnecting { .. }));
    let closed = move || page.link.with(|link| matches!(link, Link::Closed(_)));
    element("span", "state").attr_of("data-state", kind).with(&[
        element("span", "").attr("role", "status").text_of(move || page.link.with(words)),
        element("small", "").text_of(move || page.link.with(moving)),
        button("", now).text("Now").shown(waits),
        // With the address of before, and perhaps another password.
        button("", move || page.connecting.set(Some(String::new()))).text("Again").shown(closed),
    ])
}

/// How it stands, as it is read out.
fn words(link: &Link) -> String {
    match link {
        Link::InPage => "In this page".into(),
        Link::Stopped => "Stopped".into(),
        Link::Connecting => "Connecting…".into(),
        Link::Connected { name, version, .. } => {
            // A server without a name of its own has its id for one.
            let short = if name.len() > 30 { name.chars().take(8).chain(['…']).collect() } else { name.clone() };
            format!("Connected · {short} {version}")
        }
        Link::Reconnecting { why, .. } => format!("Reconnecting… ({why})"),
        Link::Closed(why) => format!("Closed: {why}"),
    }
}

/// What changes every second, and would be a nuisance to hear.
fn moving(link: &Link) -> String {
    match *link {
        Link::Connected { rtt: Some(ns), .. } => {
            let tenths = (ns + 50_000) / 100_000;
            format!("{}.{} ms", tenths / 10, tenths % 10)
        }
        Link::Reconnecting { seconds: seconds @ 1.., .. } => format!("in {seconds} s"),
        _ => String::new(),
    }
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
