//! Signals, as nats-server takes them: some stop the server, at once or as a lame duck, others have nothing to act on here.

use std::future::pending;
use std::io;
use std::time::Duration;

use nats_kv_playground::server::LameDuck;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::connection;
use crate::native::{Host, now};

const NO_RELOAD: &str = "Failed to reload server configuration: can only reload config when a file is provided \
    using -c or --config";
const NO_LOG_FILE: &str = "File log re-open ignored, not a file logger";

/// The signals that the server takes from now on.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    user1: Signal,
    user2: Signal,
}

impl Signals {
    /// Takes signals from now on.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn new() -> io::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
        })
    }
}

/// Waits until the server is to shut down; names of signals are Go's. A lame duck closes the `doors` at once.
pub async fn until_stopped(host: &Host, mut signals: Signals, doors: &mut Vec<JoinHandle<()>>) {
    let mut leaving = None;
    loop {
        let name = tokio::select! {
            _ = signals.interrupt.recv() => "interrupt",
            _ = signals.terminate.recv() => "terminated",
            _ = signals.hangup.recv() => "hangup",
            _ = signals.user1.recv() => "user defined signal 1",
            _ = signals.user2.recv() => "user defined signal 2",
            () = let_go(host, &mut leaving) => return,
        };
        host.note("INF", &format!("Trapped \"{name}\" signal"));
        match name {
            "interrupt" => return,
            "terminated" if leaving.is_none() => return,
            "hangup" => host.note("ERR", NO_RELOAD),
            "user defined signal 1" => host.note("INF", NO_LOG_FILE),
            "user defined signal 2" if leaving.is_none() => {
                connection::close(doors).await;
                leaving = Some(host.enter_lame_duck_mode());
            }
            _ => {}
        }
    }
}

/// Closes the clients of a lame duck in their time; never ends without one.
async fn let_go(host: &Host, leaving: &mut Option<LameDuck>) {
    let Some(duck) = leaving else {
        return pending().await;
    };
    while let Some(at) = host.step(|server, now| server.let_go(duck, now)) {
        sleep(Duration::from_nanos(at.since(now()).max(0) as u64)).await;
    }
}
