//! `nats server info`, `list` and `ping`, and the report on an account's figures that a server answers to anybody.

use super::{Call, Outcome};
use crate::{
    cli::{
        FileError,
        parse::Failure,
        render::{self, count, go_duration, table::Table},
        values,
    },
    client::{Client, Error, Headers, Message},
    wire::{s2, sorted::Sorted},
};
use serde_json::Value;

/// Asks servers: as many answers as are expected, or where that is 0 those that come until `--timeout`.
pub(super) async fn ask(
    call: &Call,
    client: &Client,
    subject: &str,
    body: &str,
    expected: usize,
) -> Result<Vec<Vec<u8>>, Failure> {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(&inbox, None)?;
    if expected > 0 {
        answers.unsubscribe_after(expected as u64);
    }
    call.traced(&format!(">>> {subject}: {body}"));
    let mut headers = Headers::new();
    if subject != "$SYS.REQ.SERVER.PING" {
        headers.append("Accept-Encoding", "snappy");
    }
    client.publish_with(subject, Some(&inbox), &headers, body.as_bytes())?;
    let mut all = Vec::new();
    // The first may take its time, others come right after it.
    let mut wait = call.timeout();
    let outcome = loop {
        match answers.next_timeout(wait).await {
            Ok(message) => {
                let text = plain(&message)?;
                trace(call, &message, &text);
                if message.status.is_some() {
                    break Err("server request failed, ensure the account used has system privileges and appropriate permissions".into());
                }
                all.push(text);
                if all.len() == expected {
                    break Ok(());
                }
                if expected == 0 {
                    wait = 300_000_000;
                }
            }
            Err(Error::Timeout) => break Ok(()),
            Err(error) => return Err(error.into()),
        }
    };
    call.traced(&format!("=== Received {} responses", all.len()));
    outcome.map(|()| all)
}

/// An answer's text, which may be compressed. One that is cut short counts as far as it goes, as with natscli.
pub(super) fn plain(message: &Message) -> Result<Vec<u8>, Failure> {
    if message.headers.get("Content-Encoding") != Some("snappy") {
        return Ok(message.payload.clone());
    }
    let (mut decoder, mut text) = (s2::Decoder::default(), Vec::new());
    decoder.feed(&message.payload);
    while decoder
        .next_block(&mut text)
        .map_err(|error| error.text())?
    {}
    Ok(text)
}

/// Logs an answer; its header as Go prints a map.
fn trace(call: &Call, answer: &Message, text: &[u8]) {
    if !call.values.is("trace") {
        return;
    }
    let size = match (answer.payload.len(), text.len()) {
        (sent, size) if answer.headers.get("Content-Encoding") == Some("snappy") => {
            format!("{sent}B -> {size}B")
        }
        (_, size) => format!("{size}B"),
    };
    call.log(&format!("<<< ({size}) {}", String::from_utf8_lossy(text)));
    let mut fields: Sorted<&str, Vec<&str>> = Sorted::default();
    for (name, value) in answer.headers.iter() {
        fields.get_or_insert(name, Vec::new()).push(value);
    }
    let code = answer.status.as_ref().map(|status| status.code.to_string());
    if let (Some(status), Some(code)) = (&answer.status, &code) {
        fields.insert("Status", vec![code]);
        if !status.description.is_empty() {
            fields.insert("Description", vec![&status.description]);
        }
    }
    if !fields.is_empty() {
        let one = |(name, values): (&&str, &Vec<&str>)| format!("{name}:[{}]", values.join(" "));
        let fields: Vec<String> = fields.iter().map(one).collect();
        call.log(&format!("<<< Header: map[{}]", fields.join(" ")));
    }
}

/// What `audit gather` writes is not read here; what is no such file is told in Go's words.
pub(super) fn no_archive(call: &Call) -> Outcome {
    let path = call.values.text("archive");
    if path.is_empty() {
        return Ok(());
    }
    let content = call.session.io.files().read(path);
    let why = match content {
        Err(FileError::Folder) => format!("read {path}: is a directory"),
        Err(error) => format!("open {path}: {}", error.text()),
        Ok(content) if !content.starts_with(b"PK") => "zip: not a valid zip file".into(),
        Ok(_) => return Err("this playground does not read archives".into()),
    };
    Err(format!("failed to open archive: {why}").into())
}

/// Asks one server about itself, by its id, or all of its name.
async fn ask_one(call: &Call, client: &Client) -> Result<Vec<Vec<u8>>, Failure> {
    let server = call.values.arg("server");
    let (subject, body) = match server {
        "" => (None, r#"{"exact_match":true}"#.into()),
        id if id.len() == 56 && id.to_uppercase() == id => (Some(id), "{}".into()),
        name => {
            let name = values::quote(name);
            let body = format!(r#"{{"server_name":{name},"exact_match":true}}"#);
            (None, body)
        }
    };
    let subject = format!("$SYS.REQ.SERVER.{}.VARZ", subject.unwrap_or("PING"));
    call.traced(&format!(">>> {subject}: {body}"));
    let (headers, body) = (Headers::new(), body.as_bytes());
    let answer = client
        .request(&subject, &headers, body, call.timeout())
        .await?;
    let text = String::from_utf8_lossy(&answer.payload);
    call.traced(&format!("<<< {}", values::quote(&text)));
    Ok(vec![answer.payload])
}

/// `server info` and `server list`, which a system account is needed for.
pub async fn privileged(call: Call) -> Outcome {
    no_archive(&call)?;
    let client = call.connect().await?;
    let answers = match call.path {
        "server info" => ask_one(&call, &client).await,
        _ => ask(&call, &client, "$SYS.REQ.SERVER.PING", "{}", 0).await,
    };
    match answers {
        Ok(answers) if !answers.is_empty() => {
            for answer in answers {
                let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
                call.line(&super::json::print(&answer));
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

/// `account report statistics`.
pub async fn statistics(call: Call) -> Outcome {
    let client = call.connect().await?;
    let answers = ask(&call, &client, "$SYS.REQ.ACCOUNT.PING.STATZ", "{}", 0).await?;
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
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
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
