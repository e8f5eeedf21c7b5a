//! Commits made in a local repository.

mod commit;
mod error;
mod merge;
mod revert;
mod work_tree;

use std::path::Path;

use gitops_core::tree::EntryKind;
use gitops_core::{Timestamp, TreePath};
use gix::refs::transaction::{Change as RefChange, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};

use crate::commit::{Commit, CommitId, Person};
use crate::failure::Failure;
use crate::open::{Repository, isolated};

pub use error::WriteError;

/// Makes commits, branches and tags in a local repository, without any program.
///
/// A commit onto the branch that a work tree has checked out writes its files and index too, so that `git status` stays
/// clean; it is refused where the files that it changes have changes of their own. A ref moves last and only from the
/// commit that was seen, so a process that is killed leaves the branch as it was.
#[derive(Clone, Debug)]
pub struct RepositoryWriter {
    repository: Repository,
}

/// A change of one file by a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The file, link or executable gets this content, in the place of what was there.
    Write {
        /// The path.
        path: TreePath,
        /// A file, an executable or a symbolic link.
        kind: EntryKind,
        /// The bytes, or what the link names.
        content: Vec<u8>,
    },
    /// The file, link or directory is removed.
    Remove {
        /// The path.
        path: TreePath,
    },
}

impl Change {
    /// A file gets this content.
    pub fn write(path: TreePath, content: impl Into<Vec<u8>>) -> Self {
        Self::Write { path, kind: EntryKind::File, content: content.into() }
    }

    /// A symbolic link is made.
    pub fn link(path: TreePath, target: &str) -> Self {
        Self::Write { path, kind: EntryKind::Symlink, content: target.as_bytes().to_vec() }
    }

    /// A path is removed.
    pub fn remove(path: TreePath) -> Self {
        Self::Remove { path }
    }

    /// The same change, of an executable or a link; a removal stays as it is.
    #[must_use]
    pub fn with_kind(self, new: EntryKind) -> Self {
        match self {
            Self::Write { path, content, .. } => Self::Write { path, kind: new, content },
            removal @ Self::Remove { .. } => removal,
        }
    }

    /// The path that changes.
    pub fn path(&self) -> &TreePath {
        match self {
            Self::Write { path, .. } | Self::Remove { path } => path,
        }
    }
}

/// Who makes a commit, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommitDetails {
    /// Who wrote the change.
    pub author: Person,
    /// Who makes the commit.
    pub committer: Person,
    /// The time of both, in whole seconds; it is written in UTC.
    pub time: Timestamp,
    /// The message.
    pub message: String,
}

impl CommitDetails {
    /// A commit by an author who is its committer too.
    pub fn new(author: Person, time: Timestamp, message: impl Into<String>) -> Self {
        Self { committer: author.clone(), author, time, message: message.into() }
    }
}

impl RepositoryWriter {
    /// Makes a repository with a work tree, whose first commit will start a branch. The directory may hold files.
    ///
    /// # Errors
    /// Where the directory is a repository already, cannot be written, or the branch's name is not valid.
    pub fn init(directory: impl AsRef<Path>, branch: &str) -> Result<Self, WriteError> {
        Self::create(directory.as_ref(), branch, gix::create::Kind::WithWorktree)
    }

    /// Makes a bare repository in an empty directory.
    ///
    /// # Errors
    /// As [`RepositoryWriter::init`].
    pub fn init_bare(directory: impl AsRef<Path>, branch: &str) -> Result<Self, WriteError> {
        Self::create(directory.as_ref(), branch, gix::create::Kind::Bare)
    }

