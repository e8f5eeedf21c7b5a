use std::fs;
use std::path::Path;

use gitops_core::TreePath;
use gitops_core::tree::EntryKind;
use gitops_git::Change;

use crate::repository::FixtureError;

/// Everything below a directory, links and executables included, as changes that put it below `target`.
///
/// `.git` directories are left out.
///
/// # Errors
/// Where the directory cannot be read, or a name in it is not UTF-8.
pub fn read_directory(directory: &Path, target: &TreePath) -> Result<Vec<Change>, FixtureError> {
    let failed = |source: std::io::Error| FixtureError::Read { path: directory.into(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.into_string().map_err(|name| FixtureError::Name { path: directory.join(name) })?;
        names.push(name);
    }
    names.sort();
    let mut changes = Vec::new();
    for name in names.iter().filter(|name| *name != ".git") {
        let (file, path) = (directory.join(name), target.child(name));
        let meta = fs::symlink_metadata(&file).map_err(failed)?;
        if meta.is_dir() {
            changes.extend(read_directory(&file, &path)?);
        } else if meta.is_symlink() {
            let link = fs::read_link(&file).map_err(failed)?;
            changes.push(Change::link(path, &link.to_string_lossy()));
        } else {
            let kind = if is_executable(&meta) { EntryKind::Executable } else { EntryKind::File };
            let content = fs::read(&file).map_err(failed)?;
            changes.push(Change::write(path, content).with_kind(kind));
        }
    }
    Ok(changes)
}

#[cfg(unix)]
fn is_executable(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}
