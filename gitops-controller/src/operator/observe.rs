//! A look that changes nothing: how an Application compares, and what would be done about it.

use gitops_core::annotations::SKIP_RECONCILE;
use gitops_core::api::{Application, ApplicationStatus};
use gitops_policy::Trigger;

use super::automation::{Decision, decide};
use super::event::Event;
use super::look::Look;
use super::places::Errand;
use super::project;
use super::queue::Key;
use crate::applications::{ApplicationError, Applications};
use crate::causes::chain;
use crate::compare::{CompareOptions, Comparison};
use crate::engine::Engine;
use crate::reconcile::{SyncEvent, SyncRequest, make_plan};
use crate::status;

/// Looks at an Application, and says what would be done about it.
///
/// # Errors
/// Where the cluster cannot read the Application itself.
pub(super) async fn observe(engine: &Engine, errand: &Errand) -> Result<Look, ApplicationError> {
    let (mut look, key) = (Look::default(), &errand.key);
    let application = match Applications::of(engine.cluster.as_ref()).get(&key.namespace, &key.name).await {
        Ok(application) => application,
        Err(ApplicationError::NotFound { .. }) => return Ok(look),
        Err(error) => return Err(error),
    };
    let skips = application.metadata.annotation(SKIP_RECONCILE) == Some("true");
    if skips || application.metadata.deletion_timestamp.is_some() {
        return Ok(look);
    }
    let allowing = engine.project(&application).await;
    let allowing = allowing.map_err(|source| ApplicationError::Cluster { name: key.name.clone(), source })?;
    let place = engine.place(&application);
    let invalid = project::conditions(engine, &allowing, &application, place.as_ref());
    let options = CompareOptions { since: errand.since, ..CompareOptions::default() };
    let mut note = |event: SyncEvent<'_>| errand.note(&event);
    let compared = match invalid.is_empty() {
        true => Box::pin(engine.compare(&application, &options, &mut note)).await.map_err(|error| chain(&error)),
        false => Err(project::words(&invalid)),
    };
    look.place = place.ok();
    match compared {
        Ok(comparison) => {
            look.renders += comparison.renders;
            look.tracking.clone_from(&comparison.target.tracking);
            look.filter = comparison.filter.clone();
            look.kinds = comparison.desired.resources.values().map(|one| one.object.gvk()).collect();
            let (observed, event) = seen(engine, key, application, &comparison);
            look.observed = Some(Box::new(observed));
            look.events.push(event);
        }
        Err(message) => look.events.push(Event::Failed { application: key.clone(), message }),
    }
    Ok(look)
}

/// The Application as this operator would say that it is, and what it would do.
fn seen(engine: &Engine, key: &Key, application: Application, comparison: &Comparison) -> (Application, Event) {
    let now = engine.clock.now();
    let mut observed = application.clone();
    status::update(&mut observed, comparison, now);
    let mut request = SyncRequest::new("observer");
    (request.dry_run, request.trigger) = (true, Trigger::Automated);
    let (steps, message) = match make_plan(&observed, comparison, &request) {
        Ok(plan) => (plan.steps().map(|step| format!("{} {}", step.action.as_str(), step.object.id)).collect(), None),
        Err(error) => (Vec::new(), Some(chain(&error))),
    };
    let decision =
        project::within_windows(decide(&observed, &engine.conduct.self_heal, now), &comparison.project, &observed, now);
    let (sync, health) = words(observed.status.as_ref());
    let event = Event::Observed {
        application: key.clone(),
        revision: comparison.source.revisions.first().map(|one| one.commit.clone()).unwrap_or_default(),
        differs: differs(application.status.as_ref(), observed.status.as_ref()),
        sync,
        health,
        steps,
        would_sync: matches!(decision, Decision::Sync(_) | Decision::Later(_)),
        message,
    };
    (observed, event)
}

/// How an Application compares, and how it is.
fn words(status: Option<&ApplicationStatus>) -> (String, String) {
    let sync = status.and_then(|status| status.sync.as_ref()).map(|sync| sync.status.as_str().to_owned());
    let health = status.and_then(|status| status.health.as_ref()).and_then(|health| health.status.clone());
    (sync.unwrap_or_default(), health.map(|health| health.as_str().to_owned()).unwrap_or_default())
}

/// What another controller's status says otherwise; nothing where there is none.
fn differs(theirs: Option<&ApplicationStatus>, ours: Option<&ApplicationStatus>) -> Vec<String> {
    let (Some(theirs), Some(ours)) = (theirs, ours) else { return Vec::new() };
    let mut differences = Vec::new();
    let mut compare = |what: &str, theirs: String, ours: String| {
        if theirs != ours {
            differences.push(format!("{what}: {ours} here, {theirs} in the status"));
        }
    };
    let (their_sync, their_health) = words(Some(theirs));
    let (our_sync, our_health) = words(Some(ours));
    compare("sync", their_sync, our_sync);
    compare("health", their_health, our_health);
    let revision = |status: &ApplicationStatus| {
        status
            .sync
            .as_ref()
            .and_then(|sync| sync.revision.clone().or_else(|| sync.revisions.clone().map(|all| all.join(","))))
    };
    compare("revision", revision(theirs).unwrap_or_default(), revision(ours).unwrap_or_default());
    let resources = |status: &ApplicationStatus| {
        let one = |one: &gitops_core::api::ResourceStatus| {
            let part = |text: &Option<String>| text.clone().unwrap_or_default();
            let state = one.status.as_ref().map(|status| status.as_str().to_owned()).unwrap_or_default();
            (format!("{}/{}/{}/{}", part(&one.group), part(&one.kind), part(&one.namespace), part(&one.name)), state)
        };
        status.resources.iter().flatten().map(one).collect::<std::collections::BTreeMap<_, _>>()
    };
    let (theirs, ours) = (resources(theirs), resources(ours));
    for name in theirs.keys().chain(ours.keys().filter(|name| !theirs.contains_key(*name))) {
        let state =
            |of: &std::collections::BTreeMap<String, String>| of.get(name).cloned().unwrap_or("not listed".into());
        compare(name, state(&theirs), state(&ours));
    }
    differences
}
