//! Runs the tree of [`ast`](super::ast), its pipelines aside. Commands by name are [`builtins`](super::builtins), `nats` or
//! `nats-server`.

use super::{
    Shared,
    ast::{Command, Item, Kind, List, Pipeline, Redirect, Redirection, Word},
    options::Options,
    parse::is_name,
    stdio::{Input, Output, Stdio, Stream},
    variables::Variables,
    word::quote,
};
use crate::{
    cli::{FileError, Io, Program, Ran, Session, parts::Load},
    client::transport::LocalFuture,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// Where a command runs. Cheap to clone; clones are the same (sub)shell.
#[derive(Clone)]
pub struct Context {
    /// What all commands of a terminal share.
    pub shell: Rc<Shared>,
    /// What a subshell has for itself.
    pub scope: Rc<Scope>,
    /// Descriptors.
    pub io: Rc<Stdio>,
}

/// What a subshell gets a copy of.
pub struct Scope {
    /// Variables.
    pub variables: Rc<RefCell<Variables>>,
    /// `$?`.
    pub status: Cell<i32>,
    /// Set while a `break`, `continue` or `exit` is on its way.
    pub leaving: Cell<Option<Leave>>,
    /// Exit code of the last `$(…)`, which is that of an assignment alone.
    pub substituted: Cell<Option<i32>>,
    /// Loops around.
    pub loops: Cell<usize>,
    /// What `set` has turned on.
    pub options: Cell<Options>,
    /// Conditions around, where a failure is an answer: `-e` looks away.
    pub tested: Cell<usize>,
    /// `-e` has ended the line.
    pub failed: Cell<bool>,
}

/// Leaves what surrounds a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// So many loops.
    Break(usize),
    /// So many loops but the last, which goes on.
    Continue(usize),
    /// The shell.
    Exit,
}

impl Context {
    /// A subshell: what it changes stays with it.
    pub fn subshell(&self) -> Context {
        let variables = Rc::new(RefCell::new(self.scope.variables.borrow().clone()));
        let mut io = (*self.io).clone();
        io.variables = variables.clone();
        Context {
            shell: self.shell.clone(),
            scope: Rc::new(Scope {
                variables,
                status: self.scope.status.clone(),
                leaving: Cell::new(None),
                substituted: Cell::new(None),
                loops: Cell::new(0),
                options: self.scope.options.clone(),
                tested: self.scope.tested.clone(),
                failed: Cell::new(false),
            }),
            io: Rc::new(io),
        }
    }

    pub(super) fn with_io(&self, io: Stdio) -> Context {
        Context {
            io: Rc::new(io),
            ..self.clone()
        }
    }

    /// Writes an error line of the shell.
    pub fn complain(&self, message: &str) {
        self.io.stderr(format!("bash: {message}\n").as_bytes());
    }

    /// Writes to standard output, and waits until more may be written.
    pub async fn write(&self, bytes: &[u8]) {
        self.io.stdout(bytes);
        self.io.room().await;
        self.shell.take_turn(bytes.len()).await;
    }

    /// Runs a list.
    pub fn list<'a>(&'a self, list: &'a List) -> LocalFuture<'a, i32> {
        Box::pin(async move {
            for item in &list.0 {
                if item.background {
                    self.start(item.clone());
                    self.scope.status.set(0);
                } else {
                    self.item(item).await;
                }
                if self.scope.leaving.get().is_some() {
                    break;
                }
            }
            self.scope.status.get()
        })
    }

    async fn item(&self, item: &Item) -> i32 {
        let mut status = 0;
        // The first runs as if `true &&` stood before it.
        let first = std::iter::once((true, &item.first));
        let rest = item.rest.iter().map(|(and, pipeline)| (*and, pipeline));
        for (index, (and, pipeline)) in first.chain(rest).enumerate() {
            if self.scope.leaving.get().is_some() {
                break;
            }
            if and != (status == 0) {
                continue;
            }
            let last = index == item.rest.len();
            status = match last && !pipeline.negated {
                true => self.pipeline(pipeline).await,
                false => self.tested(self.pipeline(pipeline)).await,
            };
            if last && status != 0 && counts(pipeline) {
                self.fail();
            }
        }
        status
    }

