//! What every part of the server works with: routing, timers, randomness, the log and the time of the current step.
//! JetStream gets `&mut Core` in each call and sends everything it has to say through it. Must not know JetStream's
//! rules; it names JetStream's [`Endpoint`]s and [`Timer`]s, so that routes and timers can point at them, and holds the
//! [`Journal`], so that whoever changes something can write it down.

use std::collections::VecDeque;

use super::connection::Connection;
pub use super::endpoints::{ConsumerId, Endpoint, StreamId, Timer, TransferId, Watcher};
use super::info::Identity;
use super::journal::{Journal, Record};
use super::log::Log;
use super::message_trace::MessageTrace;
use super::random::Random;
use super::sha256::short_hash;
use super::subscriptions::{Owner, Subscription, SubscriptionId, Subscriptions, serves};
use super::timers::Timers;
use super::{Config, ConnectionId, Peer};
use crate::wire::sorted::Sorted;
use crate::wire::time::Time;

/// The first client's id: nats-server's internal clients have those before.
const FIRST_CLIENT_ID: u64 = 5;

/// A message on its way through the server. Subjects are bytes: the server passes on whatever it is given.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Subject it was published to.
    pub subject: &'a [u8],
    /// Reply subject; empty when there is none.
    pub reply: &'a [u8],
    /// The whole header block, `NATS/1.0␍␊` to the empty line included; empty when there is none.
    pub headers: &'a [u8],
    /// Payload without headers.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// One without reply subject and headers.
    pub fn plain(subject: &'a [u8], payload: &'a [u8]) -> Message<'a> {
        Message {
            subject,
            reply: b"",
            headers: b"",
            payload,
        }
    }
}

/// A message that an [`Endpoint`] is still to get.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub endpoint: Endpoint,
    /// The client that published it, if one did.
    pub from: Option<ConnectionId>,
    bytes: Box<[u8]>,
    /// Where subject, reply and headers end in `bytes`.
    ends: [usize; 3],
}

impl Work {
    pub fn new(endpoint: Endpoint, message: &Message<'_>, from: Option<ConnectionId>) -> Work {
        let parts = [
            message.subject,
            message.reply,
            message.headers,
            message.payload,
        ];
        let subject = parts[0].len();
        let reply = subject + parts[1].len();
        let headers = match endpoint {
            // nats-server appends who asks, and takes a block without room for its last line for payload then.
            Endpoint::JetStreamApi | Endpoint::System if parts[2].len() <= 2 => 0,
            _ => parts[2].len(),
        };
        Work {
            endpoint,
            from,
            bytes: parts.concat().into(),
            ends: [subject, reply, reply + headers],
        }
    }

    pub fn message(&self) -> Message<'_> {
        let [subject, reply, headers] = self.ends;
        Message {
            subject: &self.bytes[..subject],
            reply: &self.bytes[subject..reply],
            headers: &self.bytes[reply..headers],
            payload: &self.bytes[headers..],
        }
    }
}

/// Messages for endpoints that one step hands over, before the rest waits for the next `advance`, and that may wait before
/// whoever delivers many of them takes a breath: neither long queues nor circles of streams may hang the host.
pub(super) const MOST_WORK: usize = 2048;

