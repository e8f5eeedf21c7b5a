//! Taking back a commit by another one.

use gix::ObjectId;

use super::merge::{Merged, merge};
use super::{CommitDetails, RepositoryWriter, WriteError, branch_name};
use crate::changed::differences;
use crate::commit::{Commit, CommitId, Person};
use crate::history::tree_of;
use crate::odb::find;
use gitops_core::Timestamp;

impl CommitDetails {
    /// The commit that takes back another one, with the message that `git revert` gives it.
    pub fn reverting(commit: &Commit, author: Person, time: Timestamp) -> Self {
        let message = format!("Revert \"{}\"\n\nThis reverts commit {}.\n", commit.title(), commit.id);
        Self::new(author, time, message)
    }
}

impl RepositoryWriter {
    /// Takes back one commit's changes by a new commit at the tip of a branch, as `git revert` does.
    ///
    /// Later changes of other lines are kept. Renames are not followed, as with `-X no-renames`: a changed file that a
    /// later commit moved is a conflict. Merges are refused.
    ///
    /// # Errors
    /// [`WriteError`], after which the branch is as it was; [`WriteError::Conflict`] names the files.
    pub fn revert(&self, commit: CommitId, branch: &str, details: &CommitDetails) -> Result<Commit, WriteError> {
        let local = self.repository.local();
        let tip = self.tip(branch_name(branch)?)?;
        let (Some(tip_commit), Some(ours)) = (tip.commit, tip.tree) else {
            return Err(WriteError::NotInBranch { commit, branch: branch.into() });
        };
        let reverted = Commit::read(&local, commit)?;
        if reverted.parents.len() > 1 {
            return Err(WriteError::Merge { commit });
        }
        let in_branch = self.repository.is_ancestor(commit, tip_commit);
        if !in_branch.map_err(|error| WriteError::Object { source: crate::Failure::new(error.to_string()) })? {
            return Err(WriteError::NotInBranch { commit, branch: branch.into() });
        }
        let before = reverted.parents.first().map(|parent| tree_of(&local, *parent)).transpose()?;
        let tree = self.reverted(commit, before, ours)?;
        if tree == ours {
            return Err(WriteError::Nothing);
        }
        self.advance(&tip, tree, details, "revert")
    }

    /// The tree `ours` with the change from the commit back to `before`.
    fn reverted(&self, commit: CommitId, before: Option<ObjectId>, ours: ObjectId) -> Result<ObjectId, WriteError> {
        let local = self.repository.local();
        let failed = |source: gix::Error| WriteError::Object { source: source.into() };
        let mut editor = local.edit_tree(ours).map_err(failed)?;
        let (mut conflicts, mut puts) = (Vec::new(), Vec::new());
        for difference in differences(&local, Some(tree_of(&local, commit)?), before)? {
            let current = find(&local, ours, &difference.path)?;
            match merge(&local, difference.old.as_ref(), current.as_ref(), difference.new.as_ref())? {
                Merged::Keep => {}
                Merged::Conflict => conflicts.push(difference.path),
                Merged::Put(mode, id) => puts.push((difference.path, mode, id)),
                Merged::Remove => {
                    editor.remove(difference.path.as_str()).map_err(failed)?;
                }
            }
        }
        for (path, mode, id) in puts {
            // A file cannot come back where a later commit put another one in its directory's place.
            let mut parent = path.parent();
            while let Some(directory) = parent.filter(|parent| !parent.is_root()) {
                let entry = editor.get(directory.as_str());
                if entry.is_some_and(|entry| !entry.mode().is_tree()) {
                    conflicts.push(path.clone());
                    break;
                }
                parent = directory.parent();
            }
            editor.upsert(path.as_str(), mode, id).map_err(failed)?;
        }
        if !conflicts.is_empty() {
            conflicts.sort();
            return Err(WriteError::Conflict { commit, paths: conflicts });
        }
        Ok(editor.write().map_err(failed)?.detach())
    }
}
