//! The commands that are not `nats`: small ones, each printing what bash or coreutils print. One table gives their names.

mod shell;

use super::exec::Context;
use crate::client::transport::LocalFuture;

/// Runs a built-in: its surroundings and the words after its name.
pub type Builtin = fn(Context, Vec<String>) -> LocalFuture<'static, i32>;

/// Name and one line of help of each.
pub const NAMES: &[(&str, &str)] = &[
    ("break", "leave a loop"),
    ("continue", "next round of a loop"),
    ("echo", "print words"),
    ("exit", "end this line"),
    ("export", "pass variables on to commands"),
    ("false", "fail"),
    ("printf", "print words in a form"),
    ("true", "succeed"),
    ("unset", "forget variables"),
];

/// The built-in of a name.
pub fn find(name: &str) -> Option<Builtin> {
    Some(match name {
        ":" | "true" => |_, _| Box::pin(async { 0 }),
        "false" => |_, _| Box::pin(async { 1 }),
        "break" | "continue" | "exit" => match name {
            "break" => |c, a| Box::pin(async move { shell::leave(&c, "break", &a) }),
            "continue" => |c, a| Box::pin(async move { shell::leave(&c, "continue", &a) }),
            _ => |c, a| Box::pin(async move { shell::exit(&c, &a) }),
        },
        "echo" => |c, a| Box::pin(shell::echo(c, a)),
        "export" => |c, a| Box::pin(async move { shell::export(&c, &a) }),
        "printf" => |c, a| Box::pin(shell::printf(c, a)),
        "unset" => |c, a| Box::pin(async move { shell::unset(&c, &a) }),
        _ => return None,
    })
}
