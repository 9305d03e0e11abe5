//! Reading origins. A mirror or source reads as any client could: it asks the API for a consumer, listens to where that
//! delivers, answers its flow control and looks whether it is still there; the requests are nats-server's
//! (`setupMirrorConsumer`, `trySetupSourceConsumer`). Must not know other streams: an origin is a subject to ask on.

use super::asking::{self, Answer, IDENTITY, api_subject, consumer_name, give_up};
use super::follow::{Follow, Followed};
use super::publish::FULL;
use super::{Origin, Source, Stream, StreamConfig};
use crate::server::core::{Core, Endpoint, Message, Timer};
use crate::server::jetstream::consumer::AckPolicy;
use crate::server::jetstream::error::ApiError;
use crate::server::jetstream::store::LAST_SEQ;
use crate::wire::json::{Writer, quote};
use crate::wire::time::{SECOND, Time};
use crate::wire::{headers, subject};

/// An origin is asked no sooner after it was asked last, in nanoseconds.
const RETRY: i64 = 2 * SECOND;
/// What each failure adds to that, up to the last, in nanoseconds.
const BACKOFF: i64 = 10 * SECOND;
const BACKOFF_MAX: i64 = 120 * SECOND;
/// Every wait is longer by this, and up to as long again, in nanoseconds.
const JITTER: i64 = SECOND / 10;
/// How long an answer may take, of one that makes a consumer and of one that finds a consumer there is, in nanoseconds.
const ANSWER: i64 = 30 * SECOND;
const DURABLE_ANSWER: i64 = 5 * SECOND;
/// How long a consumer may be silent, and how often that is looked at, in nanoseconds.
const HEALTH: i64 = 10 * SECOND;
/// A mirror that lags behind less than this answers direct gets.
const CAUGHT_UP: u64 = 10;
/// The origin is not the stream it was: it was deleted and made anew.
const OTHER_IDENTITY: u16 = 10225;

/// What the reply subject of a delivered message tells.
struct Place {
    deliveries: u64,
    seq: u64,
    in_consumer: u64,
    time: Time,
    pending: u64,
}

impl Stream {
    /// The configuration is new: follows what it names. What stays the same goes on.
    pub fn follow(&mut self, core: &mut Core) {
        let mut old = std::mem::take(&mut self.follows);
        let mut unused: Vec<(Source, String)> = old
            .iter()
            .filter(|follow| follow.source.consumer.is_none())
            .map(|follow| (follow.source.clone(), follow.name.clone()))
            .collect();
        for (source, mirror) in origins(&self.config) {
            let name = consumer_name(&self.config, source, mirror);
            unused.retain(|(other, theirs)| other.name != source.name || *theirs != name);
            let same = |follow: &Follow| follow.source.is_same(source) && follow.mirror == mirror;
            let mut follow = match old.iter().position(same) {
                Some(known) => old.swap_remove(known),
                None => {
                    let mut follow = Follow::new(source.clone(), mirror);
                    // Who makes it and asks is told that nothing came yet. Each source has its time: what comes first may leave
                    // nothing old to take for the others.
                    follow.retry = Some(jitter(core, 0));
                    if !mirror {
                        follow.recall(&self.sourced);
                    }
                    follow
                }
            };
            // Where to start is asked when it is asked for, and by then may be another place.
            follow.source.clone_from(source);
            follow.name = name;
            self.follows.push(follow);
        }
        for mut follow in old {
            follow.let_go(core, self.id);
        }
        unused
            .into_iter()
            .for_each(|(s, name)| give_up(core, &s, &name));
        self.set_origin_timer(core);
    }

    /// The stream is being deleted, and reads no more.
    pub fn unfollow(&mut self, core: &mut Core) {
        for mut follow in std::mem::take(&mut self.follows) {
            follow.let_go(core, self.id);
            if follow.source.consumer.is_none() {
                give_up(core, &follow.source, &follow.name);
            }
        }
    }

    /// Asks origins whose time has come, and looks after those that should have answered or sent something.
    pub fn origins_due(&mut self, core: &mut Core) {
        let now = core.now();
        let due = |time: Option<Time>| time.is_some_and(|at| at <= now);
        for at in 0..self.follows.len() {
            let follow = &mut self.follows[at];
            if due(follow.check) {
                follow.check = None;
                if !follow.inbox.is_empty() {
                    self.unanswered(core, at);
                } else if now.since(follow.heard.unwrap_or_default()) > HEALTH {
                    self.read_anew(core, at, None);
                } else {
                    follow.check = Some(now.after(HEALTH));
                }
            }
            if due(self.follows[at].retry) {
                self.ask(core, at);
            }
        }
        self.set_origin_timer(core);
    }

