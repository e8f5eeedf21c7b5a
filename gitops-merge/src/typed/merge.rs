//! Merging what is applied into what is there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::{Context, Form, TypeError, as_list, as_map, check_scalar, forms, items};
use crate::fields::{Path, PathElement};
use crate::schema::{List, ListRelation, Map, Schema, TypeId};

/// Merges `applied` into `live`: maps field by field, sets and list-maps item by item, everything else replaced.
///
/// # Errors
/// Scalars where neither side has the type's form, items without a key, items that repeat in what is applied.
pub fn merge(schema: &Schema, type_id: TypeId, live: &Value, applied: &Value) -> Result<Value, Vec<TypeError>> {
    let mut walk = Walk { context: Context { schema }, path: Vec::new(), errors: Vec::new() };
    let out = walk.visit(type_id, Some(live), Some(applied));
    if walk.errors.is_empty() { Ok(out.unwrap_or(Value::Null)) } else { Err(walk.errors) }
}

struct Walk<'a> {
    context: Context<'a>,
    path: Vec<PathElement>,
    errors: Vec<TypeError>,
}

/// Items of a list by their element; an element that repeats stands for none of its items.
struct Indexed<'v> {
    elements: Vec<PathElement>,
    values: BTreeMap<PathElement, Option<&'v Value>>,
}

impl Walk<'_> {
    fn fail(&mut self, message: String) {
        self.errors.push(TypeError::new(&Path::from(self.path.clone()), message));
    }

    fn visit(&mut self, type_id: TypeId, live: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
        let (_, form) = forms(self.context.get(type_id), live, applied);
        match form {
            Form::Scalar(scalar) => {
                if let (Err(message), Err(_)) = (check_scalar(scalar, live), check_scalar(scalar, applied))
                    && live.is_some()
                    && applied.is_some()
                {
                    self.fail(message);
                    return None;
                }
                applied.or(live).cloned()
            }
            Form::Map(map) => {
                let (a, b) = (as_map(live), as_map(applied));
                let empty = a.is_none_or(serde_json::Map::is_empty) && b.is_none_or(serde_json::Map::is_empty);
                if map.atomic || empty {
                    return applied.or(live).cloned();
                }
                self.map(map, a, b)
            }
            Form::List(list) => {
                let (a, b) = (as_list(live), as_list(applied));
                if list.relation == ListRelation::Atomic || (a.is_empty() && b.is_empty()) {
                    return applied.or(live).cloned();
                }
                self.list(list, a, b)
            }
            Form::None => {
                self.fail("schema error: invalid atom".to_owned());
                None
            }
        }
    }

    fn map(
        &mut self,
        map: &Map,
        live: Option<&serde_json::Map<String, Value>>,
        applied: Option<&serde_json::Map<String, Value>>,
    ) -> Option<Value> {
        let names: BTreeSet<&String> = live.into_iter().chain(applied).flat_map(serde_json::Map::keys).collect();
        let mut out = serde_json::Map::new();
        for name in names {
            self.path.push(PathElement::field(name));
            match map.child(name) {
                None => self.fail("field not declared in schema".to_owned()),
                Some(type_id) => {
                    let (a, b) = (live.and_then(|map| map.get(name)), applied.and_then(|map| map.get(name)));
                    if let Some(value) = self.visit(type_id, a, b) {
                        out.insert(name.clone(), value);
                    }
                }
            }
            self.path.pop();
        }
        (!out.is_empty()).then_some(Value::Object(out))
    }

    fn index<'v>(&mut self, list: &List, items: &'v [Value], duplicates: bool) -> Indexed<'v> {
        let mut out = Indexed { elements: Vec::with_capacity(items.len()), values: BTreeMap::new() };
        for (index, item) in items.iter().enumerate() {
            match items::element(self.context, list, item) {
                Err(message) => self.fail(format!("element {index}: {message}")),
                Ok(element) if !out.values.contains_key(&element) => {
                    out.values.insert(element.clone(), Some(item));
                    out.elements.push(element);
                }
                Ok(element) if duplicates => {
                    out.values.insert(element.clone(), None);
                    out.elements.push(element);
                }
                Ok(element) => self.fail(format!("duplicate entries for key {element}")),
            }
        }
        out
    }

    /// The order of what is applied wins; items that only the live list has keep their place between shared ones.
    fn list(&mut self, list: &List, live: &[Value], applied: &[Value]) -> Option<Value> {
        let failed = self.errors.len();
        let right = self.index(list, applied, false);
        let left = self.index(list, live, true);
        if self.errors.len() > failed {
            return None;
        }
        let mut shared: VecDeque<&PathElement> =
            right.elements.iter().filter(|element| left.values.contains_key(element)).collect();
        let mut next = shared.pop_front();
        let mut merged: BTreeSet<&PathElement> = BTreeSet::new();
        let mut out = Vec::with_capacity(left.elements.len().max(right.elements.len()));
        let (mut l, mut r) = (0, 0);
        while l < left.elements.len() || r < right.elements.len() {
            if let (Some(a), Some(b)) = (left.elements.get(l), right.elements.get(r)) {
                if a == b {
                    merged.insert(b);
                    out.extend(self.item(list, b, (left.values.get(b), right.values.get(b))));
                    l += 1;
                    r += 1;
                    next = shared.pop_front();
                    continue;
                }
                if right.values.contains_key(a) && next.is_some_and(|next| next != a) {
                    l += 1;
                    continue;
                }
            }
            if let Some(a) = left.elements.get(l) {
                if !right.values.contains_key(a) {
                    let item = live.get(l);
                    out.extend(self.item(list, a, (Some(&item), None)));
                    l += 1;
                    continue;
                }
                if merged.contains(a) {
                    l += 1;
                }
            }
            if let Some(b) = right.elements.get(r) {
                merged.insert(b);
                out.extend(self.item(list, b, (left.values.get(b), right.values.get(b))));
                r += 1;
                if next == Some(b) {
                    next = shared.pop_front();
                }
            }
        }
        (!out.is_empty()).then_some(Value::Array(out))
    }

    /// Merges the two sides of an item, the live one and the applied one.
    fn item(&mut self, list: &List, element: &PathElement, sides: (Side<'_>, Side<'_>)) -> Option<Value> {
        // A live item that repeats is not merged with: it is null, which any applied item replaces.
        let side = |side: Side<'_>| side.map(|value| value.cloned().unwrap_or(Value::Null));
        let (live, applied) = (side(sides.0), side(sides.1));
        self.path.push(element.clone());
        let out = self.visit(list.element, live.as_ref(), applied.as_ref());
        self.path.pop();
        out
    }
}

