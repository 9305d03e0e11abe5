//! Making and changing streams: configurations from flags, files and questions.

use super::{Call, Outcome, origins::origin, show};

use crate::{
    cli::{
        commands::{
            check_name, config_file, failed, json, subscribe::split_subjects, users_metadata,
        },
        parse::Failure,
        render::{go_duration, number},
        values,
    },
    client::{
        JetStream,
        types::{
            Compression, DiscardPolicy, Placement, Republish, RetentionPolicy, StorageType,
            StreamConfig, StreamInfo, SubjectTransform,
        },
    },
};

const SECOND: i64 = 1_000_000_000;

fn invalid(failure: Failure) -> Failure {
    failure.context("invalid input")
}

/// A number, from a flag or asked for.
async fn ask_number(
    call: &Call,
    flag: &str,
    question: &str,
    default: &str,
    help: &str,
) -> Result<i64, Failure> {
    let given = call.values.int(flag);
    if given != 0 {
        return Ok(given);
    }
    if call.values.is("defaults") {
        return Ok(default.parse().unwrap_or(-1));
    }
    let answer = call.prompt().quantity(question, default, help).await;
    atoi(&answer.map_err(invalid)?).map_err(invalid)
}

/// A number that was typed.
pub(super) fn atoi(text: &str) -> Result<i64, Failure> {
    let wrong = || {
        let quoted = values::quote(text);
        format!("strconv.Atoi: parsing {quoted}: invalid syntax")
    };
    Ok(text.parse().map_err(|_| wrong())?)
}

/// A limit, from a flag as it is or asked for; -1 for none.
async fn ask_limit(call: &Call, flag: &str, question: &str, help: &str) -> Result<i64, Failure> {
    let limit = ask_number(call, flag, question, "-1", help).await?;
    Ok(match limit {
        ..=0 if call.values.int(flag) == 0 => -1,
        limit => limit,
    })
}

/// A size, from a flag or asked for; -1 for no limit.
async fn ask_size(call: &Call, flag: &str, question: &str, help: &str) -> Result<i64, Failure> {
    let given = match call.values.text(flag) {
        "" if call.values.is("defaults") => -1,
        "" => 0,
        given => values::size(given, 32).map_err(|e| invalid(e.into()))?,
    };
    // A 0 is asked for, whatever the flags say.
    if given != 0 {
        return Ok(given);
    }
    let typed = call.prompt().quantity(question, "-1", help).await;
    let size = values::size(&typed.map_err(invalid)?, 64).map_err(|e| invalid(e.into()))?;
    Ok(if size == 0 { -1 } else { size })
}

/// One of several, from a flag or asked for.
async fn ask_choice(
    call: &Call,
    flag: &str,
    question: &str,
    options: &[&str],
    default: &str,
    help: &str,
) -> Result<String, Failure> {
    match call.values.text(flag) {
        "" if call.values.is("defaults") => Ok(default.into()),
        "" => {
            let options: Vec<String> = options.iter().map(|o| o.to_string()).collect();
            call.prompt()
                .select(question, &options, default, help)
                .await
                .map_err(invalid)
        }
        given => Ok(given.into()),
    }
}

/// A yes or no, from a flag or asked for.
async fn ask_yes(call: &Call, flag: &str, question: &str, default: bool) -> Result<bool, Failure> {
    if call.values.given(flag) {
        return Ok(call.values.is(flag));
    }
    if call.values.is("defaults") {
        return Ok(false);
    }
    let yes = call
        .prompt()
        .confirm(question, default)
        .await
        .map_err(invalid)?;
    // The questions that default to yes ask for the opposite of their flag.
    Ok(yes != default)
}

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

