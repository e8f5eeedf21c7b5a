//! The operator: keeps every Application of a cluster as its sources say, for as long as it runs.
//!
//! One loop owns the [`Queue`] and decides which Application is looked at when. Followers of the cluster and the poll of
//! repositories only tell it that an Application may have changed; a look does the work, several side by side, never two at
//! one Application. Everything that must survive is in the cluster: the loop can be killed at any time.

mod advice;
mod appset;
mod automation;
mod begin;
mod clusters;
mod confirm;
mod credentials;
mod event;
mod fights;
mod finalizers;
mod follow;
mod look;
mod metrics;
mod mishap;
mod notice;
mod observe;
mod operation;
mod options;
mod orphans;
mod own;
mod places;
mod poll;
mod project;
mod pushes;
mod queue;
mod readings;
mod rivals;
mod settings;
mod share;
mod span;
mod standings;
#[cfg(test)]
mod tests;
mod updates;
mod watched;

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use gitops_apply::tracking::Tracking;
use gitops_core::api::Application;
use gitops_core::{Cluster, Object, Timestamp};
use gitops_policy::ClusterAddress;
use jiff::SignedDuration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

pub use automation::{Attempt, Decision, SelfHeal, automated_retry, decide};
pub use event::Event;
pub use metrics::Metrics;
pub use options::{HARD_RECONCILIATION_TIMEOUT, OperatorOptions, RECONCILIATION_JITTER, RECONCILIATION_TIMEOUT};
pub use own::{is_own, own_kinds};
pub(crate) use project::KnownProjects;
pub use pushes::{PushError, Pushes};
pub use queue::{Key, Queue};

use crate::causes::chain;
use crate::compare::CONTROL_NAMESPACE;
use crate::engine::Engine;
use crate::guard::Guard;
use crate::replicas::{Replicas, Shard, ShardSignal};
use crate::webhook::Told;
use appset::{SetSignal, Sets};
use clusters::Following;
use fights::Fights;
use look::Look;
use mishap::{Mishaps, Unlooked};
use places::Places;
use poll::Revisions;
use rivals::Rivals;
use share::Share;
use standings::{Standings, State};
use updates::SharedUpdates;
use watched::asks;

/// How long after a change of its objects an Application is looked at: changes come in groups.
const SETTLING: SignedDuration = SignedDuration::from_millis(5);
/// How long after a controller told how far it is with one of them: it tells that many times, and nothing is to be put right.
const PROGRESS: SignedDuration = SignedDuration::from_millis(100);
/// How long after a failure of the cluster an Application is looked at again.
const TROUBLE: SignedDuration = SignedDuration::from_secs(5);

/// Keeps Applications so.
pub struct Operator {
    engine: Engine,
    options: OperatorOptions,
    replicas: Option<Replicas>,
    direct: Option<Arc<dyn Cluster>>,
    observer: Box<dyn FnMut(&Event) + Send>,
    metrics: Arc<Metrics>,
    sender: UnboundedSender<Signal>,
    signals: UnboundedReceiver<Signal>,
}

/// What the loop is told.
enum Signal {
    /// An Application is there, or is another than before; with the state that it is in.
    Application(Key, Arc<Application>, Arc<State>),
    /// An Application is gone.
    Gone(Key),
    /// A project is there, gone, or another than before.
    Project(String),
    /// Something is new about a cluster: its Secret, or whether it can be reached.
    Cluster(ClusterAddress),
    /// Credentials of repositories are other ones than before.
    Credentials,
    /// The settings are other ones than before.
    Settings,
    /// All Applications are known.
    Complete,
    /// An object of an Application changed, and it should be looked at after this.
    Live(Key, SignedDuration),
    /// The repositories are to be asked whether something moved.
    Poll,
    /// Everything is to be looked at, and the repositories are to be asked.
    Refresh,
    /// A repository was asked at this moment, and the revisions of these Applications moved, or cannot be read.
    Moved(BTreeSet<Key>, Instant),
    /// A Git server told of something.
    Told(Told),
    /// A look has ended, after so long, that was begun in this epoch of what Applications stand on; without a result where this
    /// replica was no more to make it.
    Looked(Key, Option<Result<Box<Look>, Unlooked>>, Duration, u64),
    /// What this replica works at is another part than before.
    Shard(ShardSignal),
    /// The Applications of these shards are in these states or later ones, and all others gone that were there at a version of the cluster.
    Listed(Vec<Shard>, Arc<HashMap<Key, u64>>, u64),
    /// Something about an ApplicationSet.
    Set(SetSignal),
    /// The cluster cannot be followed.
    Trouble(String, String),
}

