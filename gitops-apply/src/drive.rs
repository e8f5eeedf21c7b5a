//! The shell round the machine: it makes the calls that the machine asks for, in parallel within a bound, and sleeps
//! until its deadlines. It needs no runtime of its own.

use std::collections::VecDeque;
use std::pin::pin;

use futures::future::{BoxFuture, Either, FutureExt as _, pending, select};
use futures::stream::{FuturesUnordered, StreamExt as _};
use gitops_core::cluster::{Cluster, ClusterError, Delete, Deleted, ErrorKind, Precondition, Verb, Write};
use gitops_core::secret::Purpose;
use gitops_core::{Clock, Object, Reveal, Timestamp, Value};
use gitops_diff::{DiffContext, FIELD_MANAGER};
use jiff::SignedDuration;

use crate::execute::{Action, Compared, Event, Execution, Outcome, Progress, StepResult};
use crate::inventory::Inventory;
use crate::observe::get_members;

mod patience;
mod store;

use patience::Patient;
pub use store::{LoadError, load_inventory};

/// Sleeps, on its caller's runtime.
pub trait Timer: Send + Sync {
    /// Ends when the moment has come.
    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'_, ()>;
}

impl<F: Fn(Timestamp) -> BoxFuture<'static, ()> + Send + Sync> Timer for F {
    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        self(moment)
    }
}

/// What the driver calls on.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Surroundings<'a> {
    /// The cluster, as it is called for the application's objects.
    pub cluster: &'a dyn Cluster,
    /// The cluster that the inventory is kept in, as it is called for that.
    pub control: &'a dyn Cluster,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Sleeping.
    pub timer: &'a dyn Timer,
    /// The namespace of the application, where its inventory is kept.
    pub namespace: &'a str,
    /// How live objects are compared again where they moved.
    pub diff: &'a DiffContext<'a>,
    /// How many calls are out at the same time.
    pub parallel: usize,
    /// How long the answer to a call may take. A call without one counts as failed for a passing reason, and its effect is
    /// looked for when it is made again.
    pub answer: SignedDuration,
}

impl<'a> Surroundings<'a> {
    /// Surroundings with at most 16 calls at the same time, each of which may take a minute.
    pub fn new(
        cluster: &'a dyn Cluster,
        clock: &'a dyn Clock,
        timer: &'a dyn Timer,
        namespace: &'a str,
        diff: &'a DiffContext<'a>,
    ) -> Self {
        let (parallel, answer) = (16, SignedDuration::from_mins(1));
        Self { cluster, control: cluster, clock, timer, namespace, diff, parallel, answer }
    }
}

/// Carries an execution to its end.
pub async fn drive(
    execution: Execution,
    first: Vec<Action>,
    around: Surroundings<'_>,
    observer: &mut (dyn FnMut(&Progress) + Send),
) -> (Outcome, Inventory) {
    drive_until(execution, first, around, observer, pending()).await
}

/// Carries an execution to its end, and terminates it when `stop` is ready: calls that are out are awaited, nothing else is
/// written, running hooks are deleted, and the inventory is stored.
pub async fn drive_until(
    mut execution: Execution,
    first: Vec<Action>,
    around: Surroundings<'_>,
    observer: &mut (dyn FnMut(&Progress) + Send),
    stop: impl Future<Output = ()> + Send,
) -> (Outcome, Inventory) {
    let (cluster, control) = (Patient::new(around.cluster, around), Patient::new(around.control, around));
    let around = Surroundings { cluster: &cluster, control: &control, ..around };
    let mut stop = pin!(stop.fuse());
    let mut waiting: VecDeque<Action> = first.into();
    let mut calls = FuturesUnordered::new();
    loop {
        for progress in execution.take_progress() {
            observer(&progress);
        }
        while calls.len() < around.parallel.max(1) {
            let Some(action) = waiting.pop_front() else { break };
            calls.push(perform(action, around));
        }
        if let Some(outcome) = execution.outcome() {
            return (outcome.clone(), execution.inventory().clone());
        }
        let next = pin!(next_event(&mut calls, execution.deadline(), around.timer));
        match select(&mut stop, next).await {
            Either::Left(_) => {
                let (dropped, kept): (VecDeque<_>, VecDeque<_>) = waiting.into_iter().partition(changes_an_object);
                waiting = kept;
                waiting.extend(execution.on(Event::Terminate, around.clock.now()));
                for event in dropped.iter().filter_map(not_made) {
                    waiting.extend(execution.on(event, around.clock.now()));
                }
            }
            Either::Right((event, _)) => waiting.extend(execution.on(event, around.clock.now())),
        }
    }
}

/// The next answer, or the deadline.
async fn next_event(
    calls: &mut FuturesUnordered<impl Future<Output = Event>>,
    deadline: Option<Timestamp>,
    timer: &dyn Timer,
) -> Event {
    match (calls.is_empty(), deadline) {
        (false, None) => calls.next().await.unwrap_or(Event::Tick),
        // Nothing is out and nothing is waited for: the machine has no such state, and would not leave it.
        (true, None) => Event::Terminate,
        (true, Some(deadline)) => {
            timer.sleep_until(deadline).await;
            Event::Tick
        }
        (false, Some(deadline)) => match select(calls.next(), timer.sleep_until(deadline)).await {
            Either::Left((event, _)) => event.unwrap_or(Event::Tick),
            Either::Right(_) => Event::Tick,
        },
    }
}