    fn set_origin_timer(&self, core: &mut Core) {
        let times = self.follows.iter().flat_map(|f| [f.retry, f.check]);
        core.set_timer(Timer::StreamSources(self.id), times.flatten().min());
    }

    /// Reads an origin anew before long: from sequence `from`, or from where it is. A mirror, which starts behind what it
    /// has, does so at once if it did not ask a moment ago.
    fn read_anew(&mut self, core: &mut Core, at: usize, from: Option<u64>) {
        let now = core.now();
        let follow = &mut self.follows[at];
        if !follow.inbox.is_empty() || follow.retry.is_some() && !follow.mirror {
            return;
        }
        // As a message of a client may say it: nats-server starts anew at the highest number.
        follow.from = from.unwrap_or(follow.seq.wrapping_add(1));
        let since = follow.asked.map_or(RETRY, |asked| now.since(asked));
        if follow.mirror {
            follow.let_go(core, self.id);
            if since >= RETRY {
                return self.ask(core, at);
            }
        }
        let follow = &mut self.follows[at];
        let backoff = (BACKOFF * follow.failures).min(BACKOFF_MAX);
        follow.retry = Some(jitter(core, (RETRY - since).max(0) + backoff));
        self.set_origin_timer(core);
    }

    /// Sends the request for a consumer, or for the one that the configuration names to start again.
    fn ask(&mut self, core: &mut Core, at: usize) {
        let (now, id) = (core.now(), self.id);
        let follow = &mut self.follows[at];
        let listened = !follow.deliver.is_empty();
        follow.let_go(core, id);
        if listened {
            // The consumer is to know before it is asked for.
            follow.retry = Some(now);
            return self.set_origin_timer(core);
        }
        if follow.mirror && follow.asked.is_some() {
            follow.seq = self.store.last_seq();
        }
        follow.asked = Some(now);
        follow.error = None;
        follow.inbox = asking::inbox(core);
        core.subscribe(&follow.inbox, Endpoint::Follow(id));
        let (follow, source) = (&self.follows[at], &self.follows[at].source);
        let mut block = Vec::new();
        let level: &[u8] = if follow.mirror { b"4" } else { b"5" };
        if !follow.mirror || source.consumer.is_none() {
            headers::push(&mut block, "Nats-Required-Api-Level", level);
        }
        if !follow.mirror {
            headers::push(&mut block, IDENTITY, follow.identity.as_bytes());
        }
        let mut payload = Vec::new();
        let mut wait = DURABLE_ANSWER;
        let request = match &source.consumer {
            Some(consumer) => format!("RESET.{}.{}", source.name, consumer.name),
            None => {
                wait = ANSWER;
                let config = self.consumer_for(core, follow);
                let mut w = Writer::default();
                w.open().key("stream_name").string(&source.name);
                config.write(w.key("config"), false);
                w.key("action").string("").close();
                payload = w.finish();
                match config.filter_subject.as_str() {
                    "" => format!("CREATE.{}", source.name),
                    filter => format!("CREATE.{}.{}.{filter}", source.name, config.name),
                }
            }
        };
        let message = Message {
            subject: &api_subject(source, &request),
            reply: &follow.inbox,
            headers: &block,
            payload: &payload,
        };
        if subject::is_valid(message.subject) {
            core.publish(message, false);
        }
        self.follows[at].check = Some(now.after(wait));
        self.set_origin_timer(core);
    }

    fn unanswered(&mut self, core: &mut Core, at: usize) {
        let id = self.id;
        let follow = &mut self.follows[at];
        core.unsubscribe(&follow.inbox, Endpoint::Follow(id));
        follow.inbox.clear();
        self.failed(core, at, None);
        // As soon as the configured consumer shows itself, it is asked again.
        let follow = &mut self.follows[at];
        if let Some(consumer) = &follow.source.consumer {
            follow.deliver = consumer.deliver_subject.clone().into_bytes();
            core.subscribe(&follow.deliver, Endpoint::Follow(id));
        }
    }

    /// An origin did not give what it was asked for: the next time is later.
    fn failed(&mut self, core: &mut Core, at: usize, error: Option<ApiError>) {
        let follow = &mut self.follows[at];
        follow.failures += 1;
        follow.error = error;
        let from = follow.from;
        self.read_anew(core, at, Some(from));
    }

