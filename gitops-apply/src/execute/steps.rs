//! Taking a step, and what follows from its answer.

use std::sync::Arc;

use gitops_core::annotations::TRACKING_ID;
use gitops_core::cluster::{ClusterError, ErrorKind, Precondition, Verb};
use gitops_core::{Object, ObjectRef, Timestamp};
use gitops_diff::{FieldDiff, Shown};

use super::machine::{Execution, Running, StepState};
use super::progress::{Progress, ResourceOutcome, ResourceStatus};
use super::{Action, Compared, StepResult};
use crate::hook::{DeletePolicy, Phase};
use crate::plan::{Step, StepAction, unprotected};
use crate::tracking;

impl Execution {
    /// Notes that a step is taken.
    pub(super) fn take(&mut self, step: Step, phase: Phase) {
        let object = self.given_name(&step, phase);
        self.progress.push(Progress::Started { object: object.clone(), action: step.action });
        if let Some(wave) = self.waves.front_mut() {
            wave.taken.push(step.number);
        }
        let uid = match &step.precondition {
            Precondition::Live { uid, .. } => Some(uid.clone()),
            _ => None,
        };
        // A hook of several phases finds what its earlier phase left.
        let earlier = self.running(&object.id).and_then(|earlier| earlier.uid.clone());
        let again = step.action == StepAction::Hook && earlier.is_some();
        let uid = if again { earlier } else { uid };
        let number = step.number;
        let running =
            Running { step, phase, object, uid, again, clearing: false, attempts: 0, state: StepState::Calling };
        self.step_of.insert(running.object.id.clone(), number);
        self.steps.insert(number, running);
    }

    /// A hook's `generateName` becomes a name as Argo CD makes it: the first seven digits of the revision, the phase and
    /// the second of the start.
    fn given_name(&self, step: &Step, phase: Phase) -> ObjectRef {
        let mut object = step.object.clone();
        if let Some(prefix) = object.id.name.strip_suffix('*') {
            let commit =
                self.plan.source.revisions.first().map(|revision| revision.commit.as_str()).unwrap_or_default();
            let short = commit.get(..7).unwrap_or(commit);
            let suffix = format!("{short}-{phase}-{}", self.started.as_second()).to_ascii_lowercase();
            object.id.name = format!("{prefix}{suffix}");
        }
        object
    }

    /// The call of a step that is due.
    pub(super) fn begin(&mut self, number: u32) -> Option<Action> {
        let running = self.steps.get_mut(&number)?;
        running.attempts += 1;
        running.state = StepState::Calling;
        let running = running.clone();
        let step = &running.step;
        if running.clearing {
            return Some(self.delete_call(&running));
        }
        if step.action == StepAction::Prune {
            let (target, uid) = (running.object, running.uid.unwrap_or_default());
            return Some(self.call(Action::Look { step: number, target, uid }));
        }
        let replaced = step.action == StepAction::Hook && running.uid.is_some();
        if replaced && step.hook_deletion.contains(&DeletePolicy::BeforeHookCreation) {
            return Some(self.delete_call(&running));
        }
        let precondition = match &running.uid {
            // A hook that was deleted first is planned as there, and created as absent.
            None if step.action == StepAction::Hook => Precondition::Absent,
            Some(uid) if running.again => Precondition::Live { uid: uid.clone(), resource_version: None },
            _ => step.precondition.clone(),
        };
        self.write_call(&running, precondition)
    }

    fn delete_call(&mut self, running: &Running) -> Action {
        let uid = running.uid.clone().unwrap_or_default();
        let propagation = running.step.propagation.unwrap_or_default();
        self.call(Action::Delete { step: running.step.number, target: running.object.clone(), uid, propagation })
    }

    fn write_call(&mut self, running: &Running, precondition: Precondition) -> Option<Action> {
        let Some(object) = self.object_of(running) else {
            self.step_failed(
                running.step.number,
                running,
                "it is not among the objects that the source renders to".into(),
            );
            return None;
        };
        // An object that is created by an apply has applied fields from its first moment on, which the next apply can give up.
        let verb = Verb::Apply { force: true };
        let (step, migrate) = (running.step.number, running.step.migrates);
        Some(self.call(Action::Write { step, object, verb, precondition, migrate }))
    }

    /// What is written for a step; none where the plan is of other objects than those that are desired.
    fn object_of(&self, running: &Running) -> Option<Arc<Object>> {
        let object = self.objects.get(&running.step.object.id)?;
        if running.step.action != StepAction::Hook {
            return Some(Arc::clone(object));
        }
        let mut hook = Object::clone(object);
        hook.set_name(&running.object.id.name);
        let mark = tracking::mark(&self.plan.target.owner, &running.object.id);
        hook.set_annotation(TRACKING_ID, &mark);
        Some(Arc::new(hook))
    }