/// The configuration that `stream add` is asked for.
async fn prepare(call: &Call) -> Result<StreamConfig, Failure> {
    let values = &call.values;
    let name = values.arg("stream");
    if let Some(mut config) = config_file::<StreamConfig>(call).map_err(invalid)? {
        config.metadata = users_metadata(config.metadata);
        if !name.is_empty() {
            config.name = name.into();
        }
        let subjects = values.list("subjects");
        if !subjects.is_empty() {
            config.subjects = subjects;
        }
        if !values.text("description").is_empty() {
            config.description = values.text("description").into();
        }
        if values.int("replicas") > 0 {
            config.num_replicas = values.int("replicas");
        }
        return Ok(config);
    }
    let defaults = values.is("defaults");
    let mut config = StreamConfig {
        name: match name {
            "" => call
                .prompt()
                .input("Stream Name", "", "", true)
                .await
                .map_err(invalid)?,
            name => name.into(),
        },
        description: values.text("description").into(),
        ..StreamConfig::default()
    };
    let (mirror, sources) = (values.text("mirror"), values.list("source"));
    config.subjects = values.list("subjects");
    if mirror.is_empty() && sources.is_empty() {
        if config.subjects.is_empty() {
            let help = "Subjects the stream stores, separated by blanks or commas, with wildcards. See --subjects";
            let prompt = call.prompt();
            config.subjects = vec![
                prompt
                    .input("Subjects", "", help, true)
                    .await
                    .map_err(invalid)?,
            ];
        }
        config.subjects = split_subjects(&config.subjects);
    }
    if !mirror.is_empty() && !config.subjects.is_empty() {
        return Err("mirrors cannot listen for messages on subjects".into());
    }
    let help = "Where the server keeps the messages. See --storage";
    config.storage = storage(
        &ask_choice(
            call,
            "storage",
            "Storage",
            &["file", "memory"],
            "file",
            help,
        )
        .await?,
    );
    config.compression = if values.text("compression") == "s2" {
        Compression::S2
    } else {
        Compression::None
    };
    let help = "Copies kept in a cluster. See --replicas";
    config.num_replicas = ask_number(call, "replicas", "Replication", "1", help).await?;
    if config.num_replicas <= 0 {
        return Err("replicas should be >= 1".into());
    }
    let options = ["Limits", "Interest", "Work Queue"];
    let help = "When messages may go: at limits, when no consumer wants them, or once one worker had them. See --retention";
    let policy = ask_choice(
        call,
        "retention",
        "Retention Policy",
        &options,
        "Limits",
        help,
    )
    .await?;
    config.retention = retention(&policy);
    let help = "A full stream refuses what is new, or drops what is old. See --discard";
    let policy = ask_choice(
        call,
        "discard",
        "Discard Policy",
        &["New", "Old"],
        "Old",
        help,
    )
    .await?;
    config.discard = discard(&policy);
    let help = "Most messages of the stream, -1 for no limit. See --max-msgs";
    config.max_msgs = ask_limit(call, "max-msgs", "Stream Messages Limit", help).await?;
    config.max_msgs_per_subject = match values.int("max-msgs-per-subject") {
        0 if defaults => -1,
        limit => limit,
    };
    if !config.subjects.is_empty() {
        let help = "Most messages of each subject, -1 for no limit. See --max-msgs-per-subject";
        let question = "Per Subject Messages Limit";
        config.max_msgs_per_subject =
            ask_limit(call, "max-msgs-per-subject", question, help).await?;
    }
    let help = "Largest size of the stream, -1 for no limit. See --max-bytes";
    config.max_bytes = ask_size(call, "max-bytes", "Total Stream Size", help)
        .await?
        .max(-1);
    let age = match values.text("max-age") {
        "" if defaults => "-1".into(),
        "" => {
            let help = "How long messages are kept, -1 for ever. See --max-age";
            call.prompt()
                .input("Message TTL", "-1", help, false)
                .await
                .map_err(invalid)?
        }
        given => given.to_string(),
    };
    if age != "-1" {
        let age = values::duration(&age);
        config.max_age =
            age.map_err(|e| Failure::from(e).context("invalid maximum age limit format"))?;
    }
    let help = "Largest size of a message, -1 for no limit. See --max-msg-size";
    let size = ask_size(call, "max-msg-size", "Max Message Size", help).await?;
    config.max_msg_size = i32::try_from(size).map_err(|_| {
        let (size, most) = (number(size), number(i32::MAX.into()));
        format!("max value size {size} is too big maximum is {most}")
    })?;
    if mirror.is_empty() || !values.text("dupe-window").is_empty() {
        let default = match config.max_age {
            age @ 1..120_000_000_000 => go_duration(age),
            _ => go_duration(120 * SECOND),
        };
        let window = match values.text("dupe-window") {
            "" if defaults => default,
            "" => {
                let help = "How long message ids are remembered, to store a message once. See --dupe-window";
                let question = "Duplicate tracking time window";
                call.prompt()
                    .input(question, &default, help, false)
                    .await
                    .map_err(invalid)?
            }
            given => given.to_string(),
        };
        let window = values::duration(&window);
        config.duplicate_window =
            window.map_err(|e| Failure::from(e).context("invalid duplicate window format"))?;
    }
    config.allow_rollup_hdrs =
        ask_yes(call, "allow-rollup", "Allow message Roll-ups", false).await?;
    config.deny_delete = ask_yes(call, "deny-delete", "Allow message deletion", true).await?;
    let question = "Allow purging subjects or the entire stream";
    config.deny_purge = ask_yes(call, "deny-purge", question, true).await?;
    config.first_seq = values.uint("first-sequence");
    config.no_ack = !values.is("ack");
    config.max_consumers = values.int("max-consumers");
    config.allow_direct = values.is("allow-direct");
    config.allow_msg_ttl = values.is("allow-msg-ttl");
    config.allow_atomic = values.is("allow-batch");
    config.allow_batched = values.is("allow-fast");
    config.allow_msg_counter = values.is("allow-counter");
    config.allow_msg_schedules = values.is("allow-schedules");
    config.subject_delete_marker_ttl = values.duration("subject-del-markers-ttl");
    config.mirror_direct = values.is("allow-mirror-direct");
    config.discard_new_per_subject = values.is("discard-per-subject");
    config.consumer_limits.inactive_threshold = values.duration("limit-consumer-inactive").max(0);
    config.consumer_limits.max_ack_pending = values.int("limit-consumer-max-pending").max(0);
    config.metadata = users_metadata(values.map("metadata").into_iter().collect());
    let (cluster, tags) = (values.text("cluster"), tags(call));
    if !cluster.is_empty() || !tags.is_empty() {
        config.placement = Some(Placement {
            cluster: cluster.into(),
            tags,
        });
    }
    if !mirror.is_empty() {
        config.mirror = Some(origin(call, mirror, true).await?);
    }
    for source in sources {
        config.sources.push(origin(call, &source, false).await?);
    }
    config.republish = republish(call)?;
    config.subject_transform = transform(call)?;
    if values.text("persist-mode") == "async" {
        config.persist_mode = "async".into();
    }
    Ok(config)
}

