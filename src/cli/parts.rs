//! The shell and the command in parts that a page loads when they are first needed; everything else has them from the
//! start. Must not know how they are loaded.
//!
//! In the page this is what splits the WebAssembly: code that only one of these parts leads to is a file of its own.

use super::{
    Program, Ran, Session,
    commands::{self, Call, Identity, Outcome},
    parse::Failure,
    shell::{self, Completion},
    spec::{Command, Spec},
    usage,
};
use crate::client::{Signer, transport::LocalFuture};

/// The ways to the parts.
pub struct Parts {
    /// With the first line of `nats`: KV commands.
    pub nats: Load<Nats>,
    /// With the first line that is more than plain words: the language of the shell.
    pub language: Load<Language>,
    /// With the first connection whose user has keys.
    pub credentials: Load<Credentials>,
    /// All the rest.
    pub rest: Load<Rest>,
}

/// Gets a part; or says why not, in words for a person.
pub type Load<T> = fn() -> LocalFuture<'static, Result<&'static T, String>>;

/// For where all are linked in.
pub static HERE: Parts = Parts {
    nats: || Box::pin(std::future::ready(Ok(&NATS))),
    language: || Box::pin(std::future::ready(Ok(&LANGUAGE))),
    credentials: || Box::pin(std::future::ready(Ok(&CREDENTIALS))),
    rest: || Box::pin(std::future::ready(Ok(&REST))),
};

/// The command, to begin with.
pub struct Nats {
    /// [`super::run`]
    pub(super) run: fn(Vec<String>, Session) -> LocalFuture<'static, i32>,
}

/// The whole of it.
pub static NATS: Nats = Nats {
    run: |args, session| Box::pin(super::run(args, session)),
};

/// What lines a shell takes, and what it does with them.
pub struct Language {
    /// Runs a line, or several.
    pub(super) run: fn(shell::Context, String) -> LocalFuture<'static, i32>,
    /// [`shell::is_incomplete`]
    pub is_incomplete: fn(&str) -> bool,
    /// [`shell::split_paste`]
    pub split_paste: fn(&str) -> Vec<String>,
}

/// The whole of it.
pub static LANGUAGE: Language = Language {
    run: shell::run,
    is_incomplete: shell::is_incomplete,
    split_paste: shell::split_paste,
};

/// Users with keys.
pub struct Credentials {
    /// Reads what a field of a command's context names.
    pub(super) signer: fn(&Call, &str) -> Result<Option<Signer>, Failure>,
    /// Reads the content of a file: credentials, or a seed alone.
    pub from_file: fn(&[u8]) -> Result<Identity, String>,
}

/// The whole of it.
pub static CREDENTIALS: Credentials = Credentials {
    signer: commands::signer,
    from_file: commands::from_file,
};

/// All other commands, help, built-ins and completion.
pub struct Rest {
    /// All commands with their help.
    pub(super) spec: fn() -> Spec,
    /// Runs a command.
    pub(super) dispatch: fn(Call) -> LocalFuture<'static, Outcome>,
    /// The usage block of a command.
    pub(super) usage: fn(&Spec, &Command, usize, bool) -> String,
    /// Runs a built-in of the shell, or says that there is none of that name.
    pub(super) builtin: fn(shell::Context, Vec<String>) -> LocalFuture<'static, i32>,
    /// Runs a program for a command.
    pub(super) program: fn(shell::Context, Program) -> LocalFuture<'static, Ran>,
    /// What Tab does.
    pub(super) complete: fn(shell::Context, String) -> LocalFuture<'static, Completion>,
}

/// The whole of it.
pub static REST: Rest = Rest {
    spec: Spec::all,
    dispatch: commands::dispatch,
    usage: usage::usage,
    builtin: shell::builtin,
    program: shell::program,
    complete: shell::complete,
};
