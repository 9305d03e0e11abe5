//! JSON as natscli prints it: indented by two, with Go's escapes, and each object's keys in the order of the Go type it
//! comes from.

use crate::wire::json::{ToJson, to_json};
use serde_json::{Map, Value};

/// The Go types: name, then keys in order. A key alone is a text that is always there; `#` a number, `!` a boolean, `{}` an
/// object, `[]` a list that is `null` when empty, always there too; `?` left out when empty or zero. `:name` is the type of
/// what it holds.
const TYPES: [(&str, &str); 19] = [
    (
        "stream_info",
        "config:stream_config created state:state domain? cluster?:cluster mirror?:source_info sources?:source_info ts",
    ),
    (
        "stream_config",
        "name description? subjects? retention max_consumers# max_msgs_per_subject# max_msgs# max_bytes# max_age# \
         max_msg_size? storage discard num_replicas# no_ack? duplicate_window? placement?:placement mirror?:source \
         sources?:source compression? subject_transform?:transform republish?:republish sealed! deny_delete! deny_purge! \
         allow_rollup_hdrs! allow_direct! mirror_direct! discard_new_per_subject? first_seq? metadata? allow_msg_ttl? \
         subject_delete_marker_ttl? consumer_limits{}:limits allow_atomic? allow_msg_counter? allow_msg_schedules? \
         persist_mode? allow_batched?",
    ),
    (
        "state",
        "messages# bytes# first_seq# first_ts last_seq# last_ts num_deleted? deleted? num_subjects? subjects? lost? \
         consumer_count#",
    ),
    (
        "cluster",
        "name? raft_group? leader? leader_since? replicas?:peer",
    ),
    ("peer", "name current! offline? active# lag?"),
    (
        "source_info",
        "name external?:external lag# active# error?:error filter_subject? subject_transforms?:transform",
    ),
    ("error", "code# err_code? description?"),
    (
        "source",
        "name opt_start_seq? opt_start_time? filter_subject? external?:external subject_transforms?:transform \
         consumer?:source_consumer",
    ),
    ("source_consumer", "name deliver_subject"),
    ("external", "api deliver"),
    ("placement", "cluster? tags? preferred?"),
    ("transform", "src dest"),
    ("republish", "src? dest headers_only?"),
    ("limits", "inactive_threshold? max_ack_pending?"),
    (
        "consumer_info",
        "stream_name name config:consumer_config created delivered:sequence ack_floor:sequence num_ack_pending# \
         num_redelivered# num_waiting# num_pending# cluster?:cluster push_bound? paused? pause_remaining? ts \
         priority_groups?:group",
    ),
    ("group", "group pinned_client_id? pinned_ts@"),
    (
        "consumer_config",
        "description? ack_policy ack_wait? deliver_policy deliver_subject? deliver_group? durable_name? name? \
         filter_subject? filter_subjects? flow_control? idle_heartbeat? max_ack_pending? max_deliver? backoff? \
         max_waiting? opt_start_seq? opt_start_time? rate_limit_bps? replay_policy sample_freq? headers_only? max_batch? \
         max_expires? max_bytes? inactive_threshold? num_replicas# mem_storage? metadata? pause_until@ priority_groups? \
         priority_policy? priority_timeout?",
    ),
    ("sequence", "consumer_seq# stream_seq# last_active?"),
    ("message", "subject seq# hdrs? data? time"),
];

/// A value as text, without a newline at the end. `name` is its Go type, or that of the elements of a list.
pub fn print(value: &Value, name: &str) -> String {
    let mut out = String::new();
    push(&mut out, value, name, 0);
    out
}

/// The same for what writes itself.
pub fn print_typed(value: &dyn ToJson, name: &str) -> String {
    let value = serde_json::from_slice(&to_json(value));
    print(&value.unwrap_or_default(), name)
}

/// Whether a value counts as none; an object of a Go type does not, as there is a pointer to it.
fn is_zero(key: &str, kind: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty() || (key == "compression" && text == "none"),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty() && kind.is_empty(),
    }
}

fn indent(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

fn push(out: &mut String, value: &Value, name: &str, depth: usize) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                indent(out, depth + 1);
                push(out, item, name, depth + 1);
            }
            indent(out, depth);
            out.push(']');
        }
        Value::Object(fields) => push_object(out, fields, name, depth),
        Value::String(text) => push_text(out, text),
        other => out.push_str(&other.to_string()),
    }
}

fn push_object(out: &mut String, fields: &Map<String, Value>, name: &str, depth: usize) {
    let mut pairs: Vec<(&str, Value, &str)> = Vec::new();
    match TYPES.iter().find(|(n, _)| *n == name) {
        None => pairs.extend(
            fields
                .iter()
                .map(|(key, value)| (key.as_str(), value.clone(), "")),
        ),
        Some((_, keys)) => {
            for entry in keys.split_whitespace() {
                let (entry, kind) = entry.split_once(':').unwrap_or((entry, ""));
                let key = entry.trim_end_matches(['?', '#', '!', '{', '}', '[', ']', '@']);
                let value = fields.get(key).cloned().unwrap_or_default();
                let value = match entry.get(key.len()..) {
                    Some("?") if is_zero(key, kind, &value) => continue,
                    Some("#") if value.is_null() => Value::from(0),
                    Some("!") if value.is_null() => Value::from(false),
                    Some("{}") if value.is_null() => Value::Object(Map::new()),
                    Some("@") if value.is_null() => Value::from("0001-01-01T00:00:00Z"),
                    Some("") if value.is_null() && kind.is_empty() => Value::from(""),
                    _ => value,
                };
                pairs.push((key, value, kind));
            }
        }
    }
    if pairs.is_empty() {
        return out.push_str("{}");
    }
    out.push('{');
    for (index, (key, value, kind)) in pairs.iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        indent(out, depth + 1);
        push_text(out, key);
        out.push_str(": ");
        push(out, value, kind, depth + 1);
    }
    indent(out, depth);
    out.push('}');
}

fn push_text(out: &mut String, text: &str) {
    for c in Value::from(text).to_string().chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_in_the_order_of_the_go_type() {
        let message = json!({"time": "t", "data": "bTE=", "subject": "a.>", "seq": 1, "more": 2});
        let want = "{\n  \"subject\": \"a.\\u003e\",\n  \"seq\": 1,\n  \"data\": \"bTE=\",\n  \"time\": \"t\"\n}";
        assert_eq!(print(&message, "message"), want);
        assert_eq!(print(&json!([]), ""), "[]");
        assert_eq!(print(&Value::Null, ""), "null");
        let config = json!({"placement": {}, "metadata": {}, "mirror": {"name": "m"}});
        let text = print(&config, "stream_config");
        assert!(
            text.contains("\"placement\": {},\n  \"mirror\": {\n") && !text.contains("metadata")
        );
        assert_eq!(
            print(&json!({"b": 1, "a": {}}), ""),
            "{\n  \"a\": {},\n  \"b\": 1\n}"
        );
    }
}
