//! Small things kept in the browser between visits. Where there is no storage (a sandboxed frame, private mode) nothing is
//! kept and nothing fails.

use leptos::prelude::window;
use std::sync::atomic::{AtomicBool, Ordering};

/// Several embedded pages would overwrite what the others keep; a shared session is not this person's own.
static OFF: AtomicBool = AtomicBool::new(false);

/// From now on nothing is kept, and nothing is found.
pub fn turn_off() {
    OFF.store(true, Ordering::Relaxed);
}

/// Another tab keeps the lesson and how the server was started.
static GUEST: AtomicBool = AtomicBool::new(false);
/// What is that tab's.
const STATE: [&str; 5] = ["step", "done", "server", "commands", "ahead"];

/// From now on another tab's state is left alone.
pub fn be_guest() {
    GUEST.store(true, Ordering::Relaxed);
}

fn storage() -> Option<leptos::web_sys::Storage> {
    if OFF.load(Ordering::Relaxed) {
        return None;
    }
    window().local_storage().ok()?
}

/// A kept value.
pub fn get(name: &str) -> Option<String> {
    storage()?.get_item(name).ok()?
}

/// Keeps a value.
pub fn set(name: &str, value: &str) {
    if GUEST.load(Ordering::Relaxed) && STATE.contains(&name) {
        return;
    }
    if let Some(storage) = storage() {
        storage.set_item(name, value).ok();
    }
}

/// Lines of history kept.
const HISTORY: usize = 200;
/// What a line with a secret in it has: such a line is never kept. The last is how a JWT begins.
const SECRETS: [&str; 9] = ["pass", "token", "creds", "nkey", "auth", "@", "jwt", "seed", "eyj"];
/// Letters of an NKey seed, of which the first is an S.
const SEED: usize = 58;

/// Might a line hold a secret?
pub fn is_secret(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric());
    let seed = words.any(|word| word.len() == SEED && word.starts_with('S'));
    let line = line.to_ascii_lowercase();
    seed || SECRETS.iter().any(|secret| line.contains(secret))
}

/// Lines of earlier visits, oldest first.
pub fn history() -> Vec<String> {
    get("history").unwrap_or_default().split('\n').filter(|line| !line.is_empty()).map(String::from).collect()
}

/// Keeps a line that was run.
pub fn keep_history(line: &str) {
    if is_secret(line) || line.contains('\n') {
        return;
    }
    let mut lines = history();
    if lines.last().is_none_or(|last| last != line) {
        lines.push(line.to_string());
    }
    let skipped = lines.len().saturating_sub(HISTORY);
    set("history", &lines.split_off(skipped).join("\n"));
}

/// Commands that made what is kept, oldest first.
pub fn commands() -> Vec<String> {
    get("commands").unwrap_or_default().split('\n').filter(|line| !line.is_empty()).map(String::from).collect()
}

/// Keeps them, without those that might hold a secret.
pub fn keep_commands(lines: &[String]) {
    let lines: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !is_secret(line)).collect();
    set("commands", &lines.join("\n"));
}

/// Keeps how the server was started, without its secrets.
pub fn keep_server(line: &str) {
    let jetstream = line.split_whitespace().any(|word| matches!(word, "-js" | "--js" | "-jetstream" | "--jetstream"));
    if line.starts_with("nats-server") {
        let plain = if jetstream { "nats-server -js" } else { "nats-server" };
        set("server", if is_secret(line) { plain } else { line });
    }
}

/// How far the clock was moved ahead when what is kept was made, in ns.
pub fn ahead() -> i64 {
    get("ahead").and_then(|ahead| ahead.parse().ok()).unwrap_or(0)
}

/// Keeps that it was moved further.
pub fn keep_ahead(ns: i64) {
    set("ahead", &ahead().saturating_add(ns).to_string());
}

/// The real server that was connected to last, or one as its configuration in the dialog makes it.
pub fn address() -> String {
    get("address").unwrap_or_else(|| "ws://127.0.0.1:8443".into())
}

/// Keeps which real server was connected to, unless its address has a secret in it.
pub fn keep_address(address: &str) {
    if !is_secret(address) {
        set("address", address);
    }
}

/// Forgets everything but how the page looks.
pub fn clear() {
    if let Some(storage) = storage() {
        for name in STATE.into_iter().chain(["history", "address"]) {
            storage.remove_item(name).ok();
        }
    }
}
