//! `nats bench`: how fast publishing, receiving and buckets are.

use super::{Call, Library, Outcome};
use crate::{
    cli::{
        parse::Failure,
        render::{self, go_duration, number},
        values,
    },
    client::{
        Client, Error,
        kv::{Bucket, Config},
        transport::LocalFuture,
        types::StorageType,
    },
};
use std::{cell::RefCell, future::poll_fn, rc::Rc, task::Poll};

const SECOND: i64 = 1_000_000_000;

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
    // Memory of a page is not that of a server: what is measured must fit it.
    if size > 1 << 20 {
        return Err(crate::client::Error::MaxPayload.into());
    }
    let mut clients = values.int("clients").max(1);
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

fn banner(call: &Call, plan: &Plan) -> String {
    let values = &call.values;
    let yes = |flag: &str| render::yes(values.is(flag)).to_string();
    let mut pairs = vec![("clients", number(plan.clients))];
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
            pairs.push(("subject", values.arg("subject").into()));
        }
        Kind::Subscribe => {
            pairs.push(("multi-subject", yes("multisubject")));
            pairs.push(("subject", values.arg("subject").into()));
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
        let width = self.call.width().unwrap_or(80).saturating_sub(30).max(10);
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

/// One client at work.
struct Worker {
    call: Call,
    client: Client,
    bars: Rc<RefCell<Bars>>,
    index: usize,
    count: i64,
    offset: i64,
    size: i64,
}

impl Worker {
    fn state(&self, state: &'static str) {
        let mut bars = self.bars.borrow_mut();
        bars.state[self.index] = state;
        bars.draw(true);
    }

    fn step(&self) {
        let mut bars = self.bars.borrow_mut();
        bars.done[self.index] += 1;
        bars.draw(false);
    }

    fn now(&self) -> i64 {
        self.call.now().0
    }

    /// Keeps to `--sleep` and `--throughput`, and lets the rest of a page breathe.
    async fn pace(&self, number: i64, started: i64) {
        let values = &self.call.values;
        let runtime = &self.call.session.runtime;
        let sleep = values.duration("sleep");
        let rate = values.int("throughput");
        let mut wait = sleep;
        if rate > 0 {
            let clients = values.int("clients").max(1);
            wait = wait.max(started + number * clients * SECOND / rate - self.now());
        }
        if wait > 0 {
            runtime.sleep(wait).await;
        } else if number % 512 == 511 {
            let _ = self.client.flush().await;
        }
    }

    fn body(&self) -> Vec<u8> {
        vec![0; self.size.max(0) as usize]
    }

    fn subject(&self, number: i64) -> String {
        let values = &self.call.values;
        let subject = values.arg("subject");
        if !values.is("multisubject") {
            return subject.into();
        }
        let most = values.int("multisubjectmax").max(1);
        let number = match values.is("multisubjectrandomize") {
            true => (self.call.session.runtime.random() % most as u64) as i64,
            false => (number + self.offset) % most,
        };
        format!("{subject}.{number}")
    }

    async fn publish(self) -> Result<Sample, Failure> {
        let [state, end] = Kind::Publish.states();
        self.state(state);
        let headers = super::message::headers(
            &self.call.values.list("header"),
            &super::message::Made::new(&self.call, 1),
        )?;
        let body = match self.call.values.text("payload") {
            "" => self.body(),
            path => {
                let content = self.call.session.io.files().read(path);
                content.map_err(|e| format!("open {path}: {}", e.text()))?
            }
        };
        let started = self.now();
        let mut latencies = Vec::with_capacity(self.count.min(1 << 20) as usize);
        for number in 0..self.count {
            let subject = self.subject(number);
            let before = self.now();
            self.client.publish_with(&subject, None, &headers, &body)?;
            latencies.push(self.now() - before);
            self.step();
            self.pace(number, started).await;
        }
        self.client.flush().await?;
        let ended = self.now();
        self.state(end);
        Ok(Sample {
            messages: self.count,
            started,
            ended,
            latencies,
        })
    }

    async fn subscribe(self) -> Result<Sample, Failure> {
        let [state, end] = Kind::Subscribe.states();
        let subject = match self.call.values.is("multisubject") {
            true => format!("{}.*", self.call.values.arg("subject")),
            false => self.call.values.arg("subject").into(),
        };
        self.state(state);
        let failed =
            |error: Error| Failure::from(error).context(&format!("subscribing to '{subject}'"));
        let mut messages = self.client.subscribe(&subject, None).map_err(failed)?;
        self.client
            .flush()
            .await
            .map_err(|e| Failure::from(e).context("flushing"))?;
        let mut started = self.now();
        for number in 0..self.count {
            if messages.next().await.is_none() {
                return Err(Error::ConnectionClosed.into());
            }
            if number == 0 {
                started = self.now();
            }
            self.step();
        }
        let ended = self.now();
        self.state(end);
        Ok(Sample {
            messages: self.count,
            started,
            ended,
            latencies: Vec::new(),
        })
    }

    async fn bucket(&self, words: &str) -> Result<Bucket, Failure> {
        let name = self.call.values.text("bucket");
        let jetstream = self
            .call
            .jetstream_of(self.client.clone(), Library::JetStream)?;
        let found = jetstream.key_value(name).await;
        found.map_err(|e| Failure::from(e).context(&format!("{words} kv bucket '{name}'")))
    }

    fn key(&self, number: i64) -> String {
        match self.call.values.int("randomize") {
            0 => (self.offset + number).to_string(),
            most => (self.call.session.runtime.random() % most.max(1) as u64).to_string(),
        }
    }

    async fn put(self) -> Result<Sample, Failure> {
        let [state, _] = Kind::Put.states();
        let bucket = self
            .bucket("getting the")
            .await
            .map_err(|e| e.context("putting"))?;
        self.state(state);
        let body = self.body();
        let started = self.now();
        let mut latencies = Vec::new();
        for number in 0..self.count {
            let key = self.key(number);
            let before = self.now();
            let put = bucket.put(&key, &body).await;
            put.map_err(|e| Failure::from(e).context("putting").context("putting"))?;
            latencies.push(self.now() - before);
            self.step();
            self.pace(number, started).await;
        }
        let ended = self.now();
        self.bars.borrow_mut().draw(true);
        Ok(Sample {
            messages: self.count,
            started,
            ended,
            latencies,
        })
    }

    async fn get(self) -> Result<Sample, Failure> {
        let [state, end] = Kind::Get.states();
        let bucket = self.bucket("finding").await?;
        self.state(state);
        let started = self.now();
        let mut latencies = Vec::new();
        for number in 0..self.count {
            let key = self.key(number);
            let before = self.now();
            let got = bucket.get(&key).await;
            got.map_err(|e| Failure::from(e).context(&format!("getting key '{key}'")))?;
            latencies.push(self.now() - before);
            self.step();
            self.pace(number, started).await;
        }
        let ended = self.now();
        self.state(end);
        Ok(Sample {
            messages: self.count,
            started,
            ended,
            latencies,
        })
    }
}

/// ns as `1,234.56us`, cut.
fn micros(ns: i64) -> String {
    format!("{}.{:02}us", number(ns / 1000), ns % 1000 / 10)
}

/// The value that a fraction (in thousandths) of sorted values does not exceed.
fn percentile(sorted: &[i64], thousandths: usize) -> i64 {
    let rank = (sorted.len() * thousandths).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

fn mean(values: &[i64]) -> i64 {
    match values.len() {
        0 => 0,
        count => (values.iter().map(|v| i128::from(*v)).sum::<i128>() / count as i128) as i64,
    }
}

fn deviation(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count).sqrt()
}

fn rate_text(rate: f64, size: i64) -> String {
    let bytes = render::size((rate * size as f64) as u64);
    format!("{} msgs/sec ~ {bytes}/sec", number(rate as i64))
}

fn percentiles(sorted: &[i64], mark: &str) -> String {
    let at = |thousandths| micros(percentile(sorted, thousandths));
    format!("P50{mark} {}", at(500))
        + &[("P90", 900), ("P99", 990)]
            .map(|(name, t)| format!("{}{name}{mark} {}", separator(mark), at(t)))
            .concat()
        + &format!("{}P99.9: {}", separator(mark), at(999))
}

fn separator(mark: &str) -> &'static str {
    if mark.is_empty() { " | " } else { " ~ " }
}

