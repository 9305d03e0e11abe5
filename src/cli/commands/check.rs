//! `nats server check`: one line for a monitoring system, and an exit code.

use super::{Call, Library, Outcome, failed, json};
use crate::{
    cli::{
        parse::Failure,
        pattern::Pattern,
        render::{go_duration, table::Table},
        values::quote,
    },
    client::{
        DirectGet, Error, Headers, JetStream,
        types::{ConsumerInfo, StreamInfo},
    },
    wire::time::Time,
};
use serde_json::{Value, json};

const SECOND: i64 = 1_000_000_000;

/// A figure. Seconds are kept in ns.
struct Figure {
    name: &'static str,
    value: i64,
    warn: i64,
    crit: i64,
    unit: &'static str,
}

/// What a check found.
struct Findings {
    check: &'static str,
    name: String,
    ok: Vec<String>,
    warnings: Vec<String>,
    criticals: Vec<String>,
    figures: Vec<Figure>,
}

/// Four decimals of seconds, or a whole number.
fn plain(value: i64, unit: &str) -> String {
    match unit {
        "s" => {
            let rounded = (value + 50_000) / 100_000;
            format!("{}.{:04}", rounded / 10_000, rounded % 10_000)
        }
        _ => value.to_string(),
    }
}

/// A number as JSON has it: seconds with as many digits as needed.
fn float(value: i64, unit: &str) -> String {
    if unit != "s" {
        return value.to_string();
    }
    let text = format!("{}.{:09}", value / SECOND, value % SECOND);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

impl Findings {
    fn new(check: &'static str, name: impl Into<String>) -> Findings {
        Findings {
            check,
            name: name.into(),
            ok: Vec::new(),
            warnings: Vec::new(),
            criticals: Vec::new(),
            figures: Vec::new(),
        }
    }

    fn ok(&mut self, text: String) {
        self.ok.push(text);
    }

    fn critical(&mut self, text: String) {
        self.criticals.push(text);
    }

    fn figure(
        &mut self,
        name: &'static str,
        value: i64,
        (warn, crit): (i64, i64),
        unit: &'static str,
    ) {
        self.figures.push(Figure {
            name,
            value,
            warn: warn.max(0),
            crit: crit.max(0),
            unit,
        });
    }

    /// A time against its limits.
    fn timed(
        &mut self,
        ns: i64,
        (warn, crit): (i64, i64),
        bad: &dyn Fn(i64) -> String,
        good: String,
    ) {
        match ns {
            _ if crit != 0 && ns >= crit => self.criticals.push(bad(crit)),
            _ if warn != 0 && ns >= warn => self.warnings.push(bad(warn)),
            _ => self.ok.push(good),
        }
    }

    fn status(&self) -> (&'static str, i32) {
        match () {
            _ if !self.criticals.is_empty() => ("CRITICAL", 2),
            _ if !self.warnings.is_empty() => ("WARNING", 1),
            _ => ("OK", 0),
        }
    }

    fn nagios(&self) -> String {
        let mut words = vec![self.status().0.to_string(), self.name.clone()];
        words.extend(self.criticals.iter().map(|t| format!("Crit:{t}")));
        words.extend(self.warnings.iter().map(|t| format!("Warn:{t}")));
        words.extend(self.ok.iter().map(|t| format!("OK:{t}")));
        let mut text = words.join(" ");
        if !self.figures.is_empty() {
            text.push_str(" |");
        }
        for Figure {
            name,
            value,
            warn,
            crit,
            unit,
        } in &self.figures
        {
            text.push_str(&format!(" {name}={}{unit}", plain(*value, unit)));
            if *warn != 0 {
                text.push_str(&format!(";{}", plain(*warn, unit)));
            } else if *crit != 0 {
                text.push(';');
            }
            if *crit != 0 {
                text.push_str(&format!(";{}", plain(*crit, unit)));
            }
        }
        text
    }

    fn json(&self) -> String {
        let mut text = String::from("{\n");
        let mut field =
            |name: &str, value: String| text.push_str(&format!("  \"{name}\": {value},\n"));
        let quoted = |text: &str| json::print(&Value::from(text), "");
        let list = |list: &[String]| {
            let lines: Vec<String> = list.iter().map(|t| format!("    {}", quoted(t))).collect();
            format!("[\n{}\n  ]", lines.join(",\n"))
        };
        field("status", quoted(self.status().0));
        field("check_suite", quoted(self.check));
        field("check_name", quoted(&self.name));
        for (name, texts) in [
            ("warning", &self.warnings),
            ("critical", &self.criticals),
            ("ok", &self.ok),
        ] {
            if !texts.is_empty() {
                field(name, list(texts));
            }
        }
        let figures: Vec<String> = self
            .figures
            .iter()
            .map(|f| {
                let number = |value| float(value, f.unit);
                let (value, warn, crit) = (number(f.value), number(f.warn), number(f.crit));
                let unit = if f.unit.is_empty() { String::new() } else { format!(",\n      \"unit\": \"{}\"", f.unit) };
                format!(
                    "    {{\n      \"name\": \"{}\",\n      \"value\": {value},\n      \"warning\": {warn},\n      \"critical\": {crit}{unit}\n    }}",
                    f.name
                )
            })
            .collect();
        let figures = match figures.is_empty() {
            true => "[]".to_string(),
            false => format!("[\n{}\n  ]", figures.join(",\n")),
        };
        text.push_str(&format!("  \"perf_data\": {figures}\n}}"));
        text
    }

    fn prometheus(&self, namespace: &str) -> String {
        let (check, item) = (self.check, self.name.replace('"', "."));
        let mut families: Vec<(String, String, String, String)> = self
            .figures
            .iter()
            .map(|f| {
                let help = format!("Data about the NATS CLI check {check}");
                let label = format!("item=\"{item}\"");
                (
                    format!("{namespace}_{check}_{}", f.name),
                    help,
                    label,
                    float(f.value, f.unit),
                )
            })
            .collect();
        let (status, code) = self.status();
        families.push((
            format!("{namespace}_{check}_status_code"),
            format!("Nagios compatible status code for {check}"),
            format!("item=\"{item}\",status=\"{status}\""),
            code.to_string(),
        ));
        families.sort();
        families
            .iter()
            .map(|(name, help, label, value)| {
                format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name}{{{label}}} {value}\n")
            })
            .collect()
    }

    fn text(&self) -> String {
        let mut out = format!("{}: {}\n\n", self.name, self.status().0);
        let mut table = Table::new("", &["Status", "Message"]);
        for (status, texts) in [
            ("OK", &self.ok),
            ("Warning", &self.warnings),
            ("Critical", &self.criticals),
        ] {
            texts
                .iter()
                .for_each(|text| table.row(vec![status.into(), text.clone()]));
        }
        if !table.is_empty() {
            out.push_str(&format!(
                "Status Detail\n\n{}",
                table.render(Default::default())
            ));
        }
        let headers = [
            "Metric",
            "Value",
            "Unit",
            "Critical Threshold",
            "Warning Threshold",
            "Description",
        ];
        let mut table = Table::new("", &headers);
        for f in &self.figures {
            let three = |value: i64| match f.unit {
                "s" => format!("{}.{:03}", value / SECOND, value % SECOND / 1_000_000),
                _ => format!("{}.000", crate::cli::render::number(value)),
            };
            let cells = [
                f.name.into(),
                three(f.value),
                f.unit.into(),
                three(f.crit),
                three(f.warn),
                String::new(),
            ];
            table.row(cells.to_vec());
        }
        if !table.is_empty() {
            out.push_str(&format!(
                "\nCheck Metrics\n\n{}",
                table.render(Default::default())
            ));
        }
        out
    }

    /// Prints it and ends the command.
    fn end(self, call: &Call) -> Outcome {
        let format = call.values.text("format");
        let text = match format {
            "json" => self.json(),
            "prometheus" => self.prometheus(call.values.text("namespace")),
            "text" => self.text(),
            _ => self.nagios(),
        };
        let path = call.values.text("outfile");
        if path.is_empty() {
            call.line(&text);
        } else if let Err(error) = call.session.io.files().write(path, text.as_bytes()) {
            return Err(format!("open {path}: {}", error.text()).into());
        }
        match self.status().1 {
            _ if format == "prometheus" => Ok(()),
            0 => Ok(()),
            code => Err(Failure::Exit(code)),
        }
    }
}

