//! What differs between the files of two commits.

use gitops_core::TreePath;
use gitops_core::tree::{EntryKind, TreeError};
use gix::ObjectId;

use crate::failure::Failure;
use crate::odb::{Found, read_directory};

/// A path whose file, link or submodule differs between two commits. Directories are never listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ChangedPath {
    /// The path.
    pub path: TreePath,
    /// What happened to it.
    pub change: PathChange,
}

/// What happened to a path from one commit to another. A renamed file is one removed and one added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathChange {
    /// Only the later commit has it.
    Added,
    /// Only the earlier commit has it.
    Removed,
    /// Its content, mode or kind differs.
    Changed,
}

/// The two sides of a path that differs.
#[derive(Clone)]
pub(crate) struct Difference {
    pub(crate) path: TreePath,
    pub(crate) old: Option<Found>,
    pub(crate) new: Option<Found>,
}

impl From<Difference> for ChangedPath {
    fn from(difference: Difference) -> Self {
        let change = match (&difference.old, &difference.new) {
            (None, _) => PathChange::Added,
            (_, None) => PathChange::Removed,
            _ => PathChange::Changed,
        };
        Self { path: difference.path, change }
    }
}

/// Differences that are listed at most: a tree of a few bytes can name one directory a billion times over.
const MAX_DIFFERENCES: usize = 1_000_000;

/// The leaves that differ between two trees, in the order of their paths. Only directories that differ are read.
pub(crate) fn differences(
    repository: &gix::Repository,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
) -> Result<Vec<Difference>, TreeError> {
    let mut found = Vec::new();
    let mut pending = vec![(TreePath::root(), old, new)];
    while let Some((path, old, new)) = pending.pop() {
        if found.len() + pending.len() > MAX_DIFFERENCES {
            let source = Box::new(Failure::new(format!("more than {MAX_DIFFERENCES} paths differ")));
            return Err(TreeError::Storage { path, source });
        }
        let entries = |id: Option<ObjectId>| match id {
            Some(id) => read_directory(repository, &path, id),
            None => Ok(Vec::new()),
        };
        for (old, new) in paired(entries(old)?, entries(new)?) {
            let Some(name) = old.as_ref().or(new.as_ref()).map(|entry| entry.name.as_str()) else { continue };
            let path = path.child(name);
            let directory = |entry: &Option<Found>| match entry {
                Some(entry) if entry.kind == EntryKind::Directory => Some(entry.id),
                _ => None,
            };
            let (old_directory, new_directory) = (directory(&old), directory(&new));
            if old_directory.is_some() || new_directory.is_some() {
                pending.push((path.clone(), old_directory, new_directory));
            }
            let old = old.filter(|_| old_directory.is_none());
            let new = new.filter(|_| new_directory.is_none());
            if old.is_some() || new.is_some() {
                found.push(Difference { path, old, new });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Entries of two sorted lists side by side, without those that are equal.
fn paired(old: Vec<Found>, new: Vec<Found>) -> Vec<(Option<Found>, Option<Found>)> {
    let mut pairs = Vec::new();
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(one), Some(other)) => one.name.cmp(&other.name),
        };
        let left = if order.is_le() { old.next() } else { None };
        let right = if order.is_ge() { new.next() } else { None };
        if left != right {
            pairs.push((left, right));
        }
    }
}
