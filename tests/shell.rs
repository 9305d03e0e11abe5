//! The shell of the terminals against bash itself: the same lines to both, the same output and exit code from both.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use nats_kv_playground::{
    cli::{
        Files, Io, Session,
        shell::{Hooks, MemoryFiles, Shell, is_incomplete, parse, quote, split_paste},
    },
    client::{runtime::Runtime, transport::LocalFuture},
    wire::time::Time,
};
use std::{
    cell::{Cell, RefCell},
    process::Command,
    rc::Rc,
    time::{Duration, SystemTime},
};

/// A terminal whose output is kept; nobody types.
struct Terminal {
    out: RefCell<Vec<u8>>,
    /// Bytes of the largest piece written to it.
    largest: Cell<usize>,
    err: RefCell<Vec<u8>>,
    files: Rc<MemoryFiles>,
}

impl Io for Terminal {
    fn stdout(&self, bytes: &[u8]) {
        self.out.borrow_mut().extend_from_slice(bytes);
        self.largest.set(self.largest.get().max(bytes.len()));
    }
    fn stderr(&self, bytes: &[u8]) {
        self.err.borrow_mut().extend_from_slice(bytes);
    }
    fn stdin_is_terminal(&self) -> bool {
        false
    }
    fn stdout_is_terminal(&self) -> bool {
        false
    }
    fn size(&self) -> (usize, usize) {
        (80, 24)
    }
    fn read(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        Box::pin(async { None })
    }
    fn read_keys(&self) -> LocalFuture<'static, Option<Vec<u8>>> {
        Box::pin(async { None })
    }
    fn interrupt(&self) -> LocalFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
    fn env(&self, _: &str) -> Option<String> {
        None
    }
    fn utc_offset(&self, _: Time) -> i32 {
        0
    }
    fn files(&self) -> Rc<dyn Files> {
        self.files.clone()
    }
}

struct Tokio;

impl Runtime for Tokio {
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Time(since.unwrap().as_nanos() as i64)
    }
    fn sleep(&self, ns: i64) -> LocalFuture<'static, ()> {
        Box::pin(tokio::time::sleep(Duration::from_nanos(ns as u64)))
    }
    fn spawn(&self, task: LocalFuture<'static, ()>) {
        tokio::task::spawn_local(task);
    }
    fn random(&self) -> u64 {
        4
    }
}

/// Standard output, standard error, exit code.
type Ran = (String, String, i32);

fn terminal() -> (Rc<Terminal>, Shell) {
    let terminal = Rc::new(Terminal {
        out: RefCell::default(),
        largest: Cell::default(),
        err: RefCell::default(),
        files: Rc::new(MemoryFiles::new("/home/me")),
    });
    let session = Session {
        io: terminal.clone(),
        connector: Rc::new(|_| Err("no server here".to_string())),
        runtime: Rc::new(Tokio),
        programs: None,
        parts: &nats_kv_playground::cli::parts::HERE,
    };
    let hooks = Hooks {
        server: Box::new(|words, io| {
            Box::pin(async move {
                io.stdout(format!("server {words:?}\n").as_bytes());
                3
            })
        }),
        environment: vec![("HOME".to_string(), "/home/me".to_string())],
        history: Vec::new(),
    };
    (terminal, Shell::new(session, hooks))
}

fn run_here<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let limit = Duration::from_secs(120);
        tokio::time::timeout(limit, work).await.expect("it ends")
    })
}

fn ours(script: &str) -> Ran {
    let (terminal, shell) = terminal();
    let status = run_here(shell.run_line(script));
    let text = |bytes: &RefCell<Vec<u8>>| String::from_utf8_lossy(&bytes.borrow()).into_owned();
    (text(&terminal.out), text(&terminal.err), status)
}

