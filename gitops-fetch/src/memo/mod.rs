//! Results on disk: encrypted, bounded, and never trusted further than their seal.

mod evict;
mod seal;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use gitops_core::secret::DigestKey;
use gitops_core::{Digest, MemoStore};

use seal::Sealer;

/// How much a memo may keep.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoLimits {
    /// Bytes of all entries. 1 GiB.
    pub total_bytes: u64,
    /// Bytes of one entry; a larger one is not kept. 64 MiB.
    pub entry_bytes: u64,
}

impl Default for MemoLimits {
    fn default() -> Self {
        Self { total_bytes: 1 << 30, entry_bytes: 64 << 20 }
    }
}

/// A folder of memo entries, which several processes may share.
///
/// An entry is a file, written beside and then renamed, so that it is there whole or not at all. The entries that were
/// used least lately go first when the folder is full.
#[derive(Clone, Debug)]
pub struct MemoDirectory {
    directory: Arc<Path>,
    limits: MemoLimits,
    /// Bytes written: where they pass a whole share of the limit, it is looked at how full the folder is.
    written: Arc<AtomicU64>,
}

/// A memo under one key: what others wrote under theirs is not there.
#[derive(Clone)]
pub struct Memo {
    directory: MemoDirectory,
    sealer: Sealer,
}

impl MemoDirectory {
    /// A memo in a folder, which is made when something is kept.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let directory: Arc<Path> = directory.into().into();
        // Processes that write little each start somewhere else, so that one of them comes to look.
        let written = Arc::new(AtomicU64::new(seal::anywhere()));
        Self { directory, limits: MemoLimits::default(), written }
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: MemoLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The entries that are sealed under keys derived from this one.
    pub fn under(&self, key: &DigestKey) -> Memo {
        Memo { directory: self.clone(), sealer: Sealer::new(key) }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let place = self.place(name);
        let directory = place.parent().unwrap_or(&self.directory);
        fs::create_dir_all(directory)?;
        let mut file = tempfile::Builder::new().prefix(evict::UNFINISHED).tempfile_in(directory)?;
        file.write_all(bytes)?;
        file.persist(&place).map_err(|error| error.error)?;
        let size = bytes.len() as u64;
        let share = (self.limits.total_bytes / 16).max(1);
        let before = self.written.fetch_add(size, Ordering::Relaxed);
        if before / share != before.wrapping_add(size) / share {
            evict::evict(&self.directory, self.limits.total_bytes - share);
        }
        Ok(())
    }

    fn get(&self, name: &str) -> std::io::Result<Vec<u8>> {
        let place = self.place(name);
        let size = fs::metadata(&place)?.len();
        if size > self.limits.entry_bytes.saturating_add(seal::OVERHEAD) {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        let bytes = fs::read(&place)?;
        evict::touch(&place);
        Ok(bytes)
    }

    /// Folders of two digits keep a folder from having too many files.
    fn place(&self, name: &str) -> PathBuf {
        let (folder, rest) = name.split_at_checked(2).unwrap_or(("", name));
        self.directory.join(folder).join(rest)
    }
}

impl MemoStore for Memo {
    fn get(&self, key: &Digest) -> Option<Bytes> {
        let name = self.sealer.name(key);
        let sealed = self.directory.get(&name).ok()?;
        match self.sealer.open(key, sealed) {
            Some(bytes) => Some(bytes.into()),
            None => {
                // Nobody can use it: what was torn or forged makes place for what is whole.
                drop(fs::remove_file(self.directory.place(&name)));
                None
            }
        }
    }

    fn put(&self, key: &Digest, bytes: &[u8]) {
        if bytes.len() as u64 > self.directory.limits.entry_bytes {
            return;
        }
        if let Some(sealed) = self.sealer.seal(key, bytes) {
            // A memo that cannot be written is none.
            drop(self.directory.put(&self.sealer.name(key), &sealed));
        }
    }
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.directory.fmt(out)
    }
}

#[cfg(test)]
mod tests;
