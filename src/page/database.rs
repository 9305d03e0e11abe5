//! The browser's IndexedDB as far as the page needs it: records by key. Knows nothing of what is in them.

use js_sys::{Array, Function, Promise, Uint8Array};
use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
    web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransaction, IdbTransactionMode},
};
use wasm_bindgen_futures::JsFuture;

const RECORDS: &str = "records";

/// An open database.
pub struct Database(IdbDatabase);

impl Database {
    /// Opens a database, and makes it when it is not there.
    pub async fn open(name: &str) -> Result<Database, JsValue> {
        let factory = window().indexed_db()?.ok_or(JsValue::UNDEFINED)?;
        let request = factory.open_with_u32(name, 1)?;
        let opening = request.clone();
        let made = Closure::once_into_js(move || {
            if let Ok(database) = opening.result() {
                database.unchecked_into::<IdbDatabase>().create_object_store(RECORDS).ok();
            }
        });
        request.set_onupgradeneeded(Some(made.unchecked_ref()));
        Ok(Database(done(&request).await?.unchecked_into()))
    }

    /// All records, by key.
    pub async fn all(&self) -> Result<Vec<(String, Vec<u8>)>, JsValue> {
        let store = self.0.transaction_with_str(RECORDS)?.object_store(RECORDS)?;
        let (keys, values) = (store.get_all_keys()?, store.get_all()?);
        let (keys, values) = (done(&keys), done(&values));
        let (keys, values) = (Array::from(&keys.await?), Array::from(&values.await?));
        let record = |(key, value): (JsValue, JsValue)| Some((key.as_string()?, Uint8Array::new(&value).to_vec()));
        Ok(keys.iter().zip(values.iter()).filter_map(record).collect())
    }

    /// Writes in one transaction: all of it or, with an error, nothing.
    pub async fn write(&self, fill: impl FnOnce(&IdbObjectStore) -> Result<(), JsValue>) -> Result<(), JsValue> {
        let transaction = self.0.transaction_with_str_and_mode(RECORDS, IdbTransactionMode::Readwrite)?;
        let filled = fill(&transaction.object_store(RECORDS)?);
        if filled.is_err() {
            transaction.abort().ok();
        }
        filled?;
        complete(&transaction).await
    }
}

/// What a request results in.
fn done(request: &IdbRequest) -> impl Future<Output = Result<JsValue, JsValue>> + use<> {
    let request = request.clone();
    let answer = promise(&mut |done, failed| {
        request.set_onsuccess(Some(done));
        request.set_onerror(Some(failed));
    });
    async move {
        answer.await?;
        request.result()
    }
}

/// The end of a transaction.
async fn complete(transaction: &IdbTransaction) -> Result<(), JsValue> {
    let answer = promise(&mut |done, failed| {
        transaction.set_oncomplete(Some(done));
        transaction.set_onabort(Some(failed));
    });
    answer.await.map(drop)
}

/// Resolves or fails when one of two functions is called.
fn promise(set: &mut dyn FnMut(&Function, &Function)) -> JsFuture {
    JsFuture::from(Promise::new(&mut |done, failed| set(&done, &failed)))
}
