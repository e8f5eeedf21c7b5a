//! Lists whose items are told apart by keys, or by themselves (`yaml/walk/associative_sequence.go`).
//!
//! Items are found by the texts of their keys. A key that is empty stands for the item itself, which is a scalar then.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{MergeError, PATCH, Place, Walk, Walked, form};

/// The texts of an item's keys, empty where it has none.
type Texts = Vec<String>;

/// Longer lists than any that is merged; the time grows with the square.
const MAX_ITEMS: usize = 10_000;

impl<'a> Walk<'a> {
    /// Merges a list of the patch into one of the object, the patch's items first. Without one, the list is the patch's
    /// alone.
    pub(super) fn elements(
        &mut self,
        place: Place<'a>,
        keys: &[String],
        mut held: Vec<Value>,
        mut patch: Option<Vec<Value>>,
    ) -> Result<Vec<Value>, MergeError> {
        if held.len() + patch.as_ref().map_or(0, Vec::len) > MAX_ITEMS {
            return Err(MergeError::Items { path: self.shown(), limit: MAX_ITEMS });
        }
        let wanted = identities(keys, patch.iter().flatten().chain(&held));
        let used = used(keys, &wanted);
        let mut merged = Vec::with_capacity(wanted.len());
        for identity in &wanted {
            let (names, texts) = of_keys(keys, identity, &used);
            let item = self.inside(&format!("[{}]", texts.join(",")), |walk| {
                walk.element(place.element(), (keys, identity), &mut held, patch.as_mut())
            })?;
            let wrong = |wrong: Wrong| wrong.at(self.shown());
            let Some((mut item, at)) = item.filter(|(item, _)| !is_nothing(item)) else {
                set(&mut held, None, &names, &texts).map_err(wrong)?;
                continue;
            };
            if let Value::Object(item) = &mut item {
                for (name, text) in names.iter().zip(&texts).filter(|(_, text)| !text.is_empty()) {
                    item.entry(*name).or_insert_with(|| Value::String((*text).into()));
                }
            }
            if let Some(slot) = at.and_then(|at| held.get_mut(at)) {
                slot.clone_from(&item);
            }
            set(&mut merged, Some(&item), &names, &texts).map_err(wrong)?;
        }
        let Some(last) = wanted.last() else { return Ok(held) };
        let (names, _) = of_keys(keys, last, &used);
        append(&mut merged, &held, &names).map_err(|wrong| wrong.at(self.shown()))?;
        Ok(merged)
    }

    /// The item of an identity, and where in the held list it stands if it is the one that was there.
    fn element(
        &mut self,
        place: Place<'a>,
        (keys, identity): (&[String], &Texts),
        held: &mut [Value],
        patch: Option<&mut Vec<Value>>,
    ) -> Result<Option<(Value, Option<usize>)>, MergeError> {
        let own = used(keys, std::slice::from_ref(identity));
        let (names, texts) = of_keys(keys, identity, &own);
        let at = find(held, &names, &texts);
        let there = at.and_then(|at| held.get(at)).cloned();
        let Some(patch) = patch else {
            let Some(there) = there else { return Ok(None) };
            return Ok(self.alone(place, there, true)?.map(|item| (item, at)));
        };
        let new = find(patch, &names, &texts).and_then(|at| patch.get_mut(at));
        let given = new.as_deref().cloned();
        if let Some(Value::Object(new)) = new {
            // The directive counts once.
            new.remove(PATCH);
        }
        Ok(match self.pair(place, there, given)? {
            Walked::Held(item) => Some((item, at)),
            Walked::Other { value, .. } => value.map(|item| (item, None)),
        })
    }
}

/// The keys that any identity has; all of them where none has one.
fn used(keys: &[String], identities: &[Texts]) -> Vec<usize> {
    let has = |at: &usize| identities.iter().any(|texts| texts.get(*at).is_some_and(|text| !text.is_empty()));
    let used: Vec<usize> = (0..keys.len()).filter(has).collect();
    if used.is_empty() { (0..keys.len()).collect() } else { used }
}

/// Those keys of an identity, and their texts.
fn of_keys<'k>(keys: &'k [String], identity: &'k Texts, used: &[usize]) -> (Vec<&'k str>, Vec<&'k str>) {
    used.iter().filter_map(|at| Some((keys.get(*at)?.as_str(), identity.get(*at)?.as_str()))).unzip()
}

