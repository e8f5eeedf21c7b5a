//! The end that the user asks for: nothing more is written, and hooks that run are released and deleted.

use std::collections::VecDeque;

use gitops_core::{ObjectRef, Timestamp};

use super::Action;
use super::machine::{Execution, Stage, Work};
use super::progress::{Phase as End, ResourceStatus, TERMINATED, TaskState};
use super::task::{Call, Seen};
use crate::hook::DeletePolicy;

impl Execution {
    pub(super) fn terminate(&mut self, _: Timestamp) {
        if self.terminated {
            return;
        }
        self.terminated = true;
        for (_, step) in std::mem::take(&mut self.retries) {
            let Some((index, task)) = self.task_of(step) else { continue };
            if !task.is_hook() || matches!(task.call, Some(Call::Write | Call::Rehearse)) {
                self.write_failed(index, "terminated before it was tried again", true);
            }
        }
        // What was decided already is brought to its end.
        if self.verdict.is_some() || self.agenda.iter().any(|work| matches!(work, Work::End(..))) {
            return;
        }
        self.agenda = VecDeque::from([Work::Terminate]);
        if matches!(self.stage, Stage::Waiting(_)) {
            self.stage = Stage::Working;
        }
    }

    pub(super) fn look_at_running_hooks(&mut self) -> Vec<Action> {
        self.next([Work::TerminateSeen]);
        let running = self.having(|task| task.is_hook() && (task.is_running() || task.is_held()));
        let objects: Vec<ObjectRef> =
            running.iter().filter_map(|index| Some(self.tasks.get(*index)?.object.clone())).collect();
        if objects.is_empty() {
            return Vec::new();
        }
        vec![self.call(Action::Observe(objects))]
    }

    pub(super) fn end_running_hooks(&mut self, _: Timestamp) -> Vec<Action> {
        let running = self.having(|task| task.is_hook() && task.is_running());
        let mut deleted = Vec::new();
        for index in &running {
            let Some(task) = self.tasks.get(*index) else { continue };
            let policy = task.step.hook_deletion.contains(&DeletePolicy::HookFailed);
            match (&task.seen, task.judged()) {
                (Seen::Absent, _) => self.set(*index, ResourceStatus::Synced, TaskState::Succeeded, "Terminated"),
                (_, Some((state, words))) if state != TaskState::Running => {
                    self.set(*index, ResourceStatus::Synced, state, &words);
                    deleted.extend(policy.then_some(*index));
                }
                _ => {
                    self.set(*index, ResourceStatus::Synced, TaskState::Failed, "Terminated");
                    deleted.push(*index);
                }
            }
        }
        let held = self.having(|task| task.is_hook() && task.is_completed() && task.is_held());
        let (own, ended): (Vec<usize>, Vec<usize>) = held.into_iter().partition(|index| running.contains(index));
        let mut work = vec![Work::Release(ended)];
        for index in &running {
            let is_there = self.tasks.get(*index).is_some_and(|task| task.uid.is_some());
            work.extend(own.contains(index).then(|| Work::Release(vec![*index])));
            work.extend((is_there && deleted.contains(index)).then(|| Work::Clear(vec![*index])));
        }
        self.cut_short = true;
        work.push(Work::End(End::Failed, TERMINATED.into()));
        self.next(work);
        Vec::new()
    }
}
