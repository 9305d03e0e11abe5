//! `nats stream cluster …`: what a single server makes of it. Streams of clusters are left where they are.

use super::{jetstream, pick, query, really};
use crate::{
    cli::{
        commands::{Call, Outcome, ask_api},
        parse::Failure,
        values::quote,
    },
    client::{JetStream, types::StreamInfo},
};
use serde_json::Value;

const CLUSTERED: &str = "this playground does not move the streams of a cluster";

/// The stream as it is now, as natscli asks for it.
async fn again(jetstream: &JetStream, info: &StreamInfo) -> Result<Value, Failure> {
    let subject = format!("STREAM.INFO.{}", info.config.name);
    ask_api(jetstream, &subject, b"{\"offset\":0}").await
}

fn not_clustered(info: &StreamInfo) -> Failure {
    format!("stream {} is not clustered", quote(&info.config.name)).into()
}

/// `stream cluster step-down`.
pub async fn step_down(call: Call) -> Outcome {
    let (_, info) = pick(&call).await?;
    match info.cluster {
        Some(cluster) if !cluster.replicas.is_empty() => Err(CLUSTERED.into()),
        _ => Err(not_clustered(&info)),
    }
}

/// `stream cluster peer-remove`.
pub async fn remove_peer(call: Call) -> Outcome {
    call.line(
        "WARNING: Users should use the new `nats stream cluster evacuate` and replica count adjustments\n\
         for peer membership management which is a newer and safer approach.\n",
    );
    let (jetstream, info) = pick(&call).await?;
    let now = again(&jetstream, &info).await?;
    match now["cluster"]["replicas"].as_array() {
        Some(_) => Err(CLUSTERED.into()),
        None => Err(not_clustered(&info)),
    }
}

/// `stream cluster balance`.
pub async fn balance(call: Call) -> Outcome {
    let jetstream = jetstream(&call).await?;
    match query(&call, &jetstream).await?.first() {
        None => Ok(()),
        Some(info) if info.cluster.is_some() => Err(CLUSTERED.into()),
        Some(info) => {
            let name = quote(&info.config.name);
            let text = "failed to balance streams: stream";
            Err(format!("{text} {name} has no cluster information").into())
        }
    }
}

/// `stream cluster cancel-move`.
pub async fn cancel_move(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    let name = &info.config.name;
    if !call.values.is("force") {
        let now = again(&jetstream, &info).await?;
        if now["cluster"].is_null() {
            return Err("stream is not clustered".into());
        }
        if now["cluster"]["desired"].is_null() {
            return Err("stream is not busy moving".into());
        }
        if !really(&call, &format!("Really cancel move of {}", quote(name))).await? {
            return Err("canceling request".into());
        }
    }
    ask_api(&jetstream, &format!("STREAM.CANCEL_MOVE.{name}"), b"").await?;
    call.line(&format!("Canceled move of {}", quote(name)));
    Ok(())
}

/// `stream cluster evacuate`.
pub async fn evacuate(call: Call) -> Outcome {
    let (jetstream, info) = pick(&call).await?;
    let name = &info.config.name;
    let now = again(&jetstream, &info).await?;
    if now["cluster"].is_null() {
        return Err(not_clustered(&info));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let mut peers = vec![text(&now["cluster"]["leader"])];
    let replicas = now["cluster"]["replicas"].as_array();
    peers.extend(
        replicas
            .into_iter()
            .flatten()
            .map(|peer| text(&peer["name"])),
    );
    let peer = match call.values.arg("peer") {
        "" => {
            call.prompt()
                .select("Select a Peer", &peers, "", "")
                .await?
        }
        peer => peer.into(),
    };
    let peer = quote(&peer);
    call.log(&format!("Evacuating stream from peer {peer}"));
    if !call.values.is("force") && !really(&call, &format!("Really evacuate {peer}")).await? {
        return Ok(());
    }
    let body = format!("{{\"peer\":{peer}}}");
    ask_api(
        &jetstream,
        &format!("STREAM.PEER.EVACUATE.{name}"),
        body.as_bytes(),
    )
    .await?;
    call.log(&format!("Requested evacuation of peer {peer}"));
    Ok(())
}
