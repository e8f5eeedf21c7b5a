//! What callers of one name got: a folder of their own in the cache, for as long as somebody has the name or reads of it.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::FetchError;
use super::lock::Lock;
use crate::callers::{caller_of_folder, folders_of_cache};

/// Before the group in the name of its folder while that is removed.
const GOING: &str = "gone-";

/// Somebody reads of a group for as long as a clone of this lives.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    /// Its clones are counted.
    _counted: Arc<()>,
}

/// Who reads of which group in this process. Clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups(Arc<Mutex<HashMap<String, Arc<()>>>>);

impl Groups {
    /// Keeps a group from being removed.
    pub(super) fn hold(&self, group: &str) -> Hold {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Hold { _counted: Arc::clone(held.entry(group.to_owned()).or_default()) }
    }

    /// Removes the folders of all other groups that nobody reads of; how many others stay. `forget` is told before a folder goes.
    pub(super) fn sweep(&self, directory: &Path, keep: &BTreeSet<String>, forget: impl Fn(&Path)) -> io::Result<usize> {
        let (mut going, mut staying) = (Vec::new(), 0);
        // Whoever wants to read of one waits for it to be out of the way.
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for folder in folders_of_cache(directory)? {
            if folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(GOING)) {
                going.push(folder);
                continue;
            }
            let Some(group) = caller_of_folder(&folder).filter(|group| !keep.contains(*group)) else { continue };
            let is_read = held.get(group).is_some_and(|hold| Arc::strong_count(hold) > 1);
            let Some(_locks) = locks(&folder).filter(|_| !is_read) else {
                staying += 1;
                continue;
            };
            forget(&folder);
            held.remove(group);
            let gone = directory.join(format!("{GOING}{group}"));
            if gone.exists() {
                fs::remove_dir_all(&gone)?;
            }
            fs::rename(&folder, &gone)?;
            going.push(gone);
        }
        held.retain(|group, hold| Arc::strong_count(hold) > 1 || keep.contains(group));
        drop(held);
        for folder in going.into_iter().filter(|folder| folder.exists()) {
            fs::remove_dir_all(folder)?;
        }
        Ok(staying)
    }
}

/// The locks of all repositories in a folder; none where another process fetches one of them.
fn locks(folder: &Path) -> Option<Vec<Lock>> {
    let files = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "lock"));
    files.map(|file| Lock::acquire(&file, Duration::ZERO)).collect::<Result<_, FetchError>>().ok()
}
