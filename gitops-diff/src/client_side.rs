//! Client-side apply, as `kubectl apply` without `--server-side` does it (kubectl v0.34, `pkg/cmd/apply/patcher.go`): what the
//! last applied object had and the desired one has not goes, what the desired one says is set, all else stays.
//!
//! The last applied object is kept whole in an annotation, so these functions work on whole objects, payloads of Secrets
//! included: who calls them holds what opens a Secret, and nothing of it is shown here.

use gitops_core::annotations::LAST_APPLIED;
use gitops_core::{Map, Object, Value};
use gitops_merge::schema::{Kind, Kinds, Origin};
use gitops_merge::strategic::{Differences, PatchError, difference, merge};
use gitops_merge::{custom, defaults, normalize};
use thiserror::Error;

use crate::json_merge;
use crate::owners::go_json;
use crate::predict::form;
use crate::shape::kind_by;

/// Why an object cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientSideError {
    /// The objects do not fit the type of their kind.
    #[error("the desired object does not merge with the live one")]
    Merge(#[source] PatchError),
    /// A value is no object.
    #[error("not an object")]
    NoObject,
}

/// The object with a copy of itself in the annotation that the next apply compares to.
///
/// # Errors
/// Where the value is no object.
pub fn annotated(desired: &Value) -> Result<Value, ClientSideError> {
    let mut object = desired.clone();
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut).ok_or(ClientSideError::NoObject)?;
    let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(Map::new()));
    if annotations.is_null() {
        *annotations = Value::Object(Map::new());
    }
    annotations.as_object_mut().ok_or(ClientSideError::NoObject)?.remove(LAST_APPLIED);
    let copy = go_json(&object) + "\n";
    if let Some(Value::Object(annotations)) = object.pointer_mut("/metadata/annotations") {
        annotations.insert(LAST_APPLIED.into(), copy.into());
    }
    Ok(object)
}

/// What the live object becomes; the live object itself where nothing changes.
///
/// # Errors
/// Where the two do not fit the type of their kind.
pub fn applied(desired: &Value, live: &Value, kinds: Option<&Kinds>) -> Result<Value, ClientSideError> {
    let desired = annotated(desired)?;
    let (Value::Object(desired), Value::Object(live)) = (&desired, live) else { return Err(ClientSideError::NoObject) };
    let original = last_applied(live).unwrap_or_default();
    let kind = builtin(kinds, desired);
    merged(kind, &original, desired, live).map(Value::Object).map_err(ClientSideError::Merge)
}

/// What the server makes of a live object that is client-side applied, without the payload of a Secret: for a comparison. None
/// where that cannot be told; the apply itself then says why.
pub fn predicted(desired: &Object, live: &Object, kinds: Option<&Kinds>) -> Option<Object> {
    let (want, have) = (Value::Object(desired.body().clone()), Value::Object(live.body().clone()));
    let mut becomes = applied(&want, &have, kinds).ok()?;
    if let Some(kind) = kinds.and_then(|kinds| kind_by(kinds, desired.api_version(), desired.kind())) {
        becomes = filled(kind, becomes.clone()).unwrap_or(becomes);
    }
    Object::from_value(becomes).ok()
}

/// An object with what the server fills in; none where it does not fit its type.
pub(crate) fn filled(kind: &Kind, mut object: Value) -> Option<Value> {
    match &kind.origin {
        Origin::Builtin { .. } => {
            // Structs that Go never leaves out are written empty. What has no such form is refused when it is written.
            object = normalize::canonical(&kind.schema, kind.type_id, &object).ok()?.value;
            defaults::fill(kind, &mut object);
        }
        Origin::Custom { schema: Some(schema) } => custom::default(&mut object, schema),
        Origin::Custom { schema: None } => {}
    }
    Some(object)
}

