//! What a stream asks of an origin: the requests that make, reset and delete the consumer it reads by, as nats-server's mirrors
//! and sources send them, and what the answers say. When it asks is up to [`super::origins`].

use super::follow::{Follow, SOURCE_HEADER};
use super::{Source, Stream, StreamConfig};
use crate::server::core::{Core, Message};
use crate::server::jetstream::consumer::{AckPolicy, Config, DeliverPolicy};
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::store::LAST_SEQ;
use crate::server::sha256::short_hash;
use crate::wire::json::{self, Moment};
use crate::wire::time::{SECOND, Time};
use crate::wire::{headers, subject};

/// A consumer has to show that it is alive this often, in nanoseconds.
const HEARTBEAT: i64 = SECOND;
/// How long one without listeners stays, in nanoseconds.
const THRESHOLD: i64 = 10 * SECOND;
/// `ack_wait` of one that waits for no acks, in nanoseconds.
const ACK_WAIT: i64 = 22 * 3600 * SECOND;
/// Tells which stream of that name it is.
pub const IDENTITY: &str = "Nats-Stream-Identity";

/// Which stream of its name one is that was created then.
pub fn identity(created: Time) -> String {
    short_hash(&created.rfc3339())
}

/// What an answer to a request for a consumer says.
#[derive(Default)]
pub struct Answer {
    /// It was refused.
    pub error: Option<ApiError>,
    /// It says how the consumer is configured: all others do.
    pub whole: bool,
    /// The consumer's name.
    pub name: String,
    /// Its configuration.
    pub config: Config,
    /// The sequence before the first that is to come.
    pub delivered: u64,
}

impl Answer {
    /// What is no such answer says nothing.
    pub fn read(payload: &[u8]) -> Option<Answer> {
        let mut answer = Answer::default();
        let read = json::decode(payload, |d, value| {
            d.object(value, "Answer", &mut |d, name, value| {
                match name {
                    "error" => {
                        let (mut code, mut err_code, mut text) = (0, 0, String::new());
                        d.object(value, "ApiError", &mut |d, name, value| {
                            match name {
                                "code" => d.int(value, &mut code),
                                "err_code" => d.int(value, &mut err_code),
                                "description" => d.string(value, &mut text),
                                _ => return false,
                            }
                            true
                        });
                        answer.error = Some(ApiError::new(code as u16, err_code as u16, text));
                    }
                    "name" => d.string(value, &mut answer.name),
                    "config" => {
                        answer.whole = !value.is_null();
                        d.object(value, "ConsumerConfig", &mut |d, name, value| {
                            answer.config.decode(d, name, value)
                        });
                    }
                    "delivered" => d.object(value, "SequenceInfo", &mut |d, name, value| {
                        if name == "stream_seq" {
                            d.uint64(value, &mut answer.delivered);
                        }
                        true
                    }),
                    _ => {}
                }
                true
            })
        });
        answer.delivered = answer.delivered.min(LAST_SEQ);
        read.is_ok().then_some(answer)
    }
}

impl Stream {
    /// The consumer that is to read an origin.
    pub(super) fn consumer_for(&self, core: &mut Core, follow: &Follow) -> Config {
        let (source, mirror) = (&follow.source, follow.mirror);
        let kind = if mirror { 'M' } else { 'S' };
        let token = core.token();
        let deliver = match source.external.as_ref().map(|e| e.deliver.as_str()) {
            None | Some("") => format!("$JS.{kind}.{token}"),
            Some(prefix) => format!("{prefix}.{kind}.{token}").replace("..", "."),
        };
        let mut config = Config {
            name: follow.name.clone(),
            deliver_subject: deliver,
            ack_policy: AckPolicy::None,
            ack_wait: ACK_WAIT,
            max_deliver: 1,
            filter_subject: source.filter_subject.clone(),
            idle_heartbeat: HEARTBEAT,
            flow_control: true,
            inactive_threshold: THRESHOLD,
            direct: true,
            sourcing: true,
            ..Config::default()
        };
        match source.subject_transforms.as_slice() {
            [] => {}
            [one] => config.filter_subject.clone_from(&one.src),
            more => config.filter_subjects = more.iter().map(|t| t.src.clone()).collect(),
        }
        let kind = if mirror { "mirror" } else { "src" };
        for (what, value) in [("acc", "$G"), ("stream", &self.config.name)] {
            let key = format!("_nats.{kind}.{what}");
            config.metadata.insert(key, value.into());
        }
        let (seq, time) = match (source.opt_start_seq, &source.opt_start_time) {
            _ if mirror && self.store.first_seq() > 0 => (self.store.last_seq() + 1, None),
            _ if !mirror && follow.from > 1 => (follow.from, None),
            (seq @ 1.., _) => (seq, None),
            (0, start) => (0, self.start_time(follow, start.as_ref())),
        };
        if seq > 0 {
            config.deliver_policy = DeliverPolicy::ByStartSequence;
            config.opt_start_seq = seq;
        } else if time.is_some() {
            config.deliver_policy = DeliverPolicy::ByStartTime;
            config.opt_start_time = time;
        }
        config
    }

    /// When to start with an origin from which nothing came yet. A stream that had messages of other origins wants nothing
    /// that is older than its last, which it has stored a moment after the origin did; as a mirror it kept the origin's time.
    fn start_time(&self, follow: &Follow, configured: Option<&Moment>) -> Option<Moment> {
        if follow.mirror {
            return configured.cloned();
        }
        let last = self.store.last_time();
        let known = last > Time::default();
        let own = self.store.get(self.store.last_seq());
        let same = own.is_some_and(|m| headers::get(m.headers(), SOURCE_HEADER).is_none());
        let after = if same { last } else { last.after(1) };
        let after = Moment {
            time: after,
            text: after.rfc3339(),
        };
        match configured {
            Some(start) if known && start.time < last => Some(after),
            Some(start) => Some(start.clone()),
            None if self.store.first_seq() > 1 && known && !follow.recreated => Some(after),
            None => None,
        }
    }
}

/// A subject for one answer.
pub fn inbox(core: &mut Core) -> Vec<u8> {
    format!("$JSC.R.{}", core.token()).into_bytes()
}

/// The subject of a request about consumers to whoever has the origin.
pub fn api_subject(source: &Source, request: &str) -> Vec<u8> {
    match &source.external {
        None => format!("$JS.API.CONSUMER.{request}"),
        Some(external) => format!("{}.CONSUMER.{request}", external.api).replace("..", "."),
    }
    .into_bytes()
}

/// Has the consumer deleted that a stream read an origin by. It may be gone, or have had another name; that is no matter.
pub fn give_up(core: &mut Core, source: &Source, name: &str) {
    let inbox = inbox(core);
    let message = Message {
        subject: &api_subject(source, &format!("DELETE.{}.{name}", source.name)),
        reply: &inbox,
        headers: b"",
        payload: b"",
    };
    if subject::is_valid(message.subject) {
        core.publish(message, false);
    }
}

/// The name that nats-server gives the consumer which reads an origin for a stream.
pub fn consumer_name(config: &StreamConfig, source: &Source, mirror: bool) -> String {
    let mut id = short_hash(&format!("{} $G", config.name));
    if mirror {
        return format!("JS_MIRROR_{id}");
    }
    let same = |other: &&Source| other.name == source.name;
    if config.sources().iter().filter(same).count() > 1 {
        id = format!("{id} {}", source.key());
    }
    format!("JS_SRC_{}", short_hash(&id))
}
