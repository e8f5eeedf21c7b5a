//! Operations that somebody asked for, and those that were begun and are to be ended.

use futures::future::BoxFuture;
use gitops_apply::execute::TERMINATED;
use gitops_core::Timestamp;
use gitops_core::api::{Application, Operation, OperationPhase, OperationState, Time};
use gitops_policy::window;

use super::automation::Attempt;
use super::event::Event;
use super::look::{AUTOMATION, Look, ended};
use super::places::Errand;
use crate::applications::{ApplicationError, Applications};
use crate::causes::chain;
use crate::engine::Engine;
use crate::reconcile::SyncRequest;
use crate::selection::Selector;
use crate::{retrying, status};

/// The operation that somebody asks for, or that was begun and not ended: the process was killed in it, it failed and is due again, or its time is over.
pub(super) fn requested(application: &Application, engine: &Engine) -> Option<Operation> {
    let is_due = |state: &&OperationState| retrying::is_due(state, &engine.conduct, engine.clock.now());
    let due = || status::running(application).filter(is_due);
    application.operation.as_deref().cloned().or_else(|| due().map(|state| state.operation.clone()))
}

/// Carries out an operation that somebody asked for. It is taken off the Application first, so that it is done once.
/// Its state is large and lies apart so that it does not fill the stack.
pub(super) fn operate<'a>(
    engine: &'a Engine,
    errand: &'a Errand,
    application: Application,
    operation: Operation,
    attempt: window::Attempt,
    look: &'a mut Look,
) -> BoxFuture<'a, Result<Application, ApplicationError>> {
    Box::pin(carry_out(engine, errand, application, operation, attempt, look))
}

async fn carry_out(
    engine: &Engine,
    errand: &Errand,
    application: Application,
    operation: Operation,
    attempt: window::Attempt,
    look: &mut Look,
) -> Result<Application, ApplicationError> {
    let (applications, key) = (Applications::of(engine.cluster.as_ref()), &errand.key);
    let (mut state, mut application) = match status::running(&application) {
        // It was begun before.
        Some(state) => (state.clone(), application),
        None => {
            let state = status::begun(operation.clone(), engine.clock.now());
            let taken = applications.take_operation(&application, &state).await?;
            (state, taken)
        }
    };
    let mut request = request(&operation);
    (request.trigger, request.started) = (attempt.trigger, attempt.started);
    request.retries = state.retry_count.and_then(|count| count.try_into().ok()).unwrap_or_default();
    request.await_confirmation = true;
    request.deadline = engine.conduct.deadline(state.started_at.0);
    look.events.push(Event::Syncing { application: key.clone(), initiator: request.initiator.clone(), revision: None });
    // As in Argo CD, an operation goes by its own options, which whoever asks for it takes from the Application, or not.
    if let Some(policy) = &mut application.spec.sync_policy {
        policy.sync_options = None;
    }
    if let Some(options) = operation.sync.as_ref().and_then(|sync| sync.sync_options.clone()) {
        application.spec.sync_policy.get_or_insert_default().sync_options = Some(options);
    }
    match Box::pin(engine.sync(&application, &request, &mut |event| errand.note(&event))).await {
        Ok(report) => {
            look.events.push(ended(key, &request, &report));
            let mut synced = report.application;
            let before = synced.status.clone();
            // A sync that had nothing to do leaves the operation as it was begun.
            if report.outcome.is_none()
                && let Some(status) = &mut synced.status
                && let Some(begun) = status.operation_state.as_mut().filter(|it| !it.phase.is_completed())
            {
                if is_late(&request, engine.clock.now()) {
                    (begun.phase, begun.message) = (OperationPhase::Failed, Some(TERMINATED.into()));
                    retrying::terminated(begun);
                } else {
                    begun.phase = OperationPhase::Succeeded;
                    begun.message = Some("successfully synced (all tasks run)".into());
                }
                begun.finished_at = Some(Time(engine.clock.now()));
                synced = applications.set_status(&synced, before.as_ref()).await?;
            }
            Ok(synced)
        }
        Err(error) => {
            let message = chain(&error);
            state.phase = OperationPhase::Error;
            state.message = Some(message.clone());
            let now = engine.clock.now();
            state.finished_at = Some(Time(now));
            match is_late(&request, now) {
                true => retrying::terminated(&mut state),
                false => retrying::try_again(&mut state, now),
            }
            let before = application.status.clone();
            application.status.get_or_insert_default().operation_state = Some(Box::new(state));
            look.events.push(Event::Failed { application: key.clone(), message });
            applications.set_status(&application, before.as_ref()).await
        }
    }
}

fn is_late(request: &SyncRequest, now: Timestamp) -> bool {
    request.deadline.is_some_and(|at| at <= now)
}

fn request(operation: &Operation) -> SyncRequest {
    let who = operation.initiated_by.clone().unwrap_or_default();
    // Who has a name asked for it, though it may be another controller.
    let is_automated = who.automated == Some(true) && who.username.is_none();
    let nobody = if is_automated { AUTOMATION } else { "unknown" };
    let mut request = SyncRequest::new(who.username.unwrap_or_else(|| nobody.into()));
    if is_automated {
        let heals = operation.sync.as_ref().and_then(|sync| sync.self_heal_attempts_count).unwrap_or_default();
        request.automated = Some(Attempt { heals: heals.try_into().unwrap_or_default(), retries: 0 });
    }
    let mut asked = operation.clone();
    asked.retry.get_or_insert_default();
    request.operation = Some(asked);
    let Some(sync) = &operation.sync else { return request };
    request.compare.revision.clone_from(&sync.revision);
    request.dry_run = sync.dry_run.unwrap_or_default();
    request.prune = Some(sync.prune.unwrap_or_default());
    request.only = sync.resources.iter().flatten().map(Selector::of).collect();
    request
}
