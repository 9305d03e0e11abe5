//! The page as a part of another: tells its height, so that the frame can follow.

use super::element::Element;
use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::HtmlElement,
};

/// Tells the page around this one its height, now and whenever it changes:
/// `{ type: "nats-kv-playground:height", height }`, in pixels.
pub fn tell_height(root: &Element) {
    let measured: HtmlElement = (**root).clone().unchecked_into();
    let told = std::cell::Cell::new(0);
    root.on_resize(move || {
        let height = measured.offset_height();
        if told.replace(height) != height
            && let Ok(Some(parent)) = window().parent()
        {
            let message = js_sys::Object::new();
            let set = |name: &str, value: JsValue| js_sys::Reflect::set(&message, &name.into(), &value);
            set("type", "nats-kv-playground:height".into()).ok();
            set("height", height.into()).ok();
            parent.post_message(&message, "*").ok();
        }
    });
}
