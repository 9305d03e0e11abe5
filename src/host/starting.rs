//! A server that is about to start: who connects meanwhile waits for it, as its code may still be on its way.

use super::{Config, Host, State};
use std::{
    future::poll_fn,
    task::{Poll, Waker},
};

/// How many servers are about to start, and who waits for them.
#[derive(Default)]
pub(super) struct Expected {
    count: usize,
    waiting: Vec<Waker>,
}

impl Expected {
    /// Has all who wait look again.
    pub fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

/// While it lives a server is about to start; see [`Host::starting`].
pub struct Starting(Host);

impl Host {
    /// Says that a server will start, or fail to, before what this gives is dropped: new connections wait until then.
    pub fn starting(&self) -> Starting {
        self.0.state.borrow_mut().expected.count += 1;
        Starting(self.clone())
    }

    /// Waits until a server runs with a configuration that `fits`.
    pub async fn started(&self, fits: fn(&Config) -> bool) {
        self.until(|state| {
            state
                .running
                .as_ref()
                .is_some_and(|(_, config)| fits(config))
        })
        .await;
    }

    /// Waits until no server is about to start.
    pub(super) async fn settled(&self) {
        self.until(|state| state.expected.count == 0).await;
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        poll_fn(|cx| {
            let state = &mut *self.0.state.borrow_mut();
            if is_so(state) {
                return Poll::Ready(());
            }
            state.expected.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        let expected = &mut self.0.0.state.borrow_mut().expected;
        expected.count -= 1;
        expected.wake();
    }
}
