//! An Application's status, in Argo CD's words and fields.

use std::collections::BTreeSet;

use gitops_apply::execute::{OutcomePhase, ResourceOutcome, TaskState};
use gitops_apply::health::{self, HealthStatus};
use gitops_apply::hook::{self, Role};
use gitops_apply::plan::StepAction;
use gitops_apply::{ApplyPlan, Outcome};
use gitops_core::annotations::COMPARE_OPTIONS;
use gitops_core::api::{
    Application, ApplicationCondition, ApplicationConditionType, ApplicationHealth, ApplicationSource,
    ApplicationStatus, ApplicationSummary, ComparedTo, HealthStatus as ApiHealth, HookType, Operation,
    OperationInitiator, OperationPhase, OperationState, ResourceHealthLocation, ResourceResult, ResourceStatus,
    ResultCode, SyncOperation, SyncOperationResult, SyncPhase, SyncStatus, SyncStatusCode, Time,
};
use gitops_core::{Object, ObjectId, ObjectRef, Timestamp, Value};
use gitops_policy::project::DESTINATIONS;

use crate::compare::{Comparison, control_namespace};
use crate::left_hooks::LeftHook;
use crate::operator::automated_retry;
use crate::reconcile::SyncRequest;
use crate::retrying;

/// One resource of an Application as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Which.
    pub object: ObjectRef,
    /// Whether it is as the sources say.
    pub synced: bool,
    /// Whether the sources no longer have it.
    pub extra: bool,
    /// Whether the project allows its kind.
    pub permitted: bool,
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
    let forbidden = comparison.forbidden.get(&object.id);
    let permitted = forbidden.is_none_or(|violation| violation.rule == DESTINATIONS);
    let tolerated = extra && live.is_some_and(tolerates);
    Resource { object, synced, extra, permitted, tolerated, health, message, wave }
}

/// The health of an Application: the worst of its resources.
pub fn overall(resources: &[Resource]) -> HealthStatus {
    health::worst(resources.iter().filter(|resource| !resource.extra).filter_map(|resource| resource.health))
}

/// Writes what a comparison says into an Application's status; it gives the resources that it says it of.
pub fn update(application: &mut Application, comparison: &Comparison, now: Timestamp) -> Vec<Resource> {
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
    sync.compared_to = Some(Box::new(compared));
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
    let listed = listed(&resources, comparison);
    status.resources = Some(listed).filter(|listed| !listed.is_empty());
    status.resource_health_source = (!comparison.keeps_health).then_some(ResourceHealthLocation::AppTree);
    status.reconciled_at = Some(Time(now));
    status.controller_namespace = Some(comparison.target.application_namespace.clone());
    if several {
        status.source_types = Some(comparison.source_types.clone());
    } else {
        status.source_type = comparison.source_types.first().cloned();
    }
    status.conditions = conditions(status.conditions.as_deref(), &comparison.conditions, now);
    let images: Vec<String> = comparison.images().into_iter().collect();
    if !images.is_empty() || status.summary.is_some() {
        let mut summary = ApplicationSummary::default();
        summary.images = Some(images).filter(|images| !images.is_empty());
        status.summary = Some(summary);
    }
    resources
}

/// The conditions of an Application. One that said the same before keeps its time.
pub(crate) fn conditions(
    before: Option<&[ApplicationCondition]>,
    wanted: &[(ApplicationConditionType, String)],
    now: Timestamp,
) -> Option<Vec<ApplicationCondition>> {
    let one = |(kind, message): &(ApplicationConditionType, String)| {
        let same = |one: &&ApplicationCondition| one.condition_type == *kind && one.message == *message;
        before.unwrap_or_default().iter().find(same).cloned().unwrap_or_else(|| {
            let mut condition = ApplicationCondition::default();
            condition.condition_type = kind.clone();
            condition.message.clone_from(message);
            condition.last_transition_time = Some(Time(now));
            condition
        })
    };
    let conditions: Vec<_> = wanted.iter().map(one).collect();
    Some(conditions).filter(|conditions| !conditions.is_empty())
}

