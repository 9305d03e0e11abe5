//! `nats publish`, `nats request` and `nats reply`.

mod progress;
mod request;

pub use request::{reply, request};

use super::{
    Call, Outcome,
    message::{self, Made},
    program::{self, Open},
};
use progress::Progress;

use crate::{
    cli::{
        Program, Ran,
        parse::Failure,
        race::{First, race},
        render::{count, go_duration},
        template, values,
    },
    client::{Client, Error, Headers, Message, refusal, transport::LocalFuture, types::PubAck},
    wire::json::from_json,
};

const MILLISECOND: i64 = 1_000_000;

/// Runs a command that ^C ends with words.
async fn interruptible(call: &Call, command: impl Future<Output = Outcome>) -> Outcome {
    let mut command: LocalFuture<Outcome> = Box::pin(command);
    match race(&mut command, &mut call.session.io.interrupt()).await {
        First::Left(outcome) => outcome,
        First::Right(()) => Err("context canceled".into()),
    }
}

/// Where bodies come from: the argument, or standard input.
struct Bodies<'a> {
    call: &'a Call,
    stdin: bool,
    by_line: bool,
    lines: Lines,
    ended: bool,
}

/// What was read, line by line.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    /// How many of them were used, and how far no newline is.
    used: usize,
    searched: usize,
}

impl Lines {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.used);
        self.searched -= self.used;
        self.used = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole line, without what ends it.
    fn next(&mut self) -> Option<Vec<u8>> {
        let mut new = self.bytes.iter().skip(self.searched);
        let Some(length) = new.position(|b| *b == b'\n') else {
            self.searched = self.bytes.len();
            return None;
        };
        let end = self.searched + length;
        let line = self.bytes.get(self.used..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        (self.used, self.searched) = (end + 1, end + 1);
        Some(line)
    }

    /// What no newline ends.
    fn last(&mut self) -> Option<Vec<u8>> {
        let last = self.bytes.split_off(self.used);
        (!last.is_empty()).then_some(last)
    }
}