fn limits(call: &Call, flag: &str) -> (i64, i64) {
    let of = |which: &str| call.values.duration(&format!("{flag}-{which}"));
    (of("warn"), of("critical"))
}

fn numbers(call: &Call, flag: &str) -> (i64, i64) {
    let of = |which: &str| match call.values.text(&format!("{flag}-{which}")) {
        "" => 0,
        _ => call.values.int(&format!("{flag}-{which}")),
    };
    (of("warn"), of("critical"))
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Error(text) | Failure::Usage(text) => text,
        Failure::Exit(_) => String::new(),
    }
}

/// Connects, or says in the check's words why not.
async fn connect(call: &Call, findings: &mut Findings, before: &str) -> Option<JetStream> {
    let connected = match call.connect().await {
        Ok(client) => call.jetstream_of(client, Library::Jsm),
        Err(error) => Err(error),
    };
    connected
        .map_err(|error| findings.critical(format!("{before}: {}", words(error))))
        .ok()
}

/// `server check connection`.
pub async fn connection(call: Call) -> Outcome {
    let mut found = Findings::new("connections", "Connection");
    let started = call.now();
    let client = match call.connect().await {
        Ok(client) => client,
        Err(error) => {
            found.critical(format!("connection failed: {}", words(error)));
            return found.end(&call);
        }
    };
    let url = super::account::split_url(&client.url()).0;
    let seconds = |ns: i64| float(ns, "s");
    let ns = call.now().since(started);
    found.figure("connect_time", ns, limits(&call, "connect"), "s");
    let good = format!("connected to {url} in {}", go_duration(ns));
    let bad = |limit| {
        format!(
            "connected to {url}, connect time exceeded {}",
            seconds(limit)
        )
    };
    found.timed(ns, limits(&call, "connect"), &bad, good);
    match client.rtt().await {
        Ok(ns) => {
            found.figure("rtt", ns, limits(&call, "rtt"), "s");
            let bad = |limit| format!("rtt time exceeded {}", seconds(limit));
            found.timed(
                ns,
                limits(&call, "rtt"),
                &bad,
                format!("rtt time {}", go_duration(ns)),
            );
        }
        Err(error) => {
            found.critical(format!("rtt failed: {error}"));
            return found.end(&call);
        }
    }
    let inbox = client.new_inbox();
    let started = call.now();
    let received = async {
        let mut messages = client.subscribe(&inbox, None)?;
        client.publish(&inbox, &[b'x'; 100])?;
        messages.next_timeout(call.timeout()).await
    };
    match received.await {
        Ok(_) => {
            let ns = call.now().since(started);
            found.figure("request_time", ns, limits(&call, "req"), "s");
            let micros = (ns + 500) / 1000;
            let shown = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            let bad = |_| format!("round trip request took {shown}");
            found.timed(
                ns,
                limits(&call, "req"),
                &bad,
                format!("round trip took {shown}s"),
            );
        }
        Err(error) => found.critical(format!("did not receive from {inbox}: {error}")),
    }
    found.end(&call)
}

