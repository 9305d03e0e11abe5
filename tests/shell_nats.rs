//! The shell with `nats` and a server: loops and pipes around commands, and what Tab finds.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{
    clock::{Clock, SimulatedRuntime},
    local::connect,
    terminal::Terminal,
};
use nats_kv_playground::{
    cli::{
        Session,
        shell::{Hooks, MemoryFiles, Shell},
    },
    client::Headers,
    host::Host,
    server::{Config, jetstream},
};
use std::{future::Future, rc::Rc};

/// Runs with a shell, its terminal, and a server with JetStream.
fn with_shell<F: Future<Output = ()>>(work: impl FnOnce(Rc<Shell>, Rc<Terminal>, Host) -> F) {
    let clock = Clock::new(1);
    let runtime = Rc::new(SimulatedRuntime(clock.clone()));
    let host = Host::new(runtime.clone());
    let config = Config {
        jetstream: Some(jetstream::start),
        ..Config::default()
    };
    host.start(config).expect("starts");
    let terminal = Terminal::new(Rc::new(MemoryFiles::new("/home")));
    let connector = host.clone();
    let session = Session {
        io: terminal.clone(),
        connector: Rc::new(move |_url| Ok(connector.connector())),
        runtime,
        programs: None,
        parts: &nats_kv_playground::cli::parts::HERE,
    };
    let hooks = Hooks {
        server: Box::new(|_, _| Box::pin(async { 1 })),
        environment: vec![("HOME".to_string(), "/home".to_string())],
        history: Vec::new(),
    };
    clock.run(work(Rc::new(Shell::new(session, hooks)), terminal, host));
}

#[test]
fn loops_and_pipes_run_around_nats() {
    with_shell(|shell, terminal, _| async move {
        let script = "nats kv add b > /dev/null\n\
                      for i in {1..3}; do nats kv put b k$i v$i; done\n\
                      echo from a pipe | nats kv put b piped\n\
                      nats kv put b x \"$(nats kv get b k2 --raw)\"\n\
                      nats kv ls b | sort | while read k; do echo \"$k=$(nats kv get b $k --raw)\"; done\n\
                      nats kv watch b | head -2 | cut -d ' ' -f 3-\n\
                      nats kv get b none || echo \"failed $?\"\n\
                      nats kv get b none 2> err; cat err | wc -l\n\
                      nats kv get b k1 --raw > f; cat f; echo\n\
                      nats kv watch b k1 --updates > seen & sleep 1\n\
                      nats kv put b k1 new; sleep 1; kill %1; cut -d ' ' -f 3- seen\n\
                      nats kv ls b -n | wc -l";
        shell.run_line(script).await;
        // As bash with the real nats and nats-server print it; job numbers as at a terminal.
        let expected = "v1\nv2\nv3\n\nv2\n\
                        k1=v1\nk2=v2\nk3=v3\npiped=from a pipe\nx=v2\n\
                        PUT b > k1: v1\nPUT b > k2: v2\n\
                        nats: error: nats: key not found\nfailed 1\n1\nv1\n\
                        [1] 1001\nnew\nPUT b > k1: new\n5\n\
                        [1]+  Terminated              nats kv watch b k1 --updates > seen";
        assert_eq!(terminal.text(), expected);
    });
}

#[test]
fn tab_completes_commands_flags_names_and_files() {
    with_shell(|shell, _, _| async move {
        shell
            .run_line("nats kv add my-kv; nats kv add my-other; for k in Key1 Key2 'sub/one'; do nats kv put my-kv $k v; done")
            .await;
        shell
            .run_line("nats stream add ORDERS --subjects o --defaults; nats consumer add ORDERS work --pull --defaults")
            .await;
        shell
            .run_line("echo > notes.txt; echo > folder/inner; TEXT=1; nats context save one")
            .await;
        let cases: &[(&str, usize, &str, &[&str])] = &[
            ("na", 2, "nats", &["nats", "nats-server"]),
            ("nats", 4, "nats", &["nats", "nats-server"]),
            ("ech", 3, "echo ", &["echo"]),
            ("echo; seq", 3, "seq ", &["seq"]),
            ("nats kv crea", 4, "create ", &["create"]),
            ("nats kv get m", 1, "my-", &["my-kv", "my-other"]),
            ("nats kv get my-k", 4, "my-kv ", &["my-kv"]),
            ("nats kv get my-kv Key", 3, "Key", &["Key1", "Key2"]),
            ("nats kv get my-kv s", 1, "sub/one ", &["sub/one"]),
            ("nats kv get \"my-k", 5, "\"my-kv\" ", &["my-kv"]),
            ("nats kv get my-kv --rev", 5, "--revision ", &["--revision"]),
            (
                "nats kv get my-kv Key1 --no-con",
                8,
                "--no-context ",
                &["--no-context"],
            ),
            ("nats kv add x --storage m", 1, "memory ", &["memory"]),
            (
                "nats kv add x --storage=m",
                11,
                "--storage=memory ",
                &["--storage=memory"],
            ),
            ("nats kv add x --mirror my-o", 4, "my-other ", &["my-other"]),
            ("nats stream info O", 1, "ORDERS ", &["ORDERS"]),
            ("nats str info O", 1, "ORDERS ", &["ORDERS"]),
            ("nats consumer info ORDERS ", 0, "work ", &["work"]),
            ("nats context select o", 1, "one ", &["one"]),
            ("nats kv nonsense ", 0, "", &[]),
            ("nats kv get nobucket ", 0, "", &[]),
            ("nats-server -j", 2, "-js ", &["-js"]),
            ("cat no", 2, "notes.txt ", &["notes.txt"]),
            ("echo x > fo", 2, "folder/", &["folder/"]),
            ("cat folder/", 7, "folder/inner ", &["folder/inner"]),
            ("echo $TEX", 4, "$TEXT", &["$TEXT"]),
            ("echo \"${TEX", 5, "${TEXT}", &["${TEXT}"]),
            ("echo # na", 0, "", &[]),
            ("zzz", 3, "", &[]),
        ];
        for (text, replaced, insert, candidates) in cases {
            let found = shell.complete(text).await;
            assert_eq!(found.candidates, *candidates, "{text}");
            assert_eq!(found.insert, *insert, "{text}");
            if !insert.is_empty() {
                assert_eq!(found.replaced, *replaced, "{text}");
            }
        }
        let flags = shell.complete("nats kv get my-kv Key1 --").await.candidates;
        assert!(
            flags.iter().any(|flag| flag == "--raw") && flags.iter().any(|flag| flag == "--server")
        );
        let commands = shell.complete("nats kv ").await.candidates;
        assert!(commands.iter().any(|name| name == "put") && commands.len() > 10);
    });
}

