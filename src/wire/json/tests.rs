//! Expected texts are those of Go 1.26's `encoding/json`, seen through nats-server 2.15.2.

use crate::wire::sorted::Sorted;

use super::*;

#[derive(Debug, Default, PartialEq)]
struct Source {
    name: String,
}

#[derive(Debug, Default, PartialEq)]
struct Request {
    name: String,
    subjects: Vec<String>,
    max_msgs: i64,
    max_msg_size: i64,
    first_seq: u64,
    sealed: bool,
    max_age: i64,
    mirror: Option<Source>,
    sources: Vec<Source>,
    retention: u8,
    metadata: Sorted<String, String>,
    start: Option<Moment>,
    pedantic: bool,
}

fn source(d: &mut Decoder, value: Value<'_>, into: &mut Source) {
    d.object(value, "StreamSource", &mut |d, name, value| {
        match name {
            "name" => d.string(value, &mut into.name),
            _ => return false,
        }
        true
    });
}

fn request(d: &mut Decoder, value: Value<'_>, into: &mut Request) {
    d.object(value, "StreamConfigRequest", &mut |d, name, value| {
        if name == "pedantic" {
            d.bool(value, &mut into.pedantic);
            return true;
        }
        d.embedded("StreamConfig");
        match name {
            "name" => d.string(value, &mut into.name),
            "subjects" => d.strings(value, &mut into.subjects),
            "max_msgs" => d.int64(value, &mut into.max_msgs),
            "max_msg_size" => d.int32(value, &mut into.max_msg_size),
            "first_seq" => d.uint64(value, &mut into.first_seq),
            "sealed" => d.bool(value, &mut into.sealed),
            "max_age" => d.duration(value, &mut into.max_age),
            "mirror" if value.is_null() => into.mirror = None,
            "mirror" => source(d, value, into.mirror.get_or_insert_default()),
            "sources" => d.list(value, "*server.StreamSource", &mut into.sources, source),
            "metadata" => d.map(value, &mut into.metadata),
            "opt_start_time" => d.moment(value, &mut into.start),
            "retention" => {
                let read = d.unmarshal(value, |raw| match raw {
                    b"\"limits\"" => Ok(1),
                    _ => Err(Decoder::bad_enum(raw)),
                });
                into.retention = read.unwrap_or(0);
            }
            _ => return false,
        }
        true
    });
}

fn read(text: &str) -> Result<Request, String> {
    let mut into = Request::default();
    decode(text.as_bytes(), |d, value| request(d, value, &mut into))?;
    Ok(into)
}

#[test]
fn syntax_errors() {
    for (text, want) in [
        (
            "x",
            "invalid character 'x' looking for beginning of value at offset 1",
        ),
        (
            "{x",
            "invalid character 'x' looking for beginning of object key string at offset 2",
        ),
        (
            "{\"a\" 1",
            "invalid character '1' after object key at offset 6",
        ),
        (
            "{\"a\":1 \"b\"",
            "invalid character '\"' after object key:value pair at offset 8",
        ),
        (
            "{\"a\":[1 2]}",
            "invalid character '2' after array element at offset 9",
        ),
        (
            "{\"a\":[1,]}",
            "invalid character ']' looking for beginning of value at offset 9",
        ),
        (
            "{\"a\":1,}",
            "invalid character '}' looking for beginning of object key string at offset 8",
        ),
        (
            "{\"a\":trux",
            "invalid character 'x' in literal true (expecting 'e') at offset 9",
        ),
        (
            "{\"a\":\"\\x\"",
            "invalid character 'x' in string escape code at offset 8",
        ),
        (
            "{\"a\":\"\\u12'\"",
            "invalid character '\\'' in \\u hexadecimal character escape at offset 11",
        ),
        (
            "{\"a\":\"\x01\"",
            "invalid character '\\x01' in string literal at offset 7",
        ),
        (
            "{\"a\":-x",
            "invalid character 'x' in numeric literal at offset 7",
        ),
        (
            "{\"a\":1.x",
            "invalid character 'x' after decimal point in numeric literal at offset 8",
        ),
        (
            "{\"a\":1ex",
            "invalid character 'x' in exponent of numeric literal at offset 8",
        ),
        (
            "é",
            "invalid character 'Ã' looking for beginning of value at offset 1",
        ),
        (
            "{} x",
            "invalid character 'x' looking for beginning of value at offset 4",
        ),
        (
            "{\"a\":01}",
            "invalid character '1' after object key:value pair at offset 7",
        ),
        ("{", "unexpected EOF"),
        ("{\"name\":\"a", "unexpected EOF"),
        ("{\"name\":tr", "unexpected EOF"),
    ] {
        assert_eq!(read(text), Err(want.to_owned()), "{text}");
    }
}

