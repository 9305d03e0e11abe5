//! What `stream add` is told: by a file, or for each setting by its flag, the defaults or an answer, in the order in which
//! natscli asks. Must not know what becomes of it.

use super::{
    Call, Outcome,
    config::{self, discard, retention, storage},
    origins::origin,
};
use crate::{
    cli::{
        commands::{
            config_file,
            form::{Asker, Question},
            subscribe::split_subjects,
            users_metadata,
        },
        parse::Failure,
        render::{go_duration, number},
        values,
    },
    client::types::{Compression, PersistMode, StreamConfig},
    wire::time::SECOND,
};

/// Said for a limit that there is not to be.
const NO_LIMIT: &str = "-1";

/// What stands before most errors.
const INVALID: &str = "invalid input";

fn invalid(failure: Failure) -> Failure {
    failure.context(INVALID)
}

fn question<'a>(text: &'a str, default: &'a str, help: &'a str) -> Question<'a> {
    Question {
        text,
        default,
        help,
        words: INVALID,
    }
}

/// A number that was typed.
pub(super) fn atoi(text: &str) -> Result<i64, Failure> {
    Ok(values::atoi(text)?)
}

/// The configuration that `stream add` is asked for.
pub(super) async fn fill(call: &Call) -> Result<StreamConfig, Failure> {
    if let Some(file) = config_file::<StreamConfig>(call).map_err(invalid)? {
        return Ok(with_flags(call, file.config));
    }
    let mut form = Form {
        call,
        asker: Asker::new(call),
        config: StreamConfig {
            description: call.values.text("description").into(),
            ..StreamConfig::default()
        },
    };
    form.name().await?;
    form.subjects().await?;
    form.storage().await?;
    form.policies().await?;
    form.limits().await?;
    form.duplicates().await?;
    form.permissions().await?;
    form.features();
    config::place(call, &mut form.config);
    form.origins().await?;
    form.config.republish = config::republish(call)?;
    form.config.subject_transform = config::transform(call)?;
    Ok(form.config)
}

/// What flags change of a configuration from a file.
fn with_flags(call: &Call, mut config: StreamConfig) -> StreamConfig {
    let values = &call.values;
    config.metadata = users_metadata(config.metadata);
    if !values.arg("stream").is_empty() {
        config.name = values.arg("stream").into();
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
    config::place(call, &mut config);
    config
}

/// A configuration that is being made.
struct Form<'a> {
    call: &'a Call,
    asker: Asker<'a>,
    config: StreamConfig,
}

