//! The first step: an Application and Git refs to commits and their trees, charts to versions and theirs.

use std::sync::Arc;

use gitops_core::api::{Application, ApplicationSource};
use gitops_core::need::ChartNeed;
use gitops_core::{Answer, Digest, Need, Tree};
use gitops_fetch::{Fetcher, LockFile, ProvideError, Session};
use gitops_git::{Commit, FetchError, FetchOptions, Location, Repository, RepositoryCache, ResolveError};
use thiserror::Error;

use crate::audit::CommitFacts;

/// An Application's sources, each at a commit.
#[derive(Debug)]
pub struct Resolved {
    /// In the order of the Application's sources.
    pub sources: Vec<ResolvedSource>,
}

/// One source at a commit, or a chart at a version.
pub struct ResolvedSource {
    /// The source.
    pub source: ApplicationSource,
    /// What its target revision names.
    pub resolution: Resolution,
    /// The revision that was asked for.
    pub revision: String,
    /// The files of the commit or chart.
    pub tree: Arc<dyn Tree>,
}

/// What a target revision names.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Resolution {
    /// A commit of a repository.
    Commit {
        /// The repository.
        repository: Box<Repository>,
        /// The commit.
        commit: Box<Commit>,
    },
    /// A version of a chart.
    Chart {
        /// The version.
        version: String,
        /// The digest of the chart's archive.
        digest: Digest,
    },
}

impl Resolved {
    /// The source that others name by this `ref`.
    pub(crate) fn reference(&self, name: &str) -> Option<&ResolvedSource> {
        self.sources.iter().find(|one| one.source.reference() == Some(name))
    }
}

impl std::fmt::Debug for ResolvedSource {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}@{}", self.source.repo_url, self.id())
    }
}

/// Why a source has no commit.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The Application names no source.
    #[error("spec.source: the application names no source")]
    NoSource,
    /// The source is a chart, and nothing gets charts.
    #[error("spec.source.chart: charts are not fetched here")]
    NoCharts,
    /// The chart is not to be had.
    #[error("cannot get the chart `{chart}` of `{address}`")]
    Chart {
        /// The chart's name.
        chart: String,
        /// The repository's address.
        address: String,
        /// Why.
        #[source]
        source: ProvideError,
    },
    /// The repository cannot be opened or fetched.
    #[error("cannot read the repository `{address}`")]
    Fetch {
        /// Its address.
        address: String,
        /// Why.
        #[source]
        source: FetchError,
    },
    /// The revision is unknown or cannot be read.
    #[error("cannot resolve `{revision}` in the repository `{address}`")]
    Revision {
        /// What was asked for.
        revision: String,
        /// The repository's address.
        address: String,
        /// Why.
        #[source]
        source: ResolveError,
    },
}

/// Resolves every source of an Application; `revision` takes the place of the first source's target revision.
/// Blocks while a repository is fetched.
///
/// # Errors
/// Where a repository, revision or chart is not to be had.
pub fn resolve(
    application: &Application,
    revision: Option<&str>,
    repositories: &RepositoryCache,
    options: &FetchOptions,
    fetcher: Option<&Fetcher>,
) -> Result<Resolved, SourceError> {
    let sources = application.sources();
    if sources.is_empty() {
        return Err(SourceError::NoSource);
    }
    let resolve = |(index, source): (usize, &ApplicationSource)| {
        let asked = revision.filter(|_| index == 0).or(source.target_revision());
        match source.chart() {
            Some(chart) => resolve_chart(source, chart, asked.unwrap_or_default(), fetcher),
            None => resolve_one(source, asked.unwrap_or("HEAD"), repositories, options),
        }
    };
    Ok(Resolved { sources: sources.iter().enumerate().map(resolve).collect::<Result<_, _>>()? })
}

/// Whether a source lies on this machine, so that no server is asked for it.
pub(crate) fn is_local(source: &ApplicationSource) -> bool {
    source.chart().is_none() && matches!(Location::parse(&source.repo_url), Ok(Location::Local(_)))
}

pub(crate) fn resolve_one(
    source: &ApplicationSource,
    revision: &str,
    repositories: &RepositoryCache,
    options: &FetchOptions,
) -> Result<ResolvedSource, SourceError> {
    let address = source.repo_url.as_str();
    let repository = repositories
        .open(address, &options.clone().revision(revision))
        .map_err(|source| SourceError::Fetch { address: address.into(), source })?;
    let failed = |source| SourceError::Revision { revision: revision.into(), address: address.into(), source };
    let commit = repository.resolve(revision).map_err(failed)?;
    let tree = repository.tree(commit.id).map_err(failed)?;
    let resolution = Resolution::Commit { repository: Box::new(repository), commit: Box::new(commit) };
    Ok(ResolvedSource { source: source.clone(), resolution, revision: revision.into(), tree })
}

