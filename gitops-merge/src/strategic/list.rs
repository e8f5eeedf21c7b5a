//! Lists that are merged.

use serde_json::{Map, Value};

use super::{PATCH, PatchError, Walk};
use crate::schema::{Patch, TypeId};
use crate::value::equal;

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
            None => self.scalars(lists),
        };
        if let Some(deleted) = deleted {
            let deleted = deleted.as_array().ok_or_else(|| self.bad_form(super::DELETE_ITEMS))?;
            out.retain(|held| !deleted.iter().any(|item| equal(item, held)));
        }
        if let Some(order) = lists.order {
            let order = order.as_array().ok_or_else(|| self.bad_form(super::ORDER))?;
            out = ordered(out, order, lists.held, key);
        }
        Ok(out)
    }

    fn scalars(&self, lists: &Lists<'_>) -> Vec<Value> {
        let mut out: Vec<Value> = Vec::with_capacity(lists.held.len() + lists.patch.len());
        let mut add = |item: &Value| {
            if !out.iter().any(|held| equal(held, item)) {
                out.push(item.clone());
            }
        };
        if self.is_kustomize() {
            lists.patch.iter().filter(|item| !lists.held.contains(item)).for_each(&mut add);
            lists.held.iter().for_each(add);
            return out;
        }
        lists.held.iter().chain(lists.patch).for_each(add);
        ordered(out, lists.patch, lists.held, None)
    }

    fn keyed(&mut self, type_id: Option<TypeId>, key: &str, lists: &Lists<'_>) -> Result<Vec<Value>, PatchError> {
        let element = type_id.and_then(|id| self.schema.get(id).list.as_ref()).map(|list| list.element);
        let (special, items): (Vec<&Value>, Vec<&Value>) =
            lists.patch.iter().partition(|item| directive(item).is_some_and(|word| word != "merge"));
        if special.iter().any(|item| directive(item) == Some("replace")) {
            return Ok(items.into_iter().cloned().collect());
        }
        let mut out = lists.held.to_vec();
        for item in special {
            let wanted = self.key_of(item, key)?;
            match directive(item) {
                Some("delete") => out.retain(|held| !held.get(key).is_some_and(|held| equal(held, wanted))),
                other => {
                    let directive = other.unwrap_or_default().to_owned();
                    return Err(PatchError::Directive { path: self.shown(), directive });
                }
            }
        }
        let mut new = Vec::new();
        for item in items.iter().copied() {
            let wanted = self.key_of(item, key)?;
            let fields = item.as_object().cloned().unwrap_or_default();
            match out.iter().position(|held| held.get(key).is_some_and(|held| equal(held, wanted))) {
                Some(index) => {
                    let held = out.get(index).and_then(Value::as_object).cloned().unwrap_or_default();
                    self.path.push(format!("[{index}]"));
                    let merged = self.map(element, &held, &fields)?;
                    self.path.pop();
                    if let (Some(merged), Some(slot)) = (merged, out.get_mut(index)) {
                        *slot = Value::Object(merged);
                    }
                }
                None if self.is_kustomize() => {
                    new.extend(self.map(element, &Map::new(), &fields)?.map(Value::Object));
                }
                None => out.push(item.clone()),
            }
        }
        if self.is_kustomize() {
            new.extend(out);
            return Ok(new);
        }
        let order: Vec<Value> = items.into_iter().cloned().collect();
        Ok(ordered(out, &order, lists.held, Some(key)))
    }

    fn key_of<'v>(&self, item: &'v Value, key: &str) -> Result<&'v Value, PatchError> {
        item.get(key).ok_or_else(|| PatchError::Key { path: self.shown(), key: key.to_owned() })
    }
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

/// Items that `order` names in its order, the others in the order of the live list; the two are interleaved by the live
/// list, item by item from the front.
fn ordered(items: Vec<Value>, order: &[Value], held: &[Value], key: Option<&str>) -> Vec<Value> {
    let same = |a: &Value, b: &Value| match key {
        Some(key) => a.get(key).zip(b.get(key)).is_some_and(|(a, b)| equal(a, b)),
        None => equal(a, b),
    };
    let place = |list: &[Value], item: &Value| list.iter().position(|known| same(known, item));
    let (mut named, mut others): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|item| place(order, item).is_some());
    named.sort_by_key(|item| place(order, item));
    others.sort_by_key(|item| place(held, item).unwrap_or(usize::MAX));
    let mut out = Vec::with_capacity(named.len() + others.len());
    let mut others = others.into_iter().peekable();
    for item in named {
        while let Some(other) = others.peek()
            && place(held, other).zip(place(held, &item)).is_some_and(|(other, item)| other < item)
        {
            out.extend(others.next());
        }
        out.push(item);
    }
    out.extend(others);
    out
}
