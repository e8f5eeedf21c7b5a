//! One manager and its fields.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::fields::{FieldsError, Set};

/// Whether a manager applies or writes in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Create, update and the other patches.
    Update,
}

impl Operation {
    /// `Apply` or `Update`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// What tells managers apart. Appliers are one manager whatever version they apply in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Manager {
    /// Name of the field manager.
    pub name: String,
    /// How it writes.
    pub operation: Operation,
    /// Version of an updater's objects; empty for appliers.
    pub api_version: String,
    /// Subresource it writes to; empty for the object itself.
    pub subresource: String,
}

impl Manager {
    /// A manager that applies.
    #[must_use]
    pub fn applier(name: &str, subresource: &str) -> Self {
        Self {
            name: name.to_owned(),
            operation: Operation::Apply,
            api_version: String::new(),
            subresource: subresource.to_owned(),
        }
    }

    /// A manager that updates or patches.
    #[must_use]
    pub fn updater(name: &str, api_version: &str, subresource: &str) -> Self {
        Self {
            name: name.to_owned(),
            operation: Operation::Update,
            api_version: api_version.to_owned(),
            subresource: subresource.to_owned(),
        }
    }

    /// As conflicts name it: `"kubectl"`, or `"x" with subresource "status" using apps/v1` for updaters.
    ///
    /// The API server prints the time too where it has one, which it never has: the identifiers that it compares by do
    /// not hold times.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut out = crate::value::go_quote(&self.name);
        if !self.subresource.is_empty() {
            out.push_str(&format!(" with subresource {}", crate::value::go_quote(&self.subresource)));
        }
        if self.operation == Operation::Update {
            out.push_str(&format!(" using {}", self.api_version));
        }
        out
    }
}

/// The fields of a manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The fields it set.
    pub set: Set,
    /// Version in which the fields are named.
    pub api_version: String,
    /// When the fields last changed hands.
    pub time: Option<Timestamp>,
}

/// Why `metadata.managedFields` cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagedError {
    /// The value is no list.
    #[error("metadata.managedFields: expected a list")]
    NotAList,
    /// An entry is no map.
    #[error("metadata.managedFields[{0}]: expected a map")]
    NotAMap(usize),
    /// The operation is none that is known.
    #[error("metadata.managedFields[{0}].operation: must be `Apply` or `Update`")]
    Operation(usize),
    /// The version is empty.
    #[error("metadata.managedFields[{0}].apiVersion: must not be empty")]
    ApiVersion(usize),
    /// The type of fields is none that is known.
    #[error("metadata.managedFields[{0}].fieldsType: must be `FieldsV1`")]
    FieldsType(usize),
    /// The fields cannot be read.
    #[error("metadata.managedFields[{index}].fieldsV1: not a set of fields")]
    Fields {
        /// Place of the entry.
        index: usize,
        /// What is wrong with the fields.
        source: FieldsError,
    },
}

pub(super) fn decode(index: usize, value: &Value) -> Result<(Manager, Entry), ManagedError> {
    let map = value.as_object().ok_or(ManagedError::NotAMap(index))?;
    let text = |field: &str| map.get(field).and_then(Value::as_str).unwrap_or_default();
    let operation = match text("operation") {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update,
        _ => return Err(ManagedError::Operation(index)),
    };
    let api_version = text("apiVersion");
    if api_version.is_empty() {
        return Err(ManagedError::ApiVersion(index));
    }
    if text("fieldsType") != "FieldsV1" {
        return Err(ManagedError::FieldsType(index));
    }
    let set = Set::from_fields_v1(map.get("fieldsV1").unwrap_or(&Value::Null))
        .map_err(|source| ManagedError::Fields { index, source })?;
    let manager = match operation {
        Operation::Apply => Manager::applier(text("manager"), text("subresource")),
        Operation::Update => Manager::updater(text("manager"), api_version, text("subresource")),
    };
    Ok((manager, Entry { set, api_version: api_version.to_owned(), time: text("time").parse().ok() }))
}

pub(super) fn encode(manager: &Manager, entry: &Entry) -> Value {
    let mut out = Map::new();
    let mut put = |field: &str, text: &str| {
        if !text.is_empty() {
            out.insert(field.to_owned(), Value::from(text));
        }
    };
    put("manager", &manager.name);
    put("operation", manager.operation.as_str());
    put("apiVersion", &entry.api_version);
    put("subresource", &manager.subresource);
    put("fieldsType", "FieldsV1");
    if let Some(time) = entry.time {
        put("time", &seconds(time));
    }
    out.insert("fieldsV1".to_owned(), entry.set.to_fields_v1());
    Value::Object(out)
}

/// A time as `metav1.Time` writes it: RFC 3339 in UTC, whole seconds.
pub(crate) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
