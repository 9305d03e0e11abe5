//! Streams and their messages, asked for by a client. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::{Bench, number};

/// A `>` that is not the last token matches nothing, wherever a filter may be given.
#[test]
fn a_filter_with_its_rest_in_the_middle_matches_nothing() {
    for filter in ["s.>.a", ">.a", "s.>.*"] {
        let mut bench = Bench::new();
        bench.ask(
            "STREAM.CREATE.S",
            "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"allow_direct\":true}",
        );
        bench.publish(&["s.a", "s.b", "s.b.a", "s.a.b.a"]);
        let info = bench.ask(
            "STREAM.INFO.S",
            &format!("{{\"subjects_filter\":\"{filter}\"}}"),
        );
        assert_eq!(number(&info, "total"), 0, "{filter}: {info}");
        let missing = "404 Message Not Found\r\n";
        for (request, payload, want) in [
            (
                "STREAM.MSG.GET.S",
                "{\"last_by_subj\":\"FILTER\"}",
                "\"err_code\":10037",
            ),
            (
                "STREAM.MSG.GET.S",
                "{\"seq\":1,\"next_by_subj\":\"FILTER\"}",
                "\"err_code\":10037",
            ),
            ("DIRECT.GET.S.FILTER", "", missing),
            (
                "DIRECT.GET.S",
                "{\"batch\":3,\"seq\":1,\"next_by_subj\":\"FILTER\"}",
                missing,
            ),
            (
                "DIRECT.GET.S",
                "{\"multi_last\":[\"FILTER\"]}",
                "404 No Results\r\n",
            ),
            ("STREAM.PURGE.S", "{\"filter\":\"FILTER\"}", "\"purged\":0"),
            (
                "STREAM.PURGE.S",
                "{\"filter\":\"FILTER\",\"keep\":1}",
                "\"purged\":0",
            ),
        ] {
            let answer = bench.ask(
                &request.replace("FILTER", filter),
                &payload.replace("FILTER", filter),
            );
            assert!(
                answer.contains(want),
                "{filter}, {request} {payload}: {answer}"
            );
        }
    }
}
