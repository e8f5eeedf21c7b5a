//! The form in which two objects are compared.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gitops_core::{Map, Value};
use gitops_merge::normalize::canonical;
use gitops_merge::schema::Kind;

use super::{Prediction, text};

/// An object of a built-in kind as Go writes it, without what it did not have before; as it is where its kind is not known,
/// does not have one of its fields, or has it with another type.
pub(super) fn typed(object: &Map, kind: Option<&Kind>) -> Map {
    let form = kind.and_then(|kind| canonical(&kind.schema, kind.type_id, &Value::Object(object.clone())).ok());
    match form.filter(|form| form.unknown.is_empty()).map(|form| form.value) {
        Some(Value::Object(form)) => fields_of(object, form),
        _ => object.clone(),
    }
}

/// What of `live` the `wanted` map has too, however deep. Items that a list has beyond the wanted ones stay.
pub(crate) fn fields_of(wanted: &Map, live: Map) -> Map {
    let keep = |(key, value): (String, Value)| {
        let wanted = wanted.get(&key)?;
        Some((key, value_of(wanted, value)))
    };
    live.into_iter().filter_map(keep).collect()
}

fn value_of(wanted: &Value, live: Value) -> Value {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => Value::Object(fields_of(wanted, live)),
        (Value::Array(wanted), Value::Array(live)) => Value::Array(items_of(wanted, live)),
        (_, live) => live,
    }
}

/// See [`fields_of`].
pub(crate) fn items_of(wanted: &[Value], live: Vec<Value>) -> Vec<Value> {
    let mut wanted = wanted.iter();
    let one = |item: Value| match wanted.next() {
        Some(wanted) => value_of(wanted, item),
        None => item,
    };
    live.into_iter().map(one).collect()
}

/// A desired object may leave its namespace to the cluster, and an empty map of annotations means nothing.
pub(super) fn without_place(object: &mut Map) {
    remove(object, &["metadata", "namespace"]);
    let Some(Value::Object(metadata)) = object.get_mut("metadata") else { return };
    let empty = |value: &Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
    if metadata.get("annotations").is_some_and(empty) {
        metadata.remove("annotations");
    }
}

/// Takes out what a path of keys leads to.
pub(super) fn remove(object: &mut Map, path: &[&str]) {
    match path {
        [] => {}
        [key] => drop(object.remove(*key)),
        [key, rest @ ..] => {
            if let Some(Value::Object(below)) = object.get_mut(*key) {
                remove(below, rest);
            }
        }
    }
}

/// Sets what a path of keys leads to, and makes the maps on the way.
pub(crate) fn set(object: &mut Map, path: &[&str], value: Value) {
    let [key, rest @ ..] = path else { return };
    if rest.is_empty() {
        object.insert((*key).to_owned(), value);
        return;
    }
    let below = object.entry((*key).to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(below) = below {
        set(below, rest, value);
    }
}

/// What is rewritten of some built-in kinds.
pub(super) fn by_kind(object: &mut Map, with: &Prediction<'_>) {
    let api_version = text(object, &["apiVersion"]).unwrap_or_default();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    match (group, text(object, &["kind"]).unwrap_or_default()) {
        ("", "Secret") => secret(object),
        ("rbac.authorization.k8s.io", "ClusterRole" | "Role") => role(object, with.ignore_aggregated_rules),
        ("", "Endpoints") => endpoints(object, with),
        _ => {}
    }
}

/// `stringData` is folded into `data`, and `data` is written as the server writes it.
fn secret(object: &mut Map) {
    if let Some(Value::Object(plain)) = object.get("stringData").cloned() {
        let mut data = object.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
        data.extend(plain.into_iter().map(|(key, value)| match value {
            Value::String(text) => (key, Value::String(BASE64.encode(text))),
            other => (key, other),
        }));
        object.insert("data".into(), Value::Object(data));
        object.remove("stringData");
    }
    let Some(Value::Object(data)) = object.get("data") else { return };
    let written: Option<Map> = data.iter().map(|(key, value)| Some((key.clone(), rewritten(value)?))).collect();
    if let Some(written) = written {
        object.insert("data".into(), Value::Object(written));
    }
}

/// Whether a Secret's `data` is base64 throughout.
pub(super) fn is_readable(secret: &Map) -> bool {
    let data = secret.get("data").and_then(Value::as_object);
    data.is_none_or(|data| data.values().all(|value| rewritten(value).is_some()))
}

/// Base64 without line breaks; null is empty. None where it is no base64.
fn rewritten(value: &Value) -> Option<Value> {
    let text = match value {
        Value::Null => "",
        other => other.as_str()?,
    };
    let joined: String = text.chars().filter(|letter| !matches!(letter, '\r' | '\n')).collect();
    BASE64.decode(joined).ok().map(|bytes| Value::String(BASE64.encode(bytes)))
}

/// Rules that a controller aggregates are left out where that is asked for, and no rules are null.
fn role(object: &mut Map, ignore_aggregated: bool) {
    if ignore_aggregated && object.get("aggregationRule").is_some_and(Value::is_object) {
        object.insert("rules".into(), Value::Null);
    }
    if object.get("rules").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        object.insert("rules".into(), Value::Null);
    }
}

/// Subsets in order, with the protocol that a port has where it names none.
fn endpoints(object: &mut Map, with: &Prediction<'_>) {
    let Some(kind) = with.builtin(object) else { return };
    let Ok(form) = canonical(&kind.schema, kind.type_id, &Value::Object(object.clone())) else { return };
    let Value::Object(mut form) = form.value else { return };
    remove(&mut form, &["metadata", "creationTimestamp"]);
    if let Some(Value::Array(subsets)) = form.get_mut("subsets") {
        subsets.iter_mut().for_each(subset);
        subsets.sort_by_cached_key(Value::to_string);
    }
    *object = form;
}

fn subset(subset: &mut Value) {
    for port in subset.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(port) = port {
            let protocol = port.entry("protocol").or_insert(Value::Null);
            if protocol.as_str().unwrap_or_default().is_empty() {
                *protocol = "TCP".into();
            }
        }
    }
    for (list, keys) in [
        ("addresses", ["/ip", "/targetRef/uid"]),
        ("notReadyAddresses", ["/ip", "/targetRef/uid"]),
        ("ports", ["/name", "/port"]),
    ] {
        let key = |item: &Value| keys.map(|key| item.pointer(key).map(Value::to_string).unwrap_or_default());
        if let Some(Value::Array(items)) = subset.get_mut(list) {
            items.sort_by_cached_key(key);
        }
    }
}
