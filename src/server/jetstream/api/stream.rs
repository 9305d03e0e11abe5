//! `$JS.API.STREAM.*` except messages: create, update, info, names, list, delete, purge.

use super::{Call, Done, Request};
use crate::server::core::Core;
use crate::server::jetstream::JetStream;
use crate::server::jetstream::error::{
    ApiError, BAD_REQUEST, NOT_EMPTY, REPLICAS, SEALED, STREAM_MISMATCH, SUBJECT_OVERLAP,
};
use crate::server::jetstream::snapshot;
use crate::server::jetstream::stream::{
    InfoRequest, Purge, SUBJECTS_LIMIT, Stream, StreamConfig, check,
};
use crate::wire::json::{self, Writer};
use crate::wire::subject;
use crate::wire::transform::Transform;

const NAMES_LIMIT: usize = 1024;
const LIST_LIMIT: usize = 256;

pub static CREATE: Call = Call {
    kind: "stream_create_response",
    run: create,
    on_error: "",
};

pub static UPDATE: Call = Call {
    kind: "stream_update_response",
    run: update,
    on_error: "",
};

pub static INFO: Call = Call {
    kind: "stream_info_response",
    run: info,
    on_error: "\"total\":0,\"offset\":0,\"limit\":0",
};

pub static NAMES: Call = Call {
    kind: "stream_names_response",
    run: names,
    on_error: "\"total\":0,\"offset\":0,\"limit\":0,\"streams\":null",
};

pub static LIST: Call = Call {
    kind: "stream_list_response",
    run: list,
    on_error: "\"total\":0,\"offset\":0,\"limit\":0,\"streams\":[]",
};

pub static DELETE: Call = Call {
    kind: "stream_delete_response",
    run: delete,
    on_error: "",
};

pub static SNAPSHOT: Call = Call {
    kind: "stream_snapshot_response",
    run: snapshot::snapshot,
    on_error: "",
};

pub static RESTORE: Call = Call {
    kind: "stream_restore_response",
    run: snapshot::restore,
    on_error: "\"deliver_subject\":\"\"",
};

pub static PURGE: Call = Call {
    kind: "stream_purge_response",
    run: purge,
    on_error: "\"purged\":0",
};

/// What a create or an update asks for.
#[derive(Default)]
struct Wanted {
    config: StreamConfig,
    pedantic: bool,
    /// Says where to store.
    storage: bool,
}

fn read_config(request: &Request<'_>) -> Result<Wanted, ApiError> {
    let mut wanted = Wanted::default();
    request.read("StreamConfigRequest", &mut |d, name, value| {
        if name == "pedantic" {
            d.bool(value, &mut wanted.pedantic);
            return true;
        }
        d.embedded("StreamConfig");
        wanted.storage |= name == "storage";
        wanted.config.read(d, name, value)
    })?;
    wanted.config.put_required_level();
    Ok(wanted)
}

fn create(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    let Wanted {
        config,
        pedantic,
        storage,
    } = read_config(request)?;
    if config.name != request.stream() {
        return Err(STREAM_MISMATCH.into());
    }
    if config.name.contains(['/', '\\']) {
        let text = "Stream name can not contain path separators";
        return Err(ApiError::new(400, 10128, text));
    }
    if config.sealed {
        let text = "stream configuration for create can not be sealed";
        return Err(ApiError::invalid_config(text));
    }
    if config.mirror_direct && config.mirror.is_none() {
        let text = "stream has no mirror but does have mirror direct";
        return Err(ApiError::invalid_config(text));
    }
    // First as it was asked for, as in nats-server: what has no room twice cannot even be created again as it is.
    if storage {
        js.check_reservation(core, config.storage, config.max_bytes)?;
    }
    let config = check::check(config, pedantic, &|name| js.config(name))?;
    if config.num_replicas > 1 {
        return Err(REPLICAS.into());
    }
    if let Some(id) = js.names.get(&config.name)
        && let Some(stream) = js.streams.get(id)
    {
        if !stream.config.is_same(&config) {
            let text = "stream name already in use with a different configuration";
            return Err(ApiError::new(400, 10058, text));
        }
    } else {
        js.check_reservation(core, config.storage, config.max_bytes)?;
        js.check_origin_filters(&config)?;
        if js.overlaps(&config, None) {
            return Err(SUBJECT_OVERLAP.into());
        }
        js.add(core, config);
    }
    js.write_stream(w, core, request.stream(), true, &InfoRequest::default());
    w.key("did_create").bool(true);
    Ok(Done::default())
}

fn update(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    let Wanted {
        config, pedantic, ..
    } = read_config(request)?;
    let config = check::check(config, pedantic, &|name| js.config(name))?;
    if config.name != request.stream() {
        return Err(STREAM_MISMATCH.into());
    }
    let old = js.stream_mut(request.stream())?.config.clone();
    // Twice, as in nats-server: what the first put there may not go with the rest.
    let mut config = check::check(config, pedantic, &|name| js.config(name))?;
    if config.num_replicas > 1 {
        return Err(REPLICAS.into());
    }
    check::check_update(&old, &mut config)?;
    let more = config.max_bytes.max(0) - old.max_bytes.max(0);
    js.check_reservation(core, config.storage, more.max(0))?;
    let stream = js.stream_mut(request.stream())?;
    check_consumers(stream, &config)?;
    let id = stream.id;
    if js.overlaps(&config, Some(id)) {
        return Err(SUBJECT_OVERLAP.into());
    }
    if let Some(republish) = &mut config.republish
        && republish.dest.is_empty()
    {
        // To a create that is nowhere, to an update it is the subject itself.
        republish.dest = ">".into();
        Transform::new(&republish.src, &republish.dest).map_err(|error| {
            let (src, dest) = (&republish.src, &republish.dest);
            let text =
                format!("stream configuration for republish from '{src}' to '{dest}': {error}");
            ApiError::new(500, 10069, text)
        })?;
    }
    js.change(core, id, config);
    js.write_stream(w, core, request.stream(), true, &InfoRequest::default());
    Ok(Done::default())
}

