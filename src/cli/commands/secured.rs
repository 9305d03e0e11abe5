//! What flags and contexts ask of TLS: nothing here speaks it, so whoever asks for it gets no connection in the clear instead,
//! and the words of Go for what is wrong with the files.

use super::{Call, connect::misconfigured};
use crate::{
    cli::{
        context::{expand, scheme},
        parse::Failure,
        values::quote,
    },
    wire::base64,
};

/// What stands between the dashes of a block's first line.
const CERTIFICATE: &str = "CERTIFICATE";

impl Call {
    /// Whether certificates ask for TLS; their files are looked at.
    pub fn secured(&self) -> Result<bool, Failure> {
        let pair = match (self.context.get("cert"), self.context.get("key")) {
            ("", _) | (_, "") => None,
            (cert, key) => Some((path_of(cert, "cert")?, path_of(key, "key")?)),
        };
        let authority = match self.context.get("ca") {
            "" => None,
            ca => Some(path_of(ca, "ca")?),
        };
        if let Some((cert, key)) = &pair {
            let wrong = |why| format!("nats: error loading client certificate: {why}");
            let files = [
                self.pem(cert).map_err(wrong)?,
                self.pem(key).map_err(wrong)?,
            ];
            check_pair(&files[0], &files[1]).map_err(wrong)?;
        }
        if let Some(path) = &authority {
            let wrong = |why| format!("nats: error loading or parsing rootCA file: {why}");
            if !blocks(&self.pem(path).map_err(wrong)?).contains(&CERTIFICATE) {
                let path = quote(path);
                return Err(format!("nats: failed to parse root certificate from {path}").into());
            }
        }
        Ok(pair.is_some() || authority.is_some())
    }

    fn pem(&self, path: &str) -> Result<String, String> {
        let io = &self.session.io;
        let content = io.files().read(&expand(&**io, path));
        let content = content.map_err(|error| format!("open {path}: {}", error.text()))?;
        Ok(String::from_utf8_lossy(&content).into())
    }
}

/// The path that a context's field says; it may be nothing but a file.
fn path_of<'a>(text: &'a str, field: &str) -> Result<&'a str, Failure> {
    match scheme(text) {
        Some(file) if file == "file" => Ok(text.split_once("://").map_or(text, |(_, path)| path)),
        Some(scheme) => {
            let scheme = quote(&scheme);
            let text = format!("{field}: scheme {scheme} not supported (file/bare only)");
            Err(misconfigured(text))
        }
        None => Ok(text),
    }
}

/// The kinds of a PEM file's blocks, in order.
fn blocks(text: &str) -> Vec<&str> {
    let mut kinds = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        rest = after;
        let Some((kind, body)) = after.split_once("-----") else {
            break;
        };
        let Some((body, _)) = body.split_once(&format!("-----END {kind}-----")) else {
            continue;
        };
        // Headers may stand before an empty line.
        let body = body.rsplit("\n\n").next().unwrap_or_default();
        if base64::decode(&body.replace(['\n', '\r', ' ', '\t'], "")).is_some() {
            kinds.push(kind);
        }
    }
    kinds
}

/// What Go's `X509KeyPair` says of files that are no certificate and key.
fn check_pair(cert: &str, key: &str) -> Result<(), String> {
    let is_key = |kind: &&str| *kind == "PRIVATE KEY" || kind.ends_with(" PRIVATE KEY");
    let (certs, keys) = (blocks(cert), blocks(key));
    if !certs.contains(&CERTIFICATE) {
        return Err(match certs.as_slice() {
            [] => "tls: failed to find any PEM data in certificate input".into(),
            [kind] if kind.ends_with("PRIVATE KEY") => {
                "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched".into()
            }
            kinds => format!(
                "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [{}]",
                kinds.join(" ")
            ),
        });
    }
    match keys.as_slice() {
        [] => Err("tls: failed to find any PEM data in key input".into()),
        kinds if kinds.iter().any(is_key) => Ok(()),
        [CERTIFICATE] => {
            Err("tls: found a certificate rather than a key in the PEM for the private key".into())
        }
        kinds => Err(format!(
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: [{}]",
            kinds.join(" ")
        )),
    }
}