/// `server check kv`.
pub async fn kv(call: Call) -> Outcome {
    let (name, key) = (call.values.text("bucket"), call.values.text("key"));
    let mut found = Findings::new("kv", name);
    let Some(jetstream) = connect(&call, &mut found, "connection failed").await else {
        return found.end(&call);
    };
    let loaded = match jetstream.key_value(name).await {
        Ok(bucket) => bucket.status().await.map(|info| (bucket, info)),
        Err(error) => Err(error),
    };
    let (bucket, info) = match loaded {
        Ok(loaded) => loaded,
        Err(Error::BucketNotFound) => {
            found.critical(format!("bucket {name} not found"));
            return found.end(&call);
        }
        Err(error) => {
            found.critical(format!("could not load bucket: {error}"));
            return found.end(&call);
        }
    };
    found.ok(format!("bucket {name}"));
    let (warn, crit) = numbers(&call, "values");
    let count = info.state.messages as i64;
    found.figure("values", count, (warn, crit), "");
    if !key.is_empty() {
        match bucket.get(key).await {
            Ok(_) => found.ok(format!("key {key} found")),
            Err(Error::KeyNotFound) => found.critical(format!("key {key} not found")),
            Err(error) => found.critical(format!("key {key} not loaded: {error}")),
        }
    }
    if warn > -1 || crit > -1 {
        let reached = |limit: i64| {
            limit > -1
                && if crit < warn {
                    count <= limit
                } else {
                    count >= limit
                }
        };
        let text = format!("{count} values");
        match () {
            _ if reached(crit) => found.critical(text),
            _ if reached(warn) => found.warnings.push(text),
            _ => found.ok(text),
        }
    }
    found.figure("bytes", info.state.bytes as i64, (0, 0), "B");
    found.figure("replicas", info.config.num_replicas, (0, 0), "");
    found.end(&call)
}

