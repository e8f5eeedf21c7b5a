//! The last step, and what is kept of it.

use futures::future::pending;
use gitops_apply::drive::{Signals, Surroundings, drive_with};
use gitops_apply::execute::ResourceStatus;
use gitops_apply::{ApplyPlan, Approved, Execution, Inventory, Outcome};
use gitops_core::Timestamp;
use gitops_core::annotations::REFRESH;
use gitops_core::api::Application;

use crate::applications::Applications;
use crate::approval::confirmation;
use crate::audit::{ObjectChange, Record};
use crate::compare::Comparison;
use crate::engine::Engine;
use crate::reconcile::{Observer, SyncError, SyncEvent, SyncReport, SyncRequest};
use crate::{history, status};

/// Carries out an approved plan: how it ended, and the inventory as it is then.
pub(crate) async fn execute(
    engine: &Engine,
    approved: Approved,
    comparison: &Comparison,
    request: &SyncRequest,
    observer: Observer<'_>,
) -> (Outcome, Inventory) {
    let settings = engine.conduct.settings(approved.plan(), request.wait, comparison.checks.clone());
    let inventory = comparison.inventory.clone();
    let now = engine.clock.now();
    let waits = approved.plan().steps().any(|step| step.unconfirmed);
    let (execution, actions) =
        Execution::start(approved, &comparison.desired, &comparison.live, inventory, settings, now);
    let context = comparison.context();
    let namespace = comparison.target.application_namespace.as_str();
    let (clock, timer) = (engine.clock.as_ref(), engine.timer.as_ref());
    let mut around = Surroundings::new(comparison.tenant.0.as_ref(), clock, timer, namespace, &context);
    around.control = engine.cluster.as_ref();
    let mut watch = |progress: &gitops_apply::Progress| observer(SyncEvent::Progress(progress));
    let signals =
        Signals { stop: late(engine, request.deadline), confirmed: confirmation(engine, waits, comparison, now) };
    drive_with(execution, actions, around, &mut watch, signals).await
}

/// Ends at this moment; never where there is none.
async fn late(engine: &Engine, deadline: Option<Timestamp>) {
    match deadline {
        None => pending().await,
        Some(at) if at <= engine.clock.now() => {}
        Some(at) => engine.timer.sleep_until(at).await,
    }
}

impl Engine {
    /// Writes status, history and audit trail, and reports.
    pub(crate) async fn conclude(
        &self,
        application: &Application,
        comparison: Comparison,
        plan: ApplyPlan,
        (started, outcome): (Timestamp, Outcome),
        request: &SyncRequest,
    ) -> Result<SyncReport, SyncError> {
        let did_nothing = plan.is_empty();
        let mut synced = application.clone();
        let now = self.clock.now();
        let resources = status::update(&mut synced, &comparison, now);
        if !did_nothing || !history::is_current(&synced, &comparison.source) {
            status::set_operation(&mut synced, &comparison, &plan, &outcome, (started, now), request);
            if outcome.phase == gitops_apply::execute::OutcomePhase::Succeeded && request.only.is_empty() {
                history::push(&mut synced, &comparison, (started, now), request);
            }
        }
        if !did_nothing {
            self.journal.append(&record(&synced, &comparison, &plan, &outcome, now, request))?;
        }
        let mut saved = synced;
        let refreshed = application.metadata.annotation(REFRESH).is_some();
        if !did_nothing || refreshed || status::moved(application.status.as_ref(), saved.status.as_ref()) {
            let mut written =
                Applications::of(self.cluster.as_ref()).set_status(&saved, application.status.as_ref()).await?;
            written.status = saved.status;
            saved = written;
        }
        let outcome = (!did_nothing).then_some(outcome);
        Ok(SyncReport { warnings: plan.warnings.clone(), plan, outcome, resources, application: saved })
    }
}

fn record(
    application: &Application,
    comparison: &Comparison,
    plan: &ApplyPlan,
    outcome: &Outcome,
    now: Timestamp,
    request: &SyncRequest,
) -> Record {
    let steps: std::collections::BTreeMap<u32, _> = plan.steps().map(|step| (step.number, step)).collect();
    let change = |result: &gitops_apply::execute::ResourceOutcome| ObjectChange {
        object: result.object.clone(),
        verb: result.action.as_str().into(),
        result: match result.state.is_failure() {
            true => ResourceStatus::SyncFailed.to_string(),
            false => result.status.to_string(),
        },
        fields: steps
            .get(&result.step)
            .map_or_else(Vec::new, |step| step.change.iter().map(|field| field.path.to_string()).collect()),
    };
    Record {
        time: now,
        application: format!("{}/{}", comparison.target.application_namespace, application.name()),
        action: request.action,
        initiator: request.initiator.clone(),
        commits: comparison.resolved.sources.iter().map(crate::resolve::ResolvedSource::facts).collect(),
        digest: Some(comparison.source.digest.clone()),
        outcome: outcome.phase.as_str().into(),
        message: outcome.message.clone(),
        changes: outcome.resources.iter().map(change).collect(),
    }
}
