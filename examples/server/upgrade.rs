//! The handshake that makes a WebSocket of a connection, with the checks, answers and words of nats-server (`wsUpgrade` of its
//! `websocket.go`) and of Go's HTTP server below it. Who is refused has to come again.

use std::io;

use nats_kv_playground::server::Peer;
use nats_kv_playground::wire::base64;
use nats_kv_playground::wire::time::Time;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::handshake::server::Request;

use crate::native::{Host, now};

/// The longest request that Go reads.
const MAX_HEAD: usize = 1 << 20;

const BAD_REQUEST: &str = "400 Bad Request";

/// Why a request is not granted.
enum Refusal {
    /// Go's HTTP server takes it for none: the whole status.
    Http(&'static str),
    /// nats-server does not want it: the status, and what the log says.
    NotWanted(&'static str, &'static str),
    /// Nothing can be said to it: what the log says.
    Silent(&'static str),
}

/// What is known about somebody who came in.
pub struct Upgraded {
    /// Its `User-Agent` is a browser's.
    pub browser: bool,
    /// Its frames are not masked, as it asked for (as leaf nodes do).
    pub no_masking: bool,
}

/// Answers a request for a WebSocket; `None` if it is refused, or does not come.
pub async fn upgrade(host: &Host, socket: &mut TcpStream, peer: &Peer) -> Option<Upgraded> {
    let head = read_head(socket)
        .await
        .ok()
        .filter(|head| !head.is_empty())?;
    let answer = match examine(&head) {
        Ok((request, key)) => {
            let agent = request.headers().get("user-agent");
            let upgraded = Upgraded {
                browser: agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/")),
                no_masking: request
                    .headers()
                    .get("nats-no-masking")
                    .is_some_and(|v| v == "true"),
            };
            let more = if upgraded.no_masking {
                "Nats-No-Masking: true\r\n"
            } else {
                ""
            };
            let accepted = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Accept: {key}\r\n{more}\r\n"
            );
            socket.write_all(accepted.as_bytes()).await.ok()?;
            if request.uri().path().ends_with("/leafnode") {
                host.note("ERR", "Not configured to accept leaf node connections");
                return None;
            }
            return Some(upgraded);
        }
        Err(Refusal::Http(status)) => format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n{status}"
        ),
        Err(Refusal::NotWanted(status, why)) => {
            note(host, peer, why);
            not_wanted(status, now())
        }
        Err(Refusal::Silent(why)) => {
            note(host, peer, why);
            return None;
        }
    };
    let _ = socket.write_all(answer.as_bytes()).await;
    let _ = socket.shutdown().await;
    None
}

fn note(host: &Host, peer: &Peer, why: &str) {
    let address = match peer.ip.contains(':') {
        true => format!("[{}]:{}", peer.ip, peer.port),
        false => format!("{}:{}", peer.ip, peer.port),
    };
    host.note(
        "ERR",
        &format!("{address} - websocket handshake error: {why}"),
    );
}

/// Reads what comes until a line is empty, too much has come, or nothing more does.
async fn read_head(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    loop {
        let seen = head.len().saturating_sub(2);
        let ended = socket.read_buf(&mut head).await? == 0;
        let is_end = |three: &[u8]| three == b"\n\r\n" || three.ends_with(b"\n\n");
        if ended || head.len() > MAX_HEAD || head[seen..].windows(3).any(is_end) {
            return Ok(head);
        }
    }
}

/// The request if it is granted, and the key to answer with; checks are in nats-server's order.
fn examine(head: &[u8]) -> Result<(Request, String), Refusal> {
    let (size, request) = match Request::try_parse(head) {
        Ok(Some(parsed)) => parsed,
        Ok(None) if head.len() > MAX_HEAD => {
            return Err(Refusal::Http("431 Request Header Fields Too Large"));
        }
        Err(Error::Protocol(ProtocolError::WrongHttpMethod)) => {
            return Err(Refusal::NotWanted(
                "405 Method Not Allowed",
                "request method must be GET",
            ));
        }
        Ok(None) | Err(_) => return Err(Refusal::Http(BAD_REQUEST)),
    };
    let headers = request.headers();
    let has = |name: &str, token: &str| {
        let values = headers.get_all(name).iter();
        let mut tokens = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        tokens.any(|found| found.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    };
    let key = headers
        .get("sec-websocket-key")
        .map_or("", |key| key.to_str().unwrap_or_default());
    let Some(name) = headers.get("host") else {
        return Err(Refusal::Http(
            "400 Bad Request: missing required Host header",
        ));
    };
    let wrong = if request.uri().path().ends_with("/mqtt") {
        return Err(Refusal::NotWanted(
            "404 Not Found",
            "mqtt websocket endpoint not enabled",
        ));
    } else if name.is_empty() {
        "'Host' missing in request"
    } else if !has("upgrade", "websocket") {
        "invalid value for header 'Upgrade'"
    } else if !has("connection", "upgrade") {
        "invalid value for header 'Connection'"
    } else if key.is_empty() {
        "key missing"
    } else if base64::decode(key).is_none_or(|key| key.len() != 16) {
        "invalid websocket key"
    } else if !has("sec-websocket-version", "13") {
        "invalid version"
    } else if size < head.len() {
        return Err(Refusal::Silent(
            "client sent data before handshake is complete",
        ));
    } else {
        let key = derive_accept_key(key.as_bytes());
        return Ok((request, key));
    };
    Err(Refusal::NotWanted(BAD_REQUEST, wrong))
}

/// The answer to a request that nats-server does not want.
fn not_wanted(status: &str, now: Time) -> String {
    let body = status.get(4..).unwrap_or_default();
    let date = http_date(now);
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nSec-Websocket-Version: 13\r\n\
        X-Content-Type-Options: nosniff\r\nDate: {date}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}\n",
        body.len() + 1
    )
}

/// `Sat, 28 Nov 2026 18:55:56 GMT`.
fn http_date(time: Time) -> String {
    let at = time.civil();
    let name = |names: &'static str, index: u32| {
        let start = index as usize * 3;
        names.get(start..start + 3).unwrap_or_default()
    };
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        name("SunMonTueWedThuFriSat", time.weekday()),
        at.day,
        name(
            "JanFebMarAprMayJunJulAugSepOctNovDec",
            at.month.saturating_sub(1)
        ),
        at.year,
        at.hour,
        at.minute,
        at.second
    )
}
