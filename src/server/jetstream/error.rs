//! The errors of the JetStream API: status-like `code`, the exact `err_code` and the text clients show.

use crate::wire::json::Writer;
use crate::wire::ttl;

/// An error of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// 4xx or 5xx, after HTTP.
    pub code: u16,
    /// The number that names the error.
    pub err_code: u16,
    /// Text for people.
    pub description: String,
    /// Is one of `api.errors`.
    pub counts: bool,
}

/// An error whose text never varies: `code`, `err_code`, `description`.
pub type Known = (u16, u16, &'static str);

/// 400/10003
pub const BAD_REQUEST: Known = (400, 10003, "bad request");
/// 503/10010
pub const CLUSTER_REQUIRED: Known = (503, 10010, "JetStream clustering support required");
/// 503/10039
pub const NOT_ENABLED: Known = (503, 10039, "JetStream not enabled for account");
/// 404/10059
pub const STREAM_NOT_FOUND: Known = (404, 10059, "stream not found");
/// 404/10037
pub const NO_MESSAGE: Known = (404, 10037, "no message found");
/// 400/10038
pub const NOT_EMPTY: Known = (400, 10038, "expected an empty request payload");
/// 412/10185
pub const REQUIRED_LEVEL: Known = (412, 10185, "JetStream minimum api level required");
/// 400/10056
pub const STREAM_MISMATCH: Known = (400, 10056, "stream name in subject does not match request");
/// 400/10065
pub const SUBJECT_OVERLAP: Known = (400, 10065, "subjects overlap with an existing stream");
/// 500/10074
pub const REPLICAS: Known = (
    500,
    10074,
    "replicas > 1 not supported in non-clustered mode",
);
/// 400/10109
pub const SEALED: Known = (400, 10109, "invalid operation on sealed stream");

/// How the description of 400/10025 starts.
pub const INVALID_JSON: &str = "invalid JSON: ";

impl ApiError {
    /// An error with a text of its own.
    pub fn new(code: u16, err_code: u16, description: impl Into<String>) -> ApiError {
        ApiError {
            code,
            err_code,
            description: description.into(),
            counts: true,
        }
    }

    /// The same, but none of `api.errors`.
    pub fn uncounted(self) -> ApiError {
        ApiError {
            counts: false,
            ..self
        }
    }

    /// 500/10052, what stream configurations are refused with unless there is a number for it.
    pub fn invalid_config(description: impl Into<String>) -> ApiError {
        ApiError::new(500, 10052, description)
    }

    /// 400/10025
    pub fn invalid_json(error: &str) -> ApiError {
        ApiError::new(400, 10025, format!("{INVALID_JSON}{error}"))
    }

    /// Writes the `error` object.
    pub fn write(&self, w: &mut Writer) {
        w.open();
        w.key("code").uint(self.code.into());
        w.key("err_code").uint(self.err_code.into());
        w.key("description").string(&self.description).close();
    }
}

impl From<Known> for ApiError {
    fn from((code, err_code, description): Known) -> ApiError {
        ApiError::new(code, err_code, description)
    }
}

impl From<ttl::Invalid> for ApiError {
    fn from(_: ttl::Invalid) -> ApiError {
        ApiError::new(400, 10165, "invalid per-message TTL")
    }
}
