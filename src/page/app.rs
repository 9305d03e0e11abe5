//! The page as a whole: reads the address, puts the parts together, starts everything.

use super::{
    address::{Address, Panel},
    clock::{ask_to_reset, clock},
    connect::{ask, connect},
    element::{Element, element, listen},
    embed,
    header::header,
    lesson_panel::lesson_panel,
    panes::pane_tabs,
    share::share,
    splitter::{Parts, splitter},
    state::Page,
    storage,
    stream_view::stream_view,
    terminal::terminal,
};
use crate::lesson::{Terminal, WALKTHROUGH};
use leptos::prelude::{request_animation_frame, window};

fn address() -> Address {
    let location = window().location();
    Address::read(&location.search().unwrap_or_default(), &location.hash().unwrap_or_default())
}

/// The page.
pub fn app() -> Element {
    let address = self::address();
    // Lines that somebody else wrote must not meet the buckets of who opens the link.
    if address.embed || !address.run.is_empty() {
        storage::turn_off();
    }
    let page = Page::new(address.embed, address.run);
    let asked = address.step.as_deref().and_then(|slug| WALKTHROUGH.position(slug));
    let index = asked.unwrap_or_else(|| page.lesson.step.get_untracked());
    // An address that opens a step in a fresh browser also brings the server to where the step starts; a shared session comes
    // with its own commands.
    let fresh = storage::get("server").is_none() && page.room().shared.is_empty();
    let prepare = if fresh && asked.is_some() { WALKTHROUGH.steps[index].prepare } else { &[] };
    page.lesson.open(index, page.panes);
    listen(&window(), "hashchange", move |_| {
        let address = self::address();
        if !address.run.is_empty() && address.run != page.room().shared {
            // Its commands begin on a fresh server.
            window().location().reload().ok();
        } else if let Some(index) = address.step.and_then(|slug| WALKTHROUGH.position(&slug))
            && index != page.lesson.step.get_untracked()
        {
            page.open(index);
        }
    });
    // The view is there first, so that it draws from the first line on.
    let (server, panel) = (address.server, address.panel);
    request_animation_frame(move || {
        if server.is_some() && !page.embedded {
            page.connecting.set(server);
        }
        page.start(prepare);
    });
    let app = if page.embedded { embedded(page, panel) } else { whole(page) };
    app.attr_of("data-ready", move || page.ready.get().then_some(""))
}

fn whole(page: Page) -> Element {
    let (stage, workspace) = (element("div", "stage"), element("main", "workspace"));
    let height = splitter(&stage, "terminals", "Height of the terminals", Parts::Down);
    let width = splitter(&workspace, "lesson", "Width of the lesson", Parts::Across);
    let stage = stage.with(&[terminals(page).with(&[height]), stream_view(page), clock(page)]);
    let workspace = workspace.with(&[lesson_panel(page).with(&[width]), stage]);
    element("div", "app").with(&[header(page), workspace, connect(page), ask(page), share(page), ask_to_reset(page)])
}

fn embedded(page: Page, panel: Panel) -> Element {
    let name = element("h1", "visually-hidden").text("NATS KV Playground");
    if panel == Panel::Stream {
        page.panes.put_away();
    }
    let terminals = terminals(page).shown(move || !page.panes.are_away());
    let root = element("main", "embed").with(&[name, lesson_panel(page), terminals]);
    if panel != Panel::Terminal {
        root.append_child(&stream_view(page)).ok();
    }
    embed::tell_height(&root);
    root
}

fn terminals(page: Page) -> Element {
    let panes = [Terminal::A, Terminal::B, Terminal::Server].map(|name| terminal(page, name));
    element("div", "terminals").with(&[pane_tabs(page), element("div", "panes").with(&panes)])
}
