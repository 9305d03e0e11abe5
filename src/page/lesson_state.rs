//! Where a person is in the lesson, what has been done, and the checks that say so.

use super::{
    live::{Live, forever},
    panes::Panes,
    storage,
};
use crate::{
    client::JetStream,
    lesson::{
        Check, Command, Step, Terminal, WALKTHROUGH,
        check::{self, Seen},
    },
};
use std::cell::RefCell;

/// The lesson as it stands.
#[derive(Clone, Copy)]
pub struct LessonState {
    /// The step shown, from 0.
    pub step: Live<usize>,
    /// Steps that are done, by slug.
    pub done: Live<Vec<String>>,
    /// The server is being brought to where this step starts.
    pub preparing: Live<bool>,
    /// What the step starts with, and is not there, as far as is known.
    pub lacks: Live<Option<&'static Check>>,
    /// Commands of this step that have been run.
    ran: Live<Vec<Command>>,
    /// The revision that this step's commands name.
    revision: Live<Option<u64>>,
    seen: &'static RefCell<Seen>,
}

impl LessonState {
    /// The lesson where it was left, or at its start.
    pub fn new() -> LessonState {
        let done = storage::get("done").unwrap_or_default();
        let done = done.split_whitespace().map(String::from).collect();
        let step = storage::get("step").and_then(|slug| WALKTHROUGH.position(&slug));
        LessonState {
            step: Live::new(step.unwrap_or(0)),
            done: Live::new(done),
            preparing: Live::new(false),
            lacks: Live::new(None),
            ran: Live::new(Vec::new()),
            revision: Live::new(None),
            seen: forever(RefCell::default()),
        }
    }

    /// The step shown.
    pub fn current(self) -> &'static Step {
        step(self.step.get())
    }

    /// Is a step done?
    pub fn is_done(self, step: &Step) -> bool {
        self.done.with(|done| done.iter().any(|slug| slug == step.slug))
    }

    /// Opens a step.
    pub fn open(self, index: usize, panes: Panes) {
        let index = index.min(WALKTHROUGH.steps.len() - 1);
        self.preparing.set(false);
        self.lacks.set(None);
        self.ran.set(Vec::new());
        self.revision.set(None);
        self.step.set(index);
        panes.for_step(index, step(index));
    }

    /// Keeps which step is open, for the next visit.
    pub fn keep_place(self) {
        storage::set("step", step(self.step.get_untracked()).slug);
    }

    /// A command as it is to be run: with the revision it names, as far as that is known.
    pub fn line(self, command: Command) -> String {
        match (command.revision_of, self.revision.get()) {
            (None, _) => command.line.into(),
            (Some(_), Some(revision)) => format!("{}{revision}", command.line),
            (Some(_), None) => format!("{}1", command.line),
        }
    }

    /// Has this command of the step been run?
    pub fn has_run(self, command: Command) -> bool {
        self.ran.with(|ran| ran.contains(&command))
    }

    /// A line begins to run.
    pub fn ran(self, terminal: Terminal, line: &str) {
        let step = step(self.step.get_untracked());
        let ran = step.commands().into_iter().find(|command| {
            command.terminal == terminal && self.line(*command) == line.trim()
        });
        if let Some(command) = ran.filter(|command| !self.has_run(*command)) {
            self.ran.update(|ran| ran.push(command));
        }
    }

    /// A terminal has shown a line. True if a step waited for it.
    pub fn output(self, line: &str) -> bool {
        let mut waited = false;
        for step in WALKTHROUGH.steps {
            waited |= self.seen.borrow_mut().output(line, step.checks);
        }
        waited
    }

    /// A bucket is there.
    pub fn bucket(self, bucket: &str) {
        self.seen.borrow_mut().bucket(bucket);
    }

    /// Is the step done by what was seen here, whatever the server says?
    pub fn check_seen(self) {
        let step = step(self.step.get_untracked());
        if !self.is_done(step) && check::is_seen(step, &self.seen.borrow()) {
            self.finish(step);
        }
    }

    /// Asks the server whether the step is done, which revision its commands name, and, of the one in the page, what is not
    /// there of what the step starts with.
    pub async fn check(self, jetstream: &JetStream, in_page: bool) {
        let step = step(self.step.get_untracked());
        let done = self.is_done(step);
        let preparing = self.preparing.get_untracked();
        // Before the rest: what is gone because the step is done by now is not missed.
        let lacks = match in_page {
            true => check::lacks(step, done, jetstream).await,
            false => None,
        };
        let named = step.commands().iter().find_map(|command| command.revision_of);
        if let Some((bucket, key)) = named
            && (self.ran.with_untracked(Vec::is_empty) || self.revision.get_untracked().is_none())
            && let Some(entry) = check::entry(jetstream, bucket, key).await
            && self.ran.with_untracked(Vec::is_empty)
        {
            self.revision.set(Some(entry.revision));
        }
        let finished = !done && check::is_done(step, jetstream, self.seen).await;
        if finished {
            self.finish(step);
        }
        // Another step may have been opened meanwhile, or what is missed be there by now.
        let same = step.slug == self::step(self.step.get_untracked()).slug;
        let lacks = lacks.filter(|_| same && !finished && !preparing);
        if self.lacks.get_untracked() != lacks {
            self.lacks.set(lacks);
        }
    }

    fn finish(self, step: &Step) {
        self.done.update(|done| done.push(step.slug.into()));
        storage::set("done", &self.done.with_untracked(|done| done.join(" ")));
    }
}

fn step(index: usize) -> &'static Step {
    let steps = WALKTHROUGH.steps;
    &steps[index.min(steps.len() - 1)]
}
