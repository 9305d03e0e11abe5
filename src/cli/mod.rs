//! The `nats` command: a command line in, text out, over a client. Knows neither a server nor the DOM: everything around
//! a command (terminal, files, environment, connections) comes through [`Io`] and [`Session`].
//!
//! A command is a future: dropping it is ^C, and closes its connection. The few commands with an answer of their own to
//! ^C wait for [`Io::interrupt`].

mod commands;
mod context;
mod differences;
pub mod line_editor;
mod parse;
pub mod parts;
mod pattern;
mod prompt;
pub(crate) mod race;
pub mod render;
pub mod screen;
pub mod shell;
pub mod spec;
mod template;
mod usage;
mod values;
pub mod width;

use parse::Failure;
use spec::Spec;

use crate::{
    client::{
        runtime::Runtime,
        transport::{Connector, LocalFuture},
    },
    wire::time::Time,
};
use std::rc::Rc;

/// Where a command runs: its terminal, environment and files. Shared as `Rc<dyn Io>`; the shell wraps one for pipes and
/// redirections.
pub trait Io {
    /// Writes to standard output. Text may carry SGR colours and, from prompts, the cursor controls [`screen`] knows.
    fn stdout(&self, bytes: &[u8]);
    /// Writes to standard error.
    fn stderr(&self, bytes: &[u8]);
    /// Whether keys come from a person.
    fn stdin_is_terminal(&self) -> bool;
    /// Whether a person reads the output.
    fn stdout_is_terminal(&self) -> bool;
    /// Columns and rows of the terminal (80 and 24 where there is none).
    fn size(&self) -> (usize, usize);
    /// The next bytes of standard input, `None` at its end. At a terminal: whole lines, as its line discipline gives them.
    fn read(&self) -> LocalFuture<'static, Option<Vec<u8>>>;
    /// The next keys at a prompt, unechoed, as a terminal in raw mode sends them (`\r`, `\x7f`, `\e[A`, `\x03` for ^C …).
    /// `None` if the terminal is gone.
    fn read_keys(&self) -> LocalFuture<'static, Option<Vec<u8>>>;
    /// Resolves at the next ^C. While such a future is alive ^C resolves it instead of dropping the command.
    fn interrupt(&self) -> LocalFuture<'static, ()>;
    /// A variable of the environment (`NATS_URL`, `COLUMNS`, `HOME` …).
    fn env(&self, name: &str) -> Option<String>;
    /// Seconds east of UTC of local time at `at`.
    fn utc_offset(&self, at: Time) -> i32;
    /// Files: contexts, `--config`, `@file`, redirections.
    fn files(&self) -> Rc<dyn Files>;
}

/// Files by path, relative to the current folder or absolute.
pub trait Files {
    /// A whole file.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;
    /// Writes a whole file, with the folders above it.
    fn write(&self, path: &str, content: &[u8]) -> Result<(), FileError>;
    /// The same for what nobody else may read, where files have owners: there may be secrets in it.
    fn write_private(&self, path: &str, content: &[u8]) -> Result<(), FileError> {
        self.write(path, content)
    }
    /// Adds to the end of a file, made if missing.
    fn append(&self, path: &str, content: &[u8]) -> Result<(), FileError> {
        let mut whole = match self.read(path) {
            Err(FileError::Missing) => Vec::new(),
            other => other?,
        };
        whole.extend_from_slice(content);
        self.write(path, &whole)
    }
    /// Removes a file.
    fn remove(&self, path: &str) -> Result<(), FileError>;
    /// Names in a folder, sorted; `Err(Missing)` if there is no such folder.
    fn list(&self, folder: &str) -> Result<Vec<String>, FileError>;
}

/// Why a file could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// `no such file or directory`
    Missing,
    /// `is a directory`
    Folder,
    /// Anything else, in words.
    Other(String),
}

impl FileError {
    /// The words of the system.
    pub fn text(&self) -> &str {
        match self {
            FileError::Missing => "no such file or directory",
            FileError::Folder => "is a directory",
            FileError::Other(why) => why,
        }
    }
}

/// Makes a connector for a server's URL (`nats://127.0.0.1:4222`, comma lists already split), or says why it cannot.
pub type ConnectorFactory = dyn Fn(&str) -> Result<Rc<dyn Connector>, String>;

/// A program that a command wants to be run.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Its name and its arguments.
    pub words: Vec<String>,
    /// What it finds in the environment besides.
    pub environment: Vec<(String, String)>,
    /// What it reads.
    pub input: Vec<u8>,
}

/// What a program did.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// All it printed, errors among it.
    pub output: Vec<u8>,
    /// Why it failed, in Go's words.
    pub failure: Option<String>,
}

impl Ran {
    /// There is no such program.
    pub fn missing(name: &str) -> Ran {
        let name = values::quote(name);
        Ran {
            failure: Some(format!("exec: {name}: executable file not found in $PATH")),
            ..Ran::default()
        }
    }

    /// It has ended with this status.
    pub fn ended(output: Vec<u8>, status: i32) -> Ran {
        let failure = (status != 0).then(|| format!("exit status {status}"));
        Ran { output, failure }
    }
}

/// Runs programs.
pub type Programs = dyn Fn(Program) -> LocalFuture<'static, Ran>;

/// What every command of one terminal shares. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    /// Where the command reads and writes.
    pub io: Rc<dyn Io>,
    /// Opens connections; each command opens its own.
    pub connector: Rc<ConnectorFactory>,
    /// Time, timers, tasks, randomness.
    pub runtime: Rc<dyn Runtime>,
    /// For commands that start others; a shell has its own.
    pub programs: Option<Rc<Programs>>,
    /// What is loaded when it is first needed.
    pub parts: &'static parts::Parts,
}

