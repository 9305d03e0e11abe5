//! `$JS.API.CONSUMER.*`: create, info, names, list, delete, pause. MSG.NEXT and RESET are subscriptions of the consumers
//! themselves.

use super::{Call, Done, Request, clustered};
use crate::server::core::{ConsumerId, Core};
use crate::server::jetstream::JetStream;
use crate::server::jetstream::consumer::{
    AckPolicy, Action, Config, Consumer, INVALID_GROUP, is_valid_group,
};
use crate::server::jetstream::error::{ApiError, Known, NOT_EMPTY, REPLICAS, STREAM_MISMATCH};
use crate::server::jetstream::stream::{IDENTITY, Retention, Stream, identity};
use crate::wire::headers;
use crate::wire::json::{self, Moment, Writer};

const NAMES_LIMIT: usize = 1024;
const LIST_LIMIT: usize = 256;

const NOT_FOUND: Known = (404, 10014, "consumer not found");
const PATH_SEPARATORS: Known = (400, 10127, "Consumer name can not contain path separators");
const DURABLE_NOT_SET: Known = (
    400,
    10018,
    "consumer expected to be durable but a durable name was not set",
);
const DURABLE_MISMATCH: Known = (
    400,
    10017,
    "consumer name in subject does not match durable name in request",
);
const EPHEMERAL_WITH_DURABLE: Known = (
    400,
    10020,
    "consumer expected to be ephemeral but a durable name was set in request",
);
const MULTIPLE_FILTERS: Known = (
    400,
    10137,
    "consumer with multiple subject filters cannot use subject based API",
);
const FILTER_MISMATCH: Known = (
    400,
    10131,
    "Consumer create request did not match filtered subject from create subject",
);
const UNKNOWN_GROUP: Known = (
    400,
    10160,
    "Provided priority group does not exist for this consumer",
);

const PAGE_ON_ERROR: &str = "\"total\":0,\"offset\":0,\"limit\":0,\"consumers\":[]";

pub static CREATE: Call = Call {
    kind: "consumer_create_response",
    run: create,
    on_error: "",
};
pub static INFO: Call = Call {
    kind: "consumer_info_response",
    run: info,
    on_error: "",
};
pub static NAMES: Call = Call {
    kind: "consumer_names_response",
    run: names,
    on_error: PAGE_ON_ERROR,
};
pub static LIST: Call = Call {
    kind: "consumer_list_response",
    run: list,
    on_error: PAGE_ON_ERROR,
};
pub static DELETE: Call = Call {
    kind: "consumer_delete_response",
    run: delete,
    on_error: "",
};
pub static PAUSE: Call = Call {
    kind: "consumer_pause_response",
    run: pause,
    on_error: "\"paused\":false,\"pause_until\":\"0001-01-01T00:00:00Z\"",
};
pub static UNPIN: Call = Call {
    kind: "consumer_unpin_response",
    run: unpin,
    on_error: "",
};
static STEPDOWN: Call = clustered("consumer_leader_stepdown_response");
static REMOVE_PEER: Call = clustered("consumer_remove_peer_response");
static EVACUATE_PEER: Call = clustered("consumer_evacuate_peer_response");

/// The request of these tokens, those after `CONSUMER`.
pub fn find(tokens: &[&str]) -> Option<&'static Call> {
    match tokens {
        ["CREATE", _, ..] | ["DURABLE", "CREATE", _, _] => Some(&CREATE),
        ["INFO", _, _] => Some(&INFO),
        ["NAMES", _] => Some(&NAMES),
        ["LIST", _] => Some(&LIST),
        ["DELETE", _, _] => Some(&DELETE),
        ["PAUSE", _, _] => Some(&PAUSE),
        ["UNPIN", _, _] => Some(&UNPIN),
        ["LEADER", "STEPDOWN", _, _] => Some(&STEPDOWN),
        ["PEER", "REMOVE", _, _] => Some(&REMOVE_PEER),
        ["PEER", "EVACUATE", _, _] => Some(&EVACUATE_PEER),
        _ => None,
    }
}

/// Stream and consumer of a request that names both.
fn target<'a>(request: &Request<'a>) -> (&'a str, &'a str) {
    match request.tokens {
        [.., stream, consumer] => (stream, consumer),
        _ => ("", ""),
    }
}

#[derive(Default)]
struct Create {
    stream_name: String,
    config: Config,
    action: Action,
    pedantic: bool,
}

