//! What `&` started: running, waiting for and ending it. Knows futures, not commands.

use crate::client::transport::LocalFuture;
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

/// What `$$` says; jobs count up from here.
pub const SHELL_PID: u32 = 1000;

/// All jobs of a shell.
#[derive(Default)]
pub struct Jobs {
    jobs: RefCell<Vec<Rc<Job>>>,
    started: Cell<u32>,
}

/// A job.
pub struct Job {
    /// As in `%1`.
    pub number: usize,
    /// As `$!` says.
    pub pid: u32,
    /// As it was typed.
    pub text: String,
    /// The exit code, once ended.
    status: Cell<Option<i32>>,
    killed: Cell<bool>,
    wakers: RefCell<Vec<Waker>>,
}

impl Job {
    /// The exit code, once ended.
    pub fn status(&self) -> Option<i32> {
        self.status.get()
    }

    /// Ends the job (SIGTERM).
    pub fn kill(&self) {
        if self.status.get().is_none() {
            self.killed.set(true);
            self.status.set(Some(143));
            self.wake();
        }
    }

    /// Resolves with the exit code at its end.
    pub async fn ended(&self) -> i32 {
        let mut place = None;
        poll_fn(|cx| match self.status.get() {
            Some(status) => Poll::Ready(status),
            None => {
                self.wakes(&mut place, cx.waker());
                Poll::Pending
            }
        })
        .await
    }

    /// Remembers whom its end wakes; who asks again has a place.
    fn wakes(&self, place: &mut Option<usize>, waker: &Waker) {
        let mut wakers = self.wakers.borrow_mut();
        let place = *place.get_or_insert(wakers.len());
        match wakers.get_mut(place) {
            Some(known) => known.clone_from(waker),
            None => wakers.push(waker.clone()),
        }
    }

    fn wake(&self) {
        for waker in self.wakers.take() {
            waker.wake();
        }
    }

    /// How `jobs` shows it.
    pub fn line(&self, last: usize) -> String {
        let mark = match last - self.number.min(last) {
            0 => '+',
            1 => '-',
            _ => ' ',
        };
        let (state, end) = match self.status.get() {
            None => ("Running".to_string(), " &"),
            Some(0) => ("Done".to_string(), ""),
            Some(_) if self.killed.get() => ("Terminated".to_string(), ""),
            Some(status) => (format!("Exit {status}"), ""),
        };
        format!("[{}]{mark}  {state:<23} {}{end}\n", self.number, self.text)
    }
}

impl Jobs {
    /// Adds a job; the future returned runs it and has to be spawned.
    pub fn add(
        &self,
        text: &str,
        mut work: LocalFuture<'static, i32>,
    ) -> (Rc<Job>, LocalFuture<'static, ()>) {
        self.started.set(self.started.get() + 1);
        let number = self.jobs.borrow().last().map_or(1, |job| job.number + 1);
        let job = Rc::new(Job {
            number,
            pid: SHELL_PID + self.started.get(),
            text: text.to_string(),
            status: Cell::new(None),
            killed: Cell::new(false),
            wakers: RefCell::default(),
        });
        self.jobs.borrow_mut().push(job.clone());
        let running = job.clone();
        let task = Box::pin(async move {
            let mut place = None;
            let status = poll_fn(|cx| {
                if running.killed.get() {
                    return Poll::Ready(143);
                }
                let poll = work.as_mut().poll(cx);
                if poll.is_pending() {
                    running.wakes(&mut place, cx.waker());
                }
                poll
            })
            .await;
            // What it holds goes before anybody hears of its end.
            drop(work);
            if !running.killed.get() {
                running.status.set(Some(status));
            }
            running.wake();
        });
        (job, task)
    }

    /// All of them, oldest first.
    pub fn all(&self) -> Vec<Rc<Job>> {
        self.jobs.borrow().clone()
    }

    /// Takes out those that have ended.
    pub fn take_ended(&self) -> Vec<Rc<Job>> {
        let mut jobs = self.jobs.borrow_mut();
        let (ended, running) = jobs.drain(..).partition(|job| job.status().is_some());
        *jobs = running;
        ended
    }

    /// Forgets a job whose end was told.
    pub fn remove(&self, job: &Rc<Job>) {
        self.jobs
            .borrow_mut()
            .retain(|other| !Rc::ptr_eq(job, other));
    }

    /// The job that `%1`, `%%`, a number or nothing means.
    pub fn find(&self, name: Option<&str>) -> Option<Rc<Job>> {
        let jobs = self.jobs.borrow();
        let found = match name {
            None | Some("%%" | "%+" | "%") => jobs.last(),
            Some("%-") => jobs.iter().rev().nth(1),
            Some(name) => match name.strip_prefix('%') {
                Some(number) => jobs.iter().find(|job| job.number.to_string() == number),
                None => jobs.iter().find(|job| job.pid.to_string() == name),
            },
        };
        found.cloned()
    }

    /// Highest number in use.
    pub fn last_number(&self) -> usize {
        self.jobs.borrow().last().map_or(0, |job| job.number)
    }

    /// What `$!` says.
    pub fn last_pid(&self) -> Option<u32> {
        match self.started.get() {
            0 => None,
            started => Some(SHELL_PID + started),
        }
    }

    /// Ends all of them.
    pub fn kill_all(&self) {
        for job in self.all() {
            job.kill();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Context;

    #[test]
    fn who_asks_often_is_kept_once() {
        let (job, mut task) = Jobs::default().add("sleep 9", Box::pin(std::future::pending()));
        let mut end = Box::pin(job.ended());
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..1000 {
            assert!(task.as_mut().poll(&mut context).is_pending());
            assert!(end.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(job.wakers.borrow().len(), 2);
        job.kill();
        assert!(task.as_mut().poll(&mut context).is_ready());
        assert_eq!(end.as_mut().poll(&mut context), Poll::Ready(143));
    }
}
