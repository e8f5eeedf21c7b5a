//! One object in one phase: what is to be done, what was last seen of it, and what became of it.

use gitops_core::annotations::HOOK_FINALIZER;
use gitops_core::cluster::{Precondition, Trouble};
use gitops_core::{Object, ObjectRef, Value};

use super::progress::{ResourceStatus, TaskState};
use crate::health::{self, Checks, Health, HealthStatus};
use crate::hook::{DeletePolicy, Phase};
use crate::order::kind_rank;
use crate::plan::{Step, StepAction};

/// What a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// An object that is created or changed.
    Write,
    /// A hook.
    Hook,
    /// An object that is deleted.
    Prune,
    /// An object that the source no longer has and that stays.
    Kept,
    /// An object that is as it should be, and whose health its wave waits for.
    Unchanged,
}

/// One object in one phase.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) step: Step,
    pub(super) role: Role,
    pub(super) phase: Phase,
    pub(super) wave: i64,
    /// Its batch in the wave: those of one batch are called at once.
    pub(super) batch: usize,
    /// The object, a hook's with the name that it was given.
    pub(super) object: ObjectRef,
    /// The UID of the object that is there, as far as is known.
    pub(super) uid: Option<String>,
    pub(super) seen: Seen,
    pub(super) call: Option<Call>,
    pub(super) attempts: u32,
    pub(super) result: Option<Result>,
    /// What the cluster says stands in the way, where it refused a call.
    pub(super) trouble: Option<Trouble>,
    /// Whether nothing is to be done with it any more: the namespace of the sync's own making, once it is there.
    pub(super) dropped: bool,
    /// Whether a deleted object was seen to be gone.
    pub(super) gone: bool,
}

/// What a call is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// It is rehearsed.
    Rehearse,
    /// It is written.
    Write,
    /// It is deleted for good.
    Prune,
    /// A hook is deleted, to be created anew.
    Replace,
    /// A hook is deleted, as its policy says.
    Clear,
    /// A hook's finalizer is taken away.
    Release,
}

/// What was last seen of an object.
#[derive(Clone, Debug, Default)]
pub(super) enum Seen {
    /// Nobody looked since it was written.
    #[default]
    Not,
    /// It was not there.
    Absent,
    /// It was there.
    There(View),
}

/// An object that was there.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) deleting: bool,
    /// Whether the hook finalizer is on it.
    pub(super) held: bool,
    pub(super) health: Option<Health>,
}

impl View {
    pub(super) fn of(object: &Object, checks: Option<&dyn Checks>) -> Self {
        let finalizers = object.get(&["metadata", "finalizers"]).and_then(Value::as_array);
        let held = finalizers.into_iter().flatten().any(|one| one == HOOK_FINALIZER);
        Self { deleting: object.is_terminating(), held, health: health::health_by(object, checks) }
    }
}

/// What became of a task so far.
#[derive(Clone, Debug)]
pub(super) struct Result {
    pub(super) status: ResourceStatus,
    pub(super) state: TaskState,
    pub(super) message: String,
}

impl Task {
    pub(super) fn new(step: Step, role: Role, phase: Phase, wave: i64, batch: usize) -> Self {
        let uid = match &step.precondition {
            Precondition::Live { uid, .. } => Some(uid.clone()),
            _ => None,
        };
        let object = step.object.clone();
        let (seen, call, attempts) = (Seen::Not, None, 0);
        let (result, trouble, dropped, gone) = (None, None, false, false);
        Self { step, role, phase, wave, batch, object, uid, seen, call, attempts, result, trouble, dropped, gone }
    }

    pub(super) fn place(&self) -> (Phase, i64) {
        (self.phase, self.wave)
    }

    /// Where it stands among the tasks of its wave, by Argo CD's order.
    pub(super) fn rank(&self) -> (Phase, i64, usize, &str) {
        (self.phase, self.wave, kind_rank(&self.object.id.kind), &self.object.id.name)
    }

    pub(super) fn is_hook(&self) -> bool {
        self.role == Role::Hook
    }

    pub(super) fn writes(&self) -> bool {
        matches!(self.role, Role::Write | Role::Hook)
    }

    pub(super) fn state(&self) -> Option<TaskState> {
        self.result.as_ref().map(|result| result.state)
    }

    pub(super) fn is_pending(&self) -> bool {
        self.result.is_none() && !self.dropped
    }

    pub(super) fn is_running(&self) -> bool {
        self.state() == Some(TaskState::Running) && !self.dropped
    }

    pub(super) fn is_completed(&self) -> bool {
        self.state().is_some_and(|state| state != TaskState::Running)
    }

    pub(super) fn has_failed(&self) -> bool {
        self.state().is_some_and(TaskState::is_failure)
    }

    pub(super) fn sync_failed(&self) -> bool {
        self.result.as_ref().is_some_and(|result| result.status == ResourceStatus::SyncFailed)
    }

    pub(super) fn view(&self) -> Option<&View> {
        match &self.seen {
            Seen::There(view) => Some(view),
            Seen::Not | Seen::Absent => None,
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.view().is_some_and(|view| view.held)
    }

    /// Whether it was deleted, and is not gone yet.
    pub(super) fn is_terminating(&self) -> bool {
        let pruned = self.result.as_ref().is_some_and(|result| result.status == ResourceStatus::Pruned);
        self.role == Role::Prune && pruned && !self.gone
    }

    /// Whether it is a hook that is there and must go before it is created.
    pub(super) fn must_go_first(&self) -> bool {
        self.is_hook()
            && self.is_pending()
            && self.view().is_some()
            && self.step.hook_deletion.contains(&DeletePolicy::BeforeHookCreation)
    }

    /// Whether it is a hook that is there and goes when the sync ends in this way.
    pub(super) fn is_due(&self, policy: DeletePolicy) -> bool {
        self.is_hook() && self.view().is_some() && !self.is_running() && self.step.hook_deletion.contains(&policy)
    }

    /// Where a live object of this task is, and the words that go with it; none where that is not known yet.
    pub(super) fn judged(&self) -> Option<(TaskState, String)> {
        let view = self.view()?;
        let Some(health) = &view.health else {
            let words = if self.is_hook() { format!("{} created", self.object.id.name) } else { String::new() };
            return Some((TaskState::Succeeded, words));
        };
        let state = match health.status {
            HealthStatus::Healthy => TaskState::Succeeded,
            HealthStatus::Degraded => TaskState::Failed,
            HealthStatus::Unknown if self.is_hook() => TaskState::Failed,
            _ if self.is_hook() => TaskState::Running,
            _ => return None,
        };
        Some((state, health.message.clone()))
    }
}

/// A step for an object that nothing is done with.
pub(super) fn idle(object: ObjectRef, reason: String) -> Step {
    Step::new(object, StepAction::Update, Precondition::None, reason)
}
