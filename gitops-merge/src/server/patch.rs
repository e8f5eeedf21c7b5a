//! Patches that are no applies.

use serde_json::{Map, Value};

use super::error::ServerError;
use super::request::Operation;
use crate::schema::Kind;
use crate::strategic;

/// The live object with a patch applied; a create, update or apply gives the live object as it is.
pub(super) fn patch(kind: &Kind, live: &Value, operation: Operation<'_>) -> Result<Value, ServerError> {
    match operation {
        Operation::MergePatch(patch) => {
            if !patch.is_object() {
                return Err(ServerError::bad_request("error decoding patch: the patch is not an object"));
            }
            let mut out = live.clone();
            merge(&mut out, patch);
            Ok(out)
        }
        Operation::StrategicPatch(_) if kind.is_custom() => Err(ServerError::unsupported_media_type()),
        Operation::StrategicPatch(patch) => strategic::merge(&kind.schema, Some(kind.type_id), live, patch)
            .map_err(|error| ServerError::bad_request(error.to_string())),
        Operation::JsonPatch(patch) => json(live, patch),
        _ => Ok(live.clone()),
    }
}

/// A JSON patch has no more operations than this, as in the API server.
const MAX_OPERATIONS: usize = 10_000;
/// Bytes of JSON that the `copy` operations of a patch copy together, as in the API server: copies of copies grow fast.
const MAX_COPIED: usize = 3 * 1024 * 1024;

fn json(live: &Value, patch: &Value) -> Result<Value, ServerError> {
    let operations: json_patch::Patch = serde_json::from_value(patch.clone())
        .map_err(|error| ServerError::bad_request(format!("error decoding patch: {error}")))?;
    if operations.len() > MAX_OPERATIONS {
        return Err(ServerError::too_large(format!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let refuse = |error: json_patch::PatchError| ServerError::unprocessable(error.to_string());
    let mut out = live.clone();
    let mut copied = 0;
    for operation in operations.iter() {
        if let json_patch::PatchOperation::Copy(copy) = operation {
            copied += copy.from.resolve(&out).map_or(0, |value| value.to_string().len());
            if copied > MAX_COPIED {
                let message = format!("Unable to complete the copy, the accumulated size increase of copy is {copied}");
                return Err(ServerError::unprocessable(format!("{message}, exceeding the limit {MAX_COPIED}")));
            }
        }
        json_patch::patch(&mut out, std::slice::from_ref(operation)).map_err(refuse)?;
    }
    Ok(out)
}

/// RFC 7396, with the rule of Go's json-patch that a patch puts no nulls into what it adds.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn copies_of_copies_are_bounded() {
        let copies = |count: usize| {
            let copy = |index: usize| json!({"op": "copy", "from": "", "path": format!("/c{index}")});
            Value::from((0..count).map(copy).collect::<Vec<_>>())
        };
        assert!(super::json(&json!({"a": "b"}), &copies(3)).is_ok());
        assert_eq!(super::json(&json!({"a": "b"}), &copies(40)).unwrap_err().code, 422);
        assert_eq!(super::json(&json!({"a": "b"}), &copies(10_001)).unwrap_err().code, 413);
    }

    #[test]
    fn nulls_remove_and_maps_merge() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "l": [1]});
        merge(&mut target, &json!({"a": {"b": null, "d": {"e": null, "f": 1}}, "l": [2], "n": null}));
        assert_eq!(target, json!({"a": {"c": 2, "d": {"f": 1}}, "l": [2]}));
    }
}
