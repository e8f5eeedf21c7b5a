//! Back to an earlier revision. The commit that is left is quarantined: it is not deployed again until another one takes
//! its place, so a rollback lives beside an automated policy.

use gitops_core::annotations::QUARANTINE;
use gitops_core::api::{Application, RevisionHistory};
use gitops_git::{CommitDetails, Person, Repository, RepositoryWriter, WriteError};
use thiserror::Error;

use crate::address;
use crate::applications::{ApplicationError, Applications};
use crate::audit::Action;
use crate::engine::Engine;
use crate::reconcile::{Observer, SyncError, SyncReport, SyncRequest};

/// Why there is no rollback.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RollbackError {
    /// Nothing was deployed before.
    #[error("application `{0}` has no earlier revision")]
    NoHistory(String),
    /// The history has no such entry.
    #[error("the history of application `{application}` has no id {id}")]
    UnknownId {
        /// The application.
        application: String,
        /// What was asked for.
        id: i64,
    },
    /// An application of several sources.
    #[error("application `{0}` has several sources, and these are not rolled back by this version")]
    SeveralSources(String),
    /// The sync failed.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The Application cannot be written.
    #[error(transparent)]
    Application(#[from] ApplicationError),
    /// The commit cannot be reverted here.
    #[error("the commit can be reverted in a repository on this machine only, and `{0}` is elsewhere")]
    NotLocal(String),
    /// The revert cannot be written.
    #[error("the revert of {commit} cannot be written")]
    Revert {
        /// The commit.
        commit: String,
        /// Why.
        #[source]
        source: WriteError,
    },
    /// The commit is not to be had.
    #[error("the commit {0} cannot be read")]
    Commit(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The commits that are not deployed.
pub fn quarantined(application: &Application) -> Vec<String> {
    let list = application.metadata.annotation(QUARANTINE).unwrap_or_default();
    list.split(',').map(str::trim).filter(|commit| !commit.is_empty()).map(Into::into).collect()
}

/// The entry of an id, or the last but one.
///
/// # Errors
/// Where there is none.
pub fn entry(application: &Application, id: Option<i64>) -> Result<RevisionHistory, RollbackError> {
    let name = || application.name().to_owned();
    let history = application.status.as_ref().and_then(|status| status.history.as_deref()).unwrap_or_default();
    let found = match id {
        Some(id) => {
            history.iter().find(|entry| entry.id == id).ok_or(RollbackError::UnknownId { application: name(), id })?
        }
        None => history.iter().rev().nth(1).ok_or_else(|| RollbackError::NoHistory(name()))?,
    };
    if found.revision.is_none() {
        return Err(RollbackError::SeveralSources(name()));
    }
    Ok(found.clone())
}

impl Engine {
    /// Deploys an earlier revision and quarantines the one that is deployed now. Gives the commit that was left, too.
    ///
    /// # Errors
    /// Where there is no such revision, or the sync does not happen.
    pub async fn rollback(
        &self,
        application: &Application,
        id: Option<i64>,
        mut request: SyncRequest,
        observer: Observer<'_>,
    ) -> Result<(SyncReport, Option<String>), RollbackError> {
        let target = entry(application, id)?;
        let revision = target.revision.clone().unwrap_or_default();
        let left = deployed(application).filter(|commit| *commit != revision);
        let mut commits: Vec<String> = quarantined(application).into_iter().filter(|one| *one != revision).collect();
        commits.extend(left.clone().filter(|commit| !commits.contains(commit)));
        let mut earlier = Applications::of(self.cluster.as_ref()).set_quarantine(application, &commits).await?;
        earlier.status.clone_from(&application.status);
        if let Some(source) = target.source {
            earlier.spec.source = Some(source);
        }
        request.compare.revision = Some(revision);
        request.action = Action::Rollback;
        let report = self.sync(&earlier, &request, observer).await?;
        Ok((report, left))
    }

    /// Writes the revert of a commit onto the branch that an Application tracks, and gives its id.
    ///
    /// # Errors
    /// Where the repository is elsewhere, the branch is no branch, or the revert conflicts.
    pub fn revert(&self, application: &Application, commit: &str, author: Person) -> Result<String, RollbackError> {
        let sources = application.sources();
        let source = sources.first().ok_or_else(|| RollbackError::NoHistory(application.name().into()))?;
        let address = &source.repo_url;
        let path = address::local_path(address).ok_or_else(|| RollbackError::NotLocal(address.clone()))?;
        let unreadable = |error: Box<dyn std::error::Error + Send + Sync>| RollbackError::Commit(commit.into(), error);
        let repository = Repository::open(&path).map_err(|error| unreadable(error.into()))?;
        let bad = repository.resolve(commit).map_err(|error| unreadable(error.into()))?;
        let tracked = source.target_revision().unwrap_or("HEAD");
        let branch = repository.resolve(tracked).map_err(|error| unreadable(error.into()))?.ref_name;
        let branch = branch.as_deref().and_then(|name| name.strip_prefix("refs/heads/")).unwrap_or(tracked).to_owned();
        let details = CommitDetails::reverting(&bad, author, self.clock.now());
        let failed = |source| RollbackError::Revert { commit: commit.into(), source };
        let writer = RepositoryWriter::open(&path).map_err(failed)?;
        Ok(writer.revert(bad.id, &branch, &details).map_err(failed)?.id.to_string())
    }
}

/// The commit that is deployed now: the last of the history, or the one of the last operation that tried another.
fn deployed(application: &Application) -> Option<String> {
    let status = application.status.as_ref()?;
    let tried = status.operation_state.as_ref().and_then(|state| state.sync_result.as_ref());
    let last = status.history.as_ref().and_then(|history| history.last()?.revision.clone());
    tried.map(|result| result.revision.clone()).filter(|commit| !commit.is_empty()).or(last)
}
