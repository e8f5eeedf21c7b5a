use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use gitops_core::cluster::{ClusterError, ErrorKind, Precondition};
use gitops_core::{ObjectId, Timestamp};

use super::machine::{Execution, Saving, Settings, Stage, Wave};
use super::progress::Phase as End;
use super::{Action, Stored};
use crate::gate::Approved;
use crate::hook::Phase;
use crate::inventory::Inventory;
use crate::plan::{ApplyPlan, Live, StepAction};
use crate::prepare::Desired;
use crate::tracking::{self, Owner};

impl Execution {
    /// Starts carrying out a plan.
    ///
    /// `desired` is what the plan was made from, `live` what was seen then: listed objects that are absent in it are dropped
    /// from the inventory at the end.
    pub fn start(
        approved: Approved,
        desired: &Desired,
        live: &Live,
        inventory: Inventory,
        settings: Settings,
        now: Timestamp,
    ) -> (Self, Vec<Action>) {
        let plan = approved.into_plan();
        let hooks = desired.hooks.iter().chain(&desired.deletion_hooks).map(|hook| {
            let mut id = hook.object.id();
            if id.name.is_empty() {
                id.name = format!("{}*", hook.object.text(&["metadata", "generateName"]).unwrap_or_default());
            }
            (id, hook.object.clone())
        });
        let resources = desired.resources.iter().map(|(id, one)| (id.clone(), one.object.clone()));
        let mut waves: VecDeque<Wave> = VecDeque::new();
        for phase in &plan.phases {
            for wave in &phase.waves {
                waves.push_back(Wave {
                    phase: phase.phase,
                    wave: wave.wave,
                    batches: wave.batches.iter().cloned().collect(),
                    awaited: wave.awaited.clone(),
                    taken: Vec::new(),
                    announced: false,
                });
            }
        }
        let (fail_waves, waves): (VecDeque<_>, VecDeque<_>) =
            waves.into_iter().partition(|wave| wave.phase == Phase::SyncFail);
        let mut execution = Self {
            settings,
            objects: resources.chain(hooks).collect(),
            started: now,
            inventory_saved: inventory.clone(),
            inventory: grown(inventory, &plan, desired, live),
            several_waves: waves.len() > 1,
            waves,
            fail_waves,
            steps: BTreeMap::new(),
            step_of: HashMap::new(),
            retries: BTreeSet::new(),
            judged: BTreeMap::new(),
            saving: Saving::default(),
            forgotten: Vec::new(),
            stage: Stage::Calling,
            outstanding: 0,
            failures: Vec::new(),
            failing: false,
            terminated: false,
            results: Vec::new(),
            progress: Vec::new(),
            outcome: None,
            plan,
        };
        execution.find_absent(desired, live);
        if execution.inventory.application != execution.plan.target.owner {
            let (planned, given) = (&execution.plan.target.owner, &execution.inventory.application);
            let message = format!("the plan is for the application `{planned}`, and the inventory is of `{given}`");
            execution.end(End::Error, message);
            return (execution, Vec::new());
        }
        let actions = if execution.inventory == execution.inventory_saved || execution.plan.is_empty() {
            execution.go_on(now)
        } else {
            execution.stage = Stage::Growing;
            vec![execution.save()]
        };
        (execution, actions)
    }

    /// Entries that nothing wants any more and whose objects are gone leave the record at the end: before the first write
    /// it only grows.
    fn find_absent(&mut self, desired: &Desired, live: &Live) {
        let hooks: BTreeSet<ObjectId> = desired.hooks.iter().map(|hook| hook.object.id()).collect();
        let known = |id: &ObjectId| desired.resources.contains_key(id) || live.get(id).is_some() || hooks.contains(id);
        self.forgotten = self.inventory.entries.keys().filter(|id| !known(id)).cloned().collect();
    }

    fn save(&mut self) -> Action {
        self.saving.attempts += 1;
        let (record, grows) = (self.inventory.clone(), self.stage == Stage::Growing);
        self.call(Action::SaveInventory { record, grows })
    }

    /// The record once more, where that is due.
    pub(super) fn save_again(&mut self, now: Timestamp) -> Option<Action> {
        let due = self.saving.retry.is_some_and(|at| at <= now || self.terminated);
        if due {
            self.saving.retry = None;
        }
        due.then(|| self.save())
    }

    pub(super) fn saved(&mut self, result: Result<Stored, ClusterError>, now: Timestamp) -> Vec<Action> {
        match result {
            Ok(stored) => {
                self.saving = Saving::default();
                self.inventory.stored_parts = stored.parts;
                self.inventory.versions = stored.versions;
                self.inventory_saved = self.inventory.clone();
            }
            Err(error)
                if error.kind.is_transient() && self.saving.attempts < self.settings.attempts && !self.terminated =>
            {
                self.saving.retry = Some(self.later(self.saving.attempts, now));
                return Vec::new();
            }
            Err(error) => {
                let moment = if self.stage == Stage::Growing { "nothing was written" } else { "the writes were made" };
                let message = match error.kind {
                    ErrorKind::Conflict | ErrorKind::AlreadyExists => {
                        format!("another sync of this application changed its inventory meanwhile; {moment}")
                    }
                    _ => format!("the inventory cannot be stored: {error}; {moment}"),
                };
                self.end(End::Error, message);
                return Vec::new();
            }
        }
        match self.stage {
            Stage::Growing => {
                self.stage = Stage::Calling;
                self.go_on(now)
            }
            _ => {
                self.conclude();
                Vec::new()
            }
        }
    }

    /// Everything was called and cleaned: store what is left, and end.
    pub(super) fn shrink(&mut self) -> Vec<Action> {
        if self.failures.is_empty() && !self.plan.partial {
            self.inventory.synced_digest = Some(self.plan.source.digest.clone());
        }
        for id in std::mem::take(&mut self.forgotten) {
            self.inventory.entries.remove(&id);
        }
        if self.inventory == self.inventory_saved {
            self.conclude();
            return Vec::new();
        }
        self.stage = Stage::Shrinking;
        vec![self.save()]
    }

    fn conclude(&mut self) {
        if self.terminated {
            return self.end(End::Failed, "Operation terminated".into());
        }
        if self.failures.is_empty() {
            let how = if self.plan.is_empty() { "no more tasks" } else { "all tasks run" };
            return self.end(End::Succeeded, format!("successfully synced ({how})"));
        }
        let message =
            format!("one or more synchronization tasks completed unsuccessfully, reason: {}", self.failures.join(","));
        self.end(End::Failed, message);
    }
}

/// The record with everything that is about to be written.
fn grown(mut inventory: Inventory, plan: &ApplyPlan, desired: &Desired, live: &Live) -> Inventory {
    for step in plan.steps() {
        let kept = matches!(step.action, StepAction::Create | StepAction::Update);
        if !kept || desired.created_namespace.as_ref() == Some(&step.object.id) {
            continue;
        }
        let uid = match &step.precondition {
            Precondition::Live { uid, .. } => Some(uid.as_str()),
            _ => None,
        };
        if uid.is_none() {
            // An object that is created has a new UID; one that was noted before is of an object that is gone.
            inventory.entries.remove(&step.object.id);
        }
        inventory.note(&step.object, uid);
    }
    // Objects that carry the mark but were never noted are taken in too.
    for (id, one) in &desired.resources {
        let owned = live.get(id).filter(|live| tracking::owner(live, &plan.target.owner) == Owner::Ours);
        if let Some(owned) = owned {
            inventory.note(&one.object.reference(), owned.uid());
        }
    }
    inventory
}
