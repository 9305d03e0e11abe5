//! A watch: an ordered push consumer on a bucket that notices gaps and missed heartbeats, makes itself anew, also after a
//! reconnect, and goes on where it was, so that every revision is seen once.

use super::{Bucket, Entry, Operation, Ttl};
use crate::client::{
    connection::{RECONNECTED, State, Subscription},
    error::Error,
    message::Message,
    types::ConsumerInfo,
};
use crate::wire::{base62, json::Writer, time::SECOND};

/// What a watch delivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchOptions {
    /// All revisions, not only the newest of each key.
    pub include_history: bool,
    /// Only what comes after the start.
    pub updates_only: bool,
    /// Leave markers out.
    pub ignore_deletes: bool,
    /// Without values.
    pub meta_only: bool,
    /// Everything from this revision on, unless it is 0; wins over the first two.
    pub resume_from_revision: u64,
}

/// Changes of a bucket in order. Calls of [`Watch::next`] may be dropped at any time without losing anything.
pub struct Watch {
    bucket: Bucket,
    filters: Vec<String>,
    options: WatchOptions,
    messages: Subscription,
    consumer: String,
    /// Consumer sequence of the next message.
    expected: u64,
    /// Where another consumer has to start; `None`: as the first one did.
    resume: Option<u64>,
    /// Messages of the start that are still to come; `None` once its end was told.
    initial: Option<u64>,
    /// The consumer is gone or has left something out.
    stale: bool,
}

/// As nats.go's ordered consumers.
const HEARTBEAT: i64 = 5 * SECOND;
const ACK_WAIT: i64 = 22 * 3600 * SECOND;

impl Watch {
    pub(super) async fn start(
        bucket: &Bucket,
        filters: Vec<String>,
        options: WatchOptions,
    ) -> Result<Watch, Error> {
        let messages = bucket.context.client.subscribe_told(&inbox(bucket))?;
        let mut watch = Watch {
            bucket: bucket.clone(),
            filters,
            options,
            messages,
            consumer: String::new(),
            expected: 1,
            resume: (options.resume_from_revision > 0).then_some(options.resume_from_revision),
            initial: None,
            stale: true,
        };
        let info = watch.create().await?;
        if !options.updates_only {
            watch.initial = Some(info.num_pending + info.delivered.consumer_seq);
        }
        Ok(watch)
    }

    /// Has the consumer made that delivers into `self.messages`.
    async fn create(&mut self) -> Result<ConsumerInfo, Error> {
        let context = &self.bucket.context;
        let stream = self.bucket.stream_name();
        let name = base62::digits(context.client.runtime().random(), 8);
        let mut body = Writer::default();
        body.open().key("stream_name").string(&stream);
        body.key("config").open().key("deliver_policy");
        match (self.resume, self.options) {
            (Some(from), _) => body
                .string("by_start_sequence")
                .key("opt_start_seq")
                .uint(from),
            (None, o) if o.updates_only => body.string("new"),
            (None, o) if o.include_history => body.string("all"),
            _ => body.string("last_per_subject"),
        };
        body.key("ack_policy").string("none");
        body.key("ack_wait").int(ACK_WAIT);
        body.key("max_deliver").int(1);
        let mut subject = format!("CONSUMER.CREATE.{stream}.{name}");
        if let [filter] = &self.filters[..] {
            subject = format!("{subject}.{filter}");
            body.key("filter_subject").string(filter);
        } else {
            body.key("filter_subjects").strings(&self.filters);
        }
        body.key("replay_policy").string("instant");
        body.key("flow_control").bool(true);
        body.key("idle_heartbeat").int(HEARTBEAT);
        if self.options.meta_only {
            body.key("headers_only").bool(true);
        }
        body.key("deliver_subject").string(self.messages.subject());
        body.key("num_replicas").int(1);
        body.key("mem_storage").bool(true).close().close();
        let info = context.consumer(&subject, &body.finish()).await?;
        self.consumer = name;
        self.expected = 1;
        self.stale = false;
        // Nothing of the start is left to come: from here on nothing may be missed.
        if self.resume.is_none() && (self.options.updates_only || info.num_pending == 0) {
            self.resume = Some(info.delivered.stream_seq + 1);
        }
        Ok(info)
    }

    /// The next revision. `None` once, when everything that was there at the start has been delivered (with
    /// `updates_only`: not at all), as nats.go does. Errors end the watch: [`Error::ConnectionClosed`].
    pub async fn next(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            if self.initial == Some(0) {
                self.initial = None;
                return Ok(None);
            }
            let client = &self.bucket.context.client;
            if self.stale && client.state() == State::Connected {
                self.messages = client.subscribe_told(&inbox(&self.bucket))?;
                match self.create().await {
                    Ok(_) => {}
                    Err(Error::ConnectionClosed) => return Err(Error::ConnectionClosed),
                    // Tried again once heartbeats are missed.
                    Err(_) => self.stale = false,
                }
            }
            match self.messages.next_timeout(2 * HEARTBEAT).await {
                Ok(message) => {
                    if let Some(entry) = self.take(message) {
                        return Ok(Some(entry));
                    }
                }
                Err(Error::Timeout) => self.stale = true,
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends it; what is sent for that is seen by [`Context::trace`](crate::client::JetStream::trace), if there is one.
    pub(super) async fn end(mut self) {
        let context = &self.bucket.context;
        if context.trace.is_none() {
            return self.stop();
        }
        self.messages.unsubscribe();
        let stream = self.bucket.stream_name();
        let _ = context.delete_consumer(&stream, &self.consumer).await;
    }

    /// Ends it: unsubscribes and removes the consumer, without waiting for the answer.
    pub fn stop(mut self) {
        self.messages.unsubscribe();
        let context = &self.bucket.context;
        let stream = self.bucket.stream_name();
        let subject = format!(
            "{}.CONSUMER.DELETE.{stream}.{}",
            context.prefix, self.consumer
        );
        let _ = context.client.request_unheard(&subject);
    }

    fn take(&mut self, message: Message) -> Option<Entry> {
        if let Some(status) = &message.status {
            if status.code == RECONNECTED {
                self.stale = true;
                return None;
            }
            let stalled = message.headers.get("Nats-Consumer-Stalled");
            // Asked by flow control or by a heartbeat whether we are still there.
            if let Some(asked) = message.reply.as_deref().or(stalled) {
                let _ = self.bucket.context.client.publish(asked, b"");
            }
            let last = message.headers.get("Nats-Last-Consumer");
            self.stale |= last.is_some_and(|last| last.parse() != Ok(self.expected - 1));
            return None;
        }
        let info = message.info()?;
        if info.consumer_sequence != self.expected {
            self.stale = true;
            return None;
        }
        self.expected += 1;
        self.resume = Some(info.stream_sequence + 1);
        if let Some(initial) = &mut self.initial {
            *initial = if info.pending == 0 {
                0
            } else {
                initial.saturating_sub(1)
            };
        }
        let operation = Operation::of(&message.headers);
        if self.options.ignore_deletes && operation != Operation::Put {
            return None;
        }
        Some(Entry {
            bucket: self.bucket.name.clone(),
            key: message.subject.strip_prefix(&self.bucket.read)?.into(),
            revision: info.stream_sequence,
            created: info.published,
            delta: info.pending,
            operation,
            ttl: Ttl::of(&message.headers),
            value: message.payload,
        })
    }
}

fn inbox(bucket: &Bucket) -> String {
    bucket.context.client.new_inbox()
}
