//! Syncing the Applications of a set in steps: each step waits until the Applications of the one before are healthy, and lets
//! only so many at once change.
//!
//! Follows Argo CD's progressive syncs (applicationset/progressivesync, v3.5), save that a step waits until what came before it was
//! compared at the same commit: there, who is compared first goes first. Pure bookkeeping over what is given.

use std::collections::{BTreeMap, BTreeSet};

use gitops_core::Timestamp;
use gitops_core::api::{
    Application, ApplicationConditionType, ApplicationMatchExpression, ApplicationSetApplicationStatus,
    ApplicationSetRolloutStep, ApplicationSource, HealthStatusCode, Info, IntOrString, Operation, OperationInitiator,
    OperationPhase, OperationState, ProgressiveSyncStatusCode, RetryStrategy, SyncOperation, SyncStatusCode, Time,
};

use super::status::Rollout;

/// Who asks for the syncs.
const INITIATOR: &str = "applicationset-controller";
/// How often a sync is tried again where the Application does not say.
const RETRIES: i64 = 5;
/// What is said of Applications that wait because they are to be others.
const BOTH_MOVED: &str = "Application has pending changes (revision and spec differ), setting status to Waiting";
const REVISION_MOVED: &str = "Application has pending changes, setting status to Waiting";
const SPEC_MOVED: &str = "Application has pending changes (spec differs), setting status to Waiting";

/// How far the Applications of a set are.
#[derive(Debug)]
pub(super) struct Progress {
    /// One for each Application that is there, by its name.
    pub(super) statuses: Vec<ApplicationSetApplicationStatus>,
    /// Those whose turn it is.
    turn: BTreeSet<String>,
    steps: usize,
    /// Whether an Application was synced in this very second, and is to wait for the next one: times are written in whole
    /// seconds, and the sync that is to come must be told from that one.
    pub(super) is_early: bool,
}

/// Takes the Applications of a set a step on. `changes_spec` says whether one that is there is to be another.
pub(super) fn advance(
    steps: &[ApplicationSetRolloutStep],
    before: &[ApplicationSetApplicationStatus],
    live: &[&Application],
    desired: &[&Application],
    changes_spec: impl Fn(&Application) -> bool,
    now: Timestamp,
) -> Progress {
    let members: Vec<Vec<&str>> = steps.iter().map(|step| members(step, desired)).collect();
    let mut step_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, names) in members.iter().enumerate() {
        for name in names {
            step_of.entry(name).or_insert(index);
        }
    }
    let known: BTreeMap<&str, &ApplicationSetApplicationStatus> =
        before.iter().map(|status| (status.application.as_str(), status)).collect();
    let mut statuses: BTreeMap<&str, ApplicationSetApplicationStatus> = BTreeMap::new();
    for application in live {
        let name = application.name();
        let mut status = seen(application, known.get(name).copied(), changes_spec(application), now);
        status.step = step_of.get(name).map_or_else(|| "-1".to_owned(), |step| (step + 1).to_string());
        statuses.insert(name, status);
    }
    let by_name: BTreeMap<&str, &Application> = live.iter().map(|one| (one.name(), *one)).collect();
    let turn = turn(&members, &statuses, &by_name);
    let mut is_early = false;
    let was_synced_now = |name: &str| {
        let state = by_name.get(name).and_then(|one| one.status.as_ref()?.operation_state.as_ref());
        state.is_some_and(|state| state.started_at.0.as_second() >= now.as_second())
    };
    for (index, step) in steps.iter().enumerate() {
        let of_step = |name: &str| step_of.get(name) == Some(&index);
        let under_way = |status: &ApplicationSetApplicationStatus| {
            matches!(status.status, ProgressiveSyncStatusCode::Pending | ProgressiveSyncStatusCode::Progressing)
        };
        let all = statuses.keys().filter(|name| of_step(name)).count();
        let mut updating = statuses.iter().filter(|(name, status)| of_step(name) && under_way(status)).count();
        let most = step.max_update.as_ref().map(|most| at_once(most, all));
        for (name, status) in statuses.iter_mut().filter(|(name, _)| of_step(name)) {
            let room = most.is_none_or(|most| updating < most);
            let is_due = room && status.status == ProgressiveSyncStatusCode::Waiting && turn.contains(*name);
            if is_due && was_synced_now(name) {
                is_early = true;
            } else if is_due {
                let words =
                    "Application moved to Pending status, watching for the Application resource to start Progressing";
                set(status, ProgressiveSyncStatusCode::Pending, words, now);
                updating += 1;
            }
        }
    }
    Progress { statuses: statuses.into_values().collect(), turn, steps: steps.len(), is_early }
}

impl Progress {
    /// The condition of the set.
    pub(super) fn rollout(&self) -> Rollout {
        let unfinished = |step: &usize| {
            let number = step.to_string();
            let mut of_step = self.statuses.iter().filter(|status| status.step == number);
            of_step.any(|status| status.status != ProgressiveSyncStatusCode::Healthy)
        };
        (1..=self.steps).find(unfinished).map_or(Rollout::Complete, Rollout::Step)
    }

