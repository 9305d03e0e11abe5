//! Odd configurations of consumers, and odd requests for them. `o1` and `o2` are pull consumers; `o3` delivers where nobody
//! listens, so that it may be as slow as it likes.

use crate::generate::Generator;
use crate::odd::Table;

const NAMES: &[&str] = &["o1", "o2", "o3", "c1", "c2"];

/// Of any consumer. No time that ends within a sequence.
const FIELDS: Table = &[
    ("description", &["\"\"", "null", "1", "\"<&>\""]),
    (
        "durable_name",
        &[
            "\"\"", "\"o1\"", "\"o2\"", "\"a.b\"", "\"a/b\"", "null", "1",
        ],
    ),
    (
        "name",
        &[
            "\"\"",
            "\"o1\"",
            "\"o2\"",
            "\"a.b\"",
            "\"a b\"",
            "\"a\\\\b\"",
            "null",
            "1",
        ],
    ),
    (
        "deliver_policy",
        &[
            "\"all\"",
            "\"last\"",
            "\"new\"",
            "\"last_per_subject\"",
            "\"by_start_sequence\"",
            "\"by_start_time\"",
            "\"ALL\"",
            "\"\"",
            "null",
            "0",
        ],
    ),
    (
        "opt_start_seq",
        &[
            "0",
            "1",
            "3",
            "100",
            "18446744073709551615",
            "-1",
            "\"1\"",
            "null",
        ],
    ),
    (
        "opt_start_time",
        &[
            "null",
            "\"\"",
            "\"2020-01-01T00:00:00Z\"",
            "\"0001-01-01T00:00:00Z\"",
            "\"9999-12-31T23:59:59Z\"",
            "\"1500-01-01T00:00:00+01:00\"",
            "\"x\"",
            "0",
        ],
    ),
    (
        "ack_policy",
        &[
            "\"none\"",
            "\"all\"",
            "\"explicit\"",
            "\"flow_control\"",
            "\"Explicit\"",
            "\"\"",
            "null",
            "0",
        ],
    ),
    (
        "ack_wait",
        &[
            "0",
            "-1",
            "3600000000000",
            "9223372036854775807",
            "\"1h\"",
            "1.5",
            "null",
        ],
    ),
    (
        "max_deliver",
        &[
            "0",
            "-1",
            "-2",
            "1",
            "2",
            "9223372036854775807",
            "9223372036854775808",
        ],
    ),
    (
        "backoff",
        &[
            "null",
            "[]",
            "[3600000000000]",
            "[3600000000000,7200000000000]",
            "[-1]",
            "[3600000000000,-1]",
            "[9223372036854775807]",
            "[\"1h\"]",
            "1",
            "[null]",
        ],
    ),
    (
        "filter_subject",
        &["\"\"", "null", "1", "FILTER", "FILTER", "FILTER"],
    ),
    (
        "filter_subjects",
        &[
            "null",
            "[]",
            "[\"\"]",
            "[null]",
            "[FILTER]",
            "[FILTER]",
            "[\"s.a\",\"s.a\"]",
            "[\"s.a\",\"s.>\"]",
            "[\"s.a\",\"\"]",
            "[\"s.a\",\"s.b\"]",
            "\"s.a\"",
            "[1]",
        ],
    ),
    (
        "replay_policy",
        &["\"instant\"", "\"Original\"", "\"\"", "null", "0"],
    ),
    (
        "rate_limit_bps",
        &[
            "0",
            "null",
            "-1",
            "1000000000",
            "18446744073709551615",
            "18446744073709551616",
        ],
    ),
    (
        "sample_freq",
        &[
            "\"\"",
            "\"0\"",
            "\"100\"",
            "\"100%\"",
            "\"200\"",
            "\"-1\"",
            "\"+100\"",
            "\"1e2\"",
            "\"%\"",
            "\" 100\"",
            "\"100%%\"",
            "\"9223372036854775808\"",
            "\"0x64\"",
            "\"1_0\"",
            "100",
            "null",
            "\"\\u00e9\"",
        ],
    ),
    (
        "max_waiting",
        &["0", "1", "-1", "-2", "9223372036854775807"],
    ),
    (
        "max_ack_pending",
        &["0", "-1", "-2", "1", "9223372036854775807"],
    ),
    ("flow_control", &["true", "false", "null", "1"]),
    ("headers_only", &["true", "false", "null"]),
    (
        "max_batch",
        &["0", "-1", "1", "9223372036854775807", "null"],
    ),
    (
        "max_expires",
        &[
            "0",
            "-1",
            "999999",
            "1000000",
            "3600000000000",
            "9223372036854775807",
        ],
    ),
    ("max_bytes", &["0", "-1", "1", "9223372036854775807"]),
    ("max_request_batch", &["1"]),
    (
        "deliver_subject",
        &[
            "\"\"",
            "null",
            "1",
            "\"none.o\"",
            "\"none.*\"",
            "\"none.>\"",
            "\"none..o\"",
            "\"none o\"",
            "\"s.a\"",
            "\".\"",
            "\"$JS.API.x\"",
        ],
    ),
    (
        "deliver_group",
        &["\"\"", "\"g\"", "\"a b\"", "\"a.b\"", "\"*\"", "null", "1"],
    ),
    (
        "idle_heartbeat",
        &[
            "0",
            "-1",
            "99999999",
            "3600000000000",
            "9223372036854775807",
            "\"1h\"",
        ],
    ),
    (
        "inactive_threshold",
        &[
            "0",
            "-1",
            "3600000000000",
            "7200000000001",
            "9223372036854775807",
        ],
    ),
    (
        "num_replicas",
        &["0", "1", "-1", "2", "5", "6", "4000000000"],
    ),
    ("mem_storage", &["true", "false", "null"]),
    ("direct", &["false", "null", "1"]),
    ("sourcing", &["false", "null", "1"]),
    (
        "metadata",
        &[
            "null",
            "{}",
            "{\"\":\"\"}",
            "{\"a\":null}",
            "{\"a\":1}",
            "{\"_nats.req.level\":\"9\"}",
            "{\"_nats.ver\":\"x\"}",
            "{\"_nats.x\":\"y\"}",
            "[]",
        ],
    ),
    (
        "pause_until",
        &[
            "null",
            "\"\"",
            "\"2020-01-01T00:00:00Z\"",
            "\"2126-01-01T00:00:00+01:00\"",
            "\"0001-01-01T00:00:00Z\"",
            "\"9999-12-31T23:59:59.9Z\"",
            "\"2126-02-30T00:00:00Z\"",
            "0",
            "\"x\"",
        ],
    ),
    (
        "priority_groups",
        &[
            "null",
            "[]",
            "[\"g\"]",
            "[\"g\",\"h\"]",
            "[\"g\",\"g\"]",
            "[\"\"]",
            "[\"a b\"]",
            "[\"01234567890123456\"]",
            "\"g\"",
            "[1]",
            "[\"a/b_c=-\"]",
            "[\"a+b\"]",
        ],
    ),
    (
        "priority_policy",
        &[
            "\"none\"",
            "\"overflow\"",
            "\"prioritized\"",
            "\"x\"",
            "\"\"",
            "null",
            "0",
        ],
    ),
    ("priority_timeout", &["0", "-1", "3600000000000", "\"1h\""]),
    ("nope", &["1", "null"]),
];

