//! Lists that are merged.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{PATCH, PatchError, Walk};
use crate::schema::{Patch, TypeId};

/// A list with what the patch says about it.
pub(super) struct Lists<'a> {
    pub(super) held: &'a [Value],
    pub(super) patch: &'a [Value],
    /// `$setElementOrder`.
    pub(super) order: Option<&'a Value>,
}

impl Walk<'_> {
    /// `deleted` is `$deleteFromPrimitiveList`.
    pub(super) fn list(
        &mut self,
        type_id: Option<TypeId>,
        strategy: Option<&Patch>,
        lists: &Lists<'_>,
        deleted: Option<&Value>,
    ) -> Result<Vec<Value>, PatchError> {
        let key = strategy.and_then(|strategy| strategy.merge_key.as_deref());
        let mut out = match key {
            Some(key) => self.keyed(type_id, key, lists)?,
            None => scalars(lists),
        };
        if let Some(deleted) = deleted {
            let deleted = deleted.as_array().ok_or_else(|| self.bad_form(super::DELETE_ITEMS))?;
            let deleted: BTreeSet<_> = deleted.iter().map(|item| identity(item, None)).collect();
            out.retain(|held| !deleted.contains(&identity(held, None)));
        }
        if let Some(order) = lists.order {
            let order = order.as_array().ok_or_else(|| self.bad_form(super::ORDER))?;
            out = ordered(out, order, lists.held, key);
        }
        Ok(out)
    }

    fn keyed(&mut self, type_id: Option<TypeId>, key: &str, lists: &Lists<'_>) -> Result<Vec<Value>, PatchError> {
        let element = type_id.and_then(|id| self.schema.get(id).list.as_ref()).map(|list| list.element);
        let (special, items): (Vec<&Value>, Vec<&Value>) =
            lists.patch.iter().partition(|item| directive(item).is_some_and(|word| word != "merge"));
        if special.iter().any(|item| directive(item) == Some("replace")) {
            return Ok(items.into_iter().cloned().collect());
        }
        let mut deleted = BTreeSet::new();
        for item in special {
            self.key_of(item, key)?;
            match directive(item) {
                Some("delete") => deleted.insert(identity(item, Some(key))),
                other => {
                    let directive = other.unwrap_or_default().to_owned();
                    return Err(PatchError::Directive { path: self.shown(), directive });
                }
            };
        }
        let kept = |item: &&Value| item.get(key).is_none() || !deleted.contains(&identity(item, Some(key)));
        let mut out: Vec<Value> = lists.held.iter().filter(kept).cloned().collect();
        let mut places = places(&out, Some(key));
        for item in items.iter().copied() {
            self.key_of(item, key)?;
            let fields = item.as_object().cloned().unwrap_or_default();
            match places.get(&identity(item, Some(key))).copied() {
                Some(index) => {
                    let held = out.get(index).and_then(Value::as_object).cloned().unwrap_or_default();
                    self.path.push(format!("[{index}]"));
                    let merged = self.map(element, &held, &fields)?;
                    self.path.pop();
                    if let Some(slot) = out.get_mut(index) {
                        *slot = Value::Object(merged);
                    }
                }
                None => {
                    places.insert(identity(item, Some(key)), out.len());
                    out.push(item.clone());
                }
            }
        }
        let order: Vec<Value> = items.into_iter().cloned().collect();
        Ok(ordered(out, &order, lists.held, Some(key)))
    }

    fn key_of<'v>(&self, item: &'v Value, key: &str) -> Result<&'v Value, PatchError> {
        item.get(key).ok_or_else(|| PatchError::Key { path: self.shown(), key: key.to_owned() })
    }
}

fn scalars(lists: &Lists<'_>) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let mut unique = |list: &[Value]| -> Vec<Value> {
        list.iter().filter(|item| seen.insert(identity(item, None))).cloned().collect()
    };
    let mut out = unique(lists.held);
    out.extend(unique(lists.patch));
    ordered(out, lists.patch, lists.held, None)
}

fn directive(item: &Value) -> Option<&str> {
    item.get(PATCH).and_then(Value::as_str)
}

/// What a patch adds where nothing was: without nulls, and without maps that are directives.
pub(super) fn fresh(value: Option<&Value>) -> Option<Value> {
    let mut value = without_directives(value)?;
    drop_nulls(&mut value);
    Some(value)
}

/// A value without the maps in it that are directives.
pub(super) fn without_directives(value: Option<&Value>) -> Option<Value> {
    match value? {
        Value::Object(map) if map.contains_key(PATCH) => None,
        Value::Object(map) => Some(
            map.iter()
                .filter_map(|(name, value)| Some((name.clone(), without_directives(Some(value))?)))
                .collect::<Map<_, _>>()
                .into(),
        ),
        Value::Array(items) => Some(items.iter().filter_map(|item| without_directives(Some(item))).collect()),
        other => Some(other.clone()),
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// What tells an item apart: the value of its key, or the item itself.
pub(super) fn identity(item: &Value, key: Option<&str>) -> String {
    match key {
        Some(key) => item.get(key).map(Value::to_string).unwrap_or_default(),
        None => item.to_string(),
    }
}

/// The first place of every item.
fn places(list: &[Value], key: Option<&str>) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for (place, item) in list.iter().enumerate() {
        out.entry(identity(item, key)).or_insert(place);
    }
    out
}

/// Items that `order` names in its order, the others in the order of the live list; the two are interleaved by the live
/// list, item by item from the front.
fn ordered(items: Vec<Value>, order: &[Value], held: &[Value], key: Option<&str>) -> Vec<Value> {
    let (order, held) = (places(order, key), places(held, key));
    let (mut named, mut others) = (Vec::new(), Vec::new());
    for item in items {
        let identity = identity(&item, key);
        let live = held.get(&identity).copied();
        match order.get(&identity) {
            Some(place) => named.push((*place, live, item)),
            None => others.push((live.unwrap_or(usize::MAX), live, item)),
        }
    }
    named.sort_by_key(|(place, ..)| *place);
    others.sort_by_key(|(place, ..)| *place);
    let mut out = Vec::with_capacity(named.len() + others.len());
    let mut others = others.into_iter().peekable();
    for (_, live, item) in named {
        while others.peek().is_some_and(|(_, other, _)| other.zip(live).is_some_and(|(other, live)| other < live)) {
            out.extend(others.next().map(|(.., item)| item));
        }
        out.push(item);
    }
    out.extend(others.map(|(.., item)| item));
    out
}
