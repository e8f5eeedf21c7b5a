//! A folder of a case, as a tree.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gitops_core::tree::{EntryKind, MemoryTree, TreePath};

/// A folder that cases are of, read when the first one runs.
pub(super) struct Folder {
    pub(super) folder: PathBuf,
    tree: OnceLock<Result<Arc<MemoryTree>, String>>,
}

impl Folder {
    pub(super) fn new(folder: PathBuf) -> Arc<Self> {
        Arc::new(Self { folder, tree: OnceLock::new() })
    }

    pub(super) fn tree(&self) -> Result<Arc<MemoryTree>, String> {
        let read = || {
            let mut tree = MemoryTree::new();
            add(&mut tree, &self.folder, &TreePath::root())
                .map_err(|error| format!("{}: {error}", self.folder.display()))?;
            Ok(Arc::new(tree))
        };
        self.tree.get_or_init(read).clone()
    }
}

/// Adds a folder's entries; links stay links.
fn add(tree: &mut MemoryTree, folder: &Path, at: &TreePath) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = at.child(&entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            add(tree, &entry.path(), &path)?;
        } else if kind.is_symlink() {
            let target = std::fs::read_link(entry.path())?.to_string_lossy().into_owned();
            tree.insert(path, EntryKind::Symlink, target.into());
        } else {
            tree.insert(path, EntryKind::File, std::fs::read(entry.path())?.into());
        }
    }
    Ok(())
}
