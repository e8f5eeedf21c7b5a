//! ApplicationSets: which one is looked at when, beside the Applications that they make.

mod deletion;
mod look;
mod outside;
mod rollout;
mod set;
mod settings;
mod status;
#[cfg(test)]
mod tests;
mod write;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gitops_core::Timestamp;
use gitops_core::annotations::APPLICATION_SET_REFRESH;
use gitops_core::api::Application;
use gitops_core::cluster::Query;
use jiff::SignedDuration;

use super::event::Event;
use super::follow::{Seen, follow};
use super::mishap::caught;
use super::queue::{Key, Queue};
use super::{Signal, TROUBLE, Work, later};
use crate::appset::owner;
use crate::causes::chain;
use crate::clusters::KnownClusters;
use crate::engine::Engine;
use crate::webhook::Told;
use look::{Job, SetLook, look};
use outside::Answers;
use set::{Set, Shared, kind};
pub(crate) use settings::NAME as PARAMETERS;

/// How many sets are looked at side by side, as Argo CD does it.
const SIDE_BY_SIDE: usize = 10;
/// How long after a change of its Applications a set is looked at: changes come in groups. A rollout goes on by them.
const SETTLING: SignedDuration = SignedDuration::from_secs(1);
const SETTLING_OF_A_ROLLOUT: SignedDuration = SignedDuration::from_millis(50);

/// What is said of a look that panicked.
const PANICKED: &str = "internal error: a look at it panicked, as the log of the operator says";

/// What is told of sets.
pub(super) enum SetSignal {
    /// A set is there, or is another than before.
    Known(Box<Set>),
    /// A set is gone.
    Gone(Key),
    /// The clusters that are known are others than before.
    Clusters,
    /// A look has ended, after so long; without a result where this replica was no more to make it.
    Looked(Key, Option<Result<SetLook, String>>, Duration),
}

/// The sets that are followed.
#[derive(Default)]
pub(super) struct Sets {
    known: HashMap<Key, Known>,
    queue: Queue,
    /// Whether all Applications are known, without which nobody could say which ones a set has.
    is_ready: bool,
    follows_clusters: bool,
}

struct Known {
    set: Shared,
    /// From when on answers serve, and those of services since then.
    asked: Instant,
    answers: Arc<Answers>,
    /// When the answers no longer serve.
    until: Option<Timestamp>,
    /// Whether the last look found something wrong.
    failed: bool,
}

impl Known {
    fn ask_again(&mut self) {
        (self.asked, self.answers, self.until) = (Instant::now(), Arc::default(), None);
    }
}

