//! What a command of the shell reads and writes: the terminal, pipes, files. An [`Io`] around the terminal's own; knows no
//! syntax.

use super::{LONGEST, variables::Variables};
use crate::{
    cli::{Files, Io},
    client::transport::LocalFuture,
    wire::time::Time,
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::{pending, poll_fn},
    rc::Rc,
    task::{Poll, Waker},
};

/// Bytes a pipe holds before who writes has to wait, as on Linux.
const PIPE: usize = 64 * 1024;

/// Bytes from one writer to one reader.
#[derive(Default)]
pub struct Stream {
    bytes: RefCell<VecDeque<u8>>,
    /// Nobody writes any more.
    ended: Cell<bool>,
    /// Nobody reads any more.
    abandoned: Cell<bool>,
    written: Cell<bool>,
    /// Bytes in which a reader of lines has found no newline: what comes in small pieces is searched once.
    searched: Cell<usize>,
    /// The reader waits for more than there is.
    hungry: Cell<bool>,
    reader: Cell<Option<Waker>>,
    writer: Cell<Option<Waker>>,
}

impl Stream {
    /// A stream that holds this and nothing more.
    pub fn of(bytes: Vec<u8>) -> Rc<Stream> {
        let stream = Stream::default();
        stream.ended.set(true);
        *stream.bytes.borrow_mut() = bytes.into();
        Rc::new(stream)
    }

    /// The writer has ended.
    pub fn end(&self) {
        self.ended.set(true);
        wake(&self.reader);
    }

    /// The reader has ended.
    pub fn abandon(&self) {
        self.abandoned.set(true);
        self.bytes.borrow_mut().clear();
        self.searched.set(0);
        wake(&self.writer);
    }

    /// Whether the writer is at work for nobody: it wrote, and the reader has ended. (A system ends the writer at its next
    /// write, with SIGPIPE.)
    pub fn broken(&self) -> bool {
        self.abandoned.get() && self.written.get()
    }

    fn write(&self, bytes: &[u8]) {
        self.written.set(true);
        if !self.abandoned.get() {
            self.bytes.borrow_mut().extend(bytes);
            wake(&self.reader);
        }
    }

    /// The next bytes, up to and with a newline if `line`; `None` at the end.
    async fn read(&self, line: bool) -> Option<Vec<u8>> {
        poll_fn(|cx| {
            let mut bytes = self.bytes.borrow_mut();
            let whole = match line {
                true => {
                    let from = self.searched.replace(bytes.len());
                    let mut new = bytes.iter().skip(from);
                    let end = new.position(|b| *b == b'\n').map(|at| from + at + 1);
                    // What has no end comes in pieces.
                    end.or(Some(bytes.len()).filter(|length| *length > LONGEST))
                }
                false => Some(bytes.len()).filter(|count| *count > 0),
            };
            if whole.is_none() && !self.ended.get() {
                self.reader.set(Some(cx.waker().clone()));
                self.hungry.set(true);
                wake(&self.writer);
                return Poll::Pending;
            }
            self.hungry.set(false);
            self.searched.set(0);
            let count = whole.unwrap_or(bytes.len());
            let read: Vec<u8> = bytes.drain(..count).collect();
            wake(&self.writer);
            Poll::Ready((!read.is_empty()).then_some(read))
        })
        .await
    }

    /// Waits until there is room; for ever if nobody reads any more, as who runs the writer ends it then.
    async fn room(&self) {
        poll_fn(|cx| {
            // A line longer than the pipe must not wait for ever.
            let room = self.bytes.borrow().len() < PIPE || self.hungry.get();
            if room && !self.abandoned.get() {
                return Poll::Ready(());
            }
            self.writer.set(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await
    }
}

fn wake(waker: &Cell<Option<Waker>>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// Where standard input comes from.
#[derive(Clone)]
pub enum Input {
    /// A person.
    Terminal,
    /// Nothing at all.
    Null,
    /// A pipe, or the content of a file.
    Stream(Rc<Stream>),
}

/// Where output goes.
#[derive(Clone)]
pub enum Output {
    /// The terminal.
    Terminal,
    /// The terminal, as errors.
    TerminalError,
    /// `/dev/null`.
    Null,
    /// A pipe.
    Stream(Rc<Stream>),
    /// A file that grows.
    File(Rc<str>),
    /// Kept for `$(…)`, up to [`super::LONGEST`] and a byte.
    Collect(Rc<RefCell<Vec<u8>>>),
}

/// The surroundings of one command.
#[derive(Clone)]
pub struct Stdio {
    /// The terminal.
    pub base: Rc<dyn Io>,
    /// Descriptor 0.
    pub input: Input,
    /// Descriptor 1.
    pub output: Output,
    /// Descriptor 2.
    pub error: Output,
    /// The exported ones are the environment.
    pub variables: Rc<RefCell<Variables>>,
    /// Started with `&`: ^C is not for it.
    pub background: bool,
}

impl Stdio {
    fn put(&self, output: &Output, bytes: &[u8]) {
        match output {
            Output::Terminal => self.base.stdout(bytes),
            Output::TerminalError => self.base.stderr(bytes),
            Output::Null => {}
            Output::Stream(stream) => stream.write(bytes),
            Output::File(path) => {
                if let Err(error) = self.base.files().append(path, bytes) {
                    let message = format!("bash: {path}: {}\n", error.text());
                    self.base.stderr(message.as_bytes());
                }
            }
            Output::Collect(collected) => {
                let mut collected = collected.borrow_mut();
                let room = (LONGEST + 1).saturating_sub(collected.len());
                let kept = bytes.get(..room).unwrap_or(bytes);
                collected.extend_from_slice(kept);
            }
        }
    }

    /// Waits until more may be written into a pipe; at once elsewhere.
    pub async fn room(&self) {
        if let Output::Stream(stream) = &self.output {
            stream.room().await;
        }
    }

    /// The next line of standard input with its newline, `None` at the end.
    pub async fn read_line(&self) -> Option<Vec<u8>> {
        match &self.input {
            Input::Terminal => self.base.read().await,
            Input::Null => None,
            Input::Stream(stream) => stream.read(true).await,
        }
    }
}

impl Io for Stdio {
    fn stdout(&self, bytes: &[u8]) {
        self.put(&self.output, bytes);
    }

    fn stderr(&self, bytes: &[u8]) {
        self.put(&self.error, bytes);
    }

    fn stdin_is_terminal(&self) -> bool {
        matches!(self.input, Input::Terminal) && self.base.stdin_is_terminal()
    }

    fn stdout_is_terminal(&self) -> bool {
        matches!(self.output, Output::Terminal) && self.base.stdout_is_terminal()
    }

    fn size(&self) -> (usize, usize) {
        self.base.size()
    }

    fn read(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        match self.input.clone() {
            Input::Terminal => self.base.read(),
            Input::Null => Box::pin(async { None }),
            Input::Stream(stream) => Box::pin(async move { stream.read(false).await }),
        }
    }

    fn read_keys(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        match self.input {
            Input::Terminal => self.base.read_keys(),
            _ => Box::pin(async { None }),
        }
    }

    fn interrupt(&self) -> LocalFuture<'static, ()> {
        if self.background {
            return Box::pin(pending());
        }
        self.base.interrupt()
    }

    fn env(&self, name: &str) -> Option<String> {
        let variables = self.variables.borrow();
        match variables.exported(name) {
            Some(value) => value,
            None => self.base.env(name),
        }
    }

    fn utc_offset(&self, at: Time) -> i32 {
        self.base.utc_offset(at)
    }

    fn files(&self) -> Rc<dyn Files> {
        self.base.files()
    }
}
