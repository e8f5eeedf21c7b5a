//! Threads that own the connections: several for reads, one for writes and controllers.
//!
//! A call is a closure sent to a thread and a future of its answer, so no caller's executor is ever blocked, reads run
//! beside each other and beside the writer, and no connection is shared.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use futures::channel::oneshot;
use rusqlite::Connection;

use crate::failure::Failure;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A queue of work for one or more threads. Dropping the last handle ends them.
#[derive(Debug)]
pub(crate) struct Workers {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

/// What a thread does between jobs, told whether there was one just now: `None` to wait for the next job, or how long to
/// wait at most.
pub(crate) type Idle = Box<dyn FnMut(&mut Connection, bool) -> Option<Duration> + Send>;

impl Workers {
    /// Threads with these connections; the first one does `idle` between jobs.
    pub(crate) fn start(connections: Vec<Connection>, mut idle: Option<Idle>) -> std::io::Result<Self> {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let mut threads = Vec::new();
        for connection in connections {
            let (queue, idle) = (Arc::clone(&queue), idle.take());
            let name = "gitops-embedded".to_owned();
            threads.push(std::thread::Builder::new().name(name).spawn(move || work(connection, &queue, idle))?);
        }
        Ok(Self { jobs: Some(jobs), threads })
    }

    /// Has a thread do this; the future is its answer.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Who asked may have gone away meanwhile.
            let _ = answer.send(work(connection));
        });
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        if !sent {
            return Err(Failure::Closed);
        }
        answered.await.unwrap_or(Err(Failure::Closed))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // The last handle may go with an answer, on the thread itself.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// So many jobs are done at most before `idle` has its turn.
const STREAK: usize = 32;

fn work(mut connection: Connection, queue: &Mutex<Receiver<Job>>, mut idle: Option<Idle>) {
    let (mut streak, mut worked) = (0, false);
    loop {
        let waiting = (streak < STREAK).then(|| lock(queue).try_recv().ok()).flatten();
        let next = match waiting {
            Some(job) => Ok(job),
            None => {
                streak = 0;
                match idle.as_mut().and_then(|idle| idle(&mut connection, worked)) {
                    None => lock(queue).recv().map_err(|_| RecvTimeoutError::Disconnected),
                    Some(wait) => lock(queue).recv_timeout(wait),
                }
            }
        };
        worked = next.is_ok();
        match next {
            Ok(job) => {
                streak += 1;
                job(&mut connection);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn lock(queue: &Mutex<Receiver<Job>>) -> std::sync::MutexGuard<'_, Receiver<Job>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
