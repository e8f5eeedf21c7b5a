//! One look at one Application: what it asks for, how it compares, and what is done about it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures::future::BoxFuture;
use gitops_apply::execute::OutcomePhase;
use gitops_apply::tracking::Tracking;
use gitops_core::annotations::{REFRESH, SKIP_RECONCILE};
use gitops_core::api::{
    Application, ApplicationConditionType, ApplicationStatus, ResourceStatus, SyncOperationResource, SyncStatusCode,
};
use gitops_core::{GroupVersionKind, ObjectId, Timestamp};
use gitops_diff::ObjectDiff;
use gitops_policy::Trigger;
use jiff::SignedDuration;

use super::advice::{advice, is_late};
use super::automation::{Decision, decide};
use super::event::Event;
use super::fights::Fights;
use super::places::Errand;
use super::queue::Key;
use super::rivals::Rivals;
use super::standings::Stood;
use super::{finalizers, operation, orphans, project};
use crate::applications::{ApplicationError, Applications};
use crate::causes::chain;
use crate::clusters::{Place, Unplaced};
use crate::compare::{CompareError, CompareOptions, Comparison};
use crate::deletion::Deletion;
use crate::engine::Engine;
use crate::filter::ResourceFilter;
use crate::integrity::IntegrityError;
use crate::reconcile::{SyncError, SyncReport, SyncRequest};
use crate::selection::Selector;
use crate::standing::Standing;
use crate::{retrying, status};

/// Who syncs in the audit trail where nobody asked. A status has no name then, only `automated`, as Argo CD's.
pub(super) const AUTOMATION: &str = "automated";

/// The condition of an Application with fields that somebody else keeps setting.
const FIELD_FIGHT: &str = "FieldFightWarning";

/// How long after a deletion or a sync that did not end well it is tried again.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// How soon a cluster that is asked for the first time is looked at again.
const FIRST_ANSWER: SignedDuration = SignedDuration::from_millis(200);
/// How soon after it could not be reached; when that changes, its Applications are looked at anyway.
const UNREACHABLE: SignedDuration = SignedDuration::from_secs(16);

/// How soon what is not signed as it has to be is looked at again: the keys may be other ones by then.
const UNSIGNED: SignedDuration = SignedDuration::from_secs(30);

/// How soon sources are looked at again that were not rendered in time: the machine may be less busy then.
const LATE: SignedDuration = SignedDuration::from_mins(2);

/// What a look came to.
#[derive(Default)]
pub(super) struct Look {
    /// When to look again, whatever happens.
    pub again: Option<Timestamp>,
    /// Where the Application goes.
    pub place: Option<Place>,
    /// The kinds of the Application's objects.
    pub kinds: BTreeSet<GroupVersionKind>,
    /// How these are marked.
    pub tracking: Tracking,
    /// Which kinds are left alone.
    pub filter: ResourceFilter,
    /// How many sources were rendered.
    pub renders: usize,
    /// What happened.
    pub events: Vec<Event>,
    /// The Application as who only observes would say that it is.
    pub observed: Option<Box<Application>>,
    /// What it stands on, where it is as its sources say.
    pub stood: Option<Box<Stood>>,
    /// Whether it stands on what it stood on before.
    pub confirms: bool,
    /// The time that its status has of it, where that was written.
    pub reconciled: Option<Timestamp>,
}

impl Look {
    /// A look that found what the one before found.
    pub(super) fn confirmed(reconciled: Option<Timestamp>) -> Self {
        Self { confirms: true, reconciled, ..Self::default() }
    }
}

