//! A folder of this machine as a tree.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gitops_core::tree::{Blob, ContentId, Entry, EntryKind, Meta, Tree, TreeError, TreePath};
use thiserror::Error;

/// How long a file counts as one that has just changed: no file system's clock takes longer steps.
const YOUNG: Duration = Duration::from_secs(2);

/// A [`Tree`] over a folder as it lies on disk, files that are not committed included.
///
/// Nothing outside the folder is opened: links are handed out as links, and a path through one is answered as absent.
/// The id of a file's content is made of its inode, size and time of change: it is for telling versions of this folder
/// apart, and never equal to that of a commit. A file that has just changed has another id each time, as its next change
/// could have the same time. Devices, sockets and pipes are not there.
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
        if !self.is_in_directory(path)? {
            return Ok(None);
        }
        let place = self.root.join(path.as_str());
        match fs::symlink_metadata(&place) {
            Ok(metadata) => Ok(Some((place, metadata))),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(storage(path, error)),
        }
    }

    /// Whether everything above a path is a directory and no link.
    fn is_in_directory(&self, path: &TreePath) -> Result<bool, TreeError> {
        match path.parent().filter(|parent| !parent.is_root()) {
            Some(parent) => self.is_directory(&parent),
            None => Ok(true),
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
        if !self.is_in_directory(path)? {
            return Ok(None);
        }
        let place = self.root.join(path.as_str());
        let within = |size| match size > limit {
            true => Err(TreeError::TooLarge { path: path.clone(), size, limit }),
            false => Ok(()),
        };
        let (metadata, bytes) = match open(&place) {
            Ok((file, metadata)) => {
                if !metadata.is_file() {
                    return Ok(None);
                }
                within(metadata.len())?;
                let bytes = read(file, metadata.len());
                (metadata, bytes)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            // A link, or what cannot be opened.
            Err(error) => {
                let Some((place, metadata)) = self.look(path)? else { return Ok(None) };
                match kind(&metadata) {
                    Some(EntryKind::Symlink) => {
                        within(metadata.len())?;
                        (metadata, target(&place))
                    }
                    Some(EntryKind::File | EntryKind::Executable) => return Err(storage(path, error)),
                    _ => return Ok(None),
                }
            }
        };
        let bytes = bytes.map_err(|error| storage(path, error))?.into();
        Ok(Some(Blob { id: content_id(&metadata), bytes }))
    }

    fn list(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, TreeError> {
        if !self.is_directory(path)? {
            return Ok(None);
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.root.join(path.as_str())).map_err(|error| storage(path, error))? {
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

/// A file that is opened for reading, and what is known of it. A link is not followed, and a pipe not waited for.
#[cfg(unix)]
fn open(place: &Path) -> io::Result<(File, Metadata)> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(place, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

#[cfg(not(unix))]
fn open(place: &Path) -> io::Result<(File, Metadata)> {
    let metadata = fs::symlink_metadata(place)?;
    if !metadata.is_file() {
        return Err(ErrorKind::Unsupported.into());
    }
    Ok((File::open(place)?, metadata))
}

/// What is in a file, which has about so many bytes.
fn read(file: File, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX))?;
    // Behind a reader of its own, as a file would ask for its size again.
    file.take(u64::MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The path that a link names.
fn target(link: &Path) -> io::Result<Vec<u8>> {
    let target = fs::read_link(link)?;
    let text = target.into_os_string().into_string();
    text.map(String::into_bytes).map_err(|_| ErrorKind::InvalidData.into())
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

/// The file system and the file's number in it, and its last change, which nobody sets to another time.
#[cfg(unix)]
fn version(metadata: &Metadata) -> (u64, u64, SystemTime) {
    use std::os::unix::fs::MetadataExt as _;
    let nanoseconds = u32::try_from(metadata.ctime_nsec()).unwrap_or_default();
    let since = Duration::new(u64::try_from(metadata.ctime()).unwrap_or_default(), nanoseconds);
    (metadata.dev(), metadata.ino(), UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH))
}

#[cfg(not(unix))]
fn version(metadata: &Metadata) -> (u64, u64, SystemTime) {
    (0, 0, metadata.modified().unwrap_or(UNIX_EPOCH))
}

fn content_id(metadata: &Metadata) -> ContentId {
    let (device, number, changed) = version(metadata);
    let nanoseconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let id = format!("file:{device}:{number}:{}:{}", metadata.len(), nanoseconds(changed));
    let now = SystemTime::now();
    match changed.checked_add(YOUNG).is_some_and(|settled| settled < now) {
        true => ContentId(id.into()),
        false => ContentId(format!("{id}:{}", nanoseconds(now)).into()),
    }
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
    fn a_change_is_told_by_the_id() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("a.yaml");
        let id = || FolderTree::open(place.path()).unwrap().stat(&path("a.yaml")).unwrap().unwrap().id;
        fs::write(&file, "a: 1\n").unwrap();
        let first = id();
        fs::write(&file, "a: 2\n").unwrap();
        assert_ne!(first, id(), "both may have the same size and time");
        std::thread::sleep(YOUNG);
        let second = id();
        assert_eq!(second, id());
        fs::write(&file, "a: 3\n").unwrap();
        fs::File::options().write(true).open(&file).unwrap().set_modified(UNIX_EPOCH).unwrap();
        std::thread::sleep(YOUNG);
        assert_ne!(second, id());
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_read_is_an_error_and_a_pipe_is_not_there() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("a.yaml"), "a: 1\n").unwrap();
        let tree = FolderTree::open(place.path()).unwrap();
        let limited = tree.read_within(&path("a.yaml"), 4).unwrap_err();
        assert!(matches!(limited, TreeError::TooLarge { size: 5, limit: 4, .. }), "{limited}");
        assert!(tree.read(&TreePath::root()).unwrap().is_none());
        rustix::fs::mknodat(
            rustix::fs::CWD,
            place.path().join("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        assert!(tree.read(&path("pipe")).unwrap().is_none());
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
