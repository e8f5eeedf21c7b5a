//! A commit's files and index in the work tree.

use std::fs;
use std::path::{Path, PathBuf};

use gitops_core::TreePath;
use gitops_core::tree::EntryKind;
use gix::bstr::BStr;
use gix::index::entry::{Flags, Mode, Stat};

use super::{RepositoryWriter, WriteError};
use crate::changed::Difference;
use crate::failure::Failure;
use crate::odb::Found;

impl RepositoryWriter {
    /// Brings the differences into the work tree and the index. Nothing is written where a file is not as committed.
    pub(super) fn write_work_tree(&self, differences: &[Difference]) -> Result<(), WriteError> {
        let local = self.repository.local();
        let Some(root) = local.workdir().map(Path::to_path_buf) else { return Ok(()) };
        let mut index = open_index(&local)?;
        let mut dirty = Vec::new();
        for difference in differences {
            let path = &difference.path;
            let entry = index.entry_by_path(BStr::new(path.as_str()));
            let staged = entry.map(|entry| (entry.mode, entry.id));
            let committed = difference.old.as_ref().map(|found| (index_mode(found.kind), found.id));
            if staged != committed || !as_committed(&local, &root, path, difference)? {
                dirty.push(path.clone());
            }
        }
        if !dirty.is_empty() {
            return Err(WriteError::Dirty { paths: dirty });
        }
        for difference in differences.iter().filter(|difference| difference.new.is_none()) {
            remove(&root, &difference.path)?;
        }
        let mut entries = Vec::new();
        for difference in differences {
            if let Some(found) = &difference.new {
                let stat = put(&local, &root, &difference.path, found)?;
                entries.push((&difference.path, found, stat));
            }
        }
        let touched: std::collections::HashSet<&str> =
            differences.iter().map(|difference| difference.path.as_str()).collect();
        index.remove_entries(|_, path, _| std::str::from_utf8(path).is_ok_and(|path| touched.contains(path)));
        for (path, found, stat) in entries {
            let path = BStr::new(path.as_str());
            index.dangerously_push_entry(stat, found.id, Flags::empty(), index_mode(found.kind), path);
        }
        index.sort_entries();
        // What the index remembers of whole directories no longer holds.
        index.remove_tree();
        let failed = |source: gix::Error| WriteError::WorkTree { path: local.index_path(), source: source.into() };
        index.write(Default::default()).map_err(failed)
    }
}

fn open_index(local: &gix::Repository) -> Result<gix::index::File, WriteError> {
    let path = local.index_path();
    if !path.exists() {
        let state = gix::index::State::new(local.object_hash());
        return Ok(gix::index::File::from_state(state, path));
    }
    local.open_index().map_err(|source| WriteError::WorkTree { path, source: source.into() })
}

