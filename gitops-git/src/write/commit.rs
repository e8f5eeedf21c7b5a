//! From changes of files to a commit on a branch.

use std::collections::BTreeSet;
use std::path::Path;

use gitops_core::TreePath;
use gitops_core::tree::EntryKind;
use gix::ObjectId;
use gix::objs::tree::EntryKind as Mode;
use gix::refs::transaction::PreviousValue;
use gix::refs::{FullName, Target};

use super::{Change, CommitDetails, RepositoryWriter, WriteError, branch_name, full_name, signature};
use crate::changed::differences;
use crate::commit::{Commit, CommitId};
use crate::history::tree_of;

/// Where a branch stands, and the root directory there.
pub(super) struct Tip {
    pub(super) branch: FullName,
    pub(super) commit: Option<CommitId>,
    pub(super) tree: Option<ObjectId>,
    /// Whether this repository's own work tree has it checked out.
    pub(super) checked_out: bool,
}

impl RepositoryWriter {
    /// Commits changes onto the branch that `HEAD` names, and writes them into the work tree, if there is one.
    ///
    /// # Errors
    /// [`WriteError`], after which the branch is as it was.
    pub fn commit(&self, changes: &[Change], details: &CommitDetails) -> Result<Commit, WriteError> {
        let head =
            self.repository.local().head_name().map_err(|source| WriteError::Object { source: source.into() })?;
        let head = head.ok_or_else(|| WriteError::Name { name: "HEAD (detached)".into() })?;
        self.commit_changes(head, changes, details)
    }

    /// Commits changes onto a branch, which is started where it does not exist.
    ///
    /// # Errors
    /// [`WriteError`], after which the branch is as it was.
    pub fn commit_to(&self, branch: &str, changes: &[Change], details: &CommitDetails) -> Result<Commit, WriteError> {
        self.commit_changes(branch_name(branch)?, changes, details)
    }

    fn commit_changes(
        &self,
        branch: FullName,
        changes: &[Change],
        details: &CommitDetails,
    ) -> Result<Commit, WriteError> {
        let tip = self.tip(branch)?;
        let tree = self.edited(tip.tree, changes)?;
        if tip.tree == Some(tree) {
            return Err(WriteError::Nothing);
        }
        self.advance(&tip, tree, details, "commit")
    }

    pub(super) fn tip(&self, branch: FullName) -> Result<Tip, WriteError> {
        let local = self.repository.local();
        let failed = |source: gix::Error| WriteError::Ref { name: branch.to_string(), source: source.into() };
        let head = local.head_name().map_err(failed)?;
        let checked_out = local.workdir().is_some() && head.as_ref() == Some(&branch);
        if !checked_out {
            self.refuse_checked_out(&branch)?;
        }
        let commit = match local.try_find_reference(&branch).map_err(failed)? {
            Some(reference) => Some(CommitId(reference.into_fully_peeled_id().map_err(failed)?.detach())),
            None => None,
        };
        let tree = commit.map(|commit| tree_of(&local, commit)).transpose()?;
        Ok(Tip { branch, commit, tree, checked_out })
    }

    /// A branch that any work tree has checked out cannot be moved under it.
    pub(super) fn refuse_checked_out(&self, branch: &FullName) -> Result<(), WriteError> {
        let local = self.repository.local();
        let failed = |source: gix::Error| WriteError::Ref { name: branch.to_string(), source: source.into() };
        let refuse = |work_tree: &Path| {
            let branch = branch.shorten().to_string();
            Err(WriteError::CheckedOut { branch, work_tree: work_tree.into() })
        };
        let on_branch = |repository: &gix::Repository| {
            repository.head_name().ok().flatten().as_ref() == Some(branch) && repository.head_id().is_ok()
        };
        for repository in local.worktrees_including_main().map_err(failed)? {
            let Ok(repository) = repository else { continue };
            if let Some(work_tree) = repository.workdir().filter(|_| on_branch(&repository)) {
                return refuse(work_tree);
            }
        }
        Ok(())
    }

    /// The tree with the changes made to it.
    fn edited(&self, tree: Option<ObjectId>, changes: &[Change]) -> Result<ObjectId, WriteError> {
        let local = self.repository.local();
        let failed = |source: gix::Error| WriteError::Object { source: source.into() };
        let mut editor = match tree {
            Some(tree) => local.edit_tree(tree).map_err(failed)?,
            None => local.empty_tree().edit().map_err(failed)?,
        };
        for change in changes {
            check_path(change.path())?;
            match change {
                Change::Remove { path } => {
                    editor.remove(path.as_str()).map_err(failed)?;
                }
                Change::Write { path, kind, content } => {
                    let mode = mode_of(*kind).ok_or_else(|| {
                        let reason = "only files, executables and links can be";
                        WriteError::Path { path: path.clone(), reason }
                    })?;
                    let blob = local.write_blob(content).map_err(failed)?;
                    editor.upsert(path.as_str(), mode, blob.detach()).map_err(failed)?;
                }
            }
        }
        Ok(editor.write().map_err(failed)?.detach())
    }

    /// Writes the commit of a tree and moves the branch to it, the work tree first.
    pub(super) fn advance(
        &self,
        tip: &Tip,
        tree: ObjectId,
        details: &CommitDetails,
        action: &str,
    ) -> Result<Commit, WriteError> {
        let local = self.repository.local();
        let failed = |source: gix::Error| WriteError::Object { source: source.into() };
        let (author, committer) =
            (signature(&details.author, details.time), signature(&details.committer, details.time));
        let message = format!("{}\n", details.message.trim_end());
        let commit = gix::objs::Commit {
            tree,
            parents: tip.commit.iter().map(|parent| parent.0).collect(),
            author,
            committer,
            encoding: None,
            message: message.as_str().into(),
            extra_headers: Vec::new(),
        };
        let id = local.write_object(&commit).map_err(failed)?.detach();
        if tip.checked_out {
            let differences = differences(&local, tip.tree, Some(tree))?;
            self.write_work_tree(&differences)?;
        }
        let expected = match tip.commit {
            Some(commit) => PreviousValue::MustExistAndMatch(Target::Object(commit.0)),
            None => PreviousValue::MustNotExist,
        };
        let title = details.message.lines().next().unwrap_or_default();
        let initial = if tip.commit.is_none() { " (initial)" } else { "" };
        let log = format!("{action}{initial}: {title}");
        let name = if tip.checked_out { full_name("HEAD")? } else { tip.branch.clone() };
        self.set_ref(name, id, expected, (&log, Some(details)))?;
        let commit = Commit::read(&local, CommitId(id))?;
        Ok(Commit { ref_name: Some(tip.branch.to_string()), ..commit })
    }
}

fn mode_of(kind: EntryKind) -> Option<Mode> {
    match kind {
        EntryKind::File => Some(Mode::Blob),
        EntryKind::Executable => Some(Mode::BlobExecutable),
        EntryKind::Symlink => Some(Mode::Link),
        EntryKind::Directory | EntryKind::Submodule => None,
    }
}

/// Names that would write into a repository's own directory, on any file system.
fn check_path(path: &TreePath) -> Result<(), WriteError> {
    let own: BTreeSet<&str> = BTreeSet::from([".git", "git~1"]);
    if path.is_root() {
        return Err(WriteError::Path { path: path.clone(), reason: "it is the root" });
    }
    if path.parts().any(|part| own.contains(part.to_ascii_lowercase().as_str())) {
        return Err(WriteError::Path { path: path.clone(), reason: "the name belongs to Git" });
    }
    Ok(())
}
