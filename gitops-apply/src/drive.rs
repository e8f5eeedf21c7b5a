//! The shell round the machine: it makes the calls that the machine asks for, in parallel within a bound, and sleeps
//! until its deadlines. It needs no runtime of its own.

use std::collections::VecDeque;
use std::pin::pin;

use futures::future::{BoxFuture, Either, FutureExt as _, pending, select};
use futures::stream::{FuturesUnordered, StreamExt as _};
use gitops_core::cluster::{Cluster, ClusterError, Delete, Deleted, ErrorKind};
use gitops_core::{Clock, Object, Timestamp};
use gitops_diff::DiffContext;
use jiff::SignedDuration;

use crate::execute::{Action, Compared, Event, Execution, Outcome, Progress, StepResult};
use crate::inventory::Inventory;
use crate::observe::{compare_one, get_members};
use crate::plan::WriteMethod;

mod migrate;
mod patience;
mod store;
mod write;

use patience::Patient;
pub use store::{LoadError, load_inventory};
use write::How;

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
    execution: Execution,
    first: Vec<Action>,
    around: Surroundings<'_>,
    observer: &mut (dyn FnMut(&Progress) + Send),
    stop: impl Future<Output = ()> + Send,
) -> (Outcome, Inventory) {
    drive_with(execution, first, around, observer, Signals { stop, confirmed: pending() }).await
}

/// What reaches an execution from outside while it runs.
#[derive(Debug)]
pub struct Signals<S, C> {
    /// Ready when it is to be terminated.
    pub stop: S,
    /// Ready when the deletions that wait for a confirmation are confirmed.
    pub confirmed: C,
}

/// Carries an execution to its end, and tells it of these signals.
pub async fn drive_with(
    mut execution: Execution,
    first: Vec<Action>,
    around: Surroundings<'_>,
    observer: &mut (dyn FnMut(&Progress) + Send),
    signals: Signals<impl Future<Output = ()> + Send, impl Future<Output = ()> + Send>,
) -> (Outcome, Inventory) {
    let (cluster, control) = (Patient::new(around.cluster, around), Patient::new(around.control, around));
    let around = Surroundings { cluster: &cluster, control: &control, ..around };
    let mut stop = pin!(signals.stop.fuse());
    let mut confirmed = pin!(signals.confirmed.fuse());
    let mut waiting: VecDeque<Action> = first.into();
    let mut calls = FuturesUnordered::new();
    // Who is stopped before it begins writes nothing.
    if (&mut stop).now_or_never().is_some() {
        waiting = terminate(&mut execution, waiting, around.clock.now());
    }
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
        match select(select(&mut stop, &mut confirmed), next).await {
            Either::Left((Either::Right(_), _)) => {
                waiting.extend(execution.on(Event::Confirm, around.clock.now()));
            }
            Either::Left((Either::Left(_), _)) => {
                waiting = terminate(&mut execution, waiting, around.clock.now());
            }
            Either::Right((event, _)) => waiting.extend(execution.on(event, around.clock.now())),
        }
    }
}

/// Terminates an execution; what is left to be called of what was waiting for that.
fn terminate(execution: &mut Execution, waiting: VecDeque<Action>, now: Timestamp) -> VecDeque<Action> {
    let (dropped, mut kept): (VecDeque<_>, VecDeque<_>) = waiting.into_iter().partition(changes_an_object);
    kept.extend(execution.on(Event::Terminate, now));
    for event in dropped.iter().filter_map(not_made) {
        kept.extend(execution.on(event, now));
    }
    kept
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
        Action::Write { step, object, verb, precondition, migrate, method, force } => {
            let how = How { verb, method, force, migrate: &migrate, kinds: around.diff.kinds };
            let result = write::write(&object, &how, precondition, around.cluster).await;
            Event::Step { step, result: result.map(|object| StepResult::Written(Box::new(object))) }
        }
        Action::Rehearse { step, object, verb, method, force } => {
            let how = How { verb, method, force, migrate: &[], kinds: around.diff.kinds };
            Event::Rehearsed { step, result: write::rehearse(&object, &how, around.cluster).await }
        }
        Action::Release { step, target, uid } => {
            Event::Released { step, result: write::release(&target, &uid, around.cluster).await }
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
        Action::Compare { step, desired, method } => {
            let result = compare(&desired, method, around).await;
            Event::Compared { step, result }
        }
        Action::Observe(targets) => Event::Observed(get_members(around.cluster, &targets).await),
    }
}

async fn compare(desired: &Object, method: WriteMethod, around: Surroundings<'_>) -> Compared {
    let Some(live) = around.cluster.get(&desired.reference()).await? else { return Ok(None) };
    let diff = compare_one(desired, Some(&live), method, around.diff)
        .map_err(|error| ClusterError::new(ErrorKind::Internal, error.to_string()).about(&desired.id()))?;
    Ok(Some((Box::new(live), diff.fields)))
}