fn index_mode(kind: EntryKind) -> Mode {
    match kind {
        EntryKind::File => Mode::FILE,
        EntryKind::Executable => Mode::FILE_EXECUTABLE,
        EntryKind::Symlink => Mode::SYMLINK,
        EntryKind::Submodule => Mode::COMMIT,
        EntryKind::Directory => Mode::DIR,
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> WriteError {
    move |source| WriteError::WorkTree { path: path.into(), source: source.into() }
}

/// Whether the file on disk is the committed one, or the one that is to be written, which an earlier try left.
fn as_committed(
    local: &gix::Repository,
    root: &Path,
    path: &TreePath,
    difference: &Difference,
) -> Result<bool, WriteError> {
    let place = place(root, path)?;
    let content = match fs::symlink_metadata(&place) {
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => None,
        Err(error) => return Err(failed(&place)(error)),
        Ok(meta) if meta.is_symlink() => Some(link_bytes(&place)?),
        Ok(meta) if meta.is_dir() => {
            let submodule = |found: &Found| found.kind == EntryKind::Submodule;
            let replaced = difference.old.is_none() && is_empty(&place);
            return Ok(replaced || difference.old.as_ref().is_some_and(submodule));
        }
        Ok(_) => Some(fs::read(&place).map_err(failed(&place))?),
    };
    let id = match &content {
        Some(bytes) => {
            let hash = gix::objs::compute_hash(local.object_hash(), gix::objs::Kind::Blob, bytes);
            Some(hash.map_err(|source| WriteError::Object { source: Failure::new(source.to_string()) })?)
        }
        None => None,
    };
    let side = |found: &Option<Found>| found.as_ref().map(|found| found.id);
    Ok(id == side(&difference.old) || id == side(&difference.new))
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
}

#[cfg(unix)]
fn link_bytes(place: &Path) -> Result<Vec<u8>, WriteError> {
    use std::os::unix::ffi::OsStringExt as _;
    Ok(fs::read_link(place).map_err(failed(place))?.into_os_string().into_vec())
}

#[cfg(not(unix))]
fn link_bytes(place: &Path) -> Result<Vec<u8>, WriteError> {
    Ok(fs::read_link(place).map_err(failed(place))?.to_string_lossy().into_owned().into_bytes())
}

/// Where a path lies on disk. A symbolic link on the way to it would lead out of the work tree.
fn place(root: &Path, path: &TreePath) -> Result<PathBuf, WriteError> {
    let mut place = root.to_path_buf();
    let depth = path.parts().count();
    for (position, part) in path.parts().enumerate() {
        place.push(part);
        let inner = position + 1 < depth;
        if inner && fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_symlink()) {
            let reason = "a symbolic link is in its way";
            return Err(WriteError::Path { path: path.clone(), reason });
        }
    }
    Ok(place)
}

fn remove(root: &Path, path: &TreePath) -> Result<(), WriteError> {
    let file = place(root, path)?;
    match fs::symlink_metadata(&file) {
        Ok(meta) if !meta.is_dir() => fs::remove_file(&file).map_err(failed(&file))?,
        _ => return Ok(()),
    }
    let mut parent = path.parent();
    while let Some(directory) = parent.filter(|parent| !parent.is_root()) {
        // Only empty directories go; the first that is not ends it.
        if fs::remove_dir(place(root, &directory)?).is_err() {
            break;
        }
        parent = directory.parent();
    }
    Ok(())
}

fn put(local: &gix::Repository, root: &Path, path: &TreePath, found: &Found) -> Result<Stat, WriteError> {
    let file = place(root, path)?;
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).map_err(failed(parent))?;
    }
    if found.kind == EntryKind::Submodule {
        fs::create_dir_all(&file).map_err(failed(&file))?;
        return Ok(Stat::default());
    }
    let object = |source: gix::Error| WriteError::Object { source: source.into() };
    let bytes = local.find_blob(found.id).map_err(object)?.take_data();
    match fs::symlink_metadata(&file) {
        Ok(meta) if meta.is_dir() => fs::remove_dir(&file).map_err(failed(&file))?,
        Ok(_) => fs::remove_file(&file).map_err(failed(&file))?,
        Err(_) => {}
    }
    if found.kind == EntryKind::Symlink {
        link(&bytes, &file)?;
    } else {
        fs::write(&file, bytes).map_err(failed(&file))?;
        if found.kind == EntryKind::Executable {
            make_executable(&file)?;
        }
    }
    let meta = gix::index::fs::Metadata::from_path_no_follow(&file).map_err(failed(&file))?;
    Ok(Stat::from_fs(&meta).unwrap_or_default())
}

#[cfg(unix)]
fn link(target: &[u8], file: &Path) -> Result<(), WriteError> {
    use std::os::unix::ffi::OsStrExt as _;
    std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), file).map_err(failed(file))
}

#[cfg(not(unix))]
fn link(target: &[u8], file: &Path) -> Result<(), WriteError> {
    // As Git does where links are not supported.
    fs::write(file, target).map_err(failed(file))
}

#[cfg(unix)]
fn make_executable(file: &Path) -> Result<(), WriteError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).map_err(failed(file))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<(), WriteError> {
    Ok(())
}
