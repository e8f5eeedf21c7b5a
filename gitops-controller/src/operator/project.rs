//! Projects as the operator has them: followed, made where Argo CD makes one, and what they keep an Application from.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gitops_core::api::{
    API_VERSION, APP_PROJECT_KIND, AppProject, Application, ApplicationConditionType, ApplicationHealth,
    ApplicationStatus, Operation, OperationPhase, OperationState, SyncStatusCode, Time,
};
use gitops_core::cluster::{Cluster, ClusterError, ErrorKind, Query, Verb, Write};
use gitops_core::{GroupVersionKind, Object, ObjectId, Timestamp, Value};
use gitops_policy::project::{Condition, DEFAULT_PROJECT};
use gitops_policy::{Project, Trigger, window};
use jiff::SignedDuration;
use serde_json::json;

use super::automation::Decision;
use super::follow::{Seen, follow};
use super::look::save;
use super::{Signal, Work};
use crate::FIELD_MANAGER;
use crate::applications::{ApplicationError, Applications};
use crate::causes::chain;
use crate::clusters::{Place, Unplaced};
use crate::engine::Engine;
use crate::status;

/// A window is open after the moment it opens at, not at it.
const AFTER: SignedDuration = SignedDuration::from_millis(1);

/// The projects of the control plane's namespace, as a watch tells of them.
#[derive(Debug, Default)]
pub(crate) struct KnownProjects(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    projects: HashMap<String, Project>,
    is_complete: bool,
}

impl KnownProjects {
    /// The project of this name, which may be that there is none; nothing before all are known.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<Project> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let absent = || Project::absent(namespace, name);
        known.is_complete.then(|| known.projects.get(name).cloned().unwrap_or_else(absent))
    }

    /// Takes in what became known; the project whose Applications are to be looked at again.
    fn take_in(&self, seen: &Seen<'_>, namespace: &str) -> Option<String> {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match seen {
            Seen::Listed(object) | Seen::Changed(object) => {
                let name = object.name().to_owned();
                let spec = |project: Option<&Project>| project.and_then(Project::found).map(|found| found.spec.clone());
                let before = spec(known.projects.get(&name));
                let project = serde_json::from_value::<AppProject>(Value::Object(object.body().clone()));
                let project = project.map_or_else(|_| Project::absent(namespace, name.as_str()), Project::new);
                let is_new = spec(Some(&project)) != before;
                known.projects.insert(name.clone(), project);
                // Looks that began before the first listing was complete have asked for themselves.
                (is_new && known.is_complete).then_some(name)
            }
            Seen::Gone(id, _) => known.projects.remove(id.name.as_str()).map(|_| id.name.to_string()),
            Seen::Complete => {
                known.is_complete = true;
                None
            }
            Seen::Failed(_) => None,
        }
    }
}

