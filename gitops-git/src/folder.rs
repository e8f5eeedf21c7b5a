//! A folder of this machine as a tree.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::UNIX_EPOCH;

use gitops_core::tree::{Blob, ContentId, Entry, EntryKind, Meta, Tree, TreeError, TreePath};
use thiserror::Error;

/// A [`Tree`] over a folder as it lies on disk, files that are not committed included.
///
/// Nothing outside the folder is opened: links are handed out as links, and a path through one is answered as absent.
/// The id of a file's content is made of its inode, size and time of change: it is for telling versions of this folder
/// apart, and never equal to that of a commit. Devices, sockets and pipes are not there.
#[derive(Debug)]
pub struct FolderTree {
    root: PathBuf,
    /// Directories that were seen to be ones, so that each is asked for once.
    directories: RwLock<HashMap<TreePath, ContentId>>,
}

/// Why a folder cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// Nothing is there, or it cannot be looked at.
    #[error("{}: the folder cannot be opened", path.display())]
    Unreadable {
        /// What was asked for.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is a file.
    #[error("{}: not a folder", path.display())]
    NotAFolder {
        /// What was asked for.
        path: PathBuf,
    },
    /// The folder does not lie below the root that was given.
    #[error("{}: the folder is not in `{}`", path.display(), root.display())]
    OutsideRoot {
        /// What was asked for.
        path: PathBuf,
        /// The root.
        root: PathBuf,
    },
    /// The path cannot be written as a text.
    #[error("{}: the path is not UTF-8", path.display())]
    NotText {
        /// The path.
        path: PathBuf,
    },
}

impl FolderTree {
    /// The tree of a folder.
    ///
    /// # Errors
    /// [`FolderError`], where the folder is none or cannot be opened.
    pub fn open(folder: &Path) -> Result<Self, FolderError> {
        Ok(Self { root: real_folder(folder)?, directories: RwLock::default() })
    }

    /// The tree that a folder belongs to, and where the folder lies in it: the Git repository that encloses the folder,
    /// or the whole file system where none does.
    ///
    /// # Errors
    /// [`FolderError`], where the folder is none or cannot be opened.
    pub fn around(folder: &Path) -> Result<(Self, TreePath), FolderError> {
        let real = real_folder(folder)?;
        let root = real.ancestors().find(|above| above.join(".git").exists()).or_else(|| real.ancestors().last());
        Self::below(root.unwrap_or(&real), &real)
    }

    /// The tree of `root`, and where `folder` lies in it.
    ///
    /// # Errors
    /// [`FolderError`], where either is no folder or the one is not in the other.
    pub fn below(root: &Path, folder: &Path) -> Result<(Self, TreePath), FolderError> {
        let (tree, real) = (Self::open(root)?, real_folder(folder)?);
        let outside = || FolderError::OutsideRoot { path: folder.into(), root: root.into() };
        let relative = real.strip_prefix(&tree.root).map_err(|_| outside())?;
        let text = relative.to_str().ok_or_else(|| FolderError::NotText { path: folder.into() })?;
        let path = TreePath::new(&text.replace(std::path::MAIN_SEPARATOR, "/")).map_err(|_| outside())?;
        Ok((tree, path))
    }

    /// Where the folder lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is at a path, provided that everything above it is a directory and no link.
    fn look(&self, path: &TreePath) -> Result<Option<(PathBuf, Metadata)>, TreeError> {
        if let Some(parent) = path.parent().filter(|parent| !parent.is_root())
            && !self.is_directory(&parent)?
        {
            return Ok(None);
        }
        let place = self.root.join(path.as_str());
        match fs::symlink_metadata(&place) {
            Ok(metadata) => Ok(Some((place, metadata))),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(storage(path, error)),
        }
    }

    fn is_directory(&self, path: &TreePath) -> Result<bool, TreeError> {
        Ok(self.known_directory(path).is_some()
            || self.stat(path)?.is_some_and(|meta| meta.kind == EntryKind::Directory))
    }

    fn known_directory(&self, path: &TreePath) -> Option<ContentId> {
        self.directories.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }
}

