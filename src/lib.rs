//! NATS KV Playground: a nats-server, a NATS client and the `nats` command that live in a web page.
//!
//! Everything speaks the NATS protocol: the page, the terminals and JavaScript are clients of *a* server, which is
//! either [`server::Server`] in the page or a real nats-server across a WebSocket. Imports run only this way:
//!
//! ```text
//! page ─▶ lesson, cli ─▶ client ─▶ wire          host ─▶ client (implements its Transport), server ─▶ wire
//! ```
//!
//! `ARCHITECTURE.md` says more; `tests/architecture.rs` holds the arrows.

pub mod cli;
pub mod client;
pub mod host;
pub mod lesson;
pub mod server;
pub mod wire;

#[cfg(any(
    all(test, not(target_arch = "wasm32")),
    all(feature = "page", target_arch = "wasm32")
))]
pub mod page;

#[cfg(all(feature = "js", target_arch = "wasm32"))]
pub mod js;
