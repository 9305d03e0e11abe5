//! What the commands do. Here: what they all need, and which function belongs to which path.

mod account;
mod bench;
mod cheat;
mod check;
mod config_file;
mod connect;
mod connections;
mod consumer;
mod contexts;
mod credentials;
mod errors;
mod form;
pub mod json;
mod kv;
mod mappings;
mod message;
mod program;
mod publish;
mod pull;
mod schema;
mod secured;
mod server;
mod stream;
mod subscribe;
mod system;
mod trace;

pub use config_file::config_file;
pub use connect::{Library, require};
pub use credentials::{Identity, from_file, signer};

use super::{
    Session,
    context::Context,
    parse::{Failure, Values},
    prompt::Prompt,
    render::{self, columns::Columns, columns::longest_value, table::Look, table::Table},
    values::quote,
};
use crate::{
    client::{JetStream, transport::LocalFuture},
    wire::{base62, sorted::Sorted, time::Time},
};
use serde_json::Value;
use std::{cell::RefCell, rc::Rc};

/// How a command ends.
pub type Outcome = Result<(), Failure>;

/// A command line that is to be run.
#[derive(Clone)]
pub struct Call {
    /// The command's path.
    pub path: &'static str,
    /// What it asks of servers: a subject, and the fields of the request.
    pub asks: Option<(&'static str, &'static str)>,
    /// Its flags and arguments.
    pub values: Values,
    /// Where it runs.
    pub session: Session,
    /// What it connects with.
    pub context: Context,
    /// What the server refused last on the command's connections.
    pub refused: Rc<RefCell<Option<String>>>,
    /// The server's URL as it was given, and its address, once connected.
    pub connected: Rc<RefCell<(String, String)>>,
}

/// Runs a command that is there from the start.
pub fn core(call: Call) -> LocalFuture<'static, Outcome> {
    match call.path {
        "account info" => Box::pin(account::info(call)),
        "kv add" => Box::pin(kv::add(call)),
        "kv put" => Box::pin(kv::put(call)),
        "kv get" => Box::pin(kv::get(call)),
        "kv create" => Box::pin(kv::create(call)),
        "kv update" => Box::pin(kv::update(call)),
        "kv del" => Box::pin(kv::delete(call)),
        "kv purge" => Box::pin(kv::purge(call)),
        "kv history" => Box::pin(kv::history(call)),
        "kv info" => Box::pin(kv::info(call)),
        "kv watch" => Box::pin(kv::watch(call)),
        "kv ls" => Box::pin(kv::list(call)),
        path => {
            let text = format!("this playground does not have \"nats {path}\"");
            Box::pin(std::future::ready(Err(text.into())))
        }
    }
}

