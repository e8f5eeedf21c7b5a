//! Decoding by API version and kind.

use serde_json::Value;

use super::message::describe;
use super::problem::{DecodeError, Finding};
use super::value::{Decoded, Place, decode_value};
use crate::api::{
    API_VERSION, APP_PROJECT_KIND, APPLICATION_KIND, APPLICATION_SET_KIND, AppProject, Application, ApplicationSet,
    FieldPath,
};

/// Any of the kinds that can be decoded.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AnyKind {
    /// An Application.
    Application(Box<Application>),
    /// A project.
    AppProject(Box<AppProject>),
    /// An ApplicationSet.
    ApplicationSet(Box<ApplicationSet>),
}

/// Decodes a value as the kind it says it is.
///
/// # Errors
/// [`DecodeError::Field`] where API version or kind is missing or another, or a field does not have the schema's
/// shape.
pub fn decode_any_value(value: &Value, place: &Place<'_>) -> Result<Decoded<AnyKind>, DecodeError> {
    let text_of = |field: &'static str, expected: &str| match value.get(field) {
        Some(Value::String(text)) => Ok(text.as_str()),
        found => {
            let message = match found {
                None | Some(Value::Null) => "required field is missing".to_owned(),
                Some(found) => format!("expected {expected}, found {}", describe(found)),
            };
            Err(DecodeError::Field(place.problem(Finding::error(FieldPath::root().key(field), message))))
        }
    };
    if !value.is_object() {
        let message = format!("expected a mapping, found {}", describe(value));
        return Err(DecodeError::Field(place.problem(Finding::error(FieldPath::root(), message))));
    }
    let api_version = text_of("apiVersion", "a string")?;
    if api_version != API_VERSION {
        let message = format!("expected \"{API_VERSION}\", found {api_version:?}");
        return Err(DecodeError::Field(place.problem(Finding::error(FieldPath::root().key("apiVersion"), message))));
    }
    match text_of("kind", "a string")? {
        APPLICATION_KIND => Ok(decode_value(value, place)?.map(|value| AnyKind::Application(Box::new(value)))),
        APP_PROJECT_KIND => Ok(decode_value(value, place)?.map(|value| AnyKind::AppProject(Box::new(value)))),
        APPLICATION_SET_KIND => Ok(decode_value(value, place)?.map(|value| AnyKind::ApplicationSet(Box::new(value)))),
        kind => {
            let message =
                format!("expected {APPLICATION_KIND}, {APP_PROJECT_KIND} or {APPLICATION_SET_KIND}, found {kind:?}");
            Err(DecodeError::Field(place.problem(Finding::error(FieldPath::root().key("kind"), message))))
        }
    }
}
