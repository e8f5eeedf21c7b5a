//! One look at one ApplicationSet: what it makes, what of that is to be written, and what its status says.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use gitops_apply::plan::Budget;
use gitops_core::annotations::{APPLICATION_SET_REFRESH, DELETION_BUDGET, RESOURCES_FINALIZER};
use gitops_core::api::{Application, ApplicationSetStatus};
use gitops_core::cluster::{ClusterError, Subresource};
use gitops_core::{Object, Timestamp, Value};
use gitops_diff::normalize::RuleError;
use gitops_policy::project::DEFAULT_PROJECT;
use jiff::SignedDuration;
use serde_json::json;
use thiserror::Error;
use tokio::runtime::Handle;

use super::super::event::Event;
use super::super::queue::Key;
use super::deletion;
use super::outside::{Answers, ClusterOutside};
use super::rollout::{self, Progress};
use super::set::{Set, SetError, reference};
use super::settings::SetSettings;
use super::status::{self, Failure};
use super::write::{Written, carry_out, patch_set};
use crate::appset::{ApplicationComparison, Change, Definition, Expansion, Reason, expand, owner};
use crate::causes::chain;
use crate::engine::Engine;
use crate::merge_patch;
use crate::project::AbsentProject;

/// How long after a failure a set is looked at again where nothing changes, as in Argo CD.
const TROUBLE: SignedDuration = SignedDuration::from_mins(3);
/// How long after a surprise: somebody else was quicker.
const SURPRISE: SignedDuration = SignedDuration::from_millis(100);

/// What times are written in.
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// What is looked at, and what is known of it.
pub(super) struct Job {
    pub(super) key: Key,
    /// The Applications that it owns, as they were last told of.
    pub(super) owned: Vec<Arc<Application>>,
    pub(super) answers: Arc<Answers>,
    /// From when on answers of repositories serve.
    pub(super) since: Instant,
}

/// What a look came to.
#[derive(Debug, Default)]
pub(in crate::operator) struct SetLook {
    /// When to look again, with the answers that are there.
    pub(super) again: Option<Timestamp>,
    /// Whether something went wrong that may be put right elsewhere.
    pub(super) failed: bool,
    /// How long the answers serve; without end where nobody was asked.
    pub(super) period: Option<SignedDuration>,
    /// What happened.
    pub(super) events: Vec<Event>,
}

