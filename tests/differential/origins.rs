//! Random streams that follow others: a stream `S` and a bucket `KV_a`; `T`, a mirror of one of them or with them as sources;
//! and `U`, which follows `T`. After whatever may move messages a sequence waits until nats-server is at rest.

use crate::generate::Generator;
use crate::step::Act;

/// How a follower was made: what an update may keep.
#[derive(Clone)]
pub struct Follower {
    mirror: bool,
    storage: &'static str,
    /// Of `mirror` or `sources`, as JSON.
    origins: Vec<(&'static str, String)>,
}

impl Generator {
    /// Origins, a few messages, followers, and then whatever happens to all of them.
    pub fn follow(&mut self, length: u64) {
        self.origin("S", "s.>");
        self.origin("KV_a", "$KV.a.>");
        // Only one of them has messages when somebody takes from both: between sources there is no order.
        let bucket = self.bucket;
        for _ in 0..self.random.below(6) {
            self.publish();
        }
        self.create_follower("T");
        for _ in 0..length {
            self.bucket = self.random.one_in(2);
            self.following_step();
        }
        self.bucket = bucket;
        self.push(Act::Rest);
    }

    fn following_step(&mut self) {
        if self.restart_is_due() {
            self.push(Act::Restart);
            self.push(Act::Rest);
            return;
        }
        if self.odd && self.random.one_in(4) {
            match self.random.below(3) {
                0 => return self.odd_get(),
                1 => return self.odd_page(),
                _ => self.odd_publish(),
            }
            self.push(Act::Rest);
            return;
        }
        match self.random.below(100) {
            0..45 => self.publish(),
            45..50 => {
                let subject = self.random.pick(&["t.x", "u.x", "t.c.d"]);
                self.request(subject, "own");
            }
            50..62 => return self.direct_get(),
            62..70 => return self.message_get(),
            70..76 => return self.stream_info(),
            76..86 => self.purge_or_delete(),
            86..95 => self.update_follower(),
            _ if !self.followers.contains_key("U") => self.create_follower("U"),
            _ => {
                // Not one that is followed: when a follower looks again is chance.
                self.request("$JS.API.STREAM.DELETE.U", "");
                self.followers.remove("U");
            }
        }
        self.push(Act::Rest);
    }

    fn origin(&mut self, name: &str, subjects: &str) {
        let storage = self.random.pick(&["memory", "file", "file"]);
        let mut fields = vec![format!(
            "\"name\":\"{name}\",\"subjects\":[\"{subjects}\"],\"storage\":\"{storage}\",\"allow_rollup_hdrs\":true"
        )];
        self.add(
            &mut fields,
            &[
                (2, "\"allow_direct\":true"),
                (2, "\"allow_msg_ttl\":true"),
                (4, "\"max_msgs_per_subject\":1"),
                (6, "\"max_msgs\":3"),
                (8, "\"first_seq\":5"),
                (
                    12,
                    "\"subject_transform\":{\"src\":\"s.c.*\",\"dest\":\"s.b\"}",
                ),
            ],
        );
        self.request(
            format!("$JS.API.STREAM.CREATE.{name}"),
            format!("{{{}}}", fields.join(",")),
        );
    }

    /// `{"name":…}` of a mirror or a source.
    fn source(&mut self, of: &str) -> String {
        let mut fields = vec![format!("\"name\":\"{of}\"")];
        let prefix = match of {
            "S" => "s",
            "KV_a" => "$KV.a",
            _ => "*",
        };
        let random = &mut self.random;
        let transforms = match random.below(3) {
            0 => format!("{{\"src\":\"{prefix}.>\",\"dest\":\"t.>\"}}"),
            1 => format!("{{\"src\":\"{prefix}.c.*\",\"dest\":\"t.x\"}}"),
            _ => format!(
                "{{\"src\":\"{prefix}.a\",\"dest\":\"\"}},{{\"src\":\"{prefix}.c.>\",\"dest\":\"t.c.>\"}}"
            ),
        };
        if random.one_in(6) {
            if random.one_in(3) {
                fields.push(format!("\"subject_transforms\":[{transforms}]"));
            }
            fields.push(self.durable_of(of, prefix));
            return format!("{{{}}}", fields.join(","));
        }
        match random.below(5) {
            0 | 1 => {
                let filter = random.pick(&[">", "a", "*", "c.*", "c.>"]);
                fields.push(format!("\"filter_subject\":\"{prefix}.{filter}\""));
            }
            2 if of != "T" => fields.push(format!("\"subject_transforms\":[{transforms}]")),
            _ => {}
        }
        if random.one_in(5) {
            fields.push(format!("\"opt_start_seq\":{}", random.below(12)));
        } else if random.one_in(20) {
            fields.push("\"opt_start_time\":\"2020-01-01T00:00:00Z\"".into());
        }
        format!("{{{}}}", fields.join(","))
    }

