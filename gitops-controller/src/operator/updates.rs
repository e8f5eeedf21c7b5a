//! Which changes of live objects are looked at: those of more than what the settings say to ignore. As Argo CD does it
//! (`skipResourceUpdate` and `generateManifestHash`, controller/cache, v3.5): "Reconcile Optimization" in its operator manual.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher, RandomState};
use std::io::{self, Write};
use std::sync::{Arc, PoisonError, RwLock};

use gitops_apply::health::{self, Checks, HealthStatus};
use gitops_core::{Map, Object, Value};
use gitops_diff::normalize::{IgnoreRules, normalized};

use crate::conduct::MakeChecks;
use crate::settings::ClusterSettings;

/// What is never a change by itself.
const BOOKKEEPING: [&str; 3] = ["resourceVersion", "generation", "managedFields"];

/// What the settings say of changes.
#[derive(Default)]
pub(super) struct Updates {
    /// What may change; none where every change counts.
    rules: Option<IgnoreRules>,
    checks: Option<Arc<dyn Checks>>,
}

impl Updates {
    /// Those of settings. Where these cannot be understood every change counts, and a look says what is wrong with them.
    pub(super) fn of(settings: &ClusterSettings, make: Option<&MakeChecks>) -> Self {
        let rules = settings.ignore_updates().ok().flatten().and_then(|rules| IgnoreRules::compile(&rules).ok());
        Self { rules, checks: make.and_then(|make| make(settings.values())) }
    }

    /// What tells one state of an object from another one that is to be looked at. The payload of a Secret is nobody's to see here,
    /// so that every change of one counts.
    fn mark(&self, object: &Object, keys: &RandomState) -> Option<Mark> {
        let rules = self.rules.as_ref().filter(|_| !object.is_secret())?;
        let (left, _) = normalized(object, rules);
        let health = health::health_by(object, self.checks.as_deref()).map(|health| health.status);
        Some(Mark { digest: digest(left.body(), keys)?, health })
    }
}

impl fmt::Debug for Updates {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Updates").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// What the settings say of changes, for all who follow objects.
pub(super) type SharedUpdates = Arc<RwLock<Updates>>;

/// A state of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    digest: u64,
    health: Option<HealthStatus>,
}

/// The states of the objects of one kind, as far as they matter. Small: there may be very many of them.
pub(super) struct Marks {
    updates: SharedUpdates,
    keys: RandomState,
    /// By a digest of who an object is, with the listing that it was last told after.
    known: HashMap<u64, (Mark, u32)>,
    listing: u32,
}

impl Marks {
    /// Of no object yet.
    pub(super) fn new(updates: SharedUpdates) -> Self {
        Self { updates, keys: RandomState::new(), known: HashMap::new(), listing: 0 }
    }

    /// Takes in a state of an object; whether it is another one than before.
    pub(super) fn take_in(&mut self, object: &Object) -> bool {
        let updates = self.updates.read().unwrap_or_else(PoisonError::into_inner);
        let key = self.key(object);
        match updates.mark(object, &self.keys) {
            Some(mark) => self.known.insert(key, (mark, self.listing)).is_none_or(|(before, _)| before != mark),
            None => {
                self.known.remove(&key);
                true
            }
        }
    }

    /// An object is gone.
    pub(super) fn forget(&mut self, object: &Object) {
        let key = self.key(object);
        self.known.remove(&key);
    }

    /// All objects were told: those that were not since the listing before are gone.
    pub(super) fn complete(&mut self) {
        self.known.retain(|_, (_, listing)| *listing == self.listing);
        self.listing = self.listing.wrapping_add(1);
    }

    fn key(&self, object: &Object) -> u64 {
        self.keys.hash_one((object.namespace(), object.name(), object.uid()))
    }
}

