//! The values of a file and those that a kustomization has beside it, merged as kustomize's `merge2` does.

use gitops_core::{Map, Value};

/// The values of a chart's file with those of a kustomization: with `merge` the file's win, with `replace` they count for
/// nothing, otherwise the kustomization's win.
pub(super) fn merged(how: &str, file: Map, inline: Map) -> Result<Map, String> {
    let (under, over) = match how {
        "merge" => (inline, file),
        "replace" => return Ok(inline),
        _ => (file, inline),
    };
    maps(under, &over)
}

fn maps(mut under: Map, over: &Map) -> Result<Map, String> {
    for (key, value) in over {
        let merged = one(under.remove(key), value).map_err(|error| format!("{key}: {error}"))?;
        under.extend(merged.map(|merged| (key.clone(), merged)));
    }
    Ok(under)
}

/// One value over another; none where it is taken away, which null does.
fn one(under: Option<Value>, over: &Value) -> Result<Option<Value>, String> {
    match (under.unwrap_or_default(), over) {
        (_, Value::Null) => Ok(None),
        (Value::Null, Value::Object(over)) => maps(Map::new(), over).map(|map| Some(Value::Object(map))),
        (Value::Object(under), Value::Object(over)) => maps(under, over).map(|map| Some(Value::Object(map))),
        (Value::Null, over) | (Value::Array(_), over @ Value::Array(_)) => Ok(Some(over.clone())),
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => {
            Err("a map, a list and a single value cannot be merged".to_owned())
        }
        (_, over) => Ok(Some(over.clone())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merge(how: &str, file: Value, inline: Value) -> Result<Value, String> {
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        merged(how, map(file), map(inline)).map(Value::Object)
    }

    #[test]
    fn either_side_can_win() {
        let file = json!({"a": 1, "b": {"c": 1, "d": [1]}, "e": "x"});
        let inline = json!({"b": {"c": 2, "d": [2]}, "e": null, "f": {"g": null}});
        let overridden = json!({"a": 1, "b": {"c": 2, "d": [2]}, "f": {}});
        assert_eq!(merge("", file.clone(), inline.clone()), Ok(overridden));
        let merged = json!({"a": 1, "b": {"c": 1, "d": [1]}, "e": "x", "f": {"g": null}});
        assert_eq!(merge("merge", file.clone(), inline.clone()), Ok(merged));
        assert_eq!(merge("replace", file.clone(), inline.clone()), Ok(inline));
        assert!(merge("override", json!({"a": 1}), json!({"a": {"b": 1}})).is_err());
    }
}
