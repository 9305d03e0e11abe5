//! Clients of a server in the same process, in simulated time.

use super::clock::{Clock, SimulatedRuntime};
use nats_kv_playground::{
    client::{Client, Error, Options},
    host::Host,
    server::{Config, jetstream},
};
use std::{future::Future, rc::Rc};

/// A configuration with JetStream.
pub fn jetstream() -> Config {
    Config {
        jetstream: Some(jetstream::start),
        ..Config::default()
    }
}

/// Runs a test at a host with a server.
pub fn at<F: Future<Output = ()>>(config: Config, test: impl FnOnce(Host) -> F) {
    let clock = Clock::new(1);
    let host = Host::new(Rc::new(SimulatedRuntime(clock.clone())));
    host.start(config).expect("starts");
    clock.run(test(host));
}

/// A connection of a client with the defaults.
pub async fn connect(host: &Host) -> Client {
    connect_with(host, Options::default())
        .await
        .expect("connects")
}

/// A connection.
pub async fn connect_with(host: &Host, options: Options) -> Result<Client, Error> {
    Client::connect(host.connector(), host.runtime(), options).await
}
