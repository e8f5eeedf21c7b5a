//! `metadata.managedFields`: who set which fields, how and when.
//!
//! Follows apimachinery v0.34 (`util/managedfields/internal`).

mod entry;
mod scale;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

pub(crate) use entry::seconds;
pub use entry::{Entry, ManagedError, Manager, Operation};
pub use scale::{from_scale, to_scale};

/// The managers of an object with their fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Managed {
    entries: BTreeMap<Manager, Entry>,
}

impl Managed {
    /// No managers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the list in `metadata.managedFields`; absent or null is no managers.
    ///
    /// # Errors
    /// [`ManagedError`] with the place of the first entry that is not understood.
    pub fn decode(list: Option<&Value>) -> Result<Self, ManagedError> {
        let mut entries = BTreeMap::new();
        let items = match list {
            None | Some(Value::Null) => return Ok(Self::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(ManagedError::NotAList),
        };
        for (index, item) in items.iter().enumerate() {
            let (manager, entry) = entry::decode(index, item)?;
            entries.insert(manager, entry);
        }
        Ok(Self { entries })
    }

    /// The managers of an object.
    ///
    /// # Errors
    /// As [`Managed::decode`].
    pub fn of(object: &Value) -> Result<Self, ManagedError> {
        Self::decode(object.pointer("/metadata/managedFields"))
    }

    /// The list as the API server writes it: appliers first, then by time, name, version and subresource.
    #[must_use]
    pub fn encode(&self) -> Vec<Value> {
        let mut sorted: Vec<_> = self.entries.iter().collect();
        sorted.sort_by_key(|(manager, entry)| {
            (
                manager.operation,
                entry.time.map_or(0, Timestamp::as_second),
                &manager.name,
                &entry.api_version,
                &manager.subresource,
            )
        });
        sorted.into_iter().map(|(manager, entry)| entry::encode(manager, entry)).collect()
    }

    /// Puts the managers into an object; none removes the field.
    pub fn store(&self, object: &mut Value) {
        let list = self.encode();
        if list.is_empty() {
            clear(object);
        } else if let Some(metadata) = metadata_mut(object) {
            metadata.insert("managedFields".to_owned(), Value::Array(list));
        }
    }

    /// Whether there are no managers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Managers with their entries, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = (&Manager, &Entry)> {
        self.entries.iter()
    }

    /// The entry of one manager.
    #[must_use]
    pub fn get(&self, manager: &Manager) -> Option<&Entry> {
        self.entries.get(manager)
    }

    /// Sets the entry of one manager.
    pub fn insert(&mut self, manager: Manager, entry: Entry) {
        self.entries.insert(manager, entry);
    }

    /// Removes a manager.
    pub fn remove(&mut self, manager: &Manager) -> Option<Entry> {
        self.entries.remove(manager)
    }

    /// Keeps the entries for which the function says so; it may change them.
    pub fn retain(&mut self, keep: impl FnMut(&Manager, &mut Entry) -> bool) {
        self.entries.retain(keep);
    }
}

/// Removes `metadata.managedFields`.
pub fn clear(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}

fn metadata_mut(object: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    object.as_object_mut()?.entry("metadata").or_insert_with(|| Value::Object(serde_json::Map::new())).as_object_mut()
}

/// Whether a list asks for all managers to be forgotten: empty, or one empty entry.
#[must_use]
pub fn is_reset(list: Option<&Value>) -> bool {
    match list {
        Some(Value::Array(items)) => match items.as_slice() {
            [] => true,
            [Value::Object(only)] => only.values().all(|value| value.is_null() || value == ""),
            _ => false,
        },
        _ => false,
    }
}
