//! A read-only tree of files: a Git commit, files in memory, or either with a record of what was read.
//!
//! The seam between rendering and storage. A size can be asked before a read, a miss is an answer, and a listing
//! is of one directory.

mod archive;
mod follow;
mod memory;
mod path;
mod recording;

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use archive::{ArchiveError, ArchiveLimits, pack, unpack};
pub use follow::{list, read, read_required, resolve, stat};
pub use memory::MemoryTree;
pub use path::{PathError, TreePath};
pub use recording::{Read, ReadSet, RecordingTree};

/// What names a file's content: a Git object id, or a digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentId(pub Arc<str>);

/// What an entry of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A file.
    File,
    /// A file that may be executed; the engine never does.
    Executable,
    /// A directory.
    Directory,
    /// A symbolic link; its content is the path that it names.
    Symlink,
    /// Another repository's commit, which is not part of this tree.
    Submodule,
}

/// What is known of an entry without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of a file or link, 0 for directories.
    pub size: u64,
    /// What names its content.
    pub id: ContentId,
}

/// A file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// What names it.
    pub id: ContentId,
    /// The bytes.
    pub bytes: Bytes,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name, without slashes.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// A read-only tree of files. No method follows symbolic links: [`resolve`], [`read`], [`list`] and [`stat`] do, inside
/// the tree only.
pub trait Tree: Send + Sync {
    /// What is at a path; `None` where nothing is.
    ///
    /// # Errors
    /// Where the storage fails.
    fn stat(&self, path: &TreePath) -> Result<Option<Meta>, TreeError>;

    /// What kind of thing is at a path, and its content's name, which does not say how long it is.
    ///
    /// # Errors
    /// Where the storage fails.
    fn identify(&self, path: &TreePath) -> Result<Option<(EntryKind, ContentId)>, TreeError> {
        Ok(self.stat(path)?.map(|meta| (meta.kind, meta.id)))
    }

    /// The name of everything that is in a directory, however deep: the same name means the same files. `None` where no directory is,
    /// or the storage keeps no such name.
    ///
    /// # Errors
    /// Where the storage fails.
    fn identify_whole(&self, _path: &TreePath) -> Result<Option<ContentId>, TreeError> {
        Ok(None)
    }

    /// A file's bytes, or the path that a link names; `None` where nothing is or a directory is.
    ///
    /// # Errors
    /// Where the storage fails.
    fn read(&self, path: &TreePath) -> Result<Option<Blob>, TreeError>;

    /// The same where there are at most so many bytes, which is looked at before any of them is read.
    ///
    /// # Errors
    /// Where there are more, or the storage fails.
    fn read_within(&self, path: &TreePath, limit: u64) -> Result<Option<Blob>, TreeError> {
        match self.stat(path)? {
            Some(Meta { size, .. }) if size > limit => Err(TreeError::TooLarge { path: path.clone(), size, limit }),
            Some(_) => self.read(path),
            None => Ok(None),
        }
    }

    /// A directory's entries in the order of their names; `None` where nothing is or a file is.
    ///
    /// # Errors
    /// Where the storage fails.
    fn list(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, TreeError>;
}

/// Why a tree gave no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A symbolic link names a place outside the tree.
    #[error("{path}: the symbolic link points outside the repository, to `{target}`")]
    LinkOutside {
        /// The link.
        path: TreePath,
        /// What it names.
        target: String,
    },
    /// Links name each other in a circle, or too many follow each other.
    #[error("{path}: too many symbolic links follow each other")]
    LinkLoop {
        /// The path that was asked for.
        path: TreePath,
    },
    /// Nothing is there.
    #[error("{path}: no such file or directory")]
    Absent {
        /// The path that was asked for.
        path: TreePath,
    },
    /// The file is larger than the caller allows.
    #[error("{path}: the file has {size} bytes, more than the {limit} allowed")]
    TooLarge {
        /// The file.
        path: TreePath,
        /// Its bytes.
        size: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// An object of the storage is missing or broken.
    #[error("{path}: the object cannot be read")]
    Storage {
        /// The path that was asked for.
        path: TreePath,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