/// Why a set cannot be looked at.
#[derive(Debug, Error)]
pub(super) enum SetLookError {
    #[error("the cluster refused the call")]
    Cluster(#[from] ClusterError),
    #[error("it cannot be read")]
    Set(#[from] SetError),
    #[error("its expansion ended early")]
    Expansion,
}

/// Looks at a set, and makes its Applications as it says.
pub(super) async fn look(engine: &Arc<Engine>, job: Job) -> Result<SetLook, SetLookError> {
    let target = reference(&job.key);
    let cluster = engine.cluster.as_ref();
    let Some(object) = cluster.get(&target).await? else { return Ok(SetLook::default()) };
    let set = Set::read(&object)?;
    let settings = SetSettings::of(engine).await?;
    let definition = settings.laid_on(&set.definition);
    if set.metadata.deletion_timestamp.is_some() {
        return deletion::delete(engine, &set, &definition, &job.owned).await;
    }
    let rolls = settings.rolls() && set.rolls();
    if rolls && set.is_deleted_in_reverse() && !set.metadata.has_finalizer(RESOURCES_FINALIZER) {
        let finalizers: Vec<&str> =
            set.metadata.finalizers.iter().flatten().map(String::as_str).chain([RESOURCES_FINALIZER]).collect();
        patch_set(cluster, &target, json!({"metadata": {"finalizers": finalizers}}), None).await?;
    }
    let mut expansion = expanded(engine, &settings, definition.clone(), &job).await?;
    let now = engine.clock.now();
    let mut failure = of_expansion(&expansion);
    let mut wanted = set.status.clone();
    let found = match ApplicationComparison::new(&definition) {
        Ok(comparison) => {
            let rollout = rolls.then(|| hold_back(&set, &comparison, &job.owned, &mut expansion, now)).transpose();
            let (rollout, refused) = match rollout {
                Ok(rollout) => (rollout, None),
                Err(refused) => (None, Some(refused)),
            };
            let of_projects = unknown_projects(engine, &expansion).await?;
            let written = match refused {
                Some(refused) => Written { failure: Some(refused), ..Written::default() },
                None => write(engine, &set, &comparison, &expansion, &job.owned, &of_projects).await,
            };
            failure = failure.or_else(|| of_validation(&of_projects)).or_else(|| written.failure.clone());
            Ok((rollout, written))
        }
        Err(error) => Err(error),
    };
    let (rollout, written) = found.unwrap_or_else(|error| {
        failure.get_or_insert(of_rules(&error));
        (None, Written::default())
    });
    wanted.application_status =
        rollout.as_ref().map(|progress| progress.statuses.clone()).filter(|all| !all.is_empty());
    let current = current(&definition, &job.owned, &written);
    status::resources(&mut wanted, current.iter().map(AsRef::as_ref), settings.named());
    status::conditions(&mut wanted, failure.as_ref(), rollout.as_ref().map(Progress::rollout), now);
    save(engine, &set, &object, &wanted).await?;
    let mut look = SetLook { period: set.period(settings.period()), failed: failure.is_some(), ..SetLook::default() };
    let is_early = rollout.as_ref().is_some_and(|progress| progress.is_early);
    let pauses = [(written.is_surprised, SURPRISE), (is_early, SECOND), (look.failed, TROUBLE)];
    let pause = pauses.into_iter().find_map(|(applies, pause)| applies.then_some(pause));
    look.again = pause.and_then(|pause| now.checked_add(pause).ok());
    if written.created + written.updated + written.deleted > 0 {
        let Written { created, updated, deleted, .. } = written;
        look.events.push(Event::Generated { set: job.key.clone(), created, updated, deleted });
    }
    let told = |failure: &Failure| set.status.conditions.iter().flatten().any(|one| one.message == failure.message);
    if let Some(failure) = failure.filter(|failure| !told(failure)) {
        look.events.push(Event::NotGenerated { set: job.key, message: failure.message });
    }
    Ok(look)
}

/// Expands a set, on a thread that may wait.
async fn expanded(
    engine: &Arc<Engine>,
    settings: &SetSettings,
    definition: Definition,
    job: &Job,
) -> Result<Expansion, SetLookError> {
    let (engine, settings, runtime) = (Arc::clone(engine), settings.clone(), Handle::current());
    let (answers, since) = (Arc::clone(&job.answers), job.since);
    let work = move || {
        let project = definition.template.pointer("/spec/project").and_then(Value::as_str);
        let outside = ClusterOutside {
            engine: &engine,
            settings: &settings,
            runtime,
            namespace: &definition.namespace,
            set: &definition.name,
            project: project.filter(|project| !project.contains("{{")).unwrap_or_default(),
            since,
            answers: &answers,
            trees: RefCell::new(HashMap::new()),
        };
        expand(&definition, &outside, &settings.expansion(&engine))
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| SetLookError::Expansion)
}

/// What went wrong while a set was expanded: the first of it, and how much more.
fn of_expansion(expansion: &Expansion) -> Option<Failure> {
    let problems = expansion.problems();
    let (reason, message) = problems.first()?;
    let message = match problems.len() - 1 {
        0 => message.clone(),
        more => format!("{message} (and {more} more)"),
    };
    let of_generators = *reason == Reason::ApplicationGenerationFromParamsError || expansion.error.is_some();
    Some(Failure { of_generators, ..Failure::new(reason.as_str(), message) })
}

/// What is not valid: the first by its name, and how many more there are.
fn of_validation(invalid: &BTreeMap<String, Failure>) -> Option<Failure> {
    let mut first = invalid.values().next()?.clone();
    if invalid.len() > 1 {
        first.message.push_str(&format!(" (and {} more)", invalid.len() - 1));
    }
    Some(first)
}

fn of_rules(error: &RuleError) -> Failure {
    Failure::new("UpdateApplicationError", format!("failed to build ignore diff config: {}", chain(error)))
}

/// Takes a rollout a step on, and makes of the Applications that are made what may be written of them now.
fn hold_back(
    set: &Set,
    comparison: &ApplicationComparison<'_>,
    owned: &[Arc<Application>],
    expansion: &mut Expansion,
    now: Timestamp,
) -> Result<Progress, Failure> {
    if set.steps().is_empty() {
        return Err(Failure::new("ApplicationSetRolloutError", "No steps defined for rollout"));
    }
    let live: BTreeMap<&str, &Application> = owned.iter().map(|one| (one.name(), one.as_ref())).collect();
    let all: Vec<&Application> = live.values().copied().collect();
    let desired: Vec<&Application> = expansion.applications().collect();
    let by_name: BTreeMap<&str, &Application> = desired.iter().map(|one| (one.name(), *one)).collect();
    let changes_spec = |live: &Application| {
        by_name.get(live.name()).is_some_and(|desired| {
            let mut desired = (*desired).clone();
            rollout::disable_automation(&mut desired);
            comparison.changes_spec(live, &desired)
        })
    };
    let before = set.status.application_status.as_deref().unwrap_or_default();
    let progress = rollout::advance(set.steps(), before, &all, &desired, changes_spec, now);
    for element in &mut expansion.elements {
        if let Ok(application) = &mut element.outcome {
            let live = live.get(application.name()).copied();
            progress.hold(application, live);
        }
    }
    Ok(progress)
}

/// The Applications whose projects are not there, which are neither made nor changed.
async fn unknown_projects(engine: &Engine, expansion: &Expansion) -> Result<BTreeMap<String, Failure>, ClusterError> {
    let names: BTreeSet<&str> = expansion.applications().map(|one| one.spec.project()).collect();
    let mut unknown = BTreeSet::new();
    if engine.projects.absent == AbsentProject::Limitless {
        return Ok(BTreeMap::new());
    }
    for name in names {
        let project = engine.projects.read(engine.cluster.as_ref(), name).await?;
        if project.found().is_none() && name != DEFAULT_PROJECT {
            unknown.insert(name);
        }
    }
    let of = |application: &Application| {
        let project = application.spec.project();
        let message = format!("application references project {project} which does not exist");
        (application.name().to_owned(), Failure::new("ApplicationValidationError", message))
    };
    Ok(expansion.applications().filter(|one| unknown.contains(one.spec.project())).map(of).collect())
}

/// Writes what differs, unless it would delete too much at once.
async fn write(
    engine: &Engine,
    set: &Set,
    comparison: &ApplicationComparison<'_>,
    expansion: &Expansion,
    owned: &[Arc<Application>],
    held_back: &BTreeMap<String, Failure>,
) -> Written {
    let mut found = comparison.changes(expansion, owned.iter().map(AsRef::as_ref));
    found.retain(|change| match change {
        Change::Create(one) => !held_back.contains_key(one.name()),
        Change::Update { live, .. } => !held_back.contains_key(live.name()),
        // What is on its way out has been deleted already.
        Change::Delete(one) => one.metadata.deletion_timestamp.is_none(),
        Change::Keep { .. } => false,
    });
    let deletions = found.iter().filter(|change| matches!(change, Change::Delete(_))).count();
    let refused = budget(set).refuses(deletions, owned.len()).map(|why| {
        let why = why.replace("objects", "Applications");
        let next = format!("annotate the set with `{DELETION_BUDGET}: \"{deletions}\"` where that is meant");
        Failure::new("DeleteApplicationError", format!("no Application is deleted: {why}; {next}"))
    });
    if refused.is_some() {
        found.retain(|change| !matches!(change, Change::Delete(_)));
    }
    let mut written = carry_out(engine.cluster.as_ref(), comparison, found).await;
    written.failure = refused.or(written.failure);
    written
}

/// How many Applications may be deleted at once: what the set's annotation says, or the usual budget of deletions.
fn budget(set: &Set) -> Budget {
    let said = set.metadata.annotation(DELETION_BUDGET).and_then(|text| text.trim().parse().ok());
    said.map_or_else(Budget::default, Budget::of)
}

/// The Applications of a set after what was written.
fn current(definition: &Definition, owned: &[Arc<Application>], written: &Written) -> Vec<Arc<Application>> {
    let untouched = owned.iter().filter(|one| !written.now.contains_key(one.name())).cloned();
    let touched = written.now.values().flatten().cloned().map(Arc::new);
    untouched.chain(touched).filter(|one| owner(one) == Some(definition.name.as_str())).collect()
}

/// Writes a status that says something new, and takes off a request that this look answers.
async fn save(engine: &Engine, set: &Set, object: &Object, wanted: &ApplicationSetStatus) -> Result<(), ClusterError> {
    let (cluster, target) = (engine.cluster.as_ref(), object.reference());
    let before = object.get(&["status"]).cloned().unwrap_or_default();
    let after = serde_json::to_value(wanted).unwrap_or_default();
    if set.status != *wanted {
        let patch = json!({"status": merge_patch::between(&before, &after)});
        patch_set(cluster, &target, patch, Some(Subresource::Status)).await?;
    }
    if set.metadata.annotation(APPLICATION_SET_REFRESH).is_some() {
        let patch = json!({"metadata": {"annotations": {APPLICATION_SET_REFRESH: Value::Null}}});
        patch_set(cluster, &target, patch, None).await?;
    }
    Ok(())
}
