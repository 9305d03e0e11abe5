//! Odd requests: values nobody means, fields that do not go together or come twice, requests for a cluster, unknown ones. What
//! each kind of request is asked with is in a table of its own; `odd_streams.rs` and `odd_consumers.rs` have those of
//! configurations, `odd_messages.rs` those of messages.

use crate::generate::Generator;

/// Values for each name.
pub type Table = &'static [(&'static str, &'static [&'static str])];

/// Filters as nobody would write them.
const FILTERS: &[&str] = &[
    ">",
    "*",
    "*.>",
    "s.>.a",
    ">.a",
    "s.*.>",
    "s..a",
    "s.",
    ".s",
    "",
    ".",
    "s.*x",
    "s.a>",
    "s.>>",
    "s.**",
    "**",
    "*.*",
    "$KV.*.>",
    "$KV.>",
    "*.*.a",
    "$JS.>",
    "s.a ",
    "s\\ta",
    "s.\u{e9}",
    "S.a",
    "s.a.b.c.d.e.f",
];

/// Of direct gets and MSG.GET.
const GETS: Table = &[
    (
        "seq",
        &[
            "0",
            "1",
            "2",
            "3",
            "7",
            "100",
            "18446744073709551615",
            "9223372036854775808",
            "-1",
            "\"1\"",
        ],
    ),
    ("seq", &["1", "2", "3"]),
    ("last_by_subj", &["\"\"", "\">\"", "FILTER", "FILTER"]),
    ("next_by_subj", &["\"\"", "\">\"", "FILTER", "FILTER"]),
    ("batch", &["0", "1", "2", "5", "-1", "9223372036854775807"]),
    ("max_bytes", &["0", "1", "80", "-1", "9223372036854775807"]),
    ("start_time", TIMES),
    (
        "multi_last",
        &[
            "null",
            "[]",
            "[\"\"]",
            "[\"s.a\"]",
            "[FILTER]",
            "[FILTER,FILTER]",
            "[\">\",\"s.a\",\"s.a\"]",
        ],
    ),
    (
        "up_to_seq",
        &["0", "1", "3", "100", "18446744073709551615", "-1"],
    ),
    ("up_to_time", TIMES),
    ("no_hdr", &["true", "false", "null", "1"]),
    ("nope", &["1"]),
];

pub const TIMES: &[&str] = &[
    "\"2020-01-01T00:00:00Z\"",
    "\"0001-01-01T00:00:00Z\"",
    "\"9999-12-31T23:59:59.999999999Z\"",
    "\"1500-01-01T00:00:00Z\"",
    "\"2126-02-29T00:00:00Z\"",
    "\"2126-01-01T24:00:00Z\"",
    "\"2126-01-01 00:00:00Z\"",
    "\"2126-01-01T00:00:00\"",
    "\"2126-01-01T00:00:00+25:00\"",
    "\"2126-01-01T00:00:00,5Z\"",
    "\"2126-01-01t00:00:00z\"",
    "\"2126-01-01T0:00:00Z\"",
    "\"2126-01-01T00:0:00Z\"",
    "\"2126-01-01T00:00:00.Z\"",
    "\"2126-01-01T00:00:00.12345678901Z\"",
    "\"2126-01-01T00:00:00+24:60\"",
    "\"2126-01-01T00:00:00+01:00x\"",
    "\"2126-01-01T00:00:00*25:00\"",
    "\"2126-01-01T00:00:60Z\"",
    "\"02126-01-01T00:00:00Z\"",
    "\"2126\\u002d01-01T00:00:00Z\"",
    "\"\"",
    "null",
    "0",
];

const PURGES: Table = &[
    (
        "filter",
        &["\"\"", "\">\"", "FILTER", "FILTER", "FILTER", "null"],
    ),
    ("seq", &["0", "1", "3", "4", "100", "-1", "1.0", "null"]),
    (
        "keep",
        &["0", "1", "2", "100", "18446744073709551615", "-1", "\"1\""],
    ),
    ("nope", &["1"]),
];

