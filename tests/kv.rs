//! Buckets and watches over an in-process server, in simulated time.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::local::{at, connect, jetstream};
use nats_kv_playground::{
    client::{
        Error, JetStream,
        kv::{self, Bucket, Entry, Operation, WatchOptions},
        types::{StorageType, StreamSource},
    },
    host::{Change, Host},
    server::Config,
};
use std::{cell::RefCell, rc::Rc};

const SECOND: i64 = 1_000_000_000;

async fn bucket(host: &Host, config: kv::Config) -> Bucket {
    let config = kv::Config {
        bucket: "b".into(),
        ..config
    };
    let jetstream = JetStream::new(connect(host).await);
    jetstream.create_key_value(&config).await.expect("created")
}

fn history(history: i64) -> kv::Config {
    kv::Config {
        history,
        ..kv::Config::default()
    }
}

/// What the errors say is from sessions of the real `nats` against nats-server.
fn says<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) {
    assert_eq!(result.expect_err(text).to_string(), text);
}

fn short(entry: &Entry) -> (u64, &str, Operation, &[u8]) {
    (entry.revision, &entry.key, entry.operation, &entry.value)
}

#[test]
fn puts_gets_and_deletes() {
    at(jetstream(), async |host| {
        let bucket = bucket(&host, history(5)).await;
        assert_eq!(bucket.put("a", b"1").await, Ok(1));
        assert_eq!(bucket.put("a", b"2").await, Ok(2));
        let entry = bucket.get("a").await.expect("there");
        assert_eq!(short(&entry), (2, "a", Operation::Put, &b"2"[..]));
        assert_eq!(entry.created, host.now());
        assert_eq!(
            bucket.get_revision("a", 1).await.expect("there").value,
            b"1"
        );
        bucket.put("other", b"3").await.expect("put");
        says(bucket.get_revision("a", 3).await, "nats: key not found");
        says(bucket.get("missing").await, "nats: key not found");
        for key in ["", ".a", "a b", "a*"] {
            says(bucket.put(key, b"").await, "nats: invalid key");
            says(bucket.get(key).await, "nats: invalid key");
        }

        bucket.delete("a", 0).await.expect("deleted");
        says(bucket.get("a").await, "nats: key not found");
        says(bucket.get_revision("a", 4).await, "nats: key not found");
        let marker = bucket.entry("a").await.expect("asked").expect("a marker");
        assert_eq!(short(&marker), (4, "a", Operation::Delete, &b""[..]));
        let entries = bucket.history("a").await.expect("there");
        let revisions: Vec<_> = entries
            .iter()
            .map(|entry| (entry.revision, entry.delta))
            .collect();
        assert_eq!(revisions, [(1, 2), (2, 1), (4, 0)]);

        bucket.purge("a", 0, 0).await.expect("purged");
        let entries = bucket.history("a").await.expect("there");
        let entries: Vec<_> = entries.iter().map(short).collect();
        assert_eq!(entries, [(5, "a", Operation::Purge, &b""[..])]);
        says(bucket.history("missing").await, "nats: key not found");
        assert_eq!(bucket.keys(">").await, Ok(vec!["other".to_string()]));
        assert_eq!(bucket.keys("a").await, Ok(vec![]));
        says(
            bucket.keys("a b").await,
            "nats: invalid key: key cannot be empty and must be a valid NATS subject",
        );
        host.advance(2 * 3600 * SECOND).await;
        bucket.purge_deletes(1800 * SECOND).await.expect("purged");
        assert_eq!(bucket.entry("a").await, Ok(None));
    });
}

#[test]
fn a_clock_that_was_moved_as_far_as_it_goes_still_keeps_values() {
    at(jetstream(), async |host| {
        let bucket = bucket(&host, history(1)).await;
        for revision in [1, 2] {
            host.advance(i64::MAX).await;
            assert_eq!(bucket.put("a", b"late").await, Ok(revision));
            assert_eq!(bucket.get("a").await.expect("there").value, b"late");
        }
    });
}