/// Runs one command line (`args` without the program's name, as a shell has split it) and returns its exit code.
///
/// Dropping the future is ^C: what the command has open is closed.
pub async fn run(args: Vec<String>, session: Session) -> i32 {
    // Most of what is typed is a KV command without a mistake, which needs neither help nor the other commands.
    let files = session.io.files();
    let core = Spec::core();
    let parsed = parse::parse(&core, &args, &files);
    let first = match parsed.settled(&core) {
        true => attempt(&core, parsed, commands::core, &session).await,
        false => Ok(Shown::Nothing),
    };
    let outcome = match first {
        Ok(Shown::Done) => return 0,
        Err(Failure::Exit(code)) => return code,
        Err(Failure::Error(text) | Failure::Fatal(text)) => return fail(&session, &text),
        other => other,
    };
    let rest = match (session.parts.rest)().await {
        Ok(rest) => rest,
        Err(why) => return fail(&session, &why),
    };
    let spec = (rest.spec)();
    let outcome = match outcome {
        Ok(Shown::Nothing) => {
            let parsed = parse::parse(&spec, &args, &files);
            attempt(&spec, parsed, rest.dispatch, &session).await
        }
        other => other,
    };
    let usage = |path: &str, global| {
        let command = spec.get(path).unwrap_or(spec.root());
        let text = (rest.usage)(&spec, command, columns(&session), global);
        session.io.stdout(text.as_bytes());
    };
    match outcome {
        Ok(Shown::Usage { path, global }) => {
            usage(path, global);
            0
        }
        Ok(_) => 0,
        Err(Failure::Exit(code)) => code,
        Err(Failure::Error(text) | Failure::Fatal(text)) => fail(&session, &text),
        Err(Failure::Usage(text)) => {
            session.io.stderr(format!("error: {text}\n\n").as_bytes());
            let parsed = parse::parse(&spec, &args, &files);
            usage(parsed.command.path, parsed.has("help"));
            1
        }
    }
}

/// What a command line came to.
enum Shown {
    /// It was not tried.
    Nothing,
    /// A command ran.
    Done,
    /// The usage of a command is to be shown, with the flags that hold for all commands or without.
    Usage { path: &'static str, global: bool },
}

/// Runs a command line with the commands that are known.
async fn attempt(
    spec: &Spec,
    parsed: parse::Parsed<'_>,
    dispatch: fn(commands::Call) -> LocalFuture<'static, commands::Outcome>,
    session: &Session,
) -> Result<Shown, Failure> {
    match prepare(spec, parsed, session)? {
        Step::Show(shown) => Ok(shown),
        Step::Run(call) => dispatch(*call).await.map(|()| Shown::Done),
    }
}

/// What a command line comes to before any command runs.
enum Step {
    Show(Shown),
    Run(Box<commands::Call>),
}

/// Everything up to the command itself, in fisk's order: what was parsed, defaults and environment, validators, values, pre-actions
/// (context, version, help command, sizes), then the errors found on the way.
fn prepare(spec: &Spec, parsed: parse::Parsed<'_>, session: &Session) -> Result<Step, Failure> {
    let files = session.io.files();
    let values = parse::Values::new(spec, &parsed, &|name| session.io.env(name), &files)?;
    parse::check_bounds(&parsed)?;
    let (set, values_checked) = parse::check_values(&parsed, &files);
    if let Some(why) = spec.instead(parsed.command)
        && !parsed.has("help")
    {
        let path = parsed.command.path;
        return Err(format!("this playground does not have \"nats {path}\": {why}").into());
    }
    let context = context::Context::at_start(session, &values)?;
    if parsed.has("version") {
        session.io.stdout(b"v0.5.1\n");
        return Ok(Step::Show(Shown::Done));
    }
    if let Some(words) = &parsed.help {
        let helped = parse::parse(spec, words, &files);
        if let Some(Failure::Usage(text)) = helped.error {
            let text = text.strip_suffix(HELP_HINT).unwrap_or(&text);
            return Err(text.into());
        }
        return Ok(usage_of(helped.command, false));
    }
    parse::check_sizes(&parsed, set)?;
    if let Some(error) = parsed.error {
        return Err(error);
    }
    if parsed.has("help") {
        return Ok(usage_of(parsed.command, true));
    }
    values_checked?;
    let group = spec.children(parsed.command).next().is_some();
    if group && !parsed.command.path.is_empty() {
        return Err(Failure::Usage(format!(
            "a subcommand from the list below is required{HELP_HINT}"
        )));
    }
    parse::check_required(spec, &parsed, &values)?;
    if group {
        return Ok(usage_of(parsed.command, false));
    }
    Ok(call(parsed.command, values, session, context))
}

fn call(
    command: &spec::Command,
    values: parse::Values,
    session: &Session,
    context: context::Context,
) -> Step {
    Step::Run(Box::new(commands::Call {
        path: command.path,
        asks: command.asks,
        values,
        session: session.clone(),
        context,
        refused: Default::default(),
        connected: Default::default(),
    }))
}

const HELP_HINT: &str = ", use --help for full help including flags and arguments";

fn usage_of(command: &spec::Command, global: bool) -> Step {
    Step::Show(Shown::Usage {
        path: command.path,
        global,
    })
}

/// Columns that help may have.
fn columns(session: &Session) -> usize {
    let columns = session.io.env("COLUMNS").and_then(|c| c.parse().ok());
    let screen = || match session.io.stdout_is_terminal() {
        true => session.io.size().0,
        false => 80,
    };
    columns.filter(|c| *c > 0).unwrap_or_else(screen)
}

/// Says what went wrong, the way fisk does.
fn fail(session: &Session, text: &str) -> i32 {
    session
        .io
        .stderr(format!("nats: error: {text}\n").as_bytes());
    1
}
