//! Metadata of objects.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub(super) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    get(object, field).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn get<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    object.get("metadata").and_then(|metadata| metadata.get(field))
}

/// The metadata to change; none where the object is no map.
pub(super) fn map(object: &mut Value) -> Option<&mut Map<String, Value>> {
    let slot = object.as_object_mut()?.entry("metadata").or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut()
}

pub(super) fn set(object: &mut Value, field: &str, value: impl Into<Value>) {
    if let Some(metadata) = map(object) {
        metadata.insert(field.to_owned(), value.into());
    }
}

pub(super) fn remove(object: &mut Value, field: &str) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove(field);
    }
}

/// Takes a field over from another object, with its absence.
pub(super) fn copy(object: &mut Value, field: &str, from: &Value) {
    match get(from, field) {
        Some(value) => set(object, field, value.clone()),
        None => remove(object, field),
    }
}

/// Drops owner references that repeat an earlier one.
pub(super) fn unite_owners(object: &mut Value) {
    let Some(owners) = map(object).and_then(|metadata| metadata.get_mut("ownerReferences")?.as_array_mut()) else {
        return;
    };
    let mut seen = BTreeSet::new();
    owners.retain(|owner| seen.insert(owner.to_string()));
}

pub(super) fn finalizers(object: &Value) -> &[Value] {
    get(object, "finalizers").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn generation(object: &Value) -> i64 {
    get(object, "generation").and_then(Value::as_i64).unwrap_or(0)
}

pub(super) fn is_deleting(object: &Value) -> bool {
    !text(object, "deletionTimestamp").is_empty()
}