pub(super) fn tags(call: &Call) -> Vec<String> {
    let mut tags = call.values.list("tags");
    tags.extend(call.values.list("tag"));
    tags.retain(|t| !t.is_empty());
    tags
}

/// Numbers that the schema of configurations forbids, in the words of its validator.
fn forbidden(config: &StreamConfig) -> Vec<String> {
    let numbers = [
        ("max_consumers", config.max_consumers, -1, i64::MAX),
        ("max_msgs", config.max_msgs, -1, i64::MAX),
        (
            "max_msgs_per_subject",
            config.max_msgs_per_subject,
            -1,
            i64::MAX,
        ),
        ("max_bytes", config.max_bytes, -1, i64::MAX),
        ("max_age", config.max_age, 0, i64::MAX),
        ("max_msg_size", config.max_msg_size.into(), -1, i64::MAX),
        ("num_replicas", config.num_replicas, 0, 5),
        ("duplicate_window", config.duplicate_window, 0, i64::MAX),
        (
            "subject_delete_marker_ttl",
            config.subject_delete_marker_ttl,
            0,
            i64::MAX,
        ),
    ];
    let wrong = numbers
        .into_iter()
        .filter_map(|(name, value, least, most)| {
            let (sign, bound) = match value {
                _ if value < least => (">=", least),
                _ if value > most => ("<=", most),
                _ => return None,
            };
            Some(format!("/{name}: must be {sign} {bound} but found {value}"))
        });
    wrong.collect()
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
            config.allow_msg_schedules || !config.persist_mode.is_empty(),
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
    let config = prepare(&call).await?;
    let text = json::print_typed(&config, "stream_config");
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
