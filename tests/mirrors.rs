//! What mirrors answer, seen by a client. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::Bench;
use nats_kv_playground::wire::time::SECOND;

/// With a stream `O` of `o.1`, `o.2`, `o.3`, mirrors `A` and `B` of it, and `C`, of `o.1` alone.
fn mirrored() -> Bench {
    let mut bench = Bench::new();
    origin(&mut bench, "CREATE", true);
    bench.publish(&["o.1", "o.2", "o.3"]);
    for (name, more) in [("A", ""), ("B", ""), ("C", ",\"filter_subject\":\"o.1\"")] {
        let mirror = format!("{{\"name\":\"{name}\",\"mirror\":{{\"name\":\"O\"{more}}}}}");
        bench.ask(&format!("STREAM.CREATE.{name}"), &mirror);
    }
    bench.wait(SECOND);
    bench
}

fn origin(bench: &mut Bench, verb: &str, direct: bool) {
    let config = format!("{{\"name\":\"O\",\"subjects\":[\"o.>\"],\"allow_direct\":{direct}}}");
    bench.ask(&format!("STREAM.{verb}.O"), &config);
}

/// Which streams answer a direct get, and how if none has it; in alphabetical order.
fn answers(bench: &mut Bench, request: &str, payload: &str) -> Vec<String> {
    let mut all: Vec<String> = (0..60)
        .map(|_| {
            let answer = bench.ask(request, payload);
            assert_eq!(answer.matches("MSG r ").count(), 1, "{answer}");
            let stream = answer.lines().find_map(|l| l.strip_prefix("Nats-Stream: "));
            let status = answer.lines().find_map(|l| l.strip_prefix("NATS/1.0 "));
            stream.or(status).unwrap_or_default().to_owned()
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn mirrors_answer_direct_gets_for_their_origin() {
    const MISSING: &str = "404 Message Not Found";
    let (first, second) = ("{\"seq\":1}", "DIRECT.GET.O.o.2");
    let mut bench = mirrored();
    assert_eq!(
        answers(&mut bench, "DIRECT.GET.O", first),
        ["A", "B", "C", "O"]
    );
    // The filtered one answers for what it does not have, too.
    assert_eq!(answers(&mut bench, second, ""), [MISSING, "A", "B", "O"]);
    assert_eq!(answers(&mut bench, "DIRECT.GET.A", first), ["503"]);

    origin(&mut bench, "UPDATE", false);
    assert_eq!(answers(&mut bench, "DIRECT.GET.O", first), ["A", "B", "C"]);
    let off = "{\"name\":\"A\",\"mirror\":{\"name\":\"O\"},\"mirror_direct\":false}";
    bench.ask("STREAM.UPDATE.A", off);
    assert_eq!(answers(&mut bench, second, ""), [MISSING, "B"]);

    bench.ask("STREAM.DELETE.O", "");
    assert_eq!(answers(&mut bench, "DIRECT.GET.O", first), ["B", "C"]);
    bench.ask("STREAM.DELETE.B", "");
    bench.ask("STREAM.DELETE.C", "");
    assert_eq!(answers(&mut bench, "DIRECT.GET.O", first), ["503"]);
}

#[test]
fn a_missing_origin_elsewhere_is_no_error() {
    let mut bench = mirrored();
    let elsewhere = ",\"external\":{\"api\":\"$JS.x.API\",\"deliver\":\"d\"}";
    for (more, error) in [("", true), (elsewhere, false)] {
        let config = format!("{{\"name\":\"S\",\"sources\":[{{\"name\":\"NOPE\"{more}}}]}}");
        bench.ask("STREAM.CREATE.S", &config);
        bench.wait(3 * SECOND);
        let info = bench.ask("STREAM.INFO.S", "");
        let want =
            ",\"error\":{\"code\":404,\"err_code\":10059,\"description\":\"stream not found\"}";
        assert!(info.contains("\"active\":-1"), "{info}");
        assert_eq!(info.contains(want), error, "{info}");
        bench.ask("STREAM.DELETE.S", "");
    }
}
