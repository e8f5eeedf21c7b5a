//! Keeping a folder of entries inside its bounds.

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How files start that are still being written.
pub(super) const UNFINISHED: &str = ".unfinished-";
/// After which time nobody writes an unfinished file any more.
const ABANDONED: Duration = Duration::from_secs(3600);
/// How exactly the time of the last use is kept: a newer one is not written again.
const GRAIN: Duration = Duration::from_secs(600);

/// Notes that an entry was used. Where that fails it only goes earlier.
pub(super) fn touch(place: &Path) {
    let now = SystemTime::now();
    let Ok(file) = File::options().append(true).open(place) else { return };
    let last = file.metadata().and_then(|meta| meta.modified());
    if last.is_ok_and(|last| now.duration_since(last).is_ok_and(|age| age < GRAIN)) {
        return;
    }
    drop(file.set_times(FileTimes::new().set_modified(now)));
}

/// Removes the entries that were used least lately until the rest has at most so many bytes. Another process may remove
/// the same ones at the same time.
pub(super) fn evict(directory: &Path, bytes: u64) {
    let now = SystemTime::now();
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    let folders = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten()) {
        let Ok(meta) = entry.metadata() else { continue };
        let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            if now.duration_since(used).is_ok_and(|age| age > ABANDONED) {
                drop(fs::remove_file(entry.path()));
            }
            continue;
        }
        entries.push((used, meta.len(), entry.path()));
    }
    let mut total: u64 = entries.iter().map(|(_, size, _)| size).sum();
    entries.sort();
    for (_, size, path) in entries {
        if total <= bytes {
            return;
        }
        if fs::remove_file(path).is_ok() {
            total -= size;
        }
    }
}
