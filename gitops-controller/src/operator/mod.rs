//! The operator: keeps every Application of a cluster as its sources say, for as long as it runs.
//!
//! One loop owns the [`Queue`] and decides which Application is looked at when. Followers of the cluster and the poll of
//! repositories only tell it that an Application may have changed; a look does the work, several side by side, never two at
//! one Application. Everything that must survive is in the cluster: the loop can be killed at any time.

mod automation;
mod event;
mod follow;
mod look;
mod poll;
mod queue;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use gitops_core::annotations::{REFRESH, SKIP_RECONCILE, TRACKING_ID};
use gitops_core::api::{API_VERSION, APPLICATION_KIND, Application};
use gitops_core::cluster::Query;
use gitops_core::{GroupVersionKind, Object, Timestamp, Value};
use jiff::SignedDuration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

pub use automation::{Attempt, Decision, decide};
pub use event::Event;
pub use queue::{Key, Queue};

use crate::causes::chain;
use crate::compare::CONTROL_NAMESPACE;
use crate::engine::Engine;
use follow::{Seen, follow};
use look::{Look, look};
use poll::Revisions;

/// How long after a change of its objects an Application is looked at: changes come in groups.
const SETTLING: SignedDuration = SignedDuration::from_millis(20);
/// How long after a failure of the cluster an Application is looked at again.
const TROUBLE: SignedDuration = SignedDuration::from_secs(5);

/// How the operator works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OperatorOptions {
    /// The namespace of the Applications; all where none is named.
    pub namespace: Option<String>,
    /// How often repositories are asked whether something moved.
    pub poll: SignedDuration,
    /// How many Applications are looked at side by side.
    pub parallel: usize,
}

impl Default for OperatorOptions {
    /// All namespaces, every 120 s as Argo CD polls, twenty at a time as Argo CD has status processors.
    fn default() -> Self {
        Self { namespace: None, poll: SignedDuration::from_mins(2), parallel: 20 }
    }
}

/// Keeps Applications so.
pub struct Operator {
    engine: Engine,
    options: OperatorOptions,
    observer: Box<dyn FnMut(&Event) + Send>,
}

/// What the loop is told.
enum Signal {
    /// An Application is there, or is another than before.
    Application(Key, Box<Application>),
    /// An Application is gone.
    Gone(Key),
    /// All Applications are known.
    Complete,
    /// An object of an Application changed.
    Live(Key),
    /// Revisions were asked for; those of these Applications moved.
    Polled(BTreeSet<Key>),
    /// A look has ended.
    Looked(Key, Result<Look, String>),
    /// The cluster cannot be followed.
    Trouble(String, String),
}

impl Operator {
    /// An operator over an engine.
    pub fn new(engine: Engine, options: OperatorOptions) -> Self {
        Self { engine, options, observer: Box::new(|_| {}) }
    }

    /// Who is told what happens.
    #[must_use]
    pub fn with_observer(mut self, observer: impl FnMut(&Event) + Send + 'static) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// Works until `stop` is over. Looks that have begun are ended first.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (sender, mut signals) = unbounded_channel();
        let mut work = Work {
            engine: Arc::new(self.engine),
            options: self.options,
            observer: self.observer,
            sender,
            queue: Queue::default(),
            applications: HashMap::new(),
            followed: BTreeSet::new(),
            followers: JoinSet::new(),
            looks: JoinSet::new(),
            revisions: Arc::default(),
        };
        work.follow_applications();
        work.poll_later();
        let mut stop = std::pin::pin!(stop.fuse());
        loop {
            work.begin_looks();
            let next = work.queue.deadline().filter(|_| work.has_room());
            let pause = next.map_or(Duration::from_secs(3600), |at| until(at, work.engine.clock.now()));
            tokio::select! {
                () = &mut stop => break,
                Some(signal) = signals.recv() => work.on(signal),
                () = tokio::time::sleep(pause) => {}
            }
        }
        work.followers.abort_all();
        while work.looks.join_next().await.is_some() {}
    }
}

/// The state of a running operator.
struct Work {
    engine: Arc<Engine>,
    options: OperatorOptions,
    observer: Box<dyn FnMut(&Event) + Send>,
    sender: UnboundedSender<Signal>,
    queue: Queue,
    applications: HashMap<Key, Arc<Application>>,
    followed: BTreeSet<GroupVersionKind>,
    followers: JoinSet<()>,
    looks: JoinSet<()>,
    revisions: Arc<Mutex<Revisions>>,
}

impl Work {
    fn has_room(&self) -> bool {
        self.queue.working() < self.options.parallel.max(1)
    }

    fn begin_looks(&mut self) {
        while self.looks.try_join_next().is_some() {}
        while self.has_room() {
            let Some(key) = self.queue.take(self.engine.clock.now()) else { return };
            let (engine, sender) = (Arc::clone(&self.engine), self.sender.clone());
            self.looks.spawn(async move {
                let looked = look(&engine, &key).await.map_err(|error| chain(&error));
                let _ = sender.send(Signal::Looked(key, looked));
            });
        }
    }

