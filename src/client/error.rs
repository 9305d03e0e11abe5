//! What can go wrong for a client, in the words of nats.go.

use super::{transport::TransportError, types::ApiError};
use std::fmt;

/// An error of any client call. Displayed as nats.go 1.55 displays it, which is what `nats: error: …` is followed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The first connection could not be opened; [`TransportError::Refused`] reads "no servers available".
    Transport(TransportError),
    /// An `-ERR` of the server, text without quotes: `Authorization Violation`, `Permissions Violation …`.
    Server(String),
    /// The keys of [`super::Signer`] cannot sign; why.
    Signing(String),
    /// The server asks for no signature of a user with a key alone.
    NkeysNotSupported,
    /// What answered is no nats-server: no INFO first, or none in time.
    NoInfo,
    /// The server said something that is not the protocol; the line.
    Protocol(String),
    /// There is no connection right now.
    Disconnected,
    /// [`super::Client::close`] was called, or the connection ended for good.
    ConnectionClosed,
    /// No answer in time to a core request, flush or connect.
    Timeout,
    /// No answer in time to a JetStream request.
    DeadlineExceeded,
    /// Nobody listens on the request's subject.
    NoResponders,
    /// No stream took the message.
    NoStreamResponse,
    /// Payload and headers exceed the server's `max_payload`.
    MaxPayload,
    /// More than 8 MiB published while there was no connection.
    ReconnectBufferExceeded,
    /// Subject empty, with blanks, or with an empty token.
    InvalidSubject,
    /// A header whose name is empty, or has blanks or separators.
    BadHeader,
    /// Queue group with blanks.
    InvalidQueue,
    /// The answer is not what the API promises.
    InvalidResponse,
    /// JetStream refused a request.
    Api(ApiError),
    /// JetStream refused a published message.
    Publish(ApiError),
    /// A get for a message that is not there.
    MessageNotFound,
    /// KV: see [`super::kv`].
    InvalidBucketName,
    /// KV: bad key of a put, get, create, update, delete or purge.
    InvalidKey,
    /// KV: bad key of a watch, a history or a listing.
    InvalidSearchKey,
    /// KV: history above 64.
    HistoryTooLarge,
    /// KV: the bucket exists with another configuration.
    BucketExists(String, ApiError),
    /// KV: the bucket to be updated or removed does not exist; holds its name.
    BucketNotFoundNamed(String, ApiError),
    /// KV: no such bucket.
    BucketNotFound,
    /// KV: the stream cannot be a bucket.
    BadBucket,
    /// KV: no such key, or deleted.
    KeyNotFound,
    /// KV: create of a key that is there.
    KeyExists(ApiError),
    /// KV: update or delete with another revision than the last one.
    KeyRevisionMismatch(ApiError),
    /// KV: a server too old for limit markers.
    LimitMarkerTtlNotSupported,
    /// An unusable argument, in nats.go's words without `nats: `.
    Invalid(&'static str),
}

impl Error {
    /// The API error inside, if there is one.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Error::Api(error)
            | Error::Publish(error)
            | Error::BucketExists(_, error)
            | Error::BucketNotFoundNamed(_, error)
            | Error::KeyExists(error)
            | Error::KeyRevisionMismatch(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ApiError {
            code,
            err_code,
            description,
        } = self;
        write!(
            f,
            "nats: API error: code={code} err_code={err_code} description={description}"
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Error::Transport(TransportError::Refused(_)) => "no servers available for connection",
            Error::Transport(error) => return error.fmt(f),
            Error::Server(text) => text,
            Error::Signing(why) => return write!(f, "error signing nonce: {why}"),
            Error::NkeysNotSupported => "nkeys not supported by the server",
            Error::NoInfo => "protocol exception, INFO not received",
            Error::Protocol(line) => return write!(f, "nats: unknown protocol operation: {line}"),
            Error::Disconnected => "server is disconnected",
            Error::ConnectionClosed => "connection closed",
            Error::Timeout => "timeout",
            Error::DeadlineExceeded => return f.write_str("context deadline exceeded"),
            Error::NoResponders => "no responders available for request",
            Error::NoStreamResponse => "no response from stream",
            Error::MaxPayload => "maximum payload exceeded",
            Error::ReconnectBufferExceeded => "outbound buffer limit exceeded",
            Error::InvalidSubject => "invalid subject",
            Error::BadHeader => "message could not decode headers",
            Error::InvalidQueue => "invalid queue name",
            Error::InvalidResponse => "invalid jetstream api response",
            Error::Api(error) => return error.fmt(f),
            Error::Publish(error) => return write!(f, "nats: {error}"),
            Error::MessageNotFound => "message not found",
            Error::InvalidBucketName => "invalid bucket name",
            Error::InvalidKey => "invalid key",
            Error::InvalidSearchKey => {
                "invalid key: key cannot be empty and must be a valid NATS subject"
            }
            Error::HistoryTooLarge => "history limited to a max of 64",
            // nats.go puts its own words here, not the server's.
            Error::BucketExists(bucket, error) => {
                return write!(
                    f,
                    "nats: bucket name already in use: {bucket}\nnats: API error: code={} err_code={} \
                     description=stream name already in use",
                    error.code, error.err_code
                );
            }
            Error::BucketNotFoundNamed(bucket, error) => {
                return write!(f, "nats: bucket not found: {bucket}\n{error}");
            }
            Error::BucketNotFound => "bucket not found",
            Error::BadBucket => "bucket not valid key-value store",
            Error::KeyNotFound => "key not found",
            Error::KeyExists(error) => return write!(f, "nats: {error}: key exists"),
            Error::KeyRevisionMismatch(error) => {
                return write!(f, "nats: {error}: nats: key revision mismatch");
            }
            Error::LimitMarkerTtlNotSupported => "limit marker TTLs not supported by server",
            Error::Invalid(text) => text,
        };
        write!(f, "nats: {text}")
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Error {
        Error::Transport(error)
    }
}