const DELETES: Table = &[
    (
        "seq",
        &[
            "0",
            "1",
            "2",
            "3",
            "100",
            "18446744073709551615",
            "9223372036854775808",
            "-1",
            "\"1\"",
            "null",
        ],
    ),
    ("no_erase", &["true", "false", "null", "0"]),
    ("nope", &["1"]),
];

const PAGES: Table = &[
    (
        "offset",
        &[
            "0",
            "1",
            "2",
            "-1",
            "100",
            "9223372036854775807",
            "9223372036854775808",
            "1.5",
            "\"1\"",
            "null",
        ],
    ),
    ("subject", &["\"\"", "FILTER", "FILTER", "null", "1"]),
    (
        "subjects_filter",
        &["\"\"", "FILTER", "FILTER", "null", "1"],
    ),
    ("deleted_details", &["true", "false", "null", "1"]),
    ("limit", &["1"]),
];

/// Where something is wanted that has no members, or not these.
const BODIES: &[&str] = &[
    "",
    "{}",
    " ",
    "{ }",
    "\t{\n}",
    "null",
    "[]",
    "[{}]",
    "{}{}",
    "x",
    "0",
    "\"\"",
    "true",
    "{\"a\":1}",
    "{\"a\":}",
    "{",
    "\0",
    "{\"offset\":1}",
    "{\"group\":\"g\"}",
    "{\"group\":\"\"}",
    "{\"group\":\"a b\"}",
    "{\"peer\":\"x\"}",
    "{\"seq\":2}",
    "{\"seq\":0}",
    "{\"seq\":18446744073709551615}",
    "{\"seq\":-1}",
    "{\"deliver_subject\":\"x\"}",
    "{\"placement\":{\"cluster\":\"x\"}}",
];

/// Requests with a stream `S` and a consumer `C`, most of which one server refuses, and some that there are not.
const REQUESTS: &[&str] = &[
    "INFO",
    "INFO.x",
    "STREAM",
    "STREAM.INFO",
    "STREAM.INFO.S",
    "STREAM.INFO.S.x",
    "STREAM.INFO.NONE",
    "STREAM.NAMES",
    "STREAM.LIST",
    "STREAM.NAMES.x",
    "STREAM.CREATE",
    "STREAM.CREATE.S",
    "STREAM.CREATE.S.x",
    "STREAM.UPDATE.S",
    "STREAM.UPDATE.NONE",
    "STREAM.DELETE.NONE",
    "STREAM.PURGE.NONE",
    "STREAM.MSG.GET.NONE",
    "STREAM.MSG.DELETE.NONE",
    "STREAM.MSG.PUT.S",
    "STREAM.LEADER.STEPDOWN.S",
    "STREAM.LEADER.STEPDOWN.NONE",
    "STREAM.PEER.REMOVE.S",
    "STREAM.PEER.EVACUATE.S",
    "STREAM.CANCEL_MOVE.S",
    "STREAM.PEER.S",
    "META.LEADER.STEPDOWN",
    "SERVER.REMOVE",
    "SERVER.x",
    "ACCOUNT.PURGE.$G",
    "ACCOUNT.STREAM.MOVE.$G.S",
    "ACCOUNT.STREAM.CANCEL_MOVE.$G.S",
    "CONSUMER",
    "CONSUMER.CREATE",
    "CONSUMER.CREATE.S",
    "CONSUMER.CREATE.NONE",
    "CONSUMER.CREATE.S.C",
    "CONSUMER.CREATE.S.C.s.a",
    "CONSUMER.CREATE.S.C.>",
    "CONSUMER.DURABLE.CREATE.S",
    "CONSUMER.DURABLE.CREATE.S.C",
    "CONSUMER.DURABLE.CREATE.S.C.x",
    "CONSUMER.INFO.S",
    "CONSUMER.INFO.S.C",
    "CONSUMER.INFO.S.NONE",
    "CONSUMER.INFO.NONE.C",
    "CONSUMER.INFO.S.C.x",
    "CONSUMER.NAMES.S",
    "CONSUMER.NAMES.NONE",
    "CONSUMER.LIST.S",
    "CONSUMER.LIST.NONE",
    "CONSUMER.DELETE.S.NONE",
    "CONSUMER.DELETE.NONE.C",
    "CONSUMER.PAUSE.S.C",
    "CONSUMER.PAUSE.S.NONE",
    "CONSUMER.PAUSE.NONE.C",
    "CONSUMER.UNPIN.S.C",
    "CONSUMER.UNPIN.S.NONE",
    "CONSUMER.UNPIN.NONE.C",
    "CONSUMER.RESET.S.C",
    "CONSUMER.RESET.S.NONE",
    "CONSUMER.RESET.NONE.C",
    "CONSUMER.LEADER.STEPDOWN.S.C",
    "CONSUMER.LEADER.STEPDOWN.S.NONE",
    "CONSUMER.PEER.REMOVE.S.C",
    "CONSUMER.PEER.EVACUATE.S.C",
    "CONSUMER.MSG.NEXT.S.NONE",
    "CONSUMER.MSG.NEXT.S",
    "CONSUMER.MSG.NEXT.S.C.x",
    "CONSUMER.ACK.S.C",
    "DIRECT.GET.NONE",
    "DIRECT.GET",
    "DIRECT.GET.NONE.s.a",
    "NONE",
    "",
];

