//! Reading a tree under a budget.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use gitops_core::tree::{self, Entry, Meta, Tree, TreeError, TreePath};

use crate::{Limits, Place, Problem, RenderError};

/// A tree, and how much of it was read.
pub(crate) struct Files<'a> {
    tree: &'a dyn Tree,
    pub(crate) limits: &'a Limits,
    bytes: AtomicU64,
    files: AtomicUsize,
}

impl<'a> Files<'a> {
    pub(crate) fn new(tree: &'a dyn Tree, limits: &'a Limits) -> Self {
        Self { tree, limits, bytes: AtomicU64::new(0), files: AtomicUsize::new(0) }
    }

    pub(crate) fn tree(&self) -> &'a dyn Tree {
        self.tree
    }

    /// What is at a path, after links.
    pub(crate) fn stat(&self, path: &TreePath) -> Result<Option<Meta>, RenderError> {
        Ok(tree::stat(self.tree, path)?)
    }

    /// A directory's entries, in the order of their names.
    pub(crate) fn list(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, RenderError> {
        Ok(tree::list(self.tree, path)?)
    }

    /// A file's bytes; none where nothing is or a directory is.
    pub(crate) fn read(&self, path: &TreePath) -> Result<Option<Bytes>, RenderError> {
        match tree::resolve(self.tree, path)? {
            Some(resolved) => self.read_resolved(&resolved),
            None => Ok(None),
        }
    }

    /// The same where no part of the path is a link, which saves asking for each part.
    pub(crate) fn read_resolved(&self, path: &TreePath) -> Result<Option<Bytes>, RenderError> {
        let Some(meta) = self.tree.stat(path)? else { return Ok(None) };
        if meta.size > self.limits.file_bytes {
            let (path, limit) = (path.clone(), self.limits.file_bytes);
            return Err(TreeError::TooLarge { path, size: meta.size, limit }.into());
        }
        let Some(blob) = self.tree.read(path)? else { return Ok(None) };
        let files = self.files.fetch_add(1, Ordering::Relaxed) + 1;
        if files > self.limits.files {
            return Err(RenderError::Budget { what: "files", limit: self.limits.files as u64 });
        }
        let size = blob.bytes.len() as u64;
        if self.bytes.fetch_add(size, Ordering::Relaxed) + size > self.limits.total_bytes {
            return Err(RenderError::Budget { what: "bytes of files", limit: self.limits.total_bytes });
        }
        Ok(Some(blob.bytes))
    }

    /// A file's text, without the byte order mark.
    pub(crate) fn read_text(&self, path: &TreePath) -> Result<Option<String>, RenderError> {
        let Some(bytes) = self.read(path)? else { return Ok(None) };
        text(&bytes).map(|text| Some(text.into())).ok_or_else(|| Place::file(path).is(Problem::NotText))
    }
}

/// Bytes as text, without the byte order mark.
pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.strip_prefix('\u{feff}').unwrap_or(text))
}
