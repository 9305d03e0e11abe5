//! The page as a whole: reads the address, puts the parts together, starts everything.

use super::{
    address::Address, clock::Clock, header::Header, lesson_panel::LessonPanel, panes::PaneTabs,
    state::Page, storage, stream_view::StreamView, terminal::Terminal,
};
use crate::lesson::{self, WALKTHROUGH};
use leptos::{ev, prelude::*};

fn address() -> Address {
    let location = window().location();
    Address::read(&location.search().unwrap_or_default(), &location.hash().unwrap_or_default())
}

/// The page.
#[component]
pub fn App() -> impl IntoView {
    let page = Page::new();
    let address = self::address();
    let asked = address.step.as_deref().and_then(|slug| WALKTHROUGH.position(slug));
    let index = asked.unwrap_or_else(|| page.lesson.step.get_untracked());
    // An address that opens a step in a fresh browser also brings the server to where the step starts.
    let fresh = storage::get("server").is_none();
    let prepare = if fresh && asked.is_some() { WALKTHROUGH.steps[index].prepare } else { &[] };
    page.lesson.open(index, page.panes);
    window_event_listener(ev::hashchange, move |_| {
        let step = self::address().step;
        if let Some(index) = step.and_then(|slug| WALKTHROUGH.position(&slug))
            && index != page.lesson.step.get_untracked()
        {
            page.open(index);
        }
    });
    // The components are there first, so that they draw from the first line on.
    request_animation_frame(move || page.start(prepare));
    view! {
        <div class="app" data-ready=move || page.ready.get().then_some("")>
            <Header page />
            <main class="workspace">
                <LessonPanel page />
                <div class="stage">
                    <div class="terminals">
                        <PaneTabs page />
                        <div class="panes">
                            <Terminal page terminal=lesson::Terminal::A />
                            <Terminal page terminal=lesson::Terminal::B />
                            <Terminal page terminal=lesson::Terminal::Server />
                        </div>
                    </div>
                    <StreamView page />
                    <Clock page />
                </div>
            </main>
        </div>
    }
    .into_any()
}
