//! Messages of a consumer: pushed, or asked for in batches ahead of their use.

use super::Failure;
use crate::{
    client::{Client, Error, Headers, JetStream, Message, Subscription, types::ConsumerInfo},
    wire::time::SECOND,
};
use serde_json::json;

/// What nats.go's `Consume` asks for.
const BATCH: u64 = 500;

/// The messages of a consumer of either kind.
pub enum Feed {
    /// Asked for.
    Pull(Pull),
    /// Coming by themselves.
    Push(Client, Subscription),
}

impl Feed {
    /// Starts taking them.
    pub fn new(jetstream: &JetStream, consumer: &ConsumerInfo) -> Result<Feed, Error> {
        let (stream, config) = (&consumer.stream_name, &consumer.config);
        if config.deliver_subject.is_empty() {
            return Ok(Feed::Pull(Pull::new(jetstream, stream, &consumer.name)?));
        }
        let group = Some(config.deliver_group.as_str()).filter(|g| !g.is_empty());
        let client = jetstream.client.clone();
        let messages = client.subscribe(&config.deliver_subject, group)?;
        Ok(Feed::Push(client, messages))
    }

    /// The next message. Errors: the connection has ended.
    pub async fn next(&mut self) -> Result<Message, Failure> {
        match self {
            Feed::Pull(pull) => pull.next().await,
            Feed::Push(client, messages) => pushed(client, messages).await,
        }
    }
}

/// The next message a consumer pushes; its flow control is answered.
pub async fn pushed(client: &Client, messages: &mut Subscription) -> Result<Message, Failure> {
    while let Some(message) = messages.next().await {
        if message.status.as_ref().is_none_or(|s| s.code != 100) {
            return Ok(message);
        }
        let stalled = message.headers.get("Nats-Consumer-Stalled");
        if let Some(subject) = stalled.or(message.reply.as_deref()) {
            client.publish(subject, b"")?;
        }
    }
    Err(Error::ConnectionClosed.into())
}

/// A consumer being pulled from. Dropping it ends the pull.
pub struct Pull {
    jetstream: JetStream,
    subject: String,
    inbox: String,
    messages: Subscription,
    /// Messages asked for and not seen yet.
    open: u64,
}

impl Pull {
    /// Starts pulling from a consumer.
    pub fn new(jetstream: &JetStream, stream: &str, consumer: &str) -> Result<Pull, Error> {
        let inbox = jetstream.client.new_inbox();
        let messages = jetstream.client.subscribe_told(&inbox)?;
        Ok(Pull {
            subject: format!("{}.CONSUMER.MSG.NEXT.{stream}.{consumer}", jetstream.prefix),
            jetstream: jetstream.clone(),
            inbox,
            messages,
            open: 0,
        })
    }

    fn ask(&mut self) -> Result<(), Error> {
        let request = json!({"expires": 30 * SECOND, "batch": BATCH - self.open, "idle_heartbeat": 15 * SECOND});
        self.open = BATCH;
        let body = request.to_string();
        let client = &self.jetstream.client;
        client.publish_with(
            &self.subject,
            Some(&self.inbox),
            &Headers::new(),
            body.as_bytes(),
        )
    }

    /// The next message; none comes any more once the consumer is gone. Errors: the connection has ended.
    pub async fn next(&mut self) -> Result<Message, Failure> {
        loop {
            if self.open <= BATCH / 2 {
                self.ask()?;
            }
            // Two heartbeats missed: what was asked for got lost, with a connection or a server.
            let message = match self.messages.next_timeout(31 * SECOND).await {
                Ok(message) => message,
                Err(Error::Timeout) => {
                    self.open = 0;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            match message
                .status
                .as_ref()
                .map(|s| (s.code, s.description.as_str()))
            {
                None => {
                    self.open = self.open.saturating_sub(1);
                    return Ok(message);
                }
                Some((100, _)) => {}
                Some((409, "Consumer Deleted")) => {
                    while self.messages.next().await.is_some() {}
                    return Err(Error::ConnectionClosed.into());
                }
                // Refused, ended, or lost with the connection.
                Some(_) => self.open = 0,
            }
        }
    }
}
