//! The scale subresource.

use serde_json::{Map, Value, json};

use super::error::ServerError;
use super::request::{Operation, Target, Written};
use super::write::{Call, replace};
use super::{meta, patch};
use crate::apply::{self, Versions, Write};
use crate::fields::Set;
use crate::managed::{Managed, from_scale, to_scale};
use crate::normalize;
use crate::schema::{Kind, Scale};

const VERSION: &str = "autoscaling/v1";

/// The `autoscaling/v1` Scale of an object; none where its kind has no such subresource.
#[must_use]
pub fn scale_of(kind: &Kind, object: &Value) -> Option<Value> {
    let numbers = kind.subresources.scale.as_ref()?;
    let number = |path: &[String]| at(object, path).and_then(Value::as_i64).unwrap_or(0);
    let mut metadata = Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = meta::get(object, field) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let mut status = json!({"replicas": number(&numbers.status_replicas)});
    let selector = numbers.selector.as_deref().and_then(|path| at(object, path)).map(selector_text);
    if let (Some(status), Some(selector)) = (status.as_object_mut(), selector.filter(|text| !text.is_empty())) {
        status.insert("selector".to_owned(), Value::from(selector));
    }
    let mut spec = Map::new();
    let replicas = number(&numbers.spec_replicas);
    if replicas != 0 {
        spec.insert("replicas".to_owned(), Value::from(replicas));
    }
    Some(json!({"apiVersion": VERSION, "kind": "Scale", "metadata": metadata, "spec": spec, "status": status}))
}

fn at<'a>(object: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, name| value.get(name))
}

/// A label selector as text: `a=b,c in (d,e)`.
fn selector_text(selector: &Value) -> String {
    if let Value::String(text) = selector {
        return text.clone();
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let labels = selector.get("matchLabels").or(Some(selector)).and_then(Value::as_object);
    let equal = labels.into_iter().flatten().filter(|(_, value)| value.is_string());
    let mut parts: Vec<String> = equal.map(|(key, value)| format!("{key}={}", text(value))).collect();
    for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let key = expression.get("key").map(text).unwrap_or_default();
        let values: Vec<String> =
            expression.get("values").and_then(Value::as_array).into_iter().flatten().map(text).collect();
        parts.push(match expression.get("operator").and_then(Value::as_str) {
            Some("In") => format!("{key} in ({})", values.join(",")),
            Some("NotIn") => format!("{key} notin ({})", values.join(",")),
            Some("DoesNotExist") => format!("!{key}"),
            _ => key,
        });
    }
    parts.sort();
    parts.join(",")
}

/// Writes the scale of an object: the result is the object itself with its new number of replicas.
pub(super) fn write_scale(call: &Call<'_>, numbers: &Scale, live: Option<&Value>) -> Result<Written, ServerError> {
    let Call { kinds, kind, request, moment } = *call;
    let live = live.ok_or_else(|| ServerError::not_found(kind, request.name))?;
    let view = kinds.scale().ok_or_else(|| ServerError::not_found(kind, request.name))?;
    let base = scale_of(kind, live).ok_or_else(|| ServerError::not_found(kind, request.name))?;
    let reset = Set::new();
    let ownership = Write {
        versions: Versions::new(kinds, view),
        manager: request.manager,
        subresource: Target::Scale.name(),
        reset: &reset,
        empty: &json!({"apiVersion": VERSION, "kind": "Scale", "metadata": {}, "spec": {}, "status": {"replicas": 0}}),
        now: moment.now,
    };
    let parent = Managed::of(live).unwrap_or_default();
    let held = to_scale(&parent, &numbers.spec_replicas);
    let (wanted, managed) = match request.operation {
        Operation::Apply { body, force } => {
            let out = apply::apply(&ownership, &base, body, held, force)
                .map_err(|error| ServerError::apply(view, request.namespace, request.name, &error))?;
            (out.object.unwrap_or(base), out.managed)
        }
        Operation::Update(body) => updated(&ownership, view, &base, body, held)?,
        Operation::Create(_) => return Err(ServerError::not_found(kind, request.name)),
        operation => {
            let patched = patch::patch(view, &base, operation)?;
            updated(&ownership, view, &base, &patched, held)?
        }
    };
    let replicas = wanted.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(0);
    let mut next = live.clone();
    for field in ["uid", "resourceVersion"] {
        if let Some(value) = meta::get(&wanted, field) {
            meta::set(&mut next, field, value.clone());
        }
    }
    put(&mut next, &numbers.spec_replicas, replicas);
    from_scale(&parent, &managed, &numbers.spec_replicas, &kind.api_version).store(&mut next);
    replace(kind, live, next, request)
}

fn updated(
    ownership: &Write<'_>,
    view: &Kind,
    base: &Value,
    body: &Value,
    held: Managed,
) -> Result<(Value, Managed), ServerError> {
    let read = normalize::canonical(&view.schema, view.type_id, body)
        .map_err(|error| ServerError::undecodable(view, &error))?
        .value;
    let managed = apply::update(ownership, base, &read, held, None);
    Ok((read, managed))
}

fn put(object: &mut Value, path: &[String], replicas: i64) {
    let mut slot = object;
    for name in path {
        if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        let Value::Object(map) = slot else { return };
        slot = map.entry(name.clone()).or_insert(Value::Null);
    }
    *slot = Value::from(replicas);
}
