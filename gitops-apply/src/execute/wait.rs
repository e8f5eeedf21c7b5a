//! Waits: for health between waves, for hooks to finish, for deletions to end; and the clearing away of hooks.

use std::collections::{BTreeMap, BTreeSet};

use gitops_core::cluster::ClusterError;
use gitops_core::{Object, ObjectId, ObjectRef, Timestamp};

use super::Action;
use super::machine::{Execution, Running, Stage, StepState, Wait};
use super::progress::{Progress, ResourceStatus};
use super::steps::words_for;
use crate::health::{self, HealthStatus};
use crate::hook::DeletePolicy;
use crate::plan::{Step, StepAction};

impl Execution {
    /// What the current wave waits for at its end; none where the next thing can be done.
    pub(super) fn wave_wait(&self, now: Timestamp, failed: bool) -> Option<Wait> {
        let wave = self.waves.front()?;
        let taken = wave.taken.iter().filter_map(|number| self.steps.get(number));
        let open = |running: &&Running| match running.state {
            StepState::Deleting => true,
            StepState::Written => running.step.action == StepAction::Hook || self.several_waves && !failed,
            _ => false,
        };
        let mut targets: Vec<ObjectRef> = taken.filter(open).map(|running| running.object.clone()).collect();
        let last = self.waves.len() == 1;
        // The last wave ends the sync without waiting for health, as in Argo CD, unless a hook keeps it open.
        let hooks = wave.taken.iter().filter_map(|number| self.steps.get(number));
        let unfinished =
            hooks.clone().any(|running| running.step.action == StepAction::Hook && running.state == StepState::Written);
        let deleting = hooks.clone().any(|running| running.state == StepState::Deleting);
        if last && !unfinished && !deleting {
            return None;
        }
        if !last && !failed {
            targets.extend(wave.awaited.iter().cloned());
        }
        self.wait(targets, now, true)
    }

    /// What a batch waits for before it begins: the health of what its steps depend on.
    pub(super) fn dependencies(&self, batch: &[Step], now: Timestamp) -> Option<Wait> {
        let numbers: BTreeSet<u32> = batch.iter().flat_map(|step| step.after.iter().copied()).collect();
        let open = numbers.iter().filter_map(|number| self.steps.get(number));
        let open = open.filter(|running| matches!(running.state, StepState::Written | StepState::Deleting));
        let mut targets: Vec<ObjectRef> = open.map(|running| running.object.clone()).collect();
        let awaited: BTreeSet<&ObjectRef> = batch.iter().flat_map(|step| &step.awaits).collect();
        targets.extend(awaited.into_iter().filter(|object| !self.judged.contains_key(&object.id)).cloned());
        self.wait(targets, now, false)
    }

    fn wait(&self, targets: Vec<ObjectRef>, now: Timestamp, whole_wave: bool) -> Option<Wait> {
        let hook = |target: &&ObjectRef| {
            self.running(&target.id).is_some_and(|running| running.step.action == StepAction::Hook)
        };
        let first = targets.iter().find(hook).or(targets.first())?;
        let what = match self.running(&first.id) {
            Some(running) if running.state == StepState::Deleting => "deletion of",
            Some(running) if running.step.action == StepAction::Hook => "completion of hook",
            _ => "healthy state of",
        };
        let more = match targets.len() {
            1 => String::new(),
            count => format!(" and {} more resources", count - 1),
        };
        let reason = format!("waiting for {what} {}{more}", words_for(first));
        let until = now.checked_add(self.settings.wait).unwrap_or(Timestamp::MAX);
        Some(Wait { targets, until, poll: now, reason, whole_wave })
    }

    pub(super) fn running(&self, id: &ObjectId) -> Option<&Running> {
        self.steps.get(self.step_of.get(id)?)
    }

    pub(super) fn observed(&mut self, result: Result<Vec<Object>, ClusterError>, now: Timestamp) -> Vec<Action> {
        let Stage::Waiting(mut wait) = self.stage.clone() else { return Vec::new() };
        let later = now.checked_add(self.settings.poll).unwrap_or(Timestamp::MAX);
        let objects = match result {
            Ok(objects) => objects,
            Err(error) if error.kind.is_transient() && now < wait.until => {
                wait.poll = later;
                self.stage = Stage::Waiting(wait);
                return Vec::new();
            }
            Err(error) => {
                self.fail(format!("{}: {error}", wait.reason));
                return self.give_up(&wait);
            }
        };
        let seen: BTreeMap<ObjectId, &Object> = objects.iter().map(|object| (object.id(), object)).collect();
        let mut actions = Vec::new();
        let mut left = Vec::new();
        for target in std::mem::take(&mut wait.targets) {
            let (open, more) = self.judge(&target, seen.get(&target.id).copied());
            actions.extend(more);
            if open {
                left.push(target);
            }
        }
        if left.is_empty() {
            self.leave(&wait);
        } else if now >= wait.until {
            wait.targets = left;
            self.fail(format!(
                "gave up {}",
                self.wait(wait.targets.clone(), now, true).map_or(wait.reason.clone(), |wait| wait.reason)
            ));
            actions.extend(self.give_up(&wait));
        } else {
            let (until, whole_wave) = (wait.until, wait.whole_wave);
            let same = left.len() == wait.targets.len();
            if let Some(mut next) = self.wait(left, now, whole_wave) {
                if next.reason != wait.reason && !same {
                    self.progress.push(Progress::Waiting { reason: next.reason.clone() });
                }
                (next.until, next.poll) = (until, later);
                self.stage = Stage::Waiting(next);
            }
        }
        actions
    }

