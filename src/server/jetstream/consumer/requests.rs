//! Waiting pull requests, in the order in which they are served. Must not know messages or subscribers.

use std::collections::VecDeque;

use crate::wire::sorted::Sorted;
use crate::wire::time::Time;

/// A request that waits for less is over before nats-server looks at it, in nanoseconds.
const AT_ONCE: i64 = 1000;

/// What a pull request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are the protocol's own
pub struct Ask {
    /// Nanoseconds; 0 waits without end.
    pub expires: i64,
    pub batch: i64,
    /// Bytes; 0 is no limit.
    pub max_bytes: i64,
    pub no_wait: bool,
    /// Nanoseconds.
    pub idle_heartbeat: i64,
    /// What only JSON requests can say.
    pub priority: Option<Priority>,
}

/// The part of a request that priority groups care for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are the protocol's own
pub struct Priority {
    pub group: String,
    pub min_pending: i64,
    pub min_ack_pending: i64,
    pub id: String,
    pub priority: i64,
}

/// A request that waits for messages.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where its messages go.
    pub reply: Vec<u8>,
    /// Messages it still wants.
    pub batch: i64,
    /// Bytes it still takes; 0 is no limit.
    pub bytes: i64,
    /// Messages it got.
    pub got: i64,
    /// When it ends.
    pub expires: Option<Time>,
    /// Ends when there is nothing more.
    pub no_wait: bool,
    /// Nanoseconds.
    pub heartbeat: i64,
    /// When its next heartbeat is due.
    pub next_heartbeat: Option<Time>,
    /// What it says about priority groups.
    pub priority: Option<Priority>,
    /// Tells apart those that are due at the same time.
    number: u64,
}

impl Request {
    /// A request that came at `now`.
    pub fn new(reply: &[u8], ask: Ask, now: Time) -> Request {
        let expires = if ask.expires < AT_ONCE {
            0
        } else {
            ask.expires
        };
        Request {
            reply: reply.to_vec(),
            batch: ask.batch,
            bytes: ask.max_bytes,
            got: 0,
            expires: (ask.expires != 0).then(|| now.after(expires)),
            no_wait: ask.no_wait,
            heartbeat: ask.idle_heartbeat,
            next_heartbeat: (ask.idle_heartbeat > 0).then(|| now.after(ask.idle_heartbeat)),
            priority: ask.priority,
            number: 0,
        }
    }

    /// Its number among prioritized requests; lower goes first.
    fn rank(&self) -> i64 {
        self.priority
            .as_ref()
            .map_or(i64::from(i32::MAX), |priority| priority.priority)
    }

    /// When something has to happen for it.
    pub fn deadline(&self) -> Option<Time> {
        match (self.expires, self.next_heartbeat) {
            (Some(expires), Some(heartbeat)) => Some(expires.min(heartbeat)),
            (expires, heartbeat) => expires.or(heartbeat),
        }
    }
}

/// The requests of one pull consumer.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// In the order in which they are served.
    pub queue: VecDeque<Request>,
    /// When something has to happen for each of them, with its number.
    due: Sorted<(Time, u64), ()>,
    /// How many there were so far.
    count: u64,
    /// How many of them do not wait where there is nothing.
    no_wait: usize,
    /// Subscriptions that had ended when all were last seen to have interest; `None` if one had not when it came.
    pub ended: Option<u64>,
    /// When a request came, ended or was served last.
    pub last_active: Time,
    /// When somebody looked for those that are over or abandoned: a full queue has it done once a second.
    pub looked_at: Time,
}

impl Requests {
    /// Adds a request at the end or, `prioritized`, behind those of its own number.
    pub fn add(&mut self, mut request: Request, prioritized: bool) {
        let rank = request.rank();
        let at = if prioritized {
            self.queue
                .iter()
                .position(|other| other.rank() > rank)
                .unwrap_or(self.queue.len())
        } else {
            self.queue.len()
        };
        self.count(&mut request);
        self.queue.insert(at, request);
    }

    /// Keeps one that was taken, behind the others.
    pub fn keep(&mut self, mut request: Request) {
        self.count(&mut request);
        self.queue.push_back(request);
    }

    fn count(&mut self, request: &mut Request) {
        self.no_wait += usize::from(request.no_wait);
        self.count += 1;
        request.number = self.count;
        if let Some(at) = request.deadline() {
            self.due.insert((at, request.number), ());
        }
    }

