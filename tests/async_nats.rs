//! async-nats, another maker's client, against our server over TCP.
//!
//! With `NATS_URL` set the same test runs against that server instead; nats-server 2.15.2 passes it, too.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull, push};
use async_nats::jetstream::kv::{self, CreateErrorKind, Entry, Operation, Store, UpdateErrorKind};
use async_nats::jetstream::{self, AckKind, Context, stream};
use futures_util::{Stream, StreamExt, TryStreamExt};
use nats_kv_playground::server::{self, Config, ConnectionId, Peer, Server};
use nats_kv_playground::wire::time::Time;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// How long to wait for anything.
const PATIENCE: Duration = Duration::from_secs(10);

enum Event {
    Open(TcpStream),
    Bytes(ConnectionId, Vec<u8>),
    Closed(ConnectionId),
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Time(since.expect("after 1970").as_nanos() as i64)
}

/// Serves connections until the test ends.
async fn serve(listener: TcpListener) {
    let config = Config {
        jetstream: Some(server::jetstream::start),
        ..Config::default()
    };
    let mut server = Server::new(config, 7, now());
    let (events, mut incoming) = unbounded_channel();
    let accepted = events.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = accepted.send(Event::Open(stream));
        }
    });
    let mut writers: HashMap<ConnectionId, UnboundedSender<Vec<u8>>> = HashMap::new();
    loop {
        let wait = server.next_deadline().map_or(PATIENCE, |at| {
            Duration::from_nanos(at.since(now()).max(0) as u64)
        });
        match tokio::time::timeout(wait, incoming.recv()).await {
            Err(_) => server.advance(now()),
            Ok(None) => return,
            Ok(Some(Event::Bytes(id, bytes))) => server.receive(id, &bytes, now()),
            Ok(Some(Event::Closed(id))) => server.disconnect(id, now()),
            Ok(Some(Event::Open(stream))) => {
                let peer = Peer {
                    ip: "127.0.0.1".into(),
                    port: 0,
                    websocket: false,
                };
                let id = server.connect(peer, now());
                writers.insert(id, attend(stream, id, events.clone()));
            }
        }
        for id in server.take_ready() {
            let output = server.take_output(id);
            if let Some(writer) = writers.get(&id) {
                let _ = writer.send(output.bytes);
            }
            if output.close.is_some() {
                writers.remove(&id);
            }
        }
    }
}

