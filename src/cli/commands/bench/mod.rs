//! `nats bench`: how fast publishing, receiving and buckets are.

mod results;
mod worker;

use super::{Call, Library, Outcome};
use results::results_text;
use worker::Worker;

use crate::{
    cli::{
        parse::{Failure, Values},
        render::{self, columns::longest_value, go_duration, number},
        values,
    },
    client::{
        Client, Error,
        kv::{Bucket, Config},
        transport::LocalFuture,
        types::StorageType,
    },
    wire::time::SECOND,
};

use std::{cell::RefCell, future::poll_fn, rc::Rc, task::Poll};

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Publish,
    Subscribe,
    Put,
    Get,
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Kind::Publish => "Core NATS publisher",
            Kind::Subscribe => "Core NATS subscriber",
            Kind::Put => "JetStream KV putter",
            Kind::Get => "JetStream KV getter",
        }
    }

    /// Does it send messages, which `--throughput` may slow down?
    fn writes(self) -> bool {
        matches!(self, Kind::Publish | Kind::Put)
    }

    /// What a client says that it starts.
    fn verb(self) -> &'static str {
        match self {
            Kind::Subscribe => "expecting",
            Kind::Get => "trying to get",
            _ => "publishing",
        }
    }

    /// States shown at the bar, while working and at the end.
    fn states(self) -> [&'static str; 2] {
        match self {
            Kind::Publish => ["Publishing", "Finished"],
            Kind::Subscribe => ["Receiving", "Finished"],
            Kind::Put => ["Putting", "Putting"],
            Kind::Get => ["Getting", "Finished"],
        }
    }
}

/// What a client did.
struct Sample {
    messages: i64,
    started: i64,
    ended: i64,
    /// ns of each operation.
    latencies: Vec<i64>,
}

impl Sample {
    fn rate(&self) -> f64 {
        self.messages as f64 * 1e9 / (self.ended - self.started).max(1) as f64
    }
}

/// `bench pub`.
pub async fn publish(call: Call) -> Outcome {
    run(&call, Kind::Publish).await
}

/// `bench sub`.
pub async fn subscribe(call: Call) -> Outcome {
    run(&call, Kind::Subscribe).await
}

/// `bench kv put`.
pub async fn put(call: Call) -> Outcome {
    run(&call, Kind::Put).await
}

/// `bench kv get`.
pub async fn get(call: Call) -> Outcome {
    run(&call, Kind::Get).await
}

/// The flags, checked.
struct Plan {
    kind: Kind,
    clients: i64,
    messages: i64,
    size: i64,
    max_bytes: i64,
}

fn plan(call: &Call, kind: Kind) -> Result<Plan, Failure> {
    let values = &call.values;
    let mut messages = values.int("msgs");
    let duration = values.duration("duration");
    if duration != 0 {
        let rate = values.int("throughput");
        if duration < 0 {
            return Err("--duration cannot be negative".into());
        }
        if rate <= 0 {
            return Err("--duration requires --throughput to be set".into());
        }
        messages = ((i128::from(rate) * i128::from(duration) + 500_000_000) / 1_000_000_000) as i64;
        if messages <= 0 {
            let time = go_duration(duration);
            return Err(format!(
                "the combination of --throughput={rate} and --duration={time} results in zero messages"
            )
            .into());
        }
    }
    if messages <= 0 {
        return Err("number of messages should be greater than 0".into());
    }
    let given = |flag: &str, bits: u32, words: &str| match values.text(flag) {
        "" => Ok(0),
        text => match values::size(text, bits) {
            Ok(size) if size > 0 => Ok(size),
            _ => Err(format!(
                "can not parse or invalid the value specified for the {words}: {text}"
            )),
        },
    };
    let size = given("size", 32, "message size")?;
    let max_bytes = given("maxbytes", 64, "max stream/bucket size")?;
    let mut clients = values.int("clients").max(0);
    if kind != Kind::Subscribe {
        clients = clients.min(messages);
    }
    Ok(Plan {
        kind,
        clients,
        messages,
        size,
        max_bytes,
    })
}

/// The subject, or with `--multisubject` the pattern of those that are published to.
fn pattern(values: &Values) -> String {
    let subject = values.arg("subject");
    match values.is("multisubject") {
        true => format!("{subject}.*"),
        false => subject.into(),
    }
}

fn banner(call: &Call, plan: &Plan) -> String {
    let values = &call.values;
    let yes = |flag: &str| render::yes(values.is(flag)).to_string();
    let mut pairs = vec![("clients", number(plan.clients))];
    let throttled = plan.kind.writes() && values.int("throughput") > 0;
    if throttled && values.duration("duration") > 0 {
        pairs.push(("duration", go_duration(values.duration("duration"))));
    }
    if plan.size > 0 || plan.kind != Kind::Subscribe {
        pairs.push(("msg-size", render::size(plan.size as u64)));
    }
    pairs.push(("msgs", number(plan.messages)));
    let sleep = go_duration(values.duration("sleep"));
    match plan.kind {
        Kind::Publish => {
            pairs.push(("multi-subject", yes("multisubject")));
            pairs.push(("multi-subject-max", number(values.int("multisubjectmax"))));
            pairs.push(("multi-subject-randomize", yes("multisubjectrandomize")));
            pairs.push(("sleep", sleep));
            pairs.push(("subject", pattern(values)));
        }
        Kind::Subscribe => {
            pairs.push(("multi-subject", yes("multisubject")));
            pairs.push(("subject", pattern(values)));
        }
        Kind::Put | Kind::Get => {
            pairs.insert(0, ("bucket", values.text("bucket").into()));
            match plan.kind {
                Kind::Put => pairs.push(("purge", yes("purge"))),
                _ => pairs.push(("randomize", number(values.int("randomize")))),
            }
            pairs.push(("sleep", sleep));
        }
    }
    if throttled {
        pairs.push(("throughput", number(values.int("throughput"))));
    }
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    format!(
        "Starting {} benchmark [{}]",
        plan.kind.label(),
        pairs.join(", ")
    )
}