fn one_line(sample: &Sample, size: i64) -> String {
    let mut text = rate_text(sample.rate(), size);
    let mut sorted = sample.latencies.clone();
    sorted.sort_unstable();
    if let (Some(least), Some(most)) = (sorted.first(), sorted.last()) {
        let average = micros(mean(&sorted));
        text.push_str(&format!(
            " ~ min: {} ~ avg: {average} ~ max: {}",
            micros(*least),
            micros(*most)
        ));
        text.push_str(&format!(" ~ {}", percentiles(&sorted, ":")));
    }
    text
}

fn results_text(call: &Call, plan: &Plan, mut samples: Vec<Sample>) -> Outcome {
    let label = plan.kind.label();
    samples.sort_by_key(|s| s.ended);
    call.line("");
    if let [sample] = samples.as_slice() {
        call.print(&format!(
            "NATS {label} stats: {}\n\n",
            one_line(sample, plan.size)
        ));
    } else {
        for (index, sample) in samples.iter().enumerate() {
            let line = one_line(sample, plan.size);
            call.line(&format!(
                "  [{}] {line} ({} msgs)",
                index + 1,
                number(sample.messages)
            ));
        }
        let started = samples.iter().map(|s| s.started).min().unwrap_or(0);
        let ended = samples.iter().map(|s| s.ended).max().unwrap_or(0);
        let messages = samples.iter().map(|s| s.messages).sum();
        let whole = Sample {
            messages,
            started,
            ended,
            latencies: Vec::new(),
        };
        call.print(&format!(
            "\n NATS {label} aggregated stats: {}\n",
            rate_text(whole.rate(), plan.size)
        ));
        let rates: Vec<f64> = samples.iter().map(Sample::rate).collect();
        let (least, most) = rates
            .iter()
            .fold((f64::MAX, 0f64), |(a, b), r| (a.min(*r), b.max(*r)));
        let average = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
        call.line(&format!(
            " message rates min {} | avg {} | max {} | stddev {} msgs",
            number(least as i64),
            number(average as i64),
            number(most as i64),
            number(deviation(&rates) as i64)
        ));
        let mut sorted: Vec<i64> = samples
            .iter()
            .flat_map(|s| s.latencies.iter().copied())
            .collect();
        sorted.sort_unstable();
        if let (Some(least), Some(most)) = (sorted.first(), sorted.last()) {
            let spread = deviation(&sorted.iter().map(|ns| *ns as f64).collect::<Vec<_>>());
            call.line(&format!(
                " latencies per operation min {} | avg {} | max {} | stddev {} | {}",
                micros(*least),
                micros(mean(&sorted)),
                micros(*most),
                micros(spread as i64),
                percentiles(&sorted, "")
            ));
        }
        call.line("");
    }
    let path = call.values.text("csv");
    if !path.is_empty() {
        let mut csv = String::from(
            "#RunID, ClientID, MsgCount, MsgBytes, MsgsPerSec, BytesPerSec, DurationSecs\n",
        );
        let run = super::nuid(&call.session);
        for (index, sample) in samples.iter().enumerate() {
            let ns = sample.ended - sample.started;
            let rate = sample.rate() as i64;
            csv.push_str(&format!(
                "{run},{index},{},{},{rate},{},{}.{:06}\n",
                sample.messages,
                sample.messages * plan.size,
                rate * plan.size,
                ns / SECOND,
                ns % SECOND / 1000
            ));
        }
        let written = call.session.io.files().write(path, csv.as_bytes());
        written.map_err(|e| format!("failed to write file {path}: open {path}: {}", e.text()))?;
        call.line(&format!("Saved metric data in csv file {path}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_cut() {
        assert_eq!(micros(18_609), "18.60us");
        assert_eq!(micros(4_517_000), "4,517.00us");
        assert_eq!(percentile(&[1, 2, 3, 4], 500), 2);
        assert_eq!(percentile(&[1, 2, 3, 4], 999), 4);
        assert_eq!(
            percentiles(&[1000], ":"),
            "P50: 1.00us ~ P90: 1.00us ~ P99: 1.00us ~ P99.9: 1.00us"
        );
        assert_eq!(
            percentiles(&[1000], ""),
            "P50 1.00us | P90 1.00us | P99 1.00us | P99.9: 1.00us"
        );
    }
}
