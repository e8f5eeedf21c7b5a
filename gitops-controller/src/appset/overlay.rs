//! Templates of generators over the template of their set.

use gitops_core::Value as Json;

/// A generator's template, with what it leaves out or empty from the set's: as `mergo` merges structures without
/// overriding. Lists are one value, and so is what a chart is given under `valuesObject`.
pub(super) fn merge(own: &Json, base: &Json) -> Json {
    let (Json::Object(fields), Json::Object(others)) = (own, base) else {
        return if is_empty(own) { base.clone() } else { own.clone() };
    };
    let mut merged = fields.clone();
    for (name, other) in others {
        let value = match fields.get(name) {
            Some(field) if name == "valuesObject" && !field.is_null() => field.clone(),
            Some(field) => merge(field, other),
            None => other.clone(),
        };
        merged.insert(name.clone(), value);
    }
    Json::Object(merged)
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Bool(true) => false,
    }
}
