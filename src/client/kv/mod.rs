//! Key/value buckets as ADR-8 has them, with the requests and errors of nats.go 1.55 `jetstream`. Knows streams only
//! through [`super::JetStream`].

mod watch;

pub use watch::{Watch, WatchOptions};

use super::{error::Error, jetstream::Context, types::*};
use crate::wire::time::Time;
use std::collections::BTreeMap;

/// What [`Context::create_key_value`] makes a bucket of. Sizes are bytes, times ns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Name: letters, digits, `-`, `_`.
    pub bucket: String,
    /// Shown by status.
    pub description: String,
    /// Largest value; 0: no limit.
    pub max_value_size: i32,
    /// Values kept for each key, 1–64; 0 means 1.
    pub history: i64,
    /// Values vanish after this; 0: never.
    pub ttl: i64,
    /// Largest bucket; 0: no limit.
    pub max_bytes: i64,
    /// File or memory.
    pub storage: StorageType,
    /// 0 means 1.
    pub replicas: i64,
    /// Where in a cluster.
    pub placement: Option<Placement>,
    /// Publish changes again.
    pub republish: Option<Republish>,
    /// Bucket this one mirrors; `KV_` is put before the name if it lacks it.
    pub mirror: Option<StreamSource>,
    /// Buckets copied from; ignored with a mirror.
    pub sources: Vec<StreamSource>,
    /// Compress file storage.
    pub compression: bool,
    /// Markers for what limits removed, kept for this long; also allows TTLs of single keys. 0: none.
    pub limit_marker_ttl: i64,
    /// Kept with the stream.
    pub metadata: BTreeMap<String, String>,
}

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A value was put.
    Put,
    /// Deleted; earlier values stay in the history.
    Delete,
    /// Deleted with its history.
    Purge,
}

/// A revision of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Bucket it was read from.
    pub bucket: String,
    /// Key.
    pub key: String,
    /// Value; empty for markers and with [`WatchOptions::meta_only`].
    pub value: Vec<u8>,
    /// Revision: the sequence in the bucket's stream.
    pub revision: u64,
    /// When it was written.
    pub created: Time,
    /// What was done.
    pub operation: Operation,
    /// How many revisions came after it when it was delivered to a watch; 0 for gets.
    pub delta: u64,
}

/// A bucket; clones share the connection.
#[derive(Clone)]
pub struct Bucket {
    pub(super) context: Context,
    pub(super) name: String,
}

/// Does nats.go take it as a bucket's name (`^[a-zA-Z0-9_-]+$`)?
pub fn valid_bucket(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'))
}

/// Does nats.go take it as a key (`^[-/_=.a-zA-Z0-9]+$`, no leading, trailing or double dot)?
pub fn valid_key(key: &str) -> bool {
    dots_fine(key) && key.bytes().all(key_byte)
}

/// Does nats.go take it as keys to watch (as a key, also `*` anywhere and `>` at the end)?
pub fn valid_search_key(key: &str) -> bool {
    let body = key.strip_suffix('>').unwrap_or(key);
    dots_fine(key) && body.bytes().all(|c| key_byte(c) || c == b'*')
}

fn dots_fine(key: &str) -> bool {
    !(key.is_empty() || key.starts_with('.') || key.ends_with('.') || key.contains(".."))
}

fn key_byte(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'-' | b'/' | b'_' | b'=' | b'.')
}

#[allow(unused_variables, clippy::todo)]
impl Context {
    /// Opens a bucket (STREAM.INFO): [`Error::InvalidBucketName`], [`Error::BucketNotFound`], [`Error::BadBucket`].
    pub async fn key_value(&self, bucket: &str) -> Result<Bucket, Error> {
        todo!()
    }

    /// Creates a bucket; the same configuration again is no error, another one is [`Error::BucketExists`].
    pub async fn create_key_value(&self, config: &Config) -> Result<Bucket, Error> {
        todo!()
    }

    /// Changes a bucket's configuration to `config`.
    pub async fn update_key_value(&self, config: &Config) -> Result<Bucket, Error> {
        todo!()
    }

    /// Removes a bucket: [`Error::BucketNotFoundNamed`].
    pub async fn delete_key_value(&self, bucket: &str) -> Result<(), Error> {
        todo!()
    }