/// `server check jetstream`.
pub async fn jetstream(call: Call) -> Outcome {
    let mut found = Findings::new("jetstream", "JetStream");
    let Some(jetstream) = connect(&call, &mut found, "connection failed").await else {
        return found.end(&call);
    };
    let info = match jetstream.account_info().await {
        Ok(info) => info,
        Err(error) => {
            let text = match error {
                Error::NoResponders => "nats: jetstream not enabled".to_string(),
                error => words(failed(error)),
            };
            found.critical(format!("JetStream not available: {text}"));
            found.critical("JetStream not available: invalid account status".into());
            return found.end(&call);
        }
    };
    let names = [
        (
            "memory",
            "memory_pct",
            "mem",
            info.limits.max_memory,
            info.memory,
            "B",
        ),
        (
            "storage",
            "storage_pct",
            "store",
            info.limits.max_storage,
            info.storage,
            "B",
        ),
        (
            "streams",
            "streams_pct",
            "streams",
            info.limits.max_streams,
            info.streams,
            "",
        ),
        (
            "consumers",
            "consumers_pct",
            "consumers",
            info.limits.max_consumers,
            info.consumers,
            "",
        ),
    ];
    for (name, percent_name, flag, most, used, unit) in names {
        let percent = match most {
            1.. => (i128::from(used) * 100 / i128::from(most)) as i64,
            _ => 0,
        };
        let (warn, crit) = numbers(&call, flag);
        found.figure(name, used as i64, (0, 0), unit);
        found.figure(percent_name, percent, (warn, crit), "%");
        match () {
            _ if warn != -1 && crit != -1 && warn >= crit => {
                found.critical(format!("{name}: invalid thresholds"))
            }
            _ if percent > 100 => found.critical(format!("{name}: exceed server limits")),
            _ if warn < 0 || crit < 0 => {}
            _ if percent > crit => found.critical(format!("{percent}% {name}")),
            _ if percent > warn => found.warnings.push(format!("{percent}% {name}")),
            _ => {}
        }
    }
    if call.values.is("replicas") {
        match jetstream.streams("").await {
            Ok(streams) => replicas(&call, &mut found, &streams),
            Err(error) => {
                found.critical(format!("JetStream not available: {}", words(failed(error))))
            }
        }
    }
    found.end(&call)
}

fn replicas(call: &Call, found: &mut Findings, streams: &[StreamInfo]) {
    let lag = call.values.uint("replica-lag-critical");
    let seen = call.values.duration("replica-seen-critical");
    let [
        mut good,
        mut no_leader,
        mut missing,
        mut lagged,
        mut unseen,
        mut bad,
    ] = [0; 6];
    for stream in streams {
        let wanted = stream.config.num_replicas;
        match &stream.cluster {
            _ if wanted == 1 => good += 1,
            None => bad += 1,
            Some(cluster) if cluster.leader.is_empty() => no_leader += 1,
            Some(cluster) if cluster.replicas.len() as i64 != wanted - 1 => missing += 1,
            Some(cluster) => {
                let offline = cluster.replicas.iter().filter(|r| r.offline).count();
                let silent = cluster
                    .replicas
                    .iter()
                    .filter(|r| seen > 0 && r.active > seen)
                    .count();
                let behind = cluster
                    .replicas
                    .iter()
                    .filter(|r| lag > 0 && r.lag > lag)
                    .count();
                bad += offline as i64;
                unseen += silent as i64;
                lagged += behind as i64;
                good += i64::from(offline + silent + behind == 0);
            }
        }
    }
    found.figure("replicas_ok", good, (0, 0), "");
    found.figure("replicas_no_leader", no_leader, (0, 0), "");
    found.figure("replicas_missing_replicas", missing, (0, 0), "");
    found.figure("replicas_lagged", lagged, (0, lag as i64), "");
    found.figure("replicas_not_seen", unseen * SECOND, (0, seen), "s");
    found.figure("replicas_fail", bad, (0, 0), "");
    let unhealthy = bad + missing + no_leader + unseen + lagged;
    if unhealthy > 0 {
        found.critical(format!("{unhealthy} unhealthy streams"));
    }
}