/// Runs any command.
pub fn dispatch(call: Call) -> LocalFuture<'static, Outcome> {
    match call.path {
        "rtt" => Box::pin(account::rtt(call)),
        "account tls" => Box::pin(account::tls(call)),
        "kv edit" => Box::pin(kv::edit(call)),
        "kv revert" => Box::pin(kv::revert(call)),
        "kv compact" => Box::pin(kv::compact(call)),
        "publish" => Box::pin(publish::publish(call)),
        "request" => Box::pin(publish::request(call)),
        "reply" => Box::pin(publish::reply(call)),
        "subscribe" => Box::pin(subscribe::subscribe(call)),
        "stream ls" => Box::pin(stream::list(call)),
        "stream find" => Box::pin(stream::find(call)),
        "stream info" => Box::pin(stream::info(call)),
        "stream state" => Box::pin(stream::state(call)),
        "stream report" => Box::pin(stream::report(call)),
        "stream rm" => Box::pin(stream::remove(call)),
        "stream add" => Box::pin(stream::config::add(call)),
        "stream edit" => Box::pin(stream::edit::edit(call)),
        "stream copy" => Box::pin(stream::edit::copy(call)),
        "stream subjects" => Box::pin(stream::messages::subjects(call)),
        "stream get" => Box::pin(stream::messages::get(call)),
        "stream rmm" => Box::pin(stream::messages::remove(call)),
        "stream purge" => Box::pin(stream::messages::purge(call)),
        "stream cluster step-down" => Box::pin(stream::cluster::step_down(call)),
        "stream cluster peer-remove" => Box::pin(stream::cluster::remove_peer(call)),
        "stream cluster balance" => Box::pin(stream::cluster::balance(call)),
        "stream cluster cancel-move" => Box::pin(stream::cluster::cancel_move(call)),
        "stream cluster evacuate" => Box::pin(stream::cluster::evacuate(call)),
        "stream graph" | "consumer graph" => Box::pin(graph(call)),
        "stream seal" => Box::pin(stream::messages::seal(call)),
        "stream gaps" => Box::pin(stream::messages::gaps(call)),
        "stream view" => Box::pin(stream::view(call)),
        "consumer ls" => Box::pin(consumer::list(call)),
        "consumer find" => Box::pin(consumer::find(call)),
        "consumer info" => Box::pin(consumer::info(call)),
        "consumer state" => Box::pin(consumer::state(call)),
        "consumer report" => Box::pin(consumer::report(call)),
        "consumer rm" => Box::pin(consumer::remove(call)),
        "consumer reset" => Box::pin(consumer::reset(call)),
        "consumer unpin" => Box::pin(consumer::unpin(call)),
        "consumer pause" => Box::pin(consumer::pause(call)),
        "consumer resume" => Box::pin(consumer::resume(call)),
        "consumer add" => Box::pin(consumer::config::add(call)),
        "consumer edit" => Box::pin(consumer::edit::edit(call)),
        "consumer copy" => Box::pin(consumer::edit::copy(call)),
        "consumer cluster step-down" | "consumer cluster evacuate" => {
            Box::pin(consumer::cluster::not_clustered(call))
        }
        "consumer cluster balance" => Box::pin(consumer::cluster::balance(call)),
        "consumer next" => Box::pin(consumer::receive::next(call)),
        "consumer sub" => Box::pin(consumer::receive::subscribe(call)),
        "server check server" | "server check meta" => Box::pin(check::system(call)),
        "bench pub" => Box::pin(bench::publish(call)),
        "bench sub" => Box::pin(bench::subscribe(call)),
        "bench kv put" => Box::pin(bench::put(call)),
        "bench kv get" => Box::pin(bench::get(call)),
        "cheat" => Box::pin(cheat::cheat(call)),
        "server check connection" => Box::pin(check::connection(call)),
        "server check kv" => Box::pin(check::kv(call)),
        "server check jetstream" => Box::pin(check::jetstream(call)),
        "server check stream" => Box::pin(check::stream(call)),
        "server check consumer" => Box::pin(check::consumer(call)),
        "server check message" => Box::pin(check::message(call)),
        "server check request" => Box::pin(check::request(call)),
        "server check credential" => Box::pin(check::credential(call)),
        "server info" => Box::pin(server::privileged(call)),
        "server list" => Box::pin(server::privileged(call)),
        "server account purge" => Box::pin(system::purge_account(call)),
        "server mappings" => Box::pin(mappings::mappings(call)),
        "server ping" => Box::pin(server::ping(call)),
        "account report connections" => Box::pin(connections::report(call)),
        "account report statistics" => Box::pin(server::statistics(call)),
        "context add" => Box::pin(contexts::add(call)),
        "context copy" => Box::pin(contexts::copy(call)),
        "context edit" => Box::pin(contexts::edit(call)),
        "context ls" => Box::pin(contexts::list(call)),
        "context rm" => Box::pin(contexts::remove(call)),
        "context select" => Box::pin(contexts::select(call)),
        "context unselect" => Box::pin(contexts::unselect(call)),
        "context info" => Box::pin(contexts::info(call)),
        "context validate" => Box::pin(contexts::validate(call)),
        "context previous" => Box::pin(contexts::previous(call)),
        "trace" => Box::pin(trace::trace(call)),
        "errors ls" => Box::pin(errors::list(call)),
        "errors lookup" => Box::pin(errors::lookup(call)),
        _ if call.asks.is_some() => Box::pin(system::ask(call)),
        _ => core(call),
    }
}

