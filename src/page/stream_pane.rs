//! What shows a bucket: its name, a summary of its stream, and the views of it. Loaded when there can be one.

use super::{
    config::config,
    element::{Element, button, element, react},
    keys::keys,
    live::Live,
    messages::messages,
    state::Page,
    tape::tape,
    wire_view::{listen, wire_view},
};
use leptos::{prelude::document, wasm_bindgen::JsCast, web_sys::HtmlSelectElement};

/// What all of it looks like; of no use before it is there.
const STYLE: &str = concat!(include_str!("../../style/bucket.css"), include_str!("../../style/tape.css"));

/// The views, each under a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Every message, in words.
    Messages,
    /// The same as a picture.
    Tape,
    /// Each key with its value.
    Keys,
    /// What passes between the terminals and the server.
    Wire,
    /// The stream's configuration.
    Config,
}

/// Name, tabs and views.
pub fn stream_pane(page: Page) -> Vec<Element> {
    if let Some(head) = document().head() {
        head.append_child(&element("style", "").text(STYLE)).ok();
    }
    let tab = Live::new(Tab::Messages);
    let heard = listen(page, tab);
    let names = [
        (Tab::Messages, "Messages"),
        (Tab::Tape, "Tape"),
        (Tab::Keys, "Keys"),
        (Tab::Wire, "Wire"),
        (Tab::Config, "Config"),
    ];
    let tabs = names.map(|(this, name)| {
        button("tab", move || tab.set(this))
            .pressed(move || tab.get() == this)
            .attr("data-name", name)
            .text(name)
    });
    let head = element("div", "stream__head").with(&[
        element("div", "stream__name").with_of(move || vec![name(page)]),
        element("div", "tabs").attr("role", "group").attr("aria-label", "Views").with(&tabs),
        element("p", "stream__sum").text_of(move || summary(page)),
    ]);
    vec![head, messages(page, tab), tape(page, heard.clone(), tab), keys(page, tab), wire_view(heard, tab), config(page, tab)]
}

/// The bucket's name; with others, what chooses among them.
fn name(page: Page) -> Element {
    let stream = page.stream;
    let shown = move || stream.shown.get().unwrap_or_default();
    let buckets = stream.buckets.get();
    if buckets.len() < 2 {
        return element("h2", "stream__bucket").text_of(shown);
    }
    let select = element("select", "stream__bucket").attr("aria-label", "Bucket");
    for bucket in &buckets {
        select.append_child(&element("option", "").attr("value", bucket).text(bucket)).ok();
    }
    // It stays the same element: another would not have the keyboard, with which somebody may be choosing.
    let chosen = select.unchecked_ref::<HtmlSelectElement>().clone();
    react(move || chosen.set_value(&shown()));
    select.on("change", move |event| {
        if let Some(select) = event.target() {
            stream.show(select.unchecked_ref::<HtmlSelectElement>().value(), page);
        }
    })
}

fn summary(page: Page) -> String {
    page.stream.pace.track();
    let model = page.stream.model.borrow();
    let state = &model.info.state;
    let dropped = match model.dropped() {
        0 => String::new(),
        dropped => format!(" · {dropped} dropped"),
    };
    let messages = if state.messages == 1 { "message" } else { "messages" };
    let history = model.info.config.max_msgs_per_subject;
    format!("{} {messages} kept{dropped} · history {history} · {} B", state.messages, state.bytes)
}
