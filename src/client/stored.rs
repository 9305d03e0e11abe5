//! Messages of streams: which to get, what is told of them, and the requests that get and delete them.

use super::{
    error::Error,
    jetstream::{Answer, Context},
    message::{Headers, Message},
};
use crate::wire::{
    base64,
    json::{Writer, record},
    time::Time,
};

/// Which message to get.
#[derive(Clone, Copy, Debug)]
pub enum DirectGet<'a> {
    /// The one with this sequence.
    Sequence(u64),
    /// The newest on this subject.
    Last(&'a str),
    /// The first on this subject with at least this sequence.
    Next(&'a str, u64),
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

/// One as STREAM.MSG.GET answers it.
#[derive(Default)]
pub(super) struct StoredMessage {
    subject: String,
    seq: u64,
    hdrs: String,
    data: String,
    time: Option<Time>,
}

record!(StoredMessage, "StoredMsg": subject, seq, hdrs, data, time);

impl Context {
    /// STREAM.MSG.GET. [`Error::Api`] 10037 when there is no such message.
    pub async fn get_message(
        &self,
        stream: &str,
        which: DirectGet<'_>,
    ) -> Result<RawMessage, Error> {
        let subject = format!("STREAM.MSG.GET.{stream}");
        let mut answer = Answer::default();
        self.ask(&subject, &which.body(), &mut answer).await?;
        let message = answer.message.ok_or(Error::InvalidResponse)?;
        let bytes = |text: &str| base64::decode(text).ok_or(Error::InvalidResponse);
        let header_block = bytes(&message.hdrs)?;
        Ok(RawMessage {
            subject: message.subject,
            sequence: message.seq,
            headers: Headers::decode(&header_block).0,
            header_block,
            payload: bytes(&message.data)?,
            time: message.time.ok_or(Error::InvalidResponse)?,
        })
    }

    /// STREAM.MSG.DELETE, overwriting it (`secure`) or not.
    pub async fn delete_message(
        &self,
        stream: &str,
        sequence: u64,
        secure: bool,
    ) -> Result<(), Error> {
        let mut body = Writer::default();
        body.open().key("seq").uint(sequence);
        if !secure {
            body.key("no_erase").bool(true);
        }
        body.close();
        let subject = format!("STREAM.MSG.DELETE.{stream}");
        self.request(&subject, &body.finish()).await.map(|_| ())
    }

    /// DIRECT.GET, which the stream must allow. [`Error::MessageNotFound`] when there is no such message.
    pub async fn direct_get(
        &self,
        stream: &str,
        which: DirectGet<'_>,
    ) -> Result<RawMessage, Error> {
        let answer = match which {
            DirectGet::Last(subject) => {
                let subject = format!("DIRECT.GET.{stream}.{subject}");
                self.request_raw(&subject, b"").await?
            }
            which => {
                let subject = format!("DIRECT.GET.{stream}");
                self.request_raw(&subject, &which.body()).await?
            }
        };
        match answer.status {
            Some(status) if status.code == 404 => return Err(Error::MessageNotFound),
            Some(status) => return Err(Error::Server(status.description)),
            None => {}
        }
        let field = |name| answer.headers.get(name).ok_or(Error::InvalidResponse);
        let subject = field("Nats-Subject")?.to_string();
        let sequence = field("Nats-Sequence")?.parse();
        let sequence = sequence.map_err(|_| Error::InvalidResponse)?;
        let time = Time::parse_rfc3339(field("Nats-Time-Stamp")?).ok_or(Error::InvalidResponse)?;
        let mut headers = answer.headers;
        for name in "Nats-Stream Nats-Subject Nats-Sequence Nats-Time-Stamp".split(' ') {
            headers.remove_last(name);
        }
        Ok(RawMessage {
            subject,
            sequence,
            header_block: headers.encode(),
            headers,
            payload: answer.payload,
            time,
        })
    }
}

impl DirectGet<'_> {
    fn body(self) -> Vec<u8> {
        let mut body = Writer::default();
        body.open();
        match self {
            DirectGet::Sequence(seq) => body.key("seq").uint(seq),
            DirectGet::Last(subject) => body.key("last_by_subj").string(subject),
            DirectGet::Next(subject, seq) => {
                body.key("seq").uint(seq);
                body.key("next_by_subj").string(subject)
            }
        };
        body.close();
        body.finish()
    }
}

/// What a JetStream message's reply subject says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageInfo {
    /// Stream it is kept in.
    pub stream: String,
    /// Consumer that delivered it.
    pub consumer: String,
    /// How often it has been delivered, this time included.
    pub delivered: u64,
    /// Its sequence in the stream.
    pub stream_sequence: u64,
    /// Its number among the consumer's deliveries.
    pub consumer_sequence: u64,
    /// When it was stored.
    pub published: Time,
    /// Messages for the consumer after this one.
    pub pending: u64,
}

impl Message {
    /// Where the message comes from, if a consumer delivered it: reads `$JS.ACK.…` with and without domain.
    pub fn info(&self) -> Option<MessageInfo> {
        let tokens: Vec<&str> = self
            .reply
            .as_deref()?
            .strip_prefix("$JS.ACK.")?
            .split('.')
            .collect();
        let tokens = match tokens.len() {
            7 => &tokens[..],
            9.. => &tokens[2..],
            _ => return None,
        };
        let number = |at: usize| tokens[at].parse().ok();
        Some(MessageInfo {
            stream: tokens[0].into(),
            consumer: tokens[1].into(),
            delivered: number(2)?,
            stream_sequence: number(3)?,
            consumer_sequence: number(4)?,
            published: Time(tokens[5].parse().ok()?),
            pending: number(6)?,
        })
    }
}
