//! The golden sessions in a browser (`wasm-pack test`): our command line against the in-page server, in real time.
#![cfg(target_arch = "wasm32")]

mod common;

use common::in_process::check;
use nats_kv_playground::host::BrowserRuntime;
use std::rc::Rc;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

macro_rules! each {
    ($($name:ident $path:literal,)*) => {
        $(
            #[wasm_bindgen_test]
            async fn $name() {
                let session = include_str!(concat!("golden/", $path, ".txt"));
                check(session, Rc::new(BrowserRuntime::new())).await;
            }
        )*
    };
}

sessions!(each);
