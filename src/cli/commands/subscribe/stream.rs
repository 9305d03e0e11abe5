//! The JetStream forms of `nats subscribe`: by a consumer, or by direct gets.

use super::{check::check_name, *};
use crate::wire::json::{ToJson, Writer};

/// Makes a consumer by the request nats.go has for it.
async fn create(
    jetstream: &JetStream,
    stream: &str,
    name: &str,
    config: &ConsumerConfig,
) -> Result<ConsumerInfo, Error> {
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
    let subject = format!("CONSUMER.CREATE.{stream}.{name}.{}", config.filter_subject);
    jetstream.consumer(&subject, &body.finish()).await
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
        let consumer = self.consumer(jetstream, info, subjects).await?;
        let durable = !values.text("durable").is_empty();
        let acks = durable && consumer.config.ack_policy != AckPolicy::None;
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
                        self.count(&message.subject, message.payload.len());
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

    /// The consumer to read by: the durable one as it is, or a new one.
    async fn consumer(
        &self,
        jetstream: &JetStream,
        info: &StreamInfo,
        subjects: &[String],
    ) -> Result<ConsumerInfo, Failure> {
        let (call, values) = (self.call, &self.call.values);
        let stream = info.config.name.as_str();
        let filter = subjects.first().map_or(">", String::as_str);
        let durable = values.text("durable");
        let quoted = values::quote(durable);
        let mut config = self.start_policy(filter)?;
        config.filter_subject = filter.into();
        config.headers_only = values.is("headers-only") || values.is("subjects-only");
        let words = format!("error loading durable consumer {quoted}");
        check_name("consumer", durable).map_err(|e| e.context(&words))?;
        if durable.is_empty() {
            let name = short_name(call);
            let created = create(jetstream, stream, &name, &config).await;
            return created.map_err(|e| Failure::from(e).context("failed to create consumer"));
        }
        // As natscli, which asks once more, and of a push consumer twice.
        let again = || jetstream.consumer_info(stream, durable);
        match again().await {
            Ok(info) => {
                let push = !info.config.deliver_subject.is_empty();
                if push {
                    again().await?;
                }
                let info = again().await?;
                let kind = if push { "push" } else { "pull" };
                let stream = values::quote(stream);
                call.log(&format!(
                    "Subscribing to JetStream Stream {stream} using existing {kind} consumer {quoted}"
                ));
                if push {
                    call.log(&format!(
                        "Detected push consumer {quoted} on stream {stream} — push consumers are deprecated and will be \
                         removed in a future release. Please update to use a pull-based consumer."
                    ));
                }
                Ok(info)
            }
            Err(error) if error.api().is_some_and(|e| e.err_code == 10014) => {
                config.durable_name = durable.into();
                let created = create(jetstream, stream, durable, &config).await;
                let words = format!("failed to create durable consumer {quoted}");
                created.map_err(|e| Failure::from(e).context(&words))?;
                Ok(again().await?)
            }
            Err(error) => Err(Failure::from(error).context(&words)),
        }
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
            config.opt_start_time = Some(self.call.now().after(ns.wrapping_neg()));
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
        let filter = subjects.first();
        let mut start = self.direct_start(&info.state)?;
        let (last_per_subject, mut next) = (start.last_per_subject, start.sequence);
        if !start.words.is_empty() {
            let shown = match filter {
                Some(filter) => filter.clone(),
                None => info.config.subjects.join(", "),
            };
            call.log(&format!(
                "Subscribing to JetStream Stream (direct) holding messages with subject {shown} {} {}",
                start.words,
                self.ignored_text(),
            ));
        }
        if last_per_subject && filter.is_none() {
            return Err("at least one subject is required".into());
        }
        let mut since = call.now();
        loop {
            // As natscli does: only the last messages of subjects are looked for by a subject.
            let request = match start.time.take() {
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
            // Of a message that was republished that is, as its stream, the one it had first.
            let own = message.headers.last("Nats-Sequence");
            let own = own.and_then(|value| value.parse().ok());
            let stream = header("Nats-Stream").to_owned();
            let time = Time::parse_rfc3339(header("Nats-Time-Stamp"));
            let message = Message {
                subject: header("Nats-Subject").into(),
                reply: None,
                ..message
            };
            let seen = own.filter(|_| !last_per_subject);
            next = seen.unwrap_or(next).saturating_add(1);
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

    /// Where direct gets start.
    fn direct_start(&self, state: &StreamState) -> Result<DirectStart, Failure> {
        let values = &self.call.values;
        let mut start = DirectStart::default();
        let sequence = values.uint("start-sequence");
        (start.words, start.sequence) = if sequence > 0 {
            (format!("starting with sequence {sequence}"), sequence)
        } else if values.is("last") {
            let words = "starting with the last message received";
            (words.into(), state.last_seq)
        } else if values.is("all") {
            let words = "starting with the first message received";
            (words.into(), state.first_seq)
        } else if values.is("new") {
            let words = "delivering any new messages received";
            (words.into(), state.last_seq.saturating_add(1))
        } else if !values.text("since").is_empty() {
            let ns = values::duration(values.text("since"))?;
            start.time = Some(self.call.now().after(ns.wrapping_neg()));
            let words = format!("starting with messages since {}", human_duration(ns));
            (words, state.last_seq.saturating_add(1))
        } else if values.is("last-per-subject") {
            start.last_per_subject = true;
            let words = "for the last messages for each subject in the Stream";
            (words.into(), state.last_seq)
        } else {
            (String::new(), state.first_seq)
        };
        Ok(start)
    }
}

/// Where direct gets start.
#[derive(Default)]
struct DirectStart {
    /// Said of it in a log line; nothing where nothing was asked for.
    words: String,
    sequence: u64,
    /// For the first request, in place of the sequence.
    time: Option<Time>,
    last_per_subject: bool,
}
