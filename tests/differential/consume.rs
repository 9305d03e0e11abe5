//! Random requests of consumers: created in every way that a client has, asked about, pulled from and answered.

use nats_kv_playground::wire::subject;

use crate::generate::Generator;
use crate::step::Act;

const CONSUMERS: &[&str] = &["c1", "c2", "c3"];

impl Generator {
    pub fn create_consumer(&mut self) {
        let stream = self.stream();
        let name = self.random.pick(CONSUMERS);
        let filter = self.filter();
        let (other, small, past) = (self.filter(), self.small(), self.past());
        let slow = self.slow;
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
            "by_start_time",
        ]);
        fields.push(format!("\"deliver_policy\":\"{policy}\""));
        if policy == "by_start_sequence" {
            fields.push(format!("\"opt_start_seq\":{small}"));
        } else if policy == "by_start_time" {
            fields.push(format!("\"opt_start_time\":\"{past}\""));
        }
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
        }
        if push && random.one_in(6) {
            // As clients make ordered ones.
            fields.push(
                "\"ack_policy\":\"none\",\"max_deliver\":1,\"ack_wait\":79200000000000,\"flow_control\":true,\
                 \"idle_heartbeat\":60000000000,\"num_replicas\":1,\"mem_storage\":true"
                    .into(),
            );
        } else {
            let ack = random.pick(&["none", "explicit", "explicit", "all"]);
            fields.push(format!("\"ack_policy\":\"{ack}\""));
            let special: &[(u64, &str)] = if push {
                &[
                    (5, "\"deliver_group\":\"g\""),
                    (4, "\"flow_control\":true,\"idle_heartbeat\":60000000000"),
                    (10, "\"idle_heartbeat\":60000000000"),
                    (20, "\"rate_limit_bps\":1000000000"),
                    (40, "\"flow_control\":true"),
                    (40, "\"idle_heartbeat\":1000"),
                    (40, "\"max_waiting\":2"),
                ]
            } else {
                &[
                    (10, "\"max_batch\":2"),
                    (10, "\"max_waiting\":1"),
                    (10, "\"max_bytes\":100"),
                    (10, "\"max_expires\":30000000000"),
                    (40, "\"deliver_group\":\"g\""),
                    (40, "\"idle_heartbeat\":60000000000"),
                ]
            };
            self.add(&mut fields, special);
        }
        // Pull consumers live a random time longer.
        let threshold = if push && slow && self.random.one_in(3) {
            750_000_000u64
        } else {
            3_600_000_000_000
        };
        fields.push(format!("\"inactive_threshold\":{threshold}"));
        self.add(
            &mut fields,
            &[
                (4, "\"headers_only\":true"),
                (5, "\"max_ack_pending\":2"),
                (6, "\"max_deliver\":2"),
                (10, "\"mem_storage\":true"),
                (15, "\"sample_freq\":\"100\""),
                (15, "\"description\":\"d\",\"metadata\":{\"a\":\"b\"}"),
                (15, "\"replay_policy\":\"instant\""),
                (20, "\"backoff\":[60000000000,120000000000]"),
                (30, "\"pause_until\":\"2126-01-01T00:00:00Z\""),
                (30, "\"num_replicas\":1"),
                (30, "\"ack_wait\":-1"),
                (30, "\"max_deliver\":-5"),
                (30, "\"nope\":1"),
                (30, "\"deliver_policy\":\"bad\""),
                (40, "\"num_replicas\":3"),
                (40, "\"max_ack_pending\":-1"),
                (40, "\"opt_start_seq\":2"),
                (40, "\"filter_subject\":\"other.>\""),
                (40, "\"name\":\"a.b\""),
                (60, "\"filter_subjects\":[\"\"]"),
                (60, "\"metadata\":{\"_nats.x\":\"b\"}"),
            ],
        );
        if slow {
            self.add(
                &mut fields,
                &[
                    (2, "\"ack_wait\":650000000"),
                    (4, "\"backoff\":[350000000,900000000],\"max_deliver\":3"),
                ],
            );
        }
        let subject = match self.random.below(6) {
            0 => format!("$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{name}"),
            1 if one_filter => format!("$JS.API.CONSUMER.CREATE.{stream}.{name}.{filter}"),
            2 => format!("$JS.API.CONSUMER.CREATE.{stream}"),
            _ => format!("$JS.API.CONSUMER.CREATE.{stream}.{name}"),
        };
        let action = self.random.pick(&[
            "",
            "",
            "",
            ",\"action\":\"create\"",
            ",\"action\":\"update\"",
        ]);
        let pedantic = if self.random.one_in(20) {
            ",\"pedantic\":true"
        } else {
            ""
        };
        let config = fields.join(",");
        let payload =
            format!("{{\"stream_name\":\"{stream}\",\"config\":{{{config}}}{action}{pedantic}}}");
        self.request(subject, payload);
    }

    pub fn consumer_request(&mut self) {
        let stream = self.stream();
        let name = self.random.pick(CONSUMERS);
        let small = self.small();
        let (request, payload) = match self.random.below(14) {
            0..5 => ("INFO", String::new()),
            5 | 6 => {
                let page =
                    self.random
                        .pick(&["", "", "{}", "{\"offset\":1}", "{\"offset\":9}", "{\"x"]);
                let request = self.random.pick(&["NAMES", "LIST"]);
                self.request(format!("$JS.API.CONSUMER.{request}.{stream}"), page);
                return;
            }
            7..9 => ("DELETE", String::new()),
            9 => {
                let until = self.random.pick(&[
                    "",
                    "{}",
                    "{\"pause_until\":\"2020-01-01T00:00:00Z\"}",
                    "{\"pause_until\":\"2126-01-01T00:00:00Z\"}",
                    "{\"pause_until\":\"bad\"}",
                ]);
                ("PAUSE", until.into())
            }
            10 => {
                let odd = self.random.pick(&[
                    "INFO",
                    "DELETE",
                    "UNPIN",
                    "LEADER.STEPDOWN",
                    "PEER.REMOVE",
                    "RESET",
                    "NONE",
                ]);
                (odd, "{\"group\":\"g\"}".into())
            }
            _ => match small % 3 {
                0 => ("RESET", String::new()),
                _ => ("RESET", format!("{{\"seq\":{small}}}")),
            },
        };
        self.request(
            format!("$JS.API.CONSUMER.{request}.{stream}.{name}"),
            payload,
        );
    }

    /// What a pull request says.
    fn wanted(&mut self) -> String {
        let batch = 1 + self.random.below(4);
        match self.random.below(14) {
            0 => String::new(),
            1..3 => batch.to_string(),
            3..7 => format!("{{\"batch\":{batch},\"no_wait\":true}}"),
            7..9 => format!("{{\"batch\":{batch},\"expires\":60000000000}}"),
            9 => format!("{{\"batch\":{batch},\"expires\":60000000000,\"max_bytes\":120}}"),
            10 => {
                // As clients ask to fetch what there is.
                format!("{{\"batch\":{batch},\"expires\":20000000000,\"no_wait\":true}}")
            }
            11 => {
                format!(
                    "{{\"batch\":{batch},\"expires\":20000000000,\"idle_heartbeat\":10000000000}}"
                )
            }
            12 if self.slow => {
                let beat = self.random.pick(&["", ",\"idle_heartbeat\":150000000"]);
                format!("{{\"batch\":{batch},\"expires\":350000000{beat}}}")
            }
            _ => self
                .random
                .pick(&[
                    "{\"batch\":0,\"no_wait\":true}",
                    "{\"batch\":2,\"expires\":10000,\"idle_heartbeat\":10000}",
                    "{\"batch\":300,\"max_bytes\":60,\"no_wait\":true}",
                    "{\"batch\":-1,\"expires\":60000000000}",
                    "{\"expires\":60000000000}",
                    "{\"x",
                    "hello",
                    "-2",
                    "{\"priority\":10}",
                    "{\"group\":\"g\",\"batch\":1,\"no_wait\":true}",
                ])
                .into(),
        }
    }

    pub fn pull(&mut self) {
        let stream = self.stream();
        let name = self.random.pick(CONSUMERS);
        let payload = self.wanted();
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}");
        let id = self.request_with(subject, Vec::new(), payload);
        self.sources.push(id);
    }

    pub fn answer(&mut self) {
        let Some(last) = self.sources.len().checked_sub(1) else {
            return self.pull();
        };
        let back = self.random.below(4).min(last as u64) as usize;
        let of = self.sources[last - back];
        let nth = self.random.below(3) as usize;
        let payload: String = match self.random.below(14) {
            0..5 => "+ACK".into(),
            5 => self.random.pick(&["", "+OK", "+ACK later", "junk"]).into(),
            6..8 => "-NAK".into(),
            8 => "-NAK {\"delay\":60000000000}".into(),
            9 => "+WPI".into(),
            10 => self.random.pick(&["+TERM because", "+TERM"]).into(),
            11 => self
                .random
                .pick(&[
                    "-NAK {\"delay\":\"x\"}",
                    "-NAK 60s",
                    "-NAK {\"delay\":0}",
                    "-NAK x",
                ])
                .into(),
            12 => "+NXT 1".into(),
            _ => format!("+NXT {}", self.wanted()),
        };
        let next = payload.starts_with("+NXT");
        let id = self.push(Act::Answer { of, nth, payload });
        if next {
            self.sources.push(id);
        }
    }
}

/// Neither filter holds the other, but some subjects are in both: see `differences.md`.
fn overlap_in_part(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    subject::overlap(a, b) && !subject::is_subset(a, b) && !subject::is_subset(b, a)
}
