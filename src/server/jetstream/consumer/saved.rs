//! What of a consumer outlives the server: its configuration and how far it has come. Who waits for messages and
//! what was being sent does not. An ephemeral outlives it, too: nats-server gives its client the threshold to come back.

use super::config::Config;
use super::progress::{Pending, Position, Progress};
use super::{Consumer, Consumers, View, Work};
use crate::server::core::{ConsumerId, Core, StreamId};
use crate::server::jetstream::store::{LAST_SEQ, Storage, Store};
use crate::server::jetstream::stream::{Retention, StreamConfig};
use crate::server::journal::{Journal, Record};
use crate::wire::json::{self, Writer};
use crate::wire::sorted::Sorted;
use crate::wire::time::{SECOND, Time};

impl Consumer {
    /// The number that names it.
    pub fn id(&self) -> ConsumerId {
        self.id
    }

    /// With the name in it, also if the server chose it.
    fn config_json(&self) -> Vec<u8> {
        let mut config = self.config.clone();
        if !config.is_durable() {
            config.name.clone_from(&self.name);
        }
        let mut w = Writer::default();
        config.write(&mut w, false);
        w.finish()
    }

    /// Writes down that it exists, and its state.
    pub fn save(&mut self, journal: &mut Journal, stream: StreamId) {
        journal.write(Record::Consumer {
            stream,
            id: self.id,
            created: self.created,
            config: &self.config_json(),
        });
        self.progress.save(journal, stream, self.id, true);
    }

    /// Writes down how far it has come since the last time.
    pub fn save_changes(&mut self, journal: &mut Journal, stream: StreamId) {
        self.progress.save(journal, stream, self.id, false);
    }

    /// Writes its configuration down, if it outlives the server.
    pub(super) fn record_config(&self, core: &mut Core, stream: StreamId, of: &StreamConfig) {
        if core.journal.is_some() && self.is_saved(of) {
            core.record(Record::Consumer {
                stream,
                id: self.id,
                created: self.created,
                config: &self.config_json(),
            });
            core.touch(stream, self.id);
        }
    }

    /// What it has acknowledged may go, if no other needs it (retention interest and work queue).
    pub(super) fn settle_acked(&self, work: &mut Work<'_>) {
        if work.stream.config.retention != Retention::Limits {
            let (floor, pending) = (self.progress.shown_floor.stream, &self.progress.pending);
            let delivered = match pending.is_empty() {
                true => floor,
                false => self.progress.shown_delivered.stream.max(floor),
            };
            let acked = work
                .stream
                .store
                .from(0)
                .take_while(|(seq, _)| *seq <= delivered);
            let acked = acked.filter(|(seq, _)| *seq <= floor || !pending.contains_key(seq));
            let wanted = acked.filter(|(_, message)| self.filters.matches(message.subject));
            work.settled.extend(wanted.map(|(seq, _)| seq));
        }
    }

    /// Does it outlive the server?
    pub(super) fn is_saved(&self, stream: &StreamConfig) -> bool {
        stream.storage == Storage::File && self.config.is_saved()
    }
}

impl Config {
    /// Does a consumer with it outlive the server, if its stream does? What a mirror or source reads without acks does not.
    fn is_saved(&self) -> bool {
        !self.mem_storage && !self.direct
    }
}

/// Longest piece of a state in a record: of what is longer than a record may be, nothing would be read back.
const PART: usize = 1 << 22;
/// In the place of a number: what it was about is gone.
const GONE: u64 = u64::MAX;

/// How far a consumer has come as it shows it: numbers of eight bytes each, the lists with their lengths before them; of
/// `changed` sequences only where they are given. Not when it was active, which nats-server does not remember either.
fn write_state(progress: &Progress, changed: Option<&Sorted<u64, ()>>) -> Vec<u8> {
    let mut numbers = Vec::new();
    for place in [progress.shown_delivered, progress.shown_floor] {
        numbers.extend([place.consumer, place.stream]);
    }
    let put_off = |pending: &Pending| pending.put_off.map_or(0, |since| since.0.max(0) as u64);
    if let Some(changed) = changed {
        numbers.push(changed.len() as u64);
        for (seq, ()) in changed {
            let pending = progress.pending.get(seq);
            let entry = pending.map_or((GONE, 0), |p| (p.consumer, put_off(p)));
            numbers.extend([*seq, entry.0, entry.1]);
        }
        numbers.push(changed.len() as u64);
        for (seq, ()) in changed {
            let count = progress.redelivered.get(seq).copied();
            numbers.extend([*seq, count.unwrap_or(GONE)]);
        }
    } else {
        numbers.push(progress.pending.len() as u64);
        for (seq, pending) in &progress.pending {
            numbers.extend([*seq, pending.consumer, put_off(pending)]);
        }
        numbers.push(progress.redelivered.len() as u64);
        for (seq, count) in &progress.redelivered {
            numbers.extend([*seq, *count]);
        }
    }
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// How much of a [`Progress`] is written down.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// `shown_delivered` and `shown_floor` as they are written.
    places: [Position; 2],
    /// Sequences whose entries in `pending` or `redelivered` changed since.
    changed: Sorted<u64, ()>,
}

