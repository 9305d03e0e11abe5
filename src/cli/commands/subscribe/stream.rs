//! The JetStream forms of `nats subscribe`: by a consumer, or by direct gets.

use super::*;
use crate::wire::json::{ToJson, Writer};

/// The request for a consumer, as nats.go has it.
fn creation(stream: &str, config: &ConsumerConfig) -> Vec<u8> {
    let mut body = Writer::default();
    body.open().key("stream_name").string(stream);
    body.key("config").open();
    if !config.durable_name.is_empty() {
        body.key("name").string(&config.durable_name);
    }
    body.key("deliver_policy");
    config.deliver_policy.write(&mut body);
    if config.opt_start_seq > 0 {
        body.key("opt_start_seq").uint(config.opt_start_seq);
    }
    if let Some(time) = config.opt_start_time {
        body.key("opt_start_time").time(Some(time));
    }
    body.key("ack_policy").string("none");
    body.key("filter_subject").string(&config.filter_subject);
    body.key("replay_policy").string("instant");
    if config.headers_only {
        body.key("headers_only").bool(true);
    }
    body.key("num_replicas").int(0).close();
    body.key("action").string("create").close();
    body.finish()
}

impl Shown<'_> {
    /// The JetStream forms, by a pull consumer.
    pub(super) async fn consume(
        &mut self,
        jetstream: &JetStream,
        info: &StreamInfo,
        subjects: &[String],
    ) -> Outcome {
        let (call, values) = (self.call, &self.call.values);
        let stream = info.config.name.as_str();
        let filter = subjects.first().cloned().unwrap_or_else(|| ">".into());
        let durable = values.text("durable");
        let mut config = self.start_policy(&filter)?;
        config.filter_subject = filter;
        config.headers_only = values.is("headers-only") || values.is("subjects-only");
        let words = || format!("error loading durable consumer {}", values::quote(durable));
        check_name("consumer", durable).map_err(|e| e.context(&words()))?;
        let existing = match durable {
            "" => None,
            name => match jetstream.consumer_info(stream, name).await {
                Ok(info) => Some(info),
                Err(error) if error.api().is_some_and(|e| e.err_code == 10014) => None,
                Err(error) => return Err(Failure::from(error).context(&words())),
            },
        };
        let quoted = (values::quote(stream), values::quote(durable));
        // As natscli, which asks once more, and of a push consumer twice.
        let again = || jetstream.consumer_info(stream, durable);
        let consumer = match existing {
            Some(info) => {
                let push = !info.config.deliver_subject.is_empty();
                if push {
                    again().await?;
                }
                let info = again().await?;
                let kind = if push { "push" } else { "pull" };
                call.log(&format!(
                    "Subscribing to JetStream Stream {} using existing {kind} consumer {}",
                    quoted.0, quoted.1
                ));
                if push {
                    call.log(&format!(
                        "Detected push consumer {} on stream {} — push consumers are deprecated and will be removed in a \
                         future release. Please update to use a pull-based consumer.",
                        quoted.1, quoted.0
                    ));
                }
                info
            }
            None => {
                let (name, what) = match durable {
                    "" => (short_name(call), "failed to create consumer".to_string()),
                    name => {
                        config.durable_name = name.into();
                        let what = format!("failed to create durable consumer {}", quoted.1);
                        (name.to_string(), what)
                    }
                };
                let subject = format!("CONSUMER.CREATE.{stream}.{name}.{}", config.filter_subject);
                let body = creation(stream, &config);
                let created = jetstream.consumer(&subject, &body).await;
                let created = created.map_err(|e| Failure::from(e).context(&what))?;
                match durable {
                    "" => created,
                    _ => again().await?,
                }
            }
        };
        let acks = !durable.is_empty() && consumer.config.ack_policy != AckPolicy::None;
        if consumer.config.filter_subjects.len() > 1 {
            return Err("cannot subscribe to multi filter consumers".into());
        }
        let mut feed = Feed::new(jetstream, &consumer)?;
        let (mut since, mut reported) = (call.now(), call.now());
        let outcome = loop {
            let arrived = {
                let mut next: LocalFuture<_> = Box::pin(feed.next());
                self.next(&mut next, since, reported).await
            };
            match arrived {
                Next::Idle => break Ok(()),
                Next::Report => {
                    self.show_report();
                    reported = call.now();
                }
                Next::Message(Err(error)) => break Err(error),
                Next::Message(Ok(message)) => {
                    since = call.now();
                    if self.is_ignored(&message.subject) {
                        continue;
                    }
                    let Some(delivery) = Delivery::of(&message) else {
                        continue;
                    };
                    self.seen += 1;
                    if self.reports() {
                        self.count(&message.subject.clone(), message.payload.len());
                    } else {
                        self.print_delivery(&message, &delivery).await;
                    }
                    if acks {
                        let reply = message.reply.as_deref().unwrap_or_default();
                        jetstream.client.publish(reply, b"+ACK")?;
                    }
                    if self.full() || (values.is("terminate-at-end") && delivery.pending == 0) {
                        break Ok(());
                    }
                }
            }
        };
        drop(feed);
        jetstream.client.flush().await?;
        outcome
    }

    /// Where a consumer starts, said in a log line.
    pub(super) fn start_policy(&self, filter: &str) -> Result<ConsumerConfig, Failure> {
        let values = &self.call.values;
        let mut config = ConsumerConfig::default();
        let ignored = self.ignored_text();
        let sequence = values.uint("start-sequence");
        let words = if sequence > 0 {
            config.deliver_policy = DeliverPolicy::ByStartSequence;
            config.opt_start_seq = sequence;
            format!("starting at sequence {sequence}")
        } else if values.is("last") {
            config.deliver_policy = DeliverPolicy::Last;
            "from last received message".into()
        } else if values.is("all") {
            "from first received message".into()
        } else if values.is("new") {
            config.deliver_policy = DeliverPolicy::New;
            "for new messages".into()
        } else if !values.text("since").is_empty() {
            let ns = values::duration(values.text("since"))?;
            config.deliver_policy = DeliverPolicy::ByStartTime;
            config.opt_start_time = Some(self.call.now().after(-ns));
            format!("since {}", human_duration(ns))
        } else if values.is("last-per-subject") {
            config.deliver_policy = DeliverPolicy::LastPerSubject;
            "for last message per subject".into()
        } else {
            return Ok(config);
        };
        self.call.log(&format!(
            "Subscribing to subject {filter} {words} {ignored}"
        ));
        Ok(config)
    }

    /// The JetStream forms, by direct gets, one after the other.
    pub(super) async fn direct(
        &mut self,
        jetstream: &JetStream,
        info: &StreamInfo,
        subjects: &[String],
    ) -> Outcome {
        let (call, values) = (self.call, &self.call.values);
        let stream = info.config.name.as_str();
        let info = &jetstream.stream_info(stream).await?;
        // nats.go's trace does not see direct gets.
        let jetstream = JetStream {
            trace: None,
            ..jetstream.clone()
        };
        let filter = subjects.first().cloned();
        let shown = filter
            .clone()
            .unwrap_or_else(|| info.config.subjects.join(", "));
        let ignored = self.ignored_text();
        let sequence = values.uint("start-sequence");
        let (mut since_time, mut last_per_subject) = (None, false);
        let (words, mut next) = if sequence > 0 {
            (format!("starting with sequence {sequence}"), sequence)
        } else if values.is("last") {
            (
                "starting with the last message received".into(),
                info.state.last_seq,
            )
        } else if values.is("all") {
            (
                "starting with the first message received".into(),
                info.state.first_seq,
            )
        } else if values.is("new") {
            (
                "delivering any new messages received".into(),
                info.state.last_seq + 1,
            )
        } else if !values.text("since").is_empty() {
            let ns = values::duration(values.text("since"))?;
            since_time = Some(call.now().after(-ns));
            (
                format!("starting with messages since {}", human_duration(ns)),
                info.state.last_seq + 1,
            )
        } else if values.is("last-per-subject") {
            last_per_subject = true;
            let words = "for the last messages for each subject in the Stream";
            (words.into(), info.state.last_seq)
        } else {
            (String::new(), info.state.first_seq)
        };
        if !words.is_empty() {
            call.log(&format!(
                "Subscribing to JetStream Stream (direct) holding messages with subject {shown} {words} {ignored}"
            ));
        }
        if last_per_subject && filter.is_none() {
            return Err("at least one subject is required".into());
        }
        let mut since = call.now();
        loop {
            // As natscli does: only the last messages of subjects are looked for by a subject.
            let request = match since_time.take() {
                _ if last_per_subject => {
                    json!({"batch": 1, "multi_last": [filter], "up_to_seq": next})
                }
                Some(time) => json!({"batch": 1, "start_time": Time::rfc3339(time)}),
                None if next == 0 => {
                    return Err("invalid option: sequence number has to be greater than 0".into());
                }
                None => json!({"batch": 1, "seq": next}),
            };
            let subject = format!("DIRECT.GET.{stream}");
            let message = jetstream
                .request_raw(&subject, request.to_string().as_bytes())
                .await?;
            if message.status.is_some() {
                let wait = values.duration("wait");
                if values.is("terminate-at-end") || (wait > 0 && call.now().since(since) >= wait) {
                    return Ok(());
                }
                call.session.runtime.sleep(SECOND / 4).await;
                continue;
            }
            since = call.now();
            let header = |name: &str| message.headers.get(name).unwrap_or_default();
            let sequence = header("Nats-Sequence").parse().unwrap_or(next);
            let time = Time::parse_rfc3339(header("Nats-Time-Stamp"));
            let message = Message {
                subject: header("Nats-Subject").into(),
                reply: None,
                ..message
            };
            next = if last_per_subject { next } else { sequence } + 1;
            if self.is_ignored(&message.subject) {
                continue;
            }
            self.seen += 1;
            let stamp = self.stamp(call.now(), self.started);
            if self.reports() {
                self.count(&message.subject, message.payload.len());
            } else if !self.print_plain(sequence, &message, None).await {
                call.line(&format!(
                    "[#{}]{stamp} Received JetStream message (direct): stream: {stream} seq {} / subject: {} / time: {}",
                    self.seen,
                    sequence,
                    message.subject,
                    call.time_or_zero(time),
                ));
                self.print_content(&message).await;
            }
            if self.full() {
                return Ok(());
            }
        }
    }
}
