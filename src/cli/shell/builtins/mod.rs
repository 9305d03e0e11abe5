//! The commands that are not `nats`: small ones, each printing what bash or coreutils print. One table gives their names.

mod files;
mod grep;
mod input;
mod jobs;
mod shell;
mod system;
mod test;
mod text;
mod time;

pub use files::in_columns;

use super::{
    exec::Context,
    hint,
    stdio::{Input, Output, Stream},
    word::quote,
};
use crate::{
    cli::{Io, Program, Ran},
    client::transport::LocalFuture,
};
use std::rc::Rc;

/// Runs a built-in: its surroundings and the words after its name.
pub type Builtin = fn(Context, Vec<String>) -> LocalFuture<'static, i32>;

/// What the terminal is for.
pub const TERMINAL: &[(&str, &str)] = &[
    (
        "nats",
        "the command line of NATS; nats --help lists its commands",
    ),
    ("nats-server", "starts the server; -js turns JetStream on"),
];

/// Name and one line of help of each.
pub const NAMES: &[(&str, &str)] = &[
    ("base64", "encode bytes as text, -d back"),
    ("bg", "jobs run in the background already"),
    ("break", "leave a loop"),
    ("cat", "print files"),
    ("clear", "empty the screen"),
    ("continue", "go on with the next round of a loop"),
    ("cut", "print fields of each line"),
    ("date", "print the time"),
    ("echo", "print words"),
    (
        "env",
        "print the environment, or run a command in a changed one",
    ),
    ("exit", "end this line"),
    ("export", "pass variables on to commands"),
    ("false", "fail"),
    ("fg", "bring a job to the foreground"),
    ("grep", "print lines that match"),
    ("head", "print the first lines"),
    ("help", "print this"),
    ("history", "print lines typed earlier"),
    ("jobs", "print what runs in the background"),
    ("kill", "end a job"),
    ("ls", "print names of files"),
    ("printf", "print words in a form"),
    ("pwd", "print the folder"),
    ("read", "read a line into variables"),
    ("rm", "remove files"),
    ("seq", "print numbers"),
    (
        "set",
        "turn on -e, -u, -x or -o pipefail, + turns off; other options change nothing",
    ),
    ("sleep", "wait"),
    ("sort", "sort lines"),
    ("tail", "print the last lines"),
    ("tee", "print, and write to files"),
    ("test", "check a condition, also [ ] and [[ ]]"),
    ("time", "print how long a command takes"),
    ("true", "succeed"),
    ("uniq", "leave out repeated lines"),
    ("unset", "forget variables"),
    ("wait", "wait for jobs"),
    ("wc", "count lines, words and bytes"),
    ("xargs", "run a command with words that are read"),
];

/// Runs the built-in that the first word names, or says that there is no such command.
pub fn run(context: Context, mut words: Vec<String>) -> LocalFuture<'static, i32> {
    let name = words.remove(0);
    if let Some(builtin) = find(&name) {
        return builtin(context, words);
    }
    let shown = match name.chars().any(char::is_control) {
        true => quote(&name),
        false => name.clone(),
    };
    context.complain(&format!("{shown}: command not found"));
    if let Some(hint) = hint::for_command(&name, &words) {
        context.io.stderr(format!("{hint}\n").as_bytes());
    }
    now(127)
}

/// Runs a program for a command: one of those that the shell has, in a subshell.
pub fn program(context: Context, program: Program) -> LocalFuture<'static, Ran> {
    let name = program.words.first().cloned().unwrap_or_default();
    if find(&name).is_none() && !matches!(name.as_str(), "nats" | "nats-server") {
        return Box::pin(async move { Ran::missing(&name) });
    }
    let output = Output::Collect(Rc::default());
    let inner = context.subshell();
    let mut io = (*inner.io).clone();
    for (name, value) in program.environment {
        let mut variables = io.variables.borrow_mut();
        variables.set(&name, value);
        variables.export(&name, true);
    }
    io.input = Input::Stream(Stream::of(program.input));
    (io.output, io.error) = (output.clone(), output.clone());
    Box::pin(async move {
        let status = inner.with_io(io).run(program.words).await;
        let printed = match output {
            Output::Collect(printed) => printed.take(),
            _ => Vec::new(),
        };
        Ran::ended(printed, status)
    })
}

/// The built-in of a name.
pub fn find(name: &str) -> Option<Builtin> {
    Some(match name {
        ":" | "true" => |_, _| Box::pin(async { 0 }),
        "false" => |_, _| Box::pin(async { 1 }),
        "[" => |c, a| now(test::test(&c, "[", a)),
        "[[" => |c, a| now(test::test(&c, "[[", a)),
        "test" => |c, a| now(test::test(&c, "test", a)),
        "base64" => |c, a| Box::pin(text::base64(c, a)),
        "bg" => |c, a| now(jobs::bg(&c, &a)),
        "break" => |c, a| now(shell::leave(&c, "break", &a)),
        "cat" => |c, a| Box::pin(text::cat(c, a)),
        "clear" => |c, _| {
            c.io.stdout(b"\x1b[H\x1b[2J\x1b[3J");
            now(0)
        },
        "continue" => |c, a| now(shell::leave(&c, "continue", &a)),
        "cut" => |c, a| Box::pin(text::cut(c, a)),
        "date" => |c, a| Box::pin(time::date(c, a)),
        "echo" => |c, a| Box::pin(shell::echo(c, a)),
        "env" => system::env,
        "exit" => |c, a| now(shell::exit(&c, &a)),
        "export" => |c, a| now(shell::export(&c, &a)),
        "fg" => |c, a| Box::pin(jobs::fg(c, a)),
        "grep" => |c, a| Box::pin(grep::grep(c, a)),
        "head" => |c, a| Box::pin(text::ends(c, "head", a)),
        "help" => |c, a| Box::pin(system::help(c, a)),
        "history" => |c, a| Box::pin(system::history(c, a)),
        "jobs" => |c, a| now(jobs::jobs(&c, &a)),
        "kill" => |c, a| now(jobs::kill(&c, &a)),
        "ls" => |c, a| Box::pin(files::ls(c, a)),
        "printf" => |c, a| Box::pin(shell::printf(c, a)),
        "pwd" => |c, _| {
            let home = c.value("HOME").unwrap_or_else(|| "/".to_string());
            c.io.stdout(format!("{home}\n").as_bytes());
            now(0)
        },
        "read" => |c, a| Box::pin(system::read(c, a)),
        "rm" => |c, a| now(files::rm(&c, &a)),
        "seq" => |c, a| Box::pin(time::seq(c, a)),
        "set" => |c, a| now(shell::set(&c, &a)),
        "sleep" => |c, a| Box::pin(time::sleep(c, a)),
        "sort" => |c, a| Box::pin(text::sort(c, a)),
        "tail" => |c, a| Box::pin(text::ends(c, "tail", a)),
        "tee" => |c, a| Box::pin(text::tee(c, a)),
        "uniq" => |c, a| Box::pin(text::uniq(c, a)),
        "unset" => |c, a| now(shell::unset(&c, &a)),
        "wait" => |c, a| Box::pin(jobs::wait(c, a)),
        "wc" => |c, a| Box::pin(text::wc(c, a)),
        "xargs" => |c, a| Box::pin(system::xargs(c, a)),
        _ => return None,
    })
}

/// The exit code of what has already been done.
fn now(status: i32) -> LocalFuture<'static, i32> {
    Box::pin(async move { status })
}
