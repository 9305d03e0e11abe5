//! What a benchmark needs of the world, natively and in WebAssembly (where Node runs it).

#[cfg(not(target_arch = "wasm32"))]
pub use native::*;
#[cfg(target_arch = "wasm32")]
pub use wasm::*;

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::sync::LazyLock;
    use std::time::Instant;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    /// Nanoseconds since some moment.
    pub fn clock() -> f64 {
        START.elapsed().as_nanos() as f64
    }

    /// Nanoseconds this process has had on a processor, so that other programs do not count; the clock where that is
    /// unknown.
    pub fn processor_time() -> f64 {
        let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
        let ran = stat.split(' ').next().and_then(|ns| ns.parse().ok());
        ran.unwrap_or_else(clock)
    }

    /// Bytes of memory in use.
    pub fn resident() -> f64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap_or_default().trim().trim_end_matches(" kB");
        kilobytes.parse().unwrap_or(0.0) * 1024.0
    }

    /// The first argument that is not a flag.
    pub fn arguments() -> String {
        let mut arguments = std::env::args().skip(1);
        arguments
            .find(|argument| !argument.starts_with('-'))
            .unwrap_or_default()
    }

    /// Prints a line.
    pub fn say(line: &str) {
        println!("{line}");
    }
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = performance)]
        fn now() -> f64;
        #[wasm_bindgen(js_namespace = console)]
        fn log(line: &str);
    }

    /// Nanoseconds since some moment.
    pub fn clock() -> f64 {
        now() * 1e6
    }

    /// The clock: nothing else is known here.
    pub fn processor_time() -> f64 {
        clock()
    }

    /// Bytes of the linear memory.
    pub fn resident() -> f64 {
        core::arch::wasm32::memory_size(0) as f64 * 65_536.0
    }

    /// There are none.
    pub fn arguments() -> String {
        String::new()
    }

    /// Prints a line.
    pub fn say(line: &str) {
        log(line);
    }
}