#[test]
fn creates_and_updates_only_when_it_may() {
    at(jetstream(), async |host| {
        let bucket = bucket(&host, history(1)).await;
        assert_eq!(bucket.create("lock", b"1", 0).await, Ok(1));
        says(
            bucket.create("lock", b"2", 0).await,
            "nats: nats: API error: code=400 err_code=10071 description=wrong last sequence: 1: key exists",
        );
        assert_eq!(bucket.update("lock", b"2", 1).await, Ok(2));
        says(
            bucket.update("lock", b"3", 1).await,
            "nats: nats: API error: code=400 err_code=10071 description=wrong last sequence: 2: nats: key revision mismatch",
        );
        says(
            bucket.delete("lock", 1).await,
            "nats: nats: API error: code=400 err_code=10071 description=wrong last sequence: 2: nats: key revision mismatch",
        );
        // After a delete a key may be created again, though its subject has a message.
        bucket.delete("lock", 2).await.expect("deleted");
        assert_eq!(bucket.create("lock", b"4", 0).await, Ok(4));
        bucket.purge("lock", 0, 0).await.expect("purged");
        assert_eq!(bucket.create("lock", b"5", 0).await, Ok(6));
        says(
            bucket.create("ttl", b"6", 2 * SECOND).await,
            "nats: nats: API error: code=400 err_code=10166 description=per-message TTL is disabled",
        );
    });
}

#[test]
fn keys_expire() {
    at(jetstream(), async |host| {
        let config = kv::Config {
            limit_marker_ttl: SECOND,
            ..history(1)
        };
        let bucket = bucket(&host, config).await;
        let mut watch = bucket
            .watch(&[">"], WatchOptions::default())
            .await
            .expect("watches");
        assert_eq!(watch.next().await, Ok(None));
        bucket
            .create("lock", b"1", 30 * SECOND)
            .await
            .expect("created");
        host.advance(29 * SECOND).await;
        bucket.get("lock").await.expect("still there");
        host.advance(2 * SECOND).await;
        says(bucket.get("lock").await, "nats: key not found");
        let created = watch.next().await.expect("comes").expect("an entry");
        let expired = watch.next().await.expect("comes").expect("an entry");
        assert_eq!(short(&created), (1, "lock", Operation::Put, &b"1"[..]));
        assert_eq!(short(&expired), (2, "lock", Operation::Purge, &b""[..]));
        bucket.create("lock", b"2", 0).await.expect("created again");
    });
}

#[test]
fn buckets_come_and_go() {
    at(jetstream(), async |host| {
        let jetstream = JetStream::new(connect(&host).await);
        let config = |history| kv::Config {
            bucket: "b".into(),
            history,
            ..kv::Config::default()
        };
        says(
            jetstream.key_value("b").await.map(|_| ()),
            "nats: bucket not found",
        );
        says(
            jetstream.key_value("a b").await.map(|_| ()),
            "nats: invalid bucket name",
        );
        says(
            jetstream.delete_key_value("b").await,
            "nats: bucket not found: b\nnats: API error: code=404 err_code=10059 description=stream not found",
        );
        for _ in 0..2 {
            jetstream
                .create_key_value(&config(1))
                .await
                .expect("the same again is fine");
        }
        says(
            jetstream.create_key_value(&config(2)).await.map(|_| ()),
            "nats: bucket name already in use: b\nnats: API error: code=400 err_code=10058 description=stream name already in use",
        );
        says(
            jetstream.create_key_value(&config(65)).await.map(|_| ()),
            "nats: history limited to a max of 64",
        );
        jetstream
            .update_key_value(&config(2))
            .await
            .expect("updated");
        let status = jetstream
            .key_value("b")
            .await
            .expect("there")
            .status()
            .await;
        assert_eq!(status.expect("asked").config.max_msgs_per_subject, 2);
        assert_eq!(jetstream.key_value_names().await, Ok(vec!["b".to_string()]));
        jetstream.delete_key_value("b").await.expect("removed");
        assert_eq!(jetstream.key_value_stores().await, Ok(vec![]));
    });
}

#[test]
fn a_mirror_writes_to_its_origin() {
    at(jetstream(), async |host| {
        let origin = bucket(&host, history(1)).await;
        let jetstream = origin.context();
        let mirror = kv::Config {
            bucket: "m".into(),
            mirror: Some(StreamSource {
                name: "b".into(),
                ..Default::default()
            }),
            ..kv::Config::default()
        };
        let mirror = jetstream.create_key_value(&mirror).await.expect("created");
        assert_eq!(mirror.put("k", b"v").await, Ok(1));
        assert_eq!(origin.get("k").await.expect("there").value, b"v");
        let copied = kv::Config {
            bucket: "s".into(),
            sources: mirror
                .status()
                .await
                .expect("asked")
                .config
                .mirror
                .into_iter()
                .collect(),
            ..kv::Config::default()
        };
        let copied = jetstream.create_key_value(&copied).await.expect("created");
        host.advance(10 * SECOND).await;
        assert_eq!(copied.get("k").await.expect("there").value, b"v");
        assert_eq!(mirror.status().await.expect("asked").state.messages, 1);
        let mut keys = mirror.keys(">").await.expect("asked");
        assert!(keys.is_empty(), "as in nats.go: {keys:?}");
        keys = mirror.with_subjects().keys(">").await.expect("asked");
        assert_eq!(keys, ["$KV.b.k"]);
    });
}