/// Together, so that more than refusals come of them.
const PAIRS: &[&str] = &[
    "\"priority_policy\":\"overflow\",\"priority_groups\":[\"g\"]",
    "\"priority_policy\":\"prioritized\",\"priority_groups\":[\"g\"]",
    "\"priority_policy\":\"overflow\",\"priority_groups\":[\"g\",\"h\"]",
    PINNED,
    "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":3",
    "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":0",
    "\"deliver_policy\":\"by_start_time\",\"opt_start_time\":\"2020-01-01T00:00:00Z\"",
    "\"deliver_policy\":\"by_start_time\",\"opt_start_time\":\"0001-01-01T00:00:00Z\"",
    "\"deliver_policy\":\"by_start_time\",\"opt_start_time\":\"9999-12-31T23:59:59Z\"",
    "\"backoff\":[3600000000000,7200000000000],\"max_deliver\":2",
    "\"backoff\":[3600000000000,7200000000000],\"max_deliver\":1",
    "\"backoff\":[3600000000000],\"ack_wait\":7200000000000",
    "\"ack_policy\":\"flow_control\",\"flow_control\":true,\"idle_heartbeat\":1000000000",
    "\"ack_policy\":\"none\",\"max_ack_pending\":5",
    "\"ack_policy\":\"none\",\"ack_wait\":3600000000000",
    "\"ack_policy\":\"none\",\"max_deliver\":3",
    "\"ack_policy\":\"none\",\"backoff\":[3600000000000]",
];

