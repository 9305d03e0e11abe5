//! Keeps file-backed streams in the browser's IndexedDB, as the host tells of their changes, and brings them back. Where
//! that is not allowed the page works without, and says so. One tab of a browser writes; others begin with what was kept, and keep
//! nothing.

use super::{state::Page, storage};
use crate::host::Change;
use idb::{Database, Factory, KeyRange, ObjectStoreParams, TransactionMode};
use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// The database, and the lock of the tab that writes to it.
const DATABASE: &str = "nats-kv-playground";
/// Records by store directory and number; together, in order, they are what the server restores.
const RECORDS: &str = "records";

const NOTHING_KEPT: &str = "This browser keeps nothing for this page: buckets last until it is closed.";
const NO_ROOM: &str = "This browser stores no more for this page: what changes from now on lasts until it is closed.";
const OTHER_TAB: &str = "Another tab keeps the buckets: what changes in this one lasts until it is closed.";
/// Said of a session that somebody else has shared.
pub const SHARED: &str = "A shared session, on a server of its own: your own buckets are not touched, and what changes lasts until it is closed.";

/// Writes changes, one transaction after the other.
struct Keeper {
    database: Database,
    page: Page,
    /// By folder.
    waiting: RefCell<Vec<(String, Change)>>,
    writing: Cell<bool>,
    /// A change could not be written: what comes after a gap must not be kept either.
    broken: Cell<bool>,
    next: Cell<u32>,
}

/// Brings back what was kept, and keeps what changes from now on. Before the server starts.
pub async fn begin(page: Page) {
    match open().await {
        Ok((database, next)) => {
            let host = &page.room().host;
            match load(&database).await {
                Ok(kept) => kept.into_iter().for_each(|(folder, bytes)| host.load(&folder, bytes)),
                Err(_) => nothing_kept(page),
            }
            if !alone().await {
                page.guest.set(true);
                storage::be_guest();
                page.notice.set(OTHER_TAB);
                return;
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
                    keeper.add(folder, change);
                    keeper.clone().write();
                }
            }));
        }
        Err(_) => nothing_kept(page),
    }
}

/// Nor is what made it of use.
fn nothing_kept(page: Page) {
    page.commands.set(Vec::new());
    page.notice.set(NOTHING_KEPT);
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
pub async fn forget() -> Result<(), idb::Error> {
    let (database, _) = open().await?;
    let transaction = database.transaction(&[RECORDS], TransactionMode::ReadWrite)?;
    transaction.object_store(RECORDS)?.clear()?.await?;
    transaction.commit()?.await?;
    Ok(())
}

/// The database, and the number of the next record.
async fn open() -> Result<(Database, u32), idb::Error> {
    let mut request = Factory::new()?.open(DATABASE, Some(1))?;
    request.on_upgrade_needed(|event| {
        use idb::DatabaseEvent;
        if let Ok(database) = event.database() {
            database.create_object_store(RECORDS, ObjectStoreParams::new()).ok();
        }
    });
    let database = request.await?;
    let transaction = database.transaction(&[RECORDS], TransactionMode::ReadOnly)?;
    let keys = transaction.object_store(RECORDS)?.get_all_keys(None, None)?.await?;
    let number = |key: &JsValue| key.as_string()?.rsplit('\n').next()?.parse::<u32>().ok();
    let last = keys.iter().filter_map(number).max();
    Ok((database, last.map_or(0, |last| last + 1)))
}

/// What was kept, by store directory.
async fn load(database: &Database) -> Result<Vec<(String, Vec<u8>)>, idb::Error> {
    let transaction = database.transaction(&[RECORDS], TransactionMode::ReadOnly)?;
    let store = transaction.object_store(RECORDS)?;
    let (keys, values) = (store.get_all_keys(None, None)?, store.get_all(None, None)?);
    let (keys, values) = (keys.await?, values.await?);
    let mut kept: Vec<(String, Vec<u8>)> = Vec::new();
    // The keys are in order: what belongs together follows each other.
    for (key, value) in keys.iter().zip(values) {
        let Some(key) = key.as_string() else { continue };
        let Some((folder, _)) = key.rsplit_once('\n') else { continue };
        let bytes = Uint8Array::new(&value).to_vec();
        match kept.last_mut() {
            Some((last, all)) if last == folder => all.extend(bytes),
            _ => kept.push((folder.into(), bytes)),
        }
    }
    Ok(kept)
}

impl Keeper {
    /// What waits for the transaction before it becomes one record: thousands would take many seconds, and be lost with the tab.
    fn add(&self, folder: &str, change: Change) {
        let mut waiting = self.waiting.borrow_mut();
        match (waiting.iter_mut().find(|(of, _)| of == folder), change) {
            (Some((_, Change::Append(before) | Change::Snapshot(before))), Change::Append(bytes)) => before.extend(bytes),
            (Some((_, before)), snapshot) => *before = snapshot,
            (None, change) => waiting.push((folder.into(), change)),
        }
    }

    fn write(self: Rc<Self>) {
        if self.writing.replace(true) {
            return;
        }
        self.page.runtime().spawn(Box::pin(async move {
            loop {
                let changes = self.waiting.take();
                if changes.is_empty() {
                    break;
                }
                if self.write_all(changes).await.is_err() {
                    self.broken.set(true);
                    self.waiting.take();
                    self.page.notice.set(NO_ROOM);
                }
            }
            self.writing.set(false);
        }));
    }

    async fn write_all(&self, changes: Vec<(String, Change)>) -> Result<(), idb::Error> {
        let transaction = self.database.transaction(&[RECORDS], TransactionMode::ReadWrite)?;
        let store = transaction.object_store(RECORDS)?;
        for (folder, change) in changes {
            let bytes = match change {
                Change::Append(bytes) => bytes,
                Change::Snapshot(bytes) => {
                    let (from, to) = (format!("{folder}\n").into(), format!("{folder}\n~").into());
                    store.delete(KeyRange::bound(&from, &to, None, None)?)?.await?;
                    bytes
                }
            };
            let number = self.next.replace(self.next.get() + 1);
            let key = format!("{folder}\n{number:010}").into();
            store.put(&Uint8Array::from(bytes.as_slice()), Some(&key))?.await?;
        }
        transaction.commit()?.await?;
        Ok(())
    }
}
