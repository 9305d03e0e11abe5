//! The golden sessions: our command line against the in-page server, natively and in simulated time.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{
    clock::{Clock, SimulatedRuntime},
    player::{Place, difference, play},
};
use nats_kv_playground::{
    cli::ConnectorFactory,
    client::{runtime::Runtime, transport::LocalFuture},
    host::Host,
    server::Config,
};
use std::{fs, path::Path, rc::Rc};

/// A host of its own for every session.
struct InProcess(Host);

impl Place for InProcess {
    fn runtime(&self) -> Rc<dyn Runtime> {
        self.0.runtime()
    }

    fn connector(&self) -> Rc<ConnectorFactory> {
        let host = self.0.clone();
        Rc::new(move |_url| Ok(host.connector()))
    }

    fn restart(&self, args: String) -> LocalFuture<'_, ()> {
        Box::pin(async move {
            if self.0.running().is_some() {
                self.0.stop("terminated");
            }
            let jetstream = args.split_whitespace().any(|arg| arg == "-js");
            self.0
                .start(Config {
                    jetstream,
                    ..Config::default()
                })
                .expect("starts");
        })
    }
}

fn check(session: &str) {
    let clock = Clock::new(1);
    let place = InProcess(Host::new(Rc::new(SimulatedRuntime(clock.clone()))));
    let seen = clock.run(play(session, &place));
    assert!(seen == session, "\n{}", difference(session, &seen));
}

macro_rules! each {
    ($($name:ident $path:literal,)*) => {
        $(
            #[test]
            fn $name() {
                check(include_str!(concat!("golden/", $path, ".txt")));
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