/// Looks at an Application, and does what it asks for.
///
/// # Errors
/// Where the cluster cannot read or write the Application itself.
pub(super) async fn look(
    engine: &Engine,
    (fights, rivals): (&Mutex<Fights>, &Rivals),
    errand: &Errand,
) -> Result<Look, ApplicationError> {
    let key = &errand.key;
    let applications = Applications::of(engine.cluster.as_ref());
    let application = match applications.get(&key.namespace, &key.name).await {
        Ok(application) => application,
        Err(ApplicationError::NotFound { .. }) => return Ok(Look::default()),
        Err(error) => return Err(error),
    };
    if application.metadata.annotation(SKIP_RECONCILE) == Some("true") {
        return Ok(Look::default());
    }
    if let Some(rival) = rivals.find(engine, key, &application).await? {
        let mut look = Look { again: Some(rival.until()), ..Look::default() };
        if rival.tell(&applications, &application, engine.clock.now()).await? {
            look.events.push(Event::Failed { application: key.clone(), message: rival.words() });
        }
        return Ok(look);
    }
    if application.metadata.deletion_timestamp.is_some() {
        return delete(engine, errand, application).await;
    }
    let mut look = Look::default();
    let allowing = engine.project(&application).await;
    let allowing = allowing.map_err(|source| ApplicationError::Cluster { name: key.name.clone(), source })?;
    let place = engine.place(&application);
    let invalid = project::conditions(engine, &allowing, &application, place.as_ref());
    if !invalid.is_empty() {
        let message = project::words(&invalid);
        let operation = operation::requested(&application, engine);
        project::reject(engine, application, operation, &invalid).await?;
        look.events.push(Event::Failed { application: key.clone(), message });
        return Ok(look);
    }
    if matches!(place, Err(Unplaced::Asked)) {
        look.again = later(engine, FIRST_ANSWER);
        return Ok(look);
    }
    look.place = place.ok();
    let application = match operation::requested(&application, engine) {
        Some(operation) => {
            let attempt = project::attempt(&application, &operation);
            match project::held(&allowing, &application, attempt, engine.clock.now()) {
                None => operation::operate(engine, errand, application, operation, attempt, &mut look).await?,
                Some(held) => {
                    look.again = held.until;
                    project::postpone(engine, application, operation, &held).await?
                }
            }
        }
        None => application,
    };
    look.again = look.again.or_else(|| retrying::next(&application, &engine.conduct));
    apart(engine, fights, errand, application, &mut look).await?;
    Ok(look)
}

/// [`compare`], whose state is large and lies apart so that it does not fill the stack.
fn apart<'a>(
    engine: &'a Engine,
    fights: &'a Mutex<Fights>,
    errand: &'a Errand,
    read: Application,
    look: &'a mut Look,
) -> BoxFuture<'a, Result<(), ApplicationError>> {
    Box::pin(compare(engine, fights, errand, read, look))
}

/// Compares, writes what that says, and syncs where the Application does so by itself.
async fn compare(
    engine: &Engine,
    fights: &Mutex<Fights>,
    errand: &Errand,
    read: Application,
    look: &mut Look,
) -> Result<(), ApplicationError> {
    let (applications, key) = (Applications::of(engine.cluster.as_ref()), &errand.key);
    let options = CompareOptions { since: errand.since, ..CompareOptions::default() };
    let before = read.status.as_ref();
    let mut application = read.clone();
    let now = engine.clock.now();
    let mut comparison = match engine.compare(&application, &options, &mut |event| errand.note(&event)).await {
        Ok(comparison) => comparison,
        Err(error) => {
            let message = chain(&error) + &advice(&error);
            status::fail(&mut application, engine.conduct.keeps_health, now);
            let status = application.status.get_or_insert_default();
            let words = comparison_error(&read, &error, &message);
            condition(status, before, (ApplicationConditionType::ComparisonError, words), &[], now);
            look.events.push(Event::Failed { application: key.clone(), message });
            if is_unreachable(&error) {
                if let Some(link) = look.place.as_ref().and_then(Place::link) {
                    link.doubt();
                }
                look.again = later(engine, UNREACHABLE);
            }
            if matches!(error, CompareError::Integrity(_)) {
                look.again = later(engine, UNSIGNED);
            }
            if is_late(&error) {
                look.again = later(engine, LATE);
            }
            return save(&applications, &application, before).await.map(drop);
        }
    };
    finalizers::note_hooks(&applications, &read, &comparison).await?;
    look.renders += comparison.renders;
    look.tracking.clone_from(&comparison.target.tracking);
    look.filter = comparison.filter.clone();
    let objects = comparison.desired.resources.values().chain(&comparison.desired.hooks);
    look.kinds = objects.map(|one| one.object.gvk()).collect();
    let fought = of(fights).words(key, now);
    comparison.conditions.extend(fought.into_iter().map(|words| (FIELD_FIGHT.into(), words)));
    comparison.conditions.extend(orphans::warning(&application, &comparison).await);
    status::update(&mut application, &comparison, now);
    let request = match automatic(engine, &application, &comparison, fights, key) {
        Ok(request) => request,
        Err(decision) => {
            match decision {
                Decision::Later(at) => look.again = Some(look.again.map_or(at, |before| before.min(at))),
                Decision::Refused(message) => {
                    let status = application.status.get_or_insert_default();
                    let refusal = (ApplicationConditionType::SyncError, message);
                    condition(status, before, refusal, &comparison.conditions, now);
                }
                Decision::Rest | Decision::Sync(_) => {}
            }
            let version = save(&applications, &application, before).await?;
            look.reconciled = version.is_some().then_some(now);
            if look.again.is_none() {
                look.stood = stood(engine, errand, &application, &comparison, version).await;
            }
            return Ok(());
        }
    };
    let revision = comparison.source.revisions.first().map(|one| one.commit.clone());
    look.events.push(Event::Syncing { application: key.clone(), initiator: AUTOMATION.into(), revision });
    let conditions = comparison.conditions.clone();
    // From the status as it was read: what is written is what differs from that.
    match Box::pin(engine.sync_compared(&read, comparison, &request, &mut |_| {})).await {
        Ok(report) => {
            look.events.push(ended(key, &request, &report));
            // A failed one may be due again. What a good one did, and others do to it, is told by the cluster.
            if report.outcome.is_some_and(|outcome| outcome.phase != OutcomePhase::Succeeded) {
                look.again = retrying::next(&report.application, &engine.conduct).or_else(|| Some(engine.clock.now()));
            }
        }
        Err(error) => {
            let message = chain(&error);
            let status = application.status.get_or_insert_default();
            condition(status, before, (ApplicationConditionType::SyncError, message.clone()), &conditions, now);
            look.events.push(Event::Failed { application: key.clone(), message });
            // It may have been begun, and is then to be ended.
            look.again = later(engine, PAUSE);
            return save(&applications, &application, before).await.map(drop);
        }
    }
    Ok(())
}

