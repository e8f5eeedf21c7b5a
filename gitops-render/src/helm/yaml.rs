//! YAML as Helm reads it: `sigs.k8s.io/yaml` 1.6, which reads the first document only.

use gitops_yaml::{Limits, Options, Resolver, go_float, read_documents, read_first};
use serde_json::{Map, Number, Value};

/// The first document of a text.
pub(super) fn read(text: &[u8]) -> Result<Value, String> {
    read_first(text, &Limits::default()).map_err(|words| format!("error converting YAML to JSON: {words}"))
}

/// Every document of a text.
pub(super) fn read_all(text: &[u8]) -> Result<Vec<Value>, String> {
    let documents = read_documents(text, &Options::new(Resolver::Sigs)).map_err(|error| error.to_string())?;
    Ok(documents.into_iter().map(|document| document.value).collect())
}

/// A map of values: every number is a float, as Go reads them into `interface {}`. An empty text is an empty map.
pub(super) fn read_values(text: &[u8]) -> Result<Map<String, Value>, String> {
    match read(text)? {
        Value::Null => Ok(Map::new()),
        Value::Object(mut map) => {
            map.values_mut().for_each(to_floats);
            Ok(map)
        }
        other => Err(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type \
             map[string]interface {{}}",
            kind(&other)
        )),
    }
}

/// Go's name of a kind of JSON.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Makes every number a float.
pub(super) fn to_floats(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(float) = number.as_f64().and_then(Number::from_f64) {
                *number = float;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(to_floats),
        Value::Object(map) => map.values_mut().for_each(to_floats),
        _ => {}
    }
}

/// The text of a scalar where Go's type is `string`: numbers and truths are taken as they are written.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) if number.is_f64() => Some(go_float(number.as_f64().unwrap_or_default())),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
