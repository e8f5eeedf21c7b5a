//! What an application has put into a cluster, kept in that cluster.
//!
//! The record grows before anything is applied and shrinks after a deletion was seen to finish, so a process that is
//! killed in between leaves nothing that is not listed. It is stored as ConfigMaps of at most [`SHARD`] entries.

use std::collections::{BTreeMap, BTreeSet};

use gitops_core::annotations::INVENTORY_OF;
use gitops_core::{Object, ObjectId, ObjectRef, SmolStr};
use serde::{Deserialize, Serialize};
use serde_json::json;
use thiserror::Error;

/// Entries of one stored part.
pub const SHARD: usize = 1_000;

const FIELD: &str = "inventory.json";

/// The record of one application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The application, as in its ownership mark.
    pub application: String,
    /// The digest of the render that was last synced to its end.
    pub synced_digest: Option<String>,
    /// What is or may be in the cluster.
    pub entries: BTreeMap<ObjectId, Entry>,
    /// How many parts are stored.
    pub stored_parts: usize,
    /// Which state of each stored part this record was read from or written as, by the part's name. A part that somebody
    /// else has written since is not written over.
    pub versions: BTreeMap<String, PartVersion>,
}

/// One state of a stored part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartVersion {
    /// The UID of the object.
    pub uid: String,
    /// Its resource version.
    pub resource_version: String,
}

impl PartVersion {
    /// The state that an object of a cluster is in; none where it came from no cluster.
    pub fn of(object: &Object) -> Option<Self> {
        Some(Self { uid: object.uid()?.into(), resource_version: object.resource_version()?.into() })
    }
}

/// One object of an inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The version it was written in.
    pub version: SmolStr,
    /// Its UID; none where it was about to be created and the answer is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    application: String,
    parts: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    synced_digest: Option<String>,
    entries: Vec<StoredEntry>,
}

#[derive(Serialize, Deserialize)]
struct StoredEntry {
    #[serde(flatten)]
    object: ObjectRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
}

/// Why stored parts are no inventory.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// A part cannot be read.
    #[error("`{part}` is not a part of an inventory")]
    Part {
        /// The object.
        part: ObjectId,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A part has no content.
    #[error("`{0}` has no `{FIELD}`")]
    Empty(ObjectId),
    /// A part is missing or belongs to another application.
    #[error("the inventory of `{application}` has {found} of {expected} parts; nothing is deleted until it is whole")]
    Incomplete {
        /// The application.
        application: String,
        /// Parts found.
        found: usize,
        /// Parts that there should be.
        expected: usize,
    },
}

impl Inventory {
    /// The record of an application that has put nothing anywhere.
    pub fn new(application: impl Into<String>) -> Self {
        Self { application: application.into(), ..Self::default() }
    }

    /// Notes an object that is about to be written, or was.
    pub fn note(&mut self, object: &ObjectRef, uid: Option<&str>) {
        let entry = self.entries.entry(object.id.clone()).or_default();
        entry.version.clone_from(&object.version);
        if uid.is_some() {
            entry.uid = uid.map(Into::into);
        }
    }

    /// Where the parts are stored, those that are no longer needed included, so that they can be emptied.
    pub fn part_names(&self) -> Vec<String> {
        let needed = self.entries.len().div_ceil(SHARD).max(1);
        (0..needed.max(self.stored_parts)).map(|index| part_name(&self.application, index)).collect()
    }

    /// The objects that store it in a namespace.
    ///
    /// # Errors
    /// Where an entry has no form in JSON, which does not happen.
    pub fn to_objects(&self, namespace: &str) -> Result<Vec<Object>, serde_json::Error> {
        self.parts(namespace, |_, parts| parts)
    }