/// `server check stream`.
pub async fn stream(call: Call) -> Outcome {
    let name = call.values.text("stream");
    let mut found = Findings::new("stream", name);
    if let Some(jetstream) = connect(&call, &mut found, "could not load info").await {
        match jetstream.stream_info(name).await {
            Ok(info) => stream_findings(&call, &mut found, &info),
            Err(error) => found.critical(format!("could not load info: {}", words(failed(error)))),
        }
    }
    found.end(&call)
}

fn stream_findings(call: &Call, found: &mut Findings, info: &StreamInfo) {
    let values = &call.values;
    if values.given("peer-expect") && values.int("peer-expect") > 0 && info.config.num_replicas <= 1
    {
        found.critical("Stream is not clustered".into());
    }
    let messages = info.state.messages as i64;
    if values.given("msgs-warn") || values.given("msgs-critical") {
        let (warn, crit) = (
            values.uint("msgs-warn") as i64,
            values.uint("msgs-critical") as i64,
        );
        found.figure("messages", messages, (warn, crit), "");
        let text = format!("{messages} messages");
        match () {
            _ if crit > 0 && messages <= crit => found.critical(text),
            _ if warn > 0 && messages <= warn => found.warnings.push(text),
            _ => found.ok(text),
        }
    }
    let (warn, crit) = (values.int("subjects-warn"), values.int("subjects-critical"));
    let given = values.given("subjects-warn") || values.given("subjects-critical");
    if given && (warn > 0 || crit > 0) {
        let subjects = info.state.num_subjects as i64;
        found.figure("subjects", subjects, (warn, crit), "");
        let reached = |limit: i64| {
            if warn < crit {
                subjects >= limit
            } else {
                subjects <= limit
            }
        };
        let text = format!("{subjects} subjects");
        match () {
            _ if reached(crit) => found.critical(text),
            _ if reached(warn) => found.warnings.push(text),
            _ => found.ok(text),
        }
    }
    let sources = info.sources.len() as i64;
    let of = |flag: &str| {
        if values.given(flag) {
            values.int(flag)
        } else {
            0
        }
    };
    let (least, most) = (of("min-sources"), of("max-sources"));
    found.figure("sources", sources, (least, most), "");
    let text = format!("{sources} sources");
    if (least > 0 && sources < least) || (most > 0 && sources > most) {
        found.critical(text);
    } else {
        found.ok(text);
    }
    let lag = if values.given("lag-critical") {
        values.uint("lag-critical")
    } else {
        0
    };
    let seen = if values.given("seen-critical") {
        values.duration("seen-critical")
    } else {
        0
    };
    if lag == 0 && seen <= 0 {
        return;
    }
    let lagged = info
        .sources
        .iter()
        .filter(|s| lag > 0 && s.lag >= lag)
        .count();
    let silent = info
        .sources
        .iter()
        .filter(|s| seen > 0 && (s.active < 0 || s.active >= seen))
        .count();
    found.figure("sources_lagged", lagged as i64, (0, 0), "");
    found.figure("sources_inactive", silent as i64, (0, 0), "");
    for (bad, word, good) in [
        (lagged, "lagged", "current"),
        (silent, "inactive", "active"),
    ] {
        match bad {
            0 => found.ok(format!("{sources} sources {good}")),
            bad => found.critical(format!("{bad} sources are {word}")),
        }
    }
    if sources > 0 {
        return;
    }
    let Some(mirror) = &info.mirror else {
        return found.critical("not mirrored".into());
    };
    found.figure("lag", mirror.lag as i64, (0, lag as i64), "");
    found.figure("active", mirror.active, (0, seen), "s");
    let late = lag > 0 && mirror.lag >= lag;
    let unseen = seen > 0 && (mirror.active < 0 || mirror.active >= seen);
    if late {
        found.critical(format!("Mirror Lag {}", mirror.lag));
    }
    if unseen {
        found.critical(format!("Mirror Seen {}", go_duration(mirror.active)));
    }
    if !late && !unseen {
        found.ok(format!("Mirror {}", mirror.name));
    }
}

