//! Messages from consumers: `next` pulls, `sub` also takes what is pushed.

use super::{Call, Outcome, again, pick};
use crate::{
    cli::{
        commands::{
            check_name, failed,
            message::{self, Delivery},
            pull,
            stream::jetstream,
        },
        parse::Failure,
        render::{self, count, go_duration},
        values,
    },
    client::{
        Headers, JetStream, Message,
        types::{AckPolicy, ConsumerInfo},
    },
};

/// What is told the server of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Nothing,
    Ack,
    Nak,
    Term,
}

fn answer(call: &Call) -> Result<Answer, Failure> {
    let values = &call.values;
    let (ack, nak) = (values.is("ack"), values.is("nak"));
    if values.is("term") {
        if (values.given("ack") && ack) || nak {
            return Err("can not both Acknowledge and Terminate message".into());
        }
        return Ok(Answer::Term);
    }
    Ok(match (ack, nak) {
        (_, true) => Answer::Nak,
        (true, _) => Answer::Ack,
        _ => Answer::Nothing,
    })
}

fn named((stream, consumer): (&str, &str)) -> Outcome {
    check_name("stream", stream)?;
    check_name("consumer", consumer)
}

/// `consumer next`.
pub async fn next(call: Call) -> Outcome {
    let jetstream = jetstream(&call).await?;
    let (stream, name) = (call.values.arg("stream"), call.values.arg("consumer"));
    let known = match named((stream, name)) {
        // An unknown one is only noticed by its silence.
        Ok(()) => jetstream.consumer_info(stream, name).await.ok(),
        Err(_) => None,
    };
    for _ in 0..call.values.int("count") {
        let of = (stream, name);
        next_one(&call, &jetstream, of, known.as_ref(), answer(&call)).await?;
    }
    Ok(())
}

async fn check_pull(
    jetstream: &JetStream,
    (stream, name): (&str, &str),
    known: Option<&ConsumerInfo>,
) -> Outcome {
    let quoted = values::quote(name);
    let wrong = |e| failed(e).context(&format!("could not load consumer {quoted}"));
    let info = match known {
        Some(info) => info,
        None => &jetstream.consumer_info(stream, name).await.map_err(wrong)?,
    };
    match info.config.deliver_subject.is_empty() {
        true => Ok(()),
        false => Err(format!("consumer {quoted} is not a Pull consumer").into()),
    }
}

fn line(delivery: &Delivery, message: &Message, clock: &str) -> String {
    format!(
        "[{clock}] subj: {} / tries: {} / cons seq: {} / str seq: {} / pending: {}\n",
        message.subject,
        delivery.delivered,
        delivery.consumer_sequence,
        delivery.stream_sequence,
        count(delivery.pending)
    )
}

