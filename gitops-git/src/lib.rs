//! Git repositories: opened where they lie or fetched into a cache, without starting any program.
//!
//! - [`Repository`] opens a local repository, resolves revisions to commits, and gives each commit's files as a
//!   [`Tree`](gitops_core::Tree) that is read straight from the object database: there is no checkout.
//! - [`RepositoryCache`] fetches remote repositories into bare ones that processes share.
//! - [`FolderTree`] gives a folder of this machine as it lies, for builds of what is not committed.
//! - [`RepositoryWriter`] makes commits and revert commits in local repositories.
//!
//! ```
//! use gitops_core::{Timestamp, TreePath};
//! use gitops_git::{Change, CommitDetails, FetchOptions, Person, RepositoryCache, RepositoryWriter};
//!
//! # let place = tempfile::tempdir()?;
//! # let directory = place.path().join("repository");
//! let writer = RepositoryWriter::init(&directory, "main")?;
//! let path = TreePath::new("app/web.yaml")?;
//! let details = CommitDetails::new(Person::new("Ada", "ada@example.com"), Timestamp::UNIX_EPOCH, "Add web");
//! writer.commit(&[Change::write(path.clone(), "replicas: 3\n")], &details)?;
//!
//! let cache = RepositoryCache::new(place.path().join("cache"));
//! let repository = cache.open(&format!("file://{}", directory.display()), &FetchOptions::new().revision("main"))?;
//! let commit = repository.resolve("main")?;
//! let file = repository.tree(commit.id)?.read(&path)?.unwrap();
//! assert_eq!((commit.title(), &*file.bytes), ("Add web", b"replicas: 3\n".as_slice()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What this crate must not know
//! Kubernetes, manifests, how anything is rendered, and the configuration of the user or the machine: a repository's
//! own configuration is all that is read. It is the only crate that knows `gix`, and no type of `gix` is public.

mod access;
mod callers;
mod changed;
mod commit;
mod constraint;
mod failure;
mod fetch;
mod folder;
mod handles;
mod history;
mod local;
mod location;
mod odb;
mod open;
mod revision;
mod similar;
mod tag;
mod write;

pub use access::{Access, AccessError, Caller, Credentials, Proxy, SshOptions, TlsError, TlsOptions, Tokens};
pub use callers::{caller_of_folder, folder_of_caller, folders_of_cache};
pub use changed::{ChangedPath, PathChange};
pub use commit::{Commit, CommitId, CommitIdError, Person, SignedCommit};
pub use constraint::{Constraint, ConstraintError};
pub use failure::Failure;
pub use fetch::{FetchError, FetchOptions, OnAsk, RepositoryCache};
pub use folder::{FolderError, FolderTree};
pub use history::HistoryError;
pub use location::{Location, LocationError, RemoteUrl};
pub use open::{OpenError, Repository};
pub use revision::ResolveError;
pub use tag::AnnotatedTag;
pub use write::{Change, CommitDetails, RepositoryWriter, WriteError};
