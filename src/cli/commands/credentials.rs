//! Who connects where users have keys: credentials, a seed, or a JWT of the context. Must not know how a connection is made.
//!
//! In the page this is loaded with the first connection that has some.

use super::{Call, connect::misconfigured};
use crate::{
    cli::{
        context::{EMBEDDED, after, expand, reference, scheme},
        parse::Failure,
        values::quote,
    },
    client::{
        Signer, Who,
        nkeys::{self, Pair},
    },
    wire::base64,
};

/// Fields of a context that say who connects, the first of which counts.
const FIELDS: [&str; 4] = ["user", "creds", "nkey", "user_jwt"];

impl Call {
    /// The field that says who connects by a signature, if one does.
    pub(super) fn signs_by(&self) -> Option<&'static str> {
        let given = |field: &&str| !self.context.get(field).is_empty();
        let first = FIELDS.into_iter().find(given);
        first.filter(|field| *field != "user")
    }
}

/// Who connects by a file.
pub struct Identity {
    /// What a client says.
    pub signer: Signer,
    /// The variable, and its value, that says the same to a command.
    pub variable: (&'static str, String),
}

/// Reads the content of a file: credentials, or a seed alone.
pub fn from_file(content: &[u8]) -> Result<Identity, String> {
    let signer = Signer::from_file(content)?;
    let name = match signer.who {
        Who::Jwt(_) => "NATS_CREDS",
        Who::Nkey(_) => "NATS_NKEY",
    };
    let variable = (name, format!("{EMBEDDED}{}", base64::encode(content)));
    Ok(Identity { signer, variable })
}

/// A user with a JWT; nobody where that is empty, as nats.go has it.
fn user(jwt: String, pair: Result<Pair, String>) -> Option<Signer> {
    (!jwt.is_empty()).then(|| Signer::of_user(jwt, pair))
}

/// Reads what a field of the context names. What Go reads before it connects is a failure of the configuration.
pub fn signer(call: &Call, field: &str) -> Result<Option<Signer>, Failure> {
    let io = &*call.session.io;
    let text = call.context.get(field);
    if field == "user_jwt" {
        let (jwt, seed) = (call.secret("user_jwt")?, call.secret("user_seed")?);
        return Ok(jwt.map(|jwt| match seed {
            Some(seed) => {
                let pair = Pair::from_seed(seed.as_bytes());
                let wrong = |why| format!("unable to extract key pair from seed: {why}");
                Signer::of_user(jwt, pair.map_err(wrong))
            }
            None => Signer::unsigned(jwt),
        }));
    }
    if let Some(scheme) = scheme(text).filter(|scheme| scheme != "file") {
        let wrong = |why: String| misconfigured(format!("{field}: {why}"));
        let unknown = || {
            wrong(format!(
                "no resolver registered for scheme {}",
                quote(&scheme)
            ))
        };
        let content = reference(io, text).map_err(wrong)?.ok_or_else(unknown)?;
        let pair = Pair::from_file(&content).map_err(wrong)?;
        return Ok(match field {
            "nkey" => Some(pair.into()),
            _ => user(nkeys::jwt(&content), Ok(pair)),
        });
    }
    let path = expand(io, after(text, "file://"));
    let content = io.files().read(&path);
    let content = content.map_err(|error| format!("nats: open {path}: {}", error.text()));
    if field == "nkey" {
        let pair = content.and_then(|content| Pair::from_file(&content));
        let pair = pair.map_err(misconfigured)?;
        return match pair.is_user() {
            true => Ok(Some(pair.into())),
            false => Err(misconfigured("nats: Not a valid nkey user seed".into())),
        };
    }
    let content = content?;
    let wrong = |why| {
        let path = quote(&path);
        format!("unable to extract key pair from file {path}: {why}")
    };
    let pair = Pair::from_file(&content).map_err(wrong);
    Ok(user(nkeys::jwt(&content), pair))
}
