//! `nats request` and `nats reply`.

use super::*;

/// `request`.
pub async fn request(call: Call) -> Outcome {
    interruptible(&call, request_all(&call)).await
}

pub(super) async fn request_all(call: &Call) -> Outcome {
    let client = call.connect().await?;
    let total = match call.values.int("count") {
        ..=0 => i64::from(i16::MAX),
        total => total,
    };
    let mut bodies = Bodies::new(call);
    let mut progress = Progress::new(call, total);
    let asked = ask_all(call, &client, (&mut bodies, total), &mut progress).await;
    progress.end().await;
    asked
}

/// Asks with each body as often as it is wanted.
async fn ask_all(
    call: &Call,
    client: &Client,
    (bodies, total): (&mut Bodies<'_>, i64),
    progress: &mut Progress<'_>,
) -> Outcome {
    while let Some(body) = bodies.next().await {
        for number in 1..=total {
            if !request_one(call, client, (&body, number), progress).await? {
                // Nobody is there for this body; perhaps somebody is for the next line.
                match bodies.by_line {
                    true => break,
                    false => return Ok(()),
                }
            }
        }
    }
    Ok(())
}

/// Sends a request and shows its replies; false if nobody is there to answer.
pub(super) async fn request_one(
    call: &Call,
    client: &Client,
    (body, number): (&[u8], i64),
    progress: &mut Progress<'_>,
) -> Result<bool, Failure> {
    let (subject, body) = expand(call, body, number);
    let raw = call.values.is("raw");
    let log = !raw && !progress.shown;
    let wanted = match call.values.is("wait-for-empty") {
        true => i64::from(i16::MAX),
        false => call.values.int("replies"),
    };
    if log {
        call.log(&format!("Sending request on {}", values::quote(&subject)));
    }
    let headers = headers(call, number)?;
    let inbox = client.new_inbox();
    let mut replies = client.subscribe(&inbox, None)?;
    client.publish_with(&subject, Some(&inbox), &headers, &body)?;
    progress.step();
    let started = call.now();
    let (mut wait, mut seen, mut sum) = (call.timeout(), 0, 0);
    loop {
        let reply = progress.during(replies.next_timeout(wait.max(0))).await;
        let reply = match reply {
            Ok(reply) => reply,
            Err(Error::Timeout) => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        if reply.payload.is_empty() && reply.status.as_ref().is_some_and(|s| s.code == 503) {
            call.log("No responders are available");
            return Ok(false);
        }
        let rtt = call.now().since(started);
        if log {
            call.log(&format!("Received with rtt {}", go_duration(rtt)));
            log_headers(call, &reply);
            if !reply.headers.is_empty() || reply.status.is_some() {
                call.log("");
            }
        }
        if log || raw {
            let body = program::shown(call, &reply.payload, (&reply.subject, "")).await;
            call.session.io.stdout(&body);
        }
        seen += 1;
        if wanted > 0 && (seen == wanted || reply.payload.is_empty()) {
            return Ok(true);
        }
        sum += rtt;
        wait = match wanted {
            0 => call.timeout() - rtt,
            _ => sum / seen + call.values.duration("reply-timeout"),
        };
    }
}

/// The headers of a message; a status and its description count as two, as with nats.go.
pub(super) fn log_headers(call: &Call, message: &Message) {
    if let Some(status) = &message.status {
        call.log(&format!("Status: {}", status.code));
        if !status.description.is_empty() {
            call.log(&format!("Description: {}", status.description));
        }
    }
    for (key, value) in message.headers.iter() {
        call.log(&format!("{key}: {value}"));
    }
}

/// `reply`.
pub async fn reply(call: Call) -> Outcome {
    let values = &call.values;
    let (subject, queue) = (values.arg("subject"), values.text("queue"));
    let client = call.connect().await?;
    let mut echo = values.is("echo");
    if values.arg("body").is_empty() && values.text("command").is_empty() && !echo {
        call.log("No body or command supplied, enabling echo mode");
        echo = true;
    }
    let limit = values.uint("count");
    let mut requests = client.subscribe(subject, Some(queue));
    if let (Ok(requests), 1..) = (&mut requests, limit) {
        requests.unsubscribe_after(limit);
    }
    client.flush().await?;
    if let Some(error) = call.last_error() {
        return Err(error.into());
    }
    call.log(&format!(
        "Listening on {} in group {}",
        values::quote(subject),
        values::quote(queue)
    ));
    let mut interrupt = call.session.io.interrupt();
    // A bad subject is not an error: it only never hears anything.
    if let Ok(mut requests) = requests {
        let mut answered = 0;
        let mut answer: LocalFuture<()> = Box::pin(async {
            while let Some(request) = requests.next().await {
                if answer_one(&call, &client, &request, echo, answered).await {
                    answered += 1;
                }
                if answered > 0 && limit == answered.unsigned_abs() {
                    return;
                }
            }
            // It has heard as many as it may, and not answered them all: only ^C ends it.
            std::future::pending().await
        });
        race(&mut answer, &mut interrupt).await;
    } else {
        interrupt.await;
    }
    call.log("\nDraining...");
    let _ = client.drain().await;
    call.log("Exiting");
    Err(Failure::Exit(1))
}

/// False if no answer was sent; such requests are not counted.
pub(super) async fn answer_one(
    call: &Call,
    client: &Client,
    request: &Message,
    echo: bool,
    number: i64,
) -> bool {
    let subject = values::quote(&request.subject);
    call.log(&format!("[#{number}] Received on subject {subject}:"));
    log_headers(call, request);
    let mut shown = b"\n".to_vec();
    shown.extend_from_slice(&request.payload);
    shown.push(b'\n');
    call.session.io.stdout(&shown);
    let longest = call.values.duration("sleep");
    if longest > 0 {
        let ns = (call.session.runtime.random() % longest as u64) as i64;
        call.session.runtime.sleep(ns).await;
    }
    let mut source = Made::new(call, number);
    let Ok(mut headers) = message::headers(&call.values.list("header"), &source) else {
        return false;
    };
    // Headers do not see the request.
    source.request =
        Some(String::from_utf8_lossy(&request.payload).into_owned()).filter(|r| !r.is_empty());
    let body = if echo {
        for (key, value) in request.headers.iter() {
            headers.append(key, value);
        }
        headers.append("NATS-Reply-Counter", &number.to_string());
        request.payload.clone()
    } else if !call.values.text("command").is_empty() {
        match ordered(call, request, &source).await {
            Some(output) => output,
            None => return false,
        }
    } else {
        let body = call.values.arg("body");
        match template::expand("body", body, &source) {
            Ok(body) => body.into_bytes(),
            Err(error) => {
                call.log(&format!("Could not parse body template: {error}"));
                body.into()
            }
        }
    };
    let sent = match &request.reply {
        Some(reply) => client.publish_with(reply, None, &headers, &body),
        None => Err(Error::Invalid("message does not have a reply")),
    };
    if let Err(error) = &sent {
        call.log(&format!("Could not publish reply: {error}"));
    }
    sent.is_ok()
}

/// What the program of `--command` prints; nothing if its line cannot be read.
async fn ordered(call: &Call, request: &Message, source: &Made) -> Option<Vec<u8>> {
    let mut line = call.values.text("command").to_string();
    for (index, token) in request.subject.split('.').enumerate() {
        line = line.replace(&format!("{{{{{index}}}}}"), token);
    }
    let line = template::expand("body", &line, source).unwrap_or_else(|error| {
        call.log(&format!("Could not parse command template: {error}"));
        line
    });
    let words = match program::split(&line) {
        Ok(words) => words,
        Err(open) => {
            let what = match open {
                Open::Single => "single-quoted string",
                Open::Double => "double-quoted string",
                Open::Escape => "backslash-escape",
            };
            call.log(&format!("Could not parse command: Unterminated {what}"));
            return None;
        }
    };
    call.traced(&format!("Executing: {}", words.join(" ")));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let environment = [
        ("NATS_REQUEST_SUBJECT", request.subject.clone()),
        ("NATS_REQUEST_BODY", text(&request.payload)),
    ];
    let program = Program {
        words,
        environment: environment.map(|(name, value)| (name.into(), value)).into(),
        input: Vec::new(),
    };
    let Ran { output, failure } = program::run(call, program).await;
    if let Some(why) = failure {
        let line = values::quote(&line);
        call.log(&format!("Command {line} failed to run: {why}"));
    }
    Some(output)
}
