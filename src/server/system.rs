//! `$SYS` requests that an ordinary user may make (nats-server's `events.go` and `accounts.go`). Must not know JetStream.

use super::connection::Connection;
use super::core::{Core, Endpoint, Message};
use super::info::VERSION;
use super::message_trace::{ACCEPT_ENCODING, encoding};
use super::subscriptions::Owner;
use super::{ConnectionId, Peer};
use crate::wire::headers;
use crate::wire::json::{Decoder, Kind, Value, Writer, decode_lenient};
use crate::wire::sorted::Sorted;
use crate::wire::time::SECOND;

pub(super) const USER_INFO: &[u8] = b"$SYS.REQ.USER.INFO";
const STATZ: &[u8] = b"$SYS.REQ.ACCOUNT.PING.STATZ";
const SUBJECTS: [&[u8]; 4] = [
    USER_INFO,
    b"$SYS.REQ.SERVER.PING.CONNZ",
    b"$SYS.REQ.ACCOUNT.PING.CONNZ",
    STATZ,
];
const CONNZ_LIMIT: i64 = 1024;

/// What a CONNZ request may ask for; `acc` makes no difference to one account on one server.
#[derive(Default)]
struct Query {
    sort: String,
    auth: bool,
    subscriptions: bool,
    detail: bool,
    offset: i64,
    limit: i64,
    cid: u64,
    state: i64,
    user: String,
    mqtt_client: String,
    filter_subject: String,
    server_name: String,
    cluster: String,
    host: String,
    exact_match: bool,
    domain: String,
    tags: Vec<String>,
}

/// Where nats-server hands a request on to.
pub(super) fn account_subject(subject: &[u8]) -> Vec<u8> {
    let what = subject.rsplit(|b| *b == b'.').next().unwrap_or_default();
    let of: &[u8] = if subject == USER_INFO {
        b"USER"
    } else {
        b"ACCOUNT"
    };
    [b"$SYS.REQ.", of, b".$G.", what].concat()
}

impl Core {
    pub(super) fn subscribe_system(&mut self) {
        SUBJECTS
            .iter()
            .for_each(|subject| self.subscribe(subject, Endpoint::System));
    }

    /// Answers a request on one of the subjects above.
    pub(super) fn system_request(&mut self, message: Message<'_>, from: Option<ConnectionId>) {
        if message.reply.is_empty() {
            return;
        }
        let mut query = Query::default();
        let wants_query = message.subject != USER_INFO && !message.payload.is_empty();
        let statz = message.subject == STATZ;
        let mut code = 400;
        let mut parsed = if wants_query {
            query.read(message.payload, statz)
        } else if message.subject == USER_INFO && !headers::is_open(message.headers) {
            // Where nats-server cannot append to the headers who asks, it does not say why it knows nobody.
            Err(String::new())
        } else {
            Ok(())
        };
        if parsed.is_ok() && !self.is_meant(&query) {
            return;
        }
        if parsed.is_ok() && !statz {
            code = 500;
            parsed = query.check();
        }
        self.sent += 1;
        let wanted = match message.subject != USER_INFO && parsed.is_ok() {
            true => headers::get(message.headers, ACCEPT_ENCODING),
            false => None,
        };
        let block = encoding(wanted.unwrap_or_default());
        let mut json = Writer::default();
        json.open().key("server");
        self.write_server(&mut json);
        match parsed {
            Err(error) => {
                if code == 500 {
                    json.key("data").raw(b"null");
                }
                json.key("error").open();
                json.key("code").int(code);
                if !error.is_empty() {
                    json.key("description").string(&error);
                }
                json.close();
            }
            Ok(()) => {
                json.key("data");
                match message.subject {
                    USER_INFO => self.write_user(&mut json, from),
                    STATZ => self.write_statz(&mut json),
                    _ => self.write_connz(&mut json, &query),
                }
            }
        }
        json.close();
        let payload = json.finish();
        let reply = Message {
            headers: &block,
            ..Message::plain(message.reply, &payload)
        };
        self.publish(reply, false);
    }

