//! Simulated time: a single-threaded executor whose clock jumps to the next timer whenever there is nothing else to do.
//! A test that waits an hour takes no time, and two runs are the same.

use nats_kv_playground::{
    client::{runtime::Runtime, transport::LocalFuture},
    wire::time::Time,
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Set when a task has something to do.
struct Flag(AtomicBool);

impl Flag {
    fn raised() -> Arc<Flag> {
        Arc::new(Flag(AtomicBool::new(true)))
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Task {
    flag: Arc<Flag>,
    future: LocalFuture<'static, ()>,
}

/// The clock, its timers and its tasks.
pub struct Clock {
    now: Cell<i64>,
    random: Cell<u64>,
    next_timer: Cell<u64>,
    /// By due time and order of setting.
    timers: RefCell<BTreeMap<(i64, u64), Waker>>,
    spawned: RefCell<Vec<Task>>,
}

impl Clock {
    /// A clock that stands at 2026-11-24 09:00:00 UTC; equal seeds give equal runs.
    pub fn new(seed: u64) -> Rc<Clock> {
        Rc::new(Clock {
            now: Cell::new(1_795_510_800_000_000_000),
            random: Cell::new(seed.wrapping_mul(2).wrapping_add(1)),
            next_timer: Cell::new(0),
            timers: RefCell::default(),
            spawned: RefCell::default(),
        })
    }

    /// Runs a future, and everything spawned meanwhile, until the future ends. Panics when all of them wait for nothing.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let flag = Flag::raised();
        let waker = Waker::from(flag.clone());
        let mut tasks: Vec<Task> = Vec::new();
        loop {
            let mut idle = true;
            if flag.take() {
                idle = false;
                if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return value;
                }
            }
            tasks.append(&mut self.spawned.borrow_mut());
            tasks.retain_mut(|task| {
                if !task.flag.take() {
                    return true;
                }
                idle = false;
                let waker = Waker::from(task.flag.clone());
                task.future
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            });
            if idle && self.spawned.borrow().is_empty() {
                let next = self.timers.borrow_mut().pop_first();
                let ((at, _), waker) = next.expect("everything waits, and no timer is set");
                self.now.set(at.max(self.now.get()));
                waker.wake();
            }
        }
    }
}

/// A timer; dropping it clears it.
struct Timer {
    clock: Rc<Clock>,
    key: (i64, u64),
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.clock.timers.borrow_mut().remove(&self.key);
    }
}

/// What a client or a host is given: `Rc<dyn Runtime>`.
pub struct SimulatedRuntime(pub Rc<Clock>);

impl Runtime for SimulatedRuntime {
    fn now(&self) -> Time {
        Time(self.0.now.get())
    }

    fn sleep(&self, ns: i64) -> LocalFuture<'static, ()> {
        let clock = self.0.clone();
        let number = clock.next_timer.get();
        clock.next_timer.set(number + 1);
        let timer = Timer {
            key: (clock.now.get().saturating_add(ns.max(0)), number),
            clock,
        };
        Box::pin(poll_fn(move |cx| {
            let Timer { clock, key } = &timer;
            if clock.now.get() >= key.0 {
                return Poll::Ready(());
            }
            clock.timers.borrow_mut().insert(*key, cx.waker().clone());
            Poll::Pending
        }))
    }

    fn spawn(&self, future: LocalFuture<'static, ()>) {
        self.0.spawned.borrow_mut().push(Task {
            flag: Flag::raised(),
            future,
        });
    }

    fn random(&self) -> u64 {
        // xorshift64*
        let mut x = self.0.random.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0.random.set(x);
        x.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}
