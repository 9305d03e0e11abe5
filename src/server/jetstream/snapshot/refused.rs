//! Stands in for backups of streams where there are none.

use super::JetStream;
use super::api::Call;
use super::error::{ApiError, BAD_REQUEST};
use crate::server::core::{ConsumerId, Core, Message, TransferId};
use crate::wire::json;

/// What waits for interest and is no consumer.
pub const NO_CONSUMER: ConsumerId = 0;

/// `$JS.API.STREAM.SNAPSHOT.<stream>`
pub static SNAPSHOT: Call = Call {
    kind: "stream_snapshot_response",
    run: |js, _, request, _| {
        if json::is_empty_request(request.payload) {
            return Err(BAD_REQUEST.into());
        }
        js.find(request.stream())?;
        Err(ApiError::new(500, 10081, "snapshots are not supported"))
    },
    on_error: "",
};

/// `$JS.API.STREAM.RESTORE.<stream>`
pub static RESTORE: Call = Call {
    kind: "stream_restore_response",
    run: |_, _, request, _| {
        if json::is_empty_request(request.payload) {
            return Err(BAD_REQUEST.into());
        }
        Err(ApiError::new(500, 10062, "restore is not supported"))
    },
    on_error: "\"deliver_subject\":\"\"",
};

/// None ever go on.
#[derive(Default)]
pub(super) struct Transfers;

impl JetStream {
    pub(super) fn send_snapshot(&mut self, _: &mut Core, _: TransferId) {}

    pub(super) fn transfer_message(&mut self, _: &mut Core, _: TransferId, _: Message<'_>) {}

    pub(super) fn transfer_due(&mut self, _: &mut Core, _: TransferId) {
        // There is nothing in it.
        let Transfers = self.transfers;
    }

    pub(super) fn transfer_interest(&mut self, _: &mut Core, _: TransferId) {}
}
