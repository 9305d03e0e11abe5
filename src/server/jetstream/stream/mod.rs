//! One stream: its configuration, its messages and everything that happens to them.

mod config;

pub use config::{
    ConsumerLimits, Discard, External, Placement, Republish, Retention, Source, SourceConsumer,
    StreamConfig, TransformConfig,
};

pub use super::store::Storage;
