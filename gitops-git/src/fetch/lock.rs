//! One writer at a time for a repository of the cache.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::FetchError;

/// A lock that the operating system gives back when the process ends, however it ends.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock. The file stays: removing it would let two processes lock two files of one name.
    pub(super) fn acquire(path: &Path, deadline: Duration) -> Result<Self, FetchError> {
        let failed = |source: std::io::Error| FetchError::Cache { path: path.into(), source: source.into() };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        let start = Instant::now();
        let mut pause = Duration::from_millis(2);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if start.elapsed() >= deadline => {
                    return Err(FetchError::Locked { path: path.into(), waited: start.elapsed() });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_waits_no_longer_than_its_deadline() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.lock");
        let first = Lock::acquire(&path, Duration::ZERO).unwrap();
        let second = Lock::acquire(&path, Duration::from_millis(20));
        assert!(matches!(second, Err(FetchError::Locked { .. })));
        drop(first);
        assert!(Lock::acquire(&path, Duration::ZERO).is_ok());
    }
}
