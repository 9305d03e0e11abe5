//! The golden sessions: our command line against the in-page server, natively and in simulated time.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{
    clock::{Clock, SimulatedRuntime},
    in_process::check,
};
use std::{fs, path::Path, rc::Rc};

macro_rules! each {
    ($($name:ident $path:literal,)*) => {
        $(
            #[test]
            fn $name() {
                let clock = Clock::new(1);
                let runtime = Rc::new(SimulatedRuntime(clock.clone()));
                clock.run(check(include_str!(concat!("golden/", $path, ".txt")), runtime));
            }
        )*

        const LISTED: &[&str] = &[$($path),*];
    };
}

sessions!(each);

#[test]
fn every_session_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for folder in fs::read_dir(&root).expect("there") {
        let folder = folder.expect("readable").path();
        for file in fs::read_dir(&folder).into_iter().flatten() {
            let file = file.expect("readable").path().with_extension("");
            let name = file
                .strip_prefix(&root)
                .expect("below")
                .to_string_lossy()
                .into_owned();
            assert!(
                LISTED.contains(&name.as_str()),
                "add {name} to tests/common/sessions.rs"
            );
        }
    }
}