    /// The objects in the order in which they are written, so that the parts that are there after each write are whole and
    /// miss nothing: entries move to later parts where the record grows, and to earlier ones where it shrinks. New parts
    /// are first counted in one by one.
    ///
    /// # Errors
    /// As [`Inventory::to_objects`].
    pub fn writes(&self, namespace: &str, grows: bool) -> Result<Vec<Object>, serde_json::Error> {
        let whole = self.to_objects(namespace)?;
        if !grows || whole.len() == 1 {
            return Ok(whole);
        }
        let counted_in = self.parts(namespace, |index, _| index + 1)?;
        let mut writes: Vec<Object> = counted_in.into_iter().skip(self.stored_parts).collect();
        let done = usize::from(!writes.is_empty());
        writes.extend(whole.into_iter().rev().skip(done));
        Ok(writes)
    }

    fn parts(&self, namespace: &str, count: impl Fn(usize, usize) -> usize) -> Result<Vec<Object>, serde_json::Error> {
        let entries: Vec<_> = self.entries.iter().collect();
        let mut shards: Vec<&[_]> = entries.chunks(SHARD).collect();
        let names = self.part_names();
        shards.resize(names.len(), &[]);
        let parts = names.len();
        let part = |index: usize, name: &String, shard: &[(&ObjectId, &Entry)]| {
            let entries = shard.iter().map(|(id, entry)| StoredEntry {
                object: id.at_version(entry.version.as_str()),
                uid: entry.uid.clone(),
            });
            let synced_digest = self.synced_digest.clone();
            let parts = count(index, parts);
            let part = Part { application: self.application.clone(), parts, synced_digest, entries: entries.collect() };
            let labels = json!({INVENTORY_OF: label(&self.application)});
            let value = json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": namespace, "labels": labels},
                "data": {FIELD: serde_json::to_string(&part)?},
            });
            Object::from_value(value).map_err(serde::de::Error::custom)
        };
        names.iter().zip(&shards).enumerate().map(|(index, (name, shard))| part(index, name, shard)).collect()
    }

    /// The record that these objects store.
    ///
    /// # Errors
    /// Where one cannot be read, or one is missing: an inventory is whole or unusable.
    pub fn from_objects(application: &str, objects: &[Object]) -> Result<Self, InventoryError> {
        let mut inventory = Self::new(application);
        let (mut expected, mut found) = (0, BTreeSet::new());
        for object in objects {
            // A copy under another name is no part.
            let Some(index) = part_index(application, object.name()) else { continue };
            let text = object.text(&["data", FIELD]).ok_or_else(|| InventoryError::Empty(object.id()))?;
            let part: Part =
                serde_json::from_str(text).map_err(|source| InventoryError::Part { part: object.id(), source })?;
            if part.application != application {
                continue;
            }
            expected = expected.max(part.parts).max(index + 1);
            found.insert(index);
            inventory.versions.extend(PartVersion::of(object).map(|version| (object.name().to_owned(), version)));
            inventory.synced_digest = part.synced_digest.or(inventory.synced_digest);
            for StoredEntry { object, uid } in part.entries {
                inventory.entries.insert(object.id, Entry { version: object.version, uid });
            }
        }
        inventory.stored_parts = found.len();
        if found.len() != expected {
            let (application, found) = (application.into(), found.len());
            return Err(InventoryError::Incomplete { application, found, expected });
        }
        Ok(inventory)
    }
}

/// The label value that selects an application's parts.
pub fn label(application: &str) -> String {
    let plain = application.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if plain && application.len() <= 63 {
        application.into()
    } else {
        gitops_core::Digest::of(application.as_bytes()).short().into()
    }
}

/// The first part, which every stored record has.
/// A stored part of a record, by the name that [`Inventory::versions`] has it under.
pub fn part(namespace: &str, name: &str) -> ObjectRef {
    ObjectId::new("", "ConfigMap", Some(namespace), name).at_version("v1")
}

pub(crate) fn first_part(namespace: &str, application: &str) -> ObjectRef {
    part(namespace, &part_name(application, 0))
}

