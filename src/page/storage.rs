//! Small things kept in the browser between visits. Where there is no storage (a sandboxed frame, private mode) nothing is
//! kept and nothing fails.

use leptos::prelude::window;

fn storage() -> Option<leptos::web_sys::Storage> {
    window().local_storage().ok()?
}

/// A kept value.
pub fn get(name: &str) -> Option<String> {
    storage()?.get_item(name).ok()?
}

/// Keeps a value.
pub fn set(name: &str, value: &str) {
    if let Some(storage) = storage() {
        storage.set_item(name, value).ok();
    }
}

/// Forgets everything but the theme.
pub fn clear() {
    if let Some(storage) = storage() {
        for name in ["step", "done", "server", "history"] {
            storage.remove_item(name).ok();
        }
    }
}
