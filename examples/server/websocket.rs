//! A client behind a WebSocket: binary frames whose borders mean nothing (nats-server's `websocket.go`).

use std::pin::pin;

use futures_util::{SinkExt, StreamExt};
use nats_kv_playground::server::{ConnectionId, Peer};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, error::ProtocolError};

use crate::native::{Host, LINGER};
use crate::upgrade::upgrade;

/// Frames for browsers are no longer: nats-server found them to behave better.
const BROWSER_FRAME: usize = 4096;
/// The longest frame or message taken. The library hands them over whole, where nats-server parses as bytes come in and has a
/// limit, of as much, for compressed ones only.
const MAX_MESSAGE: usize = 64 << 20;

/// Carries bytes between a WebSocket and the server.
pub async fn serve(host: &Host, mut socket: TcpStream, peer: Peer) {
    let Some(upgraded) = upgrade(host, &mut socket, &peer).await else {
        return;
    };
    let config = WebSocketConfig::default()
        .max_frame_size(Some(MAX_MESSAGE))
        .max_message_size(Some(MAX_MESSAGE))
        .accept_unmasked_frames(upgraded.no_masking);
    let socket = WebSocketStream::from_raw_socket(socket, Role::Server, Some(config)).await;
    let (mut to, mut from) = socket.split();
    let Some((id, writer)) = host.connect(peer) else {
        return;
    };
    let longest = if upgraded.browser {
        BROWSER_FRAME
    } else {
        usize::MAX
    };
    let read = async {
        loop {
            match from.next().await {
                Some(Ok(Message::Binary(bytes))) => host.receive(id, &bytes).await,
                Some(Ok(Message::Text(text))) => host.receive(id, text.as_bytes()).await,
                Some(Ok(Message::Close(_))) | None => return None,
                Some(Ok(_)) => {}
                Some(Err(error)) => return what_is_wrong(&error),
            }
            // What it is answered goes out before the next frame is looked at, which may be its last.
            yield_now().await;
        }
    };
    let read = pin!(read);
    let wrong = tokio::select! {
        biased;
        () = write(host, id, &writer, &mut to, longest) => None,
        wrong = read => wrong,
    };
    if let Some((code, why)) = wrong {
        host.broken(id, &why);
        let reason = why.into();
        let frame = Message::Close(Some(CloseFrame { code, reason }));
        let _ = timeout(LINGER, to.send(frame)).await;
    }
    let _ = timeout(LINGER, to.close()).await;
    host.disconnect(id);
}

async fn write<S>(host: &Host, id: ConnectionId, writer: &Notify, to: &mut S, longest: usize)
where
    S: SinkExt<Message> + Unpin,
{
    loop {
        let output = host.output(id, writer).await;
        let size = output.bytes.len();
        let mut rest = Bytes::from(output.bytes);
        let write = async {
            while !rest.is_empty() {
                let frame = rest.split_to(rest.len().min(longest));
                to.feed(Message::Binary(frame)).await?;
            }
            to.flush().await
        };
        if !host.written(id, size, write).await {
            return;
        }
        if let Some(reason) = output.close {
            let frame = CloseFrame {
                code: close_code(&reason),
                reason: reason.into(),
            };
            let _ = timeout(LINGER, to.send(Message::Close(Some(frame)))).await;
            return;
        }
    }
}

/// The status and reason to close with, in nats-server's words where it has some; `None` if the socket just ended.
fn what_is_wrong(error: &Error) -> Option<(CloseCode, String)> {
    let why = match error {
        Error::Protocol(error) => match error {
            ProtocolError::ResetWithoutClosingHandshake => return None,
            ProtocolError::NonZeroReservedBits => "RSV2 and RSV3 must be clear".into(),
            ProtocolError::UnmaskedFrameFromClient => "mask bit missing".into(),
            ProtocolError::ControlFrameTooBig => {
                "control frame length bigger than maximum allowed of 125 bytes".into()
            }
            ProtocolError::FragmentedControlFrame => {
                "control frame does not have final bit set".into()
            }
            ProtocolError::UnexpectedContinueFrame => "invalid continuation frame".into(),
            ProtocolError::ExpectedFragment(_) => {
                "new message started before final frame for previous message was received".into()
            }
            ProtocolError::UnknownControlFrameType(code)
            | ProtocolError::UnknownDataFrameType(code)
            | ProtocolError::InvalidOpcode(code) => format!("unknown opcode {code}"),
            ProtocolError::InvalidCloseSequence => "close frame payload cannot be 1 byte".into(),
            other => other.to_string(),
        },
        Error::Capacity(error) => return Some((CloseCode::Size, error.to_string())),
        Error::Utf8(error) => return Some((CloseCode::Invalid, error.clone())),
        _ => return None,
    };
    Some((CloseCode::Protocol, why))
}

/// The status of a close frame for a reason (`wsEnqueueCloseMessage` of nats-server's `websocket.go`).
fn close_code(reason: &str) -> CloseCode {
    match reason {
        "Client Closed" => CloseCode::Normal,
        "Protocol Violation" | "Bad Client Protocol Version" | "Parse Error" => CloseCode::Protocol,
        "Maximum Message Payload Exceeded" => CloseCode::Size,
        "Server Shutdown" | "Stale Connection" => CloseCode::Away,
        "Authentication Timeout"
        | "Authentication Failure"
        | "Slow Consumer (Pending Bytes)"
        | "Slow Consumer (Write Deadline)"
        | "Maximum Connections Exceeded"
        | "Maximum Control Line Exceeded" => CloseCode::Policy,
        _ => CloseCode::Error,
    }
}
