//! Which server the page is a client of, and how that stands.

/// The connection, as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The server in this page.
    InPage,
}