    /// Makes of a desired Application one that syncs when its turn has come, and not by itself.
    pub(super) fn hold(&self, desired: &mut Application, live: Option<&Application>) {
        let prune = desired.automated().is_some_and(gitops_core::api::AutomatedSync::prunes);
        disable_automation(desired);
        let status = self.statuses.iter().find(|status| status.application == desired.name());
        let pending = status.filter(|status| status.status == ProgressiveSyncStatusCode::Pending);
        let Some(status) = pending.filter(|_| self.turn.contains(desired.name())) else { return };
        let asked = live.is_some_and(|live| live.operation.is_some() || begun(live, status).is_some());
        if !asked {
            desired.operation = Some(Box::new(operation(desired, prune)));
        }
    }
}

/// Switches off that an Application syncs by itself: the set says when.
pub(super) fn disable_automation(application: &mut Application) {
    if let Some(automated) = application.spec.sync_policy.as_mut().and_then(|policy| policy.automated.as_mut()) {
        automated.enabled = Some(false);
    }
}

/// The steps of Applications, counted from 0; those that no step selects have none.
pub(super) fn step_of(steps: &[ApplicationSetRolloutStep], application: &Application) -> Option<usize> {
    steps.iter().position(|step| selects(step, application))
}

fn members<'a>(step: &ApplicationSetRolloutStep, applications: &[&'a Application]) -> Vec<&'a str> {
    applications.iter().filter(|one| selects(step, one)).map(|one| one.name()).collect()
}

fn selects(step: &ApplicationSetRolloutStep, application: &Application) -> bool {
    step.match_expressions.iter().flatten().all(|expression| fits(expression, application))
}

/// Whether a label is as it must be. One that is not there is only missed by `In`.
fn fits(expression: &ApplicationMatchExpression, application: &Application) -> bool {
    let operator = expression.operator.as_deref().unwrap_or_default();
    let Some(label) = application.metadata.label(expression.key.as_deref().unwrap_or_default()) else {
        return operator != "In";
    };
    let named = expression.values.iter().flatten().any(|value| value == label);
    match operator {
        "In" => named,
        "NotIn" => !named,
        _ => false,
    }
}

/// How many of all may change at once. A share of more than nothing is at least one.
fn at_once(most: &IntOrString, all: usize) -> usize {
    match most {
        IntOrString::Int(count) => usize::try_from(*count).unwrap_or_default(),
        IntOrString::String(text) if text == "0%" => 0,
        IntOrString::String(text) => {
            let percent = text.strip_suffix('%').and_then(|share| share.parse::<usize>().ok()).unwrap_or_default();
            (all.saturating_mul(percent) / 100).max(1)
        }
    }
}

/// The Applications of all steps up to the first that is not done.
fn turn(
    members: &[Vec<&str>],
    statuses: &BTreeMap<&str, ApplicationSetApplicationStatus>,
    live: &BTreeMap<&str, &Application>,
) -> BTreeSet<String> {
    let mut turn = BTreeSet::new();
    let healthy =
        |name: &&str| statuses.get(*name).is_some_and(|status| status.status == ProgressiveSyncStatusCode::Healthy);
    // What each source stands for where the Applications of the steps so far were compared.
    let mut compared: BTreeMap<Vec<(String, String)>, BTreeSet<Vec<String>>> = BTreeMap::new();
    for (index, names) in members.iter().enumerate() {
        turn.extend(names.iter().map(|name| (*name).to_owned()));
        for application in names.iter().filter_map(|name| live.get(name)) {
            compared.entry(sources(application)).or_default().insert(revisions(application));
        }
        // An Application that was compared at another commit than those of the next step may be about to change.
        let next = members.get(index + 1).into_iter().flatten().filter_map(|name| live.get(name));
        let lags = next.map(|one| (sources(one), revisions(one))).any(|(sources, revisions)| {
            compared
                .get(&sources)
                .is_some_and(|before| !sources.is_empty() && before.iter().any(|one| *one != revisions))
        });
        if lags || !names.iter().all(healthy) {
            break;
        }
    }
    turn
}

/// Where an Application's sources come from.
fn sources(application: &Application) -> Vec<(String, String)> {
    let place =
        |source: &ApplicationSource| (source.repo_url.clone(), source.target_revision().unwrap_or_default().to_owned());
    application.sources().iter().map(place).collect()
}