#[test]
fn type_errors() {
    let field = "into Go struct field StreamConfigRequest.StreamConfig";
    for (text, want) in [
        ("[]", "json: cannot unmarshal array into Go value of type server.StreamConfigRequest".to_owned()),
        ("{\"max_msgs\":\"5\"}", format!("json: cannot unmarshal string {field}.max_msgs of type int64")),
        ("{\"MAX_msgs\":1.5}", format!("json: cannot unmarshal number 1.5 {field}.max_msgs of type int64")),
        ("{\"max_msgs\":1e3}", format!("json: cannot unmarshal number 1e3 {field}.max_msgs of type int64")),
        ("{\"first_seq\":-1}", format!("json: cannot unmarshal number -1 {field}.first_seq of type uint64")),
        ("{\"max_msg_size\":2147483648}", format!("json: cannot unmarshal number 2147483648 {field}.max_msg_size of type int32")),
        ("{\"max_age\":\"1s\"}", format!("json: cannot unmarshal string {field}.max_age of type time.Duration")),
        ("{\"subjects\":\"a\"}", format!("json: cannot unmarshal string {field}.subjects of type []string")),
        ("{\"subjects\":[1]}", format!("json: cannot unmarshal number {field}.subjects of type string")),
        ("{\"sealed\":1}", format!("json: cannot unmarshal number {field}.sealed of type bool")),
        ("{\"mirror\":{\"name\":5}}", "json: cannot unmarshal number into Go struct field StreamSource.StreamConfig.mirror.name of type string".to_owned()),
        ("{\"mirror\":5}", format!("json: cannot unmarshal number {field}.mirror of type server.StreamSource")),
        ("{\"sources\":[7]}", format!("json: cannot unmarshal number {field}.sources of type server.StreamSource")),
        ("{\"sources\":{}}", format!("json: cannot unmarshal object {field}.sources of type []*server.StreamSource")),
        ("{\"metadata\":{\"a\":1}}", format!("json: cannot unmarshal number {field}.metadata of type string")),
        ("{\"pedantic\":\"x\"}", "json: cannot unmarshal string into Go struct field StreamConfigRequest.pedantic of type bool".to_owned()),
        ("{\"nope\":1,\"max_msgs\":\"5\"}", "json: unknown field \"nope\"".to_owned()),
        ("{\"mirror\":{\"Nope\":5}}", "json: unknown field \"Nope\"".to_owned()),
        ("{\"nope\":1,\"retention\":\"Limits\"}", "can not unmarshal \"\\\"Limits\\\"\"".to_owned()),
        ("{\"retention\":null}", "can not unmarshal \"null\"".to_owned()),
        ("{\"opt_start_time\":\"bad\"}", "parsing time \"bad\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"bad\" as \"2006\"".to_owned()),
        ("{\"opt_start_time\":\"é<&>\"}", "parsing time \"\\xc3\\xa9<&>\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\\xc3\\xa9<&>\" as \"2006\"".to_owned()),
        ("{\"opt_start_time\":1}", "Time.UnmarshalJSON: input is not a JSON string".to_owned()),
    ] {
        assert_eq!(read(text), Err(want), "{text}");
    }
}

#[test]
fn bytes_of_a_time_are_shown() {
    let text = b"{\"opt_start_time\":\"\xff\xc3\xa9\"}";
    let got = decode(text, |d, value| request(d, value, &mut Request::default()));
    let shown = "\"\\xff\\xc3\\xa9\"";
    let want = format!(
        "parsing time {shown} as \"2006-01-02T15:04:05Z07:00\": cannot parse {shown} as \"2006\""
    );
    assert_eq!(got, Err(want));
}

#[test]
fn values_overlay_each_other() {
    let got = read(
        "{\"name\":\"S\",\"subjects\":[\"a\",\"b\"],\"mirror\":{\"name\":\"m\"}} {\"NAME\":null,\"max_msgs\":5,\"subjects\":[\"c\"],\"mirror\":null}",
    );
    let want = Request {
        name: "S".into(),
        subjects: vec!["c".into()],
        max_msgs: 5,
        ..Request::default()
    };
    assert_eq!(got, Ok(want));
    assert_eq!(read(" \n"), Ok(Request::default()));
    assert_eq!(read("null"), Ok(Request::default()));
}

