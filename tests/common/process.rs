//! A command that runs in the background, can be waited for and can be killed: what a shell knows as a process.

use nats_kv_playground::client::{runtime::Runtime, transport::LocalFuture};
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

/// Killed by SIGINT.
pub const INTERRUPTED: i32 = 130;

#[derive(Default)]
struct Shared {
    code: Cell<Option<i32>>,
    killed: Cell<bool>,
    /// Who waits for the end, and the process itself.
    wakers: RefCell<Vec<Waker>>,
}

impl Shared {
    /// Wakes this task when something changes.
    fn tell(&self, waker: &Waker) {
        let mut wakers = self.wakers.borrow_mut();
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }

    fn wake(&self) {
        self.wakers.take().into_iter().for_each(Waker::wake);
    }
}

/// See the module.
#[derive(Clone)]
pub struct Process(Rc<Shared>);

impl Process {
    /// Starts a command.
    pub fn start(runtime: &dyn Runtime, command: LocalFuture<'static, i32>) -> Process {
        let shared = Rc::new(Shared::default());
        let (process, mut command) = (Process(shared.clone()), Some(command));
        runtime.spawn(Box::pin(poll_fn(move |cx| {
            let ended = match &mut command {
                _ if shared.killed.get() => Poll::Ready(INTERRUPTED),
                Some(command) => command.as_mut().poll(cx),
                None => return Poll::Ready(()),
            };
            let Poll::Ready(code) = ended else {
                shared.tell(cx.waker());
                return Poll::Pending;
            };
            command = None; // drops what it had open
            shared.code.set(Some(code));
            shared.wake();
            Poll::Ready(())
        })));
        process
    }

    /// Drops the command, as ^C does.
    pub fn kill(&self) {
        self.0.killed.set(true);
        self.0.wake();
    }

    /// Waits for the end, at most `ns` nanoseconds; the exit code if it ended.
    pub async fn wait(&self, runtime: &dyn Runtime, ns: i64) -> Option<i32> {
        let mut timeout = runtime.sleep(ns);
        poll_fn(|cx| {
            if self.0.code.get().is_some() || timeout.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            self.0.tell(cx.waker());
            Poll::Pending
        })
        .await;
        self.0.code.get()
    }
}
