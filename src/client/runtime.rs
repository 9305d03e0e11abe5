//! What a client needs from where it runs: time, randomness, tasks. Implemented by `host::BrowserRuntime` in the page (gloo
//! timers), by tokio in the native examples, and by a manual clock in tests.

use super::transport::LocalFuture;
use crate::wire::time::Time;

/// The surroundings of a client; shared as `Rc<dyn Runtime>`.
pub trait Runtime {
    /// The time now.
    fn now(&self) -> Time;
    /// Resolves after `ns` nanoseconds.
    fn sleep(&self, ns: i64) -> LocalFuture<'static, ()>;
    /// Where one thread does all, and everything else (keys, timers, painting) has waited long: resolves once that had its turn.
    fn turn(&self) -> Option<LocalFuture<'static, ()>> {
        None
    }
    /// Runs a future in the background until it ends.
    fn spawn(&self, task: LocalFuture<'static, ()>);
    /// 64 random bits, for inboxes, nuids and jitter.
    fn random(&self) -> u64;
}