    /// An object is deleted where all that the plan relied on is still true of it; else it stays.
    pub(super) fn looked(
        &mut self,
        number: u32,
        result: Result<Option<Box<Object>>, ClusterError>,
        now: Timestamp,
    ) -> Vec<Action> {
        let Some(running) = self.steps.get(&number).cloned() else { return Vec::new() };
        let live = match result {
            Err(error) => return self.refused(number, &running, &error, now),
            Ok(None) => return self.gone(number),
            Ok(Some(live)) => live,
        };
        if self.terminated {
            self.step_failed(number, &running, "terminated before it was deleted".into());
            return Vec::new();
        }
        let listed = self.inventory.entries.get(&running.object.id);
        let stays = match listed {
            None => Some("it is not listed in the application's inventory".to_owned()),
            Some(_) if live.uid() != running.uid.as_deref() => Some("it is another object now: the UID differs".into()),
            Some(entry) => unprotected(&self.plan.target.owner, entry, &live).err(),
        };
        match stays {
            None => vec![self.delete_call(&running)],
            Some(reason) => {
                self.set_state(number, StepState::Ended { well: true });
                self.record(&running, ResourceStatus::PruneSkipped, format!("not deleted: {reason}"));
                Vec::new()
            }
        }
    }

    pub(super) fn step_ended(
        &mut self,
        number: u32,
        result: Result<StepResult, ClusterError>,
        now: Timestamp,
    ) -> Vec<Action> {
        let Some(running) = self.steps.get(&number).cloned() else { return Vec::new() };
        if running.clearing {
            self.cleared(number, &running, result, now);
            return Vec::new();
        }
        match result {
            Ok(StepResult::Written(object)) => self.written(number, &running, &object),
            Ok(StepResult::Gone) => return self.gone(number),
            Ok(StepResult::Deleting) => self.set_state(number, StepState::Deleting),
            Err(error) => return self.refused(number, &running, &error, now),
        }
        Vec::new()
    }

    /// A hook is gone, or stays until the next sync that runs it: how the sync ended does not depend on it.
    fn cleared(&mut self, number: u32, running: &Running, result: Result<StepResult, ClusterError>, now: Timestamp) {
        let Err(error) = result else { return };
        if error.kind.is_transient() && running.attempts < self.settings.attempts && !self.terminated {
            let at = self.later(running.attempts, now);
            self.progress.push(Progress::Retrying { object: running.object.clone(), reason: error.to_string() });
            self.retries.insert((at, number));
        }
    }

    fn written(&mut self, number: u32, running: &Running, object: &Object) {
        if let Some(running) = self.steps.get_mut(&number) {
            running.uid = object.uid().map(Into::into);
        }
        if self.inventory.entries.contains_key(&running.object.id) {
            self.inventory.note(&running.object, object.uid());
        }
        self.set_state(number, StepState::Written);
        let words = match running.step.precondition {
            Precondition::Absent => "created",
            _ => "configured",
        };
        let message = format!("{} {words}", resource_name(&running.object));
        if running.step.action == StepAction::Hook {
            self.progress.push(Progress::Waiting {
                reason: format!("waiting for completion of hook {}", words_for(&running.object)),
            });
        } else {
            self.record(running, ResourceStatus::Synced, message);
        }
    }

    /// An object that was deleted is gone: a prune is done, a hook is created now.
    pub(super) fn gone(&mut self, number: u32) -> Vec<Action> {
        let Some(running) = self.steps.get_mut(&number) else { return Vec::new() };
        if running.step.action == StepAction::Hook {
            running.uid = None;
            if self.terminated {
                let running = running.clone();
                self.step_failed(number, &running, "terminated before it was created anew".into());
                return Vec::new();
            }
            running.attempts = 1;
            running.state = StepState::Calling;
            let running = running.clone();
            return self.write_call(&running, Precondition::Absent).into_iter().collect();
        }
        let running = running.clone();
        self.set_state(number, StepState::Ended { well: true });
        self.inventory.entries.remove(&running.object.id);
        self.record(&running, ResourceStatus::Pruned, "pruned".into());
        Vec::new()
    }

    /// When a call is made again that failed so many times.
    pub(super) fn later(&self, attempts: u32, now: Timestamp) -> Timestamp {
        let pause = self.settings.backoff.saturating_mul(1 << attempts.saturating_sub(1).min(6));
        now.checked_add(pause).unwrap_or(now)
    }

