//! The sources of Applications at a commit: each thing that lies elsewhere is looked up once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gitops_core::Tree;
use gitops_core::api::{Application, ApplicationSource};
use gitops_git::{Commit, Location};

use super::Previewer;
use crate::address::comparable;
use crate::causes::chain;
use crate::resolve::{Resolution, Resolved, ResolvedSource, SourceError, resolve_chart, resolve_one};

/// What names a source beside its options: repository, chart, revision.
type Place = (String, Option<String>, String, bool);
type Slot = Arc<OnceLock<Result<Arc<ResolvedSource>, String>>>;

/// Sources that were looked up.
pub(super) struct Sources<'p> {
    previewer: &'p Previewer,
    known: Mutex<HashMap<Place, Slot>>,
}

impl<'p> Sources<'p> {
    pub(super) fn new(previewer: &'p Previewer) -> Self {
        Self { previewer, known: Mutex::default() }
    }

    /// The sources of an Application at a commit, and which of them follow it.
    pub(super) fn resolve(
        &self,
        application: &Application,
        commit: &Commit,
        tree: &Arc<dyn Tree>,
    ) -> Result<(Resolved, Vec<bool>), String> {
        let mut resolved = Vec::new();
        let mut follows = Vec::new();
        for source in application.sources().iter() {
            let following = self.follows(source);
            follows.push(following);
            resolved.push(if following {
                let repository = Box::new(self.previewer.repository.clone());
                let resolution = Resolution::Commit { repository, commit: Box::new(commit.clone()) };
                let revision = source.target_revision().unwrap_or("HEAD").to_owned();
                ResolvedSource { source: source.clone(), resolution, revision, tree: Arc::clone(tree) }
            } else {
                let found = self.elsewhere(source)?;
                let (resolution, revision) = (found.resolution.clone(), found.revision.clone());
                ResolvedSource { source: source.clone(), resolution, revision, tree: Arc::clone(&found.tree) }
            });
        }
        if resolved.is_empty() {
            return Err(chain(&SourceError::NoSource));
        }
        Ok((Resolved { sources: resolved }, follows))
    }

    /// The files of a repository at a revision, which are those of the commit at hand where it is meant.
    pub(super) fn tree(&self, address: &str, revision: &str, here: &Arc<dyn Tree>) -> Result<Arc<dyn Tree>, String> {
        let mut source = ApplicationSource::new(address);
        source.target_revision = Some(revision.to_owned()).filter(|revision| !revision.is_empty());
        if self.follows(&source) { Ok(Arc::clone(here)) } else { Ok(Arc::clone(&self.elsewhere(&source)?.tree)) }
    }

    /// Whether a source is what the commit at hand has.
    fn follows(&self, source: &ApplicationSource) -> bool {
        let revision = source.target_revision().unwrap_or("HEAD");
        let revision = revision.strip_prefix("refs/heads/").unwrap_or(revision);
        source.chart().is_none()
            && self.is_own(&source.repo_url)
            && (revision == "HEAD" || self.previewer.branches.iter().any(|branch| branch == revision))
    }

    fn is_own(&self, address: &str) -> bool {
        let relative = !address.starts_with("file://")
            && matches!(Location::parse(address), Ok(Location::Local(path)) if path.is_relative());
        let known = || self.previewer.addresses.iter().any(|own| comparable(own) == comparable(address));
        relative || known() || self.is_here(address)
    }

    /// Whether an address of this machine is the repository's folder.
    fn is_here(&self, address: &str) -> bool {
        let Ok(Location::Local(path)) = Location::parse(address) else { return false };
        let repository = &self.previewer.repository;
        let real = |path: &Path| path.canonicalize().ok();
        let here = [repository.work_tree(), Some(repository.git_dir())];
        real(&path).is_some_and(|path| here.into_iter().flatten().any(|here| real(here).as_ref() == Some(&path)))
    }

    fn elsewhere(&self, source: &ApplicationSource) -> Result<Arc<ResolvedSource>, String> {
        let pass = source.helm.as_ref().and_then(|helm| helm.pass_credentials).unwrap_or_default();
        let revision = source.target_revision().unwrap_or_default().to_owned();
        let place = (source.repo_url.clone(), source.chart().map(str::to_owned), revision, pass);
        let slot = Arc::clone(self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_default());
        slot.get_or_init(|| self.look_up(source).map(Arc::new)).clone()
    }

    fn look_up(&self, source: &ApplicationSource) -> Result<ResolvedSource, String> {
        let Previewer { repositories, fetch, fetcher, repository, .. } = self.previewer;
        let revision = source.target_revision().unwrap_or_default();
        if let Some(chart) = source.chart() {
            return resolve_chart(source, chart, revision, fetcher.as_ref()).map_err(|error| chain(&error));
        }
        let revision = if revision.is_empty() { "HEAD" } else { revision };
        if !self.is_own(&source.repo_url) {
            return resolve_one(source, revision, repositories, fetch).map_err(|error| chain(&error));
        }
        let address = || source.repo_url.clone();
        let failed = |source| chain(&SourceError::Revision { revision: revision.into(), address: address(), source });
        let commit = repository.resolve(revision).map_err(failed)?;
        let tree = repository.tree(commit.id).map_err(failed)?;
        let resolution = Resolution::Commit { repository: Box::new(repository.clone()), commit: Box::new(commit) };
        Ok(ResolvedSource { source: source.clone(), resolution, revision: revision.into(), tree })
    }
}
