//! One round: a look at what is under way, the rehearsal before anything is written, a judgement, and what comes next.
//! The rules are those of Argo CD's sync engine (gitops-engine, `pkg/sync`).

use std::collections::{BTreeMap, BTreeSet};

use gitops_core::cluster::ClusterError;
use gitops_core::{Object, ObjectId, ObjectRef, Timestamp};

use super::Action;
use super::machine::{Execution, Run, Work};
use super::progress::{Phase as End, Progress, ResourceStatus, TaskState};
use super::task::{Call, Role, Seen, Task, View};
use super::wait::Kind;
use crate::hook::{DeletePolicy, Phase};

const FAILED: &str = "one or more synchronization tasks completed unsuccessfully";

impl Execution {
    /// Looks at everything that the next judgement is about: what runs, what goes, and hooks that are there.
    pub(super) fn look(&mut self) -> Vec<Action> {
        let wanted = self.tasks.iter().filter(|task| self.matters(task)).map(|task| task.object.clone());
        let wanted: BTreeSet<ObjectRef> = wanted.collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        vec![self.call(Action::Observe(wanted.into_iter().collect()))]
    }

    fn matters(&self, task: &Task) -> bool {
        if task.is_running() || task.is_terminating() {
            return true;
        }
        let policies = [DeletePolicy::HookSucceeded, DeletePolicy::HookFailed];
        let goes = policies.iter().any(|policy| task.step.hook_deletion.contains(policy));
        task.is_hook() && task.uid.is_some() && (task.is_pending() || task.is_held() || goes)
    }

    pub(super) fn observed(&mut self, result: Result<Vec<Object>, ClusterError>, now: Timestamp) {
        let objects = match result {
            Ok(objects) => objects,
            Err(error) => return self.look_failed(&error, now),
        };
        let found: BTreeMap<ObjectId, &Object> = objects.iter().map(|object| (object.id(), object)).collect();
        for index in 0..self.tasks.len() {
            let Some(task) = self.tasks.get(index).filter(|task| self.matters(task)) else { continue };
            let live = found.get(&task.object.id).copied();
            self.note_seen(index, live);
        }
    }

    fn note_seen(&mut self, index: usize, live: Option<&Object>) {
        let made = self.made_namespace.as_ref();
        let checks = self.settings.checks.clone();
        let Some(task) = self.tasks.get_mut(index) else { return };
        // Another object of the same name is not the one that was written.
        let live = live.filter(|live| task.is_pending() || task.uid.is_none() || live.uid() == task.uid.as_deref());
        match live {
            Some(live) => {
                task.seen = Seen::There(View::of(live, checks.as_deref()));
                task.uid = live.uid().map(Into::into);
                task.dropped |= made == Some(&task.object.id) && task.is_running();
            }
            None => {
                task.seen = Seen::Absent;
                if task.is_hook() {
                    task.uid = None;
                }
            }
        }
        if self.tasks.get(index).is_some_and(|task| task.is_terminating() && task.view().is_none()) {
            self.pruned_is_gone(index);
        }
    }

    /// Begins a round. Until something was done, everything is rehearsed first, and before that the application's own
    /// namespace is made: nothing can be rehearsed in a namespace that is not there.
    pub(super) fn begin_round(&mut self, _: Timestamp) -> Vec<Action> {
        if self.tasks.iter().any(|task| task.result.is_some()) {
            self.next([Work::Judge]);
            return Vec::new();
        }
        let namespace = self.plan.target.namespace.as_str();
        let made = !self.settings.dry_run;
        let own = |task: &Task| {
            let id = &task.object.id;
            id.group.is_empty() && id.kind == "Namespace" && id.name == namespace
        };
        let absent = |task: &Task| task.role == Role::Write && task.uid.is_none() && task.is_pending();
        match self.tasks.iter().position(|task| made && own(task) && absent(task)) {
            Some(index) => {
                self.take(&[index]);
                self.next([Work::Write(vec![index]), Work::NamespaceMade(index)]);
            }
            None => self.plan_rehearsal(None),
        }
        Vec::new()
    }

    pub(super) fn namespace_made(&mut self, index: usize) -> Vec<Action> {
        if self.run == Run::Failed {
            let words = self.reasons(&[index], "the namespace failed to apply");
            self.next([Work::End(End::Failed, words)]);
        } else {
            self.plan_rehearsal(Some(index));
        }
        Vec::new()
    }

    fn plan_rehearsal(&mut self, made: Option<usize>) {
        let unconfirmed = self.tasks.iter().any(|task| task.step.unconfirmed) && !self.confirmed;
        self.run = Run::Done;
        if unconfirmed || !(self.settings.rehearse || self.settings.dry_run) {
            return self.next([Work::Judge]);
        }
        if self.settings.dry_run {
            self.settle_without_calls();
        }
        let rehearsed = |index: &usize| {
            self.tasks.get(*index).is_some_and(|task| task.writes() && !task.step.unrehearsed && Some(*index) != made)
        };
        let all: Vec<usize> = (0..self.tasks.len()).filter(rehearsed).collect();
        let batches = self.in_batches(&all).into_iter().map(Work::Rehearse);
        let work: Vec<Work> = batches.chain([Work::Rehearsed]).collect();
        self.next(work);
    }

