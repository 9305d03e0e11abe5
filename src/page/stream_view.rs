//! The stream behind the bucket that is shown: its name, a summary, and its messages.

use super::{
    element::{Element, button, element},
    link::Link,
    live::Live,
    messages::messages,
    panes::Pane,
    state::Page,
    tape::tape,
};
use leptos::wasm_bindgen::JsCast;

/// The stream's pane.
pub fn stream_view(page: Page) -> Element {
    let stream = page.stream;
    let nothing = move || {
        if !page.ready.get() {
            "" // Nobody knows yet.
        } else if page.link.with(|link| *link == Link::Stopped) {
            "No server runs. Start one in the terminal “Server”: nats-server -js keeps messages, nats-server only passes them on."
        } else if stream.jetstream.get() {
            "No bucket yet. What you put into one will be seen here, message by message."
        } else {
            "This server has no JetStream: messages pass through it, none is kept."
        }
        .to_string()
    };
    let any = move || stream.shown.with(Option::is_some);
    let tape_shown = Live::new(false);
    let tab = move |shows: bool, title: &str| {
        button("tab", move || tape_shown.set(shows)).pressed(move || tape_shown.get() == shows).text(title)
    };
    let tabs = element("div", "tabs").attr("role", "group").attr("aria-label", "Views").with(&[tab(false, "Messages"), tab(true, "Tape")]);
    let head = element("div", "stream__head").shown(any).with(&[
        element("div", "stream__name").with_of(move || vec![name(page)]),
        tabs,
        element("p", "stream__sum").text_of(move || summary(page)),
    ]);
    // The table says what the tape shows: to those who listen it is always there.
    let table = element("div", "").attr_of("class", move || Some(if tape_shown.get() { "visually-hidden" } else { "stream__table" }));
    element("section", "stream")
        .attr("aria-label", "Stream")
        .shown(move || page.embedded || page.panes.is_open(Pane::Stream))
        .with(&[
            element("p", "stream__empty").text_of(nothing).shown(move || !any()),
            head,
            tape(page, tape_shown).shown(move || any() && tape_shown.get()),
            table.with(&[messages(page)]).shown(any),
        ])
}

/// The bucket's name; with others, what chooses among them.
fn name(page: Page) -> Element {
    let stream = page.stream;
    let shown = stream.shown.get().unwrap_or_default();
    let buckets = stream.buckets.get();
    if buckets.len() < 2 {
        return element("h2", "stream__bucket").text(&shown);
    }
    let select = element("select", "stream__bucket").attr("aria-label", "Bucket");
    for bucket in &buckets {
        let option = element("option", "").attr("value", bucket).text(bucket);
        let option = if *bucket == shown { option.attr("selected", "") } else { option };
        select.append_child(&option).ok();
    }
    select.on("change", move |event| {
        if let Some(select) = event.target() {
            let select: leptos::web_sys::HtmlSelectElement = select.unchecked_into();
            stream.show(select.value(), page);
        }
    })
}

fn summary(page: Page) -> String {
    page.stream.version.track();
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
