//! Patches between objects: what a strategic merge patch has to say to make one of another.
//!
//! Follows apimachinery's `CreateTwoWayMergePatch` and the two halves of `CreateThreeWayMergePatch` (v0.34).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::list::identity;
use super::{DELETE_ITEMS, ORDER, PATCH, PatchError, RETAIN_KEYS, Walk};
use crate::schema::{Patch, Schema, TypeId};

/// Which differences a patch tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differences {
    /// All.
    All,
    /// What is new or another value; what only the original has stays.
    Additions,
    /// What only the original has, which the patch removes.
    Deletions,
}

impl Differences {
    fn adds(self) -> bool {
        self != Self::Deletions
    }

    fn deletes(self) -> bool {
        self != Self::Additions
    }
}

/// The patch that makes `modified` of `original`, as far as it is asked for. `type_id` is the type of both; none where it
/// is not known.
///
/// # Errors
/// [`PatchError`] where an item of a list that is merged by a key does not have the key.
pub fn difference(
    schema: &Schema,
    type_id: Option<TypeId>,
    original: &Map<String, Value>,
    modified: &Map<String, Value>,
    what: Differences,
) -> Result<Map<String, Value>, PatchError> {
    let mut walk = Walk { schema, path: Vec::new() };
    walk.difference(type_id, original, modified, (what, false))
}

impl Walk<'_> {
    fn difference(
        &mut self,
        type_id: Option<TypeId>,
        original: &Map<String, Value>,
        modified: &Map<String, Value>,
        (what, retain): (Differences, bool),
    ) -> Result<Map<String, Value>, PatchError> {
        if self.path.len() > super::MAX_DEPTH {
            return Err(PatchError::Depth(self.shown()));
        }
        let mut patch = Map::new();
        for (name, value) in modified {
            let Some(held) = original.get(name) else {
                if what.adds() {
                    patch.insert(name.clone(), value.clone());
                }
                continue;
            };
            let (child, strategy) = self.field(type_id, name);
            self.path.push(name.clone());
            match (held, value) {
                (Value::Object(held), Value::Object(value)) => {
                    let retain = strategy.is_some_and(|strategy| strategy.retain_keys);
                    let below = self.difference(child, held, value, (what, retain))?;
                    if !below.is_empty() {
                        patch.insert(name.clone(), Value::Object(below));
                    }
                }
                (Value::Array(held), Value::Array(value)) if strategy.is_some_and(|strategy| strategy.merge) => {
                    self.lists(name, (child, strategy), (held, value), what, &mut patch)?;
                }
                _ if what.adds() && held != value => drop(patch.insert(name.clone(), value.clone())),
                _ => {}
            }
            self.path.pop();
        }
        if what.deletes() {
            let gone = original.keys().filter(|name| !modified.contains_key(*name));
            patch.extend(gone.map(|name| (name.clone(), Value::Null)));
        }
        if retain {
            let kept: Vec<Value> = modified
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, _)| Value::from(name.as_str()))
                .collect();
            let new = modified.keys().any(|name| !original.contains_key(name));
            if !kept.is_empty() && (new || !patch.is_empty()) {
                patch.insert(RETAIN_KEYS.into(), Value::Array(kept));
            }
        }
        Ok(patch)
    }

    /// What a patch says of a list that is merged.
    fn lists(
        &mut self,
        name: &str,
        (type_id, strategy): (Option<TypeId>, Option<&Patch>),
        (original, modified): (&[Value], &[Value]),
        what: Differences,
        patch: &mut Map<String, Value>,
    ) -> Result<(), PatchError> {
        if original.is_empty() {
            if !modified.is_empty() && what.adds() {
                patch.insert(name.into(), Value::Array(modified.to_vec()));
            }
            return Ok(());
        }
        let mut set = |prefix: &str, list: Vec<Value>| {
            if !list.is_empty() {
                patch.insert(format!("{prefix}{name}"), Value::Array(list));
            }
        };
        match strategy.and_then(|strategy| strategy.merge_key.as_deref()) {
            Some(key) => {
                let (items, order) = self.keyed_lists((type_id, key), (original, modified), what)?;
                set("", items);
                set(ORDER, order);
            }
            None => {
                let (added, deleted, order) = scalars(original, modified, what);
                set("", added);
                set(DELETE_ITEMS, deleted);
                set(ORDER, order);
            }
        }
        Ok(())
    }

    /// The items of a patch, deletions last, and the order that it asks for.
    fn keyed_lists(
        &mut self,
        (type_id, key): (Option<TypeId>, &str),
        (original, modified): (&[Value], &[Value]),
        what: Differences,
    ) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
        let element = type_id.and_then(|id| self.schema.get(id).list.as_ref()).map(|list| list.element);
        for item in original.iter().chain(modified) {
            if item.get(key).is_none() {
                return Err(PatchError::Key { path: self.shown(), key: key.to_owned() });
            }
        }
        let same = |left: &Value, right: &Value| identity(left, Some(key)) == identity(right, Some(key));
        let mut items = Vec::new();
        for item in modified {
            match (original.iter().find(|held| same(held, item)), item) {
                (Some(Value::Object(held)), Value::Object(map)) => {
                    let mut below = self.difference(element, held, map, (what, false))?;
                    if !below.is_empty() {
                        below.insert(key.into(), item.get(key).cloned().unwrap_or_default());
                        items.push(Value::Object(below));
                    }
                }
                _ if what.adds() => items.push(item.clone()),
                _ => {}
            }
        }
        if what.deletes() {
            let gone = original.iter().filter(|held| !modified.iter().any(|item| same(held, item)));
            items.extend(gone.map(|held| {
                let key_value = held.get(key).cloned().unwrap_or_default();
                Value::Object(Map::from_iter([(PATCH.into(), "delete".into()), (key.into(), key_value)]))
            }));
        }
        let moved =
            original.len() != modified.len() || original.iter().zip(modified).any(|(one, other)| !same(one, other));
        let order = match !items.is_empty() || (what.adds() && moved) {
            true => modified.iter().map(|item| keyed(item, key)).collect(),
            false => Vec::new(),
        };
        Ok((items, order))
    }
}

