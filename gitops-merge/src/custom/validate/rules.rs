//! The rules of one schema about one value.

use serde_json::Value;

use super::super::is_true;
use crate::server::Cause;
use crate::value::equal;

/// Name of a value's type as messages print it.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether a value has the type that its schema names.
pub(super) fn has_type(value: &Value, schema: &Value) -> bool {
    if is_true(schema, "x-kubernetes-int-or-string") {
        return matches!(type_name(value), "integer" | "string");
    }
    match schema.get("type").and_then(Value::as_str) {
        None => true,
        Some("number") => value.is_number(),
        Some("integer") => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Some(wanted) => type_name(value) == wanted,
    }
}

/// Whether a value is among those that an enum names, whatever its type.
pub(super) fn one_of_known(path: &str, value: &Value, schema: &Value) -> Option<Cause> {
    let known = schema.get("enum")?.as_array()?;
    if known.iter().any(|known| equal(known, value)) {
        return None;
    }
    let known: Vec<String> =
        known.iter().map(|known| known.as_str().map_or_else(|| known.to_string(), str::to_owned)).collect();
    Some(Cause::not_supported(path, value, &known))
}

/// Bounds, lengths and pattern.
pub(super) fn own(path: &str, value: &Value, schema: &Value) -> Vec<Cause> {
    let mut out = Vec::new();
    match value {
        Value::Number(number) => {
            let mut fail =
                |what: String| out.push(Cause::invalid(path, value, &format!("{path} in body should {what}")));
            let number = number.as_f64().unwrap_or(0.0);
            let bound = |key: &str| schema.get(key).and_then(Value::as_f64).map(|bound| (bound, schema.get(key)));
            if let Some((bound, shown)) = bound("minimum") {
                let exclusive = is_true(schema, "exclusiveMinimum");
                if number < bound || (exclusive && number <= bound) {
                    let or_equal = if exclusive { "" } else { " or equal to" };
                    fail(format!("be greater than{or_equal} {}", shown.unwrap_or(&Value::Null)));
                }
            }
            if let Some((bound, shown)) = bound("maximum") {
                let exclusive = is_true(schema, "exclusiveMaximum");
                if number > bound || (exclusive && number >= bound) {
                    let or_equal = if exclusive { "" } else { " or equal to" };
                    fail(format!("be less than{or_equal} {}", shown.unwrap_or(&Value::Null)));
                }
            }
            if let Some((step, shown)) = bound("multipleOf") {
                // The API server cuts the step of a whole number to a whole number, and finds it to be none.
                if value.is_i64() && step < 1.0 {
                    let detail = format!("factor MultipleOf declared for {path} must be positive: 0");
                    out.push(Cause::invalid(path, &Value::from(0), &detail));
                } else if (number / step).fract() != 0.0 {
                    fail(format!("be a multiple of {}", shown.unwrap_or(&Value::Null)));
                }
            }
        }
        Value::String(text) => out.extend(text_rule(path, text, schema)),
        Value::Array(items) => out.extend(size(path, items.len() as u64, schema, ("minItems", "maxItems", "items"))),
        Value::Object(map) => {
            out.extend(size(path, map.len() as u64, schema, ("minProperties", "maxProperties", "properties")));
        }
        _ => {}
    }
    out
}

/// The first rule about text that is broken: the API server stops there.
fn text_rule(path: &str, text: &str, schema: &Value) -> Option<Cause> {
    let count = |key: &str| schema.get(key).and_then(Value::as_u64);
    let length = text.chars().count() as u64;
    if let Some(most) = count("maxLength").filter(|most| length > *most) {
        let plural = if most == 1 { "" } else { "s" };
        let message = format!("Too long: may not be more than {most} byte{plural}");
        return Some(Cause { field: path.to_owned(), reason: "FieldValueTooLong", message });
    }
    let shown = Value::from(text);
    if let Some(least) = count("minLength").filter(|least| length < *least) {
        return Some(Cause::invalid(path, &shown, &format!("{path} in body should be at least {least} chars long")));
    }
    let pattern = schema.get("pattern")?.as_str()?;
    let compiled = regex::RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build().ok()?;
    if compiled.is_match(text) {
        return None;
    }
    Some(Cause::invalid(path, &shown, &format!("{path} in body should match '{pattern}'")))
}

/// The least and the most that a list or map may hold.
fn size(path: &str, length: u64, schema: &Value, names: (&str, &str, &str)) -> Vec<Cause> {
    let count = |key: &str| schema.get(key).and_then(Value::as_u64);
    let mut out = Vec::new();
    if let Some(least) = count(names.0).filter(|least| length < *least) {
        let detail = format!("{path} in body should have at least {least} {}", names.2);
        out.push(Cause::invalid(path, &Value::from(length), &detail));
    }
    if let Some(most) = count(names.1).filter(|most| length > *most) {
        let plural = if most == 1 { "" } else { "s" };
        let message = format!("Too many: {length}: must have at most {most} item{plural}");
        out.push(Cause { field: path.to_owned(), reason: "FieldValueTooMany", message });
    }
    out
}

/// Bytes that a compiled pattern may take: definitions are written by users.
const MAX_PATTERN: usize = 1 << 20;