/// `server check consumer`.
pub async fn consumer(call: Call) -> Outcome {
    let (stream, name) = (call.values.text("stream"), call.values.text("consumer"));
    let mut found = Findings::new("consumer", format!("{stream}_{name}"));
    if let Some(jetstream) = connect(&call, &mut found, "could not load info").await {
        match jetstream.consumer_info(stream, name).await {
            Ok(info) => consumer_findings(&call, &mut found, &info),
            Err(error) => found.critical(format!("could not load info: {}", words(failed(error)))),
        }
    }
    found.end(&call)
}

fn consumer_findings(call: &Call, found: &mut Findings, info: &ConsumerInfo) {
    let values = &call.values;
    let limit = |flag: &str| {
        if values.given(flag) {
            values.int(flag)
        } else {
            0
        }
    };
    let time = |flag: &str| {
        if values.given(flag) {
            values.duration(flag)
        } else {
            0
        }
    };
    let counts = [
        (
            "ack_pending",
            info.num_ack_pending,
            "outstanding-ack-critical",
            "Ack Pending",
        ),
        (
            "pull_waiting",
            info.num_waiting,
            "waiting-critical",
            "Waiting Pulls",
        ),
        (
            "pending",
            info.num_pending,
            "unprocessed-critical",
            "Unprocessed Messages",
        ),
        (
            "redelivered",
            info.num_redelivered,
            "redelivery-critical",
            "Redelivered",
        ),
    ];
    for (name, value, flag, _) in counts {
        found.figure(name, value as i64, (0, limit(flag)), "");
    }
    let now = call.now();
    let times = [
        (
            "last_delivery",
            info.delivered.last_active,
            "last-delivery-critical",
            "Last delivery",
            "No deliveries",
        ),
        (
            "last_ack",
            info.ack_floor.last_active,
            "last-ack-critical",
            "Last ack",
            "No acks",
        ),
    ];
    for (name, last, flag, ..) in times {
        if let Some(last) = last {
            found.figure(name, now.since(last), (0, time(flag)), "s");
        }
    }
    for (_, value, flag, label) in counts {
        let text = format!("{label}: {value}");
        match limit(flag) {
            ..=0 => {}
            most if value as i64 >= most => found.critical(text),
            _ => found.ok(text),
        }
    }
    for (_, last, flag, label, none) in times {
        let longest = time(flag);
        match last {
            _ if longest <= 0 => {}
            None => found.critical(none.into()),
            Some(last) if now.since(last) >= longest => {
                found.critical(format!("{label} {} ago", go_duration(now.since(last))));
            }
            Some(last) => found.ok(format!("{label} {}", crate::cli::render::go_time(last))),
        }
    }
    if values.is("pinned") && info.config.priority_policy != "pinned_client" {
        found.critical("Not pinned client priority mode".into());
    }
}

/// `server check message`.
pub async fn message(call: Call) -> Outcome {
    let (stream, subject) = (call.values.text("stream"), call.values.text("subject"));
    let mut found = Findings::new("message", "Stream Message");
    let Some(jetstream) = connect(&call, &mut found, "could not load info").await else {
        return found.end(&call);
    };
    let message = match jetstream
        .get_message(stream, DirectGet::Last(subject))
        .await
    {
        Ok(message) => message,
        Err(error) if error.api().is_some_and(|e| e.err_code == 10037) => {
            found.critical("no message found".into());
            return found.end(&call);
        }
        Err(error) => {
            found.critical(format!("msg load failed: {}", words(failed(error))));
            return found.end(&call);
        }
    };
    let mut time = message.time;
    let body = String::from_utf8_lossy(&message.payload);
    if call.values.is("body-timestamp") {
        match body.trim().parse::<i64>() {
            Ok(seconds) => time = Time(seconds.saturating_mul(SECOND)),
            Err(_) => {
                let quoted = quote(body.trim());
                found.critical(format!(
                    "invalid timestamp body: strconv.ParseInt: parsing {quoted}: invalid syntax"
                ));
                return found.end(&call);
            }
        }
    }
    let age = (call.now().since(time) + 500_000) / 1_000_000 * 1_000_000;
    let (warn, crit) = limits(&call, "age");
    found.figure("age", age, (warn, crit), "s");
    found.figure("size", message.payload.len() as i64, (0, 0), "B");
    if crit > 0 && age > crit {
        found.critical(format!("{} old", go_duration(age)));
    } else if warn > 0 && age > warn {
        found.warnings.push(format!("{} old", go_duration(age)));
    }
    let content = call.values.text("content");
    match Pattern::new(content) {
        Ok(pattern) if !pattern.is_match(&body) => {
            found.critical(format!("does not match regex: {content}"))
        }
        Ok(_) => {}
        Err(error) => found.critical(format!("content regex compile failed: {error}")),
    }
    if found.criticals.is_empty() && found.warnings.is_empty() {
        found.ok(format!("Valid message on {stream} > {subject}"));
    }
    found.end(&call)
}

