//! Which part of something that grows is in sight: its end, unless somebody has gone back to look at what was before.

use super::element::{Element, listen};
use leptos::prelude::request_animation_frame;
use std::{cell::Cell, rc::Rc};

/// Pixels from the end that are no going back: less than a column or a lane; what is left of a time may become longer to write.
const STEP: i32 = 40;

/// What is in sight of an element that scrolls.
pub struct Sight {
    scroll: Element,
    across: bool,
    /// Is its end to the right in sight, and the one below?
    ends: Cell<(bool, bool)>,
    /// How large it was when it was last scrolled from here.
    size: Cell<(i32, i32)>,
    waiting: Cell<bool>,
}

impl Sight {
    /// Keeps the end below in sight, with `across` also that to the right; when there is more or less room, too, as when a
    /// phone is turned.
    pub fn new(scroll: &Element, across: bool) -> Rc<Sight> {
        let sight = Rc::new(Sight {
            scroll: scroll.clone(),
            across,
            ends: Cell::new((true, true)),
            size: Cell::default(),
            waiting: Cell::new(false),
        });
        let (scrolled, resized) = (sight.clone(), sight.clone());
        listen(scroll, "scroll", move |_| {
            // In another size everything has moved; that is no scrolling.
            if !scrolled.waiting.get() && scrolled.size.get() == scrolled.scroll.size() {
                scrolled.learn();
            }
        });
        scroll.on_resize(move || resized.go_there());
        sight
    }

    /// With the next frame the end is in sight, or what somebody has gone back to look at. To be called before the drawing.
    pub fn keep(self: &Rc<Self>) {
        if !self.waiting.get() {
            self.learn();
            self.go_there();
        }
    }

    /// The same at once, for what is drawn within a frame. To be called after the drawing.
    pub fn settle(&self) {
        self.place(self.scroll.scroll_left(), self.scroll.scroll_top());
    }

    /// Was it the newest that was in sight, when that was last looked at?
    pub fn is_at_end(&self) -> bool {
        let (right, low) = self.ends.get();
        if self.across { right } else { low }
    }

    fn learn(&self) {
        let scroll = &self.scroll;
        let right = scroll.scroll_left() + scroll.client_width() > scroll.scroll_width() - STEP;
        let low = scroll.scroll_top() + scroll.client_height() > scroll.scroll_height() - STEP;
        self.ends.set((right, low));
    }

    fn go_there(self: &Rc<Self>) {
        if self.waiting.replace(true) {
            return;
        }
        let (left, top) = (self.scroll.scroll_left(), self.scroll.scroll_top());
        let sight = self.clone();
        request_animation_frame(move || {
            sight.place(left, top);
            sight.waiting.set(false);
        });
    }

    fn place(&self, left: i32, top: i32) {
        let (scroll, (right, low)) = (&self.scroll, self.ends.get());
        // Of a table the browser keeps in sight what somebody reads.
        if self.across {
            scroll.set_scroll_left(if right { scroll.scroll_width() } else { left });
            scroll.set_scroll_top(top);
        }
        if low {
            scroll.set_scroll_top(scroll.scroll_height());
        }
        self.size.set(scroll.size());
    }
}
