//! The dialog "Share": a link that replays the commands of this session.

use super::{address, state::Page, storage};
use leptos::{html, prelude::*};

/// The dialog.
#[component]
pub fn Share(page: Page) -> impl IntoView {
    let (dialog, field) = (NodeRef::<html::Dialog>::new(), NodeRef::<html::Input>::new());
    let copied = RwSignal::new(false);
    Effect::new(move || {
        if let (true, Some(dialog)) = (page.sharing.get(), dialog.get())
            && !dialog.open()
        {
            copied.set(false);
            dialog.show_modal().ok();
        }
    });
    // Lines that might hold a secret are left out.
    let link = move || {
        let lines = page.commands.get().into_iter().filter(|line| !storage::is_secret(line)).map(unasked);
        let lines: Vec<String> = lines.collect();
        let location = window().location();
        let place = location.origin().unwrap_or_default() + &location.pathname().unwrap_or_default();
        place + &address::share(&lines)
    };
    let copy = move |_| {
        if let Some(field) = field.get_untracked() {
            field.select();
            let _ = window().navigator().clipboard().write_text(&field.value());
            copied.set(true);
        }
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <dialog node_ref=dialog aria-labelledby="share" on:close=move |_| page.sharing.set(false)>
            <h2 id="share">"Share this session"</h2>
            <p>"Whoever opens the link gets a fresh server, and your commands run on it. Lines with a password or token are left out."</p>
            <label>"Link" <input type="text" readonly node_ref=field prop:value=link /></label>
            <div class="dialog__ends">
                <span role="status">{move || copied.get().then_some("Copied")}</span>
                <button type="button" on:click=close>"Close"</button>
                <button type="button" class="dialog__main" on:click=copy>"Copy"</button>
            </div>
        </dialog>
    }
    .into_any()
}

/// A command that asks would wait for an answer: what was agreed to once is not asked again.
fn unasked(line: String) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let asks = matches!(words[..], ["nats", "kv", "del" | "rm" | "purge", ..]);
    let forced = words.iter().any(|word| matches!(*word, "-f" | "--force"));
    if asks && !forced { format!("{line} --force") } else { line }
}