    /// What a rehearsal says of deletions, and of what is left as it is.
    fn settle_without_calls(&mut self) {
        for index in 0..self.tasks.len() {
            let Some(task) = self.tasks.get(index) else { continue };
            match task.role {
                Role::Prune => {
                    self.set(index, ResourceStatus::Pruned, TaskState::Succeeded, "pruned (dry run)");
                }
                Role::Kept | Role::Unchanged => self.skip(index),
                Role::Write | Role::Hook if task.step.unrehearsed => {
                    let words = "not rehearsed: the cluster does not know its kind yet";
                    self.set(index, ResourceStatus::Synced, TaskState::Succeeded, words);
                }
                Role::Write | Role::Hook => {}
            }
        }
    }

    pub(super) fn all_rehearsed(&mut self) -> Vec<Action> {
        if self.run == Run::Failed {
            let words = "one or more objects failed to apply (dry run)";
            self.next([Work::End(End::Failed, words.into())]);
        } else {
            self.next([Work::Judge]);
        }
        Vec::new()
    }

    /// Judges what was seen, and waits where something is under way.
    pub(super) fn judge(&mut self, now: Timestamp) -> Vec<Action> {
        self.refresh();
        self.keep_deadline(now);
        let several = self.has_several_waves();
        let under_way = |task: &Task| task.is_running() && (several || task.is_hook());
        let running = self.having(under_way);
        if !running.is_empty() {
            for index in &running {
                self.fail_missing(*index);
            }
            self.wait_for(running, Kind::Completion, now);
            return Vec::new();
        }
        let going = self.having(|task| task.is_terminating() && task.view().is_some_and(|view| view.deleting));
        if !going.is_empty() {
            self.wait_for(going, Kind::Deletion, now);
            return Vec::new();
        }
        let held = self.having(|task| task.is_hook() && task.is_completed() && task.is_held());
        self.next([Work::Release(held), Work::Decide]);
        Vec::new()
    }

    /// What running tasks have come to.
    pub(super) fn refresh(&mut self) {
        for index in 0..self.tasks.len() {
            let Some(task) = self.tasks.get(index).filter(|task| task.is_running()) else { continue };
            let Some((state, message)) = task.judged() else { continue };
            let unchanged = task.role == Role::Unchanged && state.is_failure();
            let status = if unchanged { ResourceStatus::SyncFailed } else { ResourceStatus::Synced };
            let words = match unchanged {
                true => format!("{}: {message}", super::calls::words_for(&task.object)),
                false => message,
            };
            if state == TaskState::Succeeded && !task.is_hook() {
                self.progress.push(Progress::Healthy { object: task.object.clone() });
            }
            self.set(index, status, state, &words);
        }
    }

    fn fail_missing(&mut self, index: usize) {
        let Some(task) = self.tasks.get(index) else { return };
        if matches!(task.seen, Seen::Absent) {
            let words =
                format!("Resource {} is missing, it might have been deleted", super::calls::words_for(&task.object));
            self.set(index, ResourceStatus::SyncFailed, TaskState::Error, &words);
        }
    }

    /// Nothing is under way: fail, go on, or end.
    pub(super) fn decide(&mut self, now: Timestamp) -> Vec<Action> {
        let ordinary = |task: &Task| task.phase != Phase::SyncFail;
        if self.tasks.iter().any(|task| ordinary(task) && task.has_failed()) {
            let failed = self.having(|task| ordinary(task) && task.sync_failed());
            let words = self.reasons(&failed, FAILED);
            let due = self.due(DeletePolicy::HookFailed);
            self.next([Work::Clear(due)]);
            self.fail(&words, Vec::new());
            return Vec::new();
        }
        let pending = self.having(|task| ordinary(task) && task.is_pending());
        let Some(first) = pending.first().and_then(|index| self.tasks.get(*index)).map(Task::place) else {
            self.all_done("successfully synced (no more tasks)", now);
            return Vec::new();
        };
        let group = self.having(|task| task.is_pending() && task.place() == first);
        self.announce(first, &group);
        self.take(&group);
        self.next([
            Work::Release(
                self.having(|task| task.place() == first && task.is_hook() && task.is_pending() && task.is_held()),
            ),
            Work::Prune(group.clone()),
            Work::Replace(group.clone()),
            Work::Write(group.clone()),
            Work::Taken(group),
        ]);
        Vec::new()
    }

    fn announce(&mut self, place: (Phase, i64), group: &[usize]) {
        let does = |index: &usize| {
            self.tasks.get(*index).is_some_and(|task| !matches!(task.role, Role::Unchanged | Role::Kept))
        };
        if group.iter().any(does) && self.announced.insert(place) {
            self.progress.push(Progress::Wave { phase: place.0, wave: place.1 });
        }
    }

