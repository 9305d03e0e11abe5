//! `nats server info`, `list` and `ping`, and the report on an account's figures that a server answers to anybody.

use super::{Call, Outcome};
use crate::{
    cli::{
        parse::Failure,
        render::{self, count, go_duration, table::Table},
        values,
    },
    client::{Client, Error, Headers, Message},
};
use serde_json::Value;

/// Asks all servers; the answers that come until `timeout`, or the first if `one`.
pub(super) async fn ask(
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

/// `server report …` and `server request …`, which a system account is needed for.
pub async fn system(call: Call) -> Outcome {
    let subject = call.asks.unwrap_or_default();
    let client = call.connect().await?;
    let unnamed = ["server report accounts", "server report connections"];
    match ask(&call, &client, subject, "{}").await {
        Ok(_) => Err("this playground does not show what a system account is told".into()),
        Err(error) if unnamed.contains(&call.path) => Err(error),
        Err(error) => Err(error.context(subject)),
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
    let cells = |[
        conns,
        leafs,
        sent_bytes,
        sent,
        received_bytes,
        received,
        slow,
    ]: [u64; 7]| {
        [
            count(conns),
            count(leafs),
            render::size(sent_bytes),
            count(sent),
            render::size(received_bytes),
            count(received),
            count(slow),
        ]
    };
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
        let tags = server["tags"].as_array().cloned().unwrap_or_default();
        let tags: Vec<&str> = tags.iter().filter_map(Value::as_str).collect();
        let [conns, others @ ..] = cells(figures);
        let mut row = vec![
            text("host"),
            text("cluster"),
            text("ver"),
            tags.join(", "),
            conns,
            count(number(&stats["num_subscriptions"])),
        ];
        row.extend(others);
        table.row(row);
    }
    // The footer has no cell for subscriptions, as in natscli: what follows moves to the left.
    let mut footer = vec![answers.len().to_string(), "".into(), "".into(), "".into()];
    footer.extend(cells(sums));
    table.footer(footer);
    call.table(&table);
    call.line("");
    Ok(())
}
