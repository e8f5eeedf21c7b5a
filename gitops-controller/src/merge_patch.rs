//! Patches as RFC 7386 has them: what is new or different, and `null` for what is gone.

use gitops_core::Value;

/// The patch that makes one value of another.
pub(crate) fn between(before: &Value, after: &Value) -> Value {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else { return after.clone() };
    let gone = old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let changed = new.iter().filter(|(key, value)| old.get(*key) != Some(value));
    let changed = changed
        .map(|(key, value)| (key.clone(), old.get(key).map_or_else(|| value.clone(), |old| between(old, value))));
    Value::Object(gone.chain(changed).collect())
}

/// Makes of a value what a patch says.
pub(crate) fn apply(value: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else { return *value = patch.clone() };
    if !value.is_object() {
        *value = Value::Object(serde_json::Map::new());
    }
    let Some(fields) = value.as_object_mut() else { return };
    for (key, change) in patch {
        if change.is_null() {
            fields.remove(key);
        } else {
            apply(fields.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_has_what_changed_and_nothing_else() {
        let before = json!({"sync": {"status": "Synced", "revision": "a"}, "conditions": [{"type": "SyncError"}], "same": {"a": 1}});
        let after = json!({"sync": {"status": "Synced", "revision": "b"}, "same": {"a": 1}, "list": [1]});
        let patch = between(&before, &after);
        assert_eq!(patch, json!({"conditions": null, "sync": {"revision": "b"}, "list": [1]}));
        assert_eq!(between(&Value::Null, &after), after);
        let mut patched = before;
        apply(&mut patched, &patch);
        assert_eq!(patched, after);
    }
}