#[test]
fn strings_and_times() {
    let name = |text: &str| read(text).map(|request| request.name);
    assert_eq!(
        name(r#"{"name":"a\n\u00e9\ud83d\ude00\ud83dx\"\/"}"#),
        Ok("a\né😀\u{fffd}x\"/".into())
    );
    let start = |text: &str| {
        read(&format!("{{\"opt_start_time\":\"{text}\"}}")).map(|r| r.start.expect("set"))
    };
    for (text, shown, ns) in [
        (
            "2026-11-24T16:19:09.500Z",
            "2026-11-24T16:19:09.5Z",
            1_795_537_149_500_000_000,
        ),
        (
            "2026-11-24T17:19:09+01:00",
            "2026-11-24T17:19:09+01:00",
            1_795_537_149_000_000_000,
        ),
        (
            "2026-11-24T16:19:09+00:00",
            "2026-11-24T16:19:09Z",
            1_795_537_149_000_000_000,
        ),
        (
            "2026-11-24T17:19:09+00:60",
            "2026-11-24T17:19:09+01:00",
            1_795_537_149_000_000_000,
        ),
        (
            "2026-11-25T6:19:09,250+24:00",
            "2026-11-25T06:19:09.25+24:00",
            1_795_501_149_250_000_000,
        ),
    ] {
        let moment = start(text).expect("valid");
        assert_eq!((moment.text.as_str(), moment.time.0), (shown, ns));
    }
    assert!(
        start("2026-02-30T00:00:00Z")
            .unwrap_err()
            .ends_with("day out of range")
    );
    for (zone, end) in [
        ("+01:00x", "extra text: \"x\""),
        ("Z01:00", "extra text: \"01:00\""),
        ("+25:00", "time zone offset hour out of range"),
    ] {
        let refused = start(&format!("2026-11-24T16:19:09{zone}")).unwrap_err();
        assert!(refused.ends_with(end), "{refused}");
    }
    assert!(start("0001-01-01T00:00:00Z").is_ok() && start("9999-12-31T00:00:00Z").is_ok());
}

#[test]
fn deep_nesting_is_no_danger() {
    let deep = "[".repeat(10_001);
    assert_eq!(
        read(&deep).unwrap_err(),
        "invalid character '[' exceeded max depth at offset 10001"
    );
    let nested = format!("{{\"name\":{}1{}}}", "[".repeat(9_000), "]".repeat(9_000));
    assert!(
        read(&nested)
            .unwrap_err()
            .contains("cannot unmarshal array")
    );
}

#[test]
fn what_counts_as_empty() {
    for text in ["", "{}", " { }\n"] {
        assert!(is_empty_request(text.as_bytes()), "{text}");
    }
    for text in [" ", "null", "[]", "{\"a\":1}", "{} {}", "{"] {
        assert!(!is_empty_request(text.as_bytes()), "{text}");
    }
    assert!(looks_like_json(b" [") && looks_like_json(b"{") && !looks_like_json(b"junk"));
}

#[test]
fn indenting() {
    let json = br#"{"a":[1,{"b":"{,\\\"}"}],"c":{},"d":[],"e":null}"#;
    let want = r#"{
  "a": [
    1,
    {
      "b": "{,\\\"}"
    }
  ],
  "c": {},
  "d": [],
  "e": null
}"#;
    assert_eq!(indent(json), want);
}

#[test]
fn writing() {
    let mut w = Writer::default();
    w.open()
        .key("a")
        .string("<&>\"\\\u{2028}\x01\n\u{7f}é")
        .key("b")
        .bytes(b"\xff\xfe");
    w.key("l")
        .open_list()
        .int(-1)
        .uint(2)
        .bool(true)
        .close_list();
    w.key("o")
        .open()
        .close()
        .key("t")
        .time(None)
        .key("d")
        .base64(b"ab")
        .close();
    assert_eq!(
        String::from_utf8_lossy(&w.finish()),
        "{\"a\":\"\\u003c\\u0026\\u003e\\\"\\\\\\u2028\\u0001\\n\u{7f}é\",\"b\":\"\\ufffd\\ufffd\",\"l\":[-1,2,true],\
         \"o\":{},\"t\":\"0001-01-01T00:00:00Z\",\"d\":\"YWI=\"}"
    );
}

#[test]
fn quoting() {
    for (text, quoted) in [
        ("\0\u{7f}\u{80}\u{ad}", "\\x00\\x7f\\u0080\\u00ad"),
        (
            "\u{200b}\u{202e}\u{2028}\u{feff}",
            "\\u200b\\u202e\\u2028\\ufeff",
        ),
        ("\u{e000}\u{e0001}", "\\ue000\\U000e0001"),
        ("é\u{301} <'>\u{1f600}", "é\u{301} <'>\u{1f600}"),
    ] {
        assert_eq!(quote(text.as_bytes()), format!("\"{quoted}\""));
    }
    assert_eq!(quote(b"\xff\"\\"), "\"\\xff\\\"\\\\\"");
}