/// Writes that an Application cannot be compared, and with what. How it is stays as it was last known.
pub(crate) fn fail(application: &mut Application, keeps_health: bool, now: Timestamp) {
    let sources = application.sources().into_owned();
    let several = application.spec.has_multiple_sources();
    let (destination, ignored) = (application.spec.destination.clone(), application.spec.ignore_differences.clone());
    let namespace = control_namespace(application).to_owned();
    let status = application.status.get_or_insert_default();
    let mut compared = ComparedTo::default();
    compared.destination = destination;
    compared.ignore_differences = ignored;
    let mut sync = SyncStatus::default();
    sync.status = SyncStatusCode::Unknown;
    let asked = |source: &ApplicationSource| source.target_revision().unwrap_or_default().to_owned();
    if several {
        sync.revisions = Some(sources.iter().map(asked).collect());
        compared.sources = Some(sources);
    } else {
        sync.revision = sources.first().map(asked);
        compared.source = sources.into_iter().next();
    }
    sync.compared_to = Some(Box::new(compared));
    status.sync = Some(sync);
    status.health.get_or_insert_with(|| {
        let mut health = ApplicationHealth::default();
        health.status = Some(HealthStatus::Healthy.to_string().into());
        health.last_transition_time = Some(Time(now));
        health
    });
    status.resource_health_source = (!keeps_health).then_some(ResourceHealthLocation::AppTree);
    status.controller_namespace = Some(namespace);
    status.reconciled_at = Some(Time(now));
}

/// The resources and the hooks that are still there, in the order of Argo CD's `resourceStatusKey`.
fn listed(resources: &[Resource], comparison: &Comparison) -> Vec<ResourceStatus> {
    let resources = resources.iter().map(|resource| api_resource(resource, comparison.keeps_health));
    let hooks = comparison.left_hooks.iter(&comparison.target).map(|hook| api_hook(&hook));
    let mut listed: Vec<ResourceStatus> = resources.chain(hooks).collect();
    let part = |text: &Option<String>| text.clone().unwrap_or_default();
    listed.sort_by_cached_key(|one| [&one.group, &one.kind, &one.namespace, &one.name].map(part).join("/"));
    listed
}

fn named(object: &ObjectRef) -> ResourceStatus {
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut status = ResourceStatus::default();
    status.group = filled(&object.id.group);
    status.version = filled(&object.version);
    status.kind = filled(&object.id.kind);
    status.namespace = object.id.namespace.as_deref().map(Into::into);
    status.name = filled(&object.id.name);
    status
}

/// A hook is neither in sync nor out of it, and has no health that counts.
fn api_hook(hook: &LeftHook<'_>) -> ResourceStatus {
    let mut status = named(&hook.object.reference());
    status.hook = Some(true);
    status.requires_pruning = hook.is_named.then_some(true);
    status.sync_wave = Some(hook::wave(hook.object)).filter(|wave| *wave != 0);
    status
}

fn api_resource(resource: &Resource, keeps_health: bool) -> ResourceStatus {
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut status = named(&resource.object);
    status.status = Some(match (resource.permitted, resource.synced) {
        (false, _) => SyncStatusCode::Unknown,
        (true, true) => SyncStatusCode::Synced,
        (true, false) => SyncStatusCode::OutOfSync,
    });
    status.requires_pruning = resource.extra.then_some(true);
    status.sync_wave = (resource.wave != 0).then_some(resource.wave);
    status.health = resource.health.filter(|_| keeps_health).map(|code| {
        let mut health = ApiHealth::default();
        health.status = Some(code.to_string().into());
        health.message = filled(&resource.message);
        health
    });
    status
}

impl Comparison {
    /// Images of all containers of the live objects and of the hooks that are still there, without duplicates.
    fn images(&self) -> BTreeSet<String> {
        let live = self.desired.resources.keys().filter_map(|id| self.live.get(id));
        let hooks = self.left_hooks.iter(&self.target).map(|hook| hook.object);
        live.chain(hooks).flat_map(images).collect()
    }

    /// Images of the containers of one object, as it is desired or, where the sources no longer have it, live.
    fn images_of(&self, id: &ObjectId) -> Vec<String> {
        let hook = || self.desired.hooks.iter().find(|hook| is_of(&hook.object, id));
        let desired = self.desired.resources.get(id).or_else(hook).map(|one| one.object.as_ref());
        desired.or_else(|| self.live.get(id)).map(images).unwrap_or_default()
    }
}

/// Whether an object has this identity, or a name that is made of its `generateName`.
fn is_of(object: &Object, id: &ObjectId) -> bool {
    let own = object.id();
    let prefix = object.text(&["metadata", "generateName"]).filter(|_| own.name.is_empty());
    let is_made = |prefix: &str| {
        id.name.starts_with(prefix) && (&id.group, &id.kind, &id.namespace) == (&own.group, &own.kind, &own.namespace)
    };
    own == *id || prefix.is_some_and(is_made)
}