impl<'a> Bodies<'a> {
    fn new(call: &'a Call) -> Bodies<'a> {
        let io = &call.session.io;
        let both = io.stdin_is_terminal() == io.stdout_is_terminal() || !io.stdin_is_terminal();
        let stdin = !call.values.has_arg("body") && (both || call.values.is("force-stdin"));
        let by_line = call.values.text("send-on") == "newline";
        if stdin && !call.values.is("quiet") {
            call.log("Reading payload from STDIN");
        }
        Bodies {
            call,
            stdin,
            by_line,
            lines: Lines::default(),
            ended: false,
        }
    }

    /// The next body; `None` when there is none left.
    async fn next(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        if !self.stdin {
            self.ended = true;
            return Some(self.call.values.arg("body").into());
        }
        if !self.by_line {
            self.ended = true;
            return Some(self.call.read_all().await);
        }
        loop {
            if let Some(line) = self.lines.next() {
                return Some(line);
            }
            match self.call.session.io.read().await {
                Some(bytes) => self.lines.add(&bytes),
                None => {
                    self.ended = true;
                    return self.lines.last();
                }
            }
        }
    }
}

/// A message made from templates.
struct Prepared {
    subject: String,
    headers: Headers,
    body: Vec<u8>,
}

/// Subject and body of message `number`, with templates expanded if that is wanted.
fn expand(call: &Call, body: &[u8], number: i64) -> (String, Vec<u8>) {
    let source = Made::new(call, number);
    let subject = call.values.arg("subject");
    let (mut body, mut expanded) = (body.to_vec(), subject.to_string());
    if call.values.is("templates") {
        if let Ok(text) = std::str::from_utf8(&body) {
            match template::expand("body", text, &source) {
                Ok(text) => body = text.into_bytes(),
                Err(error) => call.log(&format!("Could not parse body template: {error}")),
            }
        }
        match template::expand("body", subject, &source) {
            Ok(text) => expanded = text,
            Err(error) => call.log(&format!("Could not parse subject template: {error}")),
        }
    }
    (expanded, body)
}

/// Its headers.
fn headers(call: &Call, number: i64) -> Result<Headers, Failure> {
    message::headers(&call.values.list("header"), &Made::new(call, number))
}

fn prepare(call: &Call, body: &[u8], number: i64) -> Result<Prepared, Failure> {
    let (subject, body) = expand(call, body, number);
    let headers = headers(call, number)?;
    Ok(Prepared {
        subject,
        headers,
        body,
    })
}

/// `publish`.
pub async fn publish(call: Call) -> Outcome {
    interruptible(&call, publish_all(&call)).await
}

async fn publish_all(call: &Call) -> Outcome {
    let values = &call.values;
    let client = call.connect().await?;
    let total = values.int("count").max(1);
    let mut bodies = Bodies::new(call);
    let schedule = schedule(call)?;
    if values.is("atomic") {
        if !schedule.is_empty() {
            return Err("atomic batch publishing does not support schedules".into());
        }
        if !(bodies.stdin && bodies.by_line) {
            return Err(
                "atomic batch publishing requires JetStream and STDIN with --send-on=newline"
                    .into(),
            );
        }
        return Err(
            "this playground does not have atomic batches; publish without --atomic".into(),
        );
    }
    let jetstream = values.is("jetstream") || !schedule.is_empty();
    let mut progress = Progress::new(call, total);
    let sent = send_all(
        call,
        &client,
        (&mut bodies, total),
        jetstream,
        &schedule,
        &mut progress,
    );
    let sent = sent.await;
    progress.end().await;
    sent
}

/// Sends each body as often as it is wanted.
async fn send_all(
    call: &Call,
    client: &Client,
    (bodies, total): (&mut Bodies<'_>, i64),
    jetstream: bool,
    schedule: &[(&'static str, String)],
    progress: &mut Progress<'_>,
) -> Outcome {
    let mut last: Option<i64> = None;
    while let Some(body) = bodies.next().await {
        for number in 1..=total {
            progress.during(pause(call, &mut last)).await;
            let quiet = progress.shown || call.values.is("quiet");
            let form = (jetstream, quiet);
            let sent = send(call, client, (&body, number), form, schedule).await;
            match sent {
                // Only this line is lost.
                Err(Failure::Error(error)) if jetstream && bodies.by_line => {
                    call.log(&format!("Could not publish message: {error}"));
                    break;
                }
                sent => sent?,
            }
            progress.step();
        }
    }
    Ok(())
}

/// Sends message `number`, to a stream or to whoever listens.
async fn send(
    call: &Call,
    client: &Client,
    (body, number): (&[u8], i64),
    (jetstream, quiet): (bool, bool),
    schedule: &[(&'static str, String)],
) -> Outcome {
    let mut message = prepare(call, body, number)?;
    for (name, value) in schedule {
        message.headers.append(name, value);
    }
    let published = format!(
        "Published {} bytes to {}",
        message.body.len(),
        values::quote(&message.subject)
    );
    let say = |text: &str| {
        if !quiet {
            call.log(text);
        }
    };
    if jetstream {
        say(&published);
        say(&store(call, client, &message).await?);
        return Ok(());
    }
    let reply = Some(call.values.text("reply")).filter(|r| !r.is_empty());
    client.publish_with(&message.subject, reply, &message.headers, &message.body)?;
    client.flush().await?;
    if let Some(error) = call.last_error() {
        return Err(error.into());
    }
    say(&published);
    Ok(())
}

/// Publishes to a stream and says where it went.
async fn store(call: &Call, client: &Client, message: &Prepared) -> Result<String, Failure> {
    let answer = client
        .request(
            &message.subject,
            &message.headers,
            &message.body,
            call.timeout(),
        )
        .await?;
    let ack = acknowledged(&answer.payload)?;
    if call.values.is("trace") {
        call.line(&format!("<<< {}", String::from_utf8_lossy(&answer.payload)));
    }
    let (stream, sequence) = (ack.stream, count(ack.seq));
    let mut text = format!("Stored in Stream: {stream} Sequence: {sequence}");
    if !ack.domain.is_empty() {
        text.push_str(&format!(" Domain: {}", values::quote(&ack.domain)));
    }
    if ack.duplicate {
        text.push_str(" Duplicate: true");
    }
    if !ack.val.is_empty() {
        text.push_str(&format!(" Counter Value: {}", ack.val));
    }
    Ok(text)
}

/// Reads what a stream answered to a publish, or whoever else was listening.
fn acknowledged(payload: &[u8]) -> Result<PubAck, String> {
    if let Some(text) = payload.strip_prefix(b"-ERR") {
        let text = String::from_utf8_lossy(text);
        let text = text.strip_prefix(" '").unwrap_or(&text);
        return Err(text.strip_suffix('\'').unwrap_or(text).into());
    }
    match refusal(payload) {
        Some(error) if !error.description.is_empty() => {
            Err(format!("{} ({})", error.description, error.err_code))
        }
        Some(error) if error.code == 0 => Err("unknown JetStream Error".into()),
        Some(error) => Err(format!(
            "unknown JetStream {} Error ({})",
            error.code, error.err_code
        )),
        None => from_json(payload),
    }
}

/// The headers of a scheduled message.
fn schedule(call: &Call) -> Result<Vec<(&'static str, String)>, Failure> {
    let values = &call.values;
    let flags = ["after", "at", "cron", "dest", "every", "source", "ttl"];
    if !flags
        .iter()
        .any(|flag| values.given(&format!("schedule-{flag}")))
    {
        return Ok(Vec::new());
    }
    let (at, cron) = (values.text("schedule-at"), values.text("schedule-cron"));
    let (after, every) = (
        values.duration("schedule-after"),
        values.duration("schedule-every"),
    );
    let destination = values.text("schedule-dest");
    if destination.is_empty() {
        return Err("schedule destination is required when setting schedule properties".into());
    }
    for (flag, value) in [("schedule-after", after), ("schedule-every", every)] {
        if values.given(flag) && value <= 0 {
            return Err(format!("--{flag} must be greater than 0").into());
        }
    }
    if !at.is_empty() && after > 0 {
        return Err("--schedule-at and --schedule-after are mutually exclusive".into());
    }
    if every > 0 && (!at.is_empty() || after > 0) {
        return Err(
            "--schedule-every may not be used with --schedule-at or --schedule-after".into(),
        );
    }
    if !cron.is_empty() && (!at.is_empty() || after > 0 || every > 0) {
        return Err(
            "--schedule-at, --schedule-every and --schedule-after may not be used with --schedule-cron".into()
        );
    }
    let seconds = |time: crate::wire::time::Time| {
        crate::cli::render::date_time(time, 0).replacen(' ', "T", 1) + "Z"
    };
    let mut headers = vec![("Nats-Schedule-Target", destination.to_string())];
    if !at.is_empty() {
        let time = crate::wire::time::Time::parse_rfc3339(at).ok_or_else(|| {
            let quoted = values::quote(at);
            format!("parsing time {quoted} as \"2006-01-02T15:04:05Z07:00\": cannot parse {quoted} as \"2006\"")
        })?;
        headers.push(("Nats-Schedule", format!("@at {}", seconds(time))));
    } else if after > 0 {
        headers.push((
            "Nats-Schedule",
            format!("@at {}", seconds(call.now().after(after))),
        ));
    } else if every > 0 {
        headers.push(("Nats-Schedule", format!("@every {}", go_duration(every))));
    } else if !cron.is_empty() {
        headers.push(("Nats-Schedule", cron.into()));
    }
    if values.duration("schedule-ttl") > 0 {
        headers.push((
            "Nats-Schedule-TTL",
            go_duration(values.duration("schedule-ttl")),
        ));
    }
    if !values.text("schedule-source").is_empty() {
        headers.push((
            "Nats-Schedule-Source",
            values.text("schedule-source").into(),
        ));
    }
    Ok(headers)
}

/// Waits so that messages start `--sleep` and `--jitter` apart.
async fn pause(call: &Call, last: &mut Option<i64>) {
    let jitter = call.values.duration("jitter").max(0);
    let random = if jitter > 0 {
        (call.session.runtime.random() % jitter as u64) as i64
    } else {
        0
    };
    let delay = call.values.duration("sleep") + random;
    if let Some(last) = last {
        let left = delay - (call.now().0 - *last);
        if left > 0 {
            call.session.runtime.sleep(left).await;
        }
    }
    *last = Some(call.now().0);
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn lines_come_however_they_are_read() {
        let mut lines = Lines::default();
        lines.add(b"a\r\n\nb");
        assert_eq!(lines.next().as_deref(), Some(&b"a"[..]));
        assert_eq!(lines.next().as_deref(), Some(&b""[..]));
        assert_eq!(lines.next(), None);
        lines.add(b"c\nd\r");
        assert_eq!(lines.next().as_deref(), Some(&b"bc"[..]));
        assert_eq!((lines.next(), lines.last()), (None, Some(b"d\r".into())));
        assert_eq!(Lines::default().last(), None);
        // Many in one piece, and one in many, end before long only where nothing is gone through again.
        let mut lines = Lines::default();
        lines.add("ab\n".repeat(700_000).as_bytes());
        assert_eq!(std::iter::from_fn(|| lines.next()).count(), 700_000);
        for _ in 0..700_000 {
            lines.add(b"abc");
            assert_eq!(lines.next(), None);
        }
        assert_eq!(lines.last().map(|line| line.len()), Some(2_100_000));
    }
}
