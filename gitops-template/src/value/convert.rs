use serde_json::{Number, Value as Json};

use super::{List, Map, Text, Value};
use crate::functions::Failure;

/// Values below this depth are refused: a map may hold itself.
const MAX_DEPTH: usize = 1_000;

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

/// A value as JSON: bytes that are not UTF-8 become U+FFFD, as Go writes them.
///
/// # Errors
/// Where it is nested too deeply, or a number is none that JSON has.
pub fn to_json(value: &Value) -> Result<Json, Failure> {
    json_at(value, 0)
}

fn json_at(value: &Value, depth: usize) -> Result<Json, Failure> {
    if depth > MAX_DEPTH {
        return Err(Failure::new(format!("json: the value is nested deeper than the {MAX_DEPTH} levels allowed")));
    }
    Ok(match value {
        Value::Nil => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) | Value::Int64(number) => (*number).into(),
        Value::Uint64(number) => (*number).into(),
        Value::Byte(number) => (*number).into(),
        Value::Rune(number) => (*number).into(),
        Value::Float(number) => match Number::from_f64(*number) {
            Some(number) => Json::Number(number),
            None => {
                let shown = crate::print::print_value(value);
                return Err(Failure::new(format!("json: unsupported value: {shown}")));
            }
        },
        Value::Complex(..) => return Err(Failure::new("json: unsupported type: complex128")),
        Value::Text(text) => Json::String(text.to_str().into_owned()),
        Value::Bytes(bytes) => Json::String(base64(bytes)),
        Value::List(list) if list.is_nil() => Json::Null,
        Value::Map(map) if map.is_nil() => Json::Null,
        Value::List(list) => Json::Array(list.iter().map(|item| json_at(item, depth + 1)).collect::<Result<_, _>>()?),
        Value::Map(map) => {
            let entries = map.entries().into_iter();
            let entry = |(key, value): (Text, Value)| Ok((key.to_str().into_owned(), json_at(&value, depth + 1)?));
            Json::Object(entries.map(entry).collect::<Result<_, Failure>>()?)
        }
        Value::Object(object) => json_at(&object.plain(), depth + 1)?,
    })
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A value as Helm's `toYaml` writes it, without the newline at the end.
///
/// # Errors
/// As [`to_json`].
pub fn to_yaml(value: &Value) -> Result<String, Failure> {
    let mut text = gitops_yaml::write(&to_json(value)?);
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}