/// Why an Application cannot be compared, in Argo CD's words as far as they are the same for every cause.
fn comparison_error(application: &Application, error: &CompareError, message: &str) -> String {
    if matches!(error, CompareError::Destination(_)) {
        return format!("Failed to load live state: {message}");
    }
    if matches!(error, CompareError::Integrity(IntegrityError::Unverified(_))) {
        return message.into();
    }
    let sources = application.sources();
    let from_source = matches!(error, CompareError::Source(_) | CompareError::Render(_));
    let failed = sources.iter().position(|source| message.contains(&source.repo_url)).filter(|_| from_source);
    let which = failed.map_or_else(String::new, |index| {
        format!("failed to generate manifest for source {} of {}: ", index + 1, sources.len())
    });
    format!("Failed to load target state: {which}{message}")
}

/// Whether a comparison failed since a cluster does not answer.
fn is_unreachable(error: &CompareError) -> bool {
    match error {
        CompareError::Destination(_) => true,
        CompareError::Cluster(error) => error.kind.is_transient(),
        _ => false,
    }
}

fn later(engine: &Engine, pause: SignedDuration) -> Option<Timestamp> {
    engine.clock.now().checked_add(pause).ok()
}

/// The sync that an Application asks for by its policy, or what is decided in its place.
fn automatic(
    engine: &Engine,
    application: &Application,
    comparison: &Comparison,
    fights: &Mutex<Fights>,
    key: &Key,
) -> Result<SyncRequest, Decision> {
    let now = engine.clock.now();
    let decided = decide(application, &engine.conduct.self_heal, now);
    let attempt = match project::within_windows(decided, &comparison.project, application, now) {
        Decision::Sync(attempt) => attempt,
        other => return Err(other),
    };
    let mut request = SyncRequest::new(AUTOMATION);
    (request.automated, request.retries) = (Some(attempt), attempt.retries);
    request.trigger = Trigger::Automated;
    request.await_confirmation = true;
    request.deadline = engine.conduct.deadline(now);
    if attempt.heals == 0 {
        return Ok(request);
    }
    // Only what differs is put right, as Argo CD does it: hooks do not run again. What is fought over waits for its time.
    let mut fights = of(fights);
    let pause = |one: &SyncOperationResource| {
        let group = one.group.clone().unwrap_or_default();
        let object = ObjectId::new(group, one.kind.as_str(), one.namespace.as_deref(), one.name.as_str());
        fights.pause(key, &object, now)
    };
    let (waiting, due): (Vec<_>, Vec<_>) =
        differing(application).into_iter().map(|one| (pause(&one), one)).partition(|(pause, _)| pause.is_some());
    if due.is_empty() {
        let next = waiting.into_iter().filter_map(|(pause, _)| pause).min();
        return Err(next.map_or(Decision::Rest, Decision::Later));
    }
    let due: Vec<SyncOperationResource> = due.into_iter().map(|(_, one)| one).collect();
    request.only = due.iter().map(Selector::of).collect();
    // What is written down names the hooks that are there too, and no namespace, as Argo CD's operations of its own do.
    let listed = application.status.iter().flat_map(|status| status.resources.iter().flatten());
    let noted = listed.map(|one| (one.is_hook(), selected(one)));
    let noted = noted.filter(|(is_hook, one)| *is_hook || due.contains(one)).map(|(_, mut one)| {
        one.namespace = None;
        one
    });
    request.resources = Some(noted.collect());
    let is_due = |diff: &&ObjectDiff| request.only.iter().any(|one| one.matches(&diff.id.id));
    fights.note(key, comparison.diffs.values().filter(is_due), now);
    Ok(request)
}

fn of(fights: &Mutex<Fights>) -> MutexGuard<'_, Fights> {
    fights.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The resources that are not as the sources say.
