//! `nats account report connections`: who is connected, from the answers of all servers.

use super::{Call, Outcome, server};
use crate::{
    cli::{
        parse::Values,
        pattern::Pattern,
        render::{self, count, table::Table},
    },
    wire::{json::Writer, time::Time},
};
use serde_json::Value;

const HEADERS: [&str; 12] = [
    "CID",
    "Name",
    "Server",
    "Cluster",
    "IP",
    "Account",
    "Uptime",
    "In Msgs",
    "Out Msgs",
    "In Bytes",
    "Out Bytes",
    "Subs",
];

/// A connection, and the server that tells of it.
struct Connection {
    server: Value,
    info: Value,
}

impl Connection {
    fn number(&self, field: &str) -> u64 {
        self.info[field].as_u64().unwrap_or(0)
    }

    fn subscriptions(&self) -> u64 {
        let list = self.info["subscriptions_list"].as_array();
        list.map_or(0, Vec::len) as u64
    }

    fn started(&self) -> Time {
        let start = self.info["start"].as_str();
        start.and_then(Time::parse_rfc3339).unwrap_or_default()
    }

    /// What rows are in the order of.
    fn rank(&self, sort: &str) -> u64 {
        match sort {
            "in-bytes" => self.number("in_bytes"),
            "out-bytes" => self.number("out_bytes"),
            "in-msgs" => self.number("in_msgs"),
            "out-msgs" => self.number("out_msgs"),
            "cid" => self.number("cid"),
            "uptime" => u64::MAX - self.started().0 as u64,
            _ => self.subscriptions(),
        }
    }

    /// Messages and bytes, in and out, and subscriptions: what the last row adds up.
    fn figures(&self) -> [u64; 5] {
        [
            self.number("in_msgs"),
            self.number("out_msgs"),
            self.number("in_bytes"),
            self.number("out_bytes"),
            self.number("subscriptions"),
        ]
    }

    fn row(&self, with_reason: bool) -> Vec<String> {
        let mut name = text(&self.info["name"]);
        if name.len() > 40 && name.is_char_boundary(40) {
            name.truncate(40);
            name.push_str(" ..");
        }
        let [received, sent, received_bytes, sent_bytes, _] = self.figures();
        let mut row = vec![
            self.number("cid").to_string(),
            name,
            text(&self.server["name"]),
            text(&self.server["cluster"]),
            format!("{}:{}", text(&self.info["ip"]), self.number("port")),
            text(&self.info["account"]),
            text(&self.info["uptime"]),
            count(received),
            count(sent),
            render::size(received_bytes),
            render::size(sent_bytes),
            count(self.subscriptions()),
        ];
        if with_reason {
            row.push(text(&self.info["reason"]));
        }
        row
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

/// `account report connections`.
pub async fn report(call: Call) -> Outcome {
    let values = &call.values;
    let client = call.connect().await?;
    let reason = values.text("closed-reason");
    let ended = Pattern::new(reason)?;
    let subject = "$SYS.REQ.SERVER.PING.CONNZ";
    let answers = server::ask(&call, &client, subject, &request(values), 0).await?;
    let mut all: Vec<Connection> = Vec::new();
    for answer in answers {
        let mut answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let server = answer["server"].take();
        if let Value::Array(list) = answer["data"]["connections"].take() {
            all.extend(list.into_iter().map(|info| Connection {
                server: server.clone(),
                info,
            }));
        }
    }
    if !reason.is_empty() {
        all.retain(|c| ended.is_match(&text(&c.info["reason"]).to_lowercase()));
    }
    call.line("");
    if all.is_empty() {
        return Err("did not get results from any servers".into());
    }
    let sort = values.text("sort");
    all.sort_by_key(|c| c.rank(sort));
    if values.is("reverse") {
        all.reverse();
    }
    call.table(&connections(values, &all));
    call.line("");
    call.table(&servers(&all));
    Ok(())
}

/// What servers are asked for.
fn request(values: &Values) -> String {
    let states = ["open", "closed", "all"];
    let state = values.text("state");
    let state = states.iter().position(|s| *s == state).unwrap_or(0);
    let mut w = Writer::default();
    w.open().key("sort").string("").key("auth").bool(true);
    w.key("subscriptions").bool(true);
    w.key("subscriptions_detail").bool(false);
    w.key("offset").int(0).key("limit").int(1024);
    w.key("cid").int(0).key("mqtt_client").string("");
    w.key("state").int(state as i64);
    w.key("user").string(values.text("username"));
    w.key("acc").string("").key("filter_subject");
    w.string(values.text("subject"));
    w.key("exact_match").bool(true).close();
    String::from_utf8_lossy(&w.finish()).into_owned()
}

/// The first of them, and what all of them add up to.
fn connections(values: &Values, all: &[Connection]) -> Table {
    let total = all.len();
    let top = usize::try_from(values.int("top")).ok();
    let top = top.filter(|t| (1..=total).contains(t)).unwrap_or(total);
    let with_reason = matches!(values.text("state"), "closed" | "all");
    let mut headers = HEADERS.to_vec();
    if with_reason {
        headers.push("Reason");
    }
    let (number, sort) = (count(total as u64), values.text("sort"));
    let title = format!("Top {top} Connections out of {number} by {sort}");
    let mut table = Table::new(title, &headers);
    for connection in &all[..top] {
        table.row(connection.row(with_reason));
    }
    if total > 1 {
        let mut sums = [0; 5];
        for figures in all.iter().map(Connection::figures) {
            sums.iter_mut()
                .zip(figures)
                .for_each(|(sum, value)| *sum += value);
        }
        let mut footer = vec![String::new(), format!("Totals for {number} connections")];
        footer.extend(std::iter::repeat_n(String::new(), 5));
        footer.extend([
            count(sums[0]),
            count(sums[1]),
            render::size(sums[2]),
            render::size(sums[3]),
            count(sums[4]),
        ]);
        table.footer(footer);
    }
    table
}

/// How many each server has.
fn servers(all: &[Connection]) -> Table {
    let mut servers: Vec<(String, String, u64)> = Vec::new();
    for connection in all {
        let name = text(&connection.server["name"]);
        match servers.iter_mut().find(|s| s.0 == name) {
            Some(known) => known.2 += 1,
            None => servers.push((name, text(&connection.server["cluster"]), 1)),
        }
    }
    servers.sort_by_key(|s| s.2);
    let headers = ["Server", "Cluster", "Connections"];
    let mut table = Table::new("Connections per server", &headers).numbers(&[2]);
    for (name, cluster, number) in servers {
        table.row(vec![name, cluster, number.to_string()]);
    }
    table
}
