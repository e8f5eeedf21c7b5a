//! Taking the tasks of a wave: deletions first, then hooks that have to go, then the writes, kind by kind.

use gitops_core::cluster::ClusterError;
use gitops_core::{ObjectRef, Timestamp};

use super::Action;
use super::machine::{Execution, Run, Work};
use super::progress::{Progress, ResourceStatus, TaskState};
use super::task::{Call, Role};
use super::wait::Kind;

impl Execution {
    /// Tasks are taken now: how they go is noted from here on.
    pub(super) fn take(&mut self, tasks: &[usize]) {
        self.run = Run::Done;
        for index in tasks {
            if let Some(task) = self.tasks.get_mut(*index) {
                (task.call, task.attempts) = (None, 0);
            }
        }
    }

    /// The deletions of a wave; none of them is made while one waits for its confirmation.
    pub(super) fn prune(&mut self, group: &[usize], _: Timestamp) -> Vec<Action> {
        if self.run != Run::Done {
            return Vec::new();
        }
        let of = |role: Role| {
            let fits = |index: &usize| self.tasks.get(*index).is_some_and(|task| task.role == role);
            group.iter().copied().filter(fits).collect::<Vec<usize>>()
        };
        let prunes = of(Role::Prune);
        let waits = |index: &usize| self.tasks.get(*index).is_some_and(|task| task.step.unconfirmed);
        if !self.confirmed && prunes.iter().any(waits) {
            self.run = Run::Pending;
            return Vec::new();
        }
        let (kept, unchanged) = (of(Role::Kept), of(Role::Unchanged));
        kept.into_iter().for_each(|index| self.skip(index));
        for index in unchanged {
            self.set(index, ResourceStatus::Synced, TaskState::Running, "");
        }
        let batches = self.in_batches(&prunes).into_iter().map(Work::Batch);
        let work: Vec<Work> = batches.collect();
        self.next(work);
        Vec::new()
    }

    /// What is done with a task that nothing is called for.
    pub(super) fn skip(&mut self, index: usize) {
        let Some(task) = self.tasks.get(index) else { return };
        let words = task.step.reason.clone();
        let status = if task.role == Role::Kept { ResourceStatus::PruneSkipped } else { ResourceStatus::Synced };
        self.set(index, status, TaskState::Succeeded, &words);
    }

    /// Hooks that are there go first, and are created in the next round.
    pub(super) fn replace(&mut self, group: &[usize]) -> Vec<Action> {
        if self.run != Run::Done {
            return Vec::new();
        }
        let goes = |index: &usize| self.tasks.get(*index).is_some_and(super::task::Task::must_go_first);
        let going: Vec<usize> = group.iter().copied().filter(goes).collect();
        if !going.is_empty() {
            self.run = Run::Pending;
        }
        let still =
            |index: &usize| self.tasks.get(*index).and_then(super::task::Task::view).is_some_and(|view| !view.deleting);
        let due: Vec<usize> = going.into_iter().filter(still).collect();
        self.call_all(&due, Call::Replace)
    }

    pub(super) fn write(&mut self, group: &[usize]) -> Vec<Action> {
        if self.run != Run::Done {
            return Vec::new();
        }
        let writes = |index: &usize| self.tasks.get(*index).is_some_and(super::task::Task::writes);
        let all: Vec<usize> = group.iter().copied().filter(writes).collect();
        if self.settings.dry_run {
            return Vec::new();
        }
        let work: Vec<Work> = self.in_batches(&all).into_iter().map(Work::Batch).collect();
        self.next(work);
        Vec::new()
    }

    /// One batch, once what it depends on is well.
    pub(super) fn batch(&mut self, batch: Vec<usize>, now: Timestamp) -> Vec<Action> {
        self.refresh();
        self.keep_deadline(now);
        let open = self.dependencies(&batch);
        if !open.is_empty() {
            self.pause(open, Kind::Completion, now);
            self.next([Work::Look, Work::Batch(batch)]);
            return Vec::new();
        }
        let due = self.without_failed_dependencies(batch);
        for index in &due {
            let Some(task) = self.tasks.get_mut(*index) else { continue };
            (task.call, task.attempts) = (task.writes().then_some(Call::Write), 0);
            self.progress.push(Progress::Started { object: task.object.clone(), action: task.step.action });
        }
        due.into_iter().filter_map(|index| self.begin(index)).collect()
    }

