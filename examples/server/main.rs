//! The server behind TCP and, with `--ws_port`, WebSocket: a nats-server for real clients, with nats-server's own flags.

#[cfg(not(target_arch = "wasm32"))]
mod connection;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(not(target_arch = "wasm32"))]
mod signals;
#[cfg(not(target_arch = "wasm32"))]
mod storage;
#[cfg(not(target_arch = "wasm32"))]
mod upgrade;
#[cfg(not(target_arch = "wasm32"))]
mod websocket;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    native::main()
}

/// Sockets are native; examples are built for wasm all the same.
#[cfg(target_arch = "wasm32")]
fn main() {}
