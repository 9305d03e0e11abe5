//! A watch: an ordered push consumer on a bucket that notices gaps and missed heartbeats, makes itself anew, also after a
//! reconnect, and goes on where it was, so that every revision is seen once.

use super::Entry;
use crate::client::error::Error;

/// What a watch delivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchOptions {
    /// All revisions, not only the newest of each key.
    pub include_history: bool,
    /// Only what comes after the start.
    pub updates_only: bool,
    /// Leave markers out.
    pub ignore_deletes: bool,
    /// Without values.
    pub meta_only: bool,
    /// Everything from this revision on, unless it is 0; wins over the first two.
    pub resume_from_revision: u64,
}

/// Changes of a bucket in order.
pub struct Watch {}

#[allow(unused_variables, clippy::todo)]
impl Watch {
    /// The next revision. `None` once, when everything that was there at the start has been delivered (with
    /// `updates_only`: not at all), as nats.go does. Errors end the watch: [`Error::ConnectionClosed`].
    pub async fn next(&mut self) -> Result<Option<Entry>, Error> {
        todo!()
    }

    /// Ends it: unsubscribes and removes the consumer, as nats.go's `Stop`, which does not wait for the answer.
    pub fn stop(self) {
        todo!()
    }
}
