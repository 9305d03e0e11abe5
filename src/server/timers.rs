//! Deadlines by name: each timer has at most one. Fires in order of time, then of name. Must not know what fires.

use super::core::Timer;
use crate::wire::sorted::Sorted;
use crate::wire::time::Time;

/// All timers of a server.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    deadlines: Sorted<Timer, Time>,
    order: Sorted<(Time, Timer), ()>,
}

impl Timers {
    /// Sets, moves or (`None`) clears a timer.
    pub fn set(&mut self, timer: Timer, at: Option<Time>) {
        let before = match at {
            Some(at) => self.deadlines.insert(timer, at),
            None => self.deadlines.remove(&timer),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, timer));
        }
        if let Some(at) = at {
            self.order.insert((at, timer), ());
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Time> {
        self.order.first().map(|((at, _), ())| *at)
    }

    /// Those due at `now`, in order. They stay set: [`Timers::fire`] each before acting on it.
    pub fn due(&self, now: Time) -> Vec<(Time, Timer)> {
        let due = self.order.keys().take_while(|(at, _)| *at <= now);
        due.copied().collect()
    }

    /// Clears a timer that is due; false if it was moved or cleared since.
    pub fn fire(&mut self, at: Time, timer: Timer) -> bool {
        let due = self.order.remove(&(at, timer)).is_some();
        if due {
            self.deadlines.remove(&timer);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_move_clear_fire() {
        let (a, b) = (Timer::StreamAge(1), Timer::StreamAge(2));
        let mut timers = Timers::default();
        timers.set(a, Some(Time(5)));
        timers.set(b, Some(Time(3)));
        timers.set(a, Some(Time(2)));
        assert_eq!(timers.next(), Some(Time(2)));
        assert_eq!(timers.due(Time(3)), [(Time(2), a), (Time(3), b)]);
        assert!(timers.fire(Time(2), a) && !timers.fire(Time(2), a));
        timers.set(b, None);
        assert!(!timers.fire(Time(3), b));
        assert_eq!(timers.next(), None);
    }
}