impl Operator {
    /// An operator over an engine.
    pub fn new(engine: Engine, options: OperatorOptions) -> Self {
        let (sender, signals) = unbounded_channel();
        let observer = Box::new(|_: &Event| {});
        Self { engine, options, replicas: None, direct: None, observer, metrics: Arc::default(), sender, signals }
    }

    /// Where the events of Git servers are handed in.
    pub fn pushes(&self) -> Pushes {
        let namespace = self.options.namespace.clone().unwrap_or_else(|| CONTROL_NAMESPACE.into());
        Pushes { cluster: Arc::clone(&self.engine.cluster), namespace, sender: self.sender.clone() }
    }

    /// What is counted of its work.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Shares the work with other replicas, which [`Replicas::check`] is to allow. Alone, it does everything.
    #[must_use]
    pub fn with_replicas(mut self, replicas: Replicas) -> Self {
        self.replicas = Some(replicas);
        self
    }

    /// The cluster that keeps the Applications as it is, where the engine's own is one that remembers objects without the owners
    /// of their fields: those say whether another controller is at work.
    #[must_use]
    pub fn with_direct(mut self, cluster: Arc<dyn Cluster>) -> Self {
        self.direct = Some(cluster);
        self
    }

    /// Who is told what happens.
    #[must_use]
    pub fn with_observer(mut self, observer: impl FnMut(&Event) + Send + 'static) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// Works until `stop` is over. Looks that have begun are ended first.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let metrics = Arc::clone(&self.metrics);
        self.engine.fetch.on_ask = Some(Arc::new(move |repository: &str| metrics.ask(repository)));
        let (mut engine, mut observer) = (self.engine, self.observer);
        let projects = Arc::<KnownProjects>::default();
        engine.projects.known = Some(Arc::clone(&projects));
        credentials::be_told(&mut engine);
        clusters::be_told(&mut engine, self.sender.clone());
        if self.options.observe_only {
            engine = engine.guarded(Guard::Observing);
        }
        let mut lacks_default = false;
        if self.replicas.is_none()
            && !self.options.observe_only
            && let Err(error) = project::ensure_default(engine.cluster.as_ref(), &engine.projects.namespace).await
        {
            observer(&Event::Trouble { what: project::OF_ALL.into(), message: chain(&error) });
            lacks_default = true;
        }
        let settings = settings::first(&engine).await;
        let share = Share::of(self.replicas, &engine, self.sender.clone());
        let rivals = Rivals::new(self.options.take_over, self.direct);
        let mut work = Work {
            engine: Arc::new(engine),
            places: Places::new(self.options.parallel),
            options: self.options,
            observer,
            metrics: self.metrics,
            sender: self.sender,
            queue: Queue::default(),
            applications: HashMap::new(),
            followed: Vec::new(),
            followers: JoinSet::new(),
            looks: JoinSet::new(),
            revisions: Arc::default(),
            fights: Arc::default(),
            mishaps: Mishaps::default(),
            standings: Standings::default(),
            updates: SharedUpdates::default(),
            rivals: Arc::new(rivals),
            told: HashMap::new(),
            asked: HashMap::new(),
            sets: Sets::default(),
            share,
        };
        work.follow_projects(projects);
        if lacks_default {
            work.make_default(Arc::clone(&work.engine));
        }
        work.follow_credentials();
        work.follow_clusters();
        work.follow_settings(settings);
        work.follow_applications();
        if !work.options.observe_only {
            work.follow_sets();
        }
        work.poll_later();
        work.refresh_later();
        let mut stop = std::pin::pin!(stop.fuse());
        loop {
            work.begin_looks();
            work.begin_set_looks();
            work.metrics.wait(work.queue.waiting());
            let pause = work.pause(work.engine.clock.now());
            tokio::select! {
                () = &mut stop => break,
                Some(signal) = self.signals.recv() => work.on(signal),
                () = tokio::time::sleep(pause) => {}
            }
        }
        work.followers.abort_all();
        while work.looks.join_next().await.is_some() {}
        work.share.leave().await;
    }
}

