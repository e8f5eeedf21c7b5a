//! Which Application is looked at when: pure bookkeeping over times that are given.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gitops_core::Timestamp;

/// An Application by its namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Key {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// The key of this namespace and name.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

/// Applications that are to be looked at. One that is asked for several times is looked at once, at the earliest of the
/// times; one that is asked for while it is being looked at is looked at again afterwards, and never twice at a time.
#[derive(Debug, Default)]
pub struct Queue {
    due: BTreeSet<(Timestamp, Key)>,
    waiting: HashMap<Key, Timestamp>,
    /// Those that are being looked at, with the time at which to look again where that was asked for meanwhile.
    working: BTreeMap<Key, Option<Timestamp>>,
}

impl Queue {
    /// Asks for an Application at a time.
    pub fn ask(&mut self, key: &Key, at: Timestamp) {
        if let Some(again) = self.working.get_mut(key) {
            *again = Some(again.map_or(at, |before| before.min(at)));
            return;
        }
        if let Some(before) = self.waiting.get(key).copied() {
            if before <= at {
                return;
            }
            self.due.remove(&(before, key.clone()));
        }
        self.waiting.insert(key.clone(), at);
        self.due.insert((at, key.clone()));
    }

    /// Takes the Application that has been due for longest.
    pub fn take(&mut self, now: Timestamp) -> Option<Key> {
        let (at, _) = self.due.first()?;
        if *at > now {
            return None;
        }
        let (_, key) = self.due.pop_first()?;
        self.waiting.remove(&key);
        self.working.insert(key.clone(), None);
        Some(key)
    }

    /// An Application that was taken has been looked at.
    pub fn done(&mut self, key: &Key) {
        if let Some(Some(again)) = self.working.remove(key) {
            self.ask(key, again);
        }
    }

    /// Forgets an Application that is gone.
    pub fn forget(&mut self, key: &Key) {
        if let Some(at) = self.waiting.remove(key) {
            self.due.remove(&(at, key.clone()));
        }
        if let Some(again) = self.working.get_mut(key) {
            *again = None;
        }
    }

    /// When the next one is due; none where none waits.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Whether an Application is being looked at.
    pub fn is_working(&self, key: &Key) -> bool {
        self.working.contains_key(key)
    }

    /// How many are being looked at.
    pub fn working(&self) -> usize {
        self.working.len()
    }

    /// How many wait for their time.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key(name: &str) -> Key {
        Key::new("argocd", name)
    }

    #[test]
    fn the_earliest_of_several_times_counts() {
        let mut queue = Queue::default();
        queue.ask(&key("web"), at(9));
        queue.ask(&key("web"), at(5));
        queue.ask(&key("web"), at(7));
        assert_eq!((queue.deadline(), queue.waiting()), (Some(at(5)), 1));
        assert_eq!(queue.take(at(4)), None);
        assert_eq!(queue.take(at(5)), Some(key("web")));
        assert_eq!((queue.take(at(99)), queue.working()), (None, 1));
    }

    #[test]
    fn what_is_being_looked_at_waits_for_its_end() {
        let mut queue = Queue::default();
        queue.ask(&key("web"), at(1));
        assert_eq!(queue.take(at(1)), Some(key("web")));
        queue.ask(&key("web"), at(2));
        assert_eq!(queue.take(at(3)), None);
        queue.done(&key("web"));
        assert_eq!(queue.take(at(3)), Some(key("web")));
        queue.done(&key("web"));
        assert_eq!((queue.take(at(3)), queue.deadline(), queue.working()), (None, None, 0));
    }

    #[test]
    fn what_is_gone_is_not_looked_at() {
        let mut queue = Queue::default();
        queue.ask(&key("web"), at(1));
        queue.ask(&key("shop"), at(1));
        assert_eq!(queue.take(at(1)), Some(key("shop")));
        queue.ask(&key("shop"), at(2));
        queue.forget(&key("shop"));
        queue.forget(&key("web"));
        queue.done(&key("shop"));
        assert_eq!(queue.take(at(9)), None);
    }
}
