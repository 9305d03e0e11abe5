//! The dialog "Share": a link that replays the commands of this session. And how the page copies.

use super::{
    address,
    element::{Element, button, dialog, element, react},
    live::Live,
    state::Page,
    storage,
};
use leptos::prelude::window;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// The dialog.
pub fn share(page: Page) -> Element {
    // Lines that might hold a secret are left out. Who has some learns that the link does not do all they did.
    let secret = |line: &String| storage::is_secret(line);
    // While nobody asks for the link, no command has to wait for it.
    let lines = move || if page.sharing.get() { page.commands.get() } else { Vec::new() };
    let left_out = move || match lines().iter().filter(|line| secret(line)).count() {
        0 => "Lines that may hold a password, a token or an NKey are left out.".into(),
        1 => "One line is left out: it may hold a password, a token or an NKey.".into(),
        several => format!("{several} lines are left out: they may hold a password, a token or an NKey."),
    };
    let link = move || {
        let lines = lines().into_iter().filter(|line| !secret(line)).map(unasked);
        let lines: Vec<String> = lines.collect();
        let location = window().location();
        let place = location.origin().unwrap_or_default() + &location.pathname().unwrap_or_default();
        place + &address::fragment(&lines, page.lesson.current().slug)
    };
    let field = element("input", "").attr("type", "text").attr("readonly", "");
    let shown = field.clone();
    react(move || shown.input().set_value(&link()));
    let close = move || page.sharing.set(false);
    dialog("share", "Share this session", move || page.sharing.get(), close).with(&[
        element("p", "").text("Whoever opens the link gets a fresh server, and your commands run on it. The lesson opens at this step. ").text_of(left_out),
        element("label", "").text("Link ").with(&[field]),
        element("div", "dialog__ends").with(&[button("", close).text("Close"), copy_button("dialog__main", "Copy", Box::new(link))]),
    ])
}

/// A button that copies, and says that it did, to those who listen as well.
pub fn copy_button(class: &str, name: &str, text: Box<dyn Fn() -> String>) -> Element {
    let said = Live::new("");
    let button = element("button", class).attr("type", "button");
    let clicked = button.clone();
    let copy = move |_| {
        // Safari's buttons do not get the keyboard by a click, and would not lose it.
        clicked.focus();
        let clipboard = window().navigator().clipboard();
        // Only pages of this computer or of https have one.
        if clipboard.is_undefined() {
            said.set("Not allowed here");
        } else {
            let copied = JsFuture::from(clipboard.write_text(&text()));
            spawn_local(async move { said.set(if copied.await.is_ok() { "Copied" } else { "Not allowed here" }) });
        }
    };
    let label = move || if said.get().is_empty() { "Copy" } else { said.get() }.to_string();
    let button = button.on("click", copy).attr("aria-label", name).on("blur", move |_| said.set("")).text_of(label);
    let status = element("span", "visually-hidden").attr("role", "status").text_of(move || said.get().into());
    element("span", "").with(&[button, status])
}

/// A command that asks would wait for an answer: what was agreed to once is not asked again.
fn unasked(line: String) -> String {
    if line.contains(" -f") || line.contains(" --force") {
        return line;
    }
    let quoted = line.contains('\'') || line.contains('"');
    let mut words = Vec::new();
    for word in line.split(' ') {
        words.push(word);
        let asks = matches!(words[..], [.., "nats", "kv", "del" | "rm" | "purge"]);
        // What is quoted may say so, too.
        if asks && !(quoted && words.len() > 3) {
            words.push("--force");
        }
    }
    words.join(" ")
}
