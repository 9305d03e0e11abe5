//! Key/value buckets as ADR-8 has them, with the requests and errors of nats.go 1.55 `jetstream`. Knows streams only
//! through [`super::JetStream`].

mod manage;
mod watch;

pub use manage::Config;
pub use watch::{Watch, WatchOptions};

use super::{
    error::Error,
    jetstream::{Context, Purge},
    message::Headers,
    stored::DirectGet,
    types::*,
};
use crate::wire::{
    duration,
    time::{SECOND, Time},
    ttl,
};

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

/// How long a revision stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// Nanoseconds from when it was written, in whole seconds.
    Ns(i64),
    /// For ever, also in a bucket with a TTL.
    Never,
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
    /// How long it stays, if that is said of it; the bucket's TTL ends it, too.
    pub ttl: Option<Ttl>,
    /// How many revisions came after it when it was delivered to a watch; 0 for gets.
    pub delta: u64,
}

/// A bucket; clones share the connection.
#[derive(Clone)]
pub struct Bucket {
    context: Context,
    name: String,
    /// What keys are put behind, to be read and to be written: a mirror's writes go to its origin.
    read: String,
    write: String,
    direct: bool,
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

const PREFIX: &str = "KV_";
const OPERATION: &str = "KV-Operation";
const ROLLUP: &str = "Nats-Rollup";
const MARKER_REASON: &str = "Nats-Marker-Reason";
const EXPECTED: &str = "Nats-Expected-Last-Subject-Sequence";
const TTL: &str = "Nats-TTL";
const MESSAGE_NOT_FOUND: u32 = 10037;
const WRONG_LAST_SEQUENCE: [u32; 2] = [10071, 10164];

fn is_api(error: &Error, codes: &[u32]) -> bool {
    error.api().is_some_and(|api| codes.contains(&api.err_code))
}

impl Bucket {
    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The stream's name, `KV_…`.
    pub fn stream_name(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }

    /// JetStream it lives in.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The stream (STREAM.INFO); what `kv info` shows is derived from it.
    pub async fn status(&self) -> Result<StreamInfo, Error> {
        self.context.stream_info(&self.stream_name()).await
    }

    /// The key's value: [`Error::KeyNotFound`] when it was never put or is deleted.
    pub async fn get(&self, key: &str) -> Result<Entry, Error> {
        self.get_revision(key, 0).await
    }

    /// The key at a revision (0: the latest): [`Error::KeyNotFound`] when that revision is gone, a marker, or another key's.
    pub async fn get_revision(&self, key: &str, revision: u64) -> Result<Entry, Error> {
        match self.find(key, revision).await? {
            Some(entry) if entry.operation == Operation::Put => Ok(entry),
            _ => Err(Error::KeyNotFound),
        }
    }

    /// The key's newest revision, markers included; `None` when there is none.
    pub async fn entry(&self, key: &str) -> Result<Option<Entry>, Error> {
        self.find(key, 0).await
    }

    /// The same, to read all that its stream holds: keys are whole subjects. Those of a mirror are its origin's, where nats.go,
    /// and a bucket as it is opened, look for its own and find nothing.
    pub fn with_subjects(mut self) -> Bucket {
        self.read.clear();
        self
    }