    /// Names of all buckets (STREAM.NAMES), sorted.
    pub async fn key_value_names(&self) -> Result<Vec<String>, Error> {
        todo!()
    }

    /// Streams of all buckets, sorted by name. Like natscli's `kv ls` it asks STREAM.LIST for every stream.
    pub async fn key_value_stores(&self) -> Result<Vec<StreamInfo>, Error> {
        todo!()
    }
}

#[allow(unused_variables, clippy::todo)]
impl Bucket {
    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The stream's name, `KV_…`.
    pub fn stream_name(&self) -> String {
        format!("KV_{}", self.name)
    }

    /// JetStream it lives in.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The stream (STREAM.INFO); what `kv info` shows is derived from it.
    pub async fn status(&self) -> Result<StreamInfo, Error> {
        todo!()
    }

    /// The key's value: [`Error::KeyNotFound`] when it was never put or is deleted.
    pub async fn get(&self, key: &str) -> Result<Entry, Error> {
        todo!()
    }

    /// The key at a revision (0: the latest): [`Error::KeyNotFound`] when that revision is gone, a marker, or another key's.
    pub async fn get_revision(&self, key: &str, revision: u64) -> Result<Entry, Error> {
        todo!()
    }

    /// The key's newest revision, markers included; `None` when there is none.
    pub async fn entry(&self, key: &str) -> Result<Option<Entry>, Error> {
        todo!()
    }

    /// Puts a value, whatever was there; its revision.
    pub async fn put(&self, key: &str, value: &[u8]) -> Result<u64, Error> {
        todo!()
    }

    /// Puts a value if the key has none or is deleted: [`Error::KeyExists`]. `ttl` in ns (0: none) needs a bucket with
    /// [`Config::limit_marker_ttl`].
    pub async fn create(&self, key: &str, value: &[u8], ttl: i64) -> Result<u64, Error> {
        todo!()
    }

    /// Puts a value if `revision` is still the key's newest: [`Error::KeyRevisionMismatch`].
    pub async fn update(&self, key: &str, value: &[u8], revision: u64) -> Result<u64, Error> {
        todo!()
    }

    /// Deletes a key, leaving a marker; only at this `revision` unless it is 0.
    pub async fn delete(&self, key: &str, revision: u64) -> Result<(), Error> {
        todo!()
    }

    /// Deletes a key and its history, leaving a marker, which vanishes after `ttl` ns unless it is 0.
    pub async fn purge(&self, key: &str, revision: u64, ttl: i64) -> Result<(), Error> {
        todo!()
    }

    /// Purges what lies under markers: those older than `older_than` ns go too (nats.go: 30 min; negative: all go).
    pub async fn purge_deletes(&self, older_than: i64) -> Result<(), Error> {
        todo!()
    }

    /// All revisions of a key (wildcards allowed), oldest first: [`Error::KeyNotFound`] when there are none.
    pub async fn history(&self, key: &str) -> Result<Vec<Entry>, Error> {
        todo!()
    }

    /// Keys with a value that match `filter` (`>`: all), in order of their newest revision; none is no error here.
    pub async fn keys(&self, filter: &str) -> Result<Vec<String>, Error> {
        todo!()
    }

    /// Watches keys; several filters are one watch. [`Error::InvalidSearchKey`].
    pub async fn watch(&self, keys: &[&str], options: WatchOptions) -> Result<Watch, Error> {
        todo!()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(
            valid_bucket("a-B_9")
                && !valid_bucket("")
                && !valid_bucket("a.b")
                && !valid_bucket("ü")
        );
        assert!(
            valid_key("a/b=c.d-_") && !valid_key("a b") && !valid_key("a*") && !valid_key("a>")
        );
        for bad in ["", ".", ".a", "a.", "a..b"] {
            assert!(!valid_key(bad) && !valid_search_key(bad), "{bad:?}");
        }
        for good in [">", "*", "a.*.b", "a.>", "a>", "a*b"] {
            assert!(valid_search_key(good), "{good:?}");
        }
        assert!(!valid_search_key(">.a") && !valid_search_key("a b"));
    }
}