const PINNED: &str = "\"priority_policy\":\"pinned_client\",\"priority_groups\":[\"g\"],\"priority_timeout\":3600000000000";

const SLOW: &[&str] = &[
    "\"replay_policy\":\"original\"",
    "\"rate_limit_bps\":1",
    "\"rate_limit_bps\":8000",
    "\"sample_freq\":\"50\"",
    "\"sample_freq\":\"1%\"",
    "\"flow_control\":true,\"idle_heartbeat\":3600000000000",
    "\"deliver_group\":\"g\"",
];

/// Pull requests. None that runs out within a sequence.
const PULLS: Table = &[
    (
        "batch",
        &[
            "0",
            "1",
            "2",
            "-1",
            "300",
            "9223372036854775807",
            "\"1\"",
            "null",
        ],
    ),
    (
        "expires",
        &["0", "-1", "60000000000", "9223372036854775807", "\"1h\""],
    ),
    ("max_bytes", &["0", "-1", "1", "120", "9223372036854775807"]),
    ("idle_heartbeat", &["0", "-1", "10000000000", "30000000001"]),
    ("no_wait", &["true", "false", "null", "1"]),
    ("group", &["\"\"", "\"g\"", "\"h\"", "1", "null"]),
    ("min_pending", &["0", "1", "3", "-1", "\"1\""]),
    ("min_ack_pending", &["0", "1", "3", "-1"]),
    ("priority", &["0", "1", "9", "10", "-1"]),
    ("id", &["\"\"", "\"x\"", "1"]),
    ("nope", &["1"]),
];

const RESETS: &[&str] = &[
    "",
    "{}",
    "{\"seq\":0}",
    "{\"seq\":1}",
    "{\"seq\":3}",
    "{\"seq\":100}",
    "{\"seq\":-1}",
    "{\"seq\":18446744073709551614}",
    "{\"seq\":\"1\"}",
    "{\"nope\":1}",
    "null",
    "[]",
    "x",
    "{\"seq\":1,\"seq\":2}",
];

const PAUSES: Table = &[
    (
        "pause_until",
        &[
            "null",
            "\"\"",
            "\"2020-01-01T00:00:00Z\"",
            "\"2126-01-01T00:00:00Z\"",
            "\"2126-01-01T01:00:00+01:00\"",
            "\"2126-01-01T00:00:00,5Z\"",
            "\"0001-01-01T00:00:00Z\"",
            "\"9999-12-31T23:59:59Z\"",
            "\"0000-01-01T00:00:00Z\"",
            "\"2126-13-01T00:00:00Z\"",
            "0",
            "{}",
        ],
    ),
    ("nope", &["1"]),
];

