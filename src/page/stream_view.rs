//! The stream behind the bucket that is shown: its name, a summary, and its messages.

use super::{messages::Messages, panes::Pane, state::Page, tape::Tape};
use leptos::prelude::*;

/// The stream's pane.
#[component]
pub fn StreamView(page: Page) -> impl IntoView {
    let stream = page.stream;
    let summary = move || {
        stream.version.track();
        stream.model.with_value(|model| {
            let state = &model.info.state;
            let dropped = model.dropped();
            let dropped = if dropped > 0 { format!(" · {dropped} dropped") } else { String::new() };
            let messages = if state.messages == 1 { "message" } else { "messages" };
            format!(
                "{} {messages} kept{dropped} · history {} · {} B",
                state.messages, model.info.config.max_msgs_per_subject, state.bytes
            )
        })
    };
    let nothing = move || {
        if stream.jetstream.get() {
            "No bucket yet. What you put into one will be seen here, message by message."
        } else {
            "This server has no JetStream: messages pass through it, none is kept."
        }
    };
    let name = move || {
        let buckets = stream.buckets.get();
        let shown = stream.shown.get().unwrap_or_default();
        if buckets.len() < 2 {
            return view! { <h2 class="stream__bucket">{shown}</h2> }.into_any();
        }
        let options = buckets.into_iter().map(|bucket| {
            let selected = bucket == shown;
            view! { <option value=bucket.clone() selected=selected>{bucket.clone()}</option> }
        });
        view! {
            <select
                class="stream__bucket"
                aria-label="Bucket"
                on:change=move |event| stream.show(event_target_value(&event), page)
            >{options.collect_view()}</select>
        }
        .into_any()
    };
    let tape = RwSignal::new(false);
    let tab = move |shows: bool, title: &'static str| {
        let chosen = move || (tape.get() == shows).to_string();
        view! { <button type="button" role="tab" aria-selected=chosen on:click=move |_| tape.set(shows)>{title}</button> }
    };
    view! {
        <section class="stream" aria-label="Stream" hidden=move || !page.embedded && !page.panes.is_open(Pane::Stream)>
            <Show
                when=move || stream.shown.get().is_some()
                fallback=move || view! { <p class="stream__empty">{nothing}</p> }
            >
                <div class="stream__head">
                    {name}
                    <div class="tabs" role="tablist" aria-label="Views">{tab(false, "Messages")} {tab(true, "Tape")}</div>
                    <p class="stream__sum">{summary}</p>
                </div>
                {move || tape.get().then(|| view! { <Tape page /> })}
                // The table says what the tape shows: to those who listen it is always there.
                <div class="stream__table" class:visually-hidden=move || tape.get()><Messages page /></div>
            </Show>
        </section>
    }
    .into_any()
}
