//! The dialogs about a real server: connecting to one, and asking before the lesson touches what was there.

use super::{
    cancel::Cancel,
    chunks,
    element::{Element, button, dialog, element, react},
    link::{self, Credentials},
    live::Live,
    share::copy_button,
    state::{Asked, Page},
    storage,
};
use leptos::web_sys;
use wasm_bindgen_futures::JsFuture;

const CONFIGURATION: &str = "\
jetstream: enabled
websocket {
  port: 8443
  # On this computer only;
  # elsewhere tls { … }:
  no_tls: true
}";

/// Bytes of a file of credentials: a JWT may name many permissions.
const LARGEST: f64 = 1_000_000.0;

/// The dialog "Connect".
pub fn connect(page: Page) -> Element {
    let (error, attempt) = (Live::new(String::new()), Live::new(None::<Cancel>));
    let url = input("text").attr("inputmode", "url").attr("value", &storage::address());
    let secrets = [input("text"), input("password"), input("password"), input("file")];
    let [user, password, token, file] = secrets.clone();
    let offered = url.clone();
    react(move || {
        if let Some(address) = page.connecting.get() {
            error.set(String::new());
            if !address.is_empty() {
                offered.input().set_value(&address);
            }
        }
    });
    // Closed in any way: nothing goes on, nothing typed stays behind.
    let closed = move || {
        page.connecting.set(None);
        if let Some(attempt) = attempt.get_untracked() {
            attempt.cancel();
        }
        for field in &secrets {
            field.input().set_value("");
        }
    };
    let pair = element("div", "dialog__pair").with(&[label("User", &user), label("Password", &password)]);
    let block = element("details", "");
    let pointed_to = block.clone();
    react(move || {
        if error.with(|why| why.contains("websocket block")) {
            pointed_to.set_attribute("open", "").ok();
        }
    });
    let form = element("form", "").with(&[
        label("URL", &url),
        pair,
        label("Token, instead", &token),
        label("Credentials or NKey file, instead", &file),
        element("p", "dialog__error").attr("role", "alert").text_of(move || error.get()).shown(move || error.with(|why| !why.is_empty())),
        block.with(&[
            element("summary", "").text("What the server’s configuration needs"),
            element("div", "dialog__copy").with(&[
                element("pre", "").attr("tabindex", "0").text(CONFIGURATION),
                copy_button("", "Copy the configuration", Box::new(|| CONFIGURATION.into())),
            ]),
        ]),
        element("div", "dialog__ends").with(&[
            button("", move || page.connecting.set(None)).text("Cancel"),
            element("button", "dialog__main").attr("type", "submit").text_of(move || attempt.with(|attempt| if attempt.is_some() { "Connecting…" } else { "Connect" }.into())),
        ]),
    ]);
    let form = form.on("submit", move |event| {
        event.prevent_default();
        if attempt.with_untracked(Option::is_some) {
            return;
        }
        let [address, user, pass, token] = [&url, &user, &password, &token].map(|field| field.input().value());
        let [user, pass, token] = [user, pass, token].map(|value| Some(value).filter(|value| !value.is_empty()));
        let trying = Cancel::default();
        attempt.set(Some(trying.clone()));
        error.set(String::new());
        let chosen = file.input().files().and_then(|files| files.get(0));
        page.runtime().spawn(Box::pin(async move {
            let address = address.trim();
            let connect = async || {
                let file = match chosen {
                    Some(file) => Some(content(&file).await?),
                    None => None,
                };
                let credentials = Credentials { user, pass, token, file, variable: None };
                (chunks::view().await?.connect)(page, address.into(), credentials).await
            };
            let connected = trying.unless(connect()).await;
            attempt.set(None);
            if let Some(Ok(())) = connected {
                storage::keep_address(address);
                page.connecting.set(None);
            } else {
                link::fall_back(page);
            }
            if let Some(Err(why)) = connected {
                error.set(why);
            }
        }));
    });
    dialog("connect", "A real nats-server", move || page.connecting.with(Option::is_some), closed).with(&[
        element("p", "").text(
            "Lesson and terminals then run against it, and the stream view shows its buckets. The server in this page is kept for when you come back.",
        ),
        form,
    ])
}

/// The bytes of a file that was chosen.
async fn content(file: &web_sys::File) -> Result<Vec<u8>, String> {
    if file.size() > LARGEST {
        return Err(format!("{} is too large for credentials or a seed. Choose another file.", file.name()));
    }
    let bytes = JsFuture::from(file.array_buffer()).await;
    let bytes = bytes.map_err(|_| format!("{} cannot be read. Choose it again.", file.name()))?;
    Ok(js_sys::Uint8Array::new(&bytes).to_vec())
}

fn input(kind: &str) -> Element {
    element("input", "").attr("type", kind).attr("autocomplete", "off").attr("spellcheck", "false")
}

fn label(text: &str, field: &Element) -> Element {
    element("label", "").text(text).with(std::slice::from_ref(field))
}

/// Asks before the lesson changes a bucket of a real server that was there before.
pub fn ask(page: Page) -> Element {
    let close = move || page.asked.set(None);
    let go = move || {
        let asked = page.asked.get_untracked();
        close();
        if let Some(Asked { bucket, terminal, line }) = asked {
            if let Some(remote) = &*page.room().remote.borrow() {
                remote.agreed(&bucket);
            }
            page.run(terminal, line, false);
        }
    };
    let about = move |part: fn(&Asked) -> &String| page.asked.with(|asked| asked.as_ref().map(part).cloned().unwrap_or_default());
    dialog("ask", "This bucket was there before", move || page.asked.with(Option::is_some), close).with(&[
        element("p", "")
            .text("The bucket “")
            .text_of(move || about(|asked| &asked.bucket))
            .text("” is on the server you connected to, and not from this lesson. The command would change it:"),
        element("pre", "").attr("tabindex", "0").text_of(move || about(|asked| &asked.line)),
        element("div", "dialog__ends").with(&[button("", close).text("Leave it alone"), button("dialog__main", go).text("Run it")]),
    ])
}
