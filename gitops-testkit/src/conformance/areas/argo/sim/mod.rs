//! Whole operations, step by step: the engine's execution machine against a cluster that the case plays.
//!
//! A step of a case is a reconciliation of Argo CD, and a round of the machine: from one wait to the next.

mod world;

use std::collections::VecDeque;

use gitops_apply::execute::{Action, Event, Execution, ResourceOutcome, Settings, StepResult, Stored};
use gitops_apply::plan::{Budget, PlanError, StepAction};
use gitops_apply::{Policy, gate};
use gitops_core::Timestamp;
use gitops_core::cluster::{ClusterError, ErrorKind};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::input::{Input, flag};
use world::World;

/// When the recorded operations began.
const STARTED: i64 = 1_767_323_045;

/// Calls and ticks that a step may take before it counts as stuck.
const MOST_TURNS: usize = 1_000;

pub(super) fn check(case: &Value) -> Result<(), String> {
    let mut world = World::of(case)?;
    let mut run = Run::start(case, &world)?;
    for (index, (change, expected)) in super::list(case, "steps").zip(super::list(case, "expected")).enumerate() {
        let told = run.step(change, &mut world)?;
        let lists = std::iter::once(expected).chain(super::list(expected, "alternatives"));
        let mut differences = lists.map(|expected| difference(expected, &told));
        match differences.next() {
            Some(Some(words)) if !differences.any(|other| other.is_none()) => {
                return Err(format!("step {index}, {words}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The first field that is not as expected.
fn difference(expected: &Value, found: &Value) -> Option<String> {
    ["ops", "phase", "message", "results", "live"].into_iter().find_map(|field| {
        let (wanted, found) = (normal(field, expected.get(field)), normal(field, found.get(field)));
        (wanted != found).then(|| format!("{field}: expected {wanted}, found {found}"))
    })
}

/// Lists without an order of their own are sorted: what was called of one kind in a row, what is there, and the results.
fn normal(field: &str, value: Option<&Value>) -> Value {
    let mut value = value.cloned().unwrap_or_default();
    match &mut value {
        Value::Array(items) if field == "ops" => {
            let verb_and_kind =
                |item: &Value| item.as_str().and_then(|text| text.split('/').next()).unwrap_or_default().to_owned();
            for run in items.chunk_by_mut(|one, other| verb_and_kind(one) == verb_and_kind(other)) {
                run.sort_by_key(Value::to_string);
            }
        }
        Value::Array(items) => items.sort_by_key(Value::to_string),
        Value::Null => value = json!([]),
        _ => {}
    }
    value
}

/// An operation that goes on, or one that could not be planned.
enum Run {
    Goes(Box<Operation>),
    Refused(Value),
}

struct Operation {
    execution: Execution,
    waiting: VecDeque<Action>,
    now: Timestamp,
    namespace: String,
    made_namespace: Option<String>,
}

impl Run {
    fn start(case: &Value, world: &World) -> Result<Self, String> {
        let input = Input::of(case, world.objects())?;
        let plan = match input.plan() {
            Ok(plan) => plan,
            Err(error) => return Ok(Self::Refused(refused(&error, &input.namespace))),
        };
        let mut policy = Policy::new("cluster");
        policy.budget = Budget::of(1_000);
        policy.allow_empty = true;
        let now = Timestamp::from_second(STARTED).map_err(|error| error.to_string())?;
        let approved = gate(plan, &policy, now).map_err(|error| error.to_string())?;
        let mut settings = Settings::default();
        settings.rehearse = true;
        settings.dry_run = flag(case, "DryRun");
        settings.await_deletions = false;
        settings.attempts = 1;
        settings.first_look = SignedDuration::from_secs(1);
        settings.wait = SignedDuration::from_hours(1_000);
        let made_namespace = input.desired.created_namespace.as_ref().map(|id| id.name.to_string());
        let Input { namespace, desired, live, inventory, .. } = input;
        let (execution, actions) = Execution::start(approved, &desired, &live, inventory, settings, now);
        Ok(Self::Goes(Box::new(Operation { execution, waiting: actions.into(), now, namespace, made_namespace })))
    }

    fn step(&mut self, change: &Value, world: &mut World) -> Result<Value, String> {
        world.change(change)?;
        let mut told = match self {
            Self::Goes(operation) => operation.step(change, world)?,
            Self::Refused(told) => told.clone(),
        };
        told["ops"] = json!(world.calls);
        told["live"] = json!(world.names());
        Ok(told)
    }
}

impl Operation {
    /// One round: the time of the next look comes, and its calls are answered until the machine waits again.
    fn step(&mut self, change: &Value, world: &mut World) -> Result<Value, String> {
        self.now = self.now.checked_add(SignedDuration::from_secs(10)).map_err(|error| error.to_string())?;
        world.calls.clear();
        if change.get("confirmPrune") == Some(&json!(true)) {
            self.tell(Event::Confirm);
        }
        if change.get("terminate") == Some(&json!(true)) {
            self.tell(Event::Terminate);
        }
        for _ in 0..MOST_TURNS {
            match self.waiting.pop_front() {
                Some(action) => self.tell(answer(&action, world)?),
                None if self.execution.deadline().is_none_or(|deadline| deadline > self.now) => break,
                None => self.tell(Event::Tick),
            }
        }
        Ok(self.told())
    }

    fn tell(&mut self, event: Event) {
        self.waiting.extend(self.execution.on(event, self.now));
    }

    fn told(&self) -> Value {
        let (phase, message) = match self.execution.outcome() {
            Some(outcome) => (outcome.phase.as_str(), outcome.message.as_str()),
            None => ("Running", self.execution.waits_for().unwrap_or_default()),
        };
        let results: Vec<Value> = self.execution.results().iter().map(|one| self.result(one)).collect();
        json!({"phase": phase, "message": message, "results": results})
    }

    /// A result as Argo CD words it. The recorded client names objects without their group, and targets of the whole cluster
    /// carry the destination's namespace.
    fn result(&self, one: &ResourceOutcome) -> Value {
        let id = &one.object.id;
        let made = id.kind == "Namespace" && self.made_namespace.as_deref() == Some(id.name.as_str());
        let own = if made || one.action == StepAction::Prune { "" } else { self.namespace.as_str() };
        let named = format!("{}.{}/", id.kind.to_lowercase(), id.group);
        json!({
            "group": id.group,
            "hookPhase": one.state.as_str(),
            "hookType": if one.action == StepAction::Hook { one.phase.as_str() } else { "" },
            "kind": id.kind,
            "message": one.message.replace(&named, &format!("{}/", id.kind.to_lowercase())),
            "name": id.name,
            "namespace": id.namespace.as_deref().unwrap_or(own),
            "status": one.status.to_string(),
            "syncPhase": one.phase.as_str(),
        })
    }
}

/// What cannot be planned ends the operation at once, in Argo CD's words.
fn refused(error: &PlanError, namespace: &str) -> Value {
    let mut results = Vec::new();
    let mut messages = std::collections::BTreeSet::new();
    if let PlanError::UnknownKind(first, more) = error {
        for object in std::iter::once(first).chain(more) {
            let version = object.gvk().api_version();
            let words =
                format!("failed to discover server resources for group version {version}: {version} \"\" not found");
            results.push(json!({"group": object.id.group, "hookPhase": "", "hookType": "", "kind": object.id.kind,
                "message": words, "name": object.id.name,
                "namespace": object.id.namespace.as_deref().unwrap_or(namespace),
                "status": "SyncFailed", "syncPhase": "Sync"}));
            messages.insert(words);
        }
    } else {
        messages.insert(error.to_string());
    }
    let messages: Vec<String> = messages.into_iter().collect();
    let message = format!("one or more synchronization tasks are not valid: {}", messages.join("; "));
    json!({"ops": [], "phase": "Failed", "message": message, "results": results})
}

fn answer(action: &Action, world: &mut World) -> Result<Event, String> {
    Ok(match action {
        Action::SaveInventory { .. } => Event::InventorySaved(Ok(Stored::default())),
        Action::Rehearse { step, object, verb, method, force } => {
            Event::Rehearsed { step: *step, result: world.rehearse(object, *verb, *method, *force) }
        }
        Action::Write { step, object, verb, method, force, .. } => {
            let result = world.write(object, *verb, *method, *force);
            Event::Step { step: *step, result: result.map(|object| StepResult::Written(Box::new(object))) }
        }
        Action::Release { step, target, .. } => Event::Released { step: *step, result: world.release(target) },
        Action::Delete { step, target, propagation, .. } => {
            Event::Step { step: *step, result: world.delete(target, *propagation) }
        }
        Action::Look { step, target, .. } => Event::Looked { step: *step, result: Ok(world.get(target).map(Box::new)) },
        Action::Compare { step, .. } => {
            let error = ClusterError::new(ErrorKind::Internal, "nothing moves under a plan here");
            Event::Compared { step: *step, result: Err(error) }
        }
        Action::Observe(targets) => {
            Event::Observed(Ok(targets.iter().filter_map(|target| world.get(target)).collect()))
        }
    })
}
