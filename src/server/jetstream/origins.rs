//! Mirrors and sources: finding origins, and handing what they store to the streams that follow them. The real server uses
//! internal consumers for it; here messages are copied at once, when they are stored.

use super::JetStream;
use super::consumer::{AckPolicy, Action, Config, Consumer, DeliverPolicy, check};
use super::error::{ApiError, STREAM_NOT_FOUND};
use super::store::LAST_SEQ;
use super::stream::{Follow, Followed, Refused, Retention, Source, Stream, StreamConfig};
use crate::server::core::{Core, Endpoint, Message, StreamId, Timer};
use crate::server::sha256::short_hash;
use crate::wire::json::Writer;
use crate::wire::time::{SECOND, Time};
use crate::wire::{headers, subject};

/// A follower looks for its origin this long after its creation, and up to as long again.
const ATTACH: i64 = SECOND / 10;
/// First wait and what each further failure adds, up to the last.
pub(super) const RETRY: i64 = 2 * SECOND;
const RETRY_MORE: i64 = 10 * SECOND;
const RETRY_MAX: i64 = 120 * SECOND;
/// nats-server's own consumers are gone when they were not used for this long.
const READER_THRESHOLD: i64 = 10 * SECOND;
/// A deleted origin is missed after this long, and up to as long again.
const SILENCE: i64 = 10 * SECOND;
/// Messages that a stream takes in one step; the rest follows in the next, so that no step takes long.
const BATCH: usize = 2048;
/// Streams that take something in one step, one after another: they may follow each other in a circle, which never ends.
const CHAIN: usize = 1024;

impl JetStream {
    /// A stream was created, or its configuration changed: follows what it names. What stays the same goes on.
    pub(super) fn follow(&mut self, core: &mut Core, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        let mut old = std::mem::take(&mut stream.follows);
        for (source, mirror) in origins(&stream.config) {
            let known = old
                .iter()
                .position(|f| f.source.is_same(source) && f.mirror == mirror);
            let follow = match known {
                // Where to start is asked when it is found, and by then may be another place.
                Some(known) => {
                    let mut follow = old.swap_remove(known);
                    follow.source.clone_from(source);
                    follow
                }
                None => {
                    let consumer = match &source.consumer {
                        Some(durable) => durable.name.clone(),
                        None => consumer_name(&stream.config, source, mirror),
                    };
                    // Each in its time: what comes first may leave nothing old to take for the others.
                    let at = jitter(core, ATTACH);
                    let mut follow = Follow::new(source.clone(), mirror, consumer, at);
                    if !mirror {
                        follow.recall(stream);
                    }
                    follow
                }
            };
            stream.follows.push(follow);
        }
        let names = stream
            .follows
            .iter()
            .map(|f| (f.source.name.clone(), f.consumer.clone()));
        let names: Vec<(String, String)> = names.collect();
        let origins: Vec<StreamId> = stream.follows.iter().filter_map(|f| f.origin).collect();
        set_timer(core, stream);
        for (origin, followers) in self.followers.iter_mut() {
            followers.retain(|follower| *follower != id || origins.contains(origin));
        }
        for follow in old {
            let goes_on = |(origin, consumer): &(String, String)| {
                *origin == follow.source.name && *consumer == follow.consumer
            };
            self.release(core, id, &follow, !names.iter().any(goes_on));
        }
    }

