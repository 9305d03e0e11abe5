//! JetStream's API as typed requests. Knows subjects and JSON of the API, nothing of buckets.

use super::{
    connection::Client,
    error::Error,
    message::{Headers, Message},
    stored::StoredMessage,
    types::*,
};
use crate::wire::{
    json::{Decoder, FromJson, ToJson, Value, Writer, from_json, read_json, record, to_json},
    time::{SECOND, Time},
};
use std::rc::Rc;

/// A request or an answer on its way, for `--trace`.
pub enum Trace<'a> {
    /// Subject, the API level it says it needs, payload.
    Request(&'a str, u32, &'a [u8]),
    /// Subject of the request, payload.
    Response(&'a str, &'a [u8]),
    /// Subject of the request, why there is no answer.
    Failure(&'a str, &'a Error),
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
    /// API level that requests say they need, as jsm.go's do; 0 for none. nats.go says nothing.
    pub level: u32,
}

/// What to purge: everything by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purge {
    /// Only this subject (wildcards allowed).
    pub filter: Option<String>,
    /// Only what is older than this sequence. Not together with `keep`.
    pub seq: u64,
    /// All but the newest this many.
    pub keep: u64,
}

record!(Purge, "StreamPurgeRequest": [seq], [filter], [keep]);

const PUBLISH_RETRIES: u32 = 2;
const PUBLISH_RETRY_WAIT: i64 = 250 * SECOND / 1000;

/// What is read of answers besides what they describe; fields an answer lacks stay empty.
#[derive(Default)]
pub(super) struct Answer {
    error: Option<ApiError>,
    total: u64,
    purged: u64,
    pub message: Option<StoredMessage>,
}

record!(Answer, "ApiResponse": error, total, purged, message);

/// A list whose parts come in several answers.
trait Pages {
    fn len(&self) -> usize;

    fn append(&mut self, decoder: &mut Decoder, page: Value<'_>);
}

impl<T: FromJson + Default> Pages for Vec<T> {
    fn len(&self) -> usize {
        self.len()
    }

    fn append(&mut self, decoder: &mut Decoder, page: Value<'_>) {
        let mut more = Vec::new();
        more.read(decoder, page);
        self.append(&mut more);
    }
}

/// One of those answers.
struct Page<'a> {
    total: u64,
    all: &'a mut dyn Pages,
}

impl FromJson for Page<'_> {
    fn name() -> &'static str {
        "api.ApiResponse"
    }

    fn read(&mut self, decoder: &mut Decoder, value: Value<'_>) {
        decoder.object(value, "ApiResponse", &mut |decoder, name, value| {
            match name {
                "total" => self.total.read(decoder, value),
                "streams" | "consumers" => self.all.append(decoder, value),
                _ => return false,
            }
            true
        });
    }
}

impl Context {
    /// JetStream of the connection's account, answers awaited for 5 s.
    pub fn new(client: Client) -> Context {
        Context {
            client,
            prefix: "$JS.API".into(),
            timeout: 5 * SECOND,
            trace: None,
            level: 0,
        }
    }

    /// The same, with requests that say they need this API level.
    pub fn at_level(&self, level: u32) -> Context {
        Context {
            level,
            ..self.clone()
        }
    }

    /// Sends any API request (`subject` without prefix, `STREAM.INFO.x`) and hands the answer out as it came, error or
    /// not. Errors: [`Error::NoResponders`] (JetStream is off), [`Error::DeadlineExceeded`].
    pub async fn request_raw(&self, subject: &str, payload: &[u8]) -> Result<Message, Error> {
        let subject = format!("{}.{subject}", self.prefix);
        let (subject, level) = (&subject, self.level);
        let mut headers = Headers::new();
        if level > 0 {
            headers.append("Nats-Required-Api-Level", &level.to_string());
        }
        self.tell(Trace::Request(subject, level, payload));
        let request = self
            .client
            .request(subject, &headers, payload, self.timeout);
        let answer = request.await.map_err(deadline);
        self.tell(match &answer {
            Ok(Message { payload, .. }) => Trace::Response(subject, payload),
            Err(error) => Trace::Failure(subject, error),
        });
        answer
    }

    fn tell(&self, piece: Trace<'_>) {
        if let Some(trace) = &self.trace {
            trace(piece);
        }
    }

    /// Sends an API request; an answer with an error is an error.
    pub(super) async fn request(&self, subject: &str, body: &[u8]) -> Result<Vec<u8>, Error> {
        let answer = self.request_raw(subject, body).await?.payload;
        match refusal(&answer) {
            Some(error) => Err(Error::Api(error)),
            None => Ok(answer),
        }
    }

