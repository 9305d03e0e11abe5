//! What the figures of checks tell, as `--format prometheus` and `text` say it (natscli 0.5.1). Knows no server.

use super::findings::Figure;
use crate::cli::render::go_duration;

/// The description of a figure; none for the replicas of a bucket and what has no other.
pub(super) fn of(figure: &Figure) -> Option<String> {
    let text = match figure.name {
        "connect_time" => "Time taken to connect to NATS",
        "rtt" => "The round-trip-time of the connection",
        "request_time" => "Time taken for a full Request-Reply operation",
        "values" => "How many values are stored in the bucket",
        "bytes" => "Bytes stored in the bucket",
        "replicas_ok" => "Streams with healthy cluster state",
        "replicas_no_leader" => "Streams with no leader elected",
        "replicas_missing_replicas" => {
            "Streams where there are fewer known replicas than configured"
        }
        "replicas_lagged" => {
            return Some(format!("Streams with > {} lagged replicas", figure.crit));
        }
        "replicas_not_seen" => {
            let limit = go_duration(figure.crit);
            return Some(format!("Streams with replicas seen > {limit} ago"));
        }
        "replicas_fail" => "Streams unhealthy cluster state",
        "time" => "How long the request took",
        "messages" => "Messages stored in the stream",
        "subjects" => "Number of subjects stored in the stream",
        "sources" => "Number of sources being consumed by this stream",
        "sources_lagged" => "Number of sources that are behind more than the configured threshold",
        "sources_inactive" => "Number of sources that are inactive",
        "lag" => "Number of operations this peer is behind its origin",
        "active" => "Indicates if this peer is active and catching up if lagged",
        "ack_pending" => "The number of messages waiting to be Acknowledged",
        "pull_waiting" => "The number of waiting Pull requests",
        "pending" => "The number of messages that have not yet been consumed",
        "redelivered" => "The number of messages currently being redelivered",
        "last_delivery" => "Seconds since the last message was delivered",
        "last_ack" => "Seconds since the last message was acknowledged",
        "age" => "The age of the message",
        "size" => "The size of the message",
        name @ ("memory" | "storage" | "streams" | "consumers") => {
            return Some(format!("JetStream {name} resource usage"));
        }
        name => {
            let item = name.strip_suffix("_pct")?;
            return Some(format!("JetStream {item} resource usage in percent"));
        }
    };
    Some(text.to_string())
}
