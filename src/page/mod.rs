//! The Leptos page: lesson, terminals and stream view, each a client of whichever server is connected.

/// Mounts the page into the document's body.
pub fn mount() {}