    /// Whether an object is still waited for, and what to call for it.
    fn judge(&mut self, target: &ObjectRef, live: Option<&Object>) -> (bool, Vec<Action>) {
        let Some(running) = self.running(&target.id).cloned() else {
            return (self.unplanned(target, live), Vec::new());
        };
        let number = running.step.number;
        let live = live.filter(|live| running.uid.is_none() || live.uid() == running.uid.as_deref());
        match (&running.state, live) {
            (StepState::Deleting, None) => (running.step.action == StepAction::Hook, self.gone(number)),
            (StepState::Deleting, Some(_)) => (true, Vec::new()),
            (StepState::Written, None) => {
                let message = format!("resource {} is missing, it might have been deleted", words_for(target));
                self.step_failed(number, &running, message);
                (false, Vec::new())
            }
            (StepState::Written, Some(live)) => (self.judge_health(number, &running, live), Vec::new()),
            // A hook that was deleted first is created now: its call is out.
            (StepState::Calling | StepState::Retry, _) => (true, Vec::new()),
            (StepState::Ended { .. }, _) => (false, Vec::new()),
        }
    }

    fn judge_health(&mut self, number: u32, running: &Running, live: &Object) -> bool {
        let hook = running.step.action == StepAction::Hook;
        let (status, message) = health::health(live)
            .map_or((HealthStatus::Healthy, String::new()), |health| (health.status, health.message));
        let failed = match status {
            HealthStatus::Healthy => false,
            HealthStatus::Degraded => true,
            HealthStatus::Unknown if hook => true,
            _ => return true,
        };
        if failed {
            let words = if message.is_empty() { status.to_string() } else { message };
            self.step_failed(number, running, words);
            return false;
        }
        self.set_state(number, StepState::Ended { well: true });
        if hook {
            let words = if message.is_empty() { "completed".into() } else { message };
            self.record(running, ResourceStatus::Synced, words);
        } else {
            self.progress.push(Progress::Healthy { object: running.object.clone() });
        }
        false
    }

    /// An object that is not written in this sync, but whose wave has to be healthy.
    fn unplanned(&mut self, target: &ObjectRef, live: Option<&Object>) -> bool {
        let unwell = match live {
            None => Some("it is missing".to_owned()),
            Some(live) => match health::health(live) {
                Some(health) if health.status == HealthStatus::Degraded => Some(health.message),
                Some(health) if health.status != HealthStatus::Healthy => return true,
                _ => None,
            },
        };
        self.judged.insert(target.id.clone(), unwell.is_none());
        if let Some(words) = unwell {
            self.fail(format!("{}: {words}", words_for(target)));
        }
        false
    }

    /// Everything that was waited for is there.
    fn leave(&mut self, wait: &Wait) {
        self.stage = Stage::Calling;
        if wait.whole_wave {
            self.waves.pop_front();
            self.failing |= self.failing_now();
        }
    }

    /// A wait came to its deadline: what is open counts as failed.
    fn give_up(&mut self, wait: &Wait) -> Vec<Action> {
        for target in &wait.targets {
            let open = self
                .running(&target.id)
                .filter(|running| matches!(running.state, StepState::Written | StepState::Deleting));
            if let Some(running) = open.cloned() {
                self.step_failed(running.step.number, &running, format!("{}: the time is over", wait.reason));
            }
        }
        self.failing = true;
        self.stage = Stage::Calling;
        Vec::new()
    }

    /// Nothing is left to write: hooks are deleted as their policies say, and those that still run after a termination. As
    /// in Argo CD it is the end of the sync that counts, not that of the hook.
    pub(super) fn clean(&mut self) -> Vec<Action> {
        self.stage = Stage::Cleaning;
        let due_at = if self.failures.is_empty() { DeletePolicy::HookSucceeded } else { DeletePolicy::HookFailed };
        let due = |running: &&Running| {
            let last = self.step_of.get(&running.object.id) == Some(&running.step.number);
            let hook = running.step.action == StepAction::Hook && running.uid.is_some() && last;
            hook && match running.state {
                StepState::Ended { .. } => running.step.hook_deletion.contains(&due_at),
                StepState::Written => self.terminated,
                _ => false,
            }
        };
        let hooks: Vec<u32> = self.steps.values().filter(due).map(|running| running.step.number).collect();
        for number in &hooks {
            if let Some(running) = self.steps.get_mut(number) {
                (running.clearing, running.attempts) = (true, 0);
            }
        }
        hooks.into_iter().filter_map(|number| self.begin(number)).collect()
    }

    /// The hooks are cleared away.
    pub(super) fn cleaned(&mut self, _: Timestamp) -> Vec<Action> {
        self.shrink()
    }
}
