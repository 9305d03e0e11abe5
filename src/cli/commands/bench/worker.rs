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

    pub(super) fn body(&self) -> Vec<u8> {
        vec![0; self.size.max(0) as usize]
    }

    pub(super) fn subject(&self, number: i64) -> String {
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
        let [state, end] = Kind::Publish.states();
        self.state(state);
        let headers = crate::cli::commands::message::headers(
            &self.call.values.list("header"),
            &crate::cli::commands::message::Made::new(&self.call, 1),
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
        let sample = self.sample(started, latencies);
        self.state(end);
        Ok(sample)
    }

    pub(super) async fn subscribe(self) -> Result<Sample, Failure> {
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
