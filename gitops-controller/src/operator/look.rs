//! One look at one Application: what it asks for, how it compares, and what is done about it.

use std::collections::BTreeSet;

use gitops_core::annotations::{REFRESH, RESOURCES_FINALIZER, SKIP_RECONCILE};
use gitops_core::api::{
    Application, ApplicationCondition, ApplicationConditionType, ApplicationStatus, Operation, OperationPhase,
    OperationState, SyncStatusCode, Time,
};
use gitops_core::{GroupVersionKind, Timestamp};
use jiff::SignedDuration;

use super::automation::{Decision, decide};
use super::event::Event;
use super::queue::Key;
use crate::applications::{ApplicationError, Applications};
use crate::causes::chain;
use crate::compare::CompareOptions;
use crate::deletion::Deletion;
use crate::engine::Engine;
use crate::reconcile::{SyncReport, SyncRequest};
use crate::selection::Selector;
use crate::status;

/// Who syncs in the audit trail where nobody asked. A status has no name then, only `automated`, as Argo CD's.
const AUTOMATION: &str = "automated";

/// How long after a deletion that did not end well it is tried again.
const DELETION_PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// What a look came to.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// When to look again, whatever happens.
    pub again: Option<Timestamp>,
    /// The kinds of the Application's objects.
    pub kinds: BTreeSet<GroupVersionKind>,
    /// What happened.
    pub events: Vec<Event>,
}

/// Looks at an Application, and does what it asks for.
///
/// # Errors
/// Where the cluster cannot read or write the Application itself.
pub(super) async fn look(engine: &Engine, key: &Key) -> Result<Look, ApplicationError> {
    let applications = Applications::of(engine.cluster.as_ref());
    let application = match applications.get(&key.namespace, &key.name).await {
        Ok(application) => application,
        Err(ApplicationError::NotFound { .. }) => return Ok(Look::default()),
        Err(error) => return Err(error),
    };
    if application.metadata.annotation(SKIP_RECONCILE) == Some("true") {
        return Ok(Look::default());
    }
    if application.metadata.deletion_timestamp.is_some() {
        return delete(engine, key, application).await;
    }
    let mut look = Look::default();
    let application = match requested(&application) {
        Some(operation) => operate(engine, key, application, operation, &mut look).await?,
        None => application,
    };
    compare(engine, key, application, &mut look).await?;
    Ok(look)
}

/// The operation that somebody asks for, or that was begun and not ended: the process was killed in it.
fn requested(application: &Application) -> Option<Operation> {
    let running = || {
        let state = application.status.as_ref()?.operation_state.as_ref()?;
        (state.phase == OperationPhase::Running).then(|| state.operation.clone())
    };
    application.operation.clone().or_else(running)
}

/// Carries out an operation that somebody asked for. It is taken off the Application first, so that it is done once.
async fn operate(
    engine: &Engine,
    key: &Key,
    application: Application,
    operation: Operation,
    look: &mut Look,
) -> Result<Application, ApplicationError> {
    let applications = Applications::of(engine.cluster.as_ref());
    let mut state = OperationState::default();
    state.started_at = Time(engine.clock.now());
    state.phase = OperationPhase::Running;
    state.operation = operation.clone();
    let mut application = applications.take_operation(&application, &state).await?;
    let request = request(&operation);
    look.events.push(Event::Syncing { application: key.clone(), initiator: request.initiator.clone() });
    if let Some(options) = operation.sync.as_ref().and_then(|sync| sync.sync_options.clone()) {
        application.spec.sync_policy.get_or_insert_default().sync_options = Some(options);
    }
    match engine.sync(&application, &request, &mut |_| {}).await {
        Ok(report) => {
            look.events.push(ended(key, &report));
            let mut synced = report.application;
            let before = synced.status.clone();
            // A sync that had nothing to do leaves the operation as it was begun.
            if let Some(status) = &mut synced.status
                && let Some(begun) = status.operation_state.as_mut().filter(|it| !it.phase.is_completed())
            {
                begun.phase = OperationPhase::Succeeded;
                begun.message = Some("successfully synced (all tasks run)".into());
                begun.finished_at = Some(Time(engine.clock.now()));
                synced = applications.set_status(&synced, before.as_ref()).await?;
            }
            Ok(synced)
        }
        Err(error) => {
            let message = chain(&error);
            state.phase = OperationPhase::Error;
            state.message = Some(message.clone());
            state.finished_at = Some(Time(engine.clock.now()));
            let before = application.status.clone();
            application.status.get_or_insert_default().operation_state = Some(state);
            look.events.push(Event::Failed { application: key.clone(), message });
            applications.set_status(&application, before.as_ref()).await
        }
    }
}

fn request(operation: &Operation) -> SyncRequest {
    let initiator = operation.initiated_by.as_ref().and_then(|who| who.username.clone());
    let mut request = SyncRequest::new(initiator.unwrap_or_else(|| "unknown".into()));
    let Some(sync) = &operation.sync else { return request };
    request.compare.revision.clone_from(&sync.revision);
    request.dry_run = sync.dry_run.unwrap_or_default();
    request.prune = Some(sync.prune.unwrap_or_default());
    request.only = sync.resources.iter().flatten().map(Selector::of).collect();
    request
}