    /// Runs what may fail without an end of it all.
    async fn tested<T>(&self, work: impl Future<Output = T>) -> T {
        let tested = &self.scope.tested;
        tested.set(tested.get() + 1);
        let done = work.await;
        tested.set(tested.get() - 1);
        done
    }

    /// A command has failed: with `-e` that ends the line.
    pub fn fail(&self) {
        let scope = &self.scope;
        if scope.options.get().errexit && scope.tested.get() == 0 && scope.leaving.get().is_none() {
            scope.leaving.set(Some(Leave::Exit));
            scope.failed.set(true);
        }
    }

    /// Runs an item in the background.
    fn start(&self, item: Rc<Item>) {
        let mut inner = self.subshell();
        let mut io = (*inner.io).clone();
        io.background = true;
        if matches!(io.input, Input::Terminal) {
            io.input = Input::Null;
        }
        inner.io = Rc::new(io);
        let text = item.text.clone();
        let work = Box::pin(async move { inner.item(&item).await });
        let (job, task) = self.shell.jobs.add(&text, work);
        if self.io.base.stdin_is_terminal() {
            let line = format!("[{}] {}\n", job.number, job.pid);
            self.io.stderr(line.as_bytes());
        }
        self.shell.session.runtime.spawn(task);
    }

    pub(super) async fn command(&self, command: &Command) -> i32 {
        self.shell.take_turn(0).await;
        let io = match self.redirected(&command.redirections).await {
            Ok(io) => io,
            Err(message) => {
                self.complain(&message);
                return self.ended(1);
            }
        };
        let inner = match io {
            Some(io) => &self.with_io(io),
            None => self,
        };
        let status = match &command.kind {
            Kind::Simple { assignments, words } => inner.simple(assignments, words).await,
            Kind::For { name, words, body } => match inner.words(words, true).await {
                Ok(values) => inner.for_loop(name, values, body).await,
                Err(message) => Err(message),
            },
            Kind::Loop {
                until,
                condition,
                body,
            } => Ok(inner.while_loop(*until, condition, body).await),
            Kind::If {
                branches,
                otherwise,
            } => Ok(inner.branches(branches, otherwise.as_ref()).await),
            Kind::Group(list) => Ok(inner.list(list).await),
            Kind::Subshell(list) => Ok(inner.subshell().list(list).await),
            Kind::Arithmetic(expression) => inner
                .arithmetic(expression)
                .await
                .map(|value| i32::from(value == 0))
                .map_err(|message| format!("((: {message}")),
        };
        match status {
            Ok(status) => self.ended(status),
            // What cannot be expanded ends the whole line.
            Err(message) => {
                self.complain(&message);
                self.scope.leaving.set(Some(Leave::Exit));
                self.ended(1)
            }
        }
    }

    fn ended(&self, status: i32) -> i32 {
        self.scope.status.set(status);
        status
    }

    async fn for_loop(&self, name: &str, values: Vec<String>, body: &List) -> Result<i32, String> {
        let mut status = 0;
        for value in values {
            self.scope.variables.borrow_mut().set(name, value);
            status = self.round(body).await;
            if !self.goes_on() {
                break;
            }
        }
        Ok(status)
    }

    async fn while_loop(&self, until: bool, condition: &List, body: &List) -> i32 {
        let mut status = 0;
        loop {
            let holds = (self.tested(self.round(condition)).await == 0) != until;
            if !self.goes_on() || !holds {
                return status;
            }
            status = self.round(body).await;
            if !self.goes_on() {
                return status;
            }
        }
    }