fn bash(script: &str) -> Ran {
    let folder = std::env::temp_dir().join(format!("kv-playground-shell-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let output = Command::new("bash")
        .args(["--norc", "--noprofile", "-f", "-c", script, "bash"])
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/home/me")
        .env("LC_ALL", "C.UTF-8")
        .current_dir(&folder)
        .stdin(std::process::Stdio::null())
        .output()
        .expect("bash is installed");
    let _ = std::fs::remove_dir_all(&folder);
    // A script's errors say where in the script; those of a person's line do not.
    let err = String::from_utf8_lossy(&output.stderr);
    let err: Vec<String> = err.lines().filter_map(without_place).collect();
    let err = err.iter().map(|line| format!("{line}\n")).collect();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    (out, err, output.status.code().unwrap_or(-1))
}

/// An error line without `line 1: `; `None` for the line that repeats the script.
fn without_place(line: &str) -> Option<String> {
    let Some(rest) = line.strip_prefix("bash: ") else {
        return Some(line.to_string());
    };
    let rest = rest.strip_prefix("-c: ").unwrap_or(rest);
    let place = rest
        .strip_prefix("line ")
        .and_then(|rest| rest.split_once(": "));
    let rest = place.map_or(rest, |(_, rest)| rest);
    (!rest.starts_with('`') || rest.ends_with("identifier")).then(|| format!("bash: {rest}"))
}

/// Scripts of a file: separated by lines of `---`; lines that begin with `##` are left out.
fn scripts(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with("##"));
    let text: Vec<&str> = lines.collect();
    let parts = text.split(|line| *line == "---");
    parts.map(|lines| lines.join("\n")).collect()
}

#[test]
fn scripts_run_as_in_bash() {
    let scripts = scripts(include_str!("shell/scripts.txt"));
    let mut wrong = Vec::new();
    for script in &scripts {
        let (theirs, ours) = (bash(script), ours(script));
        if theirs != ours {
            wrong.push(format!("{script}\n  bash: {theirs:?}\n  ours: {ours:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n\n{}\n",
        wrong.len(),
        scripts.len(),
        wrong.join("\n\n")
    );
}

#[test]
fn interrupting_ends_what_runs_and_says_so() {
    run_here(async {
        let (terminal, shell) = terminal();
        let mut line = shell.run_line("X=1; for i in 1 2; do echo $i; sleep 1000; done");
        while terminal.out.borrow().is_empty() {
            assert!(futures_once(&mut line).await.is_none());
        }
        drop(line);
        assert_eq!(shell.status(), 130);
        assert_eq!(shell.run_line("echo $? $X; break").await, 0);
        assert_eq!(*terminal.out.borrow(), b"1\n130 1\n");
        // A loop that never waits for anything gives way too.
        let busy = shell.run_line("while true; do :; done");
        let limit = Duration::from_millis(100);
        assert!(tokio::time::timeout(limit, busy).await.is_err());
        let busy = shell.run_line("seq 1 100000000000 > /dev/null");
        assert!(tokio::time::timeout(limit, busy).await.is_err());
        assert_eq!(shell.status(), 130);
    });
}

/// Polls once; other tasks get a turn.
async fn futures_once<T>(work: &mut LocalFuture<'static, T>) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = tokio::task::yield_now() => None,
    }
}

#[test]
fn jobs_run_beside_the_shell_and_can_be_ended() {
    run_here(async {
        let (terminal, shell) = terminal();
        shell.run_line("sleep 1000 & sleep 2000 &").await;
        shell
            .run_line("jobs; kill %1; wait %1; echo $?; jobs -p; kill $!; wait")
            .await;
        let out = String::from_utf8_lossy(&terminal.out.borrow()).into_owned();
        // As bash 5.2 prints them.
        let expected = "[1]-  Running                 sleep 1000 &\n\
                        [2]+  Running                 sleep 2000 &\n143\n1001\n1002\n";
        assert_eq!(out, expected);
        terminal.out.borrow_mut().clear();
        shell
            .run_line("(sleep 0.01; echo job; exit 3) & fg; echo $?; fg")
            .await;
        let out = String::from_utf8_lossy(&terminal.out.borrow()).into_owned();
        assert_eq!(out, "(sleep 0.01; echo job; exit 3)\njob\n3\n");
        let err = String::from_utf8_lossy(&terminal.err.borrow()).into_owned();
        assert_eq!(err, "bash: fg: current: no such job\n");
    });
}

#[test]
fn nats_server_is_the_hooks_and_unknown_commands_are_hinted_at() {
    assert_eq!(
        ours("nats-server -js 'a b' | cat; nats-server; echo $?").0,
        "server [\"-js\", \"a b\"]\nserver []\n3\n"
    );
    let (_, err, status) = ours("nast kv ls");
    assert_eq!(status, 127);
    assert_eq!(err, "bash: nast: command not found\nDid you mean `nats`?\n");
    assert_eq!(
        ours("kv put").1,
        "bash: kv: command not found\nDid you mean `nats kv put`?\n"
    );
    assert_eq!(
        ours("trace x").1,
        "bash: trace: command not found\nDid you mean `nats trace x`?\n"
    );
    assert_eq!(ours("$'a\\tb'").1, "bash: $'a\\tb': command not found\n");
}

#[test]
fn a_paste_is_cut_into_commands() {
    let paste = "nats kv add b\r\nfor i in 1 2\ndo\n  echo $i\ndone\n\necho 'a\nb'\necho a \\\n  b\n# end\ncat <<E\nx\nE\n";
    let expected = [
        "nats kv add b",
        "for i in 1 2\ndo\n  echo $i\ndone",
        "echo 'a\nb'",
        "echo a \\\n  b",
        "# end",
        "cat <<E\nx\nE",
    ];
    assert_eq!(split_paste(paste), expected);
    assert_eq!(split_paste("echo 'a"), ["echo 'a"]);
    assert_eq!(split_paste("echo 'a\n"), ["echo 'a\n"]);
    assert_eq!(split_paste("a <<E )\nb\nE\nc"), ["a <<E )\nb\nE", "c"]);
    assert_eq!(
        split_paste("for x\ndo (\n)\necho"),
        ["for x\ndo (\n)", "echo"]
    );
    // Ends before long only where no line is read again for each that follows.
    let body = "a line\n".repeat(100_000);
    let paste = format!("cat <<E\n{body}E\necho 'a\n{body}'\n{body}if true; then\n{body}");
    assert_eq!(split_paste(&paste).len(), 100_003);
    for (text, incomplete) in [
        ("echo 'a", true),
        ("echo a |", true),
        ("a &&", true),
        ("if true", true),
        ("echo $(", true),
        ("echo \\", true),
        ("cat <<E", true),
        ("echo \\\\", false),
        ("echo )", false),
        ("", false),
        ("for", false),
    ] {
        assert_eq!(is_incomplete(text), incomplete, "{text}");
    }
}

#[test]
fn long_and_deep_lines_are_answered() {
    for open in [
        "(", "$(", "${a:-", "$((", "\"$(", "{ ", "((", "if ", "! ", "`", "<<a ", "[", "{",
    ] {
        let text = open.repeat(1 << 20);
        let _ = parse(&text);
        let _ = parse(&format!("echo {text}"));
    }
    let long = "x".repeat(1 << 20);
    assert_eq!(
        ours(&format!("echo {long} | wc -c")).0,
        format!("{}\n", (1 << 20) + 1)
    );
    assert_eq!(ours(&long).2, 127);
    assert_eq!(ours(&format!("echo {}", "a ".repeat(1 << 19))).2, 0);
    assert_eq!(ours(&format!("echo $(({}1))", "-".repeat(1 << 20))).2, 1);
    assert_eq!(ours(&format!("echo $(({}1))", "1**".repeat(1 << 18))).2, 1);
    let doubled = (0..40).map(|i| format!("x{i}=x{0}+x{0};", i + 1));
    let doubled = doubled.collect::<String>();
    assert_eq!(ours(&format!("{doubled} echo $((x0))")).2, 1);
    assert_eq!(ours("X=aaaaaaaa; while true; do X=$X$X; done").2, 1);
    let numbers = ours(&format!("echo {{{}1..-1}} | wc -c", "0".repeat(70_000)));
    assert_eq!(numbers.0, format!("{}\n", 3 * 70_002));
    assert_eq!(ours("X=$(seq 1 1500000)").2, 1);
    let empty = format!("''{} ", "{,}".repeat(16)).repeat(40);
    assert_eq!(ours(&format!("echo {empty}")).2, 1);
}

#[test]
fn what_is_long_is_written_as_it_is_made() {
    let (terminal, shell) = terminal();
    let script = format!("printf '{}'", "%9999d".repeat(1000));
    assert_eq!(run_here(shell.run_line(&script)), 0);
    assert_eq!(terminal.out.borrow().len(), 9_999_000);
    assert!(terminal.largest.get() < 20_000);
}

#[test]
fn what_has_to_be_kept_has_a_limit() {
    for (script, error) in [
        ("printf '%9999d\\n' 1 | sort", "sort: memory exhausted\n"),
        ("printf '%9999d' 1 | sort", "sort: memory exhausted\n"),
        (
            "printf '%9999d\\n' 1 | base64",
            "base64: memory exhausted\n",
        ),
        (
            "printf '%9999d\\n' 1 | tail -c 99999999",
            "tail: memory exhausted\n",
        ),
    ] {
        let (endless, command) = script.split_once(" | ").unwrap();
        let script = format!("while true; do {endless}; done | {command}");
        let (out, err, status) = ours(&script);
        assert_eq!((out.as_str(), err.as_str()), ("", error), "{script}");
        assert_ne!(status, 0);
    }
    let large = "for i in {1..100}; do printf '%9995d b\\n' $i; done; printf a";
    for (script, wanted) in [
        ("wc", "    100     201  999801\n"),
        ("tail -c 5", "0 b\na"),
        ("head -c -800000 | wc -c", "199801\n"),
        ("tail -c +999797", "0 b\na"),
    ] {
        let script = format!("{{ {large}; }} | {script}");
        let (out, err, _) = ours(&script);
        assert_eq!((out.as_str(), err.as_str()), (wanted, ""), "{script}");
    }
}

/// bash would take them, with as much memory.
#[test]
fn braces_that_stand_for_too_much_are_an_error() {
    let too_much = "bash: brace expansion: more than 100000 words, or 1000000 characters\n";
    for word in [
        "{1..1100000}",
        "{1..100001}",
        "{-9223372036854775808..9223372036854775807}",
        "{1..300}{1..300}x{1..2}",
        &"{a,b}".repeat(90),
        &format!("{{{}}}", ["{1..90000}"; 99].join(",")),
    ] {
        let ran = ours(&format!("echo {word}"));
        assert_eq!(ran, (String::new(), too_much.into(), 1), "{word}");
    }
    let (out, err, status) = ours(&format!("echo {}", "{a,b}".repeat(1 << 17)));
    assert_eq!(
        (&*out, &*err, status),
        (
            "",
            "bash: brace expansion: more than 100 braces in a word\n",
            1
        )
    );
    assert_eq!(ours("echo {1..100000} | wc -w").0, "100000\n");
    assert_eq!(
        ours("echo {9223372036854775806..9223372036854775807} {-9223372036854775808..9223372036854775807..9223372036854775807}").0,
        "9223372036854775806 9223372036854775807 -9223372036854775808 -1 9223372036854775806\n"
    );
}

proptest::proptest! {
    #[test]
    fn the_parser_is_total(text in "[a-z \n\t\"'`\\\\$(){}<>|&;#!=0-9*?\\[\\]~+-]{0,60}") {
        let _ = parse(&text);
        let _ = split_paste(&text);
    }

    #[test]
    fn the_parser_is_total_on_any_characters(text in "\\PC{0,40}", other: String) {
        let _ = parse(&text);
        let _ = parse(&other);
    }

    #[test]
    fn quoting_round_trips(words: Vec<String>) {
        // bash has no NUL in words.
        let words: Vec<String> = words.iter().map(|w| w.replace('\0', "")).collect();
        let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
        let (out, err, _) = ours(&format!("printf '<%s>' {}", quoted.join(" ")));
        let expected: String = match words.is_empty() {
            true => "<>".to_string(),
            false => words.iter().map(|word| format!("<{word}>")).collect(),
        };
        proptest::prop_assert_eq!((out, err), (expected, String::new()));
        let single: Vec<String> = words.iter().map(|w| format!("'{}'", w.replace('\'', "'\\''"))).collect();
        let double: Vec<String> = words
            .iter()
            .map(|w| {
                let escaped = w.replace('\\', "\\\\").replace('"', "\\\"");
                format!("\"{}\"", escaped.replace('$', "\\$").replace('`', "\\`"))
            })
            .collect();
        let single = ours(&format!("printf '<%s>' {}", single.join(" ")));
        let double = ours(&format!("printf '<%s>' {}", double.join(" ")));
        proptest::prop_assert_eq!(single, double);
    }

    #[test]
    fn no_line_makes_it_panic(text in "(echo |test |\\[ |printf |seq |grep |head |sort |cut |[a-z]{1,3} |\\$|\\$\\(\\(|\\)\\)|[|;<>(){}'\"0-9*%-]| ){0,12}") {
        // What would run for long, or for ever, is given up.
        run_here(async {
            let (_, shell) = terminal();
            let line = shell.run_line(&text);
            let _ = tokio::time::timeout(Duration::from_millis(20), line).await;
        });
    }
}
