//! Random sequences of requests, mostly sensible ones: streams and buckets, messages, direct gets; `consume.rs` adds
//! consumers. The same seed gives the same sequence.

use std::collections::BTreeMap;

use crate::mangle::mangle;
use crate::origins::Follower;
use crate::random::Random;
use crate::step::{Act, Step};

/// A sequence, from its seed.
pub fn sequence(seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed);
    let length = 8 + random.below(32);
    let mut generator = Generator {
        bucket: random.one_in(2),
        slow: random.one_in(40),
        broken: random.one_in(4),
        odd: random.one_in(3),
        restarts: random.one_in(40),
        restarted: false,
        retention: None,
        random,
        steps: Vec::new(),
        sources: Vec::new(),
        subscriptions: Vec::new(),
        queued: false,
        follows: seed.is_multiple_of(8),
        followers: BTreeMap::new(),
        durables: 0,
    };
    if generator.follows {
        generator.follow(length);
    } else {
        generator.create_stream();
        (0..length).for_each(|_| generator.step());
    }
    generator.steps
}

pub struct Generator {
    pub random: Random,
    /// Works with a bucket; else with streams.
    pub bucket: bool,
    /// May wait for times to run out.
    pub slow: bool,
    /// Breaks bodies of requests.
    broken: bool,
    /// Has odd requests, too.
    pub odd: bool,
    /// Stops and starts the server. Takes nats-server a while.
    restarts: bool,
    pub restarted: bool,
    retention: Option<&'static str>,
    steps: Vec<Step>,
    /// Steps that may have got messages to acknowledge.
    pub sources: Vec<u32>,
    subscriptions: Vec<u32>,
    /// A queue group has a member. With two nobody knows who gets what.
    queued: bool,
    /// Works with mirrors and sources.
    follows: bool,
    pub followers: BTreeMap<&'static str, Follower>,
    /// Consumers made for them so far.
    pub durables: u32,
}

const KEYS: &[&str] = &["a", "b", "c.d", "c.e", "x.y.z"];

impl Generator {
    pub fn push(&mut self, act: Act) -> u32 {
        let id = self.steps.len() as u32 + 1;
        self.steps.push(Step { id, act });
        id
    }

    pub fn request(&mut self, subject: impl Into<String>, payload: impl Into<String>) {
        self.request_with(subject, Vec::new(), payload);
    }

    pub fn request_with(
        &mut self,
        subject: impl Into<String>,
        headers: Vec<(String, String)>,
        payload: impl Into<String>,
    ) -> u32 {
        let (subject, mut payload) = (subject.into(), payload.into());
        // Not where the level is wrong, too: see differences.md.
        let api = subject.starts_with("$JS.API.") && headers.is_empty();
        if self.broken && api && self.random.one_in(3) {
            payload = mangle(&mut self.random, &payload);
        }
        // Sequences beyond the last, or near it: see differences.md.
        if let Some(request) = subject.strip_prefix("$JS.API.STREAM.") {
            let field = match request.split_once('.') {
                Some(("PURGE", _)) => "",
                _ => "\"first_seq\":",
            };
            for large in [
                "18446744073709551615",
                "9223372036854775808",
                "9223372036854775807",
            ] {
                let last = format!("{field}4000000000000");
                payload = payload.replace(&format!("{field}{large}"), &last);
            }
        }
        self.push(Act::Request {
            subject,
            headers,
            payload,
        })
    }

