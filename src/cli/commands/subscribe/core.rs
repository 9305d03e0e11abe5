//! The form of `nats subscribe` without a stream: subjects of core NATS, and replies matched to their requests.

use super::*;

/// The next message of any subscription, with the place of that in the list; nothing when all have ended.
async fn next_of(subscriptions: &mut [Subscription]) -> Option<(usize, Message)> {
    poll_fn(|cx| {
        let mut ended = true;
        for (index, subscription) in subscriptions.iter_mut().enumerate() {
            match subscription.poll_next(cx) {
                Poll::Ready(Some(message)) => return Poll::Ready(Some((index, message))),
                Poll::Ready(None) => {}
                Poll::Pending => ended = false,
            }
        }
        if ended {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    })
    .await
}

impl Shown<'_> {
    /// Subjects of core NATS.
    pub(super) async fn core(&mut self, client: &Client, subjects: &[String]) -> Outcome {
        let mut subscriptions = self.listen(client, subjects)?;
        client.flush().await?;
        if let Some(error) = self.call.last_error() {
            return Err(error.into());
        }
        let (mut since, mut reported) = (self.call.now(), self.call.now());
        loop {
            let arrived = {
                let mut next: LocalFuture<_> = Box::pin(next_of(&mut subscriptions));
                self.next(&mut next, since, reported).await
            };
            match arrived {
                Next::Idle | Next::Message(None) => return Ok(()),
                Next::Report => {
                    self.show_report();
                    reported = self.call.now();
                }
                Next::Message(Some((index, message))) => match subjects.get(index) {
                    Some(subject) => {
                        since = self.call.now();
                        self.take_core(client, message, subject).await;
                    }
                    None => self.take_reply(&message).await,
                },
            }
            // Requests that were seen are shown with their replies.
            if self.full() && self.requests.is_empty() {
                return Ok(());
            }
        }
    }

    /// A subscription for each subject; one for replies comes last, after the requests that they belong to.
    fn listen(&self, client: &Client, subjects: &[String]) -> Result<Vec<Subscription>, Failure> {
        let (call, values) = (self.call, &self.call.values);
        let quiet = values.is("raw") || !values.text("dump").is_empty();
        let mut replies = None;
        if values.is("match-replies") {
            let prefix = match call.context.get("inbox_prefix") {
                "" => "_INBOX",
                prefix => prefix,
            };
            if !quiet {
                call.log(&format!("Matching replies with inbox prefix {prefix}.>"));
            }
            replies = Some(client.subscribe(&format!("{prefix}.>"), None)?);
        }
        let ignored = self.ignored_text();
        if !quiet || values.is("inbox") {
            if values.is("ack") {
                let first = subjects.first().map_or("", String::as_str);
                call.log(&format!(
                    "Subscribing on {first} with acknowledgement of JetStream messages {ignored}"
                ));
            } else {
                call.log(&format!("Subscribing on {} {ignored}", subjects.join(", ")));
            }
        }
        let queue = Some(values.text("queue")).filter(|q| !q.is_empty());
        let subscribed = subjects.iter().map(|s| client.subscribe(s, queue));
        Ok(subscribed
            .chain(replies.map(Ok))
            .collect::<Result<_, _>>()?)
    }

    /// Shows a reply with the request that it answers.
    async fn take_reply(&mut self, reply: &Message) {
        if let Some((number, request)) = self.requests.remove(&reply.subject) {
            self.print_core(number, &request, Some(reply)).await;
        }
    }

    /// Shows a message that came by one of the subjects, unless enough were seen; a request waits for its reply.
    async fn take_core(&mut self, client: &Client, message: Message, filter: &str) {
        if self.full() || self.is_ignored(&message.subject) {
            return;
        }
        self.seen += 1;
        let values = &self.call.values;
        if self.reports() {
            let key = match values.is("report-subscriptions") {
                true => filter,
                false => &message.subject,
            };
            self.count(key, message.payload.len());
        } else if values.is("match-replies") && message.reply.is_some() {
            let reply = message.reply.clone().unwrap_or_default();
            self.requests.insert(reply, (self.seen, message));
            return;
        } else {
            self.print_core(self.seen, &message, None).await;
        }
        if values.is("ack") && Delivery::of(&message).is_some() {
            let reply = message.reply.as_deref().unwrap_or_default();
            let _ = client.publish(reply, b"");
        }
    }
}
