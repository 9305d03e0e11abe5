//! A stream described: the stream info object of the API.

use super::{Storage, Stream};
use crate::server::core::Core;
use crate::server::jetstream::store::Filters;
use crate::wire::json::Writer;

/// Most subjects a reply lists.
pub const SUBJECTS_LIMIT: usize = 100_000;

/// What a STREAM.INFO asks for beyond the usual.
#[derive(Clone, Debug, Default)]
pub struct InfoRequest {
    /// First of the subjects to list.
    pub offset: i64,
    /// List deleted sequences.
    pub deleted_details: bool,
    /// List subjects that match, and their counts; empty for none.
    pub subjects_filter: String,
}

impl Stream {
    /// Number of subjects that match a STREAM.INFO's filter.
    pub fn count_subjects(&self, request: &InfoRequest) -> usize {
        if request.subjects_filter.is_empty() {
            return 0;
        }
        let filters = Filters::new([&request.subjects_filter]);
        self.store.subjects(&filters).count()
    }

    /// Writes the state object.
    pub fn write_state(&self, w: &mut Writer, request: &InfoRequest) {
        self.write_state_with(w, request, self.consumers.public().count());
    }

    /// The same, with a number of consumers.
    pub fn write_state_with(&self, w: &mut Writer, request: &InfoRequest, consumers: usize) {
        let store = &self.store;
        w.open();
        w.key("messages").uint(store.len());
        w.key("bytes").uint(store.bytes());
        w.key("first_seq").uint(store.first_seq());
        w.key("first_ts").time(store.first_time());
        w.key("last_seq").uint(store.last_seq());
        w.key("last_ts")
            .time(Some(store.last_time()).filter(|at| at.0 != 0));
        if store.num_subjects() > 0 {
            w.key("num_subjects").uint(store.num_subjects() as u64);
        }
        if !request.subjects_filter.is_empty() {
            let filters = Filters::new([&request.subjects_filter]);
            let offset = usize::try_from(request.offset).unwrap_or(0);
            let mut subjects = store.subjects(&filters).skip(offset).peekable();
            if subjects.peek().is_some() {
                w.key("subjects").open();
                for (subject, sequences) in subjects.take(SUBJECTS_LIMIT) {
                    w.key_bytes(subject).uint(sequences.count());
                }
                w.close();
            }
        }
        if store.num_deleted() > 0 {
            w.key("num_deleted").uint(store.num_deleted());
            if request.deleted_details {
                w.key("deleted").open_list();
                for seq in store.deleted() {
                    w.uint(seq);
                }
                w.close_list();
            }
        }
        // nats-server's files count a sequence 0 as deleted as long as nothing was ever stored.
        if request.deleted_details && store.first_seq() == 0 && store.storage() == Storage::File {
            w.key("num_deleted").uint(1).key("deleted").raw(b"[0]");
        }
        w.key("consumer_count").uint(consumers as u64);
        w.close();
    }

    /// Writes the members of the info object up to the state. `own` shows the server's own metadata.
    pub fn write_info(&self, w: &mut Writer, own: bool, request: &InfoRequest) {
        w.key("config");
        self.config.write(w, own);
        w.key("created").time(Some(self.created)).key("state");
        self.write_state(w, request);
    }

    /// Writes `cluster`, which only STREAM.INFO shows.
    pub fn write_cluster(w: &mut Writer, core: &Core) {
        w.key("cluster").open();
        w.key("leader").string(core.server_name()).close();
    }
}