/// A digest of an object without what servers keep their books by; none where it cannot be written.
fn digest(body: &Map, keys: &RandomState) -> Option<u64> {
    let mut digest = Digest(keys.build_hasher());
    for (key, value) in body {
        digest.add(key)?;
        match value {
            Value::Object(metadata) if key == "metadata" => {
                for (key, value) in metadata.iter().filter(|(key, _)| !BOOKKEEPING.contains(&key.as_str())) {
                    digest.add(key)?;
                    digest.add(value)?;
                }
            }
            value => digest.add(value)?,
        }
    }
    Some(digest.0.finish())
}

struct Digest<State: Hasher>(State);

impl<State: Hasher> Digest<State> {
    /// JSON ends by itself, so that no two things one after the other are read as others.
    fn add(&mut self, value: &(impl serde::Serialize + ?Sized)) -> Option<()> {
        serde_json::to_writer(self, value).ok()
    }
}

impl<State: Hasher> Write for Digest<State> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn marks(data: Value) -> Marks {
        let values = serde_json::from_value(data).unwrap();
        Marks::new(Arc::new(RwLock::new(Updates::of(&ClusterSettings::new(values).unwrap(), None))))
    }

    fn deployment(version: &str, more: Value) -> Object {
        let mut body = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": version, "generation": 1},
            "spec": {"replicas": 1}, "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
        });
        for (pointer, value) in more.as_object().unwrap() {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            body.pointer_mut(parent).unwrap()[key] = value.clone();
        }
        Object::from_value(body).unwrap()
    }

    #[test]
    fn what_servers_keep_their_books_by_is_no_change() {
        let mut marks = marks(json!({}));
        assert!(marks.take_in(&deployment("1", json!({}))), "it is new");
        assert!(!marks.take_in(&deployment("2", json!({"/metadata/managedFields": [{"manager": "a"}]}))));
        assert!(marks.take_in(&deployment("3", json!({"/status/replicas": 2}))));
        assert!(marks.take_in(&deployment("4", json!({"/metadata/uid": "v"}))), "another object");
        let widget = |generation: u8| {
            let metadata = json!({"name": "w", "uid": "w", "generation": generation});
            Object::from_value(json!({"apiVersion": "x.io/v1", "kind": "Widget", "metadata": metadata})).unwrap()
        };
        assert!(marks.take_in(&widget(1)) && !marks.take_in(&widget(2)));
    }

    #[test]
    fn what_is_ignored_is_no_change_as_long_as_the_health_is_the_same() {
        let mut marks = marks(json!({"resource.customizations.ignoreResourceUpdates.all": "jsonPointers: [/status]"}));
        assert!(marks.take_in(&deployment("1", json!({}))));
        assert!(!marks.take_in(&deployment("2", json!({"/status/note": "a"}))));
        assert!(marks.take_in(&deployment("3", json!({"/status/availableReplicas": 0}))), "it is progressing");
        assert!(marks.take_in(&deployment("4", json!({"/spec/replicas": 2}))));
    }

    #[test]
    fn every_change_counts_of_secrets_and_where_the_settings_say_so() {
        let mut all = marks(json!({"resource.ignoreResourceUpdatesEnabled": "false"}));
        assert!(all.take_in(&deployment("1", json!({}))) && all.take_in(&deployment("2", json!({}))));
        let secret =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "uid": "u"}, "data": {"a": "Yg=="}});
        let (secret, mut marks) = (Object::from_value(secret).unwrap(), marks(json!({})));
        assert!(marks.take_in(&secret) && marks.take_in(&secret));
    }

    #[test]
    fn what_was_not_told_again_is_forgotten() {
        let mut marks = marks(json!({}));
        marks.take_in(&deployment("1", json!({})));
        marks.complete();
        assert!(!marks.take_in(&deployment("2", json!({}))), "listed again");
        marks.complete();
        marks.complete();
        assert!(marks.known.is_empty());
        marks.take_in(&deployment("3", json!({})));
        marks.forget(&deployment("3", json!({})));
        assert!(marks.known.is_empty());
    }
}
