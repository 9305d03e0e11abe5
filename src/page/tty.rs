//! A terminal as a device: what is written becomes a [`Screen`], what is typed goes to whoever reads. Knows neither the
//! DOM nor the shell.

use crate::{cli::screen::Screen, client::transport::LocalFuture};
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::{Rc, Weak},
    task::{Poll, Waker},
};

/// Lines kept of what was written.
const LINES: usize = 10_000;

/// What a running program waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Nothing: what is typed waits.
    #[default]
    Nothing,
    /// Whole lines, echoed.
    Lines,
    /// Single keys, unechoed (a prompt).
    Keys,
}

/// A terminal.
pub struct Tty {
    state: RefCell<State>,
    changed: Box<dyn Fn()>,
}

struct State {
    screen: Screen,
    size: (usize, usize),
    reading: Reading,
    /// Typed and not yet read.
    typed: Vec<u8>,
    /// ^D: the reader gets the end of its input.
    ended: bool,
    reader: Option<Waker>,
    interrupts: Vec<Weak<Interrupt>>,
}

/// One who waits for ^C.
#[derive(Default)]
struct Interrupt {
    fired: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Tty {
    /// An empty terminal; `changed` is called whenever there is something to draw.
    pub fn new(changed: Box<dyn Fn()>) -> Rc<Tty> {
        Rc::new(Tty {
            state: RefCell::new(State {
                screen: Screen::new(LINES),
                size: (80, 24),
                reading: Reading::Nothing,
                typed: Vec::new(),
                ended: false,
                reader: None,
                interrupts: Vec::new(),
            }),
            changed,
        })
    }

    /// Writes output.
    pub fn write(&self, bytes: &[u8]) {
        self.state.borrow_mut().screen.write(bytes);
        (self.changed)();
    }

    /// Begins a new line unless the cursor is at the start of an empty one.
    pub fn fresh_line(&self) {
        if !self.state.borrow().screen.at_line_start() {
            self.write(b"\n");
        }
    }

    /// Empties the screen.
    pub fn clear(&self) {
        self.state.borrow_mut().screen.clear();
        (self.changed)();
    }

    /// Looks at the screen (and takes note of what has been drawn).
    pub fn with_screen<T>(&self, look: impl FnOnce(&mut Screen) -> T) -> T {
        look(&mut self.state.borrow_mut().screen)
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        self.state.borrow().size
    }

    /// See [`Tty::size`].
    pub fn resize(&self, columns: usize, rows: usize) {
        self.state.borrow_mut().size = (columns.max(20), rows.max(2));
    }

    /// What the running program waits for.
    pub fn reading(&self) -> Reading {
        self.state.borrow().reading
    }

    /// Something was typed: keys as a terminal sends them, or a whole line with its newline.
    pub fn type_in(&self, text: &str) {
        let mut state = self.state.borrow_mut();
        if state.reading == Reading::Lines {
            state.screen.write(text.as_bytes());
        }
        state.typed.extend_from_slice(text.as_bytes());
        // A whole line is for one read: whoever wants more has to ask again, and what comes behind it may be for the next program.
        if text.ends_with(['\n', '\r']) {
            state.reading = Reading::Nothing;
        }
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        (self.changed)();
    }

    /// ^D.
    pub fn end_input(&self) {
        let mut state = self.state.borrow_mut();
        state.ended = true;
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }

    /// ^C for those who wait for it; false if nobody does.
    pub fn interrupt(&self) -> bool {
        let waiting = std::mem::take(&mut self.state.borrow_mut().interrupts);
        let mut anybody = false;
        for interrupt in waiting.iter().filter_map(Weak::upgrade) {
            anybody = true;
            interrupt.fired.set(true);
            if let Some(waker) = interrupt.waker.take() {
                waker.wake();
            }
        }
        anybody
    }

    /// The program has ended: nobody reads any more.
    pub fn release(&self) {
        let mut state = self.state.borrow_mut();
        state.reading = Reading::Nothing;
        state.typed.clear();
        state.ended = false;
        state.reader = None;
        state.interrupts.clear();
    }

    /// The next that is typed, as [`Reading::Lines`] or [`Reading::Keys`]; `None` at the end of input.
    pub fn read(self: &Rc<Self>, how: Reading) -> LocalFuture<'static, Option<Vec<u8>>> {
        let tty = self.clone();
        Box::pin(poll_fn(move |cx| {
            let mut state = tty.state.borrow_mut();
            let ready = if !state.typed.is_empty() {
                Some(Some(std::mem::take(&mut state.typed)))
            } else if std::mem::take(&mut state.ended) {
                Some(None)
            } else {
                None
            };
            state.reading = if ready.is_some() {
                Reading::Nothing
            } else {
                how
            };
            state.reader = Some(cx.waker().clone());
            drop(state);
            (tty.changed)();
            ready.map_or(Poll::Pending, Poll::Ready)
        }))
    }

    /// Resolves at the next ^C.
    pub fn interrupted(&self) -> LocalFuture<'static, ()> {
        let interrupt = Rc::new(Interrupt::default());
        self.state
            .borrow_mut()
            .interrupts
            .push(Rc::downgrade(&interrupt));
        Box::pin(poll_fn(move |cx| {
            *interrupt.waker.borrow_mut() = Some(cx.waker().clone());
            if interrupt.fired.get() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::Future,
        pin::Pin,
        task::{Context, Waker},
    };

    fn poll<T>(future: &mut Pin<Box<dyn Future<Output = T>>>) -> Poll<T> {
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn what_is_typed_goes_to_the_reader() {
        let tty = Tty::new(Box::new(|| {}));
        let mut read = tty.read(Reading::Keys);
        assert_eq!(poll(&mut read), Poll::Pending);
        assert_eq!(tty.reading(), Reading::Keys);
        tty.type_in("y\r");
        assert_eq!(tty.reading(), Reading::Nothing); // what comes next may not be for it
        assert_eq!(poll(&mut read), Poll::Ready(Some(b"y\r".to_vec())));
        assert_eq!(tty.reading(), Reading::Nothing);
        assert_eq!(tty.with_screen(|screen| screen.lines()[0].text()), "");
    }

    #[test]
    fn lines_are_echoed_and_end_with_control_d() {
        let tty = Tty::new(Box::new(|| {}));
        let mut read = tty.read(Reading::Lines);
        assert_eq!(poll(&mut read), Poll::Pending);
        tty.type_in("one\n");
        assert_eq!(poll(&mut read), Poll::Ready(Some(b"one\n".to_vec())));
        assert_eq!(tty.with_screen(|screen| screen.lines()[0].text()), "one");
        tty.end_input();
        assert_eq!(poll(&mut tty.read(Reading::Lines)), Poll::Ready(None));
    }

    #[test]
    fn control_c_reaches_those_who_wait_for_it() {
        let tty = Tty::new(Box::new(|| {}));
        assert!(!tty.interrupt());
        let mut interrupted = tty.interrupted();
        assert_eq!(poll(&mut interrupted), Poll::Pending);
        assert!(tty.interrupt());
        assert_eq!(poll(&mut interrupted), Poll::Ready(()));
        drop(tty.interrupted());
        assert!(!tty.interrupt());
    }
}
