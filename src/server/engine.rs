//! The one door between a server and its JetStream. A server reaches JetStream's code through an [`Engine`] alone, and
//! gets one from the function in its configuration: whoever starts a server without JetStream needs none of that code.
//! Must not know what is behind the door.

use super::ConnectionId;
use super::core::{ConsumerId, Core, Endpoint, Message, StreamId, Timer, Watcher};

/// Starts JetStream on a server that is being started.
pub type StartEngine = fn(&mut Core) -> Box<dyn Engine>;

/// JetStream, as the server sees it. What it has to say it says through the [`Core`].
pub trait Engine: Send {
    /// A message for one of its endpoints; `from` is the client that published it, if one did.
    fn on_message(
        &mut self,
        core: &mut Core,
        endpoint: Endpoint,
        message: Message<'_>,
        from: Option<ConnectionId>,
    );

    /// A timer set with [`Core::set_timer`] is due.
    fn timer(&mut self, core: &mut Core, timer: Timer);

    /// Exact interest that [`Core::watch_interest`] asked about came or went.
    fn interest_changed(&mut self, core: &mut Core, watcher: Watcher);

    /// It is time for a consumer that [`Core::serve`] named to serve who asked it.
    fn serve(&mut self, core: &mut Core, stream: StreamId, consumer: ConsumerId);

    /// The server is about to stop.
    fn shutdown(&mut self, core: &mut Core);

    /// Bytes of all messages in streams that outlive the server.
    fn file_bytes(&self) -> u64;

    /// All that outlives the server, as a log. From now on [`Engine::take_journal`] has the changes.
    fn snapshot(&mut self, core: &mut Core) -> Vec<u8>;

    /// Changes since the last call, to be appended to the log of [`Engine::snapshot`], of the last or of an earlier one that
    /// has had all changes since.
    fn take_journal(&mut self, core: &mut Core) -> Vec<u8>;

    /// Takes in what a log has, and returns how many bytes of it are damaged. They are left out, and said so in the
    /// server's log.
    fn restore(&mut self, core: &mut Core, log: &[u8]) -> usize;
}