fn read_create(request: &Request<'_>) -> Result<Create, ApiError> {
    let mut create = Create::default();
    request.read("CreateConsumerRequest", &mut |d, name, value| {
        match name {
            "stream_name" => d.string(value, &mut create.stream_name),
            "config" => d.object(value, "ConsumerConfig", &mut |d, name, value| {
                create.config.decode(d, name, value)
            }),
            "action" => {
                let read = d.unmarshal(value, |raw| match raw {
                    b"\"\"" => Ok(Action::CreateOrUpdate),
                    b"\"create\"" => Ok(Action::Create),
                    b"\"update\"" => Ok(Action::Update),
                    raw => {
                        let raw = String::from_utf8_lossy(raw);
                        Err(format!("unknown consumer action: {raw}"))
                    }
                });
                create.action = read.unwrap_or_default();
            }
            "pedantic" => d.bool(value, &mut create.pedantic),
            _ => return false,
        }
        true
    })?;
    Ok(create)
}

/// Holds a create request against its subject and gives the consumer the name that is there.
fn check_subject(request: &Request<'_>, create: &mut Create) -> Result<(), ApiError> {
    let config = &mut create.config;
    let (stream, name, filter) = match request.tokens {
        [_, "DURABLE", _, stream, name] => (*stream, Some(*name), String::new()),
        [_, _, stream] => (*stream, None, String::new()),
        [_, _, stream, name, filter @ ..] => (*stream, Some(*name), filter.join(".")),
        _ => ("", None, String::new()),
    };
    if stream != create.stream_name {
        return Err(STREAM_MISMATCH.into());
    }
    if name.unwrap_or(&config.name).contains(['/', '\\']) {
        return Err(PATH_SEPARATORS.into());
    }
    let durable = request.tokens.get(1) == Some(&"DURABLE");
    match name {
        Some(_) if durable && !config.is_durable() => return Err(DURABLE_NOT_SET.into()),
        Some(name) if config.is_durable() && config.durable_name != name => {
            return Err(DURABLE_MISMATCH.into());
        }
        Some(name) => config.name = name.into(),
        None if config.is_durable() => return Err(EPHEMERAL_WITH_DURABLE.into()),
        None => {}
    }
    if !filter.is_empty() && !config.filter_subjects.is_empty() {
        return Err(MULTIPLE_FILTERS.into());
    }
    if !filter.is_empty() && config.filter_subject != filter {
        return Err(FILTER_MISMATCH.into());
    }
    if config.num_replicas > 1 {
        return Err(REPLICAS.into());
    }
    Ok(())
}

fn create(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    let mut create = read_create(request)?;
    check_subject(request, &mut create)?;
    let stream = js.stream_mut(&create.stream_name)?;
    let Create {
        mut config,
        action,
        pedantic,
        ..
    } = create;
    let identity = (config.direct || config.sourcing).then_some(stream.id);
    if identity.is_some() {
        check_identity(request, stream)?;
    }
    if config.direct && config.sourcing && !config.name.is_empty() {
        adapt(&mut config, core, stream);
    }
    if let Some(existing) = stream.consumers.get(&config.name).map(Consumer::config) {
        config.pause_until.clone_from(&existing.pause_until);
        // One that reads for a stream goes on where it is.
        if config.sourcing && config.is_durable() {
            config.deliver_policy = existing.deliver_policy;
            config.opt_start_seq = existing.opt_start_seq;
            config.opt_start_time.clone_from(&existing.opt_start_time);
        }
    }
    let (consumers, view) = stream.parts();
    let id = consumers.create(core, view, config, action, pedantic)?;
    if let Some(consumer) = consumers.by_id_mut(id) {
        consumer.write_info(w, core, view, true);
    }
    Ok(Done {
        start: Some((stream.id, id)),
        identity,
        ..Done::default()
    })
}

/// A stream that reads another asks for it by the stream it knows.
fn check_identity(request: &Request<'_>, stream: &Stream) -> Result<(), ApiError> {
    let asked = headers::get(request.headers, IDENTITY).unwrap_or_default();
    let identity = identity(stream.created);
    if asked.is_empty() || asked == identity.as_bytes() {
        return Ok(());
    }
    let text = format!("consumer's stream identity does not match: {identity}");
    Err(ApiError::new(400, 10225, text))
}

/// What is to read for another stream must be seen and acknowledge where messages stay until then; elsewhere its name, which is
/// always the same, is no more than a part of one.
fn adapt(config: &mut Config, core: &mut Core, stream: &Stream) {
    if stream.config.retention == Retention::Limits {
        config.name = format!("{}-{}", config.name, core.token());
        return;
    }
    config.direct = false;
    config.durable_name.clone_from(&config.name);
    config.ack_policy = AckPolicy::FlowControl;
    (
        config.ack_wait,
        config.max_deliver,
        config.inactive_threshold,
    ) = (0, 0, 0);
}