/// New limits must hold for the consumers there are.
fn check_consumers(stream: &Stream, config: &StreamConfig) -> Result<(), ApiError> {
    let (old, new) = (&stream.config.consumer_limits, &config.consumer_limits);
    if old == new {
        return Ok(());
    }
    let (threshold, pending) = (new.inactive_threshold, new.max_ack_pending);
    let over = stream.consumers.iter().filter(|consumer| {
        let config = consumer.config();
        threshold > 0 && config.inactive_threshold > threshold
            || pending > 0 && config.max_ack_pending > pending
    });
    let over: Vec<&str> = over.map(|consumer| consumer.name()).collect();
    if over.is_empty() {
        return Ok(());
    }
    let text = format!("change to limits violates consumers: {}", over.join(", "));
    Err(ApiError::new(500, 10069, text))
}

fn info(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    let mut wanted = InfoRequest::default();
    request.read_any("JSApiStreamInfoRequest", &mut |d, name, value| {
        match name {
            "offset" => {
                d.embedded("ApiPagedRequest");
                d.int(value, &mut wanted.offset);
            }
            "deleted_details" => d.bool(value, &mut wanted.deleted_details),
            "subjects_filter" => d.string(value, &mut wanted.subjects_filter),
            _ => return false,
        }
        true
    })?;
    let stream = js.stream(request.stream())?;
    let matched = stream.count_subjects(&wanted) as u64;
    let (offset, limit) = if matched > 0 {
        (wanted.offset.max(0), SUBJECTS_LIMIT as u64)
    } else {
        (0, 0)
    };
    w.key("total").uint(matched);
    w.key("offset").int(offset).key("limit").uint(limit);
    stream.write_info(w, true, &wanted);
    Stream::write_cluster(w, core);
    js.write_end(w, core, stream);
    Ok(Done::default())
}

/// Names of the streams a NAMES or LIST is about, sorted, with the page that was asked for.
fn page(
    js: &JetStream,
    request: &Request<'_>,
    name: &'static str,
    limit: usize,
    w: &mut Writer,
) -> Result<Vec<String>, ApiError> {
    let (mut offset, mut filter) = (0i64, String::new());
    request.read_any(name, &mut |d, name, value| {
        match name {
            "offset" => {
                d.embedded("ApiPagedRequest");
                d.int(value, &mut offset);
            }
            "subject" => d.string(value, &mut filter),
            _ => return false,
        }
        true
    })?;
    let matches = |stream: &Stream| {
        let collides = |subject: &String| subject::overlap(subject.as_bytes(), filter.as_bytes());
        filter.is_empty() || stream.config.subjects.iter().any(collides)
    };
    let all = js
        .names
        .iter()
        .filter(|(_, id)| js.streams.get(id).is_some_and(|stream| matches(stream)));
    let all: Vec<String> = all.map(|(name, _)| name.clone()).collect();
    let offset = usize::try_from(offset).unwrap_or(0).min(all.len());
    w.key("total").uint(all.len() as u64);
    w.key("offset").uint(offset as u64);
    w.key("limit").uint(limit as u64);
    Ok(all.into_iter().skip(offset).take(limit).collect())
}

fn names(
    js: &mut JetStream,
    _: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    let names = page(js, request, "JSApiStreamNamesRequest", NAMES_LIMIT, w)?;
    w.key("streams");
    if names.is_empty() {
        w.raw(b"null");
    } else {
        w.strings(&names);
    }
    Ok(Done::default())
}

fn list(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    let names = page(js, request, "JSApiStreamListRequest", LIST_LIMIT, w)?;
    w.key("streams").open_list();
    for name in &names {
        w.open();
        js.write_stream(w, core, name, false, &InfoRequest::default());
        w.close();
    }
    w.close_list();
    Ok(Done::default())
}

fn delete(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    if !json::is_empty_request(request.payload) {
        return Err(NOT_EMPTY.into());
    }
    let id = js.stream_mut(request.stream())?.id;
    js.delete(core, id);
    w.key("success").bool(true);
    Ok(Done::default())
}

fn purge(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    let mut wanted = Purge::default();
    request.read_any("JSApiStreamPurgeRequest", &mut |d, name, value| {
        match name {
            "seq" => d.uint64(value, &mut wanted.seq),
            "filter" => d.string(value, &mut wanted.filter),
            "keep" => d.uint64(value, &mut wanted.keep),
            _ => return false,
        }
        true
    })?;
    if wanted.seq > 0 && wanted.keep > 0 {
        return Err(BAD_REQUEST.into());
    }
    let stream = js.stream_mut(request.stream())?;
    if stream.config.sealed {
        return Err(SEALED.into());
    }
    if stream.config.deny_purge {
        return Err(ApiError::new(500, 10110, "stream purge not permitted"));
    }
    let purged = stream.purge(core, &wanted);
    stream.settle(core);
    w.key("success").bool(true).key("purged").uint(purged);
    Ok(Done::default())
}
