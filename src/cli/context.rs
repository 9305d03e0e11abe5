//! Contexts: connection settings by name, kept as JSON files the way natscli keeps them.

use super::{
    FileError, Io, Session,
    parse::{Failure, Values},
    values::quote,
};
use crate::wire::{
    base64,
    json::{Writer, decode_lenient, indent},
};

/// The settings a command connects with, from the selected context, the environment and flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Name of the context that was loaded; empty if none.
    pub name: String,
    /// Texts of the [`FIELDS`] that are set, flags and environment applied.
    fields: Vec<(&'static str, String)>,
    /// Whom a client on Windows would trust; kept as it is.
    issuers: Option<Vec<String>>,
}

/// The one field that is neither a text nor a list: `true` or empty here.
const TLS_FIRST: &str = "tls_first";

/// Fields of a context file, in the order they are written, with the flag that sets each.
pub const FIELDS: [(&str, &str); 23] = [
    ("description", "description"),
    ("url", "server"),
    ("socks_proxy", "socks-proxy"),
    ("token", "token"),
    ("user", "user"),
    ("password", "password"),
    ("creds", "creds"),
    ("nkey", "nkey"),
    ("cert", "tlscert"),
    ("key", "tlskey"),
    ("ca", "tlsca"),
    ("nsc", ""),
    ("jetstream_domain", "js-domain"),
    ("jetstream_api_prefix", "js-api-prefix"),
    ("jetstream_event_prefix", "js-event-prefix"),
    ("inbox_prefix", "inbox-prefix"),
    ("user_jwt", "jwt"),
    ("user_seed", "seed"),
    ("color_scheme", "colors"),
    (TLS_FIRST, "tlsfirst"),
    ("windows_cert_store", ""),
    ("windows_cert_match_by", ""),
    ("windows_cert_match", ""),
];

/// The one that is a list.
const ISSUERS: &str = "windows_ca_certs_match";

/// Those that name files: variables and `~` in them are replaced when a context is read.
const PATHS: [&str; 5] = ["creds", "nkey", "cert", "key", "ca"];

/// What stands before something that is in a context itself.
pub const EMBEDDED: &str = "data:;base64,";

/// The path of a file in a context: without a scheme, with variables and `~` replaced.
pub fn expand(io: &dyn Io, path: &str) -> String {
    let (mut text, mut rest) = (String::new(), path);
    while let Some((before, after)) = rest.split_once('$') {
        let braced = after.strip_prefix('{').and_then(|a| a.split_once('}'));
        let (name, left) = braced.unwrap_or_else(|| {
            let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            after.split_at(after.find(|c| !in_name(c)).unwrap_or(after.len()))
        });
        text += before;
        match name {
            "" => text.push('$'),
            name => text += &io.env(name).unwrap_or_default(),
        }
        rest = left;
    }
    text += rest;
    match text.strip_prefix('~') {
        Some(rest) => format!("{}{rest}", io.env("HOME").unwrap_or_default()),
        None => text,
    }
}

/// Refuses what cannot be a file's name.
pub fn check_name(name: &str) -> Result<(), Failure> {
    let wrong = if name.is_empty() {
        "name is empty".into()
    } else if name.contains("..") {
        format!(r#"{} must not contain "..""#, quote(name))
    } else if name.contains(['/', '\\']) {
        format!(r#"{} must not contain "/" or "\""#, quote(name))
    } else {
        return Ok(());
    };
    Err(format!("invalid context name: {wrong}").into())
}

/// What kind of reference a field has, as Go reads URLs, which have no control characters; one letter is a drive of Windows.
pub fn scheme(text: &str) -> Option<String> {
    let (scheme, _) = text.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let is_one = !text.bytes().any(|b| b.is_ascii_control())
        && scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(plain);
    is_one.then(|| scheme.to_ascii_lowercase())
}

/// What a secret in a context stands for: a [`reference`] to it, without the ends of its last line, or the text itself.
pub fn secret(io: &dyn Io, text: &str) -> Result<String, String> {
    Ok(match reference(io, text)? {
        Some(content) => {
            let content = String::from_utf8_lossy(&content);
            content.trim_end_matches(['\r', '\n']).into()
        }
        None => text.into(),
    })
}

/// What follows a prefix in any case; the whole text where it has another.
pub fn after<'a>(text: &'a str, prefix: &str) -> &'a str {
    match text.split_at_checked(prefix.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => rest,
        _ => text,
    }
}

