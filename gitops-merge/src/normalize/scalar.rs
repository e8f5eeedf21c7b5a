//! Values with a form of their own on the wire.

use jiff::Timestamp;
use serde_json::Value;

use super::quantity;
use crate::managed::seconds;
use crate::schema::Format;

/// The canonical form of a value of a format.
pub(super) fn canonical(format: Format, value: &Value) -> Result<Value, String> {
    match (format, value) {
        (Format::Plain | Format::Raw, _) => Ok(value.clone()),
        (_, Value::Null) => Ok(zero(format)),
        (Format::Quantity, Value::String(text)) => quantity_of(text),
        (Format::Quantity, Value::Number(number)) => quantity_of(&number.to_string()),
        (Format::Time, Value::String(text)) if text.is_empty() => Ok(Value::Null),
        (Format::Time, Value::String(text)) => time(text).map(|time| Value::from(seconds(time))),
        (Format::MicroTime, Value::String(text)) => {
            time(text).map(|time| Value::from(time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()))
        }
        (Format::IntOrString, Value::String(_) | Value::Number(_)) => Ok(value.clone()),
        (Format::Duration, Value::String(_)) => Ok(value.clone()),
        (Format::Quantity, _) => Err(QUANTITY.to_owned()),
        (Format::Time | Format::MicroTime, _) => Err("json: cannot unmarshal into Go value of type string".to_owned()),
        (Format::IntOrString, _) => Err("json: cannot unmarshal into Go value of type int32".to_owned()),
        (Format::Bytes, Value::String(text)) => canonical_base64(text).map(Value::from),
        (Format::Bytes, _) => Err("json: cannot unmarshal into Go value of type []uint8".to_owned()),
        (Format::Duration, _) => Err("json: cannot unmarshal into Go value of type string".to_owned()),
    }
}

const QUANTITY: &str = "quantities must match the regular expression \
                        '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

fn quantity_of(text: &str) -> Result<Value, String> {
    quantity::canonical(text).map(Value::from).ok_or_else(|| QUANTITY.to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        format!("parsing time {} as \"2006-01-02T15:04:05Z07:00\": cannot parse", crate::value::go_quote(text))
    })
}

/// What an absent value of a format is written as.
pub(super) fn zero(format: Format) -> Value {
    match format {
        Format::Quantity => Value::from("0"),
        Format::IntOrString => Value::from(0),
        Format::Duration => Value::from("0s"),
        Format::Plain | Format::Raw | Format::Bytes | Format::Time | Format::MicroTime => Value::Null,
    }
}

/// Base64 text as Go reads it: line breaks are dropped.
pub(super) fn canonical_base64(text: &str) -> Result<String, String> {
    let clean: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let body = clean.trim_end_matches('=');
    let padding = clean.len() - body.len();
    if let Some(at) = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/') {
        return Err(format!("illegal base64 data at input byte {at}"));
    }
    if !clean.len().is_multiple_of(4) || padding > 2 || (padding > 0 && body.len() % 4 == 1) {
        return Err(format!("illegal base64 data at input byte {}", clean.len()));
    }
    Ok(clean)
}
