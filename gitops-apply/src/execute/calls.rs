//! What becomes of the calls of a task: its object is written, deleted, looked at and compared.

use std::sync::Arc;

use gitops_core::cluster::{ClusterError, ErrorKind, Precondition, Verb};
use gitops_core::{Object, ObjectRef, Timestamp};
use gitops_diff::{FieldDiff, Shown};

use super::machine::{Execution, Run};
use super::progress::{Progress, ResourceOutcome, ResourceStatus, TaskState};
use super::start::hook_object;
use super::task::{self, Call, Role, Seen, Task, View};
use super::{Action, Compared, StepResult};
use crate::plan::{StepAction, WriteMethod, unprotected};
use crate::tracking::Owner;

impl Execution {
    /// The call of a task that is due.
    pub(super) fn begin(&mut self, index: usize) -> Option<Action> {
        let task = self.tasks.get_mut(index)?;
        task.attempts += 1;
        let task = task.clone();
        match (task.call, task.role) {
            (Some(Call::Rehearse), _) => self.rehearsal_call(index, &task),
            (Some(Call::Release), _) => self.release_call(&task),
            (Some(Call::Clear | Call::Replace | Call::Prune), _) => Some(self.delete_call(&task)),
            (_, Role::Prune) => {
                let (step, target, uid) = (task.step.number, task.object, task.uid.unwrap_or_default());
                Some(self.call(Action::Look { step, target, uid }))
            }
            _ => {
                let precondition = match &task.uid {
                    // A hook that was deleted first is planned as there, and created as absent.
                    None if task.is_hook() => Precondition::Absent,
                    Some(uid) if task.is_hook() => Precondition::Live { uid: uid.clone(), resource_version: None },
                    _ => task.step.precondition.clone(),
                };
                self.write_call(index, &task, precondition)
            }
        }
    }

    pub(super) fn delete_call(&mut self, task: &Task) -> Action {
        let uid = task.uid.clone().unwrap_or_default();
        let propagation = task.step.propagation.unwrap_or_default();
        self.call(Action::Delete { step: task.step.number, target: task.object.clone(), uid, propagation })
    }

    fn release_call(&mut self, task: &Task) -> Option<Action> {
        let (step, target, uid) = (task.step.number, task.object.clone(), task.uid.clone()?);
        Some(self.call(Action::Release { step, target, uid }))
    }

    fn rehearsal_call(&mut self, index: usize, task: &Task) -> Option<Action> {
        let object = self.object_of(task).or_else(|| self.not_rendered(index))?;
        let verb = verb(task.step.method, task.uid.is_none());
        let (step, method, force) = (task.step.number, task.step.method, task.step.force);
        Some(self.call(Action::Rehearse { step, object, verb, method, force }))
    }

    fn write_call(&mut self, index: usize, task: &Task, precondition: Precondition) -> Option<Action> {
        let object = self.object_of(task).or_else(|| self.not_rendered(index))?;
        let verb = verb(task.step.method, precondition == Precondition::Absent);
        let (step, migrate) = (task.step.number, task.step.migrates.clone());
        let (method, force) = (task.step.method, task.step.force && !is_never_replaced(&task.object));
        Some(self.call(Action::Write { step, object, verb, precondition, migrate, method, force }))
    }

    fn not_rendered(&mut self, index: usize) -> Option<Arc<Object>> {
        self.write_failed(index, "it is not among the objects that the source renders to", true);
        None
    }

    /// What is written for a task; none where the plan is of other objects than those that are desired.
    fn object_of(&self, task: &Task) -> Option<Arc<Object>> {
        let object = self.objects.get(&task.step.object.id)?;
        Some(match task.role {
            Role::Hook => Arc::new(hook_object(object, &task.object, &self.plan.target)),
            _ => Arc::clone(object),
        })
    }