fn changes_an_object(action: &Action) -> bool {
    matches!(action, Action::Write { .. } | Action::Delete { .. })
}

/// The answer to a call that is not made any more.
fn not_made(action: &Action) -> Option<Event> {
    let (Action::Write { step, .. } | Action::Delete { step, .. }) = action else { return None };
    let error = ClusterError::new(ErrorKind::Internal, "terminated before it was called");
    Some(Event::Step { step: *step, result: Err(error) })
}

async fn perform(action: Action, around: Surroundings<'_>) -> Event {
    match action {
        Action::SaveInventory { record, grows } => {
            Event::InventorySaved(store::save(&record, grows, around.control, around.namespace).await)
        }
        Action::Write { step, object, verb, precondition, migrate } => {
            let result = write(&object, verb, precondition, migrate, around.cluster).await;
            Event::Step { step, result: result.map(|object| StepResult::Written(Box::new(object))) }
        }
        Action::Delete { step, target, uid, propagation } => {
            let mut delete = Delete::new(&target, &uid);
            delete.propagation = propagation;
            let result = match around.cluster.delete(delete).await {
                Ok(Deleted::Gone) => Ok(StepResult::Gone),
                Ok(Deleted::Pending(_)) => Ok(StepResult::Deleting),
                Err(error) if error.kind == ErrorKind::NotFound => Ok(StepResult::Gone),
                Err(error) => Err(error),
            };
            Event::Step { step, result }
        }
        Action::Look { step, target, .. } => {
            let result = around.cluster.get(&target).await;
            Event::Looked { step, result: result.map(|live| live.map(Box::new)) }
        }
        Action::Compare { step, desired } => {
            let result = compare(&desired, around).await;
            Event::Compared { step, result }
        }
        Action::Observe(targets) => Event::Observed(get_members(around.cluster, &targets).await),
    }
}

async fn write(
    object: &Object,
    verb: Verb,
    precondition: Precondition,
    migrate: bool,
    cluster: &dyn Cluster,
) -> Result<Object, ClusterError> {
    let mut precondition = precondition;
    if migrate {
        precondition = migrate_fields(object, precondition, cluster).await?;
    }
    let write = Write::new(object, verb, FIELD_MANAGER).when(precondition);
    Ok(cluster.write(write).await?.object)
}

/// Fields that this engine owns by a plain create become applied fields, so that the next apply can give them up. The
/// write changes nothing else.
async fn migrate_fields(
    object: &Object,
    precondition: Precondition,
    cluster: &dyn Cluster,
) -> Result<Precondition, ClusterError> {
    let target = object.reference();
    let Some(live) = cluster.get(&target).await? else { return Ok(precondition) };
    if !matches(&precondition, &live) {
        return Err(ClusterError::new(ErrorKind::Conflict, "the object has been modified").about(&target.id));
    }
    // The object goes back to the cluster that it came from, so its payload is opened for that call.
    let mut value = live.reveal(&Reveal::granted(Purpose::ClusterCall));
    let Some(Value::Array(entries)) = value.pointer_mut("/metadata/managedFields") else { return Ok(precondition) };
    let ours = |entry: &Value, operation: &str| {
        entry.get("manager").and_then(Value::as_str) == Some(FIELD_MANAGER)
            && entry.get("operation").and_then(Value::as_str) == Some(operation)
            && entry.get("subresource").is_none()
    };
    if entries.iter().any(|entry| ours(entry, "Apply")) {
        entries.retain(|entry| !ours(entry, "Update"));
    } else {
        for entry in entries.iter_mut().filter(|entry| ours(entry, "Update")) {
            if let Value::Object(entry) = entry {
                entry.insert("operation".into(), "Apply".into());
            }
        }
    }
    let Ok(upgraded) = Object::from_value(value) else { return Ok(precondition) };
    let written = cluster.write(Write::new(&upgraded, Verb::Update, FIELD_MANAGER).when(precondition)).await?.object;
    let uid = written.uid().unwrap_or_default().into();
    Ok(Precondition::Live { uid, resource_version: written.resource_version().map(Into::into) })
}

fn matches(precondition: &Precondition, live: &Object) -> bool {
    match precondition {
        Precondition::Live { uid, resource_version } => {
            let version = resource_version.as_deref();
            live.uid() == Some(uid) && (version.is_none() || version == live.resource_version())
        }
        Precondition::Absent => false,
        Precondition::None => true,
    }
}

async fn compare(desired: &Object, around: Surroundings<'_>) -> Compared {
    let Some(live) = around.cluster.get(&desired.reference()).await? else { return Ok(None) };
    let diff = gitops_diff::diff(desired, Some(&live), around.diff)
        .map_err(|error| ClusterError::new(ErrorKind::Internal, error.to_string()).about(&desired.id()))?;
    Ok(Some((Box::new(live), diff.fields)))
}
