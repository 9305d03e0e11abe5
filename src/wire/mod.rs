//! The NATS client protocol, both directions, sans-IO, and the few notions both ends share: subjects, header blocks, time, sorted
//! lists.
//! Must not know what a stream, a bucket or a socket is.

pub mod base62;
pub mod base64;
pub mod decimal;
pub mod duration;
pub mod encoding;
pub mod headers;
pub mod input;
pub mod json;
pub mod nkey;
pub mod op;
pub mod parser;
pub mod s2;
pub mod sorted;
pub mod subject;
pub mod time;
pub mod transform;
pub mod ttl;