const SYSTEM: &[&str] = &[
    "USER.INFO",
    "SERVER.PING.CONNZ",
    "ACCOUNT.PING.CONNZ",
    "ACCOUNT.PING.STATZ",
    "ACCOUNT.PING.INFO",
    "ACCOUNT.PING.SUBSZ",
    "ACCOUNT.PING.JSZ",
    "ACCOUNT.$G.CONNZ",
    "ACCOUNT.$G.INFO",
    "SERVER.PING",
    "SERVER.PING.VARZ",
    "SERVER.PING.JSZ",
    "USER.$G.INFO",
    "NONE",
];

const SYSTEM_FIELDS: Table = &[
    (
        "offset",
        &["0", "-1", "100", "\"1\"", "9223372036854775807"],
    ),
    (
        "limit",
        &["0", "-1", "1", "100", "true", "9223372036854775807"],
    ),
    (
        "sort",
        &[
            "\"\"",
            "\"cid\"",
            "\"x\"",
            "\"stop\"",
            "\"reason\"",
            "1",
            "null",
            "\"idle\"",
            "\"rtt\"",
        ],
    ),
    ("state", &["0", "1", "2", "3", "-1", "\"open\"", "null"]),
    ("cid", &["0", "18446744073709551615", "-1", "\"1\""]),
    ("auth", &["true", "false", "1"]),
    ("user", &["\"\"", "\"x\"", "1"]),
    ("acc", &["\"\"", "\"x\"", "\"$G\"", "1"]),
    ("filter_subject", &["\"\"", "\"none.x\"", "\">\"", "1"]),
    ("mqtt_client", &["\"\"", "\"x\"", "1"]),
    (
        "accounts",
        &["null", "[]", "[\"$G\"]", "[\"x\"]", "\"x\"", "[1]"],
    ),
    ("include_unused", &["true", "false", "1"]),
    ("exact_match", &["true", "false", "1"]),
    ("domain", &["\"\"", "\"x\"", "1"]),
    ("tags", &["null", "[]", "[\"x\"]", "1"]),
    ("host", &["\"\"", "\"x\"", "1"]),
    ("nope", &["1"]),
];

impl Generator {
    /// One odd request of any kind.
    pub fn odd(&mut self) {
        match self.random.below(20) {
            0..2 => self.odd_stream(),
            2 => self.odd_update(),
            3..7 => self.odd_consumer(),
            7..9 => self.odd_consumer_request(),
            9..12 => self.odd_get(),
            12..15 => self.odd_publish(),
            15 => self.odd_purge(),
            16 => self.odd_page(),
            17 | 18 => self.odd_call(),
            _ => self.odd_system(),
        }
    }

