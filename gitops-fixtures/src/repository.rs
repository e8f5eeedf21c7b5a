use std::path::{Path, PathBuf};

use gitops_core::tree::PathError;
use gitops_core::{Timestamp, TreePath};
use gitops_git::{
    Change, Commit, CommitDetails, CommitId, HistoryError, Person, Repository, RepositoryWriter, WriteError,
};
use tempfile::TempDir;
use thiserror::Error;

use crate::files::read_directory;

/// The second of the first commit: 2024-01-01T00:00:00Z. Each later one is a minute after the one before.
const FIRST_COMMIT: i64 = 1_704_067_200;

/// A Git repository in a temporary directory, which goes with it. Commits are made at fixed times by a fixed author, so
/// the same calls give the same commit ids.
#[derive(Debug)]
pub struct TestRepository {
    directory: TempDir,
    writer: RepositoryWriter,
    made: i64,
}

/// Why a test's input could not be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FixtureError {
    /// No temporary directory can be made.
    #[error("no temporary directory can be made")]
    Directory(#[from] std::io::Error),
    /// A path is not one inside a repository.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The repository refuses a commit.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The repository's history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A directory to copy cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A name in a directory to copy is not UTF-8.
    #[error("{}: the name is not UTF-8", path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
}

impl TestRepository {
    /// A repository with a work tree and no commits, on the branch `main`.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn new() -> Result<Self, FixtureError> {
        let directory = tempfile::tempdir()?;
        let writer = RepositoryWriter::init(directory.path(), "main")?;
        Ok(Self { directory, writer, made: 0 })
    }

    /// A bare repository without commits, whose `HEAD` names `main`.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn bare() -> Result<Self, FixtureError> {
        let directory = tempfile::tempdir()?;
        let writer = RepositoryWriter::init_bare(directory.path(), "main")?;
        Ok(Self { directory, writer, made: 0 })
    }

    /// A repository whose first commit holds a copy of a directory.
    ///
    /// # Errors
    /// Where the directory cannot be read or the repository not written.
    pub fn of_directory(directory: &Path) -> Result<Self, FixtureError> {
        let mut repository = Self::new()?;
        repository.copy_directory(directory, "")?;
        Ok(repository)
    }

    /// The repository's directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The directory as a `file://` URL.
    pub fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    /// The repository, for reading.
    pub fn git(&self) -> &Repository {
        self.writer.repository()
    }

    /// The repository, for writing what has no short form here.
    pub fn writer(&self) -> &RepositoryWriter {
        &self.writer
    }

    /// Commits files to the branch that is checked out.
    ///
    /// # Errors
    /// Where a path lies outside, or nothing changes.
    pub fn commit<'a>(&mut self, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Commit, FixtureError> {
        let changes = writes(files)?;
        self.commit_changes(&changes, None)
    }

    /// Commits files with a message.
    ///
    /// # Errors
    /// As [`TestRepository::commit`].
    pub fn commit_as<'a>(
        &mut self,
        message: &str,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Commit, FixtureError> {
        let changes = writes(files)?;
        self.commit_changes(&changes, Some(message))
    }

    /// Commits files to another branch, which is started where it does not exist.
    ///
    /// # Errors
    /// As [`TestRepository::commit`], and where the branch is checked out.
    pub fn commit_to<'a>(
        &mut self,
        branch: &str,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Commit, FixtureError> {
        let changes = writes(files)?;
        let details = self.details(None);
        Ok(self.writer.commit_to(branch, &changes, &details)?)
    }

    /// Commits the removal of paths.
    ///
    /// # Errors
    /// As [`TestRepository::commit`].
    pub fn remove<'a>(&mut self, paths: impl IntoIterator<Item = &'a str>) -> Result<Commit, FixtureError> {
        let changes: Result<Vec<_>, PathError> =
            paths.into_iter().map(|path| Ok(Change::remove(TreePath::new(path)?))).collect();
        self.commit_changes(&changes?, None)
    }

    /// Commits a symbolic link.
    ///
    /// # Errors
    /// As [`TestRepository::commit`].
    pub fn link(&mut self, path: &str, target: &str) -> Result<Commit, FixtureError> {
        self.commit_changes(&[Change::link(TreePath::new(path)?, target)], None)
    }

    /// Commits a copy of a directory, below `target`.
    ///
    /// # Errors
    /// Where the directory cannot be read, or nothing changes.
    pub fn copy_directory(&mut self, directory: &Path, target: &str) -> Result<Commit, FixtureError> {
        let changes = read_directory(directory, &TreePath::new(target)?)?;
        self.commit_changes(&changes, None)
    }

    /// Commits changes, with a message or a counted one.
    ///
    /// # Errors
    /// As [`TestRepository::commit`].
    pub fn commit_changes(&mut self, changes: &[Change], message: Option<&str>) -> Result<Commit, FixtureError> {
        let details = self.details(message);
        Ok(self.writer.commit(changes, &details)?)
    }

    /// Takes a commit back, by a commit on `main`.
    ///
    /// # Errors
    /// Where it cannot be taken back.
    pub fn revert(&mut self, commit: CommitId) -> Result<Commit, FixtureError> {
        let reverted = self.git().commit(commit).map_err(HistoryError::from)?;
        let plain = self.details(None);
        let details = CommitDetails::reverting(&reverted, plain.author, plain.time);
        Ok(self.writer.revert(commit, "main", &details)?)
    }

    /// Makes a branch at a commit.
    ///
    /// # Errors
    /// Where the name is not valid or the branch is checked out.
    pub fn branch(&self, name: &str, commit: CommitId) -> Result<(), FixtureError> {
        Ok(self.writer.branch(name, commit)?)
    }

    /// Tags a commit, by a plain tag.
    ///
    /// # Errors
    /// Where the name is not valid or in use.
    pub fn tag(&self, name: &str, commit: CommitId) -> Result<(), FixtureError> {
        Ok(self.writer.tag(name, commit, None)?)
    }

    /// Tags a commit, by a tag with an object of its own.
    ///
    /// # Errors
    /// Where the name is not valid or in use.
    pub fn annotated_tag(&mut self, name: &str, commit: CommitId) -> Result<(), FixtureError> {
        let details = self.details(Some(name));
        Ok(self.writer.tag(name, commit, Some(&details))?)
    }

    fn details(&mut self, message: Option<&str>) -> CommitDetails {
        let time = Timestamp::from_second(FIRST_COMMIT + 60 * self.made).unwrap_or(Timestamp::UNIX_EPOCH);
        self.made += 1;
        let message = message.map_or_else(|| format!("Commit {}", self.made), Into::into);
        CommitDetails::new(Person::new("Ada Example", "ada@example.com"), time, message)
    }
}

fn writes<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Vec<Change>, PathError> {
    files.into_iter().map(|(path, text)| Ok(Change::write(TreePath::new(path)?, text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_calls_give_the_same_commits() {
        let build = || {
            let mut repository = TestRepository::new().unwrap();
            repository.commit([("a.yaml", "a: 1\n")]).unwrap();
            let bad = repository.commit([("a.yaml", "a: 2\n")]).unwrap();
            repository.revert(bad.id).unwrap()
        };
        let commit = build();
        assert_eq!(commit.id, build().id);
        assert_eq!(commit.title(), "Revert \"Commit 2\"");
    }

    #[test]
    fn directories_are_copied_with_links_and_modes() {
        let mut first = TestRepository::new().unwrap();
        first.commit([("x/run.sh", "#!/bin/sh\n")]).unwrap();
        first.link("x/link", "run.sh").unwrap();
        let copy = TestRepository::of_directory(first.path()).unwrap();
        let tree = |repository: &TestRepository| {
            let id = repository.git().resolve("HEAD").unwrap().id;
            repository.git().tree(id).unwrap()
        };
        let path = TreePath::new("x").unwrap();
        assert_eq!(tree(&copy).stat(&path).unwrap(), tree(&first).stat(&path).unwrap());
    }
}
