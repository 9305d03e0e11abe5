//! Asks the server, through the client, whether a step's outcome is there. However it came about counts.

use super::{Check, Step};
use crate::client::{
    Error, JetStream,
    kv::{Entry, Operation},
};
use std::cell::RefCell;

/// What a page has seen happen, for what no server can be asked afterwards.
#[derive(Debug, Default)]
pub struct Seen {
    outputs: Vec<&'static str>,
    buckets: Vec<String>,
}

impl Seen {
    /// Takes note of a line that a terminal has shown (without colours); true if a check waited for it.
    pub fn output(&mut self, line: &str, checks: &[Check]) -> bool {
        let before = self.outputs.len();
        for check in checks {
            if let Check::Output(text) = check
                && line.contains(text)
                && !self.outputs.contains(text)
            {
                self.outputs.push(text);
            }
        }
        self.outputs.len() > before
    }

    /// Takes note of a bucket that is there.
    pub fn bucket(&mut self, bucket: &str) {
        if !self.buckets.iter().any(|seen| seen == bucket) {
            self.buckets.push(bucket.to_string());
        }
    }
}

/// Do all checks of the step hold, without a server being asked?
pub fn is_seen(step: &Step, seen: &Seen) -> bool {
    let seen = |check: &Check| matches!(check, Check::Output(text) if seen.outputs.contains(text));
    step.checks.iter().all(seen)
}

/// Do all checks of the step hold? An error of the server is a no.
pub async fn is_done(step: &Step, jetstream: &JetStream, seen: &RefCell<Seen>) -> bool {
    for check in step.checks {
        if !holds(check, jetstream, seen).await {
            return false;
        }
    }
    true
}

async fn holds(check: &Check, jetstream: &JetStream, seen: &RefCell<Seen>) -> bool {
    match *check {
        Check::JetStream => jetstream.account_info().await.is_ok(),
        Check::Bucket(bucket) => exists(jetstream, bucket, seen).await,
        // That nobody answers does not mean that it is gone.
        Check::Removed(bucket) => {
            let known = seen.borrow().buckets.iter().any(|seen| seen == bucket);
            let asked = jetstream.key_value(bucket).await;
            known && matches!(asked, Err(Error::BucketNotFound))
        }
        Check::Value(bucket, key) => entry(jetstream, bucket, key)
            .await
            .is_some_and(|entry| entry.operation == Operation::Put),
        Check::Is(bucket, key, value) => entry(jetstream, bucket, key).await.is_some_and(|entry| {
            entry.operation == Operation::Put && entry.value == value.as_bytes()
        }),
        Check::Deleted(bucket, key) => entry(jetstream, bucket, key)
            .await
            .is_some_and(|entry| entry.operation != Operation::Put),
        Check::Output(text) => seen.borrow().outputs.contains(&text),
    }
}

/// The first of what the step starts with that is not there; `None` too where nobody answers. Of a step that is done, only
/// the bucket is missed, and not even that if the step removed it.
pub async fn lacks(step: &Step, done: bool, jetstream: &JetStream) -> Option<&'static Check> {
    let removes = |check: &Check| matches!(check, Check::Removed(_));
    if done && step.checks.iter().any(removes) {
        return None;
    }
    for made in step.made {
        let (bucket, key) = match *made {
            Check::Value(bucket, key) if !done => (bucket, Some(key)),
            Check::Bucket(bucket) => (bucket, None),
            _ => continue,
        };
        let found = match (jetstream.key_value(bucket).await, key) {
            (Ok(bucket), Some(key)) => bucket.get(key).await.err(),
            (found, _) => found.err(),
        };
        match found {
            Some(Error::BucketNotFound | Error::KeyNotFound) => return Some(made),
            Some(_) => return None,
            None => {}
        }
    }
    None
}

async fn exists(jetstream: &JetStream, bucket: &str, seen: &RefCell<Seen>) -> bool {
    let exists = jetstream.key_value(bucket).await.is_ok();
    if exists {
        seen.borrow_mut().bucket(bucket);
    }
    exists
}

/// The newest revision of a key, markers included.
pub async fn entry(jetstream: &JetStream, bucket: &str, key: &str) -> Option<Entry> {
    jetstream
        .key_value(bucket)
        .await
        .ok()?
        .entry(key)
        .await
        .ok()?
}
