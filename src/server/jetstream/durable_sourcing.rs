//! Mirrors and sources whose configuration names a consumer of the origin: they store what it delivers, in the way it does,
//! and acknowledge by answering its flow control (nats-server 2.14, "durable sourcing"). Streams without such a consumer take
//! messages as they are stored: see [`super::origins`].

use super::JetStream;
use super::consumer::AckPolicy;
use super::error::ApiError;
use super::origins::{RETRY, jitter, let_go, number, set_timer};
use super::stream::{Follow, Followed, REFUSED, Refused};
use crate::server::core::{Core, Endpoint, Message, StreamId};
use crate::wire::time::{SECOND, Time};

/// Whether the consumer is still there is looked at this often.
const CHECK: i64 = 10 * SECOND;

impl JetStream {
    /// Has the named consumer start again behind what it knows to be stored, and listens to it; or sees that all is well.
    pub(super) fn read_with_durable(
        &mut self,
        core: &mut Core,
        id: StreamId,
        follow: &mut Follow,
        origin_id: Option<StreamId>,
    ) {
        let now = core.now();
        follow.retry = Some(now.after(CHECK));
        let Some(durable) = follow.source.consumer.clone() else {
            return;
        };
        let origin = origin_id.and_then(|id| self.streams.get_mut(&id));
        let consumer = origin.and_then(|o| Some((o.consumers.id(&durable.name)?, o)));
        let Some((consumer, origin)) = consumer else {
            // nats-server gets no answer, and asks again.
            return lose(core, id, follow, RETRY);
        };
        if follow.origin.is_some() {
            return;
        }
        let (consumers, view) = origin.parts();
        let policy = consumers.by_id(consumer).map(|c| c.config().ack_policy);
        let delivered = consumers.restart(core, view, consumer).saturating_sub(1);
        if policy != Some(AckPolicy::FlowControl) {
            let (code, whose) = match follow.mirror {
                true => (10214, "mirror"),
                false => (10217, "source"),
            };
            let text = format!("stream {whose} consumer requires flow control ack policy");
            lose(core, id, follow, RETRY);
            follow.error = Some(ApiError::new(400, code, text));
            return;
        }
        core.subscribe(durable.deliver_subject.as_bytes(), Endpoint::Follow(id));
        follow.deliver = durable.deliver_subject.into_bytes();
        let (consumers, view) = origin.parts();
        consumers.start(core, view, consumer);
        origin.settle(core);
        let origin = origin.id;
        if let Some(origin) = self.streams.get(&origin)
            && let Some(stream) = self.streams.get(&id)
        {
            follow.attach_durable(origin, &stream.store, delivered, now);
            follow.retry = Some(now.after(CHECK));
        }
        if let Some(stream) = self.streams.get_mut(&id).filter(|_| follow.mirror) {
            stream.mirror_after(core, delivered);
        }
        self.add_follower(origin, id);
    }

    /// The consumer delivered a message, with this in its reply subject behind the consumer's name.
    pub(super) fn take_delivered(
        &mut self,
        core: &mut Core,
        id: StreamId,
        at: usize,
        message: Message<'_>,
        place: &[&str],
    ) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        let mut place = place.iter().map(|word| number(word));
        let mut next = || place.next().unwrap_or(0);
        let (count, seq, in_consumer, time, pending) = (next(), next(), next(), next(), next());
        let follow = &mut stream.follows[at];
        let (last, last_in_consumer) = follow.delivered;
        // Whoever knows the deliver subject can make these numbers up.
        let follows = in_consumer == last_in_consumer.wrapping_add(1);
        if count != 1 || follow.origin.is_none() {
            return;
        }
        if seq <= last {
            follow.delivered.1 = last_in_consumer.wrapping_add(u64::from(follows));
            return;
        }
        let follows = follows || follow.mirror && seq == last + 1;
        if !follows {
            lose(core, id, follow, RETRY);
            return set_timer(core, stream);
        }
        follow.delivered = (seq, in_consumer);
        follow.lag = pending.saturating_sub(1);
        let message = Followed {
            seq,
            time: Time(time as i64),
            subject: message.subject,
            headers: message.headers,
            payload: message.payload,
        };
        let message = follow.convert(core, message);
        let mirror = follow.mirror;
        let stored = stream.store_followed(core, at, &message);
        if mirror {
            stream.caught_up(core);
        }
        match stored {
            Ok(true) => self.hand_on(core, id),
            Ok(false) => {}
            Err(Refused) => {
                lose(core, id, &mut stream.follows[at], REFUSED);
                set_timer(core, stream);
            }
        }
    }
}

/// Listens to the consumer no more, and asks it anew after `wait` nanoseconds and up to as long again.
fn lose(core: &mut Core, id: StreamId, follow: &mut Follow, wait: i64) {
    let_go(core, id, follow);
    follow.error = None;
    follow.retry = Some(jitter(core, wait));
}