/// How far a consumer of a log has come.
#[derive(Default)]
pub struct Saved {
    /// Pieces of a state whose last one is still to come.
    parts: Vec<u8>,
    progress: Option<Progress>,
    /// Damage before the last record that was taken, in bytes.
    damage: usize,
    /// A change may be missing before others that were taken.
    gap: bool,
}

impl Saved {
    /// Takes what a record says; so many bytes were damaged `before` it.
    pub fn replay(&mut self, record: Record<'_>, before: usize) {
        self.gap |= before > std::mem::replace(&mut self.damage, before);
        let mut whole = std::mem::take(&mut self.parts);
        match record {
            Record::ConsumerPart { part, .. } => {
                whole.extend_from_slice(part);
                self.parts = whole;
            }
            Record::ConsumerState { state, .. } => {
                whole.extend_from_slice(state);
                let mut progress = Progress::default();
                self.gap = read_state(&whole, &mut progress).is_none();
                if !self.gap {
                    self.progress = Some(progress);
                }
            }
            Record::ConsumerChange { change, .. } => {
                self.gap |= self.progress.is_none();
                let progress = self.progress.get_or_insert_default();
                self.gap |= read_state(change, progress).is_none();
            }
            _ => {}
        }
    }

    /// Where the consumer goes on. Ack waits begin on whole seconds, as in nats-server's files. Where a change is missing it
    /// may be the only one that tells of a delivery: what is above the floor is delivered again.
    fn progress(self, store: &Store) -> Option<Progress> {
        let mut progress = self.progress?;
        if self.gap {
            progress.shown_delivered = progress.shown_floor;
            progress.pending = Sorted::default();
        }
        progress.go_on_as_shown();
        for (seq, pending) in progress.pending.iter_mut() {
            let stored = store.get(*seq).map(|message| message.time);
            let since = pending.put_off.or(stored).unwrap_or_default();
            pending.since = Time(since.0 / SECOND * SECOND);
        }
        Some(progress)
    }
}

/// Takes what [`write_state`] wrote into `progress`; `None`, and nothing taken, if it is something else.
fn read_state(state: &[u8], progress: &mut Progress) -> Option<()> {
    let mut numbers = state
        .chunks_exact(8)
        .map(|chunk| chunk.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b)));
    let mut next = || numbers.next();
    let mut places = [Position::default(); 2];
    for place in &mut places {
        (place.consumer, place.stream) = (next()?, next()?);
    }
    let (mut pending, mut redelivered) = (Vec::new(), Vec::new());
    for _ in 0..next()? {
        pending.push((next()?, next()?, next()?));
    }
    for _ in 0..next()? {
        redelivered.push((next()?, next()?));
    }
    // No server counts so far, and there is nowhere to go on from there.
    let sound = |seq, number| seq <= LAST_SEQ && (number <= LAST_SEQ || number == GONE);
    if next().is_some()
        || places[0].consumer > LAST_SEQ
        || !pending.iter().all(|(seq, sent, _)| sound(*seq, *sent))
        || !redelivered.iter().all(|(seq, count)| sound(*seq, *count))
    {
        return None;
    }
    [progress.shown_delivered, progress.shown_floor] = places;
    for (seq, consumer, put_off) in pending {
        if consumer == GONE {
            progress.pending.remove(&seq);
            continue;
        }
        let pending = Pending {
            consumer,
            since: Time::default(),
            put_off: Some(Time(put_off as i64)).filter(|since| since.0 > 0),
        };
        progress.pending.insert(seq, pending);
    }
    for (seq, count) in redelivered {
        if count == GONE {
            progress.redelivered.remove(&seq);
        } else {
            progress.redelivered.insert(seq, count);
        }
    }
    Some(())
}

impl Progress {
    /// What is written down of `seq` is no more so. Nobody keeps a list longer than it takes to write everything anew: five
    /// numbers for each change, three for what is pending and two for what was redelivered.
    pub(super) fn note(&mut self, seq: u64) {
        let everything = self.pending.len() * 3 + self.redelivered.len() * 2;
        if let Some(written) = &mut self.written {
            written.changed.insert(seq, ());
            if written.changed.len() * 5 > everything {
                self.written = None;
            }
        }
    }

