//! Single errors in the words of the validator that Helm has.

use gitops_template::print_by_verb;
use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value as Json;

use crate::helm::yaml;

/// A text in single quotes, with Go's escapes.
pub(super) fn quoted(text: &str) -> String {
    let quoted = print_by_verb(&gitops_template::Value::text(text), 'q');
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted);
    format!("'{}'", inside.replace("\\\"", "\"").replace('\'', "\\'"))
}

/// The words of errors of one keyword; `steps` lead to it.
pub(super) fn of(errors: &[&ValidationError<'_>], steps: &[String]) -> String {
    let Some(error) = errors.first() else { return String::new() };
    let found = error.instance();
    match error.kind() {
        Kind::Type { kind } => format!("got {}, want {}", kind_of(found), wanted(kind)),
        Kind::Required { .. } => required(errors, steps),
        Kind::AdditionalProperties { unexpected } => {
            let names = unexpected.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
            format!("additional properties {names} not allowed")
        }
        Kind::AdditionalItems { limit } => {
            let more = found.as_array().map_or(0, Vec::len).saturating_sub(*limit);
            format!("last {} additionalItem(s) not allowed", counted(more as u64))
        }
        Kind::Enum { options } => choice(options),
        Kind::Constant { expected_value } if is_simple(expected_value) => {
            format!("value must be {}", shown(expected_value))
        }
        Kind::Constant { .. } => "'const' failed".to_owned(),
        Kind::Pattern { pattern } => format!("{} does not match pattern {}", shown(found), quoted(pattern)),
        Kind::Format { format } => format!("{} is not valid {format}", shown(found)),
        Kind::Minimum { limit } => bound("minimum", found, limit),
        Kind::Maximum { limit } => bound("maximum", found, limit),
        Kind::ExclusiveMinimum { limit } => bound("exclusiveMinimum", found, limit),
        Kind::ExclusiveMaximum { limit } => bound("exclusiveMaximum", found, limit),
        Kind::MultipleOf { multiple_of } => bound("multipleOf", found, &Json::from(*multiple_of)),
        Kind::MinLength { limit } => size("minLength", letters(found), *limit),
        Kind::MaxLength { limit } => size("maxLength", letters(found), *limit),
        Kind::MinItems { limit } => size("minItems", found.as_array().map_or(0, Vec::len), *limit),
        Kind::MaxItems { limit } => size("maxItems", found.as_array().map_or(0, Vec::len), *limit),
        Kind::MinProperties { limit } => {
            size("minProperties", found.as_object().map_or(0, serde_json::Map::len), *limit)
        }
        Kind::MaxProperties { limit } => {
            size("maxProperties", found.as_object().map_or(0, serde_json::Map::len), *limit)
        }
        Kind::UniqueItems => duplicates(found),
        Kind::Contains => "no items match contains schema".to_owned(),
        Kind::Not { .. } => "'not' failed".to_owned(),
        Kind::AnyOf { .. } => "'anyOf' failed".to_owned(),
        Kind::OneOfNotValid { .. } => "'oneOf' failed, none matched".to_owned(),
        Kind::OneOfMultipleValid { context } => {
            let matched: Vec<usize> =
                context.iter().enumerate().filter(|(_, errors)| errors.is_empty()).map(|(index, _)| index).collect();
            match matched.as_slice() {
                [first, second, ..] => format!("'oneOf' failed, subschemas {first}, {second} matched"),
                _ => "'oneOf' failed".to_owned(),
            }
        }
        Kind::FalseSchema => "false schema".to_owned(),
        Kind::PropertyNames { error } => format!("invalid propertyName {}", shown(error.instance())),
        Kind::ContentEncoding { content_encoding } => format!("value is not {} encoded", quoted(content_encoding)),
        Kind::ContentMediaType { content_media_type } => {
            format!("value is not of mediatype {}", quoted(content_media_type))
        }
        _ => error.to_string(),
    }
}

fn kind_of(value: &Json) -> &'static str {
    match yaml::kind(value) {
        "bool" => "boolean",
        other => other,
    }
}

fn wanted(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => kind.to_string(),
        TypeKind::Multiple(kinds) => {
            // The order is Helm's, whatever that of the schema is.
            let order = ["null", "boolean", "number", "integer", "string", "array", "object"];
            let names: Vec<String> = kinds.iter().map(|kind| kind.to_string()).collect();
            let named = order.iter().filter(|name| names.iter().any(|known| known == *name));
            named.copied().collect::<Vec<_>>().join(" or ")
        }
    }
}

fn required(errors: &[&ValidationError<'_>], steps: &[String]) -> String {
    let missing: Vec<String> = errors
        .iter()
        .filter_map(|error| match error.kind() {
            Kind::Required { property } => Some(shown(property)),
            _ => None,
        })
        .collect();
    let all = missing.join(", ");
    let depends = steps.iter().position(|step| matches!(step.as_str(), "dependentRequired" | "dependencies"));
    if let Some(property) = depends.and_then(|at| steps.get(at + 1)) {
        return format!("properties {all} required, if {} exists", quoted(property));
    }
    match missing.as_slice() {
        [one] => format!("missing property {one}"),
        _ => format!("missing properties {all}"),
    }
}

fn choice(options: &Json) -> String {
    match options.as_array().map(Vec::as_slice) {
        Some(options) if !options.iter().all(is_simple) => "'enum' failed".to_owned(),
        Some([one]) => format!("value must be {}", shown(one)),
        Some(options) => format!("value must be one of {}", options.iter().map(shown).collect::<Vec<_>>().join(", ")),
        None => "'enum' failed".to_owned(),
    }
}

fn is_simple(value: &Json) -> bool {
    !value.is_array() && !value.is_object()
}

fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => quoted(text),
        Json::Array(_) | Json::Object(_) => "value".to_owned(),
        Json::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

fn letters(value: &Json) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

fn size(keyword: &str, found: usize, limit: u64) -> String {
    format!("{keyword}: got {}, want {}", counted(found as u64), counted(limit))
}

fn bound(keyword: &str, found: &Json, limit: &Json) -> String {
    format!("{keyword}: got {}, want {}", grouped(found), grouped(limit))
}

fn grouped(number: &Json) -> String {
    let whole = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 1e15);
    match whole {
        // Below 10^15 every whole float is exact.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Some(float) => format!("{}{}", if float < 0.0 { "-" } else { "" }, counted(float.abs() as u64)),
        None => number.to_string(),
    }
}

/// A number as English writes it: commas between groups of three digits.
fn counted(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn duplicates(value: &Json) -> String {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    for (second, item) in items.iter().enumerate() {
        if let Some(first) = items.iter().take(second).position(|known| known == item) {
            return format!("items at {first} and {second} are equal");
        }
    }
    "items are equal".to_owned()
}
