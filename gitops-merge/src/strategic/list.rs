//! Lists that are merged.

use serde_json::{Map, Value};

use super::{PATCH, PatchError, Placement, Walk};
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
            None => {
                let deleted =
                    deleted.map(|deleted| deleted.as_array().ok_or_else(|| self.bad_form(super::DELETE_ITEMS)));
                self.scalars(lists, deleted.transpose()?.map_or(&[][..], Vec::as_slice))
            }
        };
        if let Some(order) = lists.order {
            let order = order.as_array().ok_or_else(|| self.bad_form(super::ORDER))?;
            out = ordered(out, order, lists.held, key);
        }
        Ok(out)
    }

    fn scalars(&self, lists: &Lists<'_>, deleted: &[Value]) -> Vec<Value> {
        let new: Vec<Value> =
            lists.patch.iter().filter(|item| !lists.held.iter().any(|held| equal(held, item))).cloned().collect();
        let held = lists.held.iter().filter(|held| !deleted.iter().any(|item| equal(item, held))).cloned();
        let mut out: Vec<Value> = Vec::with_capacity(lists.held.len() + new.len());
        match self.options.placement {
            Placement::Append => out.extend(held.chain(new)),
            Placement::Prepend => out.extend(new.into_iter().chain(held)),
        }
        out
    }

    fn keyed(&mut self, type_id: Option<TypeId>, key: &str, lists: &Lists<'_>) -> Result<Vec<Value>, PatchError> {
        let element = type_id.and_then(|id| self.schema.get(id).list.as_ref()).map(|list| list.element);
        if lists.patch.iter().any(|item| directive(item) == Some("replace")) {
            return Ok(lists.patch.iter().filter(|item| directive(item) != Some("replace")).cloned().collect());
        }
        let mut out = lists.held.to_vec();
        let mut new = Vec::new();
        for item in lists.patch {
            let Value::Object(fields) = item else {
                return Err(PatchError::Key { path: self.shown(), key: key.to_owned() });
            };
            let Some(wanted) = fields.get(key) else {
                return Err(PatchError::Key { path: self.shown(), key: key.to_owned() });
            };
            let found = out.iter().position(|held| held.get(key).is_some_and(|held| equal(held, wanted)));
            match (found, directive(item)) {
                (_, Some("delete")) => out.retain(|held| !held.get(key).is_some_and(|held| equal(held, wanted))),
                (Some(index), _) => {
                    let held = out.get(index).and_then(Value::as_object).cloned().unwrap_or_default();
                    self.path.push(format!("[{index}]"));
                    let merged = self.map(element, &held, fields)?;
                    self.path.pop();
                    if let (Some(merged), Some(slot)) = (merged, out.get_mut(index)) {
                        *slot = Value::Object(merged);
                    }
                }
                (None, _) => {
                    let merged = self.map(element, &Map::new(), fields)?;
                    new.extend(merged.map(Value::Object));
                }
            }
        }
        match self.options.placement {
            Placement::Append => out.extend(new),
            Placement::Prepend => {
                new.extend(out);
                out = new;
            }
        }
        Ok(out)
    }
}

fn directive(item: &Value) -> Option<&str> {
    item.get(PATCH).and_then(Value::as_str)
}

/// Items in the order of the patch; those that it does not name stay behind what was before them.
fn ordered(items: Vec<Value>, order: &[Value], held: &[Value], key: Option<&str>) -> Vec<Value> {
    let same = |a: &Value, b: &Value| match key {
        Some(key) => a.get(key).zip(b.get(key)).is_some_and(|(a, b)| equal(a, b)),
        None => equal(a, b),
    };
    let place = |item: &Value| order.iter().position(|wanted| same(wanted, item));
    let (mut named, others): (Vec<Value>, Vec<Value>) = items.into_iter().partition(|item| place(item).is_some());
    named.sort_by_key(|item| place(item));
    let live_place = |item: &Value| held.iter().position(|held| same(held, item));
    let mut out = Vec::with_capacity(named.len() + others.len());
    let mut others = others.into_iter().peekable();
    for item in named {
        while let Some(other) = others.peek()
            && live_place(other).zip(live_place(&item)).is_some_and(|(other, item)| other < item)
        {
            out.extend(others.next());
        }
        out.push(item);
    }
    out.extend(others);
    out
}
