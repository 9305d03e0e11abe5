//! `--config`: a configuration from a file, and what is wrong with it in Go's words.

use super::Call;
use crate::{
    cli::parse::Failure,
    wire::json::{FromJson, from_json},
};

/// A configuration from a file.
pub struct ConfigFile<T> {
    /// What it says.
    pub config: T,
    /// The lists and maps that it has, be there something in them or not, by their names. A report of differences does not
    /// take an empty one for none.
    pub collections: Vec<String>,
}

/// What `--config` names: a configuration, or what `info --json` prints with one in it.
pub fn config_file<T: FromJson + Default>(call: &Call) -> Result<Option<ConfigFile<T>>, Failure> {
    let path = call.values.text("config");
    if path.is_empty() {
        return Ok(None);
    }
    let content = call.session.io.files().read(path);
    let mut content = content.map_err(|e| format!("open {path}: {}", e.text()))?;
    let whole: serde_json::Value = serde_json::from_slice(&content).unwrap_or_default();
    let wrong = |value: &serde_json::Value, into: &str| {
        let kind = match value {
            serde_json::Value::Array(_) => "array",
            serde_json::Value::String(_) => "string",
            serde_json::Value::Number(_) => "number",
            serde_json::Value::Bool(_) => "bool",
            _ => return Ok(()),
        };
        Err(format!("json: cannot unmarshal {kind} into Go {into}"))
    };
    wrong(&whole, "value of type map[string]interface {}")?;
    if let Some(config) = whole.get("config") {
        let info = T::name().replace("api.", "").replace("Config", "Info");
        let field = format!("struct field {info}.config of type {}", T::name());
        wrong(config, &field)?;
        content = config.to_string().into_bytes();
    }
    let config = from_json(&content).map_err(|error| {
        let name = T::name().replace("api.", "field ");
        match whole.get("config") {
            Some(_) => in_go(&error).replace(&name, &format!("{name}.config")),
            None => in_go(&error),
        }
    })?;
    let fields = whole.get("config").unwrap_or(&whole).as_object();
    let fields = fields.into_iter().flatten();
    let there = fields.filter(|(_, value)| value.is_array() || value.is_object());
    let collections = there.map(|(name, _)| name.to_ascii_lowercase()).collect();
    Ok(Some(ConfigFile {
        config,
        collections,
    }))
}

/// The error of a field that we read as another type than Go does, in Go's words.
fn in_go(error: &str) -> String {
    let Some((before, kind)) = error.rsplit_once(" of type ") else {
        return error.into();
    };
    let kind = match (before.rsplit('.').next().unwrap_or_default(), kind) {
        (
            "max_age"
            | "duplicate_window"
            | "subject_delete_marker_ttl"
            | "ack_wait"
            | "backoff"
            | "idle_heartbeat"
            | "max_expires"
            | "inactive_threshold"
            | "priority_timeout",
            kind,
        ) => kind.replace("int64", "time.Duration"),
        (
            "max_consumers" | "num_replicas" | "max_deliver" | "max_ack_pending" | "max_waiting"
            | "max_batch",
            _,
        ) => "int".into(),
        ("max_bytes", _) if before.contains("ConsumerConfig") => "int".into(),
        (_, "[]api.StreamSource") => "[]*api.StreamSource".into(),
        _ => return error.into(),
    };
    format!("{before} of type {kind}")
}
