//! Where a mirror or a source copies from: a flag's value, and what is asked about it.

use super::Call;
use crate::{
    cli::{parse::Failure, values},
    client::types::{External, SourceConsumer, StreamSource, SubjectTransform},
    wire::{
        json::from_json,
        time::{Civil, Time},
    },
};

/// A mirror or source: the whole configuration as JSON, or a name and answers.
pub(super) async fn origin(call: &Call, text: &str, mirror: bool) -> Result<StreamSource, Failure> {
    let kind = if mirror { "mirror" } else { "source" };
    if text.trim_start().starts_with('{') {
        let parsed = from_json(text.as_bytes());
        return parsed.map_err(|e| Failure::from(e).context(&format!("invalid {kind}")));
    }
    let origin = StreamSource {
        name: text.into(),
        ..StreamSource::default()
    };
    match call.values.is("defaults") {
        true => Ok(origin),
        false => ask(call, origin, mirror).await,
    }
}

async fn ask(call: &Call, mut origin: StreamSource, mirror: bool) -> Result<StreamSource, Failure> {
    let name = origin.name.clone();
    let quoted = values::quote(&name);
    let kind = if mirror { "mirror" } else { "source" };
    let (what, from, of) = match mirror {
        true => ("mirror".into(), "mirror".into(), String::new()),
        false => (
            format!("source {quoted}"),
            quoted.clone(),
            format!(" for {quoted}"),
        ),
    };
    // What is asked for a source begins with its name.
    let label = |mirrors: &str, sources: &str| match mirror {
        true => mirrors.to_string(),
        false => format!("{name} Source {sources}"),
    };
    let details = |e: Failure| e.context(&format!("Could not request {kind} details"));
    let prompt = call.prompt();

    let durable = format!("Configure a custom durable consumer{of}");
    let durable = prompt.confirm(&durable, false).await.map_err(details)?;
    if durable {
        let help = "A consumer made for this beforehand";
        let name = prompt.input("Durable consumer name", "", help, true).await;
        let help = "Where that consumer delivers to";
        origin.consumer = Some(SourceConsumer {
            name: name.map_err(details)?,
            deliver_subject: prompt
                .input("Delivery subject", "", help, true)
                .await
                .map_err(details)?,
        });
    } else {
        let question = format!("Adjust {what} start");
        if prompt.confirm(&question, false).await.map_err(details)? {
            let question = label("Mirror Start Sequence", "Start Sequence");
            let help = "Copies from this message on";
            let answer = prompt.input(&question, "0", help, true).await;
            let sequence = answer.map_err(|e| e.context("Invalid sequence"))?;
            let sequence: i64 = sequence.parse().map_err(|_| {
                let sequence = values::quote(&sequence);
                format!("Invalid sequence: strconv.Atoi: parsing {sequence}: invalid syntax")
            })?;
            origin.opt_start_seq = sequence as u64;
            if sequence == 0 || !mirror {
                let question = label("Mirror Start Time", "UTC Time Stamp");
                let question = format!("{question} (YYYY:MM:DD HH:MM:SS)");
                let help = "Copies what was stored since, in UTC";
                let answer = prompt.input(&question, "", help, false).await;
                let answer = answer.map_err(|e| e.context("could not request start time"))?;
                if !answer.is_empty() {
                    origin.opt_start_time = Some(start_time(&answer)?);
                }
            }
        }
    }

    let question = format!("Adjust {what} filter and transform");
    if prompt.confirm(&question, false).await.map_err(details)? {
        loop {
            let question = format!("Filter {kind} by subject (hit enter to finish)");
            let help = "Copies only these messages";
            let answer = prompt.input(&question, "", help, false).await;
            let src = answer.map_err(|e| e.context("could not request filter"))?;
            if src.is_empty() {
                break;
            }
            let question = "Subject transform destination";
            let help = "The subjects of the copies; none leaves them as they are";
            let answer = prompt.input(question, "", help, false).await;
            let dest = answer.map_err(|e| e.context("could not request transform destination"))?;
            origin
                .subject_transforms
                .push(SubjectTransform { src, dest });
        }
    }

    let question = format!("Import {from} from a different JetStream domain");
    let domain = prompt.confirm(&question, false).await.map_err(details)?;
    let question = format!("Import {from} from a different account");
    if !domain && !prompt.confirm(&question, false).await.map_err(details)? {
        return Ok(origin);
    }
    let (api, deliver) = match domain {
        true => (
            label(
                "Foreign JetStream domain name",
                "foreign JetStream domain name",
            ),
            label(
                "Delivery prefix",
                "foreign JetStream domain delivery prefix",
            ),
        ),
        false => (
            label("Foreign account API prefix", "foreign account API prefix"),
            label(
                "Foreign account delivery prefix",
                "foreign account delivery prefix",
            ),
        ),
    };
    let help = "Where JetStream is reached there";
    let answer = prompt.input(&api, "", help, true).await.map_err(details)?;
    let mut external = External {
        api: match domain {
            true => format!("$JS.{answer}.API"),
            false => answer,
        },
        deliver: String::new(),
    };
    if !durable {
        let help = "What the subjects of delivery begin with there";
        let answer = prompt.input(&deliver, "", help, !domain).await;
        external.deliver = answer.map_err(details)?;
    }
    origin.external = Some(external);
    Ok(origin)
}