    /// Looks for origins whose time has come and takes what they have.
    pub(super) fn look_for_origins(&mut self, core: &mut Core, id: StreamId) {
        let now = core.now();
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        // No copy of them: each of very many sources is looked for in a step of its own.
        let (name, mut follows) = (
            stream.config.name.clone(),
            std::mem::take(&mut stream.follows),
        );
        for follow in &mut follows {
            follow.more = false;
            if follow.retry.is_none_or(|at| at > now) {
                continue;
            }
            follow.retry = None;
            let origin = self.names.get(&follow.source.name);
            let origin = origin.filter(|_| follow.source.external.is_none()).copied();
            if follow.source.consumer.is_some() {
                self.read_with_durable(core, id, follow, origin);
                continue;
            }
            if follow.origin.is_some() {
                continue;
            }
            self.api_total += 1;
            let known = origin.and_then(|id| self.streams.get(&id));
            let refusal =
                known.map_or(Some(STREAM_NOT_FOUND.into()), |o| refuses_reader(&o.config));
            if let Some(error) = refusal {
                self.api_errors += 1;
                follow.failures += 1;
                if follow.source.external.is_none() {
                    let whose = if follow.mirror {
                        "create mirror consumer".into()
                    } else {
                        let origin = &follow.source.name;
                        format!("stream {name} create source consumer {origin}")
                    };
                    let (text, code) = (&error.description, error.err_code);
                    let text = format!("JetStream error response for {whose}: {text} ({code})");
                    core.log("WRN", &text);
                    follow.error = Some(error);
                }
                let wait = (RETRY + RETRY_MORE * follow.failures).min(RETRY_MAX);
                follow.retry = Some(now.after(wait + jitter(core, ATTACH).since(now)));
                continue;
            }
            let Some(origin_id) = origin else {
                continue;
            };
            if let Some(stream) = self.streams.get(&id)
                && let Some(origin) = self.streams.get(&origin_id)
            {
                follow.attach(origin, &stream.store, now);
            }
            let mut before = 0;
            if let Some(origin) = self.streams.get_mut(&origin_id) {
                if origin.config.retention == Retention::Limits {
                    // What reads it is hidden, and would count as two internal clients.
                    core.next_client_id();
                    core.next_client_id();
                } else {
                    read_with_consumer(core, id, &name, follow, origin);
                }
                before = follow.next.max(origin.store.first_seq()).saturating_sub(1);
            }
            if let Some(stream) = self.streams.get_mut(&id).filter(|_| follow.mirror) {
                stream.mirror_after(core, before);
            }
            self.add_follower(origin_id, id);
        }
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.follows = follows;
        }
        if self.take(core, id) {
            self.hand_on(core, id);
        }
        if let Some(stream) = self.streams.get_mut(&id) {
            let asking = stream.follows.iter_mut().filter(|f| f.keeps_up());
            asking.for_each(|follow| answer(core, follow));
            set_timer(core, stream);
        }
    }

    /// Has `origin` hand what it stores to `follower`.
    pub(super) fn add_follower(&mut self, origin: StreamId, follower: StreamId) {
        let followers = self.followers.get_or_insert(origin, Vec::new());
        if !followers.contains(&follower) {
            followers.push(follower);
        }
    }

    /// A stream may have stored something: hands it to those that follow, and to those that follow them.
    pub(super) fn hand_on(&mut self, core: &mut Core, origin: StreamId) {
        if !self.followers.contains_key(&origin) {
            return;
        }
        let (mut changed, mut left) = (vec![origin], CHAIN);
        while let Some(origin) = changed.pop() {
            for follower in self.followers.get(&origin).cloned().unwrap_or_default() {
                if left == 0 {
                    if let Some(stream) = self.streams.get_mut(&follower) {
                        take_later(core, stream, 0);
                    }
                    continue;
                }
                left -= 1;
                if self.take(core, follower) {
                    changed.push(follower);
                }
            }
        }
    }

    /// Takes what is new from a stream's origins, as much as one step takes. True if it stored anything.
    fn take(&mut self, core: &mut Core, id: StreamId) -> bool {
        let now = core.now();
        let count = self
            .streams
            .get(&id)
            .map_or(0, |stream| stream.follows.len());
        let (mut stored, mut mirrored, mut left) = (false, false, BATCH);
        for at in 0..count {
            while let Some(stream) = self.streams.get(&id)
                && let Some(follow) = stream.follows.get(at)
                && follow.retry.is_none()
                && !follow.more
                && let Some(origin) = follow.origin.and_then(|id| self.streams.get(&id))
            {
                let from = follow.next.max(follow.looked);
                let seq = origin.store.next_match(&follow.filters, from);
                let next = seq.and_then(|seq| Some((seq, origin.store.get(seq)?)));
                let message = next.map(|(seq, message)| Followed {
                    seq,
                    time: message.time,
                    subject: message.subject,
                    headers: message.headers(),
                    payload: message.payload(),
                });
                let message = message.map(|message| follow.convert(core, message));
                let end = origin.store.last_seq() + 1;
                let Some(stream) = self.streams.get_mut(&id) else {
                    break;
                };
                let follow = &mut stream.follows[at];
                let Some(message) = message else {
                    follow.looked = end;
                    break;
                };
                if left == 0 {
                    // Nor from the origins behind it: they are taken from in their order.
                    take_later(core, stream, at);
                    break;
                }
                left -= 1;
                mirrored |= follow.mirror;
                match stream.store_followed(core, at, &message) {
                    Ok(new) => stored |= new,
                    // Full, say, and discards the new.
                    Err(Refused) => {
                        stream.try_again(at, message.seq, message.seq + 1 < end, now);
                        set_timer(core, stream);
                        break;
                    }
                }
            }
        }
        if let Some(stream) = self.streams.get_mut(&id).filter(|_| mirrored)
            && stream.follows.iter().all(|f| !f.more)
        {
            stream.caught_up(core);
        }
        stored
    }

    /// Something came from a consumer that reads an origin: the messages were taken already when they were stored, so this
    /// keeps count of them, and says how far it is when asked.
    pub(super) fn on_followed(&mut self, core: &mut Core, id: StreamId, message: Message<'_>) {
        let reply = match message.reply {
            b"" => headers::get(message.headers, "Nats-Consumer-Stalled"),
            reply => Some(reply),
        };
        let reply = reply.filter(|reply| subject::is_valid(reply));
        let reply = reply.and_then(|reply| str::from_utf8(reply).ok());
        let words: Vec<&str> = reply.unwrap_or_default().split('.').collect();
        let stream = self.streams.get_mut(&id);
        let (Some(stream), ["$JS", kind, origin, consumer, rest @ ..]) = (stream, &*words) else {
            return;
        };
        // Clients may publish here, too: any headers, but no such reply.
        let delivered = *kind == "ACK" && !message.reply.is_empty();
        let control = *kind == "FC" && message.headers.starts_with(b"NATS/1.0 100 ");
        let is_it = |f: &Follow| f.source.name == *origin && f.consumer == *consumer;
        let Some(at) = stream.follows.iter().position(is_it) else {
            return;
        };
        let follow = &mut stream.follows[at];
        if delivered && follow.source.consumer.is_some() {
            self.take_delivered(core, id, at, message, rest);
        } else if delivered && let [_, seq, in_consumer, ..] = rest {
            follow.delivered = (number(seq), number(in_consumer));
        } else if control {
            // In the next step: the consumer goes on with it, and must not deliver everything in one.
            follow.asked = words.join(".").into_bytes();
            set_timer(core, stream);
        }
    }

    /// A stream follows an origin no more, or not in this way; its consumer may be `gone` with that.
    pub(super) fn release(&mut self, core: &mut Core, id: StreamId, follow: &Follow, gone: bool) {
        if follow.deliver.is_empty() {
            return;
        }
        core.unsubscribe(&follow.deliver, Endpoint::Follow(id));
        let origin = follow.origin.and_then(|id| self.streams.get_mut(&id));
        if let Some(origin) = origin.filter(|_| gone && follow.source.consumer.is_none()) {
            let (consumers, view) = origin.parts();
            consumers.delete(core, view, &follow.consumer);
            origin.settle(core);
        }
    }

    /// A stream is about to keep messages for its consumers alone: what follows it has one from now on, too.
    pub(super) fn read_with_consumers(&mut self, core: &mut Core, origin_id: StreamId) {
        for id in self.followers.get(&origin_id).cloned().unwrap_or_default() {
            let Some(stream) = self.streams.get_mut(&id) else {
                continue;
            };
            let name = stream.config.name.clone();
            let mut follows = std::mem::take(&mut stream.follows);
            if let Some(origin) = self.streams.get_mut(&origin_id) {
                let without = |f: &&mut Follow| f.origin == Some(origin_id) && f.deliver.is_empty();
                for follow in follows.iter_mut().filter(without) {
                    read_with_consumer(core, id, &name, follow, origin);
                }
            }
            if let Some(stream) = self.streams.get_mut(&id) {
                stream.follows = follows;
            }
        }
    }

    /// A consumer was deleted: who read by it will miss it.
    pub(super) fn forget_reader(&mut self, core: &mut Core, origin: StreamId, consumer: &str) {
        for follower in self.followers.get(&origin).cloned().unwrap_or_default() {
            self.miss(core, follower, |follow| {
                follow.origin == Some(origin)
                    && follow.consumer == consumer
                    && !follow.deliver.is_empty()
            });
        }
    }

    /// A stream was deleted: those that follow it will miss it.
    pub(super) fn forget_origin(&mut self, core: &mut Core, origin: StreamId) {
        for followers in self.followers.values_mut() {
            followers.retain(|follower| *follower != origin);
        }
        for follower in self.followers.remove(&origin).unwrap_or_default() {
            self.miss(core, follower, |follow| follow.origin == Some(origin));
        }
    }

    /// What a follower reads is gone: it finds out when nothing has come for a while, and looks for it anew.
    fn miss(&mut self, core: &mut Core, follower: StreamId, gone: impl Fn(&Follow) -> bool) {
        let at = jitter(core, SILENCE);
        let Some(stream) = self.streams.get_mut(&follower) else {
            return;
        };
        for follow in stream.follows.iter_mut().filter(|follow| gone(follow)) {
            let_go(core, follower, follow);
            follow.retry.get_or_insert(at);
        }
        set_timer(core, stream);
    }

    /// Writes `mirror` or `sources` of the info object.
    pub(super) fn write_follows(&self, w: &mut Writer, core: &Core, stream: &Stream) {
        let (now, follows) = (core.now(), &stream.follows);
        let origin = |follow: &Follow| {
            let stream = follow.origin.and_then(|id| self.streams.get(&id));
            stream.map(|stream| &**stream)
        };
        if let [follow] = follows.as_slice()
            && follow.mirror
        {
            follow.write_info(w.key("mirror"), origin(follow), now);
        } else if !follows.is_empty() {
            w.key("sources").open_list();
            for follow in follows {
                follow.write_info(w, origin(follow), now);
            }
            w.close_list();
        }
    }
}

