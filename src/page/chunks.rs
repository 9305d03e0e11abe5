//! The parts of the page's code that are loaded when they are first needed: the build makes a file of what only a function
//! marked here leads to. Must not know what is in them.

#![allow(unsafe_code, reason = "the macro declares the functions that another file of code provides")]

use super::view::{VIEW, View};
use crate::{
    cli::parts::{CREDENTIALS, Credentials, LANGUAGE, Language, NATS, Nats, Parts, REST, Rest},
    host::{StartEngine, jetstream},
};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

/// Why a part is missing.
struct Missing;

impl From<SplitLoaderError> for Missing {
    fn from(_: SplitLoaderError) -> Missing {
        Missing
    }
}

impl Missing {
    fn text(self) -> String {
        "this part of the page could not be loaded; check the connection to the network and try again".into()
    }
}

#[wasm_split(nats, fallible)]
fn load_nats() -> Result<&'static Nats, Missing> {
    Ok(&NATS)
}

#[wasm_split(language, fallible)]
fn load_language() -> Result<&'static Language, Missing> {
    Ok(&LANGUAGE)
}

#[wasm_split(commands, fallible)]
fn load_rest() -> Result<&'static Rest, Missing> {
    Ok(&REST)
}

#[wasm_split(credentials, fallible)]
fn load_credentials() -> Result<&'static Credentials, Missing> {
    Ok(&CREDENTIALS)
}

/// Users with keys.
pub async fn credentials() -> Result<&'static Credentials, String> {
    load_credentials().await.map_err(Missing::text)
}

/// The parts of the command line.
pub static PARTS: Parts = Parts {
    nats: || Box::pin(async { load_nats().await.map_err(Missing::text) }),
    language: || Box::pin(async { load_language().await.map_err(Missing::text) }),
    credentials: || Box::pin(credentials()),
    rest: || Box::pin(async { load_rest().await.map_err(Missing::text) }),
};

#[wasm_split(view, fallible)]
fn load_view() -> Result<&'static View, Missing> {
    Ok(&VIEW)
}

/// The page's own client.
pub async fn view() -> Result<&'static View, String> {
    load_view().await.map_err(Missing::text)
}

#[wasm_split(jetstream, fallible)]
fn load_jetstream() -> Result<StartEngine, Missing> {
    Ok(jetstream::start)
}

/// What starts JetStream on a server.
pub async fn jetstream() -> Result<StartEngine, String> {
    load_jetstream().await.map_err(Missing::text)
}
