//! `values.schema.json`: whether the values of a chart are what it asks for.

use gitops_template::{Map, Value, to_json};
use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value as Json;

use super::dependencies::Prepared;
use super::{HelmError, yaml};

/// Refuses values that the schema of the chart, or of a chart in it, refuses.
pub(super) fn validate(chart: &Prepared, values: &Map) -> Result<(), HelmError> {
    let mut problems = String::new();
    collect(chart, values, &mut problems)?;
    if problems.is_empty() { Ok(()) } else { Err(HelmError::Schema(problems)) }
}

fn collect(chart: &Prepared, values: &Map, problems: &mut String) -> Result<(), HelmError> {
    if let Some(schema) = &chart.chart.schema {
        let json = to_json(&Value::Map(values.clone())).map_err(|error| HelmError::Values(error.to_string()))?;
        let found = check(schema, &json).unwrap_or_else(|error| vec![error]);
        if !found.is_empty() {
            problems.push_str(&format!("{}:\n{}\n", chart.name, found.join("\n")));
        }
    }
    for below in &chart.dependencies {
        match values.get(below.name.as_bytes()) {
            None | Some(Value::Nil) => {}
            Some(Value::Map(values)) => collect(below, &values, problems)?,
            Some(other) => {
                let found = other.type_name().into_owned();
                problems.push_str(&format!(
                    "{}:\ninvalid type for values: expected object (map), got {found}\n",
                    below.name
                ));
            }
        }
    }
    Ok(())
}

/// What a schema finds wrong, or why it is none.
fn check(schema: &[u8], values: &Json) -> Result<Vec<String>, String> {
    let schema: Json = serde_json::from_slice(schema).map_err(|error| error.to_string())?;
    let validator = jsonschema::validator_for(&schema).map_err(|error| error.to_string())?;
    Ok(validator.iter_errors(values).map(|error| shown(&error)).collect())
}

/// An error in the words of the validator that Helm has.
fn shown(error: &ValidationError<'_>) -> String {
    format!("- at '{}': {}", error.instance_path(), words(error))
}

fn words(error: &ValidationError<'_>) -> String {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'"));
    match error.kind() {
        ValidationErrorKind::Type { kind } => {
            let wanted = match kind {
                TypeKind::Single(kind) => kind.to_string(),
                TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.to_string()).collect::<Vec<_>>().join(" or "),
            };
            let found = match yaml::kind(error.instance()) {
                "bool" => "boolean",
                other => other,
            };
            format!("got {found}, want {wanted}")
        }
        ValidationErrorKind::Required { property } => format!("missing property {}", text(property)),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let names = unexpected.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
            format!("additional properties {names} not allowed")
        }
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(|options| options.iter().map(text).collect::<Vec<_>>().join(", "));
            format!("value must be one of {}", options.unwrap_or_default())
        }
        ValidationErrorKind::Pattern { pattern } => {
            format!("{} does not match pattern '{pattern}'", text(error.instance()))
        }
        ValidationErrorKind::Minimum { limit } => format!("minimum: got {}, want {limit}", error.instance()),
        ValidationErrorKind::Maximum { limit } => format!("maximum: got {}, want {limit}", error.instance()),
        ValidationErrorKind::Constant { expected_value } => format!("value must be {}", text(expected_value)),
        _ => error.to_string(),
    }
}
