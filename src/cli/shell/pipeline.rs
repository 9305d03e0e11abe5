//! Runs pipelines: their commands side by side, each of which ends when nobody reads it any more. Must not know what a command
//! does.

use super::{
    ast::{Command, Pipeline},
    exec::Context,
    stdio::{Input, Output, Stream},
};
use crate::{cli::Io, client::transport::LocalFuture};
use std::{future::poll_fn, rc::Rc, task::Poll};

impl Context {
    /// Runs a pipeline, however many commands it has.
    pub(super) async fn pipeline(&self, pipeline: &Pipeline) -> i32 {
        let started = self.shell.session.runtime.now();
        let status = match pipeline.commands.as_slice() {
            [command] => self.command(command).await,
            commands => self.stages(commands).await,
        };
        if pipeline.timed {
            let milliseconds = self.shell.session.runtime.now().since(started) / 1_000_000;
            let (minutes, rest) = (milliseconds / 60_000, milliseconds % 60_000);
            let real = format!("{minutes}m{}.{:03}s", rest / 1000, rest % 1000);
            // A page has no processor time of its own.
            let times = format!("\nreal\t{real}\nuser\t0m0.000s\nsys\t0m0.000s\n");
            self.io.stderr(times.as_bytes());
        }
        let status = if pipeline.negated {
            i32::from(status == 0)
        } else {
            status
        };
        self.scope.status.set(status);
        status
    }

    /// Runs commands side by side, each in a subshell.
    async fn stages(&self, commands: &[Command]) -> i32 {
        let mut stages = Vec::new();
        let mut input: Option<Rc<Stream>> = None;
        for (index, command) in commands.iter().enumerate() {
            let inner = self.subshell();
            let mut io = (*inner.io).clone();
            if let Some(stream) = &input {
                io.input = Input::Stream(stream.clone());
            }
            let output = (index + 1 < commands.len()).then(Rc::<Stream>::default);
            if let Some(stream) = &output {
                io.output = Output::Stream(stream.clone());
            }
            let inner = inner.with_io(io);
            stages.push(Stage {
                work: Some(Box::pin(async move { inner.command(command).await })),
                status: 0,
                input: input.take(),
                output: output.clone(),
            });
            input = output;
        }
        poll_fn(|cx| {
            // Once more if a stage ended: the one before it may have to end too.
            while stages
                .iter_mut()
                .fold(false, |again, stage| stage.poll(cx) | again)
            {}
            match stages.iter().any(|stage| stage.work.is_some()) {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }
        })
        .await;
        let failed = match self.scope.options.get().pipefail {
            true => stages.iter().rfind(|stage| stage.status != 0),
            false => stages.last(),
        };
        failed.map_or(0, |stage| stage.status)
    }
}

/// A command of a pipeline.
struct Stage<'a> {
    /// `None` once ended.
    work: Option<LocalFuture<'a, i32>>,
    status: i32,
    input: Option<Rc<Stream>>,
    output: Option<Rc<Stream>>,
}

impl Stage<'_> {
    /// Goes on; whether it ended just now.
    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> bool {
        let Some(work) = &mut self.work else {
            return false;
        };
        let broken = self.output.as_ref().is_some_and(|output| output.broken());
        self.status = match work.as_mut().poll(cx) {
            Poll::Ready(status) => status,
            // 128 and SIGPIPE.
            Poll::Pending if broken => 141,
            Poll::Pending => return false,
        };
        self.work = None;
        if let Some(output) = &self.output {
            output.end();
        }
        if let Some(input) = &self.input {
            input.abandon();
        }
        true
    }
}
