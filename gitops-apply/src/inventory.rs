//! What an application has put into a cluster, kept in that cluster.
//!
//! The record grows before anything is applied and shrinks after a deletion was seen to finish, so a process that is
//! killed in between leaves nothing that is not listed. It is stored as ConfigMaps of at most [`SHARD`] entries.

use std::collections::BTreeMap;

use gitops_core::annotations::INVENTORY_OF;
use gitops_core::{Object, ObjectId, ObjectRef};
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
}

/// One object of an inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The version it was written in.
    pub version: String,
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
        let entries: Vec<_> = self.entries.iter().collect();
        let mut shards: Vec<&[_]> = entries.chunks(SHARD).collect();
        let names = self.part_names();
        shards.resize(names.len(), &[]);
        let parts = names.len();
        let part = |(name, shard): (&String, &&[(&ObjectId, &Entry)])| {
            let entries = shard.iter().map(|(id, entry)| StoredEntry {
                object: id.at_version(entry.version.as_str()),
                uid: entry.uid.clone(),
            });
            let synced_digest = self.synced_digest.clone();
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
        names.iter().zip(&shards).map(part).collect()
    }

    /// The record that these objects store.
    ///
    /// # Errors
    /// Where one cannot be read, or one is missing: an inventory is whole or unusable.
    pub fn from_objects(application: &str, objects: &[Object]) -> Result<Self, InventoryError> {
        let mut inventory = Self::new(application);
        let mut expected = objects.len();
        for object in objects {
            let text = object.text(&["data", FIELD]).ok_or_else(|| InventoryError::Empty(object.id()))?;
            let part: Part =
                serde_json::from_str(text).map_err(|source| InventoryError::Part { part: object.id(), source })?;
            if part.application != application {
                continue;
            }
            expected = expected.max(part.parts);
            inventory.stored_parts += 1;
            inventory.synced_digest = part.synced_digest.or(inventory.synced_digest);
            for StoredEntry { object, uid } in part.entries {
                inventory.entries.insert(object.id, Entry { version: object.version, uid });
            }
        }
        let found = inventory.stored_parts;
        if found != expected {
            let application = application.into();
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

fn part_name(application: &str, index: usize) -> String {
    let name = label(application).to_ascii_lowercase().replace('_', "-");
    if index == 0 { format!("gitops-inventory-{name}") } else { format!("gitops-inventory-{name}-{index}") }
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
    fn a_missing_part_is_no_inventory() {
        let objects = inventory(SHARD + 1).to_objects("argocd").unwrap();
        assert!(matches!(Inventory::from_objects("web", &objects[..1]), Err(InventoryError::Incomplete { .. })));
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