    /// When something has to happen for one of them.
    pub fn due(&self) -> Option<Time> {
        self.due.first().map(|((at, _), ())| *at)
    }

    /// Takes the first one out.
    pub fn pop_first(&mut self) -> Option<Request> {
        let request = self.queue.pop_front()?;
        self.no_wait -= usize::from(request.no_wait);
        if let Some(at) = request.deadline() {
            self.due.remove(&(at, request.number));
        }
        Some(request)
    }

    /// Takes all of them out.
    pub fn take(&mut self) -> VecDeque<Request> {
        self.due.clear();
        self.no_wait = 0;
        std::mem::take(&mut self.queue)
    }

    /// Could one of them be over or abandoned, or a heartbeat be due? `end`: there is nothing more to deliver; `ended`
    /// subscriptions have ended.
    pub fn have_news(&self, now: Time, end: bool, ended: u64) -> bool {
        self.ended != Some(ended)
            || self.due().is_some_and(|due| now >= due)
            || end && self.no_wait > 0
    }

    /// Hands a message to the first request: returns its reply, what it still wants and what it still takes. A
    /// request that wants more goes to the end of the queue, or of those of its own number.
    pub fn serve_first(&mut self, prioritized: bool, now: Time) -> Option<Served> {
        let mut request = self.pop_first()?;
        request.got += 1;
        request.batch = request.batch.saturating_sub(1);
        let served = Served {
            reply: request.reply.clone(),
            batch: request.batch,
            bytes: request.bytes,
        };
        if request.batch > 0 {
            if request.heartbeat > 0 {
                request.next_heartbeat = Some(now.after(request.heartbeat));
            }
            self.add(request, prioritized);
        }
        Some(served)
    }

    /// Moves the first request to the end.
    pub fn cycle(&mut self) {
        if !self.queue.is_empty() {
            self.queue.rotate_left(1);
        }
    }

    /// Messages they want in all.
    pub fn wanted(&self) -> i64 {
        self.queue
            .iter()
            .fold(0, |sum, request| sum.saturating_add(request.batch))
    }
}

/// A request that is given a message.
#[derive(Clone, Debug)]
pub struct Served {
    /// Where the message goes.
    pub reply: Vec<u8>,
    /// Messages it still wants.
    pub batch: i64,
    /// Bytes it still takes.
    pub bytes: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(number: i64, prioritized: bool) -> Request {
        let ask = Ask {
            expires: [0, 5000, 9000, number * 7919 % 100_000][(number % 4) as usize],
            batch: number % 5,
            no_wait: number % 3 == 0,
            idle_heartbeat: number % 2 * 2000,
            priority: prioritized.then(|| Priority {
                priority: number % 10,
                ..Priority::default()
            }),
            ..Ask::default()
        };
        Request::new(b"r", ask, Time(number))
    }

    /// Nobody looks at each of many requests for every message; what is kept instead is what a look would find.
    #[test]
    fn what_is_due_is_known_without_a_look() {
        for prioritized in [false, true] {
            let mut requests = Requests::default();
            let mut looks = 0;
            for step in 0..5000 {
                match step * 31 % 7 {
                    _ if requests.queue.len() < 100 => {
                        requests.add(request(step, prioritized), prioritized);
                    }
                    0 => drop(requests.pop_first()),
                    1 => requests.cycle(),
                    2 if step % 100 == 0 => {
                        for request in requests.take() {
                            requests.keep(request);
                        }
                    }
                    _ => drop(requests.serve_first(prioritized, Time(step))),
                }
                let due = requests.queue.iter().filter_map(Request::deadline).min();
                assert_eq!(requests.due(), due);
                let timed = requests.queue.iter().filter_map(Request::deadline);
                assert_eq!(requests.due.len(), timed.count());
                let no_wait = requests.queue.iter().filter(|r| r.no_wait).count();
                assert_eq!(requests.no_wait, no_wait);
                if requests.have_news(Time(step), false, 7) {
                    looks += 1;
                    requests.ended = Some(7);
                    let late = |r: &Request| r.deadline().is_none_or(|due| due > Time(step));
                    let taken = requests.take().into_iter();
                    taken.filter(late).for_each(|r| requests.keep(r));
                }
                assert!(!requests.have_news(Time(step), false, 7));
                assert!(requests.have_news(Time(step), false, 8));
                assert_eq!(
                    requests.have_news(Time(step), true, 7),
                    requests.no_wait > 0
                );
            }
            assert!(looks < 1000, "{looks}");
        }
    }
}
