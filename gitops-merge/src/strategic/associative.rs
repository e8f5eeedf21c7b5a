//! Lists that are merged as kustomize merges them (kyaml v0.21.1, `yaml/walk/associative_sequence.go`).
//!
//! Items are told apart by the texts of all their keys, of which a patch may leave some out. The items of the patch come
//! first.

use serde_json::{Map, Value};

use super::list::{Lists, directive};
use super::{PATCH, PatchError, Walk};
use crate::schema::{ListRelation, Patch, Schema, TypeId};

/// The texts of an item's keys, empty where it has none.
type Texts = Vec<String>;

impl Walk<'_> {
    /// None where the patch deletes the list.
    pub(super) fn associative(
        &mut self,
        type_id: Option<TypeId>,
        keys: &[String],
        lists: &Lists<'_>,
    ) -> Result<Option<Vec<Value>>, PatchError> {
        let (word, patch) = whole(lists.patch);
        match word {
            Some("delete") => return Ok(None),
            Some("replace") => return Ok(Some(patch)),
            None | Some("merge") => {}
            Some(other) => {
                return Err(PatchError::Directive { path: self.shown(), directive: other.to_owned() });
            }
        }
        let element = type_id.and_then(|id| self.schema.get(id).list.as_ref()).map(|list| list.element);
        if let [key] = keys
            && patch.iter().chain(lists.held).any(|item| lacks(item, key))
        {
            return self.keyless(element, key, &patch, lists.held).map(Some);
        }
        let identities = identities(keys, &patch, lists.held);
        let used: Vec<&String> = used(keys, &identities);
        let mut merged: Vec<(Texts, Value)> = Vec::with_capacity(identities.len());
        for identity in &identities {
            let find = |list: &[Value]| list.iter().find(|item| matches(item, keys, identity)).cloned();
            let (held, new) = (find(lists.held), find(&patch));
            self.path.push(format!("[{}]", identity.join(",")));
            let item = self.item(element, held, new)?;
            self.path.pop();
            let Some(Value::Object(mut item)) = item.filter(|item| item.as_object().is_none_or(|map| !map.is_empty()))
            else {
                continue;
            };
            for (key, text) in keys.iter().zip(identity).filter(|(key, text)| used.contains(key) && !text.is_empty()) {
                item.entry(key.clone()).or_insert_with(|| text.as_str().into());
            }
            merged.push((identity.clone(), Value::Object(item)));
        }
        if keys.len() > 1 {
            // With several keys, items that were there already go behind the new ones, in the order that they had.
            let place = |identity: &Texts| lists.held.iter().rposition(|item| matches(item, keys, identity));
            merged.sort_by_key(|(identity, _)| place(identity).map_or(0, |place| place + 1));
        }
        let mut out: Vec<Value> = merged.into_iter().map(|(_, item)| item).collect();
        // An item without a key cannot be told apart: kustomize keeps the last of them, and with one key nothing of what
        // comes before it. A patch's count where there was no list.
        let all = if lists.held.is_empty() { patch.as_slice() } else { lists.held };
        let keyless = |item: &Value| texts(item, keys).iter().all(String::is_empty);
        if let Some(last) = all.iter().rposition(keyless) {
            let behind: Vec<Texts> = all.iter().skip(last + 1).map(|item| texts(item, keys)).collect();
            if keys.len() == 1 {
                out.retain(|item| behind.contains(&texts(item, keys)));
            }
            out.splice(0..0, all.get(last).cloned());
        }
        Ok(Some(out))
    }

    /// Where items lack the one key, the first of them takes away the items that are there and were not merged before it.
    /// What lacks the key is kept when it was there, or nothing was, and then only the last of it, alone.
    fn keyless(
        &mut self,
        element: Option<TypeId>,
        key: &str,
        patch: &[Value],
        held: &[Value],
    ) -> Result<Vec<Value>, PatchError> {
        let kept = if held.is_empty() { patch } else { held };
        if let Some(last) = kept.iter().rfind(|item| lacks(item, key)) {
            return Ok(vec![last.clone()]);
        }
        let keys = [key.to_owned()];
        let mut taken_away = false;
        let mut out = Vec::new();
        for item in patch {
            if lacks(item, key) {
                taken_away = true;
                continue;
            }
            let identity = texts(item, &keys);
            let there = held.iter().find(|held| !taken_away && texts(held, &keys) == identity).cloned();
            out.extend(self.item(element, there, Some(item.clone()))?);
        }
        Ok(out)
    }

    fn item(
        &mut self,
        element: Option<TypeId>,
        held: Option<Value>,
        patch: Option<Value>,
    ) -> Result<Option<Value>, PatchError> {
        let empty = Map::new();
        match (held, patch) {
            (held, Some(Value::Object(patch))) => {
                let held = held.as_ref().and_then(Value::as_object).unwrap_or(&empty);
                Ok(self.map(element, held, &patch)?.map(Value::Object))
            }
            (held, None) => Ok(held),
            (_, patch) => Ok(patch),
        }
    }
}

