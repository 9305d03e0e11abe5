//! Our `nats` command over TCP, at a real terminal: `cargo run --release --example nats -- kv get my-kv Key1`.

mod program;
mod tcp;
mod terminal;

use nats_kv_playground::cli::{Session, run};
use std::rc::Rc;
use tcp::{TcpConnector, TokioRuntime, Writers};
use terminal::Terminal;
use tokio::{runtime::Builder, task::LocalSet};

fn main() -> std::io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let code = LocalSet::new().block_on(&runtime, command());
    // A thread that still reads standard input would be waited for.
    std::process::exit(code);
}

async fn command() -> i32 {
    let writers = Writers::default();
    let connections = writers.clone();
    let session = Session {
        io: Rc::new(Terminal),
        connector: Rc::new(move |url| Ok(Rc::new(TcpConnector::new(url, connections.clone())))),
        runtime: Rc::new(TokioRuntime),
        programs: Some(Rc::new(program::run)),
        parts: &nats_kv_playground::cli::parts::HERE,
    };
    // Bytes that are no text are replaced, as messages are text here.
    let args = std::env::args_os().skip(1);
    let args = args.map(|arg| arg.to_string_lossy().into()).collect();
    let code = run(args, session).await;
    writers.finish().await;
    code
}
