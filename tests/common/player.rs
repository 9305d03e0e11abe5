//! Plays golden sessions (their form: tests/golden.py) through our own command line, in the time of any runtime: the
//! same code natively in simulated time and in a browser in real time. Knows no server; a [`Place`] gives connections.

use super::{normalise::normalise, process::Process, terminal::Terminal};
use nats_kv_playground::{
    cli::{
        ConnectorFactory, Session,
        shell::{Hooks, MemoryFiles, Shell},
    },
    client::{runtime::Runtime, transport::LocalFuture},
};
use std::{collections::BTreeMap, fmt::Write, rc::Rc};

const MS: i64 = 1_000_000;
/// After so long a program has said what it had to say.
const QUIET: i64 = 500 * MS;
/// A command that has not ended by then is interrupted, and one that was interrupted is killed.
const PATIENCE: (i64, i64) = (20_000 * MS, 3_000 * MS);

/// Where a session is played.
pub trait Place {
    /// Time, timers and tasks.
    fn runtime(&self) -> Rc<dyn Runtime>;
    /// Opens connections.
    fn connector(&self) -> Rc<ConnectorFactory>;
    /// (Re)starts the server with these arguments; before the first step, an empty one.
    fn restart(&self, args: String) -> LocalFuture<'_, ()>;
}

enum Kind {
    Quietly,
    Shown,
    Background,
    Interrupt,
    Wait,
    Server,
    Type,
}

struct Step<'a> {
    terminal: char,
    kind: Kind,
    argument: &'a str,
}

fn parse(line: &str) -> Option<Step<'_>> {
    let terminal = line.chars().next().filter(char::is_ascii_uppercase)?;
    let marks = [
        ("- ", Kind::Quietly),
        ("$ ", Kind::Shown),
        ("& ", Kind::Background),
        ("^C", Kind::Interrupt),
        (". ", Kind::Wait),
        ("%server ", Kind::Server),
        ("< ", Kind::Type),
    ];
    marks.into_iter().find_map(|(mark, kind)| {
        let argument = line[1..].strip_prefix(mark)?;
        Some(Step {
            terminal,
            kind,
            argument,
        })
    })
}

struct Running {
    terminal: Rc<Terminal>,
    process: Process,
    runtime: Rc<dyn Runtime>,
}

impl Running {
    fn start(
        command: &str,
        place: &dyn Place,
        files: &Rc<MemoryFiles>,
        typed: Option<&str>,
    ) -> Running {
        let terminal = Terminal::new(files.clone());
        if let Some(keys) = typed {
            let keys = keys
                .replace("\\r", "\r")
                .replace("\\n", "\n")
                .replace("\\t", "\t")
                .replace("\\x1b", "\x1b")
                .replace("\\x03", "\x03");
            // Each answer by itself, as somebody gives it who reads the question first.
            keys.split_inclusive('\r')
                .for_each(|answer| terminal.type_keys(answer));
        }
        let runtime = place.runtime();
        let session = Session {
            io: terminal.clone(),
            connector: place.connector(),
            runtime: runtime.clone(),
            programs: None,
            parts: &nats_kv_playground::cli::parts::HERE,
        };
        let process = Process::start(&*runtime, run_line(command.into(), session));
        Running {
            terminal,
            process,
            runtime,
        }
    }

    /// Waits for the end, and enforces it.
    async fn finish(&self, patience: i64) -> i32 {
        if let Some(code) = self.process.wait(&*self.runtime, patience).await {
            return code;
        }
        if self.terminal.interrupt()
            && let Some(code) = self.process.wait(&*self.runtime, PATIENCE.1).await
        {
            return code;
        }
        self.process.kill();
        self.process
            .wait(&*self.runtime, PATIENCE.1)
            .await
            .unwrap_or(-1)
    }

    fn seen(&self, seen: &mut String) {
        let text = self.terminal.text();
        if !text.is_empty() {
            seen.push_str(&normalise(&text));
            seen.push('\n');
        }
    }
}

/// Plays a session; what was seen, in the form of a session.
pub async fn play(session: &str, place: &dyn Place) -> String {
    let runtime = place.runtime();
    let files = Rc::new(MemoryFiles::new("/home"));
    let mut seen = String::new();
    let (mut running, mut typed) = (BTreeMap::new(), BTreeMap::new());
    for line in session.lines().filter(|line| line.starts_with("# ")) {
        let _ = writeln!(seen, "{line}");
    }
    let first = session.lines().find_map(parse);
    if !first.is_some_and(|step| matches!(step.kind, Kind::Server)) {
        place.restart("-js".into()).await;
    }
    for line in session.lines() {
        let Some(Step {
            terminal,
            kind,
            argument,
        }) = parse(line)
        else {
            continue;
        };
        let _ = writeln!(seen, "{line}");
        match kind {
            Kind::Quietly | Kind::Shown => {
                let command = Running::start(argument, place, &files, typed.remove(&terminal));
                let code = command.finish(PATIENCE.0).await;
                let shown = matches!(kind, Kind::Shown);
                if !shown && code != 0 {
                    let _ = writeln!(seen, "(exit code {code})\n{}", command.terminal.text());
                }
                if shown {
                    command.seen(&mut seen);
                }
                if shown && code != 0 {
                    let _ = writeln!(seen, "{terminal}? {code}");
                }
            }
            Kind::Background => {
                running.insert(terminal, Running::start(argument, place, &files, None));
                runtime.sleep(QUIET).await;
            }
            Kind::Interrupt => {
                if let Some(command) = running.remove(&terminal) {
                    runtime.sleep(QUIET).await;
                    command.finish(0).await;
                    command.seen(&mut seen);
                }
            }
            Kind::Wait => runtime.sleep(argument.parse().unwrap_or(0) * MS).await,
            Kind::Server => place.restart(argument.into()).await,
            Kind::Type => drop(typed.insert(terminal, argument)),
        }
    }
    for command in running.into_values() {
        command.process.kill();
    }
    seen
}

/// Where what was seen differs from what was wanted, for people.
pub fn difference(wanted: &str, seen: &str) -> String {
    let (wanted, seen): (Vec<&str>, Vec<&str>) = (wanted.lines().collect(), seen.lines().collect());
    let same = wanted.iter().zip(&seen).take_while(|(a, b)| a == b).count();
    let end = wanted[same..]
        .iter()
        .rev()
        .zip(seen[same..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let mut text = String::new();
    for line in &wanted[same.saturating_sub(3)..same] {
        let _ = writeln!(text, "  {line}");
    }
    for (mark, lines) in [('-', &wanted), ('+', &seen)] {
        for line in &lines[same..lines.len() - end] {
            let _ = writeln!(text, "{mark} {line}");
        }
    }
    text
}

/// A shell for one line, as a terminal of its own.
fn run_line(line: String, session: Session) -> LocalFuture<'static, i32> {
    let server = |_, _| -> LocalFuture<'static, i32> { Box::pin(async { 127 }) };
    let environment = ["HOME", "XDG_CONFIG_HOME", "NATS_URL", "COLUMNS"];
    let environment = environment
        .into_iter()
        .filter_map(|name| Some((name.into(), session.io.env(name)?)));
    let hooks = Hooks {
        server: Box::new(server),
        environment: environment.collect(),
        history: Vec::new(),
    };
    Box::pin(async move {
        let shell = Shell::new(session, hooks);
        shell.run_line(&line).await
    })
}