async fn next_one(
    call: &Call,
    jetstream: &JetStream,
    of: (&str, &str),
    known: Option<&ConsumerInfo>,
    answer: Result<Answer, Failure>,
) -> Outcome {
    let (stream, name) = of;
    let client = &jetstream.client;
    let inbox = client.new_inbox();
    let subscribed = client.subscribe(&inbox, None);
    let mut messages = subscribed.map_err(|e| Failure::from(e).context("subscribe failed"))?;
    messages.unsubscribe_after(1);
    named(of).map_err(|e| e.context("could not request next message"))?;
    let request = format!(r#"{{"expires":{},"batch":1}}"#, call.timeout());
    let subject = format!("{}.CONSUMER.MSG.NEXT.{stream}.{name}", jetstream.prefix);
    call.traced(&format!(">>> {subject}:\n{request}\n\n"));
    client.publish_with(&subject, Some(&inbox), &Headers::new(), request.as_bytes())?;
    let answer = answer?; // natscli looks at its flags only now
    // The server gives the pull up after the same time; timers here are up to a millisecond late.
    let wait = (call.timeout() - 1_000_000).max(0);
    let message = match messages.next_timeout(wait).await {
        Ok(message) => message,
        Err(error) => {
            check_pull(jetstream, of, known).await?;
            return Err(Failure::from(error).context("no message received"));
        }
    };
    if message.status.as_ref().is_some_and(|s| s.code == 503) {
        check_pull(jetstream, of, known).await?;
    }
    let raw = call.values.is("raw");
    if !raw {
        let now = call.now();
        let clock = render::clock(now, call.session.io.utc_offset(now));
        call.print(&match Delivery::of(&message) {
            Some(delivery) => line(&delivery, &message, &clock),
            None => match &message.reply {
                Some(reply) => format!("--- subject: {} reply: {reply}\n", message.subject),
                None => format!("--- subject: {}\n", message.subject),
            },
        });
        let mut headers = message::header_lines(&message.headers, "  ");
        if let Some(status) = &message.status {
            headers.push_str(&format!("  Status: {}\n", status.code));
            if !status.description.is_empty() {
                headers.push_str(&format!("  Description: {}\n", status.description));
            }
        }
        if !headers.is_empty() {
            call.print(&format!("\nHeaders:\n\n{headers}\nData:\n\n"));
        }
        call.line("");
    }
    call.session.io.stdout(&message.payload);
    call.line("");
    tell(call, jetstream, &message, answer).await
}

/// Sends the answer and says so.
async fn tell(call: &Call, jetstream: &JetStream, message: &Message, answer: Answer) -> Outcome {
    let (word, action) = match answer {
        Answer::Nothing => return Ok(()),
        Answer::Ack => ("+ACK", "could not Acknowledge message"),
        Answer::Nak => ("-NAK", "could not Acknowledge message"),
        Answer::Term => ("+TERM", "could not Terminate message"),
    };
    let mut waited = 0;
    let longest = call.values.duration("wait");
    if longest > 0 && answer != Answer::Term {
        waited = (call.session.runtime.random() % longest as u64) as i64;
        call.session.runtime.sleep(waited).await;
    }
    let Some(reply) = &message.reply else {
        return Err(Failure::from("nats: message does not have a reply").context(action));
    };
    // natscli leaves this one to its library, which does not trace.
    if call.values.is("trace") && answer != Answer::Term {
        call.log(&format!(">>> {reply}: {word}"));
    }
    jetstream.client.publish(reply, word.as_bytes())?;
    jetstream.client.flush().await?;
    if answer == Answer::Term {
        call.print("\nTerminated message\n");
    } else if !call.values.is("raw") {
        let word = if answer == Answer::Nak {
            "Negative Acknowledged"
        } else {
            "Acknowledged"
        };
        match waited {
            0 => call.print(&format!("\n{word} message\n\n")),
            ns => call.print(&format!(
                "\n{word} message after {} delay\n\n",
                go_duration(ns)
            )),
        }
    }
    Ok(())
}

/// `consumer sub`.
pub async fn subscribe(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    let info = again(&jetstream, &info).await;
    let info = info.map_err(|e| e.context("could not load Consumer"))?;
    let acks = call.values.is("ack") && info.config.ack_policy != AckPolicy::None;
    if info.config.deliver_subject.is_empty() {
        let answer = if acks { Answer::Ack } else { Answer::Nothing };
        let of = (info.stream_name.as_str(), info.name.as_str());
        return next_one(&call, &jetstream, of, Some(&info), Ok(answer)).await;
    }
    pushed(&call, &jetstream, &info, acks).await
}

async fn pushed(call: &Call, jetstream: &JetStream, info: &ConsumerInfo, acks: bool) -> Outcome {
    let config = &info.config;
    let raw = call.values.is("raw");
    if !raw {
        let mut head = format!(
            "Subscribing to topic {} auto acknowledgment: {acks}\n\nConsumer Info:\n  Ack Policy: {}\n",
            config.deliver_subject,
            super::ack_policy(config.ack_policy)
        );
        if config.ack_policy != AckPolicy::None {
            head.push_str(&format!("    Ack Wait: {}\n", go_duration(config.ack_wait)));
        }
        call.print(&format!("{head}\n"));
    }
    let group = match call.values.text("deliver-group") {
        "" => config.deliver_group.as_str(),
        group => group,
    };
    let client = &jetstream.client;
    let mut messages = client.subscribe(
        &config.deliver_subject,
        Some(group).filter(|g| !g.is_empty()),
    )?;
    loop {
        let message = pull::pushed(client, &mut messages).await?;
        if raw {
            call.session.io.stdout(&message.payload);
            call.line("");
        } else {
            let now = call.now();
            let clock = render::clock(now, call.session.io.utc_offset(now));
            call.print(&match (Delivery::of(&message), &message.reply) {
                (Some(delivery), _) => line(&delivery, &message, &clock),
                (None, reply) => {
                    format!(
                        "[{clock}] {} reply: {}\n",
                        message.subject,
                        reply.as_deref().unwrap_or_default()
                    )
                }
            });
            if !message.headers.is_empty() {
                let headers = message::header_lines(&message.headers, "   ");
                call.print(&format!("\nHeaders:\n\n{headers}\nData:\n"));
            }
            call.session.io.stdout(&message.payload);
            call.line(if message.payload.ends_with(b"\n") {
                ""
            } else {
                "\n"
            });
        }
        if acks && let Some(reply) = &message.reply {
            client.publish(reply, b"")?;
        }
    }
}