    fn on(&mut self, signal: Signal) {
        let now = self.engine.clock.now();
        match signal {
            Signal::Application(key, application) => {
                let before = self.applications.insert(key.clone(), Arc::new(*application));
                let after = self.applications.get(&key);
                if before.as_deref().zip(after.map(Arc::as_ref)).is_none_or(|(before, after)| asks(before, after)) {
                    self.queue.ask(&key, now);
                }
            }
            Signal::Gone(key) => {
                self.applications.remove(&key);
                self.queue.forget(&key);
            }
            Signal::Complete => (self.observer)(&Event::Ready { applications: self.applications.len() }),
            Signal::Live(key) => {
                if self.applications.contains_key(&key) {
                    self.queue.ask(&key, later(now, SETTLING));
                }
            }
            Signal::Polled(moved) => {
                for key in moved.iter().filter(|key| self.applications.contains_key(key)) {
                    self.queue.ask(key, now);
                }
                self.poll_later();
            }
            Signal::Looked(key, looked) => self.looked(&key, looked, now),
            Signal::Trouble(what, message) => (self.observer)(&Event::Trouble { what, message }),
        }
    }

    fn looked(&mut self, key: &Key, looked: Result<Look, String>, now: Timestamp) {
        match looked {
            Ok(look) => {
                look.events.iter().for_each(|event| (self.observer)(event));
                for kind in look.kinds {
                    self.follow_kind(kind);
                }
                if let Some(again) = look.again {
                    self.queue.ask(key, again);
                }
            }
            Err(message) => {
                (self.observer)(&Event::Trouble { what: format!("the application `{key}`"), message });
                self.queue.ask(key, later(now, TROUBLE));
            }
        }
        self.queue.done(key);
    }

    fn follow_applications(&mut self) {
        let mut query = Query::all(GroupVersionKind::from_api_version(API_VERSION, APPLICATION_KIND));
        query.namespace.clone_from(&self.options.namespace);
        let sender = self.sender.clone();
        let tell = move |seen: Seen<'_>| {
            let signal = match seen {
                Seen::Listed(object) | Seen::Changed(object) => {
                    let key = Key::new(object.namespace().unwrap_or_default(), object.name());
                    match serde_json::from_value(Value::Object(object.body().clone())) {
                        Ok(application) => Signal::Application(key, Box::new(application)),
                        Err(error) => Signal::Trouble(format!("the application `{key}`"), error.to_string()),
                    }
                }
                Seen::Gone(id, _) => Signal::Gone(Key::new(id.namespace.clone().unwrap_or_default(), id.name.clone())),
                Seen::Complete => Signal::Complete,
                Seen::Failed(error) => Signal::Trouble("the list of applications".into(), error.to_string()),
            };
            sender.send(signal).is_ok()
        };
        self.followers.spawn(follow(Arc::clone(&self.engine.cluster), query, tell));
    }

    /// Follows the objects of a kind from now on, for whichever Application they bear the mark of.
    fn follow_kind(&mut self, kind: GroupVersionKind) {
        if !self.followed.insert(kind.clone()) {
            return;
        }
        let sender = self.sender.clone();
        let tell = move |seen: Seen<'_>| {
            let owner = match &seen {
                Seen::Changed(object) | Seen::Gone(_, Some(object)) => owner(object),
                _ => None,
            };
            owner.is_none_or(|key| sender.send(Signal::Live(key)).is_ok())
        };
        self.followers.spawn(follow(Arc::clone(&self.engine.cluster), Query::all(kind), tell));
    }

    /// Asks the repositories after a pause, somewhat more or less than is set so that many operators do not ask at once.
    fn poll_later(&mut self) {
        let applications: Vec<_> = self.applications.iter().map(|(key, one)| (key.clone(), Arc::clone(one))).collect();
        let (engine, sender, revisions) = (Arc::clone(&self.engine), self.sender.clone(), Arc::clone(&self.revisions));
        let pause = self.options.poll.mul_f64(rand::random_range(0.9..1.1));
        self.followers.spawn(async move {
            tokio::time::sleep(Duration::try_from(pause).unwrap_or(Duration::ZERO)).await;
            let ask = move || revisions.lock().unwrap_or_else(PoisonError::into_inner).moved(&engine, &applications);
            let moved = tokio::task::spawn_blocking(ask).await.unwrap_or_default();
            let _ = sender.send(Signal::Polled(moved));
        });
    }
}

/// The Application whose mark an object bears.
fn owner(object: &Object) -> Option<Key> {
    let (name, _) = object.annotation(TRACKING_ID)?.split_once(':')?;
    let (namespace, name) = name.split_once('_').unwrap_or((CONTROL_NAMESPACE, name));
    Some(Key::new(namespace, name))
}

/// Whether a change of an Application is one to look at: its status changes with every look.
fn asks(before: &Application, after: &Application) -> bool {
    let (old, new) = (&before.metadata, &after.metadata);
    before.spec != after.spec
        || after.operation.is_some() && before.operation != after.operation
        || old.deletion_timestamp.is_some() != new.deletion_timestamp.is_some()
        || new.annotation(REFRESH).is_some() && old.annotation(REFRESH) != new.annotation(REFRESH)
        || old.annotation(SKIP_RECONCILE) != new.annotation(SKIP_RECONCILE)
}

fn later(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}
