//! A NATS client for one thread: runs in wasm and natively, over any [`transport::Transport`]. Names follow async-nats,
//! what is sent and the texts of errors follow nats.go. Knows no server in-process.
//!
//! ```text
//! let client = Client::connect(connector, runtime, Options::default()).await?;
//! let bucket = JetStream::new(client).key_value("my-kv").await?;
//! let revision = bucket.put("Key1", b"Value1").await?;
//! ```

mod address;
mod connection;
mod core;
mod driver;
mod error;
mod jetstream;
pub mod kv;
mod mailbox;
mod message;
pub mod nkeys;
pub(crate) mod queue;
pub mod runtime;
mod stored;
pub mod transport;
pub mod types;
#[cfg(target_arch = "wasm32")]
pub mod websocket;

pub use address::address;
pub use connection::{
    Client, Event, EventFn, Options, ServerInfo, Signer, State, Subscription, Who,
};
pub use error::Error;
pub use jetstream::{Context as JetStream, Purge, Trace, TraceFn, refusal};
pub use message::{Headers, Message, Status};
pub use stored::{DirectGet, MessageInfo, RawMessage};