    /// Writes into an existing repository.
    ///
    /// # Errors
    /// As [`Repository::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WriteError> {
        Ok(Self { repository: Repository::open(path)? })
    }

    /// The repository, for reading.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    fn create(directory: &Path, branch: &str, kind: gix::create::Kind) -> Result<Self, WriteError> {
        let failed = |source: Failure| WriteError::Create { path: directory.into(), source };
        let branch = branch_name(branch)?;
        std::fs::create_dir_all(directory).map_err(|error| failed(error.into()))?;
        gix::ThreadSafeRepository::init_opts(directory, kind, Default::default(), isolated())
            .map_err(|error| failed(error.into()))?;
        let writer = Self::open(directory)?;
        let head = writer.repository.git_dir().join("HEAD");
        std::fs::write(&head, format!("ref: {branch}\n")).map_err(|error| failed(error.into()))?;
        Self::open(directory)
    }

    /// Makes a branch at a commit, or moves it there. The branch that is checked out cannot be moved.
    ///
    /// # Errors
    /// Where the name is not valid, the commit unknown, or the branch is checked out.
    pub fn branch(&self, name: &str, commit: CommitId) -> Result<(), WriteError> {
        let name = branch_name(name)?;
        Commit::read(&self.repository.local(), commit)?;
        self.refuse_checked_out(&name)?;
        self.set_ref(name, commit.0, PreviousValue::Any, ("branch: set", None))
    }

    /// Makes a tag: of its own object where details are given, else a plain name of the commit.
    ///
    /// # Errors
    /// Where the name is not valid or in use, or the commit is unknown.
    pub fn tag(&self, name: &str, commit: CommitId, details: Option<&CommitDetails>) -> Result<(), WriteError> {
        let full = full_name(&format!("refs/tags/{name}"))?;
        let local = self.repository.local();
        Commit::read(&local, commit)?;
        let target = match details {
            None => commit.0,
            Some(details) => {
                let tag = gix::objs::Tag {
                    target: commit.0,
                    target_kind: gix::objs::Kind::Commit,
                    name: name.into(),
                    tagger: Some(signature(&details.committer, details.time)),
                    message: details.message.as_str().into(),
                    signature: None,
                };
                local.write_object(&tag).map_err(|source| WriteError::Object { source: source.into() })?.detach()
            }
        };
        self.set_ref(full, target, PreviousValue::MustNotExist, ("tag: made", details))
    }

    /// Moves a ref, if it still is where it was seen. `HEAD` stands for the branch that it names, and logs the move too.
    fn set_ref(
        &self,
        name: FullName,
        id: gix::ObjectId,
        expected: PreviousValue,
        (message, details): (&str, Option<&CommitDetails>),
    ) -> Result<(), WriteError> {
        let local = self.repository.local();
        let log = LogChange { mode: RefLog::AndReference, force_create_reflog: false, message: message.into() };
        let change = RefChange::Update { log, expected, new: Target::Object(id) };
        let edit = RefEdit { change, name: name.clone(), deref: true };
        let who = match details {
            Some(details) => signature(&details.committer, details.time),
            None => signature(&Person::new("gitops", ""), Timestamp::UNIX_EPOCH),
        };
        let mut time = gix::date::parse::TimeBuf::default();
        let failed = |source: gix::Error| WriteError::Ref { name: name.to_string(), source: source.into() };
        local.edit_references_as([edit], Some(who.to_ref(&mut time))).map_err(failed)?;
        Ok(())
    }
}

fn signature(person: &Person, time: Timestamp) -> gix::actor::Signature {
    // Angle brackets and line breaks would end the name or address in the commit.
    let clean =
        |text: &str| text.chars().filter(|char| !matches!(char, '<' | '>' | '\n' | '\r' | '\0')).collect::<String>();
    gix::actor::Signature {
        name: clean(&person.name).trim().into(),
        email: clean(&person.email).trim().into(),
        time: gix::date::Time::new(time.as_second(), 0),
    }
}

fn full_name(name: &str) -> Result<FullName, WriteError> {
    FullName::try_from(name).map_err(|_| WriteError::Name { name: name.into() })
}

fn branch_name(name: &str) -> Result<FullName, WriteError> {
    full_name(&format!("refs/heads/{}", name.strip_prefix("refs/heads/").unwrap_or(name)))
}
