//! Reading a tree under a budget.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use gitops_core::tree::{self, Entry, Meta, PathError, Tree, TreeError, TreePath};

use crate::remote::Remotes;
use crate::{Limits, Place, Problem, RenderError};

/// A tree and those of other repositories, and how much of them was read.
pub(crate) struct Files<'a> {
    tree: &'a dyn Tree,
    remotes: Option<Remotes<'a>>,
    pub(crate) limits: &'a Limits,
    bytes: AtomicU64,
    files: AtomicUsize,
    manifest_bytes: AtomicU64,
    objects: AtomicUsize,
}

impl<'a> Files<'a> {
    pub(crate) fn new(tree: &'a dyn Tree, limits: &'a Limits) -> Self {
        Self {
            tree,
            remotes: None,
            limits,
            bytes: AtomicU64::new(0),
            files: AtomicUsize::new(0),
            manifest_bytes: AtomicU64::new(0),
            objects: AtomicUsize::new(0),
        }
    }

    /// With the trees of other repositories.
    pub(crate) fn with_remotes(mut self, remotes: Remotes<'a>) -> Self {
        self.remotes = Some(remotes);
        self
    }

    /// What lies elsewhere; none where nothing may.
    pub(crate) fn remotes(&self) -> Option<&Remotes<'a>> {
        self.remotes.as_ref()
    }

    pub(crate) fn tree(&self) -> &'a dyn Tree {
        self.tree
    }

    /// What is at a path, after links.
    pub(crate) fn stat(&self, path: &TreePath) -> Result<Option<Meta>, RenderError> {
        self.within(path, tree::stat)
    }

    /// The same where no part of the path is a link, which saves asking for each part.
    pub(crate) fn stat_resolved(&self, path: &TreePath) -> Result<Option<Meta>, RenderError> {
        self.within(path, |tree, path| tree.stat(path))
    }

    /// A directory's entries, in the order of their names.
    pub(crate) fn list(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, RenderError> {
        self.within(path, tree::list)
    }

    /// The same where no part of the path is a link, which saves asking for each part.
    pub(crate) fn list_resolved(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, RenderError> {
        self.within(path, |tree, path| tree.list(path))
    }

    /// A path followed by another. What climbs out of the tree that the first is of is refused.
    pub(crate) fn join(&self, path: &TreePath, text: &str) -> Result<TreePath, PathError> {
        match self.locate(path) {
            Some((root, _, inner)) => Ok(inside(root, &inner.join(text)?)),
            None => path.join(text),
        }
    }

    /// The path with every link in it followed, inside the tree that it is of; none where nothing is there.
    pub(crate) fn resolve(&self, path: &TreePath) -> Result<Option<TreePath>, RenderError> {
        let Some((root, tree, inner)) = self.locate(path) else { return Ok(tree::resolve(self.tree, path)?) };
        let resolved = tree::resolve(tree, &inner).map_err(|error| elsewhere(root, error))?;
        Ok(resolved.map(|inner| inside(root, &inner)))
    }

    /// Counts bytes that were got in another way than from a tree.
    pub(crate) fn count(&self, bytes: &Bytes) -> Result<(), RenderError> {
        self.count_size(bytes.len() as u64)
    }

    /// Counts a file whose content is known by its id as if it were read.
    pub(crate) fn count_known(&self, path: &TreePath, size: u64) -> Result<(), RenderError> {
        let limit = self.limits.file_bytes;
        if size > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size, limit }.into());
        }
        self.count_size(size)
    }

    fn count_size(&self, size: u64) -> Result<(), RenderError> {
        self.limits.go_on()?;
        // Files that are read side by side with one of too many objects need not be read any more.
        self.count_objects(0)?;
        let files = self.files.fetch_add(1, Ordering::Relaxed) + 1;
        if files > self.limits.files {
            return Err(RenderError::Budget { what: "files", limit: self.limits.files as u64 });
        }
        if self.bytes.fetch_add(size, Ordering::Relaxed) + size > self.limits.total_bytes {
            return Err(RenderError::Budget { what: "bytes of files", limit: self.limits.total_bytes });
        }
        Ok(())
    }

    /// Counts the bytes of a manifest of a plain directory, before they become objects.
    pub(crate) fn count_manifest(&self, bytes: &Bytes) -> Result<(), RenderError> {
        let Some(limit) = self.limits.directory_bytes else { return Ok(()) };
        let size = bytes.len() as u64;
        if self.manifest_bytes.fetch_add(size, Ordering::Relaxed) + size > limit {
            return Err(RenderError::Budget { what: "bytes of manifests", limit });
        }
        Ok(())
    }

    /// Counts objects that a file has, so that too many end a render before all are made.
    pub(crate) fn count_objects(&self, count: usize) -> Result<(), RenderError> {
        let limit = self.limits.objects;
        if self.objects.fetch_add(count, Ordering::Relaxed) + count > limit {
            return Err(RenderError::Budget { what: "objects", limit: limit as u64 });
        }
        Ok(())
    }

    fn locate(&self, path: &TreePath) -> Option<(&TreePath, &'a dyn Tree, TreePath)> {
        self.remotes.as_ref()?.locate(path)
    }

    /// Asks the tree that a path is of.
    fn within<T>(
        &self,
        path: &TreePath,
        ask: impl Fn(&dyn Tree, &TreePath) -> Result<T, TreeError>,
    ) -> Result<T, RenderError> {
        match self.locate(path) {
            Some((root, tree, inner)) => Ok(ask(tree, &inner).map_err(|error| elsewhere(root, error))?),
            None => Ok(ask(self.tree, path)?),
        }
    }

    /// A file's bytes; none where nothing is or a directory is.
    pub(crate) fn read(&self, path: &TreePath) -> Result<Option<Bytes>, RenderError> {
        match self.resolve(path)? {
            Some(resolved) => self.read_resolved(&resolved),
            None => Ok(None),
        }
    }

    /// The same where no part of the path is a link, which saves asking for each part.
    pub(crate) fn read_resolved(&self, path: &TreePath) -> Result<Option<Bytes>, RenderError> {
        let limit = self.limits.file_bytes;
        let Some(blob) = self.within(path, |tree, path| tree.read_within(path, limit))? else { return Ok(None) };
        self.count(&blob.bytes)?;
        Ok(Some(blob.bytes))
    }

    /// A file's text, without the byte order mark.
    pub(crate) fn read_text(&self, path: &TreePath) -> Result<Option<String>, RenderError> {
        let Some(bytes) = self.read(path)? else { return Ok(None) };
        text(&bytes).map(|text| Some(text.into())).ok_or_else(|| Place::file(path).is(Problem::NotText))
    }
}

/// A path of another repository's tree, as one of the whole.
fn inside(root: &TreePath, inner: &TreePath) -> TreePath {
    if inner.is_root() { root.clone() } else { root.child(inner.as_str()) }
}

/// An error of another repository's tree, which says which one.
fn elsewhere(root: &TreePath, error: TreeError) -> TreeError {
    match error {
        TreeError::LinkOutside { path, target } => TreeError::LinkOutside { path: inside(root, &path), target },
        TreeError::LinkLoop { path } => TreeError::LinkLoop { path: inside(root, &path) },
        TreeError::Absent { path } => TreeError::Absent { path: inside(root, &path) },
        TreeError::TooLarge { path, size, limit } => TreeError::TooLarge { path: inside(root, &path), size, limit },
        TreeError::Storage { path, source } => TreeError::Storage { path: inside(root, &path), source },
        other => other,
    }
}

/// Bytes as text, without the byte order mark.
pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.strip_prefix('\u{feff}').unwrap_or(text))
}
