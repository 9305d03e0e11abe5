//! What JavaScript gets: an in-page nats-server for unmodified nats.js clients, in a page, a worker or Node.
//!
//! ```js
//! const server = new Server({ jetstream: true });
//! const connection = await wsconnect({ servers: "ws://in-page", wsFactory: server.connector() });
//! ```

use crate::{
    client::transport::{Connector, Transport},
    host::{BrowserRuntime, Config, Host, Turns, jetstream},
    wire::time::SECOND,
};
use js_sys::{Array, ArrayBuffer, Error, Function, Object, Promise, Reflect, Uint8Array};
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{future_to_promise, spawn_local};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** How a server is started; what nats-server takes as flags. */
export interface ServerOptions {
    /** `-js` */
    jetstream?: boolean;
    /** `-n` */
    name?: string;
    /** `-p`, only shown: nothing listens. 4222 by default. */
    port?: number;
    /** `--user` */
    user?: string;
    /** `--pass` */
    pass?: string;
    /** `--auth` */
    token?: string;
    /** File-backed streams to start with: what an earlier server's `save()` gave. */
    saved?: Uint8Array;
    /** Gets the log, line by line. */
    log?: (line: string) => void;
}

/** To be given to nats.js' `wsconnect` as `wsFactory`. */
export type Connector = (url: string, options: any) => Promise<{ socket: any; encrypted: boolean }>;
"#;

#[wasm_bindgen]
extern "C" {
    /// `ServerOptions` of the TypeScript section.
    #[wasm_bindgen(typescript_type = "ServerOptions")]
    pub type ServerOptions;
    /// `Connector` of the TypeScript section.
    #[wasm_bindgen(typescript_type = "Connector")]
    pub type ConnectorFunction;

    /// What handlers of a socket get for a message.
    #[wasm_bindgen(extends = Object)]
    type MessageEvent;
    #[wasm_bindgen(method, setter, structural)]
    fn set_type(this: &MessageEvent, kind: &JsValue);
    #[wasm_bindgen(method, setter, structural)]
    fn set_data(this: &MessageEvent, data: &JsValue);
}

/// A nats-server in this page, worker or process.
#[wasm_bindgen]
pub struct Server {
    host: Host,
    config: Config,
    turns: Turns,
}

#[wasm_bindgen]
impl Server {
    /// Starts a server.
    #[wasm_bindgen(constructor)]
    pub fn new(options: Option<ServerOptions>) -> Result<Server, JsValue> {
        let options = JsValue::from(options);
        let get = |name: &str| match options.is_object() {
            true => Reflect::get(&options, &name.into()).unwrap_or_default(),
            false => JsValue::UNDEFINED,
        };
        let runtime = Rc::new(BrowserRuntime::new());
        let turns = runtime.turns().clone();
        let host = Host::new(runtime);
        if let Some(log) = get("log").dyn_ref::<Function>() {
            let log = log.clone();
            host.on_log(Rc::new(move |line| {
                let _ = log.call1(&JsValue::UNDEFINED, &line.into());
            }));
        }
        let config = Config {
            jetstream: get("jetstream").is_truthy().then_some(jetstream::start),
            server_name: get("name").as_string(),
            port: get("port").as_f64().map_or(4222, |port| port as u16),
            user: get("user").as_string(),
            pass: get("pass").as_string(),
            token: get("token").as_string(),
            ..Config::default()
        };
        if let Ok(saved) = get("saved").dyn_into::<Uint8Array>() {
            host.load(&config.store_dir, saved.to_vec());
        }
        let server = Server {
            host,
            config,
            turns,
        };
        server.start()?;
        Ok(server)
    }

    /// File-backed streams and their durable consumers as bytes, for the option `saved` of another server.
    pub fn save(&self) -> Uint8Array {
        Uint8Array::from(&self.host.save(&self.config.store_dir)[..])
    }

    /// Starts it again after `stop()`, as it was started first. File-backed streams are there again.
    pub fn start(&self) -> Result<(), JsValue> {
        let started = self.host.start(self.config.clone());
        started.map_err(|why| Error::new(&why).into())
    }

