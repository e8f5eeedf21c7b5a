//! Objects as the API server holds them: read into the Go types of built-in kinds and written again.
//!
//! Reading drops unknown fields, writing leaves out what `omitempty` leaves out, and quantities and times take their
//! canonical form (encoding/json's rules over the Go types of `k8s.io/api` v0.34, whose shapes are in the table).

pub mod quantity;
mod scalar;

use serde_json::{Map, Value};

pub use quantity::{canonical as canonical_quantity, round_up_to_milli};

use crate::schema::{self, Field, Format, Holder, Schema, Shape, Type, TypeId};

/// A value cannot be read into the Go type of its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct DecodeError {
    /// Path of the field: `spec.replicas`.
    pub path: String,
    /// What is wrong, in the words of the API server's JSON reader.
    pub message: String,
}

/// An object in canonical form.
#[derive(Debug, Clone, PartialEq)]
pub struct Canonical {
    /// The object.
    pub value: Value,
    /// Paths of fields that the type does not have; they are not in the object.
    pub unknown: Vec<String>,
}

/// The canonical form of an object of a built-in type; of an empty map, the type's zero value.
///
/// # Errors
/// The first value that has another type than its field.
pub fn canonical(schema: &Schema, type_id: TypeId, value: &Value) -> Result<Canonical, DecodeError> {
    let mut reader = Reader { schema, path: Vec::new(), unknown: Vec::new() };
    let value = reader.value(type_id, value)?;
    Ok(Canonical { value, unknown: reader.unknown })
}

struct Reader<'a> {
    schema: &'a Schema,
    path: Vec<String>,
    unknown: Vec<String>,
}

impl Reader<'_> {
    fn fail(&self, message: String) -> DecodeError {
        DecodeError { path: self.path.join("."), message }
    }

    fn mismatch(&self, value: &Value, wanted: &str) -> DecodeError {
        let got = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        self.fail(format!("json: cannot unmarshal {got} into Go value of type {wanted}"))
    }

    fn value(&mut self, type_id: TypeId, value: &Value) -> Result<Value, DecodeError> {
        let known = self.schema.get(type_id);
        if known.format != Format::Plain {
            return self.formatted(known, value);
        }
        match (&known.map, &known.list, known.scalar) {
            (Some(_), Some(_), _) => Ok(value.clone()),
            (Some(map), ..) => match value {
                Value::Object(object) => self.object(map, object),
                Value::Null => self.object(map, &Map::new()),
                other => Err(self.mismatch(other, known.name.as_deref().unwrap_or("map"))),
            },
            (_, Some(list), _) => match value {
                Value::Array(items) => self.items(list, items),
                Value::Null => Ok(Value::Null),
                other => Err(self.mismatch(other, "slice")),
            },
            (_, _, Some(scalar)) => self.scalar(scalar, value),
            _ => Ok(value.clone()),
        }
    }

    fn formatted(&self, known: &Type, value: &Value) -> Result<Value, DecodeError> {
        scalar::canonical(known.format, value).map_err(|message| self.fail(message))
    }

    fn scalar(&self, wanted: schema::Scalar, value: &Value) -> Result<Value, DecodeError> {
        use schema::Scalar;
        match (wanted, value) {
            (Scalar::String, Value::Null) => Ok(Value::from("")),
            (Scalar::Number, Value::Null) => Ok(Value::from(0)),
            (Scalar::Boolean, Value::Null) => Ok(Value::from(false)),
            (Scalar::String, Value::String(_))
            | (Scalar::Number, Value::Number(_))
            | (Scalar::Boolean, Value::Bool(_))
            | (Scalar::Any, _) => Ok(value.clone()),
            (Scalar::String, other) => Err(self.mismatch(other, "string")),
            (Scalar::Number, other) => Err(self.mismatch(other, "int64")),
            (Scalar::Boolean, other) => Err(self.mismatch(other, "bool")),
        }
    }

    fn items(&mut self, list: &schema::List, items: &[Value]) -> Result<Value, DecodeError> {
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.path.push(format!("[{index}]"));
            out.push(self.value(list.element, item)?);
            self.path.pop();
        }
        Ok(Value::Array(out))
    }

    fn object(&mut self, map: &schema::Map, object: &Map<String, Value>) -> Result<Value, DecodeError> {
        let mut out = Map::new();
        for (name, field) in &map.fields {
            self.path.push(name.clone());
            if let Some(value) = self.field(field, object.get(name))? {
                out.insert(name.clone(), value);
            }
            self.path.pop();
        }
        for (name, value) in object.iter().filter(|(name, _)| !map.fields.contains_key(*name)) {
            self.path.push(name.clone());
            match map.element {
                Some(element) => {
                    out.insert(name.clone(), self.value(element, value)?);
                }
                None => self.unknown.push(self.path.join(".")),
            }
            self.path.pop();
        }
        Ok(Value::Object(out))
    }

    /// The value of one field; none where it is left out.
    fn field(&mut self, field: &Field, value: Option<&Value>) -> Result<Option<Value>, DecodeError> {
        let value = value.filter(|value| !value.is_null());
        let Some(shape) = field.shape else {
            return value.map(|value| self.value(field.type_id, value)).transpose();
        };
        let omitted = (!shape.omit_empty).then_some(Value::Null);
        let out = match (shape.holder, value) {
            (Holder::Pointer | Holder::List | Holder::Map | Holder::Any, None) => return Ok(omitted),
            (Holder::Bytes, None) => return Ok(omitted),
            (Holder::Struct, None) => self.zero(field.type_id)?,
            (Holder::Text, None) => Value::from(""),
            (Holder::Integer | Holder::Float, None) => Value::from(0),
            (Holder::Boolean, None) => Value::from(false),
            (Holder::Bytes, Some(Value::String(text))) => {
                scalar::canonical_base64(text).map_err(|message| self.fail(message)).map(Value::from)?
            }
            (Holder::Integer, Some(Value::Number(number))) if !number.is_i64() && !number.is_u64() => {
                match number.as_f64() {
                    Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => Value::from(float as i64),
                    _ => {
                        return Err(
                            self.fail(format!("json: cannot unmarshal number {number} into Go value of type int64"))
                        );
                    }
                }
            }
            (_, Some(value)) => self.value(field.type_id, value)?,
        };
        Ok((!left_out(shape, &out)).then_some(out))
    }

    fn zero(&mut self, type_id: TypeId) -> Result<Value, DecodeError> {
        let known = self.schema.get(type_id);
        if known.format != Format::Plain {
            return Ok(scalar::zero(known.format));
        }
        self.value(type_id, &Value::Object(Map::new()))
    }
}

/// Whether a value that is there is left out all the same.
fn left_out(shape: Shape, value: &Value) -> bool {
    let empty = match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    };
    match shape.holder {
        Holder::Pointer | Holder::Any => false,
        Holder::Struct => shape.omit_zero && empty,
        _ => shape.omit_empty && empty,
    }
}

#[cfg(test)]
mod tests;
