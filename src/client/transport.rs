//! What a client needs from a connection: a duplex of byte chunks. Implemented by `host` (in-page server), by the
//! WebSocket transport, and natively by TCP in `examples/nats/tcp.rs`.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A future of the client's one thread.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Why a transport could not be opened or broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// Nothing listens there, or the connection was refused.
    Refused(String),
    /// The connection ended (`EOF`, or the close frame's reason).
    Closed(String),
    /// The address cannot be used at all (bad URL, mixed content).
    Address(String),
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransportError::Refused(why)
            | TransportError::Closed(why)
            | TransportError::Address(why) => f.write_str(why),
        }
    }
}

/// An open duplex of byte chunks; chunk borders mean nothing.
pub trait Transport {
    /// Queues bytes to be sent; never blocks. Bytes sent after the end are dropped.
    fn send(&mut self, bytes: &[u8]);
    /// The next bytes received, `Err` once at the end.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>, TransportError>>;
    /// Closes from this side.
    fn close(&mut self);
}

/// Opens transports to one server; cheap to clone through `Rc<dyn Connector>`.
pub trait Connector {
    /// Opens a connection.
    fn connect(&self) -> LocalFuture<'static, Result<Box<dyn Transport>, TransportError>>;
    /// The server's URL as shown to people, e.g. `nats://127.0.0.1:4222`.
    fn url(&self) -> String;
    /// The address of the peer that it reached last, where it looks up names.
    fn reached(&self) -> Option<String> {
        None
    }
}
