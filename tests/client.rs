//! The client over an in-process server, in simulated time: core messages and the connection's own life.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::local::{at, connect, connect_with};
use nats_kv_playground::{
    client::{Client, Error, Event, Headers, JetStream, Options, State},
    host::Host,
    server::Config,
};
use std::{cell::RefCell, future::Future, rc::Rc};

const SECOND: i64 = 1_000_000_000;

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

/// A client, and what happens to it.
async fn connect_listening(host: &Host) -> (Client, Rc<RefCell<Vec<Event>>>) {
    let events = Rc::new(RefCell::new(Vec::new()));
    let seen = events.clone();
    let options = Options {
        on_event: Some(Rc::new(move |event| seen.borrow_mut().push(event.clone()))),
        ..Options::default()
    };
    let client = connect_with(host, options).await.expect("connects");
    (client, events)
}

/// nats.go tells of it before it closes the connection.
#[test]
fn a_control_line_that_is_too_long() {
    at(Config::default(), async |host| {
        let (client, events) = connect_listening(&host).await;
        client.publish(&"k".repeat(5000), b"").expect("is sent");
        let error = client.flush().await.expect_err("refused");
        assert_eq!(error.to_string(), "nats: maximum control line exceeded");
        let events = events.borrow();
        let told = events
            .iter()
            .position(|event| *event == Event::Error(error.clone()));
        let closed = events
            .iter()
            .position(|event| matches!(event, Event::Closed(_)));
        assert!(told.is_some() && told < closed, "{events:?}");
    });
}

#[test]
fn reconnects_and_goes_on() {
    at(Config::default(), async |host| {
        let (client, events) = connect_listening(&host).await;
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
