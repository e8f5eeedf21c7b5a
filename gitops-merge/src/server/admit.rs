//! Rules that an object must keep.

use serde_json::Value;

use super::error::{Cause, ServerError};
use super::meta;
use crate::custom;
use crate::schema::{Kind, Origin};

pub(super) fn version_required(kind: &Kind, name: &str) -> ServerError {
    let message = "Invalid value: 0: must be specified for an update".to_owned();
    let cause = Cause { field: "metadata.resourceVersion".to_owned(), reason: "FieldValueInvalid", message };
    let mut error = ServerError::invalid(kind, name, vec![cause]);
    error.message = error.message.replacen(&kind.qualified_kind(), &kind.qualified_resource(), 1);
    error
}

pub(super) fn create(kind: &Kind, new: &Value) -> Result<(), ServerError> {
    let mut causes = content(kind, new, None);
    if meta::text(new, "name").is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else if let Some(why) = names::object(kind, meta::text(new, "name")) {
        causes.push(Cause::invalid("metadata.name", &Value::from(meta::text(new, "name")), why));
    }
    causes.extend(metadata(kind, new));
    verdict(kind, new, causes)
}

/// `sent` is the body of the request.
pub(super) fn update(kind: &Kind, new: &Value, live: &Value, sent: &Value) -> Result<(), ServerError> {
    // The checks that all kinds share and those of the kind both look at the metadata.
    let moved = moved_metadata(new, live);
    let mut causes = [&moved[..], &moved[..]].concat();
    causes.extend(metadata(kind, new));
    causes.extend(content(kind, new, Some(live)));
    if !kind.is_custom() {
        causes.extend(builtin::emptied(kind, live, sent));
    }
    verdict(kind, new, causes)
}

/// What an update of the metadata may not do.
fn moved_metadata(new: &Value, live: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if meta::is_deleting(live) {
        let held = meta::finalizers(live);
        let extra: Vec<String> =
            meta::finalizers(new).iter().filter(|name| !held.contains(name)).map(crate::value::display).collect();
        if !extra.is_empty() {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                extra.join(", ")
            );
            causes.push(Cause::forbidden("metadata.finalizers", &detail));
        }
    }
    for field in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        if meta::get(new, field) != meta::get(live, field) {
            let value = meta::get(new, field).unwrap_or(&Value::Null);
            causes.push(Cause::invalid(format!("metadata.{field}"), value, "field is immutable"));
        }
    }
    causes
}

fn verdict(kind: &Kind, new: &Value, causes: Vec<Cause>) -> Result<(), ServerError> {
    if causes.is_empty() { Ok(()) } else { Err(ServerError::invalid(kind, meta::text(new, "name"), causes)) }
}

/// Labels, annotations and finalizers.
fn metadata(kind: &Kind, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for field in ["labels", "annotations"] {
        for (key, value) in meta::get(new, field).and_then(Value::as_object).into_iter().flatten() {
            if let Some(why) = names::qualified(key, field == "annotations") {
                causes.push(Cause::invalid(format!("metadata.{field}"), &Value::from(key.as_str()), &why));
            }
            if field == "labels"
                && let Some(why) = names::label_value(value.as_str().unwrap_or_default())
            {
                causes.push(Cause::invalid("metadata.labels", value, why));
            }
        }
    }
    for (index, finalizer) in meta::finalizers(new).iter().enumerate() {
        let text = finalizer.as_str().unwrap_or_default();
        if let Some(why) = names::qualified(text, false) {
            causes.push(Cause::invalid("metadata.finalizers", finalizer, &why));
        }
        if !kind.is_custom() && !names::is_finalizer(text) {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            causes.push(Cause::invalid(format!("metadata.finalizers[{index}]"), finalizer, why));
        }
    }
    owners(new, &mut causes);
    causes
}

fn owners(new: &Value, causes: &mut Vec<Cause>) {
    let mut controllers = 0;
    for owner in meta::get(new, "ownerReferences").and_then(Value::as_array).into_iter().flatten() {
        let rules = [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ];
        for (field, why) in rules {
            let value = owner.get(field).and_then(Value::as_str).unwrap_or_default();
            if value.is_empty() {
                causes.push(Cause::invalid(format!("metadata.ownerReferences.{field}"), &Value::from(""), why));
            }
        }
        controllers += usize::from(owner.get("controller") == Some(&Value::Bool(true)));
    }
    if controllers > 1 {
        let shown = meta::get(new, "ownerReferences").unwrap_or(&Value::Null);
        causes.push(Cause::invalid(
            "metadata.ownerReferences",
            shown,
            "Only one reference can have Controller set to true",
        ));
    }
}

fn content(kind: &Kind, new: &Value, live: Option<&Value>) -> Vec<Cause> {
    match &kind.origin {
        Origin::Custom { schema: Some(schema) } => custom::validate(new, live, schema),
        Origin::Custom { schema: None } => Vec::new(),
        Origin::Builtin { .. } => builtin::validate(kind, new, live),
    }
}

mod builtin;
mod names;
mod pod;
mod probe;
mod resources;
mod stateful_set;
