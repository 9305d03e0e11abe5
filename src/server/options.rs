//! The options of CONNECT: JSON as Go reads it into what earlier CONNECTs left.

use crate::wire::json::{Decoder, decode_lenient};

/// What a client asked for; starts as nats-server starts before any CONNECT.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub verbose: bool,
    pub pedantic: bool,
    pub echo: bool,
    pub headers: bool,
    pub no_responders: bool,
    pub new_account: bool,
    tls_required: bool,
    pub protocol: i64,
    pub name: String,
    pub lang: String,
    pub version: String,
    pub user: String,
    pub pass: String,
    pub auth_token: String,
    pub account: String,
    pub nkey: String,
    /// `jwt`, `sig` and the like: no use without operators and nkeys, but their type is checked.
    unused: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            verbose: true,
            pedantic: true,
            echo: true,
            headers: false,
            no_responders: false,
            new_account: false,
            tls_required: false,
            protocol: 0,
            name: String::new(),
            lang: String::new(),
            version: String::new(),
            user: String::new(),
            pass: String::new(),
            auth_token: String::new(),
            account: String::new(),
            nkey: String::new(),
            unused: String::new(),
        }
    }
}

impl Options {
    /// Overlays the fields of a CONNECT.
    ///
    /// # Errors
    /// It is no JSON object or a field has the wrong type: Go's text.
    pub fn overlay(&mut self, json: &[u8]) -> Result<(), String> {
        decode_lenient(json, |decoder: &mut Decoder, value| {
            decoder.object(value, "ClientOpts", &mut |decoder, name, value| {
                if let Some(flag) = self.flag(name) {
                    decoder.bool(value, flag);
                } else if let Some(text) = self.text(name) {
                    decoder.string(value, text);
                } else if name == "protocol" {
                    decoder.int(value, &mut self.protocol);
                } else if matches!(name, "import" | "export") {
                    decoder.object(value, "SubjectPermission", &mut |decoder, name, value| {
                        if matches!(name, "allow" | "deny") {
                            decoder.strings(value, &mut Vec::new());
                        }
                        true
                    });
                }
                true
            });
        })
    }

    fn flag(&mut self, name: &str) -> Option<&mut bool> {
        Some(match name {
            "verbose" => &mut self.verbose,
            "pedantic" => &mut self.pedantic,
            "echo" => &mut self.echo,
            "headers" => &mut self.headers,
            "no_responders" => &mut self.no_responders,
            "new_account" => &mut self.new_account,
            "tls_required" => &mut self.tls_required,
            _ => return None,
        })
    }

    fn text(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "name" => &mut self.name,
            "lang" => &mut self.lang,
            "version" => &mut self.version,
            "user" => &mut self.user,
            "pass" => &mut self.pass,
            "auth_token" => &mut self.auth_token,
            "account" => &mut self.account,
            "nkey" => &mut self.nkey,
            "jwt" | "sig" | "proxy_sig" | "remote_account" => &mut self.unused,
            _ => return None,
        })
    }

    /// Who it says it is, whether or not anybody asked; nobody is to see a token.
    pub fn shown_user(&self) -> &str {
        match (&self.nkey[..], &self.user[..], &self.auth_token[..]) {
            ("", "", "") => "",
            ("", "", _) => "[REDACTED]",
            ("", user, _) => user,
            (nkey, ..) => nkey,
        }
    }

    /// Client's version, language and name for the log: `v1.55.0:go:NATS CLI`, missing parts left out.
    pub fn label(&self) -> String {
        let version = if self.version.is_empty() {
            String::new()
        } else {
            format!("v{}", self.version)
        };
        let parts = [&version, &self.lang, &self.name];
        parts
            .into_iter()
            .filter(|p| !p.is_empty())
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(":")
    }
}

/// CONNECT's JSON with the values of `pass` and `auth_token` hidden, for the trace.
pub(super) fn redacted(json: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(json).into_owned();
    for key in ["\"pass\":\"", "\"auth_token\":\""] {
        if let Some(start) = text.find(key).map(|at| at + key.len())
            && let Some(length) = text[start..].find('"')
        {
            text.replace_range(start..start + length, "[REDACTED]");
        }
    }
    text
}
