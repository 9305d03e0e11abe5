//! `nats server mappings`: what a subject mapping makes of subjects. No server is asked.

use super::{Call, Outcome};
use crate::wire::{subject, transform::Transform};

/// `server mappings`.
pub async fn mappings(call: Call) -> Outcome {
    let ask = async |argument: &str, message: &str, help: &str, required: bool| match call
        .values
        .arg(argument)
    {
        "" => call.prompt().input(message, "", help, required).await,
        text => Ok(text.to_string()),
    };
    let source = ask(
        "source",
        "Source subject pattern",
        "What subjects are mapped",
        true,
    )
    .await?;
    let destination = ask(
        "dest",
        "Destination subject pattern",
        "What they become",
        true,
    )
    .await?;
    let transform = Transform::new(&source, &destination)?;
    let show = |subject: &str| {
        let mapped = match &transform {
            Some(transform) => transform.apply(subject.as_bytes(), call.session.runtime.random()),
            None => None,
        };
        if mapped.is_none() {
            let subject = subject.as_bytes();
            let valid = subject::is_subscribable(subject) && subject::is_literal(subject);
            call.line(match valid {
                true => "Error: no matching transforms available",
                false => "Error: invalid subject",
            });
        }
        let mapped = mapped.unwrap_or_default();
        call.line(&format!("{}\n", String::from_utf8_lossy(&mapped)));
    };
    let subject = call.values.arg("subject");
    if !subject.is_empty() {
        show(subject);
        return Ok(());
    }
    call.line("Enter subjects to test, empty subject terminates.\n\nNOTE: This only tests mappings, it does not add them to the server\n");
    loop {
        let subject = ask("", "Subject", "A subject to try", false).await?;
        if subject.is_empty() {
            return Ok(());
        }
        show(&subject);
    }
}
