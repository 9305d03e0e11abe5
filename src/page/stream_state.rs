//! Keeps the stream view up to date: which buckets there are, and the messages of the one that is shown. A client of the
//! server like any other: it lists, asks for descriptions, and watches.

use super::{
    cancel::Cancel,
    link::{self, Link},
    live::{Live, forever},
    model::Model,
    state::Page,
};
use crate::{
    client::{Error, State, kv::WatchOptions, types::StreamInfo},
    wire::time::Time,
};
use leptos::prelude::request_animation_frame;
use std::cell::{Cell, RefCell};

/// Pause between two looks at a server that is busy, in ns.
const PAUSE: i64 = 60_000_000;
/// Messages of a bucket that are asked for when it comes to be shown.
const BACKLOG: u64 = 1_000;

/// The bucket that is shown.
#[derive(Clone, Copy)]
pub struct StreamState {
    /// Buckets of the server, by name.
    pub buckets: Live<Vec<String>>,
    /// The one that is shown.
    pub shown: Live<Option<String>>,
    /// The server keeps messages.
    pub jetstream: Live<bool>,
    /// Counts the changes of [`StreamState::model`].
    pub version: Live<u32>,
    /// What is known of the bucket shown.
    pub model: &'static RefCell<Model>,
    tasks: &'static Tasks,
}

#[derive(Default)]
struct Tasks {
    looking: Cell<bool>,
    again: Cell<bool>,
    drawn: Cell<bool>,
    following: Cell<Option<Cancel>>,
}

impl StreamState {
    /// Nothing is shown yet.
    pub fn new() -> StreamState {
        StreamState {
            buckets: Live::new(Vec::new()),
            shown: Live::new(None),
            jetstream: Live::new(true),
            version: Live::new(0),
            model: forever(RefCell::default()),
            tasks: forever(Tasks::default()),
        }
    }

    /// Shows a bucket.
    pub fn show(self, bucket: String, page: Page) {
        self.shown.set(Some(bucket));
        self.look(page);
    }

    /// Another server: what was known does not hold.
    pub fn forget(self, page: Page) {
        self.follow(None, page);
        self.buckets.set(Vec::new());
        self.shown.set(None);
        self.look(page);
    }

    /// A command line names a bucket: people want to see what it does to it.
    pub fn mentioned(self, line: &str) {
        let named = self.buckets.with_untracked(|buckets| {
            line.split_whitespace().find(|word| buckets.iter().any(|bucket| bucket == word)).map(String::from)
        });
        if named.is_some() && named != self.shown.get_untracked() {
            self.shown.set(named);
        }
    }

    /// Looks at the server again, soon: something may have changed. Also asks whether the lesson's step is done.
    pub fn look(self, page: Page) {
        let tasks = self.tasks;
        tasks.again.set(true);
        if tasks.looking.replace(true) {
            return;
        }
        let runtime = page.runtime();
        runtime.clone().spawn(Box::pin(async move {
            while tasks.again.replace(false) {
                self.look_once(page).await;
                page.lesson.check(page).await;
                runtime.sleep(PAUSE).await;
            }
            tasks.looking.set(false);
        }));
    }

    async fn look_once(self, page: Page) {
        let Some(jetstream) = page.jetstream() else { return };
        if !page.link.with_untracked(Link::is_real) {
            link::refresh(page);
        }
        let stopped = page.link.with_untracked(|link| *link == Link::Stopped);
        let names = if stopped { Ok(Vec::new()) } else { jetstream.key_value_names().await };
        // What a server has that cannot be reached is there when it is back.
        if names.is_err() && jetstream.client.state() != State::Connected {
            return;
        }
        self.jetstream.set(names.is_ok());
        let names = names.unwrap_or_default();
        for name in &names {
            page.lesson.bucket(name);
        }
        let before = self.buckets.get_untracked();
        let new = names.iter().find(|name| !before.contains(name)).cloned();
        let gone = self.shown.get_untracked().is_none_or(|shown| !names.contains(&shown));
        if let Some(name) = new.filter(|_| !before.is_empty() || gone).or_else(|| names.last().filter(|_| gone).cloned()) {
            self.shown.set(Some(name));
        } else if gone && self.shown.get_untracked().is_some() {
            self.shown.set(None);
        }
        if names != before {
            self.buckets.set(names);
        }
        let Some(shown) = self.shown.get_untracked() else {
            self.follow(None, page);
            return;
        };
        let Ok(info) = jetstream.stream_info(&format!("KV_{shown}")).await else { return };
        let same = {
            let model = self.model.borrow();
            model.bucket == shown && model.info.created == info.created
        };
        if same {
            self.model.borrow_mut().described(info);
            self.touch();
        } else {
            self.follow(Some((shown, info)), page);
        }
    }

    /// Watches a bucket from now on, and no other.
    fn follow(self, what: Option<(String, StreamInfo)>, page: Page) {
        let cancel = Cancel::default();
        if let Some(before) = self.tasks.following.replace(Some(cancel.clone())) {
            before.cancel();
        }
        let Some((name, info)) = what else {
            self.model.replace(Model::default());
            self.touch();
            return;
        };
        let first = info.state.last_seq.saturating_sub(BACKLOG) + 1;
        self.model.replace(Model::new(&name, info));
        self.touch();
        let Some(jetstream) = page.jetstream() else { return };
        page.runtime().spawn(Box::pin(async move {
            let watching = async {
                let bucket = jetstream.key_value(&name).await?;
                let options = WatchOptions { resume_from_revision: first, ..WatchOptions::default() };
                let mut watch = bucket.watch(&[">"], options).await?;
                loop {
                    if let Some(entry) = watch.next().await? {
                        self.model.borrow_mut().push(entry);
                        self.touch();
                        self.look(page);
                    }
                }
            };
            let ended: Option<Result<(), Error>> = cancel.unless(watching).await;
            // Ended by itself: the next look begins anew.
            if ended.is_some() {
                self.model.replace(Model::default());
            }
        }));
    }

    /// Time has passed.
    pub fn tick(self, now: Time, page: Page) {
        let expired = self.model.borrow_mut().expire(now);
        if expired {
            self.look(page);
        }
    }

    /// Draws at the next frame.
    fn touch(self) {
        let tasks = self.tasks;
        if !tasks.drawn.replace(true) {
            request_animation_frame(move || {
                tasks.drawn.set(false);
                self.version.update(|version| *version = version.wrapping_add(1));
            });
        }
    }
}
