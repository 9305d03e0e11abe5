//! The lines between the parts of the page, which can be moved: by a pointer, or by the arrow keys. Where one is belongs to the
//! style sheet until somebody moves it.

use super::{
    element::{Element, element, listen},
    storage,
};
use leptos::{
    wasm_bindgen::JsCast,
    web_sys::{Event, KeyboardEvent, PointerEvent},
};
use std::rc::Rc;

/// Thousandths of the whole that the first part has at least, and at most.
const ENDS: (i32, i32) = (200, 800);
/// Thousandths that an arrow key moves it by.
const STEP: i32 = 20;

/// Which way the parts lie that a line divides.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// Side by side.
    Across,
    /// One above the other.
    Down,
}

/// A line to be put at the end of the first part of `whole`; how much of it that part has is `--NAME` in the style sheet.
pub fn splitter(whole: &Element, name: &'static str, label: &str, parts: Parts) -> Element {
    let (orientation, back, on) = match parts {
        Parts::Across => ("vertical", "ArrowLeft", "ArrowRight"),
        Parts::Down => ("horizontal", "ArrowUp", "ArrowDown"),
    };
    let line = element("div", "splitter")
        .attr("role", "separator")
        .attr("tabindex", "0")
        .attr("aria-label", label)
        .attr("aria-orientation", orientation)
        .attr("aria-valuemin", &percent(ENDS.0))
        .attr("aria-valuemax", &percent(ENDS.1));
    let split = Rc::new(Split { whole: whole.clone(), line: line.clone(), name, parts, back, on });
    if let Some(kept) = storage::get(name).and_then(|kept| kept.parse().ok()) {
        split.put(kept);
    }
    let resized = split.clone();
    whole.on_resize(move || resized.tell(resized.now()));
    for event in ["pointerdown", "pointermove", "keydown", "dblclick"] {
        let split = split.clone();
        listen(&line, event, move |event| split.handle(&event));
    }
    line
}

struct Split {
    whole: Element,
    line: Element,
    name: &'static str,
    parts: Parts,
    /// The keys that move it.
    back: &'static str,
    on: &'static str,
}

impl Split {
    fn handle(&self, event: &Event) {
        let pointer: &PointerEvent = event.unchecked_ref();
        match event.type_().as_str() {
            "pointerdown" => {
                // Nothing is marked on the way, and the line has the keyboard as well.
                event.prevent_default();
                self.line.focus();
                self.line.set_pointer_capture(pointer.pointer_id()).ok();
            }
            "pointermove" if self.line.has_pointer_capture(pointer.pointer_id()) => {
                self.keep(self.share(pointer.client_x(), pointer.client_y()));
            }
            "keydown" => {
                let to = match event.unchecked_ref::<KeyboardEvent>().key() {
                    key if key == self.back => self.now() - STEP,
                    key if key == self.on => self.now() + STEP,
                    key if key == "Home" => ENDS.0,
                    key if key == "End" => ENDS.1,
                    _ => return,
                };
                event.prevent_default();
                self.keep(to);
            }
            "dblclick" => self.reset(),
            _ => {}
        }
    }

    /// The thousandths of the whole that are before a point of the window.
    fn share(&self, x: i32, y: i32) -> i32 {
        let whole = self.whole.get_bounding_client_rect();
        let (at, length) = match self.parts {
            Parts::Across => (f64::from(x) - whole.left(), whole.width()),
            Parts::Down => (f64::from(y) - whole.top(), whole.height()),
        };
        (1000.0 * at / length) as i32
    }

    /// Where the line is.
    fn now(&self) -> i32 {
        let line = self.line.get_bounding_client_rect();
        let middle = |from: f64, to: f64| ((from + to) / 2.0) as i32;
        self.share(middle(line.left(), line.right()), middle(line.top(), line.bottom()))
    }

    fn put(&self, share: i32) {
        let share = share.clamp(ENDS.0, ENDS.1);
        let style = format!("--{}: {}.{}%", self.name, share / 10, share % 10);
        self.whole.set_attribute("style", &style).ok();
        self.tell(share);
    }

    /// What is read out.
    fn tell(&self, share: i32) {
        self.line.set_attribute("aria-valuenow", &percent(share)).ok();
    }

    fn keep(&self, share: i32) {
        self.put(share);
        storage::set(self.name, &share.to_string());
    }

    /// Back to where the style sheet has it.
    fn reset(&self) {
        self.whole.remove_attribute("style").ok();
        storage::set(self.name, "");
        self.tell(self.now());
    }
}

fn percent(share: i32) -> String {
    (share / 10).to_string()
}