    pub fn odd_filter(&mut self) -> String {
        match self.random.one_in(2) {
            true => self.filter(),
            false => self.random.pick(FILTERS).into(),
        }
    }

    /// `count` fields of a table, which may be the same one twice; `FILTER` stands for any.
    pub fn odd_fields(&mut self, table: Table, count: u64) -> Vec<String> {
        let mut fields = Vec::new();
        for _ in 0..count {
            let (name, values) = table[self.random.below(table.len() as u64) as usize];
            let value = self.random.pick(values);
            let mut parts = value.split("FILTER");
            let mut text = format!("\"{name}\":{}", parts.next().unwrap_or_default());
            for part in parts {
                text += &format!("\"{}\"{part}", self.odd_filter());
            }
            fields.push(text);
        }
        fields
    }

    fn odd_object(&mut self, table: Table, most: u64) -> String {
        if self.random.one_in(12) {
            return self.random.pick(BODIES).into();
        }
        let count = 1 + self.random.below(most);
        format!("{{{}}}", self.odd_fields(table, count).join(","))
    }

    pub fn odd_get(&mut self) {
        let stream = self.stream();
        let payload = self.odd_object(GETS, 4);
        if self.random.one_in(3) || !self.answers_alone(stream) {
            return self.request(format!("$JS.API.STREAM.MSG.GET.{stream}"), payload);
        }
        let subject = format!("$JS.API.DIRECT.GET.{stream}");
        if self.random.one_in(4) {
            let filter = self.odd_filter();
            // What has a blank is another command.
            if !filter.is_empty() && !filter.contains([' ', '\\']) {
                let payload = match self.random.one_in(3) {
                    true => payload,
                    false => self.random.pick(BODIES).into(),
                };
                return self.request(format!("{subject}.{filter}"), payload);
            }
        }
        self.request(subject, payload);
    }

    fn odd_purge(&mut self) {
        let stream = self.stream();
        if self.random.one_in(3) {
            let payload = self.odd_object(DELETES, 2);
            return self.request(format!("$JS.API.STREAM.MSG.DELETE.{stream}"), payload);
        }
        let payload = self.odd_object(PURGES, 3);
        self.request(format!("$JS.API.STREAM.PURGE.{stream}"), payload);
    }

    pub fn odd_page(&mut self) {
        let stream = self.stream();
        let request = match self.random.below(5) {
            0 => "STREAM.NAMES".into(),
            1 => "STREAM.LIST".into(),
            2 => format!("CONSUMER.NAMES.{stream}"),
            3 => format!("CONSUMER.LIST.{stream}"),
            _ => format!("STREAM.INFO.{stream}"),
        };
        let payload = self.odd_object(PAGES, 2);
        self.request(format!("$JS.API.{request}"), payload);
    }

    /// Anything of the API with a body that it does not expect.
    fn odd_call(&mut self) {
        let (stream, name) = (self.stream(), self.odd_name());
        let request = self.random.pick(REQUESTS);
        let tokens = request.split('.').map(|token| match token {
            "S" => stream,
            "C" => name,
            token => token,
        });
        let request = tokens.collect::<Vec<_>>().join(".");
        let payload = match request.starts_with("STREAM.LEADER") || self.random.one_in(4) {
            true => String::new(),
            false => self.random.pick(BODIES).into(),
        };
        self.request(format!("$JS.API.{request}"), payload);
    }

    fn odd_system(&mut self) {
        let subject = self.random.pick(SYSTEM);
        let payload = match self.random.one_in(3) {
            true => self.random.pick(BODIES).into(),
            false => self.odd_object(SYSTEM_FIELDS, 2),
        };
        self.request(format!("$SYS.REQ.{subject}"), payload);
    }
}