    /// Writes down what is not written yet, or all of it.
    fn save(&mut self, journal: &mut Journal, stream: StreamId, id: ConsumerId, all: bool) {
        let now = Written {
            places: [self.shown_delivered, self.shown_floor],
            changed: Sorted::default(),
        };
        let places = now.places;
        let was = self.written.replace(now);
        if let Some(was) = was.filter(|was| !all && was.changed.len() * 5 * 8 <= PART) {
            if was.places != places || !was.changed.is_empty() {
                let change = &write_state(self, Some(&was.changed));
                journal.write(Record::ConsumerChange { stream, id, change });
            }
            return;
        }
        let state = write_state(self, None);
        let parts = state.chunks_exact(PART);
        let state = parts.remainder();
        for part in parts {
            journal.write(Record::ConsumerPart { stream, id, part });
        }
        journal.write(Record::ConsumerState { stream, id, state });
    }

    /// As nats-server does at its start: a consumer that is to begin beyond the end of the stream gets what comes next, unless
    /// the stream is new.
    fn go_back_to(&mut self, last: u64) {
        if last == 0 {
            return;
        }
        self.next_stream = self.next_stream.min(last + 1);
        for place in [
            &mut self.floor,
            &mut self.shown_delivered,
            &mut self.shown_floor,
        ] {
            place.stream = place.stream.min(last);
        }
    }
}

impl Consumers {
    /// Those that outlive the server, if their stream does.
    pub fn saved(&mut self) -> impl Iterator<Item = &mut Consumer> {
        let all = self.by_id.values_mut().map(|consumer| &mut **consumer);
        all.filter(|consumer| consumer.config.is_saved())
    }

    /// Brings a consumer back; false if its configuration cannot be read, and it is left out.
    pub fn restore(
        &mut self,
        core: &mut Core,
        view: View<'_>,
        created: Time,
        config: &[u8],
        state: Saved,
    ) -> bool {
        let mut read = Config::default();
        let decoded = json::decode(config, |d, value| {
            d.object(value, "ConsumerConfig", &mut |d, name, value| {
                read.decode(d, name, value)
            });
        });
        let name = if read.is_durable() {
            read.durable_name.clone()
        } else {
            read.name.clone()
        };
        if decoded.is_err() || !read.is_saved() || name.is_empty() || self.get(&name).is_some() {
            return decoded.is_ok();
        }
        let id = self.insert(core, view, name, read);
        self.with(core, view, id, |consumer, work| {
            consumer.created = created;
            if let Some(progress) = state.progress(work.stream.store) {
                consumer.progress = progress;
                consumer.progress.go_back_to(work.stream.store.last_seq());
                consumer.skip_list = None;
                // A work queue keeps what is below a floor that a reset has raised.
                if work.stream.config.retention == Retention::Interest {
                    consumer.settle_acked(work);
                }
                consumer.count_pending(work.stream.store);
            }
            consumer.resume(work);
        });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(not(target_arch = "wasm32"))]
    use crate::server::jetstream::consumer::AckPolicy;
    use crate::server::jetstream::consumer::progress::tests::deliver;
    use crate::server::journal::Reader;

    #[cfg(not(target_arch = "wasm32"))]
    fn deliver_again(progress: &mut Progress) {
        if let Some(seq) = progress.again.pop() {
            progress.count_delivery(seq);
            deliver(progress, seq);
        }
    }

    /// What a log says of its one consumer, as it would be written.
    fn read(log: &[u8]) -> Vec<u8> {
        let mut saved = Saved::default();
        let mut reader = Reader::new(log).expect("a log");
        reader.by_ref().for_each(|record| saved.replay(record, 0));
        assert_eq!(reader.lost(), 0);
        write_state(&saved.progress.expect("a state"), None)
    }

    /// Many more than one record takes.
    #[test]
    fn a_long_state_is_read_back() {
        let mut progress = Progress::starting_at(1);
        (1..=200_000).for_each(|seq| deliver(&mut progress, seq));
        let mut journal = Journal::new(1);
        journal.start();
        progress.save(&mut journal, 1, 2, true);
        progress.ack_one(7, 7, Time(1));
        progress.save(&mut journal, 1, 2, false);
        (9..110_000).for_each(|seq| progress.put_off(seq, Time(seq as i64), Time(1)));
        progress.save(&mut journal, 1, 2, false);
        let log = journal.take();
        let mut records = Reader::new(&log).expect("a log");
        assert!(records.all(|record| match record {
            Record::ConsumerPart { part: bytes, .. }
            | Record::ConsumerState { state: bytes, .. }
            | Record::ConsumerChange { change: bytes, .. } => bytes.len() <= PART,
            _ => false,
        }));
        assert_eq!(read(&log), write_state(&progress, None));
    }

