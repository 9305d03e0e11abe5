//! The client's types against what nats-server 2.15.2 answered (`recorded/api.txt`, a subject and a body a line), read a
//! second time with `serde_json`, and the mistakes that natscli 0.5.1 names in configuration files. Must not know a server.
#![cfg(not(target_arch = "wasm32"))]

use nats_kv_playground::{
    client::{ServerInfo, types::*},
    wire::json::{FromJson, ToJson, from_json, to_json},
};
use serde_json::Value;
use std::fmt::Debug;

/// Fields of answers that have no place in the types.
const UNREAD: &[&str] = &[
    "type",
    "total",
    "offset",
    "limit",
    "seq",
    "sourcing",
    "priority_groups",
    "proto",
    "go",
    "connect_info",
    "remote_account",
    "xkey",
];

fn body(subject: &str) -> &'static str {
    let lines = include_str!("recorded/api.txt").lines();
    let mut bodies = lines.filter_map(|line| line.split_once('\t'));
    let found = bodies.find(|(at, _)| *at == subject);
    found.expect("recorded").1
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Whether everything in `all` is in `part` too; what is left out of `part` has to be empty.
fn covers(part: &Value, all: &Value, path: &str) {
    match all {
        Value::Object(fields) => {
            for (name, value) in fields {
                let here = format!("{path}.{name}");
                match part.get(name) {
                    Some(same) => covers(same, value, &here),
                    None if UNREAD.contains(&name.as_str()) => {}
                    None => assert!(
                        matches!(value, Value::Bool(false)) || *value == 0 || *value == "none",
                        "{here} is lost: {value}"
                    ),
                }
            }
        }
        Value::Array(items) => {
            assert_eq!(part.as_array().map(Vec::len), Some(items.len()), "{path}");
            for (at, item) in items.iter().enumerate() {
                covers(&part[at], item, &format!("{path}[{at}]"));
            }
        }
        value => assert_eq!(part, value, "{path}"),
    }
}

/// Reads a recorded value and writes it again: nothing is lost, and it is read the same; a text cut short is an error.
fn both_ways<T: FromJson + ToJson + Default + PartialEq + Debug>(recorded: &Value) -> T {
    let text = recorded.to_string();
    let value: T = from_json(text.as_bytes()).expect("fits");
    let again = to_json(&value);
    covers(
        &json(std::str::from_utf8(&again).expect("text")),
        recorded,
        "",
    );
    assert_eq!(from_json::<T>(&again).as_ref(), Ok(&value));
    for end in 0..text.len() {
        assert!(from_json::<T>(&text.as_bytes()[..end]).is_err());
    }
    value
}

#[test]
fn streams() {
    let info: StreamInfo = both_ways(&json(body("$JS.API.STREAM.INFO.ORDERS")));
    let config = &info.config;
    assert_eq!(config.description, "all <orders> & more");
    assert_eq!(config.subjects, ["orders.>", "returns.*"]);
    assert_eq!(config.retention, RetentionPolicy::Interest);
    assert_eq!(config.storage, StorageType::Memory);
    assert_eq!((config.max_msg_size, config.first_seq), (1024, 7));
    assert!(config.allow_atomic && config.allow_rollup_hdrs && !config.sealed);
    assert_eq!(config.metadata.get("owner").map(String::as_str), Some("me"));
    assert_eq!(info.state.deleted, [9]);
    assert_eq!(info.state.subjects[2], ("returns.x".to_owned(), 1));

    let list = json(body("$JS.API.STREAM.LIST"));
    let streams: Vec<StreamInfo> = list["streams"]
        .as_array()
        .expect("a list")
        .iter()
        .map(both_ways)
        .collect();
    let names: Vec<&str> = streams.iter().map(|s| s.config.name.as_str()).collect();
    assert_eq!(names, ["ALL", "COPY", "ORDERS", "SMALL"]);
    let [all, copy, _, small] = &streams[..] else {
        panic!("four");
    };
    let [near, far] = &all.config.sources[..] else {
        panic!("two");
    };
    assert_eq!(
        near.opt_start_time.map(|time| time.rfc3339()).as_deref(),
        Some("2026-01-02T03:04:05.5Z")
    );
    assert_eq!(near.subject_transforms[0].dest, "all.{{wildcard(1)}}");
    assert_eq!(
        far.external.as_ref().map(|e| e.api.as_str()),
        Some("$JS.far.API")
    );
    assert_eq!(all.sources[1].active, -1);
    assert_eq!(copy.config.compression, Compression::S2);
    assert_eq!(
        copy.config.mirror.as_ref().map(|m| m.opt_start_seq),
        Some(8)
    );
    assert_eq!(small.config.discard, DiscardPolicy::New);
}