    /// A `wsFactory` for nats.js: each call is a new connection to this server, whatever the address.
    pub fn connector(&self) -> ConnectorFunction {
        let (host, turns) = (self.host.clone(), self.turns.clone());
        let connect = Closure::<dyn Fn() -> Promise>::new(move || {
            let socket = Socket::open(host.connector(), turns.clone());
            let answer = object(&[("socket", socket.into()), ("encrypted", false.into())]);
            Promise::resolve(&JsValue::from(answer))
        });
        connect.into_js_value().unchecked_into()
    }

    /// Moves the server's clock ahead, with everything that happens meanwhile: TTLs, heartbeats, redeliveries.
    #[wasm_bindgen(unchecked_return_type = "Promise<void>")]
    pub fn advance(&self, ms: f64) -> Promise {
        let (host, turns) = (self.host.clone(), self.turns.clone());
        future_to_promise(async move {
            let end = host.later((ms.max(0.0) * 1e6) as i64);
            // In strides shorter than the server's patience with unanswered PINGs, and with turns for clients to answer.
            while host.now() < end {
                let left = end.since(host.now());
                host.advance(left.min(60 * SECOND)).await;
                for _ in 0..4 {
                    turns.next().await;
                }
            }
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Stops the server; its connections end.
    pub fn stop(&self) {
        self.host.stop("terminated");
    }
}

/// What nats.js uses of a WebSocket. Nothing happens before `onmessage` is set.
#[wasm_bindgen]
pub struct Socket(Rc<State>);

#[derive(Default)]
struct State {
    stage: Cell<Stage>,
    transport: RefCell<Option<Box<dyn Transport>>>,
    handlers: RefCell<Handlers>,
}

/// A WebSocket's `readyState`.
#[derive(Clone, Copy, Default, PartialEq)]
enum Stage {
    #[default]
    Connecting = 0,
    Open = 1,
    Closing = 2,
    Closed = 3,
}

#[derive(Default)]
struct Handlers {
    open: Option<Function>,
    message: Option<Function>,
    close: Option<Function>,
    error: Option<Function>,
    deliverer: Option<Waker>,
}

#[wasm_bindgen]
impl Socket {
    /// As a WebSocket's.
    #[wasm_bindgen(getter, js_name = readyState)]
    pub fn ready_state(&self) -> u8 {
        self.0.stage.get() as u8
    }

    /// Nothing ever waits to be sent.
    #[wasm_bindgen(getter, js_name = bufferedAmount)]
    pub fn buffered_amount(&self) -> u32 {
        0
    }

    /// Always `arraybuffer`.
    #[wasm_bindgen(getter, js_name = binaryType)]
    pub fn binary_type(&self) -> String {
        "arraybuffer".into()
    }

    /// Ignored.
    #[wasm_bindgen(setter, js_name = binaryType)]
    pub fn set_binary_type(&self, _: JsValue) {}

    /// Called when it is open.
    #[wasm_bindgen(setter)]
    pub fn set_onopen(&self, handler: Option<Function>) {
        self.0.handlers.borrow_mut().open = handler;
    }

    /// Called with each message: `event.data` is an ArrayBuffer.
    #[wasm_bindgen(setter)]
    pub fn set_onmessage(&self, handler: Option<Function>) {
        let mut handlers = self.0.handlers.borrow_mut();
        handlers.message = handler;
        if let Some(deliverer) = handlers.deliverer.take() {
            deliverer.wake();
        }
    }

    /// Called once, at the end.
    #[wasm_bindgen(setter)]
    pub fn set_onclose(&self, handler: Option<Function>) {
        self.0.handlers.borrow_mut().close = handler;
    }

    /// Called when no server runs, with a `message` that says so.
    #[wasm_bindgen(setter)]
    pub fn set_onerror(&self, handler: Option<Function>) {
        self.0.handlers.borrow_mut().error = handler;
    }

    /// Sends an ArrayBuffer, a view of one, or text.
    pub fn send(&self, data: JsValue) {
        let bytes = if let Some(text) = data.as_string() {
            text.into_bytes()
        } else if ArrayBuffer::is_view(&data) {
            let field = |name: &str| Reflect::get(&data, &name.into()).unwrap_or_default();
            let number = |name: &str| field(name).as_f64().unwrap_or_default() as u32;
            let (offset, length) = (number("byteOffset"), number("byteLength"));
            Uint8Array::new_with_byte_offset_and_length(&field("buffer"), offset, length).to_vec()
        } else {
            Uint8Array::new(&data).to_vec()
        };
        if let Some(transport) = &mut *self.0.transport.borrow_mut() {
            transport.send(&bytes);
        }
    }

    /// Closes it.
    pub fn close(&self) {
        if self.0.stage.get() != Stage::Closed {
            self.0.stage.set(Stage::Closing);
        }
        if let Some(transport) = &mut *self.0.transport.borrow_mut() {
            transport.close();
        }
    }

    fn open(connector: Rc<dyn Connector>, turns: Turns) -> Socket {
        let state = Rc::new(State::default());
        spawn_local(deliver(state.clone(), connector, turns));
        Socket(state)
    }
}

/// Calls the handlers, in order and never inside a call of the client.
async fn deliver(state: Rc<State>, connector: Rc<dyn Connector>, turns: Turns) {
    poll_fn(|cx| {
        let mut handlers = state.handlers.borrow_mut();
        if handlers.message.is_some() {
            return Poll::Ready(());
        }
        handlers.deliverer = Some(cx.waker().clone());
        Poll::Pending
    })
    .await;
    turns.next().await;
    let opened = connector.connect().await;
    let why = match opened {
        Ok(transport) if state.stage.get() == Stage::Connecting => {
            *state.transport.borrow_mut() = Some(transport);
            state.stage.set(Stage::Open);
            let fields = [("type", "open".into())];
            state.call(|handlers| &handlers.open, &object(&fields));
            read(&state).await
        }
        Ok(_) => String::new(),
        Err(why) => {
            state.stage.set(Stage::Closed);
            let fields = [
                ("type", "error".into()),
                ("message", why.to_string().into()),
            ];
            state.call(|handlers| &handlers.error, &object(&fields));
            why.to_string()
        }
    };
    *state.transport.borrow_mut() = None;
    state.stage.set(Stage::Closed);
    let fields = [
        ("type", "close".into()),
        ("code", 1000.into()),
        ("reason", why.into()),
        ("wasClean", true.into()),
    ];
    state.call(|handlers| &handlers.close, &object(&fields));
}

/// Delivers until the connection ends; why it did.
async fn read(state: &State) -> String {
    let kind = JsValue::from("message");
    loop {
        let received = poll_fn(|cx| match &mut *state.transport.borrow_mut() {
            Some(transport) => transport.poll_receive(cx),
            None => Poll::Pending,
        });
        let received = received.await;
        match received {
            Ok(bytes) => {
                // There are very many of these: no names are translated each time.
                let event = Object::new().unchecked_into::<MessageEvent>();
                event.set_type(&kind);
                event.set_data(&Uint8Array::from(&bytes[..]).buffer());
                state.call(|handlers| &handlers.message, &event);
            }
            Err(why) => return why.to_string(),
        }
    }
}

impl State {
    /// Calls a handler, which may well call back.
    fn call(&self, which: impl Fn(&Handlers) -> &Option<Function>, event: &Object) {
        let handler = which(&self.handlers.borrow()).clone();
        if let Some(handler) = handler {
            let _ = handler.call1(&JsValue::UNDEFINED, event);
        }
    }
}

fn object(fields: &[(&str, JsValue)]) -> Object {
    let entries = fields
        .iter()
        .map(|(name, value)| Array::of2(&(*name).into(), value));
    let entries = entries.collect::<Array>();
    Object::from_entries(&entries).unwrap_or_default()
}
