//! Where a server lives in-process: hands out transports, drains outputs in order, owns the clock.
//! The only module that knows both the server and the client.

use crate::client::{runtime::Runtime, transport::Connector};
use crate::server::Config;
use crate::wire::time::Time;
use std::rc::Rc;

/// A place where one nats-server can run at a time; clones are the same place.
#[derive(Clone)]
pub struct Host {}

#[allow(unused_variables, clippy::todo)]
impl Host {
    /// A place with nothing running. `runtime` gives time, timers and randomness.
    pub fn new(runtime: Rc<dyn Runtime>) -> Host {
        todo!()
    }

    /// Starts a server. File-backed streams of the one before it are there again, memory-backed ones are not.
    /// `Err` when one is running already, in nats-server's words.
    pub fn start(&self, config: Config) -> Result<(), String> {
        todo!()
    }

    /// Stops the server as SIGINT (`interrupt`) or SIGTERM (`terminated`) would; connections end with EOF.
    pub fn stop(&self, signal: &str) {
        todo!()
    }

    /// Configuration of the server that runs, if one does.
    pub fn running(&self) -> Option<Config> {
        todo!()
    }

    /// Opens connections to whatever server runs at the time; refused when none does.
    pub fn connector(&self) -> Rc<dyn Connector> {
        todo!()
    }

    /// The runtime for clients of this place: its clock is [`Host::now`].
    pub fn runtime(&self) -> Rc<dyn Runtime> {
        todo!()
    }

    /// The server's time: the runtime's plus what it was moved ahead.
    pub fn now(&self) -> Time {
        todo!()
    }

    /// Moves the clock ahead by `ns`; everything due in between happens in order, clients answering along the way.
    pub async fn advance(&self, ns: i64) {
        todo!()
    }

    /// Calls `log` with every log line of the servers to come, without its newline.
    pub fn on_log(&self, log: Rc<dyn Fn(&str)>) {
        todo!()
    }
}
