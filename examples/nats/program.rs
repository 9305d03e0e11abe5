//! Programs that the command starts: those of the system.

use nats_kv_playground::{
    cli::{Program, Ran},
    client::transport::LocalFuture,
};
use std::{
    io::{Error, ErrorKind, Read, Write, pipe},
    os::unix::process::ExitStatusExt,
    process::{Command, Stdio},
    thread,
};

/// Runs a program; what it prints is kept in the order in which it prints it.
pub fn run(program: Program) -> LocalFuture<'static, Ran> {
    Box::pin(async move {
        let name = program.words.first().cloned().unwrap_or_default();
        let ran = tokio::task::spawn_blocking(move || wait(program)).await;
        match ran.unwrap_or_else(|error| Err(Error::other(error))) {
            Ok(ran) => ran,
            Err(error) if error.kind() == ErrorKind::NotFound && !name.contains('/') => {
                Ran::missing(&name)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                failed(format!("fork/exec {name}: no such file or directory"))
            }
            Err(error) => failed(error.to_string()),
        }
    })
}

fn failed(why: String) -> Ran {
    Ran {
        failure: Some(why),
        ..Ran::default()
    }
}

fn wait(program: Program) -> Result<Ran, Error> {
    let (mut printed, end) = pipe()?;
    let mut command = Command::new(&program.words[0]);
    command.args(&program.words[1..]).envs(program.environment);
    command.stdin(Stdio::piped()).stdout(end.try_clone()?);
    let mut child = command.stderr(end).spawn()?;
    // Its ends of the pipe go with it.
    drop(command);
    let input = child.stdin.take();
    let writer = thread::spawn(move || {
        if let Some(mut input) = input {
            // It need not read all of it.
            let _ = input.write_all(&program.input);
        }
    });
    let mut output = Vec::new();
    printed.read_to_end(&mut output)?;
    let status = child.wait()?;
    let _ = writer.join();
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => Ran::ended(output, code),
        (None, signal) => Ran {
            output,
            failure: Some(format!("signal: {}", signal.unwrap_or_default())),
        },
    })
}