    /// Is this server among those that a request is for?
    fn is_meant(&self, query: &Query) -> bool {
        let named = |wanted: &str, name: &str| match query.exact_match {
            true => wanted.is_empty() || name == wanted,
            false => name.contains(wanted),
        };
        named(&query.server_name, &self.identity.name)
            && named(&query.host, &self.config.host)
            && query.cluster.is_empty()
            && query.domain.is_empty()
            && query.tags.is_empty()
    }

    pub(super) fn write_server(&self, json: &mut Writer) {
        json.open();
        json.key("name").string(&self.identity.name);
        json.key("host").string(&self.config.host);
        json.key("id").string(&self.identity.id);
        json.key("ver").string(VERSION);
        json.key("feature_flags").open();
        for (flag, on) in [
            ("js_ack_fc_v2", false),
            ("js_api_reply_v2", false),
            ("js_raft_delete_range", true),
            ("js_snapshot_sources", false),
        ] {
            json.key(flag).bool(on);
        }
        json.close();
        let jetstream = self.config.jetstream.is_some();
        json.key("jetstream").bool(jetstream);
        json.key("flags").int(if jetstream { 7 } else { 0 });
        json.key("seq").uint(self.sent);
        json.key("time").time(Some(self.now));
        json.close();
    }

    fn write_user(&self, json: &mut Writer, from: Option<ConnectionId>) {
        let user = from
            .and_then(|id| self.connections.get(&id))
            .map(|c| c.options.shown_user());
        json.open();
        json.key("user").string(user.unwrap_or_default());
        json.key("account").string("$G");
        json.key("account_name").string("$G");
        json.close();
    }

