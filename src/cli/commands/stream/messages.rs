//! What streams hold: subjects, single messages, pages of them, purging and gaps.

use super::{Call, Outcome, pick, print_json, really, warn_of_bucket};
use crate::{
    cli::{
        commands::{
            failed,
            json::print_typed,
            message::{self, Delivery},
            program,
        },
        parse::Failure,
        render::{self, count, table::Table},
        values,
    },
    client::{
        DirectGet, Error, Headers, JetStream, Message, Purge,
        types::{AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StreamInfo},
    },
    wire::{base64, sorted::Sorted},
};
use serde_json::json;

const SECOND: i64 = 1_000_000_000;

/// `stream subjects`.
pub async fn subjects(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    let filter = call.values.arg("filter");
    let name = &info.config.name;
    let info = jetstream
        .stream_info_details(name, false, filter)
        .await
        .map_err(failed)?;
    let subjects = info.state.subjects;
    if call.values.is("json") {
        call.line(&print_typed(&subjects, ""));
        return Ok(());
    }
    if call.values.arg("stream").is_empty() {
        // Below the question for it.
        call.line("");
    }
    if subjects.is_empty() {
        call.line(&format!("No subjects found matching {filter}"));
        return Ok(());
    }
    let mut rows: Vec<&(String, u64)> = subjects.iter().collect();
    if !matches!(call.values.text("sort"), "name" | "subjects") {
        rows.sort_by_key(|(_, count)| *count);
    }
    if call.values.is("reverse") {
        rows.reverse();
    }
    if call.values.is("names") {
        rows.iter().for_each(|(name, _)| call.line(name));
        return Ok(());
    }
    let title = format!("{} Subjects in stream {name}", rows.len());
    call.table(&subject_table(title, &rows));
    call.line("");
    Ok(())
}

/// Subjects and counts in up to three pairs of columns, filled column by column.
fn subject_table(title: String, rows: &[&(String, u64)]) -> Table {
    let longest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let largest = rows.iter().map(|(_, n)| *n).max().unwrap_or(0);
    let pairs = match longest + count(largest).len() {
        ..20 => 3,
        20..30 => 2,
        _ => 1,
    };
    let headers = ["Subject", "Count"].repeat(pairs);
    let mut table = Table::new(title, &headers);
    let height = rows.len().div_ceil(pairs);
    for row in 0..height {
        let mut cells = Vec::new();
        for pair in 0..pairs {
            let cell = rows.get(row + pair * height);
            cells.push(cell.map_or(String::new(), |(name, _)| name.to_string()));
            cells.push(cell.map_or(String::new(), |(_, n)| count(*n)));
        }
        table.row(cells);
    }
    table
}

/// The number of a message from an argument; -1 without one.
fn given_number(call: &Call) -> Result<i64, Failure> {
    match call.values.has_arg("id") {
        true => Ok(values::int64(call.values.arg("id"))?),
        false => Ok(-1),
    }
}

/// The number of a message that is asked for.
async fn ask_number(call: &Call, question: &str, default: &str) -> Result<i64, Failure> {
    let answer = call.prompt().input(question, default, "", true).await;
    let answer = answer.map_err(|e| e.context("invalid input"))?;
    answer.parse().map_err(|_| {
        format!(
            "invalid number: strconv.Atoi: parsing {}: invalid syntax",
            values::quote(&answer)
        )
        .into()
    })
}

/// `stream get`.
pub async fn get(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    let name = &info.config.name;
    let mut subject = call.values.text("last-for").to_string();
    let mut id = given_number(&call)?;
    if subject.is_empty() && id == -1 {
        id = ask_number(&call, "Message Sequence to retrieve", "-1").await?;
        if id == -1 {
            let prompt = call.prompt();
            let answer = prompt
                .input("Subject to retrieve last message for", "", "", false)
                .await;
            subject = answer.map_err(|e| e.context("invalid subject"))?;
        }
    }
    let which = match id {
        0.. => DirectGet::Sequence(id as u64),
        _ if !subject.is_empty() => DirectGet::Last(&subject),
        _ => return Err("no ID or subject specified".into()),
    };
    let found = jetstream.get_message(name, which).await;
    let found = found.map_err(|e| failed(e).context(&format!("could not retrieve {name}#{id}")))?;
    if call.values.is("json") {
        let message = json!({
            "subject": found.subject,
            "seq": found.sequence,
            "hdrs": base64::encode(&found.header_block),
            "data": base64::encode(&found.payload),
            "time": found.time.rfc3339(),
        });
        print_json(&call, &message, "message");
        return Ok(());
    }
    let ago = render::human_duration(call.now().since(found.time));
    call.print(&format!(
        "Item: {name}#{} received {} ({ago}) on Subject {}\n\n",
        found.sequence,
        render::go_time(found.time),
        found.subject
    ));
    if !found.headers.is_empty() {
        call.print(&format!(
            "Headers:\n{}\n",
            message::header_lines(&found.headers, "  ")
        ));
    }
    let body = program::shown(&call, &found.payload, (&found.subject, name)).await;
    call.session.io.stdout(&body);
    Ok(())
}

