//! Bytes between sockets and the server: plain TCP, or binary WebSocket frames whose borders mean nothing.

use std::rc::Rc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use nats_kv_playground::server::{ConnectionId, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};

use crate::native::{Host, LINGER};

/// How long no connection is taken after one could not be; nats-server begins with as much.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// Takes connections until the process ends: one that cannot be taken (too many open files) does not end it.
pub async fn accept(host: Rc<Host>, listener: TcpListener, websocket: bool) {
    loop {
        let (socket, address) = match listener.accept().await {
            Ok(taken) => taken,
            Err(error) => {
                host.note(
                    "ERR",
                    &format!("Temporary Client Accept Error({error}), sleeping 10ms"),
                );
                sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let host = host.clone();
        let peer = Peer {
            ip: address.ip().to_canonical().to_string(),
            port: address.port(),
            websocket,
        };
        let _ = socket.set_nodelay(true);
        tokio::task::spawn_local(async move {
            if websocket {
                accept_websocket(&host, socket, peer).await;
            } else {
                serve_tcp(&host, socket, peer).await;
            }
        });
    }
}

async fn serve_tcp(host: &Host, mut socket: TcpStream, peer: Peer) {
    let (mut from, mut to) = socket.split();
    let Some((id, writer)) = host.connect(peer) else {
        return;
    };
    let read = async {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            host.receive(id, &buffer[..length]).await;
        }
    };
    let write = async {
        loop {
            let output = host.output(id, &writer).await;
            if to.write_all(&output.bytes).await.is_err() || output.close.is_some() {
                break;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::pin!(write);
    tokio::select! {
        // Who closes one direction only still gets the answers.
        () = read => {
            host.end_of_input(id);
            let _ = timeout(LINGER, write).await;
        }
        () = &mut write => {}
    }
    host.disconnect(id);
}

/// What becomes no WebSocket is told so, as by nats-server.
const REFUSAL: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Sec-Websocket-Version: 13\r\nConnection: close\r\nContent-Length: 12\r\n\r\nBad Request\n";

async fn accept_websocket(host: &Host, mut socket: TcpStream, peer: Peer) {
    match tokio_tungstenite::accept_async(&mut socket).await {
        Ok(socket) => serve_websocket(host, socket, peer).await,
        Err(error) => {
            drop(error);
            let _ = socket.write_all(REFUSAL).await;
            let _ = socket.shutdown().await;
        }
    }
}

async fn serve_websocket(host: &Host, socket: WebSocketStream<&mut TcpStream>, peer: Peer) {
    let (mut to, mut from) = socket.split();
    let Some((id, writer)) = host.connect(peer) else {
        return;
    };
    let read = async {
        while let Some(Ok(message)) = from.next().await {
            match message {
                Message::Binary(bytes) => host.receive(id, &bytes).await,
                Message::Text(text) => host.receive(id, text.as_bytes()).await,
                Message::Close(_) => break,
                _ => {}
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write_websocket(host, id, &writer, &mut to) => {}
    }
    let _ = to.close().await;
    host.disconnect(id);
}

async fn write_websocket<S>(host: &Host, id: ConnectionId, writer: &Notify, to: &mut S)
where
    S: SinkExt<Message> + Unpin,
{
    loop {
        let output = host.output(id, writer).await;
        if !output.bytes.is_empty() && to.send(Message::Binary(output.bytes.into())).await.is_err()
        {
            return;
        }
        if let Some(reason) = output.close {
            let frame = CloseFrame {
                code: close_code(&reason),
                reason: reason.into(),
            };
            let _ = to.send(Message::Close(Some(frame))).await;
            return;
        }
    }
}

/// The status of a close frame for a reason (`core.md` 11).
fn close_code(reason: &str) -> CloseCode {
    match reason {
        "Client Closed" => CloseCode::Normal,
        "Protocol Violation" | "Bad Client Protocol Version" | "Parse Error" => CloseCode::Protocol,
        "Maximum Message Payload Exceeded" => CloseCode::Size,
        "Server Shutdown" | "Stale Connection" => CloseCode::Away,
        "Authentication Timeout"
        | "Authentication Failure"
        | "Slow Consumer (Pending Bytes)"
        | "Maximum Connections Exceeded"
        | "Maximum Control Line Exceeded" => CloseCode::Policy,
        _ => CloseCode::Error,
    }
}