/// What an Application's own status says of how far it is.
fn seen(
    application: &Application,
    before: Option<&ApplicationSetApplicationStatus>,
    changes_spec: bool,
    now: Timestamp,
) -> ApplicationSetApplicationStatus {
    use ProgressiveSyncStatusCode::{Healthy, Pending, Progressing, Waiting};
    let revisions = revisions(application);
    let mut status = before.cloned().unwrap_or_else(|| {
        let mut status = ApplicationSetApplicationStatus::default();
        status.application = application.name().to_owned();
        status.target_revisions.clone_from(&revisions);
        set(&mut status, Waiting, "No Application status found, defaulting status to Waiting", now);
        status
    });
    let was = status.status.clone();
    let moved = status.target_revisions != revisions;
    if moved || changes_spec {
        status.target_revisions = revisions;
        let words = match (moved, changes_spec) {
            (true, true) => BOTH_MOVED,
            (true, false) => REVISION_MOVED,
            _ => SPEC_MOVED,
        };
        if was != Waiting || status.message != words {
            set(&mut status, Waiting, words, now);
        }
    }
    let seen = application.status.as_ref();
    let synced = seen.and_then(|it| it.sync.as_ref()).is_some_and(|it| it.status == SyncStatusCode::Synced);
    let healthy = seen.and_then(|it| it.health.as_ref()?.status.clone()) == Some(HealthStatusCode::Healthy);
    if status.status == Waiting {
        // What was said before an Application became another tells nothing of what it is now.
        let of_spec = [BOTH_MOVED, SPEC_MOVED].contains(&status.message.as_str());
        let told = !changes_spec && (!of_spec || looked_at(application) > since(&status));
        if told && synced && healthy {
            set(&mut status, Healthy, "Application resource has synced, updating status to Healthy", now);
        } else if told && synced {
            set(&mut status, Progressing, "Application resource has synced, updating status to Progressing", now);
        }
        return status;
    }
    if was == Pending && looked_at(application) >= since(&status) {
        if let Some(state) = begun(application, &status) {
            let words = match state.phase {
                OperationPhase::Succeeded => {
                    "Application resource completed a sync successfully, updating status from Pending to Progressing"
                }
                OperationPhase::Failed | OperationPhase::Error => {
                    "Application resource completed a sync, updating status from Pending to Progressing"
                }
                _ => "Application resource became Progressing, updating status from Pending to Progressing",
            };
            set(&mut status, Progressing, words, now);
        } else if has_error(application) {
            let words = "Application resource has error and cannot sync, updating status to Progressing";
            set(&mut status, Progressing, words, now);
        }
    }
    if was == Progressing && healthy && synced {
        let words = "Application resource became Healthy, updating status from Progressing to Healthy";
        set(&mut status, Healthy, words, now);
    }
    status
}

fn set(status: &mut ApplicationSetApplicationStatus, code: ProgressiveSyncStatusCode, message: &str, now: Timestamp) {
    status.status = code;
    status.message = message.to_owned();
    status.last_transition_time = Some(Time(now));
}

fn revisions(application: &Application) -> Vec<String> {
    let sync = application.status.as_ref().and_then(|status| status.sync.as_ref());
    let several = sync.and_then(|sync| sync.revisions.clone()).filter(|all| !all.is_empty());
    let one = || sync.and_then(|sync| sync.revision.clone()).filter(|one| !one.is_empty());
    several.unwrap_or_else(|| one().into_iter().collect())
}

/// Since when an Application has its status, in whole seconds, as it is written.
fn since(status: &ApplicationSetApplicationStatus) -> i64 {
    status.last_transition_time.map_or(i64::MIN, |time| time.0.as_second())
}

/// When an Application was last compared, in whole seconds; later than everything where that is not said.
fn looked_at(application: &Application) -> i64 {
    let time = application.status.as_ref().and_then(|seen| seen.reconciled_at);
    time.map_or(i64::MAX, |time| time.0.as_second())
}

/// The sync that began since an Application's turn came.
fn begun<'a>(application: &'a Application, status: &ApplicationSetApplicationStatus) -> Option<&'a OperationState> {
    let state = application.status.as_ref()?.operation_state.as_ref()?;
    (state.started_at.0.as_second() >= since(status)).then_some(state)
}

fn has_error(application: &Application) -> bool {
    let conditions = application.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.map(|condition| &condition.condition_type).any(|aspect| {
        matches!(aspect, ApplicationConditionType::InvalidSpecError | ApplicationConditionType::UnknownError)
    })
}

fn operation(application: &Application, prune: bool) -> Operation {
    let policy = application.spec.sync_policy.as_ref();
    let mut sync = SyncOperation::default();
    if let Some(policy) = policy {
        sync.sync_options.clone_from(&policy.sync_options);
        sync.prune = prune.then_some(true);
    }
    let mut usual = RetryStrategy::default();
    usual.limit = Some(RETRIES);
    let mut initiator = OperationInitiator::default();
    initiator.username = Some(INITIATOR.to_owned());
    initiator.automated = Some(true);
    let mut reason = Info::default();
    reason.name = "Reason".to_owned();
    reason.value = "ApplicationSet RollingSync triggered a sync of this Application resource".to_owned();
    let mut operation = Operation::default();
    operation.sync = Some(sync);
    operation.initiated_by = Some(initiator);
    operation.info = Some(vec![reason]);
    operation.retry = Some(policy.and_then(|policy| policy.retry.clone()).unwrap_or(usual));
    operation
}

#[cfg(test)]
mod tests;
