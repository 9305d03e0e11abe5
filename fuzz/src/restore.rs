//! A backup of somebody's: whatever it is, the server lives on; and what could be restored can be backed up and restored again.

use super::{Bench, SECOND};
use nats_kv_playground::wire::op::ServerOp;
use nats_kv_playground::wire::parser::ServerOpParser;
use nats_kv_playground::wire::s2::Encoder;

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

    /// Restores `T`; the answer if that went wrong.
    fn load(&mut self, config: &str, backup: &[u8], size: usize) -> Result<(), String> {
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
        let said = said.expect("an answer");
        match said.contains("\"error\"") {
            false => Ok(()),
            true => Err(said),
        }
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
            // Who never had a message begins at 1 in a backup, as with nats-server.
            let value = rest.split([',', '}']).next()?;
            let value = if *name == "first_seq" && value == "0" {
                "1"
            } else {
                value
            };
            Some(format!("{name} {value}"))
        };
        names.iter().filter_map(value).collect()
    }
}

/// A folder of a server before 2.15 in a tape archive: of the bytes some are a block of messages, some the state file, and the
/// rest is the state of a consumer.
fn folder(data: &[u8]) -> Vec<u8> {
    let (mut data, mut tape) = (data, Vec::new());
    let mut add = |name: &str, body: &[u8]| {
        let mut block = [0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", body.len()).as_bytes());
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tape.extend_from_slice(&block);
        tape.extend_from_slice(body);
        tape.resize(tape.len().next_multiple_of(512), 0);
    };
    add("meta.inf", br#"{"name":"T"}"#);
    for name in ["msgs/1.blk", "msgs/index.db"] {
        if let [a, b, rest @ ..] = data {
            let size = usize::from(u16::from_le_bytes([*a, *b]));
            let (body, rest) = rest.split_at(size.min(rest.len()));
            add(name, body);
            data = rest;
        }
    }
    add(
        "obs/c/meta.inf",
        br#"{"durable_name":"c","ack_policy":"explicit"}"#,
    );
    add("obs/c/meta.sum", b"");
    add("obs/c/o.dat", data);
    tape
}

/// The first byte says what it goes into; with its lowest bit the rest is an archive, or files,
/// otherwise an S2 stream.
pub fn restore(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let mut backup = data.to_vec();
    if first & 1 == 1 {
        let mut encoder = Encoder::default();
        if first >> 2 & 3 == 3 {
            backup = folder(data);
        }
        let archive = std::mem::take(&mut backup);
        encoder.write(&archive, &mut backup);
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
    if bench.load(&config, &backup, size).is_ok() {
        let again = bench.back_up();
        let mut other = Bench::start();
        other.now = bench.now;
        match other.load(&config, &again, 1 << 20) {
            Ok(()) => assert_eq!(bench.contents(), other.contents()),
            // Files are taken with whatever TTLs they have, an archive is not; nats-server has it so.
            Err(said) => assert!(said.contains("(10165)"), "{said}"),
        }
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