/// The state of a running operator.
struct Work {
    engine: Arc<Engine>,
    options: OperatorOptions,
    observer: Box<dyn FnMut(&Event) + Send>,
    metrics: Arc<Metrics>,
    sender: UnboundedSender<Signal>,
    queue: Queue,
    places: Places,
    applications: HashMap<Key, Arc<Application>>,
    followed: Vec<Following>,
    followers: JoinSet<()>,
    looks: JoinSet<()>,
    revisions: Arc<Mutex<Revisions>>,
    fights: Arc<Mutex<Fights>>,
    mishaps: Mishaps,
    standings: Standings,
    updates: SharedUpdates,
    rivals: Arc<Rivals>,
    /// What was last told of each Application that is only observed.
    told: HashMap<Key, Vec<Event>>,
    /// For each Application, when something was last said that its repositories must be asked for: itself, or a poll.
    asked: HashMap<Key, Instant>,
    sets: Sets,
    share: Share,
}

impl Work {
    fn on(&mut self, signal: Signal) {
        let now = self.engine.clock.now();
        if let Signal::Project(_) | Signal::Cluster(_) | Signal::Credentials | Signal::Settings = &signal {
            self.standings.begin_anew();
        }
        match signal {
            Signal::Application(key, application, state) => {
                self.standings.see(&key, state);
                if self.share.has(&key) && !self.told.contains_key(&key) {
                    self.metrics.know(&key, Arc::clone(&application));
                }
                let before = self.applications.insert(key.clone(), Arc::clone(&application));
                if self.queue.is_working(&key) {
                    self.rivals.note(&key, before.as_deref(), &application);
                }
                self.sets.application(before.as_deref(), Some(&application), now);
                if before.is_none_or(|before| asks(&before, &application)) {
                    self.asked.insert(key.clone(), Instant::now());
                    self.queue.ask(&key, now);
                }
                self.begin_known(now);
            }
            Signal::Gone(key) => {
                let before = self.applications.remove(&key);
                self.sets.application(before.as_deref(), None, now);
                self.asked.remove(&key);
                self.told.remove(&key);
                self.rivals.forget(&key);
                self.mishaps.forget(&key);
                self.standings.forget(&key);
                self.metrics.forget(&key);
                self.fights.lock().unwrap_or_else(PoisonError::into_inner).forget(&key);
                self.queue.forget(&key);
                self.places.forget(&key);
                self.begin_known(now);
            }
            Signal::Project(name) => {
                self.ask_project(&name, now);
                self.sets.try_again(now);
            }
            Signal::Cluster(cluster) => self.ask_cluster(&cluster, now),
            Signal::Credentials => {
                self.ask_everybody(now);
                self.sets.try_again(now);
            }
            Signal::Settings => self.ask_all(now),
            Signal::Complete => {
                self.metrics.begin();
                self.sets.begin();
                (self.observer)(&Event::Ready { applications: self.applications.len() });
            }
            Signal::Live(key, pause) => {
                if self.applications.contains_key(&key) {
                    self.queue.ask(&key, later(now, pause));
                }
            }
            Signal::Poll => self.poll(),
            Signal::Refresh => {
                self.ask_everybody(now);
                self.refresh_later();
            }
            Signal::Moved(moved, asked) => {
                for key in moved.iter().filter(|key| self.applications.contains_key(key)) {
                    self.asked.insert(key.clone(), asked);
                    self.queue.ask(key, now);
                }
            }
            Signal::Told(told) => self.told(&told, now),
            Signal::Looked(key, looked, took, epoch) => {
                self.share.done(&key);
                if let Some(looked) = looked {
                    self.metrics.look(&key, took);
                    self.looked(&key, looked, now, epoch);
                }
                self.queue.done(&key);
                self.end_look(&key);
            }
            Signal::Shard(signal) => self.on_shard(signal, now),
            Signal::Listed(shards, states, at) => self.listed(&shards, &states, at, now),
            Signal::Set(signal) => self.on_set(signal, now),
            Signal::Trouble(what, message) => (self.observer)(&Event::Trouble { what, message }),
        }
    }