/// What nats-server answers when it makes a hidden consumer for a follower: that must be within the stream's limits, too.
fn refuses_reader(origin: &StreamConfig) -> Option<ApiError> {
    if origin.retention != Retention::Limits {
        return None;
    }
    let mut reader = Config {
        deliver_subject: "$JS".into(),
        ack_policy: AckPolicy::None,
        inactive_threshold: READER_THRESHOLD,
        ..Config::default()
    };
    let made = reader.set_defaults(origin, false);
    made.and_then(|()| check(&reader, origin)).err()
}

/// What a stream follows; the flag is for a mirror.
fn origins(config: &StreamConfig) -> impl Iterator<Item = (&super::stream::Source, bool)> {
    let mirror = config.mirror.iter().map(|source| (source, true));
    mirror.chain(config.sources().iter().map(|source| (source, false)))
}

/// Listens no more to what reads the origin, which is to be looked for anew.
pub(super) fn let_go(core: &mut Core, id: StreamId, follow: &mut Follow) {
    core.unsubscribe(&follow.deliver, Endpoint::Follow(id));
    follow.deliver.clear();
    follow.asked.clear();
    follow.more = false;
    follow.origin = None;
}

/// Tells the consumer that asked how far the stream is.
fn answer(core: &mut Core, follow: &mut Follow) {
    let (seq, delivered) = follow.delivered;
    let block =
        format!("NATS/1.0\r\nNats-Last-Consumer: {delivered}\r\nNats-Last-Stream: {seq}\r\n\r\n");
    let answer = Message {
        subject: &std::mem::take(&mut follow.asked),
        reply: b"",
        headers: block.as_bytes(),
        payload: b"",
    };
    core.publish(answer, false);
}