/// Bars of all clients, drawn over each other.
struct Bars {
    call: Call,
    shown: bool,
    total: Vec<i64>,
    done: Vec<i64>,
    state: Vec<&'static str>,
    started: i64,
    drawn: Option<i64>,
}

impl Bars {
    fn draw(&mut self, force: bool) {
        let now = self.call.now().0;
        if !self.shown || (!force && self.drawn.is_some_and(|at| now - at < SECOND / 10)) {
            return;
        }
        let mut text = String::new();
        if self.drawn.is_some() {
            text.push_str(&"\x1b[1A\x1b[2K".repeat(self.total.len()));
        }
        self.drawn = Some(now);
        let width = longest_value(self.call.width());
        let elapsed = format!("{}s", (now - self.started) / SECOND);
        for index in 0..self.total.len() {
            let (done, total) = (self.done[index], self.total[index].max(1));
            let inner = width - 2;
            let full = (done as i128 * inner as i128 / i128::from(total)) as usize;
            let mut bar = "=".repeat(full.min(inner));
            if full > 0 && full < inner {
                bar.pop();
                bar.push('>');
            }
            bar.push_str(&"-".repeat(inner - bar.len()));
            let percent = done * 100 / total;
            let state = self.state[index];
            text.push_str(&format!("{state:<10} {elapsed:>5} [{bar}] {percent:>3}%\n"));
        }
        self.call.print(&text);
    }
}

/// Waits for all futures.
async fn all<T>(mut futures: Vec<LocalFuture<'_, T>>) -> Vec<T> {
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|cx| {
        let mut waiting = false;
        for (future, result) in futures.iter_mut().zip(&mut results) {
            if result.is_none() {
                match future.as_mut().poll(cx) {
                    Poll::Ready(value) => *result = Some(value),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
    results.into_iter().flatten().collect()
}

async fn run(call: &Call, kind: Kind) -> Outcome {
    let plan = plan(call, kind)?;
    call.log(&banner(call, &plan));
    let values = &call.values;
    if kind == Kind::Put {
        prepare_bucket(call, &plan).await?;
    }
    let mut clients = Vec::new();
    for _ in 0..plan.clients {
        clients.push(call.connect().await?);
    }
    let counts: Vec<i64> = (0..plan.clients)
        .map(|i| match kind {
            Kind::Subscribe => plan.messages,
            _ => plan.messages / plan.clients + i64::from(i < plan.messages % plan.clients),
        })
        .collect();
    let bars = Rc::new(RefCell::new(Bars {
        call: call.clone(),
        shown: values.is("progress"),
        done: vec![0; counts.len()],
        state: vec!["Setup"; counts.len()],
        total: counts.clone(),
        started: call.now().0,
        drawn: None,
    }));
    let mut work: Vec<LocalFuture<Result<Sample, Failure>>> = Vec::new();
    let mut offset = 0;
    for (index, (client, count)) in clients.into_iter().zip(counts).enumerate() {
        let (label, verb) = (kind.label(), kind.verb());
        call.log(&format!(
            "[{}] Starting {label}, {verb} {} messages",
            index + 1,
            number(count)
        ));
        let worker = Worker {
            call: call.clone(),
            client,
            bars: bars.clone(),
            index,
            count,
            offset,
            size: plan.size,
        };
        offset += count;
        work.push(match kind {
            Kind::Publish => Box::pin(worker.publish()),
            Kind::Subscribe => Box::pin(worker.subscribe()),
            Kind::Put => Box::pin(worker.put()),
            Kind::Get => Box::pin(worker.get()),
        });
    }
    let results = all(work).await;
    let mut samples = Vec::new();
    let mut failure = None;
    for (index, result) in results.into_iter().enumerate() {
        match result {
            Ok(sample) => samples.push(sample),
            Err(error) => {
                if let Failure::Error(text) = &error {
                    call.log(&format!("Error from client {index}: {text}"));
                }
                failure = failure.or(Some(error));
            }
        }
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    results_text(call, &plan, samples)
}

async fn prepare_bucket(call: &Call, plan: &Plan) -> Outcome {
    let name = call.values.text("bucket");
    let client = call.connect().await.map_err(|e| e.context("connecting"))?;
    let jetstream = call.jetstream_of(client, Library::JetStream)?;
    if call.values.is("purge") {
        jetstream.delete_key_value(name).await?;
    }
    if name == "benchbucket" {
        let config = Config {
            bucket: name.into(),
            history: call.values.int("history"),
            storage: match call.values.text("storage") {
                "memory" => StorageType::Memory,
                _ => StorageType::File,
            },
            description: "nats bench bucket".into(),
            replicas: call.values.int("replicas"),
            max_bytes: plan.max_bytes,
            ..Config::default()
        };
        jetstream.create_key_value(&config).await?;
    }
    Ok(())
}
