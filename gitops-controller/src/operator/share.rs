//! What this replica works at: everything where it is alone, and otherwise what it holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gitops_core::api::Application;
use gitops_core::cluster::CompleteListing;
use gitops_core::{Object, Timestamp};
use serde::Deserialize as _;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::event::Event;
use super::queue::Key;
use super::watched::applications_of;
use super::{Signal, Work};
use crate::applications::Applications;
use crate::causes::chain;
use crate::engine::Engine;
use crate::guard::Guard;
use crate::replicas::{Hold, Replicas, Said, Shard, ShardSignal, coordinate};

/// The pause before the Applications are listed again where that failed.
const PAUSE: Duration = Duration::from_secs(1);
/// In the place of the version of what is no Application, and of which nothing is told: no object has it.
const UNREADABLE: u64 = 0;

/// What this replica works at.
pub(super) enum Share {
    /// Everything: there is no other replica.
    Everything,
    /// What it holds.
    Held(Parts),
}

/// The parts of the work that this replica holds.
pub(super) struct Parts {
    replicas: Replicas,
    said: UnboundedSender<Said>,
    running: JoinHandle<()>,
    held: BTreeMap<Shard, Part>,
}

struct Part {
    hold: Hold,
    engine: Arc<Engine>,
    /// What is to be known of its Applications before one is looked at: the replica before may have written what is not told yet.
    awaits: Option<Awaited>,
    is_drained: bool,
    working: BTreeSet<Key>,
}

/// What is to be known first.
#[derive(Debug)]
pub(super) enum Awaited {
    /// How the Applications are in truth.
    Listing,
    /// These states of Applications, or later ones; and what was there before this state of the cluster and is none of them is gone.
    States(Arc<HashMap<Key, u64>>, u64),
}

/// With what something is looked at.
pub(super) struct Worker {
    pub(super) engine: Arc<Engine>,
    hold: Option<Hold>,
}

impl Worker {
    /// Does something for as long as this replica may; nothing where that ends first. What it does is large, and lies apart so that it
    /// does not fill the stack.
    pub(super) async fn during<T>(&self, work: Pin<Box<impl Future<Output = T>>>) -> Option<T> {
        match &self.hold {
            None => Some(work.await),
            Some(hold) => hold.during(work).await,
        }
    }
}

impl Share {
    /// The share of a replica, which begins to hold what it is to hold.
    pub(super) fn of(replicas: Option<Replicas>, engine: &Engine, sender: UnboundedSender<Signal>) -> Self {
        let Some(replicas) = replicas else { return Self::Everything };
        let (said, heard) = unbounded_channel();
        let tell = move |signal| drop(sender.send(Signal::Shard(signal)));
        let running = tokio::spawn(coordinate(replicas.clone(), Arc::clone(&engine.clock), tell, heard));
        Self::Held(Parts { replicas, said, running, held: BTreeMap::new() })
    }

    fn part(&self, shard: impl FnOnce(u32) -> Shard) -> Option<&Part> {
        let Self::Held(parts) = self else { return None };
        parts.held.get(&shard(parts.replicas.shards)).filter(|part| part.awaits.is_none() && !part.is_drained)
    }

    /// Whether an Application is worked at here.
    pub(super) fn has(&self, application: &Key) -> bool {
        matches!(self, Self::Everything) || self.part(|count| Shard::of(application, count)).is_some()
    }

    /// Whether ApplicationSets are worked at here.
    pub(super) fn has_sets(&self) -> bool {
        matches!(self, Self::Everything) || self.part(|_| Shard::Sets).is_some()
    }

    /// Begins to work at an Application, where that is done here.
    pub(super) fn begin(&mut self, application: &Key, engine: &Arc<Engine>) -> Option<Worker> {
        self.begin_at(|count| Shard::of(application, count), application, engine)
    }

    /// Begins to work at an ApplicationSet, where that is done here.
    pub(super) fn begin_set(&mut self, set: &Key, engine: &Arc<Engine>) -> Option<Worker> {
        self.begin_at(|_| Shard::Sets, set, engine)
    }

