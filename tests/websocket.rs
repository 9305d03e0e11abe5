//! Our client and command line in a browser, over a WebSocket to a real nats-server. `scripts/web-test.sh` starts what is
//! needed, where there is a nats-server.
#![cfg(target_arch = "wasm32")]

mod common;

use common::player::{Place, difference, play};
use nats_kv_playground::{
    cli::ConnectorFactory,
    client::{
        Client, Error, JetStream, Options,
        kv::{Config, WatchOptions},
        runtime::Runtime,
        transport::{Connector, LocalFuture, Transport, TransportError},
        websocket::WebSocketConnector,
    },
    host::BrowserRuntime,
};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// A real server of its own for each test.
struct Real {
    id: u64,
    runtime: Rc<dyn Runtime>,
    url: RefCell<String>,
}

/// Where a nats-server can be had: `tests/common/control.mjs`, started by `scripts/web-test.sh`.
const CONTROL: Option<&str> = option_env!("NATS_CONTROL");

impl Real {
    fn new() -> Real {
        let runtime = Rc::new(BrowserRuntime::new());
        Real {
            id: runtime.random(),
            runtime,
            url: RefCell::default(),
        }
    }

    /// (Re)starts it with nats-server's arguments.
    async fn start(&self, args: &str) {
        let control = CONTROL.expect("scripts/web-test.sh sets NATS_CONTROL");
        let body = "return fetch(url, { method: 'POST', body }).then((answer) => answer.text())";
        let post = js_sys::Function::new_with_args("url, body", body);
        let to = format!("{control}/{}", self.id);
        let promise = post.call2(&js_sys::global(), &to.into(), &args.into());
        let promise = js_sys::Promise::from(promise.expect("a promise"));
        let url = wasm_bindgen_futures::JsFuture::from(promise).await;
        *self.url.borrow_mut() = url.expect("an answer").as_string().expect("an address");
    }

    async fn connect(&self) -> Client {
        let connector = Rc::new(WebSocketConnector::new(&self.url.borrow()));
        let client = Client::connect(connector, self.runtime.clone(), Options::default()).await;
        client.expect("connects")
    }
}

/// Connects by WebSocket, and shows the address the sessions were recorded with.
struct Shown(WebSocketConnector, String);

impl Connector for Shown {
    fn connect(&self) -> LocalFuture<'static, Result<Box<dyn Transport>, TransportError>> {
        self.0.connect()
    }

    fn url(&self) -> String {
        self.1.clone()
    }
}

impl Place for Real {
    fn runtime(&self) -> Rc<dyn Runtime> {
        self.runtime.clone()
    }

    fn connector(&self) -> Rc<ConnectorFactory> {
        let url = self.url.borrow().clone();
        Rc::new(move |shown| Ok(Rc::new(Shown(WebSocketConnector::new(&url), shown.into()))))
    }

    fn restart(&self, args: String) -> LocalFuture<'_, ()> {
        Box::pin(async move { self.start(&args).await })
    }
}

macro_rules! walkthrough {
    ($($name:ident $path:literal,)*) => {
        $(
            #[wasm_bindgen_test]
            async fn $name() {
                let session = include_str!(concat!("golden/walkthrough/", $path, ".txt"));
                let seen = play(session, &Real::new()).await;
                assert!(seen == session, "\n{}", difference(session, &seen));
            }
        )*
    };
}

walkthrough! {
    step_01_prerequisites "01-prerequisites",
    step_02_create_a_bucket "02-create-a-bucket",
    step_03_put "03-put",
    step_04_get "04-get",
    step_05_delete "05-delete",
    step_06_create_as_a_lock "06-create-as-a-lock",
    step_07_update_compare_and_set "07-update-compare-and-set",
    step_08_lock_with_a_timeout "08-lock-with-a-timeout",
    step_09_watch "09-watch",
    step_10_clean_up "10-clean-up",
}

#[wasm_bindgen_test]
async fn a_watch_goes_on_after_a_restart() {
    let server = Real::new();
    server.start("-js").await;
    let jetstream = JetStream::new(server.connect().await);
    let config = Config {
        bucket: "b".into(),
        history: 10,
        ..Config::default()
    };
    let bucket = jetstream.create_key_value(&config).await.expect("created");
    let watch = bucket.watch(&[">"], WatchOptions::default()).await;
    let mut watch = watch.expect("watches");
    assert_eq!(watch.next().await, Ok(None));
    assert_eq!(bucket.put("k", b"before").await, Ok(1));
    let first = watch.next().await.expect("goes on").expect("an entry");
    assert_eq!(first.revision, 1);
    server.start("-js").await;
    let other = JetStream::new(server.connect().await);
    let other = other.key_value("b").await.expect("kept");
    for n in 2..=4 {
        assert_eq!(other.put("k", b"meanwhile").await, Ok(n));
    }
    for n in 2..=4 {
        let entry = watch.next().await.expect("goes on").expect("an entry");
        assert_eq!(entry.revision, n);
    }
    assert_eq!(bucket.put("k", b"after").await, Ok(5));
    let last = watch.next().await.expect("goes on").expect("an entry");
    assert_eq!(last.revision, 5);
}

#[wasm_bindgen_test]
async fn says_why_it_cannot_connect() {
    let server = Real::new();
    server.start("--user u --pass p").await;
    let url = server.url.borrow().clone();
    let connect = async |url: &str, user: &str, pass: &str| {
        let options = Options {
            user: Some(user.into()),
            pass: Some(pass.into()),
            ..Options::default()
        };
        let connector = Rc::new(WebSocketConnector::new(url));
        Client::connect(connector, server.runtime.clone(), options)
            .await
            .err()
    };
    assert_eq!(connect(&url, "u", "p").await, None);
    let refused = Error::Server("Authorization Violation".into());
    assert_eq!(connect(&url, "u", "wrong").await, Some(refused));
    let nobody = connect("ws://127.0.0.1:1", "u", "p").await;
    assert!(matches!(
        nobody,
        Some(Error::Transport(TransportError::Refused(_)))
    ));
    for bad in [
        "http://127.0.0.1",
        "nats://127.0.0.1:4222",
        "ws://",
        "ws://u:p@127.0.0.1",
        "ws://a:b",
    ] {
        let error = connect(bad, "u", "p").await;
        assert!(
            matches!(error, Some(Error::Transport(TransportError::Address(_)))),
            "{bad}"
        );
    }
}
