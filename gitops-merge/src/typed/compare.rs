//! The difference of two values as sets of fields.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Context, Form, TypeError, as_list, as_map, check_scalar, forms, items};
use crate::fields::{Path, PathElement, Set};
use crate::schema::{List, ListRelation, Map, Schema, TypeId};
use crate::value::equal;

/// What changes from one value to another. No field is in more than one set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Fields that only the old value has.
    pub removed: Set,
    /// Fields that both have, with different values.
    pub modified: Set,
    /// Fields that only the new value has.
    pub added: Set,
}

impl Comparison {
    /// Leaves out fields and everything below them.
    pub fn exclude(&mut self, fields: &Set) {
        if !fields.is_empty() {
            self.removed = self.removed.recursive_difference(fields);
            self.modified = self.modified.recursive_difference(fields);
            self.added = self.added.recursive_difference(fields);
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.modified.is_empty() && self.added.is_empty()
    }
}

/// Compares two values of one type.
///
/// # Errors
/// Scalars where neither side has the type's form, and list items without a key.
pub fn compare(schema: &Schema, type_id: TypeId, old: &Value, new: &Value) -> Result<Comparison, Vec<TypeError>> {
    let mut walk =
        Walk { context: Context { schema }, path: Vec::new(), out: Comparison::default(), errors: Vec::new() };
    walk.visit(type_id, Some(old), Some(new));
    if walk.errors.is_empty() { Ok(walk.out) } else { Err(walk.errors) }
}

struct Walk<'a> {
    context: Context<'a>,
    path: Vec<PathElement>,
    out: Comparison,
    errors: Vec<TypeError>,
}

impl Walk<'_> {
    fn fail(&mut self, message: String) {
        self.errors.push(TypeError::new(&Path::from(self.path.clone()), message));
    }

    fn visit(&mut self, type_id: TypeId, old: Option<&Value>, new: Option<&Value>) {
        let (other, form) = forms(self.context.get(type_id), old, new);
        if let Some(other) = other {
            self.form(other, old, new);
        }
        let leaf = self.form(form, old, new);
        if !leaf {
            match (old, new) {
                (None, _) => self.out.added.insert(&self.path),
                (_, None) => self.out.removed.insert(&self.path),
                _ => {}
            }
        }
    }

    /// Walks one form and tells whether the value is a leaf of it.
    fn form(&mut self, form: Form<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
        match form {
            Form::Scalar(scalar) => {
                if let (Err(message), Err(_)) = (check_scalar(scalar, old), check_scalar(scalar, new))
                    && old.is_some()
                    && new.is_some()
                {
                    self.fail(message);
                    return false;
                }
                self.leaf(old, new)
            }
            Form::Map(map) => {
                let (a, b) = (as_map(old), as_map(new));
                let empty = a.is_none_or(serde_json::Map::is_empty) && b.is_none_or(serde_json::Map::is_empty);
                if map.atomic || empty {
                    return self.leaf(old, new);
                }
                self.map(map, a, b);
                false
            }
            Form::List(list) => {
                let (a, b) = (as_list(old), as_list(new));
                if list.relation == ListRelation::Atomic || (a.is_empty() && b.is_empty()) {
                    return self.leaf(old, new);
                }
                self.list(list, a, b);
                false
            }
            Form::None => {
                self.fail("schema error: invalid atom".to_owned());
                false
            }
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) -> bool {
        match (old, new) {
            (None, _) => self.out.added.insert(&self.path),
            (_, None) => self.out.removed.insert(&self.path),
            (Some(old), Some(new)) if !equal(old, new) => self.out.modified.insert(&self.path),
            _ => {}
        }
        true
    }

    fn map(
        &mut self,
        map: &Map,
        old: Option<&serde_json::Map<String, Value>>,
        new: Option<&serde_json::Map<String, Value>>,
    ) {
        let names: BTreeSet<&String> = old.into_iter().chain(new).flat_map(serde_json::Map::keys).collect();
        for name in names {
            let Some(type_id) = map.child(name) else {
                self.fail(format!("{name}: field not declared in schema"));
                continue;
            };
            self.path.push(PathElement::field(name));
            self.visit(type_id, old.and_then(|map| map.get(name)), new.and_then(|map| map.get(name)));
            self.path.pop();
        }
    }

    fn list(&mut self, list: &List, old: &[Value], new: &[Value]) {
        let mut both: BTreeMap<PathElement, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
        for (index, item) in old.iter().enumerate() {
            if let Some(element) = self.element(list, index, item) {
                both.entry(element).or_default().0.push(item);
            }
        }
        for (index, item) in new.iter().enumerate() {
            if let Some(element) = self.element(list, index, item) {
                both.entry(element).or_default().1.push(item);
            }
        }
        for (element, (old, new)) in both {
            self.path.push(element);
            self.duplicated(list.element, &old, &new);
            self.path.pop();
        }
    }

    /// Items that repeat are one atomic value; an item that stops or starts to repeat is compared with nothing.
    fn duplicated(&mut self, type_id: TypeId, old: &[&Value], new: &[&Value]) {
        match (old.len(), new.len()) {
            (0 | 1, 0 | 1) => self.visit(type_id, old.first().copied(), new.first().copied()),
            (2.., 2..) => {
                if old.len() != new.len() || !old.iter().zip(new).all(|(a, b)| equal(a, b)) {
                    self.out.modified.insert(&self.path);
                }
            }
            (2.., _) => {
                if let Some(item) = new.first() {
                    self.visit(type_id, None, Some(item));
                }
                self.out.removed.insert(&self.path);
            }
            _ => {
                if let Some(item) = old.first() {
                    self.visit(type_id, Some(item), None);
                }
                self.out.added.insert(&self.path);
            }
        }
    }

    fn element(&mut self, list: &List, index: usize, item: &Value) -> Option<PathElement> {
        items::element(self.context, list, item)
            .map_err(|message| self.fail(format!("element {index}: {message}")))
            .ok()
    }
}
