use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use gitops_core::Tree;
use thiserror::Error;

use crate::commit::{Commit, CommitId, SignedCommit};
use crate::failure::Failure;
use crate::fetch::Hold;
use crate::handles::Handles;
use crate::odb::GitTree;
use crate::revision::{self, ResolveError};
use crate::tag::{self, AnnotatedTag};

/// Entries of directories up to which the files of a commit are kept that nobody reads any more.
const KEPT_ENTRIES: usize = 20_000;

/// What was read last: many read the same commit, one after the other.
#[derive(Default)]
struct Last {
    commit: Option<Commit>,
    tree: Option<(CommitId, Weak<GitTree>)>,
    /// The same tree where it is small, so that the next reader finds what this one read.
    kept: Option<Arc<GitTree>>,
}

/// A Git repository on this machine, bare or with a work tree. It can be shared between threads.
///
/// What is uncommitted in a work tree is never read.
#[derive(Clone)]
pub struct Repository {
    handles: Arc<Handles>,
    last: Arc<Mutex<Last>>,
    /// What keeps it in a cache.
    hold: Option<Hold>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Repository").field(&self.handles.source().path()).finish()
    }
}

impl Repository {
    /// Opens the repository at a path: a work tree's root, its `.git`, or a bare repository.
    ///
    /// Configuration outside of the repository is not read, the environment neither, and no program is started.
    ///
    /// # Errors
    /// [`OpenError`], where there is none, it may not be read, or it is of a kind that cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        readable(path)?;
        match gix::ThreadSafeRepository::open_opts(path, isolated()) {
            Ok(source) => {
                Self { handles: Arc::new(Handles::new(source)), last: Arc::default(), hold: None }.supported(path)
            }
            Err(error) => Err(open_error(path, error)),
        }
    }

    /// Opens the repository that a path lies in: the first of the path and the directories above it that is one.
    ///
    /// # Errors
    /// As [`Repository::open`].
    pub fn discover(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        readable(path)?;
        match enclosing(path) {
            Some(root) => Self::open(root),
            None => Err(OpenError::NotARepository { path: path.into(), hint: String::new() }),
        }
    }

    /// The directory that holds the repository's objects and refs: `.git` of a work tree, or the bare repository.
    pub fn git_dir(&self) -> &Path {
        self.handles.source().path()
    }

    /// The root of the work tree; none for a bare repository.
    pub fn work_tree(&self) -> Option<&Path> {
        self.handles.source().work_dir()
    }

    /// The commit that a revision names.
    ///
    /// As Argo CD reads `targetRevision`, in this order: an empty text or `HEAD`; a full commit id; a range of
    /// [semantic versions](crate::Constraint), whose highest matching tag is taken; a branch, a tag or a full ref
    /// name; an abbreviated commit id of at least four digits. Beyond Argo CD, a branch that only the remote `origin`
    /// of a clone has is found last. Annotated tags are followed to their commit.
    ///
    /// # Errors
    /// [`ResolveError`], which names similar branches and tags where the revision is unknown.
    pub fn resolve(&self, revision: &str) -> Result<Commit, ResolveError> {
        let known = self.last().commit.clone();
        let commit = self.handles.with(|handle| revision::resolve(handle, revision, known.as_ref()))?;
        if known.is_none_or(|known| known.id != commit.id) {
            self.last().commit = Some(Commit { ref_name: None, ..commit.clone() });
        }
        Ok(commit)
    }

    /// The data of a commit.
    ///
    /// # Errors
    /// Where the repository has no such commit, or it cannot be read.
    pub fn commit(&self, id: CommitId) -> Result<Commit, ResolveError> {
        Commit::read(&self.local(), id)
    }

    /// A commit's signature and the bytes that it signs; none where it is not signed. Nothing is verified.
    ///
    /// # Errors
    /// Where the repository has no such commit, or it cannot be read.
    pub fn signed_commit(&self, id: CommitId) -> Result<Option<SignedCommit>, ResolveError> {
        Commit::signed(&self.local(), id)
    }

    /// The tag object that a full ref name such as `refs/tags/v1` names; none where the ref is not there or names a commit.
    ///
    /// # Errors
    /// Where the tag cannot be read.
    pub fn annotated_tag(&self, ref_name: &str) -> Result<Option<AnnotatedTag>, ResolveError> {
        tag::annotated(&self.local(), ref_name)
    }

    /// The files of a commit, read from the object database as they are asked for.
    ///
    /// # Errors
    /// Where the repository has no such commit, or it cannot be read.
    pub fn tree(&self, id: CommitId) -> Result<Arc<dyn Tree>, ResolveError> {
        let mut last = self.last();
        let known = last.tree.as_ref().filter(|(commit, _)| *commit == id);
        if let Some(tree) = known.and_then(|(_, tree)| tree.upgrade()) {
            last.kept = last.kept.take().filter(|kept| kept.entries() <= KEPT_ENTRIES);
            return Ok(tree);
        }
        last.kept = None;
        let tree = Arc::new(GitTree::new(self.handles.source().clone(), id)?.held(self.hold.clone()));
        last.tree = Some((id, Arc::downgrade(&tree)));
        // What holds a repository in a cache is not to outlive those who read it.
        last.kept = self.hold.is_none().then(|| Arc::clone(&tree));
        Ok(tree)
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same for as long as which, and its trees, something is held.
    pub(crate) fn held(self, hold: Option<Hold>) -> Self {
        Self { hold, ..self }
    }

    pub(crate) fn local(&self) -> gix::Repository {
        self.handles.source().to_thread_local()
    }

    fn supported(self, path: &Path) -> Result<Self, OpenError> {
        let local = self.local();
        let config = local.config_snapshot();
        let promisor = |section: gix::config::file::SectionRef<'_>| match section.value_implicit("promisor") {
            Some(Some(value)) => value != "false",
            Some(None) => true,
            None => false,
        };
        let mut remotes = config.plumbing().sections_by_name("remote").into_iter().flatten();
        let partial = config.plumbing().string("extensions.partialClone").is_some() || remotes.any(promisor);
        let storage = config.plumbing().string("extensions.refStorage");
        if let Some(format) = storage.filter(|format| format.as_slice() != b"files") {
            return Err(OpenError::RefStorage { path: path.into(), format: format.to_string() });
        }
        if partial {
            return Err(OpenError::PartialClone { path: path.into() });
        }
        Ok(self)
    }
}

