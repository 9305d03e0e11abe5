//! The shell around `nats`: a line of text in, commands run, an exit code out. Knows commands, files and the terminal only
//! as [`Session`] gives them, and `nats-server` only as a hook.
//!
//! It is the part of a Bourne shell that people use to try things, with bash's words for what goes wrong:
//!
//! ```text
//! list      = [ and-or { (";" | "&" | newline) and-or } [";" | "&"] ]
//! and-or    = pipeline { ("&&" | "||") pipeline }
//! pipeline  = { "!" | "time" } command { ("|" | "|&") command }
//! command   = simple | compound { redirect }
//! simple    = { NAME "=" word | redirect } { word | redirect }
//! compound  = "for" NAME [ "in" { word } ] ";" "do" list "done"
//!           | ("while" | "until") list "do" list "done"
//!           | "if" list "then" list { "elif" list "then" list } [ "else" list ] "fi"
//!           | "{" list "}" | "(" list ")" | "((" expression "))"
//! redirect  = [ digit ] ("<" | ">" | ">>" | ">|" | "<<" | "<<-" | "<<<" | ">&" | "<&") word | "&>" word
//! word      = piece { piece }
//! piece     = characters | "\" character | "'" … "'" | "$'" … "'" | """ { piece } """
//!           | "$" NAME | "${" [ "#" ] NAME [ operator word ] "}" | "$(" list ")" | "`" list "`" | "$((" expression "))"
//!           | "{" word { "," word } "}" | "{" a ".." b [ ".." step ] "}"
//! operator  = [ ":" ] ("-" | "=" | "+" | "?") | "#" | "##" | "%" | "%%"
//! ```
//!
//! `#` begins a comment, `\` at the end of a line joins it with the next, `~` is `$HOME`. Left out on purpose: functions,
//! `case`, aliases, `IFS` but for `read`, and names of files for `*` and `?`, which are subjects here.

mod arithmetic;
mod ast;
mod braces;
mod builtins;
mod complete;
mod exec;
mod expand;
mod files;
mod glob;
mod hint;
mod jobs;
mod options;
mod parse;
mod pipeline;
mod redirect;
mod stdio;
mod variables;
mod word;

pub use builtins::in_columns;
pub(super) use builtins::{program, run as builtin};
pub use complete::Completion;
pub(super) use complete::complete;
pub(super) use exec::Context;
pub use files::MemoryFiles;
pub use parse::{ParseError, parse};
pub use word::quote;

use super::{Io, Session};
use crate::client::transport::LocalFuture;
use exec::Scope;
use jobs::Jobs;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use stdio::{Input, Output, Stdio};
use variables::Variables;

/// Bytes that a value, the arguments of a command, or what `$(…)` prints may have.
const LONGEST: usize = 8 * 1024 * 1024;
/// Lines of history kept.
const HISTORY: usize = 1000;

/// Runs `nats-server`: the words after its name, where it runs; the exit code. Dropping the future is ^C.
pub type ServerHook = dyn Fn(Vec<String>, Rc<dyn Io>) -> LocalFuture<'static, i32>;

/// What the shell needs from where it runs, besides its session.
pub struct Hooks {
    /// `nats-server`.
    pub server: Box<ServerHook>,
    /// Variables exported from the start (`HOME`, `USER`, `NATS_URL` …).
    pub environment: Vec<(String, String)>,
    /// Lines of earlier visits, oldest first.
    pub history: Vec<String>,
}

/// A shell; its state outlives the lines it runs. Dropping it ends its jobs.
pub struct Shell {
    context: Context,
}

/// What all commands of a shell share.
pub(super) struct Shared {
    session: Session,
    hooks: Hooks,
    jobs: Jobs,
    history: RefCell<Vec<String>>,
    /// Work done since the page last had a turn.
    work: Cell<usize>,
}

/// Work (about bytes written) that is done before the page gets a turn, whatever the clock says.
const MOST_WORK: usize = 256 * 1024;
/// What a command counts.
const COMMAND: usize = 256;

impl Shared {
    /// Lets the page have a turn now and then, so that ^C and the screen work while a loop runs.
    async fn take_turn(&self, bytes: usize) {
        self.work.set(self.work.get() + bytes + COMMAND);
        let runtime = &self.session.runtime;
        if let Some(turn) = runtime.turn() {
            turn.await;
        } else if self.work.get() > MOST_WORK {
            runtime.sleep(0).await;
        } else {
            return;
        }
        self.work.set(0);
    }
}

impl Shell {
    /// A shell at a terminal.
    pub fn new(session: Session, mut hooks: Hooks) -> Shell {
        let mut variables = Variables::default();
        for (name, value) in std::mem::take(&mut hooks.environment) {
            variables.set(&name, value);
            variables.export(&name, true);
        }
        let variables = Rc::new(RefCell::new(variables));
        let io = Rc::new(Stdio {
            base: session.io.clone(),
            input: Input::Terminal,
            output: Output::Terminal,
            error: Output::TerminalError,
            variables: variables.clone(),
            background: false,
        });
        let history = std::mem::take(&mut hooks.history);
        let scope = Rc::new(Scope {
            variables,
            status: Cell::new(0),
            leaving: Cell::new(None),
            substituted: Cell::new(None),
            loops: Cell::new(0),
            options: Cell::default(),
            tested: Cell::new(0),
            failed: Cell::new(false),
        });
        let shell = Rc::new(Shared {
            session,
            hooks,
            jobs: Jobs::default(),
            history: RefCell::new(history),
            work: Cell::new(0),
        });
        Shell {
            context: Context { shell, scope, io },
        }
    }

