//! Keeps file-backed streams in the browser's IndexedDB, as the host tells of their changes, and brings them back. Where
//! that is not allowed the page works without, and says so.

use super::state::Page;
use crate::host::Change;
use idb::{Database, Factory, KeyRange, ObjectStoreParams, TransactionMode};
use js_sys::Uint8Array;
use leptos::prelude::*;
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

const DATABASE: &str = "nats-kv-playground";
/// Records by store directory and number; together, in order, they are what the server restores.
const RECORDS: &str = "records";

/// Writes changes, one transaction after the other.
struct Keeper {
    database: Database,
    page: Page,
    waiting: RefCell<VecDeque<(String, Change)>>,
    writing: Cell<bool>,
    next: Cell<u32>,
}

/// Brings back what was kept, and keeps what changes from now on. Before the server starts.
pub async fn begin(page: Page) {
    match open().await {
        Ok((database, next)) => {
            let host = &page.room().host;
            match load(&database).await {
                Ok(kept) => kept.into_iter().for_each(|(folder, bytes)| host.load(&folder, bytes)),
                Err(_) => failed(page),
            }
            let keeper = Rc::new(Keeper {
                database,
                page,
                waiting: RefCell::default(),
                writing: Cell::new(false),
                next: Cell::new(next),
            });
            host.on_change(Rc::new(move |folder, change| {
                keeper.waiting.borrow_mut().push_back((folder.to_string(), change));
                keeper.clone().write();
            }));
        }
        Err(_) => failed(page),
    }
}

/// Forgets everything.
pub async fn forget() -> Result<(), idb::Error> {
    let (database, _) = open().await?;
    let transaction = database.transaction(&[RECORDS], TransactionMode::ReadWrite)?;
    transaction.object_store(RECORDS)?.clear()?.await?;
    transaction.commit()?.await?;
    Ok(())
}

fn failed(page: Page) {
    page.notice.set("This browser keeps nothing for this page: buckets last until it is closed.");
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
    let number = |key: &leptos::wasm_bindgen::JsValue| key.as_string()?.rsplit('\n').next()?.parse::<u32>().ok();
    let last = keys.iter().filter_map(number).max();
    Ok((database, last.map_or(0, |last| last + 1)))
}

/// What was kept, by store directory.
async fn load(database: &Database) -> Result<BTreeMap<String, Vec<u8>>, idb::Error> {
    let transaction = database.transaction(&[RECORDS], TransactionMode::ReadOnly)?;
    let store = transaction.object_store(RECORDS)?;
    let (keys, values) = (store.get_all_keys(None, None)?, store.get_all(None, None)?);
    let (keys, values) = (keys.await?, values.await?);
    let mut kept: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (key, value) in keys.iter().zip(values) {
        if let Some((folder, _)) = key.as_string().as_deref().and_then(|key| key.rsplit_once('\n')) {
            kept.entry(folder.to_string()).or_default().extend(Uint8Array::new(&value).to_vec());
        }
    }
    Ok(kept)
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
                    failed(self.page);
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
