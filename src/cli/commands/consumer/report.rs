//! Consumers described: the report of one.

use super::*;

pub(super) fn ack_policy(policy: AckPolicy) -> &'static str {
    match policy {
        AckPolicy::None => "None",
        AckPolicy::All => "All",
        AckPolicy::Explicit => "Explicit",
        AckPolicy::FlowControl => "Flow Control",
    }
}

pub(super) fn replay_policy(policy: ReplayPolicy) -> &'static str {
    match policy {
        ReplayPolicy::Instant => "Instant",
        ReplayPolicy::Original => "Original",
    }
}

/// Delays of a backoff policy; long ones are shortened.
pub(super) fn backoff(delays: &[i64]) -> String {
    let mut shown: Vec<String> = delays.iter().map(|ns| go_duration(*ns)).collect();
    if shown.len() <= 15 {
        return shown.join(", ");
    }
    let total = shown.len();
    shown.splice(5..total - 5, ["...".to_string()]);
    format!("{} ({total} total)", shown.join(", "))
}

/// Shows a consumer as a report or JSON.
pub(super) fn show(call: &Call, info: &ConsumerInfo, state_only: bool) {
    if call.values.is("json") {
        call.line(&json::print(info));
        return;
    }
    let created = call.time_or_zero(info.created);
    let what = if state_only { "State" } else { "Information" };
    let mut report = Columns::new(format!(
        "{what} for Consumer {} > {} created {created}",
        info.stream_name, info.name
    ));
    if !state_only {
        show_config(call, &mut report, info);
    }
    if let Some(cluster) = info.cluster.as_ref().filter(|c| !c.name.is_empty()) {
        stream::cluster(&mut report, cluster);
    }
    report.title("State");
    show_state(call, &mut report, info);
    call.report(&report);
}

/// Where deliveries start.
fn start(config: &ConsumerConfig) -> String {
    match config.deliver_policy {
        DeliverPolicy::All => "All".into(),
        DeliverPolicy::Last => "Last".into(),
        DeliverPolicy::New => "New".into(),
        DeliverPolicy::LastPerSubject => "Last Per Subject".into(),
        DeliverPolicy::ByStartSequence => format!("From Sequence {}", config.opt_start_seq),
        DeliverPolicy::ByStartTime => {
            let time = config.opt_start_time;
            format!("Since {}", time.map_or_else(String::new, render::go_time))
        }
    }
}

/// How long a pause still lasts.
fn remaining(info: &ConsumerInfo) -> String {
    format!("({} remaining)", rounded_duration(info.pause_remaining))
}

fn show_priority(report: &mut Columns, config: &ConsumerConfig) {
    let policy = match config.priority_policy.as_str() {
        "" | "none" => return,
        "pinned_client" => "Pinned Client",
        "overflow" => "Overflow",
        _ => "Prioritized",
    };
    report.row("Priority Policy", policy);
    report.list("Priority Groups", &config.priority_groups);
    if config.priority_policy == "pinned_client" {
        report.row("Pinned TTL", human_duration(config.priority_timeout));
    }
}

