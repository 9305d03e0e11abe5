//! Queue groups, as a client sees them.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::Bench;

/// The groups on a subject come in the order of their first members. Were each looked for among all, this would take minutes.
#[test]
fn many_groups_on_one_subject() {
    const MANY: usize = 5_000;
    let mut bench = Bench::new();
    for n in 0..MANY {
        bench.send(&format!("SUB foo g{n} s{n}\r\n"));
    }
    for _ in 0..50 {
        let text = bench.send("PUB foo 0\r\n\r\n");
        let sids = text.lines().filter_map(|l| l.split(' ').nth(2));
        assert!(sids.eq((0..MANY).map(|n| format!("s{n}"))));
    }
}

/// Who is closed by a message it cannot take as a member of one group, and was in others, does not end their turn.
#[test]
fn a_member_that_is_closed_meanwhile() {
    let mut bench = Bench::new();
    let slow = bench.open();
    bench.send_as(
        slow,
        "CONNECT {\"verbose\":false}\r\nSUB bar g 1\r\nSUB bar h 2\r\n",
    );
    bench.send("SUB bar h 8\r\nSUB bar i 9\r\n");
    let message = format!("PUB bar 1048576\r\n{}\r\n", "x".repeat(1 << 20));
    for round in 0..100 {
        let got = bench.send(&message);
        assert!(got.contains("MSG bar 9 "), "{round}");
    }
    assert_eq!(bench.send(&message).matches("MSG bar ").count(), 2);
}