    fn write_statz(&self, json: &mut Writer) {
        let totals = &self.totals;
        json.open();
        json.key("server_id").string(&self.identity.id);
        json.key("now").time(Some(self.now));
        json.key("account_statz").open_list().open();
        json.key("acc").string("$G");
        json.key("name").string("$G");
        json.key("conns").uint(self.connections.len() as u64);
        json.key("leafnodes").int(0);
        json.key("total_conns").uint(self.connections.len() as u64);
        json.key("num_subscriptions")
            .uint(self.subscriptions.len() as u64);
        for (name, msgs, bytes) in [
            ("sent", totals.out_msgs, totals.out_bytes),
            ("received", totals.in_msgs, totals.in_bytes),
        ] {
            json.key(name).open();
            json.key("msgs").uint(msgs);
            json.key("bytes").uint(bytes);
            for part in ["gateways", "routes", "leafs"] {
                json.key(part).raw(br#"{"msgs":0,"bytes":0}"#);
            }
            json.close();
        }
        json.key("slow_consumers").uint(totals.slow_consumers);
        json.close().close_list().close();
    }

    fn write_connz(&self, json: &mut Writer, query: &Query) {
        let mut found = Sorted::default();
        for (id, c) in &self.connections {
            let rank = match &query.sort[..] {
                "subs" => -(c.subscriptions.len() as i64),
                "pending" => -(c.pending() as i64),
                "msgs_to" => -(c.stats.out_msgs as i64),
                "msgs_from" => -(c.stats.in_msgs as i64),
                "bytes_to" => -(c.stats.out_bytes as i64),
                "bytes_from" => -(c.stats.in_bytes as i64),
                "last" => -c.last.0,
                "idle" => c.last.0,
                "uptime" => -c.started.0,
                "rtt" => -c.rtt,
                _ => 0,
            };
            if self.is_asked(query, *id, c) {
                found.insert((rank, *id), c);
            }
        }
        // Counted before they are filtered.
        let total = match query.state {
            0 | 2 => self.connections.len(),
            _ => 0,
        };
        let limit = match query.limit {
            _ if query.cid > 0 => 1,
            ..=0 => CONNZ_LIMIT,
            limit => limit,
        };
        let [offset, limit] =
            [query.offset.max(0), limit].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let shown = found.len().saturating_sub(offset).min(limit);
        json.open();
        json.key("server_id").string(&self.identity.id);
        json.key("now").time(Some(self.now));
        json.key("num_connections").uint(shown as u64);
        json.key("total").uint(total as u64);
        json.key("offset").uint(offset as u64);
        json.key("limit").uint(limit as u64);
        json.key("connections").open_list();
        for ((_, id), connection) in found.iter().skip(offset).take(limit) {
            self.write_connection(json, query, *id, connection);
        }
        json.close_list().close();
    }

    /// Only open connections are kept: a query for closed ones finds none.
    fn is_asked(&self, query: &Query, id: ConnectionId, connection: &Connection) -> bool {
        let filter = query.filter_subject.as_bytes();
        (query.cid == 0 || query.cid == id.0)
            && matches!(query.state, 0 | 2)
            && (query.user.is_empty() || query.user == connection.options.shown_user())
            && query.mqtt_client.is_empty()
            && (matches!(filter, b"" | b">")
                || connection
                    .subscriptions
                    .values()
                    .filter_map(|s| self.subscriptions.get(*s))
                    .any(|s| crate::wire::subject::overlap(filter, &s.subject)))
    }

    fn write_connection(
        &self,
        json: &mut Writer,
        query: &Query,
        id: ConnectionId,
        connection: &Connection,
    ) {
        let Peer {
            ip,
            port,
            websocket,
        } = &connection.peer;
        let stats = &connection.stats;
        json.open();
        json.key("cid").uint(id.0);
        json.key("kind").string("Client");
        json.key("type")
            .string(if *websocket { "websocket" } else { "nats" });
        json.key("ip").string(ip);
        json.key("port").uint((*port).into());
        json.key("start").time(Some(connection.started));
        json.key("last_activity").time(Some(connection.last));
        json.key("rtt").string(&round_trip(connection.rtt));
        json.key("uptime")
            .string(&whole_seconds(self.now.since(connection.started)));
        json.key("idle")
            .string(&whole_seconds(self.now.since(connection.last)));
        json.key("pending_bytes").uint(connection.pending() as u64);
        json.key("in_msgs").uint(stats.in_msgs);
        json.key("out_msgs").uint(stats.out_msgs);
        json.key("in_bytes").uint(stats.in_bytes);
        json.key("out_bytes").uint(stats.out_bytes);
        json.key("subscriptions")
            .uint(connection.subscriptions.len() as u64);
        let options = &connection.options;
        for (key, value) in [
            ("name", &options.name),
            ("lang", &options.lang),
            ("version", &options.version),
        ] {
            if !value.is_empty() {
                json.key(key).string(value);
            }
        }
        if query.auth {
            let user = connection.options.shown_user();
            if !user.is_empty() {
                json.key("authorized_user").string(user);
            }
        }
        if query.detail {
            self.write_subscriptions(json, id, connection);
        } else if query.subscriptions && !connection.subscriptions.is_empty() {
            json.key("subscriptions_list").open_list();
            for subscription in connection
                .subscriptions
                .values()
                .filter_map(|s| self.subscriptions.get(*s))
            {
                json.bytes(&subscription.subject);
            }
            json.close_list();
        }
        if query.auth {
            json.key("name_tag").string("$G");
        }
        json.close();
    }

    fn write_subscriptions(&self, json: &mut Writer, id: ConnectionId, connection: &Connection) {
        if connection.subscriptions.is_empty() {
            return;
        }
        json.key("subscriptions_list_detail").open_list();
        for subscription in connection
            .subscriptions
            .values()
            .filter_map(|s| self.subscriptions.get(*s))
        {
            let Owner::Client { sid, .. } = &subscription.owner else {
                continue;
            };
            json.open();
            json.key("subject").bytes(&subscription.subject);
            if let Some(queue) = &subscription.queue {
                json.key("qgroup").bytes(queue);
            }
            json.key("sid").bytes(sid);
            json.key("msgs").uint(subscription.delivered);
            if subscription.max > 0 {
                json.key("max").uint(subscription.max);
            }
            json.key("cid").uint(id.0);
            json.close();
        }
        json.close_list();
    }
}

impl Query {
    /// Go's text if it is no JSON or a field has the wrong type.
    fn read(&mut self, payload: &[u8], statz: bool) -> Result<(), String> {
        let (own, whole) = match statz {
            true => ("AccountStatzOptions", "AccountStatzEventOptions"),
            false => ("ConnzOptions", "ConnzEventOptions"),
        };
        // One account has no use for them, but their type is checked.
        let (mut account, mut accounts) = (String::new(), Vec::new());
        decode_lenient(payload, |decoder: &mut Decoder, value: Value<'_>| {
            decoder.object(value, whole, &mut |decoder, name, value| {
                let common = "server_name cluster host exact_match domain tags";
                let common = common.split(' ').any(|field| field == name);
                decoder.embedded(if common { "EventFilterOptions" } else { own });
                match name {
                    "server_name" => decoder.string(value, &mut self.server_name),
                    "cluster" => decoder.string(value, &mut self.cluster),
                    "host" => decoder.string(value, &mut self.host),
                    "exact_match" => decoder.bool(value, &mut self.exact_match),
                    "domain" => decoder.string(value, &mut self.domain),
                    "tags" => decoder.strings(value, &mut self.tags),
                    "accounts" if statz => decoder.strings(value, &mut accounts),
                    "include_unused" if statz => decoder.bool(value, &mut self.auth),
                    _ if statz => {}
                    "sort" => match value.kind() {
                        Kind::String | Kind::Null => decoder.string(value, &mut self.sort),
                        _ => decoder.mismatch(value, "server.SortOpt"),
                    },
                    "auth" => decoder.bool(value, &mut self.auth),
                    "subscriptions" => decoder.bool(value, &mut self.subscriptions),
                    "subscriptions_detail" => decoder.bool(value, &mut self.detail),
                    "offset" => decoder.int(value, &mut self.offset),
                    "limit" => decoder.int(value, &mut self.limit),
                    "cid" => decoder.uint64(value, &mut self.cid),
                    "state" => {
                        let state = decoder.number(value, "server.ConnState", i64::MIN);
                        self.state = state.unwrap_or(self.state);
                    }
                    "user" => decoder.string(value, &mut self.user),
                    "acc" => decoder.string(value, &mut account),
                    "mqtt_client" => decoder.string(value, &mut self.mqtt_client),
                    "filter_subject" => decoder.string(value, &mut self.filter_subject),
                    _ => {}
                }
                true
            });
        })
    }

