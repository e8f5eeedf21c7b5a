//! The form in which the server holds objects.

use serde_json::{Map, Value, json};

use super::error::ServerError;
use super::request::FieldValidation;
use crate::schema::{Kind, Origin};
use crate::{custom, defaults, normalize};

/// The object that a new one grows from.
pub(super) fn empty(kind: &Kind) -> Result<Value, ServerError> {
    let bare = json!({"apiVersion": kind.api_version, "kind": kind.kind});
    match &kind.origin {
        Origin::Custom { .. } => Ok(bare),
        Origin::Builtin { .. } => read(kind, &bare, FieldValidation::Ignore),
    }
}

/// Reads a body: what the kind does not have is dropped or refused, and what is written in several ways is written in
/// one.
pub(super) fn read(kind: &Kind, body: &Value, validation: FieldValidation) -> Result<Value, ServerError> {
    let (mut value, unknown) = match &kind.origin {
        Origin::Builtin { .. } => {
            let read = normalize::canonical(&kind.schema, kind.type_id, body)
                .map_err(|error| ServerError::undecodable(kind, &error))?;
            (read.value, read.unknown)
        }
        Origin::Custom { schema } => {
            let mut value = body.clone();
            let mut unknown = Vec::new();
            if let Some(schema) = schema {
                unknown = custom::prune(&mut value, schema);
                custom::prune_nulls(&mut value, schema);
            }
            metadata(kind, &mut value)?;
            (value, unknown)
        }
    };
    if validation == FieldValidation::Strict && !unknown.is_empty() {
        let fields: Vec<String> = unknown
            .iter()
            .map(|path| format!("unknown field {}", crate::value::go_quote(&path.replace(".[", "["))))
            .collect();
        let version = crate::value::go_quote(kind.version());
        return Err(ServerError::bad_request(format!(
            "{0} in version {version} cannot be handled as a {0}: strict decoding error: {1}",
            kind.kind,
            fields.join(", ")
        )));
    }
    if let Some(map) = value.as_object_mut() {
        map.insert("apiVersion".to_owned(), Value::from(kind.api_version.as_str()));
        map.insert("kind".to_owned(), Value::from(kind.kind.as_str()));
    }
    Ok(value)
}

/// What an apply makes of an object. A custom one is not read again, so that nulls stay in it, which its schema may not allow:
/// a map whose last entry its manager gave up is one. In its metadata they stay until it is stored.
pub(super) fn merged(kind: &Kind, merged: Value, validation: FieldValidation) -> Result<Value, ServerError> {
    if !kind.is_custom() {
        return read(kind, &merged, validation);
    }
    let mut value = merged;
    let empty = |(_, held): &(&String, &Value)| held.is_null() || held.as_object().is_some_and(Map::is_empty);
    let held = value.get("metadata").and_then(Value::as_object).into_iter().flatten();
    let empty: Map<String, Value> = held.filter(empty).map(|(name, held)| (name.clone(), held.clone())).collect();
    metadata(kind, &mut value)?;
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.extend(empty);
    }
    Ok(value)
}

/// Metadata of custom objects goes through the Go type like everybody's.
fn metadata(kind: &Kind, value: &mut Value) -> Result<(), ServerError> {
    let Some(map) = value.as_object_mut() else {
        return Err(ServerError::bad_request("the object provided is not an object"));
    };
    let object = kind.schema.get(kind.type_id).map.as_ref();
    let Some(type_id) = object.and_then(|object| object.fields.get("metadata")).map(|field| field.type_id) else {
        return Ok(());
    };
    let held = map.get("metadata").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let read = normalize::canonical(&kind.schema, type_id, &held).map_err(|mut error| {
        error.path = format!("metadata.{}", error.path);
        ServerError::undecodable(kind, &error)
    })?;
    map.insert("metadata".to_owned(), read.value);
    Ok(())
}

/// Fills in defaults.
pub(super) fn fill(kind: &Kind, value: &mut Value) {
    match &kind.origin {
        Origin::Builtin { .. } => defaults::fill(kind, value),
        Origin::Custom { schema: Some(schema) } => custom::default(value, schema),
        Origin::Custom { schema: None } => {}
    }
}

/// The state in which an object is kept: custom objects are read from the store again, which drops nulls and fills in
/// defaults.
pub(super) fn settle(kind: &Kind, value: &mut Value) -> Result<(), ServerError> {
    if let Origin::Custom { schema: Some(schema) } = &kind.origin {
        custom::prune_nulls(value, schema);
        custom::default(value, schema);
        metadata(kind, value)?;
    }
    Ok(())
}
