use std::path::PathBuf;

use gitops_core::TreePath;
use gitops_core::tree::TreeError;
use thiserror::Error;

use crate::commit::CommitId;
use crate::failure::Failure;
use crate::open::OpenError;
use crate::revision::ResolveError;

/// Why nothing was written. The branch is as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The repository cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A commit cannot be found or read.
    #[error(transparent)]
    Commit(#[from] ResolveError),
    /// Files of a commit cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The repository cannot be made.
    #[error("{}: the repository cannot be created", path.display())]
    Create {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: Failure,
    },
    /// The name cannot be that of a branch or tag.
    #[error("`{name}` is no valid name of a branch or tag")]
    Name {
        /// The name.
        name: String,
    },
    /// A path cannot be written into a repository.
    #[error("`{path}` cannot be written into a repository: {reason}")]
    Path {
        /// The path.
        path: TreePath,
        /// Why.
        reason: &'static str,
    },
    /// The work tree has changes in files that the commit changes.
    #[error("the work tree has uncommitted changes in {}: commit or stash them first", listed(paths))]
    Dirty {
        /// The files.
        paths: Vec<TreePath>,
    },
    /// The branch is checked out in a work tree that this operation does not write.
    #[error("the branch `{branch}` is checked out in `{}`: do it there", work_tree.display())]
    CheckedOut {
        /// The branch.
        branch: String,
        /// The work tree.
        work_tree: PathBuf,
    },
    /// Later commits changed the same lines or files.
    #[error("`{commit}` cannot be reverted: later commits changed {}", listed(paths))]
    Conflict {
        /// The commit to revert.
        commit: CommitId,
        /// The files in conflict.
        paths: Vec<TreePath>,
    },
    /// A merge has several parents, and which one to go back to is not known.
    #[error("`{commit}` is a merge, revert it with `git revert -m`")]
    Merge {
        /// The commit to revert.
        commit: CommitId,
    },
    /// The branch does not have the commit.
    #[error("`{commit}` is not in the history of the branch `{branch}`")]
    NotInBranch {
        /// The commit to revert.
        commit: CommitId,
        /// The branch.
        branch: String,
    },
    /// The commit would change no file.
    #[error("nothing to commit: the files are already so")]
    Nothing,
    /// An object cannot be written.
    #[error("the commit cannot be written")]
    Object {
        /// Why.
        #[source]
        source: Failure,
    },
    /// A ref cannot be moved, or was moved by another meanwhile.
    #[error("the ref `{name}` cannot be moved")]
    Ref {
        /// The ref.
        name: String,
        /// Why.
        #[source]
        source: Failure,
    },
    /// A file of the work tree or the index cannot be written.
    #[error("{}: the work tree cannot be written", path.display())]
    WorkTree {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Failure,
    },
}

/// At most ten paths, in backticks.
fn listed(paths: &[TreePath]) -> String {
    const SHOWN: usize = 10;
    let mut text = paths.iter().take(SHOWN).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    if paths.len() > SHOWN {
        text.push_str(&format!(" and {} more", paths.len() - SHOWN));
    }
    text
}
