//! What streams hold: subjects, single messages, purging and gaps.

use super::{Call, Outcome, pick, really, warn_of_bucket};
use crate::{
    cli::{
        commands::{failed, json, message, program},
        parse::Failure,
        render::{self, count, table::Table},
        values,
    },
    client::{DirectGet, Purge},
    wire::{
        base64,
        json::{ToJson, Writer, indent},
    },
};

/// `stream subjects`.
pub async fn subjects(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    let filter = call.values.arg("filter");
    let name = &info.config.name;
    // Without a filter it is all, though nothing else calls it so.
    let asked = if filter.is_empty() { ">" } else { filter };
    let info = jetstream
        .stream_info_details(name, false, asked)
        .await
        .map_err(failed)?;
    let subjects = info.state.subjects;
    if call.values.is("json") {
        call.line(&json::print(&subjects));
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
    values::atoi(&answer).map_err(|error| format!("invalid number: {error}").into())
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
        let [headers, data] = [&found.header_block, &found.payload].map(|b| base64::encode(b));
        let mut message = Writer::default();
        let time = Some(found.time);
        let fields: [&dyn ToJson; 5] = [&found.subject, &found.sequence, &headers, &data, &time];
        message.record("subject seq hdrs? data? time", &fields);
        call.line(&indent(&message.finish()));
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
        let gaps: Vec<Vec<u64>> = gaps.iter().map(|gap| gap.to_vec()).collect();
        call.line(&json::print(&gaps));
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