#[test]
fn tab_without_a_server_gives_nothing_in_time() {
    with_shell(|shell, terminal, host| async move {
        host.stop("gone");
        let found = shell.complete("nats kv get ").await;
        assert!(found.candidates.is_empty());
        assert_eq!(terminal.text(), "");
        assert_eq!(shell.complete("nats kv ge").await.insert, "get ");
    });
}

proptest::proptest! {
    #[test]
    fn tab_never_panics(text in "((nats |kv |get |--server |-s |--|echo |\\$|\"|'|;|>|#|\\\\|\\PC){0,8})") {
        with_shell(|shell, _, host| async move {
            host.stop("gone");
            shell.complete(&text).await;
        });
    }
}

/// A question that offers help shows it at a `?` and still takes an answer, as the real one does.
#[test]
fn a_question_of_many_answers_explains_itself() {
    with_shell(|shell, terminal, _| async move {
        let add = "nats stream add --replicas 1 --retention limits --discard old --max-msgs 1 --max-msgs-per-subject 1 \
                   --max-bytes 9 --max-age 1h --max-msg-size 9 --dupe-window 1m --no-allow-rollup --no-deny-delete \
                   --no-deny-purge";
        terminal.type_keys("?m\r");
        shell.run_line(&format!("{add} S --subjects s")).await;
        terminal.type_keys("?\x03");
        shell.run_line(&format!("{add} T --subjects t")).await;
        terminal.type_keys("?\r");
        terminal.type_keys("\x03");
        shell
            .run_line("nats stream add U --subjects u --storage file")
            .await;
        let seen = terminal.text();
        assert!(seen.contains("Storage: Memory"), "{seen}");
        assert!(
            seen.contains("--storage\n? Storage  [Use arrows to move, type to filter]\n> file"),
            "{seen}"
        );
        let told = seen.contains("--replicas\n? Replication (1)");
        assert!(told, "{seen}");
    });
}

/// A reply that comes in one read with its request is matched with it.
#[test]
fn replies_are_matched_however_soon_they_come() {
    with_shell(|shell, terminal, host| async move {
        let line = "nats sub s --match-replies --count 2 > seen 2> log & sleep 1";
        shell.run_line(line).await;
        let client = connect(&host).await;
        for inbox in ["_INBOX.1", "_INBOX.2"] {
            client
                .publish_with("s", Some(inbox), &Headers::new(), b"hi")
                .expect("sent");
            client.publish(inbox, b"ok").expect("sent");
        }
        shell.run_line("sleep 1; cat seen").await;
        // As the real nats prints it.
        for n in 1..=2 {
            let request = format!("[#{n}] Received on \"s\" with reply \"_INBOX.{n}\"\nhi\n\n\n");
            let reply = format!("[#{n}] Matched reply on \"_INBOX.{n}\"\nok\n\n\n");
            let seen = terminal.text();
            assert!(seen.contains(&(request + &reply)), "{seen}");
        }
    });
}

/// A file of arguments that names itself ends in an error, not in the stack.
#[test]
fn a_file_of_arguments_may_name_itself() {
    with_shell(|shell, terminal, _| async move {
        shell.run_line("echo @again > again; nats kv @again").await;
        let said = terminal.text();
        assert!(said.contains("too many files of arguments"), "{said}");
    });
}
