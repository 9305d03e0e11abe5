//! What the commands do. Here: what they all need, and which function belongs to which path.

mod account;
mod bench;
mod cheat;
mod check;
mod config_file;
mod connections;
mod consumer;
mod contexts;
mod errors;
mod form;
pub mod json;
mod kv;
mod message;
mod program;
mod publish;
mod pull;
mod server;
mod stream;
mod subscribe;

pub use config_file::config_file;
pub use server::is_asked;

use super::{
    Session,
    context::{Context, EMBEDDED, expand, secret},
    parse::{Failure, Values},
    prompt::Prompt,
    render::{self, columns::Columns, columns::longest_value, table::Look, table::Table},
    values::quote,
};
use crate::{
    client::{Client, Event, JetStream, Options, Trace, address, transport::LocalFuture},
    wire::{
        sorted::Sorted,
        time::{SECOND, Time},
    },
};
use std::{cell::RefCell, rc::Rc};

/// How a command ends.
pub type Outcome = Result<(), Failure>;

/// A command line that is to be run.
#[derive(Clone)]
pub struct Call {
    /// The command's path.
    pub path: &'static str,
    /// Its flags and arguments.
    pub values: Values,
    /// Where it runs.
    pub session: Session,
    /// What it connects with.
    pub context: Context,
    /// What the server refused last on the command's connections.
    pub refused: Rc<RefCell<Option<String>>>,
    /// The server's URL as it was given, once connected.
    pub connected: Rc<RefCell<String>>,
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
        "stream cluster step-down" => Box::pin(stream::step_down(call)),
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
        "consumer cluster step-down" => Box::pin(consumer::step_down(call)),
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
        "errors ls" => Box::pin(errors::list(call)),
        "errors lookup" => Box::pin(errors::lookup(call)),
        path if is_asked(path) => Box::pin(server::system(call)),
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

/// Which of natscli's two libraries a command uses: they trace differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// `jetstream` of nats.go: kv, bench, `sub --stream`.
    JetStream,
    /// jsm.go: everything else.
    Jsm,
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

