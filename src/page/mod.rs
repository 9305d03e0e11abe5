//! The Leptos page: lesson, terminals and stream view, each a client of whichever server is connected.
//! What needs no DOM is plain Rust and tested natively; the rest exists in wasm only.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))] // natively there is nobody but the tests

mod address;
mod cancel;
mod console;
mod model;
mod tap;
mod traffic;
mod tty;

macro_rules! dom {
    ($($module:ident)*) => { $(#[cfg(target_arch = "wasm32")] mod $module;)* };
}
dom!(app chunks clock config connect element embed header keep keys lesson_panel lesson_state link live messages output pace panes programs rows share sight splitter state storage stream_pane stream_state stream_view tape terminal view wire_view);

/// Mounts the page into the document's body.
#[cfg(target_arch = "wasm32")]
pub fn mount() {
    let document = leptos::prelude::document();
    if let Some(boot) = document.get_element_by_id("boot") {
        boot.remove();
    }
    let body = document.body().map(Into::into);
    if let Some(body) = body {
        leptos::mount::mount_to_renderer(&body, app::app).forget();
    }
}
