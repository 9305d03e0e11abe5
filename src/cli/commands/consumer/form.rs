//! What `consumer add` is told: by a file, or for each setting by its flag, the defaults or an answer, in the order in which
//! natscli asks. Must not know what becomes of it.

use super::{
    Call, Outcome,
    config::{self, MAX_PENDING},
    parse_until,
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
        values,
    },
    client::types::{AckPolicy, ConsumerConfig, DeliverPolicy, ReplayPolicy},
};

/// The configuration that `consumer add` is asked for.
pub(super) async fn fill(call: &Call) -> Result<ConsumerConfig, Failure> {
    if let Some(file) = config_file::<ConsumerConfig>(call)? {
        return Ok(with_flags(call, file.config));
    }
    let mut form = Form {
        call,
        asker: Asker::new(call),
        config: ConsumerConfig {
            description: call.values.text("description").into(),
            max_deliver: -1,
            ..ConsumerConfig::default()
        },
    };
    form.name().await?;
    form.target().await?;
    form.policies().await?;
    form.filters().await?;
    let (deliveries, pending) = (form.deliveries().await?, form.pending().await?);
    form.config.max_ack_pending = pending;
    if form.is_push() {
        form.heartbeat().await?;
    }
    let (text, words) = (
        "Deliver headers only without bodies",
        "could not ask headers only",
    );
    let asked = form.asker.yes("headers-only", text, false, words);
    form.config.headers_only = asked.await?;
    form.backoff(deliveries).await?;
    form.limits()?;
    form.groups()?;
    Ok(form.config)
}

/// What flags change of a configuration from a file.
fn with_flags(call: &Call, mut config: ConsumerConfig) -> ConsumerConfig {
    let (name, target) = (call.values.arg("consumer"), call.values.text("target"));
    if !config.durable_name.is_empty() && !name.is_empty() {
        config.durable_name = name.into();
    }
    if !config.deliver_subject.is_empty() && !target.is_empty() {
        config.deliver_subject = target.into();
    }
    config.metadata = users_metadata(config.metadata);
    config
}

/// A configuration that is being made.
struct Form<'a> {
    call: &'a Call,
    asker: Asker<'a>,
    config: ConsumerConfig,
}

