//! An Application's status, in Argo CD's words and fields.

use std::collections::BTreeSet;

use gitops_apply::execute::{OutcomePhase, ResourceOutcome, TaskState};
use gitops_apply::health::{self, HealthStatus};
use gitops_apply::hook::{self, Role};
use gitops_apply::plan::StepAction;
use gitops_apply::{ApplyPlan, Outcome};
use gitops_core::annotations::COMPARE_OPTIONS;
use gitops_core::api::{
    Application, ApplicationHealth, ApplicationStatus, ApplicationSummary, ComparedTo, HealthStatus as ApiHealth,
    HookType, Operation, OperationInitiator, OperationPhase, OperationState, ResourceResult, ResourceStatus,
    ResultCode, SyncOperation, SyncOperationResult, SyncPhase, SyncStatus, SyncStatusCode, Time,
};
use gitops_core::{Object, ObjectId, ObjectRef, Timestamp, Value};

use crate::compare::Comparison;
use crate::reconcile::SyncRequest;

/// One resource of an Application as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Which.
    pub object: ObjectRef,
    /// Whether it is as the sources say.
    pub synced: bool,
    /// Whether the sources no longer have it.
    pub extra: bool,
    /// Whether it may be there beside what the sources say (`IgnoreExtraneous`).
    pub tolerated: bool,
    /// How it is; none where its kind has no health.
    pub health: Option<HealthStatus>,
    /// Why.
    pub message: String,
    /// Its sync wave.
    pub wave: i64,
}

/// Whether two states of an Application differ in more than the time of the look.
pub(crate) fn moved(before: Option<&ApplicationStatus>, after: Option<&ApplicationStatus>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return before.is_some() != after.is_some() };
    let mut timeless = after.clone();
    timeless.reconciled_at.clone_from(&before.reconciled_at);
    *before != timeless
}

/// Every resource: the desired ones, and the listed ones that are still there.
pub fn resources(comparison: &Comparison) -> Vec<Resource> {
    let made = comparison.desired.created_namespace.as_ref();
    let desired = comparison.desired.resources.iter().filter(|(id, _)| Some(*id) != made);
    let desired = desired.map(|(id, one)| {
        let synced = comparison.diffs.get(id).is_some_and(gitops_diff::ObjectDiff::is_same);
        resource(comparison, one.object.reference(), synced, false)
    });
    let listed: BTreeSet<&ObjectId> = comparison.extra().collect();
    let extra = listed.into_iter().filter(|id| comparison.live.get(id).is_some());
    let version = |id: &ObjectId| comparison.inventory.entries.get(id).map_or("", |entry| entry.version.as_str());
    let extra = extra.map(|id| resource(comparison, id.at_version(version(id)), false, true));
    desired.chain(extra).collect()
}

fn resource(comparison: &Comparison, object: ObjectRef, synced: bool, extra: bool) -> Resource {
    let live = comparison.live.get(&object.id);
    let (health, message) = match live {
        None => (Some(HealthStatus::Missing), String::new()),
        Some(live) => match health::health_by(live, comparison.checks.as_deref()) {
            None => (None, String::new()),
            Some(health) => (Some(health.status), health.message),
        },
    };
    let wanted = comparison.desired.resources.get(&object.id).map(|one| one.wave);
    let wave = wanted.or_else(|| live.map(hook::wave)).unwrap_or_default();
    let tolerates = |live: &Object| {
        let options = live.annotation(COMPARE_OPTIONS).unwrap_or_default();
        options.split(',').any(|option| option.trim() == "IgnoreExtraneous")
    };
    let tolerated = extra && live.is_some_and(tolerates);
    Resource { object, synced, extra, tolerated, health, message, wave }
}

/// The health of an Application: the worst of its resources.
pub fn overall(resources: &[Resource]) -> HealthStatus {
    health::worst(resources.iter().filter(|resource| !resource.extra).filter_map(|resource| resource.health))
}

/// Writes what a comparison says into an Application's status.
pub fn update(application: &mut Application, comparison: &Comparison, now: Timestamp) {
    let resources = resources(comparison);
    let spec = application.spec.clone();
    let several = spec.has_multiple_sources();
    let status = application.status.get_or_insert_with(ApplicationStatus::default);
    let revisions: Vec<String> = comparison.source.revisions.iter().map(|one| one.commit.clone()).collect();

    let synced = resources.iter().all(|resource| resource.synced || resource.tolerated);
    let mut sync = SyncStatus::default();
    sync.status = if synced { SyncStatusCode::Synced } else { SyncStatusCode::OutOfSync };
    let mut compared = ComparedTo::default();
    compared.destination = spec.destination.clone();
    compared.ignore_differences = spec.ignore_differences.clone();
    if several {
        compared.sources = Some(spec.sources().into_owned());
        sync.revisions = Some(revisions);
    } else {
        compared.source = spec.sources().first().cloned();
        sync.revision = revisions.into_iter().next();
    }
    sync.compared_to = Some(compared);
    status.sync = Some(sync);

    let overall = overall(&resources).to_string();
    let unchanged = status
        .health
        .as_ref()
        .is_some_and(|health| health.status.as_ref().is_some_and(|code| code.as_str() == overall));
    if !unchanged {
        let mut health = ApplicationHealth::default();
        health.status = Some(overall.into());
        health.last_transition_time = Some(Time(now));
        status.health = Some(health);
    }
    status.resources = Some(resources.iter().map(api_resource).collect());
    status.reconciled_at = Some(Time(now));
    status.controller_namespace = Some(comparison.target.application_namespace.clone());
    if several {
        status.source_types = Some(comparison.source_types.clone());
    } else {
        status.source_type = comparison.source_types.first().cloned();
    }
    status.conditions = None;
    let mut summary = ApplicationSummary::default();
    let images = images(comparison);
    summary.images = (!images.is_empty()).then(|| images.into_iter().collect());
    status.summary = Some(summary);
}