    /// Opens the command's connection: the first of the servers that answers.
    pub async fn connect(&self) -> Result<Client, Failure> {
        let mut failure = Failure::from("nats: no servers available for connection");
        for url in self.context.url().split(',') {
            match self.connect_to(url.trim()).await {
                Ok(client) => return Ok(client),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Opens a connection to one server.
    pub async fn connect_to(&self, url: &str) -> Result<Client, Failure> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
        let (login, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let target = match scheme {
            "ws" | "wss" => rest.into(),
            _ => match address(url)? {
                (host, port) if host.contains(':') => format!("[{host}]:{port}"),
                (host, port) => format!("{host}:{port}"),
            },
        };
        let connector = (self.session.connector)(&format!("{scheme}://{target}"))?;
        // A page goes to a real server by an address of its own.
        let reached = connector.url();
        let url = if reached.starts_with("ws") {
            reached.as_str()
        } else {
            url
        };
        let field = |name: &str| Some(self.context.get(name).to_string()).filter(|v| !v.is_empty());
        self.check_file("creds")?;
        self.check_file("nkey")?;
        no_proxy(self.context.get("socks_proxy"))?;
        let mut options = Options {
            name: match self.values.text("connection-name") {
                "" => "NATS CLI Version v0.5.1".into(),
                name => name.to_string(),
            },
            lang: "go".into(),
            version: "1.55.0".into(),
            user: field("user"),
            pass: self.secret("password")?,
            token: self.secret("token")?,
            on_event: Some(self.events()),
            ..Options::default()
        };
        if let Some(prefix) = field("inbox_prefix") {
            options.inbox_prefix = prefix;
        }
        if !login.is_empty() {
            let (user, pass) = match login.split_once(':') {
                Some((user, pass)) => (Some(user.to_string()), Some(pass.to_string())),
                None => (Some(login.to_string()), None),
            };
            // A user without a password is a token.
            (options.user, options.pass, options.token) = match pass {
                Some(pass) => (user, Some(pass), None),
                None => (None, None, user),
            };
        }
        if self.context.tls_first() {
            // There is no TLS here. Nothing is said to the server: a secret would go out in the clear.
            connector
                .connect()
                .await
                .map_err(crate::client::Error::from)?;
            return Err(
                "nats: tls error: tls: first record does not look like a TLS handshake".into(),
            );
        }
        let client = Client::connect(connector, self.session.runtime.clone(), options).await?;
        if self.values.is("trace") {
            let (shown, address) = account::split_url(url);
            let text = format!(">>> Connected to {shown} ({address})");
            later(&self.session, text);
        }
        *self.connected.borrow_mut() = url.into();
        Ok(client)
    }

    /// What a field of the context stands for, if it is set.
    fn secret(&self, field: &str) -> Result<Option<String>, Failure> {
        let read = secret(&*self.session.io, self.context.get(field));
        let text = read.map_err(|error| format!("configuration error: {field}: {error}"))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Whether the file of a field of the context, if it has one, is there.
    pub fn check_file(&self, field: &str) -> Outcome {
        let text = self.context.get(field);
        if text.starts_with("env://") || text.starts_with(EMBEDDED) {
            return self.secret(field).map(drop);
        }
        let io = &self.session.io;
        let path = &expand(&**io, text.strip_prefix("file://").unwrap_or(text));
        match io.files().read(path) {
            Err(error) if !path.is_empty() => {
                let words = match field {
                    "nkey" => "configuration error: ",
                    _ => "",
                };
                Err(format!("{words}nats: open {path}: {}", error.text()).into())
            }
            _ => Ok(()),
        }
    }

    /// Says what happens to a connection.
    fn events(&self) -> Rc<dyn Fn(&Event)> {
        let (session, trace) = (self.session.clone(), self.values.is("trace"));
        let (refused, connected) = (self.refused.clone(), self.connected.clone());
        Rc::new(move |event| match event {
            Event::Disconnected(why) => {
                let text = format!(">>> Disconnected due to: {why}, will attempt reconnect");
                later(&session, text);
            }
            Event::Error(error) => {
                log(&session, &format!(">>> Unexpected NATS error: {error}"));
                *refused.borrow_mut() = Some(error.to_string());
            }
            Event::ReconnectDelay(ns) if trace => {
                let delay = render::go_duration(*ns);
                log(&session, &format!(">>> Setting reconnect delay to {delay}"));
            }
            Event::Reconnected if trace => {
                let (shown, address) = account::split_url(&connected.borrow());
                log(&session, &format!(">>> Reconnected to {shown} ({address})"));
            }
            _ => {}
        })
    }

    /// JetStream over a connection.
    pub fn jetstream_of(&self, client: Client, library: Library) -> Result<JetStream, Failure> {
        let mut jetstream = JetStream::new(client);
        match (self.timeout(), library) {
            (..=0, Library::JetStream) => {
                return Err(
                    "nats: invalid jetstream option: timeout value must be greater than 0".into(),
                );
            }
            (0, Library::Jsm) => {} // as without the flag
            (timeout, Library::Jsm) => jetstream.timeout = timeout.max(SECOND / 2),
            (timeout, Library::JetStream) => jetstream.timeout = timeout,
        }
        let domain = self.context.get("jetstream_domain");
        let prefix = self.context.get("jetstream_api_prefix");
        match (domain, prefix) {
            ("", "") => {}
            (domain, _) if !domain.is_empty() && !is_name(domain) => {
                let domain = quote(domain);
                return Err(format!("domain {domain} is not a valid JetStream name").into());
            }
            (_, prefix) if !prefix.is_empty() && !prefix.split('.').all(is_name) => {
                let prefix = quote(prefix);
                let text = format!("api prefix {prefix} contains invalid subject characters");
                return Err(text.into());
            }
            (domain, "") => jetstream.prefix = format!("$JS.{domain}.API"),
            ("", prefix) => jetstream.prefix = prefix.into(),
            _ => return Err("WithAPIPrefix and WithDomain are mutually exclusive".into()),
        }
        if self.values.is("trace") {
            let session = self.session.clone();
            jetstream.trace = Some(Rc::new(move |piece: Trace| trace(&session, library, piece)));
        }
        Ok(jetstream)
    }

    /// Connects and hands out JetStream.
    pub async fn jetstream(&self, library: Library) -> Result<JetStream, Failure> {
        self.jetstream_of(self.connect().await?, library)
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

/// Refuses a proxy; Go says first what is wrong with its URL.
fn no_proxy(url: &str) -> Outcome {
    let Some((scheme, _)) = url.split_once(':') else {
        return match url {
            "" => Ok(()),
            _ => Err("proxy: unknown scheme: ".into()),
        };
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let url = quote(url);
    Err(match scheme {
        "" => format!("parse {url}: missing protocol scheme"),
        "socks5" | "socks5h" => "this playground does not go through a proxy".into(),
        _ if scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(plain) => {
            format!("proxy: unknown scheme: {}", scheme.to_ascii_lowercase())
        }
        _ => format!("parse {url}: first path segment in URL cannot contain colon"),
    }
    .into())
}

/// May a stream, consumer or domain be called so? As `IsValidName` of jsm.go.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['>', '*', '.', ' ', '/', '\\', '\0'])
}

fn log(session: &Session, text: &str) {
    let now = session.runtime.now();
    let clock = render::clock(now, session.io.utc_offset(now));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    session.io.stderr(format!("{clock} {text}{end}").as_bytes());
}

/// Logs from a task of its own, as nats.go tells of connections: most often what the command says next comes before it.
fn later(session: &Session, text: String) {
    let shared = session.clone();
    let task = Box::pin(async move { log(&shared, &text) });
    session.runtime.spawn(task);
}

fn trace(session: &Session, library: Library, piece: Trace) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match (library, piece) {
        (Library::JetStream, Trace::Request(subject, _, payload)) => {
            log(session, &format!(">>> {subject}\n{}\n\n", text(payload)));
        }
        (Library::JetStream, Trace::Response(subject, payload)) => {
            log(session, &format!("<<< {subject}: {}", text(payload)));
        }
        (Library::Jsm, Trace::Request(subject, level, payload)) => {
            log(session, &format!(">>> {subject}"));
            if level > 0 {
                let text = format!(">>> Header: Nats-Required-Api-Level: [{level}]");
                log(session, &text);
            }
            log(session, &text(payload));
        }
        (Library::Jsm, Trace::Response(subject, payload)) => {
            log(session, &format!("<<< {subject}\n{}\n\n", text(payload)));
        }
        (Library::Jsm, Trace::Failure(subject, error)) => {
            log(session, &format!("<<< {subject}: {error}\n\n"));
        }
        (Library::JetStream, Trace::Failure(..)) => {}
    }
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

/// Refuses to go on with a server of a lower API level.
pub async fn require(jetstream: &JetStream, level: i64, words: &str) -> Outcome {
    let account = jetstream.account_info().await.map_err(failed)?;
    match account.api.level >= level {
        true => Ok(()),
        false => Err(words.into()),
    }
}

/// `"name" is not a valid stream name`, as jsm.go says before it sends anything; `kind` is `stream` or `consumer`.
pub fn check_name(kind: &str, name: &str) -> Outcome {
    if name.is_empty() || name.contains(['>', '*', '.', ' ', '/', '\\', '\0']) {
        return Err(format!("{} is not a valid {kind} name", quote(name)).into());
    }
    Ok(())
}

/// Metadata without what servers and mirrors write themselves.
pub fn users_metadata(metadata: Sorted<String, String>) -> Sorted<String, String> {
    let own = |key: &str| matches!(key, "_nats.ver" | "_nats.level" | "_nats.req.level");
    metadata.into_iter().filter(|(key, _)| !own(key)).collect()
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
    let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let pick = |_| alphabet[(session.runtime.random() % 62) as usize] as char;
    (0..22).map(pick).collect()
}