#[test]
fn a_watch_tells_where_the_start_ends() {
    at(jetstream(), async |host| {
        let bucket = bucket(&host, history(3)).await;
        for (key, value) in [("a", b"1"), ("b.x", b"2"), ("a", b"3")] {
            bucket.put(key, value).await.expect("put");
        }
        bucket.delete("b.x", 0).await.expect("deleted");
        let seen = async |keys: &[&str], options: WatchOptions| {
            let mut watch = bucket.watch(keys, options).await.expect("watches");
            let mut revisions = Vec::new();
            while let Some(entry) = watch.next().await.expect("goes on") {
                revisions.push((entry.revision, entry.value.len()));
            }
            watch.stop();
            revisions
        };
        let latest = WatchOptions::default();
        let all = WatchOptions {
            include_history: true,
            ..latest
        };
        let values = WatchOptions {
            ignore_deletes: true,
            ..latest
        };
        let meta = WatchOptions {
            meta_only: true,
            ..latest
        };
        let later = WatchOptions {
            resume_from_revision: 3,
            ..latest
        };
        assert_eq!(seen(&[">"], latest).await, [(3, 1), (4, 0)]);
        assert_eq!(seen(&[">"], all).await, [(1, 1), (2, 1), (3, 1), (4, 0)]);
        assert_eq!(seen(&[">"], values).await, [(3, 1)]);
        assert_eq!(seen(&[">"], meta).await, [(3, 0), (4, 0)]);
        assert_eq!(seen(&[">"], later).await, [(3, 1), (4, 0)]);
        assert_eq!(seen(&["b.*"], latest).await, [(4, 0)]);
        assert_eq!(
            seen(&["a", "b.>"], all).await,
            [(1, 1), (2, 1), (3, 1), (4, 0)]
        );
        assert_eq!(seen(&["none"], latest).await, []);

        let updates = WatchOptions {
            updates_only: true,
            ..latest
        };
        let mut watch = bucket.watch(&[">"], updates).await.expect("watches");
        bucket.put("c", b"5").await.expect("put");
        let first = watch
            .next()
            .await
            .expect("comes")
            .expect("not the end of anything");
        assert_eq!(first.revision, 5);
    });
}

#[test]
fn a_watch_of_many_is_in_order_and_whole() {
    at(jetstream(), async |host| {
        let bucket = bucket(&host, history(1)).await;
        let value = [7; 1000];
        for n in 1..=2000 {
            assert_eq!(bucket.put(&format!("k{n}"), &value).await, Ok(n));
        }
        // More than flow control lets through at once.
        let mut watch = bucket
            .watch(&[">"], WatchOptions::default())
            .await
            .expect("watches");
        for n in 1..=2000 {
            let entry = watch.next().await.expect("goes on").expect("more");
            assert_eq!((entry.revision, entry.delta), (n, 2000 - n));
        }
        assert_eq!(watch.next().await, Ok(None));
    });
}

#[test]
fn a_watch_goes_on_after_its_consumer_is_gone() {
    at(jetstream(), async |host| {
        let bucket = bucket(&host, history(5)).await;
        bucket.put("k", b"1").await.expect("put");
        let mut watch = bucket
            .watch(&[">"], WatchOptions::default())
            .await
            .expect("watches");
        assert_eq!(
            watch.next().await.expect("goes on").expect("more").revision,
            1
        );
        assert_eq!(watch.next().await, Ok(None));
        let context = bucket.context();
        for name in context.consumer_names("KV_b").await.expect("asked") {
            context
                .delete_consumer("KV_b", &name)
                .await
                .expect("deleted");
        }
        for n in 2..=4 {
            assert_eq!(bucket.put("k", b"v").await, Ok(n));
        }
        for n in 2..=4 {
            assert_eq!(
                watch.next().await.expect("goes on").expect("more").revision,
                n
            );
        }
    });
}

#[test]
fn a_watch_goes_on_after_a_restart() {
    for updates_only in [false, true] {
        at(jetstream(), async |host| {
            let bucket = bucket(&host, history(10)).await;
            let options = WatchOptions {
                updates_only,
                ..WatchOptions::default()
            };
            let mut watch = bucket.watch(&[">"], options).await.expect("watches");
            if !updates_only {
                assert_eq!(watch.next().await, Ok(None));
            }
            let writer = bucket.context().client.runtime();
            // Some before, some while the watch is away, some after; every one is to be seen once.
            for n in 1..=3 {
                assert_eq!(bucket.put("k", b"before").await, Ok(n));
            }
            assert_eq!(
                watch.next().await.expect("goes on").expect("more").revision,
                1
            );
            host.stop("terminated");
            writer.sleep(SECOND).await;
            host.start(jetstream()).expect("starts");
            let other = JetStream::new(connect(&host).await);
            let other = other.key_value("b").await.expect("kept");
            for n in 4..=6 {
                assert_eq!(other.put("k", b"meanwhile").await, Ok(n));
            }
            for n in 2..=6 {
                assert_eq!(
                    watch.next().await.expect("goes on").expect("more").revision,
                    n
                );
            }
            assert_eq!(bucket.put("k", b"after").await, Ok(7));
            assert_eq!(
                watch.next().await.expect("goes on").expect("more").revision,
                7
            );
        });
    }
}

