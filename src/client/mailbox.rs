//! A queue of messages with one reader, and waiting for it with a time limit. Everything that waits in the client waits
//! here: subscriptions, requests, PONGs.

use super::{error::Error, message::Message, runtime::Runtime};
use std::{
    cell::RefCell,
    collections::VecDeque,
    future::{Future, poll_fn},
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// Clones share the queue.
#[derive(Clone, Default)]
pub(super) struct Mailbox(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    ended: bool,
    reader: Option<Waker>,
}

impl Mailbox {
    pub fn push(&self, message: Message) {
        let mut state = self.0.borrow_mut();
        state.messages.push_back(message);
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }

    /// No more messages will come; those that are there can still be read.
    pub fn end(&self) {
        let mut state = self.0.borrow_mut();
        state.ended = true;
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }

    pub fn len(&self) -> usize {
        self.0.borrow().messages.len()
    }

    /// `None` at the end.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        let mut state = self.0.borrow_mut();
        match state.messages.pop_front() {
            Some(message) => Poll::Ready(Some(message)),
            None if state.ended => Poll::Ready(None),
            None => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
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