/// The three-way merge of the last applied, the desired and the live object.
pub(crate) fn merged(kind: Option<&Kind>, original: &Map, desired: &Map, live: &Map) -> Result<Map, PatchError> {
    let Some(kind) = kind else { return Ok(json_merge::applied(original, desired, live)) };
    let owned = if kind.kind == "StatefulSet" { without_filled_claims(original, live) } else { None };
    let difference = |from: &Map, to: &Map, what| difference(&kind.schema, Some(kind.type_id), from, to, what);
    let deletions = difference(original, desired, Differences::Deletions)?;
    let additions = difference(owned.as_ref().unwrap_or(live), desired, Differences::Additions)?;
    let mut becomes = live.clone();
    for patch in [deletions, additions] {
        becomes = patched(kind, becomes, patch)?;
    }
    Ok(becomes)
}

/// The server fills volume claim templates in with more than is known here: only what was applied of them is compared.
fn without_filled_claims(original: &Map, live: &Map) -> Option<Map> {
    let claims = |object: &Map| object.get("spec")?.get("volumeClaimTemplates")?.as_array().cloned();
    let (wanted, held) = (claims(original)?, claims(live)?);
    let mut owned = live.clone();
    form::set(&mut owned, &["spec", "volumeClaimTemplates"], Value::Array(form::items_of(&wanted, held)));
    Some(owned)
}

/// An object with a strategic merge patch.
pub(crate) fn patched(kind: &Kind, object: Map, patch: Map) -> Result<Map, PatchError> {
    let (object, patch) = (Value::Object(object), Value::Object(patch));
    match merge(&kind.schema, Some(kind.type_id), &object, &patch)? {
        Value::Object(merged) => Ok(merged),
        _ => Ok(Map::new()),
    }
}

/// The built-in kind of an object; custom kinds have no strategies.
fn builtin<'a>(kinds: Option<&'a Kinds>, object: &Map) -> Option<&'a Kind> {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let kind = kind_by(kinds?, text("apiVersion")?, text("kind")?)?;
    Some(kind.as_ref()).filter(|kind| !kind.is_custom())
}

/// The object that was applied last, as the annotation has it.
fn last_applied(live: &Map) -> Option<Map> {
    let annotation = live.get("metadata")?.get("annotations")?.get(LAST_APPLIED)?.as_str()?;
    serde_json::from_str(annotation).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_annotation_holds_the_object_without_itself() {
        let object =
            json!({"kind": "ConfigMap", "metadata": {"name": "a", "annotations": {LAST_APPLIED: "old", "b": "<c>"}}});
        let annotated = annotated(&object).unwrap();
        let copy = annotated["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap();
        let wanted = r#"{"kind":"ConfigMap","metadata":{"annotations":{"b":"\u003cc\u003e"},"name":"a"}}"#;
        assert_eq!(copy, format!("{wanted}\n"));
    }

    #[test]
    fn what_was_applied_and_is_not_desired_goes_and_what_others_set_stays() {
        let kinds = Kinds::builtin().unwrap();
        let deployment = |spec: Value| json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec});
        let container = |more: Value| {
            let mut container = json!({"name": "main", "image": "a"});
            container.as_object_mut().unwrap().extend(map(more));
            json!({"paused": true, "template": {"spec": {"containers": [container]}}})
        };
        let before = annotated(&deployment(container(json!({"args": ["x"]})))).unwrap();
        let mut live = before.clone();
        live["spec"]["replicas"] = json!(4);
        live["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "injected"}));
        let mut desired = deployment(container(json!({"image": "b"})));
        desired["spec"].as_object_mut().unwrap().remove("paused");
        let becomes = applied(&desired, &live, Some(&kinds)).unwrap();
        let wanted = json!({"replicas": 4, "template": {"spec": {"containers": [{"name": "main", "image": "b"}, {"name": "injected"}]}}});
        assert_eq!(becomes["spec"], wanted);
        assert_eq!(applied(&desired, &becomes, Some(&kinds)).unwrap(), becomes, "the second apply changes nothing");
    }
}