fn api_resource(resource: &Resource) -> ResourceStatus {
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut status = ResourceStatus::default();
    let id = &resource.object.id;
    status.group = filled(&id.group);
    status.version = filled(&resource.object.version);
    status.kind = filled(&id.kind);
    status.namespace = id.namespace.clone();
    status.name = filled(&id.name);
    status.status = Some(if resource.synced { SyncStatusCode::Synced } else { SyncStatusCode::OutOfSync });
    status.requires_pruning = resource.extra.then_some(true);
    status.sync_wave = (resource.wave != 0).then_some(resource.wave);
    status.health = resource.health.map(|code| {
        let mut health = ApiHealth::default();
        health.status = Some(code.to_string().into());
        health.message = filled(&resource.message);
        health
    });
    status
}

/// Images of all containers of the live objects, without duplicates.
fn images(comparison: &Comparison) -> BTreeSet<String> {
    let mut images = BTreeSet::new();
    for id in comparison.desired.resources.keys() {
        let Some(live) = comparison.live.get(id) else { continue };
        let template = live.get(&["spec", "template", "spec"]).or_else(|| live.get(&["spec"]));
        for list in ["containers", "initContainers"] {
            let containers = template.and_then(|template| template.get(list)).and_then(Value::as_array);
            let image = |container: &Value| container.get("image").and_then(Value::as_str).map(str::to_owned);
            images.extend(containers.into_iter().flatten().filter_map(image));
        }
    }
    images
}

/// Writes how an operation ended into an Application's status.
pub fn set_operation(
    application: &mut Application,
    comparison: &Comparison,
    plan: &ApplyPlan,
    outcome: &Outcome,
    (started, finished): (Timestamp, Timestamp),
    request: &SyncRequest,
) {
    let mut initiator = OperationInitiator::default();
    initiator.username = Some(request.initiator.clone()).filter(|_| request.automated.is_none());
    initiator.automated = request.automated.map(|_| true);
    let mut sync = SyncOperation::default();
    let count = |count: u32| (count > 0).then_some(i64::from(count));
    sync.self_heal_attempts_count = request.automated.and_then(|attempt| count(attempt.heals));
    sync.revision = comparison.source.revisions.first().map(|revision| revision.commit.clone());
    sync.prune = Some(plan.count(StepAction::Prune) > 0 || request.prune == Some(true)).filter(|prune| *prune);
    sync.sync_options = application.spec.sync_policy.as_ref().and_then(|policy| policy.sync_options.clone());
    let mut operation = Operation::default();
    operation.sync = Some(sync);
    operation.initiated_by = Some(initiator);
    operation.retry = application.spec.sync_policy.as_ref().and_then(|policy| policy.retry.clone());

    let mut result = SyncOperationResult::default();
    result.revision = comparison.source.revisions.first().map(|one| one.commit.clone()).unwrap_or_default();
    if application.spec.has_multiple_sources() {
        result.sources = Some(application.sources().into_owned());
        result.revisions = Some(comparison.source.revisions.iter().map(|one| one.commit.clone()).collect());
    } else {
        result.source = application.sources().first().cloned();
    }
    result.resources = Some(outcome.resources.iter().map(|one| api_result(one, comparison)).collect());

    let mut state = OperationState::default();
    state.operation = operation;
    state.phase = match outcome.phase {
        OutcomePhase::Succeeded => OperationPhase::Succeeded,
        OutcomePhase::Failed => OperationPhase::Failed,
        OutcomePhase::Error => OperationPhase::Error,
    };
    state.message = Some(outcome.message.clone());
    state.retry_count = request.automated.and_then(|attempt| count(attempt.retries));
    state.sync_result = Some(result);
    state.started_at = Time(started);
    state.finished_at = Some(Time(finished));
    application.status.get_or_insert_with(ApplicationStatus::default).operation_state = Some(state);
}

fn api_result(outcome: &ResourceOutcome, comparison: &Comparison) -> ResourceResult {
    let id = &outcome.object.id;
    let mut result = ResourceResult::default();
    result.group = id.group.clone();
    result.version = outcome.object.version.clone();
    result.kind = id.kind.clone();
    result.namespace = id.namespace.clone().unwrap_or_default();
    result.name = id.name.clone();
    result.message = Some(outcome.message.clone());
    result.sync_phase = Some(SyncPhase::from(outcome.phase.as_str()));
    let hook = comparison.desired.hooks.iter().any(|hook| matches!(hook.role, Role::Hook { .. }));
    if outcome.action == StepAction::Hook && hook {
        result.hook_type = Some(HookType::from(outcome.phase.as_str()));
        result.hook_phase = Some(match outcome.state {
            TaskState::Running => OperationPhase::Running,
            TaskState::Succeeded => OperationPhase::Succeeded,
            TaskState::Failed => OperationPhase::Failed,
            TaskState::Error => OperationPhase::Error,
        });
    }
    result.status = Some(ResultCode::from(outcome.status.to_string()));
    result
}
