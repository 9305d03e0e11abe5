//! The store against a plain map, one random step after another.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::subject;

#[derive(Clone, Debug)]
enum Step {
    Push(u8, u8, Option<u8>),
    Gap(u8, u8),
    Skip(u8),
    Remove(u8),
    RemoveFirst,
    Clear(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (any::<u8>(), 0..50u8, prop::option::of(any::<u8>())).prop_map(|(s, n, d)| Step::Push(s, n, d)),
        1 => (any::<u8>(), 1..100u8).prop_map(|(s, gap)| Step::Gap(s, gap)),
        1 => (1..80u8).prop_map(Step::Skip),
        4 => any::<u8>().prop_map(Step::Remove),
        2 => Just(Step::RemoveFirst),
        1 => any::<u8>().prop_map(Step::Clear),
    ]
}

fn name(n: u8) -> String {
    format!(
        "{}.{}.{}",
        ["a", "b", "ab"][usize::from(n % 3)],
        n / 3 % 4,
        n % 5
    )
}

const FILTERS: [&[&str]; 11] = [
    &[],
    &[">"],
    &["a.>"],
    &["a.*.1"],
    &["*.2.*"],
    &["a.1.1"],
    &["b.*.*", "b.>", "a.0.0"],
    &["nope.>"],
    &["a"],
    &["ab.*.3", "*.3.3"],
    &["a.1.1", "b.2.2", "a.*.1", "a.1.1", "nope", "a.0.0"],
];

struct Model {
    messages: BTreeMap<u64, (String, usize, Time, Option<Time>)>,
    first: u64,
    last: u64,
}

