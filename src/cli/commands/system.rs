//! `server request …` and whatever else asks servers what most of them tell only a system account. What is asked stands in the
//! table of commands.

use super::{Call, Outcome, ask_api, failed, server};
use crate::{
    cli::values,
    client::{Client, Error},
    wire::json::{Writer, indent},
};
use serde_json::Value;

/// The fields by which servers know that they are meant. The host of a report is a server's name.
const FILTER: &str = "server_name?\"name cluster?\"cluster host?\"host exact_match:true tags?[tags domain?\"js-domain";
const REPORTED: &str =
    "server_name?\"host cluster?\"cluster exact_match:true tags?[tags domain?\"js-domain";

/// States of connections, as servers number them.
const STATES: [&str; 3] = ["open", "closed", "all"];

/// Commands whose errors do not name the subject.
const UNNAMED: [&str; 6] = [
    "server report accounts",
    "server report connections",
    "server cluster step-down",
    "server cluster peer-remove",
    "server config reload",
    "server request kick",
];

/// Any command that the table has a question for.
pub async fn ask(call: Call) -> Outcome {
    server::no_archive(&call)?;
    let (subject, fields) = call.asks.unwrap_or_default();
    let (subject, body) = (named(&call, subject), body(&call, fields));
    let client = call.connect().await?;
    let prints = call.path.starts_with("server request ");
    let expected = match prints {
        true => expected(&call, &client).await,
        false => values::int(call.values.arg("limit")).unwrap_or(0) as usize,
    };
    let answers = match server::ask(&call, &client, &subject, &body, expected).await {
        Ok(answers) => answers,
        Err(error) if call.path == "server report downgrade" => {
            return Err(error.context("failed to get current active servers"));
        }
        Err(error) if UNNAMED.contains(&call.path) => return Err(error),
        Err(error) => return Err(error.context(&subject)),
    };
    for answer in &answers {
        let read = || serde_json::from_slice::<Value>(answer).unwrap_or_default();
        match call.path {
            "server request kick" => call.line(&indent(answer)),
            "server request connections"
                if call.values.is("filter-empty") && read()["data"]["num_connections"] == 0 => {}
            "server request profile" => {
                return Err("this playground does not write profiles".into());
            }
            _ if prints => call.line(&String::from_utf8_lossy(answer)),
            _ => return Err("this playground does not show what a system account is told".into()),
        }
    }
    if answers.is_empty() && call.path == "server request kick" {
        return Err("no responses received".into());
    }
    Ok(())
}

/// How many servers will answer a request; 0 if that is not known.
async fn expected(call: &Call, client: &Client) -> usize {
    let values = &call.values;
    if values.is("leader") || call.path == "server request kick" {
        return 1;
    }
    let wait = values::uint(values.arg("wait"), 32).unwrap_or(0) as usize;
    if wait > 0 {
        return wait;
    }
    if !values.text("host").is_empty() || !values.text("name").is_empty() {
        return 1;
    }
    let domain = call.context.get("jetstream_domain");
    let (subject, body) = match domain {
        "" => ("$SYS.REQ.SERVER.PING", "{}".into()),
        domain => {
            let body = format!("{{\"domain\":{}}}", values::quote(domain));
            ("$SYS.REQ.SERVER.PING.JSZ", body)
        }
    };
    let answers = server::ask(call, client, subject, &body, 1).await;
    let answer = answers.ok().and_then(|answers| answers.into_iter().next());
    let answer: Value = serde_json::from_slice(&answer.unwrap_or_default()).unwrap_or_default();
    answer["statsz"]["active_servers"].as_u64().unwrap_or(0) as usize
}

/// The subject with the command's arguments in it.
fn named(call: &Call, subject: &str) -> String {
    let Some((before, rest)) = subject.split_once('<') else {
        return subject.into();
    };
    let (name, after) = rest.split_once('>').unwrap_or((rest, ""));
    format!("{before}{}{after}", call.values.arg(name))
}

/// The request. A field is its name, `?` if it is left out while zero, what it is (`=` whether any of these flags is given, `#` a
/// number, `"` a text, `[` texts, `^` the number of a state, `:` JSON as it stands), and the flags or
/// the argument it comes from; `*` stands for what chooses servers.
fn body(call: &Call, fields: &str) -> String {
    let filter = match call.path.starts_with("server report ") {
        true => REPORTED,
        false => FILTER,
    };
    let fields = fields.replacen('*', filter, 1);
    let mut w = Writer::default();
    w.open();
    for field in fields.split(' ') {
        let Some(at) = field.find(['=', '#', '"', '[', '^', ':']) else {
            continue;
        };
        let (name, kind, source) = (&field[..at], field.as_bytes()[at], &field[at + 1..]);
        let (name, optional) = match name.strip_suffix('?') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let values = &call.values;
        let text = match (values.text(source), source) {
            (_, "js-domain") => call.context.get("jetstream_domain"),
            ("", _) => values.arg(source),
            (text, _) => text,
        };
        let list = values.list(source);
        let given = source
            .split(',')
            .any(|flag| !matches!(values.text(flag), "" | "false"));
        let zero = match kind {
            b'=' => !given,
            b'[' => list.is_empty(),
            _ => matches!(text, "" | "0"),
        };
        if optional && zero {
            continue;
        }
        w.key(name);
        match kind {
            b'=' => w.bool(given),
            b'#' => w.int(text.parse().unwrap_or(0)),
            b'"' => w.string(text),
            b'[' => w.strings(&list),
            b'^' => w.int(STATES.iter().position(|s| *s == text).unwrap_or(0) as i64),
            _ => w.raw(source.as_bytes()),
        };
    }
    w.close();
    String::from_utf8_lossy(&w.finish()).into_owned()
}

/// `server account purge`.
pub async fn purge_account(call: Call) -> Outcome {
    let account = call.values.arg("account");
    if !call.values.is("force") {
        call.print(&format!(
            "This operation deletes all data from the {account} account and cannot be reversed.\n\n"
        ));
        let question = format!("Really purge account {account}");
        if !call.confirm(&question).await? {
            return Ok(());
        }
    }
    let jetstream = super::stream::jetstream(&call).await?;
    if !call.context.get("jetstream_domain").is_empty() {
        let info = jetstream.account_info().await;
        let info = info.map_err(|error| match error {
            Error::NoResponders => "nats: jetstream not enabled".into(),
            error => failed(error),
        })?;
        if info.api.level < 5 {
            return Err("the --js-domain option cannot be used: JetStream domains do not apply to the system account, connect without a domain configured".into());
        }
    }
    let subject = format!("ACCOUNT.PURGE.{account}");
    let answer = ask_api(&jetstream, &subject, b"").await?;
    if answer["initiated"] != true {
        return Err("unknown error while purging the account".into());
    }
    call.line(&format!("Purge operation on account {account} initiated"));
    Ok(())
}
