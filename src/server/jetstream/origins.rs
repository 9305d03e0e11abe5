//! Mirrors and sources: finding origins, and handing what they store to the streams that follow them. The real server uses
//! internal consumers for it; here messages are copied at once, when they are stored.

use super::JetStream;
use super::stream::{Follow, Origin, Stream, StreamConfig};
use crate::server::core::{Core, StreamId, Timer};
use crate::wire::json::Writer;
use crate::wire::time::{SECOND, Time};

/// A follower looks for its origin this long after its creation, and up to as long again.
const ATTACH: i64 = SECOND / 10;
/// First wait and what each further failure adds, up to the last.
const RETRY: i64 = 2 * SECOND;
const RETRY_MORE: i64 = 10 * SECOND;
const RETRY_MAX: i64 = 120 * SECOND;
/// A deleted origin is missed after this long, and up to as long again.
const SILENCE: i64 = 10 * SECOND;
/// A full stream that refuses the new is tried again after this.
const REFUSED: i64 = SECOND;

impl JetStream {
    /// A stream was created, or its configuration changed: follows what it names. What stays the same goes on.
    pub(super) fn follow(&mut self, core: &mut Core, id: StreamId) {
        let at = jitter(core, ATTACH);
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        let mut old = std::mem::take(&mut stream.follows);
        for (source, mirror) in origins(&stream.config) {
            let known = old
                .iter()
                .position(|f| f.source == *source && f.mirror == mirror);
            let follow = match known {
                Some(known) => old.swap_remove(known),
                None => Follow::new(source.clone(), mirror, at),
            };
            stream.follows.push(follow);
        }
        let origins: Vec<StreamId> = stream.follows.iter().filter_map(|f| f.origin).collect();
        set_timer(core, stream);
        for (origin, followers) in self.followers.iter_mut() {
            followers.retain(|follower| *follower != id || origins.contains(origin));
        }
    }

    /// Looks for origins whose time has come and takes what they have.
    pub(super) fn look_for_origins(&mut self, core: &mut Core, id: StreamId) {
        let now = core.now();
        let Some(stream) = self.streams.get(&id) else {
            return;
        };
        let mut follows = stream.follows.clone();
        for follow in &mut follows {
            if follow.retry.is_none_or(|at| at > now) {
                continue;
            }
            follow.retry = None;
            if follow.origin.is_some() {
                continue;
            }
            self.api_total += 1;
            let origin = self.names.get(&follow.source.name);
            let origin = origin.and_then(|id| self.streams.get(id));
            match origin.filter(|_| follow.source.external.is_none()) {
                Some(origin) => {
                    // nats-server makes a consumer of the origin, which counts as two internal clients.
                    core.next_client_id();
                    core.next_client_id();
                    follow.attach(origin, &stream.store, now);
                    let followers = self.followers.get_or_insert(origin.id, Vec::new());
                    if !followers.contains(&id) {
                        followers.push(id);
                    }
                }
                None => {
                    self.api_errors += 1;
                    follow.failures += 1;
                    let wait = (RETRY + RETRY_MORE * follow.failures).min(RETRY_MAX);
                    follow.retry = Some(now.after(wait + jitter(core, ATTACH).since(now)));
                }
            }
        }
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.follows = follows;
            set_timer(core, stream);
        }
        if self.take(core, id) {
            self.hand_on(core, id);
        }
    }

    /// A stream may have stored something: hands it to those that follow, and to those that follow them.
    pub(super) fn hand_on(&mut self, core: &mut Core, origin: StreamId) {
        if !self.followers.contains_key(&origin) {
            return;
        }
        let mut changed = vec![origin];
        while let Some(origin) = changed.pop() {
            for follower in self.followers.get(&origin).cloned().unwrap_or_default() {
                if self.take(core, follower) {
                    changed.push(follower);
                }
            }
        }
    }

    /// Takes everything new from a stream's origins. True if it stored anything.
    fn take(&mut self, core: &mut Core, id: StreamId) -> bool {
        let now = core.now();
        let count = self
            .streams
            .get(&id)
            .map_or(0, |stream| stream.follows.len());
        let (mut stored, mut mirrored) = (false, false);
        for at in 0..count {
            while let Some(stream) = self.streams.get(&id)
                && let Some(follow) = stream.follows.get(at)
                && follow.retry.is_none()
                && let Some(origin) = follow.origin.and_then(|id| self.streams.get(&id))
                && let Some(seq) = origin.store.next_match(&follow.filters, follow.next)
                && let Some(message) = origin.store.get(seq)
            {
                let (subject, block) = follow.convert(core, message, seq);
                let payload = message.payload().to_vec();
                let kind = if follow.mirror {
                    Origin::Mirror(seq, message.time)
                } else {
                    Origin::Source
                };
                let Some(stream) = self.streams.get_mut(&id) else {
                    break;
                };
                let known = kind != Origin::Source && seq <= stream.store.last_seq();
                let taken = !known
                    && match stream.publish(core, &subject, b"", &block, &payload, kind) {
                        Ok(_) => true,
                        // Full, and discards the new: the same message again later.
                        Err(error) if error.err_code == 10077 => {
                            stream.follows[at].retry = Some(now.after(REFUSED));
                            set_timer(core, stream);
                            break;
                        }
                        Err(_) => false,
                    };
                stored |= taken;
                mirrored |= kind != Origin::Source;
                stream.follows[at].passed(seq, now);
            }
        }
        if let Some(stream) = self.streams.get_mut(&id).filter(|_| mirrored) {
            stream.caught_up(core);
        }
        stored
    }

    /// A stream was deleted: those that follow it will miss it.
    pub(super) fn forget_origin(&mut self, core: &mut Core, origin: StreamId) {
        for followers in self.followers.values_mut() {
            followers.retain(|follower| *follower != origin);
        }
        for follower in self.followers.remove(&origin).unwrap_or_default() {
            let at = jitter(core, SILENCE);
            if let Some(stream) = self.streams.get_mut(&follower) {
                for follow in &mut stream.follows {
                    if follow.origin == Some(origin) {
                        follow.origin = None;
                        follow.retry = Some(at);
                    }
                }
                set_timer(core, stream);
            }
        }
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

/// What a stream follows; the flag is for a mirror.
fn origins(config: &StreamConfig) -> impl Iterator<Item = (&super::stream::Source, bool)> {
    let mirror = config.mirror.iter().map(|source| (source, true));
    mirror.chain(config.sources().iter().map(|source| (source, false)))
}

fn set_timer(core: &mut Core, stream: &Stream) {
    let next = stream.follows.iter().filter_map(|f| f.retry).min();
    core.set_timer(Timer::StreamSources(stream.id), next);
}

/// Now plus once to twice `ns`.
fn jitter(core: &mut Core, ns: i64) -> Time {
    let more = core.random() % ns as u64;
    core.now().after(ns + more as i64)
}
