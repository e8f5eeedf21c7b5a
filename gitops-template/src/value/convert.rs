use serde_json::Value as Json;

use super::{List, Map, Text, Value};

/// How whole numbers come out of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromJson {
    /// Every number is a `float64`, as Go reads JSON and YAML into `interface {}`.
    Floats,
    /// Whole numbers are `int64`, as `--set` reads them.
    Integers,
}

/// A value of JSON as a value of templates, none of it shared.
pub fn from_json(json: &Json, numbers: FromJson) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) if numbers == FromJson::Integers => Value::Int64(whole),
            _ => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Text(text.as_str().into()),
        Json::Array(items) => Value::List(items.iter().map(|item| from_json(item, numbers)).collect::<List>()),
        Json::Object(entries) => Value::Map(
            entries.iter().map(|(key, value)| (Text::from(key.as_str()), from_json(value, numbers))).collect::<Map>(),
        ),
    }
}
