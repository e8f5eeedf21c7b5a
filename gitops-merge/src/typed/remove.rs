//! Taking fields out of a value, or keeping only them.

use serde_json::Value;

use super::{Atom, Context, Form, items};
use crate::fields::{PathElement, Set};
use crate::schema::{List, ListRelation, Map, Schema, TypeId};

/// The value without the fields of a set. A map or list that loses everything becomes null.
#[must_use]
pub fn remove(schema: &Schema, type_id: TypeId, value: &Value, fields: &Set) -> Value {
    Walk { context: Context { schema }, keep: false }.visit(type_id, value, fields)
}

/// Only the fields of a set, with what leads to them.
#[must_use]
pub fn extract(schema: &Schema, type_id: TypeId, value: &Value, fields: &Set) -> Value {
    Walk { context: Context { schema }, keep: true }.visit(type_id, value, fields)
}

struct Walk<'a> {
    context: Context<'a>,
    keep: bool,
}

impl Walk<'_> {
    fn visit(&self, type_id: TypeId, value: &Value, fields: &Set) -> Value {
        match (Atom::deduce(self.context.get(type_id), Some(value)).form(), value) {
            (Form::Scalar(_), _) => value.clone(),
            (Form::Map(map), Value::Object(object)) if !object.is_empty() => {
                if map.atomic {
                    self.atomic(value)
                } else {
                    self.map(map, object, fields)
                }
            }
            (Form::List(list), Value::Array(array)) if !array.is_empty() => {
                if list.relation == ListRelation::Atomic {
                    self.atomic(value)
                } else {
                    self.list(list, array, fields)
                }
            }
            _ => Value::Null,
        }
    }

    fn atomic(&self, value: &Value) -> Value {
        if self.keep { value.clone() } else { Value::Null }
    }

    fn map(&self, map: &Map, object: &serde_json::Map<String, Value>, fields: &Set) -> Value {
        let mut out = serde_json::Map::new();
        for (name, value) in object {
            let element = PathElement::field(name);
            let member = fields.has_member(&element);
            if member && !self.keep {
                continue;
            }
            let below = fields.child(&element).filter(|below| !below.is_empty());
            let kept = match (below, map.child(name)) {
                (None, _) if self.keep && !member => continue,
                (None, Some(type_id)) if self.keep => self.visit(type_id, value, &Set::new()),
                (Some(below), Some(type_id)) => self.visit(type_id, value, below),
                _ => value.clone(),
            };
            out.insert(name.clone(), kept);
        }
        if out.is_empty() { Value::Null } else { Value::Object(out) }
    }

    fn list(&self, list: &List, array: &[Value], fields: &Set) -> Value {
        let mut out = Vec::new();
        for item in array {
            let Ok(element) = items::element(self.context, list, item) else { continue };
            let member = fields.has_member(&element);
            if member && !self.keep {
                continue;
            }
            match fields.child(&element).filter(|below| !below.is_empty()) {
                Some(below) => out.push(self.visit(list.element, item, below)),
                None if self.keep && !member => {}
                None if self.keep => out.push(self.visit(list.element, item, &Set::new())),
                None => out.push(item.clone()),
            }
        }
        if out.is_empty() { Value::Null } else { Value::Array(out) }
    }
}
