//! Lists: by keys, by value, or as one value.

use std::collections::HashMap;

use gitops_core::Value;

use super::DiffError;
use super::walk::{Extra, Walk};
use crate::normalize::number;
use crate::path::Step;
use crate::shape::{Relation, Shape};

/// A list as a value, for its identity, and as its items.
pub(super) type List<'a> = (&'a Value, &'a [Value]);

impl<'a> Walk<'a> {
    pub(super) fn lists(
        &mut self,
        want: (&'a Value, &'a [Value]),
        have: (&'a Value, &'a [Value]),
        shape: Shape<'a>,
        extra: Extra,
    ) -> Result<(), DiffError> {
        let maps = |items: &[Value]| items.iter().all(Value::is_object);
        match shape.relation() {
            Relation::Keys(keys) if maps(want.1) && maps(have.1) => {
                self.keyed(want.1, have.1, (keys, shape.item()), extra)
            }
            Relation::Set => {
                self.members(want.1, have.1, extra);
                Ok(())
            }
            _ => self.whole_list(want, have, shape.item(), extra),
        }
    }

    fn keyed(
        &mut self,
        want: &'a [Value],
        have: &'a [Value],
        (keys, shape): (&'a [String], Shape<'a>),
        extra: Extra,
    ) -> Result<(), DiffError> {
        let mut finder = Finder::new(have, keys, shape);
        for item in want {
            let index = finder.find(item);
            let step = Step::Item { index, keys, item, shape };
            self.below(step, |walk| match index.and_then(|index| have.get(index)) {
                Some(live) => walk.values(item, live, shape, extra),
                None => {
                    if !walk.ignored.has(item) {
                        walk.report(None, Some(item));
                    }
                    Ok(())
                }
            })?;
        }
        if extra != Extra::Allowed {
            let mut finder = Finder::new(want, keys, shape);
            for (index, item) in have.iter().enumerate() {
                if finder.find(item).is_none() {
                    let step = Step::Item { index: Some(index), keys, item, shape };
                    self.below(step, |walk| walk.extra(item, shape, extra));
                }
            }
        }
        Ok(())
    }

    fn members(&mut self, want: &'a [Value], have: &'a [Value], extra: Extra) {
        let mut live = Finder::members(have);
        for value in want {
            if live.find(value).is_none() && !self.ignored.has(value) {
                self.below(Step::Member { index: None, value }, |walk| walk.report(None, Some(value)));
            }
        }
        if extra != Extra::Allowed {
            let mut wanted = Finder::members(want);
            for (index, value) in have.iter().enumerate() {
                if wanted.find(value).is_none() && !self.ignored.has(value) {
                    let step = Step::Member { index: Some(index), value };
                    self.below(step, |walk| walk.report(Some(value), None));
                }
            }
        }
    }

    /// A list that is written as a whole: compared item by item where both have as many, so that the difference is
    /// shown where it is.
    fn whole_list(&mut self, want: List<'a>, have: List<'a>, shape: Shape<'a>, extra: Extra) -> Result<(), DiffError> {
        let extra = if extra == Extra::Allowed { Extra::UnlessDefault } else { extra };
        let ignored = self.ignored;
        let left = || want.1.iter().filter(|item| !ignored.has(item));
        let right = || have.1.iter().enumerate().filter(|(_, item)| !ignored.has(item));
        if left().count() != right().count() {
            self.report(Some(have.0), Some(want.0));
            return Ok(());
        }
        left().zip(right()).try_for_each(|(want, (index, have))| {
            self.below(Step::Index(index), |walk| walk.values(want, have, shape, extra))
        })
    }
}

/// Finds items by their keys, or by their value. Lists are usually in the same order, so it looks next to the last hit first; where that
/// often fails it builds an index, so that a long list in another order stays linear.
pub(super) struct Finder<'a> {
    items: &'a [Value],
    keys: Option<&'a [String]>,
    shape: Shape<'a>,
    next: usize,
    misses: usize,
    index: Option<HashMap<String, usize>>,
}

/// Comparisons that may miss before an index is worth its cost.
const MISSES: usize = 256;

impl<'a> Finder<'a> {
    pub(super) fn new(items: &'a [Value], keys: &'a [String], shape: Shape<'a>) -> Self {
        Self { items, keys: Some(keys), shape, next: 0, misses: 0, index: None }
    }

    /// Finds the items of a set.
    pub(super) fn members(items: &'a [Value]) -> Self {
        Self { items, keys: None, shape: Shape::unknown(), next: 0, misses: 0, index: None }
    }

    /// The place of the item with the same keys, or the same value.
    pub(super) fn find(&mut self, wanted: &Value) -> Option<usize> {
        if self.index.is_none() && self.misses > MISSES {
            let texts = self.items.iter().enumerate().rev().map(|(place, item)| (self.text(item), place));
            self.index = Some(texts.collect());
        }
        if let Some(index) = &self.index {
            return index.get(&self.text(wanted)).copied();
        }
        let (before, after) = self.items.split_at(self.next.min(self.items.len()));
        let order = after.iter().enumerate().map(|(place, item)| (place + before.len(), item));
        for (place, item) in order.chain(before.iter().enumerate()) {
            if self.same(item, wanted) {
                self.next = place + 1;
                return Some(place);
            }
            self.misses += 1;
        }
        None
    }

    fn key<'v>(&'v self, item: &'v Value, key: &str) -> Option<&'v Value> {
        item.get(key).or_else(|| self.shape.key_default(key))
    }

    fn same(&self, left: &Value, right: &Value) -> bool {
        let Some(keys) = self.keys else { return number::equal_deep(left, right) };
        keys.iter().all(|key| match (self.key(left, key), self.key(right, key)) {
            (Some(left), Some(right)) => number::equal_deep(left, right),
            (None, None) => true,
            _ => false,
        })
    }

    fn text(&self, item: &Value) -> String {
        match self.keys {
            Some(keys) => keys.iter().map(|key| scalar(self.key(item, key))).collect(),
            None => scalar(Some(item)),
        }
    }
}

/// One text for 80 and 80.0, which are the same key.
fn scalar(value: Option<&Value>) -> String {
    match value {
        Some(Value::Number(number)) => format!("{:?}\n", number.as_f64()),
        other => format!("{other:?}\n"),
    }
}
