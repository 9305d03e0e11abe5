//! Connections inside the process: what the server has sent waits in a [`Link`] until its reader takes it.

use super::{Host, points_to};
use crate::client::transport::{Connector, LocalFuture, Transport, TransportError};
use crate::client::{queue::Queue, runtime::Runtime};
use crate::server::ConnectionId;
use std::task::{Context, Poll, ready};

/// Bytes from the server to one client, and what ended them.
pub(super) type Link = Queue<Vec<u8>, &'static str>;

/// The client's end of a link.
pub(super) struct LinkTransport {
    host: Host,
    id: ConnectionId,
    link: Link,
    /// What the reader waits for before it gets more.
    turn: Option<LocalFuture<'static, ()>>,
}

impl LinkTransport {
    pub fn new(host: Host, id: ConnectionId, link: Link) -> LinkTransport {
        LinkTransport {
            host,
            id,
            link,
            turn: None,
        }
    }
}

impl Transport for LinkTransport {
    fn send(&mut self, bytes: &[u8]) {
        if !self.link.has_ended() {
            self.host.receive(self.id, bytes);
        }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>, TransportError>> {
        let turn = &mut self.turn;
        if self.link.len() > 0 {
            // A reader that always gets more would leave no room for anybody else.
            *turn = turn.take().or_else(|| self.host.turn());
            if let Some(turn) = turn {
                ready!(turn.as_mut().poll(cx));
            }
        }
        *turn = None;
        let next = self.link.poll_next(cx);
        next.map_err(|why| TransportError::Closed(why.into()))
    }

    fn close(&mut self) {
        if !self.link.has_ended() {
            self.link.end("EOF");
            self.host.disconnect(self.id);
        }
    }
}

impl Drop for LinkTransport {
    fn drop(&mut self) {
        self.close();
    }
}

/// What answers at an address.
pub(super) enum Port {
    Open,
    /// Nothing listens at this `host:port`.
    Refused(String),
    /// No such host.
    Unknown(String),
}

/// Opens links to the server of a host, if it listens at the address.
pub(super) struct Place {
    pub host: Host,
    pub at: Option<String>,
}

impl Connector for Place {
    fn connect(&self) -> LocalFuture<'static, Result<Box<dyn Transport>, TransportError>> {
        let (host, at) = (self.host.clone(), self.at.clone());
        Box::pin(async move {
            host.settled().await;
            let port = match &at {
                Some(url) => points_to(url, host.running().as_ref()),
                None => Port::Open,
            };
            let refused = |at: &str| {
                TransportError::Refused(format!("dial tcp {at}: connect: connection refused"))
            };
            match port {
                Port::Open => match host.open() {
                    Some(transport) => Ok(Box::new(transport) as Box<dyn Transport>),
                    None => Err(refused("127.0.0.1:4222")),
                },
                Port::Refused(at) => Err(refused(&at)),
                Port::Unknown(name) => {
                    let why = format!("dial tcp: lookup {name}: no such host");
                    Err(TransportError::Address(why))
                }
            }
        })
    }

    fn url(&self) -> String {
        match (&self.at, self.host.running()) {
            (Some(url), _) => url.clone(),
            (None, Some(config)) => format!("nats://127.0.0.1:{}", config.port),
            (None, None) => "nats://127.0.0.1:4222".into(),
        }
    }
}
