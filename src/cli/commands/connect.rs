//! How a command reaches a server: its connection by what the context says, JetStream over it, and the log of both. Must not
//! know what a command does.

use super::{Call, Outcome, account, failed, is_name, log};
use crate::{
    cli::{Session, context::secret, parse::Failure, render, values::quote},
    client::{Client, Event, JetStream, Options, Signer, Trace, Who, address},
    wire::time::SECOND,
};
use std::rc::Rc;

/// Which of natscli's two libraries a command uses: they trace differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// `jetstream` of nats.go: kv, bench, `sub --stream`.
    JetStream,
    /// jsm.go: everything else.
    Jsm,
}

impl Call {
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
        let signer = self.signer().await?;
        // A connection by wss has TLS, with what its own world trusts.
        let secured = self.secured()? && !reached.starts_with("wss");
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
            signer,
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
            // It counts more than a key alone.
            options.signer = options
                .signer
                .filter(|signer| matches!(signer.who, Who::Jwt(_)));
        }
        let first = self.context.tls_first();
        if first || secured {
            // There is no TLS here. Nothing is said to the server: a secret would go out in the clear.
            connector
                .connect()
                .await
                .map_err(crate::client::Error::from)?;
            return Err(match first {
                true => "nats: tls error: tls: first record does not look like a TLS handshake",
                false => "nats: secure connection not available",
            }
            .into());
        }
        let client =
            Client::connect(connector.clone(), self.session.runtime.clone(), options).await?;
        let (shown, address) = account::split_url(url);
        let address = connector.reached().unwrap_or(address);
        if self.values.is("trace") {
            let text = format!(">>> Connected to {} ({address})", account::redacted(&shown));
            later(&self.session, text);
        }
        *self.connected.borrow_mut() = (shown, address);
        Ok(client)
    }

    /// What a field of the context stands for, if it is set.
    pub(super) fn secret(&self, field: &str) -> Result<Option<String>, Failure> {
        let read = secret(&*self.session.io, self.context.get(field));
        let text = read.map_err(|error| misconfigured(format!("{field}: {error}")))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Who connects, where that is said by a signature.
    pub async fn signer(&self) -> Result<Option<Signer>, Failure> {
        let Some(field) = self.signs_by() else {
            return Ok(None);
        };
        let credentials = (self.session.parts.credentials)().await?;
        (credentials.signer)(self, field)
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
                let (shown, address) = &*connected.borrow();
                let shown = account::redacted(shown);
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
        if !domain.is_empty() && !is_name(domain) {
            let domain = quote(domain);
            return Err(format!("domain {domain} is not a valid JetStream name").into());
        }
        let events = self.context.get("jetstream_event_prefix");
        for (kind, prefix) in [("api", prefix), ("event", events)] {
            if !prefix.is_empty() && !prefix.split('.').all(is_name) {
                let prefix = quote(prefix);
                let text = format!("{kind} prefix {prefix} contains invalid subject characters");
                return Err(text.into());
            }
        }
        match (domain, prefix) {
            ("", "") => {}
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
}

/// Refuses to go on with a server of a lower API level.
pub async fn require(jetstream: &JetStream, level: i64, words: &str) -> Outcome {
    let account = jetstream.account_info().await.map_err(failed)?;
    match account.api.level >= level {
        true => Ok(()),
        false => Err(words.into()),
    }
}

/// Stands before what is found wrong before anything is connected to, but where a context is looked at.
pub const CONFIGURATION: &str = "configuration error: ";

/// What is found wrong before anything is connected to.
pub fn misconfigured(text: String) -> Failure {
    Failure::Fatal(format!("{CONFIGURATION}{text}"))
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
