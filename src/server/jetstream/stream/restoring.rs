//! A stream that is being restored from a backup: what comes goes into its store as it is, and nothing is published to it
//! until all is there. Must not know the backup.

use super::Stream;
use super::fields::Fields;
use super::removal::NEVER;
use crate::server::core::{Core, StreamId};
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::store::LAST_SEQ;
use crate::server::journal::Record;
use crate::wire::time::{SECOND, Time};
use crate::wire::ttl::{self, Ttl};

/// A message that comes back.
#[derive(Clone, Copy, Debug)]
pub struct Restored<'a> {
    /// Its sequence.
    pub seq: u64,
    /// When it was stored.
    pub time: Time,
    /// Its subject.
    pub subject: &'a [u8],
    /// Its header block.
    pub headers: &'a [u8],
    /// What follows the headers.
    pub payload: &'a [u8],
}

/// A sequence does not follow the last one.
pub struct Mismatch;

impl Mismatch {
    /// nats-server's text.
    pub const TEXT: &str = "expected sequence does not match store";
}

impl Stream {
    /// A stream without messages whose first sequence is to be `first`; otherwise it is as a new one.
    pub fn to_restore(
        id: StreamId,
        config: super::StreamConfig,
        now: Time,
        first: Option<u64>,
    ) -> Stream {
        let mut stream = Stream::silent(id, config, now);
        stream.restoring = true;
        if let Some(first) = first
            && (first == 0 || first > stream.store.last_seq())
        {
            stream.store.clear(first);
        }
        stream
    }

    /// Uses up the sequences from `from` to `to`.
    ///
    /// # Errors
    /// When `from` is not the next one, or `to` would leave none.
    pub fn skip(&mut self, core: &mut Core, from: u64, to: u64) -> Result<(), Mismatch> {
        if from != self.store.last_seq() + 1 || to > LAST_SEQ {
            return Err(Mismatch);
        }
        let time = self.store.last_time();
        let time = if time.0 == 0 { core.now() } else { time };
        self.store.skip_to(to, time);
        Ok(())
    }

    /// Takes a message back. One whose time to live is over leaves its sequence.
    ///
    /// # Errors
    /// When its sequence is not the next one.
    pub fn put_back(&mut self, core: &mut Core, message: Restored<'_>) -> Result<(), Mismatch> {
        let Restored {
            seq,
            time,
            subject,
            headers,
            payload,
        } = message;
        let ttl = ttl::parse(Fields::read(headers).ttl);
        if let Ok(Some(Ttl::Seconds(seconds))) = ttl
            // Here only the product wraps around in nats-server.
            && core.now() > time.after(seconds.wrapping_mul(SECOND))
        {
            return self.skip(core, seq, seq);
        }
        if seq != self.store.last_seq() + 1 || seq > LAST_SEQ {
            return Err(Mismatch);
        }
        self.store.push(seq, subject, headers, payload, time, None);
        let id = self.id;
        self.record(
            core,
            Record::Message {
                id,
                seq,
                time,
                subject,
                headers,
                payload,
            },
        );
        self.note_source(headers);
        self.enforce_limits(core, subject);
        Ok(())
    }

    /// Is the `Nats-TTL` of these headers one?
    ///
    /// # Errors
    /// What the API says of one that is not.
    pub fn check_ttl(headers: &[u8]) -> Result<(), ApiError> {
        ttl::parse(Fields::read(headers).ttl)?;
        Ok(())
    }

    /// All is there. As in nats-server, ids of messages are not looked up in what came back.
    pub fn open(&mut self, core: &mut Core) {
        self.restoring = false;
        self.listen(core);
        self.record_state(core);
        if self.config.allow_msg_ttl {
            self.index_deadlines();
        }
        // What has had its time is still there when the end is told.
        let deadline = self.store.next_deadline().map_or(NEVER, |(at, _)| at);
        let oldest = self.store.from(0).next();
        let oldest = oldest.map_or(NEVER, |(_, message)| message.time);
        self.arm_expiry(core, deadline, oldest);
        self.settle(core);
    }
}
