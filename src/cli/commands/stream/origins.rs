//! What `stream add` asks about mirrors and sources.

use super::{Call, form::atoi};
use crate::{
    cli::{parse::Failure, values},
    client::types::{External, SourceConsumer, StreamSource, SubjectTransform},
    wire::{json::from_json, time::Time},
};

/// A mirror or source: the whole configuration as JSON, or a name that more is asked about.
pub(super) async fn origin(call: &Call, text: &str, mirror: bool) -> Result<StreamSource, Failure> {
    let kind = if mirror { "mirror" } else { "source" };
    let json = text.trim();
    if json.starts_with('{') && json.ends_with('}') {
        let origin = from_json(json.as_bytes()).and_then(|origin: StreamSource| {
            match origin.name.is_empty() {
                true => Err("name is required".into()),
                false => Ok(origin),
            }
        });
        return origin.map_err(|e| Failure::from(e).context(&format!("invalid {kind}")));
    }
    let mut origin = StreamSource {
        name: text.into(),
        ..StreamSource::default()
    };
    if !call.values.is("defaults") {
        Questions { call, kind, mirror }.ask(&mut origin).await?;
    }
    Ok(origin)
}

struct Questions<'a> {
    call: &'a Call,
    kind: &'a str,
    mirror: bool,
}

impl Questions<'_> {
    fn wrong(&self, failure: Failure) -> Failure {
        failure.context(&format!("Could not request {} details", self.kind))
    }

    async fn confirm(&self, question: &str) -> Result<bool, Failure> {
        let answer = self.call.prompt().confirm(question, false).await;
        answer.map_err(|e| self.wrong(e))
    }

    async fn input(&self, question: &str, help: &str, required: bool) -> Result<String, Failure> {
        let answer = self.call.prompt().input(question, "", help, required).await;
        answer.map_err(|e| self.wrong(e))
    }

    async fn ask(&self, origin: &mut StreamSource) -> Result<(), Failure> {
        let quoted = values::quote(&origin.name);
        // How the questions speak of a mirror, and of one source among others.
        let (of, which, import, prefix, foreign) = match self.mirror {
            true => (
                String::new(),
                "mirror".into(),
                "mirror".into(),
                "Mirror".into(),
                "Foreign".into(),
            ),
            false => (
                format!(" for {quoted}"),
                format!("source {quoted}"),
                quoted,
                format!("{} Source", origin.name),
                format!("{} Source foreign", origin.name),
            ),
        };
        let durable = format!("Configure a custom durable consumer{of}");
        if self.confirm(&durable).await? {
            let help = "The consumer of the origin that messages are read with";
            let name = self.input("Durable consumer name", help, true).await?;
            let help = "Where that consumer delivers";
            let deliver_subject = self.input("Delivery subject", help, true).await?;
            origin.consumer = Some(SourceConsumer {
                name,
                deliver_subject,
            });
        } else if self.confirm(&format!("Adjust {which} start")).await? {
            self.ask_start(origin, &prefix).await?;
        }
        let question = format!("Adjust {which} filter and transform");
        if self.confirm(&question).await? {
            let question = format!("Filter {} by subject (hit enter to finish)", self.kind);
            loop {
                let help = "Only messages of this subject, with wildcards";
                let src = self.input(&question, help, false).await?;
                if src.is_empty() {
                    break;
                }
                let help = "Subjects become this; empty leaves them";
                let dest = self.input("Subject transform destination", help, false);
                let dest = dest.await?;
                origin
                    .subject_transforms
                    .push(SubjectTransform { src, dest });
            }
        }
        let push = origin.consumer.is_none();
        let question = format!("Import {import} from a different JetStream domain");
        if self.confirm(&question).await? {
            let question = format!("{foreign} JetStream domain name");
            let domain = self.input(&question, "The domain of the origin", true);
            let mut external = External {
                api: format!("$JS.{}.API", domain.await?),
                deliver: String::new(),
            };
            if push {
                let question = match self.mirror {
                    true => "Delivery prefix".into(),
                    false => format!("{foreign} JetStream domain delivery prefix"),
                };
                let help = "What delivery subjects begin with there";
                external.deliver = self.input(&question, help, false).await?;
            }
            origin.external = Some(external);
            return Ok(());
        }
        let question = format!("Import {import} from a different account");
        if self.confirm(&question).await? {
            let question = format!("{foreign} account API prefix");
            let help = "Where the other account's JetStream API is imported";
            let mut external = External {
                api: self.input(&question, help, true).await?,
                deliver: String::new(),
            };
            if push {
                let question = format!("{foreign} account delivery prefix");
                let help = "Where the other account's delivery subjects are imported";
                external.deliver = self.input(&question, help, true).await?;
            }
            origin.external = Some(external);
        }
        Ok(())
    }

    async fn ask_start(&self, origin: &mut StreamSource, prefix: &str) -> Result<(), Failure> {
        let invalid = |failure: Failure| failure.context("Invalid sequence");
        let question = format!("{prefix} Start Sequence");
        let help = "The first message, by its sequence";
        let prompt = self.call.prompt();
        let answer = prompt.input(&question, "0", help, true).await;
        let sequence = answer.and_then(|text| atoi(&text)).map_err(invalid)?;
        origin.opt_start_seq = sequence as u64;
        if self.mirror && origin.opt_start_seq != 0 {
            return Ok(());
        }
        let what = if self.mirror {
            "Start Time"
        } else {
            "UTC Time Stamp"
        };
        let question = format!("{prefix} {what} (YYYY:MM:DD HH:MM:SS)");
        let help = "The first message, by its time in UTC";
        let text = self.input(&question, help, false).await?;
        if !text.is_empty() {
            let quoted = values::quote(&text);
            let time = Time::parse_date_time(&text, b":: ::").ok_or_else(|| {
                format!(
                    "invalid time format: parsing time {quoted} as \"2006:01:02 15:04:05\": cannot parse {quoted} as \"2006\""
                )
            });
            origin.opt_start_time = Some(time?);
        }
        Ok(())
    }
}