impl Generator {
    pub fn odd_name(&mut self) -> &'static str {
        self.random.pick(NAMES)
    }

    pub fn odd_consumer(&mut self) {
        // The answers of nats-server are out of date then: see differences.md.
        if self.restarted {
            return self.odd_consumer_request();
        }
        if self.random.one_in(8) {
            return self.odd_pin();
        }
        let stream = self.stream();
        let name = self.random.pick(&["o1", "o2", "o3"]);
        // A filter never goes: see differences.md.
        let filter = self.filter();
        let mut fields = vec![format!("\"filter_subject\":\"{filter}\"")];
        let key = self.random.pick(&["name", "durable_name", "durable_name"]);
        fields.push(format!("\"{key}\":\"{name}\""));
        fields.push("\"inactive_threshold\":3600000000000".into());
        if name == "o3" {
            fields.push("\"deliver_subject\":\"none.o\"".into());
            if self.random.one_in(2) {
                fields.push(self.random.pick(SLOW).into());
            }
        }
        if self.random.one_in(2) {
            let ack = self.random.pick(&["explicit", "explicit", "all"]);
            fields.push(format!("\"ack_policy\":\"{ack}\""));
        }
        if self.random.one_in(3) {
            fields.push(self.random.pick(PAIRS).into());
        }
        let count = self.random.below(4);
        fields.extend(self.odd_fields(FIELDS, count));
        fields.retain(|field| field != "\"filter_subject\":\"\"");
        let subject = match self.random.below(8) {
            0 => format!("$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{name}"),
            1 => format!("$JS.API.CONSUMER.CREATE.{stream}.{name}.{filter}"),
            2 => format!("$JS.API.CONSUMER.CREATE.{stream}"),
            3 => format!("$JS.API.CONSUMER.CREATE.{stream}.{}", self.odd_name()),
            _ => format!("$JS.API.CONSUMER.CREATE.{stream}.{name}"),
        };
        let more = self.random.pick(&[
            "",
            "",
            "",
            ",\"action\":\"create\"",
            ",\"action\":\"update\"",
            ",\"action\":\"\"",
            ",\"action\":\"Create\"",
            ",\"action\":null",
            ",\"pedantic\":true",
            ",\"nope\":1",
            ",\"stream_name\":\"NONE\"",
        ]);
        let config = fields.join(",");
        let payload = format!("{{\"stream_name\":\"{stream}\",\"config\":{{{config}}}{more}}}");
        self.request(subject, payload);
    }

    /// A client that is pinned, if there is a message, and what becomes of it with another policy.
    fn odd_pin(&mut self) {
        let (stream, filter) = (self.stream(), self.filter());
        for pair in [PINNED, self.random.pick(PAIRS)] {
            let config = format!(
                "\"durable_name\":\"o1\",\"filter_subject\":\"{filter}\",\"ack_policy\":\"explicit\",{pair}"
            );
            self.request(
                format!("$JS.API.CONSUMER.CREATE.{stream}.o1"),
                format!("{{\"stream_name\":\"{stream}\",\"config\":{{{config}}}}}"),
            );
            self.odd_pull();
        }
    }

    pub fn odd_consumer_request(&mut self) {
        let (stream, name) = (self.stream(), self.odd_name());
        let (request, payload) = match self.random.below(8) {
            0 => ("RESET", self.random.pick(RESETS).into()),
            1 => {
                let count = 1 + self.random.below(2);
                let fields = self.odd_fields(PAUSES, count);
                ("PAUSE", format!("{{{}}}", fields.join(",")))
            }
            2 => ("INFO", String::new()),
            3 => ("DELETE", String::new()),
            4 | 5 => return self.odd_ack(),
            _ => return self.odd_pull(),
        };
        self.request(
            format!("$JS.API.CONSUMER.{request}.{stream}.{name}"),
            payload,
        );
    }

    /// An answer to what need not have been delivered.
    fn odd_ack(&mut self) {
        let (stream, name) = (self.stream(), self.odd_name());
        let mut subject = format!("$JS.ACK.{stream}.{name}");
        for _ in 0..5 - self.random.below(8) / 7 {
            subject.push('.');
            subject += self.random.pick(&[
                "0",
                "1",
                "1",
                "2",
                "3",
                "4",
                "9",
                "x",
                "-1",
                "01",
                "18446744073709551617",
            ]);
        }
        let payload = self.random.pick(&[
            "",
            "+ACK",
            "+ack",
            "+ACK ",
            "-NAK",
            "+TERM",
            "+WPI",
            "+NXT",
            "x",
            "-NAK {\"delay\":3600000000000}",
        ]);
        self.request(subject, payload);
    }

    fn odd_pull(&mut self) {
        let (stream, name) = (self.stream(), self.random.pick(&["o1", "o2", "c1"]));
        let mut fields = self.odd_fields(PULLS, 1);
        if self.random.one_in(2) {
            fields.push("\"group\":\"g\"".into());
        }
        if self.random.one_in(2) {
            fields.push("\"expires\":60000000000".into());
        } else {
            fields.push("\"no_wait\":true".into());
        }
        let more = self.random.below(3);
        fields.extend(self.odd_fields(PULLS, more));
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}");
        let id = self.request_with(subject, Vec::new(), format!("{{{}}}", fields.join(",")));
        self.sources.push(id);
    }
}