/// The shared middle of the server.
#[derive(Clone, Debug)]
pub struct Core {
    pub(super) config: Config,
    pub(super) identity: Identity,
    pub(super) now: Time,
    random: Random,
    pub(super) connections: Sorted<ConnectionId, Box<Connection>>,
    /// Stands in for a connection that is not there.
    pub(super) nobody: Box<Connection>,
    /// Connections with output to take.
    pub(super) ready: Vec<ConnectionId>,
    pub(super) subscriptions: Subscriptions,
    /// Consumers that were asked for messages, to serve once all that was read with that is taken in.
    pub(super) to_serve: VecDeque<(StreamId, ConsumerId)>,
    /// Messages for endpoints, to be handed over after the current step.
    pub(super) work: VecDeque<Work>,
    pub(super) timers: Timers,
    pub(super) log: Log,
    next_id: u64,
    /// Messages the server itself sent through its account's client.
    pub(super) sent: u64,
    pub(super) totals: Totals,
    hits: Vec<SubscriptionId>,
    /// The report on the client's message that is being routed.
    pub(super) message_trace: Option<MessageTrace>,
    /// One who got something in this step and is behind with reading.
    pub(super) behind: Option<ConnectionId>,
    /// One of those who got the last delivery is, or the server's own.
    pub delivered_behind: bool,
    /// One answer in many messages is being queued, of which nobody could take any meanwhile.
    pub answering: bool,
    /// What outlives the server, once somebody keeps it.
    pub(super) journal: Option<Journal>,
    /// Consumers whose progress is to be written down.
    pub(super) touched: Sorted<(StreamId, ConsumerId), ()>,
}

/// Counters of the account since the start.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    pub connections: u64,
    pub in_msgs: u64,
    pub in_bytes: u64,
    pub out_msgs: u64,
    pub out_bytes: u64,
    pub slow_consumers: u64,
}

/// How a message is written for clients.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Form<'a> {
    /// Sizes as a publisher typed them.
    pub sizes: (&'a [u8], &'a [u8]),
    /// Two blanks before the size.
    pub double_space: bool,
}

impl Core {
    pub(super) fn new(config: Config, seed: u64, now: Time) -> Core {
        let mut random = Random::new(seed);
        let identity = Identity::new(&config, &mut random);
        let log = Log {
            pid: config.pid,
            utc_offset: config.utc_offset,
            debug: config.debug,
            trace: config.trace,
            ..Log::default()
        };
        Core {
            config,
            identity,
            now,
            random,
            connections: Sorted::default(),
            nobody: Box::new(Connection::new(ConnectionId(0), Peer::default(), now)),
            ready: Vec::new(),
            subscriptions: Subscriptions::default(),
            to_serve: VecDeque::new(),
            work: VecDeque::new(),
            timers: Timers::default(),
            log,
            next_id: FIRST_CLIENT_ID,
            sent: 0,
            totals: Totals::default(),
            hits: Vec::new(),
            message_trace: None,
            behind: None,
            delivered_behind: false,
            answering: false,
            journal: None,
            touched: Sorted::default(),
        }
    }

    /// Writes a change down, if anybody keeps them.
    pub fn record(&mut self, record: Record<'_>) {
        if let Some(journal) = &mut self.journal {
            journal.write(record);
        }
    }