/// `stream rmm`.
pub async fn remove(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    let name = &info.config.name;
    let mut id = given_number(&call)?;
    if id == -1 {
        id = ask_number(&call, "Message Sequence to remove", "").await?;
        if id <= 0 {
            return Err("positive message ID required".into());
        }
    }
    warn_of_bucket(&call, name).await?;
    if !call.values.is("force")
        && !really(
            &call,
            &format!("Really remove message {id} from Stream {name}"),
        )
        .await?
    {
        return Ok(());
    }
    if id == 0 {
        return Err("sequence number is required".into());
    }
    jetstream
        .delete_message(name, id as u64, true)
        .await
        .map_err(failed)
}

/// `stream purge`.
pub async fn purge(call: Call) -> Outcome {
    let values = &call.values;
    let (jetstream, info) = pick(&call).await?;
    let name = &info.config.name;
    if !values.is("force") && !really(&call, &format!("Really purge Stream {name}")).await? {
        return Ok(());
    }
    warn_of_bucket(&call, name).await?;
    let what = Purge {
        filter: Some(values.text("subject").to_string()).filter(|s| !s.is_empty()),
        seq: values.uint("seq"),
        keep: values.uint("keep"),
    };
    if what.seq > 0 && what.keep > 0 {
        return Err("sequence and keep cannot be combined when purging".into());
    }
    let purged = jetstream.purge_stream(name, &what).await;
    let purged = purged.map_err(|e| failed(e).context("could not purge Stream"))?;
    call.print(&format!("Purged {purged} messages from {name}\n\n"));
    super::show(
        &call,
        &jetstream.stream_info(name).await.map_err(failed)?,
        true,
    );
    Ok(())
}

/// `stream seal`.
pub async fn seal(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    let name = &info.config.name;
    let question =
        format!("Really seal Stream {name}, sealed streams can not be unsealed or modified");
    if !call.values.is("force") && !really(&call, &question).await? {
        return Ok(());
    }
    let mut config = info.config.clone();
    config.sealed = true;
    // natscli does not look whether that worked; a sealed stream may refuse it.
    let _ = super::config::at_level(&jetstream, &config)
        .update_stream(&config)
        .await;
    super::show(
        &call,
        &jetstream.stream_info(name).await.map_err(failed)?,
        false,
    );
    Ok(())
}

/// `stream gaps`.
pub async fn gaps(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    let (name, state) = (&info.config.name, &info.state);
    if state.num_deleted == 0 {
        if call.values.is("json") {
            call.line("{}");
        }
        call.line(&format!("No deleted messages in {name}"));
        return Ok(());
    }
    if !call.values.is("force") {
        call.print(
            "WARNING: Detecting gaps in a stream consumes the entire stream and can be resource intensive on the \
             Server, Client and Network.\n\n",
        );
        let question = format!(
            "Really detect gaps in stream {name} with {} messages and {} bytes",
            count(state.messages),
            render::size(state.bytes)
        );
        if !really(&call, &question).await? {
            return Ok(());
        }
    }
    let info = jetstream
        .stream_info_details(name, true, "")
        .await
        .map_err(failed)?;
    let mut gaps: Vec<[u64; 2]> = Vec::new();
    for sequence in info.state.deleted {
        match gaps.last_mut() {
            Some([_, last]) if *last + 1 == sequence => *last = sequence,
            _ => gaps.push([sequence, sequence]),
        }
    }
    if call.values.is("json") {
        print_json(&call, &json!(gaps), "");
        return Ok(());
    }
    if call.values.is("progress") {
        call.line("");
    }
    let title = match gaps.len() {
        1 => format!("1 gap found in Stream {name}"),
        many => format!("{} gaps found in Stream {name}", count(many as u64)),
    };
    let mut table = Table::new(title, &["First Message", "Last Message"]);
    for [first, last] in gaps {
        table.row(vec![count(first), count(last)]);
    }
    call.table(&table);
    call.line("");
    Ok(())
}

