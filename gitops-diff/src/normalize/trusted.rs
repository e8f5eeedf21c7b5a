//! Fields that managers own who are trusted (`managedFieldsManagers`): where the two objects differ in them, neither has
//! them (Argo CD, `util/argo/managedfields`).

use gitops_core::{Map, Value};
use gitops_merge::fields::Set;
use gitops_merge::schema::{Kinds, Schema, TypeId};
use gitops_merge::typed::{compare, remove};

/// Takes what trusted managers changed out of both objects. Objects that do not fit their type stay as they are.
pub(crate) fn drop_trusted(desired: &mut Map, live: &mut Map, managers: &[String], kinds: Option<&Kinds>) {
    if managers.is_empty() {
        return;
    }
    let text = |key: &str| desired.get(key).and_then(Value::as_str).unwrap_or_default();
    let kind = kinds.and_then(|kinds| kinds.get(text("apiVersion"), text("kind")));
    let deduced = Schema::default();
    let (schema, type_id) = kind.map_or((&deduced, TypeId::ANY), |kind| (&kind.schema, kind.type_id));
    let (mut new, mut old) = (Value::Object(desired.clone()), Value::Object(live.clone()));
    let Ok(comparison) = compare(schema, type_id, &old, &new) else { return };
    for fields in fields_of(live, |manager| managers.iter().any(|trusted| trusted == manager)) {
        let both = fields.intersection(&comparison.modified);
        if !both.is_empty() {
            old = remove(schema, type_id, &old, &both);
            new = remove(schema, type_id, &new, &both);
        }
    }
    if let (Value::Object(new), Value::Object(old)) = (new, old) {
        (*desired, *live) = (new, old);
    }
}

/// The fields of an object's managers that are asked for, entry by entry.
pub(crate) fn fields_of(object: &Map, wanted: impl Fn(&str) -> bool) -> Vec<Set> {
    let entries = object.get("metadata").and_then(|metadata| metadata.get("managedFields")).and_then(Value::as_array);
    let fields = |entry: &Value| {
        let manager = entry.get("manager").and_then(Value::as_str).unwrap_or_default();
        let fields = entry.get("fieldsV1").filter(|_| wanted(manager))?;
        Set::from_fields_v1(fields).ok()
    };
    entries.into_iter().flatten().filter_map(fields).collect()
}