    /// An object is deleted where all that the plan relied on is still true of it; else it stays.
    pub(super) fn looked(
        &mut self,
        step: u32,
        result: Result<Option<Box<Object>>, ClusterError>,
        now: Timestamp,
    ) -> Vec<Action> {
        let Some((index, task)) = self.task_of(step) else { return Vec::new() };
        let live = match result {
            Err(error) => return self.refused(index, &task, &error, now),
            Ok(None) => {
                self.set(index, ResourceStatus::Pruned, TaskState::Succeeded, "pruned");
                self.pruned_is_gone(index);
                return Vec::new();
            }
            Ok(Some(live)) => live,
        };
        if self.terminated {
            self.write_failed(index, "terminated before it was deleted", true);
            return Vec::new();
        }
        let listed = self.inventory.entries.get(&task.object.id);
        let stays = match listed {
            None => Some("it is not listed in the application's inventory".to_owned()),
            Some(_) if live.uid() != task.uid.as_deref() => Some("it is another object now: the UID differs".into()),
            Some(entry) => unprotected(&self.plan.target, entry, &live, self.plan.deletion).err(),
        };
        if let Some(reason) = stays {
            let words = format!("not deleted: {reason}");
            self.set(index, ResourceStatus::PruneSkipped, TaskState::Succeeded, &words);
        } else if live.is_terminating() {
            let view = View::of(&live, self.settings.checks.as_deref());
            self.saw(index, Seen::There(view));
            self.set(index, ResourceStatus::Pruned, TaskState::Succeeded, "pruned");
        } else {
            self.calls_for(index, Call::Prune);
            return vec![self.delete_call(&task)];
        }
        Vec::new()
    }

    pub(super) fn step_ended(
        &mut self,
        step: u32,
        result: Result<StepResult, ClusterError>,
        now: Timestamp,
    ) -> Vec<Action> {
        let Some((index, task)) = self.task_of(step) else { return Vec::new() };
        let result = match result {
            Ok(result) => result,
            Err(error) => return self.refused(index, &task, &error, now),
        };
        match (result, task.call) {
            (StepResult::Written(object), _) => self.written(index, &task, &object),
            (done, Some(Call::Prune)) => {
                self.set(index, ResourceStatus::Pruned, TaskState::Succeeded, "pruned");
                if matches!(done, StepResult::Gone) {
                    self.pruned_is_gone(index);
                }
            }
            (done, call) => self.hook_deleted(index, &task, matches!(done, StepResult::Gone), call),
        }
        Vec::new()
    }

    fn hook_deleted(&mut self, index: usize, task: &Task, gone: bool, call: Option<Call>) {
        if call == Some(Call::Replace) {
            self.run = if self.run == Run::Failed { Run::Failed } else { Run::Pending };
        }
        if gone {
            for other in self.same.get(&task.object.id).cloned().unwrap_or_default() {
                self.saw(other, Seen::Absent);
                if let Some(other) = self.tasks.get_mut(other) {
                    other.uid = None;
                }
            }
        } else if let Some(view) = task.view() {
            let view = View { deleting: true, ..view.clone() };
            self.saw(index, Seen::There(view));
        }
    }

    /// A deleted object is gone: it leaves the record.
    pub(super) fn pruned_is_gone(&mut self, index: usize) {
        let Some(task) = self.tasks.get_mut(index) else { return };
        task.gone = true;
        self.inventory.entries.remove(&task.object.id);
    }

    fn written(&mut self, index: usize, task: &Task, object: &Object) {
        let uid: Option<String> = object.uid().map(Into::into);
        for other in self.same.get(&task.object.id).cloned().unwrap_or_default() {
            if let Some(other) = self.tasks.get_mut(other).filter(|other| other.is_hook() || other.role == task.role) {
                (other.uid, other.seen) = (uid.clone(), Seen::Not);
            }
        }
        if self.inventory.entries.contains_key(&task.object.id) {
            self.inventory.note(&task.object, object.uid());
        }
        let created = match task.role {
            Role::Hook => task.uid.is_none(),
            _ => task.step.precondition == Precondition::Absent,
        };
        let words = match (created, task.step.method) {
            (true, _) => format!("{} created", resource_name(&task.object)),
            (false, WriteMethod::Replace) if is_never_replaced(&task.object) => {
                format!("{}/{} updated", task.object.id.kind, task.object.id.name)
            }
            (false, _) => format!("{} configured", resource_name(&task.object)),
        };
        self.set(index, ResourceStatus::Synced, TaskState::Running, &words);
    }

    /// When a call is made again that failed so many times.
    pub(super) fn later(&self, attempts: u32, now: Timestamp) -> Timestamp {
        let pause = self.settings.backoff.saturating_mul(1 << attempts.saturating_sub(1).min(6));
        now.checked_add(pause).unwrap_or(now)
    }

