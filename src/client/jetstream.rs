//! JetStream's API as typed requests. Knows subjects and JSON of the API, nothing of buckets.

use super::{
    connection::Client,
    error::Error,
    message::{Headers, Message},
    types::*,
};
use crate::wire::time::Time;
use std::rc::Rc;

/// A request or an answer on its way, for `--trace`.
#[allow(missing_docs)]
pub enum Trace<'a> {
    Request { subject: &'a str, payload: &'a [u8] },
    Response { subject: &'a str, payload: &'a [u8] },
}

/// Gets to see every API request and direct get; not publishes, not pushed messages.
pub type TraceFn = Rc<dyn Fn(Trace<'_>)>;

/// A JetStream account, reached through a connection; clones share the connection.
#[derive(Clone)]
pub struct Context {
    /// The connection.
    pub client: Client,
    /// First tokens of API subjects: `$JS.API`, or `$JS.<domain>.API`.
    pub prefix: String,
    /// How long to wait for an answer, in ns. nats.go and natscli: 5 s.
    pub timeout: i64,
    /// Sees requests and answers.
    pub trace: Option<TraceFn>,
}

/// What to purge: everything by default.
#[derive(Clone, Debug, Default)]
pub struct Purge {
    /// Only this subject (wildcards allowed).
    pub filter: Option<String>,
    /// Only what is older than this sequence. Not together with `keep`.
    pub seq: u64,
    /// All but the newest this many.
    pub keep: u64,
}

/// Which message to get.
#[derive(Clone, Copy, Debug)]
pub enum DirectGet<'a> {
    /// The one with this sequence.
    Sequence(u64),
    /// The newest on this subject.
    Last(&'a str),
    /// The first on this subject with at least this sequence.
    Next(&'a str, u64),
    /// The first stored at or after this time.
    Since(Time),
}

/// A stored message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawMessage {
    /// Subject it is stored under.
    pub subject: String,
    /// Stream sequence.
    pub sequence: u64,
    /// Headers as stored.
    pub headers: Headers,
    /// Header block as stored; empty when there is none.
    pub header_block: Vec<u8>,
    /// Payload.
    pub payload: Vec<u8>,
    /// When it was stored.
    pub time: Time,
}

#[allow(unused_variables, clippy::todo)]
impl Context {
    /// JetStream of the connection's account, answers awaited for 5 s.
    pub fn new(client: Client) -> Context {
        Context {
            client,
            prefix: "$JS.API".into(),
            timeout: 5_000_000_000,
            trace: None,
        }
    }

    /// Sends any API request (`subject` without prefix, `STREAM.INFO.x`) and hands the answer's payload out as it came,
    /// error or not. Errors: [`Error::NoResponders`] (JetStream is off), [`Error::DeadlineExceeded`].
    pub async fn request_raw(&self, subject: &str, payload: &[u8]) -> Result<Message, Error> {
        todo!()
    }

    /// `$JS.API.INFO`.
    pub async fn account_info(&self) -> Result<AccountInfo, Error> {
        todo!()
    }

    /// STREAM.CREATE; the same configuration again is no error.
    pub async fn create_stream(&self, config: &StreamConfig) -> Result<StreamInfo, Error> {
        todo!()
    }

    /// STREAM.UPDATE.
    pub async fn update_stream(&self, config: &StreamConfig) -> Result<StreamInfo, Error> {
        todo!()
    }

    /// STREAM.INFO.
    pub async fn stream_info(&self, stream: &str) -> Result<StreamInfo, Error> {
        todo!()
    }

    /// STREAM.INFO with `state.deleted`, if `deleted`, and `state.subjects` of those that match `subjects`, all pages.
    pub async fn stream_info_details(
        &self,
        stream: &str,
        deleted: bool,
        subjects: &str,
    ) -> Result<StreamInfo, Error> {
        todo!()
    }

    /// STREAM.NAMES, all pages, of streams with a subject that overlaps `subject` (empty: all).
    pub async fn stream_names(&self, subject: &str) -> Result<Vec<String>, Error> {
        todo!()
    }

    /// STREAM.LIST, all pages, of streams with a subject that overlaps `subject` (empty: all).
    pub async fn streams(&self, subject: &str) -> Result<Vec<StreamInfo>, Error> {
        todo!()
    }

    /// STREAM.DELETE.
    pub async fn delete_stream(&self, stream: &str) -> Result<(), Error> {
        todo!()
    }

    /// STREAM.PURGE; how many messages went.
    pub async fn purge_stream(&self, stream: &str, what: &Purge) -> Result<u64, Error> {
        todo!()
    }

    /// STREAM.MSG.GET. [`Error::Api`] 10037 when there is no such message.
    pub async fn get_message(
        &self,
        stream: &str,
        which: DirectGet<'_>,
    ) -> Result<RawMessage, Error> {
        todo!()
    }

    /// STREAM.MSG.DELETE, overwriting it (`secure`) or not.
    pub async fn delete_message(
        &self,
        stream: &str,
        sequence: u64,
        secure: bool,
    ) -> Result<(), Error> {
        todo!()
    }

    /// DIRECT.GET, which the stream must allow. [`Error::MessageNotFound`] when there is no such message.
    pub async fn direct_get(
        &self,
        stream: &str,
        which: DirectGet<'_>,
    ) -> Result<RawMessage, Error> {
        todo!()
    }

    /// CONSUMER.CREATE; `action` is empty, `create` or `update`.
    pub async fn create_consumer(
        &self,
        stream: &str,
        config: &ConsumerConfig,
        action: &str,
    ) -> Result<ConsumerInfo, Error> {
        todo!()
    }

    /// CONSUMER.INFO.
    pub async fn consumer_info(&self, stream: &str, consumer: &str) -> Result<ConsumerInfo, Error> {
        todo!()
    }

    /// CONSUMER.DELETE.
    pub async fn delete_consumer(&self, stream: &str, consumer: &str) -> Result<(), Error> {
        todo!()
    }

    /// CONSUMER.NAMES, all pages.
    pub async fn consumer_names(&self, stream: &str) -> Result<Vec<String>, Error> {
        todo!()
    }

    /// CONSUMER.LIST, all pages.
    pub async fn consumers(&self, stream: &str) -> Result<Vec<ConsumerInfo>, Error> {
        todo!()
    }

    /// CONSUMER.PAUSE until a time; `None` resumes.
    pub async fn pause_consumer(
        &self,
        stream: &str,
        consumer: &str,
        until: Option<Time>,
    ) -> Result<PauseState, Error> {
        todo!()
    }

    /// Publishes to a stream and awaits its acknowledgement. As nats.go: without responders tried twice more, 250 ms
    /// apart, then [`Error::NoStreamResponse`]; refused: [`Error::Publish`].
    pub async fn publish(
        &self,
        subject: &str,
        headers: &Headers,
        payload: &[u8],
    ) -> Result<PubAck, Error> {
        todo!()
    }
}
