use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Blob, ContentId, Entry, EntryKind, Meta, Tree, TreeError, TreePath};
use crate::Digest;

/// One answer that a tree gave, small enough to be compared with another commit's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Read {
    /// A file with this content.
    Content(ContentId),
    /// A symbolic link with this content, which a file can have too.
    Link(ContentId),
    /// Another repository's commit.
    Submodule(ContentId),
    /// A directory is there; its entries were not asked for.
    Directory,
    /// A directory with these entries: the digest of their names and kinds.
    Listing(Digest),
    /// Nothing is there. A miss is a read too: a file that appears later changes the answer.
    Absent,
}

impl Read {
    /// Whether a tree gives the same answer at a path.
    ///
    /// # Errors
    /// Where the storage fails.
    pub fn holds_in(&self, tree: &dyn Tree, path: &TreePath) -> Result<bool, TreeError> {
        let now = match self {
            Self::Listing(_) => listing(tree.list(path)?.as_deref()),
            _ => identified(tree.identify(path)?),
        };
        Ok(now == *self)
    }
}

/// Everything that was read of a tree, by path. The same answers mean the same render.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReadSet(BTreeMap<TreePath, Read>);

impl ReadSet {
    /// What was read, in the order of paths.
    pub fn iter(&self) -> impl Iterator<Item = (&TreePath, &Read)> {
        self.0.iter()
    }

    /// How many paths were read.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a tree gives the same answers.
    ///
    /// # Errors
    /// Where the storage fails.
    pub fn holds_in(&self, tree: &dyn Tree) -> Result<bool, TreeError> {
        for (path, read) in &self.0 {
            if !read.holds_in(tree, path)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The deepest directory that says everything which was read by what is in it; none where nothing was read. That it is where it is says
    /// of those above it that they are directories.
    pub fn directory(&self) -> Option<TreePath> {
        let (ways, answers): (Vec<_>, Vec<_>) = self.0.iter().partition(|(_, read)| **read == Read::Directory);
        let place = |(path, read): (&TreePath, &Read)| match read {
            Read::Listing(_) => path.clone(),
            _ => path.parent().unwrap_or_default(),
        };
        let mut common = answers.into_iter().map(place).reduce(|one, other| one.common(&other))?;
        for (way, read) in ways {
            if !common.is_within(way) {
                common = common.common(&place((way, read)));
            }
        }
        Some(common)
    }

    fn note(&mut self, path: &TreePath, read: Read) {
        // A listing says more than that the directory is there.
        if read == Read::Directory && matches!(self.0.get(path), Some(Read::Listing(_))) {
            return;
        }
        self.0.insert(path.clone(), read);
    }
}

/// A tree that notes every answer it gives.
pub struct RecordingTree {
    inner: Arc<dyn Tree>,
    reads: Mutex<ReadSet>,
}

impl RecordingTree {
    /// Notes what is read of this tree.
    pub fn new(inner: Arc<dyn Tree>) -> Self {
        Self { inner, reads: Mutex::default() }
    }

    /// What was read so far.
    pub fn reads(&self) -> ReadSet {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn noted(&self, path: &TreePath) -> Option<Read> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).0.get(path).cloned()
    }

    fn note(&self, path: &TreePath, read: Read) {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).note(path, read);
    }
}

impl Tree for RecordingTree {
    fn stat(&self, path: &TreePath) -> Result<Option<Meta>, TreeError> {
        let meta = self.inner.stat(path)?;
        self.note(path, found(meta.as_ref()));
        Ok(meta)
    }

    fn read(&self, path: &TreePath) -> Result<Option<Blob>, TreeError> {
        let blob = self.inner.read(path)?;
        match &blob {
            // What it is was noted if it was asked before; a blob does not say whether it is a file or a link.
            Some(blob) => match self.noted(path) {
                Some(Read::Content(id) | Read::Link(id)) if id == blob.id => {}
                _ => self.note(path, found(self.inner.stat(path)?.as_ref())),
            },
            None => self.note(path, found(self.inner.stat(path)?.as_ref())),
        }
        Ok(blob)
    }