    /// A wave was taken: the end, the next one, or what has to happen first.
    pub(super) fn taken(&mut self, group: &[usize], now: Timestamp) -> Vec<Action> {
        let of_group = |execution: &Self, holds: fn(&Task) -> bool| -> Vec<usize> {
            group.iter().copied().filter(|index| execution.tasks.get(*index).is_some_and(holds)).collect()
        };
        match self.run {
            Run::Failed => {
                let failed = of_group(self, Task::sync_failed);
                let words = self.reasons(&failed, "one or more objects failed to apply");
                let running = of_group(self, Task::is_running);
                let fail_hooks = self.having(|task| task.phase == Phase::SyncFail);
                if running.is_empty() && fail_hooks.is_empty() {
                    let due = self.due(DeletePolicy::HookFailed);
                    self.next([Work::Clear(due)]);
                }
                if running.is_empty() || !fail_hooks.is_empty() {
                    self.fail(&words, running);
                } else {
                    self.wait_for(running, Kind::Completion, now);
                }
            }
            Run::Done => {
                let more = self.tasks.iter().any(|task| task.phase != Phase::SyncFail && task.is_pending());
                let hooks = of_group(self, Task::is_hook);
                if !more && hooks.is_empty() {
                    self.all_done("successfully synced (all tasks run)", now);
                } else {
                    self.wait_for(group.to_vec(), Kind::Completion, now);
                    if more {
                        self.pause_after_wave(now);
                    }
                }
            }
            Run::Pending => {
                let open = of_group(self, |task| {
                    task.call == Some(Call::Replace)
                        || task.must_go_first()
                        || task.role == Role::Prune && task.is_pending()
                });
                self.wait_for(open, Kind::Deletion, now);
            }
        }
        Vec::new()
    }

    fn all_done(&mut self, words: &'static str, now: Timestamp) {
        let words = *self.words.get_or_insert(words);
        // A dry run deletes nothing that could go.
        let awaited = (self.plan.deletion || self.settings.await_deletions) && !self.settings.dry_run;
        let going = self.having(|task| awaited && task.is_terminating());
        if !going.is_empty() {
            return self.wait_for(going, Kind::Deletion, now);
        }
        let due = self.due(DeletePolicy::HookSucceeded);
        self.next([Work::Clear(due), Work::End(End::Succeeded, words.into())]);
    }

    /// The SyncFail hooks run, and after them it ends.
    fn fail(&mut self, words: &str, also: Vec<usize>) {
        let hooks = self.having(|task| task.phase == Phase::SyncFail);
        let completed = |index: &usize| self.tasks.get(*index).is_some_and(Task::is_completed);
        if hooks.iter().all(completed) {
            let failed = self.having(|task| task.phase == Phase::SyncFail && task.sync_failed());
            let more = match failed.is_empty() {
                true => String::new(),
                false => format!("\n{}", self.reasons(&failed, "one or more SyncFail hooks failed")),
            };
            self.agenda.push_back(Work::End(End::Failed, format!("{words}{more}")));
            return;
        }
        let pending = self.having(|task| task.phase == Phase::SyncFail && task.is_pending());
        self.take(&pending);
        let held = self.having(|task| task.phase == Phase::SyncFail && task.is_pending() && task.is_held());
        let work = [
            Work::Release(held),
            Work::Replace(pending.clone()),
            Work::Write(pending.clone()),
            Work::FailHooksTaken(pending, also),
        ];
        self.agenda.extend(work);
    }

    pub(super) fn fail_hooks_taken(&mut self, hooks: &[usize], also: Vec<usize>, now: Timestamp) -> Vec<Action> {
        let all = also.into_iter().chain(hooks.iter().copied()).collect();
        self.wait_for(all, Kind::Completion, now);
        Vec::new()
    }

    fn due(&self, policy: DeletePolicy) -> Vec<usize> {
        self.having(|task| task.is_due(policy))
    }

    pub(super) fn having(&self, holds: impl Fn(&Task) -> bool) -> Vec<usize> {
        self.tasks.iter().enumerate().filter(|(_, task)| holds(task)).map(|(index, _)| index).collect()
    }

    fn has_several_waves(&self) -> bool {
        let places = self.tasks.iter().filter(|task| !task.dropped).map(Task::place);
        let mut places = places.chain(self.bare.iter().copied());
        let first = places.next();
        places.any(|place| Some(place) != first)
    }

    /// Words, with the messages of tasks that failed.
    fn reasons(&self, failed: &[usize], words: &str) -> String {
        let mut messages: Vec<&str> = Vec::new();
        for result in failed.iter().filter_map(|index| self.tasks.get(*index)?.result.as_ref()) {
            if !messages.contains(&result.message.as_str()) {
                messages.push(&result.message);
            }
        }
        if messages.is_empty() { words.into() } else { format!("{words}, reason: {}", messages.join(",")) }
    }
}
