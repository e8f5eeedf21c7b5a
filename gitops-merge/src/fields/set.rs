//! A set of fields and its algebra.

use std::collections::{BTreeMap, BTreeSet};

use super::{Path, PathElement};
use crate::schema::{Schema, TypeId};

/// A set of fields. A field may be a member, have members below it, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Set {
    pub(super) members: BTreeSet<PathElement>,
    pub(super) children: BTreeMap<PathElement, Set>,
}

impl Set {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one field; its parents are not added. The empty path, the whole object, is never owned and is ignored.
    pub fn insert(&mut self, path: &[PathElement]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Whether a field is a member.
    #[must_use]
    pub fn has(&self, path: &[PathElement]) -> bool {
        match path {
            [] => false,
            [last] => self.members.contains(last),
            [first, rest @ ..] => self.children.get(first).is_some_and(|child| child.has(rest)),
        }
    }

    /// Whether the set has a member directly below its root.
    #[must_use]
    pub fn has_member(&self, element: &PathElement) -> bool {
        self.members.contains(element)
    }

    /// The members below one child.
    #[must_use]
    pub fn child(&self, element: &PathElement) -> Option<&Set> {
        self.children.get(element)
    }

    /// The members directly below the root, in order.
    pub fn members(&self) -> impl Iterator<Item = &PathElement> {
        self.members.iter()
    }

    /// The children with members below them, in order.
    pub fn children(&self) -> impl Iterator<Item = (&PathElement, &Set)> {
        self.children.iter()
    }

    /// Whether no field is a member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Set::is_empty)
    }

    /// Number of fields that are members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len() + self.children.values().map(Set::len).sum::<usize>()
    }

    /// The members of either set.
    #[must_use]
    pub fn union(&self, other: &Set) -> Set {
        let mut out = self.clone();
        out.extend(other);
        out
    }

    /// Adds the members of another set.
    pub fn extend(&mut self, other: &Set) {
        self.members.extend(other.members.iter().cloned());
        for (element, child) in &other.children {
            self.children.entry(element.clone()).or_default().extend(child);
        }
    }

    /// The members of both sets.
    #[must_use]
    pub fn intersection(&self, other: &Set) -> Set {
        let members = self.members.intersection(&other.members).cloned().collect();
        let children = self.zip(other, |child, other| Some(child.intersection(other?)));
        Set { members, children }
    }

    /// The members that are not in `other`. Children of a removed field stay.
    #[must_use]
    pub fn difference(&self, other: &Set) -> Set {
        let members = self.members.difference(&other.members).cloned().collect();
        let children =
            self.zip(other, |child, other| Some(other.map_or_else(|| child.clone(), |other| child.difference(other))));
        Set { members, children }
    }

    /// The members that are neither in `other` nor below a member of `other`.
    #[must_use]
    pub fn recursive_difference(&self, other: &Set) -> Set {
        let members = self.members.difference(&other.members).cloned().collect();
        let kept = self.zip(other, |child, found| {
            Some(found.map_or_else(|| child.clone(), |found| child.recursive_difference(found)))
        });
        let children = kept.into_iter().filter(|(element, _)| !other.members.contains(element)).collect();
        Set { members, children }
    }

    fn zip(
        &self,
        other: &Set,
        mut combine: impl FnMut(&Set, Option<&Set>) -> Option<Set>,
    ) -> BTreeMap<PathElement, Set> {
        let mut out = BTreeMap::new();
        for (element, child) in &self.children {
            if let Some(set) = combine(child, other.children.get(element))
                && !set.is_empty()
            {
                out.insert(element.clone(), set);
            }
        }
        out
    }

    /// Makes every named field on the way to a member a member too; entries of maps and lists are not named fields.
    #[must_use]
    pub fn with_named_fields(&self, schema: &Schema, type_id: Option<TypeId>) -> Set {
        let known = type_id.map(|id| schema.get(id));
        let map = known.and_then(|known| known.map.as_ref());
        let list = known.and_then(|known| known.list.as_ref());
        let mut out = Set { members: self.members.clone(), children: BTreeMap::new() };
        for (element, child) in &self.children {
            let child_type = match (element, map, list) {
                (PathElement::Field(name), Some(map), _) => {
                    if map.fields.contains_key(name) {
                        out.members.insert(element.clone());
                    }
                    map.child(name)
                }
                (PathElement::Key(_), _, Some(list)) => Some(list.element),
                _ => None,
            };
            out.children.insert(element.clone(), child.with_named_fields(schema, child_type));
        }
        out
    }

    /// Every member, parents before children, in order.
    #[must_use]
    pub fn paths(&self) -> Vec<Path> {
        let mut out = Vec::new();
        self.collect(&mut Path::default(), &mut out);
        out
    }

    fn collect(&self, prefix: &mut Path, out: &mut Vec<Path>) {
        for member in &self.members {
            prefix.push(member.clone());
            out.push(prefix.clone());
            prefix.pop();
        }
        for (element, child) in &self.children {
            prefix.push(element.clone());
            child.collect(prefix, out);
            prefix.pop();
        }
    }
}

impl FromIterator<Path> for Set {
    fn from_iter<I: IntoIterator<Item = Path>>(paths: I) -> Self {
        let mut out = Set::new();
        for path in paths {
            out.insert(path.elements());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(paths: &[&str]) -> Set {
        paths.iter().map(|path| Path::from(path.split('.').map(PathElement::field).collect::<Vec<_>>())).collect()
    }

    #[test]
    fn difference_keeps_children_and_the_recursive_one_does_not() {
        let all = set(&["a", "a.b", "a.b.c", "d"]);
        assert_eq!(all.difference(&set(&["a.b"])), set(&["a", "a.b.c", "d"]));
        assert_eq!(all.recursive_difference(&set(&["a.b"])), set(&["a", "d"]));
        assert_eq!(all.recursive_difference(&set(&["a"])), set(&["d"]));
    }

    #[test]
    fn union_and_intersection() {
        let left = set(&["a.b", "c"]);
        let right = set(&["a.b", "a.d"]);
        assert_eq!(left.union(&right), set(&["a.b", "a.d", "c"]));
        assert_eq!(left.intersection(&right), set(&["a.b"]));
        assert_eq!(left.len(), 2);
        assert!(left.difference(&left).is_empty());
    }

    fn sets() -> impl proptest::strategy::Strategy<Value = Set> {
        use proptest::prelude::*;
        let path = proptest::collection::vec(
            prop_oneof![
                "[a-c]".prop_map(PathElement::Field),
                (0..3_i64).prop_map(|value| PathElement::Value(value.into())),
                "[a-b]"
                    .prop_map(|name| PathElement::Key(super::super::Keys::new(vec![("name".to_owned(), name.into())]))),
            ],
            1..4,
        );
        proptest::collection::vec(path, 0..12).prop_map(|paths| paths.into_iter().map(Path::from).collect())
    }

    proptest::proptest! {
        #[test]
        fn sets_follow_the_laws_of_sets(a in sets(), b in sets()) {
            let both = a.intersection(&b);
            proptest::prop_assert_eq!(a.difference(&b).union(&both), a.clone());
            proptest::prop_assert_eq!(a.union(&b), b.union(&a));
            proptest::prop_assert_eq!(both.len() + a.union(&b).len(), a.len() + b.len());
            proptest::prop_assert!(a.recursive_difference(&b).difference(&a.difference(&b)).is_empty());
        }

        #[test]
        fn sets_are_read_as_they_are_printed(a in sets()) {
            proptest::prop_assert_eq!(Set::from_fields_v1(&a.to_fields_v1()).unwrap(), a);
        }
    }
}
