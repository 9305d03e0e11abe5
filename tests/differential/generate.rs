//! Random sequences of requests, mostly sensible ones: streams and buckets, messages, direct gets, consumers, pulls and
//! acks. The same seed gives the same sequence.

use nats_kv_playground::wire::subject;

use crate::step::{Act, Step};

/// xorshift64*: small, seeded, good enough.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        (0..8).for_each(|_| {
            random.next();
        });
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// 0 to `n` - 1.
    pub fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    /// True once in `n` times.
    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
}

/// A sequence, from its seed.
pub fn sequence(seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed);
    let length = 8 + random.below(32);
    let mut generator = Generator {
        bucket: random.one_in(2),
        slow: random.one_in(40),
        retention: None,
        random,
        steps: Vec::new(),
        sources: Vec::new(),
        subscriptions: Vec::new(),
    };
    generator.create_stream();
    (0..length).for_each(|_| generator.step());
    generator.steps
}

struct Generator {
    random: Random,
    /// Works with a bucket; else with streams.
    bucket: bool,
    /// May wait for times to run out.
    slow: bool,
    retention: Option<&'static str>,
    steps: Vec<Step>,
    /// Steps that may have got messages to acknowledge.
    sources: Vec<u32>,
    subscriptions: Vec<u32>,
}

const KEYS: &[&str] = &["a", "b", "c.d", "c.e", "x.y.z"];
const CONSUMERS: &[&str] = &["c1", "c2", "c3"];

impl Generator {
    fn push(&mut self, act: Act) -> u32 {
        let id = self.steps.len() as u32 + 1;
        self.steps.push(Step { id, act });
        id
    }

    fn request(&mut self, subject: impl Into<String>, payload: impl Into<String>) {
        self.request_with(subject, Vec::new(), payload);
    }

    fn request_with(
        &mut self,
        subject: impl Into<String>,
        headers: Vec<(String, String)>,
        payload: impl Into<String>,
    ) -> u32 {
        self.push(Act::Request {
            subject: subject.into(),
            headers,
            payload: payload.into(),
        })
    }

