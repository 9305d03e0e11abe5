//! `$JS.API.INFO`: what the account uses.

use super::{Call, Done};
use crate::server::API_LEVEL;
use crate::server::jetstream::store::Storage;

pub static INFO: Call = Call {
    kind: "account_info_response",
    run: |js, _, _, w| {
        w.key("memory").uint(js.used(Storage::Memory));
        w.key("storage").uint(js.used(Storage::File));
        w.key("reserved_memory").int(js.reserved(Storage::Memory));
        w.key("reserved_storage").int(js.reserved(Storage::File));
        w.key("streams").uint(js.streams.len() as u64);
        let consumers = js.streams.values().map(|s| s.consumers.len());
        let consumers = consumers.sum::<usize>();
        w.key("consumers").uint(consumers as u64);
        w.key("limits").open();
        for name in [
            "max_memory",
            "max_storage",
            "max_streams",
            "max_consumers",
            "max_ack_pending",
            "memory_max_stream_bytes",
            "storage_max_stream_bytes",
        ] {
            w.key(name).int(-1);
        }
        w.key("max_bytes_required").bool(false).close();
        w.key("api").open();
        w.key("level").int(API_LEVEL);
        w.key("total").uint(js.api_total);
        w.key("errors").uint(js.api_errors).close();
        Ok(Done::default())
    },
    on_error: "",
};
