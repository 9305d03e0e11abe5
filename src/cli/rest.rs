//! What of the command and its shell is not needed to begin with: a page loads it when it is first asked for, everything
//! else has it from the start. Only what is named here may be reached through [`Rest`] alone.
//!
//! In the page this is what splits the WebAssembly: code that nothing but a [`Rest`] leads to is a file of its own.

use super::{
    commands::{self, Call, Outcome},
    shell::{self, Completion},
    spec::{Command, Spec},
    usage,
};
use crate::client::transport::LocalFuture;

/// The way to what is loaded later.
pub struct Rest {
    /// All commands with their help, for [`Spec::read`].
    pub(super) table: &'static str,
    /// Runs a command.
    pub(super) dispatch: fn(Call) -> LocalFuture<'static, Outcome>,
    /// The usage block of a command.
    pub(super) usage: fn(&Spec, &Command, usize, bool) -> String,
    /// Runs a built-in of the shell, or says that there is none of that name.
    pub(super) builtin: fn(shell::Context, Vec<String>) -> LocalFuture<'static, i32>,
    /// What Tab does.
    pub(super) complete: fn(shell::Context, String) -> LocalFuture<'static, Completion>,
}

/// The whole of it.
pub static REST: Rest = Rest {
    table: include_str!("commands.txt"),
    dispatch: commands::dispatch,
    usage: usage::usage,
    builtin: shell::builtin,
    complete: shell::complete,
};

/// Gets it; or says why not, in words for a person.
pub type Load = fn() -> LocalFuture<'static, Result<&'static Rest, String>>;

/// For where it is linked in.
pub fn here() -> LocalFuture<'static, Result<&'static Rest, String>> {
    Box::pin(std::future::ready(Ok(&REST)))
}
