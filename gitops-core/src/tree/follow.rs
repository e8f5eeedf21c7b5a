//! Reading through symbolic links, which must stay inside the tree.

use super::{Blob, Entry, EntryKind, Meta, Tree, TreeError, TreePath};

/// Links that may follow each other, as on Linux.
const MAX_LINKS: usize = 40;

/// The path with every symbolic link in it followed; `None` where nothing is there.
///
/// Each link on the way is read through `tree`, so that a recording tree notes both ends.
///
/// # Errors
/// Where a link leads outside the tree, links form a circle, or the storage fails.
pub fn resolve(tree: &dyn Tree, path: &TreePath) -> Result<Option<TreePath>, TreeError> {
    let mut pending: Vec<String> = path.parts().rev().map(Into::into).collect();
    let mut resolved = TreePath::root();
    let mut links = 0;
    while let Some(part) = pending.pop() {
        if part == ".." {
            let outside = || TreeError::LinkOutside { path: path.clone(), target: part };
            resolved = resolved.parent().ok_or_else(outside)?;
            continue;
        }
        let here = resolved.child(&part);
        let Some(meta) = tree.stat(&here)? else { return Ok(None) };
        if meta.kind != EntryKind::Symlink {
            resolved = here;
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(TreeError::LinkLoop { path: path.clone() });
        }
        let Some(blob) = tree.read(&here)? else { return Ok(None) };
        let target = String::from_utf8_lossy(&blob.bytes).into_owned();
        if resolved.join(&target).is_err() {
            return Err(TreeError::LinkOutside { path: here, target });
        }
        let parts = target.split('/').rev().filter(|part| !part.is_empty() && *part != ".");
        pending.extend(parts.map(Into::into));
    }
    Ok(Some(resolved))
}

/// What is at a path, links followed.
///
/// # Errors
/// As [`resolve`].
pub fn stat(tree: &dyn Tree, path: &TreePath) -> Result<Option<Meta>, TreeError> {
    match resolve(tree, path)? {
        Some(path) => tree.stat(&path),
        None => Ok(None),
    }
}

/// A file's bytes, links followed; `None` where nothing is there or a directory is.
///
/// # Errors
/// As [`resolve`], and where the file has more than `limit` bytes; its size is asked before it is read.
pub fn read(tree: &dyn Tree, path: &TreePath, limit: u64) -> Result<Option<Blob>, TreeError> {
    let Some(target) = resolve(tree, path)? else { return Ok(None) };
    tree.read_within(&target, limit).map_err(|error| match error {
        TreeError::TooLarge { size, limit, .. } => TreeError::TooLarge { path: path.clone(), size, limit },
        other => other,
    })
}

/// A file's bytes, links followed.
///
/// # Errors
/// As [`read`], and where no file is there.
pub fn read_required(tree: &dyn Tree, path: &TreePath, limit: u64) -> Result<Blob, TreeError> {
    read(tree, path, limit)?.ok_or_else(|| TreeError::Absent { path: path.clone() })
}

/// A directory's entries, links followed on the way to it; `None` where nothing is there or a file is.
///
/// # Errors
/// As [`resolve`].
pub fn list(tree: &dyn Tree, path: &TreePath) -> Result<Option<Vec<Entry>>, TreeError> {
    match resolve(tree, path)? {
        Some(path) => tree.list(&path),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemoryTree;
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn links_are_followed_inside_the_tree() {
        let tree = MemoryTree::new()
            .with_file("base/a.yaml", "a: 1")
            .with_link("overlay/base", "../base")
            .with_link("overlay/a.yaml", "base/a.yaml");
        assert_eq!(resolve(&tree, &path("overlay/a.yaml")).unwrap(), Some(path("base/a.yaml")));
        assert_eq!(read_required(&tree, &path("overlay/base/a.yaml"), 100).unwrap().bytes, "a: 1");
        assert_eq!(list(&tree, &path("overlay/base")).unwrap().unwrap().len(), 1);
        assert_eq!(read(&tree, &path("overlay/none"), 100).unwrap(), None);
    }

    #[test]
    fn links_that_leave_the_tree_are_refused() {
        let tree = MemoryTree::new()
            .with_link("out", "../../etc/passwd")
            .with_link("absolute", "/etc/passwd")
            .with_link("a", "b")
            .with_link("b", "a");
        assert!(matches!(resolve(&tree, &path("out")), Err(TreeError::LinkOutside { .. })));
        assert!(matches!(resolve(&tree, &path("absolute")), Err(TreeError::LinkOutside { .. })));
        assert!(matches!(resolve(&tree, &path("a")), Err(TreeError::LinkLoop { .. })));
    }

    #[test]
    fn sizes_are_checked_before_reading() {
        let tree = MemoryTree::new().with_file("big", "0123456789");
        let error = read(&tree, &path("big"), 9).unwrap_err();
        assert_eq!(error.to_string(), "big: the file has 10 bytes, more than the 9 allowed");
    }
}
