//! Points in time as nanoseconds since 1970 UTC, passed in by whoever owns a clock. Reads no clock itself.

/// A point in time: nanoseconds since 1970-01-01 UTC. `Time::ZERO_TIME`-like "no time" is an `Option`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// This time plus `ns` nanoseconds, saturating.
    pub fn after(self, ns: i64) -> Time {
        Time(self.0.saturating_add(ns))
    }

    /// Nanoseconds from `earlier` to this time (negative if it is later).
    pub fn since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}
