//! Time, timers, tasks and randomness of a page, a worker or Node.

use super::turns::Turns;
use crate::client::{runtime::Runtime, transport::LocalFuture};
use crate::wire::time::{SECOND, Time};
use gloo_timers::future::TimeoutFuture;
use std::cell::Cell;
use wasm_bindgen::prelude::wasm_bindgen;

/// `setTimeout` counts in an `i32`.
const LONGEST_TIMEOUT: u64 = i32::MAX as u64;

/// What JavaScript offers everywhere: `Date`, `performance`, `setTimeout`, `crypto`.
pub struct BrowserRuntime {
    /// Wall clock minus `performance.now()`, in ms.
    epoch: Cell<f64>,
    turns: Turns,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(crate) fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn random_values(bytes: &mut [u8]);
}

impl BrowserRuntime {
    /// A runtime whose clock starts at the wall clock's time.
    #[allow(clippy::new_without_default)] // it reads the clock
    pub fn new() -> BrowserRuntime {
        BrowserRuntime {
            epoch: Cell::new(js_sys::Date::now() - performance_now()),
            turns: Turns::default(),
        }
    }

    /// The turns of its event loop.
    #[cfg(feature = "js")]
    pub fn turns(&self) -> &Turns {
        &self.turns
    }
}

impl Runtime for BrowserRuntime {
    fn now(&self) -> Time {
        // performance.now() counts finely and never backwards, but may stand still while a computer sleeps.
        let (wall, counted) = (js_sys::Date::now(), performance_now());
        if wall > self.epoch.get() + counted + 1000.0 {
            self.epoch.set(wall - counted);
        }
        let ms = self.epoch.get() + counted;
        // A double holds today's milliseconds to a quarter of a microsecond.
        Time((ms.trunc() as i64) * (SECOND / 1000) + (ms.fract() * 1e6) as i64)
    }

    fn sleep(&self, ns: i64) -> LocalFuture<'static, ()> {
        let ms = (ns.max(0) as u64).div_ceil(1_000_000);
        Box::pin(TimeoutFuture::new(ms.min(LONGEST_TIMEOUT) as u32))
    }

    fn spawn(&self, task: LocalFuture<'static, ()>) {
        wasm_bindgen_futures::spawn_local(task);
    }

    fn turn(&self) -> Option<LocalFuture<'static, ()>> {
        let turns = &self.turns;
        turns.is_long().then(|| {
            let turns = turns.clone();
            Box::pin(async move { turns.next().await }) as LocalFuture<'static, ()>
        })
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        random_values(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}
