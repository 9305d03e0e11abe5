//! Plays every step of the lesson through our own command line on the in-page server: its check says no before the step's
//! commands have run, and yes afterwards.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{
    clock::{Clock, SimulatedRuntime},
    in_process::InProcess,
    player::play,
};
use nats_kv_playground::{
    client::{Client, JetStream, Options, runtime::Runtime},
    host::Host,
    lesson::{
        Step, Terminal, WALKTHROUGH,
        check::{Seen, is_done},
    },
};
use std::{cell::RefCell, rc::Rc};

/// The commands that bring a fresh server to the start of the step, as a session.
fn prepared(step: &Step) -> String {
    let mut session = String::new();
    if step.prepare.is_empty() {
        session += "A%server \n";
    }
    for line in step.prepare {
        match line.strip_prefix("nats-server") {
            Some(flags) => session += &format!("A%server {}\n", flags.trim()),
            None => session += &format!("A- {line}\n"),
        }
    }
    session
}

/// The commands of the step, as a person gives them: questions are answered with yes, a watch is stopped at the end.
fn commands(step: &Step) -> String {
    let (mut session, mut end) = (String::new(), "");
    for command in step.commands() {
        let terminal = if command.terminal == Terminal::B {
            'B'
        } else {
            'A'
        };
        let revision = command.revision_of.map_or("", |_| "1");
        let line = format!("{}{revision}", command.line);
        if let Some(flags) = line.strip_prefix("nats-server") {
            session += &format!("A%server {}\n", flags.trim());
        } else if line.contains(" watch ") {
            session += &format!("{terminal}& {line}\n");
            end = "A^C\n";
        } else {
            let asks =
                (line.contains(" del ") || line.contains(" rm ")) && !line.contains("--force");
            if asks {
                session += &format!("{terminal}< y\\r\n");
            }
            session += &format!("{terminal}$ {line}\n");
        }
    }
    session + end
}

/// Plays a session on a fresh host; is the step done then?
async fn done_after(session: String, step: &'static Step, runtime: Rc<dyn Runtime>) -> bool {
    let place = InProcess(Host::new(runtime));
    let seen = RefCell::new(Seen::default());
    // What a page sees on its way: the buckets that the preparation makes.
    for line in step.prepare {
        if let Some(bucket) = line.strip_prefix("nats kv add ") {
            seen.borrow_mut().bucket(bucket);
        }
    }
    for line in play(&session, &place).await.lines() {
        seen.borrow_mut().output(line, step.checks);
    }
    let client = Client::connect(place.0.connector(), place.0.runtime(), Options::default()).await;
    is_done(step, &JetStream::new(client.expect("connects")), &seen).await
}

#[test]
fn each_step_is_done_by_its_commands_and_not_before() {
    for step in WALKTHROUGH.steps {
        let clock = Clock::new(1);
        let runtime = Rc::new(SimulatedRuntime(clock.clone()));
        let before = clock.run(done_after(prepared(step), step, runtime.clone()));
        assert!(!before, "{} is done before it begins", step.slug);
        let after = clock.run(done_after(prepared(step) + &commands(step), step, runtime));
        assert!(after, "the commands of {} do not do it", step.slug);
    }
}