/// Names of further parts have their number before the application, behind a dot: whatever applications are called, no
/// two have a name in common.
fn part_name(application: &str, index: usize) -> String {
    let name = label(application).to_ascii_lowercase().replace('_', "-");
    if index == 0 { format!("gitops-inventory-{name}") } else { format!("gitops-inventory.{index}.{name}") }
}

fn part_index(application: &str, name: &str) -> Option<usize> {
    let index = match name.strip_prefix("gitops-inventory.") {
        Some(rest) => rest.split_once('.')?.0.parse().ok()?,
        None => 0,
    };
    (part_name(application, index) == name).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(count: usize) -> Inventory {
        let mut inventory = Inventory::new("web");
        for index in 0..count {
            let id = ObjectId::new("", "ConfigMap", Some("shop"), format!("c{index:05}"));
            inventory.note(&id.at_version("v1"), (index % 2 == 0).then_some("uid"));
        }
        inventory
    }

    #[test]
    fn it_is_stored_in_parts_and_read_back() {
        for count in [0, 1, SHARD, SHARD + 1, 3 * SHARD] {
            let mut inventory = inventory(count);
            let objects = inventory.to_objects("argocd").unwrap();
            assert_eq!(objects.len(), count.div_ceil(SHARD).max(1));
            inventory.stored_parts = objects.len();
            assert_eq!(Inventory::from_objects("web", &objects).unwrap(), inventory);
        }
    }

    #[test]
    fn a_copy_under_another_name_is_no_part() {
        let mut objects = inventory(3).to_objects("argocd").unwrap();
        let mut copy = objects[0].clone();
        copy.set_name("gitops-inventory-web-copy");
        objects.push(copy);
        assert_eq!(Inventory::from_objects("web", &objects).unwrap().stored_parts, 1);
    }

    #[test]
    fn a_missing_part_is_no_inventory() {
        let objects = inventory(SHARD + 1).to_objects("argocd").unwrap();
        assert!(matches!(Inventory::from_objects("web", &objects[..1]), Err(InventoryError::Incomplete { .. })));
    }

    #[test]
    fn stopped_between_two_parts_it_is_whole_and_misses_nothing() {
        let sizes = [0, SHARD, SHARD + 1, 3 * SHARD + 7];
        for (from, to) in sizes.iter().flat_map(|from| sizes.iter().map(move |to| (*from, *to))) {
            // The entries that come or go are spread over the whole record.
            let spread = |count: usize, of: usize| -> Inventory {
                let mut part = inventory(of);
                let keys: Vec<_> = part.entries.keys().cloned().collect();
                let gone = (0..of - count).map(|index| index * of / (of - count).max(1));
                gone.for_each(|index| drop(part.entries.remove(&keys[index])));
                part
            };
            let most = from.max(to);
            let (before, mut after) = (spread(from, most), spread(to, most));
            let mut stored = BTreeMap::new();
            if from > 0 {
                let objects = before.to_objects("argocd").unwrap();
                after.stored_parts = objects.len();
                stored.extend(objects.into_iter().map(|object| (object.id(), object)));
            }
            for object in after.writes("argocd", to >= from).unwrap() {
                stored.insert(object.id(), object);
                let objects: Vec<_> = stored.values().cloned().collect();
                let read = Inventory::from_objects("web", &objects).unwrap();
                let least = if to >= from { &before } else { &after };
                assert!(least.entries.keys().all(|id| read.entries.contains_key(id)), "{from} {to}");
            }
            let objects: Vec<_> = stored.into_values().collect();
            assert_eq!(Inventory::from_objects("web", &objects).unwrap().entries, after.entries, "{from} {to}");
        }
    }

    #[test]
    fn parts_that_are_no_longer_needed_are_emptied() {
        let mut inventory = inventory(3);
        inventory.stored_parts = 2;
        let objects = inventory.to_objects("argocd").unwrap();
        assert_eq!(objects.len(), 2);
        assert_eq!(Inventory::from_objects("web", &objects).unwrap().entries.len(), 3);
    }
}