    async fn find(&self, key: &str, revision: u64) -> Result<Option<Entry>, Error> {
        if !valid_key(key) {
            return Err(Error::InvalidKey);
        }
        let subject = format!("{}{key}", self.read);
        let which = match revision {
            0 => DirectGet::Last(&subject),
            revision => DirectGet::Sequence(revision),
        };
        let stream = self.stream_name();
        let found = match self.direct {
            true => self.context.direct_get(&stream, which).await,
            false => self.context.get_message(&stream, which).await,
        };
        match found {
            Ok(message) if message.subject == subject => Ok(Some(Entry {
                bucket: self.name.clone(),
                key: key.into(),
                value: message.payload,
                revision: message.sequence,
                created: message.time,
                operation: Operation::of(&message.headers),
                ttl: Ttl::of(&message.headers),
                delta: 0,
            })),
            Ok(_) | Err(Error::MessageNotFound) => Ok(None),
            Err(error) if is_api(&error, &[MESSAGE_NOT_FOUND]) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts a value, whatever was there; its revision.
    pub async fn put(&self, key: &str, value: &[u8]) -> Result<u64, Error> {
        self.write(key, Headers::new(), value).await
    }

    /// Puts a value if the key has none or is deleted: [`Error::KeyExists`]. `ttl` in ns (0: none) needs a bucket with
    /// [`Config::limit_marker_ttl`].
    pub async fn create(&self, key: &str, value: &[u8], ttl: i64) -> Result<u64, Error> {
        let error = match self.write_at(key, value, 0, ttl).await {
            Err(error) => error,
            created => return created,
        };
        // Over a marker it is a create as well.
        if let Ok(Some(entry)) = self.find(key, 0).await
            && entry.operation != Operation::Put
        {
            return self.write_at(key, value, entry.revision, ttl).await;
        }
        Err(match error {
            Error::Publish(api) if WRONG_LAST_SEQUENCE.contains(&api.err_code) => {
                Error::KeyExists(api)
            }
            error => error,
        })
    }

    /// Puts a value if `revision` is still the key's newest: [`Error::KeyRevisionMismatch`].
    pub async fn update(&self, key: &str, value: &[u8], revision: u64) -> Result<u64, Error> {
        let written = self.write_at(key, value, revision, 0).await;
        written.map_err(mismatch)
    }

    async fn write_at(
        &self,
        key: &str,
        value: &[u8],
        revision: u64,
        ttl: i64,
    ) -> Result<u64, Error> {
        let mut headers = Headers::new();
        headers.append(EXPECTED, &revision.to_string());
        if ttl > 0 {
            headers.append(TTL, &duration::format(ttl));
        }
        self.write(key, headers, value).await
    }

    async fn write(&self, key: &str, headers: Headers, value: &[u8]) -> Result<u64, Error> {
        if !valid_key(key) {
            return Err(Error::InvalidKey);
        }
        let subject = format!("{}{key}", self.write);
        let ack = self.context.publish(&subject, &headers, value).await?;
        Ok(ack.seq)
    }

    /// Deletes a key, leaving a marker; only at this `revision` unless it is 0.
    pub async fn delete(&self, key: &str, revision: u64) -> Result<(), Error> {
        let mut headers = Headers::new();
        headers.append(OPERATION, "DEL");
        self.mark(key, headers, revision, 0).await
    }

    /// Deletes a key and its history, leaving a marker, which vanishes after `ttl` ns unless it is 0.
    pub async fn purge(&self, key: &str, revision: u64, ttl: i64) -> Result<(), Error> {
        let mut headers = Headers::new();
        headers.append(OPERATION, "PURGE");
        headers.append(ROLLUP, "sub");
        self.mark(key, headers, revision, ttl).await
    }

    async fn mark(
        &self,
        key: &str,
        mut headers: Headers,
        revision: u64,
        ttl: i64,
    ) -> Result<(), Error> {
        if revision > 0 {
            headers.append(EXPECTED, &revision.to_string());
        }
        if ttl > 0 {
            headers.append(TTL, &duration::format(ttl));
        }
        let written = self.write(key, headers, b"").await;
        written.map(|_| ()).map_err(mismatch)
    }

    /// Purges what lies under markers: those older than `older_than` ns go too (nats.go: 30 min; negative: all go).
    pub async fn purge_deletes(&self, older_than: i64) -> Result<(), Error> {
        let entries = self.present(">", WatchOptions::default()).await?;
        let now = self.context.client.runtime().now();
        for entry in entries
            .iter()
            .filter(|entry| entry.operation != Operation::Put)
        {
            let young = older_than > 0 && now.since(entry.created) < older_than;
            let what = Purge {
                filter: Some(format!("{}{}", self.read, entry.key)),
                keep: u64::from(young),
                seq: 0,
            };
            self.context
                .purge_stream(&self.stream_name(), &what)
                .await?;
        }
        Ok(())
    }

    /// All revisions of a key (wildcards allowed), oldest first: [`Error::KeyNotFound`] when there are none.
    pub async fn history(&self, key: &str) -> Result<Vec<Entry>, Error> {
        let options = WatchOptions {
            include_history: true,
            ..WatchOptions::default()
        };
        let entries = self.present(key, options).await?;
        match entries.is_empty() {
            true => Err(Error::KeyNotFound),
            false => Ok(entries),
        }
    }

    /// Keys with a value that match `filter` (`>`: all), in order of their newest revision; none is no error here.
    pub async fn keys(&self, filter: &str) -> Result<Vec<String>, Error> {
        let options = WatchOptions {
            ignore_deletes: true,
            meta_only: true,
            ..WatchOptions::default()
        };
        let entries = self.present(filter, options).await?;
        Ok(entries.into_iter().map(|entry| entry.key).collect())
    }

    /// What a watch finds at its start.
    async fn present(&self, key: &str, options: WatchOptions) -> Result<Vec<Entry>, Error> {
        let mut watch = self.watch(&[key], options).await?;
        let mut entries = Vec::new();
        while let Some(entry) = watch.next().await? {
            entries.push(entry);
        }
        watch.end().await;
        Ok(entries)
    }

    /// Watches keys; several filters are one watch. [`Error::InvalidSearchKey`], [`Error::Invalid`].
    pub async fn watch(&self, keys: &[&str], options: WatchOptions) -> Result<Watch, Error> {
        if !keys.iter().all(|key| valid_search_key(key)) {
            return Err(Error::InvalidSearchKey);
        }
        if options.include_history && options.updates_only {
            return Err(Error::Invalid(
                "invalid jetstream option: updates only cannot be used with include history",
            ));
        }
        let keys = if keys.is_empty() { &[">"] } else { keys };
        let filters = keys.iter().map(|key| format!("{}{key}", self.read));
        Watch::start(self, filters.collect(), options).await
    }
}

impl Operation {
    /// What the headers of a stored message say was done.
    fn of(headers: &Headers) -> Operation {
        match (headers.get(OPERATION), headers.get(MARKER_REASON)) {
            (Some("DEL"), _) | (None, Some("Remove")) => Operation::Delete,
            (Some("PURGE"), _) | (None, Some("MaxAge" | "Purge")) => Operation::Purge,
            _ => Operation::Put,
        }
    }
}

impl Ttl {
    /// What the headers of a stored message say.
    fn of(headers: &Headers) -> Option<Ttl> {
        let ttl = ttl::parse(headers.get(TTL)?.as_bytes()).ok()??;
        Some(match ttl {
            ttl::Ttl::Seconds(seconds) => Ttl::Ns(seconds.saturating_mul(SECOND)),
            ttl::Ttl::Never => Ttl::Never,
        })
    }
}

fn mismatch(error: Error) -> Error {
    match error {
        Error::Publish(api) if WRONG_LAST_SEQUENCE.contains(&api.err_code) => {
            Error::KeyRevisionMismatch(api)
        }
        error => error,
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

    #[test]
    fn a_revision_says_how_long_it_stays() {
        let seconds = |n| Some(Ttl::Ns(n * SECOND));
        for (text, ttl) in [
            ("1m30s", seconds(90)),
            ("90", seconds(90)),
            ("1.9s", seconds(1)),
            ("Never", Some(Ttl::Never)),
            ("00", None),
            ("9223372036854775807", Some(Ttl::Ns(i64::MAX))),
            ("odd", None),
        ] {
            let mut headers = Headers::new();
            assert_eq!(Ttl::of(&headers), None);
            headers.append(TTL, text);
            assert_eq!(Ttl::of(&headers), ttl, "{text}");
        }
    }
}
