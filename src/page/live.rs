//! Values that the page shows. A Leptos trigger with the value beside it: signals of Leptos' own are as good, but each type
//! of value brings code of its own for them.

use leptos::{
    prelude::{Notify, Track},
    reactive::signal::ArcTrigger,
};
use std::cell::RefCell;

/// A value that lives as long as the page; what reads it in a view is done again when it changes.
pub struct Live<T: 'static>(&'static Inner<T>);

struct Inner<T> {
    value: RefCell<T>,
    changed: ArcTrigger,
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Live<T> {}

impl<T> Live<T> {
    /// A value to begin with.
    pub fn new(value: T) -> Live<T> {
        Live(forever(Inner { value: RefCell::new(value), changed: ArcTrigger::new() }))
    }

    /// Looks at the value.
    pub fn with<R>(self, look: impl FnOnce(&T) -> R) -> R {
        self.track();
        self.with_untracked(look)
    }

    /// Looks at the value without being told of changes.
    pub fn with_untracked<R>(self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.0.value.borrow())
    }

    /// Wants to be told of changes.
    pub fn track(self) {
        self.0.changed.track();
    }

    /// Another value.
    pub fn set(self, value: T) {
        let before = self.0.value.replace(value);
        drop(before);
        self.0.changed.notify();
    }

    /// Changes the value.
    pub fn update(self, change: impl FnOnce(&mut T)) {
        change(&mut self.0.value.borrow_mut());
        self.0.changed.notify();
    }
}

impl<T: Clone> Live<T> {
    /// The value.
    pub fn get(self) -> T {
        self.with(T::clone)
    }

    /// The value, without being told of changes.
    pub fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }
}

/// Puts something where it stays as long as the page.
pub fn forever<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}