/// Compares, writes what that says, and syncs where the Application does so by itself.
async fn compare(engine: &Engine, key: &Key, mut read: Application, look: &mut Look) -> Result<(), ApplicationError> {
    let applications = Applications::of(engine.cluster.as_ref());
    if read.metadata.annotation(REFRESH).is_some() {
        read = applications.clear_refresh(&read).await?;
    }
    let before = read.status.as_ref();
    let mut application = read.clone();
    let now = engine.clock.now();
    let comparison = match engine.compare(&application, &CompareOptions::default(), &mut |_| {}).await {
        Ok(comparison) => comparison,
        Err(error) => {
            let message = chain(&error);
            let status = application.status.get_or_insert_default();
            status.sync.get_or_insert_default().status = SyncStatusCode::Unknown;
            condition(status, before, ApplicationConditionType::ComparisonError, message.clone(), now);
            look.events.push(Event::Failed { application: key.clone(), message });
            return save(&applications, &application, before).await;
        }
    };
    look.kinds = comparison.desired.resources.values().map(|one| one.object.gvk()).collect();
    status::update(&mut application, &comparison, now);
    let attempt = match decide(&application, now) {
        Decision::Sync(attempt) => attempt,
        other => {
            match other {
                Decision::Later(at) => look.again = Some(at),
                Decision::Refused(message) => {
                    let status = application.status.get_or_insert_default();
                    condition(status, before, ApplicationConditionType::SyncError, message, now);
                }
                _ => {}
            }
            return save(&applications, &application, before).await;
        }
    };
    let mut request = SyncRequest::new(AUTOMATION);
    request.automated = Some(attempt);
    look.events.push(Event::Syncing { application: key.clone(), initiator: AUTOMATION.into() });
    // From the status as it was read: what is written is what differs from that.
    match engine.sync_compared(&read, comparison, &request, &mut |_| {}).await {
        Ok(report) => {
            look.events.push(ended(key, &report));
            // What it did is looked at once more: a failed one may be due again, a healed one may have been turned over.
            look.again = Some(engine.clock.now());
        }
        Err(error) => {
            let message = chain(&error);
            let status = application.status.get_or_insert_default();
            condition(status, before, ApplicationConditionType::SyncError, message.clone(), now);
            look.events.push(Event::Failed { application: key.clone(), message });
            return save(&applications, &application, before).await;
        }
    }
    Ok(())
}

/// Writes a status that says something new.
async fn save(
    applications: &Applications<'_>,
    application: &Application,
    before: Option<&ApplicationStatus>,
) -> Result<(), ApplicationError> {
    if status::moved(before, application.status.as_ref()) {
        applications.set_status(application, before).await?;
    }
    Ok(())
}

/// Sets the one condition that an Application has; its time stays where it said so before.
fn condition(
    status: &mut ApplicationStatus,
    before: Option<&ApplicationStatus>,
    kind: ApplicationConditionType,
    message: String,
    now: Timestamp,
) {
    let known = before.and_then(|before| before.conditions.as_deref()).unwrap_or_default();
    let same = known.iter().find(|one| one.condition_type == kind && one.message == message).cloned();
    let condition = same.unwrap_or_else(|| {
        let mut condition = ApplicationCondition::default();
        condition.condition_type = kind;
        condition.message = message;
        condition.last_transition_time = Some(Time(now));
        condition
    });
    status.conditions = Some(vec![condition]);
}

/// Deletes what an Application deployed where its finalizer says so, and lets it go.
async fn delete(engine: &Engine, key: &Key, mut application: Application) -> Result<Look, ApplicationError> {
    let mut look = Look::default();
    let finalizers = application.metadata.finalizers.as_deref().unwrap_or_default();
    if !finalizers.iter().any(|one| one.starts_with(RESOURCES_FINALIZER)) {
        return Ok(look);
    }
    let request = SyncRequest::new("deletion");
    let message = match engine.delete(&application, true, &request, &mut |_| {}).await {
        Ok(Deletion::Deleted(_)) => {
            look.events.push(Event::Deleted { application: key.clone() });
            return Ok(look);
        }
        Ok(Deletion::Stays(outcome)) => outcome.message.clone(),
        Err(error) => chain(&error),
    };
    let before = application.status.clone();
    let now = engine.clock.now();
    let status = application.status.get_or_insert_default();
    condition(status, before.as_ref(), ApplicationConditionType::DeletionError, message.clone(), now);
    save(&Applications::of(engine.cluster.as_ref()), &application, before.as_ref()).await?;
    look.again = now.checked_add(DELETION_PAUSE).ok();
    look.events.push(Event::Failed { application: key.clone(), message });
    Ok(look)
}

fn ended(key: &Key, report: &SyncReport) -> Event {
    let outcome = report.outcome.as_ref();
    Event::Synced {
        application: key.clone(),
        revision: report.plan.source.revisions.first().map(|one| one.commit.clone()).unwrap_or_default(),
        phase: outcome.map_or_else(|| "Succeeded".into(), |outcome| outcome.phase.as_str().into()),
        message: outcome.map(|outcome| outcome.message.clone()).unwrap_or_default(),
        writes: report.plan.steps().count(),
    }
}
