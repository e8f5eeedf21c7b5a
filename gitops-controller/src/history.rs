//! The revisions that were deployed.

use gitops_apply::plan::PlanSource;
use gitops_core::Timestamp;
use gitops_core::api::{Application, ApplicationStatus, OperationInitiator, RevisionHistory, Time};

use crate::compare::Comparison;
use crate::reconcile::SyncRequest;

/// Whether the last deployed revision is this one.
pub fn is_current(application: &Application, source: &PlanSource) -> bool {
    let history = application.status.as_ref().and_then(|status| status.history.as_deref()).unwrap_or_default();
    let Some(last) = history.last() else { return false };
    let commits: Vec<&str> = source.revisions.iter().map(|revision| revision.commit.as_str()).collect();
    match (&last.revision, &last.revisions) {
        (Some(revision), _) => commits == [revision.as_str()],
        (None, Some(revisions)) => commits == revisions.iter().map(String::as_str).collect::<Vec<_>>(),
        (None, None) => false,
    }
}

/// Adds what was deployed, and forgets what lies beyond the limit.
pub(crate) fn push(
    application: &mut Application,
    comparison: &Comparison,
    (started, finished): (Timestamp, Timestamp),
    request: &SyncRequest,
) {
    let limit = usize::try_from(application.spec.revision_history_limit()).unwrap_or_default();
    let (several, sources) = (application.spec.has_multiple_sources(), application.sources().into_owned());
    let history = application.status.get_or_insert_with(ApplicationStatus::default).history.get_or_insert_default();
    let mut who = OperationInitiator::default();
    who.username = Some(request.initiator.clone()).filter(|_| request.automated.is_none());
    who.automated = request.automated.map(|_| true);
    let mut entry = RevisionHistory::default();
    entry.id = history.last().map_or(0, |last| last.id + 1);
    entry.deployed_at = Time(finished);
    entry.deploy_started_at = Some(Time(started));
    entry.initiated_by = Some(who);
    let commits: Vec<String> = comparison.source.revisions.iter().map(|revision| revision.commit.clone()).collect();
    if several {
        entry.sources = Some(sources);
        entry.revisions = Some(commits);
    } else {
        entry.source = sources.into_iter().next();
        entry.revision = commits.into_iter().next();
    }
    history.push(entry);
    let surplus = history.len().saturating_sub(limit.max(1));
    history.drain(..surplus);
}
