//! How much a follower looks at and takes, and when.

use super::super::stream::Origin;
use super::*;
use crate::server::Config as ServerConfig;

/// JetStream with a stream `O` of `count` messages on `o.a`, and one that takes these of it.
struct Two {
    core: Core,
    js: JetStream,
    ids: [StreamId; 2],
}

impl Two {
    fn new(count: usize) -> Two {
        let mut core = Core::new(ServerConfig::default(), 1, Time(SECOND));
        let mut js = JetStream::default();
        let source = Source {
            name: "O".into(),
            filter_subject: "o.a".into(),
            ..Source::default()
        };
        for (name, subjects, sources) in [
            ("O", vec!["o.>".into()], None),
            ("S", vec![], Some(vec![source])),
        ] {
            let config = StreamConfig {
                name: name.into(),
                subjects,
                sources,
                max_msg_size: -1,
                ..StreamConfig::default()
            };
            js.add(&mut core, config);
        }
        let ids = ["O", "S"].map(|name| js.names.get(name).copied().unwrap_or_default());
        let mut two = Two { core, js, ids };
        for _ in 0..count {
            two.publish("o.a");
        }
        two
    }

    fn publish(&mut self, subject: &str) {
        let core = &mut self.core;
        if let Some(stream) = self.js.streams.get_mut(&self.ids[0]) {
            let accepted = stream.publish(core, subject.as_bytes(), b"", b"", b"v", Origin::Client);
            assert!(accepted.is_ok());
        }
        self.js.hand_on(core, self.ids[0]);
    }

    /// The next look for origins.
    fn look(&mut self) {
        self.core.now = self.core.timers.next().expect("something to wait for");
        self.js.look_for_origins(&mut self.core, self.ids[1]);
    }

    fn follower(&self) -> &Stream {
        self.js.streams.get(&self.ids[1]).expect("the follower")
    }
}

#[test]
fn what_is_not_wanted_is_looked_at_once() {
    let mut two = Two::new(1);
    two.look();
    for last in 2..10 {
        two.publish("o.b");
        let follow = &two.follower().follows[0];
        assert_eq!((follow.next, follow.looked), (2, last + 1));
    }
    two.publish("o.a");
    assert_eq!(two.follower().follows[0].next, 11);
    assert_eq!(two.follower().store.len(), 2);
}

#[test]
fn no_step_takes_all_that_there_is() {
    let mut two = Two::new(2 * BATCH);
    two.look();
    assert_eq!(two.follower().store.len(), BATCH as u64);
    // Nor do publishes in between bring it.
    two.publish("o.a");
    assert_eq!(two.follower().store.len(), BATCH as u64);
    assert_eq!(two.core.timers.next(), Some(two.core.now()));
    two.look();
    two.look();
    assert_eq!(two.follower().store.len(), 2 * BATCH as u64 + 1);
    assert_eq!(two.core.timers.next(), None);
    two.publish("o.a");
    assert_eq!(two.follower().store.len(), 2 * BATCH as u64 + 2);
}
