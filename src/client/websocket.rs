//! NATS over the browser's WebSocket: binary frames whose borders mean nothing. Knows nothing of what the bytes say.

use super::{
    queue::Queue,
    transport::{Connector, LocalFuture, Transport, TransportError},
};
use js_sys::{ArrayBuffer, Uint8Array};
use std::{
    future::poll_fn,
    task::{Context, Poll},
};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{BinaryType, CloseEvent, DomException, Event, MessageEvent, WebSocket};

/// Opens WebSockets to one address, `ws://…` or `wss://…`. Credentials do not belong into it, but into
/// [`super::Options`]; an address that has some is refused.
pub struct WebSocketConnector {
    url: String,
}

impl WebSocketConnector {
    /// A connector; the address is looked at when it is used.
    pub fn new(url: &str) -> WebSocketConnector {
        WebSocketConnector { url: url.into() }
    }
}

impl Connector for WebSocketConnector {
    /// [`TransportError::Address`]: no WebSocket address, or `ws://` from a page that came over https.
    /// [`TransportError::Refused`]: nothing answers there, or not as a WebSocket; browsers do not tell which.
    fn connect(&self) -> LocalFuture<'static, Result<Box<dyn Transport>, TransportError>> {
        let url = self.url.clone();
        Box::pin(async move {
            let mut socket = Socket::new(&url)?;
            poll_fn(|cx| socket.poll_open(cx)).await?;
            Ok(Box::new(socket) as Box<dyn Transport>)
        })
    }

    fn url(&self) -> String {
        self.url.clone()
    }
}

struct Socket {
    url: String,
    socket: WebSocket,
    incoming: Queue<Vec<u8>, String>,
    /// Held as long as the socket may call them.
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    fn new(url: &str) -> Result<Socket, TransportError> {
        let scheme = url.split_once("://");
        let rest = scheme.filter(|(scheme, _)| matches!(*scheme, "ws" | "wss"));
        let Some((_, rest)) = rest.filter(|(_, rest)| !rest.is_empty()) else {
            let why =
                format!("\"{url}\" is no WebSocket address: it has to begin with ws:// or wss://");
            return Err(TransportError::Address(why));
        };
        if rest.contains('@') {
            let why = "the address must not contain a user or password";
            return Err(TransportError::Address(why.into()));
        }
        let socket = WebSocket::new(url).map_err(|error| {
            let name = error.dyn_ref::<DomException>().map(DomException::name);
            TransportError::Address(match name.as_deref() {
                Some("SecurityError") => {
                    "a page that came over https may only open wss:// connections".into()
                }
                _ => format!("\"{url}\" is no WebSocket address"),
            })
        })?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let incoming = Queue::default();

        let to = incoming.clone();
        let on_open = Closure::<dyn FnMut(Event)>::new(move |_| {
            to.wake();
        });
        let to = incoming.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            let bytes = match data.dyn_ref::<ArrayBuffer>() {
                Some(buffer) => Uint8Array::new(buffer).to_vec(),
                None => data.as_string().unwrap_or_default().into_bytes(),
            };
            to.push(bytes);
        });
        let to = incoming.clone();
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            let reason = event.reason();
            // 1000, 1001 and 1006 are how a connection ends when nothing is wrong with it.
            let plain = matches!(event.code(), 1000 | 1001 | 1005 | 1006) || reason.is_empty();
            to.end(if plain { "EOF".into() } else { reason });
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Socket {
            url: url.into(),
            socket,
            incoming,
            _on_open: on_open,
            _on_message: on_message,
            _on_close: on_close,
        })
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if self.socket.ready_state() == WebSocket::OPEN {
            return Poll::Ready(Ok(()));
        }
        self.incoming.poll_next(cx).map(|_| {
            let why = format!("no WebSocket answers at {}", self.url);
            Err(TransportError::Refused(why))
        })
    }
}

impl Transport for Socket {
    fn send(&mut self, bytes: &[u8]) {
        // Once the socket is closing the bytes are lost, as with any connection, and browsers complain.
        if self.socket.ready_state() == WebSocket::OPEN {
            let _ = self.socket.send_with_u8_array(bytes);
        }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>, TransportError>> {
        self.incoming.poll_next(cx).map_err(TransportError::Closed)
    }

    fn close(&mut self) {
        let _ = self.socket.close();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}
