//! Commits in their order, and what changed between them.

use gitops_core::tree::TreeError;
use thiserror::Error;

use crate::changed::{ChangedPath, differences};
use crate::commit::{Commit, CommitId, unreadable};
use crate::failure::Failure;
use crate::open::Repository;
use crate::revision::ResolveError;

impl Repository {
    /// The paths that differ between the files of two commits, in order. The work is proportional to the difference.
    ///
    /// # Errors
    /// Where the repository lacks one of the commits, or an object cannot be read.
    pub fn changed_paths(&self, old: CommitId, new: CommitId) -> Result<Vec<ChangedPath>, HistoryError> {
        let local = self.local();
        let (old, new) = (tree_of(&local, old)?, tree_of(&local, new)?);
        let found = differences(&local, Some(old), Some(new)).map_err(|source| HistoryError::Tree { source })?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// The paths that a commit changed against its first parent, or all its files where it has none.
    ///
    /// # Errors
    /// As [`Repository::changed_paths`].
    pub fn changed_by(&self, commit: &Commit) -> Result<Vec<ChangedPath>, HistoryError> {
        let local = self.local();
        let old = commit.parents.first().map(|parent| tree_of(&local, *parent)).transpose()?;
        let new = tree_of(&local, commit.id)?;
        let found = differences(&local, old, Some(new)).map_err(|source| HistoryError::Tree { source })?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// A commit and the commits before it, the latest first, at most `limit` of them.
    ///
    /// The history of a shallow repository ends at its boundary.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub fn history(&self, from: CommitId, limit: usize) -> Result<Vec<Commit>, HistoryError> {
        let local = self.local();
        let failed = |source: gix::Error| HistoryError::Walk { id: from, source: source.into() };
        Commit::read(&local, from)?;
        let order = gix::revision::walk::Sorting::ByCommitTime(Default::default());
        let walk = local.rev_walk([from.0]).sorting(order).all().map_err(failed)?;
        let read = |info: Result<gix::revision::walk::Info<'_>, gix::Error>| {
            Ok(Commit::read(&local, CommitId(info.map_err(failed)?.id))?)
        };
        walk.take(limit).map(read).collect()
    }

    /// Whether a commit is another one or comes before it.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub fn is_ancestor(&self, earlier: CommitId, later: CommitId) -> Result<bool, HistoryError> {
        let local = self.local();
        let failed = |source: gix::Error| HistoryError::Walk { id: later, source: source.into() };
        if earlier == later {
            return Ok(true);
        }
        for info in local.rev_walk([later.0]).all().map_err(failed)? {
            if info.map_err(failed)?.id == earlier.0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The object of a commit's root directory.
pub(crate) fn tree_of(local: &gix::Repository, id: CommitId) -> Result<gix::ObjectId, ResolveError> {
    // Reading it first gives a clear error for what is no commit.
    Commit::read(local, id)?;
    let commit = local.find_commit(id.0).map_err(unreadable(id))?;
    Ok(commit.tree_id().map_err(unreadable(id))?.detach())
}

/// Why commits cannot be compared or walked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// A commit is missing or broken.
    #[error(transparent)]
    Commit(#[from] ResolveError),
    /// A directory is missing or broken.
    #[error("the commits cannot be compared")]
    Tree {
        /// Why.
        #[source]
        source: TreeError,
    },
    /// The history cannot be walked.
    #[error("the history of `{id}` cannot be read")]
    Walk {
        /// Where the walk started.
        id: CommitId,
        /// Why.
        #[source]
        source: Failure,
    },
}
