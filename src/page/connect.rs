//! The dialogs about a real server: connecting to one, and asking before the lesson touches what was there.

use super::{
    link::{self, Credentials},
    state::{Asked, Page},
};
use leptos::{ev::SubmitEvent, html, prelude::*};

const CONFIGURATION: &str = "\
jetstream: enabled
websocket {
  port: 8080
  no_tls: true  # for this computer only; give tls { … } elsewhere
}";

/// The dialog "Connect".
#[component]
pub fn Connect(page: Page) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let (url, user, password, token) = (
        NodeRef::<html::Input>::new(),
        NodeRef::<html::Input>::new(),
        NodeRef::<html::Input>::new(),
        NodeRef::<html::Input>::new(),
    );
    let (error, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let secrets = [user, password, token];
    Effect::new(move || {
        let offered = page.connecting.get();
        if let (Some(offered), Some(dialog)) = (offered, dialog.get()) {
            error.set(None);
            if let Some(url) = url.get_untracked().filter(|_| !offered.is_empty()) {
                url.set_value(&offered);
            }
            if !dialog.open() {
                dialog.show_modal().ok();
            }
        }
    });
    // Closed in any way: nothing typed stays behind.
    let closed = move |_| {
        page.connecting.set(None);
        for field in secrets.iter().filter_map(|field| field.get_untracked()) {
            field.set_value("");
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let read = |field: NodeRef<html::Input>| {
            let value = field.get_untracked().map(|field| field.value()).unwrap_or_default();
            Some(value).filter(|value| !value.is_empty())
        };
        let address = read(url).unwrap_or_default().trim().to_string();
        let credentials = Credentials { user: read(user), pass: read(password), token: read(token) };
        busy.set(true);
        error.set(None);
        page.runtime().spawn(Box::pin(async move {
            match link::connect(page, address, credentials).await {
                Ok(()) => close(),
                Err(why) => error.set(Some(why)),
            }
            busy.set(false);
        }));
    };
    let field = |label: &'static str, kind: &'static str, field: NodeRef<html::Input>| {
        view! {
            <label>
                {label}
                <input type=kind autocomplete="off" spellcheck="false" node_ref=field />
            </label>
        }
    };
    view! {
        <dialog node_ref=dialog aria-labelledby="connect" on:close=closed>
            <h2 id="connect">"A real nats-server"</h2>
            <p>
                "Lesson and terminals then run against it, and the stream view shows its buckets. The server in this page is kept for when you come back."
            </p>
            <form on:submit=submit>
                <label>
                    "URL"
                    <input type="text" inputmode="url" value="ws://127.0.0.1:8080" autocomplete="off" spellcheck="false" node_ref=url />
                </label>
                <div class="dialog__pair">
                    {field("User", "text", user)} {field("Password", "password", password)}
                </div>
                {field("Token, instead", "password", token)}
                {move || error.get().map(|why| view! { <p class="dialog__error" role="alert">{why}</p> })}
                <details>
                    <summary>"What the server’s configuration needs"</summary>
                    <pre tabindex="0">{CONFIGURATION}</pre>
                </details>
                <div class="dialog__ends">
                    <button type="button" on:click=move |_| close()>"Cancel"</button>
                    <button type="submit" class="dialog__main" disabled=move || busy.get()>"Connect"</button>
                </div>
            </form>
        </dialog>
    }
    .into_any()
}

/// Asks before the lesson changes a bucket of a real server that was there before.
#[component]
pub fn Ask(page: Page) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        if let (Some(_), Some(dialog)) = (page.asked.get(), dialog.get())
            && !dialog.open()
        {
            dialog.show_modal().ok();
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let go = move |_| {
        let asked = page.asked.get_untracked();
        close();
        if let Some(Asked { bucket, terminal, line }) = asked {
            if let Some(remote) = &*page.room().remote.borrow() {
                remote.agreed(&bucket);
            }
            page.run(terminal, line);
        }
    };
    view! {
        <dialog node_ref=dialog aria-labelledby="ask" on:close=move |_| page.asked.set(None)>
            <h2 id="ask">"This bucket was there before"</h2>
            {move || page.asked.get().map(|asked| view! {
                <p>
                    "The bucket “" {asked.bucket} "” is on the server you connected to, and not from this lesson. The command would change it:"
                </p>
                <pre tabindex="0">{asked.line}</pre>
            })}
            <div class="dialog__ends">
                <button type="button" on:click=move |_| close()>"Leave it alone"</button>
                <button type="button" class="dialog__main" on:click=go>"Run it"</button>
            </div>
        </dialog>
    }
    .into_any()
}
