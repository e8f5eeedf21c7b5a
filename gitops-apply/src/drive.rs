//! The shell round the machine: it makes the calls that the machine asks for, in parallel within a bound, and sleeps
//! until its deadlines. It needs no runtime of its own.

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use gitops_core::cluster::{Cluster, ClusterError, Delete, Deleted, ErrorKind, Precondition, Verb, Write};
use gitops_core::secret::Purpose;
use gitops_core::{Clock, Object, Reveal, Timestamp, Value};
use gitops_diff::{DiffContext, FIELD_MANAGER};

use crate::execute::{Action, Compared, Event, Execution, Outcome, Progress, StepResult};
use crate::inventory::Inventory;
use crate::observe::get_members;

mod store;

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
    /// The cluster.
    pub cluster: &'a dyn Cluster,
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
}

impl<'a> Surroundings<'a> {
    /// Surroundings with at most 16 calls at the same time.
    pub fn new(
        cluster: &'a dyn Cluster,
        clock: &'a dyn Clock,
        timer: &'a dyn Timer,
        namespace: &'a str,
        diff: &'a DiffContext<'a>,
    ) -> Self {
        Self { cluster, clock, timer, namespace, diff, parallel: 16 }
    }
}

/// Carries an execution to its end.
pub async fn drive(
    mut execution: Execution,
    first: Vec<Action>,
    around: Surroundings<'_>,
    observer: &mut (dyn FnMut(&Progress) + Send),
) -> (Outcome, Inventory) {
    let mut waiting: std::collections::VecDeque<Action> = first.into();
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
        let event = match (calls.is_empty(), execution.deadline()) {
            (false, None) => calls.next().await.unwrap_or(Event::Tick),
            (true, None) => Event::Terminate,
            (true, Some(deadline)) => {
                around.timer.sleep_until(deadline).await;
                Event::Tick
            }
            (false, Some(deadline)) => {
                let sleep = around.timer.sleep_until(deadline);
                match futures::future::select(calls.next(), sleep).await {
                    futures::future::Either::Left((event, _)) => event.unwrap_or(Event::Tick),
                    futures::future::Either::Right(_) => Event::Tick,
                }
            }
        };
        waiting.extend(execution.on(event, around.clock.now()));
    }
}

async fn perform(action: Action, around: Surroundings<'_>) -> Event {
    match action {
        Action::SaveInventory { record, grows } => {
            Event::InventorySaved(store::save(&record, grows, around.cluster, around.namespace).await)
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
