//! Local repositories that were opened before. Reading the configuration of one costs more than reading a ref.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::open::{OpenError, Repository};

/// So many are remembered; then it begins anew.
const REMEMBERED: usize = 256;

/// Repositories by their paths. Clones remember the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Opened(Arc<Mutex<HashMap<PathBuf, (State, Repository)>>>);

/// What says that a repository is still the one that was opened: when its configuration was written, and how long it is.
type State = (SystemTime, u64);

impl Opened {
    pub(super) fn open(&self, path: &Path) -> Result<Repository, OpenError> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        if let Some((before, repository)) = held
            && state(&repository) == Some(before)
        {
            return Ok(repository);
        }
        let repository = Repository::open(path)?;
        if let Some(state) = state(&repository) {
            let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if opened.len() >= REMEMBERED {
                opened.clear();
            }
            opened.insert(path.into(), (state, repository.clone()));
        }
        Ok(repository)
    }

    /// Forgets all repositories below a folder, which is gone.
    pub(super) fn forget(&self, folder: &Path) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|place, _| !place.starts_with(folder));
    }
}

fn state(repository: &Repository) -> Option<State> {
    let meta = std::fs::metadata(repository.git_dir().join("config")).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}
