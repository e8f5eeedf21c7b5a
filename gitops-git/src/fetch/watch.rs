//! The time and bytes of a fetch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use gix::progress::{Count, Id, MessageLevel, NestedProgress, Progress, Step, StepShared, Unit};

use super::{FetchError, FetchOptions};
use crate::failure::Failure;

/// How often limits are checked.
const PERIOD: Duration = Duration::from_millis(50);
/// How long a fetch that was told to end is waited for. One that waits for a silent server is left behind: it writes no
/// ref any more.
const GRACE: Duration = Duration::from_secs(1);
/// The library's name of the counter of bytes received.
const RECEIVED: Id = *b"BWRB";

/// Runs a fetch in a thread of its own, and watches its limits in this one.
///
/// The fetch gets counters to report to and a flag to end at.
pub(super) fn watched<T: Send + 'static>(
    url: &str,
    options: &FetchOptions,
    deadline: Duration,
    fetch: impl FnOnce(Counter, &AtomicBool) -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    let (received, end) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let failed = |text: &str| FetchError::Server { url: url.into(), source: Failure::new(text) };
    let finished = {
        let (done, finished) = channel();
        let counter = Counter { received: received.clone(), id: gix::progress::UNKNOWN, step: Arc::default() };
        let end = end.clone();
        let thread = std::thread::Builder::new().name("git fetch".into());
        let work = move || drop(done.send(fetch(counter, &end)));
        thread.spawn(work).map_err(|error| failed(&error.to_string()))?;
        finished
    };
    let start = Instant::now();
    let mut ended: Option<(Instant, FetchError)> = None;
    loop {
        let answer = finished.recv_timeout(PERIOD);
        let bytes = received.load(Ordering::Relaxed) as u64;
        if let Some(report) = &options.on_progress {
            report(bytes);
        }
        let exceeded = limit(url, options, (start, deadline), bytes);
        match (answer, exceeded) {
            (Ok(Ok(_)), Some(error @ FetchError::TooLarge { .. })) => return Err(error),
            (Ok(Err(error)), _) => return Err(ended.map_or(error, |(_, why)| why)),
            (Ok(value), _) => return value,
            (Err(RecvTimeoutError::Disconnected), _) => return Err(failed("the fetch broke off")),
            (Err(RecvTimeoutError::Timeout), Some(error)) if ended.is_none() => {
                end.store(true, Ordering::SeqCst);
                ended = Some((Instant::now(), error));
            }
            (Err(RecvTimeoutError::Timeout), _) => {}
        }
        if ended.as_ref().is_some_and(|(since, _)| since.elapsed() > GRACE) {
            return Err(ended.map_or_else(|| failed("the fetch broke off"), |(_, why)| why));
        }
    }
}

/// The limit that a fetch went beyond.
fn limit(url: &str, options: &FetchOptions, (start, deadline): (Instant, Duration), bytes: u64) -> Option<FetchError> {
    let url = url.to_owned();
    if options.interrupt.load(Ordering::Relaxed) {
        Some(FetchError::Interrupted { url })
    } else if bytes > options.max_bytes {
        Some(FetchError::TooLarge { url, limit: options.max_bytes })
    } else if start.elapsed() > deadline {
        Some(FetchError::Deadline { url, limit: deadline })
    } else {
        None
    }
}

/// A counter of the library's progress that remembers the bytes received and forgets the rest.
pub(super) struct Counter {
    received: StepShared,
    id: Id,
    step: StepShared,
}

impl Count for Counter {
    fn set(&self, step: Step) {
        self.step.store(step, Ordering::Relaxed);
    }

    fn step(&self) -> Step {
        self.step.load(Ordering::Relaxed)
    }

    fn inc_by(&self, step: Step) {
        self.step.fetch_add(step, Ordering::Relaxed);
    }

    fn counter(&self) -> StepShared {
        self.step.clone()
    }
}

impl Progress for Counter {
    fn init(&mut self, _: Option<Step>, _: Option<Unit>) {}

    fn set_name(&mut self, _: String) {}

    fn name(&self) -> Option<String> {
        None
    }

    fn id(&self) -> Id {
        self.id
    }

    fn message(&self, _: MessageLevel, message: String) {
        tracing::debug!(target: "gitops_git::fetch", "{message}");
    }
}

impl NestedProgress for Counter {
    type SubProgress = Self;

    fn add_child(&mut self, name: impl Into<String>) -> Self {
        self.add_child_with_id(name, gix::progress::UNKNOWN)
    }

    fn add_child_with_id(&mut self, _: impl Into<String>, id: Id) -> Self {
        let step = if id == RECEIVED { self.received.clone() } else { StepShared::default() };
        Self { received: self.received.clone(), id, step }
    }
}