    /// Can connections be sorted as is asked?
    fn check(&self) -> Result<(), String> {
        let sorts =
            "cid start subs pending msgs_to msgs_from bytes_to bytes_from last idle uptime rtt";
        match &self.sort[..] {
            sort @ ("stop" | "reason") if self.state != 1 => {
                Err(format!("sort by {sort} only valid on closed connections"))
            }
            "" | "stop" | "reason" => Ok(()),
            sort if sorts.split(' ').any(|known| known == sort) => Ok(()),
            sort => Err(format!("invalid sorting option: {sort}")),
        }
    }
}

/// A round trip as Go prints it, below a millisecond cut to whole microseconds: `264µs`, `1.5ms`, `2.000000001s`.
fn round_trip(ns: i64) -> String {
    let (unit, name) = match ns {
        0 => (1, "s"),
        ..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..SECOND => (1_000_000, "ms"),
        _ => (SECOND, "s"),
    };
    let mut text = (ns / unit).to_string();
    let fraction = ns % unit;
    if fraction > 0 && unit > 1_000 {
        let digits = format!("{:0width$}", fraction, width = unit.ilog10() as usize);
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text + name
}

/// Days, hours, minutes and seconds without fraction: `1d2h3m4s`, `2m0s`, `0s`.
fn whole_seconds(ns: i64) -> String {
    let seconds = ns.max(0) / SECOND;
    let (days, hours, minutes, rest) = (
        seconds / 86_400,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    );
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => format!("{minutes}m{rest}s"),
        (0, ..) => format!("{hours}h{minutes}m{rest}s"),
        _ => format!("{days}d{hours}h{minutes}m{rest}s"),
    }
}
