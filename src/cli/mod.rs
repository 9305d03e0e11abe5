//! The `nats` command: a command line in, text out, over a client. Knows neither a server nor the DOM: everything around
//! a command (terminal, files, environment, connections) comes through [`Io`] and [`Session`].
//!
//! A command is a future: dropping it is ^C, and closes its connection. The few commands with an answer of their own to
//! ^C wait for [`Io::interrupt`].

pub mod line_editor;
pub mod screen;

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

/// What every command of one terminal shares. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    /// Where the command reads and writes.
    pub io: Rc<dyn Io>,
    /// Opens connections; each command opens its own.
    pub connector: Rc<ConnectorFactory>,
    /// Time, timers, tasks, randomness.
    pub runtime: Rc<dyn Runtime>,
}

/// Runs one command line (`args` without the program's name, as a shell has split it) and returns its exit code.
///
/// Dropping the future is ^C: what the command has open is closed.
pub async fn run(args: Vec<String>, session: Session) -> i32 {
    let _ = args;
    session.io.stderr(b"nats: error: not yet\n");
    1
}