    pub fn stream(&mut self) -> &'static str {
        if self.follows {
            return self.random.pick(&["S", "KV_a", "T", "T", "T", "U", "U"]);
        }
        match (self.bucket, self.random.one_in(12)) {
            (true, false) => "KV_a",
            (false, false) => "S",
            (_, true) => "T",
        }
    }

    pub fn subject(&mut self) -> String {
        let key = self.random.pick(KEYS);
        if self.bucket {
            format!("$KV.a.{key}")
        } else {
            format!("s.{key}")
        }
    }

    pub fn filter(&mut self) -> String {
        let prefix = if self.bucket { "$KV.a" } else { "s" };
        let tail = self.random.pick(&[
            ">", "a", "b", "*", "c.*", "c.>", "c.d", "*.d", "x.>", "nothing",
        ]);
        format!("{prefix}.{tail}")
    }

    /// A small number, mostly within what a sequence stores.
    pub fn small(&mut self) -> u64 {
        self.random.below(12)
    }

    /// A time, mostly that of a step. None near those of messages nobody waited for: see differences.md.
    pub fn past(&mut self) -> String {
        if self.random.one_in(6) || self.retention == Some("interest") {
            return self
                .random
                .pick(&["2020-01-01T00:00:00Z", "2126-01-01T01:00:00+01:00", "bad"])
                .into();
        }
        format!("<time {}>", self.random.below(self.steps.len() as u64) + 1)
    }

    /// Adds each field once in so many times.
    pub fn add(&mut self, fields: &mut Vec<String>, choice: &[(u64, &str)]) {
        for (chance, field) in choice {
            if self.random.one_in(*chance) {
                fields.push((*field).into());
            }
        }
    }

    fn step(&mut self) {
        if self.slow && self.random.one_in(12) {
            // No timer of a sequence ends near a multiple of this.
            let ms = 500 * (1 + self.random.below(3));
            self.push(Act::Wait { ms });
            return;
        }
        if self.restart_is_due() {
            self.push(Act::Restart);
            self.restarted = true;
            return;
        }
        if self.odd && self.random.one_in(3) {
            return self.odd();
        }
        match self.random.below(100) {
            0..38 => self.publish(),
            38..46 => self.direct_get(),
            46..51 => self.message_get(),
            51..55 => self.stream_info(),
            55..57 => self.stream_change(),
            57..61 => self.purge_or_delete(),
            // The answers of nats-server are out of date then: see differences.md.
            61..72 if self.restarted => self.consumer_request(),
            61..72 => self.create_consumer(),
            72..77 => self.consumer_request(),
            77..86 => self.pull(),
            86..94 => self.answer(),
            94..98 => self.subscribe(),
            _ => self.publish(),
        }
    }

    pub fn restart_is_due(&mut self) -> bool {
        self.restarts && !self.slow && self.random.one_in(12)
    }

    fn create_stream(&mut self) {
        let config = self.stream_config();
        let name = if self.bucket { "KV_a" } else { "S" };
        self.request(format!("$JS.API.STREAM.CREATE.{name}"), config);
    }

    pub fn stream_config(&mut self) -> String {
        let slow = self.slow;
        let random = &mut self.random;
        let mut fields = Vec::new();
        let storage = random.pick(&["memory", "file"]);
        if self.bucket {
            let history = 1 + random.below(5) * random.below(2);
            fields.push(format!(
                "\"name\":\"KV_a\",\"subjects\":[\"$KV.a.>\"],\"max_msgs_per_subject\":{history},\"discard\":\"new\",\
                 \"allow_direct\":true,\"allow_rollup_hdrs\":true,\"deny_delete\":true,\"num_replicas\":1,\
                 \"duplicate_window\":125000000000"
            ));
            if random.one_in(3) {
                fields
                    .push("\"allow_msg_ttl\":true,\"subject_delete_marker_ttl\":1000000000".into());
            }
        } else {
            let subjects = match random.below(12) {
                0 => "[\"s.a\",\"s.b\",\"s.c.*\"]",
                1 => "[\"s.>\",\"u.*\"]",
                _ => "[\"s.>\"]",
            };
            fields.push(format!("\"name\":\"S\",\"subjects\":{subjects}"));
            // Chosen once: see differences.md.
            let retention = *self.retention.get_or_insert_with(|| {
                random.pick(&["limits", "limits", "limits", "interest", "workqueue"])
            });
            fields.push(format!("\"retention\":\"{retention}\""));
            // Only at the beginning: see differences.md.
            if self.steps.is_empty() && random.one_in(8) {
                fields.push("\"first_seq\":5".into());
            }
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
            self.add(
                &mut fields,
                &[
                    (2, "\"allow_direct\":true"),
                    (2, "\"allow_rollup_hdrs\":true"),
                    (4, "\"allow_msg_ttl\":true"),
                    (8, "\"max_msg_size\":20"),
                    (8, "\"max_consumers\":2"),
                    (8, "\"deny_delete\":true"),
                    (8, "\"deny_purge\":true"),
                    (12, "\"discard_new_per_subject\":true"),
                    (12, "\"consumer_limits\":{\"max_ack_pending\":3}"),
                    (
                        20,
                        "\"consumer_limits\":{\"inactive_threshold\":7200000000000}",
                    ),
                    (
                        20,
                        "\"subject_transform\":{\"src\":\"s.c.*\",\"dest\":\"s.b\"}",
                    ),
                    (20, "\"no_ack\":true"),
                    (30, "\"subject_delete_marker_ttl\":5000000000"),
                    (30, "\"max_msgs\":-5"),
                    (40, "\"retention\":\"bad\""),
                    (60, "\"subjects\":[\"s.>\",\"s.a\"]"),
                    (60, "\"name\":\"T\""),
                ],
            );
        }
        self.add(
            &mut fields,
            &[
                (12, "\"republish\":{\"src\":\">\",\"dest\":\"rp.>\"}"),
                (
                    20,
                    "\"republish\":{\"src\":\"s.c.*\",\"dest\":\"rp.{{wildcard(1)}}\",\"headers_only\":true}",
                ),
                (12, "\"duplicate_window\":60000000000"),
                (12, "\"compression\":\"s2\""),
                (20, "\"max_age\":3600000000000"),
                (40, "\"max_age\":1000"),
                (40, "\"sealed\":true"),
                (40, "\"num_replicas\":3"),
                (40, "\"mirror_direct\":true"),
                (60, "\"nope\":1"),
                (60, "\"placement\":{\"cluster\":\"c\"}"),
            ],
        );
        if slow {
            self.add(
                &mut fields,
                &[(2, "\"max_age\":1200000000,\"duplicate_window\":650000000")],
            );
        }
        let random = &mut self.random;
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

    pub fn publish(&mut self) {
        let filter = self.filter();
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
        if random.one_in(20) {
            add("Nats-Expected-Last-Subject-Sequence-Subject", filter);
        }
        if random.one_in(80) {
            add(
                random.pick(&[
                    "Nats-Incr",
                    "Nats-Batch-Id",
                    "Nats-Schedule",
                    "Nats-Marker-Reason",
                    "Nats-Msg-Size",
                ]),
                "1".into(),
            );
        }
        let size = random.pick(&["", "v", "value", "a longer value than that", "é\n\u{1}<>"]);
        let subject = match random.below(40) {
            0 => "t.x".to_string(),
            1 => "none.at.all".to_string(),
            2 => "u.x".to_string(),
            _ => self.subject(),
        };
        self.request_with(subject, headers, size);
    }

    pub fn direct_get(&mut self) {
        let stream = self.stream();
        if !self.answers_alone(stream) {
            return self.message_get();
        }
        let (subject, filter, small) = (self.subject(), self.filter(), self.small());
        let (other, past) = (self.filter(), self.past());
        let base = format!("$JS.API.DIRECT.GET.{stream}");
        let batch = 1 + self.small();
        let payload = match self.random.below(14) {
            0..4 => return self.request(format!("{base}.{subject}"), ""),
            4 => format!("{{\"seq\":{small}}}"),
            5 => format!("{{\"last_by_subj\":\"{filter}\"}}"),
            6 => format!("{{\"seq\":{small},\"next_by_subj\":\"{filter}\"}}"),
            7 => {
                let more = self.random.pick(&["", "", ",\"max_bytes\":80", ",\"no_hdr\":true"]);
                format!("{{\"batch\":{batch},\"seq\":{small},\"next_by_subj\":\"{filter}\"{more}}}")
            }
            8 => {
                let more = self.random.pick(&["", ",\"batch\":2", ",\"up_to_seq\":5", ",\"max_bytes\":80"]);
                format!("{{\"multi_last\":[\"{filter}\"]{more}}}")
            }
            9 => format!("{{\"multi_last\":[\"{filter}\",\"{other}\"],\"batch\":{batch},\"up_to_time\":\"{past}\"}}"),
            10 => format!("{{\"start_time\":\"{past}\"}}"),
            11 => format!("{{\"start_time\":\"{past}\",\"next_by_subj\":\"{filter}\"}}"),
            12 => format!("{{\"start_time\":\"{past}\",\"batch\":{batch}}}"),
            _ => self
                .random
                .pick(&[
                    "",
                    "{}",
                    "x",
                    "{\"seq\":0}",
                    "{\"seq\":1,\"batch\":-1}",
                    "{\"seq\":1,\"no_hdr\":true}",
                    "{\"seq\":1,\"nope\":1}",
                    "{\"batch\":2}",
                    "{\"multi_last\":[]}",
                    "{\"multi_last\":[\">\"],\"seq\":2}",
                    "{\"multi_last\":[\">\"],\"up_to_seq\":3,\"up_to_time\":\"2020-01-01T00:00:00Z\"}",
                    "{\"seq\":1,\"last_by_subj\":\"s.a\"}",
                    "{\"seq\":1,\"start_time\":\"2020-01-01T00:00:00Z\"}",
                ])
                .into(),
        };
        self.request(base, payload);
    }

    pub fn message_get(&mut self) {
        let stream = self.stream();
        let (filter, small, past) = (self.filter(), self.small(), self.past());
        let payload = match self.random.below(7) {
            0 => format!("{{\"seq\":{small}}}"),
            1 => format!("{{\"last_by_subj\":\"{filter}\"}}"),
            2 => format!("{{\"seq\":{small},\"next_by_subj\":\"{filter}\"}}"),
            3 => format!("{{\"next_by_subj\":\"{filter}\"}}"),
            4 => format!("{{\"start_time\":\"{past}\",\"next_by_subj\":\"{filter}\"}}"),
            5 => format!("{{\"start_time\":\"{past}\"}}"),
            _ => self
                .random
                .pick(&[
                    "",
                    "{}",
                    "x",
                    "{\"seq\":\"1\"}",
                    "{\"nope\":1}",
                    "{\"seq\":1,\"no_hdr\":true}",
                    "{\"seq\":1,\"batch\":2}",
                    "{\"multi_last\":[\">\"]}",
                    "{\"seq\":1,\"last_by_subj\":\"s.a\"}",
                ])
                .into(),
        };
        self.request(format!("$JS.API.STREAM.MSG.GET.{stream}"), payload);
    }

    pub fn stream_info(&mut self) {
        let stream = self.stream();
        let filter = self.filter();
        let payload = match self.random.below(10) {
            0..4 => String::new(),
            4 => {
                let page = self
                    .random
                    .pick(&["", "", ",\"offset\":1", ",\"offset\":9"]);
                format!("{{\"subjects_filter\":\"{filter}\"{page}}}")
            }
            5 => "{\"deleted_details\":true}".into(),
            6 => self
                .random
                .pick(&[
                    "{\"subjects_filter\":\">\",\"deleted_details\":true}",
                    "{}",
                    "x",
                ])
                .into(),
            7..9 => {
                let request = self.random.pick(&["NAMES", "LIST"]);
                let page =
                    self.random
                        .pick(&["", "", "{\"offset\":1}", "{\"subject\":\"t.x\"}", "x"]);
                let payload = match self.random.one_in(3) {
                    true => format!("{{\"subject\":\"{filter}\"}}"),
                    false => page.into(),
                };
                return self.request(format!("$JS.API.STREAM.{request}"), payload);
            }
            _ => {
                let request = self.random.pick(&[
                    "INFO",
                    "INFO",
                    "NONE",
                    "STREAM.NONE.S",
                    "STREAM.INFO.S.x",
                    "STREAM.INFO.S",
                    "STREAM.NAMES",
                    "CONSUMER.INFO.S.c1",
                    "CONSUMER.RESET.S.c2",
                    "CONSUMER.MSG.NEXT.S.c1",
                    "DIRECT.GET.S.s.a",
                ]);
                let mut headers = Vec::new();
                if self.random.one_in(2) {
                    let level = self.random.pick(&["1", "9", "x", ""]);
                    headers.push(("Nats-Required-Api-Level".into(), level.into()));
                }
                self.request_with(format!("$JS.API.{request}"), headers, "");
                return;
            }
        };
        self.request(format!("$JS.API.STREAM.INFO.{stream}"), payload);
    }

    pub fn purge_or_delete(&mut self) {
        let stream = self.stream();
        let (filter, small) = (self.filter(), self.small());
        let payload = match self.random.below(7) {
            0 => String::new(),
            1 => format!("{{\"filter\":\"{filter}\"}}"),
            2 => {
                let more = self.random.pick(&["", ",\"keep\":1"]);
                format!("{{\"seq\":{small}{more}}}")
            }
            3 => format!("{{\"filter\":\"{filter}\",\"keep\":{}}}", small % 3),
            4 => match small % 4 {
                0 => format!("{{\"keep\":{}}}", self.small()),
                1 => self
                    .random
                    .pick(&["x", "{}", "{\"nope\":1}", "{\"keep\":-1}"])
                    .into(),
                _ => format!("{{\"filter\":\"{filter}\",\"seq\":{small}}}"),
            },
            _ => {
                let more = self.random.pick(&["", "", ",\"no_erase\":true"]);
                let payload = format!("{{\"seq\":{small}{more}}}");
                return self.request(format!("$JS.API.STREAM.MSG.DELETE.{stream}"), payload);
            }
        };
        self.request(format!("$JS.API.STREAM.PURGE.{stream}"), payload);
    }

    fn subscribe(&mut self) {
        if self.random.one_in(3) && !self.subscriptions.is_empty() {
            let at = self.random.below(self.subscriptions.len() as u64) as usize;
            let of = self.subscriptions.remove(at);
            let max = self.random.one_in(4).then(|| 1 + self.random.below(3));
            self.push(Act::Unsubscribe { of, max });
            return;
        }
        let subject = match self.random.below(5) {
            0 => self.random.pick(&[
                "$JS.EVENT.ADVISORY.CONSUMER.>",
                "$JS.EVENT.ADVISORY.STREAM.>",
                "$JS.EVENT.METRIC.>",
                "d.*",
            ]),
            1 => self.random.pick(&["rp.>", "s.>", "$KV.a.>", "*.a"]),
            _ => self.random.pick(&["d.1", "d.2", "d.3"]),
        };
        let queue = (!self.queued && self.random.one_in(5)).then(|| "g".to_string());
        self.queued |= queue.is_some();
        let id = self.push(Act::Subscribe {
            subject: subject.into(),
            queue,
        });
        self.subscriptions.push(id);
        self.sources.push(id);
    }
}
