//! Gets what a render needs from elsewhere: other repositories, files on the web, charts. What was got is pinned in a
//! [`LockFile`], and results of renders are kept on disk in a [`MemoDirectory`].
//!
//! ```
//! use gitops_core::need::RepositoryNeed;
//! use gitops_core::{Answer, Need, TreePath};
//! use gitops_fetch::{Fetcher, LockFile, Session};
//! # use gitops_fixtures::TestRepository;
//! # let mut bases = TestRepository::new()?;
//! # bases.commit([("web/kustomization.yaml", "namePrefix: a-\n")])?;
//! # let (address, place) = (bases.url(), tempfile::tempdir()?);
//!
//! let fetcher = Fetcher::new(place.path());
//! let mut session = Session::new(&fetcher, LockFile::default());
//! session.provide(&[Need::Repository(RepositoryNeed::new(address))])?;
//! let (need, answer) = session.provided().iter().next().unwrap();
//! let Answer::Tree { tree, commit } = answer else { unreachable!("a repository has files") };
//! assert!(tree.stat(&TreePath::new("web/kustomization.yaml")?)?.is_some());
//! assert_eq!(session.lock().pin(need), Some(commit.as_str()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What this crate must not know
//! How anything is rendered, what is in the files that it gets, Kubernetes, and which project may use what: that it is
//! told by [`Session::allowing`].

mod chart;
mod error;
mod fetcher;
mod github_app;
mod lock;
mod memo;
mod session;
mod submodules;
mod web;

pub use chart::ChartError;
pub use error::ProvideError;
pub use fetcher::Fetcher;
pub use github_app::{GitHubApp, GitHubAppError, Installation, InstalledApp};
pub use gitops_git::{TlsError, TlsOptions};
pub use lock::{LOCK_FILE, LockError, LockFile};
pub use memo::{Memo, MemoDirectory, MemoLimits};
pub use session::{LockMode, Session};
pub use web::{WebCredentials, WebError, WebOptions};