/// Images of the containers of an object, in their order.
fn images(object: &Object) -> Vec<String> {
    let template = object.get(&["spec", "template", "spec"]).or_else(|| object.get(&["spec"]));
    let containers = ["initContainers", "containers"].into_iter().filter_map(|list| template?.get(list)?.as_array());
    let image = |container: &Value| container.get("image").and_then(Value::as_str).map(str::to_owned);
    containers.flatten().filter_map(image).collect()
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
    let operation = operation(application, comparison, plan, request);

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
    state.retry_count = retry_count(request);
    state.sync_result = Some(result);
    state.started_at = Time(started);
    state.finished_at = Some(Time(finished));
    match outcome.terminated {
        true => retrying::terminated(&mut state),
        false if request.is_of_an_operator() => retrying::try_again(&mut state, finished),
        false => {}
    }
    let status = application.status.get_or_insert_default();
    status.operation_state = Some(Box::new(state));
    if request.automated.is_some() {
        // Argo CD writes an Application as a whole when it syncs by itself, with these two even where they say nothing.
        status.summary.get_or_insert_default();
        status.source_hydrator.get_or_insert_default();
    }
}

/// An operation that begins.
pub(crate) fn begun(operation: Operation, now: Timestamp) -> OperationState {
    let mut state = OperationState::default();
    (state.started_at, state.phase, state.operation) = (Time(now), OperationPhase::Running, operation);
    state
}

/// The operation that was begun and not ended, where no other one is asked for.
pub(crate) fn running(application: &Application) -> Option<&OperationState> {
    let state = application.status.as_ref()?.operation_state.as_ref()?;
    (application.operation.is_none() && state.phase == OperationPhase::Running).then_some(state)
}

/// How often an operation was tried before; not said where it is the first time.
pub(crate) fn retry_count(request: &SyncRequest) -> Option<i64> {
    Some(request.retries).filter(|retries| *retries > 0).map(i64::from)
}

/// The operation that a sync is: as it was written down beforehand, or what would have been.
pub(crate) fn operation(
    application: &Application,
    comparison: &Comparison,
    plan: &ApplyPlan,
    request: &SyncRequest,
) -> Operation {
    if let Some(operation) = &request.operation {
        return operation.clone();
    }
    let mut initiator = OperationInitiator::default();
    initiator.username = Some(request.initiator.clone()).filter(|_| request.automated.is_none());
    initiator.automated = request.automated.map(|_| true);
    let policy = application.spec.sync_policy.as_ref();
    let prunes = application.automated().is_some_and(|automated| automated.prunes());
    let heals = request.automated.map_or(0, |attempt| attempt.heals);
    let commits: Vec<String> = comparison.source.revisions.iter().map(|revision| revision.commit.clone()).collect();
    let mut sync = SyncOperation::default();
    sync.self_heal_attempts_count = (heals > 0).then_some(i64::from(heals));
    sync.resources = request.resources.clone();
    sync.prune = Some(match request.automated {
        Some(_) => prunes,
        None => plan.count(StepAction::Prune) > 0 || request.prune == Some(true),
    })
    .filter(|prune| *prune);
    sync.sync_options = policy.and_then(|policy| policy.sync_options.clone());
    if application.spec.has_multiple_sources() {
        sync.sources = Some(application.sources().into_owned());
        sync.revisions = Some(commits);
    } else {
        sync.source = application.sources().first().cloned();
        sync.revision = commits.into_iter().next();
    }
    let mut operation = Operation::default();
    operation.sync = Some(sync);
    operation.initiated_by = Some(initiator);
    operation.retry = match policy.and_then(|policy| policy.retry.clone()) {
        None if request.automated.is_some() => Some(automated_retry()),
        retry => retry,
    };
    operation
}

fn api_result(outcome: &ResourceOutcome, comparison: &Comparison) -> ResourceResult {
    let id = &outcome.object.id;
    let mut result = ResourceResult::default();
    result.group = id.group.to_string();
    result.version = outcome.object.version.to_string();
    result.kind = id.kind.to_string();
    result.namespace = id.namespace.as_deref().unwrap_or_default().to_owned();
    result.name = id.name.to_string();
    result.message = Some(outcome.message.clone());
    result.sync_phase = Some(SyncPhase::from(outcome.phase.as_str()));
    let hook = comparison.desired.hooks.iter().any(|hook| matches!(hook.role, Role::Hook { .. }));
    if outcome.action == StepAction::Hook && hook {
        result.hook_type = Some(HookType::from(outcome.phase.as_str()));
    }
    result.hook_phase = Some(match outcome.state {
        TaskState::Running => OperationPhase::Running,
        TaskState::Succeeded => OperationPhase::Succeeded,
        TaskState::Failed => OperationPhase::Failed,
        TaskState::Error => OperationPhase::Error,
    });
    // What is deleted runs no more.
    let images = if outcome.action == StepAction::Prune { Vec::new() } else { comparison.images_of(id) };
    result.images = Some(images).filter(|images| !images.is_empty());
    result.status = Some(ResultCode::from(outcome.status.to_string()));
    result
}
