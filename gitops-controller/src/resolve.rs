//! The first step: an Application and Git refs to commits and their trees.

use std::sync::Arc;

use gitops_core::Tree;
use gitops_core::api::{Application, ApplicationSource};
use gitops_git::{Commit, FetchError, FetchOptions, Repository, RepositoryCache, ResolveError};
use thiserror::Error;

use crate::audit::CommitFacts;

/// An Application's sources, each at a commit.
#[derive(Debug)]
pub struct Resolved {
    /// In the order of the Application's sources.
    pub sources: Vec<ResolvedSource>,
}

/// One source at a commit.
pub struct ResolvedSource {
    /// The source.
    pub source: ApplicationSource,
    /// The repository.
    pub repository: Repository,
    /// The commit that its target revision names.
    pub commit: Commit,
    /// The revision that was asked for.
    pub revision: String,
    /// The commit's files.
    pub tree: Arc<dyn Tree>,
}

impl std::fmt::Debug for ResolvedSource {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}@{}", self.source.repo_url, self.commit.id)
    }
}

/// Why a source has no commit.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The Application names no source.
    #[error("spec.source: the application names no source")]
    NoSource,
    /// The source is a chart.
    #[error("spec.source.chart: charts of a Helm repository are not supported by this version")]
    Chart,
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
/// Where a repository or revision is not to be had.
pub fn resolve(
    application: &Application,
    revision: Option<&str>,
    repositories: &RepositoryCache,
    options: &FetchOptions,
) -> Result<Resolved, SourceError> {
    let sources = application.sources();
    if sources.is_empty() {
        return Err(SourceError::NoSource);
    }
    let resolve = |(index, source): (usize, &ApplicationSource)| {
        let asked = revision.filter(|_| index == 0).or(source.target_revision()).unwrap_or("HEAD");
        resolve_one(source, asked, repositories, options)
    };
    Ok(Resolved { sources: sources.iter().enumerate().map(resolve).collect::<Result<_, _>>()? })
}

fn resolve_one(
    source: &ApplicationSource,
    revision: &str,
    repositories: &RepositoryCache,
    options: &FetchOptions,
) -> Result<ResolvedSource, SourceError> {
    if source.chart().is_some() {
        return Err(SourceError::Chart);
    }
    let address = source.repo_url.as_str();
    let repository = repositories
        .open(address, &options.clone().revision(revision))
        .map_err(|source| SourceError::Fetch { address: address.into(), source })?;
    let failed = |source| SourceError::Revision { revision: revision.into(), address: address.into(), source };
    let commit = repository.resolve(revision).map_err(failed)?;
    let tree = repository.tree(commit.id).map_err(failed)?;
    let (source, revision) = (source.clone(), revision.to_owned());
    Ok(ResolvedSource { source, repository, commit, revision, tree })
}

impl ResolvedSource {
    /// The commit's facts for the audit trail.
    pub fn facts(&self) -> CommitFacts {
        CommitFacts {
            repository: self.source.repo_url.clone(),
            id: self.commit.id.to_string(),
            author: self.commit.author.to_string(),
            time: self.commit.author_time,
            subject: self.commit.title().into(),
            signature: self.commit.signature.as_deref().map(signature_kind),
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
    use super::*;

    #[test]
    fn signatures_are_named_by_their_armour() {
        assert_eq!(signature_kind("-----BEGIN SSH SIGNATURE-----\nAAAA"), "SSH");
        assert_eq!(signature_kind("-----BEGIN PGP SIGNATURE-----\n"), "PGP");
        assert_eq!(signature_kind(""), "unknown");
    }
}
