//! Events for whoever listens to `$JS.EVENT.…`: what all of them have. Written only when somebody does.

use crate::server::core::{Core, Message};
use crate::wire::json::Writer;

/// Sends an event of type `io.nats.jetstream.KIND` to `$JS.EVENT.SUBJECT`; `fields` writes what is not in all of them.
/// `double_space` is the account client's form, see [`Core::publish`].
pub fn advise(
    core: &mut Core,
    subject: &str,
    kind: &str,
    double_space: bool,
    fields: &dyn Fn(&mut Writer, &Core),
) {
    let subject = format!("$JS.EVENT.{subject}");
    if !core.has_interest(subject.as_bytes()) {
        return;
    }
    let id = core.nuid();
    let mut w = Writer::default();
    w.open().key("type");
    w.string(&format!("io.nats.jetstream.{kind}"));
    w.key("id").string(&id);
    w.key("timestamp").time(Some(core.now()));
    fields(&mut w, core);
    w.close();
    let payload = w.finish();
    core.publish(Message::plain(subject.as_bytes(), &payload), double_space);
}
