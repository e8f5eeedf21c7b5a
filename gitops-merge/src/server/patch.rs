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
        Operation::StrategicPatch(patch) => {
            strategic::merge(&kind.schema, Some(kind.type_id), live, patch, &strategic::Options::default())
                .map_err(|error| ServerError::bad_request(error.to_string()))
        }
        Operation::JsonPatch(patch) => {
            let operations: json_patch::Patch = serde_json::from_value(patch.clone())
                .map_err(|error| ServerError::bad_request(format!("error decoding patch: {error}")))?;
            let mut out = live.clone();
            json_patch::patch(&mut out, &operations).map_err(|error| ServerError::unprocessable(error.to_string()))?;
            Ok(out)
        }
        _ => Ok(live.clone()),
    }
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
    fn nulls_remove_and_maps_merge() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "l": [1]});
        merge(&mut target, &json!({"a": {"b": null, "d": {"e": null, "f": 1}}, "l": [2], "n": null}));
        assert_eq!(target, json!({"a": {"c": 2, "d": {"f": 1}}, "l": [2]}));
    }
}
