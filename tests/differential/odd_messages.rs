//! Messages with odd headers, and on odd subjects.

use crate::generate::Generator;
use crate::odd::Table;

/// Of messages. No time that ends within a sequence.
const HEADERS: Table = &[
    ("Nats-Expected-Last-Sequence", NUMBERS),
    ("Nats-Expected-Last-Subject-Sequence", NUMBERS),
    (
        "Nats-Expected-Last-Subject-Sequence-Subject",
        &[
            "", "s.a", "s.*", ">", "s.>.a", "s..a", "*", "$KV.a.>", "none", " s.a", "s.a ",
        ],
    ),
    ("Nats-Expected-Stream", &["", "S", "KV_a", "s", "S ", " S"]),
    ("Nats-Expected-Last-Msg-Id", &["", "m1", "m2", "m1 ", "M1"]),
    (
        "Nats-Msg-Id",
        &["", "m1", "m2", "m1 ", " m1", "M1", "\u{e9}"],
    ),
    (
        "Nats-Rollup",
        &[
            "", "sub", "all", "SUB", "All", "sub ", "subject", "\u{130}", "0",
        ],
    ),
    (
        "Nats-TTL",
        &[
            "",
            "never",
            "Never",
            "1h",
            "3600",
            "0",
            "00",
            "-1",
            "+3600",
            "1h0m",
            "60m1.5s",
            "1d",
            "3600.5",
            "3600 ",
            "0h",
            "999ms",
            "9223372036854775807",
            "18446744073709551616",
            "2562048h",
            "1e4s",
            "\u{b5}s",
            ".5h",
            "-1h",
            "h",
            "3600S",
        ],
    ),
    ("Nats-Schedule", &["", "@at 2126-01-01T00:00:00Z", "x"]),
    ("Nats-Schedule-Target", &["", "s.a", "s.*"]),
    ("Nats-Schedule-TTL", &["", "1h", "x"]),
    ("Nats-Schedule-Source", &["", "s.a", "x"]),
    (
        "Nats-Schedule-Next",
        &["", "purge", "2126-01-01T00:00:00Z", "x"],
    ),
    ("Nats-Scheduler", &["", "s.a", "s.b", "s.*", "s..a"]),
    ("Nats-Schedule-Rollup", &["", "sub", "x"]),
    (
        "Nats-Incr",
        &["", "1", "+1", "-1", "x", "1.5", "99999999999999999999"],
    ),
    ("Nats-Counter-Sources", &["{}"]),
    (
        "Nats-Batch-Id",
        &[
            "",
            "b",
            "0123456789012345678901234567890123456789012345678901234567890123456789",
        ],
    ),
    ("Nats-Batch-Sequence", &["", "1", "2", "x", "0"]),
    ("Nats-Batch-Commit", &["", "1", "eob", "x"]),
    ("Nats-Required-Api-Level", &["", "1", "9", "x"]),
    ("Nats-Stream-Source", &["", "S 1 > > s.a"]),
    ("Nats-Trace-Dest", &["", "tr", "tr.*", "tr..x"]),
    ("Nats-Trace-Only", &["", "true", "1", "on", "x", "false"]),
    (
        "traceparent",
        &[
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ],
    ),
    (
        "Other",
        &[
            "a\nNats-Msg-Id: m1",
            "a\r\n Nats-Rollup: sub",
            "a\r\n\r\nNats-TTL: 1h",
            "a\rb",
            "\t",
            "a\0b",
        ],
    ),
    ("Nats-Subject", &["x"]),
    ("Nats-Sequence", &["1"]),
    ("Nats-Marker-Reason", &["", "MaxAge", "Remove", "x"]),
    ("Nats-Request-Info", &["", "{}"]),
    ("KV-Operation", &["", "DEL", "PURGE", "del", "PUT", "DEL "]),
    ("nats-msg-id", &["m1"]),
    ("NATS-ROLLUP", &["sub"]),
    ("Status", &["503"]),
    ("A B", &["c"]),
    ("", &["", "v"]),
];

const NUMBERS: &[&str] = &[
    "",
    "0",
    "1",
    "2",
    "3",
    "01",
    "-1",
    "+1",
    "1 ",
    "x",
    "1.0",
    "1e0",
    "18446744073709551615",
    "18446744073709551616",
    "18446744073709551617",
    "0x1",
];

impl Generator {
    pub fn odd_publish(&mut self) {
        let mut headers = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            let (name, values) = HEADERS[self.random.below(HEADERS.len() as u64) as usize];
            let value = self.random.pick(values);
            headers.push((name.to_string(), value.to_string()));
            if self.random.one_in(8) {
                headers.push((name.to_string(), self.random.pick(values).to_string()));
            }
        }
        let subject = match self.random.below(12) {
            0 => self
                .random
                .pick(&["s.*", "s.>", "s..a", "s.a.", ".s", "s.a>", "s.**", "s.*x"])
                .into(),
            _ => self.subject(),
        };
        let payload = self.random.pick(&["", "v", "value"]);
        self.request_with(subject, headers, payload);
    }
}
