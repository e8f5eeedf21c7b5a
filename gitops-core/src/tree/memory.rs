use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use super::{Blob, ContentId, Entry, EntryKind, Meta, Tree, TreeError, TreePath};
use crate::Digest;

/// A tree of files in memory: for tests, for callers without Git, and for content that was fetched.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    files: BTreeMap<TreePath, File>,
    directories: BTreeMap<TreePath, BTreeSet<Entry>>,
}

#[derive(Clone, Debug)]
struct File {
    kind: EntryKind,
    blob: Blob,
}

impl MemoryTree {
    /// A tree without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree with one more file. A path that is not inside the tree is ignored.
    #[must_use]
    pub fn with_file(mut self, path: &str, content: impl Into<Bytes>) -> Self {
        if let Ok(path) = TreePath::new(path) {
            self.insert(path, EntryKind::File, content.into());
        }
        self
    }

    /// The tree with one more symbolic link. A path that is not inside the tree is ignored.
    #[must_use]
    pub fn with_link(mut self, path: &str, target: &str) -> Self {
        if let Ok(path) = TreePath::new(path) {
            self.insert(path, EntryKind::Symlink, Bytes::copy_from_slice(target.as_bytes()));
        }
        self
    }

    /// Puts a file or link into the tree, in the place of what was there.
    pub fn insert(&mut self, path: TreePath, kind: EntryKind, bytes: Bytes) {
        let id = ContentId(Arc::from(Digest::of(&bytes).as_str()));
        let mut entry = Entry { name: path.name().into(), kind };
        let mut parent = path.parent();
        while let Some(directory) = parent {
            let entries = self.directories.entry(directory.clone()).or_default();
            entries.retain(|other| other.name != entry.name);
            entries.insert(entry);
            entry = Entry { name: directory.name().into(), kind: EntryKind::Directory };
            parent = directory.parent();
        }
        self.files.insert(path, File { kind, blob: Blob { id, bytes } });
    }

    fn is_directory(&self, path: &TreePath) -> bool {
        path.is_root() || self.directories.contains_key(path)
    }
}

impl Tree for MemoryTree {
    fn stat(&self, path: &TreePath) -> Result<Option<Meta>, TreeError> {
        if let Some(file) = self.files.get(path) {
            let size = file.blob.bytes.len() as u64;
            return Ok(Some(Meta { kind: file.kind, size, id: file.blob.id.clone() }));
        }
        let directory = || Meta { kind: EntryKind::Directory, size: 0, id: ContentId(Arc::from("directory")) };
        Ok(self.is_directory(path).then(directory))
    }

    fn read(&self, path: &TreePath) -> Result<Option<Blob>, TreeError> {
        Ok(self.files.get(path).map(|file| file.blob.clone()))
    }

    fn list(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, TreeError> {
        let entries =
            || self.directories.get(path).map(|entries| entries.iter().cloned().collect()).unwrap_or_default();
        Ok(self.is_directory(path).then(entries))
    }
}