impl Tree for FolderTree {
    fn stat(&self, path: &TreePath) -> Result<Option<Meta>, TreeError> {
        if let Some(id) = self.known_directory(path) {
            return Ok(Some(Meta { kind: EntryKind::Directory, size: 0, id }));
        }
        let Some((_, metadata)) = self.look(path)? else { return Ok(None) };
        let Some(kind) = kind(&metadata) else { return Ok(None) };
        let id = content_id(&metadata);
        if kind != EntryKind::Directory {
            return Ok(Some(Meta { kind, size: metadata.len(), id }));
        }
        self.directories.write().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), id.clone());
        Ok(Some(Meta { kind, size: 0, id }))
    }

    fn read(&self, path: &TreePath) -> Result<Option<Blob>, TreeError> {
        self.read_within(path, u64::MAX)
    }

    fn read_within(&self, path: &TreePath, limit: u64) -> Result<Option<Blob>, TreeError> {
        let Some((place, metadata)) = self.look(path)? else { return Ok(None) };
        let size = if metadata.is_dir() { 0 } else { metadata.len() };
        if size > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size, limit });
        }
        let bytes = match kind(&metadata) {
            Some(EntryKind::File | EntryKind::Executable) => fs::read(&place),
            Some(EntryKind::Symlink) => fs::read_link(&place).and_then(|target| {
                let text = target.into_os_string().into_string();
                text.map(String::into_bytes).map_err(|_| ErrorKind::InvalidData.into())
            }),
            _ => return Ok(None),
        };
        let bytes = bytes.map_err(|error| storage(path, error))?.into();
        Ok(Some(Blob { id: content_id(&metadata), bytes }))
    }

    fn list(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, TreeError> {
        let Some((place, metadata)) = self.look(path)? else { return Ok(None) };
        if !metadata.is_dir() {
            return Ok(None);
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(&place).map_err(|error| storage(path, error))? {
            let entry = entry.map_err(|error| storage(path, error))?;
            let metadata = entry.metadata().map_err(|error| storage(path, error))?;
            // A name that is no text cannot be written in a kustomization either.
            if let (Ok(name), Some(kind)) = (entry.file_name().into_string(), kind(&metadata)) {
                entries.push(Entry { name, kind });
            }
        }
        entries.sort();
        Ok(Some(entries))
    }
}

fn real_folder(folder: &Path) -> Result<PathBuf, FolderError> {
    let real = folder.canonicalize().map_err(|source| FolderError::Unreadable { path: folder.into(), source })?;
    if real.is_dir() { Ok(real) } else { Err(FolderError::NotAFolder { path: folder.into() }) }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename)
}

fn storage(path: &TreePath, error: io::Error) -> TreeError {
    TreeError::Storage { path: path.clone(), source: error.into() }
}

fn kind(metadata: &Metadata) -> Option<EntryKind> {
    let kind = metadata.file_type();
    if kind.is_symlink() {
        Some(EntryKind::Symlink)
    } else if kind.is_dir() {
        Some(EntryKind::Directory)
    } else if kind.is_file() {
        Some(if is_executable(metadata) { EntryKind::Executable } else { EntryKind::File })
    } else {
        None
    }
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

fn content_id(metadata: &Metadata) -> ContentId {
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    ContentId(format!("file:{}:{}:{}", inode(metadata), metadata.len(), changed.as_nanos()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn files_folders_and_links_are_told_apart() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("base")).unwrap();
        fs::write(place.path().join("base/a.yaml"), "a: 1\n").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("base", place.path().join("link")).unwrap();
        let tree = FolderTree::open(place.path()).unwrap();
        assert_eq!(tree.stat(&path("base")).unwrap().unwrap().kind, EntryKind::Directory);
        assert_eq!(tree.read(&path("base/a.yaml")).unwrap().unwrap().bytes, "a: 1\n");
        assert!(tree.read(&path("base/b.yaml")).unwrap().is_none());
        assert!(tree.list(&path("base/a.yaml")).unwrap().is_none());
        assert!(tree.stat(&path("base/a.yaml/b")).unwrap().is_none());
        #[cfg(unix)]
        {
            assert_eq!(tree.read(&path("link")).unwrap().unwrap().bytes, "base");
            assert!(tree.read(&path("link/a.yaml")).unwrap().is_none(), "a link is never walked through");
        }
        let names: Vec<_> = tree.list(&path("base")).unwrap().unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["a.yaml"]);
    }

    #[test]
    fn the_tree_is_that_of_the_enclosing_repository() {
        let place = tempfile::tempdir().unwrap();
        let overlay = place.path().join("overlays/prod");
        fs::create_dir_all(&overlay).unwrap();
        fs::create_dir(place.path().join(".git")).unwrap();
        let (tree, at) = FolderTree::around(&overlay).unwrap();
        assert_eq!((tree.root(), at.as_str()), (&*place.path().canonicalize().unwrap(), "overlays/prod"));
        let outside = FolderTree::below(&overlay, place.path()).unwrap_err();
        assert!(matches!(outside, FolderError::OutsideRoot { .. }), "{outside}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_there() {
        let place = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(place.path().join("socket")).unwrap();
        let tree = FolderTree::open(place.path()).unwrap();
        assert!(tree.stat(&path("socket")).unwrap().is_none());
        assert!(tree.read(&path("socket")).unwrap().is_none());
        assert!(tree.list(&TreePath::root()).unwrap().unwrap().is_empty());
    }
}
