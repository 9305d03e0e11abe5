//! What the stream view shows: which buckets there are, and the messages of the one that is shown. Says when to look at the
//! server; how to is the [`Viewer`](super::view::Viewer)'s.

use super::{
    cancel::Cancel,
    element::Element,
    link::{self, Link},
    live::{Live, forever},
    model::Model,
    pace::Pace,
    state::Page,
};
use crate::{client::types::StreamInfo, wire::time::Time};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

/// Pause between two looks at a server that is busy, in ns.
const PAUSE: i64 = 60_000_000;
/// Buckets that are remembered while another one is shown.
const REMEMBERED: usize = 8;

/// What shows the bucket.
type Pane = fn(Page) -> Vec<Element>;

/// The bucket that is shown.
#[derive(Clone, Copy)]
pub struct StreamState {
    /// Buckets of the server, by name.
    pub buckets: Live<Vec<String>>,
    /// The one that is shown.
    pub shown: Live<Option<String>>,
    /// The server keeps messages.
    pub jetstream: Live<bool>,
    /// When [`StreamState::model`] is drawn.
    pub pace: Pace,
    /// What is known of the bucket shown.
    pub model: &'static RefCell<Model>,
    /// What shows it, once that is loaded.
    pub pane: Live<Option<Pane>>,
    tasks: &'static Tasks,
}

#[derive(Default)]
struct Tasks {
    looking: Cell<bool>,
    again: Cell<bool>,
    following: Cell<Option<Cancel>>,
    /// What is known of buckets that were shown before.
    remembered: RefCell<VecDeque<Model>>,
}

impl StreamState {
    /// Nothing is shown yet.
    pub fn new() -> StreamState {
        let model: &'static RefCell<Model> = forever(RefCell::default());
        StreamState {
            buckets: Live::new(Vec::new()),
            shown: Live::new(None),
            jetstream: Live::new(true),
            pace: Pace::new(|| model.borrow().last()),
            model,
            pane: Live::new(None),
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
        self.turn(Model::default());
        self.tasks.remembered.take();
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
                page.lesson.check_seen();
                self.look_once(page).await;
                runtime.sleep(PAUSE).await;
            }
            tasks.looking.set(false);
        }));
    }

    async fn look_once(self, page: Page) {
        if !page.link.with_untracked(Link::is_real) {
            link::refresh(page);
        }
        match page.viewer() {
            Some(viewer) => viewer.look(page).await,
            // Nobody has anything to see there.
            None if page.room().host.running().is_some_and(|config| config.jetstream.is_none()) => self.jetstream.set(false),
            None => {}
        }
    }

    /// Is about to follow another bucket, or none; cancelled when that is over.
    pub fn turn(self, model: Model) -> Cancel {
        let cancel = Cancel::default();
        if let Some(before) = self.tasks.following.replace(Some(cancel.clone())) {
            before.cancel();
        }
        let before = self.model.replace(model);
        if !before.bucket.is_empty() {
            let mut remembered = self.tasks.remembered.borrow_mut();
            remembered.push_back(before);
            if remembered.len() > REMEMBERED {
                remembered.pop_front();
            }
        }
        self.pace.touch();
        cancel
    }

    /// What was known of a bucket when it was last shown, and is this one.
    pub fn remembered(self, bucket: &str, info: &StreamInfo) -> Option<Model> {
        let mut remembered = self.tasks.remembered.borrow_mut();
        let same = |model: &Model| model.bucket == bucket && model.info.created == info.created;
        let at = remembered.iter().position(same)?;
        remembered.remove(at)
    }

    /// Time has passed.
    pub fn tick(self, now: Time, page: Page) {
        let expired = self.model.borrow_mut().expire(now);
        if expired {
            self.look(page);
        }
    }
}
