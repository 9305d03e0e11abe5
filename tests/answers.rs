//! How the server writes what it says, where that is not as one might think. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::Bench;

/// An acknowledgement is not the JSON of the other answers.
#[test]
fn an_acknowledgement_quotes_the_name_of_its_stream_as_go_does() {
    for (name, shown) in [
        ("R&D", "R&D"),
        ("a<b", "a<b"),
        ("a\"b", "a\\\"b"),
        ("a\u{200b}\u{ad}\u{a0}b", "a\\u200b\\u00ad\\u00a0b"),
        ("a\x01\x0b\x7fb", "a\\x01\\v\\x7fb"),
        ("é", "é"),
    ] {
        let mut bench = Bench::new();
        let escaped: String = name.encode_utf16().map(|c| format!("\\u{c:04x}")).collect();
        let config = format!("{{\"name\":\"{escaped}\",\"subjects\":[\"q\"]}}");
        bench.ask(&format!("STREAM.CREATE.{name}"), &config);
        let put = "HPUB q r 28 28\r\nNATS/1.0\r\nNats-Msg-Id: 1\r\n\r\n\r\n";
        for more in ["", ",\"duplicate\": true"] {
            let ack = bench.send(put);
            let want = format!("{{\"stream\":\"{shown}\",\"seq\":1{more}}}");
            assert!(ack.ends_with(&format!("\r\n{want}\r\n")), "{ack}");
        }
    }
}

/// As if another server of a cluster passed on what its client asks it.
#[test]
fn an_info_may_be_asked_for_as_the_answer_to_a_create() {
    let mut bench = Bench::new();
    let ask = |bench: &mut Bench, value: &str| {
        let block = format!("NATS/1.0\r\nNats-Response-Type: {value}\r\n\r\n");
        let size = block.len();
        bench.send(&format!(
            "HPUB $JS.API.STREAM.INFO.S r {size} {size}\r\n{block}\r\n"
        ))
    };
    for answer in [",\"error\":{\"code\":404", ",\"total\":0"] {
        for (value, kind) in [("create", "create"), ("other", "info")] {
            let want =
                format!("\"type\":\"io.nats.jetstream.api.v1.stream_{kind}_response\"{answer}");
            let got = ask(&mut bench, value);
            assert!(got.contains(&want), "{got}");
        }
        bench.ask("STREAM.CREATE.S", "{\"name\":\"S\"}");
    }
}