    fn begin_at(&mut self, shard: impl FnOnce(u32) -> Shard, key: &Key, engine: &Arc<Engine>) -> Option<Worker> {
        let Self::Held(parts) = self else { return Some(Worker { engine: Arc::clone(engine), hold: None }) };
        let part = parts.held.get_mut(&shard(parts.replicas.shards))?;
        if part.is_drained || part.awaits.is_some() {
            return None;
        }
        part.working.insert(key.clone());
        Some(Worker { engine: Arc::clone(&part.engine), hold: Some(part.hold.clone()) })
    }

    /// The work at an Application has ended.
    pub(super) fn done(&mut self, application: &Key) {
        if let Self::Held(parts) = self {
            parts.done(Shard::of(application, parts.replicas.shards), application);
        }
    }

    /// The work at an ApplicationSet has ended.
    pub(super) fn done_set(&mut self, set: &Key) {
        if let Self::Held(parts) = self {
            parts.done(Shard::Sets, set);
        }
    }

    /// Gives everything away, where it was held.
    pub(super) async fn leave(self) {
        if let Self::Held(parts) = self {
            // Who coordinates ends by itself only where it was told to.
            let _ = parts.said.send(Said::Leave);
            let _ = parts.running.await;
        }
    }
}

impl Parts {
    fn done(&mut self, shard: Shard, key: &Key) {
        if let Some(part) = self.held.get_mut(&shard) {
            part.working.remove(key);
        }
        self.say_drained(shard);
    }

    /// Lets a shard go that nothing works at any more.
    fn say_drained(&mut self, shard: Shard) {
        if self.held.get(&shard).is_some_and(|part| part.is_drained && part.working.is_empty()) {
            self.held.remove(&shard);
            let _ = self.said.send(Said::Drained(shard));
        }
    }
}

impl Part {
    fn is_known(&self, shard: Shard, count: u32, applications: &HashMap<Key, Arc<Application>>) -> bool {
        let Some(Awaited::States(states, at)) = &self.awaits else { return false };
        let version = |key: &Key| applications.get(key).map(|one| version(one.metadata.resource_version.as_deref()));
        let is_ours = |key: &&Key| Shard::of(key, count) == shard;
        let is_told = |key: &Key, wanted: u64| wanted == UNREADABLE || version(key) >= Some(wanted);
        let all_known = states.iter().filter(|(key, _)| is_ours(key)).all(|(key, wanted)| is_told(key, *wanted));
        let is_gone = |key: &Key| !states.contains_key(key) && version(key) <= Some(*at);
        all_known && !applications.keys().filter(is_ours).any(is_gone)
    }
}