    /// Whether a call that failed is made again later.
    pub(super) fn tries_again(&mut self, task: &Task, error: &ClusterError, now: Timestamp) -> bool {
        // A kind whose definition was just written is served a moment later.
        let not_yet = error.kind == ErrorKind::UnknownKind && task.call == Some(Call::Write);
        let passing = error.kind.is_transient() || not_yet;
        let again = passing && task.attempts < self.settings.attempts && !self.terminated;
        if again {
            let at = self.later(task.attempts, now);
            self.progress.push(Progress::Retrying { object: task.object.clone(), reason: error.to_string() });
            self.retries.insert((at, task.step.number));
        }
        again
    }

    fn refused(&mut self, index: usize, task: &Task, error: &ClusterError, now: Timestamp) -> Vec<Action> {
        if self.tries_again(task, error, now) {
            return Vec::new();
        }
        let absent = error.kind == ErrorKind::NotFound;
        match task.call {
            Some(Call::Replace | Call::Clear) if absent => self.hook_deleted(index, task, true, task.call),
            // Somebody made another one in its place; that one is left.
            Some(Call::Clear) if error.kind == ErrorKind::Conflict => {}
            Some(Call::Replace | Call::Clear) => {
                let status = task.result.as_ref().map_or(ResourceStatus::SyncFailed, |result| result.status);
                self.run = Run::Failed;
                self.set(index, status, TaskState::Error, &format!("failed to delete resource: {error}"));
            }
            _ if task.role == Role::Prune => self.prune_refused(index, error),
            _ => return self.write_refused(index, task, error),
        }
        Vec::new()
    }

    fn prune_refused(&mut self, index: usize, error: &ClusterError) {
        match error.kind {
            ErrorKind::NotFound => {
                self.set(index, ResourceStatus::Pruned, TaskState::Succeeded, "pruned");
                self.pruned_is_gone(index);
            }
            ErrorKind::Conflict => {
                let words = format!("not deleted, it is another object now: {}", error.message);
                self.set(index, ResourceStatus::PruneSkipped, TaskState::Succeeded, &words);
            }
            _ => self.write_refused_by(index, error),
        }
    }

    /// A write that moved under the plan, or whose answer was lost, is judged by the live object.
    fn write_refused(&mut self, index: usize, task: &Task, error: &ClusterError) -> Vec<Action> {
        if task.is_hook() && task.uid.is_some() && error.kind == ErrorKind::NotFound {
            if let Some(task) = self.tasks.get_mut(index) {
                task.uid = None;
            }
            return self.begin(index).into_iter().collect();
        }
        let may_retry = task.attempts < self.settings.attempts && !self.terminated;
        let moved = error.kind == ErrorKind::Conflict && task.step.action == StepAction::Update;
        let answer_lost = error.kind == ErrorKind::AlreadyExists && task.attempts > 1;
        if let Some(desired) = self.object_of(task).filter(|_| (moved || answer_lost) && may_retry) {
            let (step, method) = (task.step.number, task.step.method);
            return vec![self.call(Action::Compare { step, desired, method })];
        }
        match error.kind {
            ErrorKind::AlreadyExists => {
                self.write_failed(index, "it appeared after the plan was made; plan again", true);
            }
            ErrorKind::NotFound if task.step.action == StepAction::Update => {
                self.write_failed(index, "it was deleted after the plan was made; plan again", true);
            }
            _ => self.write_refused_by(index, error),
        }
        Vec::new()
    }

