//! When a client that does not read what it is sent is given up, as nats-server 2.15.2 does.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::bench::start;
use nats_kv_playground::server::{ConnectionId, Output, Peer, Server};
use nats_kv_playground::wire::time::Time;

/// A server, a client that gets all on `foo`, and one that sends.
struct Bench {
    server: Server,
    slow: ConnectionId,
    fast: ConnectionId,
    now: Time,
}

impl Bench {
    fn new() -> Bench {
        let (mut server, slow, now) = start();
        let fast = server.connect(Peer::default(), now);
        server.receive(slow, b"CONNECT {\"verbose\":false}\r\nSUB foo 1\r\n", now);
        server.receive(fast, b"CONNECT {\"verbose\":false}\r\n", now);
        server.take_output(slow);
        Bench {
            server,
            slow,
            fast,
            now,
        }
    }

    /// Sends so many messages of a mebibyte, and takes what is there for the slow client then.
    fn send(&mut self, messages: usize) -> Output {
        let message = format!("PUB foo 1048576\r\n{}\r\n", "x".repeat(1 << 20));
        for _ in 0..messages {
            self.server.receive(self.fast, message.as_bytes(), self.now);
        }
        self.server.take_output(self.slow)
    }
}

fn is_given_up(output: &Output) -> bool {
    output.bytes.is_empty() && output.close.as_deref() == Some("Slow Consumer (Pending Bytes)")
}

#[test]
fn a_client_that_does_not_read_is_closed() {
    let mut bench = Bench::new();
    let taken = bench.send(63);
    assert_eq!((taken.bytes.len() >> 20, taken.close), (63, None));
    assert!(is_given_up(&bench.send(64)));
}

/// What was handed to the socket counts until it is written.
#[test]
fn what_is_being_written_counts_as_pending() {
    for (written, given_up) in [(true, false), (false, true)] {
        let mut bench = Bench::new();
        let taken = bench.send(40);
        bench.server.writing(bench.slow, taken.bytes.len());
        assert_eq!(bench.send(23).close, None);
        if written {
            bench.server.writing(bench.slow, 0);
        }
        assert_eq!(is_given_up(&bench.send(24)), given_up, "written: {written}");
    }
}

/// An answer longer than that is no reason, and neither is what comes while it is written.
#[test]
fn a_long_answer_may_be_written() {
    let mut bench = Bench::new();
    bench.server.writing(bench.slow, 100 << 20);
    let taken = bench.send(3);
    assert_eq!((taken.bytes.len() >> 20, taken.close), (3, None));
}