/// What a text with a [`scheme`] that natscli knows names or embeds; `None` for all other texts. Of the programs that keep
/// secrets for others, there is none here.
pub fn reference(io: &dyn Io, text: &str) -> Result<Option<Vec<u8>>, String> {
    Ok(Some(match scheme(text).as_deref() {
        Some("env") => {
            let name = after(text, "env://");
            if name.is_empty() {
                let reference = quote(text);
                return Err(format!(
                    "env: missing variable name in reference {reference}"
                ));
            }
            let (value, name) = (io.env(name), quote(name));
            let value = value.ok_or_else(|| format!("env: variable {name} is not set"))?;
            if value.is_empty() {
                return Err(format!("env: variable {name} is empty"));
            }
            value.into_bytes()
        }
        Some("file") => {
            let path = expand(io, after(text, "file://"));
            let content = io.files().read(&path);
            content.map_err(|error| format!("open {path}: {}", error.text()))?
        }
        Some("data") => {
            let Some((header, content)) = after(text, "data:").split_once(',') else {
                return Err("data: reference is missing the ',' separator".into());
            };
            if !header.split(';').any(|part| part.trim() == "base64") {
                return Err("data: reference must declare ';base64' encoding".into());
            }
            let wrong =
                |at| format!("data: base64 decode failed: illegal base64 data at input byte {at}");
            base64::try_decode(content).map_err(wrong)?
        }
        Some("nsc") => return Err("cannot find 'nsc' in user path".into()),
        Some("op") => {
            return Err(r#"op read failed: exec: "op": executable file not found in $PATH"#.into());
        }
        _ => return Ok(None),
    }))
}

impl Context {
    /// What a command starts with. A context that is not there ends the command.
    pub fn at_start(session: &Session, values: &Values) -> Result<Context, Failure> {
        let store = Store::new(session);
        let wanted = values.text("context");
        let unread = || Context {
            name: wanted.into(),
            ..Context::default()
        };
        let mut context = if values.is("no-context") {
            unread()
        } else {
            match store.at_start(wanted) {
                Ok(context) => context,
                // One that was asked for and cannot be read is like an empty one.
                Err(_) if store.content(wanted).is_ok() => unread(),
                Err(_) => {
                    let text = format!(
                        "The selected context {} was not found, unselecting it\n\n",
                        quote(&store.selected())
                    );
                    session.io.stdout(text.as_bytes());
                    store.unselect();
                    return Err("context not found".into());
                }
            }
        };
        context.apply(values);
        Ok(context)
    }

    /// Overrides fields with flags and environment.
    pub fn apply(&mut self, values: &Values) {
        for (field, flag) in FIELDS {
            // A user without a password is a token; some flags have two names.
            let (field, flag) = match flag {
                "user" if values.text("password").is_empty() => ("token", flag),
                "js-domain" => (field, values.either([flag, "domain"])),
                "tlsfirst" => (field, values.either([flag, "tls-first"])),
                _ => (field, flag),
            };
            // `description` is a flag of many commands, but a setting only of `context add`.
            let value = values.text(flag);
            let off = field == TLS_FIRST && value == "false"; // as if it were not there
            if flag.is_empty() || field == "description" || value.is_empty() || off {
                continue;
            }
            self.set(field, value);
        }
    }

    /// Sets a field.
    pub fn set(&mut self, field: &'static str, value: &str) {
        self.fields.retain(|(name, _)| *name != field);
        self.fields.push((field, value.into()));
    }

    /// Text of a field; empty if it is not set.
    pub fn get(&self, field: &str) -> &str {
        let set = self.fields.iter().find(|(name, _)| *name == field);
        set.map_or("", |(_, value)| value)
    }

    /// Whether TLS comes before the server's INFO.
    pub fn tls_first(&self) -> bool {
        self.get(TLS_FIRST) == "true"
    }

    /// Copies the files that credentials are in into the context.
    pub fn embed(&mut self, io: &dyn Io) -> Result<(), String> {
        for field in ["creds", "nkey", "user_jwt", "user_seed"] {
            let text = self.get(field);
            let path = text.strip_prefix("file://").unwrap_or(text);
            if path.is_empty() || path.contains("://") || path.starts_with("data:") {
                continue;
            }
            let path = expand(io, path);
            let content = io.files().read(&path);
            let content = content.map_err(|error| format!("open {path}: {}", error.text()))?;
            self.set(field, &format!("{EMBEDDED}{}", base64::encode(&content)));
        }
        Ok(())
    }

    /// URLs of servers.
    pub fn url(&self) -> &str {
        match self.get("url") {
            "" => "nats://127.0.0.1:4222",
            url => url,
        }
    }

    /// The file's text.
    pub fn to_json(&self) -> String {
        let mut json = Writer::default();
        json.open();
        self.write(&mut json);
        json.close();
        indent(&json.finish())
    }

    /// Adds all fields to an object.
    pub fn write(&self, json: &mut Writer) {
        for (field, _) in FIELDS {
            json.key(field);
            match field {
                TLS_FIRST => json.bool(self.tls_first()),
                "url" => json.string(self.url()),
                field => json.string(self.get(field)),
            };
        }
        json.key(ISSUERS);
        match &self.issuers {
            None => json.raw(b"null"),
            Some(issuers) => json.strings(issuers),
        };
    }

    /// Reads a file's text; unknown fields are skipped.
    fn read(&mut self, text: &[u8]) -> Result<(), String> {
        decode_lenient(text, |decoder, value| {
            decoder.package = "natscontext";
            decoder.object(value, "settings", &mut |decoder, name, value| {
                match name {
                    // The file's name counts.
                    "name" => decoder.string(value, &mut String::new()),
                    ISSUERS if value.is_null() => self.issuers = None,
                    ISSUERS => {
                        let issuers = self.issuers.get_or_insert_default();
                        decoder.strings(value, issuers);
                    }
                    _ => {}
                }
                let Some((field, _)) = FIELDS.into_iter().find(|(field, _)| *field == name) else {
                    return false;
                };
                let (mut text, mut on) = (String::new(), false);
                match field {
                    TLS_FIRST => decoder.bool(value, &mut on),
                    _ => decoder.string(value, &mut text),
                }
                self.set(field, if on { "true" } else { &text });
                true
            });
        })
    }
}

/// Where contexts are kept.
pub struct Store<'a> {
    session: &'a Session,
    folder: String,
}

