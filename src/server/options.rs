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

/// CONNECT's JSON for the trace, with its secrets hidden: what follows the keys that nats-server looks for, however written
/// (`removeSecretsFromTrace`).
pub(super) fn redacted(json: &[u8]) -> String {
    let hidden = hide(json, &[b"auth_token", b"pass"], true);
    String::from_utf8_lossy(&hide(&hidden, &[b"proxy_sig", b"nkey", b"sig"], false)).into_owned()
}

/// Hides what follows these keys, also where more follows their names if `longer`, where else they are whole words.
fn hide(text: &[u8], keys: &[&[u8]], longer: bool) -> Vec<u8> {
    let (mut shown, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let is_key = |key: &&&[u8]| rest.starts_with(key);
        let inside = !longer
            && at > 0
            && matches!(text[at - 1], b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z');
        let key = keys.iter().find(is_key).filter(|_| !inside);
        match key.and_then(|key| value(&rest[key.len()..], longer)) {
            Some(value) => {
                shown.extend(&rest[..rest.len() - value.len()]);
                shown.extend(b"[REDACTED]");
                let end = value.iter().position(|byte| b"\",\r\n}".contains(byte));
                rest = &value[end.unwrap_or(value.len())..];
            }
            None => {
                shown.push(rest[0]);
                rest = &rest[1..];
            }
        }
    }
    shown
}

/// Where the value begins behind a key, if one does.
fn value(mut behind: &[u8], longer: bool) -> Option<&[u8]> {
    loop {
        let sign = unquoted(behind).trim_ascii_start();
        if let Some(value) = sign.strip_prefix(b":").or_else(|| sign.strip_prefix(b"=")) {
            return Some(unquoted(value.trim_ascii_start()));
        }
        let (first, rest) = behind.split_first()?;
        if !longer || first.is_ascii_whitespace() {
            return None;
        }
        behind = rest;
    }
}

fn unquoted(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"").unwrap_or(text)
}
