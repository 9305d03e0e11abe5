//! Keeps file-backed streams in the browser's IndexedDB, as the host tells of their changes, and brings them back. Where
//! that is not allowed the page works without, and says so. One tab of a browser writes; others begin with what was kept, and keep
//! nothing.

use super::{database::Database, state::Page};
use crate::host::Change;
use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
    web_sys::{IdbKeyRange, IdbObjectStore},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

/// The database, and the lock of the tab that writes to it. Its keys are a store directory and a number; the records of a
/// directory, in order, are what the server restores.
const DATABASE: &str = "nats-kv-playground";

const NOTHING_KEPT: &str = "This browser keeps nothing for this page: buckets last until it is closed.";
const NO_ROOM: &str = "This browser stores no more for this page: what changes from now on lasts until it is closed.";
const OTHER_TAB: &str = "Another tab keeps the buckets: what changes in this one lasts until it is closed.";

/// Writes changes, one transaction after the other.
struct Keeper {
    database: Database,
    page: Page,
    waiting: RefCell<VecDeque<(String, Change)>>,
    writing: Cell<bool>,
    /// A change could not be written: what comes after a gap must not be kept either.
    broken: Cell<bool>,
    next: Cell<u32>,
}

/// Brings back what was kept, and keeps what changes from now on. Before the server starts.
pub async fn begin(page: Page) {
    let host = &page.room().host;
    let Ok(database) = Database::open(DATABASE).await else { return page.notice.set(NOTHING_KEPT) };
    let Ok(records) = database.all().await else { return page.notice.set(NOTHING_KEPT) };
    let mut next = 0;
    let mut kept: Vec<(&str, Vec<u8>)> = Vec::new();
    // The keys are in order: what belongs together follows each other.
    for (key, bytes) in &records {
        let Some((folder, number)) = key.rsplit_once('\n') else { continue };
        next = number.parse().map_or(next, |number: u32| next.max(number + 1));
        match kept.last_mut() {
            Some((last, all)) if *last == folder => all.extend(bytes),
            _ => kept.push((folder, bytes.clone())),
        }
    }
    kept.into_iter().for_each(|(folder, bytes)| host.load(folder, bytes));
    if !alone().await {
        return page.notice.set(OTHER_TAB);
    }
    let keeper = Rc::new(Keeper {
        database,
        page,
        waiting: RefCell::default(),
        writing: Cell::new(false),
        broken: Cell::new(false),
        next: Cell::new(next),
    });
    host.on_change(Rc::new(move |folder, change| {
        if !keeper.broken.get() {
            keeper.waiting.borrow_mut().push_back((folder.to_string(), change));
            keeper.clone().write();
        }
    }));
}

/// Is this the one tab that writes? Then it is until it is closed. True where browsers have no locks.
async fn alone() -> bool {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).unwrap_or_default();
    let Some(request) = Reflect::get(&locks, &"request".into()).ok().and_then(|request| request.dyn_into::<Function>().ok()) else {
        return true;
    };
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &true.into()).ok();
    let answer = Promise::new(&mut |answer, _| {
        let held = Closure::once_into_js(move |lock: JsValue| {
            answer.call1(&JsValue::NULL, &lock).ok();
            Promise::new(&mut |_, _| {}) // never: the lock is held as long as the tab is there
        });
        request.call3(&locks, &DATABASE.into(), &options, &held).ok();
    });
    !matches!(wasm_bindgen_futures::JsFuture::from(answer).await, Ok(lock) if lock.is_null())
}

/// Forgets everything.
pub async fn forget() -> Result<(), JsValue> {
    Database::open(DATABASE).await?.write(|records| records.clear().map(drop)).await
}

impl Keeper {
    fn write(self: Rc<Self>) {
        if self.writing.replace(true) {
            return;
        }
        self.page.runtime().spawn(Box::pin(async move {
            loop {
                let changes: Vec<_> = self.waiting.borrow_mut().drain(..).collect();
                if changes.is_empty() {
                    break;
                }
                if self.write_all(changes).await.is_err() {
                    self.broken.set(true);
                    self.page.notice.set(NO_ROOM);
                }
            }
            self.writing.set(false);
        }));
    }

    async fn write_all(&self, changes: Vec<(String, Change)>) -> Result<(), JsValue> {
        let put = |records: &IdbObjectStore| {
            for (folder, change) in changes {
                let bytes = match change {
                    Change::Append(bytes) => bytes,
                    Change::Snapshot(bytes) => {
                        let (from, to) = (format!("{folder}\n").into(), format!("{folder}\n~").into());
                        records.delete(&IdbKeyRange::bound(&from, &to)?.into())?;
                        bytes
                    }
                };
                let number = self.next.replace(self.next.get() + 1);
                records.put_with_key(&Uint8Array::from(bytes.as_slice()), &format!("{folder}\n{number:010}").into())?;
            }
            Ok(())
        };
        self.database.write(put).await
    }
}