/// Messages of a stream one after the other.
enum Pager {
    /// By a consumer of its own.
    Consumer {
        name: String,
        messages: crate::client::Subscription,
        inbox: String,
    },
    /// From this sequence on, for streams whose messages a consumer would take away.
    Direct(u64),
}

/// One message of a page.
struct Entry {
    head: String,
    subject: String,
    headers: Headers,
    payload: Vec<u8>,
    /// Whether headers came with it, be they shown or not.
    has_headers: bool,
}

impl Pager {
    async fn new(
        call: &Call,
        jetstream: &JetStream,
        stream: &StreamInfo,
    ) -> Result<Pager, Failure> {
        let values = &call.values;
        let (since, id) = (values.duration("since"), values.int("id"));
        let kept = match stream.config.retention {
            RetentionPolicy::Limits => "",
            RetentionPolicy::WorkQueue => "work queue",
            RetentionPolicy::Interest => "interest",
        };
        if !kept.is_empty() {
            if !stream.config.allow_direct {
                return Err(format!(
                    "{kept} retention streams can only be paged if direct access is allowed"
                )
                .into());
            }
            if since > 0 {
                return Err(
                    "workqueue paging does not support time delta starting positions".into(),
                );
            }
            let first = if id > 0 {
                id as u64
            } else {
                stream.state.first_seq
            };
            return Ok(Pager::Direct(first));
        }
        // natscli has the number of its process before the time.
        let process = call.session.runtime.random() % 32_768;
        let name = format!("stream_pager_{process}{}", call.now().0);
        let mut config = ConsumerConfig {
            description: "JSM Stream Pager".into(),
            durable_name: name.clone(),
            name,
            ack_policy: AckPolicy::Explicit,
            ack_wait: 30 * SECOND,
            filter_subject: match values.text("subject") {
                "" => ">".into(),
                filter => filter.into(),
            },
            inactive_threshold: 3600 * SECOND,
            num_replicas: 1,
            mem_storage: true,
            ..ConsumerConfig::default()
        };
        if since > 0 {
            config.deliver_policy = DeliverPolicy::ByStartTime;
            config.opt_start_time = Some(call.now().after(since.wrapping_neg()));
        } else if id > 0 {
            config.deliver_policy = DeliverPolicy::ByStartSequence;
            config.opt_start_seq = id as u64;
        }
        let consumer = jetstream
            .create_consumer(&stream.config.name, &config, "")
            .await
            .map_err(failed)?;
        let inbox = jetstream.client.new_inbox();
        let messages = jetstream.client.subscribe(&inbox, None)?;
        Ok(Pager::Consumer {
            name: consumer.name,
            messages,
            inbox,
        })
    }

    /// Asks for one more message; `None` if there is none.
    async fn next(
        &mut self,
        call: &Call,
        jetstream: &JetStream,
        stream: &str,
    ) -> Result<Option<Entry>, Failure> {
        let head = |sequence: u64, subject: &str, time| {
            let time = call.time(time);
            format!("[{sequence}] Subject: {subject} Received: {time}\n")
        };
        match self {
            Pager::Consumer {
                name,
                messages,
                inbox,
            } => {
                let subject = format!("{}.CONSUMER.MSG.NEXT.{stream}.{name}", jetstream.prefix);
                let request = json!({"batch": 1, "no_wait": true}).to_string();
                let body = request.as_bytes();
                let client = &jetstream.client;
                client.publish_with(&subject, Some(inbox), &Headers::new(), body)?;
                let message = match messages.next_timeout(call.timeout()).await {
                    Ok(message) => message,
                    Err(Error::Timeout) => return Ok(None),
                    Err(error) => return Err(error.into()),
                };
                trace(call, &message);
                if message.status.is_some() {
                    return Ok(None);
                }
                if let Some(reply) = &message.reply {
                    client.publish(reply, b"+ACK")?;
                }
                Ok(Some(Entry {
                    head: match Delivery::of(&message) {
                        Some(at) => head(at.stream_sequence, &message.subject, at.time),
                        None => format!("Subject: {}\n", message.subject),
                    },
                    subject: message.subject,
                    has_headers: !message.headers.is_empty(),
                    headers: message.headers,
                    payload: message.payload,
                }))
            }
            Pager::Direct(next) => {
                let filter = match call.values.text("subject") {
                    "" => ">",
                    filter => filter,
                };
                let which = DirectGet::Next(filter, *next);
                // As natscli does: a message after a gap is shown once for each that is missing before it.
                *next += 1;
                let found = match jetstream.direct_get(stream, which).await {
                    Ok(found) => found,
                    Err(Error::MessageNotFound) => return Ok(None),
                    Err(error) => return Err(failed(error)),
                };
                Ok(Some(Entry {
                    head: head(found.sequence, &found.subject, found.time),
                    subject: found.subject,
                    headers: found.headers,
                    payload: found.payload,
                    has_headers: true,
                }))
            }
        }
    }
}