fn show_config(call: &Call, report: &mut Columns, info: &ConsumerInfo) {
    let config = &info.config;
    let push = !config.deliver_subject.is_empty();
    report.title("Configuration");
    report.row_if("Name", &config.name);
    if config.durable_name != config.name {
        report.row_if("Durable Name", &config.durable_name);
    }
    report.row_if("Description", &config.description);
    match push {
        true => report.row("Delivery Subject", config.deliver_subject.as_str()),
        false => report.row("Pull Mode", "true"),
    };
    if !config.filter_subject.is_empty() {
        report.row("Filter Subject", config.filter_subject.as_str());
    } else if !config.filter_subjects.is_empty() {
        report.list("Filter Subjects", &config.filter_subjects);
    }
    report.row("Deliver Policy", start(config));
    if push {
        report.row_if("Deliver Queue Group", &config.deliver_group);
    }
    report.row("Ack Policy", ack_policy(config.ack_policy));
    if config.ack_policy != AckPolicy::None {
        report.row("Ack Wait", human_duration(config.ack_wait));
    }
    report.row("Replay Policy", replay_policy(config.replay_policy));
    if config.max_deliver != -1 {
        report.row("Maximum Deliveries", number(config.max_deliver));
    }
    report.row_if("Sampling Rate", &config.sample_freq);
    if config.rate_limit_bps > 0 {
        report.row(
            "Rate Limit",
            format!("{} / second", render::size(config.rate_limit_bps / 8)),
        );
    }
    report.row_if_positive("Max Ack Pending", config.max_ack_pending, number);
    report.row_if_positive("Max Waiting Pulls", config.max_waiting, number);
    report.row_if_positive("Idle Heartbeat", config.idle_heartbeat, human_duration);
    if push {
        report.row("Flow Control", render::yes(config.flow_control));
    }
    report.row_if_true("Headers Only", config.headers_only);
    if !push {
        report.row_if_positive(
            "Inactive Threshold",
            config.inactive_threshold,
            human_duration,
        );
    }
    report.row_if_positive("Max Pull Expire", config.max_expires, human_duration);
    report.row_if_positive("Max Pull Batch", config.max_batch, number);
    report.row_if_positive("Max Pull MaxBytes", config.max_bytes, number);
    report.row_if("Backoff", &backoff(&config.backoff));
    report.row_if_positive("Replicas", config.num_replicas, number);
    report.row_if_true("Memory Storage", config.mem_storage);
    if let Some(until) = config.pause_until {
        let until = call.time(until);
        let rest = match info.paused {
            true => remaining(info),
            false => "(passed)".into(),
        };
        report.row("Paused Until Deadline", format!("{until} {rest}"));
    }
    show_priority(report, config);
    stream::metadata(report, &config.metadata);
}

fn show_state(call: &Call, report: &mut Columns, info: &ConsumerInfo) {
    let config = &info.config;
    stream::host(report, &config.metadata);
    let now = info.ts.unwrap_or_else(|| call.now());
    let position = |at: &SequenceInfo, word: &str| {
        let place = format!(
            "Consumer sequence: {} Stream sequence: {}",
            count(at.consumer_seq),
            count(at.stream_seq)
        );
        match at.last_active {
            Some(last) => format!("{place} {word}: {} ago", human_duration(now.since(last))),
            None => place,
        }
    };
    report.row(
        "Last Delivered Message",
        position(&info.delivered, "Last delivery"),
    );
    if config.ack_policy != AckPolicy::None {
        report.row(
            "Acknowledgment Floor",
            position(&info.ack_floor, "Last Ack"),
        );
        let outstanding = count(info.num_ack_pending);
        report.row(
            "Outstanding Acks",
            match config.max_ack_pending {
                ..=0 => outstanding,
                most => format!("{outstanding} out of maximum {}", number(most)),
            },
        );
        report.row("Redelivered Messages", count(info.num_redelivered));
    }
    report.row("Unprocessed Messages", count(info.num_pending));
    if config.deliver_subject.is_empty() {
        let waiting = count(info.num_waiting);
        report.row(
            "Waiting Pulls",
            match config.max_waiting {
                ..=0 => format!("{waiting} of unlimited"),
                most => format!("{waiting} of maximum {}", number(most)),
            },
        );
    } else {
        report.row(
            "Active Interest",
            match (info.push_bound, config.deliver_group.as_str()) {
                (false, _) => "No interest".into(),
                (true, "") => "Active".into(),
                (true, group) => format!("Active using Queue Group {group}"),
            },
        );
    }
    if info.paused {
        let until = call.time(now.after(info.pause_remaining));
        report.row("Paused Until", format!("{until} {}", remaining(info)));
    }
    if config.priority_policy == "pinned_client" {
        for group in &info.priority_groups {
            let client = match group.pinned_client_id.as_str() {
                "" => "No client".into(),
                id => format!("pinned {id} at {}", call.time_or_zero(group.pinned_ts)),
            };
            report.row("Priority Groups", format!("{}: {client}", group.group));
        }
    }
}
