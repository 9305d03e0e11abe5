//! One client of a benchmark at work.

use super::*;

/// One client at work.
pub(super) struct Worker {
    pub(super) call: Call,
    pub(super) client: Client,
    pub(super) bars: Rc<RefCell<Bars>>,
    pub(super) index: usize,
    pub(super) count: i64,
    pub(super) offset: i64,
    pub(super) size: i64,
}

impl Worker {
    pub(super) fn state(&self, state: &'static str) {
        let mut bars = self.bars.borrow_mut();
        bars.state[self.index] = state;
        bars.draw(true);
    }

    pub(super) fn step(&self) {
        let mut bars = self.bars.borrow_mut();
        bars.done[self.index] += 1;
        bars.draw(false);
    }

    pub(super) fn now(&self) -> i64 {
        self.call.now().0
    }

    /// Keeps to `--sleep` and `--throughput`, and lets the rest of a page breathe.
    pub(super) async fn pace(&self, number: i64, started: i64) {
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

    /// What is sent: no more than a server takes, since the memory of a page is small.
    pub(super) fn body(&self) -> Result<Vec<u8>, Error> {
        match usize::try_from(self.size) {
            Ok(size) if size <= 1 << 20 => Ok(vec![0; size]),
            _ => Err(Error::MaxPayload),
        }
    }

    pub(super) fn subject(&self, number: i64) -> String {
        let values = &self.call.values;
        let subject = values.arg("subject");
        if !values.is("multisubject") {
            return subject.into();
        }
        let (number, most) = (number + self.offset, values.int("multisubjectmax"));
        let Some(last) = number.checked_rem(most) else {
            return format!("{subject}.{number}");
        };
        let last = match values.is("multisubjectrandomize") {
            true => (self.call.session.runtime.random() % most.unsigned_abs()) as i64,
            false => last,
        };
        let width = most.to_string().len();
        format!("{subject}.{last:0width$}")
    }

    /// What has been done since `started`, which ends now.
    fn sample(&self, started: i64, latencies: Vec<i64>) -> Sample {
        Sample {
            messages: self.count,
            started,
            ended: self.now(),
            latencies,
        }
    }

    pub(super) async fn publish(self) -> Result<Sample, Failure> {
        let published = self.publish_all().await;
        published.map_err(|e| e.context("publishing"))
    }

    async fn publish_all(self) -> Result<Sample, Failure> {
        let refused = |error: Error| Failure::from(error).context("publishing");
        let [state, end] = Kind::Publish.states();
        self.state(state);
        let headers = crate::cli::commands::message::headers(
            &self.call.values.list("header"),
            &crate::cli::commands::message::Made::new(&self.call, 1),
        )?;
        let body = match self.call.values.text("payload") {
            "" => self.body().map_err(refused)?,
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
            let sent = self.client.publish_with(&subject, None, &headers, &body);
            sent.map_err(refused)?;
            latencies.push(self.now() - before);
            self.step();
            self.pace(number, started).await;
        }
        self.client.flush().await?;
        let sample = self.sample(started, latencies);
        self.state(end);
        Ok(sample)
    }

    pub(super) async fn subscribe(self) -> Result<Sample, Failure> {
        let [state, end] = Kind::Subscribe.states();
        let subject = pattern(&self.call.values);
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
        let sample = self.sample(started, Vec::new());
        self.state(end);
        Ok(sample)
    }

    pub(super) async fn bucket(&self, words: &str) -> Result<Bucket, Failure> {
        let name = self.call.values.text("bucket");
        let jetstream = self
            .call
            .jetstream_of(self.client.clone(), Library::JetStream)?;
        let found = jetstream.key_value(name).await;
        found.map_err(|e| Failure::from(e).context(&format!("{words} kv bucket '{name}'")))
    }

    pub(super) fn key(&self, number: i64) -> String {
        match self.call.values.int("randomize") {
            0 => (self.offset + number).to_string(),
            most => (self.call.session.runtime.random() % most.max(1) as u64).to_string(),
        }
    }

    pub(super) async fn put(self) -> Result<Sample, Failure> {
        let [state, _] = Kind::Put.states();
        let bucket = self
            .bucket("getting the")
            .await
            .map_err(|e| e.context("putting"))?;
        self.state(state);
        let refused = |error: Error| Failure::from(error).context("putting").context("putting");
        let body = self.body().map_err(refused)?;
        let started = self.now();
        let mut latencies = Vec::new();
        for number in 0..self.count {
            let key = self.key(number);
            let before = self.now();
            let put = bucket.put(&key, &body).await;
            put.map_err(refused)?;
            latencies.push(self.now() - before);
            self.step();
            self.pace(number, started).await;
        }
        let sample = self.sample(started, latencies);
        self.bars.borrow_mut().draw(true);
        Ok(sample)
    }

    pub(super) async fn get(self) -> Result<Sample, Failure> {
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
        let sample = self.sample(started, latencies);
        self.state(end);
        Ok(sample)
    }
}
