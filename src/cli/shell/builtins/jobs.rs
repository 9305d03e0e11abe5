//! Commands about what `&` started.

use super::super::{exec::Context, jobs::Job};
use crate::cli::Io;
use std::rc::Rc;

/// `jobs [-lp]`
pub fn jobs(context: &Context, words: &[String]) -> i32 {
    let jobs = &context.shell.jobs;
    let last = jobs.last_number();
    for job in jobs.all() {
        let line = match words.first().map(String::as_str) {
            Some("-p") => format!("{}\n", job.pid),
            _ => job.line(last),
        };
        context.io.stdout(line.as_bytes());
    }
    jobs.take_ended();
    0
}

fn find(context: &Context, name: &str, word: Option<&str>) -> Option<Rc<Job>> {
    let job = context.shell.jobs.find(word);
    if job.is_none() {
        let word = word.unwrap_or("current");
        context.complain(&format!("{name}: {word}: no such job"));
    }
    job
}

/// Ends a job if the wait for it is given up with ^C.
struct Foreground(Rc<Job>);

impl Drop for Foreground {
    fn drop(&mut self) {
        self.0.kill();
    }
}

/// `fg [JOB]`
pub async fn fg(context: Context, words: Vec<String>) -> i32 {
    let Some(job) = find(&context, "fg", words.first().map(String::as_str)) else {
        return 1;
    };
    context.io.stdout(format!("{}\n", job.text).as_bytes());
    let foreground = Foreground(job);
    let status = foreground.0.ended().await;
    context.shell.jobs.remove(&foreground.0);
    status
}

/// `bg [JOB]`: all jobs run already.
pub fn bg(context: &Context, words: &[String]) -> i32 {
    let Some(job) = find(context, "bg", words.first().map(String::as_str)) else {
        return 1;
    };
    context.complain(&format!("bg: job {} already in background", job.number));
    0
}

/// `wait [JOB...]`
pub async fn wait(context: Context, words: Vec<String>) -> i32 {
    if words.is_empty() {
        for job in context.shell.jobs.all() {
            job.ended().await;
        }
        return 0;
    }
    let mut status = 0;
    for word in &words {
        status = match context.shell.jobs.find(Some(word)) {
            Some(job) => job.ended().await,
            None if word.starts_with('%') => {
                context.complain(&format!("wait: {word}: no such job"));
                127
            }
            None => {
                context.complain(&format!("wait: pid {word} is not a child of this shell"));
                127
            }
        };
    }
    status
}

/// `kill [-SIGNAL] JOB...`
pub fn kill(context: &Context, words: &[String]) -> i32 {
    let words = match words.split_first() {
        Some((first, rest)) if first.starts_with('-') => match first.as_str() {
            "-s" | "-n" => rest.get(1..).unwrap_or_default(),
            _ => rest,
        },
        _ => words,
    };
    if words.is_empty() {
        context.io.stderr(
            b"kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n",
        );
        return 2;
    }
    let mut status = 0;
    for word in words {
        let message = match context.shell.jobs.find(Some(word)) {
            Some(job) if job.status().is_none() => {
                job.kill();
                continue;
            }
            _ if word.starts_with('%') => format!("kill: {word}: no such job"),
            _ if word.parse::<u32>().is_ok() => format!("kill: ({word}) - No such process"),
            _ => format!("kill: {word}: arguments must be process or job IDs"),
        };
        context.complain(&message);
        status = 1;
    }
    status
}