/// A chart of a repository or, where the address has no scheme or `oci://`, of a registry, as Argo CD tells them apart.
pub(crate) fn resolve_chart(
    source: &ApplicationSource,
    chart: &str,
    revision: &str,
    fetcher: Option<&Fetcher>,
) -> Result<ResolvedSource, SourceError> {
    let fetcher = fetcher.ok_or(SourceError::NoCharts)?;
    let address = &source.repo_url;
    let scheme = if address.contains("://") { "" } else { "oci://" };
    let mut need = ChartNeed::new(format!("{scheme}{address}"), chart);
    need.version = revision.into();
    need.pass_credentials = source.helm.as_ref().and_then(|helm| helm.pass_credentials).unwrap_or_default();
    let need = Need::Chart(need);
    let mut session = Session::new(fetcher, LockFile::default());
    let failed = |source| SourceError::Chart { chart: chart.into(), address: address.clone(), source };
    session.provide(std::slice::from_ref(&need)).map_err(failed)?;
    let Some(Answer::Chart { tree, version, digest }) = session.provided().get(&need).cloned() else {
        return Err(SourceError::NoCharts);
    };
    let resolution = Resolution::Chart { version, digest };
    Ok(ResolvedSource { source: source.clone(), resolution, revision: revision.into(), tree })
}

impl ResolvedSource {
    /// What names the source's state: a commit's id, or a chart's version.
    pub fn id(&self) -> String {
        match &self.resolution {
            Resolution::Commit { commit, .. } => commit.id.to_string(),
            Resolution::Chart { version, .. } => version.clone(),
        }
    }

    /// The commit, where it is one.
    pub fn commit(&self) -> Option<&Commit> {
        match &self.resolution {
            Resolution::Commit { commit, .. } => Some(commit),
            Resolution::Chart { .. } => None,
        }
    }

    /// Its facts for the audit trail.
    pub fn facts(&self) -> CommitFacts {
        let (repository, id) = (self.source.repo_url.clone(), self.id());
        match &self.resolution {
            Resolution::Commit { commit, .. } => CommitFacts {
                repository,
                id,
                author: commit.author.to_string(),
                time: Some(commit.author_time),
                subject: commit.title().into(),
                signature: commit.signature.as_deref().map(signature_kind),
            },
            Resolution::Chart { version, digest } => {
                let chart = self.source.chart().unwrap_or_default();
                let subject = format!("chart {chart} {version} ({})", digest.short());
                CommitFacts { repository, id, author: String::new(), time: None, subject, signature: None }
            }
        }
    }
}

/// What kind of signature the armour names, such as `PGP` or `SSH`.
fn signature_kind(armour: &str) -> String {
    let first = armour.lines().next().unwrap_or_default();
    let kind = first.trim_matches('-').trim_start_matches("BEGIN ").trim_end_matches(" SIGNATURE").trim();
    if kind.is_empty() || kind.len() > 32 { "unknown".into() } else { kind.into() }
}

#[cfg(test)]
mod tests {
    use gitops_core::tree::pack;
    use gitops_fixtures::ChartRepository;

    use super::*;

    #[test]
    fn signatures_are_named_by_their_armour() {
        assert_eq!(signature_kind("-----BEGIN SSH SIGNATURE-----\nAAAA"), "SSH");
        assert_eq!(signature_kind("-----BEGIN PGP SIGNATURE-----\n"), "PGP");
        assert_eq!(signature_kind(""), "unknown");
    }

    #[test]
    fn what_lies_here_asks_no_server() {
        let at = |address: &str| is_local(&ApplicationSource::new(address));
        assert!(at("file:///srv/shop.git") && at("/srv/shop.git"));
        assert!(!at("https://git.example.com/shop.git") && !at("git@git.example.com:shop.git"));
        let mut chart = ApplicationSource::new("/srv/charts");
        chart.chart = Some("web".into());
        assert!(!is_local(&chart));
    }

    #[test]
    fn charts_are_resolved_to_their_version() {
        let place = tempfile::tempdir().unwrap();
        let mut application = Application::new("shop", Some("argocd".into()));
        let mut charts = ChartRepository::new().unwrap();
        for version in ["1.2.0", "2.0.0"] {
            let content = format!("apiVersion: v2\nname: web\nversion: {version}\n");
            charts.add("web", version, &pack("web", [("Chart.yaml", content.as_bytes())]).unwrap());
        }
        let mut source = ApplicationSource::new(charts.url());
        source.chart = Some("web".into());
        source.target_revision = Some("^1".into());
        application.spec.source = Some(source);
        let (cache, options) = (RepositoryCache::new(place.path()), FetchOptions::new());
        let fetcher = Fetcher::new(place.path());
        let resolved = resolve(&application, None, &cache, &options, Some(&fetcher)).unwrap();
        let one = &resolved.sources[0];
        assert_eq!((one.id().as_str(), one.revision.as_str(), one.commit().is_none()), ("1.2.0", "^1", true));
        assert!(one.facts().subject.starts_with("chart web 1.2.0 ("));
        let path = gitops_core::TreePath::new("Chart.yaml").unwrap();
        assert!(one.tree.stat(&path).unwrap().is_some());
        let none = resolve(&application, None, &cache, &options, None).unwrap_err();
        assert_eq!(none.to_string(), "spec.source.chart: charts are not fetched here");
    }
}