/// What is new is taken in the next step, from the origins that stand at `from` and later.
fn take_later(core: &mut Core, stream: &mut Stream, from: usize) {
    stream
        .follows
        .iter_mut()
        .skip(from)
        .for_each(|f| f.more = true);
    set_timer(core, stream);
}

pub(super) fn set_timer(core: &mut Core, stream: &Stream) {
    let now = Some(core.now());
    let due = |f: &Follow| if f.more || f.keeps_up() { now } else { f.retry };
    let next = stream.follows.iter().filter_map(due).min();
    core.set_timer(Timer::StreamSources(stream.id), next);
}

/// Now plus once to twice `ns`.
pub(super) fn jitter(core: &mut Core, ns: i64) -> Time {
    let more = core.random() % ns as u64;
    core.now().after(ns + more as i64)
}

/// A number of a reply subject; none is so high that the next one would not be a number.
pub(super) fn number(word: &str) -> u64 {
    word.parse().unwrap_or(0).min(LAST_SEQ)
}

/// The name that nats-server gives the consumer which reads an origin for a stream.
fn consumer_name(config: &StreamConfig, source: &Source, mirror: bool) -> String {
    let mut id = short_hash(&format!("{} $G", config.name));
    if mirror {
        return format!("JS_MIRROR_{id}");
    }
    let same = |other: &&Source| other.name == source.name;
    if config.sources().iter().filter(same).count() > 1 {
        let (filter, dest) = source.names();
        id = format!("{id} {} {filter} {dest}", source.name);
    }
    format!("JS_SRC_{}", short_hash(&id))
}

