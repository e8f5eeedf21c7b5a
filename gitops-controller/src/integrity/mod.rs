//! Whether what is to be deployed was signed by who an AppProject says (Argo CD's `sourceIntegrity` and `signatureKeys`).
//!
//! It is asked between resolving and rendering, so that nothing is made of what nobody answers for. [`keys`] reads the keys,
//! [`check`] looks at a commit, its tag or its history.

mod check;
mod keys;

use std::sync::Arc;

use gitops_core::Timestamp;
use gitops_core::cluster::ClusterError;
use gitops_git::{FetchError, FetchOptions, RepositoryCache, ResolveError};
use gitops_policy::Project;
use gitops_policy::project::{IntegrityError as RuleError, required_signatures, source_integrity};
use thiserror::Error;

use crate::engine::Engine;
use crate::resolve::{Resolution, ResolvedSource};
use check::{Check, Stopped};
pub(crate) use keys::KeptRing;
use keys::Ring;
pub use keys::{GPG_KEYS, SSH_SIGNERS};

/// What Argo CD calls the check.
const CHECK: &str = "GIT/GPG";

/// Why it is not known that a source is what somebody signed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IntegrityError {
    /// Something is not signed as it has to be; each problem in Argo CD's words.
    #[error("{}", .0.join("\n"))]
    Unverified(Vec<String>),
    /// The project does not say what has to be signed in a way that can be followed.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A commit or tag cannot be read.
    #[error("the signatures of the repository `{address}` cannot be verified")]
    Unreadable {
        /// The repository.
        address: String,
        /// Why.
        #[source]
        source: ResolveError,
    },
    /// The history cannot be fetched.
    #[error("the history of the repository `{address}` cannot be fetched, whose signatures are to be verified")]
    Fetch {
        /// The repository.
        address: String,
        /// Why.
        #[source]
        source: FetchError,
    },
    /// The tag names another commit than the one that was resolved.
    #[error("the tag `{tag}` moved while it was looked at")]
    Moved {
        /// The tag.
        tag: String,
    },
    /// There are too many commits.
    #[error(
        "more than {limit} commits would have to be verified: seal the history with a signed commit (`Argocd-gpg-seal`)"
    )]
    TooLong {
        /// So many are looked at.
        limit: usize,
    },
}

/// What verifying needs, put together before anything blocks.
pub(crate) struct Demand {
    project: Project,
    ring: Arc<Ring>,
    now: Timestamp,
}

impl Engine {
    /// What a project demands of the signatures of an Application's sources; none where it demands nothing.
    ///
    /// # Errors
    /// Where the cluster fails.
    pub(crate) async fn demand(&self, project: &Project) -> Result<Option<Demand>, ClusterError> {
        if project.found().and_then(source_integrity).is_none() {
            return Ok(None);
        }
        let ring = self.ring().await?;
        Ok(Some(Demand { project: project.clone(), ring, now: self.clock.now() }))
    }

    async fn ring(&self) -> Result<Arc<Ring>, ClusterError> {
        // Who may not read keys knows none.
        Ok(self.rings.of(&[self.config_map(GPG_KEYS).await?, self.config_map(SSH_SIGNERS).await?]))
    }
}

impl Demand {
    /// Looks at every source that is a commit. Blocks while history is fetched.
    pub(crate) fn verify(
        &self,
        sources: &[ResolvedSource],
        repositories: &RepositoryCache,
        fetch: &FetchOptions,
    ) -> Result<(), IntegrityError> {
        let Some(integrity) = self.project.found().and_then(source_integrity) else { return Ok(()) };
        let mut problems = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            let Resolution::Commit { repository, commit } = &source.resolution else { continue };
            let address = source.source.repo_url.as_str();
            let Some(required) = required_signatures(&integrity, address)? else { continue };
            let check = Check { repository, ring: &self.ring, required, now: self.now };
            let mut found = check.problems(commit);
            // What was fetched may be the commit alone.
            if required.history && matches!(found, Err(Stopped::Resolve(ResolveError::UnknownCommit { .. }))) {
                let mut whole = fetch.clone();
                whole.revision = None;
                let whole = repositories.open(address, &whole);
                let repository = whole.map_err(|source| IntegrityError::Fetch { address: address.into(), source })?;
                found = Check { repository: &repository, ..check }.problems(commit);
            }
            let found = found.map_err(|stopped| stopped.at(address))?;
            let of = match &source.source.name {
                _ if sources.len() == 1 => String::new(),
                Some(name) if !name.is_empty() => format!("source {name}: "),
                _ => format!("source {} of {}: ", index + 1, sources.len()),
            };
            problems.extend(found.iter().map(|problem| format!("{CHECK}: {of}{problem}")));
        }
        if problems.is_empty() { Ok(()) } else { Err(IntegrityError::Unverified(problems)) }
    }
}

#[cfg(test)]
pub(crate) mod tests;
