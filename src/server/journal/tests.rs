//! Damage of every kind done to a log, and what is read from it.

use super::*;

fn records() -> Vec<Record<'static>> {
    let message = |seq, payload| Record::Message {
        id: 1,
        seq,
        time: Time(1_700_000_000_000_000_000 + seq as i64),
        subject: b"$KV.b.k",
        headers: b"",
        payload,
    };
    vec![
        Record::Stream {
            id: 1,
            created: Time(5),
            config: b"{\"name\":\"KV_b\"}",
        },
        message(1, b"one"),
        message(2, &[0xf5; 300]),
        Record::Gone {
            id: 1,
            from: 1,
            to: 1,
        },
        Record::State {
            id: 1,
            first: 2,
            last: 2,
            last_time: Time(-1),
        },
        Record::Consumer {
            stream: 1,
            id: 2,
            created: Time(6),
            config: b"{}",
        },
        Record::ConsumerState {
            stream: 1,
            id: 2,
            state: b"\x01\x02",
        },
        Record::ConsumerPart {
            stream: 1,
            id: 2,
            part: b"\x03",
        },
        Record::ConsumerChange {
            stream: 1,
            id: 2,
            change: b"\x04",
        },
        Record::Source {
            id: 1,
            value: b"A 3 > > a.b x",
        },
        Record::ConsumerGone { stream: 1, id: 2 },
        Record::StreamGone { id: 1 },
    ]
}

fn log() -> Vec<u8> {
    let mut journal = Journal::new(0x0123_4567_89ab_cdef);
    journal.start();
    for record in records() {
        journal.write(record);
    }
    journal.take()
}

#[test]
fn what_is_written_is_read() {
    let log = log();
    let mut reader = Reader::new(&log).unwrap();
    assert_eq!(reader.by_ref().collect::<Vec<_>>(), records());
    assert_eq!(reader.lost(), 0);
}

#[test]
fn a_torn_tail_loses_only_the_torn_record() {
    let log = log();
    for end in HEADER_BYTES..log.len() {
        let mut reader = Reader::new(&log[..end]).unwrap();
        let read: Vec<_> = reader.by_ref().collect();
        assert_eq!(read, records()[..read.len()]);
        let whole = read.iter().fold(HEADER_BYTES, |at, record| {
            let mut body = Vec::new();
            record.encode(&mut body);
            at + FRAME_BYTES + body.len()
        });
        assert_eq!((reader.lost(), reader.torn()), (0, end - whole));
    }
}

#[test]
fn what_is_not_the_start_of_a_record_is_not_torn() {
    let log = log();
    for tail in [
        &b"x"[..],
        &[0; 20],
        &[0xf5, 0],
        &[0xf5, 0x4b, 0, 0, 0, 0xff, 0, 0, 0, 0, 0],
    ] {
        let log = [&log[..], tail].concat();
        let mut reader = Reader::new(&log).unwrap();
        while reader.next().is_some() {}
        assert_eq!(reader.torn(), 0, "{tail:?}");
        assert!(reader.lost() > 0, "{tail:?}");
    }
}

#[test]
fn a_flipped_bit_costs_its_own_record() {
    let good = log();
    for bit in 0..good.len() * 8 {
        let mut log = good.clone();
        log[bit / 8] ^= 1 << (bit % 8);
        let read: Vec<_> = Reader::new(&log).unwrap().collect();
        let kept = records()
            .into_iter()
            .filter(|record| read.contains(record))
            .count();
        assert!(
            read.len() == kept && kept >= records().len() - 1,
            "bit {bit}: {kept} kept"
        );
    }
}

#[test]
fn a_value_that_looks_like_a_record_is_none() {
    let mut forged = Journal::new(1);
    forged.write(Record::StreamGone { id: 1 });
    let forged = forged.take();
    let mut journal = Journal::new(2);
    journal.start();
    let message = |payload| Record::Message {
        id: 1,
        seq: 1,
        time: Time(0),
        subject: b"a",
        headers: b"",
        payload,
    };
    journal.write(message(&forged));
    let mut log = journal.take();
    log[HEADER_BYTES + 3] ^= 1;
    assert_eq!(Reader::new(&log).unwrap().count(), 0);
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let mut log = log();
        log.truncate(HEADER_BYTES);
        log.extend(tail);
        if let Some(reader) = Reader::new(&log) {
            proptest::prop_assert!(reader.count() <= log.len());
        }
    }
}
