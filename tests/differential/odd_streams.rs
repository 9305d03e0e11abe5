//! Odd configurations of streams, mostly of `U`, which has no other purpose where nothing is followed.

use crate::generate::Generator;
use crate::odd::Table;

/// What `U` may be. Nothing that ends within a sequence, and no size that one machine has and another has not.
const FIELDS: Table = &[
    (
        "description",
        &["\"\"", "\"d\"", "null", "1", "\"<&>\\u2028\\ud83d\\ude00\""],
    ),
    (
        "subjects",
        &[
            "[]",
            "null",
            "[\"u\"]",
            "[\"u.>\"]",
            "[\"u.*\",\"u.a.b\"]",
            "[\"u.*\",\"u.a\"]",
            "[\"u.a\",\"u.a\"]",
            "[\">\"]",
            "[\"u.>.a\"]",
            "[\"u..a\"]",
            "[\"u.\"]",
            "[\".u\"]",
            "[\"\"]",
            "[\"u a\"]",
            "[\"u.*x\"]",
            "[\"u.a>\"]",
            "[\"$JS.API.>\"]",
            "[\"$JS.>\"]",
            "[\"$JS.EVENT.x\"]",
            "[\"$SYS.>\"]",
            "[\"$SYS.ACCOUNT.x\"]",
            "[\"$NRG.x\"]",
            "[\"*.x\"]",
            "[\"s.a\"]",
            "[\"*.>\"]",
            "[null]",
            "[1]",
            "\"u\"",
            "[\"u\",null,\"v.u\"]",
            "[\"u.\\u00e9\"]",
            "[\"u\\u0000\"]",
            "[\"_INBOX.u\"]",
            "[\"$MQTT.u\"]",
        ],
    ),
    (
        "retention",
        &[
            "\"limits\"",
            "\"interest\"",
            "\"workqueue\"",
            "\"Limits\"",
            "\"\"",
            "null",
            "0",
        ],
    ),
    (
        "max_consumers",
        &["0", "-1", "-2", "1", "4000000000", "9223372036854775807"],
    ),
    (
        "max_msgs",
        &[
            "0",
            "-1",
            "-2",
            "2",
            "-9223372036854775808",
            "9223372036854775807",
        ],
    ),
    (
        "max_bytes",
        &["0", "-1", "-2", "1", "300", "9223372036854775807"],
    ),
    (
        "max_age",
        &[
            "0",
            "-1",
            "1",
            "99999999",
            "3600000000000",
            "9223372036854775807",
            "\"1h\"",
            "1.5",
        ],
    ),
    (
        "max_msgs_per_subject",
        &["0", "-1", "-2", "1", "2", "9223372036854775807"],
    ),
    (
        "max_msg_size",
        &[
            "0",
            "-1",
            "-2",
            "1",
            "20",
            "2147483647",
            "2147483648",
            "-2147483648",
        ],
    ),
    (
        "discard",
        &["\"old\"", "\"new\"", "\"NEW\"", "\"\"", "null", "1"],
    ),
    (
        "storage",
        &[
            "\"file\"",
            "\"memory\"",
            "\"Memory\"",
            "\"any\"",
            "\"\"",
            "null",
            "22",
        ],
    ),
    (
        "num_replicas",
        &["0", "1", "-1", "2", "5", "6", "4000000000"],
    ),
    ("no_ack", &["true", "false", "null"]),
    ("template_owner", &["\"\"", "\"x\""]),
    (
        "duplicate_window",
        &[
            "0",
            "-1",
            "1",
            "99999999",
            "60000000000",
            "7200000000000",
            "9223372036854775807",
        ],
    ),
    (
        "placement",
        &[
            "null",
            "{}",
            "{\"cluster\":\"\"}",
            "{\"cluster\":\"c\"}",
            "{\"tags\":[]}",
            "{\"tags\":null}",
            "{\"tags\":[\"a\",\"\"]}",
            "{\"tags\":[\"a\",\"a\"]}",
            "{\"preferred\":\"p\"}",
            "{\"preferred\":\"\"}",
            "{\"cluster\":\"c\",\"tags\":[\"!a\"],\"preferred\":\"p\"}",
            "{\"nope\":1}",
            "[]",
            "\"c\"",
        ],
    ),
    (
        "mirror",
        &[
            "null",
            "{}",
            "{\"name\":\"\"}",
            "{\"name\":\"U\"}",
            "{\"name\":\"a.b\"}",
            "{\"name\":\"S\",\"filter_subject\":\"s..a\"}",
            "{\"name\":\"S\",\"subject_transforms\":[{\"src\":\"s.*\",\"dest\":\"{{x}}\"}]}",
            "{\"name\":\"S\",\"subject_transforms\":[{\"src\":\"s.*\",\"dest\":\"a\"},{\"src\":\"s.>\",\"dest\":\"b\"}]}",
            "{\"name\":\"S\",\"filter_subject\":\"s.a\",\"subject_transforms\":[{\"src\":\"s.*\",\"dest\":\"a\"}]}",
            "{\"name\":\"S\",\"consumer\":{}}",
            "{\"name\":\"S\",\"consumer\":{\"name\":\"a b\",\"deliver_subject\":\"x\"}}",
            "{\"nope\":1}",
            "[]",
            "\"S\"",
        ],
    ),
    (
        "sources",
        &[
            "null",
            "[]",
            "[null]",
            "[{}]",
            "[{\"name\":\"\"}]",
            "[{\"name\":\"U\"}]",
            "[{\"name\":\"a.b\"}]",
            "[{\"name\":\"NONE\"},{\"name\":\"NONE\"}]",
            "[{\"name\":\"S\",\"subject_transforms\":[{\"src\":\"s..a\",\"dest\":\"a\"}]}]",
            "[{\"name\":\"S\",\"subject_transforms\":[{\"src\":\"s.*\",\"dest\":\"a\"},{\"src\":\"s.*\",\"dest\":\"b\"}]}]",
            "[{\"name\":\"S\",\"external\":{\"api\":\"$JS.API\"}}]",
            "[{\"name\":\"S\",\"external\":{\"api\":\"a.>\"}}]",
            "[{\"name\":\"S\",\"external\":{\"api\":\"a\",\"deliver\":\"*\"}}]",
            "[{\"name\":\"S\",\"consumer\":{\"name\":\"\"}}]",
            "{}",
            "\"S\"",
            "[{\"nope\":1}]",
        ],
    ),
    (
        "compression",
        &["\"none\"", "\"s2\"", "\"S2\"", "\"\"", "null", "0", "true"],
    ),
    ("subject_transform", TRANSFORMS),
    ("subject_transform", TRANSFORMS),
    (
        "republish",
        &[
            "null",
            "{}",
            "{\"src\":\">\",\"dest\":\">\"}",
            "{\"src\":\"\",\"dest\":\"\"}",
            "{\"src\":\"u.>\",\"dest\":\"rp.>\"}",
            "{\"src\":\"u.*\",\"dest\":\"rp.$1\"}",
            "{\"src\":\"u.*\",\"dest\":\"rp.$2\"}",
            "{\"src\":\"\",\"dest\":\"rp.>\",\"headers_only\":true}",
            "{\"src\":\"u.*\",\"dest\":\"u.a\"}",
            "{\"src\":\"u.*\",\"dest\":\"rp\"}",
            "{\"src\":\"u.a\",\"dest\":\"rp.*\"}",
            "{\"src\":\"u..a\",\"dest\":\"rp\"}",
            "{\"src\":\"u.*\",\"dest\":\"rp..x\"}",
            "{\"src\":\"none\",\"dest\":\"rp.x\"}",
            "{\"src\":\"u.*\",\"dest\":\"{{partition(3,1)}}.rp\"}",
            "{\"src\":\"u.*\",\"dest\":\"\"}",
            "{\"dest\":\"rp\"}",
            "{\"src\":\"u.>\"}",
            "{\"src\":\">\",\"dest\":\"$JS.API.x.>\"}",
            "{\"nope\":1}",
            "[]",
            "\"x\"",
        ],
    ),
    ("allow_direct", &["true", "false", "null"]),
    ("mirror_direct", &["true", "false"]),
    ("discard_new_per_subject", &["true", "false"]),
    ("sealed", &["true", "false"]),
    ("deny_delete", &["true", "false"]),
    ("deny_purge", &["true", "false"]),
    ("allow_rollup_hdrs", &["true", "false"]),
    (
        "consumer_limits",
        &[
            "null",
            "{}",
            "{\"inactive_threshold\":-1}",
            "{\"max_ack_pending\":-1}",
            "{\"max_ack_pending\":5,\"inactive_threshold\":3600000000000}",
            "{\"inactive_threshold\":\"1h\"}",
            "{\"nope\":1}",
            "[]",
            "{\"max_ack_pending\":9223372036854775807}",
        ],
    ),
    ("allow_msg_ttl", &["true", "false"]),
    (
        "subject_delete_marker_ttl",
        &[
            "0",
            "-1",
            "1",
            "999999999",
            "1000000000",
            "3600000000001",
            "9223372036854775807",
            "\"1h\"",
        ],
    ),
    ("allow_msg_counter", &["true", "false"]),
    ("allow_atomic", &["true", "false"]),
    ("allow_msg_schedules", &["true", "false"]),
    ("allow_batched", &["true", "false"]),
    (
        "persist_mode",
        &["\"\"", "\"default\"", "\"async\"", "\"x\"", "null", "1"],
    ),
    (
        "metadata",
        &[
            "null",
            "{}",
            "{\"a\":\"b\",\"\":\"\"}",
            "{\"a\":null}",
            "{\"a\":1}",
            "{\"_nats.req.level\":\"9\"}",
            "{\"_nats.ver\":\"x\",\"_nats.level\":\"0\"}",
            "{\"_nats.x\":\"y\"}",
            "{\"b\":\"1\",\"a\":\"2\",\"b\":\"3\"}",
            "[]",
        ],
    ),
    ("pedantic", &["true", "false", "null", "1"]),
    (
        "name",
        &[
            "\"U\"", "\"u\"", "\"\"", "\"a.b\"", "\"a/b\"", "\"a b\"", "null", "1",
        ],
    ),
    ("created", &["\"2020-01-01T00:00:00Z\""]),
    ("nope", &["1", "null"]),
];