    async fn round(&self, list: &List) -> i32 {
        self.shell.take_turn(0).await;
        self.scope.loops.set(self.scope.loops.get() + 1);
        let status = self.list(list).await;
        self.scope.loops.set(self.scope.loops.get() - 1);
        status
    }

    /// Whether a loop goes on after a round, `break` and `continue` counted down.
    fn goes_on(&self) -> bool {
        let (next, goes_on) = match self.scope.leaving.get() {
            None => (None, true),
            Some(Leave::Continue(1)) => (None, true),
            Some(Leave::Continue(n)) => (Some(Leave::Continue(n - 1)), false),
            Some(Leave::Break(1)) => (None, false),
            Some(Leave::Break(n)) => (Some(Leave::Break(n - 1)), false),
            Some(Leave::Exit) => (Some(Leave::Exit), false),
        };
        self.scope.leaving.set(next);
        goes_on
    }

    async fn branches(&self, branches: &[(List, List)], otherwise: Option<&List>) -> i32 {
        for (condition, body) in branches {
            let status = self.tested(self.list(condition)).await;
            if self.scope.leaving.get().is_some() {
                return status;
            }
            if status == 0 {
                return self.list(body).await;
            }
        }
        match otherwise {
            Some(body) => self.list(body).await,
            None => 0,
        }
    }

    async fn simple(&self, assignments: &[(String, Word)], words: &[Word]) -> Result<i32, String> {
        self.scope.substituted.set(None);
        // Values of `export X=…` are no more split than those of `X=…`, nor those that `[[` looks at.
        let first = words.first().and_then(Word::plain);
        let split = !matches!(first, Some("export" | "[["));
        let words = self.words(words, split).await?;
        let mut values = Vec::new();
        for (name, word) in assignments {
            values.push((name, self.text(word).await?));
        }
        if self.scope.options.get().xtrace {
            let assigned = values
                .iter()
                .map(|(name, value)| format!("+ {name}={}\n", shown(value)));
            self.io.base.stderr(assigned.collect::<String>().as_bytes());
            self.trace(&words);
        }
        if words.is_empty() {
            let mut variables = self.scope.variables.borrow_mut();
            for (name, value) in values {
                if self.io.base.env(name).is_some() && variables.exported(name).is_none() {
                    variables.export(name, true);
                }
                variables.set(name, value);
            }
            return Ok(self.scope.substituted.get().unwrap_or(0));
        }
        let mut io = (*self.io).clone();
        if !values.is_empty() {
            let mut environment = self.scope.variables.borrow().clone();
            for (name, value) in values {
                environment.set(name, value);
                environment.export(name, true);
            }
            io.variables = Rc::new(RefCell::new(environment));
        }
        Ok(self.with_io(io).run(words).await)
    }

    /// Prints a command that is about to run; where its own errors go does not matter.
    fn trace(&self, words: &[String]) {
        if !words.is_empty() {
            let words: Vec<String> = words.iter().map(|word| shown(word)).collect();
            let line = format!("+ {}\n", words.join(" "));
            self.io.base.stderr(line.as_bytes());
        }
    }

