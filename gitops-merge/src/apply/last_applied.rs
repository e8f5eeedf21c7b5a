//! The annotation of client-side apply, for managers named `kubectl`.

use serde_json::Value;

use super::conflict::Conflict;
use crate::fields::Set;
use crate::schema::Kind;
use crate::typed;

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn annotation(object: &Value) -> Option<&str> {
    object.pointer("/metadata/annotations")?.get(ANNOTATION)?.as_str().filter(|text| !text.is_empty())
}

/// The fields that client-side apply set and that still have the value it set: conflicts on them are no conflicts.
fn allowed(kind: &Kind, live: &Value) -> Option<Set> {
    let last: Value = serde_json::from_str(annotation(live)?).ok()?;
    if last.get("apiVersion").and_then(Value::as_str) != Some(kind.api_version.as_str()) {
        return None;
    }
    for object in [&last, live] {
        typed::validate(&kind.schema, kind.type_id, object, typed::Duplicates::Refused).ok()?;
    }
    let comparison = typed::compare(&kind.schema, kind.type_id, &last, live).ok()?;
    let set = typed::field_set(&kind.schema, kind.type_id, &last);
    Some(set.difference(&comparison.modified).difference(&comparison.added).difference(&comparison.removed))
}

/// The conflicts that remain once client-side apply's fields are taken over.
pub(super) fn remaining(kind: &Kind, live: &Value, conflicts: Vec<Conflict>) -> Vec<Conflict> {
    match allowed(kind, live) {
        None => conflicts,
        Some(allowed) => conflicts.into_iter().filter(|conflict| !allowed.has(conflict.path.elements())).collect(),
    }
}

/// Keeps the annotation, where there is one, in step with what is applied.
pub(super) fn refresh(object: &mut Value, applied: &Value) {
    if annotation(object).is_none() {
        return;
    }
    let mut last = applied.clone();
    if let Some(metadata) = last.get_mut("metadata").and_then(Value::as_object_mut) {
        let empty = metadata.get_mut("annotations").and_then(Value::as_object_mut).is_none_or(|annotations| {
            annotations.remove(ANNOTATION);
            annotations.is_empty()
        });
        if empty {
            metadata.remove("annotations");
        }
    }
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.insert(ANNOTATION.to_owned(), Value::from(format!("{last}\n")));
    }
}
