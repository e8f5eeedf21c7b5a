use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use gitops_core::{Object, ObjectId, ObjectRef, Timestamp};
use jiff::SignedDuration;

use super::progress::{Outcome, Phase as End, Progress, ResourceOutcome};
use super::{Action, Event};
use crate::hook::Phase;
use crate::inventory::Inventory;
use crate::plan::{ApplyPlan, Step};

/// How an execution waits and retries.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How often objects that are waited for are looked at.
    pub poll: SignedDuration,
    /// How long a wave may take to become healthy, a hook to finish, and a deletion to end.
    pub wait: SignedDuration,
    /// How often a call that failed for a passing reason is made, the first time included.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles.
    pub backoff: SignedDuration,
}

impl Default for Settings {
    /// A look every 200 ms, 10 minutes for a wait, 5 attempts from half a second on.
    fn default() -> Self {
        Self {
            poll: SignedDuration::from_millis(200),
            wait: SignedDuration::from_mins(10),
            attempts: 5,
            backoff: SignedDuration::from_millis(500),
        }
    }
}

/// The state machine of one sync.
#[derive(Debug)]
pub struct Execution {
    pub(super) plan: ApplyPlan,
    pub(super) settings: Settings,
    pub(super) objects: BTreeMap<ObjectId, Arc<Object>>,
    pub(super) started: Timestamp,
    pub(super) inventory: Inventory,
    pub(super) inventory_saved: Inventory,
    pub(super) waves: VecDeque<Wave>,
    pub(super) fail_waves: VecDeque<Wave>,
    pub(super) several_waves: bool,
    pub(super) steps: BTreeMap<u32, Running>,
    /// The step of each object that was taken; of several, the last one.
    pub(super) step_of: HashMap<ObjectId, u32>,
    /// Steps whose call is made again then.
    pub(super) retries: BTreeSet<(Timestamp, u32)>,
    /// Objects that are not written and that steps depend on: whether they are healthy, once that is known.
    pub(super) judged: BTreeMap<ObjectId, bool>,
    pub(super) saving: Saving,
    /// Entries that leave the record at the end, since their objects are gone and nothing wants them.
    pub(super) forgotten: Vec<ObjectId>,
    pub(super) stage: Stage,
    pub(super) outstanding: usize,
    pub(super) failures: Vec<String>,
    pub(super) failing: bool,
    pub(super) terminated: bool,
    pub(super) results: Vec<ResourceOutcome>,
    pub(super) progress: Vec<Progress>,
    pub(super) outcome: Option<Outcome>,
}

/// How often the inventory was stored in vain, and when it is tried again.
#[derive(Debug, Default)]
pub(super) struct Saving {
    pub(super) attempts: u32,
    pub(super) retry: Option<Timestamp>,
}

/// A wave that is still to do or being done.
#[derive(Clone, Debug)]
pub(super) struct Wave {
    pub(super) phase: Phase,
    pub(super) wave: i64,
    pub(super) batches: VecDeque<Vec<Step>>,
    pub(super) awaited: Vec<ObjectRef>,
    /// Steps that were taken.
    pub(super) taken: Vec<u32>,
    pub(super) announced: bool,
}

/// A step that was taken.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) step: Step,
    pub(super) phase: Phase,
    /// The object, a hook's with the name that it was given.
    pub(super) object: ObjectRef,
    pub(super) uid: Option<String>,
    /// Whether an earlier step of this sync made the object.
    pub(super) again: bool,
    /// Whether it is a hook that is deleted after its end.
    pub(super) clearing: bool,
    pub(super) attempts: u32,
    pub(super) state: StepState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StepState {
    /// A call is out.
    Calling,
    /// The call is made again at a moment that [`Execution::retries`] has.
    Retry,
    /// It was written; a hook runs, and a resource may be waited for.
    Written,
    /// Its deletion waits for finalizers; afterwards a hook is created.
    Deleting,
    /// It came to its end.
    Ended {
        /// Whether it did what it was to do.
        well: bool,
    },
}

/// What the machine is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The inventory is stored before anything is written.
    Growing,
    /// Steps of a batch are called.
    Calling,
    /// Objects are waited for.
    Waiting(Wait),
    /// Finished hooks are deleted.
    Cleaning,
    /// The inventory is stored after everything.
    Shrinking,
    /// It is over.
    Ended,
}

/// A wait: what for, why, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) targets: Vec<ObjectRef>,
    pub(super) until: Timestamp,
    pub(super) poll: Timestamp,
    pub(super) reason: String,
    pub(super) whole_wave: bool,
}

impl Execution {
    /// Takes in what happened, and says what to call next.
    pub fn on(&mut self, event: Event, now: Timestamp) -> Vec<Action> {
        if self.outcome.is_some() {
            return Vec::new();
        }
        match event {
            Event::InventorySaved(result) => {
                self.answered();
                self.saved(result, now)
            }
            Event::Step { step, result } => {
                self.answered();
                let mut actions = self.step_ended(step, result, now);
                actions.extend(self.go_on(now));
                actions
            }
            Event::Looked { step, result } => {
                self.answered();
                let mut actions = self.looked(step, result, now);
                actions.extend(self.go_on(now));
                actions
            }
            Event::Compared { step, result } => {
                self.answered();
                let mut actions = self.compared(step, result, now);
                actions.extend(self.go_on(now));
                actions
            }
            Event::Observed(result) => {
                self.answered();
                let mut actions = self.observed(result, now);
                actions.extend(self.go_on(now));
                actions
            }
            Event::Tick => self.tick(now),
            Event::Terminate => {
                self.terminated = true;
                self.failing = true;
                self.fail("Operation terminated".into());
                self.drop_retries();
                self.go_on(now)
            }
        }
    }