#[test]
fn consumers() {
    let list = json(body("$JS.API.CONSUMER.LIST.ORDERS"));
    let consumers: Vec<ConsumerInfo> = list["consumers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(both_ways)
        .collect();
    let [mirror, _, full] = &consumers[..] else {
        panic!("three");
    };
    assert_eq!(mirror.config.ack_policy, AckPolicy::FlowControl);
    assert!(mirror.push_bound && mirror.delivered.last_active.is_some());
    assert_eq!(mirror.config.pause_until, None);
    let config = &full.config;
    assert_eq!(config.deliver_policy, DeliverPolicy::ByStartSequence);
    assert_eq!(config.replay_policy, ReplayPolicy::Original);
    assert_eq!(config.backoff, [1_000_000_000, 2_000_000_000]);
    assert_eq!(config.priority_groups, ["g"]);
    assert!(full.paused && full.pause_remaining > 0 && full.delivered.last_active.is_none());
}

#[test]
fn the_rest() {
    let account: AccountInfo = both_ways(&json(body("$JS.API.INFO")));
    assert_eq!((account.memory, account.streams), (121, 4));
    assert_eq!((account.limits.max_memory, account.api.level), (-1, 5));

    let server: ServerInfo = both_ways(&json(body("INFO")));
    assert_eq!((server.port, server.max_payload), (14_777, 1 << 20));
    assert!(server.jetstream && server.headers && !server.auth_required);

    let ack: PubAck = both_ways(&json(body("returns.y")));
    assert_eq!((ack.stream.as_str(), ack.seq), ("ORDERS", 12));

    let refused = json(body("$JS.API.STREAM.INFO.NOPE"));
    let error: ApiError = both_ways(&refused["error"]);
    assert_eq!((error.code, error.err_code), (404, 10059));
    assert_eq!(error.description, "stream not found");
}

#[test]
fn mistakes_in_configurations_read_as_in_natscli() {
    let field = "json: cannot unmarshal";
    for (text, want) in [
        (
            r#"{"name":"X","subjects":"a"}"#,
            format!("{field} string into Go struct field StreamConfig.subjects of type []string"),
        ),
        (
            r#"{"name":"X","max_msgs":"1"}"#,
            format!("{field} string into Go struct field StreamConfig.max_msgs of type int64"),
        ),
        (
            r#"{"name":"X","max_msg_size":3000000000}"#,
            format!(
                "{field} number 3000000000 into Go struct field StreamConfig.max_msg_size of type int32"
            ),
        ),
        (
            r#"{"name":5}"#,
            format!("{field} number into Go struct field StreamConfig.name of type string"),
        ),
        (
            r#"{"name":"X","retention":"odd"}"#,
            r#"can not unmarshal "\"odd\"""#.into(),
        ),
        (
            r#"{"name":"X","mirror":{"opt_start_time":"soon"}}"#,
            r#"parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006""#
                .into(),
        ),
        (r#"{"name":"X","#, "unexpected end of JSON input".into()),
        (
            r#"{"name":"X","consumer_limits":7}"#,
            format!(
                "{field} number into Go struct field StreamConfig.consumer_limits of type api.StreamConsumerLimits"
            ),
        ),
    ] {
        let read = from_json::<StreamConfig>(text.as_bytes());
        assert_eq!(read.expect_err(text), want, "{text}");
    }
    for (text, want) in [
        (r#"{"ack_policy":1}"#, r#"can not unmarshal "1""#),
        (
            r#"{"deliver_policy":"never"}"#,
            r#"can not unmarshal "\"never\"""#,
        ),
    ] {
        let read = from_json::<ConsumerConfig>(text.as_bytes());
        assert_eq!(read.expect_err(text), want, "{text}");
    }
}

#[test]
fn null_and_unknown_fields_change_nothing() {
    let text = r#"{"name":"X","subjects":null,"mirror":null,"retention":null,"more":{"a":[1]},"Max_Msgs":3}"#;
    let want = StreamConfig {
        name: "X".into(),
        max_msgs: 3,
        ..StreamConfig::default()
    };
    assert_eq!(from_json::<StreamConfig>(text.as_bytes()), Ok(want));
}
