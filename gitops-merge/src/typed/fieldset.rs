//! The fields that a value sets.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Atom, Context, Form, items};
use crate::fields::{PathElement, Set};
use crate::schema::{List, ListRelation, Map, Schema, TypeId};

/// The fields that a value sets: its scalars, atomic values, list items and map entries.
#[must_use]
pub fn field_set(schema: &Schema, type_id: TypeId, value: &Value) -> Set {
    let mut walk = Walk { context: Context { schema }, path: Vec::new(), set: Set::new() };
    walk.visit(type_id, value);
    walk.set
}

struct Walk<'a> {
    context: Context<'a>,
    path: Vec<PathElement>,
    set: Set,
}

impl Walk<'_> {
    fn visit(&mut self, type_id: TypeId, value: &Value) {
        match Atom::deduce(self.context.get(type_id), Some(value)).form() {
            Form::Scalar(_) => self.set.insert(&self.path),
            Form::Map(map) if map.atomic => self.set.insert(&self.path),
            Form::List(list) if list.relation == ListRelation::Atomic => self.set.insert(&self.path),
            Form::Map(map) => {
                if let Value::Object(object) = value {
                    self.map(map, object);
                }
            }
            Form::List(list) => {
                if let Value::Array(array) = value {
                    self.list(list, array);
                }
            }
            Form::None => {}
        }
    }

    fn map(&mut self, map: &Map, object: &serde_json::Map<String, Value>) {
        for (name, value) in object {
            self.path.push(PathElement::field(name));
            if let Some(type_id) = map.child(name) {
                self.visit(type_id, value);
            }
            let empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
            if empty || !map.fields.contains_key(name) {
                self.set.insert(&self.path);
            }
            self.path.pop();
        }
    }

    fn list(&mut self, list: &List, array: &[Value]) {
        let elements: Vec<_> = array.iter().map(|item| items::element(self.context, list, item).ok()).collect();
        let mut seen = BTreeSet::new();
        let repeated: BTreeSet<_> = elements.iter().flatten().filter(|element| !seen.insert(*element)).collect();
        for (item, element) in array.iter().zip(&elements) {
            let Some(element) = element else { continue };
            self.path.push(element.clone());
            if !repeated.contains(element) {
                self.visit(list.element, item);
            }
            self.set.insert(&self.path);
            self.path.pop();
        }
    }
}
