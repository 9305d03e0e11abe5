//! What snapshots and restores tell the log and whoever listens to `$JS.EVENT.ADVISORY.STREAM.…`. Must not know how they go.

use crate::server::ConnectionId;
use crate::server::core::Core;
use crate::server::jetstream::advisory;
use crate::server::jetstream::api::write_client;
use crate::wire::duration;
use crate::wire::json::Writer;
use crate::wire::time::Time;

const MILLISECOND: i64 = 1_000_000;

/// The client that asked, as advisories show it: who it was when it asked.
pub fn client(core: &Core, from: Option<ConnectionId>) -> Vec<u8> {
    let mut w = Writer::default();
    write_client(&mut w, core, from);
    w.finish()
}

/// Sends an advisory: `SNAPSHOT_CREATE` and so on; `fields` writes what is not in all of them.
pub fn advise(core: &mut Core, event: &str, stream: &str, fields: &dyn Fn(&mut Writer)) {
    let subject = format!("ADVISORY.STREAM.{event}.{stream}");
    let kind = format!("advisory.v1.{}", event.to_lowercase());
    advisory::advise(core, &subject, &kind, true, &|w, _| {
        w.key("stream").string(stream);
        fields(w);
    });
}

/// When something began and ended.
pub fn write_span(w: &mut Writer, start: Time, end: Time) {
    w.key("start").time(Some(start));
    w.key("end").time(Some(end));
}

/// How a stream is called in the log.
pub fn shown(stream: &str) -> String {
    format!("stream '$G > {stream}'")
}

/// A time that passed, to the millisecond.
pub fn took(start: Time, end: Time) -> String {
    let took = end.since(start);
    duration::format((took + MILLISECOND / 2) / MILLISECOND * MILLISECOND)
}

/// A size as nats-server's log has it.
pub fn size(bytes: u64) -> String {
    let (mut size, mut unit) = (bytes as f64, None);
    for larger in ["K", "M", "G", "T", "P", "E"] {
        if size < 1024.0 {
            break;
        }
        (size, unit) = (size / 1024.0, Some(larger));
    }
    match unit {
        Some(unit) => format!("{size:.2} {unit}B"),
        None => format!("{bytes} B"),
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #[test]
    fn sizes() {
        let shown = [0, 390, 1023, 1024, 1536, 3 << 20].map(super::size);
        let wanted = ["0 B", "390 B", "1023 B", "1.00 KB", "1.50 KB", "3.00 MB"];
        assert_eq!(shown, wanted);
    }
}
