//! Which Applications are looked at beside each other, so that none waits for the repository of another one.
//!
//! A look has one of a few places while it is young. What takes longer waits for something (a server, a hook, a person), or is
//! costly to render: it goes on without a place, and the place is given to the next. A repository that keeps looks waiting is slow
//! from then on, until one of its Applications is read in time again, and few of its Applications are looked at side by side.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use gitops_core::api::Application;

use super::queue::Key;
use super::standings::State;
use crate::reconcile::SyncEvent;
use crate::standing::Standing;

/// For how long a look has a place.
const YOUTH: Duration = Duration::from_secs(2);
/// So many Applications of a slow repository are looked at side by side.
const OF_SLOW: usize = 4;
/// So many looks go on without a place: each may keep a thread, and memory.
const WITHOUT_PLACE: usize = 300;

/// What was known of an Application when a look began.
pub(super) struct Ground {
    /// The Application as it was told last, without the long lists.
    pub application: Arc<Application>,
    /// The state of it that this is.
    pub state: Arc<State>,
    /// What it stood on, where it stood and has not changed.
    pub standing: Option<Arc<Standing>>,
    /// Until when what Applications stand on is as it was.
    pub epoch: u64,
}

/// One look that is to be made.
pub(super) struct Errand {
    /// At which Application.
    pub key: Key,
    /// What its repositories answered at this moment or later serves.
    pub since: Option<Instant>,
    /// What was known before.
    pub ground: Option<Ground>,
    begun: Instant,
    repositories: Vec<String>,
    /// When its sources had been read and rendered.
    left: OnceLock<Instant>,
}

impl Errand {
    /// A look that begins now, at an Application of these repositories.
    pub(super) fn new(key: Key, repositories: Vec<String>, since: Option<Instant>, now: Instant) -> Self {
        Self { key, since, ground: None, begun: now, repositories, left: OnceLock::new() }
    }

    /// The same with what is known of the Application.
    pub(super) fn on(self, ground: Option<Ground>) -> Self {
        Self { ground, ..self }
    }

    /// Notes how far it is.
    pub(super) fn note(&self, event: &SyncEvent<'_>) {
        if matches!(event, SyncEvent::Rendered(_)) {
            self.leave_sources(Instant::now());
        }
    }

    /// Its sources have been read, or need not be: what it waits for from now on is no fault of theirs.
    pub(super) fn leave_sources(&self, now: Instant) {
        // Of a look that compares twice, the first counts.
        let _ = self.left.set(now);
    }

    fn is_young(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.begun) < YOUTH
    }

    fn reads_slowly(&self, now: Instant) -> bool {
        let end = self.left.get().copied().unwrap_or(now);
        end.saturating_duration_since(self.begun) >= YOUTH
    }
}

/// The looks that are under way.
pub(super) struct Places {
    count: usize,
    errands: HashMap<Key, Arc<Errand>>,
    /// Repositories that kept the last look at one of their Applications waiting.
    slow: BTreeSet<String>,
    /// Applications that wait for others of a slow repository.
    parked: BTreeMap<String, BTreeSet<Key>>,
}

impl Places {
    /// So many places.
    pub(super) fn new(count: usize) -> Self {
        Self { count: count.max(1), errands: HashMap::new(), slow: BTreeSet::new(), parked: BTreeMap::new() }
    }

    /// Whether there is a place.
    pub(super) fn has_room(&self, now: Instant) -> bool {
        let young = self.errands.values().filter(|errand| errand.is_young(now)).count();
        young < self.count && self.errands.len() - young < WITHOUT_PLACE
    }

    /// After how long a place is given up that is taken now.
    pub(super) fn frees(&self, now: Instant) -> Option<Duration> {
        let young = self.errands.values().filter(|errand| errand.is_young(now));
        young.map(|errand| (errand.begun + YOUTH).saturating_duration_since(now)).min()
    }

    /// Begins a look, or leaves it for later where its repository is slow and others are already waiting for that.
    pub(super) fn begin(&mut self, errand: Errand) -> Option<Arc<Errand>> {
        let now = errand.begun;
        let full = errand.repositories.iter().find(|one| self.is_slow(one, now) && self.at_work(one) >= OF_SLOW);
        if let Some(repository) = full.cloned() {
            self.parked.entry(repository).or_default().insert(errand.key);
            return None;
        }
        self.forget(&errand.key);
        let errand = Arc::new(errand);
        self.errands.insert(errand.key.clone(), Arc::clone(&errand));
        Some(errand)
    }

