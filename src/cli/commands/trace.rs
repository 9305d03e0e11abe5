//! `nats trace`: what the server reports of a message on its way.

use super::{Call, Outcome};
use crate::{
    cli::{
        render::{columns::Columns, count, go_duration, round},
        values::quote,
    },
    client::Headers,
    wire::{sorted::Sorted, time::Time},
};
use serde_json::Value;

/// What connections may be, by the server's numbers: a name, an arrow, and what stands before an id.
const KINDS: [(&str, &str, &str); 7] = [
    ("Client", "--C", "cid"),
    ("Router", "-->", "rid"),
    ("Gateway", "==>", "gid"),
    ("System", "", "id"),
    ("Leafnode", "~~>", "lid"),
    ("JetStream", "--J", "id"),
    ("Account", "", "id"),
];
const JETSTREAM: usize = 5;

/// `trace`.
pub async fn trace(call: Call) -> Outcome {
    let values = &call.values;
    let client = call.connect().await?;
    let (subject, deliver) = (values.arg("subject"), values.is("deliver"));
    let how = match deliver {
        true => "with delivery to the final destination",
        false => "",
    };
    call.print(&format!(
        "Tracing message route to subject {subject} {how}\n\n"
    ));
    let inbox = client.new_inbox();
    let mut reports = client.subscribe(&inbox, None)?;
    client.flush().await?;
    // natscli lets a network of servers hear of its subscription first.
    call.session.runtime.sleep(250_000_000).await;
    let mut fields: Sorted<String, String> = values.map("header").into_iter().collect();
    fields.insert("Accept-Encoding".into(), "snappy".into());
    fields.insert("Nats-Trace-Dest".into(), inbox);
    if !deliver {
        fields.insert("Nats-Trace-Only".into(), "true".into());
    }
    let mut headers = Headers::new();
    for (name, value) in &fields {
        headers.append(name, value);
    }
    let payload = values.arg("payload").as_bytes();
    client.publish_with(subject, None, &headers, payload)?;
    let report = loop {
        let message = reports.next_timeout(call.timeout()).await?;
        let text = super::server::plain(&message)?;
        if values.is("trace") {
            call.line(&format!(">>> {}", String::from_utf8_lossy(&text)));
        }
        let report: Value = serde_json::from_slice(&text).unwrap_or_default();
        // Other servers tell of what came from one of them.
        if of_type(&report, "in").any(|event| event["kind"] == 0) {
            break report;
        }
    };
    show(&call, &report);
    Ok(())
}

fn of_type<'a>(report: &'a Value, kind: &'static str) -> impl Iterator<Item = &'a Value> {
    let events = report["events"].as_array().into_iter().flatten();
    events.filter(move |event| event["type"] == kind)
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_default()
}

/// ` name:"value"`, if there is one.
fn pair(name: &str, value: &str) -> String {
    match value {
        "" => String::new(),
        value => format!(" {name}:{}", quote(value)),
    }
}

/// A connection: what it is, its name and its id.
fn connection(event: &Value) -> String {
    let (kind, _, id) = KINDS
        .get(number(event))
        .unwrap_or(&("Unknown Kind", "", "id"));
    let name = match text(event, "name") {
        "" => String::new(),
        name => format!("{} ", quote(name)),
    };
    format!("{kind} {name}{id}:{}", event["cid"].as_u64().unwrap_or(0))
}

fn number(event: &Value) -> usize {
    event["kind"].as_u64().unwrap_or(0) as usize
}

fn show(call: &Call, report: &Value) {
    let time = |text: &str| Time::parse_rfc3339(text);
    let ingress = of_type(report, "in").next().unwrap_or(&Value::Null);
    let start = time(text(ingress, "ts"));
    let line = |event: &Value, line: String| {
        let since = start.zip(time(text(event, "ts")));
        let since = since.map_or(0, |(start, at)| round(at.since(start), 1000));
        match (call.values.is("timestamp"), since) {
            (false, _) => call.line(&line),
            (true, ..0) => call.line(&format!("[Skew] {line}")),
            (true, since) => call.line(&format!("[{}] {line}", go_duration(since))),
        }
    };
    let wrong = |event: &Value, indent: &str| match text(event, "error") {
        "" => {}
        error => line(event, format!("{indent}--X Error: {error}")),
    };
    let server = &report["server"];
    let cluster = pair("cluster", text(server, "cluster"));
    let (name, version) = (quote(text(server, "name")), quote(text(server, "ver")));
    let from = connection(ingress);
    line(
        ingress,
        format!("{from}{cluster} server:{name} version:{version}"),
    );
    wrong(ingress, "");
    for event in of_type(report, "sm") {
        let to = pair("subject", text(event, "to"));
        line(event, format!("    Mapping{to}"));
    }
    let quoted = |event: &Value, field: &str| quote(text(event, field));
    for event in of_type(report, "si") {
        let (from, to) = (quoted(event, "from"), quoted(event, "to"));
        let account = quoted(event, "acc");
        let text = format!("    Service Import from:{from} to:{to} account:{account}");
        line(event, text);
    }
    for event in of_type(report, "se") {
        let (to, account) = (quoted(event, "to"), quoted(event, "acc"));
        line(
            event,
            format!("    Stream Export subject:{to} account:{account}"),
        );
    }
    let mut seen = [0u64; KINDS.len()];
    // There is one, whatever the streams are.
    if let Some(event) = of_type(report, "js").next() {
        let action = match event["nointerest"] == true {
            true => "no interest",
            false => "stored",
        };
        let (stream, subject) = (quoted(event, "stream"), quoted(event, "subject"));
        let text = format!("--J JetStream action:\"{action}\" stream:{stream} subject:{subject}");
        line(event, text);
        wrong(event, "");
        seen[JETSTREAM] += 1;
    }
    let mut left = false;
    for event in of_type(report, "eg") {
        let kind = number(event).min(KINDS.len() - 1);
        let to = connection(event);
        let more = ["acc", "sub", "queue"].map(|field| text(event, field));
        let names = ["account", "subject", "queue"];
        let more: String = names.iter().zip(more).map(|(n, v)| pair(n, v)).collect();
        line(event, format!("{} {to}{more}", KINDS[kind].1));
        wrong(event, "  ");
        seen[kind] += 1;
        left = true;
    }
    if !left && text(ingress, "error").is_empty() {
        call.line("--X No active interest");
    }
    call.print("\nLegend: Client: --C Router: --> Gateway: ==> Leafnode: ~~> JetStream: --J Error: --X\n\n");
    let mut egress: Vec<_> = KINDS.iter().zip(seen).filter(|(_, n)| *n > 0).collect();
    if !egress.is_empty() {
        egress.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let mut columns = Columns::new("Egress Count:");
        for ((kind, ..), n) in egress {
            columns.row(kind, count(n));
        }
        call.report(&columns);
    }
}
