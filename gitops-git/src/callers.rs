//! Where a cache keeps what was fetched as whom: a folder of each caller's own, named after it.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Before the caller in the name of its folder.
const KEPT: &str = "as-";

/// The folder of a caller in that of a cache.
pub fn folder_of_caller(directory: &Path, caller: &str) -> PathBuf {
    directory.join(format!("{KEPT}{caller}"))
}

/// The caller that a folder in that of a cache is of; none where it is another file.
pub fn caller_of_folder(folder: &Path) -> Option<&str> {
    folder.file_name()?.to_str()?.strip_prefix(KEPT)
}

/// The folders in that of a cache, of callers or not; none where that is not there.
///
/// # Errors
/// Where it cannot be read.
pub fn folders_of_cache(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    Ok(paths.into_iter().filter(|path| path.is_dir()).collect())
}