/// `stream graph` and `consumer graph`, which draw at terminals alone.
async fn graph(call: Call) -> Outcome {
    let io = &call.session.io;
    if !io.stdin_is_terminal() || !io.stdout_is_terminal() {
        return Err("can only graph data on an interactive terminal".into());
    }
    core(call).await
}

impl Call {
    /// Text to standard output.
    pub fn print(&self, text: &str) {
        self.session.io.stdout(text.as_bytes());
    }

    /// A line to standard output.
    pub fn line(&self, text: &str) {
        self.print(&format!("{text}\n"));
    }

    /// A log line: the time and the text, on standard error.
    pub fn log(&self, text: &str) {
        log(&self.session, text);
    }

    /// The time now.
    pub fn now(&self) -> Time {
        self.session.runtime.now()
    }

    /// A log line where `--trace` asks for it.
    pub fn traced(&self, text: &str) {
        if self.values.is("trace") {
            self.log(text);
        }
    }

    /// A time as natscli shows it, local.
    pub fn time(&self, time: Time) -> String {
        render::date_time(time, self.session.io.utc_offset(time))
    }

    /// A time as natscli shows it; Go's zero time where there is none.
    pub fn time_or_zero(&self, time: Option<Time>) -> String {
        time.map_or_else(|| "0001-01-01 00:00:00".into(), |t| self.time(t))
    }

    /// How long ago a time is; `never` where there is none.
    pub fn ago(&self, time: Option<Time>) -> String {
        render::human_duration(time.map_or(i64::MAX, |t| self.now().since(t)))
    }

    /// SGR code of the colour scheme, at a terminal.
    fn colour(&self) -> Option<u8> {
        let schemes = ["red", "green", "yellow", "blue", "magenta", "cyan"];
        let at = schemes
            .iter()
            .position(|s| *s == self.context.get("color_scheme"))?;
        self.session
            .io
            .stdout_is_terminal()
            .then_some(31 + at as u8)
    }

    /// Columns of the terminal, if stdout is one.
    pub fn width(&self) -> Option<usize> {
        self.session
            .io
            .stdout_is_terminal()
            .then(|| self.session.io.size().0)
    }

    /// Prints a report.
    pub fn report(&self, report: &Columns) {
        let colour = self.colour().filter(|_| self.coloured());
        self.print(&report.render(longest_value(self.width()), colour));
    }

    /// Prints a table, without an empty line after it.
    pub fn table(&self, table: &Table) {
        let format = self.session.io.env("NATS_TABLE_FORMAT").unwrap_or_default();
        if let Some(text) = table.plain(&format.to_lowercase()) {
            return self.print(&text);
        }
        self.print(&table.render(Look {
            width: self.width(),
            colour: self.colour().filter(|_| self.coloured()),
            double: self.width().is_some() && self.context.get("color_scheme") == "double",
        }));
    }

    /// Whether text for a person may be coloured.
    pub fn coloured(&self) -> bool {
        let io = &self.session.io;
        io.stdout_is_terminal() && !self.plain() && io.env("TERM").as_deref() != Some("dumb")
    }

    /// Whether the environment wants no colours.
    fn plain(&self) -> bool {
        let variable = self.session.io.env("NO_COLOR");
        variable.is_some_and(|value| !value.is_empty())
    }

    /// Asks questions.
    pub fn prompt(&self) -> Prompt {
        let bright = self.colour().map(|code| format!("0;1;{}", code + 60));
        Prompt {
            io: self.session.io.clone(),
            icon: match self.context.name.as_str() {
                "" => "?".into(),
                name => format!("[{name}] ?"),
            },
            icon_style: bright.unwrap_or_else(|| "0;37".into()),
            plain: self.plain(),
        }
    }