impl Work {
    /// Follows the projects from now on.
    pub(super) fn follow_projects(&mut self, known: Arc<KnownProjects>) {
        let namespace = self.engine.projects.namespace.clone();
        let mut query = Query::all(GroupVersionKind::from_api_version(API_VERSION, APP_PROJECT_KIND));
        query.namespace = Some(namespace.clone());
        let sender = self.sender.clone();
        let tell = move |seen: Seen<'_>| {
            let signal = match (known.take_in(&seen, &namespace), seen) {
                (Some(name), _) => Signal::Project(name),
                (None, Seen::Failed(error)) => Signal::Trouble("the list of projects".into(), error.to_string()),
                _ => return !sender.is_closed(),
            };
            sender.send(signal).is_ok()
        };
        self.followers.spawn(follow(Arc::clone(&self.engine.cluster), query, tell));
    }

    /// Makes the project `default` beside the work, and tries again for as long as its kind is not served yet or the cluster cannot
    /// be reached.
    pub(super) fn make_default(&mut self, engine: Arc<Engine>) {
        let sender = self.sender.clone();
        self.followers.spawn(async move {
            let mut pause = FIRST_PAUSE;
            while let Err(error) = ensure_default(engine.cluster.as_ref(), &engine.projects.namespace).await {
                let told = sender.send(Signal::Trouble(OF_ALL.into(), chain(&error)));
                if told.is_err() || error.kind != ErrorKind::UnknownKind && !error.kind.is_transient() {
                    return;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        });
    }

    /// Asks for every Application of a project.
    pub(super) fn ask_project(&mut self, name: &str, now: Timestamp) {
        for (key, _) in self.applications.iter().filter(|(_, application)| application.spec.project() == name) {
            self.queue.ask(key, now);
        }
    }
}

/// The first pause before the project `default` is made again; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What the project is called that there always is, where it cannot be made.
pub(super) const OF_ALL: &str = "the project `default`";

/// Makes the project `default` where there is none, without limits, as Argo CD's API server does when it starts.
///
/// # Errors
/// Where the cluster fails.
pub(super) async fn ensure_default(cluster: &dyn Cluster, namespace: &str) -> Result<(), ClusterError> {
    let gvk = GroupVersionKind::from_api_version(API_VERSION, APP_PROJECT_KIND);
    let reference = ObjectId::new(gvk.group, gvk.kind, Some(namespace), DEFAULT_PROJECT).at_version(gvk.version);
    if cluster.get(&reference).await?.is_some() {
        return Ok(());
    }
    let project = Object::from_value(json!({
        "apiVersion": API_VERSION,
        "kind": APP_PROJECT_KIND,
        "metadata": {"name": DEFAULT_PROJECT, "namespace": namespace},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    }));
    let Ok(project) = project else { return Ok(()) };
    match cluster.write(Write::new(&project, Verb::Create, FIELD_MANAGER)).await {
        Err(error) if error.kind != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Why an Application is not looked at, in Argo CD's words; where its cluster is one that is known.
pub(super) fn conditions(
    engine: &Engine,
    project: &Project,
    application: &Application,
    place: Result<&Place, &Unplaced>,
) -> Vec<Condition> {
    let there = place.map(Place::destination);
    let there = match &there {
        Ok(there) => Ok(there),
        Err(Unplaced::Unknown(words)) => Err(words.clone()),
        // What is wrong there is told when it is compared.
        Err(_) => return Vec::new(),
    };
    project.conditions(application, &engine.projects.namespace, there)
}

/// Conditions on one line, as Argo CD's `FormatAppConditions` has them.
pub(super) fn words(conditions: &[Condition]) -> String {
    let words: Vec<String> = conditions.iter().map(|(kind, words)| format!("{}: {words}", kind.as_str())).collect();
    words.join(";")
}

/// Writes why an Application is not looked at, and ends an operation that it asks for.
pub(super) async fn reject(
    engine: &Engine,
    mut application: Application,
    operation: Option<Operation>,
    conditions: &[Condition],
) -> Result<(), ApplicationError> {
    let applications = Applications::of(engine.cluster.as_ref());
    let now = engine.clock.now();
    if let Some(operation) = operation {
        let mut state = OperationState::default();
        state.started_at = Time(now);
        state.finished_at = Some(Time(now));
        state.phase = OperationPhase::Error;
        state.operation = operation;
        state.message = Some(words(conditions));
        application = applications.take_operation(&application, &state).await?;
    }
    let before = application.status.clone();
    let status = application.status.get_or_insert_default();
    status.sync.get_or_insert_default().status = SyncStatusCode::Unknown;
    set_health_unknown(status, now);
    let evaluated = [ApplicationConditionType::InvalidSpecError, ApplicationConditionType::UnknownError];
    set_conditions(status, conditions, &evaluated, now);
    save(&applications, &application, before.as_ref()).await.map(drop)
}

fn set_health_unknown(status: &mut ApplicationStatus, now: Timestamp) {
    const UNKNOWN: &str = "Unknown";
    let known = status.health.as_ref().and_then(|health| health.status.as_ref());
    if known.is_none_or(|code| code.as_str() != UNKNOWN) {
        let mut health = ApplicationHealth::default();
        health.status = Some(UNKNOWN.to_owned().into());
        health.last_transition_time = Some(Time(now));
        status.health = Some(health);
    }
}

/// Sets the conditions of these types, and leaves the others. Argo CD's `SetConditions`.
pub(super) fn set_conditions(
    status: &mut ApplicationStatus,
    found: &[Condition],
    evaluated: &[ApplicationConditionType],
    now: Timestamp,
) {
    let known = status.conditions.take().unwrap_or_default();
    let mut all = status::conditions(Some(&known), found, now).unwrap_or_default();
    all.extend(known.into_iter().filter(|condition| !evaluated.contains(&condition.condition_type)));
    all.sort_by(|a, b| (a.condition_type.as_str(), &a.message).cmp(&(b.condition_type.as_str(), &b.message)));
    status.conditions = (!all.is_empty()).then_some(all);
}

/// What keeps a sync from running now: windows of the project.
pub(super) struct Held {
    /// When a window opens or closes next.
    pub until: Option<Timestamp>,
    /// What Argo CD says of it.
    pub message: String,
}

/// Whether windows keep a sync from running.
pub(super) fn held(
    project: &Project,
    application: &Application,
    attempt: window::Attempt,
    now: Timestamp,
) -> Option<Held> {
    const BLOCKED: &str = "Sync operation blocked by sync window";
    let windows = project.windows()?.matching(application);
    match windows.decide(attempt, now) {
        Ok(decision) if decision.allowed => None,
        Ok(_) => {
            let change = windows.next_change(now).ok().flatten();
            let until = change.and_then(|change| change.checked_add(AFTER).ok());
            Some(Held { until, message: BLOCKED.into() })
        }
        Err(error) => Some(Held { until: None, message: format!("{BLOCKED}: {error}") }),
    }
}

/// What automation does where windows keep syncs from running: it waits until one opens or closes.
pub(super) fn within_windows(
    decision: Decision,
    project: &Project,
    application: &Application,
    now: Timestamp,
) -> Decision {
    let attempt = window::Attempt { trigger: Trigger::Automated, started: None };
    match decision {
        Decision::Sync(_) => match held(project, application, attempt, now) {
            None => decision,
            Some(Held { until: Some(until), .. }) => Decision::Later(until),
            Some(_) => Decision::Rest,
        },
        other => other,
    }
}

/// Who asks for an operation, and since when it runs.
pub(super) fn attempt(application: &Application, operation: &Operation) -> window::Attempt {
    let automated = operation.initiated_by.as_ref().is_some_and(|who| who.automated == Some(true));
    window::Attempt {
        trigger: if automated { Trigger::Automated } else { Trigger::Manual },
        started: status::running(application).map(|state| state.started_at.0),
    }
}

/// Leaves an operation for later, and says why.
pub(super) async fn postpone(
    engine: &Engine,
    application: Application,
    operation: Operation,
    held: &Held,
) -> Result<Application, ApplicationError> {
    let running = status::running(&application).cloned();
    let mut state = running.unwrap_or_else(|| status::begun(operation, engine.clock.now()));
    if application.operation.is_none() && state.message.as_deref() == Some(held.message.as_str()) {
        return Ok(application);
    }
    state.message = Some(held.message.clone());
    Applications::of(engine.cluster.as_ref()).take_operation(&application, &state).await
}

#[cfg(test)]
mod tests;