    /// Tasks that have to be well before these are taken, and are not yet.
    fn dependencies(&self, batch: &[usize]) -> Vec<usize> {
        let mut open: Vec<usize> = batch.iter().flat_map(|index| self.before(*index)).collect();
        open.retain(|index| self.tasks.get(*index).is_some_and(super::task::Task::is_running));
        open.sort_unstable();
        open.dedup();
        open
    }

    /// What a task depends on.
    fn before(&self, index: usize) -> Vec<usize> {
        let Some(task) = self.tasks.get(index) else { return Vec::new() };
        let steps = task.step.after.iter().filter_map(|number| self.numbers.get(number).copied());
        let awaited = task.step.awaits.iter().filter_map(|object: &ObjectRef| self.same.get(&object.id));
        steps.chain(awaited.flatten().copied()).collect()
    }

    /// The tasks of a batch whose dependencies did what they were to do; the others fail.
    fn without_failed_dependencies(&mut self, batch: Vec<usize>) -> Vec<usize> {
        let mut kept = Vec::with_capacity(batch.len());
        for index in batch {
            let before = self.before(index);
            let failed = before.iter().filter_map(|index| self.tasks.get(*index)).find(|task| task.has_failed());
            match failed.map(|task| task.object.clone()) {
                None => kept.push(index),
                Some(object) => {
                    let words = format!("not applied: it depends on `{object}`, which failed");
                    self.write_failed(index, &words, true);
                }
            }
        }
        kept
    }

    /// Tasks in the batches of their waves, in the plan's order.
    pub(super) fn in_batches(&self, tasks: &[usize]) -> Vec<Vec<usize>> {
        let key = |index: &usize| self.tasks.get(*index).map(|task| (task.place(), task.batch));
        tasks.chunk_by(|one, other| key(one) == key(other)).map(<[usize]>::to_vec).collect()
    }

    /// One call for each task.
    pub(super) fn call_all(&mut self, tasks: &[usize], call: Call) -> Vec<Action> {
        for index in tasks {
            self.calls_for(*index, call);
        }
        tasks.iter().filter_map(|index| self.begin(*index)).collect()
    }

    pub(super) fn rehearse(&mut self, tasks: &[usize]) -> Vec<Action> {
        self.call_all(tasks, Call::Rehearse)
    }

    pub(super) fn rehearsed(&mut self, step: u32, result: Result<(), ClusterError>, now: Timestamp) {
        let Some((index, task)) = self.task_of(step) else { return };
        match result {
            Ok(()) if self.settings.dry_run => {
                let words = format!("{}/{} (dry run)", task.object.id.kind, task.object.id.name);
                self.set(index, ResourceStatus::Synced, TaskState::Succeeded, &words);
            }
            Ok(()) => {}
            Err(error) if self.tries_again(&task, &error, now) => {}
            Err(error) => self.write_refused_by(index, &error),
        }
    }

    pub(super) fn release(&mut self, tasks: &[usize]) -> Vec<Action> {
        self.call_all(tasks, Call::Release)
    }

    pub(super) fn released(&mut self, step: u32, result: Result<(), ClusterError>, now: Timestamp) {
        let Some((index, task)) = self.task_of(step) else { return };
        match result {
            Ok(()) => {
                for other in self.same.get(&task.object.id).cloned().unwrap_or_default() {
                    if let Some(super::task::Seen::There(view)) = self.tasks.get_mut(other).map(|task| &mut task.seen) {
                        view.held = false;
                    }
                }
            }
            Err(error) if self.tries_again(&task, &error, now) => {}
            Err(error) => {
                let words = format!("failed to remove hook finalizer: {error}");
                let status = task.result.as_ref().map_or(ResourceStatus::SyncFailed, |result| result.status);
                self.run = Run::Failed;
                self.set(index, status, TaskState::Error, &words);
            }
        }
    }

    pub(super) fn clear(&mut self, tasks: &[usize]) -> Vec<Action> {
        self.call_all(tasks, Call::Clear)
    }

    /// Calls that are due are made again.
    pub(super) fn try_again(&mut self, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        while self.retries.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, step)) = self.retries.pop_first() else { break };
            let index = self.numbers.get(&step).copied();
            actions.extend(index.and_then(|index| self.begin(index)));
        }
        actions
    }
}
