//! Takes connections, and carries bytes between plain sockets and the server.

use std::rc::Rc;
use std::time::Duration;

use nats_kv_playground::server::Peer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::native::{Host, LINGER};
use crate::websocket;

/// How long no connection is taken after one could not be; nats-server begins with as much.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// A door: takes connections until it is aborted; one that cannot be taken (too many open files) does not end it.
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
                websocket::serve(&host, socket, peer).await;
            } else {
                serve_tcp(&host, socket, peer).await;
            }
        });
    }
}

/// Closes doors: nobody comes in any more, nor waits to.
pub async fn close(doors: &mut Vec<JoinHandle<()>>) {
    for door in doors.drain(..) {
        door.abort();
        let _ = door.await;
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
            let size = output.bytes.len();
            let write = to.write_all(&output.bytes);
            if !host.written(id, size, write).await || output.close.is_some() {
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
