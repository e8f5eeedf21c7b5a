//! The same field in another copy of the object.

use gitops_core::Value;

use super::lists::Finder;
use crate::path::Step;

/// The value at the end of the steps, items found by their keys and values.
pub(super) fn value<'v>(value: &'v Value, steps: &[Step<'_>]) -> Option<&'v Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value) };
    let below = match (step, value) {
        (Step::Field(name), Value::Object(map)) => map.get(*name),
        (Step::Index(index), Value::Array(items)) => items.get(*index),
        (Step::Member { value, .. }, Value::Array(items)) => items.iter().find(|item| item == value),
        (Step::Item { keys, item, shape, .. }, Value::Array(items)) => {
            Finder::new(items, keys, *shape).find(item).and_then(|index| items.get(index))
        }
        _ => None,
    };
    self::value(below?, rest)
}
