//! What streams hold: subjects, single messages, pages of them, purging and gaps.

use super::{Call, Outcome, pick, print_json, really, warn_of_bucket};
use crate::{
    cli::{
        commands::{
            failed,
            json::print_typed,
            message::{self, Delivery},
            publish::refuse_programs,
        },
        parse::Failure,
        render::{self, count, table::Table},
        values,
    },
    client::{
        DirectGet, Error, Headers, JetStream, Purge, RawMessage,
        types::{AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo},
    },
    wire::base64,
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

/// The number of a message from an argument, or asked for.
async fn number(call: &Call, question: &str, default: &str) -> Result<i64, Failure> {
    if call.values.has_arg("id") {
        return Ok(values::int64(call.values.arg("id"))?);
    }
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
    refuse_programs(&call, &["translate"])?;
    let (jetstream, info) = pick(&call).await?;
    let name = &info.config.name;
    let mut subject = call.values.text("last-for").to_string();
    let mut id = -1;
    if subject.is_empty() || call.values.has_arg("id") {
        id = number(&call, "Message Sequence to retrieve", "-1").await?;
        if id == -1 && subject.is_empty() {
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
    call.session.io.stdout(&message::body(&found.payload));
    Ok(())
}

/// `stream rmm`.
pub async fn remove(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    let name = &info.config.name;
    let id = number(&call, "Message Sequence to remove", "").await?;
    if id <= 0 && !call.values.has_arg("id") {
        return Err("positive message ID required".into());
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
    jetstream.update_stream(&config).await.map_err(failed)?;
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

/// Messages of a stream one after the other, by a consumer of its own.
struct Pager {
    jetstream: JetStream,
    stream: String,
    consumer: String,
    messages: crate::client::Subscription,
    inbox: String,
}

impl Pager {
    async fn new(
        call: &Call,
        jetstream: &JetStream,
        stream: &StreamInfo,
    ) -> Result<Pager, Failure> {
        let values = &call.values;
        let (since, id) = (values.duration("since"), values.int("id"));
        let mut config = ConsumerConfig {
            name: super::super::nuid(&call.session),
            ack_policy: AckPolicy::None,
            filter_subject: values.text("subject").into(),
            inactive_threshold: 3600 * SECOND,
            num_replicas: 1,
            mem_storage: true,
            ..ConsumerConfig::default()
        };
        if since > 0 {
            config.deliver_policy = DeliverPolicy::ByStartTime;
            config.opt_start_time = Some(call.now().after(-since));
        } else if id > 0 {
            config.deliver_policy = DeliverPolicy::ByStartSequence;
            config.opt_start_seq = id as u64;
        }
        let name = &stream.config.name;
        let consumer = jetstream
            .create_consumer(name, &config, "create")
            .await
            .map_err(failed)?;
        let inbox = jetstream.client.new_inbox();
        let messages = jetstream.client.subscribe(&inbox, None)?;
        Ok(Pager {
            jetstream: jetstream.clone(),
            stream: name.clone(),
            consumer: consumer.name,
            messages,
            inbox,
        })
    }

    /// Asks for one more message; `None` if there is none.
    async fn next(&mut self, call: &Call) -> Result<Option<crate::client::Message>, Failure> {
        let subject = format!(
            "{}.CONSUMER.MSG.NEXT.{}.{}",
            self.jetstream.prefix, self.stream, self.consumer
        );
        let request = json!({"batch": 1, "no_wait": true}).to_string();
        let client = &self.jetstream.client;
        client.publish_with(
            &subject,
            Some(&self.inbox),
            &Headers::new(),
            request.as_bytes(),
        )?;
        match self.messages.next_timeout(call.timeout()).await {
            Ok(message) if message.status.is_none() => Ok(Some(message)),
            Ok(_) | Err(Error::Timeout) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// `stream view`.
pub async fn view(call: Call) -> Outcome {
    let io = &call.session.io;
    if !io.stdin_is_terminal() || !io.stdout_is_terminal() {
        return Err("interactive stream paging requires a valid terminal".into());
    }
    refuse_programs(&call, &["translate"])?;
    let mut size = values::int(call.values.arg("size"))?;
    if size > 25 {
        call.log("Page size is limited to 25, setting to 25...");
        size = 25;
    }
    let (jetstream, info) = pick(&call).await?;
    let direct = info.config.retention != crate::client::types::RetentionPolicy::Limits;
    let outcome = match direct {
        true => view_direct(&call, &jetstream, &info, size).await,
        false => {
            let mut pager = Pager::new(&call, &jetstream, &info).await?;
            let outcome = view_pages(&call, &mut pager, size).await;
            let _ = jetstream
                .delete_consumer(&pager.stream, &pager.consumer)
                .await;
            outcome
        }
    };
    // ^C at the question for the next page ends it as No does.
    match outcome {
        Err(Failure::Error(text)) if text == "interrupt" => Ok(()),
        outcome => outcome,
    }
}

async fn view_pages(call: &Call, pager: &mut Pager, size: i64) -> Outcome {
    let mut shown = 0;
    loop {
        let Some(message) = pager.next(call).await? else {
            break;
        };
        let delivery = Delivery::of(&message);
        let head = match &delivery {
            Some(delivery) => {
                let time = call.time(delivery.time);
                format!(
                    "[{}] Subject: {} Received: {time}\n",
                    delivery.stream_sequence, message.subject
                )
            }
            None => format!("Subject: {}\n", message.subject),
        };
        show(call, &head, &message.headers, &message.payload);
        if delivery.is_some_and(|d| d.pending == 0) {
            break;
        }
        shown += 1;
        if shown % size.max(1) == 0 && !call.prompt().confirm("Next Page?", true).await? {
            return Ok(());
        }
    }
    call.log("Reached apparent end of data");
    Ok(())
}

/// Streams whose messages a consumer would take away are read without one.
async fn view_direct(call: &Call, jetstream: &JetStream, info: &StreamInfo, size: i64) -> Outcome {
    let name = &info.config.name;
    let filter = match call.values.text("subject") {
        "" => ">",
        filter => filter,
    };
    let since = call.values.duration("since");
    let first = (call.values.int("id").max(0) as u64)
        .max(info.state.first_seq)
        .max(1);
    let mut which = match since {
        1.. => DirectGet::Since(call.now().after(-since)),
        _ => DirectGet::Next(filter, first),
    };
    let mut shown = 0;
    loop {
        let found: RawMessage = match jetstream.direct_get(name, which).await {
            Ok(found) => found,
            Err(Error::MessageNotFound) => break,
            Err(error) => return Err(failed(error)),
        };
        let time = call.time(found.time);
        let head = format!(
            "[{}] Subject: {} Received: {time}\n",
            found.sequence, found.subject
        );
        show(call, &head, &found.headers, &found.payload);
        if found.sequence >= info.state.last_seq {
            break;
        }
        which = DirectGet::Next(filter, found.sequence + 1);
        shown += 1;
        if shown % size.max(1) == 0 && !call.prompt().confirm("Next Page?", true).await? {
            return Ok(());
        }
    }
    call.log("Reached apparent end of data");
    Ok(())
}

fn show(call: &Call, head: &str, headers: &Headers, payload: &[u8]) {
    if call.values.is("raw") {
        call.session.io.stdout(payload);
        return call.line("");
    }
    call.print(head);
    let direct = [
        "Nats-Subject",
        "Nats-Stream",
        "Nats-Sequence",
        "Nats-Time-Stamp",
        "Nats-Num-Pending",
        "Nats-Last-Sequence",
    ];
    if !headers.is_empty() {
        call.line("");
        for (key, value) in headers.iter().filter(|(key, _)| !direct.contains(key)) {
            call.line(&format!("  {key}: {}", value.replace('\x0c', "\u{240a}")));
        }
    }
    call.session.io.stdout(&message::body(payload));
}
