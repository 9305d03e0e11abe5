//! What tests share: golden sessions, a player for them, servers that are kept, a terminal without a screen to look at, and
//! simulated time.
#![allow(dead_code)] // each test uses a part

#[cfg(not(target_arch = "wasm32"))]
pub mod bench;
#[cfg(not(target_arch = "wasm32"))]
pub mod clock;
pub mod in_process;
#[cfg(not(target_arch = "wasm32"))]
pub mod local;
#[cfg(not(target_arch = "wasm32"))]
pub mod node;
pub mod normalise;
pub mod player;
pub mod process;
pub mod sessions;
pub mod terminal;
