//! The process's own terminal, environment and files, as the command line wants them.

use nats_kv_playground::{
    cli::{FileError, Files, Io},
    client::transport::LocalFuture,
    wire::time::{SECOND, Time},
};
use rustix::termios::{self, OptionalActions};
use std::{
    fs::{DirBuilder, OpenOptions, Permissions},
    io::{ErrorKind, IsTerminal, Read, Write, stderr, stdin, stdout},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    rc::Rc,
};
use tokio::{signal::ctrl_c, task::spawn_blocking};

/// Standard input, output and error.
pub struct Terminal;

/// Like every program in a pipe whose reader has gone, this one ends; other errors of writing go unheard, as with the real one.
fn written(result: std::io::Result<()>) {
    if result.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
        std::process::exit(141);
    }
}

/// The terminal in raw mode; back as it was when dropped.
struct Raw(termios::Termios);

impl Raw {
    fn enter() -> Option<Raw> {
        let before = termios::tcgetattr(stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Raw(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}

/// One read of standard input, on a thread of its own.
fn read_some() -> LocalFuture<'static, Option<Vec<u8>>> {
    Box::pin(async {
        let read = spawn_blocking(|| {
            let mut bytes = vec![0; 64 * 1024];
            let length = stdin().lock().read(&mut bytes).unwrap_or(0);
            bytes.truncate(length);
            (length > 0).then_some(bytes)
        });
        read.await.ok().flatten()
    })
}

impl Io for Terminal {
    fn stdout(&self, bytes: &[u8]) {
        let mut out = stdout().lock();
        written(out.write_all(bytes).and_then(|()| out.flush()));
    }

    fn stderr(&self, bytes: &[u8]) {
        written(stderr().lock().write_all(bytes));
    }

    fn stdin_is_terminal(&self) -> bool {
        stdin().is_terminal()
    }

    fn stdout_is_terminal(&self) -> bool {
        stdout().is_terminal()
    }

    fn size(&self) -> (usize, usize) {
        match termios::tcgetwinsize(stdout()) {
            Ok(size) if size.ws_col > 0 => (size.ws_col.into(), size.ws_row.into()),
            _ => (80, 24),
        }
    }

    fn read(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        read_some()
    }

    fn read_keys(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        let raw = Raw::enter();
        Box::pin(async move {
            let keys = read_some().await;
            drop(raw);
            keys
        })
    }

    fn interrupt(&self) -> LocalFuture<'static, ()> {
        // Nobody listens for the signal before: it ends this process as it ends any other, and a shell can tell.
        Box::pin(async {
            if ctrl_c().await.is_err() {
                std::future::pending().await
            }
        })
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn utc_offset(&self, at: Time) -> i32 {
        let at = chrono::DateTime::from_timestamp(at.0.div_euclid(SECOND), 0);
        at.map_or(0, |at| {
            at.with_timezone(&chrono::Local).offset().local_minus_utc()
        })
    }

    fn files(&self) -> Rc<dyn Files> {
        Rc::new(Disk)
    }
}

/// The file system.
struct Disk;

fn failure(error: std::io::Error) -> FileError {
    match error.kind() {
        std::io::ErrorKind::NotFound => FileError::Missing,
        std::io::ErrorKind::IsADirectory => FileError::Folder,
        _ => {
            // The system's words as Go has them.
            let text = error.to_string().to_lowercase();
            let words = text.split(" (os error").next();
            FileError::Other(words.unwrap_or_default().into())
        }
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        std::fs::read(path).map_err(failure)
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<(), FileError> {
        if let Some(folder) = Path::new(path).parent() {
            std::fs::create_dir_all(folder).map_err(failure)?;
        }
        std::fs::write(path, content).map_err(failure)
    }

    fn write_private(&self, path: &str, content: &[u8]) -> Result<(), FileError> {
        if let Some(folder) = Path::new(path).parent() {
            let mut builder = DirBuilder::new();
            let made = builder.recursive(true).mode(0o700).create(folder);
            made.map_err(failure)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(path).map_err(failure)?;
        // It may have been there with another mode.
        let mode = Permissions::from_mode(0o600);
        file.set_permissions(mode).map_err(failure)?;
        file.write_all(content).map_err(failure)
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        std::fs::remove_file(path).map_err(failure)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let entries = std::fs::read_dir(folder).map_err(failure)?;
        let names = entries.flatten().map(|entry| entry.file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into()).collect();
        names.sort();
        Ok(names)
    }
}
