//! A backup of somebody's: whatever it is, the server lives on; and what could be restored can be backed up and restored again.

use super::{Bench, SECOND};
use nats_kv_playground::server::jetstream::snapshot::s2::Encoder;
use nats_kv_playground::wire::op::ServerOp;
use nats_kv_playground::wire::parser::ServerOpParser;

/// What a client of the server sees: reply subjects and payloads.
type Seen = Vec<(String, Vec<u8>)>;

impl Bench {
    /// Publishes and collects what comes of it.
    fn exchange(&mut self, subject: &str, payload: &[u8]) -> Seen {
        self.drain();
        let line = format!("PUB {subject} r.1 {}\r\n", payload.len());
        let bytes = [line.as_bytes(), payload, b"\r\n"].concat();
        self.server.receive(self.client, &bytes, self.now);
        let output = self.server.take_output(self.client).bytes;
        let (mut parser, mut input, mut seen) =
            (ServerOpParser::default(), &output[..], Seen::new());
        while let Some(op) = parser.next(&mut input).expect("a server's operation") {
            if let ServerOp::Message(message) = op {
                let reply = String::from_utf8_lossy(message.reply).into_owned();
                seen.push((reply, message.payload.to_vec()));
            }
        }
        seen
    }

    /// Restores `T`; true if all went well.
    fn load(&mut self, config: &str, backup: &[u8], size: usize) -> bool {
        let request = format!("{{\"config\":{config}}}");
        let answer = self.exchange("$JS.API.STREAM.RESTORE.T", request.as_bytes());
        let answer = String::from_utf8_lossy(&answer[0].1).into_owned();
        let subject = answer
            .split('"')
            .find(|text| text.starts_with("$JS.SNAPSHOT."));
        let subject = subject.expect("where chunks go").to_owned();
        for chunk in backup.chunks(size) {
            assert!(
                self.exchange(&subject, chunk)
                    .iter()
                    .any(|(_, text)| text.is_empty())
            );
        }
        let said = self.exchange(&subject, b"");
        let said = said
            .last()
            .map(|(_, text)| String::from_utf8_lossy(text).into_owned());
        !said.expect("an answer").contains("\"error\"")
    }

    /// A backup of `T`.
    fn back_up(&mut self) -> Vec<u8> {
        self.send(b"SUB x 2\r\n");
        let request = br#"{"deliver_subject":"x","chunk_size":1024,"window_size":1024}"#;
        let mut seen = self.exchange("$JS.API.STREAM.SNAPSHOT.T", request);
        seen.remove(0);
        let mut backup = Vec::new();
        loop {
            let (mut ack, mut over) = (String::new(), false);
            for (reply, payload) in seen {
                over |= payload.is_empty();
                backup.extend_from_slice(&payload);
                ack = reply;
            }
            if over {
                return backup;
            }
            seen = self.exchange(&ack, b"");
        }
    }

    /// What is in `T`, without times.
    fn contents(&mut self) -> Vec<String> {
        let info = self.ask("$JS.API.STREAM.INFO.T");
        let names = [
            "messages",
            "bytes",
            "first_seq",
            "last_seq",
            "num_subjects",
            "num_deleted",
        ];
        let value = |name: &&str| {
            let (_, rest) = info.split_once(&format!("\"{name}\":"))?;
            Some(format!("{name} {}", rest.split([',', '}']).next()?))
        };
        names.iter().filter_map(value).collect()
    }
}

/// The first byte says what it goes into; with its lowest bit the rest is an archive, otherwise an S2 stream.
pub fn restore(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let mut backup = data.to_vec();
    if first & 1 == 1 {
        let mut encoder = Encoder::default();
        backup.clear();
        encoder.write(data, &mut backup);
        encoder.flush(&mut backup);
    }
    let storage = if first & 2 == 2 { "memory" } else { "file" };
    let retention = ["limits", "interest", "workqueue", "limits"][usize::from(first >> 2 & 3)];
    let config = format!(
        r#"{{"name":"T","subjects":["t.>"],"storage":"{storage}","retention":"{retention}","allow_msg_ttl":true}}"#
    );
    let size = usize::from(first >> 4) * 40 + 7;
    let mut bench = Bench::start();
    bench.server.snapshot();
    if bench.load(&config, &backup, size) {
        let again = bench.back_up();
        let mut other = Bench::start();
        other.now = bench.now;
        assert!(other.load(&config, &again, 1 << 20));
        assert_eq!(bench.contents(), other.contents());
    }
    let journal = bench.server.take_journal();
    for subject in [
        "t.x",
        "$JS.API.CONSUMER.LIST.T",
        "$JS.API.CONSUMER.MSG.NEXT.T.c",
        "$JS.API.CONSUMER.RESET.T.c",
        "$JS.API.CONSUMER.DELETE.T.c",
    ] {
        bench.exchange(subject, b"");
    }
    bench.exchange("$JS.API.STREAM.INFO.T", br#"{"deleted_details":true}"#);
    bench.wait(86_400 * SECOND);
    let mut other = Bench::start();
    other.server.restore(&journal, bench.now);
    other.now = bench.now;
    other.wait(SECOND);
}
