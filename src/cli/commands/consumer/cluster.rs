//! `nats consumer cluster …`: what a single server makes of it. Consumers of clusters are left where they are.

use super::{again, pick, pick_stream, query};
use crate::cli::{
    commands::{Call, Outcome, stream::jetstream},
    values::quote,
};

const CLUSTERED: &str = "this playground does not move the consumers of a cluster";

/// `consumer cluster step-down` and `consumer cluster evacuate`.
pub async fn not_clustered(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    let now = again(&jetstream, &info).await?;
    let mut name = quote(&now.name);
    if call.path == "consumer cluster step-down" {
        name = format!("{} > {name}", quote(&now.stream_name));
    }
    match now.cluster {
        Some(_) => Err(CLUSTERED.into()),
        None => Err(format!("consumer {name} is not clustered").into()),
    }
}

/// `consumer cluster balance`.
pub async fn balance(call: Call) -> Outcome {
    let jetstream = jetstream(&call).await?;
    let stream = pick_stream(&call, &jetstream).await?;
    match query(&call, &jetstream, &stream).await?.first() {
        None => call.line(&format!("No consumers on {stream}")),
        Some(info) if info.cluster.is_some() => return Err(CLUSTERED.into()),
        Some(info) => {
            let name = quote(&info.name);
            let text = format!("failed to balance consumers on {stream} - consumer");
            return Err(format!("{text} {name} has no cluster info").into());
        }
    }
    Ok(())
}