/// nats-server reads an origin with a consumer of it. One of a work queue or of retention interest is there to be seen, and
/// acknowledges what was stored; of other streams it is hidden, and left out by us.
fn read_with_consumer(
    core: &mut Core,
    id: StreamId,
    stream: &str,
    follow: &mut Follow,
    origin: &mut Stream,
) {
    let (prefix, kind) = match follow.mirror {
        true => ("$JS.M.", "mirror"),
        false => ("$JS.S.", "src"),
    };
    let mut config = Config {
        durable_name: follow.consumer.clone(),
        name: follow.consumer.clone(),
        deliver_subject: format!("{prefix}{}", short_hash(&core.nuid())),
        ack_policy: AckPolicy::FlowControl,
        filter_subject: follow.source.filter_subject.clone(),
        sourcing: true,
        ..Config::default()
    };
    match follow.source.subject_transforms.as_slice() {
        [] => {}
        [one] => config.filter_subject.clone_from(&one.src),
        more => config.filter_subjects = more.iter().map(|t| t.src.clone()).collect(),
    }
    for (what, value) in [("acc", "$G"), ("stream", stream)] {
        let key = format!("_nats.{kind}.{what}");
        config.metadata.insert(key, value.into());
    }
    let start = follow.source.opt_start_time.as_ref();
    if let Some(old) = origin.consumers.get(&follow.consumer).map(Consumer::config) {
        config.deliver_policy = old.deliver_policy;
        config.opt_start_seq = old.opt_start_seq;
        config.opt_start_time.clone_from(&old.opt_start_time);
    } else if let Some(start) = start.filter(|_| follow.seq == 0) {
        config.deliver_policy = DeliverPolicy::ByStartTime;
        config.opt_start_time = Some(start.clone());
    } else if follow.next > 1 {
        config.deliver_policy = DeliverPolicy::ByStartSequence;
        config.opt_start_seq = follow.next;
    }
    follow.deliver = config.deliver_subject.clone().into_bytes();
    follow.delivered = (0, 0);
    core.subscribe(&follow.deliver, Endpoint::Follow(id));
    let (consumers, view) = origin.parts();
    if let Ok(id) = consumers.create(core, view, config, Action::CreateOrUpdate, false) {
        follow.next = follow.next.max(consumers.restart(core, view, id));
        consumers.start(core, view, id);
        origin.settle(core);
    }
}

#[cfg(test)]
mod tests;