/// Leaves of the items that are told apart by keys the last of each, and takes away the lists and maps that are null:
/// kustomize walks everything in a resource that it patches.
pub(super) fn settle(schema: &Schema, type_id: Option<TypeId>, value: &mut Value) {
    let (Value::Object(map), Some(type_id)) = (value, type_id) else { return };
    let Some(fields) = &schema.get(type_id).map else { return };
    map.retain(|name, field| {
        let child = fields.child(name);
        let known = child.map(|child| schema.get(child));
        if field.is_null()
            && known.is_some_and(|known| known.scalar.is_none() && (known.list.is_some() || known.map.is_some()))
        {
            return false;
        }
        let strategy = fields.fields.get(name).and_then(|field| field.patch.as_ref());
        match (field, known.and_then(|known| known.list.as_ref())) {
            (Value::Array(items), Some(list)) if strategy.is_some_and(|strategy| strategy.merge) => {
                let keys = keys(schema, child, strategy);
                if !keys.is_empty() {
                    if let [key] = keys.as_slice()
                        && let Some(last) = items.iter().rposition(|item| lacks(item, key))
                    {
                        *items = items.drain(..).skip(last).take(1).collect();
                    }
                    leave_last(items, &keys);
                    items.iter_mut().for_each(|item| settle(schema, Some(list.element), item));
                }
            }
            (field, _) => settle(schema, child, field),
        }
        true
    });
}

fn leave_last(items: &mut Vec<Value>, keys: &[String]) {
    let mut places: std::collections::BTreeMap<Texts, usize> = std::collections::BTreeMap::new();
    let mut kept: Vec<Option<Value>> = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        let texts = texts(&item, keys);
        if texts.iter().all(String::is_empty) {
            if keys.len() == 1 {
                kept.clear();
                places.clear();
            }
            kept.push(Some(item));
            continue;
        }
        match places.get(&texts).copied() {
            // With one key the last takes the place of the first, with several it keeps its own.
            Some(place) if keys.len() == 1 => {
                if let Some(slot) = kept.get_mut(place) {
                    *slot = Some(item);
                }
            }
            earlier => {
                if let Some(slot) = earlier.and_then(|place| kept.get_mut(place)) {
                    *slot = None;
                }
                places.insert(texts, kept.len());
                kept.push(Some(item));
            }
        }
    }
    items.extend(kept.into_iter().flatten());
}

/// The keys of a list: those that tell its items apart, else the one that patches are merged by.
pub(super) fn keys(schema: &Schema, type_id: Option<TypeId>, strategy: Option<&Patch>) -> Vec<String> {
    let relation = type_id.and_then(|id| schema.get(id).list.as_ref()).map(|list| &list.relation);
    match (relation, strategy.and_then(|strategy| strategy.merge_key.clone())) {
        (Some(ListRelation::Map(keys)), Some(_)) => keys.clone(),
        (_, key) => key.into_iter().collect(),
    }
}

/// What an item says of the whole list, which is a `$patch` and nothing else, and the other items.
fn whole(patch: &[Value]) -> (Option<&str>, Vec<Value>) {
    // The first item with the directive counts.
    let with = patch.iter().find(|item| item.get(PATCH).is_some());
    let alone = with.filter(|item| item.as_object().is_some_and(|map| map.len() == 1));
    let word = alone.and_then(directive);
    let rest = patch.iter().filter(|item| word.is_none() || Some(*item) != alone).cloned().collect();
    (word, rest)
}

/// Every combination of keys that an item of the patch or of what is there has, the patch's first.
fn identities(keys: &[String], patch: &[Value], held: &[Value]) -> Vec<Texts> {
    let mut found: Vec<Texts> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for item in patch.iter().chain(held) {
        let texts = texts(item, keys);
        if !texts.iter().all(String::is_empty) && seen.insert(texts.clone()) {
            found.push(texts);
        }
    }
    if keys.len() > 1 {
        complete(&mut found);
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|texts| seen.insert(texts.clone()));
    }
    found
}

/// Fills in what one combination leaves out and another one, which is equal otherwise, has.
fn complete(found: &mut [Texts]) {
    if !found.iter().any(|texts| texts.iter().any(String::is_empty)) {
        return;
    }
    for first in 0..found.len() {
        for second in 0..found.len() {
            let joined = match (found.get(first), found.get(second)) {
                (Some(one), Some(other)) if one != other => joined(one, other),
                _ => None,
            };
            if let Some(joined) = joined {
                for place in [first, second] {
                    if let Some(slot) = found.get_mut(place) {
                        slot.clone_from(&joined);
                    }
                }
            }
        }
    }
}

fn joined(one: &Texts, other: &Texts) -> Option<Texts> {
    let common = one.iter().zip(other).any(|(one, other)| one == other);
    let fits = one.iter().zip(other).all(|(one, other)| one == other || one.is_empty() || other.is_empty());
    let either = |(one, other): (&String, &String)| if one.is_empty() { other.clone() } else { one.clone() };
    (common && fits).then(|| one.iter().zip(other).map(either).collect())
}

/// The keys that any item has.
fn used<'a>(keys: &'a [String], identities: &[Texts]) -> Vec<&'a String> {
    let has = |at: usize| identities.iter().any(|texts| texts.get(at).is_some_and(|text| !text.is_empty()));
    keys.iter().enumerate().filter(|(at, _)| has(*at)).map(|(_, key)| key).collect()
}

/// Whether an item has these keys; those that are empty do not count.
fn matches(item: &Value, keys: &[String], identity: &Texts) -> bool {
    let own = texts(item, keys);
    own.iter().zip(identity).all(|(own, wanted)| wanted.is_empty() || own == wanted || own.is_empty())
        && own.iter().zip(identity).any(|(own, wanted)| own == wanted && !own.is_empty())
}

fn lacks(item: &Value, key: &str) -> bool {
    item.as_object().is_some_and(|map| !map.contains_key(key) && !map.contains_key(PATCH))
}

fn texts(item: &Value, keys: &[String]) -> Texts {
    let text = |key: &String| match item.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => String::new(),
    };
    keys.iter().map(text).collect()
}
