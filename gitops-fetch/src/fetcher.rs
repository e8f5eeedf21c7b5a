use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use gitops_core::need::RepositoryNeed;
use gitops_core::{Answer, Digest, Need, Tree};
use gitops_git::{Access, FetchOptions, Location, Repository, RepositoryCache};

use crate::submodules::{self, WithSubmodules};
use crate::web::{Files, WebOptions};
use crate::{ProvideError, chart};

/// Submodules inside submodules.
const MAX_DEPTH: usize = 8;
/// Submodules of one repository.
const MAX_SUBMODULES: usize = 100;

/// Whether something may be used.
pub(crate) type Check<'a> = &'a (dyn Fn(&Need) -> Result<(), ProvideError> + Sync);

/// Gets repositories and files, and keeps what it got under one folder.
///
/// A commit that is there is not asked for again, nor is a file whose digest is known. It blocks, and can be shared
/// between threads and processes.
#[derive(Clone)]
pub struct Fetcher {
    repositories: Arc<RepositoryCache>,
    options: FetchOptions,
    files: Files,
}

impl Fetcher {
    /// Keeps what it gets in a folder, which is made when something is got.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        let repositories = Arc::new(RepositoryCache::new(directory.join("repositories")));
        Self { repositories, options: FetchOptions::new(), files: Files::new(directory.join("files")) }
    }

    /// With repositories of a cache that others use too.
    #[must_use]
    pub fn with_repositories(mut self, repositories: Arc<RepositoryCache>) -> Self {
        self.repositories = repositories;
        self
    }

    /// With other options for repositories. Revision and deadline come from what is needed.
    #[must_use]
    pub fn with_options(mut self, options: FetchOptions) -> Self {
        self.options = options;
        self
    }

    /// Asking repositories and servers as somebody says, each as the one that is to be for it. What callers got is kept apart.
    #[must_use]
    pub fn with_access(mut self, access: Arc<dyn Access>) -> Self {
        self.options.access = Some(Arc::clone(&access));
        self.files.access = Some(access);
        self
    }

    /// With other options for files.
    #[must_use]
    pub fn with_web(mut self, options: WebOptions) -> Self {
        self.files.options = options;
        self
    }

    /// The bytes of a file or of a chart's archive that was got before, by their digest.
    pub fn stored(&self, digest: &Digest) -> Option<bytes::Bytes> {
        self.files.stored(digest.as_str())
    }

    /// Removes files and indexes that callers got whose [group](gitops_git::Caller::group) is not among these. Repositories are their own
    /// cache's to remove ([`RepositoryCache::sweep`]).
    ///
    /// # Errors
    /// Where the folder cannot be read, or something cannot be removed.
    pub fn sweep(&self, keep: &BTreeSet<String>) -> io::Result<()> {
        self.files.sweep(keep)
    }

    /// Gets one thing; where its pin is known, exactly that. What it leads to is held to the rule as well.
    pub(crate) fn get(&self, need: &Need, pin: Option<&str>, rule: Check<'_>) -> Result<Answer, ProvideError> {
        match need {
            Need::Repository(repository) => {
                let answer = self.repository(need, repository, pin)?;
                if repository.submodules { self.with_submodules(need, answer, rule, 0) } else { Ok(answer) }
            }
            Need::File { url } => self.file(need, url, pin),
            Need::Chart(chart) => {
                chart::get(&self.files, chart, pin).map_err(|source| ProvideError::Chart { need: need.clone(), source })
            }
            other => Err(ProvideError::Unknown { need: other.clone() }),
        }
    }

    /// The same with the files of submodules in their places, at the commits that the repository names.
    fn with_submodules(
        &self,
        need: &Need,
        answer: Answer,
        rule: Check<'_>,
        depth: usize,
    ) -> Result<Answer, ProvideError> {
        let (Need::Repository(outer), Answer::Tree { tree, commit }) = (need, &answer) else { return Ok(answer) };
        let failed = |source| ProvideError::Tree { need: need.clone(), source };
        let submodules = submodules::of(tree.as_ref(), &outer.address).map_err(failed)?;
        if submodules.is_empty() {
            return Ok(answer);
        }
        if depth >= MAX_DEPTH || submodules.len() > MAX_SUBMODULES {
            return Err(ProvideError::TooMany { limit: MAX_SUBMODULES });
        }
        let mut modules: Vec<(_, Arc<dyn Tree>)> = Vec::with_capacity(submodules.len());
        for submodule in submodules {
            let mut wanted = RepositoryNeed::new(submodule.address);
            wanted.revision = submodule.commit;
            wanted.timeout = outer.timeout;
            let inner = Need::Repository(wanted.clone());
            rule(&inner)?;
            let got = self.repository(&inner, &wanted, Some(&wanted.revision))?;
            if let Answer::Tree { tree, .. } = self.with_submodules(&inner, got, rule, depth + 1)? {
                modules.push((submodule.path, tree));
            }
        }
        Ok(Answer::Tree { tree: Arc::new(WithSubmodules { tree: tree.clone(), modules }), commit: commit.clone() })
    }

    fn repository(&self, need: &Need, wanted: &RepositoryNeed, pin: Option<&str>) -> Result<Answer, ProvideError> {
        // A path without a scheme would be one of wherever this process was started.
        let local = matches!(Location::parse(&wanted.address), Ok(Location::Local(_)));
        if local && !wanted.address.starts_with("file://") {
            return Err(ProvideError::Unknown { need: need.clone() });
        }
        let mut options = self.options.clone();
        options.deadline = options.deadline.min(wanted.timeout);
        let fetch = |options: &FetchOptions| {
            self.repositories
                .open(&wanted.address, options)
                .map_err(|source| ProvideError::Repository { need: need.clone(), source })
        };
        if let Some(commit) = pin {
            let mut cached = options.clone();
            cached.offline = true;
            if let Some(answer) = fetch(&cached).ok().and_then(|repository| answer(need, &repository, commit).ok()) {
                return Ok(answer);
            }
        }
        let revision = match (pin, wanted.revision.as_str()) {
            (Some(commit), _) => commit,
            (None, "") => "HEAD",
            (None, revision) => revision,
        };
        answer(need, &fetch(&options.revision(revision))?, revision)
    }

    fn file(&self, need: &Need, url: &str, pin: Option<&str>) -> Result<Answer, ProvideError> {
        if let Some(answer) = pin.and_then(|pin| self.files.cached(pin)) {
            return Ok(answer);
        }
        let got = self.files.get(url).map_err(|source| ProvideError::File { need: need.clone(), source })?;
        let answer = got.map_or(Answer::NoFile, Answer::File);
        match pin {
            Some(pin) if pin != answer.pin() => {
                let named = |pin: &str| if pin.is_empty() { "none".into() } else { pin.to_owned() };
                Err(ProvideError::Changed { need: need.clone(), found: named(&answer.pin()), locked: named(pin) })
            }
            _ => {
                if let Answer::File(bytes) = &answer {
                    self.files.keep(&Digest::of(bytes), bytes);
                }
                Ok(answer)
            }
        }
    }
}

fn answer(need: &Need, repository: &Repository, revision: &str) -> Result<Answer, ProvideError> {
    let failed = |source| ProvideError::Revision { need: need.clone(), source };
    let commit = repository.resolve(revision).map_err(failed)?;
    let tree = repository.tree(commit.id).map_err(failed)?;
    Ok(Answer::Tree { tree, commit: commit.id.to_string() })
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Fetcher").field("repositories", &self.repositories).finish_non_exhaustive()
    }
}