/// Reads and writes one connection; returns where its output goes.
fn attend(
    stream: TcpStream,
    id: ConnectionId,
    events: UnboundedSender<Event>,
) -> UnboundedSender<Vec<u8>> {
    let (mut reader, mut writer) = stream.into_split();
    let (sender, mut output) = unbounded_channel::<Vec<u8>>();
    tokio::spawn(async move {
        while let Some(bytes) = output.recv().await {
            if writer.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        let mut buffer = vec![0; 65536];
        while let Ok(length @ 1..) = reader.read(&mut buffer).await {
            let _ = events.send(Event::Bytes(id, buffer[..length].to_vec()));
        }
        let _ = events.send(Event::Closed(id));
    });
    sender
}

/// A JetStream context of a fresh client, of a fresh server unless `NATS_URL` names one.
async fn context() -> Context {
    let url = match std::env::var("NATS_URL") {
        Ok(url) => url,
        Err(_) => {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            tokio::spawn(serve(listener));
            format!("nats://{address}")
        }
    };
    jetstream::new(async_nats::connect(url).await.expect("a connection"))
}

/// A bucket of its own for a test.
async fn bucket(js: &Context, name: &str, history: i64) -> Store {
    let _ = js.delete_key_value(name).await;
    let config = kv::Config {
        bucket: name.into(),
        history,
        ..kv::Config::default()
    };
    js.create_key_value(config).await.expect("a bucket")
}

fn shown(entry: &Entry) -> String {
    let operation = match entry.operation {
        Operation::Put => "PUT",
        Operation::Delete => "DEL",
        Operation::Purge => "PURGE",
    };
    let value = String::from_utf8_lossy(&entry.value);
    format!("{operation} {} {value} {}", entry.key, entry.revision)
}

/// The next `n` entries of a watch.
async fn take<E: std::fmt::Debug>(
    watch: &mut (impl Stream<Item = Result<Entry, E>> + Unpin),
    n: usize,
) -> Vec<String> {
    let mut entries = Vec::new();
    while entries.len() < n {
        let entry = tokio::time::timeout(PATIENCE, watch.next()).await;
        entries.push(shown(
            &entry
                .expect("in time")
                .expect("an entry")
                .expect("no error"),
        ));
    }
    entries
}

#[tokio::test]
async fn put_get_and_entry() {
    let kv = bucket(&context().await, "an_put", 5).await;
    assert_eq!(kv.put("a", "1".into()).await.unwrap(), 1);
    assert_eq!(kv.put("a", "2".into()).await.unwrap(), 2);
    assert_eq!(kv.get("a").await.unwrap().as_deref(), Some(b"2".as_slice()));
    assert_eq!(kv.get("b").await.unwrap(), None);
    let entry = kv.entry("a").await.unwrap().expect("an entry");
    assert_eq!(shown(&entry), "PUT a 2 2");
    let entry = kv
        .entry_for_revision("a", 1)
        .await
        .unwrap()
        .expect("an entry");
    assert_eq!(shown(&entry), "PUT a 1 1");
}

#[tokio::test]
async fn create_and_update_compare_revisions() {
    let kv = bucket(&context().await, "an_create", 1).await;
    assert_eq!(kv.create("a", "1".into()).await.unwrap(), 1);
    let error = kv.create("a", "2".into()).await.unwrap_err();
    assert_eq!(error.kind(), CreateErrorKind::AlreadyExists);
    assert_eq!(kv.update("a", "3".into(), 1).await.unwrap(), 2);
    let error = kv.update("a", "4".into(), 1).await.unwrap_err();
    assert_eq!(error.kind(), UpdateErrorKind::WrongLastRevision);
    kv.delete("a").await.unwrap();
    assert_eq!(kv.create("a", "5".into()).await.unwrap(), 4);
}

#[tokio::test]
async fn delete_purge_and_history() {
    let kv = bucket(&context().await, "an_history", 10).await;
    kv.put("a", "1".into()).await.unwrap();
    kv.put("a", "2".into()).await.unwrap();
    kv.delete("a").await.unwrap();
    assert_eq!(kv.get("a").await.unwrap(), None);
    let mut history = kv.history("a").await.unwrap();
    assert_eq!(
        take(&mut history, 3).await,
        ["PUT a 1 1", "PUT a 2 2", "DEL a  3"]
    );
    assert!(history.next().await.is_none());
    kv.purge("a").await.unwrap();
    let history: Vec<Entry> = kv.history("a").await.unwrap().try_collect().await.unwrap();
    assert_eq!(
        history.iter().map(shown).collect::<Vec<_>>(),
        ["PURGE a  4"]
    );
}

#[tokio::test]
async fn keys() {
    let kv = bucket(&context().await, "an_keys", 1).await;
    let keys: Vec<String> = kv.keys().await.unwrap().try_collect().await.unwrap();
    assert!(keys.is_empty());
    for key in ["a", "b.c", "d"] {
        kv.put(key, "v".into()).await.unwrap();
    }
    kv.delete("d").await.unwrap();
    let mut keys: Vec<String> = kv.keys().await.unwrap().try_collect().await.unwrap();
    keys.sort();
    assert_eq!(keys, ["a", "b.c"]);
}

#[tokio::test]
async fn watches() {
    let kv = bucket(&context().await, "an_watch", 5).await;
    kv.put("a", "1".into()).await.unwrap();
    kv.put("a", "2".into()).await.unwrap();
    kv.put("b.c", "1".into()).await.unwrap();
    let mut new = kv.watch("a").await.unwrap();
    let mut last = kv.watch_with_history(">").await.unwrap();
    let mut many = kv.watch_many_with_history(["a", "b.*"]).await.unwrap();
    let mut all = kv.watch_all().await.unwrap();
    let mut from = kv.watch_from_revision("a", 2).await.unwrap();
    kv.put("a", "3".into()).await.unwrap();
    kv.delete("b.c").await.unwrap();
    assert_eq!(take(&mut new, 1).await, ["PUT a 3 4"]);
    let expected = ["PUT a 2 2", "PUT b.c 1 3", "PUT a 3 4", "DEL b.c  5"];
    assert_eq!(take(&mut last, 4).await, expected);
    assert_eq!(take(&mut many, 4).await, expected);
    assert_eq!(take(&mut all, 2).await, ["PUT a 3 4", "DEL b.c  5"]);
    assert_eq!(take(&mut from, 2).await, ["PUT a 2 2", "PUT a 3 4"]);
}

#[tokio::test]
async fn many_large_values_need_flow_control() {
    let kv = bucket(&context().await, "an_flow", 1).await;
    let value = bytes_of(40_000);
    for n in 0..150 {
        kv.put(format!("k{n}"), value.clone().into()).await.unwrap();
    }
    let mut watch = kv.watch_with_history(">").await.unwrap();
    for n in 1..=150 {
        let entry = tokio::time::timeout(PATIENCE, watch.next()).await;
        assert_eq!(
            entry.expect("in time").expect("an entry").unwrap().revision,
            n
        );
    }
}

fn bytes_of(length: usize) -> Vec<u8> {
    vec![b'x'; length]
}

#[tokio::test]
async fn status_and_buckets() {
    let js = context().await;
    let kv = bucket(&js, "an_status", 7).await;
    kv.put("a", "1".into()).await.unwrap();
    let status = kv.status().await.unwrap();
    assert_eq!((status.history(), status.bucket()), (7, "an_status"));
    let kv = js.get_key_value("an_status").await.unwrap();
    assert_eq!(kv.status().await.unwrap().values(), 1);
    js.delete_key_value("an_status").await.unwrap();
    assert!(js.get_key_value("an_status").await.is_err());
}

async fn messages(js: &Context, name: &str, n: usize) -> stream::Stream {
    let _ = js.delete_stream(name).await;
    let subjects = vec![format!("{name}.>")];
    let config = stream::Config {
        name: name.into(),
        subjects,
        ..stream::Config::default()
    };
    let stream = js.create_stream(config).await.expect("a stream");
    for at in 0..n {
        let sent = js.publish(format!("{name}.m"), at.to_string().into()).await;
        sent.expect("sent").await.expect("stored");
    }
    stream
}

#[tokio::test]
async fn pull_acks_naks_and_redeliveries() {
    let js = context().await;
    let stream = messages(&js, "an_pull", 10).await;
    let config = pull::Config {
        durable_name: Some("c".into()),
        ..pull::Config::default()
    };
    let mut consumer: PullConsumer = stream.create_consumer(config).await.unwrap();
    let mut batch = consumer.fetch().max_messages(4).messages().await.unwrap();
    let mut at = 0;
    while let Some(message) = batch.next().await {
        let message = message.unwrap();
        match at {
            0 => message.double_ack().await.unwrap(),
            1 => message.ack_with(AckKind::Nak(None)).await.unwrap(),
            2 => message.ack_with(AckKind::Term).await.unwrap(),
            _ => message.ack().await.unwrap(),
        }
        at += 1;
    }
    assert_eq!(at, 4);
    let mut all = consumer.messages().await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 7 {
        let message = tokio::time::timeout(PATIENCE, all.next()).await;
        let message = message.expect("in time").expect("a message").unwrap();
        seen.push(message.info().unwrap().stream_sequence);
        message.double_ack().await.unwrap();
    }
    // The NAK may be seen after the next request.
    seen.sort_unstable();
    assert_eq!(seen, [2, 5, 6, 7, 8, 9, 10]);
    let info = consumer.info().await.unwrap();
    let counts = (
        info.num_pending,
        info.num_ack_pending,
        info.ack_floor.stream_sequence,
    );
    assert_eq!(counts, (0, 0, 10));
}

#[tokio::test]
async fn ordered_consumers() {
    let js = context().await;
    let stream = messages(&js, "an_ordered", 20).await;
    let config = pull::OrderedConfig::default();
    let ordered = stream.create_consumer(config).await.unwrap();
    let seen: Vec<_> = ordered
        .messages()
        .await
        .unwrap()
        .take(20)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(seen.len(), 20);
    let config = push::OrderedConfig {
        deliver_subject: "an.ordered.push".into(),
        ..push::OrderedConfig::default()
    };
    let ordered = stream.create_consumer(config).await.unwrap();
    let seen: Vec<_> = ordered
        .messages()
        .await
        .unwrap()
        .take(20)
        .try_collect()
        .await
        .unwrap();
    let sequences = seen
        .iter()
        .map(|message| message.info().unwrap().stream_sequence);
    assert_eq!(sequences.collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn push_to_a_queue_group() {
    let js = context().await;
    let stream = messages(&js, "an_push", 5).await;
    let config = push::Config {
        deliver_subject: "an.push.to".into(),
        deliver_group: Some("g".into()),
        ack_policy: AckPolicy::Explicit,
        durable_name: Some("c".into()),
        ..push::Config::default()
    };
    let consumer = stream.create_consumer(config).await.unwrap();
    let mut messages = consumer.messages().await.unwrap();
    for seq in 1..=5 {
        let message = tokio::time::timeout(PATIENCE, messages.next()).await;
        let message = message.expect("in time").expect("a message").unwrap();
        assert_eq!(message.info().unwrap().stream_sequence, seq);
        message.ack().await.unwrap();
    }
}