    /// Runs a command by its name.
    pub fn run(&self, mut words: Vec<String>) -> LocalFuture<'static, i32> {
        let io: Rc<dyn Io> = self.io.clone();
        match words.first().map(String::as_str) {
            Some("nats") => {
                words.remove(0);
                let context = self.clone();
                let session = Session {
                    io,
                    programs: Some(Rc::new(move |p| Box::pin(context.clone().program(p)))),
                    ..self.shell.session.clone()
                };
                Box::pin(self.clone().nats(words, session))
            }
            Some("nats-server") => {
                words.remove(0);
                (self.shell.hooks.server)(words, io)
            }
            _ => Box::pin(self.clone().builtin(words)),
        }
    }

    /// Loads a part of the shell; says why when it cannot be had.
    pub async fn part<T>(&self, load: Load<T>) -> Option<&'static T> {
        let part = load().await;
        part.map_err(|why| self.complain(&why)).ok()
    }

    async fn nats(self, words: Vec<String>, session: Session) -> i32 {
        match self.part(session.parts.nats).await {
            Some(nats) => (nats.run)(words, session).await,
            None => 1,
        }
    }

    async fn program(self, program: Program) -> Ran {
        match self.part(self.shell.session.parts.rest).await {
            Some(rest) => (rest.program)(self, program).await,
            None => Ran::default(),
        }
    }

    async fn builtin(self, words: Vec<String>) -> i32 {
        match self.part(self.shell.session.parts.rest).await {
            Some(rest) => (rest.builtin)(self, words).await,
            None => 1,
        }
    }

    /// Opens what redirections name; `None` if there are none.
    async fn redirected(&self, redirections: &[Redirection]) -> Result<Option<Stdio>, String> {
        if redirections.is_empty() {
            return Ok(None);
        }
        let mut io = (*self.io).clone();
        for redirection in redirections {
            let target = self.text(&redirection.target).await?;
            let output = match redirection.kind {
                Redirect::Text | Redirect::Read => {
                    let content = match redirection.kind {
                        Redirect::Text => target.into_bytes(),
                        _ => {
                            let content = io.base.files().read(&target);
                            content.map_err(|error| failed(&target, &error))?
                        }
                    };
                    if redirection.descriptor == 0 {
                        io.input = Input::Stream(Stream::of(content));
                    }
                    // What is open to be read takes no output.
                    Output::Null
                }
                Redirect::Duplicate => match target.as_str() {
                    "0" if !matches!(redirection.descriptor, 1 | 2) => continue,
                    "1" => io.output.clone(),
                    "2" => io.error.clone(),
                    // Closed: there is nothing to read, and what a program writes is lost.
                    "-" if redirection.descriptor == 0 => {
                        io.input = Input::Stream(Stream::of(Vec::new()));
                        continue;
                    }
                    "-" => Output::Null,
                    other => return Err(format!("{other}: Bad file descriptor")),
                },
                Redirect::Write | Redirect::Both | Redirect::Append => {
                    let files = io.base.files();
                    let opened = match redirection.kind {
                        Redirect::Append => files.append(&target, b""),
                        _ => files.write(&target, b""),
                    };
                    opened.map_err(|error| failed(&target, &error))?;
                    match target.as_str() {
                        "/dev/null" => Output::Null,
                        path => Output::File(path.into()),
                    }
                }
            };
            if redirection.kind == Redirect::Both {
                io.error = output.clone();
            }
            match redirection.descriptor {
                1 => io.output = output,
                2 => io.error = output,
                _ => {}
            }
        }
        Ok(Some(io))
    }
}

/// Does `-e` look at this pipeline's failure? Within a list in braces, a loop or a choice it has looked already.
fn counts(pipeline: &Pipeline) -> bool {
    let within = |command: &Command| {
        matches!(
            command.kind,
            Kind::For { .. } | Kind::Loop { .. } | Kind::If { .. } | Kind::Group(_)
        )
    };
    !pipeline.negated && !matches!(pipeline.commands.as_slice(), [command] if within(command))
}

/// A word as `-x` prints it.
fn shown(word: &str) -> String {
    match word {
        _ if word.chars().any(char::is_control) => quote(word),
        _ if word.is_empty() || word.contains(|c| " '\"\\|&;()<>!{}*[]?^$`".contains(c)) => {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
        _ => word.to_string(),
    }
}

/// A file's error as bash and its kin say it.
pub(super) fn failed(path: &str, error: &FileError) -> String {
    let mut text = error.text().to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{path}: {text}")
}

/// Whether a word is `NAME=…`.
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    word.split_once('=').filter(|(name, _)| is_name(name))
}