    fn refused(&mut self, number: u32, running: &Running, error: &ClusterError, now: Timestamp) -> Vec<Action> {
        let may_retry = running.attempts < self.settings.attempts && !self.terminated;
        // A kind whose definition was just written is served a moment later.
        let not_yet = error.kind == ErrorKind::UnknownKind && running.step.action == StepAction::Create;
        if (error.kind.is_transient() || not_yet) && may_retry {
            let at = self.later(running.attempts, now);
            self.progress.push(Progress::Retrying { object: running.object.clone(), reason: error.to_string() });
            self.set_state(number, StepState::Retry);
            self.retries.insert((at, number));
            return Vec::new();
        }
        let deletes = running.step.action == StepAction::Prune;
        if error.kind == ErrorKind::NotFound
            && (deletes || running.uid.is_some() && running.step.action == StepAction::Hook)
        {
            return self.gone(number);
        }
        if deletes && error.kind == ErrorKind::Conflict {
            self.set_state(number, StepState::Ended { well: true });
            let message = format!("not deleted, it is another object now: {}", error.message);
            self.record(running, ResourceStatus::PruneSkipped, message);
            return Vec::new();
        }
        // A write that moved under the plan, or an answer that was lost, is judged by the live object.
        let moved = error.kind == ErrorKind::Conflict && running.step.action == StepAction::Update;
        let answer_lost = error.kind == ErrorKind::AlreadyExists && running.attempts > 1;
        if let Some(desired) = self.object_of(running).filter(|_| (moved || answer_lost) && may_retry) {
            return vec![self.call(Action::Compare { step: number, desired })];
        }
        let message = match error.kind {
            ErrorKind::AlreadyExists => "it appeared after the plan was made; plan again".to_owned(),
            _ => error.to_string(),
        };
        self.step_failed(number, running, message);
        if let Some(outcome) = self.results.last_mut() {
            outcome.trouble = error.trouble();
        }
        Vec::new()
    }

    /// A step whose live object moved goes on where its change is still the planned one.
    pub(super) fn compared(&mut self, number: u32, result: Compared, now: Timestamp) -> Vec<Action> {
        let Some(running) = self.steps.get(&number).cloned() else { return Vec::new() };
        let (live, fields) = match result {
            Err(error) => return self.refused(number, &running, &error, now),
            Ok(None) => {
                self.step_failed(number, &running, "it was deleted after the plan was made; plan again".into());
                return Vec::new();
            }
            Ok(Some(found)) => found,
        };
        let created = running.step.action != StepAction::Update;
        let ours = tracking::owner(&live, &self.plan.target.owner) == tracking::Owner::Ours;
        if fields.is_empty() && (!created || ours) {
            self.written(number, &running, &live);
            return Vec::new();
        }
        let same_object = running.uid.as_deref() == live.uid();
        if self.terminated {
            self.step_failed(number, &running, "terminated before it was written".into());
            return Vec::new();
        }
        if created || !same_object || !same_change(&running.step.change, &fields) {
            let paths: Vec<_> = fields.iter().map(|field| field.path.to_string()).collect();
            let message = format!("it changed after the plan was made ({}); plan again", paths.join(", "));
            self.step_failed(number, &running, message);
            return Vec::new();
        }
        if let Some(running) = self.steps.get_mut(&number) {
            running.attempts += 1;
            running.state = StepState::Calling;
        }
        let uid = live.uid().unwrap_or_default().into();
        let resource_version = live.resource_version().map(Into::into);
        self.write_call(&running, Precondition::Live { uid, resource_version }).into_iter().collect()
    }

    pub(super) fn step_failed(&mut self, number: u32, running: &Running, message: String) {
        self.set_state(number, StepState::Ended { well: false });
        self.fail(format!("{}: {message}", words_for(&running.object)));
        self.record(running, ResourceStatus::SyncFailed, message);
    }

    pub(super) fn set_state(&mut self, number: u32, state: StepState) {
        if let Some(running) = self.steps.get_mut(&number) {
            running.state = state;
        }
    }

    pub(super) fn record(&mut self, running: &Running, status: ResourceStatus, message: String) {
        let (object, action, phase) = (running.object.clone(), running.step.action, running.phase);
        let outcome =
            ResourceOutcome { object, action, phase, status, message, trouble: None, step: running.step.number };
        self.progress.push(Progress::Finished(outcome.clone()));
        self.results.push(outcome);
    }
}

/// Whether a change is the planned one: the same fields, from the same values to the same values. Of a secret value nobody
/// can tell whether it is the one that was planned for, so that its change counts as another.
fn same_change(planned: &[FieldDiff], now: &[FieldDiff]) -> bool {
    let same = |(was, is): (&FieldDiff, &FieldDiff)| {
        was.path.text == is.path.text && was.old == is.old && was.new == is.new && was.old != Some(Shown::Secret)
    };
    planned.len() == now.len() && planned.iter().zip(now).all(same)
}

/// `group/Kind/name`, as Argo CD names objects in its messages.
pub(super) fn words_for(object: &ObjectRef) -> String {
    format!("{}/{}/{}", object.id.group, object.id.kind, object.id.name)
}

/// `deployment.apps/web`, as `kubectl` names objects.
fn resource_name(object: &ObjectRef) -> String {
    let kind = object.id.kind.to_ascii_lowercase();
    let group = &object.id.group;
    let dot = if group.is_empty() { "" } else { "." };
    format!("{kind}{dot}{group}/{}", object.id.name)
}