    /// Runs a line, or several; the exit code is also the next line's `$?`. Dropping the future is ^C: what runs in the
    /// foreground ends, `$?` is 130.
    pub fn run_line(&self, text: &str) -> LocalFuture<'static, i32> {
        self.remember(text);
        let (context, text) = (self.context.clone(), text.to_string());
        Box::pin(async move {
            context.shell.work.set(0);
            let scope = &context.scope;
            let mut interrupted = Interrupted { scope, armed: true };
            scope.failed.set(false);
            // What is traced is not so plain.
            let words = plain(&text).filter(|_| !scope.options.get().xtrace);
            let status = match words {
                Some(words) => {
                    let status = context.run(words).await;
                    if status != 0 {
                        context.fail();
                    }
                    status
                }
                None => match context.part(context.shell.session.parts.language).await {
                    Some(language) => (language.run)(context.clone(), text).await,
                    None => 1,
                },
            };
            interrupted.armed = false;
            scope.status.set(status);
            scope.leaving.set(None);
            let last = context.shell.jobs.last_number();
            for job in context.shell.jobs.take_ended() {
                if context.io.stdin_is_terminal() {
                    context.io.stderr(job.line(last).as_bytes());
                }
            }
            status
        })
    }

    /// What Tab does with what stands left of the cursor. Asks the server for names; dropping the future gives up.
    pub fn complete(&self, before_cursor: &str) -> LocalFuture<'static, Completion> {
        let (context, text) = (self.context.clone(), before_cursor.to_string());
        Box::pin(async move {
            match (context.shell.session.parts.rest)().await {
                Ok(rest) => (rest.complete)(context, text).await,
                Err(_) => Completion::default(),
            }
        })
    }

    /// Whether a text ends within quotes or a loop, as [`is_incomplete`] says.
    pub fn is_incomplete(&self, text: &str) -> LocalFuture<'static, bool> {
        let whole = plain(text).is_some();
        let (language, text) = (self.context.shell.session.parts.language, text.to_string());
        Box::pin(async move {
            !whole
                && language()
                    .await
                    .is_ok_and(|language| (language.is_incomplete)(&text))
        })
    }

    /// [`split_paste`]; one command where that cannot be told.
    pub fn split_paste(&self, text: &str) -> LocalFuture<'static, Vec<String>> {
        let (language, text) = (self.context.shell.session.parts.language, text.to_string());
        Box::pin(async move {
            match language().await {
                Ok(language) => (language.split_paste)(&text),
                Err(_) => vec![text],
            }
        })
    }

    /// What stands before a line.
    pub fn prompt(&self) -> &'static str {
        "$ "
    }

    /// Lines typed, oldest first.
    pub fn history(&self) -> Vec<String> {
        self.context.shell.history.borrow().clone()
    }

    /// The exit code of the last line, as `$?`.
    pub fn status(&self) -> i32 {
        self.context.scope.status.get()
    }

    /// Has `set -e` ended the last line? Then a shell of bash would be gone: the one that follows has no options.
    pub fn has_failed(&self) -> bool {
        let failed = self.context.scope.failed.take();
        if failed {
            self.context.scope.options.take();
        }
        failed
    }

    /// A variable, as `$NAME`.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.context.value(name)
    }

    /// Sets an exported variable (`NATS_URL`, when the page connects to another server).
    pub fn export(&self, name: &str, value: &str) {
        let mut variables = self.context.scope.variables.borrow_mut();
        variables.set(name, value);
        variables.export(name, true);
    }

    fn remember(&self, line: &str) {
        let line = line.trim_end();
        let mut history = self.context.shell.history.borrow_mut();
        if line.trim().is_empty() || history.last().is_some_and(|last| last == line) {
            return;
        }
        history.push(line.to_string());
        if history.len() > HISTORY {
            history.remove(0);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.context.shell.jobs.kill_all();
    }
}

/// Sets `$?` if the line is dropped before its end.
struct Interrupted<'a> {
    scope: &'a Scope,
    armed: bool,
}

impl Drop for Interrupted<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.scope.status.set(130);
            self.scope.leaving.set(None);
            self.scope.loops.set(0);
            self.scope.tested.set(0);
        }
    }
}

/// The words of a line that is a plain call of `nats` or `nats-server`: without a character that means something to a shell.
fn plain(line: &str) -> Option<Vec<String>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || " _-./:=,@%+".contains(c);
    let words: Vec<String> = line
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(String::from)
        .collect();
    let ours = matches!(
        words.first().map(String::as_str),
        Some("nats" | "nats-server")
    );
    (ours && line.chars().all(plain)).then_some(words)
}

/// Runs a line, or several.
pub(super) fn run(context: Context, text: String) -> LocalFuture<'static, i32> {
    Box::pin(async move {
        match parse(&text) {
            Ok(list) => context.list(&list).await,
            Err(error) => {
                context.complain(&error.message);
                2
            }
        }
    })
}

/// Whether a text ends within quotes or a loop, so that Enter should ask for another line (after `> `).
pub fn is_incomplete(text: &str) -> bool {
    let continued = text.ends_with('\\') && !text.ends_with("\\\\");
    continued || parse(text).is_err_and(|error| error.incomplete)
}

/// Cuts a paste of several lines into commands: each is a line, or the lines of one loop or quoted text. The last may be
/// [incomplete](is_incomplete). Run them one by one.
pub fn split_paste(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut commands, mut rest) = (Vec::new(), text.as_str());
    while !rest.is_empty() {
        let end = parse::first_command(rest);
        let (command, after) = rest.split_at(end.unwrap_or(rest.len()));
        let command = match end {
            Some(_) => command.strip_suffix('\n').unwrap_or(command),
            None => command,
        };
        if !command.trim().is_empty() {
            commands.push(command.to_string());
        }
        rest = after;
    }
    commands
}
