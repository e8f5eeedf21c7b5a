//! Custom kinds: JSON merge patches between three objects, as `kubectl apply` makes them of kinds without a Go type.

use gitops_core::{Map, Value};

use crate::normalize::number;
use crate::predict::form::fields_of;

/// The live object after an apply of `modified` over `original`.
pub(crate) fn applied(original: &Map, modified: &Map, live: &Map) -> Map {
    // What the live object has beyond the last applied one was filled in by the cluster, and is no change.
    let owned = fields_of(original, live.clone());
    let mut out = live.clone();
    delete(&mut out, original, modified);
    add(&mut out, &owned, modified);
    out
}

/// Takes out what only the original has.
fn delete(out: &mut Map, original: &Map, modified: &Map) {
    for (key, was) in original {
        match (was, modified.get(key), out.get_mut(key)) {
            (_, None, _) => drop(out.remove(key)),
            (Value::Object(was), Some(Value::Object(is)), Some(Value::Object(below))) => delete(below, was, is),
            _ => {}
        }
    }
}

/// Sets what is new or another value. Maps are merged, everything else is replaced.
fn add(out: &mut Map, current: &Map, modified: &Map) {
    for (key, wanted) in modified {
        match (wanted, current.get(key)) {
            (Value::Object(wanted), Some(Value::Object(current))) => {
                if let Some(Value::Object(below)) = out.get_mut(key) {
                    add(below, current, wanted);
                }
            }
            (Value::Null, _) => {}
            (wanted, Some(current)) if number::equal_deep(wanted, current) => {}
            (Value::Object(wanted), _) => {
                let held = out.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
                match held {
                    Value::Object(below) => add(below, &Map::new(), wanted),
                    other => *other = Value::Object(wanted.clone()),
                }
            }
            (wanted, _) => drop(out.insert(key.clone(), wanted.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_applied_before_and_is_not_now_goes() {
        let map = |value: Value| value.as_object().unwrap().clone();
        let original = map(json!({"spec": {"a": 1, "b": 2, "list": [{"x": 1}]}}));
        let modified = map(json!({"spec": {"a": 1.0, "c": {"d": 4}, "list": [{"x": 1}]}}));
        let live = map(json!({"spec": {"a": 1, "b": 2, "list": [{"x": 1, "filled": true}], "extra": 5}}));
        let found = applied(&original, &modified, &live);
        let wanted = json!({"spec": {"a": 1, "c": {"d": 4}, "list": [{"x": 1, "filled": true}], "extra": 5}});
        assert_eq!(Value::Object(found), wanted);
    }
}
