//! The client over an in-process server, in simulated time: core messages, the connection's own life, and KV.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::clock::{Clock, SimulatedRuntime};
use nats_kv_playground::{
    client::{
        Client, Error, Event, Headers, JetStream, Options, State,
        kv::{self, Bucket, Entry, Operation, WatchOptions},
        types::StorageType,
    },
    host::{Change, Host},
    server::Config,
};
use std::{cell::RefCell, future::Future, rc::Rc};

const SECOND: i64 = 1_000_000_000;

fn jetstream() -> Config {
    Config {
        jetstream: true,
        ..Config::default()
    }
}

/// Runs a test at a host with a server.
fn at<F: Future<Output = ()>>(config: Config, test: impl FnOnce(Host) -> F) {
    let clock = Clock::new(1);
    let host = Host::new(Rc::new(SimulatedRuntime(clock.clone())));
    host.start(config).expect("starts");
    clock.run(test(host));
}

async fn connect(host: &Host) -> Client {
    connect_with(host, Options::default())
        .await
        .expect("connects")
}

async fn connect_with(host: &Host, options: Options) -> Result<Client, Error> {
    Client::connect(host.connector(), host.runtime(), options).await
}

#[test]
fn publishes_and_subscribes() {
    at(Config::default(), async |host| {
        let (a, b) = (connect(&host).await, connect(&host).await);
        let mut all = b.subscribe("foo.>", None).expect("valid");
        let mut one = b.subscribe("foo.*", None).expect("valid");
        b.flush().await.expect("answers");
        one.unsubscribe_after(1);
        let mut headers = Headers::new();
        headers.append("Name", "value");
        a.publish_with("foo.bar", Some("back"), &headers, b"1")
            .expect("sent");
        a.publish("foo.baz", b"2").expect("sent");

        let message = all.next().await.expect("arrives");
        assert_eq!(message.subject, "foo.bar");
        assert_eq!(message.reply.as_deref(), Some("back"));
        assert_eq!(message.headers, headers);
        assert_eq!(message.payload, b"1");
        assert_eq!(all.next().await.expect("arrives").payload, b"2");
        assert_eq!(one.next().await.expect("arrives").payload, b"1");
        assert_eq!(one.next().await, None);

        all.unsubscribe();
        a.publish("foo.baz", b"3").expect("sent");
        assert_eq!(all.next().await, None);
    });
}

#[test]
fn refuses_what_cannot_be_sent() {
    at(Config::default(), async |host| {
        let client = connect(&host).await;
        for subject in ["", "a b", "a\r\nPUB b 0\r\n\r\n"] {
            assert_eq!(client.publish(subject, b""), Err(Error::InvalidSubject));
            assert_eq!(
                client.subscribe(subject, None).err(),
                Some(Error::InvalidSubject)
            );
        }
        assert_eq!(
            client.subscribe("a..b", None).err(),
            Some(Error::InvalidSubject)
        );
        assert_eq!(
            client.subscribe("a", Some("q q")).err(),
            Some(Error::InvalidQueue)
        );
        let large = vec![0; 1024 * 1024 + 1];
        assert_eq!(client.publish("a", &large), Err(Error::MaxPayload));
        client.flush().await.expect("the connection stands");
    });
}

#[test]
fn queue_groups_share() {
    at(Config::default(), async |host| {
        let client = connect(&host).await;
        let mut members = [(); 2].map(|()| client.subscribe("jobs", Some("q")).expect("valid"));
        for _ in 0..100 {
            client.publish("jobs", b"").expect("sent");
        }
        client.flush().await.expect("answers");
        let shares = members.each_mut().map(|member| member.pending());
        assert_eq!(shares.iter().sum::<usize>(), 100);
        assert!(shares.iter().all(|share| *share > 20), "{shares:?}");
    });
}

#[test]
fn requests_and_replies() {
    at(Config::default(), async |host| {
        let (asks, answers) = (connect(&host).await, connect(&host).await);
        let none = Headers::new();
        let nobody = asks.request("echo", &none, b"x", SECOND).await;
        assert_eq!(nobody, Err(Error::NoResponders));

        let mut requests = answers.subscribe("echo", None).expect("valid");
        answers.flush().await.expect("answers");
        let start = host.now();
        let silent = asks.request("echo", &none, b"lost", 3 * SECOND).await;
        assert_eq!(silent, Err(Error::Timeout));
        assert_eq!(host.now().since(start), 3 * SECOND);
        requests.next().await.expect("arrives");

        let responder = async {
            let request = requests.next().await.expect("arrives");
            answers
                .publish(&request.reply.expect("wanted"), &request.payload)
                .expect("sent");
        };
        let request = asks.request("echo", &none, b"x", SECOND);
        let (answer, ()) = futures_join(request, responder).await;
        assert_eq!(answer.expect("answered").payload, b"x");
    });
}

/// Both, polled in turn.
async fn futures_join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (Box::pin(a), Box::pin(b));
    let (mut left, mut right) = (None, None);
    std::future::poll_fn(|cx| {
        use std::task::Poll;
        if left.is_none()
            && let Poll::Ready(value) = a.as_mut().poll(cx)
        {
            left = Some(value);
        }
        if right.is_none()
            && let Poll::Ready(value) = b.as_mut().poll(cx)
        {
            right = Some(value);
        }
        match (&left, &right) {
            (Some(_), Some(_)) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    })
    .await;
    (left.expect("ready"), right.expect("ready"))
}

