//! A queue of messages with one reader, and waiting for it with a time limit. Everything that waits in the client waits
//! here: subscriptions, requests, PONGs.

use super::{error::Error, message::Message, queue::Queue, runtime::Runtime};
use std::{
    future::{Future, poll_fn},
    rc::Rc,
    task::{Context, Poll},
};

/// Clones share the queue.
#[derive(Clone, Default)]
pub(super) struct Mailbox(Queue<Message, ()>);

impl Mailbox {
    pub fn push(&self, message: Message) {
        self.0.push(message);
    }

    /// No more messages will come; those that are there can still be read.
    pub fn end(&self) {
        self.0.end(());
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// `None` at the end.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.0.poll_next(cx).map(Result::ok)
    }

    /// The next message within `ns`: [`Error::Timeout`], at the end [`Error::ConnectionClosed`].
    pub fn next_within(
        self,
        runtime: Rc<dyn Runtime>,
        ns: i64,
    ) -> impl Future<Output = Result<Message, Error>> {
        let mut timer = None;
        poll_fn(move |cx| match self.poll_next(cx) {
            Poll::Ready(next) => Poll::Ready(next.ok_or(Error::ConnectionClosed)),
            // Not even a turn: what comes meanwhile is too late.
            Poll::Pending if ns <= 0 => Poll::Ready(Err(Error::Timeout)),
            Poll::Pending => {
                let timer = timer.get_or_insert_with(|| runtime.sleep(ns));
                timer.as_mut().poll(cx).map(|()| Err(Error::Timeout))
            }
        })
    }
}
