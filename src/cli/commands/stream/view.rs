//! `stream view`: what a stream holds, a page at a time.

use super::{Call, Outcome, pick};
use crate::{
    cli::{
        commands::{failed, message::Delivery, program},
        parse::Failure,
        values,
    },
    client::{
        DirectGet, Error, Headers, JetStream, Message, Subscription,
        types::{AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StreamInfo},
    },
    wire::{sorted::Sorted, time::SECOND},
};
use serde_json::json;

/// Messages of a stream one after the other.
enum Pager {
    /// By a consumer of its own.
    Consumer {
        name: String,
        messages: Subscription,
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