const TRANSFORMS: &[&str] = &[
    "null",
    "{}",
    "{\"src\":\"\",\"dest\":\"\"}",
    "{\"src\":\"u.*\",\"dest\":\"u.x\"}",
    "{\"src\":\"u.>\",\"dest\":\"v.>\"}",
    "{\"src\":\">\",\"dest\":\"v.>\"}",
    "{\"src\":\"\",\"dest\":\"v.>\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.$1\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.$2\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.$0\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.*\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.>\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{wildcard(1)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{wildcard(2)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{Wildcard( 1 )}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{wildcard()}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{wildcard(x)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{wildcard(1,1)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{partition(5)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{partition(0,1)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{partition(-1,1)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{partition(99999999999,1)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{partition(5,1,1)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{partition(5,9)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{split(1,-)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{split(1)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{split(1,.)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{slicefromleft(1,2)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{SliceFromRight(1,0)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{left(1,1)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{right(1,9)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{splitfromleft(1,1)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{splitfromright(1,-1)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{nope(1)}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{\"}",
    "{\"src\":\"u.*\",\"dest\":\"v.{{}}\"}",
    "{\"src\":\"u.*\",\"dest\":\"{{wildcard(1)}}{{wildcard(1)}}\"}",
    "{\"src\":\"u.a\",\"dest\":\"v.{{wildcard(1)}}\"}",
    "{\"src\":\"u.a\",\"dest\":\"v.$1\"}",
    "{\"src\":\"u..a\",\"dest\":\"v\"}",
    "{\"src\":\"u.*\",\"dest\":\"v..x\"}",
    "{\"src\":\"u.*\",\"dest\":\"\"}",
    "{\"src\":\"u.*\"}",
    "{\"dest\":\"v.x\"}",
    "{\"nope\":1}",
    "[]",
];