    /// The same with the answer read into something.
    pub(super) async fn ask(
        &self,
        subject: &str,
        body: &[u8],
        into: &mut dyn FromJson,
    ) -> Result<(), Error> {
        let answer = self.request(subject, body).await?;
        read(&answer, into)
    }

    /// `$JS.API.INFO`.
    pub async fn account_info(&self) -> Result<AccountInfo, Error> {
        let mut info = AccountInfo::default();
        self.ask("INFO", b"", &mut info).await?;
        Ok(info)
    }

    /// STREAM.CREATE; the same configuration again is no error.
    pub async fn create_stream(&self, config: &StreamConfig) -> Result<StreamInfo, Error> {
        self.stream("CREATE", &config.name, &to_json(config)).await
    }

    /// STREAM.UPDATE.
    pub async fn update_stream(&self, config: &StreamConfig) -> Result<StreamInfo, Error> {
        self.stream("UPDATE", &config.name, &to_json(config)).await
    }

    /// STREAM.INFO.
    pub async fn stream_info(&self, stream: &str) -> Result<StreamInfo, Error> {
        self.stream("INFO", stream, b"").await
    }

    pub(super) async fn stream(
        &self,
        what: &str,
        name: &str,
        body: &[u8],
    ) -> Result<StreamInfo, Error> {
        let mut info = StreamInfo::default();
        let subject = format!("STREAM.{what}.{name}");
        self.ask(&subject, body, &mut info).await?;
        Ok(info)
    }

    /// STREAM.INFO with `state.deleted`, if `deleted`, and `state.subjects` of those that match `subjects`, all pages.
    pub async fn stream_info_details(
        &self,
        stream: &str,
        deleted: bool,
        subjects: &str,
    ) -> Result<StreamInfo, Error> {
        let subject = format!("STREAM.INFO.{stream}");
        let mut all = Vec::new();
        loop {
            let mut body = Writer::default();
            body.open().key("offset").uint(all.len() as u64);
            if deleted {
                body.key("deleted_details").bool(true);
            }
            body.key("subjects_filter").string(subjects).close();
            let answer = self.request(&subject, &body.finish()).await?;
            let (mut page, mut info) = (Answer::default(), StreamInfo::default());
            read(&answer, &mut page)?;
            read(&answer, &mut info)?;
            let some = !info.state.subjects.is_empty();
            all.append(&mut info.state.subjects);
            if !some || all.len() as u64 >= page.total {
                info.state.subjects = all;
                return Ok(info);
            }
        }
    }

    /// STREAM.NAMES, all pages, of streams with a subject that overlaps `subject` (empty: all).
    pub async fn stream_names(&self, subject: &str) -> Result<Vec<String>, Error> {
        let mut all = Vec::new();
        self.pages("STREAM.NAMES", subject, &mut all).await?;
        Ok(all)
    }

    /// STREAM.LIST, all pages, of streams with a subject that overlaps `subject` (empty: all).
    pub async fn streams(&self, subject: &str) -> Result<Vec<StreamInfo>, Error> {
        let mut all = Vec::new();
        self.pages("STREAM.LIST", subject, &mut all).await?;
        Ok(all)
    }

    async fn pages(&self, api: &str, subject: &str, all: &mut dyn Pages) -> Result<(), Error> {
        loop {
            let before = all.len();
            let mut body = Writer::default();
            body.open().key("offset").uint(before as u64);
            if !subject.is_empty() {
                body.key("subject").string(subject);
            }
            body.close();
            let mut page = Page { total: 0, all };
            self.ask(api, &body.finish(), &mut page).await?;
            let total = page.total;
            if all.len() == before || all.len() as u64 >= total {
                return Ok(());
            }
        }
    }

    /// STREAM.DELETE.
    pub async fn delete_stream(&self, stream: &str) -> Result<(), Error> {
        let subject = format!("STREAM.DELETE.{stream}");
        self.request(&subject, b"").await.map(|_| ())
    }

    /// STREAM.PURGE; how many messages went.
    pub async fn purge_stream(&self, stream: &str, what: &Purge) -> Result<u64, Error> {
        let all = *what == Purge::default();
        let body = if all { vec![] } else { to_json(what) };
        let mut answer = Answer::default();
        let subject = format!("STREAM.PURGE.{stream}");
        self.ask(&subject, &body, &mut answer).await?;
        Ok(answer.purged)
    }

