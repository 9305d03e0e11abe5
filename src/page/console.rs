//! A person's side of a terminal: the line being typed, the command that runs, what is queued behind it. Knows no DOM.

use super::{
    cancel::Cancel,
    tty::{Reading, Tty},
};
use crate::{
    cli::{
        line_editor::{Action, Key, LineEditor},
        race::race,
        shell::{Shell, in_columns},
    },
    client::{runtime::Runtime, transport::LocalFuture},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

/// How long a click on Run waits for the command before it, in ns, until it is stopped with ^C.
const PATIENCE: i64 = 400_000_000;

/// Something a page wants to know of a console.
pub trait Observer {
    /// Draw it again: line, mode, or output changed.
    fn changed(&self);
    /// A command line starts.
    fn started(&self, line: &str);
    /// A command line has ended with an exit code.
    fn ended(&self, line: &str, code: i32);
}

/// A terminal with somebody at it, and the shell that runs there.
pub struct Console {
    /// The device.
    pub tty: Rc<Tty>,
    /// The line being typed.
    pub editor: RefCell<LineEditor>,
    shell: Shell,
    runtime: Rc<dyn Runtime>,
    observer: Rc<dyn Observer>,
    /// Typed while a command runs that does not read.
    queue: RefCell<VecDeque<Queued>>,
    /// Set by ^C while a command runs.
    job: RefCell<Option<Cancel>>,
    /// Lines of a command that is not complete yet.
    begun: RefCell<String>,
    /// Who waits until no command runs.
    idle: RefCell<Vec<Waker>>,
    waiting_clicks: RefCell<VecDeque<String>>,
    clicks_run: Cell<bool>,
}

enum Queued {
    Line {
        line: String,
        /// The line is one of several that came together: `set -e` ends them all.
        paste: bool,
    },
    /// ^D.
    End,
}

impl Console {
    /// A console at a terminal, with the shell that runs there.
    pub fn new(
        tty: Rc<Tty>,
        shell: Shell,
        runtime: Rc<dyn Runtime>,
        observer: Rc<dyn Observer>,
    ) -> Rc<Console> {
        Rc::new(Console {
            tty,
            editor: RefCell::new(LineEditor::new(shell.history())),
            shell,
            runtime,
            observer,
            queue: RefCell::default(),
            job: RefCell::default(),
            begun: RefCell::default(),
            idle: RefCell::default(),
            waiting_clicks: RefCell::default(),
            clicks_run: Cell::new(false),
        })
    }

    /// What stands before the line.
    pub fn prompt(&self) -> &'static str {
        match (self.busy(), self.begun.borrow().is_empty()) {
            (true, _) => "",
            (false, true) => self.shell.prompt(),
            (false, false) => "> ",
        }
    }

    /// Does a command run?
    pub fn busy(&self) -> bool {
        self.job.borrow().is_some()
    }

    /// Waits until no command runs.
    pub fn idle(self: &Rc<Self>) -> LocalFuture<'static, ()> {
        let console = self.clone();
        Box::pin(poll_fn(move |cx| {
            if !console.busy() {
                return Poll::Ready(());
            }
            console.idle.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        }))
    }

    /// Waits until no command runs, but not for long.
    async fn idle_soon(self: &Rc<Self>) {
        race(&mut self.idle(), &mut self.runtime.sleep(PATIENCE)).await;
    }

    /// A key for the line, or for the program that reads. Returns what the page still has to do: complete.
    pub fn key(self: &Rc<Self>, key: Key) -> Option<Action> {
        match (self.tty.reading(), &key) {
            (_, Key::Ctrl('c')) if self.busy() => self.interrupt(),
            (Reading::Keys, _) => self.tty.type_in(key_bytes(&key).as_ref()),
            (Reading::Lines, Key::Ctrl('d')) if self.editor.borrow().text().is_empty() => {
                self.tty.end_input();
            }
            _ => {
                let line = self.editor.borrow().text();
                let action = self.editor.borrow_mut().key(key);
                match action {
                    Action::Run(line) => {
                        // It waits: as at any terminal, what was typed is seen nevertheless.
                        if self.busy() && self.tty.reading() == Reading::Nothing {
                            self.tty.write(line.as_bytes());
                            self.tty.write(b"\n");
                        }
                        self.enter(line, false);
                    }
                    Action::Interrupt => {
                        self.echo(&line);
                        self.tty.write(b"^C\n");
                        self.begun.borrow_mut().clear();
                    }
                    Action::ClearScreen => self.tty.clear(),
                    action @ Action::Complete { .. } => return Some(action),
                    Action::EndOfInput if self.busy() => {
                        self.queue.borrow_mut().push_back(Queued::End);
                    }
                    Action::Redraw | Action::EndOfInput | Action::Bell => {}
                }
            }
        }
        self.observer.changed();
        None
    }

    /// Completes the word at the cursor; `again` lists what fits. The names come from the server, so `drawn` is called later,
    /// unless the line has changed meanwhile.
    pub fn complete(self: &Rc<Self>, again: bool, drawn: impl FnOnce() + 'static) {
        let before = self.begun.borrow().clone() + &self.editor.borrow().before_cursor();
        let completing = self.shell.complete(&before);
        let line = (self.editor.borrow().text(), self.editor.borrow().cursor());
        let console = self.clone();
        self.runtime.spawn(Box::pin(async move {
            let found = completing.await;
            let now = (
                console.editor.borrow().text(),
                console.editor.borrow().cursor(),
            );
            if console.busy() || now != line {
                return;
            }
            if again && found.candidates.len() > 1 {
                console.echo(&now.0);
                let columns = console.tty.size().0;
                let list = in_columns(&found.candidates, columns);
                console.tty.write(format!("\n{list}").as_bytes());
            }
            if !found.insert.is_empty() {
                let mut editor = console.editor.borrow_mut();
                editor.replace_before(found.replaced, &found.insert);
            }
            drawn();
            console.observer.changed();
        }));
    }

    /// Text that came at once: a paste of several lines runs command by command. What is behind the last newline is typed.
    pub fn paste(self: &Rc<Self>, text: &str) {
        let (lines, rest) = text.rsplit_once('\n').unwrap_or(("", text));
        if lines.is_empty() {
            self.editor.borrow_mut().insert(rest);
            return self.observer.changed();
        }
        let lines = self.editor.borrow().text() + lines;
        self.editor.borrow_mut().set(rest);
        let commands = self.shell.split_paste(&lines);
        let console = self.clone();
        self.runtime.spawn(Box::pin(async move {
            for command in commands.await {
                console.editor.borrow_mut().remember(&command);
                console.enter(command, true);
            }
            console.observer.changed();
        }));
    }

    /// Runs a line as if it had been typed; behind what runs and is queued.
    pub fn enter(self: &Rc<Self>, line: String, paste: bool) {
        match self.tty.reading() {
            Reading::Nothing if self.busy() => {
                let mut queue = self.queue.borrow_mut();
                queue.push_back(Queued::Line { line, paste });
            }
            Reading::Nothing => self.submit(line, paste),
            Reading::Lines => self.tty.type_in(&format!("{line}\n")),
            Reading::Keys => self.tty.type_in(&format!("{line}\r")),
        }
    }

    /// What runs is given a moment, then stopped as a person would, with ^C; what was begun to type is gone.
    pub async fn free(self: &Rc<Self>) {
        // Who asks something would wait for ever.
        if self.tty.reading() == Reading::Nothing {
            self.idle_soon().await;
        }
        while self.busy() {
            self.interrupt();
            self.idle_soon().await;
        }
        self.begun.borrow_mut().clear();
    }

    /// Runs a line for a click, once the terminal is free.
    pub fn click(self: &Rc<Self>, line: String) {
        self.editor.borrow_mut().remember(&line);
        self.waiting_clicks.borrow_mut().push_back(line);
        if self.clicks_run.replace(true) {
            return;
        }
        let console = self.clone();
        self.runtime.spawn(Box::pin(async move {
            loop {
                let next = console.waiting_clicks.borrow_mut().pop_front();
                let Some(line) = next else { break };
                console.free().await;
                console.submit(line, false);
            }
            console.clicks_run.set(false);
        }));
    }

    /// Hands what was typed ahead to a program that has begun to read.
    pub fn feed(self: &Rc<Self>) {
        while self.tty.reading() != Reading::Nothing {
            let next = self.queue.borrow_mut().pop_front();
            match next {
                Some(Queued::Line { line, paste }) => self.enter(line, paste),
                Some(Queued::End) => return self.tty.end_input(),
                None => break,
            }
        }
    }

    /// ^C: for the command that waits for it, or to end the command that runs.
    pub fn interrupt(self: &Rc<Self>) {
        self.queue.borrow_mut().clear();
        if self.tty.reading() == Reading::Keys {
            self.tty.type_in("\x03");
            return;
        }
        self.tty.write(b"^C");
        if self.tty.interrupt() {
            return;
        }
        if let Some(job) = &*self.job.borrow() {
            job.cancel();
        }
    }

    fn echo(&self, line: &str) {
        self.tty.fresh_line();
        let prompt = self.prompt().trim_end();
        self.tty
            .write(format!("\x1b[94m{prompt}\x1b[0m {line}").as_bytes());
    }

    /// A whole line: runs it unless it is only the beginning of a command.
    fn submit(self: &Rc<Self>, line: String, paste: bool) {
        self.echo(&line);
        self.tty.write(b"\n");
        let line = std::mem::take(&mut *self.begun.borrow_mut()) + &line;
        if !line.trim().is_empty() {
            self.start(line, paste);
        }
    }

    fn start(self: &Rc<Self>, line: String, paste: bool) {
        let job = Cancel::default();
        *self.job.borrow_mut() = Some(job.clone());
        let incomplete = self.shell.is_incomplete(&line);
        let console = self.clone();
        self.runtime.spawn(Box::pin(async move {
            if job.unless(incomplete).await == Some(true) {
                *console.begun.borrow_mut() = line + "\n";
                *console.job.borrow_mut() = None;
                return console.next();
            }
            console.observer.started(&line);
            let running = console.shell.run_line(&line);
            let code = job.unless(running).await.unwrap_or(130);
            console.end(&line, code, paste);
        }));
    }

    fn end(self: &Rc<Self>, line: &str, code: i32, paste: bool) {
        self.tty.release();
        self.tty.fresh_line();
        *self.job.borrow_mut() = None;
        if self.shell.history().is_empty() {
            self.editor.borrow_mut().clear_history();
        }
        self.observer.ended(line, code);
        if self.shell.has_failed() {
            let before = self.queue.borrow().len();
            if paste {
                let mut queue = self.queue.borrow_mut();
                queue.retain(|next| !matches!(next, Queued::Line { paste: true, .. }));
            }
            let dropped = before - self.queue.borrow().len();
            if dropped > 0 {
                self.tty
                    .write(format!("set -e: not run: {dropped} more\n").as_bytes());
            }
        }
        self.next();
    }

    /// Goes on with what was typed ahead.
    fn next(self: &Rc<Self>) {
        while !self.busy() {
            let next = self.queue.borrow_mut().pop_front();
            match next {
                Some(Queued::Line { line, paste }) => self.submit(line, paste),
                Some(Queued::End) => {} // The shell stays.
                None => break,
            }
        }
        if !self.busy() {
            self.idle.take().into_iter().for_each(Waker::wake);
        }
        self.observer.changed();
    }
}

/// A key as a terminal in raw mode sends it.
fn key_bytes(key: &Key) -> String {
    match key {
        Key::Text(text) => text.replace('\n', "\r"),
        Key::Ctrl(c) => char::from((*c as u8).to_ascii_lowercase() & 0x1f).to_string(),
        Key::Alt(c) => format!("\x1b{c}"),
        Key::Enter => "\r".into(),
        Key::Tab => "\t".into(),
        Key::Backspace => "\x7f".into(),
        Key::WordBackspace => "\x17".into(),
        Key::Delete => "\x1b[3~".into(),
        Key::Left => "\x1b[D".into(),
        Key::Right => "\x1b[C".into(),
        Key::Up => "\x1b[A".into(),
        Key::Down => "\x1b[B".into(),
        Key::Home => "\x1b[H".into(),
        Key::End => "\x1b[F".into(),
        Key::WordLeft => "\x1bb".into(),
        Key::WordRight => "\x1bf".into(),
        Key::Escape => "\x1b".into(),
    }
}
