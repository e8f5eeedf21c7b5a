//! What field managers own of an object, and whether another object has the same there.

use serde_json::{Map, Value};

/// The first owned field whose value differs, as a path.
pub(super) fn first_difference(expected: &Value, actual: &Value) -> Option<String> {
    let managers = expected.pointer("/metadata/managedFields").and_then(Value::as_array);
    managers.into_iter().flatten().find_map(|manager| {
        let fields = manager.get("fieldsV1").and_then(Value::as_object)?;
        walk(fields, Some(expected), Some(actual), &mut String::new())
    })
}

fn walk(
    fields: &Map<String, Value>,
    expected: Option<&Value>,
    actual: Option<&Value>,
    path: &mut String,
) -> Option<String> {
    let children = fields.iter().filter(|(key, _)| *key != ".").collect::<Vec<_>>();
    if children.is_empty() {
        return (expected != actual).then(|| path.clone());
    }
    for (key, below) in children {
        let length = path.len();
        path.push('.');
        path.push_str(key);
        let step = |value: Option<&Value>| value.and_then(|value| child(value, key).cloned());
        let found = match below.as_object() {
            Some(below) => walk(below, step(expected).as_ref(), step(actual).as_ref(), path),
            None => Some(path.clone()),
        };
        if found.is_some() {
            return found;
        }
        path.truncate(length);
    }
    None
}

/// The part of a value that an element of a fieldsV1 path names.
fn child<'a>(value: &'a Value, element: &str) -> Option<&'a Value> {
    let (kind, text) = element.split_once(':')?;
    match kind {
        "f" => value.get(text),
        "i" => value.get(text.parse::<usize>().ok()?),
        "v" => {
            let wanted: Value = serde_json::from_str(text).ok()?;
            value.as_array()?.iter().find(|item| **item == wanted)
        }
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(text).ok()?;
            let matches = |item: &&Value| keys.iter().all(|(key, wanted)| item.get(key) == Some(wanted));
            value.as_array()?.iter().find(matches)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn owned_values_are_found_through_keys() {
        let object = |cpu: &str, other: &str| {
            json!({
                "metadata": {"managedFields": [{"fieldsV1": {"f:spec": {"f:list": {"k:{\"name\":\"a\"}": {".": {}, "f:cpu": {}}}}}}]},
                "spec": {"list": [{"name": "b"}, {"name": "a", "cpu": cpu, "free": other}]},
            })
        };
        assert_eq!(first_difference(&object("1", "x"), &object("1", "y")), None);
        let path = first_difference(&object("1", "x"), &object("2", "x"));
        assert_eq!(path.as_deref(), Some(".f:spec.f:list.k:{\"name\":\"a\"}.f:cpu"));
    }
}