    /// A look has ended; the Applications that may be looked at in its stead.
    pub(super) fn done(&mut self, key: &Key, now: Instant) -> Vec<Key> {
        let Some(errand) = self.errands.remove(key) else { return Vec::new() };
        let mut next = Vec::new();
        for repository in &errand.repositories {
            if errand.reads_slowly(now) {
                self.slow.insert(repository.clone());
            } else {
                self.slow.remove(repository);
            }
            let Some(parked) = self.parked.get_mut(repository) else { continue };
            let crowded = self.errands.values().any(|other| other.repositories.contains(repository));
            let count = if crowded && self.slow.contains(repository) { OF_SLOW } else { usize::MAX };
            while next.len() < count
                && let Some(key) = parked.pop_first()
            {
                next.push(key);
            }
            if parked.is_empty() {
                self.parked.remove(repository);
            }
        }
        next
    }

    /// An Application is gone.
    pub(super) fn forget(&mut self, key: &Key) {
        for parked in self.parked.values_mut() {
            parked.remove(key);
        }
        self.parked.retain(|_, parked| !parked.is_empty());
    }

    fn at_work(&self, repository: &str) -> usize {
        self.errands.values().filter(|errand| errand.repositories.iter().any(|one| one == repository)).count()
    }

    fn is_slow(&self, repository: &str, now: Instant) -> bool {
        let keeps_waiting =
            |errand: &Arc<Errand>| errand.reads_slowly(now) && errand.repositories.iter().any(|one| one == repository);
        self.slow.contains(repository) || self.errands.values().any(keeps_waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many seconds after a moment.
    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    fn errand(name: &str, repository: &str, now: Instant) -> Errand {
        Errand::new(Key::new("argocd", name), vec![repository.into()], None, now)
    }

    fn names(keys: Vec<Key>) -> Vec<String> {
        keys.into_iter().map(|key| key.name).collect()
    }

    #[test]
    fn what_waits_gives_its_place_to_the_next() {
        let start = Instant::now();
        let mut places = Places::new(2);
        for name in ["a", "b"] {
            assert!(places.has_room(start));
            places.begin(errand(name, "dead", start)).unwrap();
        }
        assert!(!places.has_room(at(start, 1)));
        assert_eq!(places.frees(at(start, 1)), Some(Duration::from_secs(1)));
        assert!(places.has_room(at(start, 2)));
        assert_eq!(places.frees(at(start, 2)), None);
        for number in 0..WITHOUT_PLACE {
            places.begin(errand(&number.to_string(), &number.to_string(), start)).unwrap();
        }
        assert!(!places.has_room(at(start, 2)), "but not without end");
    }

    #[test]
    fn few_applications_of_a_slow_repository_wait_for_it() {
        let start = Instant::now();
        let mut places = Places::new(20);
        for name in ["a", "b", "c", "d"] {
            places.begin(errand(name, "dead", start)).unwrap();
        }
        let late = at(start, 3);
        assert!(places.begin(errand("e", "dead", late)).is_none());
        assert!(places.begin(errand("f", "dead", late)).is_none());
        assert!(places.begin(errand("g", "good", late)).is_some());
        places.forget(&Key::new("argocd", "f"));
        let next = places.done(&Key::new("argocd", "a"), at(start, 4));
        assert_eq!(names(next), ["e"]);
        assert!(places.begin(errand("e", "dead", at(start, 4))).is_some());
        assert!(places.begin(errand("a", "dead", at(start, 4))).is_none(), "it is slow still");
        // One that was read in time lets the others go on.
        let next = places.done(&Key::new("argocd", "e"), at(start, 5));
        assert_eq!(names(next), ["a"]);
    }

    #[test]
    fn what_waits_after_it_was_rendered_does_not_make_its_repository_slow() {
        let start = Instant::now();
        let mut places = Places::new(20);
        for name in ["a", "b", "c", "d"] {
            places.begin(errand(name, "good", start)).unwrap().leave_sources(at(start, 1));
        }
        assert!(places.begin(errand("e", "good", at(start, 9))).is_some());
    }
}
