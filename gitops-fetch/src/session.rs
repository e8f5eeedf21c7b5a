use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gitops_core::need::Pinned;
use gitops_core::{Answer, Need, Provided};

use crate::{Fetcher, LockFile, ProvideError};

/// Repositories and files that one build may need.
const MAX_NEEDS: usize = 1_000;
/// Fetches at the same time.
const MAX_THREADS: usize = 8;

/// What the lock file decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockMode {
    /// What is locked is taken as locked; what is not is got as it is now, and locked.
    #[default]
    Add,
    /// Only what is locked may be used.
    Locked,
}

/// Whether something may be used; if not, why, and what would allow it.
type Rule = Arc<dyn Fn(&Need) -> Result<(), String> + Send + Sync>;

/// What one build gets from elsewhere, each once.
pub struct Session<'a> {
    fetcher: &'a Fetcher,
    lock: LockFile,
    mode: LockMode,
    rule: Option<Rule>,
    provided: Provided,
}

impl<'a> Session<'a> {
    /// A session with what was locked before.
    pub fn new(fetcher: &'a Fetcher, lock: LockFile) -> Self {
        Self { fetcher, lock, mode: LockMode::Add, rule: None, provided: Provided::new() }
    }

    /// With another say of the lock file.
    #[must_use]
    pub fn with_mode(mut self, mode: LockMode) -> Self {
        self.mode = mode;
        self
    }

    /// With a rule that everything is held to before it is asked for.
    #[must_use]
    pub fn allowing(mut self, rule: impl Fn(&Need) -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.rule = Some(Arc::new(rule));
        self
    }

    /// Gets what is not there yet, several at a time. It blocks.
    ///
    /// # Errors
    /// [`ProvideError`], the first in the order of the needs.
    pub fn provide(&mut self, needs: &[Need]) -> Result<(), ProvideError> {
        let missing: Vec<&Need> = needs.iter().filter(|need| self.provided.get(need).is_none()).collect();
        if self.provided.iter().count() + missing.len() > MAX_NEEDS {
            return Err(ProvideError::TooMany { limit: MAX_NEEDS });
        }
        let mut wanted = Vec::with_capacity(missing.len());
        for need in missing {
            self.check(need)?;
            let pin = self.lock.pin(need);
            if pin.is_none() && self.mode == LockMode::Locked {
                return Err(ProvideError::NotLocked { need: need.clone() });
            }
            wanted.push((need, pin));
        }
        let answers = in_parallel(&wanted, |(need, pin)| self.fetcher.get(need, *pin, &|need| self.check(need)));
        let needs: Vec<Need> = wanted.into_iter().map(|(need, _)| need.clone()).collect();
        for (need, answer) in needs.into_iter().zip(answers) {
            let answer = answer?;
            self.lock.add(&need, answer.pin());
            self.provided.insert(need, answer);
        }
        Ok(())
    }

    fn check(&self, need: &Need) -> Result<(), ProvideError> {
        let Some(rule) = &self.rule else { return Ok(()) };
        rule(need).map_err(|reason| ProvideError::NotAllowed { need: need.clone(), reason })
    }

    /// Whether everything is now as it was pinned, which is got on the way. What cannot be had is not.
    pub fn still(&mut self, pinned: &[Pinned]) -> bool {
        let needs: Vec<Need> = pinned.iter().map(|one| one.need.clone()).collect();
        self.provide(&needs).is_ok()
            && pinned.iter().all(|one| self.provided.get(&one.need).is_some_and(|answer| answer.pin() == one.pin))
    }

    /// What was got.
    pub fn provided(&self) -> &Provided {
        &self.provided
    }

    /// What is locked, with what was got.
    pub fn lock(&self) -> &LockFile {
        &self.lock
    }
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Session").field("mode", &self.mode).field("provided", &self.provided).finish_non_exhaustive()
    }
}

fn in_parallel<T: Sync>(
    items: &[T],
    get: impl Fn(&T) -> Result<Answer, ProvideError> + Sync,
) -> Vec<Result<Answer, ProvideError>> {
    let threads = items.len().min(MAX_THREADS);
    if threads < 2 {
        return items.iter().map(get).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, get(item)));
        }
    };
    let mut answers = std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for worker in workers {
            match worker.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
