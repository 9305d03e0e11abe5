//! `nats context`: settings of connections by name.

use super::connect::CONFIGURATION;
use super::{Call, Outcome, no_editor};
use crate::cli::{
    context::{Context, EMBEDDED, Store, check_name, expand},
    parse::Failure,
    render::{columns::Columns, table::Table},
    values::quote,
};
use crate::wire::json::{Writer, indent};

/// `context add`.
pub async fn add(call: Call) -> Outcome {
    let name = call.values.arg("name").to_string();
    save(&call, &name, call.values.text("context")).await
}

/// `context copy`.
pub async fn copy(call: Call) -> Outcome {
    let store = Store::new(&call.session);
    let (source, name) = (call.values.arg("source"), call.values.arg("name"));
    if store.content(source).is_err() {
        return Err(format!("unknown context {}", quote(source)).into());
    }
    if store.content(name).is_ok() {
        return Err(format!("context {} already exist", quote(name)).into());
    }
    save(&call, name, source).await
}

/// Writes a context: what was there, or else a copy of another, with what flags and environment say.
async fn save(call: &Call, name: &str, source: &str) -> Outcome {
    let store = Store::new(&call.session);
    let mut context = match source {
        _ if store.content(name).is_ok() => store.load(name)?,
        "" => Context::default(),
        source => store.load(source)?,
    };
    let token = context.get("token").to_string();
    context.apply(&call.values);
    // `--token` itself is not saved, as with natscli; a user that is a token is.
    let (user, password) = (call.values.text("user"), call.values.text("password"));
    if user.is_empty() || !password.is_empty() {
        context.set("token", &token);
    }
    if call.values.is("embed") {
        context.embed(&*call.session.io)?;
    }
    check_name(name)?;
    let kinds = ["user", "creds", "nkey", "nsc", "user_jwt"];
    if kinds
        .iter()
        .filter(|field| !context.get(field).is_empty())
        .count()
        > 1
    {
        return Err(
            "too many types of credentials. Choose only one from 'user/token', 'creds', 'nkey', 'nsc'".into(),
        );
    }
    if !call.values.text("description").is_empty() {
        context.set("description", call.values.text("description"));
    }
    store.save(name, &context)?;
    if call.values.is("select") {
        store.select(name)?;
        return show(call, name, true).await;
    }
    show(call, name, false).await
}

/// `context ls`.
pub async fn list(call: Call) -> Outcome {
    let store = Store::new(&call.session);
    let selected = store.selected();
    let completion = call.values.is("completion");
    let mut contexts: Vec<Context> = Vec::new();
    for name in store.names()? {
        match store.load(&name) {
            Ok(context) => contexts.push(context),
            Err(_) if completion => {}
            Err(Failure::Error(error)) => {
                call.log(&format!("Could not load context {name}: {error}"));
            }
            Err(_) => {}
        }
    }
    if completion {
        for context in &contexts {
            let mark = if context.name == selected { "*" } else { "" };
            call.line(&format!(
                "{}{mark}:{}",
                context.name.replace(':', "\\:"),
                context.get("description")
            ));
        }
    } else if call.values.is("json") {
        let mut json = Writer::default();
        if contexts.is_empty() {
            json.raw(b"null");
        } else {
            json.open_list();
            contexts.iter().for_each(|c| named(c, &mut json));
            json.close_list();
        }
        call.line(&indent(&json.finish()));
    } else if call.values.is("names") {
        contexts.iter().for_each(|c| call.line(&c.name));
    } else if contexts.is_empty() {
        call.line("No known contexts");
    } else {
        let mut table = Table::new("Known Contexts", &["Name", "Description"]);
        for context in &contexts {
            let mark = if context.name == selected { "*" } else { "" };
            table.row(vec![
                format!("{}{mark}", context.name),
                context.get("description").into(),
            ]);
        }
        call.table(&table);
        call.line("");
    }
    Ok(())
}

fn named(context: &Context, json: &mut Writer) {
    json.open().key("name").string(&context.name);
    context.write(json);
    json.close();
}

/// `context edit`.
pub async fn edit(call: Call) -> Outcome {
    let name = call.values.arg("name");
    let store = Store::new(&call.session);
    if store.content(name).is_err() {
        return Err(format!("unknown context {}", quote(name)).into());
    }
    store.load(name)?;
    Err(no_editor(&call, "nats context add"))
}

/// `context rm`.
pub async fn remove(call: Call) -> Outcome {
    let store = Store::new(&call.session);
    let name = call.values.arg("name");
    let force = call.values.is("force");
    if store.selected() == name {
        if !force {
            return Err(
                "cannot remove the selected context, select another one or use the unselect command".into()
            );
        }
        store.unselect();
    }
    if !force {
        let answer = call
            .confirm(&format!("Really delete context {}", quote(name)))
            .await;
        if !answer.map_err(|e| e.context("could not obtain confirmation"))? {
            return Ok(());
        }
    }
    check_name(name)?;
    store.remove(name)
}

/// `context select`.
pub async fn select(call: Call) -> Outcome {
    let store = Store::new(&call.session);
    let names = store.names()?;
    if names.is_empty() {
        return Err("no context defined".into());
    }
    let name = match call.values.arg("name") {
        "" => {
            call.prompt()
                .select("Select a Context", &names, "", "")
                .await?
        }
        name => name.into(),
    };
    store.content(&name)?;
    store.select(&name)?;
    show(&call, &name, false).await
}

/// `context previous`.
pub async fn previous(call: Call) -> Outcome {
    let store = Store::new(&call.session);
    let name = match store.previous().as_str() {
        "" => store.selected(),
        name => {
            store.content(name)?;
            store.select(name)?;
            name.into()
        }
    };
    show(&call, &name, false).await
}

