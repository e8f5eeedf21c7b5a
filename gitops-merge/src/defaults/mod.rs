//! Defaults of built-in kinds, by table.

mod rules;
mod special;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::normalize::round_up_to_milli;
use crate::schema::{Format, Kind, Origin, Schema, TypeId};
use rules::{Action, Condition, Fill, Rule};

/// The rules of the table.
#[derive(Debug, Default)]
pub struct Defaults {
    rules: BTreeMap<&'static str, Vec<Rule>>,
}

impl Defaults {
    /// The rules for the built-in kinds; none where the table is damaged, which the tests exclude.
    #[must_use]
    pub fn builtin() -> Self {
        Self { rules: rules::parse(include_str!("builtin.table")).unwrap_or_default() }
    }
}

/// Fills in what the API server fills in for an object of a built-in kind, which is in its canonical form. Objects of
/// custom kinds are left alone: see [`crate::custom::default`].
pub fn fill(kind: &Kind, object: &mut Value) {
    if let Origin::Builtin { defaults } = &kind.origin {
        Walk { schema: &kind.schema, rules: &defaults.rules }.visit(kind.type_id, object);
    }
}

struct Walk<'a> {
    schema: &'a Schema,
    rules: &'a BTreeMap<&'static str, Vec<Rule>>,
}

impl Walk<'_> {
    fn visit(&self, type_id: TypeId, value: &mut Value) {
        let known = self.schema.get(type_id);
        match value {
            Value::Object(object) => {
                for rule in known.name.as_deref().and_then(|name| self.rules.get(name)).into_iter().flatten() {
                    apply(rule, object);
                }
                let Some(map) = &known.map else { return };
                if map.element.is_some_and(|id| self.schema.get(id).format == Format::Quantity) {
                    object.values_mut().for_each(round_up);
                }
                for (name, value) in object {
                    if let Some(child) = map.child(name) {
                        self.visit(child, value);
                    }
                }
            }
            Value::Array(items) => {
                if let Some(list) = &known.list {
                    items.iter_mut().for_each(|item| self.visit(list.element, item));
                }
            }
            _ => {}
        }
    }
}

/// Amounts of resources, which are the maps of quantities, have no parts below a thousandth.
fn round_up(amount: &mut Value) {
    if let Some(rounded) = amount.as_str().and_then(round_up_to_milli) {
        *amount = Value::from(rounded);
    }
}

fn apply(rule: &Rule, object: &mut Map<String, Value>) {
    if !rule.conditions.iter().all(|condition| holds(condition, object)) {
        return;
    }
    match &rule.action {
        Action::Special(name) => special::run(name, object),
        Action::Set { path, fill, force } => {
            if !force && rules::get(object, path).is_some_and(|value| !is_unset(value)) {
                return;
            }
            let value = match fill {
                Fill::Value(value) => Some(value.clone()),
                Fill::Field(from) => rules::get(object, from).filter(|value| !is_unset(value)).cloned(),
            };
            match value {
                Some(Value::Null) => rules::remove(object, path),
                Some(value) => rules::set(object, path, value),
                None => {}
            }
        }
    }
}

/// What counts as absent: null, and text that is empty, which for a field by value is the same.
fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn holds(condition: &Condition, object: &Map<String, Value>) -> bool {
    match condition {
        Condition::Equal(path, wanted) => rules::get(object, path) == Some(wanted),
        Condition::Unequal(path, wanted) => rules::get(object, path) != Some(wanted),
        Condition::Present(path) => rules::get(object, path).is_some_and(|value| !is_unset(value)),
        Condition::Absent(path) => rules::get(object, path).is_none_or(is_unset),
        Condition::Special(name) => special::test(name, object),
    }
}

#[cfg(test)]
mod tests;
