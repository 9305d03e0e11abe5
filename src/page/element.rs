//! The elements of views, put together as in Leptos' builder syntax, and all of one type. With the types of Leptos' own
//! elements the compiler makes code for each shape of markup, which weighed more than all they show.

use leptos::{
    prelude::{Owner, Render, RenderEffect, document, window},
    wasm_bindgen::{JsCast, closure::Closure},
    web_sys::{self, Event, HtmlDialogElement, HtmlElement, HtmlInputElement, ResizeObserver},
};
use std::ops::Deref;

/// An element of the page; clones are the same element.
#[derive(Clone)]
pub struct Element(web_sys::Element);

/// A new element; `class` may be empty.
#[allow(clippy::expect_used)]
pub fn element(name: &str, class: &str) -> Element {
    let element = document().create_element(name).expect("a plain name");
    if !class.is_empty() {
        element.set_class_name(class);
    }
    Element(element)
}

/// A button, and what it does.
pub fn button(class: &str, press: impl Fn() + 'static) -> Element {
    element("button", class).attr("type", "button").on("click", move |_| press())
}

/// Does something now, and again whenever a [`Live`](super::live::Live) value that it read changes; for as long as the view around it is shown.
pub fn react(act: impl FnMut() + 'static) {
    fn keep(mut act: Box<dyn FnMut()>) {
        let effect = RenderEffect::new(move |_| act());
        Owner::on_cleanup(move || drop(effect));
    }
    keep(Box::new(act));
}

/// Calls `act` at each of these events.
pub fn listen(target: &web_sys::EventTarget, event: &str, act: impl FnMut(Event) + 'static) {
    fn add(target: &web_sys::EventTarget, event: &str, act: Box<dyn FnMut(Event)>) {
        let act = Closure::wrap(act).into_js_value();
        target.add_event_listener_with_callback(event, act.unchecked_ref()).ok();
    }
    add(target, event, Box::new(act));
}

impl Element {
    /// With an attribute.
    pub fn attr(self, name: &str, value: &str) -> Element {
        self.0.set_attribute(name, value).ok();
        self
    }

    /// With an attribute that follows what it reads; `None` is without it.
    pub fn attr_of(self, name: &'static str, value: impl Fn() -> Option<&'static str> + 'static) -> Element {
        fn follow(element: web_sys::Element, name: &'static str, value: Box<dyn Fn() -> Option<&'static str>>) {
            react(move || {
                match value() {
                    Some(value) => element.set_attribute(name, value),
                    None => element.remove_attribute(name),
                }
                .ok();
            });
        }
        follow(self.0.clone(), name, Box::new(value));
        self
    }

    /// With an attribute that is there or not: `hidden`, `disabled`.
    pub fn flag(self, name: &'static str, value: impl Fn() -> bool + 'static) -> Element {
        self.attr_of(name, move || value().then_some(""))
    }

    /// With what a button that stays pressed says of itself.
    pub fn pressed(self, value: impl Fn() -> bool + 'static) -> Element {
        self.attr_of("aria-pressed", move || Some(if value() { "true" } else { "false" }))
    }

    /// Seen only while `when` says so.
    pub fn shown(self, when: impl Fn() -> bool + 'static) -> Element {
        self.flag("hidden", move || !when())
    }

    /// With a text behind what is in it already.
    pub fn text(self, text: &str) -> Element {
        self.0.append_child(&document().create_text_node(text)).ok();
        self
    }

    /// With a text that follows what it reads.
    pub fn text_of(self, text: impl Fn() -> String + 'static) -> Element {
        fn follow(node: web_sys::Text, text: Box<dyn Fn() -> String>) {
            react(move || {
                let text = text();
                // The same again would be read out again.
                if node.text_content().as_deref() != Some(&text) {
                    node.set_text_content(Some(&text));
                }
            });
        }
        let node = document().create_text_node("");
        self.0.append_child(&node).ok();
        follow(node, Box::new(text));
        self
    }

    /// With something to do at an event.
    pub fn on(self, event: &str, act: impl FnMut(Event) + 'static) -> Element {
        listen(&self.0, event, act);
        self
    }

    /// Does something once it is shown, and whenever its size changes.
    pub fn on_resize(&self, act: impl FnMut() + 'static) {
        fn observe(element: &web_sys::Element, act: Box<dyn FnMut()>) {
            let act = Closure::wrap(act).into_js_value();
            if let Ok(observer) = ResizeObserver::new(act.unchecked_ref()) {
                observer.observe(element);
            }
        }
        observe(&self.0, Box::new(act));
    }

    /// With elements behind what is in it already.
    pub fn with(self, children: &[Element]) -> Element {
        for child in children {
            self.0.append_child(&child.0).ok();
        }
        self
    }

    /// Made anew whenever what `content` reads changes.
    pub fn with_of(self, content: impl Fn() -> Vec<Element> + 'static) -> Element {
        fn follow(element: Element, content: Box<dyn Fn() -> Vec<Element>>) {
            react(move || {
                let content = content();
                element.set_text_content(None);
                element.clone().with(&content);
            });
        }
        follow(self.clone(), Box::new(content));
        self
    }

    /// Puts the keyboard there.
    pub fn focus(&self) {
        self.0.unchecked_ref::<HtmlElement>().focus().ok();
    }

    /// Width and height of what is seen of what is in it.
    pub fn size(&self) -> (i32, i32) {
        (self.0.client_width(), self.0.client_height())
    }

    /// Scrolls on to it if it ends below what is seen of what is around it; the style says how.
    pub fn bring_into_view(&self) {
        let bottom = |element: &web_sys::Element| element.get_bounding_client_rect().bottom();
        let around = self.0.parent_element().map_or(f64::MAX, |around| bottom(&around));
        let view = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(f64::MAX);
        if bottom(&self.0) > around.min(view) {
            self.0.scroll_into_view_with_bool(false);
        }
    }

    /// What is in an input.
    pub fn input(&self) -> &HtmlInputElement {
        self.0.unchecked_ref()
    }

    /// A dialog's own methods.
    pub fn dialog(&self) -> &HtmlDialogElement {
        self.0.unchecked_ref()
    }
}

impl From<web_sys::Element> for Element {
    fn from(element: web_sys::Element) -> Element {
        Element(element)
    }
}

impl Deref for Element {
    type Target = web_sys::Element;

    fn deref(&self) -> &web_sys::Element {
        &self.0
    }
}

impl Render for Element {
    type State = web_sys::Element;

    fn build(self) -> web_sys::Element {
        self.0
    }

    fn rebuild(self, state: &mut web_sys::Element) {
        state.replace_with_with_node_1(&self.0).ok();
        *state = self.0;
    }
}

/// A dialog with a heading; open while `open` says so, and however it is closed, `closed` is called.
pub fn dialog(id: &str, heading: &str, open: impl Fn() -> bool + 'static, closed: impl Fn() + 'static) -> Element {
    let dialog = element("dialog", "").attr("aria-labelledby", id).on("close", move |_| closed());
    let shown = dialog.clone();
    react(move || {
        let shown = shown.dialog();
        match (open(), shown.open()) {
            (true, false) if shown.is_connected() => {
                shown.show_modal().ok();
            }
            (false, true) => shown.close(),
            _ => {}
        }
    });
    dialog.with(&[element("h2", "").attr("id", id).text(heading)])
}
