//! Our server against a real one: random sequences of requests to both, every answer and every delivery compared.
//!
//! Needs `nats-server` on PATH (2.15.2, the version we stand for); without it the test says so and passes.
//! `SEQUENCES` is the number of sequences (200), `DIFFERENTIAL_SEED` the first seed (1), `DIFFERENTIAL_EVERY` how far it is to
//! the next (1; from 8 in steps of 8 all sequences are of mirrors and sources). A difference is looked at again, since
//! nats-server answers some things in no fixed order; what stays is shrunk and printed.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/bench.rs"]
#[allow(dead_code)] // no more than its start
mod bench;
mod consume;
mod generate;
mod lines;
mod mangle;
mod mask;
mod odd;
mod odd_consumers;
mod odd_messages;
mod odd_streams;
mod origins;
mod random;
mod sides;
mod step;

use sides::{Ours, Real, Seen, Transcript};
use std::time::{Duration, Instant};
use step::Step;

/// A difference counts if it shows as often as this in a row.
const REPEATS: usize = 8;

/// How long nats-server may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(5);

/// Plays a sequence on both servers; the first difference, if there is one.
fn play(real: &Real, steps: &[Step]) -> Option<String> {
    let mut ours = Ours::start();
    let mut session = real.session();
    let mut difference = None;
    let mut passed = Duration::ZERO;
    let mut subscribed: Vec<&Step> = Vec::new();
    for step in steps {
        match &step.act {
            step::Act::Subscribe { .. } => subscribed.push(step),
            step::Act::Unsubscribe { of, .. } => subscribed.retain(|step| step.id != *of),
            step::Act::Restart => {
                ours.restart(passed);
                passed = session.restart();
            }
            _ => {}
        }
        let again = match step.act {
            step::Act::Restart => &subscribed[..],
            _ => &[step],
        };
        for step in again {
            ours.perform(step, passed);
            passed = session.perform(step, &ours.transcript);
        }
        difference = compare(&ours.transcript, &session.transcript);
        let end = Instant::now() + PATIENCE;
        let unread = |transcript: &Transcript| transcript.tells_of_unread(step);
        while matches!(step.act, step::Act::Rest)
            && (difference.is_some() || unread(&ours.transcript) || unread(&session.transcript))
            && Instant::now() < end
        {
            ours.transcript.forget(step);
            session.transcript.forget(step);
            ours.perform(step, passed);
            passed = session.perform(step, &ours.transcript);
            difference = compare(&ours.transcript, &session.transcript);
        }
        if difference.is_some() {
            break;
        }
    }
    if difference.is_none() {
        ours.wait(passed + session.listen());
        difference = compare(&ours.transcript, &session.transcript);
    }
    session.clean();
    difference
}

/// What a subscription got, masked.
fn got(transcript: &Transcript, sid: u32) -> Vec<&str> {
    let seen = transcript.by_sid.get(&sid);
    let mut list: Vec<&str> = seen.into_iter().flatten().map(Seen::masked).collect();
    // Events of several consumers have no order, nor have answers about several streams, which a rest asks for at once.
    let (event, info) = ("$JS.EVENT.", "v1.stream_info_response\"");
    if list.iter().all(|text| text.starts_with(event))
        || list.iter().all(|text| text.contains(info))
    {
        list.sort();
    }
    list
}

/// The first message that differs.
fn compare(ours: &Transcript, real: &Transcript) -> Option<String> {
    let sids = ours.by_sid.keys().chain(real.by_sid.keys());
    for sid in sids.collect::<std::collections::BTreeSet<_>>() {
        let (ours, real) = (got(ours, *sid), got(real, *sid));
        for at in 0..ours.len().max(real.len()) {
            let (ours, real) = (ours.get(at), real.get(at));
            if ours != real {
                let nothing = &"nothing";
                let (ours, real) = (ours.unwrap_or(nothing), real.unwrap_or(nothing));
                return Some(format!(
                    "subscription {sid}, message {at}\n  real: {real}\n  ours: {ours}"
                ));
            }
        }
    }
    None
}

/// How the servers differ on steps of a kind, if they do.
type Play<T> = fn(&Real, &[T]) -> Option<String>;

/// A difference that shows every time.
fn differs<T>(play: Play<T>, real: &Real, steps: &[T]) -> Option<String> {
    let mut difference = None;
    for _ in 0..REPEATS {
        difference = Some(play(real, steps)?);
    }
    difference
}

/// Leaves out what the difference does not need, and says what the difference is now.
fn shrink<T: Clone>(
    play: Play<T>,
    real: &Real,
    mut steps: Vec<T>,
    mut difference: String,
) -> (Vec<T>, String) {
    let mut size = steps.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + size).min(steps.len()));
            if let Some(other) = differs(play, real, &fewer) {
                (steps, difference) = (fewer, other);
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    (steps, difference)
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// Plays what each seed gives, and prints what differs.
fn run<T: Clone>(generate: fn(u64) -> Vec<T>, play: Play<T>, print: fn(&T)) {
    let Some(real) = Real::start() else {
        eprintln!("skipped: there is no nats-server on PATH");
        return;
    };
    let (first, count) = (number("DIFFERENTIAL_SEED", 1), number("SEQUENCES", 200));
    let most = number("DIFFERENTIAL_FAILURES", 1);
    let mut failures = 0;
    let every = number("DIFFERENTIAL_EVERY", 1);
    for seed in (first..).step_by(every as usize).take(count as usize) {
        let steps = generate(seed);
        let Some(difference) = differs(play, &real, &steps) else {
            continue;
        };
        eprintln!("seed {seed} differs, and is now shrunk: {difference}");
        let (steps, difference) = shrink(play, &real, steps, difference);
        eprintln!("seed {seed}:");
        steps.iter().for_each(print);
        eprintln!("{difference}\n");
        failures += 1;
        if failures >= most {
            break;
        }
    }
    assert_eq!(failures, 0, "differences from nats-server, see above");
}

#[test]
fn answers_as_nats_server_does() {
    run(generate::sequence, play, |step| {
        match step.act {
            step::Act::Wait { ms } => eprintln!("<{ms} ms>"),
            step::Act::Restart => eprintln!("<restart>"),
            step::Act::Rest => eprintln!("<rest>"),
            _ => {}
        }
        let ack = format!("<ack subject {:?}>", step.act);
        let commands = step.commands(&|at| format!("<time {at}>"), Some(&ack));
        eprint!("{}", String::from_utf8_lossy(&commands));
    });
}

#[test]
fn reads_lines_as_nats_server_does() {
    run(lines::scenario, lines::play, |line| {
        let text = String::from_utf8_lossy(&line.bytes);
        eprintln!("{}: {text:?}", line.connection);
    });
}