#[test]
fn says_why_it_cannot_connect() {
    let secret = Config {
        user: Some("u".into()),
        pass: Some("p".into()),
        ..Config::default()
    };
    at(secret, async |host| {
        let refused = connect_with(&host, Options::default()).await.err();
        assert_eq!(
            refused,
            Some(Error::Server("Authorization Violation".into()))
        );
        assert_eq!(
            refused.expect("refused").to_string(),
            "nats: Authorization Violation"
        );
        let options = Options {
            user: Some("u".into()),
            pass: Some("p".into()),
            ..Options::default()
        };
        connect_with(&host, options).await.expect("connects");
        host.stop("terminated");
        let gone = connect_with(&host, Options::default())
            .await
            .err()
            .expect("refused");
        assert_eq!(
            gone.to_string(),
            "nats: no servers available for connection"
        );
        let elsewhere = host.connector_at("nats://nosuch.invalid");
        let unknown = Client::connect(elsewhere, host.runtime(), Options::default()).await;
        let unknown = unknown.err().expect("refused").to_string();
        assert_eq!(unknown, "dial tcp: lookup nosuch.invalid: no such host");
    });
}

#[test]
fn reconnects_and_goes_on() {
    at(Config::default(), async |host| {
        let events = Rc::new(RefCell::new(Vec::new()));
        let seen = events.clone();
        let options = Options {
            on_event: Some(Rc::new(move |event| seen.borrow_mut().push(event.clone()))),
            ..Options::default()
        };
        let client = connect_with(&host, options).await.expect("connects");
        let mut messages = client.subscribe("foo", None).expect("valid");
        client.flush().await.expect("answers");

        host.stop("terminated");
        host.runtime().sleep(0).await;
        assert_eq!(client.rtt().await, Err(Error::Disconnected));
        client.publish("foo", b"kept").expect("kept");
        let State::Reconnecting {
            attempts: 0,
            next: Some(next),
            why,
        } = client.state()
        else {
            panic!("{:?}", client.state());
        };
        assert_eq!(why, "EOF");
        let wait = next.since(host.now());
        assert!((SECOND / 4..=SECOND * 3 / 4).contains(&wait), "{wait}");
        host.runtime().sleep(5 * SECOND).await;
        let State::Reconnecting { attempts: 3.., .. } = client.state() else {
            panic!("{:?}", client.state());
        };

        host.start(Config::default()).expect("starts");
        client.reconnect_now();
        let before = host.now();
        assert_eq!(messages.next().await.expect("arrives").payload, b"kept");
        assert!(host.now().since(before) < SECOND / 10);
        client.close();
        assert_eq!(messages.next().await, None);
        assert_eq!(client.publish("foo", b""), Err(Error::ConnectionClosed));
        assert_eq!(client.state(), State::Closed(None));
        host.runtime().sleep(1).await;
        let events = events.borrow();
        assert_eq!(events.first(), Some(&Event::Disconnected("EOF".into())));
        let [.., Event::Reconnected, Event::Closed(None)] = &events[..] else {
            panic!("{events:?}");
        };
    });
}

#[test]
fn gives_up_when_refused_twice() {
    at(Config::default(), async |host| {
        let client = connect(&host).await;
        host.stop("terminated");
        host.start(Config {
            token: Some("t".into()),
            ..Config::default()
        })
        .expect("starts");
        host.runtime().sleep(60 * SECOND).await;
        let refused = Error::Server("Authorization Violation".into());
        assert_eq!(client.state(), State::Closed(Some(refused)));
    });
}

#[test]
fn stays_connected_while_time_passes() {
    at(Config::default(), async |host| {
        let client = connect(&host).await;
        // The server pings every two minutes and drops who does not answer; the host's clock or everybody's goes ahead.
        host.advance(24 * 3600 * SECOND).await;
        host.runtime().sleep(3600 * SECOND).await;
        assert_eq!(client.state(), State::Connected);
        client.flush().await.expect("answers");
    });
}

#[test]
fn says_goodbye_to_the_server() {
    at(Config::default(), async |host| {
        let lines = Rc::new(RefCell::new(Vec::<String>::new()));
        let log = lines.clone();
        host.stop("terminated");
        host.on_log(Rc::new(move |line| log.borrow_mut().push(line.into())));
        host.start(Config {
            debug: true,
            ..Config::default()
        })
        .expect("starts");
        let busy = host.start(Config::default());
        assert_eq!(
            busy,
            Err("listen tcp 127.0.0.1:4222: bind: address already in use".into())
        );
        drop(connect(&host).await);
        host.runtime().sleep(1).await;
        let lines = lines.borrow();
        let closed = "Client connection closed: Client Closed";
        assert!(
            lines.iter().any(|line| line.ends_with(closed)),
            "{lines:#?}"
        );
    });
}

#[test]
fn without_jetstream_nobody_answers() {
    at(Config::default(), async |host| {
        let jetstream = JetStream::new(connect(&host).await);
        assert_eq!(jetstream.account_info().await, Err(Error::NoResponders));
        assert_eq!(
            jetstream.key_value("b").await.err(),
            Some(Error::NoResponders)
        );
    });
}

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
            mirror: Some(nats_kv_playground::client::types::StreamSource {
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
