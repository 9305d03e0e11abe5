//! When something that grows is drawn: at the next frame; in a flood, which nobody can read, after a pause, and few of it
//! until that is over. Must not know what it is.

use super::{
    live::{Live, forever},
    sight::Sight,
};
use leptos::prelude::{request_animation_frame, set_timeout};
use std::{cell::Cell, time::Duration};

/// Pause between two drawings, in ms.
const PAUSE: f64 = 100.0;
/// Rows drawn while no more than so many come between two drawings: it is a flood.
const FEW: u64 = 30;

/// The drawings of one thing.
#[derive(Clone, Copy)]
pub struct Pace(&'static Inner);

struct Inner {
    /// Counts the rows that have ever come.
    come: Box<dyn Fn() -> u64>,
    /// Counts the drawings.
    drawing: Live<u32>,
    touched: Cell<bool>,
    /// When it was drawn, in ms,
    drawn: Cell<f64>,
    /// what had come by then,
    drawn_to: Cell<u64>,
    /// and whether that was more than anybody can read.
    flooded: Cell<bool>,
}

impl Pace {
    /// Of what `come` counts the rows that have ever come.
    pub fn new(come: impl Fn() -> u64 + 'static) -> Pace {
        Pace(forever(Inner {
            come: Box::new(come),
            drawing: Live::new(0),
            touched: Cell::new(false),
            drawn: Cell::new(0.0),
            drawn_to: Cell::new(0),
            flooded: Cell::new(false),
        }))
    }

    /// Draws when something has changed.
    pub fn track(self) {
        self.0.drawing.track();
    }

    /// Something has changed.
    pub fn touch(self) {
        if self.0.touched.replace(true) {
            return;
        }
        let now = js_sys::Date::now();
        let left = self.0.drawn.get() + PAUSE - now;
        if (0.0..=PAUSE).contains(&left) {
            let pause = Duration::from_millis(left as u64);
            set_timeout(move || request_animation_frame(move || self.draw()), pause);
        } else {
            request_animation_frame(move || self.draw());
        }
    }

    /// Does more come than anybody can read?
    pub fn is_flooded(self) -> bool {
        self.0.flooded.get()
    }

    /// How many rows to draw of at most `all`, the newest; `sight` says whether somebody reads older ones.
    pub fn rows(self, all: usize, sight: Option<&Sight>) -> usize {
        let reads = sight.is_some_and(|sight| !sight.is_at_end());
        if self.is_flooded() && !reads { all.min(FEW as usize) } else { all }
    }

    fn draw(self) {
        let Inner { come, drawing, touched, drawn, drawn_to, flooded } = self.0;
        drawn.set(js_sys::Date::now());
        touched.set(false);
        let come = come();
        flooded.set(come.saturating_sub(drawn_to.replace(come)) > FEW);
        drawing.update(|drawing| *drawing = drawing.wrapping_add(1));
        // All of it, once it is over.
        if flooded.get() {
            self.touch();
        }
    }
}