/// `server check request`.
pub async fn request(call: Call) -> Outcome {
    let values = &call.values;
    let subject = values.text("subject");
    let mut found = Findings::new("request", subject);
    let Some(jetstream) = connect(&call, &mut found, "could not load info").await else {
        return found.end(&call);
    };
    let mut headers = Headers::new();
    for (key, value) in values.map("headers") {
        headers.append(&key, &value);
    }
    let started = call.now();
    let body = values.text("payload").as_bytes();
    let answer = jetstream
        .client
        .request(subject, &headers, body, call.timeout())
        .await;
    let took = (call.now().since(started) + 500_000) / 1_000_000 * 1_000_000;
    let (warn, crit) = limits(&call, "response");
    found.figure("time", took, (warn, crit), "s");
    match answer {
        Err(error) => found.critical(format!("could not send request: {error}")),
        Ok(answer) => {
            let text = values.text("match-payload");
            match Pattern::new(text) {
                Ok(pattern) if !pattern.is_match(&String::from_utf8_lossy(&answer.payload)) => {
                    found.critical("response does not match regexp".into());
                }
                Ok(_) => {}
                Err(error) => found.critical(format!("content regex compile failed: {error}")),
            }
            for (key, want) in values.map("match-headers") {
                let got = answer.headers.get(&key).unwrap_or_default();
                if got != want {
                    found.critical(format!("invalid header {} = {}", quote(&key), quote(got)));
                }
            }
            if crit > 0 && took > crit {
                found.critical(format!("response took {}", go_duration(took)));
            } else if warn > 0 && took > warn {
                found
                    .warnings
                    .push(format!("response took {}", go_duration(took)));
            }
            if found.criticals.is_empty() && found.warnings.is_empty() {
                found.ok("Valid response".into());
            }
        }
    }
    found.end(&call)
}

/// The checks that need a system account, which answers nothing here.
pub async fn system(call: Call) -> Outcome {
    let meta = call.path.ends_with("meta");
    let mut found = match meta {
        true => Findings::new("meta", "JetStream Meta Cluster"),
        false => Findings::new("server", call.values.text("name")),
    };
    let Some(jetstream) = connect(&call, &mut found, "connection failed").await else {
        return found.end(&call);
    };
    let (subject, words) = match meta {
        true => ("$SYS.REQ.SERVER.PING.JSZ", "JSZ API request failed"),
        false => ("$SYS.REQ.SERVER.PING.VARZ", "varz failed"),
    };
    let body = json!({"leader_only": true}).to_string();
    let body: &[u8] = if meta { body.as_bytes() } else { b"{}" };
    match jetstream
        .client
        .request(subject, &Headers::new(), body, call.timeout())
        .await
    {
        Err(error) => found.critical(format!("{words}: {error}")),
        Ok(_) => found.critical(format!("{words}: this playground does not read the answer")),
    }
    found.end(&call)
}

/// `server check credential`.
pub async fn credential(call: Call) -> Outcome {
    let path = call.values.text("credential");
    let mut found = Findings::new("credential", "Credential");
    found.critical(match call.session.io.files().read(path) {
        Err(error) => format!("credential not accessible: stat {path}: {}", error.text()),
        Ok(_) => "this playground does not read credentials".into(),
    });
    found.end(&call)
}
