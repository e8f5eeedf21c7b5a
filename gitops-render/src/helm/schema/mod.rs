//! `values.schema.json`: whether the values of a chart are what it asks for.

mod tree;
mod words;

use std::sync::OnceLock;

use bytes::Bytes;
use gitops_template::{Map, Value, to_json};
use jsonschema::{Retrieve, Uri, Validator};
use serde_json::{Number, Value as Json};

use super::HelmError;
use super::dependencies::Prepared;

/// A schema, which is compiled when it is first needed.
#[derive(Debug)]
pub struct Schema {
    text: Bytes,
    compiled: OnceLock<Result<Validator, String>>,
}

impl Schema {
    /// A schema by its JSON, which isn't looked at yet.
    pub(super) fn new(text: Bytes) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// What is wrong with values, in the words of Helm's validator; empty where nothing is.
    ///
    /// # Errors
    /// Where this is no schema.
    fn check(&self, values: &Json) -> Result<String, &str> {
        let compiled = self.compiled.get_or_init(|| compile(&self.text)).as_ref().map_err(String::as_str)?;
        Ok(tree::written(compiled.iter_errors(values).collect()))
    }
}

fn compile(text: &[u8]) -> Result<Validator, String> {
    let schema: Json = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let compiled = jsonschema::options().with_retriever(NothingRemote).build(&schema);
    compiled.map_err(|error| match error.kind() {
        jsonschema::error::ValidationErrorKind::Referencing(jsonschema::ReferencingError::Unretrievable {
            uri,
            source,
        }) => format!("failing loading \"{uri}\": {source}"),
        _ => error.to_string(),
    })
}

/// Schemas that a schema names elsewhere are not fetched.
struct NothingRemote;

impl Retrieve for NothingRemote {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        // Helm takes every value for right where a schema is named that only its user could know.
        if uri.scheme().as_str() == "urn" {
            return Ok(Json::Bool(true));
        }
        Err("schemas of other documents are not loaded".into())
    }
}

/// Refuses values that the schema of the chart, or of a chart in it, refuses.
pub(super) fn validate(chart: &Prepared, values: &Map) -> Result<(), HelmError> {
    let mut problems = String::new();
    collect(chart, values, &mut problems)?;
    if problems.is_empty() { Ok(()) } else { Err(HelmError::Schema(problems)) }
}

fn collect(chart: &Prepared, values: &Map, problems: &mut String) -> Result<(), HelmError> {
    if let Some(schema) = &chart.chart.schema {
        let mut json = to_json(&Value::Map(values.clone())).map_err(|error| HelmError::Values(error.to_string()))?;
        to_whole(&mut json);
        let found = schema.check(&json).unwrap_or_else(str::to_owned);
        if !found.is_empty() {
            problems.push_str(&format!("{}:\n{found}\n", chart.name));
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

/// Floats that are whole are whole numbers: to Helm's validator they are integers, whatever the draft of the schema.
fn to_whole(value: &mut Json) {
    match value {
        Json::Number(number) => {
            let whole = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15);
            if let (true, Some(whole)) = (number.is_f64(), whole) {
                // The bounds above are those within which the conversion is exact.
                #[allow(clippy::cast_possible_truncation)]
                let whole = whole as i64;
                *number = Number::from(whole);
            }
        }
        Json::Array(items) => items.iter_mut().for_each(to_whole),
        Json::Object(map) => map.values_mut().for_each(to_whole),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