impl Sets {
    /// When the next one is due; none where none waits, or there is no room.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.queue.deadline().filter(|_| self.has_room())
    }

    fn has_room(&self) -> bool {
        self.is_ready && self.queue.working() < SIDE_BY_SIDE
    }

    /// All Applications are known from now on.
    pub(super) fn begin(&mut self) {
        self.is_ready = true;
    }

    /// An Application came to be, changed or went: whoever owns it, or did, may have to do something.
    pub(super) fn application(&mut self, before: Option<&Application>, after: Option<&Application>, now: Timestamp) {
        let Some(one) = after.or(before) else { return };
        let namespace = one.metadata.namespace().unwrap_or_default();
        for name in [before, after].into_iter().flatten().filter_map(owner) {
            let key = Key::new(namespace, name);
            let Some(known) = self.known.get(&key) else { continue };
            if is_of_interest(before, after) {
                let pause = if known.set.rolls() { SETTLING_OF_A_ROLLOUT } else { SETTLING };
                self.queue.ask(&key, later(now, pause));
            }
        }
    }

    /// The sets that what a Git server told of concerns.
    pub(super) fn concerned(&self, told: &Told) -> impl Iterator<Item = &Key> {
        self.known.iter().filter(|(_, known)| known.set.concerned(told)).map(|(key, _)| key)
    }

    /// All sets are looked at anew.
    pub(super) fn ask_all(&mut self, now: Timestamp) {
        for (key, known) in &mut self.known {
            known.ask_again();
            self.queue.ask(key, now);
        }
    }

    /// A Git server told of something.
    pub(super) fn told(&mut self, told: &Told, now: Timestamp) {
        for (key, known) in self.known.iter_mut().filter(|(_, known)| known.set.concerned(told)) {
            known.ask_again();
            self.queue.ask(key, now);
        }
    }

    /// A project or credentials came to be, changed or went: what a set could not make may be made now.
    pub(super) fn try_again(&mut self, now: Timestamp) {
        for (key, _) in self.known.iter().filter(|(_, known)| known.failed) {
            self.queue.ask(key, now);
        }
    }

    fn know(&mut self, set: Set, now: Timestamp) {
        let (key, set) = (set.key(), Arc::new(set));
        match self.known.get_mut(&key) {
            Some(known) => {
                let before = std::mem::replace(&mut known.set, Arc::clone(&set));
                if !Set::asks(&before, &set) {
                    return;
                }
                if Set::asks_anew(&before, &set) {
                    known.ask_again();
                }
            }
            None => {
                let known = Known { set, asked: Instant::now(), answers: Arc::default(), until: None, failed: false };
                self.known.insert(key.clone(), known);
            }
        }
        self.queue.ask(&key, now);
    }

    fn looked(&mut self, key: &Key, look: &SetLook, now: Timestamp) {
        if let Some(known) = self.known.get_mut(key) {
            known.failed = look.failed;
            known.until = known.until.or_else(|| look.period.map(|period| later(now, period)));
            for at in known.until.into_iter().chain(look.again) {
                self.queue.ask(key, at);
            }
        }
        self.queue.done(key);
    }
}

