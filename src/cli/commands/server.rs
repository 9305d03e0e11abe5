//! `nats server info`, `list` and `ping`, and the reports on an account that a server answers to anybody.

use super::{Call, Outcome};
use crate::{
    cli::{
        parse::Failure,
        pattern::Pattern,
        render::{self, count, go_duration, table::Table},
        values,
    },
    client::{Client, Error, Headers, Message},
    wire::json::Writer,
};
use serde_json::Value;

/// Asks all servers; the answers that come until `timeout`, or the first if `one`.
async fn ask(
    call: &Call,
    client: &Client,
    subject: &str,
    body: &str,
) -> Result<Vec<Value>, Failure> {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(&inbox, None)?;
    if call.values.is("trace") {
        call.log(&format!(">>> {subject}: {body}"));
    }
    client.publish_with(subject, Some(&inbox), &Headers::new(), body.as_bytes())?;
    let mut all = Vec::new();
    // The first may take its time, others come right after it.
    let mut wait = call.timeout();
    loop {
        match answers.next_timeout(wait).await {
            Ok(message) if message.status.is_some() => {
                return Err("server request failed, ensure the account used has system privileges and appropriate permissions".into());
            }
            Ok(message) => {
                if call.values.is("trace") {
                    let (size, text) = (
                        message.payload.len(),
                        String::from_utf8_lossy(&message.payload),
                    );
                    call.log(&format!("<<< ({size}B) {text}"));
                }
                all.push(serde_json::from_slice(&message.payload).unwrap_or_default());
                wait = 300_000_000;
            }
            Err(Error::Timeout) => {
                if call.values.is("trace") {
                    call.log(&format!("=== Received {} responses", all.len()));
                }
                return Ok(all);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// `server info` and `server list`, which a system account is needed for.
pub async fn privileged(call: Call) -> Outcome {
    let client = call.connect().await?;
    match ask(&call, &client, "$SYS.REQ.SERVER.PING", "{}").await {
        Ok(answers) if !answers.is_empty() => {
            for answer in answers {
                call.line(&super::json::print(&answer, ""));
            }
            Ok(())
        }
        _ => Err(
            "no results received, ensure the account used has system privileges and appropriate permissions".into(),
        ),
    }
}

fn show_ping(call: &Call, answer: &Message, ns: i64) {
    let answer: Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
    let text = |field: &str| answer["server"][field].as_str().unwrap_or_default();
    let rtt = go_duration(ns);
    match call.values.is("id") {
        true => call.line(&format!("{} {:<60} rtt={rtt}", text("id"), text("name"))),
        false => call.line(&format!("{:<60} rtt={rtt}", text("name"))),
    }
}

/// `server ping`.
pub async fn ping(call: Call) -> Outcome {
    let client = call.connect().await?;
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(&inbox, None)?;
    let started = call.now();
    client.publish_with("$SYS.REQ.SERVER.PING", Some(&inbox), &Headers::new(), b"")?;
    let mut expected = values::uint(call.values.arg("expect"), 32).unwrap_or(0) as usize;
    let mut times: Vec<i64> = Vec::new();
    let mut interrupt = call.session.io.interrupt();
    while expected == 0 || times.len() < expected {
        let left = started.after(call.timeout()).since(call.now());
        let mut next: crate::client::transport::LocalFuture<_> =
            Box::pin(answers.next_timeout(left.max(0)));
        let answer = match crate::cli::race::race(&mut next, &mut interrupt).await {
            crate::cli::race::First::Left(Ok(answer)) => answer,
            _ => break,
        };
        if let Some(status) = &answer.status {
            call.line(&format!(
                "{} status from $SYS.REQ.SERVER.PING, ensure a system account is used with appropriate permissions",
                status.code
            ));
            return Err(Failure::Exit(1));
        }
        let ns = call.now().since(started);
        show_ping(&call, &answer, ns);
        times.push(ns / 1_000_000);
        let stats: Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
        if expected == 0 {
            expected = stats["statsz"]["active_servers"].as_u64().unwrap_or(0) as usize;
        }
    }
    let (least, most) = (
        times.iter().min().unwrap_or(&0),
        times.iter().max().unwrap_or(&0),
    );
    let mean = times.iter().sum::<i64>() * 100 / times.len().max(1) as i64;
    call.print("\n---- ping statistics ----\n");
    if times.is_empty() {
        call.line("no responses received");
    } else {
        call.line(&format!(
            "{} replies max: {most}.00 min: {least}.00 avg: {}.{:02}",
            times.len(),
            mean / 100,
            mean % 100
        ));
    }
    if expected > times.len() {
        call.print(&format!("\nMissing {} server(s)\n", expected - times.len()));
    }
    Ok(())
}

/// `account report connections`.
pub async fn connections(call: Call) -> Outcome {
    let values = &call.values;
    let client = call.connect().await?;
    let state = values.text("state");
    let state_number = ["open", "closed", "all"]
        .iter()
        .position(|s| *s == state)
        .unwrap_or(0);
    let reason = values.text("closed-reason");
    let ended = Pattern::new(reason)?;
    let mut request = Writer::default();
    request.open().key("sort").string("").key("auth").bool(true);
    request.key("subscriptions").bool(true);
    request.key("subscriptions_detail").bool(false);
    request.key("offset").int(0).key("limit").int(1024);
    request.key("cid").int(0).key("mqtt_client").string("");
    request.key("state").int(state_number as i64);
    request.key("user").string(values.text("username"));
    request.key("acc").string("").key("filter_subject");
    request.string(values.text("subject"));
    request.key("exact_match").bool(true).close();
    let request = String::from_utf8_lossy(&request.finish()).into_owned();
    let answers = ask(&call, &client, "$SYS.REQ.SERVER.PING.CONNZ", &request).await?;
    let mut rows: Vec<(Value, Value)> = Vec::new();
    for mut answer in answers {
        let server = answer["server"].take();
        if let Value::Array(list) = answer["data"]["connections"].take() {
            rows.extend(list.into_iter().map(|c| (server.clone(), c)));
        }
    }
    if !reason.is_empty() {
        rows.retain(|(_, c)| {
            let reason = c["reason"].as_str().unwrap_or_default();
            ended.is_match(&reason.to_lowercase())
        });
    }
    call.line("");
    if rows.is_empty() {
        return Err("did not get results from any servers".into());
    }
    let sort = values.text("sort");
    let of = |c: &Value, field: &str| c[field].as_u64().unwrap_or(0);
    let subscriptions = |c: &Value| c["subscriptions_list"].as_array().map_or(0, Vec::len) as u64;
    rows.sort_by_key(|(_, c)| match sort {
        "in-bytes" => of(c, "in_bytes"),
        "out-bytes" => of(c, "out_bytes"),
        "in-msgs" => of(c, "in_msgs"),
        "out-msgs" => of(c, "out_msgs"),
        "cid" => of(c, "cid"),
        "uptime" => {
            u64::MAX
                - c["start"]
                    .as_str()
                    .and_then(crate::wire::time::Time::parse_rfc3339)
                    .map_or(0, |t| t.0 as u64)
        }
        _ => subscriptions(c),
    });
    if values.is("reverse") {
        rows.reverse();
    }
    let total = rows.len();
    let top = usize::try_from(values.int("top"))
        .ok()
        .filter(|t| (1..=total).contains(t))
        .unwrap_or(total);
    let title = format!(
        "Top {top} Connections out of {} by {sort}",
        count(total as u64)
    );
    let with_reason = matches!(state, "closed" | "all");
    let mut headers = vec![
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
    if with_reason {
        headers.push("Reason");
    }
    let mut table = Table::new(title, &headers);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let mut servers: Vec<(String, String, u64)> = Vec::new();
    let mut sums = [0u64; 5];
    for (index, (server, c)) in rows.iter().enumerate() {
        let name = text(&server["name"]);
        match servers.iter_mut().find(|s| s.0 == name) {
            Some(known) => known.2 += 1,
            None => servers.push((name.clone(), text(&server["cluster"]), 1)),
        }
        let figures = [
            of(c, "in_msgs"),
            of(c, "out_msgs"),
            of(c, "in_bytes"),
            of(c, "out_bytes"),
            of(c, "subscriptions"),
        ];
        sums.iter_mut()
            .zip(figures)
            .for_each(|(sum, value)| *sum += value);
        if index >= top {
            continue;
        }
        let mut client_name = text(&c["name"]);
        if client_name.len() > 40 && client_name.is_char_boundary(40) {
            client_name.truncate(40);
            client_name.push_str(" ..");
        }
        let mut row = vec![
            of(c, "cid").to_string(),
            client_name,
            name,
            text(&server["cluster"]),
            format!("{}:{}", text(&c["ip"]), of(c, "port")),
            text(&c["account"]),
            text(&c["uptime"]),
            count(figures[0]),
            count(figures[1]),
            render::size(figures[2]),
            render::size(figures[3]),
            count(subscriptions(c)),
        ];
        if with_reason {
            row.push(text(&c["reason"]));
        }
        table.row(row);
    }
    if total > 1 {
        let mut footer = vec![
            String::new(),
            format!("Totals for {} connections", count(total as u64)),
        ];
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
    call.table(&table);
    if !servers.is_empty() {
        let mut table = Table::new(
            "Connections per server",
            &["Server", "Cluster", "Connections"],
        )
        .numbers(&[2]);
        servers.sort_by_key(|s| s.2);
        for (name, cluster, number) in servers {
            table.row(vec![name, cluster, number.to_string()]);
        }
        call.line("");
        call.table(&table);
    }
    Ok(())
}

/// `account report statistics`.
pub async fn statistics(call: Call) -> Outcome {
    let client = call.connect().await?;
    let answers = ask(&call, &client, "$SYS.REQ.ACCOUNT.PING.STATZ", "{}").await?;
    if answers.is_empty() {
        return Err("did not get results from any servers".into());
    }
    let headers = [
        "Server",
        "Cluster",
        "Version",
        "Tags",
        "Connections",
        "Subscriptions",
        "Leafnodes",
        "Sent Bytes",
        "Sent Messages",
        "Received Bytes",
        "Received Messages",
        "Slow Consumers",
    ];
    let mut table = Table::new("Server Statistics", &headers);
    let mut sums = [0u64; 7];
    for answer in &answers {
        let (server, stats) = (&answer["server"], &answer["data"]["account_statz"][0]);
        if stats.is_null() {
            continue;
        }
        let text = |field: &str| server[field].as_str().unwrap_or_default().to_string();
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        let figures = [
            number(&stats["conns"]),
            number(&stats["leafnodes"]),
            number(&stats["sent"]["bytes"]),
            number(&stats["sent"]["msgs"]),
            number(&stats["received"]["bytes"]),
            number(&stats["received"]["msgs"]),
            number(&stats["slow_consumers"]),
        ];
        sums.iter_mut()
            .zip(figures)
            .for_each(|(sum, value)| *sum += value);
        let [
            conns,
            leafs,
            sent_bytes,
            sent,
            received_bytes,
            received,
            slow,
        ] = figures;
        let tags = server["tags"].as_array().cloned().unwrap_or_default();
        let tags: Vec<&str> = tags.iter().filter_map(Value::as_str).collect();
        table.row(vec![
            text("host"),
            text("cluster"),
            text("ver"),
            tags.join(", "),
            count(conns),
            count(number(&stats["num_subscriptions"])),
            count(leafs),
            render::size(sent_bytes),
            count(sent),
            render::size(received_bytes),
            count(received),
            count(slow),
        ]);
    }
    let [
        conns,
        leafs,
        sent_bytes,
        sent,
        received_bytes,
        received,
        slow,
    ] = sums;
    // The footer has no cell for subscriptions, as in natscli: what follows moves to the left.
    table.footer(vec![
        answers.len().to_string(),
        String::new(),
        String::new(),
        String::new(),
        count(conns),
        count(leafs),
        render::size(sent_bytes),
        count(sent),
        render::size(received_bytes),
        count(received),
        count(slow),
    ]);
    call.table(&table);
    call.line("");
    Ok(())
}
