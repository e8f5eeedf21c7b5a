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

/// Enum, bounds, lengths and pattern.
pub(super) fn own(path: &str, value: &Value, schema: &Value) -> Vec<Cause> {
    let mut out = Vec::new();
    if let Some(known) = schema.get("enum").and_then(Value::as_array)
        && !known.iter().any(|known| equal(known, value))
    {
        let known: Vec<String> =
            known.iter().map(|known| known.as_str().map_or_else(|| known.to_string(), str::to_owned)).collect();
        out.push(Cause::not_supported(path, value, &known));
    }
    let mut fail = |what: String| out.push(Cause::invalid(path, value, &format!("{path} in body should {what}")));
    let count = |key: &str| schema.get(key).and_then(Value::as_u64);
    match value {
        Value::Number(number) => {
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
            if let Some((step, shown)) = bound("multipleOf")
                && step != 0.0
                && (number / step).fract() != 0.0
            {
                fail(format!("be a multiple of {}", shown.unwrap_or(&Value::Null)));
            }
        }
        Value::String(text) => {
            let length = text.chars().count() as u64;
            if let Some(least) = count("minLength").filter(|least| length < *least) {
                fail(format!("be at least {least} chars long"));
            }
            if let Some(most) = count("maxLength").filter(|most| length > *most) {
                fail(format!("be at most {most} chars long"));
            }
            if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
                && let Ok(compiled) = regex::RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build()
                && !compiled.is_match(text)
            {
                fail(format!("match '{pattern}'"));
            }
        }
        Value::Array(items) => {
            let length = items.len() as u64;
            if let Some(least) = count("minItems").filter(|least| length < *least) {
                fail(format!("have at least {least} items"));
            }
            if let Some(most) = count("maxItems").filter(|most| length > *most) {
                fail(format!("have at most {most} items"));
            }
        }
        Value::Object(map) => {
            let length = map.len() as u64;
            if let Some(least) = count("minProperties").filter(|least| length < *least) {
                fail(format!("have at least {least} properties"));
            }
            if let Some(most) = count("maxProperties").filter(|most| length > *most) {
                fail(format!("have at most {most} properties"));
            }
        }
        _ => {}
    }
    out
}

/// Bytes that a compiled pattern may take: definitions are written by users.
const MAX_PATTERN: usize = 1 << 20;
