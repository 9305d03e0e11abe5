//! The API level a configuration needs, kept in its metadata (`jetstream_versioning.go`). Must not know anything else.

use super::config::StreamConfig;

/// Key of the level a configuration needs; stored, whatever a client sent.
pub const REQUIRED: &str = "_nats.req.level";
/// Keys that only replies show: the server's version and API level.
pub const SHOWN: [&str; 2] = ["_nats.ver", "_nats.level"];

impl StreamConfig {
    /// Puts the API level this configuration needs into its metadata and drops what only replies show.
    pub fn put_required_level(&mut self) {
        let level = if self.allow_batched {
            "4"
        } else if self.allow_msg_counter
            || self.allow_atomic
            || self.allow_msg_schedules
            || self.async_persist
        {
            "2"
        } else if self.allow_msg_ttl || self.subject_delete_marker_ttl > 0 {
            "1"
        } else {
            "0"
        };
        for key in SHOWN {
            self.metadata.remove(key);
        }
        self.metadata.insert(REQUIRED.into(), level.into());
    }

    /// Equal but for the server's own metadata: what makes a repeated create succeed.
    pub fn is_same(&self, other: &StreamConfig) -> bool {
        let own = |config: &StreamConfig| {
            let mut config = config.clone();
            for key in SHOWN.iter().chain([&REQUIRED]) {
                config.metadata.remove(*key);
            }
            config
        };
        own(self) == own(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_the_features() {
        let mut config = StreamConfig {
            allow_msg_ttl: true,
            ..StreamConfig::default()
        };
        config.metadata.insert("_nats.ver".into(), "9".into());
        config.metadata.insert("owner".into(), "me".into());
        let before = config.clone();
        config.put_required_level();
        let kept: Vec<_> = config
            .metadata
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(kept, [("_nats.req.level", "1"), ("owner", "me")]);
        assert!(config.is_same(&before));
    }
}