/// Options that keep the library from reading anything but the repository, and from starting `git`.
pub(crate) fn isolated() -> gix::open::Options {
    gix::open::Options::isolated()
}

fn readable(path: &Path) -> Result<(), OpenError> {
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => OpenError::Absent { path: path.into() },
        std::io::ErrorKind::PermissionDenied => OpenError::Permission { path: path.into() },
        _ => OpenError::Unreadable { path: path.into(), source: source.into() },
    };
    let meta = std::fs::metadata(path).map_err(failed)?;
    if meta.is_dir() {
        std::fs::read_dir(path).map_err(failed)?;
    }
    Ok(())
}

/// The nearest directory at or above a path that is a repository.
fn enclosing(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let is_repository =
        |path: &&Path| gix::discover::is_git(&path.join(".git")).is_ok() || gix::discover::is_git(path).is_ok();
    path.ancestors().find(is_repository).map(Into::into)
}

fn open_error(path: &Path, error: gix::Error) -> OpenError {
    let failure = Failure::from(error);
    if let Err(error) = readable(&path.join(".git"))
        && matches!(error, OpenError::Permission { .. })
    {
        return error;
    }
    if object_format(path).is_some_and(|format| format != "sha1") {
        return OpenError::ObjectFormat { path: path.into() };
    }
    match enclosing(path) {
        Some(root) if path.canonicalize().is_ok_and(|path| path != root) => {
            let hint = format!(", but lies in the one at `{}`", root.display());
            OpenError::NotARepository { path: path.into(), hint }
        }
        None => OpenError::NotARepository { path: path.into(), hint: String::new() },
        Some(_) => OpenError::Unreadable { path: path.into(), source: failure },
    }
}

/// The value of `extensions.objectFormat`, read without the library, which refuses to open what it does not know.
fn object_format(path: &Path) -> Option<String> {
    let config = [path.join(".git/config"), path.join("config")];
    let text = config.iter().find_map(|path| std::fs::read_to_string(path).ok())?;
    let line = text.lines().map(str::trim).find(|line| line.to_ascii_lowercase().starts_with("objectformat"))?;
    line.split_once('=').map(|(_, value)| value.trim().to_ascii_lowercase())
}

/// Why a repository cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Nothing is at the path.
    #[error("{}: no such file or directory", path.display())]
    Absent {
        /// The path.
        path: PathBuf,
    },
    /// The path may not be read.
    #[error("{}: permission denied", path.display())]
    Permission {
        /// The path.
        path: PathBuf,
    },
    /// Something else is at the path.
    #[error("`{}` is not a Git repository{hint}", path.display())]
    NotARepository {
        /// The path.
        path: PathBuf,
        /// Where the nearest repository is, as the end of the sentence.
        hint: String,
    },
    /// The repository was cloned with a filter, so it lacks objects that only its remote has.
    #[error("`{}` is a partial clone, which lacks objects: clone it again without `--filter`", path.display())]
    PartialClone {
        /// The path.
        path: PathBuf,
    },
    /// The repository names objects by SHA-256.
    #[error("`{}` uses the object format sha256, only sha1 is supported", path.display())]
    ObjectFormat {
        /// The path.
        path: PathBuf,
    },
    /// The repository keeps its refs in another way than in files.
    #[error("`{}` keeps its refs as `{format}`, only files are supported: run `git refs migrate --ref-format=files`", path.display())]
    RefStorage {
        /// The path.
        path: PathBuf,
        /// The format.
        format: String,
    },
    /// The repository is broken, or the file system fails.
    #[error("{}: the repository cannot be opened", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: Failure,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_no_repository_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let error = Repository::open(directory.path().join("none")).unwrap_err();
        assert!(error.to_string().ends_with("none: no such file or directory"), "{error}");
        let error = Repository::open(directory.path()).unwrap_err();
        assert!(matches!(error, OpenError::NotARepository { .. }), "{error:?}");
    }
}
