//! Sets of parameters: maps as Go's templates see them.

use gitops_core::Value as Json;
use gitops_template::{FromJson, List, Map, Text, Value, from_json, print_value};
use serde_json::Map as JsonMap;

/// A set of parameters. Clones share their entries: [`copy`] makes one of its own.
pub(super) type Parameters = Map;

/// Parameters of a JSON map, with the numbers that Go reads from JSON.
pub(super) fn of_json(map: &JsonMap<String, Json>) -> Parameters {
    map.iter().map(|(key, value)| (Text::from(key.as_str()), from_json(value, FromJson::Floats))).collect()
}

/// Parameters as JSON.
pub(super) fn to_json(parameters: &Parameters) -> JsonMap<String, Json> {
    let json = |value: &Value| gitops_template::to_json(value).unwrap_or_default();
    let entries = parameters.entries().into_iter();
    entries.map(|(key, value)| (key.to_str().into_owned(), json(&value))).collect()
}

/// Sets a text.
pub(super) fn set_text(parameters: &Parameters, key: impl Into<Text>, text: impl Into<Text>) {
    parameters.set(key.into(), Value::text(text));
}

/// The same parameters with no map shared, so that a template that changes them changes nobody else's.
pub(super) fn copy(parameters: &Parameters) -> Parameters {
    let entries = parameters.entries().into_iter().map(|(key, value)| (key, copy_value(&value))).collect();
    Map::of_kind(parameters.kind(), entries)
}

fn copy_value(value: &Value) -> Value {
    match value {
        Value::Map(map) if !map.is_nil() => Value::Map(copy(map)),
        Value::List(list) if list.iter().any(|item| matches!(item, Value::Map(_) | Value::List(_))) => {
            Value::List(List::of(list.element(), list.iter().map(copy_value).collect()))
        }
        other => other.clone(),
    }
}

/// What nested values are by their paths, with dots between keys and numbers of lists. Of lists only those of anything are
/// looked into, as `github.com/jeremywohl/flatten` has it. Values are texts as Go's `%v` writes them.
pub(super) fn flatten(parameters: &Parameters) -> Vec<(String, String)> {
    let mut flat = Vec::new();
    for (key, value) in parameters.entries() {
        flatten_value(key.to_str().into_owned(), &value, &mut flat);
    }
    flat
}

fn flatten_value(path: String, value: &Value, flat: &mut Vec<(String, String)>) {
    match value {
        Value::Map(map) => {
            for (key, value) in map.entries() {
                flatten_value(format!("{path}.{key}"), &value, flat);
            }
        }
        Value::List(list) if list.element() == gitops_template::Element::Any => {
            for (index, value) in list.iter().enumerate() {
                flatten_value(format!("{path}.{index}"), value, flat);
            }
        }
        other => flat.push((path, print_value(other))),
    }
}

/// Lays parameters over others: maps are merged, everything else is replaced, as `mergo` does where it overrides.
pub(super) fn lay_over(below: &Parameters, above: &Parameters) {
    for (key, value) in above.entries() {
        if let (Value::Map(over), Some(Value::Map(under))) = (&value, below.get(&key)) {
            let under = copy(&under);
            lay_over(&under, over);
            below.set(key, Value::Map(under));
        } else {
            below.set(key, value);
        }
    }
}

/// Joins parameters that are texts. What both have must be the same.
///
/// # Errors
/// The key and the two texts that differ.
pub(super) fn join_texts(one: &Parameters, other: &Parameters) -> Result<Parameters, (String, String, String)> {
    let joined = Map::default();
    for (key, value) in one.entries() {
        set_text(&joined, key, print_value(&value));
    }
    for (key, value) in other.entries() {
        let text = print_value(&value);
        match joined.get(&key) {
            Some(Value::Text(known)) if *known != *text.as_bytes() => {
                return Err((key.to_str().into_owned(), known.to_str().into_owned(), text));
            }
            _ => set_text(&joined, key, text),
        }
    }
    Ok(joined)
}

/// A name in the form of DNS, as Argo CD's `SanitizeName` makes it.
pub(super) fn normalize(name: &str) -> String {
    const LONGEST: usize = 253;
    let is_allowed = |c: char| matches!(c, '-' | '.' | 'a'..='z' | '0'..='9');
    let name: String = name.to_lowercase().chars().map(|c| if is_allowed(c) { c } else { '-' }).take(LONGEST).collect();
    name.trim_matches(['-', '.']).to_owned()
}
