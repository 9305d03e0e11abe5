//! Replays the fuzz targets' seeds, and small changes of each, on the stable toolchain.

#![cfg(not(target_arch = "wasm32"))]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;

/// Runs a target over its seeds: as they are, cut short, and with single bytes changed.
fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(name);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("a folder of seeds") {
        let seed = fs::read(entry.expect("a seed").path()).expect("a readable seed");
        target(&seed);
        let step = seed.len() / 12 + 1;
        for at in (0..seed.len()).step_by(step) {
            target(&seed[..at]);
            for byte in [0, b' ', b'9', b'"', 0xff] {
                let mut changed = seed.clone();
                changed[at] = byte;
                target(&changed);
            }
        }
        count += 1;
    }
    assert!(count > 0, "no seeds in {}", folder.display());
}

macro_rules! targets {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name), targets::$name);
        })*
    };
}

targets!(
    parser, headers, subjects, api, server, journal, restore, command
);