/// `stream view`.
pub async fn view(call: Call) -> Outcome {
    let io = &call.session.io;
    if !io.stdin_is_terminal() || !io.stdout_is_terminal() {
        return Err("interactive stream paging requires a valid terminal".into());
    }
    let mut size = values::int(call.values.arg("size"))?;
    if size > 25 {
        call.log("Page size is limited to 25, setting to 25...");
    }
    if !(1..=25).contains(&size) {
        size = 25;
    }
    let (jetstream, info) = pick(&call).await?;
    let stream = &info.config.name;
    let mut pager = Pager::new(&call, &jetstream, &info).await?;
    let mut shown = 0;
    let outcome = loop {
        match pager.next(&call, &jetstream, stream).await {
            Err(error) => break Err(error),
            Ok(None) => {
                call.log("Reached apparent end of data");
                break Ok(());
            }
            Ok(Some(entry)) => show(&call, &entry, stream).await,
        }
        shown += 1;
        if shown % size == 0 {
            match call.prompt().confirm("Next Page?", true).await {
                Ok(true) => {}
                // ^C ends it as No does.
                Ok(false) => break Ok(()),
                Err(Failure::Error(text)) if text == "interrupt" => break Ok(()),
                Err(error) => break Err(error),
            }
        }
    };
    if let Pager::Consumer { name, .. } = &pager {
        let _ = jetstream.delete_consumer(stream, name).await;
    }
    outcome
}

async fn show(call: &Call, entry: &Entry, stream: &str) {
    if call.values.is("raw") {
        call.session.io.stdout(&entry.payload);
        return call.line("");
    }
    call.print(&entry.head);
    let direct = [
        "Nats-Subject",
        "Nats-Stream",
        "Nats-Sequence",
        "Nats-Time-Stamp",
        "Nats-Num-Pending",
        "Nats-Last-Sequence",
    ];
    if entry.has_headers {
        call.line("");
    }
    let headers = entry.headers.iter();
    for (key, value) in headers.filter(|(key, _)| !direct.contains(key)) {
        call.line(&format!("  {key}: {}", value.replace('\x0c', "\u{240a}")));
    }
    let place = (entry.subject.as_str(), stream);
    let body = program::shown(call, &entry.payload, place).await;
    call.session.io.stdout(&body);
}

/// Says of a message what the trace of jsm.go does.
fn trace(call: &Call, message: &Message) {
    if !call.values.is("trace") {
        return;
    }
    let mut headers: Sorted<&str, Vec<String>> = Sorted::default();
    let mut add = |key, value| headers.get_or_insert(key, Vec::new()).push(value);
    if let Some(status) = &message.status {
        add("Status", status.code.to_string());
        add("Description", status.description.clone());
    }
    message
        .headers
        .iter()
        .for_each(|(key, value)| add(key, value.to_string()));
    let headers = headers
        .iter()
        .map(|(key, values)| format!("{key}:[{}]", values.join(" ")));
    let headers = headers.collect::<Vec<_>>().join(" ");
    let (length, body) = (
        message.payload.len(),
        String::from_utf8_lossy(&message.payload),
    );
    call.log(&format!("<<< ({length}) map[{headers}]\n{body}\n"));
}