    /// A step whose live object moved goes on where its change is still the planned one.
    pub(super) fn compared(&mut self, step: u32, result: Compared, now: Timestamp) -> Vec<Action> {
        let Some((index, task)) = self.task_of(step) else { return Vec::new() };
        let (live, fields) = match result {
            Err(error) => return self.refused(index, &task, &error, now),
            Ok(None) => {
                self.write_failed(index, "it was deleted after the plan was made; plan again", true);
                return Vec::new();
            }
            Ok(Some(found)) => found,
        };
        let created = task.step.action != StepAction::Update;
        let ours = self.plan.target.owner_of(&live) == Owner::Ours;
        if fields.is_empty() && (!created || ours) {
            self.written(index, &task, &live);
            return Vec::new();
        }
        let same_object = task.uid.as_deref() == live.uid();
        if self.terminated {
            self.write_failed(index, "terminated before it was written", true);
            return Vec::new();
        }
        if created || !same_object || !same_change(&task.step.change, &fields) {
            let paths: Vec<_> = fields.iter().map(|field| field.path.to_string()).collect();
            let words = format!("it changed after the plan was made ({}); plan again", paths.join(", "));
            self.write_failed(index, &words, true);
            return Vec::new();
        }
        if let Some(task) = self.tasks.get_mut(index) {
            task.attempts += 1;
        }
        let uid = live.uid().unwrap_or_default().into();
        let resource_version = live.resource_version().map(Into::into);
        self.write_call(index, &task, Precondition::Live { uid, resource_version }).into_iter().collect()
    }

    /// A task could not be done. The words of this engine's own name the object; a server's do that themselves.
    pub(super) fn write_failed(&mut self, index: usize, words: &str, own: bool) {
        let Some(task) = self.tasks.get(index) else { return };
        let words = if own { format!("{}: {words}", words_for(&task.object)) } else { words.to_owned() };
        self.run = Run::Failed;
        self.set(index, ResourceStatus::SyncFailed, TaskState::Failed, &words);
    }

    /// The cluster refused a call: its words, and what it says stands in the way.
    pub(super) fn write_refused_by(&mut self, index: usize, error: &ClusterError) {
        if let Some(task) = self.tasks.get_mut(index) {
            task.trouble = error.trouble();
        }
        self.write_failed(index, &error.to_string(), false);
    }

    /// Notes what became of a task; without words it keeps those that it has.
    pub(super) fn set(&mut self, index: usize, status: ResourceStatus, state: TaskState, words: &str) {
        let Some(task) = self.tasks.get_mut(index) else { return };
        let earlier = task.result.take();
        let kept = earlier.as_ref().map(|result| result.message.clone());
        let message = if words.is_empty() { kept.unwrap_or_default() } else { words.to_owned() };
        task.result = Some(task::Result { status, state, message });
        if task.role == Role::Unchanged {
            return;
        }
        if earlier.is_none() {
            self.told.push(index);
        }
        // A hook's end is told, and of a resource that it was written.
        let task = &*task;
        let ended = state != TaskState::Running;
        let first = earlier.is_none() || state.is_failure();
        if (if task.is_hook() { ended } else { first })
            && let Some(outcome) = Self::outcome_of(task)
        {
            self.progress.push(Progress::Finished(outcome));
        }
    }

    pub(super) fn outcome_of(task: &Task) -> Option<ResourceOutcome> {
        let result = task.result.as_ref()?;
        Some(ResourceOutcome {
            object: task.object.clone(),
            action: task.step.action,
            phase: task.phase,
            status: result.status,
            state: result.state,
            message: result.message.clone(),
            trouble: task.trouble,
            step: task.step.number,
        })
    }

    pub(super) fn task_of(&self, step: u32) -> Option<(usize, Task)> {
        let index = *self.numbers.get(&step)?;
        Some((index, self.tasks.get(index)?.clone()))
    }

    pub(super) fn saw(&mut self, index: usize, seen: Seen) {
        if let Some(task) = self.tasks.get_mut(index) {
            task.seen = seen;
        }
    }

    pub(super) fn calls_for(&mut self, index: usize, call: Call) {
        if let Some(task) = self.tasks.get_mut(index) {
            (task.call, task.attempts) = (Some(call), 0);
        }
    }
}

/// Whether a replacement is a plain update whatever the options say: what is deleted with the object would be lost.
fn is_never_replaced(object: &ObjectRef) -> bool {
    matches!(object.id.kind.as_str(), "Namespace" | "CustomResourceDefinition")
}

/// How an object is written. One that is created by an apply has applied fields from its first moment on, which the next
/// apply can give up.
fn verb(method: WriteMethod, absent: bool) -> Verb {
    match method {
        WriteMethod::Replace | WriteMethod::ClientSideApply if absent => Verb::Create,
        WriteMethod::Replace | WriteMethod::ClientSideApply => Verb::Update,
        WriteMethod::Apply | WriteMethod::ServerSideApply => Verb::Apply { force: true },
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