impl Generator {
    /// Creates or changes `U`, or does something with it.
    pub fn odd_stream(&mut self) {
        match self.random.below(8) {
            0 => {
                let subject = self
                    .random
                    .pick(&["u.a", "u", "U", "u.a.b", "u.x-y", "v.u", "v.a"]);
                self.request(subject, "v");
            }
            1 => {
                let subject = self.random.pick(&[
                    "STREAM.INFO.U",
                    "STREAM.DELETE.U",
                    "STREAM.PURGE.U",
                    "DIRECT.GET.U.u.a",
                ]);
                self.request(format!("$JS.API.{subject}"), "");
            }
            2 => self.request("$JS.API.STREAM.MSG.GET.U", "{\"last_by_subj\":\">\"}"),
            3 | 4 => self.odd_config("UPDATE"),
            _ => self.odd_config("CREATE"),
        }
    }

    /// Changes the stream that everything is about.
    pub fn odd_update(&mut self) {
        // Not what it is for (see differences.md), what it cannot be changed to, or features that there are not.
        const NOT: &[&str] = &[
            "retention",
            "mirror",
            "sources",
            "storage",
            "allow_msg_counter",
            "allow_atomic",
            "allow_msg_schedules",
            "allow_batched",
        ];
        let (config, count) = (self.stream_config(), 1 + self.random.below(2));
        let mut fields = self.odd_fields(FIELDS, count);
        fields.retain(|field| {
            !NOT.iter()
                .any(|name| field.starts_with(&format!("\"{name}\"")))
        });
        let name = if self.bucket { "KV_a" } else { "S" };
        let verb = self.random.pick(&["CREATE", "UPDATE", "UPDATE"]);
        let open = config.trim_end_matches('}');
        let fields: String = fields.iter().map(|field| format!(",{field}")).collect();
        self.request(
            format!("$JS.API.STREAM.{verb}.{name}"),
            format!("{open}{fields}}}"),
        );
    }

    fn odd_config(&mut self, verb: &str) {
        let mut fields = vec!["\"name\":\"U\"".to_string()];
        if !self.random.one_in(4) {
            fields.push("\"subjects\":[\"u.*\"]".into());
        }
        let count = self.random.below(4);
        fields.extend(self.odd_fields(FIELDS, count));
        if verb == "CREATE" && self.random.one_in(8) {
            let first = self.random.pick(&[
                "0",
                "1",
                "5",
                "9007199254740993",
                "-1",
                "18446744073709551616",
                "\"5\"",
            ]);
            fields.push(format!("\"first_seq\":{first}"));
        }
        let at = self.random.below(fields.len() as u64) as usize;
        fields.rotate_left(at);
        self.request(
            format!("$JS.API.STREAM.{verb}.U"),
            format!("{{{}}}", fields.join(",")),
        );
    }
}