/// Every combination of texts once, in the order of the items.
fn identities<'v>(keys: &[String], items: impl Iterator<Item = &'v Value>) -> Vec<Texts> {
    let mut seen = BTreeSet::new();
    let mut found: Vec<Texts> = Vec::new();
    for item in items {
        let texts: Texts = keys.iter().map(|key| key_text(item, key)).collect();
        if seen.insert(texts.clone()) {
            found.push(texts);
        }
    }
    if keys.len() > 1 && found.iter().any(|texts| texts.iter().any(String::is_empty)) {
        complete(&mut found);
    }
    found
}

/// Fills in what one combination leaves out and another one, which is equal otherwise, has.
fn complete(found: &mut [Texts]) {
    for first in 0..found.len() {
        for second in 0..found.len() {
            let Some(joined) = found.get(first).zip(found.get(second)).and_then(|(one, other)| joined(one, other))
            else {
                continue;
            };
            for place in [first, second] {
                if let Some(slot) = found.get_mut(place) {
                    slot.clone_from(&joined);
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

fn key_text(item: &Value, key: &str) -> String {
    if key.is_empty() {
        text(item)
    } else {
        item.get(key).filter(|field| !field.is_null()).map(text).unwrap_or_default()
    }
}

/// The text of a scalar; maps and lists have none.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => String::new(),
        scalar => scalar.to_string(),
    }
}

/// The first item with these texts.
fn find(items: &[Value], keys: &[&str], texts: &[&str]) -> Option<usize> {
    let has = |item: &Value, (key, wanted): (&&str, &&str)| match key.is_empty() {
        true => text(item) == **wanted,
        false => item.get(key).is_some_and(|field| text(field) == **wanted),
    };
    items.iter().position(|item| keys.iter().zip(texts).all(|pair| has(item, pair)))
}

/// An item that is not what its list asks for.
pub(super) struct Wrong {
    expected: &'static str,
    found: &'static str,
}

impl Wrong {
    pub(super) fn at(self, path: String) -> MergeError {
        MergeError::Form { path, expected: self.expected, found: self.found }
    }
}

fn is_nothing(item: &Value) -> bool {
    item.is_null() || item.as_object().is_some_and(serde_json::Map::is_empty)
}

/// Puts an item in the place of those with these texts, or behind the others; without one, takes those away. Nulls and
/// empty maps go, and so does everything that was not found where no text is asked for.
pub(super) fn set(list: &mut Vec<Value>, item: Option<&Value>, keys: &[&str], texts: &[&str]) -> Result<(), Wrong> {
    let for_maps =
        keys.first().is_some_and(|key| !key.is_empty()) && texts.first().is_some_and(|text| !text.is_empty());
    let mut replaced = false;
    for old in std::mem::take(list) {
        if is_nothing(&old) {
            continue;
        }
        if for_maps && !old.is_object() {
            list.push(old);
        } else if has_texts(&old, keys, texts)? {
            replaced = true;
            list.extend(item.cloned());
        } else if !texts.is_empty() {
            list.push(old);
        }
    }
    if !replaced {
        list.extend(item.cloned());
    }
    Ok(())
}

/// Whether an item has these texts; an empty one is had by whoever has the key. Of keys without a text the one before counts.
fn has_texts(item: &Value, keys: &[&str], texts: &[&str]) -> Result<bool, Wrong> {
    let mut found = false;
    for (at, key) in keys.iter().enumerate() {
        if let Some(wanted) = texts.get(at) {
            let expected = if key.is_empty() { "scalar" } else { "map" };
            if form(item) != expected {
                return Err(Wrong { expected, found: form(item) });
            }
            found = match item.get(key) {
                _ if key.is_empty() => text(item) == **wanted,
                Some(field) => wanted.is_empty() || text(field) == **wanted,
                None => false,
            };
        }
        if !found {
            return Ok(false);
        }
    }
    Ok(found)
}

/// Puts the items that were there behind the merged ones, or in their places.
fn append(merged: &mut Vec<Value>, held: &[Value], keys: &[&str]) -> Result<(), Wrong> {
    for item in held {
        if keys.first().is_none_or(|key| key.is_empty()) {
            set(merged, Some(item), &[""], &[&text(item)])?;
            continue;
        }
        let mut texts = Vec::with_capacity(keys.len());
        for key in keys {
            match item.get(key) {
                Some(field) => texts.push(text(field)),
                None if item.is_object() || item.is_null() => merged.push(item.clone()),
                None => return Err(Wrong { expected: "map", found: form(item) }),
            }
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        if keys.len() > 1 {
            // With several keys, items that were there already go behind the new ones.
            set(merged, None, keys, &texts)?;
        }
        set(merged, Some(item), keys, &texts)?;
    }
    Ok(())
}