/// `context unselect`.
pub async fn unselect(call: Call) -> Outcome {
    let store = Store::new(&call.session);
    match store.selected().as_str() {
        "" => call.line("No context currently selected"),
        name => {
            store.unselect();
            call.line(&format!("Unselected the {} context", quote(name)));
        }
    }
    Ok(())
}

/// `context info`.
pub async fn info(call: Call) -> Outcome {
    let name = match call.values.arg("name") {
        "" => Store::new(&call.session).selected(),
        name => name.into(),
    };
    show(&call, &name, call.values.is("connect")).await
}

/// `context validate`.
pub async fn validate(call: Call) -> Outcome {
    let store = Store::new(&call.session);
    let names = match call.values.arg("name") {
        "" => store.names()?,
        name => vec![name.into()],
    };
    let mut failed = false;
    for name in names {
        match review(&call, &name, call.values.is("connect")).await {
            Ok(fine) => failed |= !fine,
            Err(Failure::Error(error)) => {
                let error = if call.coloured() {
                    format!("\x1b[31m{error}\x1b[0m")
                } else {
                    error
                };
                call.print(&format!("Could not load {name}: {error}\n\n"));
            }
            Err(_) => {}
        }
        call.line("");
    }
    if failed {
        Err("validation failed".into())
    } else {
        Ok(())
    }
}

/// Fields that name files.
const FILES: [(&str, &str); 7] = [
    ("creds", "Credentials"),
    ("user_jwt", "User JWT"),
    ("user_seed", "User Seed"),
    ("nkey", "NKey"),
    ("cert", "Certificate"),
    ("key", "Key"),
    ("ca", "CA"),
];

/// Where the content of a field comes from, and the colour of these words.
fn source(call: &Call, text: &str) -> (&'static str, u8) {
    let io = &call.session.io;
    let path = match text.split_once("://") {
        Some(("op", _)) => return ("1Password", 36),
        Some(("nsc", _)) => return ("nsc", 36),
        Some(("env", _)) => return ("runtime environment", 36),
        Some(("file", path)) => path,
        _ => text,
    };
    match io.files().read(&expand(&**io, path)) {
        Ok(_) => ("OK", 32),
        Err(_) => ("ERROR", 31),
    }
}

async fn show(call: &Call, name: &str, connect: bool) -> Outcome {
    review(call, name, connect).await.map(drop)
}

/// Shows a context; false if a file or the server of it cannot be reached.
async fn review(call: &Call, name: &str, connect: bool) -> Result<bool, Failure> {
    let mut fine = true;
    if name.is_empty() {
        return Err("no default context and no name supplied".into());
    }
    let store = Store::new(&call.session);
    let context = store.load(name)?;
    if call.values.is("json") {
        let mut json = Writer::default();
        named(&context, &mut json);
        call.line(&indent(&json.finish()));
        return Ok(fine);
    }
    let paint = |text: &str, code: u8| match call.coloured() {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.into(),
    };
    let mut report = Columns::new(format!("NATS Configuration Context {}", quote(name)));
    let password = "*".repeat(context.get("password").len());
    report.row_if("Description", context.get("description"));
    report.row_if("Server URLs", context.url());
    report.row_if("SOCKS5 Proxy", context.get("socks_proxy"));
    report.row_if("Username", context.get("user"));
    report.row_if("Password", &password);
    report.row_if("Token", context.get("token"));
    for (field, label) in FILES {
        let text = context.get(field);
        if text.starts_with(EMBEDDED) {
            report.row(label, "embedded data");
        } else if !text.is_empty() {
            let (state, colour) = source(call, text);
            fine &= state != "ERROR";
            report.row(label, format!("{text} ({})", paint(state, colour)));
        }
    }
    if context.tls_first() {
        report.row("TLS First", "true");
    }
    for (field, label) in [
        ("jetstream_api_prefix", "JS API Prefix"),
        ("jetstream_event_prefix", "JS Event Prefix"),
        ("jetstream_domain", "JS Domain"),
        ("inbox_prefix", "Inbox Prefix"),
    ] {
        report.row_if(label, context.get(field));
    }
    report.row("Path", store.path(name));
    report.row_if("Color Scheme", context.get("color_scheme"));
    if connect {
        let with = Call {
            context: context.clone(),
            ..call.clone()
        };
        let connected = with.connect().await;
        fine &= connected.is_ok();
        report.row(
            "Connection",
            match connected {
                Ok(_) => paint("OK", 32),
                Err(Failure::Error(error) | Failure::Fatal(error)) => {
                    paint(error.strip_prefix(CONFIGURATION).unwrap_or(&error), 31)
                }
                Err(_) => paint("ERROR", 31),
            },
        );
    }
    call.report(&report);
    call.line("");
    let variables = [
        "NATS_URL",
        "NATS_USER",
        "NATS_PASSWORD",
        "NATS_CREDS",
        "NATS_NKEY",
        "NATS_CERT",
        "NATS_KEY",
        "NATS_CA",
        "NATS_TIMEOUT",
        "NATS_SOCKS_PROXY",
        "NATS_COLOR",
    ];
    let set: Vec<&str> = variables
        .into_iter()
        .filter(|name| call.session.io.env(name).is_some_and(|v| !v.is_empty()))
        .collect();
    if !set.is_empty() {
        call.line(&format!(
            "{}: Shell environment overrides in place using {}",
            paint("WARNING", 91),
            set.join(", ")
        ));
    }
    Ok(fine)
}
