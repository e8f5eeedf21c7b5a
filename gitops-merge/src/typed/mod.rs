//! Values walked along their type: the operations of structured-merge-diff's package `typed`.

mod compare;
mod fieldset;
mod items;
mod merge;
mod reconcile;
mod remove;
mod validate;

use serde_json::Value;

pub use compare::{Comparison, compare};
pub use fieldset::field_set;
pub use merge::merge;
pub use reconcile::reconcile;
pub use remove::{extract, remove};
pub use validate::{Duplicates, validate};

use crate::schema::{List, Map, Scalar, Schema, Type, TypeId};

/// A value does not fit its type; printed like the API server prints it: `.spec.replicas: expected numeric`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{message}", path, if path.is_empty() { "" } else { ": " })]
pub struct TypeError {
    /// Path of the value; empty for the object itself.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl TypeError {
    pub(crate) fn new(path: &crate::fields::Path, message: impl Into<String>) -> Self {
        Self { path: path.to_string(), message: message.into() }
    }
}

/// A type with an object's schema, so that walks need one argument less.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) schema: &'a Schema,
}

impl<'a> Context<'a> {
    pub(crate) fn get(self, id: TypeId) -> &'a Type {
        self.schema.get(id)
    }
}

/// The form of a type that a value has. Where the value is absent, null or of no allowed form, all of them.
#[derive(Clone, Copy)]
pub(crate) struct Atom<'a> {
    scalar: Option<Scalar>,
    list: Option<&'a List>,
    map: Option<&'a Map>,
}

impl<'a> Atom<'a> {
    pub(crate) fn deduce(known: &'a Type, value: Option<&Value>) -> Self {
        let all = Self { scalar: known.scalar, list: known.list.as_ref(), map: known.map.as_ref() };
        let none = Self { scalar: None, list: None, map: None };
        match value {
            Some(Value::String(_) | Value::Number(_) | Value::Bool(_)) if all.scalar.is_some() => {
                Self { scalar: all.scalar, ..none }
            }
            Some(Value::Array(_)) if all.list.is_some() => Self { list: all.list, ..none },
            Some(Value::Object(_)) if all.map.is_some() => Self { map: all.map, ..none },
            _ => all,
        }
    }

    fn same(&self, other: &Self) -> bool {
        self.scalar == other.scalar
            && self.list.is_some() == other.list.is_some()
            && self.map.is_some() == other.map.is_some()
    }

    /// The form that is walked: maps before scalars before lists.
    pub(crate) fn form(self) -> Form<'a> {
        match (self.map, self.scalar, self.list) {
            (Some(map), ..) => Form::Map(map),
            (_, Some(scalar), _) => Form::Scalar(scalar),
            (.., Some(list)) => Form::List(list),
            _ => Form::None,
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Form<'a> {
    Map(&'a Map),
    Scalar(Scalar),
    List(&'a List),
    None,
}

/// The forms in which two values are walked: one, or both where the values differ in form.
pub(crate) fn forms<'a>(known: &'a Type, left: Option<&Value>, right: Option<&Value>) -> (Option<Form<'a>>, Form<'a>) {
    let left_atom = Atom::deduce(known, left);
    let right_atom = Atom::deduce(known, right);
    match (left, right) {
        (_, None) => (None, left_atom.form()),
        (None, _) => (None, right_atom.form()),
        _ if left_atom.same(&right_atom) => (None, right_atom.form()),
        _ => (Some(left_atom.form()), right_atom.form()),
    }
}

pub(crate) fn as_list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(crate) fn as_map(value: Option<&Value>) -> Option<&serde_json::Map<String, Value>> {
    value.and_then(Value::as_object)
}

/// Whether a scalar has the type that the schema wants.
pub(crate) fn check_scalar(scalar: Scalar, value: Option<&Value>) -> Result<(), String> {
    let Some(value) = value else { return Ok(()) };
    let shown = || crate::value::display(value);
    match (scalar, value) {
        (_, Value::Null)
        | (Scalar::String, Value::String(_))
        | (Scalar::Number, Value::Number(_))
        | (Scalar::Boolean, Value::Bool(_))
        | (Scalar::Any, Value::String(_) | Value::Number(_) | Value::Bool(_)) => Ok(()),
        (Scalar::Number, _) => Err(format!("expected numeric (int or float), got {}", go_type(value))),
        (Scalar::String, _) => Err(format!("expected string, got {}", go_value(value))),
        (Scalar::Boolean, _) => Err(format!("expected boolean, got {}", shown())),
        (Scalar::Any, _) => Err(format!("expected any scalar, got {}", shown())),
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// The value as Go's `%#v` shows structured-merge-diff's wrapper of it.
fn go_value(value: &Value) -> String {
    format!("&value.valueUnstructured{{Value:{}}}", crate::value::display(value))
}
