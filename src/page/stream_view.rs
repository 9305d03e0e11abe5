//! The stream's pane as it is before there is anything to see: it says why. What shows a bucket comes along with the page's
//! own client (`view.rs`), which is what finds one.

use super::{
    element::{Element, element},
    link::Link,
    panes::Pane,
    state::Page,
};

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
    element("section", "stream")
        .attr("aria-label", "Stream")
        .shown(move || page.embedded || page.panes.is_open(Pane::Stream))
        .with(&[
            element("p", "stream__empty").text_of(nothing).shown(move || !any()),
            element("div", "stream__pane")
                .shown(any)
                .with_of(move || stream.pane.get().map(|pane| pane(page)).unwrap_or_default()),
        ])
}