impl Form<'_> {
    fn is_push(&self) -> bool {
        !self.config.deliver_subject.is_empty()
    }

    fn acknowledges(&self) -> bool {
        self.config.ack_policy != AckPolicy::None
    }

    /// A number of a consumer that has acknowledgements, from its flag unless that has the value for none.
    async fn number(&self, given: i64, none: i64, question: &Question<'_>) -> Result<i64, Failure> {
        if given != none {
            return Ok(given);
        }
        let answer = match self.acknowledges() && !self.asker.defaults {
            true => self.asker.ask(question, false).await?,
            false => question.default.into(),
        };
        values::atoi(&answer).map_err(|error| Failure::from(error).context(question.words))
    }

    async fn name(&mut self) -> Outcome {
        let ephemeral = self.call.values.is("ephemeral");
        let mut name = self.call.values.arg("consumer").to_string();
        if name.is_empty() && !ephemeral {
            let question = Question {
                text: "Consumer name",
                default: "",
                help: "The name the consumer is known by",
                words: "could not request durable name",
            };
            name = self.asker.ask(&question, true).await?;
        }
        if ephemeral {
            self.config.name = name;
        } else if name.contains(['.', '*', '>']) {
            return Err("durable name can not contain '.', '*', '>'".into());
        } else {
            self.config.durable_name = name;
        }
        Ok(())
    }

    /// Where messages are pushed to, and to which of those who listen there.
    async fn target(&mut self) -> Outcome {
        let values = &self.call.values;
        self.config.deliver_subject = values.text("target").into();
        if !values.is("pull") && !self.is_push() {
            let question = Question {
                text: "Delivery target (empty for Pull Consumers)",
                default: "",
                help: "Subject that messages are pushed to; without one clients pull. See --target and --pull",
                words: "could not request delivery target",
            };
            self.config.deliver_subject = self.asker.ask(&question, false).await?;
        }
        self.config.deliver_group = match values.text("deliver-group") {
            "_unset_" if self.is_push() && !self.asker.defaults => {
                let question = Question {
                    text: "Delivery Queue Group",
                    default: "",
                    help: "Messages go to subscribers of this queue group only",
                    words: "could not request delivery group",
                };
                self.asker.ask(&question, false).await?
            }
            "_unset_" => String::new(),
            given => given.into(),
        };
        Ok(())
    }

    /// Where it starts, what is acknowledged, and how fast messages come.
    async fn policies(&mut self) -> Outcome {
        let values = &self.call.values;
        let question = Question {
            text: "Start policy (all, new, last, subject, 1h, msg sequence)",
            default: "all",
            help: "The first message that is delivered. See --deliver",
            words: "could not request start policy",
        };
        let start = self.asker.text("deliver", &question).await?;
        config::start(self.call, &mut self.config, &start)?;
        let pulls = !self.is_push() || self.asker.defaults && values.is("pull");
        let question = Question {
            text: "Acknowledgment policy",
            default: if pulls { "explicit" } else { "none" },
            help: "What is not acknowledged comes again: each message by itself, all up to one, or nothing. See --ack",
            words: "could not ask acknowledgement policy",
        };
        let options = ["explicit", "all", "none"];
        let policy = self.asker.choice("ack", &options, &question).await?;
        self.config.ack_policy = config::ack_policy(&policy);
        let question = Question {
            text: "Replay policy",
            default: "instant",
            help: "As fast as possible, or at the speed messages were stored. See --replay",
            words: "could not ask replay policy",
        };
        let options = ["instant", "original"];
        let policy = self.asker.choice("replay", &options, &question).await?;
        // The defaults of push consumers win over the flag, as in natscli.
        let original = policy == "original" && !(self.is_push() && self.asker.defaults);
        self.config.replay_policy = match original {
            true => ReplayPolicy::Original,
            false => ReplayPolicy::Instant,
        };
        self.config.ack_wait = values.duration("wait").max(0);
        match values.int("sample") {
            101.. => return Err("sample percent is not between 0 and 100".into()),
            percent @ 1.. => self.config.sample_freq = percent.to_string(),
            _ => {}
        }
        Ok(())
    }

    async fn filters(&mut self) -> Outcome {
        let mut filters = self.call.values.list("filter");
        if filters.is_empty() && !self.asker.defaults {
            let question = Question {
                text: "Filter Stream by subjects (blank for all)",
                default: "",
                help: "Only these subjects, separated by blanks or commas, with wildcards. See --filter",
                words: "could not ask for filtering subject",
            };
            filters = split_subjects(&[self.asker.ask(&question, false).await?]);
            filters.retain(|filter| !filter.is_empty());
        }
        let config = &mut self.config;
        match filters.len() {
            0 if config.deliver_policy == DeliverPolicy::LastPerSubject => {
                config.filter_subject = ">".into();
            }
            0 => {}
            1 => config.filter_subject = filters.remove(0),
            _ => config.filter_subjects = filters,
        }
        Ok(())
    }

    /// How often a message is delivered at most; -1 for no limit.
    async fn deliveries(&self) -> Result<i64, Failure> {
        let question = Question {
            text: "Maximum Allowed Deliveries",
            default: "-1",
            help: "How often a message is delivered at most. See --max-deliver",
            words: "could not ask for maximum allowed deliveries",
        };
        let given = self.call.values.int("max-deliver");
        self.number(given, 0, &question).await
    }

    /// How many messages wait for their acks at most; 0 for what the server thinks.
    async fn pending(&self) -> Result<i64, Failure> {
        let question = Question {
            text: "Maximum Acknowledgments Pending",
            default: "0",
            help: "Deliveries wait when so many messages are not acknowledged. See --max-pending",
            words: "could not ask for maximum outstanding acknowledgements",
        };
        let given = self.call.values.int_of_either(MAX_PENDING);
        self.number(given, -1, &question).await
    }

    /// How a push consumer is watched, and held back.
    async fn heartbeat(&mut self) -> Outcome {
        let question = Question {
            text: "Idle Heartbeat",
            default: "0s",
            help: "An empty message after so long without others. See --heartbeat",
            words: "could not ask for idle heartbeat",
        };
        let text = match self.call.values.text("heartbeat") {
            "-1" => "0s".into(),
            _ => self.asker.text("heartbeat", &question).await?,
        };
        let ns = values::duration(&text);
        self.config.idle_heartbeat =
            ns.map_err(|e| Failure::from(e).context("invalid heartbeat duration"))?;
        let question = "Enable Flow Control, ie --flow-control";
        let asked = self.asker.yes(
            "flow-control",
            question,
            false,
            "could not ask flow control",
        );
        self.config.flow_control = asked.await?;
        Ok(())
    }

    /// How long redeliveries wait, and how many there are: `deliveries`, unless the delays say it.
    async fn backoff(&mut self, deliveries: i64) -> Outcome {
        self.config.backoff = match self.call.values.text("backoff") {
            "" if self.acknowledges() && !self.asker.defaults => ask_backoff(self.call).await?,
            "" => Vec::new(),
            _ => config::backoff(self.call)?,
        };
        if self.acknowledges() {
            self.config.max_deliver = match self.config.backoff.len() as i64 {
                steps @ 1.. if deliveries == -1 => steps + 1,
                _ => deliveries,
            };
        }
        Ok(())
    }

    /// What only flags say.
    fn limits(&mut self) -> Outcome {
        let push = self.is_push();
        let (values, config) = (&self.call.values, &mut self.config);
        config.inactive_threshold = values.duration("inactive-threshold");
        config.max_batch = values.int("max-pull-batch").max(0);
        config.max_expires = values.duration("max-pull-expire").max(0);
        config.max_bytes = values.int("max-pull-bytes").max(0);
        if !push {
            config.max_waiting = values.int("max-waiting");
            if values.uint("bps") > 0 {
                return Err("rate limits are only possible on Push consumers".into());
            }
            if !matches!(values.text("heartbeat"), "" | "-1") {
                return Err("pull subscribers does not support idle heartbeats".into());
            }
        }
        config.rate_limit_bps = values.uint("bps");
        config.num_replicas = values.int("replicas");
        config.mem_storage = values.is("memory");
        config.metadata = users_metadata(values.map("metadata").into_iter().collect());
        if !values.text("pause").is_empty() {
            config.pause_until = Some(parse_until(self.call, values.text("pause"))?);
        }
        Ok(())
    }

    /// Priority groups.
    fn groups(&mut self) -> Outcome {
        let group = |flag: &str| self.call.values.list(flag);
        if !group("pinned-groups").is_empty() && !group("overflow-groups").is_empty() {
            return Err("setting both overflow and pinned groups are not supported".into());
        }
        // The groups of overflow are those of the flag for pinned clients, none: natscli's mistake, which the server refuses.
        for (flag, policy, groups) in [
            ("pinned-groups", "pinned_client", "pinned-groups"),
            ("overflow-groups", "overflow", "pinned-groups"),
            ("prioritized-groups", "prioritized", "prioritized-groups"),
        ] {
            if !group(flag).is_empty() {
                self.config.priority_policy = policy.into();
                self.config.priority_groups = group(groups);
                break;
            }
        }
        if !group("pinned-groups").is_empty() {
            self.config.priority_timeout = self.call.values.duration("pinned-ttl");
        }
        Ok(())
    }
}

async fn ask_backoff(call: &Call) -> Result<Vec<i64>, Failure> {
    let prompt = call.prompt();
    if !prompt.confirm("Add a Retry Backoff Policy", false).await? {
        return Ok(Vec::new());
    }
    let options = ["linear", "none"].map(String::from);
    let help = "Linear grows by equal steps from the shortest to the longest delay";
    if prompt
        .select("Backoff policy", &options, "none", help)
        .await?
        == "none"
    {
        return Ok(Vec::new());
    }
    let help = "Delays grow from the minimum to the maximum";
    let least = values::duration(
        &prompt
            .input("Minimum retry time", "1m", help, false)
            .await?,
    )?;
    let most = values::duration(
        &prompt
            .input("Maximum retry time", "10m", help, false)
            .await?,
    )?;
    let help = "Delays between the minimum and the maximum";
    let steps = prompt
        .input(
            "Number of steps to generate in the policy",
            "20",
            help,
            false,
        )
        .await?;
    config::linear(values::atoi(&steps)?, least, most)
}
