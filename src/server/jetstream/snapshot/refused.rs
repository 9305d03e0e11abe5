//! Stands in for backups of streams where there are none.

use super::JetStream;
use super::api::{Done, Request};
use super::error::ApiError;
use crate::server::core::{Core, Message, TransferId};
use crate::wire::json::Writer;

/// Answers `$JS.API.STREAM.SNAPSHOT.<stream>`.
pub fn snapshot(
    js: &mut JetStream,
    _: &mut Core,
    request: &Request<'_>,
    _: &mut Writer,
) -> Result<Done, ApiError> {
    request.require_payload()?;
    js.stream_mut(request.stream())?;
    Err(ApiError::new(500, 10081, "snapshots are not supported"))
}

/// Answers `$JS.API.STREAM.RESTORE.<stream>`.
pub fn restore(
    _: &mut JetStream,
    _: &mut Core,
    request: &Request<'_>,
    _: &mut Writer,
) -> Result<Done, ApiError> {
    request.require_payload()?;
    Err(ApiError::new(500, 10062, "restore is not supported"))
}

/// None ever go on.
#[derive(Default)]
pub(super) struct Transfers {}

impl JetStream {
    pub(super) fn send_snapshot(&mut self, _: &mut Core, _: TransferId) {}

    pub(super) fn transfer_message(&mut self, _: &mut Core, _: TransferId, _: Message<'_>) {}

    pub(super) fn transfer_due(&mut self, _: &mut Core, _: TransferId) {
        // There is nothing in it.
        let Transfers {} = self.transfers;
    }

    pub(super) fn transfer_interest(&mut self, _: &mut Core, _: TransferId) {}
}
