use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use gitops_core::{Object, ObjectId, Timestamp};
use jiff::SignedDuration;

use super::progress::{Outcome, Phase as End, Progress, ResourceOutcome};
use super::task::Task;
use super::wait::Wait;
use super::{Action, Event};
use crate::health::Checks;
use crate::hook::Phase;
use crate::inventory::Inventory;
use crate::plan::ApplyPlan;

/// How an execution waits and retries.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How often objects that are waited for are looked at.
    pub poll: SignedDuration,
    /// How long after something was done it is looked at for the first time.
    pub first_look: SignedDuration,
    /// How long a wave may take to become healthy, a hook to finish, and a deletion to end.
    pub wait: SignedDuration,
    /// The pause after each wave but the last, in which controllers notice what was written: Argo CD's
    /// `ARGOCD_SYNC_WAVE_DELAY`.
    pub wave_delay: SignedDuration,
    /// How often a call that failed for a passing reason is made, the first time included.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles.
    pub backoff: SignedDuration,
    /// Whether every write is rehearsed before the first one is made.
    pub rehearse: bool,
    /// Whether the end waits for what was deleted to be gone. Argo CD's sync ends before; an application's deletion waits in
    /// any case.
    pub await_deletions: bool,
    /// Health checks of the user's own.
    pub checks: Option<Arc<dyn Checks>>,
    /// Whether nothing is done but the rehearsal.
    pub dry_run: bool,
}

impl Default for Settings {
    /// A look at once and every 200 ms, 10 minutes for a wait, which the end of deletions counts for, no pause between waves,
    /// 5 attempts from half a second on, and no rehearsal.
    fn default() -> Self {
        Self {
            poll: SignedDuration::from_millis(200),
            first_look: SignedDuration::ZERO,
            wait: SignedDuration::from_mins(10),
            wave_delay: SignedDuration::ZERO,
            attempts: 5,
            backoff: SignedDuration::from_millis(500),
            rehearse: false,
            await_deletions: true,
            checks: None,
            dry_run: false,
        }
    }
}

/// The state machine of one sync.
///
/// It goes in rounds, as Argo CD's reconciliation does: a look at what is under way, a judgement of it, and the next wave.
/// What is still to do in a round lies on its agenda.
#[derive(Debug)]
pub struct Execution {
    pub(super) plan: ApplyPlan,
    pub(super) settings: Settings,
    pub(super) objects: BTreeMap<ObjectId, Arc<Object>>,
    pub(super) inventory: Inventory,
    pub(super) inventory_saved: Inventory,
    /// In the order of the plan.
    pub(super) tasks: Vec<Task>,
    /// The task of each step.
    pub(super) numbers: HashMap<u32, usize>,
    /// The tasks of each object.
    pub(super) same: HashMap<ObjectId, Vec<usize>>,
    /// Waves in which nothing is done; they still count where it matters whether there are several.
    pub(super) bare: BTreeSet<(Phase, i64)>,
    /// The namespace that is made for the application.
    pub(super) made_namespace: Option<ObjectId>,
    /// Tasks with a result that is told, in the order of their first one.
    pub(super) told: Vec<usize>,
    pub(super) agenda: VecDeque<Work>,
    pub(super) run: Run,
    /// Steps whose call is made again then.
    pub(super) retries: BTreeSet<(Timestamp, u32)>,
    pub(super) saving: Saving,
    /// Entries that leave the record at the end, since their objects are gone and nothing wants them.
    pub(super) forgotten: Vec<ObjectId>,
    pub(super) stage: Stage,
    /// What was waited for last, and until when.
    pub(super) wait: Option<Wait>,
    pub(super) announced: BTreeSet<(Phase, i64)>,
    pub(super) outstanding: usize,
    pub(super) confirmed: bool,
    pub(super) terminated: bool,
    /// Whether that is how it ends.
    pub(super) cut_short: bool,
    /// The words of a success that still waits for deletions.
    pub(super) words: Option<&'static str>,
    /// How it ends, once that is decided.
    pub(super) verdict: Option<(End, String)>,
    pub(super) progress: Vec<Progress>,
    pub(super) outcome: Option<Outcome>,
}

/// How often the inventory was stored in vain, and when it is tried again.
#[derive(Debug, Default)]
pub(super) struct Saving {
    pub(super) attempts: u32,
    pub(super) retry: Option<Timestamp>,
}

/// How the tasks that were taken last went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Run {
    /// Everything was done.
    #[default]
    Done,
    /// Something has to go, or be confirmed, first.
    Pending,
    /// Something failed.
    Failed,
}

/// What the machine is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The inventory is stored, before everything or after it.
    Saving,
    /// The agenda is worked off.
    Working,
    /// Nothing is done until then.
    Waiting(Timestamp),
}

/// One thing to do. Each is done when the calls of the one before were answered.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Look at what the round is about.
    Look,
    /// Begin a round.
    Begin,
    /// The namespace was made.
    NamespaceMade(usize),
    /// Rehearse these.
    Rehearse(Vec<usize>),
    /// Everything was rehearsed.
    Rehearsed,
    /// Judge what was seen.
    Judge,
    /// Take the hook finalizer off these.
    Release(Vec<usize>),
    /// Decide what comes next.
    Decide,
    /// Delete these.
    Prune(Vec<usize>),
    /// Delete these hooks, to create them anew.
    Replace(Vec<usize>),
    /// Write these, kind by kind.
    Write(Vec<usize>),
    /// Write these at once.
    Batch(Vec<usize>),
    /// A wave was taken.
    Taken(Vec<usize>),
    /// The SyncFail hooks were taken; these are waited for too.
    FailHooksTaken(Vec<usize>, Vec<usize>),
    /// Delete these hooks.
    Clear(Vec<usize>),
    /// End the hooks that run.
    Terminate,
    /// The hooks that run were looked at.
    TerminateSeen,
    /// It ends so.
    End(End, String),
    /// Store what is left.
    Shrink,
}