    fn list(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, TreeError> {
        let entries = self.inner.list(path)?;
        match &entries {
            Some(entries) => self.note(path, listing(Some(entries))),
            None => self.note(path, found(self.inner.stat(path)?.as_ref())),
        }
        Ok(entries)
    }
}

fn found(meta: Option<&Meta>) -> Read {
    identified(meta.map(|meta| (meta.kind, meta.id.clone())))
}

fn identified(found: Option<(EntryKind, ContentId)>) -> Read {
    let Some((kind, id)) = found else { return Read::Absent };
    match kind {
        EntryKind::Directory => Read::Directory,
        EntryKind::File | EntryKind::Executable => Read::Content(id),
        EntryKind::Symlink => Read::Link(id),
        EntryKind::Submodule => Read::Submodule(id),
    }
}

fn listing(entries: Option<&[Entry]>) -> Read {
    let Some(entries) = entries else { return Read::Absent };
    let parts = entries.iter().flat_map(|entry| [entry.name.as_bytes(), kind_tag(entry.kind)]);
    Read::Listing(Digest::of_parts(parts))
}

fn kind_tag(kind: EntryKind) -> &'static [u8] {
    match kind {
        EntryKind::File => b"f",
        EntryKind::Executable => b"x",
        EntryKind::Directory => b"d",
        EntryKind::Symlink => b"l",
        EntryKind::Submodule => b"s",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MemoryTree, list, read};
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn everything_was_read_in_one_directory() {
        let tree = MemoryTree::new().with_file("apps/a/a.yaml", "").with_file("apps/a/b/b.yaml", "");
        let read_in = |listed: &[&str], files: &[&str]| {
            let tree = RecordingTree::new(Arc::new(tree.clone()));
            listed.iter().for_each(|one| drop(list(&tree, &path(one)).unwrap()));
            files.iter().for_each(|one| drop(read(&tree, &path(one), 100).unwrap()));
            tree.reads().directory()
        };
        assert_eq!(read_in(&[], &[]), None);
        assert_eq!(read_in(&["apps/a"], &[]), Some(path("apps/a")));
        assert_eq!(read_in(&[], &["apps/a/b/b.yaml"]), Some(path("apps/a/b")));
        assert_eq!(read_in(&["apps/a"], &["apps/a/b/b.yaml", "apps/a/none"]), Some(path("apps/a")));
        assert_eq!(read_in(&["apps/a"], &["apps/ab"]), Some(path("apps")));
        assert_eq!(read_in(&["apps/a"], &["none"]), Some(TreePath::root()));
        let reads = |paths: &[(&str, Read)]| ReadSet(paths.iter().map(|(at, read)| (path(at), read.clone())).collect());
        let miss = ("apps/a/none", Read::Absent);
        assert_eq!(reads(&[miss.clone(), ("apps/b", Read::Directory)]).directory(), Some(path("apps")));
        assert_eq!(reads(&[miss, ("apps/a/b", Read::Directory)]).directory(), Some(path("apps/a")));
    }

    #[test]
    fn misses_listings_and_contents_are_noted() {
        let before = MemoryTree::new().with_file("app/a.yaml", "a: 1").with_file("other/b.yaml", "b: 1");
        let tree = RecordingTree::new(Arc::new(before.clone()));
        list(&tree, &path("app")).unwrap();
        read(&tree, &path("app/a.yaml"), 100).unwrap();
        read(&tree, &path("app/kustomization.yaml"), 100).unwrap();
        let reads = tree.reads();
        assert!(reads.holds_in(&before).unwrap());
        assert!(reads.holds_in(&before.clone().with_file("other/b.yaml", "b: 2")).unwrap());
        assert!(!reads.holds_in(&before.clone().with_file("app/a.yaml", "a: 2")).unwrap());
        assert!(!reads.holds_in(&before.clone().with_file("app/c.yaml", "c: 1")).unwrap());
        assert!(!reads.holds_in(&before.clone().with_file("app/kustomization.yaml", "")).unwrap());
        assert!(!reads.holds_in(&before.with_link("app/a.yaml", "a: 1")).unwrap());
    }
}