/// A time as `2006:01:02 15:04:05`; errors are Go's words.
fn start_time(text: &str) -> Result<Time, Failure> {
    const LAYOUT: &str = "2006:01:02 15:04:05";
    let parsing = format!("invalid time format: parsing time {}", values::quote(text));
    let mut parts = [0; 6];
    let mut rest = text;
    for (part, element) in parts.iter_mut().zip(LAYOUT.split([':', ' '])) {
        let number = rest.get(..element.len()).and_then(|t| t.parse().ok());
        *part = number.ok_or_else(|| {
            let rest = values::quote(rest);
            format!("{parsing} as \"{LAYOUT}\": cannot parse {rest} as \"{element}\"")
        })?;
        rest = &rest[element.len()..];
        let separator = match element {
            "05" => continue,
            "02" => " ",
            _ => ":",
        };
        rest = rest.strip_prefix(separator).ok_or_else(|| {
            let rest = values::quote(rest);
            format!("{parsing} as \"{LAYOUT}\": cannot parse {rest} as \"{separator}\"")
        })?;
    }
    if !rest.is_empty() {
        return Err(format!("{parsing}: extra text: {}", values::quote(rest)).into());
    }
    let [year, month, day, hour, minute, second] = parts;
    let civil = Civil {
        year: year.into(),
        month,
        day,
        hour,
        minute,
        second,
        nanosecond: 0,
    };
    let wrong = [
        ("month", !(1..=12).contains(&month)),
        ("hour", hour > 23),
        ("minute", minute > 59),
        ("second", second > 59),
    ];
    civil.time().ok_or_else(|| {
        let wrong = wrong.iter().find(|(_, wrong)| *wrong);
        format!("{parsing}: {} out of range", wrong.map_or("day", |w| w.0)).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_times_are_gos() {
        let time = start_time("2020:01:02 03:04:05").map(Time::rfc3339);
        assert_eq!(time.ok().as_deref(), Some("2020-01-02T03:04:05Z"));
        for (text, words) in [
            (
                "x",
                "\"x\" as \"2006:01:02 15:04:05\": cannot parse \"x\" as \"2006\"",
            ),
            (
                "2020-01",
                "\"2020-01\" as \"2006:01:02 15:04:05\": cannot parse \"-01\" as \":\"",
            ),
            (
                "2020:13:02 03:04:05",
                "\"2020:13:02 03:04:05\": month out of range",
            ),
            (
                "2020:02:31 03:04:05",
                "\"2020:02:31 03:04:05\": day out of range",
            ),
        ] {
            let error = match start_time(text) {
                Err(Failure::Error(error)) => error,
                _ => String::new(),
            };
            assert_eq!(error, format!("invalid time format: parsing time {words}"));
        }
    }
}
