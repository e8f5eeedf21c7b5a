use std::collections::{BTreeSet, HashMap, VecDeque};

use gitops_core::annotations::HOOK_FINALIZER;
use gitops_core::cluster::Precondition;
use gitops_core::{Object, ObjectId, ObjectRef, Timestamp};
use serde_json::{Value, json};

use super::Action;
use super::machine::{Execution, Run, Saving, Settings, Stage, Work};
use super::progress::Phase as End;
use super::task::{Role, Task, idle};
use crate::gate::Approved;
use crate::hook::Phase;
use crate::inventory::Inventory;
use crate::plan::{ApplyPlan, KeptRule, Live, PlanTarget, StepAction};
use crate::prepare::Desired;
use crate::tracking::Owner;

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
                id.name = format!("{}*", hook.object.text(&["metadata", "generateName"]).unwrap_or_default()).into();
            }
            (id, hook.object.clone())
        });
        let resources = desired.resources.iter().map(|(id, one)| (id.clone(), one.object.clone()));
        let (mut tasks, bare) = tasks(&plan);
        for task in &mut tasks {
            given_name(task, &plan, now);
        }
        let numbered = tasks.iter().enumerate().filter(|(_, task)| task.step.number > 0);
        let numbers = numbered.map(|(index, task)| (task.step.number, index)).collect();
        let mut same: HashMap<ObjectId, Vec<usize>> = HashMap::new();
        for (index, task) in tasks.iter().enumerate() {
            same.entry(task.object.id.clone()).or_default().push(index);
        }
        let mut execution = Self {
            settings,
            objects: resources.chain(hooks).collect(),
            inventory_saved: inventory.clone(),
            inventory: grown(inventory, &plan, desired, live),
            tasks,
            numbers,
            same,
            bare,
            made_namespace: desired.created_namespace.clone(),
            told: Vec::new(),
            agenda: VecDeque::from([Work::Look, Work::Begin]),
            run: Run::default(),
            retries: BTreeSet::new(),
            saving: Saving::default(),
            forgotten: Vec::new(),
            stage: Stage::Working,
            wait: None,
            announced: BTreeSet::new(),
            outstanding: 0,
            confirmed: false,
            terminated: false,
            cut_short: false,
            words: None,
            verdict: None,
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
        let grows = execution.inventory != execution.inventory_saved && !execution.plan.is_empty();
        let actions = if grows && !execution.settings.dry_run {
            execution.stage = Stage::Saving;
            vec![execution.save()]
        } else {
            execution.go_on(now)
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
}

/// A hook as it is created: by its given name, marked, and held by the finalizer that lets its end be seen.
pub(super) fn hook_object(object: &Object, given: &ObjectRef, target: &PlanTarget) -> Object {
    let mut hook = object.clone();
    hook.set_name(&given.id.name);
    target.tracking.mark(&mut hook, &target.owner, &target.namespace);
    hook.edit(|body| {
        let Some(Value::Object(metadata)) = body.get_mut("metadata") else { return };
        let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
        if let Value::Array(finalizers) = finalizers
            && !finalizers.iter().any(|one| one == HOOK_FINALIZER)
        {
            finalizers.push(HOOK_FINALIZER.into());
        }
    });
    hook
}

/// The tasks of a plan in its order, and the waves in which nothing is done.
fn tasks(plan: &ApplyPlan) -> (Vec<Task>, BTreeSet<(Phase, i64)>) {
    let mut tasks = Vec::new();
    let mut bare = BTreeSet::new();
    for kept in plan.kept.iter().filter(|kept| matches!(kept.rule, KeptRule::PruningOff | KeptRule::Option)) {
        let words = if kept.rule == KeptRule::PruningOff { "ignored (requires pruning)" } else { "ignored (no prune)" };
        let mut step = idle(kept.object.clone(), words.into());
        step.action = StepAction::Prune;
        tasks.push(Task::new(step, Role::Kept, Phase::Sync, kept.wave, 0));
    }
    for (phase, wave) in plan.phases.iter().flat_map(|phase| phase.waves.iter().map(|wave| (phase.phase, wave))) {
        let before = tasks.len();
        let unchanged = wave.awaited.iter().map(|object| idle(object.clone(), "as it should be".into()));
        tasks.extend(unchanged.map(|step| Task::new(step, Role::Unchanged, phase, wave.wave, 0)));
        for (batch, steps) in wave.batches.iter().enumerate() {
            tasks.extend(steps.iter().map(|step| {
                let role = match step.action {
                    StepAction::Hook => Role::Hook,
                    StepAction::Prune => Role::Prune,
                    StepAction::Create | StepAction::Update => Role::Write,
                };
                Task::new(step.clone(), role, phase, wave.wave, batch)
            }));
        }
        if tasks.len() == before {
            bare.insert((phase, wave.wave));
        }
    }
    tasks.sort_by_key(Task::place);
    (tasks, bare)
}

/// A hook's `generateName` becomes a name as Argo CD makes it: the first seven digits of the revision, the phase and the
/// second of the start.
fn given_name(task: &mut Task, plan: &ApplyPlan, started: Timestamp) {
    let Some(prefix) = task.object.id.name.strip_suffix('*') else { return };
    let commit = plan.source.revisions.first().map(|revision| revision.commit.as_str()).unwrap_or_default();
    let short = if commit.len() >= 8 { commit.get(..7).unwrap_or(commit) } else { commit };
    let suffix = format!("{short}-{}-{}", task.phase, started.as_second()).to_ascii_lowercase();
    task.object.id.name = format!("{prefix}{suffix}").into();
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
        let Some(live) = live.get(id) else { continue };
        let noted = inventory
            .entries
            .get(id)
            .is_some_and(|entry| entry.uid.as_deref() == live.uid() && entry.version == one.object.version());
        if !noted && plan.target.owner_of(live) == Owner::Ours {
            inventory.note(&one.object.reference(), live.uid());
        }
    }
    inventory
}
