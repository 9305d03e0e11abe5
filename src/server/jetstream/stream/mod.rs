//! One stream: its configuration, its messages and everything that happens to them.

pub mod check;
mod check_origins;
mod config;
mod level;

pub use config::{
    ConsumerLimits, Discard, External, Placement, Republish, Retention, Source, SourceConsumer,
    StreamConfig, TransformConfig,
};

pub use super::store::Storage;
