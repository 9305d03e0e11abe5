//! A NATS client for one thread: runs in wasm and natively, over any [`transport::Transport`]. Knows no server in-process.

pub mod runtime;
pub mod transport;
