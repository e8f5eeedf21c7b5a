//! A sync that is not begun since the cluster does not know a kind. As in Argo CD (`getSyncTasks`, gitops-engine, pkg/sync,
//! v3.5), its operation fails with a result for each such object.

use std::collections::BTreeSet;

use futures::future::BoxFuture;
use gitops_apply::execute::{OutcomePhase, ResourceOutcome, ResourceStatus, TaskState};
use gitops_apply::hook::Phase;
use gitops_apply::plan::{StepAction, VERSION};
use gitops_apply::{ApplyPlan, Outcome};
use gitops_core::ObjectRef;
use gitops_core::api::Application;
use gitops_core::cluster::Discovery;

use crate::applications::Applications;
use crate::compare::{CompareError, Comparison};
use crate::engine::Engine;
use crate::reconcile::{SyncError, SyncReport, SyncRequest};
use crate::status;

impl Engine {
    /// Writes that a sync failed since these objects are of kinds that nobody knows, and reports. Its state is large and lies apart so
    /// that it does not fill the stack.
    pub(crate) fn conclude_invalid<'a>(
        &'a self,
        application: &'a Application,
        comparison: Comparison,
        unknown: Vec<ObjectRef>,
        request: &'a SyncRequest,
    ) -> BoxFuture<'a, Result<SyncReport, SyncError>> {
        Box::pin(async move { self.write_invalid(application, comparison, &unknown, request).await })
    }

    async fn write_invalid(
        &self,
        application: &Application,
        comparison: Comparison,
        unknown: &[ObjectRef],
        request: &SyncRequest,
    ) -> Result<SyncReport, SyncError> {
        let served = comparison.place.cluster.discover().await.map_err(CompareError::Cluster)?;
        let (plan, outcome) = (nothing(&comparison, request), outcome(unknown, &served));
        let mut failed = application.clone();
        let now = self.clock.now();
        let resources = status::update(&mut failed, &comparison, now);
        let started = request.started.unwrap_or(now);
        status::set_operation(&mut failed, &comparison, &plan, &outcome, (started, now), request);
        // None of them was begun.
        let state = failed.status.iter_mut().flat_map(|status| &mut status.operation_state);
        let results = state.flat_map(|state| &mut state.sync_result).flat_map(|result| &mut result.resources);
        results.flatten().for_each(|result| result.hook_phase = None);
        let applications = Applications::of(self.cluster.as_ref());
        let mut saved = applications.set_status(&failed, application.status.as_ref()).await?;
        saved.status = failed.status;
        let warnings = comparison.warnings;
        Ok(SyncReport { plan, outcome: Some(outcome), resources, warnings, application: saved })
    }
}

/// The plan of a sync that does nothing.
fn nothing(comparison: &Comparison, request: &SyncRequest) -> ApplyPlan {
    ApplyPlan {
        version: VERSION,
        source: comparison.source.clone(),
        target: comparison.target.clone(),
        phases: Vec::new(),
        kept: Vec::new(),
        unchanged: 0,
        budget: None,
        partial: !request.only.is_empty(),
        deletion: false,
        warnings: Vec::new(),
    }
}

fn outcome(unknown: &[ObjectRef], served: &Discovery) -> Outcome {
    let one = |object: &ObjectRef| ResourceOutcome {
        object: object.clone(),
        action: StepAction::Create,
        phase: Phase::Sync,
        status: ResourceStatus::SyncFailed,
        state: TaskState::Failed,
        message: words(object, served),
        trouble: None,
        step: 0,
    };
    let resources: Vec<_> = unknown.iter().map(one).collect();
    let reasons: BTreeSet<&str> = resources.iter().map(|one| one.message.as_str()).collect();
    let reasons = reasons.into_iter().collect::<Vec<_>>().join("; ");
    let message = format!("one or more synchronization tasks are not valid: {reasons}");
    Outcome { phase: OutcomePhase::Failed, message, resources, terminated: false }
}

/// What Kubernetes' own client says of a kind that is not served.
fn words(object: &ObjectRef, served: &Discovery) -> String {
    let gvk = object.gvk();
    let version = gvk.api_version();
    if !served.all().any(|one| one.gvk.api_version() == version) {
        return format!("failed to discover server resources for group version {version}: {version} \"\" not found");
    }
    match gvk.group.as_str() {
        "" => format!("{} \"\" not found", gvk.kind),
        group => format!("{}.{group} \"\" not found", gvk.kind),
    }
}