impl Work {
    /// Follows the sets from now on.
    pub(super) fn follow_sets(&mut self) {
        let mut query = Query::all(kind());
        query.namespace.clone_from(&self.options.namespace);
        let sender = self.sender.clone();
        let tell = move |seen: Seen<'_>| {
            let signal = match seen {
                Seen::Listed(object) | Seen::Changed(object) => match Set::read(object) {
                    Ok(set) => Signal::Set(SetSignal::Known(Box::new(set))),
                    Err(error) => Signal::Trouble(format!("the ApplicationSet `{}`", object.name()), chain(&error)),
                },
                Seen::Gone(id, _) => {
                    let key = Key::new(id.namespace.clone().unwrap_or_default(), id.name.clone());
                    Signal::Set(SetSignal::Gone(key))
                }
                Seen::Failed(error) => Signal::Trouble("the list of ApplicationSets".into(), error.to_string()),
                Seen::Complete => return !sender.is_closed(),
            };
            sender.send(signal).is_ok()
        };
        self.followers.spawn(follow(Arc::clone(&self.engine.cluster), query, tell));
    }

    /// Follows the Secrets of clusters, once a set needs them.
    fn follow_clusters_of_sets(&mut self) {
        if std::mem::replace(&mut self.sets.follows_clusters, true) {
            return;
        }
        let query = KnownClusters::query(&self.engine.projects.namespace);
        let sender = self.sender.clone();
        let tell = move |seen: Seen<'_>| {
            let signal = match seen {
                Seen::Listed(_) | Seen::Changed(_) | Seen::Gone(..) => Signal::Set(SetSignal::Clusters),
                Seen::Failed(error) => Signal::Trouble("the list of clusters".into(), error.to_string()),
                Seen::Complete => return !sender.is_closed(),
            };
            sender.send(signal).is_ok()
        };
        self.followers.spawn(follow(Arc::clone(&self.engine.cluster), query, tell));
    }

    pub(super) fn on_set(&mut self, signal: SetSignal, now: Timestamp) {
        match signal {
            SetSignal::Known(set) => {
                if set.needs_clusters() {
                    self.follow_clusters_of_sets();
                }
                self.metrics.know_set(&set.key(), &set.status);
                self.sets.know(*set, now);
            }
            SetSignal::Gone(key) => {
                self.metrics.forget_set(&key);
                self.sets.known.remove(&key);
                self.sets.queue.forget(&key);
            }
            SetSignal::Clusters => {
                let Sets { known, queue, .. } = &mut self.sets;
                for (key, _) in known.iter().filter(|(_, known)| known.set.needs_clusters()) {
                    queue.ask(key, now);
                }
            }
            SetSignal::Looked(key, looked, took) => {
                self.share.done_set(&key);
                let Some(looked) = looked else { return self.sets.queue.done(&key) };
                self.metrics.look_at_set(&key, took);
                let look = looked.unwrap_or_else(|message| {
                    let what = format!("the ApplicationSet `{key}`");
                    let events = vec![Event::Trouble { what, message }];
                    SetLook { again: Some(later(now, TROUBLE)), events, ..SetLook::default() }
                });
                look.events.iter().for_each(|event| (self.observer)(event));
                self.sets.looked(&key, &look, now);
            }
        }
    }

    pub(super) fn begin_set_looks(&mut self) {
        let now = self.engine.clock.now();
        while self.sets.has_room() {
            let Some(key) = self.sets.queue.take(now) else { return };
            let Some(known) = self.sets.known.get_mut(&key) else {
                self.sets.queue.done(&key);
                continue;
            };
            let Some(worker) = self.share.begin_set(&key, &self.engine) else {
                self.sets.queue.done(&key);
                continue;
            };
            if known.until.is_some_and(|until| until <= now) {
                known.ask_again();
            }
            let is_owned = |(of, one): &(&Key, &Arc<Application>)| {
                of.namespace == key.namespace && owner(one) == Some(key.name.as_str())
            };
            let owned = self.applications.iter().filter(is_owned).map(|(_, one)| Arc::clone(one)).collect();
            let job = Job { key: key.clone(), owned, answers: Arc::clone(&known.answers), since: known.asked };
            let sender = self.sender.clone();
            self.looks.spawn(async move {
                let begun = Instant::now();
                let look = Box::pin(look(&worker.engine, job));
                let looked = worker.during(Box::pin(caught(look))).await;
                let looked = looked.map(|looked| match looked {
                    Ok(looked) => looked.map_err(|error| chain(&error)),
                    Err(_) => Err(PANICKED.to_owned()),
                });
                let _ = sender.send(Signal::Set(SetSignal::Looked(key, looked, begun.elapsed())));
            });
        }
    }
}

/// Asks the replica that works at ApplicationSets for a look at one, by an annotation as Argo CD's webhooks do.
pub(super) async fn request(engine: Arc<Engine>, set: Key) {
    let patch = serde_json::json!({"metadata": {"annotations": {APPLICATION_SET_REFRESH: "true"}}});
    // Where that fails, the set's own period comes.
    let _ = write::patch_set(engine.cluster.as_ref(), &set::reference(&set), patch, None).await;
}

/// Whether a change of an Application is one to look at its set for: what the set writes, or how it is.
fn is_of_interest(before: Option<&Application>, after: Option<&Application>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return true };
    let (old, new) = (&before.metadata, &after.metadata);
    let seen = |application: &Application| {
        let status = application.status.as_ref();
        let operation = status.and_then(|status| status.operation_state.as_ref());
        (
            status.and_then(|status| status.sync.clone()).map(|sync| (sync.status, sync.revision, sync.revisions)),
            status.and_then(|status| status.health.clone()).and_then(|health| health.status),
            operation.map(|state| (state.phase.clone(), state.started_at)),
        )
    };
    before.spec != after.spec
        || old.annotations != new.annotations
        || old.labels != new.labels
        || old.finalizers != new.finalizers
        || old.owner_references != new.owner_references
        || old.deletion_timestamp.is_some() != new.deletion_timestamp.is_some()
        || seen(before) != seen(after)
}