impl<'a> Store<'a> {
    /// In `$XDG_CONFIG_HOME/nats`, else `~/.config/nats`.
    pub fn new(session: &'a Session) -> Store<'a> {
        let env = |name| session.io.env(name).filter(|v| !v.is_empty());
        let base = env("XDG_CONFIG_HOME")
            .unwrap_or_else(|| format!("{}/.config", env("HOME").unwrap_or_default()));
        Store {
            session,
            folder: format!("{base}/nats"),
        }
    }

    /// The file of a context.
    pub fn path(&self, name: &str) -> String {
        format!("{}/context/{name}.json", self.folder)
    }

    fn read(&self, path: &str) -> String {
        let content = self.session.io.files().read(path).unwrap_or_default();
        String::from_utf8_lossy(&content).trim().to_string()
    }

    fn write(&self, path: &str, content: &str) -> Result<(), Failure> {
        let files = self.session.io.files();
        let written = files.write_private(path, content.as_bytes());
        Ok(written.map_err(|error| {
            // A file that stands where a folder should, else the first of the folders above it that could not be made.
            let above = path.match_indices('/').map(|(at, _)| &path[..at]);
            let mut above = above.filter(|folder| !folder.is_empty());
            if let Some(file) = above.clone().find(|path| files.read(path).is_ok()) {
                return format!("mkdir {file}: not a directory");
            }
            match above.find(|folder| files.list(folder).is_err()) {
                Some(folder) => format!("mkdir {folder}: {}", error.text()),
                None => format!("open {path}: {}", error.text()),
            }
        })?)
    }

    /// Name of the selected context; empty if none.
    pub fn selected(&self) -> String {
        self.read(&format!("{}/context.txt", self.folder))
    }

    /// Name of the context selected before; empty if none.
    pub fn previous(&self) -> String {
        self.read(&format!("{}/previous-context.txt", self.folder))
    }

    /// Names of all contexts, sorted. Empty files are none.
    pub fn names(&self) -> Result<Vec<String>, Failure> {
        let files = self.session.io.files();
        let folder = format!("{}/context", self.folder);
        let listed = match files.list(&folder) {
            Err(FileError::Other(why)) => return Err(format!("open {folder}: {why}").into()),
            listed => listed.unwrap_or_default(),
        };
        let name = |file: String| file.strip_suffix(".json").map(String::from);
        let mut names: Vec<String> = listed.into_iter().filter_map(name).collect();
        names.retain(|name| {
            let content = check_name(name).map(|()| files.read(&self.path(name)));
            match content {
                Ok(Ok(text)) => !text.is_empty(),
                Ok(Err(error)) => error != FileError::Folder,
                Err(_) => false,
            }
        });
        Ok(names)
    }

    /// The text of a context's file.
    pub fn content(&self, name: &str) -> Result<Vec<u8>, Failure> {
        check_name(name)?;
        let path = self.path(name);
        let content = self.session.io.files().read(&path);
        Ok(content.map_err(|error| match error {
            FileError::Missing => format!("context not found: {}", quote(name)),
            FileError::Folder => format!("read {path}: {}", error.text()),
            FileError::Other(why) => format!("open {path}: {why}"),
        })?)
    }

    /// Reads a context.
    pub fn load(&self, name: &str) -> Result<Context, Failure> {
        self.parse(name, &self.content(name)?)
    }

    /// What a command starts with if this is asked for: a context, one in a file somewhere else (`PATH.json`), the selected
    /// one, or none.
    fn at_start(&self, wanted: &str) -> Result<Context, Failure> {
        if wanted.ends_with(".json")
            && let Ok(content) = self.session.io.files().read(wanted)
        {
            let base = wanted.rsplit('/').next().unwrap_or_default();
            return self.parse(base.strip_suffix(".json").unwrap_or_default(), &content);
        }
        let name = match wanted {
            "" => self.selected(),
            name => name.into(),
        };
        match &*name {
            "" => Ok(Context::default()),
            name => self.load(name),
        }
    }

    fn parse(&self, name: &str, content: &[u8]) -> Result<Context, Failure> {
        let mut context = Context {
            name: name.into(),
            ..Context::default()
        };
        context.read(content)?;
        if !context.get("nsc").is_empty() {
            return Err("cannot find 'nsc' in user path".into());
        }
        for (field, text) in &mut context.fields {
            if PATHS.contains(field) {
                *text = expand(&*self.session.io, text);
            }
        }
        Ok(context)
    }

    /// Writes a context.
    pub fn save(&self, name: &str, context: &Context) -> Result<(), Failure> {
        self.write(&self.path(name), &context.to_json())
    }

    /// Removes a context.
    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        let path = self.path(name);
        match self.session.io.files().remove(&path) {
            Err(FileError::Other(why)) => Err(format!("remove {path}: {why}").into()),
            _ => Ok(()),
        }
    }

    /// Makes a context the selected one, remembering the one before.
    pub fn select(&self, name: &str) -> Result<(), Failure> {
        let before = self.selected();
        if !before.is_empty() {
            self.write(&format!("{}/previous-context.txt", self.folder), &before)?;
        }
        self.write(&format!("{}/context.txt", self.folder), name)
    }

    /// Selects none, remembering the one before.
    pub fn unselect(&self) {
        let before = self.selected();
        if !before.is_empty() {
            let _ = self.write(&format!("{}/previous-context.txt", self.folder), &before);
        }
        let _ = self
            .session
            .io
            .files()
            .remove(&format!("{}/context.txt", self.folder));
    }
}
