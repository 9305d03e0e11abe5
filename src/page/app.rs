//! The page as a whole: reads the address, puts the parts together, starts everything.

use super::{
    address::{Address, Panel},
    clock::Clock,
    connect::{Ask, Connect},
    embed,
    header::Header,
    lesson_panel::LessonPanel,
    panes::PaneTabs,
    share::Share,
    state::Page,
    storage,
    stream_view::StreamView,
    terminal::Terminal,
};
use crate::lesson::{self, WALKTHROUGH};
use leptos::{ev, html, prelude::*};

fn address() -> Address {
    let location = window().location();
    Address::read(&location.search().unwrap_or_default(), &location.hash().unwrap_or_default())
}

/// The page.
#[component]
pub fn App() -> impl IntoView {
    let address = self::address();
    if address.embed {
        storage::turn_off();
    }
    let page = Page::new(address.embed);
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
    let (run, server) = (address.run, address.server);
    request_animation_frame(move || page.start(prepare, run));
    let ready = move || page.ready.get().then_some("");
    if page.embedded {
        let (terminal, stream) = match address.panel {
            Panel::Terminal => (true, false),
            Panel::Stream => (false, true),
            Panel::Both => (true, true),
        };
        let root = NodeRef::<html::Main>::new();
        Effect::new(move || {
            if let Some(root) = root.get() {
                embed::tell_height(root);
            }
        });
        return view! {
            <main class="embed" data-ready=ready node_ref=root>
                <LessonPanel page />
                {terminal.then(|| view! { <Terminals page /> })}
                {stream.then(|| view! { <StreamView page /> })}
            </main>
        }
        .into_any();
    }
    if server.is_some() {
        page.connecting.set(server);
    }
    view! {
        <div class="app" data-ready=ready>
            <Header page />
            <main class="workspace">
                <LessonPanel page />
                <div class="stage">
                    <Terminals page />
                    <StreamView page />
                    <Clock page />
                </div>
            </main>
            <Connect page />
            <Ask page />
            <Share page />
        </div>
    }
    .into_any()
}

#[component]
fn Terminals(page: Page) -> impl IntoView {
    view! {
        <div class="terminals">
            <PaneTabs page />
            <div class="panes">
                <Terminal page terminal=lesson::Terminal::A />
                <Terminal page terminal=lesson::Terminal::B />
                <Terminal page terminal=lesson::Terminal::Server />
            </div>
        </div>
    }
    .into_any()
}