    /// Asks for a yes; no is the default.
    pub async fn confirm(&self, message: &str) -> Result<bool, Failure> {
        self.prompt().confirm(message, false).await
    }

    /// How long to wait for answers, in ns.
    pub fn timeout(&self) -> i64 {
        self.values.duration("timeout")
    }

    /// What the server refused last, taken away.
    pub fn last_error(&self) -> Option<String> {
        self.refused.borrow_mut().take()
    }

    /// Standard input to its end.
    pub async fn read_all(&self) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(bytes) = self.session.io.read().await {
            all.extend_from_slice(&bytes);
        }
        all
    }
}

fn log(session: &Session, text: &str) {
    let now = session.runtime.now();
    let clock = render::clock(now, session.io.utc_offset(now));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    session.io.stderr(format!("{clock} {text}{end}").as_bytes());
}

/// An error in the words of jsm.go: `{description} ({err_code})` for what JetStream refused.
pub fn failed(error: crate::client::Error) -> Failure {
    match error.api() {
        Some(api) => {
            // The client has its own words for these two; jsm shows the server's.
            let text = match (api.err_code, api.description.as_str()) {
                (10076, _) => "JetStream not enabled",
                (10039, _) => "JetStream not enabled for account",
                (_, text) => text,
            };
            format!("{text} ({})", api.err_code).into()
        }
        None => error.into(),
    }
}

/// Sends a request the client has no function for; what JetStream refuses is an error.
pub async fn ask_api(jetstream: &JetStream, subject: &str, body: &[u8]) -> Result<Value, Failure> {
    let answer = jetstream.request_raw(subject, body).await.map_err(failed)?;
    let answer: Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
    match answer["error"].as_object() {
        None => Ok(answer),
        Some(error) => {
            let text = error
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let code = error.get("err_code").and_then(Value::as_u64).unwrap_or(0);
            Err(format!("{text} ({code})").into())
        }
    }
}

/// May a stream, consumer or domain be called so? As `IsValidName` of jsm.go.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['>', '*', '.', ' ', '/', '\\', '\0'])
}

/// Refuses a file where a folder is to be made.
fn check_folder(session: &Session, path: &str) -> Outcome {
    match session.io.files().read(path) {
        Ok(_) => Err(format!("mkdir {path}: not a directory").into()),
        Err(_) => Ok(()),
    }
}

/// `"name" is not a valid stream name`, as jsm.go says before it sends anything; `kind` is `stream` or `consumer`.
pub fn check_name(kind: &str, name: &str) -> Outcome {
    match is_name(name) {
        true => Ok(()),
        false => Err(format!("{} is not a valid {kind} name", quote(name)).into()),
    }
}

/// Metadata without what servers and mirrors write themselves.
pub fn users_metadata(metadata: Sorted<String, String>) -> Sorted<String, String> {
    let own = |key: &str| matches!(key, "_nats.ver" | "_nats.level" | "_nats.req.level");
    metadata.into_iter().filter(|(key, _)| !own(key)).collect()
}

/// The lists and maps that are empty, not Go's nil, once [`users_metadata`] has taken from this: its map, if there was one.
pub fn emptied(metadata: &Sorted<String, String>) -> Vec<String> {
    let there = (!metadata.is_empty()).then(|| "metadata".into());
    there.into_iter().collect()
}

/// Why nothing can be changed by hand; `instead` does it, too.
pub fn no_editor(call: &Call, instead: &str) -> Failure {
    match call.session.io.env("EDITOR").unwrap_or_default().as_str() {
        "" => "set EDITOR environment variable to your chosen editor".into(),
        _ => format!("this playground has no editor to open; use {instead}").into(),
    }
}

/// A fresh name for a consumer: 22 digits and letters.
pub fn nuid(session: &Session) -> String {
    (0..22)
        .map(|_| base62::digit(session.runtime.random()))
        .collect()
}