    /// Makes a consumer to read the stream by.
    fn durable_of(&mut self, of: &str, prefix: &str) -> String {
        let filter = self.random.pick(&[">", "a", "*", "c.>"]);
        let policy = self.random.pick(&["all", "all", "last_per_subject", "new"]);
        let headers_only = self.random.one_in(8);
        self.durables += 1;
        let name = format!("R{}", self.durables);
        let config = format!(
            "{{\"durable_name\":\"{name}\",\"deliver_subject\":\"read.{name}\",\"ack_policy\":\"flow_control\",\
             \"flow_control\":true,\"idle_heartbeat\":1000000000,\"deliver_policy\":\"{policy}\",\
             \"filter_subject\":\"{prefix}.{filter}\",\"headers_only\":{headers_only}}}"
        );
        self.request(
            format!("$JS.API.CONSUMER.DURABLE.CREATE.{of}.{name}"),
            format!("{{\"stream_name\":\"{of}\",\"config\":{config}}}"),
        );
        format!("\"consumer\":{{\"name\":\"{name}\",\"deliver_subject\":\"read.{name}\"}}")
    }

    fn create_follower(&mut self, name: &'static str) {
        let mirror = self.random.one_in(2);
        let first = if self.bucket { "KV_a" } else { "S" };
        let of = match name {
            "U" => vec!["T"],
            _ if mirror || self.random.one_in(2) || !self.followers.is_empty() => vec![first],
            _ => vec!["S", "KV_a"],
        };
        let follower = Follower {
            mirror,
            storage: self.random.pick(&["memory", "file", "file"]),
            origins: of.into_iter().map(|of| (of, self.source(of))).collect(),
        };
        self.request_follower("CREATE", name, &follower);
        self.followers.insert(name, follower);
    }

    /// With other settings, and sometimes one source that begins anew.
    fn update_follower(&mut self) {
        let name = self.random.pick(&["T", "T", "U"]);
        let Some(mut follower) = self.followers.get(name).cloned() else {
            return;
        };
        if self.random.one_in(3) {
            let at = self.random.below(follower.origins.len() as u64) as usize;
            let of = follower.origins[at].0;
            follower.origins[at].1 = self.source(of);
        } else if follower.mirror && self.random.one_in(4) {
            // The other way round is refused.
            follower.mirror = false;
        } else if self.random.one_in(6) {
            follower.origins.pop();
        }
        self.request_follower("UPDATE", name, &follower);
        if !follower.origins.is_empty() {
            self.followers.insert(name, follower);
        }
    }

    fn request_follower(&mut self, verb: &str, name: &str, follower: &Follower) {
        let mut fields = vec![format!(
            "\"name\":\"{name}\",\"storage\":\"{}\"",
            follower.storage
        )];
        let origins: Vec<&str> = follower.origins.iter().map(|(_, text)| &text[..]).collect();
        match (follower.mirror, &origins[..]) {
            (true, [mirror]) => fields.push(format!("\"mirror\":{mirror}")),
            _ => fields.push(format!("\"sources\":[{}]", origins.join(","))),
        }
        if !follower.mirror {
            if self.random.one_in(2) {
                fields.push(format!("\"subjects\":[\"{}.>\"]", name.to_lowercase()));
            }
            self.add(&mut fields, &[(8, "\"discard\":\"new\"")]);
        }
        self.add(
            &mut fields,
            &[
                (2, "\"allow_direct\":true"),
                (2, "\"allow_msg_ttl\":true"),
                (4, "\"allow_rollup_hdrs\":true"),
                (6, "\"max_msgs_per_subject\":1"),
                (6, "\"max_msgs\":3"),
                (12, "\"deny_purge\":true"),
                (12, "\"republish\":{\"src\":\">\",\"dest\":\"rp.>\"}"),
                (
                    12,
                    "\"subject_transform\":{\"src\":\"s.*\",\"dest\":\"y.{{wildcard(1)}}\"}",
                ),
            ],
        );
        // Neither with odd headers, which are long, nor with a consumer of its own: a mirror that refuses a message goes on at
        // another time.
        if !self.odd && !origins.iter().any(|origin| origin.contains("\"consumer\"")) {
            self.add(&mut fields, &[(12, "\"max_msg_size\":60")]);
        }
        self.request(
            format!("$JS.API.STREAM.{verb}.{name}"),
            format!("{{{}}}", fields.join(",")),
        );
        self.push(Act::Rest);
    }

    /// Whether only `stream` itself answers direct gets for it: those with mirrors are answered by any of them.
    pub fn answers_alone(&self, stream: &str) -> bool {
        let mirrors = |follower: &Follower| follower.mirror && follower.origins[0].0 == stream;
        !self.followers.values().any(mirrors)
    }
}