fn keyed(item: &Value, key: &str) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), item.get(key).cloned().unwrap_or_default())]))
}

/// Added and deleted items of a list of scalars, and the order that the patch asks for.
fn scalars(original: &[Value], modified: &[Value], what: Differences) -> (Vec<Value>, Vec<Value>, Vec<Value>) {
    let lacking = |list: &[Value], other: &[Value]| -> Vec<Value> {
        let known: BTreeSet<_> = other.iter().map(|item| identity(item, None)).collect();
        let mut seen = BTreeSet::new();
        let new = list.iter().filter(|item| !known.contains(&identity(item, None)));
        new.filter(|item| seen.insert(identity(item, None))).cloned().collect()
    };
    let added = if what.adds() { lacking(modified, original) } else { Vec::new() };
    let deleted = if what.deletes() { lacking(original, modified) } else { Vec::new() };
    let ordered = !deleted.is_empty() || (what.adds() && original != modified);
    (added, deleted, if ordered { modified.to_vec() } else { Vec::new() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::merge;
    use super::*;
    use crate::schema::Kinds;

    fn patched(original: &Value, modified: &Value, what: Differences) -> Value {
        let kinds = Kinds::builtin().unwrap();
        let kind = kinds.get("apps/v1", "Deployment").unwrap();
        let (Value::Object(from), Value::Object(to)) = (original, modified) else { panic!("maps") };
        let patch = difference(&kind.schema, Some(kind.type_id), from, to, what).unwrap();
        merge(&kind.schema, Some(kind.type_id), original, &Value::Object(patch)).unwrap()
    }

    fn pod(containers: Value, finalizers: Value) -> Value {
        json!({"metadata": {"finalizers": finalizers}, "spec": {"template": {"spec": {"containers": containers}}}})
    }

    #[test]
    fn a_patch_makes_one_of_the_other() {
        let original = pod(
            json!([{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "2"}]),
            json!(["one", "two"]),
        );
        let modified = pod(
            json!([{"name": "c", "image": "3"}, {"name": "a", "image": "4", "env": [{"name": "Y", "value": "2"}]}]),
            json!(["two", "three"]),
        );
        assert_eq!(patched(&original, &modified, Differences::All), modified);
        assert_eq!(patched(&modified, &original, Differences::All), original);
        assert_eq!(patched(&original, &original, Differences::All), original);
    }

    #[test]
    fn additions_keep_what_is_only_there() {
        let original = pod(json!([{"name": "a", "image": "1", "tty": true}]), json!(["one"]));
        let modified = pod(json!([{"name": "a", "image": "2"}]), json!(["two"]));
        let both = patched(&original, &modified, Differences::Additions);
        assert_eq!(both, pod(json!([{"name": "a", "image": "2", "tty": true}]), json!(["two", "one"])));
        let left = patched(&original, &modified, Differences::Deletions);
        assert_eq!(left, pod(json!([{"name": "a", "image": "1"}]), json!([])));
    }

    #[test]
    fn an_item_without_its_key_is_refused() {
        let kinds = Kinds::builtin().unwrap();
        let kind = kinds.get("apps/v1", "Deployment").unwrap();
        let (from, to) = (pod(json!([{"name": "a"}]), json!([])), pod(json!([{"image": "b"}]), json!([])));
        let (Value::Object(from), Value::Object(to)) = (from, to) else { panic!("maps") };
        let refused = difference(&kind.schema, Some(kind.type_id), &from, &to, Differences::All);
        assert!(matches!(refused, Err(PatchError::Key { .. })));
    }
}