#[test]
fn memory_goes_with_its_server_and_files_stay() {
    at(jetstream(), async |host| {
        let file = bucket(&host, history(1)).await;
        let memory = kv::Config {
            bucket: "m".into(),
            storage: StorageType::Memory,
            ..kv::Config::default()
        };
        let memory = file
            .context()
            .create_key_value(&memory)
            .await
            .expect("created");
        file.put("k", b"v").await.expect("put");
        memory.put("k", b"v").await.expect("put");
        host.stop("interrupt");
        host.start(jetstream()).expect("starts");
        let jetstream = JetStream::new(connect(&host).await);
        let file = jetstream.key_value("b").await.expect("kept");
        assert_eq!(file.get("k").await.expect("kept").value, b"v");
        says(
            jetstream.key_value("m").await.map(|_| ()),
            "nats: bucket not found",
        );
    });
}

#[test]
fn what_is_kept_starts_another_host() {
    let kept = Rc::new(RefCell::new(Vec::new()));
    let store = kept.clone();
    at(Config::default(), async |host| {
        host.stop("terminated");
        host.on_change(Rc::new(move |directory, change| {
            assert_eq!(directory, Config::default().store_dir);
            match change {
                Change::Snapshot(bytes) => *store.borrow_mut() = bytes,
                Change::Append(bytes) => store.borrow_mut().extend(bytes),
            }
        }));
        host.start(jetstream()).expect("starts");
        let bucket = bucket(&host, history(1)).await;
        for n in 1..=100 {
            assert_eq!(bucket.put(&format!("k{n}"), &[0; 50_000]).await, Ok(n));
        }
        host.runtime().sleep(1).await;
        // As after a crash: nothing says goodbye.
    });
    at(Config::default(), async |host| {
        host.stop("terminated");
        host.load(&Config::default().store_dir, kept.take());
        // A server without JetStream leaves the store alone.
        host.start(Config::default()).expect("starts");
        host.stop("terminated");
        host.start(jetstream()).expect("starts");
        let bucket = JetStream::new(connect(&host).await)
            .key_value("b")
            .await
            .expect("kept");
        assert_eq!(bucket.keys(">").await.expect("kept").len(), 100);
        assert_eq!(bucket.put("k101", b"").await, Ok(101));
        assert!(host.save(&Config::default().store_dir).len() > 5_000_000);
    });
}

#[test]
fn what_cannot_be_read_is_kept_elsewhere() {
    at(jetstream(), async |host| {
        let home = Config::default().store_dir;
        let bucket = bucket(&host, history(1)).await;
        bucket.put("k", b"v").await.expect("puts");
        host.stop("terminated");
        let mut damaged = host.save(&home);
        damaged[..8].fill(b'x');
        host.load(&home, damaged.clone());

        let changes = Rc::new(RefCell::new(Vec::new()));
        let all = changes.clone();
        host.on_change(Rc::new(move |directory, change| {
            all.borrow_mut().push((directory.to_string(), change));
        }));
        host.start(jetstream()).expect("starts");
        host.runtime().sleep(1).await;
        let (elsewhere, change) = changes.borrow()[0].clone();
        assert!(
            elsewhere.starts_with(&format!("{home}.damaged-")),
            "{elsewhere}"
        );
        assert_eq!(change, Change::Snapshot(damaged.clone()));
        assert_eq!(changes.borrow()[1].0, home);
        host.stop("terminated");

        // What was kept can be mended, and is as good as it was.
        damaged[..8].copy_from_slice(&host.save(&home)[..8]);
        host.load(&home, damaged);
        host.start(jetstream()).expect("starts");
        let again = JetStream::new(connect(&host).await);
        let bucket = again.key_value("b").await.expect("kept");
        assert_eq!(bucket.keys(">").await.expect("kept"), ["k"]);
        assert_eq!(
            changes
                .borrow()
                .iter()
                .filter(|(at, _)| *at == elsewhere)
                .count(),
            1
        );
    });
}
