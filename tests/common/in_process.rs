//! A host with the in-page server, as a place to play sessions: one for each session.

use super::player::{Place, difference, play};
use nats_kv_playground::{
    cli::ConnectorFactory,
    client::{runtime::Runtime, transport::LocalFuture},
    host::Host,
    server::{Config, jetstream},
};
use std::rc::Rc;

/// See the module.
pub struct InProcess(pub Host);

impl Place for InProcess {
    fn runtime(&self) -> Rc<dyn Runtime> {
        self.0.runtime()
    }

    fn connector(&self) -> Rc<ConnectorFactory> {
        let host = self.0.clone();
        Rc::new(move |url| Ok(host.connector_at(url)))
    }

    fn restart(&self, args: String) -> LocalFuture<'_, ()> {
        Box::pin(async move {
            if self.0.running().is_some() {
                self.0.stop("terminated");
            }
            let on = args.split_whitespace().any(|arg| arg == "-js");
            self.0
                .start(Config {
                    jetstream: on.then_some(jetstream::start),
                    ..Config::default()
                })
                .expect("starts");
        })
    }
}

/// Plays a session on a fresh host and panics where what was seen is not what the session says.
pub async fn check(session: &str, runtime: Rc<dyn Runtime>) {
    let seen = play(session, &InProcess(Host::new(runtime))).await;
    assert!(seen == session, "\n{}", difference(session, &seen));
}
