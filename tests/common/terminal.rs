//! A terminal of 100 columns for one command: what the command writes goes to a screen, what a person types is queued.

use nats_kv_playground::{
    cli::{Files, Io, screen::Screen, shell::MemoryFiles},
    client::transport::LocalFuture,
    wire::time::Time,
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

const COLUMNS: usize = 100;
const ROWS: usize = 60;
/// Lines kept; no session prints as many.
const SCROLLBACK: usize = 100_000;

#[derive(Default)]
struct Keyboard {
    typed: RefCell<VecDeque<Vec<u8>>>,
    /// Commands that wait for ^C, and how often it was pressed.
    listening: Cell<usize>,
    pressed: Cell<usize>,
    /// Whether somebody waits for keys.
    reading: Cell<bool>,
    wakers: RefCell<Vec<Waker>>,
}

impl Keyboard {
    fn wake(&self) {
        self.wakers.take().into_iter().for_each(Waker::wake);
    }
}

/// See the module.
pub struct Terminal {
    screen: RefCell<Screen>,
    keyboard: Rc<Keyboard>,
    files: Rc<MemoryFiles>,
}

impl Terminal {
    /// A terminal, on files that others may see too.
    pub fn new(files: Rc<MemoryFiles>) -> Rc<Terminal> {
        let screen = RefCell::new(Screen::new(SCROLLBACK));
        Rc::new(Terminal {
            screen,
            keyboard: Rc::default(),
            files,
        })
    }

    /// Types ahead.
    pub fn type_keys(&self, keys: &str) {
        self.keyboard
            .typed
            .borrow_mut()
            .push_back(keys.as_bytes().to_vec());
        self.keyboard.wake();
    }

    /// Presses ^C; false when no command takes it, which is then to be killed.
    pub fn interrupt(&self) -> bool {
        let keyboard = &self.keyboard;
        if keyboard.listening.get() > 0 {
            keyboard.pressed.set(keyboard.pressed.get() + 1);
            keyboard.wake();
        } else if keyboard.reading.get() {
            self.type_keys("\x03");
        } else {
            return false;
        }
        true
    }

    /// What is seen, without the newline at its end.
    pub fn text(&self) -> String {
        let screen = self.screen.borrow();
        let lines: Vec<String> = screen.lines().iter().map(|line| line.text()).collect();
        let text = lines.join("\n");
        text.strip_suffix('\n').map(str::to_string).unwrap_or(text)
    }
}

/// Counts a listener as long as it is there.
struct Listener(Rc<Keyboard>);

impl Listener {
    fn new(keyboard: Rc<Keyboard>) -> Listener {
        keyboard.listening.set(keyboard.listening.get() + 1);
        Listener(keyboard)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.listening.set(self.0.listening.get() - 1);
    }
}

impl Io for Terminal {
    fn stdout(&self, bytes: &[u8]) {
        self.screen.borrow_mut().write(bytes);
    }

    fn stderr(&self, bytes: &[u8]) {
        self.screen.borrow_mut().write(bytes);
    }

    fn stdin_is_terminal(&self) -> bool {
        true
    }

    fn stdout_is_terminal(&self) -> bool {
        true
    }

    fn size(&self) -> (usize, usize) {
        (COLUMNS, ROWS)
    }

    fn read(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        self.read_keys()
    }

    fn read_keys(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        let keyboard = self.keyboard.clone();
        Box::pin(poll_fn(move |cx| {
            let typed = keyboard.typed.borrow_mut().pop_front();
            keyboard.reading.set(typed.is_none());
            if typed.is_none() {
                keyboard.wakers.borrow_mut().push(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(typed)
        }))
    }

    fn interrupt(&self) -> LocalFuture<'static, ()> {
        let listener = Listener::new(self.keyboard.clone());
        let before = self.keyboard.pressed.get();
        Box::pin(poll_fn(move |cx| {
            let Listener(keyboard) = &listener;
            if keyboard.pressed.get() > before {
                return Poll::Ready(());
            }
            keyboard.wakers.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        }))
    }

    fn env(&self, name: &str) -> Option<String> {
        let value = match name {
            "HOME" | "XDG_CONFIG_HOME" => "/home",
            "NATS_URL" => "nats://127.0.0.1:4222",
            "TERM" => "xterm-256color",
            "COLUMNS" => "100",
            "TZ" => "UTC",
            "LANG" => "C.UTF-8",
            _ => return None,
        };
        Some(value.into())
    }

    fn utc_offset(&self, _at: Time) -> i32 {
        0
    }

    fn files(&self) -> Rc<dyn Files> {
        self.files.clone()
    }
}