    /// Something came from where a consumer delivers, or is the answer to the request for one.
    pub fn on_followed(&mut self, core: &mut Core, message: Message<'_>) {
        let subject = message.subject;
        if let Some(at) = self.follows.iter().position(|f| f.inbox == subject) {
            return self.on_answer(core, at, message);
        }
        // Clients may publish here, too: no more than they say is taken for true.
        let control = message.payload.is_empty() && message.headers.starts_with(b"NATS/1.0 100 ");
        let reply = str::from_utf8(message.reply).unwrap_or_default();
        let words: Vec<&str> = reply.split('.').collect();
        let from = match *words {
            ["$JS", "ACK", _, consumer, ..] => consumer,
            _ => "",
        };
        let is_it = |f: &Follow| match control {
            true => f.deliver == subject,
            false => !from.is_empty() && f.reads_by(from),
        };
        let Some(at) = self.follows.iter().position(is_it) else {
            return;
        };
        let follow = &mut self.follows[at];
        if follow.deliver.is_empty() {
            return;
        }
        if follow.consumer.is_empty() {
            // It is there, which is no word of the origin yet.
            follow.failures = 0;
            follow.retry = None;
            let from = follow.from;
            return self.read_anew(core, at, Some(from));
        }
        follow.heard = Some(core.now());
        if control {
            self.on_control(core, at, message);
        } else if let [_, _, _, _, deliveries, seq, in_consumer, time, pending] = *words {
            let place = Place {
                deliveries: number(deliveries),
                seq: number(seq),
                in_consumer: number(in_consumer),
                time: Time(number(time) as i64),
                pending: number(pending),
            };
            self.on_delivered(core, at, &place, message);
        }
    }

    fn on_answer(&mut self, core: &mut Core, at: usize, message: Message<'_>) {
        let (now, id) = (core.now(), self.id);
        let name = self.config.name.clone();
        let follow = &mut self.follows[at];
        let Some(mut answer) = Answer::read(message.payload) else {
            let kind = if follow.mirror { "mirror" } else { "source" };
            let text = quote(message.payload);
            let text = format!("JetStream bad {kind} consumer create response: {text}");
            core.log("WRN", &text);
            // A better one may still come. The words are nats-server's, which leaves the place for the error as it is.
            if follow.mirror {
                follow.error = Some(ApiError::new(400, 10025, "invalid JSON: {err}"));
            }
            return;
        };
        let setup_failed = |mirror: bool, text: &str| {
            let code = if mirror { 10029 } else { 10045 };
            ApiError::new(500, code, text)
        };
        if answer.error.is_none() && !answer.whole {
            let text = "invalid consumer create response";
            answer.error = Some(setup_failed(follow.mirror, text));
        }
        core.unsubscribe(&follow.inbox, Endpoint::Follow(id));
        follow.inbox.clear();
        follow.check = None;
        if let Some(error) = answer.error {
            if error.err_code == OTHER_IDENTITY && !follow.mirror {
                (follow.seq, follow.count) = (0, 0);
                follow.identity.clear();
                follow.recreated = true;
                return self.read_anew(core, at, Some(0));
            }
            let whose = match follow.mirror {
                true => "create mirror consumer".into(),
                false => {
                    let origin = &follow.source.name;
                    format!("stream {name} create source consumer {origin}")
                }
            };
            let (text, code) = (&error.description, error.err_code);
            let text = format!("JetStream error response for {whose}: {text} ({code})");
            core.log("WRN", &text);
            return self.failed(core, at, Some(error));
        }
        if follow.source.consumer.is_some() && answer.config.ack_policy != AckPolicy::FlowControl {
            let (code, whose) = match follow.mirror {
                true => (10214, "mirror"),
                false => (10217, "source"),
            };
            let text = format!("stream {whose} consumer requires flow control ack policy");
            return self.failed(core, at, Some(ApiError::new(400, code, text)));
        }
        if !follow.mirror {
            let identity = headers::get(message.headers, IDENTITY).unwrap_or_default();
            let identity = String::from_utf8_lossy(identity).into_owned();
            let known = !identity.is_empty() && !follow.identity.is_empty();
            if follow.recreated || known && follow.identity != identity {
                let origin = &follow.source.name;
                let text = format!(
                    "JetStream source stream \"{origin}\" for stream '$G > {name}' was recreated, resetting source state"
                );
                core.log("WRN", &text);
                follow.seq = 0;
            }
            (follow.identity, follow.recreated) = (identity, false);
        }
        // The configuration's word counts, wherever the consumer delivers.
        let deliver = match &follow.source.consumer {
            Some(consumer) => consumer.deliver_subject.clone(),
            None => answer.config.deliver_subject,
        };
        if !subject::is_valid(deliver.as_bytes()) {
            let error = setup_failed(follow.mirror, "malformed subject");
            return self.failed(core, at, Some(error));
        }
        follow.failures = 0;
        follow.consumer = answer.name;
        follow.count = 0;
        follow.seq = follow.seq.max(answer.delivered);
        follow.heard = Some(now);
        follow.check = Some(now.after(HEALTH));
        follow.deliver = deliver.into_bytes();
        core.subscribe(&follow.deliver, Endpoint::Follow(id));
        if follow.mirror {
            self.mirror_after(core, answer.delivered);
            self.follows[at].seq = self.store.last_seq();
        }
        self.set_origin_timer(core);
    }