fn info(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    if !json::is_empty_request(request.payload) {
        return Err(NOT_EMPTY.into());
    }
    let (stream, name) = target(request);
    let (consumers, view) = js.stream_mut(stream)?.parts();
    let id = consumers.id(name).ok_or(NOT_FOUND)?;
    let consumer = consumers.by_id_mut(id).ok_or(NOT_FOUND)?;
    consumer.write_info(w, core, view, true);
    Ok(Done::default())
}

/// Writes the paging triple and returns the consumers of the page.
fn page<'a>(
    js: &'a mut JetStream,
    request: &Request<'_>,
    limit: usize,
    w: &mut Writer,
) -> Result<(Vec<ConsumerId>, &'a mut Stream), ApiError> {
    let mut offset = 0;
    request.read_any("JSApiConsumersRequest", &mut |d, name, value| {
        if name == "offset" {
            d.embedded("ApiPagedRequest");
            d.int(value, &mut offset);
        }
        name == "offset"
    })?;
    let stream = js.stream_mut(request.stream())?;
    let mut ids: Vec<ConsumerId> = stream.consumers.public().map(Consumer::id).collect();
    let offset = usize::try_from(offset).unwrap_or(0).min(ids.len());
    w.key("total").uint(ids.len() as u64);
    w.key("offset").uint(offset as u64);
    w.key("limit").uint(limit as u64);
    ids.drain(..offset);
    ids.truncate(limit);
    w.key("consumers").open_list();
    Ok((ids, stream))
}

fn names(
    js: &mut JetStream,
    _: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    let (ids, stream) = page(js, request, NAMES_LIMIT, w)?;
    for consumer in ids.into_iter().filter_map(|id| stream.consumers.by_id(id)) {
        w.string(consumer.name());
    }
    w.close_list();
    Ok(Done::default())
}

fn list(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    let (ids, stream) = page(js, request, LIST_LIMIT, w)?;
    let (consumers, view) = stream.parts();
    for id in ids {
        if let Some(consumer) = consumers.by_id_mut(id) {
            w.open();
            consumer.write_info(w, core, view, false);
            w.close();
        }
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
    let (stream, name) = target(request);
    let stream = js.stream_mut(stream)?;
    let (consumers, view) = stream.parts();
    if !consumers.delete(core, view, name) {
        return Err(NOT_FOUND.into());
    }
    stream.settle(core);
    w.key("success").bool(true);
    Ok(Done::default())
}

fn pause(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    w: &mut Writer,
) -> Result<Done, ApiError> {
    let mut until: Option<Moment> = None;
    request.read_any("JSApiConsumerPauseRequest", &mut |d, name, value| {
        // No pointer in nats-server: null leaves it as it is.
        if name == "pause_until" && !value.is_null() {
            d.moment(value, &mut until);
        }
        name == "pause_until"
    })?;
    let (stream, name) = target(request);
    let stream = js.stream_mut(stream)?;
    let (consumers, view) = stream.parts();
    let Some(id) = consumers.pause(core, view, name, until) else {
        return Err(NOT_FOUND.into());
    };
    let consumer = consumers.by_id(id);
    let remaining = consumer.and_then(|consumer| consumer.pause_remaining(core.now()));
    let until = consumer.and_then(|consumer| consumer.config().pause_until.as_ref());
    w.key("paused").bool(remaining.is_some());
    w.key("pause_until");
    match until {
        Some(until) => w.string(&until.text),
        None => w.time(None),
    };
    if let Some(remaining) = remaining {
        w.key("pause_remaining").int(remaining);
    }
    Ok(Done::default())
}

fn unpin(
    js: &mut JetStream,
    core: &mut Core,
    request: &Request<'_>,
    _: &mut Writer,
) -> Result<Done, ApiError> {
    let mut group = String::new();
    let read = json::decode_lenient(request.payload, |d, value| {
        d.object(value, "JSApiConsumerUnpinRequest", &mut |d, name, value| {
            if name == "group" {
                d.string(value, &mut group);
            }
            name == "group"
        });
    });
    read.map_err(|error| ApiError::invalid_json(&error))?;
    if group.is_empty() {
        return Err(ApiError::invalid_json("consumer group not specified"));
    }
    if !is_valid_group(&group) {
        return Err((400, 10162, INVALID_GROUP).into());
    }
    let (stream, name) = target(request);
    let stream = js.stream_mut(stream)?;
    let consumer = stream.consumers.get(name).ok_or(NOT_FOUND)?;
    if !consumer.config().priority_groups.contains(&group) {
        return Err(UNKNOWN_GROUP.into());
    }
    let (consumers, view) = stream.parts();
    let id = consumers.unpin(core, view, name, &group).ok_or(NOT_FOUND)?;
    Ok(Done {
        start: Some((stream.id, id)),
        ..Done::default()
    })
}
