//! Handles on a repository: each keeps caches of its own, so that threads do not wait for each other.

use std::sync::{Mutex, PoisonError};

/// Handles that wait for work.
const MAX_HANDLES: usize = 8;

/// The handles on one repository.
pub(crate) struct Handles {
    source: gix::ThreadSafeRepository,
    /// Those that no thread uses.
    idle: Mutex<Vec<gix::Repository>>,
}

impl Handles {
    pub(crate) fn new(source: gix::ThreadSafeRepository) -> Self {
        Self { source, idle: Mutex::default() }
    }

    pub(crate) fn source(&self) -> &gix::ThreadSafeRepository {
        &self.source
    }

    /// Works with a handle that was used before, where one is idle: to make one costs more than to read a ref.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&gix::Repository) -> T) -> T {
        let handle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let handle = handle.unwrap_or_else(|| self.source.to_thread_local());
        let result = work(&handle);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_HANDLES {
            idle.push(handle);
        }
        result
    }
}
