//! Whether a value fits its type.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Atom, Context, Form, TypeError, check_scalar, items};
use crate::fields::{Path, PathElement};
use crate::schema::{List, ListRelation, Map, Schema, TypeId};
use crate::value::display;

/// Whether the items of sets and list-maps may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// They may, as in objects that were stored.
    Allowed,
    /// They may not, as in what is applied.
    Refused,
}

/// Checks a value against its type: undeclared fields, wrong types, items without keys, duplicates.
///
/// # Errors
/// Everything that is wrong, in the order of the walk.
pub fn validate(schema: &Schema, type_id: TypeId, value: &Value, duplicates: Duplicates) -> Result<(), Vec<TypeError>> {
    let mut walk = Walk { context: Context { schema }, duplicates, path: Path::default(), errors: Vec::new() };
    walk.visit(type_id, value);
    if walk.errors.is_empty() { Ok(()) } else { Err(walk.errors) }
}

struct Walk<'a> {
    context: Context<'a>,
    duplicates: Duplicates,
    path: Path,
    errors: Vec<TypeError>,
}

impl Walk<'_> {
    fn fail(&mut self, message: impl Into<String>) {
        self.errors.push(TypeError::new(&self.path, message));
    }

    fn visit(&mut self, type_id: TypeId, value: &Value) {
        match Atom::deduce(self.context.get(type_id), Some(value)).form() {
            Form::Scalar(scalar) => {
                if let Err(message) = check_scalar(scalar, Some(value)) {
                    self.fail(message);
                }
            }
            Form::Map(map) => match value {
                Value::Null => {}
                Value::Object(object) => self.map(map, object),
                other => self.fail(format!("expected map, got {}", shown(other))),
            },
            Form::List(list) => match value {
                Value::Null => {}
                Value::Array(array) => self.list(list, array),
                other => self.fail(format!("expected list, got {}", shown(other))),
            },
            Form::None => self.fail("schema error: invalid atom"),
        }
    }

    fn map(&mut self, map: &Map, object: &serde_json::Map<String, Value>) {
        for (name, value) in object {
            self.path.push(PathElement::field(name));
            match map.child(name) {
                Some(type_id) => self.visit(type_id, value),
                None => self.fail("field not declared in schema"),
            }
            self.path.pop();
        }
    }

    fn list(&mut self, list: &List, array: &[Value]) {
        let mut seen = BTreeSet::new();
        for (index, item) in array.iter().enumerate() {
            let element = if list.relation == ListRelation::Atomic {
                PathElement::Index(index as i64)
            } else {
                match items::element(self.context, list, item) {
                    Ok(element) => {
                        if !seen.insert(element.clone()) && self.duplicates == Duplicates::Refused {
                            self.fail(format!("duplicate entries for key {element}"));
                        }
                        element
                    }
                    Err(message) => {
                        self.fail(format!("element {index}: {message}"));
                        return;
                    }
                }
            };
            self.path.push(element);
            self.visit(list.element, item);
            self.path.pop();
        }
    }
}

/// A value as Go prints structured-merge-diff's wrapper of it.
fn shown(value: &Value) -> String {
    format!("&{{{}}}", display(value).trim_matches('"'))
}