fn differing(application: &Application) -> Vec<SyncOperationResource> {
    let resources = application.status.iter().flat_map(|status| status.resources.iter().flatten());
    let differing = resources.filter(|one| one.status == Some(SyncStatusCode::OutOfSync));
    differing.map(selected).collect()
}

fn selected(resource: &ResourceStatus) -> SyncOperationResource {
    let mut selected = SyncOperationResource::default();
    selected.group.clone_from(&resource.group);
    selected.kind = resource.kind.clone().unwrap_or_default();
    selected.name = resource.name.clone().unwrap_or_default();
    selected.namespace.clone_from(&resource.namespace);
    selected
}

/// What an Application stands on that was compared, where the comparison was made of the state that was told last: how it looks after
/// what was written (`version`) is known from what is told of that.
async fn stood(
    engine: &Engine,
    errand: &Errand,
    application: &Application,
    comparison: &Comparison,
    version: Option<String>,
) -> Option<Box<Stood>> {
    let read = application.metadata.resource_version.as_ref();
    let looked_at = errand.ground.as_ref().map(|ground| &ground.state).filter(|state| Some(&state.version) == read)?;
    let standing = Standing::of(engine, application, comparison).await?;
    let version = version.or_else(|| read.cloned())?;
    Some(Box::new(Stood { standing, looked_at: Arc::clone(looked_at), version }))
}

/// Writes a status that says something new, or that somebody asked for; the version with that, where it was written.
pub(super) async fn save(
    applications: &Applications<'_>,
    application: &Application,
    before: Option<&ApplicationStatus>,
) -> Result<Option<String>, ApplicationError> {
    if application.metadata.annotation(REFRESH).is_some() || status::moved(before, application.status.as_ref()) {
        return applications.say_status(application, before).await.map(Some);
    }
    Ok(None)
}

/// Sets what is wrong with an Application beside what a person should know of it anyway.
fn condition(
    status: &mut ApplicationStatus,
    before: Option<&ApplicationStatus>,
    (kind, message): (ApplicationConditionType, String),
    others: &[(ApplicationConditionType, String)],
    now: Timestamp,
) {
    let wanted: Vec<_> = [(kind, message)].into_iter().chain(others.iter().cloned()).collect();
    let known = before.and_then(|before| before.conditions.as_deref());
    status.conditions = status::conditions(known, &wanted, now);
}

/// Deletes what an Application deployed where its finalizer says so, and lets it go.
async fn delete(engine: &Engine, errand: &Errand, mut application: Application) -> Result<Look, ApplicationError> {
    let (mut look, key) = (Look::default(), &errand.key);
    let Some(cascade) = finalizers::cascade(&application) else { return Ok(look) };
    let place = engine.place(&application);
    if matches!(place, Err(Unplaced::Asked)) {
        look.again = later(engine, FIRST_ANSWER);
        return Ok(look);
    }
    if let Err(Unplaced::Unknown(_)) = place
        && engine.abandon(&application).await.is_ok()
    {
        look.events.push(Event::Deleted { application: key.clone() });
        return Ok(look);
    }
    if !finalizers::has_hooks(&application) {
        errand.leave_sources(Instant::now());
    }
    let mut request = SyncRequest::new("deletion");
    let mut deleted = engine.delete(&application, cascade, &request, &mut |event| errand.note(&event)).await;
    // Where no hooks have to run, it does not matter that there are no manifests any more.
    if let Err(SyncError::Compare(CompareError::Source(_) | CompareError::Render(_) | CompareError::Forbidden(_))) =
        deleted
        && !finalizers::has_hooks(&application)
    {
        request.without_hooks = true;
        deleted = engine.delete(&application, cascade, &request, &mut |event| errand.note(&event)).await;
    }
    let message = match deleted {
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
    condition(status, before.as_ref(), (ApplicationConditionType::DeletionError, message.clone()), &[], now);
    save(&Applications::of(engine.cluster.as_ref()), &application, before.as_ref()).await?;
    look.again = now.checked_add(PAUSE).ok();
    look.events.push(Event::Failed { application: key.clone(), message });
    Ok(look)
}

pub(super) fn ended(key: &Key, request: &SyncRequest, report: &SyncReport) -> Event {
    let outcome = report.outcome.as_ref();
    Event::Synced {
        application: key.clone(),
        revision: report.plan.source.revisions.first().map(|one| one.commit.clone()).unwrap_or_default(),
        phase: outcome.map_or_else(|| "Succeeded".into(), |outcome| outcome.phase.as_str().into()),
        message: outcome.map(|outcome| outcome.message.clone()).unwrap_or_default(),
        partial: !request.only.is_empty(),
        writes: report.plan.steps().count(),
    }
}