impl Form<'_> {
    /// A number.
    async fn number(
        &self,
        flag: &str,
        question: &str,
        default: &str,
        help: &str,
    ) -> Result<i64, Failure> {
        let given = self.call.values.int(flag);
        if given != 0 {
            return Ok(given);
        }
        if self.asker.defaults {
            return Ok(default.parse().unwrap_or(-1));
        }
        let answer = self.call.prompt().quantity(question, default, help).await;
        atoi(&answer.map_err(invalid)?).map_err(invalid)
    }

    /// A limit, from a flag as it is; -1 for none.
    async fn limit(&self, flag: &str, question: &str, help: &str) -> Result<i64, Failure> {
        let limit = self.number(flag, question, NO_LIMIT, help).await?;
        Ok(match limit {
            ..=0 if self.call.values.int(flag) == 0 => -1,
            limit => limit,
        })
    }

    /// A size; -1 for no limit.
    async fn size(&self, flag: &str, question: &str, help: &str) -> Result<i64, Failure> {
        let given = match self.call.values.text(flag) {
            "" if self.asker.defaults => -1,
            "" => 0,
            given => values::size(given, 32).map_err(|e| invalid(e.into()))?,
        };
        // A 0 is asked for, whatever the flags say.
        if given != 0 {
            return Ok(given);
        }
        let typed = self.call.prompt().quantity(question, NO_LIMIT, help).await;
        let size = values::size(&typed.map_err(invalid)?, 64).map_err(|e| invalid(e.into()))?;
        Ok(if size == 0 { -1 } else { size })
    }

    async fn name(&mut self) -> Outcome {
        self.config.name = match self.call.values.arg("stream") {
            "" => {
                self.asker
                    .ask(&question("Stream Name", "", ""), true)
                    .await?
            }
            name => name.into(),
        };
        Ok(())
    }

    /// What it listens to, which is asked of streams that take nothing from others.
    async fn subjects(&mut self) -> Outcome {
        let values = &self.call.values;
        let mirrors = !values.text("mirror").is_empty();
        let mut subjects = values.list("subjects");
        if !mirrors && values.list("source").is_empty() {
            if subjects.is_empty() {
                let help = "Subjects the stream stores, separated by blanks or commas, with wildcards. See --subjects";
                subjects = vec![
                    self.asker
                        .ask(&question("Subjects", "", help), true)
                        .await?,
                ];
            }
            subjects = split_subjects(&subjects);
        }
        if mirrors && !subjects.is_empty() {
            return Err("mirrors cannot listen for messages on subjects".into());
        }
        self.config.subjects = subjects;
        Ok(())
    }

    async fn storage(&mut self) -> Outcome {
        let help = "Where the server keeps the messages. See --storage";
        let question = question("Storage", "file", help);
        let asked = self.asker.choice("storage", &["file", "memory"], &question);
        self.config.storage = storage(&asked.await?);
        self.config.compression = match self.call.values.text("compression") {
            "s2" => Compression::S2,
            _ => Compression::None,
        };
        let help = "Copies kept in a cluster. See --replicas";
        let asked = self.number("replicas", "Replication", "1", help);
        self.config.num_replicas = asked.await?;
        if self.config.num_replicas <= 0 {
            return Err("replicas should be >= 1".into());
        }
        Ok(())
    }

    /// When messages go.
    async fn policies(&mut self) -> Outcome {
        let options = ["Limits", "Interest", "Work Queue"];
        let help = "When messages may go: at limits, when no consumer wants them, or once one worker had them. See --retention";
        let retentions = question("Retention Policy", "Limits", help);
        let asked = self.asker.choice("retention", &options, &retentions);
        self.config.retention = retention(&asked.await?);
        let help = "A full stream refuses what is new, or drops what is old. See --discard";
        let discards = question("Discard Policy", "Old", help);
        let asked = self.asker.choice("discard", &["New", "Old"], &discards);
        self.config.discard = discard(&asked.await?);
        Ok(())
    }

    async fn limits(&mut self) -> Outcome {
        let help = "Most messages of the stream, -1 for no limit. See --max-msgs";
        let asked = self.limit("max-msgs", "Stream Messages Limit", help);
        self.config.max_msgs = asked.await?;
        self.config.max_msgs_per_subject = match self.call.values.int("max-msgs-per-subject") {
            0 if self.asker.defaults => -1,
            limit => limit,
        };
        if !self.config.subjects.is_empty() {
            let help = "Most messages of each subject, -1 for no limit. See --max-msgs-per-subject";
            let question = "Per Subject Messages Limit";
            let asked = self.limit("max-msgs-per-subject", question, help);
            self.config.max_msgs_per_subject = asked.await?;
        }
        let help = "Largest size of the stream, -1 for no limit. See --max-bytes";
        let asked = self.size("max-bytes", "Total Stream Size", help);
        self.config.max_bytes = asked.await?.max(-1);
        let help = "How long messages are kept, -1 for ever. See --max-age";
        let question = question("Message TTL", NO_LIMIT, help);
        let age = self.asker.text("max-age", &question).await?;
        if age != NO_LIMIT {
            let age = values::duration(&age);
            self.config.max_age =
                age.map_err(|e| Failure::from(e).context("invalid maximum age limit format"))?;
        }
        let help = "Largest size of a message, -1 for no limit. See --max-msg-size";
        let size = self.size("max-msg-size", "Max Message Size", help).await?;
        self.config.max_msg_size = i32::try_from(size).map_err(|_| {
            let (size, most) = (number(size), number(i32::MAX.into()));
            format!("max value size {size} is too big maximum is {most}")
        })?;
        Ok(())
    }

    /// How long ids of messages are remembered, which mirrors do not do.
    async fn duplicates(&mut self) -> Outcome {
        let values = &self.call.values;
        if !values.text("mirror").is_empty() && values.text("dupe-window").is_empty() {
            return Ok(());
        }
        let default = match self.config.max_age {
            age @ 1..120_000_000_000 => go_duration(age),
            _ => go_duration(120 * SECOND),
        };
        let help =
            "How long message ids are remembered, to store a message once. See --dupe-window";
        let question = question("Duplicate tracking time window", &default, help);
        let window = self.asker.text("dupe-window", &question).await?;
        let window = values::duration(&window);
        self.config.duplicate_window =
            window.map_err(|e| Failure::from(e).context("invalid duplicate window format"))?;
        Ok(())
    }

    /// What may be done with its messages.
    async fn permissions(&mut self) -> Outcome {
        let (asker, config) = (self.asker, &mut self.config);
        for (flag, question, default, field) in [
            (
                "allow-rollup",
                "Allow message Roll-ups",
                false,
                &mut config.allow_rollup_hdrs,
            ),
            (
                "deny-delete",
                "Allow message deletion",
                true,
                &mut config.deny_delete,
            ),
            (
                "deny-purge",
                "Allow purging subjects or the entire stream",
                true,
                &mut config.deny_purge,
            ),
        ] {
            *field = asker.yes(flag, question, default, INVALID).await?;
        }
        Ok(())
    }

    /// What only flags say.
    fn features(&mut self) {
        let (values, config) = (&self.call.values, &mut self.config);
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
        let limits = &mut config.consumer_limits;
        limits.inactive_threshold = values.duration("limit-consumer-inactive").max(0);
        limits.max_ack_pending = values.int("limit-consumer-max-pending").max(0);
        config.metadata = users_metadata(values.map("metadata").into_iter().collect());
        if values.text("persist-mode") == "async" {
            config.persist_mode = PersistMode::Async;
        }
    }

    /// The streams it takes messages from.
    async fn origins(&mut self) -> Outcome {
        let mirror = self.call.values.text("mirror");
        if !mirror.is_empty() {
            self.config.mirror = Some(origin(self.call, mirror, true).await?);
        }
        for source in self.call.values.list("source") {
            let source = origin(self.call, &source, false).await?;
            self.config.sources.push(source);
        }
        Ok(())
    }
}