/// The place of a version among the others of its cluster: they are numbers that grow (Kubernetes, "Resource Versions").
fn version(text: Option<&str>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

impl Work {
    /// Something is new of what this replica holds.
    pub(super) fn on_shard(&mut self, signal: ShardSignal, now: Timestamp) {
        match signal {
            ShardSignal::Taken(taken) => self.taken(taken, now),
            ShardSignal::Drain(shard) => {
                self.leave_shard(shard);
                let Share::Held(parts) = &mut self.share else { return };
                if let Some(part) = parts.held.get_mut(&shard) {
                    part.is_drained = true;
                }
                parts.say_drained(shard);
            }
            ShardSignal::Lost(shard) => {
                self.leave_shard(shard);
                let Share::Held(parts) = &mut self.share else { return };
                parts.held.remove(&shard);
            }
            ShardSignal::Trouble(error) => {
                let what = "the leases of replicas".to_owned();
                (self.observer)(&Event::Trouble { what, message: chain(&error) });
            }
        }
    }

    fn taken(&mut self, taken: Vec<(Shard, Hold)>, now: Timestamp) {
        let engine = Arc::clone(&self.engine);
        let Share::Held(parts) = &mut self.share else { return };
        let shards: Vec<Shard> = taken.iter().map(|(shard, _)| *shard).collect();
        for (shard, hold) in taken {
            // Who only observes writes nothing anyway.
            let engine = match engine.guard {
                Some(_) => Arc::clone(&engine),
                None => Arc::new(engine.guarded(Guard::While(hold.clone()))),
            };
            let awaits = (shard != Shard::Sets).then_some(Awaited::Listing);
            parts.held.insert(shard, Part { hold, engine, awaits, is_drained: false, working: BTreeSet::new() });
        }
        let cluster = Arc::clone(&parts.replicas.cluster);
        if shards.contains(&Shard::Sets) {
            self.begin_shard(Shard::Sets, now);
        }
        let (query, sender) = (applications_of(&self.options), self.sender.clone());
        self.followers.spawn(async move {
            loop {
                match cluster.list(&query).await {
                    Ok(listing) => {
                        let (states, at) = states(&listing);
                        let _ = sender.send(Signal::Listed(shards, Arc::new(states), at));
                        return;
                    }
                    Err(error) => {
                        let _ = sender.send(Signal::Shard(ShardSignal::Trouble(error)));
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        });
    }

    /// The Applications are in these states, or later ones.
    pub(super) fn listed(&mut self, shards: &[Shard], states: &Arc<HashMap<Key, u64>>, at: u64, now: Timestamp) {
        let Share::Held(parts) = &mut self.share else { return };
        for shard in shards {
            if let Some(part) = parts.held.get_mut(shard).filter(|part| part.awaits.is_some()) {
                part.awaits = Some(Awaited::States(Arc::clone(states), at));
            }
        }
        self.begin_known(now);
    }

    /// Begins with the shards whose Applications are known as they are by now.
    pub(super) fn begin_known(&mut self, now: Timestamp) {
        let Share::Held(parts) = &self.share else { return };
        if parts.held.values().all(|part| part.awaits.is_none()) {
            return;
        }
        let is_known =
            |(shard, part): &(&Shard, &Part)| part.is_known(**shard, parts.replicas.shards, &self.applications);
        let known: Vec<Shard> = parts.held.iter().filter(is_known).map(|(shard, _)| *shard).collect();
        for shard in known {
            self.begin_shard(shard, now);
        }
    }

    fn begin_shard(&mut self, shard: Shard, now: Timestamp) {
        let Share::Held(parts) = &mut self.share else { return };
        let count = parts.replicas.shards;
        let Some(part) = parts.held.get_mut(&shard) else { return };
        part.awaits = None;
        (self.observer)(&Event::Holding { shard: shard.to_string() });
        if shard == Shard::Sets && self.options.observe_only {
            return;
        }
        if shard == Shard::Sets {
            self.sets.ask_all(now);
            let engine = Arc::clone(&part.engine);
            self.make_default(engine);
            return;
        }
        for (key, application) in self.applications.iter().filter(|(key, _)| Shard::of(key, count) == shard) {
            self.metrics.know(key, Arc::clone(application));
            self.asked.insert(key.clone(), Instant::now());
            self.queue.ask(key, now);
        }
    }

    fn leave_shard(&mut self, shard: Shard) {
        let Share::Held(parts) = &self.share else { return };
        let Some(part) = parts.held.get(&shard).filter(|part| !part.is_drained) else { return };
        if part.awaits.is_none() {
            (self.observer)(&Event::Released { shard: shard.to_string() });
        }
        let count = parts.replicas.shards;
        for key in self.applications.keys().filter(|key| Shard::of(key, count) == shard) {
            self.metrics.forget(key);
        }
    }
}

/// The state of each Application of a listing, and that of the cluster.
fn states(listing: &CompleteListing) -> (HashMap<Key, u64>, u64) {
    let key = |object: &Object| Key::new(object.namespace().unwrap_or_default(), object.name());
    let state = |object: &Object| match Application::deserialize(object.body()) {
        Ok(_) => version(object.resource_version()),
        Err(_) => UNREADABLE,
    };
    let states = listing.objects.iter().map(|one| (key(one), state(one))).collect();
    (states, version(Some(&listing.resource_version)))
}

/// Asks the replica that works at an Application for a look at it, by an annotation as Argo CD's webhooks do.
pub(super) async fn request(engine: Arc<Engine>, application: Arc<Application>, sender: UnboundedSender<Signal>) {
    if let Err(error) = Applications::of(engine.cluster.as_ref()).request_refresh(&application).await {
        let what = format!("the request for a refresh of the application `{}`", application.name());
        let _ = sender.send(Signal::Trouble(what, chain(&error)));
    }
}