    /// What goes out next tells somebody that what was written down is there to stay.
    pub fn promise(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.urge();
        }
    }

    /// A consumer was asked for messages: [`super::Engine::serve`] comes after the rest of what was read with that.
    pub fn serve(&mut self, stream: StreamId, consumer: ConsumerId) {
        if self.to_serve.back() != Some(&(stream, consumer)) {
            self.to_serve.push_back((stream, consumer));
        }
    }

    /// The progress of a consumer that outlives the server changed.
    pub fn touch(&mut self, stream: StreamId, consumer: ConsumerId) {
        if self.journal.is_some() {
            self.touched.insert((stream, consumer), ());
        }
    }

    /// The time of the current step (what `receive` or `advance` was given).
    pub fn now(&self) -> Time {
        self.now
    }

    /// How the server was started.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// 64 random bits from the seed.
    pub fn random(&mut self) -> u64 {
        self.random.next()
    }

    /// A number below `limit`.
    pub(super) fn random_below(&mut self, limit: usize) -> usize {
        self.random.below(limit)
    }

    /// A fresh 22-character NUID, for advisory ids.
    pub fn nuid(&mut self) -> String {
        self.random.nuid()
    }

    /// Eight letters and digits, as nats-server names what has no name of its own.
    pub fn token(&mut self) -> String {
        short_hash(&self.nuid())
    }

    /// This server's name.
    pub fn server_name(&self) -> &str {
        &self.identity.name
    }

    /// Adds an internal subscription; matches count as interest (no 503).
    pub fn subscribe(&mut self, subject: &[u8], endpoint: Endpoint) {
        let owner = Owner::Internal(endpoint);
        self.subscriptions
            .add(Subscription::new(owner, subject, None));
    }

    /// Removes what [`Core::subscribe`] added for this subject and endpoint.
    pub fn unsubscribe(&mut self, subject: &[u8], endpoint: Endpoint) {
        if let Some(id) = self.subscriptions.internal(subject, endpoint) {
            self.subscriptions.remove(id);
        }
    }

    /// Publishes as the server: to clients at once and to internal subscriptions (streams!) after the current step's
    /// work, in order. `double_space` is the account client's form (advisories). True if anybody took it.
    pub fn publish(&mut self, message: Message<'_>, double_space: bool) -> bool {
        self.sent += u64::from(double_space);
        self.queue_route(
            message.subject,
            message,
            Form {
                double_space,
                ..Form::default()
            },
        )
    }

    /// Delivers a stored message: routed by `to` (a deliver subject or a pull request's reply), shown under
    /// `message.subject`. Goes to clients (and internal subscriptions on `to`). True if anybody took it.
    pub fn deliver(&mut self, to: &[u8], message: Message<'_>) -> bool {
        let earlier = self.behind.take();
        let taken = self.queue_route(to, message, Form::default());
        self.delivered_behind = self.behind.is_some() || self.work.len() >= MOST_WORK;
        self.behind = self.behind.or(earlier);
        taken
    }

    pub(super) fn queue_route(&mut self, to: &[u8], message: Message<'_>, form: Form<'_>) -> bool {
        let mut work = std::mem::take(&mut self.work);
        let before = work.len();
        let taken = self.route(None, to, &message, form, &mut |endpoint| {
            work.push_back(Work::new(endpoint, &message, None));
        });
        self.work = work;
        taken || self.work.len() > before
    }

    /// Delivers to all clients subscribed to `to` and names the endpoints that are to get the message too. True if
    /// a client took it. Plain subscriptions come first, then one member of each queue group.
    pub(super) fn route(
        &mut self,
        from: Option<ConnectionId>,
        to: &[u8],
        message: &Message<'_>,
        form: Form<'_>,
        internal: &mut dyn FnMut(Endpoint),
    ) -> bool {
        let mut hits = std::mem::take(&mut self.hits);
        self.subscriptions.matches(to, &mut |id| hits.push(id));
        let mut taken = false;
        let mut grouped = 0;
        // A stream and the mirrors that answer direct gets for it are a queue group.
        let (mut getters, mut getter) = (0, None);
        for i in 0..hits.len() {
            let id = hits[i];
            match self.subscriptions.get(id) {
                Some(Subscription {
                    owner: Owner::Internal(endpoint),
                    ..
                }) => {
                    let endpoint = *endpoint;
                    if let Endpoint::DirectGet(_) = endpoint {
                        getters += 1;
                        if getters == 1 || self.random_below(getters) == 0 {
                            getter = Some(endpoint);
                        }
                    } else if serves(endpoint, to) {
                        internal(endpoint);
                    }
                }
                Some(Subscription { queue: Some(_), .. }) => {
                    hits[grouped] = id;
                    grouped += 1;
                }
                Some(_) => taken |= self.send(id, from, message, form),
                None => {}
            }
        }
        if let Some(endpoint) = getter {
            internal(endpoint);
        }
        hits.truncate(grouped);
        for members in self.queue_groups(&hits) {
            let first = self.random_below(members.len());
            taken |= (0..members.len()).any(|i| {
                let id = members[(first + i) % members.len()];
                self.send(id, from, message, form)
            });
        }
        hits.clear();
        self.hits = hits;
        taken
    }

    /// The members of each queue group, those of the group that came first at first.
    fn queue_groups(&self, hits: &[SubscriptionId]) -> Vec<Vec<SubscriptionId>> {
        let mut groups: Vec<Vec<SubscriptionId>> = Vec::new();
        let mut places: Sorted<&[u8], usize> = Sorted::default();
        for id in hits {
            let queue = self.subscriptions.get(*id).and_then(|s| s.queue.as_deref());
            let Some(queue) = queue else { continue };
            let place = *places.get_or_insert(queue, groups.len());
            if place == groups.len() {
                groups.push(Vec::new());
            }
            groups[place].push(*id);
        }
        groups
    }

    /// Is anybody (client or internal) subscribed so that a publish to `subject` would be taken?
    pub fn has_interest(&self, subject: &[u8]) -> bool {
        self.subscriptions.has_interest(subject)
    }

    /// Is there a reader's subscription on exactly `subject`, plain or in queue `group`? Push consumers ask.
    pub fn has_exact_interest(&self, subject: &[u8], group: Option<&[u8]>) -> bool {
        self.subscriptions.has_reader(subject, group)
    }

    /// From now on, tell JetStream ([`super::Engine::interest_changed`]) when exact interest on `subject` comes or goes.
    pub fn watch_interest(&mut self, subject: &[u8], watcher: Watcher) {
        self.subscriptions.watch(subject, watcher);
    }

    /// Ends [`Core::watch_interest`].
    pub fn unwatch_interest(&mut self, subject: &[u8], watcher: Watcher) {
        self.subscriptions.unwatch(subject, watcher);
    }

    /// Subscriptions that ended so far: while this stays, no interest goes.
    pub fn ended(&self) -> u64 {
        self.subscriptions.ended
    }

    /// Sets, moves or (`None`) clears a timer. A timer due fires once, from `Server::advance`, as `Engine::timer`; set
    /// again to a time that has come, it fires in the next `advance` (`Server::next_deadline` says so).
    pub fn set_timer(&mut self, timer: Timer, at: Option<Time>) {
        self.timers.set(timer, at);
    }

    /// Writes a log line (`INF`, `WRN`, `ERR`, `DBG`; debug lines only with `-D`).
    pub fn log(&mut self, tag: &'static str, text: &str) {
        self.log.write(self.now, tag, text);
    }

    /// The next id of the counter shared by clients and internal clients.
    pub fn next_client_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Writes a message to the client of a subscription; false if it does not take it.
    fn send(
        &mut self,
        id: SubscriptionId,
        from: Option<ConnectionId>,
        message: &Message<'_>,
        form: Form<'_>,
    ) -> bool {
        if let (Some(from), Some(_)) = (from, &self.message_trace)
            && self.trace_egress(from, id)
        {
            return true;
        }
        let Some(subscription) = self.subscriptions.get_mut(id) else {
            return false;
        };
        let Owner::Client { connection, sid } = &subscription.owner else {
            return false;
        };
        let connection_id = *connection;
        let Some(connection) = self.connections.get_mut(&connection_id) else {
            return false;
        };
        if from == Some(connection_id) && !connection.options.echo {
            return false;
        }
        subscription.delivered += 1;
        let ended = subscription.delivered == subscription.max;
        connection.last = self.now;
        let size = connection.write_message(sid, message, form);
        if connection.is_behind() {
            self.behind = Some(connection_id);
        }
        self.totals.out_msgs += 1;
        self.totals.out_bytes += size as u64;
        if ended {
            let sid = String::from_utf8_lossy(sid);
            let text = format!(
                "Auto-unsubscribe limit of {} reached for sid '{sid}'",
                subscription.max
            );
            self.write_log(connection_id, "DBG", &text);
        }
        if self.log.trace {
            self.trace_delivery(connection_id, message);
        }
        self.mark_ready(connection_id);
        if ended {
            self.drop_subscription(connection_id, id);
        }
        true
    }
}