    fn stream(&mut self) -> &'static str {
        match (self.bucket, self.random.one_in(12)) {
            (true, false) => "KV_a",
            (false, false) => "S",
            (_, true) => "T",
        }
    }

    fn subject(&mut self) -> String {
        let key = self.random.pick(KEYS);
        if self.bucket {
            format!("$KV.a.{key}")
        } else {
            format!("s.{key}")
        }
    }

    fn filter(&mut self) -> String {
        let prefix = if self.bucket { "$KV.a" } else { "s" };
        let tail = self.random.pick(&[
            ">", "a", "b", "*", "c.*", "c.>", "c.d", "*.d", "x.>", "nothing",
        ]);
        format!("{prefix}.{tail}")
    }

    /// A small number, mostly within what a sequence stores.
    fn small(&mut self) -> u64 {
        self.random.below(12)
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..38 => self.publish(),
            38..46 => self.direct_get(),
            46..51 => self.message_get(),
            51..55 => self.stream_info(),
            55..57 => self.stream_change(),
            57..61 => self.purge_or_delete(),
            61..72 => self.create_consumer(),
            72..77 => self.consumer_request(),
            77..86 => self.pull(),
            86..94 => self.answer(),
            94..98 => self.subscribe(),
            _ if self.slow => {
                let ms = 300 + 200 * self.random.below(5);
                self.push(Act::Wait { ms });
            }
            _ => self.publish(),
        }
    }

    fn create_stream(&mut self) {
        let config = self.stream_config();
        let name = if self.bucket { "KV_a" } else { "S" };
        self.request(format!("$JS.API.STREAM.CREATE.{name}"), config);
    }

    fn stream_config(&mut self) -> String {
        let random = &mut self.random;
        let mut fields = Vec::new();
        let storage = random.pick(&["memory", "file"]);
        if self.bucket {
            let history = 1 + random.below(5) * random.below(2);
            fields.push(format!(
                "\"name\":\"KV_a\",\"subjects\":[\"$KV.a.>\"],\"max_msgs_per_subject\":{history},\"discard\":\"new\",\
                 \"allow_direct\":true,\"allow_rollup_hdrs\":true,\"deny_delete\":true,\"num_replicas\":1,\
                 \"duplicate_window\":120000000000"
            ));
            if random.one_in(3) {
                fields
                    .push("\"allow_msg_ttl\":true,\"subject_delete_marker_ttl\":1000000000".into());
            }
        } else {
            fields.push("\"name\":\"S\",\"subjects\":[\"s.>\"]".into());
            // Chosen once: see differences.md.
            let retention = *self.retention.get_or_insert_with(|| {
                random.pick(&["limits", "limits", "limits", "interest", "workqueue"])
            });
            fields.push(format!("\"retention\":\"{retention}\""));
            if random.one_in(2) {
                fields.push(format!("\"max_msgs\":{}", 1 + random.below(8)));
            }
            if random.one_in(3) {
                fields.push(format!("\"max_msgs_per_subject\":{}", 1 + random.below(3)));
            }
            if random.one_in(3) {
                let discard = random.pick(&["old", "new"]);
                fields.push(format!("\"discard\":\"{discard}\""));
            }
            for (chance, field) in [
                (2, "\"allow_direct\":true"),
                (2, "\"allow_rollup_hdrs\":true"),
                (4, "\"allow_msg_ttl\":true"),
                (8, "\"max_msg_size\":20"),
                (8, "\"max_consumers\":2"),
                (8, "\"first_seq\":5"),
                (8, "\"deny_delete\":true"),
                (8, "\"deny_purge\":true"),
                (12, "\"discard_new_per_subject\":true"),
                (12, "\"consumer_limits\":{\"max_ack_pending\":3}"),
            ] {
                if random.one_in(chance) {
                    fields.push(field.into());
                }
            }
        }
        if random.one_in(8) {
            fields.push(format!("\"max_bytes\":{}", 150 + random.below(400)));
        }
        if random.one_in(12) {
            fields.push("\"description\":\"<d> & é\",\"metadata\":{\"k\":\"v\"}".into());
        }
        fields.push(format!("\"storage\":\"{storage}\""));
        format!("{{{}}}", fields.join(","))
    }

    fn stream_change(&mut self) {
        let config = self.stream_config();
        let name = if self.bucket { "KV_a" } else { "S" };
        match self.random.below(6) {
            0..3 => self.request(format!("$JS.API.STREAM.UPDATE.{name}"), config),
            3 => self.create_stream(),
            4 => {
                let payload = self.random.pick(&["", "{}", "x"]);
                self.request(format!("$JS.API.STREAM.DELETE.{name}"), payload);
            }
            _ => {
                let other = "{\"name\":\"T\",\"subjects\":[\"t.*\"],\"max_msgs_per_subject\":1}";
                self.request("$JS.API.STREAM.CREATE.T", other);
            }
        }
    }

    fn publish(&mut self) {
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut add = |key: &str, value: String| headers.push((key.into(), value));
        let random = &mut self.random;
        if random.one_in(8) {
            add("KV-Operation", random.pick(&["DEL", "PURGE"]).into());
        }
        if random.one_in(8) {
            add(
                "Nats-Rollup",
                random.pick(&["sub", "sub", "all", "x"]).into(),
            );
        }
        if random.one_in(6) {
            add(
                "Nats-Expected-Last-Subject-Sequence",
                random.below(8).to_string(),
            );
        }
        if random.one_in(20) {
            add("Nats-Expected-Last-Sequence", random.below(10).to_string());
        }
        if random.one_in(20) {
            add("Nats-Msg-Id", random.pick(&["m1", "m2"]).into());
        }
        if random.one_in(30) {
            add(
                "Nats-Expected-Stream",
                random.pick(&["S", "KV_a", "T"]).into(),
            );
        }
        if random.one_in(30) {
            add(
                "Nats-Expected-Last-Msg-Id",
                random.pick(&["m1", "m2"]).into(),
            );
        }
        if random.one_in(12) {
            add(
                "Nats-TTL",
                random
                    .pick(&["1h", "3600", "never", "1s", "0", "x", "-1"])
                    .into(),
            );
        }
        if random.one_in(12) {
            add("Other", "x: y".into());
        }
        let size = random.pick(&["", "v", "value", "a longer value than that", "é\n\u{1}<>"]);
        let subject = match random.below(40) {
            0 => "t.x".to_string(),
            1 => "none.at.all".to_string(),
            _ => self.subject(),
        };
        self.request_with(subject, headers, size);
    }

    fn direct_get(&mut self) {
        let stream = self.stream();
        let (subject, filter, small) = (self.subject(), self.filter(), self.small());
        let base = format!("$JS.API.DIRECT.GET.{stream}");
        match self.random.below(10) {
            0..4 => self.request(format!("{base}.{subject}"), ""),
            4 => self.request(base, format!("{{\"seq\":{small}}}")),
            5 => self.request(base, format!("{{\"last_by_subj\":\"{filter}\"}}")),
            6 => self.request(
                base,
                format!("{{\"seq\":{small},\"next_by_subj\":\"{filter}\"}}"),
            ),
            7 => {
                let batch = 1 + self.small();
                let request =
                    format!("{{\"batch\":{batch},\"seq\":{small},\"next_by_subj\":\"{filter}\"}}");
                self.request(base, request);
            }
            8 => {
                let more = self.random.pick(&["", ",\"batch\":2", ",\"up_to_seq\":5"]);
                self.request(base, format!("{{\"multi_last\":[\"{filter}\"]{more}}}"));
            }
            _ => {
                let odd =
                    self.random
                        .pick(&["", "{}", "x", "{\"seq\":0}", "{\"seq\":1,\"batch\":-1}"]);
                self.request(base, odd);
            }
        }
    }

    fn message_get(&mut self) {
        let stream = self.stream();
        let (filter, small) = (self.filter(), self.small());
        let payload = match self.random.below(5) {
            0 => format!("{{\"seq\":{small}}}"),
            1 => format!("{{\"last_by_subj\":\"{filter}\"}}"),
            2 => format!("{{\"seq\":{small},\"next_by_subj\":\"{filter}\"}}"),
            3 => format!("{{\"next_by_subj\":\"{filter}\"}}"),
            _ => self
                .random
                .pick(&["", "{}", "x", "{\"seq\":\"1\"}", "{\"nope\":1}"])
                .into(),
        };
        self.request(format!("$JS.API.STREAM.MSG.GET.{stream}"), payload);
    }

    fn stream_info(&mut self) {
        let stream = self.stream();
        let filter = self.filter();
        match self.random.below(8) {
            0..4 => self.request(format!("$JS.API.STREAM.INFO.{stream}"), ""),
            4 => {
                let payload = format!("{{\"subjects_filter\":\"{filter}\"}}");
                self.request(format!("$JS.API.STREAM.INFO.{stream}"), payload);
            }
            5 => {
                let payload = "{\"deleted_details\":true}";
                self.request(format!("$JS.API.STREAM.INFO.{stream}"), payload);
            }
            6 => self.request("$JS.API.STREAM.NAMES", ""),
            _ => self.request("$JS.API.STREAM.LIST", ""),
        }
    }

    fn purge_or_delete(&mut self) {
        let stream = self.stream();
        let (filter, small) = (self.filter(), self.small());
        match self.random.below(6) {
            0 => self.request(format!("$JS.API.STREAM.PURGE.{stream}"), ""),
            1 => {
                let payload = format!("{{\"filter\":\"{filter}\"}}");
                self.request(format!("$JS.API.STREAM.PURGE.{stream}"), payload);
            }
            2 => {
                let more = self.random.pick(&["", ",\"keep\":1"]);
                let payload = format!("{{\"seq\":{small}{more}}}");
                self.request(format!("$JS.API.STREAM.PURGE.{stream}"), payload);
            }
            3 => {
                let payload = format!("{{\"filter\":\"{filter}\",\"keep\":{}}}", small % 3);
                self.request(format!("$JS.API.STREAM.PURGE.{stream}"), payload);
            }
            _ => {
                let payload = format!("{{\"seq\":{small}}}");
                self.request(format!("$JS.API.STREAM.MSG.DELETE.{stream}"), payload);
            }
        }
    }

    fn create_consumer(&mut self) {
        let stream = self.stream();
        let name = self.random.pick(CONSUMERS);
        let filter = self.filter();
        let (other, small) = (self.filter(), self.small());
        let random = &mut self.random;
        let mut fields = Vec::new();
        let push = random.one_in(3);
        let durable = random.one_in(3);
        if durable {
            fields.push(format!("\"durable_name\":\"{name}\""));
        } else {
            fields.push(format!("\"name\":\"{name}\""));
        }
        let policy = random.pick(&[
            "all",
            "all",
            "last",
            "new",
            "last_per_subject",
            "by_start_sequence",
        ]);
        fields.push(format!("\"deliver_policy\":\"{policy}\""));
        if policy == "by_start_sequence" {
            fields.push(format!("\"opt_start_seq\":{small}"));
        }
        let ack = random.pick(&["none", "explicit", "explicit", "all"]);
        fields.push(format!("\"ack_policy\":\"{ack}\""));
        // c1 never has a filter, the others always do: see differences.md.
        let filtered = name != "c1";
        let one_filter =
            policy == "last_per_subject" || random.one_in(2) || overlap_in_part(&filter, &other);
        if filtered && one_filter {
            fields.push(format!("\"filter_subject\":\"{filter}\""));
        } else if filtered {
            fields.push(format!("\"filter_subjects\":[\"{filter}\",\"{other}\"]"));
        }
        if push {
            // One subject for one consumer: between consumers there is no order.
            let target = if stream == "T" {
                "d.t"
            } else {
                &name.replace('c', "d.")
            };
            fields.push(format!("\"deliver_subject\":\"{target}\""));
            if random.one_in(5) {
                fields.push("\"deliver_group\":\"g\"".into());
            }
            if random.one_in(4) {
                fields.push("\"flow_control\":true,\"idle_heartbeat\":60000000000".into());
            }
        } else {
            for (chance, field) in [
                (10, "\"max_batch\":2"),
                (10, "\"max_waiting\":1"),
                (10, "\"max_bytes\":100"),
            ] {
                if random.one_in(chance) {
                    fields.push(field.into());
                }
            }
        }
        fields.push("\"inactive_threshold\":3600000000000".into());
        for (chance, field) in [
            (4, "\"headers_only\":true"),
            (5, "\"max_ack_pending\":2"),
            (6, "\"max_deliver\":2"),
            (10, "\"mem_storage\":true"),
            (15, "\"sample_freq\":\"100\""),
            (15, "\"description\":\"d\",\"metadata\":{\"a\":\"b\"}"),
            (15, "\"replay_policy\":\"instant\""),
            (20, "\"backoff\":[60000000000,120000000000]"),
            (30, "\"ack_wait\":-1"),
            (30, "\"max_deliver\":-5"),
            (30, "\"nope\":1"),
            (30, "\"deliver_policy\":\"bad\""),
        ] {
            if random.one_in(chance) {
                fields.push(field.into());
            }
        }
        let subject = match random.below(6) {
            0 => format!("$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{name}"),
            1 if one_filter => format!("$JS.API.CONSUMER.CREATE.{stream}.{name}.{filter}"),
            2 => format!("$JS.API.CONSUMER.CREATE.{stream}"),
            _ => format!("$JS.API.CONSUMER.CREATE.{stream}.{name}"),
        };
        let action = random.pick(&[
            "",
            "",
            "",
            ",\"action\":\"create\"",
            ",\"action\":\"update\"",
        ]);
        let pedantic = if random.one_in(20) {
            ",\"pedantic\":true"
        } else {
            ""
        };
        let config = fields.join(",");
        let payload =
            format!("{{\"stream_name\":\"{stream}\",\"config\":{{{config}}}{action}{pedantic}}}");
        self.request(subject, payload);
    }

    fn consumer_request(&mut self) {
        let stream = self.stream();
        let name = self.random.pick(CONSUMERS);
        let small = self.small();
        match self.random.below(12) {
            0..5 => self.request(format!("$JS.API.CONSUMER.INFO.{stream}.{name}"), ""),
            5 => self.request(format!("$JS.API.CONSUMER.NAMES.{stream}"), ""),
            6 => self.request(format!("$JS.API.CONSUMER.LIST.{stream}"), ""),
            7..9 => self.request(format!("$JS.API.CONSUMER.DELETE.{stream}.{name}"), ""),
            9 => {
                let payload = self.random.pick(&[
                    "",
                    "{}",
                    "{\"pause_until\":\"2020-01-01T00:00:00Z\"}",
                    "{\"pause_until\":\"2126-01-01T00:00:00Z\"}",
                    "{\"pause_until\":\"bad\"}",
                ]);
                self.request(format!("$JS.API.CONSUMER.PAUSE.{stream}.{name}"), payload);
            }
            _ => {
                let payload = match small % 3 {
                    0 => String::new(),
                    _ => format!("{{\"seq\":{small}}}"),
                };
                self.request(format!("$JS.API.CONSUMER.RESET.{stream}.{name}"), payload);
            }
        }
    }

    fn pull(&mut self) {
        let stream = self.stream();
        let name = self.random.pick(CONSUMERS);
        let batch = 1 + self.random.below(4);
        let payload = match self.random.below(12) {
            0 => String::new(),
            1..3 => batch.to_string(),
            3..7 => format!("{{\"batch\":{batch},\"no_wait\":true}}"),
            7..9 => format!("{{\"batch\":{batch},\"expires\":60000000000}}"),
            9 => format!("{{\"batch\":{batch},\"expires\":60000000000,\"max_bytes\":120}}"),
            10 if self.slow => format!("{{\"batch\":{batch},\"expires\":200000000}}"),
            _ => self
                .random
                .pick(&[
                    "{\"batch\":0,\"no_wait\":true}",
                    "{\"x",
                    "hello",
                    "{\"priority\":10}",
                ])
                .into(),
        };
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}");
        let id = self.request_with(subject, Vec::new(), payload);
        self.sources.push(id);
    }

    fn answer(&mut self) {
        let Some(last) = self.sources.len().checked_sub(1) else {
            return self.pull();
        };
        let back = self.random.below(4).min(last as u64) as usize;
        let of = self.sources[last - back];
        let nth = self.random.below(3) as usize;
        let payload = match self.random.below(12) {
            0..5 => "+ACK",
            5 => "",
            6..8 => "-NAK",
            8 => "-NAK {\"delay\":60000000000}",
            9 => "+WPI",
            10 => "+TERM because",
            _ => "+NXT 1",
        };
        let id = self.push(Act::Answer {
            of,
            nth,
            payload: payload.into(),
        });
        if payload == "+NXT 1" {
            self.sources.push(id);
        }
    }

    fn subscribe(&mut self) {
        if self.random.one_in(3) && !self.subscriptions.is_empty() {
            let at = self.random.below(self.subscriptions.len() as u64) as usize;
            let of = self.subscriptions.remove(at);
            self.push(Act::Unsubscribe { of });
            return;
        }
        let subject = match self.random.below(4) {
            0 => self
                .random
                .pick(&["$JS.EVENT.ADVISORY.CONSUMER.>", "$JS.EVENT.METRIC.>", "d.*"]),
            _ => self.random.pick(&["d.1", "d.2", "d.3"]),
        };
        let queue = self.random.one_in(5).then(|| "g".to_string());
        let id = self.push(Act::Subscribe {
            subject: subject.into(),
            queue,
        });
        self.subscriptions.push(id);
        self.sources.push(id);
    }
}

/// Neither filter holds the other, but some subjects are in both: see `differences.md`.
fn overlap_in_part(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    subject::overlap(a, b) && !subject::is_subset(a, b) && !subject::is_subset(b, a)
}
