//! Waits: what for, in Argo CD's words, and until when.

use std::collections::{BTreeSet, VecDeque};

use gitops_core::Timestamp;
use gitops_core::cluster::ClusterError;

use super::calls::words_for;
use super::machine::{Execution, Stage, Work};
use super::progress::{Phase as End, Progress, ResourceStatus, TaskState};
use super::task::{Role, Task};

/// What is waited for, why, and how long.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub(super) tasks: BTreeSet<usize>,
    pub(super) kind: Kind,
    pub(super) until: Timestamp,
    pub(super) reason: String,
}

/// What kind of thing is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// That hooks end and objects become healthy.
    Completion,
    /// That objects go.
    Deletion,
    /// That deletions are confirmed.
    Confirmation,
}

impl Execution {
    /// Waits for tasks; then comes the next round.
    pub(super) fn wait_for(&mut self, tasks: Vec<usize>, kind: Kind, now: Timestamp) {
        let kind = if self.unconfirmed(&tasks).is_empty() { kind } else { Kind::Confirmation };
        self.pause(tasks, kind, now);
        self.agenda = VecDeque::from([Work::Look, Work::Begin]);
    }

    /// Waits for tasks. What was waited for already keeps its deadline.
    pub(super) fn pause(&mut self, tasks: Vec<usize>, kind: Kind, now: Timestamp) {
        let reason = self.reason(&tasks, kind);
        let tasks: BTreeSet<usize> = tasks.into_iter().collect();
        let later = |pause| now.checked_add(pause).unwrap_or(Timestamp::MAX);
        let known = self.wait.as_ref().filter(|wait| wait.kind == kind && tasks.is_subset(&wait.tasks));
        let (until, poll) = match known {
            Some(wait) => (wait.until, later(self.settings.poll)),
            None => (later(self.settings.wait), later(self.settings.first_look)),
        };
        if self.wait.as_ref().is_none_or(|wait| wait.reason != reason) {
            self.progress.push(Progress::Waiting { reason: reason.clone() });
        }
        self.wait = Some(Wait { tasks, kind, until, reason });
        self.stage = Stage::Waiting(poll);
    }

    /// The next look comes no earlier than the delay after a wave asks for.
    pub(super) fn pause_after_wave(&mut self, now: Timestamp) {
        let after = now.checked_add(self.settings.wave_delay).unwrap_or(Timestamp::MAX);
        if let Stage::Waiting(poll) = &mut self.stage {
            *poll = (*poll).max(after);
        }
    }

    fn unconfirmed(&self, tasks: &[usize]) -> Vec<usize> {
        let waits = |index: &usize| self.tasks.get(*index).is_some_and(|task| task.step.unconfirmed);
        tasks.iter().copied().filter(|index| waits(index) && !self.confirmed).collect()
    }

    /// Argo CD's words: the first hook stands for all, or the first resource where there is no hook.
    fn reason(&self, tasks: &[usize], kind: Kind) -> String {
        let mut listed: Vec<&Task> = tasks.iter().filter_map(|index| self.tasks.get(*index)).collect();
        listed.sort_by_key(|task| task.rank());
        let hooks = listed.iter().filter(|task| task.is_hook()).count();
        let of = if hooks == listed.len() { "hooks" } else { "resources" };
        if kind == Kind::Confirmation {
            listed.retain(|task| task.step.unconfirmed);
        }
        let first = listed.iter().find(|task| task.is_hook()).or(listed.first());
        let Some(first) = first else { return "waiting for the next look".into() };
        let what = match kind {
            Kind::Confirmation => "pruning confirmation of",
            Kind::Deletion if hooks > 0 => "deletion of hook",
            Kind::Deletion => "deletion of",
            Kind::Completion if hooks > 0 => "completion of hook",
            Kind::Completion => "healthy state of",
        };
        let more = match listed.len() {
            0 | 1 => String::new(),
            count => format!(" and {} more {of}", count - 1),
        };
        format!("waiting for {what} {}{more}", words_for(&first.object))
    }

    /// What is still waited for when the time is over counts as failed.
    pub(super) fn keep_deadline(&mut self, now: Timestamp) {
        let Some(wait) = self.wait.clone().filter(|wait| now >= wait.until) else { return };
        self.give_up(&wait, &format!("gave up {}: the time is over", wait.reason));
    }

    fn give_up(&mut self, wait: &Wait, words: &str) {
        for index in &wait.tasks {
            let open = self.tasks.get(*index).is_some_and(|task| match wait.kind {
                Kind::Completion => task.is_running(),
                Kind::Deletion => task.is_pending() || task.is_terminating(),
                Kind::Confirmation => task.role == Role::Prune && task.is_pending(),
            });
            if open {
                self.set(*index, ResourceStatus::SyncFailed, TaskState::Error, words);
            }
        }
    }

    /// A look failed: it is tried again until the deadline of what is waited for.
    pub(super) fn look_failed(&mut self, error: &ClusterError, now: Timestamp) {
        let until = now.checked_add(self.settings.wait).unwrap_or(Timestamp::MAX);
        let wait = self.wait.get_or_insert_with(|| Wait {
            tasks: BTreeSet::new(),
            kind: Kind::Completion,
            until,
            reason: "waiting for the state of the hooks".into(),
        });
        let (reason, until) = (wait.reason.clone(), wait.until);
        if error.kind.is_transient() && now < until && !self.terminated {
            self.next([Work::Look]);
            self.stage = Stage::Waiting(now.checked_add(self.settings.poll).unwrap_or(Timestamp::MAX));
            return;
        }
        let words = format!("{reason}: {error}");
        match self.wait.clone().filter(|wait| !wait.tasks.is_empty()) {
            Some(wait) => self.give_up(&wait, &words),
            None => self.decided(End::Error, words),
        }
    }
}