    /// A heartbeat or a request of flow control.
    fn on_control(&mut self, core: &mut Core, at: usize, message: Message<'_>) {
        let follow = &self.follows[at];
        let stalled = headers::get(message.headers, "Nats-Consumer-Stalled").unwrap_or_default();
        let last = headers::get(message.headers, "Nats-Last-Consumer").unwrap_or_default();
        let last = number(str::from_utf8(last).unwrap_or_default());
        let mut block = Vec::new();
        let reply = match message.reply {
            b"" if last > 0 && last != follow.count => return self.read_anew(core, at, None),
            b"" => stalled,
            reply => {
                let (count, seq) = (follow.count, follow.seq);
                for (name, number) in [("Nats-Last-Consumer", count), ("Nats-Last-Stream", seq)] {
                    headers::push(&mut block, name, number.to_string().as_bytes());
                }
                reply
            }
        };
        if subject::is_valid(reply) {
            let answer = Message {
                subject: reply,
                reply: b"",
                headers: &block,
                payload: b"",
            };
            core.publish(answer, false);
        }
    }

    /// A message of an origin.
    fn on_delivered(&mut self, core: &mut Core, at: usize, place: &Place, message: Message<'_>) {
        let follow = &mut self.follows[at];
        let (seq, before) = (place.seq, (follow.seq, follow.count));
        let next = place.in_consumer == before.1.wrapping_add(1);
        if place.deliveries > 1 {
            return;
        }
        if seq <= before.0 {
            follow.count = before.1.wrapping_add(u64::from(next));
            return;
        }
        if !(next || follow.mirror && seq == before.0 + 1) {
            if follow.mirror || place.in_consumer > before.1 {
                self.read_anew(core, at, None);
            }
            return;
        }
        let lag = std::mem::replace(&mut follow.lag, place.pending.saturating_sub(1));
        (follow.seq, follow.count) = (seq, place.in_consumer);
        let message = follow.convert(core, seq, message);
        if follow.mirror {
            if place.pending < CAUGHT_UP {
                self.caught_up(core);
            }
            if !self.mirror_message(core, before.0, place, &message) {
                let follow = &mut self.follows[at];
                (follow.seq, follow.count) = before;
                follow.lag = lag;
                self.read_anew(core, at, None);
            }
        } else if !self.source_message(core, &message) {
            let follow = &mut self.follows[at];
            (follow.seq, follow.count) = before;
            self.read_anew(core, at, Some(seq));
        }
    }

    /// False if it is refused, as there is no room, say.
    fn source_message(&mut self, core: &mut Core, message: &Followed<'_>) -> bool {
        let (headers, payload) = (&message.headers, message.payload);
        let accepted = self.publish(
            core,
            &message.subject,
            b"",
            headers,
            payload,
            Origin::Source,
        );
        if let Ok(super::Accepted::Stored(_)) = accepted {
            self.note_source(headers);
        }
        accepted.is_ok()
    }

    /// Stores what the mirrored stream has under the same sequence. False if it is not what follows `before`, the last that
    /// came: that was refused.
    fn mirror_message(
        &mut self,
        core: &mut Core,
        before: u64,
        place: &Place,
        message: &Followed<'_>,
    ) -> bool {
        let (seq, last) = (place.seq, self.store.last_seq());
        // A sealed one refuses all, before sequences are compared.
        if self.config.sealed && seq == before + 1 {
            return true;
        }
        if last != before && self.store.first_seq() > 0 {
            return false;
        }
        let (headers, payload) = (&message.headers, message.payload);
        let origin = Origin::Mirror(seq, place.time);
        let accepted = self.publish(core, &message.subject, b"", headers, payload, origin);
        let Err(error) = accepted else {
            return true;
        };
        // What the origin does not have, it lacks as well; one that is full goes on without what it has no room for.
        let passed = if error.err_code == FULL { seq } else { seq - 1 };
        if last < passed {
            let time = self.store.last_time();
            self.store.skip_to(passed, time);
            self.record_state(core);
        }
        true
    }
}

/// Now, `ns` and a tenth of a second to two.
fn jitter(core: &mut Core, ns: i64) -> Time {
    let more = core.random() % JITTER as u64;
    core.now().after(ns + JITTER + more as i64)
}

/// A number of a reply subject or header; none is so high that the next one would not be a number.
fn number(word: &str) -> u64 {
    word.parse().unwrap_or(0).min(LAST_SEQ)
}

/// What a stream follows; the flag is for a mirror.
fn origins(config: &StreamConfig) -> impl Iterator<Item = (&Source, bool)> {
    let mirror = config.mirror.iter().map(|source| (source, true));
    mirror.chain(config.sources().iter().map(|source| (source, false)))
}