impl Execution {
    /// Takes in what happened, and says what to call next.
    pub fn on(&mut self, event: Event, now: Timestamp) -> Vec<Action> {
        if self.outcome.is_some() {
            return Vec::new();
        }
        let mut actions = match event {
            Event::InventorySaved(result) => {
                self.answered();
                self.saved(result, now);
                Vec::new()
            }
            Event::Step { step, result } => {
                self.answered();
                self.step_ended(step, result, now)
            }
            Event::Rehearsed { step, result } => {
                self.answered();
                self.rehearsed(step, result, now);
                Vec::new()
            }
            Event::Released { step, result } => {
                self.answered();
                self.released(step, result, now);
                Vec::new()
            }
            Event::Looked { step, result } => {
                self.answered();
                self.looked(step, result, now)
            }
            Event::Compared { step, result } => {
                self.answered();
                self.compared(step, result, now)
            }
            Event::Observed(result) => {
                self.answered();
                self.observed(result, now);
                Vec::new()
            }
            Event::Tick => self.try_again(now),
            Event::Confirm => {
                self.confirmed = true;
                Vec::new()
            }
            Event::Terminate => {
                self.terminate(now);
                Vec::new()
            }
        };
        actions.extend(self.go_on(now));
        actions
    }

    /// When [`Event::Tick`] is due; none while calls are out or it is over.
    pub fn deadline(&self) -> Option<Timestamp> {
        let retry = self.retries.first().map(|(at, _)| *at);
        let poll = match &self.stage {
            Stage::Waiting(poll) if self.outstanding == 0 => Some(*poll),
            _ => None,
        };
        if self.outcome.is_some() { None } else { retry.into_iter().chain(poll).chain(self.saving.retry).min() }
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// What it waits for, in Argo CD's words; none where it waits for nothing.
    pub fn waits_for(&self) -> Option<&str> {
        self.wait.as_ref().filter(|_| self.outcome.is_none()).map(|wait| wait.reason.as_str())
    }

    /// What became of each object so far, in the order in which that was first known.
    pub fn results(&self) -> Vec<ResourceOutcome> {
        let tasks = self.told.iter().filter_map(|index| self.tasks.get(*index));
        tasks.filter_map(Self::outcome_of).collect()
    }

    /// The inventory as it is known now.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// What happened since the last call, for a person who watches.
    pub fn take_progress(&mut self) -> Vec<Progress> {
        std::mem::take(&mut self.progress)
    }

    /// How many calls are out.
    pub fn outstanding(&self) -> usize {
        self.outstanding
    }

    fn answered(&mut self) {
        self.outstanding = self.outstanding.saturating_sub(1);
    }

    pub(super) fn call(&mut self, action: Action) -> Action {
        self.outstanding += 1;
        action
    }

    /// Goes as far as it can without an answer.
    pub(super) fn go_on(&mut self, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        while self.outstanding == 0 && self.outcome.is_none() && self.retries.is_empty() {
            match self.stage {
                Stage::Saving => match self.save_again(now) {
                    Some(action) => actions.push(action),
                    None => break,
                },
                Stage::Waiting(poll) if now < poll => break,
                Stage::Waiting(_) => self.stage = Stage::Working,
                Stage::Working => {
                    // An empty agenda does not happen: each piece of work but the last puts the next one on it.
                    let work = self.agenda.pop_front().unwrap_or(Work::Shrink);
                    actions.extend(self.perform(work, now));
                }
            }
        }
        actions
    }

    fn perform(&mut self, work: Work, now: Timestamp) -> Vec<Action> {
        match work {
            Work::Look => self.look(),
            Work::Begin => self.begin_round(now),
            Work::NamespaceMade(task) => self.namespace_made(task),
            Work::Rehearse(tasks) => self.rehearse(&tasks),
            Work::Rehearsed => self.all_rehearsed(),
            Work::Judge => self.judge(now),
            Work::Release(tasks) => self.release(&tasks),
            Work::Decide => self.decide(now),
            Work::Prune(tasks) => self.prune(&tasks, now),
            Work::Replace(tasks) => self.replace(&tasks),
            Work::Write(tasks) => self.write(&tasks),
            Work::Batch(tasks) => self.batch(tasks, now),
            Work::Taken(tasks) => self.taken(&tasks, now),
            Work::FailHooksTaken(tasks, also) => self.fail_hooks_taken(&tasks, also, now),
            Work::Clear(tasks) => self.clear(&tasks),
            Work::Terminate => self.look_at_running_hooks(),
            Work::TerminateSeen => self.end_running_hooks(now),
            Work::End(end, message) => {
                self.decided(end, message);
                Vec::new()
            }
            Work::Shrink => self.shrink(),
        }
    }

    /// Puts work on the agenda, before everything that is on it.
    pub(super) fn next(&mut self, work: impl IntoIterator<Item = Work, IntoIter: DoubleEndedIterator>) {
        for one in work.into_iter().rev() {
            self.agenda.push_front(one);
        }
    }

    /// How it ends is decided; what is left is to store the inventory.
    pub(super) fn decided(&mut self, end: End, message: String) {
        self.verdict.get_or_insert((end, message));
        self.agenda = VecDeque::from([Work::Shrink]);
    }

    pub(super) fn end(&mut self, phase: End, message: String) {
        let resources = self.results();
        self.agenda.clear();
        self.outcome = Some(Outcome { phase, message, resources, terminated: self.cut_short });
    }
}
