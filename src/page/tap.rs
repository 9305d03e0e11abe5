//! Where the terminals' connections can be listened to. Hands bytes on as they are, and knows nothing of what they say. Who
//! listens comes later than the first connection, and is told what has passed before, unless that was much.

use crate::{
    client::{
        runtime::Runtime,
        transport::{Connector, LocalFuture, Transport, TransportError},
    },
    lesson::Terminal,
    wire::time::Time,
};
use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
    task::{Context, Poll},
};

/// Bytes kept for who will listen.
const KEPT: usize = 64 << 10;

/// What bytes that pass are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// From the terminal.
    Sent,
    /// To it.
    Got,
    /// None: the connection is over.
    End,
}

/// Whose bytes pass, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passing {
    /// Counts the connections.
    pub connection: u32,
    /// Whose connection it is.
    pub terminal: Terminal,
    /// What the bytes are.
    pub what: What,
    /// The time.
    pub at: Time,
}

/// Hears what passes.
type Listener = Box<dyn Fn(Passing, &[u8])>;

/// The place to listen at; clones are the same.
#[derive(Clone)]
pub struct Tap(Rc<Inner>);

struct Inner {
    runtime: Rc<dyn Runtime>,
    connections: Cell<u32>,
    listener: OnceCell<Listener>,
    before: RefCell<Vec<(Passing, Vec<u8>)>>,
    /// Bytes that passed before somebody listened.
    passed: Cell<usize>,
}

impl Tap {
    /// Nothing has passed yet.
    pub fn new(runtime: Rc<dyn Runtime>) -> Tap {
        Tap(Rc::new(Inner {
            runtime,
            connections: Cell::new(0),
            listener: OnceCell::new(),
            before: RefCell::default(),
            passed: Cell::new(0),
        }))
    }

    /// `listener`, the only one there can be, hears what has passed and what will.
    pub fn listen(&self, listener: impl Fn(Passing, &[u8]) + 'static) {
        for (passing, bytes) in self.0.before.take() {
            listener(passing, &bytes);
        }
        // What has gaps cannot be read any further.
        let whole = self.0.passed.get() <= KEPT;
        let first = if whole { 0 } else { self.0.connections.get() };
        let rest = move |passing: Passing, bytes: &[u8]| {
            if passing.connection >= first {
                listener(passing, bytes);
            }
        };
        self.0.listener.set(Box::new(rest)).ok();
    }

    /// The same way to a server, for a terminal.
    pub fn on(&self, terminal: Terminal, connector: Rc<dyn Connector>) -> Rc<dyn Connector> {
        Rc::new(Tapped {
            tap: self.clone(),
            terminal,
            connector,
        })
    }
}

impl Inner {
    fn pass(&self, passing: Passing, bytes: &[u8]) {
        if let Some(listener) = self.listener.get() {
            return listener(passing, bytes);
        }
        let passed = self.passed.get().saturating_add(bytes.len());
        self.passed.set(passed);
        if passed <= KEPT {
            self.before.borrow_mut().push((passing, bytes.to_vec()));
        }
    }
}

struct Tapped {
    tap: Tap,
    terminal: Terminal,
    connector: Rc<dyn Connector>,
}

impl Connector for Tapped {
    fn connect(&self) -> LocalFuture<'static, Result<Box<dyn Transport>, TransportError>> {
        let (tap, terminal, opening) = (self.tap.clone(), self.terminal, self.connector.connect());
        Box::pin(async move {
            let transport = opening.await?;
            let connection = tap.0.connections.get();
            tap.0.connections.set(connection + 1);
            let open: Box<dyn Transport> = Box::new(Open {
                tap,
                terminal,
                connection,
                transport,
            });
            Ok(open)
        })
    }

    fn url(&self) -> String {
        self.connector.url()
    }
}

/// A connection that is heard.
struct Open {
    tap: Tap,
    terminal: Terminal,
    connection: u32,
    transport: Box<dyn Transport>,
}

impl Open {
    fn pass(&self, what: What, bytes: &[u8]) {
        let passing = Passing {
            connection: self.connection,
            terminal: self.terminal,
            what,
            at: self.tap.0.runtime.now(),
        };
        self.tap.0.pass(passing, bytes);
    }
}

impl Transport for Open {
    fn send(&mut self, bytes: &[u8]) {
        self.pass(What::Sent, bytes);
        self.transport.send(bytes);
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>, TransportError>> {
        let polled = self.transport.poll_receive(cx);
        if let Poll::Ready(Ok(bytes)) = &polled {
            self.pass(What::Got, bytes);
        }
        polled
    }

    fn close(&mut self) {
        self.transport.close();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.pass(What::End, b"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::pending, task::Waker};

    /// Time stands still; a server says nothing.
    struct Still;

    impl Runtime for Still {
        fn now(&self) -> Time {
            Time(7)
        }
        fn sleep(&self, _: i64) -> LocalFuture<'static, ()> {
            Box::pin(pending())
        }
        fn spawn(&self, _: LocalFuture<'static, ()>) {}
        fn random(&self) -> u64 {
            4
        }
    }

    impl Transport for Still {
        fn send(&mut self, _: &[u8]) {}
        fn poll_receive(&mut self, _: &mut Context<'_>) -> Poll<Result<Vec<u8>, TransportError>> {
            Poll::Pending
        }
        fn close(&mut self) {}
    }

    impl Connector for Still {
        fn connect(&self) -> LocalFuture<'static, Result<Box<dyn Transport>, TransportError>> {
            Box::pin(async { Ok(Box::new(Still) as Box<dyn Transport>) })
        }
        fn url(&self) -> String {
            String::new()
        }
    }

    fn open(tap: &Tap) -> Box<dyn Transport> {
        let mut opening = tap.on(Terminal::B, Rc::new(Still)).connect();
        match opening
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(Ok(transport)) => transport,
            _ => unreachable!("it is there at once"),
        }
    }

    /// Hears all from now on: connection, what, and how many bytes.
    fn hear(tap: &Tap) -> Rc<RefCell<Vec<(u32, What, usize)>>> {
        let heard = Rc::<RefCell<Vec<_>>>::default();
        let listening = heard.clone();
        tap.listen(move |passing, bytes| {
            let what = (passing.connection, passing.what, bytes.len());
            listening.borrow_mut().push(what);
        });
        heard
    }

    #[test]
    fn who_listens_is_told_what_has_passed_before() {
        let tap = Tap::new(Rc::new(Still));
        let (mut first, mut second) = (open(&tap), open(&tap));
        first.send(b"a");
        drop(first);
        let heard = hear(&tap);
        second.send(b"bc");
        let all = [(0, What::Sent, 1), (0, What::End, 0), (1, What::Sent, 2)];
        assert_eq!(*heard.borrow(), all);
    }

    #[test]
    fn what_was_too_much_to_keep_is_not_heard_from_its_middle_on() {
        let tap = Tap::new(Rc::new(Still));
        let mut first = open(&tap);
        first.send(b"a");
        first.send(&vec![0; KEPT]);
        first.send(b"b");
        let heard = hear(&tap);
        first.send(b"c");
        let mut second = open(&tap);
        second.send(b"de");
        let all = [(0, What::Sent, 1), (1, What::Sent, 2)];
        assert_eq!(*heard.borrow(), all);
    }
}