    /// Wherever a bit flips, only what was acknowledged is not delivered any more.
    #[test]
    fn damage_acknowledges_nothing() {
        let mut journal = Journal::new(1);
        let mut progress = Progress::starting_at(1);
        journal.start();
        progress.save(&mut journal, 1, 2, true);
        for seq in 1..=12 {
            deliver(&mut progress, seq);
            progress.save(&mut journal, 1, 2, seq == 5);
            if seq % 3 == 0 {
                progress.ack_one(seq, seq, Time(1));
                progress.save(&mut journal, 1, 2, false);
            }
        }
        let log = journal.take();
        for at in 0..log.len() {
            let mut log = log.clone();
            log[at] ^= 0x10;
            let mut reader = Reader::new(&log).expect("a log");
            let mut saved = Saved::default();
            while let Some(record) = reader.next() {
                saved.replay(record, reader.lost());
            }
            let store = Store::new(Storage::File, 0);
            let progress = saved.progress(&store).expect("a state");
            let mut left = (1..=12).filter(|seq| seq % 3 > 0);
            let lost = left.find(|seq| {
                *seq <= progress.shown_delivered.stream && progress.pending.get(seq).is_none()
            });
            assert_eq!(lost, None, "byte {at}");
        }
    }

    /// Acknowledging or putting off one of many costs no more than one of few, and looking at it nothing.
    #[test]
    fn a_change_is_as_long_as_what_changed() {
        let mut journal = Journal::new(1);
        let mut progress = Progress::starting_at(1);
        let mut written = |progress: &mut Progress| {
            progress.save(&mut journal, 1, 2, false);
            journal.take().len()
        };
        (1..=20_000).for_each(|seq| deliver(&mut progress, seq));
        assert!(written(&mut progress) > 20_000 * 24);
        for seq in 1..500 {
            progress.ack_one(seq, seq, Time(1));
            assert!(written(&mut progress) < 110);
            progress.put_off(seq + 1, Time(2), Time(2));
            assert!(written(&mut progress) < 110);
            progress.ack_one(seq, seq, Time(3));
            assert_eq!(written(&mut progress), 0);
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        /// Whatever happens and whenever it is written down, the log says what is so.
        #[test]
        fn changes_make_the_state(
            steps in proptest::collection::vec((0..14u8, 0..24u64), 0..300),
            policy in 0..2usize,
        ) {
            let policy = [AckPolicy::Explicit, AckPolicy::All][policy];
            let mut journal = Journal::new(1);
            journal.start();
            let mut progress = Progress::starting_at(1);
            progress.save(&mut journal, 1, 2, false);
            for (step, n) in steps {
                let seq = progress.floor.stream.saturating_add(n);
                let now = Time(n as i64);
                match step {
                    0..3 => {
                        let next = progress.next_stream;
                        (next..=next + n % 5).for_each(|seq| deliver(&mut progress, seq));
                    }
                    3 => progress.again.push(seq),
                    4..6 => deliver_again(&mut progress),
                    6 if policy == AckPolicy::All => {
                        let sent = progress.pending.get(&seq).map_or(n, |p| p.consumer);
                        progress.ack_all(sent, seq, now);
                    }
                    6 => {
                        progress.ack_one(n, seq, now);
                    }
                    7 => progress.put_off(seq, Time(n as i64 - 3), now),
                    8 => progress.give_up(seq, policy, now),
                    9 => progress.drop_redelivered(seq, now),
                    10 if n < 4 => progress.drop_redelivered_below(seq),
                    11 if n < 4 => {
                        let left = |seq| seq % 2 == 0;
                        progress.purge(seq, (n < 2).then_some(&left), policy, now);
                    }
                    12 => {
                        progress.overdue(now, seq.saturating_sub(12), 3, policy, &|_| 5);
                    }
                    13 => {
                        if let Some(seq) = progress.again.pop() {
                            progress.count_delivery(seq);
                            progress.uncount_delivery(seq);
                        }
                    }
                    _ => {}
                }
                if n % 3 == 0 {
                    progress.save(&mut journal, 1, 2, false);
                }
            }
            progress.save(&mut journal, 1, 2, false);
            proptest::prop_assert_eq!(read(&journal.take()), write_state(&progress, None));
        }
    }
}
