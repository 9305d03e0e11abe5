//! Making streams, and what their flags mean. Which there are, [`super::form`] knows.

use super::schema::forbidden;
use super::{Call, Outcome, form, show};

use crate::{
    cli::{
        commands::{check_name, failed, json},
        parse::Failure,
    },
    client::{
        JetStream,
        types::{
            DiscardPolicy, PersistMode, Republish, RetentionPolicy, StorageType, StreamConfig,
            StreamInfo, SubjectTransform,
        },
    },
};

pub(super) fn retention(text: &str) -> RetentionPolicy {
    match text.to_ascii_lowercase().as_str() {
        "interest" => RetentionPolicy::Interest,
        "work queue" | "workq" | "work" => RetentionPolicy::WorkQueue,
        _ => RetentionPolicy::Limits,
    }
}

pub(super) fn storage(text: &str) -> StorageType {
    if text.starts_with('m') {
        StorageType::Memory
    } else {
        StorageType::File
    }
}

pub(super) fn discard(text: &str) -> DiscardPolicy {
    match text.to_ascii_lowercase().as_str() {
        "new" => DiscardPolicy::New,
        _ => DiscardPolicy::Old,
    }
}

pub(super) fn republish(call: &Call) -> Result<Option<Republish>, Failure> {
    let (src, dest) = (
        call.values.text("republish-source"),
        call.values.text("republish-destination"),
    );
    let headers_only = call.values.is("republish-headers");
    if src.is_empty() != dest.is_empty() || (headers_only && src.is_empty()) {
        let more = if headers_only {
            " when using --headers-only"
        } else {
            ""
        };
        return Err(format!(
            "must specify both --republish-source and --republish-destination{more}"
        )
        .into());
    }
    Ok((!src.is_empty()).then(|| Republish {
        src: src.into(),
        dest: dest.into(),
        headers_only,
    }))
}

pub(super) fn transform(call: &Call) -> Result<Option<SubjectTransform>, Failure> {
    let (src, dest) = (
        call.values.text("transform-source"),
        call.values.text("transform-destination"),
    );
    if src.is_empty() != dest.is_empty() {
        return Err("must specify both --transform-source and --transform-destination".into());
    }
    Ok((!src.is_empty()).then(|| SubjectTransform {
        src: src.into(),
        dest: dest.into(),
    }))
}

/// Sets the placement that flags ask for.
pub(super) fn place(call: &Call, config: &mut StreamConfig) {
    let (cluster, tags) = (call.values.text("cluster"), tags(call));
    if !cluster.is_empty() {
        config.placement.get_or_insert_default().cluster = cluster.into();
    }
    if !tags.is_empty() {
        config.placement.get_or_insert_default().tags = tags;
    }
}

pub(super) fn tags(call: &Call) -> Vec<String> {
    let mut tags = call.values.list_of(&["tag", "tags"]);
    tags.retain(|t| !t.is_empty());
    tags
}

/// JetStream for a request about a configuration, which says what API level that needs.
pub(super) fn at_level(jetstream: &JetStream, config: &StreamConfig) -> JetStream {
    let origins = config.mirror.iter().chain(&config.sources);
    let levels = [
        (
            config.allow_msg_ttl || config.subject_delete_marker_ttl > 0,
            1,
        ),
        (config.allow_atomic || config.allow_msg_counter, 2),
        (
            config.allow_msg_schedules || config.persist_mode == PersistMode::Async,
            2,
        ),
        (config.allow_batched, 3),
        (origins.into_iter().any(|o| o.consumer.is_some()), 4),
    ];
    let needed = levels.iter().filter(|(needed, _)| *needed);
    jetstream.at_level(needed.map(|(_, level)| *level).max().unwrap_or(0))
}

/// Makes a stream, unless its configuration is wrong already here.
pub(super) async fn create(
    jetstream: &JetStream,
    config: &StreamConfig,
) -> Result<StreamInfo, Failure> {
    let made = async {
        check_name("stream", &config.name)?;
        let wrong = forbidden(config);
        if !wrong.is_empty() {
            let wrong = wrong.join(", ");
            return Err(format!("configuration validation failed: {wrong}").into());
        }
        let jetstream = at_level(jetstream, config);
        jetstream.create_stream(config).await.map_err(failed)
    };
    made.await.map_err(|e| e.context("could not create Stream"))
}

/// `stream add`.
pub async fn add(call: Call) -> Outcome {
    let jetstream = call.jetstream(crate::cli::commands::Library::Jsm).await;
    let jetstream = jetstream.map_err(|e| e.context("could not create Stream"))?;
    // natscli asks here whether streams must have a limit of their size.
    let _ = jetstream.account_info().await;
    let config = form::fill(&call).await?;
    let text = json::print(&config);
    let (validate, path) = (call.values.is("validate"), call.values.text("output"));
    if validate {
        call.print(&format!("{text}\n\n"));
    }
    if validate || !path.is_empty() {
        let mut wrong = forbidden(&config);
        if !config.no_ack && config.subjects.iter().any(|s| s == ">") {
            wrong = vec!["subjects cannot be '>' when acknowledgement is enabled".into()];
        }
        if !wrong.is_empty() {
            return Err(format!("Validation Failed: {}", wrong.join("\n\t")).into());
        }
    }
    if validate {
        call.line(
            "Configuration is a valid Stream matching io.nats.jetstream.api.v1.stream_configuration",
        );
        return Ok(());
    }
    if !path.is_empty() {
        let written = call.session.io.files().write(path, text.as_bytes());
        return written.map_err(|e| format!("open {path}: {}", e.text()).into());
    }
    let info = create(&jetstream, &config).await?;
    call.print(&format!("Stream {} was created\n\n", config.name));
    show(&call, &info, false);
    Ok(())
}