    /// When [`Event::Tick`] is due; none while calls are out or it is over.
    pub fn deadline(&self) -> Option<Timestamp> {
        let retry = self.retries.first().map(|(at, _)| *at);
        let poll = match &self.stage {
            Stage::Waiting(wait) if self.outstanding == 0 => Some(wait.poll),
            _ => None,
        };
        if self.outcome.is_some() { None } else { retry.into_iter().chain(poll).chain(self.saving.retry).min() }
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
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

    pub(super) fn fail(&mut self, words: String) {
        if !self.failures.contains(&words) {
            self.failures.push(words);
        }
    }

    /// Goes as far as it can without an answer.
    pub(super) fn go_on(&mut self, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        while self.outstanding == 0 && self.outcome.is_none() && self.retries.is_empty() {
            let before = self.stage.clone();
            match &before {
                Stage::Calling => actions.extend(self.next_batch(now)),
                Stage::Waiting(wait) => {
                    if self.terminated {
                        self.stage = Stage::Calling;
                    } else if now >= wait.poll {
                        let targets = wait.targets.clone();
                        actions.push(self.call(Action::Observe(targets)));
                    } else {
                        break;
                    }
                }
                Stage::Cleaning => actions.extend(self.cleaned(now)),
                Stage::Growing | Stage::Shrinking => match self.save_again(now) {
                    Some(action) => actions.push(action),
                    None => break,
                },
                Stage::Ended => break,
            }
        }
        actions
    }

    /// What was to be tried again is not, once it was terminated.
    fn drop_retries(&mut self) {
        for (_, number) in std::mem::take(&mut self.retries) {
            if let Some(running) = self.steps.get(&number).filter(|running| !running.clearing).cloned() {
                self.step_failed(number, &running, "terminated before it was tried again".into());
            }
        }
    }

    fn tick(&mut self, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        while self.retries.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, number)) = self.retries.pop_first() else { break };
            actions.extend(self.begin(number));
        }
        actions.extend(self.go_on(now));
        actions
    }

    /// The next batch, the wait between two, or the end.
    fn next_batch(&mut self, now: Timestamp) -> Vec<Action> {
        if self.failing && !self.in_fail_phase() {
            self.waves = std::mem::take(&mut self.fail_waves);
        }
        if self.terminated {
            self.waves.clear();
        }
        let Some(wave) = self.waves.front_mut() else { return self.clean() };
        if !wave.announced && !wave.batches.is_empty() {
            wave.announced = true;
            self.progress.push(Progress::Wave { phase: wave.phase, wave: wave.wave });
        }
        let phase = wave.phase;
        let Some(batch) = wave.batches.pop_front() else { return self.end_wave(now) };
        if let Some(wait) = self.dependencies(&batch, now) {
            if let Some(wave) = self.waves.front_mut() {
                wave.batches.push_front(batch);
            }
            self.stage = Stage::Waiting(wait);
            return Vec::new();
        }
        let numbers: Vec<u32> = batch.iter().map(|step| step.number).collect();
        for step in batch {
            self.take(step, phase);
        }
        let numbers = self.without_failed_dependencies(numbers);
        numbers.into_iter().flat_map(|number| self.begin(number)).collect()
    }

    /// The steps of a batch whose dependencies did what they were to do; the others fail.
    fn without_failed_dependencies(&mut self, numbers: Vec<u32>) -> Vec<u32> {
        let mut kept = Vec::with_capacity(numbers.len());
        for number in numbers {
            let failed = self.steps.get(&number).and_then(|running| {
                let before = running.step.after.iter().filter_map(|before| self.steps.get(before));
                let mut failed = before.filter(|before| before.state == StepState::Ended { well: false });
                let unwell = |object: &&ObjectRef| self.judged.get(&object.id) == Some(&false);
                let failed = failed.next().map(|before| &before.object);
                let object = failed.or_else(|| running.step.awaits.iter().find(unwell))?;
                Some((running.clone(), object.clone()))
            });
            match failed {
                None => kept.push(number),
                Some((running, object)) => {
                    self.step_failed(number, &running, format!("not applied: it depends on `{object}`, which failed"));
                }
            }
        }
        kept
    }

    fn in_fail_phase(&self) -> bool {
        self.fail_waves.is_empty() && self.waves.iter().all(|wave| wave.phase == Phase::SyncFail)
    }

    /// All batches of the wave were called: wait for what must be healthy or ended, else go to the next wave.
    fn end_wave(&mut self, now: Timestamp) -> Vec<Action> {
        let failed = self.failing_now();
        if let Some(wait) = self.wave_wait(now, failed) {
            self.progress.push(Progress::Waiting { reason: wait.reason.clone() });
            self.stage = Stage::Waiting(wait);
            return Vec::new();
        }
        self.waves.pop_front();
        if failed {
            self.failing = true;
        }
        Vec::new()
    }

    /// Whether a step of the current wave did not do what it was to do.
    pub(super) fn failing_now(&self) -> bool {
        !self.failures.is_empty()
    }

    pub(super) fn end(&mut self, phase: End, message: String) {
        self.stage = Stage::Ended;
        self.outcome = Some(Outcome { phase, message, resources: std::mem::take(&mut self.results) });
    }
}