    fn looked(&mut self, key: &Key, looked: Result<Box<Look>, Unlooked>, now: Timestamp, epoch: u64) {
        match looked {
            Ok(mut look) => {
                self.mishaps.forget(key);
                if let Some(at) = look.reconciled {
                    self.rivals.wrote(key, at);
                }
                match look.confirms {
                    true => self.metrics.confirm(),
                    false => self.standings.stand(key, look.stood.take(), epoch),
                }
                self.metrics.render(look.renders);
                if self.options.observe_only && !self.is_news(key, &look) {
                    return;
                }
                for event in &look.events {
                    if let Event::Synced { phase, .. } = event {
                        self.metrics.sync(key, phase, false);
                    }
                    (self.observer)(event);
                    self.notice(key, event);
                }
                if let Some(place) = &look.place {
                    self.leave_alone(place, &look.filter);
                    look.kinds.into_iter().for_each(|kind| self.follow_kind(place, &look.tracking, kind));
                }
                if let Some(again) = look.again {
                    self.queue.ask(key, again);
                }
            }
            Err(Unlooked::Panicked) => {
                let message = mishap::WORDS.to_owned();
                (self.observer)(&Event::Failed { application: key.clone(), message });
                self.queue.ask(key, later(now, self.mishaps.pause(key)));
            }
            Err(Unlooked::Failed(message)) => {
                (self.observer)(&Event::Trouble { what: format!("the application `{key}`"), message });
                self.queue.ask(key, later(now, TROUBLE));
            }
        }
    }

    /// Whether who observes found something else than the last time.
    fn is_news(&mut self, key: &Key, look: &Look) -> bool {
        if let Some(observed) = &look.observed {
            self.metrics.know(key, Arc::new(Application::clone(observed)));
        }
        self.told.insert(key.clone(), look.events.clone()).as_ref() != Some(&look.events)
    }

    /// Tells what happened as a Kubernetes Event, beside the work.
    fn notice(&mut self, key: &Key, event: &Event) {
        let Some(application) = self.applications.get(key).filter(|_| self.options.notices) else { return };
        if let Some(notice) = notice::notice(event, application, self.engine.clock.now()) {
            let cluster = Arc::clone(&self.engine.cluster);
            self.looks.spawn(async move { notice::tell(cluster.as_ref(), &notice).await });
        }
    }
}

/// The Application whose mark an object bears.
fn owner(object: &Object, tracking: &Tracking) -> Option<Key> {
    let name = tracking.bearer(object)?;
    let (namespace, name) = name.split_once('_').unwrap_or((CONTROL_NAMESPACE, name));
    Some(Key::new(namespace, name))
}

/// Whether a controller has seen what is wanted of an object: what changes then is how far it is.
fn is_progress(object: &Object) -> bool {
    let wanted = object.get(&["metadata", "generation"]);
    wanted.is_some() && wanted == object.get(&["status", "observedGeneration"])
}

fn later(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}