fn compare(store: &Store, model: &Model) {
    store.check();
    let messages = &model.messages;
    assert_eq!(store.len(), messages.len() as u64);
    assert_eq!(
        (store.first_seq(), store.last_seq()),
        (model.first, model.last)
    );
    for (seq, (name, size, time, _)) in messages {
        let message = store.get(*seq).expect("stored");
        assert_eq!(message.subject, name.as_bytes());
        assert_eq!((message.payload().len(), message.time), (*size, *time));
    }
    let bytes: usize = messages
        .values()
        .map(|(name, size, ..)| name.len() + size + 16)
        .sum();
    assert_eq!(store.bytes(), bytes as u64);
    let deleted: Vec<u64> = if model.last > model.first {
        (model.first..=model.last)
            .filter(|seq| !messages.contains_key(seq))
            .collect()
    } else {
        Vec::new()
    };
    assert_eq!(store.deleted(), deleted);
    assert_eq!(store.num_deleted(), deleted.len() as u64);
    let due: Vec<u64> = messages
        .iter()
        .filter(|(_, m)| m.3.is_some_and(|at| at.0 <= 100))
        .map(|(seq, _)| *seq)
        .collect();
    assert_eq!(store.due(Time(100), usize::MAX), due);
    for patterns in FILTERS {
        let filters = Filters::new(patterns);
        let matched = |name: &str| {
            patterns.is_empty()
                || patterns
                    .iter()
                    .any(|p| subject::matches(p.as_bytes(), name.as_bytes()))
        };
        let matching: Vec<u64> = messages
            .iter()
            .filter(|(_, m)| matched(&m.0))
            .map(|(seq, _)| *seq)
            .collect();
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        for seq in &matching {
            last.insert(&messages[seq].0, *seq);
        }
        for from in [
            0,
            1,
            model.first,
            model.last / 2,
            model.last.saturating_sub(3),
            model.last,
            model.last + 1,
        ] {
            let rest: Vec<u64> = matching
                .iter()
                .copied()
                .filter(|seq| *seq >= from)
                .collect();
            assert_eq!(store.next_match(&filters, from), rest.first().copied());
            assert_eq!(store.num_pending(&filters, from, false), rest.len() as u64);
            assert_eq!(
                store.num_pending(&filters, from, true),
                last.values().filter(|seq| **seq >= from).count() as u64
            );
            assert_eq!(
                store.last_match(&filters, from),
                matching.iter().copied().filter(|seq| *seq <= from).max()
            );
            let mut bounded: BTreeMap<&str, u64> = BTreeMap::new();
            for seq in matching.iter().filter(|seq| **seq <= from) {
                bounded.insert(&messages[seq].0, *seq);
            }
            let mut bounded: Vec<u64> = bounded.into_values().collect();
            bounded.sort_unstable();
            assert_eq!(store.last_per_subject(&filters, from), bounded);
        }
    }
    for time in [
        0,
        model.last as i64 * 5,
        model.last as i64 * 10,
        model.last as i64 * 10 + 1,
    ] {
        let want = messages
            .iter()
            .find(|(_, m)| m.2.0 >= time)
            .map(|(seq, _)| *seq);
        assert_eq!(store.first_since(Time(time)), want);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn store_equals_a_map(first in 0..3u64, steps in vec(step(), 1..160)) {
        let mut store = Store::new(Storage::Memory, first);
        let mut model = Model { messages: BTreeMap::new(), first, last: first.saturating_sub(1) };
        for step in steps {
            match step {
                Step::Push(..) | Step::Gap(..) => {
                    let (n, size, deadline, gap) = match step {
                        Step::Push(n, size, deadline) => (n, size, deadline, 0),
                        Step::Gap(n, gap) => (n, 0, None, u64::from(gap)),
                        _ => unreachable!(),
                    };
                    let seq = model.last + 1 + gap;
                    let (size, time) = (usize::from(size), Time(seq as i64 * 10));
                    let deadline = deadline.map(|at| Time(i64::from(at)));
                    store.push(seq, name(n).as_bytes(), b"", &vec![b'x'; size], time, deadline);
                    if model.messages.is_empty() {
                        model.first = seq;
                    }
                    model.last = seq;
                    model.messages.insert(seq, (name(n), size, time, deadline));
                }
                Step::Skip(n) => {
                    model.last += u64::from(n);
                    store.skip_to(model.last, Time(model.last as i64 * 10));
                    if model.messages.is_empty() {
                        model.first = model.last + 1;
                    }
                }
                Step::Remove(n) => {
                    let seq = model.first + u64::from(n) % (model.last + 2 - model.first.min(model.last));
                    let removed = model.messages.remove(&seq).is_some();
                    prop_assert_eq!(store.remove(seq), removed);
                    if removed && seq == model.first {
                        model.first = model.messages.keys().next().copied().unwrap_or(model.last + 1);
                    }
                }
                Step::RemoveFirst => {
                    if let Some((seq, _)) = model.messages.pop_first() {
                        prop_assert!(store.remove(seq));
                        model.first = model.messages.keys().next().copied().unwrap_or(model.last + 1);
                    }
                }
                Step::Clear(n) => {
                    let next = model.first + u64::from(n);
                    prop_assert_eq!(store.clear(next), model.messages.len() as u64);
                    model.messages.clear();
                    model.last = model.last.max(next.saturating_sub(1));
                    model.first = model.last + 1;
                }
            }
            compare(&store, &model);
        }
    }
}

/// More than fits into one block, one run of names and the first table; then nearly nothing, and more again.
#[test]
fn grows_and_shrinks() {
    let mut store = Store::new(Storage::Memory, 0);
    let mut model: BTreeMap<Vec<u8>, (u64, usize)> = BTreeMap::new();
    let mut random = 1u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let compare = |store: &Store, model: &BTreeMap<Vec<u8>, (u64, usize)>| {
        store.check();
        assert_eq!(store.num_subjects(), model.len());
        let everything = Filters::default();
        let subjects = store.subjects(&everything);
        assert!(
            subjects
                .map(|(name, sequences)| (name, sequences.last()))
                .eq(model.iter().map(|(name, (seq, _))| (&name[..], *seq)))
        );
        for (name, (seq, size)) in model {
            let message = store.get(*seq).expect("stored");
            assert_eq!(message.subject, &name[..]);
            assert!(message.size() == *size && message.payload().iter().all(|b| *b == *seq as u8));
        }
    };
    for round in 0..3 {
        for _ in 0..20_000 {
            let long = if next(4) == 0 {
                ".long".repeat(9)
            } else {
                String::new()
            };
            let name = format!("key{}{long}", next(6_000)).into_bytes();
            let size = if next(500) == 0 {
                50_000
            } else {
                next(40) as usize
            };
            let seq = store.last_seq() + 1 + next(50) / 49 * 1_000_000;
            let (time, body) = (Time(seq as i64), vec![seq as u8; size]);
            store.push(seq, &name, b"", &body, time, None);
            if let Some((old, _)) = model.insert(name, (seq, size)) {
                assert!(store.remove(old));
            }
        }
        compare(&store, &model);
        let keep = [3, 700, 0][round];
        let mut left = 0;
        model.retain(|_, (seq, _)| {
            let kept = keep > 0 && next(keep) == 0;
            left += usize::from(kept);
            assert!(kept || store.remove(*seq));
            kept
        });
        assert_eq!(store.len(), left as u64);
        compare(&store, &model);
    }
}

#[test]
fn a_message_that_is_gone_gets_no_deadline() {
    let mut store = Store::new(Storage::Memory, 1);
    for seq in 1..=3 {
        store.push(seq, b"s", b"", b"", Time(0), None);
    }
    assert!(store.remove(2));
    store.set_deadline(2, Time(1));
    assert_eq!(store.next_deadline(), None);
    store.check();
}