/// One side of an item: absent, repeated (none inside), or a value.
type Side<'v> = Option<&'v Option<&'v Value>>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::schema::{Field, Type};

    fn set_of_text() -> (Schema, TypeId) {
        let text = Type { scalar: Some(crate::schema::Scalar::String), ..Type::default() };
        let list = List { element: TypeId(0), relation: ListRelation::Set };
        let field = Field { type_id: TypeId(1), shape: None, default: None, patch: None, required: false };
        let map = Map { fields: [("set".to_owned(), field)].into(), ..Map::default() };
        let types =
            vec![text, Type { list: Some(list), ..Type::default() }, Type { map: Some(map), ..Type::default() }];
        (Schema::new(types), TypeId(2))
    }

    #[test]
    fn the_applied_order_wins_and_others_keep_their_place() {
        let (schema, id) = set_of_text();
        let out = merge(&schema, id, &json!({"set": ["a", "b", "c", "d"]}), &json!({"set": ["c", "x", "a"]})).unwrap();
        assert_eq!(out, json!({"set": ["b", "c", "d", "x", "a"]}));
    }

    proptest! {
        #[test]
        fn merging_terminates_and_keeps_every_item(
            live in proptest::collection::vec("[a-e]", 0..8),
            applied in proptest::collection::btree_set("[a-e]", 0..5),
        ) {
            let (schema, id) = set_of_text();
            let applied: Vec<_> = applied.into_iter().collect();
            let out = merge(&schema, id, &json!({"set": live}), &json!({"set": applied})).unwrap();
            let items = as_list(out.get("set"));
            for item in live.iter().chain(&applied) {
                prop_assert!(items.contains(&json!(item)));
            }
        }
    }
}
