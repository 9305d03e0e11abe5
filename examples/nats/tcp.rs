//! NATS connections over TCP with tokio, on one thread.

use nats_kv_playground::{
    client::{
        address,
        runtime::Runtime,
        transport::{Connector, LocalFuture, Transport, TransportError},
    },
    wire::time::Time,
};
use std::{
    cell::RefCell,
    io::ErrorKind,
    net::Ipv4Addr,
    rc::Rc,
    task::{Context, Poll},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncRead, AsyncWriteExt, ReadBuf},
    net::{TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::mpsc,
    task::{JoinHandle, spawn_local},
};

/// The system's clock, tokio's timers and tasks; needs a `LocalSet`.
pub struct TokioRuntime;

impl Runtime for TokioRuntime {
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Time(since.map_or(0, |since| since.as_nanos() as i64))
    }

    fn sleep(&self, ns: i64) -> LocalFuture<'static, ()> {
        Box::pin(tokio::time::sleep(Duration::from_nanos(ns.max(0) as u64)))
    }

    fn spawn(&self, task: LocalFuture<'static, ()>) {
        spawn_local(task);
    }

    fn random(&self) -> u64 {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(())
    }
}

/// Opens TCP connections to a `nats://host:port`.
pub struct TcpConnector {
    url: String,
    writers: Writers,
    reached: Rc<RefCell<Option<String>>>,
}

/// Tasks that still have something to write; await them before the process ends.
#[derive(Clone, Default)]
pub struct Writers(Rc<RefCell<Vec<JoinHandle<()>>>>);

impl Writers {
    /// Waits until everything sent on closed connections is on its way, at most a second.
    pub async fn finish(&self) {
        let writers = std::mem::take(&mut *self.0.borrow_mut());
        for writer in writers {
            let _ = tokio::time::timeout(Duration::from_secs(1), writer).await;
        }
    }
}

impl TcpConnector {
    /// A connector for `url`: scheme, credentials and port are optional.
    pub fn new(url: &str, writers: Writers) -> TcpConnector {
        TcpConnector {
            url: url.into(),
            writers,
            reached: Rc::default(),
        }
    }
}

impl Connector for TcpConnector {
    fn connect(&self) -> LocalFuture<'static, Result<Box<dyn Transport>, TransportError>> {
        let address = address(&self.url);
        let tls = self.url.starts_with("tls://");
        let (writers, reached) = (self.writers.clone(), self.reached.clone());
        Box::pin(async move {
            let (mut host, port) = address.map_err(TransportError::Address)?;
            if host.is_empty() {
                host = "localhost".into();
            }
            let unknown =
                || TransportError::Address(format!("dial tcp: lookup {host}: no such host"));
            // To Go it is no name, while C reads `0` and `127.1` as addresses.
            let digits = host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            if digits && host.parse::<Ipv4Addr>().is_err() {
                return Err(unknown());
            }
            let found = tokio::net::lookup_host((&*host, port)).await;
            let addresses: Vec<_> = found.map_err(|_| unknown())?.collect();
            let stream = TcpStream::connect(&addresses[..]).await.map_err(|error| {
                let why = format!("dial tcp {host}:{port}: connect: {error}");
                match error.kind() {
                    ErrorKind::ConnectionRefused => TransportError::Refused(why),
                    _ => TransportError::Address(why),
                }
            })?;
            if tls {
                let why = "nats: secure connection not available";
                return Err(TransportError::Address(why.into()));
            }
            *reached.borrow_mut() = stream.peer_addr().ok().map(|peer| peer.to_string());
            let _ = stream.set_nodelay(true);
            let (reader, writer) = stream.into_split();
            let (sender, queue) = mpsc::unbounded_channel();
            writers
                .0
                .borrow_mut()
                .push(spawn_local(write(writer, queue)));
            Ok(Box::new(TcpTransport {
                reader,
                space: vec![0; 32 * 1024],
                sender: Some(sender),
            }) as Box<dyn Transport>)
        })
    }

    fn url(&self) -> String {
        self.url.clone()
    }

    fn reached(&self) -> Option<String> {
        self.reached.borrow().clone()
    }
}

async fn write(mut writer: OwnedWriteHalf, mut queue: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(mut bytes) = queue.recv().await {
        while let Ok(more) = queue.try_recv() {
            bytes.extend(more);
        }
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
    }
    let _ = writer.shutdown().await;
}

struct TcpTransport {
    reader: OwnedReadHalf,
    space: Vec<u8>,
    sender: Option<mpsc::UnboundedSender<Vec<u8>>>,
}

impl Transport for TcpTransport {
    fn send(&mut self, bytes: &[u8]) {
        if let Some(sender) = &self.sender {
            let _ = sender.send(bytes.to_vec());
        }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>, TransportError>> {
        let mut buffer = ReadBuf::new(&mut self.space);
        let read = std::pin::Pin::new(&mut self.reader).poll_read(cx, &mut buffer);
        read.map(|read| match (read, buffer.filled()) {
            // A connection reset by the server reads as its end.
            (Err(_), _) | (Ok(()), []) => Err(TransportError::Closed("EOF".into())),
            (Ok(()), bytes) => Ok(bytes.to_vec()),
        })
    }

    fn close(&mut self) {
        self.sender = None;
    }
}
