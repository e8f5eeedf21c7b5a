//! Runs cases in parallel, each on a thread of its own with a time limit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Case, CaseResult, Verdict};

/// How long one case may take.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Deeply nested input is walked recursively up to the budgets of the crates under test.
const STACK_BYTES: usize = 64 << 20;

/// The results, in the order of the cases.
pub(super) fn run(cases: Vec<Case>) -> Vec<CaseResult> {
    std::panic::set_hook(Box::new(|_| {}));
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let results = Mutex::new(Vec::with_capacity(cases.len()));
    let queue = Mutex::new(cases.into_iter().enumerate());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((index, case)) = next else { break };
                    let result = run_one(case);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    drop(std::panic::take_hook());
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn run_one(case: Case) -> CaseResult {
    let Case { id, area, check } = case;
    let started = Instant::now();
    let (sender, receiver) = channel();
    let spawned = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        let verdict = catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Verdict::Failed(format!("panic: {}", words.unwrap_or("without words")))
        });
        // The receiver is gone only when the time limit was over.
        let _ = sender.send(verdict);
    });
    let verdict = match spawned {
        Err(error) => Verdict::Failed(format!("no thread for the case: {error}")),
        // A thread that runs over its limit is left behind: it cannot be stopped, and the process ends soon.
        Ok(_) => match receiver.recv_timeout(TIME_LIMIT) {
            Ok(verdict) => verdict,
            Err(RecvTimeoutError::Timeout) => Verdict::Failed(format!("took longer than {} s", TIME_LIMIT.as_secs())),
            Err(RecvTimeoutError::Disconnected) => Verdict::Failed("ended without a verdict".into()),
        },
    };
    CaseResult { id, area, verdict, time: started.elapsed() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_fails_its_case_only() {
        let cases = vec![Case::new("a", "a/1", || panic!("no")), Case::new("a", "a/2", || Verdict::Passed)];
        let results = run(cases);
        assert_eq!(results[0].verdict, Verdict::Failed("panic: no".into()));
        assert_eq!(results[1].verdict, Verdict::Passed);
    }
}
