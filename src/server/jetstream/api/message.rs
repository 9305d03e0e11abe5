//! `$JS.API.STREAM.MSG.*`: one message read or deleted.

use super::direct::Get;
use super::{Call, Done, Request};
use crate::server::core::Core;
use crate::server::jetstream::JetStream;
use crate::server::jetstream::error::{ApiError, BAD_REQUEST, NO_MESSAGE, SEALED};
use crate::server::jetstream::store::Storage;
use crate::wire::json::{self, Writer};

pub static GET: Call = Call {
    kind: "stream_msg_get_response",
    run: get,
    on_error: "",
};

pub static DELETE: Call = Call {
    kind: "stream_msg_delete_response",
    run: delete,
    on_error: "",
};

fn get(
    js: &mut JetStream,
    _: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    request.require_payload()?;
    let mut wanted = Get::default();
    json::decode(request.payload, |d, value| wanted.read(d, value))
        .map_err(|error| ApiError::invalid_json(&error))?;
    let nothing = wanted.seq == 0
        && wanted.last_by_subj.is_empty()
        && wanted.next_by_subj.is_empty()
        && wanted.start_time.is_none();
    if wanted.batch > 0 || wanted.max_bytes > 0 || nothing || wanted.conflicts() {
        return Err(BAD_REQUEST.into());
    }
    let stream = js.stream_mut(request.stream())?;
    let Some(seq) = wanted.first(&stream.store) else {
        return Err(NO_MESSAGE.into());
    };
    let Some(message) = stream.store.get(seq) else {
        return Err(NO_MESSAGE.into());
    };
    w.key("message").open();
    w.key("subject").bytes(message.subject);
    w.key("seq").uint(seq);
    if !message.headers().is_empty() && !wanted.no_hdr {
        w.key("hdrs").base64(message.headers());
    }
    if !message.payload().is_empty() {
        w.key("data").base64(message.payload());
    }
    w.key("time").time(Some(message.time)).close();
    Ok(Done {
        unseen: true,
        ..Done::default()
    })
}

fn delete(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    request.require_payload()?;
    let (mut seq, mut no_erase) = (0, false);
    request.read("JSApiMsgDeleteRequest", &mut |d, name, value| {
        match name {
            "seq" => d.uint64(value, &mut seq),
            "no_erase" => d.bool(value, &mut no_erase),
            _ => return false,
        }
        true
    })?;
    let stream = js.stream_mut(request.stream())?;
    if stream.config.sealed {
        return Err(SEALED.into());
    }
    if stream.config.deny_delete {
        return Err(ApiError::new(500, 10057, "message delete not permitted"));
    }
    if stream.remove(core, seq) {
        stream.settle(core);
        w.key("success").bool(true);
        return Ok(Done::default());
    }
    let (store, last) = (&stream.store, stream.store.last_seq());
    let missing = ApiError::new(400, 10043, format!("sequence {seq} not found"));
    let error = match stream.config.storage {
        Storage::Memory => missing,
        Storage::File if seq > last => ApiError::new(500, 10057, "stream store EOF"),
        Storage::File if store.is_empty() || seq < store.first_seq() => {
            ApiError::new(500, 10057, "no message found")
        }
        Storage::File => missing,
    };
    Err(error.uncounted())
}
