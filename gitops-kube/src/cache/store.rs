//! What is kept of the objects of one kind.

use std::collections::HashMap;
use std::sync::Arc;

use gitops_core::cluster::may_be_later;
use gitops_core::{Object, SmolStr, Value};

use super::packed::Packed;

/// Which objects are kept whole.
pub(crate) type Managed = Arc<dyn Fn(&Object) -> bool + Send + Sync>;

/// Namespace and name.
pub(crate) type Place = (Box<str>, Box<str>);

/// What is kept of one object: that it is there, in which state, and its labels; of one that is managed all of it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    uid: Box<str>,
    version: Box<str>,
    labels: Box<[(SmolStr, SmolStr)]>,
    whole: Option<Packed>,
}

impl Kept {
    fn of(object: &Object, packed: impl FnOnce() -> Packed, managed: &Managed) -> Self {
        let labels = object.get(&["metadata", "labels"]).and_then(Value::as_object).into_iter().flatten();
        let label = |(key, value): (&String, &Value)| Some((key.into(), value.as_str()?.into()));
        Self {
            uid: object.uid().unwrap_or_default().into(),
            version: object.resource_version().unwrap_or_default().into(),
            labels: labels.filter_map(label).collect(),
            whole: managed(object).then(packed),
        }
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn uid(&self) -> &str {
        &self.uid
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The object, where it is kept whole.
    pub(crate) fn object(&self) -> Option<Object> {
        self.whole.as_ref()?.unpack()
    }
}

/// The objects of one kind. A new listing replaces them one by one, so there are never two of them in memory.
#[derive(Debug, Default)]
pub(crate) struct Store {
    entries: HashMap<Place, Entry>,
    round: u32,
    /// The state that is known in full: a watch from here misses nothing.
    version: String,
}

#[derive(Debug)]
struct Entry {
    kept: Kept,
    round: u32,
}

impl Store {
    /// A new listing begins.
    pub(crate) fn begin(&mut self) {
        self.round = self.round.wrapping_add(1);
    }

    /// The listing of a state came to its end: what was not in it is gone.
    pub(crate) fn finish(&mut self, version: &str) {
        let round = self.round;
        version.clone_into(&mut self.version);
        self.entries.retain(|_, entry| entry.round == round);
        if self.entries.capacity() > 4 * self.entries.len() + 64 {
            self.entries.shrink_to_fit();
        }
    }

    /// Everything up to a state has been told.
    pub(crate) fn reach(&mut self, version: &str) {
        version.clone_into(&mut self.version);
    }

    /// The state that is known in full.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// An object as a listing or a watch has it, and how it is kept where it is kept whole.
    pub(crate) fn put(&mut self, object: &Object, packed: impl FnOnce() -> Packed, managed: &Managed) {
        let (place, round) = (place_of(object), self.round);
        self.entries.insert(place, Entry { kept: Kept::of(object, packed, managed), round });
    }

    /// An object as the answer to a call or another watch has it, of which the own watch may have told already.
    pub(crate) fn put_newer(&mut self, object: &Object, copied: impl FnOnce(&Object) -> Object, managed: &Managed) {
        let known = self.entries.get(&place_of(object));
        let newer =
            known.is_none_or(|entry| may_be_later(object.resource_version().unwrap_or_default(), entry.kept.version()));
        if newer {
            let copy = Arc::new(copied(object));
            self.put(&copy, || Packed::of(&copy), managed);
        }
    }

    /// An object is gone.
    pub(crate) fn remove(&mut self, object: &Object) {
        let place = place_of(object);
        if self.entries.get(&place).is_some_and(|entry| Some(entry.kept.uid()) == object.uid()) {
            self.entries.remove(&place);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn get(&self, namespace: Option<&str>, name: &str) -> Option<&Kept> {
        let place = (namespace.unwrap_or_default().into(), name.into());
        self.entries.get(&place).map(|entry| &entry.kept)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Place, &Kept)> {
        self.entries.iter().map(|(place, entry)| (place, &entry.kept))
    }

    /// How many objects are there, and how many of them are kept whole.
    pub(crate) fn count(&self) -> (usize, usize) {
        let whole = self.entries.values().filter(|entry| entry.kept.whole.is_some()).count();
        (self.entries.len(), whole)
    }
}

fn place_of(object: &Object) -> Place {
    (object.namespace().unwrap_or_default().into(), object.name().into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(name: &str, version: &str, managed: bool) -> Object {
        let labels = if managed { json!({"managed": "yes"}) } else { json!({"tier": "web"}) };
        Object::from_value(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"},
            "metadata": {"name": name, "namespace": "shop", "uid": name, "resourceVersion": version, "labels": labels}}))
        .unwrap()
    }

    fn managed() -> Managed {
        Arc::new(|object| object.label("managed").is_some())
    }

    fn put(store: &mut Store, object: Object) {
        let object = Arc::new(object);
        store.put(&object, || Packed::of(&object), &managed());
    }

    #[test]
    fn what_is_not_managed_is_kept_without_its_content() {
        let mut store = Store::default();
        put(&mut store, map("a", "1", true));
        put(&mut store, map("b", "1", false));
        assert_eq!(store.count(), (2, 1));
        assert_eq!(store.get(Some("shop"), "a").unwrap().object(), Some(map("a", "1", true)));
        let slim = store.get(Some("shop"), "b").unwrap();
        assert_eq!((slim.uid(), slim.label("tier"), slim.object()), ("b", Some("web"), None));
    }

    #[test]
    fn a_new_listing_replaces_and_then_drops() {
        let mut store = Store::default();
        put(&mut store, map("a", "1", true));
        put(&mut store, map("b", "1", true));
        store.begin();
        put(&mut store, map("b", "2", true));
        assert_eq!(store.count().0, 2);
        store.finish("7");
        assert_eq!(store.version(), "7");
        assert!(store.get(Some("shop"), "a").is_none() && store.count().0 == 1);
    }

    #[test]
    fn an_answer_that_a_watch_has_overtaken_is_left() {
        let mut store = Store::default();
        put(&mut store, map("a", "10", true));
        store.put_newer(&map("a", "9", true), Object::clone, &managed());
        assert_eq!(store.get(Some("shop"), "a").unwrap().version(), "10");
        store.put_newer(&map("a", "11", true), Object::clone, &managed());
        assert_eq!(store.get(Some("shop"), "a").unwrap().version(), "11");
    }
}