    /// CONSUMER.CREATE; `action` is empty, `create` or `update`.
    pub async fn create_consumer(
        &self,
        stream: &str,
        config: &ConsumerConfig,
        action: &str,
    ) -> Result<ConsumerInfo, Error> {
        let name = match config.name.is_empty() {
            true => &config.durable_name,
            false => &config.name,
        };
        let mut subject = format!("CONSUMER.CREATE.{stream}");
        if !name.is_empty() {
            subject = format!("{subject}.{name}");
            if !config.filter_subject.is_empty() {
                subject = format!("{subject}.{}", config.filter_subject);
            }
        }
        let mut body = Writer::default();
        body.open().key("stream_name").string(stream).key("config");
        config.write(&mut body);
        body.key("action").string(action).close();
        self.consumer(&subject, &body.finish()).await
    }

    /// CONSUMER.INFO.
    pub async fn consumer_info(&self, stream: &str, consumer: &str) -> Result<ConsumerInfo, Error> {
        let subject = format!("CONSUMER.INFO.{stream}.{consumer}");
        self.consumer(&subject, b"").await
    }

    pub(crate) async fn consumer(&self, subject: &str, body: &[u8]) -> Result<ConsumerInfo, Error> {
        let mut info = ConsumerInfo::default();
        self.ask(subject, body, &mut info).await?;
        Ok(info)
    }

    /// CONSUMER.DELETE.
    pub async fn delete_consumer(&self, stream: &str, consumer: &str) -> Result<(), Error> {
        let subject = format!("CONSUMER.DELETE.{stream}.{consumer}");
        self.request(&subject, b"").await.map(|_| ())
    }

    /// CONSUMER.NAMES, all pages.
    pub async fn consumer_names(&self, stream: &str) -> Result<Vec<String>, Error> {
        let mut all = Vec::new();
        let api = format!("CONSUMER.NAMES.{stream}");
        self.pages(&api, "", &mut all).await?;
        Ok(all)
    }

    /// CONSUMER.LIST, all pages.
    pub async fn consumers(&self, stream: &str) -> Result<Vec<ConsumerInfo>, Error> {
        let mut all = Vec::new();
        let api = format!("CONSUMER.LIST.{stream}");
        self.pages(&api, "", &mut all).await?;
        Ok(all)
    }

    /// CONSUMER.PAUSE until a time; `None` resumes.
    pub async fn pause_consumer(
        &self,
        stream: &str,
        consumer: &str,
        until: Option<Time>,
    ) -> Result<PauseState, Error> {
        let mut body = Writer::default();
        if until.is_some() {
            body.open().key("pause_until").time(until).close();
        }
        let subject = format!("CONSUMER.PAUSE.{stream}.{consumer}");
        let mut state = PauseState::default();
        self.ask(&subject, &body.finish(), &mut state).await?;
        Ok(state)
    }

    /// Publishes to a stream and awaits its acknowledgement. As nats.go: without responders tried twice more, 250 ms
    /// apart, then [`Error::NoStreamResponse`]; refused: [`Error::Publish`].
    pub async fn publish(
        &self,
        subject: &str,
        headers: &Headers,
        payload: &[u8],
    ) -> Result<PubAck, Error> {
        let runtime = self.client.runtime();
        let end = runtime.now().after(self.timeout);
        let mut tries = 0;
        let answer = loop {
            let left = end.since(runtime.now());
            if left <= 0 {
                return Err(Error::DeadlineExceeded);
            }
            match self.client.request(subject, headers, payload, left).await {
                Err(Error::NoResponders) if tries < PUBLISH_RETRIES => {
                    tries += 1;
                    let left = end.since(runtime.now()).max(0);
                    runtime.sleep(PUBLISH_RETRY_WAIT.min(left)).await;
                }
                Err(Error::NoResponders) => return Err(Error::NoStreamResponse),
                answer => break answer.map_err(deadline)?.payload,
            }
        };
        if let Some(error) = refusal(&answer) {
            return Err(Error::Publish(error));
        }
        let mut ack = PubAck::default();
        read(&answer, &mut ack)?;
        match ack.stream.is_empty() {
            true => Err(Error::InvalidResponse),
            false => Ok(ack),
        }
    }
}

fn deadline(error: Error) -> Error {
    match error {
        Error::Timeout => Error::DeadlineExceeded,
        error => error,
    }
}

/// The error an answer may hold instead of what was asked for.
pub fn refusal(answer: &[u8]) -> Option<ApiError> {
    from_json::<Answer>(answer).ok()?.error
}

fn read(answer: &[u8], into: &mut dyn FromJson) -> Result<(), Error> {
    read_json(answer, into).map_err(|_| Error::InvalidResponse)
}
